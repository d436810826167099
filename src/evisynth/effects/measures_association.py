"""Effect measures of association, agreement and reliability within one group."""

from __future__ import annotations

from evisynth.effects import common_language, correlations, genotypes, reliability
from evisynth.effects.estimates import Scale
from evisynth.effects.measure_type import Arrays, Kernel, Measure, too_few

__all__ = ["ASSOCIATION"]

LARGE = "large-sample sampling variance"
MEAN = "large-sample sampling variance with the mean correlation of all studies"
CORRELATION = ("correlation", "estimate")
PARTIAL = ("partial correlation", "estimate")
SEMIPARTIAL = ("regression coefficient", "estimate")
REGRESSION = ("regression", "estimate")


def _why_correlation(values: Arrays, place: int) -> str:
    """Say why a correlation has no estimate."""
    if abs(float(values["r"][place])) == 1:
        return "a correlation of 1 or -1 has no sampling variance"
    if "predictors" in values:
        left = values["n"][place] - values["predictors"][place] - 1
        return f"{max(left, 0):g} degrees of freedom are too few"
    return too_few(values, place)


def _why_r2(values: Arrays, place: int) -> str:
    """Say why an R² has no estimate."""
    if values["r2"][place] in (0, 1):
        return f"an R² of {values['r2'][place]:g} has no sampling variance"
    return too_few(values, place)


def _why_alpha(values: Arrays, place: int) -> str:
    """Say why an alpha has no estimate."""
    if values["items"][place] < 2:
        return "one item has no alpha"
    if values["alpha"][place] == 1:
        return "an alpha of 1 has no sampling variance"
    return too_few(values, place)


def _why_genotypes(values: Arrays, place: int) -> str:  # noqa: ARG001 - all are asked alike
    """Say why genotypes have no estimate."""
    return "nobody has one of the genotypes"


def _why_area(values: Arrays, place: int) -> str:
    """Say why an area under the curve has no estimate."""
    if values["auc"][place] in (0, 1):
        return f"an area of {values['auc'][place]:g} has no sampling variance"
    return too_few(values, place)


def _correlation(
    name: str,
    scale: str,
    what: str,
    kernel: Kernel,
    words: str,
    formulas: dict[str, str],
    sources: tuple[str, ...],
) -> Measure:
    short = {"Correlation": "r", "Partial correlation": "partial r"}.get(what, "semi-partial r")
    return Measure(
        name=name,
        scale=Scale(scale, 0.0, what, short, -1.0, 1.0),
        sources=sources,
        kernel=kernel,
        formulas=formulas,
        words=words,
        why=_why_correlation,
    )


def _alpha(name: str, scale: str, kernel: Kernel, words: str) -> Measure:
    return Measure(
        name=name,
        scale=Scale(scale, 0.0, "Cronbach's alpha", "alpha", highest=1.0, compares=False),
        sources=("alpha", "estimate"),
        kernel=kernel,
        formulas={"LS": LARGE},
        words=words,
        why=_why_alpha,
    )


ASSOCIATION: tuple[Measure, ...] = (
    _correlation(
        "COR",
        "identity",
        "Correlation",
        correlations.correlation,
        "correlation",
        {"LS": LARGE, "AV": MEAN},
        CORRELATION,
    ),
    _correlation(
        "UCOR",
        "identity",
        "Correlation",
        correlations.unbiased_correlation,
        "correlation corrected for its bias",
        {"LS": LARGE, "UB": "unbiased estimate of the sampling variance", "AV": MEAN},
        CORRELATION,
    ),
    _correlation(
        "ZCOR",
        "Fisher z",
        "Correlation",
        correlations.fisher_z,
        "Fisher's z of the correlation",
        {"LS": "sampling variance 1/(n - 3)"},
        CORRELATION,
    ),
    _correlation(
        "PCOR",
        "identity",
        "Partial correlation",
        correlations.partial_correlation,
        "partial correlation",
        {"LS": LARGE, "AV": MEAN},
        PARTIAL,
    ),
    _correlation(
        "ZPCOR",
        "Fisher z",
        "Partial correlation",
        correlations.partial_fisher_z,
        "Fisher's z of the partial correlation",
        {
            "LS": "sampling variance 1/(n - m - 1) with m predictors",
            "Fisher": "sampling variance 1/(n - m - 2) with m predictors",
        },
        PARTIAL,
    ),
    _correlation(
        "SPCOR",
        "identity",
        "Semi-partial correlation",
        correlations.semipartial_correlation,
        "semi-partial correlation",
        {"LS": LARGE, "AV": MEAN},
        SEMIPARTIAL,
    ),
    _correlation(
        "ZSPCOR",
        "Fisher z",
        "Semi-partial correlation",
        correlations.semipartial_fisher_z,
        "Fisher's z of the semi-partial correlation",
        {"LS": f"{LARGE} by the delta method", "AV": f"{MEAN}, by the delta method"},
        SEMIPARTIAL,
    ),
    Measure(
        name="R2",
        scale=Scale("identity", 0.0, "R²", "R²", 0.0, 1.0, compares=False),
        sources=REGRESSION,
        kernel=correlations.r_squared,
        formulas={
            "LS": "sampling variance 4R²(1 - R²)²/n",
            "LS2": "large-sample sampling variance with the number of predictors",
            "AV": "sampling variance 4R²(1 - R²)²/n with the mean R² of all studies",
            "AV2": "large-sample sampling variance with the number of predictors and the mean R² "
            "of all studies",
        },
        words="R² of a regression",
        why=_why_r2,
    ),
    Measure(
        name="ZR2",
        scale=Scale("Fisher z of the multiple correlation", 0.0, "R²", "R²", compares=False),
        sources=REGRESSION,
        kernel=correlations.r_squared_fisher_z,
        formulas={"LS": "sampling variance 1/n"},
        words="Fisher's z of the multiple correlation",
        why=_why_r2,
    ),
    _alpha("ARAW", "identity", reliability.alpha, "Cronbach's alpha"),
    _alpha(
        "AHW",
        "Hakstian-Whalen",
        reliability.alpha_cube_root,
        "Cronbach's alpha, transformed as by Hakstian and Whalen",
    ),
    _alpha("ABT", "Bonett", reliability.alpha_log, "Cronbach's alpha, transformed as by Bonett"),
    Measure(
        name="REH",
        scale=Scale("log", 0.0, "Relative excess heterozygosity", "REH"),
        sources=("genotypes", "estimate"),
        kernel=genotypes.excess_heterozygosity,
        formulas={"LS": LARGE},
        words="relative excess heterozygosity",
        why=_why_genotypes,
    ),
    Measure(
        name="CLESN",
        scale=Scale("identity", 0.5, "Probability of superiority", "CLES", 0.0, 1.0),
        sources=("means", "estimate"),
        kernel=common_language.common_language,
        formulas={
            "LS": "normal distributions, unequal SDs; sampling variance by the delta method",
            "HO": "normal distributions, equal SDs; sampling variance by the delta method",
        },
        words="common language effect (probability that someone of arm 1 has the higher value)",
    ),
    Measure(
        name="AUC",
        scale=Scale("identity", 0.5, "Area under the ROC curve", "AUC", 0.0, 1.0),
        sources=("area under the curve", "estimate"),
        kernel=common_language.area_under_curve,
        formulas={
            "LS": "sampling variance of Hanley and McNeil (1982)",
            "LS2": "sampling variance of Newcombe (2006)",
            "H0": "sampling variance without any discrimination",
        },
        words="area under the ROC curve",
        why=_why_area,
    ),
)
"""Entries of `evisynth.effects.measures_one_group.ONE_GROUP`."""
