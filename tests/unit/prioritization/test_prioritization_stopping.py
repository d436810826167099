"""Stopping statements: exact limits, what they promise, and that they keep it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from evisynth.errors import DataError, OptionError
from evisynth.prioritization import (
    Hypergeometric,
    draw_sample,
    recall_curve,
    replay_stopping,
    safe_check,
    sample_limit,
    sample_size,
    stopping_statement,
)


def plain_p_value(labels: list[bool], total: int, target: float) -> float:
    """The paper's test written out: each start, one at a time."""
    found, best = sum(labels), 1.0
    for start in range(len(labels)):
        before = sum(labels[:start])
        missing = int(np.floor(found / target + 1e-9)) + 1 - before
        pool = total - start
        if missing > pool:
            best = 0.0
            continue
        p = hypergeom.cdf(found - before, pool, missing, len(labels) - start)
        best = min(best, float(p))
    return best


@settings(max_examples=40, deadline=None)
@given(
    labels=st.lists(st.booleans(), min_size=2, max_size=60),
    left=st.integers(1, 80),
    target=st.sampled_from([0.8, 0.9, 0.95]),
)
def test_p_value_is_that_of_the_paper(labels: list[bool], left: int, target: float) -> None:
    if not any(labels):
        return
    total = len(labels) + left
    found = Hypergeometric(target).p_value(labels, total)
    assert found == pytest.approx(plain_p_value(labels, total, target), rel=1e-9, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(labels=st.lists(st.booleans(), min_size=5, max_size=80), left=st.integers(0, 60))
def test_limit_and_test_say_the_same(labels: list[bool], left: int) -> None:
    """Recall is rejected to be below the target just where its lower limit is not below it."""
    statement = Hypergeometric().state(labels, len(labels) + left)
    if not any(labels) or not left:
        return
    assert statement.met == (statement.recall_lower >= 0.95 - 1e-12)
    assert statement.missed_upper is not None
    assert 0 <= statement.missed_upper <= left


def test_nothing_found_promises_nothing() -> None:
    statement = Hypergeometric().state([False] * 500, 1000)
    assert not statement.met
    assert "nothing can be said" in str(statement)
    # P(none of 4 among 500 of 1000) is 0.062, of 5 it is 0.031
    assert statement.missed_upper == 4


def test_everything_read_is_everything_found() -> None:
    statement = Hypergeometric().state([False] * 20, 20)
    assert statement.met
    assert statement.missed_upper == 0


def test_nothing_read() -> None:
    assert not Hypergeometric().state([], 10).met


def test_it_advises_and_people_stop() -> None:
    met = Hypergeometric().state([True] * 40 + [False] * 300, 400)
    assert met.met
    assert "People decide whether to stop" in str(met)
    assert "10.1186/s13643-020-01521-4" in met.method_sentence()


def test_consecutive_comes_with_no_guarantee() -> None:
    statement = stopping_statement([True, *[False] * 60], 1000, rule="consecutive", run=50)
    assert statement.met
    assert "no guarantee" in str(statement)
    assert "no guarantee" in statement.method_sentence()
    assert np.isnan(statement.recall_lower)
    # counted once a relevant record is known
    assert not stopping_statement([False] * 60, 1000, rule="consecutive", run=50).met


def test_statement_holds_on_random_order() -> None:
    """On an order by chance, the test's own assumption, it is seldom wrong at one look."""
    draw, wrong, runs = np.random.default_rng(1), 0, 400
    for _ in range(runs):
        labels = draw.permutation([True] * 30 + [False] * 370)
        read = labels[:320]
        # the whole as one tail: the test that the confidence is stated for
        p = hypergeom.cdf(read.sum(), 400, int(read.sum() / 0.95) + 1, 320)
        wrong += bool(p < 0.05) and read.sum() < 0.95 * 30
    assert wrong <= 0.05 * runs


@pytest.mark.parametrize(
    ("options", "words"),
    [({"target": 1.0}, "target"), ({"confidence": 0}, "confidence"), ({"target": 95}, "target")],
)
def test_impossible_promises_are_refused(options: dict[str, float], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        stopping_statement([True], 5, **options)  # type: ignore[arg-type]


def test_wrong_rule_and_counts_are_told() -> None:
    with pytest.raises(OptionError, match="hypergeometric"):
        stopping_statement([True], 5, rule="geometric")
    with pytest.raises(DataError, match="do not fit the rule"):
        stopping_statement([True], 5, rule="consecutive", target=0.9)
    with pytest.raises(DataError, match="cannot be on 1 record"):
        stopping_statement([True, False], 1)


@settings(max_examples=40, deadline=None)
@given(unread=st.integers(1, 300), data=st.data())
def test_sample_limit_is_exact(unread: int, data: st.DataObject) -> None:
    """The limit is not rejected, one more is."""
    sampled = data.draw(st.integers(1, unread))
    found = data.draw(st.integers(0, min(sampled, 5)))
    limit = sample_limit(unread, sampled, found, known=10)
    most = found + limit.missed_upper
    assert hypergeom.cdf(found, unread, most, sampled) >= 0.05 - 1e-12
    if most < found + unread - sampled:
        assert hypergeom.cdf(found, unread, most + 1, sampled) < 0.05 - 1e-12
    assert limit.share_upper >= found / sampled


def test_sample_limit_covers() -> None:
    draw, covered = np.random.default_rng(2), 0
    for _ in range(500):
        found = int(draw.hypergeometric(8, 492, 120))
        covered += sample_limit(500, 120, found).missed_upper >= 8 - found
    assert covered >= 0.93 * 500


def test_whole_rest_as_sample_leaves_none() -> None:
    limit = sample_limit(50, 50, 2, known=8)
    assert (limit.missed_upper, limit.recall_lower) == (0, 1.0)
    assert "2 of 50 records drawn by chance" in str(limit)


def test_sample_is_drawn_by_seed_alone() -> None:
    names = [f"r{n}" for n in range(100)]
    assert draw_sample(names, 10, seed=1) == draw_sample(names[::-1], 10, seed=1)
    assert draw_sample(names, 10, seed=1) != draw_sample(names, 10, seed=2)
    with pytest.raises(DataError, match="cannot be drawn"):
        draw_sample(names, 101, seed=1)


def test_sample_size_is_the_smallest() -> None:
    size = sample_size(1000, 10)
    assert sample_limit(1000, size, 0).missed_upper <= 10
    assert sample_limit(1000, size - 1, 0).missed_upper > 10


@pytest.mark.parametrize(("unread", "sampled", "found"), [(0, 0, 0), (10, 11, 0), (10, 5, 6)])
def test_counts_that_cannot_be(unread: int, sampled: int, found: int) -> None:
    with pytest.raises(DataError):
        sample_limit(unread, sampled, found)


def test_recall_curve_knows_no_future() -> None:
    labels = [True] * 30 + [False] * 200
    short, long = recall_curve(labels[:100], 300, points=1), recall_curve(labels, 300, points=100)
    assert short.lower[-1] <= long.lower[-1]
    assert (long.lower <= long.estimate + 1e-12).all()
    assert (long.estimate <= long.upper).all()
    assert "at least" in str(long)
    assert len(long.to_frame()) == len(long.read)
    assert "nothing read" in str(recall_curve([], 10)).lower()


def test_safe_counts_what_is_not_known_as_not_met() -> None:
    labels = [True] * 10 + [False] * 90
    full = safe_check(
        labels, 500, key_papers_found=True, expected_relevant=20, second_model=True,
        quality_check=True,
    )  # fmt: skip
    assert full.met
    assert not safe_check(labels, 500, key_papers_found=True).met
    assert "no guarantee" in str(full)
    assert list(full.to_frame()["met"]) == [True] * 6


def test_replay_finds_the_first_time() -> None:
    labels = [True] * 40 + [False] * 1000
    at, recall = replay_stopping(labels)
    assert recall == 1.0
    assert Hypergeometric().state(labels[:at], 1040).met
    assert not Hypergeometric().state(labels[: at - 1], 1040).met


BUSCARPY = {
    (1000, 600, 5, 200, 0.95): 0.12267893490006883,
    (1000, 600, 5, 200, 0.9): 0.030097691500483175,
    (2000, 1500, 3, 400, 0.95): 8.749217647847449e-05,
    (300, 200, 4, 100, 0.8): 0.006305183686197465,
    (6000, 4000, 7, 1500, 0.9): 3.2494667776127403e-09,
}
"""`calculate_h0` of the method's authors (buscarpy 0.0.2): records, read, every how many relevant
up to which place, target; and the P value."""

AUTHORS = 1e-9
"""Relative; both sum the same terms of the distribution."""


@pytest.mark.parametrize("case", BUSCARPY)
def test_p_value_is_that_of_the_authors_program(case: tuple[int, int, int, int, float]) -> None:
    total, read, every, last, target = case
    labels = [place < last and place % every == 0 for place in range(read)]
    found = Hypergeometric(target).p_value(labels, total)
    assert found == pytest.approx(BUSCARPY[case], rel=AUTHORS)


@pytest.mark.parametrize(("unread", "there"), [(100, 5), (500, 10), (1000, 10), (1000, 50)])
def test_sample_size_is_near_cannon_and_roe(unread: int, there: int) -> None:
    """Their approximation (1982) of the sample that finds one of ``there`` among ``unread``."""
    near = (1 - 0.05 ** (1 / there)) * (unread - (there - 1) / 2)
    assert abs(sample_size(unread, there - 1) - near) <= 1


def test_limit_of_a_large_rest_is_clopper_and_pearsons() -> None:
    """None among n: 1 - 0.05^(1/n), the exact form of the rule of three."""
    limit = sample_limit(10**6, 300, 0)
    assert limit.share_upper == pytest.approx(1 - 0.05 ** (1 / 300), rel=1e-12)
    assert limit.missed_upper / 10**6 == pytest.approx(limit.share_upper, rel=2e-3)


@pytest.mark.parametrize("label", [float("nan"), -1, 2, "no", "0", None])
def test_labels_that_only_look_true_are_refused(label: object) -> None:
    """NaN, -1 and "no" are true in Python; here they are an error."""
    labels: list[object] = [True, label, False]
    for use in (
        lambda: stopping_statement(labels, 10),  # type: ignore[arg-type]
        lambda: stopping_statement(labels, 10, rule="consecutive"),  # type: ignore[arg-type]
        lambda: safe_check(labels, 10),  # type: ignore[arg-type]
        lambda: recall_curve(labels, 10),  # type: ignore[arg-type]
        lambda: replay_stopping(labels),  # type: ignore[arg-type]
    ):
        with pytest.raises(OptionError, match="label 2"):
            use()


def test_ones_and_zeros_are_labels() -> None:
    ones = stopping_statement([1, 0, np.int64(0), np.float64(1.0), np.False_], 10)  # type: ignore[list-item]
    assert ones == stopping_statement([True, False, False, True, False], 10)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_replay_looks_after_every_record(data: st.DataObject) -> None:
    """Bisection finds the same first time as looking again and again."""
    total = data.draw(st.integers(20, 150))
    early = data.draw(st.lists(st.booleans(), min_size=5, max_size=20))
    late = data.draw(st.sets(st.integers(len(early), total - 1), max_size=3))
    labels = [*early, *[place in late for place in range(len(early), total)]]
    if not any(labels):
        return
    rule = Hypergeometric(data.draw(st.sampled_from([0.5, 0.8, 0.95])), 0.9)
    looks = range(labels.index(True) + 1, total + 1)
    first = next(read for read in looks if rule.p_value(labels[:read], total) < 0.1 - 1e-12)
    at, recall = replay_stopping(labels, rule)
    assert at == first
    assert recall == sum(labels[:at]) / sum(labels)


def test_exact_ties_are_not_rejected() -> None:
    """One of 20 is drawn, none relevant: P is exactly 0.05 with 19 relevant ones."""
    assert sample_limit(20, 1, 0).missed_upper == 19
    assert sample_limit(60, 57, 0).missed_upper == 1
    assert sample_size(20, 18) == 2
