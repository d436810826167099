"""Take exports of databases into the folder of a review, as they came."""

from __future__ import annotations

import hashlib
import re
import shutil
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evisynth.actions.import_files import (
    ImportedFile,
    ImportedSearch,
    ImportOptions,
    changed_search_toml,
    new_search_toml,
)
from evisynth.actions.output import locked
from evisynth.actions.progress import Progress
from evisynth.errors import InputError, Problem

if TYPE_CHECKING:
    from evisynth.records import ReadResult

__all__ = ["ImportOptions", "ImportResult", "ImportedFile", "ImportedSearch", "import_records"]

REVIEW_FILE = "review.toml"
SEARCHES = "searches"
SEARCH_FILE = "search.toml"
WORK = ".evisynth"
REGISTERS = ("ClinicalTrials.gov JSON", "ICTRP XML")
_PART = re.compile(r"export(?:-(\d+))?\.")


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import took in.

    Attributes
    ----------
    folder : Path
        The review.
    searches : tuple of ImportedSearch
        By id.
    records : int
        Records taken in.
    written : bool
        False for a dry run.
    warnings : tuple of str
        What a person should look at.
    """

    folder: Path
    searches: tuple[ImportedSearch, ...]
    records: int
    written: bool
    warnings: tuple[str, ...]


def import_records(
    files: Sequence[Path | str],
    folder: Path | str = Path(),
    *,
    options: ImportOptions | None = None,
    progress: Progress | None = None,
) -> ImportResult:
    """Take exports into a review: each file is copied unchanged, its format found by its content.

    Files of one source are parts of one search, ``searches/<date>_<source>/``. Either all files are
    taken in or none.

    Parameters
    ----------
    files
        Exports in any format that `evisynth.records.read_records` knows.
    folder
        Folder of the review.
    options
        Name of the source, day, count and so on.
    progress
        Told how far it is.

    Raises
    ------
    InputError
        A file cannot be read, is in the review already, or the files do not hold as many records
        as the count says; the folder is no review.
    OptionError
        An option has a value that it cannot have.
    """
    chosen = options or ImportOptions()
    folder = Path(folder)
    if not (folder / REVIEW_FILE).is_file():
        raise InputError(
            Problem(
                str(folder),
                "",
                f"the folder has no {REVIEW_FILE}",
                hint="Give the folder of a review with --folder; 'evisynth new FOLDER' makes one",
            )
        )
    paths = [Path(file) for file in files]
    _check_given(paths)
    read = _read_all(paths, folder, chosen, progress)
    grouped = _by_source(read, chosen)
    with locked(folder / WORK, f"{WORK}/run.lock"):
        made: list[_Planned] = []
        for name, parts in sorted(grouped.items()):
            there = set[str]().union(*(each.ids for each in made))
            made.append(_plan(folder, name, parts, chosen, there))
        _check_count(made, chosen)
        warnings = [warning for each in made for warning in each.warnings]
        if not chosen.dry_run:
            for each in made:
                each.write(folder)
    searches = tuple(each.search for each in made)
    return ImportResult(
        folder,
        searches,
        sum(file.records for search in searches for file in search.files),
        not chosen.dry_run,
        tuple(warnings),
    )


def _check_given(paths: Sequence[Path]) -> None:
    problems = []
    for path in paths:
        if path.is_dir():
            problems.append(
                Problem(str(path), "", "is a folder; give the files in it", hint=f"{path}/*")
            )
        elif not path.is_file():
            problems.append(Problem(str(path), "", "there is no such file"))
    twice = [name for name, times in Counter(map(str, paths)).items() if times > 1]
    problems += [Problem(name, "", "the file is given twice") for name in twice]
    if not paths:
        problems.append(Problem("FILE", "", "no file is given"))
    if problems:
        raise InputError(problems)


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that was read: what is in it, and its ids."""

    path: Path
    result: ReadResult
    sha256: str


def _read_all(
    paths: Sequence[Path], folder: Path, chosen: ImportOptions, progress: Progress | None
) -> list[_Read]:
    from evisynth.records import read_records

    known = _known_hashes(folder)
    found: list[_Read] = []
    problems: list[Problem] = []
    for place, path in enumerate(paths):
        if progress:
            progress(f"Reading {path.name}", place, len(paths))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        there = known.get(digest)
        if there and not chosen.anyway:
            problems.append(
                Problem(
                    str(path),
                    "",
                    f"the same file is in the review already: {there}",
                    hint="Leave it out, or give --anyway",
                )
            )
        known.setdefault(digest, str(path))
        try:
            result = read_records(path, where=path.name, columns=chosen.columns)
        except InputError as error:
            problems.extend(replace(each, where=str(path)) for each in error.problems)
            continue
        if not result.entries:
            problems.extend(replace(each, where=str(path)) for each in result.problems)
        found.append(_Read(path, result, digest))
    if progress:
        progress("Reading", len(paths), len(paths))
    if problems:
        raise InputError(problems)
    return found


