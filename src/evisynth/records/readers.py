"""The formats of exports, found by content, and the reading of a file in any of them.

A format is one more entry of `READERS` and passes the battery of tests/unit/records. The order
matters: the first that recognizes a file reads it, tables come last.
"""

from __future__ import annotations

import csv
import gc
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from evisynth.errors import InputError, OptionError, Problem
from evisynth.records.bibtex import looks_like_bibtex, stream_bibtex
from evisynth.records.columns import COLUMNS
from evisynth.records.delimited import (
    begins_with_header,
    looks_like_table,
    looks_like_workbook,
    stream_table,
    stream_workbook,
    without_columns,
)
from evisynth.records.exports import Export, open_export
from evisynth.records.json_formats import (
    looks_like_clinicaltrials,
    looks_like_csl,
    looks_like_openalex,
    stream_clinicaltrials,
    stream_csl,
    stream_openalex,
)
from evisynth.records.medline import (
    looks_like_medline,
    looks_like_ovid_text,
    stream_medline,
    stream_ovid_text,
)
from evisynth.records.reading import Reader, Reading
from evisynth.records.record import Record, SearchSource
from evisynth.records.refer import (
    looks_like_cochrane,
    looks_like_refer,
    stream_cochrane,
    stream_refer,
)
from evisynth.records.ris import NO_ENTRY, looks_like_ris, stream_ris
from evisynth.records.ris_record import VERSION as RIS_VERSION
from evisynth.records.tables import read_table
from evisynth.records.web_of_science import looks_like_web_of_science, stream_web_of_science
from evisynth.records.xml_formats import (
    looks_like_endnote_xml,
    looks_like_ictrp,
    looks_like_pubmed_xml,
    stream_endnote_xml,
    stream_ictrp,
    stream_pubmed_xml,
)

__all__ = [
    "READERS",
    "ReadResult",
    "RecordStream",
    "iter_records",
    "read_export",
    "read_records",
    "read_records_csv",
    "reader_for",
]


def _is_xml(export: Export) -> bool:
    return export.head.lstrip()[:1] == "<"


READERS: tuple[Reader, ...] = (
    Reader("XLSX", (".xlsx",), looks_like_workbook, stream_workbook),
    Reader("ClinicalTrials.gov JSON", (".json",), looks_like_clinicaltrials, stream_clinicaltrials,
           suffixes=(".json",)),
    Reader("OpenAlex JSON", (".json",), looks_like_openalex, stream_openalex, suffixes=(".json",)),
    Reader("CSL-JSON", (".json",), looks_like_csl, stream_csl, suffixes=(".json",)),
    Reader("PubMed XML", (".xml",), lambda e: _is_xml(e) and looks_like_pubmed_xml(e),
           stream_pubmed_xml, suffixes=(".xml",)),
    Reader("ICTRP XML", (".xml",), lambda e: _is_xml(e) and looks_like_ictrp(e), stream_ictrp),
    Reader("EndNote XML", (".xml",), lambda e: _is_xml(e) and looks_like_endnote_xml(e),
           stream_endnote_xml),
    Reader("RIS", (".ris", ".txt"), looks_like_ris, stream_ris, RIS_VERSION, ("TY  -",),
           suffixes=(".ris",)),
    Reader("PubMed text", (".nbib", ".txt"), looks_like_medline, stream_medline,
           marks=("PMID- ",), suffixes=(".nbib",)),
    Reader("Web of Science text", (".ciw", ".isi", ".txt"), looks_like_web_of_science,
           stream_web_of_science, marks=("PT ",)),
    Reader("Cochrane text", (".txt",), looks_like_cochrane, stream_cochrane, marks=("Record #",)),
    Reader("Ovid text", (".txt",), looks_like_ovid_text, stream_ovid_text),
    Reader("Refer", (".enw", ".ref", ".txt"), looks_like_refer, stream_refer, marks=("%0 ",)),
    Reader("BibTeX", (".bib", ".txt"), looks_like_bibtex, stream_bibtex),
    Reader("CSV", (".csv", ".tsv", ".tab", ".txt"), looks_like_table, stream_table,
           suffixes=(".csv",)),
)  # fmt: skip
"""Every format that can be read, in the order in which they are tried."""

