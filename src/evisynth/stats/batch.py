"""The arrays that every kernel takes: a batch of meta-analyses, ragged lengths masked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError

__all__ = ["CHUNK_CELLS", "Batch", "as_batch", "chunks", "join", "unusable"]

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Result = TypeVar("Result", bound=DataclassInstance)

Floats = NDArray[np.float64]

CHUNK_CELLS = 65_536
"""Cells of a batch worked on at once: the arrays of one search stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Batch:
    """B meta-analyses of at most K estimates.

    Attributes
    ----------
    estimates : ndarray, shape (B, K)
        Effect estimates on the pooled scale, 0 where absent.
    variances : ndarray, shape (B, K)
        Sampling variances, infinite where absent (so that the weight is exactly 0).
    present : ndarray of bool, shape (B, K)
        Which cells hold an estimate.
    k : ndarray of int, shape (B,)
        Number of estimates.
    """

    estimates: Floats
    variances: Floats
    present: NDArray[np.bool_]
    k: NDArray[np.int64]


def as_batch(
    estimates: ArrayLike, variances: ArrayLike, present: NDArray[np.bool_] | None = None
) -> Batch:
    """Check the arrays of a batch and bring them to their form.

    Parameters
    ----------
    estimates, variances
        Shape (B, K), or (K,) for a batch of one.
    present
        Shape (B, K) (or (K,)): which cells count. Without it every cell must be finite.

    Raises
    ------
    DataError
        If shapes differ, or a cell that counts is not finite or has a variance that is not
        positive.

    Examples
    --------
    >>> as_batch([[0.1, 0.3, np.nan]], [[0.2, 0.1, np.nan]], np.array([[True, True, False]])).k
    array([2])
    """
    y = np.array(estimates, dtype=np.float64, ndmin=2)
    v = np.array(variances, dtype=np.float64, ndmin=2)
    if y.ndim != 2 or y.shape != v.shape:
        raise DataError(
            f"estimates have shape {np.shape(estimates)} and variances {np.shape(variances)}; "
            "both must be (B, K), or (K,) for one meta-analysis"
        )
    if present is None:
        here = np.ones(y.shape, dtype=np.bool_)
    else:
        here = np.array(present, dtype=np.bool_, ndmin=2)
        if here.shape != y.shape:
            raise DataError(
                f"present has shape {np.shape(present)}, estimates have {np.shape(estimates)}"
            )
        y[~here] = 0.0
        v[~here] = np.inf
    good = np.isfinite(y) & (v > 0) & (np.isfinite(v) | ~here)
    if not good.all():
        row, column = np.argwhere(~good)[0]
        raise unusable(int(row), int(column), y[row, column], v[row, column])
    return Batch(y, v, here, here.sum(axis=1))


def unusable(row: int, column: int, estimate: float, variance: float) -> DataError:
    """Return the error that names a cell of which no weight can be formed."""
    return DataError(
        f"meta-analysis {row}, estimate {column}: estimate {estimate} with variance "
        f"{variance}; estimates must be finite and variances finite and above 0 "
        "(leave a cell out by the mask `present`)"
    )


def chunks(
    batch: Batch, design: Floats | None = None
) -> Iterator[tuple[slice, Batch, Floats | None]]:
    """Cut a batch, and a design of shape (B, K, P) with it, into parts that fit the cache."""
    size, width = batch.estimates.shape
    chunk = max(1, CHUNK_CELLS // max(1, width))
    if size <= chunk:
        yield slice(0, size), batch, design
        return
    for begin in range(0, size, chunk):
        rows = slice(begin, begin + chunk)
        piece = Batch(
            batch.estimates[rows], batch.variances[rows], batch.present[rows], batch.k[rows]
        )
        yield rows, piece, design[rows] if design is not None and design.ndim == 3 else design


def join(parts: list[Result]) -> Result:
    """Put results of parts of a batch together; every field is an array over the batch."""
    whole: dict[str, Any] = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(parts[0])
    }
    return type(parts[0])(**whole)
