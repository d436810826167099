"""Facts and proposals of each domain, on results made for them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evisynth as es
from evisynth.appraisal import Assessment, DomainJudgement
from evisynth.certainty import (
    DOMAINS,
    BaselineRisk,
    Thresholds,
    TypicalScale,
    allowed_levels,
    result_fingerprint,
)
from evisynth.errors import DataError
from evisynth.synthesis import PooledFit


def evidence(*given_by_place: Any, **by_name: Any) -> Any:
    return es.certainty.evidence(*given_by_place, **by_name)


EQUAL: dict[str, Any] = {"model": "equal"}


def fit_of(estimates: Any, variances: Any, **options: Any) -> PooledFit:
    table = pd.DataFrame(
        {
            "study": [f"S{place}" for place in range(len(estimates))],
            "yi": estimates,
            "vi": variances,
            "n1": [200] * len(estimates),
            "n2": [200] * len(estimates),
        }
    )
    made = es.effects(
        table, measure="GEN", study="study", scale=options.pop("scale", "identity"),
        label=options.pop("label", "Standardized mean difference"),
        short=options.pop("short", "SMD"),
    )  # fmt: skip
    return es.pool(made, **options)


def ratio_fit(ratios: Any, variances: Any, short: str = "RR", **options: Any) -> PooledFit:
    return fit_of(np.log(ratios), variances, scale="log", label=short, short=short, **options)


def judged(*words: str) -> dict[str, str]:
    return {f"S{place}": word for place, word in enumerate(words)}


@pytest.mark.parametrize(
    ("words", "levels"),
    [
        (("low", "low", "low", "low"), 0),
        (("high", "high", "high", "low"), -2),
        (("high", "some concerns", "some concerns", "low"), -1),
        (("low", "low", "low", "not assessed"), None),
        (("low", "low", "low", "incomplete"), None),
        (("low", "low", "high", "low"), None),
        (("serious", "critical", "Serious", "low"), -2),
        (("moderate", "moderate", "moderate", "low"), -1),
    ],
    ids=["low", "high", "mixed", "gap", "incomplete", "a-quarter", "robins-i", "robins-i-moderate"],
)
def test_risk_of_bias_goes_by_the_weight(words, levels):
    fit = fit_of([0.3, 0.31, 0.29, 0.3], [0.04] * 4, **EQUAL)
    found = evidence(fit, judged(*words)).domain("risk_of_bias")
    assert found.proposal.levels == levels


def test_studies_at_low_risk_that_differ_lower():
    fit = fit_of([0.0, 0.0, 0.0, 2.0], [0.01] * 4, **EQUAL)
    found = evidence(fit, judged("low", "low", "low", "high")).domain("risk_of_bias")
    assert found.proposal.levels == -1
    assert found.fact("effect_low_risk").value == pytest.approx(0.0)
    assert found.fact("low_risk_against_others").value < 0.001
    assert found.fact("weight_low").value == pytest.approx(75.0)
    assert found.fact("weight_high").value == pytest.approx(25.0)


def test_the_judgement_is_that_of_the_result():
    def made(study: str, outcome: str, final: Any) -> Assessment:
        overall = DomainJudgement("overall", final, final)
        return Assessment(study, outcome, "rob2-parallel-assignment", {}, (), overall, "ada")

    from evisynth.certainty.case import judgements_of

    assessments = [made("S0", "pain", "high"), made("S0", "", "low"), made("S1", "", "low")]
    assert judgements_of(["S0", "S1"], "pain", assessments) == {"S0": "high", "S1": "low"}
    assert judgements_of(["S0"], "sleep", assessments) == {"S0": "low"}


def test_one_study_is_not_inconsistent():
    found = evidence(fit_of([0.3], [0.04]))
    assert found.domain("inconsistency").proposal.levels == 0


@pytest.mark.parametrize(
    ("estimates", "levels"),
    [
        ([-0.3, -0.31, -0.29, -0.3], 0),
        ([-1.0, 0.6] * 20, -2),
        ([-1.6, 0.9, -1.2, 1.0], None),
        ([-0.95, -0.55, -0.9, -0.6, -0.93, -0.57, -0.92, -0.58], -1),
    ],
    ids=["alike", "both-sides", "in-the-interval-already", "further-threshold"],
)
def test_inconsistency_goes_by_the_prediction_interval(estimates, levels):
    fit = fit_of(estimates, [0.004] * len(estimates))
    assert evidence(fit).domain("inconsistency").proposal.levels == levels


def test_the_facts_of_heterogeneity_are_those_of_the_fit():
    fit = fit_of([-1.0, 0.2, -0.5, 0.1], [0.01] * 4)
    found = evidence(fit).domain("inconsistency")
    assert found.fact("i2").value == fit.i2
    assert found.fact("tau2").value == fit.tau2
    assert "95% CI" in found.fact("tau2").words
    assert "crosses the thresholds" in found.fact("prediction_interval").words
    assert 0 <= found.fact("overlap").value <= 1


@pytest.mark.parametrize(
    ("ratio", "variance", "thresholds", "levels"),
    [
        (0.5, 0.0001, Thresholds(10, 20, 30), 0),
        (0.5, 0.02, Thresholds(10, 20, 40), -1),
        (0.8, 0.01, Thresholds(10, 20, 40), -2),
        (0.9, 0.3, Thresholds(10, 20, 40), -3),
        (0.9, 0.3, None, -2),
        (0.95, 0.003, None, -1),
        (0.5, 0.0001, None, 0),
    ],
    ids=["none", "one", "two", "many", "both-quarters", "null-only", "clear"],
)
def test_imprecision_goes_by_the_thresholds_inside(ratio, variance, thresholds, levels):
    fit = ratio_fit([ratio] * 12, [variance * 12] * 12, ci="z", **EQUAL)
    found = evidence(fit, baseline=0.1, thresholds=thresholds).domain("imprecision")
    assert found.proposal.levels == levels


def test_a_clear_interval_below_the_information_size():
    fit = ratio_fit([0.2, 0.2], [0.02, 0.02], ci="z", **EQUAL)
    found = evidence(fit, baseline=0.1, thresholds=Thresholds(5, 10, 20)).domain("imprecision")
    assert found.fact("optimal_information_size").value == pytest.approx(4008.4, abs=0.1)
    assert found.proposal.levels == -2
    assert "large effect" in found.proposal.reason
    small = evidence(fit, baseline=0.1, thresholds=Thresholds(5)).domain("imprecision")
    assert small.proposal.levels == -2
    modest = ratio_fit([0.8, 0.8], [0.0001] * 2, ci="z", **EQUAL)
    found = evidence(modest, baseline=0.1, thresholds=Thresholds(5, 10, 30))
    assert found.domain("imprecision").proposal.levels == 0
    unstated = evidence(modest, baseline=0.1).domain("imprecision")
    assert unstated.proposal.levels == -1
    assert "20% of the optimal information size" in unstated.proposal.reason


def test_other_fits_are_refused_with_the_way_out():
    with pytest.raises(DataError, match=r"not for int; pool effect estimates with es\.pool"):
        evidence(3)


def test_absolute_effects_by_baseline_risk():
    fit = ratio_fit([0.5, 0.5], [0.02, 0.02], ci="z", **EQUAL)
    risks = [BaselineRisk(0.02, "low"), BaselineRisk(0.2, "high")]
    found = evidence(fit, baseline=risks)
    assert [effect.difference for effect in found.absolute] == pytest.approx([-0.01, -0.1])
    assert found.fact("number_needed_2").value == pytest.approx(10.0)
    assert "(NNTB): 10 (" in found.fact("number_needed_2").words
    assert "low" in found.fact("absolute_1").words


def test_no_number_needed_where_the_interval_includes_no_effect():
    fit = ratio_fit([0.9, 0.9], [0.2, 0.2], ci="z", **EQUAL)
    assert evidence(fit, baseline=0.1).fact("number_needed_1") is None


@pytest.mark.parametrize(
    ("short", "variance", "says"),
    [("RR", 0.05, ": no sign"), ("RR", 0.2, ": a sign"), ("OR", 0.12, ": a sign")],
)
def test_ratio_of_limits(short, variance, says):
    fit = ratio_fit([0.5, 0.5], [variance * 2] * 2, short=short, ci="z", **EQUAL)
    fact = evidence(fit, baseline=0.1).fact("ratio_of_limits")
    assert fact.value == pytest.approx(math.exp(2 * 1.959964 * math.sqrt(variance)), rel=1e-6)
    assert says in fact.words


def test_a_baseline_risk_is_stated_or_taken_from_the_studies():
    table = pd.DataFrame({"events1": [5, 9], "n1": [50, 90], "events2": [10, 18], "n2": [50, 90]})
    fit = es.pool(es.effects(table, measure="OR"))
    found = evidence(fit)
    assert found.absolute[0].baseline.risk == pytest.approx(0.2)
    assert (found.participants, found.events) == (280, 42)
    assert evidence(fit, baseline=0.3).absolute[0].baseline.risk == 0.3
    assert evidence(ratio_fit([0.5], [0.1])).absolute == ()


def test_standardized_differences_are_held_against_the_convention_and_it_says_so():
    fit = fit_of([-0.5, -0.5], [0.02, 0.02], ci="z", **EQUAL)
    found = evidence(fit, typical=TypicalScale("HADS", 4.0))
    assert found.size == "moderate"
    assert "fallback" in found.size_source
    assert "convention" in found.domain("imprecision").proposal.reason
    assert found.fact("points").value == pytest.approx(-2.0)
    assert "fallback" in found.fact("minimal_important_difference").words


def test_publication_bias():
    few = evidence(fit_of([0.1, 0.2, 0.3], [0.01] * 3)).domain("publication_bias")
    assert few.proposal.levels is None
    assert few.fact("asymmetry").value is None
    assert few.fact("not_reported").value is None
    known = evidence(fit_of([0.1, 0.2], [0.01] * 2), not_reported=4, registered=9)
    fact = known.fact("not_reported")
    assert (fact.value, known.domain("publication_bias").proposal.levels) == (4, -1)
    assert "4 studies of 9 registered" in fact.words


def test_many_symmetric_studies_show_no_sign_and_asymmetric_ones_do():
    variances = np.array([0.01, 0.02, 0.04, 0.08, 0.16, 0.3] * 2)
    symmetric = np.array([1, -1] * 6) * np.sqrt(variances) * 0.3 + 0.2
    found = evidence(fit_of(symmetric, variances)).domain("publication_bias")
    assert found.fact("asymmetry_egger").value > 0.1
    skewed = 0.1 + 1.6 * np.sqrt(variances) + np.array([1, -1] * 6) * 0.02
    found = evidence(fit_of(skewed, variances, **EQUAL)).domain("publication_bias")
    assert found.fact("asymmetry_egger").value < 0.1
    assert found.fact("trim_and_fill").value > 0
    assert found.proposal.levels == -1


@pytest.mark.parametrize(
    ("ratio", "variance", "levels"),
    [(7.0, 0.01, 2), (0.14, 0.01, 2), (3.0, 0.01, 1), (2.2, 0.01, None), (1.5, 0.01, 0),
     (3.0, 2.0, 0)],
    ids=["very-large", "very-large-below", "large", "estimate-only", "not-large", "includes-none"],
)  # fmt: skip
def test_large_effects_raise_non_randomized_studies_only(ratio, variance, levels):
    fit = ratio_fit([ratio] * 2, [variance * 2] * 2, ci="z", **EQUAL)
    found = evidence(fit, baseline=0.01, design="non-randomized")
    assert found.domain("large_effect").proposal.levels == levels
    assert evidence(fit, baseline=0.01).domain("large_effect").proposal.levels == 0


def test_an_odds_ratio_becomes_a_risk_ratio_before_it_is_called_large():
    fit = ratio_fit([8.0] * 2, [0.002] * 2, short="OR", ci="z", **EQUAL)
    rare = evidence(fit, baseline=0.001, design="non-randomized").domain("large_effect")
    common = evidence(fit, baseline=0.5, design="non-randomized").domain("large_effect")
    assert (rare.proposal.levels, common.proposal.levels) == (2, 0)
    assert rare.fact("e_value").value > common.fact("e_value").value


def test_every_fact_has_words_and_a_source_and_it_prints():
    found = evidence(ratio_fit([0.5, 0.7, 0.9], [0.02] * 3), baseline=0.1)
    for domain in found.domains:
        for fact in domain.facts:
            assert fact.words
            assert "doi:" in fact.source, fact.name
        assert domain.proposal.reason
    names = [fact.name for domain in found.domains for fact in domain.facts]
    assert len(names) == len(set(names))
    assert "proposals, not decisions" in str(found)
    assert "<table>" in found._repr_html_()
    frame = found.to_frame()
    assert set(frame["domain"]) == set(DOMAINS)
    assert (frame["name"] == "proposal").sum() == len(DOMAINS)
    assert "people decided" in found.method_sentence()


def test_thresholds_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="state a baseline risk"):
        evidence(ratio_fit([0.5, 0.6], [0.1, 0.1]), thresholds=Thresholds(10))


def test_measures_that_are_no_effect_of_two_arms_still_answer():
    correlation = es.pool(es.effects(pd.DataFrame({"r": [0.2, 0.4], "n": [50, 60]}), "ZCOR"))
    found = evidence(correlation)
    assert found.size == ""
    assert found.absolute == ()


numbers = st.floats(-3, 3).map(lambda value: round(value, 3))
spreads = st.floats(0.001, 4).map(lambda value: round(value, 4))


@settings(max_examples=30)
@given(
    st.lists(st.tuples(numbers, spreads), min_size=1, max_size=12),
    st.sampled_from(["RR", "OR", "HR", "IRR"]),
    st.floats(0.001, 0.9),
    st.sampled_from(["randomized", "non-randomized"]),
)
def test_proposals_are_possible_steps_and_do_not_depend_on_the_order(rows, short, risk, design):
    def proposals(order: Any) -> dict[Any, int | None]:
        ratios = np.exp([value for value, _ in order])
        fit = ratio_fit(ratios, [variance for _, variance in order], short=short, **EQUAL)
        found = evidence(fit, baseline=risk, design=design)
        return {domain.domain: domain.proposal.levels for domain in found.domains}

    found = proposals(rows)
    for domain, levels in found.items():
        assert levels is None or levels in allowed_levels(domain, design)
    compared = [domain for domain in DOMAINS if domain != "publication_bias"]
    again = proposals(rows[::-1])
    assert {name: again[name] for name in compared} == {name: found[name] for name in compared}


def test_the_fingerprint_moves_with_the_result_and_with_nothing_else():
    first = ratio_fit([0.5, 0.7], [0.02, 0.03])
    known = result_fingerprint(first, judged("low", "high"))
    assert len(known) == 12
    assert known == result_fingerprint(ratio_fit([0.5, 0.7], [0.02, 0.03]), judged("low", "high"))
    tiny = ratio_fit([0.5 * (1 + 1e-13), 0.7], [0.02, 0.03])
    assert known == result_fingerprint(tiny, judged("low", "high"))
    moved = [
        result_fingerprint(ratio_fit([0.5, 0.701], [0.02, 0.03]), judged("low", "high")),
        result_fingerprint(first, judged("low", "low")),
        result_fingerprint(first, judged("low", "high"), baselines=(BaselineRisk(0.1),)),
        result_fingerprint(first, judged("low", "high"), thresholds=Thresholds(10)),
        result_fingerprint(first, judged("low", "high"), typical=TypicalScale("x", 1.0)),
        result_fingerprint(first, judged("low", "high"), design="non-randomized"),
        result_fingerprint(ratio_fit([0.5, 0.7], [0.02, 0.03], level=0.9), judged("low", "high")),
    ]
    assert known not in moved
    assert len(set(moved)) == len(moved)
