"""Which rows resampling takes, and the intervals made of draws."""

from collections import Counter
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evisynth.errors import DataError
from evisynth.stats import (
    GROUP_REASONS,
    arrangements,
    bootstrap_limits,
    count_arrangements,
    draw_subsets,
    jackknife_acceleration,
    membership_of,
    permutation_limits,
    pool_batch,
    pool_groups,
    resampling_blocks,
    sign_flips,
)


@given(k=st.integers(1, 12))
def test_all_subsets_are_there_once_and_none_is_empty(k: int) -> None:
    bits, complete = draw_subsets(k, 2**k - 1, seed=1)
    members = membership_of(bits, k)
    assert complete
    assert len(np.unique(members, axis=0)) == 2**k - 1
    assert members.any(axis=1).all()


@pytest.mark.parametrize("k", [9, 17, 23, 40, 62, 63, 100])
def test_subsets_drawn_are_different_and_follow_the_seed(k: int) -> None:
    bits, complete = draw_subsets(k, 400, seed=5)
    members = membership_of(bits, k)
    assert not complete
    assert members.shape == (400, k)
    assert len(np.unique(members, axis=0)) == 400
    assert members.any(axis=1).all()
    assert abs(members.mean() - 0.5) < 0.05
    again, _ = draw_subsets(k, 400, seed=5)
    other, _ = draw_subsets(k, 400, seed=6)
    assert (again == bits).all()
    assert (other != bits).any()


def test_nearly_all_subsets_can_be_drawn() -> None:
    bits, complete = draw_subsets(10, 1022, seed=2)
    assert not complete
    assert len(np.unique(bits, axis=0)) == 1022


def test_by_size_small_subsets_are_as_frequent_as_others() -> None:
    bits, _ = draw_subsets(20, 20_000, seed=3, by="size")
    sizes = np.bincount(membership_of(bits, 20).sum(axis=1), minlength=21)[1:]
    assert (sizes > 0).all()
    assert abs(sizes / 1000 - 1).max() < 0.15


def test_no_subset_is_refused() -> None:
    with pytest.raises(DataError, match="0 subsets"):
        draw_subsets(3, 0, seed=1)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=6))
@settings(deadline=None)
def test_every_different_arrangement_comes_once(kinds: list[int]) -> None:
    given_kinds = np.array(kinds, dtype=np.int64)
    orders = np.concatenate(list(arrangements(given_kinds, 0, 1, exact=True)))
    assert len(orders) == count_arrangements(given_kinds)
    assert (np.sort(orders, axis=1) == np.arange(len(kinds))).all()
    seen = Counter(map(tuple, given_kinds[orders].tolist()))
    assert seen == Counter(set(permutations(kinds)))


def test_random_arrangements_begin_with_the_data() -> None:
    blocks = list(arrangements(np.arange(7), 50, 4, exact=False))
    orders = np.concatenate(blocks)
    assert orders.shape == (50, 7)
    assert (orders[0] == np.arange(7)).all()
    assert (np.sort(orders, axis=1) == np.arange(7)).all()
    assert (orders[1:] != np.arange(7)).any()


def test_sign_flips_are_all_or_random_and_begin_with_none() -> None:
    every = np.concatenate(list(sign_flips(5, 0, 1, exact=True)))
    assert len(np.unique(every, axis=0)) == 32
    assert not every[0].any()
    some = np.concatenate(list(sign_flips(30, 200, 1, exact=False)))
    assert some.shape == (200, 30)
    assert not some[0].any()
    assert abs(some.mean() - 0.5) < 0.05


def test_blocks_cover_everything_once() -> None:
    seen = [row for begin, end in resampling_blocks(2_500, 4_000) for row in range(begin, end)]
    assert seen == list(range(2_500))
    assert len(list(resampling_blocks(2_500, 4_000))) == 3


# ---- intervals -------------------------------------------------------------------------------


def test_normal_draws_give_five_nearly_equal_intervals() -> None:
    draws = np.random.default_rng(1).normal(3, 0.5, 40_000)
    se = np.full(len(draws), 0.5)
    for method in ("percentile", "basic", "normal", "studentized", "bca"):
        found = bootstrap_limits(
            draws,
            3.0,
            method,
            draw_se=se,
            observed_se=0.5,
            acceleration=0.0,
        )
        assert found.reason == ""
        assert (found.lower, found.upper) == pytest.approx((2.02, 3.98), abs=0.03)


def test_intervals_that_do_not_exist_say_why() -> None:
    draws = np.arange(1.0, 200.0)
    cases = [
        (bootstrap_limits(draws, float("nan"), "percentile"), "cannot be estimated"),
        (bootstrap_limits(np.full(9, np.nan), 1.0, "basic"), "fewer than two draws"),
        (bootstrap_limits(draws, 5.0, "studentized"), "no standard error"),
        (bootstrap_limits(draws, 500.0, "bca", acceleration=0.0), "one side"),
        (bootstrap_limits(draws, 5.0, "bca"), "acceleration"),
        (bootstrap_limits(draws, 100.0, "bca", acceleration=0.9), "too large"),
    ]
    for found, words in cases:
        assert np.isnan([found.lower, found.upper]).all()
        assert words in found.reason


