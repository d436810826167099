"""Columns of a design that depend on the others: which are redundant, what the others cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.stats.regression import RANK_TOLERANCE

__all__ = ["independent_columns", "variance_inflation"]

Floats = NDArray[np.float64]


def independent_columns(design: ArrayLike) -> NDArray[np.bool_]:
    """Return which columns are not a combination of those before them, shape (P,).

    Parameters
    ----------
    design
        Shape (K, P). A column counts as dependent where less than a 1e-9th of its length lies
        outside the columns before it, as in `check_rank`.

    Examples
    --------
    >>> independent_columns([[1.0, 0, 2], [1, 1, 2], [1, 2, 2]])
    array([ True,  True, False])
    """
    x = np.asarray(design, dtype=np.float64)
    basis = np.empty((x.shape[0], 0))
    kept = np.zeros(x.shape[1], dtype=np.bool_)
    for column in range(x.shape[1]):
        if basis.shape[1] == x.shape[0]:
            break
        rest = vector = x[:, column]
        for _ in range(2):  # twice is enough (Kahan and Parlett)
            rest = rest - basis @ (basis.T @ rest)
        length = np.linalg.norm(vector)
        if length > 0 and np.linalg.norm(rest) > RANK_TOLERANCE * length:
            basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
            kept[column] = True
    return kept


def variance_inflation(covariance: ArrayLike, groups: Sequence[Sequence[int]]) -> Floats:
    """Return the generalized variance inflation factor of groups of coefficients.

    det R_gg det R_rr / det R over the correlations R of all coefficients (the intercept left out by
    the caller), g being the group and r the rest; for a single coefficient the usual factor (Fox
    and Monette 1992, doi:10.1080/01621459.1992.10475190).

    Parameters
    ----------
    covariance
        Covariance of the coefficients, shape (P, P).
    groups
        Places of the coefficients of each group.

    Returns
    -------
    ndarray, shape (number of groups,)

    Examples
    --------
    >>> variance_inflation([[1.0, 0.6], [0.6, 1.0]], [[0], [0, 1]])
    array([1.5625, 1.    ])
    """
    v = np.asarray(covariance, dtype=np.float64)
    size = np.sqrt(np.diag(v))
    r = v / np.outer(size, size)
    whole = np.linalg.slogdet(r)[1]
    found = []
    for group in groups:
        inside = np.asarray(group, dtype=np.int64)
        rest = np.setdiff1d(np.arange(len(v)), inside)
        logs = np.linalg.slogdet(r[np.ix_(inside, inside)])[1] - whole
        if rest.size:
            logs += np.linalg.slogdet(r[np.ix_(rest, rest)])[1]
        found.append(float(np.exp(logs)))
    return np.array(found)
