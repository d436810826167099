"""Between-study variance tau²: the estimators that need no weights, for a batch.

References: DerSimonian and Laird 1986 (doi:10.1016/0197-2456(86)90046-2); Paule and Mandel 1982
(doi:10.6028/jres.087.022); Hedges and Olkin 1985 (doi:10.1016/C2009-0-03396-0); Hunter and Schmidt
2015 (doi:10.4135/9781483398105); Sidik and Jonkman 2005 (doi:10.1111/j.1467-9876.2005.00489.x);
Morris 1983 (doi:10.1080/01621459.1983.10477920); Viechtbauer 2005
(doi:10.3102/10769986030003261) for ML, REML and the comparison; Brannick, Potter, Benitez and
Morris 2019 (doi:10.1177/1094428117713882) for HSk; DerSimonian and Kacker 2007
(doi:10.1016/j.cct.2006.04.004) for the two-step and iterated moment estimators; Viechtbauer 2021
for PMM. Estimators with weights of their own are in `evisynth.stats.tau2_moments`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import OptionError
from evisynth.stats.algebra import Algebra, make_algebra
from evisynth.stats.batch import as_batch, chunks, join
from evisynth.stats.distributions import chi2_quantile
from evisynth.stats.kernel_path import search_padded
from evisynth.stats.roots import likelihood_root, q_root

__all__ = ["Tau2Estimate", "Tau2Method", "estimate_tau2", "generalized_q"]

Floats = NDArray[np.float64]
Tau2Method = Literal[
    "REML", "DL", "PM", "ML", "EB", "HS", "HE", "SJ",
    "HSk", "SJIT", "PMM", "DLIT", "DL2", "CA2",
]  # fmt: skip
"""HE is Cochran's estimator (CA); DL2 and CA2 are the two-step ones that begin with DL and HE."""

METHODS: tuple[str, ...] = get_args(Tau2Method)

TWO_STEP: dict[str, Tau2Method] = {"DL2": "DL", "CA2": "HE"}
"""Two-step estimators and their first step."""

MAX_STEPS = 200
"""Far above what `_iterated_dl` needs; reached only if rounding makes it circle."""

CLOSE = 4e-15
"""Relative change of tau² that cannot be told from rounding."""


@dataclass(frozen=True, slots=True)
class Tau2Estimate:
    """Estimates of tau², one a meta-analysis.

    Attributes
    ----------
    tau2 : ndarray, shape (B,)
        Between-study variance, at least 0; NaN where there are no degrees of freedom.
    se : ndarray, shape (B,)
        Its standard error (asymptotic for the likelihood methods, exact for given tau² for the
        moment estimators).
    converged : ndarray of bool, shape (B,)
        Whether the search ended at a solution (true for closed forms).
    iterations : ndarray of int, shape (B,)
        Evaluations used (0 for closed forms).
    """

    tau2: Floats
    se: Floats
    converged: NDArray[np.bool_]
    iterations: NDArray[np.int64]


def estimate_tau2(
    estimates: ArrayLike,
    variances: ArrayLike,
    present: NDArray[np.bool_] | None = None,
    *,
    method: Tau2Method = "REML",
    design: Floats | None = None,
    standard_error: bool = True,
) -> Tau2Estimate:
    """Estimate the (residual) between-study variance of each meta-analysis of a batch.

    Parameters
    ----------
    estimates, variances
        Shape (B, K), or (K,); pooled scale.
    present
        Shape (B, K): which cells count.
    method
        Estimator: restricted or plain maximum likelihood (REML, ML), DerSimonian-Laird (DL; with
        two steps DL2, iterated DLIT), Paule-Mandel (PM; median-unbiased PMM), empirical Bayes (EB),
        Hunter-Schmidt (HS; with small-sample correction HSk), Hedges or Cochran (HE; with two
        steps CA2), Sidik-Jonkman (SJ; iterated SJIT, which ends at PM).
    design
        Design matrix (K, P) or (B, K, P); without it the model has an intercept only. Its columns
        must be independent (see `evisynth.stats.check_rank`).
    standard_error
        Whether to compute the standard error (NaN if not).

    Raises
    ------
    OptionError
        If the method is not known.
    DataError
        If the arrays cannot be used.

    Examples
    --------
    >>> fit = estimate_tau2([0.1, 0.3, 0.8, 0.5], [0.02, 0.03, 0.05, 0.01])
    >>> fit.tau2.round(6), bool(fit.converged[0])
    (array([0.048077]), True)
    """
    large = search_padded(estimates, variances, present, design, method, error=standard_error)
    if large is not None:
        return Tau2Estimate(large.tau2, large.tau2_se, large.converged, large.iterations)
    batch = as_batch(estimates, variances, present)
    parts = [
        tau2_of(make_algebra(piece, own), method, standard_error)
        for _, piece, own in chunks(batch, design)
    ]
    return parts[0] if len(parts) == 1 else join(parts)


