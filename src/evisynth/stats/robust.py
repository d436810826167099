"""Cluster-robust (sandwich) covariance of coefficients with small-sample corrections.

With W the inverse of the working covariance Φ (block diagonal over clusters) and M = (X'WX)^-1,
V = M Σ_c X_c'W_c A_c e_c e_c' A_c'W_c X_c M. The adjustment A_c is the identity (CR0, and times a
factor CR1, CR1p, CR1S), the one that makes V unbiased where Φ is true (CR2, bias-reduced
linearization), or (I - H_cc)^-1 (CR3, close to the jackknife). Degrees of freedom are
Satterthwaite's under Φ; joint tests use the approximate Hotelling T² (HTZ).

References: Bell and McCaffrey 2002; Tipton 2015 (doi:10.1037/met0000011); Pustejovsky and Tipton
2018 (doi:10.1080/07350015.2016.1247004); Tipton and Pustejovsky 2015
(doi:10.3102/1076998615606099).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError, NotEstimableError, OptionError
from evisynth.stats.distributions import f_tail
from evisynth.stats.multilevel_parts import blocks_by_size

__all__ = ["ROBUST_KINDS", "JointTest", "RobustCovariance", "RobustKind", "robust_covariance"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RobustKind = Literal["CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3"]
ROBUST_KINDS: tuple[RobustKind, ...] = get_args(RobustKind)
"""Names as in clubSandwich; m clusters, p coefficients, k estimates: CR1 has the factor m/(m-1),
CR1p m/(m-p), CR1S m(k-1)/((m-1)(k-p)) as in Stata."""

SINGULAR = 1e-10
"""Eigenvalues below this share of the largest count as 0 and are left out of an inverse root: a
coefficient that one cluster alone determines leaves no residual there to correct."""


@dataclass(frozen=True, slots=True)
class JointTest:
    """F test of several linear combinations; ``df2`` at or below 0 means that there is no test."""

    statistic: float
    df1: int
    df2: float
    p_value: float


@dataclass(frozen=True, slots=True)
class RobustCovariance:
    """Cluster-robust covariance of P coefficients from m clusters.

    Attributes
    ----------
    kind : str
        One of `ROBUST_KINDS`.
    covariance : ndarray, shape (P, P)
        Covariance of the coefficients.
    df : ndarray, shape (P,)
        Satterthwaite degrees of freedom of each coefficient's t test.
    clusters : int
        m.
    squares, crossings : ndarray, shape (m, P, P)
        Parts of the covariance under the working model, for tests of other combinations.
    root : ndarray, shape (P, P)
        R^-1, where X'WX = R'R.
    """

    kind: RobustKind
    covariance: Floats
    df: Floats
    clusters: int
    squares: Floats
    crossings: Floats
    root: Floats

    @property
    def se(self) -> Floats:
        """Standard errors, shape (P,)."""
        return np.sqrt(np.diag(self.covariance))

    def contrast_df(self, contrast: ArrayLike) -> float:
        """Return Satterthwaite degrees of freedom of a combination of coefficients, shape (P,)."""
        side = self.root.T @ np.asarray(contrast, dtype=np.float64)
        return float(self._satterthwaite(side[:, None])[0])

    def _satterthwaite(self, sides: Floats) -> Floats:
        lengths = np.einsum("pj,cpq,qj->jc", sides, self.squares, sides)
        falls = np.einsum("cpq,qj->jcp", self.crossings, sides)
        lost = (falls * falls).sum(axis=2)
        inner = np.einsum("jcp,jcq->jpq", falls, falls)
        mean = (lengths - lost).sum(axis=1)
        spread = (lengths * lengths - 2 * lengths * lost).sum(axis=1) + (inner * inner).sum(
            axis=(1, 2)
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(mean * mean / spread)

    def joint_test(
        self, coefficients: ArrayLike, contrasts: ArrayLike, df: float | None = None
    ) -> JointTest:
        """Test that combinations of coefficients, rows of ``contrasts`` (Q, P), are all 0.

        Without ``df`` the approximate Hotelling T² test (HTZ) of Tipton and Pustejovsky; with it F
        with Q and these degrees of freedom.
        """
        c = np.array(contrasts, dtype=np.float64, ndmin=2)
        b = c @ np.asarray(coefficients, dtype=np.float64)
        q = len(c)
        v = c @ self.covariance @ c.T
        scale = np.sqrt(np.diag(v))
        z = b / scale
        try:
            quadratic = float(z @ np.linalg.solve(v / np.outer(scale, scale), z))
        except np.linalg.LinAlgError:
            quadratic = float("nan")
        if df is not None:
            return JointTest(quadratic / q, q, df, float(f_tail(quadratic / q, q, df)))
        spread = self._hotelling_spread(self.root.T @ c.T)
        eta = q * (q + 1) / spread
        df2 = eta - q + 1
        if not df2 > 0:
            nan = float("nan")
            return JointTest(nan, q, df2, nan)
        statistic = df2 / (eta * q) * quadratic
        return JointTest(statistic, q, df2, float(f_tail(statistic, q, df2)))

    def _hotelling_spread(self, sides: Floats) -> float:
        """Return the sum of the variances of the standardized covariance's cells."""
        sides = sides / np.sqrt((sides * sides).sum(axis=0))  # units must not decide the rounding
        lengths = np.einsum("pk,cpq,ql->ckl", sides, self.squares, sides)
        falls = np.einsum("cpq,qk->ckp", self.crossings, sides)
        lost = np.einsum("ckp,clp->ckl", falls, falls)
        strength, axes = np.linalg.eigh((lengths - lost).sum(axis=0))
        turn = axes / np.sqrt(np.maximum(strength, 1e-300))
        lengths, lost = turn.T @ lengths @ turn, turn.T @ lost @ turn
        falls = np.einsum("ckp,kl->clp", falls, turn)
        total = 0.0
        for k in range(sides.shape[1]):
            for m in range(sides.shape[1]):
                inner = np.einsum("cp,cq->pq", falls[:, k], falls[:, m])
                total += float(
                    (lengths[:, k, k] * lengths[:, m, m]).sum()
                    - (lengths[:, k, k] * lost[:, m, m]).sum()
                    - (lengths[:, m, m] * lost[:, k, k]).sum()
                    + (inner * inner).sum()
                    + (lengths[:, k, m] ** 2).sum()
                    - 2 * (lengths[:, k, m] * lost[:, k, m]).sum()
                    + (inner * inner.T).sum()
                )
        return total


