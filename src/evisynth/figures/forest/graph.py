"""What stands in the graph of a forest plot: squares, intervals, diamonds, arrows, the axis."""

from __future__ import annotations

import math

from evisynth.figures.axis import Axis
from evisynth.figures.fonts import width, wrap
from evisynth.figures.forest.plan import Layout
from evisynth.figures.forest.rows import Row
from evisynth.figures.scene import Line, Polygon, Primitive, Rect, Text

__all__ = ["Graph"]


class Graph:
    """Primitives of the graph of one page."""

    def __init__(self, plan: Layout, axis: Axis, reference: float) -> None:
        self.plan = plan
        self.profile = plan.profile
        self.size = plan.profile.size
        self.axis = axis
        self.reference = reference
        self.under: list[Primitive] = []
        self.items: list[Primitive] = []

    def row(self, row: Row, y: float) -> None:
        """Draw what a row has in the graph."""
        if row.kind in ("study", "refit") and math.isfinite(row.estimate):
            self._study(row, y)
        elif row.kind in ("subtotal", "total") and math.isfinite(row.estimate):
            self._diamond(row, y)
        elif row.kind == "prediction":
            self._bar(row, y)

    def _interval(self, lower: float, upper: float, y: float, colour: str, line: float) -> None:
        """Draw a line between two values, with an arrow at each end that is cut off."""
        axis = self.axis
        left, right = axis.x(max(lower, axis.low)), axis.x(min(upper, axis.high))
        head = 4.2
        if lower < axis.low:
            self.items.append(_arrow(axis.left - 1.5, y, head, colour))
            left = axis.left + head - 1.5
        if upper > axis.high:
            self.items.append(_arrow(axis.right + 1.5, y, -head, colour))
            right = axis.right - head + 1.5
        if right > left:
            self.items.append(Line(left, y, right, y, colour, line))

    def _study(self, row: Row, y: float) -> None:
        axis = self.axis
        if row.upper < axis.low:
            self.items.append(_arrow(axis.left - 1.5, y, 4.2, "#000000"))
            return
        if row.lower > axis.high:
            self.items.append(_arrow(axis.right + 1.5, y, -4.2, "#000000"))
            return
        colour = (
            self.profile.square_dichotomous
            if self.plan.dichotomous
            else self.profile.square_continuous
        )
        share = min(max(row.weight, 0.0) / self.reference, 1.0) if row.weight > 0 else 0.0
        if row.kind == "refit" or not math.isfinite(row.weight):
            share = 0.4  # a fit of a subset, or a model without weights: all alike
        side = max(self.profile.square * math.sqrt(share), 1.4)
        if axis.holds(row.estimate):
            x = axis.x(row.estimate)
            self.items.append(Rect(x - side / 2, y - side / 2, side, side, fill=colour))
        self._interval(row.lower, row.upper, y, "#000000", 0.8)

    def _diamond(self, row: Row, y: float) -> None:
        axis = self.axis
        half = 0.36 * self.profile.row if row.kind == "total" else 0.3 * self.profile.row
        centre, left, right = (axis.x(value) for value in (row.estimate, row.lower, row.upper))
        if not (math.isfinite(left) and math.isfinite(right)):
            left = right = centre
        if right - left < 0.8:
            left, right = centre - 0.4, centre + 0.4
        colour = self.profile.diamond
        # Where a limit lies beyond the axis the diamond ends at its edge, with an arrow.
        if left < axis.left:
            self.items.append(_arrow(axis.left - 5.0, y, 5.0, colour))
            left = axis.left
        if right > axis.right:
            self.items.append(_arrow(axis.right + 5.0, y, -5.0, colour))
            right = axis.right
        points = ((left, y), (centre, y - half), (right, y), (centre, y + half))
        self.items.append(Polygon(points, fill=colour, stroke=colour, stroke_width=0.3))

    def _bar(self, row: Row, y: float) -> None:
        axis, colour = self.axis, self.profile.prediction
        self._interval(row.lower, row.upper, y, colour, 2.2)
        for value in (row.lower, row.upper):
            if axis.holds(value):
                x = axis.x(value)
                self.items.append(Line(x, y - 2.6, x, y + 2.6, colour, 0.8))

    def lines(self, top: float, bottom: float, pooled_from: float, pooled_to: float) -> None:
        """Draw the lines of no effect and of the pooled effect, under everything else."""
        axis = self.axis
        if math.isfinite(axis.null):
            null = axis.x(axis.null)
            self.under.append(Line(null, top - 2, null, bottom, self.profile.null, 0.7))
        estimate = self.plan.fit.estimate
        if self.plan.overall and math.isfinite(estimate) and axis.holds(estimate):
            x = axis.x(estimate)
            self.under.append(
                Line(x, pooled_from, x, pooled_to, self.profile.pooled, 0.6, dash=(2.4, 1.8))
            )

    def draw_axis(self, y: float) -> float:
        """Draw the axis with the words under it; returns their lower edge."""
        axis, size = self.axis, self.size
        self.items.append(Line(axis.left, y, axis.right, y, self.profile.rule))
        for tick in axis.ticks:
            x = axis.x(tick.value)
            self.items.append(Line(x, y, x, y + 3, self.profile.rule))
            label = self.profile.number(tick.label)
            self.items.append(Text(x, y + 4 + 0.78 * size, label, size, align="center"))
        bottom = y + 4 + size
        if self.plan.favours is None or self.profile.favours == "above":
            return bottom
        null = axis.x(axis.null)
        middle = bottom + 5.5
        gap = 5.0
        # Words may reach a little beyond the axis: to the page's edge or to the column on the left.
        beyond = self.profile.margin - 2
        sides = (
            (axis.left, null - gap, self.plan.favours[0], -1, axis.left - beyond),
            (null + gap, axis.right, self.plan.favours[1], 1, axis.right + beyond),
        )
        for left, right, words, direction, edge in sides:
            tip = left if direction < 0 else right
            tail = right if direction < 0 else left
            self.items.append(Line(tail, middle, tip - direction * 3.5, middle, "#000000", 0.7))
            self.items.append(_arrow(tip, middle, -direction * 4.0, "#000000"))
            room = abs(tail - edge)
            lines = wrap(words, room, size)
            for number, text in enumerate(lines):
                wide = width(text, size)
                # Centred under its arrow where it fits, else flush with the line of no effect.
                if direction < 0:
                    x = min(max((left + right) / 2 - wide / 2, edge), right - wide)
                else:
                    x = max(min((left + right) / 2 + wide / 2, edge) - wide, left)
                self.items.append(
                    Text(x, middle + 3 + (number + 0.8) * self.profile.line, text, size)
                )
            bottom = max(bottom, middle + 3 + len(lines) * self.profile.line)
        return bottom


def _arrow(tip: float, y: float, length: float, colour: str) -> Polygon:
    """Return a head pointing at (tip, y); ``length`` is signed towards its base."""
    half = abs(length) * 0.55
    return Polygon(((tip, y), (tip + length, y - half), (tip + length, y + half)), fill=colour)
