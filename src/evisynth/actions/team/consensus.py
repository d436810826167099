"""Agreeing on extracted values, cell by cell, and the tables that the analysis reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError
from evisynth.actions.team.extraction import (
    Entries,
    ExtractionSheet,
    FormIndex,
    SavedValue,
    agreed_entries,
    all_entries,
    check_place,
    extraction_piece,
    extraction_sheet,
    own_entries,
)
from evisynth.actions.team.finishing import (
    TRIES,
    StudyReport,
    finish,
    finished_people,
    may_look,
    reports_of,
    study_ids,
)
from evisynth.actions.team.forms import form_at
from evisynth.errors import DataError
from evisynth.extraction import (
    KINDS,
    ComparedCell,
    EntryProblem,
    Form,
    ValueEntry,
    agreed_table,
    check_row,
    compare_entries,
    entry_of,
    read_value,
)
from evisynth.review import PLAN_FILE, edit_plan, pseudonyms
from evisynth.storage import RequestReusedError, VersionConflict

__all__ = [
    "Comparison",
    "agree_alone",
    "agree_on_equal",
    "agree_on_value",
    "comparison_of",
    "finish_extraction",
]

Put = tuple[str, tuple[str, ...], dict[str, object] | None, int | None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What several people extracted of a study, side by side.

    Attributes
    ----------
    form, study, reports
        What.
    people : dict of str to str
        Who has extracted it, with the name shown: pseudonyms but for oneself.
    cells : tuple of ComparedCell
        Every cell that anybody has a value for.
    versions : dict
        Version of each agreed value, 0 for none.
    left, differ : int
        Cells not agreed on; those of them on which people differ.
    left_out : tuple of str
        Agreed rows whose numbers do not make an estimate; the analysis does not get them.
    """

    form: Form
    study: str
    reports: tuple[StudyReport, ...]
    people: dict[str, str]
    cells: tuple[ComparedCell, ...]
    versions: dict[tuple[str, str], int]
    left: int
    differ: int
    left_out: tuple[str, ...] = ()


def comparison_of(desk: Desk, form_id: str, study: str) -> Comparison:
    """Return the comparison, for those who may see it.

    Raises
    ------
    NotThereError
        There is none: no such study, not all have finished, or this person has not.
    PermissionDeniedError
        Somebody who does not agree on values.
    """
    desk.permit("agree on extraction")
    form = form_at(desk, form_id)
    reports = reports_of(desk, study)
    board = desk.board
    _open(desk, board, form, study)
    agreed = agreed_entries(board, form.id, study).get(study, {})
    entries = all_entries(board, form.id, study)
    cells = compare_entries(form, entries, agreed)
    names = pseudonyms(board.plan.people)
    versions = {
        (made.row, made.cell.name): board.version(
            "extraction_consensus", (form.id, study, made.row, made.cell.name)
        )
        for made in cells
    }
    waiting = [made for made in cells if made.agreed is None]
    table = agreed_table(form, {study: agreed})
    return Comparison(
        form,
        study,
        reports,
        {who: names.get(who, who) for who in entries},
        cells,
        versions,
        len(waiting),
        sum(not made.same for made in waiting),
        tuple(row for _, row in table.left_out) if not waiting else (),
    )


def _open(desk: Desk, board: Board, form: Form, study: str) -> None:
    """Refuse as if there were nothing, whatever the others have done so far."""
    piece = extraction_piece(form, study)
    own = bool(own_entries(board, form.id, study, desk.person.id))
    if may_look(desk, board, piece, own=own):
        return
    from_folder = study in agreed_entries(board, form.id, study)
    if from_folder and not finished_people(board, piece):
        return
    raise NotThereError(
        f"there is nothing to compare of {study!r}: {form.people} people must have finished it, and"
        " you, where you have begun"
    )


def _put_agreed(
    desk: Desk,
    form: Form,
    study: str,
    entries: Mapping[tuple[str, str], tuple[ValueEntry, int | None]],
    act: str,
    request_id: str,
) -> int:
    """Write agreed values, and the table of the form where the study is wholly agreed on.

    Returns the version of the first value.
    """
    me = desk.person.id
    for turn in range(TRIES):
        board = desk.board
        puts: list[Put] = []
        for (row, name), (entry, version) in entries.items():
            value: dict[str, object] = {**replace(entry, date="").kept(), "agreed_by": me}
            puts.append(("extraction_consensus", (form.id, study, row, name), value, version))
        made = {place: entry for place, (entry, _) in entries.items()}
        shared = _table_puts(board, form, study, made)
        try:
            written = desk.store.put_many(
                [*puts, *shared], actor=me, act=act, request_id=request_id or None
            )
        except VersionConflict as error:
            ours = all(each.kind in ("text", "plan") for each in error.conflicts)
            if not ours or turn == TRIES - 1:
                raise
            continue
        return written[0].version if written else 0
    raise AssertionError("unreachable")  # pragma: no cover


