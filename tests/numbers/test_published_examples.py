"""Worked examples of publications through the front door, against the digits that were printed.

The numbers are those that the tests of metafor name with the page they are printed on; data and
citations are in validation/published.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es

FOLDER = Path(__file__).parents[2] / "validation" / "published"

ROUNDING = 1 + 1e-9
"""A printed number is off by half a unit of its last digit at most; this for binary fractions."""

Check = tuple[str, str, float]
Example = Callable[[], Iterator[Check]]

EXAMPLES: dict[str, Example] = {}

DIFFERS = {
    ("raudenbush2009", "random-effects estimate"): 1.0,
    ("raudenbush2009", "equal-effects z"): 1.0,
    ("raudenbush2009", "smallest blup with weeks"): 1.0,
    ("vanhouwelingen1993", "random-effects estimate"): 1.0,
    ("vanhouwelingen1993", "equal-effects upper"): 1.0,
    ("vanhouwelingen1993", "random-effects log-likelihood"): 2.0,
    ("vanhouwelingen2002", "equal-effects upper"): 1.0,
    ("stijnen2010", "OR, normal, SE"): 1.0,
    ("stijnen2010", "OR, exact, pooled"): 1.0,
    ("stijnen2010", "OR, approximate, tau"): 1.0,
    ("stijnen2010", "IRLN 2, exact, tau²"): 1.0,
    ("stijnen2010", "IRLN 1, exact, estimate"): 1.0,
    ("stijnen2010", "IRR, normal, SE"): 4.0,
    ("berkey1995", "mixed intercept"): 1.0,
    ("berkey1995", "equal intercept"): 1.0,
    ("berkey1995", "equal SE of latitude"): 1.0,
    ("viechtbauer2010", "QM"): 2.0,
    ("viechtbauer2010", "mixed intercept"): 2.0,
    ("viechtbauer2010", "mixed SE of the intercept"): 3.0,
    ("lipsey2001", "between groups"): 1.0,
    ("lipsey2001", "within groups"): 1.0,
    ("lipsey2001", "mixed QM"): 2.0,
    ("ishak2007", "tau² of time 1"): 1.0,
    ("ishak2007", "tau² of time 4"): 1.0,
    ("rothman2008", "RD, upper"): 1.0,
    ("viechtbauer2007b", "equal-effects ratio"): 1.0,
    ("viechtbauer2007b", "upper"): 1.0,
    ("viechtbauer2007b", "R²"): 1.0,
    ("konstantopoulos2011", "two-level SE with year"): 1.0,
    ("konstantopoulos2011", "two-level tau² with year"): 1.0,
    ("konstantopoulos2011", "three-level intercept with year"): 5.0,
}
"""What differs from the printed number, and by how many units of its last digit at most. Where
metafor's tests name such a number they say the same; README.md has the reasons."""


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / "data" / f"{name}.csv")


def example(function: Example) -> Example:
    EXAMPLES[function.__name__] = function
    return function


def of(fit: Any, names: str) -> list[float]:
    return [float(getattr(fit, name)) for name in names.split()]


def ratios(fit: Any) -> Any:
    return np.exp(of(fit, "estimate ci_lower ci_upper"))


def several(what: str, printed: str, ours: Any) -> Iterator[Check]:
    """Pair the printed numbers, set apart by spaces, with ours."""
    words, numbers = printed.split(), np.asarray(ours, dtype=float).ravel()
    assert len(words) == len(numbers), what
    for index, (word, number) in enumerate(zip(words, numbers, strict=True), 1):
        yield (what if len(words) == 1 else f"{what} {index}"), word, float(number)


