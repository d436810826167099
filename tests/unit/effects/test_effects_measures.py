"""Each measure by hand, and the properties all share."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evisynth as es
from evisynth.effects import MEASURES, ROLES, EffectEstimates, find_measure
from evisynth.effects.sources import SOURCES
from evisynth.errors import OptionError

ARMS = {
    "study": ["A", "B", "C"],
    "n1": [12, 40, 9],
    "mean1": [5.0, 2.2, 1.0],
    "sd1": [2.0, 1.1, 3.0],
    "n2": [14, 35, 11],
    "mean2": [3.9, 2.9, 1.0],
    "sd2": [2.5, 1.3, 2.0],
}
TABLES = {
    "study": ["A", "B", "C", "D", "E"],
    "events1": [0, 0, 12, 0, 5],
    "n1": [12, 10, 12, 7, 20],
    "events2": [0, 3, 14, 9, 6],
    "n2": [14, 11, 14, 9, 20],
}


def test_mean_difference_by_hand():
    md = es.effects(ARMS, "MD")
    assert md.estimates == pytest.approx([1.1, -0.7, 0.0])
    assert md.variances[0] == pytest.approx(4 / 12 + 6.25 / 14)
    pooled = (11 * 4 + 13 * 6.25) / 24
    ho = es.effects(ARMS, "MD", variance_formula="HO")
    assert ho.variances[0] == pytest.approx(pooled * (1 / 12 + 1 / 14))


def test_revman_smd_by_hand():
    g = es.effects(ARMS, "SMD", variance_formula="RevMan")
    pooled = math.sqrt((11 * 4 + 13 * 6.25) / 24)
    expected = 1.1 / pooled * (1 - 3 / (4 * 26 - 9))
    assert g.estimates[0] == pytest.approx(expected)
    assert g.variances[0] == pytest.approx(26 / (12 * 14) + expected**2 / (2 * (26 - 3.94)))
    assert "3.94" in g.method


def test_no_effect_variance():
    g = es.effects(ARMS, "SMD", variance_formula="H0")
    assert g.variances == pytest.approx([1 / 12 + 1 / 14, 1 / 40 + 1 / 35, 1 / 9 + 1 / 11])


def test_formulas_of_another_measure_are_refused():
    with pytest.raises(OptionError, match="variance_formula of MD: 'AV'"):
        es.effects(ARMS, "MD", variance_formula="AV")
    with pytest.raises(OptionError, match="'HO' is not known; allowed: LS, LS2"):
        es.effects(ARMS, "SMD", variance_formula="HO")


def test_odds_ratio_by_hand():
    odds = es.effects(TABLES, "OR")
    assert odds.estimates[4] == pytest.approx(math.log(5 * 14 / (15 * 6)))
    assert odds.variances[4] == pytest.approx(1 / 5 + 1 / 15 + 1 / 6 + 1 / 14)
    assert odds.estimates[1] == pytest.approx(math.log(0.5 * 8.5 / (10.5 * 3.5)))
    assert odds.scale.is_ratio
    assert odds.scale.shown(0.0) == 1


@pytest.mark.parametrize("measure", ["OR", "RR"])
def test_studies_without_events_anywhere_are_not_estimable(measure):
    result = es.effects(TABLES, measure)
    assert result.reasons[0] == "no event in either arm"
    assert result.reasons[2] == "an event in everyone of both arms"
    assert result.estimable.tolist() == [False, True, False, True, True]
    assert any("2 studies with no event" in note for note in result.notes)
    kept = es.effects(TABLES, measure, double_zero="keep")
    assert kept.estimable.all()


def test_risk_difference_keeps_studies_without_events():
    result = es.effects(TABLES, "RD")
    assert result.estimable.all()
    assert any("0.5 added to all four cells of 4 studies" in note for note in result.notes)
    assert not es.effects(TABLES, "RD", double_zero="drop").estimable[[0, 2]].any()


def test_no_correction_leaves_zero_cells_without_an_estimate():
    result = es.effects(TABLES, "OR", continuity_to="none")
    assert result.estimable.tolist() == [False, False, False, False, True]
    assert result.reasons[1] == "a cell of the 2x2 table is 0 and no constant was added"
    same = es.effects(TABLES, "OR", continuity=0)
    assert same.estimable.tolist() == result.estimable.tolist()


def test_continuity_can_be_added_everywhere():
    every = es.effects(TABLES, "OR", continuity_to="all")
    assert every.estimates[4] == pytest.approx(math.log(5.5 * 14.5 / (15.5 * 6.5)))
    some = es.effects(TABLES, "OR", continuity_to="if0all")
    assert np.array_equal(some.estimates, every.estimates, equal_nan=True)


def test_given_estimates_with_se_variance_or_limits():
    table = {
        "study": ["a", "b", "c", "d"],
        "yi": [0.2, 0.1, 0.4, 0.3],
        "sei": [0.1, None, None, None],
        "vi": [None, 0.04, None, None],
        "ci_lower": [None, None, 0.2, None],
        "ci_upper": [None, None, 0.6, None],
    }
    result = es.effects(table, "GEN")
    half = 1.959963984540054
    assert result.variances[:3] == pytest.approx([0.01, 0.04, (0.2 / half) ** 2])
    assert result.reasons[3] == "vi is missing"
    assert result.scale.name == "identity"
    assert "given variances, given standard errors" in result.method


def test_ratios_on_the_natural_scale_are_converted():
    table = {"study": ["a", "b"], "or": [1.18, 1.45], "low": [0.9, 1.02], "high": [1.54, 2.08]}
    result = es.effects(
        table, "GEN", estimate="or", ci_lower="low", ci_upper="high", scale="log",
        given="natural", label="Hazard ratio", short="HR",
    )  # fmt: skip
    assert result.estimates == pytest.approx(np.log([1.18, 1.45]))
    assert result.standard_errors[0] == pytest.approx(
        math.log(1.54 / 0.9) / (2 * 1.959963984540054)
    )
    assert (result.scale.label, result.scale.short) == ("Hazard ratio", "HR")
    assert result.scale.is_ratio


def test_a_difference_enters_with_its_sd_in_both_arms():
    table = {"study": ["a"], "n1": [29], "n2": [31], "difference": [-2.1], "sd": [3.0521]}
    as_arms = {
        "study": ["a"], "n1": [29], "mean1": [-2.1], "sd1": [3.0521],
        "n2": [31], "mean2": [0.0], "sd2": [3.0521],
    }  # fmt: skip
    for measure in ("SMD", "MD"):
        one, other = es.effects(table, measure), es.effects(as_arms, measure)
        assert one.estimates == pytest.approx(other.estimates)
        assert one.variances == pytest.approx(other.variances)


def test_standard_deviations_are_computed_from_what_is_there():
    sd = 3.0
    n1, n2 = 30, 34
    root = math.sqrt(1 / n1 + 1 / n2)
    se = sd * root
    table = pd.DataFrame(
        {
            "study": list("abcd"),
            "n1": n1,
            "n2": n2,
            "difference": -1.2,
            "se": [se, None, None, None],
            "ci_lower": [None, -1.2 - 1.998971517033376 * se, None, None],
            "ci_upper": [None, -1.2 + 1.998971517033376 * se, None, None],
            "t_value": [None, None, -1.2 / se, None],
            "p_value": [None, None, None, 0.11530183],
        }
    )
    result = es.effects(table, "SMD")
    assert result.estimates[:3] == pytest.approx([result.estimates[0]] * 3)
    assert result.estimates[3] == pytest.approx(result.estimates[0], rel=2e-3)
    assert result.data["sd1_used"].tolist()[:3] == pytest.approx([sd] * 3)
    assert len(result.notes) == 4
    assert "1 standard deviation computed from t values of differences" in result.notes
    assert "P values of differences (t test)" in result.method


def test_arm_sd_from_se_and_interval():
    table = {
        "study": ["a", "b"],
        "n_e": [37, 47], "mean_e": [44.7, 1.66], "sd_e": [None, None], "se_e": [1.3, None],
        "ci_lb_e": [None, 0.92], "ci_ub_e": [None, 2.40],
        "n_c": [31, 48], "mean_c": [44.9, 0.46], "sd_c": [6.6813, 3.0478],
    }  # fmt: skip
    result = es.effects(table, "SMD")
    assert result.data["sd1_used"].tolist() == pytest.approx(
        [1.3 * math.sqrt(37), 2.5203], rel=1e-4
    )
    assert result.columns["ci_lower1"] == "ci_lb_e"
    normal = es.effects(table, "SMD", ci_distribution="normal")
    assert normal.data["sd1_used"][1] > result.data["sd1_used"][1]


def test_registry_knows_every_measure():
    assert {"MD", "SMD", "OR", "RR", "RD", "GEN", "IRR", "PHI", "COR", "PR"} <= set(MEASURES)
    for name, measure in MEASURES.items():
        assert name == measure.name
        assert measure.formulas
        assert set(measure.sources) <= set(SOURCES)
    assert {role for source in SOURCES.values() for role in source.roles} <= set(ROLES)
    assert find_measure("RD").scale.short == "RD"
    with pytest.raises(OptionError, match="Did you mean 'SMD'"):
        find_measure("SDM")


NUMBERS: dict[str, Any] = {
    "n": [40, 25, 60], "n1": [20, 30, 25], "n2": [22, 28, 27], "mean": [5.0, 4.0, 6.5],
    "mean1": [5.0, 4.2, 6.5], "mean2": [3.9, 5.0, 6.0], "sd": [2.0, 1.1, 3.0],
    "sd1": [2.0, 1.1, 3.0], "sd2": [2.5, 1.3, 2.0], "events": [3, 8, 12], "events1": [3, 8, 12],
    "events2": [5, 9, 7], "time": [100.5, 90, 80], "time1": [100.5, 90, 80],
    "time2": [110, 88.5, 70], "pairs11": [20, 5, 12], "pairs12": [10, 4, 6], "pairs21": [5, 3, 9],
    "pairs22": [15, 9, 30], "r": [0.3, -0.1, 0.5], "tp": [20, 31, 14], "fp": [5, 7, 2],
    "fn": [4, 3, 6], "tn": [50, 60, 44], "estimate": [0.1, 0.3, -0.2],
    "variance": [0.1, 0.2, 0.3], "t_value": [1.1, -0.4, 2.0], "r2": [0.3, 0.4, 0.2],
    "predictors": [3, 2, 4], "alpha": [0.8, 0.7, 0.9], "items": [10, 12, 8],
    "homozygous1": [20, 30, 25], "heterozygous": [40, 35, 50], "homozygous2": [10, 12, 30],
    "before1": [5.0, 4.0, 6.0], "after1": [6.0, 4.5, 7.5], "sd_before1": [2.0, 1.5, 2.5],
    "r_arm1": [0.5, 0.6, 0.4], "before2": [5.1, 4.2, 6.3], "after2": [5.3, 4.1, 6.9],
    "sd_before2": [2.1, 1.4, 2.6], "r_arm2": [0.5, 0.4, 0.3], "auc": [0.6, 0.7, 0.8],
}  # fmt: skip
"""Usual numbers of every role, three studies."""


def _example(measure: str) -> dict[str, Any]:
    """Return the numbers that the first source of a measure needs."""
    needs = SOURCES[MEASURES[measure].sources[0]].needs
    return {role: NUMBERS[role] for need in needs for role in need[0]}


def _by_measure(measure: str) -> EffectEstimates:
    return es.effects(_example(measure), measure)


@pytest.mark.parametrize("measure", sorted(MEASURES))
def test_every_measure_gives_whole_results(measure):
    result = _by_measure(measure)
    assert result.measure == measure
    assert result.method
    assert (result.variances[result.estimable] > 0).all()
    reasons = np.array([bool(reason) for reason in result.reasons])
    assert (reasons == ~result.estimable).all()
    frame = result.to_frame()
    assert len(frame) == len(result)
    half = result.select(np.arange(len(result)) < 2)
    assert half.labels == result.labels[:2]


@pytest.mark.parametrize("measure", sorted(MEASURES))
def test_every_formula_of_every_measure_gives_a_variance(measure):
    for formula in MEASURES[measure].formulas:
        result = es.effects(_example(measure), measure, variance_formula=formula)
        assert result.estimable.all(), (formula, result.reasons)
        assert MEASURES[measure].words in result.method


@pytest.mark.parametrize("measure", sorted(MEASURES))
def test_the_order_of_studies_does_not_matter(measure):
    table = _example(measure)
    turned = {name: values[::-1] for name, values in table.items()}
    for formula in MEASURES[measure].formulas:
        one = es.effects(table, measure, variance_formula=formula)
        other = es.effects(turned, measure, variance_formula=formula)
        assert one.estimates[::-1] == pytest.approx(other.estimates, rel=1e-12)
        assert one.variances[::-1] == pytest.approx(other.variances, rel=1e-12)


SWAPPED = (
    "MD", "SMD", "SMDH", "ROM", "CVR", "VR", "D2ORN", "D2ORL", "RPB", "ZPB", "RBIS", "ZBIS", "OR",
    "RR", "RD", "AS", "PETO", "PBIT", "OR2DN", "OR2DL", "PHI", "ZPHI", "YUQ", "YUY", "RTET", "ZTET",
    "MPRR", "MPOR", "MPRD", "MPORC", "MPPETO", "MPORM", "IRR", "IRD", "IRSD",
)  # fmt: skip


@pytest.mark.parametrize("measure", SWAPPED)
def test_swapping_the_arms_turns_the_sign(measure):
    turn = {"1": "2", "2": "1", "pairs12": "pairs21", "pairs21": "pairs12"}
    tables = [_example(measure)]
    if measure in ("MD", "SMD"):
        tables.append(ARMS)
    if MEASURES[measure].sources[0] == "events":
        tables.append(TABLES)
    for table in tables:
        swapped = {
            turn.get(name)
            or (
                name if name.startswith("pairs") else name[:-1] + turn.get(name[-1], name[-1])
            ): values
            for name, values in table.items()
        }
        one, other = es.effects(table, measure), es.effects(swapped, measure)
        assert np.allclose(one.estimates, -other.estimates, equal_nan=True, atol=1e-14)
        assert np.allclose(one.variances, other.variances, equal_nan=True)


@given(
    factor=st.floats(1e-3, 1e3), shift=st.floats(-50, 50), n1=st.integers(2, 400),
    n2=st.integers(2, 400), mean=st.floats(-5, 5), sd1=st.floats(0.1, 20), sd2=st.floats(0.1, 20),
)  # fmt: skip
def test_smd_does_not_depend_on_the_unit(factor, shift, n1, n2, mean, sd1, sd2):
    one = {"n1": [n1], "mean1": [mean], "sd1": [sd1], "n2": [n2], "mean2": [0.5], "sd2": [sd2]}
    other = {
        "n1": [n1], "mean1": [mean * factor + shift], "sd1": [sd1 * factor],
        "n2": [n2], "mean2": [0.5 * factor + shift], "sd2": [sd2 * factor],
    }  # fmt: skip
    a, b = es.effects(one, "SMD"), es.effects(other, "SMD")
    assert np.allclose(a.estimates, b.estimates, rtol=1e-7, atol=1e-7, equal_nan=True)
    assert np.allclose(a.variances, b.variances, rtol=1e-7, equal_nan=True)
