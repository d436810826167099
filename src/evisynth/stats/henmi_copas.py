"""The interval of Henmi and Copas, robust to missing evidence (2010, doi:10.1002/sim.4029).

The estimate keeps the weights of the equal-effects model, which missing small studies hurt least;
its standard error has tau² by DerSimonian and Laird. The distribution of the studentized estimate
follows from that of Q given the estimate: Q is taken as a gamma variable whose mean and variance,
given the estimate, are exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError
from evisynth.stats.batch import as_batch
from evisynth.stats.heterogeneity import estimate_tau2

__all__ = ["HenmiCopasInterval", "henmi_copas_interval"]

Floats = NDArray[np.float64]

NODES = 400
"""Nodes of Gauss and Legendre on each of the panels of the tail integral."""

REACH = 9.0
"""Standard deviations after which the normal density is negligible."""


@dataclass(frozen=True, slots=True)
class HenmiCopasInterval:
    """Estimate and interval by Henmi and Copas; pooled scale."""

    estimate: float
    se: float
    ci_lower: float
    ci_upper: float
    tau2: float
    critical: float


def henmi_copas_interval(
    estimates: ArrayLike, variances: ArrayLike, level: float = 0.95
) -> HenmiCopasInterval:
    """Return the estimate and interval of Henmi and Copas.

    Parameters
    ----------
    estimates, variances
        Shape (K,), K at least 2; pooled scale.
    level
        Confidence level.

    Notes
    -----
    ``critical`` takes the place of 1.96: the limits are estimate ± critical · SE.

    Examples
    --------
    >>> one = henmi_copas_interval([0.1, 0.3, 0.8, 0.5], [0.02, 0.03, 0.05, 0.01])
    >>> round(one.estimate, 4), round(one.se, 4)
    (0.3984, 0.1419)
    """
    from scipy.optimize import brentq

    batch = as_batch(estimates, variances)
    y, v = batch.estimates[0], batch.variances[0]
    if len(y) < 2:
        raise DataError("the interval of Henmi and Copas needs at least two estimates")
    w = 1 / v
    total = w.sum()
    mean = float(w @ y / total)
    tau2 = float(estimate_tau2(y, v, method="DL", standard_error=False).tau2[0])
    spread = float(w @ w / total**2)
    se = float(np.sqrt(1 / total + tau2 * spread))
    alpha = 0.5 - level / 2
    tail = _Tail(v, tau2)
    low, high = 0.0, 2.0
    while tail(high) > alpha:
        low, high = high, 2 * high
    critical = brentq(lambda t: tail(t) / alpha - 1, low, high, xtol=1e-14, rtol=8.9e-16)
    return HenmiCopasInterval(
        mean, se, mean - critical * se, mean + critical * se, tau2, float(critical)
    )


class _Tail:
    """P(T > t) of the studentized estimate T = R / √(1 + tau² W2/W1), R = √W1 (estimate - mu)."""

    def __init__(self, v: Floats, tau2: float) -> None:
        w = 1 / v
        w1, w2 = w.sum(), (w * w).sum()
        self.share = float(w2 / w1)
        self.variance = 1 + tau2 * self.share  # of R
        self.dof = len(v) - 1
        self.trace = float(w1 - w2 / w1)
        # given R = r the deviations have mean c r / variance and covariance S - cc'/variance
        c = (1 + tau2 * w) / np.sqrt(w1)
        s = v + tau2
        p = np.diag(w) - np.outer(w, w) / w1
        ps = p * s
        pc = p @ c
        cpc, cpspc = float(c @ pc), float((pc * s) @ pc)
        h = self.variance
        self.mean0 = float(np.trace(ps)) - cpc / h
        self.mean2 = cpc / h**2
        within = float((ps * ps.T).sum()) - 2 * cpspc / h + cpc**2 / h**2
        self.var0 = 2 * within
        self.var2 = 4 * (cpspc - cpc**2 / h) / h**2
        self.nodes, self.node_weights = np.polynomial.legendre.leggauss(NODES)

    def __call__(self, t: float) -> float:
        from scipy import special

        sd = np.sqrt(self.variance)
        if t <= 0:
            return 0.5
        begin, end = t, max(REACH * sd, t + REACH * sd)
        r = begin + (end - begin) * 0.5 * (1 + self.nodes)
        bound = self.dof + self.trace * ((r / t) ** 2 - 1) / self.share
        mean = self.mean0 + self.mean2 * r * r
        variance = self.var0 + self.var2 * r * r
        inner = special.gammainc(mean * mean / variance, bound * mean / variance)
        density = np.exp(-0.5 * (r / sd) ** 2) / (sd * np.sqrt(2 * np.pi))
        return float(0.5 * (end - begin) * (self.node_weights * inner * density).sum())
