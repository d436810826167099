"""Likelihood of crossed random intercepts by a system of all groups instead of all estimates.

With Z the groups' indicators and Λ their standard deviations, M = D + ZΛΛZ' and
M^-1 = D^-1 - D^-1 ZΛ (I + ΛZ'D^-1 ZΛ)^-1 ΛZ'D^-1, which holds for a standard deviation of 0 too. A
component with a group for each estimate goes into the diagonal D. Henderson 1975
(doi:10.2307/2529430).
"""

from __future__ import annotations

from itertools import pairwise

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

__all__ = ["CrossedLikelihood", "crossed_size"]

Floats = NDArray[np.float64]


def crossed_size(components: tuple[Intercepts, ...], k: int) -> int:
    """Return the size of the system: groups of all components that do not go into the diagonal."""
    return sum(component.count for component in components if component.count < k)


class CrossedLikelihood:
    """Crossed (or nested) random intercepts with independent sampling errors.

    Parameters
    ----------
    basis
        Estimates and design.
    v
        Sampling variances, shape (K,).
    components
        Intercepts; one at most may have a group for each estimate.
    """

    def __init__(self, basis: Basis, v: Floats, components: tuple[Intercepts, ...]) -> None:
        from scipy.sparse import csr_array

        self.basis = basis
        self.components = components
        self._v = v
        k = len(v)
        self._single = [place for place, part in enumerate(components) if part.count == k]
        self._rest = [place for place, part in enumerate(components) if part.count < k]
        sizes = [components[place].count for place in self._rest]
        starts = np.cumsum([0, *sizes])
        self._slices = [slice(a, b) for a, b in pairwise(starts)]
        self._codes = np.column_stack(
            [components[place].groups + a for place, a in zip(self._rest, starts, strict=False)]
        )
        width = self._codes.shape[1]
        self._z = csr_array(
            (np.ones(k * width), self._codes.ravel(), np.arange(0, k * width + 1, width)),
            shape=(k, int(starts[-1])),
        )
        self._data = np.column_stack([basis.x, basis.y])

    def _solve(
        self, values: tuple[Value, ...]
    ) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats, float]:
        """Return 1 / D, Λ, Z'D^-1 Z, half inverse, M^-1 [x, y], moments and log |M|."""
        from scipy.linalg import solve_triangular

        d = self._v.copy()
        for place in self._single:
            d += values[place][0, 0]
        w = 1 / d
        scale = np.empty(self._z.shape[1])
        for place, here in zip(self._rest, self._slices, strict=True):
            scale[here] = np.sqrt(values[place][0, 0])
        weighted = self._z.multiply(w[:, None]).tocsr()
        inner = (self._z.T @ weighted).toarray()
        system = scale[:, None] * inner * scale
        system[np.diag_indices_from(system)] += 1.0
        triangle = np.linalg.cholesky(system)
        half = solve_triangular(triangle, np.diag(scale), lower=True)  # L^-1 Λ
        straight = w[:, None] * self._data
        leaned = half @ (self._z.T @ straight)
        solved = straight - weighted @ (half.T @ leaned)
        moments = self._data.T @ straight - leaned.T @ leaned
        log_det = float(np.log(d).sum() + 2 * np.log(np.diag(triangle)).sum())
        return w, scale, inner, half, solved, moments, log_det

    def _precisions(self, inner: Floats, half: Floats) -> Floats:
        """Return the diagonal of Z'M^-1 Z."""
        shrunk = half @ inner
        return np.asarray(np.diag(inner) - np.einsum("ij,ij->j", shrunk, shrunk))

    def _single_precision(self, w: Floats, half: Floats) -> Floats:
        """Return the diagonal of M^-1."""
        between = half.T @ half
        cells = between[self._codes[:, :, None], self._codes[:, None, :]].sum(axis=(1, 2))
        return np.asarray(w - w * w * cells)

    def evaluate(self, values: tuple[Value, ...], restricted: bool) -> Evaluation:
        """Return height and slopes."""
        w, _, inner, half, solved, moments, log_det = self._solve(values)
        height, solution, inverse = solve_moments(moments, log_det, restricted)
        slopes: list[Value] = [np.zeros((1, 1))] * len(values)
        sums = self._z.T @ solved
        precision = self._precisions(inner, half)

        def slope(totals: Floats, own: Floats) -> Value:
            residual = totals[:, -1] - totals[:, :-1] @ solution
            made = residual @ residual - own.sum()
            if restricted:
                made += np.sum(inverse * (totals[:, :-1].T @ totals[:, :-1]))
            return np.array([[0.5 * made]])

        for place, here in zip(self._rest, self._slices, strict=True):
            slopes[place] = slope(sums[here], precision[here])
        for place in self._single:
            slopes[place] = slope(solved, self._single_precision(w, half))
        return Evaluation(height, tuple(slopes), solution, inverse)

    def effects(self, values: tuple[Value, ...]) -> tuple[Effects, ...]:
        """Return the predicted random effects."""
        w, _, inner, half, solved, moments, log_det = self._solve(values)
        _, solution, inverse = solve_moments(moments, log_det, restricted=True)
        sums, precision = self._z.T @ solved, self._precisions(inner, half)
        made: list[Effects] = [Effects(np.empty((0, 1)), np.empty((0, 1)))] * len(values)
        for place, here in zip(self._rest, self._slices, strict=True):
            made[place] = _shrink(values[place], sums[here], precision[here], solution, inverse)
        for place in self._single:
            found = _shrink(
                values[place], solved, self._single_precision(w, half), solution, inverse
            )
            order = np.argsort(self.components[place].groups)
            made[place] = Effects(found.estimates[order], found.se[order])
        return tuple(made)


def _shrink(
    value: Value, sums: Floats, precision: Floats, solution: Floats, inverse: Floats
) -> Effects:
    variance = float(value[0, 0])
    of_x = sums[:, :-1]
    residual = sums[:, -1] - of_x @ solution
    projected = precision - np.einsum("gp,pq,gq->g", of_x, inverse, of_x)
    spread = np.maximum(variance - variance * variance * projected, 0.0)
    return Effects((variance * residual)[:, None], np.sqrt(spread)[:, None])
