"""Which means and SDs whole numbers can have, against all samples and against drawn ones."""

from __future__ import annotations

import itertools
import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evisynth.exchange.audit.granularity import grim, grimmer, sample_exists, sd_limits


def written(value: float, digits: int) -> float:
    return float(f"{value:.{digits}f}")


@pytest.mark.parametrize("n", [3, 7, 12, 19, 28])
def test_grim_allows_exactly_the_means_of_whole_numbers(n):
    possible = {written(total / n, 2) for total in range(6 * n)}
    for cents in range(500):
        mean = cents / 100
        assert grim(mean, 2, n) == (mean in possible)


def test_grim_says_nothing_where_every_mean_is_possible():
    assert grim(5.2, 1, 10) is None
    assert grim(5.21, 2, 100) is None
    assert grim(5.0, 0, 5) is None
    assert grim(3.27, 2, 30, items=4) is None


@pytest.mark.parametrize("n", [4, 5])
def test_every_mean_and_sd_of_small_samples_is_allowed_and_no_other(n):
    samples = list(itertools.combinations_with_replacement(range(1, 6), n))
    pairs = {
        (written(statistics.mean(sample), 2), written(statistics.stdev(sample), 2))
        for sample in samples
    }
    for mean in sorted({mean for mean, _ in pairs}):
        for cents in range(0, 320, 3):
            sd = cents / 100
            expected = (mean, sd) in pairs
            assert sample_exists(mean, 2, sd, 2, n, 1, 5) == expected, (mean, sd)
            if expected:
                assert grimmer(mean, 2, sd, 2, n) is True


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(0, 27), min_size=3, max_size=60),
    st.integers(1, 3),
    st.integers(1, 3),
)
def test_no_true_sample_is_called_impossible(values, mean_digits, sd_digits):
    mean = written(statistics.mean(values), mean_digits)
    sd = written(statistics.stdev(values), sd_digits)
    n = len(values)
    assert grim(mean, mean_digits, n) is not False
    assert grimmer(mean, mean_digits, sd, sd_digits, n) is not False
    assert sample_exists(mean, mean_digits, sd, sd_digits, n, 0, 27) is not False


def test_impossible_sds_are_found():
    assert grimmer(3.44, 2, 2.47, 2, 18) is False
    assert grimmer(3.44, 2, 2.48, 2, 18) is True
    # all values between two whole numbers: no less spread than this is possible
    assert grimmer(2.5, 1, 0.1, 1, 20) is False
    assert sample_exists(4.5, 1, 1.9, 1, 20, 1, 5) is False


@pytest.mark.parametrize(
    ("mean", "n", "low", "high"), [(3.0, 10, 1.0, 5.0), (0.5, 7, 0.0, 10.0), (9.9, 4, 0.0, 10.0)]
)
def test_the_greatest_sd_is_that_of_values_at_the_ends(mean, n, low, high):
    share = (mean - low) / (high - low) * n
    whole = math.floor(share + 1e-9)
    rest = [low + (share - whole) * (high - low)] if whole < n else []
    values = [high] * whole + rest + [low] * (n - whole - len(rest))
    assert sd_limits(mean, n, low, high)[1] == pytest.approx(statistics.stdev(values))
    assert all(math.isnan(limit) for limit in sd_limits(high + 1, n, low, high))
