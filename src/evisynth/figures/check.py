"""Finds what must not be on a page: texts over each other, or anything beyond its edge."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evisynth.figures.fonts import ASCENT, CAP_HEIGHT, DESCENT, width
from evisynth.figures.scene import Line, Polygon, Polyline, Primitive, Rect, Scene, Text

__all__ = ["Box", "box", "outside", "overlaps"]

INK_ASCENT = 0.78
"""Letters with accents on capitals reach higher; two lines may come as near as this."""

INK_DESCENT = 0.21


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: left, top, right, bottom, in points."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box, slack: float = 0.0) -> bool:
        """Whether two boxes share more than ``slack`` points in both directions."""
        return (
            min(self.right, other.right) - max(self.left, other.left) > slack
            and min(self.bottom, other.bottom) - max(self.top, other.top) > slack
        )


def box(item: Primitive) -> Box:
    """Return the rectangle about a primitive, strokes included.

    Examples
    --------
    >>> box(Rect(10, 10, 20, 5, fill="#000000"))
    Box(left=10, top=10, right=30, bottom=15)
    """
    if isinstance(item, Text):
        return _text_box(item, ASCENT, DESCENT)
    if isinstance(item, Line):
        points: tuple[tuple[float, float], ...] = ((item.x1, item.y1), (item.x2, item.y2))
        half = item.width / 2
    elif isinstance(item, Polyline):
        points, half = item.points, item.width / 2
    elif isinstance(item, Polygon):
        points, half = item.points, item.stroke_width / 2 if item.stroke else 0
    elif isinstance(item, Rect):
        points = ((item.x, item.y), (item.x + item.width, item.y + item.height))
        half = item.stroke_width / 2 if item.stroke else 0
    else:
        reach = item.radius + (item.stroke_width / 2 if item.stroke else 0)
        return Box(item.x - reach, item.y - reach, item.x + reach, item.y + reach)
    across, down = [p[0] for p in points], [p[1] for p in points]
    return Box(min(across) - half, min(down) - half, max(across) + half, max(down) + half)


def _text_box(item: Text, ascent: float, descent: float) -> Box:
    wide = width(item.text, item.size, item.weight, item.style)
    left = {"left": 0.0, "center": -wide / 2, "right": -wide}[item.align]
    down = offset(item)
    top, bottom = down - ascent * item.size, down + descent * item.size
    turn = math.radians(item.rotation)
    cos, sin = math.cos(turn), math.sin(turn)
    corners = [(x, y) for x in (left, left + wide) for y in (top, bottom)]
    across = [item.x + x * cos + y * sin for x, y in corners]
    along = [item.y - x * sin + y * cos for x, y in corners]
    return Box(min(across), min(along), max(across), max(along))


def offset(item: Text) -> float:
    """How far below its anchor the baseline of a text lies, in points."""
    return (
        item.size
        * {
            "alphabetic": 0.0,
            "middle": CAP_HEIGHT / 2,
            "top": ASCENT,
            "bottom": -DESCENT,
        }[item.baseline]
    )


def overlaps(scene: Scene, slack: float = 0.25) -> list[tuple[Text, Text]]:
    """Return the pairs of texts whose letters lie over each other.

    Parameters
    ----------
    scene
        A page.
    slack
        Points that two boxes may share.

    Examples
    --------
    >>> page = Scene(80, 20, (Text(10, 10, "one"), Text(14, 10, "two")))
    >>> [(a.text, b.text) for a, b in overlaps(page)]
    [('one', 'two')]
    """
    boxes = sorted(
        (
            (_text_box(text, INK_ASCENT, INK_DESCENT), index, text)
            for index, text in enumerate(scene.texts)
            if text.text.strip()
        ),
        key=lambda entry: (entry[0].top, entry[1]),
    )
    found = []
    for at, (mine, _, text) in enumerate(boxes):
        for theirs, _, other in boxes[at + 1 :]:
            if theirs.top >= mine.bottom:
                break
            if mine.meets(theirs, slack):
                found.append((text, other))
    return found


def outside(scene: Scene, slack: float = 0.01) -> list[Primitive]:
    """Return what reaches beyond the page (or is not at a finite place).

    Examples
    --------
    >>> from evisynth.figures.scene import Circle
    >>> outside(Scene(20, 20, (Circle(10, 10, 4), Circle(18, 10, 4))))
    [Circle(x=18, y=10, radius=4, fill='', stroke='', stroke_width=0.75, group='')]
    """
    found: list[Primitive] = []
    for item in scene.items:
        around = box(item)
        inside = (
            around.left >= -slack
            and around.top >= -slack
            and around.right <= scene.width + slack
            and around.bottom <= scene.height + slack
        )
        if not inside:  # also where a coordinate is NaN
            found.append(item)
    return found
