"""Which way a batch goes, plain numbers, arrays or compiled loops, and over which threads.

The way depends on the size of the work alone, so that the same call gives the same bytes always:
a single small fit goes through `kernel_scalar`, up to `COMPILED_CELLS` cells go through the arrays
of `algebra` and `roots`, and what is larger through the loops that Numba compiles (`kernel_means`,
`kernel_designs`). Without Numba the arrays do everything; results agree to rounding.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError
from evisynth.stats.batch import unusable
from evisynth.stats.distributions import chi2_quantile
from evisynth.stats.kernel_codes import CODES, KNOWN, NONE, Cells

__all__ = [
    "Fitted",
    "FittedDesigns",
    "Job",
    "flat_cells",
    "in_threads",
    "is_large",
    "padded",
    "ready",
    "run_designs",
    "run_means",
    "search_padded",
]

Floats = NDArray[np.float64]
Part = TypeVar("Part")

COMPILED_CELLS = 275_000
"""Estimates in a batch from which compiled loops pay: the arrays need some 50 ms for as many,
loading Numba and the loops half a second, once in a process."""

DESIGN_CELLS = 100_000
"""The same for meta-regressions, whose arrays are slower."""

CHUNK_ROWS = 2048
"""Rows that one thread fits at a time."""


@lru_cache(maxsize=1)
def _has_numba() -> bool:
    return find_spec("numba") is not None


def is_large(cells: int, *, design: bool = False) -> bool:
    """Return whether a batch of so many estimates goes through the compiled loops."""
    return cells >= (DESIGN_CELLS if design else COMPILED_CELLS) and _has_numba()


def thread_count() -> int:
    """Return how many processors this process may use; results do not depend on it."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_threads(work: Callable[[slice], Part], size: int) -> list[Part]:
    """Call ``work`` on consecutive parts of ``size`` rows; return what it gave, in order."""
    parts = [
        slice(begin, min(begin + CHUNK_ROWS, size)) for begin in range(0, max(size, 1), CHUNK_ROWS)
    ]
    threads = min(thread_count(), len(parts))
    if threads < 2:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, parts))


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked of the compiled loops.

    Attributes
    ----------
    cells : Cells
        The batch.
    method : int
        Estimator (see `evisynth.stats.kernel_codes`).
    known : ndarray, shape (B,), or (0,)
        Known values of tau².
    wanted : tuple of bool
        Whether the standard error of tau² is, and the limits.
    targets : ndarray, shape (K + 1, 2), or (0, 2)
        Upper and lower chi² quantile at each number of degrees of freedom, for the limits.
    """

    cells: Cells
    method: int
    known: Floats
    wanted: tuple[bool, bool]
    targets: Floats

    @classmethod
    def of(
        cls, cells: Cells, tau2: str | Floats | None, *, error: bool, limits: bool, level: float
    ) -> Job:
        """Prepare a job; ``tau2`` None means the equal-effects model."""
        targets = np.empty((0, 2))
        if limits:
            longest = max(int(cells.lengths.max(initial=1)), cells.draws.shape[1])
            dof = np.arange(1.0, longest)
            targets = np.full((len(dof) + 1, 2), np.nan)
            targets[1:, 0] = chi2_quantile(dof, 0.5 + level / 2)
            targets[1:, 1] = chi2_quantile(dof, 0.5 - level / 2)
        if isinstance(tau2, str):
            return cls(cells, CODES[tau2], np.empty(0), (error, limits), targets)
        if tau2 is None:
            return cls(cells, NONE, np.empty(0), (False, limits), targets)
        return cls(cells, KNOWN, ready(tau2), (False, limits), targets)


class Fitted(NamedTuple):
    """What the compiled loops found for some rows, original scale, each of shape (B,)."""

    k: NDArray[np.int64]
    tau2: Floats
    tau2_se: Floats
    tau2_lower: Floats
    tau2_upper: Floats
    limits_status: NDArray[np.int8]
    converged: NDArray[np.bool_]
    iterations: NDArray[np.int64]
    estimate: Floats
    total: Floats
    q_fit: Floats
    q: Floats
    trace: Floats


class Tau2Search(NamedTuple):
    """What concerns tau² alone, original scale, each of shape (B,)."""

    k: NDArray[np.int64]
    tau2: Floats
    tau2_se: Floats
    tau2_lower: Floats
    tau2_upper: Floats
    limits_status: NDArray[np.int8]
    converged: NDArray[np.bool_]
    iterations: NDArray[np.int64]


class FittedDesigns(NamedTuple):
    """What was found for some meta-regressions, original scale; shapes as in `RegressionBatch`.

    ``covariance`` is (X'WX)^-1; ``hats`` has no row where they were not asked for.
    """

    k: NDArray[np.int64]
    tau2: Floats
    tau2_se: Floats
    tau2_lower: Floats
    tau2_upper: Floats
    limits_status: NDArray[np.int8]
    converged: NDArray[np.bool_]
    iterations: NDArray[np.int64]
    coefficients: Floats
    covariance: Floats
    q_fit: Floats
    q: Floats
    trace: Floats
    hats: Floats


def ready(values: ArrayLike, kind: type = np.float64) -> NDArray[Any]:
    """Return an array of the one kind that the loops are compiled for; a copy only if it is not.

    Arrays that may not be written to (pandas hands them out) would be another kind.
    """
    return np.require(values, dtype=kind, requirements=["C", "W", "A"])


def padded(
    estimates: ArrayLike, variances: ArrayLike, present: NDArray[np.bool_] | None
) -> Cells | None:
    """Return a padded batch as cells, nothing copied; None where the shapes are not a batch's."""
    y, v = np.atleast_2d(ready(estimates)), np.atleast_2d(ready(variances))
    if present is not None:
        present = np.atleast_2d(present)
    if y.ndim != 2 or y.shape != v.shape or (present is not None and present.shape != y.shape):
        return None
    size, width = y.shape
    starts = np.arange(size, dtype=np.int64) * width
    return flat_cells(y.ravel(), v.ravel(), starts, np.full(size, width), mask=present)


def flat_cells(
    y: Floats,
    v: Floats,
    starts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    *,
    mask: NDArray[np.bool_] | None = None,
    draws: NDArray[np.integer] | None = None,
    flips: NDArray[np.bool_] | None = None,
) -> Cells:
    """Return cells with what was not given empty."""
    none, nowhere = np.empty((0, 0), dtype=np.bool_), np.empty((0, 0), dtype=np.int64)
    return Cells(
        ready(y),
        ready(v),
        ready(starts, np.int64),
        ready(lengths, np.int64),
        none if mask is None else ready(mask, np.bool_),
        nowhere if draws is None else ready(draws, np.int64),
        none if flips is None else ready(flips, np.bool_),
    )


def _part(cells: Cells, rows: slice) -> Cells:
    """Return some rows; what was not given stays empty."""
    return cells._replace(
        starts=cells.starts[rows],
        lengths=cells.lengths[rows],
        mask=cells.mask[rows],
        draws=cells.draws[rows],
        flips=cells.flips[rows],
    )


def run_means(job: Job, rows: slice) -> Fitted:
    """Fit some rows of a job.

    Raises
    ------
    DataError
        If a cell that counts cannot be used.
    """
    from evisynth.stats.kernel_means import fit_means

    cells, begin, size = job.cells, rows.start, rows.stop - rows.start
    part = _part(cells, rows)
    out, flags = np.empty((size, 9)), np.empty((size, 4), dtype=np.int32)
    known = job.known[rows]
    bad = fit_means(part, 0, size, job.method, known, job.wanted, job.targets, out, flags)
    if bad >= 0:
        raise _unusable(part, bad, begin)
    return Fitted(
        k=flags[:, 0].astype(np.int64),
        tau2=out[:, 0],
        tau2_se=out[:, 1],
        tau2_lower=out[:, 2],
        tau2_upper=out[:, 3],
        limits_status=flags[:, 3].astype(np.int8),
        converged=flags[:, 1] > 0,
        iterations=flags[:, 2].astype(np.int64),
        estimate=out[:, 4],
        total=out[:, 5],
        q_fit=out[:, 6],
        q=out[:, 7],
        trace=out[:, 8],
    )


def run_designs(
    job: Job, design: Floats, design_starts: NDArray[np.int64], rows: slice, *, hats: bool
) -> FittedDesigns:
    """Fit the meta-regressions of some rows of a job.

    Parameters
    ----------
    job
        Its draws are rows of the design, not of the estimates.
    design
        Shape (N, P): the rows of all designs.
    design_starts
        Shape (B,): where the design of each meta-analysis begins.
    rows
        Which meta-analyses.
    hats
        Whether hat values are wanted.

    Raises
    ------
    DataError
        If a cell that counts cannot be used.
    """
    from evisynth.stats.kernel_designs import fit_designs

    part, begin, size, p = (
        _part(job.cells, rows),
        rows.start,
        rows.stop - rows.start,
        design.shape[1],
    )
    out, flags = np.empty((size, 7 + p + p * p)), np.empty((size, 4), dtype=np.int32)
    leverages = np.empty((size if hats else 0, int(part.lengths.max(initial=0))))
    bad = fit_designs(
        part, design, design_starts[rows], 0, size, job.method, job.known[rows], job.wanted,
        job.targets, out, flags, leverages,
    )  # fmt: skip
    if bad >= 0:
        raise _unusable(part._replace(draws=part.draws[:0]), bad, begin)
    return FittedDesigns(
        k=flags[:, 0].astype(np.int64),
        tau2=out[:, 0],
        tau2_se=out[:, 1],
        tau2_lower=out[:, 2],
        tau2_upper=out[:, 3],
        limits_status=flags[:, 3].astype(np.int8),
        converged=flags[:, 1] > 0,
        iterations=flags[:, 2].astype(np.int64),
        coefficients=out[:, 7 : 7 + p],
        covariance=out[:, 7 + p :].reshape(size, p, p),
        q_fit=out[:, 4],
        q=out[:, 5],
        trace=out[:, 6],
        hats=leverages,
    )


def search_padded(
    estimates: ArrayLike,
    variances: ArrayLike,
    present: NDArray[np.bool_] | None,
    design: Floats | None,
    tau2: str | None,
    *,
    error: bool = False,
    limits: bool = False,
    level: float = 0.95,
) -> Tau2Search | None:
    """Return tau² or its limits of a padded batch; None where the arrays are to do it.

    That is where the batch is small, Numba is missing, the estimator is not compiled, or shapes
    do not fit together (the arrays say so).
    """
    known = tau2 is None or tau2 in CODES
    if not (known and is_large(np.size(estimates), design=design is not None)):
        return None
    cells = padded(estimates, variances, present)
    if cells is None:
        return None
    job = Job.of(cells, tau2, error=error, limits=limits, level=level)
    size, width = len(cells.starts), int(cells.lengths[0])
    if design is None:

        def work(rows: slice) -> Fitted | FittedDesigns:
            return run_means(job, rows)

    else:
        x = ready(design)
        if x.ndim not in (2, 3) or x.shape[-1] == 0:
            return None
        if x.shape[:-1] not in ((width,), (size, width)):
            return None
        starts = cells.starts if x.ndim == 3 else np.zeros(size, dtype=np.int64)
        rows_of = x.reshape(-1, x.shape[-1])

        def work(rows: slice) -> Fitted | FittedDesigns:
            return run_designs(job, rows_of, starts, rows, hats=False)

    parts = in_threads(work, size)
    columns = ([getattr(part, name) for part in parts] for name in Tau2Search._fields)
    return Tau2Search(*(np.concatenate(column) for column in columns))


def _unusable(cells: Cells, row: int, before: int) -> DataError:
    """Return the error for the first cell of a row that cannot be used."""
    for column in range(cells.draws.shape[1] or cells.lengths[row]):
        if len(cells.mask) and not cells.mask[row, column]:
            continue
        place = cells.starts[row] + (cells.draws[row, column] if len(cells.draws) else column)
        y, v = cells.estimates[place], cells.variances[place]
        if not (np.isfinite(y) and np.isfinite(v) and v > 0):
            return unusable(before + row, column, y, v)
    return DataError(
        f"meta-analysis {before + row}: the design has cells that are not finite where estimates "
        "are present"
    )
