"""A review of 50,000 records is resolved while a page loads."""

import time
from collections.abc import Callable
from typing import Any

from evisynth.records import Record
from evisynth.screening import Decision, Stage, queue, resolve, settle

RECORDS = 50_000
RESOLVED = 1.0
"""Seconds of processor time for 50,000 records with two votes each."""

SETTLED = 50e-6
"""Seconds for one record; a few microseconds on a machine that does nothing else."""

TA = Stage("title_abstract", 2, {"design": "Not randomized"})
VOTES = [
    Decision(
        str(number),
        "title_abstract",
        who,
        "exclude" if (number + place) % 3 else "include",
        "design" if (number + place) % 3 else "",
    )
    for number in range(RECORDS)
    for place, who in enumerate("ab")
]


def best(call: Callable[[], Any]) -> float:
    """Return the least processor time of three runs."""
    times = []
    for _ in range(3):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def test_resolve() -> None:
    records = [Record(str(number), "T") for number in range(RECORDS)]
    assert len(resolve(records, VOTES, [TA])) == RECORDS
    assert best(lambda: resolve(records, VOTES, [TA])) < RESOLVED


def test_settle_one() -> None:
    pairs = [VOTES[place : place + 2] for place in range(0, 2000, 2)]
    assert best(lambda: [settle(TA, pair) for pair in pairs]) / len(pairs) < SETTLED


def test_queue() -> None:
    ids = [str(number) for number in range(RECORDS)]
    assert len(queue("a", TA, ids, VOTES[:RECORDS])) == RECORDS // 2
    assert best(lambda: queue("a", TA, ids, VOTES[:RECORDS])) < RESOLVED
