"""Extraction offline: own values out as a workbook, and in again without a silent overwrite."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from evisynth.actions.team.desk import Desk, RefusedError
from evisynth.actions.team.extraction import (
    check_place,
    extraction_sheet,
    own_entries,
    save_value,
)
from evisynth.actions.team.finishing import study_ids
from evisynth.actions.team.forms import form_at, forms_of
from evisynth.errors import EvisynthError
from evisynth.extraction import EntryProblem, Form, ValueEntry, read_value, row_key, split_row

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = [
    "LARGEST_WORKBOOK", "CellChange", "CellProblem", "WorkbookRead", "compare_again",
    "read_workbook", "take_in", "workbook_of",
]  # fmt: skip

LARGEST_WORKBOOK, UNPACKED = 5_000_000, 60_000_000
"""Bytes of a workbook, packed and unpacked."""
KEPT = "_exported"
"""Hidden sheet with the values as they went out."""
HEAD = ("study", "outcome", "timepoint")
MOST_ROWS = 5000


@dataclass(frozen=True, slots=True)
class CellProblem:
    """A cell of a workbook that cannot be taken in."""

    sheet: str
    cell: str
    message: str


@dataclass(frozen=True, slots=True)
class CellChange:
    """A value of a workbook that differs from the one that stands here.

    ``here`` stands here now, ``exported`` stood when the workbook was made. ``conflict``: it was
    changed here too; it is only taken in when that is said.
    """

    form: str
    study: str
    row: str
    field: str
    value: str
    here: str
    exported: str
    version: int
    conflict: bool


@dataclass(frozen=True, slots=True)
class WorkbookRead:
    """What a workbook brings: nothing is written before it is said so."""

    changes: tuple[CellChange, ...]
    problems: tuple[CellProblem, ...]


def _text_cell(sheet: Worksheet, row: int, column: int, text: str) -> None:
    """Write a text as a text, also one that begins like a formula."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cell = sheet.cell(row, column)
    cell.value = ILLEGAL_CHARACTERS_RE.sub(" ", text)[:32_000]
    if text:
        cell.data_type = "s"
        cell.number_format = "@"
        if text[0] in "=+-@\t\r":
            cell.quotePrefix = True


