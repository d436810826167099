"""Opening what was hidden: said before, asked twice, kept with its reason, never taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError, today
from evisynth.actions.team.seeing import unblindings
from evisynth.review import viewer_of
from evisynth.screening import Stage, Unblinding, voters

__all__ = ["Opening", "Sightline", "plan_unblinding", "sightlines", "unblind"]

SHORTEST, LONGEST, MOST = 10, 2000, 2000


@dataclass(frozen=True, slots=True)
class Sightline:
    """What a group of people sees of others' decisions at a stage now.

    Attributes
    ----------
    stage : Stage
        Its rules.
    own, complete, results : tuple of str
        Names of those who see the decisions of a record once they have voted on it and it has all;
        of any record that has all; and only what records came to.
    waiting : int
        Records that lack decisions, of which nothing is seen.
    opened : bool
        Whether the whole stage lies open: by the plan, or by an event.
    events : tuple of Unblinding
        Events of the stage, the newest first.
    """

    stage: Stage
    own: tuple[str, ...]
    complete: tuple[str, ...]
    results: tuple[str, ...]
    waiting: int
    opened: bool
    events: tuple[Unblinding, ...]


def sightlines(desk: Desk) -> tuple[Sightline, ...]:
    """Say for each stage who sees what of others' decisions now."""
    desk.permit("read")
    board = desk.board
    names = {made.id: made.name for made in board.plan.people}
    by_sight: dict[str, list[str]] = {"own": [], "complete": [], "results": []}
    for person in board.plan.people:
        if person.active:
            by_sight[viewer_of(person).sight].append(person.name)
    events = [
        Unblinding(made.stage, names.get(made.by, made.by), made.at, made.reason, made.records)
        for made in unblindings(board)
    ]
    found = []
    for stage in board.plan.stages or ():
        mine = [made for made in events if made.stage == stage.name]
        found.append(
            Sightline(
                stage,
                tuple(by_sight["own"]),
                tuple(by_sight["complete"]),
                tuple(by_sight["results"]),
                sum(state.waiting == "votes" for state in board.states(stage.name).values()),
                not stage.blind or any(not made.records for made in mine),
                tuple(sorted(mine, key=lambda made: made.at, reverse=True)),
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Opening:
    """What an unblinding would open.

    Attributes
    ----------
    stage : Stage
        Stage.
    records : tuple of str
        The records named; empty: the whole stage.
    hidden : int
        Records with decisions that are hidden now, as others are missing.
    waiting : int
        Records that lack decisions; whoever decides on them afterwards knows the others' decisions.
    people : tuple of str
        Names of those who would see them.
    """

    stage: Stage
    records: tuple[str, ...]
    hidden: int
    waiting: int
    people: tuple[str, ...]


def _records(board: Board, stage: Stage, records: Sequence[str]) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(made.strip() for made in records if made.strip()))
    if len(wanted) > MOST:
        raise RefusedError(f"{len(wanted)} records are too many for one act; name up to {MOST}")
    for made in wanted:
        if board.state(stage.name, made) is None:
            raise NotThereError(f"there is no record {made!r} at {stage.name}")
        if ";" in made:
            raise RefusedError(f"the id {made!r} has a semicolon and cannot be named here")
    return wanted


def plan_unblinding(desk: Desk, stage: str, records: Sequence[str] = ()) -> Opening:
    """Say what an unblinding would open, without doing it.

    Parameters
    ----------
    desk, stage
        An owner or a lead, and the stage.
    records
        Ids; empty: the whole stage.

    Raises
    ------
    RefusedError
        It lies open already.
    """
    desk.permit("unblind")
    rules = desk.stage(stage)
    board = desk.board
    wanted = _records(board, rules, records)
    events = [made for made in unblindings(board) if made.stage == rules.name]
    if not rules.blind or any(not made.records for made in events):
        raise RefusedError(f"the decisions of {rules.name} lie open already")
    before = {record for made in events for record in made.records}
    left = [made for made in wanted if made not in before]
    if wanted and not left:
        raise RefusedError("the decisions on these records lie open already")
    chosen = left or [made for made in board.states(rules.name) if made not in before]
    waiting = [
        made
        for made in chosen
        if (state := board.state(rules.name, made)) is not None and state.waiting == "votes"
    ]
    return Opening(
        rules,
        tuple(left),
        sum(bool(voters(board.votes(rules.name, made))) for made in waiting),
        len(waiting),
        tuple(
            made.name
            for made in board.plan.people
            if made.active and viewer_of(made).sight != "results"
        ),
    )


def unblind(
    desk: Desk,
    stage: str,
    *,
    reason: str,
    records: Sequence[str] = (),
    confirmed: bool = False,
    request_id: str = "",
) -> Opening:
    """Open the decisions of a stage, or on some of its records, before all are made. For good.

    Parameters
    ----------
    desk, stage
        An owner or a lead, and the stage.
    reason
        Why; kept with the event, in the history and in the folder.
    records
        Ids; empty: the whole stage.
    confirmed
        That what it opens was seen, and that it cannot be taken back.
    request_id
        A request that comes twice opens once.

    Raises
    ------
    RefusedError
        No reason, not confirmed, or open already.
    PermissionDeniedError
        To all but owner and lead.
    """
    desk.permit("unblind")
    board = desk.board
    ident = f"{desk.person.id}-{request_id[:40]}" if request_id else f"{desk.person.id}-{today()}"
    if request_id and (ident,) in board.values("unblinding"):
        rules = desk.stage(stage)
        return Opening(rules, tuple(records), 0, 0, ())
    opening = plan_unblinding(desk, stage, records)
    text = reason.strip()
    if len(text) < SHORTEST:
        raise RefusedError(f"say why, in {SHORTEST} letters or more; it is kept with the event")
    if len(text) > LONGEST:
        raise RefusedError(f"the reason is longer than {LONGEST} letters; shorten it")
    if not confirmed:
        raise RefusedError("opening decisions cannot be taken back; confirm that it is meant")
    value: dict[str, object] = {
        "stage": opening.stage.name, "by": desk.person.id, "at": today(), "reason": text,
    }  # fmt: skip
    if opening.records:
        value["records"] = ";".join(opening.records)
    desk.store.put(
        "unblinding", (ident,), value, actor=desk.person.id, act="unblind", reason=text,
        expected_version=0,
    )  # fmt: skip
    return opening
