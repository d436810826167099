"""Acts committed together: those that wait while one is written go with the next.

The chain of hashes has one writer at a time. Threads hand in their acts and one of them writes all
that are waiting, so that fifty people at once cost little more than one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from evisynth.review import KINDS, Cell, Draft, Entry, Head, Item, ItemKey, Value, append
from evisynth.storage import statements
from evisynth.storage.errors import Conflict, RequestReusedError, VersionConflict, refused
from evisynth.storage.rows import entry_of, key_text, subject_of
from evisynth.storage.setup import program_version
from evisynth.storage.unit import Unit

__all__ = ["Act", "Committer", "Hook", "Put", "Written", "utc_now"]

TOGETHER = 100
"""Acts in one transaction at most."""


@dataclass(frozen=True, slots=True)
class Put:
    """An item that is to be written; the value None takes it away.

    ``expected_version`` is the version that the person saw: 0 for none; None writes over whatever
    stands there.
    """

    kind: str
    key: ItemKey
    value: dict[str, Cell] | None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """What one person does at once: all of it is written, or nothing."""

    puts: tuple[Put, ...]
    actor: str
    act: str
    reason: str = ""
    request: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """The answer to a put.

    Attributes
    ----------
    kind, key, value
        As they stand now.
    version : int
        Of the item.
    number : int
        Of its entry in the history; 0 where nothing had to be changed.
    changed : bool
        Whether anything had to be.
    repeated : bool
        Whether the request had been answered before.
    """

    kind: str
    key: ItemKey
    value: Value | None
    version: int
    number: int = 0
    changed: bool = False
    repeated: bool = False


Hook = Callable[[Unit, Sequence[Entry]], None]
"""Called in the transaction after each act, with its entries; what it raises stops the act."""


def utc_now() -> str:
    """Return the time as the history writes it."""
    return datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(slots=True)
class _Job:
    act: Act
    done: threading.Event = field(default_factory=threading.Event)
    finished: bool = False
    answer: tuple[Written, ...] = ()
    error: BaseException | None = None

    def finish(self, outcome: tuple[Written, ...] | BaseException) -> None:
        if isinstance(outcome, BaseException):
            self.error = outcome
        else:
            self.answer = outcome
        self.finished = True
        self.done.set()


class Committer:
    """Writes the acts of one review from this process.

    Parameters
    ----------
    alias, review
        Connection and number of the review.
    hooks
        Called after each act.
    clock
        Gives the time of an entry.

    Attributes
    ----------
    batches : int
        Transactions that this process has written so far.
    """

    def __init__(
        self, alias: str, review: int, hooks: Sequence[Hook], clock: Callable[[], str] = utc_now
    ) -> None:
        self.alias, self.review = alias, review
        self.hooks, self.clock = tuple(hooks), clock
        self.batches = 0
        self._waiting: deque[_Job] = deque()
        self._leads = threading.Lock()

    def commit(self, act: Act) -> tuple[Written, ...]:
        """Write an act and return when it is on the disk."""
        job = _Job(act)
        self._waiting.append(job)
        while not job.finished:
            if self._leads.acquire(blocking=False):
                try:
                    if not job.finished:
                        self._lead()
                finally:
                    self._leads.release()
                    with suppress(IndexError):
                        self._waiting[0].done.set()  # somebody came meanwhile and must not sleep on
            else:
                job.done.wait()
                if not job.finished:
                    job.done.clear()
        if job.error is not None:
            raise job.error
        return job.answer

    def _lead(self) -> None:
        """Write what is waiting."""
        jobs: list[_Job] = []
        while self._waiting and len(jobs) < TOGETHER:
            jobs.append(self._waiting.popleft())
        try:
            outcomes = self._write([job.act for job in jobs])
            self.batches += 1
        except Exception as error:  # noqa: BLE001 - handed to the threads whose acts they are
            if len(jobs) == 1:
                jobs[0].finish(error)
                return
            # one of them may be at fault: each on its own
            for job in jobs:
                try:
                    outcome = self._write([job.act])[0]
                    self.batches += 1
                    job.finish(outcome)
                except Exception as own:  # noqa: BLE001 - handed to the thread whose act it is
                    job.finish(own)
            return
        except BaseException:  # an interrupt of this thread: nobody else must wait for ever
            for job in jobs:
                job.finish(
                    refused(
                        "store",
                        "the writing was interrupted",
                        "Send it again with the same request id; what was written is not written"
                        " twice",
                    )
                )
            raise
        for job, outcome in zip(jobs, outcomes, strict=True):
            job.finish(outcome)

    def _write(self, acts: Sequence[Act]) -> list[tuple[Written, ...] | BaseException]:
        from django.db import connections, transaction

        connection = connections[self.alias]
        if connection.in_atomic_block:
            raise refused(
                "store",
                "an act cannot be written inside another transaction of the same thread",
                "Call the store outside of transaction.atomic()",
            )
        connection.close_if_unusable_or_obsolete()
        with transaction.atomic(using=self.alias):
            unit = Unit(self.alias, self.review, lock(self.alias, self.review))
            places = [(put.kind, put.key) for act in acts for put in act.puts]
            # every item about the record comes along: the hooks want its votes
            unit.load(places, {subject_of(*place) for place in places[: 10 * TOGETHER]})
            answered = self._answered({act.request for act in acts if act.request})
            outcomes: list[tuple[Written, ...] | BaseException] = []
            fresh: dict[str, tuple[Act, tuple[Written, ...]]] = {}
            idle: list[str] = []
            for act in acts:
                unit.begin()
                try:
                    if act.request in fresh:
                        first, answer = fresh[act.request]
                        outcomes.append(_again(act, first, answer))
                        continue
                    if act.request and act.request in answered:
                        outcomes.append(self._repeat(unit, act, answered[act.request]))
                        continue
                    answer = self._try(unit, act)
                    for hook in self.hooks:
                        hook(unit, unit.tried_entries)
                except Exception as error:  # noqa: BLE001 - handed to the thread whose act it is
                    unit.drop()
                    outcomes.append(error)
                    continue
                if act.request:
                    fresh[act.request] = (act, answer)
                    if not unit.tried_entries:
                        idle.append(act.request)
                unit.keep()
                outcomes.append(answer)
            unit.flush()
            self._remember(idle)
        return outcomes

    def _try(self, unit: Unit, act: Act) -> tuple[Written, ...]:
        """Apply an act in memory."""
        at = self.clock()
        answer: list[Written] = []
        conflicts: list[Conflict] = []
        for put in act.puts:
            item = unit.get(put.kind, put.key)
            if put.value == item.value:
                answer.append(Written(put.kind, put.key, item.value, item.version, item.number))
                continue
            if put.expected_version is not None and put.expected_version != item.version:
                conflicts.append(self._conflict(unit, put, item))
                continue
            entry = None
            if KINDS[put.kind].kept:
                entry = append(
                    unit.head,
                    Draft(
                        at, act.actor, act.act, put.kind, put.key, item.value, put.value,
                        act.reason, program_version(), act.request,
                    ),
                )  # fmt: skip
            number = entry.number if entry else 0
            version = item.version + 1
            new = Item(put.kind, put.key, put.value, version, number, at, act.actor)
            unit.write(new, entry)
            answer.append(Written(put.kind, put.key, put.value, version, number, changed=True))
        if conflicts:
            raise VersionConflict(conflicts)
        return tuple(answer)

    def _conflict(self, unit: Unit, put: Put, item: Item) -> Conflict:
        """Say what the person had, wants, and what stands there."""
        from evisynth.storage import models

        base: Value | None = None
        version = put.expected_version or 0
        if 0 < version <= item.version:  # nobody can have seen a later one
            earlier = [
                entry
                for entry in unit.kept_entries + unit.tried_entries
                if (entry.kind, entry.key) == (put.kind, put.key)
            ]
            rows = models.Entry.objects.using(self.alias).filter(
                review_id=self.review, kind=put.kind, key=key_text(put.key)
            )
            entries = [entry_of(row) for row in rows.order_by("number")[:version]] + earlier
            base = entries[version - 1].after if len(entries) >= version else None
        return Conflict(
            put.kind, put.key, base, put.value, item.value, item.version, item.actor, item.at
        )

    def _answered(self, requests: set[str]) -> dict[str, list[Entry]]:
        """Return the entries of requests that were answered before; none for an idle one."""
        found: dict[str, list[Entry]] = {}
        if requests:
            for entry in statements.answered_entries(self.alias, self.review, requests):
                found.setdefault(entry.request, []).append(entry)
            for name in statements.answered_idle(self.alias, self.review, requests):
                found.setdefault(name, [])
        return found

    def _repeat(self, unit: Unit, act: Act, entries: Sequence[Entry]) -> tuple[Written, ...]:
        """Answer a repeated request as it was answered first."""
        from evisynth.storage import models

        wanted = {(put.kind, put.key): put.value for put in act.puts}
        before = {(entry.kind, entry.key): entry for entry in entries}
        for place, entry in before.items():
            if place not in wanted or wanted[place] != entry.after or entry.actor != act.actor:
                raise _reused(act)
        answer = []
        for put in act.puts:
            made = before.get((put.kind, put.key))
            if made is None:
                item = unit.get(put.kind, put.key)
                version, number = item.version, 0
            else:
                rows = models.Entry.objects.using(self.alias).filter(
                    review_id=self.review, kind=put.kind, key=key_text(put.key)
                )
                version, number = rows.filter(number__lte=made.number).count(), made.number
            answer.append(
                Written(
                    put.kind, put.key, put.value, version, number,
                    changed=made is not None, repeated=True,
                )
            )  # fmt: skip
        return tuple(answer)

    def _remember(self, requests: Sequence[str]) -> None:
        from evisynth.storage import models

        if requests:
            models.Replay.objects.using(self.alias).bulk_create(
                [models.Replay(review_id=self.review, request=name) for name in requests]
            )


def lock(alias: str, review: int) -> Head:
    """Take the lock of a review's writers in a transaction; return the end of its history."""
    head = statements.locked_head(alias, review)
    if head is None:
        raise refused("store", "the review is not there any more")
    return head


def _reused(act: Act) -> RequestReusedError:
    return RequestReusedError(
        f"the request {act.request!r} was used before for something else; give each act an id of"
        " its own"
    )


def _again(act: Act, first: Act, answer: tuple[Written, ...]) -> tuple[Written, ...]:
    """Answer a request that came twice in one transaction."""
    if (first.puts, first.actor, first.act) != (act.puts, act.actor, act.act):
        raise _reused(act)
    return tuple(
        Written(each.kind, each.key, each.value, each.version, each.number, each.changed, True)
        for each in answer
    )
