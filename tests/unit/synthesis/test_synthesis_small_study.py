"""The front doors of small-study effects and selection models: words, reasons, warnings."""

import math

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.errors import OptionError
from evisynth.synthesis.selection import selection_model
from evisynth.synthesis.small_study import pet_peese, small_study_test
from evisynth.synthesis.small_study_excess import e_values, excess_test, fail_safe

RNG = np.random.default_rng(3)
V = RNG.uniform(0.01, 0.2, 24)
Y = RNG.normal(0.35, 0.3, 24)
GIVEN = pd.DataFrame({"yi": Y, "vi": V})
TABLES = pd.DataFrame(
    {
        "ai": [4, 6, 3, 17, 30, 9],
        "n1i": [123, 306, 231, 1716, 900, 80],
        "ci": [11, 29, 11, 65, 45, 20],
        "n2i": [139, 303, 220, 1665, 880, 85],
    }
)
MEANS = pd.DataFrame(
    {
        "n1": [20, 40, 15, 90], "mean1": [5, 6, 7, 5.5], "sd1": [2, 2, 3, 2.5],
        "n2": [22, 41, 15, 80], "mean2": [6, 6.5, 9, 5.8], "sd2": [2, 2.2, 3, 2.4],
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def given():
    return es.pool(GIVEN)


@pytest.fixture(scope="module")
def odds():
    return es.pool(es.effects(TABLES, "OR"))


@pytest.mark.parametrize(
    "test", ["harbord", "peters", "macaskill", "macaskill-variance", "debray", "debray-events"]
)
def test_tests_of_tables_answer_with_a_caution(odds, test) -> None:
    found = small_study_test(odds, test.upper())
    assert math.isfinite(found.p_value)
    assert (found.df, found.k, found.name) == (4, 6, test)
    assert "fewer than 10" in found.caution
    assert len(found.to_frame()) == 1


def test_nonevents_serve_as_well_as_sizes(odds) -> None:
    cells = TABLES.assign(bi=TABLES.n1i - TABLES.ai, di=TABLES.n2i - TABLES.ci)
    other = es.pool(es.effects(cells.drop(columns=["n1i", "n2i"]), "OR"))
    for test in ("harbord", "peters"):
        one, two = small_study_test(odds, test), small_study_test(other, test)
        assert one.p_value == pytest.approx(two.p_value)


def test_standardized_differences_take_their_sizes() -> None:
    fit = es.pool(es.effects(MEANS, "SMD"))
    found = small_study_test(fit, "pustejovsky-rodgers")
    x = np.sqrt(1 / MEANS.n1 + 1 / MEANS.n2)
    by_hand = np.polyfit(x, fit.effects.estimates, 1, w=1 / x)
    assert found.slope == pytest.approx(by_hand[0])
    same = MEANS.assign(n1=20, n2=20)
    assert (
        "same in all studies"
        in small_study_test(es.pool(es.effects(same, "SMD")), "pustejovsky-rodgers").reason
    )


def test_what_a_test_needs_is_said(given, odds) -> None:
    with pytest.raises(OptionError, match="no 2x2 tables"):
        small_study_test(given, "peters")
    with pytest.raises(OptionError, match="no sizes"):
        small_study_test(given, "pustejovsky-rodgers")
    with pytest.raises(OptionError, match="egger"):
        small_study_test(odds, "egger")
    two = es.pool(es.effects(TABLES.iloc[:2], "OR"))
    assert "three studies" in small_study_test(two, "peters").reason


def test_pet_peese_chooses_and_warns(given) -> None:
    found = pet_peese(given)
    assert found.chosen in ("PET", "PEESE")
    assert len(found.to_frame()) == 2
    assert "unreliable" in repr(found)
    assert "doi:10.1002/jrsm.1095" in found.method_sentence()
    strong = es.pool(pd.DataFrame({"yi": 1 + Y / 10, "vi": V}))
    assert pet_peese(strong).chosen == "PEESE"
    assert "three studies" in pet_peese(es.pool(GIVEN.iloc[:2])).reason
    equal = es.pool(GIVEN.assign(vi=0.1))
    assert "same in all studies" in repr(pet_peese(equal))


def test_fail_safe_n_is_given_with_its_warning(given) -> None:
    found = fail_safe(given, "rosenthal")
    assert "not advised" in found.warning
    assert found.n > 0
    assert found.to_frame()["n"].iloc[0] == found.n
    with pytest.raises(OptionError, match="target"):
        fail_safe(given, "Rosenberg", target=0.1)
    with pytest.raises(OptionError, match="method"):
        fail_safe(given, "Fisher")
    with pytest.raises(OptionError, match="alpha"):
        fail_safe(given, alpha=5)


def test_excess_test_says_what_it_is(given) -> None:
    found = excess_test(given)
    assert found.test == "exact"
    assert len(found.power) == 24
    assert "one explanation among others" in found.caution
    assert found.expected == pytest.approx(found.power.sum())
    assert "power" not in found.to_frame()
    with pytest.raises(OptionError, match="test"):
        excess_test(given, "fisher")


def test_e_values_need_a_measure_and_a_word_on_rarity(given, odds) -> None:
    with pytest.raises(OptionError, match="rare"):
        e_values(odds)
    rare, common = e_values(odds, rare=True), e_values(odds, rare=False)
    assert rare.estimate > common.estimate > 1
    assert common.risk_ratio == pytest.approx(np.exp(odds.estimate / 2))
    assert "E-value" in str(rare)
    with pytest.raises(OptionError, match="Effect"):
        e_values(given)
    means = es.pool(es.effects(MEANS, "SMD"))
    assert e_values(means).risk_ratio == pytest.approx(np.exp(0.91 * means.estimate))
    hazard = es.pool(es.effects(GIVEN, "GEN", scale="log", label="Hazard ratio", short="HR"))
    ratio = np.exp(hazard.estimate)
    converted = (1 - 0.5 ** np.sqrt(ratio)) / (1 - 0.5 ** np.sqrt(1 / ratio))
    assert e_values(hazard, rare=False).risk_ratio == pytest.approx(converted)


def test_a_selection_model_prints_and_becomes_tables(given) -> None:
    found = selection_model(given)
    text = repr(found)
    assert "step function" in text
    assert "without selection" in text
    assert any("REML" in note for note in found.notes)
    table = found.parameter_frame()
    assert table["studies"].sum() == 24
    assert table["delta"].iloc[0] == 1
    assert found.to_frame()["estimate"].iloc[0] == found.estimate
    assert "Vevea" in found.method_sentence()
    assert found.lrt_df == 1
    assert found.log_likelihood >= found.log_likelihood_without - 1e-9


def test_an_empty_interval_is_not_identified(given) -> None:
    found = selection_model(given, steps=[1e-12, 0.5])
    assert "no study has a P value between 0 and 1e-12" in found.reason
    assert math.isnan(found.estimate)
    assert math.isnan(found.lrt)
    assert not found.converged
    assert "not identified" in repr(found)
    known = selection_model(given, steps=[1e-12, 0.5], delta=[1, 0.9, 0.5])
    assert known.reason == ""
    assert math.isnan(known.lrt)
    negative = es.pool(GIVEN.assign(yi=-np.abs(Y)))
    assert "one side" in selection_model(negative, "trunc").reason
    assert "one side" in selection_model(negative, "negexp", steps=1e-9).reason


def test_few_studies_have_no_selection_model() -> None:
    assert "three studies" in selection_model(es.pool(GIVEN.iloc[:2])).reason


def test_sides_are_mirrors(given) -> None:
    mirrored = es.pool(GIVEN.assign(yi=-Y))
    one, other = selection_model(given), selection_model(mirrored, alternative="less")
    assert one.estimate == pytest.approx(-other.estimate, rel=1e-7)
    assert one.delta == pytest.approx(other.delta, rel=1e-6)
    assert (one.ci_lower, one.ci_upper) == pytest.approx((-other.ci_upper, -other.ci_lower))


def test_equal_effects_have_no_tau2(given) -> None:
    found = selection_model(es.pool(GIVEN, model="equal"), "halfnorm")
    assert math.isnan(found.tau2)
    assert math.isfinite(found.estimate)


def test_values_that_cannot_be_are_refused(given) -> None:
    with pytest.raises(OptionError, match="kind"):
        selection_model(given, "copas")
    with pytest.raises(OptionError, match="P values between 0 and 1"):
        selection_model(given, steps=[2.5])
    with pytest.raises(OptionError, match="has none"):
        selection_model(given, "beta", steps=0.05)
    with pytest.raises(OptionError, match="one threshold"):
        selection_model(given, "negexp", steps=[0.025, 0.5])
    with pytest.raises(OptionError, match="precision"):
        selection_model(given, "stepfun", precision="se")
    with pytest.raises(OptionError, match="sample sizes"):
        selection_model(given, "negexp", precision="1/n")
    with pytest.raises(OptionError, match="first interval"):
        selection_model(given, delta=[0.5, 1])
    with pytest.raises(OptionError, match="2 values, one an interval"):
        selection_model(given, delta=[0.5])
    with pytest.raises(OptionError, match="at least 0"):
        selection_model(given, "halfnorm", delta=[-1])
