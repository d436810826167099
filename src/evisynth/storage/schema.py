"""The schema of a database: made when new, brought up to date, refused when newer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from evisynth.storage.errors import NewerSchemaError, refused
from evisynth.storage.setup import APP, program_version

if TYPE_CHECKING:
    from django.db.migrations.executor import MigrationExecutor

__all__ = ["bring_up_to_date", "pending_migrations"]

_LOCK = 0x65766973
"""Number of PostgreSQL's advisory lock that one migrating process holds."""


def _executor(alias: str) -> MigrationExecutor:
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    return MigrationExecutor(connections[alias])


def pending_migrations(alias: str) -> tuple[tuple[str, ...], bool]:
    """Return the migrations that a database lacks, and whether it has any tables of ours.

    Raises
    ------
    NewerSchemaError
        The database has migrations that this version does not know.
    """
    executor = _executor(alias)
    known = {name for app, name in executor.loader.disk_migrations if app == APP}
    applied = {name for app, name in executor.loader.applied_migrations if app == APP}
    newer = sorted(applied - known)
    if newer:
        raise NewerSchemaError(
            f"the database was made by a newer Evisynth (it has {', '.join(newer)}; this is"
            f" {program_version()}); nothing was changed. Install that version, or open a backup or"
            " the folder that this version wrote"
        )
    plan = executor.migration_plan(
        [key for key in executor.loader.graph.leaf_nodes() if key[0] == APP]
    )
    return tuple(migration.name for migration, _ in plan if migration.app_label == APP), bool(
        applied
    )


def bring_up_to_date(
    alias: str, backup: Callable[[], object] | None, *, create: bool = True
) -> tuple[str, ...]:
    """Apply the migrations that a database lacks.

    Parameters
    ----------
    alias
        Its connection.
    backup
        Called before tables with something in them are changed; what it raises stops the migration.
        None where the person said that there is a backup.
    create
        Whether to make the tables in a database that has none.

    Returns
    -------
    tuple of str
        Migrations applied.
    """
    pending, there = pending_migrations(alias)
    if not pending:
        return ()
    if not there and not create:
        raise refused(
            "database", "there is no review in it", "Read a folder in with `evisynth thaw`"
        )
    if there and backup is not None:
        backup()
    _migrate(alias)
    return pending


def _migrate(alias: str) -> None:
    """Migrate; of several processes that open one database, one does it and the others wait."""
    from django.db import DatabaseError, connections

    connection = connections[alias]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            _apply(alias)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
        return
    for left in range(20, -1, -1):
        try:
            _apply(alias)
            return
        except DatabaseError:
            # another process was a moment faster; when it has ended nothing is pending
            if not left:
                raise
            time.sleep(0.1)


def _apply(alias: str) -> None:
    executor = _executor(alias)
    targets = [key for key in executor.loader.graph.leaf_nodes() if key[0] == APP]
    if executor.migration_plan(targets):
        executor.migrate(targets)
