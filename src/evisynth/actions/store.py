"""Opening the database of a review, with the states of records computed in each act."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from evisynth.actions.output import locked
from evisynth.errors import InputError, Problem

if TYPE_CHECKING:
    from evisynth.storage import FreezeResult, Store, ThawResult

__all__ = [
    "database_place", "freeze_into", "open_store", "thaw_from", "worked_in_folder",
]  # fmt: skip

WORK = ".evisynth"
LOCK = f"{WORK}/run.lock"


def database_place(folder: Path | str, database: str = "") -> str:
    """Return the address of a review's database: the one given, or the file in its folder."""
    from evisynth.storage import DATABASE_FILE

    return database or str(Path(folder) / DATABASE_FILE)


def open_store(
    place: Path | str,
    *,
    review: str = "",
    create: bool = True,
    backup: bool = True,
    clock: Callable[[], str] | None = None,
) -> Store:
    """Open the database of a review.

    Parameters
    ----------
    place
        Folder of a review (its embedded database), an SQLite file, or ``postgresql://...``.
    review
        Name of the review, where the database holds several.
    create
        Whether to make what is not there.
    backup
        Whether to make a backup before a migration.
    clock
        Gives the time of entries; the machine's if None.

    Raises
    ------
    StoreError
        The database is not there or cannot be used.
    NewerSchemaError
        A newer Evisynth made it.
    """
    from evisynth.actions.store_states import recompute_states
    from evisynth.storage import Store, utc_now

    text = str(place)
    if "://" not in text and Path(text).is_dir():
        place = database_place(text)
    return Store.open(
        place,
        review=review,
        create=create,
        hooks=(recompute_states,),
        backup=backup,
        clock=clock or utc_now,
    )


def freeze_into(store: Store, folder: Path, *, files: Path | None = None) -> FreezeResult:
    """Write the text form of an open review into a folder."""
    from evisynth.storage import freeze

    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / WORK, LOCK):
        return freeze(store, folder, files=files)


def thaw_from(store: Store, folder: Path, *, actor: str = "folder") -> ThawResult:
    """Read a folder into an open review, and its records and where they stand anew."""
    from evisynth.actions.store_states import refresh_states
    from evisynth.review import read_searches
    from evisynth.storage import replace_records, thaw

    if not (folder / "review.toml").is_file():
        raise InputError(
            Problem(str(folder), "", "the folder has no review.toml",
                    hint="Give the folder of a review; 'evisynth new FOLDER' makes one")
        )  # fmt: skip
    with locked(folder / WORK, LOCK):
        read = thaw(folder, store, actor=actor)
        problems: list[Problem] = []
        _, records = read_searches(folder, problems, [])
        if problems:
            raise InputError(problems)
        replace_records(store, records)
        refresh_states(store)
    return read


@contextmanager
def worked_in_folder(store: Store, folder: Path, *, actor: str) -> Iterator[Path]:
    """Let an act that works on files (an import, deduplication) work on the folder as it is now.

    The state is frozen before and what the act wrote is read in after, in the name of ``actor``.
    """
    freeze_into(store, folder)
    yield folder
    thaw_from(store, folder, actor=actor)
