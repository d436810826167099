"""The history of a review: entries that are only ever appended, each hashed with the one before.

What holds now is what the entries fold to. The functions are pure: they take and return values;
`evisynth.storage` keeps entries in a database, and ``audit/log.jsonl`` is their text, a line each.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evisynth.errors import InputError, Problem
from evisynth.review.item_values import Cell, ItemKey, Value, canonical_json

__all__ = [
    "FIRST_HEAD", "LOG_FILE", "Break", "Draft", "Entry", "Head", "Item", "State", "Verification",
    "append", "fold", "parse_log", "read_log", "render_log", "verify",
]  # fmt: skip

LOG_FILE = "audit/log.jsonl"


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a history: number and hash of its last entry."""

    number: int
    hash: str


FIRST_HEAD = Head(0, "0" * 64)
"""What the first entry is hashed with."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that is to be appended.

    Attributes
    ----------
    at : str
        UTC, ``2026-11-22T20:15:03.123456Z``.
    actor, act : str
        Who, and the act in words (``"decide"``).
    kind, key
        Of the item.
    before, after
        Its value before and after; None where there was none, or is none any more.
    reason, program, request : str
        Why (if it was asked for), the version of Evisynth, and the id by which a repeated request
        is known.
    """

    at: str
    actor: str
    act: str
    kind: str
    key: ItemKey
    before: Value | None
    after: Value | None
    reason: str = ""
    program: str = ""
    request: str = ""


@dataclass(frozen=True, slots=True)
class Entry(Draft):
    """One thing that was done.

    Attributes
    ----------
    number : int
        1, 2, 3 ... without a gap.
    previous, hash : str
        SHA-256 of the entry before, and over this one's canonical JSON without ``hash``.
    """

    number: int = 0
    previous: str = ""
    hash: str = ""

    @property
    def head(self) -> Head:
        """The end of a history, were this its last entry."""
        return Head(self.number, self.hash)

    def line(self) -> str:
        """Return the entry as a line of ``audit/log.jsonl``, without its line end."""
        return canonical_json(_content(self) | {"hash": self.hash})


@dataclass(frozen=True, slots=True)
class Item:
    """An item as it stands.

    Attributes
    ----------
    kind, key, value
        ``value`` is None for an item that was taken away.
    version : int
        How often it was written, taking away included; 0 for one that never was.
    number, at, actor
        Of the entry that wrote it last.
    """

    kind: str
    key: ItemKey
    value: Value | None = None
    version: int = 0
    number: int = 0
    at: str = ""
    actor: str = ""


State = dict[tuple[str, ItemKey], Item]
"""Every item that was ever written, by kind and key, sorted."""


