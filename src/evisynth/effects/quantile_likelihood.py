"""Mean and standard deviation from quantiles by likelihood: the method for unknown distributions.

MLN of Cai, Zhou and Pan 2021, doi:10.1177/09622802211047348. The quantiles are order statistics of
a sample that is normal after a Box-Cox transformation. The power is the likeliest when mean and SD
on the transformed scale are Luo's and Wan's; then both are estimated by maximum likelihood; then
they are brought back by integration, where the authors' program draws random numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy import special

from evisynth.effects.five_numbers import luo_mean, wan_sd
from evisynth.effects.quantile_matching import MatchedMoments, box_cox, moments_of_inverse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

__all__ = ["likeliest_moments"]

POWERS = (0.0, 10.0)
"""Range of Box-Cox powers that are looked at, as in the authors' program; all have moments."""

GRID = 101
CLOSE = 1e-12


def ranks(scenario: str, n: float) -> Floats:
    """Return the places of the quantiles in the ordered sample, n being 4Q + 1 (Luo et al.).

    Examples
    --------
    >>> ranks("S2", 41).tolist()
    [11.0, 21.0, 31.0]
    """
    quartiles = [(n + 3) / 4, (n + 1) / 2, (3 * n + 1) / 4]
    if scenario == "S2":
        return np.array(quartiles)
    return np.array([1, (n + 1) / 2, n] if scenario == "S1" else [1, *quartiles, n])


def log_likelihood(values: Floats, between: Floats, power: float, mean: float, sd: float) -> float:
    """Return the log-likelihood of order statistics, but for a constant.

    Parameters
    ----------
    values
        Ascending and above 0, shape (M,).
    between
        How many of the sample lie below, between and above them, shape (M + 1,).
    power, mean, sd
        Of the Box-Cox transformation, and of the normal distribution after it.
    """
    z = (box_cox(values, power) - mean) / sd
    shares = np.concatenate([special.ndtr(z[:1]), np.diff(special.ndtr(z)), special.ndtr(-z[-1:])])
    inside = between > 0
    with np.errstate(divide="ignore"):
        places = float(np.sum(between[inside] * np.log(np.maximum(shares[inside], 0.0))))
    jacobian = (power - 1) * float(np.log(values).sum())
    return places - 0.5 * float(z @ z) - len(z) * float(np.log(sd)) + jacobian


def likeliest_moments(scenario: str, values: Floats, n: float) -> MatchedMoments:
    """Estimate mean and SD by the method for unknown non-normal distributions.

    Parameters
    ----------
    scenario
        ``"S1"``, ``"S2"`` or ``"S3"``.
    values
        The three or five quantiles, ascending and above 0.
    n
        People.

    Examples
    --------
    The R package estmeansd gives 4.195238 and 1.294908, by random numbers:

    >>> found = likeliest_moments("S1", np.array([2.0, 4, 9]), 100)
    >>> round(found.mean, 4), round(found.sd, 4), found.distribution
    (4.217, 1.3071, 'Box-Cox power 0.00')
    """
    from scipy.optimize import minimize, minimize_scalar

    if values[0] <= 0:
        return MatchedMoments(
            np.nan, np.nan, reason="the method for unknown distributions needs values above 0"
        )
    if not (np.diff(values) > 0).all():
        return MatchedMoments(np.nan, np.nan, reason="two quantiles are equal; use method='qe'")
    unit = float(values[len(values) // 2])
    relative = values / unit  # neither the power nor the likelihood depends on the unit
    between = np.diff(np.concatenate([[0.0], ranks(scenario, n), [n + 1]])) - 1
    none, size = np.array(np.nan), np.array(float(n))

    def begin(power: float) -> tuple[float, float]:
        """Return Luo's mean and Wan's SD of the transformed sample."""
        t = [np.array(x) for x in box_cox(relative, power)]
        a, q1, m, q3, b = (
            (t[0], none, t[1], none, t[2])
            if scenario == "S1"
            else (none, *t, none)
            if scenario == "S2"
            else t
        )
        mean = luo_mean(scenario, a, q1, m, q3, b, size)
        return float(mean), float(wan_sd(scenario, a, q1, q3, b, size))

    def depth(power: float) -> float:
        return -log_likelihood(relative, between, power, *begin(power))

    grid = np.linspace(*POWERS, GRID)
    best = int(np.argmin([depth(power) for power in grid]))
    ends = (float(grid[max(best - 1, 0)]), float(grid[min(best + 1, GRID - 1)]))
    found = minimize_scalar(depth, bounds=ends, method="bounded", options={"xatol": 1e-10})
    power = min((float(found.x), *ends), key=depth)
    mean, sd = begin(power)

    def below(p: Floats) -> float:
        return -log_likelihood(relative, between, power, mean + sd * p[0], sd * np.exp(p[1]))

    top = minimize(
        below,
        np.zeros(2),
        method="Nelder-Mead",
        options={"xatol": CLOSE, "fatol": CLOSE, "maxiter": 2000},
    ).x
    moments = moments_of_inverse(mean + sd * float(top[0]), sd * float(np.exp(top[1])), power)
    if moments is None:
        return MatchedMoments(
            np.nan,
            np.nan,
            reason="the fitted Box-Cox distribution has no finite mean and SD; use method='qe'",
        )
    return MatchedMoments(moments[0] * unit, moments[1] * unit, f"Box-Cox power {power:.2f}")
