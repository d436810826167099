"""Queues, splitting, leases, people who leave, records that come late."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evisynth.errors import DataError, OptionError
from evisynth.records import Record
from evisynth.screening import (
    Assignment,
    Decision,
    Lease,
    Stage,
    asked_by,
    assign_pairs,
    assign_shares,
    own_order,
    queue,
    reassign,
    resolve,
    settle,
    take_lease,
)

TA = Stage("title_abstract", 2, {})
FT = Stage("full_text", 2, {})
ONE = replace(TA, votes_needed=1)
IDS = [str(number) for number in range(40)]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def vote(who: Any, record: Any, verdict: Any = "include", stage: Any = "title_abstract") -> Any:
    return Decision(record, stage, who, verdict)


def test_own_orders_differ_and_stay() -> None:
    a, b = own_order("a", TA, IDS), own_order("b", TA, IDS)
    assert sorted(a) == sorted(b) == sorted(IDS)
    assert a != b
    assert a == own_order("a", TA, reversed(IDS))
    assert a != own_order("a", replace(TA, seed=2), IDS)
    assert [made for made in own_order("a", TA, [*IDS, "late"]) if made != "late"] == list(a)


def test_decided_and_complete_records_leave_the_queue() -> None:
    votes = [vote("a", "1"), vote("b", "2"), vote("c", "2"), vote("b", "3")]
    waits = queue("a", TA, IDS, votes)
    assert set(IDS) - set(waits) == {"1", "2"}
    # two people never wait for each other
    assert "1" in queue("b", TA, IDS, votes)


def test_ranking_and_pilot_come_first() -> None:
    waits = queue("a", TA, IDS, [vote("a", "5")], ranking=["7", "5", "3"], first=["9", "3"])
    assert waits[:3] == ("9", "3", "7")
    assert len(waits) == 39
    assert queue("a", TA, IDS, [], first=["9", "3"], only_first=True) == ("9", "3")
    assert queue("a", replace(TA, reviewers=("b",)), IDS, []) == ()


def test_second_stage_holds_what_came_to_it() -> None:
    records = [Record(ident, "T") for ident in "1234"]
    votes = [vote(who, ident) for ident in "12" for who in "ab"]
    states = resolve(records, votes, [TA, FT])
    assert sorted(queue("a", FT, "1234", votes, states=states)) == ["1", "2"]
    # only reports that were retrieved
    assert queue("a", FT, "2", votes, states=states) == ("2",)


def test_late_records_duplicates_and_merges_undone() -> None:
    votes = [vote("a", "1"), vote("b", "1"), vote("a", "2")]

    def waits(who: str, ids: str, duplicates: Any = ()) -> Any:
        records = [Record(ident, "T") for ident in ids]
        states = resolve(records, votes, [TA], duplicates=duplicates)
        return set(queue(who, TA, ids, votes, states=states))

    assert waits("b", "123") == {"2", "3"}
    assert waits("b", "1234") == {"2", "3", "4"}
    assert waits("b", "1234", {"2": "1"}) == {"3", "4"}
    assert waits("b", "1234") == {"2", "3", "4"}
    assert waits("a", "1234") == {"3", "4"}  # its decision on 2 is there again


def test_leases_keep_a_record_for_one_person() -> None:
    lease = take_lease("a", ONE, "1", [], [], NOW)
    assert lease == Lease("1", "title_abstract", "a", NOW + timedelta(minutes=10))
    assert "1" not in queue("b", ONE, IDS, [], leases=[lease], now=NOW)
    assert "1" in queue("a", ONE, IDS, [], leases=[lease], now=NOW)
    assert take_lease("b", ONE, "1", [], [lease], NOW) is None
    again = take_lease("a", ONE, "1", [], [lease], NOW + timedelta(minutes=9))
    assert again is not None
    assert again.until == NOW + timedelta(minutes=19)
    late = NOW + timedelta(minutes=10)
    assert "1" in queue("b", ONE, IDS, [], leases=[lease], now=late)
    assert take_lease("b", ONE, "1", [], [lease], late) is not None
    # with two votes needed a second person may have it, a third may not
    second = take_lease("b", TA, "1", [], [lease], NOW)
    assert second is not None
    assert take_lease("c", TA, "1", [], [lease, second], NOW) is None
    assert take_lease("a", ONE, "1", [vote("a", "1")], [], NOW) is None
    with pytest.raises(DataError, match="now"):
        queue("b", ONE, IDS, [], leases=[lease])


def test_single_screening_asks_once() -> None:
    """Three people who each take the first free record never meet."""
    leases: list[Lease] = []
    for who in "abc" * 5:
        record = queue(who, ONE, IDS[:15], [], leases=leases, now=NOW)
        free = [made for made in record if not any(made == one.record for one in leases)]
        lease = take_lease(who, ONE, free[0], [], leases, NOW)
        assert lease is not None
        leases.append(lease)
    assert len({lease.record for lease in leases}) == 15


def test_shares() -> None:
    dealt = assign_shares(TA, IDS, {"a": 50, "b": 25, "c": 25, "out": 0})
    loads = Counter(who for people in dealt.asked.values() for who in people)
    assert loads == {"a": 40, "b": 20, "c": 20}
    assert {len(set(people)) for people in dealt.asked.values()} == {2}
    single = assign_shares(ONE, IDS, {"a": 60, "b": 40})
    assert Counter(people[0] for people in single.asked.values()) == {"a": 24, "b": 16}
    more = assign_shares(TA, [*IDS, "late"], {"b": 1, "c": 1}, existing=dealt)
    assert {record: more.asked[record] for record in IDS} == dealt.asked
    assert set(more.asked["late"]) == {"b", "c"}


@given(
    st.integers(0, 60),
    st.integers(1, 4),
    st.lists(st.floats(0.01, 100), min_size=4, max_size=7),
)
def test_shares_deal_everything_out(number: int, votes: int, weights: Any) -> None:
    stage = replace(TA, votes_needed=votes)
    shares = {f"p{place}": weight for place, weight in enumerate(weights)}
    ids = [str(made) for made in range(number)]
    dealt = assign_shares(stage, ids, shares)
    assert sorted(dealt.asked) == sorted(ids)
    loads = Counter(who for people in dealt.asked.values() for who in people)
    for people in dealt.asked.values():
        assert len(people) == len(set(people)) == votes
    total = sum(weights)
    for who, share in shares.items():
        if all(other / total * votes <= 1 for other in shares.values()):
            assert abs(loads[who] - share / total * votes * number) <= 1 + 1e-9


def test_pairs() -> None:
    dealt = assign_pairs(TA, IDS, [("a", "b"), ("b", "c"), ("a", "c")])
    assert sorted(Counter(dealt.asked.values()).values()) == [13, 13, 14]
    asked = asked_by([dealt])
    waits = queue("a", TA, IDS, [], asked=asked)
    assert set(waits) == {record for record, people in dealt.asked.items() if "a" in people}
    more = assign_pairs(TA, [*IDS, "late"], [("x", "y")], existing=dealt)
    assert more.asked["late"] == ("x", "y")
    assert len(more.asked) == 41


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: assign_shares(TA, IDS, {"a": 100}),
        lambda: assign_shares(TA, IDS, {"a": -1, "b": 1}),
        lambda: assign_shares(TA, IDS, {"a": float("nan"), "b": 1}),
        lambda: assign_pairs(TA, IDS, []),
        lambda: assign_pairs(TA, IDS, [("a", "a")]),
        lambda: assign_pairs(TA, IDS, [("a", "b", "c")]),
    ],
)
def test_work_that_cannot_be_dealt_out(wrong: Any) -> None:
    with pytest.raises(DataError):
        wrong()


def test_assignment_of_another_stage() -> None:
    with pytest.raises(OptionError):
        assign_pairs(TA, IDS, [("a", "b")], existing=Assignment("full_text", {}))


def test_a_person_leaves() -> None:
    dealt = assign_pairs(TA, IDS, [("a", "b")])
    votes = [vote("a", ident) for ident in IDS[:10]] + [vote("b", ident) for ident in IDS[:5]]
    handed = reassign(dealt, "a", {"a": 1, "b": 1, "c": 3, "d": 1}, votes, TA)
    assert len(handed.moved) == 30
    assert handed.unasked == ()
    loads = Counter(who for _, who in handed.moved)
    assert loads == {"c": 23, "d": 7} or loads == {"c": 22, "d": 8}
    # what was decided stays, and the records are settled with it
    assert all(handed.assignment.asked[ident] == ("a", "b") for ident in IDS[:10])
    asked = asked_by([handed.assignment])
    assert queue("a", TA, IDS, votes, asked=asked) == ()
    assert len(queue("c", TA, IDS, votes, asked=asked)) == loads["c"]
    assert settle(TA, [v for v in votes if v.record == "0"], asked=asked["0", TA.name]).status == (
        "included"
    )
    # decisions that are not to count are handed on too
    anew = reassign(dealt, "a", {"c": 1}, votes, TA, votes_count=False)
    assert len(anew.moved) == 40
    nobody = reassign(dealt, "a", {"b": 1}, votes, TA)
    assert sorted(nobody.unasked) == sorted(IDS[10:])
    assert nobody.moved == ()


@given(st.data())
def test_everything_is_decided_in_any_order(data: Any) -> None:
    """People take from their queues in turn, one leaves; all records end with their votes."""
    stage = replace(TA, votes_needed=data.draw(st.integers(1, 3)))
    people = list("abcde")
    records = IDS[:12]
    named = data.draw(st.booleans())
    dealt = assign_shares(stage, records, dict.fromkeys(people, 1)) if named else None
    votes: list[Decision] = []
    leaver = data.draw(st.sampled_from(people))
    moment = data.draw(st.integers(0, 12))
    for step in range(200):
        if step == moment:
            people.remove(leaver)
            if dealt is not None:
                dealt = reassign(dealt, leaver, dict.fromkeys(people, 1), votes, stage).assignment
        asked = asked_by([dealt]) if dealt else {}
        able = [who for who in people if queue(who, stage, records, votes, asked=asked)]
        if not able:
            break
        who = data.draw(st.sampled_from(able))
        votes.append(vote(who, queue(who, stage, records, votes, asked=asked)[0]))
    counts = Counter(made.record for made in votes)
    assert counts == dict.fromkeys(records, stage.votes_needed)
    assert len({(made.record, made.reviewer) for made in votes}) == len(votes)
