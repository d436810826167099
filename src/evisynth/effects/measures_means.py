"""Effect measures of two arms with means and standard deviations."""

from __future__ import annotations

from evisynth.effects import biserial, continuous, ratios_of_means, standardized
from evisynth.effects.estimates import Scale
from evisynth.effects.measure_type import Arrays, Kernel, Measure

__all__ = ["MEANS"]

ARMS = ("means", "estimate")
DIFFERENCE = ("means", "difference", "estimate")
STANDARD = ("means", "difference", "d", "t test", "signed p", "estimate")
EXACT = "exact small-sample correction"
ONE = "an arm of 1 person has no standard deviation"


def _why_arms(values: Arrays, place: int) -> str:
    """Say why two arms have no estimate."""
    n1, n2 = values["n1"][place], values["n2"][place]
    if min(n1, n2) < 2 and n1 + n2 > 3:
        return ONE
    return f"{n1 + n2:g} people in both arms together are too few"


def _why_control(values: Arrays, place: int) -> str:
    """Say why a difference over the SD of arm 2 has no estimate."""
    return (
        f"{values['n2'][place]:g} people in arm 2 are too few to standardize by their SD; "
        "3 are needed"
    )


def _why_ratio(values: Arrays, place: int) -> str:
    """Say why a ratio of means has no estimate."""
    m1, m2 = values["mean1"][place], values["mean2"][place]
    if m1 * m2 <= 0:
        return f"the means {m1:g} and {m2:g} have no ratio above 0; only such have a logarithm"
    return _why_arms(values, place)


def _why_variation(values: Arrays, place: int) -> str:
    """Say why a ratio of coefficients of variation has no estimate."""
    for arm in "12":
        mean = values[f"mean{arm}"][place]
        if mean <= 0:
            return f"a mean of {mean:g} has no coefficient of variation; it must be above 0"
    return ONE


def _why_correlation(values: Arrays, place: int) -> str:
    """Say why a correlation of two arms has no estimate."""
    n1, n2 = values["n1"][place], values["n2"][place]
    if n1 + n2 < 3:
        return f"{n1 + n2:g} people in both arms together are too few"
    return "the correlation is not inside -1 to 1, or its variance not above 0"


def _standardized(
    name: str,
    kernel: Kernel,
    words: str,
    formulas: dict[str, str],
    sources: tuple[str, ...] = ARMS,
) -> Measure:
    return Measure(
        name=name,
        scale=Scale("identity", 0.0, "Standardized mean difference", "SMD"),
        sources=sources,
        kernel=kernel,
        formulas=formulas,
        words=words,
        why=_why_control if name.startswith("SMD1") else _why_arms,
        standardized=True,
    )


def _correlation(
    name: str, scale: str, label: str, kernel: Kernel, words: str, formulas: dict[str, str]
) -> Measure:
    return Measure(
        name=name,
        scale=Scale(scale, 0.0, label, "r", -1.0, 1.0),
        sources=STANDARD,
        kernel=kernel,
        formulas=formulas,
        words=words,
        why=_why_correlation,
    )


SAMPLING = {
    "ST": "sampling variance for groups whose sizes were fixed (stratified sampling)",
    "CS": "sampling variance for groups of random size (cross-sectional sampling)",
}
SOPER = {"LS": "sampling variance by Soper's formula"}

