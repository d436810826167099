"""Mixed-effects meta-regression by weighted least squares, for a batch.

References: Raudenbush 2009, Viechtbauer 2010 (doi:10.18637/jss.v036.i03); Hartung-Knapp covariance
in meta-regression: Knapp and Hartung 2003 (doi:10.1002/sim.1482).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError
from evisynth.stats.algebra import DesignAlgebra
from evisynth.stats.batch import as_batch, join
from evisynth.stats.distributions import (
    chi2_tail,
    f_tail,
    normal_quantile,
    t_quantile,
    two_sided_p,
)
from evisynth.stats.heterogeneity import Tau2Method, tau2_of
from evisynth.stats.kernel_codes import CODES, Cells
from evisynth.stats.kernel_path import (
    FittedDesigns,
    Job,
    in_threads,
    is_large,
    padded,
    ready,
    run_designs,
)

__all__ = ["CoefficientTest", "RegressionBatch", "check_rank", "regress_batch", "wald_test"]

Floats = NDArray[np.float64]

RANK_TOLERANCE = 1e-9
"""A column is dependent when less than this share of its length lies outside the columns before."""


@dataclass(frozen=True, slots=True)
class RegressionBatch:
    """Meta-regressions with P coefficients, one a meta-analysis.

    Attributes
    ----------
    k : ndarray of int, shape (B,)
        Number of estimates.
    coefficients, se, ci_lower, ci_upper, statistics, p_values : ndarray, shape (B, P)
        Coefficients and their tests (pooled scale per unit of the column).
    covariance : ndarray, shape (B, P, P)
        Covariance of the coefficients, Hartung-Knapp factor included where used.
    df : ndarray, shape (B,)
        Degrees of freedom of the tests, infinite for z.
    tau2, tau2_se : ndarray, shape (B,)
        Residual between-study variance (NaN in the equal-effects model).
    converged : ndarray of bool, shape (B,)
        Whether the search for tau² ended at a solution.
    qe, qe_df, qe_p : ndarray, shape (B,)
        Test for residual heterogeneity.
    i2, h2 : ndarray, shape (B,)
        Residual I² in percent, and H².
    hats : ndarray, shape (B, K)
        Diagonal of the hat matrix.
    safeguard_applied : ndarray of bool, shape (B,)
        Whether the safeguard changed the Hartung-Knapp covariance.
    """

    k: NDArray[np.int64]
    coefficients: Floats
    se: Floats
    ci_lower: Floats
    ci_upper: Floats
    statistics: Floats
    p_values: Floats
    covariance: Floats
    df: Floats
    tau2: Floats
    tau2_se: Floats
    converged: NDArray[np.bool_]
    qe: Floats
    qe_df: NDArray[np.int64]
    qe_p: Floats
    i2: Floats
    h2: Floats
    hats: Floats
    safeguard_applied: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CoefficientTest:
    """Joint Wald-type test of some coefficients; each field has shape (B,).

    ``statistic`` is F with (df1, df2) degrees of freedom, or chi² with df1 where df2 is infinite.
    """

    statistic: Floats
    df1: int
    df2: Floats
    p_value: Floats


def check_rank(design: Floats, names: Sequence[str]) -> None:
    """Refuse a design whose columns depend on each other, by name.

    Parameters
    ----------
    design
        Shape (K, P).
    names
        Names of the columns.

    Raises
    ------
    DataError
        If a column is a linear combination of those before it, or there are more columns than
        rows.

    Examples
    --------
    >>> check_rank(np.array([[1.0, 0], [1, 1], [1, 2]]), ["intercept", "dose"])
    """
    x = np.asarray(design, dtype=np.float64)
    if x.shape[1] > x.shape[0]:
        raise DataError(
            f"{x.shape[1]} coefficients ({', '.join(names)}) cannot be estimated from "
            f"{x.shape[0]} estimates; leave moderators out"
        )
    basis = np.empty((x.shape[0], 0))
    kept: list[int] = []
    for column in range(x.shape[1]):
        vector = x[:, column]
        length = np.linalg.norm(vector)
        rest = vector
        for _ in range(2):  # twice is enough (Kahan and Parlett)
            rest = rest - basis @ (basis.T @ rest)
        if length == 0 or np.linalg.norm(rest) <= RANK_TOLERANCE * length:
            involved = [
                names[other]
                for other in kept
                if length > 0 and abs(_share(x, kept, column, other)) > RANK_TOLERANCE
            ]
            why = (
                "is 0 in every row"
                if length == 0
                else "is determined by " + (", ".join(involved) or "the others")
            )
            raise DataError(
                f"the moderator column {names[column]!r} {why}, so its coefficient cannot be "
                "estimated; leave it or one of the others out"
            )
        basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
        kept.append(column)


def _share(x: Floats, kept: list[int], column: int, other: int) -> float:
    """Return how much of a dependent column another one explains, relative to its length."""
    solution = np.linalg.lstsq(x[:, kept], x[:, column], rcond=None)[0]
    part = solution[kept.index(other)] * np.linalg.norm(x[:, other])
    return float(part / np.linalg.norm(x[:, column]))


def regress_batch(
    estimates: ArrayLike,
    variances: ArrayLike,
    design: Floats,
    present: NDArray[np.bool_] | None = None,
    *,
    model: Literal["random", "equal"] = "random",
    tau2: Tau2Method | Floats = "REML",
    ci: Literal["HKSJ", "t", "z"] = "HKSJ",
    safeguard: Literal["wider", "truncate", "none"] = "wider",
    level: float = 0.95,
) -> RegressionBatch:
    """Fit a meta-regression to each meta-analysis of a batch.

    Parameters
    ----------
    estimates, variances
        Shape (B, K), or (K,); pooled scale.
    design
        Shape (K, P), shared, or (B, K, P). Its columns must be independent (`check_rank`).
    present
        Shape (B, K): which cells count.
    model, tau2, ci, safeguard, level
        As in `evisynth.stats.pool_batch`. The safeguard ``"wider"`` takes the normal tests and
        limits where t times the Hartung-Knapp factor is below the normal quantile; the factor is
        the same for all coefficients, so either all or none change.

    Raises
    ------
    DataError
        If there are no more estimates than coefficients.

    Examples
    --------
    >>> x = np.column_stack([np.ones(5), [0, 1, 2, 3, 4]])
    >>> fit = regress_batch([0.1, 0.3, 0.8, 0.5, 0.9], [0.02, 0.03, 0.05, 0.01, 0.04], x)
    >>> fit.coefficients.round(4)
    array([[0.1349, 0.1651]])
    """
    finish = RegressionFinish(model == "equal", ci, safeguard, level)
    if is_large(np.size(estimates), design=True) and (not isinstance(tau2, str) or tau2 in CODES):
        large = _large(estimates, variances, design, present, finish, tau2)
        if large is not None:
            return large
    batch = as_batch(estimates, variances, present)
    algebra = DesignAlgebra.of(batch, design)
    k, p = algebra.k, algebra.p
    _enough(k, p)
    size = len(k)
    nan = np.full(size, np.nan)
    t2, t2_se, converged, iterations = nan, nan, np.ones(size, dtype=np.bool_), k
    if not isinstance(tau2, str):
        t2 = np.array(np.broadcast_to(np.asarray(tau2, dtype=np.float64), (size,)))
    elif model == "random":
        found = tau2_of(algebra, tau2)
        t2, t2_se, converged, iterations = found.tau2, found.se, found.converged, found.iterations
    with np.errstate(divide="ignore", invalid="ignore"):
        zero = np.zeros(size)
        added = np.ldexp(np.where(np.isnan(t2), 0.0, t2), -2 * algebra.exponent)
        coefficients, covariance, q_fit, hats = algebra.solve(added)
        fitted = FittedDesigns(
            k=k,
            tau2=t2,
            tau2_se=t2_se,
            tau2_lower=nan,
            tau2_upper=nan,
            limits_status=np.zeros(size, dtype=np.int8),
            converged=converged,
            iterations=iterations,
            coefficients=coefficients,
            covariance=covariance,
            q_fit=q_fit,
            q=algebra.slope(zero).q,
            trace=np.ldexp(algebra.trace_p(zero), -2 * algebra.exponent),
            hats=hats,
        )
    return finish.result(fitted)


def _enough(k: NDArray[np.int64], p: int) -> None:
    """Refuse meta-analyses with no more estimates than coefficients."""
    if (k <= p).any():
        row = int(np.argmax(k <= p))
        raise DataError(
            f"meta-analysis {row}: {p} coefficients need at least {p + 1} estimates, there are "
            f"{k[row]}"
        )


def _large(
    estimates: ArrayLike,
    variances: ArrayLike,
    design: Floats,
    present: NDArray[np.bool_] | None,
    finish: RegressionFinish,
    tau2: Tau2Method | Floats,
) -> RegressionBatch | None:
    """Fit by the compiled loops; None where shapes do not fit (the arrays say so)."""
    cells = padded(estimates, variances, present)
    x = ready(design)
    if cells is None or x.ndim not in (2, 3) or x.shape[-1] == 0:
        return None
    size, width = len(cells.starts), int(cells.lengths[0])
    if x.shape[:-1] not in ((width,), (size, width)):
        return None
    starts = cells.starts if x.ndim == 3 else np.zeros(size, dtype=np.int64)
    job = regression_job(cells, finish, tau2)
    rows_of = x.reshape(-1, x.shape[-1])

    def work(rows: slice) -> RegressionBatch:
        found = run_designs(job, rows_of, starts, rows, hats=True)
        return finish.result(found)

    _enough(np.full(size, width) if present is None else present.sum(axis=1), x.shape[-1])
    parts = in_threads(work, size)
    return parts[0] if len(parts) == 1 else join(parts)


def regression_job(cells: Cells, finish: RegressionFinish, tau2: Tau2Method | Floats) -> Job:
    """Return what is asked of the compiled loops."""
    method: str | Floats | None = tau2
    if not isinstance(tau2, str):
        method = np.array(np.broadcast_to(np.asarray(tau2, dtype=np.float64), cells.starts.shape))
    elif finish.equal:
        method = None
    return Job.of(cells, method, error=True, limits=False, level=finish.level)


@dataclass(frozen=True, slots=True)
class RegressionFinish:
    """From sums to intervals and tests; the options are those of `regress_batch`."""

    equal: bool
    ci: str
    safeguard: str
    level: float

    def result(self, fitted: FittedDesigns) -> RegressionBatch:
        """Return the fits."""
        with np.errstate(divide="ignore", invalid="ignore"):
            p = fitted.coefficients.shape[1]
            qe, qe_df = fitted.q, fitted.k - p
            factor, df, applied = _hk_factor(
                fitted.q_fit / qe_df, qe_df, self.ci, self.safeguard, self.level
            )
            covariance = fitted.covariance * factor[:, None, None]
            se = np.sqrt(np.einsum("bpp->bp", covariance))
            half = t_quantile(df, self.level)[:, None] * se
            statistics = fitted.coefficients / se
            typical = qe_df / fitted.trace
            if self.equal:
                i2 = np.maximum(0.0, 100 * (qe - qe_df) / qe)
                h2 = qe / qe_df
            else:
                i2, h2 = 100 * fitted.tau2 / (typical + fitted.tau2), 1 + fitted.tau2 / typical
        return RegressionBatch(
            k=fitted.k,
            coefficients=fitted.coefficients,
            se=se,
            ci_lower=fitted.coefficients - half,
            ci_upper=fitted.coefficients + half,
            statistics=statistics,
            p_values=two_sided_p(statistics, df[:, None]),
            covariance=covariance,
            df=df,
            tau2=fitted.tau2,
            tau2_se=fitted.tau2_se,
            converged=fitted.converged,
            qe=qe,
            qe_df=qe_df,
            qe_p=chi2_tail(qe, qe_df),
            i2=i2,
            h2=h2,
            hats=fitted.hats,
            safeguard_applied=applied,
        )

    def tests(self, fitted: FittedDesigns) -> tuple[Floats, Floats, Floats]:
        """Return standard errors (B, P), covariances (B, P, P) and degrees of freedom (B,) only."""
        with np.errstate(divide="ignore", invalid="ignore"):
            dof = fitted.k - fitted.coefficients.shape[1]
            factor, df, _ = _hk_factor(fitted.q_fit / dof, dof, self.ci, self.safeguard, self.level)
            covariance = fitted.covariance * factor[:, None, None]
            return np.sqrt(np.einsum("bpp->bp", covariance)), covariance, df


def _hk_factor(
    factor: Floats, dof: NDArray[np.int64], ci: str, safeguard: str, level: float
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return the factor of the covariance, the degrees of freedom, and where a safeguard acted."""
    ones, never = np.ones(len(factor)), np.zeros(len(factor), dtype=np.bool_)
    if ci == "z":
        return ones, np.full(len(factor), np.inf), never
    df = dof.astype(np.float64)
    if ci == "t":
        return ones, df, never
    if safeguard == "truncate":
        return np.maximum(factor, 1.0), df, factor < 1
    if safeguard == "wider":
        applied = t_quantile(df, level) * np.sqrt(factor) < normal_quantile(level)
        return np.where(applied, 1.0, factor), np.where(applied, np.inf, df), applied
    return factor, df, never


