"""Nobody sees a trace of another's decision before all have decided."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evisynth.records import Record
from evisynth.screening import (
    Decision,
    Progress,
    Remark,
    Stage,
    Unblinding,
    Viewer,
    complete,
    hidden,
    progress,
    queue,
    resolve,
    sees,
    training_votes,
    visible,
    visible_remarks,
    visible_states,
)

REASONS = {"design": "Not randomized", "population": "Wrong population"}
TA = Stage("title_abstract", 2, REASONS)
A = Viewer("a")


def vote(reviewer: Any, verdict: Any, record: Any = "1", **more: Any) -> Any:
    return Decision(record, more.pop("stage", "title_abstract"), reviewer, verdict, **more)


BOTH = [
    vote("a", "include", file="decisions/title_abstract.csv", line=2),
    vote("b", "exclude", reason="design", note="a pilot", date="2026-01-02", line=3),
]


def test_own_always_others_when_complete() -> None:
    assert visible(BOTH[1:], A, TA) == ()
    assert visible(BOTH[:1], A, TA) == (BOTH[0],)
    own, other = visible(BOTH, A, TA)
    assert own == BOTH[0]
    assert (other.reviewer, other.verdict, other.reason, other.note) == (
        "Reviewer 1", "exclude", "design", "a pilot",
    )  # fmt: skip
    assert (other.date, other.file, other.line) == ("", "", 0)


def test_three_votes_needed() -> None:
    stage = replace(TA, votes_needed=3)
    assert len(visible(BOTH, A, stage)) == 1
    assert len(visible([*BOTH, vote("c", "include")], A, stage)) == 3


@pytest.mark.parametrize(
    ("viewer", "one", "two"),
    [
        (Viewer("a"), 1, 2),
        (Viewer("x"), 0, 0),
        (Viewer("x", "complete"), 0, 2),
        (Viewer("a", "complete"), 1, 2),
        (Viewer("x", "results"), 0, 0),
        (Viewer("", "results"), 0, 0),
    ],
)
def test_who_sees_what(viewer: Any, one: int, two: int) -> None:
    assert len(visible(BOTH[:1], viewer, TA)) == one
    assert len(visible(BOTH, viewer, TA)) == two


def test_unblinding_and_open_stages() -> None:
    event = Unblinding("title_abstract", "lead", "2026-01-01T00:00:00Z", "training", ("1",))
    votes = [BOTH[1], vote("b", "include", "2")]
    assert [made.reviewer for made in visible(votes, A, TA, unblinded=[event])] == ["b"]
    assert len(visible(votes, A, TA, unblinded=[replace(event, records=())])) == 2
    assert visible(votes, A, TA, unblinded=[replace(event, stage="full_text")]) == ()
    assert len(visible(votes, A, replace(TA, blind=False))) == 2
    # who sees results only sees no votes in an open stage either
    assert visible(votes, Viewer("x", "results"), replace(TA, blind=False)) == ()


def test_names_are_shown_where_the_voters_have_to_talk() -> None:
    stage = replace(TA, conflicts="discussion")
    assert [made.reviewer for made in visible(BOTH, A, stage)] == ["a", "b"]
    third = visible(BOTH, Viewer("x", "complete"), stage)
    assert {made.reviewer for made in third} == {"Reviewer 1", "Reviewer 2"}


def test_pseudonyms_change_from_record_to_record() -> None:
    votes = [vote(who, "include", str(n), note=who) for n in range(60) for who in "ab"]
    seen = visible(votes, Viewer("x", "complete"), TA)
    firsts = {made.note for made in seen if made.reviewer == "Reviewer 1"}
    assert firsts == {"a", "b"}
    # a record's first row tells nothing either
    assert {seen[place].note for place in range(0, len(seen), 2)} == {"a", "b"}
    assert seen == visible(list(reversed(votes)), Viewer("x", "complete"), TA)


def test_history_is_masked_likewise() -> None:
    assert hidden(BOTH, A, TA) == frozenset()
    assert hidden(BOTH[1:], A, TA) == {("1", "b", "reviewer")}
    assert hidden(BOTH, Viewer("x", "results"), TA) == {
        ("1", "a", "reviewer"), ("1", "b", "reviewer"),
    }  # fmt: skip


def test_remarks_go_with_decisions() -> None:
    marks = [
        Remark("1", "title_abstract", "b", "note", "dose?"),
        Remark("1", "title_abstract", "a", "tag", "mine"),
        Remark("1", "title_abstract", "z", "tag", "not a voter"),
        Remark("2", "title_abstract", "b", "tag", "early"),
        Remark("1", "full_text", "b", "tag", "later"),
    ]
    assert [made.text for made in visible_remarks(marks, BOTH[:1], A, TA)] == ["mine"]
    seen = visible_remarks(marks, BOTH, A, TA)
    assert {made.text: made.reviewer for made in seen} == {
        "mine": "a", "dose?": "Reviewer 1", "not a voter": "Reviewer 2",
    }  # fmt: skip


def test_states_show_what_is_settled() -> None:
    records = [Record("1", "T"), Record("2", "T")]
    votes = [*BOTH, vote("b", "include", "2")]
    states = resolve(records, votes, [TA])
    seen = visible_states(states, votes, A, TA)
    assert (seen["1"].status, seen["2"].status, seen["2"].votes) == ("conflict", "open", 0)
    assert visible_states(states, votes, Viewer("b"), TA)["2"].votes == 1


def test_progress_counts_records_whatever_was_decided() -> None:
    votes = [*BOTH, vote("a", "maybe"), vote("b", "exclude", "2"), vote("z", "include", "3")]
    assert progress(votes, TA, {"b": 0, "a": 7}) == (Progress("a", 1, 7), Progress("b", 2, 0))


def test_ranking_learns_from_own_and_agreed_votes() -> None:
    records = [Record(ident, "T") for ident in "1234"]
    votes = [
        *BOTH,
        vote("b", "include", "2"),
        vote("a", "include", "3"),
        *(vote(who, "exclude", "4") for who in "bc"),
    ]
    states = resolve(records, votes, [TA])
    own, agreed = training_votes(votes, A, TA, states)
    assert [made.record for made in own] == ["1", "3"]
    assert agreed == {"4": "exclude"}
    _, everything = training_votes(votes, A, replace(TA, training="all"), states)
    assert everything == {"1": "exclude", "2": "include", "4": "exclude"}


PEOPLE = "abc"
RECORDS = [Record(ident, "T") for ident in "12345"]
VERDICTS = st.sampled_from(["include", "exclude", "maybe"])
ACTS = st.lists(
    st.builds(
        vote,
        st.sampled_from(PEOPLE),
        VERDICTS,
        st.sampled_from("12345"),
        reason=st.sampled_from(["", "design", "population"]),
        note=st.sampled_from(["", "x", "y"]),
        stage=st.sampled_from(["title_abstract", "title_abstract", "full_text"]),
        role=st.sampled_from(["reviewer", "reviewer", "reviewer", "discussion", "adjudicator"]),
    ),
    max_size=20,
)
STAGES = st.builds(
    Stage,
    st.just("title_abstract"),
    st.integers(1, 3),
    st.just(REASONS),
    st.sampled_from(["discuss", "include"]),
    st.sampled_from(["adjudicator", "discussion"]),
)


def view(viewer: Viewer, acts: Any, marks: Any, stages: Any, asked: Any, ranking: Any) -> Any:
    """Everything that a page, a list, a counter, a queue or a ranking of one person is made of."""
    states = resolve(RECORDS, acts, stages, asked=asked)
    ids = [record.id for record in RECORDS]
    seen: list[Any] = []
    for stage in stages:
        lengths = {}
        for who in PEOPLE:
            waits = queue(who, stage, ids, acts, states=states, asked=asked)
            lengths[who] = len(waits)
            if who == viewer.id:
                seen.append(waits)
        seen.append(progress(acts, stage, lengths))
        seen.append(visible(acts, viewer, stage, asked=asked))
        seen.append(hidden(acts, viewer, stage, asked=asked))
        seen.append(visible_states(states, acts, viewer, stage, asked=asked))
        seen.append(visible_remarks(marks, acts, viewer, stage, asked=asked))
        if ranking:
            seen.append(training_votes(acts, viewer, stage, states))
    return seen


@given(ACTS, STAGES, st.data(), st.sampled_from(["own", "complete", "results"]), st.booleans())
def test_adversary_sees_no_difference(
    acts: Any, stage: Any, data: Any, sight: Any, named: Any
) -> None:
    """Whatever others decided and wrote on records that wait for a vote, a's view is the same."""
    viewer = Viewer("a", sight)
    stages = [stage, replace(stage, name="full_text")]
    asked = {("1", "title_abstract"): ("a", "b", "c"), ("2", "full_text"): ("b", "c")}
    asked = asked if named else {}
    marks = [Remark(m.record, m.stage, m.reviewer, "tag", m.note) for m in acts]

    def waits(record: str, name: str) -> bool:
        there = [made for made in acts if (made.record, made.stage) == (record, name)]
        kind = stages[name == "full_text"]
        return not complete(kind, there, asked=asked.get((record, name), ()))

    other = [
        replace(
            made,
            verdict=data.draw(VERDICTS),
            reason=data.draw(st.sampled_from(["", "design", "population"])),
            note=data.draw(st.text(max_size=3)),
        )
        if made.reviewer != "a" and waits(made.record, made.stage)
        else made
        for made in acts
    ]
    others = [
        replace(mark, text=data.draw(st.text(max_size=3)))
        if mark.reviewer != "a" and waits(mark.record, mark.stage)
        else mark
        for mark in marks
    ]
    first = view(viewer, acts, marks, stages, asked, ranking=True)
    assert view(viewer, other, others, stages, asked, ranking=True) == first


