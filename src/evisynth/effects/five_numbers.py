"""Mean and standard deviation from medians, quartiles and ranges, with the tests for skewness.

Scenarios: S1 minimum, median, maximum; S2 quartiles and median; S3 all five numbers. Here are the
formulas of normal theory; what fits a distribution is in `evisynth.effects.quantile_matching`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

__all__ = [
    "bland",
    "hozo",
    "lognormal",
    "luo_mean",
    "quartile_span",
    "range_span",
    "shi_sd",
    "skewness",
    "wan_mean",
    "wan_sd",
]


def range_span(n: Floats) -> Floats:
    """Return how many SDs the range of a normal sample spans: 2 Φ⁻¹((n - 0.375) / (n + 0.25)).

    References
    ----------
    Wan et al. 2014, eq. 9, doi:10.1186/1471-2288-14-135 (Blom's approximation).

    Examples
    --------
    >>> range_span(np.array([50.0])).round(4).tolist()
    [4.4867]
    """
    span: Floats = 2 * special.ndtri((n - 0.375) / (n + 0.25))
    return span


def quartile_span(n: Floats) -> Floats:
    """Return how many SDs the quartiles of a normal sample span, 1.35 in large ones.

    References
    ----------
    Wan et al. 2014, eq. 16, doi:10.1186/1471-2288-14-135.

    Examples
    --------
    >>> quartile_span(np.array([50.0])).round(4).tolist()
    [1.3101]
    """
    span: Floats = 2 * special.ndtri((0.75 * n - 0.125) / (n + 0.25))
    return span


def luo_mean(
    scenario: str, a: Floats, q1: Floats, m: Floats, q3: Floats, b: Floats, n: Floats
) -> Floats:
    """Return Luo's weighted mean of the median, mid-range and mid-quartile range.

    References
    ----------
    Luo et al. 2018, eq. 7, 11 and 15, doi:10.1177/0962280216669183.
    """
    if scenario == "S1":
        w = 4 / (4 + n**0.75)
        return w * (a + b) / 2 + (1 - w) * m
    if scenario == "S2":
        w = 0.7 + 0.39 / n
        return w * (q1 + q3) / 2 + (1 - w) * m
    w1 = 2.2 / (2.2 + n**0.75)
    w2 = 0.7 - 0.72 / n**0.55
    return w1 * (a + b) / 2 + w2 * (q1 + q3) / 2 + (1 - w1 - w2) * m


def wan_mean(scenario: str, a: Floats, q1: Floats, m: Floats, q3: Floats, b: Floats) -> Floats:
    """Return the means of Wan et al.: (a + 2m + b)/4, (q1 + m + q3)/3, and Bland's for S3.

    References
    ----------
    Wan et al. 2014, eq. 2, 14 and 10, doi:10.1186/1471-2288-14-135.
    """
    if scenario == "S1":
        return (a + 2 * m + b) / 4
    if scenario == "S2":
        return (q1 + m + q3) / 3
    return (a + 2 * q1 + 2 * m + 2 * q3 + b) / 8


def wan_sd(scenario: str, a: Floats, q1: Floats, q3: Floats, b: Floats, n: Floats) -> Floats:
    """Return the SD of Wan et al.: range or quartile range over its span, in S3 their mean.

    References
    ----------
    Wan et al. 2014, eq. 9, 16 and 13, doi:10.1186/1471-2288-14-135.
    """
    if scenario == "S1":
        return (b - a) / range_span(n)
    if scenario == "S2":
        return (q3 - q1) / quartile_span(n)
    return ((b - a) / range_span(n) + (q3 - q1) / quartile_span(n)) / 2


def shi_sd(a: Floats, q1: Floats, q3: Floats, b: Floats, n: Floats) -> Floats:
    """Return Shi's SD from five numbers: range and quartiles weighted by the size of the sample.

    References
    ----------
    Shi et al. 2020, eq. 10, doi:10.1002/jrsm.1429.
    """
    w = 1 / (1 + 0.07 * n**0.6)
    return w * (b - a) / range_span(n) + (1 - w) * (q3 - q1) / quartile_span(n)


def lognormal(
    scenario: str, a: Floats, q1: Floats, m: Floats, q3: Floats, b: Floats, n: Floats
) -> tuple[Floats, Floats]:
    """Return mean and SD of a log-normal distribution, corrected for bias, from its quantiles.

    On the logarithms Luo's mean μ and a variance σ² without bias; then exp(μ + σ²/2) and the
    variance exp(2μ + 2σ²) - exp(2μ + σ²), each over 1 plus what sampling adds to it.

    References
    ----------
    Shi, Tong, Wang and Genton 2020, doi:10.4310/SII.2020.v13.n4.a9.

    Examples
    --------
    >>> mean, sd = lognormal("S2", *(np.array([x]) for x in (0.0, 2, 4, 8, 0, 100)))
    >>> mean.round(4).tolist(), sd.round(4).tolist()
    ([6.7325], [8.5483])
    """
    a, q1, m, q3, b = (np.log(np.where(x > 0, x, np.nan)) for x in (a, q1, m, q3, b))
    mu = luo_mean(scenario, a, q1, m, q3, b, n)
    sd = shi_sd(a, q1, q3, b, n) if scenario == "S3" else wan_sd(scenario, a, q1, q3, b, n)
    logs = np.log(n) ** 2
    swollen = {"S1": 1.01 + 0.25 / logs, "S2": 1 + 1.58 / n, "S3": 1 + 0.28 / logs}[scenario]
    s2 = sd**2 / swollen
    first, second = {"S1": (0.565, 0.37), "S2": (0.57, 0.75), "S3": (0.405, 0.315)}[scenario]

    def extra(place: float, spread: float) -> Floats:
        """Return by how much exp(place μ + spread σ²) is too large on average."""
        return np.asarray(
            1 + (first * place**2 * s2 + second * (2 * spread) ** 2 * s2**2) / n, dtype=np.float64
        )

    mean = np.exp(mu + s2 / 2) / extra(1.0, 0.5)
    variance = np.exp(2 * mu + 2 * s2) / extra(2.0, 2.0) - np.exp(2 * mu + s2) / extra(2.0, 1.0)
    with np.errstate(invalid="ignore"):
        return mean, np.where(variance > 0, np.sqrt(np.maximum(variance, 0.0)), np.nan)


def hozo(a: Floats, m: Floats, b: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Return mean and SD of Hozo et al. (S1 only).

    The mean is (a + 2m + b)/4 up to 25 people, the median above; the SD is a quarter of the range
    above 15 people, a sixth above 70.

    References
    ----------
    Hozo et al. 2005, doi:10.1186/1471-2288-5-13.
    """
    mean = np.where(n > 25, m, (a + 2 * m + b) / 4)
    small = np.sqrt(((a - 2 * m + b) ** 2 / 4 + (b - a) ** 2) / 12)
    sd = np.where(n > 70, (b - a) / 6, np.where(n > 15, (b - a) / 4, small))
    return mean, sd


def bland(a: Floats, q1: Floats, m: Floats, q3: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return mean and SD of Bland (S3 only), which do not use the size of the sample.

    References
    ----------
    Bland 2015, doi:10.6000/1929-6029.2015.04.01.6.
    """
    mean = (a + 2 * q1 + 2 * m + 2 * q3 + b) / 8
    squares = (a**2 + 2 * q1**2 + 2 * m**2 + 2 * q3**2 + b**2) / 16
    products = (a * q1 + q1 * m + m * q3 + q3 * b) / 8
    return mean, np.sqrt(np.maximum(squares + products - mean**2, 0.0))


def skewness(
    scenario: str, a: Floats, q1: Floats, m: Floats, q3: Floats, b: Floats, n: Floats
) -> tuple[Floats, Floats]:
    """Return the statistic of the test for skewness and its critical value at the 5% level.

    References
    ----------
    Shi et al. 2023, doi:10.1177/09622802231172043.

    Examples
    --------
    >>> statistic, critical = skewness("S2", *(np.array([x]) for x in (0.0, 2, 4, 9, 0, 100)))
    >>> float(statistic[0].round(4)), float(critical[0].round(4))
    (0.4286, 0.2644)
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        outer = np.abs(a + b - 2 * m) / (b - a)
        inner = np.abs(q1 + q3 - 2 * m) / (q3 - q1)
    if scenario == "S1":
        return outer, 1.01 / np.log(n + 9) + 2.43 / (n + 1)
    if scenario == "S2":
        return inner, 2.65 / np.sqrt(n) - 6 / n**2
    statistic = np.maximum(2.65 * np.log(0.6 * n) / np.sqrt(n) * outer, inner)
    return statistic, 2.97 / np.sqrt(n) - 39.1 / n**3