MEANS: tuple[Measure, ...] = (
    Measure(
        name="MD",
        scale=Scale("identity", 0.0, "Mean difference", "MD"),
        sources=DIFFERENCE,
        kernel=continuous.mean_difference,
        formulas={
            "LS": "sampling variance from the SD of each arm",
            "HO": "sampling variance from the pooled SD (equal variances in the arms)",
            "UB": "unbiased estimate of the sampling variance, from the SD of each arm",
        },
        words="mean difference",
        why=_why_arms,
    ),
    _standardized(
        "SMD",
        continuous.standardized_mean_difference,
        "standardized mean difference (Hedges' g)",
        {
            "LS": f"{EXACT}; sampling variance 1/n1 + 1/n2 + g²/(2N)",
            "LS2": f"{EXACT} J; sampling variance J²(1/n1 + 1/n2 + d²/(2N))",
            "UB": f"{EXACT}; unbiased estimate of the sampling variance",
            "AV": f"{EXACT}; sampling variance 1/n1 + 1/n2 + g²/(2N) with the mean g of all "
            "studies",
            "H0": f"{EXACT}; sampling variance 1/n1 + 1/n2 (no effect)",
            "RevMan": "approximate small-sample correction 1 - 3/(4N - 9); sampling variance "
            "1/n1 + 1/n2 + g²/(2(N - 3.94))",
        },
        STANDARD,
    ),
    _standardized(
        "SMDH",
        standardized.smd_average,
        "standardized mean difference by the root of the arms' average variance",
        {"LS": f"{EXACT}; sampling variance for unequal variances in the arms (Bonett)"},
    ),
    _standardized(
        "SMD1",
        standardized.smd_control,
        "standardized mean difference by the SD of arm 2 (Glass)",
        {
            "LS": f"{EXACT}; sampling variance 1/n1 + 1/n2 + g²/(2 n2)",
            "LS2": f"{EXACT} J; sampling variance J²(1/n1 + 1/n2 + d²/(2 n2))",
            "UB": f"{EXACT}; unbiased estimate of the sampling variance",
            "AV": f"{EXACT}; sampling variance 1/n1 + 1/n2 + g²/(2 n2) with the mean g of all "
            "studies",
        },
        ("means sd2", "estimate"),
    ),
    _standardized(
        "SMD1H",
        standardized.smd_control_unequal,
        "standardized mean difference by the SD of arm 2 (Glass), variances unequal",
        {"LS": f"{EXACT}; sampling variance sd1²/(sd2² n1) + 1/n2 + g²/(2 n2)"},
    ),
    Measure(
        name="ROM",
        scale=Scale("log", 0.0, "Ratio of means", "RoM"),
        sources=ARMS,
        kernel=ratios_of_means.ratio_of_means,
        formulas={
            "LS": "large-sample sampling variance from the SD of each arm",
            "HO": "sampling variance from the pooled SD (equal variances in the arms)",
            "AV": "sampling variance with the mean coefficient of variation of each arm over all "
            "studies",
            "AVHO": "sampling variance with the mean coefficient of variation of both arms over "
            "all studies",
        },
        words="ratio of means",
        why=_why_ratio,
    ),
    Measure(
        name="CVR",
        scale=Scale("log", 0.0, "Ratio of coefficients of variation", "CVR"),
        sources=ARMS,
        kernel=ratios_of_means.variation_ratio,
        formulas={"LS": "large-sample sampling variance, mean and SD independent"},
        words="ratio of coefficients of variation, corrected for small samples",
        why=_why_variation,
    ),
    Measure(
        name="VR",
        scale=Scale("log", 0.0, "Ratio of standard deviations", "VR"),
        sources=("sds", "estimate"),
        kernel=ratios_of_means.variability_ratio,
        formulas={"LS": "sampling variance 1/(2(n1 - 1)) + 1/(2(n2 - 1))"},
        words="ratio of standard deviations (variability ratio), corrected for small samples",
        why=_why_arms,
    ),
    Measure(
        name="D2ORN",
        scale=Scale("log", 0.0, "Odds ratio", "OR"),
        sources=STANDARD,
        kernel=standardized.smd_to_log_odds_normal,
        formulas={"LS": "large-sample sampling variance of d, times 1.65²"},
        words="odds ratio from the standardized mean difference, people normally distributed "
        "(1.65 d)",
        why=_why_arms,
    ),
    Measure(
        name="D2ORL",
        scale=Scale("log", 0.0, "Odds ratio", "OR"),
        sources=STANDARD,
        kernel=standardized.smd_to_log_odds_logistic,
        formulas={"LS": "large-sample sampling variance of d, times π²/3"},
        words="odds ratio from the standardized mean difference, logistic distributions (d π/√3)",
        why=_why_arms,
    ),
    _correlation(
        "RPB",
        "identity",
        "Point-biserial correlation",
        biserial.point_biserial,
        "point-biserial correlation",
        SAMPLING,
    ),
    _correlation(
        "ZPB",
        "Fisher z",
        "Point-biserial correlation",
        biserial.point_biserial_z,
        "Fisher's z of the point-biserial correlation",
        SAMPLING,
    ),
    _correlation(
        "RBIS",
        "identity",
        "Biserial correlation",
        biserial.biserial,
        "biserial correlation",
        SOPER,
    ),
    _correlation(
        "ZBIS",
        "Fisher z",
        "Biserial correlation",
        biserial.biserial_z,
        "Fisher's z of the biserial correlation",
        SOPER,
    ),
)
"""Measures of two arms with means and standard deviations."""
