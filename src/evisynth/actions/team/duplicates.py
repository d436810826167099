"""Records of the same report: pairs for a person, side by side, and groups.

Nothing is ever deleted: a record that repeats another leaves the stages, and comes back with its
decisions when the merge is taken back. What people decided in screening on records that are still
open plays no part here, neither in what is merged nor in which record stays.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from evisynth.actions.dedupe import PAIRS
from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError
from evisynth.errors import OptionError
from evisynth.screening import complete
from evisynth.storage import RecordLine, list_records

__all__ = [
    "KINDS", "DuplicateGroup", "DuplicateList", "DuplicatePair", "PairSides", "check_known",
    "count_doubtful", "duplicate_group", "duplicate_groups", "duplicate_pairs", "groups_of",
    "lines_of", "members_of", "next_pair", "pair_key", "pair_sides", "root_of", "settled",
    "study_of", "verdict_on", "who_stays",
]  # fmt: skip

KINDS = ("doubtful", "screened", "check", "study")
"""Pairs for people: not merged for lack of evidence; not merged because both were screened; merged
on little; other reports, perhaps of one study."""


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """Two records that a person should look at.

    Attributes
    ----------
    kind : str
        Of `KINDS`, or ``""`` for two that no rule names.
    first, second : str
        Ids, in the order of the alphabet.
    first_title, second_title, first_citation, second_citation : str
        As the comparison found them.
    score : float or None
        Log2 odds that both are one report.
    why : str
        The evidence in words.
    agreement : tuple of (field, words)
        Agreement of each field that could be compared.
    """

    kind: str
    first: str
    second: str
    first_title: str = ""
    second_title: str = ""
    first_citation: str = ""
    second_citation: str = ""
    score: float | None = None
    why: str = ""
    agreement: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DuplicateList:
    """Pairs that wait for a decision, with the numbers of the review.

    Attributes
    ----------
    pairs : tuple of DuplicatePair
        A page of them, the most likely first.
    total, page, size : int
        Of the kind that was asked for.
    counts : dict of str to int
        Pairs that wait, by kind.
    records, copies, groups : int
        Records of the review, those that repeat another, and groups.
    compared : bool
        Whether the records were ever compared.
    """

    pairs: tuple[DuplicatePair, ...]
    total: int
    page: int
    size: int
    counts: dict[str, int]
    records: int
    copies: int
    groups: int
    compared: bool


@dataclass(frozen=True, slots=True)
class PairSides:
    """Two records side by side.

    Attributes
    ----------
    pair : DuplicatePair
        With the evidence.
    records : (RecordLine, RecordLine)
        Both.
    decision : str
        What a person decided about them; ``""``: nothing.
    by, date, note : str
        Who, when and why.
    version : int
        Of the decision, to be named when another is made.
    merged : bool
        Whether they stand for one report now.
    group : tuple of str
        All records of that report, the one that stays first; empty where they are not merged.
    stays : str
        The one that stays, or would stay.
    settled : tuple of bool
        Whether each has all its decisions at a stage.
    studies : tuple of str
        Study that each is a report of; empty texts where it is of none.
    """

    pair: DuplicatePair
    records: tuple[RecordLine, RecordLine]
    decision: str
    by: str
    date: str
    note: str
    version: int
    merged: bool
    group: tuple[str, ...]
    stays: str
    settled: tuple[bool, bool]
    studies: tuple[str, str]


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Records of one report: the one that stays, and its copies with the reason of each."""

    stays: RecordLine
    copies: tuple[RecordLine, ...]
    reasons: tuple[str, ...]
    made_by: tuple[str, ...]


# what there is


@lru_cache(maxsize=4)
def _parsed(text: str) -> tuple[DuplicatePair, ...]:
    """Read ``duplicate_pairs.csv``; a line that is none is left out."""
    found = []
    for row in csv.DictReader(io.StringIO(text)):
        first, second = sorted((row.get("first") or "", row.get("second") or ""))
        if not first or not second or row.get("kind") not in KINDS:
            continue
        try:
            score = float(row.get("score") or "nan")
        except ValueError:
            score = float("nan")
        turned = first != row.get("first")
        one, two = ("second", "first") if turned else ("first", "second")
        said = [part.partition(": ") for part in (row.get("agreement") or "").split("; ") if part]
        found.append(
            DuplicatePair(
                str(row["kind"]), first, second,
                row.get(f"{one}_title") or "", row.get(f"{two}_title") or "",
                row.get(f"{one}_citation") or "", row.get(f"{two}_citation") or "",
                None if score != score else score, row.get("why") or "",
                tuple((name, words) for name, _, words in said),
            )
        )  # fmt: skip
    return tuple(found)


