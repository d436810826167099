"""Funnel plots with groups, and with another measure of precision than the standard error."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from evisynth.display import format_number, plural
from evisynth.errors import NotEstimableError, OptionError
from evisynth.figures.figure import Figure
from evisynth.figures.funnel_frame import NORMAL, OUTER, ZONES, Panel
from evisynth.figures.plane import (
    INK,
    PALETTE,
    Key,
    Plane,
    Shape,
    Span,
    effect_span,
    linear_span,
    one_panel,
)
from evisynth.figures.shown import digits_of, measure, pooled_text
from evisynth.stats import normal_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evisynth.synthesis import PooledFit

__all__ = ["Against", "funnel_against", "in_groups", "levels_of"]

Against: TypeAlias = Literal["standard error", "variance", "precision", "sample size"]
AGAINST: tuple[Against, ...] = ("standard error", "variance", "precision", "sample size")
_ErrorAt: TypeAlias = "Callable[[NDArray[np.float64]], NDArray[np.float64]]"
NOT_CODED = "not coded"


def levels_of(fit: PooledFit, groups: str) -> tuple[str, ...]:
    """Return the level of each estimable row.

    Raises
    ------
    OptionError
        A column that the data do not hold.
    """
    data = fit.effects.data
    if groups not in data.columns:
        raise OptionError("groups", groups, [str(column) for column in data.columns])
    column = data.loc[np.asarray(fit.effects.estimable), groups]
    return tuple(
        NOT_CODED if gone else str(value) for value, gone in zip(column, column.isna(), strict=True)
    )


def _kinds(levels: Sequence[str]) -> dict[str, tuple[Shape, str]]:
    """Shape and colour of each level; more levels than looks begin again with the first."""
    names = list(dict.fromkeys(levels))
    return {name: PALETTE[number % len(PALETTE)] for number, name in enumerate(names)}


def in_groups(panel: Panel, fit: PooledFit, groups: str) -> Panel:
    """Return a panel whose studies have the marks of their groups."""
    levels = levels_of(fit, groups)
    kinds = _kinds(levels)
    return replace(
        panel,
        marks=tuple(kinds[level] for level in levels),
        groups=tuple((name, *kind) for name, kind in kinds.items()),
    )


def funnel_against(
    fit: PooledFit,
    against: Against,
    *,
    contours: bool,
    labels: bool,
    groups: str | None,
    title: str,
) -> Figure:
    """Draw a funnel plot against variance, precision or sample size.

    Raises
    ------
    OptionError
        Another y, or a column that the data do not hold.
    NotEstimableError
        No sample sizes.
    """
    if against not in AGAINST:
        raise OptionError("against", against, AGAINST)
    effects, scale = fit.effects, fit.effects.scale
    good = np.asarray(effects.estimable)
    estimates, errors = effects.estimates[good], effects.standard_errors[good]
    names = [label for label, here in zip(effects.labels, good, strict=True) if here]
    values, span, error_at = _upwards(fit, against, errors)
    contours = contours and error_at is not None
    grid = np.linspace(span.low, span.high, 201)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.abs(error_at(grid)) if error_at is not None else np.full(grid.size, np.nan)
    reach = [*estimates, fit.estimate, *([scale.null] if scale.compares else [])]
    if error_at is not None:
        # The limits at the least precise study say how wide the funnel is.
        widest = float(errors.max())
        reach += [fit.estimate - NORMAL * widest, fit.estimate + NORMAL * widest]
    x = effect_span(reach, scale)
    levels = levels_of(fit, groups) if groups else ()
    kinds = _kinds(levels)

    def draw(plane: Plane) -> Sequence[str]:
        if contours:
            _zones(plane, grid, spread, scale.null)
        plane.upright(scale.null if scale.compares else math.nan)
        plane.curve(fit.estimate - NORMAL * spread, grid, INK, 0.8, (3.6, 2.4))
        plane.curve(fit.estimate + NORMAL * spread, grid, INK, 0.8, (3.6, 2.4))
        plane.upright(fit.estimate, INK, 1.0)
        for index, (one, other) in enumerate(zip(estimates, values, strict=True)):
            shape, colour = kinds[levels[index]] if levels else ("circle", INK)
            plane.dot(float(one), float(other), fill=colour, shape=shape)
        return plane.names(names, estimates, values) if labels else ()

    digits = digits_of(effects)
    alt = (
        f"Funnel plot of {plural(fit.k, 'study', 'studies')}, {measure(fit)} against {against}: "
        f"pooled effect {pooled_text(fit, digits)}."
    )
    lines = [
        f"{name}: {format_number(scale.shown(float(one)), digits)}, {against} "
        f"{format_number(float(other), 0 if against == 'sample size' else digits + 1)}."
        for name, one, other in zip(names, estimates, values, strict=True)
    ]
    data = tuple(
        {
            "label": name,
            scale.short: scale.shown(float(estimates[i])),
            "estimate": float(estimates[i]),
            "se": float(errors[i]),
            against: float(values[i]),
            **({str(groups): levels[i]} if levels else {}),
        }
        for i, name in enumerate(names)
    )
    keys = _keys(kinds, scale.compares, error_at is not None, contours)
    page = one_panel(x, span, draw, keys=keys, title=title, high=205.0)
    return Figure((page,), title or "Funnel plot", alt, "\n".join([alt, *lines]), data)


def _keys(
    kinds: dict[str, tuple[Shape, str]], compares: bool, limits: bool, contours: bool
) -> list[Key]:
    keys = [Key("Study", "marker", "#ffffff")]
    if kinds:
        keys = [Key(n, "marker", "#ffffff", colour, shape) for n, (shape, colour) in kinds.items()]
    keys.append(Key("Pooled effect", "line", INK))
    if limits:
        keys.append(Key("Pseudo 95% limits", "line", INK, dash=(3.6, 2.4), width=0.8))
    if compares:
        keys.append(Key("No effect", "line", "#767676", width=0.7))
    if contours:
        words = ("P > 0.10", "0.05 < P ≤ 0.10", "0.01 < P ≤ 0.05", "P ≤ 0.01")
        fills = (ZONES[2][1], ZONES[1][1], ZONES[0][1], OUTER)
        keys += [Key(text, "area", fill=fill) for text, fill in zip(words, fills, strict=True)]
    return keys


def _zones(
    plane: Plane, grid: NDArray[np.float64], spread: NDArray[np.float64], null: float
) -> None:
    far = np.full(grid.size, plane.x.high - plane.x.low)
    plane.sideways(grid, null - far, null + far, OUTER)
    for p, fill in ZONES:
        half = np.where(np.isfinite(spread), normal_quantile(1 - p) * spread, far)
        plane.sideways(grid, null - half, null + half, fill)


def _upwards(
    fit: PooledFit, against: Against, errors: NDArray[np.float64]
) -> tuple[NDArray[np.float64], Span, _ErrorAt | None]:
    """Return the values on y, their axis (precise studies on top), and the standard error there."""
    if against == "variance":
        values = errors**2
        span = linear_span([0.0, *values], "Sampling variance", pad=0.03)
        turned = Span(span.high, 0.0, span.ticks, span.words)
        return values, turned, np.sqrt
    if against == "precision":
        values = 1 / errors
        return values, linear_span([0.0, *values], "Precision (1 / standard error)"), np.reciprocal
    values = _sizes(fit)
    return values, linear_span([0.0, *values], "Number of people"), None


def _sizes(fit: PooledFit) -> NDArray[np.float64]:
    """Return how many people each estimable study has.

    Raises
    ------
    NotEstimableError
        Where the data do not say.
    """
    from evisynth.figures.directions import people_of

    found: NDArray[np.float64] = people_of(fit)[np.asarray(fit.effects.estimable)]
    if not np.isfinite(found).all():
        raise NotEstimableError('funnel: against="sample size" needs the number of people of each')
    return found
