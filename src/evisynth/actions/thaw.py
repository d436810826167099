"""Read the folder of a review into its database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evisynth.actions.store import database_place, open_store, thaw_from

if TYPE_CHECKING:
    from evisynth.storage import Store

__all__ = ["EditedItem", "ThawedReview", "thaw_review"]


@dataclass(frozen=True, slots=True)
class EditedItem:
    """Something that stood in a file and in no history: its kind, key, and what was done to it."""

    kind: str
    key: tuple[str, ...]
    what: str


@dataclass(frozen=True, slots=True)
class ThawedReview:
    """What was read.

    Attributes
    ----------
    folder : Path
        The folder.
    database : str
        Where it went, without a password.
    entries : int
        Entries taken over from the folder's history.
    first : bool
        Whether the folder had no history yet.
    read : int
        Items read from files into the history.
    edited : tuple of EditedItem
        Those of them that were edited by hand in a folder with a history.
    migrated : tuple of str
        Migrations that the database got.
    warnings : tuple of str
        What a person should look at.
    """

    folder: Path
    database: str
    entries: int
    first: bool
    read: int
    edited: tuple[EditedItem, ...]
    migrated: tuple[str, ...]
    warnings: tuple[str, ...]


def _name(store: Store) -> None:
    """Give a review without a name in its database the id that the plan has."""
    from evisynth.actions.store_states import plan_of
    from evisynth.review import PLAN_FILE

    plan = plan_of(str((store.get("plan", (PLAN_FILE,)).value or {}).get("text", "")))
    if plan.review is not None:
        store.give_name(plan.review.id)


def thaw_review(
    folder: Path | str = Path(),
    *,
    database: str = "",
    review: str = "",
    actor: str = "folder",
    backup: bool = True,
) -> ThawedReview:
    """Read a folder into the database; what was edited by hand becomes entries of the history.

    Parameters
    ----------
    folder
        Folder of the review.
    database
        Address of the database; the file in the folder if empty. It is made when it is not there.
    review
        Name of the review, where the database holds several.
    actor
        Who stands in the history for what was edited.
    backup
        Whether to make a backup before a migration.

    Raises
    ------
    InputError
        The history is broken (the message names the line), or a file cannot be read.
    VersionConflict
        A row was edited in the folder and in the database.
    """
    folder = Path(folder)
    with open_store(database_place(folder, database), review=review, backup=backup) as store:
        read = thaw_from(store, folder, actor=actor)
        if not review:
            _name(store)
        edited = () if read.first else tuple(
            EditedItem(
                change.kind,
                change.key,
                "added" if change.before is None else "removed" if change.after is None
                else "changed",
            )
            for change in read.changes
        )  # fmt: skip
        return ThawedReview(
            folder, store.place, read.entries, read.first, len(read.changes), edited,
            store.migrated, read.warnings,
        )  # fmt: skip
