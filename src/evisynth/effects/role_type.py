"""What a role of a column is: its names in tables, and the numbers it may hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HOLDS", "Check", "Role"]


@dataclass(frozen=True, slots=True)
class Check:
    """Which numbers a kind of role cannot hold.

    Attributes
    ----------
    bad : callable
        From values, shape (K,), to those that cannot be (shape (K,), NaN passes).
    says : str
        What is wrong, with ``{value}`` and ``{noun}`` to fill in.
    hint : str
        The way out.
    """

    bad: Callable[[NDArray[np.float64]], NDArray[np.bool_]]
    says: str
    hint: str = ""


def _not_whole(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    fraction: NDArray[np.bool_] = ~np.isnan(values) & (values != np.floor(values))
    return fraction


UNKNOWN = "Leave the cell empty if it is not known."

HOLDS: dict[str, Check] = {
    "number": Check(lambda values: np.zeros(values.shape, dtype=np.bool_), ""),
    "positive": Check(
        lambda values: values <= 0,
        "{noun} of {value:g} cannot be used; it must be above 0",
        UNKNOWN,
    ),
    "size": Check(
        lambda values: (values < 1) | _not_whole(values),
        "{value:g} people; a number of people must be whole and at least 1",
        "Round an effective sample size.",
    ),
    "count": Check(
        lambda values: (values < 0) | _not_whole(values),
        "{value:g} {noun}; a count must be whole and not negative",
    ),
    "probability": Check(
        lambda values: (values < 0) | (values > 1),
        "{noun} of {value:g} does not lie between 0 and 1",
    ),
    "signed probability": Check(
        lambda values: np.abs(values) > 1,
        "{noun} of {value:g} does not lie between -1 and 1 (its sign is that of the effect)",
    ),
    "correlation": Check(
        lambda values: np.abs(values) > 1,
        "{noun} of {value:g} does not lie between -1 and 1",
    ),
}
"""Kinds of roles by name; infinite numbers are refused for all."""


@dataclass(frozen=True, slots=True)
class Role:
    """One role of a column.

    Attributes
    ----------
    name : str
        Standard name, which is also the name of the argument.
    words : tuple of str
        Names by which a column is recognized, in lower case, the standard name first.
    holds : str
        Kind of numbers, a key of `HOLDS`; ``"text"`` for words.
    noun : str
        What one value is, e.g. ``"a standard deviation"``, or what is counted, e.g. ``"events"``.
    unless : tuple of str
        Columns beside which the role is not recognized, as its words then mean something else
        (``d`` beside ``a``, ``b`` and ``c`` is a cell, not Cohen's d).
    """

    name: str
    words: tuple[str, ...]
    holds: str = "number"
    noun: str = "a number"
    unless: tuple[str, ...] = ()
