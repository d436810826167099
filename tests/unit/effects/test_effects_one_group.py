"""Effect measures of one group: published examples, properties, and what cannot be computed."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

import evisynth as es
from evisynth.effects.measures_one_group import ONE_GROUP
from evisynth.errors import InputError, OptionError

CLOSED = 1e-12
"""Relative, for a formula evaluated twice."""

MADE = [measure for measure in ONE_GROUP if measure.kernel is not None]
"""Measures that are made of data."""

TABLES: dict[str, dict[str, list[float]]] = {
    "group events": {"events": [3, 8, 20], "n": [20, 33, 40]},
    "group time": {"events": [3, 8, 20], "time": [20.5, 33.0, 40.0]},
    "group mean": {"n": [20, 33, 40], "mean": [5.0, 6.0, 4.5], "sd": [2.0, 2.5, 1.5]},
    "group sd": {"n": [20, 33, 40], "sd": [2.0, 2.5, 1.5]},
    "correlation": {"n": [20, 33, 40], "r": [0.3, -0.5, 0.1]},
    "partial correlation": {"n": [20, 33, 40], "r": [0.3, -0.5, 0.1], "predictors": [3, 4, 2]},
    "regression coefficient": {
        "n": [20, 33, 40], "t_value": [1.3, -2.5, 0.4], "predictors": [3, 4, 2],
        "r2": [0.3, 0.4, 0.2],
    },
    "regression": {"n": [20, 33, 40], "r2": [0.3, 0.4, 0.2], "predictors": [3, 4, 2]},
    "paired means": {
        "n": [20, 33, 40], "mean1": [3.0, 4.0, 3.5], "sd1": [1.1, 1.3, 1.0],
        "mean2": [2.0, 2.7, 3.4], "sd2": [1.2, 0.9, 1.1], "r": [0.3, 0.6, 0.5],
    },
    "paired sds": {
        "n": [20, 33, 40], "sd1": [1.1, 1.3, 1.0], "sd2": [1.2, 0.9, 1.1], "r": [0.3, 0.6, 0.5],
    },
    "paired means, one sd": {
        "n": [20, 33, 40], "mean1": [3.0, 4.0, 3.5], "sd1": [1.1, 1.3, 1.0],
        "mean2": [2.0, 2.7, 3.4], "r": [0.3, 0.6, 0.5],
    },
    "before and after": {
        "n1": [20, 50, 9], "before1": [30.6, 23.5, 0.5], "after1": [38.5, 26.8, 0.7],
        "sd_before1": [15.0, 3.1, 0.1], "n2": [20, 42, 9], "before2": [23.1, 24.9, 0.6],
        "after2": [19.7, 25.3, 0.6], "sd_before2": [13.8, 4.1, 0.2], "r": [0.47, 0.64, 0.77],
    },
    "alpha": {"alpha": [0.8, 0.9, 0.7], "items": [5, 8, 10], "n": [20, 33, 40]},
    "genotypes": {"homozygous1": [8, 9, 20], "heterozygous": [5, 8, 21], "homozygous2": [20, 3, 7]},
    "means": {
        "n1": [20, 33, 40], "mean1": [3.0, 4.0, 3.5], "sd1": [1.1, 1.3, 1.0], "n2": [21, 30, 38],
        "mean2": [2.0, 2.7, 3.4], "sd2": [1.2, 0.9, 1.1],
    },
    "area under the curve": {"auc": [0.7, 0.8, 0.9], "n1": [20, 30, 40], "n2": [25, 35, 45]},
}  # fmt: skip


def table_of(measure: Any) -> dict[str, Any]:
    return {"study": ["A", "B", "C"], **TABLES[measure.sources[0]]}


MORRIS = {
    "n1": [20, 50, 9, 10, 14], "before1": [30.6, 23.5, 0.5, 53.4, 35.6],
    "after1": [38.5, 26.8, 0.7, 75.9, 36.0], "sd_before1": [15.0, 3.1, 0.1, 14.5, 4.7],
    "n2": [20, 42, 9, 11, 14], "before2": [23.1, 24.9, 0.6, 55.7, 34.8],
    "after2": [19.7, 25.3, 0.6, 60.7, 33.4], "sd_before2": [13.8, 4.1, 0.2, 17.3, 3.1],
    "r": [0.47, 0.64, 0.77, 0.89, 0.44],
}  # fmt: skip
"""Morris (2008), Table 5: training effects of five studies, doi:10.1177/1094428106291059."""


def test_morris_2008_table_5() -> None:
    made = es.effects(MORRIS, "DPPC2")
    assert made.estimates.round(2).tolist() == [0.77, 0.80, 1.20, 1.05, 0.44]
    first = es.effects(MORRIS, "DPPC1")
    assert first.estimates.round(2).tolist() == [0.74, 0.95, 1.81, 1.15, 0.51]


def test_morris_2008_variance_is_that_of_a_noncentral_t() -> None:
    # d/(J√a') is a noncentral t on N - 2 degrees of freedom, which eq. 25 is the variance of
    made = es.effects(MORRIS, "DPPC2")
    n1, n2 = np.array(MORRIS["n1"]), np.array(MORRIS["n2"])
    degrees = n1 + n2 - 2
    base = 2 * (1 - np.array(MORRIS["r"])) * (1 / n1 + 1 / n2)
    d, correction = made.estimates, 1 - 3 / (4 * degrees - 1)
    second = degrees / (degrees - 2) * (1 + d**2 / base)  # second moment of that t
    assert made.variances == pytest.approx(correction**2 * base * second - d**2, rel=1e-10)


def test_hanley_and_mcneil_1982() -> None:
    # an area of 0.893 among 51 abnormal and 58 normal images has a standard error of 0.032
    made = es.effects({"auc": [0.893], "n1": [51], "n2": [58]}, "AUC")
    assert round(float(made.standard_errors[0]), 3) == 0.033
    newcombe = es.effects({"auc": [0.893], "n1": [51], "n2": [58]}, "AUC", variance_formula="LS2")
    assert round(float(newcombe.standard_errors[0]), 3) == 0.032


def test_mcgraw_and_wong_1992_heights() -> None:
    # men 69.7 (2.8) inches, women 64.3 (2.6): a man is the taller one with probability 0.92
    table = {"n1": [1000], "mean1": [69.7], "sd1": [2.8], "n2": [1000], "mean2": [64.3],
             "sd2": [2.6]}  # fmt: skip
    assert round(float(es.effects(table, "CLESN").estimates[0]), 2) == 0.92


def test_common_language_formulas_agree_for_equal_arms() -> None:
    table = {"n1": [30], "mean1": [1.0], "sd1": [2.0], "n2": [30], "mean2": [0.0], "sd2": [2.0]}
    one, other = (es.effects(table, "CLESN", variance_formula=f) for f in ("LS", "HO"))
    assert one.estimates == pytest.approx(other.estimates, rel=CLOSED)
    assert one.variances == pytest.approx(other.variances, rel=CLOSED)


def test_the_probit_is_the_delta_method() -> None:
    made = es.effects({"x": [3, 90], "n": [20, 100]}, "PRZ")
    p = np.array([0.15, 0.9])
    assert made.estimates == pytest.approx(special.ndtri(p), rel=CLOSED)
    expected = p * (1 - p) / np.array([20, 100]) / stats.norm.pdf(special.ndtri(p)) ** 2
    assert made.variances == pytest.approx(expected, rel=1e-10)


def test_partial_and_semipartial_from_t_values() -> None:
    table = {"n": [60], "t_value": [2.5], "predictors": [4], "r2": [0.36]}
    partial = es.effects(table, "PCOR")
    assert partial.estimates[0] == pytest.approx(2.5 / math.sqrt(2.5**2 + 55), rel=CLOSED)
    semi = es.effects(table, "SPCOR")
    assert semi.estimates[0] == pytest.approx(2.5 * 0.8 / math.sqrt(55), rel=CLOSED)
    z = es.effects(table, "ZSPCOR")
    assert np.tanh(z.estimates[0]) == pytest.approx(semi.estimates[0], rel=CLOSED)
    slope = 1 / (1 - semi.estimates[0] ** 2)
    assert z.variances[0] == pytest.approx(semi.variances[0] * slope**2, rel=CLOSED)
    fisher = es.effects(table, "ZPCOR", variance_formula="Fisher")
    assert fisher.variances[0] == pytest.approx(1 / 54, rel=CLOSED)


def test_one_predictor_is_the_plain_correlation() -> None:
    one = es.effects({"n": [40], "r": [0.3], "predictors": [1]}, "ZPCOR", variance_formula="Fisher")
    plain = es.effects({"n": [40], "r": [0.3]}, "ZCOR")
    assert (one.estimates[0], one.variances[0]) == (plain.estimates[0], plain.variances[0])


def test_r_squared_formulas() -> None:
    table = {"n": [100, 50], "predictors": [3, 5], "r2": [0.25, 0.36]}
    r2, n, m = (np.array(table[name]) for name in ("r2", "n", "predictors"))
    made = es.effects(table, "R2")
    assert made.variances == pytest.approx(4 * r2 * (1 - r2) ** 2 / n, rel=CLOSED)
    kelley = es.effects(table, "R2", variance_formula="LS2")
    factor = (n - m - 1) ** 2 / ((n**2 - 1) * (n + 3))
    assert kelley.variances == pytest.approx(4 * r2 * (1 - r2) ** 2 * factor, rel=CLOSED)
    z = es.effects(table, "ZR2")
    assert z.scale.shown_values(z.estimates) == pytest.approx(r2, rel=CLOSED)
    assert z.variances == pytest.approx(1 / n, rel=CLOSED)
    mean = (100 * 0.25 + 50 * 0.36) / 150
    together = es.effects(table, "R2", variance_formula="AV")
    assert together.variances == pytest.approx(4 * mean * (1 - mean) ** 2 / n, rel=CLOSED)


SIMULATED = 0.1
"""Relative, for a variance against that of 20,000 simulated studies of 40 people (its own error is
1%; the formulas are large-sample ones)."""


@pytest.mark.parametrize("measure", ["SMCRP", "SMCRPH", "SMCR", "SMCRH", "SMCC"])
def test_standardized_changes_against_simulation(measure: str) -> None:
    rng = np.random.default_rng(7)
    n, r, shift, studies = 40, 0.6, 0.7, 20_000
    people = rng.multivariate_normal([shift, 0], [[1, r], [r, 1]], size=(studies, n))
    means, sds = people.mean(axis=1), people.std(axis=1, ddof=1)
    centred = people - means[:, None, :]
    cor = (centred[..., 0] * centred[..., 1]).sum(axis=1) / ((n - 1) * sds[:, 0] * sds[:, 1])
    table = {
        "n": np.full(studies, n), "mean1": means[:, 0], "mean2": means[:, 1], "sd1": sds[:, 0],
        "sd2": sds[:, 1], "r": cor,
    }  # fmt: skip
    made = es.effects(table, measure)
    assert made.estimates.mean() == pytest.approx(
        shift / (np.sqrt(2 - 2 * r) if measure == "SMCC" else 1), rel=0.01
    )
    assert made.variances.mean() == pytest.approx(made.estimates.var(), rel=SIMULATED)


@pytest.mark.parametrize(("n", "rho"), [(8, 0.0), (12, 0.5), (60, -0.7)])
def test_the_unbiased_correlation_is_unbiased(n: int, rho: float) -> None:
    # over the exact distribution of r, by simulation of the bivariate normal
    rng = np.random.default_rng(11)
    people = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=(40_000, n))
    people -= people.mean(axis=1, keepdims=True)
    squares = (people**2).sum(axis=1)
    r = (people[..., 0] * people[..., 1]).sum(axis=1) / np.sqrt(squares[:, 0] * squares[:, 1])
    made = es.effects({"r": r, "n": np.full(r.size, n)}, "UCOR", variance_formula="UB")
    error = made.estimates.std() / math.sqrt(r.size)
    assert made.estimates.mean() == pytest.approx(rho, abs=4 * error)
    # half of the variances of small samples may be below 0 and are not estimable: the kernel's own
    from evisynth.effects.correlations import unbiased_correlation

    arrays = {"r": r, "n": np.full(r.size, float(n))}
    estimates, variances = unbiased_correlation(arrays, "UB")
    assert variances.mean() == pytest.approx(estimates.var(), rel=0.05)


# ---- properties of all ---------------------------------------------------------------------------


@pytest.mark.parametrize("measure", MADE, ids=lambda m: m.name)
def test_every_measure_and_formula_is_computed(measure: Any) -> None:
    for formula in measure.formulas:
        made = es.effects(table_of(measure), measure.name, variance_formula=formula)
        assert made.estimable.all(), (measure.name, formula, made.reasons)
        assert measure.words in made.method
        fit = es.pool(made)
        shown = made.scale.shown(fit.estimate)
        assert made.scale.range[0] <= shown <= made.scale.range[1]
        assert measure.scale.label in str(fit)


@pytest.mark.parametrize("measure", MADE, ids=lambda m: m.name)
def test_the_order_of_studies_does_not_matter(measure: Any) -> None:
    table = table_of(measure)
    turned = {name: values[::-1] for name, values in table.items()}
    for formula in measure.formulas:
        one = es.effects(table, measure.name, variance_formula=formula)
        other = es.effects(turned, measure.name, variance_formula=formula)
        assert one.estimates == pytest.approx(other.estimates[::-1], rel=CLOSED)
        assert one.variances == pytest.approx(other.variances[::-1], rel=CLOSED)


@pytest.mark.parametrize("measure", MADE, ids=lambda m: m.name)
def test_a_row_with_an_empty_cell_stays_with_a_reason(measure: Any) -> None:
    table = table_of(measure)
    for name in TABLES[measure.sources[0]]:
        holed = {**table, name: [table[name][0], None, table[name][2]]}
        made = es.effects(holed, measure.name)
        assert made.estimable.tolist()[::2] == [True, True]
        assert not made.estimable[1]
        assert "missing" in made.reasons[1]


@pytest.mark.parametrize("measure", ONE_GROUP, ids=lambda m: m.name)
def test_estimates_may_be_given_ready_made(measure: Any) -> None:
    made = es.effects({"estimate": [0.3, 0.4], "variance": [0.01, 0.02]}, measure.name)
    assert made.estimates.tolist() == [0.3, 0.4]
    assert made.scale.label == measure.scale.label


@given(x=st.integers(0, 50), more=st.integers(0, 50))
def test_a_proportion_and_its_complement(x: int, more: int) -> None:
    if x + more == 0:
        return
    one = {"events": [x], "nonevents": [more]}
    other = {"events": [more], "nonevents": [x]}
    for measure, sign, whole in (("PLO", -1, 0), ("PAS", -1, math.pi / 2), ("PFT", -1, math.pi / 2),
                                 ("PRZ", -1, 0), ("PR", -1, 1)):  # fmt: skip
        a, b = es.effects(one, measure), es.effects(other, measure)
        assert b.estimates == pytest.approx(whole + sign * a.estimates, abs=1e-12)
        assert b.variances == pytest.approx(a.variances, rel=1e-9)


def test_scaling_the_time_scales_the_rate() -> None:
    years = es.effects({"x": [3, 9], "t": [10.0, 20.0]}, "IRLN")
    months = es.effects({"x": [3, 9], "t": [120.0, 240.0]}, "IRLN")
    assert years.estimates - months.estimates == pytest.approx(math.log(12))
    assert years.variances.tolist() == months.variances.tolist()


# ---- other ways to give the numbers ----------------------------------------------------------


def test_a_mean_change_with_its_precision() -> None:
    paired = es.effects(table_of(next(m for m in ONE_GROUP if m.name == "MC")), "MC")
    n = np.array([20, 33, 40])
    change = paired.estimates
    se = paired.standard_errors
    t = stats.t.ppf(0.975, n - 1)
    ways: tuple[dict[str, Any], ...] = (
        {"sd_change": se * np.sqrt(n)},
        {"se": se},
        {"ci_lower": change - t * se, "ci_upper": change + t * se},
        {"t_value": change / se},
        {"p_value": 2 * stats.t.sf(np.abs(change / se), n - 1)},
    )
    for way in ways:
        table = {"n": n, "difference": change, **way}
        for measure in ("MC", "SMCC"):
            made = es.effects(table, measure)
            whole = es.effects(table_of(next(m for m in ONE_GROUP if m.name == "MC")), measure)
            assert made.estimates == pytest.approx(whole.estimates, rel=1e-9)
            assert made.variances == pytest.approx(whole.variances, rel=1e-9)


def test_the_correlation_from_the_sd_of_changes() -> None:
    table = {name: values for name, values in TABLES["paired means"].items() if name != "r"}
    sd1, sd2, r = (np.array(TABLES["paired means"][name]) for name in ("sd1", "sd2", "r"))
    table["sd_change"] = np.sqrt(sd1**2 + sd2**2 - 2 * r * sd1 * sd2).tolist()
    for measure in ("SMCR", "SMCRH", "SMCRP", "ROMC"):
        whole = es.effects(TABLES["paired means"], measure)
        made = es.effects(table, measure)
        assert made.variances == pytest.approx(whole.variances, rel=1e-10)


def test_a_mean_with_its_standard_error_or_limits() -> None:
    n, se = np.array([20, 30]), np.array([0.4, 0.3])
    t = stats.t.ppf(0.975, n - 1)
    whole = es.effects({"n": n, "mean": [5, 6], "sd": se * np.sqrt(n)}, "MNLN")
    for way in ({"se": se}, {"ci_lower": [5, 6] - t * se, "ci_upper": [5, 6] + t * se}):
        made = es.effects({"n": n, "mean": [5, 6], **way}, "MNLN")
        assert made.variances == pytest.approx(whole.variances, rel=1e-9)


def test_a_correlation_from_its_t_value() -> None:
    made = es.effects({"n": [30], "t_value": [2.0]}, "ZCOR")
    assert made.estimates[0] == pytest.approx(math.atanh(2 / math.sqrt(4 + 28)), rel=CLOSED)


def test_correlations_of_both_arms() -> None:
    own = {**{k: v for k, v in MORRIS.items() if k != "r"}, "r1": MORRIS["r"], "r2": MORRIS["r"]}
    one, other = es.effects(own, "DPPC2"), es.effects(MORRIS, "DPPC2")
    assert one.variances.tolist() == other.variances.tolist()


def test_hazard_ratios_as_printed() -> None:
    table = {"estimate": [0.85, 1.1], "ci_lower": [0.7, 0.9], "ci_upper": [1.03, 1.34]}
    made = es.effects(table, "HR", given="natural")
    assert made.estimates == pytest.approx(np.log([0.85, 1.1]), rel=CLOSED)
    assert "Hazard ratio" in str(es.pool(made))


# ---- what cannot be computed ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "row", "reason"),
    [
        ("PLO", {"events": 0, "n": 9}, "nobody or everybody"),
        ("PLN", {"events": 0, "n": 9}, "nobody or everybody"),
        ("PR", {"events": 9, "n": 9}, "nobody or everybody"),
        ("IRLN", {"events": 0, "time": 9}, "no event"),
        ("MNLN", {"n": 9, "mean": -1, "sd": 1}, "mean of -1 has no logarithm"),
        ("SDLN", {"n": 1, "sd": 1}, "1 people are too few"),
        ("ZCOR", {"r": 1, "n": 9}, "1 or -1"),
        ("COR", {"r": 0.3, "n": 3}, "3 people are too few"),
        ("ZCOR", {"r": 0.3, "n": 3}, "3 people are too few"),
        ("UCOR", {"r": 0.3, "n": 4}, "4 people are too few"),
        ("PCOR", {"t_value": 2, "n": 4, "predictors": 3}, "degrees of freedom"),
        ("PCOR", {"r": 0.2, "n": 4, "predictors": 3}, "0 degrees of freedom"),
        ("SPCOR", {"t_value": 2, "n": 4, "predictors": 3, "r2": 0.5}, "degrees of freedom"),
        ("R2", {"r2": 0, "n": 40, "predictors": 3}, "R² of 0"),
        ("ARAW", {"alpha": 1, "items": 5, "n": 30}, "alpha of 1"),
        ("ABT", {"alpha": 0.8, "items": 1, "n": 30}, "one item"),
        ("AHW", {"alpha": 0.8, "items": 3, "n": 1}, "1 people"),
        ("REH", {"homozygous1": 0, "heterozygous": 4, "homozygous2": 5}, "nobody has one"),
        ("AUC", {"auc": 1, "n1": 4, "n2": 5}, "area of 1"),
        ("VRC", {"n": 9, "sd1": 1, "sd2": 2, "r": 1}, "correlation of 1"),
        ("SMCC", {"n": 9, "mean1": 3, "mean2": 2, "sd1": 1, "sd2": 1, "r": 1}, "by the same"),
        ("SMCC", {"n": 2, "mean1": 3, "mean2": 2, "sd1": 1, "sd2": 1, "r": 0}, "2 people"),
        ("ROMC", {"n": 9, "mean1": 3, "mean2": -2, "sd1": 1, "sd2": 1, "r": 0}, "opposite sign"),
    ],
)
def test_a_row_without_an_estimate_says_why(
    measure: str, row: dict[str, float], reason: str
) -> None:
    rules: dict[str, Any] = {"continuity_to": "none"} if "events" in row else {}
    made = es.effects({"study": ["only"], **{k: [v] for k, v in row.items()}}, measure, **rules)
    assert not made.estimable[0]
    assert reason in made.reasons[0]


@pytest.mark.parametrize(
    ("measure", "row", "message"),
    [
        ("PLO", {"events": 12, "n": 9}, "12 events among 9 people"),
        ("PLO", {"events": 2, "nonevents": 3, "n": 9}, "are not 9 people"),
        ("IR", {"events": 2, "time": 0}, "person-time"),
        ("COR", {"r": 1.2, "n": 9}, "between -1 and 1"),
        ("ARAW", {"alpha": 85, "items": 5, "n": 30}, "alpha of 85"),
        ("R2", {"r2": 1.2, "n": 40, "predictors": 3}, "between 0 and 1"),
        ("SMCR", {"n": 9, "mean1": 3, "mean2": 2, "sd1": 1, "sd2": 1, "sd_change": 9}, "of 9"),
    ],
)
def test_impossible_numbers_are_refused(measure: str, row: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        es.effects({"study": ["only"], **{k: [v] for k, v in row.items()}}, measure)


def test_unknown_formulas_are_refused() -> None:
    with pytest.raises(OptionError, match="variance_formula of ZCOR"):
        es.effects({"r": [0.1], "n": [20]}, "ZCOR", variance_formula="UB")


def test_arcsines_take_no_constant_unless_asked() -> None:
    table = {"x": [0, 3], "n": [10, 12]}
    assert es.effects(table, "PFT").notes[-1].startswith("The double arcsine")
    assert not any("added" in note for note in es.effects(table, "PAS").notes)
    asked = es.effects(table, "PAS", continuity=0.5)
    assert asked.estimates[0] == pytest.approx(math.asin(math.sqrt(0.5 / 11)), rel=CLOSED)


def test_columns_of_metafor_are_recognized() -> None:
    assert es.effects({"xi": [3], "ni": [10]}, "PR").estimates[0] == 0.3
    assert es.effects({"xi": [3], "mi": [7]}, "PR").estimates[0] == 0.3
    assert es.effects({"xi": [3], "ti": [10]}, "IR").estimates[0] == 0.3
    assert es.effects({"mi": [3], "sdi": [1], "ni": [10]}, "MN").estimates[0] == 3
    assert es.effects({"ai": [0.8], "mi": [5], "ni": [10]}, "ARAW").estimates[0] == 0.8
    assert es.effects({"ti": [2], "ni": [9], "mi": [4]}, "PCOR").estimates[0] == 2 / math.sqrt(8)
    named = es.effects({"cases": [3], "people": [10]}, "PR", n="people")
    assert named.columns["n"] == "people"
