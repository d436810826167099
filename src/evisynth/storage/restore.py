"""Restoring a backup into a new place; it counts only after it was checked."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from evisynth.storage.backup import need_program, postgresql_options, run_program
from evisynth.storage.errors import refused
from evisynth.storage.schema import bring_up_to_date
from evisynth.storage.setup import connect, database_settings, place_shown
from evisynth.storage.store import Store

__all__ = ["restore_database"]


def restore_database(backup: Path, place: str | Path, check: Callable[[Store], None]) -> None:
    """Restore a backup into a new place; it counts only after it was checked.

    Parameters
    ----------
    backup
        The file.
    place
        A file that is not there yet, or the address of an empty PostgreSQL database.
    check
        Called with each review in it; what it raises undoes the restoring.

    Raises
    ------
    StoreError
        The backup is none, the place is not empty, or the check failed.
    """
    backup = Path(backup)
    if not backup.is_file():
        raise refused(str(backup), "there is no such file")
    settings = database_settings(place)
    with backup.open("rb") as file:
        start = file.read(16)
    is_sqlite = start == b"SQLite format 3\0"
    if not is_sqlite and not start.startswith(b"PGDMP"):
        raise refused(str(backup), "is no backup that Evisynth wrote")
    if is_sqlite != settings["ENGINE"].endswith("sqlite3"):
        kind = "an SQLite file" if is_sqlite else "a PostgreSQL database"
        raise refused(
            place_shown(place),
            f"the backup is of {kind}, the place is not",
            "To change the database, use `evisynth freeze` and `evisynth thaw`",
        )
    if is_sqlite:
        _restore_sqlite(backup, Path(settings["NAME"]), check)
    else:
        _restore_postgresql(backup, place, settings, check)


def _restore_sqlite(backup: Path, target: Path, check: Callable[[Store], None]) -> None:
    if target.exists():
        raise refused(str(target), "is there already", "Restore into a new file; move it later")
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        shutil.copyfile(backup, new)
        try:
            with closing(sqlite3.connect(new)) as database:
                problem = database.execute("PRAGMA integrity_check").fetchone()[0]
        except sqlite3.DatabaseError as error:
            problem = str(error)
        if problem != "ok":
            raise refused(str(backup), f"the backup is damaged: {problem}")
        _check_all(str(new), check)
        for side in ("-wal", "-shm"):
            Path(f"{new}{side}").unlink(missing_ok=True)
        os.link(new, target)
    finally:
        for path in (new, Path(f"{new}-wal"), Path(f"{new}-shm")):
            path.unlink(missing_ok=True)


def _restore_postgresql(
    backup: Path, place: str | Path, settings: dict[str, Any], check: Callable[[Store], None]
) -> None:
    from django.db import connections

    program = need_program("pg_restore", "Then restore again")
    alias = connect(place)
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'v', 'S')"
        )
        if cursor.fetchone()[0]:
            raise refused(
                place_shown(place),
                "the database is not empty",
                "Make a new one (createdb) and restore into that",
            )
    options, environment = postgresql_options(settings)
    try:
        run_program(
            [program, *options, "--no-owner", "--exit-on-error", "--single-transaction",
             str(backup)],
            environment,
            "restoring",
        )  # fmt: skip
        _check_all(place, check)
    except BaseException:
        with suppress(Exception), connections[alias].cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
        raise


def _check_all(place: str | Path, check: Callable[[Store], None]) -> None:
    """Open each review of a restored database and check it; close its connection."""
    from django.db import connections

    alias = connect(place)  # sets Django up, without which there are no models
    from evisynth.storage.models import Review

    try:
        bring_up_to_date(alias, None, create=False)  # the backup itself is the backup
        for name in list(Review.objects.using(alias).values_list("name", flat=True)):
            check(Store.open(place, review=name, create=False))
    finally:
        connections[alias].close()
