"""Extraction offline: the workbook comes back as it went, and nothing is overwritten silently."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from tests.unit.actions_team.extraction_world import open_world

from evisynth.actions.team import extraction, forms, workbook
from evisynth.actions.team.desk import Desk, RefusedError
from evisynth.errors import PermissionDeniedError
from evisynth.extraction import ValueEntry
from evisynth.storage import VersionConflict

KIM = "Kim 2018"
Desks = dict[str, Desk]


@pytest.fixture
def desks(tmp_path: Path) -> Desks:
    made = open_world(tmp_path / "review")
    forms.make_form(made["lia"], "means", "scores")
    for cell, text in (("n1", "57"), ("mean1", "9.90"), ("note", "=1+1")):
        keep(made["ann"], cell, text)
    keep(made["ben"], "n1", "3")
    return made


def keep(desk: Desk, cell: str, text: str) -> None:
    entry = ValueEntry(text, quote="here", how="x" if cell == "mean1" else "")
    extraction.save_value(desk, "scores", KIM, "sleep", cell, entry, version=None)


def edited(data: bytes, **cells: object) -> bytes:
    """Change cells of the row of Kim, by the name of their column."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book["scores"]
    names: dict[Any, Any] = {cell.value: cell.column for cell in sheet[1]}
    for name, value in cells.items():
        sheet.cell(3, names[name]).value = value  # type: ignore[assignment]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_it_comes_back_as_it_went(desks: Desks) -> None:
    ann = desks["ann"]
    data = workbook.workbook_of(ann)
    assert workbook.read_workbook(ann, data) == workbook.WorkbookRead((), ())
    sheet = openpyxl.load_workbook(io.BytesIO(data))["scores"]
    row = {sheet.cell(1, int(cell.column or 0)).value: cell for cell in sheet[3]}
    assert row["mean1"].value == "9.90"
    assert (row["note"].value, row["note"].data_type) == ("=1+1", "s")


def test_changes_are_shown_and_then_written(desks: Desks) -> None:
    ann = desks["ann"]
    data = edited(workbook.workbook_of(ann), n2=56, mean1="10.0", n1=None)
    found = workbook.read_workbook(ann, data)
    assert [(made.field, made.here, made.value, made.conflict) for made in found.changes] == [
        ("n1", "57", "", False), ("mean1", "9.90", "10.0", False), ("n2", "", "56", False),
    ]  # fmt: skip
    assert extraction.own_entries(ann.board, "scores", KIM, "ann")["sleep", "n1"].value == "57"
    assert workbook.take_in(ann, found.changes, request_id="w") == 3
    kept = extraction.own_entries(ann.board, "scores", KIM, "ann")
    assert kept["sleep", "mean1"] == ValueEntry("10.0", quote="here")
    assert workbook.read_workbook(ann, data).changes == ()


def test_what_was_changed_here_too_is_a_conflict(desks: Desks) -> None:
    ann = desks["ann"]
    data = edited(workbook.workbook_of(ann), mean1="10.0")
    keep(ann, "mean1", "11.0")
    (change,) = workbook.read_workbook(ann, data).changes
    assert (change.conflict, change.exported, change.here, change.value) == (
        True, "9.90", "11.0", "10.0",
    )  # fmt: skip
    keep(ann, "mean1", "12.0")
    with pytest.raises(VersionConflict):
        workbook.take_in(ann, [change])
    (again,) = workbook.compare_again(ann, [change])
    assert (again.here, again.exported, again.value) == ("12.0", "9.90", "10.0")
    assert workbook.take_in(ann, [again]) == 1
    assert workbook.compare_again(ann, [again]) == ()


def test_a_value_written_while_one_looks_becomes_a_conflict(desks: Desks) -> None:
    ann = desks["ann"]
    data = edited(workbook.workbook_of(ann), mean1="10.0", n1="58")
    found = workbook.read_workbook(ann, data).changes
    assert [made.conflict for made in found] == [False, False]
    keep(ann, "mean1", "12.0")
    left = workbook.compare_again(ann, found)
    assert [(made.field, made.conflict, made.here) for made in left] == [
        ("n1", False, "57"), ("mean1", True, "12.0"),
    ]  # fmt: skip


def test_problems_are_told_by_cell(desks: Desks) -> None:
    ann = desks["ann"]
    data = edited(workbook.workbook_of(ann), n1="many", mean1="=SUM(A1:A2)", p_value=3)
    found = workbook.read_workbook(ann, data)
    told = {made.cell[-1:]: made.message for made in found.problems}
    assert len(found.problems) == 3
    assert set(told) == {"3"}
    assert not found.changes
    assert any("formula" in made.message for made in found.problems)
    assert any("'many' is not a number" in made.message for made in found.problems)
    other = edited(workbook.workbook_of(ann), study="Nobody 2000")
    assert "no study" in workbook.read_workbook(ann, other).problems[0].message


def test_what_is_no_workbook_is_refused(desks: Desks) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b" " * (workbook.UNPACKED + 1))
    for data in (b"", b"PK not really", bomb.getvalue(), b"x" * (workbook.LARGEST_WORKBOOK + 1)):
        with pytest.raises(RefusedError):
            workbook.read_workbook(desks["ann"], data)
    with pytest.raises(PermissionDeniedError):
        workbook.workbook_of(desks["obs"])
    with pytest.raises(PermissionDeniedError):
        workbook.read_workbook(desks["lia"], b"")
