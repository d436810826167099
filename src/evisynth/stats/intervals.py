"""Q-profile interval of tau² (Viechtbauer 2007, doi:10.1002/sim.2514), for a batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.stats.algebra import Algebra, make_algebra
from evisynth.stats.batch import as_batch
from evisynth.stats.distributions import chi2_quantile
from evisynth.stats.roots import q_root

__all__ = ["Tau2Interval", "q_profile"]

Floats = NDArray[np.float64]

NO_DF = "the interval of tau² needs more studies than coefficients"
NULL_SET = (
    "the estimates differ less than chance alone would let them: every tau² from 0 up is rejected, "
    "so the Q-profile interval is empty"
)
NOT_CONVERGED = "the search for the limits of tau² did not converge"


@dataclass(frozen=True, slots=True)
class Tau2Interval:
    """Q-profile intervals of tau².

    Attributes
    ----------
    lower, upper : ndarray, shape (B,)
        Limits, at least 0; NaN where there is no interval.
    reasons : tuple of str
        Why there is none, or ``""``; shape (B,).
    """

    lower: Floats
    upper: Floats
    reasons: tuple[str, ...]


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

    Examples
    --------
    >>> limits = q_profile([0.1, 0.3, 0.8, 0.5], [0.02, 0.03, 0.05, 0.01])
    >>> limits.lower.round(6), limits.upper.round(4)
    (array([0.]), array([1.2036]))
    """
    return interval_of(make_algebra(as_batch(estimates, variances, present), design), level)


def interval_of(model: Algebra, level: float) -> Tau2Interval:
    """Return the intervals of a prepared model."""
    size = len(model.k)
    dof = model.k - model.p
    rows = np.flatnonzero(dof > 0)
    lower, upper = np.full(size, np.nan), np.full(size, np.nan)
    reasons = [NO_DF] * size
    if rows.size:
        some = dof[rows]
        at_lower = chi2_quantile(some, 0.5 + level / 2)
        at_upper = chi2_quantile(some, 0.5 - level / 2)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            q = model.take(rows).slope(np.zeros(rows.size)).q
            # both limits of all meta-analyses in one search
            t, converged, _ = q_root(
                model.take(np.concatenate([rows, rows])), np.concatenate([at_lower, at_upper])
            )
        t = t.reshape(2, -1)
        found = converged.reshape(2, -1).all(axis=0)
        empty = q < at_upper
        usable = found & ~empty
        scaled = np.ldexp(np.where(usable, t, np.nan), 2 * model.exponent[rows])
        lower[rows], upper[rows] = scaled
        for place, row in enumerate(rows):
            reasons[row] = NULL_SET if empty[place] else "" if found[place] else NOT_CONVERGED
    return Tau2Interval(lower, upper, tuple(reasons))
