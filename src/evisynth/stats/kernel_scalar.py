"""One meta-analysis of a few studies, in plain Python numbers.

A numpy call costs about a microsecond whatever its length, and one fit needs several hundred. Up to
some `SCALAR_ROWS` studies lists are faster. The algorithms are those of `algebra`, `roots`,
`heterogeneity`, `intervals` and `pooling`, step by step; results agree to rounding. Whatever needs
infinities or NaN on the way (Python raises there) is left to the arrays: the functions are called
through `pool_single`, which returns None then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from math import frexp, inf, isfinite, ldexp, log, nan, sqrt
from operator import mul
from typing import NamedTuple

from evisynth.stats.distributions import normal_quantile, t_critical
from evisynth.stats.roots import FLAT, MAX_ITERATIONS, POINTS, SPREAD, STEP, TINY

__all__ = ["SCALAR_ROWS", "SINGLE_METHODS", "SingleFit", "pool_single"]

SCALAR_ROWS = 128
"""Most studies of a single fit worked on as lists; beyond, arrays are as fast."""

SINGLE_METHODS = frozenset({"REML", "ML", "DL", "PM", "EB", "HS", "HE", "SJ"})
NO_LIMITS, NULL_SET, NOT_CONVERGED = 1, 2, 3
"""As in `evisynth.stats.intervals`."""


class SingleFit(NamedTuple):
    """The numbers of a `PooledBatch` of one row, in its order."""

    estimate: float
    se: float
    ci_lower: float
    ci_upper: float
    wald_se: float
    statistic: float
    df: float
    p_value: float
    tau2: float
    tau2_se: float
    q: float
    q_p: float
    typical_variance: float
    i2: float
    h2: float
    tau2_lower: float
    tau2_upper: float
    converged: bool
    safeguard_applied: bool
    limits_status: int


class _Row(NamedTuple):
    """A scaled meta-analysis, the most precise estimate first and at 0 (see `MeanAlgebra`)."""

    y: list[float]
    v: list[float]
    exponent: int
    origin: float


class _Terms(NamedTuple):
    """Parts of the score (see `evisynth.stats.algebra.Terms`)."""

    ypp: float
    yppp: float
    trace: float
    trace2: float


def pool_single(
    estimates: list[float],
    variances: list[float],
    *,
    equal: bool,
    method: str,
    known: float | None,
    ci: str,
    safeguard: str,
    level: float,
    null: float,
    tau2_details: bool,
) -> SingleFit | None:
    """Pool one meta-analysis (see `evisynth.stats.pool_batch`); None where arrays are needed."""
    if not (all(map(isfinite, estimates)) and all(map(isfinite, variances)) and min(variances) > 0):
        return None
    try:
        row = _prepare(estimates, variances)
        return _pool(row, equal, method, known, ci, safeguard, level, null, tau2_details)
    except (ArithmeticError, ValueError):  # an infinity or NaN on the way
        return None


def _prepare(estimates: list[float], variances: list[float]) -> _Row:
    smallest = min(variances)
    first = variances.index(smallest)
    exponent = frexp(smallest)[1] // 2
    origin = estimates[first]
    by_y, by_v = ldexp(1.0, -exponent), ldexp(1.0, -2 * exponent)
    y = [(value - origin) * by_y for value in estimates]
    v = [value * by_v for value in variances]
    y[first], v[first] = y[0], v[0]
    y[0], v[0] = 0.0, smallest * by_v
    if not (isfinite(max(v)) and isfinite(max(y)) and isfinite(min(y)) and 0.5 <= v[0] < 2):
        raise OverflowError
    return _Row(y, v, exponent, origin)


def _dot(a: Iterable[float], b: Iterable[float]) -> float:
    total: float = sum(map(mul, a, b))
    return total


def _weigh(row: _Row, t: float) -> tuple[list[float], float, float]:
    """Return weights, the sum of all but the first, and the pooled estimate."""
    w = [1.0 / (value + t) for value in row.v]
    rest = sum(w[1:])
    return w, rest, sum(map(mul, w, row.y)) / (w[0] + rest)


def _slope(row: _Row, t: float) -> tuple[float, float]:
    """Return Q(t) and y'PPy."""
    w, _, mean = _weigh(row, t)
    r = [value - mean for value in row.y]
    u = list(map(mul, w, r))
    return sum(map(mul, u, r)), sum(map(mul, u, u))


