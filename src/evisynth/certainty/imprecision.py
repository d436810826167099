"""Imprecision: the interval of the absolute effect, the optimal information size."""

from __future__ import annotations

import math

import numpy as np

from evisynth.certainty.absolute import PER, AbsoluteEffect, absolute_effect
from evisynth.certainty.case import Case, participants_of
from evisynth.certainty.continuous import reexpressions
from evisynth.certainty.facts import DomainEvidence, Fact, Proposal
from evisynth.certainty.information import OptimalSize, optimal_size, optimal_size_continuous
from evisynth.certainty.thresholds import COHEN
from evisynth.display import format_count, format_number, format_percent

__all__ = ["absolute_effects", "imprecision", "optimal_size_of"]

CI_SOURCE = "Zeng et al. 2022, doi:10.1016/j.jclinepi.2022.07.014"
OIS_SOURCE = "Guyatt et al. 2011, doi:10.1016/j.jclinepi.2011.01.012"
SOF_SOURCE = "Guyatt et al. 2013, doi:10.1016/j.jclinepi.2012.01.012"
NNT_SOURCE = "Altman 1998, doi:10.1136/bmj.317.7168.1309"

RATIO_LIMITS = {"RR": 3.0, "OR": 2.5}
"""Upper over lower limit above which the optimal information size is as a rule not met."""

LARGE_RATIO = 0.7
"""Ratio (or its inverse) beyond which a relative effect counts as large here."""

FAR_BELOW = 0.5
"""Share of the optimal information size below which more than one level may be lost."""


def absolute_effects(case: Case) -> tuple[AbsoluteEffect, ...]:
    """Return the absolute effect for each baseline risk; none for continuous measures."""
    relation, scale, fit = case.relation, case.fit.effects.scale, case.fit
    if relation is None or not math.isfinite(fit.estimate):
        return ()
    value, low, high = (scale.shown(each) for each in (fit.estimate, fit.ci_lower, fit.ci_upper))
    return tuple(
        absolute_effect(relation, value, low, high, baseline) for baseline in case.baselines
    )


def optimal_size_of(case: Case) -> OptimalSize | None:
    """Return the optimal information size of a result; None where it cannot be computed."""
    if case.relation in ("RR", "OR", "HR", "RD"):
        if not case.baselines or case.baselines[0].risk >= 1:
            return None
        return optimal_size(case.baselines[0].risk, case.relative_reduction)
    short = case.fit.effects.scale.short
    if short == "SMD":
        known = dict(case.ruler.marks)
        sd = case.typical.sd if case.ruler.unit == "points" and case.typical else 1.0
        return optimal_size_continuous(known.get("small", COHEN[0] * sd), sd)
    if short == "MD" and case.typical is not None:
        mid, _ = case.typical.least_important()
        return optimal_size_continuous(mid, case.typical.sd)
    return None


def imprecision(case: Case) -> DomainEvidence:
    """Compute absolute effects, thresholds crossed, information size and the ratio of limits."""
    fit, ruler = case.fit, case.ruler
    if not math.isfinite(fit.estimate):
        proposal = Proposal(None, "there is no pooled effect")
        return DomainEvidence("imprecision", (), proposal)
    facts = _absolute_facts(case)
    people, events, _ = participants_of(fit)
    if people is not None:
        facts.append(
            Fact("participants", people, f"{format_count(people)} participants", OIS_SOURCE)
        )
    if events is not None:
        facts.append(Fact("events", events, f"{format_count(events)} events", OIS_SOURCE))
    inside = ruler.crossed(fit.ci_lower, fit.ci_upper)
    holds = ruler.holds_null(fit.ci_lower, fit.ci_upper)
    words = f"confidence interval {ruler.interval(fit.ci_lower, fit.ci_upper)} "
    words += "includes no effect" if holds else "excludes no effect"
    if ruler.marks:
        crossed = ruler.mark_words(inside) if inside else "none"
        words += f"; thresholds inside: {crossed} ({ruler.source})"
    facts.append(Fact("thresholds_crossed", len(inside) if ruler.marks else None, words, CI_SOURCE))
    size = optimal_size_of(case)
    share = float("nan")
    if size is not None:
        reached = ""
        if people is not None:
            share = people / size.total
            reached = "; it was reached"
            if share < 1:
                reached = f"; {format_percent(100 * share)} of it was reached"
        facts.append(
            Fact(
                "optimal_information_size",
                size.total,
                f"optimal information size {size}{reached}",
                OIS_SOURCE,
            )
        )
    limits = _ratio_of_limits(case)
    if limits is not None:
        facts.append(limits)
    facts += _continuous_facts(case)
    return DomainEvidence("imprecision", tuple(facts), _proposal(case, share, size))


