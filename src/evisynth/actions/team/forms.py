"""Forms for extraction: designing them, and taking in tables that came with the folder."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError
from evisynth.errors import InputError, Problem
from evisynth.extraction import (
    FACTS,
    KINDS,
    FieldGroup,
    FieldType,
    Form,
    FormChange,
    FormField,
    OutcomeTable,
    ValueEntry,
    compare_forms,
    form_template,
    number_in,
    parse_form,
    row_key,
)
from evisynth.review import Value
from evisynth.storage import VersionConflict

__all__ = [
    "FolderTable",
    "FormTouch",
    "adopt_table",
    "form_at",
    "form_version",
    "forms_of",
    "make_form",
    "read_form",
    "save_form",
    "tables_of_folder",
    "touched_by",
]

REPEATS: tuple[Literal["outcome"], Literal["timepoint"]] = ("outcome", "timepoint")
FOLDER = "folder"
"""Who agreed on values that came with the folder."""
_cache: dict[tuple[str, str], Form] = {}


def read_form(name: str, value: Value) -> Form:
    """Return the form that an item keeps."""
    text = str(value.get("definition", ""))
    if (name, text) not in _cache:
        if len(_cache) > 200:
            _cache.clear()
        _cache[name, text] = parse_form(name, text)
    return _cache[name, text]


def forms_of(board: Board) -> tuple[Form, ...]:
    """Return the forms of a review by name; one that cannot be read is left out."""
    found = []
    for (name,), value in sorted(board.values("extraction_form").items()):
        try:
            found.append(read_form(name, value))
        except InputError:
            continue
    return tuple(found)


def form_at(desk: Desk, name: str) -> Form:
    """Return a form.

    Raises
    ------
    NotThereError
        There is none of that name.
    """
    value = desk.board.values("extraction_form").get((name,))
    if value is None:
        raise NotThereError(f"there is no form {name!r}")
    return read_form(name, value)


def form_version(desk: Desk, name: str) -> int:
    """Return the version of a form's item, to be named when it is saved."""
    return desk.board.version("extraction_form", (name,))


@dataclass(frozen=True, slots=True)
class FormTouch:
    """What a new version of a form touches.

    Attributes
    ----------
    change : FormChange
        The columns.
    own, agreed : dict of str to int
        Own values, and agreed ones, in removed and changed columns. Others' are not counted.
    unfit : tuple of str
        Own and agreed values that the changed column would not take, in words.
    """

    change: FormChange
    own: dict[str, int]
    agreed: dict[str, int]
    unfit: tuple[str, ...]


def touched_by(desk: Desk, old: Form, new: Form) -> FormTouch:
    """Say what a change of a form touches, without telling what others have extracted."""
    from evisynth.extraction import EntryProblem, read_value

    change = compare_forms(old, new)
    board = desk.board
    about = {*change.removed, *change.changed}
    own: dict[str, int] = {}
    agreed: dict[str, int] = {}
    unfit: list[str] = []
    after = {cell.name: cell for cell in new.cells}

    def look(counts: dict[str, int], study: str, name: str, value: Value) -> None:
        counts[name] = counts.get(name, 0) + 1
        if name in after:
            try:
                read_value(after[name], str(value.get("value", "")))
            except EntryProblem as error:
                unfit.append(f"{study}, {name}: {error}")

    for (form, study, _row, name, person), value in board.values("extraction_value").items():
        if form == old.id and name in about and person == desk.person.id:
            look(own, study, name, value)
    for (form, study, _row, name), value in board.values("extraction_consensus").items():
        if form == old.id and name in about:
            look(agreed, study, name, value)
    return FormTouch(change, own, agreed, tuple(dict.fromkeys(unfit)))


def make_form(
    desk: Desk, template: str, name: str, title: str = "", *, request_id: str = ""
) -> Form:
    """Make a form of a template.

    Raises
    ------
    RefusedError
        There is a form, or a table of the folder, of that name.
    """
    desk.permit("design forms")
    made = form_template(template, name, title.strip())
    return save_form(desk, name, made.definition(), version=0, request_id=request_id)


def save_form(
    desk: Desk,
    name: str,
    definition: str,
    *,
    version: int,
    confirmed: bool = False,
    request_id: str = "",
) -> Form:
    """Save a form, as a new version where it was changed.

    Parameters
    ----------
    desk, name, definition
        Who, which, and the form as JSON (`evisynth.extraction.Form.definition`).
    version
        Of the item that the person saw, 0 for a new form.
    confirmed
        That columns are removed or changed knowingly; their values are kept in any case.

    Raises
    ------
    InputError
        The definition makes no form.
    RefusedError
        Columns are removed or changed, and nobody said that this is meant.
    VersionConflict
        Somebody saved it in the meantime.
    """
    desk.permit("design forms")
    new = parse_form(name, definition)
    board = desk.board
    value = board.values("extraction_form").get((name,))
    if value is not None:
        old = read_form(name, value)
        change = compare_forms(old, new)
        new = replace(new, version=old.version)
        if new == old:
            return old
        new = replace(new, version=old.version + 1)
        if (change.removed or change.changed) and not confirmed:
            columns = ", ".join((*change.removed, *change.changed))
            raise RefusedError(
                f"this removes or changes {columns}; values there are kept, and shown no more"
                " where the column is gone. Say that this is meant"
            )
    else:
        new = replace(new, version=1)
        if (new.file,) in board.values("text"):
            raise RefusedError(
                f"the folder has a table {new.file!r} already: take it in as agreed values, or"
                " give the form another name"
            )
    desk.store.put(
        "extraction_form", (name,), {"title": new.title, "definition": new.definition()},
        actor=desk.person.id, act="save a form", expected_version=version,
        request_id=request_id or None,
    )  # fmt: skip
    return new


