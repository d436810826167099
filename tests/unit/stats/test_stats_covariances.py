"""Covariance structures and the sampling covariance in blocks."""

import numpy as np
import pytest

from evisynth.errors import DataError, OptionError
from evisynth.stats.covariances import (
    STRUCTURES,
    SamplingCovariance,
    Structure,
    correlated_errors,
)

CLUSTER = np.array([0, 1, 0, 2, 1, 0])
V = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])


@pytest.mark.parametrize("kind", STRUCTURES)
@pytest.mark.parametrize("levels", [2, 4])
def test_structures_are_covariances_with_right_derivatives(kind, levels):
    structure = Structure(kind, levels)
    z = np.random.default_rng(1).uniform(-1.2, 1.2, structure.size)
    matrix, slopes = structure.matrix(z)
    assert np.linalg.eigvalsh(matrix)[0] > -1e-12
    step = 1e-6
    for place, axis in enumerate(np.eye(structure.size)):
        ahead, behind = structure.matrix(z + step * axis)[0], structure.matrix(z - step * axis)[0]
        np.testing.assert_allclose(slopes[place], (ahead - behind) / (2 * step), atol=1e-8)


def test_structures_by_name():
    root = np.sqrt
    ar, _ = Structure("AR", 3).matrix(np.array([2.0, np.arcsin(0.5)]))
    np.testing.assert_allclose(ar[0], [4, 2, 1])
    car, _ = Structure("CAR", 2, np.array([[0, 1.5], [1.5, 0]])).matrix(np.array([1.0, 0.0]))
    assert car[0, 1] == pytest.approx(0.5**1.5)
    un, _ = Structure("UN", 2).matrix(np.array([root(2), root(3), np.arcsin(0.4)]))
    assert un[0, 1] == pytest.approx(0.4 * root(6))
    low, high = Structure("CS", 4).correlation_range
    assert (low, high) == pytest.approx((-1 / 3, 1))
    for kind in ("CS", "AR", "CAR"):
        structure = Structure(kind, 4)
        assert structure.correlation(structure.angle(0.37)) == pytest.approx(0.37)


def test_structures_say_what_is_wrong():
    with pytest.raises(OptionError, match="UNN"):
        Structure("UNN", 2)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="at least 2 levels"):
        Structure("CS", 1)
    with pytest.raises(DataError, match="distances"):
        Structure("CAR", 3, np.zeros((2, 2)))


def test_blocks_are_the_matrix():
    made = correlated_errors(V, CLUSTER, correlation=0.5)
    full = made.to_matrix()
    expected = np.where(
        np.eye(6) == 1, np.diag(V), 0.5 * np.equal.outer(CLUSTER, CLUSTER) * np.sqrt(np.outer(V, V))
    )
    np.testing.assert_allclose(full, expected)
    np.testing.assert_allclose(made.variances, V)
    again = SamplingCovariance.of_matrix(full)
    np.testing.assert_allclose(again.to_matrix(), full)
    keep = np.array([True, False, True, True, True, False])
    np.testing.assert_allclose(made.select(keep).to_matrix(), full[np.ix_(keep, keep)])
    np.testing.assert_allclose(made.scaled(4).to_matrix(), 4 * full)
    rows = np.array([[0, 2], [1, 4]])
    np.testing.assert_allclose(made.dense(rows)[1], full[np.ix_([1, 4], [1, 4])])
    assert not made.is_diagonal
    assert SamplingCovariance.independent(V).is_diagonal
    assert made.select(np.array([True, True, False, True, False, False])).is_diagonal


def test_autocorrelation_and_kinds():
    times, kind = np.array([0.0, 0, 1, 0, 2, 3]), np.array([0, 0, 0, 0, 1, 1])
    made = correlated_errors(np.ones(6), CLUSTER, autocorrelation=0.8, times=times).to_matrix()
    assert made[0, 2] == pytest.approx(0.8)
    assert made[0, 5] == pytest.approx(0.8**3)
    assert made[1, 4] == pytest.approx(0.8**2)
    both = correlated_errors(
        np.ones(6), CLUSTER, correlation=0.6, kind=kind, between_kinds=0.3
    ).to_matrix()
    assert (both[0, 2], both[0, 5]) == pytest.approx((0.6, 0.3))
    # one instrument at two times: the autocorrelation alone; two instruments: times 0.6
    timed = correlated_errors(
        np.ones(6), CLUSTER, correlation=0.6, autocorrelation=0.8, times=times, kind=kind
    ).to_matrix()
    assert (timed[0, 2], timed[0, 5]) == pytest.approx((0.8, 0.6 * 0.8**3))


def test_impossible_covariances_are_refused():
    with pytest.raises(DataError, match="correlations"):
        correlated_errors(V, CLUSTER, correlation=1.0)
    with pytest.raises(DataError, match="not possible together"):
        correlated_errors(V, np.zeros(6, dtype=int), correlation=-0.5)
    with pytest.raises(OptionError, match="correlation"):
        correlated_errors(V, CLUSTER)
    with pytest.raises(OptionError, match="between -1 and 1"):
        correlated_errors(V, CLUSTER, correlation=1.5)
    with pytest.raises(OptionError, match="together with autocorrelation"):
        correlated_errors(V, CLUSTER, autocorrelation=0.5)
    with pytest.raises(OptionError, match="with kind"):
        correlated_errors(V, CLUSTER, correlation=0.5, between_kinds=0.2)
    for bad, words in (
        ([[1.0, 0.2], [0.3, 1.0]], "not symmetric"),
        ([[1.0, 2.0], [2.0, 1.0]], "not positive definite"),
        ([[0.0, 0.0], [0.0, 1.0]], "not above 0"),
        ([[np.nan, 0.0], [0.0, 1.0]], "not finite"),
    ):
        with pytest.raises(DataError, match=words):
            SamplingCovariance.of([0, 0], [bad])
    with pytest.raises(DataError, match="shape"):
        SamplingCovariance.of([0, 0], [[[1.0]]])
    with pytest.raises(DataError, match="2 blocks"):
        SamplingCovariance.of([0, 1], [[[1.0]]])
    with pytest.raises(DataError, match="square"):
        SamplingCovariance.of_matrix(np.ones((2, 3)))
