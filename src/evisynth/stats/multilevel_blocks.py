"""Likelihood of any multilevel or multivariate model, block by block.

Estimates that share no group and no sampling error are independent, so the marginal covariance
falls apart into blocks; those of one size are inverted in one call. `Marginal` makes the blocks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evisynth.stats.covariances import SamplingCovariance
from evisynth.stats.multilevel_parts import (
    Basis,
    Component,
    Effects,
    Evaluation,
    Intercepts,
    Value,
    blocks_by_size,
    solve_moments,
)

__all__ = ["BlockLikelihood", "Marginal", "independent_blocks"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def independent_blocks(components: tuple[Component, ...], errors: SamplingCovariance) -> Ints:
    """Return the block of each estimate, shape (K,): estimates of different blocks are independent.

    Examples
    --------
    >>> errors = SamplingCovariance.of([0, 1, 2], [[[1.0]], [[1.0]], [[1.0]]])
    >>> independent_blocks((Intercepts(np.array([0, 0, 1])),), errors).tolist()
    [0, 0, 1]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    k = len(errors.block)
    codes = [errors.block]
    for component in components:
        if isinstance(component, Intercepts):
            groups = component.groups
            if component.correlation is not None:
                _, families = connected_components(
                    coo_array(component.correlation != 0), directed=False
                )
                groups = families[groups].astype(np.int64)
            codes.append(groups)
        else:
            codes.append(component.outer)
    rows, columns, size = [], [], k
    for code in codes:
        rows.append(np.arange(k))
        columns.append(code + size)
        size += int(code.max()) + 1
    here, there = np.concatenate(rows), np.concatenate(columns)
    graph = coo_array((np.ones(len(here)), (here, there)), shape=(size, size))
    labels = connected_components(graph, directed=False)[1][:k]
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


class _Part(NamedTuple):
    """Blocks of one size: which cells of each component meet; shape (B, n, n) each."""

    rows: Ints
    errors: Floats
    shared: tuple[Floats, ...]
    cells: tuple[Ints | None, ...]


class Marginal:
    """The marginal covariance of the estimates, block by block.

    Parameters
    ----------
    components
        Random effects.
    errors
        Covariance of the sampling errors.
    """

    def __init__(self, components: tuple[Component, ...], errors: SamplingCovariance) -> None:
        self.components = components
        self.errors = errors

    def part(self, rows: Ints) -> _Part:
        """Prepare the blocks named by rows (B, n)."""
        shared: list[Floats] = []
        cells: list[Ints | None] = []
        for component in self.components:
            if isinstance(component, Intercepts):
                groups = component.groups[rows]
                if component.correlation is None:
                    shared.append((groups[:, :, None] == groups[:, None, :]).astype(np.float64))
                else:
                    shared.append(component.correlation[groups[:, :, None], groups[:, None, :]])
                cells.append(None)
            else:
                inner, outer = component.inner[rows], component.outer[rows]
                shared.append((outer[:, :, None] == outer[:, None, :]).astype(np.float64))
                cells.append(inner[:, :, None] * component.structure.levels + inner[:, None, :])
        return _Part(rows, self.errors.dense(rows), tuple(shared), tuple(cells))

    @staticmethod
    def fill(part: _Part, values: tuple[Value, ...]) -> Floats:
        """Return the covariance of the blocks, shape (B, n, n)."""
        made = part.errors.copy()
        for value, shared, cells in zip(values, part.shared, part.cells, strict=True):
            made += shared * (value[0, 0] if cells is None else value.ravel()[cells])
        return made

    @staticmethod
    def pull(part: _Part, values: tuple[Value, ...], slope: Floats) -> list[Value]:
        """Bring a derivative by the blocks' cells back to the components' covariances."""
        made: list[Value] = []
        for value, shared, cells in zip(values, part.shared, part.cells, strict=True):
            met = slope * shared
            if cells is None:
                made.append(np.array([[met.sum()]]))
            else:
                sums = np.bincount(cells.ravel(), weights=met.ravel(), minlength=value.size)
                made.append(np.asarray(sums, dtype=np.float64).reshape(value.shape))
        return made


