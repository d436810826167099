"""Mantel-Haenszel estimates of a batch of meta-analyses, with their tests.

References: Mantel and Haenszel 1959 (doi:10.1093/jnci/22.4.719); variances: Robins, Breslow and
Greenland 1986 (doi:10.2307/2531052, odds ratio), Greenland and Robins 1985 (doi:10.2307/2530643,
risk ratio, risk difference and person-time), Sato, Greenland and Robins 1989 (risk difference);
tests: Cochran 1954 (doi:10.2307/3001616), Breslow and Day 1980, Tarone 1985
(doi:10.1093/biomet/72.1.91).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError
from evisynth.stats.distributions import chi2_tail

__all__ = [
    "PERSON_TIME",
    "TABLES",
    "CountBatch",
    "CountTest",
    "association_test",
    "homogeneity_tests",
    "mantel_haenszel_batch",
    "q_around",
    "tables_of",
]

Floats = NDArray[np.float64]
TableMeasure = Literal["OR", "RR", "RD"]
PersonTimeMeasure = Literal["IRR", "IRD"]
Variance = Literal["default", "Greenland-Robins"]

TABLES = ("OR", "RR", "RD")
"""Measures of 2x2 tables: events and non-events of both arms."""

PERSON_TIME = ("IRR", "IRD")
"""Measures of person-time: events and time at risk of both arms."""


@dataclass(frozen=True, slots=True)
class CountBatch:
    """Estimates that are pooled from counts; each field has shape (B,).

    Attributes
    ----------
    k : ndarray of int
        Number of tables.
    estimate, se : ndarray
        Pooled estimate (log for ratios) and its standard error; NaN where there is none.
    """

    k: NDArray[np.int64]
    estimate: Floats
    se: Floats


@dataclass(frozen=True, slots=True)
class CountTest:
    """A chi² test in each meta-analysis; each field has shape (B,), NaN where there is none."""

    statistic: Floats
    df: NDArray[np.int64]
    p_value: Floats


def tables_of(
    first: ArrayLike,
    second: ArrayLike,
    third: ArrayLike,
    fourth: ArrayLike,
    present: NDArray[np.bool_] | None = None,
) -> tuple[Floats, Floats, Floats, Floats, NDArray[np.bool_]]:
    """Check four arrays of counts and bring them to shape (B, K), 0 where absent.

    Raises
    ------
    DataError
        If the shapes differ, or a cell that counts is negative or not finite.
    """
    cells = [np.array(x, dtype=np.float64, ndmin=2) for x in (first, second, third, fourth)]
    shape = cells[0].shape
    if any(x.shape != shape for x in cells) or len(shape) != 2:
        raise DataError(
            f"counts have shapes {', '.join(str(x.shape) for x in cells)}; all must be (B, K), or "
            "(K,) for one meta-analysis"
        )
    if present is None:
        here = np.ones(shape, dtype=np.bool_)
    else:
        here = np.array(present, dtype=np.bool_, ndmin=2)
        if here.shape != shape:
            raise DataError(f"present has shape {here.shape}, the counts have {shape}")
        cells = [np.where(here, x, 0.0) for x in cells]
    for x in cells:
        bad = ~(np.isfinite(x) & (x >= 0))
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise DataError(
                f"meta-analysis {row}, table {column}: a count of {x[row, column]}; counts must be "
                "finite and not negative (leave a table out by the mask `present`)"
            )
    return cells[0], cells[1], cells[2], cells[3], here


def _share(part: Floats, whole: Floats) -> Floats:
    """Divide, 0 where the whole is 0 (an absent table)."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def mantel_haenszel_batch(
    measure: TableMeasure | PersonTimeMeasure,
    first: ArrayLike,
    second: ArrayLike,
    third: ArrayLike,
    fourth: ArrayLike,
    present: NDArray[np.bool_] | None = None,
    *,
    variance: Variance = "default",
    variance_cells: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike] | None = None,
) -> CountBatch:
    """Pool each meta-analysis of a batch by the method of Mantel and Haenszel.

    Parameters
    ----------
    measure
        ``"OR"``, ``"RR"`` (log scale) or ``"RD"`` of 2x2 tables, ``"IRR"`` (log scale) or ``"IRD"``
        of person-time.
    first, second, third, fourth
        Shape (B, K) or (K,). Of tables: events and non-events of arm 1, events and non-events of
        arm 2. Of person-time: events and time of arm 1, events and time of arm 2.
    present
        Shape (B, K): which tables count.
    variance
        Of the risk difference: Sato, Greenland and Robins (``"default"``) or
        ``"Greenland-Robins"``. The others have one formula.
    variance_cells
        Counts for the variance of the risk difference alone (a continuity correction that leaves
        the estimate as it is).

    Returns
    -------
    CountBatch
        NaN where an arm has no event in any table (ratios), or nothing is there.

    Examples
    --------
    >>> found = mantel_haenszel_batch("OR", [4, 6], [119, 300], [11, 29], [128, 274])
    >>> found.estimate.round(4), found.se.round(4)
    (array([-1.4215]), array([0.3595]))
    """
    a, b, c, d, here = tables_of(first, second, third, fourth, present)
    formulas = {
        "OR": _odds_ratio, "RR": _risk_ratio, "IRR": _rate_ratio, "IRD": _rate_difference,
    }  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "RD":
            spread = (a, b, c, d)
            if variance_cells is not None:
                spread = tables_of(*variance_cells, present)[:4]
            estimate, variances = _risk_difference((a, b, c, d), spread, variance)
        else:
            estimate, variances = formulas[measure](a, b, c, d)
        se = np.sqrt(variances)
    usable = np.isfinite(estimate) & np.isfinite(se) & (se > 0)
    return CountBatch(
        here.sum(axis=1), np.where(usable, estimate, np.nan), np.where(usable, se, np.nan)
    )