def _absolute_facts(case: Case) -> list[Fact]:
    facts = []
    for place, effect in enumerate(absolute_effects(case), start=1):
        named = f" ({effect.baseline.name})" if effect.baseline.name else ""
        words = (
            f"baseline risk {effect.comparator_words}{named}: with the intervention "
            f"{effect.intervention_words}, {effect.difference_words}"
        )
        if effect.held:
            words += "; a risk beyond 0 or 1 was held there, the ratio does not fit this baseline"
        if case.ruler.unit == "per 1,000" and case.ruler.marks:
            inside = case.ruler.between(PER * effect.lower, PER * effect.upper)
            words += f"; thresholds inside: {case.ruler.mark_words(inside) or 'none'}"
        facts.append(Fact(f"absolute_{place}", effect.difference, words, SOF_SOURCE))
        if effect.lower * effect.upper > 0 and effect.relation != "IRR":
            better = (effect.difference < 0) == case.lower_is_better
            number = 1 / abs(effect.difference)
            kind = "benefit (NNTB)" if better else "harm (NNTH)"
            low, high = sorted(1 / abs(value) for value in (effect.lower, effect.upper))
            facts.append(
                Fact(
                    f"number_needed_{place}",
                    number,
                    f"number needed to treat for one more {kind}: {format_count(_up(number))} "
                    f"({format_count(_up(low))} to {format_count(_up(high))}){named}",
                    NNT_SOURCE,
                )
            )
    return facts


def _up(number: float) -> int:
    """Round a number needed up, as is usual (Cochrane Handbook 15.4.2)."""
    return math.ceil(number - 1e-9)


def _ratio_of_limits(case: Case) -> Fact | None:
    most = RATIO_LIMITS.get(case.relation or "")
    if most is None:
        return None
    ratio = float(np.exp(case.fit.ci_upper - case.fit.ci_lower))
    above = ratio > most
    says = "a sign that" if above else "no sign that"
    return Fact(
        "ratio_of_limits",
        ratio,
        f"upper over lower limit {format_number(ratio)}, {'above' if above else 'not above'} "
        f"{format_number(most, 1)}: {says} the optimal information size is missed",
        CI_SOURCE,
    )


def _continuous_facts(case: Case) -> list[Fact]:
    fit = case.fit
    short = fit.effects.scale.short
    facts: list[Fact] = []
    if short == "SMD":
        facts += reexpressions(
            fit.estimate,
            fit.ci_lower,
            fit.ci_upper,
            lower_is_better=case.lower_is_better,
            typical=case.typical,
            responders=case.baselines[0] if case.baselines else None,
        )
    if short in ("SMD", "MD") and case.typical is not None:
        mid, source = case.typical.least_important()
        value = abs(fit.estimate) * (case.typical.sd if short == "SMD" else 1.0)
        facts.append(
            Fact(
                "minimal_important_difference",
                mid,
                f"the effect is {format_number(value / mid)} times the minimal important difference"
                f" of {format_number(mid)} points ({source})",
                "Guyatt et al. 2013, doi:10.1016/j.jclinepi.2012.08.001",
            )
        )
    return facts


def _proposal(case: Case, share: float, size: OptimalSize | None) -> Proposal:
    """Propose by the interval first and by the information size where it crosses nothing."""
    fit, ruler = case.fit, case.ruler
    if math.isnan(fit.ci_lower):
        return Proposal(None, "there is no confidence interval")
    if ruler.marks:
        inside = ruler.crossed(fit.ci_lower, fit.ci_upper)
        if inside:
            levels = -min(len(inside), 3)
            return Proposal(
                levels,
                f"the confidence interval ({ruler.interval(fit.ci_lower, fit.ci_upper)}) crosses "
                f"{format_count(len(inside))} of the thresholds: {ruler.mark_words(inside)}"
                f"{ruler.caveat}",
            )
    elif ruler.holds_null(fit.ci_lower, fit.ci_upper):
        if case.relation in ("RR", "OR", "HR", "IRR"):
            low, high = np.exp(fit.ci_lower), np.exp(fit.ci_upper)
            if low < 0.75 and high > 1.25:
                return Proposal(
                    -2,
                    "the confidence interval includes appreciable benefit and appreciable harm "
                    "(ratios of 0.75 and 1.25)",
                )
        return Proposal(-1, "the confidence interval includes no effect; no thresholds are stated")
    if ruler.marks and not _is_large(case):
        return Proposal(
            0, "the confidence interval crosses no threshold, and the effect is not large"
        )
    if math.isnan(share):
        return Proposal(
            None,
            "the interval crosses no threshold; the optimal information size cannot be held "
            "against the participants, whose number or baseline risk is not known",
        )
    if share >= 1:
        return Proposal(
            0, "the interval crosses no threshold and the optimal information size is met"
        )
    large = "a large effect that" if _is_large(case) else "an effect that"
    return Proposal(
        -2 if share < FAR_BELOW and _is_large(case) else -1,
        f"{large} crosses no threshold rests on {format_percent(100 * share)} of the optimal "
        f"information size ({size})",
    )


def _is_large(case: Case) -> bool:
    """Tell whether the effect is so large that the information size is to be asked for."""
    fit = case.fit
    if case.ruler.size(fit.estimate) == "large":
        return True
    return fit.effects.scale.is_ratio and abs(fit.estimate) > -math.log(LARGE_RATIO)
