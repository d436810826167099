"""Compiled: many meta-analyses with an intercept only, one after the other.

The rows of ``room``: scaled estimates, scaled variances (the most precise estimate first and at 0,
see `evisynth.stats.algebra.MeanAlgebra`), weights. Each has a place more than there are estimates.
"""

from __future__ import annotations

from math import inf, ldexp, log, nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evisynth.stats.kernel_codes import DL, HE, HS, KNOWN, ML, NONE, PM, REML, Cells, Terms, stamp
from evisynth.stats.kernel_search import body, entry, exponent, gather, loop, searches

__all__ = ["fit_means"]

Floats = NDArray[np.float64]

NO_LIMITS = 1
"""As in `evisynth.stats.intervals`."""


@loop
def mean_weights(room: Floats, k: int, t: float) -> tuple[float, float]:
    """Fill the weights; return the sum of all but the first, and the pooled estimate."""
    y, v, w = room[0], room[1], room[2]
    for i in range(k):
        w[i] = 1.0 / (v[i] + t)
    rest = 0.0
    wy = 0.0
    for i in range(1, k):
        rest += w[i]
        wy += w[i] * y[i]
    return rest, wy / (w[0] + rest)


@loop
def mean_slope(room: Floats, k: int, t: float) -> tuple[float, float]:
    """Return Q(t) and y'PPy."""
    _, mean = mean_weights(room, k, t)
    y, w = room[0], room[2]
    q = 0.0
    ypp = 0.0
    for i in range(k):
        r = y[i] - mean
        u = w[i] * r
        q += u * r
        ypp += u * u
    return q, ypp


@loop
def mean_terms(room: Floats, k: int, t: float, restricted: bool) -> Terms:
    """Return the parts of the score."""
    a, mean = mean_weights(room, k, t)
    y, w = room[0], room[2]
    w0 = w[0]
    s1 = w0 + a
    u = -w0 * mean
    ypp = u * u
    projected = w0 * u
    yppp = w0 * u * u
    b = 0.0
    c = 0.0
    for i in range(1, k):
        wi = w[i]
        u = wi * (y[i] - mean)
        wu = wi * u
        ypp += u * u
        projected += wu
        yppp += wu * u
        b += wi * wi
        c += wi * wi * wi
    yppp -= projected * projected / s1
    if not restricted:
        return ypp, yppp, s1, w0 * w0 + b
    trace = (2 * w0 * a + (a * a - b)) / s1
    trace2 = (
        w0 * w0 * (a * a + 3 * b) + 2 * w0 * (a * b - c) + (a * a * b - 2 * a * c + b * b)
    ) / (s1 * s1)
    return ypp, yppp, trace, trace2


@loop
def mean_height(room: Floats, k: int, t: float, restricted: bool) -> float:
    """Return the (restricted) log-likelihood up to a constant."""
    rest, mean = mean_weights(room, k, t)
    y, w = room[0], room[2]
    value = 0.0
    for i in range(k):
        r = y[i] - mean
        value += log(w[i]) - w[i] * r * r
    value *= 0.5
    return value - 0.5 * log(w[0] + rest) if restricted else value


maximize, meet, limits = searches(mean_slope, mean_terms, mean_height)


@loop
def mean_sums(room: Floats, k: int, t: float) -> tuple[float, float, float, float]:
    """Return the pooled estimate, tr W(t), Q(t) and tr P(t)."""
    a, mean = mean_weights(room, k, t)
    y, w = room[0], room[2]
    q = w[0] * mean * mean
    b = 0.0
    for i in range(1, k):
        r = y[i] - mean
        q += w[i] * r * r
        b += w[i] * w[i]
    total = w[0] + a
    return mean, total, q, (2 * w[0] * a + (a * a - b)) / total


@loop
def mean_unweighted(room: Floats, k: int) -> tuple[float, float]:
    """Return the sum of squares about the unweighted mean and tr (I - H)V."""
    y, v = room[0], room[1]
    mean = 0.0
    trace = 0.0
    for i in range(k):
        mean += y[i]
        trace += v[i]
    mean /= k
    squares = 0.0
    for i in range(k):
        squares += (y[i] - mean) ** 2
    return squares, trace * (1 - 1 / k)


@loop
def mean_pair(room: Floats, k: int, base: float, t: float) -> float:
    """Return tr P S P S, with P at ``base`` (infinite: ordinary least squares), S = V + tI."""
    v, w = room[1], room[2]
    for i in range(k):
        w[i] = 1.0 if base == inf else 1.0 / (v[i] + base)
    rest = 0.0
    for i in range(1, k):
        rest += w[i]
    total = w[0] + rest
    s = w[0] * (v[0] + t)
    first = w[0] / total * s
    own = (rest / total * s) ** 2
    a = 0.0
    b = 0.0
    for i in range(1, k):
        h = w[i] / total
        s = w[i] * (v[i] + t)
        own += ((1 - h) * s) ** 2
        a += h * s
        b += (h * s) ** 2
    pair: float = own + 2 * first * a + (a * a - b)
    return pair


