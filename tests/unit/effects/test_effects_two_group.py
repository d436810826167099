"""Measures of two groups: worked examples, ways to give numbers, rules for zeros, reasons."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evisynth as es
from evisynth.effects.tetrachoric import tetrachoric_correlation
from evisynth.errors import InputError, OptionError

HANDBOOK = {"ai": [135], "bi": [15], "ci": [40], "di": [10]}
"""Fleiss and Berlin 2009, The Handbook of Research Synthesis, table 13.4."""

ARMS: dict[str, list[Any]] = {
    "n1": [12, 40], "mean1": [5.0, 2.2], "sd1": [2.0, 1.1],
    "n2": [14, 35], "mean2": [3.9, 2.9], "sd2": [2.5, 1.3],
}  # fmt: skip


def cohen_d(table: dict[str, Any]) -> np.ndarray[Any, Any]:
    t = {name: np.array(values) for name, values in table.items()}
    m = t["n1"] + t["n2"] - 2
    pooled = np.sqrt(((t["n1"] - 1) * t["sd1"] ** 2 + (t["n2"] - 1) * t["sd2"] ** 2) / m)
    d: np.ndarray[Any, Any] = (t["mean1"] - t["mean2"]) / pooled
    return d


# ---- published worked examples -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "formula", "estimate", "se"),
    [
        ("PHI", "CS", 0.1309, 0.0789),
        ("YUQ", "LS", 0.3846, 0.1901),
        ("YUY", "LS", 0.2000, 0.1071),
    ],
)
def test_handbook_of_research_synthesis(measure, formula, estimate, se):
    found = es.effects(HANDBOOK, measure, variance_formula=formula)
    assert found.estimates[0] == pytest.approx(estimate, abs=5e-5)
    assert found.standard_errors[0] == pytest.approx(se, abs=5e-5)


def test_tetrachoric_correlation_of_the_same_table():
    """Solved with mvtnorm in R; 0.2603 is metafor's, whose search stops at 1e-4."""
    found = es.effects(HANDBOOK, "RTET")
    assert found.estimates[0] == pytest.approx(0.260242, abs=5e-7)
    assert found.standard_errors[0] == pytest.approx(0.1423, abs=5e-5)


def test_signed_p_values_as_in_the_help_of_metafor():
    """Its help for escalc: pi = -0.018 with 20 people in each group makes -0.7664."""
    found = es.effects({"n1i": [20], "n2i": [20], "pi": [-0.018]}, "SMD")
    assert found.estimates[0] == pytest.approx(-0.7664, abs=5e-5)
    assert "1 row from signed P values of two-sample t tests" in found.notes


def test_response_ratio_by_hand():
    """Hedges, Gurevitch and Curtis 1999, equation 1."""
    found = es.effects(ARMS, "ROM")
    assert found.estimates[0] == pytest.approx(math.log(5 / 3.9))
    assert found.variances[0] == pytest.approx(4 / (12 * 25) + 6.25 / (14 * 3.9**2))
    assert found.scale.is_ratio


def test_rate_ratio_by_hand():
    table = {"x1i": [9], "t1i": [413.0], "x2i": [19], "t2i": [398.0]}
    found = es.effects(table, "IRR")
    assert found.estimates[0] == pytest.approx(math.log(9 / 413 / (19 / 398)))
    assert found.variances[0] == pytest.approx(1 / 9 + 1 / 19)
    assert found.columns["time1"] == "t1i"


# ---- ways to give the numbers ------------------------------------------------------------------


@pytest.mark.parametrize("measure", ["SMD", "D2ORN", "D2ORL", "RPB", "ZPB", "RBIS", "ZBIS"])
@pytest.mark.parametrize("way", ["d", "t_value", "signed_p"])
def test_d_t_and_p_stand_for_the_means(measure, way):
    from scipy.special import stdtr

    d = cohen_d(ARMS)
    n1, n2 = np.array(ARMS["n1"]), np.array(ARMS["n2"])
    t = d / np.sqrt(1 / n1 + 1 / n2)
    p = 2 * stdtr(n1 + n2 - 2, -np.abs(t)) * np.sign(t)
    values = {"d": d, "t_value": t, "signed_p": p}[way]
    table = {"n1": ARMS["n1"], "n2": ARMS["n2"], way: values}
    found, whole = es.effects(table, measure), es.effects(ARMS, measure)
    assert found.estimates == pytest.approx(whole.estimates, rel=1e-9)
    assert found.variances == pytest.approx(whole.variances, rel=1e-9)
    assert "rows from" in found.method


