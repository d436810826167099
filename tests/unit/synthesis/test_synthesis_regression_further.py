"""Meta-regressions with options that only a single fit has, and what refuses them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evisynth as es
from evisynth.errors import DataError, OptionError
from evisynth.stats import (
    absolute_heterogeneity,
    kenward_roger,
    kenward_roger_regression,
    weighted_median,
)


@pytest.fixture(scope="module")
def bcg() -> Any:
    return es.effects(es.datasets.load("bcg"), "RR")


# --- Kenward and Roger


@settings(max_examples=20, deadline=None)
@given(k=st.integers(4, 12), tau2=st.floats(0, 2), seed=st.integers(0, 99))
def test_of_equal_variances_it_is_the_plain_t_and_f_test(k: int, tau2: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(k), rng.normal(size=k), rng.normal(size=k)])
    found = kenward_roger_regression(np.full(k, 0.2), x, tau2)
    np.testing.assert_allclose(found.df, k - 3, rtol=1e-7)
    plain = (0.2 + tau2) * np.linalg.inv(x.T @ x)
    np.testing.assert_allclose(found.covariance, plain, rtol=1e-7, atol=1e-12)
    rows, values = np.eye(3)[1:], np.array([0.3, -0.5])
    test = found.joint_test(values, rows)
    form = values @ np.linalg.solve(plain[1:, 1:], values) / 2
    assert test.df2 == pytest.approx(k - 3, rel=1e-6)
    assert test.statistic == pytest.approx(form, rel=1e-6)


def test_of_an_intercept_alone_it_is_that_of_pool(bcg: Any) -> None:
    fit = es.pool(bcg, ci="KR")
    found = kenward_roger_regression(bcg.variances, np.ones((13, 1)), fit.tau2)
    plain = kenward_roger(bcg.variances, fit.tau2)
    assert found.se[0] == pytest.approx(plain.se, rel=1e-12)
    assert found.df[0] == pytest.approx(plain.df, rel=1e-12)
    same = es.meta_regression(bcg, np.ones((13, 1)), ci="KR")
    assert same.ci_lower[0] == pytest.approx(fit.ci_lower, rel=1e-10)
    assert np.isnan(same.moderators.statistic)


def test_units_of_the_columns_do_not_matter() -> None:
    rng = np.random.default_rng(4)
    v, x = rng.uniform(0.01, 0.5, 9), np.column_stack([np.ones(9), rng.normal(size=9)])
    one = kenward_roger_regression(v, x, 0.1)
    scale = np.array([1.0, 1e7])
    other = kenward_roger_regression(v * 1e-10, x * scale, 1e-11)
    np.testing.assert_allclose(other.df, one.df, rtol=1e-8)
    np.testing.assert_allclose(other.se * scale, one.se * 1e-5, rtol=1e-8)
    with pytest.raises(DataError, match="more estimates than coefficients"):
        kenward_roger_regression(v[:2], x[:2], 0.1)


def test_what_follows_from_a_kenward_roger_fit(bcg: Any) -> None:
    fit = es.meta_regression(bcg, "alloc + ablat", ci="KR")
    assert np.isnan(fit.df)
    assert fit.to_frame()["df"].tolist() == fit.dfs.tolist()
    assert "Kenward and Roger" in fit.method_sentence()
    assert "df" in str(fit).splitlines()[2]
    pairs = es.contrasts(fit, pairs="alloc")
    assert pairs.p_values[0] == pytest.approx(fit.p_values[1])
    assert pairs.df[0] == pytest.approx(fit.dfs[1])
    assert pairs.joint.distribution == "F"
    assert 4 < pairs.joint.df2 < 9
    at = es.predict(fit, {"alloc": ["alternate"], "ablat": [0]})
    assert (at.ci_lower[0], at.ci_upper[0]) == pytest.approx((fit.ci_lower[0], fit.ci_upper[0]))
    shrunken = es.study_effects(fit)
    assert np.isfinite(shrunken.lower).all()
    assert np.isnan(shrunken.df)
    again = es.from_json(es.to_json(fit))
    assert again.inference.df.tolist() == fit.dfs.tolist()


def test_what_does_not_go_with_kenward_roger(bcg: Any) -> None:
    with pytest.raises(OptionError, match="derived for REML"):
        es.meta_regression(bcg, "ablat", ci="KR", tau2="DL")
    with pytest.raises(OptionError, match="derived for REML"):
        es.meta_regression(bcg, "ablat", ci="KR", tau2=0.1)
    with pytest.raises(OptionError, match="inverse-variance weights"):
        es.meta_regression(bcg, "ablat", ci="KR", weights="1/se")
    assert es.meta_regression(bcg, "ablat", ci="KR", model="equal").options.ci == "z"


# --- weights and a given tau²


def test_inverse_variance_weights_by_hand_are_the_usual_fit(bcg: Any) -> None:
    usual = es.meta_regression(bcg, "ablat", tau2=0.1, ci="z")
    same = es.meta_regression(bcg, "ablat", tau2=0.1, ci="z", weights=1 / (bcg.variances + 0.1))
    for field in ("coefficients", "se", "covariance"):
        np.testing.assert_allclose(getattr(same, field), getattr(usual, field), rtol=1e-10)
    assert same.qe == pytest.approx(usual.qe)
    assert same.i2 == pytest.approx(usual.i2)


def test_weights_belong_to_the_rows_that_are_fitted() -> None:
    table = pd.DataFrame(
        {
            "study": list("ABCDEF"), "yi": [0.1, 0.4, 0.2, np.nan, 0.8, 0.3],
            "vi": [0.02, 0.03, 0.05, 0.04, 0.02, 0.03], "x": [1, 2, np.nan, 4, 5, 6],
            "w": [1.0, 2, 3, 4, 5, 6],
        }
    )  # fmt: skip
    fit = es.meta_regression(table, "x", tau2="DL", ci="z", weights="w")
    used = table.loc[[0, 1, 4, 5]]
    other = es.meta_regression(used, "x", tau2="DL", ci="z", weights="w")
    np.testing.assert_allclose(fit.coefficients, other.coefficients)
    assert fit.own_weights is not None
    assert fit.own_weights.tolist() == [1, 2, 5, 6]


def test_options_of_a_fit_go_on(bcg: Any) -> None:
    pooled = es.pool(bcg, weights="1/se", ci="t", tau2="DL")
    fit = es.meta_regression(pooled, "ablat")
    same = es.meta_regression(bcg, "ablat", weights="1/se", ci="t", tau2="DL")
    np.testing.assert_allclose(fit.coefficients, same.coefficients, rtol=1e-12)
    np.testing.assert_allclose(fit.se, same.se, rtol=1e-12)
    assert str(es.meta_regression(es.pool(bcg, ci="KR"), "ablat").options.ci) == "KR"
    with pytest.raises(OptionError, match="which residual"):
        es.meta_regression(es.pool(bcg, tau2=0.2), "ablat")
    with pytest.raises(OptionError, match="needs weights"):
        es.meta_regression(es.pool(bcg, tau2="GENQ", tau2_weights="1/se"), "ablat")


def test_intervals_of_the_residual_tau2_by_name(bcg: Any) -> None:
    for kind in ("PL", "J", "BT", "Wald"):
        fit = es.meta_regression(bcg, "ablat", tau2_ci=kind)
        row = es.heterogeneity(es.meta_regression(bcg, "ablat"), kind).get("tau²", kind)
        assert (fit.tau2_lower, fit.tau2_upper) == pytest.approx((row.lower, row.upper))
    with pytest.raises(OptionError, match="without moderators"):
        es.meta_regression(bcg, "ablat", tau2_ci="bootstrap nonparametric")
    with pytest.raises(OptionError, match="leave one of both out"):
        es.meta_regression(bcg, "ablat", weights="1/se", weighted=False)
    with pytest.raises(OptionError, match="number of at least 0"):
        es.meta_regression(bcg, "ablat", tau2=-0.1)


@pytest.mark.parametrize("options", [{"weights": "1/se"}, {"tau2": 0.2}, {"ci": "KR"}])
def test_analyses_that_fit_again_refuse_them(bcg: Any, options: dict[str, Any]) -> None:
    fit = es.meta_regression(bcg, "ablat", **options)
    for analysis in (es.permutation_test, es.baujat, es.profile):
        with pytest.raises(OptionError):
            analysis(fit)


def test_own_weights_are_refused_where_others_are_meant(bcg: Any) -> None:
    fit = es.meta_regression(bcg, "ablat", weights="1/se")
    for analysis in (
        es.study_effects, es.qq_normal, lambda fit: es.robust(fit, "ablat"),
        lambda fit: es.compare(fit, fit),
    ):  # fmt: skip
        with pytest.raises(OptionError):
            analysis(fit)


# --- heterogeneity from absolute deviations


def test_lin_chu_and_hodges_by_hand() -> None:
    y, v = [0.0, 1.0, 5.0], [1.0, 1.0, 1.0]
    mean, median = absolute_heterogeneity(y, v)
    assert (mean.center, mean.q) == (2.0, 6.0)
    assert (median.center, median.q) == (1.0, 5.0)
    assert mean.h == pytest.approx(6 * np.sqrt(np.pi / (2 * 3 * 2)))
    assert median.h == pytest.approx(5 / 3 * np.sqrt(np.pi / 2))
    assert mean.i2 == pytest.approx(100 * (36 - 12 / np.pi) / 36)
    assert median.i2 == pytest.approx(100 * (25 - 18 / np.pi) / 25)
    assert absolute_heterogeneity([0.3, 0.3], [0.1, 0.2])[0].i2 == 0
    assert weighted_median([3.0, 1.0, 2.0], [1.0, 1.0, 2.0]) == 2.0
    with pytest.raises(DataError):
        absolute_heterogeneity([0.3], [0.1])


def test_an_outlier_sways_the_median_form_least() -> None:
    rng = np.random.default_rng(1)
    y, v = rng.normal(0, 0.1, 15), np.full(15, 0.01)
    y[0] = 3.0
    fit = es.pool(pd.DataFrame({"yi": y, "vi": v}))
    found = es.heterogeneity(fit)
    shares = [found.get("I²", "test-based").estimate, found.get("I²_r", "").estimate,
              found.get("I²_m", "").estimate]  # fmt: skip
    assert shares == sorted(shares, reverse=True)
    assert "10.1111/biom.12543" in found.method_sentence()
    harmonic = 1 / np.mean(1 / v)
    assert found.get("R_I").estimate == pytest.approx(100 * fit.tau2 / (fit.tau2 + harmonic))
    with pytest.raises(OptionError):
        es.heterogeneity(es.meta_regression(fit, np.column_stack([np.ones(15), y > 1]))).get("I²_r")


# --- print


def test_tables_are_headed_as_readers_know_them(bcg: Any) -> None:
    fit = es.pool(bcg, level=0.9)
    text = str(es.leave_one_out(fit))
    assert text.startswith("Leave-one-out analysis, random-effects model, tau² by REML, k = 13")
    assert "Risk ratio [90% CI]" in text
    assert text.rstrip().splitlines()[-1].split()[0] == "none"
    assert "Risk ratio [90% CI]" in str(es.cumulative(fit))
    words = str(es.influence(fit))
    assert "Cook's D" in words
    assert "No outlier and no influential study" in words
    assert "90% lower" in str(es.study_effects(fit))
    for result in (es.leave_one_out(fit), es.influence(fit), es.study_effects(fit)):
        assert "ci lower" not in str(result)
        assert "<table>" in result._repr_html_()
    assert "ci_lower" in es.leave_one_out(fit).to_frame().columns
    counts = es.mantel_haenszel(es.datasets.load("bcg"), "OR")
    assert "–" in str(es.leave_one_out(counts))
