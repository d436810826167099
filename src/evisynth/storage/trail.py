"""Looking through a long history: filtered lines without their contents, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evisynth.review import KINDS, Entry, ItemKey
from evisynth.storage.rows import entry_of, key_parts, prefix_range
from evisynth.storage.store import Store

if TYPE_CHECKING:
    from django.db.models import Q, QuerySet

    from evisynth.storage import models

__all__ = ["TrailFilter", "TrailLine", "entries_at", "has_hash", "trail_lines"]

_SEPARATOR = "\x1f"
FIRST, MORE = 200, 4000
"""Lines fetched at once: few at first, as one page is often enough."""


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """Which entries are wanted; empty: all.

    Attributes
    ----------
    actor, kind, act : str
        By whom, of which kind, which act.
    subject : str
        About this record or study.
    since, until : str
        Days, both included.
    words : str
        Text that stands in the key, the reason, or the value before or after.
    """

    actor: str = ""
    kind: str = ""
    act: str = ""
    subject: str = ""
    since: str = ""
    until: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class TrailLine:
    """An entry without its contents."""

    number: int
    at: str
    actor: str
    act: str
    kind: str
    key: ItemKey


def _about(subject: str) -> Q:
    """Return the condition that an entry is about a record or study."""
    from django.db.models import Q

    first = [kind.name for kind in KINDS.values() if kind.subject and _place(kind.name) == 0]
    later = [kind.name for kind in KINDS.values() if kind.subject and _place(kind.name) > 0]
    later.append("duplicate_decision")  # it is about the second record as well
    start, end = prefix_range((subject,))
    return Q(kind__in=first, key__gte=start, key__lt=end) | Q(
        kind__in=later, key__contains=f"{_SEPARATOR}{subject}{_SEPARATOR}"
    )


def _place(kind: str) -> int:
    made = KINDS[kind]
    return next(at for at, part in enumerate(made.key) if part.name == made.subject)


def _is_about(kind: str, key: ItemKey, subject: str) -> bool:
    """Tell whether a key has the subject in its place, by code points."""
    made = KINDS.get(kind)
    if made is None:
        return False
    both = ("first", "second") if made.subject == "first" else (made.subject,)
    return any(made.key_part(key, name) == subject for name in both)


def _rows(store: Store, wanted: TrailFilter) -> QuerySet[models.Entry]:
    from django.db.models import Q

    from evisynth.storage import models

    rows = models.Entry.objects.using(store.alias).filter(review_id=store.review)
    for name in ("actor", "kind", "act"):
        value = getattr(wanted, name)
        if value:
            rows = rows.filter(**{name: value})
    if wanted.subject:
        rows = rows.filter(_about(wanted.subject))
    if wanted.since:
        rows = rows.filter(at__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(at__lt=f"{wanted.until}~")  # after every time of that day
    if wanted.words:
        text = wanted.words
        rows = rows.filter(
            Q(key__icontains=text)
            | Q(reason__icontains=text)
            | Q(after__icontains=text)
            | Q(before__icontains=text)
        )
    return rows


def trail_lines(store: Store, wanted: TrailFilter, *, before: int = 0) -> Iterator[TrailLine]:
    """Yield the lines of a history that are wanted, the newest first.

    Parameters
    ----------
    store
        The review.
    wanted
        Which.
    before
        Only entries with a smaller number; 0: all.
    """
    rows = _rows(store, wanted)
    end, size = before, FIRST
    while True:
        some = (rows.filter(number__lt=end) if end else rows).order_by("-number")
        found = list(some.values_list("number", "at", "actor", "act", "kind", "key")[:size])
        for number, at, actor, act, kind, text in found:
            key = key_parts(text)
            if not wanted.subject or _is_about(kind, key, wanted.subject):
                yield TrailLine(number, at, actor, act, kind, key)
        if len(found) < size:
            return
        end = found[-1][0]
        size = MORE


def has_hash(store: Store, digest: str) -> bool:
    """Tell whether some entry of the history has a hash."""
    from evisynth.storage import models

    rows = models.Entry.objects.using(store.alias).filter(review_id=store.review)
    return rows.filter(hash=digest).exists()


def entries_at(store: Store, numbers: Sequence[int]) -> tuple[Entry, ...]:
    """Return entries by their numbers, in the order given."""
    from evisynth.storage import models

    rows = models.Entry.objects.using(store.alias).filter(review_id=store.review)
    found = {row.number: entry_of(row) for row in rows.filter(number__in=list(numbers))}
    return tuple(found[number] for number in numbers if number in found)
