"""Which means and SDs whole numbers can have: GRIM, GRIMMER, and samples between two limits.

References: Brown and Heathers 2017, doi:10.1177/1948550616673876 (GRIM); Anaya 2016,
doi:10.7287/peerj.preprints.2400v1, and Allard 2018 (GRIMMER); Heathers et al. 2018,
doi:10.7287/peerj.preprints.26968v1 (SPRITE).
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal

__all__ = ["grim", "grimmer", "sample_exists", "sd_limits"]

SLACK = 1e-9
"""Rounding of the arithmetic itself."""

MOST = 5000
"""People above which whole numbers give every mean and SD that is printed."""

EXACT_COST = 300_000
"""Square of people times answers up to which every sample is tried."""


def _sums(mean: float, digits: int, n: int, items: int) -> range:
    """Return the sums of whole numbers whose mean is written so."""
    half = 0.5 * 10.0**-digits
    total = n * items
    low = math.ceil((mean - half) * total - SLACK)
    high = math.floor((mean + half) * total + SLACK)
    return range(low, high + 1)


def _written(value: Decimal, digits: int) -> set[Decimal]:
    """Return a number as written with so many decimals, halves rounded either way."""
    unit = Decimal(1).scaleb(-digits)
    return {value.quantize(unit, rounding) for rounding in (ROUND_HALF_UP, ROUND_HALF_DOWN)}


def grim(mean: float, digits: int, n: int, items: int = 1) -> bool | None:
    """Return whether some whole numbers have a mean that is written so.

    Parameters
    ----------
    mean
        The mean.
    digits
        Decimals it is written with.
    n
        Number of people.
    items
        Whole numbers averaged in each person's value.

    Returns
    -------
    bool or None
        None where every mean is possible: with so many people the steps are finer than the digits.

    Examples
    --------
    >>> grim(5.19, 2, 28), grim(5.18, 2, 28), grim(5.2, 1, 28)
    (False, True, None)
    """
    if n < 1 or n * items >= 10**digits or n > MOST:
        return None
    target = Decimal(str(mean)).quantize(Decimal(1).scaleb(-digits))
    exact = Decimal(n * items)
    return any(
        target in _written(Decimal(total) / exact, digits)
        for total in _sums(mean, digits, n, items)
    )


def grimmer(mean: float, mean_digits: int, sd: float, sd_digits: int, n: int) -> bool | None:
    """Return whether some whole numbers have a mean and an SD that are written so.

    The sum of the squares must be a whole number, as odd or even as the sum, and not below what the
    mean asks for.

    Parameters
    ----------
    mean, sd
        Mean and SD (with n - 1).
    mean_digits, sd_digits
        Decimals they are written with.
    n
        Number of people.

    Returns
    -------
    bool or None
        None where every SD is possible.

    Examples
    --------
    >>> grimmer(3.44, 2, 2.47, 2, 18), grimmer(3.44, 2, 2.48, 2, 18)
    (False, True)
    """
    if n < 2 or n > MOST or sd < 0:
        return None
    half = 0.5 * 10.0**-sd_digits
    steps = ((sd + half) ** 2 - max(0.0, sd - half) ** 2) * (n - 1)
    if steps >= 2:
        # every parity is in reach: the SD tells nothing beyond the mean
        return grim(mean, mean_digits, n)
    sums = _sums(mean, mean_digits, n, 1)
    if len(sums) > 1000:
        return None
    for total in sums:
        fixed = total * total / n
        low = math.ceil((n - 1) * max(0.0, sd - half) ** 2 + fixed - SLACK * max(1.0, fixed))
        high = math.floor((n - 1) * (sd + half) ** 2 + fixed + SLACK * max(1.0, fixed))
        least = _least_squares(total, n)
        for squares in range(max(low, least), high + 1):
            if (squares - total) % 2 == 0:
                return True
    return False


def _least_squares(total: int, n: int) -> int:
    """Return the least sum of squares of n whole numbers with a sum: as equal as they can be."""
    base, rest = divmod(total, n)
    return (n - rest) * base * base + rest * (base + 1) ** 2


def sd_limits(mean: float, n: int, low: float, high: float) -> tuple[float, float]:
    """Return the least and the greatest SD that values between two limits with a mean can have.

    Examples
    --------
    >>> [round(limit, 3) for limit in sd_limits(3.0, 10, 1.0, 5.0)]
    [0.0, 2.108]
    """
    if n < 2 or not low <= mean <= high:
        return math.nan, math.nan
    share = (mean - low) / (high - low) if high > low else 0.0
    whole = min(n, math.floor(share * n + SLACK))
    spread = whole * (high - mean) ** 2
    if whole < n:
        # one value between the ends, the others at the lower one
        rest = low + (share * n - whole) * (high - low)
        spread += (rest - mean) ** 2 + (n - whole - 1) * (low - mean) ** 2
    return 0.0, math.sqrt(spread / (n - 1))


def sample_exists(
    mean: float, mean_digits: int, sd: float, sd_digits: int, n: int, low: int, high: int
) -> bool | None:
    """Return whether whole numbers between two limits have a mean and an SD that are written so.

    Parameters
    ----------
    mean, mean_digits, sd, sd_digits, n
        As in `grimmer`.
    low, high
        Least and greatest value of a person, such as 1 and 5 of a question with five answers.

    Returns
    -------
    bool or None
        None where nothing speaks against it and it was not settled (many people, many answers).

    Examples
    --------
    >>> sample_exists(3.0, 1, 1.4, 1, 20, 1, 5), sample_exists(3.0, 1, 2.5, 1, 20, 1, 5)
    (True, False)
    """
    if n < 2 or n > MOST or high < low:
        return None
    half = 0.5 * 10.0**-sd_digits
    steps = high - low
    possible = False
    for total in _sums(mean, mean_digits, n, 1):
        shifted = total - n * low
        if not 0 <= shifted <= n * steps:
            continue
        fixed = shifted * shifted / n
        slack = SLACK * max(1.0, fixed)
        first = math.ceil((n - 1) * max(0.0, sd - half) ** 2 + fixed - slack)
        last = math.floor((n - 1) * (sd + half) ** 2 + fixed + slack)
        first = max(first, _least_squares(shifted, n))
        last = min(last, _most_squares(shifted, steps))
        # a sum of squares is as odd or even as the sum
        first += (first - shifted) % 2
        if first > last:
            continue
        if n * n * steps * steps > EXACT_COST:
            possible = True
        elif _squares_of(shifted, n, steps, first, last):
            return True
    return None if possible else False


def _most_squares(total: int, steps: int) -> int:
    """Return the greatest sum of squares of numbers from 0 to ``steps`` with a sum."""
    if steps == 0:
        return 0
    whole, rest = divmod(total, steps)
    return whole * steps * steps + rest * rest


def _squares_of(total: int, n: int, steps: int, first: int, last: int) -> bool:
    """Whether n numbers from 0 to ``steps`` with a sum have a sum of squares in a range.

    Bit q of ``reached[s]`` says that some of the numbers so far have the sum s and the sum of
    squares q.
    """
    reached = {0: 1}
    limit = (1 << (last + 1)) - 1
    for left in range(n - 1, -1, -1):
        after: dict[int, int] = {}
        for done, squares in reached.items():
            for value in range(steps + 1):
                here = done + value
                # what is left must still bring the sum
                if here <= total <= here + left * steps:
                    after[here] = after.get(here, 0) | (squares << (value * value)) & limit
        reached = after
    return bool(reached.get(total, 0) >> first)
