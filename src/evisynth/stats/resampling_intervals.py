"""Intervals from resampling: five of the bootstrap, and those that invert a permutation test.

References: Davison and Hinkley 1997 (doi:10.1017/CBO9780511802843), chapter 5, for all five and
for the quantiles between draws; Efron 1987 (doi:10.1080/01621459.1987.10478410) for BCa; Ernst 2004
(doi:10.1214/088342304000000396) for intervals of permutation tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evisynth.stats.distributions import normal_quantile

__all__ = [
    "BootstrapLimits",
    "BootstrapMethod",
    "bootstrap_limits",
    "jackknife_acceleration",
    "permutation_limits",
]

Floats = NDArray[np.float64]
BootstrapMethod = Literal["percentile", "basic", "normal", "studentized", "bca"]


DOUBLINGS = 16
"""The search for a limit of a permutation test goes outward by one standard error, then two, four,
and so on, so many times."""

WIDTH = 1e-10
"""A limit of a permutation test lies within this part of a standard error."""


@dataclass(frozen=True, slots=True)
class BootstrapLimits:
    """One interval; ``reason`` says why the limits are NaN, or what is wrong with them.

    Limits that would lie beyond the smallest or largest draw are that draw, with a reason.
    """

    lower: float
    upper: float
    reason: str = ""


def bootstrap_limits(
    draws: Floats,
    observed: float,
    method: BootstrapMethod,
    *,
    level: float = 0.95,
    draw_se: Floats | None = None,
    observed_se: float = float("nan"),
    acceleration: float = float("nan"),
) -> BootstrapLimits:
    """Return the limits of a bootstrap interval.

    Parameters
    ----------
    draws
        Shape (B,): the statistic in each draw; draws that are not finite are left out.
    observed
        The statistic in the data.
    method
        Kind of interval.
    level
        Level of the interval.
    draw_se, observed_se
        Standard errors in each draw, shape (B,), and in the data: for ``"studentized"``.
    acceleration
        For ``"bca"`` (see `jackknife_acceleration`).

    Examples
    --------
    >>> draws = np.arange(1.0, 100.0)
    >>> bootstrap_limits(draws, 50.0, "percentile", level=0.9)
    BootstrapLimits(lower=5.0, upper=95.0, reason='')
    """
    nan = float("nan")
    values = draws[np.isfinite(draws)]
    if not np.isfinite(observed):
        return BootstrapLimits(nan, nan, "it cannot be estimated from the data")
    if len(values) < 2:
        return BootstrapLimits(nan, nan, "fewer than two draws could be fitted")
    tails = (0.5 - level / 2, 0.5 + level / 2)
    if method == "normal":
        centre = 2 * observed - float(values.mean())
        half = normal_quantile(level) * float(values.std(ddof=1))
        return BootstrapLimits(centre - half, centre + half)
    if method == "studentized":
        return _studentized(draws, observed, draw_se, observed_se, tails)
    if method == "bca":
        return _bca(np.sort(values), observed, acceleration, tails)
    (low, high), reason = _quantiles(np.sort(values), tails)
    if method == "basic":
        return BootstrapLimits(2 * observed - high, 2 * observed - low, reason)
    return BootstrapLimits(low, high, reason)


def _studentized(
    draws: Floats,
    observed: float,
    draw_se: Floats | None,
    observed_se: float,
    tails: tuple[float, float],
) -> BootstrapLimits:
    nan = float("nan")
    if draw_se is None or not (np.isfinite(observed_se) and observed_se > 0):
        return BootstrapLimits(nan, nan, "it has no standard error")
    usable = np.isfinite(draws) & np.isfinite(draw_se) & (draw_se > 0)
    if usable.sum() < 2:
        return BootstrapLimits(nan, nan, "fewer than two draws have a standard error")
    z = (draws[usable] - observed) / draw_se[usable]
    (low, high), reason = _quantiles(np.sort(z), tails)
    return BootstrapLimits(observed - observed_se * high, observed - observed_se * low, reason)


def _bca(
    ordered: Floats, observed: float, acceleration: float, tails: tuple[float, float]
) -> BootstrapLimits:
    """Move the percentiles by the bias (draws below the statistic) and the acceleration."""
    from scipy import special

    nan = float("nan")
    below = np.searchsorted(ordered, observed, side="left")
    equal = np.searchsorted(ordered, observed, side="right") - below
    share = float(below + equal / 2) / len(ordered)  # tau² is often exactly 0: half of the ties
    if not 0 < share < 1:
        return BootstrapLimits(nan, nan, "all draws lie on one side of the estimate")
    if not np.isfinite(acceleration):
        return BootstrapLimits(nan, nan, "the acceleration cannot be estimated")
    bias = float(special.ndtri(share))
    at = bias + special.ndtri(np.array(tails))
    if (1 - acceleration * at <= 0).any():
        return BootstrapLimits(nan, nan, "the acceleration is too large for this level")
    moved = special.ndtr(bias + at / (1 - acceleration * at))
    (low, high), reason = _quantiles(ordered, (float(moved[0]), float(moved[1])))
    return BootstrapLimits(low, high, reason)


def _quantiles(ordered: Floats, tails: tuple[float, float]) -> tuple[tuple[float, float], str]:
    """Return quantiles at (R + 1) x tail, between two draws on the scale of normal quantiles."""
    from scipy import special

    size = len(ordered)
    found, reason = [], ""
    for tail in tails:
        place = (size + 1) * tail
        if abs(place - round(place)) < 1e-9 * size:  # 10000 * 0.025 is not 250 in binary
            place = round(place)
        whole = int(np.floor(place))
        if whole < 1 or whole >= size:
            if place != size:
                reason = "too few draws for this level: a limit is the most extreme draw"
            found.append(float(ordered[0] if whole < 1 else ordered[-1]))
            continue
        value = float(ordered[whole - 1])
        if place > whole:
            here, low, high = special.ndtri([tail, whole / (size + 1), (whole + 1) / (size + 1)])
            value += float((here - low) / (high - low)) * (float(ordered[whole]) - value)
        found.append(value)
    return (found[0], found[1]), reason


def jackknife_acceleration(without: Floats) -> float:
    """Return the acceleration of BCa from the statistics without each study, shape (k,).

    Examples
    --------
    >>> round(jackknife_acceleration(np.array([1.0, 2.0, 6.0])), 4)
    -0.0573
    """
    if not np.isfinite(without).all():
        return float("nan")
    influence = without.mean() - without
    spread = float((influence**2).sum())
    if spread == 0:
        return float("nan")
    return float((influence**3).sum() / (6 * spread**1.5))


def permutation_limits(
    p_value: Callable[[float], float], centre: float, step: float, alpha: float
) -> BootstrapLimits:
    """Return the limits between which a permutation test does not reject.

    Parameters
    ----------
    p_value
        P value of the test that the coefficient has a given value. It is a step function that falls
        on both sides of the estimate; a limit is where it first falls to ``alpha`` or below.
    centre
        The estimate.
    step
        First step outward, about a standard error.
    alpha
        One minus the level.

    Examples
    --------
    >>> found = permutation_limits(lambda x: max(0.0, 1 - abs(x)), 0.0, 0.1, 0.05)
    >>> round(found.lower, 6), round(found.upper, 6)
    (-0.95, 0.95)
    """
    nan = float("nan")
    if not (np.isfinite(centre) and np.isfinite(step) and step > 0):
        return BootstrapLimits(nan, nan, "the coefficient has no standard error")
    if p_value(centre) <= alpha:
        return BootstrapLimits(nan, nan, "the test rejects the estimate itself")
    limits = [_crossing(p_value, centre, side * step, alpha) for side in (-1, 1)]
    reason = ""
    if not np.isfinite(limits).all():
        reason = (
            "the test does not reject values far from the estimate either: there are too few "
            "arrangements for this level"
        )
    return BootstrapLimits(limits[0], limits[1], reason)


def _crossing(p_value: Callable[[float], float], centre: float, step: float, alpha: float) -> float:
    """Return where the P value falls to alpha on one side; NaN if it does not."""
    inside, outside = centre, centre
    for doubling in range(DOUBLINGS):
        outside = centre + step * 2.0**doubling
        if p_value(outside) <= alpha:
            break
        inside = outside
    else:
        return float("nan")
    while abs(outside - inside) > WIDTH * abs(step):
        middle = inside + (outside - inside) / 2
        if middle in (inside, outside):
            break
        if p_value(middle) <= alpha:
            outside = middle
        else:
            inside = middle
    return inside