def _table_puts(board: Board, form: Form, study: str, made: Entries) -> list[Put]:
    """Return what brings the table of a form, and the plan that names it, up to date."""
    tables: dict[str, Entries] = {}
    index = FormIndex.of(board, form)
    for name, entries in agreed_entries(board, form.id).items():
        if name == study:
            continue
        if index.missing(form, name) == 0:
            tables[name] = entries
    own = {**agreed_entries(board, form.id, study).get(study, {}), **made}
    names = {cell.name for cell in form.cells}
    places = {
        place
        for entries in all_entries(board, form.id, study).values()
        for place in entries
        if place[1] in names
    }
    if not places - set(own):
        tables[study] = own
    if not tables:
        return []
    table = agreed_table(form, tables)
    puts: list[Put] = []
    key = (form.file,)
    before = board.values("text").get(key)
    if before is None or before.get("text") != table.text:
        puts.append(("text", key, {"text": table.text}, board.version("text", key)))
    named = any(spec.file == form.file for _, spec in board.plan.tables)
    if form.kind in KINDS and not named and table.rows:
        section: dict[str, object] = {"file": form.file, "kind": form.kind, "format": form.format}
        if table.columns:
            section["columns"] = dict(table.columns)
        place = ("extraction", len(board.plan.tables))
        blank = f"{board.plan_text.rstrip(chr(10))}\n\n"
        text = edit_plan(blank, [(place, section)])
        puts.append(("plan", (PLAN_FILE,), {"text": text}, board.version("plan", (PLAN_FILE,))))
    return puts


def agree_on_value(
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
    """Note what a cell was agreed to be: one person's value, or a third.

    Raises
    ------
    NotThereError
        Not all have finished.
    DataError
        What was typed is no value of the field.
    VersionConflict
        Somebody agreed on the cell in the meantime; both stand in the error.
    """
    desk.permit("agree on extraction")
    form = form_at(desk, form_id)
    if study not in study_ids(desk.board):
        raise NotThereError(f"there is no study {study!r}")
    key = (form.id, study, row, cell)
    before = _repeated(desk, key, request_id)
    if before is not None:
        return before
    _open(desk, desk.board, form, study)
    field = form.cell(cell)
    check_place(form, row, desk.board.plan.outcome_ids or ())
    try:
        made = replace(entry, value=read_value(field, entry.value), date="")
    except EntryProblem as error:
        raise DataError(f"{field.field.label}: {error}") from None
    try:
        number = _put_agreed(
            desk, form, study, {(row, cell): (made, version)}, "agree on a value", request_id
        )
    except RequestReusedError:
        before = _repeated(desk, key, request_id)
        if before is None:
            raise
        return before
    return SavedValue(row, cell, made, number)


def _repeated(desk: Desk, key: tuple[str, ...], request_id: str) -> SavedValue | None:
    if not request_id:
        return None
    for version, entry in enumerate(desk.store.history("extraction_consensus", key), 1):
        if entry.request == request_id:
            return SavedValue(key[2], key[3], entry_of(entry.after), version)
    return None


def agree_on_equal(desk: Desk, form_id: str, study: str, *, request_id: str = "") -> int:
    """Agree on all cells that everybody filled in alike; return how many."""
    found = comparison_of(desk, form_id, study)
    equal = {
        (made.row, made.cell.name): (made.proposal, 0)
        for made in found.cells
        if made.agreed is None and made.same and made.proposal is not None
    }
    entries: dict[tuple[str, str], tuple[ValueEntry, int | None]] = {
        place: (entry, found.versions[place]) for place, (entry, _) in equal.items() if entry
    }
    if entries:
        _put_agreed(desk, found.form, study, entries, "agree on equal values", request_id)
    return len(entries)


def agree_alone(desk: Desk, form: Form, study: str) -> None:
    """Take one person's values as agreed on, where the form asks for one person."""
    if finished_people(desk.board, extraction_piece(form, study)) != {desk.person.id}:
        raise RefusedError(f"others have extracted {study!r} too; compare the values")
    names = {cell.name for cell in form.cells}
    mine = own_entries(desk.board, form.id, study, desk.person.id)
    entries: dict[tuple[str, str], tuple[ValueEntry, int | None]] = {
        place: (entry, None) for place, entry in mine.items() if place[1] in names
    }
    if entries:
        _put_agreed(desk, form, study, entries, "extraction by one person", "")


def finish_extraction(desk: Desk, form_id: str, study: str, *, request_id: str = "") -> None:
    """Say that this person has extracted all there is of a study.

    Where one person is enough, the values are agreed on with it.

    Raises
    ------
    RefusedError
        A required field is empty without a note why, or a value cannot be.
    """
    desk.permit("extract")
    sheet = extraction_sheet(desk, form_id, study)
    if sheet.finished:
        return
    if not sheet.may_edit:
        raise RefusedError(f"{study!r} is extracted already")
    missing = _missing(sheet)
    if missing:
        raise RefusedError(
            f"required and empty: {'; '.join(missing[:8])}. Fill them in, or note why there is"
            " nothing"
        )
    for row in sheet.rows:
        texts = {cell: entry.value for (at, cell), entry in sheet.values.items() if at == row}
        errors = [found for found in check_row(sheet.form, texts) if found.level == "error"]
        if errors:
            raise RefusedError(f"{row or study}: {errors[0].message}")
    finish(desk, extraction_piece(sheet.form, study), request_id=request_id)
    if sheet.form.people == 1:
        agree_alone(desk, sheet.form, study)


def _missing(sheet: ExtractionSheet) -> list[str]:
    """Name required fields that are empty and have no note, in rows that were begun."""
    if not sheet.values:
        if "outcome" in sheet.form.repeats:
            return []  # the study has nothing on any outcome
        return [cell.field.label for cell in sheet.form.cells if cell.field.required]
    found = []
    for row in sheet.rows:
        for cell in sheet.form.cells:
            entry = sheet.values.get((row, cell.name), ValueEntry())
            if cell.field.required and not entry.value and not entry.note:
                arm = f" ({sheet.form.arms[cell.arm - 1]})" if cell.arm else ""
                found.append(f"{row + ': ' if row else ''}{cell.field.label}{arm}")
    return found
