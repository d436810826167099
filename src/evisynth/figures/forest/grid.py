"""Where the columns of a forest plot stand, from the widths of their texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from evisynth.errors import OptionError
from evisynth.figures.axis import Axis, effect_axis
from evisynth.figures.fits import level_of, prediction_of
from evisynth.figures.fonts import width, wrap
from evisynth.figures.forest.columns import Column
from evisynth.figures.forest.plan import (
    CERTAINTY,
    DISC,
    GAP,
    NEAR,
    WEIGHT,
    Layout,
    cell_width,
    weight_of,
)
from evisynth.figures.forest.rows import Row
from evisynth.figures.profiles import PARTS

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
    """Where the columns stand.

    ``left_part`` is the right edge of what lies left of the graph; ``weight`` and ``certainty`` are
    None where no row has any.
    """

    label: tuple[float, float]
    columns: tuple[Place, ...]
    weight: Place | None
    certainty: Place | None
    effect: Place
    axis: Axis
    discs: tuple[float, ...]
    right: float
    left_part: float

    @property
    def effect_first(self) -> bool:
        """Whether the effect estimates stand left of the graph."""
        return self.effect.right <= self.axis.left


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
    """Place the columns, the graph and the discs from left to right, in the order of the look."""
    profile, size = plan.profile, plan.profile.size
    rows = plan.rows
    labels = [row for row in rows if row.kind in ("study", "refit", "subtotal", "total", "sums")]
    widest = max(width(row.label, size, weight_of(row)) for row in labels)
    heading = width(plan.heading or profile.heading, size, "bold")
    label = min(max(widest, heading), max(profile.label, heading))
    at = profile.margin + label
    places: tuple[Place, ...] = ()
    weight = certainty = effect = axis = None
    discs: tuple[float, ...] = ()
    left_part = at
    for part in profile.order:
        if part == "data" and plan.columns:
            places = _data(plan, at + GAP)
            at = places[-1].right
            at = max(at, _band_edge(places, size))
        elif part == "weight" and plan.has_weights:
            weight = _place(rows, WEIGHT, at + GAP, size)
            at = weight.right
        elif part == "certainty" and plan.has_certainty:
            certainty = _place(rows, CERTAINTY, at + GAP + 3, size)
            at = certainty.right
        elif part == "effect":
            effect = _effect_place(plan, at + GAP + 2)
            at = effect.right
        elif part == "graph":
            left_part = at
            axis = _axis(plan, at + GAP + 3)
            at = axis.right + 3
        elif part == "marks" and plan.risk_of_bias is not None:
            discs, at = _discs(plan, at)
    if effect is None or axis is None:  # a look always has both
        raise OptionError("order", ", ".join(profile.order), PARTS)
    last = width(axis.ticks[-1].label, size)
    return Grid(
        (profile.margin, profile.margin + label),
        places,
        weight,
        certainty,
        effect,
        axis,
        discs,
        max(at + profile.margin, axis.right + max(profile.margin, last / 2 + 3)),
        left_part,
    )


def _data(plan: Layout, at: float) -> tuple[Place, ...]:
    """Place the columns of data, those of one arm close together."""
    rows, size, columns = plan.rows, plan.profile.size, plan.columns
    places: list[Place] = []
    band = ""
    start = 0
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
    return tuple(places)


def _band_edge(places: Sequence[Place], size: float) -> float:
    """Right edge of the words over the last columns."""
    band = places[-1].column.band
    if not band:
        return places[-1].right
    left = next(
        place.left
        for number, place in enumerate(places)
        if all(later.column.band == band for later in places[number:])
    )
    right = places[-1].right
    wide = max(width(line, size, "bold") for line in band_lines(band, right - left, size))
    return max(right, (left + right) / 2 + wide / 2)


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
    graphed = [row for row in plan.rows if row.kind == "refit"]
    good = effects.estimable
    pooled = [(fit.estimate, fit.ci_lower, fit.ci_upper) for fit in plan.pooled]
    pooled.extend((math.nan, *prediction_of(fit)) for fit in (plan.fit, *plan.pooled))
    reach = NormalDist().inv_cdf(0.5 + level_of(plan.fit) / 2)
    estimates = np.asarray(effects.estimates[good], dtype=float)
    errors = np.asarray(effects.standard_errors[good], dtype=float)
    if graphed:  # the rows are fits of subsets, not the studies
        estimates = np.array([row.estimate for row in graphed])
        errors = np.array([(row.upper - row.lower) / 2 / reach for row in graphed])
        known = np.isfinite(estimates) & np.isfinite(errors)
        estimates, errors = estimates[known], errors[known]
    return effect_axis(
        effects.scale,
        estimates,
        errors,
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