def _terms(row: _Row, t: float, restricted: bool) -> _Terms:
    w, a, mean = _weigh(row, t)
    w0 = w[0]
    s1 = w0 + a
    u = [weight * (value - mean) for weight, value in zip(w, row.y, strict=True)]
    wu = list(map(mul, w, u))
    projected = sum(wu)
    ypp, yppp = sum(map(mul, u, u)), sum(map(mul, wu, u)) - projected * projected / s1
    squares = list(map(mul, w, w))
    if not restricted:
        return _Terms(ypp, yppp, s1, sum(squares))
    b = sum(squares[1:])
    c = sum(map(mul, squares[1:], w[1:]))
    trace = (2 * w0 * a + (a * a - b)) / s1
    trace2 = (
        w0 * w0 * (a * a + 3 * b) + 2 * w0 * (a * b - c) + (a * a * b - 2 * a * c + b * b)
    ) / (s1 * s1)
    return _Terms(ypp, yppp, trace, trace2)


def _trace_p(row: _Row, t: float) -> float:
    w = [1.0 / (value + t) for value in row.v]
    others = w[1:]
    a, b = sum(others), _dot(others, others)
    return (2 * w[0] * a + (a * a - b)) / (w[0] + a)


def _trace_w(row: _Row, t: float) -> float:
    return sum([1.0 / (value + t) for value in row.v])


def _log_likelihood(row: _Row, t: float, restricted: bool) -> float:
    w, rest, mean = _weigh(row, t)
    r = [value - mean for value in row.y]
    value = 0.5 * (sum(map(log, w)) - _dot(map(mul, w, r), r))
    return value - 0.5 * log(w[0] + rest) if restricted else value


def _unweighted(row: _Row) -> tuple[float, float]:
    """Return the sum of squares about the unweighted mean and tr (I - H)V."""
    k = len(row.y)
    mean = sum(row.y) / k
    r = [value - mean for value in row.y]
    return _dot(r, r), sum(row.v) * (1 - 1 / k)


def _pair_trace(row: _Row, base: float, t: float) -> float:
    """Return tr P S P S, with P at ``base`` (infinite: ordinary least squares), S = V + tI."""
    w = [1.0] * len(row.v) if base == inf else [1.0 / (value + base) for value in row.v]
    total, s = sum(w), [weight * (value + t) for weight, value in zip(w, row.v, strict=True)]
    # the first share taken out, so that one near 1 does not cancel
    h = [weight / total for weight in w]
    left = [1 - share for share in h]
    left[0] = sum(w[1:]) / total
    hs = list(map(mul, h, s))
    ls = list(map(mul, left, s))
    others = hs[1:]
    a = sum(others)
    pair: float = _dot(ls, ls) + 2 * hs[0] * a + (a * a - _dot(others, others))
    return pair


def _q_root(row: _Row, sum_of_squares: float, target: float) -> tuple[float, bool]:
    """Find tau² >= 0 with Q(tau²) = target (see `evisynth.stats.roots.q_root`)."""
    now = max(sum_of_squares / target - max(row.v), 0.0)
    for _ in range(MAX_ITERATIONS):
        q, ypp = _slope(row, now)
        excess = q / target - 1.0
        if not excess > FLAT:
            return now, True
        move = excess * q / ypp
        now += move
        if move <= STEP * now:
            return now, True
    return now, False


def _step(terms: _Terms) -> float:
    gain = terms.ypp - terms.trace
    slope = 2 * terms.trace * terms.yppp - terms.ypp * terms.trace2
    return terms.ypp * gain / slope if slope > 0 else gain / terms.trace2


