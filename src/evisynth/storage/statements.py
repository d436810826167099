"""The few statements that every act needs, written out: an act is answered in milliseconds.

Everything else asks through Django's models.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from evisynth.review import Entry, Head, Item
from evisynth.screening import RecordState
from evisynth.storage.rows import key_parts, key_text, person_of, subject_of, value_of, value_text

__all__ = [
    "answered_entries", "answered_idle", "chunks", "insert_entries", "items_about", "items_at",
    "known_records", "locked_head", "read_head", "set_head", "upsert_items", "upsert_states",
]  # fmt: skip

CHUNK = 400
"""Values in one condition; SQLite takes some thousand."""

_ITEM = "kind, key, value, version, number, at, actor"
_ENTRY = (
    "number, at, actor, act, kind, key, before, after, reason, program, request, previous, hash"
)

T = TypeVar("T")


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Cut values into lists of a size."""
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part


def _fetch(alias: str, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    from django.db import connections

    with connections[alias].cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _many(alias: str, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    from django.db import connections

    with connections[alias].cursor() as cursor:
        cursor.executemany(statement, rows)


def _marks(values: Sequence[object]) -> str:
    return ", ".join(["%s"] * len(values))


def _item(row: Sequence[Any]) -> Item:
    return Item(row[0], key_parts(row[1]), value_of(row[2]), row[3], row[4], row[5], row[6])


def locked_head(alias: str, review: int) -> Head | None:
    """Lock the row of a review until the transaction ends, and return the end of its history."""
    from django.db import connections

    # an SQLite transaction of ours has the whole file from its beginning
    lock = " FOR UPDATE" if connections[alias].vendor == "postgresql" else ""
    rows = _fetch(
        alias,
        f"SELECT head_number, head_hash FROM evisynth_review WHERE id = %s{lock}",  # noqa: S608
        [review],
    )
    return Head(*rows[0]) if rows else None


def read_head(alias: str, review: int) -> Head | None:
    """Return the end of a review's history; every request asks for it."""
    rows = _fetch(
        alias, "SELECT head_number, head_hash FROM evisynth_review WHERE id = %s", [review]
    )
    return Head(*rows[0]) if rows else None


def set_head(alias: str, review: int, head: Head) -> None:
    """Note the end of the history."""
    _many(
        alias,
        "UPDATE evisynth_review SET head_number = %s, head_hash = %s WHERE id = %s",
        [(head.number, head.hash, review)],
    )


def items_about(alias: str, review: int, subjects: Iterable[str]) -> Iterator[tuple[str, Item]]:
    """Read all items about records or studies, each with what it is about."""
    for part in chunks(subjects):
        rows = _fetch(
            alias,
            f"SELECT {_ITEM}, subject FROM evisynth_item"  # noqa: S608
            f" WHERE review_id = %s AND subject IN ({_marks(part)})",
            [review, *part],
        )
        for row in rows:
            yield row[7], _item(row)


def items_at(alias: str, review: int, kind: str, keys: Iterable[str]) -> Iterator[Item]:
    """Read items of a kind by the texts of their keys."""
    for part in chunks(keys):
        rows = _fetch(
            alias,
            f"SELECT {_ITEM} FROM evisynth_item"  # noqa: S608
            f" WHERE review_id = %s AND kind = %s AND key IN ({_marks(part)})",
            [review, kind, *part],
        )
        yield from map(_item, rows)


def known_records(alias: str, review: int, ids: Iterable[str]) -> set[str]:
    """Return those ids that a record has."""
    found: set[str] = set()
    for part in chunks(ids):
        rows = _fetch(
            alias,
            "SELECT record FROM evisynth_record"  # noqa: S608
            f" WHERE review_id = %s AND record IN ({_marks(part)})",
            [review, *part],
        )
        found.update(row[0] for row in rows)
    return found


def answered_entries(alias: str, review: int, requests: Iterable[str]) -> Iterator[Entry]:
    """Read the entries of requests, in their order."""
    for part in chunks(requests):
        rows = _fetch(
            alias,
            # as the index has it: requests without an id are not in it
            f"SELECT {_ENTRY} FROM evisynth_entry WHERE review_id = %s AND NOT (request = '')"  # noqa: S608
            f" AND request IN ({_marks(part)}) ORDER BY number",
            [review, *part],
        )
        for row in rows:
            yield Entry(
                number=row[0], at=row[1], actor=row[2], act=row[3], kind=row[4],
                key=key_parts(row[5]), before=value_of(row[6]), after=value_of(row[7]),
                reason=row[8], program=row[9], request=row[10], previous=row[11], hash=row[12],
            )  # fmt: skip


def answered_idle(alias: str, review: int, requests: Iterable[str]) -> set[str]:
    """Return those requests that were answered and had changed nothing."""
    found: set[str] = set()
    for part in chunks(requests):
        rows = _fetch(
            alias,
            "SELECT request FROM evisynth_replay"  # noqa: S608
            f" WHERE review_id = %s AND request IN ({_marks(part)})",
            [review, *part],
        )
        found.update(row[0] for row in rows)
    return found


def insert_entries(alias: str, review: int, entries: Iterable[Entry]) -> None:
    """Append entries to the history."""
    rows = [
        (
            review, made.number, made.at, made.actor, made.act, made.kind, key_text(made.key),
            value_text(made.before), value_text(made.after), made.reason, made.program,
            made.request, made.previous, made.hash,
        )
        for made in entries
    ]  # fmt: skip
    _many(
        alias,
        f"INSERT INTO evisynth_entry (review_id, {_ENTRY}) VALUES ({_marks(range(14))})",  # noqa: S608
        rows,
    )


def upsert_items(alias: str, review: int, items: Iterable[Item]) -> None:
    """Write items as they stand."""
    rows = [
        (
            review, made.kind, key_text(made.key), value_text(made.value), made.version,
            made.number, made.at, made.actor, subject_of(made.kind, made.key),
            person_of(made.kind, made.key),
        )
        for made in items
    ]  # fmt: skip
    _many(
        alias,
        f"INSERT INTO evisynth_item (review_id, {_ITEM}, subject, person)"  # noqa: S608
        f" VALUES ({_marks(range(10))}) ON CONFLICT (review_id, kind, key) DO UPDATE SET"
        " value = excluded.value, version = excluded.version, number = excluded.number,"
        " at = excluded.at, actor = excluded.actor",
        rows,
    )


def upsert_states(
    alias: str, review: int, states: Iterable[tuple[str, str, RecordState | None]]
) -> None:
    """Write where records stand at a stage; None: they do not come that far."""
    there, gone = [], []
    for record, stage, state in states:
        if state is None:
            gone.append((review, record, stage))
        else:
            there.append(
                (review, record, stage, state.status, state.reason, state.votes, state.waiting)
            )
    if there:
        _many(
            alias,
            "INSERT INTO evisynth_stage_state"
            " (review_id, record, stage, status, reason, votes, waiting)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (review_id, record, stage)"
            " DO UPDATE SET status = excluded.status, reason = excluded.reason,"
            " votes = excluded.votes, waiting = excluded.waiting",
            there,
        )
    if gone:
        _many(
            alias,
            "DELETE FROM evisynth_stage_state WHERE review_id = %s AND record = %s AND stage = %s",
            gone,
        )
