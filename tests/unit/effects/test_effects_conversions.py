"""Conversions between effect measures, numbers needed to treat, any smooth function."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import evisynth as es
from evisynth.effects import convert_values
from evisynth.effects.conversions import STEPS
from evisynth.errors import DataError, OptionError

BACK = 1e-7
"""Relative to 1, after a way there and back: risks near 0 and 1 lose digits."""

BOUNDED = {"RD": 0.15, "COR": 0.9, "CLESN": 0.4}
TABLE = {"study": ["A", "B"], "events1": [30, 12], "n1": [100, 90], "events2": [50, 20],
         "n2": [100, 95]}  # fmt: skip


def ways() -> list[tuple[str, str, str]]:
    return [(a, b, step.method) for (a, b), steps in STEPS.items() for step in steps]


@pytest.mark.parametrize(("source", "to", "method"), ways())
@given(share=st.floats(-1, 1), variance=st.floats(1e-4, 2), risk=st.floats(0.2, 0.8))
def test_there_and_back(source, to, method, share, variance, risk):
    """A conversion by a method, and back by the same, gives the same estimate and variance."""
    y = share * BOUNDED.get(source, 1.5 if to in ("OR", "HR", "COR") else 0.2)
    y = 0.5 + y if source == "CLESN" else y
    beside: dict[str, Any] = {"baseline_risk": risk, "n1": 30, "n2": 50, "sd": 4.0}
    there = convert_values(y, variance, source, to, method=method, **beside)
    if np.isnan(there.estimates[0]):
        return
    back = convert_values(there.estimates, there.variances, to, source, method=method, **beside)
    if method == "grant" and np.isnan(back.estimates[0]):  # a limit would be a risk beyond 1
        return
    assert back.estimates[0] == pytest.approx(y, abs=BACK)
    if method != "grant":
        assert back.variances[0] == pytest.approx(variance, rel=1e-5)


@pytest.mark.parametrize(("source", "to", "method"), ways())
def test_no_effect_stays_no_effect_and_order_is_kept(source, to, method):
    beside: dict[str, Any] = {"baseline_risk": 0.3, "n1": 30, "n2": 50, "sd": 4.0}
    null = {"CLESN": 0.5}
    low, high = (-0.1, 0.1) if source != "CLESN" else (0.4, 0.6)
    found = convert_values(
        [low, null.get(source, 0.0), high], 0.01, source, to, method=method, **beside
    )
    assert found.estimates[1] == pytest.approx(null.get(to, 0.0), abs=1e-15)
    assert (np.diff(found.estimates) > 0).all()
    assert (found.variances > 0).all()
    assert found.method_sentence().startswith(f"{source} was converted to {to} (")


def test_borenstein_chapter_7():
    # Borenstein et al. 2009: log OR 0.9069 (0.0676) is d 0.5000 (0.0205); d 0.5 (0.0205) back is
    # 0.9069 (0.0676 to rounding); r 0.50 (0.0058) is d 1.1547 (0.0550), and back
    d = convert_values(0.9069, 0.0676, "OR", "SMD")
    assert d.estimates.round(4) == 0.5
    assert d.variances.round(4) == 0.0205
    assert convert_values(0.5, 0.0205, "SMD", "OR").estimates.round(4) == 0.9069
    d = convert_values(0.5, 0.0058, "COR", "SMD")
    assert [*d.estimates.round(4), *d.variances.round(4)] == [1.1547, 0.055]
    r = convert_values(1.1547, 0.0550, "SMD", "COR", n1=100, n2=100)
    assert [*r.estimates.round(4), *r.variances.round(4)] == [0.5, 0.0058]


def test_zhang_and_yu_give_the_tables_own_risk_ratio():
    odds = es.effects(TABLE, "OR")
    ours = es.convert(odds, "RR", baseline_risk=[50 / 100, 20 / 95])
    assert ours.estimates == pytest.approx(es.effects(TABLE, "RR").estimates, rel=1e-12)
    assert ours.measure == "RR"
    assert ours.scale.is_ratio
    assert ours.labels == odds.labels
    difference = es.convert(odds, "RD", baseline_risk=[50 / 100, 20 / 95])
    assert difference.estimates == pytest.approx(es.effects(TABLE, "RD").estimates, rel=1e-12)


def test_grant_converts_the_limits():
    odds = es.effects(TABLE, "OR")
    plain = es.convert(odds, "RR", baseline_risk=0.4)
    limits = es.convert(odds, "RR", baseline_risk=0.4, method="grant")
    assert limits.estimates == pytest.approx(plain.estimates)
    half = 1.959963984540054 * odds.standard_errors
    low = np.exp(odds.estimates - half)
    high = np.exp(odds.estimates + half)
    width = np.log(high / (0.6 + 0.4 * high)) - np.log(low / (0.6 + 0.4 * low))
    assert 2 * 1.959963984540054 * limits.standard_errors == pytest.approx(width)


def test_vanderweele_example_and_no_effect():
    # VanderWeele 2020: an odds ratio of 2 is about a risk ratio of 1.41
    found = convert_values(np.log(2), 0.04, "OR", "RR", method="square-root")
    assert np.exp(found.estimates[0]) == pytest.approx(2**0.5)
    assert found.variances[0] == pytest.approx(0.01)
    hazard = convert_values(np.log([0.5, 2.0]), 0.04, "HR", "RR").estimates
    assert hazard[0] == pytest.approx(-hazard[1])


def test_ways_of_several_steps_and_their_methods():
    hazard = es.effects({"study": ["A"], "hr": [0.7], "se": [0.1]}, "GEN", estimate="hr",
                        scale="log", given="natural", label="Hazard ratio", short="HR")  # fmt: skip
    plain = es.convert(hazard, "SMD", method={"RR to OR": "square-root"})
    assert plain.measure == "SMD"
    assert "HR to RR" in plain.notes[-1]
    other = es.convert(hazard, "SMD", method={"RR to OR": "square-root", "OR to SMD": "cox"})
    assert other.estimates[0] * 1.65 == pytest.approx(plain.estimates[0] * np.pi / 3**0.5)
    again = es.convert(es.effects(TABLE, "OR"), "HR", method="rare")
    assert (again.measure, again.scale.short) == ("GEN", "HR")
    assert es.convert(again, "RR", method="rare").measure == "RR"


def test_a_table_can_be_converted():
    table = pd.DataFrame({"study": ["A", "B"], "yi": [0.3, 0.5], "vi": [0.02, 0.03],
                          "n1": [30, 40], "n2": [31, 38]})  # fmt: skip
    found = es.convert(table, "COR", measure="SMD", method="biserial", n1="n1", n2="n2")
    assert (found.estimates > 0).all()
    sized = es.convert(found, "SMD", method="biserial")
    assert sized.estimates == pytest.approx([0.3, 0.5])
    assert es.convert(found, "r") is found


def test_rows_that_cannot_be_converted_say_why():
    odds = es.effects(TABLE, "OR")
    found = es.convert(odds, "RR", baseline_risk=[0.4, np.nan])
    assert found.reasons == ("", "no baseline risk to convert with")
    assert np.isnan(found.estimates[1])
    risks = es.effects({"study": ["A"], "yi": [np.log(4.0)], "vi": [0.1]}, "RR")
    beyond = es.convert(risks, "OR", baseline_risk=0.3)
    assert "out of its range" in beyond.reasons[0]
    assert beyond.notes[-1] == "1 row could not be converted; see the reasons"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: es.convert(es.effects(TABLE, "OR"), "RR"), "square-root"),
        (lambda: es.convert(es.effects(TABLE, "OR"), "XX"), "to: 'XX' is not known"),
        (lambda: es.convert(es.effects(TABLE, "OR"), "NNT"), "number_needed_to_treat"),
        (lambda: es.convert(es.effects(TABLE, "OR"), "SMD", method="zhang"), "hasselblad"),
        (lambda: es.convert(es.effects(TABLE, "OR"), "MD"), "sd: None"),
        (lambda: es.convert(TABLE, "RR"), "measure: None"),
        (lambda: es.convert(es.effects(TABLE, "OR"), "RR", measure="SMD"), "say otherwise"),
        (lambda: es.convert(es.effects(TABLE, "OR"), "RR", baseline_risk="p0"), "'p0'"),
        (
            lambda: es.convert(es.effects(TABLE, "OR"), "SMD", method={"OR to SMD": "x"}),
            "method of OR to SMD",
        ),
    ],
)
def test_options_that_do_not_fit_are_refused(call, words):
    with pytest.raises(OptionError, match=words):
        call()


def test_impossible_values_are_refused():
    with pytest.raises(DataError, match="baseline risk of 20"):
        es.convert(es.effects(TABLE, "OR"), "RR", baseline_risk=20)
    with pytest.raises(DataError, match="variance of -1"):
        convert_values(0.1, -1, "OR", "SMD")
    with pytest.raises(DataError, match="sd: 0"):
        convert_values(0.1, 1, "SMD", "MD", sd=0)


def test_any_smooth_function_with_its_own_or_a_numerical_derivative():
    effects = es.effects({"study": ["A", "B"], "yi": [0.3, -0.6], "vi": [0.01, 0.02]}, "COR")
    ours = es.transform_effects(effects, np.arctanh)
    exact = es.transform_effects(effects, np.arctanh, derivative=lambda r: 1 / (1 - r**2))
    fisher = es.convert(effects, "ZCOR")
    assert ours.variances == pytest.approx(exact.variances, rel=1e-9)
    assert fisher.variances == pytest.approx(exact.variances, rel=1e-14)
    gone = es.transform_effects(effects, np.log, short="log r")
    assert gone.reasons[1] == "the function has no value there"
    assert np.isnan(gone.variances[1])


def test_numbers_needed_to_treat():
    # Altman 1998: risk difference 0.25 to -0.05 around 0.10 is NNTB 4 to infinity to NNTH 20
    wide = es.effects({"study": ["A"], "yi": [0.10], "vi": [(0.15 / 1.959963984540054) ** 2]}, "RD")
    found = es.number_needed_to_treat(wide, event="good")
    assert found.limits[0] == "NNTB 4.0 to ∞ to NNTH 20.0"
    assert found.kinds[0] == "NNTB"
    assert es.number_needed_to_treat(wide, event="bad").kinds[0] == "NNTH"
    smd = es.effects({"study": ["A"], "yi": [0.5], "vi": [0.01]}, "SMD")
    number = es.number_needed_to_treat(smd, baseline_risk=0.2, event="good").numbers[0]
    risk = stats.norm.sf(stats.norm.isf(0.2) - 0.5)  # Furukawa and Leucht 2011
    assert number == pytest.approx(1 / (risk - 0.2))


def test_numbers_needed_for_a_pooled_effect_at_several_risks():
    fit = es.pool(es.effects(TABLE, "OR"))
    found = es.number_needed_to_treat(fit, baseline_risk=[0.1, 0.3])
    assert found.labels == ("pooled effect at 0.1", "pooled effect at 0.3")
    assert found.numbers[0] > found.numbers[1]
    odds = np.exp(fit.estimate) * 0.1 / 0.9
    assert 1 / found.numbers[0] == pytest.approx(0.1 - odds / (1 + odds))
    assert "15.4" in found.method_sentence()
    assert "NNTB" in str(found)
    assert list(found.to_frame()["label"]) == list(found.labels)
    assert found._repr_html_().startswith("<table>")
    with pytest.raises(OptionError, match="baseline_risk"):
        es.number_needed_to_treat(fit)
    with pytest.raises(OptionError, match="event"):
        es.number_needed_to_treat(fit, event="worse")
