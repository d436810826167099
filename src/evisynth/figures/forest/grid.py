"""Where the columns of a forest plot stand, from the widths of their texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evisynth.figures.axis import Axis, effect_axis
from evisynth.figures.fonts import width, wrap
from evisynth.figures.forest.columns import Column
from evisynth.figures.forest.plan import DISC, GAP, NEAR, WEIGHT, Layout, cell_width, weight_of
from evisynth.figures.forest.rows import Row

__all__ = ["Grid", "Place", "band_lines", "grid_of", "heading_lines", "split_decimal"]


@dataclass(frozen=True, slots=True)
class Place:
    """A column on the page: its edges, and for decimals where the points stand."""

    column: Column
    left: float
    right: float
    point: float = 0.0


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the columns stand."""

    label: tuple[float, float]
    columns: tuple[Place, ...]
    weight: Place
    effect: Place
    axis: Axis
    discs: tuple[float, ...]
    right: float

    @property
    def left_part(self) -> float:
        """Right edge of what lies left of the graph."""
        return self.effect.right


def split_decimal(text: str) -> tuple[str, str]:
    """Cut a number before its decimal point."""
    head, point, tail = text.partition(".")
    return head, point + tail


def _decimal(rows: Sequence[Row], key: str, size: float) -> tuple[float, float]:
    """Widths before and from the decimal point on."""
    before = after = 0.0
    for row in rows:
        head, tail = split_decimal(row.cells.get(key, ""))
        before = max(before, width(head, size, weight_of(row)))
        after = max(after, width(tail, size, weight_of(row)))
    return before, after


def grid_of(plan: Layout) -> Grid:
    """Place the columns, the graph and the discs from left to right."""
    profile, size = plan.profile, plan.profile.size
    rows = plan.rows
    labels = [row for row in rows if row.kind in ("study", "subtotal", "total", "sums")]
    widest = max(width(row.label, size, weight_of(row)) for row in labels)
    heading = width("Study or subgroup", size, "bold")
    label = min(max(widest, heading), profile.label)
    at = profile.margin + label + GAP
    places: list[Place] = []
    band = ""
    start = 0
    columns = plan.columns
    for index, column in enumerate(columns):
        if index:
            at += NEAR if column.band and column.band == band else GAP
        if column.band != band:
            start = index
        band = column.band
        place = _place(rows, column, at, size)
        places.append(place)
        at = place.right
        ends = index + 1 == len(columns) or columns[index + 1].band != band
        if band and ends:
            at = _widen(places, start, band, at, size)
    at += GAP if columns else 0
    weight = _place(rows, WEIGHT, at, size)
    effect = _effect_place(plan, weight.right + GAP + 2)
    axis = _axis(plan, effect.right + GAP + 3)
    discs, right = _discs(plan, axis.right)
    last = width(axis.ticks[-1].label, size)
    return Grid(
        (profile.margin, profile.margin + label),
        tuple(places),
        weight,
        effect,
        axis,
        discs,
        max(right + profile.margin, axis.right + max(profile.margin, last / 2 + 3)),
    )


def _place(rows: Sequence[Row], column: Column, left: float, size: float) -> Place:
    head = max(width(line, size, "bold") for line in heading_lines(column.heading, size))
    if column.align != "decimal":
        wide = max([head, *(cell_width(row, column.key, size) for row in rows)])
        return Place(column, left, left + wide)
    before, after = _decimal(rows, column.key, size)
    wide = max(head, before + after)
    return Place(column, left, left + wide, left + (wide - before - after) / 2 + before)


def heading_lines(text: str, size: float) -> tuple[str, ...]:
    """Wrap the heading of a column."""
    return wrap(text, 60.0, size, "bold")


def _widen(places: list[Place], start: int, band: str, at: float, size: float) -> float:
    """Spread the columns under a band whose words are wider; returns the new right edge."""
    lines = band_lines(band, at - places[start].left, size)
    missing = max(width(line, size, "bold") for line in lines) - (at - places[start].left)
    if missing <= 0:
        return at
    count = len(places) - start
    for offset in range(count):
        old = places[start + offset]
        shift = missing * (offset + 0.5) / count
        places[start + offset] = replace(
            old, left=old.left + shift, right=old.right + shift, point=old.point + shift
        )
    return at + missing


def band_lines(band: str, room: float, size: float) -> tuple[str, ...]:
    """Wrap the words over several columns."""
    return wrap(band, max(room, 62.0), size, "bold")


def _effect_place(plan: Layout, left: float) -> Place:
    size = plan.profile.size
    cells = max(cell_width(row, "effect", size) for row in plan.rows)
    second = width(plan.effect[1], size, "bold")
    wide = max(cells, second)
    wide = max(
        wide, *(width(line, size, "bold") for line in wrap(plan.effect[0], wide, size, "bold"))
    )
    return Place(Column("effect", plan.effect[1], plan.effect[0]), left, left + wide)


def _axis(plan: Layout, left: float) -> Axis:
    effects = plan.fit.effects
    good = effects.estimable
    pooled = [(fit.estimate, fit.ci_lower, fit.ci_upper) for fit in plan.pooled]
    pooled.append((math.nan, plan.fit.prediction_lower, plan.fit.prediction_upper))
    return effect_axis(
        effects.scale,
        np.asarray(effects.estimates[good], dtype=float),
        np.asarray(effects.standard_errors[good], dtype=float),
        pooled,
        left,
        left + plan.profile.graph,
        plan.profile.size,
        margins=plan.favours is not None,
    )


def _discs(plan: Layout, right: float) -> tuple[tuple[float, ...], float]:
    if plan.risk_of_bias is None:
        return (), right
    step = 2 * DISC + 2.4
    first = right + GAP + 6 + DISC
    count = len(plan.risk_of_bias.domains)
    head = width("Risk of bias", plan.profile.size, "bold")
    needed = max(head - (count - 1) * step - 2 * DISC, 0) / 2
    places = tuple(first + needed + number * step for number in range(count))
    return places, places[-1] + DISC + needed
