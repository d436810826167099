"""Power of the tests of a meta-analysis, and the size that a given power needs.

References: Hedges and Pigott 2001 (doi:10.1037/1082-989X.6.3.203) and 2004
(doi:10.1037/1082-989X.9.4.426); Jackson and Turner 2017 (doi:10.1002/jrsm.1240); Roloff, Higgins
and Sutton 2013 (doi:10.1002/sim.5524).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError

__all__ = [
    "conditional_power_of",
    "heterogeneity_power",
    "mean_power",
    "noncentral_power",
    "weighted_chi2_tail",
]

Floats = NDArray[np.float64]
Sides = Literal[1, 2]
NODES = 200
"""Gauss-Legendre nodes on each side of the kink of the DerSimonian-Laird estimate at 0."""


@lru_cache(maxsize=4)
def _legendre(nodes: int) -> tuple[Floats, Floats]:
    x, w = np.polynomial.legendre.leggauss(nodes)
    return (x + 1) / 2, w / 2


def mean_power(
    effect: float,
    variances: ArrayLike,
    tau2: float,
    *,
    alpha: float = 0.05,
    sides: Sides = 2,
    distribution: Literal["z", "t"] = "z",
    estimated: bool = False,
) -> float:
    """Return the power of the test of the pooled effect.

    Parameters
    ----------
    effect
        True mean effect, as a difference from no effect.
    variances
        Sampling variances of the studies, shape (K,).
    tau2
        True between-study variance.
    alpha, sides
        Level of the test; one-sided tests look in the direction of the effect.
    distribution
        ``"z"`` (Wald) or ``"t"`` (Hartung-Knapp, exact where all variances are equal).
    estimated
        Whether the Wald test's tau² is estimated (DerSimonian-Laird) rather than known; needs equal
        variances.

    Examples
    --------
    >>> round(mean_power(0.2, [0.0804] * 10, 0.0), 4)
    0.6066
    """
    from scipy import special

    v = np.asarray(variances, dtype=np.float64)
    k = len(v)
    se = 1 / np.sqrt(np.sum(1 / (v + tau2)))
    shift = abs(effect) / se
    tail = alpha / sides
    if distribution == "t":
        if k < 2:
            return float("nan")
        critical = float(special.stdtrit(k - 1, 1 - tail))
        upper = 1 - float(special.nctdtr(k - 1, shift, critical))
        lower = float(special.nctdtr(k - 1, shift, -critical)) if sides == 2 else 0.0
        return upper + lower
    critical = float(-special.ndtri(tail))
    if not estimated or k < 2:
        return float(_two_tails(shift, critical, sides))
    if np.ptp(v) > 1e-12 * v.max():
        raise DataError(
            "power with an estimated tau² is worked out for studies of equal variance; give one "
            "variance"
        )
    # Q is (1 + tau²/v) chi² with k - 1 degrees of freedom, independent of the mean
    stretch = 1 + tau2 / v[0]
    kink = float(special.chdtr(k - 1, (k - 1) / stretch))
    nodes, weights = _legendre(NODES)
    u = kink + (1 - kink) * nodes
    q = stretch * special.chdtri(k - 1, 1 - u)
    ratio = np.sqrt(np.maximum(q / (k - 1), 1.0) / stretch)  # estimated over true standard error
    above = float(weights @ _two_tails(shift, critical * ratio, sides)) * (1 - kink)
    at_zero = float(_two_tails(shift, critical / np.sqrt(stretch), sides)) * kink
    return above + at_zero


def _two_tails(shift: ArrayLike, critical: ArrayLike, sides: Sides) -> Floats:
    from scipy import special

    upper = special.ndtr(np.asarray(shift) - critical)
    return np.asarray(upper + special.ndtr(-np.asarray(shift) - critical) if sides == 2 else upper)


def noncentral_power(noncentrality: float, df: int, alpha: float = 0.05) -> float:
    """Return the power of a chi² test whose statistic has this noncentrality.

    Examples
    --------
    >>> round(noncentral_power(7.849, 1), 3)
    0.8
    """
    from scipy import special

    critical = float(special.chdtri(df, alpha))
    return float(1 - special.chndtr(critical, df, noncentrality))


def heterogeneity_power(variances: ArrayLike, tau2: float, alpha: float = 0.05) -> float:
    """Return the power of Cochran's Q when the effects have variance tau².

    Exact: Q is a weighted sum of chi² variables with one degree of freedom.

    Examples
    --------
    >>> round(heterogeneity_power([0.1] * 10, 0.0), 4)
    0.05
    >>> round(heterogeneity_power([0.1] * 10, 0.1), 4)
    0.4886
    """
    from scipy import special

    v = np.asarray(variances, dtype=np.float64)
    k = len(v)
    if k < 2:
        return float("nan")
    critical = float(special.chdtri(k - 1, alpha))
    w = 1 / v
    projection = np.diag(w) - np.outer(w, w) / w.sum()
    root = np.sqrt(v + tau2)
    weights = np.linalg.eigvalsh(root[:, None] * projection * root)[1:]
    return weighted_chi2_tail(critical, weights)


def weighted_chi2_tail(value: float, weights: ArrayLike) -> float:
    """Return P(sum of weights times independent chi² of one degree > value), all weights positive.

    The characteristic function is inverted along the parabola that leaves its saddle point in the
    direction of steepest descent, on the side of 0 that gives the smaller tail: relative precision
    of about 1e-12, far out in the tails too. For the saddle point see Kuonen 1999
    (doi:10.1093/biomet/86.4.929).

    Examples
    --------
    >>> round(weighted_chi2_tail(7.0, [6.0, 3.0, 1.0]), 4)
    0.5064
    """
    from scipy import optimize

    h = np.asarray(weights, dtype=np.float64)
    if not value > 0:
        return 1.0
    r = 2 * h / value  # z is in units of 1 / value
    upper = value > float(h.sum())

    def slope(z: float) -> float:
        return 1 - 0.5 * float(np.sum(r / (1 + z * r))) - 1 / z

    if upper:
        edge = -1 / float(r.max())
        centre = float(optimize.brentq(slope, edge * (1 - 1e-12), edge * 1e-12, xtol=1e-300))
    else:
        high = 1.0 + len(h) / 2  # the slope is above 0 there
        centre = float(optimize.brentq(slope, 1e-12, 2 * high, xtol=1e-300))
    second = 0.5 * float(np.sum((r / (1 + centre * r)) ** 2)) + 1 / centre**2
    third = -float(np.sum((r / (1 + centre * r)) ** 3)) - 2 / centre**3
    bend = min(third, -1e-3 * second) / (6 * second)
    step = 0.1 / np.sqrt(second)
    for nodes in (400, 4_000, 40_000):
        t = step * np.arange(nodes)
        z = centre + 1j * t + bend * t * t
        log_size = z - 0.5 * np.log1p(z[:, None] * r).sum(axis=1)
        part = np.real(np.exp(log_size) / z * (1 - 2j * bend * t))
        if np.abs(part[-20:]).max() <= 1e-16 * np.abs(part[0]):
            break
    part[0] /= 2
    total = abs(float(part.sum())) * step / np.pi
    return float(np.clip(total if upper else 1 - total, 0.0, 1.0))


def conditional_power_of(
    estimate: float,
    information: float,
    new_information: float,
    effect: float,
    *,
    critical: float,
    predictive: bool = False,
) -> tuple[float, float]:
    """Return the chance that the updated pooled effect is significant above, and below, no effect.

    Parameters
    ----------
    estimate, information
        Pooled effect so far (as a difference from no effect) and its information 1/SE².
    new_information
        Information of the new studies about the mean effect.
    effect
        True mean effect assumed for them; not used where ``predictive``.
    critical
        Critical value of z.
    predictive
        Whether the mean effect is drawn from what is known of it (normal about the estimate).

    Examples
    --------
    >>> above, below = conditional_power_of(0.2, 75.0, 25.0, 0.2, critical=1.959964)
    >>> round(above, 4), round(below, 4)
    (0.5319, 0.0)
    """
    from scipy import special

    total = information + new_information
    centre = estimate if predictive else effect
    spread = 1 / new_information + (1 / information if predictive else 0.0)
    mean = information * estimate + new_information * centre
    sd = new_information * np.sqrt(spread)
    bound = critical * np.sqrt(total)
    return float(special.ndtr((mean - bound) / sd)), float(special.ndtr((-mean - bound) / sd))
