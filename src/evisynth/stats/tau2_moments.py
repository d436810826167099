"""The generalized Q statistic with weights of one's own: estimators of tau² and its distribution.

With A = diag(a) and P = A - AX(X'AX)^-1 X'A, Q = y'Py is a quadratic form in normal variables with
expectation tr PV + tau² tr P. Equated to its expectation it gives the method-of-moments estimator
of DerSimonian and Kacker 2007 (doi:10.1016/j.cct.2006.04.004), of which DerSimonian-Laird's and
Hedges' are the cases a = 1/v and a = 1; equated to its median, the median-unbiased one (Viechtbauer
2021); inverted, the interval of Jackson 2013 (doi:10.1002/sim.5829) and Jackson, Turner, Rhodes and
Viechtbauer 2014 (doi:10.1186/1471-2288-14-103).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError
from evisynth.stats.batch import as_batch
from evisynth.stats.heterogeneity import Tau2Estimate
from evisynth.stats.tau2_quadratic import FormTails, quadratic_form_tails

__all__ = ["GeneralizedQ", "estimate_tau2_weighted", "falling_root", "generalized_q_of"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

DOUBLINGS = 200
"""Doublings of the upper bracket of a root; 2**200 times the variances is beyond any answer."""


@dataclass(frozen=True, slots=True)
class GeneralizedQ:
    """The generalized Q statistic of one meta-analysis.

    Attributes
    ----------
    q : float
        Q = y'Py.
    trace_p, trace_pv : float
        tr P and tr PV.
    basis : ndarray, shape (M, K)
        Rows B with P = B'B, M = K - p; the weights of the quadratic form are the eigenvalues of
        B(V + tau² I)B'.
    variances : ndarray, shape (K,)
        Sampling variances.
    """

    q: float
    trace_p: float
    trace_pv: float
    basis: Floats
    variances: Floats

    @property
    def estimate(self) -> float:
        """tau² at which Q has its expectation, not truncated at 0."""
        return (self.q - self.trace_pv) / self.trace_p

    def form(self, tau2: float) -> Floats:
        """Return the weights of the quadratic form at a tau², shape (M,)."""
        inner = (self.basis * (self.variances + tau2)) @ self.basis.T
        return np.asarray(np.maximum(np.linalg.eigvalsh(inner), 0.0))

    def tails(self, tau2: float) -> FormTails:
        """Return P(Q* <= Q) and P(Q* > Q) if tau² were this."""
        return quadratic_form_tails(self.form(tau2), self.q)

    def moments(self, tau2: float) -> tuple[float, float]:
        """Return expectation and variance of Q* if tau² were this."""
        inner = (self.basis * (self.variances + tau2)) @ self.basis.T
        return float(np.trace(inner)), 2.0 * float((inner * inner).sum())

    def solve(self, lower_tail: float) -> float:
        """Return the tau² at which P(Q* <= Q) is this; 0 where it is lower at tau² = 0 already."""

        def excess(t: float) -> float:
            tails = self.tails(t)
            if lower_tail <= 0.5:
                return float(tails.lower) / lower_tail - 1
            return 1 - float(tails.upper) / (1 - lower_tail)

        return falling_root(excess, float(np.median(self.variances)))


def falling_root(function: Callable[[float], float], scale: float) -> float:
    """Return where a falling function of tau² >= 0 is 0; 0 where it is not above 0 there.

    Parameters
    ----------
    function
        Function of one number.
    scale
        A typical size, where the search for a bracket begins.
    """
    from scipy.optimize import brentq

    if not function(0.0) > 0:
        return 0.0
    low, high = 0.0, scale
    for _ in range(DOUBLINGS):
        if function(high) <= 0:
            break
        low, high = high, 2 * high
    else:
        return float("nan")
    # brentq stops at an absolute width too: work in units of the bracket
    unit = high
    root = brentq(
        lambda share: function(share * unit),
        low / unit,
        1.0,
        xtol=1e-300,
        rtol=8.9e-16,
        maxiter=500,
    )
    return float(root) * unit


def generalized_q_of(
    estimates: Floats, variances: Floats, weights: Floats, design: Floats | None = None
) -> GeneralizedQ:
    """Prepare the generalized Q statistic of one meta-analysis.

    Parameters
    ----------
    estimates, variances, weights
        Shape (K,); the weights must be positive.
    design
        Shape (K, P); without it an intercept only.

    Raises
    ------
    DataError
        If a weight is not a positive number, or there are no degrees of freedom.

    Examples
    --------
    >>> y, v = np.array([0.1, 0.3, 0.8, 0.5]), np.array([0.02, 0.03, 0.05, 0.01])
    >>> round(generalized_q_of(y, v, 1 / v).estimate, 6)
    0.044878
    """
    y, v = np.asarray(estimates, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    a = check_weights(weights, len(y))
    x = np.ones((len(y), 1)) if design is None else np.asarray(design, dtype=np.float64)
    if len(y) <= x.shape[1]:
        raise DataError(
            f"tau² needs more estimates than coefficients; there are {len(y)} and {x.shape[1]}"
        )
    root = np.sqrt(a)
    q = np.linalg.qr(root[:, None] * x, mode="complete")[0]
    basis = q[:, x.shape[1] :].T * root
    z = basis @ (y - y.mean() if design is None else y)
    return GeneralizedQ(
        q=float(z @ z),
        trace_p=float((basis * basis).sum()),
        trace_pv=float(((basis * basis) @ v).sum()),
        basis=basis,
        variances=v,
    )


def check_weights(weights: ArrayLike, size: int) -> Floats:
    """Return weights as an array, refusing what no weight can be."""
    a = np.asarray(weights, dtype=np.float64)
    if a.shape != (size,):
        raise DataError(f"the weights have shape {a.shape}; one for each of {size} estimates")
    if not (np.isfinite(a) & (a > 0)).all():
        place = int(np.argmin(np.isfinite(a) & (a > 0)))
        raise DataError(f"weight {place} is {a[place]}; weights must be finite and above 0")
    return a


def estimate_tau2_weighted(
    estimates: ArrayLike,
    variances: ArrayLike,
    weights: ArrayLike,
    present: Bools | None = None,
    *,
    method: Literal["GENQ", "GENQM"] = "GENQ",
    design: Floats | None = None,
) -> Tau2Estimate:
    """Estimate tau² by the generalized Q statistic with given weights, for a batch.

    Parameters
    ----------
    estimates, variances, weights
        Shape (B, K), or (K,); pooled scale. The weights do not depend on tau².
    present
        Shape (B, K): which cells count.
    method
        ``"GENQ"`` equates Q to its expectation, ``"GENQM"`` to its median.
    design
        Design matrix (K, P) or (B, K, P); without it the model has an intercept only.

    Notes
    -----
    The standard error is that of GENQ at the tau² found.

    Examples
    --------
    >>> y, v = [0.1, 0.3, 0.8, 0.5], np.array([0.02, 0.03, 0.05, 0.01])
    >>> estimate_tau2_weighted(y, v, 1 / np.sqrt(v)).tau2.round(6)
    array([0.051203])
    """
    batch = as_batch(estimates, variances, present)
    a = np.broadcast_to(np.asarray(weights, dtype=np.float64), batch.estimates.shape)
    size = len(batch.k)
    tau2, se = np.full(size, np.nan), np.full(size, np.nan)
    converged = np.ones(size, dtype=np.bool_)
    p = 1 if design is None else design.shape[-1]
    for row in np.flatnonzero(batch.k > p):
        here = batch.present[row]
        x = None
        if design is not None:
            x = (design[row] if design.ndim == 3 else design)[here]
        one = generalized_q_of(
            batch.estimates[row, here], batch.variances[row, here], a[row, here], x
        )
        value = max(0.0, one.estimate) if method == "GENQ" else one.solve(0.5)
        converged[row] = bool(np.isfinite(value))
        tau2[row] = value
        se[row] = np.sqrt(one.moments(value)[1]) / one.trace_p
    return Tau2Estimate(tau2, se, converged, np.zeros(size, dtype=np.int64))