def _known_hashes(folder: Path) -> dict[str, str]:
    return {
        hashlib.sha256(path.read_bytes()).hexdigest(): path.relative_to(folder).as_posix()
        for path in sorted((folder / SEARCHES).glob("*/export*"))
        if path.is_file()
    }


def _source_of(read: _Read) -> str:
    """Name the source of a file: the database that most records name, else who wrote the file."""
    result = read.result
    if result.dialect == "Embase.com":
        return "Embase"  # its records name MEDLINE, too
    named = Counter(_without_segment(record.database) for record in result.records)
    named.pop("", None)
    if named:
        most = min(named, key=lambda name: (-named[name], name))
        if 2 * named[most] > len(result.records):
            return most
    if result.format in REGISTERS:
        return "ClinicalTrials.gov" if "Clinical" in result.format else "ICTRP"
    if "PubMed" in result.format:
        return "PubMed"
    return result.dialect or read.path.stem


def _without_segment(database: str) -> str:
    """Drop what changes between exports of one database: ``"Embase <1974 to 2026>"``.

    Examples
    --------
    >>> _without_segment("Ovid MEDLINE(R) ALL <1946 to March 02, 2026>")
    'Ovid MEDLINE ALL'
    """
    return " ".join(re.sub(r"<[^>]*>|\(R\)|®", "", database.split(";")[0]).split())


def _by_source(found: Sequence[_Read], chosen: ImportOptions) -> dict[str, list[_Read]]:
    grouped: dict[str, list[_Read]] = {}
    for read in found:
        grouped.setdefault(chosen.source.strip() or _source_of(read), []).append(read)
    if len(grouped) > 1 and chosen.count is not None:
        raise InputError(
            Problem(
                "--count",
                "",
                f"{chosen.count} cannot be the count of {len(grouped)} sources:"
                f" {', '.join(sorted(grouped))}",
                hint="Give --source NAME if the files are of one search, or import each source"
                " with its own count",
            )
        )
    return grouped


@dataclass(frozen=True, slots=True)
class _Planned:
    """What is to be written for one search."""

    search: ImportedSearch
    toml: str
    copies: tuple[tuple[Path, str], ...]
    ids: frozenset[str]
    warnings: tuple[str, ...]

    def write(self, folder: Path) -> None:
        """Copy the files and write ``search.toml``; a new search appears as a whole."""
        target = folder / SEARCHES / self.search.id
        place = folder / WORK / "import" / self.search.id if self.search.new else target
        if self.search.new and place.exists():
            shutil.rmtree(place)
        place.mkdir(parents=True, exist_ok=True)
        for path, name in self.copies:
            shutil.copyfile(path, place / name)
        new = place / f".{SEARCH_FILE}"
        new.write_text(self.toml, encoding="utf-8", newline="\n")
        new.replace(place / SEARCH_FILE)
        if self.search.new:
            target.parent.mkdir(parents=True, exist_ok=True)
            place.rename(target)


def _plan(
    folder: Path, name: str, parts: Sequence[_Read], chosen: ImportOptions, planned: set[str]
) -> _Planned:
    there = folder / SEARCHES / name
    ident = name if there.is_dir() else _folder_name(name, chosen)
    there = folder / SEARCHES / ident
    before: dict[str, Any] = {}
    text = ""
    if (there / SEARCH_FILE).is_file():
        text = (there / SEARCH_FILE).read_text(encoding="utf-8-sig")
        before = _parsed(text, f"{SEARCHES}/{ident}/{SEARCH_FILE}")
    new = not there.is_dir()
    first = _next_part(there)
    files = []
    copies = []
    for number, read in enumerate(parts, first):
        kept = _kept_name(read, number, alone=new and len(parts) == 1)
        copies.append((read.path, kept))
        files.append(_imported(read, kept))
    columns: dict[str, str] = before.get("columns", {}) if before else {}
    if not new and dict(chosen.columns) != columns and chosen.columns:
        raise InputError(
            Problem(
                f"{SEARCHES}/{ident}/{SEARCH_FILE}",
                "columns",
                "the columns of this search are said already, and are others:"
                f" {', '.join(f'{name}={column}' for name, column in columns.items()) or 'none'}",
                hint="Import the files as a search of their own, with another --source",
            )
        )
    entries_before, records_before, ids_before = _held(folder, ident, columns)
    kind = chosen.kind or before.get("kind", "") or _kind_of(parts)
    taken = _other_ids(folder, ident) | planned
    ids = ids_before | _ids_in_review(parts, ident, columns or chosen.columns)
    prefix = str(before.get("id_prefix", ""))
    if not prefix and not taken.isdisjoint(ids):
        if not new:
            raise InputError(
                Problem(
                    f"{SEARCHES}/{ident}",
                    "",
                    f"the id {min(taken & ids)!r} of a record is taken by another search, and the"
                    " ids that are there cannot change any more",
                    hint="Import the files as a search of their own, with another --source",
                )
            )
        prefix = f"{ident}-"
    search = ImportedSearch(
        id=ident,
        name=str(before.get("name", "")) or name,
        platform=chosen.platform or str(before.get("platform", "")),
        kind=kind,
        new=new,
        files=tuple(files),
        entries=entries_before + sum(file.entries for file in files),
        records=records_before + sum(file.records for file in files),
        id_prefix=prefix,
    )
    warnings = [
        f"{file.file}: {file.unreadable} of {file.entries} entries could not be read"
        for file in files
        if file.unreadable
    ]
    if prefix and new:
        warnings.append(
            f"{SEARCHES}/{ident}: ids of records clash with those of another search; here they"
            f" begin with {prefix!r}"
        )
    toml = changed_search_toml(text, search, chosen) if before else new_search_toml(search, chosen)
    return _Planned(
        search, toml, tuple(copies), frozenset(prefix + each for each in ids), tuple(warnings)
    )