# fmt: off
@example
def viechtbauer2005() -> Iterator[Check]:
    methods = ("HS", "HE", "DL", "ML", "REML", "EB", "SJ")
    printed = {"viechtbauer2005a": (".228 .148 .277 .197 .223 .192 .199",
        "77.23 68.80 80.44 74.51 76.84 74.05 74.75", "4.39 3.21 5.11 3.92 4.32 3.85 3.96"),
        "viechtbauer2005b": (".010 .000 .013 .013 .016 .010 .025",
        "22.93 0.00 27.53 28.45 32.02 23.72 42.67", "1.30 1.00 1.38 1.40 1.47 1.31 1.74")}
    for name, (tau2, i2, h2) in printed.items():
        fits = [es.pool(table(name), tau2=method) for method in methods]
        yield from several(f"{name} tau²", tau2, [fit.tau2 for fit in fits])
        yield from several(f"{name} I²", i2, [fit.i2 for fit in fits])
        yield from several(f"{name} H²", h2, [fit.h2 for fit in fits])


@example
def viechtbauer2007a() -> Iterator[Check]:
    data = es.effects(table("collins1985b"), "OR")
    fits = {m: es.pool(data, tau2=m, ci="z") for m in ("DL", "ML", "REML", "SJ")}
    yield from several("tau²", ".230 .239 .301 .456", [fit.tau2 for fit in fits.values()])
    for method, interval, printed in (
        ("DL", "QP", ".072 2.203"),
        ("DL", "BT", ".048 2.355"),
        ("ML", "PL", ".027 1.131"),
        ("REML", "PL", ".043 1.475"),
        ("SJ", "SJ", ".208 1.675"),
    ):
        found = es.heterogeneity(fits[method], interval).get("tau²", interval)
        yield from several(f"{method} {interval}", printed, of(found, "lower upper"))
    for method, printed in (("ML", ".578"), ("REML", ".732")):
        yield from several(f"{method} Wald", printed, es.heterogeneity(fits[method],
            "Wald").get("tau²", "Wald").upper)


@example
def viechtbauer2007b() -> Iterator[Check]:
    data = es.effects(table("linde2005"), "RR")
    equal = es.pool(data, model="equal")
    yield from several("equal-effects ratio", "1.39", np.exp(equal.estimate))
    yield from several("equal-effects limits", "1.26 1.52", np.exp(of(equal, "ci_lower ci_upper")))
    random = es.pool(data, tau2="DL", ci="z")
    yield from several("ratio and lower", "1.57 1.31", np.exp(of(random, "estimate ci_lower")))
    yield from several("upper", "1.90", np.exp(random.ci_upper))
    mixed = es.meta_regression(data, "I(dose - 34) * I(baseline - 20)", tau2="DL", ci="z")
    yield from several("mixed tau²", ".047", np.floor(mixed.tau2 * 1000) / 1000)
    yield from several("R²", "48", mixed.r2)
    yield from several("coefficients", ".4763 -.0058 -.0672 -.0016", mixed.coefficients)
    yield from several("SE", ".0876 .0100 .0352 .0034", mixed.se)
    new = pd.DataFrame({"dose": [34.0, 34.0], "baseline": [12.5, 23.6]})
    yield from several("at 12.5 and 23.6", "2.67 1.26", np.exp(es.predict(mixed, new).estimates))


@example
def viechtbauer2010() -> Iterator[Check]:
    data = es.effects(table("colditz1994"), "RR")
    fit = es.pool(data, ci="z")
    yield from several("random effects",
        "-.7145 .1798 -3.9744 -1.0669 -.3622 .3132 .1664 92.22 12.86 152.2330", of(fit,
        "estimate se statistic ci_lower ci_upper tau2 tau2_se i2 h2 q"))
    yield from several("Q-profile", "0.1197 1.1115 81.92 97.68", of(fit,
        "tau2_lower tau2_upper i2_lower i2_upper"))
    mixed = es.meta_regression(fit, "ablat + year")
    yield from several("tau², QE", "0.1108 28.3251", of(mixed, "tau2 qe"))
    yield from several("QM", "12.2043", mixed.moderators.statistic)
    yield from several("mixed intercept", "-3.5455", mixed.coefficients[0])
    yield from several("mixed SE of the intercept", "29.0959", mixed.se[0])
    yield from several("slopes, SE", "-0.0280 0.0019 0.0102 0.0147", [*mixed.coefficients[1:],
        *mixed.se[1:]])


