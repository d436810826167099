"""Every function of the statistical front door on troublesome tables.

The answer is a result, or one of our errors that says what to do: never a warning of NumPy's (they
are errors here), an IndexError, or infinities in a result where there is no number.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evisynth as es
from evisynth.errors import EvisynthError

Table = pd.DataFrame
Call = Callable[[Table], Any]

NOT_STATISTICS = {
    "__version__",
    "Review",
    "certainty",
    "datasets",
    "figures",
    "from_json",
    "to_json",
}
"""Names of the front door that take no data of studies."""

ESTIMATES: dict[str, Call] = {
    "aggregate": lambda t: es.aggregate(t, "cluster", structure="CS", correlation=0.5),
    "asymmetry_test": es.asymmetry_test,
    "baujat": lambda t: es.baujat(es.pool(t)),
    "bootstrap": lambda t: es.bootstrap(t, 60),
    "compare": lambda t: es.compare(
        es.pool(t, tau2="ML"), es.meta_regression(t, "x", tau2="ML", ci="z")
    ),
    "conditional_power": lambda t: es.conditional_power(t, variance=0.1),
    "contrasts": lambda t: es.contrasts(es.meta_regression(t, "group"), pairs="group"),
    "convert": lambda t: es.convert(t, "OR", measure="SMD"),
    "copas": lambda t: es.copas(t, grid=3),
    "covariances": lambda t: es.covariances(t, "cluster", obs="study", rho=0.5),
    "cumulative": es.cumulative,
    "diversity": es.diversity,
    "drapery": es.drapery,
    "e_values": lambda t: es.e_values(es.effects(t, "RR")),
    "excess_test": es.excess_test,
    "fail_safe": es.fail_safe,
    "fit_statistics": lambda t: es.fit_statistics(es.pool(t)),
    "funnel_contours": es.funnel_contours,
    "gosh": lambda t: es.gosh(t, 50),
    "henmi_copas": es.henmi_copas,
    "heterogeneity": lambda t: es.heterogeneity(es.pool(t), ("QP", "PL", "BT", "Wald")),
    "impute_covariances": lambda t: es.impute_covariances(t, "cluster", correlation=0.5),
    "influence": es.influence,
    "leave_one_out": es.leave_one_out,
    "likelihood_ratio_test": lambda t: es.likelihood_ratio_test(
        es.pool(t, tau2="ML"), es.meta_regression(t, "x", tau2="ML", ci="z")
    ),
    "limit_meta_analysis": es.limit_meta_analysis,
    "location_scale": lambda t: es.location_scale(t, "x"),
    "meta_regression": lambda t: es.meta_regression(t, "x + group"),
    "model_matrices": lambda t: es.model_matrices(es.meta_regression(t, "x")),
    "model_search": lambda t: es.model_search(t, "x + group"),
    "multilevel": lambda t: es.multilevel(t, "cluster/study", limits=False),
    "multiverse": lambda t: es.multiverse(t),
    "number_needed_to_treat": lambda t: es.number_needed_to_treat(
        es.pool(es.effects(t, "RR")), baseline_risk=0.2
    ),
    "p_curve": es.p_curve,
    "p_uniform": es.p_uniform,
    "permutation_test": lambda t: es.permutation_test(t, 50),
    "pet_peese": es.pet_peese,
    "pool": es.pool,
    "pool_many": lambda t: es.pool_many(t, groups="cluster"),
    "predict": lambda t: es.predict(es.pool(t)),
    "prediction_intervals": lambda t: es.prediction_intervals(t, ("t k-1", "HTS")),
    "predictive_probability": es.predictive_probability,
    "profile": lambda t: es.profile(t, points=5),
    "profile_limits": lambda t: es.profile_limits(es.location_scale(t, scale="x")),
    "qq_normal": lambda t: es.qq_normal(t, draws=20),
    "radial": es.radial,
    "residuals": lambda t: es.residuals(es.pool(t)),
    "robust": lambda t: es.robust(es.pool(t), "cluster"),
    "robust_regression": lambda t: es.robust_regression(t, "cluster", "x"),
    "selection_model": es.selection_model,
    "sequential": lambda t: es.sequential(t, effect=0.3),
    "small_study_test": lambda t: es.small_study_test(t, "pustejovsky"),
    "specification_test": lambda t: es.specification_test(es.multiverse(t), draws=5),
    "study_effects": lambda t: es.study_effects(es.pool(t)),
    "subgroups": lambda t: es.subgroups(t, "group"),
    "transform_effects": lambda t: es.transform_effects(es.effects(t, "GEN"), np.exp),
    "trim_and_fill": es.trim_and_fill,
    "vif": lambda t: es.vif(es.meta_regression(t, "x + z")),
}
"""Functions that start from estimates with variances, or from a fit of them."""

COUNTS: dict[str, Call] = {
    "albatross": lambda t: es.albatross(es.pool(es.effects(t, "OR"))),
    "effects": lambda t: es.effects(t, "OR"),
    "fill_cells": lambda t: es.fill_cells(t.assign(oddsratio=2.0), odds_ratio="oddsratio"),
    "glmm": lambda t: es.glmm(t, "OR", likelihood="CM.AL"),
    "labbe": lambda t: es.labbe(es.pool(es.effects(t, "OR"))),
    "mantel_haenszel": lambda t: es.mantel_haenszel(t, "OR"),
    "peto": es.peto,
    "adjust_for_clusters": lambda t: es.adjust_for_clusters(t, icc=0.05, cluster_size=10),
    "combine_arms": es.combine_arms,
    "split_shared_arm": es.split_shared_arm,
    "shared_arm_covariances": lambda t: es.shared_arm_covariances(es.effects(t, "OR"), "study"),
}
"""Functions that start from 2x2 tables."""

OTHERS: dict[str, Call] = {
    "fill_statistics": es.fill_statistics,
    "fill_variances": lambda t: es.fill_variances(
        t, estimate="yi", ci_lower="low", ci_upper="high"
    ),
    "paired_differences": lambda t: es.paired_differences(t, correlation=0.5),
    "dependent_correlations": es.dependent_correlations,
}
"""Functions that start from other columns; the tables hold them too."""

DESIGNS: dict[str, Call] = {
    "information_size": lambda t: es.information_size("SMD", size_of(t)),
    "planned_variance": lambda t: es.planned_variance("SMD", abs(size_of(t)) * 100),
    "power": lambda t: es.power(effect=size_of(t), n1=20, tau2=0.1),
    "required_studies": lambda t: es.required_studies(effect=size_of(t), n1=20, n2=20, most=200),
}
"""Functions that plan: they take numbers, here the first effect of the table."""

CALLS: dict[str, Call] = {**ESTIMATES, **COUNTS, **OTHERS, **DESIGNS}


def size_of(table: Table) -> float:
    """Return the first effect of a table, NaN where it is none."""
    column = table["yi"] if "yi" in table else pd.Series(dtype=float)
    numbers = pd.to_numeric(column, errors="coerce")
    return float(numbers.iloc[0]) if len(numbers) else float("nan")


def plain(k: int = 6) -> Table:
    """Return a table that serves every function: estimates, 2x2 tables, quantiles, pairs."""
    rng = np.random.default_rng(k)
    yi = np.round(rng.normal(0.4, 0.4, k), 3)
    vi = np.round(rng.uniform(0.02, 0.2, k), 4)
    n = rng.integers(30, 90, k)
    return pd.DataFrame(
        {
            "study": [f"S{i}" for i in range(k)], "yi": yi, "vi": vi,
            "x": np.round(rng.normal(size=k), 2), "z": np.round(rng.normal(size=k), 2),
            "group": np.where(np.arange(k) % 2, "a", "b"), "cluster": np.arange(k) // 2,
            "events1": rng.integers(2, 12, k), "n1": n, "events2": rng.integers(2, 12, k), "n2": n,
            "median1": 5.0, "q11": 3.0, "q31": 7.5, "low": yi - 0.5, "high": yi + 0.5,
            "ri": 0.3, "var1": "u", "var2": [f"w{i}" for i in range(k)], "ni": 50,
        }
    )  # fmt: skip


def changed(**columns: Any) -> Table:
    table = plain()
    return table.assign(**{name: to(table[name]) for name, to in columns.items()})


def at(row: int, value: Any) -> Callable[[Any], Any]:
    """Replace one cell, whatever kind of column it makes."""
    return lambda column: [value if i == row else cell for i, cell in enumerate(column)]


TROUBLES: Mapping[str, Callable[[], Table]] = {
    "plain": plain,
    "one study": lambda: plain(1),
    "two studies": lambda: plain(2),
    "three studies": lambda: plain(3),
    "no rows": lambda: plain().iloc[:0],
    "no columns": pd.DataFrame,
    "equal variances": lambda: changed(vi=lambda c: c * 0 + 0.1),
    "equal effects": lambda: changed(yi=lambda c: c * 0 + 0.3),
    "no heterogeneity": lambda: changed(yi=lambda c: 0.3 + c / 1e4),
    "tiny variances": lambda: changed(vi=lambda c: c * 1e-12),
    "huge variances": lambda: changed(vi=lambda c: c * 1e12),
    "variances far apart": lambda: changed(vi=lambda c: np.geomspace(1e-12, 1e12, len(c))),
    "tiny everything": lambda: changed(yi=lambda c: c * 1e-9, vi=lambda c: c * 1e-18),
    "missing effect": lambda: changed(yi=at(2, np.nan), events1=at(2, np.nan)),
    "missing variance": lambda: changed(vi=at(2, np.nan), n1=at(2, np.nan)),
    "missing moderator": lambda: changed(x=at(1, np.nan), group=at(1, None)),
    "all missing": lambda: changed(yi=lambda c: c * np.nan, events1=lambda c: c * np.nan),
    "infinite effect": lambda: changed(yi=at(0, np.inf), events1=at(0, np.inf)),
    "variance 0": lambda: changed(vi=at(3, 0.0), n1=at(3, 0)),
    "negative variance": lambda: changed(vi=at(3, -0.1), events1=at(3, -1)),
    "a word among numbers": lambda: changed(yi=at(1, "high"), events1=at(1, "few")),
    "numbers as words": lambda: changed(
        yi=lambda c: c.astype(str), events1=lambda c: c.astype(str)
    ),
    "objects": lambda: changed(yi=lambda c: c.astype(object), vi=lambda c: c.astype(object)),
    "whole numbers": lambda: changed(yi=lambda c: (c * 10).astype(int), vi=lambda c: c * 0 + 1),
    "same label twice": lambda: changed(study=at(1, "S0")),
    "odd index": lambda: plain().set_index(pd.Index([3, 3, 1, 0, 9, 9])),
    "collinear moderators": lambda: changed(z=lambda c: plain()["x"] * 2),
    "constant moderator": lambda: changed(x=lambda c: c * 0 + 1),
    "one group": lambda: changed(group=lambda c: ["a"] * len(c)),
    "zero cells": lambda: changed(events1=at(0, 0)),
    "no events at all": lambda: changed(events1=lambda c: c * 0, events2=lambda c: c * 0),
    "separation": lambda: changed(events1=lambda c: c * 0),
    "everybody has the event": lambda: changed(events1=lambda c: plain()["n1"]),
}


def limits_of_multilevel(table: Table) -> Any:
    """Limits without the location-scale model: where tau² is 0 its search takes a minute."""
    return es.profile_limits(es.multilevel(table, "study", limits=False))


def looked_at(result: Any) -> None:
    """Look at a result as a reader does: print it, and take its table and its sentence."""
    for way in ("to_frame", "method_sentence"):
        if callable(getattr(result, way, None)):
            getattr(result, way)()
    assert str(result)


def test_every_function_of_the_front_door_is_in_the_battery() -> None:
    assert set(CALLS) | NOT_STATISTICS == set(es.__all__), set(es.__all__) ^ (
        set(CALLS) | NOT_STATISTICS
    )
    assert len(CALLS) == sum(map(len, (ESTIMATES, COUNTS, OTHERS, DESIGNS)))


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_result_or_one_of_our_errors(name: str, trouble: str) -> None:
    call = CALLS[name]
    if name == "profile_limits" and trouble != "plain":
        call = limits_of_multilevel
    try:
        result = call(TROUBLES[trouble]())
    except EvisynthError as error:
        result, words = None, str(error)
    if result is None:
        assert len(words) > 15, words
    else:
        looked_at(result)


ANSWERS_TO_A_PLAIN_TABLE = set(CALLS) - {
    "fill_statistics", "paired_differences", "dependent_correlations", "combine_arms",
    "split_shared_arm", "shared_arm_covariances", "fill_cells",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(ANSWERS_TO_A_PLAIN_TABLE))
def test_a_plain_table_has_an_answer(name: str) -> None:
    looked_at(CALLS[name](plain(12)))


LOCATIONS: dict[str, Call] = {
    "pool": lambda t: es.pool(t).estimate,
    "pool DL": lambda t: es.pool(t, tau2="DL", ci="z").estimate,
    "pool equal": lambda t: es.pool(t, model="equal").estimate,
    "henmi_copas": lambda t: es.henmi_copas(t).estimate,
    "leave_one_out": lambda t: np.sort(es.leave_one_out(t).estimates),
    "meta_regression": lambda t: es.meta_regression(t, "group", tau2="DL").coefficients,
    "multilevel": lambda t: es.multilevel(t, "study", limits=False).estimate,
    "robust": lambda t: es.robust(es.pool(t), "cluster").to_frame()["coefficients"],
    "study_effects": lambda t: np.sort(es.study_effects(es.pool(t)).to_frame()["effects"]),
    "subgroups": lambda t: es.subgroups(t, "group").to_frame()["estimate"],
}
"""Numbers that move with the effects: c times the effects (and c² times the variances) is c times
the number."""


def tau2_by(method: str) -> Call:
    return lambda table: es.pool(table, tau2=method).tau2


VARIANCES: dict[str, Call] = {
    method: tau2_by(method)
    for method in ("REML", "ML", "DL", "HE", "HS", "SJ", "PM", "EB", "PMM", "DL2")
}
"""Numbers that go with the square of the unit."""

FREE: dict[str, Call] = {
    "pool": lambda t: [getattr(es.pool(t), name) for name in ("q", "i2", "p_value")],
    "asymmetry_test": lambda t: es.asymmetry_test(t).p_value,
    "fail_safe": lambda t: es.fail_safe(t).to_frame().select_dtypes("number").iloc[0, 0],
}
"""Numbers without a unit."""

SEARCHED = 2e-6
"""Relative to the spread of the effects: what is found by a search in another unit or order."""


@st.composite
def tables(draw: st.DrawFn) -> Table:
    k = draw(st.integers(4, 10))
    effects = st.floats(-3, 3).map(lambda value: round(value, 3))
    variances = st.floats(0.01, 5).map(lambda value: round(value, 3))
    return plain(k).assign(
        yi=draw(st.lists(effects, min_size=k, max_size=k)),
        vi=draw(st.lists(variances, min_size=k, max_size=k)),
    )


def answer(call: Call, table: Table) -> Any:
    """Return numbers, or the kind of error: both must stay as they are."""
    try:
        return np.asarray(call(table), dtype=np.float64).ravel()
    except EvisynthError as error:
        return type(error)


def assert_same(one: Any, other: Any, size: float, what: str) -> None:
    if isinstance(one, type) or isinstance(other, type):
        assert one is other, what
        return
    np.testing.assert_allclose(other, one, rtol=SEARCHED, atol=SEARCHED * size, err_msg=what)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(table=tables(), seed=st.integers(0, 99))
@pytest.mark.parametrize("name", sorted({*LOCATIONS, *VARIANCES, *FREE}))
def test_the_order_of_studies_does_not_matter(name: str, table: Table, seed: int) -> None:
    shuffled = table.sample(frac=1, random_state=seed)
    for calls in (LOCATIONS, VARIANCES, FREE):
        if name in calls and name not in ("subgroups", "meta_regression"):
            one, other = (answer(calls[name], given) for given in (table, shuffled))
            assert_same(one, other, 1.0, name)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(table=tables(), unit=st.sampled_from([-1.0, 1e-4, 0.01, 3.7, 1000.0]))
@pytest.mark.parametrize("name", sorted({*LOCATIONS, *VARIANCES, *FREE}))
def test_the_unit_and_the_sign_go_through(name: str, table: Table, unit: float) -> None:
    scaled = table.assign(yi=table["yi"] * unit, vi=table["vi"] * unit**2)
    for calls, factor in ((LOCATIONS, unit), (VARIANCES, unit**2), (FREE, 1.0)):
        if name in calls:
            one, other = (answer(calls[name], given) for given in (table, scaled))
            if not isinstance(one, type):
                one = one * factor
                if name in ("leave_one_out", "study_effects"):
                    one = np.sort(one)
            assert_same(one, other, abs(factor), name)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(table=tables(), shift=st.sampled_from([-2.0, 0.5, 10.0]))
def test_a_shift_of_all_effects_shifts_the_pooled_effect_alone(table: Table, shift: float) -> None:
    one, other = (es.pool(given) for given in (table, table.assign(yi=table["yi"] + shift)))
    assert other.estimate - shift == pytest.approx(one.estimate, rel=1e-6, abs=1e-6)
    assert other.tau2 == pytest.approx(one.tau2, rel=1e-6, abs=1e-6)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(effect=st.floats(-5, 5), variance=st.floats(1e-12, 1e12))
def test_one_study_is_itself(effect: float, variance: float) -> None:
    fit = es.pool(pd.DataFrame({"study": ["A"], "yi": [effect], "vi": [variance]}))
    assert fit.estimate == pytest.approx(effect)
    assert fit.se == pytest.approx(np.sqrt(variance))
    assert np.isnan(fit.tau2)
    assert fit.tau2_reason


@settings(max_examples=15, deadline=None, derandomize=True)
@given(effect=st.floats(-5, 5), variance=st.floats(1e-12, 1e12), k=st.integers(2, 9))
def test_equal_studies_have_no_heterogeneity(effect: float, variance: float, k: int) -> None:
    table = pd.DataFrame({"study": range(k), "yi": [effect] * k, "vi": [variance] * k})
    fit = es.pool(table)
    assert fit.estimate == pytest.approx(effect)
    assert fit.tau2 <= 1e-9 * variance
    equal = es.pool(table, model="equal")
    assert equal.se == pytest.approx(np.sqrt(variance / k))
