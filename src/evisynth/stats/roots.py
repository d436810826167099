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

TINY = 1e-15
"""A step below this share of the typical variance cannot be told from rounding near tau² = 0."""

SPREAD = 100.0
"""Ratio of largest to smallest variance beyond which a second, higher maximum is looked for.

In simulations one restricted likelihood in 20,000 had one at ratios up to 100 that the search from
Hedges' estimate missed, at ratios up to 10,000 one in 500."""

POINTS = 16
"""Points of that search, equally spaced in log tau²."""

SHRINK = 0.7
"""Solved rows are dropped from the arrays when fewer than this share is left: copying costs too."""


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
    size = len(t)
    converged = np.zeros(size, dtype=np.bool_)
    iterations = np.zeros(size, dtype=np.int64)
    rows, part, now, goal = np.arange(size), model, t.copy(), target
    live = np.ones(size, dtype=np.bool_)
    for step in range(1, MAX_ITERATIONS + 1):
        q, ypp = part.slope(now)
        excess = q / goal - 1.0
        move = excess * q / ypp
        up = live & (excess > FLAT) & (move > 0)
        now = np.where(up, now + move, now)
        met = live & (~up | (move <= STEP * now))
        if met.any():
            t[rows[met]], converged[rows[met]], iterations[rows[met]] = now[met], True, step
            live = live & ~met
            left = int(live.sum())
            if left == 0:
                break
            if left < SHRINK * len(rows):
                rows, now, goal = rows[live], now[live], goal[live]
                part = part.take(np.flatnonzero(live))
                live = np.ones(left, dtype=np.bool_)
    else:
        t[rows[live]] = now[live]
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
    start = (sum_of_squares - trace_v) / (model.k - model.p)  # Hedges' moment estimate
    size = len(start)
    at_zero = model.terms(np.zeros(size), restricted)
    rising = at_zero.ypp > at_zero.trace
    first = _step(at_zero)
    t = np.where(start > 0, start, np.where(rising, first, 0.0))
    t[~np.isfinite(t)] = 0.0
    converged = ~rising & (t <= 0)
    iterations = np.ones(size, dtype=np.int64)
    rows = np.flatnonzero(~converged)
    tiny = TINY * (model.k - model.p) / at_zero.trace
    if rows.size:
        search = _Search(
            t[rows], np.maximum(sum_of_squares, t)[rows], first[rows], rising[rows], tiny[rows]
        )
        part = model if rows.size == size else model.take(rows)
        t[rows], converged[rows], iterations[rows] = _run(search, part, restricted)
    rivals = np.flatnonzero(~rising & (t > 0))
    if rivals.size:
        part = model.take(rivals)
        inside = part.log_likelihood(t[rivals], restricted)
        edge = part.log_likelihood(np.zeros(rivals.size), restricted)
        t[rivals[edge >= inside]] = 0.0
    wide = np.flatnonzero(model.largest > SPREAD * model.smallest)
    if wide.size:
        t[wide] = _highest(model.take(wide), t[wide], sum_of_squares[wide], tiny[wide], restricted)
    return t, converged, iterations


def _run(
    search: _Search, model: Algebra, restricted: bool
) -> tuple[Floats, Bools, NDArray[np.int64]]:
    """Run a search to its end; return tau², whether it ended, and the evaluations used."""
    size = len(search.now)
    t, converged = np.zeros(size), np.zeros(size, dtype=np.bool_)
    iterations = np.full(size, MAX_ITERATIONS, dtype=np.int64)
    rows = np.arange(size)
    for step in range(2, MAX_ITERATIONS + 2):
        met = search.advance(model.terms(search.now, restricted))
        if met.any():
            solved = rows[met]
            t[solved], converged[solved], iterations[solved] = search.now[met], True, step
            left = int(search.live.sum())
            if left == 0:
                return t, converged, iterations
            if left < SHRINK * len(rows):
                keep = np.flatnonzero(search.live)
                rows, model, search = rows[keep], model.take(keep), search.take(keep)
    t[rows[search.live]] = search.now[search.live]
    return t, converged, iterations


