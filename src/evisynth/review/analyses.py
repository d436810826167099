"""The planned analyses checked against outcomes, fields, outcome data and each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, get_args, get_origin, get_type_hints

from evisynth.analysis import AnalysisPlan, SubgroupPlan, at_timepoint
from evisynth.errors import Problem
from evisynth.extraction import DataKind, OutcomeRow
from evisynth.review.plan_reading import REVIEW_FILE, AnalysisDraft, Plan
from evisynth.review.schema_errors import place, word_problem
from evisynth.review.toml_lines import KeyPath
from evisynth.studies import Field, Study

if TYPE_CHECKING:
    from evisynth.review.schema import AnalysisSection, SubgroupSection

__all__ = ["build_analyses", "check_words"]

ASYMMETRY_TESTS = ("egger", "egger-mixed", "begg")
"""Names that `evisynth.synthesis.asymmetry_test` knows; a test holds the two together."""

_MEANS = ("means", "means sd2", "sds")
_WAYS: dict[DataKind, tuple[str, ...]] = {"means": _MEANS, "changes": _MEANS}
"""Ways by which a kind of data reaches a measure (`Measure.sources`), if not by its own name."""


def check_words(plan: Plan, problems: list[Problem]) -> None:
    """Check the words of ``[defaults]`` and of each analysis, each where it stands.

    The allowed ones are those of the rooms that use them: measures of `evisynth.effects`, options
    of `evisynth.synthesis`.
    """
    from evisynth.effects import MEASURES
    from evisynth.synthesis import FitOptions

    allowed: dict[str, Sequence[str]] = {"measure": tuple(MEASURES)}
    for name, hint in get_type_hints(FitOptions).items():
        if name != "level" and get_origin(hint) is not None:
            allowed[name] = get_args(hint)
    told: set[KeyPath] = set()
    for draft in plan.analyses:
        section = draft.section
        for key, words in allowed.items():
            value = getattr(section, key)
            _tell(plan, draft, key, value, words, told, problems)
        for name in section.asymmetry_tests:
            _tell(plan, draft, "asymmetry_tests", name, ASYMMETRY_TESTS, told, problems)
        measure = MEASURES.get(section.measure or "")
        if measure is not None and section.variance:
            _tell(
                plan, draft, "variance", section.variance, tuple(measure.formulas), told, problems
            )


def _tell(
    plan: Plan,
    draft: AnalysisDraft,
    key: str,
    value: str,
    allowed: Sequence[str],
    told: set[KeyPath],
    problems: list[Problem],
) -> None:
    """Report a word that is not allowed, once for each place where it is written."""
    path = draft.path_of(key, plan.default_keys)
    if value not in allowed and (*path, value) not in told:
        told.add((*path, value))
        problems.append(word_problem(REVIEW_FILE, place(plan.lines, path), value, allowed))


def build_analyses(
    plan: Plan,
    studies: Sequence[Study],
    rows: Sequence[OutcomeRow] | None,
    problems: list[Problem],
    warnings: list[str],
) -> tuple[AnalysisPlan, ...]:
    """Make the analyses of the plan and check that each has data of the right kind.

    Parameters
    ----------
    plan
        The plan as read.
    studies, rows
        Studies and outcome data; no rows (None) where the outcome data have problems of their own,
        and what an analysis selects is then not judged.
    problems, warnings
        Problems found are appended; an analysis of one study is a warning, and so is a plan without
        any outcome data: a protocol.

    Returns
    -------
    tuple of AnalysisPlan
        In the plan's order, those with problems left out. ``formats`` holds every format that goes
        in, also where the plan does not list them.
    """
    kinds = {table.format: table.kind for _, table in plan.tables}
    mains = {draft.section.id for draft in plan.analyses if draft.section.role == "main"}
    every = {draft.section.id for draft in plan.analyses}
    # An analysis with a problem of its own may be named as the main one; it was told already.
    mains |= {ident for ident in plan.analysis_ids or () if ident not in every}
    analyses = []
    if plan.analyses and not plan.tables:
        warnings.append(
            f"{REVIEW_FILE}: there are no outcome data yet ([[extraction]]), so no analysis is run"
        )
    for draft in plan.analyses:
        before = len(problems)
        section = draft.section
        if section.outcome not in (plan.outcome_ids or ()):
            at = place(plan.lines, draft.path_of("outcome", plan.default_keys))
            allowed = tuple(plan.outcome_ids or ())
            problems.append(word_problem(REVIEW_FILE, at, section.outcome, allowed, "outcome"))
        _check_role(plan, draft, mains, every, problems)
        formats = _formats(plan, draft, rows or (), kinds, problems)
        subgroups = _subgroups(plan, draft, studies, problems)
        _check_columns(plan, draft, problems)
        if rows is not None and plan.tables and len(problems) == before:
            _check_selection(plan, draft, formats, rows, problems, warnings)
        if len(problems) == before:
            analyses.append(_to_plan(plan, section, formats, subgroups))
    return tuple(analyses)


def _to_plan(
    plan: Plan,
    section: AnalysisSection,
    formats: tuple[str, ...],
    subgroups: tuple[SubgroupPlan, ...],
) -> AnalysisPlan:
    """Make the frozen value of one analysis."""
    cumulative = section.cumulative
    if cumulative is None:
        cumulative = "year" if "year" in (plan.field_names or ()) else ""
    first, second = section.favours
    return AnalysisPlan(
        id=section.id or "",
        title=section.title or "",
        outcome=section.outcome or "",
        measure=section.measure or "",
        variance=section.variance,
        formats=formats,
        mixed_formats=section.mixed_formats,
        model=section.model,
        tau2=section.tau2,
        ci=section.ci,
        safeguard=section.safeguard,
        prediction=section.prediction,
        level=section.level,
        role=section.role,
        sensitivity_of=section.sensitivity_of,
        subgroups=subgroups,
        meta_regression=tuple(section.meta_regression),
        without_outliers=section.without_outliers,
        trim_and_fill=section.trim_and_fill,
        trim_and_fill_side=section.trim_and_fill_side,
        asymmetry_tests=tuple(section.asymmetry_tests),
        cumulative=cumulative,
        favours=(first, second),
        timepoints=tuple(section.timepoints),
        source=REVIEW_FILE,
    )


def _check_role(
    plan: Plan,
    draft: AnalysisDraft,
    mains: set[str | None],
    every: set[str | None],
    problems: list[Problem],
) -> None:
    """Check that a sensitivity analysis belongs to a main one."""
    section = draft.section
    at = place(plan.lines, draft.path_of("sensitivity_of", plan.default_keys))
    if section.role == "sensitivity" and section.sensitivity_of not in mains:
        allowed = tuple(str(ident) for ident in mains)
        if not section.sensitivity_of:
            message = "a sensitivity analysis must name its main analysis in 'sensitivity_of'"
            problems.append(Problem(REVIEW_FILE, at, message, allowed))
        elif section.sensitivity_of in every:
            message = f"{section.sensitivity_of!r} is a sensitivity analysis itself"
            problems.append(Problem(REVIEW_FILE, at, message, allowed))
        else:
            value = section.sensitivity_of
            problems.append(word_problem(REVIEW_FILE, at, value, allowed, "main analysis"))
    elif section.role == "main" and section.sensitivity_of:
        message = f"'sensitivity_of' is {section.sensitivity_of!r}, the role is 'main'"
        problems.append(Problem(REVIEW_FILE, at, message, hint='Write role = "sensitivity"'))


def _formats(
    plan: Plan,
    draft: AnalysisDraft,
    rows: Sequence[OutcomeRow],
    kinds: Mapping[str, DataKind],
    problems: list[Problem],
) -> tuple[str, ...]:
    """Return the formats that go in, and check that they are pooled with open eyes."""
    from evisynth.effects import MEASURES

    section = draft.section
    if not plan.tables:
        return tuple(section.formats)  # a protocol: which forms there will be is not known
    measure = MEASURES.get(section.measure or "")
    ways = measure.sources if measure else ()

    def fits(name: str) -> bool:
        return any(way in ways for way in _WAYS.get(kinds[name], (kinds[name],)))

    at = place(plan.lines, draft.path_of("formats", plan.default_keys))
    known = tuple(dict.fromkeys(kinds))
    problems.extend(
        word_problem(REVIEW_FILE, at, name, known, "format")
        for name in section.formats
        if name not in kinds
    )
    unfit = [name for name in section.formats if name in kinds and not fits(name)]
    if measure is not None and unfit:
        named = ", ".join(f"{name!r} (data of kind {kinds[name]!r})" for name in unfit)
        problems.append(
            Problem(
                REVIEW_FILE,
                at,
                f"the measure {section.measure!r} cannot be computed from {named}",
                tuple(each for each in known if fits(each)),
                hint="" if any(fits(each) for each in known) else "No format of the plan suits it",
            )
        )
    present = {
        row.format
        for row in rows
        if row.outcome == section.outcome and at_timepoint(row, section.timepoints)
    }
    chosen = tuple(section.formats) or tuple(
        name for name in known if name in present and fits(name)
    )
    pooled = [name for name in chosen if name in present and name in kinds]
    mixed = len({kinds[name] for name in pooled}) > 1
    standardized = measure is not None and measure.standardized
    if standardized and mixed and not section.mixed_formats:
        path = draft.path_of("mixed_formats", plan.default_keys)
        problems.append(
            Problem(
                REVIEW_FILE,
                place(plan.lines, path),
                f"the formats {', '.join(repr(name) for name in pooled)} do not standardize by"
                f" the same SD and are pooled as {section.measure} (Cochrane Handbook 10.5.2)",
                hint="List one format in 'formats', or write mixed_formats = true if this is"
                " meant; the document then says so",
            )
        )
    return chosen


def _subgroups(
    plan: Plan, draft: AnalysisDraft, studies: Sequence[Study], problems: list[Problem]
) -> tuple[SubgroupPlan, ...]:
    """Make the subgroup analyses; each is by a characteristic with exclusive levels."""
    fields = {made.name: made for made in plan.fields}
    found = []
    base = draft.path_of("subgroups", plan.default_keys)
    inherited = base[0] == "defaults"
    for number, group in enumerate(draft.section.subgroups):
        path = (*base, number, "by")
        categories = tuple(name for name, made in fields.items() if made.type == "category")
        at = place(plan.lines, path)
        made = fields.get(group.by)
        problem: Problem | None = None
        if made is None and group.by in (plan.field_names or ()):
            continue  # the field has a problem of its own
        if made is None:
            problem = word_problem(REVIEW_FILE, at, group.by, categories, "field")
        elif made.type != "category":
            hint = (
                "Its levels are not exclusive, a study may stand in several"
                if made.type == "categories"
                else "Use meta_regression for numbers"
                if made.type == "number"
                else f'Write type = "category" into [fields.{group.by}]'
            )
            message = f"subgroups by {group.by!r}, a field of type {made.type!r}"
            problem = Problem(REVIEW_FILE, at, message, categories, hint=hint)
        else:
            levels = _levels(group, made, studies)
            wrong = [level for level in levels if made.levels and level not in made.levels]
            if wrong:
                at = place(plan.lines, (*base, number, "levels"))
                problem = word_problem(REVIEW_FILE, at, wrong[0], made.levels, "level")
            else:
                found.append(SubgroupPlan(group.by, group.label or made.label, levels, group.tau2))
        # A default stands once and is told once.
        if problem is not None and not (inherited and problem in problems):
            problems.append(problem)
    return tuple(found)


def _levels(group: SubgroupSection, made: Field, studies: Sequence[Study]) -> tuple[str, ...]:
    """Levels in the order shown: the subgroup's, the field's, or those of the studies, sorted."""
    if group.levels or made.levels:
        return tuple(group.levels or made.levels)
    values = {study.characteristics.get(made.name) for study in studies}
    return tuple(sorted(value for value in values if isinstance(value, str)))


def _check_columns(plan: Plan, draft: AnalysisDraft, problems: list[Problem]) -> None:
    """Check that moderators and the order of a cumulative analysis are fields of the plan."""
    names = tuple(plan.field_names or ())
    section = draft.section
    wanted = [
        ("meta_regression", word)
        for formula in section.meta_regression
        for word in re.findall(r"[A-Za-z_]\w*", formula)
    ]
    if section.cumulative:
        wanted.append(("cumulative", section.cumulative))
    for key, word in wanted:
        if word not in names and word != "format":
            path = draft.path_of(key, plan.default_keys)
            problem = word_problem(REVIEW_FILE, place(plan.lines, path), word, names, "field")
            if problem not in problems:
                problems.append(problem)


def _at_several_times(
    plan: Plan,
    draft: AnalysisDraft,
    formats: tuple[str, ...],
    rows: Sequence[OutcomeRow],
    problems: list[Problem],
) -> bool:
    """Tell whether a study has several rows of a format, and which time points there are."""
    seen: set[tuple[str, str]] = set()
    for row in rows:
        if row.format in formats and (row.study, row.format) in seen:
            times = tuple(sorted({each.timepoint for each in rows if each.study == row.study}))
            at = place(plan.lines, draft.path_of("timepoints", plan.default_keys))
            problem = Problem(
                row.file,
                f"line {row.line}, column study",
                f"a second row of {row.study!r} for {row.outcome!r} ({row.format}), at another time"
                f" point: the analysis {draft.section.id!r} ({REVIEW_FILE}, {at}) would have to"
                " choose between several time points",
                times,
                hint="Keep one, or write there which ones go in, the preferred first:"
                " timepoints = [...]",
            )
            if problem not in problems:
                problems.append(problem)
            return True
        seen.add((row.study, row.format))
    return False


def _check_selection(
    plan: Plan,
    draft: AnalysisDraft,
    formats: tuple[str, ...],
    rows: Sequence[OutcomeRow],
    problems: list[Problem],
    warnings: list[str],
) -> None:
    """Check how many studies an analysis has, and which format of a study goes in."""
    section = draft.section
    at = place(plan.lines, draft.path)
    every = [row for row in rows if row.outcome == section.outcome]
    of_outcome = [row for row in every if at_timepoint(row, section.timepoints)]
    if every and not of_outcome:
        path = draft.path_of("timepoints", plan.default_keys)
        times = tuple(sorted({row.timepoint for row in every if row.timepoint}))
        problems.append(
            word_problem(
                REVIEW_FILE, place(plan.lines, path), section.timepoints[0], times, "time point"
            )
        )
        return
    if not section.timepoints and _at_several_times(plan, draft, formats, of_outcome, problems):
        return
    by_study: dict[str, list[str]] = {}
    for row in of_outcome:
        if row.format in formats:
            by_study.setdefault(row.study, []).append(row.format)
    if not by_study:
        present = tuple(dict.fromkeys(row.format for row in of_outcome))
        held = f"in the formats {', '.join(present)}" if present else "in no format"
        wanted = ", ".join(section.formats) or "any that the measure can take"
        problems.append(
            Problem(
                REVIEW_FILE,
                at,
                f"the analysis {section.id!r} selects no study: its outcome is"
                f" {section.outcome!r} and its formats {wanted}; there are data of this outcome"
                f" {held}",
                hint="Change 'outcome' or 'formats', add outcome data, or remove the analysis",
            )
        )
        return
    if len(by_study) == 1:
        warnings.append(
            f"{REVIEW_FILE}, {at}: the analysis {section.id!r} has one study"
            f" ({next(iter(by_study))}); there is nothing to pool, and heterogeneity, subgroups and"
            " tests cannot be computed"
        )
    for study, held_formats in by_study.items():
        several = [name for name in formats if name in held_formats]
        if len(several) < 2:
            continue
        if section.formats:
            warnings.append(
                f"{REVIEW_FILE}, {at}: {study!r} has data for {section.outcome!r} as"
                f" {', '.join(several)}; the analysis {section.id!r} takes {several[0]!r}"
            )
        else:
            problems.append(
                Problem(
                    REVIEW_FILE,
                    at,
                    f"{study!r} has data for {section.outcome!r} as {', '.join(several)}, and the"
                    f" analysis {section.id!r} does not say which goes in",
                    hint="List 'formats', the preferred one first",
                )
            )
