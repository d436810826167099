"""The two root searches behind every iterative estimator and interval of tau², for a batch.

Write C for an orthonormal basis of the contrasts that the design leaves over and let λ be the
eigenvalues of CVC'. Then Q(t) = Σ z²/(λ + t), y'PPy = Σ z²/(λ + t)² and tr P = Σ 1/(λ + t), with
Σ z² the residual sum of squares of ordinary least squares. Three things follow that make
the searches certain without any bracket to guess:

- 1/Q is increasing and concave in t, so Newton's method on 1/Q, begun on the left, climbs to the
  root without ever passing it;
- Q(t) >= Σ z²/(max v + t) gives a start on the left;
- the score is negative from t = Σ z² on, which bounds every maximum of the likelihood.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evisynth.stats.algebra import Algebra, Terms

__all__ = ["likelihood_root", "q_root"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MAX_ITERATIONS = 200
"""Far above what is needed (5 to 8 as a rule); reached only if rounding makes a search circle."""

STEP = 1e-9
"""A Newton step below this share of tau² leaves an error of about its square: below rounding."""

FLAT = 1e-14
"""Equations met to this relative size are met to rounding."""


def q_root(model: Algebra, target: Floats) -> tuple[Floats, Bools, NDArray[np.int64]]:
    """Find tau² >= 0 with Q(tau²) = target; 0 where Q(0) is not above it.

    Parameters
    ----------
    model
        The batch, B rows.
    target
        Shape (B,), positive.

    Returns
    -------
    tau2, converged, iterations
        Each of shape (B,), tau² on the model's working scale.
    """
    sum_of_squares = model.unweighted()[0]
    t = np.maximum(sum_of_squares / target - model.largest, 0.0)
    t[~np.isfinite(t)] = 0.0
    converged = np.zeros(len(t), dtype=np.bool_)
    iterations = np.zeros(len(t), dtype=np.int64)
    active, part, now, goal = np.arange(len(t)), model, t.copy(), target
    for step in range(1, MAX_ITERATIONS + 1):
        q, ypp = part.slope(now)
        excess = q / goal - 1.0
        move = excess * q / ypp
        met = (excess <= FLAT) | ~(move > 0)
        now = np.where(met, now, now + move)
        met |= move <= STEP * now
        if met.any():
            rows = active[met]
            t[rows], converged[rows], iterations[rows] = now[met], True, step
            keep = ~met
            if not keep.any():
                break
            active, now, goal = active[keep], now[keep], goal[keep]
            part = part.take(np.flatnonzero(keep))
    else:
        t[active] = now
    return t, converged, iterations


def likelihood_root(model: Algebra, restricted: bool) -> tuple[Floats, Bools, NDArray[np.int64]]:
    """Maximize the (restricted) likelihood over tau² >= 0.

    Newton's method on tr P / y'PPy - 1, which is linear in tau² when the variances are equal; a
    Fisher scoring step where its slope has the wrong sign; bisection where either leaves the
    bracket. An interior maximum is compared with tau² = 0 where that is a maximum too.

    Returns
    -------
    tau2, converged, iterations
        Each of shape (B,), tau² on the model's working scale.
    """
    sum_of_squares, trace_v = model.unweighted()
    dof = model.k - model.p
    start = (sum_of_squares - trace_v) / dof  # Hedges' moment estimate
    size = len(start)
    zero = np.zeros(size)
    at_zero = model.terms(zero, restricted)
    rising = at_zero.ypp > at_zero.trace
    proposal = _step(at_zero, zero)
    t = np.where(start > 0, start, np.where(rising, proposal, 0.0))
    upper = np.maximum(sum_of_squares, t)
    t[~np.isfinite(t)] = 0.0
    converged = ~rising & (t <= 0)
    iterations = np.ones(size, dtype=np.int64)
    active = np.flatnonzero(~converged)
    if active.size:
        part = model if active.size == size else model.take(active)
        now, lo, hi = t[active], np.zeros(active.size), upper[active]
        guarded = rising[active]  # whether the score is known to be positive at lo
        for step in range(2, MAX_ITERATIONS + 2):
            terms = part.terms(now, restricted)
            excess = terms.ypp / terms.trace - 1.0
            up = excess > 0
            lo = np.where(up, now, lo)
            guarded = guarded | up
            hi = np.where(up, hi, now)
            move = _step(terms, now)
            after = now + move
            left = (after <= lo) & ~guarded
            outside = ~((after > lo) & (after < hi)) & ~left
            after = np.where(left, 0.0, np.where(outside, 0.5 * (lo + hi), after))
            flat = np.abs(excess) <= FLAT
            after = np.where(flat, now, after)
            met = (
                flat
                | left
                | (~outside & (np.abs(after - now) <= STEP * after))
                | (hi - lo <= 4 * np.finfo(np.float64).eps * hi)
            )
            now = after
            if met.any():
                rows = active[met]
                t[rows], converged[rows], iterations[rows] = now[met], True, step
                keep = ~met
                if not keep.any():
                    break
                active, now, lo, hi = active[keep], now[keep], lo[keep], hi[keep]
                guarded = guarded[keep]
                part = part.take(np.flatnonzero(keep))
        else:
            t[active] = now
    rivals = np.flatnonzero(~rising & (t > 0))
    if rivals.size:
        part = model.take(rivals)
        inside = part.log_likelihood(t[rivals], restricted)
        edge = part.log_likelihood(np.zeros(rivals.size), restricted)
        t[rivals[edge >= inside]] = 0.0
    return t, converged, iterations


def _step(terms: Terms, now: Floats) -> Floats:
    """Return the Newton step on trace / y'PPy, or the Fisher scoring step where that fails."""
    gain = terms.ypp - terms.trace
    slope = 2 * terms.trace * terms.yppp - terms.ypp * terms.trace2
    return np.where(slope > 0, terms.ypp * gain / slope, gain / terms.trace2)
