"""Where a record stands: policies on maybe and conflicts, settlements, people who left."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evisynth.errors import DataError, OptionError, Problem
from evisynth.records import Record
from evisynth.screening import (
    Decision,
    Stage,
    agreement_report,
    check_settlements,
    complete,
    independent_votes,
    may_vote,
    resolve,
    role_of_vote,
    settle,
)

REASONS = {"design": "Not randomized", "population": "Wrong population"}
TA = Stage("title_abstract", 2, REASONS)
FT = Stage("full_text", 2, REASONS)
TALK = replace(TA, conflicts="discussion")


def made(reviewer: Any, verdict: Any, reason: Any = "", role: Any = "reviewer", **more: Any) -> Any:
    stage = more.pop("stage", "title_abstract")
    return Decision(more.pop("record", "1"), stage, reviewer, verdict, reason, role=role, **more)


CONFLICT = [made("a", "include"), made("b", "exclude", "design")]


def test_maybe_counts_as_include_where_the_plan_says_so() -> None:
    kind = replace(TA, maybe="include")
    assert settle(kind, [made("a", "maybe"), made("b", "include")]).status == "included"
    assert settle(kind, [made("a", "maybe"), made("b", "maybe")]).status == "included"
    state = settle(kind, [made("a", "maybe"), made("b", "exclude")])
    assert (state.status, state.waiting) == ("conflict", "verdicts")
    third = made("c", "maybe", role="adjudicator")
    assert settle(kind, [*CONFLICT, third]).status == "included"
    assert settle(TA, [*CONFLICT, third]).waiting == "maybe"
    # at full text a maybe has to be settled, whatever the policy says
    late = replace(FT, maybe="include")
    votes = [made(who, "maybe", stage="full_text") for who in "ab"]
    assert settle(late, votes).waiting == "maybe"


def test_waiting_says_for_what() -> None:
    assert settle(TA, [], record="9") == settle(TA, [made("a", "include")][:0], record="9")
    assert settle(TA, [made("a", "include")]).waiting == "votes"
    assert settle(TA, CONFLICT).waiting == "verdicts"
    for reasons, waiting in (("dp", "reasons"), ("  ", "reason missing"), ("dd", "")):
        words = {"d": "design", "p": "population", " ": ""}
        votes = [
            made(who, "exclude", words[letter], stage="full_text")
            for who, letter in zip("ab", reasons, strict=True)
        ]
        assert settle(FT, votes).waiting == waiting


@pytest.mark.parametrize("votes_needed", [1, 2, 3, 4])
def test_votes_needed(votes_needed: int) -> None:
    stage = replace(TA, votes_needed=votes_needed)
    votes = [made(who, "include") for who in "abcd"]
    for number in range(5):
        state = settle(stage, votes[:number], record="1")
        assert state.votes == number
        assert state.status == ("included" if number >= votes_needed else "open")
        assert complete(stage, votes[:number]) == (number >= votes_needed)


def test_adjudicator_is_a_third_person() -> None:
    own = made("a", "include", role="adjudicator")
    assert settle(TA, [*CONFLICT, own]).status == "conflict"
    assert settle(replace(TA, adjudicator_may_vote=True), [*CONFLICT, own]).status == "included"
    assert settle(TA, [*CONFLICT, own, made("c", "exclude", role="adjudicator")]).status == (
        "excluded"
    )


def test_later_date_of_adjudicators_counts_and_one_date_must_agree() -> None:
    first = made("c", "include", role="adjudicator", date="2026-03-01")
    later = made("d", "exclude", "design", "adjudicator", date="2026-03-02T08:00:00Z")
    for order in itertools.permutations([*CONFLICT, first, later]):
        assert settle(TA, order).status == "excluded"
    same = replace(later, date="2026-03-01")
    assert settle(TA, [*CONFLICT, first, same]).status == "conflict"
    # the same person may think again
    assert settle(TA, [*CONFLICT, first, replace(first, verdict="exclude")]).status == "excluded"


def test_discussion_changes_votes_and_keeps_the_independent_ones() -> None:
    changed = made("a", "exclude", "design", "discussion")
    state = settle(TALK, [*CONFLICT, changed])
    assert (state.status, state.reason, state.votes) == ("excluded", "design", 2)
    assert settle(TA, [*CONFLICT, changed]).status == "conflict"  # conflicts go to a third person
    # somebody without an own vote changes none
    assert settle(TALK, [*CONFLICT, made("x", "include", role="discussion")]).status == "conflict"
    report = agreement_report([*CONFLICT, changed], TALK)
    assert report.percent.value == 0
    # a changed vote in the role of a reviewer counts for the state, not for agreement
    later = made("a", "exclude", "design")
    assert settle(TA, [*CONFLICT, later]).status == "excluded"
    assert independent_votes([*CONFLICT, later], TA)["1"]["a"].verdict == "include"
    # a slip corrected before the other decided counts as corrected
    assert independent_votes([CONFLICT[0], later, CONFLICT[1]], TA)["1"]["a"].verdict == "exclude"


def test_vote_changed_while_others_are_awaited_is_independent() -> None:
    three = replace(TA, votes_needed=3)
    later = made("a", "exclude", "design")
    votes = [*CONFLICT, later, made("c", "exclude")]
    assert independent_votes(votes, three)["1"]["a"].verdict == "exclude"
    after = independent_votes([*CONFLICT, made("c", "exclude"), later], three)
    assert after["1"]["a"].verdict == "include"


def test_consensus_names_all_who_voted() -> None:
    joint = made("a", "include", role="consensus", present=("a", "b"))
    assert settle(TALK, [*CONFLICT, joint]).status == "included"
    assert settle(TA, [*CONFLICT, joint]).status == "conflict"
    assert settle(TALK, [*CONFLICT, replace(joint, present=("a", "x"))]).status == "conflict"
    assert settle(TALK, [*CONFLICT, made("c", "exclude"), joint]).status == "conflict"
    # where they do not stay by it, the third person decides
    third = made("c", "exclude", "population", "adjudicator")
    for order in itertools.permutations([*CONFLICT, joint, third]):
        assert settle(TALK, order).reason == "population"


def test_people_who_left_and_people_who_are_asked() -> None:
    votes = [*CONFLICT, made("c", "include")]
    assert settle(TA, votes, ignored=["b"]).status == "included"
    assert settle(TA, CONFLICT, ignored=["b"]).waiting == "votes"
    assert settle(TA, CONFLICT, asked=["a", "b", "c"]).waiting == "votes"
    assert settle(TA, CONFLICT, asked=["a", "b", "c"], ignored=["c"]).status == "conflict"
    states = resolve(
        [Record("1", "T")], CONFLICT, [TA], asked={("1", "title_abstract"): ("a", "b", "c")}
    )
    assert states["1", "title_abstract"].status == "open"


def test_removed_records_do_not_enter_and_come_back() -> None:
    records = [Record("1", "T"), Record("2", "T")]
    for option in ("removed", "duplicates"):
        states = resolve(records, CONFLICT, [TA], **{option: {"1"}})  # type: ignore[arg-type]
        assert list(states) == [("2", "title_abstract")]
    assert resolve(records, CONFLICT, [TA])["1", "title_abstract"].status == "conflict"


def test_who_may_vote_and_as_what() -> None:
    two = [made("a", "include"), made("b", "include")]
    assert may_vote(TA, two[:1], "b")
    assert not may_vote(TA, two, "c")
    assert may_vote(TA, two, "a")
    assert may_vote(TA, two, "c", asked=["a", "b", "c"])
    assert not may_vote(TA, [], "d", asked=["a", "b", "c"])
    assert not may_vote(replace(TA, reviewers=("a",)), [], "b")
    assert role_of_vote(TA, two, "a") == "discussion"
    assert role_of_vote(TA, two, "a", seen=False) == "reviewer"
    assert role_of_vote(TA, two, "a", asked=["a", "b", "c"]) == "reviewer"
    # alone one may change one's mind
    alone = replace(TA, votes_needed=1)
    assert role_of_vote(alone, two[:1], "a") == "reviewer"


@pytest.mark.parametrize(
    ("stage", "votes", "message"),
    [
        (TA, [made("a", "include", role="adjudicator")], "'a' decided on it and cannot settle"),
        (TA, [made("a", "exclude", role="discussion")], "conflicts of this stage go to an"),
        (TALK, [made("x", "exclude", role="discussion")], "'x' changes a vote in a discussion"),
        (
            TALK,
            [made("a", "include", role="consensus", present=("a", "c"))],
            "b decided on it and took no part",
        ),
        (TALK, [made("a", "include", role="consensus", present=("a", "b"))], ""),
        (TALK, [made("a", "exclude", role="discussion")], ""),
        (TA, [made("c", "include", role="adjudicator")], ""),
        (replace(TA, adjudicator_may_vote=True), [made("a", "include", role="adjudicator")], ""),
    ],
)
def test_settlements_that_do_not_count_are_told(stage: Any, votes: Any, message: str) -> None:
    problems: list[Problem] = []
    check_settlements([*CONFLICT, *votes], [stage], problems)
    if message:
        assert message in str(problems[0])
        assert problems[0].hint
        assert settle(stage, [*CONFLICT, *votes]).status == "conflict"
    else:
        assert problems == []
        assert settle(stage, [*CONFLICT, *votes]).status != "conflict"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"maybe": "perhaps"}, OptionError),
        ({"conflicts": "dice"}, OptionError),
        ({"training": "some"}, OptionError),
        ({"name": "abstract"}, OptionError),
        ({"votes_needed": 0}, DataError),
        ({"pilot": -1}, DataError),
        ({"kappa_min": 1.5}, DataError),
    ],
)
def test_stage_refuses_what_it_does_not_know(change: Any, error: Any) -> None:
    with pytest.raises(error):
        replace(TA, **change)


PEOPLE = "abcde"
ACT = st.builds(
    made,
    st.sampled_from(PEOPLE),
    st.sampled_from(["include", "exclude", "maybe"]),
    st.sampled_from(["", "design", "population"]),
    st.sampled_from(["reviewer", "reviewer", "reviewer", "discussion", "consensus", "adjudicator"]),
    record=st.sampled_from("12"),
    stage=st.sampled_from(["title_abstract", "full_text"]),
    date=st.sampled_from(["", "2026-01-01", "2026-01-02"]),
    present=st.sampled_from([(), ("a", "b"), ("a", "b", "c"), tuple(PEOPLE)]),
)
STAGE = st.builds(
    Stage,
    st.just("title_abstract"),
    st.integers(1, 3),
    st.just(REASONS),
    st.sampled_from(["discuss", "include"]),
    st.sampled_from(["adjudicator", "discussion"]),
    st.booleans(),
)


def interleaved(acts: Any, random: Any) -> Any:
    """Mix the acts of different people; those of one person stay in their order."""
    piles: dict[str, list[Any]] = {}
    for act in acts:
        piles.setdefault(act.reviewer, []).append(act)
    order = [who for who, pile in piles.items() for _ in pile]
    random.shuffle(order)
    return [piles[who].pop(0) for who in order]


@given(st.lists(ACT, max_size=14), STAGE, st.randoms(), st.sets(st.sampled_from(PEOPLE)))
def test_order_of_different_people_does_not_matter(
    acts: Any, stage: Any, random: Any, ignored: Any
) -> None:
    records = [Record("1", "T"), Record("2", "T")]
    stages = [stage, replace(stage, name="full_text")]
    first = resolve(records, acts, stages, ignored=ignored)
    assert resolve(records, interleaved(acts, random), stages, ignored=ignored) == first
    # the last act of each person in each role posted once more changes nothing
    last = list({(a.record, a.stage, a.reviewer, a.role): a for a in acts}.values())
    assert resolve(records, [*acts, *last], stages, ignored=ignored) == first
    # one record at a time comes to the same
    for (record, name), state in first.items():
        there = [act for act in acts if (act.record, act.stage) == (record, name)]
        kind = stages[name == "full_text"]
        assert settle(kind, there, record=record, ignored=ignored) == state
