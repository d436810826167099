"""Risk of bias: whose weight it is, and what the studies at low risk say alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evisynth.certainty.case import Case
from evisynth.certainty.facts import DomainEvidence, Fact, Proposal
from evisynth.display import format_p, format_percent, plural
from evisynth.errors import NotEstimableError, OptionError
from evisynth.synthesis import SubgroupAnalysis, subgroups

__all__ = ["GROUPS", "risk_of_bias"]

GROUPS = {
    "low": "low",
    "some concerns": "some concerns",
    "moderate": "some concerns",
    "unclear": "some concerns",
    "high": "high",
    "serious": "high",
    "critical": "high",
}
"""Judgements of the instruments in three groups; every other word counts as not assessed."""

SHOWN = {
    "low": "low risk of bias",
    "some concerns": "some concerns",
    "high": "high risk of bias",
    "not assessed": "a risk of bias that nobody assessed",
}
SOURCE = "Guyatt et al. 2011, doi:10.1016/j.jclinepi.2010.07.017"
COLUMN = "_risk_of_bias"
MOST = 50.0
"""Share of the weight from which a group is most of it, percent."""
LITTLE = 20.0
"""Share of the weight below which a group is a small part, percent."""
ALPHA = 0.10
"""Level of the test of difference; low power is the rule here."""


def risk_of_bias(case: Case) -> DomainEvidence:
    """Compute weight by risk of bias, the effect at low risk alone, and the test of difference."""
    groups = [GROUPS.get(case.judgements.get(label, ""), "not assessed") for label in case.labels]
    weights = case.weights
    share: dict[str, float] = {}
    facts = []
    for group, words in SHOWN.items():
        here = np.array([found == group for found in groups], dtype=bool)
        share[group] = float(weights[here].sum()) if here.any() else 0.0
        if here.any():
            name = f"weight_{group.replace(' ', '_')}"
            facts.append(
                Fact(
                    name,
                    share[group],
                    f"{format_percent(share[group])} of the weight is of "
                    f"{plural(int(here.sum()), 'study', 'studies')} with {words}",
                    SOURCE,
                )
            )
    compared = _compared(case, groups)
    p_value = float("nan")
    if compared is not None:
        low = next(group.fit for group in compared.groups if group.level == "low")
        facts.append(
            Fact(
                "effect_low_risk",
                low.estimate,
                f"restricted to low risk of bias: {case.estimate_words(low)}, "
                f"{plural(low.k, 'study', 'studies')}; all: {case.estimate_words()}",
                SOURCE,
            )
        )
        test = compared.test_separate
        p_value = test.p_value
        facts.append(
            Fact(
                "low_risk_against_others",
                None if np.isnan(p_value) else p_value,
                f"test of difference between low risk and the others: "
                f"{format_p(p_value, symbol=True)}",
                "Borenstein and Higgins 2013, doi:10.1007/s11121-013-0377-7",
            )
        )
    return DomainEvidence("risk_of_bias", tuple(facts), _proposal(share, p_value))


def _compared(case: Case, groups: list[str]) -> SubgroupAnalysis | None:
    """Pool low risk and the others apart; None where there is only one of them."""
    if "low" not in groups or all(group == "low" for group in groups):
        return None
    effects = case.fit.effects
    levels = np.full(len(effects), "", dtype=object)
    levels[effects.estimable] = ["low" if group == "low" else "others" for group in groups]
    data = effects.data.assign(**{COLUMN: list(levels)})
    fit = replace(case.fit, effects=replace(effects, data=data))
    try:
        return subgroups(fit, by=COLUMN, levels=["low", "others"])
    except (NotEstimableError, OptionError):
        return None  # a fit with options of its own cannot be made again for a part


def _proposal(share: dict[str, float], p_value: float) -> Proposal:
    """Propose by the weight; a test of difference that speaks makes it a matter of judgement."""
    unknown, high, doubtful = share["not assessed"], share["high"], share["some concerns"]
    if unknown > LITTLE:
        return Proposal(
            None,
            f"{format_percent(unknown)} of the weight has no judgement of risk of bias for this "
            "result",
        )
    if high > MOST:
        return Proposal(-2, f"{format_percent(high)} of the weight is at high risk of bias")
    if high + doubtful > MOST:
        return Proposal(
            -1,
            f"{format_percent(high + doubtful)} of the weight is at high risk of bias or raises "
            "some concerns",
        )
    if high + doubtful <= LITTLE:
        return Proposal(0, f"{format_percent(share['low'])} of the weight is at low risk of bias")
    if p_value < ALPHA:
        return Proposal(
            -1,
            "the studies at low risk of bias differ from the others "
            f"({format_p(p_value, symbol=True)})",
        )
    return Proposal(
        None,
        f"{format_percent(high + doubtful)} of the weight is at high risk of bias or raises some "
        "concerns; whether that matters must be judged",
    )
