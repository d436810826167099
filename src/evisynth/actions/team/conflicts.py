"""Conflicts: which there are, settling them as a third person, and talking them over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError, today
from evisynth.actions.team.seeing import seen_votes
from evisynth.actions.team.voting import check_verdict, repeated_vote
from evisynth.errors import EvisynthError, OptionError
from evisynth.review import may, pseudonyms, viewer_of
from evisynth.screening import Decision, RecordState, Stage, sees, voters
from evisynth.storage import RecordLine, RequestReusedError, list_records

__all__ = [
    "Conflict",
    "ConflictList",
    "adjudicate",
    "agree_together",
    "change_vote",
    "conflict_on",
    "conflicts_of",
    "count_conflicts",
    "take_settlement_back",
]

KINDS = ("verdicts", "reasons", "maybe", "reason missing")
"""What a record with all its decisions may still wait for."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A record on which people differ, as one person may see it.

    Attributes
    ----------
    record : RecordLine
        The record.
    state : RecordState
        What it waits for; settled ones have none.
    votes : tuple of Decision
        As `seen_votes` shows them.
    pair : str
        Whose decisions they are, without saying which is whose.
    mine : Decision or None
        Own settlement (of a third person).
    may_adjudicate, may_talk : bool
        Whether this person may settle it; whether they may change their vote or note a consensus.
    why_not : str
        Why this person may not settle it, where that is to be said.
    """

    record: RecordLine
    state: RecordState
    votes: tuple[Decision, ...]
    pair: str
    mine: Decision | None
    may_adjudicate: bool
    may_talk: bool
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class ConflictList:
    """Conflicts of a stage for one person.

    Attributes
    ----------
    lines : tuple of Conflict
        Those that the filters leave.
    pairs, kinds : dict of str to int
        How many there are of each, for the filters.
    total : int
        All that this person may see.
    """

    lines: tuple[Conflict, ...]
    pairs: dict[str, int]
    kinds: dict[str, int]
    total: int


def _permit(desk: Desk, rules: Stage) -> None:
    if not may(desk.person, "adjudicate", rules):
        desk.permit("see conflicts", rules)


def _seen(desk: Desk, board: Board, rules: Stage, record: str) -> bool:
    return sees(
        viewer_of(desk.person),
        rules,
        board.votes(rules.name, record),
        record=record,
        asked=board.asked(rules.name, record),
        ignored=board.ignored,
    )


def _pair(desk: Desk, board: Board, rules: Stage, record: str, names: Mapping[str, str]) -> str:
    """Name whose decisions a record has, by pseudonym and in their order."""
    people = voters(board.votes(rules.name, record), ignored=board.ignored)
    if viewer_of(desk.person).sight == "complete":
        return " – ".join(sorted((names.get(who, who) for who in people), key=_by_number))
    others = len(people - {desk.person.id})
    return f"+{others}"


def _by_number(name: str) -> tuple[int, str]:
    digits = "".join(letter for letter in name if letter.isdigit())
    return int(digits) if digits else 0, name


def _one(
    desk: Desk, board: Board, rules: Stage, line: RecordLine, names: Mapping[str, str]
) -> Conflict:
    state = board.state(rules.name, line.id)
    if state is None:
        raise NotThereError(f"there is no record {line.id!r} at this stage for you")
    person = desk.person.id
    votes = board.votes(rules.name, line.id)
    people = voters(votes, ignored=board.ignored)
    mine = [made for made in votes if made.role == "adjudicator" and made.reviewer == person]
    able = may(desk.person, "adjudicate", rules)
    why = ""
    if able and person in people and not rules.adjudicator_may_vote:
        able, why = False, "you decided on this record; a third person settles it"
    return Conflict(
        line,
        state,
        seen_votes(desk, rules, line.id, board=board),
        _pair(desk, board, rules, line.id, names),
        mine[-1] if mine else None,
        able,
        rules.conflicts == "discussion" and person in people and may(desk.person, "discuss", rules),
        why,
    )


def _seen_conflicts(desk: Desk, board: Board, rules: Stage) -> list[str]:
    return sorted(
        record
        for record, state in board.states(rules.name).items()
        if state.waiting in KINDS and _seen(desk, board, rules, record)
    )


def count_conflicts(desk: Desk, stage: str = "") -> int:
    """Count the conflicts that a person may see, at one stage or at all."""
    board = desk.board
    return sum(
        len(_seen_conflicts(desk, board, rules))
        for rules in board.plan.stages or ()
        if stage in ("", rules.name)
    )


def conflicts_of(desk: Desk, stage: str, *, pair: str = "", kind: str = "") -> ConflictList:
    """List the records of a stage on which people differ, as far as this person may know.

    Parameters
    ----------
    desk, stage
        Who looks, and where.
    pair, kind
        Only those of a pair, or that wait for this; as `ConflictList` names them.
    """
    rules = desk.stage(stage)
    _permit(desk, rules)
    board = desk.board
    waiting = _seen_conflicts(desk, board, rules)
    names = pseudonyms(board.plan.people)
    pair_of = {record: _pair(desk, board, rules, record, names) for record in waiting}
    kind_of = {record: _waiting(board, rules, record) for record in waiting}
    pairs = {
        made: sum(each == made for each in pair_of.values())
        for made in sorted(set(pair_of.values()))
    }
    kinds = {made: sum(each == made for each in kind_of.values()) for made in KINDS}
    shown = [
        record
        for record in waiting
        if pair in ("", pair_of[record]) and kind in ("", kind_of[record])
    ]
    lines = list_records(desk.store, ids=shown, size=max(len(shown), 1)).lines
    return ConflictList(
        tuple(_one(desk, board, rules, line, names) for line in lines),
        pairs,
        {made: number for made, number in kinds.items() if number},
        len(waiting),
    )


def _waiting(board: Board, rules: Stage, record: str) -> str:
    state = board.state(rules.name, record)
    return state.waiting if state else ""


def conflict_on(desk: Desk, stage: str, record: str) -> Conflict:
    """Return one conflict, also one that is settled.

    Raises
    ------
    NotThereError
        The record is not at this stage, waits for decisions, or is not for this person.
    """
    rules = desk.stage(stage)
    _permit(desk, rules)
    board = desk.board
    state = board.state(rules.name, record)
    if state is None or state.waiting == "votes" or not _seen(desk, board, rules, record):
        raise NotThereError(f"there is no conflict on {record!r} for you")
    lines = list_records(desk.store, ids=[record], size=1).lines
    return _one(desk, board, rules, lines[0], pseudonyms(board.plan.people))


def _check(rules: Stage, verdict: str, reason: str) -> None:
    check_verdict(rules, verdict, reason)
    if verdict == "maybe":
        raise OptionError("verdict that settles", verdict, ("include", "exclude"))


def _put(
    desk: Desk,
    rules: Stage,
    record: str,
    role: str,
    value: Mapping[str, str] | None,
    act: str,
    request_id: str,
) -> RecordState:
    key = (rules.name, record, desk.person.id, role)
    kept = None if value is None else {name: text for name, text in value.items() if text}
    try:
        desk.store.put(
            "vote", key, kept, actor=desk.person.id, act=act, request_id=request_id or None
        )
    except RequestReusedError:
        if repeated_vote(desk, rules.name, record, request_id) is None:
            raise
    state = desk.board.state(rules.name, record)
    if state is None:  # pragma: no cover - a vote of any role keeps the record at its stage
        raise NotThereError(f"there is no record {record!r} at this stage")
    return state


def _again(
    desk: Desk, rules: Stage, record: str, request_id: str, error: EvisynthError
) -> RecordState:
    """Answer a request that came before; raise the error for a new one."""
    state = desk.board.state(rules.name, record)
    if state is None or repeated_vote(desk, rules.name, record, request_id) is None:
        raise error
    return state


def adjudicate(
    desk: Desk,
    stage: str,
    record: str,
    verdict: str,
    *,
    reason: str = "",
    note: str = "",
    request_id: str = "",
) -> RecordState:
    """Settle a conflict as a third person; one's own settlement can be changed.

    Raises
    ------
    OptionError
        A verdict that settles nothing, or an unknown reason.
    RefusedError
        This person decided on the record, or it was settled in the meantime.
    """
    rules = desk.stage(stage)
    desk.permit("adjudicate", rules)
    _check(rules, verdict, reason)
    found = conflict_on(desk, stage, record)
    if not found.may_adjudicate:
        raise RefusedError(found.why_not or "you may not settle this conflict")
    if found.state.waiting not in KINDS and found.mine is None:
        return _again(
            desk, rules, record, request_id,
            RefusedError(f"{record!r} is settled already: {found.state.status}"),
        )  # fmt: skip
    value = {"verdict": verdict, "reason": reason, "note": note.strip(), "date": today()}
    return _put(desk, rules, record, "adjudicator", value, "adjudicate", request_id)


def take_settlement_back(
    desk: Desk, stage: str, record: str, *, request_id: str = ""
) -> RecordState:
    """Take an own settlement back; the record is a conflict again."""
    rules = desk.stage(stage)
    desk.permit("adjudicate", rules)
    found = conflict_on(desk, stage, record)
    if found.mine is None:
        return _again(
            desk, rules, record, request_id,
            RefusedError(f"you have not settled {record!r}"),
        )  # fmt: skip
    return _put(desk, rules, record, "adjudicator", None, "take a settlement back", request_id)


def _talker(desk: Desk, stage: str, record: str) -> tuple[Stage, Conflict]:
    """Return what one who voted may talk over; refuse to others."""
    rules = desk.stage(stage)
    desk.permit("discuss", rules)
    found = conflict_on(desk, stage, record)
    if rules.conflicts != "discussion":
        raise RefusedError(
            f"conflicts at {rules.name} are settled by a third person; the plan says"
            ' conflicts = "adjudicator"'
        )
    if not found.may_talk:
        raise RefusedError(f"you did not decide on {record!r}; those who did talk it over")
    return rules, found


def change_vote(
    desk: Desk,
    stage: str,
    record: str,
    verdict: str,
    *,
    reason: str = "",
    note: str = "",
    request_id: str = "",
) -> RecordState:
    """Change one's own vote after talking; the independent one stays for the agreement."""
    rules, _ = _talker(desk, stage, record)
    check_verdict(rules, verdict, reason)
    value = {"verdict": verdict, "reason": reason, "note": note.strip(), "date": today()}
    return _put(desk, rules, record, "discussion", value, "change a vote in discussion", request_id)


def agree_together(
    desk: Desk,
    stage: str,
    record: str,
    verdict: str,
    *,
    reason: str = "",
    note: str = "",
    request_id: str = "",
) -> RecordState:
    """Note the verdict that all who voted on a record came to together."""
    rules, _ = _talker(desk, stage, record)
    _check(rules, verdict, reason)
    board = desk.board
    present = ";".join(sorted(voters(board.votes(rules.name, record), ignored=board.ignored)))
    value = {
        "verdict": verdict, "reason": reason, "note": note.strip(), "date": today(),
        "present": present,
    }  # fmt: skip
    return _put(desk, rules, record, "consensus", value, "note a consensus", request_id)
