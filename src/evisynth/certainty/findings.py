"""The summary of findings: one row an outcome, tied to its analysis and to its rating."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from evisynth.analysis import AnalysisResult
from evisynth.appraisal import Assessment
from evisynth.certainty.absolute import BaselineRisk, baseline_from_studies, relation_of
from evisynth.certainty.case import judgements_of
from evisynth.certainty.domains import DOMAIN_WORDS, Design, Domain
from evisynth.certainty.facts import CertaintyEvidence
from evisynth.certainty.fingerprint import result_fingerprint, result_words
from evisynth.certainty.front import evidence
from evisynth.certainty.rating import Rating, Step
from evisynth.certainty.statements import plain_statement
from evisynth.certainty.thresholds import Thresholds, TypicalScale
from evisynth.errors import DataError
from evisynth.extraction import Outcome

__all__ = ["MOST_OUTCOMES", "Finding", "FindingPlan", "Stale", "summarize"]

MOST_OUTCOMES = 7
"""Outcomes that a summary of findings shows at most (GRADE)."""


@dataclass(frozen=True, slots=True)
class FindingPlan:
    """What the plan says of one row of the summary of findings.

    Attributes
    ----------
    analysis : str
        Id of the analysis that the row shows; ``""`` for an outcome without data.
    outcome : str
        Id of the outcome, for rows without an analysis; ``""`` else or where only `label` is said.
    label : str
        Words shown for the outcome; those of the outcome if empty.
    follow_up, comment : str
        Time points and scale in words; comment.
    importance : {"critical", "important", ""}
        For decisions.
    design : {"randomized", "non-randomized"}
        Design of the studies.
    baselines : tuple of BaselineRisk
        Risks without the intervention, stated with their source.
    baseline_from : {"median", "pooled"}
        How the risk is taken from the studies where none is stated.
    thresholds, typical
        As in `evisynth.certainty.evidence`.
    not_reported, registered : int or None
        Studies known to have left the outcome out, and studies registered.
    relative_reduction : float
        For the optimal information size.
    line : int
        Line of the plan.
    """

    analysis: str = ""
    outcome: str = ""
    label: str = ""
    follow_up: str = ""
    comment: str = ""
    importance: Literal["critical", "important", ""] = ""
    design: Design = "randomized"
    baselines: tuple[BaselineRisk, ...] = ()
    baseline_from: Literal["median", "pooled"] = "median"
    thresholds: Thresholds | None = None
    typical: TypicalScale | None = None
    not_reported: int | None = None
    registered: int | None = None
    relative_reduction: float = 0.25
    line: int = 0


@dataclass(frozen=True, slots=True)
class Stale:
    """A step that was decided for another result than the one that the analysis gives now.

    Attributes
    ----------
    domain : Domain
        The step's domain.
    line : int
        Its line in the file.
    rated_for : str
        What it was decided for, and what the analysis gives now.
    """

    domain: Domain
    line: int
    rated_for: str

    @property
    def message(self) -> str:
        """The whole as a sentence without its full stop."""
        return f"{DOMAIN_WORDS[self.domain].lower()} was rated for {self.rated_for}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the summary of findings.

    Attributes
    ----------
    plan : FindingPlan
        What the plan says.
    label : str
        The outcome in words.
    result : AnalysisResult or None
        What the cells are computed from; None for an outcome without data.
    evidence : CertaintyEvidence or None
        What was computed for the judgement.
    rating : Rating or None
        What people decided; None where there is no result or nobody has decided anything.
    fingerprint : str
        Of the result as it is now.
    result_words : str
        The same for people.
    stale : tuple of Stale
        Steps that were decided for another result.
    """

    plan: FindingPlan
    label: str
    result: AnalysisResult | None = None
    evidence: CertaintyEvidence | None = None
    rating: Rating | None = None
    fingerprint: str = ""
    result_words: str = ""
    stale: tuple[Stale, ...] = ()

    @property
    def is_rated(self) -> bool:
        """Whether every domain was decided on, for the result as it is now."""
        return self.rating is not None and self.rating.is_complete and not self.stale

    def statement(self) -> str:
        """Return the finding in plain language; it makes none where the rating does not hold."""
        if self.result is None or self.evidence is None:
            return f"This review has no data on {_inside(self.label)}."
        if self.stale:
            return f"No statement on {_inside(self.label)}: its rating is out of date."
        if self.rating is None or not self.rating.is_complete:
            return f"No statement on {_inside(self.label)}: its certainty has not been rated."
        fit = self.result.fit
        if not math.isfinite(fit.estimate):
            return f"No effect on {_inside(self.label)} could be estimated."
        null = fit.effects.scale.null
        words = self.result.plan.favours[0]
        first = words.split(" ")[0].casefold()
        named = words if first in ("the", "a", "an") else f"the {words}"
        return plain_statement(
            named[:1].upper() + named[1:],
            _inside(self.label),
            self.rating.level,
            self.evidence.size,  # type: ignore[arg-type]
            lowers=fit.estimate < null,
            includes_none=fit.ci_lower <= null <= fit.ci_upper,
        )


