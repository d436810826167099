"""The pilot round of a stage: drawn, decided on by everybody, judged, and what it holds closed."""

from __future__ import annotations

from dataclasses import dataclass

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, RefusedError, today
from evisynth.review import ItemKey, may
from evisynth.screening import (
    PilotOutcome,
    Stage,
    pilot_assignment,
    pilot_outcome,
    pilot_sample,
)

__all__ = ["Gate", "PilotRound", "close_pilot", "draw_pilot", "pilot_gate", "pilot_rounds"]


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a stage is held closed by its pilot, and for which records it is open.

    Attributes
    ----------
    closed : bool
        Whether only the records of the pilot may be decided on.
    records : tuple of str
        The records of the round that is open.
    words : str
        Why, for whom it stops.
    """

    closed: bool
    records: tuple[str, ...] = ()
    words: str = ""


OPEN = Gate(False)

_outcomes: dict[tuple[str, int, str, int], tuple[object, PilotOutcome]] = {}
"""The last outcome computed of each round, with what it came from: its intervals take a moment."""


@dataclass(frozen=True, slots=True)
class PilotRound:
    """A pilot round as it was drawn, with those who take part and what it came to.

    ``kept`` says whether its result is kept with the round already.
    """

    stage: Stage
    number: int
    records: tuple[str, ...]
    people: tuple[str, ...]
    outcome: PilotOutcome
    kept: bool


def _drawn(board: Board, stage: Stage) -> list[tuple[int, ItemKey, tuple[str, ...], str]]:
    """Return the rounds of a stage: number, key, records, and the status kept."""
    found = []
    for key, value in board.values("pilot").items():
        if key[0] == stage.name and key[1].isdigit():
            records = tuple(part for part in str(value.get("records", "")).split(";") if part)
            found.append((int(key[1]), key, records, str(value.get("status", ""))))
    return sorted(found)


def _people(board: Board, stage: Stage, records: tuple[str, ...]) -> tuple[str, ...]:
    """Return those who take part: everybody asked who is not left out of the counting."""
    asked = {who for record in records for who in board.asked(stage.name, record)}
    return tuple(sorted(asked - board.ignored))


def _round(
    board: Board, stage: Stage, drawn: tuple[int, ItemKey, tuple[str, ...], str]
) -> PilotRound:
    number, _, records, status = drawn
    people = _people(board, stage, records)
    votes = tuple(made for record in records for made in board.votes(stage.name, record))
    place = (board.store.alias, board.store.review, stage.name, number)
    facts = (stage, records, people, votes)
    there = _outcomes.get(place)
    if there is None or there[0] != facts:
        there = _outcomes[place] = (facts, pilot_outcome(stage, records, votes, people))
    return PilotRound(stage, number, records, people, there[1], bool(status))


def pilot_gate(board: Board, stage: Stage) -> Gate:
    """Tell what the pilot of a stage holds closed.

    Nothing where the plan has none, or the last round reached the agreement wanted. A stage that
    people decided on before a pilot was planned is open too.
    """
    if not stage.pilot:
        return OPEN
    rounds = _drawn(board, stage)
    if not rounds:
        if any(board.counts(stage.name, who)[0] for who in board.voters_of(stage)):
            return OPEN
        return Gate(True, (), "the pilot round of this stage is not drawn yet; ask a lead")
    last = rounds[-1]
    if last[3] == "passed":
        return OPEN
    missing = any(
        board.state(stage.name, record) is not None
        and set(_people(board, stage, (record,)))
        - {made.reviewer for made in board.votes(stage.name, record) if made.role == "reviewer"}
        for record in last[2]
    )
    if missing:
        return Gate(
            True, last[2],
            "the pilot round comes first: the other records are open when everybody has decided"
            " on its records",
        )  # fmt: skip
    if _round(board, stage, last).outcome.unlocked:
        return OPEN
    return Gate(
        True, last[2],
        "the pilot round did not reach the agreement that the plan asks for; talk about the"
        " records on which you differ, then a lead draws a further round",
    )  # fmt: skip


def pilot_rounds(desk: Desk, stage: str) -> tuple[PilotRound, ...]:
    """Return the rounds of a stage, the last first; what is open says nothing of any verdict.

    Raises
    ------
    PermissionDeniedError
        To those who neither decide nor look after the review.
    """
    rules = desk.stage(stage)
    if not may(desk.person, "decide", rules) and not may(desk.person, "see agreement"):
        desk.permit("pilot")
    board = desk.board
    return tuple(_round(board, rules, drawn) for drawn in reversed(_drawn(board, rules)))


def draw_pilot(desk: Desk, stage: str, *, request_id: str = "") -> PilotRound:
    """Draw the records of a pilot round and ask everybody of the stage for them.

    Raises
    ------
    RefusedError
        The plan has no pilot, a round is open or passed, or nothing is left to draw.
    """
    rules = desk.stage(stage)
    desk.permit("pilot")
    board = desk.board
    if not rules.pilot:
        raise RefusedError(
            f"the plan has no pilot at {rules.name}; set 'pilot' in [stages.{rules.name}]"
        )
    rounds = _drawn(board, rules)
    if rounds:
        last = _round(board, rules, rounds[-1])
        if last.outcome.status != "failed":
            raise RefusedError(
                f"pilot round {last.number} is {last.outcome.status}; a further one is drawn only"
                " after one that failed"
            )
    before = {record for drawn in rounds for record in drawn[2]}
    fresh = [
        record
        for record in board.states(rules.name)
        if not board.votes(rules.name, record) and not board.asked(rules.name, record)
    ]
    sample = pilot_sample(rules, fresh, before=before)
    if not sample:
        raise RefusedError("no record is left that nobody has decided on or was asked for")
    number = rounds[-1][0] + 1 if rounds else 1
    asked = pilot_assignment(rules, sample, board.voters_of(rules)).asked
    rule = f"pilot {number}"
    desk.store.put_many(
        [
            (
                "pilot",
                (rules.name, str(number)),
                {"records": ";".join(sample), "seed": rules.seed, "date": today()},
                0,
            ),
            *(
                ("assignment", (rules.name, record, who), {"rule": rule, "date": today()})
                for record, people in asked.items()
                for who in people
            ),
        ],
        actor=desk.person.id,
        act="draw a pilot round",
        request_id=request_id or None,
    )
    return _round(desk.board, rules, _drawn(desk.board, rules)[-1])


def close_pilot(desk: Desk, stage: str, *, note: str = "", request_id: str = "") -> PilotRound:
    """Keep what the last round came to: its kappa, and whether it passed.

    Raises
    ------
    RefusedError
        There is no round, or decisions are missing.
    """
    rules = desk.stage(stage)
    desk.permit("pilot")
    board = desk.board
    rounds = _drawn(board, rules)
    if not rounds:
        raise RefusedError(f"no pilot round of {rules.name} is drawn")
    last = _round(board, rules, rounds[-1])
    if last.outcome.status == "open":
        raise RefusedError(last.outcome.reason)
    key = rounds[-1][1]
    kappa = last.outcome.kappa.value
    value = {
        **board.values("pilot")[key],
        "status": last.outcome.status,
        **({"kappa": kappa} if kappa == kappa else {}),
        **({"note": note.strip()} if note.strip() else {}),
    }
    desk.store.put(
        "pilot", key, value, actor=desk.person.id, act="close the pilot round",
        request_id=request_id or None,
    )  # fmt: skip
    return _round(desk.board, rules, _drawn(desk.board, rules)[-1])
