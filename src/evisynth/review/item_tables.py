"""Items as the text of tables and lists, and back: sorted by key, LF, UTF-8."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from evisynth.errors import InputError, Problem, closest
from evisynth.review.item_values import (
    Cell,
    Column,
    ItemKey,
    Kind,
    Value,
    canonical_json,
    clean_value,
    make_key,
)

__all__ = ["ParsedTable", "parse_list", "parse_table", "render_list", "render_table"]


@dataclass(frozen=True, slots=True)
class ParsedTable:
    """What a file of items holds.

    Attributes
    ----------
    rows : tuple of (key, value)
        In the order of the file.
    columns : tuple of str or None
        Further columns in their order; None where it is the one that a kind gives by itself.
    """

    rows: tuple[tuple[ItemKey, Value], ...]
    columns: tuple[str, ...] | None = None


def _cell_text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return cell if isinstance(cell, str) else canonical_json(cell)


def _quoted(text: str) -> str:
    if any(sign in text for sign in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _line(cells: Sequence[str]) -> str:
    if len(cells) == 1 and not cells[0]:
        return '""'
    return ",".join(map(_quoted, cells))


def _further(rows: Iterable[Value], kind: Kind, given: Sequence[str]) -> list[str]:
    """Return the further columns of an open kind: those given, then the others by the alphabet."""
    known = {made.name for made in kind.value}
    used = {name for value in rows for name in value if name not in known}
    return [*given, *sorted(used - set(given))]


def render_table(kind: Kind, rows: Mapping[ItemKey, Value], columns: Sequence[str] = ()) -> str:
    r"""Write items of one file as a table.

    Parameters
    ----------
    kind
        Their kind.
    rows
        Value by key; keys of this file only.
    columns
        Further columns in their order, where the review gives one.

    Examples
    --------
    >>> from evisynth.review.items import KINDS
    >>> render_table(KINDS["tag"], {("r1", "ada", "children"): {"date": "2026-03-01"}})
    'record_id,person,tag,date\nr1,ada,children,2026-03-01\n'
    """
    spare = {
        made.name
        for made in kind.value
        if made.spare and not any(made.name in value for value in rows.values())
    }
    fixed = [made for made in kind.columns if made.name not in spare]
    further = _further(rows.values(), kind, columns)
    lines = [_line([*(made.head for made in fixed), *further])]
    places = {made.name: number for number, made in enumerate(kind.key)}
    for key in sorted(rows):
        value = rows[key]
        cells = [
            key[places[made.name]] if made.name in places else _cell_text(value.get(made.name, ""))
            for made in fixed
        ]
        lines.append(_line([*cells, *(_cell_text(value.get(name, "")) for name in further)]))
    return "\n".join(lines) + "\n"


def parse_table(kind: Kind, text: str, said: Mapping[str, str], where: str) -> ParsedTable:
    """Read a table of items.

    Parameters
    ----------
    kind
        Their kind.
    text
        The file.
    said
        The key's columns that the file's name says.
    where
        Name of the file in messages.

    Raises
    ------
    InputError
        With every problem of every line.
    """
    problems: list[Problem] = []
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((line, [cell.strip() for cell in cells]))
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            Problem(
                where,
                f"line {reader.line_num}",
                f"the table breaks off: {error}",
                hint="Look for a double quote that is not closed, from the line before on",
            )
        ) from error
    if not rows:
        return ParsedTable(())
    header = rows[0][1]
    further = _check_header(kind, header, said, where, rows[0][0], problems)
    if problems:
        raise InputError(problems)
    found: list[tuple[ItemKey, Value]] = []
    first: dict[ItemKey, int] = {}
    heads = {made.head: made for made in kind.columns}
    for at, cells in rows[1:]:
        if len(cells) != len(header):
            problems.append(
                Problem(where, f"line {at}", f"{len(cells)} cells, the header has {len(header)}")
            )
            continue
        made = _row(kind, dict(zip(header, cells, strict=True)), heads, said, where, at, problems)
        if made is None:
            continue
        if first.setdefault(made[0], at) != at:
            named = ", ".join(part for part in made[0] if part)
            problems.append(
                Problem(where, f"line {at}", f"{named} stands in line {first[made[0]]} already")
            )
        found.append(made)
    if problems:
        raise InputError(problems)
    order = tuple(further)
    own = tuple(_further((value for _, value in found), kind, ()))
    return ParsedTable(tuple(found), None if order == own else order)


def _check_header(
    kind: Kind,
    header: Sequence[str],
    said: Mapping[str, str],
    where: str,
    line: int,
    problems: list[Problem],
) -> list[str]:
    """Check the names of the columns and return the further ones."""
    at = f"line {line}"
    known = [made.head for made in kind.columns]
    needed = [made.head for made in kind.key if made.required and made.name not in said]
    for name in needed:
        if name not in header:
            near = closest(name, [word for word in header if word not in known])
            problems.append(
                Problem(
                    where,
                    at,
                    f"the column {name!r} is missing; the columns are: {', '.join(header)}",
                    hint=f"Is it {near!r}?" if near else "",
                )
            )
    further = [name for name in header if name not in known]
    problems.extend(
        Problem(where, at, f"the column {name!r} stands here twice or has no name")
        for name in sorted({name for name in header if header.count(name) > 1 or not name})
    )
    if further and not kind.open:
        near = closest(further[0], known)
        problems.append(
            Problem(
                where,
                f"{at}, column {further[0]}",
                f"unknown column {further[0]!r}",
                tuple(known),
                hint=f"Did you mean {near!r}?" if near else "Remove it",
            )
        )
    return further


def _row(
    kind: Kind,
    cells: Mapping[str, str],
    heads: Mapping[str, Column],
    said: Mapping[str, str],
    where: str,
    line: int,
    problems: list[Problem],
) -> tuple[ItemKey, Value] | None:
    """Read one row; None where it has a problem."""
    parts = dict(said)
    value: dict[str, object] = {}
    in_key = {made.name for made in kind.key}
    try:
        for head, text in cells.items():
            made = heads.get(head)
            if made is not None and made.name in in_key:
                parts[made.name] = text
            elif text:
                name = made.name if made else head
                value[name] = _typed(made, text, line)
        return make_key(kind, parts), clean_value(kind, value)
    except InputError as error:
        problems.extend(
            Problem(
                where,
                f"line {line}, column {problem.at}" if problem.at else f"line {line}",
                problem.message,
                problem.allowed,
                problem.hint,
            )
            for problem in error.problems
        )
        return None


def _typed(made: Column | None, text: str, line: int) -> object:
    """Read a cell by its column's type."""
    if made is None or made.type == "text":
        return text
    try:
        if made.type == "boolean":
            return {"true": True, "false": False}[text]
        return int(text) if made.type == "integer" else float(text)
    except (ValueError, KeyError):
        raise InputError(
            Problem("", made.head, f"{text!r} is not of the type {made.type!r} (line {line})")
        ) from None