@example
def berkey1995() -> Iterator[Check]:
    counts = table("colditz1994")
    smoothed = sum((counts[no] / counts[yes]).sum() / (13 * (counts[no] + counts[yes])) for yes,
        no in (("events1", "nonevents1"), ("events2", "nonevents2")))
    estimates = es.effects(counts, "RR").estimates
    data = pd.DataFrame({"yi": estimates, "vi": smoothed, "centred": counts["ablat"] - 33.46})
    fit = es.pool(data, tau2="EB", ci="z")
    yield from several("random effects", "-0.5429 0.1842", of(fit, "estimate se"))
    yield from several("tau²", "0.268", fit.tau2)
    mixed = es.meta_regression(fit, "centred")
    yield from several("mixed intercept", "-0.6304", mixed.coefficients[0])
    yield from several("mixed latitude, SE", "-0.0268 0.1591 0.0110", [mixed.coefficients[1],
        *mixed.se])
    yield from several("mixed tau²", "0.157", mixed.tau2)
    yield from several("R²", "41", mixed.r2)
    ratios = np.exp(es.predict(mixed, pd.DataFrame({"centred": [0.0, 8.54]})).estimates)
    yield from several("risk ratios", "0.53 0.42", ratios)
    equal = es.meta_regression(data, "centred", model="equal")
    yield from several("equal intercept", "-0.5950", equal.coefficients[0])
    yield from several("equal latitude, SE", "-0.0282 0.0696", [equal.coefficients[1], equal.se[0]])
    yield from several("equal SE of latitude", "0.0039", equal.se[1])


@example
def berkey1998() -> Iterator[Check]:
    data = table("berkey1998")
    blocks = [part[["v1i", "v2i"]].to_numpy() for _, part in data.groupby("trial", sort=False)]
    fit = es.multilevel(data, "outcome | trial", "0 + outcome + outcome:year", V=blocks,
        structure="UN", method="ML", ci="z", limits=False)
    yield from several("coefficients", "-0.335 0.348 -0.011 0.001", fit.coefficients)
    yield from several("SE", "0.079 0.052 0.024 0.015", fit.se)
    values = [part.estimate for part in fit.components]
    yield from several("tau²", "0.025 0.008", values[:2])
    yield from several("covariance", "0.009", values[2] * np.sqrt(values[0] * values[1]))


@example
def konstantopoulos2011() -> Iterator[Check]:
    data = table("konstantopoulos2011")
    data["centred"] = data["year"] - data["year"].mean()
    two = es.pool(data, ci="z")
    yield from several("two levels", "0.128 0.044 0.088 0.020", of(two, "estimate se tau2 tau2_se"))
    mixed = es.meta_regression(two, "centred")
    yield from several("two levels with year", "0.126 0.005", mixed.coefficients)
    yield from several("two-level SE with year", "0.043", mixed.se[0])
    yield from several("two-level tau² with year", "0.088", mixed.tau2)
    three = es.multilevel(data, "district/school", method="ML", ci="z", limits=False)
    yield from several("three levels", "0.184 0.080 0.058 0.033", [three.estimate, three.se[0],
        *(c.estimate for c in three.components)])
    year = es.multilevel(data, "district/school", "centred", method="ML", ci="z", limits=False)
    yield from several("three-level intercept with year", "0.183", year.coefficients[0])
    yield from several("three levels with year", "0.005 0.080 0.009 0.056 0.033",
        [year.coefficients[1], *year.se, *(c.estimate for c in year.components)])


