"""Q-profile interval of tau² (Viechtbauer 2007, doi:10.1002/sim.2514), for a batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.stats.algebra import Algebra, make_algebra
from evisynth.stats.batch import as_batch, chunks, join
from evisynth.stats.distributions import chi2_quantile
from evisynth.stats.kernel_path import search_padded
from evisynth.stats.roots import q_root

__all__ = ["Tau2Interval", "q_profile"]

Floats = NDArray[np.float64]

REASONS = (
    "",
    "the interval of tau² needs more studies than coefficients",
    "the estimates differ less than chance alone would let them: every tau² from 0 up is rejected, "
    "so the Q-profile interval is empty",
    "the search for the limits of tau² did not converge",
)
NO_DF, NULL_SET, NOT_CONVERGED = 1, 2, 3
"""Places in `REASONS`."""


@dataclass(frozen=True, slots=True)
class Tau2Interval:
    """Q-profile intervals of tau².

    Attributes
    ----------
    lower, upper : ndarray, shape (B,)
        Limits, at least 0; NaN where there is no interval.
    status : ndarray of int, shape (B,)
        0, or why there is no interval (see `reasons`).
    """

    lower: Floats
    upper: Floats
    status: NDArray[np.int8]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why there is no interval, or ``""``; shape (B,)."""
        return tuple(REASONS[code] for code in self.status)


def q_profile(
    estimates: ArrayLike,
    variances: ArrayLike,
    present: NDArray[np.bool_] | None = None,
    *,
    level: float = 0.95,
    design: Floats | None = None,
) -> Tau2Interval:
    """Return the Q-profile interval of tau² for each meta-analysis.

    The limits are the tau² at which the generalized Q statistic equals the upper and the lower
    quantile of chi² with k - p degrees of freedom.

    Parameters
    ----------
    estimates, variances
        Shape (B, K), or (K,); pooled scale.
    present
        Shape (B, K): which cells count.
    level
        Confidence level.
    design
        Design matrix (K, P) or (B, K, P); without it the model has an intercept only.

    Notes
    -----
    Where even Q(0) is below the lower quantile, no tau² is compatible with the estimates (metafor's
    "null set"): the limits are NaN and `reasons` says so.

    Examples
    --------
    >>> limits = q_profile([0.1, 0.3, 0.8, 0.5], [0.02, 0.03, 0.05, 0.01])
    >>> limits.lower.round(6), limits.upper.round(4)
    (array([0.]), array([1.2036]))
    """
    large = search_padded(estimates, variances, present, design, None, limits=True, level=level)
    if large is not None:
        return Tau2Interval(large.tau2_lower, large.tau2_upper, large.limits_status)
    batch = as_batch(estimates, variances, present)
    parts = [
        interval_of(make_algebra(piece, own), level) for _, piece, own in chunks(batch, design)
    ]
    return parts[0] if len(parts) == 1 else join(parts)


def interval_of(model: Algebra, level: float) -> Tau2Interval:
    """Return the intervals of a prepared model."""
    size = len(model.k)
    dof = model.k - model.p
    rows = np.flatnonzero(dof > 0)
    if rows.size == 0:
        nan = np.full(size, np.nan)
        return Tau2Interval(nan, nan, np.full(size, NO_DF, dtype=np.int8))
    at_lower = chi2_quantile(dof[rows], 0.5 + level / 2)
    at_upper = chi2_quantile(dof[rows], 0.5 - level / 2)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # both limits of all meta-analyses in one search
        both = model.take(np.concatenate([rows, rows]))
        t, converged, _ = q_root(both, np.concatenate([at_lower, at_upper]))
        at_zero = t[rows.size :] == 0  # only there Q(0) may be below the lower quantile
        empty = np.zeros(rows.size, dtype=np.bool_)
        if at_zero.any():
            some = rows[at_zero]
            empty[at_zero] = model.take(some).slope(np.zeros(some.size)).q < at_upper[at_zero]
    found = converged.reshape(2, -1).all(axis=0)
    state = np.where(empty, NULL_SET, np.where(found, 0, NOT_CONVERGED)).astype(np.int8)
    limits = both.rescale(t).reshape(2, -1)
    limits[:, state != 0] = np.nan
    if rows.size == size:
        return Tau2Interval(limits[0], limits[1], state)
    lower, upper = np.full(size, np.nan), np.full(size, np.nan)
    status = np.full(size, NO_DF, dtype=np.int8)
    lower[rows], upper[rows], status[rows] = limits[0], limits[1], state
    return Tau2Interval(lower, upper, status)
