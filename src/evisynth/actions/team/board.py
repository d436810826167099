"""What a process knows of a running review: its items in memory, caught up with the history.

Every act of a person asks "where does this record stand" and "what is next for me". Both are
answered from here; the store is asked only what was written since, which is one short query when
nothing was. Nothing here is shown to anybody as it is: `evisynth.screening.visible` and its
neighbours, through the modules beside this one, say what a person may see.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from evisynth.actions.store_states import decision_of_item, not_counted, plan_of
from evisynth.review import (
    PLAN_FILE,
    Entry,
    Item,
    ItemKey,
    Plan,
    Value,
    reviewers_of,
)
from evisynth.screening import Decision, RecordState, Stage, StageName, may_vote, settle
from evisynth.screening import own_order as mixed_order
from evisynth.storage import Store, record_ids

__all__ = ["Board"]

REBUILDS = frozenset({"plan", "assignment", "pilot", "member"})
"""Kinds that can move many records at once."""

SETS_ASIDE = frozenset({"duplicate", "removal"})
"""Kinds that take a record out of the stages, or bring it back."""

RECORDS_CHANGED = ("setting", ("review", "records"))
"""Written by an import once the new records can be listed."""

NAMES: tuple[StageName, ...] = ("title_abstract", "full_text")


@dataclass(slots=True)
class _Work:
    """One stage: decisions and states by record, and for each person what waits.

    ``wants`` holds a byte for each record, 1 where it waits for the person; ``left`` counts them.
    """

    stage: Stage
    votes: dict[str, list[Decision]] = field(default_factory=dict)
    states: dict[str, RecordState] = field(default_factory=dict)
    wants: dict[str, bytearray] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    decided: dict[str, int] = field(default_factory=dict)
    orders: dict[str, tuple[int, ...]] = field(default_factory=dict)


class Board:
    """A review as one process sees it.

    Parameters
    ----------
    store
        The review's store.
    folder
        Its folder.

    Attributes
    ----------
    number : int
        The last entry of the history that is in here.
    plan : Plan
        What ``review.toml`` says.
    records : tuple of str
        Ids in the order of the searches.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder = store, folder
        self.number = -1
        self.plan = Plan()
        self.plan_text = ""
        self.records: tuple[str, ...] = ()
        self._places: dict[str, int] = {}
        self._values: dict[str, dict[ItemKey, Value]] = {}
        self._versions: dict[tuple[str, ItemKey], int] = {}
        self._work: dict[StageName, _Work] = {}
        self._asked: dict[tuple[str, str], tuple[str, ...]] = {}
        self._ignored: frozenset[str] = frozenset()
        self._away: set[str] = set()
        self._lock = threading.RLock()

    # catching up

    def refresh(self) -> Board:
        """Take in what was written since; return the board itself."""
        head = self.store.head()
        if head.number == self.number:
            return self
        with self._lock:
            if self.number < 0:
                self._load()
            elif head.number != self.number:
                self._take(self.store.history(after=self.number))
        return self

    def _load(self) -> None:
        """Read everything anew."""
        head = self.store.head()
        self._values = {}
        self._versions = {}
        newer: dict[tuple[str, ItemKey], int] = {}
        for (kind, key), item in self.store.state().items():
            self._versions[kind, key] = item.version
            if item.number > head.number:
                newer[kind, key] = item.number
            if item.value is not None:
                self._values.setdefault(kind, {})[key] = item.value
        self._read_plan()
        self._read_records()
        self._rebuild()
        self.number = head.number
        # written while the state was read; what it has already is not taken twice
        late = [
            entry
            for entry in self.store.history(after=head.number)
            if entry.number > newer.get((entry.kind, entry.key), 0)
        ]
        self._take(late)

    def _take(self, entries: Iterable[Entry]) -> None:
        """Apply entries in their order."""
        touched: set[str] = set()
        moved: set[str] = set()
        rebuild = reload = False
        for entry in entries:
            there = self._values.setdefault(entry.kind, {})
            if entry.after is None:
                there.pop(entry.key, None)
            else:
                there[entry.key] = entry.after
            place = (entry.kind, entry.key)
            self._versions[place] = self._versions.get(place, 0) + 1
            if entry.kind == "vote":
                stage: StageName = "full_text" if entry.key[0] == "full_text" else "title_abstract"
                self._place_vote(stage, entry.key, entry.after)
                touched.add(entry.key[1])
            elif entry.kind in SETS_ASIDE:
                moved.add(entry.key[0])
            elif entry.kind in REBUILDS:
                rebuild = True
                reload = reload or entry.kind == "plan"
            elif entry.kind == "file" or (entry.kind, entry.key) == RECORDS_CHANGED:
                reload = rebuild = True
            elif entry.kind == "retrieval":
                touched.add(entry.key[0])
            self.number = max(self.number, entry.number)
        if reload:
            self._read_plan()
            self._read_records()
        if rebuild:
            self._rebuild()
            return
        self._set_aside(moved)
        for record in (touched | moved) - self._away:
            self._settle("title_abstract", record)

    def _read_plan(self) -> None:
        text = str(self._values.get("plan", {}).get((PLAN_FILE,), {}).get("text", ""))
        if text != self.plan_text:
            self.plan = plan_of(text)
            self.plan_text = text

    def _read_records(self) -> None:
        found = record_ids(self.store)
        if found != self.records:
            self.records = found
            self._places = {record: place for place, record in enumerate(found)}

    # computing

    @property
    def duplicates(self) -> dict[str, str]:
        """The record that each duplicate repeats."""
        return {
            key[0]: str(value["duplicate_of"]) for key, value in self.values("duplicate").items()
        }

    def _rebuild(self) -> None:
        """Compute everything from the items."""
        stages = {stage.name: stage for stage in self.plan.stages or ()}
        self._ignored = not_counted(self.plan, self.values("member"))
        self._asked = {}
        for (stage, record, person), _ in sorted(self.values("assignment").items()):
            found = self._asked.get((record, stage), ())
            self._asked[record, stage] = (*found, person)
        old = self._work
        self._work = {name: _Work(stages[name]) for name in NAMES if name in stages}
        for name, work in self._work.items():
            before = old.get(name)
            if before is not None and before.stage == work.stage:
                work.orders = {
                    who: order for who, order in before.orders.items()
                    if len(order) == len(self.records)
                }  # fmt: skip
            for who in self.voters_of(work.stage):
                work.wants[who] = bytearray(len(self.records))
                work.left[who] = 0
                work.decided[who] = 0
        for key, value in self.values("vote").items():
            self._place_vote("full_text" if key[0] == "full_text" else "title_abstract", key, value)
        removed = (key[0] for key in self.values("removal"))
        self._away = {*self.duplicates, *removed}
        first = self._work.get("title_abstract")
        if first is None:
            return
        rest = self._settle_untouched(first)
        for record in rest:
            self._settle("title_abstract", record)

    def _settle_untouched(self, work: _Work) -> list[str]:
        """Settle the records that nobody has decided on, all alike; return the others."""
        stage = work.stage
        alike = settle(stage, (), record="", ignored=self._ignored)
        here = [record for record in self.records if record not in self._away]
        if alike.status == "included":
            return here
        asked = {record for record, name in self._asked if name == stage.name}
        touched = asked.union(record for record, votes in work.votes.items() if votes)
        untouched = [record for record in here if record not in touched]
        status, reason, votes, waiting = alike.status, alike.reason, alike.votes, alike.waiting
        work.states.update(
            (record, RecordState(record, stage.name, status, reason, votes, waiting))
            for record in untouched
        )
        places = self._places
        for who, wants in work.wants.items():
            if may_vote(stage, (), who, ignored=self._ignored):
                for record in untouched:
                    wants[places[record]] = 1
                work.left[who] += len(untouched)
        return [record for record in here if record in touched]

    def voters_of(self, stage: Stage) -> tuple[str, ...]:
        """Return the ids of those who may vote at a stage."""
        return reviewers_of(self.plan.people, stage)

    def _place_vote(self, name: StageName, key: ItemKey, value: Value | None) -> None:
        work = self._work.get(name)
        if work is None:
            return
        _, record, person, role = key
        votes = [
            made
            for made in work.votes.get(record, ())
            if (made.reviewer, made.role) != (person, role)
        ]
        had = len(votes) < len(work.votes.get(record, ()))
        if value is not None:
            votes.append(decision_of_item(Item("vote", key, value)))
        work.votes[record] = votes
        if role == "reviewer" and person in work.decided:
            work.decided[person] += (value is not None) - had

    def _settle(self, name: StageName, record: str) -> None:
        """Compute where a record stands at a stage, for whom it waits, and what follows."""
        work = self._work.get(name)
        place = self._places.get(record)
        if work is None or place is None:
            return
        asked = self._asked.get((record, name), ())
        votes = work.votes.get(record, ())
        state = settle(work.stage, votes, record=record, asked=asked, ignored=self._ignored)
        work.states[record] = state
        done = {made.reviewer for made in votes if made.role == "reviewer"}
        for who, wants in work.wants.items():
            wanted = who not in done and may_vote(
                work.stage, votes, who, asked=asked, ignored=self._ignored
            )
            work.left[who] += wanted - wants[place]
            wants[place] = wanted
        if name == "title_abstract" and "full_text" in self._work:
            status = self.values("retrieval").get((record,), {}).get("status")
            if state.status == "included" and status != "not_retrieved":
                self._settle("full_text", record)
            else:
                self._leave("full_text", record, place)

    def _set_aside(self, moved: Iterable[str]) -> None:
        """Take records out of all stages, or note that they are back."""
        copies, removed = self.values("duplicate"), self.values("removal")
        for record in moved:
            if (record,) not in copies and (record,) not in removed:
                self._away -= {record}
                continue
            self._away |= {record}
            for name in self._work:
                if record in self._places:
                    self._leave(name, record, self._places[record])

    def _leave(self, name: StageName, record: str, place: int) -> None:
        """Take a record out of a stage; its decisions are kept."""
        work = self._work[name]
        work.states.pop(record, None)
        for who, wants in work.wants.items():
            work.left[who] -= wants[place]
            wants[place] = 0

    # asking

    def values(self, kind: str) -> dict[ItemKey, Value]:
        """Return the items of a kind; not to be changed."""
        return self._values.setdefault(kind, {})

    def version(self, kind: str, key: ItemKey) -> int:
        """Return the version of an item, 0 for one that never was."""
        return self._versions.get((kind, key), 0)

    def stage(self, name: str) -> Stage | None:
        """Return the rules of a stage; None where the plan has none."""
        for known, work in self._work.items():
            if known == name:
                return work.stage
        return None

    def knows(self, record: str) -> bool:
        """Tell whether there is a record of this id."""
        return record in self._places

    def votes(self, name: StageName, record: str) -> tuple[Decision, ...]:
        """Return all decisions on a record at a stage."""
        with self._lock:
            work = self._work.get(name)
            return tuple(work.votes.get(record, ())) if work else ()

    def decisions(self, name: StageName) -> Iterator[Decision]:
        """Yield all decisions of a stage."""
        with self._lock:
            work = self._work.get(name)
            every = [made for votes in work.votes.values() for made in votes] if work else []
        yield from every

    def states(self, name: StageName) -> dict[str, RecordState]:
        """Return where each record of a stage stands."""
        with self._lock:
            work = self._work.get(name)
            return dict(work.states) if work else {}

    def state(self, name: StageName, record: str) -> RecordState | None:
        """Return where one record stands at a stage; None where it has not come."""
        work = self._work.get(name)
        return work.states.get(record) if work else None

    @property
    def ignored(self) -> frozenset[str]:
        """Ids of those whose votes do not count."""
        return self._ignored

    def asked(self, name: StageName, record: str) -> tuple[str, ...]:
        """Return the people asked by name to decide on a record; empty: everybody of the stage."""
        return self._asked.get((record, name), ())

    def counts(self, name: StageName, person: str) -> tuple[int, int]:
        """Return how many records a person has decided on, and how many wait."""
        work = self._work.get(name)
        if work is None:
            return 0, 0
        return work.decided.get(person, 0), work.left.get(person, 0)

    def _order(self, name: StageName, person: str) -> None:
        """Mix the records for a person, once; nobody else waits meanwhile."""
        while True:
            with self._lock:
                work, records = self._work.get(name), self.records
                if work is None or person not in work.wants or person in work.orders:
                    return
            mixed = mixed_order(person, work.stage, records)
            with self._lock:
                if self._work.get(name) is work and self.records == records:
                    places = self._places
                    work.orders[person] = tuple([places[record] for record in mixed])
                    return

    def waiting(
        self,
        name: StageName,
        person: str,
        *,
        limit: int = 0,
        skip: Collection[str] = (),
        first: Collection[str] = (),
        ranking: Collection[str] = (),
    ) -> tuple[str, ...]:
        """Return the records that wait for a person, in the person's own order.

        Parameters
        ----------
        name, person
            Stage and id.
        limit
            At most so many; 0: all.
        skip
            Ids that the person has before them already.
        first
            Ids that come first, as those of a pilot round.
        ranking
            Ids in the order of this person's ranking; the others follow in the own order.
        """
        self._order(name, person)
        with self._lock:
            work = self._work.get(name)
            if work is None or person not in work.wants:
                return ()
            wants = work.wants[person]
            found: dict[str, None] = {}
            front = [self._places[made] for made in (*first, *ranking) if made in self._places]
            for place in chain(front, work.orders.get(person, ())):
                if wants[place]:
                    record = self.records[place]
                    if record not in skip:
                        found[record] = None
                        if limit and len(found) >= limit:
                            break
            return tuple(found)
