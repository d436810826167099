"""Discs, signs and legends of the figures of risk of bias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from evisynth.errors import OptionError
from evisynth.figures.fonts import width
from evisynth.figures.marks import JUDGEMENTS, Mark
from evisynth.figures.rob_rows import ORDER, Block
from evisynth.figures.scene import Circle, Line, Primitive, Text

__all__ = [
    "EDGE",
    "GREY",
    "SCHEMES",
    "SIZE",
    "Scheme",
    "disc",
    "domain_names",
    "key",
    "marks_of",
    "occurring",
]

Scheme = Literal["colour-blind", "cochrane"]

EDGE = "#404040"
GREY = "#595959"
SIZE = 8.0
"""Font size of the figures of risk of bias."""

SCHEMES: Mapping[str, Mapping[str, Mark]] = {
    "colour-blind": {
        "low": Mark("#5cc2a4", "+", "#000000", "Low risk of bias"),
        "some concerns": Mark("#f6e05e", "−", "#000000", "Some concerns"),
        "high": Mark("#b3350f", "×", "#ffffff", "High risk of bias"),
        "incomplete": Mark("#ffffff", "?", "#000000", "Incomplete: questions unanswered"),
        "not assessed": Mark("#ffffff", "·", "#595959", "Not assessed"),
    },
    "cochrane": JUDGEMENTS,
}
"""Marks of the judgements; ``"colour-blind"`` keeps apart for all kinds of colour vision."""


def marks_of(scheme: str) -> Mapping[str, Mark]:
    """Return the marks of a scheme.

    Raises
    ------
    OptionError
        Unknown scheme.
    """
    if scheme not in SCHEMES:
        raise OptionError("scheme", scheme, SCHEMES)
    return SCHEMES[scheme]


def occurring(blocks: Sequence[Block]) -> tuple[str, ...]:
    """Return the judgements that a legend explains: those of the tool, and what is missing."""
    found = {one for block in blocks for row in block.rows for one in row.judgements.values()}
    return tuple(one for one in ORDER if one in found or one in ("low", "some concerns", "high"))


def disc(x: float, y: float, mark: Mark, radius: float, group: str) -> list[Primitive]:
    """Draw a disc with its sign, in strokes rather than letters, so that it is centred."""
    white = mark.fill == "#ffffff"
    edge = GREY if white else EDGE
    items: list[Primitive] = [
        Circle(x, y, radius, mark.fill, edge, 0.9 if white else 0.6, group=group)
    ]
    arm, stroke = 0.5 * radius, 0.24 * radius
    if mark.sign in ("+", "−"):
        items.append(Line(x - arm, y, x + arm, y, mark.ink, stroke, group=group))
    if mark.sign == "+":
        items.append(Line(x, y - arm, x, y + arm, mark.ink, stroke, group=group))
    elif mark.sign == "×":
        arm *= 0.8
        items.append(Line(x - arm, y - arm, x + arm, y + arm, mark.ink, stroke, group=group))
        items.append(Line(x - arm, y + arm, x + arm, y - arm, mark.ink, stroke, group=group))
    elif mark.sign in ("·", "…"):
        steps = (0.0,) if mark.sign == "·" else (-0.42, 0.0, 0.42)
        items += [
            Circle(x + step * radius, y, 0.15 * radius, mark.ink, group=group) for step in steps
        ]
    elif mark.sign not in ("", "−", "+"):
        size = 1.45 * radius
        items.append(
            Text(x, y, mark.sign, size, "bold", colour=mark.ink, align="center", baseline="middle")
        )
    return items


def _flowed(labels: Sequence[str], across: float, indent: float) -> tuple[int, float]:
    """Return how many columns of a legend fit, and how wide each is."""
    widest = max((width(label, SIZE) for label in labels), default=0.0) + indent + 14
    columns = max(1, min(len(labels), int(across // widest))) if labels else 1
    return columns, across / columns


def key(
    marks: Mapping[str, Mark], shown: Sequence[str], x: float, y: float, across: float
) -> tuple[list[Primitive], float]:
    """Draw the legend of the judgements; returns its items and its height."""
    items: list[Primitive] = []
    columns, wide = _flowed([marks[one].words for one in shown], across, 16)
    for number, judgement in enumerate(shown):
        left = x + (number % columns) * wide
        middle = y + 7 + (number // columns) * 15
        items += disc(left + 5.5, middle, marks[judgement], 5.5, "key")
        items.append(Text(left + 15, middle, marks[judgement].words, SIZE, baseline="middle"))
    rows = -(-len(shown) // columns)
    return items, rows * 15.0


def domain_names(
    blocks: Sequence[Block], x: float, y: float, across: float
) -> tuple[list[Primitive], float]:
    """Write the names of the domains; returns items and height."""
    items: list[Primitive] = []
    top = y
    named = list(dict.fromkeys((d.id, d.label) for b in blocks for d in b.instrument.domains))
    named.sort(key=lambda pair: pair[0])
    columns, wide = _flowed([f"{number} {label}" for number, label in named], across, 12)
    indent = max(width(number, SIZE, "bold") for number, _ in named) + 5
    deep = -(-len(named) // columns)
    for number, (ident, label) in enumerate(named):
        left, down = x + (number // deep) * wide, y + (number % deep) * 11 + 8
        items.append(Text(left, down, ident, SIZE, "bold"))
        items.append(Text(left + indent, down, label, SIZE))
    return items, y + deep * 11 + 3 - top
