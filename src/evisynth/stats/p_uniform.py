"""p-uniform and p-uniform*: the effect from P values given their significance.

References: van Assen, van Aert and Wicherts 2015 (doi:10.1037/met0000025); van Aert, Wicherts and
van Assen 2016 (doi:10.1177/1745691616650874); van Aert and van Assen (doi:10.31222/osf.io/zqjr9).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["PUniform", "PUniformStar", "p_uniform_fit", "p_uniform_star_fit", "star_likelihood"]

Floats = NDArray[np.float64]
REACH = 60.0
"""Effects this many standard errors beyond the estimates end the search."""


@dataclass(frozen=True, slots=True)
class PUniform:
    """p-uniform: estimate, limits, tests; NaN where there is none.

    Attributes
    ----------
    significant : int
        Number of significant estimates used.
    estimate, ci_lower, ci_upper : float
        Effect at which the conditional P values are even, and limits.
    z, p_value : float
        Test of no effect (one-sided; normal for the method P).
    bias_z, bias_p : float
        Test of selective publication: conditional P values at the fixed-effect estimate of all.
    at_zero : bool
        Whether the estimate was set to 0 since the average P value is large.
    """

    significant: int
    estimate: float
    ci_lower: float
    ci_upper: float
    z: float
    p_value: float
    bias_z: float
    bias_p: float
    at_zero: bool


def _conditional(y: Floats, s: Floats, critical: float, effect: float) -> Floats:
    """Return P(estimate at least as large, given significant) for an effect, also far out."""
    from scipy import special

    above = special.log_ndtr((effect - y) / s)
    significant = special.log_ndtr(effect / s - critical)
    return np.asarray(np.exp(np.minimum(above - significant, 0.0)))


def p_uniform_fit(
    estimates: ArrayLike,
    standard_errors: ArrayLike,
    *,
    alpha: float = 0.05,
    method: Literal["P", "LNP"] = "P",
    level: float = 0.95,
) -> PUniform:
    """Fit p-uniform to estimates whose expected direction is positive.

    Parameters
    ----------
    estimates, standard_errors
        Shape (K,), significant ones and others.
    alpha
        Two-sided level at which an estimate counts as significant, in the positive direction.
    method
        ``"P"``: the conditional P values average one half (Irwin-Hall, normal limits); ``"LNP"``:
        their logarithms average -1 (Fisher).
    level
        Level of the limits.

    Examples
    --------
    >>> found = p_uniform_fit([0.5, 0.62, 0.8, 0.1], [0.2, 0.25, 0.3, 0.2])
    >>> found.significant, round(found.estimate, 3)
    (3, 0.412)
    """
    from scipy import special

    y_all, s_all = (np.asarray(a, dtype=np.float64) for a in (estimates, standard_errors))
    critical = float(-special.ndtri(alpha / 2))
    here = y_all / s_all > critical
    y, s = y_all[here], s_all[here]
    k = len(y)
    nan = float("nan")
    if k == 0:
        return PUniform(0, nan, nan, nan, nan, nan, nan, nan, False)

    def even(effect: float) -> float:
        """Return the sum of the method; it grows with the effect."""
        q = _conditional(y, s, critical, effect)
        return float(q.sum()) if method == "P" else float(np.log(np.maximum(q, 1e-300)).sum())

    def tail(total: float) -> tuple[float, float]:
        if method == "P":
            z = (total - k / 2) / np.sqrt(k / 12)
            return float(z), float(special.ndtr(z))
        # minus the sum of logarithms is gamma with shape k
        p = float(special.gammaincc(k, -total))
        return float(-total), p

    spread = (1 - level) / 2
    if method == "P":
        width = float(-special.ndtri(spread)) * np.sqrt(k / 12)
        targets = (k / 2, k / 2 - width, k / 2 + width)
    else:
        targets = (-float(k), -float(special.gammaincinv(k, 1 - spread)),
                   -float(special.gammaincinv(k, spread)))  # fmt: skip
    found = [_root(even, target, y, s) for target in targets]
    one_sided = special.ndtr(-y / s)
    at_zero = bool(one_sided.mean() > alpha / 4)
    z, p = tail(even(0.0))
    w = 1 / s_all**2
    common = float(w @ y_all / w.sum())
    # a common effect too large makes the conditional P values large
    bias_z, bias_p = tail(even(common))
    bias = (bias_z, 1 - bias_p) if method == "P" else (bias_z, float(special.gammainc(k, bias_z)))
    return PUniform(
        significant=k,
        estimate=0.0 if at_zero else found[0],
        ci_lower=found[1],
        ci_upper=found[2],
        z=z,
        p_value=p,
        bias_z=bias[0],
        bias_p=bias[1],
        at_zero=at_zero,
    )


def _root(function: Callable[[float], float], target: float, y: Floats, s: Floats) -> float:
    """Return where a rising function is on its target; infinite where it never is."""
    from scipy import optimize

    low, high = float((y - REACH * s).min()), float((y + REACH * s).max())
    at_low, at_high = function(low) - target, function(high) - target
    if at_low > 0:
        return float("-inf")
    if at_high < 0:
        return float("inf")
    return float(optimize.brentq(lambda e: function(e) - target, low, high, xtol=1e-12))


@dataclass(frozen=True, slots=True)
class PUniformStar:
    """p-uniform*: maximum likelihood given which estimates are significant.

    Attributes
    ----------
    significant, others : int
        Numbers of estimates.
    estimate, ci_lower, ci_upper : float
        Mean effect with profile likelihood limits.
    lrt, p_value : float
        Likelihood ratio test of no effect (two-sided).
    tau2, tau2_lower, tau2_upper : float
        Between-study variance with profile likelihood limits.
    tau2_lrt, tau2_p : float
        Likelihood ratio test of tau² = 0 (half the chi² tail: the value lies on the edge).
    log_likelihood : float
        At the maximum.
    converged : bool
        Whether it lies inside the range searched.
    """

    significant: int
    others: int
    estimate: float
    ci_lower: float
    ci_upper: float
    lrt: float
    p_value: float
    tau2: float
    tau2_lower: float
    tau2_upper: float
    tau2_lrt: float
    tau2_p: float
    log_likelihood: float
    converged: bool


def star_likelihood(
    y: Floats, s: Floats, critical: float, mean: ArrayLike, tau: ArrayLike
) -> Floats:
    """Return the log-likelihood at places of mean and tau of any matching shape.

    Examples
    --------
    >>> y, s = np.array([0.5, 0.1]), np.array([0.2, 0.2])
    >>> round(float(star_likelihood(y, s, 1.96, 0.3, 0.1)), 4)
    1.8516
    """
    from scipy import special

    mu, t = np.asarray(mean)[..., None], np.asarray(tau)[..., None]
    total = np.sqrt(s * s + t * t)
    away = (y - mu) / total
    edge = (critical * s - mu) / total
    given = np.where(y > critical * s, special.log_ndtr(-edge), special.log_ndtr(edge))
    density = -0.5 * away**2 - np.log(total) - 0.5 * np.log(2 * np.pi)
    return np.asarray((density - given).sum(axis=-1))


def p_uniform_star_fit(
    estimates: ArrayLike,
    standard_errors: ArrayLike,
    *,
    alpha: float = 0.05,
    level: float = 0.95,
) -> PUniformStar:
    """Fit p-uniform* to estimates whose expected direction is positive.

    Examples
    --------
    >>> y, s = [0.5, 0.62, 0.8, 0.1, 0.3, 0.25], [0.2, 0.25, 0.3, 0.2, 0.25, 0.2]
    >>> found = p_uniform_star_fit(y, s)
    >>> found.significant, found.others
    (3, 3)
    """
    from scipy import special

    y, s = (np.asarray(a, dtype=np.float64) for a in (estimates, standard_errors))
    critical = float(-special.ndtri(alpha / 2))
    centre, unit = float(np.median(y)), float(np.median(s))
    wide = max(float(np.ptp(y)), unit)

    def height(mean: float, tau: float) -> float:
        return float(star_likelihood(y, s, critical, mean, tau))

    low, high = centre - 10 * wide - 10 * unit, centre + 10 * wide + 10 * unit
    far = 5 * wide + 5 * unit

    def best_tau(mean: float) -> tuple[float, float]:
        def at(taus: Floats) -> Floats:
            return star_likelihood(y, s, critical, np.full(taus.shape, mean), taus)

        return _highest(at, 0.0, far, unit)

    def best_mean(tau: float) -> tuple[float, float]:
        def at(means: Floats) -> Floats:
            return star_likelihood(y, s, critical, means, np.full(means.shape, tau))

        return _highest(at, low, high, unit)

    means = np.concatenate([np.linspace(low, high, 81), centre + unit * np.linspace(-5, 5, 81)])
    profile = np.array([best_tau(float(mean))[1] for mean in means])
    top = float(means[profile.argmax()])
    step = max((high - low) / 80, unit)
    mean, value = _climb(lambda m: best_tau(m)[1], top - step, top + step)
    tau = best_tau(mean)[0]
    # the two profiles close in on the maximum
    drop = value - 0.5 * float(special.chdtri(1, 1 - level))
    lower = _crossing(lambda m: best_tau(m)[1] - drop, mean, low - 50 * wide, -1.0, unit)
    upper = _crossing(lambda m: best_tau(m)[1] - drop, mean, high + 50 * wide, 1.0, unit)
    tau_lower = 0.0
    at_zero = best_mean(0.0)[1]
    if at_zero < drop:
        tau_lower = -_crossing(lambda t: best_mean(-t)[1] - drop, -tau, 0.0, 1.0, 0.1 * unit)
    tau_upper = _crossing(lambda t: best_mean(t)[1] - drop, tau, 20 * far, 1.0, unit)
    lrt = max(0.0, 2 * (value - best_tau(0.0)[1]))
    tau_lrt = max(0.0, 2 * (value - at_zero))
    return PUniformStar(
        significant=int((y > critical * s).sum()),
        others=int((y <= critical * s).sum()),
        estimate=mean,
        ci_lower=lower,
        ci_upper=upper,
        lrt=lrt,
        p_value=float(special.chdtrc(1, lrt)),
        tau2=tau * tau,
        tau2_lower=tau_lower**2,
        tau2_upper=tau_upper**2,
        tau2_lrt=tau_lrt,
        tau2_p=0.5 * float(special.chdtrc(1, tau_lrt)) if tau_lrt > 0 else 1.0,
        log_likelihood=value,
        converged=bool(low + step < mean < high - step and tau < 0.99 * far),
    )


def _highest(
    function: Callable[[Floats], Floats], low: float, high: float, unit: float
) -> tuple[float, float]:
    """Return the place and height of a maximum: a grid, refined three times about its best."""
    left, right = low, high
    near = np.clip(low + unit * np.geomspace(1e-3, 10, 40), low, high)
    places = np.sort(np.concatenate([np.linspace(low, high, 101), near]))
    for _ in range(11):
        seen = function(places)
        top = int(np.argmax(seen))
        left, right = places[max(top - 1, 0)], places[min(top + 1, len(places) - 1)]
        best, height = float(places[top]), float(seen[top])
        if right - left <= 1e-11 * unit:
            break
        places = np.linspace(left, right, 21)
    return best, height


def _climb(function: Callable[[float], float], low: float, high: float) -> tuple[float, float]:
    from scipy import optimize

    found = optimize.minimize_scalar(
        lambda x: -function(x), bounds=(low, high), method="bounded", options={"xatol": 1e-10}
    )
    return float(found.x), -float(found.fun)


def _crossing(
    function: Callable[[float], float], start: float, end: float, sign: float, step: float
) -> float:
    """Return where a function that is positive at ``start`` becomes 0 on the way to ``end``.

    Infinite (or the end, where that is 0) if it does not.
    """
    from scipy import optimize

    inside = start
    while True:
        outside = inside + sign * step
        if sign * (outside - end) >= 0:
            outside = end
        if function(outside) < 0:
            return float(optimize.brentq(function, inside, outside, xtol=1e-10))
        if outside == end:
            return sign * float("inf")
        inside, step = outside, 2 * step
