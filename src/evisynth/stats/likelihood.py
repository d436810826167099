"""Log-likelihoods of the normal models of pooling and meta-regression, for a batch.

The constants are those of Viechtbauer's metafor, so that values of models with different designs
can be compared: the restricted likelihood carries ½ log|X'X| (Harville 1974,
doi:10.1093/biomet/61.2.383).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError
from evisynth.stats.algebra import Algebra, make_algebra
from evisynth.stats.batch import Batch, as_batch

__all__ = ["FitCriteria", "fit_criteria", "log_likelihood"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FitCriteria:
    """Log-likelihood and information criteria, one a meta-analysis; each field has shape (B,).

    Attributes
    ----------
    log_likelihood : ndarray
        Log-likelihood, or restricted log-likelihood.
    deviance : ndarray
        −2 times the log-likelihood, by maximum likelihood less that of the saturated model.
    aic, bic, aicc : ndarray
        Information criteria of Akaike and Schwarz, and Akaike's corrected for small samples.
    parameters : ndarray of int
        Number of estimated parameters, tau² included where it was estimated.
    """

    log_likelihood: Floats
    deviance: Floats
    aic: Floats
    bic: Floats
    aicc: Floats
    parameters: NDArray[np.int64]


def log_likelihood(
    estimates: ArrayLike,
    variances: ArrayLike,
    tau2: ArrayLike = 0.0,
    present: NDArray[np.bool_] | None = None,
    *,
    design: Floats | None = None,
    restricted: bool = False,
    coefficients: ArrayLike | None = None,
) -> Floats:
    """Return the (restricted) log-likelihood of each meta-analysis at given tau², shape (B,).

    Parameters
    ----------
    estimates, variances
        Shape (B, K), or (K,); pooled scale.
    tau2
        Between-study variance at which to evaluate: a number, or shape (B,).
    present
        Shape (B, K): which cells count.
    design
        Design matrix (K, P) or (B, K, P); without it the model has an intercept only.
    restricted
        Whether to return the restricted likelihood.
    coefficients
        Shape (B, P): where to evaluate; without it at generalized least squares for that tau².

    Raises
    ------
    DataError
        If the arrays cannot be used, or tau² is below 0.

    Examples
    --------
    >>> log_likelihood([0.1, 0.3, 0.8, 0.5], [0.02, 0.03, 0.05, 0.01], 0.05).round(6)
    array([-0.113792])
    """
    batch = as_batch(estimates, variances, present)
    model = make_algebra(batch, design)
    t = np.broadcast_to(np.asarray(tau2, dtype=np.float64), model.k.shape)
    if not (t >= 0).all():
        raise DataError(f"tau²: {tau2!r} is not a number of at least 0")
    value = likelihood_of(model, batch, t, restricted, design)
    if coefficients is None:
        return value
    b = np.asarray(coefficients, dtype=np.float64).reshape(len(t), -1)
    x = np.ones((*batch.present.shape, 1)) if design is None else np.asarray(design)
    residuals = batch.estimates - np.einsum("...kp,...p->...k", x, b)
    with np.errstate(divide="ignore", invalid="ignore"):
        least = model.slope(np.ldexp(t, -2 * model.exponent)).q
    here = np.where(batch.present, residuals**2 / (batch.variances + t[:, None]), 0.0)
    return np.asarray(value - 0.5 * (here.sum(axis=1) - least))


def likelihood_of(
    model: Algebra, batch: Batch, tau2: Floats, restricted: bool, design: Floats | None = None
) -> Floats:
    """Return the log-likelihood of a prepared model (see `log_likelihood`)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = model.log_likelihood(np.ldexp(tau2, -2 * model.exponent), restricted)
    free = model.k - model.p if restricted else model.k
    value = value - free * (0.5 * np.log(2 * np.pi) + model.exponent * np.log(2.0))
    if restricted:
        value = value + 0.5 * _log_det_xx(batch, design)
    return np.where(model.k >= model.p, value, np.nan)


def _log_det_xx(batch: Batch, design: Floats | None) -> Floats:
    """Return log|X'X| of the cells that are present."""
    if design is None:
        return np.asarray(np.log(np.maximum(batch.k, 1).astype(np.float64)))
    x = np.broadcast_to(
        np.asarray(design, dtype=np.float64), (*batch.present.shape, np.shape(design)[-1])
    )
    r = np.linalg.qr(np.where(batch.present[:, :, None], x, 0.0), mode="r")
    return np.asarray(2 * np.log(np.abs(np.einsum("bpp->bp", r))).sum(axis=1))


def fit_criteria(
    estimates: ArrayLike,
    variances: ArrayLike,
    tau2: ArrayLike = 0.0,
    present: NDArray[np.bool_] | None = None,
    *,
    design: Floats | None = None,
    restricted: bool = False,
    coefficients: ArrayLike | None = None,
    tau2_estimated: bool = True,
) -> FitCriteria:
    """Return log-likelihood, deviance and information criteria of each meta-analysis.

    Parameters
    ----------
    estimates, variances, tau2, present, design, restricted, coefficients
        As in `log_likelihood`.
    tau2_estimated
        Whether tau² counts as an estimated parameter (not in the equal-effects model, nor when it
        was given).

    Notes
    -----
    BIC and AICc take k observations by maximum likelihood and k - p by the restricted one. AICc is
    that of Hurvich and Tsai 1989 (doi:10.1093/biomet/76.2.297).

    Examples
    --------
    >>> fit_criteria([0.1, 0.3, 0.8, 0.5], [0.02, 0.03, 0.05, 0.01], 0.05).aic.round(4)
    array([4.2276])
    """
    batch = as_batch(estimates, variances, present)
    value = log_likelihood(
        estimates,
        variances,
        tau2,
        present,
        design=design,
        restricted=restricted,
        coefficients=coefficients,
    )
    p = 1 if design is None else int(np.shape(design)[-1])
    parameters = p + int(tau2_estimated)
    n = (batch.k - p if restricted else batch.k).astype(np.float64)
    deviance = -2 * value
    if not restricted:
        v = np.where(batch.present, batch.variances, 1.0)
        saturated = -0.5 * (batch.k * np.log(2 * np.pi) + np.log(v).sum(axis=1))
        deviance = -2 * (value - saturated)
    with np.errstate(divide="ignore", invalid="ignore"):
        least = np.maximum(n, parameters + 2)
        return FitCriteria(
            log_likelihood=value,
            deviance=deviance,
            aic=-2 * value + 2 * parameters,
            bic=-2 * value + parameters * np.log(n),
            aicc=-2 * value + 2 * parameters * least / (least - parameters - 1),
            parameters=np.full(len(value), parameters),
        )
