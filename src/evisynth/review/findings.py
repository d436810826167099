"""The rows of the summary of findings, checked against the plan, and the ratings of people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evisynth.analysis import AnalysisPlan
from evisynth.certainty import (
    MOST_OUTCOMES,
    BaselineRisk,
    Design,
    FindingPlan,
    Step,
    Thresholds,
    TypicalScale,
    make_ruler,
    read_ratings,
    relation_of,
)
from evisynth.errors import DataError, Problem
from evisynth.review.plan_reading import REVIEW_FILE, Plan
from evisynth.review.schema_errors import place, word_problem
from evisynth.review.toml_lines import KeyPath, line_of

if TYPE_CHECKING:
    from evisynth.review.schema import FindingSection

__all__ = ["RATINGS_FILE", "build_findings", "ratings_of"]

RATINGS_FILE = "grade/ratings.csv"


def build_findings(
    plan: Plan, analyses: Sequence[AnalysisPlan], problems: list[Problem], warnings: list[str]
) -> tuple[FindingPlan, ...]:
    """Make the rows of the summary of findings and check that each can be computed.

    Parameters
    ----------
    plan
        The plan as read.
    analyses
        Its analyses, those with problems left out.
    problems, warnings
        Problems found are appended; more outcomes than a table should have are a warning.

    Returns
    -------
    tuple of FindingPlan
        In the plan's order, those with problems left out.
    """
    measures = {made.id: made.measure for made in analyses}
    first: dict[str, KeyPath] = {}
    rows = []
    for path, section in plan.findings:
        before = len(problems)
        _check_names(plan, path, section, problems)
        if section.analysis:
            if section.analysis in first:
                where = place(plan.lines, (*first[section.analysis], "analysis"))
                message = f"the analysis {section.analysis!r} has a row already ({where})"
                at = place(plan.lines, (*path, "analysis"))
                problems.append(Problem(REVIEW_FILE, at, message, hint="Remove one"))
            first.setdefault(section.analysis, path)
        if len(problems) == before:
            try:
                row = _row(plan, path, section)
                if section.analysis in measures:
                    _check_ruler(row, measures[section.analysis])
            except DataError as error:
                problems.append(Problem(REVIEW_FILE, place(plan.lines, path), str(error)))
            else:
                rows.append(row)
    if len(plan.findings) > MOST_OUTCOMES:
        at = place(plan.lines, plan.findings[MOST_OUTCOMES][0])
        warnings.append(
            f"{REVIEW_FILE}, {at}: the summary of findings has {len(plan.findings)} outcomes; "
            f"readers are served by {MOST_OUTCOMES} at most, those that matter for the decision"
        )
    return tuple(rows)


def _check_names(
    plan: Plan, path: KeyPath, section: FindingSection, problems: list[Problem]
) -> None:
    """Check that a row says what it is about, in one way."""
    at = place(plan.lines, path)
    if section.analysis:
        if section.analysis not in (plan.analysis_ids or ()):
            at = place(plan.lines, (*path, "analysis"))
            allowed = tuple(plan.analysis_ids or ())
            problems.append(word_problem(REVIEW_FILE, at, section.analysis, allowed, "analysis"))
        if section.outcome:
            at = place(plan.lines, (*path, "outcome"))
            message = "'outcome' is for rows without an analysis; this row has one"
            problems.append(Problem(REVIEW_FILE, at, message, hint="Remove 'outcome'"))
        return
    if section.outcome and section.outcome not in (plan.outcome_ids or ()):
        at = place(plan.lines, (*path, "outcome"))
        allowed = tuple(plan.outcome_ids or ())
        hint = "For an outcome that no study measured write its words as 'label' alone"
        problems.append(word_problem(REVIEW_FILE, at, section.outcome, allowed, "outcome", hint))
    elif not (section.outcome or section.label):
        message = "the row names neither 'analysis' nor 'outcome' nor 'label'"
        hint = "Name the analysis; or, for an outcome without data, its outcome or its words"
        problems.append(Problem(REVIEW_FILE, at, message, hint=hint))


def _row(plan: Plan, path: KeyPath, section: FindingSection) -> FindingPlan:
    thresholds = section.thresholds
    typical = section.typical_scale
    return FindingPlan(
        analysis=section.analysis,
        outcome=section.outcome,
        label=section.label,
        follow_up=section.follow_up,
        comment=section.comment,
        importance=section.importance,
        design=section.design,
        baselines=tuple(
            BaselineRisk(made.risk, made.name, made.source) for made in section.baseline
        ),
        baseline_from=section.baseline_from,
        thresholds=Thresholds(**thresholds.model_dump()) if thresholds else None,
        typical=TypicalScale(**typical.model_dump()) if typical else None,
        not_reported=section.not_reported,
        registered=section.registered,
        relative_reduction=section.relative_reduction,
        line=line_of(plan.lines, path),
    )


def _check_ruler(row: FindingPlan, measure: str) -> None:
    """Check that thresholds and baseline risks fit the measure."""
    from evisynth.effects import MEASURES

    if measure not in MEASURES:
        return
    scale = MEASURES[measure].scale
    relation = relation_of(scale)
    for made in row.baselines:
        if made.risk >= 1 and relation != "IRR":
            raise DataError(
                f"the baseline risk {made.risk:g} is not a proportion below 1; write 0.1 for 100 "
                "of 1,000"
            )
    stand_in = BaselineRisk(0.5) if relation is not None else None
    baseline = row.baselines[0] if row.baselines else stand_in
    make_ruler(scale, row.thresholds, baseline=baseline, typical=row.typical)


def ratings_of(
    folder: Path, plan: Plan, rows: Sequence[FindingPlan], problems: list[Problem]
) -> dict[str, tuple[Step, ...]]:
    """Read what people decided; nothing where there is no file."""
    path = folder / RATINGS_FILE
    if not path.exists():
        return {}
    designs: dict[str, Design] = {row.analysis: row.design for row in rows if row.analysis}
    # A row with a problem of its own is not among them; it was told already.
    written = {section.analysis for _, section in plan.findings if section.analysis}
    instrument = plan.risk_of_bias.instrument if plan.risk_of_bias else ""
    return read_ratings(
        path,
        where=RATINGS_FILE,
        analyses=designs if plan.findings_whole and written == set(designs) else None,
        people=plan.person_ids,
        instrument=instrument,
        problems=problems,
    )
