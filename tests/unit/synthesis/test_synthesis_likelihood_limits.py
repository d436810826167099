"""Selection models with moderators, profile limits, models without random effects."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

import evisynth as es
from evisynth.errors import DataError, NotEstimableError, OptionError
from evisynth.synthesis import from_json, to_json

CLOSE = 1e-6
"""Relative: two searches for one maximum, in different coordinates."""

DROP = stats.chi2.ppf(0.95, 1)

TABLE = pd.DataFrame(
    {
        "study": [f"S{n}" for n in range(1, 17)],
        "yi": [0.51, 0.12, 0.38, 0.62, 0.05, 0.44, 0.71, 0.29, -0.08, 0.55, 0.33, 0.18, 0.81, 0.02,
               0.47, 0.26],
        "vi": [0.03, 0.01, 0.04, 0.06, 0.02, 0.03, 0.07, 0.02, 0.05, 0.04, 0.01, 0.02, 0.08, 0.03,
               0.04, 0.015],
        "dose": [3.0, 1, 2, 4, 1, 2, 3, 2, 1, 4, 2, 1, 4, 2, 3, 1],
        "setting": list("abababababababab"),
    }
)  # fmt: skip


def three_parameter(
    y: Any, v: Any, x: Any, b: Any, tau2: float, weight: float, step: float = 0.025
) -> float:
    """Return the log-likelihood of the one-step function by its closed form (Hedges 1992)."""
    mean, spread, se = x @ b, np.sqrt(v + tau2), np.sqrt(v)
    cut = stats.norm.isf(step) * se
    seen = stats.norm.sf((cut - mean) / spread)
    area = seen + weight * (1 - seen)
    weights = np.where(y / se > stats.norm.isf(step), 1.0, weight)
    return float((np.log(weights) + stats.norm.logpdf(y, mean, spread) - np.log(area)).sum())


def test_a_selection_model_with_moderators_is_the_maximum_of_its_closed_form() -> None:
    fit = es.selection_model(TABLE, moderators="dose")
    y, v = TABLE["yi"].to_numpy(), TABLE["vi"].to_numpy()
    x = np.column_stack([np.ones(16), TABLE["dose"]])
    ours = three_parameter(y, v, x, fit.coefficients, fit.tau2, fit.delta[1])
    assert fit.log_likelihood == pytest.approx(ours, rel=1e-9)

    def negative(z: Any) -> float:
        return -three_parameter(y, v, x, z[:2], z[2] ** 2, float(np.exp(z[3])))

    start = [*fit.coefficients, 0.1, -0.5]
    options: Any = {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 10_000}
    best = optimize.minimize(negative, start, method="Nelder-Mead", options=options)
    assert fit.log_likelihood == pytest.approx(-best.fun, abs=1e-7)
    # the likelihood ratio tests, from the same closed form
    plain = es.selection_model(TABLE)
    gain = 2 * (fit.log_likelihood - plain.log_likelihood)
    assert fit.moderators_lrt.statistic == pytest.approx(gain, rel=1e-6)
    ml = es.meta_regression(TABLE, "dose", tau2="ML", ci="z")
    none = three_parameter(y, v, x, ml.coefficients, ml.tau2, 1.0)
    assert fit.lrt == pytest.approx(2 * (fit.log_likelihood - none), abs=1e-7)
    assert fit.unadjusted_coefficients == pytest.approx(ml.coefficients, rel=CLOSE)


def test_an_intercept_alone_is_the_plain_model_and_a_regression_brings_its_moderators() -> None:
    plain, one = es.selection_model(TABLE), es.selection_model(TABLE, moderators="1")
    assert one.estimate == plain.estimate == plain.coefficients[0]
    assert one.log_likelihood == plain.log_likelihood
    assert (plain.terms, plain.formula) == (("intercept",), "")
    by_formula = es.selection_model(TABLE, moderators="dose + setting")
    brought = es.selection_model(es.meta_regression(TABLE, "dose + setting"))
    assert brought.coefficients.tolist() == by_formula.coefficients.tolist()
    assert math.isnan(by_formula.estimate)
    with pytest.raises(OptionError, match="has its own"):
        es.selection_model(es.meta_regression(TABLE, "dose"), moderators="dose")


def test_units_of_a_moderator_and_the_sign_do_not_matter() -> None:
    one = es.selection_model(TABLE, moderators="dose")
    moved = TABLE.assign(dose=1e4 + 1e-3 * TABLE["dose"])
    other = es.selection_model(moved, moderators="dose")
    assert 1e-3 * other.coefficients[1] == pytest.approx(one.coefficients[1], rel=1e-5)
    assert other.coefficient_p[1] == pytest.approx(one.coefficient_p[1], rel=1e-5)
    turned = es.selection_model(
        TABLE.assign(yi=-TABLE["yi"]), moderators="dose", alternative="less"
    )
    assert turned.coefficients == pytest.approx(-one.coefficients, rel=1e-9)
    assert turned.moderators.statistic == pytest.approx(one.moderators.statistic, rel=1e-9)


def test_what_a_moderated_selection_model_says_and_refuses() -> None:
    fit = es.selection_model(TABLE, "halfnorm", moderators="dose")
    text = str(fit)
    for word in ("dose", "Without selection", "moderators (Wald)", "test of selection"):
        assert word in text
    assert "with the moderators dose," in fit.method_sentence()
    assert fit.coefficient_frame()["term"].tolist() == ["intercept", "dose"]
    assert "coefficients" not in fit.to_frame().columns
    assert from_json(to_json(fit)).coefficients.tolist() == fit.coefficients.tolist()
    twice = TABLE.assign(twice=2 * TABLE["dose"])
    with pytest.raises(DataError, match="twice"):
        es.selection_model(twice, moderators="dose + twice")
    dropped = es.selection_model(twice, moderators="dose + twice", drop_redundant=True)
    assert dropped.terms == ("intercept", "dose")
    assert "twice" in dropped.notes[0]
    with pytest.raises(NotEstimableError, match="at least 3 studies"):
        es.selection_model(TABLE.head(2), moderators="dose")
    none = es.selection_model(TABLE, steps=[1e-9], moderators="dose")
    assert "not identified" in none.reason
    assert np.isnan(none.coefficients).all()
    assert "not identified" in str(none)
    with pytest.raises(NotEstimableError, match="not identified"):
        es.profile_limits(none)


def test_limits_of_a_selection_parameter_are_where_the_likelihood_has_fallen() -> None:
    fit = es.selection_model(TABLE, moderators="dose")
    low, high = es.profile_limits(fit).limits_of("delta 2")
    assert 0 < low < fit.delta[1] < high
    for end in (low, high):
        held = es.selection_model(TABLE, moderators="dose", delta=[1, end])
        fall = 2 * (fit.log_likelihood - held.log_likelihood)
        assert fall == pytest.approx(DROP, rel=1e-6)
    narrow = es.profile_limits(fit, level=0.8).limits_of("delta 2")
    assert low < narrow[0] < narrow[1] < high


def test_limits_of_tau2_without_selection_are_those_of_maximum_likelihood() -> None:
    spread = TABLE.assign(yi=TABLE["yi"] * 2)
    fit = es.pool(spread, tau2="ML", ci="z", tau2_ci="PL")
    same = es.selection_model(fit, delta=[1, 1])
    found = es.profile_limits(same)
    assert same.tau2 == pytest.approx(fit.tau2, rel=CLOSE)
    low, high = found.limits_of("tau²")
    assert low == pytest.approx(fit.tau2_lower, rel=1e-5, abs=1e-9)
    assert high == pytest.approx(fit.tau2_upper, rel=1e-5)
    assert np.isnan(found.limits_of("delta 2")).all()
    assert found.reasons[1] == "this parameter was given"
    equal = es.profile_limits(es.selection_model(es.pool(TABLE, model="equal")))
    assert np.isnan(equal.limits_of("tau²")).all()
    assert "no tau²" in equal.reasons[0]


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("link", ["log", "identity"])
def test_limits_of_a_constant_scale_are_those_of_tau2(method: str, link: str) -> None:
    spread = TABLE.assign(yi=TABLE["yi"] * 2)
    fit = es.pool(spread, tau2=method, ci="z", tau2_ci="PL")
    found = es.profile_limits(es.location_scale(spread, method=method, link=link))
    ends = np.array(found.limits_of("intercept"))
    ends = np.exp(ends) if link == "log" else ends
    assert ends == pytest.approx([fit.tau2_lower, fit.tau2_upper], rel=1e-5)


def test_limits_of_scale_coefficients_follow_units_and_say_where_they_end() -> None:
    spread = TABLE.assign(yi=TABLE["yi"] * 2)
    one = es.profile_limits(es.location_scale(spread, scale="dose"))
    moved = spread.assign(dose=1e3 + 1e-2 * spread["dose"])
    other = es.profile_limits(es.location_scale(moved, scale="dose"))
    ours, theirs = np.array(one.limits_of("dose")), np.array(other.limits_of("dose"))
    assert 1e-2 * theirs == pytest.approx(ours, rel=1e-4)
    zero = spread.assign(yi=np.where(spread["setting"] == "a", 0.3, spread["yi"]))
    edge = es.profile_limits(es.location_scale(zero, scale="setting"))
    assert edge.limits_of("intercept")[0] == -math.inf
    assert "finite lower limit" in edge.reasons[0]
    assert "−∞" in str(edge)


def test_profile_limits_of_a_multilevel_model_are_its_own() -> None:
    table = TABLE.assign(study=[f"T{n // 2}" for n in range(16)], yi=TABLE["yi"] * 2)
    fit = es.multilevel(table)
    found = es.profile_limits(fit)
    for place, part in enumerate(fit.components):
        assert (found.lower[place], found.upper[place]) == (part.lower, part.upper)
    assert found.to_frame()["parameter"].tolist() == [part.name for part in fit.components]
    assert "doi:10.2307/2347496" in found.method_sentence()
    assert from_json(to_json(found)).lower.tolist() == found.lower.tolist()
    with pytest.raises(OptionError, match=r"es\.heterogeneity"):
        es.profile_limits(es.pool(TABLE))  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="level"):
        es.profile_limits(fit, level=95)
    with pytest.raises(OptionError, match="rho"):
        found.limits_of("rho")


def test_no_random_effects_is_the_equal_effects_model() -> None:
    plain = es.pool(TABLE, model="equal")
    none: tuple[Any, ...] = ("none", [], ())
    for random in none:
        fit = es.multilevel(TABLE, random, ci="z")
        assert fit.estimate == pytest.approx(plain.estimate, rel=1e-12)
        assert fit.se[0] == pytest.approx(plain.se, rel=1e-12)
        assert fit.qe == pytest.approx(plain.q, rel=1e-12)
        assert (fit.components, fit.parameters) == ((), 1)
        assert math.isnan(fit.i2)
        assert fit.prediction_reason == "the model has no random effects"
    assert str(fit).startswith("Equal-effects model, known covariance (independent), k = 16")
    assert "generalized least squares" in fit.method_sentence()
    assert fit.random_effects_frame().empty
    assert fit.components_frame().empty
    assert np.isnan(es.predict(fit).prediction_lower).all()
    assert from_json(to_json(fit)).estimate == fit.estimate
    column = es.multilevel(TABLE.assign(none=TABLE["study"]), "none")
    assert len(column.components) == 1


def test_rho_correlates_the_errors_of_a_study() -> None:
    table = TABLE.assign(study=[f"T{n // 2}" for n in range(16)])
    made = es.multilevel(table, "none", "dose", rho=0.6)
    given = es.multilevel(
        table, "none", "dose", V=es.impute_covariances(table, "study", correlation=0.6)
    )
    assert made.coefficients.tolist() == given.coefficients.tolist()
    assert made.dependent_errors
    with pytest.raises(OptionError, match="V has the covariances"):
        es.multilevel(table, rho=0.6, V=np.diag(table["vi"]))
    with pytest.raises(OptionError, match="no column of studies"):
        es.multilevel(table[["yi", "vi"]], "none", rho=0.6)
    with pytest.raises(OptionError, match=r"1\.5"):
        es.multilevel(table, rho=1.5)


def test_redundant_moderators_of_multilevel_models() -> None:
    twice = TABLE.assign(twice=2 * TABLE["dose"])
    with pytest.raises(DataError, match="twice"):
        es.multilevel(twice, "study", "dose + twice")
    fit = es.multilevel(twice, "study", "dose + twice", drop_redundant=True)
    assert fit.terms == ("intercept", "dose")
    assert fit.notes[0] == "Redundant columns left out of the model: twice."
    same = es.multilevel(TABLE, "study", "dose")
    assert fit.coefficients.tolist() == same.coefficients.tolist()
    at = es.predict(fit, {"dose": [2], "twice": [4]})
    assert at.estimates == pytest.approx(es.predict(same, {"dose": [2]}).estimates)
