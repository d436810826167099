"""Comma-separated tables of a review folder: read with the line of each row.

Rooms above read their own tables through `read_table`, so that a missing column, a short row or an
unreadable byte is told in the same words everywhere.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evisynth.errors import InputError, Problem, closest
from evisynth.records.text import read_utf8

__all__ = ["Table", "TableRow", "nearest_id", "parse_number", "read_table"]


def parse_number(text: str) -> float:
    """Read a number as people write it in a table, with a point and without units.

    Parameters
    ----------
    text
        The cell; a typographic minus sign is taken as a minus.

    Raises
    ------
    ValueError
        Anything else, ``nan`` and ``inf`` included.

    Examples
    --------
    >>> parse_number("−0.34")
    -0.34
    """
    if not all(sign in "0123456789+-.eE" for sign in text.replace("−", "-")):
        raise ValueError(f"{text!r} is not a number")
    value = float(text.replace("−", "-"))
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is too large")
    return value


def nearest_id(value: str, known: Collection[str]) -> str | None:
    """Return the id that a mistyped one was meant to be, or None.

    Only ids with the same first sign are compared: a review may have 100,000 records.

    Examples
    --------
    >>> nearest_id("Zhu2081", {"Zhu2018", "Kim2018"})
    'Zhu2018'
    """
    if not value:
        return None
    return closest(value, sorted(each for each in known if each[:1] == value[:1]))


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: its first line in the file and its cells by column, without outer blanks."""

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it stands in its file; ``where`` names the file in messages."""

    where: str
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]

    def __iter__(self) -> Iterator[TableRow]:
        return iter(self.rows)


def read_table(
    path: Path,
    *,
    where: str,
    problems: list[Problem],
    required: Sequence[str] = (),
    optional: Sequence[str] | None = None,
    may_be_empty: bool = False,
) -> Table | None:
    """Read a comma-separated table with a header.

    Parameters
    ----------
    path
        File, UTF-8 with or without a byte order mark.
    where
        Name of the file in messages, relative to the review folder.
    problems
        Problems found are appended here.
    required
        Columns that must be there.
    optional
        Further columns that are known; None lets any column be.
    may_be_empty
        Whether a table without rows is in order.

    Returns
    -------
    Table or None
        None when the file as a whole cannot be used. Rows that have another number of cells than
        the header are reported and left out.
    """
    try:
        text = read_utf8(path, where=where)
    except InputError as error:
        problems.extend(error.problems)
        return None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    rows: list[TableRow] = []
    line, short = 1, False
    try:
        for cells in reader:
            first, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [cell.strip() for cell in cells]
                if not _header_is_sound(header, first, where, required, optional, problems):
                    return None
            elif len(cells) != len(header):
                short = True
                problems.append(
                    Problem(
                        where,
                        f"line {first}",
                        f"{len(cells)} cells, the header has {len(header)}",
                        hint="A cell with a comma in it needs double quotes around it",
                    )
                )
            else:
                values = [cell.strip() for cell in cells]
                rows.append(TableRow(first, dict(zip(header, values, strict=True))))
    except csv.Error as error:
        problems.append(
            Problem(
                where,
                f"line {reader.line_num}",
                f"the table breaks off: {error}",
                hint="Look for a double quote that is not closed, from the line before on",
            )
        )
        return None
    if header is None or (not rows and not short and not may_be_empty):
        what = "the file is empty" if header is None else "the table has a header and no rows"
        expected = f" with the columns {', '.join(required)}" if required else ""
        problems.append(
            Problem(where, "", what, hint=f"Write at least one row{expected}, or remove the file")
        )
        return None
    return Table(where, tuple(header), tuple(rows))


def _header_is_sound(
    header: list[str],
    line: int,
    where: str,
    required: Sequence[str],
    optional: Sequence[str] | None,
    problems: list[Problem],
) -> bool:
    """Check the names of the columns; False when the rows cannot be told apart by them."""
    at = f"line {line}"
    if len(header) == 1 and len(required) > 1:
        for sign, name in ((";", "semicolons"), ("\t", "tabs")):
            if sign in header[0]:
                problems.append(
                    Problem(
                        where,
                        at,
                        f"the cells are separated by {name}",
                        hint="Save the table as CSV with commas, UTF-8",
                    )
                )
                return False
    sound = True
    for column in sorted({name for name in header if header.count(name) > 1 and name}):
        problems.append(Problem(where, f"{at}, column {column}", "the column stands here twice"))
        sound = False
    for place, name in enumerate(header, start=1):
        if not name:
            problems.append(Problem(where, at, f"column {place} has no name"))
            sound = False
    for name in required:
        if name not in header:
            near = closest(name, [have for have in header if have not in required])
            hint = f"Is it {near!r}?" if near else ""
            problems.append(
                Problem(
                    where,
                    at,
                    f"the column {name!r} is missing; the columns are: {', '.join(header)}",
                    hint=hint,
                )
            )
            sound = False
    if optional is not None:
        known = (*required, *optional)
        for name in header:
            if name and name not in known:
                near = closest(name, [word for word in known if word not in header])
                problems.append(
                    Problem(
                        where,
                        f"{at}, column {name}",
                        f"unknown column {name!r}",
                        known,
                        hint=f"Did you mean {near!r}?" if near else "Remove it",
                    )
                )
    return sound
