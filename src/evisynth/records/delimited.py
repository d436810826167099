"""Tables of records: CSV, tab-separated and XLSX, of databases and tools or made by hand.

The header is looked for among the first lines (Embase.com puts the query before it); columns are
known by their names, whoever wrote the table. Each row keeps its lines; a double quote that is not
closed takes only its own row with it.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evisynth.errors import InputError, Problem
from evisynth.records.columns import (
    fields_of,
    has_columns,
    no_such_column,
    normal,
    record_of_row,
)
from evisynth.records.exports import LONGEST_LINE, LONGEST_TEXT, Export
from evisynth.records.reading import Reading
from evisynth.records.record import Record
from evisynth.records.web_of_science import web_of_science_record

__all__ = [
    "begins_with_header",
    "looks_like_table",
    "looks_like_workbook",
    "stream_table",
    "stream_workbook",
    "without_columns",
]

_DELIMITERS = (",", "\t", ";", "|")
_MOST_LINES = 5_000
"""Lines of one row beyond which a double quote counts as not closed."""
_SEARCHED = 40
"""Lines at the beginning among which the header is looked for."""
_EXCEL = re.compile(r'="(.*)"', re.DOTALL)
_DIALECTS = (
    ("Covidence", {"covidence", "study"}),
    ("Rayyan", {"key", "pubmedid", "pmcid", "notes"}),
    ("Zotero", {"itemtype", "abstractnote"}),
    ("Embase.com", {"embaseaccessionid", "articlelanguage"}),
    ("Embase.com", {"pui", "embaselink"}),
    ("Cochrane Library", {"centralid", "ctgovid"}),
    ("Scopus", {"eid", "sourcetitle"}),
    ("EBSCOhost", {"articletitle", "plink"}),
    ("PubMed", {"pmid", "createdate", "journalbook"}),
    ("OpenAlex", {"publicationyear", "citedbyapiurl"}),
    ("ClinicalTrials.gov", {"nctnumber"}),
    ("Web of Science", {"ut", "ti", "so"}),
)


def looks_like_workbook(export: Export) -> bool:
    """Return whether the file is a workbook of Excel (.xlsx)."""
    return export.path is not None and export.signature.startswith(b"PK\x03\x04")


def looks_like_table(export: Export, columns: Mapping[str, str] | None = None) -> bool:
    """Return whether a line near the beginning is a header with columns that are known."""
    return _header(export.head.split("\n", _SEARCHED)[:_SEARCHED], columns or {}) is not None


def begins_with_header(export: Export) -> bool:
    """Return whether the first line is a header beyond doubt, whatever follows."""
    first = export.head.lstrip().split("\n", 1)[0]
    found = _header([first], {})
    return found is not None and first.count(found[1]) >= 3 and first[:1] not in "[{<@%"


def _header(lines: Sequence[str], columns: Mapping[str, str]) -> tuple[int, str] | None:
    """Find the line of the header and the sign between its cells."""
    best: tuple[int, int, str] | None = None
    for at, line in enumerate(lines):
        if len(line) > 100_000:
            continue
        for sign in _DELIMITERS:
            if sign not in line and sign != ",":
                continue
            try:
                cells = next(csv.reader([line], delimiter=sign), [])
            except csv.Error:
                continue
            known = fields_of(cells, columns)
            if columns:
                if has_columns(cells, columns):
                    return at, sign
                continue
            if not known or not ({"title", "accession", "pmid", "doi"} & set(known)):
                continue
            if len(known) < 2 and (len(cells) > 1 or "title" not in known):
                continue
            score = len(known) + 5 * ("title" in known)
            if best is None or score > best[0]:
                best = (score, at, sign)
        if best is not None and best[0] >= 7:
            break
    return (best[1], best[2]) if best else None


def without_columns(export: Export, columns: Mapping[str, str]) -> InputError:
    """Return the refusal of a table of text that has not the columns that a person named."""
    lines = [line for line in export.head.split("\n", _SEARCHED)[:_SEARCHED] if line.strip()]
    at, sign = _header(lines, {}) or (0, max(_DELIMITERS, key=lines[0].count))
    return no_such_column(export.where, next(csv.reader([lines[at]], delimiter=sign), []), columns)


class _Rows:
    """Rows of a table with their lines, kept apart when a double quote is not closed."""

    def __init__(self, export: Export, delimiter: str) -> None:
        self.source = (line for block in export.blocks() for line in block)
        self.pending: deque[str] = deque()
        self.delimiter = delimiter
        self.number = 0
        self.most = _MOST_LINES

    def _next_line(self) -> str | None:
        return self.pending.popleft() if self.pending else next(self.source, None)

    def read(self, width: int = 0) -> tuple[int, list[str], list[str], bool] | None:
        """Return first line, lines, cells and whether a quote was left open; None at the end."""
        taken: list[str] = []
        ended = False
        size = 0

        def pull() -> Iterator[str]:
            nonlocal ended, size
            while True:
                line = self._next_line() if len(taken) < self.most else None
                size += len(line or "")
                if line is None or size > LONGEST_LINE:
                    ended = True
                    if line is not None:
                        self.pending.appendleft(line)
                    return
                taken.append(line)
                yield line + "\n"

        cells = self._parse(pull())
        if not taken:
            return None
        first = self.number + 1
        if len(taken) == 1 and not ended:
            self.number += 1
            return first, taken, cells or [], False
        plain = [line.split(self.delimiter) for line in taken]
        if len(taken) > 1 and width > 2 and all(len(parts) == width for parts in plain):
            opened = True  # each line is a row: a quote was opened in one and closed in another
        else:
            opened = ended and cells is not None and self._is_open(taken)
        alone = plain[0] if len(plain[0]) == width else self._parse(iter([taken[0] + "\n"])) or []
        if opened or (width and cells is not None and len(cells) != width == len(alone)):
            self.pending.extendleft(reversed(taken[1:]))
            self.most = max(self.most // 2, 50) if ended else self.most
            self.number += 1
            return first, taken[:1], [cell.strip().strip('"') for cell in alone], opened
        self.number += len(taken)
        return first, taken, cells or [], False

    def _parse(self, lines: Iterator[str]) -> list[str] | None:
        try:
            return next(csv.reader(lines, delimiter=self.delimiter), None)
        except csv.Error:
            return None

    def _is_open(self, lines: list[str]) -> bool:
        """Return whether the last double quote is not closed."""
        try:
            for _ in csv.reader([line + "\n" for line in lines], delimiter=self.delimiter,
                                strict=True):  # fmt: skip
                pass
        except csv.Error as error:
            return "unexpected end" in str(error)
        return False


def stream_table(export: Export, reading: Reading) -> Iterator[Record]:
    """Give the records of a CSV or tab-separated table one by one."""
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
    lines = export.head.split("\n", _SEARCHED)[:_SEARCHED]
    found = _header(lines, reading.columns)
    if found is None:
        if reading.columns:
            raise without_columns(export, reading.columns)
        return
    at, delimiter = found
    rows = _Rows(export, delimiter)
    for _ in range(at):
        rows._next_line()
        rows.number += 1
    opening = rows.read()
    if opening is None:
        return
    header = [cell.strip() for cell in opening[2]]
    known = _dialect(header, reading)
    while (row := rows.read(len(header))) is not None:
        first, lines, cells, broken = row
        if not any(cell.strip() for cell in cells):
            continue
        last = first + len(lines) - 1
        if broken:
            reading.report(
                first, last, "a double quote is not closed", "the line was read as one row"
            )
        yield from _row(header, known, cells, "\n".join(lines), first, last, reading)


def _dialect(header: list[str], reading: Reading) -> dict[str, list[int]]:
    names = {normal(cell) for cell in header}
    reading.dialect = next((name for name, marks in _DIALECTS if marks <= names), "")
    return fields_of(header, reading.columns)


def _row(
    header: list[str],
    known: dict[str, list[int]],
    cells: list[str],
    raw: str,
    first: int,
    last: int,
    reading: Reading,
) -> Iterator[Record]:
    """Make the record of a row."""
    if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
        reading.report(
            first,
            last,
            f"{len(cells)} cells, the header has {len(header)}",
            "the cells beyond the header were left unread",
            hint="A cell with the separator in it needs double quotes around it",
        )
    elif len(cells) < len(header) and len(cells) < max(max(each) for each in known.values()) + 1:
        reading.report(
            first, last, f"{len(cells)} cells, the header has {len(header)}", "the rest is empty"
        )
    cells = [found[1] if (found := _EXCEL.fullmatch(cell)) else cell for cell in cells]
    if reading.dialect == "Web of Science":
        fields = {
            name: [cells[at]] for at, name in enumerate(header) if at < len(cells) and cells[at]
        }
        yield web_of_science_record(fields, raw, first, last, reading)
        return
    values = {
        name: [cells[at] for at in places if at < len(cells) and cells[at].strip()]
        for name, places in known.items()
    }
    yield record_of_row(values, raw, first, last, reading)


def stream_workbook(export: Export, reading: Reading) -> Iterator[Record]:
    """Give the records of the first sheet of an .xlsx that has a header one by one."""
    import warnings

    import openpyxl

    export.check_size(export.located().stat().st_size)
    _check_workbook(export)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = io.BytesIO(export.located().read_bytes())  # by path openpyxl wants its endings
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError, TypeError) as error:
        raise InputError(
            Problem(export.where, "", f"the workbook cannot be read: {error}",
                    hint="Save it as CSV UTF-8 and read that")
        ) from error  # fmt: skip
    opening: list[str] = []
    try:
        for sheet in book.worksheets:
            rows = (
                (number, ["" if cell is None else _cell(cell) for cell in row])
                for number, row in enumerate(sheet.iter_rows(values_only=True), start=1)
            )
            header: list[str] = []
            known: dict[str, list[int]] = {}
            for number, cells in rows:
                if not known:
                    if number > _SEARCHED:
                        break
                    found = fields_of(cells, reading.columns)
                    if reading.columns:
                        fits = has_columns(cells, reading.columns)
                    else:
                        fits = "title" in found and (len(found) > 1 or len(cells) == 1)
                    opening = opening or cells
                    if fits:
                        header = [cell.strip() for cell in cells]
                        known = _dialect(header, reading)
                elif any(cell.strip() for cell in cells):
                    raw = "\t".join(cell.replace("\n", " ") for cell in cells)
                    yield from _row(header, known, cells, raw, number, number, reading)
            if known:
                return
        if reading.columns:
            raise no_such_column(export.where, opening, reading.columns)
    except InputError:
        raise
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError, TypeError) as error:
        raise InputError(
            Problem(export.where, "", f"the workbook breaks off: {error}",
                    hint="Save it as CSV UTF-8 and read that")
        ) from error  # fmt: skip
    finally:
        book.close()


def _cell(value: Any) -> str:
    """Return the value of a cell as text; whole numbers without a point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _check_workbook(export: Export) -> None:
    """Refuse an archive that unpacks to too much, or whose XML declares entities."""
    try:
        with zipfile.ZipFile(export.located()) as archive:
            entries = archive.infolist()
            total = sum(entry.file_size for entry in entries)
            packed = max(sum(entry.compress_size for entry in entries), 1)
            if total > LONGEST_TEXT or (total > 1 << 26 and total / packed > 200):
                raise InputError(
                    Problem(
                        export.where,
                        "",
                        f"the workbook unpacks from {packed:,} to {total:,} bytes and is not read",
                        hint="Save the sheet as CSV UTF-8",
                    )
                )
            if not any(entry.filename == "[Content_Types].xml" for entry in entries):
                raise InputError(
                    Problem(export.where, "", "the file is an archive and no workbook of Excel",
                            hint="Unpack it and read the files in it")
                )  # fmt: skip
            for entry in entries:
                if entry.filename.endswith((".xml", ".rels")):
                    with archive.open(entry) as part:
                        start = part.read(4096)
                    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
                        raise InputError(
                            Problem(export.where, "", f"{entry.filename} declares entities and is"
                                    " not read", hint="Save the sheet as CSV UTF-8")
                        )  # fmt: skip
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise InputError(
            Problem(export.where, "", f"the workbook cannot be unpacked: {error}",
                    hint="Export it again, the file is damaged")
        ) from error  # fmt: skip
