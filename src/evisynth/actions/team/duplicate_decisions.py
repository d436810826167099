"""What people decide on records of the same report, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evisynth.actions.dedupe_files import PERSON
from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError, today
from evisynth.actions.team.duplicates import (
    check_known,
    lines_of,
    members_of,
    pair_key,
    root_of,
    study_of,
    verdict_on,
    who_stays,
)
from evisynth.errors import OptionError
from evisynth.review import Value
from evisynth.storage import RequestReusedError, VersionConflict

__all__ = [
    "Decided", "DecidedPair", "decide_pair", "duplicate_decisions", "separate_record",
    "undo_duplicates",
]  # fmt: skip

ACTS = {
    "same": "merge", "report": "merge", "different": "keep apart", "study": "keep apart",
}  # fmt: skip
CHOICES = ("same", "report", "different", "study")

Put = tuple[str, tuple[str, ...], dict[str, object] | None, int]


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision on a pair came to: the record that stays (of a merge), its request."""

    first: str
    second: str
    decision: str
    stays: str
    version: int
    request: str


@dataclass(frozen=True, slots=True)
class DecidedPair:
    """A decision of the history: what, who, when, and whether it can be taken back.

    ``others`` counts the pairs that were decided with it, as when a record leaves a group of many.
    """

    first: str
    second: str
    decision: str
    by: str
    at: str
    act: str
    request: str
    undoable: bool
    others: int = 0


def decide_pair(
    desk: Desk,
    first: str,
    second: str,
    decision: str,
    *,
    stays: str = "",
    note: str = "",
    version: int | None = None,
    request_id: str = "",
) -> Decided:
    """Say what two records are to each other; it outranks every rule, now and later.

    Parameters
    ----------
    desk
        Who.
    first, second
        Ids.
    decision
        ``"same"`` (one record, exported twice), ``"report"`` (two records of one report),
        ``"different"``, ``"study"`` (another report of the same study).
    stays
        The record that stands for both when they are merged; chosen by rule if empty.
    note
        Why.
    version
        Of the decision that the person saw, 0 for none.
    request_id
        A request that comes twice changes nothing.

    Raises
    ------
    NotThereError, OptionError
        No such record or decision.
    RefusedError
        An earlier decision forbids it, or both are reports of studies.
    VersionConflict
        Somebody decided on them in the meantime.
    """
    desk.permit("deduplicate")
    first, second = pair_key(first, second)
    if decision not in CHOICES:
        raise OptionError("decision", decision, CHOICES)
    board = desk.board
    check_known(board, first, second)
    if first == second:
        raise RefusedError("these are not two records")
    key = ("duplicate_decision", (first, second))
    earlier = _answered(desk, first, second, request_id)
    if earlier is not None:
        return earlier
    made = _decision(desk, decision, note)
    expected = board.version(*key) if version is None else version
    puts: list[Put] = [(*key, made, expected)]
    root = ""
    if decision in ("same", "report"):
        more, root = _merge(desk, board, first, second, stays, decision)
        puts += more
    elif root_of(board.duplicates, first) == root_of(board.duplicates, second):
        out = second if root_of(board.duplicates, first) == first else first
        puts += _part(desk, board, out, made, leave_out={(first, second)})
    _write(desk, puts, ACTS[decision], note, request_id)
    number = desk.board.version(*key)
    return Decided(first, second, decision, root, number, request_id)


def separate_record(
    desk: Desk, record: str, *, note: str = "", request_id: str = ""
) -> tuple[str, ...]:
    """Take a record out of its group; return those it stood with.

    The others stay together. Each pair is decided to be different, so that no later comparison puts
    them together again.
    """
    desk.permit("deduplicate")
    board = desk.board
    check_known(board, record)
    others = [name for name in members_of(board.duplicates, record) if name != record]
    if not others:
        if request_id and any(
            entry.request == request_id
            for entry in desk.store.history("duplicate_decision", actor=desk.person.id)
        ):
            return ()
        raise RefusedError(f"the record {record!r} is in no group")
    made = _decision(desk, "different", note)
    _write(desk, _part(desk, board, record, made, leave_out=set()), "keep apart", note, request_id)
    return tuple(others)


def _decision(desk: Desk, decision: str, note: str) -> dict[str, object]:
    value = {
        "decision": decision, "by": desk.person.id, "date": today()[:10], "note": note.strip(),
    }  # fmt: skip
    return {name: text for name, text in value.items() if text}


def _answered(desk: Desk, first: str, second: str, request_id: str) -> Decided | None:
    """Return what a request came to when it came first."""
    if not request_id:
        return None
    key = (first, second)
    for version, entry in enumerate(desk.store.history("duplicate_decision", key), 1):
        if entry.request == request_id and entry.actor == desk.person.id and entry.after:
            board = desk.board
            root = root_of(board.duplicates, first)
            one = root == root_of(board.duplicates, second)
            said = str(entry.after["decision"])
            return Decided(first, second, said, root if one else "", version, request_id)
    return None


def _write(desk: Desk, puts: Sequence[Put], act: str, note: str, request_id: str) -> None:
    try:
        desk.store.put_many(
            puts, actor=desk.person.id, act=act, reason=note.strip(), request_id=request_id or None
        )
    except RequestReusedError as error:
        raise RefusedError(
            "this form was sent before with something else; load it again"
        ) from error