def _odds_ratio(a: Floats, b: Floats, c: Floats, d: Floats) -> tuple[Floats, Floats]:
    """Log odds ratio, Robins-Breslow-Greenland variance."""
    n = a + b + c + d
    P, Q = _share(a + d, n), _share(b + c, n)
    R, S = _share(a * d, n), _share(b * c, n)
    r, s = R.sum(axis=1), S.sum(axis=1)
    variance = (
        (P * R).sum(axis=1) / (2 * r * r)
        + (P * S + Q * R).sum(axis=1) / (2 * r * s)
        + (Q * S).sum(axis=1) / (2 * s * s)
    )
    return np.log(r) - np.log(s), variance


def _risk_ratio(a: Floats, b: Floats, c: Floats, d: Floats) -> tuple[Floats, Floats]:
    """Log risk ratio, Greenland-Robins variance."""
    n1, n2 = a + b, c + d
    n = n1 + n2
    r, s = _share(a * n2, n).sum(axis=1), _share(c * n1, n).sum(axis=1)
    spread = _share(n1 * n2 * (a + c) - a * c * n, n * n).sum(axis=1)
    return np.log(r) - np.log(s), spread / (r * s)


def _risk_difference(
    cells: tuple[Floats, Floats, Floats, Floats],
    spread: tuple[Floats, Floats, Floats, Floats],
    formula: Variance,
) -> tuple[Floats, Floats]:
    """Risk difference with the variance of Sato et al. or of Greenland and Robins."""
    a, b, c, d = cells
    n1, n2 = a + b, c + d
    n = n1 + n2
    total = _share(n1 * n2, n).sum(axis=1)
    estimate = _share(a * n2 - c * n1, n).sum(axis=1) / total
    if formula == "default":
        P = _share(n1 * n1 * c - n2 * n2 * a + n1 * n2 * (n2 - n1) / 2, n * n)
        Q = _share(a * d + c * b, 2 * n)
        return estimate, (estimate * P.sum(axis=1) + Q.sum(axis=1)) / (total * total)
    e, f, g, h = spread
    m1, m2 = e + f, g + h
    m = m1 + m2
    part = _share(e * f * m2**3 + g * h * m1**3, m1 * m2 * m * m)
    whole = _share(m1 * m2, m).sum(axis=1)
    return estimate, part.sum(axis=1) / (whole * whole)


def _rate_ratio(x1: Floats, t1: Floats, x2: Floats, t2: Floats) -> tuple[Floats, Floats]:
    """Log rate ratio, Greenland-Robins variance."""
    t = t1 + t2
    r, s = _share(x1 * t2, t).sum(axis=1), _share(x2 * t1, t).sum(axis=1)
    return np.log(r) - np.log(s), _share((x1 + x2) * t1 * t2, t * t).sum(axis=1) / (r * s)


def _rate_difference(x1: Floats, t1: Floats, x2: Floats, t2: Floats) -> tuple[Floats, Floats]:
    """Rate difference, Greenland-Robins variance."""
    t = t1 + t2
    weight = _share(t1 * t2, t)
    total = weight.sum(axis=1)
    estimate = _share(x1 * t2 - x2 * t1, t).sum(axis=1) / total
    spread = _share(x1 * t2 * t2, t * t) + _share(x2 * t1 * t1, t * t)
    return estimate, spread.sum(axis=1) / (total * total)


