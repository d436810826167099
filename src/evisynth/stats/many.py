"""Very many meta-analyses in flat arrays: missing cells set aside, each group with a status.

The numbers of a group depend on its own rows alone, to the last bit, not on the groups beside it:
however data are cut into pieces, here or on a cluster, the answer is the same. Compiled loops and
arrays agree to rounding only; which of them is taken is therefore said for all pieces at once.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evisynth.stats.batch import join
from evisynth.stats.heterogeneity import Tau2Method
from evisynth.stats.kernel_codes import CODES
from evisynth.stats.kernel_path import COMPILED_CELLS, flat_cells, is_large
from evisynth.stats.pooling import (
    Finish,
    PooledBatch,
    pool_batch,
    pool_cells,
    prediction_interval,
)

__all__ = [
    "COMPILED_CELLS",
    "GROUP_REASONS",
    "GroupFits",
    "compiled_pays",
    "join_groups",
    "pool_groups",
]

Floats = NDArray[np.float64]

GROUP_REASONS = (
    "",
    "no row has an estimate with a variance",
    "a variance is 0 or negative",
    "an estimate or a variance is infinite",
    "one study: the between-study variance cannot be estimated",
    "the search for tau² did not converge",
)
"""Why numbers of a group are NaN, by status."""

ROWS = 2048
"""Groups that are computed together; threads are the caller's."""

NONE, NOT_POSITIVE, INFINITE, SINGLE, NOT_CONVERGED = range(1, 6)

PredictionMethod = Literal["t k-1", "t k-2", "normal", "none"]


@dataclass(frozen=True, slots=True)
class GroupFits:
    """Fits of G groups of estimates; every field has shape (G,), pooled scale.

    Attributes
    ----------
    k, left_out : ndarray of int
        Number of estimates pooled, and of rows without an estimate or a variance.
    estimate, se, ci_lower, ci_upper, statistic, df, p_value : ndarray
        Pooled effect with its test; NaN where the group could not be fitted.
    tau2, i2, h2, q, q_p : ndarray
        Heterogeneity (I² in percent).
    prediction_lower, prediction_upper : ndarray
        Prediction interval, NaN for fewer than three studies.
    safeguard_applied : ndarray of bool
        Whether the safeguard of Hartung-Knapp acted.
    status : ndarray of int
        Place in `GROUP_REASONS`; 0 where all is well.
    """

    k: NDArray[np.int32]
    left_out: NDArray[np.int32]
    estimate: Floats
    se: Floats
    ci_lower: Floats
    ci_upper: Floats
    statistic: Floats
    df: Floats
    p_value: Floats
    tau2: Floats
    i2: Floats
    h2: Floats
    q: Floats
    q_p: Floats
    prediction_lower: Floats
    prediction_upper: Floats
    safeguard_applied: NDArray[np.bool_]
    status: NDArray[np.int8]


def compiled_pays(cells: int) -> bool:
    """Return whether so many estimates in all are pooled by compiled loops.

    Loading the loops takes longer than pooling a few groups by arrays; without Numba there are
    none.
    """
    return is_large(cells)


def join_groups(parts: list[GroupFits]) -> GroupFits:
    """Put the fits of several parts one after the other."""
    if len(parts) == 1:
        return parts[0]
    return join(parts)


