"""The board in memory against the pure rules, after random acts of all kinds."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evisynth.actions import open_store
from evisynth.actions.store_states import all_states, decision_of_item, not_counted
from evisynth.actions.team import Board, Desk, seen_states
from evisynth.records import Record
from evisynth.review import Item, viewer_of
from evisynth.screening import Assignment, asked_by, queue, resolve, visible_states
from evisynth.storage import Store, replace_records

RECORDS = [f"r{number}" for number in range(8)]
PEOPLE = ["ann", "ben", "cleo"]

PLAN = """
[review]
id = "x"
title = "x"
date = "2026-01-01"
kind = "review"
{people}
[stages.title_abstract]
votes_needed = {votes}
maybe = "{maybe}"
conflicts = "{conflicts}"
[stages.title_abstract.reasons]
design = "Design"
[stages.full_text]
votes_needed = {votes}
conflicts = "{conflicts}"
[stages.full_text.reasons]
design = "Design"
numbers = "Numbers"
"""


def plan(votes: int, maybe: str, conflicts: str, left: str) -> str:
    people = ""
    for who in PEOPLE:
        gone = 'left = "2026-01-05"\ndecisions_count = false\n' if who == left else ""
        people += f'\n[[people]]\nid = "{who}"\nname = "{who}"\nroles = ["reviewer"]\n{gone}'
    people += '\n[[people]]\nid = "dora"\nname = "dora"\nroles = ["adjudicator"]\n'
    return PLAN.format(people=people, votes=votes, maybe=maybe, conflicts=conflicts)


STAGE = st.sampled_from(["title_abstract", "title_abstract", "full_text"])
RECORD = st.sampled_from(RECORDS)
VERDICT = st.sampled_from(["include", "include", "exclude", "maybe"])

ACT = st.one_of(
    st.tuples(
        st.just("vote"), STAGE, RECORD, st.sampled_from(PEOPLE), VERDICT,
        st.sampled_from(["reviewer", "reviewer", "reviewer", "discussion"]),
        st.sampled_from(["", "design", "numbers"]),
    ),
    st.tuples(st.just("settle"), STAGE, RECORD, st.just("dora"), VERDICT),
    st.tuples(st.just("undo"), STAGE, RECORD, st.sampled_from(PEOPLE)),
    st.tuples(st.just("duplicate"), RECORD, st.booleans()),
    st.tuples(st.just("removal"), RECORD, st.booleans()),
    st.tuples(st.just("retrieval"), RECORD, st.sampled_from(["retrieved", "not_retrieved"])),
    st.tuples(st.just("assignment"), STAGE, RECORD, st.sampled_from(PEOPLE), st.booleans()),
    st.tuples(
        st.just("plan"), st.integers(1, 3), st.sampled_from(["discuss", "include"]),
        st.sampled_from(["adjudicator", "discussion"]), st.sampled_from(["", "cleo"]),
    ),
    st.tuples(st.just("member"), st.sampled_from(PEOPLE), st.booleans()),
    st.tuples(st.just("tag"), RECORD, st.sampled_from(PEOPLE)),
)  # fmt: skip


def put(store: Store, act: tuple[Any, ...]) -> None:
    name, *rest = act
    value: dict[str, object] | None
    if name == "vote":
        stage, record, who, verdict, role, reason = rest
        value = {"verdict": verdict, "date": "2026-01-02"}
        value |= {"reason": reason} if reason and verdict == "exclude" else {}
        store.put("vote", (stage, record, who, role), value, actor=who, act="decide")
    elif name == "settle":
        stage, record, who, verdict = rest
        store.put(
            "vote", (stage, record, who, "adjudicator"), {"verdict": verdict}, actor=who, act="x"
        )
    elif name == "undo":
        stage, record, who = rest
        store.put("vote", (stage, record, who, "reviewer"), None, actor=who, act="undo")
    elif name == "duplicate":
        record, there = rest
        other = "r0" if record != "r0" else "r1"
        store.put(
            "duplicate", (record,), {"duplicate_of": other} if there else None, actor="x", act="x"
        )
    elif name == "removal":
        record, there = rest
        store.put("removal", (record,), {"kind": "other"} if there else None, actor="x", act="x")
    elif name == "retrieval":
        store.put("retrieval", (rest[0],), {"status": rest[1]}, actor="x", act="x")
    elif name == "assignment":
        *key, there = rest
        store.put("assignment", key, {"rule": "x"} if there else None, actor="x", act="x")
    elif name == "plan":
        store.put("plan", ("review.toml",), {"text": plan(*rest)}, actor="x", act="x")
    elif name == "member":
        store.put("member", (rest[0],), {"ignored": rest[1]}, actor="x", act="x")
    else:
        store.put("tag", (rest[0], rest[1], "t"), {"date": "2026-01-02"}, actor="x", act="x")


_numbers = itertools.count()


@pytest.fixture(scope="module")
def place() -> str:
    return f"sqlite:///{tempfile.mkdtemp()}/review.db"


def check(board: Board, store: Store, folder: Path) -> None:
    """Hold the board against the rules, computed from the items as they stand."""
    votes = [
        decision_of_item(Item("vote", key, value)) for key, value in store.values("vote").items()
    ]
    duplicates = {key[0] for key in store.values("duplicate")}
    removed = {key[0] for key in store.values("removal")}
    lost = {
        key[0]
        for key, value in store.values("retrieval").items()
        if value["status"] == "not_retrieved"
    }
    given = sorted(store.values("assignment"))
    asked = asked_by([Assignment(key[0], {key[1]: (key[2],)}) for key in given])  # type: ignore[arg-type]
    ignored = not_counted(board.plan, store.values("member"))
    stages = board.plan.stages
    assert stages is not None
    states = resolve(
        [Record(name, "") for name in RECORDS], votes, stages, duplicates=duplicates,
        not_retrieved=lost, removed=removed, asked=asked, ignored=ignored,
    )  # fmt: skip
    kept = {
        (record, stage.name): state
        for stage in stages
        for record, state in board.states(stage.name).items()
    }
    assert kept == states
    with store.locked() as unit:
        assert all_states(unit) == states
    for stage in stages:
        for person in board.plan.people:
            wanted = queue(
                person.id, stage, RECORDS, votes, states=states, asked=asked, ignored=ignored
            )
            if person.id not in board.voters_of(stage):
                wanted = ()
            assert board.waiting(stage.name, person.id) == wanted
            assert board.counts(stage.name, person.id)[1] == len(wanted)
            desk = Desk(store, folder, person)
            assert seen_states(desk, stage, board=board) == visible_states(
                states, votes, viewer_of(person), stage, asked=asked, ignored=ignored
            )


@settings(max_examples=40)
@given(acts=st.lists(ACT, min_size=5, max_size=40), at=st.integers(0, 40))
def test_the_board_is_what_the_rules_say(place: str, acts: list[tuple[Any, ...]], at: int) -> None:
    store = open_store(place, review=f"review{next(_numbers)}")
    replace_records(store, [Record(name, f"Trial {name}") for name in RECORDS])
    put(store, ("plan", 2, "discuss", "adjudicator", ""))
    folder = Path()
    board = Board(store, folder).refresh()
    for number, act in enumerate(acts):
        put(store, act)
        if number == at:
            check(board.refresh(), store, folder)
    check(board.refresh(), store, folder)
    check(Board(store, folder).refresh(), store, folder)
