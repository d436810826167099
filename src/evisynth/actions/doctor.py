"""Whether this machine has what Evisynth needs: libraries, fonts, disk, database, backups."""

from __future__ import annotations

import importlib
import platform
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from evisynth.errors import EvisynthError

__all__ = ["CheckState", "Checked", "backup_check", "disk_check", "examine_machine"]

CheckState = Literal["ok", "warning", "bad"]

OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 31)
"""Generated columns, upserts and a write-ahead log that are there on every supported system."""

ROOM_WARNING, ROOM_BAD = 2_000_000_000, 300_000_000
DAY = 86_400.0

OPTIONAL: tuple[tuple[str, str, str], ...] = (
    ("numba", "numba", "compiled kernels for many meta-analyses at once"),
    ("dask", "dask", "numbers beyond one machine"),
    ("splink", "linkage", "deduplication of tens of millions of records"),
    ("psycopg", "server", "PostgreSQL"),
    ("gunicorn", "server", "the workers of a team's server"),
    ("allauth", "server", "accounts of a team's server"),
)
"""Module, the extra that brings it, what it is for."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
        What it is.
    state : {"ok", "warning", "bad"}
        ``"warning"`` is worth a look; ``"bad"`` stops some work.
    words : str
        What was found.
    hint : str
        The way out.
    """

    name: str
    state: CheckState
    words: str
    hint: str = ""


def examine_machine(folder: Path | None = None) -> tuple[Checked, ...]:
    """Look at Python, the libraries, fonts and documents; and at a review's folder if one is given.

    Nothing is written, and nothing is asked of the network.

    Parameters
    ----------
    folder
        Folder of a review.
    """
    found = [_python(), _needed(), *_optional(), _fonts(), _documents()]
    if folder is not None:
        found += [disk_check(folder), *_folder(folder)]
    return tuple(found)


def _python() -> Checked:
    version = platform.python_version()
    where = f"Python {version}, {sys.executable}"
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Checked("Python", "bad", where, "Evisynth needs Python 3.11 or newer")
    return Checked("Python", "ok", where)


def _needed() -> Checked:
    """Look at what the package says it needs."""
    from packaging.requirements import Requirement

    lacking = []
    count = 0
    for text in metadata.requires("evisynth") or ():
        wanted = Requirement(text)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        count += 1
        try:
            have = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            lacking.append(f"{wanted.name} is not installed")
            continue
        if not wanted.specifier.contains(have, prereleases=True):
            lacking.append(f"{wanted.name} is {have}, wanted {wanted.specifier}")
    if lacking:
        return Checked(
            "libraries", "bad", "; ".join(lacking), "Run: pip install --upgrade evisynth"
        )
    return Checked(
        "libraries", "ok", f"all {count} that Evisynth {metadata.version('evisynth')} needs"
    )


def _optional() -> Iterable[Checked]:
    for module, extra, purpose in OPTIONAL:
        if find_spec(module) is None:
            words = f"not installed ({purpose})"
            yield Checked(module, "ok", words, f"If you want it: pip install 'evisynth[{extra}]'")
        else:
            yield Checked(module, "ok", f"installed ({purpose})")


def _fonts() -> Checked:
    from importlib.resources import files

    there = [each.name for each in files("evisynth.figures").joinpath("fonts").iterdir()
             if each.name.endswith((".ttf", ".otf"))]  # fmt: skip
    if not there:
        return Checked("fonts", "bad", "the fonts of the figures are missing",
                       "Install Evisynth again")  # fmt: skip
    return Checked("fonts", "ok", f"{len(there)} fonts for figures, shipped with Evisynth")


def _documents() -> Checked:
    try:
        importlib.import_module("weasyprint")
    except (ImportError, OSError) as error:
        hint = "Install Pango (Debian, Ubuntu: apt install libpango-1.0-0 libpangoft2-1.0-0)"
        first = (str(error).splitlines() or [""])[0]
        return Checked("PDF", "bad", f"documents cannot be made as PDF: {first}", hint)
    return Checked("PDF", "ok", "documents can be made as PDF")


def disk_check(folder: Path) -> Checked:
    """Look at the room that is left on the disk of a folder."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    words = f"{free / 1e9:.1f} GB free at {place}"
    state: CheckState = "ok" if free >= ROOM_WARNING else "warning" if free >= ROOM_BAD else "bad"
    return Checked("disk", state, words, "" if state == "ok" else "Make room")


def backup_check(folder: Path, *, days: float, hint: str) -> Checked:
    """Look at the age of the newest backup in a folder."""
    files = [path for path in folder.glob("*") if path.suffix in (".db", ".dump")]
    if not files:
        return Checked("backup", "warning", f"there is none in {folder}", hint)
    age = (time.time() - max(path.stat().st_mtime for path in files)) / DAY
    words = f"the newest in {folder} is {age:.1f} days old"
    return Checked("backup", "ok" if age <= days else "warning", words, "" if age <= days else hint)


def _folder(folder: Path) -> Iterable[Checked]:
    from evisynth.storage import DATABASE_FILE

    if not (folder / "review.toml").is_file():
        hint = "Give the folder of a review; 'evisynth new FOLDER' makes one"
        yield Checked("review", "warning", f"{folder} has no review.toml", hint)
        return
    yield Checked("review", "ok", f"{folder} is the folder of a review")
    place = folder / DATABASE_FILE
    if not place.is_file():
        yield Checked("database", "ok", "none yet; 'evisynth serve' makes it from the folder")
        return
    yield from _sqlite(place)
    yield backup_check(place.parent / "backups", days=7, hint=f"Make one: evisynth backup {folder}")


def _sqlite(place: Path) -> Iterable[Checked]:
    from evisynth.storage import connect, pending_migrations

    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        yield Checked("SQLite", "bad", f"{sqlite3.sqlite_version} is too old",
                      "Install Python with a newer SQLite")  # fmt: skip
    try:
        with closing(sqlite3.connect(f"{place.absolute().as_uri()}?mode=ro", uri=True)) as database:
            answer = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        answer = str(error)
    if answer != "ok":
        yield Checked("database", "bad", f"{place} is damaged: {answer}",
                      "Restore a backup: evisynth restore FILE NEW-PLACE")  # fmt: skip
        return
    try:
        pending, _there = pending_migrations(connect(place))
    except EvisynthError as error:
        yield Checked("database", "bad", str(error))
        return
    words = f"{place}, SQLite {sqlite3.sqlite_version}"
    if pending:
        words += f"; {len(pending)} migrations are made, after a backup, when it is opened"
    yield Checked("database", "ok", words)
