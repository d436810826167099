"""Maximum likelihood of generalized linear mixed models of counts.

Newton's method on the likelihood of `evisynth.stats.glmm_likelihood`, with the parameters that each
study has for itself eliminated block by block, so that the work is linear in the number of studies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evisynth.stats.glmm_likelihood import Cells, Point, log_likelihoods, scores

__all__ = ["GlmmFit", "fit_glmm"]

Floats = NDArray[np.float64]

MAX_ITERATIONS = 100
DECREMENT = 1e-16
"""A Newton decrement (twice the gain still to be had) below this is rounding."""

FAR = 25.0
"""Coefficients whose part of a linear predictor lies beyond this (an odds ratio of 10^10) have run
away: the data are separated."""

NEAR_ZERO = 1e-4
"""Scales below this are compared with 0."""

DIFFERENCE = 1e-3
"""Step of the central differences of exact scores; with one extrapolation the error is its fourth
power."""


@dataclass(frozen=True, slots=True)
class GlmmFit:
    """A maximum of the likelihood.

    Attributes
    ----------
    coefficients : ndarray, shape (P,)
        Fixed effects.
    covariance : ndarray, shape (P, P)
        From the observed information of all parameters together.
    scales : ndarray, shape (R,)
        Standard deviations of the random effects.
    nuisance : ndarray, shape (K,)
        The studies' own parameters; 0 where the model has none.
    nuisance_covariance : ndarray, shape (K, K)
        Their covariance, NaN where there are none.
    log_likelihood : float
        With all constants.
    converged : bool
        Whether the search ended at a maximum.
    iterations : int
        Newton steps.
    """

    coefficients: Floats
    covariance: Floats
    scales: Floats
    nuisance: Floats
    nuisance_covariance: Floats
    log_likelihood: float
    converged: bool
    iterations: int


def fit_glmm(
    cells: Cells,
    *,
    points: int = 7,
    coefficients: Floats | None = None,
    nuisance: Floats | None = None,
    scales: Floats | None = None,
    decrement: float = DECREMENT,
) -> GlmmFit:
    """Maximize the likelihood.

    Parameters
    ----------
    cells
        The model.
    points
        Quadrature points per random effect; 1 is Laplace's approximation.
    coefficients, nuisance, scales
        Where the search starts (0, 0, and 0.5 unless given).
    decrement
        The search ends when a Newton step promises less than half of this, relative to the
        log-likelihood. A larger one suits models whose estimates run away while their
        likelihood does not (a saturated model with empty cells).

    Examples
    --------
    >>> one = np.ones((3, 1))
    >>> cells = Cells(
    ...     "binomial",
    ...     np.array([[2.0], [5], [9]]),
    ...     10 * one,
    ...     0 * one,
    ...     one[:, :, None],
    ...     None,
    ...     np.empty((3, 1, 0)),
    ...     0 * one,
    ... )
    >>> fit_glmm(cells).coefficients.round(4), round(float(np.log(16 / 14)), 4)
    (array([0.1335]), 0.1335)
    """
    k, p, r = len(cells.counts), cells.design.shape[2], cells.random.shape[2]
    start = Point(
        np.zeros(k) if nuisance is None else np.array(nuisance, dtype=np.float64),
        np.zeros(p) if coefficients is None else np.array(coefficients, dtype=np.float64),
        np.full(r, 0.5) if scales is None else np.array(scales, dtype=np.float64),
    )
    at, value, converged, steps = _climb(cells, start, points, tolerance=decrement)
    for place in range(r):
        if converged and abs(at.scales[place]) < NEAR_ZERO:
            at, value, converged, steps = _at_the_edge(
                cells, at, value, place, points, steps, decrement
            )
    at = Point(at.nuisance, at.coefficients, np.abs(at.scales))
    covariance, own = _covariance(cells, at, points)
    good = (
        converged and bool(np.isfinite(covariance).all()) and bool((np.diag(covariance) > 0).all())
    )
    return GlmmFit(at.coefficients, covariance, at.scales, at.nuisance, own, value, good, steps)


def _at_the_edge(
    cells: Cells,
    at: Point,
    value: float,
    place: int,
    points: int,
    steps: int,
    tolerance: float,
) -> tuple[Point, float, bool, int]:
    """Decide between a scale of 0 and a maximum further out that the search has missed."""
    wide = at.scales.copy()
    wide[place] = 1.5
    other, higher, found, more = _climb(
        cells, Point(at.nuisance, at.coefficients, wide), points, tolerance=tolerance
    )
    if found and abs(other.scales[place]) >= NEAR_ZERO and higher > value + 1e-9:
        return other, higher, True, steps + more
    edge = at.scales.copy()
    edge[place] = 0.0
    last, height, ended, more = _climb(
        cells, Point(at.nuisance, at.coefficients, edge), points, fixed=place, tolerance=tolerance
    )
    return last, height, ended, steps + more


def _climb(
    cells: Cells, at: Point, points: int, fixed: int | None = None, tolerance: float = DECREMENT
) -> tuple[Point, float, bool, int]:
    """Climb to a maximum by Newton's method with step halving."""
    values, slopes = scores(cells, at, points)
    value = float(values.sum())
    p = len(at.coefficients)
    for iteration in range(1, MAX_ITERATIONS + 1):
        curvature = _curvature(cells, at, points)
        if fixed is not None:
            slopes[:, 1 + p + fixed] = 0.0
            curvature[:, 1 + p + fixed, :] = 0.0
            curvature[:, :, 1 + p + fixed] = 0.0
            curvature[:, 1 + p + fixed, 1 + p + fixed] = 1.0
        own, shared, decrement = _newton_step(cells, slopes, curvature)
        size, gained = 1.0, False
        for _ in range(40):
            after = Point(
                at.nuisance + size * own,
                at.coefficients + size * shared[:p],
                at.scales + size * shared[p:],
            )
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                reached = float(log_likelihoods(cells, after, points)[0].sum())
            if reached >= value - 1e-11 * (1 + abs(value)):
                gained = True
                break
            size /= 2
        if not gained:
            return at, value, decrement < 1e-8, iteration
        at = after
        values, slopes = scores(cells, at, points)
        value = float(values.sum())
        part = np.abs(cells.design @ at.coefficients).max(initial=0.0)
        if part > FAR or np.abs(at.scales).max(initial=0) > FAR:
            return at, value, False, iteration
        if decrement < tolerance * (1 + abs(value)):
            return at, value, True, iteration
    return at, value, False, MAX_ITERATIONS


