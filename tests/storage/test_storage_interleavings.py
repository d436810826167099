"""A thousand random interleavings of what 2 to 20 people do: one and the same state.

Each interleaving has records of its own in one review, so that a thousand cost little. What it must
come to is computed without a database, one person after the other. A longer run:
``scripts/validate.sh interleavings``.
"""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from evisynth.actions import open_store
from evisynth.actions.store_states import all_states
from evisynth.records import Record
from evisynth.review import fold
from evisynth.storage import Store, read_states, replace_records

NUMBER = int(os.environ.get("EVISYNTH_INTERLEAVINGS", "1000"))

THREADS = 6
"""Interleavings that go on side by side; commits of several threads are made together."""

PLAN = """
[review]
id = "x"
title = "x"
date = "2026-01-01"
kind = "review"
[stages.title_abstract]
votes_needed = 2
[stages.title_abstract.reasons]
design = "Design"
[stages.full_text]
votes_needed = 1
[stages.full_text.reasons]
design = "Design"
"""

Put = tuple[str, tuple[str, ...], dict[str, object] | None]


def act_of(rng: random.Random, number: int, person: str) -> Put:
    """Return something that a person does on one of the records of an interleaving."""
    record = f"i{number}-{rng.randrange(2)}"
    stage = rng.choice(("title_abstract", "title_abstract", "full_text"))
    verdict = rng.choice(("include", "exclude", "maybe"))
    kind = rng.choice(("vote", "vote", "vote", "undo", "tag", "retrieval"))
    if kind == "vote":
        reason = {"reason": "design"} if verdict == "exclude" else {}
        return "vote", (stage, record, person, "reviewer"), {"verdict": verdict, **reason}
    if kind == "undo":
        return "vote", (stage, record, person, "reviewer"), None
    if kind == "tag":
        return "tag", (record, person, verdict), {}
    return "retrieval", (f"{record}-{person}",), {"status": "retrieved"}


def acts_of(number: int) -> dict[str, list[Put]]:
    """Return what each person of an interleaving does, in the person's own order."""
    rng = random.Random(number)
    # mostly few, so that a thousand cost little
    people = [f"p{which:02d}" for which in range(min(rng.randint(2, 20), rng.randint(2, 20)))]
    return {
        person: [act_of(rng, number, person) for _ in range(rng.choice((1, 1, 1, 2)))]
        for person in people
    }


def interleaved(number: int, sort: str) -> list[tuple[str, int, Put]]:
    """Return the acts of all in a random order, some of them posted twice."""
    rng = random.Random(f"{number} {sort}")
    left = {person: list(enumerate(acts)) for person, acts in acts_of(number).items()}
    order: list[tuple[str, int, Put]] = []
    while left:
        person = rng.choice(sorted(left))
        at, put = left[person].pop(0)
        order += [(person, at, put)] * (2 if rng.random() < 0.1 else 1)
        if not left[person]:
            del left[person]
    return order


def expected() -> dict[tuple[str, tuple[str, ...]], dict[str, object]]:
    """Return the items after all interleavings, one person after the other."""
    items: dict[tuple[str, tuple[str, ...]], dict[str, object]] = {}
    for number in range(NUMBER):
        for acts in acts_of(number).values():
            for kind, key, value in acts:
                if value is None:
                    items.pop((kind, key), None)
                else:
                    items[kind, key] = value
    return items


def items_of(store: Store) -> dict[tuple[str, tuple[str, ...]], Any]:
    """Return the items that people made."""
    return {
        (place[0], place[1]): dict(item.value)
        for place, item in store.state().items()
        if place[0] != "plan" and item.value is not None
    }


def test_every_interleaving_ends_in_the_same_state(database: str) -> None:
    store = open_store(database, review="interleavings")
    replace_records(
        store,
        [Record(f"i{number}-{each}", "Trial") for number in range(NUMBER) for each in range(2)],
    )
    store.put("plan", ("review.toml",), {"text": PLAN}, actor="lead", act="plan")
    sort = database.partition(":")[0]  # another order on the other database
    posted: set[str] = set()

    def work(first: int) -> None:
        for number in range(first, NUMBER, THREADS):
            for person, at, (kind, key, value) in interleaved(number, sort):
                request = f"{number}-{person}-{at}"
                made = store.put(kind, key, value, actor=person, act=kind, request_id=request)
                assert made.repeated == (request in posted)
                posted.add(request)
        store.close()

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(work, first) for first in range(THREADS)]:
            done.result()
    assert items_of(store) == expected()
    with store.locked() as unit:
        assert all_states(unit) == read_states(store)
    verification, apart = store.verify()
    assert verification.ok
    assert apart == ()
    history = store.history()
    assert fold(history) == store.state()
    # each post has written at most one entry
    requests = [entry.request for entry in history if entry.request]
    assert len(requests) == len(set(requests)) <= len(posted)
