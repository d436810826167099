"""The ``search.toml`` that an import writes, and what it is made of."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, get_args

from evisynth.errors import OptionError, Problem

__all__ = [
    "ImportOptions", "ImportedFile", "ImportedSearch", "changed_search_toml", "new_search_toml",
]  # fmt: skip

IMPORTED = "evisynth import"
_FOUND = re.compile(r"^found\s*=.*$", re.MULTILINE)
_HEADER = re.compile(r"^\s*\[\[?\s*(\w+)")


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How exports are taken in.

    Attributes
    ----------
    source : str
        Name of the database, or of a folder under ``searches/``; ``""`` finds it in the files.
    platform, kind : str
        Where it was searched; the kind of source (``"database"``, ``"register"`` ...).
    date : str
        Day of the search, ISO; ``""`` if not known.
    count : int or None
        Records that the source reported; compared with the entries of the files.
    columns : mapping of str to str
        For tables: the column of a field, ``{"title": "Titel"}``; kept in ``search.toml``.
    anyway : bool
        Take files in also when the count differs or a file is there already.
    dry_run : bool
        Write nothing.
    """

    source: str = ""
    platform: str = ""
    kind: str = ""
    date: str = ""
    count: int | None = None
    anyway: bool = False
    dry_run: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from evisynth.records import SourceKind

        if self.kind and self.kind not in get_args(SourceKind):
            raise OptionError("kind", self.kind, get_args(SourceKind))
        if self.count is not None and self.count < 0:
            raise OptionError("count", self.count, ("0 or more",))
        if self.date:
            try:
                date.fromisoformat(self.date)
            except ValueError:
                raise OptionError("date", self.date, ("a day such as 2026-03-31",)) from None


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """One export: what was found in it.

    Attributes
    ----------
    file : Path
        As it was given.
    kept_as : str
        Its name in the review.
    sha256 : str
        Of its bytes.
    format, dialect, encoding : str
        What it was found to be.
    reader_version : str
        Version of the reader's rules.
    entries, records, unreadable : int
        Entries of the file: records read, and entries that could not be read.
    problems : tuple of Problem
        Repairs and entries not read, with their lines.
    """

    file: Path
    kept_as: str
    sha256: str
    format: str
    dialect: str
    encoding: str
    reader_version: str
    entries: int
    records: int
    unreadable: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class ImportedSearch:
    """One search of one source, in one or several files.

    Attributes
    ----------
    id : str
        Its folder under ``searches/``.
    name, platform, kind : str
        Of the source.
    new : bool
        False where files were added to a search that was there.
    files : tuple of ImportedFile
        Those taken in now.
    entries, records : int
        Of all its files, those of before included.
    id_prefix : str
        Put before the ids of its records; ``""`` where none clash.
    """

    id: str
    name: str
    platform: str
    kind: str
    new: bool
    files: tuple[ImportedFile, ...]
    entries: int
    records: int
    id_prefix: str


def _quoted(value: object) -> str:
    return str(value) if isinstance(value, int) else json.dumps(str(value), ensure_ascii=False)


def new_search_toml(search: ImportedSearch, chosen: ImportOptions) -> str:
    """Return the text of ``search.toml`` of a new search."""
    lines = [
        "# Made by 'evisynth import'. The exports beside this file are never changed.",
        f"name = {_quoted(search.name)}",
        f"kind = {_quoted(search.kind)}",
    ]
    if search.platform:
        lines.append(f"platform = {_quoted(search.platform)}")
    lines.append("searched = true")
    if chosen.date:
        lines.append(f"date = {_quoted(chosen.date)}")
    lines.append(f"found = {chosen.count if chosen.count is not None else search.entries}")
    if search.id_prefix:
        lines.append(f"id_prefix = {_quoted(search.id_prefix)}")
    parts = ["\n".join(lines), _columns_table(chosen), "\n".join(_run_lines(search, [], chosen))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _columns_table(chosen: ImportOptions) -> str:
    rows = [f"{field} = {_quoted(column)}" for field, column in chosen.columns.items()]
    return "\n".join(["[columns]", *rows]) if rows else ""


def changed_search_toml(text: str, search: ImportedSearch, chosen: ImportOptions) -> str:
    """Return ``search.toml`` with the new count and files; what people wrote stays."""
    before = tomllib.loads(text).get("run", {}).get("files", [])
    facts, tables = _divided(text)
    count = chosen.count if chosen.count is not None else search.entries
    if _FOUND.search(facts):
        facts = _FOUND.sub(f"found = {count}", facts, count=1)
    else:
        facts = f"{facts}\nfound = {count}"
    named = "" if tomllib.loads(text).get("columns") else _columns_table(chosen)
    parts = [facts, tables, named, "\n".join(_run_lines(search, before, chosen))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _divided(text: str) -> tuple[str, str]:
    """Return the keys at the top of a TOML text, and its tables but ``[run]``."""
    facts: list[str] = []
    tables: list[str] = []
    into = facts
    for line in text.splitlines():
        header = _HEADER.match(line)
        if header:
            into = [] if header[1] == "run" else tables
        into.append(line)
    return "\n".join(facts).rstrip(), "\n".join(tables).strip("\n")


def _run_lines(
    search: ImportedSearch, before: Sequence[dict[str, Any]], chosen: ImportOptions
) -> list[str]:
    lines = ["[run]", f"by = {_quoted(IMPORTED)}"]
    if chosen.count is not None:
        lines.append(f"count_typed = {chosen.count}")
    rows = [
        *before,
        *(
            {
                "file": file.kept_as,
                "was": file.file.name,
                "sha256": file.sha256,
                "reader": file.format,
                "reader_version": file.reader_version,
                "dialect": file.dialect,
                "encoding": file.encoding,
                "entries": file.entries,
                "records": file.records,
            }
            for file in search.files
        ),
    ]
    for row in rows:
        lines += ["", "[[run.files]]", *(f"{key} = {_quoted(value)}" for key, value in row.items())]
    return lines
