"""Meta-regression with robust variance: the correlated and the hierarchical working model.

Weights come from a working model whose variances are estimated by moments; inference is
cluster-robust, so that it does not rest on that model. The moments are the exact expectations of
quadratic forms in the residuals of a first fit.

References: Hedges, Tipton and Johnson 2010 (doi:10.1002/jrsm.5); Tipton 2015
(doi:10.1037/met0000011).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError, OptionError
from evisynth.stats.regression import check_rank

__all__ = ["WorkingFit", "fit_correlated", "fit_hierarchical"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WorkingFit:
    """A fit with the weights of a working model.

    Attributes
    ----------
    coefficients : ndarray, shape (P,)
        Weighted least squares coefficients.
    weights : ndarray, shape (K,)
        Weights.
    residuals : ndarray, shape (K,)
        Residuals.
    tau2 : float
        Variance between clusters, truncated at 0.
    omega2 : float
        Variance within clusters (hierarchical model), truncated at 0; NaN in the correlated model.
    q : float
        Weighted residual sum of squares of the first fit.
    """

    coefficients: Floats
    weights: Floats
    residuals: Floats
    tau2: float
    omega2: float
    q: float


def _inputs(
    estimates: ArrayLike, variances: ArrayLike, design: ArrayLike, cluster: Ints
) -> tuple[Floats, Floats, Floats, Ints]:
    y, v = np.asarray(estimates, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    x = np.asarray(design, dtype=np.float64)
    codes = np.unique(cluster, return_inverse=True)[1].astype(np.int64)
    if not len(y) == len(v) == len(x) == len(codes):
        raise DataError("estimates, variances, design and clusters differ in length")
    if not (v > 0).all():
        raise DataError("sampling variances must be above 0")
    check_rank(x, [f"column {column + 1}" for column in range(x.shape[1])])
    return y, v, x, codes


def _weighted(y: Floats, x: Floats, w: Floats) -> tuple[Floats, Floats, Floats, float]:
    """Return coefficients, residuals, an orthonormal basis Q of √W X, and e'We.

    In the basis x̃ = W^-1/2 Q of the design's columns X'WX is the identity.
    """
    s = np.sqrt(w)
    q, triangle = np.linalg.qr(s[:, None] * x)
    rotated = q.T @ (s * y)
    coefficients = np.linalg.solve(triangle, rotated)
    residuals = y - x @ coefficients
    return coefficients, residuals, q / s[:, None], float(w @ (residuals * residuals))


def _sums(values: Floats, codes: Ints) -> Floats:
    """Return the sums over clusters of columns (K, P), shape (m, P)."""
    made = np.zeros((int(codes.max()) + 1, values.shape[1]))
    np.add.at(made, codes, values)
    return made


def fit_correlated(
    estimates: ArrayLike,
    variances: ArrayLike,
    design: ArrayLike,
    cluster: Ints,
    *,
    correlation: float = 0.8,
) -> WorkingFit:
    """Fit with the weights of the correlated-effects working model.

    Estimates of a cluster share one random effect and their sampling errors one correlation; the
    weight of each is 1 / (n (v̄ + tau²)), with the cluster's n estimates and mean variance v̄.

    Parameters
    ----------
    estimates, variances, design, cluster
        Shapes (K,), (K,), (K, P), (K,).
    correlation
        Assumed correlation of the sampling errors; it enters tau² alone.

    Examples
    --------
    >>> fit = fit_correlated(
    ...     [0.1, 0.3, 0.8, 0.5, -0.9], np.full(5, 0.1), np.ones((5, 1)), np.array([0, 0, 1, 1, 2])
    ... )
    >>> fit.coefficients.round(4), round(fit.tau2, 4)
    (array([-0.0167]), 0.5488)
    """
    if not -1 < correlation <= 1:
        raise OptionError("correlation", correlation, ["a number above -1 and up to 1"])
    y, v, x, codes = _inputs(estimates, variances, design, cluster)
    counts = np.bincount(codes)
    mean = np.bincount(codes, weights=v) / counts
    n, vbar = counts[codes], mean[codes]
    w = 1 / (n * vbar)
    _, _, basis, q = _weighted(y, x, w)
    wx = _sums(w[:, None] * basis, codes)  # the clusters' X'W1
    shared = float((wx * wx).sum())  # tr M X'WJWX
    # E(e'We) = tr PΨ + tau² tr PJ, Ψ = v̄ [(1 - r) I + r J] in each cluster
    own = float((w * w * vbar * (basis * basis).sum(axis=1)).sum())
    alike = float((mean * (wx * wx).sum(axis=1)).sum())
    expected = len(counts) - (1 - correlation) * own - correlation * alike
    slope = float((counts / mean / counts).sum()) - shared
    tau2 = max(0.0, (q - expected) / slope) if slope > 0 else 0.0
    weights = 1 / (n * (vbar + tau2))
    coefficients, residuals, _, _ = _weighted(y, x, weights)
    return WorkingFit(coefficients, weights, residuals, tau2, float("nan"), q)


def fit_hierarchical(
    estimates: ArrayLike, variances: ArrayLike, design: ArrayLike, cluster: Ints
) -> WorkingFit:
    """Fit with the weights of the hierarchical-effects working model.

    Estimates vary between clusters (tau²) and within (omega²) and their sampling errors are
    independent; the weight of each is 1 / (v + tau² + omega²). The two variances solve the
    expectations of e'We and of the sum over clusters of their squared sum of residuals; where that
    makes omega² negative it is 0, and tau² solves the expectation of e'We, as in the paper.

    Parameters
    ----------
    estimates, variances, design, cluster
        Shapes (K,), (K,), (K, P), (K,).

    Examples
    --------
    >>> fit = fit_hierarchical(
    ...     [0.1, 0.3, 0.8, 0.2, -0.9], np.full(5, 0.01), np.ones((5, 1)), np.array([0, 0, 1, 1, 2])
    ... )
    >>> round(fit.tau2, 4), round(fit.omega2, 4)
    (0.1556, 0.2506)
    """
    y, v, x, codes = _inputs(estimates, variances, design, cluster)
    k, p = x.shape
    w = 1 / v
    _, e, basis, q = _weighted(y, x, w)
    counts = np.bincount(codes).astype(np.float64)
    wx, plain = _sums(w[:, None] * basis, codes), _sums(basis, codes)
    ww = basis.T @ ((w * w)[:, None] * basis)
    within, outer = plain.T @ plain, wx.T @ wx
    joint = float((wx * plain).sum())
    # E(e'We): sampling, tau², omega²
    q_error, q_tau = k - p, float(np.bincount(codes, weights=w).sum()) - float(np.trace(outer))
    q_omega = float(w.sum() - np.trace(ww))
    # E(e'Je)
    sums = np.bincount(codes, weights=e)
    j = float(sums @ sums)
    j_error = float(v.sum() - np.trace(within))
    j_tau = float(
        counts @ counts - 2 * (counts * (wx * plain).sum(axis=1)).sum() + np.sum(outer * within)
    )
    j_omega = float(k - 2 * joint + np.sum(ww * within))
    determinant = q_omega * j_tau - q_tau * j_omega
    omega2 = 0.0
    if determinant > 0:
        omega2 = max(0.0, ((q - q_error) * j_tau - (j - j_error) * q_tau) / determinant)
    tau2 = max(0.0, (q - q_error - omega2 * q_omega) / q_tau)
    weights = 1 / (v + tau2 + omega2)
    coefficients, residuals, _, _ = _weighted(y, x, weights)
    return WorkingFit(coefficients, weights, residuals, tau2, omega2, q)
