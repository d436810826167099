"""All records as a table, one of them as a page, and what a person does to many at once."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from evisynth.actions.team.abstracts import Filled, filled_abstracts, filled_of, line_of
from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError, today
from evisynth.actions.team.flow import STATUSES, facts_of, live_flow, stamp_of
from evisynth.actions.team.seeing import (
    DATA_STAGE,
    SeenStage,
    own_vote,
    seen_record,
    seen_states,
    seen_tags,
    unblindings,
)
from evisynth.errors import OptionError
from evisynth.records import Record
from evisynth.review import Entry, read_search, viewer_of
from evisynth.screening import (
    Decision,
    RecordState,
    Remark,
    Stage,
    visible_remarks,
)
from evisynth.storage import (
    RecordFacts,
    RecordLine,
    list_records,
    search_ids,
    search_terms,
)

__all__ = [
    "NoteLine",
    "OneRecord",
    "RecordFilter",
    "RecordRow",
    "RecordTable",
    "add_note",
    "chosen_ids",
    "find_records",
    "one_record",
    "own_tags",
    "record_origin",
    "remove_note",
]

ORDERS = ("position", "title", "year", "-year", "record")
OWN = ("waiting", "none", "include", "exclude", "maybe")


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Which records a table shows, and in what order.

    Attributes
    ----------
    words : str
        The record has words that begin so, all of them; words in quotes stand one after the other.
    stage : str
        The stage that ``status`` and ``own`` are about; ``""``: the first.
    status : str
        Where the record stands as the person may know it: ``"open"``, ``"conflict"``,
        ``"included"``, ``"excluded"``.
    own : str
        The person's own decision (``"include"``, ``"exclude"``, ``"maybe"``, ``"none"``), or
        ``"waiting"`` for records that wait for the person.
    source, tag : str
        A search; an own tag.
    abstract : str
        ``"with"`` or ``"without"``.
    year_from, year_to : int or None
        Years.
    box, detail : str
        A box of the flow diagram, and a line in it.
    order : str
        ``"position"``, ``"title"``, ``"year"``, ``"-year"`` or ``"record"``.
    """

    words: str = ""
    stage: str = ""
    status: str = ""
    own: str = ""
    source: str = ""
    tag: str = ""
    abstract: str = ""
    year_from: int | None = None
    year_to: int | None = None
    box: str = ""
    detail: str = ""
    order: str = "position"

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("state", self.status, STATUSES),
            ("own", self.own, OWN),
            ("abstract", self.abstract, ("with", "without")),
        ):
            if value and value not in allowed:
                raise OptionError(name, value, allowed)


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record in a table with what the person knows of it."""

    record: RecordLine
    state: RecordState | None
    own: Decision | None
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordTable:
    """A page of records."""

    rows: tuple[RecordRow, ...]
    total: int
    page: int
    size: int


def _rules(desk: Desk, name: str) -> Stage | None:
    if name:
        return desk.stage(name)
    stages = desk.board.plan.stages or ()
    return stages[0] if stages else None


def own_tags(desk: Desk) -> tuple[str, ...]:
    """Return the tags that a person has given."""
    return tuple(sorted({key[2] for key in desk.board.values("tag") if key[1] == desk.person.id}))


def _within(desk: Desk, wanted: RecordFilter) -> set[str] | frozenset[str] | None:
    """Return the ids that the filters leave that are not of the records themselves."""
    board, person = desk.board, desk.person.id
    sets: list[Collection[str]] = []
    if wanted.box:
        sets.append(live_flow(desk).records(wanted.box, wanted.detail))
    if wanted.tag:
        sets.append({key[0] for key in board.values("tag") if key[1:] == (person, wanted.tag)})
    rules = _rules(desk, wanted.stage) if wanted.status or wanted.own else None
    if rules is not None and wanted.status:
        # a record that waits for votes is open for everybody, whatever they are
        sets.append(
            {
                record
                for record, state in board.states(rules.name).items()
                if (state.status if state.waiting != "votes" else "open") == wanted.status
            }
        )
    if rules is not None and wanted.own == "waiting":
        sets.append(set(board.waiting(rules.name, person)))
    elif rules is not None and wanted.own:
        mine = {
            made.record: own
            for made in board.decisions(rules.name)
            if made.reviewer == person
            and (own := own_vote(board, rules.name, made.record, person)) is not None
        }
        if wanted.own == "none":
            sets.append(board.states(rules.name).keys() - mine.keys())
        else:
            sets.append({name for name, own in mine.items() if own.verdict == wanted.own})
    if not sets:
        return None
    return frozenset(sets[0]).intersection(*sets[1:])


_found: OrderedDict[tuple[str, int, tuple[str, ...]], tuple[tuple[object, ...], frozenset[str]]] = (
    OrderedDict()
)
_sorted: dict[tuple[str, int, str], tuple[tuple[object, ...], tuple[int, ...]]] = {}
_guard = threading.Lock()
WORDS_KEPT = 24
"""Words whose records are remembered, so that the next page need not search anew."""


def _holding(desk: Desk, board: Board, terms: tuple[str, ...]) -> frozenset[str]:
    """Return the records that hold what is searched for."""
    place, stamp = (desk.store.alias, desk.store.review, terms), stamp_of(board)
    with _guard:
        kept = _found.get(place)
        if kept is not None and kept[0] == stamp:
            _found.move_to_end(place)
            return kept[1]
    hits = search_ids(desk.store, terms)
    with _guard:
        _found[place] = (stamp, hits)
        while len(_found) > WORDS_KEPT:
            _found.popitem(last=False)
    return hits


def _ordered(desk: Desk, board: Board, facts: RecordFacts, order: str) -> Sequence[int]:
    """Return the places of all records in an order; sorted once for each list of records."""
    every = range(len(facts.ids))
    if order == "position":
        return every
    place, stamp = (desk.store.alias, desk.store.review, order), stamp_of(board)
    kept = _sorted.get(place)
    if kept is not None and kept[0] == stamp:
        return kept[1]
    if order == "record":
        made = sorted(every, key=lambda at: facts.ids[at])
    elif order == "title":
        made = sorted(every, key=lambda at: facts.titles[at].casefold())
    elif order == "year":
        made = sorted(every, key=lambda at: facts.years[at] or 9999)
    elif order == "-year":
        made = sorted(every, key=lambda at: -(facts.years[at] or 0))
    else:
        raise OptionError("order", order, ORDERS)
    _sorted[place] = (stamp, tuple(made))
    return _sorted[place][1]


def chosen_ids(desk: Desk, wanted: RecordFilter) -> list[str]:
    """Return the ids that a filter leaves, in its order."""
    board = desk.board
    facts = facts_of(desk.store, board)
    places = _ordered(desk, board, facts, wanted.order)
    terms = search_terms(wanted.words[:500])
    words = [_holding(desk, board, terms)] if terms else []
    within = _within(desk, wanted)
    sets = [*words, *([] if within is None else [within])]
    ids, years, sources = facts.ids, facts.years, facts.sources
    if sets:
        left = frozenset(sets[0]).intersection(*sets[1:])
        places = [at for at in places if ids[at] in left]
    if wanted.source:
        places = [at for at in places if sources[at] == wanted.source]
    if wanted.abstract:
        filled = {key[0] for key in board.values("abstract")}
        bare = wanted.abstract == "without"
        places = [at for at in places if (facts.bare[at] and ids[at] not in filled) == bare]
    first, last = wanted.year_from, wanted.year_to
    if first is not None or last is not None:
        low, high = first or 0, 9999 if last is None else last
        places = [at for at in places if low <= (years[at] or -1) <= high]
    return [ids[at] for at in places]


def _listed(desk: Desk, wanted: RecordFilter, page: int, size: int) -> tuple[list[RecordLine], int]:
    ids = chosen_ids(desk, wanted)
    start = (max(page, 1) - 1) * size
    found = list_records(desk.store, ids=ids[start : start + size], size=size)
    return list(found.lines), len(ids)


def find_records(
    desk: Desk,
    wanted: RecordFilter | None = None,
    *,
    ids: Sequence[str] | None = None,
    page: int = 1,
    size: int = 50,
) -> RecordTable:
    """List records with what the person knows of each.

    Nothing of what others decided shows but the state of records that have all their decisions.

    Parameters
    ----------
    desk
        Whose.
    wanted
        Which records, and in what order.
    ids
        These instead.
    page, size
        Number of the page from 1, and lines on one.
    """
    desk.permit("read")
    chosen = wanted or RecordFilter()
    if ids is None:
        lines, total = _listed(desk, chosen, page, size)
    else:
        found = list_records(desk.store, ids=ids, page=page, size=size)
        lines, total = list(found.lines), found.total
    board = desk.board
    lines = list(filled_abstracts(board, lines))
    rules = _rules(desk, chosen.stage)
    ids = [line.id for line in lines]
    states = seen_states(desk, rules, ids, board=board) if rules else {}
    tags: dict[str, list[str]] = {name: [] for name in ids}
    for record, person, tag in board.values("tag"):
        if person == desk.person.id and record in tags:
            tags[record].append(tag)
    rows = tuple(
        RecordRow(
            line,
            states.get(line.id),
            own_vote(board, rules.name, line.id, desk.person.id) if rules else None,
            tuple(sorted(tags[line.id])),
        )
        for line in lines
    )
    return RecordTable(rows, total, max(page, 1), size)


# one record


@dataclass(frozen=True, slots=True)
class NoteLine:
    """A note on a record; ``id`` is there for own ones."""

    who: str
    own: bool
    text: str
    stage: str = ""
    date: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class OneRecord:
    """A record with all that a person may see of it.

    Attributes
    ----------
    record : RecordLine
        The record, with the abstract that was filled in if there is one.
    filled : Filled or None
        The abstract that a person filled in.
    stages : tuple of SeenStage
        Where it stands at each stage it came to.
    tags, notes : tuple
        Own ones, and others' once they may be seen.
    repeats : str
        The record that it repeats; ``""`` if none.
    repeated_by : tuple of str
        Records that repeat it.
    removed : str
        Why it was removed before screening.
    retrieval : tuple of (status, reason)
        Of its report; empty texts where nothing is said.
    studies : tuple of str
        Studies that it is a report of.
    history : tuple of Entry
        What happened to it that this person may see, newest first.
    """

    record: RecordLine
    filled: Filled | None
    stages: tuple[SeenStage, ...]
    tags: tuple[Remark, ...]
    notes: tuple[NoteLine, ...]
    repeats: str
    repeated_by: tuple[str, ...]
    removed: str
    retrieval: tuple[str, str]
    studies: tuple[str, ...]
    history: tuple[Entry, ...]


def one_record(desk: Desk, record: str) -> OneRecord:
    """Return a record with all that a person may see of it."""
    desk.permit("read")
    line = line_of(desk, record)
    board = desk.board
    retrieval = board.values("retrieval").get((record,), {})
    removal = board.values("removal").get((record,))
    return OneRecord(
        record=filled_abstracts(board, [line])[0],
        filled=filled_of(board, line),
        stages=seen_record(desk, record),
        tags=seen_tags(desk, record),
        notes=_notes(desk, board, record),
        repeats=board.duplicates.get(record, ""),
        repeated_by=tuple(
            sorted(name for name, kept in board.duplicates.items() if kept == record)
        ),
        removed=str(removal.get("reason") or removal["kind"]) if removal else "",
        retrieval=(str(retrieval.get("status", "")), str(retrieval.get("reason", ""))),
        studies=tuple(
            key[0]
            for key, value in board.values("study").items()
            if record in [part.strip() for part in str(value.get("record_ids", "")).split(";")]
        ),
        history=_history(desk, board, record),
    )


def _notes(desk: Desk, board: Board, record: str) -> tuple[NoteLine, ...]:
    """Return own notes, and those of others that stand open, under the names they may have."""
    person = desk.person.id
    found: list[NoteLine] = []
    others: list[tuple[str, str, str]] = []
    for (subject, who, ident), value in sorted(board.values("note").items()):
        text = str(value.get("text") or value.get("quote") or "")
        name = str(value.get("stage", ""))
        if subject == record and who == person:
            found.append(NoteLine(who, True, text, name, str(value.get("date", "")), ident))
        elif subject == record and name != DATA_STAGE:
            others.append((who, name, text))
    come = seen_record(desk, record) if others else ()
    named = {made.stage.name for made in come}
    everything = bool(come) and all(made.opened for made in come)
    for place in come:
        stage, last = place.stage, place is come[-1]
        seen = visible_remarks(
            # one without a stage may speak of any, and opens when all of them are open
            [
                Remark(record, stage.name, who, "note", text)
                for who, name, text in others
                if name == stage.name or (name not in named and last and everything)
            ],
            board.votes(stage.name, record),
            viewer_of(desk.person),
            stage,
            asked={(record, stage.name): board.asked(stage.name, record)},
            ignored=board.ignored,
            unblinded=unblindings(board),
        )
        found += [NoteLine(made.reviewer, False, made.text, made.stage) for made in seen]
    return tuple(found)


SHARED = ("abstract", "duplicate", "removal", "retrieval", "attachment")
"""Kinds about a record that say nothing of anybody's decision."""


