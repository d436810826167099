"""Heterogeneity from absolute deviations, which outlying studies sway less than squares.

Lin, Chu and Hodges 2017 (doi:10.1111/biom.12543).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError

__all__ = ["AbsoluteHeterogeneity", "absolute_heterogeneity", "weighted_median"]

Floats = NDArray[np.float64]

HALF = 1e-12
"""Share of the weight that counts as rounding about one half."""


class AbsoluteHeterogeneity(NamedTuple):
    """Q, H and I² (percent) from absolute deviations about one center."""

    center: float
    q: float
    h: float
    i2: float


def absolute_heterogeneity(
    estimates: ArrayLike, variances: ArrayLike
) -> tuple[AbsoluteHeterogeneity, AbsoluteHeterogeneity]:
    """Return Q_r, H_r, I²_r about the weighted mean, and Q_m, H_m, I²_m about the weighted median.

    Parameters
    ----------
    estimates, variances
        Shape (K,), K at least 2; pooled scale.

    Notes
    -----
    Q is the sum of |y - center| / √v. Without heterogeneity it is expected to be √(2K(K - 1)/π)
    about the mean (of equal variances) and K√(2/π) about the median; H is Q over that, and I² is
    1 - 1/H², not below 0.

    Raises
    ------
    DataError
        If there are fewer than two estimates.

    Examples
    --------
    >>> mean, median = absolute_heterogeneity([0.1, 0.3, 0.8, 0.5], [0.02, 0.03, 0.05, 0.01])
    >>> round(mean.h, 4), round(median.i2, 1)
    (1.9864, 64.1)
    """
    y, v = np.asarray(estimates, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    k = len(y)
    if k < 2:
        raise DataError("heterogeneity needs at least two estimates")
    w = 1 / v
    found = []
    for center, expected in (
        (float(w @ y / w.sum()), math.sqrt(2 * k * (k - 1) / math.pi)),
        (weighted_median(y, w), k * math.sqrt(2 / math.pi)),
    ):
        q = float(np.sqrt(w) @ np.abs(y - center))
        i2 = max(0.0, 100 * (1 - (expected / q) ** 2)) if q > 0 else 0.0
        found.append(AbsoluteHeterogeneity(center, q, q / expected, i2))
    return found[0], found[1]


def weighted_median(values: ArrayLike, weights: ArrayLike) -> float:
    """Return the value with half of the weight on either side, the middle of two such values.

    Examples
    --------
    >>> weighted_median([1.0, 2.0, 4.0], [1.0, 1.0, 3.0]), weighted_median([1.0, 2.0], [1.0, 1.0])
    (4.0, 1.5)
    """
    y, w = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    order = np.argsort(y)
    y, passed = y[order], np.cumsum(w[order]) / w.sum()
    place = int(np.searchsorted(passed, 0.5 - HALF))
    if abs(passed[place] - 0.5) <= HALF and place + 1 < len(y):
        return float((y[place] + y[place + 1]) / 2)
    return float(y[place])
