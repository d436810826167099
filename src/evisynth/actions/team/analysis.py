"""Analyses before they are planned: choose, look at forest plot and numbers, save into the plan.

Only data that people agreed on go in: the tables that the consensus writes, studies, and agreed
assessments. What single people extracted or assessed is never read here.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import threading
import tomllib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_type_hints

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError
from evisynth.actions.team.plan import plan_data, plan_version
from evisynth.errors import EvisynthError, InputError, OptionError, Problem
from evisynth.review import PLAN_FILE, ItemKey, Review, Value, folder_texts, parse_plan

if TYPE_CHECKING:
    from evisynth.analysis import AnalysisResult
    from evisynth.figures import ReviewFigure

__all__ = [
    "ANALYSIS_KEYS",
    "AnalysisOptions",
    "AnalysisPreview",
    "Choice",
    "PlannedAnalysis",
    "analysis_figure",
    "analysis_options",
    "analysis_version",
    "clean_choice",
    "effective",
    "entries_of",
    "entry_of",
    "new_analysis_values",
    "place_of",
    "planned_analyses",
    "preview_analysis",
    "written_value",
]  # fmt: skip

Choice = Mapping[str, object]
"""Keys of ``[[analyses]]`` with their values; a key that is not there is as the plan has it."""

ANALYSIS_KEYS = (
    "title", "outcome", "measure", "formats", "mixed_formats", "model", "tau2", "ci",
    "prediction", "level", "timepoints", "role", "sensitivity_of", "subgroups", "meta_regression",
    "without_outliers", "trim_and_fill", "asymmetry_tests", "favours",
)  # fmt: skip
"""What can be chosen; other keys of an analysis stay as they are in the plan."""

_LISTS = ("formats", "timepoints", "subgroups", "meta_regression", "asymmetry_tests", "favours")
_PARTS = (
    "review", "question", "criteria", "registration", "people", "stages", "fields", "outcomes",
    "extraction", "risk_of_bias", "defaults",
)  # fmt: skip
"""Sections of the plan that an analysis depends on."""

_TABLES = ("studies/studies.csv", "rob/assessments.csv")
_SECTIONS = ("forest-", "subgroups-", "funnel-")
LONGEST = 300
MOST = 40
"""Entries of a list, and characters of a text, that a choice may have at most."""

KEPT = 12
_previews: OrderedDict[tuple[object, ...], AnalysisPreview] = OrderedDict()
_guard = threading.Lock()
_drawing = threading.Lock()
"""matplotlib's settings are of the whole process: one figure is drawn at a time."""