def _likelihood_root(row: _Row, restricted: bool) -> tuple[float, bool]:
    """Maximize the likelihood (see `evisynth.stats.roots.likelihood_root`)."""
    sum_of_squares, trace_v = _unweighted(row)
    dof = len(row.y) - 1
    start = (sum_of_squares - trace_v) / dof
    at_zero = _terms(row, 0.0, restricted)
    rising = at_zero.ypp > at_zero.trace
    first = _step(at_zero)
    t = start if start > 0 else first if rising else 0.0
    converged = not rising and t <= 0
    tiny = TINY * dof / at_zero.trace
    if not converged:
        t, converged = _search(row, restricted, t, 0.0, max(sum_of_squares, t), first, rising, tiny)
    if (
        not rising
        and t > 0
        and _log_likelihood(row, 0.0, restricted) >= _log_likelihood(row, t, restricted)
    ):
        t = 0.0
    if max(row.v) > SPREAD * row.v[0]:
        t = _highest(row, t, sum_of_squares, tiny, restricted)
    return t, converged


def _search(
    row: _Row,
    restricted: bool,
    now: float,
    lo: float,
    hi: float,
    first: float,
    guarded: bool,
    tiny: float,
) -> tuple[float, bool]:
    """Run a safeguarded Newton search (see `evisynth.stats.roots._Search`)."""
    for _ in range(MAX_ITERATIONS):
        terms = _terms(row, now, restricted)
        excess = terms.ypp / terms.trace - 1.0
        if excess > 0:
            lo, guarded = now, True
        else:
            hi = now
        if abs(excess) <= FLAT:
            return now, True
        move = _step(terms)
        after = now + move
        small = abs(move) <= STEP * after
        if not small:
            if after <= lo and not guarded:  # downhill to 0, where the score is not positive
                return 0.0, True
            if not lo < after < hi:
                after = first if lo == 0 and first < hi else 0.5 * (lo + hi)
        if small or abs(after - now) <= tiny:
            return after, True
        now = after
    return now, False


def _highest(row: _Row, t: float, sum_of_squares: float, tiny: float, restricted: bool) -> float:
    """Look for a maximum that is higher than the one found, and return the highest."""
    low = 0.25 * row.v[0]
    ratio: float = (max(sum_of_squares, 16 * low) / low) ** (1 / (POINTS - 1))
    grid = [low * ratio**place for place in range(POINTS)]
    heights = [_log_likelihood(row, point, restricted) for point in grid]
    height = _log_likelihood(row, t, restricted)
    best = heights.index(max(heights))
    if not heights[best] > height:
        return t
    below = grid[best - 1] if best > 0 else 0.0
    above = grid[min(best + 1, POINTS - 1)]
    found, converged = _search(row, restricted, grid[best], below, above, grid[best], True, tiny)
    better = converged and _log_likelihood(row, found, restricted) > height
    return found if better else t


def _estimate_tau2(row: _Row, method: str, with_error: bool) -> tuple[float, float, bool]:
    """Return tau², its standard error (NaN if not asked for) and whether the search ended."""
    k = len(row.y)
    dof = k - 1
    converged = True
    if method in ("REML", "ML"):
        t, converged = _likelihood_root(row, method == "REML")
        error = sqrt(2 / _terms(row, t, method == "REML").trace2) if with_error else nan
        return t, error, converged
    sum_of_squares, trace_v = _unweighted(row)
    if method in ("PM", "EB"):
        t, converged = _q_root(row, sum_of_squares, dof)
        error = sqrt(2.0 / dof) * k / _trace_w(row, t) if with_error else nan
        return t, error, converged
    base, divisor = 0.0, float(dof)
    if method == "DL":
        divisor = _trace_p(row, 0.0)
        t = (_slope(row, 0.0)[0] - dof) / divisor
    elif method == "HS":
        divisor = _trace_w(row, 0.0)
        t = (_slope(row, 0.0)[0] - k) / divisor
    elif method == "HE":
        base = inf
        t = (sum_of_squares - trace_v) / dof
    else:  # SJ
        base = sum_of_squares / k
        divisor = dof / base
        t = base * _slope(row, base)[0] / dof
    t = max(t, 0.0)
    return t, sqrt(2 * _pair_trace(row, base, t)) / divisor if with_error else nan, True


