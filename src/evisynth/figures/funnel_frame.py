"""The plotting area of a funnel plot, and its legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from evisynth.figures.axis import Axis, Tick
from evisynth.figures.check import Box
from evisynth.figures.fonts import CAP_HEIGHT, width
from evisynth.figures.plane import Shape, marker
from evisynth.figures.scene import Circle, Line, Polygon, Primitive, Rect, Text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evisynth.effects import Scale
    from evisynth.synthesis import PooledFit

__all__ = ["HEIGHT", "LINE", "MARGIN", "NORMAL", "SIZE", "Frame", "Panel", "legend"]

SIZE = 8.0
LINE = 9.6
MARGIN = 8.0
HEIGHT = 205.0
"""Height of the plotting area, in points."""

ZONES = ((0.01, "#dfe8f2"), (0.05, "#f0f4f9"), (0.10, "#ffffff"))
"""From the outside in: P value at which a zone starts, and its fill."""

OUTER = "#ccd9ea"
NORMAL = 1.959963984540054

_ZONE_Z = {0.01: 2.5758293035489004, 0.05: NORMAL, 0.10: 1.6448536269514722}


@dataclass(frozen=True, slots=True)
class Panel:
    """What one panel shows: ``filled`` studies at the end, ``earlier`` is the effect before.

    ``marks`` are shape and colour of each study, where they stand for ``groups`` (words, shape and
    colour of each).
    """

    heading: str
    fit: PooledFit
    labels: tuple[str, ...]
    estimates: NDArray[np.float64]
    errors: NDArray[np.float64]
    filled: int
    earlier: float | None
    notes: tuple[str, ...]
    marks: tuple[tuple[Shape, str], ...] = ()
    groups: tuple[tuple[str, Shape, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """The plotting area of one panel."""

    axis: Axis
    top: float
    base: float
    depth: float
    down: tuple[Tick, ...]

    @property
    def bottom(self) -> float:
        """Lower edge of the words under the axis."""
        return self.base + 6 + SIZE + 3 + LINE

    def y(self, error: float) -> float:
        """Place of a standard error."""
        return self.top + error / self.depth * (self.base - self.top)

    def draw(
        self, panel: Panel, *, contours: bool, labels: bool
    ) -> tuple[list[Primitive], list[str]]:
        """Return the primitives, and the names for which there was no room."""
        axis = self.axis
        items: list[Primitive] = []
        wide, high = axis.right - axis.left, self.base - self.top
        if contours:
            items.append(Rect(axis.left, self.top, wide, high, fill=OUTER))
            for p, fill in ZONES:
                items.append(Polygon(self._wedge(axis.null, _ZONE_Z[p]), fill=fill))
        if math.isfinite(axis.null):
            items.append(self._upright("null", axis.null))
        items.extend(self._limits(panel.fit.estimate))
        if panel.earlier is not None:
            items.append(self._upright("earlier", panel.earlier))
        items.append(self._upright("pooled", panel.fit.estimate))
        items.append(Rect(axis.left, self.top, wide, high, stroke="#000000", stroke_width=0.7))
        points = self._points(panel)
        items.extend(self._marks(panel, points))
        items.extend(self._axes(panel.fit.effects.scale))
        if not labels:
            return items, []
        placed, missed = self._names(panel, points)
        return [*items, *placed], missed

    def _upright(self, kind: str, value: float) -> Line:
        x = self.axis.x(value)
        return replace(_LINES[kind], x1=x, x2=x, y1=self.top, y2=self.base)

    def _wedge(self, apex: float, z: float) -> tuple[tuple[float, float], ...]:
        """Area within ``z`` standard errors of a value, cut at the sides of the panel."""
        axis = self.axis
        out = [(axis.x(apex), self.top)]
        for direction in (1, -1):
            edge = axis.high if direction > 0 else axis.low
            meets = abs(edge - apex) / z
            if meets < self.depth:
                side = [(axis.x(edge), self.y(meets)), (axis.x(edge), self.base)]
            else:
                side = [(axis.x(apex + direction * z * self.depth), self.base)]
            out.extend(side if direction > 0 else side[::-1])
        return tuple(out)

    def _limits(self, centre: float) -> list[Primitive]:
        axis = self.axis
        out: list[Primitive] = []
        for direction in (-1, 1):
            edge = axis.high if direction > 0 else axis.low
            error = min(abs(edge - centre) / NORMAL, self.depth)
            x = axis.x(centre + direction * NORMAL * error)
            start = axis.x(centre)
            out.append(replace(_LINES["limits"], x1=start, y1=self.top, x2=x, y2=self.y(error)))
        return out

    def _marks(self, panel: Panel, points: Sequence[Circle]) -> list[Primitive]:
        """Return the points in the shapes of their groups; added studies stay hollow circles."""
        if not panel.marks:
            return list(points)
        first_filled = len(panel.labels) - panel.filled
        marks: list[Primitive] = [
            marker(shape, point.x, point.y, point.radius, colour)
            for point, (shape, colour) in zip(points, panel.marks, strict=False)
        ]
        return [*marks, *points[first_filled:]]

    def _points(self, panel: Panel) -> list[Circle]:
        radius = 2.7 if len(panel.labels) <= 60 else 2.0
        first_filled = len(panel.labels) - panel.filled
        out = []
        for index, (estimate, error) in enumerate(zip(panel.estimates, panel.errors, strict=True)):
            hollow = index >= first_filled
            out.append(
                Circle(
                    self.axis.x(float(estimate)),
                    self.y(float(error)),
                    radius,
                    fill="#ffffff" if hollow else "#1a1a1a",
                    stroke="#1a1a1a" if hollow else "#ffffff",
                    stroke_width=1.0 if hollow else 0.5,
                )
            )
        return out

    def _axes(self, scale: Scale) -> list[Primitive]:
        axis = self.axis
        words = f"{scale.label} ({scale.name} scale)" if scale.is_transformed else scale.label
        widest = max(width(tick.label, SIZE) for tick in self.down)
        out: list[Primitive] = [
            Text(
                (axis.left + axis.right) / 2,
                self.base + 6 + SIZE + 2 + 0.8 * LINE,
                words,
                SIZE,
                align="center",
            ),
            Text(
                axis.left - widest - 10,
                (self.top + self.base) / 2,
                "Standard error",
                SIZE,
                align="center",
                rotation=90,
            ),
        ]
        for tick in axis.ticks:
            x = axis.x(tick.value)
            out.append(Line(x, self.base, x, self.base + 3, "#000000", 0.7))
            out.append(Text(x, self.base + 6 + 0.78 * SIZE, tick.label, SIZE, align="center"))
        for tick in self.down:
            y = self.y(tick.value)
            out.append(Line(axis.left - 3, y, axis.left, y, "#000000", 0.7))
            out.append(Text(axis.left - 5, y, tick.label, SIZE, align="right", baseline="middle"))
        return out

    def _names(self, panel: Panel, points: Sequence[Circle]) -> tuple[list[Primitive], list[str]]:
        """Put each name beside its point where it covers nothing."""
        size = SIZE - 1
        taken = [
            Box(p.x - p.radius, p.y - p.radius, p.x + p.radius, p.y + p.radius) for p in points
        ]
        lines = [
            Box(x - 0.5, self.top, x + 0.5, self.base)
            for value in (panel.fit.estimate, self.axis.null)
            if math.isfinite(x := self.axis.x(value))
        ]
        out: list[Primitive] = []
        missed: list[str] = []
        count = len(panel.labels) - panel.filled
        for name, point in zip(panel.labels[:count], points[:count], strict=True):
            wide = width(name, size)
            for dx, dy, strict in _SPOTS:
                left = point.x + dx * (point.radius + 2) - (wide if dx < 0 else 0)
                left -= wide / 2 if dx == 0 else 0
                base = point.y + CAP_HEIGHT / 2 * size + dy
                spot = Box(left, base - 0.8 * size, left + wide, base + 0.25 * size)
                inside = (
                    spot.left >= self.axis.left + 1
                    and spot.right <= self.axis.right - 1
                    and spot.top >= self.top + 1
                    and spot.bottom <= self.base - 1
                )
                covered = [*taken, *lines] if strict else taken
                if inside and not any(spot.meets(other) for other in covered):
                    taken.append(spot)
                    out.append(Text(left, base, name, size))
                    break
            else:
                missed.append(name)
        return out, missed


_AROUND = (
    *((1, 0.0), (-1, 0.0), (0, -7.0), (0, 7.0)),
    *((1, -6.0), (1, 6.0), (-1, -6.0), (-1, 6.0)),
)
_SPOTS = tuple((dx, dy, strict) for strict in (True, False) for dx, dy in _AROUND)
"""Places of a name about its point, best first: side, points downwards, whether clear of lines."""


def legend(
    panels: Sequence[Panel], left: float, right: float, y: float, contours: bool
) -> tuple[list[Primitive], float]:
    """Write the legend under the panels, in as many lines as it needs; also its lower edge."""
    last = panels[-1]
    entries: list[tuple[str, str]] = [("study", "Study")]
    if last.groups:
        entries = [(f"group {number}", group[0]) for number, group in enumerate(last.groups)]
    if last.filled:
        entries.append(("filled", "Filled study"))
    entries.append(("pooled", "Pooled effect"))
    if last.earlier is not None:
        entries.append(("earlier", "Pooled effect before trim and fill"))
    entries.append(("limits", "Pseudo 95% limits"))
    if panels[0].fit.effects.scale.compares:
        entries.append(("null", "No effect"))
    if contours:
        entries += [("#ffffff", "P > 0.10"), ("#f0f4f9", "0.05 < P ≤ 0.10")]
        entries += [("#dfe8f2", "0.01 < P ≤ 0.05"), (OUTER, "P ≤ 0.01")]
    items: list[Primitive] = []
    x = left
    base = y + LINE
    for kind, words in entries:
        wide = KEY + 4 + width(words, SIZE)
        if x > left and (x + wide > right or kind == "#ffffff"):  # the zones on a line of their own
            x, base = left, base + LINE + 2.4
        middle = base - CAP_HEIGHT / 2 * SIZE
        if kind.startswith("group "):
            _, shape, colour = last.groups[int(kind.removeprefix("group "))]
            items.append(marker(shape, x + KEY / 2, middle, 2.7, colour))
        else:
            items.extend(_key(kind, x, middle))
        items.append(Text(x + KEY + 4, base, words, SIZE))
        x += wide + 12
    return items, base + 3


KEY = 16.0
"""Width of a key of the legend."""


def _key(kind: str, x: float, y: float) -> list[Primitive]:
    if kind == "study":
        return [Circle(x + KEY / 2, y, 2.7, fill="#1a1a1a", stroke="#ffffff", stroke_width=0.5)]
    if kind == "filled":
        return [Circle(x + KEY / 2, y, 2.7, fill="#ffffff", stroke="#1a1a1a", stroke_width=1.0)]
    if kind in _LINES:
        return [replace(_LINES[kind], x1=x, x2=x + KEY, y1=y, y2=y)]
    return [Rect(x, y - 4, KEY, 8, fill=kind, stroke="#767676", stroke_width=0.5)]


_LINES = {
    "pooled": Line(0, 0, 0, 0, "#000000", 1.0),
    "earlier": Line(0, 0, 0, 0, "#b3400e", 1.0, dash=(1.2, 1.8)),
    "limits": Line(0, 0, 0, 0, "#000000", 0.8, dash=(3.6, 2.4)),
    "null": Line(0, 0, 0, 0, "#767676", 0.6),
}
"""How each line looks, in the panels and in the legend."""
