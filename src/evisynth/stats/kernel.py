"""Many fits that share their numbers: subsets, sign flips, permutations, ragged groups.

`subset_batch` (all subsets, leave-one-out, bootstrap), `flip_batch` (permutation test of a pooled
effect), `pool_ragged` (very many meta-analyses, one after the other in flat arrays) and
`regress_permutations` (permutation test of moderators) take the estimates once and return one fit
each; nothing is padded or copied fit by fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, TypeVar, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError
from evisynth.stats.batch import CHUNK_CELLS, join
from evisynth.stats.heterogeneity import Tau2Method
from evisynth.stats.kernel_codes import CODES, Cells
from evisynth.stats.kernel_path import flat_cells, in_threads, is_large, ready, run_designs
from evisynth.stats.pooling import Finish, PooledBatch, pool_batch, pool_cells
from evisynth.stats.regression import (
    RegressionFinish,
    joint_statistic,
    regress_batch,
    regression_job,
)

__all__ = [
    "PermutedRegressions",
    "flip_batch",
    "pool_ragged",
    "regress_permutations",
    "subset_batch",
]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Result = TypeVar("Result", PooledBatch, "PermutedRegressions")


class PoolOptions(TypedDict, total=False):
    """Options of `evisynth.stats.pool_batch`, with its defaults."""

    model: Literal["random", "equal"]
    tau2: Tau2Method | Floats
    ci: Literal["HKSJ", "t", "z"]
    safeguard: Literal["wider", "truncate", "none"]
    level: float
    null: float
    tau2_details: bool


@dataclass(frozen=True, slots=True)
class PermutedRegressions:
    """Meta-regressions of one set of estimates on reordered rows of one design.

    Attributes
    ----------
    coefficients, se, statistics : ndarray, shape (S, P)
        Coefficients, their standard errors and t (or z) statistics.
    omnibus : ndarray, shape (S,)
        Joint test of the columns tested: F, or chi² where the tests are normal.
    tau2 : ndarray, shape (S,)
        Residual between-study variance; NaN in the equal-effects model.
    converged : ndarray of bool, shape (S,)
        Whether the search for tau² ended at a solution.
    """

    coefficients: Floats
    se: Floats
    statistics: Floats
    omnibus: Floats
    tau2: Floats
    converged: Bools


def subset_batch(
    estimates: ArrayLike,
    variances: ArrayLike,
    subsets: NDArray[np.bool_] | NDArray[np.integer],
    **options: Unpack[PoolOptions],
) -> PooledBatch:
    """Pool many subsets, or many draws, of one set of estimates.

    Parameters
    ----------
    estimates, variances
        Shape (K,), shared by all.
    subsets
        Truth values, shape (S, K): which estimates each subset holds. Or whole numbers, shape
        (S, M): the rows that each draw holds, which may repeat (bootstrap).
    **options
        As in `evisynth.stats.pool_batch`.

    Returns
    -------
    PooledBatch
        One row a subset, in order.

    Raises
    ------
    DataError
        If the arrays do not fit together or a value cannot be used.

    Examples
    --------
    >>> y, v = [0.1, 0.3, 0.8, 0.5], [0.02, 0.03, 0.05, 0.01]
    >>> masks = np.array([[True, True, True, False], [False, True, True, True]])
    >>> subset_batch(y, v, masks).estimate.round(4)
    array([0.3704, 0.4964])
    >>> subset_batch(y, v, np.array([[0, 0, 2, 3]])).k
    array([4])
    """
    y, v = _shared(estimates, variances)
    if subsets.ndim != 2 or (subsets.dtype == np.bool_ and subsets.shape[1] != len(y)):
        raise DataError(
            f"subsets have shape {subsets.shape}; (S, {len(y)}) truth values or (S, M) whole "
            "numbers are needed"
        )
    if subsets.dtype == np.bool_:
        masks = subsets.astype(np.bool_, copy=False)
        if _compiled(masks.size, options):
            return _pool_cells(flat_cells(y, v, *_whole(masks.shape), mask=masks), options)

        def fit(rows: slice) -> PooledBatch:
            part = masks[rows]
            wide_y, wide_v = np.broadcast_to(y, part.shape), np.broadcast_to(v, part.shape)
            return pool_batch(wide_y, wide_v, part, **_own(options, rows))

        return _in_parts(fit, masks.shape)
    draws = _row_numbers(subsets, len(y), "subsets")
    if _compiled(draws.size, options):
        return _pool_cells(flat_cells(y, v, *_whole((len(draws), len(y))), draws=draws), options)
    return _in_parts(
        lambda rows: pool_batch(y[draws[rows]], v[draws[rows]], **_own(options, rows)), draws.shape
    )


def flip_batch(
    estimates: ArrayLike,
    variances: ArrayLike,
    signs: NDArray[np.integer] | NDArray[np.bool_],
    **options: Unpack[PoolOptions],
) -> PooledBatch:
    """Pool one set of estimates under many sign flips (permutation test of a pooled effect).

    Parameters
    ----------
    estimates, variances
        Shape (K,), shared by all; the estimates are deviations from no effect.
    signs
        Shape (S, K): -1 or 1, or truth values that say which estimates change their sign.
    **options
        As in `evisynth.stats.pool_batch`.

    Examples
    --------
    >>> flips = np.array([[1, 1, 1], [-1, -1, -1]])
    >>> flip_batch([0.1, 0.3, 0.8], [0.02, 0.03, 0.05], flips).estimate.round(4)
    array([ 0.3704, -0.3704])
    """
    y, v = _shared(estimates, variances)
    if signs.ndim != 2 or signs.shape[1] != len(y):
        raise DataError(f"signs have shape {signs.shape}; (S, {len(y)}) is needed")

    flips = np.asarray(signs if signs.dtype == np.bool_ else signs < 0, dtype=np.bool_)
    if _compiled(flips.size, options):
        return _pool_cells(flat_cells(y, v, *_whole(flips.shape), flips=flips), options)

    def fit(rows: slice) -> PooledBatch:
        part = flips[rows]
        wide = np.broadcast_to(v, part.shape)
        return pool_batch(np.where(part, -y, y), wide, **_own(options, rows))

    return _in_parts(fit, flips.shape)


def pool_ragged(
    estimates: ArrayLike,
    variances: ArrayLike,
    offsets: ArrayLike,
    **options: Unpack[PoolOptions],
) -> PooledBatch:
    """Pool many meta-analyses that stand one after the other in flat arrays.

    Parameters
    ----------
    estimates, variances
        Shape (N,), finite; all estimates of the first meta-analysis, then of the second, ...
    offsets
        Shape (G + 1,), rising from 0 to N: meta-analysis g holds rows ``offsets[g]`` up to, not
        including, ``offsets[g + 1]``.
    **options
        As in `evisynth.stats.pool_batch`.

    Examples
    --------
    >>> pool_ragged([0.1, 0.3, 0.8, 0.5, 0.2], [0.02, 0.03, 0.05, 0.01, 0.04], [0, 3, 5]).k
    array([3, 2])
    """
    y, v = _shared(estimates, variances)
    starts = np.asarray(offsets, dtype=np.int64)
    if starts.ndim != 1 or len(starts) < 1 or starts[0] != 0 or starts[-1] != len(y):
        raise DataError(
            f"offsets must rise from 0 to the number of estimates, {len(y)}; got {offsets!r:.80}"
        )
    k = np.diff(starts)
    if (k < 0).any():
        raise DataError(f"offsets fall after place {int(np.argmax(k < 0))}; they must not")
    if _compiled(len(y), options):
        return _pool_cells(flat_cells(y, v, starts[:-1].copy(), k), options)

    def fit(rows: slice) -> PooledBatch:
        own = k[rows]
        here = np.arange(max(1, int(own.max(initial=0)))) < own[:, None]
        wide_y, wide_v = np.zeros(here.shape), np.ones(here.shape)
        cells = slice(starts[rows.start], starts[rows.start] + own.sum())
        wide_y[here], wide_v[here] = y[cells], v[cells]
        return pool_batch(wide_y, wide_v, here, **_own(options, rows))

    return _in_parts(fit, (len(k), max(1, int(k.max(initial=1)))))


def regress_permutations(
    estimates: ArrayLike,
    variances: ArrayLike,
    design: Floats,
    orders: NDArray[np.integer],
    *,
    tested: Sequence[int] | None = None,
    model: Literal["random", "equal"] = "random",
    tau2: Tau2Method | float = "REML",
    ci: Literal["HKSJ", "t", "z"] = "HKSJ",
    safeguard: Literal["wider", "truncate", "none"] = "wider",
    level: float = 0.95,
) -> PermutedRegressions:
    """Fit a meta-regression to each of many orders of the rows of its design.

    Parameters
    ----------
    estimates, variances
        Shape (K,), shared by all.
    design
        Shape (K, P), columns independent (`evisynth.stats.check_rank`).
    orders
        Whole numbers, shape (S, K): fit s pairs estimate i with row ``orders[s, i]`` of the design.
    tested
        Columns of the joint test; by default all but the first, or the only one.
    model, tau2, ci, safeguard, level
        As in `evisynth.stats.regress_batch`.

    Raises
    ------
    DataError
        If the arrays do not fit together, or there are no more estimates than coefficients.

    Examples
    --------
    >>> x = np.column_stack([np.ones(5), [0, 1, 2, 3, 4]])
    >>> y, v = [0.1, 0.3, 0.8, 0.5, 0.9], [0.02, 0.03, 0.05, 0.01, 0.04]
    >>> orders = np.array([[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]])
    >>> regress_permutations(y, v, x, orders).coefficients[:, 1].round(4)
    array([ 0.1651, -0.1651])
    """
    y, v = _shared(estimates, variances)
    x = np.asarray(design, dtype=np.float64)
    if x.ndim != 2 or len(x) != len(y) or x.shape[1] == 0:
        raise DataError(f"the design has shape {x.shape}; ({len(y)}, P) is needed")
    if orders.ndim != 2 or orders.shape[1] != len(y):
        raise DataError(f"orders have shape {orders.shape}; (S, {len(y)}) is needed")
    places = _row_numbers(orders, len(y), "orders")
    after_intercept = range(min(1, x.shape[1] - 1), x.shape[1])
    columns = list(after_intercept if tested is None else tested)

    known = tau2 if isinstance(tau2, str) else np.full(len(places), float(tau2))
    finish = RegressionFinish(model == "equal", ci, safeguard, level)
    if is_large(places.size, design=True) and (not isinstance(tau2, str) or tau2 in CODES):
        cells = flat_cells(y, v, *_whole(places.shape), draws=places)
        job = regression_job(cells, finish, known)
        rows_of, begin = ready(x), cells.starts

        def work(rows: slice) -> PermutedRegressions:
            found = run_designs(job, rows_of, begin, rows, hats=False)
            se, covariance, df = finish.tests(found)
            with np.errstate(divide="ignore", invalid="ignore"):
                return PermutedRegressions(
                    coefficients=found.coefficients,
                    se=se,
                    statistics=found.coefficients / se,
                    omnibus=joint_statistic(found.coefficients, covariance, df, columns),
                    tau2=found.tau2,
                    converged=found.converged,
                )

        parts = in_threads(work, len(places))
        return parts[0] if len(parts) == 1 else join(parts)

    def fit(rows: slice) -> PermutedRegressions:
        part = places[rows]
        done = regress_batch(
            np.broadcast_to(y, part.shape),
            np.broadcast_to(v, part.shape),
            x[part],
            model=model,
            tau2=known if isinstance(known, str) else known[rows],
            ci=ci,
            safeguard=safeguard,
            level=level,
        )
        return PermutedRegressions(
            coefficients=done.coefficients,
            se=done.se,
            statistics=done.statistics,
            omnibus=joint_statistic(done.coefficients, done.covariance, done.df, columns),
            tau2=done.tau2,
            converged=done.converged,
        )

    return _in_parts(fit, (len(places), x.size))


def _shared(estimates: ArrayLike, variances: ArrayLike) -> tuple[Floats, Floats]:
    """Return the flat arrays of estimates and variances."""
    y = np.asarray(estimates, dtype=np.float64)
    v = np.asarray(variances, dtype=np.float64)
    if y.ndim != 1 or y.shape != v.shape:
        raise DataError(
            f"estimates have shape {y.shape} and variances {v.shape}; both must be flat and of "
            "one length"
        )
    return y, v


def _row_numbers(rows: NDArray[Any], size: int, what: str) -> NDArray[np.int64]:
    """Return row numbers; refuse those that do not exist."""
    if not np.issubdtype(rows.dtype, np.integer):
        raise DataError(f"{what} must be truth values or whole numbers, not {rows.dtype}")
    if rows.size and (rows.min() < 0 or rows.max() >= size):
        raise DataError(f"{what} must be row numbers from 0 to {size - 1}")
    return rows.astype(np.int64, copy=False)


def _whole(shape: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return begin and length of rows that all read the same estimates."""
    return np.zeros(shape[0], dtype=np.int64), np.full(shape[0], shape[1], dtype=np.int64)


