"""Studies: the list with reports and how far each is, and what is known of one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evisynth.actions.team.assessment import result_lines
from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError
from evisynth.actions.team.extraction import study_lines
from evisynth.actions.team.forms import forms_of
from evisynth.review import Value
from evisynth.storage import RecordLine, list_records
from evisynth.studies import (
    Field,
    Study,
)

__all__ = [
    "StudyList",
    "StudyPage",
    "StudyRow",
    "StudyWork",
    "studies_list",
    "study_page",
    "suggested_study",
]

OWN = ("record_ids", "main_report")
NAME_LENGTH = 120


@dataclass(frozen=True, slots=True)
class StudyWork:
    """How far a study is in a form or with an instrument, as far as a person may know.

    Attributes
    ----------
    title : str
        The form; ``""``: risk of bias.
    form : str
        Its id.
    stage : str
        ``"open"``, ``"compare"`` or ``"agreed"``.
    own : str
        What this person did: ``""``, ``"begun"`` or ``"finished"``.
    done, of : int
        Results agreed on, of how many (risk of bias).
    """

    title: str
    form: str
    stage: str
    own: str
    done: int = 0
    of: int = 1


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A study in the list.

    Attributes
    ----------
    study : str
        Its id.
    reports : tuple of RecordLine
        The main one first.
    filled, fields : int
        Characteristics that are known, of how many.
    extraction : tuple of StudyWork
        By form.
    assessment : StudyWork or None
        Over all its results.
    stray : tuple of str
        Reports that are not included at full text (any more).
    """

    study: str
    reports: tuple[RecordLine, ...]
    filled: int
    fields: int
    extraction: tuple[StudyWork, ...]
    assessment: StudyWork | None
    stray: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StudyList:
    """The studies, and the reports included at full text that are of none, with suggested ids."""

    rows: tuple[StudyRow, ...]
    lonely: tuple[tuple[RecordLine, str], ...]


@dataclass(frozen=True, slots=True)
class StudyPage:
    """One study to be looked after.

    Attributes
    ----------
    row : StudyRow
        As in the list.
    main : str
        Its main report.
    fields : tuple of Field
        The plan's characteristics.
    values : dict of str to str
        What is known of them, as it is kept.
    further : dict of str to str
        Columns of the table that the plan does not name.
    version : int
        To change it.
    others : tuple of str
        The other studies.
    lonely : tuple of (RecordLine, suggested id)
        Reports that are of none.
    """

    row: StudyRow
    main: str
    fields: tuple[Field, ...]
    values: dict[str, str]
    further: dict[str, str]
    version: int
    others: tuple[str, ...]
    lonely: tuple[tuple[RecordLine, str], ...]


def reports_in(value: Value) -> tuple[str, ...]:
    return tuple(
        part.strip() for part in str(value.get("record_ids", "")).split(";") if part.strip()
    )


def studies_of(board: Board) -> tuple[Study, ...]:
    return tuple(
        Study(key[0], reports_in(value), main_report=str(value.get("main_report", "")))
        for key, value in sorted(board.values("study").items())
    )


def included_reports(board: Board) -> tuple[str, ...]:
    """Return the reports that are included at full text, or at the only stage; all may know."""
    last = "full_text" if board.stage("full_text") else "title_abstract"
    states = board.states("full_text" if last == "full_text" else "title_abstract")
    return tuple(
        record
        for record in board.records
        if (state := states.get(record)) is not None and state.status == "included"
    )


def _lines(desk: Desk, ids: Iterable[str]) -> dict[str, RecordLine]:
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    return {line.id: line for line in list_records(desk.store, ids=wanted, size=len(wanted)).lines}