def robust_covariance(
    design: ArrayLike,
    residuals: ArrayLike,
    cluster: Ints,
    working: ArrayLike | Callable[[Ints], Floats],
    *,
    kind: RobustKind = "CR2",
) -> RobustCovariance:
    """Return the cluster-robust covariance of weighted least squares coefficients.

    Parameters
    ----------
    design
        Shape (K, P).
    residuals
        Estimates minus fitted values, shape (K,).
    cluster
        Cluster of each estimate, shape (K,), numbered.
    working
        Working covariance whose inverse gave the weights: variances (K,), or a function that
        returns the covariances (B, n, n) of estimates named by rows (B, n).
    kind
        Correction for few clusters.

    Raises
    ------
    NotEstimableError
        If there are not more clusters than coefficients.

    Examples
    --------
    >>> y = np.array([0.1, 0.3, 0.8, 0.5, 0.9, 0.4])
    >>> made = robust_covariance(
    ...     np.ones((6, 1)), y - y.mean(), np.array([0, 0, 1, 1, 2, 2]), np.full(6, 0.1)
    ... )
    >>> made.se.round(4), made.df.round(4)  # equal clusters: the t test of their means
    (array([0.15]), array([2.]))
    """
    if kind not in ROBUST_KINDS:
        raise OptionError("kind", kind, ROBUST_KINDS)
    x = np.asarray(design, dtype=np.float64)
    e = np.asarray(residuals, dtype=np.float64)
    k, p = x.shape
    codes = np.unique(cluster, return_inverse=True)[1]
    if not len(e) == len(codes) == k:
        raise DataError(f"design, residuals and clusters differ in length: {k, len(e), len(codes)}")
    m = int(codes.max()) + 1
    if m <= p:
        raise NotEstimableError(
            f"cluster-robust inference: {p} coefficients need more than {p} clusters, there are {m}"
        )
    if callable(working):
        covariances = working
    else:
        v = np.asarray(working, dtype=np.float64)

        def covariances(rows: Ints) -> Floats:
            return np.asarray(v[rows][:, :, None] * np.eye(rows.shape[1]))

    parts = blocks_by_size(codes)
    lowers = [np.asarray(np.linalg.cholesky(covariances(rows)), np.float64) for rows in parts]
    leaned = np.empty_like(x)
    for rows, lower in zip(parts, lowers, strict=True):
        leaned[rows] = np.linalg.solve(lower, x[rows])
    q, triangle = np.linalg.qr(leaned)
    root = np.linalg.inv(triangle)
    scores, squares, crossings = np.empty((m, p)), np.empty((m, p, p)), np.empty((m, p, p))
    for rows, lower in zip(parts, lowers, strict=True):
        g, h = _adjusted(q[rows], lower, kind)
        own = codes[rows[:, 0]]
        scores[own] = np.einsum("bnp,bn->bp", g, e[rows])
        squares[own] = h.swapaxes(1, 2) @ h
        crossings[own] = q[rows].swapaxes(1, 2) @ h
    factor = {
        "CR1": m / (m - 1), "CR1p": m / (m - p), "CR1S": m * (k - 1) / ((m - 1) * (k - p)),
    }.get(kind, 1.0)  # fmt: skip
    half = scores @ root.T
    made = RobustCovariance(kind, factor * half.T @ half, np.empty(p), m, squares, crossings, root)
    return RobustCovariance(
        kind, made.covariance, made._satterthwaite(root.T), m, squares, crossings, root
    )


def _adjusted(q: Floats, lower: Floats, kind: RobustKind) -> tuple[Floats, Floats]:
    """Return what multiplies the residuals, and the same times the root of Φ; (B, n, P).

    q holds the clusters' rows of the orthonormal weighted design, lower the roots of Φ = LL'.
    """
    size = q.shape[1]
    kept = np.eye(size) - q @ q.swapaxes(1, 2)
    if kind == "CR2":
        inner = lower.swapaxes(1, 2) @ lower
        strength, axes = np.linalg.eigh(inner @ kept @ inner)
        largest = np.maximum(strength[:, -1:], np.finfo(float).tiny)
        used = strength > SINGULAR * largest
        power = np.where(used, 1 / np.sqrt(np.where(used, strength, 1.0)), 0.0)
        adjusted = (axes * power[:, None, :]) @ (axes.swapaxes(1, 2) @ q)
        g = lower @ adjusted
        return g, lower.swapaxes(1, 2) @ g
    h = q
    if kind == "CR3":
        strength, axes = np.linalg.eigh(kept)
        used = strength > SINGULAR
        power = np.where(used, 1 / np.where(used, strength, 1.0), 0.0)
        h = (axes * power[:, None, :]) @ (axes.swapaxes(1, 2) @ q)
    return np.asarray(np.linalg.solve(lower.swapaxes(1, 2), h)), h