@example
def normand1999() -> Iterator[Check]:
    hine = es.effects(table("hine1989"), "RD")
    yield from several("percentage points", "2.8026 0.0000 1.9711 1.7961 3.5334 4.4031",
        100 * hine.estimates)
    yield from several("variances", "17.7575 37.5657 8.1323 10.8998 8.0114 6.1320",
        1e4 * hine.variances)
    ways: dict[str, dict[str, Any]]
    ways = {"equal": {"model": "equal"}, "REML": {}, "DL": {"tau2": "DL"}}
    for name, options in ways.items():
        fit = es.pool(hine, ci="z", **options)
        yield from several(f"hine {name}", "2.94", 100 * fit.estimate)
        yield from several(f"hine {name} limits", "0.4 5.5", [100 * fit.ci_lower,
            100 * fit.ci_upper])
    stays = es.effects(table("normand1999"), "MD", variance_formula="HO")
    yield from several("days", "-20 -2 -55 -71 -4 1 11 -10 7", stays.estimates)
    yield from several("their variances", "40.59 2.05 15.28 150.22 20.19 1.22 95.38 8.03 20.69",
        stays.variances)
    equal = es.pool(stays, model="equal")
    yield from several("equal effects", "-3.49 -5.03 -1.96", of(equal,
        "estimate ci_lower ci_upper"))
    for method, printed in (
        ("DL", "-14.10 -24.45 -3.75 218.72"),
        ("REML", "-15.12 -32.67 2.43 685.20"),
    ):
        fit = es.pool(stays, tau2=method, ci="z")
        yield from several(method, printed, of(fit, "estimate ci_lower ci_upper tau2"))


@example
def vanhouwelingen1993() -> Iterator[Check]:
    data = table("collins1985a")
    equal = es.glmm(data, "OR", likelihood="CM.EL", model="equal")
    yield from several("equal effects", "0.122 -53.679", of(equal, "estimate log_likelihood"))
    yield from several("equal-effects upper", "0.31", equal.ci_upper)
    random = es.glmm(data, "OR", likelihood="CM.EL")
    yield from several("random-effects estimate", "0.175", random.estimate)
    yield from several("random-effects tau²", "0.119", random.tau2)
    yield from several("random-effects log-likelihood", "-52.989", random.log_likelihood)


@example
def vanhouwelingen2002() -> Iterator[Check]:
    data = es.effects(table("colditz1994"), "OR")
    equal = es.pool(data, model="equal")
    yield from several("equal effects", "0.647 0.595", np.exp(of(equal, "estimate ci_lower")))
    yield from several("equal-effects upper", "0.703", np.exp(equal.ci_upper))
    fit = es.pool(data, tau2="ML", ci="z")
    yield from several("random effects", "0.476 0.336 0.675", ratios(fit))
    yield from several("tau²", "0.302", fit.tau2)
    yield from several("where true effects lie", "-1.820 0.336", fit.estimate + np.array([-1,
        1]) * 1.959964 * np.sqrt(fit.tau2))
    limits = es.heterogeneity(fit, "PL").get("tau²", "PL")
    yield from several("profile likelihood", "0.12 0.89", of(limits, "lower upper"))
    mixed = es.meta_regression(fit, "ablat")
    yield from several("latitude", "0.371 -0.033 0.106 0.003 0.004", [*mixed.coefficients,
        *mixed.se, mixed.tau2])
    counts = table("colditz1994")
    arms = []
    for name, arm in (("exposed", 1), ("control", 2)):
        events, others = counts[f"events{arm}"], counts[f"nonevents{arm}"]
        arms.append(counts[["study"]].assign(arm=name, events=events, n=events + others))
    odds = es.effects(pd.concat(arms), "PLO", repeated="number")
    two = es.multilevel(odds, "arm | study", "0 + arm", structure="UN", method="ML", ci="z",
        limits=False)
    order = [two.terms.index(f"arm[{name}]") for name in ("exposed", "control")]
    yield from several("bivariate", "-4.834 -4.096", two.coefficients[order])
    values = {c.name: c.estimate for c in two.components}
    tau2 = [values[f"tau² arm | study [{name}]"] for name in ("exposed", "control")]
    rho = next(value for name, value in values.items() if name.startswith("rho"))
    yield from several("bivariate tau², rho", "1.431 2.407 .947", [*tau2, rho])
    yield from several("heterogeneity of log odds ratios", "0.324",
        sum(tau2) - 2 * rho * np.sqrt(tau2[0] * tau2[1]))