def association_test(
    first: ArrayLike,
    second: ArrayLike,
    third: ArrayLike,
    fourth: ArrayLike,
    present: NDArray[np.bool_] | None = None,
    *,
    person_time: bool = False,
    correct: bool = True,
) -> CountTest:
    """Test that no table shows an association: Cochran-Mantel-Haenszel, or its person-time form.

    Parameters
    ----------
    first, second, third, fourth, present
        As in `mantel_haenszel_batch`.
    person_time
        Whether the counts are events and time.
    correct
        Whether 1/2 is taken from the absolute sum of the differences (never more than that sum).

    Examples
    --------
    >>> association_test([4, 6], [119, 300], [11, 29], [128, 274]).p_value.round(6)
    array([3.9e-05])
    """
    a, b, c, d, _ = tables_of(first, second, third, fourth, present)
    with np.errstate(divide="ignore", invalid="ignore"):
        events = a + c
        if person_time:
            time = b + d
            off = (a - _share(events * b, time)).sum(axis=1)
            spread = _share(events * b * d, time * time).sum(axis=1)
        else:
            n1, n2, others = a + b, c + d, b + d
            n = n1 + n2
            off = (a - _share(events * n1, n)).sum(axis=1)
            spread = _share(n1 * n2 * events * others, n * n * np.maximum(n - 1, 0)).sum(axis=1)
        size = np.abs(off)
        size = np.maximum(size - 0.5, 0.0) if correct else size
        statistic = np.where(spread > 0, size * size / spread, np.nan)
    df = np.ones(len(statistic), dtype=np.int64)
    return CountTest(statistic, df, chi2_tail(statistic, df))


def homogeneity_tests(
    log_odds_ratio: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    third: ArrayLike,
    fourth: ArrayLike,
    present: NDArray[np.bool_] | None = None,
) -> tuple[CountTest, CountTest]:
    """Test that the odds ratio is the same in all tables: Breslow-Day, and Tarone's correction.

    Parameters
    ----------
    log_odds_ratio
        Common log odds ratio, shape (B,) or a number.
    first, second, third, fourth, present
        2x2 tables, as in `mantel_haenszel_batch`. Tables without an event, or without a non-event,
        in both arms tell nothing and are not counted in the degrees of freedom.

    Returns
    -------
    tuple of CountTest
        Breslow-Day, Tarone; NaN with fewer than two tables that count.
    """
    a, b, c, d, here = tables_of(first, second, third, fourth, present)
    psi = np.exp(np.asarray(log_odds_ratio, dtype=np.float64).reshape(-1, 1))
    n1, n2, m = a + b, c + d, a + c
    telling = here & (m > 0) & (b + d > 0) & (n1 > 0) & (n2 > 0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # the expected count x solves x (n2 - m + x) = psi (n1 - x)(m - x)
        A, B, C = 1 - psi, n2 - m + psi * (n1 + m), -psi * n1 * m
        root = np.sqrt(np.maximum(B * B - 4 * A * C, 0.0))
        expected = np.where(B >= 0, -2 * C / (B + root), (root - B) / (2 * A))
        spread = 1 / (
            1 / expected + 1 / (n1 - expected) + 1 / (m - expected) + 1 / (n2 - m + expected)
        )
        off = np.where(telling, a - expected, 0.0)
        spread = np.where(telling, spread, 0.0)
        breslow_day = _share(off * off, spread).sum(axis=1)
        tarone = breslow_day - off.sum(axis=1) ** 2 / spread.sum(axis=1)
    df = np.maximum(telling.sum(axis=1) - 1, 0)
    known = (df > 0) & np.isfinite(np.broadcast_to(psi[:, 0], df.shape))
    tests = []
    for statistic in (breslow_day, tarone):
        value = np.where(known, statistic, np.nan)
        tests.append(CountTest(value, df, np.where(known, chi2_tail(value, df), np.nan)))
    return tests[0], tests[1]


def q_around(
    centre: ArrayLike,
    estimates: ArrayLike,
    variances: ArrayLike,
    present: NDArray[np.bool_] | None = None,
) -> CountTest:
    """Return Cochran's Q of estimates around a value that was pooled otherwise.

    Parameters
    ----------
    centre
        Shape (B,) or a number.
    estimates, variances
        Shape (B, K) or (K,); NaN where a table has none.
    present
        Shape (B, K): which count; without it those that are finite.

    Examples
    --------
    >>> q_around(0.2, [0.1, 0.5], [0.1, 0.1]).statistic
    array([1.])
    """
    y = np.array(estimates, dtype=np.float64, ndmin=2)
    v = np.array(variances, dtype=np.float64, ndmin=2)
    here = np.isfinite(y) & np.isfinite(v) & (v > 0)
    if present is not None:
        here &= np.array(present, dtype=np.bool_, ndmin=2)
    middle = np.asarray(centre, dtype=np.float64).reshape(-1, 1)
    off = np.where(here, y - middle, 0.0)
    weights = np.divide(1.0, v, out=np.zeros_like(v), where=here)
    q = (weights * off * off).sum(axis=1)
    df = np.maximum(here.sum(axis=1) - 1, 0)
    known = here.any(axis=1) & np.isfinite(middle[:, 0])
    q = np.where(known, q, np.nan)
    p = np.where(df > 0, chi2_tail(q, df), np.where(known, 1.0, np.nan))
    return CountTest(q, df, p)
