"""Data as the checks see them, wherever they came from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

__all__ = ["DataRow", "DataSet", "decimals", "significant"]

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class DataRow:
    """The numbers of one study in one analysis; what is not there is NaN.

    ``texts`` are numbers as they are written, by name; ``group`` is the subgroup, ``place`` the
    line of a file; ``words`` are footnotes and other words that stand with the row.
    """

    study: str
    key: str
    group: str = ""
    place: str = ""
    events1: float = NAN
    events2: float = NAN
    n1: float = NAN
    n2: float = NAN
    mean1: float = NAN
    sd1: float = NAN
    mean2: float = NAN
    sd2: float = NAN
    estimate: float = NAN
    se: float = NAN
    texts: tuple[tuple[str, str], ...] = ()
    words: str = ""

    def text(self, name: str) -> str:
        """Return a number as written, ``""`` where it is not there."""
        return dict(self.texts).get(name, "")

    @property
    def arm1(self) -> tuple[float, ...]:
        """Numbers of the first arm that are there."""
        return _there(self.events1, self.n1, self.mean1, self.sd1)

    @property
    def arm2(self) -> tuple[float, ...]:
        """Numbers of the second arm that are there."""
        return _there(self.events2, self.n2, self.mean2, self.sd2)


@dataclass(frozen=True, slots=True)
class DataSet:
    """The rows of one analysis.

    Attributes
    ----------
    where : str
        Words for messages, e.g. ``"1.2 Pain"``.
    name : str
        Name of the outcome.
    kind : {"dichotomous", "continuous", "generic"}
        What the data are.
    measure : str
        Effect measure.
    pooled : bool
        Whether the rows of all groups are pooled together.
    rows : tuple of DataRow
        The rows.
    whole_numbers : bool
        Whether every person's value is known to be a whole number.
    low, high : float
        Least and greatest value that a person can have, where known.
    """

    where: str
    name: str
    kind: Literal["dichotomous", "continuous", "generic"]
    measure: str
    pooled: bool
    rows: tuple[DataRow, ...]
    whole_numbers: bool = False
    low: float = NAN
    high: float = NAN


def _there(*values: float) -> tuple[float, ...]:
    return tuple(value for value in values if math.isfinite(value))


def decimals(text: str) -> int:
    """Return how many decimals a number was written with; a single zero behind the point is none.

    Programs write whole numbers as ``12.0``.

    Examples
    --------
    >>> decimals("5.70"), decimals("12.0"), decimals("3"), decimals("1.5E-4")
    (2, 0, 0, 5)
    """
    mantissa, _, exponent = text.strip().replace(",", ".").upper().partition("E")
    behind = mantissa.partition(".")[2]
    count = 0 if behind == "0" else len(behind)
    return max(0, count - int(exponent or 0))


def significant(text: str) -> int:
    """Return how many significant digits a number was written with.

    Examples
    --------
    >>> significant("0.050"), significant("12.0"), significant("3")
    (2, 2, 1)
    """
    mantissa = text.strip().lstrip("+-").upper().partition("E")[0]
    whole, point, behind = mantissa.partition(".")
    if point and behind == "0":
        behind = ""
    return len((whole + behind).lstrip("0"))