@dataclass(frozen=True, slots=True)
class Break:
    """Where a history is broken: position of the entry (from 1) and what is wrong with it."""

    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What the check of a history found.

    Attributes
    ----------
    entries : int
        Entries that hold, from the first one on.
    head : Head
        The last of them.
    broken : Break or None
        The first that does not.
    """

    entries: int
    head: Head
    broken: Break | None = None

    @property
    def ok(self) -> bool:
        """Whether every entry holds."""
        return self.broken is None


def _content(entry: Draft) -> dict[str, Any]:
    """Return what is hashed."""
    assert isinstance(entry, Entry)  # noqa: S101 - for the type checker
    return {
        "number": entry.number,
        "at": entry.at,
        "actor": entry.actor,
        "act": entry.act,
        "kind": entry.kind,
        "key": list(entry.key),
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
        "program": entry.program,
        "request": entry.request,
        "previous": entry.previous,
    }


def _hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json(content).encode("utf-8")).hexdigest()


def append(head: Head, draft: Draft) -> Entry:
    """Make the entry that follows ``head``.

    Examples
    --------
    >>> tag = ("r1", "ada", "children")
    >>> first = append(
    ...     FIRST_HEAD, Draft("2026-01-01T00:00:00Z", "ada", "tag", "tag", tag, None, {})
    ... )
    >>> first.number, verify([first]).ok
    (1, True)
    """
    fields = {name: getattr(draft, name) for name in Draft.__dataclass_fields__}
    bare = Entry(**fields, number=head.number + 1, previous=head.hash)
    return Entry(**fields, number=bare.number, previous=bare.previous, hash=_hash(_content(bare)))


def verify(entries: Iterable[Entry], after: Head = FIRST_HEAD) -> Verification:
    """Check that a history is whole: numbers, hashes, and that each entry begins where the last ended.

    Parameters
    ----------
    entries
        The entries in order.
    after
        The end of what stands before them.

    Returns
    -------
    Verification
        With the first broken entry, if there is one.
    """  # noqa: E501
    head = after
    values: dict[tuple[str, ItemKey], Value | None] = {}
    for line, entry in enumerate(entries, 1):
        place = (entry.kind, entry.key)
        what = ""
        if entry.number != head.number + 1:
            what = f"entry {head.number + 1} is missing; here stands entry {entry.number}"
        elif entry.previous != head.hash:
            what = (
                f"entry {entry.number} does not follow the one before: it was written after"
                f" {entry.previous[:12]}, before it stands {head.hash[:12]}"
            )
        elif (found := _hash(_content(entry))) != entry.hash:
            what = (
                f"entry {entry.number} was changed after it was written: its hash is"
                f" {entry.hash[:12]}, its content gives {found[:12]}"
            )
        elif after == FIRST_HEAD and values.get(place) != entry.before:
            what = (
                f"entry {entry.number} begins from another value of"
                f" {entry.kind} {', '.join(entry.key)} than the history gives"
            )
        if what:
            return Verification(line - 1, head, Break(line, what))
        values[place] = entry.after
        head = entry.head
    return Verification(head.number - after.number, head)


def fold(entries: Iterable[Entry], start: State | None = None) -> State:
    """Compute what holds after the entries.

    Parameters
    ----------
    entries
        In order.
    start
        What held before them.
    """
    found: State = dict(start or {})
    for entry in entries:
        place = (entry.kind, entry.key)
        before = found.get(place)
        found[place] = Item(
            entry.kind,
            entry.key,
            entry.after,
            (before.version if before else 0) + 1,
            entry.number,
            entry.at,
            entry.actor,
        )
    return dict(sorted(found.items()))


def render_log(entries: Iterable[Entry]) -> str:
    """Return the text of ``audit/log.jsonl``."""
    return "".join(f"{entry.line()}\n" for entry in entries)


def parse_log(text: str, where: str = LOG_FILE) -> Iterator[Entry]:
    """Read the text of a log, entry by entry.

    Raises
    ------
    InputError
        A line is not JSON, or is no entry.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if line:
            yield _entry(line, where, number)


_TEXTS = ("at", "actor", "act", "kind", "reason", "program", "request", "previous", "hash")


def _entry(line: str, where: str, number: int) -> Entry:
    at = f"line {number}"
    hint = "Put the file back as it was (from git or a backup); a history is never edited"
    try:
        data = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(Problem(where, at, f"not valid JSON: {error.msg}", hint=hint)) from error
    names = {*_TEXTS, "number", "key", "before", "after"}
    if not isinstance(data, dict) or data.keys() != names:
        lacking = sorted(names - data.keys()) if isinstance(data, dict) else []
        odd = sorted(data.keys() - names) if isinstance(data, dict) else []
        what = f"lacks {lacking[0]!r}" if lacking else f"{odd[0]!r} is too much" if odd else ""
        raise InputError(Problem(where, at, f"is no entry of a history {what}".rstrip(), hint=hint))
    sound = (
        all(isinstance(data[name], str) for name in _TEXTS)
        and type(data["number"]) is int
        and isinstance(data["key"], list)
        and all(isinstance(part, str) for part in data["key"])
        and all(_is_value(data[name]) for name in ("before", "after"))
    )
    if not sound:
        raise InputError(Problem(where, at, "an entry's part is not of its type", hint=hint))
    return Entry(**{**data, "key": tuple(data["key"])})


def _is_value(data: object) -> bool:
    if data is None:
        return True
    cells: tuple[type[Cell], ...] = (str, int, float, bool)
    return isinstance(data, dict) and all(isinstance(cell, cells) for cell in data.values())


def read_log(text: str, where: str = LOG_FILE) -> tuple[Entry, ...]:
    """Read and verify the text of a log.

    Raises
    ------
    InputError
        A line is no entry, or the chain is broken; the message names the line.
    """
    entries = tuple(parse_log(text, where))
    found = verify(entries)
    if found.broken is not None:
        raise InputError(
            Problem(
                where,
                f"line {found.broken.line}",
                f"the history is broken: {found.broken.what}",
                hint="Put the file back as it was (from git or a backup); what stands in the"
                " tables is not lost",
            )
        )
    return entries
