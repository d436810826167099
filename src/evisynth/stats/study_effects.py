"""Study effects shrunken to the model, residuals of every kind, and weights, for one model.

BLUPs: Raudenbush and Bryk 1985 (doi:10.3102/10769986010002075), Robinson 1991
(doi:10.1214/ss/1177011926). Residuals: Viechtbauer and Cheung 2010 (doi:10.1002/jrsm.11).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Residuals", "Shrunken", "coefficient_form", "residuals_of", "shrink"]

Floats = NDArray[np.float64]

TINY = 1e-7
"""A residual whose standard error is below this share has none: the study decides its own fit."""


@dataclass(frozen=True, slots=True)
class Shrunken:
    """Best linear unbiased predictions of the studies' effects; every field has shape (K,).

    Attributes
    ----------
    effect, se : ndarray
        Predicted effect and its standard error.
    deviation, deviation_se : ndarray
        Predicted random effect (the effect less the fitted value) and its standard error.
    reliability : ndarray
        Weight of the study's own estimate, tau² / (tau² + variance).
    fitted : ndarray
        Fitted value of the model.
    """

    effect: Floats
    se: Floats
    deviation: Floats
    deviation_se: Floats
    reliability: Floats
    fitted: Floats


def shrink(
    estimates: Floats,
    variances: Floats,
    tau2: float,
    coefficients: Floats,
    covariance: Floats,
    design: Floats,
) -> Shrunken:
    """Return the studies' effects under a fitted model.

    Parameters
    ----------
    estimates, variances
        Shape (K,); pooled scale.
    tau2
        Between-study variance; 0 gives the fitted values.
    coefficients, covariance, design
        Shape (P,), (P, P) and (K, P).

    Notes
    -----
    The standard errors carry that of the coefficients, not that of tau².

    Examples
    --------
    >>> y, v = np.array([0.1, 0.8]), np.array([0.02, 0.02])
    >>> one = shrink(y, v, 0.02, np.array([0.45]), np.array([[0.02]]), np.ones((2, 1)))
    >>> one.effect, one.reliability
    (array([0.275, 0.625]), array([0.5, 0.5]))
    """
    share = tau2 / (tau2 + variances)
    fitted = design @ coefficients
    spread = np.einsum("kp,pq,kq->k", design, covariance, design)
    deviation = share * (estimates - fitted)
    return Shrunken(
        effect=fitted + deviation,
        se=np.sqrt(share * variances + (1 - share) ** 2 * spread),
        deviation=deviation,
        deviation_se=np.sqrt(tau2 * (1 - share) + share**2 * spread),
        reliability=share,
        fitted=fitted,
    )


@dataclass(frozen=True, slots=True)
class Residuals:
    """Residuals of one model; every field has shape (K,).

    Attributes
    ----------
    raw : ndarray
        Estimate less fitted value.
    pearson : ndarray
        Over the standard deviation of the estimate, √(tau² + variance).
    se, standardized : ndarray
        Standard error of the residual and the internally standardized residual.
    hat : ndarray
        Diagonal of the hat matrix.
    """

    raw: Floats
    pearson: Floats
    se: Floats
    standardized: Floats
    hat: Floats


def coefficient_form(design: Floats, weights: Floats) -> Floats:
    """Return (X'AX)^-1 X'A, shape (P, K), by QR."""
    root = np.sqrt(weights)
    q, r = np.linalg.qr(root[:, None] * design)
    return np.asarray(np.linalg.solve(r, q.T * root))


def residuals_of(
    estimates: Floats,
    variances: Floats,
    tau2: float,
    coefficients: Floats,
    design: Floats,
    weights: Floats | None = None,
) -> Residuals:
    """Return the residuals of a fitted model.

    Parameters
    ----------
    estimates, variances, tau2, coefficients, design
        As in `shrink`.
    weights
        Shape (K,): weights of one's own; without them 1 / (tau² + variance).

    Examples
    --------
    >>> y, v = np.array([0.1, 0.8, 0.3]), np.array([0.02, 0.02, 0.02])
    >>> residuals_of(y, v, 0.0, np.array([0.4]), np.ones((3, 1))).raw.round(2)
    array([-0.3,  0.4, -0.1])
    """
    total = variances + tau2
    hat = design @ coefficient_form(design, 1 / total if weights is None else weights)
    rest = np.eye(len(estimates)) - hat
    se = np.sqrt((rest * rest) @ total)
    raw = estimates - design @ coefficients
    with np.errstate(divide="ignore", invalid="ignore"):
        standardized = np.where(se > TINY * np.sqrt(total), raw / se, np.nan)
    return Residuals(raw, raw / np.sqrt(total), se, standardized, np.diagonal(hat).copy())
