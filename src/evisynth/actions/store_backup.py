"""Back up the database of a review while people work, and restore a backup after checking it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from evisynth.actions.audit import verify_store
from evisynth.actions.store import database_place
from evisynth.errors import InputError

if TYPE_CHECKING:
    from evisynth.storage import Store

__all__ = ["Backup", "Restored", "backup_review", "restore_review"]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was written: the file, its size in bytes, and the database that it is of."""

    file: Path
    size: int
    database: str


@dataclass(frozen=True, slots=True)
class Restored:
    """A backup that was restored: the place, and each review in it with its number of entries."""

    database: str
    reviews: tuple[tuple[str, int], ...]


def backup_review(
    folder: Path | str = Path(), file: Path | str | None = None, *, database: str = ""
) -> Backup:
    """Write a backup; nobody has to stop working for it.

    Parameters
    ----------
    folder
        Folder of the review.
    file
        File to write; by default a new one in ``.evisynth/backups/``.
    database
        Address of the database; the file in the folder if empty.

    Raises
    ------
    StoreError
        The file is there already, or the database cannot be read.
    SetupError
        ``pg_dump`` is not installed.
    """
    from evisynth.storage import backup_database, place_shown

    place = database_place(folder, database)
    if file is None:
        stamp = datetime.now(tz=UTC).strftime("%Y%m%dT%H%M%S%fZ")
        ending = "dump" if place.startswith("postgres") else "db"
        file = Path(folder) / ".evisynth" / "backups" / f"review-{stamp}.{ending}"
    made = backup_database(place, Path(file))
    return Backup(made, made.stat().st_size, place_shown(place))


def restore_review(file: Path | str, place: Path | str) -> Restored:
    """Restore a backup into a new place; it counts only when its history verifies.

    Parameters
    ----------
    file
        The backup.
    place
        A file that is not there yet, a folder of a review without a database, or the address of an
        empty PostgreSQL database.

    Raises
    ------
    StoreError
        The place is not empty, the file is no backup, or is damaged.
    InputError
        Its history does not verify; the place is left empty.
    """
    from evisynth.storage import place_shown, restore_database

    text = str(place)
    if "://" not in text and Path(text).is_dir():
        text = database_place(text)
    reviews: list[tuple[str, int]] = []

    def check(store: Store) -> None:
        problems = verify_store(store)
        if problems:
            raise InputError(problems)
        reviews.append((store.name, store.head().number))

    restore_database(Path(file), text, check)
    return Restored(place_shown(text), tuple(reviews))
