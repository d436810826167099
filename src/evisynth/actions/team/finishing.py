"""Work that several people do apart: who has finished, and who may look at the others'."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError, today
from evisynth.extraction import may_see_others
from evisynth.review import Act, may

__all__ = [
    "Piece",
    "StudyReport",
    "finish",
    "finished_people",
    "may_look",
    "reopen",
    "reports_of",
    "study_ids",
]

Work = Literal["extraction", "assessment"]
TRIES = 5
"""How often an act that also writes a shared table is tried again when somebody wrote it first."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of work that people do apart: a form of a study, an instrument of a result."""

    work: Work
    form: str
    study: str
    outcome: str
    needed: int

    def key(self, person: str) -> tuple[str, str, str, str, str]:
        """Return the key under which it is kept that a person has finished."""
        return (self.work, self.form, self.study, self.outcome, person)


@dataclass(frozen=True, slots=True)
class StudyReport:
    """A report of a study: the record behind it."""

    record: str
    title: str
    has_file: bool


def study_ids(board: Board) -> tuple[str, ...]:
    """Return the ids of the studies, sorted."""
    return tuple(sorted(key[0] for key in board.values("study")))


def reports_of(desk: Desk, study: str) -> tuple[StudyReport, ...]:
    """Return the reports of a study, the main one first.

    Raises
    ------
    NotThereError
        There is no such study.
    """
    from evisynth.storage import list_records

    board = desk.board
    value = board.values("study").get((study,))
    if value is None:
        raise NotThereError(f"there is no study {study!r}")
    ids = [part.strip() for part in str(value.get("record_ids", "")).split(";") if part.strip()]
    main = str(value.get("main_report", ""))
    ids.sort(key=lambda record: record != main)
    lines = list_records(desk.store, ids=ids, size=max(len(ids), 1)).lines if ids else ()
    with_file = {key[0] for key in board.values("attachment")}
    return tuple(StudyReport(line.id, line.title, line.id in with_file) for line in lines)


def finished_people(board: Board, piece: Piece) -> frozenset[str]:
    """Return who has finished a piece of work; not for the eyes of those who have not."""
    start = piece.key("")[:4]
    return frozenset(key[4] for key in board.values("finished") if key[:4] == start)


def may_look(desk: Desk, board: Board, piece: Piece, *, own: bool) -> bool:
    """Tell whether this person may see others' work on a piece.

    Those who settle it, and those who did it, once as many as needed have finished.
    """
    act: Act = "agree on extraction" if piece.work == "extraction" else "agree on assessment"
    if not may(desk.person, act) and not may(desk.person, "history"):
        return False
    done = finished_people(board, piece)
    return may_see_others(desk.person.id, piece.needed, done, own)


def finish(desk: Desk, piece: Piece, *, request_id: str = "") -> None:
    """Note that this person has finished; once noted, again changes nothing."""
    if desk.person.id in finished_people(desk.board, piece):
        return
    desk.store.put(
        "finished", piece.key(desk.person.id), {"date": today()}, actor=desk.person.id,
        act=f"finish {piece.work}", expected_version=None, request_id=request_id or None,
    )  # fmt: skip


def reopen(desk: Desk, piece: Piece, *, request_id: str = "") -> None:
    """Go on with what was finished; not once as many as needed have finished.

    Raises
    ------
    RefusedError
        The others have finished too: what they did may have been seen.
    """
    done = finished_people(desk.board, piece)
    if desk.person.id not in done:
        return
    if len(done) >= piece.needed > 1:
        raise RefusedError(
            "all have finished, and what the others did can be seen: change it together, in the"
            " consensus"
        )
    desk.store.put(
        "finished", piece.key(desk.person.id), None, actor=desk.person.id,
        act=f"reopen {piece.work}", request_id=request_id or None,
    )  # fmt: skip
