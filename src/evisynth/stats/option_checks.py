"""Checks of single options: a number in a range, a count, a level, yes or no.

Each returns the value as the plain Python type, or raises an OptionError that names the option, the
value, what is allowed and the way out. Words are never read as numbers and truth values are none.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from numbers import Real
from typing import Any

import numpy as np

from evisynth.errors import OptionError

__all__ = [
    "check_count",
    "check_flag",
    "check_level",
    "check_name",
    "check_number",
    "check_share",
    "is_number",
]


def is_number(value: object) -> bool:
    """Tell numbers (of Python or NumPy) from words, truth values, lists and None.

    Examples
    --------
    >>> is_number(0.3), is_number("0.3"), is_number(True), is_number(None)
    (True, False, False, False)
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    return isinstance(value, Real) and not isinstance(value, bool)


def check_number(
    option: str,
    value: Any,
    *,
    above: float | None = None,
    least: float | None = None,
    below: float | None = None,
    most: float | None = None,
    words: Sequence[object] = (),
    hint: str = "",
) -> float:
    """Return a finite number in a range.

    Parameters
    ----------
    option, value
        Name of the option, and what was given.
    above, least, below, most
        Range, its ends outside (above, below) or inside (least, most).
    words
        What is allowed, where the range does not say it.
    hint
        The way out.

    Raises
    ------
    OptionError
        If it is not a finite number of the range.

    Examples
    --------
    >>> check_number("tau2", 0.04, least=0)
    0.04
    >>> check_number("effect", "0.3")
    Traceback (most recent call last):
    evisynth.errors.OptionError: effect: '0.3' is not known; allowed: a finite number
    """
    if is_number(value):
        number = float(value)
        inside = math.isfinite(number)
        inside = inside and (above is None or number > above)
        inside = inside and (least is None or number >= least)
        inside = inside and (below is None or number < below)
        if inside and (most is None or number <= most):
            return number
    raise OptionError(option, value, words or [_range(above, least, below, most)], hint=hint)


def _range(
    above: float | None, least: float | None, below: float | None, most: float | None
) -> str:
    """Return a range in words."""
    if above is not None and below is not None:
        return f"a number between {above:g} and {below:g}"
    low = "" if above is None else f"above {above:g}"
    low = low if least is None else f"of at least {least:g}"
    high = "" if below is None else f"below {below:g}"
    high = high if most is None else f"of at most {most:g}"
    both = " and ".join(text for text in (low, high) if text)
    return f"a number {both}" if both else "a finite number"


def check_share(option: str, value: Any, *, hint: str = "") -> float:
    """Return a number between 0 and 1, the ends outside.

    Examples
    --------
    >>> check_share("alpha", 0.05)
    0.05
    """
    return check_number(option, value, above=0, below=1, hint=hint)


def check_level(level: Any, option: str = "level") -> float:
    """Return a confidence level.

    Examples
    --------
    >>> check_level(95)
    Traceback (most recent call last):
    evisynth.errors.OptionError: level: 95 is not known; allowed: a number between 0 and 1, e.g. \
0.95
    """
    return check_number(
        option, level, above=0, below=1, words=["a number between 0 and 1, e.g. 0.95"]
    )


def check_count(
    option: str, value: Any, *, least: int = 1, most: int | None = None, hint: str = ""
) -> int:
    """Return a whole number of at least ``least``; 10.0 is one, True is not.

    Examples
    --------
    >>> check_count("k", 10.0)
    10
    >>> check_count("k", 2.5)
    Traceback (most recent call last):
    evisynth.errors.OptionError: k: 2.5 is not known; allowed: a whole number of at least 1
    """
    if is_number(value):
        number = float(value)
        whole = math.isfinite(number) and number.is_integer()
        if whole and number >= least and (most is None or number <= most):
            return int(value)
    end = "" if most is None else f" and at most {most}"
    raise OptionError(option, value, [f"a whole number of at least {least}{end}"], hint=hint)


def check_flag(option: str, value: Any) -> bool:
    """Return a truth value; words and numbers are none.

    Examples
    --------
    >>> check_flag("weighted", "no")
    Traceback (most recent call last):
    evisynth.errors.OptionError: weighted: 'no' is not known; allowed: True, False
    """
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise OptionError(option, value, [True, False])


def check_name(option: str, value: Any, allowed: Collection[str] = ()) -> str:
    """Return a word, e.g. the name of a column; one of those allowed, where they are given.

    Examples
    --------
    >>> check_name("by", 3)
    Traceback (most recent call last):
    evisynth.errors.OptionError: by: 3 is not known; allowed: a name
    """
    if isinstance(value, str) and (not allowed or value in allowed):
        return value
    raise OptionError(option, value, allowed or ["a name"])
