"""Coefficients of agreement on categories, from counts; each with an interval or a reason.

Counts are a table of items by categories: how many people put the item into the category. Items
may have different numbers of ratings; those with fewer than two say nothing of agreement.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evisynth.display import format_estimate, format_number
from evisynth.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Coefficient",
    "cohen_kappa",
    "fleiss_kappa",
    "gwet_ac1",
    "krippendorff_alpha",
    "pabak",
    "percent_agreement",
]

NO_PAIRS = "no item was rated by two people"
NO_CHANCE = "everybody used the same single category; the coefficient is 0/0"
NO_SPREAD = "no two items differ in agreement; the standard error is 0 and gives no interval"
TOO_FEW = "an interval needs at least two items"

MOST_UNDEFINED = 0.05
"""Share of bootstrap draws without a value from which on no interval is given."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient of agreement.

    Attributes
    ----------
    name : str
        ``"percent"``, ``"Cohen's kappa"``, ``"Fleiss' kappa"``, ``"PABAK"``, ``"Gwet's AC1"``,
        ``"Krippendorff's alpha"``.
    value, se, ci_lower, ci_upper : float
        Percent agreement 0 to 100, the others up to 1; NaN where `reason` says why. ``se`` is NaN
        also where the interval does not come from one (Wilson, bootstrap).
    level : float
        Of the interval.
    items : int
        Items with at least two ratings.
    reason : str
        Why the value or the interval cannot be had; ``""``.
    """

    name: str
    value: float
    se: float
    ci_lower: float
    ci_upper: float
    level: float
    items: int
    reason: str = ""

    def __str__(self) -> str:
        digits = 1 if self.name == "percent" else 2
        if math.isnan(self.value):
            return f"{self.name}: not estimable ({self.reason})"
        if math.isnan(self.ci_lower):
            return f"{self.name}: {format_number(self.value, digits)} (no interval: {self.reason})"
        shown = format_estimate(self.value, self.ci_lower, self.ci_upper, digits)
        return f"{self.name}: {shown}"


def _missing(name: str, level: float, items: int, reason: str) -> Coefficient:
    return Coefficient(name, math.nan, math.nan, math.nan, math.nan, level, items, reason)


def _counts(counts: ArrayLike) -> NDArray[np.float64]:
    """Check a table of counts."""
    import numpy as np

    table = np.asarray(counts, dtype=float)
    if table.ndim != 2 or table.shape[1] < 2:
        raise DataError(
            f"counts have the shape {table.shape}; a table of items by at least two categories is"
            " wanted"
        )
    if not np.isfinite(table).all() or (table < 0).any() or (table % 1).any():
        raise DataError("counts must be whole numbers from 0 on")
    return table


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise DataError(f"level is {level}; give a share between 0 and 1, such as 0.95")
    return level


def percent_agreement(counts: ArrayLike, *, level: float = 0.95) -> Coefficient:
    """Compute the percentage of pairs of ratings of one item that agree, mean over the items.

    The interval is Wilson's where every item has two ratings, else by the linearized variance.

    Parameters
    ----------
    counts
        Items by categories.
    level
        Of the interval.

    References
    ----------
    Wilson 1927, doi:10.1080/01621459.1927.10502953; Gwet 2008, doi:10.1348/000711006X126600.

    Examples
    --------
    >>> print(percent_agreement([[2, 0], [1, 1], [0, 2], [2, 0]]))
    percent: 75.0 [30.1, 95.4]
    """
    table = _counts(counts)
    shares = _pair_shares(table)
    items = len(shares)
    if not items:
        return _missing("percent", _level(level), 0, NO_PAIRS)
    value = float(shares.mean())
    if ((shares == 0) | (shares == 1)).all():
        low, high = _wilson(value, items, _level(level))
        return Coefficient("percent", 100 * value, math.nan, 100 * low, 100 * high, level, items)
    found = _linearized("percent", value, shares - value, level, items)
    return Coefficient(
        "percent",
        100 * value,
        100 * found.se,
        100 * found.ci_lower,
        100 * found.ci_upper,
        level,
        items,
        found.reason,
    )


def _wilson(share: float, number: int, level: float) -> tuple[float, float]:
    """Return Wilson's interval of a proportion."""
    from scipy.special import ndtri

    z2 = float(ndtri((1 + level) / 2)) ** 2
    middle = (share + z2 / (2 * number)) / (1 + z2 / number)
    half = math.sqrt(z2 * (share * (1 - share) / number + z2 / (4 * number * number)))
    half /= 1 + z2 / number
    return max(0.0, middle - half), min(1.0, middle + half)


