"""Power, information size and trial sequential analysis through the front door."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.errors import NotEstimableError, OptionError


@pytest.fixture
def bcg() -> Any:
    return es.effects(es.datasets.load("bcg"), "RR")


def test_power_of_subgroups_and_moderators_agrees_with_simulation() -> None:
    generator = np.random.default_rng(4)
    v, tau2, size = 0.05, 0.02, 20_000
    planned = es.power("subgroups", effect=[0.1, 0.4], k=[8, 12], variance=v, tau2=tau2)
    spread = np.sqrt((v + tau2) / np.array([8, 12]))
    means = np.array([0.1, 0.4]) + generator.standard_normal((size, 2)) * spread
    z = (means[:, 1] - means[:, 0]) / math.sqrt((v + tau2) * (1 / 8 + 1 / 12))
    assert abs((np.abs(z) > 1.96).mean() - planned.power) < 0.015
    x = np.linspace(-1, 1, 10)
    slope = es.power("moderator", effect=0.2, k=10, variance=v, tau2=tau2, moderator=list(x))
    se = math.sqrt((v + tau2) / float(np.sum((x - x.mean()) ** 2)))
    assert math.isclose(slope.noncentrality, 0.2 / se)
    same = es.power("moderator", effect=0.2, k=10, variance=v, tau2=tau2, moderator=float(x.std()))
    assert math.isclose(same.power, slope.power, rel_tol=1e-12)


def test_i2_and_tau2_are_two_ways_to_say_the_same() -> None:
    one = es.power(effect=0.2, k=12, variance=0.1, i2=60)
    two = es.power(effect=0.2, k=12, variance=0.1, tau2=0.15)
    assert math.isclose(one.power, two.power, rel_tol=1e-12)
    assert math.isclose(two.i2, 60)


def test_an_equal_effects_analysis_of_heterogeneous_studies_is_warned_of() -> None:
    found = es.power(effect=0.0, k=10, variance=0.1, tau2=0.1, model="equal")
    assert found.power > 0.1
    assert "too often" in found.notes[0]


@pytest.mark.parametrize("design", [{"effect": 0.2, "n1": 25}, {"effect": 0.3, "n1": 20, "i2": 60}])
def test_required_studies_is_the_smallest_number(design: dict[str, Any]) -> None:
    found = es.required_studies(**design)
    assert found.k is not None
    assert es.power(k=found.k, **design).power >= 0.8 > es.power(k=found.k - 1, **design).power
    assert found.curve[-1][0] == found.k


def test_too_few_studies_have_a_reason() -> None:
    found = es.required_studies(effect=0.001, n1=10, most=50)
    assert found.k is None
    assert "50 studies" in found.reason


@pytest.mark.parametrize("measure", ["SMD", "OR", "RR", "RD", "MD"])
def test_planned_variances_are_those_of_the_measures(measure: str) -> None:
    n1, n2, risk = 400, 300, 0.2
    effect = {"SMD": 0.3, "OR": -0.4, "RR": -0.3, "RD": -0.05, "MD": 1.5}[measure]
    found = es.planned_variance(measure, n1, n2, effect=effect, sd=4.0, risk=risk)
    if measure in ("SMD", "MD"):
        sd = 4.0 if measure == "MD" else 1.0
        table = {"study": ["A"], "n1": [n1], "mean1": [effect], "sd1": [sd], "n2": [n2],
                 "mean2": [0.0], "sd2": [sd]}  # fmt: skip
        expected = es.effects(table, measure).variances[0]
        assert math.isclose(found, expected, rel_tol=0.01)
        return
    treated = {"OR": (odds := 0.25 * math.exp(effect)) / (1 + odds), "RR": risk * math.exp(effect),
               "RD": risk + effect}[measure]  # fmt: skip
    # far larger arms of the same risks: counts are whole numbers nearly
    table = {"study": ["A"], "ai": [round(treated * n1 * 1e4)], "n1i": [n1 * 10**4],
             "ci": [round(risk * n2 * 1e4)], "n2i": [n2 * 10**4]}  # fmt: skip
    assert math.isclose(found, es.effects(table, measure).variances[0] * 1e4, rel_tol=1e-4)


def test_conditional_power_counts_heterogeneity() -> None:
    table = pd.DataFrame({"yi": [0.1, 0.5, 0.2, 0.6], "vi": [0.02, 0.03, 0.05, 0.02]})
    fit = es.pool(table)
    alone = es.conditional_power(fit, variance=1e-9)
    several = es.conditional_power(fit, variance=1e-9, studies=20)
    assert alone.power < several.power
    assert alone.se_after < alone.se
    with pytest.raises(OptionError, match="variance"):
        es.conditional_power(fit)
    with pytest.raises(NotEstimableError, match="tau²"):
        es.conditional_power(es.pool(table.iloc[:1]), variance=0.1)


def test_information_size_is_that_of_one_trial() -> None:
    # 4 (1.96 + 0.8416)² 0.09 x 0.91 / 0.02² for 10% against 8%
    found = es.information_size("RR", 0.8, risk=0.1)
    assert math.isclose(found.participants, 4 * 7.848879734 * 0.09 * 0.91 / 0.02**2, rel_tol=1e-8)
    assert math.isclose(es.information_size("RD", -0.02, risk=0.1).participants, found.participants)
    mean = es.information_size("MD", 2.0, sd=8.0)
    assert math.isclose(mean.participants, 4 * 7.848879734 * 64 / 4, rel_tol=1e-8)
    assert math.isclose(
        es.information_size("SMD", 0.25).participants, mean.participants, rel_tol=1e-12
    )
    uneven = es.information_size("SMD", 0.25, allocation=2.0)
    assert math.isclose(uneven.participants, mean.participants * 4.5 / 4)


def test_heterogeneity_multiplies_the_information_size(bcg: Any) -> None:
    fit = es.pool(bcg, tau2="DL")
    by_d2 = es.information_size("RR", 0.8, risk=0.1, fit=fit)
    by_i2 = es.information_size("RR", 0.8, risk=0.1, fit=fit, adjust="i2")
    assert math.isclose(by_d2.factor, 1 / (1 - es.diversity(fit) / 100))
    assert es.diversity(fit) >= fit.i2  # Wetterslev et al. 2009: D² is at least I²
    assert by_d2.participants > by_i2.participants > by_d2.unadjusted
    assert by_d2.have == 357_347


@pytest.mark.parametrize(
    "call",
    [
        lambda: es.power(effect=0.2, k=10),
        lambda: es.power("effect", effect=[0.1, 0.2], n1=10),
        lambda: es.power("subgroups", effect=[0.1, 0.2], k=[3, 4, 5], n1=10),
        lambda: es.power(effect=0.2, variance=[0.1, 0.2], k=3),
        lambda: es.power(effect=0.2, variance=0.1, tau2=0.1, i2=50),
        lambda: es.power(effect=0.2, variance=0.1, i2=100),
        lambda: es.power(effect=0.2, variance=0.1, sides=3),
        lambda: es.power("variance", effect=0.2, variance=0.1),
        lambda: es.power("moderator", effect=0.2, variance=0.1, moderator=[1.0, 1.0], k=2),
        lambda: es.power(effect=2.0, n1=10, measure="RD", risk=0.2),
        lambda: es.information_size("RR", 0.8),
        lambda: es.information_size("RR", -0.8, risk=0.1),
        lambda: es.information_size("MD", 0.0),
        lambda: es.information_size("RR", 0.8, risk=0.1, heterogeneity=100),
    ],
)
def test_what_cannot_be_is_refused(call: Any) -> None:
    with pytest.raises(OptionError):
        call()


def test_sequential_analysis_is_the_cumulative_wald_test(bcg: Any) -> None:
    fit = es.pool(bcg, tau2="DL")
    found = es.sequential(fit, effect=0.7)
    steps = es.cumulative(es.pool(bcg, tau2="DL", ci="z"), "year")
    assert found.added == steps.added
    assert np.allclose(found.estimates, steps.estimates, rtol=1e-12)
    assert np.allclose(found.z, steps.estimates / steps.se, rtol=1e-12)
    assert found.conclusion == "negative"
    last = found.efficacy[-1] * found.se[-1]
    assert math.isclose(found.adjusted_upper, found.estimates[-1] + last)
    assert (found.efficacy > 1.959).all()
    frame = found.to_frame()
    assert frame.look.tolist() == list(range(1, 14))


def test_required_information_is_that_of_the_z_test(bcg: Any) -> None:
    fit = es.pool(bcg, tau2="DL")
    found = es.sequential(fit, effect=0.7, futility=False, adjust="none")
    z = 1.959963984540054 + 0.8416212335729143
    assert math.isclose(found.required, (z / math.log(0.7)) ** 2, rel_tol=1e-12)
    adjusted = es.sequential(fit, effect=0.7, futility=False)
    assert math.isclose(adjusted.required / found.required, 1 / (1 - es.diversity(fit) / 100))
    wedge = es.sequential(fit, effect=0.7)
    assert wedge.required > adjusted.required
    people = es.sequential(fit, effect=0.7, futility=False, scale="participants")
    size = es.information_size("RR", 0.7, risk=people_risk(bcg), fit=fit)
    assert math.isclose(people.required, size.participants, rel_tol=1e-12)
    assert people.information[-1] == 357_347


def people_risk(bcg: Any) -> float:
    data = bcg.data
    return float(data.cpos.sum() / (data.cpos + data.cneg).sum())


def test_no_effect_ends_in_futility() -> None:
    generator = np.random.default_rng(8)
    v = np.full(40, 0.1)
    table = pd.DataFrame({"yi": generator.standard_normal(40) * np.sqrt(v), "vi": v})
    found = es.sequential(es.pool(table, model="equal"), "given", effect=0.25)
    assert found.conclusion == "futile"
    open_ = es.sequential(es.pool(table.iloc[:3], model="equal"), "given", effect=0.1)
    assert open_.conclusion == "open"
    assert open_.fractions[-1] < 0.1


def test_the_sign_of_the_data_turns_the_conclusion(bcg: Any) -> None:
    table = pd.DataFrame({"yi": -bcg.estimates, "vi": bcg.variances})
    found = es.sequential(es.pool(table, tau2="DL"), "given", effect=0.36)
    assert found.conclusion == "positive"


def test_looks_after_full_information_have_no_boundary(bcg: Any) -> None:
    found = es.sequential(es.pool(bcg, tau2="DL"), effect=0.3)
    after = found.fractions >= 1
    assert np.isnan(found.efficacy[after][1:]).all()
    assert any("no boundary" in note for note in found.notes)


def test_a_given_required_size_is_taken_as_it_is(bcg: Any) -> None:
    found = es.sequential(bcg, effect=0.7, required=2000.0, futility=False)
    assert found.required == 2000
    assert math.isclose(found.fractions[-1], (1 / bcg.variances).sum() / 2000)


def test_one_study_and_what_is_refused(bcg: Any) -> None:
    one = es.sequential(
        es.pool(pd.DataFrame({"yi": [0.5], "vi": [0.01]}), model="equal"), "given", effect=0.4
    )
    assert len(one.z) == 1
    for wrong in ({"effect": -1.0}, {"alpha": 1.0}, {"spending": "linear"}, {"penalty": 0.0}):
        with pytest.raises(OptionError):
            es.sequential(bcg, **wrong)
    table = pd.DataFrame({"yi": [0.5, 0.2], "vi": [0.01, 0.02]})
    with pytest.raises(NotEstimableError, match="no effect"):
        es.sequential(table, "given", effect=0.0)
    with pytest.raises(OptionError, match="measure"):
        es.sequential(table, "given", effect=0.2, scale="participants")


def test_the_penalized_z_follows_the_law_of_the_iterated_logarithm(bcg: Any) -> None:
    found = es.sequential(bcg, effect=0.7)
    information = np.cumsum(1 / bcg.variances[np.argsort(bcg.data.year, kind="stable")])
    expected = found.z / np.sqrt(2 * np.log(np.log(information)))
    assert np.allclose(found.penalized, expected, rtol=1e-10)
