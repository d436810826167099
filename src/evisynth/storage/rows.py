"""Between rows of the tables and values of `evisynth.review`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from evisynth.review import KINDS, Entry, Item, ItemKey, Value, canonical_json

if TYPE_CHECKING:
    from evisynth.storage import models

__all__ = [
    "entry_of",
    "item_of",
    "key_parts",
    "key_text",
    "person_of",
    "prefix_range",
    "subject_of",
    "value_of",
    "value_text",
]  # fmt: skip

_SEPARATOR = "\x1f"


def key_text(key: Sequence[str]) -> str:
    """Return a key as one text, each part with its end.

    Examples
    --------
    >>> key_parts(key_text(("full_text", "", "ada")))
    ('full_text', '', 'ada')
    """
    return "".join(f"{part}{_SEPARATOR}" for part in key)


def key_parts(text: str) -> ItemKey:
    """Return a key from its text."""
    return tuple(text.split(_SEPARATOR)[:-1])


def prefix_range(prefix: Sequence[str]) -> tuple[str, str]:
    """Return the first text that a key with this prefix can have, and the first after them."""
    text = key_text(prefix)
    return text, text[:-1] + chr(ord(_SEPARATOR) + 1)


def value_text(value: Value | None) -> str | None:
    """Return a value as canonical JSON."""
    return None if value is None else canonical_json(value)


def value_of(text: str | None) -> Value | None:
    """Return a value from its JSON."""
    if text is None:
        return None
    found: Value = json.loads(text)
    return found


def subject_of(kind: str, key: Sequence[str]) -> str:
    """Return the record or study that an item is about; ``""`` if it is about none."""
    made = KINDS.get(kind)
    return made.key_part(key, made.subject) if made is not None and made.subject else ""


def person_of(kind: str, key: Sequence[str]) -> str:
    """Return the person that an item belongs to; ``""`` if to none."""
    made = KINDS.get(kind)
    return made.key_part(key, "person") if made is not None else ""


def item_of(row: models.Item) -> Item:
    """Return the item of a row."""
    return Item(
        row.kind, key_parts(row.key), value_of(row.value), row.version, row.number, row.at,
        row.actor,
    )  # fmt: skip


def entry_of(row: models.Entry) -> Entry:
    """Return the entry of a row."""
    return Entry(
        at=row.at,
        actor=row.actor,
        act=row.act,
        kind=row.kind,
        key=key_parts(row.key),
        before=value_of(row.before),
        after=value_of(row.after),
        reason=row.reason,
        program=row.program,
        request=row.request,
        number=row.number,
        previous=row.previous,
        hash=row.hash,
    )
