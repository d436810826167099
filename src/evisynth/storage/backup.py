"""Backups of a database while people work in it."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evisynth.errors import SetupError
from evisynth.storage.errors import refused
from evisynth.storage.setup import connect

__all__ = [
    "backup_before_migration", "backup_database", "need_program", "postgresql_options",
    "run_program",
]  # fmt: skip

_PACKAGE = "postgresql-client (Debian, Ubuntu: apt install postgresql-client)"
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/*/bin")


def find_program(name: str) -> str | None:
    """Return the path of one of PostgreSQL's programs, the newest where there are several."""
    found = shutil.which(name)
    if found:
        return found
    there = [path for place in _PLACES for path in Path("/").glob(f"{place[1:]}/{name}")]
    numbered = sorted(there, key=lambda path: [int(part) for part in path.parts if part.isdigit()])
    return str(numbered[-1]) if numbered else None


def need_program(name: str, way_out: str) -> str:
    """Return the path of one of PostgreSQL's programs; a `SetupError` where it is not installed."""
    program = find_program(name)
    if program is None:
        raise SetupError(
            f"{name} was not found, without it PostgreSQL cannot be backed up or restored."
            f" Install {_PACKAGE}. {way_out}"
        )
    return program


def postgresql_options(settings: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Return the options and environment that lead PostgreSQL's programs to a database."""
    options = [f"--dbname={settings['NAME']}", "--no-password"]
    for option, key in (("host", "HOST"), ("port", "PORT"), ("username", "USER")):
        if settings[key]:
            options.append(f"--{option}={settings[key]}")
    environment = dict(os.environ)
    if settings["PASSWORD"]:
        environment["PGPASSWORD"] = settings["PASSWORD"]
    return options, environment


def backup_database(place: str | Path, target: Path) -> Path:
    """Write a backup of a database while people work in it.

    Parameters
    ----------
    place
        Address of the database.
    target
        File to write; it must not be there. SQLite gives a database file, PostgreSQL an archive of
        ``pg_dump``.

    Raises
    ------
    SetupError
        ``pg_dump`` is not installed.
    StoreError
        The target is there already, or the database cannot be read.
    """
    return _backup(connect(place), Path(target))


def _backup(alias: str, target: Path) -> Path:
    from django.db import connections

    settings = connections.databases[alias]
    if target.exists():
        raise refused(str(target), "is there already", "Give another file; nothing was written")
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        if settings["ENGINE"].endswith("sqlite3"):
            _copy_sqlite(Path(settings["NAME"]), new)
        else:
            _dump(settings, new)
        # nobody else's backup is written over; a link is made whole or not at all
        os.link(new, target)
    finally:
        new.unlink(missing_ok=True)
    return target


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.is_file():
        raise refused(str(source), "there is no such database")
    with (
        closing(sqlite3.connect(source, timeout=30)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)
        # one file, without the side files of the write-ahead log
        new.execute("PRAGMA journal_mode=DELETE")


def _dump(settings: dict[str, Any], target: Path) -> None:
    program = need_program(
        "pg_dump",
        "Or write the review as text with `evisynth freeze`, which is a complete copy as well",
    )
    options, environment = postgresql_options(settings)
    run_program(
        [program, *options, "--format=custom", f"--file={target}"], environment, "the backup"
    )


def run_program(command: list[str], environment: dict[str, str], what: str) -> None:
    """Run a program; when it fails, its first line of complaint is the error."""
    done = subprocess.run(  # noqa: S603 - a program of PostgreSQL with options of ours
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise refused("PostgreSQL", f"{what} failed: {lines[0]}")


def backup_before_migration(alias: str, folder: Path | None) -> Path:
    """Write the backup that comes before a migration, and return where it is."""
    from django.db import connections

    settings = connections.databases[alias]
    sqlite = settings["ENGINE"].endswith("sqlite3")
    if folder is None:
        own = Path(os.environ.get("EVISYNTH_BACKUPS", "")) if not sqlite else None
        if sqlite:
            folder = Path(settings["NAME"]).parent / "backups"
        else:
            folder = own if own and own.parts else Path.home() / ".local/share/evisynth/backups"
    stamp = datetime.now(tz=UTC).strftime("%Y%m%dT%H%M%SZ")
    name = Path(settings["NAME"]).stem if sqlite else settings["NAME"]
    ending = "db" if sqlite else "dump"
    target = folder / f"{name}-{stamp}.{ending}"
    number = 1
    while target.exists():
        number += 1
        target = folder / f"{name}-{stamp}-{number}.{ending}"
    try:
        return _backup(alias, target)
    except SetupError as error:
        raise SetupError(
            f"{error}. The database wants a migration, and none is made without a backup: make one"
            " by your own means and open it with --no-backup"
        ) from error
