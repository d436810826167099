"""Tails and quantiles of z, t, chi² and F, formed from the upper tail so that tiny P values stay.

The functions take arrays of any matching shape and return plain arrays. Infinite degrees of freedom
mean the normal distribution (t) or chi² over its degrees of freedom (F).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "chi2_cdf",
    "chi2_quantile",
    "chi2_tail",
    "f_tail",
    "normal_log_tail",
    "normal_quantile",
    "t_cdf",
    "t_critical",
    "t_quantile",
    "two_sided_p",
]

Floats = NDArray[np.float64]

FEW = 64
"""Quantiles searched for one by one."""


def t_quantile(df: ArrayLike, level: float) -> Floats:
    """Return the two-sided critical value of t.

    Parameters
    ----------
    df
        Degrees of freedom; infinity gives the normal quantile.
    level
        Confidence level, e.g. 0.95.

    Examples
    --------
    >>> t_quantile([12, np.inf], 0.95).round(6)
    array([2.178813, 1.959964])
    """
    from scipy import special

    df = np.asarray(df, dtype=np.float64)
    if df.size > FEW:
        # a batch has few kinds of degrees of freedom: each quantile is searched for once
        kinds, which = np.unique(df, return_inverse=True)
        if kinds.size <= df.size // 4:
            return np.asarray(t_quantile(kinds, level)[which].reshape(df.shape))
    infinite = np.isinf(df)
    if not infinite.any():
        return np.asarray(special.stdtrit(df, 0.5 + level / 2))
    normal = normal_quantile(level)
    if infinite.all():
        return np.full(df.shape, normal)
    finite = special.stdtrit(np.where(infinite, 1.0, df), 0.5 + level / 2)
    return np.where(infinite, normal, finite)


@lru_cache(maxsize=1024)
def t_critical(df: float, level: float) -> float:
    """Return the two-sided critical value of t for one number of degrees of freedom.

    Examples
    --------
    >>> round(t_critical(12.0, 0.95), 6)
    2.178813
    """
    return float(t_quantile(df, level))


def t_cdf(x: ArrayLike, df: ArrayLike) -> Floats:
    """Return P(t <= x), or of the normal distribution where ``df`` is infinite.

    Examples
    --------
    >>> t_cdf([-2.0, -2.0], [5, np.inf]).round(6)
    array([0.05097, 0.02275])
    """
    from scipy import special

    at, dof = np.asarray(x, dtype=np.float64), np.asarray(df, dtype=np.float64)
    infinite = np.isinf(dof)
    finite = special.stdtr(np.where(infinite, 1.0, dof), at)
    return np.where(infinite, special.ndtr(at), finite)


@lru_cache(maxsize=64)
def normal_quantile(level: float) -> float:
    """Return the two-sided critical value of the normal distribution.

    Examples
    --------
    >>> normal_quantile(0.95)
    1.959963984540054
    """
    from scipy import special

    return float(special.ndtri(0.5 + level / 2))


def two_sided_p(statistic: ArrayLike, df: ArrayLike) -> Floats:
    """Return the two-sided P value of t, or of z where ``df`` is infinite.

    Examples
    --------
    >>> two_sided_p([-20.0, -20.0], [12, np.inf])
    array([1.39478860e-10, 5.50724824e-89])
    """
    from scipy import special

    size = np.abs(np.asarray(statistic, dtype=np.float64))
    df = np.asarray(df, dtype=np.float64)
    infinite = np.isinf(df)
    if not infinite.any():
        # P(|t| > x) is the incomplete beta function itself: no subtraction, no loss in the tail
        with np.errstate(over="ignore"):
            return np.asarray(special.betainc(df / 2, 0.5, df / (df + size * size)))
    normal = 2 * special.ndtr(-size)
    if infinite.all():
        return np.broadcast_to(normal, np.broadcast_shapes(size.shape, df.shape)).copy()
    finite_df = np.where(infinite, 1.0, df)
    with np.errstate(over="ignore"):
        student = special.betainc(finite_df / 2, 0.5, finite_df / (finite_df + size * size))
    return np.where(infinite, normal, student)


def normal_log_tail(statistic: ArrayLike) -> Floats:
    """Return the natural logarithm of the two-sided P value of z, finite far beyond 1e-308.

    Examples
    --------
    >>> float(normal_log_tail(60.0).round(3))
    -1804.32
    """
    from scipy import special

    size = np.abs(np.asarray(statistic, dtype=np.float64))
    return np.asarray(np.log(2.0) + special.log_ndtr(-size))


def chi2_tail(statistic: ArrayLike, df: ArrayLike) -> Floats:
    """Return P(chi² > statistic); 1 where ``df`` is 0.

    Examples
    --------
    >>> chi2_tail([152.233, 0.0], [12, 0])
    array([1.99677214e-26, 1.00000000e+00])
    """
    from scipy import special

    x = np.asarray(statistic, dtype=np.float64)
    df = np.asarray(df, dtype=np.float64)
    none = df == 0
    if not none.any():
        return np.asarray(special.chdtrc(df, x), dtype=np.float64)
    return np.where(none, 1.0, special.chdtrc(np.where(none, 1.0, df), x))


def chi2_cdf(statistic: ArrayLike, df: ArrayLike) -> Floats:
    """Return P(chi² <= statistic)."""
    from scipy import special

    x = np.asarray(statistic, dtype=np.float64)
    return np.asarray(special.chdtr(np.asarray(df, dtype=np.float64), x), dtype=np.float64)


def chi2_quantile(df: ArrayLike, lower_tail: float) -> Floats:
    """Return the value below which chi² falls with probability ``lower_tail``.

    Examples
    --------
    >>> chi2_quantile([1, 12], 0.975).round(6)
    array([ 5.023886, 23.336664])
    """
    from scipy import special

    return np.asarray(
        2 * special.gammaincinv(np.asarray(df, dtype=np.float64) / 2, lower_tail),
        dtype=np.float64,
    )


def f_tail(statistic: ArrayLike, df1: ArrayLike, df2: ArrayLike) -> Floats:
    """Return P(F > statistic); with infinite ``df2`` the tail of chi² at ``df1`` x statistic.

    Examples
    --------
    >>> f_tail(4.0, 2, [10, np.inf])
    array([0.05292215, 0.01831564])
    """
    from scipy import special

    x = np.asarray(statistic, dtype=np.float64)
    m = np.asarray(df1, dtype=np.float64)
    n = np.asarray(df2, dtype=np.float64)
    infinite = np.isinf(n)
    finite_n = np.where(infinite, 1.0, n)
    tail = special.betainc(finite_n / 2, m / 2, finite_n / (finite_n + m * x))
    return np.where(infinite, special.chdtrc(m, m * x), tail)
