"""The readers of exports by format.

A reader is a function from a file to records and problems; a further format is one more entry of
`READERS` and passes the battery of tests/unit/records.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evisynth.errors import InputError, Problem
from evisynth.records.record import Record
from evisynth.records.ris import read_ris
from evisynth.records.tables import read_table

__all__ = ["READERS", "Reader", "read_export", "read_records_csv", "reader_for"]

Read = Callable[..., tuple[tuple[Record, ...], tuple[Problem, ...]]]


@dataclass(frozen=True, slots=True)
class Reader:
    """One format: its name, the endings of its files, and the function that reads it.

    The function is called as ``read(path, search_source, where=..., encoding=...,
    first_number=...)``; `read_ris` documents what it returns and raises.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Read


def read_records_csv(
    path: Path,
    search_source: str = "",
    *,
    where: str = "",
    encoding: str = "",
    first_number: int = 1,
) -> tuple[tuple[Record, ...], tuple[Problem, ...]]:
    """Read a plain table of records: the fields of `Record` as columns, ``title`` at least.

    Authors and keywords are separated by semicolons.

    Raises
    ------
    InputError
        The table cannot be read; all problems of it.
    """
    where = where or path.name
    problems: list[Problem] = []
    if encoding not in ("", "utf-8", "utf-8-sig"):
        problems.append(Problem(where, "", f"a table is read as UTF-8, not {encoding!r}"))
    fields = ("authors", "year", "journal", "volume", "issue", "pages", "doi", "pmid", "url",
              "abstract", "keywords")  # fmt: skip
    table = read_table(
        path, where=where, problems=problems, required=("title",), optional=("id", *fields)
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
            )
        )
    if problems:
        raise InputError(problems)
    return tuple(records), ()


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


READERS: tuple[Reader, ...] = (
    Reader("RIS", (".ris",), read_ris),
    Reader("CSV", (".csv",), read_records_csv),
)
"""Every format that can be read, by the endings of its files."""


def reader_for(path: Path) -> Reader | None:
    """Return the reader of a file by its ending, or None.

    Examples
    --------
    >>> reader_for(Path("searches/embase/export.RIS")).name
    'RIS'
    """
    suffix = path.suffix.casefold()
    return next((reader for reader in READERS if suffix in reader.suffixes), None)


def read_export(
    path: Path,
    search_source: str = "",
    *,
    where: str = "",
    encoding: str = "",
    first_number: int = 1,
) -> tuple[tuple[Record, ...], tuple[Problem, ...]]:
    """Read an export in any format that is known.

    Raises
    ------
    InputError
        No reader knows the ending (the known ones are listed), or the reader raised.
    """
    reader = reader_for(path)
    if reader is None:
        raise InputError(
            Problem(
                where or path.name,
                "",
                f"no reader for files that end in {path.suffix!r}",
                tuple(suffix for known in READERS for suffix in known.suffixes),
            )
        )
    return reader.read(
        path, search_source, where=where, encoding=encoding, first_number=first_number
    )
