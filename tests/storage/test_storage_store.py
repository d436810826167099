"""Puts, versions, requests, lists and the history, on both databases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from evisynth.errors import InputError, OptionError
from evisynth.review import Entry, fold, verify
from evisynth.storage import RequestReusedError, Store, StoreError, Unit, VersionConflict

VOTE = ("title_abstract", "r1", "ada")


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with Store.open(database) as made:
        yield made


def vote(store: Store, record: str = "r1", person: str = "ada", verdict: str = "include", **more):
    key = ("title_abstract", record, person)
    return store.put("vote", key, {"verdict": verdict}, actor=person, act="decide", **more)


def test_a_put_is_kept_with_its_history(store: Store) -> None:
    made = vote(store)
    assert (made.version, made.number, made.changed, made.repeated) == (1, 1, True, False)
    item = store.get("vote", VOTE)
    assert item.value == {"verdict": "include"}
    assert item.key == (*VOTE, "reviewer")
    (entry,) = store.history()
    assert (entry.actor, entry.act, entry.before, entry.after) == (
        "ada", "decide", None, {"verdict": "include"},
    )  # fmt: skip
    assert entry.program
    assert store.head() == entry.head


def test_the_same_value_again_changes_nothing(store: Store) -> None:
    vote(store)
    again = vote(store)
    assert not again.changed
    assert again.version == 1
    assert len(store.history()) == 1


def test_taking_away_keeps_version_and_history(store: Store) -> None:
    vote(store)
    gone = store.put("vote", VOTE, None, actor="ada", act="undo", reason="slip of the key")
    assert gone.version == 2
    assert store.get("vote", VOTE).value is None
    assert store.list("vote").items == ()
    assert vote(store).version == 3
    assert [entry.act for entry in store.history("vote", VOTE)] == ["decide", "undo", "decide"]
    assert store.history()[1].reason == "slip of the key"


def test_two_editors_get_what_each_had(store: Store) -> None:
    key = ("form", "Kim 2018", "", "n1")

    def put(value: str, actor: str, version: int):
        return store.put(
            "extraction_consensus", key, {"value": value}, actor=actor, act="agree",
            expected_version=version,
        )  # fmt: skip

    put("20", "ada", 0)
    put("21", "ben", 1)
    with pytest.raises(VersionConflict) as caught:
        put("22", "ada", 1)
    (conflict,) = caught.value.conflicts
    assert conflict.base == {"value": "20"}
    assert conflict.mine == {"value": "22"}
    assert conflict.theirs == {"value": "21"}
    assert (conflict.version, conflict.by) == (2, "ben")
    # who wants what stands there already has no conflict
    assert not put("21", "ada", 1).changed
    assert put("22", "ada", conflict.version).version == 3


def test_many_are_written_or_none(store: Store) -> None:
    vote(store)
    with pytest.raises(VersionConflict):
        store.put_many(
            [("tag", ("r1", "ada", "children"), {}), ("vote", VOTE, {"verdict": "exclude"}, 0)],
            actor="ada",
            act="tag",
        )
    assert store.list("tag").items == ()
    assert len(store.history()) == 1


def test_a_repeated_request_is_answered_as_before(store: Store) -> None:
    first = vote(store, request_id="a-1")
    vote(store, verdict="exclude", request_id="a-2")
    again = vote(store, request_id="a-1")
    assert (again.version, again.number, again.repeated) == (first.version, first.number, True)
    assert store.get("vote", VOTE).value == {"verdict": "exclude"}
    assert len(store.history()) == 2


def test_a_request_that_changed_nothing_is_remembered_too(store: Store) -> None:
    vote(store)
    vote(store, request_id="idle")
    vote(store, verdict="exclude")
    assert vote(store, request_id="idle").repeated
    assert store.get("vote", VOTE).value == {"verdict": "exclude"}


def test_a_request_for_something_else_is_refused(store: Store) -> None:
    vote(store, request_id="a-1")
    with pytest.raises(RequestReusedError, match="a-1"):
        vote(store, verdict="exclude", request_id="a-1")


def test_lists_are_sorted_by_code_points_and_paged(store: Store) -> None:
    names = ["b", "A", "é", "a", "Z", "_", "10", "9"]
    for name in names:
        vote(store, record=name)
        vote(store, record=name, person="ben")
    every = store.list("vote", ("title_abstract",))
    assert [item.key[1] for item in every.items][::2] == sorted(names)
    second = store.list("vote", page=2, size=5)
    assert (second.items, second.total) == (every.items[5:10], 16)
    assert len(store.list("vote", person="ben").items) == 8
    assert [item.key[2] for item in store.list("vote", subject="é").items] == ["ada", "ben"]
    assert len(store.list("vote", ("title_abstract", "1")).items) == 0, "whole parts, no beginnings"
    assert [item.kind for item in store.about("Z")] == ["vote", "vote"]


def test_history_is_asked_in_parts(store: Store) -> None:
    for number in range(5):
        vote(store, record=f"r{number}", person="ada" if number % 2 else "ben")
    assert [entry.number for entry in store.history(after=3)] == [4, 5]
    newest = store.history(newest_first=True, limit=2)
    assert [entry.number for entry in newest] == [5, 4]
    assert [entry.number for entry in store.history(newest_first=True, after=4, limit=2)] == [3, 2]
    assert {entry.actor for entry in store.history(actor="ada")} == {"ada"}
    assert len(store.history("vote", prefix=("title_abstract", "r3"))) == 1


def test_what_cannot_be_is_refused_before_anything_is_written(store: Store) -> None:
    with pytest.raises(InputError, match="includ"):
        store.put("vote", VOTE, {"verdict": "includ"}, actor="ada", act="decide")
    with pytest.raises(OptionError, match="votes"):
        store.put("votes", VOTE, {}, actor="ada", act="decide")
    assert store.head().number == 0


def test_a_lease_is_in_no_history(store: Store) -> None:
    key = ("title_abstract", "r1")
    value = {"person": "ada", "until": "2026-01-01T00:10:00Z"}
    store.put("lease", key, value, actor="ada", act="lease")
    assert store.get("lease", key).value == value
    with pytest.raises(VersionConflict):
        store.put(
            "lease", key, value | {"person": "ben"}, actor="ben", act="lease", expected_version=0
        )
    store.put("lease", key, None, actor="ada", act="lease")
    assert store.get("lease", key).version == 0
    assert store.history() == ()
    assert store.verify()[0].ok


def test_text_of_any_script_and_length_is_kept(store: Store) -> None:
    text = "Ärzte 医師 🧪 \"quoted\", 'x' \\ {} %s ; DROP TABLE\n\tline\n" + "x" * 100_000
    store.put("note", ("r1", "ada", "1"), {"text": text}, actor="ada", act="note")
    kept = store.get("note", ("r1", "ada", "1")).value
    assert kept == {"text": text}
    assert store.verify() == (verify(store.history()), ())


def test_rows_changed_behind_the_history_are_found(store: Store) -> None:
    from evisynth.storage import models

    vote(store)
    vote(store, record="r2")
    rows = models.Item.objects.using(store.alias)
    rows.filter(subject="r2").update(value='{"verdict":"exclude"}')
    assert store.verify()[1] == (
        "vote title_abstract, r2, ada, reviewer is not what the history gives",
    )
    models.Entry.objects.using(store.alias).filter(number=1).update(actor="eve")
    found, _ = store.verify()
    assert found.broken is not None
    assert "entry 1 was changed after it was written" in found.broken.what


def test_a_hook_that_refuses_leaves_no_trace(database: str) -> None:
    def only_ada(unit: Unit, entries: Sequence[Entry]) -> None:
        if any(entry.actor != "ada" for entry in entries):
            raise OptionError("actor", entries[0].actor, ["ada"])

    with Store.open(database, hooks=(only_ada,)) as store:
        vote(store)
        with pytest.raises(OptionError, match="ben"):
            vote(store, person="ben")
        assert [entry.actor for entry in store.history()] == ["ada"]
        assert fold(store.history()) == store.state()
        assert vote(store, record="r2").number == 2


def test_several_reviews_live_in_one_database(database: str) -> None:
    one = Store.open(database, review="one")
    two = Store.open(database, review="two")
    vote(one)
    vote(two, verdict="exclude", request_id="x")
    vote(one, record="r9", request_id="x")
    assert one.get("vote", VOTE).value == {"verdict": "include"}
    assert two.get("vote", VOTE).value == {"verdict": "exclude"}
    assert (len(one.history()), len(two.history())) == (2, 1)
    with pytest.raises(StoreError, match=r"several reviews.*one, two"):
        Store.open(database)
    with pytest.raises(StoreError, match="no review 'three'"):
        Store.open(database, review="three", create=False)


def test_the_store_is_not_used_inside_another_transaction(store: Store) -> None:
    from django.db import transaction

    with transaction.atomic(using=store.alias), pytest.raises(StoreError, match=r"atomic\(\)"):
        vote(store)


def test_whatever_is_typed_as_a_reason_is_kept_by_both_databases(store: Store) -> None:
    """PostgreSQL keeps no NUL and no half of a pair; an act must not fail for it."""
    vote(store, reason="\x00 so\ud800\r\nit is ", request_id="a\x00b")
    assert store.history()[0].reason == "so\ufffd\nit is"
    assert vote(store, reason="\x00 so\ud800\r\nit is ", request_id="a\x00b").repeated


def test_a_version_that_nobody_can_have_seen_is_a_conflict(store: Store) -> None:
    vote(store)
    with pytest.raises(VersionConflict):
        vote(store, verdict="exclude", expected_version=10**30)
