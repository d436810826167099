"""A picture as data: primitives on a page, in points, before anything is drawn.

The origin is the upper left corner, x grows to the right and y downwards; one unit is one point
(1/72 inch). A `Scene` knows nothing of matplotlib: `evisynth.figures.draw` turns it into bytes and
`evisynth.figures.check` measures it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from evisynth.errors import DataError

__all__ = [
    "Align",
    "Baseline",
    "Circle",
    "Line",
    "Polygon",
    "Polyline",
    "Primitive",
    "Rect",
    "Scene",
    "Style",
    "Text",
    "Weight",
]

Align = Literal["left", "center", "right"]
Baseline = Literal["alphabetic", "middle", "top", "bottom"]
Weight = Literal["normal", "bold"]
Style = Literal["normal", "italic"]

Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text.

    Attributes
    ----------
    x, y : float
        Anchor.
    text : str
        One line; wrap longer text with `evisynth.figures.fonts.wrap` and place a line each.
    size : float
        Font size in points.
    weight, style : str
        ``"normal"`` or ``"bold"``; ``"normal"`` or ``"italic"``.
    colour : str
        ``"#rrggbb"``.
    align : {"left", "center", "right"}
        Which part of the text stands at `x`.
    baseline : {"alphabetic", "middle", "top", "bottom"}
        What of the text stands at `y`: its baseline, the middle of its capitals, its upper or its
        lower edge.
    rotation : float
        Degrees, counterclockwise, about the anchor.
    group : str
        Name of the group that the primitive belongs to; neighbours of one name are drawn as one
        group (an element with an id in SVG).
    """

    x: float
    y: float
    text: str
    size: float = 8.0
    weight: Weight = "normal"
    style: Style = "normal"
    colour: str = "#000000"
    align: Align = "left"
    baseline: Baseline = "alphabetic"
    rotation: float = 0.0
    group: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line; ``dash`` is lengths on and off in points, empty for a solid line."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str = "#000000"
    width: float = 0.75
    dash: tuple[float, ...] = ()
    group: str = ""


@dataclass(frozen=True, slots=True)
class Polyline:
    """Straight lines through points, open."""

    points: tuple[Point, ...]
    colour: str = "#000000"
    width: float = 0.75
    dash: tuple[float, ...] = ()
    group: str = ""


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle from its upper left corner; ``fill`` and ``stroke`` may be ``""`` for none.

    ``radius`` rounds the corners.
    """

    x: float
    y: float
    width: float
    height: float
    fill: str = ""
    stroke: str = ""
    stroke_width: float = 0.75
    radius: float = 0.0
    group: str = ""


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed shape through points."""

    points: tuple[Point, ...]
    fill: str = ""
    stroke: str = ""
    stroke_width: float = 0.75
    group: str = ""


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle about (x, y)."""

    x: float
    y: float
    radius: float
    fill: str = ""
    stroke: str = ""
    stroke_width: float = 0.75
    group: str = ""


Primitive: TypeAlias = Text | Line | Polyline | Rect | Polygon | Circle


@dataclass(frozen=True, slots=True)
class Scene:
    """One page of a figure.

    Attributes
    ----------
    width, height : float
        Size in points.
    items : tuple of primitives
        In drawing order: later ones lie over earlier ones.

    Examples
    --------
    >>> page = Scene(100.0, 20.0, (Text(50, 10, "n = 3", align="center"),))
    >>> page.texts[0].text
    'n = 3'
    """

    width: float
    height: float
    items: tuple[Primitive, ...]

    def __post_init__(self) -> None:
        if not (0 < self.width < float("inf") and 0 < self.height < float("inf")):
            raise DataError(
                f"scene: width {self.width!r} and height {self.height!r} must be positive points"
            )

    @property
    def texts(self) -> tuple[Text, ...]:
        """The texts, in drawing order."""
        return tuple(item for item in self.items if isinstance(item, Text))

    def shifted(self, dx: float, dy: float, *, width: float, height: float) -> Scene:
        """Return the scene moved by (dx, dy) on a page of another size."""
        return Scene(width, height, tuple(_shift(item, dx, dy) for item in self.items))

    def scaled(self, factor: float) -> Scene:
        """Return the scene larger or smaller, its letters and lines with it.

        Examples
        --------
        >>> small = Scene(100.0, 20.0, (Text(50, 10, "n = 3", size=8.0),)).scaled(0.5)
        >>> small.width, small.texts[0].size
        (50.0, 4.0)
        """
        if factor == 1.0:
            return self
        items = tuple(_scale(item, factor) for item in self.items)
        return Scene(self.width * factor, self.height * factor, items)


def _scale(item: Primitive, factor: float) -> Primitive:
    if isinstance(item, Polyline | Polygon):
        item = replace(item, points=tuple((x * factor, y * factor) for x, y in item.points))
    elif isinstance(item, Line):
        ends = {name: getattr(item, name) * factor for name in ("x1", "y1", "x2", "y2")}
        item = replace(item, **ends)
    else:
        item = replace(item, x=item.x * factor, y=item.y * factor)
    if isinstance(item, Text):
        return replace(item, size=item.size * factor)
    if isinstance(item, Line | Polyline):
        dash = tuple(length * factor for length in item.dash)
        return replace(item, width=item.width * factor, dash=dash)
    if isinstance(item, Rect):
        item = replace(
            item,
            width=item.width * factor,
            height=item.height * factor,
            radius=item.radius * factor,
        )
    elif isinstance(item, Circle):
        item = replace(item, radius=item.radius * factor)
    return replace(item, stroke_width=item.stroke_width * factor)


def _shift(item: Primitive, dx: float, dy: float) -> Primitive:
    if isinstance(item, Line):
        return replace(item, x1=item.x1 + dx, x2=item.x2 + dx, y1=item.y1 + dy, y2=item.y2 + dy)
    if isinstance(item, Polyline | Polygon):
        return replace(item, points=tuple((x + dx, y + dy) for x, y in item.points))
    return replace(item, x=item.x + dx, y=item.y + dy)