def test_rows_may_mix_means_and_t_values():
    table = pd.DataFrame(ARMS).astype(float)
    table["ti"] = cohen_d(ARMS) / np.sqrt(1 / table["n1"] + 1 / table["n2"])
    table.loc[0, ["mean1", "sd1"]] = np.nan
    table["se2"] = np.nan
    found = es.effects(table, "SMD")
    assert found.estimates == pytest.approx(es.effects(ARMS, "SMD").estimates)
    assert found.data["numbers_from"].tolist() == ["t test", "means"]


def test_a_column_t_is_not_taken_for_t_values():
    table = {"n1": [20], "n2": [20], "t": [12.0]}
    with pytest.raises(InputError, match="SMD cannot be computed"):
        es.effects(table, "SMD")
    assert es.effects(table, "SMD", t_value="t").estimable.all()


def test_cells_are_not_taken_for_cohens_d():
    table = {"a": [1], "b": [2], "c": [3], "d": [4], "n1": [3], "n2": [7]}
    with pytest.raises(InputError, match="SMD cannot be computed"):
        es.effects(table, "SMD")
    with pytest.raises(InputError, match="SMD cannot be computed"):
        es.effects({"ai": [1], "ci": [3], "di": [4], "n1i": [3], "n2i": [7]}, "SMD")


def test_glass_needs_no_sd_of_arm_1_and_vr_no_means():
    table = {name: values for name, values in ARMS.items() if name != "sd1"}
    found = es.effects(table, "SMD1")
    assert found.estimates == pytest.approx(es.effects(ARMS, "SMD1").estimates)
    spread = {name: values for name, values in ARMS.items() if "mean" not in name}
    found = es.effects(spread, "VR")
    assert found.estimates[0] == pytest.approx(math.log(2 / 2.5) + 1 / 22 - 1 / 26)


def test_one_number_for_every_row():
    table = {"ai": [20, 9], "bi": [10, 9], "ci": [12, 9], "di": [18, 9]}
    found = es.effects(table, "MPORM", r=0.3)
    assert found.variances == pytest.approx(es.effects(table, "MPORM", r=[0.3, 0.3]).variances)
    plain = es.effects(table, "OR")
    none = es.effects(table, "MPORM", r=0)
    assert none.variances == pytest.approx(plain.variances)


def test_diagnostic_odds_ratio_from_positives_and_negatives():
    table = {"TP": [20], "FP": [5], "FN": [4], "TN": [50]}
    found = es.effects(table, "DOR")
    assert found.estimates[0] == pytest.approx(math.log(20 * 50 / (5 * 4)))
    assert found.scale.label == "Diagnostic odds ratio"
    assert found.data["n1"].tolist() == [24]
    nobody = es.effects({"TP": [0, 1], "FP": [5, 1], "FN": [0, 1], "TN": [50, 1]}, "DOR")
    assert nobody.estimable.tolist() == [True, True]


# ---- unknown columns ---------------------------------------------------------------------------


def test_unknown_arguments_are_refused_with_the_known_ones():
    with pytest.raises(OptionError, match=r"'tim1' is not known.*Did you mean 'time1'"):
        es.effects({"x1": [1]}, "IRR", tim1="t")
    with pytest.raises(OptionError, match=r"'continuty' is not known.*'continuity'"):
        es.effects({"x1": [1]}, "OR", continuty=0.5)


def test_a_role_of_another_measure_is_refused():
    with pytest.raises(OptionError, match="SMD is made of"):
        es.effects(ARMS, "SMD", time1="n1")


def test_person_time_must_be_above_zero():
    table = {"x1i": [9], "t1i": [0.0], "x2i": [19], "t2i": [398.0]}
    with pytest.raises(InputError, match="a person-time of 0 cannot be used"):
        es.effects(table, "IRR")
    with pytest.raises(InputError, match="a signed P value of -2"):
        es.effects({"n1": [5], "n2": [5], "pi": [-2.0]}, "SMD")
    with pytest.raises(InputError, match=r"0\.5 pairs; a count must be whole"):
        es.effects({"ai": [0.5], "bi": [1], "ci": [1], "di": [1]}, "MPOR")


