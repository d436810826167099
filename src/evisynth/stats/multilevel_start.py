"""Before the search of a multilevel model: its likelihood, Q without random effects, starts.

The three likelihoods give the same numbers; the one that costs least is taken.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evisynth.stats.covariances import SamplingCovariance, Structure
from evisynth.stats.multilevel_blocks import BlockLikelihood, Marginal, independent_blocks
from evisynth.stats.multilevel_crossed import CrossedLikelihood, crossed_size
from evisynth.stats.multilevel_nested import NestedLikelihood, nesting_order
from evisynth.stats.multilevel_parts import (
    Basis,
    Component,
    Intercepts,
    Likelihood,
    Value,
    blocks_by_size,
    solve_moments,
)
from evisynth.stats.multilevel_search import Problem

__all__ = [
    "choose_likelihood",
    "parameters_of",
    "sampling_only",
    "spread_of",
    "starting_places",
]

MOST_LEVELS = 6
"""Levels up to which each gets a start of its own."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def choose_likelihood(
    basis: Basis, components: tuple[Component, ...], errors: SamplingCovariance
) -> Likelihood:
    """Choose the likelihood that costs least."""
    plain = tuple(
        part for part in components if isinstance(part, Intercepts) and part.correlation is None
    )
    if components and len(plain) == len(components) and errors.is_diagonal:
        if nesting_order(plain) is not None:
            return NestedLikelihood(basis, errors.variances, plain)
        sizes = np.bincount(independent_blocks(components, errors)).astype(np.float64)
        if crossed_size(plain, len(basis.y)) ** 3 < (sizes**3).sum():
            return CrossedLikelihood(basis, errors.variances, plain)
    return BlockLikelihood(basis, Marginal(components, errors))


def sampling_only(basis: Basis, errors: SamplingCovariance, df: int) -> tuple[float, float]:
    """Return Q with the sampling covariance alone and the typical variance df / tr P."""
    p = basis.x.shape[1]
    moments, squares, trace = np.zeros((p + 1, p + 1)), np.zeros((p, p)), 0.0
    data = np.column_stack([basis.x, basis.y])
    if errors.is_diagonal:
        w = 1 / errors.variances[:, None]
        moments, trace = data.T @ (w * data), float(w.sum())
        squares = (w * basis.x).T @ (w * basis.x)
    else:
        for rows in blocks_by_size(errors.block):
            inverse = np.linalg.inv(errors.dense(rows))
            here = data[rows]
            solved = inverse @ here
            moments += np.einsum("bnp,bnq->pq", here, solved)
            squares += np.einsum("bnp,bnq->pq", solved[:, :, :p], solved[:, :, :p])
            trace += float(np.einsum("bnn->", inverse))
    height, _, within = solve_moments(moments, 0.0, restricted=False)
    return -2 * height, df / (trace - float(np.sum(within * squares)))


def spread_of(basis: Basis, v: Floats, df: int) -> float:
    """Return a first guess of the sum of all variances: Hedges' moments, or some of v."""
    q, _ = np.linalg.qr(basis.x)
    rest = basis.y - q @ (q.T @ basis.y)
    moment = (rest @ rest - v @ (1 - (q * q).sum(axis=1))) / df
    return float(max(moment, 0.05 * np.median(v)))


def starting_places(problem: Problem, free: Bools, total: float) -> list[Floats]:
    """Return places to begin a search at.

    The total spread is given to all components alike, then mostly to each in turn; correlations
    begin moderate, negative and high; levels with variances of their own begin alike, then each in
    turn with little.
    """
    count = len(problem.components)
    if count == 0:
        return [np.empty(0)]
    even = np.full(count, 1 / count)
    shares = [np.where(np.arange(count) == place, 0.9, 0.1 / count) for place in range(count)]
    if count == 1:
        shares = [np.array([0.05])]
    moderate, negative, high = 0.4, -0.6, 1.2
    starts = [_place(problem, total * share, moderate) for share in (even, *shares)]
    if not problem.is_deviation.all():
        starts += [_place(problem, total * even, angle) for angle in (negative, high)]
    for component, here in zip(problem.components, problem.slices, strict=True):
        if isinstance(component, Intercepts):
            continue
        levels = component.structure.deviations
        if 1 < levels <= MOST_LEVELS and component.structure.angles:
            for level in range(levels):
                start = starts[0].copy()
                start[here.start + level] *= 0.1
                starts.append(start)
    return [np.where(free, start, 0.0) for start in starts]


def _place(problem: Problem, variances: Floats, angle: float) -> Floats:
    """Return parameters with these variances of the components and one angle."""
    z = np.where(problem.is_deviation, 0.0, angle)
    for component, here, variance in zip(
        problem.components, problem.slices, variances, strict=True
    ):
        size = 1 if isinstance(component, Intercepts) else component.structure.deviations
        z[here.start : here.start + size] = np.sqrt(variance)
    return z


def parameters_of(value: Value, structure: Structure) -> Floats:
    """Return the free parameters of a covariance matrix."""
    s = np.sqrt(np.diag(value))
    if structure.deviations == 1:
        s = s[:1]
    if structure.angles == 0:
        return s
    sizes = np.sqrt(np.diag(value))
    safe = np.where(sizes > 0, sizes, 1.0)
    r = value / np.outer(safe, safe)
    if structure.kind != "UN":
        return np.append(s, structure.angle(float(r[0, 1])))
    np.fill_diagonal(r, 1.0)
    angles = []
    lower = np.zeros_like(r)
    for row in range(structure.levels):
        rest = 1.0
        for column in range(row):
            known = float(lower[row, :column] @ lower[column, :column])
            cell = (r[row, column] - known) / lower[column, column] if lower[column, column] else 0
            share = float(np.clip(cell / rest, -1, 1)) if rest > 0 else 0.0
            angles.append(np.arcsin(share))
            lower[row, column] = share * rest
            rest *= np.sqrt(1 - share * share)
        lower[row, row] = rest
    return np.append(s, angles)
