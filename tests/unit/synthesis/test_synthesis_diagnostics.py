"""The numbers behind diagnostic plots: what they must keep, edges, refusals."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evisynth as es
from evisynth.errors import NotEstimableError, OptionError


@pytest.fixture
def bcg() -> Any:
    return es.pool(es.effects(es.datasets.load("bcg"), "RR"))


def test_baujat_of_equal_effects_adds_up_to_q(bcg: Any) -> None:
    fit = es.pool(bcg.effects, model="equal")
    assert math.isclose(es.baujat(fit).heterogeneity.sum(), fit.q, rel_tol=1e-9)
    assert es.baujat(fit.effects).labels == fit.effects.labels


def test_baujat_of_a_regression_names_what_cannot_be_left_out() -> None:
    table = pd.DataFrame(
        {"yi": [0.1, 0.3, 0.8, 0.5], "vi": [0.02, 0.03, 0.05, 0.01], "x": [0, 0, 0, 1]}
    )
    found = es.baujat(es.meta_regression(table, "x"))
    assert np.isnan(found.influence).tolist() == [False, False, False, True]
    assert "Study 4" in found.notes[0]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-2, 2), st.floats(0.01, 2)), min_size=2, max_size=10),
    st.floats(1e-3, 1e3),
)
def test_points_scale_and_turn_with_the_data(rows: list[tuple[float, float]], scale: float) -> None:
    table = pd.DataFrame(rows, columns=["yi", "vi"])
    fit = es.pool(table, tau2="DL", ci="z")
    moved = es.pool(
        pd.DataFrame({"yi": -scale * table.yi, "vi": scale**2 * table.vi}), tau2="DL", ci="z"
    )
    one, two = es.baujat(fit), es.baujat(moved)
    assert np.allclose(one.heterogeneity, two.heterogeneity, rtol=1e-6, atol=1e-9)
    assert np.allclose(one.influence, two.influence, rtol=1e-5, atol=1e-9)
    ray, turned = es.radial(fit), es.radial(moved)
    assert np.allclose(ray.x, scale * turned.x, rtol=1e-6)
    assert np.allclose(ray.z, -turned.z, rtol=1e-6, atol=1e-9)


def test_the_rays_of_a_radial_plot_end_on_its_arc(bcg: Any) -> None:
    found = es.radial(bcg)
    assert np.allclose(np.hypot(found.arc_x, found.aspect * found.arc_z), found.radius)
    assert np.allclose(found.arc_z / found.arc_x, found.ticks)
    slopes = found.limits_z / found.limits_x
    assert np.allclose(slopes, [bcg.ci_lower, bcg.estimate, bcg.ci_upper])
    # least squares through the origin is the pooled effect
    assert math.isclose(found.x @ found.z / (found.x @ found.x), bcg.estimate, rel_tol=1e-9)
    assert (np.hypot(found.x, found.aspect * found.z) < found.radius).all()


@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
def test_points_of_labbe_are_as_far_from_no_effect_as_the_estimates(measure: str) -> None:
    made = es.effects(es.datasets.load("bcg"), measure)
    found = es.labbe(es.pool(made))
    assert np.allclose(found.y - found.x, made.estimates, rtol=1e-9)
    inside = np.isfinite(found.line_y) & (found.line_x > 0) & (found.line_x < 1)
    table = found.line_frame()[inside]
    assert (table.lower <= table.y + 1e-12).all()
    assert (table.y <= table.upper + 1e-12).all()


def test_labbe_takes_mantel_haenszel_and_person_time_and_refuses_one_group() -> None:
    data = es.datasets.load("bcg")
    found = es.labbe(es.mantel_haenszel(data, "OR"))
    assert found.scale == "log odds"
    rates = {"study": ["A", "B"], "x1i": [3, 9], "t1i": [40, 80], "x2i": [5, 0], "t2i": [50, 70]}
    line = es.labbe(es.mantel_haenszel(rates, "IRD"))
    assert np.allclose(line.raw_x, [0.1, 0.0])
    with pytest.raises(OptionError, match="compare two arms"):
        es.labbe(pd.DataFrame({"yi": [0.1, 0.2], "vi": [0.1, 0.2]}))


def test_the_envelope_covers_residuals_of_the_model() -> None:
    generator = np.random.default_rng(9)
    outside = []
    for _ in range(40):
        v = generator.uniform(0.05, 0.3, 20)
        table = pd.DataFrame({"yi": generator.standard_normal(20) * np.sqrt(v), "vi": v})
        found = es.qq_normal(es.pool(table, model="equal"), draws=400)
        out = (found.residuals < found.lower) | (found.residuals > found.upper)
        outside.append(out.mean())
    assert 0.01 < np.mean(outside) < 0.12
    assert (np.diff(found.residuals) >= 0).all()
    again = es.qq_normal(es.pool(table, model="equal"), draws=400)
    assert np.array_equal(found.lower, again.lower)


def test_residual_kinds_and_refusals(bcg: Any) -> None:
    deleted = es.qq_normal(bcg, kind="rstudent", draws=0)
    assert np.allclose(np.sort(es.influence(es.pool(bcg.effects, ci="z")).rstudent),
                       deleted.residuals)  # fmt: skip
    regression = es.meta_regression(bcg, "ablat")
    assert np.isfinite(es.qq_normal(regression, draws=50).lower).all()
    with pytest.raises(OptionError, match="rstandard"):
        es.qq_normal(regression, kind="rstudent")
    with pytest.raises(NotEstimableError, match="two"):
        es.qq_normal(pd.DataFrame({"yi": [0.1], "vi": [0.1]}))


def test_drapery_curves_cross_the_levels_at_the_limits(bcg: Any) -> None:
    found = es.drapery(bcg, points=40_001)
    at = np.interp([bcg.ci_lower, bcg.estimate, bcg.ci_upper], found.effects, found.pooled)
    assert np.allclose(at, [0.05, 1.0, 0.05], atol=2e-3)
    edge = np.interp([bcg.prediction_lower, bcg.prediction_upper], found.effects, found.prediction)
    assert np.allclose(edge, 0.05, atol=2e-3)
    assert found.to_frame().shape == (40_001, 3 + bcg.k)
    with pytest.raises(OptionError, match="lower one first"):
        es.drapery(bcg, limits=(1, 0))


def test_funnel_contours_hold_their_p_values(bcg: Any) -> None:
    found = es.funnel_contours(bcg, largest=0.5, points=6)
    from scipy import special

    for place, level in enumerate(found.levels):
        z = found.contours[1, place, 1:] / found.se[1:]
        assert np.allclose(2 * special.ndtr(-z), level)
    wide = es.funnel_contours(bcg, heterogeneity=True)
    assert wide.upper[0] > bcg.estimate
    assert found.upper[0] == bcg.estimate


def test_the_profile_finds_the_estimate_and_its_interval(bcg: Any) -> None:
    for method in ("REML", "ML"):
        fit = es.pool(bcg.effects, tau2=method)
        found = es.profile(fit, points=11)
        assert math.isclose(found.best, fit.tau2, rel_tol=1e-5)
        assert found.restricted == (method == "REML")
        for limit in (found.lower, found.upper):
            at = es.profile(fit, limits=(limit, limit + 1), points=2).log_likelihood[0]
            assert abs(at - found.cut) < 1e-8
    regression = es.profile(es.meta_regression(bcg, "ablat"), points=5)
    assert regression.terms == ("intercept", "ablat")
    assert regression.coefficients.shape == (5, 2)


def test_the_profile_needs_a_tau2(bcg: Any) -> None:
    with pytest.raises(NotEstimableError, match="no tau²"):
        es.profile(es.pool(bcg.effects, model="equal"))
    with pytest.raises(NotEstimableError, match="at least 2"):
        es.profile(pd.DataFrame({"yi": [0.1], "vi": [0.1]}))
    flat = es.profile(pd.DataFrame({"yi": [0.1, 0.1], "vi": [0.1, 0.1]}))
    assert flat.best == 0
    assert flat.lower == 0


def test_albatross_contours_are_sizes_of_the_effect(bcg: Any) -> None:
    fit = es.pool(es.effects(es.datasets.load("bcg"), "OR"))
    found = es.albatross(fit, [2.0], risk=0.1)
    # a study of that size with that effect has that P value
    place = 50
    size = found.contours[0, place]
    se = math.sqrt(es.planned_variance("OR", size / 2, size / 2, effect=math.log(2), risk=0.1))
    from scipy import special

    assert math.isclose(2 * special.ndtr(-math.log(2) / se), found.grid[place], rel_tol=1e-6)
    assert found.contour_frame().shape == (101, 2)
    with pytest.raises(NotEstimableError, match="sample sizes"):
        es.albatross(pd.DataFrame({"yi": [0.1, 0.2], "vi": [0.1, 0.2]}))


def test_counts_are_left_out_and_added_one_by_one() -> None:
    data = es.datasets.load("bcg")
    for fit in (
        es.mantel_haenszel(data, "RD", rules="revman"),
        es.mantel_haenszel(data, "OR", model="random", swap_events=True),
        es.peto(data),
    ):
        without, steps = es.leave_one_out(fit), es.cumulative(fit)
        assert len(without.estimates) == fit.k
        assert math.isclose(steps.estimates[-1], fit.estimate, rel_tol=1e-12)
        assert steps.order == "year"
        assert "Leave-one-out" in str(without)
        assert len(es.baujat(fit).influence) == fit.k
    one = es.glmm(data.iloc[:4], "OR")
    assert math.isclose(es.cumulative(one, "given").estimates[-1], one.estimate, rel_tol=1e-9)


def test_a_study_without_events_counts_in_mantel_haenszel_without_the_others() -> None:
    table = pd.DataFrame(
        {"study": list("ABC"), "ai": [2, 0, 5], "n1i": [20, 20, 40], "ci": [4, 0, 9],
         "n2i": [20, 20, 40]}
    )  # fmt: skip
    fit = es.mantel_haenszel(table, "RD")
    found = es.leave_one_out(fit)
    assert found.left_out == ("A", "B", "C")
    direct = es.mantel_haenszel(table[table.study != "B"], "RD")
    assert math.isclose(found.estimates[1], direct.estimate, rel_tol=1e-12)


@pytest.mark.parametrize(
    "name",
    [
        "baujat",
        "radial",
        "labbe",
        "qq_normal",
        "drapery",
        "funnel_contours",
        "profile",
        "albatross",
    ],
)
def test_results_print_and_go_through_json(bcg: Any, name: str) -> None:
    found = getattr(es, name)(bcg)
    assert len(found.to_frame())
    assert "doi" in found.method_sentence() or "ISBN" in found.method_sentence()
    assert "<table>" in found._repr_html_()
    again = es.from_json(found.to_json())
    assert str(again) == str(found)


def test_options_of_a_single_fit_are_refused(bcg: Any) -> None:
    fit = es.pool(bcg.effects, ci="KR")
    for name in ("leave_one_out", "cumulative", "baujat", "trim_and_fill", "multiverse"):
        with pytest.raises(OptionError, match="carry over"):
            getattr(es, name)(fit)
