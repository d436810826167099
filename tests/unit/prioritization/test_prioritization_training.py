"""What one person's queue may learn from."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evisynth.errors import DataError, OptionError
from evisynth.prioritization import Label, Prioritizer, training_labels
from evisynth.records import Record
from evisynth.screening import Decision


def vote(record: str, reviewer: str, verdict: str) -> Decision:
    return Decision(record, "title_abstract", reviewer, verdict)  # type: ignore[arg-type]


def test_own_votes_and_agreed_results() -> None:
    labels = training_labels(
        [vote("a", "R1", "include"), vote("b", "R1", "maybe"), vote("c", "R1", "exclude")],
        {"c": "include", "d": "exclude"},
        reviewer="R1",
    )
    targets = {name: label.target for name, label in labels.items()}
    assert targets == {"a": 1.0, "b": 1.0, "c": 1.0, "d": 0.0}


def test_another_persons_vote_is_refused() -> None:
    with pytest.raises(DataError, match="'R2' on record 'a' was given for the queue of 'R1'"):
        training_labels([vote("a", "R2", "include")], {}, reviewer="R1")


def test_unknown_verdict_is_told() -> None:
    with pytest.raises(OptionError, match="include, maybe, exclude"):
        training_labels([], {"a": "perhaps"}, reviewer="R1")


def test_full_text_outcome_weighs() -> None:
    labels = training_labels(
        [vote("a", "R1", "include"), vote("b", "R1", "include"), vote("c", "R1", "exclude")],
        {},
        reviewer="R1",
        full_text={"a": "exclude", "b": "include", "c": "exclude", "z": "include"},
    )
    assert labels == {"a": Label(1.0, 0.1), "b": Label(1.0, 1.0), "c": Label(0.0)}


@pytest.mark.parametrize(("target", "weight"), [(1.5, 1.0), (-0.1, 1.0), (1.0, 0.0)])
def test_impossible_labels_are_refused(target: float, weight: float) -> None:
    with pytest.raises(OptionError):
        Label(target, weight)


VERDICTS = st.sampled_from(["include", "exclude", "maybe"])


@settings(max_examples=20, deadline=None)
@given(
    own=st.lists(VERDICTS, min_size=6, max_size=6),
    other=st.lists(VERDICTS, min_size=12, max_size=12),
)
def test_queue_is_the_same_whatever_the_other_person_voted(
    own: list[str], other: list[str]
) -> None:
    """Person 2's votes that are not agreed yet move nothing in person 1's order."""
    words = ("sleep trial", "pig virus", "sleep in pigs", "trial of virus")
    records = [Record(id=f"r{n}", title=f"{words[n % 4]} {n}") for n in range(12)]
    mine = [vote(f"r{n}", "R1", verdict) for n, verdict in enumerate(own)]
    theirs = {f"r{n}": verdict for n, verdict in enumerate(other)}

    def queue(votes_of_r2: dict[str, str]) -> tuple[str, ...]:
        # as the caller forms it: agreed is what both decided alike
        agreed = {
            each.record: each.verdict
            for each in mine
            if votes_of_r2.get(each.record) == each.verdict != "maybe"
        }
        return Prioritizer().rank(records, training_labels(mine, agreed, reviewer="R1")).records

    assert queue(theirs) == queue({})


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_order_tells_nothing_of_votes_on_records_not_decided_by_all(data: st.DataObject) -> None:
    """Three people, two votes needed, conflicts settled by a third: R1's order moves only by what
    R1 has voted and what is settled, never by a vote that still stands alone."""
    words = ("sleep trial", "pig virus", "sleep in pigs", "trial of virus")
    records = [Record(id=f"r{n}", title=f"{words[n % 4]} {n}") for n in range(12)]
    names = [record.id for record in records]
    votes = {
        person: data.draw(st.dictionaries(st.sampled_from(names), st.sampled_from(["include",
                          "exclude"]), max_size=9))
        for person in ("R1", "R2", "R3")
    }  # fmt: skip

    def settled(by_person: dict[str, dict[str, str]]) -> dict[str, str]:
        out = {}
        for name in names:
            said = [each[name] for each in by_person.values() if name in each]
            if len(said) >= 2 and (len(said) == 3 or len(set(said)) == 1):
                out[name] = max(set(said), key=said.count)
        return out

    agreed = settled(votes)
    mine = [vote(name, "R1", verdict) for name, verdict in votes["R1"].items()]

    def queue(results: dict[str, str]) -> tuple[str, ...]:
        return (
            Prioritizer()
            .rank(records, training_labels(mine, results, reviewer="R1"), question="sleep")
            .records
        )

    # every vote of another person that is no part of a settled result: turned, or taken away
    open_votes = {
        person: {name for name in votes[person] if name not in agreed} for person in ("R2", "R3")
    }
    turned = {
        person: {
            name: ("exclude" if verdict == "include" else "include")
            if name in open_votes.get(person, ())
            else verdict
            for name, verdict in votes[person].items()
        }
        for person in votes
    }
    gone = {
        person: {n: v for n, v in votes[person].items() if n not in open_votes.get(person, ())}
        for person in votes
    }
    expected = queue(agreed)
    # a turned vote can settle a record by coming to agree: those results are R1's to see
    still_open = {name: v for name, v in settled(turned).items() if name in agreed}
    assert queue(still_open) == expected
    assert queue(settled(gone)) == expected
