"""What the likelihoods of multilevel models share: random effects, starting basis, answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from evisynth.stats.covariances import Structure

__all__ = [
    "Basis",
    "Component",
    "Effects",
    "Evaluation",
    "Intercepts",
    "Likelihood",
    "Structured",
    "Value",
    "blocks_by_size",
    "solve_moments",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Value = Floats
"""Covariance of a component: shape (1, 1) for intercepts, (Q, Q) for a structure."""


@dataclass(frozen=True, slots=True)
class Intercepts:
    """A random intercept for each group.

    Attributes
    ----------
    groups : ndarray of int, shape (K,)
        Group of each estimate, numbered from 0 without gaps.
    correlation : ndarray, shape (G, G), or None
        Known correlation between the groups' effects (e.g. by phylogeny).
    """

    groups: Ints
    correlation: Floats | None = None

    @property
    def count(self) -> int:
        """Number of groups."""
        return int(self.groups.max()) + 1


@dataclass(frozen=True, slots=True)
class Structured:
    """A random effect for each level of an inner variable within each outer group.

    Attributes
    ----------
    inner, outer : ndarray of int, shape (K,)
        Level and group of each estimate, numbered from 0.
    structure : Structure
        Covariance of the effects of one group.
    """

    inner: Ints
    outer: Ints
    structure: Structure

    @property
    def count(self) -> int:
        """Number of outer groups."""
        return int(self.outer.max()) + 1


Component = Intercepts | Structured


class Evaluation(NamedTuple):
    """The likelihood at one place.

    Attributes
    ----------
    height : float
        (Restricted) log-likelihood up to a constant; minus infinity where the marginal covariance
        is not positive definite.
    slopes : tuple of ndarray
        Derivative by each component's covariance, shape (1, 1) or (Q, Q).
    solution, inverse : ndarray, shape (P,), (P, P)
        Coefficients and their covariance in the working basis.
    """

    height: float
    slopes: tuple[Value, ...]
    solution: Floats
    inverse: Floats


class Effects(NamedTuple):
    """Predicted random effects of one component; shape (G, Q), Q = 1 for intercepts."""

    estimates: Floats
    se: Floats


class Likelihood(Protocol):
    """What the search asks of a model."""

    basis: Basis

    def evaluate(self, values: tuple[Value, ...], restricted: bool) -> Evaluation:
        """Return height and slopes."""
        ...

    def effects(self, values: tuple[Value, ...]) -> tuple[Effects, ...]:
        """Return the predicted random effects (best linear unbiased predictions)."""
        ...


@dataclass(frozen=True, slots=True)
class Basis:
    """Estimates and design in a basis in which rounding does no harm.

    The columns of ``x`` are orthonormal under the sampling variances and ``y`` holds residuals of
    the fit without random effects, so that neither a moderator such as the year 1998 nor a large
    pooled effect costs digits.

    Attributes
    ----------
    y, x : ndarray, shape (K,), (K, P)
        Residuals and transformed design.
    triangle : ndarray, shape (P, P)
        Design = x @ triangle.
    start : ndarray, shape (P,)
        Coefficients of the fit without random effects.
    """

    y: Floats
    x: Floats
    triangle: Floats
    start: Floats

    @classmethod
    def of(cls, y: Floats, design: Floats, v: Floats) -> Basis:
        """Prepare estimates (K,), design (K, P) and variances (K,)."""
        s = 1 / np.sqrt(v)
        q, triangle = np.linalg.qr(s[:, None] * design)
        first = q.T @ (s * y)
        rest = s * y - q @ first
        again = q.T @ rest
        start = np.linalg.solve(triangle, first + again)
        return cls((rest - q @ again) / s, q / s[:, None], triangle, start)

    def coefficients(self, solution: Floats) -> Floats:
        """Return the coefficients of the design's own columns."""
        return np.asarray(self.start + np.linalg.solve(self.triangle, solution))

    def covariance(self, inverse: Floats) -> Floats:
        """Return the covariance of those coefficients."""
        half = np.linalg.solve(self.triangle, inverse)
        made = np.linalg.solve(self.triangle, half.T)
        return np.asarray(0.5 * (made + made.T))

    @property
    def log_volume(self) -> float:
        """Logarithm of the determinant's size."""
        return float(np.log(np.abs(np.diag(self.triangle))).sum())


def solve_moments(
    moments: Floats, log_det: float, restricted: bool
) -> tuple[float, Floats, Floats]:
    """Return height, coefficients and their covariance from the moments [x, y]' M^-1 [x, y]."""
    p = len(moments) - 1
    triangle = np.linalg.cholesky(moments[:p, :p])
    inverse_triangle = np.linalg.inv(triangle)
    inverse = inverse_triangle.T @ inverse_triangle
    rotated = inverse_triangle @ moments[:p, p]
    solution = inverse_triangle.T @ rotated
    squares = moments[p, p] - rotated @ rotated
    height = -0.5 * (log_det + squares)
    if restricted:
        height -= float(np.log(np.diag(triangle)).sum())
    return float(height), solution, inverse


def blocks_by_size(block: Ints) -> list[Ints]:
    """Return the rows of blocks of equal size together, shape (B, n) each.

    Examples
    --------
    >>> [rows.tolist() for rows in blocks_by_size(np.array([0, 1, 0, 2]))]
    [[[1], [3]], [[0, 2]]]
    """
    _, codes, sizes = np.unique(block, return_inverse=True, return_counts=True)
    order = np.argsort(codes, kind="stable")
    starts = np.cumsum(sizes) - sizes
    return [order[starts[sizes == size][:, None] + np.arange(size)] for size in np.unique(sizes)]
