"""Axes: round ticks, no effect always on them, a range that the studies choose."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evisynth.effects import Scale
from evisynth.figures.axis import effect_axis, fitted_axis, linear_ticks
from evisynth.figures.fonts import width

DIFFERENCE = Scale("identity", 0.0, "Mean difference", "MD")
RATIO = Scale("log", 0.0, "Odds ratio", "OR")
NOTHING = (math.nan, math.nan, math.nan)


def labels(scale: Scale, low: float, high: float, room: float = 190.0) -> list[str]:
    axis = fitted_axis(scale, low, high, 0.0, room, 8.0)
    return [tick.label for tick in axis.ticks]


def test_differences_have_round_ticks():
    assert labels(DIFFERENCE, -1.13, 0.42) == ["−1.5", "−1.0", "−0.5", "0.0", "0.5"]
    assert labels(DIFFERENCE, 0, 23000) == ["0", "5000", "10000", "15000", "20000", "25000"]
    assert labels(DIFFERENCE, -0.0004, 0.0011)[0] == "−0.0005"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.93, 1.04, ["0.94", "0.96", "0.98", "1", "1.02", "1.04"]),
        (0.7, 1.9, ["0.8", "1", "1.25", "1.5"]),
        (0.46, 1.4, ["0.5", "0.67", "0.8", "1", "1.25"]),
        (0.3, 4.1, ["0.5", "1", "2", "4"]),
        (0.09, 8, ["0.1", "0.2", "0.5", "1", "2", "5"]),
        (0.02, 60, ["0.1", "1", "10"]),
        (1e-9, 1e8, ["0.00000001", "0.0001", "1", "10000", "100000000"]),
    ],
)
def test_ratios_have_round_ticks_and_one(low, high, expected):
    assert labels(RATIO, math.log(low), math.log(high)) == expected


@settings(max_examples=150, deadline=None)
@given(
    scale=st.sampled_from([DIFFERENCE, RATIO]),
    values=st.lists(st.tuples(st.floats(-8, 8), st.floats(0.001, 6)), min_size=1, max_size=12),
    room=st.floats(120, 300),
)
def test_every_axis_holds_what_it_must_and_its_labels_keep_apart(scale, values, room):
    estimates = np.array([value[0] for value in values])
    errors = np.array([value[1] for value in values])
    pooled = float(estimates.mean())
    axis = effect_axis(scale, estimates, errors, [(pooled, -70.0, 70.0)], 100, 100 + room, 8.0)
    assert axis.holds(scale.null)
    assert axis.holds(pooled)
    assert axis.x(axis.low) == pytest.approx(100)
    assert axis.x(axis.high) == pytest.approx(100 + room)
    shares = [(scale.null - axis.low), (axis.high - scale.null)]
    assert min(shares) / sum(shares) > 0.24  # room for words on both sides
    edges = [
        (
            axis.x(tick.value) - width(tick.label, 8) / 2,
            axis.x(tick.value) + width(tick.label, 8) / 2,
        )
        for tick in axis.ticks
    ]
    assert all(before[1] < after[0] for before, after in pairwise(edges))
    assert any(tick.value == pytest.approx(scale.null, abs=1e-12) for tick in axis.ticks)


def test_the_studies_choose_the_range_and_not_a_pooled_effect_of_two():
    axis = effect_axis(
        DIFFERENCE,
        np.array([-0.13, -1.15]),
        np.array([0.19, 0.25]),
        [(-0.63, -7.1, 5.8)],
        0,
        190,
        8,
    )
    assert axis.low >= -3
    assert axis.high <= 2


def test_an_interval_just_beyond_the_others_is_not_cut():
    estimates = np.array([-0.13, -0.37, -0.48, -0.43, 0.43, -1.15, -0.35, -0.32, -0.68, -0.17])
    errors = np.array([0.19, 0.24, 0.14, 0.2, 0.21, 0.25, 0.12, 0.11, 0.27, 0.07])
    axis = effect_axis(DIFFERENCE, estimates, errors, [], 0, 190, 8)
    assert axis.low <= -1.15 - 1.96 * 0.25


def test_an_axis_without_studies():
    empty = np.array([])
    axis = effect_axis(DIFFERENCE, empty, empty, [NOTHING], 0, 190, 8)
    assert axis.holds(0.0)
    assert len(axis.ticks) >= 2


def test_numbers_of_very_many_digits_still_have_ends():
    low, high, ticks = linear_ticks(0, 1e12, 40, 8)
    assert low <= 0 < 1e12 <= high
    assert len(ticks) >= 2