def _merge(
    desk: Desk, board: Board, first: str, second: str, stays: str, decision: str
) -> tuple[list[Put], str]:
    """Return what puts the groups of two records together, and the record that stays."""
    copies, studies = board.duplicates, study_of(board)
    one, two = members_of(copies, first), members_of(copies, second)
    every = sorted({*one, *two})
    for left in one:
        for right in two:
            said = verdict_on(board, left, right)
            if said in ("different", "study") and pair_key(left, right) != (first, second):
                raise RefusedError(
                    f"{left} and {right} were decided not to be one report; take that decision back"
                    " first"
                )
    reports = [name for name in every if name in studies]
    if len(reports) > 1:
        named = ", ".join(f"{name} ({studies[name]})" for name in reports)
        raise RefusedError(
            f"these records are reports of studies: {named}; leave one of them in its study and"
            " take the others out first"
        )
    lines = lines_of(desk, every)
    root = stays or who_stays(board, lines, studies, every)
    if root not in every:
        raise OptionError("record that stays", root, every)
    if reports and root != reports[0]:
        raise RefusedError(
            f"{reports[0]} is a report of the study {studies[reports[0]]}, so it must stay"
        )
    words = "same record" if decision == "same" else "same report"
    puts: list[Put] = []
    for name in every:
        there: Value | None = board.values("duplicate").get((name,))
        wanted: dict[str, object] | None = None
        if name != root:
            own = {"reason": f"{root} and {name}: {words} (decided by a person)", "made_by": PERSON}
            wanted = {**(dict(there) if there else own), "duplicate_of": root}
        if (dict(there) if there else None) != wanted:
            puts.append(("duplicate", (name,), wanted, board.version("duplicate", (name,))))
    return puts, root


def _part(
    desk: Desk,
    board: Board,
    out: str,
    made: Mapping[str, object],
    *,
    leave_out: set[tuple[str, str]],
) -> list[Put]:
    """Return what takes a record out of its group; the others stay together."""
    copies, studies = board.duplicates, study_of(board)
    members = members_of(copies, out)
    others = [name for name in members if name != out]
    puts: list[Put] = []
    for name in others:
        key = pair_key(out, name)
        if key not in leave_out:
            value = {**made, "decision": "different"}
            number = board.version("duplicate_decision", key)
            puts.append(("duplicate_decision", key, value, number))
    if out in copies:
        puts.append(("duplicate", (out,), None, board.version("duplicate", (out,))))
        return puts
    root = who_stays(board, lines_of(desk, others), studies, others)
    for name in others:
        wanted: dict[str, object] | None = dict(board.values("duplicate").get((name,), {}))
        wanted = None if name == root or wanted is None else {**wanted, "duplicate_of": root}
        puts.append(("duplicate", (name,), wanted, board.version("duplicate", (name,))))
    return puts


def duplicate_decisions(desk: Desk, *, limit: int = 60) -> tuple[DecidedPair, ...]:
    """List what people decided on pairs, the newest first.

    A decision can be taken back as long as nothing later rests on it; taking back is a decision
    that can be taken back itself.
    """
    desk.permit("deduplicate")
    board = desk.board
    found: dict[tuple[str, int], list[Any]] = {}
    for entry in desk.store.history("duplicate_decision", newest_first=True, limit=limit):
        if entry.after is None:
            continue
        place = (entry.request, 0) if entry.request else ("", entry.number)
        found.setdefault(place, []).append(entry)
    lines = []
    for (request, _), entries in found.items():
        last = entries[0]
        stands = all(
            board.values("duplicate_decision").get(made.key) == made.after for made in entries
        )
        lines.append(
            DecidedPair(
                last.key[0], last.key[1], str(last.after["decision"]), last.actor, last.at,
                last.act, request, bool(request) and stands, len(entries) - 1,
            )
        )  # fmt: skip
    return tuple(lines)


def undo_duplicates(desk: Desk, request: str, *, request_id: str = "") -> int:
    """Take a decision on duplicates back: everything it changed is as it was before.

    Parameters
    ----------
    desk
        Who.
    request
        The request of the decision, as `duplicate_decisions` lists it.
    request_id
        Of this one; by it what is taken back can be brought back.

    Returns
    -------
    int
        How many things were put back.

    Raises
    ------
    NotThereError
        There is no such decision.
    RefusedError
        A later decision rests on it.
    """
    desk.permit("deduplicate")
    board = desk.board
    found = [
        entry
        for entry in desk.store.history("duplicate_decision")
        if request and entry.request == request
    ]
    if found:
        first = found[0].number - 1
        found = [entry for entry in desk.store.history(after=first) if entry.request == request]
    if not found:
        raise NotThereError("there is no such decision, or it was made outside of these pages")
    if request_id and any(
        entry.request == request_id
        for entry in desk.store.history("duplicate_decision", found[0].key)
    ):
        return len(found)
    puts: list[Put] = []
    for entry in found:
        if board.values(entry.kind).get(entry.key) != entry.after:
            named = " and ".join(entry.key)
            raise RefusedError(
                f"a later decision on {named} rests on this one; take that back first"
            )
        before: dict[str, object] | None = dict(entry.before) if entry.before is not None else None
        if before is None and entry.kind == "duplicate_decision":
            before = _decision(desk, "open", "")
        puts.append((entry.kind, entry.key, before, board.version(entry.kind, entry.key)))
    try:
        _write(desk, puts, "take back", "", request_id)
    except VersionConflict as error:
        raise RefusedError("somebody decided on these records just now; look again") from error
    return len(puts)