def _highest(
    model: Algebra, t: Floats, sum_of_squares: Floats, tiny: Floats, restricted: bool
) -> Floats:
    """Look for a maximum that is higher than the one found, and return the highest."""
    size = len(t)
    low = 0.25 * model.smallest
    ratio = (np.maximum(sum_of_squares, 16 * low) / low) ** (1 / (POINTS - 1))
    grid = low * ratio ** np.arange(POINTS)[:, None]
    repeated = model.take(np.tile(np.arange(size), POINTS))
    heights = repeated.log_likelihood(grid.ravel(), restricted).reshape(POINTS, size)
    height = model.log_likelihood(t, restricted)
    best = heights.argmax(axis=0)
    higher = np.flatnonzero(heights[best, np.arange(size)] > height)
    if higher.size == 0:
        return t
    place, part = best[higher], model.take(higher)
    search = _Search(
        grid[place, higher],
        grid[np.minimum(place + 1, POINTS - 1), higher],
        grid[place, higher],
        np.ones(higher.size, dtype=np.bool_),
        tiny[higher],
    )
    search.lo = np.where(place > 0, grid[np.maximum(place - 1, 0), higher], 0.0)
    found, converged, _ = _run(search, part, restricted)
    better = converged & (part.log_likelihood(found, restricted) > height[higher])
    highest = t.copy()
    highest[higher[better]] = found[better]
    return highest


class _Search:
    """A safeguarded Newton search in each row of a batch.

    Attributes
    ----------
    now : ndarray, shape (B,)
        Where each search stands.
    live : ndarray of bool, shape (B,)
        Which are not ended.
    """

    __slots__ = ("first", "guarded", "hi", "live", "lo", "now", "tiny")

    def __init__(
        self, now: Floats, hi: Floats, first: Floats, guarded: Bools, tiny: Floats
    ) -> None:
        self.now = now
        self.lo = np.zeros(len(now))
        self.hi = hi  # the score is negative from here on
        self.first = first  # the step that Newton's method makes from 0
        self.guarded = guarded  # whether the score is known to be positive at `lo`
        self.tiny = tiny
        self.live = np.ones(len(now), dtype=np.bool_)

    def take(self, keep: NDArray[np.int64]) -> _Search:
        """Return the search of some rows."""
        part = _Search(
            self.now[keep], self.hi[keep], self.first[keep], self.guarded[keep], self.tiny[keep]
        )
        part.lo = self.lo[keep]
        return part

    def advance(self, terms: Terms) -> Bools:
        """Take one step; return the rows that ended with it."""
        now, live = self.now, self.live
        excess = terms.ypp / terms.trace - 1.0
        up = excess > 0
        self.lo = np.where(up, now, self.lo)
        self.hi = np.where(up, self.hi, now)
        self.guarded = self.guarded | up
        move = _step(terms)
        after = now + move
        flat = np.abs(excess) <= FLAT
        small = flat | (np.abs(move) <= STEP * after)
        edge = (after <= self.lo) & ~self.guarded  # downhill to 0, where the score is not positive
        outside = ~((after > self.lo) & (after < self.hi)) & ~edge & ~small
        if outside.any():
            inner = np.where(
                (self.lo == 0) & (self.first < self.hi), self.first, 0.5 * (self.lo + self.hi)
            )
            after = np.where(outside, inner, after)
        after = np.where(flat, now, np.where(edge, 0.0, after))
        met = small | edge | (np.abs(after - now) <= self.tiny)
        met &= live
        self.now = np.where(live, after, now)
        self.live = live & ~met
        return met


def _step(terms: Terms) -> Floats:
    """Return the Newton step on trace / y'PPy, or the Fisher scoring step where that fails."""
    gain = terms.ypp - terms.trace
    slope = 2 * terms.trace * terms.yppp - terms.ypp * terms.trace2
    return np.where(slope > 0, terms.ypp * gain / slope, gain / terms.trace2)
