"""Influence of each estimate on a meta-regression.

Reference: Viechtbauer and Cheung 2010 (doi:10.1002/jrsm.11).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evisynth.stats.distributions import chi2_cdf
from evisynth.stats.regression import RegressionBatch

__all__ = ["RegressionInfluenceMeasures", "regression_influence"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RegressionInfluenceMeasures:
    """Diagnostics of K estimates; NaN where the model cannot be fitted without one.

    Attributes
    ----------
    rstudent : ndarray, shape (K,)
        Studentized deleted residual.
    dffits, cooks_distance, cov_ratio : ndarray, shape (K,)
        Change of the fitted value in standard errors; change of all coefficients (squared distance
        by their covariance); determinant of the covariance without the estimate over that with it.
    tau2_deleted, q_deleted : ndarray, shape (K,)
        tau² and the residual Q without the estimate.
    hat, weight : ndarray, shape (K,)
        Hat value, and the weight in percent.
    dfbetas : ndarray, shape (K, P)
        Change of each coefficient in standard errors.
    """

    rstudent: Floats
    dffits: Floats
    cooks_distance: Floats
    cov_ratio: Floats
    tau2_deleted: Floats
    q_deleted: Floats
    hat: Floats
    weight: Floats
    dfbetas: Floats

    @property
    def influential(self) -> NDArray[np.bool_]:
        """Which estimates meet one of the rules of Viechtbauer and Cheung."""
        k, p = self.dfbetas.shape
        with np.errstate(invalid="ignore"):
            return np.asarray(
                (np.abs(self.dffits) > 3 * np.sqrt(p / (k - p)))
                | (chi2_cdf(self.cooks_distance, p) > 0.5)
                | (self.hat > 3 * p / k)
                | (np.abs(self.dfbetas) > 1).any(axis=1)
            )


def regression_influence(
    y: Floats,
    v: Floats,
    x: Floats,
    tau2: float,
    coefficients: Floats,
    covariance: Floats,
    rows: NDArray[np.int64],
    without: RegressionBatch,
) -> RegressionInfluenceMeasures:
    """Return the diagnostics of each estimate.

    Parameters
    ----------
    y, v, x
        Estimates, variances and design, shape (K,), (K,), (K, P).
    tau2, coefficients, covariance
        Of the fit to all; 0 for the equal-effects model.
    rows, without
        Estimates that were left out in turn, shape (B,), and the fits without them.

    Notes
    -----
    Under Hartung-Knapp every variance carries the factor of the fit it belongs to.

    Examples
    --------
    >>> from evisynth.stats import regress_batch
    >>> y, v = np.array([0.1, 0.3, 0.8, 0.5, 0.9]), np.full(5, 0.04)
    >>> x = np.column_stack([np.ones(5), np.arange(5.0)])
    >>> full = regress_batch(y, v, x, ci="z")
    >>> rows = np.arange(5)
    >>> Y, V = np.broadcast_to(y, (5, 5)), np.broadcast_to(v, (5, 5))
    >>> without = regress_batch(Y, V, x, ~np.eye(5, dtype=bool), ci="z")
    >>> d = regression_influence(
    ...     y, v, x, full.tau2[0], full.coefficients[0], full.covariance[0], rows, without
    ... )
    >>> d.hat.round(2)
    array([0.6, 0.3, 0.2, 0.3, 0.6])
    """
    k, p = x.shape
    weights = 1 / (v + tau2)
    root = np.sqrt(weights)
    q, _ = np.linalg.qr(x * root[:, None])
    hat = (q * q).sum(axis=1)
    found = {
        name: np.full(k, np.nan)
        for name in ("rstudent", "dffits", "cooks_distance", "cov_ratio", "tau2", "q")
    }
    dfbetas = np.full((k, p), np.nan)
    for place, row in enumerate(rows):
        added = 0.0 if np.isnan(without.tau2[place]) else float(without.tau2[place])
        scaled = x / np.sqrt(v + added)[:, None]
        others = np.delete(scaled, row, axis=0)
        spread, change = without.covariance[place], coefficients - without.coefficients[place]
        plain = np.linalg.inv(others.T @ others)
        factor = spread[0, 0] / plain[0, 0]
        one, variance = x[row], factor * (v[row] + added)
        deleted = y[row] - one @ without.coefficients[place]
        found["rstudent"][row] = deleted / np.sqrt(variance + one @ spread @ one)
        found["dffits"][row] = one @ change / np.sqrt(hat[row] * variance)
        found["cooks_distance"][row] = change @ np.linalg.solve(covariance, change)
        found["cov_ratio"][row] = np.linalg.det(spread) / np.linalg.det(covariance)
        found["tau2"][row], found["q"][row] = without.tau2[place], without.qe[place]
        dfbetas[row] = change / np.sqrt(factor * np.diag(np.linalg.inv(scaled.T @ scaled)))
    return RegressionInfluenceMeasures(
        rstudent=found["rstudent"],
        dffits=found["dffits"],
        cooks_distance=found["cooks_distance"],
        cov_ratio=found["cov_ratio"],
        tau2_deleted=found["tau2"],
        q_deleted=found["q"],
        hat=hat,
        weight=100 * weights / weights.sum(),
        dfbetas=dfbetas,
    )
