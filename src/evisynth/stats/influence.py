"""Outlier and influence diagnostics of an intercept-only model.

Reference: Viechtbauer and Cheung 2010 (doi:10.1002/jrsm.11).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.stats.distributions import chi2_cdf
from evisynth.stats.heterogeneity import Tau2Method
from evisynth.stats.kernel import subset_batch
from evisynth.stats.pooling import PooledBatch, pool_batch

__all__ = ["InfluenceMeasures", "influence_measures", "leave_one_out_batch"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class InfluenceMeasures:
    """Diagnostics of each estimate; every field has shape (K,).

    Attributes
    ----------
    rstudent : ndarray
        Studentized deleted residual.
    dffits, dfbetas : ndarray
        Change of the pooled effect without the study, in standard errors of two kinds.
    cooks_distance, cov_ratio : ndarray
        Cook's distance; squared standard error without the study over that with it.
    tau2_deleted, q_deleted : ndarray
        tau² and Cochran's Q without the study.
    hat, weight : ndarray
        Hat value, and the weight in percent.
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
    def influential(self) -> Bools:
        """Which estimates meet one of the rules of Viechtbauer and Cheung."""
        k = len(self.hat)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(
                (np.abs(self.dffits) > 3 * np.sqrt(1 / (k - 1)))
                | (chi2_cdf(self.cooks_distance, 1) > 0.5)
                | (self.hat > 3 / k)
                | (np.abs(self.dfbetas) > 1)
            )


def leave_one_out_batch(
    estimates: ArrayLike,
    variances: ArrayLike,
    *,
    model: Literal["random", "equal"] = "random",
    tau2: Tau2Method | Floats = "REML",
    ci: Literal["HKSJ", "t", "z"] = "HKSJ",
    safeguard: Literal["wider", "truncate", "none"] = "wider",
    level: float = 0.95,
) -> PooledBatch:
    """Pool K times, each time without one of K estimates; a batch of K rows.

    Examples
    --------
    >>> leave_one_out_batch([0.1, 0.3, 0.8, 0.5], [0.02, 0.03, 0.05, 0.01]).k
    array([3, 3, 3, 3])
    """
    return subset_batch(
        estimates,
        variances,
        ~np.eye(np.size(estimates), dtype=np.bool_),
        model=model,
        tau2=tau2,
        ci=ci,
        safeguard=safeguard,
        level=level,
    )


def influence_measures(
    estimates: ArrayLike,
    variances: ArrayLike,
    *,
    model: Literal["random", "equal"] = "random",
    tau2: Tau2Method = "REML",
    ci: Literal["HKSJ", "t", "z"] = "HKSJ",
    truncate: bool = False,
) -> InfluenceMeasures:
    """Return the diagnostics of each estimate.

    Parameters
    ----------
    estimates, variances
        Shape (K,), K of at least 2.
    model, tau2
        As in `evisynth.stats.pool_batch`.
    ci
        With ``"HKSJ"`` every variance carries the Hartung-Knapp factor of the fit it belongs to,
        that of the residual included, as metafor has it under ``test="knha"``.
    truncate
        Whether that factor is kept from falling below 1.

    Examples
    --------
    >>> d = influence_measures([0.1, 0.3, 0.8, 0.5, 0.2], [0.02, 0.03, 0.05, 0.01, 0.1])
    >>> d.rstudent.round(2)
    array([-2.04, -0.3 ,  1.97,  0.56, -0.48])
    """
    y = np.asarray(estimates, dtype=np.float64)
    v = np.asarray(variances, dtype=np.float64)
    safeguard: Literal["truncate", "none"] = "truncate" if truncate else "none"
    full = pool_batch(y, v, model=model, tau2=tau2, ci=ci, safeguard=safeguard)
    without = leave_one_out_batch(y, v, model=model, tau2=tau2, ci=ci, safeguard=safeguard)
    added = 0.0 if model == "equal" else full.tau2[0]
    deleted = np.where(np.isnan(without.tau2), 0.0, without.tau2)
    dispersion = np.square(without.se / without.wald_se)  # Hartung-Knapp factor, 1 for Wald
    precision = 1 / (v + added)
    hat = precision / precision.sum()
    change = full.estimate[0] - without.estimate
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = dispersion * (v + deleted)
        # squared standard error of the full fit, but with tau² and factor of the deleted one
        full_variance = dispersion / (1 / (v[None, :] + deleted[:, None])).sum(axis=1)
        return InfluenceMeasures(
            rstudent=(y - without.estimate) / np.sqrt(variance + without.se**2),
            dffits=change / np.sqrt(hat * variance),
            cooks_distance=change**2 / full.se[0] ** 2,
            cov_ratio=without.se**2 / full.se[0] ** 2,
            tau2_deleted=without.tau2,
            q_deleted=without.q,
            hat=hat,
            weight=100 * hat,
            dfbetas=change / np.sqrt(full_variance),
        )
