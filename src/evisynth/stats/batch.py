"""The arrays that every kernel takes: a batch of meta-analyses, ragged lengths masked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError

__all__ = ["Batch", "as_batch"]

Floats = NDArray[np.float64]


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
        raise DataError(
            f"meta-analysis {row}, estimate {column}: estimate {y[row, column]} with variance "
            f"{v[row, column]}; estimates must be finite and variances finite and above 0 "
            "(leave a cell out by the mask `present`)"
        )
    return Batch(y, v, here, here.sum(axis=1))