def test_too_few_draws_end_at_the_most_extreme_with_a_reason() -> None:
    found = bootstrap_limits(np.arange(10.0), 4.0, "percentile", level=0.99)
    assert (found.lower, found.upper) == (0.0, 9.0)
    assert "too few draws" in found.reason


def test_draws_that_failed_are_left_out() -> None:
    draws = np.arange(1.0, 100.0)
    gaps = np.concatenate([draws, [np.nan, np.inf]])
    assert bootstrap_limits(gaps, 50.0, "basic") == bootstrap_limits(draws, 50.0, "basic")


def test_acceleration_without_influence_is_not_estimable() -> None:
    assert np.isnan(jackknife_acceleration(np.ones(4)))
    assert np.isnan(jackknife_acceleration(np.array([1.0, np.nan])))


def test_limits_of_a_step_function_lie_at_its_steps() -> None:
    def p_value(x: float) -> float:
        return 0.2 if -1.25 < x < 2.5 else 0.01

    found = permutation_limits(p_value, 0.3, 0.4, 0.05)
    assert (found.lower, found.upper) == pytest.approx((-1.25, 2.5), abs=1e-9)


def test_limits_are_missing_where_the_test_never_rejects() -> None:
    found = permutation_limits(lambda _: 0.25, 0.0, 1.0, 0.05)
    assert np.isnan(found.lower)
    assert "too few" in found.reason
    assert "rejects the estimate" in permutation_limits(lambda _: 0.01, 0.0, 1.0, 0.05).reason
    assert "standard error" in permutation_limits(lambda _: 1.0, 0.0, 0.0, 0.05).reason


# ---- groups ----------------------------------------------------------------------------------


def test_groups_that_cannot_be_fitted_have_a_status_and_no_number() -> None:
    y = np.array([0.1, 0.5, np.nan, 0.2, 0.3, 0.4, np.inf, 0.7, 0.1, 0.2])
    v = np.array([0.1, 0.2, 0.1, 0.1, 0.0, 0.1, 0.1, 0.1, 0.1, np.nan])
    offsets = np.array([0, 2, 3, 5, 7, 8, 8, 10])
    found = pool_groups(y, v, offsets)
    reasons = [GROUP_REASONS[code] for code in found.status]
    assert reasons[0] == ""
    assert reasons[1] == reasons[5] == "no row has an estimate with a variance"
    assert reasons[2] == "a variance is 0 or negative"
    assert reasons[3] == "an estimate or a variance is infinite"
    assert reasons[4] == reasons[6]
    assert "one study" in reasons[4]
    assert found.left_out.tolist() == [0, 1, 0, 0, 0, 0, 1]
    assert np.isfinite(found.estimate).tolist() == [True, False, False, False, True, False, True]
    assert np.isnan(found.tau2[[4, 6]]).all()
    assert found.estimate[6] == 0.1


@given(seed=st.integers(0, 2**32 - 1), tau2=st.sampled_from(["REML", "DL", "PM"]))
@settings(max_examples=20, deadline=None)
def test_groups_are_what_pool_batch_makes_of_each(seed: int, tau2: str) -> None:
    generator = np.random.default_rng(seed)
    k = generator.integers(2, 9, 12)
    v = generator.uniform(0.01, 0.5, k.sum())
    y = generator.normal(0.2, np.sqrt(v + 0.05))
    offsets = np.concatenate([[0], np.cumsum(k)])
    found = pool_groups(y, v, offsets, tau2=tau2)  # type: ignore[arg-type]
    for place in range(len(k)):
        rows = slice(offsets[place], offsets[place + 1])
        one = pool_batch(y[rows], v[rows], tau2=tau2)  # type: ignore[arg-type]
        assert found.estimate[place] == pytest.approx(one.estimate[0], rel=1e-10, abs=1e-12)
        assert found.se[place] == pytest.approx(one.se[0], rel=1e-9)
        assert found.p_value[place] == pytest.approx(one.p_value[0], rel=1e-8)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("tau2", ["REML", "DL"])
def test_a_group_has_the_same_bits_whatever_stands_beside_it(compiled: bool, tau2: str) -> None:
    if compiled:
        pytest.importorskip("numba", reason="Numba is not installed")
    generator = np.random.default_rng(11)
    k = generator.integers(0, 30, 300)
    v = generator.uniform(0.001, 2, k.sum())
    y = generator.normal(0.2, np.sqrt(v + 0.05))
    offsets = np.concatenate([[0], np.cumsum(k)])
    options: dict[str, Any] = {"tau2": tau2, "compiled": compiled}
    whole = pool_groups(y, v, offsets, **options)
    for begin, end in ((0, 1), (1, 3), (3, 150), (150, 300)):
        rows = slice(offsets[begin], offsets[end])
        part = pool_groups(y[rows], v[rows], offsets[begin : end + 1] - offsets[begin], **options)
        for name in ("estimate", "se", "p_value", "tau2", "i2", "q", "prediction_upper"):
            ours, all_of_them = getattr(part, name), getattr(whole, name)[begin:end]
            assert np.array_equal(ours, all_of_them, equal_nan=True), name
