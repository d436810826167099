"""Looking through a long history, and the name of a review, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from evisynth.storage import Store, TrailFilter, entries_at, has_hash, trail_lines

DAYS = iter(f"2026-01-{number % 28 + 1:02d}T10:00:00.000000Z" for number in range(10_000))


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with Store.open(database, clock=lambda: next(DAYS)) as made:
        for number in range(250):
            who = "ada" if number % 2 else "ben"
            made.put_many(
                [("vote", ("title_abstract", f"R{number}", who), {"verdict": "include"})],
                actor=who, act="decide", reason=f"because of {number}",
            )  # fmt: skip
        made.put("tag", ("R7", "ada", "Blau_%"), {"date": "x"}, actor="ada", act="tag")
        made.put("duplicate_decision", ("R3", "R4"), {"decision": "different"}, actor="gus",
                 act="decide on a duplicate")  # fmt: skip
        yield made


def numbers(store: Store, before: int = 0, **wanted: str) -> list[int]:
    return [line.number for line in trail_lines(store, TrailFilter(**wanted), before=before)]


def test_lines_are_filtered_and_come_newest_first(store: Store) -> None:
    assert numbers(store) == list(range(252, 0, -1))  # more than are fetched at once
    assert numbers(store, before=4) == [3, 2, 1]
    assert len(numbers(store, actor="ben")) == 125
    assert numbers(store, kind="tag") == numbers(store, act="tag") == [251]
    assert numbers(store, subject="R7") == [251, 8]
    assert numbers(store, subject="r7") == []  # by code points
    assert numbers(store, subject="R") == []
    assert numbers(store, subject="R4") == [252, 5]
    assert numbers(store, words="BLAU_%") == [251]
    assert numbers(store, words="BLAUx%") == []
    assert numbers(store, words="because of 249") == [250]
    assert len(numbers(store, since="2026-01-02", until="2026-01-02")) == 9
    assert numbers(store, until="2025-12-31") == []


def test_entries_by_number_and_hash(store: Store) -> None:
    found = entries_at(store, [3, 1, 999])
    assert [entry.number for entry in found] == [3, 1]
    assert has_hash(store, found[0].hash)
    assert not has_hash(store, "0" * 64)


def test_a_review_made_without_a_name_gets_one_once(store: Store, database: str) -> None:
    assert store.name == "review"
    assert not store.give_name("")
    with Store.open(database, review="taken"):
        pass
    assert not store.give_name("taken")
    assert store.give_name("sleep")
    assert store.give_name("sleep")
    assert not store.give_name("other")
    with Store.open(database, review="sleep", create=False) as again:
        assert (again.name, again.head()) == ("sleep", store.head())