@example
def raudenbush1985() -> Iterator[Check]:
    fit = es.pool(table("raudenbush1985"), ci="z")
    yield from several("tau² and estimate", "0.019 0.084", of(fit, "tau2 estimate"))
    found = es.study_effects(fit).to_frame()
    yield from several(
        "empirical Bayes",
        ".054 .101 -.006 .214 .105 -.008 .017 -.029 .160 .248 "
        ".162 .110 .065 .110 -.029 .026 .190 .074 .025",
        found["effects"],
    )
    mixed = es.meta_regression(fit, "weeks")
    yield from several("weeks", "0.407 -0.157 4.68 -4.39", [*mixed.coefficients, *mixed.statistics])
    yield from several("tau² with weeks", "0.000", mixed.tau2)


@example
def raudenbush2009() -> Iterator[Check]:
    data = table("raudenbush1985")
    equal = es.pool(data, model="equal")
    yield from several("equal effects, Q", "0.060 35.83", of(equal, "estimate q"))
    yield from several("equal-effects z", "1.65", equal.statistic)
    random = es.pool(data, ci="z")
    yield from several("random-effects estimate", "0.083", random.estimate)
    yield from several("random-effects z", "1.62", random.statistic)
    yield from several("random-effects tau²", "0.019", random.tau2)
    blups = es.study_effects(random).to_frame()["effects"]
    yield from several("range of blups", "-0.03 0.25", [blups.min(), blups.max()])
    mixed = es.meta_regression(random, "weeks")
    yield from several("weeks", "0.407 -0.157", mixed.coefficients)
    yield from several("weeks z, QE", "4.68 -4.39 16.57", [*mixed.statistics, mixed.qe])
    within = es.study_effects(mixed).to_frame()["effects"]
    yield from several("smallest blup with weeks", "-0.07", within.min())
    yield from several("largest blup with weeks", "0.41", within.max())
    rows = {"ML": ".013 .078|.047 1.637 -.015 .171|.059 1.311 -.047 .202|.047 1.637 -.022 .178",
        "REML": ".019 .084|.052 1.621 -.018 .185|.062 1.359 -.046 .213|.050 1.676 -.021 .189",
        "DL": ".026 .089|.056 1.601 -.020 .199|.064 1.405 -.044 .223|.052 1.710 -.020 .199",
        "HE": ".080 .114|.079 1.443 -.041 .270|.071 1.608 -.035 .264|.062 1.850 -.015 .244"}
    for method, row in rows.items():
        first, wald, knapp, white = row.split("|")
        z = es.pool(data, tau2=method, ci="z")
        hk = es.pool(data, tau2=method, safeguard="none")
        hw = es.robust(z, "study", kind="CR0", df="m - p").to_frame()
        yield from several(f"{method} tau², estimate", first, of(z, "tau2 estimate"))
        for name, text, fit in ((" Wald", wald, z), (" Knapp-Hartung", knapp, hk)):
            yield from several(method + name, text, of(fit, "se statistic ci_lower ci_upper"))
        yield from several(f"{method} Huber-White", white, hw[["se", "statistics", "ci_lower",
            "ci_upper"]])


@example
def hackshaw1998() -> Iterator[Check]:
    fit = es.pool(table("hackshaw1998"), tau2="DL", ci="z")
    yield from several("relative risk", "1.24 1.13 1.36", ratios(fit))


