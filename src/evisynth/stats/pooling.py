"""Pooled effects of a batch of meta-analyses: inverse-variance weights, Wald, t, Hartung-Knapp.

References: Hartung and Knapp 2001 (doi:10.1002/sim.791), Sidik and Jonkman 2002
(doi:10.1002/sim.1262); safeguards: Jackson et al. 2017 (doi:10.1002/sim.7411, the wider of two
intervals) and Röver et al. 2015 (doi:10.1186/s12874-015-0091-1, factor not below 1); I² and H²:
Higgins and Thompson 2002 (doi:10.1002/sim.1186).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError
from evisynth.stats.algebra import MeanAlgebra
from evisynth.stats.batch import as_batch, chunks, join
from evisynth.stats.distributions import (
    chi2_tail,
    normal_quantile,
    t_critical,
    t_quantile,
    two_sided_p,
)
from evisynth.stats.heterogeneity import Tau2Method, tau2_of
from evisynth.stats.intervals import interval_of
from evisynth.stats.kernel_codes import CODES, Cells
from evisynth.stats.kernel_path import Fitted, Job, in_threads, is_large, padded, run_means
from evisynth.stats.kernel_scalar import SCALAR_ROWS, SINGLE_METHODS, pool_single

__all__ = [
    "Finish",
    "PooledBatch",
    "inconsistency",
    "known_tau2",
    "pool_batch",
    "pool_cells",
    "prediction_interval",
    "weights_percent",
]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PooledBatch:
    """Pooled effects, one a meta-analysis; every field has shape (B,).

    Attributes
    ----------
    k : ndarray of int
        Number of estimates.
    estimate, se, ci_lower, ci_upper : ndarray
        Pooled effect with the standard error that the interval uses.
    wald_se : ndarray
        Standard error from the weights alone, 1 / sqrt(sum of weights).
    statistic, df, p_value : ndarray
        Test of no effect: z where ``df`` is infinite, else t.
    tau2, tau2_se : ndarray
        Between-study variance; NaN in the equal-effects model and for k < 2.
    converged : ndarray of bool
        Whether the search for tau² ended at a solution.
    q, q_df, q_p : ndarray
        Cochran's Q, degrees of freedom, P value.
    typical_variance : ndarray
        The typical sampling variance of Higgins and Thompson, NaN for k < 2.
    i2, h2 : ndarray
        I² in percent and H²: from tau² in random-effects models, from Q in the equal-effects
        model.
    safeguard_applied : ndarray of bool
        Whether the safeguard replaced or widened the Hartung-Knapp interval.
    tau2_lower, tau2_upper : ndarray
        Q-profile limits of tau²; NaN where they do not exist or were not asked for.
    limits_status : ndarray of int
        Why not (see `evisynth.stats.Tau2Interval`), 0 where all is well or nothing was asked.
    """

    k: NDArray[np.int64]
    estimate: Floats
    se: Floats
    ci_lower: Floats
    ci_upper: Floats
    wald_se: Floats
    statistic: Floats
    df: Floats
    p_value: Floats
    tau2: Floats
    tau2_se: Floats
    converged: Bools
    q: Floats
    q_df: NDArray[np.int64]
    q_p: Floats
    typical_variance: Floats
    i2: Floats
    h2: Floats
    safeguard_applied: Bools
    tau2_lower: Floats
    tau2_upper: Floats
    limits_status: NDArray[np.int8]


def pool_batch(
    estimates: ArrayLike,
    variances: ArrayLike,
    present: Bools | None = None,
    *,
    model: Literal["random", "equal"] = "random",
    tau2: Tau2Method | Floats = "REML",
    ci: Literal["HKSJ", "t", "z"] = "HKSJ",
    safeguard: Literal["wider", "truncate", "none"] = "wider",
    level: float = 0.95,
    null: float = 0.0,
    tau2_details: bool = False,
) -> PooledBatch:
    """Pool each meta-analysis of a batch.

    Parameters
    ----------
    estimates, variances
        Shape (B, K), or (K,); pooled scale.
    present
        Shape (B, K): which cells count.
    model
        ``"random"`` or ``"equal"`` (tau² is taken to be 0).
    tau2
        Estimator, or known values of tau², shape (B,) or a number.
    ci
        Hartung-Knapp (``"HKSJ"``), t with k - 1 degrees of freedom and Wald standard error, or
        normal.
    safeguard
        For Hartung-Knapp: ``"wider"`` takes the Wald interval where it is the wider one,
        ``"truncate"`` does not let the factor fall below 1, ``"none"`` does neither.
    level
        Confidence level.
    null
        Value of no effect.
    tau2_details
        Whether to compute the standard error and the Q-profile limits of tau² (NaN if not).

    Notes
    -----
    A meta-analysis of one study gets that study's estimate with normal limits (with a given tau²,
    its variance is the sum of both); one of none gets NaN.

    Examples
    --------
    >>> one = pool_batch([0.1, 0.3, 0.8, 0.5], [0.02, 0.03, 0.05, 0.01])
    >>> one.estimate.round(4), one.ci_lower.round(4), one.ci_upper.round(4)
    (array([0.4021]), array([-0.0452]), array([0.8493]))
    """
    if present is None:
        one = _single(
            estimates,
            variances,
            equal=model == "equal",
            tau2=tau2,
            ci=ci,
            safeguard=safeguard,
            level=level,
            null=null,
            tau2_details=tau2_details,
        )
        if one is not None:
            return one
    finish = Finish(model == "equal", ci, safeguard, level, null)
    if is_large(np.size(estimates)) and (not isinstance(tau2, str) or tau2 in CODES):
        cells = padded(estimates, variances, present)
        if cells is not None:
            return pool_cells(cells, finish, tau2, tau2_details)
    batch = as_batch(estimates, variances, present)
    known = known_tau2(tau2, len(batch.k))
    parts = [
        _pool(
            MeanAlgebra.of(piece),
            finish,
            method=tau2 if isinstance(tau2, str) else "REML",
            known=None if known is None else known[rows],
            tau2_details=tau2_details,
        )
        for rows, piece, _ in chunks(batch)
    ]
    return parts[0] if len(parts) == 1 else join(parts)


def known_tau2(tau2: Tau2Method | Floats, size: int) -> Floats | None:
    """Return known values of tau², shape (B,), or None where they are to be estimated.

    Raises
    ------
    DataError
        If one is below 0 or not a number.
    """
    if isinstance(tau2, str):
        return None
    known = np.broadcast_to(np.asarray(tau2, float), (size,))
    if not (known >= 0).all():
        raise DataError("a given tau² must be a number of at least 0")
    return known


def pool_cells(
    cells: Cells, finish: Finish, tau2: Tau2Method | Floats, tau2_details: bool
) -> PooledBatch:
    """Pool a batch by the compiled loops (see `pool_batch`)."""
    known = known_tau2(tau2, len(cells.starts))
    method = known if known is not None else None if finish.equal else tau2
    job = Job.of(
        cells,
        method,
        error=tau2_details,
        limits=tau2_details and known is None,
        level=finish.level,
    )

    def work(rows: slice) -> PooledBatch:
        return finish.result(run_means(job, rows))

    parts = in_threads(work, len(cells.starts))
    return parts[0] if len(parts) == 1 else join(parts)


def _single(
    estimates: ArrayLike,
    variances: ArrayLike,
    *,
    equal: bool,
    tau2: Tau2Method | Floats,
    ci: str,
    safeguard: str,
    level: float,
    null: float,
    tau2_details: bool,
) -> PooledBatch | None:
    """Pool one meta-analysis of a few studies as plain numbers; None where it is not one."""
    y, v = np.asarray(estimates, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    if y.shape != v.shape or not 0 < y.size <= SCALAR_ROWS or y.ndim > 2 or y.size != y.shape[-1]:
        return None
    method, known = "", None
    if isinstance(tau2, str):
        method = tau2
    elif np.size(tau2) == 1:
        known = float(np.ravel(tau2)[0])
    if not (method in SINGLE_METHODS or (known is not None and known >= 0)):
        return None
    one = pool_single(
        y.ravel().tolist(),
        v.ravel().tolist(),
        equal=equal,
        method=method,
        known=known,
        ci=ci,
        safeguard=safeguard,
        level=level,
        null=null,
        tau2_details=tau2_details,
    )
    if one is None:
        return None
    # one array, a field a place: an array of its own for each would cost more than the fit
    numbers = np.array(one[:-3])
    places = {name: numbers[place : place + 1] for place, name in enumerate(one._fields[:-3])}
    return PooledBatch(
        k=np.array([y.size]),
        q_df=np.array([y.size - 1]),
        converged=np.array([one.converged]),
        safeguard_applied=np.array([one.safeguard_applied]),
        limits_status=np.array([one.limits_status], dtype=np.int8),
        **places,
    )


def _pool(
    algebra: MeanAlgebra,
    finish: Finish,
    *,
    method: Tau2Method,
    known: Floats | None,
    tau2_details: bool,
) -> PooledBatch:
    """Pool one chunk."""
    k = algebra.k
    size = len(k)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        zero = np.zeros(size)
        nan = np.full(size, np.nan)
        t2, t2_se, converged, iterations = nan, nan, np.ones(size, dtype=np.bool_), k
        if known is not None:
            t2 = known.copy()
        elif not finish.equal:
            found = tau2_of(algebra, method, tau2_details)
            t2, t2_se, converged, iterations = (
                found.tau2, found.se, found.converged, found.iterations,
            )  # fmt: skip
        added = np.ldexp(np.where(np.isnan(t2), 0.0, t2), -2 * algebra.exponent)
        estimate, total, q_fit = algebra.mean(added)
        at_zero = q_fit if finish.equal and known is None else algebra.slope(zero).q
        lower, upper, status = nan, nan, np.zeros(size, dtype=np.int8)
        if tau2_details and known is None:
            limits = interval_of(algebra, finish.level)
            lower, upper, status = limits.lower, limits.upper, limits.status
        fitted = Fitted(
            k=k,
            tau2=t2,
            tau2_se=t2_se,
            tau2_lower=lower,
            tau2_upper=upper,
            limits_status=status,
            converged=converged,
            iterations=iterations,
            estimate=estimate,
            total=total,
            q_fit=q_fit,
            q=at_zero,
            trace=np.ldexp(algebra.trace_p(zero), -2 * algebra.exponent),
        )
    return finish.result(fitted)


@dataclass(frozen=True, slots=True)
class Finish:
    """From sums to intervals and tests; the options are those of `pool_batch`."""

    equal: bool
    ci: str
    safeguard: str
    level: float
    null: float

    def result(self, fitted: Fitted) -> PooledBatch:
        """Return the pooled effects."""
        k = fitted.k
        estimate, q, q_fit = fitted.estimate, fitted.q, fitted.q_fit
        single, none = k < 2, k == 0
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            q_df = np.maximum(k - 1, 0)
            wald_se = 1 / np.sqrt(fitted.total)
            typical = np.where(single, np.nan, q_df / fitted.trace)
            i2, h2 = inconsistency(q, q_df, fitted.tau2, typical, self.equal)
            se, df, applied = _interval_basis(
                wald_se, q_fit, q_df, self.ci, self.safeguard, self.level, single
            )
            half = t_quantile(df, self.level) * se
            statistic = (estimate - self.null) / se
            if none.any():
                estimate, se, wald_se = (np.where(none, np.nan, x) for x in (estimate, se, wald_se))
                half, statistic, q = (np.where(none, np.nan, x) for x in (half, statistic, q))
            q = np.where(k == 1, 0.0, q)
            return PooledBatch(
                k=k,
                estimate=estimate,
                se=se,
                ci_lower=estimate - half,
                ci_upper=estimate + half,
                wald_se=wald_se,
                statistic=statistic,
                df=df,
                p_value=two_sided_p(statistic, df),
                tau2=fitted.tau2,
                tau2_se=fitted.tau2_se,
                converged=fitted.converged,
                q=q,
                q_df=q_df,
                q_p=chi2_tail(q, q_df),
                typical_variance=typical,
                i2=i2,
                h2=h2,
                safeguard_applied=applied,
                tau2_lower=fitted.tau2_lower,
                tau2_upper=fitted.tau2_upper,
                limits_status=fitted.limits_status,
            )


def _interval_basis(
    wald_se: Floats,
    q_fit: Floats,
    q_df: NDArray[np.int64],
    ci: str,
    safeguard: str,
    level: float,
    single: Bools,
) -> tuple[Floats, Floats, Bools]:
    """Return standard error, degrees of freedom and where the safeguard acted."""
    never = np.zeros(len(wald_se), dtype=np.bool_)
    if ci == "z":
        return wald_se, np.full(len(wald_se), np.inf), never
    df = np.where(single, np.inf, q_df)
    if ci == "t":
        return wald_se, df, never
    factor = np.where(single, 1.0, np.sqrt(q_fit / q_df))
    if safeguard == "truncate":
        applied = factor < 1
        return wald_se * np.maximum(factor, 1.0), df, applied
    if safeguard == "wider":
        normal = normal_quantile(level)
        applied = ~single & (t_quantile(df, level) * factor < normal)
        return (
            wald_se * np.where(applied, 1.0, factor),
            np.where(applied, np.inf, df),
            applied,
        )
    return wald_se * factor, df, never


def inconsistency(
    q: Floats, q_df: NDArray[np.int64], tau2: Floats, typical_variance: Floats, equal: bool
) -> tuple[Floats, Floats]:
    """Return I² (percent) and H² from tau², or from Q in the equal-effects model.

    Examples
    --------
    >>> i2, h2 = inconsistency(
    ...     np.array([9.0]), np.array([3]), np.array([0.2]), np.array([0.1]), False
    ... )
    >>> i2.round(2), h2.round(2)
    (array([66.67]), array([3.]))
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        if equal:
            some = q_df > 0
            i2 = np.where(q > 0, np.maximum(0.0, 100 * (q - q_df) / q), 0.0)
            return np.where(some, i2, np.nan), np.where(some, q / q_df, np.nan)
        return 100 * tau2 / (typical_variance + tau2), 1 + tau2 / typical_variance


