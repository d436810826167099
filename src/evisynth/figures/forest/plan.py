"""What the pages of a forest plot are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evisynth.figures.fits import AnyFit
from evisynth.figures.fonts import width
from evisynth.figures.forest.columns import Column
from evisynth.figures.forest.rows import Row
from evisynth.figures.profiles import Profile
from evisynth.figures.scene import Weight

__all__ = [
    "CERTAINTY",
    "DISC",
    "GAP",
    "NEAR",
    "WEIGHT",
    "Layout",
    "RiskOfBias",
    "cell_width",
    "weight_of",
]

GAP = 9.0
"""Between columns of different things, in points."""

NEAR = 6.0
"""Between columns of one arm."""

DISC = 4.6
"""Radius of a disc for risk of bias."""


@dataclass(frozen=True, slots=True)
class RiskOfBias:
    """Judgements beside the graph.

    ``domains`` are (letter, words); ``judgements`` maps a study to one judgement a domain;
    ``scheme`` names the marks.
    """

    domains: tuple[tuple[str, str], ...]
    judgements: Mapping[str, tuple[str, ...]]
    scheme: str = "colour-blind"


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything that the pages are made of.

    Attributes
    ----------
    fit : AnyFit
        The fit over all studies.
    pooled : tuple of AnyFit
        Every fit with a diamond.
    rows, columns
        Content; ``effect`` is the heading of the effect estimates.
    favours : (str, str) or None
        Words for the left and the right side of the axis.
    footer : tuple of str
        Lines under the table.
    rows_per_page : int or None
        None puts everything on one page.
    overall : bool
        Whether the pooled effect of all studies is marked in the graph.
    heading : str
        Words over the labels; those of the look if ``""``.
    """

    fit: AnyFit
    pooled: tuple[AnyFit, ...]
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    effect: tuple[str, str]
    favours: tuple[str, str] | None
    footer: tuple[str, ...]
    title: str
    risk_of_bias: RiskOfBias | None
    profile: Profile
    rows_per_page: int | None
    dichotomous: bool
    overall: bool = True
    heading: str = ""

    @property
    def has_weights(self) -> bool:
        """Whether any row has a weight to show."""
        return any(row.cells.get("weight") for row in self.rows)

    @property
    def has_certainty(self) -> bool:
        """Whether any row has a certainty to show."""
        return any(row.cells.get("certainty") for row in self.rows)


WEIGHT = Column("weight", "Weight", "", "decimal")
CERTAINTY = Column("certainty", "Certainty", "", "left")
_BOLD = frozenset({"heading", "subtotal", "total"})


def weight_of(row: Row) -> Weight:
    """Return the weight of the letters of a row."""
    return "bold" if row.kind in _BOLD else "normal"


def cell_width(row: Row, key: str, size: float, weight: Weight | None = None) -> float:
    """Width of a cell in points."""
    text = row.cells.get(key, "")
    lines = text.split("\n") if key == CERTAINTY.key else [text]
    return max(width(line, size, weight or weight_of(row)) for line in lines)