def _compiled(cells: int, options: PoolOptions) -> bool:
    """Return whether the compiled loops are to do it."""
    tau2 = options.get("tau2", "REML")
    return is_large(cells) and (not isinstance(tau2, str) or tau2 in CODES)


def _pool_cells(cells: Cells, options: PoolOptions) -> PooledBatch:
    """Pool by the compiled loops."""
    finish = Finish(
        equal=options.get("model", "random") == "equal",
        ci=options.get("ci", "HKSJ"),
        safeguard=options.get("safeguard", "wider"),
        level=options.get("level", 0.95),
        null=options.get("null", 0.0),
    )
    return pool_cells(
        cells, finish, options.get("tau2", "REML"), options.get("tau2_details", False)
    )


def _own(options: PoolOptions, rows: slice) -> PoolOptions:
    """Return the options of some rows: known values of tau² may differ by row."""
    known = options.get("tau2", "REML")
    if isinstance(known, str) or np.ndim(known) == 0:
        return options
    return {**options, "tau2": np.asarray(known)[rows]}


def _in_parts(fit: Callable[[slice], Result], shape: tuple[int, ...]) -> Result:
    """Fit in parts of a bounded size."""
    size, width = shape
    chunk = max(1, CHUNK_CELLS // max(1, width))
    parts = [fit(slice(start, min(start + chunk, size))) for start in range(0, max(size, 1), chunk)]
    return parts[0] if len(parts) == 1 else join(parts)
