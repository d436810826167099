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