def _inside(label: str) -> str:
    """Write a label inside a sentence."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def summarize(
    plans: Iterable[FindingPlan],
    results: Sequence[AnalysisResult],
    *,
    outcomes: Iterable[Outcome] = (),
    assessments: Iterable[Assessment] = (),
    steps: Mapping[str, Sequence[Step]] | None = None,
    instrument: str = "",
) -> tuple[Finding, ...]:
    """Compute the rows of the summary of findings.

    Parameters
    ----------
    plans
        Rows of the plan, in order.
    results
        Results of the analyses.
    outcomes
        Outcomes of the plan, for their words.
    assessments
        Risk of bias.
    steps
        What people decided, by id of the analysis.
    instrument
        Instrument of the risk of bias; ROBINS-I lets non-randomized studies start at High.

    Returns
    -------
    tuple of Finding
        One a row; a row whose analysis is not there has no result.

    Raises
    ------
    DataError
        If thresholds or baseline risks do not fit the measure, or a step is not allowed.
    """
    by_id = {result.plan.id: result for result in results}
    words = {outcome.id: outcome.label for outcome in outcomes}
    given = tuple(assessments)
    decided = steps or {}
    found = []
    for plan in plans:
        result = by_id.get(plan.analysis)
        if result is None:
            label = plan.label or words.get(plan.outcome, plan.outcome) or plan.analysis
            found.append(Finding(plan, label))
            continue
        found.append(
            _finding(plan, result, given, tuple(decided.get(plan.analysis, ())), instrument)
        )
    return tuple(found)


def _finding(
    plan: FindingPlan,
    result: AnalysisResult,
    assessments: tuple[Assessment, ...],
    steps: tuple[Step, ...],
    instrument: str,
) -> Finding:
    fit = result.fit
    baselines = plan.baselines
    if not baselines and relation_of(fit.effects.scale) is not None:
        taken = baseline_from_studies(fit.effects, plan.baseline_from)
        baselines = () if taken is None or taken.risk >= 1 else (taken,)
    judgements = judgements_of(fit.effects.labels, result.outcome.id, assessments)
    try:
        computed = evidence(
            result,
            judgements,
            baseline=baselines,
            thresholds=plan.thresholds,
            typical=plan.typical,
            design=plan.design,
            not_reported=plan.not_reported,
            registered=plan.registered,
            relative_reduction=plan.relative_reduction,
        )
    except DataError as error:
        raise DataError(f"summary of findings, analysis {plan.analysis!r}: {error}") from None
    now = result_fingerprint(
        fit,
        judgements,
        baselines=baselines,
        thresholds=plan.thresholds,
        typical=plan.typical,
        design=plan.design,
    )
    shown = result_words(fit)
    return Finding(
        plan=plan,
        label=plan.label or result.plan.title,
        result=result,
        evidence=computed,
        rating=Rating(plan.analysis, steps, plan.design, instrument) if steps else None,
        fingerprint=now,
        result_words=shown,
        stale=tuple(_stale(step, now, shown) for step in steps if step.fingerprint != now),
    )


def _stale(step: Step, now: str, shown: str) -> Stale:
    if not step.fingerprint:
        text = f"a result that is not named; the analysis gives {shown} (fingerprint {now})"
    elif step.result and step.result != shown:
        text = f"{step.result}; the analysis now gives {shown} (fingerprint {now})"
    else:
        text = (
            f"another state of {shown}: studies, their risk of bias, options, baseline risks or "
            f"thresholds have changed (fingerprint {step.fingerprint}, now {now})"
        )
    return Stale(step.domain, step.line, text)
