"""Peto's one-step odds ratio for a batch of meta-analyses.

References: Yusuf et al. 1985 (doi:10.1016/s0033-0620(85)80003-7); Greenland and Salvan 1990
(doi:10.1002/sim.4780090307) on its bias when arms differ in size or effects are large.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.stats.mantel_haenszel import CountBatch, tables_of

__all__ = ["observed_minus_expected", "peto_batch"]

Floats = NDArray[np.float64]


def observed_minus_expected(
    events1: ArrayLike,
    nonevents1: ArrayLike,
    events2: ArrayLike,
    nonevents2: ArrayLike,
    present: NDArray[np.bool_] | None = None,
) -> tuple[Floats, Floats]:
    """Return observed minus expected events of arm 1 and their hypergeometric variance.

    Parameters
    ----------
    events1, nonevents1, events2, nonevents2
        Shape (B, K) or (K,).
    present
        Shape (B, K): which tables count.

    Returns
    -------
    tuple of ndarray
        O - E and V, shape (B, K); both 0 where a table is absent or tells nothing.

    Examples
    --------
    >>> o_e, v = observed_minus_expected([4], [119], [11], [128])
    >>> o_e.round(4), v.round(4)
    (array([[-3.042]]), array([[3.5356]]))
    """
    a, b, c, d, _ = tables_of(events1, nonevents1, events2, nonevents2, present)
    n1, n2, events, others = a + b, c + d, a + c, b + d
    n = n1 + n2
    some = n > 1
    expected = np.divide(events * n1, n, out=np.zeros_like(n), where=some)
    spread = np.divide(events * others * n1 * n2, n * n * (n - 1), out=np.zeros_like(n), where=some)
    return np.where(some, a - expected, 0.0), spread


def peto_batch(
    events1: ArrayLike,
    nonevents1: ArrayLike,
    events2: ArrayLike,
    nonevents2: ArrayLike,
    present: NDArray[np.bool_] | None = None,
) -> CountBatch:
    """Pool each meta-analysis of a batch by Peto's method; log odds ratios.

    Parameters
    ----------
    events1, nonevents1, events2, nonevents2, present
        As in `observed_minus_expected`.

    Returns
    -------
    CountBatch
        NaN where no table has both events and non-events.

    Examples
    --------
    >>> found = peto_batch([4, 6], [119, 300], [11, 29], [128, 274])
    >>> found.estimate.round(4), found.se.round(4)
    (array([-1.2401]), array([0.2912]))
    """
    here = tables_of(events1, nonevents1, events2, nonevents2, present)[4]
    off, spread = observed_minus_expected(events1, nonevents1, events2, nonevents2, present)
    total = spread.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = np.where(total > 0, off.sum(axis=1) / total, np.nan)
        se = np.where(total > 0, 1 / np.sqrt(total), np.nan)
    return CountBatch(here.sum(axis=1), estimate, se)
