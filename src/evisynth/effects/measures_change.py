"""Effect measures of change within one group or matched pairs, and of change in two arms."""

from __future__ import annotations

from evisynth.effects import change, change_of_arms
from evisynth.effects.estimates import Scale
from evisynth.effects.measure_type import Arrays, Kernel, Measure, too_few

__all__ = ["CHANGE"]

LARGE = "large-sample sampling variance"
CHANGES = ("paired means", "change", "estimate")
PAIRS = ("paired means", "estimate")
STANDARDIZED = {
    "LS": "exact small-sample correction; large-sample sampling variance with g",
    "LS2": "exact small-sample correction J; J² times the sampling variance with d",
}
UNEQUAL = "exact small-sample correction; sampling variance for unequal SDs (Bonett 2008)"


def _why_pair(values: Arrays, place: int) -> str:
    """Say why a pair of measurements has no estimate."""
    if "mean1" in values and values["mean1"][place] * values["mean2"][place] <= 0:
        return "means of 0 or of opposite sign have no log ratio"
    if abs(float(values["r"][place])) == 1:
        return "a correlation of 1 leaves no sampling variance"
    return too_few(values, place)


def _why_change(values: Arrays, place: int) -> str:
    """Say why a change has no estimate."""
    if values["n"][place] < 3:
        return too_few(values, place)
    return "everybody changed by the same"


def _standardized(
    name: str, label: str, kernel: Kernel, words: str, formulas: dict[str, str], *sources: str
) -> Measure:
    return Measure(
        name=name,
        scale=Scale("identity", 0.0, label, name),
        sources=sources,
        kernel=kernel,
        formulas=formulas,
        words=words,
        why=_why_change,
        standardized=True,
    )


def _ratio(
    name: str, label: str, short: str, kernel: Kernel, words: str, source: str = "paired means"
) -> Measure:
    return Measure(
        name=name,
        scale=Scale("log", 0.0, label, short),
        sources=(source, "estimate"),
        kernel=kernel,
        formulas={"LS": LARGE},
        words=words,
        why=_why_pair,
    )


CHANGE: tuple[Measure, ...] = (
    Measure(
        name="MC",
        scale=Scale("identity", 0.0, "Mean change", "MC"),
        sources=CHANGES,
        kernel=change.mean_change,
        formulas={"LS": "sampling variance from the SD of the changes"},
        words="mean change",
        why=_why_change,
    ),
    _standardized(
        "SMCC",
        "Standardized mean change",
        change.change_standardized_by_change,
        "standardized mean change, by the SD of the changes",
        STANDARDIZED,
        *CHANGES,
    ),
    _standardized(
        "SMCR",
        "Standardized mean change",
        change.change_standardized_by_first,
        "standardized mean change, by the SD of the first measurement",
        STANDARDIZED,
        "paired means, one sd",
        "estimate",
    ),
    _standardized(
        "SMCRH",
        "Standardized mean change",
        change.change_standardized_by_first_unequal,
        "standardized mean change, by the SD of the first measurement",
        {"LS": UNEQUAL},
        *PAIRS,
    ),
    _standardized(
        "SMCRP",
        "Standardized mean change",
        change.change_standardized_by_pooled,
        "standardized mean change, by the SDs of both measurements",
        {"LS": "exact small-sample correction; large-sample sampling variance"},
        *PAIRS,
    ),
    _standardized(
        "SMCRPH",
        "Standardized mean change",
        change.change_standardized_by_pooled_unequal,
        "standardized mean change, by the SDs of both measurements",
        {"LS": UNEQUAL},
        *PAIRS,
    ),
    _ratio(
        "ROMC",
        "Ratio of means",
        "RoM",
        change.log_ratio_of_paired_means,
        "ratio of means of the same people",
    ),
    _ratio(
        "VRC",
        "Variability ratio",
        "VR",
        change.log_ratio_of_paired_sds,
        "variability ratio of the same people",
        source="paired sds",
    ),
    _ratio(
        "CVRC",
        "Coefficient of variation ratio",
        "CVR",
        change.log_ratio_of_paired_variations,
        "coefficient of variation ratio of the same people",
    ),
    Measure(
        name="DPPC1",
        scale=Scale("identity", 0.0, "Difference of standardized mean changes", "d ppc1"),
        sources=("before and after", "estimate"),
        kernel=change_of_arms.difference_of_standardized_changes,
        formulas=STANDARDIZED,
        words="difference of standardized mean changes, each by the SD of its arm before",
        standardized=True,
    ),
    Measure(
        name="DPPC2",
        scale=Scale("identity", 0.0, "Standardized difference of mean changes", "d ppc2"),
        sources=("before and after", "estimate"),
        kernel=change_of_arms.standardized_difference_of_changes,
        formulas={
            "Morris": "approximate small-sample correction and sampling variance of Morris (2008)",
            "LS": "exact small-sample correction; large-sample sampling variance",
        },
        words="difference of mean changes, by the pooled SD before",
        standardized=True,
    ),
)
"""Entries of `evisynth.effects.measures_one_group.ONE_GROUP`."""
