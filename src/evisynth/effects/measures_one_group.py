"""Effect measures of one group: means, proportions, rates; and those of the sister modules."""

from __future__ import annotations

from evisynth.effects import proportions, rates, single_means
from evisynth.effects.estimates import Scale
from evisynth.effects.measure_type import Arrays, Kernel, Measure
from evisynth.effects.measures_association import ASSOCIATION
from evisynth.effects.measures_change import CHANGE

__all__ = ["ONE_GROUP"]

LARGE = "large-sample sampling variance"
TOGETHER = "sampling variance with the proportion of all studies together"


def _why_proportion(values: Arrays, place: int) -> str:
    """Say why a proportion has no estimate."""
    if values["events"][place] == 0 or values["nonevents"][place] == 0:
        return "nobody or everybody has the event, and no constant was added"
    return f"{values['events'][place] + values['nonevents'][place]:g} people are too few"


def _why_rate(values: Arrays, place: int) -> str:  # noqa: ARG001 - every reason is asked alike
    """Say why a rate has no estimate."""
    return "there is no event, and no constant was added"


def _why_mean(values: Arrays, place: int) -> str:
    """Say why a group has no estimate."""
    if "mean" in values and values["mean"][place] <= 0:
        return f"a mean of {values['mean'][place]:g} has no logarithm"
    return f"{values['n'][place]:g} people are too few"


def _proportion(
    name: str, scale: str, kernel: Kernel, words: str, formulas: dict[str, str], constant: float
) -> Measure:
    label = "Proportion"
    return Measure(
        name=name,
        scale=Scale(scale, 0.0, label, label, 0.0, 1.0, compares=False),
        sources=("group events", "estimate"),
        kernel=kernel,
        formulas=formulas,
        words=words,
        corrected=("events", "nonevents"),
        continuity=constant,
        why=_why_proportion,
    )


def _rate(name: str, scale: str, kernel: Kernel, words: str, constant: float) -> Measure:
    return Measure(
        name=name,
        scale=Scale(scale, 0.0, "Incidence rate", "Rate", 0.0, compares=False),
        sources=("group time", "estimate"),
        kernel=kernel,
        formulas={"LS": LARGE},
        words=words,
        corrected=("events",),
        continuity=constant,
        why=_why_rate,
    )


def _mean(
    name: str, scale: Scale, kernel: Kernel, words: str, source: str = "group mean"
) -> Measure:
    return Measure(
        name=name,
        scale=scale,
        sources=(source, "estimate"),
        kernel=kernel,
        formulas={"LS": LARGE},
        words=words,
        why=_why_mean,
    )


GROUPS: tuple[Measure, ...] = (
    _proportion(
        "PR",
        "identity",
        proportions.proportion,
        "proportion",
        {"LS": LARGE, "UB": "unbiased estimate of the sampling variance", "AV": TOGETHER},
        0.5,
    ),
    _proportion(
        "PLN",
        "log",
        proportions.log_proportion,
        "log transformed proportion",
        {"LS": LARGE, "AV": TOGETHER},
        0.5,
    ),
    _proportion(
        "PLO",
        "logit",
        proportions.logit_proportion,
        "logit transformed proportion",
        {"LS": LARGE, "AV": TOGETHER},
        0.5,
    ),
    _proportion(
        "PRZ",
        "probit",
        proportions.probit_proportion,
        "probit transformed proportion",
        {"LS": LARGE},
        0.5,
    ),
    _proportion(
        "PAS",
        "arcsine",
        proportions.arcsine_proportion,
        "arcsine square root transformed proportion",
        {"LS": LARGE},
        0.0,
    ),
    _proportion(
        "PFT",
        "double arcsine",
        proportions.double_arcsine_proportion,
        "Freeman-Tukey double arcsine transformed proportion",
        {"LS": LARGE},
        0.0,
    ),
    _rate("IR", "identity", rates.rate, "incidence rate", 0.5),
    _rate("IRLN", "log", rates.log_rate, "log transformed incidence rate", 0.5),
    _rate("IRS", "square root", rates.root_rate, "square root transformed incidence rate", 0.0),
    _rate(
        "IRFT",
        "Freeman-Tukey",
        rates.freeman_tukey_rate,
        "Freeman-Tukey transformed incidence rate",
        0.0,
    ),
    _mean("MN", Scale("identity", 0.0, "Mean", "Mean", compares=False), single_means.mean, "mean"),
    _mean(
        "SMN",
        Scale("identity", 0.0, "Standardized mean", "SMN"),
        single_means.standardized_mean,
        "standardized mean with exact small-sample correction",
    ),
    _mean(
        "MNLN",
        Scale("log", 0.0, "Mean", "Mean", compares=False),
        single_means.log_mean,
        "log transformed mean",
    ),
    _mean(
        "CVLN",
        Scale("log", 0.0, "Coefficient of variation", "CV", compares=False),
        single_means.log_variation,
        "log transformed coefficient of variation with bias correction",
    ),
    _mean(
        "SDLN",
        Scale("log", 0.0, "Standard deviation", "SD", compares=False),
        single_means.log_sd,
        "log transformed standard deviation with bias correction",
        source="group sd",
    ),
)

GIVEN = Measure(
    name="HR",
    scale=Scale("log", 0.0, "Hazard ratio", "HR"),
    sources=("estimate",),
    kernel=None,
    formulas={"given": "precision as given"},
    words="hazard ratio as given",
)
"""A measure that no table of one group or two tells; it is given ready made."""

ONE_GROUP: tuple[Measure, ...] = (*GROUPS, *CHANGE, *ASSOCIATION, GIVEN)
"""Entries of `evisynth.effects.measures.MEASURES`."""
