"""Many people at once, and processes that are killed: the same state, nothing acknowledged lost."""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evisynth.actions import open_store
from evisynth.actions.store_states import all_states
from evisynth.records import Record
from evisynth.review import fold, verify
from evisynth.storage import Store, VersionConflict, read_states, replace_records

ROOT = Path(__file__).resolve().parents[2]
RECORDS = [f"r{number}" for number in range(6)]
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

_numbers = itertools.count()


def screening(place: str, name: str = "") -> Store:
    store = open_store(place, review=name)
    replace_records(store, [Record(name, f"Trial {name}") for name in RECORDS])
    store.put("plan", ("review.toml",), {"text": PLAN}, actor="lead", act="plan")
    return store


def by_threads(workers: list[Any]) -> None:
    errors: list[BaseException] = []

    def guarded(work: Any) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits for all
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


ACT = st.tuples(
    st.sampled_from(["vote", "tag", "undo", "duplicate", "retrieval"]),
    st.sampled_from(RECORDS),
    st.sampled_from(["title_abstract", "title_abstract", "full_text"]),
    st.sampled_from(["include", "exclude", "maybe"]),
)


def put_act(store: Store, person: str, number: int, act: tuple[str, str, str, str]) -> None:
    """One act of a person; acts of different people touch different items."""
    kind, record, stage, verdict = act
    key: tuple[str, ...]
    value: dict[str, object] | None
    if kind in ("vote", "undo"):
        key, kind_name = (stage, record, person), "vote"
        value = None if kind == "undo" else {"verdict": verdict, "reason": "design"}
        if value is not None and verdict != "exclude":
            value.pop("reason")
    elif kind == "tag":
        key, kind_name, value = (record, person, verdict), "tag", {}
    elif kind == "duplicate":
        # each person decides about records of their own
        key, kind_name, value = (f"{record}-{person}",), "duplicate", {"duplicate_of": record}
    else:
        key, kind_name, value = (f"{record}-{person}",), "retrieval", {"status": "retrieved"}
    store.put(kind_name, key, value, actor=person, act=kind, request_id=f"{person}-{number}")


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    work=st.lists(st.lists(ACT, max_size=6), min_size=2, max_size=20),
    seed=st.integers(0, 1000),
)
def test_any_interleaving_ends_in_the_same_state(
    database: str, work: list[list[tuple[str, str, str, str]]], seed: int
) -> None:
    at_once = screening(database, f"threads-{next(_numbers)}")

    def person(name: str, acts: list[tuple[str, str, str, str]]) -> Any:
        def work() -> None:
            for number, act in enumerate(acts):
                put_act(at_once, name, number, act)
                if number % 2:  # a post that is sent again
                    put_act(at_once, name, number, act)
            at_once.close()

        return work

    by_threads([person(f"p{number:02d}", acts) for number, acts in enumerate(work)])
    one_by_one = screening(database, f"single-{next(_numbers)}")
    left = [(f"p{number:02d}", list(enumerate(acts))) for number, acts in enumerate(work) if acts]
    rng = random.Random(seed)
    while left:
        name, acts = rng.choice(left)
        number, act = acts.pop(0)
        put_act(one_by_one, name, number, act)
        left = [each for each in left if each[1]]

    def values(store: Store) -> dict[object, object]:
        return {place: (item.value, item.version) for place, item in store.state().items()}

    assert values(at_once) == values(one_by_one)
    assert read_states(at_once) == read_states(one_by_one)
    for store in (at_once, one_by_one):
        assert verify(store.history()).ok
        assert fold(store.history()) == store.state()
        with store.locked() as unit:
            assert all_states(unit) == read_states(store)


def test_one_of_two_editors_wins_and_the_other_hears_of_it(database: str) -> None:
    store = screening(database)
    key = ("form", "Kim 2018", "", "n1")
    outcomes: list[str] = []

    def editor(name: str) -> Any:
        def work() -> None:
            try:
                store.put(
                    "extraction_consensus", key, {"value": name}, actor=name, act="agree",
                    expected_version=0,
                )  # fmt: skip
                outcomes.append("written")
            except VersionConflict as error:
                (conflict,) = error.conflicts
                told = conflict.mine == {"value": name} and conflict.theirs is not None
                outcomes.append("conflict" if told else "not told")
            store.close()

        return work

    by_threads([editor(f"p{number}") for number in range(12)])
    assert sorted(outcomes) == ["conflict"] * 11 + ["written"]
    assert len(store.history("extraction_consensus")) == 1


