"""Where the effect of a new study may lie: distributions beyond estimate ± t · √(τ² + SE²).

Nagashima, Noma and Furukawa 2019 (doi:10.1177/0962280218773520): the confidence distribution of
tau², from the exact distribution of Cochran's Q, takes the place of its estimate. They sample from
it; here the same distribution is integrated, so that the limits have no simulation error and need
no seed. Wang and Lee 2019 (doi:10.1002/jrsm.1345): quantiles of estimates shrunken to the spread
that tau² says. Kenward and Roger 1997 (doi:10.2307/2533558), in meta-analysis Partlett and Riley
2017 (doi:10.1002/sim.7140).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError
from evisynth.stats.batch import as_batch
from evisynth.stats.tau2_moments import GeneralizedQ, generalized_q_of
from evisynth.stats.tau2_quadratic import quadratic_form_tails

__all__ = [
    "KenwardRoger",
    "NagashimaDistribution",
    "kenward_roger",
    "nagashima_distribution",
    "shrunken_quantiles",
]

Floats = NDArray[np.float64]

TAU2_NODES = 49
"""Nodes of the tanh-sinh rule over the confidence distribution of tau²; doubling them changes the
limits by less than 1e-9."""

TAU2_REACH = 3.2
"""End of that rule: what lies beyond weighs less than 1e-16."""

NEGLIGIBLE = 1e-10
"""Confidence in a tau² above 0 that moves no limit; below, tau² is 0."""

PROPORTIONAL = 1e-7
"""Confidence below which tau² is proportional to it."""

GRID = 40
CORRECTIONS = 12
CLOSE = 1e-10
"""Change of log tau² that changes nothing."""


@dataclass(frozen=True, slots=True)
class KenwardRoger:
    """Standard error and degrees of freedom of the pooled effect by Kenward and Roger."""

    se: float
    df: float


def kenward_roger(variances: ArrayLike, tau2: float) -> KenwardRoger:
    """Return Kenward and Roger's standard error and degrees of freedom after REML.

    Parameters
    ----------
    variances
        Sampling variances, shape (K,), K at least 2.
    tau2
        Estimate by restricted maximum likelihood.

    Notes
    -----
    With Φ = 1/Σw, Φ is increased by 2Φ²(Σw³ - Φ(Σw²)²) var(tau²), the last from the expected
    information; the scale factor of the F statistic is exactly 1 for one coefficient, and the
    degrees of freedom are 2 / (var(tau²) (Φ Σw²)²): k - 1 for equal variances.

    Examples
    --------
    >>> one = kenward_roger([0.1, 0.1, 0.1, 0.1], 0.2)
    >>> round(one.se, 6), round(one.df, 6)
    (0.273861, 3.0)
    """
    v = np.asarray(variances, dtype=np.float64)
    if len(v) < 2:
        raise DataError("Kenward and Roger's interval needs at least two estimates")
    w = 1 / (v + tau2)
    s1, s2, s3 = w.sum(), (w**2).sum(), (w**3).sum()
    information = 0.5 * (s2 - 2 * s3 / s1 + (s2 / s1) ** 2)
    spread = max(0.0, s3 - s2 * s2 / s1)
    variance = 1 / s1 + 2 * spread / (information * s1 * s1)
    return KenwardRoger(float(np.sqrt(variance)), float(2 * information * (s1 / s2) ** 2))


def shrunken_quantiles(
    estimates: ArrayLike, variances: ArrayLike, mean: float, tau2: float, probabilities: ArrayLike
) -> Floats:
    """Return quantiles of the estimates shrunken as by Wang and Lee.

    Each deviation from the pooled effect is multiplied by √(τ²/(τ² + v)), so that the shrunken
    estimates vary as much as the effects are estimated to (their section 2.3). The i-th of them in
    order is the quantile of i/(k + 1); between two, quantiles are linear in those of the normal
    distribution, and beyond the outermost they lie on the line from it to the pooled effect
    (section 2.4).

    Examples
    --------
    >>> y, v = [0.1, 0.3, 0.8, 0.5], [0.02, 0.03, 0.05, 0.01]
    >>> shrunken_quantiles(y, v, 0.4021, 0.0481, [0.025, 0.2, 0.975]).round(3)
    array([-0.189,  0.148,  1.051])
    """
    from scipy import special

    y, v = np.asarray(estimates, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    shrunken = np.sort(mean + (y - mean) * np.sqrt(tau2 / (tau2 + v)))
    k = len(shrunken)
    ends = special.ndtri(np.arange(1, k + 1) / (k + 1))
    at = special.ndtri(np.asarray(probabilities, dtype=np.float64))
    inner = np.interp(at, ends, shrunken)
    below = mean + (shrunken[0] - mean) * at / ends[0]
    above = mean + (shrunken[-1] - mean) * at / ends[-1]
    return np.asarray(np.where(at < ends[0], below, np.where(at > ends[-1], above, inner)))


@dataclass(frozen=True, slots=True)
class NagashimaDistribution:
    """Predictive distribution of Nagashima, Noma and Furukawa, as a mixture over tau².

    Attributes
    ----------
    tau2, weights : ndarray, shape (N,)
        Nodes of the confidence distribution of tau², and their probabilities.
    means, se : ndarray, shape (N,)
        Pooled effect and Hartung's standard error at each tau².
    df : int
        Degrees of freedom of t, k - 1.
    """

    tau2: Floats
    weights: Floats
    means: Floats
    se: Floats
    df: int

    def cdf(self, x: float) -> float:
        """Return the probability that the effect of a new study is at most x."""
        parts = _normal_plus_t(x - self.means, np.sqrt(self.tau2), self.se, self.df)
        return float(self.weights @ parts)

    def quantile(self, probability: float) -> float:
        """Return the value below which a new effect falls with a probability."""
        from scipy.optimize import brentq

        width = float(np.sqrt(self.tau2[0]) + self.se.max())
        low = high = float(self.weights @ self.means)
        while self.cdf(low) > probability:
            low, width = low - width, 2 * width
        while self.cdf(high) < probability:
            high, width = high + width, 2 * width
        root = brentq(lambda x: self.cdf(x) - probability, low, high, xtol=1e-13, rtol=8.9e-16)
        return float(root)


def nagashima_distribution(estimates: ArrayLike, variances: ArrayLike) -> NagashimaDistribution:
    """Return the predictive distribution of Nagashima, Noma and Furukawa.

    Parameters
    ----------
    estimates, variances
        Shape (K,), K at least 3; pooled scale.

    Examples
    --------
    >>> one = nagashima_distribution([0.1, 0.3, 0.8, 0.5], [0.02, 0.03, 0.05, 0.01])
    >>> round(one.quantile(0.5), 2)
    0.4
    """
    batch = as_batch(estimates, variances)
    y, v = batch.estimates[0], batch.variances[0]
    if len(y) < 3:
        raise DataError("a prediction interval needs at least three estimates")
    form = generalized_q_of(y, v, 1 / v)
    rest = float(form.tails(0.0).lower)  # confidence that tau² is above 0
    tau2, weights = np.zeros(1), np.ones(1)
    if rest > NEGLIGIBLE:
        t = np.linspace(-TAU2_REACH, TAU2_REACH, TAU2_NODES)
        low, high = (1 / (1 + np.exp(sign * np.pi * np.sinh(t))) for sign in (-1, 1))
        inner = np.pi * np.cosh(t) * low * high * (t[1] - t[0])
        tau2 = np.concatenate([tau2, _confidence_quantiles(form, rest, low, high)])
        weights = np.concatenate([[1 - rest], rest * inner])
    w = 1 / (v + tau2[:, None])
    means = (w @ y) / w.sum(axis=1)
    scatter = (w * (y - means[:, None]) ** 2).sum(axis=1)
    se = np.sqrt(scatter / w.sum(axis=1) / (len(y) - 1))
    return NagashimaDistribution(tau2, weights / weights.sum(), means, se, len(y) - 1)


def _confidence_quantiles(form: GeneralizedQ, rest: float, low: Floats, high: Floats) -> Floats:
    """Return tau² at given places of the continuous part of its confidence distribution.

    ``rest`` is its size, ``low`` and ``high`` are the shares of it below and above. The logarithm
    of tau² is nearly linear in log(low / high) at both ends: it is interpolated on a grid, and the
    interpolation is corrected by secant steps. Far below, tau² is proportional to ``low``.
    """
    shares = np.maximum(np.linalg.eigvalsh(form.basis @ form.basis.T), 0.0)
    middle = float(np.log(np.median(form.variances)))

    def place(logs: Floats) -> Floats:
        tails = quadratic_form_tails(1 + np.exp(logs)[:, None] * shares, form.q)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log(np.maximum(rest - tails.lower, 0.0)) - np.log(tails.lower))

    inner = low >= PROPORTIONAL
    goals = np.concatenate([[np.log(PROPORTIONAL)], np.log(low[inner]) - np.log(high[inner])])
    begin, end = middle - 5.0, middle + 5.0
    while not place(np.array([begin]))[0] < goals[0]:
        begin -= 5.0
    while not place(np.array([end]))[0] > goals[-1]:
        end += 5.0
    grid = np.linspace(begin, end, GRID)
    at_grid = place(grid)
    finite = np.isfinite(at_grid)  # at the ends one of the two tails may have vanished
    grid, at_grid = grid[finite], at_grid[finite]
    rising = np.concatenate([[True], np.diff(np.maximum.accumulate(at_grid)) > 0])
    heights, places = at_grid[rising], grid[rising]
    logs = np.interp(goals, heights, places)
    piece = np.clip(np.searchsorted(heights, goals) - 1, 0, len(places) - 2)
    slope = (np.diff(places) / np.diff(heights))[piece]
    off = place(logs) - goals
    for _ in range(CORRECTIONS):
        after = np.clip(logs - slope * off, begin, end)
        off_after = place(after) - goals
        with np.errstate(divide="ignore", invalid="ignore"):
            secant = (after - logs) / (off_after - off)
        slope = np.where(np.isfinite(secant) & (secant > 0), secant, slope)
        step = np.abs(after - logs).max()
        logs, off = after, off_after
        if step <= CLOSE:
            break
    found = np.empty(len(low))
    found[inner] = np.exp(logs[1:])
    found[~inner] = np.exp(logs[0]) * low[~inner] / PROPORTIONAL
    return found


def _normal_plus_t(x: Floats, sd: Floats, scale: Floats, df: int) -> Floats:
    """Return P(sd Z + scale T <= x), each of shape (N,), by the trapezoidal rule.

    The rule runs over the narrower of the two variables, where the other one's distribution
    function is smooth.
    """
    from scipy import special

    narrow = sd <= scale
    result = np.empty(len(x))
    if narrow.any():
        z = np.linspace(-9.0, 9.0, 91)
        by_normal = np.exp(-0.5 * z * z) * (z[1] - z[0]) / np.sqrt(2 * np.pi)
        some = (x[narrow, None] - sd[narrow, None] * z) / scale[narrow, None]
        result[narrow] = special.stdtr(df, some) @ by_normal
    if not narrow.all():
        u = np.linspace(-18.0, 18.0, 241)
        t = np.sinh(u)
        logs = special.gammaln((df + 1) / 2) - special.gammaln(df / 2) - 0.5 * np.log(df * np.pi)
        density = np.exp(logs - (df + 1) / 2 * np.log1p(t * t / df)) * np.cosh(u) * (u[1] - u[0])
        wide = ~narrow
        some = (x[wide, None] - scale[wide, None] * t) / sd[wide, None]
        result[wide] = special.ndtr(some) @ density
    return result
