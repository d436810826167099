"""Intervals of tau² by name, for one meta-analysis with or without moderators.

QP: Viechtbauer 2007 (doi:10.1002/sim.2514). GENQ, J: Jackson 2013 (doi:10.1002/sim.5829), Jackson
et al. 2014 (doi:10.1186/1471-2288-14-103). BJ: Biggerstaff and Jackson 2008 (doi:10.1002/sim.3413),
the exact form of BT: Biggerstaff and Tweedie 1997
(doi:10.1002/(SICI)1097-0258(19970415)16:7<753::AID-SIM494>3.0.CO;2-G). PL: Hardy and Thompson 1996
(doi:10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A). SJ: Sidik and Jonkman 2005
(doi:10.1111/j.1467-9876.2005.00489.x). Bootstrap: Turner et al. 2000; all compared in Viechtbauer
2007.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from evisynth.errors import DataError, OptionError
from evisynth.stats.batch import as_batch
from evisynth.stats.distributions import chi2_quantile, normal_quantile
from evisynth.stats.heterogeneity import Tau2Estimate, Tau2Method, estimate_tau2
from evisynth.stats.intervals import REASONS, q_profile
from evisynth.stats.likelihood import log_likelihood
from evisynth.stats.regression import regress_batch
from evisynth.stats.tau2_moments import (
    GeneralizedQ,
    check_weights,
    estimate_tau2_weighted,
    falling_root,
    generalized_q_of,
)

__all__ = ["INTERVAL_KINDS", "IntervalKind", "Tau2Limits", "tau2_interval"]

Floats = NDArray[np.float64]
IntervalKind = Literal[
    "QP", "GENQ", "J", "BJ", "BT", "PL", "Wald", "SJ", "bootstrap", "bootstrap nonparametric"
]
INTERVAL_KINDS: tuple[str, ...] = get_args(IntervalKind)
DRAWS = 2000
"""Bootstrap samples unless told otherwise: the error of a 2.5% quantile's rank is then 0.35%."""


class Tau2Limits(NamedTuple):
    """Limits of tau²; NaN with a reason where there are none."""

    lower: float
    upper: float
    reason: str = ""


def tau2_interval(
    estimates: Floats,
    variances: Floats,
    kind: IntervalKind = "QP",
    *,
    level: float = 0.95,
    method: str = "REML",
    design: Floats | None = None,
    weights: Floats | None = None,
    draws: int = DRAWS,
    seed: int = 1,
) -> Tau2Limits:
    """Return the limits of tau² of one meta-analysis.

    Parameters
    ----------
    estimates, variances
        Shape (K,); pooled scale.
    kind
        ``"QP"`` Q-profile; ``"GENQ"`` generalized Q with ``weights``; ``"J"`` the same with the
        weights 1/SE that Jackson recommends; ``"BJ"`` with 1/variance; ``"BT"`` its gamma
        approximation; ``"PL"`` profile likelihood, restricted unless ``method`` is ML; ``"Wald"``
        tau² ± z SE, not below 0; ``"SJ"``; ``"bootstrap"``, parametric, or ``"bootstrap
        nonparametric"``: percentiles of ``method``'s estimates.
    level
        Confidence level.
    method
        Estimator of tau² for PL, Wald and the bootstrap (GENQ and GENQM take ``weights``).
    design
        Shape (K, P); without it an intercept only.
    weights
        Shape (K,): of the generalized Q statistic.
    draws, seed
        Bootstrap samples and the seed of their generator.

    Raises
    ------
    OptionError
        If the kind is not known.
    DataError
        If weights are needed and not given.

    Examples
    --------
    >>> y, v = np.array([0.1, 0.3, 0.8, 0.5]), np.array([0.02, 0.03, 0.05, 0.01])
    >>> limits = tau2_interval(y, v, "J")
    >>> round(limits.lower, 6), round(limits.upper, 4)
    (0.0, 1.0571)
    """
    if kind not in INTERVAL_KINDS:
        raise OptionError("tau2_ci", kind, INTERVAL_KINDS)
    batch = as_batch(estimates, variances)
    y, v = batch.estimates[0], batch.variances[0]
    p = 1 if design is None else design.shape[1]
    if len(y) <= p:
        return Tau2Limits(float("nan"), float("nan"), REASONS[1])
    if kind == "QP":
        found = q_profile(y, v, level=level, design=design)
        return Tau2Limits(float(found.lower[0]), float(found.upper[0]), found.reasons[0])
    if kind in ("GENQ", "J", "BJ", "BT"):
        return _generalized(generalized_q_of(y, v, _own(kind, v, weights), design), kind, level)
    if kind == "PL":
        return _profile_likelihood(y, v, method == "ML", level, design)
    if kind == "Wald":
        one = _estimate(y, v, method, design, weights)
        value, se = float(one.tau2[0]), float(one.se[0])
        half = normal_quantile(level) * se
        return Tau2Limits(max(0.0, value - half), value + half)
    if kind == "SJ":
        dof = len(y) - p
        value = float(estimate_tau2(y, v, method="SJ", design=design).tau2[0])
        low, high = (float(chi2_quantile(dof, tail)) for tail in (0.5 + level / 2, 0.5 - level / 2))
        return Tau2Limits(dof * value / low, dof * value / high)
    rng = np.random.default_rng(seed)
    if kind == "bootstrap":
        sample = _parametric(y, v, method, design, weights, draws, rng)
    else:
        sample = _nonparametric(y, v, method, design, weights, draws, rng)
    low, high = np.quantile(sample, [0.5 - level / 2, 0.5 + level / 2])
    return Tau2Limits(float(low), float(high))


