"""What may raise the certainty: a large effect, dose response, residual confounding."""

from __future__ import annotations

import math

import numpy as np

from evisynth.certainty.absolute import risk_with
from evisynth.certainty.case import Case
from evisynth.certainty.domains import Design
from evisynth.certainty.facts import DomainEvidence, Fact, Proposal
from evisynth.display import format_ci, format_number
from evisynth.errors import NotEstimableError, OptionError
from evisynth.synthesis import e_values

__all__ = ["raising"]

SOURCE = "Guyatt et al. 2011, doi:10.1016/j.jclinepi.2011.06.004"
E_SOURCE = "VanderWeele and Ding 2017, doi:10.7326/M16-2607"
LARGE, VERY_LARGE = 2.0, 5.0
"""Risk ratios (or their inverse) beyond which an effect is large and very large."""
RARE = 0.15
"""Risk below which an odds or hazard ratio is read as a risk ratio."""


def raising(case: Case, design: Design) -> tuple[DomainEvidence, ...]:
    """Compute the large-effect rule and the E-value; the other two must be judged."""
    facts, ratios = _ratio_facts(case)
    facts += _e_value(case)
    return (
        DomainEvidence("large_effect", tuple(facts), _large(ratios, design)),
        DomainEvidence(
            "dose_response", (), _judged(design, "whether the effect rises with the dose")
        ),
        DomainEvidence(
            "residual_confounding",
            (),
            _judged(design, "whether plausible confounding would have hidden the effect"),
        ),
    )


def _judged(design: Design, what: str) -> Proposal:
    if design == "randomized":
        return Proposal(0, "meant for non-randomized studies")
    return Proposal(None, f"{what} must be judged")


def _ratio_facts(case: Case) -> tuple[list[Fact], tuple[float, float, float] | None]:
    """Return the effect as risk ratio with its limits, where the measure is one or becomes one."""
    fit = case.fit
    if case.relation not in ("RR", "IRR", "OR", "HR") or not math.isfinite(fit.ci_lower):
        return [], None
    values = [float(np.exp(value)) for value in (fit.estimate, fit.ci_lower, fit.ci_upper)]
    how = {"RR": "risk ratio", "IRR": "rate ratio"}.get(case.relation, "")
    if not how:
        if not case.baselines or case.baselines[0].risk >= 1:
            return [], None
        risk = case.baselines[0].risk
        values = [float(risk_with(case.relation, value, risk)) / risk for value in values]
        how = f"risk ratio from the {case.relation} at the baseline risk"
    ratio, low, high = values
    near = low if ratio >= 1 else high
    place = "beyond 5 or 0.2" if _beyond(near, VERY_LARGE) else (
        "beyond 2 or 0.5" if _beyond(near, LARGE) else "not beyond 2 or 0.5"
    )  # fmt: skip
    limits = format_ci(low, high, separator=" to ")
    words = f"{how} {format_number(ratio)} ({limits}); the limit nearer to no effect is {place}"
    return [Fact("large_effect", near, words, SOURCE)], (ratio, low, high)


def _beyond(ratio: float, limit: float) -> bool:
    return ratio > limit or ratio < 1 / limit


def _e_value(case: Case) -> list[Fact]:
    rare = None
    if case.relation in ("OR", "HR"):
        if not case.baselines:
            return []
        rare = case.baselines[0].risk < RARE
    try:
        found = e_values(case.fit, rare=rare)
    except (NotEstimableError, OptionError):
        return []  # the measure has no E-value
    words = (
        f"E-value {format_number(found.estimate)}, of the limit nearer to no effect "
        f"{format_number(found.limit)} ({found.words})"
    )
    return [Fact("e_value", found.estimate, words, E_SOURCE)]


def _large(ratios: tuple[float, float, float] | None, design: Design) -> Proposal:
    if design == "randomized":
        return Proposal(0, "meant for non-randomized studies")
    if ratios is None:
        return Proposal(None, "the effect is no ratio; whether it is large must be judged")
    ratio, low, high = ratios
    if low <= 1 <= high:
        return Proposal(0, "the confidence interval includes no effect")
    near = low if ratio >= 1 else high
    if _beyond(near, VERY_LARGE):
        return Proposal(2, "the whole interval lies beyond a ratio of 5 (or 0.2)")
    if _beyond(near, LARGE):
        return Proposal(1, "the whole interval lies beyond a ratio of 2 (or 0.5)")
    if _beyond(ratio, LARGE):
        return Proposal(
            None, "the estimate lies beyond a ratio of 2 (or 0.5), its interval does not"
        )
    return Proposal(0, "the ratio is not beyond 2 (or 0.5)")
