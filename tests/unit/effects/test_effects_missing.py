"""Missing statistics: what a report does not print, from what it does."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

import evisynth as es
from evisynth.effects import (
    cells_from_margins,
    combine_groups,
    correlation_from_sds,
    mean_sd_from_quantiles,
    pooled_sd,
    sd_from_adjusted_se,
    sd_from_f,
    sd_from_t,
    sd_of_change,
    se_from_chi2,
    se_from_z,
)
from evisynth.effects.five_numbers import quartile_span, range_span
from evisynth.effects.missing_statistics import read_p
from evisynth.errors import DataError, InputError, OptionError

spread = st.floats(0.1, 50)


@given(st.lists(st.lists(st.floats(-100, 100), min_size=2, max_size=8), min_size=1, max_size=5))
def test_groups_combine_to_all_people_as_one_sample(groups):
    people = np.concatenate(groups)
    n, mean, sd = combine_groups(
        [len(g) for g in groups], [np.mean(g) for g in groups], [np.std(g, ddof=1) for g in groups]
    )
    assert n == len(people)
    assert mean == pytest.approx(people.mean(), abs=1e-9)
    assert sd == pytest.approx(people.std(ddof=1), abs=1e-6)


def test_two_groups_are_combined_as_in_the_handbook():
    # table 6.5.a, with its own formula
    n1, m1, s1, n2, m2, s2 = 25, 4.1, 1.2, 31, 5.0, 1.5
    between = n1 * n2 / (n1 + n2) * (m1**2 + m2**2 - 2 * m1 * m2)
    sd = np.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2 + between) / (n1 + n2 - 1))
    found = combine_groups([n1, n2], [m1, m2], [s1, s2])
    assert found[1] == pytest.approx((n1 * m1 + n2 * m2) / (n1 + n2))
    assert found[2] == pytest.approx(sd)


@given(a=spread, b=spread, r=st.floats(-0.999, 0.999))
def test_correlation_comes_back_from_the_sd_of_change(a, b, r):
    change = sd_of_change(a, b, r)
    assert correlation_from_sds(a, b, change) == pytest.approx(r, abs=1e-6 * (a / b + b / a))


def test_small_formulas():
    assert np.isnan(correlation_from_sds(1.0, 1.0, 5.0))
    assert sd_from_f(3.8, 2.78**2, 25, 22) == pytest.approx(sd_from_t(3.8, 2.78, 25, 22))
    assert se_from_chi2(-0.5, 6.25) == pytest.approx(se_from_z(-0.5, 2.5))
    assert sd_from_adjusted_se(0.5, 100, 0.0) == 5
    assert pooled_sd([5, 5], [3.0, 4.0]) == pytest.approx(np.sqrt(12.5))
    with pytest.raises(DataError, match=r"correlation: 1\.2"):
        sd_of_change(1, 1, 1.2)
    with pytest.raises(DataError, match="f_value: 0"):
        sd_from_f(1, 0, 5, 5)
    with pytest.raises(DataError, match="has no error"):
        sd_from_adjusted_se(1, 5, 1.0)
    with pytest.raises(DataError, match="cannot be negative"):
        combine_groups([5, 5], [1, 2], [1, -1])


@pytest.mark.parametrize(
    ("cell", "value", "sign"),
    [
        ("<0.05", 0.05, "<"), ("P < .001", 0.001, "<"), (0.03, 0.03, "="), ("p=0.2", 0.2, "="),
        ("≥0.1", 0.1, ">"), ("1e-4", 1e-4, "="), ("", np.nan, ""), (None, np.nan, ""),
        ("n.s.", np.nan, ">"), (0, 0.0, "="),
    ],
)  # fmt: skip
def test_p_values_are_read_as_printed(cell, value, sign):
    found = read_p(cell)
    assert found[0] == pytest.approx(value, nan_ok=True)
    assert found[1] == sign


@pytest.mark.parametrize("cell", ["about 0.05", "<5", "0,05", "1.7"])
def test_what_is_no_p_value_is_refused(cell):
    with pytest.raises(DataError, match="is not a P value"):
        read_p(cell)


@given(cells=st.lists(st.integers(1, 200), min_size=4, max_size=4))
def test_cells_come_back_from_margins_and_any_statistic(cells):
    a, b, c, d = cells
    n, n1, events = a + b + c + d, a + b, a + c
    assume(n1 < n and events < n)
    phi = (a * d - b * c) / np.sqrt(float(n1) * (c + d) * events * (b + d))
    statistics = {
        "OR": a * d / (b * c),
        "RR": (a / n1) / (c / (c + d)),
        "PHI": phi,
        "chi2": np.sign(phi) * n * phi**2,
    }
    gap = abs(a * d - b * c) - n / 2
    if gap >= 0 and a * d != b * c:
        margins = float(n1) * (c + d) * events * (b + d)
        statistics["chi2 Yates"] = np.sign(phi) * n * gap**2 / margins
    for kind, value in statistics.items():
        found = cells_from_margins(n, n1, events, value, kind)
        assert found == pytest.approx(cells, abs=1e-5), kind


def test_chi2_is_that_of_scipy():
    table = [[28, 14], [12, 18]]
    for yates in (True, False):
        chi2 = stats.chi2_contingency(table, correction=yates).statistic
        found = cells_from_margins(72, 42, 40, chi2, "chi2 Yates" if yates else "chi2")
        assert found == pytest.approx([28, 14, 12, 18])


def test_examples_of_metafor_s_conv_2x2():
    # the documentation of conv.2x2: 36 86 20 98, and phi = 0.54 of 176 24 72 128
    table: dict[str, Any] = {
        "odds": [2.05, np.nan, np.nan], "phi": [np.nan, 0.15, np.nan], "x2": [np.nan, np.nan, 4.61],
        "n": [240] * 3, "n1": [122] * 3, "events": [56] * 3,
    }  # fmt: skip
    chi2 = stats.chi2_contingency([[36, 86], [20, 98]]).statistic
    table["x2"][2] = round(chi2, 2)
    filled = es.fill_cells(table, odds_ratio="odds", phi="phi", chi2="x2")
    assert (
        filled.table[["events1", "nonevents1", "events2", "nonevents2"]].to_numpy().tolist()
        == [[36, 86, 20, 98]] * 3
    )
    assert es.effects(filled.table, "OR").estimable.all()
    found = es.fill_cells({"phi": [0.54, 0.54], "n": [400, 400], "n1": [200, 200],
                           "events": [248, 50]})  # fmt: skip
    cells = found.table[["events1", "nonevents1", "events2", "nonevents2"]].to_numpy()
    assert cells[0].tolist() == [176, 24, 72, 128]
    assert np.isnan(cells[1]).all()
    assert found.notes[-1] == "1 table could not be reconstructed"
    assert "contradict" in str(found)


def test_given_cells_stay():
    cells = {"ai": [np.nan, 30], "bi": [np.nan, 92], "ci": [np.nan, 26], "di": [np.nan, 92]}
    table = {"or": [2.05, 3.0], "n": [240, 240], "n1": [122, 122], "events": [56, 56]} | cells
    filled = es.fill_cells(table)
    assert filled.table["ai"].tolist() == [36, 30]
    assert {step.row for step in filled.steps} == {0}
    with pytest.raises(OptionError, match="odds_ratio"):
        es.fill_cells({"n": [10], "n1": [5], "events": [4]})
    with pytest.raises(InputError, match="must be below n"):
        es.fill_cells({"or": [2.0], "n": [10], "n1": [12], "events": [4]})


def test_variances_as_in_metafor_s_conv_wald():
    # the documentation of conv.wald: 0.1113 from 0.33 to 1.22, 0.1058 from P = 0.17
    table = {"study": ["A", "B", "C", "D"], "or": [0.64, 0.64, 2.0, 2.0],
             "lower": [0.33, np.nan, 0.9, np.nan], "upper": [1.22, np.nan, 9.0, np.nan],
             "p": [None, "0.17", None, "<0.05"], "vi": [np.nan] * 4}  # fmt: skip
    filled = es.fill_variances(table, estimate="or", given="natural")
    assert filled.table["vi"].round(4).tolist()[:2] == [0.1113, 0.1058]
    assert filled.table["vi"][3] == pytest.approx((np.log(2) / 1.959963984540054) ** 2)
    notes = filled.computed().set_index("study")["note"]
    assert "middle" in notes["C"]
    assert "bound" in notes["D"]
    assert "not symmetric: C" in filled.notes[0]
    assert es.effects(filled.table, "GEN", scale="log").estimable.all()
    with pytest.raises(InputError, match="ratios are above 0"):
        es.fill_variances({"estimate": [-0.2]}, given="natural")
    kept = es.fill_variances({"estimate": [0.2], "se": [0.1], "p": [0.5]})
    assert kept.table["vi"].tolist() == pytest.approx([0.01])
    assert kept.steps == ()


@given(
    values=st.lists(st.floats(-50, 50), min_size=5, max_size=5, unique=True),
    n=st.integers(5, 500),
    shift=st.floats(-100, 100),
    scale=st.floats(0.1, 10),
    method=st.sampled_from(["luo/wan/shi", "wan", "hozo", "bland"]),
)
def test_estimates_from_quantiles_move_with_the_scale(values, n, shift, scale, method):
    five = np.sort(values)
    assume(np.diff(five).min() > 1e-3)
    names = ("minimum", "q1", "median", "q3", "maximum")
    plain = mean_sd_from_quantiles(n, **dict(zip(names, five, strict=True)), method=method)
    moved = mean_sd_from_quantiles(
        n, **dict(zip(names, five * scale + shift, strict=True)), method=method
    )
    assert moved.means[0] == pytest.approx(plain.means[0] * scale + shift, abs=1e-6)
    assert moved.sds[0] == pytest.approx(plain.sds[0] * scale, rel=1e-6)
    turned = mean_sd_from_quantiles(n, **dict(zip(names, -five[::-1], strict=True)), method=method)
    assert turned.means[0] == pytest.approx(-plain.means[0], abs=1e-9)
    assert moved.skewed[0] == plain.skewed[0]


def test_spans_agree_with_wan_s_tables():
    # Wan et al. 2014, tables 1 and 2, by simulation-free integrals: ξ(5) 2.326, ξ(50) 4.498;
    # η with n = 4Q + 1: Q = 50 1.345. The formulas are approximations.
    assert range_span(np.array([5.0, 50.0])) == pytest.approx([2.326, 4.498], abs=0.04)
    assert quartile_span(np.array([201.0])) == pytest.approx([1.345], abs=0.01)


def test_a_normal_sample_is_recovered_by_all_methods():
    people = stats.norm(50, 8).ppf((np.arange(1, 202) - 0.375) / 201.25)
    five = np.quantile(people, [0, 0.25, 0.5, 0.75, 1])
    names = ("minimum", "q1", "median", "q3", "maximum")
    for method in ("luo/wan/shi", "wan", "bland", "qe"):
        found = mean_sd_from_quantiles(201, **dict(zip(names, five, strict=True)), method=method)
        assert found.means[0] == pytest.approx(50, abs=0.3)
        # Bland's does not use the size of the sample and overestimates in large ones
        assert found.sds[0] == pytest.approx(8, rel=0.3 if method == "bland" else 0.06)
        assert not found.skewed[0]
        assert found.scenarios == ("S3",)
    for method in ("bc", "hozo"):
        found = mean_sd_from_quantiles(
            201, minimum=five[0], median=five[2], maximum=five[4], method=method
        )
        assert found.means[0] == pytest.approx(50, abs=0.3)


def test_a_log_normal_sample_is_recovered_by_quantile_estimation_and_seen_as_skewed():
    q1, median, q3 = stats.lognorm(0.8, scale=10).ppf([0.25, 0.5, 0.75])
    found = mean_sd_from_quantiles(400, q1=q1, median=median, q3=q3, method="qe")
    assert found.distributions[0] == "log-normal"
    assert found.means[0] == pytest.approx(10 * np.exp(0.32), rel=1e-6)
    assert found.skewed[0]
    power = mean_sd_from_quantiles(400, q1=q1, median=median, q3=q3, method="bc")
    assert power.distributions[0] == "Box-Cox power 0.00"
    assert power.means[0] == pytest.approx(10 * np.exp(0.32), rel=0.01)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"median": 3}, "neither both quartiles"),
        ({"median": 3, "q1": 1, "q3": 4, "n": 4}, "fewer than 5"),
        ({"median": 3, "q1": 1, "q3": 4, "method": "hozo"}, "is for S1"),
        ({"q1": 1, "q3": 4, "method": "qe"}, "needs the median"),
        ({"median": 3, "q1": -1, "q3": 4, "method": "bc"}, "above 0"),
        ({"median": 3, "q1": 3, "q3": 3}, "all equal"),
        ({"median": 3, "q1": 3, "q3": 3, "method": "qe"}, "all equal"),
    ],
)
def test_what_cannot_be_estimated_has_a_reason(given, reason):
    n = given.pop("n", 50)
    found = mean_sd_from_quantiles(n, **given)
    assert np.isnan(found.sds[0])
    assert reason in found.reasons[0]
    assert reason in str(found)


def test_sd_alone_and_disorder():
    found = mean_sd_from_quantiles([50, 50], q1=[1, 2], q3=[4, 5])
    assert np.isnan(found.means).all()
    assert (found.sds > 0).all()
    assert found.scenarios == ("S2, SD only",) * 2
    with pytest.raises(DataError, match="the q3 2 is below the median 3"):
        mean_sd_from_quantiles(50, q1=1, median=3, q3=2)
    with pytest.raises(OptionError, match="method"):
        mean_sd_from_quantiles(50, q1=1, median=3, q3=5, method="unknown")
    assert "Luo" in found.method_sentence()
    assert found.to_frame().shape == (2, 8)


TABLE = {
    "study": ["given", "se", "ci", "t", "f", "p", "bound", "ns", "change", "quartiles", "none"],
    "n1": [20] * 11, "n2": [22] * 11,
    "mean1": [5.0, 5, 5, 5, 5, 5, 5, 5, 5, None, 5], "mean2": [4.0] * 9 + [None, 4],
    "sd1": [2.0] + [None] * 10, "sd2": [2.0] + [None] * 10,
    "se1": [9.0, 0.5] + [None] * 9, "se2": [None, 0.4] + [None] * 9,
    "ci_lower1": [None, None, 4.0] + [None] * 8, "ci_upper1": [None, None, 6.0] + [None] * 8,
    "ci_lower2": [None, None, 3.0] + [None] * 8, "ci_upper2": [None, None, 5.0] + [None] * 8,
    "t": [None] * 3 + [-2.0] + [None] * 7, "f": [None] * 4 + [4.0] + [None] * 6,
    "p": [None] * 5 + [0.05, "<0.05", "> 0.1"] + [None] * 3,
    "sd_pre1": [None] * 8 + [2.0, None, None], "sd_post1": [None] * 8 + [3.0, None, None],
    "sd_pre2": [None] * 8 + [2.5, None, None], "sd_post2": [None] * 8 + [3.5, None, None],
    "q1_1": [None] * 9 + [3.0, None], "median1": [None] * 9 + [5.0, None],
    "q3_1": [None] * 9 + [8.0, None], "q1_2": [None] * 9 + [2.0, None],
    "median2": [None] * 9 + [3.0, None], "q3_2": [None] * 9 + [20.0, None],
}  # fmt: skip


def test_each_row_is_filled_by_what_it_has():
    filled = es.fill_statistics(TABLE, correlation=0.5)
    table: Any = filled.table.set_index("study")
    root = np.sqrt(1 / 20 + 1 / 22)
    assert table.loc["given", ["sd1", "sd2"]].tolist() == [2, 2]
    assert table.loc["se", "sd1"] == pytest.approx(0.5 * np.sqrt(20))
    assert table.loc["ci", "sd1"] == pytest.approx(np.sqrt(20) / stats.t.isf(0.025, 19))
    assert table.loc["t", ["sd1", "sd2"]].tolist() == pytest.approx([0.5 / root] * 2)
    assert table.loc["f", "sd1"] == pytest.approx(table.loc["t", "sd1"])
    t = stats.t.isf(0.025, 40)
    assert table.loc["p", "sd2"] == pytest.approx(1 / t / root)
    assert table.loc["bound", "sd1"] == table.loc["p", "sd1"]
    assert table.loc["change", "sd1"] == pytest.approx(np.sqrt(4 + 9 - 6))
    assert table.loc["quartiles", "mean1"] == pytest.approx(0.7195 * 5.5 + 0.2805 * 5)
    assert np.isnan(table.loc["ns", "sd1"])
    assert np.isnan(table.loc["none", "sd1"])
    told = filled.computed().set_index(["study", "column"])["note"]
    assert "largest" in told["bound", "sd1"]
    assert "above a bound" in told["ns", "sd1"]
    assert "skewness" in told["quartiles", "mean2"]
    assert told["quartiles", "mean1"] == ""
    assert any("could not be filled" in note for note in filled.notes)
    assert any("skewed data in quartiles" in note for note in filled.notes)
    effects = es.effects(filled.table, "SMD")
    assert effects.estimable.tolist() == [True] * 7 + [False, True, True, False]
    assert "6.5.2.8" in filled.method_sentence()
    assert filled._repr_html_().startswith("<table>")


def test_what_is_skewed_can_be_left_empty():
    filled = es.fill_statistics(TABLE, skewed="leave", correlation=0.5)
    row: Any = filled.table.set_index("study").loc["quartiles"]
    assert row["mean1"] > 0
    assert np.isnan(row["mean2"])
    fitted = es.fill_statistics(TABLE, method="qe", skewed="leave", correlation=0.5)
    other: Any = fitted.table.set_index("study").loc["quartiles"]
    assert other["mean2"] > 3


def test_a_change_without_correlation_says_so():
    filled = es.fill_statistics(TABLE)
    told = filled.computed().set_index(["study", "column"])["note"]
    assert "pass correlation=" in told["change", "sd1"]


def test_columns_of_other_programs_and_by_name():
    meta = pd.DataFrame({"studlab": ["A"], "n.e": [30], "median.e": [5.0], "q1.e": [4.0],
                         "q3.e": [6.0], "n.c": [30], "mean.c": [4.0], "sd.c": [1.0]})  # fmt: skip
    filled = es.fill_statistics(meta)
    assert filled.table["mean1"][0] == pytest.approx(5.0)
    named = es.fill_statistics(
        {"people": [30], "mitte": [5.0], "q1": [4.0], "q3": [6.0]},
        columns={"n": "people", "median": "mitte"},
    )
    assert named.table["sd"][0] > 0
    with pytest.raises(OptionError, match="columns"):
        es.fill_statistics({"q1": [4.0]}, columns={"middle": "q1"})
    with pytest.raises(InputError, match="no column of means"):
        es.fill_statistics({"x": [4.0]})
    with pytest.raises(InputError, match=r"row 1 \(A\), arm 1: the median 7 is below the q1 8"):
        es.fill_statistics({"study": ["A"], "n1": [30], "q1_1": [8], "median1": [7], "q3_1": [9]})
    with pytest.raises(InputError, match="'about 5' is not a number"):
        es.fill_statistics({"n": [30], "q1": ["about 5"], "median": [7], "q3": [9]})
    with pytest.raises(OptionError, match="skewed"):
        es.fill_statistics(meta, skewed="drop")
