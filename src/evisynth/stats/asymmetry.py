"""Tests for funnel plot asymmetry: Egger's regression and Begg's rank correlation.

References: Egger et al. 1997 (doi:10.1136/bmj.315.7109.629), Begg and Mazumdar 1994
(doi:10.2307/2533446).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.stats.distributions import two_sided_p

__all__ = ["LineFit", "RankCorrelation", "egger_line", "kendall", "rank_correlation"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LineFit:
    """A weighted line with multiplicative dispersion.

    ``statistic`` tests the slope with t on ``df`` = K - 2 degrees of freedom.
    """

    intercept: float
    slope: float
    slope_se: float
    statistic: float
    df: int
    p_value: float


@dataclass(frozen=True, slots=True)
class RankCorrelation:
    """Kendall's rank correlation (tau-b where there are ties)."""

    tau: float
    p_value: float
    exact: bool


def egger_line(estimates: ArrayLike, variances: ArrayLike, predictor: ArrayLike) -> LineFit:
    """Regress estimates on a predictor with weights 1/variance and a free residual scale.

    With the standard error as predictor this is Egger's test: its slope is the intercept of the
    regression of the standard normal deviate on precision.

    Parameters
    ----------
    estimates, variances, predictor
        Shape (K,), K of at least 3; the predictor must vary.

    Examples
    --------
    >>> v = np.array([0.02, 0.03, 0.05, 0.01])
    >>> egger_line([0.1, 0.3, 0.8, 0.5], v, np.sqrt(v)).df
    2
    """
    y, v, x = (np.asarray(a, dtype=np.float64) for a in (estimates, variances, predictor))
    w = v.min() / v
    total = w.sum()
    centre_x, centre_y = (w @ x) / total, (w @ y) / total
    dx, dy = x - centre_x, y - centre_y
    spread = w @ (dx * dx)
    slope = float((w @ (dx * dy)) / spread)
    residual = dy - slope * dx
    df = len(y) - 2
    scale = float(w @ (residual * residual)) / df
    slope_se = float(np.sqrt(scale / spread))
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = float(np.divide(slope, slope_se))
    return LineFit(
        intercept=float(centre_y - slope * centre_x),
        slope=slope,
        slope_se=slope_se,
        statistic=statistic,
        df=df,
        p_value=float(two_sided_p(statistic, df)),
    )


def rank_correlation(estimates: ArrayLike, variances: ArrayLike) -> RankCorrelation:
    """Correlate standardized estimates with variances by rank (Begg and Mazumdar).

    The estimates are centred at the inverse-variance mean and divided by the standard errors of the
    differences from it.

    Examples
    --------
    >>> rank_correlation([0.1, 0.3, 0.8, 0.5], [0.02, 0.03, 0.05, 0.01])
    RankCorrelation(tau=0.3333333333333333, p_value=0.75, exact=True)
    """
    y = np.asarray(estimates, dtype=np.float64)
    v = np.asarray(variances, dtype=np.float64)
    w = 1 / v
    mean = (w @ y) / w.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        standardized = (y - mean) / np.sqrt(v - 1 / w.sum())
    return kendall(standardized, v)


def kendall(x: ArrayLike, y: ArrayLike) -> RankCorrelation:
    """Return Kendall's tau with an exact two-sided P value, or a normal one where values tie.

    Parameters
    ----------
    x, y
        Shape (K,).

    Notes
    -----
    The normal approximation has the variance corrected for ties and no continuity correction.
    """
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    k = len(a)
    above = np.triu_indices(k, 1)
    score = float(
        (np.sign(a[:, None] - a[None, :]) * np.sign(b[:, None] - b[None, :]))[above].sum()
    )
    pairs = k * (k - 1) / 2
    ties_a, ties_b = _tie_sizes(a), _tie_sizes(b)
    if len(ties_a) == k and len(ties_b) == k:
        concordant = round((score + pairs) / 2)
        return RankCorrelation(score / pairs, _exact_p(concordant, k), exact=True)
    left = pairs - (ties_a * (ties_a - 1)).sum() / 2
    right = pairs - (ties_b * (ties_b - 1)).sum() / 2
    if left == 0 or right == 0:
        return RankCorrelation(float("nan"), float("nan"), exact=False)
    variance = (k * (k - 1) * (2 * k + 5) - _cubic(ties_a) - _cubic(ties_b)) / 18 + (
        ties_a * (ties_a - 1)
    ).sum() * (ties_b * (ties_b - 1)).sum() / (2 * k * (k - 1))
    if k > 2:
        variance += (
            (ties_a * (ties_a - 1) * (ties_a - 2)).sum()
            * (ties_b * (ties_b - 1) * (ties_b - 2)).sum()
            / (9 * k * (k - 1) * (k - 2))
        )
    z = score / np.sqrt(variance)
    return RankCorrelation(
        float(score / np.sqrt(left * right)), float(two_sided_p(z, np.inf)), exact=False
    )


def _tie_sizes(values: Floats) -> Floats:
    return np.unique(values, return_counts=True)[1].astype(np.float64)


def _cubic(sizes: Floats) -> float:
    return float((sizes * (sizes - 1) * (2 * sizes + 5)).sum())


def _exact_p(concordant: int, k: int) -> float:
    """Return the two-sided exact P value of the number of concordant pairs among k ranks."""
    # probability of each number of inversions: the m-th rank adds 0 to m-1, equally likely
    probability = np.array([1.0])
    for m in range(2, k + 1):
        sums = np.cumsum(np.concatenate([probability, np.zeros(m - 1)]))
        shifted = np.concatenate([np.zeros(m), sums[:-m]])
        probability = (sums - shifted) / m
    pairs = k * (k - 1) // 2
    tail = min(concordant, pairs - concordant)  # the distribution is symmetric
    return float(min(1.0, 2 * probability[: tail + 1].sum()))
