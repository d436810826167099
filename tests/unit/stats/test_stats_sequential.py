"""Sequential boundaries: published values, simulation, and what they must keep."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evisynth.errors import DataError, OptionError
from evisynth.stats import SPENDING, crossing_probabilities, sequential_bounds, spent

FIVE = np.arange(1, 6) / 5


def test_obrien_fleming_type_boundaries_are_those_of_the_literature() -> None:
    # Lan-DeMets with five equal looks, two-sided 0.05 (Reboussin et al. 2000,
    # doi:10.1016/S0197-2456(00)00057-X, print 4.8769 3.3569 2.6803 2.2898 2.0310; gsDesign's second
    # is 3.3570)
    found = sequential_bounds(FIVE).efficacy
    assert np.allclose(found, [4.8769, 3.3569, 2.6803, 2.2898, 2.0310], atol=1.5e-4)
    two = sequential_bounds([0.5, 1.0]).efficacy
    assert np.allclose(two, [2.9626, 1.9686], atol=1e-4)


def test_pocock_type_boundaries_are_those_of_the_literature() -> None:
    # 2.4380 2.4268 2.4101 2.3966 2.3859
    found = sequential_bounds(FIVE, spending="pocock").efficacy
    assert np.allclose(found, [2.4380, 2.4268, 2.4101, 2.3966, 2.3859], atol=2e-4)


def test_simulation_crosses_as_often_as_is_spent() -> None:
    t = np.array([0.3, 0.31, 0.7, 1.0])
    bounds = sequential_bounds(t)
    steps = np.sqrt(np.diff(np.concatenate([[0.0], t])))
    z = np.cumsum(np.random.default_rng(0).standard_normal((300_000, 4)) * steps, axis=1)
    out = np.abs(z / np.sqrt(t)) > bounds.efficacy
    for looks in (3, 4):
        seen = out[:, :looks].any(axis=1).mean()
        assert abs(seen - bounds.alpha_spent[looks - 1]) < 0.0015


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(0.02, 1.0), min_size=1, max_size=6, unique=True),
    st.sampled_from(SPENDING),
    st.floats(0.001, 0.2),
)
def test_alpha_is_kept_whatever_the_looks(
    fractions: list[float], spending: str, alpha: float
) -> None:
    t = np.unique(np.array([*fractions, 1.0]))
    t = t[np.concatenate([[True], np.diff(t) > 0.01])]
    parameter = 3.0 if spending == "power" else -4.0
    bounds = sequential_bounds(t, alpha=alpha, spending=spending, parameter=parameter)  # type: ignore[arg-type]
    above, below, _ = crossing_probabilities(bounds.fractions, bounds.efficacy, 0.0)
    assert abs(above.sum() - alpha / 2 * bounds.alpha_spent[-1] / alpha) < 1e-7
    assert abs(above.sum() - below.sum()) < 1e-9
    assert np.all(np.diff(bounds.alpha_spent) >= 0)


@pytest.mark.parametrize("beta", [0.1, 0.2])
@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
def test_futility_keeps_the_power(beta: float, spending: str) -> None:
    bounds = sequential_bounds([0.25, 0.5, 0.75, 1.0], beta=beta, spending=spending)  # type: ignore[arg-type]
    assert bounds.inflation > 1
    assert bounds.futility[-1] == bounds.efficacy[-1]
    above, below, within = crossing_probabilities(
        bounds.fractions, bounds.efficacy, bounds.drift, bounds.futility
    )
    assert abs(within.sum() - beta) < 1e-6
    assert abs(above.sum() + below.sum() + within.sum() - 1) < 1e-6
    # not binding: without heeding the wedge the error is still alpha
    up, down, _ = crossing_probabilities(bounds.fractions, bounds.efficacy, 0.0)
    assert abs(up.sum() + down.sum() - 0.05) < 1e-7


def test_one_look_is_the_plain_test() -> None:
    found = sequential_bounds([1.0], beta=0.2)
    assert abs(found.efficacy[0] - 1.959964) < 1e-6
    assert found.inflation == 1


def test_looks_beyond_full_information_have_no_boundary() -> None:
    found = sequential_bounds([0.4, 1.3, 1.9])
    assert found.fractions.tolist() == [0.4, 1.0]


def test_tiny_fractions_have_no_boundary_and_close_looks_count_as_one() -> None:
    found = sequential_bounds([1e-4, 0.5, 0.50001, 1.0])
    assert np.isinf(found.efficacy[0])
    assert found.efficacy[1] == found.efficacy[2]


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(DataError, match="ascend"):
        sequential_bounds([0.5, 0.4])
    with pytest.raises(OptionError, match="spending"):
        spent([0.5], 0.025, "linear")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="power"):
        spent([0.5], 0.025, "power", -1.0)