def workbook_of(desk: Desk, form_id: str = "") -> bytes:
    """Return a workbook with own values, a sheet for each form.

    Raises
    ------
    PermissionDeniedError
        Somebody who does not extract.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Font

    desk.permit("extract")
    board = desk.board
    forms = (form_at(desk, form_id),) if form_id else forms_of(board)
    book = Workbook()
    for sheet in book.worksheets:
        book.remove(sheet)
    kept = book.create_sheet(KEPT)
    kept.sheet_state = "hidden"
    for column, name in enumerate(("form", "study", "row", "field", "value"), 1):
        _text_cell(kept, 1, column, name)
    line = 1
    for form in forms:
        sheet = book.create_sheet(form.id[:31])
        cells = form.cells
        for column, text in enumerate((*HEAD, *(cell.name for cell in cells)), 1):
            _text_cell(sheet, 1, column, text)
            sheet.cell(1, column).font = Font(bold=True)
        for column, cell in enumerate(cells, len(HEAD) + 1):
            arm = f" ({form.arms[cell.arm - 1]})" if cell.arm else ""
            _text_cell(sheet, 2, column, cell.field.label + arm)
        sheet.freeze_panes = "D3"
        at = 2
        for study in study_ids(board):
            values = own_entries(board, form.id, study, desk.person.id)
            rows = sorted({place[0] for place in values})
            if not rows:
                rows = list(board.plan.outcome_ids or ()) if "outcome" in form.repeats else [""]
            for row in rows:
                at += 1
                for column, text in enumerate((study, *split_row(row)), 1):
                    _text_cell(sheet, at, column, text)
                for column, cell in enumerate(cells, len(HEAD) + 1):
                    entry = values.get((row, cell.name))
                    if entry is not None and entry.value:
                        _text_cell(sheet, at, column, entry.value)
                        line += 1
                        for place, text in enumerate(
                            (form.id, study, row, cell.name, entry.value), 1
                        ):
                            _text_cell(kept, line, place, text)
    if len(book.sheetnames) == 1:
        raise RefusedError("there is no form yet")
    book.active = 1
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _open_book(data: bytes) -> Any:
    """Open a workbook, or say why not."""
    import openpyxl

    if len(data) > LARGEST_WORKBOOK:
        raise RefusedError(f"the workbook has {len(data):,} bytes; at most"
                           f" {LARGEST_WORKBOOK:,} are taken")  # fmt: skip
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(part.file_size for part in packed.infolist()) > UNPACKED:
                raise RefusedError("the workbook is far larger than it looks; it is not opened")
        return openpyxl.load_workbook(io.BytesIO(data), data_only=False)
    except RefusedError:
        raise
    except Exception as error:
        raise RefusedError("this is no workbook (.xlsx) that can be read") from error


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())[:10]
    return str(value).strip()


def read_workbook(desk: Desk, data: bytes) -> WorkbookRead:
    """Read a workbook that came back: what would change, and what cannot be; nothing is written.

    Raises
    ------
    RefusedError
        It is no workbook, or too large.
    """
    desk.permit("extract")
    book = _open_book(data)
    forms = {form.id[:31]: form for form in forms_of(desk.board)}
    exported = dict(_exported(book))
    changes: list[CellChange] = []
    problems: list[CellProblem] = []
    for name in book.sheetnames:
        if name == KEPT:
            continue
        if name not in forms:
            problems.append(CellProblem(name, "", "there is no form of this name"))
            continue
        _read_sheet(desk, forms[name], book[name], exported, changes, problems)
    return WorkbookRead(tuple(changes), tuple(problems))


def _exported(book: Any) -> Iterator[tuple[tuple[str, str, str, str], str]]:
    if KEPT not in book.sheetnames:
        return
    for form, study, row, field, value, *_ in book[KEPT].iter_rows(
        min_row=2, max_col=5, values_only=True
    ):
        yield (_shown(form), _shown(study), _shown(row), _shown(field)), _shown(value)


def _read_sheet(
    desk: Desk,
    form: Form,
    sheet: Any,
    exported: Mapping[tuple[str, str, str, str], str],
    changes: list[CellChange],
    problems: list[CellProblem],
) -> None:
    from openpyxl.utils import get_column_letter

    cells = {cell.name: cell for cell in form.cells}
    head: Sequence[str] = [_shown(cell.value) for cell in next(sheet.iter_rows(max_row=1), ())]
    columns = {name: place for place, name in enumerate(head) if name}
    if "study" not in columns:
        problems.append(CellProblem(form.id, "A1", "the first row must name the columns"))
        return
    for name, place in columns.items():
        if name not in cells and name not in HEAD:
            at = f"{get_column_letter(place + 1)}1"
            problems.append(CellProblem(form.id, at, f"the form has no field {name!r}"))
    if sheet.max_row > MOST_ROWS:
        problems.append(CellProblem(form.id, "", f"more than {MOST_ROWS} rows"))
        return
    seen: set[tuple[str, str]] = set()
    for number, line in enumerate(sheet.iter_rows(min_row=3), 3):

        def text(name: str, line: Any = line) -> str:
            place = columns.get(name)
            return _shown(line[place].value) if place is not None and place < len(line) else ""

        study = text("study")
        if not study:
            continue
        row = row_key(text("outcome"), " ".join(text("timepoint").split()))
        try:
            if (study, row) in seen:
                raise RefusedError("this study and row stand here twice")
            seen.add((study, row))
            found = extraction_sheet(desk, form.id, study)
            check_place(form, row, desk.board.plan.outcome_ids or ())
            values = {name: text(name) for name in cells if name in columns}
            differs = any(
                found.values.get((row, name), ValueEntry()).value != value
                for name, value in values.items()
            )
            if differs and not found.may_edit:
                raise RefusedError("you have finished this study, or others have extracted it")
        except EvisynthError as error:
            problems.append(CellProblem(form.id, f"A{number}", str(error)))
            continue
        for name, value in values.items():
            at = f"{get_column_letter(columns[name] + 1)}{number}"
            if columns[name] < len(line) and line[columns[name]].data_type == "f":
                problems.append(CellProblem(form.id, at, "a formula; enter the number itself"))
                continue
            here = found.values.get((row, name), ValueEntry()).value
            before = exported.get((form.id, study, row, name), "")
            try:
                made = read_value(cells[name], value)
            except EntryProblem as error:
                problems.append(CellProblem(form.id, at, str(error)))
                continue
            if made in (here, before):
                continue
            version = desk.board.version(
                "extraction_value", (form.id, study, row, name, desk.person.id)
            )
            changes.append(
                CellChange(form.id, study, row, name, made, here, before, version, here != before)
            )


def compare_again(desk: Desk, changes: Sequence[CellChange]) -> tuple[CellChange, ...]:
    """Return the changes that are still to be made, with what stands here now.

    A value that was written since the workbook was read is a conflict, and nothing is written over
    before that is said.
    """
    desk.permit("extract")
    board, left = desk.board, []
    for change in changes:
        own = own_entries(board, change.form, change.study, desk.person.id)
        here = own.get((change.row, change.field), ValueEntry()).value
        key = (change.form, change.study, change.row, change.field, desk.person.id)
        version = board.version("extraction_value", key)
        if here != change.value:
            conflict = change.conflict or version != change.version
            left.append(replace(change, here=here, version=version, conflict=conflict))
    return tuple(left)


def take_in(desk: Desk, changes: Sequence[CellChange], *, request_id: str = "") -> int:
    """Write values of a workbook; each as if it were typed, quotes and notes are kept.

    Raises
    ------
    VersionConflict
        A value was changed since the workbook was read.
    """
    desk.permit("extract")
    for number, change in enumerate(changes):
        own = own_entries(desk.board, change.form, change.study, desk.person.id)
        before = own.get((change.row, change.field), ValueEntry())
        entry = replace(before, value=change.value, how="")
        save_value(
            desk, change.form, change.study, change.row, change.field, entry,
            version=change.version,
            request_id=f"{request_id[:80]}-{number}" if request_id else "",
        )  # fmt: skip
    return len(changes)