def wald_test(fit: RegressionBatch, columns: Sequence[int]) -> CoefficientTest:
    """Test that some coefficients are all 0.

    Parameters
    ----------
    fit
        The fitted regressions.
    columns
        Which coefficients.

    Examples
    --------
    >>> x = np.column_stack([np.ones(5), [0, 1, 2, 3, 4]])
    >>> fit = regress_batch([0.1, 0.3, 0.8, 0.5, 0.9], [0.02, 0.03, 0.05, 0.01, 0.04], x)
    >>> test = wald_test(fit, [1])
    >>> bool(np.isclose(test.statistic[0], fit.statistics[0, 1] ** 2))
    True
    """
    statistic = joint_statistic(fit.coefficients, fit.covariance, fit.df, columns)
    m = len(columns)
    normal = np.isinf(fit.df)
    with np.errstate(invalid="ignore"):
        tail = np.where(normal, chi2_tail(statistic, m), f_tail(statistic, m, fit.df))
    return CoefficientTest(statistic, m, fit.df, tail)


def joint_statistic(
    coefficients: Floats, covariance: Floats, df: Floats, columns: Sequence[int]
) -> Floats:
    """Return F, or chi² where ``df`` is infinite, of the hypothesis that coefficients are all 0.

    Raises
    ------
    DataError
        If no coefficient is named.
    """
    chosen = np.asarray(columns, dtype=np.int64)
    m = len(chosen)
    if m == 0:
        raise DataError("a joint test needs at least one coefficient")
    b = coefficients[:, chosen]
    v = covariance[:, chosen[:, None], chosen[None, :]]
    scale = np.sqrt(np.einsum("bpp->bp", v))  # units of the columns must not decide the rounding
    with np.errstate(divide="ignore", invalid="ignore"):
        z = b / scale
        correlation = v / (scale[:, :, None] * scale[:, None, :])
    if m == 1:
        return np.asarray(z[:, 0] * z[:, 0])
    quadratic = np.einsum("bp,bp->b", z, np.linalg.solve(correlation, z[:, :, None])[:, :, 0])
    return np.asarray(np.where(np.isinf(df), quadratic, quadratic / m))
