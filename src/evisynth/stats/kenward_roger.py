"""Kenward and Roger's covariance and tests of a meta-regression after REML, for one model.

References: Kenward and Roger 1997 (doi:10.2307/2533558); in meta-analysis Partlett and Riley 2017
(doi:10.1002/sim.7140). The model has one variance parameter, tau², and its covariance matrix is
linear in it, so that no second derivatives enter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError
from evisynth.stats.distributions import f_tail
from evisynth.stats.robust import JointTest

__all__ = ["KenwardRogerCovariance", "kenward_roger_regression"]

Floats = NDArray[np.float64]

SMALL = 1e-7
"""What counts as 0 where a quotient of two zeros is 1 in the limit (two degrees of freedom)."""


@dataclass(frozen=True, slots=True)
class KenwardRogerCovariance:
    """The adjusted covariance of P coefficients and what tests of combinations need.

    Attributes
    ----------
    covariance : ndarray, shape (P, P)
        Adjusted covariance Φ_A.
    df : ndarray, shape (P,)
        Degrees of freedom of each coefficient's t test.
    plain : ndarray, shape (P, P)
        Φ = (X'V^-1 X)^-1.
    slope : ndarray, shape (P, P)
        dΦ/dtau² = Φ X'V^-2 X Φ.
    tau2_variance : float
        Inverse of the expected information of the restricted likelihood about tau².
    """

    covariance: Floats
    df: Floats
    plain: Floats
    slope: Floats
    tau2_variance: float

    @property
    def se(self) -> Floats:
        """Standard errors, shape (P,)."""
        return np.sqrt(np.diag(self.covariance))

    def contrast_df(self, contrast: ArrayLike) -> float:
        """Return the degrees of freedom of a combination of coefficients, shape (P,)."""
        row = np.asarray(contrast, dtype=np.float64)
        share = float(row @ self.slope @ row) / float(row @ self.plain @ row)
        return 2 / (self.tau2_variance * share * share)

    def joint_test(self, values: ArrayLike, contrasts: ArrayLike) -> JointTest:
        """Test that combinations of coefficients are all 0 by the scaled F of Kenward and Roger.

        Parameters
        ----------
        values
            Estimates of the combinations (less what they are tested against), shape (Q,).
        contrasts
            The combinations, shape (Q, P), linearly independent.

        Returns
        -------
        JointTest
            The scaled statistic; NaN where no F distribution has the moments wanted.
        """
        rows = np.array(contrasts, dtype=np.float64, ndmin=2)
        b = np.asarray(values, dtype=np.float64)
        q = len(rows)
        spread = rows @ self.covariance @ rows.T
        size = np.sqrt(np.diag(spread))  # units must not decide the rounding
        z = b / size
        form = float(z @ np.linalg.solve(spread / np.outer(size, size), z)) / q
        if q == 1:
            df = self.contrast_df(rows[0])
            return JointTest(form, 1, df, float(f_tail(form, 1, df)))
        scale, df = self._matched(rows)
        if not (df > 0 and 0 < scale < np.inf):
            return JointTest(float("nan"), q, df, float("nan"))
        return JointTest(scale * form, q, df, float(f_tail(scale * form, q, df)))

    def _matched(self, rows: Floats) -> tuple[float, float]:
        """Return the factor of F and its denominator's degrees of freedom, Q above 1."""
        q = len(rows)
        inner = rows @ self.plain @ rows.T
        size = np.sqrt(np.diag(inner))
        lean = np.linalg.solve(
            inner / np.outer(size, size), (rows @ self.slope @ rows.T) / np.outer(size, size)
        )
        a1 = self.tau2_variance * float(np.trace(lean)) ** 2
        a2 = self.tau2_variance * float(np.trace(lean @ lean))
        b = (a1 + 6 * a2) / (2 * q)
        g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
        below = 3 * q + 2 * (1 - g)
        c1, c2, c3 = g / below, (q - g) / below, (q + 2 - g) / below
        kept, second = 1 - a2 / q, 1 - c2 * b
        both = 1.0 if max(abs(kept), abs(second)) < SMALL else kept / second
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = both**2 * np.float64(1 + c1 * b) / (1 - c3 * b) / q
            df = float(4 + (q + 2) / (q * ratio - 1))
            if max(abs(kept), abs(df - 2)) < SMALL:
                return 1.0, df
            return float(np.float64(df * kept) / (df - 2)), df


def kenward_roger_regression(
    variances: ArrayLike, design: ArrayLike, tau2: float
) -> KenwardRogerCovariance:
    """Return Kenward and Roger's covariance and degrees of freedom after REML.

    Parameters
    ----------
    variances
        Sampling variances, shape (K,).
    design
        Shape (K, P), K above P, columns independent.
    tau2
        Estimate by restricted maximum likelihood.

    Raises
    ------
    DataError
        If there are not more estimates than coefficients.

    Notes
    -----
    With W = 1/(V + tau²), Φ = (X'WX)^-1, A = X'W²X and C = X'W³X: the expected information about
    tau² is ½(tr W² - 2 tr ΦC + tr ΦAΦA), and Φ is increased by 2 Φ(C - AΦA)Φ over it. Here this is
    computed from the orthonormal columns of W^½ X, which units and sizes of the columns do not
    disturb.

    Examples
    --------
    >>> one = kenward_roger_regression([0.1] * 5, np.column_stack([np.ones(5), range(5)]), 0.2)
    >>> one.df.round(6), one.se.round(6)  # equal variances: the plain t test, K - P
    (array([3., 3.]), array([0.424264, 0.173205]))
    """
    v = np.asarray(variances, dtype=np.float64)
    x = np.array(design, dtype=np.float64, ndmin=2)
    k, p = x.shape
    if k <= p:
        raise DataError(
            f"Kenward and Roger's tests need more estimates than coefficients; there are {k} and "
            f"{p}"
        )
    total = v + tau2
    unit = float(total.min())
    w = unit / total  # relative weights: no overflow for tiny variances
    basis, triangle = np.linalg.qr(np.sqrt(w)[:, None] * x)
    root = np.linalg.inv(triangle)
    once = basis.T @ (w[:, None] * basis)
    twice = basis.T @ ((w * w)[:, None] * basis)
    information = 0.5 * (
        float((w * w).sum()) - 2 * float(np.trace(twice)) + float((once * once).sum())
    )
    extra = 2 * (twice - once @ once) / information
    plain = unit * root @ root.T
    covariance = plain + unit * root @ extra @ root.T
    slope = root @ once @ root.T
    made = KenwardRogerCovariance(
        (covariance + covariance.T) / 2, np.empty(p), plain, slope, unit * unit / information
    )
    df = np.array([made.contrast_df(row) for row in np.eye(p)])
    return KenwardRogerCovariance(made.covariance, df, made.plain, made.slope, made.tau2_variance)