def weights_percent(
    variances: ArrayLike, tau2: ArrayLike = 0.0, present: Bools | None = None
) -> Floats:
    """Return inverse-variance weights in percent, shape (B, K), 0 where absent.

    Examples
    --------
    >>> weights_percent([0.1, 0.3], 0.1)
    array([[66.66666667, 33.33333333]])
    """
    v = np.array(variances, dtype=np.float64, ndmin=2)
    here = np.isfinite(v) if present is None else np.array(present, dtype=np.bool_, ndmin=2)
    t = np.asarray(tau2, dtype=np.float64).reshape(-1, 1)
    total = np.where(here, v + t, np.inf)
    # relative to the largest weight: no overflow for tiny variances
    w = total.min(axis=1, keepdims=True) / total
    return np.asarray(100 * w / w.sum(axis=1, keepdims=True))


def prediction_interval(
    estimate: ArrayLike,
    se: ArrayLike,
    tau2: ArrayLike,
    k: ArrayLike,
    *,
    method: Literal["t k-1", "t k-2", "normal"] = "t k-1",
    level: float = 0.95,
) -> tuple[Floats, Floats]:
    """Return the limits between which the effect of a new study is expected; NaN for k < 3.

    Parameters
    ----------
    estimate, se, tau2, k
        Pooled effect, its standard error, tau², number of estimates; any matching shape.
    method
        Quantile used: t with k - 1 degrees of freedom (Partlett and Riley 2017,
        doi:10.1002/sim.7140), with k - 2 (Higgins, Thompson and Spiegelhalter 2009,
        doi:10.1111/j.1467-985X.2008.00552.x), or normal.
    level
        Coverage.

    Examples
    --------
    >>> low, high = prediction_interval(-0.7145, 0.1808, 0.3132, 13)
    >>> low.round(3), high.round(3)
    (np.float64(-1.996), np.float64(0.567))
    """
    lost = {"t k-1": 1.0, "t k-2": 2.0}.get(method, -np.inf)
    number = np.asarray(k, dtype=np.float64)
    critical: float | Floats = np.nan
    if number.ndim > 0:
        enough = number >= 3
        df = np.where(enough, number - lost, np.inf)
        critical = np.where(enough, t_quantile(df, level), np.nan)
    elif number >= 3:  # one meta-analysis, or several with as many studies
        critical = t_critical(float(number) - lost, level)
    half = critical * np.sqrt(np.asarray(tau2) + np.square(se))
    return np.asarray(estimate) - half, np.asarray(estimate) + half
