"""Likelihood of nested random intercepts in closed form: time and memory linear in the estimates.

Adding σ²11' to the covariance of a group changes its inverse by one rank, so a group is known by
two things: its precision s = 1'M^-1 1, which becomes s / (1 + σ²s), and its weighted mean. The
levels are walked from the finest to the coarsest with sums of squares about weighted means only
(no subtraction of nearly equal numbers, whatever the ratio of the variances), and back for the
derivatives. This is the recursion of Woodbury's identity for a hierarchy.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evisynth.stats.multilevel_parts import (
    Basis,
    Effects,
    Evaluation,
    Intercepts,
    Value,
    solve_moments,
)

__all__ = ["NestedLikelihood", "nesting_order"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def nesting_order(components: tuple[Intercepts, ...]) -> list[int] | None:
    """Return the components from the finest to the coarsest, or None if they are not nested.

    Examples
    --------
    >>> school, district = np.array([0, 1, 2, 2]), np.array([0, 0, 1, 1])
    >>> nesting_order((Intercepts(district), Intercepts(school)))
    [1, 0]
    >>> nesting_order((Intercepts(district), Intercepts(np.array([0, 1, 0, 1])))) is None
    True
    """
    order = sorted(range(len(components)), key=lambda place: -components[place].count)
    for fine, coarse in pairwise(order):
        a, b = components[fine], components[coarse]
        parent = np.empty(a.count, dtype=np.int64)
        parent[a.groups] = b.groups
        if (parent[a.groups] != b.groups).any():
            return None
    return order


class _Level(NamedTuple):
    """One level: where each group's items begin, and each item's group."""

    component: int
    starts: Ints
    parent: Ints
    names: Ints
    """Number that the component gives to each group here."""


class _Stage(NamedTuple):
    """A level with its variance at work."""

    weights: Floats
    """Precision of each group's mean with the group's own σ² in it."""
    stretch: Floats
    """1 + σ²s."""
    means: Floats
    variance: float


class NestedLikelihood:
    """Nested random intercepts with independent sampling errors.

    Parameters
    ----------
    basis
        Estimates and design.
    v
        Sampling variances, shape (K,).
    components
        Intercepts, nested in each other in any order.
    """

    def __init__(self, basis: Basis, v: Floats, components: tuple[Intercepts, ...]) -> None:
        self.basis = basis
        self.count = len(components)
        order = nesting_order(components)
        if order is None:
            raise ValueError("the random effects are not nested")
        rows = np.lexsort([components[place].groups for place in order])
        items = rows
        data = np.vstack([basis.x.T, basis.y])[:, rows]
        levels = []
        for place in order:
            groups = components[place].groups[items]
            new = np.diff(groups, prepend=-1) != 0
            starts = np.flatnonzero(new)
            levels.append(_Level(place, starts, np.cumsum(new) - 1, groups[starts]))
            items = items[starts]
        self._levels = levels
        weights = 1 / v[rows]
        self._log_det = -float(np.log(weights).sum())
        self._weights, self._means, self._moments = _gather(weights, data, levels[0])

    def _climb(self, values: tuple[Value, ...]) -> tuple[list[_Stage], Floats, float]:
        """Walk from the finest level up; return its stages, the moments and log |M|."""
        precision, means = self._weights, self._means
        moments, log_det = self._moments.copy(), self._log_det
        stages: list[_Stage] = []
        for number, level in enumerate(self._levels):
            if number:
                precision, means, inside = _gather(stages[-1].weights, means, level)
                moments += inside
            variance = float(values[level.component][0, 0])
            stretch = 1 + variance * precision
            log_det += float(np.log(stretch).sum())
            stages.append(_Stage(precision / stretch, stretch, means, variance))
        top = stages[-1]
        moments += (top.weights * top.means) @ top.means.T
        return stages, moments, log_det

    def _descend(self, stages: list[_Stage]) -> list[tuple[Floats, Floats]]:
        """Return for each level 1'M^-1 [x, y] (P + 1, G) and 1'M^-1 1 (G,) of its groups."""
        pulled: Floats | None = None  # what the random effects above take from the means
        lost: Floats | None = None  # and from the precision
        found: list[tuple[Floats, Floats]] = []
        for level, stage in zip(reversed(self._levels), reversed(stages), strict=True):
            w = stage.weights
            if pulled is None or lost is None:
                sums, precision = w * stage.means, w
                above, before = np.zeros_like(stage.means), np.zeros_like(w)
            else:
                above, before = pulled, lost
                sums, precision = w * (stage.means - above), w - w * w * before
            found.append((sums, precision))
            # on the way to the items of these groups
            above = above + stage.variance * sums
            before = stage.variance / stage.stretch + before / (stage.stretch * stage.stretch)
            pulled, lost = above[:, level.parent], before[level.parent]
        return found[::-1]

    def evaluate(self, values: tuple[Value, ...], restricted: bool) -> Evaluation:
        """Return height and slopes."""
        stages, moments, log_det = self._climb(values)
        height, solution, inverse = solve_moments(moments, log_det, restricted)
        slopes: list[Value] = [np.empty((1, 1))] * self.count
        for level, (sums, precision) in zip(self._levels, self._descend(stages), strict=True):
            of_x, residual = sums[:-1], sums[-1] - solution @ sums[:-1]
            slope = residual @ residual - precision.sum()
            if restricted:
                slope += np.sum(inverse * (of_x @ of_x.T))
            slopes[level.component] = np.array([[0.5 * slope]])
        return Evaluation(height, tuple(slopes), solution, inverse)

    def effects(self, values: tuple[Value, ...]) -> tuple[Effects, ...]:
        """Return the predicted random effects."""
        stages, moments, log_det = self._climb(values)
        _, solution, inverse = solve_moments(moments, log_det, restricted=True)
        made: list[Effects] = [Effects(np.empty((0, 1)), np.empty((0, 1)))] * self.count
        for level, (sums, precision) in zip(self._levels, self._descend(stages), strict=True):
            variance = float(values[level.component][0, 0])
            of_x, residual = sums[:-1], sums[-1] - solution @ sums[:-1]
            projected = precision - np.einsum("pg,pq,qg->g", of_x, inverse, of_x)
            spread = np.sqrt(np.maximum(variance - variance * variance * projected, 0.0))
            estimates, se = np.empty((2, len(level.names), 1))
            estimates[level.names, 0] = variance * residual
            se[level.names, 0] = spread
            made[level.component] = Effects(estimates, se)
        return tuple(made)


def _gather(weights: Floats, values: Floats, level: _Level) -> tuple[Floats, Floats, Floats]:
    """Return the groups' precisions, weighted means, and the moments within them."""
    if len(level.starts) == len(weights):
        size = len(values)
        return weights, values, np.zeros((size, size))
    total = np.add.reduceat(weights, level.starts)
    means = np.add.reduceat(weights * values, level.starts, axis=1) / total
    off = values - means[:, level.parent]
    # a second pass takes away what rounding left in the means
    rest = np.add.reduceat(weights * off, level.starts, axis=1) / total
    means = means + rest
    off = off - rest[:, level.parent]
    return total, means, (weights * off) @ off.T