def _limits(row: _Row, level: float) -> tuple[float, float, int]:
    """Return the Q-profile limits of tau², working scale, and their status."""
    at_lower, at_upper = _chi2_pair(len(row.y) - 1, level)
    sum_of_squares = _unweighted(row)[0]
    lower, low_met = _q_root(row, sum_of_squares, at_lower)
    upper, up_met = _q_root(row, sum_of_squares, at_upper)
    if upper == 0 and _slope(row, 0.0)[0] < at_upper:
        return nan, nan, NULL_SET
    if not (low_met and up_met):
        return nan, nan, NOT_CONVERGED
    return lower, upper, 0


@lru_cache(maxsize=1024)
def _chi2_pair(df: int, level: float) -> tuple[float, float]:
    """Return the upper and the lower quantile of chi²."""
    from scipy import special

    return (
        float(2 * special.gammaincinv(df / 2, 0.5 + level / 2)),
        float(2 * special.gammaincinv(df / 2, 0.5 - level / 2)),
    )


@lru_cache(maxsize=1)
def _tails() -> tuple[Callable[..., float], Callable[..., float], Callable[..., float]]:
    """Return scipy's normal, incomplete beta and chi² tails; a lookup in the module costs more."""
    from scipy import special

    return special.ndtr, special.betainc, special.chdtrc


def _basis(
    wald_se: float, q_fit: float, k: int, ci: str, safeguard: str, level: float
) -> tuple[float, float, bool]:
    """Return standard error, degrees of freedom and whether the safeguard acted."""
    if ci == "z" or k < 2:
        return wald_se, inf, False
    df = float(k - 1)
    if ci == "t":
        return wald_se, df, False
    factor = sqrt(q_fit / df)
    if safeguard == "truncate":
        return wald_se * max(factor, 1.0), df, factor < 1
    if safeguard == "wider" and t_critical(df, level) * factor < normal_quantile(level):
        return wald_se, inf, True
    return wald_se * factor, df, False


def _pool(
    row: _Row,
    equal: bool,
    method: str,
    known: float | None,
    ci: str,
    safeguard: str,
    level: float,
    null: float,
    tau2_details: bool,
) -> SingleFit:
    ndtr, betainc, chdtrc = _tails()
    k, q_df = len(row.y), len(row.y) - 1
    back = 2 * row.exponent
    t, error, converged = nan, nan, True
    lower, upper, status = nan, nan, 0
    if known is not None:
        t = ldexp(known, -back)
    elif not equal and k > 1:
        t, error, converged = _estimate_tau2(row, method, tau2_details)
    if tau2_details and known is None:
        lower, upper, status = _limits(row, level) if k > 1 else (nan, nan, NO_LIMITS)
    w, rest, mean = _weigh(row, 0.0 if t != t else t)
    r = [value - mean for value in row.y]
    q_fit = sum(map(mul, map(mul, w, r), r))
    estimate = row.origin + ldexp(mean, row.exponent)
    wald_se = 1 / sqrt(ldexp(w[0] + rest, -back))
    tau2 = known if known is not None else ldexp(t, back)
    q, typical, i2, h2 = 0.0, nan, nan, nan
    if k > 1:
        q = q_fit if equal and known is None else _slope(row, 0.0)[0]
        typical = ldexp(q_df / _trace_p(row, 0.0), back)
        if equal:
            i2, h2 = max(0.0, 100 * (q - q_df) / q) if q > 0 else 0.0, q / q_df
        else:
            i2, h2 = 100 * tau2 / (typical + tau2), 1 + tau2 / typical
    se, df, applied = _basis(wald_se, q_fit, k, ci, safeguard, level)
    half = t_critical(df, level) * se
    statistic = (estimate - null) / se
    size = abs(statistic)
    p_value = 2 * ndtr(-size) if df == inf else betainc(df / 2, 0.5, df / (df + size * size))
    return SingleFit(
        estimate=estimate,
        se=se,
        ci_lower=estimate - half,
        ci_upper=estimate + half,
        wald_se=wald_se,
        statistic=statistic,
        df=df,
        p_value=float(p_value),
        tau2=tau2,
        tau2_se=ldexp(error, back),
        q=q,
        q_p=float(chdtrc(q_df, q)) if k > 1 else 1.0,
        typical_variance=typical,
        i2=i2,
        h2=h2,
        tau2_lower=ldexp(lower, back),
        tau2_upper=ldexp(upper, back),
        converged=converged,
        safeguard_applied=applied,
        limits_status=status,
    )