NOT_USED = "they were not used"
TABLES = ("XLSX", "CSV")
ENDINGS = tuple(sorted({ending for reader in READERS for ending in reader.endings}))


class RecordStream(Iterator[Record]):
    """The records of an export one by one, in bounded memory.

    Attributes
    ----------
    format, dialect, encoding : str
        What the file was found to be; the dialect is known after the first record.
    problems : list of Problem
        Repairs and entries not read, complete at the end.
    """

    def __init__(self, reader: Reader, export: Export, reading: Reading) -> None:
        self._reader, self._export, self._reading = reader, export, reading
        self.format = reader.name
        self.encoding = export.encoding
        self.problems = reading.problems
        self.problems[:0] = export.problems
        self._records = self._checked()

    def __iter__(self) -> Iterator[Record]:
        return self._records

    def __next__(self) -> Record:
        return next(self._records)

    @property
    def dialect(self) -> str:
        """Who wrote the file, ``""`` if it does not tell."""
        return self._reading.dialect

    @property
    def entries(self) -> int:
        """Entries met so far: records, and entries reported as unreadable."""
        return self._reading.entries

    def _checked(self) -> Iterator[Record]:
        yield from self._reader.stream(self._export, self._reading)
        reading, marked = self._reading, self._export.marked
        if marked > reading.entries:
            reading.report(
                0,
                0,
                f"the file has {marked} marks of an entry ({', '.join(self._export.marks)}), and"
                f" {reading.entries} entries were read",
                hint="Look for entries that stand in one another",
            )
        if not reading.entries:
            hint = 'Name the column of the titles: columns={"title": "..."}'
            reading.report(
                0,
                0,
                f"there is no entry in this file ({self.format})",
                hint=hint if self.format == "XLSX" and not reading.columns else "",
            )


class ReadResult(tuple[tuple[Record, ...], tuple[Problem, ...]]):
    """Records and problems of an export: ``records, problems = read_records(path)``.

    Attributes
    ----------
    records : tuple of Record
        In the order of the file.
    problems : tuple of Problem
        `RecordProblem`, with lines and repair, and what a reader should know of the decoding.
    format, dialect, encoding : str
        What the file was found to be.
    entries : int
        Entries of the file: ``len(records)`` and those reported as unreadable.
    """

    records: tuple[Record, ...]
    problems: tuple[Problem, ...]
    format: str
    dialect: str
    encoding: str
    entries: int

    def __new__(
        cls,
        records: tuple[Record, ...],
        problems: tuple[Problem, ...],
        *,
        format: str = "",  # noqa: A002 - the word of the field
        dialect: str = "",
        encoding: str = "",
        entries: int = 0,
    ) -> ReadResult:
        """Make the pair with what is known of the file."""
        result = super().__new__(cls, (records, problems))
        result.records, result.problems = records, problems
        result.format, result.dialect, result.encoding = format, dialect, encoding
        result.entries = entries
        return result

    def __repr__(self) -> str:
        written = f" of {self.dialect}" if self.dialect else ""
        return (
            f"<ReadResult: {len(self.records)} records, {len(self.problems)} problems;"
            f" {self.format}{written}, {self.encoding}>"
        )


