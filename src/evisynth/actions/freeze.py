"""Write the text form of a review from its database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evisynth.actions.store import database_place, freeze_into, open_store

__all__ = ["FrozenReview", "freeze_review"]


@dataclass(frozen=True, slots=True)
class FrozenReview:
    """What was written.

    Attributes
    ----------
    folder : Path
        The folder.
    database : str
        Where it came from, without a password.
    entries : int
        Entries in the history.
    written, removed, copied : tuple of str
        Files written anew, removed because they hold nothing any more, and taken over as they are.
    """

    folder: Path
    database: str
    entries: int
    written: tuple[str, ...]
    removed: tuple[str, ...]
    copied: tuple[str, ...]


def freeze_review(
    folder: Path | str = Path(),
    *,
    database: str = "",
    into: Path | str | None = None,
    review: str = "",
) -> FrozenReview:
    """Write the database's state as text: the same state gives the same bytes.

    Parameters
    ----------
    folder
        Folder of the review.
    database
        Address of its database; the file in the folder if empty.
    into
        Another folder to write to; a complete copy is made there.
    review
        Name of the review, where the database holds several.

    Raises
    ------
    InputError
        The folder was edited and not read in, or a file is missing. Nothing was written.
    """
    folder = Path(folder)
    target = folder if into is None else Path(into)
    with open_store(database_place(folder, database), review=review, create=False) as store:
        made = freeze_into(store, target, files=folder)
        return FrozenReview(
            target, store.place, made.entries, made.written, made.removed, made.copied
        )
