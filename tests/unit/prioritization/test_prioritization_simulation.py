"""Simulation: ASReview's starts and measures, and sets that cannot be replayed."""

from __future__ import annotations

import numpy as np
import pytest

from evisynth.errors import DataError, OptionError
from evisynth.prioritization import Prioritizer, draw_priors, order_metrics, simulate
from evisynth.records import Record

TEXTS = ("sleep trial of adults", "virus of pigs", "pigs on farms", "sequencing a virus")


def made(count: int = 40, relevant: int = 8) -> tuple[list[Record], dict[str, bool]]:
    records = [
        Record(
            id=f"r{n}", title=TEXTS[0] if n < relevant else TEXTS[1 + n % 3], abstract=f"w{n % 7}a"
        )
        for n in range(count)
    ]
    return records, {f"r{n}": n < relevant for n in range(count)}


def test_measures_by_hand() -> None:
    """Ten records, relevant at places 1, 2 and 5."""
    found = order_metrics([True, True, False, False, True, False, False, False, False, False])
    assert (found.recall_10, found.recall_20, found.recall_50) == (1 / 3, 2 / 3, 1.0)
    assert (found.read_to_95, found.read_to_all) == (5, 5)
    assert found.wss_95 == pytest.approx(0.45)
    assert found.atd == pytest.approx(8 / 30)
    # area lost: two places where one of three was missing, of 3 x 7 in the worst order
    assert found.loss == pytest.approx(2 / 21)
    best = 1 + 1 / np.log2(3) + 1 / np.log2(4)
    assert found.ndcg == pytest.approx((1 + 1 / np.log2(3) + 1 / np.log2(6)) / best)


def test_best_and_worst_order() -> None:
    best, worst = order_metrics([True] * 3 + [False] * 7), order_metrics([False] * 7 + [True] * 3)
    assert (best.loss, worst.loss, best.ndcg) == (0.0, 1.0, 1.0)


@pytest.mark.parametrize("labels", [[], [True], [False, False]])
def test_measures_need_both_kinds(labels: list[bool]) -> None:
    with pytest.raises(DataError, match="both relevant and irrelevant"):
        order_metrics(labels)


def test_priors_are_those_of_asreview() -> None:
    """`RandomState(seed).choice`, afresh for each kind: asreview simulate --prior-seed."""
    labels = [n % 5 == 0 for n in range(50)]
    for seed in range(5):
        there = np.flatnonzero(labels), np.flatnonzero(~np.array(labels))
        state = [np.random.RandomState(seed).choice(each, 1, replace=False)[0] for each in there]
        assert draw_priors(labels, 1, seed) == tuple(state)
    assert draw_priors(labels, 0, 1) == ()


def test_priors_leave_something_to_find() -> None:
    with pytest.raises(DataError, match="1 relevant record: 1 cannot be known"):
        draw_priors([True, False, False], 1, 1)


def test_simulation_with_priors_and_with_question() -> None:
    records, labels = made()
    one = simulate(records, labels, seeds=[1, 2])
    assert one.start == "1 relevant and 1 irrelevant known at the start, no question"
    assert one.mean("loss") == 0.0
    assert one.runs[0].metrics.records == 38
    cold = simulate(records, labels, seeds=[1], question="sleep")
    assert cold.start == "nothing known at the start, the question given"
    assert cold.runs[0].metrics.read_to_all == 8
    assert one.held == 1.0
    assert "Stopping rule" in str(one)
    assert len(one.to_frame()) == 2


def test_simulation_is_the_same_again() -> None:
    records, labels = made()
    one, again = (simulate(records, labels, seeds=[3], priors=0) for _ in range(2))
    assert np.array_equal(one.runs[0].labels, again.runs[0].labels)
    assert any("random order" in note for note in one.notes)


def test_random_query_is_worse() -> None:
    records, labels = made()
    chance = simulate(records, labels, prioritizer=Prioritizer(query="random"), seeds=[1, 2])
    assert chance.mean("loss") > 0.2


def test_progress_is_told() -> None:
    seen: list[tuple[str, int, int]] = []
    records, labels = made()
    simulate(records, labels, seeds=[1, 2], progress=lambda *told: seen.append(told))
    assert seen[-1][1] == seen[-1][2] == 14
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({}, "40 records without a label, the first is 'r0'"),
        ({f"r{n}": False for n in range(40)}, "no record is labelled relevant"),
        ({f"r{n}": True for n in range(40)}, "every record is labelled relevant"),
    ],
)
def test_labels_that_cannot_be_replayed(labels: dict[str, bool], words: str) -> None:
    with pytest.raises(DataError, match=words):
        simulate(made()[0], labels)


def test_no_seed_no_run() -> None:
    records, labels = made()
    with pytest.raises(DataError, match="at least one seed"):
        simulate(records, labels, seeds=[])


def test_relevant_record_without_text_is_found_last_and_told() -> None:
    records, labels = made()
    records = [*records, Record(id="blank", title="")]
    found = simulate(records, {**labels, "blank": True}, seeds=[1], question="sleep")
    assert found.runs[0].metrics.read_to_all == 41
    assert "1 record without any text (1 relevant) read last" in str(found)


@pytest.mark.parametrize("label", [float("nan"), -1, "no", None])
def test_labels_that_only_look_true_are_refused(label: object) -> None:
    records, labels = made()
    with pytest.raises(OptionError, match="label of record r3"):
        simulate(records, {**labels, "r3": label})  # type: ignore[dict-item]