@example
def henmi2010() -> Iterator[Check]:
    fit = es.pool(es.effects(table("lee2004"), "OR"), tau2="DL", ci="z")
    yield from several("DL", "0.3325 -0.6787 -1.0664 -0.2911", of(fit,
        "tau2 estimate ci_lower ci_upper"))
    found = es.henmi_copas(fit)
    yield from several("Henmi and Copas", "-0.5145 -0.9994 -0.0295", of(found,
        "estimate ci_lower ci_upper"))


@example
def morris2008() -> Iterator[Check]:
    data = table("morris2008")
    changes = es.effects(data, "SMCR", study=None).estimates.reshape(2, 5)
    yield from several("difference of changes", "0.74 0.95 1.81 1.15 0.51", changes[0] - changes[1])


@example
def yusuf1985() -> Iterator[Check]:
    fit = es.peto(table("yusuf1985"))
    yield from several("Peto", ".93 .74 1.18", ratios(fit))
    inverse = es.pool(es.effects(table("yusuf1985"), "PETO"), model="equal")
    yield from several("inverse variance", ".93 .74 1.18", ratios(inverse))


@example
def stijnen2010() -> Iterator[Check]:
    data = table("nielweise2007")
    for group, normal, exact in (
        (2, "-3.30 0.24 0.663", "-3.50 0.26 0.81"),
        (1, "-4.26 0.26 0.393", "-4.81 0.36 0.83"),
    ):
        one = pd.DataFrame({"study": data["study"], "events": data[f"events{group}"],
            "n": data[f"n{group}"]})
        fit = es.pool(es.effects(one, "PLO"), ci="z")
        yield from several(f"PLO {group}, normal", normal, of(fit, "estimate se tau2"))
        counted = es.glmm(one, "PLO")
        yield from several(f"PLO {group}, exact", exact, of(counted, "estimate se tau2"))
    fit = es.pool(es.effects(data, "OR"), ci="z")
    yield from several("OR, normal, estimate", "-0.980", fit.estimate)
    yield from several("OR, normal, SE", "0.244", fit.se)
    yield from several("OR, normal, tau", "0.19", fit.tau)
    exact_or = es.glmm(data, "OR", likelihood="CM.EL")
    yield from several("OR, exact", "-1.353 0.351", of(exact_or, "estimate se"))
    yield from several("OR, exact, pooled", "0.25", np.exp(exact_or.estimate))
    yield from several("OR, exact, tau", "0.83", np.sqrt(exact_or.tau2))
    near = es.glmm(data, "OR", likelihood="CM.AL")
    yield from several("OR, approximate", "-1.303 0.339", of(near, "estimate se"))
    yield from several("OR, approximate, tau", "0.77", np.sqrt(near.tau2))
    rates = table("nielweise2008")
    for group, normal in ((2, "1.468 0.243 0.370"), (1, "0.981 0.326 0.639")):
        one = pd.DataFrame({"study": rates["study"], "events": rates[f"events{group}"],
            "time": rates[f"time{group}"]})
        fit = es.pool(es.effects(one, "IRLN"), ci="z")
        yield from several(f"IRLN {group}, normal", normal, of(fit, "estimate se tau2"))
        counted = es.glmm(one, "IRLN")
        if group == 2:
            yield from several("IRLN 2, exact", "1.401 0.231", of(counted, "estimate se"))
            yield from several("IRLN 2, exact, tau²", "0.316", counted.tau2)
        else:
            yield from several("IRLN 1, exact, estimate", "0.850", counted.estimate)
            yield from several("IRLN 1, exact", "0.330 0.654", of(counted, "se tau2"))
    fit = es.pool(es.effects(rates, "IRR"), ci="z")
    yield from several("IRR, normal, estimate", "-0.396", fit.estimate)
    yield from several("IRR, normal, SE", "0.223", fit.se)
    exact_irr = es.glmm(rates, "IRR", likelihood="CM.EL")
    yield from several("IRR, exact", "-0.476 0.238", of(exact_irr, "estimate se"))
    yield from several("IRR, exact, tau", "0.35", np.sqrt(exact_irr.tau2))


