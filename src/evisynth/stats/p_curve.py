"""p-curve: the distribution of significant P values.

References: Simonsohn, Nelson and Simmons 2014 (doi:10.1037/a0033242,
doi:10.1177/1745691614553988); Simonsohn, Simmons and Nelson 2015 (doi:10.1037/xge0000104).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["PCurveTests", "Statistic", "p_curve_tests"]

Floats = NDArray[np.float64]
ALPHA = 0.05
HALF = 0.025
THIRD = 1 / 3


@dataclass(frozen=True, slots=True)
class Statistic:
    """One test statistic: F with its degrees of freedom, or chi² (t² is F, z² is chi²).

    ``df2`` is infinite for chi², which is ``value`` then.
    """

    value: float
    df1: float
    df2: float

    @property
    def kind(self) -> Literal["F", "chi2"]:
        """Which distribution it has."""
        return "chi2" if np.isinf(self.df2) else "F"

    def p(self) -> float:
        """Return its P value."""
        from scipy import special

        if np.isinf(self.df2):
            return float(special.chdtrc(self.df1, self.value))
        share = self.df2 / (self.df2 + self.df1 * self.value)
        return float(special.betainc(self.df2 / 2, self.df1 / 2, share))

    def critical(self, alpha: float) -> float:
        """Return the value whose P value is alpha."""
        from scipy import special

        if np.isinf(self.df2):
            return float(special.chdtri(self.df1, alpha))
        return float(special.fdtri(self.df1, self.df2, 1 - alpha))

    def tail(self, value: float, noncentrality: float) -> float:
        """Return the chance of a larger value under a noncentral distribution."""
        from scipy import special

        if np.isinf(self.df2):
            return float(1 - special.chndtr(value, self.df1, noncentrality))
        return float(1 - special.ncfdtr(self.df1, self.df2, noncentrality, value))


@lru_cache(maxsize=4096)
def _noncentrality(df1: float, df2: float, power: float) -> float:
    """Return the noncentrality that gives a test of level 0.05 this power."""
    from scipy import optimize

    one = Statistic(0.0, df1, df2)
    critical = one.critical(ALPHA)

    def off(lam: float) -> float:
        return one.tail(critical, lam) - power

    high = 1.0
    while off(high) < 0:
        high *= 2
    return float(optimize.brentq(off, 0.0, high, xtol=1e-12, rtol=1e-13))


def _share(one: Statistic, cut: float, power: float) -> float:
    """Return P(P value at least as small, given below the cut) when a test has some power.

    With power 0.05 (no effect) it is p / cut.
    """
    if power <= ALPHA:
        return one.p() / cut
    lam = _noncentrality(one.df1, one.df2, power)
    return one.tail(one.value, lam) / one.tail(one.critical(cut), lam)


@dataclass(frozen=True, slots=True)
class PCurveTests:
    """The tests of a p-curve.

    Attributes
    ----------
    significant, below_half : int
        P values below 0.05 and below 0.025.
    binomial_right, binomial_flat : float
        P values of the binomial tests: more of them below 0.025 than no effect lets expect; fewer
        than a power of 33% does.
    full_z, full_p, half_z, half_p : float
        Stouffer's test of right skew, of P values below 0.05 and below 0.025.
    flat_full_z, flat_full_p, flat_half_z, flat_half_p : float
        The same against a power of 33%: P is small where the curve is flatter than that.
    power, power_lower, power_upper : float
        Estimate of the average power of the tests, with its 90% interval.
    expected : ndarray, shape (5,)
        Shares of P values up to 0.01, 0.02 ... 0.05 that a power of 33% lets expect, in percent.
    observed : ndarray, shape (5,)
        Shares that there are, in percent.
    fitted : ndarray, shape (5,)
        Shares that the estimated power lets expect, in percent.
    """

    significant: int
    below_half: int
    binomial_right: float
    binomial_flat: float
    full_z: float
    full_p: float
    half_z: float
    half_p: float
    flat_full_z: float
    flat_full_p: float
    flat_half_z: float
    flat_half_p: float
    power: float
    power_lower: float
    power_upper: float
    expected: Floats
    observed: Floats
    fitted: Floats


def p_curve_tests(statistics: list[Statistic]) -> PCurveTests:
    """Test the significant ones among some statistics for right skew and flatness.

    Examples
    --------
    >>> three = [Statistic(9.0, 1, 50), Statistic(5.0, 1, 80), Statistic(12.0, 1, 40)]
    >>> found = p_curve_tests(three)
    >>> found.significant, round(found.full_z, 3)
    (3, -1.83)
    """
    some = [one for one in statistics if one.p() < ALPHA]
    half = [one for one in some if one.p() < HALF]
    number, low = len(some), len(half)
    nan = float("nan")
    binomial_right = binomial_flat = nan
    if number:
        from scipy import special

        # at least `low` of them below half of 0.05 when each has chance 1/2
        binomial_right = float(special.bdtrc(low - 1, number, 0.5)) if low else 1.0
        share = float(np.mean([_below(one, HALF) for one in some]))
        binomial_flat = float(special.bdtr(low, number, share))
    # right skew: P values small for no effect; flatness: P values large for a power of 33%
    parts = ((ALPHA, some), (HALF, half))
    tests = [_stouffer([_share(one, cut, ALPHA) for one in chosen]) for cut, chosen in parts]
    tests += [_stouffer([1 - _share(one, cut, THIRD) for one in chosen]) for cut, chosen in parts]
    power, lower, upper = _power(some)
    cuts = np.arange(1, 6) / 100
    shape = np.zeros(5)
    observed, expected, fitted = shape.copy(), shape.copy(), shape.copy()
    if number:
        p = np.array([one.p() for one in some])
        observed = 100 * np.histogram(p, bins=np.concatenate([[0.0], cuts]))[0] / number
        expected = _histogram(some, THIRD, cuts)
        fitted = _histogram(some, power, cuts)
    return PCurveTests(
        significant=number,
        below_half=low,
        binomial_right=binomial_right,
        binomial_flat=binomial_flat,
        full_z=tests[0][0],
        full_p=tests[0][1],
        half_z=tests[1][0],
        half_p=tests[1][1],
        flat_full_z=tests[2][0],
        flat_full_p=tests[2][1],
        flat_half_z=tests[3][0],
        flat_half_p=tests[3][1],
        power=power,
        power_lower=lower,
        power_upper=upper,
        expected=expected,
        observed=observed,
        fitted=fitted,
    )


def _below(one: Statistic, cut: float) -> float:
    """Return the share of significant P values below a cut at a power of 33%."""
    lam = _noncentrality(one.df1, one.df2, THIRD)
    return one.tail(one.critical(cut), lam) / THIRD


def _stouffer(shares: list[float]) -> tuple[float, float]:
    """Return Stouffer's z and its lower-tail P value; NaN without any share.

    Shares are kept off 0 and 1 as far as double precision tells them.
    """
    from scipy import special

    if not shares:
        return float("nan"), float("nan")
    clipped = np.clip(shares, 2.2e-16, 1 - 2.2e-16)
    z = float(special.ndtri(clipped).sum() / np.sqrt(len(shares)))
    return z, float(special.ndtr(z))


def _power(some: list[Statistic]) -> tuple[float, float, float]:
    """Return the power at which the shares are even, and where Stouffer's z is ±1.645."""
    from scipy import optimize

    if not some:
        nan = float("nan")
        return nan, nan, nan

    def z(power: float) -> float:
        return _stouffer([1 - min(_share(one, ALPHA, power), 1.0) for one in some])[0]

    # z falls as power grows: strong power makes small P values unsurprising
    ends = (0.0500001, 0.99)

    def solve(target: float) -> float:
        at_low, at_high = z(ends[0]) - target, z(ends[1]) - target
        if at_low <= 0:
            return ALPHA
        if at_high >= 0:
            return ends[1]
        return float(optimize.brentq(lambda p: z(p) - target, *ends, xtol=1e-10))

    return solve(0.0), solve(1.6448536269514722), solve(-1.6448536269514722)


def _histogram(some: list[Statistic], power: float, cuts: Floats) -> Floats:
    """Return the expected percentages of P values in each hundredth at a power."""
    total = np.zeros(len(cuts))
    for one in some:
        if power <= ALPHA:
            total += 1 / len(cuts)
            continue
        lam = _noncentrality(one.df1, one.df2, power)
        upto = np.array([one.tail(one.critical(float(cut)), lam) for cut in cuts]) / power
        total += np.diff(np.concatenate([[0.0], upto]))
    return 100 * total / len(some)
