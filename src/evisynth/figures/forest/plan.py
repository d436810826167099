"""What the pages of a forest plot are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evisynth.figures.fonts import width
from evisynth.figures.forest.columns import Column
from evisynth.figures.forest.profiles import Profile
from evisynth.figures.forest.rows import Row
from evisynth.figures.scene import Weight
from evisynth.synthesis import PooledFit

__all__ = ["DISC", "GAP", "NEAR", "WEIGHT", "Layout", "RiskOfBias", "cell_width", "weight_of"]

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
    fit : PooledFit
        The fit over all studies.
    pooled : tuple of PooledFit
        Every fit with a diamond.
    rows, columns
        Content; ``effect`` is the heading of the effect estimates.
    favours : (str, str) or None
        Words for the left and the right side of the axis.
    footer : tuple of str
        Lines under the table.
    rows_per_page : int or None
        None puts everything on one page.
    """

    fit: PooledFit
    pooled: tuple[PooledFit, ...]
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


WEIGHT = Column("weight", "Weight", "", "decimal")
_BOLD = frozenset({"heading", "subtotal", "total"})


def weight_of(row: Row) -> Weight:
    """Return the weight of the letters of a row."""
    return "bold" if row.kind in _BOLD else "normal"


def cell_width(row: Row, key: str, size: float) -> float:
    """Width of a cell in points."""
    return width(row.cells.get(key, ""), size, weight_of(row))
