"""The distribution of quadratic forms against closed forms and an independent series."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from evisynth.errors import DataError
from evisynth.stats import quadratic_form_tails

EXACT = 1e-11
"""Relative, in either tail: the inversion ends at 1e-14, the closed forms lose a few digits."""


def ruben(weights: np.ndarray, x: float) -> float:
    """Return P(Q <= x) by Ruben's series: a mixture of chi-squared distributions."""
    beta, n = weights.min(), len(weights)
    rest = 1 - beta / weights
    shares = [float(np.prod(np.sqrt(beta / weights)))]
    g: list[float] = []
    while 1 - sum(shares) > 1e-15 and len(shares) < 4000:
        g.append(0.5 * float((rest ** len(shares)).sum()))
        shares.append(sum(a * b for a, b in zip(reversed(g), shares, strict=True)) / len(shares))
        if len(shares) > 5 and shares[-1] < 1e-19:
            break
    dof = n / 2 + np.arange(len(shares))
    return float(np.array(shares) @ special.gammainc(dof, x / beta / 2))


@pytest.mark.parametrize("count", [1, 2, 3, 5, 13, 50, 200])
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e6])
def test_equal_weights_give_chi_squared(count: int, scale: float) -> None:
    x = count * np.array([1e-3, 0.2, 0.7, 0.99, 1.01, 1.3, 3.0])
    tails = quadratic_form_tails(np.full(count, scale), scale * x)
    big = 1e-200  # below, both are as good as 0
    for ours, theirs in ((tails.lower, stats.chi2.cdf(x, count)),
                         (tails.upper, stats.chi2.sf(x, count))):  # fmt: skip
        kept = theirs > big
        np.testing.assert_allclose(ours[kept], theirs[kept], rtol=EXACT)


def test_pairs_are_sums_of_exponential_variables() -> None:
    """Weights twice each: the tail is a sum of exponentials; here they span four powers of 10."""
    pairs = np.array([1000.0, 10.0, 0.1])
    for x in (0.01, 1.0, 100.0, 1e4, 5e4):
        parts = [
            np.exp(-x / (2 * a)) * np.prod([a / (a - b) for b in pairs if b != a]) for a in pairs
        ]
        found = float(quadratic_form_tails(np.repeat(pairs, 2), x).upper)
        assert found == pytest.approx(sum(parts), rel=EXACT)


def test_published_values() -> None:
    """Imhof 1961, table 1: Q with weights .6, .3, .1, and with each repeated."""
    once = quadratic_form_tails([0.6, 0.3, 0.1], [0.1, 0.7, 2.0]).upper
    np.testing.assert_allclose(once, [0.9458, 0.5064, 0.1240], atol=5e-5)
    twice = quadratic_form_tails(np.repeat([0.6, 0.3, 0.1], 2), [2.0, 6.0]).upper
    np.testing.assert_allclose(twice, [0.3998, 0.0161], atol=5e-5)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0.05, 4.0), min_size=1, max_size=12),
    st.floats(0.02, 4.0),
)
def test_an_independent_series_agrees(weights: list[float], place: float) -> None:
    shares = np.array(weights)
    x = place * shares.sum()
    tails = quadratic_form_tails(shares, x)
    assert float(tails.lower) == pytest.approx(ruben(shares, x), rel=1e-9, abs=1e-13)
    assert float(tails.lower + tails.upper) == pytest.approx(1.0, rel=1e-14)


def test_ends_zeros_and_shapes() -> None:
    tails = quadratic_form_tails([1.0, 0.0, 2.0], [-1.0, 0.0, np.inf, np.nan, 3.0])
    assert tails.lower[:3].tolist() == [0, 0, 1]
    assert tails.upper[:3].tolist() == [1, 1, 0]
    assert np.isnan([tails.lower[3], tails.upper[3]]).all()
    assert tails.lower[4] == pytest.approx(float(quadratic_form_tails([1.0, 2.0], 3.0).lower))
    grid = quadratic_form_tails(np.ones((2, 3, 4)), np.full((2, 3), 4.0))
    assert grid.upper.shape == (2, 3)


@pytest.mark.parametrize("bad", [[-1.0, 2.0], [0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_impossible_weights_are_refused(bad: list[float]) -> None:
    with pytest.raises(DataError, match="quadratic form"):
        quadratic_form_tails(bad, 1.0)
