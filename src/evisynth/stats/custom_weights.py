"""Pooling and meta-regression with weights of one's own, for one meta-analysis.

The estimate is (X'AX)^-1 X'Ay with given A; its variance is that of a linear form in the estimates,
with tau² as in any random-effects model (so the weights need not be optimal, only fixed).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError
from evisynth.stats.algebra import DesignAlgebra
from evisynth.stats.batch import as_batch
from evisynth.stats.distributions import normal_quantile, t_quantile
from evisynth.stats.study_effects import coefficient_form
from evisynth.stats.tau2_moments import check_weights

__all__ = ["WeightedFit", "fit_weighted"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WeightedFit:
    """A linear model fitted with given weights.

    Attributes
    ----------
    coefficients : ndarray, shape (P,)
        Estimates on the pooled scale.
    covariance, wald_covariance : ndarray, shape (P, P)
        With and without the Hartung-Knapp factor.
    df : float
        Degrees of freedom of the tests, infinite for z.
    safeguard_applied : bool
        Whether the safeguard changed the factor.
    """

    coefficients: Floats
    covariance: Floats
    wald_covariance: Floats
    df: float
    safeguard_applied: bool


def fit_weighted(
    estimates: ArrayLike,
    variances: ArrayLike,
    weights: ArrayLike,
    tau2: float = 0.0,
    *,
    design: Floats | None = None,
    ci: Literal["HKSJ", "t", "z"] = "z",
    safeguard: Literal["wider", "truncate", "none"] = "none",
    level: float = 0.95,
) -> WeightedFit:
    """Fit a model with given weights.

    Parameters
    ----------
    estimates, variances, weights
        Shape (K,); pooled scale. Only ratios of the weights matter.
    tau2
        Between-study variance.
    design
        Shape (K, P); without it an intercept only.
    ci, safeguard, level
        As in `evisynth.stats.pool_batch`. The Hartung-Knapp factor is that of inverse-variance
        weights, as metafor has it.

    Raises
    ------
    DataError
        If a weight is not a positive number.

    Examples
    --------
    >>> fit = fit_weighted([0.1, 0.3, 0.8], [0.02, 0.03, 0.05], [1, 1, 1])
    >>> fit.coefficients, np.sqrt(fit.covariance[0]).round(6)
    (array([0.4]), array([0.105409]))
    """
    batch = as_batch(estimates, variances)
    y, v = batch.estimates[0], batch.variances[0]
    a = check_weights(weights, len(y))
    x = np.ones((len(y), 1)) if design is None else np.asarray(design, dtype=np.float64)
    if not tau2 >= 0:
        raise DataError(f"tau² is {tau2}; it must be at least 0")
    form = coefficient_form(x, a)
    wald = np.asarray((form * (v + tau2)) @ form.T)
    k, p = x.shape
    df, factor, applied = np.inf, 1.0, False
    if ci != "z" and k > p:
        df = float(k - p)
        if ci == "HKSJ":
            algebra = DesignAlgebra.of(batch, x)
            q = algebra.slope(np.ldexp(np.array([tau2]), -2 * algebra.exponent)).q
            factor, df, applied = _guarded(float(q[0]) / df, df, safeguard, level)
    return WeightedFit(np.asarray(form @ y), wald * factor, wald, df, applied)


def _guarded(factor: float, df: float, safeguard: str, level: float) -> tuple[float, float, bool]:
    """Return the factor, the degrees of freedom, and whether the safeguard acted."""
    if safeguard == "truncate":
        return max(factor, 1.0), df, factor < 1
    if safeguard == "wider":
        narrow = float(t_quantile(df, level)) * factor**0.5 < normal_quantile(level)
        return (1.0, np.inf, True) if narrow else (factor, df, False)
    return factor, df, False
