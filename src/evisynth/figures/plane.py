"""A plotting area with two axes, points, curves and bands, and the page about it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from evisynth.figures.axis import Tick, fitted_axis, linear_ticks
from evisynth.figures.check import Box
from evisynth.figures.fonts import CAP_HEIGHT, width, wrap
from evisynth.figures.scene import Circle, Line, Polygon, Polyline, Primitive, Rect, Scene, Text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evisynth.effects import Scale

__all__ = [
    "HEIGHT",
    "INK",
    "LINE",
    "MARGIN",
    "PALETTE",
    "SIZE",
    "WIDTH",
    "Key",
    "Plane",
    "Shape",
    "Span",
    "effect_span",
    "linear_span",
    "marker",
    "one_panel",
    "panels",
]

SIZE, LINE, MARGIN = 8.0, 9.6, 8.0
WIDTH, HEIGHT = 330.0, 230.0
"""Plotting area of a figure with one panel, in points."""

INK, GREY, PALE = "#1a1a1a", "#595959", "#767676"
KEY = 16.0

Shape: TypeAlias = Literal["circle", "square", "triangle", "diamond", "turned"]

PALETTE: tuple[tuple[Shape, str], ...] = (
    ("circle", "#0072b2"),
    ("triangle", "#b34700"),
    ("square", "#007355"),
    ("diamond", "#a3386f"),
    ("turned", "#6b5b00"),
    ("circle", "#1a1a1a"),
)
"""Shape and colour of each group: both, so that neither carries a group alone."""

Floats: TypeAlias = "NDArray[np.float64] | Sequence[float]"


@dataclass(frozen=True, slots=True)
class Span:
    """Range of one axis, its ticks and its words."""

    low: float
    high: float
    ticks: tuple[Tick, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of the legend: words and how they look."""

    words: str
    kind: Literal["marker", "line", "area"]
    colour: str = INK
    fill: str = INK
    shape: Shape = "circle"
    dash: tuple[float, ...] = ()
    width: float = 1.0


def linear_span(
    values: Iterable[float], words: str, room: float = HEIGHT, *, pad: float = 0.04, most: int = 7
) -> Span:
    """Return an axis that holds finite values, with round ticks.

    Examples
    --------
    >>> span = linear_span([0.3, 4.2], "Dose")
    >>> [tick.label for tick in span.ticks]
    ['0', '1', '2', '3', '4', '5']
    """
    found = [float(value) for value in values if math.isfinite(value)]
    low, high = (min(found), max(found)) if found else (0.0, 1.0)
    if not high - low > 1e-9 * max(abs(low), abs(high), 1e-300):
        reach = abs(low) * 0.5 or 1.0
        low, high = low - reach, high + reach
    extra = pad * (high - low)
    start = low - extra if low < 0 or low - extra > 0 else low
    low, high, ticks = linear_ticks(start, high + extra, room, SIZE, most)
    return Span(low, high, ticks, words)


def effect_span(
    values: Iterable[float], scale: Scale, room: float = WIDTH, *, words: str = ""
) -> Span:
    """Return an axis of effects on the pooled scale, its ticks on the shown one."""
    found = [float(value) for value in values if math.isfinite(value)]
    low, high = (min(found), max(found)) if found else (scale.null, scale.null)
    if not high - low > 1e-9 * max(abs(low), abs(high), 1e-300):
        low, high = low - 0.5, high + 0.5
    pad = 0.03 * (high - low)
    axis = fitted_axis(scale, low - pad, high + pad, 0.0, room, SIZE)
    shown = f"{scale.label} ({scale.name} scale)" if scale.is_transformed else scale.label
    return Span(axis.low, axis.high, axis.ticks, words or shown)