def _find(export: Export, columns: Mapping[str, str]) -> Reader:
    """Find the reader of an export by its content."""
    signature = export.signature
    for mark, name in (
        (b"\xd0\xcf\x11\xe0", "an old workbook (.xls) or another file of Microsoft Office"),
        (b"%PDF", "a PDF"),
        (b"\x1f\x8b", "a gzip archive"),
    ):
        if signature.startswith(mark):
            raise InputError(
                Problem(export.where, "", f"the file is {name} and cannot be read",
                        hint="Export it as RIS, or save the table as CSV UTF-8")
            )  # fmt: skip
    if not signature.startswith(b"PK\x03\x04"):
        if begins_with_header(export):
            return READERS[-1]
        for reader in READERS:
            if reader.recognizes(export):
                return reader
        if columns and looks_like_table(export, columns):
            return READERS[-1]
        if columns and export.head.strip():
            raise without_columns(export, columns)
    else:
        return READERS[0]
    if not export.head.strip():
        raise InputError(
            Problem(export.where, "", "there is no entry in this file, it is empty",
                    hint="Export it again")
        )  # fmt: skip
    if Path(export.where).suffix.casefold() == ".ris":
        raise InputError(Problem(export.where, "", NO_ENTRY, hint="Is it an export in RIS format?"))
    first = next((line for line in export.head.split("\n") if line.strip()), "").strip()
    raise InputError(
        Problem(
            export.where,
            "line 1",
            "there is no entry in this file: its content is of no format that is known; it begins"
            f" with {first[:60]!r}",
            tuple(reader.name for reader in READERS),
            hint='Of a table name the column of the titles: columns={"title": "..."}',
        )
    )


def iter_records(
    path: Path | str,
    source: str | SearchSource | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str = "",
    where: str = "",
    first_number: int = 1,
) -> RecordStream:
    """Open an export in any format and give its records one by one.

    Parameters
    ----------
    path
        The file.
    source
        The search source, or its id, that the records belong to.
    columns
        For tables: which column holds a field, e.g. ``{"title": "Name of the paper"}``; columns
        not named here are known by their names.
    encoding
        Encoding as declared by a person; ``""`` finds it.
    where
        Name of the file in records and messages; the path's name if it is ``""``.
    first_number
        Number of the first entry in ids that are made here.

    Raises
    ------
    InputError
        The file cannot be read, is of no known format, or is refused (XML with entities, an archive
        that unpacks to too much, a line of more than 16 Mi signs); reading on may raise it as well.
    OptionError
        A key of `columns` is no field.
    """
    for name in columns or {}:
        if name not in COLUMNS:
            raise OptionError("columns", name, COLUMNS)
    export = open_export(Path(path), where=where, encoding=encoding)
    reader = _find(export, columns or {})
    export.marks = reader.marks
    ident = source.id if isinstance(source, SearchSource) else source or ""
    reading = Reading(
        export.where,
        ident,
        first_number,
        reader.name,
        reader.version,
        columns=dict(columns or {}),
    )
    if columns and reader.name not in TABLES:
        reading.report(0, 0, f"columns are for tables, and the file is {reader.name}", NOT_USED)
    return RecordStream(reader, export, reading)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Let Python's search for rings of objects rest: records hold none, and it costs a tenth."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def read_records(
    path: Path | str,
    source: str | SearchSource | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str = "",
    where: str = "",
    first_number: int = 1,
) -> ReadResult:
    """Read an export in any format; format, dialect and encoding are found by its content.

    Parameters
    ----------
    path, source, columns, encoding, where, first_number
        As in `iter_records`.

    Returns
    -------
    ReadResult
        ``records, problems = read_records(path)``. Every entry of the file is a record or a problem
        with ``unreadable = True``; repairs are problems too. Ids are the keys of the file (``ID``,
        PMID, BibTeX key ...), and the source with the running number where there is none.

    Raises
    ------
    InputError
        The file cannot be read, is of no known format, or is refused.
    """
    stream = iter_records(
        path, source, columns=columns, encoding=encoding, where=where, first_number=first_number
    )
    with _collector_at_rest():
        records = tuple(stream)
    return ReadResult(
        records,
        tuple(stream.problems),
        format=stream.format,
        dialect=stream.dialect,
        encoding=stream.encoding,
        entries=stream.entries,
    )


_OWN = ("authors", "year", "journal", "volume", "issue", "pages", "doi", "pmid", "url", "abstract",
        "keywords")  # fmt: skip


