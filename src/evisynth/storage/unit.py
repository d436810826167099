"""One transaction: what it has read, and what it is going to write.

Acts are tried one after the other on values in memory; only what holds of all acts that went well
is written, at the end and in a few statements. An act that fails leaves no trace.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from evisynth.review import KINDS, Entry, Head, Item, ItemKey
from evisynth.screening import RecordState
from evisynth.storage import statements
from evisynth.storage.rows import item_of, key_text, prefix_range, subject_of

__all__ = ["Unit"]


@dataclass(slots=True)
class _Layer:
    """What was written: by all acts so far, or by the one that is tried."""

    items: dict[str, dict[ItemKey, Item]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    states: dict[tuple[str, str], RecordState | None] = field(default_factory=dict)

    def take(self, other: _Layer) -> None:
        """Add what another layer has."""
        for kind, items in other.items.items():
            self.items.setdefault(kind, {}).update(items)
        self.entries += other.entries
        self.states.update(other.states)


class Unit:
    """What one transaction sees and writes; handed to the hooks of a store.

    Parameters
    ----------
    alias, review
        Connection and number of the review.
    head
        End of its history, under lock.
    """

    def __init__(self, alias: str, review: int, head: Head) -> None:
        self.alias, self.review, self.head = alias, review, head
        self._read: dict[str, dict[ItemKey, Item]] = {}
        self._subjects: dict[str, set[tuple[str, ItemKey]]] = {}
        self._whole: set[str] = set()
        self._records: dict[str, bool] = {}
        self._kept = _Layer()
        self._tried = _Layer()
        self._before_act = head

    # what there is

    def _note(self, items: Iterable[Item]) -> None:
        for item in items:
            self._read.setdefault(item.kind, {})[item.key] = item

    def load(self, places: Collection[tuple[str, ItemKey]], subjects: Collection[str] = ()) -> None:
        """Read items by kind and key, and all items about records or studies, in few statements."""
        wanted = [each for each in subjects if each and each not in self._subjects]
        self._subjects.update((name, set()) for name in wanted)
        for name, item in statements.items_about(self.alias, self.review, wanted):
            self._note((item,))
            self._subjects[name].add((item.kind, item.key))
        lacking: dict[str, list[str]] = {}
        for kind, key in places:
            known = kind in self._whole or key in self._read.get(kind, ())
            if not known and subject_of(kind, key) not in self._subjects:
                lacking.setdefault(kind, []).append(key_text(key))
        for kind, keys in lacking.items():
            if len(keys) > 10 * statements.CHUNK:
                self.every(kind)
            else:
                self._note(statements.items_at(self.alias, self.review, kind, keys))

    def get(self, kind: str, key: ItemKey) -> Item:
        """Return an item as it stands in this transaction; version 0 where there never was one."""
        for layer in (self._tried, self._kept):
            found = layer.items.get(kind, {}).get(key)
            if found is not None:
                return found
        read = self._read.setdefault(kind, {})
        if key not in read:
            if kind not in self._whole and subject_of(kind, key) not in self._subjects:
                self._note(statements.items_at(self.alias, self.review, kind, [key_text(key)]))
            read.setdefault(key, Item(kind, key))
        return read[key]

    def about(self, subject: str) -> list[Item]:
        """Return all items about a record or study, those taken away left out, sorted."""
        self.load((), (subject,))
        places = set(self._subjects[subject])
        for layer in (self._kept, self._tried):
            for kind, items in layer.items.items():
                places.update((kind, key) for key in items if subject_of(kind, key) == subject)
        found = [self.get(*place) for place in sorted(places)]
        return [item for item in found if item.value is not None]

    def every(self, kind: str, prefix: Sequence[str] = ()) -> list[Item]:
        """Return all items of a kind whose key begins so, those taken away left out, sorted."""
        from evisynth.storage import models

        if kind not in self._whole:
            rows = models.Item.objects.using(self.alias).filter(review_id=self.review, kind=kind)
            if prefix:
                first, end = prefix_range(prefix)
                rows = rows.filter(key__gte=first, key__lt=end)
            else:
                self._whole.add(kind)
            self._note(map(item_of, rows))
        keys = set(self._read.get(kind, ()))
        for layer in (self._kept, self._tried):
            keys.update(layer.items.get(kind, ()))
        start = tuple(prefix)
        found = [self.get(kind, key) for key in sorted(keys) if key[: len(start)] == start]
        return [item for item in found if item.value is not None]

    def record_ids(self) -> list[str]:
        """Return the ids of all records, in their order."""
        from evisynth.storage import models

        rows = models.Record.objects.using(self.alias).filter(review_id=self.review)
        return list(rows.order_by("position").values_list("record", flat=True))

    def known_records(self, ids: Sequence[str]) -> list[str]:
        """Return those ids that a record has, in the order given."""
        # the others that this transaction is about come along: acts ask one after the other
        asked = [name for name in {*ids, *self._subjects} if name not in self._records]
        if any(name not in self._records for name in ids):
            there = statements.known_records(self.alias, self.review, asked)
            self._records.update((name, name in there) for name in asked)
        return [name for name in ids if self._records[name]]

    # what is written

    def write(self, item: Item, entry: Entry | None) -> None:
        """Note an item, and its entry; None for a kind that is not kept."""
        self._tried.items.setdefault(item.kind, {})[item.key] = item
        if entry is not None:
            self._tried.entries.append(entry)
            self.head = entry.head

    def set_states(self, record: str, states: Mapping[str, RecordState | None]) -> None:
        """Note where a record stands, by stage; None where it does not come that far."""
        for stage, state in states.items():
            self._tried.states[record, stage] = state

    def begin(self) -> None:
        """Begin to try an act."""
        self._tried = _Layer()
        self._before_act = self.head

    def keep(self) -> None:
        """Take what the act wrote."""
        self._kept.take(self._tried)
        self._tried = _Layer()

    def drop(self) -> None:
        """Forget what the act wrote."""
        self._tried = _Layer()
        self.head = self._before_act

    @property
    def tried_entries(self) -> tuple[Entry, ...]:
        """Entries of the act that is tried."""
        return tuple(self._tried.entries)

    @property
    def kept_entries(self) -> tuple[Entry, ...]:
        """Entries of the acts taken."""
        return tuple(self._kept.entries)

    def flush(self) -> None:
        """Write everything that was taken."""
        from evisynth.storage import models

        there: list[Item] = []
        for kind, items in self._kept.items.items():
            kept = KINDS[kind].kept
            for item in items.values():
                if kept or item.value is not None:
                    there.append(item)
                else:  # what passes by itself leaves no row
                    models.Item.objects.using(self.alias).filter(
                        review_id=self.review, kind=kind, key=key_text(item.key)
                    ).delete()
        if there:
            statements.upsert_items(self.alias, self.review, there)
        if self._kept.states:
            states = ((*place, state) for place, state in self._kept.states.items())
            statements.upsert_states(self.alias, self.review, states)
        if self._kept.entries:
            statements.insert_entries(self.alias, self.review, self._kept.entries)
            statements.set_head(self.alias, self.review, self.head)
