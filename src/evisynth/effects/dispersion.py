"""Standard deviations and standard errors from what a report prints.

The formulas are those of the Cochrane Handbook, version 6.5, sections 6.5.2.2 (one arm) and 6.5.2.3
(a difference between two arms), https://training.cochrane.org/handbook/current/chapter-06.
Every function takes numbers or arrays (broadcast against each other) and passes NaN on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from scipy import special

from evisynth.errors import DataError, OptionError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Distribution",
    "sd_from_ci",
    "sd_from_p",
    "sd_from_se",
    "sd_from_t",
    "sd_of_difference",
    "se_from_ci",
    "se_from_p",
    "se_from_t",
]

Distribution = Literal["t", "normal"]
"""Distribution behind an interval or a P value."""

FloatOrArray: TypeAlias = "np.float64 | NDArray[np.float64]"


def _numbers(name: str, values: ArrayLike, *, above: float | None = None) -> NDArray[np.float64]:
    """Return the values as floats; refuse those that are not above a limit."""
    numbers = np.asarray(values, dtype=np.float64)
    if above is not None:
        bad = numbers <= above
        if bad.any():
            raise DataError(
                f"{name}: {np.atleast_1d(numbers)[np.atleast_1d(bad)][0]:g} cannot be used; "
                f"it must be above {above:g}"
            )
    return numbers


def _quantile(level: float, df: NDArray[np.float64]) -> NDArray[np.float64]:
    """Upper quantile of the t distribution at two-sided ``level``; normal where df is infinite."""
    if not 0 < level < 1:
        raise OptionError("level", level, ["a number between 0 and 1, e.g. 0.95"])
    upper = 0.5 + level / 2
    with np.errstate(invalid="ignore"):
        t = special.stdtrit(np.where(np.isinf(df), 1.0, df), upper)
    quantiles: NDArray[np.float64] = np.where(np.isinf(df), special.ndtri(upper), t)
    return quantiles


def _degrees(df: ArrayLike | None) -> NDArray[np.float64]:
    return np.asarray(np.inf) if df is None else _numbers("df", df, above=0)


def _df_of(distribution: Distribution, df: NDArray[np.float64]) -> NDArray[np.float64]:
    if distribution not in ("t", "normal"):
        raise OptionError("distribution", distribution, ["t", "normal"])
    if distribution == "normal":
        return np.full_like(df, np.inf)
    if (df <= 0).any():
        raise DataError("too few people for the t distribution; no degrees of freedom are left")
    return df


def _width(lower: ArrayLike, upper: ArrayLike) -> NDArray[np.float64]:
    width = np.asarray(upper, dtype=np.float64) - np.asarray(lower, dtype=np.float64)
    bad = width <= 0
    if bad.any():
        raise DataError(
            "confidence limits: the upper limit must be above the lower one, not "
            f"{np.atleast_1d(width)[np.atleast_1d(bad)][0]:g} away from it"
        )
    return width


def sd_from_se(se: ArrayLike, n: ArrayLike) -> FloatOrArray:
    """Return the standard deviation of one arm from its standard error, ``se * sqrt(n)``.

    Parameters
    ----------
    se
        Standard error of the mean.
    n
        People in the arm.

    Raises
    ------
    DataError
        When a standard error or a size is not above 0.

    Examples
    --------
    >>> float(sd_from_se(0.5, 64))
    4.0
    """
    result: FloatOrArray = _numbers("se", se, above=0) * np.sqrt(_numbers("n", n, above=0))
    return result


def sd_from_ci(
    lower: ArrayLike,
    upper: ArrayLike,
    n: ArrayLike,
    level: float = 0.95,
    distribution: Distribution = "t",
) -> FloatOrArray:
    """Return the standard deviation of one arm from the confidence interval of its mean.

    Parameters
    ----------
    lower, upper
        Confidence limits.
    n
        People in the arm.
    level
        Level of the interval.
    distribution
        ``"t"`` with n - 1 degrees of freedom, or ``"normal"`` (Handbook: samples above 100).

    Raises
    ------
    DataError
        When an upper limit is not above its lower one, or n is too small.

    Examples
    --------
    >>> round(float(sd_from_ci(0.92, 2.40, 47)), 4)
    2.5203
    """
    size = _numbers("n", n, above=0)
    df = _df_of(distribution, size - 1)
    result: FloatOrArray = _width(lower, upper) / (2 * _quantile(level, df)) * np.sqrt(size)
    return result


def se_from_ci(
    lower: ArrayLike, upper: ArrayLike, level: float = 0.95, *, df: ArrayLike | None = None
) -> FloatOrArray:
    """Return the standard error from a symmetric confidence interval.

    Parameters
    ----------
    lower, upper
        Confidence limits (of a ratio: their logarithms).
    level
        Level of the interval.
    df
        Degrees of freedom of the t distribution (n1 + n2 - 2 for two arms); None is the normal.

    Raises
    ------
    DataError
        When an upper limit is not above its lower one.

    Examples
    --------
    >>> round(float(se_from_ci(-1.51, -0.29)), 4)
    0.3112
    """
    result: FloatOrArray = _width(lower, upper) / (2 * _quantile(level, _degrees(df)))
    return result


def se_from_t(difference: ArrayLike, t_value: ArrayLike) -> FloatOrArray:
    """Return the standard error of a difference from its t (or z) value, ``|difference / t|``.

    Raises
    ------
    DataError
        When a difference or t value is 0 (the standard error cannot be told then).

    Examples
    --------
    >>> float(se_from_t(-1.5, 3.0))
    0.5
    """
    difference = _numbers("difference", difference)
    t_value = _numbers("t_value", t_value)
    if (difference == 0).any() or (t_value == 0).any():
        raise DataError("a difference or t value of 0 does not tell the standard error")
    result: FloatOrArray = np.abs(difference / t_value)
    return result


def se_from_p(
    difference: ArrayLike, p_value: ArrayLike, *, df: ArrayLike | None = None
) -> FloatOrArray:
    """Return the standard error of a difference from its exact two-sided P value.

    Parameters
    ----------
    difference
        Difference between the arms (of a ratio: its logarithm).
    p_value
        Exact P value, not a bound such as "P < .05".
    df
        Degrees of freedom of the t test (n1 + n2 - 2 for two arms); None is the normal.

    Raises
    ------
    DataError
        When a P value does not lie between 0 and 1, or a difference is 0.

    Examples
    --------
    >>> round(float(se_from_p(3.8, 0.008, df=45)), 2)
    1.37
    """
    p_value = _numbers("p_value", p_value, above=0)
    if (p_value >= 1).any():
        raise DataError("a P value of 1 does not tell the standard error")
    degrees = _degrees(df)
    t = -special.stdtrit(np.where(np.isinf(degrees), 1.0, degrees), p_value / 2)
    return se_from_t(difference, np.where(np.isinf(degrees), -special.ndtri(p_value / 2), t))


def sd_of_difference(se: ArrayLike, n1: ArrayLike, n2: ArrayLike) -> FloatOrArray:
    """Return the pooled SD from the standard error of a difference between two arms.

    ``se / sqrt(1/n1 + 1/n2)``; it stands for the standard deviation of both arms.

    Raises
    ------
    DataError
        When a standard error or a size is not above 0.

    Examples
    --------
    >>> round(float(sd_of_difference(0.3112, 136, 137)), 3)
    2.571
    """
    inverse = 1 / _numbers("n1", n1, above=0) + 1 / _numbers("n2", n2, above=0)
    result: FloatOrArray = _numbers("se", se, above=0) / np.sqrt(inverse)
    return result


def sd_from_t(
    difference: ArrayLike, t_value: ArrayLike, n1: ArrayLike, n2: ArrayLike
) -> FloatOrArray:
    """Return the pooled SD from a difference between two arms and its t value.

    Raises
    ------
    DataError
        As `se_from_t` and `sd_of_difference`.

    Examples
    --------
    >>> round(float(sd_from_t(3.8, 2.78, 25, 22)), 2)
    4.68
    """
    return sd_of_difference(se_from_t(difference, t_value), n1, n2)


def sd_from_p(
    difference: ArrayLike,
    p_value: ArrayLike,
    n1: ArrayLike,
    n2: ArrayLike,
    distribution: Distribution = "t",
) -> FloatOrArray:
    """Return the pooled SD from a difference between two arms and its exact P value.

    Parameters
    ----------
    difference, p_value
        Difference and its two-sided P value.
    n1, n2
        People in the arms.
    distribution
        ``"t"`` with n1 + n2 - 2 degrees of freedom, or ``"normal"``.

    Raises
    ------
    DataError
        As `se_from_p` and `sd_of_difference`.

    Examples
    --------
    The worked example of the Handbook, section 6.5.2.3 (t = 2.78 and SE = 1.37 rounded on the way):

    >>> round(float(sd_from_p(3.8, 0.008, 25, 22)), 2)
    4.68
    """
    df = _df_of(distribution, np.asarray(n1, dtype=np.float64) + np.asarray(n2) - 2)
    return sd_of_difference(se_from_p(difference, p_value, df=df), n1, n2)