def pool_groups(
    estimates: Floats,
    variances: Floats,
    offsets: NDArray[np.int64],
    *,
    model: Literal["random", "equal"] = "random",
    tau2: Tau2Method = "REML",
    ci: Literal["HKSJ", "t", "z"] = "HKSJ",
    safeguard: Literal["wider", "truncate", "none"] = "wider",
    prediction: PredictionMethod = "t k-1",
    level: float = 0.95,
    compiled: bool | None = None,
) -> GroupFits:
    """Pool each group of estimates; what cannot be fitted gets NaN and a status, never an error.

    Parameters
    ----------
    estimates, variances
        Shape (N,); NaN in either is a row without an estimate.
    offsets
        Shape (G + 1,), rising from 0 to N: group g holds rows ``offsets[g]`` up to, not including,
        ``offsets[g + 1]``.
    model, tau2, ci, safeguard, level
        As in `evisynth.stats.pool_batch`.
    prediction
        As in `evisynth.stats.prediction_interval`, or ``"none"``.
    compiled
        Whether compiled loops are taken where they can be had (see `compiled_pays`); by default,
        where there are enough rows.

    Examples
    --------
    >>> found = pool_groups(
    ...     np.array([0.1, 0.3, 0.8, 0.5]), np.array([0.02, 0.03, 0.05, -1]), np.array([0, 3, 4])
    ... )
    >>> found.estimate.round(4), found.status
    (array([0.3704,    nan]), array([0, 2], dtype=int8))
    """
    size = np.diff(offsets)
    missing = np.isnan(estimates) | np.isnan(variances)
    status = np.zeros(len(size), dtype=np.int8)
    infinite = ~missing & (np.isinf(estimates) | np.isinf(variances))
    not_positive = ~missing & (variances <= 0)
    usable = ~missing
    for rows, code in ((infinite, INFINITE), (not_positive, NOT_POSITIVE)):
        if rows.any():
            status[_counts(rows, offsets) > 0] = code
    if status.any():
        usable &= np.repeat(status == 0, size)
    k = _counts(usable, offsets)
    if usable.all():
        y, v, starts = estimates, variances, offsets
    else:
        y, v = estimates[usable], variances[usable]
        starts = np.concatenate([[0], np.cumsum(k)])
    how = _How(model, tau2, ci, safeguard, level)
    fit = _fits(y, v, starts, how, compiled_pays(len(estimates)) if compiled is None else compiled)
    status[(status == 0) & (k == 0)] = NONE
    if model == "random":
        status[(status == 0) & (k == 1)] = SINGLE
    lost = ~fit.converged
    status[(status == 0) & lost] = NOT_CONVERGED
    if prediction == "none" or model == "equal":
        low = high = np.full(len(k), np.nan)
    else:
        low, high = prediction_interval(
            fit.estimate, fit.se, fit.tau2, k, method=prediction, level=level
        )
    gone = lost | (k == 0)

    def shown(values: Floats) -> Floats:
        return np.where(gone, np.nan, values) if gone.any() else values

    return GroupFits(
        k=k.astype(np.int32),
        left_out=_counts(missing, offsets).astype(np.int32),
        estimate=shown(fit.estimate),
        se=shown(fit.se),
        ci_lower=shown(fit.ci_lower),
        ci_upper=shown(fit.ci_upper),
        statistic=shown(fit.statistic),
        df=shown(fit.df),
        p_value=shown(fit.p_value),
        tau2=shown(fit.tau2),
        i2=shown(fit.i2),
        h2=shown(fit.h2),
        q=shown(fit.q),
        q_p=shown(fit.q_p),
        prediction_lower=shown(low),
        prediction_upper=shown(high),
        safeguard_applied=fit.safeguard_applied & ~gone,
        status=status,
    )


@dataclass(frozen=True, slots=True)
class _How:
    """Options of `pool_groups` that concern the fit."""

    model: Literal["random", "equal"]
    tau2: Tau2Method
    ci: Literal["HKSJ", "t", "z"]
    safeguard: Literal["wider", "truncate", "none"]
    level: float


def _fits(
    y: Floats, v: Floats, starts: NDArray[np.int64], how: _How, compiled: bool
) -> PooledBatch:
    """Pool all groups, each in the same way whatever stands beside it."""
    size = np.diff(starts)
    if not len(size):
        return _of_one_size(np.empty((0, 1)), np.empty((0, 1)), how)
    if compiled and (how.model == "equal" or how.tau2 in CODES):
        finish = Finish(
            equal=how.model == "equal",
            ci=how.ci,
            safeguard=how.safeguard,
            level=how.level,
            null=0.0,
        )
        parts = []
        for begin in range(0, len(size), ROWS):
            rows = slice(begin, begin + ROWS)
            cells = flat_cells(y, v, starts[:-1][rows], size[rows])
            parts.append(pool_cells(cells, finish, how.tau2, tau2_details=False))
        return parts[0] if len(parts) == 1 else join(parts)
    # arrays: groups of one size together, since padding would change how sums are rounded
    places, parts = [], []
    for k in np.unique(size):
        here = np.flatnonzero(size == k)
        at = starts[here][:, None] + np.arange(k)
        places.append(here)
        parts.append(_of_one_size(y[at], v[at], how))
    whole, order = join(parts), np.argsort(np.concatenate(places))
    return PooledBatch(**{one.name: getattr(whole, one.name)[order] for one in fields(whole)})


def _of_one_size(y: Floats, v: Floats, how: _How) -> PooledBatch:
    """Pool groups of the same size by arrays."""
    here = np.ones(y.shape, dtype=np.bool_)
    if y.shape[1] == 0:
        y, v, here = np.zeros((len(y), 1)), np.ones((len(y), 1)), np.zeros((len(y), 1), np.bool_)
    # a single one would be pooled as plain numbers, with other roundings
    twice = np.repeat(np.arange(len(y)), 2) if len(y) == 1 else np.arange(len(y))
    fit = pool_batch(
        y[twice],
        v[twice],
        here[twice],
        model=how.model,
        tau2=how.tau2,
        ci=how.ci,
        safeguard=how.safeguard,
        level=how.level,
    )
    return PooledBatch(**{one.name: getattr(fit, one.name)[: len(y)] for one in fields(fit)})


def _counts(rows: NDArray[np.bool_], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many rows of each group are true."""
    if rows.all():
        return np.diff(offsets)
    before = np.concatenate([[0], np.cumsum(rows)])
    return np.asarray(before[offsets[1:]] - before[offsets[:-1]])