# ---- zeros and reasons -------------------------------------------------------------------------

TIMES = {"x1": [0, 0, 5], "t1": [10, 20, 30.5], "x2": [0, 3, 6], "t2": [11, 21, 33.0]}


def test_zeros_of_person_time():
    found = es.effects(TIMES, "IRR")
    assert found.reasons[0] == "no event in either arm"
    assert found.notes[:2] == (
        "1 study with no event in both arms not estimable",
        "0.5 added to the events of both arms of 1 study",
    )
    kept = es.effects(TIMES, "IRR", double_zero="keep", continuity=0.1)
    assert kept.estimates[0] == pytest.approx(math.log(0.1 / 10 / (0.1 / 11)))
    bare = es.effects(TIMES, "IRR", continuity_to="none", double_zero="keep")
    assert bare.reasons[1] == "an arm has no event and no constant was added"
    difference = es.effects(TIMES, "IRD", continuity_to="none")
    assert "the variance is 0" in difference.reasons[0]


def test_constants_by_default():
    table = {"ai": [0, 5], "bi": [10, 15], "ci": [3, 6], "di": [8, 14]}
    assert not any("added" in note for note in es.effects(table, "AS").notes)
    assert any("0.5 added" in note for note in es.effects(table, "AS", continuity=0.5).notes)
    assert any("0.5 added" in note for note in es.effects(table, "YUQ").notes)
    peto = es.effects(table, "PETO")
    assert peto.estimates == pytest.approx(es.peto(table).effects.estimates)
    assert peto.variances == pytest.approx(es.peto(table).effects.variances)
    none = es.effects({"ai": [0], "bi": [10], "ci": [0], "di": [8]}, "PETO", double_zero="keep")
    assert none.reasons == ("no event in either arm",)


@pytest.mark.parametrize(
    ("measure", "change", "reason"),
    [
        ("ROM", {"mean1": -5.0}, "the means -5 and 3.9 have no ratio above 0"),
        ("ROM", {"mean2": 0.0}, "the means 5 and 0 have no ratio above 0"),
        ("CVR", {"mean2": -3.9}, "a mean of -3.9 has no coefficient of variation"),
        ("CVR", {"n1": 1}, "an arm of 1 person"),
        ("VR", {"n2": 1}, "an arm of 1 person"),
        ("SMDH", {"n1": 1}, "an arm of 1 person"),
        ("SMD", {"n1": 1, "n2": 2}, "3 people in both arms together are too few"),
        ("SMD1", {"n2": 2}, "2 people in arm 2 are too few to standardize by their SD"),
        ("SMD1H", {"n2": 2}, "2 people in arm 2 are too few"),
        ("RPB", {"n1": 1, "n2": 1}, "2 people in both arms together are too few"),
        ("D2ORN", {"n1": 1, "n2": 1}, "2 people in both arms together are too few"),
        ("ZBIS", {"mean1": 900.0}, "the correlation is not inside -1 to 1"),
    ],
)
def test_means_without_an_estimate_say_why(measure, change, reason):
    table = {name: [change.get(name, values[0]), values[1]] for name, values in ARMS.items()}
    found = es.effects(table, measure)
    assert found.estimable.tolist() == [False, True]
    assert reason in found.reasons[0]
    assert np.isnan(found.estimates[0])
    assert np.isnan(found.variances[0])


@pytest.mark.parametrize(
    ("measure", "cells", "reason"),
    [
        ("PHI", (0, 9, 0, 8), "no event in either arm"),
        ("PHI", (9, 0, 8, 0), "an event in everyone of both arms"),
        ("PHI", (9, 0, 0, 8), "the association is complete"),
        ("RTET", (9, 0, 4, 8), "a cell of the 2x2 table is 0, so the correlation lies at -1 or 1"),
        ("ZTET", (9, 0, 4, 8), "a cell of the 2x2 table is 0"),
        ("PETO", (0, 9, 0, 8), "no event in either arm"),
        ("MPPETO", (9, 0, 0, 8), "no pair differs in its outcomes"),
    ],
)
def test_tables_without_an_estimate_say_why(measure, cells, reason):
    table = {name: [n] for name, n in zip(("ai", "bi", "ci", "di"), cells, strict=True)}
    found = es.effects(table, measure)
    assert not found.estimable.any()
    assert reason in found.reasons[0]