def read_records_csv(
    path: Path,
    search_source: str = "",
    *,
    where: str = "",
    encoding: str = "",
    first_number: int = 1,
) -> tuple[tuple[Record, ...], tuple[Problem, ...]]:
    """Read a plain table of records: the fields of `Record` as columns, ``title`` at least.

    Authors and keywords are separated by semicolons. Made by hand in a review folder, the table is
    held to its columns; `read_records` takes any table and repairs.

    Raises
    ------
    InputError
        The table cannot be read; all problems of it.
    """
    where = where or path.name
    problems: list[Problem] = []
    if encoding not in ("", "utf-8", "utf-8-sig"):
        problems.append(Problem(where, "", f"a table is read as UTF-8, not {encoding!r}"))
    table = read_table(
        path, where=where, problems=problems, required=("title",), optional=("id", *_OWN)
    )
    records = []
    for number, row in enumerate(table or (), start=first_number):
        year = row["year"]
        if year and not (year.isascii() and year.isdigit()):
            problems.append(Problem(where, f"line {row.line}, column year", f"{year!r} is no year"))
            year = ""
        records.append(
            Record(
                id=row["id"] or f"{search_source or path.stem}-{number:05d}",
                title=row["title"],
                authors=_parts(row["authors"]),
                year=int(year) if year else None,
                journal=row["journal"],
                volume=row["volume"],
                issue=row["issue"],
                pages=row["pages"],
                doi=row["doi"].lower(),
                pmid=row["pmid"],
                url=row["url"],
                abstract=row["abstract"],
                keywords=_parts(row["keywords"]),
                source=search_source,
                file=where,
                first_line=row.line,
                last_line=row.line,
                raw="; ".join(f"{name}: {cell}" for name, cell in row.cells.items() if cell),
                reader="records table",
                reader_version="1",
            )
        )
    if problems:
        raise InputError(problems)
    return tuple(records), ()


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


def reader_for(path: Path) -> Reader | None:
    """Return the first reader whose files usually have the ending of a path, or None.

    Examples
    --------
    >>> reader_for(Path("searches/embase/export.RIS")).name
    'RIS'
    """
    suffix = path.suffix.casefold()
    certain = (reader for reader in READERS if suffix in reader.suffixes)
    usual = (reader for reader in READERS if suffix in reader.endings)
    return next(certain, None) or next(usual, None)


def read_export(
    path: Path,
    search_source: str = "",
    *,
    where: str = "",
    encoding: str = "",
    first_number: int = 1,
    columns: Mapping[str, str] | None = None,
) -> tuple[tuple[Record, ...], tuple[Problem, ...]]:
    """Read an export of a review folder in any format that is known.

    A ``.csv`` whose columns are all fields of `Record` is read by `read_records_csv`; ``columns``
    as in `iter_records`, used for tables only.

    Raises
    ------
    InputError
        No reader knows the ending (the known ones are listed), there is no entry in the file, or
        the file is refused.
    """
    suffix = path.suffix.casefold()
    if suffix not in ENDINGS:
        raise InputError(
            Problem(
                where or path.name,
                "",
                f"no reader for files that end in {path.suffix!r}",
                ENDINGS,
            )
        )
    if suffix == ".csv" and not columns:
        export = open_export(path, where=where)
        line = export.head.split("\n", 1)[0]
        cells = {cell.strip() for cell in next(csv.reader(io.StringIO(line)), [])}
        if not line.strip() or cells <= {"id", "title", *_OWN}:
            return read_records_csv(
                path, search_source, where=where, encoding=encoding, first_number=first_number
            )
    result = read_records(
        path,
        search_source,
        columns=columns,
        encoding=encoding,
        where=where,
        first_number=first_number,
    )
    if not result.entries:
        raise InputError(result.problems)
    # Columns are said once for all exports of a folder, which may be of several formats.
    problems = tuple(p for p in result.problems if getattr(p, "repair", "") != NOT_USED)
    return result.records, problems
