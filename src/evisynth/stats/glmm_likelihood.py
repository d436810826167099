"""The likelihood of generalized linear mixed models of counts, study by study.

A study has up to a few cells (arms) whose linear predictors share random effects. The integral over
these is done by adaptive Gauss-Hermite quadrature about each study's mode (Pinheiro and Bates 1995,
doi:10.1080/10618600.1995.10474663; one point is Laplace's approximation). Scores are exact: the
whole computation also runs in complex numbers, so that a step of 1e-30 along the imaginary axis
gives a derivative without any difference (Squire and Trapp 1998, doi:10.1137/S003614459631241X).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Cells",
    "Point",
    "Support",
    "hypergeometric_support",
    "log_choose",
    "log_likelihoods",
    "scores",
]

Floats = NDArray[np.float64]
Numbers = NDArray[Any]
Family = Literal["binomial", "poisson", "hypergeometric"]

COMPLEX_STEP = 1e-30
MODE_STEPS = 60
MODE_TOLERANCE = 1e-11
"""Steps of a mode below this are followed by two more, each of which squares what is left."""


@dataclass(frozen=True, slots=True)
class Support:
    """The values that hypergeometric counts can take, one study after the other.

    Attributes
    ----------
    values, log_weights : ndarray, shape (S,)
        Values and their log weights at an odds ratio of 1.
    starts, lengths : ndarray of int, shape (K,)
        Where each study's values begin and how many they are.
    """

    values: Floats
    log_weights: Floats
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]


NO_SUPPORT = Support(np.empty(0), np.empty(0), np.empty(0, np.int64), np.empty(0, np.int64))


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of K studies.

    Attributes
    ----------
    family : {"binomial", "poisson", "hypergeometric"}
        Distribution of the counts given the random effects, with its canonical link; for
        ``"hypergeometric"`` (Fisher's noncentral) the linear predictor is the log odds ratio.
    counts : ndarray, shape (K, J)
        Events.
    sizes : ndarray, shape (K, J)
        Number of people (binomial); not used otherwise.
    offset : ndarray, shape (K, J)
        Known part of the linear predictor.
    design : ndarray, shape (K, J, P)
        Coefficients' part.
    nuisance : ndarray, shape (K, J), or None
        Multiplier of a parameter of its own that each study has (a fixed study effect).
    random : ndarray, shape (K, J, R)
        Multipliers of the random effects, R at most 2.
    constant : ndarray, shape (K, J)
        Log of the counting constant, so that likelihoods are complete.
    support : Support
        For ``"hypergeometric"``: the values that the counts can take; empty otherwise.
    """

    family: Family
    counts: Floats
    sizes: Floats
    offset: Floats
    design: Floats
    nuisance: Floats | None
    random: Floats
    constant: Floats
    support: Support = field(default_factory=lambda: NO_SUPPORT)

    def with_random(self, random: Floats) -> Cells:
        """Return the same cells with other random effects."""
        return replace(self, random=random)


@dataclass(frozen=True, slots=True)
class Point:
    """Values of the parameters: nuisance (K,), coefficients (P,), scales of the random effects."""

    nuisance: Numbers
    coefficients: Numbers
    scales: Numbers


def hypergeometric_support(events1: Floats, n1: Floats, events2: Floats, n2: Floats) -> Support:
    """Return the values of events1 that both margins of the 2x2 tables allow.

    Examples
    --------
    >>> two = np.array([2.0])
    >>> found = hypergeometric_support(np.array([1.0]), two, np.array([1.0]), two)
    >>> found.values.tolist(), np.exp(found.log_weights).round(6).tolist()
    ([0.0, 1.0, 2.0], [1.0, 4.0, 1.0])
    """
    total = events1 + events2
    low, high = np.maximum(0, total - n2), np.minimum(n1, total)
    lengths = (high - low).astype(np.int64) + 1
    starts = np.cumsum(lengths) - lengths
    values = np.repeat(low, lengths) + np.arange(lengths.sum()) - np.repeat(starts, lengths)
    n1s, n2s, totals = (np.repeat(x, lengths) for x in (n1, n2, total))
    weights = log_choose(n1s, values) + log_choose(n2s, totals - values)
    return Support(values, weights, starts, lengths)


def log_choose(n: Floats, k: Floats) -> Floats:
    """Return the log of the binomial coefficient.

    Examples
    --------
    >>> round(float(np.exp(log_choose(np.array(5.0), np.array(2.0)))), 9)
    10.0
    """
    from scipy import special

    return np.asarray(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))