def _own(kind: str, v: Floats, weights: Floats | None) -> Floats:
    """Return the weights of a generalized Q statistic."""
    if kind == "J":
        return np.asarray(1 / np.sqrt(v))
    if kind in ("BJ", "BT"):
        return np.asarray(1 / v)
    if weights is None:
        raise DataError(
            "the generalized Q interval (GENQ) needs weights; give them, or take J (weights 1/SE) "
            "or BJ (1/variance)"
        )
    return check_weights(weights, len(v))


def _generalized(one: GeneralizedQ, kind: str, level: float) -> Tau2Limits:
    """Invert the distribution of Q, exact or (BT) by the gamma distribution of its moments."""
    from scipy import special

    alpha = 0.5 - level / 2

    def lower_tail(t: float) -> float:
        if kind != "BT":
            return float(one.tails(t).lower)
        mean, variance = one.moments(t)
        return float(special.gammainc(mean * mean / variance, one.q * mean / variance))

    if lower_tail(0.0) < alpha:
        return Tau2Limits(float("nan"), float("nan"), REASONS[2].replace("Q-profile", kind))
    if kind != "BT":
        return Tau2Limits(one.solve(1 - alpha), one.solve(alpha))
    scale = float(np.median(one.variances))
    low, high = (
        falling_root(lambda t, goal=goal: lower_tail(t) - goal, scale)  # type: ignore[misc]
        for goal in (1 - alpha, alpha)
    )
    return Tau2Limits(low, high)


def _profile_likelihood(
    y: Floats, v: Floats, plain: bool, level: float, design: Floats | None
) -> Tau2Limits:
    """Return where the (restricted) likelihood has fallen by half the chi² quantile."""
    method: Tau2Method = "ML" if plain else "REML"
    best = estimate_tau2(y, v, method=method, design=design, standard_error=False)
    if not best.converged[0]:
        return Tau2Limits(float("nan"), float("nan"), REASONS[3])
    top = float(best.tau2[0])

    def height(t: float) -> float:
        return float(log_likelihood(y, v, t, design=design, restricted=not plain)[0])

    floor = height(top) - 0.5 * float(chi2_quantile(1, level))
    scale = max(top, float(np.median(v)))
    high = top + falling_root(lambda t: height(top + t) - floor, scale)
    if height(0.0) >= floor:
        return Tau2Limits(0.0, high)
    low = top - falling_root(lambda t: height(max(top - t, 0.0)) - floor, top / 2)
    return Tau2Limits(low, high)


def _estimate(
    y: Floats,
    v: Floats,
    method: Any,
    design: Floats | None,
    weights: Floats | None,
    standard_error: bool = True,
) -> Tau2Estimate:
    """Estimate tau² of a batch by any estimator, those with weights included."""
    if method in ("GENQ", "GENQM"):
        if weights is None:
            raise DataError(f"the estimator {method} needs weights")
        return estimate_tau2_weighted(y, v, weights, method=method, design=design)
    return estimate_tau2(y, v, method=method, design=design, standard_error=standard_error)


def _parametric(
    y: Floats,
    v: Floats,
    method: str,
    design: Floats | None,
    weights: Floats | None,
    draws: int,
    rng: np.random.Generator,
) -> Floats:
    """Estimate tau² of samples from the fitted model."""
    value = float(_estimate(y, v, method, design, weights, False).tau2[0])
    x = np.ones((len(y), 1)) if design is None else design
    fit = regress_batch(y, v, x, tau2=np.array([value]), ci="z")
    mean = x @ fit.coefficients[0]
    samples = mean + np.sqrt(v + value) * rng.standard_normal((draws, len(y)))
    everywhere = np.broadcast_to(v, samples.shape)
    return _estimate(samples, everywhere, method, design, weights, False).tau2


def _nonparametric(
    y: Floats,
    v: Floats,
    method: str,
    design: Floats | None,
    weights: Floats | None,
    draws: int,
    rng: np.random.Generator,
) -> Floats:
    """Estimate tau² of samples of studies, drawn with replacement."""
    if design is not None:
        raise DataError(
            "the nonparametric bootstrap of tau² is for models without moderators (a sample of "
            "studies may leave a coefficient undetermined); take the parametric 'bootstrap'"
        )
    pick = rng.integers(0, len(y), (draws, len(y)))
    own = None if weights is None else np.asarray(weights)[pick]
    return _estimate(y[pick], v[pick], method, None, own, False).tau2
