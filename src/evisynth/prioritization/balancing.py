"""Balancers: which rows are learned from, and how much each counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from evisynth.errors import OptionError

__all__ = ["Background", "Balancer", "Equal", "Known", "Ratio", "TrainingRows"]

Vector = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known before balancing.

    Attributes
    ----------
    rows : array of int, shape (m,)
        Rows of the features.
    signs : array, shape (m,)
        1 relevant, -1 irrelevant.
    weights : array, shape (m,)
        As the labels say.
    unread : array of int
        Rows of records without a label that hold words, in an order drawn by the seed.
    """

    rows: Rows = field(repr=False)
    signs: Vector = field(repr=False)
    weights: Vector = field(repr=False)
    unread: Rows = field(repr=False)


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """What a classifier is fitted to: rows of the features, signs and weights, each shape (m,)."""

    rows: Rows = field(repr=False)
    signs: Vector = field(repr=False)
    weights: Vector = field(repr=False)


class Balancer(Protocol):
    """What a balancer can do."""

    def balance(self, known: Known) -> TrainingRows:
        """Return the rows to learn from."""


def _above(name: str, value: float) -> None:
    if not value > 0:
        raise OptionError(name, value, ["a number above 0"])


def _ratio_weights(known: Known, ratio: float) -> Vector:
    """Scale the irrelevant so that all of them weigh 1/ratio of all the relevant."""
    weights = known.weights.copy()
    relevant = known.signs > 0
    up, down = float(weights[relevant].sum()), float(weights[~relevant].sum())
    if up and down:
        weights[~relevant] *= up / (ratio * down)
    return weights


@dataclass(frozen=True, slots=True)
class Equal:
    """Each label counts as it is.

    Examples
    --------
    >>> known = Known(np.arange(2), np.array([1.0, -1.0]), np.ones(2), np.arange(0))
    >>> Equal().balance(known).weights
    array([1., 1.])
    """

    def balance(self, known: Known) -> TrainingRows:
        """Return the rows to learn from."""
        return TrainingRows(known.rows, known.signs, known.weights)


@dataclass(frozen=True, slots=True)
class Ratio:
    """The relevant together weigh ``ratio`` times the irrelevant together (as in ELAS u4).

    Examples
    --------
    >>> known = Known(np.arange(3), np.array([1.0, -1.0, -1.0]), np.ones(3), np.arange(0))
    >>> (Ratio(2.0).balance(known).weights / 1.5).round(4)
    array([1.3333, 0.3333, 0.3333])
    """

    ratio: float = 9.8

    def __post_init__(self) -> None:
        _above("ratio", self.ratio)

    def balance(self, known: Known) -> TrainingRows:
        """Return the rows to learn from."""
        weights = _ratio_weights(known, self.ratio)
        return TrainingRows(known.rows, known.signs, weights * len(weights) / weights.sum())


@dataclass(frozen=True, slots=True)
class Background:
    """As `Ratio`, and a sample of unread records counts, lightly, as irrelevant.

    Most unread records are irrelevant, and what was read is no fair picture of them: it is what
    looked relevant. The sample shows the classifier the rest (compare the random negative examples
    of Cormack and Grossman 2015, arXiv:1504.06868).

    Attributes
    ----------
    ratio : float
        Weight of all relevant to all irrelevant labels.
    sample : int
        Unread records taken, the first of an order drawn by the seed.
    share : float
        Weight of the sample as a whole, to that of all irrelevant labels.

    Examples
    --------
    >>> known = Known(np.array([0]), np.array([1.0]), np.ones(1), np.array([3, 2]))
    >>> Background(sample=1).balance(known).rows
    array([0, 3])
    """

    ratio: float = 9.8
    sample: int = 200
    share: float = 0.5

    def __post_init__(self) -> None:
        _above("ratio", self.ratio)
        _above("share", self.share)
        if self.sample < 1:
            raise OptionError("sample", self.sample, ["a whole number above 0"])

    def balance(self, known: Known) -> TrainingRows:
        """Return the rows to learn from."""
        weights = _ratio_weights(known, self.ratio)
        sample = known.unread[: self.sample]
        rows: npt.NDArray[Any] = np.r_[known.rows, sample]
        signs = np.r_[known.signs, np.full(len(sample), -1.0)]
        up = float(known.weights[known.signs > 0].sum())
        each = self.share * up / (self.ratio * len(sample)) if len(sample) else 0.0
        scale = len(weights) / weights.sum()
        return TrainingRows(rows, signs, np.r_[weights, np.full(len(sample), each)] * scale)
