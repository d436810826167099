"""Absolute effects, information size, standardized differences: the published formulas."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evisynth as es
from evisynth.certainty import (
    BaselineRisk,
    Thresholds,
    TypicalScale,
    absolute_effect,
    baseline_from_studies,
    make_ruler,
    optimal_size,
    optimal_size_continuous,
    plain_statement,
    reexpressions,
    risk_with,
    share_of_overlaps,
)
from evisynth.effects import MEASURES
from evisynth.errors import DataError, OptionError

WHOLE = 0.5
"""Published tables give whole people."""


@pytest.mark.parametrize(
    ("risk", "reduction", "total", "events"),
    [
        (0.05, 0.25, 8404, 368),
        (0.10, 0.25, 4008, 351),
        (0.20, 0.25, 1811, 317),
        (0.30, 0.25, 1078, 283),
        (0.10, 0.20, 6426, 578),
    ],
    ids=["5%", "10%", "20%", "30%", "10%-by-20%"],
)
def test_optimal_information_size(risk, reduction, total, events):
    found = optimal_size(risk, reduction)
    assert found.total == pytest.approx(total, abs=WHOLE)
    assert found.events == pytest.approx(events, abs=WHOLE)


POWER_PROP_TEST = {
    (0.05, 0.25): 4201.8959683262,
    (0.10, 0.25): 2004.20943141766,
    (0.20, 0.25): 905.365777964223,
    (0.30, 0.25): 539.084115006427,
    (0.10, 0.20): 3212.93706249611,
}
"""R 4.2.2, power.prop.test(p1 = p (1 - r), p2 = p, power = 0.8, tol = 1e-13)$n."""

ROOT = 1e-11
"""R finds n by a root search that ends there."""


@pytest.mark.parametrize(("risk", "reduction"), POWER_PROP_TEST, ids=str)
def test_optimal_information_size_is_that_of_r(risk, reduction):
    expected = POWER_PROP_TEST[risk, reduction]
    assert optimal_size(risk, reduction).per_group == pytest.approx(expected, rel=ROOT)


def test_optimal_information_size_of_a_continuous_outcome_is_per_group():
    found = optimal_size_continuous(0.2)
    assert found.per_group == pytest.approx(392, abs=WHOLE)
    assert found.total == pytest.approx(785, abs=WHOLE)
    assert math.isnan(found.events)
    assert optimal_size_continuous(-2.0, 10.0).per_group == pytest.approx(found.per_group)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: optimal_size(0.0),
        lambda: optimal_size(1.2),
        lambda: optimal_size(0.1, 1.0),
        lambda: optimal_size(0.1, alpha=0.0),
        lambda: optimal_size_continuous(0.0),
        lambda: optimal_size_continuous(1.0, 0.0),
    ],
    ids=["no-risk", "risk-above-1", "whole-reduction", "alpha", "no-difference", "no-sd"],
)
def test_information_size_refuses_what_has_no_answer(wrong):
    with pytest.raises(DataError):
        wrong()


@pytest.mark.parametrize(
    ("relation", "effect", "baseline", "expected"),
    [
        ("RR", 0.75, 0.2, 0.15),
        ("OR", 0.5, 0.2, 0.1 / 0.9),
        ("HR", 0.5, 0.36, 0.2),
        ("RD", -0.05, 0.2, 0.15),
        ("IRR", 0.5, 3.0, 1.5),
    ],
)
def test_risk_with_the_intervention(relation, effect, baseline, expected):
    assert risk_with(relation, effect, baseline) == pytest.approx(expected)


def test_risks_take_arrays_and_refuse_other_measures():
    found = risk_with("OR", np.array([0.5, 1.0]), 0.2)
    assert found == pytest.approx([0.1 / 0.9, 0.2])
    with pytest.raises(OptionError, match="measure"):
        risk_with("SMD", 0.5, 0.2)  # type: ignore[arg-type]


def test_absolute_effect_in_words():
    found = absolute_effect("RR", 0.68, 0.59, 0.79, BaselineRisk(0.531, "median", "studies"))
    assert found.comparator_words == "531 per 1,000"
    assert found.intervention_words == "361 per 1,000 (313 to 419)"
    assert found.difference_words == "170 fewer per 1,000 (from 218 fewer to 112 fewer)"
    assert not found.held


def test_a_risk_beyond_one_is_held_and_said():
    found = absolute_effect("RR", 1.5, 1.1, 2.4, 0.5)
    assert found.held
    assert (found.risk, found.risk_upper) == (0.75, 1.0)
    assert found.upper == 0.5


def test_no_difference_and_both_sides_in_words():
    assert absolute_effect("RR", 1.0, 0.999, 1.001, 0.1).difference_words == (
        "0 fewer per 1,000 (from 0 to 0)"
    )
    assert absolute_effect("RR", 1.2, 0.9, 1.5, 0.1).difference_words == (
        "20 more per 1,000 (from 10 fewer to 50 more)"
    )
    assert "per 1,000 person-time" in absolute_effect("IRR", 0.5, 0.2, 0.9, 1.5).comparator_words


@pytest.mark.parametrize("risk", [0.0, -0.1, float("nan"), 1.0])
def test_an_impossible_baseline_risk_is_refused(risk):
    with pytest.raises(DataError, match="baseline risk"):
        absolute_effect("RR", 0.5, 0.4, 0.6, risk)


risks = st.floats(0.001, 0.999)
ratios = st.floats(0.02, 50)


@given(st.sampled_from(["RR", "OR", "HR", "IRR"]), ratios, ratios, risks)
def test_absolute_effects_keep_the_side_and_the_order(relation, first, second, risk):
    low, high = sorted((first, second))
    middle = math.sqrt(low * high)
    found = absolute_effect(relation, middle, low, high, risk)
    assert found.risk_lower <= found.risk <= found.risk_upper
    assert found.lower <= found.difference <= found.upper
    assert found.risk_lower >= 0
    if relation != "IRR":
        assert found.risk_upper <= 1
    assert (middle < 1) == (found.difference < 0) or abs(found.difference) < 1e-12
    at_one = absolute_effect(relation, 1.0, 1.0, 1.0, risk)
    assert at_one.difference == pytest.approx(0.0, abs=1e-12)


def test_baseline_from_the_studies():
    table = pd.DataFrame(
        {"events1": [5, 10, 2], "n1": [50, 100, 40], "events2": [10, 30, 2], "n2": [50, 100, 40]}
    )
    effects = es.effects(table, measure="RR")
    median = baseline_from_studies(effects)
    pooled = baseline_from_studies(effects, "pooled")
    assert median is not None
    assert pooled is not None
    assert median.risk == pytest.approx(0.2)
    assert pooled.risk == pytest.approx(42 / 190)
    assert "3 studies" in pooled.source
    given_only = es.effects(pd.DataFrame({"yi": [0.1], "vi": [0.1]}), measure="GEN")
    assert baseline_from_studies(given_only) is None
    with pytest.raises(OptionError):
        baseline_from_studies(effects, "mean")  # type: ignore[arg-type]


def test_baseline_of_rates_is_over_time():
    table = pd.DataFrame({"events1": [5], "time1": [10.0], "events2": [10], "time2": [8.0]})
    found = baseline_from_studies(es.effects(table, measure="IRR"))
    assert found is not None
    assert found.risk == pytest.approx(1.25)


def test_standardized_difference_in_other_words():
    scale = TypicalScale("HADS", 4.0)
    points, odds, share = reexpressions(
        -0.5, -0.8, -0.2, typical=scale, responders=BaselineRisk(0.3)
    )
    assert points.value == pytest.approx(-2.0)
    assert odds.value == pytest.approx(math.exp(0.5 * math.pi / math.sqrt(3)))
    assert share.value == pytest.approx(risk_with("OR", float(odds.value or 0), 0.3))
    higher = reexpressions(0.5, 0.2, 0.8, lower_is_better=False)
    assert higher[0].value == pytest.approx(odds.value)


@pytest.mark.parametrize(
    ("scale", "expected", "words"),
    [
        (TypicalScale("x", 4.0, mid=1.5, lowest=0, highest=21), 1.5, "anchor"),
        (TypicalScale("x", 4.0, lowest=0, highest=21), 2.1, "fallback: 10% of the range"),
        (TypicalScale("x", 4.0), 2.0, "fallback: half a standard deviation"),
    ],
    ids=["anchor", "range", "half-sd"],
)
def test_minimal_important_difference(scale, expected, words):
    mid, source = scale.least_important()
    assert mid == pytest.approx(expected)
    assert words in source


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Thresholds(0),
        lambda: Thresholds(10, 5),
        lambda: Thresholds(10, large=20),
        lambda: Thresholds(0.8, unit="ratio"),
        lambda: TypicalScale("x", 0.0),
        lambda: TypicalScale("x", 1.0, mid=-1.0),
        lambda: TypicalScale("x", 1.0, lowest=2, highest=1),
    ],
)
def test_impossible_thresholds_are_refused(wrong):
    with pytest.raises(DataError):
        wrong()


def test_a_ruler_knows_size_and_thresholds():
    scale = MEASURES["RR"].scale
    ruler = make_ruler(scale, Thresholds(10, 20, 50, "per 1000"), baseline=BaselineRisk(0.1))
    low, high = math.log(0.4), math.log(1.15)
    assert [mark for mark, _ in ruler.crossed(low, high)] == ["large", "moderate", "small", "small"]
    assert ruler.holds_null(low, high)
    sizes = [ruler.size(math.log(ratio)) for ratio in (0.95, 0.85, 0.7, 0.4)]
    assert sizes == ["trivial", "small", "moderate", "large"]
    assert not ruler.fallback


@pytest.mark.parametrize(
    ("measure", "thresholds", "typical", "baseline", "words"),
    [
        ("SMD", Thresholds(10), None, None, "use 'SMD' or 'points'"),
        ("SMD", Thresholds(1, unit="points"), None, None, "state a typical SD"),
        ("RR", Thresholds(10), None, None, "state a baseline risk"),
        ("RR", Thresholds(1, unit="points"), None, None, "use 'ratio' or 'per 1000'"),
    ],
)
def test_thresholds_that_do_not_fit_say_what_is_missing(
    measure, thresholds, typical, baseline, words
):
    with pytest.raises(DataError, match=words):
        make_ruler(MEASURES[measure].scale, thresholds, typical=typical, baseline=baseline)


@pytest.mark.parametrize(
    ("measure", "thresholds", "value", "size"),
    [
        ("SMD", Thresholds(1, 2, 3, "points"), -0.6, "moderate"),
        ("SMD", None, -0.6, "moderate"),
        ("MD", Thresholds(1, unit="points"), 2.0, "important"),
        ("MD", Thresholds(0.2, 0.5, 0.8, "SMD"), 3.0, "moderate"),
        ("MD", None, 3.0, "moderate"),
        ("OR", Thresholds(1.2, 2, 5, "ratio"), math.log(0.4), "moderate"),
        ("OR", None, math.log(0.4), ""),
        ("ROM", Thresholds(1.2, unit="ratio"), math.log(1.1), "trivial"),
    ],
)
def test_units_of_thresholds(measure, thresholds, value, size):
    ruler = make_ruler(MEASURES[measure].scale, thresholds, typical=TypicalScale("x", 4.0))
    assert ruler.size(value) == size
    assert ruler.fallback == (thresholds is None and bool(size))


def test_overlap_of_intervals():
    one = np.array([0.0])
    assert math.isnan(share_of_overlaps(one, one + 1))
    assert share_of_overlaps(np.array([0.0, 5.0]), np.array([1.0, 6.0])) == 0.0
    assert share_of_overlaps(np.array([0.0, 1.0]), np.array([1.0, 6.0])) == 1.0


@pytest.mark.parametrize(
    ("level", "size", "expected"),
    [
        ("High", "large", "The app results in a large increase in sleep."),
        ("Moderate", "moderate", "The app probably increases sleep."),
        ("Moderate", "small", "The app probably increases sleep slightly."),
        ("Low", "trivial", "The app may result in little to no difference in sleep."),
        ("Low", "important", "The app may increase sleep."),
        (
            "Very low",
            "large",
            "The evidence is very uncertain about the effect of the app on sleep.",
        ),
    ],
)
def test_statements(level, size, expected):
    assert plain_statement("The app", "sleep", level, size, lowers=False) == expected


def test_a_statement_without_thresholds_names_no_size():
    text = plain_statement("The app", "death", "High", "", lowers=True, includes_none=True)
    assert text == "The app reduces death, but the interval includes no effect."
