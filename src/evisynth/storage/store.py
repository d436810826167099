"""The store: items, their history and what is computed from them, in SQLite or PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from evisynth.review import (
    FIRST_HEAD,
    Entry,
    Head,
    Item,
    ItemKey,
    State,
    Value,
    Verification,
    clean_text,
    clean_value,
    fold,
    kind_named,
    make_key,
    verify,
)
from evisynth.storage.committing import Act, Committer, Hook, Put, Written, lock, utc_now
from evisynth.storage.errors import refused
from evisynth.storage.rows import entry_of, item_of, key_text, prefix_range
from evisynth.storage.schema import bring_up_to_date
from evisynth.storage.setup import connect, ensure_django, place_shown
from evisynth.storage.unit import Unit

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from evisynth.storage import models

__all__ = ["Page", "Store"]

Key = Sequence[str] | Mapping[str, str]

_committers: dict[tuple[str, int], Committer] = {}
_names: dict[tuple[str, int], str] = {}
"""Names of the reviews that this process has opened; a review that is renamed is so at once."""

_guard = threading.Lock()

UNNAMED = "review"
"""Name of a review that was made without one."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list.

    Attributes
    ----------
    items : tuple of Item
        Those of this page, sorted by key.
    total : int
        In the whole list.
    page, size : int
        Number of the page from 1, and items on one.
    """

    items: tuple[Item, ...]
    total: int
    page: int
    size: int


class Store:
    """One review in a database. Threads may share it; each has its own connection.

    Made by `Store.open`. Writing goes through `put` and `put_many`; every other method reads.

    Attributes
    ----------
    place : str
        Address of the database, without its password.
    alias : str
        Name of the connection in Django.
    review : int
        Number of the review in the database.
    name : str
        Its name.
    migrated : tuple of str
        Migrations that were applied when it was opened.
    """

    def __init__(
        self,
        place: str | Path,
        alias: str,
        row: models.Review,
        hooks: Sequence[Hook],
        clock: Callable[[], str],
        migrated: tuple[str, ...],
    ) -> None:
        self.address = str(place)
        self.place = place_shown(place)
        self.alias, self.review = alias, row.pk
        _names[alias, row.pk] = row.name
        self.migrated = migrated
        with _guard:
            found = _committers.get((alias, row.pk))
            if found is None or found.hooks != tuple(hooks) or found.clock != clock:
                found = Committer(alias, row.pk, hooks, clock)
                _committers[alias, row.pk] = found
        self._committer = found

    @classmethod
    def open(
        cls,
        place: str | Path,
        *,
        review: str = "",
        create: bool = True,
        hooks: Sequence[Hook] = (),
        clock: Callable[[], str] = utc_now,
        backup: bool = True,
        backups: Path | None = None,
    ) -> Self:
        """Open a review's database; make it, or bring its schema up to date, where that is needed.

        Parameters
        ----------
        place
            A file (SQLite), ``sqlite:///FILE`` or ``postgresql://user@host/name``.
        review
            Name of the review, where the database holds several; the only one if empty.
        create
            Whether to make what is not there.
        hooks
            Called in the transaction of each act, e.g. to compute states anew.
        clock
            Gives the time of an entry (UTC).
        backup
            Whether to make a backup before a migration; False only where there is one already.
        backups
            Folder of these backups; by default ``backups`` beside an SQLite file.

        Raises
        ------
        NewerSchemaError
            A newer Evisynth made the database.
        StoreError
            It is not there and must not be made, cannot be reached, or holds several reviews and
            none was named.
        """
        from django.db import DatabaseError

        from evisynth.storage.backup import backup_before_migration

        ensure_django()
        alias = connect(place)
        cls._check_file(alias, create=create)
        try:
            migrated = bring_up_to_date(
                alias,
                (lambda: backup_before_migration(alias, backups)) if backup else None,
                create=create,
            )
            row = cls._review_row(alias, review, create=create)
        except DatabaseError as error:
            raise refused(
                place_shown(place),
                f"the database cannot be used: {str(error).strip() or type(error).__name__}",
                "Is the address right, the server running, and may you write there?",
            ) from error
        return cls(place, alias, row, hooks, clock, migrated)

    @staticmethod
    def _check_file(alias: str, *, create: bool) -> None:
        """Refuse an SQLite file that is not there, or that is something else."""
        from django.db import connections

        settings = connections.databases[alias]
        if not settings["ENGINE"].endswith("sqlite3"):
            return
        path = Path(str(settings["NAME"]))
        if not path.exists():
            if not create:
                raise refused(str(path), "there is no such database", "Make it: `evisynth thaw`")
            path.parent.mkdir(parents=True, exist_ok=True)
        elif path.is_dir():
            raise refused(str(path), "is a folder, a database file is wanted")
        else:
            with path.open("rb") as file:
                start = file.read(16)
            if start and start != b"SQLite format 3\0":
                raise refused(str(path), "is no SQLite database", "Give another file")

    @staticmethod
    def _review_row(alias: str, name: str, *, create: bool) -> models.Review:
        from evisynth.storage import models

        rows = models.Review.objects.using(alias)
        there = list(rows.order_by("name")[:50])
        if name:
            found = rows.filter(name=name).first()
            if found is not None:
                return found
        elif len(there) == 1:
            return there[0]
        elif there:
            names = ", ".join(row.name for row in there)
            raise refused("review", "the database holds several reviews", f"Name one of: {names}")
        if not create:
            have = ", ".join(row.name for row in there) or "none"
            raise refused("review", f"there is no review {name!r}", f"The database has: {have}")
        made, _ = rows.get_or_create(
            name=name or UNNAMED,
            defaults={"created": utc_now(), "head_hash": FIRST_HEAD.hash},
        )
        return made

    @property
    def name(self) -> str:
        """Name of the review in the database."""
        return _names[self.alias, self.review]

    def give_name(self, name: str) -> bool:
        """Name a review that was made without a name; tell whether it has this name now.

        A name that somebody chose stays, and a name that another review has is not taken.
        """
        from evisynth.storage import models

        if self.name != UNNAMED or not name:
            return self.name == name
        rows = models.Review.objects.using(self.alias)
        if rows.filter(name=name).exists():
            return False
        rows.filter(pk=self.review).update(name=name)
        _names[self.alias, self.review] = name
        return True

    def close(self) -> None:
        """Close this thread's connection; the next call opens one again."""
        from django.db import connections

        connections[self.alias].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # writing

    def put(
        self,
        kind: str,
        key: Key,
        value: Mapping[str, object] | None,
        *,
        actor: str,
        act: str,
        reason: str = "",
        expected_version: int | None = None,
        request_id: str | None = None,
    ) -> Written:
        """Write an item and return when it is safe on the disk.

        Parameters
        ----------
        kind, key
            The item (`evisynth.review.KINDS`); the key in order or by name.
        value
            Its new value; None takes it away.
        actor, act, reason
            Who, what in a word or two, and why.
        expected_version
            The version that the person saw, 0 for none; None writes over whatever stands there.
        request_id
            By it a repeated request is known; it is answered as before and changes nothing.

        Raises
        ------
        VersionConflict
            Somebody wrote it in the meantime; carries what the person had, wants, and what stands.
        InputError, OptionError
            The value has what its kind cannot have; the kind does not exist.
        RequestReusedError
            The request's id was used for something else.
        """
        return self.put_many(
            [(kind, key, value, expected_version)],
            actor=actor,
            act=act,
            reason=reason,
            request_id=request_id,
        )[0]

    def put_many(
        self,
        puts: Sequence[
            tuple[str, Key, Mapping[str, object] | None]
            | tuple[str, Key, Mapping[str, object] | None, int | None]
        ],
        *,
        actor: str,
        act: str,
        reason: str = "",
        request_id: str | None = None,
    ) -> tuple[Written, ...]:
        """Write several items in one transaction: all or none.

        Parameters
        ----------
        puts
            ``(kind, key, value)`` or ``(kind, key, value, expected_version)``.
        actor, act, reason, request_id
            As in `put`.
        """
        made = []
        for put in puts:
            kind = kind_named(put[0])
            value = None if put[2] is None else clean_value(kind, put[2])
            expected = put[3] if len(put) == 4 else None
            made.append(Put(kind.name, make_key(kind, put[1]), value, expected))
        who, what, why, request = map(clean_text, (actor, act, reason, request_id or ""))
        return self.commit(Act(tuple(made), who, what, why, request))

    def commit(self, act: Act) -> tuple[Written, ...]:
        """Write an act whose keys and values were checked already."""
        return self._committer.commit(act)

    @contextmanager
    def locked(self) -> Iterator[Unit]:
        """Hold the lock of the review's writers: what is read in the block belongs together.

        What the block writes to the unit is written at its end.
        """
        from django.db import transaction

        with transaction.atomic(using=self.alias):
            unit = Unit(self.alias, self.review, lock(self.alias, self.review))
            unit.begin()
            yield unit
            unit.keep()
            unit.flush()

    # reading

    def _items(self) -> QuerySet[models.Item]:
        from evisynth.storage import models

        return models.Item.objects.using(self.alias).filter(review_id=self.review)

    @property
    def batches(self) -> int:
        """Transactions that this process has written: whoever kept a state sees that it aged."""
        return self._committer.batches

    def get(self, kind: str, key: Key) -> Item:
        """Return an item; ``item.version`` is 0 where there never was one."""
        made = kind_named(kind)
        parts = make_key(made, key)
        row = self._items().filter(kind=kind, key=key_text(parts)).first()
        return Item(kind, parts) if row is None else item_of(row)

    def list(
        self,
        kind: str,
        prefix: Sequence[str] = (),
        *,
        person: str = "",
        subject: str = "",
        page: int = 1,
        size: int = 0,
    ) -> Page:
        """List the items of a kind, sorted by key, those taken away left out.

        Parameters
        ----------
        kind
            The kind.
        prefix
            First parts of the key: ``("full_text", "r1")`` gives the votes on one report.
        person, subject
            Only those of a person; only those about a record or study.
        page, size
            Number of the page from 1, and items on one; 0: all.
        """
        rows = self._items().filter(kind=kind_named(kind).name, value__isnull=False)
        if prefix:
            first, end = prefix_range(prefix)
            rows = rows.filter(key__gte=first, key__lt=end)
        if person:
            rows = rows.filter(person=person)
        if subject:
            rows = rows.filter(subject=subject)
        rows = rows.order_by("key")
        if not size:
            every = tuple(map(item_of, rows.iterator(chunk_size=5000)))
            return Page(every, len(every), 1, len(every))
        start = (max(page, 1) - 1) * size
        return Page(tuple(map(item_of, rows[start : start + size])), rows.count(), page, size)

    def about(self, subject: str) -> tuple[Item, ...]:
        """Return every item about a record or study, sorted by kind and key."""
        rows = self._items().filter(subject=subject, value__isnull=False)
        return tuple(map(item_of, rows.order_by("kind", "key")))

    def history(
        self,
        kind: str = "",
        key: Key | None = None,
        *,
        prefix: Sequence[str] = (),
        actor: str = "",
        after: int = 0,
        newest_first: bool = False,
        limit: int = 0,
    ) -> tuple[Entry, ...]:
        """Return entries of the history.

        Parameters
        ----------
        kind, key, prefix
            Only of a kind, of one item, or of keys that begin so.
        actor
            Only of one person.
        after
            Only entries with a greater number (or, newest first, a smaller one).
        newest_first, limit
            Order, and how many at most; 0: all.
        """
        from evisynth.storage import models

        rows = models.Entry.objects.using(self.alias).filter(review_id=self.review)
        if kind:
            rows = rows.filter(kind=kind_named(kind).name)
        if key is not None:
            rows = rows.filter(key=key_text(make_key(kind_named(kind), key)))
        if prefix:
            first, end = prefix_range(prefix)
            rows = rows.filter(key__gte=first, key__lt=end)
        if actor:
            rows = rows.filter(actor=actor)
        if after:
            rows = rows.filter(number__lt=after) if newest_first else rows.filter(number__gt=after)
        rows = rows.order_by("-number" if newest_first else "number")
        some = rows[:limit] if limit else rows.iterator(chunk_size=5000)
        return tuple(map(entry_of, some))

    def head(self) -> Head:
        """Return the end of the history."""
        from evisynth.storage.statements import read_head

        found = read_head(self.alias, self.review)
        if found is None:
            raise refused("store", "the review is not there any more")
        return found

    def state(self) -> State:
        """Return every item that is kept, those taken away too, sorted by kind and key."""
        from evisynth.review import KINDS

        passing = [name for name, kind in KINDS.items() if not kind.kept]
        rows = self._items().exclude(kind__in=passing).order_by("kind", "key")
        items = map(item_of, rows.iterator(chunk_size=5000))
        return {(item.kind, item.key): item for item in items}

    def values(self, kind: str) -> dict[ItemKey, Value]:
        """Return the value of each item of a kind, by key."""
        found = self.list(kind).items
        return {item.key: item.value for item in found if item.value is not None}

    def verify(self) -> tuple[Verification, tuple[str, ...]]:
        """Check the history, and that the items are what it folds to.

        Returns
        -------
        verification, differences
            ``differences`` names items that are not what the history gives, and an end of the
            history that is not the one noted.
        """
        with self.locked():
            entries = self.history()
            state, head = self.state(), self.head()
        found = verify(entries)  # nobody waits for this
        differences = []
        if found.ok:
            if found.head != head:
                differences.append(
                    f"the history ends with entry {found.head.number}; the database noted"
                    f" {head.number}"
                )
            folded = fold(entries)
            for place in sorted({*folded, *state}):
                if folded.get(place) != state.get(place):
                    named = f"{place[0]} {', '.join(part for part in place[1] if part)}"
                    differences.append(f"{named} is not what the history gives")
        return found, tuple(differences)