def _curvature(cells: Cells, at: Point, points: int, *, extrapolate: bool = False) -> Floats:
    """Return minus the second derivatives of each study, shape (K, D, D)."""
    p, r = len(at.coefficients), len(at.scales)

    def differences(h: float) -> Floats:
        found = np.zeros((len(cells.counts), 1 + p + r, 1 + p + r))
        for column in range(1 + p + r):
            if column == 0 and cells.nuisance is None:
                continue
            ends = []
            for sign in (1, -1):
                own, coefficients, scales = at.nuisance, at.coefficients, at.scales
                if column == 0:
                    own = own + sign * h
                elif column <= p:
                    coefficients = coefficients + sign * h * np.eye(p)[column - 1]
                else:
                    scales = scales + sign * h * np.eye(r)[column - 1 - p]
                ends.append(scores(cells, Point(own, coefficients, scales), points)[1])
            found[:, :, column] = -(ends[0] - ends[1]) / (2 * h)
        return found

    found = differences(DIFFERENCE)
    if extrapolate:
        found = (4 * differences(DIFFERENCE / 2) - found) / 3
    return np.asarray((found + found.transpose(0, 2, 1)) / 2)


def _newton_step(cells: Cells, slopes: Floats, curvature: Floats) -> tuple[Floats, Floats, float]:
    """Return the steps of the studies' own and of the shared parameters, and the decrement."""
    gradient, whole = slopes[:, 1:].sum(axis=0), curvature[:, 1:, 1:].sum(axis=0)
    own = np.zeros(len(slopes))
    if cells.nuisance is None:
        step = _uphill(whole, gradient)
        return own, step, float(abs(gradient @ step))
    a = np.maximum(np.abs(curvature[:, 0, 0]), 1e-8)
    b = curvature[:, 0, 1:]
    reduced = whole - np.einsum("kd,k,ke->de", b, 1 / a, b)
    step = _uphill(reduced, gradient - b.T @ (slopes[:, 0] / a))
    own = (slopes[:, 0] - b @ step) / a
    return own, step, float(abs(gradient @ step + slopes[:, 0] @ own))


def _uphill(matrix: Floats, gradient: Floats) -> Floats:
    """Solve for a step; directions in which the likelihood is not concave are turned uphill."""
    if len(gradient) == 0:
        return gradient
    values, vectors = np.linalg.eigh(matrix)
    least = 1e-8 * max(1.0, float(np.abs(values).max()))
    step = vectors @ ((vectors.T @ gradient) / np.maximum(np.abs(values), least))
    size = float(np.abs(step).max())
    return np.asarray(step * min(1.0, 2.0 / size) if size > 0 else step)


def _covariance(cells: Cells, at: Point, points: int) -> tuple[Floats, Floats]:
    """Return the covariance of the coefficients and of the studies' own parameters."""
    k, p = len(cells.counts), len(at.coefficients)
    curvature = _curvature(cells, at, points, extrapolate=True)
    for place, scale in enumerate(at.scales):
        if scale == 0:  # on the edge: known to be 0, and uncorrelated by symmetry
            column = 1 + p + place
            curvature[:, column, :] = 0.0
            curvature[:, :, column] = 0.0
            curvature[:, column, column] = 1.0
    whole = curvature[:, 1:, 1:].sum(axis=0)
    own = np.full((k, k), np.nan)
    try:
        if cells.nuisance is None:
            return np.linalg.inv(whole)[:p, :p], own
        a, b = curvature[:, 0, 0], curvature[:, 0, 1:]
        with np.errstate(divide="ignore", invalid="ignore"):
            rates = b / a[:, None]
            inverse = np.linalg.inv(whole - np.einsum("kd,ke->de", b, rates))
            own = np.diag(1 / a) + rates @ inverse @ rates.T
        return inverse[:p, :p], own
    except np.linalg.LinAlgError:
        return np.full((p, p), np.nan), own