def _pair_shares(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of agreeing pairs of each item with at least two ratings."""
    ratings = table.sum(axis=1)
    kept = table[ratings >= 2]
    ratings = ratings[ratings >= 2]
    shares: NDArray[np.float64] = (kept * (kept - 1)).sum(axis=1) / (ratings * (ratings - 1))
    return shares


def _linearized(
    name: str, value: float, deviations: NDArray[np.float64], level: float, pairs: int
) -> Coefficient:
    """Make the coefficient with the interval that its items' deviations give (t, n - 1)."""
    from scipy.special import stdtrit

    items = len(deviations)
    if items < 2:
        return Coefficient(name, value, math.nan, math.nan, math.nan, level, pairs, TOO_FEW)
    se = math.sqrt(float((deviations**2).sum()) / (items * (items - 1)))
    if se < 1e-12:
        return Coefficient(name, value, 0.0, math.nan, math.nan, level, pairs, NO_SPREAD)
    half = float(stdtrit(items - 1, (1 + level) / 2)) * se
    return Coefficient(
        name, value, se, max(-1.0, value - half), min(1.0, value + half), level, pairs
    )


def _chance_corrected(
    name: str,
    table: NDArray[np.float64],
    chance: float,
    chances: NDArray[np.float64] | None,
    level: float,
) -> Coefficient:
    """Compute (p - e) / (1 - e) with Gwet's linearized variance.

    ``chances`` are the items' parts in the chance agreement; None where it is a constant.
    """
    import numpy as np

    ratings = table.sum(axis=1)
    twice = ratings >= 2
    pairs = int(twice.sum())
    if not pairs:
        return _missing(name, _level(level), 0, NO_PAIRS)
    if 1 - chance < 1e-12:
        return _missing(name, _level(level), pairs, NO_CHANCE)
    shares = np.zeros(len(table))
    shares[twice] = _pair_shares(table)
    value = (float(shares[twice].mean()) - chance) / (1 - chance)
    own = len(table) / pairs * (shares - chance * twice) / (1 - chance)
    if chances is not None:
        own = own - 2 * (1 - value) * (chances - chance) / (1 - chance)
    return _linearized(name, value, own - value, _level(level), pairs)


def _rated(counts: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the items with a rating, and the share of each category in each."""
    table = _counts(counts)
    table = table[table.sum(axis=1) > 0]
    return table, table / table.sum(axis=1, keepdims=True)


def fleiss_kappa(counts: ArrayLike, *, level: float = 0.95) -> Coefficient:
    """Compute Fleiss' kappa; with unequal numbers of ratings as Gwet generalizes it.

    Parameters
    ----------
    counts
        Items by categories.
    level
        Of the interval (linearized variance, t with one less than the items).

    References
    ----------
    Fleiss 1971, doi:10.1037/h0031619; Gwet 2021, doi:10.1177/0013164420973080 (variance).

    Examples
    --------
    >>> fleiss_kappa([[3, 0], [0, 3], [3, 0], [2, 1]]).value.__round__(4)
    0.625
    """
    table, shares = _rated(counts)
    means = shares.mean(axis=0) if len(table) else shares.sum(axis=0)
    return _chance_corrected("Fleiss' kappa", table, float((means**2).sum()), shares @ means, level)


def gwet_ac1(counts: ArrayLike, *, level: float = 0.95) -> Coefficient:
    """Compute Gwet's AC1, which stays sensible where nearly everything is excluded.

    Parameters
    ----------
    counts
        Items by categories; categories that nobody used count too.
    level
        Of the interval (linearized variance, t with one less than the items).

    References
    ----------
    Gwet 2008, doi:10.1348/000711006X126600.

    Examples
    --------
    >>> gwet_ac1([[2, 0], [2, 0], [2, 0], [1, 1]]).value.__round__(4)
    0.68
    """
    table, shares = _rated(counts)
    means = shares.mean(axis=0) if len(table) else shares.sum(axis=0)
    spare = table.shape[1] - 1
    chance = float((means * (1 - means)).sum()) / spare
    return _chance_corrected("Gwet's AC1", table, chance, shares @ (1 - means) / spare, level)


def pabak(counts: ArrayLike, *, level: float = 0.95) -> Coefficient:
    """Compute the prevalence- and bias-adjusted kappa: chance is one over the categories.

    With two categories it is twice the agreement minus 1; with more it is the coefficient of
    Bennett, Alpert and Goldstein (Brennan and Prediger).

    Parameters
    ----------
    counts
        Items by categories; categories that nobody used count too.
    level
        Of the interval (linearized variance, t with one less than the items).

    References
    ----------
    Byrt 1993, doi:10.1016/0895-4356(93)90018-V; Brennan 1981, doi:10.1177/001316448104100307.

    Examples
    --------
    >>> pabak([[2, 0], [2, 0], [2, 0], [1, 1]]).value
    0.5
    """
    table, _ = _rated(counts)
    return _chance_corrected("PABAK", table, 1 / table.shape[1], None, level)


def krippendorff_alpha(
    counts: ArrayLike, *, level: float = 0.95, draws: int = 2000, seed: int = 1
) -> Coefficient:
    """Compute Krippendorff's alpha for categories, with a bootstrap interval.

    Parameters
    ----------
    counts
        Items by categories.
    level
        Of the interval: percentiles of alpha over items drawn with replacement.
    draws, seed
        Of the bootstrap.

    References
    ----------
    Hayes 2007, doi:10.1080/19312450709336664; Zapf 2016, doi:10.1186/s12874-016-0200-9 (interval).

    Examples
    --------
    >>> found = krippendorff_alpha([[2, 0], [0, 2], [2, 0], [1, 1], [0, 2]])
    >>> found.value.__round__(4)
    0.64
    """
    import numpy as np

    name = "Krippendorff's alpha"
    table = _counts(counts)
    table = table[table.sum(axis=1) >= 2]
    items = len(table)
    if not items:
        return _missing(name, _level(level), 0, NO_PAIRS)
    ratings = table.sum(axis=1)
    # Disagreeing pairs of an item, weighted so that each rating counts once.
    apart = (ratings**2 - (table**2).sum(axis=1)) / (ratings - 1)
    value = float(_alphas(np.ones((1, items)), table, apart)[0])
    if math.isnan(value):
        return _missing(name, _level(level), items, NO_CHANCE)
    if items < 2:
        return Coefficient(name, value, math.nan, math.nan, math.nan, level, items, TOO_FEW)
    rng = np.random.default_rng(seed)
    # Items that look alike are drawn together: the table of 50,000 records has a dozen kinds.
    kinds, times = np.unique(table, axis=0, return_counts=True)
    sizes = kinds.sum(axis=1)
    weights = rng.multinomial(items, times / items, size=draws).astype(float)
    found = _alphas(weights, kinds, (sizes**2 - (kinds**2).sum(axis=1)) / (sizes - 1))
    known = found[~np.isnan(found)]
    if len(known) < (1 - MOST_UNDEFINED) * draws:
        reason = "too many bootstrap draws hold one category only"
        return Coefficient(name, value, math.nan, math.nan, math.nan, level, items, reason)
    low, high = np.quantile(known, [(1 - _level(level)) / 2, (1 + level) / 2])
    if high - low < 1e-12:
        return Coefficient(name, value, math.nan, math.nan, math.nan, level, items, NO_SPREAD)
    return Coefficient(name, value, math.nan, float(low), float(high), level, items)


def _alphas(
    weights: NDArray[np.float64], table: NDArray[np.float64], apart: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return alpha for each row of weights of the items; NaN where one category is left."""
    import numpy as np

    categories = weights @ table
    ratings = categories.sum(axis=1)
    observed = weights @ apart / ratings
    expected = (ratings**2 - (categories**2).sum(axis=1)) / (ratings * (ratings - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        found: NDArray[np.float64] = np.where(expected > 0, 1 - observed / expected, np.nan)
    return found


def cohen_kappa(table: ArrayLike, *, level: float = 0.95) -> Coefficient:
    """Compute Cohen's kappa of two people.

    Parameters
    ----------
    table
        Square table of counts: rows the category of the first person, columns of the second.
    level
        Of the interval (normal, with the large-sample standard error).

    References
    ----------
    Cohen 1960, doi:10.1177/001316446002000104; Fleiss, Cohen and Everitt 1969,
    doi:10.1037/h0028106 (standard error).

    Examples
    --------
    >>> print(cohen_kappa([[88, 14, 18], [10, 40, 10], [2, 6, 12]]))
    Cohen's kappa: 0.49 [0.39, 0.59]
    """
    import numpy as np
    from scipy.special import ndtri

    name = "Cohen's kappa"
    counts = _counts(table)
    if counts.shape[0] != counts.shape[1]:
        raise DataError(f"the table has the shape {counts.shape}; a square one is wanted")
    items = int(counts.sum())
    if not items:
        return _missing(name, _level(level), 0, NO_PAIRS)
    share = counts / items
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    observed = float(np.trace(share))
    chance = float(rows @ columns)
    # Whole numbers: two people with one category give chance 1 exactly.
    if counts.sum(axis=1) @ counts.sum(axis=0) == items * items:
        return _missing(name, _level(level), items, NO_CHANCE)
    value = (observed - chance) / (1 - chance)
    same = np.diag(share) @ ((1 - chance) - (rows + columns) * (1 - observed)) ** 2
    apart = share * (columns[:, None] + rows[None, :]) ** 2
    other = (1 - observed) ** 2 * (apart.sum() - np.trace(apart))
    rest = (observed * chance - 2 * chance + observed) ** 2
    variance = float(same + other - rest) / (items * (1 - chance) ** 4)
    se = math.sqrt(max(0.0, variance))
    if se < 1e-9:
        return Coefficient(name, value, 0.0, math.nan, math.nan, level, items, NO_SPREAD)
    half = float(ndtri((1 + _level(level)) / 2)) * se
    return Coefficient(
        name, value, se, max(-1.0, value - half), min(1.0, value + half), level, items
    )
