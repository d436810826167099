"""Extraction by one person: what is to be done, a value with its place, checks, being finished."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from evisynth.actions.team.board import Board
from evisynth.actions.team.conversions import Converted, converted_values
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError
from evisynth.actions.team.finishing import (
    Piece,
    StudyReport,
    finished_people,
    may_look,
    reopen,
    reports_of,
    study_ids,
)
from evisynth.actions.team.forms import form_at, forms_of
from evisynth.errors import DataError
from evisynth.extraction import (
    EntryProblem,
    Finding,
    Form,
    StudyStage,
    ValueEntry,
    check_row,
    entry_of,
    number_in,
    read_value,
    split_row,
    stage_of_study,
)
from evisynth.review import may
from evisynth.storage import RequestReusedError

__all__ = [
    "ExtractionSheet",
    "RowCheck",
    "SavedValue",
    "StudyLine",
    "agreed_entries",
    "check_values",
    "count_to_extract",
    "extraction_piece",
    "extraction_sheet",
    "own_entries",
    "reopen_extraction",
    "save_value",
    "study_lines",
]

LONGEST = 20_000
Entries = dict[tuple[str, str], ValueEntry]


def extraction_piece(form: Form, study: str) -> Piece:
    """Return the piece of work that a form of a study is."""
    return Piece("extraction", form.id, study, "", form.people)


def own_entries(board: Board, form: str, study: str, person: str) -> Entries:
    """Return the values of one person, by row and column."""
    return {
        (key[2], key[3]): entry_of(value)
        for key, value in board.values("extraction_value").items()
        if key[0] == form and key[1] == study and key[4] == person
    }


def agreed_entries(board: Board, form: str, study: str = "") -> dict[str, Entries]:
    """Return the values agreed on, by study."""
    found: dict[str, Entries] = {}
    for key, value in board.values("extraction_consensus").items():
        if key[0] == form and study in ("", key[1]):
            found.setdefault(key[1], {})[key[2], key[3]] = entry_of(value)
    return found


def all_entries(board: Board, form: str, study: str) -> dict[str, Entries]:
    """Return the values of everybody who has finished, by person; only for those who may look."""
    done = finished_people(board, Piece("extraction", form, study, "", 0))
    return {person: own_entries(board, form, study, person) for person in sorted(done)}


@dataclass(frozen=True, slots=True)
class FormIndex:
    """Where values of a form are, looked through once: places by study and person."""

    values: dict[str, dict[str, set[tuple[str, str]]]]
    agreed: dict[str, set[tuple[str, str]]]
    done: dict[str, set[str]]

    @classmethod
    def of(cls, board: Board, form: Form) -> FormIndex:
        """Look through the items of a form."""
        made = cls({}, {}, {})
        for key in tuple(board.values("extraction_value")):
            if key[0] == form.id:
                people = made.values.setdefault(key[1], {})
                people.setdefault(key[4], set()).add((key[2], key[3]))
        for key in tuple(board.values("extraction_consensus")):
            if key[0] == form.id:
                made.agreed.setdefault(key[1], set()).add((key[2], key[3]))
        for key in tuple(board.values("finished")):
            if key[:2] == ("extraction", form.id):
                made.done.setdefault(key[2], set()).add(key[4])
        return made

    def missing(self, form: Form, study: str) -> int:
        """Count the cells that somebody who finished has a value for and none is agreed on."""
        names = {cell.name for cell in form.cells}
        people = self.values.get(study, {})
        places = {
            place
            for person in self.done.get(study, ())
            for place in people.get(person, ())
            if place[1] in names
        }
        return len(places - self.agreed.get(study, set()))

    def stage(self, person: str, form: Form, study: str) -> StudyStage:
        """Say where a study stands as a person may know: open until they may look."""
        done = self.done.get(study, set())
        if not done and study in self.agreed:
            return "agreed"  # came with the folder
        own = person in self.values.get(study, {})
        if len(done) < form.people or (own and person not in done):
            return "open"
        return stage_of_study(form, done, self.missing(form, study))


@dataclass(frozen=True, slots=True)
class StudyLine:
    """A study in the list of a form.

    Attributes
    ----------
    study : str
        Its id.
    stage : str
        ``"open"``, ``"compare"``, ``"agreed"``, as far as this person may know.
    own : str
        What this person did: ``""``, ``"begun"``, ``"finished"``.
    values : int
        How many own values there are.
    to_do : bool
        Whether it waits for this person's extraction.
    """

    study: str
    stage: StudyStage
    own: str
    values: int
    to_do: bool


def study_lines(desk: Desk, form: Form) -> tuple[StudyLine, ...]:
    """List the studies with what this person has extracted; of others only what is complete."""
    index = FormIndex.of(desk.board, form)
    me = desk.person.id
    able = may(desk.person, "extract")
    found = []
    for study in study_ids(desk.board):
        mine = len(index.values.get(study, {}).get(me, ()))
        own = "finished" if me in index.done.get(study, ()) else "begun" if mine else ""
        stage = index.stage(me, form, study)
        to_do = able and own != "finished" and stage == "open"
        found.append(StudyLine(study, stage, own, mine, to_do))
    return tuple(found)


def count_to_extract(desk: Desk) -> int:
    """Count what waits for this person: studies to extract, over all forms."""
    board = desk.board
    return sum(line.to_do for form in forms_of(board) for line in study_lines(desk, form))


@dataclass(frozen=True, slots=True)
class ExtractionSheet:
    """A form of a study as one person fills it in.

    Attributes
    ----------
    form, study, reports
        What.
    rows : tuple of str
        Rows that have own values.
    values, versions : dict
        Own values, and the version of each, by row and column.
    finished, may_edit : bool
        Whether this person has finished; whether they may type.
    stage : str
        As `StudyLine`.
    may_compare : bool
        Whether the comparison is open to this person.
    hidden : int
        Own values in columns that the form has no more.
    """

    form: Form
    study: str
    reports: tuple[StudyReport, ...]
    rows: tuple[str, ...]
    values: Entries
    versions: dict[tuple[str, str], int]
    finished: bool
    may_edit: bool
    stage: StudyStage
    may_compare: bool
    hidden: int


def extraction_sheet(desk: Desk, form_id: str, study: str) -> ExtractionSheet:
    """Return what one person has extracted of a study.

    Raises
    ------
    NotThereError
        There is no such form or study.
    PermissionDeniedError
        Somebody who neither extracts nor settles.
    """
    if not may(desk.person, "agree on extraction"):
        desk.permit("extract")
    form = form_at(desk, form_id)
    reports = reports_of(desk, study)
    board = desk.board
    me = desk.person.id
    every = own_entries(board, form.id, study, me)
    names = {cell.name for cell in form.cells}
    values = {place: entry for place, entry in every.items() if place[1] in names}
    versions = {
        (key[2], key[3]): board.version("extraction_value", key)
        for key in board.values("extraction_value")
        if key[0] == form.id and key[1] == study and key[4] == me
    }
    piece = extraction_piece(form, study)
    done = finished_people(board, piece)
    stage = FormIndex.of(board, form).stage(me, form, study)
    rows = tuple(dict.fromkeys(sorted(place[0] for place in values)))
    may_edit = may(desk.person, "extract") and me not in done and stage == "open"
    return ExtractionSheet(
        form, study, reports, rows, values, versions, me in done, may_edit, stage,
        may_look(desk, board, piece, own=bool(every)) or stage == "agreed",
        len(every) - len(values),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SavedValue:
    """A value that is safe, with its version, and what the checks say of its row."""

    row: str
    cell: str
    entry: ValueEntry
    version: int


def check_place(form: Form, row: str, outcomes: tuple[str, ...]) -> None:
    """Refuse a row that the form or the plan does not have."""
    outcome, timepoint = split_row(row)
    if "outcome" in form.repeats:
        if outcome not in outcomes:
            known = ", ".join(outcomes) or "none; the plan names them under [[outcomes]]"
            raise DataError(f"{outcome!r} is no outcome of the plan; there is {known}")
        if timepoint and "timepoint" not in form.repeats:
            raise DataError(f"the form {form.id!r} has no rows by time point")
    elif row:
        raise DataError(f"the form {form.id!r} has one row a study, not {row!r}")
    if len(row) > 300 or row != " ".join(row.split()):
        raise DataError("a time point has at most 300 letters, on one line")


def save_value(
    desk: Desk,
    form_id: str,
    study: str,
    row: str,
    cell: str,
    entry: ValueEntry,
    *,
    version: int | None,
    request_id: str = "",
) -> SavedValue:
    """Keep a value with the place it came from.

    Parameters
    ----------
    desk, form_id, study, row, cell
        Whose, and where.
    entry
        The value; an empty one with nothing beside it takes it away.
    version
        Of the value that the person saw, 0 for none.

    Raises
    ------
    DataError
        What was typed is no value of the field.
    RefusedError
        The person has finished the study, or as many as needed have.
    VersionConflict
        The value was changed in the meantime, in another window.
    """
    desk.permit("extract")
    sheet = extraction_sheet(desk, form_id, study)
    key = (sheet.form.id, study, row, cell, desk.person.id)
    done_before = _repeated(desk, key, request_id)
    if done_before is not None:
        return done_before
    if sheet.finished:
        raise RefusedError(f"you have finished {study!r}; go on with it before you change a value")
    if not sheet.may_edit:
        raise RefusedError(f"{study!r} is extracted already; what is agreed on can be changed")
    field = sheet.form.cell(cell)
    check_place(sheet.form, row, desk.board.plan.outcome_ids or ())
    try:
        made = replace(entry, value=read_value(field, entry.value), date="")
    except EntryProblem as error:
        raise DataError(f"{field.field.label}: {error}") from None
    units = {field.field.unit, *field.field.units, ""}
    if made.unit not in units:
        raise DataError(f"{made.unit!r} is no unit of {field.field.label}; there is"
                        f" {', '.join(sorted(units - {''})) or 'none'}")  # fmt: skip
    kept = made.kept()
    try:
        written = desk.store.put(
            "extraction_value", key, kept or None, actor=desk.person.id, act="extract",
            expected_version=version, request_id=request_id or None,
        )  # fmt: skip
    except RequestReusedError:
        done_before = _repeated(desk, key, request_id)
        if done_before is None:
            raise
        return done_before
    return SavedValue(row, cell, made, written.version)


def _repeated(desk: Desk, key: tuple[str, ...], request_id: str) -> SavedValue | None:
    """Return what a request wrote when it came first; None for a new one."""
    if not request_id:
        return None
    for version, entry in enumerate(desk.store.history("extraction_value", key), 1):
        if entry.request == request_id:
            return SavedValue(key[2], key[3], entry_of(entry.after), version)
    return None


@dataclass(frozen=True, slots=True)
class RowCheck:
    """What is to be said of a row while it is typed."""

    findings: tuple[Finding, ...]
    offers: tuple[Converted, ...]


def check_values(
    desk: Desk, form_id: str, study: str, row: str, texts: Mapping[str, str]
) -> RowCheck:
    """Check a row as it is typed, and offer conversions; nothing is kept.

    The SDs that it is compared with are those of other studies that are agreed on.
    """
    if not may(desk.person, "agree on extraction"):
        desk.permit("extract")
    form = form_at(desk, form_id)
    outcome = split_row(row)[0]
    usual: dict[str, list[float]] = {}
    roles = {cell.name: cell.role for cell in form.cells}
    for other, entries in agreed_entries(desk.board, form.id).items():
        if other == study:
            continue
        for (place, name), entry in entries.items():
            role, number = roles.get(name, ""), number_in(entry.value)
            if role.startswith("sd") and split_row(place)[0] == outcome and number == number:
                usual.setdefault(role, []).append(number)
    known = {cell.name for cell in form.cells}
    given = {name: text for name, text in texts.items() if name in known}
    return RowCheck(check_row(form, given, usual), converted_values(form, given))


def reopen_extraction(desk: Desk, form_id: str, study: str, *, request_id: str = "") -> None:
    """Go on with a study that one has finished, as long as the others have not all."""
    desk.permit("extract")
    form = form_at(desk, form_id)
    if study not in study_ids(desk.board):
        raise NotThereError(f"there is no study {study!r}")
    reopen(desk, extraction_piece(form, study), request_id=request_id)
