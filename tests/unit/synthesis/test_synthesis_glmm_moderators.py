"""Models of counts with moderators: what must hold whatever the numbers."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evisynth as es
from evisynth.errors import DataError, NotEstimableError, OptionError
from evisynth.synthesis import CountRegression, from_json, to_json

LIKELIHOODS = ("UM.FS", "UM.RS", "CM.AL", "CM.EL")
CLOSE = 1e-6
"""Relative: two searches for one maximum, in different coordinates."""

TABLE = pd.DataFrame(
    {
        "study": list("ABCDEFGHIJ"),
        "ai": [4, 6, 3, 62, 33, 18, 8, 50, 29, 17],
        "n1i": [123, 306, 231, 1359, 508, 154, 255, 634, 749, 171],
        "ci": [11, 29, 11, 248, 47, 37, 10, 70, 45, 65],
        "n2i": [139, 303, 220, 1287, 487, 170, 250, 620, 728, 166],
        "dose": [1.0, 2, 2, 3, 1, 4, 1, 2, 3, 4],
        "setting": list("xxyyxyxyxy"),
    }
)
TIMES = TABLE.rename(columns={"ai": "x1i", "n1i": "t1i", "ci": "x2i", "n2i": "t2i"})
GROUPS = TABLE.rename(columns={"ai": "xi", "n1i": "ni"})[["study", "xi", "ni", "dose", "setting"]]
RATES = GROUPS.rename(columns={"ni": "ti"})


def cases() -> list[tuple[pd.DataFrame, str, str]]:
    return [
        *((TABLE, "OR", how) for how in LIKELIHOODS),
        *((TIMES, "IRR", how) for how in ("UM.FS", "UM.RS", "CM.EL")),
        (GROUPS, "PLO", ""), (RATES, "IRLN", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("model", ["equal", "random"])
@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case[1]}-{case[2]}")
def test_an_intercept_alone_is_the_pooled_effect(
    case: tuple[pd.DataFrame, str, str], model: str
) -> None:
    table, measure, how = case
    plain = es.glmm(table, measure, likelihood=how, model=model)
    fit = es.glmm(table, measure, likelihood=how, model=model, moderators="1")
    assert fit.terms == ("intercept",)
    assert fit.coefficients[0] == pytest.approx(plain.estimate, rel=CLOSE)
    assert fit.se[0] == pytest.approx(plain.se, rel=CLOSE)
    assert fit.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-9)
    assert fit.parameters == plain.parameters
    for name in ("tau2", "sigma2", "i2", "h2"):
        value = getattr(plain, name)
        assert getattr(fit, name) == pytest.approx(value, rel=CLOSE, abs=1e-9, nan_ok=True)
    for test in ("LRT", "Wald"):
        assert fit.test(test).statistic == pytest.approx(plain.test(test).statistic, rel=CLOSE)
    assert math.isnan(fit.moderators.statistic)
    assert fit.moderators.reason


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case[1]}-{case[2]}")
def test_units_and_origin_of_a_moderator_do_not_matter(
    case: tuple[pd.DataFrame, str, str],
) -> None:
    table, measure, how = case
    one = es.glmm(table, measure, likelihood=how, moderators="dose")
    moved = table.assign(dose=1e4 + 1e-3 * table["dose"])
    other = es.glmm(moved, measure, likelihood=how, moderators="dose")
    assert one.reason == other.reason == ""
    assert 1e-3 * other.coefficients[1] == pytest.approx(one.coefficients[1], rel=CLOSE)
    assert other.statistics[1] == pytest.approx(one.statistics[1], rel=CLOSE)
    assert other.log_likelihood == pytest.approx(one.log_likelihood, rel=1e-10)
    assert other.moderators.statistic == pytest.approx(one.moderators.statistic, rel=CLOSE)


@pytest.mark.parametrize("how", ["UM.FS", "CM.AL", "CM.EL"])
def test_categories_of_an_equal_effects_model_are_fits_of_their_own(how: str) -> None:
    fit = es.glmm(TABLE, "OR", likelihood=how, model="equal", moderators="setting - 1")
    assert fit.terms == ("setting[x]", "setting[y]")
    total = 0.0
    for place, level in enumerate("xy"):
        part = es.glmm(TABLE[TABLE["setting"] == level], "OR", likelihood=how, model="equal")
        assert fit.coefficients[place] == pytest.approx(part.estimate, rel=CLOSE)
        assert fit.se[place] == pytest.approx(part.se, rel=CLOSE)
        total += part.log_likelihood
    assert fit.log_likelihood == pytest.approx(total, rel=1e-9)
    assert abs(fit.covariance[0, 1]) < 1e-8


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(10)))
def test_order_of_studies_does_not_matter(order: list[int]) -> None:
    one = es.glmm(TABLE, "OR", likelihood="CM.AL", moderators="dose + setting")
    other = es.glmm(
        TABLE.iloc[order].reset_index(drop=True), "OR", likelihood="CM.AL",
        moderators="dose + setting",
    )  # fmt: skip
    assert other.coefficients == pytest.approx(one.coefficients, rel=CLOSE)
    assert other.log_likelihood == pytest.approx(one.log_likelihood, rel=1e-10)


@pytest.mark.parametrize("how", ["UM.FS", "CM.EL"])
def test_exchanged_arms_turn_the_sign(how: str) -> None:
    turned = TABLE.rename(columns={"ai": "ci", "ci": "ai", "n1i": "n2i", "n2i": "n1i"})
    one = es.glmm(TABLE, "OR", likelihood=how, moderators="dose")
    other = es.glmm(turned, "OR", likelihood=how, moderators="dose")
    assert other.coefficients == pytest.approx(-one.coefficients, rel=1e-5)
    assert other.tau2 == pytest.approx(one.tau2, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("how", LIKELIHOODS)
@pytest.mark.parametrize("model", ["equal", "random"])
def test_separation_is_nan_with_a_reason(how: str, model: str) -> None:
    empty = TABLE.assign(ai=np.where(TABLE["setting"] == "y", 0, TABLE["ai"]))
    fit = es.glmm(empty, "OR", likelihood=how, model=model, moderators="setting")
    assert np.isnan(fit.coefficients).all()
    assert np.isnan(fit.covariance).all()
    assert "runs away" in fit.reason
    assert math.isnan(fit.moderators.statistic)
    assert "runs away" in str(fit)
    with pytest.raises(NotEstimableError, match="runs away"):
        es.predict(fit)


def test_columns_that_depend_on_each_other_are_named_or_left_out() -> None:
    table = TABLE.assign(twice=2 * TABLE["dose"])
    with pytest.raises(DataError, match="twice"):
        es.glmm(table, "OR", moderators="dose + twice")
    fit = es.glmm(table, "OR", moderators="dose + twice", drop_redundant=True)
    assert fit.terms == ("intercept", "dose")
    assert "Redundant columns left out of the model: twice." in fit.notes
    same = es.glmm(table, "OR", moderators="dose")
    assert fit.coefficients == pytest.approx(same.coefficients, rel=1e-12)


def test_rows_without_a_moderator_are_named() -> None:
    table = TABLE.assign(dose=TABLE["dose"].where(TABLE["study"] != "C"))
    fit = es.glmm(table, "OR", moderators="dose")
    assert (fit.k, fit.left_out) == (9, ("C",))
    assert any("C (a moderator is missing)" in note for note in fit.notes)
    without = es.glmm(TABLE[TABLE["study"] != "C"], "OR", moderators="dose")
    assert fit.coefficients == pytest.approx(without.coefficients, rel=CLOSE)


def test_a_design_matrix_is_the_formula() -> None:
    x = np.column_stack([np.ones(10), TABLE["dose"]])
    one = es.glmm(TABLE, "OR", moderators=x, terms=["intercept", "dose"], ci="t")
    other = es.glmm(TABLE, "OR", moderators="dose", ci="t")
    assert one.terms == other.terms
    assert one.coefficients.tolist() == other.coefficients.tolist()
    assert one.df == 8.0
    assert one.moderators.distribution == "F"
    assert one.moderators.statistic == pytest.approx(one.statistics[1] ** 2, rel=1e-9)
    with pytest.raises(DataError, match="shape"):
        es.glmm(TABLE, "OR", moderators=x[:5])


def test_too_few_studies_and_unknown_columns_say_so() -> None:
    with pytest.raises(NotEstimableError, match="need at least 3 studies"):
        es.glmm(TABLE.head(2), "OR", moderators="dose")
    with pytest.raises(OptionError, match="age"):
        es.glmm(TABLE, "OR", moderators="age")


def test_predictions_contrasts_inflation_and_comparison_take_the_fit() -> None:
    fit = es.glmm(TABLE, "OR", likelihood="CM.EL", moderators="dose + setting")
    at = es.predict(fit, {"dose": [1, 4], "setting": ["x", "y"]})
    b = fit.coefficients
    assert at.estimates == pytest.approx([b[0] + b[1], b[0] + 4 * b[1] + b[2]], rel=1e-12)
    found = es.contrasts(fit, "dose - setting[y] = 0")
    assert found.estimates[0] == pytest.approx(b[1] - b[2], rel=1e-12)
    assert (es.vif(fit).factors >= 1).all()
    smaller = es.glmm(TABLE, "OR", likelihood="CM.EL")
    compared = es.compare(smaller, fit)
    gain = 2 * (fit.log_likelihood - smaller.log_likelihood)
    assert compared.test.statistic == pytest.approx(gain, rel=1e-12)
    assert compared.test.df1 == 2
    with pytest.raises(DataError, match="different data"):
        es.compare(es.glmm(TABLE, "OR", moderators="dose"), fit)


def test_what_it_says() -> None:
    fit = es.glmm(TABLE, "OR", moderators="dose", likelihood="UM.RS")
    assert isinstance(fit, CountRegression)
    text = str(fit)
    for word in ("dose", "Residual tau²", "sigma² of the studies", "LRT", "Moderators: chi²"):
        assert word in text
    assert re.search(r"regressed on dose.*doi:10\.1002/sim\.4040", fit.method_sentence())
    assert "<table>" in fit._repr_html_()
    assert fit.to_frame()["term"].tolist() == ["intercept", "dose"]
    assert fit.test_frame()["name"].tolist() == ["LRT", "Wald"]
    assert fit.study_mean < 0 < fit.study_mean_se
    with pytest.raises(KeyError, match="LRT"):
        fit.test("Q")
    again = from_json(to_json(fit))
    assert again.coefficients.tolist() == fit.coefficients.tolist()
    assert es.predict(again, {"dose": [2]}).estimates == es.predict(fit, {"dose": [2]}).estimates