def _pairs(desk: Desk, board: Board) -> tuple[DuplicatePair, ...]:
    value = board.values("text").get((PAIRS,))
    if value is not None:
        return _parsed(str(value.get("text", "")))
    if (PAIRS,) in board.values("file") and (desk.folder / PAIRS).is_file():
        return _parsed((desk.folder / PAIRS).read_text(encoding="utf-8", errors="replace"))
    return ()


def _compared(board: Board) -> bool:
    return (PAIRS,) in board.values("text") or (PAIRS,) in board.values("file")


def root_of(copies: Mapping[str, str], record: str) -> str:
    """Return the record that stays for another; itself where it repeats none."""
    seen = {record}
    while record in copies and copies[record] not in seen:
        record = copies[record]
        seen.add(record)
    return record


def groups_of(copies: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the copies of each record that stays."""
    found: dict[str, list[str]] = {}
    for record in copies:
        found.setdefault(root_of(copies, record), []).append(record)
    return found


def pair_key(first: str, second: str) -> tuple[str, str]:
    """Return two ids in the order of the alphabet."""
    return (first, second) if first < second else (second, first)


def verdict_on(board: Board, first: str, second: str) -> str:
    """Return what a person decided about two records; ``""``: nothing that holds."""
    value = board.values("duplicate_decision").get(pair_key(first, second), {})
    said = str(value.get("decision", ""))
    return "" if said == "open" else said


_kept: dict[tuple[str, int], tuple[int, dict[str, list[DuplicatePair]]]] = {}


def _waiting(desk: Desk, board: Board) -> dict[str, list[DuplicatePair]]:
    """Return the pairs that nobody has decided on, by kind; not to be changed."""
    place, number = (desk.store.alias, desk.store.review), board.number
    kept = _kept.get(place)
    if kept is not None and kept[0] == number:
        return kept[1]
    copies, there = board.duplicates, frozenset(board.records)
    found: dict[str, list[DuplicatePair]] = {kind: [] for kind in KINDS}
    for pair in _pairs(desk, board):
        if verdict_on(board, pair.first, pair.second) or not {pair.first, pair.second} <= there:
            continue
        one = root_of(copies, pair.first) == root_of(copies, pair.second)
        if one == (pair.kind == "check"):
            found[pair.kind].append(pair)
    _kept[place] = (number, found)
    return found


def count_doubtful(desk: Desk) -> int:
    """Return how many pairs wait for a person who says whether they are one report."""
    found = _waiting(desk, desk.board)
    return len(found["doubtful"]) + len(found["screened"])


def duplicate_pairs(
    desk: Desk, kind: str = "doubtful", *, page: int = 1, size: int = 50
) -> DuplicateList:
    """List the pairs of a kind that wait for a decision, the most likely first.

    Raises
    ------
    PermissionDeniedError
        Somebody who does not deduplicate.
    OptionError
        No such kind.
    """
    desk.permit("deduplicate")
    if kind not in KINDS:
        raise OptionError("kind", kind, KINDS)
    board = desk.board
    found = _waiting(desk, board)
    copies = board.duplicates
    start = (max(page, 1) - 1) * size
    return DuplicateList(
        pairs=tuple(found[kind][start : start + size]),
        total=len(found[kind]),
        page=max(page, 1),
        size=size,
        counts={name: len(pairs) for name, pairs in found.items()},
        records=len(board.records),
        copies=len(copies),
        groups=len(groups_of(copies)),
        compared=_compared(board),
    )


def next_pair(desk: Desk, kind: str, after: tuple[str, str] | None = None) -> DuplicatePair | None:
    """Return the next pair of a kind that waits, after another; the first when there is no other.

    Parameters
    ----------
    desk, kind
        Who, and which queue.
    after
        The pair just looked at; it is left out.
    """
    desk.permit("deduplicate")
    board = desk.board
    waiting = {(pair.first, pair.second): pair for pair in _waiting(desk, board).get(kind, ())}
    if not waiting:
        return None
    if after is None:
        return next(iter(waiting.values()))
    after = pair_key(*after)
    order = [(pair.first, pair.second) for pair in _pairs(desk, board) if pair.kind == kind]
    place = order.index(after) + 1 if after in order else 0
    follow = [*order[place:], *order[:place]]
    return next((waiting[each] for each in follow if each in waiting and each != after), None)


def lines_of(desk: Desk, ids: Sequence[str]) -> dict[str, RecordLine]:
    """Return records by id."""
    found = list_records(desk.store, ids=ids, size=max(len(ids), 1)).lines
    return {line.id: line for line in found}


def settled(board: Board, record: str) -> bool:
    """Tell whether a record has all its decisions at a stage: everybody may know that."""
    for stage in board.plan.stages or ():
        votes = board.votes(stage.name, record)
        asked = board.asked(stage.name, record)
        if votes and complete(stage, votes, asked=asked, ignored=board.ignored):
            return True
    return False


def study_of(board: Board) -> dict[str, str]:
    """Return the study of each record that is a report of one."""
    found = {}
    for key, value in board.values("study").items():
        for part in str(value.get("record_ids", "")).split(";"):
            if part.strip():
                found[part.strip()] = key[0]
    return found


def who_stays(
    board: Board, lines: Mapping[str, RecordLine], studies: Mapping[str, str], ids: Sequence[str]
) -> str:
    """Return the record that stays for a report.

    A report of a study, then one with all its decisions, then one that stood for its group before,
    then the one that says most. Open records are alike here whatever was decided on them.
    """
    stood = set(board.duplicates.values())

    def rank(name: str) -> tuple[bool, bool, bool, int, int, str]:
        line = lines.get(name)
        facts = (
            (line.title, line.authors, line.year, line.journal, line.doi, line.pmid, line.abstract)
            if line
            else ()
        )
        length = len(line.title) + len(line.abstract) if line else 0
        return (
            name not in studies, not settled(board, name), name not in stood,
            -sum(map(bool, facts)), -length, name,
        )  # fmt: skip

    return min(ids, key=rank)


def check_known(board: Board, *ids: str) -> None:
    """Refuse ids that no record has."""
    there = frozenset(board.records)
    for name in ids:
        if name not in there:
            raise NotThereError(f"there is no record {name!r} in the searches")


def pair_sides(desk: Desk, first: str, second: str) -> PairSides:
    """Return two records side by side, with the evidence and what was decided.

    Raises
    ------
    NotThereError
        No such record, or the same one twice.
    """
    desk.permit("deduplicate")
    board = desk.board
    first, second = pair_key(first, second)
    check_known(board, first, second)
    if first == second:
        raise NotThereError("these are not two records")
    found = [
        pair for pair in _pairs(desk, board) if (pair.first, pair.second) == (first, second)
    ]  # fmt: skip
    copies, lines, studies = board.duplicates, lines_of(desk, (first, second)), study_of(board)
    root = root_of(copies, first)
    merged = root == root_of(copies, second)
    value = board.values("duplicate_decision").get((first, second), {})
    every = sorted({*members_of(copies, first), *members_of(copies, second)})
    known = {**lines, **lines_of(desk, [name for name in every if name not in lines])}
    return PairSides(
        pair=found[0] if found else DuplicatePair("", first, second),
        records=(lines[first], lines[second]),
        decision=verdict_on(board, first, second),
        by=str(value.get("by", "")),
        date=str(value.get("date", "")),
        note=str(value.get("note", "")),
        version=board.version("duplicate_decision", (first, second)),
        merged=merged,
        group=(root, *(name for name in every if name != root)) if merged else (),
        stays=root if merged else who_stays(board, known, studies, every),
        settled=(settled(board, first), settled(board, second)),
        studies=(studies.get(first, ""), studies.get(second, "")),
    )


def members_of(copies: Mapping[str, str], record: str) -> list[str]:
    """Return all records of a report, the one that stays first."""
    root = root_of(copies, record)
    return [root, *sorted(name for name in copies if root_of(copies, name) == root)]


def duplicate_groups(
    desk: Desk, *, page: int = 1, size: int = 30
) -> tuple[tuple[DuplicateGroup, ...], int]:
    """List the groups of records of one report, in the order of the searches; and how many."""
    desk.permit("deduplicate")
    board = desk.board
    groups = groups_of(board.duplicates)
    places = {name: at for at, name in enumerate(board.records)}
    roots = sorted(groups, key=lambda name: (places.get(name, len(places)), name))
    start = (max(page, 1) - 1) * size
    shown = roots[start : start + size]
    lines = lines_of(desk, [each for root in shown for each in (root, *groups[root])])
    return tuple(
        _group(board, lines, root, sorted(groups[root])) for root in shown if root in lines
    ), len(roots)


def duplicate_group(desk: Desk, record: str) -> DuplicateGroup:
    """Return the group of a record.

    Raises
    ------
    NotThereError
        It is in none.
    """
    desk.permit("deduplicate")
    board = desk.board
    members = members_of(board.duplicates, record)
    if len(members) < 2:
        raise NotThereError(f"the record {record!r} stands alone")
    lines = lines_of(desk, members)
    if members[0] not in lines:
        raise NotThereError(f"there is no record {members[0]!r} in the searches")
    return _group(board, lines, members[0], members[1:])


def _group(
    board: Board, lines: Mapping[str, RecordLine], root: str, copies: Sequence[str]
) -> DuplicateGroup:
    there = [name for name in copies if name in lines]
    values = [board.values("duplicate").get((name,), {}) for name in there]
    reasons = tuple(str(value.get("reason", "")) for value in values)
    return DuplicateGroup(
        lines[root],
        tuple(lines[name] for name in there),
        tuple(reason.partition(": ")[2] or reason for reason in reasons),
        tuple(str(value.get("made_by", "")) for value in values),
    )