def generalized_q(
    estimates: ArrayLike,
    variances: ArrayLike,
    tau2: ArrayLike = 0.0,
    present: NDArray[np.bool_] | None = None,
    *,
    design: Floats | None = None,
) -> Floats:
    """Return Q(tau²) = Σ (y - fitted)²/(variance + tau²), shape (B,); Cochran's Q at tau² = 0.

    Examples
    --------
    >>> generalized_q([0.1, 0.3, 0.8, 0.5], [0.02, 0.03, 0.05, 0.01]).round(6)
    array([9.032787])
    """
    model = make_algebra(as_batch(estimates, variances, present), design)
    t = np.broadcast_to(np.asarray(tau2, dtype=np.float64), model.k.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        q = model.slope(np.ldexp(t, -2 * model.exponent)).q
    return np.where(model.k > 0, q, np.nan)


def tau2_of(model: Algebra, method: Tau2Method, standard_error: bool = True) -> Tau2Estimate:
    """Estimate tau² of a prepared model (see `estimate_tau2`)."""
    if method not in METHODS:
        raise OptionError("tau2", method, METHODS)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        estimable = model.k > model.p
        if not estimable.all():
            return _with_gaps(model, method, standard_error, estimable)
        if method in ("REML", "ML"):
            t, converged, iterations = likelihood_root(model, method == "REML")
        elif method in ("PM", "EB", "SJIT"):  # one equation, Q(tau²) = k - p: see Morris 1983
            t, converged, iterations = q_root(model, (model.k - model.p).astype(np.float64))
        elif method == "PMM":
            t, converged, iterations = q_root(model, chi2_quantile(model.k - model.p, 0.5))
        elif method == "DLIT":
            t, converged, iterations = _iterated_dl(model)
        else:
            t = np.maximum(_closed_form(model, method), 0.0)
            converged = np.ones(len(t), dtype=np.bool_)
            iterations = np.zeros(len(t), dtype=np.int64)
        se = _standard_error(model, method, t) if standard_error else np.full(len(t), np.nan)
        return Tau2Estimate(model.rescale(t), model.rescale(se), converged, iterations)


def _with_gaps(
    model: Algebra, method: Tau2Method, standard_error: bool, estimable: NDArray[np.bool_]
) -> Tau2Estimate:
    """Estimate the rows that have degrees of freedom; the others are NaN."""
    rows = np.flatnonzero(estimable)
    size = len(estimable)
    tau2, se = np.full(size, np.nan), np.full(size, np.nan)
    converged, iterations = np.ones(size, dtype=np.bool_), np.zeros(size, dtype=np.int64)
    if rows.size:
        part = tau2_of(model.take(rows), method, standard_error)
        tau2[rows], se[rows] = part.tau2, part.se
        converged[rows], iterations[rows] = part.converged, part.iterations
    return Tau2Estimate(tau2, se, converged, iterations)


def _closed_form(model: Algebra, method: Tau2Method) -> Floats:
    """Return the moment estimators before truncation at 0, working scale."""
    dof = model.k - model.p
    zero = np.zeros(len(model.k))
    if method == "DL":
        return (model.slope(zero).q - dof) / model.trace_p(zero)
    if method in ("HS", "HSk"):
        share = 1.0 if method == "HS" else model.k / dof
        return (share * model.slope(zero).q - model.k) / model.trace_w(zero)
    if method == "HE":
        sum_of_squares, trace_v = model.unweighted()
        return (sum_of_squares - trace_v) / dof
    if method in TWO_STEP:
        first = np.maximum(_closed_form(model, TWO_STEP[method]), 0.0)
        return first + (model.slope(first).q - dof) / model.trace_p(first)
    seed = _sj_seed(model)
    return seed * model.slope(seed).q / dof


def _iterated_dl(model: Algebra) -> tuple[Floats, NDArray[np.bool_], NDArray[np.int64]]:
    """Solve Q(t) = k - p + t tr P(t), where the iteration of DerSimonian and Laird's step ends.

    The difference of the two sides falls in t, and the root of Q(t) = k - p lies beyond it.
    """
    dof = (model.k - model.p).astype(np.float64)
    high, converged, iterations = q_root(model, dof)
    low, t = np.zeros(len(dof)), 0.5 * high
    for step in range(1, MAX_STEPS + 1):
        terms = model.terms(t, True)
        excess = model.slope(t).q - dof - t * terms.trace
        low, high = np.where(excess > 0, t, low), np.where(excess > 0, high, t)
        after = t + excess / (terms.ypp + terms.trace - t * terms.trace2)
        after = np.where((after >= low) & (after <= high), after, 0.5 * (low + high))
        done = np.abs(after - t) <= CLOSE * np.maximum(after, np.finfo(float).tiny)
        t, iterations = after, np.where(done, iterations, step)
        if done.all():
            break
    return t, converged & done, iterations


def _sj_seed(model: Algebra) -> Floats:
    """Return the crude tau² from which Sidik and Jonkman's estimator starts."""
    return model.total_variation()


def _standard_error(model: Algebra, method: Tau2Method, t: Floats) -> Floats:
    """Return the standard error of tau² on the working scale."""
    k, dof = model.k, model.k - model.p
    if method in ("REML", "ML"):
        return np.sqrt(2 / model.terms(t, method == "REML").trace2)
    if method in ("PM", "EB", "PMM", "SJIT"):
        return np.sqrt(2.0 / dof) * k / model.trace_w(t)
    zero = np.zeros(len(t))
    if method == "DL":
        return np.sqrt(2 * model.pair_trace(zero, t)) / model.trace_p(zero)
    if method in ("HS", "HSk"):
        share = 1.0 if method == "HS" else k / dof
        return share * np.sqrt(2 * model.pair_trace(zero, t)) / model.trace_w(zero)
    if method in TWO_STEP:
        first = np.maximum(_closed_form(model, TWO_STEP[method]), 0.0)
        return np.sqrt(2 * model.pair_trace(first, t)) / model.trace_p(first)
    if method == "DLIT":  # as metafor has it: the variances of the last step taken as known
        terms = model.terms(t, True)
        spread = dof + 2 * t * terms.trace + t * t * terms.trace2
        return np.sqrt(2 * spread) / terms.trace
    if method == "HE":
        return np.sqrt(2 * model.pair_trace(np.full(len(t), np.inf), t)) / dof
    seed = _sj_seed(model)
    return seed * np.sqrt(2 * model.pair_trace(seed, t)) / dof
