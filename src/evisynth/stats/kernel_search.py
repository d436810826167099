"""What the compiled loops share: the searches for tau², and how a row is read.

The three modules `kernel_search`, `kernel_means` and `kernel_designs` are imported only where a
batch is large enough (see `evisynth.stats.kernel_path`), since Numba takes about half a second to
load. The steps are those of `algebra`, `roots`, `heterogeneity` and `intervals`; results agree with
theirs to rounding. A row depends on nothing but itself, so neither the number of threads nor its
place in a batch changes a digit.

A model of k estimates stands in the rows of one array, ``room``: a tuple of arrays would cost more
to hand on (each is counted as referenced and released again) than a pass over its numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from math import frexp, inf, isfinite, nan
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evisynth.stats.kernel_codes import Terms
from evisynth.stats.roots import FLAT, MAX_ITERATIONS, POINTS, SPREAD, STEP, TINY

__all__ = ["Searches", "body", "entry", "exponent", "gather", "loop", "searches"]

Floats = NDArray[np.float64]
Function = TypeVar("Function", bound=Callable[..., Any])

NULL_SET, NOT_CONVERGED = 2, 3
"""As in `evisynth.stats.intervals`."""


compiler: Any = njit
"""Not all of its options are in Numba's own types."""


def loop(function: Function) -> Function:
    """Compile a function that others call, without what Python would need to call it."""
    made = compiler(
        error_model="numpy", nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True
    )(function)
    return cast(Function, made)


def body(function: Function) -> Function:
    """Compile a function as a part of the only one that calls it.

    Numba optimizes everything again at each level of calls: fewer levels, less waiting.
    """
    return cast(Function, compiler(error_model="numpy", nogil=True, inline="always")(function))


def entry(function: Function) -> Function:
    """Compile a function that Python calls, and keep it on disk where Numba finds a place."""
    try:
        made = compiler(error_model="numpy", nogil=True, cache=True)(function)
    except RuntimeError:  # neither beside the file nor in the user's folder may be written
        made = compiler(error_model="numpy", nogil=True)(function)
    return cast(Function, made)


@loop
def newton(ypp: float, yppp: float, trace: float, trace2: float) -> float:
    """Return the Newton step on trace / y'PPy, or the Fisher scoring step where that fails."""
    gain = ypp - trace
    slope = 2 * trace * yppp - ypp * trace2
    return ypp * gain / slope if slope > 0 else gain / trace2


@loop
def copy(estimates: Floats, variances: Floats, y: Floats, v: Floats) -> int:
    """Copy a row that is whole."""
    for j in range(estimates.size):
        y[j] = estimates[j]
        v[j] = variances[j]
    return int(estimates.size)


@loop
def pick(
    estimates: Floats, variances: Floats, mask: NDArray[np.bool_], y: Floats, v: Floats
) -> int:
    """Copy what counts of a row; the place after the last is written to."""
    n = 0
    for j in range(mask.size):
        y[n] = estimates[j]
        v[n] = variances[j]
        n += mask[j]
    return n


@loop
def usable(y: Floats, v: Floats) -> bool:
    """Return whether weights can be formed of all cells."""
    good = True
    for j in range(y.size):
        good &= abs(y[j]) < inf and v[j] > 0 and v[j] < inf
    return good


@loop
def gather(
    estimates: Floats,
    variances: Floats,
    mask: NDArray[np.bool_],
    draws: NDArray[np.int64],
    flips: NDArray[np.bool_],
    row: int,
    y: Floats,
    v: Floats,
) -> int:
    """Copy the estimates of a row, for which there is room and one more; return how many.

    Returns -1 where one cannot be used.
    """
    n = 0
    if draws.shape[0] > 0:
        n = draws.shape[1]
        for j in range(n):
            y[j] = estimates[draws[row, j]]
            v[j] = variances[draws[row, j]]
    elif mask.shape[0] > 0:
        n = pick(estimates, variances, mask[row], y, v)
    else:
        n = copy(estimates, variances, y, v)
    if flips.shape[0] > 0:
        for j in range(n):
            if flips[row, j]:
                y[j] = -y[j]
    return n if usable(y[:n], v[:n]) else -1


