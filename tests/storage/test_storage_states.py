"""States of records are moved in the transaction of the act, and lists answer from rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evisynth.actions import open_store, thaw_from, verify_store
from evisynth.errors import OptionError
from evisynth.review import Review, edit_plan
from evisynth.storage import Store, list_records, read_states, record_ids


@pytest.fixture
def store(small: Path, database: str) -> Store:
    made = open_store(database)
    thaw_from(made, small)
    return made


def plan_text(store: Store) -> str:
    value = store.get("plan", ("review.toml",)).value
    assert value is not None
    return str(value["text"])


@pytest.mark.parametrize("example", ["digital-interventions-cancer"])
def test_states_are_those_of_the_folder(
    database: str, example: str, copy_example: Callable[[str, Path], Path], tmp_path: Path
) -> None:
    folder = copy_example(example, tmp_path / example)
    with open_store(database) as store:
        thaw_from(store, folder)
        review = Review.read(folder)
        assert read_states(store) == review.states
        assert record_ids(store) == tuple(record.id for record in review.records)
        assert verify_store(store, folder) == []


def test_a_vote_moves_its_record(store: Store) -> None:
    vote = store.list("vote", ("title_abstract",)).items[0]
    record = vote.key[1]
    before = read_states(store)
    store.put("vote", vote.key, None, actor="ada", act="undo")
    after = read_states(store)
    assert after[record, "title_abstract"].votes == before[record, "title_abstract"].votes - 1
    assert {place for place in before if before[place] != after.get(place)} <= {
        (record, "title_abstract"), (record, "full_text"),
    }  # fmt: skip
    assert verify_store(store) == []


def test_a_duplicate_leaves_the_stages_and_comes_back(store: Store) -> None:
    first, second = [item.key[1] for item in store.list("vote", ("title_abstract",)).items][::4][:2]
    before = read_states(store)
    store.put("duplicate", (first,), {"duplicate_of": second}, actor="ada", act="merge")
    assert (first, "title_abstract") not in read_states(store)
    store.put("duplicate", (first,), None, actor="ada", act="undo merge")
    assert read_states(store) == before


def test_a_new_rule_of_the_plan_moves_all(store: Store) -> None:
    key = ("stages", "title_abstract", "votes_needed")
    text = edit_plan(plan_text(store), [(key, 3)])
    store.put("plan", ("review.toml",), {"text": text}, actor="lead", act="change the plan")
    states = read_states(store)
    assert {state.status for state in states.values()} == {"open"}
    assert {stage for _, stage in states} == {"title_abstract"}
    assert verify_store(store) == []


def test_votes_on_what_is_no_record_make_no_state(store: Store) -> None:
    before = read_states(store)
    store.put(
        "vote", ("title_abstract", "nobody", "ada"), {"verdict": "include"}, actor="ada", act="x"
    )
    assert read_states(store) == before


def test_a_state_that_was_tampered_with_is_found(store: Store) -> None:
    from evisynth.storage.models import StageState

    StageState.objects.using(store.alias).filter(stage="full_text").update(status="open")
    found = verify_store(store)
    assert found
    assert "not what the decisions give" in str(found[0])


def test_records_are_listed_searched_and_paged(store: Store) -> None:
    ids = record_ids(store)
    every = list_records(store, size=1000)
    assert [line.id for line in every.lines] == list(ids)
    assert every.total == len(ids)
    some = list_records(store, page=2, size=3)
    assert [line.id for line in some.lines] == list(ids[3:6])
    line = every.lines[0]
    word = line.title.split()[0]
    found = list_records(store, search=f"{word.upper()} {line.id}")
    assert line.id in [each.id for each in found.lines]
    assert list_records(store, search="100%_nothing").total == 0
    chosen = tuple(reversed(ids[:4]))
    assert [each.id for each in list_records(store, ids=chosen, size=3).lines] == list(chosen[:3])
    titles = [each.title for each in list_records(store, order="title", size=1000).lines]
    assert titles == sorted(titles)
    states = read_states(store)
    wanted = {record for (record, _), state in states.items() if state.status == "included"}
    listed = list_records(store, stage="title_abstract", status="included", size=1000)
    assert {each.id for each in listed.lines} == {
        record for record in wanted if states[record, "title_abstract"].status == "included"
    }
    assert listed.total == len(listed.lines)
    with pytest.raises(OptionError, match="order"):
        list_records(store, order="votes")  # type: ignore[arg-type]
