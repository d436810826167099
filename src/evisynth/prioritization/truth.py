"""Labels as truth values, and the level of a test: what only looks like one is not taken."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from evisynth.errors import OptionError

__all__ = ["level", "truth", "truths"]

ALLOWED = ("True", "False", "1", "0")


ROUNDING = 1e-9
"""Relative; a probability of exactly 0.05 must not fall below 1 - 0.95 by its last digit."""


def level(confidence: float) -> float:
    """Return the P value below which something is rejected, an exact tie not being below.

    Examples
    --------
    >>> 0.05 < level(0.95), 0.05 < 1 - 0.95
    (False, True)
    """
    return (1 - confidence) * (1 - ROUNDING)


def truth(value: Any, what: str) -> bool:
    """Return a label as a truth value.

    Raises
    ------
    OptionError
        When it is neither true or false nor 1 or 0: NaN, -1 and ``"no"`` would all pass as true.

    Examples
    --------
    >>> truth(0.0, "label of a"), truth(np.True_, "label of b")
    (False, True)
    """
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, float, np.integer, np.floating)) and value in (0, 1):
        return bool(value)
    raise OptionError(what, value, ALLOWED)


def truths(labels: Iterable[Any]) -> npt.NDArray[np.bool_]:
    """Return labels in their order as an array of truth values.

    Raises
    ------
    OptionError
        As `truth`, naming the first wrong label and its place.

    Examples
    --------
    >>> truths([1, 0, True])
    array([ True, False,  True])
    """
    if isinstance(labels, np.ndarray) and labels.dtype == np.bool_:
        return labels
    listed = list(labels)
    if all(type(label) is bool for label in listed):
        return np.array(listed, dtype=np.bool_)
    named = [truth(label, f"label {place}") for place, label in enumerate(listed, start=1)]
    return np.array(named, dtype=np.bool_)