def marker(
    shape: Shape, x: float, y: float, radius: float, fill: str, stroke: str = "#ffffff"
) -> Primitive:
    """Return a mark of a point; all shapes cover about the same area."""
    line = 1.0 if fill == "#ffffff" else 0.5
    if shape == "circle":
        return Circle(x, y, radius, fill=fill, stroke=stroke, stroke_width=line)
    if shape == "square":
        half = 0.89 * radius
        return Rect(x - half, y - half, 2 * half, 2 * half, fill, stroke, line)
    if shape == "diamond":
        half = 1.25 * radius
        corners = ((x, y - half), (x + half, y), (x, y + half), (x - half, y))
        return Polygon(corners, fill, stroke, line)
    up = 1.35 * radius * (1 if shape == "triangle" else -1)
    points = ((x, y - up), (x + 1.17 * radius, y + up / 2), (x - 1.17 * radius, y + up / 2))
    return Polygon(points, fill, stroke, line)


@dataclass(slots=True)
class Plane:
    """A plotting area while it is drawn; values are those of the axes, places are points."""

    x: Span
    y: Span
    left: float
    top: float
    wide: float = WIDTH
    high: float = HEIGHT
    heading: str = ""
    under: list[Primitive] = field(default_factory=list)
    items: list[Primitive] = field(default_factory=list)
    over: list[Primitive] = field(default_factory=list)
    taken: list[Box] = field(default_factory=list)

    def px(self, value: float) -> float:
        """Place of a value across."""
        return self.left + (value - self.x.low) / (self.x.high - self.x.low) * self.wide

    def py(self, value: float) -> float:
        """Place of a value downwards; large values stand high unless the span is turned over."""
        return self.base - (value - self.y.low) / (self.y.high - self.y.low) * self.high

    @property
    def base(self) -> float:
        """Lower edge of the plotting area."""
        return self.top + self.high

    @property
    def right(self) -> float:
        """Right edge of the plotting area."""
        return self.left + self.wide

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in the plotting area."""
        across = self.left - 1e-6 <= self.px(x) <= self.right + 1e-6
        return across and self.top - 1e-6 <= self.py(y) <= self.base + 1e-6

    # ---- what is drawn ------------------------------------------------------------------------

    def upright(
        self, value: float, colour: str = PALE, width: float = 0.7, dash: tuple[float, ...] = ()
    ) -> None:
        """Draw a line at a value of x."""
        if math.isfinite(value) and self.x.low <= value <= self.x.high:
            x = self.px(value)
            self.under.append(Line(x, self.top, x, self.base, colour, width, dash))

    def level(
        self, value: float, colour: str = PALE, width: float = 0.7, dash: tuple[float, ...] = ()
    ) -> None:
        """Draw a line at a value of y."""
        if math.isfinite(value) and self.y.low <= value <= self.y.high:
            y = self.py(value)
            self.under.append(Line(self.left, y, self.right, y, colour, width, dash))

    def curve(
        self,
        xs: Floats,
        ys: Floats,
        colour: str = INK,
        width: float = 1.0,
        dash: tuple[float, ...] = (),
    ) -> None:
        """Draw a curve, cut at the edges of the plotting area; NaN interrupts it."""
        points = [(self.px(float(x)), self.py(float(y))) for x, y in zip(xs, ys, strict=True)]
        box = (self.left, self.top, self.right, self.base)
        run: list[tuple[float, float]] = []
        for first, second in pairwise(points):
            cut = _cut(first, second, box)
            if cut is None or (run and run[-1] != cut[0]):
                self._finish(run, colour, width, dash)
                run = []
            if cut is not None:
                run.extend(cut if not run else cut[1:])
        self._finish(run, colour, width, dash)

    def _finish(
        self,
        run: list[tuple[float, float]],
        colour: str,
        width: float,
        dash: tuple[float, ...],
    ) -> None:
        if len(run) > 1:
            self.items.append(Polyline(tuple(run), colour, width, dash))

    def band(self, xs: Floats, lower: Floats, upper: Floats, fill: str) -> None:
        """Fill between two curves over the same x, within the plotting area."""
        kept = [
            (self.px(float(x)), self._held(float(a)), self._held(float(b)))
            for x, a, b in zip(xs, lower, upper, strict=True)
            if math.isfinite(x) and math.isfinite(a + b) and self.x.low <= x <= self.x.high
        ]
        if len(kept) > 1:
            there = [(x, y) for x, y, _ in kept]
            back = [(x, y) for x, _, y in reversed(kept)]
            self.under.append(Polygon((*there, *back), fill=fill))

    def sideways(self, ys: Floats, lower: Floats, upper: Floats, fill: str) -> None:
        """Fill between two curves over the same y, within the plotting area."""
        kept = [
            (self._held(float(y)), self._across(float(a)), self._across(float(b)))
            for y, a, b in zip(ys, lower, upper, strict=True)
            if math.isfinite(y) and math.isfinite(a + b)
        ]
        if len(kept) > 1:
            down = [(left, y) for y, left, _ in kept]
            up = [(right, y) for y, _, right in reversed(kept)]
            self.under.append(Polygon((*down, *up), fill=fill))

    def _across(self, value: float) -> float:
        return min(max(self.px(value), self.left), self.right)

    def _held(self, value: float) -> float:
        return min(max(self.py(value), self.top), self.base)

    def dot(
        self,
        x: float,
        y: float,
        radius: float = 2.7,
        *,
        fill: str = INK,
        stroke: str = "#ffffff",
        shape: Shape = "circle",
    ) -> None:
        """Draw a point that lies in the plotting area."""
        if not (math.isfinite(x) and math.isfinite(y) and self.holds(x, y)):
            return
        at = self.px(x), self.py(y)
        self.items.append(marker(shape, *at, radius, fill, stroke))
        self.taken.append(Box(at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius))

    def names(
        self, labels: Sequence[str], xs: Floats, ys: Floats, radius: float | Sequence[float] = 2.7
    ) -> list[str]:
        """Put names beside their points where they cover nothing; returns those without room."""
        size = SIZE - 1
        missed = []
        radii = [radius] * len(labels) if isinstance(radius, float) else list(radius)
        for name, x, y, reach in zip(labels, xs, ys, radii, strict=True):
            if not (math.isfinite(x) and math.isfinite(y) and self.holds(float(x), float(y))):
                missed.append(name)
                continue
            at = self.px(float(x)), self.py(float(y))
            if not self._named(name, at, reach, size):
                missed.append(name)
        return missed

    def _named(self, name: str, at: tuple[float, float], radius: float, size: float) -> bool:
        wide = width(name, size)
        for dx, dy in _AROUND:
            left = at[0] + dx * (radius + 2) - (wide if dx < 0 else wide / 2 if dx == 0 else 0)
            base = at[1] + CAP_HEIGHT / 2 * size + dy * (radius + 4.3)
            spot = Box(left, base - 0.8 * size, left + wide, base + 0.25 * size)
            inside = (
                spot.left >= self.left + 1
                and spot.right <= self.right - 1
                and spot.top >= self.top + 1
                and spot.bottom <= self.base - 1
            )
            if inside and not any(spot.meets(other) for other in self.taken):
                self.taken.append(spot)
                self.over.append(Text(left, base, name, size))
                return True
        return False

    def note(self, x: float, y: float, words: str, *, colour: str = GREY) -> bool:
        """Write words at a point (their left end, middle) unless they cover something."""
        size = SIZE - 1
        left, base = self.px(x), self.py(y) + CAP_HEIGHT / 2 * size
        spot = Box(left, base - 0.8 * size, left + width(words, size), base + 0.25 * size)
        free = (
            spot.left >= self.left
            and spot.right <= self.right
            and spot.top >= self.top
            and spot.bottom <= self.base
            and not any(spot.meets(other) for other in self.taken)
        )
        if free:
            self.taken.append(spot)
            self.over.append(Text(left, base, words, size, colour=colour))
        return free

    def drawn(self) -> list[Primitive]:
        """Return everything, with frame and axes."""
        frame = Rect(self.left, self.top, self.wide, self.high, stroke="#000000", stroke_width=0.7)
        return [*self.under, *self.items, frame, *self.over, *self._axes()]

    def _axes(self) -> list[Primitive]:
        out: list[Primitive] = []
        for tick in self.x.ticks:
            x = self.px(tick.value)
            out.append(Line(x, self.base, x, self.base + 3, "#000000", 0.7))
            out.append(Text(x, self.base + 6 + 0.78 * SIZE, tick.label, SIZE, align="center"))
        for tick in self.y.ticks:
            y = self.py(tick.value)
            out.append(Line(self.left - 3, y, self.left, y, "#000000", 0.7))
            out.append(Text(self.left - 5, y, tick.label, SIZE, align="right", baseline="middle"))
        middle = (self.left + self.right) / 2
        down = self.base + 6 + SIZE + 2
        for number, line in enumerate(wrap(self.x.words, self.wide, SIZE) if self.x.words else ()):
            out.append(Text(middle, down + (number + 0.8) * LINE, line, SIZE, align="center"))
        lines = wrap(self.y.words, self.high, SIZE) if self.y.words else ()
        for number, line in enumerate(reversed(lines)):
            x = self.left - self.ticks_wide - 10 - number * LINE
            y = (self.top + self.base) / 2
            out.append(Text(x, y, line, SIZE, align="center", rotation=90))
        if self.heading:
            for number, line in enumerate(reversed(wrap(self.heading, self.wide, SIZE, "bold"))):
                out.append(Text(self.left, self.top - 4 - number * LINE, line, SIZE, "bold"))
        return out

    @property
    def ticks_wide(self) -> float:
        """Width of the labels of the upright axis."""
        return max((width(tick.label, SIZE) for tick in self.y.ticks), default=0.0)

    @property
    def side(self) -> float:
        """Room that the upright axis takes, left of the plotting area."""
        lines = len(wrap(self.y.words, self.high, SIZE)) if self.y.words else 0
        return self.ticks_wide + 11 + lines * LINE

    @property
    def foot(self) -> float:
        """Lower edge of the words under the level axis."""
        lines = len(wrap(self.x.words, self.wide, SIZE)) if self.x.words else 0
        return self.base + 8 + SIZE + lines * LINE + 3

    @property
    def beyond(self) -> float:
        """How far the last tick label reaches beyond the right edge."""
        if not self.x.ticks:
            return 0.0
        last = self.x.ticks[-1]
        return max(0.0, self.px(last.value) + width(last.label, SIZE) / 2 - self.right)


_AROUND = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1))
"""Places of a name about its point, best first: right, left, above, below, corners."""


def _cut(
    first: tuple[float, float],
    second: tuple[float, float],
    box: tuple[float, float, float, float],
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Return the part of a line within a rectangle (Liang and Barsky 1984), or None."""
    if not all(math.isfinite(value) for value in (*first, *second)):
        return None
    dx, dy = second[0] - first[0], second[1] - first[1]
    start, end = 0.0, 1.0
    for step, gap in (
        (-dx, first[0] - box[0]),
        (dx, box[2] - first[0]),
        (-dy, first[1] - box[1]),
        (dy, box[3] - first[1]),
    ):
        if step == 0:
            if gap < 0:
                return None
            continue
        share = gap / step
        if step < 0:
            start = max(start, share)
        else:
            end = min(end, share)
    if start > end:
        return None
    here = first if start == 0 else (first[0] + start * dx, first[1] + start * dy)
    there = second if end == 1 else (first[0] + end * dx, first[1] + end * dy)
    return here, there


