"""Bases of splines and polynomials: what a moderator becomes when its effect is a curve.

References: B-splines, de Boor 1978 (A Practical Guide to Splines); natural cubic splines, Hastie,
Tibshirani and Friedman 2009, section 5.2.1 (doi:10.1007/978-0-387-84858-7); restricted cubic
splines as truncated powers, Harrell 2015, section 2.4 (doi:10.1007/978-3-319-19425-7); orthogonal
polynomials by recurrence, Forsythe 1957 (doi:10.1137/0105007).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError

__all__ = [
    "bspline_basis",
    "harrell_knots",
    "natural_spline_basis",
    "orthogonal_polynomial",
    "polynomial_basis",
    "quantile_knots",
    "restricted_cubic_basis",
]

Floats = NDArray[np.float64]

HARRELL = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.5, 0.725, 0.95),
    6: (0.05, 0.23, 0.41, 0.59, 0.77, 0.95),
    7: (0.025, 0.18333333333333, 0.34166666666667, 0.5, 0.65833333333333, 0.81666666666667, 0.975),
}
"""Quantiles at which restricted cubic splines have their knots, by the number of knots; Harrell's
table, as his program rcspline.eval prints it."""


def quantile_knots(x: ArrayLike, count: int) -> tuple[float, ...]:
    """Return interior knots at evenly spaced quantiles.

    Examples
    --------
    >>> quantile_knots([0, 1, 2, 3, 4, 5, 6, 7, 8], 3)
    (2.0, 4.0, 6.0)
    """
    if count <= 0:
        return ()
    places = np.linspace(0, 1, count + 2)[1:-1]
    return tuple(float(v) for v in np.quantile(np.asarray(x, dtype=np.float64), places))


def harrell_knots(x: ArrayLike, count: int) -> tuple[float, ...]:
    """Return Harrell's knots of a restricted cubic spline, outer ones included.

    Raises
    ------
    DataError
        If there are not 3 to 7, or the numbers are too few to tell the knots apart.

    Examples
    --------
    >>> harrell_knots(range(101), 3)
    (10.0, 50.0, 90.0)
    """
    if count not in HARRELL:
        raise DataError(f"a restricted cubic spline has 3 to 7 knots; {count} were asked for")
    knots = np.quantile(np.asarray(x, dtype=np.float64), HARRELL[count])
    if (np.diff(knots) <= 0).any():
        raise DataError(
            f"{count} knots at quantiles fall together; ask for fewer, or give their places"
        )
    return tuple(float(v) for v in knots)


def _knot_vector(knots: Sequence[float], boundary: tuple[float, float], degree: int) -> Floats:
    low, high = boundary
    inner = np.sort(np.asarray(knots, dtype=np.float64))
    if not low < high:
        raise DataError(f"a spline needs a moderator that varies; its boundary is {low} to {high}")
    if inner.size and not (low < inner[0] and inner[-1] < high):
        raise DataError(
            f"the knots {', '.join(f'{k:g}' for k in inner)} must lie between the boundary knots "
            f"{low:g} and {high:g}"
        )
    order = degree + 1
    return np.concatenate([np.full(order, low), inner, np.full(order, high)])


def _pieces(x: Floats, vector: Floats, degree: int, derivative: int = 0) -> Floats:
    """Return all B-splines of a knot vector (or a derivative), shape (K, N).

    Beyond the boundary the outermost polynomials go on.
    """
    from scipy.interpolate import BSpline

    count = len(vector) - degree - 1
    spline = BSpline(vector, np.eye(count), degree, extrapolate=True)
    return np.asarray(spline(x, nu=derivative), dtype=np.float64)


def bspline_basis(
    x: ArrayLike, knots: Sequence[float], boundary: tuple[float, float], degree: int = 3
) -> Floats:
    """Return the B-spline basis without its first column (R's ``splines::bs``).

    Parameters
    ----------
    x
        Moderator, shape (K,); NaN gives NaN.
    knots
        Interior knots.
    boundary
        Boundary knots; beyond them the outermost polynomials are continued.
    degree
        Degree of the pieces.

    Returns
    -------
    ndarray, shape (K, number of knots + degree)

    Raises
    ------
    DataError
        If a knot is not between the boundary knots.

    Examples
    --------
    >>> bspline_basis([0.0, 0.5, 1.0], [], (0, 1), 2)
    array([[0.  , 0.  ],
           [0.5 , 0.25],
           [0.  , 1.  ]])
    """
    values = np.asarray(x, dtype=np.float64)
    return _pieces(values, _knot_vector(knots, boundary, degree), degree)[:, 1:]


def natural_spline_basis(
    x: ArrayLike, knots: Sequence[float], boundary: tuple[float, float]
) -> Floats:
    """Return a basis of natural cubic splines, linear beyond the boundary (R's ``splines::ns``).

    Cubic B-splines without the first, brought by an orthogonal matrix to those whose second
    derivative vanishes at the boundary knots.

    Parameters
    ----------
    x
        Moderator, shape (K,); NaN gives NaN.
    knots
        Interior knots.
    boundary
        Boundary knots.

    Returns
    -------
    ndarray, shape (K, number of knots + 1)

    Raises
    ------
    DataError
        If a knot is not between the boundary knots.

    Examples
    --------
    >>> basis = natural_spline_basis([0.0, 1, 2, 3, 4], [2.0], (0, 4))
    >>> basis.shape, bool(np.allclose(basis[0], 0))
    ((5, 2), True)
    """
    values = np.asarray(x, dtype=np.float64)
    vector = _knot_vector(knots, boundary, 3)
    ends = np.asarray(boundary, dtype=np.float64)
    bends = _pieces(ends, vector, 3, derivative=2)[:, 1:]
    # the columns of Q beyond the second are orthogonal to both conditions
    free = np.linalg.qr(bends.T, mode="complete")[0][:, 2:]
    basis = _pieces(values, vector, 3)[:, 1:]
    heights = _pieces(ends, vector, 3)[:, 1:]
    slopes = _pieces(ends, vector, 3, derivative=1)[:, 1:]
    for side, outside in enumerate((values < ends[0], values > ends[1])):
        away = values[outside] - ends[side]
        basis[outside] = heights[side] + away[:, None] * slopes[side]
    return np.asarray(basis @ free)


def restricted_cubic_basis(x: ArrayLike, knots: Sequence[float]) -> Floats:
    """Return a restricted cubic spline: x, and truncated powers over the squared span of the knots.

    Linear before the first and after the last knot; the same curves as a natural spline with these
    knots, in Harrell's coordinates.

    Parameters
    ----------
    x
        Moderator, shape (K,); NaN gives NaN.
    knots
        All knots, at least three.

    Returns
    -------
    ndarray, shape (K, number of knots - 1)

    Raises
    ------
    DataError
        If there are fewer than three different knots.

    Examples
    --------
    >>> restricted_cubic_basis([0.0, 5, 10], [1, 5, 9])
    array([[ 0. ,  0. ],
           [ 5. ,  1. ],
           [10. ,  7.5]])
    """
    values = np.asarray(x, dtype=np.float64)
    t = np.unique(np.asarray(knots, dtype=np.float64))
    if t.size < 3:
        raise DataError(
            f"a restricted cubic spline needs three different knots; there are {t.size}"
        )
    last, before = t[-1], t[-2]

    def cube(knot: float) -> Floats:
        return np.asarray(np.where(np.isnan(values), np.nan, np.maximum(values - knot, 0.0)) ** 3)

    columns = [values]
    for knot in t[:-2]:
        bent = (
            cube(knot)
            - cube(before) * (last - knot) / (last - before)
            + cube(last) * (before - knot) / (last - before)
        )
        columns.append(bent / (last - t[0]) ** 2)
    return np.column_stack(columns)


def orthogonal_polynomial(x: ArrayLike, degree: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return what defines polynomials orthogonal over some values: centres and squared lengths.

    Parameters
    ----------
    x
        Values to be orthogonal over, shape (K,), finite.
    degree
        Highest degree; there must be more different values.

    Returns
    -------
    tuple of tuple of float
        Centres of the recurrence, shape (degree,), and squared lengths, shape (degree + 1,).

    Raises
    ------
    DataError
        If there are not more different values than the degree.

    Examples
    --------
    >>> orthogonal_polynomial([1.0, 2, 3], 1)
    ((2.0,), (3.0, 2.0))
    """
    values = np.asarray(x, dtype=np.float64)
    different = len(np.unique(values))
    if degree < 1 or different <= degree:
        raise DataError(
            f"a polynomial of degree {degree} needs at least {degree + 1} different values of the "
            f"moderator; there are {different}"
        )
    centres: list[float] = []
    lengths = [float(len(values))]
    earlier, current = np.zeros(len(values)), np.ones(len(values))
    for power in range(degree):
        centres.append(float(values @ (current * current)) / lengths[-1])
        ratio = lengths[-1] / lengths[-2] if power else 0.0
        earlier, current = current, (values - centres[-1]) * current - ratio * earlier
        lengths.append(float(current @ current))
    return tuple(centres), tuple(lengths)


def polynomial_basis(x: ArrayLike, centres: Sequence[float], lengths: Sequence[float]) -> Floats:
    """Return orthonormal polynomials of degree 1 up (R's ``poly``) from their recurrence.

    Parameters
    ----------
    x
        Moderator, shape (K,); NaN gives NaN.
    centres, lengths
        From `orthogonal_polynomial`.

    Returns
    -------
    ndarray, shape (K, degree)

    Examples
    --------
    >>> centres, lengths = orthogonal_polynomial([1.0, 2, 3], 1)
    >>> polynomial_basis([1.0, 3.0], centres, lengths).round(4).ravel()
    array([-0.7071,  0.7071])
    """
    values = np.asarray(x, dtype=np.float64)
    earlier, current = np.zeros(len(values)), np.ones(len(values))
    columns = []
    for power, centre in enumerate(centres):
        ratio = lengths[power] / lengths[power - 1] if power else 0.0
        earlier, current = current, (values - centre) * current - ratio * earlier
        columns.append(current / np.sqrt(lengths[power + 1]))
    return np.column_stack(columns)
