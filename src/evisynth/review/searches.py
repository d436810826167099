"""Search sources and their records from ``searches/<id>/``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from evisynth.errors import InputError, OptionError, Problem
from evisynth.records import (
    READERS,
    Record,
    SearchSource,
    SourceKind,
    nearest_id,
    read_export,
    read_table,
    read_utf8,
)
from evisynth.review.plan_reading import parse_toml
from evisynth.review.schema_errors import check_section, place
from evisynth.review.toml_lines import KeyPath

__all__ = ["read_duplicates", "read_search", "read_searches"]

SEARCH_FILE = "search.toml"
QUERY_FILE = "query.txt"
EXPORT_STEM = "export"
RAW_FOLDER = "raw"
"""Pages of a service as they came, kept by a connector; the export is made of them."""


def read_searches(
    folder: Path, problems: list[Problem], warnings: list[str]
) -> tuple[tuple[SearchSource, ...], tuple[Record, ...]]:
    """Read every search source of a review, with the records of its exports.

    Parameters
    ----------
    folder
        The review folder.
    problems, warnings
        Problems found are appended; repairs made to an export are warnings, no record is lost.

    Returns
    -------
    sources, records
        Sources by kind (databases first), then by name of folder; records by folder and export.
    """
    sources: list[SearchSource] = []
    records: list[Record] = []
    root = folder / "searches"
    if not root.is_dir():
        return (), ()
    for place_found in sorted(root.iterdir()):
        if place_found.name.startswith(".") or not place_found.is_dir():
            continue
        source, found = _read_search(place_found, problems, warnings)
        if source is not None:
            sources.append(source)
        records.extend(found)
    _check_ids(records, problems)
    kinds = get_args(SourceKind)
    sources.sort(key=lambda source: (kinds.index(source.kind), source.id))
    return tuple(sources), tuple(records)


def read_search(folder: Path, search: str) -> tuple[Record, ...]:
    """Return the records of one search, with all that its exports say of them.

    Parameters
    ----------
    folder
        The review folder.
    search
        Name of the folder under ``searches/``.
    """
    place_found = folder / "searches" / search
    if not search or Path(search).name != search or not place_found.is_dir():
        return ()
    return tuple(_read_search(place_found, [], [])[1])


def _read_search(
    folder: Path, problems: list[Problem], warnings: list[str]
) -> tuple[SearchSource | None, list[Record]]:
    """Read one source."""
    from evisynth.review.schema import SearchSection

    ident = folder.name
    name = f"searches/{ident}/{SEARCH_FILE}"
    parsed = parse_toml(folder / SEARCH_FILE, where=name, problems=problems)
    section = None
    lines: dict[KeyPath, int] = {}
    if parsed is not None:
        data, lines = parsed
        section = check_section(SearchSection, data, (), where=name, lines=lines, problems=problems)
    query = ""
    if (folder / QUERY_FILE).is_file():
        try:
            query = read_utf8(folder / QUERY_FILE, where=f"searches/{ident}/{QUERY_FILE}").strip()
        except InputError as error:
            problems.extend(error.problems)
    encoding = section.encoding if section else ""
    columns = section.columns if section else {}
    prefix = section.id_prefix if section else ""
    records: list[Record] = []
    endings = {ending for reader in READERS for ending in reader.endings}
    taken: set[str] = set()
    exports = 0
    for path in sorted(folder.iterdir()):
        where = f"searches/{ident}/{path.name}"
        if path.name in (SEARCH_FILE, QUERY_FILE, RAW_FOLDER) or path.name.startswith("."):
            continue
        if not path.is_file() or path.suffix.casefold() not in endings:
            warnings.append(f"{where}: not read; exports end in {', '.join(sorted(endings))}")
            continue
        exports += 1
        try:
            found, repairs = read_export(
                path,
                ident,
                where=where,
                encoding=encoding,
                first_number=len(records) + 1,
                columns=columns,
            )
        except OptionError as error:
            problems.append(Problem(name, place(lines, ("columns",)), str(error)))
            break
        except InputError as error:
            if path.suffix.casefold() == ".txt" and not path.name.startswith(EXPORT_STEM):
                warnings.append(f"{where}: not read; it is no export in a format that is known")
                continue
            problems.extend(error.problems)
            continue
        warnings.extend(str(repair) for repair in repairs)
        if exports > 1:
            found = _own_ids(found, taken, exports, where, warnings)
        taken.update(record.id for record in found)
        records.extend(replace(record, id=prefix + record.id) for record in found)
    if section is None:
        return None, records
    if not section.searched and (exports or section.found is not None or section.date):
        key = "found" if section.found is not None else "date" if section.date else "searched"
        problems.append(
            Problem(
                name,
                place(lines, (key,)),
                "searched = false, and yet there is an export, a count or a date",
                hint="Write searched = true, or remove them",
            )
        )
    if section.found is not None and section.removed_at_source > section.found:
        problems.append(
            Problem(
                name,
                place(lines, ("removed_at_source",)),
                f"{section.removed_at_source} removed at source of {section.found} found",
            )
        )
    source = SearchSource(
        id=ident,
        name=section.name,
        kind=section.kind,
        platform=section.platform,
        searched=section.searched,
        date=section.date,
        query=query,
        found=section.found,
        removed_at_source=section.removed_at_source,
        records=len(records),
        note=section.note,
    )
    return source, records


def _own_ids(
    found: Sequence[Record], taken: set[str], part: int, where: str, warnings: list[str]
) -> tuple[Record, ...]:
    """Give records of a later part file ids of their own where an earlier part has them."""
    clashing = sum(record.id in taken for record in found)
    if clashing:
        warnings.append(
            f"{where}: {clashing} ids stand in an earlier part of this search; here they end in"
            f" '-part{part}'"
        )
    return tuple(
        replace(record, id=f"{record.id}-part{part}") if record.id in taken else record
        for record in found
    )


def _check_ids(records: list[Record], problems: list[Problem]) -> None:
    """Check that no two records of the review have one id."""
    first: dict[str, Record] = {}
    for record in records:
        other = first.setdefault(record.id, record)
        if other is not record:
            problems.append(
                Problem(
                    record.file,
                    f"line {record.first_line}",
                    f"the record id {record.id!r} is taken by {other.file}, line"
                    f" {other.first_line}",
                    hint=f'Write id_prefix = "{record.source}-" into its {SEARCH_FILE}',
                )
            )


def read_duplicates(
    path: Path, *, where: str, records: frozenset[str] | None, problems: list[Problem]
) -> dict[str, str]:
    """Read ``duplicates.csv``: ``record_id``, ``duplicate_of``, perhaps ``reason``, ``made_by``.

    Returns
    -------
    dict of str to str
        The record that each duplicate repeats, itself not a duplicate: chains are followed to their
        end.
    """
    table = read_table(
        path,
        where=where,
        problems=problems,
        required=("record_id", "duplicate_of"),
        optional=("reason", "made_by"),
        may_be_empty=True,
    )
    found: dict[str, str] = {}
    line: dict[str, int] = {}
    for row in table or ():
        before = len(problems)
        for column in ("record_id", "duplicate_of"):
            if records is not None and row[column] not in records:
                near = nearest_id(row[column], records)
                problems.append(
                    Problem(
                        where,
                        f"line {row.line}, column {column}",
                        f"there is no record {row[column]!r} in the exports under searches/",
                        hint=f"Did you mean {near!r}?" if near else "",
                    )
                )
        ident = row["record_id"]
        if ident in found:
            problems.append(
                Problem(
                    where,
                    f"line {row.line}, column record_id",
                    f"the record {ident!r} stands in line {line[ident]} already",
                )
            )
        if len(problems) == before:
            found[ident], line[ident] = row["duplicate_of"], row.line
    ends: dict[str, str] = {}
    for ident in found:
        path_taken = [ident]
        while path_taken[-1] in found and found[path_taken[-1]] not in path_taken:
            path_taken.append(found[path_taken[-1]])
        if path_taken[-1] in found:
            problems.append(
                Problem(
                    where,
                    f"line {line[ident]}, column duplicate_of",
                    f"a ring of duplicates: {' -> '.join([*path_taken, found[path_taken[-1]]])}",
                    hint="One of them must stay",
                )
            )
        ends[ident] = path_taken[-1]
    return ends
