"""Mean and standard deviation by fitting a distribution to quantiles: QE and Box-Cox.

Both are of McGrath et al. 2020, doi:10.1177/0962280219889080. Their authors' program draws random
numbers for the Box-Cox method; here the integrals are computed, so that a result is reproducible.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy import special

from evisynth.effects.five_numbers import luo_mean, wan_sd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

__all__ = [
    "MatchedMoments",
    "box_cox",
    "box_cox_moments",
    "match_quantiles",
    "moments_of_inverse",
    "quantile_levels",
]

POINTS = 1401
"""Points at which the back-transformation is integrated."""

REACH = 9.0
"""Standard deviations to both sides that are integrated; what is beyond weighs below 1e-18."""

POWERS = (-50.0, 50.0)
"""Range of Box-Cox powers that are looked at."""


@dataclass(frozen=True, slots=True)
class MatchedMoments:
    """Mean and SD of a fitted distribution.

    Attributes
    ----------
    mean, sd : float
        On the scale of the data; NaN where nothing could be fitted.
    distribution : str
        What was fitted, e.g. ``"log-normal"`` or ``"Box-Cox power -0.21"``.
    distance : float
        Sum of squared distances between given and fitted quantiles (QE).
    reason : str
        Why there are no numbers, ``""`` otherwise.
    """

    mean: float
    sd: float
    distribution: str = ""
    distance: float = np.nan
    reason: str = ""


def quantile_levels(scenario: str, n: float) -> Floats:
    """Return the probabilities of the given quantiles; extremes stand at 1/n and 1 - 1/n.

    Examples
    --------
    >>> quantile_levels("S1", 50).tolist()
    [0.02, 0.5, 0.98]
    """
    if scenario == "S2":
        return np.array([0.25, 0.5, 0.75])
    if scenario == "S1":
        return np.array([1 / n, 0.5, 1 - 1 / n])
    return np.array([1 / n, 0.25, 0.5, 0.75, 1 - 1 / n])


def match_quantiles(values: Floats, levels: Floats) -> MatchedMoments:
    """Fit five distributions by least squares to quantiles; return the moments of the nearest.

    Parameters
    ----------
    values
        Given quantiles, ascending, shape (3,) or (5,).
    levels
        Their probabilities.

    Notes
    -----
    Normal, log-normal, gamma and Weibull; beta where all values lie between 0 and 1; the normal
    alone where a value is not above 0.

    Examples
    --------
    The example of the R package estmeansd, whose search stops a little early (4.347284, 1.502171):

    >>> found = match_quantiles(np.array([2.0, 4, 9]), quantile_levels("S1", 100))
    >>> found.distribution, round(found.mean, 4), round(found.sd, 4)
    ('log-normal', 4.3473, 1.5022)
    """
    if not values[-1] > values[0]:
        return MatchedMoments(np.nan, np.nan, reason="the quantiles are all equal")
    fits = [_normal(values, levels)]
    if values[0] > 0:
        fits += [
            _search(name, quantile, moments, starts, values)
            for name, quantile, moments, starts in _families(values, levels)
        ]
    nothing = (
        1e-20 * float(values[-1] - values[0]) ** 2
    )  # where two fit exactly, the first is taken
    return min(fits, key=lambda fit: fit.distance if fit.distance > nothing else 0.0)


def _normal(values: Floats, levels: Floats) -> MatchedMoments:
    """Fit the normal distribution: a line through the quantiles."""
    z = special.ndtri(levels)
    centred = z - z.mean()
    sd = float(centred @ values / (centred @ centred))
    mean = float(values.mean() - sd * z.mean())
    return MatchedMoments(mean, sd, "normal", float(np.sum((mean + sd * z - values) ** 2)))


Quantile: TypeAlias = Callable[["Floats"], "Floats"]
Moments: TypeAlias = Callable[[float, float], tuple[float, float]]
Family: TypeAlias = tuple[str, Quantile, Moments, "list[Floats]"]


def _families(values: Floats, levels: Floats) -> list[Family]:
    """Return the distributions of positive values: quantiles and moments by two parameters.

    Parameters are logarithms (but the location of the log-normal), so that none is bounded.
    """
    z = special.ndtri(levels)
    logs = np.log(values)
    slope = max(float((z - z.mean()) @ logs / ((z - z.mean()) @ (z - z.mean()))), 1e-3)
    place = float(logs.mean() - slope * z.mean())
    shape = 1 / slope**2
    exponential = np.log(-np.log1p(-levels))

    def lognormal(p: Floats) -> Floats:
        return np.asarray(np.exp(p[0] + np.exp(p[1]) * z))

    def lognormal_moments(a: float, b: float) -> tuple[float, float]:
        s2 = np.exp(2 * b)
        mean = float(np.exp(a + s2 / 2))
        return mean, mean * float(np.sqrt(np.expm1(s2)))

    def gamma(p: Floats) -> Floats:
        found: Floats = special.gammaincinv(np.exp(p[0]), levels) * np.exp(p[1])
        return found

    def gamma_moments(a: float, b: float) -> tuple[float, float]:
        return float(np.exp(a + b)), float(np.exp(a / 2 + b))

    def weibull(p: Floats) -> Floats:
        return np.asarray(np.exp(p[1] + exponential * np.exp(-p[0])))

    def weibull_moments(a: float, b: float) -> tuple[float, float]:
        first, second = special.gammaln(1 + np.exp(-a) * np.array([1.0, 2.0]))
        mean = float(np.exp(b + first))
        return mean, mean * float(np.sqrt(np.expm1(second - 2 * first)))

    families: list[Family] = [
        ("log-normal", lognormal, lognormal_moments, [np.array([place, np.log(slope)])]),
        (
            "gamma",
            gamma,
            gamma_moments,
            [np.array([np.log(shape), place - np.log(shape)]), np.array([0.0, place])],
        ),
        (
            "Weibull",
            weibull,
            weibull_moments,
            [np.array([np.log(1.2 / slope), place + 0.3]), np.array([0.0, place])],
        ),
    ]
    if values[-1] < 1:

        def beta(p: Floats) -> Floats:
            found: Floats = special.betaincinv(np.exp(p[0]), np.exp(p[1]), levels)
            return found

        def beta_moments(a: float, b: float) -> tuple[float, float]:
            one, two = np.exp(a), np.exp(b)
            total = one + two
            return float(one / total), float(np.sqrt(one * two / (total + 1)) / total)

        mean, var = float(values.mean()), float(values.var()) + 1e-6
        size = max(mean * (1 - mean) / var - 1, 0.5)
        start = np.log(np.array([mean * size, (1 - mean) * size]))
        families.append(("beta", beta, beta_moments, [start, np.zeros(2)]))
    return families


def _search(
    name: str,
    quantile: Quantile,
    moments: Moments,
    starts: list[Floats],
    values: Floats,
) -> MatchedMoments:
    """Fit one family from several starts; the nearest fit wins."""
    from scipy.optimize import least_squares

    scale = float(values[-1] - values[0])

    def distances(p: Floats) -> Floats:
        return np.nan_to_num((quantile(p) - values) / scale, nan=1e6, posinf=1e6)

    best, where = np.inf, starts[0]
    for start in starts:
        with np.errstate(over="ignore", invalid="ignore"):
            found = least_squares(
                distances,
                start,
                bounds=(-12.0 + np.minimum(start, 0), 12.0 + np.maximum(start, 0)),
                xtol=1e-14,
                ftol=1e-14,
                gtol=1e-14,
            )
        if 2 * found.cost < best:
            best, where = 2 * float(found.cost), found.x
    mean, sd = moments(float(where[0]), float(where[1]))
    distance = best * scale**2 if np.isfinite(mean + sd) else np.inf
    return MatchedMoments(mean, sd, name, distance)


def box_cox(x: Floats, power: float) -> Floats:
    """Return the Box-Cox transformation, the logarithm for power 0."""
    logs = np.log(x)
    return logs if power == 0 else np.expm1(power * logs) / power


def box_cox_moments(scenario: str, values: Floats, n: float) -> MatchedMoments:
    """Estimate mean and SD by the Box-Cox method (S1 and S2).

    The power makes the outer quantiles symmetric around the median; mean and SD on that scale are
    Luo's and Wan's; the mean and SD of the data follow by integration over the part of the normal
    distribution that has an inverse, cut to the same length on both sides.

    Parameters
    ----------
    scenario
        ``"S1"`` or ``"S2"``. With five numbers two symmetries are wanted at once; how they are
        weighed is a matter of scale, so that this is left to `match_quantiles`.
    values
        The three quantiles, ascending and above 0.
    n
        People.

    Examples
    --------
    The R package estmeansd gives 4.210971 and 1.337348, by 10,000 random numbers:

    >>> found = box_cox_moments("S1", np.array([2.0, 4, 9]), 100)
    >>> round(found.mean, 4), round(found.sd, 4), found.distribution
    (4.2273, 1.3385, 'Box-Cox power -0.21')
    """
    from scipy.optimize import brentq

    if scenario == "S3":
        return MatchedMoments(
            np.nan, np.nan, reason="the Box-Cox method is for three quantiles; use method='qe'"
        )
    if values[0] <= 0:
        return MatchedMoments(np.nan, np.nan, reason="the Box-Cox method needs values above 0")
    relative = values / values[1]  # the power does not depend on the unit

    def asymmetry(power: float) -> float:
        low, _, high = box_cox(relative, power)
        return float(low + high)

    if not (relative[0] < 1 < relative[2]) or asymmetry(POWERS[0]) * asymmetry(POWERS[1]) > 0:
        return MatchedMoments(
            np.nan, np.nan, reason="no Box-Cox power makes the quantiles symmetric"
        )
    power = float(brentq(asymmetry, *POWERS, xtol=1e-14, rtol=1e-14))
    if abs(power) < 1e-10:
        power = 0.0
    low, middle, high = (np.array(x) for x in box_cox(relative, power))
    size = np.asarray(n, dtype=np.float64)
    none = np.array(np.nan)
    outer = scenario == "S1"
    a, b = (low, high) if outer else (none, none)
    q1, q3 = (none, none) if outer else (low, high)
    mean = float(luo_mean(scenario, a, q1, middle, q3, b, size))
    sd = float(wan_sd(scenario, a, q1, q3, b, size))
    moments = moments_of_inverse(mean, sd, power)
    if moments is None:
        return MatchedMoments(
            np.nan,
            np.nan,
            reason="the fitted Box-Cox distribution has no finite mean and SD; use method='qe'",
        )
    unit = float(values[1])
    return MatchedMoments(moments[0] * unit, moments[1] * unit, f"Box-Cox power {power:.2f}")


def moments_of_inverse(mean: float, sd: float, power: float) -> tuple[float, float] | None:
    """Return mean and SD of the back-transformed normal variable, or None if not finite."""
    reach = REACH
    if power != 0:
        edge = (-1 / power - mean) / sd
        if edge * np.sign(power) >= 0:  # more than half of the distribution has no inverse
            return None
        if power < 0 and edge < REACH:  # the upper tail is so heavy that it has no mean
            return None
        reach = min(reach, abs(edge) * (1 - 1e-9))
    # tanh-sinh quadrature: its points crowd at the ends, where the inverse has a corner
    t = np.linspace(-3.5, 3.5, POINTS)
    z = reach * np.tanh(np.pi / 2 * np.sinh(t))
    weights = np.cosh(t) / np.cosh(np.pi / 2 * np.sinh(t)) ** 2 * np.exp(-(z**2) / 2)
    weights /= weights.sum()
    y = mean + sd * z
    x = np.exp(y if power == 0 else np.log1p(power * y) / power)
    first = float(weights @ x)
    variance = float(weights @ (x - first) ** 2)
    if not (np.isfinite(first) and np.isfinite(variance) and variance > 0):
        return None
    return first, float(np.sqrt(variance))
