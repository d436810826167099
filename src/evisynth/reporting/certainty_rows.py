"""The certainty of the evidence as plain values: rows of tables and objects of results.json."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evisynth.certainty import DOMAINS, AbsoluteEffect, Finding

__all__ = ["CERTAINTY_HEADERS", "certainty_rows", "certainty_to_dict"]

Record = dict[str, Any]

CERTAINTY_HEADERS: Mapping[str, tuple[str, ...]] = {
    "summary_of_findings": (
        "outcome", "analysis", "follow_up", "importance", "baseline", "baseline_risk",
        "baseline_source", "risk_with_intervention", "risk_lower", "risk_upper", "difference",
        "difference_lower", "difference_upper", "measure", "estimate", "ci_lower", "ci_upper",
        "studies", "participants", "events", "design", "start", "certainty", "holds", "statement",
        "comment", "footnotes",
    ),
    "evidence_profile": (
        "outcome", "analysis", "domain", "levels", "reason", "by", "date", "holds", "proposed",
        "proposed_because", "fingerprint", "fingerprint_now",
    ),
    "certainty_facts": ("outcome", "analysis", "domain", "name", "value", "words", "source"),
}  # fmt: skip
"""First columns of each table."""


def _number(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _absolute(effect: AbsoluteEffect | None) -> Record:
    if effect is None:
        return {}
    return {
        "baseline": effect.baseline.name,
        "baseline_risk": _number(effect.baseline.risk),
        "baseline_source": effect.baseline.source,
        "risk_with_intervention": _number(effect.risk),
        "risk_lower": _number(effect.risk_lower),
        "risk_upper": _number(effect.risk_upper),
        "difference": _number(effect.difference),
        "difference_lower": _number(effect.lower),
        "difference_upper": _number(effect.upper),
    }


def _level(finding: Finding) -> str:
    rating = finding.rating
    return rating.level if rating is not None and rating.is_complete else ""


def _estimate(finding: Finding) -> Record:
    if finding.result is None:
        return {}
    fit = finding.result.fit
    scale = fit.effects.scale
    values = {"estimate": fit.estimate, "ci_lower": fit.ci_lower, "ci_upper": fit.ci_upper}
    return {
        "measure": scale.short,
        **{name: _number(scale.shown(value)) for name, value in values.items()},
    }


def _summary(found: Iterable[Finding]) -> list[Record]:
    rows = []
    for finding in found:
        evidence, rating = finding.evidence, finding.rating
        effects: tuple[AbsoluteEffect | None, ...] = (None,)
        if evidence is not None and evidence.absolute:
            effects = evidence.absolute
        rows += [
            {
                "outcome": finding.label,
                "analysis": finding.plan.analysis,
                "follow_up": finding.plan.follow_up,
                "importance": finding.plan.importance,
                **_absolute(effect),
                **_estimate(finding),
                "studies": None if evidence is None else evidence.k,
                "participants": None if evidence is None else evidence.participants,
                "events": None if evidence is None else evidence.events,
                "design": finding.plan.design,
                "start": "" if rating is None else rating.start,
                "certainty": _level(finding),
                "holds": None if rating is None else not finding.stale,
                "statement": finding.statement(),
                "comment": finding.plan.comment,
                "footnotes": ""
                if rating is None
                else " ".join(text for _, text in rating.footnotes()),
            }
            for effect in effects
        ]
    return rows


def _profile(found: Iterable[Finding]) -> list[Record]:
    rows = []
    for finding in found:
        if finding.evidence is None:
            continue
        old = {stale.domain for stale in finding.stale}
        for domain in DOMAINS:
            step = finding.rating.step(domain) if finding.rating is not None else None
            proposal = finding.evidence.domain(domain).proposal
            rows.append(
                {
                    "outcome": finding.label,
                    "analysis": finding.plan.analysis,
                    "domain": domain,
                    "levels": None if step is None else step.levels,
                    "reason": "" if step is None else step.reason,
                    "by": "" if step is None else step.by,
                    "date": "" if step is None else step.date,
                    "holds": None if step is None else domain not in old,
                    "proposed": proposal.levels,
                    "proposed_because": proposal.reason,
                    "fingerprint": "" if step is None else step.fingerprint,
                    "fingerprint_now": finding.fingerprint,
                }
            )
    return rows


def _facts(found: Iterable[Finding]) -> list[Record]:
    return [
        {
            "outcome": finding.label,
            "analysis": finding.plan.analysis,
            "domain": domain.domain,
            "name": fact.name,
            "value": fact.value,
            "words": fact.words,
            "source": fact.source,
        }
        for finding in found
        if finding.evidence is not None
        for domain in finding.evidence.domains
        for fact in domain.facts
    ]


def certainty_rows(found: Sequence[Finding]) -> dict[str, list[Record]]:
    """Return the rows of the three tables by name; empty without a summary of findings."""
    return {
        "summary_of_findings": _summary(found),
        "evidence_profile": _profile(found),
        "certainty_facts": _facts(found),
    }


def certainty_to_dict(finding: Finding) -> Record:
    """Return one outcome of the summary of findings as plain values."""
    evidence, rating = finding.evidence, finding.rating
    domains = []
    if evidence is not None:
        for domain in evidence.domains:
            step = rating.step(domain.domain) if rating is not None else None
            domains.append(
                {
                    "domain": domain.domain,
                    "levels": None if step is None else step.levels,
                    "reason": "" if step is None else step.reason,
                    "by": "" if step is None else step.by,
                    "date": "" if step is None else step.date,
                    "proposed": domain.proposal.levels,
                    "proposed_because": domain.proposal.reason,
                    "facts": {
                        fact.name: _number(fact.value)
                        if isinstance(fact.value, int | float)
                        else fact.value
                        for fact in domain.facts
                    },
                }
            )
    return {
        "label": finding.label,
        "analysis": finding.plan.analysis,
        "design": finding.plan.design,
        "absolute": []
        if evidence is None
        else [{"held": effect.held, **_absolute(effect)} for effect in evidence.absolute],
        "participants": None if evidence is None else evidence.participants,
        "size": "" if evidence is None else evidence.size,
        "certainty": _level(finding),
        "fingerprint": finding.fingerprint,
        "stale": [stale.message for stale in finding.stale],
        "statement": finding.statement(),
        "domains": domains,
    }
