"""Screening: what waits for a person, a decision, taking it back, words to mark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evisynth.actions.team.abstracts import filled_abstracts
from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError, today
from evisynth.actions.team.leases import lease_records, leased
from evisynth.actions.team.pilot import pilot_gate
from evisynth.actions.team.ranking import ranking_for
from evisynth.actions.team.seeing import own_vote, seen_states
from evisynth.errors import OptionError
from evisynth.screening import (
    Decision,
    DecisionRole,
    RecordState,
    Stage,
    complete,
    may_vote,
    role_of_vote,
    voters,
)
from evisynth.storage import RecordLine, RequestReusedError, list_records

__all__ = [
    "Card",
    "OwnDecisions",
    "Saved",
    "Words",
    "card_of",
    "check_verdict",
    "decide",
    "next_cards",
    "own_decisions",
    "own_words",
    "repeated_vote",
    "set_words",
    "withdraw",
]

VERDICTS = ("include", "exclude", "maybe")
TAG_LENGTH = 100

Put = tuple[str, tuple[str, ...], dict[str, object] | None]


@dataclass(frozen=True, slots=True)
class Card:
    """A record to decide on, with the person's own decision on it if there is one."""

    record: RecordLine
    own: Decision | None
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Saved:
    """A decision that is safe: the counts of this person, and the version of the vote."""

    record: str
    verdict: str
    version: int
    decided: int
    left: int


@dataclass(frozen=True, slots=True)
class Words:
    """Words that are marked in titles and abstracts."""

    include: tuple[str, ...]
    exclude: tuple[str, ...]


def _own_tags(board: Board, person: str, record: str) -> tuple[str, ...]:
    return tuple(
        sorted(key[2] for key in board.values("tag") if key[0] == record and key[1] == person)
    )


def _cards(desk: Desk, board: Board, stage: Stage, ids: Sequence[str]) -> tuple[Card, ...]:
    found = list_records(desk.store, ids=ids, size=max(len(ids), 1)).lines
    lines = filled_abstracts(board, found)
    person = desk.person.id
    mine: dict[str, list[str]] = {}
    wanted = set(ids)
    for record, who, tag in board.values("tag"):
        if who == person and record in wanted:
            mine.setdefault(record, []).append(tag)
    return tuple(
        Card(
            line,
            own_vote(board, stage.name, line.id, person),
            tuple(sorted(mine.get(line.id, ()))),
        )
        for line in lines
    )


def next_cards(
    desk: Desk,
    stage: str,
    *,
    limit: int = 20,
    known: Sequence[str] = (),
) -> tuple[Card, ...]:
    """Return the next records for a person: of an open pilot, by the ranking, in the own order.

    Where one decision is enough the records are held for this person for some minutes.

    Parameters
    ----------
    desk
        Whose.
    stage
        Name of the stage.
    limit
        How many at most.
    known
        Records that are on the person's screen already.
    """
    rules = desk.stage(stage)
    desk.permit("decide", rules)
    board = desk.board
    gate = pilot_gate(board, rules)
    if gate.closed and not gate.records:
        return ()
    single = leased(rules)
    ids = board.waiting(
        rules.name,
        desk.person.id,
        limit=0 if single or gate.closed else limit,
        skip=frozenset(known),
        first=gate.records,
        ranking=() if gate.closed else ranking_for(desk, rules, board),
    )
    if gate.closed:
        ids = tuple(record for record in ids if record in gate.records)
    if single:
        ids = lease_records(desk, rules, board, ids, limit)
    return _cards(desk, board, rules, ids[:limit])


def card_of(desk: Desk, stage: str, record: str) -> Card:
    """Return one record as a card, to decide on it or to change the own decision.

    Raises
    ------
    NotThereError
        The record is not at this stage.
    RefusedError
        It is closed to this person.
    """
    rules = desk.stage(stage)
    desk.permit("decide", rules)
    board = desk.board
    _refuse_closed(desk, board, rules, record)
    return _cards(desk, board, rules, [record])[0]