def _ids_in_review(parts: Sequence[_Read], ident: str, columns: Mapping[str, str]) -> set[str]:
    """Return the ids that records will have; those made of a file's name take the source's."""
    from evisynth.records import read_export

    return {
        record.id for read in parts for record in read_export(read.path, ident, columns=columns)[0]
    }


def _parsed(text: str, where: str) -> dict[str, Any]:
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(Problem(where, "", f"not valid TOML: {error}")) from error
    if "connector" in found.get("run", {}):
        raise InputError(
            Problem(
                where,
                "",
                "this search was run by a connector; files cannot be added to it",
                hint="Give another --source",
            )
        )
    return found


def _folder_name(name: str, chosen: ImportOptions) -> str:
    day = chosen.date or datetime.now(tz=UTC).date().isoformat()
    return f"{day}_{re.sub(r'[^a-z0-9]+', '-', name.casefold()).strip('-') or 'search'}"


def _next_part(there: Path) -> int:
    numbers = [
        int(hit[1] or 1)
        for path in there.glob("export*")
        if (hit := _PART.match(path.name)) is not None
    ]
    return max(numbers, default=0) + 1


def _kept_name(read: _Read, number: int, *, alone: bool) -> str:
    from evisynth.records import READERS

    endings = {ending for reader in READERS for ending in reader.endings}
    suffix = read.path.suffix.casefold()
    if suffix not in endings:
        suffix = next(each.endings[0] for each in READERS if each.name == read.result.format)
    return f"export{suffix}" if alone else f"export-{number:02d}{suffix}"


def _imported(read: _Read, kept: str) -> ImportedFile:
    result = read.result
    versions = {record.reader_version for record in result.records}
    return ImportedFile(
        file=read.path,
        kept_as=kept,
        sha256=read.sha256,
        format=result.format,
        dialect=result.dialect,
        encoding=result.encoding,
        reader_version=min(versions, default=""),
        entries=result.entries,
        records=len(result.records),
        unreadable=result.entries - len(result.records),
        problems=result.problems,
    )


def _kind_of(parts: Sequence[_Read]) -> str:
    return "register" if all(read.result.format in REGISTERS for read in parts) else "database"


def _held(folder: Path, ident: str, columns: Mapping[str, str]) -> tuple[int, int, set[str]]:
    """Return entries, records and ids of the exports that a search has already."""
    from evisynth.records import read_export, read_records

    entries = records = 0
    ids: set[str] = set()
    for path in sorted((folder / SEARCHES / ident).glob("export*")):
        if path.is_file():
            found, _ = read_export(path, ident, columns=columns)
            entries += read_records(path, columns=columns).entries
            records += len(found)
            ids |= {record.id for record in found}
    return entries, records, ids


def _other_ids(folder: Path, ident: str) -> set[str]:
    """Return the ids of records of the other searches; what cannot be read is told elsewhere."""
    from evisynth.review import read_searches

    _, records = read_searches(folder, [], [])
    return {record.id for record in records if record.source != ident}


def _check_count(made: Sequence[_Planned], chosen: ImportOptions) -> None:
    if chosen.count is None or chosen.anyway:
        return
    entries = made[0].search.entries
    if entries != chosen.count:
        parts = ", ".join(f"{file.file.name} {file.entries}" for file in made[0].search.files)
        less = entries < chosen.count
        raise InputError(
            Problem(
                "--count",
                "",
                f"the source reported {chosen.count} records, the files hold {entries} ({parts})",
                hint=(
                    "Is a part of the export missing? Databases export in blocks; give all files"
                    if less
                    else "Is a part given twice, or do parts overlap?"
                )
                + ". With --anyway they are taken in as they are",
            )
        )
