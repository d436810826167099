"""Kernels of the tests for asymmetry and of trim and fill."""

import itertools
from typing import Any

import numpy as np
import pytest
from scipy import stats as reference

from evisynth.stats import (
    egger_line,
    influence_measures,
    kendall,
    pool_batch,
    rank_correlation,
    trim_and_fill_rank,
)

Y = np.array([0.0, 0.1, 0.2, 0.5, 0.9, 1.2])
V = np.array([0.01, 0.012, 0.02, 0.1, 0.2, 0.3])


def mean(y: Any, v: Any) -> float:
    return float(pool_batch(y, v, model="equal", ci="z").estimate[0])


def test_kendall_exact_by_counting_permutations():
    x = np.arange(5.0)
    taus = [
        kendall(x, np.array(order, dtype=float)).tau for order in itertools.permutations(range(5))
    ]
    for order in ((0, 1, 2, 4, 3), (4, 1, 0, 3, 2), (4, 3, 2, 1, 0)):
        found = kendall(x, np.array(order, dtype=float))
        share = np.mean(np.abs(taus) >= abs(found.tau) - 1e-12)
        assert found.exact
        assert found.p_value == pytest.approx(min(1.0, share), rel=1e-12)


@pytest.mark.parametrize("k", [4, 9, 33, 60])
def test_kendall_agrees_with_scipy(k):
    rng = np.random.default_rng(k)
    a, b = rng.normal(size=k), rng.normal(size=k)
    other = reference.kendalltau(a, b, method="exact")
    found = kendall(a, b)
    assert found.tau == pytest.approx(other.statistic, abs=1e-12)
    assert found.p_value == pytest.approx(other.pvalue, rel=1e-10)


def test_kendall_with_ties_is_tau_b():
    a, b = np.array([1, 2, 2, 3, 4, 5, 5.0]), np.array([2, 1, 3, 3, 5, 4, 7.0])
    other = reference.kendalltau(a, b, method="asymptotic")
    found = kendall(a, b)
    assert not found.exact
    assert found.tau == pytest.approx(other.statistic, rel=1e-12)
    assert found.p_value == pytest.approx(other.pvalue, rel=1e-10)
    assert np.isnan(kendall(np.ones(4), np.arange(4.0)).tau)


def test_rank_correlation_does_not_depend_on_scale():
    one = rank_correlation(Y, V)
    assert rank_correlation(-3 * Y, 9 * V).tau == -one.tau
    assert rank_correlation(5 + Y, V).p_value == one.p_value


def test_egger_is_the_intercept_of_the_original_form():
    found = egger_line(Y, V, np.sqrt(V))
    precision = 1 / np.sqrt(V)
    line = reference.linregress(precision, Y * precision)
    assert found.slope == pytest.approx(line.intercept, rel=1e-10)
    assert found.slope_se == pytest.approx(line.intercept_stderr, rel=1e-10)
    assert found.intercept == pytest.approx(line.slope, rel=1e-10)


@pytest.mark.parametrize("estimator", ["L0", "R0"])
def test_trim_and_fill_mirrors(estimator):
    left = trim_and_fill_rank(Y, V, mean, estimator=estimator, side="left")
    right = trim_and_fill_rank(-Y, V, mean, estimator=estimator, side="right")
    assert left.k0 == right.k0 > 0
    np.testing.assert_allclose(left.estimates, -right.estimates)
    np.testing.assert_allclose(left.estimates, 2 * left.centre - Y[left.mirrored])
    np.testing.assert_array_equal(left.variances, V[left.mirrored])
    none = trim_and_fill_rank(Y, V, mean, estimator=estimator, side="right")
    assert none.k0 == 0
    assert none.estimates.shape == (0,)


def test_r0_has_a_p_value_and_l0_has_none():
    found = trim_and_fill_rank(Y, V, mean, estimator="R0")
    assert found.p_value == 0.5 ** (found.k0 + 1)
    assert np.isnan(trim_and_fill_rank(Y, V, mean, estimator="L0").p_value)


def test_influence_by_definition():
    found = influence_measures(Y, V, ci="z")
    full = pool_batch(Y, V, ci="z")
    keep = np.arange(6) != 4
    without = pool_batch(Y[keep], V[keep], ci="z")
    expected = (Y[4] - without.estimate[0]) / np.sqrt(V[4] + without.tau2[0] + without.se[0] ** 2)
    assert found.rstudent[4] == pytest.approx(expected, rel=1e-9)
    change = full.estimate[0] - without.estimate[0]
    assert found.cooks_distance[4] == pytest.approx(change**2 / full.se[0] ** 2, rel=1e-8)
    assert found.cov_ratio[4] == pytest.approx(without.se[0] ** 2 / full.se[0] ** 2, rel=1e-9)
    np.testing.assert_allclose(found.hat.sum(), 1)
    equal = influence_measures(Y, V, model="equal", ci="z")
    assert np.isnan(equal.tau2_deleted).all()
    assert np.isfinite(equal.dffits).all()