def suggested_study(line: RecordLine, taken: Iterable[str]) -> str:
    """Return an id for a study of a report: first author and year, with a letter where it is taken.

    Examples
    --------
    >>> line = RecordLine(
    ...     "7", "A trial", "Kim, A; Lee, B", 2018, "", "", "", "", "", "", "pubmed", 1
    ... )
    >>> suggested_study(line, []), suggested_study(line, ["Kim 2018"])
    ('Kim 2018', 'Kim 2018b')
    """
    first = line.authors.split(";")[0].strip()
    name = first.split(",")[0].strip() if "," in first else (first.split() or [""])[-1]
    base = " ".join(part for part in (name, str(line.year or "")) if part)
    base = re.sub(r"[;\x00-\x1f]", " ", base).strip()[: NAME_LENGTH - 4] or line.id
    there = set(taken)
    if base not in there:
        return base
    letters = (chr(ord("b") + number) for number in range(25))
    return next(
        (base + letter for letter in letters if base + letter not in there), f"{base} {line.id}"
    )


def lonely_reports(desk: Desk, board: Board) -> tuple[tuple[RecordLine, str], ...]:
    studies = studies_of(board)
    owned = {report for study in studies for report in study.reports}
    lines = _lines(desk, (record for record in included_reports(board) if record not in owned))
    taken = {study.id for study in studies}
    found = []
    for line in lines.values():
        name = suggested_study(line, taken)
        taken.add(name)
        found.append((line, name))
    return tuple(found)


# looking


def _work(desk: Desk, board: Board) -> dict[str, tuple[StudyWork, ...]]:
    found: dict[str, list[StudyWork]] = {}
    for form in forms_of(board):
        for line in study_lines(desk, form):
            found.setdefault(line.study, []).append(
                StudyWork(form.title, form.id, line.stage, line.own)
            )
    return {study: tuple(made) for study, made in found.items()}


def _assessed(desk: Desk) -> dict[str, StudyWork]:
    by_study: dict[str, list[tuple[str, str]]] = {}
    for line in result_lines(desk):
        by_study.setdefault(line.study, []).append((line.stage, line.own))
    found = {}
    for study, lines in by_study.items():
        done = sum(stage == "agreed" for stage, _ in lines)
        stages = {stage for stage, _ in lines}
        stage = "agreed" if stages == {"agreed"} else "compare" if "compare" in stages else "open"
        owns = {own for _, own in lines}
        own = "finished" if owns == {"finished"} else "begun" if owns - {""} else ""
        found[study] = StudyWork("", "", stage, own, done, len(lines))
    return found


def _rows(desk: Desk, board: Board, studies: Sequence[Study]) -> tuple[StudyRow, ...]:
    lines = _lines(desk, (report for study in studies for report in study.reports))
    included = set(included_reports(board))
    fields = [made.name for made in board.plan.fields]
    work, assessed = _work(desk, board), _assessed(desk)
    values = board.values("study")
    found = []
    for study in studies:
        value = values.get((study.id,), {})
        reports = sorted(study.reports, key=lambda made: made != study.main)
        found.append(
            StudyRow(
                study.id,
                tuple(lines[made] for made in reports if made in lines),
                sum(bool(value.get(name)) for name in fields),
                len(fields),
                work.get(study.id, ()),
                assessed.get(study.id),
                tuple(made for made in study.reports if included and made not in included),
            )
        )
    return tuple(found)


def studies_list(desk: Desk) -> StudyList:
    """List the studies with their reports and how far each is; of others only what lies open."""
    desk.permit("read")
    board = desk.board
    return StudyList(_rows(desk, board, studies_of(board)), lonely_reports(desk, board))


def study_page(desk: Desk, study: str) -> StudyPage:
    """Return one study.

    Raises
    ------
    NotThereError
        There is none of this id.
    """
    desk.permit("read")
    board = desk.board
    studies = studies_of(board)
    made = next((each for each in studies if each.id == study), None)
    if made is None:
        raise NotThereError(f"there is no study {study!r}")
    fields = board.plan.fields
    names = {field.name for field in fields}
    value = {
        name: str(cell) for name, cell in board.values("study")[(study,)].items() if name not in OWN
    }
    return StudyPage(
        _rows(desk, board, [made])[0],
        made.main,
        fields,
        {name: value.get(name, "") for name in names},
        {name: cell for name, cell in value.items() if name not in names},
        board.version("study", (study,)),
        tuple(each.id for each in studies if each.id != study),
        lonely_reports(desk, board),
    )