@given(ACTS, STAGES, st.data())
def test_who_did_not_vote_sees_no_vote(acts: Any, stage: Any, data: Any) -> None:
    """On records that others completed a reviewer sees what they came to, and no vote."""
    mine = {(m.record, m.stage) for m in acts if m.reviewer == "a"}
    other = [
        made
        if (made.record, made.stage) in mine
        else replace(made, verdict=data.draw(VERDICTS), note=data.draw(st.text(max_size=2)))
        for made in acts
    ]
    assert visible(other, A, stage) == visible(acts, A, stage)
    marks = [Remark(m.record, m.stage, m.reviewer, "note", m.note) for m in acts]
    changed = [Remark(m.record, m.stage, m.reviewer, "note", m.note) for m in other]
    assert visible_remarks(changed, other, A, stage) == visible_remarks(marks, acts, A, stage)


@given(ACTS, STAGES)
def test_no_name_and_no_place_of_others(acts: Any, stage: Any) -> None:
    quiet = replace(stage, conflicts="adjudicator")
    dated = [replace(made, date="2026-01-01", file="f", line=n) for n, made in enumerate(acts)]
    for viewer in (A, Viewer("x", "complete")):
        for made in visible(dated, viewer, quiet):
            if made.reviewer != viewer.id:
                assert made.reviewer.startswith("Reviewer ")
                assert (made.date, made.file, made.line) == ("", "", 0)


def test_an_incomplete_record_is_closed_to_all() -> None:
    for sight in ("own", "complete", "results"):
        assert not sees(Viewer("a", sight), TA, BOTH[:1])
    assert not sees(A, TA, [], record="1")
