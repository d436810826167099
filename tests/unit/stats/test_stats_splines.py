"""Bases of curves, redundant columns, inflation of variances: their properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evisynth.errors import DataError
from evisynth.stats import (
    bspline_basis,
    harrell_knots,
    independent_columns,
    natural_spline_basis,
    orthogonal_polynomial,
    polynomial_basis,
    quantile_knots,
    restricted_cubic_basis,
    variance_inflation,
)

VALUES = st.lists(st.integers(0, 1000), min_size=8, max_size=30, unique=True)


@settings(deadline=None, max_examples=50)
@given(values=VALUES, degree=st.integers(1, 4), count=st.integers(0, 3))
def test_bsplines_are_shares(values, degree, count):
    x = np.array(values, dtype=float)
    basis = bspline_basis(x, quantile_knots(x, count), (x.min(), x.max()), degree)
    assert basis.shape == (len(x), count + degree)
    assert (basis > -1e-12).all()
    assert (basis.sum(axis=1) < 1 + 1e-9).all()
    line = np.column_stack([np.ones(len(x)), basis])
    rest = x - line @ np.linalg.lstsq(line, x, rcond=None)[0]
    assert np.abs(rest).max() < 1e-7 * x.max()


@settings(deadline=None, max_examples=50)
@given(values=VALUES, shift=st.floats(-100, 100), factor=st.floats(0.01, 100))
def test_natural_splines_do_not_depend_on_units(values, shift, factor):
    x = np.array(values, dtype=float)
    knots = quantile_knots(x, 2)
    one = natural_spline_basis(x, knots, (x.min(), x.max()))
    y = shift + factor * x
    other = natural_spline_basis(y, [shift + factor * knot for knot in knots], (y.min(), y.max()))
    whole = np.column_stack([np.ones(len(x)), one])
    rest = other - whole @ np.linalg.lstsq(whole, other, rcond=None)[0]
    assert np.abs(rest).max() < 1e-6


@settings(deadline=None, max_examples=50)
@given(values=VALUES, degree=st.integers(1, 4))
def test_orthogonal_polynomials_are_orthonormal(values, degree):
    x = np.array(values, dtype=float)
    basis = polynomial_basis(x, *orthogonal_polynomial(x, degree))
    np.testing.assert_allclose(basis.T @ basis, np.eye(degree), atol=1e-7)
    np.testing.assert_allclose(basis.sum(axis=0), 0, atol=1e-7)


def test_gaps_stay_gaps():
    x = np.array([1.0, np.nan, 3.0])
    for basis in (
        bspline_basis(x, [2.0], (1, 3)), natural_spline_basis(x, [2.0], (1, 3)),
        restricted_cubic_basis(x, [1, 2, 3]), polynomial_basis(x, (2.0,), (3.0, 2.0)),
    ):  # fmt: skip
        assert np.isnan(basis[1]).all()
        assert np.isfinite(basis[[0, 2]]).all()


def test_knots_that_cannot_be_used_are_refused():
    with pytest.raises(DataError, match="must lie between"):
        bspline_basis([1.0, 2], [5.0], (1, 2))
    with pytest.raises(DataError, match="that varies"):
        natural_spline_basis([1.0, 1], [], (1, 1))
    with pytest.raises(DataError, match="3 to 7 knots"):
        harrell_knots([1.0, 2], 9)
    with pytest.raises(DataError, match="three different knots"):
        restricted_cubic_basis([1.0, 2], [1, 1, 2])
    with pytest.raises(DataError, match="at least 3 different"):
        orthogonal_polynomial([1.0, 2], 2)


def test_redundant_columns_are_found_in_any_unit():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(20, 3)) * [1e-8, 1.0, 1e8]
    both = np.column_stack([x, 3 * x[:, 0] - 1e-16 * x[:, 2], np.zeros(20)])
    np.testing.assert_array_equal(independent_columns(both), [True, True, True, False, False])
    assert independent_columns(rng.normal(size=(3, 5))).sum() == 3


def test_variance_inflation_is_one_over_tolerance():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(200, 3))
    x[:, 2] += x[:, 0]
    x -= x.mean(axis=0)
    found = variance_inflation(np.linalg.inv(x.T @ x), [[0], [1], [2]])
    for place in range(3):
        others = np.delete(x, place, axis=1)
        rest = x[:, place] - others @ np.linalg.lstsq(others, x[:, place], rcond=None)[0]
        assert found[place] == pytest.approx((x[:, place] @ x[:, place]) / (rest @ rest))