def _legend(
    keys: Sequence[Key], left: float, right: float, y: float
) -> tuple[list[Primitive], float]:
    """Write the legend in as many lines as it needs; also its lower edge."""
    items: list[Primitive] = []
    x, base = left, y + LINE
    for key in keys:
        room = right - left - KEY - 4
        lines = wrap(key.words, room, SIZE)
        wide = KEY + 4 + max(width(line, SIZE) for line in lines)
        if x > left and x + wide > right:
            x, base = left, base + LINE + 2.4
        middle = base - CAP_HEIGHT / 2 * SIZE
        if key.kind == "marker":
            items.append(marker(key.shape, x + KEY / 2, middle, 2.7, key.fill, key.colour))
        elif key.kind == "line":
            items.append(Line(x, middle, x + KEY, middle, key.colour, key.width, key.dash))
        else:
            items.append(Rect(x, middle - 4, KEY, 8, key.fill, PALE, 0.5))
        for number, line in enumerate(lines):
            items.append(Text(x + KEY + 4, base + number * LINE, line, SIZE))
        base += (len(lines) - 1) * LINE
        x += wide + 12
    return items, base + 3 if keys else y


def panels(
    planes: Sequence[Callable[[float, float], Plane]],
    *,
    columns: int = 1,
    keys: Sequence[Key] = (),
    title: str = "",
    notes: Sequence[str] = (),
    unnamed: Callable[[], Sequence[str]] | None = None,
    least: float = 0.0,
) -> Scene:
    """Put plotting areas on a page: title above, legend and notes below.

    Parameters
    ----------
    planes
        Each makes its plotting area, with everything in it, given its left and upper edge.
    columns
        Plotting areas side by side.
    keys, title, notes
        Legend, bold line above, lines below.
    unnamed
        Names of studies for which there was no room, once all is drawn.
    least
        Least width of the page.
    """
    probes = [make(0.0, 0.0) for make in planes]
    columns = min(columns, len(planes))
    side = max(plane.side for plane in probes)
    wide = max(plane.wide for plane in probes)
    beyond = max(plane.beyond for plane in probes)
    step = side + wide + max(beyond, 4.0) + 10
    right = MARGIN + (columns - 1) * step + side + wide
    right = max(right, least - MARGIN)
    items: list[Primitive] = []
    y = MARGIN
    for line in wrap(title, right - MARGIN, SIZE + 1.5, "bold") if title else ():
        y += LINE + 1.5
        items.append(Text(MARGIN, y, line, SIZE + 1.5, "bold"))
    y += 6 if title else 2
    for start in range(0, len(planes), columns):
        row = probes[start : start + columns]
        heads = [wrap(p.heading, p.wide, SIZE, "bold") if p.heading else () for p in row]
        top = y + max(len(lines) for lines in heads) * LINE + 4
        bottom = top
        for number, make in enumerate(planes[start : start + columns]):
            plane = make(MARGIN + number * step + side, top)
            items.extend(plane.drawn())
            bottom = max(bottom, plane.foot)
        y = bottom + 6
    drawn, y = _legend(keys, MARGIN, right, y)
    items.extend(drawn)
    lines = list(notes)
    without = list(unnamed()) if unnamed is not None else []
    if without:
        lines.append(f"No room for the names of: {', '.join(without)}")
    for line in lines:
        for piece in wrap(line, right - MARGIN, SIZE):
            y += LINE
            items.append(Text(MARGIN, y, piece, SIZE))
        y += 2
    return Scene(right + max(MARGIN, beyond + 3), y + MARGIN, tuple(items))


def one_panel(
    x: Span,
    y: Span,
    draw: Callable[[Plane], Sequence[str]],
    *,
    keys: Sequence[Key] = (),
    title: str = "",
    notes: Sequence[str] = (),
    wide: float = WIDTH,
    high: float = HEIGHT,
) -> Scene:
    """Return a page with one plotting area; ``draw`` returns the names without room."""
    left_out: list[str] = []

    def make(left: float, top: float) -> Plane:
        plane = Plane(x, y, left, top, wide, high)
        left_out[:] = draw(plane)
        return plane

    return panels([make], keys=keys, title=title, notes=notes, unnamed=lambda: left_out)