def test_a_post_that_is_sent_by_many_at_once_counts_once(database: str) -> None:
    store = screening(database)
    versions: list[int] = []

    def send() -> None:
        made = store.put(
            "vote", ("title_abstract", "r1", "ada"), {"verdict": "include"}, actor="ada",
            act="decide", request_id="same",
        )  # fmt: skip
        versions.append(made.version)
        store.close()

    by_threads([send] * 10)
    assert versions == [1] * 10
    assert len(store.history("vote")) == 1


WRITER = """
import sys
from evisynth.storage import Store
store = Store.open(sys.argv[1], review="r", create=False)
for number in range(int(sys.argv[3]), 100000):
    made = store.put("tag", (f"r{number}", sys.argv[2], "x"), {"date": str(number)},
                     actor=sys.argv[2], act="tag", request_id=f"{sys.argv[2]}-{number}")
    print(number, made.number, flush=True)
"""


def test_kill_9_of_writers_loses_nothing_acknowledged(database: str) -> None:
    store = Store.open(database, review="r")
    rng = random.Random(7)
    promised: dict[tuple[str, int], int] = {}
    for attempt in range(2):
        people = [f"p{attempt}{which}" for which in "ab"]
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, database, person, "0"],
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
            )
            for person in people
        ]
        first = [writer.stdout.readline() for writer in writers if writer.stdout]
        assert all(first), "the writers began"
        time.sleep(rng.uniform(0.05, 0.4))
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
        for person, line, writer in zip(people, first, writers, strict=True):
            rest, _ = writer.communicate()
            # a line cut in the middle was not received whole, and promises nothing
            for each in (line + rest).splitlines(keepends=True):
                if each.endswith("\n"):
                    number, entry = map(int, each.split())
                    promised[person, number] = entry
    assert len(promised) >= 4
    entries = {entry.number: entry for entry in store.history()}
    for (person, number), at in promised.items():
        made = entries[at]
        assert made.request == f"{person}-{number}"
        assert store.get("tag", (f"r{number}", person, "x")).value == {"date": str(number)}
    verification, differences = store.verify()
    assert verification.ok
    assert differences == ()
    # what was not acknowledged may be there or not; sent again it is there once
    person, number = max(promised)
    again = store.put(
        "tag", (f"r{number}", person, "x"), {"date": str(number)}, actor=person, act="tag",
        request_id=f"{person}-{number}",
    )  # fmt: skip
    assert again.repeated


def test_processes_share_one_chain(database: str) -> None:
    store = Store.open(database, review="r")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER.replace("100000", "25"), database, f"p{number}", "0"],
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
        )
        for number in range(2)
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    assert store.head().number == 50
    assert store.verify()[0].ok


def test_a_server_that_crashed_is_written_to_again(postgresql: Any) -> None:
    place = postgresql.new()
    store = Store.open(place)
    key = ("r1", "ada", "x")
    store.put("tag", key, {"date": "1"}, actor="ada", act="tag", request_id="1")
    postgresql.kill()
    # the connection is dead; the act either goes through on a new one or says that it did not
    for _ in range(3):
        try:
            store.put("tag", key, {"date": "2"}, actor="ada", act="tag", request_id="2")
            break
        except Exception:  # noqa: BLE001 - whatever the dead connection says
            time.sleep(0.1)
    assert store.get("tag", key).value == {"date": "2"}
    assert len(store.history()) == 2
    assert store.verify()[0].ok


def test_fifty_people_at_once_lose_nothing(postgresql: Any) -> None:
    """As in the work of a team: each decides, reads the next one, decides.

    How long each waits is measured by benchmarks/web/load.py, not here.
    """
    store = screening(postgresql.new())
    replace_records(store, [Record(f"n{number}", f"Trial {number}") for number in range(500)])

    def person(name: str) -> Any:
        def work() -> None:
            rng = random.Random(name)
            for number in rng.sample(range(500), 6):
                store.put(
                    "vote", ("title_abstract", f"n{number}", name), {"verdict": "include"},
                    actor=name, act="decide", expected_version=0, request_id=f"{name}-{number}",
                )  # fmt: skip
                time.sleep(rng.uniform(0.0, 0.3))
            store.close()

        return work

    by_threads([person(f"p{number:02d}") for number in range(50)])
    assert len(store.history("vote")) == 300
    assert store.verify()[0].ok