@dataclass(frozen=True, slots=True)
class FolderTable:
    """A table of outcome data that came with the folder and has no form yet."""

    file: str
    name: str
    kind: str
    format: str
    rows: int


def _parsed(text: str) -> tuple[list[str], list[dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    head = [name for name in reader.fieldnames or () if name]
    rows = [{name: (row.get(name) or "").strip() for name in head} for row in reader]
    return head, rows


def tables_of_folder(desk: Desk) -> tuple[FolderTable, ...]:
    """Return the tables of the plan that have no form yet."""
    board = desk.board
    have = {form.file for form in forms_of(board)}
    found = []
    for _, table in board.plan.tables:
        value = board.values("text").get((table.file,))
        if value is None or table.file in have or not table.file.startswith("extraction/"):
            continue
        _, rows = _parsed(str(value.get("text", "")))
        name = table.file.removeprefix("extraction/").removesuffix(".csv")
        found.append(FolderTable(table.file, name, table.kind, table.format, len(rows)))
    return tuple(found)


def adopt_table(desk: Desk, file: str, *, request_id: str = "") -> Form:
    """Take in a table that came with the folder: a form of its columns, its values agreed on.

    Raises
    ------
    NotThereError
        The plan has no such table, or it has a form.
    InputError
        The table's columns make no form.
    """
    desk.permit("design forms")
    board = desk.board
    specs = {table.file: table for _, table in board.plan.tables}
    if file not in {made.file for made in tables_of_folder(desk)}:
        name = file.removeprefix("extraction/").removesuffix(".csv")
        if (name,) in board.values("extraction_form") and request_id:
            return form_at(desk, name)
        raise NotThereError(f"there is no table {file!r} without a form")
    head, rows = _parsed(str(board.values("text")[file,].get("text", "")))
    form = _form_of(specs[file], head, rows)
    study, outcome, timepoint = (
        form.facts.get(name, name) for name in ("study", "outcome", "timepoint")
    )
    puts: list[tuple[str, tuple[str, ...], dict[str, object] | None, int | None]] = [
        ("extraction_form", (form.id,),
         {"title": form.title, "definition": form.definition()}, 0)
    ]  # fmt: skip
    seen: set[tuple[str, str]] = set()
    for line, row in enumerate(rows, 2):
        at = row_key(row.get(outcome, ""), row.get(timepoint, "") if timepoint in head else "")
        if (row[study], at) in seen:
            raise InputError(
                Problem(file, f"line {line}", f"a second row of {row[study]!r} for {at!r}")
            )
        seen.add((row[study], at))
        for cell in form.cells:
            if row.get(cell.name, ""):
                entry = ValueEntry(row[cell.name]).kept() | {"agreed_by": FOLDER}
                key = (form.id, row[study], at, cell.name)
                puts.append(("extraction_consensus", key, dict(entry), None))
    try:
        desk.store.put_many(
            puts, actor=desk.person.id, act="take in a table", request_id=request_id or None
        )
    except VersionConflict:
        return form_at(desk, form.id)
    return form


def _form_of(spec: OutcomeTable, head: list[str], rows: list[dict[str, str]]) -> Form:
    """Make the form that a table of the folder was extracted with."""
    roles = {spec.columns.get(name, name): name for name in (*FACTS, *KINDS[spec.kind].numbers)}
    facts = {
        name: spec.columns.get(name, name)
        for name in ("study", "outcome", "timepoint")
        if spec.columns.get(name, name) in head
    }
    fields = []
    for name in head:
        if name in facts.values():
            continue
        role = roles.get(name, "")
        numeric = role and role not in FACTS
        kind: FieldType = "number" if numeric else "text"
        if numeric and role.rstrip("12") in ("n", "events", "nonevents"):
            kind = "whole number"
        texts = [row[name] for row in rows if row[name]]
        if kind != "text" and any(number_in(text) != number_in(text) for text in texts):
            kind = "text"
        fields.append(FormField(name, name.replace("_", " "), kind, role))
    name = spec.file.removeprefix("extraction/").removesuffix(".csv")
    repeats = tuple(each for each in REPEATS if each in facts)
    return Form(
        id=name,
        title=name.replace("_", " ").capitalize(),
        groups=(FieldGroup("columns", "Columns of the table", tuple(fields)),),
        kind=spec.kind,
        format=spec.format,
        repeats=repeats,
        facts=_renamed(facts),
    )


def _renamed(facts: Mapping[str, str]) -> dict[str, str]:
    return {name: column for name, column in facts.items() if name != column}
