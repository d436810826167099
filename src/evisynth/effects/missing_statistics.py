"""Statistics that a report does not print, from those that it does: beside `dispersion`, the rest.

Formulas: Cochrane Handbook, version 6.5, chapter 6 (sections 6.3, 6.5.2),
https://training.cochrane.org/handbook/current/chapter-06. Every function takes numbers or arrays
(broadcast against each other) and passes NaN on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from evisynth.effects.dispersion import sd_from_t, se_from_t
from evisynth.errors import DataError, OptionError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "cells_from_margins",
    "combine_groups",
    "correlation_from_sds",
    "pooled_sd",
    "read_p",
    "sd_from_adjusted_se",
    "sd_from_f",
    "sd_of_change",
    "se_from_chi2",
    "se_from_z",
]

FloatOrArray: TypeAlias = "np.float64 | NDArray[np.float64]"

P_TEXT = re.compile(r"^[pP]?\s*(<=|>=|<|>|=|≤|≥)?\s*(0?\.\d+|0|1|1\.0*|\d(?:\.\d+)?[eE]-?\d+)$")


def _above(name: str, values: ArrayLike, limit: float = 0.0) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64)
    bad = np.atleast_1d(numbers <= limit)
    if bad.any():
        raise DataError(
            f"{name}: {np.atleast_1d(numbers)[bad][0]:g} cannot be used; it must be above {limit:g}"
        )
    return numbers


def _correlation(name: str, values: ArrayLike) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64)
    bad = np.atleast_1d(np.abs(numbers) > 1)
    if bad.any():
        raise DataError(
            f"{name}: {np.atleast_1d(numbers)[bad][0]:g} cannot be used; a correlation lies "
            "between -1 and 1"
        )
    return numbers


def sd_from_f(
    difference: ArrayLike, f_value: ArrayLike, n1: ArrayLike, n2: ArrayLike
) -> FloatOrArray:
    """Return the pooled SD from a difference between two arms and the F value of its test.

    F with one numerator degree of freedom is the square of t.

    Raises
    ------
    DataError
        When an F value is not above 0, or a difference is 0.

    Examples
    --------
    >>> round(float(sd_from_f(3.8, 7.7284, 25, 22)), 2)
    4.68
    """
    return sd_from_t(difference, np.sqrt(_above("f_value", f_value)), n1, n2)


def se_from_chi2(estimate: ArrayLike, chi2: ArrayLike) -> FloatOrArray:
    """Return the standard error of an estimate from its chi² statistic with one degree of freedom.

    Parameters
    ----------
    estimate
        The estimate; of a ratio, its logarithm.
    chi2
        Wald (or score, approximately) chi², the square of z.

    Raises
    ------
    DataError
        When a chi² is not above 0, or an estimate is 0.

    Examples
    --------
    >>> round(float(se_from_chi2(-0.6, 4.0)), 4)
    0.3
    """
    return se_from_t(estimate, np.sqrt(_above("chi2", chi2)))


def se_from_z(estimate: ArrayLike, z_value: ArrayLike) -> FloatOrArray:
    """Return the standard error of an estimate from its z value, ``|estimate / z|``.

    Raises
    ------
    DataError
        When an estimate or z value is 0.

    Examples
    --------
    >>> float(se_from_z(-0.5, 2.0))
    0.25
    """
    return se_from_t(estimate, z_value)


def read_p(cell: object) -> tuple[float, str]:
    """Return a P value as printed, with its sign: ``"="`` exact, ``"<"`` or ``">"`` a bound.

    Parameters
    ----------
    cell
        A number, or text as ``"<0.05"``, ``"P = .03"``, ``"p<.001"``, ``"n.s."``.

    Returns
    -------
    tuple of float and str
        NaN and ``""`` for an empty cell; NaN and ``">"`` for "not significant".

    Raises
    ------
    DataError
        When the text is no P value.

    Examples
    --------
    >>> read_p("P < .05"), read_p(0.03), read_p("≤ 0.01")
    ((0.05, '<'), (0.03, '='), (0.01, '<'))
    """
    if cell is None or cell != cell:
        return np.nan, ""
    text = str(cell).strip()
    if text.casefold() in ("", "na", "nan", "n/a", "."):
        return np.nan, ""
    if text.casefold() in ("ns", "n.s.", "n.s", "not significant"):
        return np.nan, ">"
    found = P_TEXT.match(text)
    if found is None or not 0 <= float(found[2]) <= 1:
        raise DataError(f"{cell!r} is not a P value; write 0.03, or a bound as '<0.05'")
    sign = {"≤": "<", "<=": "<", "≥": ">", ">=": ">", None: "="}.get(found[1], found[1])
    return float(found[2]), sign


def combine_groups(
    n: ArrayLike, mean: ArrayLike, sd: ArrayLike, *, axis: int = -1
) -> tuple[FloatOrArray, FloatOrArray, FloatOrArray]:
    """Combine the size, mean and SD of groups of people into those of all of them.

    The SD is that of all people as one sample (Handbook table 6.5.a), for any number of groups.

    Parameters
    ----------
    n, mean, sd
        Groups along ``axis``.
    axis
        Axis of the groups.

    Returns
    -------
    tuple
        Size, mean and SD.

    Raises
    ------
    DataError
        When a size is not above 0 or an SD is negative.

    Examples
    --------
    >>> n, mean, sd = combine_groups([10, 15], [5.0, 7.0], [2.0, 3.0])
    >>> float(n), float(mean), round(float(sd), 4)
    (25.0, 6.2, 2.7839)
    """
    size = _above("n", n)
    spread = np.asarray(sd, dtype=np.float64)
    if (spread < 0).any():
        raise DataError("sd: a standard deviation cannot be negative")
    centre = np.asarray(mean, dtype=np.float64)
    total = size.sum(axis=axis)
    overall = (size * centre).sum(axis=axis) / total
    between = size * (centre - np.expand_dims(overall, axis)) ** 2
    squares = ((size - 1) * spread**2 + between).sum(axis=axis)
    return total, overall, np.sqrt(squares / (total - 1))


def pooled_sd(n: ArrayLike, sd: ArrayLike, *, axis: int = -1) -> FloatOrArray:
    """Return the pooled (within-group) SD, each variance weighted by its degrees of freedom.

    Raises
    ------
    DataError
        When a size is not above 1.

    Examples
    --------
    >>> round(float(pooled_sd([10, 15], [2.0, 3.0])), 4)
    2.654
    """
    df = _above("n", n, 1) - 1
    spread = np.asarray(sd, dtype=np.float64)
    result: FloatOrArray = np.sqrt((df * spread**2).sum(axis=axis) / df.sum(axis=axis))
    return result


def sd_of_change(
    sd_baseline: ArrayLike, sd_final: ArrayLike, correlation: ArrayLike
) -> FloatOrArray:
    """Return the SD of changes from baseline, by an assumed correlation (Handbook 6.5.2.8).

    ``sqrt(sd_baseline² + sd_final² - 2 * correlation * sd_baseline * sd_final)``.

    Raises
    ------
    DataError
        When an SD is not above 0 or a correlation is outside -1 to 1.

    Examples
    --------
    The Handbook's example: baseline SD 6.4, final SD 7.1, correlation 0.78.

    >>> round(float(sd_of_change(6.4, 7.1, 0.78)), 1)
    4.5
    """
    a, b = _above("sd_baseline", sd_baseline), _above("sd_final", sd_final)
    r = _correlation("correlation", correlation)
    result: FloatOrArray = np.sqrt(a**2 + b**2 - 2 * r * a * b)
    return result


def correlation_from_sds(
    sd_baseline: ArrayLike, sd_final: ArrayLike, sd_change: ArrayLike
) -> FloatOrArray:
    """Return the correlation of baseline and final values from their SDs and that of the change.

    NaN where the three SDs cannot be of the same people (the result would be outside -1 to 1).

    Raises
    ------
    DataError
        When an SD is not above 0.

    Examples
    --------
    The Handbook's example, both arms:

    >>> correlation_from_sds([6.4, 7.0], [7.1, 6.9], [4.5, 4.2]).round(2).tolist()
    [0.78, 0.82]
    """
    a, b = _above("sd_baseline", sd_baseline), _above("sd_final", sd_final)
    change = _above("sd_change", sd_change)
    r = (a**2 + b**2 - change**2) / (2 * a * b)
    result: FloatOrArray = np.where(np.abs(r) <= 1, r, np.nan)[()]
    return result


def sd_from_adjusted_se(se: ArrayLike, n: ArrayLike, correlation: ArrayLike) -> FloatOrArray:
    """Return the SD of an arm from the standard error of its covariate-adjusted mean.

    ``se * sqrt(n) / sqrt(1 - correlation²)``: the adjusted mean's error holds the SD around the
    regression line only.

    Parameters
    ----------
    se
        Standard error of the adjusted (least-squares) mean.
    n
        People in the arm.
    correlation
        Correlation of outcome and covariate (with several covariates the multiple correlation).

    Raises
    ------
    DataError
        When a standard error or size is not above 0, or a correlation is not between -1 and 1.

    References
    ----------
    Borenstein 2009, in Cooper et al., The Handbook of Research Synthesis, 2nd ed., eq. 12.24.

    Examples
    --------
    >>> round(float(sd_from_adjusted_se(0.5, 64, 0.6)), 4)
    5.0
    """
    r = _correlation("correlation", correlation)
    if (np.abs(r) == 1).any():
        raise DataError("correlation: with 1 or -1 the adjusted mean has no error")
    result: FloatOrArray = _above("se", se) * np.sqrt(_above("n", n)) / np.sqrt(1 - r**2)
    return result


def cells_from_margins(
    n: ArrayLike,
    n1: ArrayLike,
    events: ArrayLike,
    statistic: ArrayLike,
    kind: str = "OR",
) -> NDArray[np.float64]:
    """Return the four cells of 2x2 tables from their margins and one statistic of association.

    Parameters
    ----------
    n
        People in both arms.
    n1
        People in the first arm.
    events
        People with the event in both arms.
    statistic
        The association, first arm to second.
    kind
        ``"OR"``, ``"RR"``, ``"PHI"``, ``"chi2"`` (Pearson's; negative where the first arm has
        fewer events) or ``"chi2 Yates"`` (with the continuity correction).

    Returns
    -------
    ndarray, shape (4, K)
        events1, nonevents1, events2, nonevents2, not rounded; NaN where a cell would be negative
        (more than by rounding), so that margins and statistic contradict each other.

    Raises
    ------
    OptionError
        If the kind is not known.
    DataError
        If margins do not fit each other.

    References
    ----------
    Bonett 2007, doi:10.1037/0003-066X.62.3.254.

    Examples
    --------
    >>> cells_from_margins(240, 122, 56, 2.05, "OR").round(1).tolist()
    [36.0, 86.0, 20.0, 98.0]
    """
    total, first, both = np.broadcast_arrays(
        _above("n", n), _above("n1", n1), _above("events", events)
    )
    bad = np.atleast_1d((first >= total) | (both >= total))
    if bad.any():
        raise DataError(
            f"margins: n1 and events must be below n; {np.atleast_1d(first)[bad][0]:g} and "
            f"{np.atleast_1d(both)[bad][0]:g} of {np.atleast_1d(total)[bad][0]:g}"
        )
    value = np.asarray(statistic, dtype=np.float64)
    product = np.sqrt(first * (total - first) * both * (total - both))
    if kind in ("OR", "RR"):
        value = _above("statistic", value)
    if kind == "OR":
        a = _cell_of_odds_ratio(total, first, both, value)
    elif kind == "RR":
        a = value * first * both / (total - first + value * first)
    elif kind == "PHI":
        a = (first * both + _correlation("statistic", value) * product) / total
    elif kind in ("chi2", "chi2 Yates"):
        correction = total / 2 if kind == "chi2 Yates" else 0.0
        size = np.sqrt(np.abs(value) / total) * product + correction
        a = (first * both + np.sign(value) * size) / total
    else:
        raise OptionError("kind", kind, ["OR", "RR", "PHI", "chi2", "chi2 Yates"])
    cells = np.stack(np.broadcast_arrays(a, first - a, both - a, total - first - both + a))
    impossible = (cells < -0.5).any(axis=0)
    return np.where(impossible, np.nan, np.maximum(cells, 0.0))


def _cell_of_odds_ratio(
    n: NDArray[np.float64], n1: NDArray[np.float64], n2: NDArray[np.float64], r: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the first cell by the root of (1 - r) a² + B a - r n1 n2 = 0 that has a table."""
    slope = n - n1 - n2 + r * (n1 + n2)
    root = np.sqrt(slope**2 + 4 * (1 - r) * r * n1 * n2)
    with np.errstate(divide="ignore", invalid="ignore"):
        stable = 2 * r * n1 * n2 / (slope + root)
        direct = (root - slope) / (2 * (1 - r))
    return np.where(slope >= 0, stable, direct)