@body
def mean_tau2(
    room: Floats, k: int, method: int, with_error: bool, smallest: float, largest: float
) -> tuple[float, float, bool, int]:
    """Return tau², its standard error, whether the search ended, evaluations; working scale."""
    dof = k - 1.0
    rest, trace_v = mean_unweighted(room, k)
    error = nan
    if method in (REML, ML):
        restricted = method == REML
        start = (rest - trace_v) / dof
        t, converged, iterations = maximize(
            room, k, restricted, start, rest, dof, smallest, largest
        )
        if with_error:
            error = sqrt(2 / mean_terms(room, k, t, restricted)[3])
        return t, error, converged, iterations
    if method == PM:
        t, converged, iterations = meet(room, k, dof, rest, largest)
        if with_error:
            error = sqrt(2.0 / dof) * k / mean_sums(room, k, t)[1]
        return t, error, converged, iterations
    base = 0.0
    divisor = dof
    if method == DL:
        _, _, q, divisor = mean_sums(room, k, 0.0)
        t = (q - dof) / divisor
    elif method == HS:
        _, divisor, q, _ = mean_sums(room, k, 0.0)
        t = (q - k) / divisor
    elif method == HE:
        base = inf
        t = (rest - trace_v) / dof
    else:  # SJ
        base = rest / k
        divisor = dof / base
        t = base * mean_slope(room, k, base)[0] / dof
    t = max(t, 0.0)
    if with_error:
        error = sqrt(2 * mean_pair(room, k, base, t)) / divisor
    return t, error, True, 0


@body
def mean_rows(
    cells: Cells,
    begin: int,
    end: int,
    method: int,
    known: Floats,
    wanted: tuple[bool, bool],
    targets: Floats,
    out: Floats,
    flags: NDArray[np.int32],
) -> int:
    """Fit rows ``begin`` to ``end``; return the first row that cannot be used, or -1.

    ``cells``: see `evisynth.stats.kernel_codes.Cells`. ``known``: tau² of each row, or empty.
    ``wanted``: whether the standard error, and the limits, of tau² are. ``targets``: chi² quantiles
    by degrees of freedom. ``out``: tau², its error, lower and upper limit, pooled effect, sum of
    weights, Q at tau², Q at 0, tr P at 0; original scale. ``flags``: k, whether converged,
    evaluations, status.
    """
    estimates, variances, starts, lengths, mask, draws, flips = cells
    width = draws.shape[1]
    for row in range(begin, end):
        width = max(width, lengths[row])
    room = np.empty((3, width + 1))
    for row in range(begin, end):
        here, beyond = starts[row], starts[row] + lengths[row]
        k = gather(
            estimates[here:beyond],
            variances[here:beyond],
            mask,
            draws,
            flips,
            row,
            room[0],
            room[1],
        )
        if k < 0:
            return row
        for column in range(out.shape[1]):
            out[row, column] = nan
        flags[row, 0] = k
        flags[row, 1] = 1
        flags[row, 2] = 0
        flags[row, 3] = 0 if k > 1 or not wanted[1] else NO_LIMITS
        if method == KNOWN:
            out[row, 0] = known[row]
        if k == 0:
            continue
        y, v = room[0], room[1]
        first = 0
        largest = v[0]
        for i in range(1, k):
            largest = max(largest, v[i])
            if v[i] < v[first]:
                first = i
        e = exponent(v[first])
        by_y, by_v = ldexp(1.0, -e), ldexp(1.0, -2 * e)
        back = ldexp(1.0, 2 * e)
        largest *= by_v
        origin = y[first]
        y[first], v[first], v[0] = y[0], v[0], v[first]
        y[0] = origin
        for i in range(k):
            y[i] = (y[i] - origin) * by_y
            v[i] *= by_v
        t = 0.0
        if method == KNOWN:
            t = known[row] * by_v
        elif method != NONE and k > 1:
            t, error, converged, iterations = mean_tau2(room, k, method, wanted[0], v[0], largest)
            out[row, 0] = t * back
            out[row, 1] = error * back
            flags[row, 1] = converged
            flags[row, 2] = iterations
        if wanted[1] and k > 1:
            rest = mean_unweighted(room, k)[0]
            low, high, status = limits(room, k, rest, largest, targets[k - 1, 0], targets[k - 1, 1])
            out[row, 2] = low * back
            out[row, 3] = high * back
            flags[row, 3] = status
        _, _, q, trace = mean_sums(room, k, 0.0)
        out[row, 7] = q
        out[row, 8] = trace * by_v
        mean, total, q, _ = mean_sums(room, k, t)
        out[row, 4] = origin + mean / by_y
        out[row, 5] = total * by_v
        out[row, 6] = q
    return -1


def _compiled(files: int) -> Any:
    """Return the entry point; the stamp of the files it is made of belongs to its key on disk."""

    @entry
    def fit_means(
        cells: Any,
        begin: Any,
        end: Any,
        method: Any,
        known: Any,
        wanted: Any,
        targets: Any,
        out: Any,
        flags: Any,
    ) -> int:
        if files == 0:
            return -1
        return mean_rows(cells, begin, end, method, known, wanted, targets, out, flags)

    return fit_means


fit_means = _compiled(stamp("kernel_search", "kernel_codes", "roots"))
"""Compiled `mean_rows`."""
