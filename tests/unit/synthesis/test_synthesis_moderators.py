"""Subgroups, meta-regression and its formulas."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.errors import DataError, NotEstimableError, OptionError
from evisynth.synthesis.formula import build_design, parse_formula

DATA = pd.DataFrame(
    {
        "yi": [0.1, 0.3, 0.8, 0.5, 0.9, -0.2, 0.4, 0.6],
        "vi": [0.02, 0.03, 0.05, 0.01, 0.04, 0.06, 0.02, 0.03],
        "setting": ["home", "home", "clinic", "clinic", "clinic", "home", "", None],
        "dose": [1, 2, 3, 2, 4, 1, 3, 2.0],
        "wave": [2, 1, 1, 2, 1, 2, 1, 2],
        "arm-type": list("abababab"),
        "blind": [True, False, True, False, True, False, True, True],
    }
)


@pytest.fixture
def fit():
    return es.pool(DATA)


def test_subgroups_are_fits_of_their_rows(fit):
    found = es.subgroups(fit, "setting")
    assert [group.level for group in found.groups] == ["clinic", "home"]
    assert found.not_coded == ("Study 7", "Study 8")
    clinic = es.pool(DATA[DATA.setting == "clinic"])
    assert found.groups[0].fit.estimate == pytest.approx(clinic.estimate, rel=1e-12)
    assert found.groups[0].fit.ci_lower == pytest.approx(clinic.ci_lower, rel=1e-10)
    assert found.test is found.test_separate


def test_q_between_by_hand(fit):
    found = es.subgroups(fit, "setting")
    pooled = [es.pool(DATA[DATA.setting == level], ci="z") for level in ("clinic", "home")]
    difference = pooled[0].estimate - pooled[1].estimate
    expected = difference**2 / (pooled[0].se ** 2 + pooled[1].se ** 2)
    assert found.test_separate.statistic == pytest.approx(expected, rel=1e-10)
    assert (found.test_separate.distribution, found.test_separate.df1) == ("chi2", 1)


def test_common_test_is_the_meta_regression(fit):
    found = es.subgroups(fit, "setting")
    plain = es.meta_regression(
        DATA[DATA.setting.isin(["home", "clinic"])], "setting", safeguard="none"
    )
    assert found.test_common.statistic == pytest.approx(plain.statistics[1] ** 2, rel=1e-9)
    assert (found.test_common.distribution, found.test_common.df2) == ("F", 4)
    assert found.test_common.p_value == pytest.approx(plain.p_values[1], rel=1e-9)
    wald = es.subgroups(es.pool(DATA, ci="z"), "setting").test_common
    assert (wald.distribution, wald.df2) == ("chi2", float("inf"))


def test_common_tau2_is_shared(fit):
    found = es.subgroups(fit, "setting", tau2="common")
    regression = es.meta_regression(es.pool(DATA[DATA.setting.isin(["home", "clinic"])]), "setting")
    for group in found.groups:
        assert group.fit.tau2 == pytest.approx(regression.tau2, rel=1e-9)
        assert group.fit.tau2_upper == pytest.approx(regression.tau2_upper, rel=1e-9)
        assert any("common to the subgroups" in note for note in group.fit.notes)
    assert found.test is found.test_common
    # without Hartung-Knapp's factor the groups' estimates are the regression's
    wald = es.subgroups(es.pool(DATA, ci="z"), "setting", tau2="common")
    cells = es.meta_regression(DATA[DATA.setting.isin(["home", "clinic"])], "setting - 1", ci="z")
    np.testing.assert_allclose(
        [group.fit.estimate for group in wald.groups], cells.coefficients, rtol=1e-9
    )
    np.testing.assert_allclose([group.fit.se for group in wald.groups], cells.se, rtol=1e-9)


def test_levels_give_order_and_choice(fit):
    found = es.subgroups(fit, "setting", levels=["home", "clinic", "ward"])
    assert [group.level for group in found.groups] == ["home", "clinic"]
    only = es.subgroups(fit, "setting", levels=["home"])
    assert len(only.not_coded) == 5
    assert np.isnan(only.test_common.statistic)
    assert "fewer than two" in only.test.reason
    ordered = DATA.assign(setting=pd.Categorical(DATA.setting, ["home", "clinic", ""]))
    assert es.subgroups(es.pool(ordered), "setting").groups[0].level == "home"
    numbers = es.subgroups(fit, "wave", levels=[2, 1.0])
    assert [group.level for group in numbers.groups] == ["2", "1"]


def test_group_of_one_has_its_own_estimate():
    data = DATA.assign(setting=["a"] * 7 + ["b"])
    found = es.subgroups(es.pool(data), "setting")
    one = found.groups[1].fit
    assert (one.k, one.estimate, one.test) == (1, 0.6, "z")
    assert np.isnan(one.tau2)
    assert np.isfinite(found.test_common.p_value)
    each = es.subgroups(es.pool(DATA.assign(setting=list("abcdefgh"))), "setting", tau2="common")
    assert np.isnan(each.test_common.p_value)
    assert "residual degrees of freedom" in each.test_common.reason
    assert each.tau2 == "separate"
    assert each.notes


def test_subgroup_options(fit):
    with pytest.raises(OptionError, match=r"by: 'place'.*setting"):
        es.subgroups(fit, "place")
    with pytest.raises(OptionError, match="separate, common"):
        es.subgroups(fit, "setting", tau2="pooled")
    with pytest.raises(OptionError, match="no tau² to share"):
        es.subgroups(es.pool(DATA, model="equal"), "setting", tau2="common")
    frame = es.subgroups(fit, "setting").to_frame()
    assert list(frame["setting"]) == ["clinic", "home", "all studies"]
    assert len(es.subgroups(fit, "setting").test_frame()) == 2


def terms(formula: str) -> tuple[bool, list[str]]:
    intercept, found = parse_formula(formula)
    return intercept, [":".join(factor.column for factor in term) for term in found]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("dose", (True, ["dose"])),
        ("~ dose + setting", (True, ["dose", "setting"])),
        ("0 + dose", (False, ["dose"])),
        ("dose - 1", (False, ["dose"])),
        ("dose + 1", (True, ["dose"])),
        ("1", (True, [])),
        ("dose*wave", (True, ["dose", "wave", "dose:wave"])),
        ("dose:wave + dose", (True, ["dose", "dose:wave"])),
        ("a*b*c", (True, ["a", "b", "c", "a:b", "a:c", "b:c", "a:b:c"])),
        ("`arm-type` + C(wave)", (True, ["arm-type", "wave"])),
        ("dose + dose", (True, ["dose"])),
    ],
)
def test_formulas(formula, expected):
    assert terms(formula)[0] == expected[0]
    assert sorted(terms(formula)[1]) == sorted(expected[1])


@pytest.mark.parametrize(
    "formula", ["", "dose +", "+", "dose ** 2", "dose wave", "dose - wave", "tan(dose)", "dose*1",
                "dose + + wave", "a:", "I(x*y)", "log(", "ns(C(x))", "log(ns(x, 3))", "(a + b)^c"],
)  # fmt: skip
def test_broken_formulas(formula):
    with pytest.raises(OptionError, match="formula"):
        parse_formula(formula)


def names(formula: str, **keywords: Any) -> tuple[str, ...]:
    use = np.ones(len(DATA), dtype=bool)
    return build_design(DATA, formula, use, **keywords).terms


def test_design_columns_follow_the_margins():
    assert names("setting") == ("intercept", "setting[home]")
    assert names("setting - 1") == ("setting[clinic]", "setting[home]")
    assert names("C(wave)") == ("intercept", "wave[2]")
    assert names("wave") == ("intercept", "wave")
    assert names("blind") == ("intercept", "blind[True]")
    assert names("dose:setting") == ("intercept", "dose:setting[clinic]", "dose:setting[home]")
    assert names("dose + dose:setting") == ("intercept", "dose", "dose:setting[home]")
    assert names("setting", levels={"setting": ["home", "clinic"]}) == (
        "intercept", "setting[clinic]",
    )  # fmt: skip
    with pytest.raises(DataError, match="not among its levels"):
        names("setting", levels={"setting": ["home"]})
    with pytest.raises(OptionError, match="No such column"):
        names("place")


def test_rows_without_a_moderator_are_named():
    found = es.meta_regression(DATA, "setting + dose")
    assert found.left_out == ("Study 7", "Study 8")
    assert found.k == 6
    assert found.reference_levels == {"setting": "clinic"}
    assert found.terms == ("intercept", "setting[home]", "dose")
    assert found.moderators.df1 == 2
    assert "knapp and hartung" in found.method_sentence().lower()
    assert list(found.to_frame()["term"]) == list(found.terms)


def test_matrix_and_formula_agree():
    by_formula = es.meta_regression(DATA, "dose", tau2="PM", ci="z")
    matrix = np.column_stack([np.ones(8), DATA.dose])
    by_matrix = es.meta_regression(DATA, matrix, tau2="PM", ci="z", terms=["one", "dose"])
    assert by_matrix.terms == ("intercept", "dose")
    np.testing.assert_allclose(by_matrix.coefficients, by_formula.coefficients)
    assert by_matrix.moderators.p_value == pytest.approx(by_formula.moderators.p_value)
    frame = es.meta_regression(DATA, pd.DataFrame({"dose": DATA.dose}))
    assert frame.terms == ("dose",)
    assert np.isnan(frame.r2)
    with pytest.raises(DataError, match="a row for each"):
        es.meta_regression(DATA, matrix[:5])


def test_a_fit_lends_its_options(fit):
    assert es.meta_regression(fit, "dose").options.ci == "HKSJ"
    other = es.meta_regression(es.pool(DATA, tau2="DL", ci="z"), "dose", level=0.9)
    assert (other.options.tau2, other.options.ci, other.options.level) == ("DL", "z", 0.9)
    assert other.df == float("inf")
    assert other.moderators.distribution == "chi2"


def test_intercept_only_is_the_pooled_effect(fit):
    found = es.meta_regression(fit, "1")
    assert found.coefficients[0] == pytest.approx(fit.estimate, rel=1e-9)
    assert found.ci_lower[0] == pytest.approx(fit.ci_lower, rel=1e-8)
    assert found.i2 == pytest.approx(fit.i2, rel=1e-8)
    assert np.isnan(found.moderators.statistic)
    assert found.moderators.reason


def test_safeguard_applies_to_all_coefficients_or_none():
    calm = DATA.assign(yi=0.1 * DATA.dose + 0.001 * np.arange(8))
    guarded = es.meta_regression(calm, "dose")
    wald = es.meta_regression(calm, "dose", ci="z")
    assert guarded.safeguard_applied
    assert guarded.notes
    np.testing.assert_allclose(guarded.se, wald.se)
    plain = es.meta_regression(calm, "dose", safeguard="none")
    assert (plain.se < wald.se).all()
    assert "narrow" in guarded.notes[0]


def test_what_regression_cannot_do_is_said():
    with pytest.raises(NotEstimableError, match="2 coefficients need at least 3 studies"):
        es.meta_regression(DATA[:2], "dose")
    with pytest.raises(DataError, match=r"'twice'.*dose"):
        es.meta_regression(DATA.assign(twice=2 * DATA.dose), "dose + twice")
    with pytest.raises(DataError, match="one level only"):
        es.meta_regression(DATA.assign(same="x"), "same")
    same = es.meta_regression(DATA.assign(yi=0.3 + 1e-3 * DATA.wave), "dose")
    assert np.isnan(same.r2)
    assert any("R²" in note for note in same.notes)


def test_order_of_rows_does_not_matter(fit):
    order = [5, 2, 7, 0, 3, 1, 6, 4]
    one = es.subgroups(fit, "setting")
    other = es.subgroups(es.pool(DATA.iloc[order].reset_index(drop=True)), "setting")
    for a, b in zip(one.groups, other.groups, strict=True):
        assert a.level == b.level
        assert a.fit.estimate == pytest.approx(b.fit.estimate, rel=1e-10)
    assert dataclasses.astuple(one.test_common)[0] == pytest.approx(
        other.test_common.statistic, rel=1e-9
    )
