"""Compiled: many meta-regressions, one after the other.

The rows of ``room``: scaled estimates y, scaled variances v, root weights s, weighted residuals u,
then P rows each of the design x, of the orthonormal q, and of r, where q r is the weighted design.
"""

from __future__ import annotations

from math import inf, ldexp, log, nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evisynth.stats.kernel_codes import DL, HE, HS, KNOWN, ML, NONE, PM, REML, Cells, Terms, stamp
from evisynth.stats.kernel_search import body, entry, exponent, loop, searches

__all__ = ["fit_designs"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

Y, V, S, U, X = range(5)
"""Rows of ``room``; X is the first of the design."""

NO_LIMITS = 1
"""As in `evisynth.stats.intervals`."""


@loop
def columns_of(room: Floats) -> int:
    """Return how many coefficients there are."""
    return int((room.shape[0] - X) // 3)


@loop
def orthogonalize(room: Floats, k: int) -> None:
    """Fill q and r: the weighted design ``s * x`` is q r, by Gram and Schmidt, twice."""
    p = columns_of(room)
    q, r = X + p, X + 2 * p
    for a in range(p):
        for i in range(k):
            room[q + a, i] = room[S, i] * room[X + a, i]
        for b in range(a):
            room[r + b, a] = 0.0
        for _ in range(2):
            for b in range(a):
                inside = 0.0
                for i in range(k):
                    inside += room[q + b, i] * room[q + a, i]
                room[r + b, a] += inside
                for i in range(k):
                    room[q + a, i] -= inside * room[q + b, i]
        length = 0.0
        for i in range(k):
            length += room[q + a, i] * room[q + a, i]
        length = sqrt(length)
        room[r + a, a] = length
        for i in range(k):
            room[q + a, i] /= length


@loop
def project(room: Floats, k: int) -> None:
    """Take the part inside the column space of q out of u."""
    p = columns_of(room)
    for q in range(X + p, X + 2 * p):
        inside = 0.0
        for i in range(k):
            inside += room[q, i] * room[U, i]
        for i in range(k):
            room[U, i] -= inside * room[q, i]


@loop
def residuals(room: Floats, k: int, t: float, ordinary: bool) -> None:
    """Fill s (root weights), q, r, and u, the weighted residuals."""
    for i in range(k):
        room[S, i] = 1.0 if ordinary else 1.0 / sqrt(room[V, i] + t)
    orthogonalize(room, k)
    for i in range(k):
        room[U, i] = room[S, i] * room[Y, i]
    project(room, k)


@loop
def leverage(room: Floats, i: int) -> float:
    """Return the hat value of estimate i."""
    p = columns_of(room)
    h = 0.0
    for q in range(X + p, X + 2 * p):
        h += room[q, i] * room[q, i]
    return h


@loop
def design_slope(room: Floats, k: int, t: float) -> tuple[float, float]:
    """Return Q(t) and y'PPy."""
    residuals(room, k, t, False)
    q = 0.0
    ypp = 0.0
    for i in range(k):
        u = room[U, i]
        q += u * u
        ypp += (room[S, i] * u) ** 2
    return q, ypp


@loop
def design_pair(room: Floats, k: int) -> float:
    """Return tr P S P S of the projection that q leaves over, S diagonal in the row of s."""
    p = columns_of(room)
    first, last = X + p, X + 2 * p
    total = 0.0
    for i in range(k):
        total += room[S, i] * room[S, i] * (1 - 2 * leverage(room, i))
    for a in range(first, last):
        for b in range(first, a + 1):
            inner = 0.0
            for i in range(k):
                inner += room[a, i] * room[S, i] * room[b, i]
            total += inner * inner * (1.0 if a == b else 2.0)
    return total


@loop
def design_terms(room: Floats, k: int, t: float, restricted: bool) -> Terms:
    """Return the parts of the score."""
    residuals(room, k, t, False)
    ypp = 0.0
    trace = 0.0
    squares = 0.0
    for i in range(k):
        s = room[S, i]
        e = s * room[U, i]
        ypp += e * e
        room[U, i] = s * e
        room[S, i] = s * s
        trace += s * s
        squares += (s * s) ** 2
    project(room, k)
    yppp = 0.0
    for i in range(k):
        yppp += room[U, i] * room[U, i]
    if not restricted:
        return ypp, yppp, trace, squares
    trace = 0.0
    for i in range(k):
        trace += room[S, i] * (1 - leverage(room, i))
    return ypp, yppp, trace, design_pair(room, k)


@loop
def design_height(room: Floats, k: int, t: float, restricted: bool) -> float:
    """Return the (restricted) log-likelihood up to a constant."""
    residuals(room, k, t, False)
    value = 0.0
    for i in range(k):
        value += log(room[S, i]) - 0.5 * room[U, i] * room[U, i]
    if restricted:
        p = columns_of(room)
        for a in range(p):
            value -= log(abs(room[X + 2 * p + a, a]))
    return value


maximize, meet, limits = searches(design_slope, design_terms, design_height)


@loop
def design_sums(room: Floats, k: int, t: float, ordinary: bool) -> tuple[float, float, float]:
    """Return Q(t), tr P(t) and tr W(t).

    If ordinary, the residual sum of squares of ordinary least squares, tr (I - H)V and k.
    """
    residuals(room, k, t, ordinary)
    q = 0.0
    inside = 0.0
    total = 0.0
    for i in range(k):
        q += room[U, i] * room[U, i]
        w = room[S, i] * room[S, i]
        inside += (room[V, i] if ordinary else w) * (1 - leverage(room, i))
        total += w
    return q, inside, total


@loop
def design_error(room: Floats, k: int, base: float, divisor: float, t: float) -> float:
    """Return the standard error of a moment estimator."""
    residuals(room, k, 0.0 if base == inf else base, base == inf)
    for i in range(k):
        room[S, i] = room[S, i] * room[S, i] * (room[V, i] + t)
    return sqrt(2 * design_pair(room, k)) / divisor


@body
def design_tau2(
    room: Floats, k: int, method: int, with_error: bool, smallest: float, largest: float
) -> tuple[float, float, bool, int]:
    """Return tau², its standard error, whether the search ended, evaluations; working scale."""
    dof = float(k - columns_of(room))
    rest, trace_v, _ = design_sums(room, k, 0.0, True)
    error = nan
    if method in (REML, ML):
        restricted = method == REML
        start = (rest - trace_v) / dof
        t, converged, iterations = maximize(
            room, k, restricted, start, rest, dof, smallest, largest
        )
        if with_error:
            error = sqrt(2 / design_terms(room, k, t, restricted)[3])
        return t, error, converged, iterations
    if method == PM:
        t, converged, iterations = meet(room, k, dof, rest, largest)
        if with_error:
            error = sqrt(2.0 / dof) * k / design_sums(room, k, t, False)[2]
        return t, error, converged, iterations
    base = 0.0
    divisor = dof
    if method == DL:
        q, divisor, _ = design_sums(room, k, 0.0, False)
        t = (q - dof) / divisor
    elif method == HS:
        q, _, divisor = design_sums(room, k, 0.0, False)
        t = (q - k) / divisor
    elif method == HE:
        base = inf
        t = (rest - trace_v) / dof
    else:  # SJ
        middle = 0.0
        for i in range(k):
            middle += room[Y, i]
        middle /= k
        base = 0.0
        for i in range(k):
            base += (room[Y, i] - middle) ** 2
        base /= k
        divisor = dof / base
        t = base * design_slope(room, k, base)[0] / dof
    t = max(t, 0.0)
    if with_error:
        error = design_error(room, k, base, divisor, t)
    return t, error, True, 0


@body
def design_rows(
    cells: Cells,
    design: Floats,
    design_starts: Whole,
    begin: int,
    end: int,
    method: int,
    known: Floats,
    wanted: tuple[bool, bool],
    targets: Floats,
    out: Floats,
    flags: NDArray[np.int32],
    hats: Floats,
) -> int:
    """Fit meta-regressions to rows ``begin`` to ``end``; as `fit_means`.

    ``cells`` draws rows of the design, not of the estimates. ``design``: shape (N, P), of which a
    meta-analysis begins at its ``design_starts``. ``out``: tau², its error, limits, Q at tau², Q
    at 0, tr P at 0, then P coefficients and P x P entries of (X'WX)^-1. ``hats``: shape (B, K), or
    empty.
    """
    estimates, variances, starts, lengths, mask, orders, _ = cells
    p = design.shape[1]
    width = p
    for row in range(begin, end):
        width = max(width, lengths[row])
    room = np.empty((X + 3 * p, width))
    inverse, rotated = np.zeros((p, p)), np.empty(p)
    q, r = X + p, X + 2 * p
    for row in range(begin, end):
        k = 0
        good = True
        for j in range(lengths[row]):
            if mask.shape[0] > 0 and not mask[row, j]:
                continue
            y, v = estimates[starts[row] + j], variances[starts[row] + j]
            good &= abs(y) < inf and v > 0 and v < inf
            room[Y, k], room[V, k] = y, v
            place = design_starts[row] + (orders[row, j] if orders.shape[0] > 0 else j)
            for a in range(p):
                good &= abs(design[place, a]) < inf
                room[X + a, k] = design[place, a]
            k += 1
        if not good:
            return row
        for column in range(out.shape[1]):
            out[row, column] = nan
        flags[row, 0] = k
        flags[row, 1] = 1
        flags[row, 2] = 0
        flags[row, 3] = NO_LIMITS if wanted[1] else 0
        if k <= p:
            continue
        smallest, largest = room[V, 0], room[V, 0]
        for i in range(k):
            smallest, largest = min(smallest, room[V, i]), max(largest, room[V, i])
        e = exponent(smallest)
        by_y, by_v = ldexp(1.0, -e), ldexp(1.0, -2 * e)
        back_y, back = ldexp(1.0, e), ldexp(1.0, 2 * e)
        smallest *= by_v
        largest *= by_v
        for i in range(k):
            room[Y, i] *= by_y
            room[V, i] *= by_v
        t = 0.0
        if method == KNOWN:
            t = known[row] * by_v
            out[row, 0] = known[row]
        elif method != NONE:
            t, error, converged, iterations = design_tau2(
                room, k, method, wanted[0], smallest, largest
            )
            out[row, 0] = t * back
            out[row, 1] = error * back
            flags[row, 1] = converged
            flags[row, 2] = iterations
        if wanted[1]:
            rest, _, _ = design_sums(room, k, 0.0, True)
            low, high, status = limits(room, k, rest, largest, targets[k - p, 0], targets[k - p, 1])
            out[row, 2] = low * back
            out[row, 3] = high * back
            flags[row, 3] = status
        at_zero, trace, _ = design_sums(room, k, 0.0, False)
        out[row, 5] = at_zero
        out[row, 6] = trace * by_v
        out[row, 4] = design_slope(room, k, t)[0]
        for a in range(p):
            rotated[a] = 0.0
            for i in range(k):
                rotated[a] += room[q + a, i] * room[S, i] * room[Y, i]
        for a in range(p):  # the inverse of r
            inverse[a, a] = 1.0 / room[r + a, a]
            for b in range(a + 1, p):
                total = 0.0
                for c in range(a, b):
                    total += inverse[a, c] * room[r + c, b]
                inverse[a, b] = -total / room[r + b, b]
        for a in range(p):
            total = 0.0
            for b in range(a, p):
                total += inverse[a, b] * rotated[b]
            out[row, 7 + a] = total * back_y
            for b in range(p):
                total = 0.0
                for c in range(max(a, b), p):
                    total += inverse[a, c] * inverse[b, c]
                out[row, 7 + p + a * p + b] = total * back
        if hats.shape[0] > 0:
            k = 0
            for j in range(lengths[row]):
                hats[row, j] = 0.0
                if mask.shape[0] == 0 or mask[row, j]:
                    hats[row, j] = leverage(room, k)
                    k += 1
    return -1


def _compiled(files: int) -> Any:
    """Return the entry point; the stamp of the files it is made of belongs to its key on disk."""

    @entry
    def fit_designs(
        cells: Any,
        design: Any,
        design_starts: Any,
        begin: Any,
        end: Any,
        method: Any,
        known: Any,
        wanted: Any,
        targets: Any,
        out: Any,
        flags: Any,
        hats: Any,
    ) -> int:
        if files == 0:
            return -1
        return design_rows(
            cells,
            design,
            design_starts,
            begin,
            end,
            method,
            known,
            wanted,
            targets,
            out,
            flags,
            hats,
        )

    return fit_designs


fit_designs = _compiled(stamp("kernel_search", "kernel_codes", "roots"))
"""Compiled `design_rows`."""
