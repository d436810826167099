"""A person at a review: what every act of the browser application starts from."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from evisynth.actions.team.board import Board
from evisynth.errors import EvisynthError
from evisynth.review import Act, Person, permit
from evisynth.screening import Stage, StageName
from evisynth.storage import Store

__all__ = ["Desk", "NotThereError", "RefusedError", "board_of", "seated", "today"]

MOMENT = 0.2
"""Seconds for which a desk does not ask again."""

_boards: dict[tuple[str, int], Board] = {}
_guard = threading.Lock()


class RefusedError(EvisynthError):
    """An act that the rules do not allow now; the message says why and the way out."""


class NotThereError(EvisynthError):
    """Something that is not there, or not for this person."""


def today() -> str:
    """Return the moment as decisions keep it: UTC, to the second."""
    return datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def board_of(store: Store, folder: Path) -> Board:
    """Return the board of a review, one in this process, caught up with its history."""
    with _guard:
        board = _boards.get((store.alias, store.review))
        if board is None:
            board = _boards[store.alias, store.review] = Board(store, folder)
    return board.refresh()


@dataclass(slots=True)
class _Look:
    """When a desk looked at the history last, and what this process had written by then."""

    at: float = -1.0
    batches: int = -1


@dataclass(frozen=True, slots=True)
class Desk:
    """One person's place at a review.

    Attributes
    ----------
    store, folder
        Of the review.
    person : Person
        Who acts.
    """

    store: Store
    folder: Path
    person: Person
    _look: _Look = field(default_factory=_Look, repr=False, compare=False)

    @property
    def board(self) -> Board:
        """The review as it stands now.

        A desk lives for one request: it asks the store when it is used first, after each act of
        this process, and when a moment has passed.
        """
        board = _boards.get((self.store.alias, self.store.review))
        batches, now = self.store.batches, time.monotonic()
        look = self._look
        if board is not None and look.batches == batches and now - look.at < MOMENT:
            return board
        board = board_of(self.store, self.folder)
        look.at, look.batches = now, batches
        return board

    def permit(self, act: Act, stage: Stage | None = None) -> None:
        """Refuse what this person may not do.

        Raises
        ------
        PermissionDeniedError
            With the act, the person's roles, and the roles that may.
        """
        permit(self.person, act, stage)

    def stage(self, name: str) -> Stage:
        """Return the rules of a stage.

        Raises
        ------
        NotThereError
            The plan has no such stage.
        """
        found = self.board.stage(name)
        if found is None:
            have = ", ".join(stage.name for stage in self.board.plan.stages or ()) or "none"
            raise NotThereError(f"the plan has no stage {name!r}; it has: {have}")
        return found


def seated(store: Store, folder: Path, person: str) -> Desk | None:
    """Return the place of a person of the team, by id; None for anybody else."""
    look = _Look(time.monotonic(), store.batches)
    for made in board_of(store, folder).plan.people:
        if made.id == person:
            return Desk(store, folder, made, look)
    return None


def stage_name(name: str) -> StageName:
    """Return the name of a stage as the rules know it."""
    return "full_text" if name == "full_text" else "title_abstract"
