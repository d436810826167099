"""Limit meta-analysis: what the studies would say with infinite precision.

Reference: Rücker et al. 2011 (doi:10.1093/biostatistics/kxq046).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["LimitLines", "limit_lines"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LimitLines:
    """The lines of a limit meta-analysis.

    Attributes
    ----------
    alpha, beta : float
        Intercept (bias) and slope of the generalized radial plot.
    beta0, beta0_se : float
        Expected effect at infinite precision, beta + tau alpha, and its standard error in that
        regression with unit error variance.
    beta_lim, beta_lim_se : float
        Slope of the radial plot of the limit estimates, with an intercept.
    mu_lim, mu_lim_se : float
        The same without an intercept: their fixed-effect mean.
    limits : ndarray, shape (K,)
        Limit (shrunken) estimates of the studies.
    q, q_residual : float
        Cochran's Q, and what of it a line on the standard error leaves.
    g2 : float
        Share of the variation in the radial plot of the limit estimates that its line does not
        explain, in percent; NaN where there is none.
    """

    alpha: float
    beta: float
    beta0: float
    beta0_se: float
    beta_lim: float
    beta_lim_se: float
    mu_lim: float
    mu_lim_se: float
    limits: Floats
    q: float
    q_residual: float
    g2: float


def _line(x: Floats, z: Floats) -> tuple[float, float, Floats, float]:
    """Return intercept, slope, their covariance with unit errors, and the residual sum."""
    design = np.column_stack([np.ones(len(x)), x])
    q, r = np.linalg.qr(design)
    intercept, slope = np.linalg.solve(r, q.T @ z)
    inverse = np.linalg.inv(r)
    residuals = z - q @ (q.T @ z)
    return float(intercept), float(slope), inverse @ inverse.T, float(residuals @ residuals)


def limit_lines(estimates: ArrayLike, variances: ArrayLike, tau2: float) -> LimitLines:
    """Fit the lines of a limit meta-analysis.

    Parameters
    ----------
    estimates, variances
        Shape (K,), K of at least 3; the variances must differ.
    tau2
        Between-study variance.

    Examples
    --------
    >>> found = limit_lines([0.1, 0.3, 0.8, 0.5], [0.02, 0.03, 0.05, 0.01], 0.05)
    >>> round(found.beta0, 4), round(found.mu_lim, 4)
    (0.1872, 0.2246)
    """
    y, v = (np.asarray(a, dtype=np.float64) for a in (estimates, variances))
    se, total, tau = np.sqrt(v), np.sqrt(v + tau2), float(np.sqrt(tau2))
    alpha, beta, spread, _ = _line(1 / total, y / total)
    beta0_se = float(np.sqrt(spread[1, 1] + tau2 * spread[0, 0] + 2 * tau * spread[0, 1]))
    limits = beta + tau * (y - beta) / total
    _, slope, plain, rest = _line(1 / se, limits / se)
    w = 1 / v
    mean = float(w @ y / w.sum())
    q = float(w @ (y - mean) ** 2)
    *_, q_residual = _line(1 / se, y / se)
    around = float(np.square(limits / se - np.mean(limits / se)).sum())
    return LimitLines(
        alpha=alpha,
        beta=beta,
        beta0=beta + tau * alpha,
        beta0_se=beta0_se,
        beta_lim=slope,
        beta_lim_se=float(np.sqrt(plain[1, 1])),
        mu_lim=float(w @ limits / w.sum()),
        mu_lim_se=float(1 / np.sqrt(w.sum())),
        limits=limits,
        q=q,
        q_residual=q_residual,
        g2=100 * rest / around if around > 0 and tau > 0 else float("nan"),
    )
