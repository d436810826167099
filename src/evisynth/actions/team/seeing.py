"""What a person may see of what others decided: the rules of blinding, applied to the board."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk
from evisynth.review import viewer_of
from evisynth.screening import (
    Decision,
    Progress,
    RecordState,
    Remark,
    Stage,
    StageName,
    Unblinding,
    sees,
    visible,
    visible_remarks,
    visible_states,
)

__all__ = [
    "DATA_STAGE",
    "SeenStage",
    "progress_of",
    "seen_notes",
    "seen_record",
    "seen_states",
    "seen_tags",
    "seen_votes",
    "stage_status",
    "unblindings",
]

REMARK = Literal["note", "tag", "highlight"]

DATA_STAGE = "data"
"""What a note on a report says instead of a stage once the report is assessed: it may tell of
values, and others see it when they see the values (`evisynth.actions.team.page_notes`)."""


@dataclass(frozen=True, slots=True)
class SeenStage:
    """One record at one stage as a person may see it.

    Attributes
    ----------
    stage : Stage
        Its rules.
    state : RecordState
        Where the record stands; ``open`` while decisions are missing, whatever was decided.
    own : Decision or None
        The person's own standing decision.
    votes : tuple of Decision
        Own ones and those of others that may be seen, others under pseudonyms.
    opened : bool
        Whether others' decisions may be seen.
    """

    stage: Stage
    state: RecordState
    own: Decision | None
    votes: tuple[Decision, ...]
    opened: bool


def unblindings(board: Board) -> tuple[Unblinding, ...]:
    """Return the events by which stages or records were opened."""
    found = []
    for value in board.values("unblinding").values():
        records = tuple(part for part in str(value.get("records", "")).split(";") if part)
        found.append(
            Unblinding(
                cast("StageName", str(value.get("stage", ""))),
                str(value.get("by", "")),
                str(value.get("at", "")),
                str(value.get("reason", "")),
                records,
            )
        )
    return tuple(found)


def seen_votes(
    desk: Desk, stage: Stage, record: str, *, board: Board | None = None
) -> tuple[Decision, ...]:
    """Return the decisions on a record that a person may see, their own first."""
    known = board or desk.board
    return visible(
        known.votes(stage.name, record),
        viewer_of(desk.person),
        stage,
        asked={(record, stage.name): known.asked(stage.name, record)},
        ignored=known.ignored,
        unblinded=unblindings(known),
    )


def seen_states(
    desk: Desk, stage: Stage, records: Iterable[str] | None = None, *, board: Board | None = None
) -> dict[str, RecordState]:
    """Return where records stand, as far as a person may know.

    Parameters
    ----------
    desk, stage
        Who looks, and the stage.
    records
        Only these; all if None. Those that have not come to the stage are left out.
    board
        The board, where the caller has it at hand.
    """
    known = board or desk.board
    events = unblindings(known)
    viewer = viewer_of(desk.person)
    every = known.states(stage.name) if records is None else None
    if every is None:
        every = {
            record: state
            for record in records or ()
            if (state := known.state(stage.name, record)) is not None
        }
    # Nothing but the own vote tells open records apart; the others need no second look.
    found: dict[str, RecordState] = {}
    for record, state in every.items():
        if state.waiting != "votes":
            found[record] = state
            continue
        found |= visible_states(
            {(record, stage.name): state},
            known.votes(stage.name, record),
            viewer,
            stage,
            asked={(record, stage.name): known.asked(stage.name, record)},
            ignored=known.ignored,
            unblinded=events,
        )
    return found


def _opened(
    desk: Desk, board: Board, stage: Stage, record: str, events: tuple[Unblinding, ...]
) -> bool:
    return sees(
        viewer_of(desk.person),
        stage,
        board.votes(stage.name, record),
        record=record,
        asked=board.asked(stage.name, record),
        ignored=board.ignored,
        unblinded=events,
    )


def own_vote(board: Board, stage: StageName, record: str, person: str) -> Decision | None:
    """Return a person's own standing vote: as changed in a discussion, else the independent one."""
    mine = {
        made.role: made
        for made in board.votes(stage, record)
        if made.reviewer == person and made.role in ("reviewer", "discussion")
    }
    return mine.get("discussion") or mine.get("reviewer")


def seen_record(desk: Desk, record: str) -> tuple[SeenStage, ...]:
    """Return the stages that a record has come to, as a person may see them."""
    board = desk.board
    events = unblindings(board)
    found = []
    for stage in board.plan.stages or ():
        states = seen_states(desk, stage, [record], board=board)
        if record not in states:
            continue
        found.append(
            SeenStage(
                stage,
                states[record],
                own_vote(board, stage.name, record, desk.person.id),
                seen_votes(desk, stage, record, board=board),
                _opened(desk, board, stage, record, events),
            )
        )
    return tuple(found)


def seen_tags(desk: Desk, record: str) -> tuple[Remark, ...]:
    """Return the tags of a record: the own ones, and others' once every stage lies open.

    A tag says nothing of the stage at which it was given, so that those of others show only when
    nothing that this person may still decide could follow from them.
    """
    board = desk.board
    tags = [(key[1], key[2]) for key in board.values("tag") if key[0] == record]
    return _remarks(desk, board, record, "", "tag", tags)


def seen_notes(desk: Desk, record: str) -> tuple[Remark, ...]:
    """Return the notes on a record that a person may see: by stage as decisions are seen.

    A note that names no stage is seen as a tag is.
    """
    board = desk.board
    by_stage: dict[str, list[tuple[str, str]]] = {}
    for key, value in board.values("note").items():
        if key[0] == record:
            stage = str(value.get("stage", ""))
            text = str(value.get("text") or value.get("quote") or "")
            by_stage.setdefault(stage, []).append((key[1], text))
    return tuple(
        made
        for stage, given in sorted(by_stage.items())
        for made in _remarks(desk, board, record, stage, "note", given)
    )


def _remarks(
    desk: Desk, board: Board, record: str, stage: str, kind: REMARK, given: list[tuple[str, str]]
) -> tuple[Remark, ...]:
    """Return the remarks that a person may see, of (person, text); stage empty: of no stage."""
    come = [made for made in board.plan.stages or () if board.state(made.name, record)]
    events = unblindings(board)
    shown = [made for made in come if made.name == stage] if stage else come
    opened = bool(shown) and all(_opened(desk, board, made, record, events) for made in shown)
    kept = [(who, text) for who, text in given if opened or who == desk.person.id]
    if not shown:
        name = "full_text" if stage == "full_text" else "title_abstract"
        return tuple(Remark(record, cast("StageName", name), who, kind, text) for who, text in kept)
    last = shown[-1]
    return visible_remarks(
        [Remark(record, last.name, who, kind, text) for who, text in kept],
        board.votes(last.name, record),
        viewer_of(desk.person),
        last,
        asked={(record, last.name): board.asked(last.name, record)},
        ignored=board.ignored,
        unblinded=events,
    )


def progress_of(desk: Desk, stage: Stage) -> tuple[Progress, ...]:
    """Return how many records each person of a stage has decided on, and how many wait."""
    board = desk.board
    return tuple(
        Progress(who, *board.counts(stage.name, who)) for who in sorted(board.voters_of(stage))
    )


def stage_status(desk: Desk, stage: Stage) -> dict[str, int]:
    """Count the records of a stage by where they stand, as far as this person may know."""
    counts = dict.fromkeys(("open", "conflict", "included", "excluded"), 0)
    for state in seen_states(desk, stage).values():
        counts[state.status] += 1
    return counts