@loop
def exponent(smallest: float) -> int:
    """Return e such that the smallest variance is about 4**e, where 4**e and 4**-e are numbers."""
    return min(max(frexp(smallest)[1] // 2, -510), 510)


class Searches(NamedTuple):
    """The searches of one kind of model: compiled functions."""

    maximize: Callable[..., tuple[float, bool, int]]
    meet: Callable[..., tuple[float, bool, int]]
    limits: Callable[..., tuple[float, float, int]]


def searches(
    slope: Callable[[Floats, int, float], tuple[float, float]],
    terms: Callable[[Floats, int, float, bool], Terms],
    height: Callable[[Floats, int, float, bool], float],
) -> Searches:
    """Return the searches over Q(t), the score and the likelihood of a kind of model.

    A factory, because a compiled function that takes functions cannot be kept on disk.
    """

    @loop
    def climb(
        room: Floats,
        k: int,
        restricted: bool,
        now: float,
        lo: float,
        hi: float,
        first: float,
        guarded: bool,
        tiny: float,
    ) -> tuple[float, bool, int]:
        """Run one safeguarded Newton search; return tau², whether it ended, evaluations."""
        for step in range(2, MAX_ITERATIONS + 2):
            ypp, yppp, trace, trace2 = terms(room, k, now, restricted)
            excess = ypp / trace - 1.0
            if excess > 0:
                lo = now
                guarded = True
            else:
                hi = now
            if abs(excess) <= FLAT:
                return now, True, step
            move = newton(ypp, yppp, trace, trace2)
            after = now + move
            small = abs(move) <= STEP * after
            if not small:
                if after <= lo and not guarded:  # downhill to 0, where the score is not positive
                    return 0.0, True, step
                if not (after > lo and after < hi):
                    after = first if lo == 0 and first < hi else 0.5 * (lo + hi)
            if small or abs(after - now) <= tiny:
                return after, True, step
            now = after
        return now, False, MAX_ITERATIONS

    @body
    def maximize(
        room: Floats,
        k: int,
        restricted: bool,
        start: float,
        rest: float,
        dof: float,
        smallest: float,
        largest: float,
    ) -> tuple[float, bool, int]:
        """Maximize the likelihood; ``rest`` is the residual sum of squares without weights."""
        ypp, yppp, trace, trace2 = terms(room, k, 0.0, restricted)
        rising = ypp > trace
        first = newton(ypp, yppp, trace, trace2)
        t = start if start > 0 else (first if rising else 0.0)
        if not isfinite(t):
            t = 0.0
        converged = not rising and t <= 0
        iterations = 1
        tiny = TINY * dof / trace
        if not converged:
            t, converged, iterations = climb(
                room, k, restricted, t, 0.0, max(rest, t), first, rising, tiny
            )
        if (
            not rising
            and t > 0
            and height(room, k, 0.0, restricted) >= height(room, k, t, restricted)
        ):
            t = 0.0
        if largest > SPREAD * smallest:
            low = 0.25 * smallest
            ratio = (max(rest, 16 * low) / low) ** (1 / (POINTS - 1))
            best, top = 0, -inf
            for place in range(POINTS):
                here = height(room, k, low * ratio**place, restricted)
                if here > top:
                    best, top = place, here
            found_at = height(room, k, t, restricted)
            if top > found_at:
                middle = low * ratio**best
                below = low * ratio ** (best - 1) if best > 0 else 0.0
                above = low * ratio ** min(best + 1, POINTS - 1)
                found, ended, _ = climb(
                    room, k, restricted, middle, below, above, middle, True, tiny
                )
                if ended and height(room, k, found, restricted) > found_at:
                    t = found
        return t, converged, iterations

    @loop
    def meet(
        room: Floats,
        k: int,
        target: float,
        rest: float,
        largest: float,
    ) -> tuple[float, bool, int]:
        """Find tau² >= 0 with Q(tau²) = target; return it, whether found, evaluations."""
        now = max(rest / target - largest, 0.0)
        if not isfinite(now):
            now = 0.0
        for step in range(1, MAX_ITERATIONS + 1):
            q, ypp = slope(room, k, now)
            excess = q / target - 1.0
            move = excess * q / ypp
            if not (excess > FLAT and move > 0):
                return now, True, step
            now += move
            if move <= STEP * now:
                return now, True, step
        return now, False, 0

    @body
    def limits(
        room: Floats,
        k: int,
        rest: float,
        largest: float,
        upper_target: float,
        lower_target: float,
    ) -> tuple[float, float, int]:
        """Return the limits of tau² at which Q meets two targets, and their status."""
        low, low_ended, _ = meet(room, k, upper_target, rest, largest)
        high, high_ended, _ = meet(room, k, lower_target, rest, largest)
        if high == 0 and slope(room, k, 0.0)[0] < lower_target:
            return nan, nan, NULL_SET
        if not (low_ended and high_ended):
            return nan, nan, NOT_CONVERGED
        return low, high, 0

    return Searches(maximize, meet, limits)