@dataclass(frozen=True, slots=True)
class PlannedAnalysis:
    """An analysis of the plan, every key with the value that holds for it."""

    id: str
    values: dict[str, object]


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """What can be chosen.

    Attributes
    ----------
    outcomes : tuple of (id, label, studies)
        Outcomes of the plan, with how many studies have agreed data.
    formats : tuple of (name, studies by outcome id)
        Formats of the plan's tables.
    measures : tuple of str
        Those that the tables' kinds of data allow.
    model, tau2, ci, prediction : tuple of str
        Words allowed.
    subgroups, moderators : tuple of (name, label)
        Fields of the plan with exclusive levels; fields that a regression can take.
    mains : tuple of (id, title)
        Main analyses of the plan.
    timepoints : tuple of str
        Time points that agreed data are of.
    """

    outcomes: tuple[tuple[str, str, int], ...]
    formats: tuple[tuple[str, dict[str, int]], ...]
    measures: tuple[str, ...]
    model: tuple[str, ...]
    tau2: tuple[str, ...]
    ci: tuple[str, ...]
    prediction: tuple[str, ...]
    subgroups: tuple[tuple[str, str], ...]
    moderators: tuple[tuple[str, str], ...]
    mains: tuple[tuple[str, str], ...]
    timepoints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalysisPreview:
    """What an analysis comes to with the data that stand agreed now.

    Attributes
    ----------
    id : str
        Of the analysis, or the one it would get.
    values : dict
        Every key with the value that was used.
    result : AnalysisResult or None
        None where there are problems.
    figures : tuple of ReviewFigure
        Forest plots, by subgroup too, and the funnel plot.
    problems : tuple of str
        Why it cannot be computed, with the way out.
    warnings : tuple of str
        What a person should look at.
    """

    id: str
    values: dict[str, object]
    result: AnalysisResult | None
    figures: tuple[ReviewFigure, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


# the plan's analyses


@lru_cache(maxsize=1)
def _defaults() -> dict[str, object]:
    """Return what holds where the plan says nothing."""
    empty = parse_plan('[[analyses]]\nid = "a"\ntitle = "A"\noutcome = "a"\nmeasure = "MD"\n')
    section = empty.analyses[0].section.model_dump()
    found = {name: section[name] for name in ANALYSIS_KEYS}
    return {**found, "title": "", "outcome": "", "measure": ""}


def _plain(name: str, value: object) -> object:
    """Return a value as it is compared: lists as tuples, a subgroup by its field."""
    if name == "subgroups" and isinstance(value, (list, tuple)):
        return tuple(
            str(each.get("by", "")) if isinstance(each, Mapping) else str(each) for each in value
        )
    if isinstance(value, (list, tuple)):
        return tuple(value)
    return value


def effective(data: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, object]:
    """Return every key of an analysis with the value that holds: own, the plan's default, ours."""
    given = data.get("defaults", {})
    ours = _defaults()
    return {
        name: _plain(name, entry.get(name, given.get(name, ours.get(name, ""))))
        for name in ANALYSIS_KEYS
    }


def entries_of(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of ``[[analyses]]``."""
    found = data.get("analyses", [])
    return [dict(each) for each in found if isinstance(each, Mapping)]


def place_of(data: Mapping[str, Any], ident: str) -> int:
    """Return the place of an analysis in the plan; -1 where there is none."""
    names = [each.get("id") for each in entries_of(data)]
    return names.index(ident) if ident in names else -1


def planned_analyses(desk: Desk) -> tuple[PlannedAnalysis, ...]:
    """Return the analyses of the plan, in its order.

    Raises
    ------
    PermissionDeniedError
        Somebody who may not run analyses.
    """
    desk.permit("run analysis")
    data = plan_data(desk)
    return tuple(
        PlannedAnalysis(str(entry.get("id", "")), effective(data, entry))
        for entry in entries_of(data)
    )


def new_analysis_values(desk: Desk) -> dict[str, object]:
    """Return the keys of a new analysis as the plan's defaults have them."""
    desk.permit("run analysis")
    return effective(plan_data(desk), {})


def analysis_version(desk: Desk) -> int:
    """Return the version of the plan, to be named when an analysis is saved."""
    desk.permit("run analysis")
    return plan_version(desk)


def analysis_options(desk: Desk) -> AnalysisOptions:
    """Return what can be chosen for an analysis of this review."""
    desk.permit("run analysis")
    from evisynth.effects import MEASURES
    from evisynth.synthesis import FitOptions

    plan = desk.board.plan
    hints = get_type_hints(FitOptions)
    kinds = {table.kind for _, table in plan.tables}
    ways = {way for kind in kinds for way in _ways(kind)}
    measures = tuple(
        name for name, made in MEASURES.items() if not ways or ways & set(made.sources)
    )
    counts, times = _counts(desk, desk.board)
    formats = tuple(dict.fromkeys(table.format for _, table in plan.tables))
    analyses = [(draft.section.id, draft.section) for draft in plan.analyses]
    return AnalysisOptions(
        outcomes=tuple(
            (made.id, made.label, len(set().union(*counts.get(made.id, {"": set()}).values())))
            for made in plan.outcomes
        ),
        formats=tuple(
            (name, {outcome: len(found.get(name, ())) for outcome, found in counts.items()})
            for name in formats
        ),
        measures=measures,
        model=get_args(hints["model"]),
        tau2=get_args(hints["tau2"]),
        ci=get_args(hints["ci"]),
        prediction=get_args(hints["prediction"]),
        subgroups=tuple((made.name, made.label) for made in plan.fields if made.type == "category"),
        moderators=tuple(
            (made.name, made.label) for made in plan.fields if made.type in ("number", "category")
        ),
        mains=tuple(
            (str(name), section.title or str(name))
            for name, section in analyses
            if section.role == "main"
        ),
        timepoints=times,
    )


def _ways(kind: str) -> tuple[str, ...]:
    return ("means", "means sd2", "sds") if kind in ("means", "changes") else (kind,)


def _counts(desk: Desk, board: Board) -> tuple[dict[str, dict[str, set[str]]], tuple[str, ...]]:
    """Return the studies with agreed data by outcome and format, and the time points."""
    try:
        review = _read(desk, board, [])
    except EvisynthError:
        return {}, ()  # told where an analysis is looked at
    found: dict[str, dict[str, set[str]]] = {}
    for row in review.outcome_rows:
        found.setdefault(row.outcome, {}).setdefault(row.format, set()).add(row.study)
    return found, tuple(sorted({row.timepoint for row in review.outcome_rows if row.timepoint}))


# computing


def clean_choice(choice: Choice) -> dict[str, object]:
    """Return a choice with keys and types that an analysis can have.

    Raises
    ------
    OptionError
        A key or value that it cannot have.
    """
    made: dict[str, object] = {}
    for name, value in choice.items():
        if name not in ANALYSIS_KEYS:
            raise OptionError("key of an analysis", name, ANALYSIS_KEYS)
        if name in _LISTS:
            if not isinstance(value, (list, tuple)) or len(value) > MOST:
                raise RefusedError(f"{name!r} is a list of at most {MOST} entries")
            made[name] = tuple(str(each)[:LONGEST].strip() for each in value if str(each).strip())
        elif name == "mixed_formats":
            made[name] = bool(value)
        elif name == "level":
            try:
                number = float(str(value))
            except ValueError:
                number = 0.0
            if not 0.5 <= number < 1:
                raise RefusedError("the level of the intervals lies between 0.5 and 1, as 0.95")
            made[name] = number
        else:
            made[name] = str(value)[:LONGEST].strip()
    return made


def entry_of(data: Mapping[str, Any], ident: str, choice: Choice) -> dict[str, Any]:
    """Return the entry of an analysis with a choice written into it."""
    place = place_of(data, ident)
    entry: dict[str, Any] = entries_of(data)[place] if place >= 0 else {"id": ident}
    holds = effective(data, entry)
    for name, value in choice.items():
        if value != holds.get(name):
            written = written_value(data, entry, name, value)
            if written is None:
                entry.pop(name, None)
            else:
                entry[name] = written
    return entry


def written_value(
    data: Mapping[str, Any], entry: Mapping[str, Any], name: str, value: object
) -> object:
    """Return a value as the plan writes it; None where it is the default, so that it says less."""
    default = effective(data, {}).get(name)
    if value == default and name not in ("title", "outcome"):
        return None
    if name == "subgroups" and isinstance(value, tuple):
        there = entry.get(name, data.get("defaults", {}).get(name, []))
        known = {each.get("by"): dict(each) for each in there if isinstance(each, Mapping)}
        return [known.get(by, {"by": by}) for by in value]
    return list(value) if isinstance(value, tuple) else value


def _new_id(data: Mapping[str, Any], title: str, outcome: str) -> str:
    """Return an id for a new analysis, from its title."""
    plain = re.sub(r"[^a-z0-9]+", "-", (title or outcome or "analysis").casefold()).strip("-")
    base = plain[:60] or "analysis"
    names = {each.get("id") for each in entries_of(data)}
    made, number = base, 2
    while made in names:
        made, number = f"{base}-{number}", number + 1
    return made


def _read(desk: Desk, board: Board, entries: Sequence[Mapping[str, Any]]) -> Review:
    """Read what analyses need, as a run reads it: the plan's part, studies and agreed tables."""
    import tomlkit

    data = tomllib.loads(board.plan_text)
    small = {name: data[name] for name in _PARTS if name in data}
    small["analyses"] = [dict(each) for each in entries]
    named = [str(each.get("file", "")) for each in data.get("extraction", []) if each]
    named += [str(each) for each in data.get("risk_of_bias", {}).get("files", [])]
    if isinstance(small.get("risk_of_bias"), dict):
        small["risk_of_bias"] = {**small["risk_of_bias"]}
        small["risk_of_bias"].pop("published", None)
    wanted = {*named, *_TABLES} - {""}
    values: dict[tuple[str, ItemKey], Value] = {}
    for kind in ("study", "assessment", "text", "table"):
        for key, value in board.values(kind).items():
            if kind not in ("text", "table") or key[0] in wanted:
                values[kind, key] = value
    with tempfile.TemporaryDirectory(prefix="evisynth-analysis-") as name:
        folder = Path(name)
        for path, text in folder_texts(values).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(text)
        for path in wanted:
            kept = desk.folder / path
            if (path,) in board.values("file") and kept.is_file():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(kept, folder / path)
        (folder / PLAN_FILE).write_text(tomlkit.dumps(small), encoding="utf-8")
        return replace(Review.read(folder), folder=desk.folder)


def preview_analysis(
    desk: Desk, choice: Choice | None = None, *, ident: str = ""
) -> AnalysisPreview:
    """Compute an analysis of the agreed data, as `evisynth run` would with this plan.

    Parameters
    ----------
    desk
        Who looks.
    choice
        What differs from the plan.
    ident
        The analysis of the plan that is looked at or changed; a new one if empty.

    Returns
    -------
    AnalysisPreview
        With the results, or with what stands in their way in words.

    Raises
    ------
    PermissionDeniedError
        Somebody who may not run analyses.
    NotThereError
        The plan has no such analysis.
    OptionError, RefusedError
        A choice that no analysis can have.
    """
    desk.permit("run analysis")
    board = desk.board
    made = clean_choice(choice or {})
    data = plan_data(desk)
    if ident and place_of(data, ident) < 0:
        raise NotThereError(f"the plan has no analysis {ident!r}")
    name = ident or _new_id(data, str(made.get("title", "")), str(made.get("outcome", "")))
    stamp = json.dumps(made, sort_keys=True, default=list)
    place = (desk.store.alias, desk.store.review, board.number, name, stamp)
    with _guard:
        kept = _previews.get(place)
        if kept is not None:
            _previews.move_to_end(place)
            return kept
    found = _computed(desk, board, data, name, made)
    with _guard:
        _previews[place] = found
        while len(_previews) > KEPT:
            _previews.popitem(last=False)
    return found


def _computed(
    desk: Desk, board: Board, data: Mapping[str, Any], name: str, choice: Choice
) -> AnalysisPreview:
    from evisynth.analysis import run_analysis
    from evisynth.figures import review_figures

    entry = entry_of(data, name, choice)
    values = effective(data, entry)
    if not values["title"]:
        labels = {made.id: made.label for made in board.plan.outcomes}
        entry["title"] = values["title"] = labels.get(str(values["outcome"]), name)
    entries = [entry]
    main = place_of(data, str(values["sensitivity_of"]))
    if values["role"] == "sensitivity" and main >= 0 and values["sensitivity_of"] != name:
        entries.insert(0, entries_of(data)[main])
    try:
        review = _read(desk, board, entries)
        plan = next(each for each in review.protocol.analyses if each.id == name)
        outcome = next(each for each in review.protocol.outcomes if each.id == plan.outcome)
        result = run_analysis(
            plan, outcome=outcome, rows=review.outcome_rows, studies=review.studies
        )
        # a sensitivity analysis stands for itself here, with the figures of a main one
        alone = replace(result, plan=replace(plan, role="main", sensitivity_of=""))
        protocol = replace(review.protocol, analyses=(alone.plan,))
        figures = tuple(
            made
            for made in review_figures(replace(review, protocol=protocol), (alone,))
            if made.section.startswith(_SECTIONS)
        )
    except InputError as error:
        said = tuple(dict.fromkeys(_words(each) for each in error.problems))
        return AnalysisPreview(name, values, None, (), said, ())
    except EvisynthError as error:
        return AnalysisPreview(name, values, None, (), (str(error),), ())
    warnings = (*review.warnings, *result.fit.notes)
    return AnalysisPreview(name, values, result, figures, (), tuple(dict.fromkeys(warnings)))


def _words(problem: Problem) -> str:
    """Return a problem without places in a file that the person does not see."""
    where = "" if problem.where == PLAN_FILE else f"{problem.where}, {problem.at}: "
    parts = [f"{where}{problem.message}"]
    if problem.allowed:
        parts.append(f"Possible: {', '.join(problem.allowed[:20])}")
    if problem.hint:
        parts.append(problem.hint)
    return ". ".join(part.rstrip(".") for part in parts) + "."


def analysis_figure(
    desk: Desk,
    choice: Choice,
    *,
    ident: str = "",
    figure: str,
    page: int = 0,
    form: Literal["svg", "pdf", "png"] = "svg",
) -> bytes:
    """Draw a figure of a preview.

    Raises
    ------
    NotThereError
        The preview has no such figure or page.
    """
    preview = preview_analysis(desk, choice, ident=ident)
    found = next((made for made in preview.figures if made.id == figure), None)
    if found is None or not 0 <= page < len(found.figure.pages):
        raise NotThereError("there is no such figure")
    with _drawing:
        if form == "svg":
            return found.figure.to_bytes("svg", page, svg_text="path")
        return found.figure.to_bytes(form, None if form == "pdf" else page)