@example
def gleser2009() -> Iterator[Check]:
    data = table("gleser2009_tables")
    for measure, printed in (
        ("RD", "0.0150 0.0025 0.0125 0.0350 -0.0050 0.0250"),
        ("OR", "0.4855 0.0671 0.3008 0.6657 -0.0700 0.4321"),
        ("RR", "0.4700 0.0645 0.2877 0.6286 -0.0645 0.4055"),
    ):
        yield from several(measure, printed, es.effects(data, measure).estimates)
    angles = es.effects(data, "AS").estimates * 2
    yield from several("arcsine", "0.0852 0.0130 0.0613 0.1521 -0.0187 0.1038", angles)


@example
def miller1978() -> Iterator[Check]:
    data = es.effects(table("miller1978"), "PFT")
    yield from several("double arcsine", "1.1391 1.2888 1.5253 0.9515", 2 * data.estimates)
    yield from several("variances", "0.0870 0.0571 0.0465 0.1538", 4 * data.variances)
    for weighted, printed in ((False, "1.2262 .3164"), (True, "1.3093 .3595")):
        fit = es.pool(data, model="equal", weighted=weighted)
        shown = fit.effects.scale.shown(fit.estimate)
        yield from several(f"weighted {weighted}", printed, [2 * fit.estimate, shown])


@example
def lipsey2001() -> Iterator[Check]:
    data = table("lipsey2001")
    equal = es.pool(data, model="equal")
    yield from several("Exhibit 7.3", "0.1549 0.0609 2.5450 0.0356 0.2742 14.7640", of(equal,
        "estimate se statistic ci_lower ci_upper q"))
    random = es.pool(data, tau2="DL", ci="z")
    yield from several("random effects", "0.1534 0.0858 1.7893 -0.0146 0.3215 0.025955",
        of(random, "estimate se statistic ci_lower ci_upper tau2"))
    by_group = es.meta_regression(data, "random", model="equal")
    yield from several("between groups", "7.0738", by_group.moderators.statistic)
    yield from several("within groups", "7.6902", by_group.qe)
    both = es.meta_regression(data, "random + intensity", model="equal")
    yield from several("Exhibit 7.6", "0.3223 -0.3298 -0.0041 0.2998 0.1304 0.0493",
        [*both.coefficients, *both.se])
    mixed = es.meta_regression(data, "random + intensity", tau2="DL", ci="z")
    yield from several("Exhibit 7.7", "0.3311 -0.3269 -0.0068 0.3198 0.1439 0.0528",
        [*mixed.coefficients, *mixed.se])
    yield from several("mixed QM", "5.5709", mixed.moderators.statistic)
    yield from several("mixed tau²", "0.00488", mixed.tau2)


@example
def jackson2014() -> Iterator[Check]:
    printed = {"jackson2014a": {"BJ": ".003 .691", "J": ".000 1.125", "QP": ".002 1.487"},
        "jackson2014b": {"BJ": ".017 .139", "J": ".018 .138", "QP": ".018 .156"}}
    for name, intervals in printed.items():
        fit = es.meta_regression(table(name), "x", tau2="PM", ci="z")
        for interval, text in intervals.items():
            found = es.heterogeneity(fit, interval).get("tau²", interval)
            yield from several(f"{name} {interval}", text, of(found, "lower upper"))


@example
def rothman2008() -> Iterator[Check]:
    data = table("rothman2008_1")
    difference = es.mantel_haenszel(data, "RD", level=0.9)
    yield from several("RD", "0.035 -0.018", of(difference, "estimate ci_lower"))
    yield from several("RD, upper", "0.088", difference.ci_upper)
    ratio = es.mantel_haenszel(data, "RR", level=0.9)
    yield from several("RR", "1.33 0.87 2.0", ratios(ratio))
    odds = es.mantel_haenszel(data, "OR", level=0.9, correct=False)
    yield from several("OR", "1.40 0.84 2.34", ratios(odds))
    years = table("rothman2008_2")
    rate = es.mantel_haenszel(years, "IRD", level=0.9)
    yield from several("IRD", "11.44 6.35 16.53", of(rate, "estimate ci_lower ci_upper"))
    rates = es.mantel_haenszel(years, "IRR", level=0.9)
    yield from several("IRR", "1.42 1.19 1.70", ratios(rates))
    cases = es.mantel_haenszel(table("rothman2008_5"), "OR", level=0.9, correct=False)
    yield from several("case-control OR", "3.78 1.43 10.0", ratios(cases))