def _refuse_closed(desk: Desk, board: Board, rules: Stage, record: str) -> DecisionRole:
    """Return the role under which this person may decide now; refuse if they may not."""
    if board.state(rules.name, record) is None:
        raise NotThereError(f"there is no record {record!r} at this stage for you")
    votes = board.votes(rules.name, record)
    asked, ignored, person = board.asked(rules.name, record), board.ignored, desk.person.id
    gate = pilot_gate(board, rules)
    if gate.closed and record not in gate.records:
        raise RefusedError(gate.words)
    if not may_vote(rules, votes, person, asked=asked, ignored=ignored):
        raise RefusedError(
            f"{record!r} has all its decisions, or others were asked for them; it is closed to you"
        )
    role = role_of_vote(rules, votes, person, asked=asked, ignored=ignored)
    if role == "discussion" and rules.conflicts != "discussion":
        raise RefusedError(
            f"{record!r} has all its decisions, so that they stand; a conflict is settled by a"
            " third person under Conflicts"
        )
    return role


def decide(
    desk: Desk,
    stage: str,
    record: str,
    verdict: str,
    *,
    reason: str = "",
    note: str = "",
    tags: Sequence[str] | None = None,
    request_id: str = "",
) -> Saved:
    """Record a person's decision on a record.

    Parameters
    ----------
    desk, stage, record
        Who decides on what.
    verdict
        ``"include"``, ``"exclude"`` or ``"maybe"``.
    reason, note
        Code of an exclusion reason; a remark that others see when all have decided.
    tags
        All own tags of the record; None leaves them as they are.
    request_id
        A request that comes twice changes nothing.

    Raises
    ------
    OptionError
        An unknown verdict or reason.
    NotThereError
        The record is not at this stage.
    RefusedError
        The record is closed to this person.
    """
    rules = desk.stage(stage)
    desk.permit("decide", rules)
    check_verdict(rules, verdict, reason)
    board = desk.board
    try:
        role = _refuse_closed(desk, board, rules, record)
        value = {"verdict": verdict, "reason": reason, "note": note.strip(), "date": today()}
        puts: list[Put] = [
            (
                "vote",
                (rules.name, record, desk.person.id, role),
                {name: text for name, text in value.items() if text},
            )
        ]
        if tags is not None:
            puts += _tag_puts(board, desk.person.id, record, tags)
        written = desk.store.put_many(
            puts, actor=desk.person.id, act="decide", request_id=request_id or None
        )
        version = written[0].version
    except (RefusedError, NotThereError, RequestReusedError):
        earlier = repeated_vote(desk, rules.name, record, request_id)
        if earlier is None:
            raise
        version = earlier
    return _saved(desk, rules, record, verdict, version)


def _tag_puts(board: Board, person: str, record: str, tags: Sequence[str]) -> list[Put]:
    """Return what makes a person's tags of a record those given."""
    wanted = {tag.strip()[:TAG_LENGTH] for tag in tags if tag.strip()}
    there = set(_own_tags(board, person, record))
    puts: list[Put] = [
        ("tag", (record, person, tag), {"date": today()}) for tag in sorted(wanted - there)
    ]
    puts += [("tag", (record, person, tag), None) for tag in sorted(there - wanted)]
    return puts


def repeated_vote(desk: Desk, stage: str, record: str, request_id: str) -> int | None:
    """Return the version that a request wrote when it came first; None for a new one."""
    if not request_id:
        return None
    entries = desk.store.history("vote", prefix=(stage, record, desk.person.id))
    for version, entry in enumerate(entries, 1):
        if entry.request == request_id:
            return version
    return None


def _saved(desk: Desk, rules: Stage, record: str, verdict: str, version: int) -> Saved:
    decided, left = desk.board.counts(rules.name, desk.person.id)
    return Saved(record, verdict, version, decided, left)


def check_verdict(rules: Stage, verdict: str, reason: str) -> None:
    """Refuse a verdict or a reason that the stage does not have."""
    if verdict not in VERDICTS:
        raise OptionError("decision", verdict, VERDICTS)
    if reason and verdict != "exclude":
        raise RefusedError(
            f"{reason!r} is a reason to exclude and the decision is {verdict!r}; put remarks in the"
            " note"
        )
    if reason and reason not in rules.reasons:
        raise OptionError("reason", reason, tuple(rules.reasons))
    if verdict == "exclude" and not reason and rules.name == "full_text" and rules.reasons:
        raise RefusedError("a report is excluded for one main reason; choose it")


