"""One page of a forest plot: header, rows, graph, lines under the table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evisynth.figures.fonts import CAP_HEIGHT, width, wrap
from evisynth.figures.forest.graph import Graph
from evisynth.figures.forest.grid import Grid, band_lines, heading_lines, split_decimal
from evisynth.figures.forest.plan import DISC, GAP, Layout, cell_width, weight_of
from evisynth.figures.forest.rows import Row
from evisynth.figures.scene import Align, Line, Primitive, Scene, Text, Weight

__all__ = ["Page"]

LEAST_ROOM = 26.0
"""Room for the lines under the table, in font sizes, below which they go under the axis."""


class Page:
    """One page while it is built; y runs downwards."""

    def __init__(self, plan: Layout, grid: Grid, name: str) -> None:
        self.plan = plan
        self.grid = grid
        self.name = name
        self.profile = plan.profile
        self.size = plan.profile.size
        self.under: list[Primitive] = []
        self.items: list[Primitive] = []
        reference = [row.weight for row in plan.rows if row.kind == "study" and row.weight > 0]
        # One dominant study must not shrink all others to dots.
        largest = min(max(reference), 3 * float(np.quantile(reference, 0.75))) if reference else 1.0
        self.graph = Graph(plan, grid.axis, largest)

    def build(self, rows: Sequence[Row], last: bool) -> Scene:
        """Place header, rows, axis and (on the last page) the lines under the table."""
        y = self._header(self.profile.margin)
        top = y
        pooled_from = y
        pooled_to = y
        for row in rows:
            height = self._row(row, y)
            y += height
            if row.kind in ("study", "refit", "subtotal", "total"):
                pooled_to = y - height / 2
        y += 2
        self.graph.lines(top, y, pooled_from, pooled_to)
        bottom = self.graph.draw_axis(y)
        if last:
            bottom = max(bottom, self._footer(y + 3, bottom))
            bottom = self._legend(bottom)
        if self.name:
            self._put(self.grid.right - self.profile.margin, bottom + 10, self.name, align="right")
            bottom += 12
        items = (*self.graph.under, *self.under, *self.items, *self.graph.items)
        return Scene(self.grid.right, bottom + self.profile.margin, items)

    def _put(
        self,
        x: float,
        y: float,
        text: str,
        *,
        weight: Weight = "normal",
        align: Align = "left",
        size: float | None = None,
    ) -> None:
        self.items.append(Text(x, y, text, size or self.size, weight, align=align))

    # ---- header -------------------------------------------------------------------------------

    def _header(self, y: float) -> float:
        line = self.profile.line
        grid, size = self.grid, self.size
        if self.plan.title:
            room = grid.right - 2 * self.profile.margin
            for text in wrap(self.plan.title, room, size + 1.5, "bold"):
                y += line + 1.5
                self._put(self.profile.margin, y, text, weight="bold", size=size + 1.5)
            y += 6
        heads = [(place, heading_lines(place.column.heading, size)) for place in grid.columns]
        effect = wrap(self.plan.effect[0], grid.effect.right - grid.effect.left, size, "bold")
        graph = self._graph_heading()
        bands = self._bands()
        lower = max([1, *(len(lines) for _, lines in heads)])
        upper = max(
            [
                len(effect),
                self._sides_lines() - lower,
                len(graph),
                *(len(lines) for lines, _, _ in bands),
            ]
        )
        base = y + (upper + lower) * line
        rule = y + upper * line + 2.4
        for lines, left, right in bands:
            for number, text in enumerate(reversed(lines)):
                self._put(
                    (left + right) / 2,
                    rule - 2.4 - number * line,
                    text,
                    weight="bold",
                    align="center",
                )
            self.items.append(Line(left, rule, right, rule, self.profile.rule, 0.5))
        base += 1.6
        self._put(grid.label[0], base, self.plan.heading or self.profile.heading, weight="bold")
        others = [place for place in (grid.weight, grid.certainty) if place is not None]
        for place, lines in [*heads, *((place, (place.column.heading,)) for place in others)]:
            align: Align = "left" if place.column.align == "left" else "center"
            x = place.left if align == "left" else (place.left + place.right) / 2
            if place.column.align == "right":
                x, align = place.right, "right"
            for number, text in enumerate(reversed(lines)):
                self._put(x, base - number * line, text, weight="bold", align=align)
        middle = (grid.effect.left + grid.effect.right) / 2
        centre = (grid.axis.left + grid.axis.right) / 2
        for x, over in ((middle, effect), (centre, graph)):
            for number, text in enumerate([self.plan.effect[1], *reversed(over)] if over else []):
                self._put(x, base - number * line, text, weight="bold", align="center")
        self._disc_header(base)
        self._sides_above(base)
        y = base + 3.2
        self.items.append(
            Line(self.profile.margin, y, grid.right - self.profile.margin, y, self.profile.rule)
        )
        return y + 2

    def _graph_heading(self) -> tuple[str, ...]:
        """Words over the graph: the measure, unless the sides or the estimates stand there."""
        grid = self.grid
        if self.profile.favours == "above" or not grid.effect_first:
            return ()
        return wrap(self.plan.effect[0], grid.axis.right - grid.axis.left, self.size, "bold")

    def _sides_above(self, base: float) -> None:
        """Write what each side favours over the graph, parted by the line of no effect."""
        if self.plan.favours is None or self.profile.favours != "above":
            return
        axis = self.grid.axis
        null = axis.x(axis.null)
        sides = self._sides(null, axis.left, axis.right)
        up = self._lift(sides) * self.profile.line
        for words, x, room, align in sides:
            for number, text in enumerate(reversed(wrap(words, room, self.size, "bold"))):
                down = base - up - number * self.profile.line
                self._put(x, down, text, weight="bold", align=align)

    def _lift(self, sides: Sequence[tuple[str, float, float, Align]]) -> int:
        """How many lines the words go up so that they stand over the headings beside the graph."""
        axis = self.grid.axis
        if sides[0][1] - sides[0][2] < axis.left - GAP / 2:
            room = self.grid.effect.right - self.grid.effect.left
            return 1 + len(wrap(self.plan.effect[0], room, self.size, "bold"))
        return 1 if sides[1][1] + sides[1][2] > axis.right + GAP / 2 else 0

    def _sides(
        self, null: float, left: float, right: float
    ) -> tuple[tuple[str, float, float, Align], ...]:
        words = self.plan.favours or ("", "")
        longest = [
            max(width(word, self.size, "bold") for word in (*side.split(), "")) for side in words
        ]
        return (
            (words[0], null - 5, max(null - 5 - left, longest[0]), "right"),
            (words[1], null + 5, max(right - null - 5, longest[1]), "left"),
        )

    def _sides_lines(self) -> int:
        """How many lines the words over the graph take."""
        if self.plan.favours is None or self.profile.favours != "above":
            return 0
        axis = self.grid.axis
        sides = self._sides(axis.x(axis.null), axis.left, axis.right)
        lines = max(len(wrap(words, room, self.size, "bold")) for words, _, room, _ in sides)
        return lines + self._lift(sides)

    def _bands(self) -> list[tuple[tuple[str, ...], float, float]]:
        out: list[tuple[tuple[str, ...], float, float]] = []
        places = self.grid.columns
        index = 0
        while index < len(places):
            band = places[index].column.band
            end = index
            while end + 1 < len(places) and places[end + 1].column.band == band:
                end += 1
            if band:
                left, right = places[index].left, places[end].right
                lines = band_lines(band, right - left, self.size)
                wide = max(width(text, self.size, "bold") for text in lines)
                spare = max(0.0, wide - (right - left)) / 2
                out.append((lines, left - spare, right + spare))
            index = end + 1
        return out

    def _disc_header(self, base: float) -> None:
        risk = self.plan.risk_of_bias
        if risk is None:
            return
        discs = self.grid.discs
        middle = (discs[0] + discs[-1]) / 2
        self._put(middle, base - self.profile.line, "Risk of bias", weight="bold", align="center")
        for x, (letter, _) in zip(discs, risk.domains, strict=True):
            self._put(x, base, letter, weight="bold", align="center")

    # ---- rows ---------------------------------------------------------------------------------

    def _row(self, row: Row, y: float) -> float:
        if row.kind == "empty":
            return self.profile.row * 0.5
        lines = self._label_lines(row)
        first = self.profile.row if row.kind != "note" else self.profile.line + 0.8
        height = first + (len(lines) - 1) * self.profile.line
        base = y + first / 2 + self.size * CAP_HEIGHT / 2
        for number, text in enumerate(lines):
            self._put(
                self.grid.label[0],
                base + number * self.profile.line,
                text,
                weight=weight_of(row),
            )
        centre = y + first / 2
        if row.kind in ("subtotal", "total"):
            self.under.append(
                Line(
                    self.profile.margin,
                    y,
                    self.grid.left_part,
                    y,
                    "#9a9a9a" if row.kind == "subtotal" else self.profile.rule,
                    0.4,
                )
            )
        self._cells(row, base)
        self.graph.row(row, centre)
        self._row_discs(row, centre)
        return height

    def _label_lines(self, row: Row) -> tuple[str, ...]:
        left, right = self.grid.label
        if row.kind in ("heading", "note"):
            right = self.grid.left_part
        elif row.kind == "prediction" and self.grid.effect_first:
            right = max(right, self.grid.effect.right - GAP - cell_width(row, "effect", self.size))
        elif row.kind == "prediction":
            right = max(right, self.grid.left_part)
        if row.kind in ("total", "subtotal") and not self._has_data(row):
            right = max(right, self._free(row))
        if row.kind == "note":
            return _statement(row.label, right - left, self.size)
        # A label as wide as its column must not be broken by rounding.
        return wrap(row.label, right - left + 0.05, self.size, weight_of(row))

    def _has_data(self, row: Row) -> bool:
        return any(row.cells.get(place.column.key) for place in self.grid.columns)

    def _free(self, row: Row) -> float:
        """Right edge of the room for a label whose row has no data."""
        grid = self.grid
        edges = [grid.left_part]
        if grid.effect_first:
            edges.append(grid.effect.right - cell_width(row, "effect", self.size, "bold") - GAP)
        if grid.weight is not None and row.cells.get("weight"):
            edges.append(grid.weight.left - GAP)
        return min(edges)

    def _cells(self, row: Row, base: float) -> None:
        weight = weight_of(row)
        grid = self.grid
        number = self.profile.number
        others = [place for place in (grid.weight, grid.certainty) if place is not None]
        for place in (*grid.columns, *others):
            text = row.cells.get(place.column.key, "")
            if not text:
                continue
            if place.column.align == "left":
                # A certainty has two lines; the row under a total has none.
                parts = text.split("\n") if place is grid.certainty else [text]
                for line, part in enumerate(parts):
                    self._put(place.left, base + line * self.profile.line, part, weight=weight)
            elif place.column.align == "right":
                self._put(place.right, base, number(text), weight=weight, align="right")
            else:
                head, _ = split_decimal(text)
                x = place.point - width(head, self.size, weight)
                self._put(x, base, number(text), weight=weight)
        effect = row.cells.get("effect", "")
        if effect:
            self._put(grid.effect.right, base, effect, weight=weight, align="right")

    def _row_discs(self, row: Row, centre: float) -> None:
        risk = self.plan.risk_of_bias
        if risk is None or row.kind != "study":
            return
        from evisynth.figures.rob_marks import disc, marks_of

        marks = marks_of(risk.scheme)
        missing = ("not assessed",) * len(risk.domains)
        for x, judgement in zip(
            self.grid.discs, risk.judgements.get(row.study, missing), strict=True
        ):
            self.items.extend(disc(x, centre, marks[judgement], DISC, ""))

    # ---- under the table ----------------------------------------------------------------------

    def _footer(self, y: float, bottom: float) -> float:
        left = self.profile.margin
        axis = self.grid.axis
        tick = width(axis.ticks[0].label, self.size) / 2
        room = axis.left - max(2 * GAP, tick + 6) - left
        if room < LEAST_ROOM * self.size:  # under the axis, across the page
            y, room = bottom + 2, self.grid.right - left - self.profile.margin
        for line in self.plan.footer:
            for number, text in enumerate(_statement(line, room, self.size)):
                y += self.profile.line + (1.2 if number == 0 else 0)
                self._put(left, y, text)
        return y + 2

    def _legend(self, y: float) -> float:
        risk = self.plan.risk_of_bias
        if risk is None:
            return y
        from evisynth.figures.rob_marks import disc, marks_of

        left = self.profile.margin
        y += 6
        self._put(left, y + self.profile.line, "Risk of bias domains", weight="bold")
        y += self.profile.line + 1
        room = self.grid.right - left - self.profile.margin
        for letter, words in risk.domains:
            for number, text in enumerate(wrap(f"({letter}) {words}", room, self.size)):
                y += self.profile.line + (0.6 if number == 0 else 0)
                self._put(left, y, text)
        y += 5
        marks = marks_of(risk.scheme)
        used = {judgement for values in risk.judgements.values() for judgement in values}
        if any(row.kind == "study" and row.study not in risk.judgements for row in self.plan.rows):
            used.add("not assessed")
        shown = [name for name in marks if name in used]
        x = left
        y += self.profile.row
        for name in shown:
            words = marks[name].words
            wide = 2 * DISC + 4 + width(words, self.size)
            if x > left and x + wide > self.grid.right - self.profile.margin:
                x, y = left, y + self.profile.row
            self.items.extend(disc(x + DISC, y - CAP_HEIGHT / 2 * self.size, marks[name], DISC, ""))
            self._put(x + 2 * DISC + 4, y, words)
            x += wide + GAP
        return y + 3


def _statement(line: str, room: float, size: float) -> tuple[str, ...]:
    """Wrap a line of statistics so that no sign is parted from its number."""
    for sign in "=<>":
        line = line.replace(f" {sign} ", f"\N{NO-BREAK SPACE}{sign}\N{NO-BREAK SPACE}")
    return tuple(text.replace("\N{NO-BREAK SPACE}", " ") for text in wrap(line, room, size))