def _predictor(cells: Cells, at: Point) -> Numbers:
    """Return the linear predictor without random effects, shape (K, J)."""
    eta = cells.offset + cells.design @ at.coefficients
    if cells.nuisance is not None:
        eta = eta + cells.nuisance * at.nuisance[:, None]
    return np.asarray(eta)


def _softplus(eta: Numbers) -> Numbers:
    """Return log(1 + exp(eta)) of real or complex numbers."""
    positive = eta.real > 0
    small = np.exp(np.where(positive, -eta, eta))
    return np.where(positive, eta, 0) + np.log1p(small)


def _expit(eta: Numbers) -> Numbers:
    positive = eta.real > 0
    small = np.exp(np.where(positive, -eta, eta))
    return np.where(positive, 1 / (1 + small), small / (1 + small))


def _log_density(cells: Cells, eta: Numbers) -> Numbers:
    """Return the log probability of each cell; eta has shape (K, J) or (K, J, Q)."""
    extra = (slice(None), slice(None), *(None,) * (eta.ndim - 2))
    y, constant = cells.counts[extra], cells.constant[extra]
    if cells.family == "binomial":
        return np.asarray(y * eta - cells.sizes[extra] * _softplus(eta) + constant)
    if cells.family == "poisson":
        return np.asarray(y * eta - np.exp(eta) + constant)
    return np.asarray(y * eta + constant - _log_total(cells.support, eta))


def _log_total(found: Support, eta: Numbers) -> Numbers:
    """Return the log of the hypergeometric normalizing sum, the shape of eta."""
    flat = eta.reshape(len(eta), -1)
    rows = np.repeat(flat, found.lengths, axis=0)
    terms = found.log_weights[:, None] + found.values[:, None] * rows
    top = np.maximum.reduceat(terms.real, found.starts, axis=0)
    parts = np.exp(terms - np.repeat(top, found.lengths, axis=0))
    total = np.add.reduceat(parts, found.starts, axis=0)
    return np.asarray((top + np.log(total)).reshape(eta.shape))


def _hypergeometric_slopes(found: Support, eta: Numbers) -> tuple[Numbers, Numbers]:
    """Return mean and variance of the noncentral hypergeometric counts, shape (K, 1)."""
    values, starts, lengths = found.values, found.starts, found.lengths
    terms = found.log_weights + values * np.repeat(eta[:, 0], lengths)
    top = np.maximum.reduceat(terms.real, starts)
    parts = np.exp(terms - np.repeat(top, lengths))
    shares = parts / np.repeat(np.add.reduceat(parts, starts), lengths)
    mean = np.add.reduceat(shares * values, starts)
    off = values - np.repeat(mean, lengths)
    return mean[:, None], np.add.reduceat(shares * off * off, starts)[:, None]


def _slopes(cells: Cells, eta: Numbers) -> tuple[Numbers, Numbers]:
    """Return score and information of each cell with respect to eta, shape (K, J)."""
    if cells.family == "binomial":
        p = _expit(eta)
        return cells.counts - cells.sizes * p, cells.sizes * p * (1 - p)
    if cells.family == "poisson":
        mean = np.exp(eta)
        return cells.counts - mean, mean
    mean, spread = _hypergeometric_slopes(cells.support, eta)
    return cells.counts - mean, spread


def _newton(cells: Cells, eta0: Numbers, z: Numbers, u: Numbers) -> tuple[Numbers, Numbers]:
    """Return the Newton step of the random effects, and the Hessian (K, R, R)."""
    score, information = _slopes(cells, eta0 + (z * u[:, None, :]).sum(axis=2))
    slope = (z * score[:, :, None]).sum(axis=1) - u
    hessian = np.einsum("kjr,kj,kjs->krs", z, information, z) + np.eye(z.shape[2])
    return _solve(hessian, slope), hessian


def _solve(matrix: Numbers, right: Numbers) -> Numbers:
    """Solve the symmetric systems of one or two unknowns, shape (K, R)."""
    if matrix.shape[1] == 1:
        return np.asarray(right / matrix[:, :, 0])
    a, b, c = matrix[:, 0, 0], matrix[:, 0, 1], matrix[:, 1, 1]
    x, y = right[:, 0], right[:, 1]
    determinant = a * c - b * b
    return np.stack([(c * x - b * y) / determinant, (a * y - b * x) / determinant], axis=1)