def _history(desk: Desk, board: Board, record: str) -> tuple[Entry, ...]:
    """Return what happened to a record: what is everybody's to know, and the person's own acts."""
    store, person = desk.store, desk.person.id
    found = [entry for kind in SHARED for entry in store.history(kind, prefix=(record,))]
    for stage in board.plan.stages or ():
        found += store.history("vote", prefix=(stage.name, record, person))
    for kind in ("tag", "note"):
        found += store.history(kind, prefix=(record, person))
    return tuple(sorted(found, key=lambda entry: -entry.number))


@lru_cache(maxsize=4)
def _search_records(folder: Path, search: str, _stamp: object) -> dict[str, Record]:
    """Read a search once for as long as its files stay as they are."""
    return {record.id: record for record in read_search(folder, search)}


def record_origin(desk: Desk, record: str) -> Record | None:
    """Return a record as its export has it, with the raw text; None where it cannot be read."""
    desk.permit("read")
    line = line_of(desk, record)
    place = desk.folder / "searches" / line.source
    if not place.is_dir():
        return None
    stamp = tuple(
        (path.name, made.st_mtime_ns, made.st_size)
        for path in sorted(place.iterdir())
        if path.is_file() and (made := path.stat())
    )
    return _search_records(desk.folder, line.source, stamp).get(record)


def add_note(desk: Desk, record: str, text: str, *, stage: str = "", request_id: str = "") -> None:
    """Keep a note of the person on a record."""
    desk.permit("note")
    line_of(desk, record)
    if not text.strip():
        raise RefusedError("the note is empty")
    if stage:
        desk.stage(stage)
    value: dict[str, object] = {"text": text.strip(), "date": today()}
    if stage:
        value["stage"] = stage
    ident = request_id or secrets.token_hex(16)
    key = (record, desk.person.id, ident)
    if key in desk.board.values("note"):
        return
    desk.store.put("note", key, value, actor=desk.person.id, act="note")


def remove_note(desk: Desk, record: str, note: str) -> None:
    """Take an own note away; the history keeps it."""
    desk.permit("note")
    key = (record, desk.person.id, note)
    if key not in desk.board.values("note"):
        raise NotThereError("there is no such note of yours")
    desk.store.put("note", key, None, actor=desk.person.id, act="remove a note")
