"""Deleting a review on one's own machine: it is moved to a trash beside it, and can be had back."""

from __future__ import annotations

import shutil
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from evisynth.actions.store import freeze_into
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError, today
from evisynth.errors import InputError

__all__ = [
    "Trashed", "empty_trash", "find_in_trash", "move_to_trash", "note_restored",
    "restore_from_trash",
]  # fmt: skip

TRASH = ".evisynth-trash"
DAYS = 30
"""Days of grace."""

MARK = ("review", "deleted")


@dataclass(frozen=True, slots=True)
class Trashed:
    """A review that was deleted and can be had back.

    Attributes
    ----------
    place : Path
        Where it lies now.
    folder : Path
        Where it was.
    title, by, at, until, reason : str
        What it is called, who deleted it and when, until which day it is kept, and why.
    """

    place: Path
    folder: Path
    title: str
    by: str
    at: str
    until: str
    reason: str

    @property
    def note(self) -> Path:
        """The note that lies beside it."""
        return self.place.with_name(f"{self.place.name}.toml")


def _write_note(made: Trashed) -> None:
    import tomlkit

    document = tomlkit.document()
    document.add(
        tomlkit.comment("A review that was deleted in Evisynth; it lies beside this note.")
    )
    document.add(
        tomlkit.comment(f"To have it back until {made.until}: the page that deleted it, or")
    )
    document.add(tomlkit.comment("move the folder back to where it was. After that day it may go."))
    for name in ("title", "by", "at", "until", "reason"):
        document.add(name, getattr(made, name))
    document.add("folder", str(made.folder))
    made.note.write_text(tomlkit.dumps(document), encoding="utf-8")


def _read_note(path: Path) -> Trashed | None:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        date.fromisoformat(data["until"])
        return Trashed(
            path.with_suffix(""), Path(data["folder"]),
            *(str(data[name]) for name in ("title", "by", "at", "until", "reason")),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _trashed(root: Path) -> list[Trashed]:
    found = [_read_note(path) for path in root.glob("*.toml")] if root.is_dir() else []
    there = [made for made in found if made is not None and made.place.is_dir()]
    return sorted(there, key=lambda made: made.at, reverse=True)


def find_in_trash(folder: Path) -> Trashed | None:
    """Return the review that was in a folder and lies in the trash beside it; None if none does."""
    if folder.exists():
        return None
    return next((made for made in _trashed(folder.parent / TRASH) if made.folder == folder), None)


def move_to_trash(desk: Desk, typed: str, *, reason: str = "", confirmed: bool = False) -> Trashed:
    """Delete the review of this machine: its folder moves to a trash beside it, for 30 days.

    Parameters
    ----------
    desk
        An owner.
    typed
        The review's id, typed by the person.
    reason
        Why; kept in the history and in the note.
    confirmed
        That it is meant.

    Raises
    ------
    RefusedError
        Another id was typed, it is not confirmed, or the folder cannot be moved.
    """
    desk.permit("delete")
    if typed.strip() != desk.store.name:
        raise RefusedError(f"type the id of the review, {desk.store.name}, to delete it")
    if not confirmed:
        raise RefusedError("say that the deletion is meant")
    folder = desk.folder.resolve()
    root = folder.parent / TRASH
    head = desk.board.plan.review
    now = datetime.now(tz=UTC)
    made = Trashed(
        root / f"{folder.name}-{now:%Y%m%dT%H%M%S}", folder,
        head.title if head else desk.store.name, desk.person.name, today(),
        (now + timedelta(days=DAYS)).date().isoformat(), reason.strip()[:2000],
    )  # fmt: skip
    empty_trash(folder.parent)
    desk.store.put(
        "setting", MARK, {"value": made.until}, actor=desk.person.id, act="delete the review",
        reason=made.reason,
    )  # fmt: skip
    with suppress(InputError):  # edited by hand: the database goes along and has everything
        freeze_into(desk.store, folder)
    desk.store.close()
    try:
        root.mkdir(exist_ok=True)
        _write_note(made)
        folder.rename(made.place)
    except OSError as error:
        made.note.unlink(missing_ok=True)
        desk.store.put(
            "setting", MARK, None, actor=desk.person.id, act="keep the review",
            reason="the folder could not be moved",
        )  # fmt: skip
        raise RefusedError(
            f"the folder cannot be moved to {root}: {error.strerror or error}. End Evisynth and"
            " move the folder yourself"
        ) from error
    return made


def restore_from_trash(folder: Path) -> Trashed:
    """Move a deleted review back to where it was.

    Raises
    ------
    NotThereError
        None of that folder lies in the trash.
    RefusedError
        It cannot be moved.
    """
    made = find_in_trash(folder)
    if made is None:
        raise NotThereError("there is no deleted review to be had back here")
    try:
        made.place.rename(folder)
    except OSError as error:
        raise RefusedError(
            f"the folder cannot be moved back from {made.place}: {error.strerror or error}"
        ) from error
    made.note.unlink(missing_ok=True)
    with suppress(OSError):
        made.place.parent.rmdir()  # only when nothing else lies in it
    return made


def note_restored(desk: Desk) -> None:
    """Note in the history that a deleted review was had back."""
    if MARK in desk.board.values("setting"):
        desk.store.put("setting", MARK, None, actor=desk.person.id, act="have the review back")


def empty_trash(parent: Path, *, day: date | None = None) -> tuple[Path, ...]:
    """Erase the reviews in the trash whose days of grace are over; return where they lay."""
    now = day or datetime.now(tz=UTC).date()
    gone = []
    for made in _trashed(parent / TRASH):
        if date.fromisoformat(made.until) < now:
            shutil.rmtree(made.place, ignore_errors=True)
            made.note.unlink(missing_ok=True)
            gone.append(made.place)
    return tuple(gone)