def render_list(kind: Kind, rows: Mapping[ItemKey, Value]) -> str:
    """Write items of one file as JSON, a line each, columns in the kind's order."""
    lines = []
    for key in sorted(rows):
        parts: dict[str, Cell] = dict(zip((made.name for made in kind.key), key, strict=True))
        parts |= {made.name: rows[key][made.name] for made in kind.value if made.name in rows[key]}
        lines.append(json.dumps(parts, ensure_ascii=False, allow_nan=False))
    return "".join(f"{line}\n" for line in lines)


def parse_list(kind: Kind, text: str, where: str) -> ParsedTable:
    """Read items from lines of JSON.

    Raises
    ------
    InputError
        With every problem of every line.
    """
    problems: list[Problem] = []
    rows: list[tuple[ItemKey, Value]] = []
    first: dict[ItemKey, int] = {}
    in_key = {made.name for made in kind.key}
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if not line.strip():
            continue
        at = f"line {number}"
        try:
            data = json.loads(line)
        except json.JSONDecodeError as error:
            problems.append(Problem(where, at, f"not valid JSON: {error.msg}"))
            continue
        if not isinstance(data, dict):
            problems.append(Problem(where, at, "is no object with the columns of an item"))
            continue
        try:
            key = make_key(kind, {name: data[name] for name in data if name in in_key})
            value = clean_value(kind, {name: data[name] for name in data if name not in in_key})
        except InputError as error:
            problems.extend(
                Problem(where, f"{at}, {each.at}", each.message, each.allowed, each.hint)
                for each in error.problems
            )
            continue
        if first.setdefault(key, number) != number and not kind.repeats:
            problems.append(Problem(where, at, f"stands in line {first[key]} already"))
        rows.append((key, value))
    if problems:
        raise InputError(problems)
    return ParsedTable(tuple(rows))
