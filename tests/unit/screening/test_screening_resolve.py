"""States from decisions, and agreement."""

import itertools
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evisynth.records import Record
from evisynth.screening import Decision, Stage, agreement, resolve

REASONS = {"design": "Not randomized", "population": "Wrong population"}
TA = Stage("title_abstract", 2, REASONS)
FT = Stage("full_text", 2, REASONS)
RECORD = Record("1", "A trial")


def vote(
    reviewer: Any,
    verdict: Any,
    reason: Any = "",
    stage: Any = "title_abstract",
    role: Any = "reviewer",
    record: Any = "1",
) -> Any:
    return Decision(record, stage, reviewer, verdict, reason, role=role)


def at(decisions: Any, stage: Any = TA) -> Any:
    return resolve([RECORD], decisions, [stage])["1", stage.name]


@pytest.mark.parametrize(
    ("votes", "status"),
    [
        ([], "open"),
        ([("a", "include")], "open"),
        ([("a", "include"), ("b", "include")], "included"),
        ([("a", "exclude", "design"), ("b", "exclude", "design")], "excluded"),
        ([("a", "include"), ("b", "exclude", "design")], "conflict"),
        ([("a", "maybe"), ("b", "include")], "open"),
        ([("a", "maybe"), ("b", "maybe")], "open"),
        ([("a", "include"), ("b", "include"), ("c", "exclude", "design")], "conflict"),
        ([("a", "maybe"), ("b", "include"), ("c", "exclude", "design")], "conflict"),
        ([("a", "exclude", "design"), ("a", "include"), ("b", "include")], "included"),
    ],
)
def test_status(votes: Any, status: Any) -> None:
    assert at([vote(*each) for each in votes]).status == status


def test_adjudicator_settles_conflict_and_maybe() -> None:
    settled = vote("c", "exclude", "population", role="adjudicator")
    for second in ("exclude", "maybe"):
        state = at([vote("a", "include"), vote("b", second, "design"), settled])
        assert (state.status, state.reason, state.votes) == ("excluded", "population", 2)
    assert at([vote("a", "include"), settled]).status == "open"  # a vote is missing


def test_reason_at_title_and_abstract_follows_the_plan() -> None:
    state = at([vote("a", "exclude", "population"), vote("b", "exclude", "design")])
    assert (state.status, state.reason) == ("excluded", "design")
    assert at([vote("a", "exclude"), vote("b", "exclude")]).status == "excluded"


def test_full_text_wants_one_main_reason() -> None:
    def state(first: Any, second: Any, *more: Any) -> Any:
        votes = [
            vote("a", "exclude", first, "full_text"),
            vote("b", "exclude", second, "full_text"),
            *more,
        ]
        return at(votes, FT)

    assert state("design", "population").status == "conflict"
    assert state("", "").status == "open"
    assert (state("design", "").status, state("design", "").reason) == ("excluded", "design")
    settled = vote("c", "exclude", "population", "full_text", "adjudicator")
    assert state("design", "population", settled).reason == "population"


def test_stages_follow_each_other() -> None:
    records = [Record(ident, "T") for ident in "12345"]
    votes = [vote(who, "include", record=ident) for ident in "1245" for who in "ab"]
    votes += [vote(who, "exclude", "design", record="3") for who in "ab"]
    votes += [vote(who, "include", stage="full_text", record="1") for who in "ab"]
    states = resolve(records, votes, [TA, FT], duplicates={"5"}, not_retrieved={"4"})
    assert ("5", "title_abstract") not in states
    assert {key for key in states if key[1] == "full_text"} == {
        ("1", "full_text"),
        ("2", "full_text"),
    }
    assert states["2", "full_text"].status == "open"


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcd"),
            st.sampled_from(["include", "exclude", "maybe"]),
            st.sampled_from(["", "design", "population"]),
        ),
        max_size=4,
        unique_by=lambda each: each[0],
    )
)
def test_order_of_reviewers_does_not_matter(votes: Any) -> None:
    found = {
        (at(decisions, stage).status, at(decisions, stage).reason, stage.name)
        for order in itertools.permutations(votes)
        for stage in (TA, FT)
        for decisions in [
            [vote(who, verdict, reason, stage.name) for who, verdict, reason in order]
        ]
    }
    assert len(found) == 2


def pairs(*verdicts: Any) -> Any:
    words = {"i": "include", "e": "exclude", "m": "maybe"}
    return [
        vote(who, words[letter], record=str(number))
        for number, pair in enumerate(verdicts)
        for who, letter in zip("ab", pair, strict=True)
    ]


def test_kappa_with_three_verdicts() -> None:
    votes = pairs(*["ii"] * 5, *["ee"] * 7, *["mm"] * 8, "ie", "im", "im", "em", "mi")
    found = agreement(votes, "title_abstract")
    assert (found.records, found.agreed, found.percent) == (25, 20, 80.0)
    left = {"i": 8, "e": 8, "m": 9}
    right = {"i": 6, "e": 8, "m": 11}
    chance = sum(left[key] * right[key] for key in left) / 625
    assert found.kappa == pytest.approx((0.8 - chance) / (1 - chance), rel=1e-12)
    assert sum(found.table.values()) == 25


def test_kappa_without_an_answer_says_why() -> None:
    none = agreement([vote("a", "include")], "title_abstract")
    assert (none.records, math.isnan(none.percent), math.isnan(none.kappa)) == (0, True, True)
    assert "no record has two independent decisions" in none.reason
    same = agreement(pairs("ee", "ee"), "title_abstract")
    assert (same.percent, math.isnan(same.kappa)) == (100.0, True)
    assert "0/0" in same.reason


def test_agreement_leaves_adjudication_and_other_stages_out() -> None:
    votes = [
        *pairs("ie", "ii", "ee"),
        vote("c", "include", role="adjudicator", record="0"),
        vote("a", "include", stage="full_text", record="1"),
    ]
    found = agreement(votes, "title_abstract")
    assert (found.records, found.agreed) == (3, 2)
    assert found.kappa == pytest.approx((3 * 2 - 4) / (9 - 4), rel=1e-12)
