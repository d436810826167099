"""Read a table that people exported: CSV in its dialects, or a worksheet.

The separator (comma, semicolon, tab) is found from the header. The text is UTF-8, with or without a
byte order mark. Every message names the line.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from evisynth.errors import InputError, Problem, SetupError

__all__ = ["MISSING", "Table", "read_table", "to_number"]

SEPARATORS = (",", ";", "\t")

MISSING = frozenset({"", "na", "n/a", "nan", "."})
"""Cells, in lower case, that mean "not known"."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it stands in a file: text cells, and the line of each row.

    Attributes
    ----------
    name : str
        File name, for messages.
    columns : tuple of str
        Header.
    rows : tuple of tuple of str
        Cells, each row as long as the header, blanks at both ends removed.
    lines : tuple of int
        Line of each row in the file (row of the worksheet), the header being line 1.
    decimal_comma : bool
        Whether a comma in a number is a decimal comma (separator semicolon or tab).
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    decimal_comma: bool = False

    def cells(self, column: str) -> tuple[str, ...]:
        """Return the cells of a column."""
        index = self.columns.index(column)
        return tuple(row[index] for row in self.rows)


def to_number(cell: str, *, decimal_comma: bool = False) -> float | None:
    """Read a number as people type it; None when the text is no number.

    Examples
    --------
    >>> to_number("−1.5"), to_number("1,5"), to_number("1,5", decimal_comma=True)
    (-1.5, None, 1.5)
    """
    text = cell.strip().replace("−", "-").replace("–", "-")
    if decimal_comma and _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    return float(text) if _NUMBER.fullmatch(text) else None


def _separator(header: str) -> str:
    """Separator of a header: the most frequent candidate outside quotes; comma when none occurs."""
    outside = re.sub(r'"[^"]*"', "", header)
    counts = {sign: outside.count(sign) for sign in SEPARATORS}
    best = max(SEPARATORS, key=lambda sign: counts[sign])
    return best if counts[best] else ","


def _csv_rows(path: Path) -> tuple[list[tuple[int, list[str]]], bool]:
    from evisynth.records import read_utf8

    text = read_utf8(path, where=path.name)
    header = next((line for line in text.splitlines() if line.strip()), "")
    separator = _separator(header)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    found: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for row in reader:
            found.append((start, row))
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            Problem(
                path.name,
                f"line {reader.line_num}",
                f"is not proper CSV ({error})",
                (),
                "Look for a quotation mark that is opened and not closed.",
            )
        ) from error
    return found, separator != ","


def _xlsx_rows(path: Path) -> tuple[list[tuple[int, list[str]]], bool]:
    try:
        openpyxl = import_module("openpyxl")  # not required; its types are not either
    except ImportError:
        raise SetupError(
            f"{path.name}: reading Excel workbooks needs the library openpyxl, which is not "
            "installed. Install it (pip install openpyxl), or save the sheet as CSV UTF-8."
        ) from None
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except FileNotFoundError:
        raise InputError(
            Problem(str(path), "", "there is no such file", (), "Check its name and folder.")
        ) from None
    except Exception as error:  # openpyxl lets errors of zipfile, XML and its own through
        raise InputError(
            Problem(path.name, "", f"is not an Excel workbook that can be read ({error})")
        ) from error
    try:
        sheet = book.worksheets[0]
        return [
            (line, ["" if cell is None else _cell_text(cell) for cell in row])
            for line, row in enumerate(sheet.iter_rows(values_only=True), start=1)
        ], False
    finally:
        book.close()


def _cell_text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return repr(cell) if isinstance(cell, float) else str(cell)


def read_table(path: Path | str) -> Table:
    """Read a table from a CSV file or the first sheet of an Excel workbook.

    Parameters
    ----------
    path
        ``.csv``, ``.tsv`` or ``.txt`` with a header line, or ``.xlsx``.

    Returns
    -------
    Table
        Header and rows as text; empty lines are left out.

    Raises
    ------
    InputError
        When there is no such file, the text is not UTF-8, a row is longer than the header, or a
        column's name is empty or stands twice.
    SetupError
        For ``.xlsx`` without openpyxl.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(
            Problem(str(path), "", "is a folder, not a table", (), "Name a CSV file in it.")
        )
    found, decimal_comma = _xlsx_rows(path) if path.suffix.lower() == ".xlsx" else _csv_rows(path)
    filled = [
        (line, [cell.strip() for cell in row]) for line, row in found if any(map(str.strip, row))
    ]
    if not filled:
        raise InputError(
            Problem(path.name, "", "is empty", (), "A table needs a header line and rows.")
        )
    header_line, header = filled[0]
    while header and not header[-1]:
        header.pop()
    problems = [
        Problem(path.name, f"line {header_line}", f"column {place} has no name")
        for place, name in enumerate(header, start=1)
        if not name
    ]
    problems += [
        Problem(path.name, f"line {header_line}", f"the column {name!r} stands {count} times")
        for name, count in Counter(name for name in header if name).items()
        if count > 1
    ]
    rows, lines = [], []
    for line, row in filled[1:]:
        if any(row[len(header) :]):
            problems.append(
                Problem(
                    path.name,
                    f"line {line}",
                    f"has {len(row)} cells, the header {len(header)}",
                    (),
                    "A cell with a comma in it needs quotation marks around it.",
                )
            )
        rows.append(tuple((row + [""] * len(header))[: len(header)]))
        lines.append(line)
    if not rows and not problems:
        problems.append(
            Problem(path.name, "", "is empty", (), "There is a header line, and no row below it.")
        )
    if problems:
        raise InputError(problems)
    return Table(path.name, tuple(header), tuple(rows), tuple(lines), decimal_comma)
