"""Small-study effects: weighted lines, fail-safe N, excess of significance, E-values.

References: Rosenthal 1979 (doi:10.1037/0033-2909.86.3.638); Orwin 1983
(doi:10.3102/10769986008002157); Rosenberg 2005 (doi:10.1111/j.0014-3820.2005.tb01004.x);
Ioannidis and Trikalinos 2007 (doi:10.1177/1740774507079441); Francis 2013
(doi:10.1016/j.jmp.2013.02.003); VanderWeele and Ding 2017 (doi:10.7326/M16-2607).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.stats.asymmetry import egger_line
from evisynth.stats.distributions import chi2_tail, two_sided_p
from evisynth.stats.peto import observed_minus_expected

__all__ = [
    "Alternative",
    "ExcessSignificance",
    "ExcessTest",
    "FailSafe",
    "FailSafeMethod",
    "WeightedLine",
    "e_value",
    "excess_significance",
    "fail_safe_n",
    "limit_effect",
    "power_of_studies",
    "score_and_information",
    "weighted_line",
]

Floats = NDArray[np.float64]
Alternative = Literal["two.sided", "greater", "less"]
ExcessTest = Literal["exact", "binomial", "chi2"]
FailSafeMethod = Literal["Rosenthal", "Orwin", "Rosenberg"]


@dataclass(frozen=True, slots=True)
class WeightedLine:
    """A weighted line with multiplicative dispersion; tests with t on ``df`` = K - 2.

    ``statistic`` and ``p_value`` are of the slope, ``intercept_p`` of the intercept.
    """

    intercept: float
    intercept_se: float
    intercept_p: float
    slope: float
    slope_se: float
    statistic: float
    df: int
    p_value: float


def weighted_line(estimates: ArrayLike, variances: ArrayLike, predictor: ArrayLike) -> WeightedLine:
    """Regress estimates on a predictor with weights 1/variance and a free residual scale.

    Parameters
    ----------
    estimates, variances, predictor
        Shape (K,), K of at least 3; the predictor must vary.

    Examples
    --------
    >>> v = np.array([0.02, 0.03, 0.05, 0.01])
    >>> round(weighted_line([0.1, 0.3, 0.8, 0.5], v, np.sqrt(v)).intercept_se, 4)
    0.5172
    """
    y, v, x = (np.asarray(a, dtype=np.float64) for a in (estimates, variances, predictor))
    line = egger_line(y, v, x)
    w = v.min() / v
    centre = float(w @ x / w.sum())
    spread = float(w @ (x - centre) ** 2)
    # slope_se² = s²/spread and intercept_se² = s² (1/sum w + centre²/spread)
    scale = line.slope_se**2 * spread
    intercept_se = float(np.sqrt(scale * (1 / w.sum() + centre**2 / spread)))
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.divide(line.intercept, intercept_se)
    return WeightedLine(
        intercept=line.intercept,
        intercept_se=intercept_se,
        intercept_p=float(two_sided_p(statistic, line.df)),
        slope=line.slope,
        slope_se=line.slope_se,
        statistic=line.statistic,
        df=line.df,
        p_value=line.p_value,
    )


def score_and_information(
    events1: ArrayLike, nonevents1: ArrayLike, events2: ArrayLike, nonevents2: ArrayLike
) -> tuple[Floats, Floats]:
    """Return the efficient score of the log odds ratio at 0 and its information, shape (K,).

    Examples
    --------
    >>> score, information = score_and_information([4], [119], [11], [128])
    >>> score.round(4), information.round(4)
    (array([-3.042]), array([3.5356]))
    """
    score, information = observed_minus_expected(events1, nonevents1, events2, nonevents2)
    return score[0], information[0]


@dataclass(frozen=True, slots=True)
class FailSafe:
    """A fail-safe N.

    ``n`` is the number of studies with null results that would have to be added, rounded up;
    ``p_value`` of the combined studies (NaN for Orwin), ``mean`` their average (NaN for
    Rosenthal), ``target`` the average aimed at (Orwin, else NaN).
    """

    n: int
    p_value: float
    mean: float
    target: float


def fail_safe_n(
    estimates: ArrayLike,
    variances: ArrayLike,
    method: FailSafeMethod = "Rosenthal",
    *,
    alpha: float = 0.05,
    target: float | None = None,
    weighted: bool = False,
) -> FailSafe:
    """Count the null results that would overturn a meta-analysis.

    Parameters
    ----------
    estimates, variances
        Shape (K,).
    method
        Rosenthal (Stouffer's combined P value, one-sided in the direction of the sum), Orwin
        (average to ``target``) or Rosenberg (equal-effects estimate).
    alpha
        Level of significance aimed at.
    target
        For Orwin; half the average if not given. Its sign follows the average.
    weighted
        For Orwin: inverse-variance weights in the average.

    Examples
    --------
    >>> fail_safe_n([0.5, 0.4, 0.6], [0.02, 0.03, 0.04]).n
    26
    """
    from scipy import special

    y, v = (np.asarray(x, dtype=np.float64) for x in (estimates, variances))
    k, nan = len(y), float("nan")
    if method == "Rosenthal":
        z = float((y / np.sqrt(v)).sum() / np.sqrt(k))
        critical = float(-special.ndtri(alpha))
        # (sum of z)² / critical² studies in all keep the combined z at the critical value
        needed = k * (z / critical) ** 2 - k if abs(z) > critical else 0.0
        return FailSafe(_up(needed), float(special.ndtr(-abs(z))), nan, nan)
    w = 1 / v
    if method == "Orwin":
        mean = float(w @ y / w.sum()) if weighted else float(y.mean())
        aim = mean / 2 if target is None else abs(target) * float(np.sign(mean))
        needed = k * (mean - aim) / aim if abs(aim) > 0 else float("inf")
        if abs(mean) <= abs(aim):
            needed = 0.0
        return FailSafe(_up(needed), nan, mean, aim)
    mean = float(w @ y / w.sum())
    z = mean * float(np.sqrt(w.sum()))
    critical = float(-special.ndtri(alpha / 2))
    # n studies of the average weight and no effect
    needed = (float(w @ y) / critical) ** 2 / (w.sum() / k) - k if abs(z) > critical else 0.0
    return FailSafe(_up(needed), float(2 * special.ndtr(-abs(z))), mean, nan)


def _up(needed: float) -> int:
    return int(np.ceil(max(needed, 0.0))) if np.isfinite(needed) else -1


@dataclass(frozen=True, slots=True)
class ExcessSignificance:
    """A test of excess significance.

    Attributes
    ----------
    observed : int
        Number of significant studies.
    expected : float
        Sum of the studies' power.
    ratio : float
        Observed over expected.
    p_value : float
        P value of the test.
    power : ndarray, shape (K,)
        Power of each study.
    significant : ndarray of bool, shape (K,)
        Which studies are.
    """

    observed: int
    expected: float
    ratio: float
    p_value: float
    power: Floats
    significant: NDArray[np.bool_]


def power_of_studies(
    variances: ArrayLike,
    effect: float,
    tau2: float = 0.0,
    *,
    null: float = 0.0,
    alternative: Alternative = "two.sided",
    alpha: float = 0.05,
) -> Floats:
    """Return the chance of each study to be significant, shape (K,).

    With ``tau2`` the true effects are normal about ``effect``; the chance is then that of a normal
    variable with the sum of both variances.

    Examples
    --------
    >>> power_of_studies([0.04], 0.4).round(4)
    array([0.516])
    """
    from scipy import special

    v = np.asarray(variances, dtype=np.float64)
    se, spread = np.sqrt(v), np.sqrt(v + tau2)
    if alternative == "two.sided":
        critical = -special.ndtri(alpha / 2) * se
        upper = special.ndtr((effect - null - critical) / spread)
        return np.asarray(upper + special.ndtr((null - critical - effect) / spread))
    critical = -special.ndtri(alpha) * se
    sign = 1 if alternative == "greater" else -1
    return np.asarray(special.ndtr((sign * (effect - null) - critical) / spread))


def excess_significance(
    estimates: ArrayLike,
    variances: ArrayLike,
    effect: float,
    tau2: float = 0.0,
    *,
    null: float = 0.0,
    alternative: Alternative = "two.sided",
    alpha: float = 0.05,
    test: ExcessTest = "exact",
    direction: Alternative = "greater",
) -> ExcessSignificance:
    """Test whether more studies are significant than their power lets expect.

    Parameters
    ----------
    estimates, variances
        Shape (K,).
    effect, tau2
        The true effect and its variance between studies.
    null, alternative, alpha
        The studies' own tests.
    test
        ``"exact"`` (Poisson-binomial), ``"binomial"`` (with the mean power) or ``"chi2"``.
    direction
        Of the test: more (``"greater"``), fewer, or either.
    """
    from scipy import special

    y, v = (np.asarray(x, dtype=np.float64) for x in (estimates, variances))
    z = (y - null) / np.sqrt(v)
    if alternative == "two.sided":
        significant = np.abs(z) >= -special.ndtri(alpha / 2)
    else:
        significant = (z if alternative == "greater" else -z) >= -special.ndtri(alpha)
    power = power_of_studies(v, effect, tau2, null=null, alternative=alternative, alpha=alpha)
    observed, expected, k = int(significant.sum()), float(power.sum()), len(y)
    if test == "chi2":
        p = _chi2_excess(observed, expected, k, direction)
    else:
        law = (
            _poisson_binomial(power) if test == "exact"
            else _poisson_binomial(np.full(k, expected / k))
        )  # fmt: skip
        p = _tail(law, observed, direction)
    return ExcessSignificance(
        observed, expected, observed / expected, p, power, np.asarray(significant)
    )


def limit_effect(
    estimates: ArrayLike,
    variances: ArrayLike,
    effect: float,
    tau2: float = 0.0,
    *,
    null: float = 0.0,
    alternative: Alternative = "two.sided",
    alpha: float = 0.05,
    test: ExcessTest = "exact",
    level: float = 0.10,
) -> float:
    """Return the effect at which the test of excess significance has the P value ``level``.

    It is looked for from no effect outwards, on the side of ``effect``; NaN where even without an
    effect the P value is larger.
    """
    from scipy import optimize

    def off(value: float) -> float:
        found = excess_significance(
            estimates, variances, value, tau2, null=null, alternative=alternative, alpha=alpha,
            test=test,
        )  # fmt: skip
        return found.p_value - level

    if off(null) >= 0:
        return float("nan")
    size = float(np.sqrt(np.median(np.asarray(variances, dtype=np.float64)) + tau2))
    step = size if effect >= null else -size
    end = null + step
    for _ in range(60):
        if off(end) > 0:
            return float(optimize.brentq(off, null, end, xtol=1e-14 * size, rtol=1e-14))
        step *= 2
        end = null + step
    return float("nan")


def _chi2_excess(observed: int, expected: float, k: int, direction: Alternative) -> float:
    from scipy import special

    with np.errstate(divide="ignore", invalid="ignore"):
        off = float(observed - expected)
        statistic = off * off / expected + (off * off / (k - expected) if k > expected else 0.0)
    if direction == "two.sided":
        return float(chi2_tail(statistic, 1))
    sign = 1 if direction == "greater" else -1
    return float(special.ndtr(-sign * np.sign(off) * np.sqrt(statistic)))


def _poisson_binomial(power: Floats) -> Floats:
    """Return the probabilities of 0 to K successes of independent trials, shape (K + 1,)."""
    law = np.array([1.0])
    for p in power:
        law = np.convolve(law, [1 - p, p])
    return law


def _tail(law: Floats, observed: int, direction: Alternative) -> float:
    if direction == "greater":
        return float(min(1.0, law[observed:].sum()))
    if direction == "less":
        return float(min(1.0, law[: observed + 1].sum()))
    # all outcomes that are no more probable than the observed one
    return float(min(1.0, law[law <= law[observed] * (1 + 1e-7)].sum()))


def e_value(ratio: float, limit: float | None = None) -> tuple[float, float]:
    """Return the E-values of a risk ratio and of its limit nearer to 1.

    Parameters
    ----------
    ratio
        Risk ratio.
    limit
        Limit of its confidence interval that lies nearer to 1; NaN if not given.

    Returns
    -------
    tuple of float
        1 where the limit has crossed 1.

    Examples
    --------
    >>> [round(value, 2) for value in e_value(3.9, 1.8)]
    [7.26, 3.0]
    """

    def one(value: float) -> float:
        size = 1 / value if value < 1 else value
        return float(size + np.sqrt(size * (size - 1)))

    if limit is None:
        return one(ratio), float("nan")
    crossed = limit <= 1 if ratio >= 1 else limit >= 1
    return one(ratio), 1.0 if crossed else one(limit)