@pytest.mark.parametrize("measure", ["MPORC", "MPRR", "MPOR", "YUQ", "YUY", "PBIT", "OR2DN"])
def test_zero_cells_without_a_constant_say_why(measure):
    table = {"ai": [2], "bi": [0], "ci": [0], "di": [8]}
    if measure in ("MPRR", "MPOR"):
        table = {"ai": [0], "bi": [0], "ci": [4], "di": [8]}
    found = es.effects(table, measure, continuity=0)
    assert not found.estimable.any()
    assert "no constant was added" in found.reasons[0]


# ---- properties --------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(st.tuples(*(st.integers(1, 60) for _ in range(4))))
def test_tetrachoric_correlation_fits_the_table(cells):
    from scipy.stats import multivariate_normal, norm

    a, b, c, d = (np.array([float(n)]) for n in cells)
    total = (a + b + c + d)[0]
    rho, variance = tetrachoric_correlation(a, b, c, d)
    assert -1 < rho[0] < 1
    assert variance[0] > 0
    assert np.sign(rho[0]) == np.sign((a * d - b * c)[0])
    h, k = norm.ppf((a + b)[0] / total), norm.ppf((a + c)[0] / total)
    quadrant = multivariate_normal.cdf([h, k], cov=[[1, rho[0]], [rho[0], 1]])
    assert quadrant == pytest.approx(a[0] / total, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_phi_is_the_correlation_and_tetrachoric_is_larger(a, b, c, d):
    table = {"ai": [a], "bi": [b], "ci": [c], "di": [d]}
    phi = es.effects(table, "PHI").estimates[0]
    x = np.repeat([1, 1, 0, 0], [a, b, c, d])
    y = np.repeat([1, 0, 1, 0], [a, b, c, d])
    assert phi == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-12)
    assert abs(es.effects(table, "RTET").estimates[0]) >= abs(phi) - 1e-12


@settings(max_examples=50, deadline=None)
@given(a=st.integers(1, 40), b=st.integers(1, 40), c=st.integers(1, 40), d=st.integers(1, 40))
def test_the_margins_of_pairs_are_the_arms(a, b, c, d):
    pairs = {"ai": [a], "bi": [b], "ci": [c], "di": [d]}
    margins = {"ai": [a + b], "bi": [c + d], "ci": [a + c], "di": [b + d]}
    phi = es.effects(pairs, "PHI").estimates[0]
    one, other = es.effects(pairs, "MPOR"), es.effects(margins, "MPORM", r=phi)
    assert one.estimates == pytest.approx(other.estimates, abs=1e-12)
    assert one.variances == pytest.approx(other.variances, rel=1e-9)
    risk = es.effects(pairs, "MPRD").estimates
    assert risk == pytest.approx(es.effects(margins, "RD").estimates, abs=1e-12)


@pytest.mark.parametrize("measure", ["SMD", "SMDH", "SMD1", "SMD1H", "ROM", "CVR", "VR", "RPB"])
@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_ratios_and_standardized_differences_have_no_unit(measure, factor):
    scaled = {
        name: values if name[0] == "n" else [factor * value for value in values]
        for name, values in ARMS.items()
    }
    one, other = es.effects(ARMS, measure), es.effects(scaled, measure)
    assert one.estimates == pytest.approx(other.estimates, rel=1e-12)
    assert one.variances == pytest.approx(other.variances, rel=1e-12)


def test_mean_coefficient_of_variation_leaves_rows_without_a_ratio_out():
    table = {name: [*values, values[0]] for name, values in ARMS.items()}
    table["mean2"][2] = -3.9
    for formula in ("AV", "AVHO"):
        found = es.effects(table, "ROM", variance_formula=formula)
        without = es.effects(ARMS, "ROM", variance_formula=formula)
        assert found.variances[:2] == pytest.approx(without.variances)
        assert math.isnan(found.variances[2])