class BlockLikelihood:
    """Any random effects, any sampling covariance.

    Parameters
    ----------
    basis
        Estimates and design.
    marginal
        Random effects and sampling covariance.
    """

    def __init__(self, basis: Basis, marginal: Marginal) -> None:
        self.basis = basis
        self.marginal = marginal
        block = independent_blocks(marginal.components, marginal.errors)
        self._parts = [marginal.part(rows) for rows in blocks_by_size(block)]
        self._data = [
            np.concatenate([basis.x[part.rows], basis.y[part.rows][:, :, None]], axis=2)
            for part in self._parts
        ]

    def _invert(
        self, values: tuple[Value, ...]
    ) -> tuple[list[Floats], list[Floats], Floats, float]:
        """Return M^-1 and M^-1 [x, y] by block size, the moments and log |M|."""
        p = self.basis.x.shape[1]
        inverses, solved = [], []
        moments, log_det = np.zeros((p + 1, p + 1)), 0.0
        for part, data in zip(self._parts, self._data, strict=True):
            triangle = np.linalg.cholesky(self.marginal.fill(part, values))
            log_det += 2 * float(np.log(np.einsum("bnn->bn", triangle)).sum())
            half = np.linalg.inv(triangle)
            leaned = half @ data
            moments += np.einsum("bnp,bnq->pq", leaned, leaned)
            transposed = half.swapaxes(1, 2)
            inverses.append(transposed @ half)
            solved.append(transposed @ leaned)
        return inverses, solved, moments, log_det

    def evaluate(self, values: tuple[Value, ...], restricted: bool) -> Evaluation:
        """Return height and slopes."""
        p = self.basis.x.shape[1]
        try:
            inverses, solved, moments, log_det = self._invert(values)
        except np.linalg.LinAlgError:
            nothing = tuple(np.zeros_like(value) for value in values)
            return Evaluation(-np.inf, nothing, np.zeros(p), np.eye(p))
        height, solution, inverse = solve_moments(moments, log_det, restricted)
        slopes = [np.zeros_like(value) for value in values]
        for part, inverted, w in zip(self._parts, inverses, solved, strict=True):
            of_x = w[:, :, :p]
            residual = w[:, :, p] - of_x @ solution
            slope = residual[:, :, None] * residual[:, None, :] - inverted
            if restricted:
                slope += of_x @ inverse @ of_x.swapaxes(1, 2)
            for total, more in zip(
                slopes, self.marginal.pull(part, values, 0.5 * slope), strict=True
            ):
                total += more
        return Evaluation(height, tuple(slopes), solution, inverse)

    def effects(self, values: tuple[Value, ...]) -> tuple[Effects, ...]:
        """Return the predicted random effects."""
        p = self.basis.x.shape[1]
        inverses, solved, moments, log_det = self._invert(values)
        _, solution, inverse = solve_moments(moments, log_det, restricted=True)
        made = []
        for component, value in zip(self.marginal.components, values, strict=True):
            levels = value.shape[0]
            estimates = np.full((component.count, levels), np.nan)
            se = np.full((component.count, levels), np.nan)
            for part, inverted, w in zip(self._parts, inverses, solved, strict=True):
                for rows, own, answer in zip(part.rows, inverted, w, strict=True):
                    _predict(
                        component, value, rows, own,
                        answer[:, :p], answer[:, p] - answer[:, :p] @ solution, inverse,
                        estimates, se,
                    )  # fmt: skip
            made.append(Effects(estimates, se))
        return tuple(made)


def _predict(
    component: Component,
    value: Value,
    rows: Ints,
    inverted: Floats,
    of_x: Floats,
    residual: Floats,
    inverse: Floats,
    estimates: Floats,
    se: Floats,
) -> None:
    """Fill in the effects of the groups that one block holds."""
    levels = value.shape[0]
    codes = component.groups if isinstance(component, Intercepts) else component.outer
    groups, place = np.unique(codes[rows], return_inverse=True)
    column = place * levels
    if not isinstance(component, Intercepts):
        column = column + component.inner[rows]
    z = np.zeros((len(rows), len(groups) * levels))
    z[np.arange(len(rows)), column] = 1.0
    between = np.eye(len(groups))
    if isinstance(component, Intercepts) and component.correlation is not None:
        between = component.correlation[np.ix_(groups, groups)]
    prior = np.kron(between, value)
    pulled = prior @ z.T
    projected = inverted - of_x @ inverse @ of_x.T
    spread = np.diag(prior) - np.einsum("gi,ij,gj->g", pulled, projected, pulled)
    estimates[groups] = (pulled @ residual).reshape(-1, levels)
    se[groups] = np.sqrt(np.maximum(spread, 0.0)).reshape(-1, levels)
