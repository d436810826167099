"""The schema of a database: made when new, brought up to date, refused when newer."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from evisynth.storage.errors import NewerSchemaError, refused
from evisynth.storage.setup import APP, program_version

if TYPE_CHECKING:
    from django.db.migrations.executor import MigrationExecutor

__all__ = ["bring_up_to_date", "pending_migrations"]

OURS = (APP, "evisynth_accounts")
"""Applications whose migrations this version must know."""

_LOCK = 0x65766973
"""Number of PostgreSQL's advisory lock that one migrating process holds."""


def _executor(alias: str) -> MigrationExecutor:
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    return MigrationExecutor(connections[alias])


def pending_migrations(
    alias: str, apps: Collection[str] | None = (APP,)
) -> tuple[tuple[str, ...], bool]:
    """Return the migrations that a database lacks, and whether it has any tables of ours.

    Parameters
    ----------
    alias
        Its connection.
    apps
        Applications that are looked at; None for all that are installed.

    Raises
    ------
    NewerSchemaError
        The database has migrations that this version does not know.
    """
    executor = _executor(alias)
    looked_at = OURS if apps is None else apps
    known = {key for key in executor.loader.disk_migrations if key[0] in looked_at}
    applied = {key for key in executor.loader.applied_migrations if key[0] in looked_at}
    newer = sorted(name for _, name in applied - known)
    if newer:
        raise NewerSchemaError(
            f"the database was made by a newer Evisynth (it has {', '.join(newer)}; this is"
            f" {program_version()}); nothing was changed. Install that version, or open a backup or"
            " the folder that this version wrote"
        )
    plan = executor.migration_plan(_targets(executor, apps))
    names = (migration.name for migration, _ in plan if apps is None or migration.app_label in apps)
    return tuple(names), bool(applied)


def _targets(executor: MigrationExecutor, apps: Collection[str] | None) -> list[tuple[str, str]]:
    """Return the last migrations of some applications."""
    return [
        (app, name)
        for app, name in executor.loader.graph.leaf_nodes()
        if apps is None or app in apps
    ]


def bring_up_to_date(
    alias: str,
    backup: Callable[[], object] | None,
    *,
    create: bool = True,
    apps: Collection[str] | None = (APP,),
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
    apps
        Applications whose tables these are; None for all that are installed.

    Returns
    -------
    tuple of str
        Migrations applied.
    """
    pending, there = pending_migrations(alias, apps)
    if not pending:
        return ()
    if not there and not create:
        raise refused(
            "database", "there is no review in it", "Read a folder in with `evisynth thaw`"
        )
    if there and backup is not None:
        backup()
    _migrate(alias, apps)
    return pending


def _migrate(alias: str, apps: Collection[str] | None) -> None:
    """Migrate; of several processes that open one database, one does it and the others wait."""
    from django.db import DatabaseError, connections

    connection = connections[alias]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            _apply(alias, apps)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
        return
    for left in range(20, -1, -1):
        try:
            _apply(alias, apps)
            return
        except DatabaseError:
            # another process was a moment faster; when it has ended nothing is pending
            if not left:
                raise
            time.sleep(0.1)


def _apply(alias: str, apps: Collection[str] | None) -> None:
    executor = _executor(alias)
    targets = _targets(executor, apps)
    if executor.migration_plan(targets):
        executor.migrate(targets)