@example
def dersimonian2007() -> Iterator[Check]:
    data = es.effects(table("dersimonian2007"), "OR")
    rows = {"PM": "0.3681 -0.3811 0.2060", "HE": "0.4410 -0.4035 0.2327",
        "DL": "0.2323 -0.3240 0.1540", "CA2": "0.3831 -0.3861 0.2115",
        "DL2": "0.3254 -0.3655 0.1901"}
    for method, printed in rows.items():
        fit = es.pool(data, tau2=method, ci="z")
        yield from several(method, printed, of(fit, "tau estimate se"))


@example
def ishak2007() -> Iterator[Check]:
    data = table("ishak2007")
    V = es.impute_covariances(data, "study", autocorrelation=0.97, time="time")
    data["occasion"] = data["time"].astype(str)
    options: dict[str, Any] = {"ci": "z", "limits": False}
    alone = es.multilevel(data, "occasion | study", "0 + occasion", structure="DIAG", **options)
    yield from several("independence", "-24.9 -27.5 -28.5 -24.1", alone.coefficients)
    yield from several("its tau²", "23.1 27.8 27.7 29.9", [c.estimate for c in alone.components])
    shared = es.multilevel(data, "study", "0 + occasion", **options)
    yield from several("random study effects", "-26.2 -27.2 -28.5 -25.6 26.7",
        [*shared.coefficients, shared.components[0].estimate])
    full = es.multilevel(data, "time | study", "0 + occasion", structure="HAR", V=V, **options)
    values = [c.estimate for c in full.components]
    yield from several("multivariate model", "-25.9 -27.5 -28.7 -26.5", full.coefficients)
    yield from several("tau² of time 1", "22.6", values[0])
    yield from several("tau² of times 2 and 3, rho", "33.7 26.1 0.88", [values[1], values[2],
        values[4]])
    yield from several("tau² of time 4", "31.1", values[3])

# fmt: on

CHECKS = sorted(EXAMPLES)
FEWEST = 24


def units_off(printed: str, ours: float) -> float:
    """Return the distance from a printed number in units of its last digit."""
    number = Decimal(printed)
    return abs(ours - float(number)) / 10.0 ** int(number.as_tuple().exponent)


@pytest.mark.parametrize("name", CHECKS)
def test_the_printed_digits(name: str) -> None:
    wrong, seen = [], set()
    for what, printed, ours in EXAMPLES[name]():
        assert (name, what) not in seen, what
        seen.add((name, what))
        units = units_off(printed, ours)
        if (name, what) in DIFFERS:
            if not 0.5 * ROUNDING < units <= DIFFERS[name, what] + 0.5:
                wrong.append(f"{what}: {ours:.6g}, printed {printed}: no longer as README.md says")
        elif not units <= 0.5 * ROUNDING:
            wrong.append(f"{what}: {ours:.6g}, printed {printed}")
    assert not wrong, "\n".join(wrong)
    assert {key for key in DIFFERS if key[0] == name} <= seen


def test_each_example_is_described_and_its_data_are_there() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert len(CHECKS) >= FEWEST
    for name in CHECKS:
        assert f"`{name}`" in text, name
    tests = Path(__file__).read_text(encoding="utf-8")
    for path in (FOLDER / "data").glob("*.csv"):
        assert f'"{path.stem}"' in tests, f"{path.name} is not used"
    for name, what in DIFFERS:
        assert what in text, f"README.md does not name {name}, {what}"