def _modes(cells: Cells, eta0: Floats, z: Floats, start: Floats | None) -> Floats:
    """Return the modes of the random effects, shape (K, R); the log density is concave."""

    def height(u: Floats) -> Floats:
        eta = eta0 + (z * u[:, None, :]).sum(axis=2)
        return np.asarray(_log_density(cells, eta).sum(axis=1) - 0.5 * (u * u).sum(axis=1))

    u = np.zeros((len(eta0), z.shape[2])) if start is None else start.copy()
    with np.errstate(over="ignore", invalid="ignore"):
        value = height(u)
        for _ in range(MODE_STEPS):
            step, _ = _newton(cells, eta0, z, u)
            size = np.ones(len(u))
            for _ in range(40):
                after = u + size[:, None] * step
                reached = height(after)
                worse = ~(reached >= value - 1e-12 * (1 + np.abs(value)))
                if not worse.any():
                    break
                size = np.where(worse, size / 2, size)
            u, value = after, reached
            if np.abs(step).max() < MODE_TOLERANCE:
                break
    return u


@lru_cache(maxsize=32)
def _nodes(points: int, dimensions: int) -> tuple[Floats, Floats]:
    """Return the nodes (Q, R) and the log of weights times exp(x²), shape (Q,)."""
    x, w = np.polynomial.hermite.hermgauss(points)
    logs = np.log(w) + x * x
    if dimensions == 1:
        return x[:, None], logs
    grid = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1).reshape(-1, 2)
    return grid, (logs[:, None] + logs[None, :]).ravel()


def log_likelihoods(
    cells: Cells, at: Point, points: int, modes: Floats | None = None
) -> tuple[Numbers, Floats]:
    """Return the log-likelihood of each study, shape (K,), and the modes, shape (K, R).

    Parameters
    ----------
    cells
        The model.
    at
        The parameters, real or complex.
    points
        Quadrature points per random effect; 1 is Laplace's approximation.
    modes
        Modes at the real part of the parameters, if known.
    """
    eta0 = _predictor(cells, at)
    dimensions = cells.random.shape[2]
    if dimensions == 0:
        return _log_density(cells, eta0).sum(axis=1), np.zeros((len(eta0), 0))
    z = cells.random * at.scales
    u: Numbers
    u = real = _modes(cells, eta0.real, z.real, None) if modes is None else modes
    for _ in range(2):
        step, _ = _newton(cells, eta0, z, u)
        u = u + step
    _, hessian = _newton(cells, eta0, z, u)
    x, logs = _nodes(points, dimensions)
    # u + sqrt(2) C^-T x with C C' the Hessian
    c11 = np.sqrt(hessian[:, 0, 0])
    log_root = np.log(c11)
    if dimensions == 1:
        spots = u[:, None, :] + np.sqrt(2) * x[None] / c11[:, None, None]
    else:
        c21 = hessian[:, 0, 1] / c11
        c22 = np.sqrt(hessian[:, 1, 1] - c21 * c21)
        log_root = log_root + np.log(c22)
        second = x[None, :, 1] / c22[:, None]
        first = (x[None, :, 0] - c21[:, None] * second) / c11[:, None]
        spots = u[:, None, :] + np.sqrt(2) * np.stack([first, second], axis=2)
    eta = eta0[:, :, None] + np.einsum("kjr,kqr->kjq", z, spots)
    heights = _log_density(cells, eta).sum(axis=1) - 0.5 * (spots * spots).sum(axis=2) + logs
    top = heights.real.max(axis=1)
    total = np.log(np.exp(heights - top[:, None]).sum(axis=1)) + top
    # sqrt(2)^R of the substitution and (2 pi)^(-R/2) of the density leave pi^(-R/2)
    return total - log_root - 0.5 * dimensions * np.log(np.pi), real


def scores(cells: Cells, at: Point, points: int) -> tuple[Floats, Floats]:
    """Return log-likelihoods (K,) and their derivatives (K, D), exact to rounding.

    The columns are the study's nuisance parameter (0 where there is none), the coefficients, and
    the scales of the random effects.
    """
    value, modes = log_likelihoods(cells, at, points)
    p, r = len(at.coefficients), cells.random.shape[2]
    slopes = np.zeros((len(value), 1 + p + r))
    h = 1j * COMPLEX_STEP
    moved = []
    if cells.nuisance is not None:
        moved.append((0, replace(at, nuisance=at.nuisance + h)))
    for place in range(p):
        unit = np.eye(p)[place]
        moved.append((1 + place, replace(at, coefficients=at.coefficients + h * unit)))
    for place in range(r):
        unit = np.eye(r)[place]
        moved.append((1 + p + place, replace(at, scales=at.scales + h * unit)))
    for column, point in moved:
        imaginary = log_likelihoods(cells, point, points, modes)[0].imag
        slopes[:, column] = imaginary / COMPLEX_STEP
    return np.asarray(value, dtype=np.float64), slopes
