"""Query strategies: from scores to the order in which records are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from evisynth.errors import OptionError

__all__ = ["HighestFirst", "Query", "RandomOrder", "RandomShare", "UncertainFirst"]

Order = npt.NDArray[np.intp]


class Query(Protocol):
    """What a query strategy can do."""

    def order(self, scores: npt.NDArray[np.float64], seed: int, read: int) -> Order:
        """Return places in the order to be read; ``read`` is how many records have a decision."""


def _highest(scores: npt.NDArray[np.float64]) -> Order:
    # Equal scores stay in the order of the records.
    found: Order = np.argsort(-scores, kind="stable")
    return found


@dataclass(frozen=True, slots=True)
class HighestFirst:
    """The record that looks most relevant comes next.

    Examples
    --------
    >>> HighestFirst().order(np.array([0.1, 0.9, 0.1]), 1, 0)
    array([1, 0, 2])
    """

    def order(self, scores: npt.NDArray[np.float64], _seed: int, _read: int) -> Order:
        """Return places in the order to be read."""
        return _highest(scores)


@dataclass(frozen=True, slots=True)
class UncertainFirst:
    """The record nearest to the border comes next: teaches the model, finds less."""

    def order(self, scores: npt.NDArray[np.float64], _seed: int, _read: int) -> Order:
        """Return places in the order to be read."""
        return _highest(-np.abs(scores))


@dataclass(frozen=True, slots=True)
class RandomOrder:
    """By chance, the same for the same seed: the baseline of every comparison."""

    def order(self, scores: npt.NDArray[np.float64], seed: int, _read: int) -> Order:
        """Return places in the order to be read."""
        found: Order = np.random.default_rng(seed).permutation(len(scores)).astype(np.intp)
        return found


@dataclass(frozen=True, slots=True)
class RandomShare:
    """The most relevant first, and every so often a record drawn by chance.

    Attributes
    ----------
    share : float
        Share of records drawn by chance.

    Examples
    --------
    >>> sorted(RandomShare(0.5).order(np.array([0.1, 0.9, 0.5]), 1, 0).tolist())
    [0, 1, 2]
    """

    share: float = 0.05

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise OptionError("share", self.share, ["a number between 0 and 1"])

    def order(self, scores: npt.NDArray[np.float64], seed: int, read: int) -> Order:
        """Return places in the order to be read."""
        ranked = _highest(scores)
        every = max(2, round(1 / self.share))
        drawn = np.random.default_rng([seed, read]).permutation(len(scores))
        places: list[Any] = []
        taken = np.zeros(len(scores), dtype=bool)
        by_score, by_chance = iter(ranked), iter(drawn)
        for number in range(len(scores)):
            source = by_chance if (read + number + 1) % every == 0 else by_score
            place = next(each for each in source if not taken[each])
            taken[place] = True
            places.append(place)
        return np.asarray(places, dtype=np.intp)