def withdraw(desk: Desk, stage: str, record: str, *, request_id: str = "") -> Saved:
    """Take an own decision back, as long as nothing hangs on it.

    Raises
    ------
    RefusedError
        There is none, or others decided too and the record has all it needs: what they decided
        could be the reason then.
    """
    rules = desk.stage(stage)
    desk.permit("undo own decision", rules)
    board = desk.board
    key = (rules.name, record, desk.person.id, "reviewer")
    votes = board.votes(rules.name, record)
    people = voters(votes, ignored=board.ignored)
    asked = board.asked(rules.name, record)
    try:
        if desk.person.id not in voters(votes):
            raise RefusedError(f"you have not decided on {record!r}")
        if people - {desk.person.id} and complete(rules, votes, asked=asked, ignored=board.ignored):
            raise RefusedError(
                f"{record!r} has all its decisions and others' are known; settle it under conflicts"
            )
        written = desk.store.put(
            "vote", key, None, actor=desk.person.id, act="take a decision back",
            request_id=request_id or None,
        )  # fmt: skip
        version = written.version
    except (RefusedError, RequestReusedError):
        earlier = repeated_vote(desk, rules.name, record, request_id)
        if earlier is None:
            raise
        version = earlier
    return _saved(desk, rules, record, "", version)


@dataclass(frozen=True, slots=True)
class OwnLine:
    """An own decision with its record, the record's state, and whether it can be changed."""

    record: RecordLine
    own: Decision
    state: RecordState
    changeable: bool


@dataclass(frozen=True, slots=True)
class OwnDecisions:
    """A page of a person's own decisions, how many in all, and how many of each verdict."""

    lines: tuple[OwnLine, ...]
    total: int
    page: int
    size: int
    verdicts: dict[str, int]


def own_decisions(
    desk: Desk,
    stage: str,
    *,
    verdict: str = "",
    tag: str = "",
    page: int = 1,
    size: int = 50,
) -> OwnDecisions:
    """List a person's own decisions at a stage, the newest first.

    Parameters
    ----------
    desk, stage
        Whose, and where.
    verdict
        Only these, as ``"maybe"``; all if empty.
    tag
        Only records with this tag of the person.
    page, size
        Number of the page from 1, and lines on one.

    Returns
    -------
    OwnDecisions
        Each line with the record's state as the person may know it, and whether the decision can
        still be changed.
    """
    rules = desk.stage(stage)
    desk.permit("decide", rules)
    board, person = desk.board, desk.person.id
    tagged = {key[0] for key in board.values("tag") if key[1:] == (person, tag)} if tag else None
    mine = [
        own
        for made in board.decisions(rules.name)
        if made.reviewer == person
        and made.role == "reviewer"
        and (own := own_vote(board, rules.name, made.record, person)) is not None
        and board.state(rules.name, made.record) is not None
        and (tagged is None or made.record in tagged)
    ]
    counts = {name: sum(made.verdict == name for made in mine) for name in VERDICTS}
    mine = [made for made in mine if not verdict or made.verdict == verdict]
    mine.sort(key=lambda made: (made.date, made.record), reverse=True)
    start = (max(page, 1) - 1) * size
    shown = mine[start : start + size]
    ids = [made.record for made in shown]
    by_id = {line.id: line for line in list_records(desk.store, ids=ids, size=max(size, 1)).lines}
    states = seen_states(desk, rules, ids, board=board)
    lines = tuple(
        OwnLine(
            by_id[made.record],
            made,
            states[made.record],
            rules.conflicts == "discussion" or states[made.record].waiting == "votes",
        )
        for made in shown
        if made.record in by_id
    )
    return OwnDecisions(lines, len(mine), max(page, 1), size, counts)


WORDS = ("include", "exclude")


def own_words(desk: Desk) -> tuple[Words, Words]:
    """Return the words of the review that are marked, and the person's own."""
    board = desk.board
    mine = [
        tuple(
            word
            for word in str(
                board.values("setting").get((desk.person.id, f"words.{name}"), {}).get("value", "")
            ).split(";")
            if word
        )
        for name in WORDS
    ]
    return Words(*board.plan.highlight), Words(*mine)


def set_words(
    desk: Desk, include: Sequence[str], exclude: Sequence[str], *, request_id: str = ""
) -> Words:
    """Keep the words that a person wants marked."""

    def kept(words: Sequence[str]) -> dict[str, object] | None:
        given = (word.strip().replace(";", " ") for word in words)
        text = ";".join(dict.fromkeys(word for word in given if word))
        return {"value": text} if text else None

    desk.store.put_many(
        [
            ("setting", (desk.person.id, f"words.{name}"), kept(words))
            for name, words in zip(WORDS, (include, exclude), strict=True)
        ],
        actor=desk.person.id,
        act="mark words",
        request_id=request_id or None,
    )
    return own_words(desk)[1]
