"""Funnel plots: estimates against their standard errors, before and after trim and fill."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from evisynth.display import (
    format_number,
    format_p,
    format_percent,
    plural,
)
from evisynth.errors import DataError, NotEstimableError
from evisynth.figures.axis import Tick, fitted_axis, linear_ticks
from evisynth.figures.figure import Figure
from evisynth.figures.fonts import width, wrap
from evisynth.figures.funnel_against import Against, funnel_against, in_groups, levels_of
from evisynth.figures.funnel_frame import (
    HEIGHT,
    LINE,
    MARGIN,
    NORMAL,
    SIZE,
    Frame,
    Panel,
    legend,
)
from evisynth.figures.scene import Primitive, Scene, Text
from evisynth.figures.shown import digits_of, estimate_text, lower_first, measure, pooled_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evisynth.synthesis import PooledFit, TrimAndFill

__all__ = ["funnel"]

SINGLE, DOUBLE = 330.0, 225.0
"""Width of the plotting area: one panel, each of two."""


def funnel(
    fit: PooledFit,
    *,
    trim_and_fill: TrimAndFill | None = None,
    contours: bool = True,
    labels: bool = False,
    groups: str | None = None,
    against: Against = "standard error",
    title: str | None = None,
) -> Figure:
    """Draw a funnel plot: effect on x, standard error on y with the precise studies on top.

    Parameters
    ----------
    fit
        A fit; its estimable rows are drawn. Ratios stand on a log axis.
    trim_and_fill
        Its trim and fill: draws two panels with the same axes, before and after; added studies are
        hollow.
    contours
        Shades the zones of P values about no effect (0.10, 0.05, 0.01; Peters et al. 2008,
        doi:10.1016/j.jclinepi.2007.11.010); not for measures without such a value, as proportions.
    labels
        Writes the names of the studies beside their points; meant for few studies. Names without
        room are listed under the plot.
    groups
        Column of the data whose levels have shapes and colours of their own.
    against
        What stands on y: ``"standard error"``, ``"variance"``, ``"precision"`` (one over the
        standard error) or ``"sample size"`` (without limits and contours, which it does not have).
    title
        Bold line over the plot; none by default, since a caption says it.

    Returns
    -------
    Figure
        The figure with alternative text, description and the numbers drawn.

    Raises
    ------
    NotEstimableError
        When no row has an estimate.
    DataError
        When `trim_and_fill` is that of another fit, or is given with another y than the standard
        error.
    OptionError
        A column that the data do not hold, or another y.

    Examples
    --------
    >>> import pandas as pd
    >>> from evisynth import effects, pool
    >>> table = pd.DataFrame({"study": ["A", "B"], "estimate": [-0.2, -0.5], "se": [0.2, 0.1]})
    >>> funnel(pool(effects(table, measure="GEN"))).alt_text.startswith("Funnel plot of 2")
    True
    """
    good = fit.effects.estimable
    if not good.any():
        raise NotEstimableError("funnel: no study has an estimate with a standard error")
    contours = contours and fit.effects.scale.compares
    if against != "standard error":
        if trim_and_fill is not None:
            raise DataError('funnel: before and after trim and fill needs against="standard error"')
        return funnel_against(
            fit, against, contours=contours, labels=labels, groups=groups, title=title or ""
        )
    panels = [_before(fit, with_heading=trim_and_fill is not None)]
    if trim_and_fill is not None:
        if trim_and_fill.fit.effects.labels != fit.effects.labels:
            raise DataError(
                "funnel: trim_and_fill belongs to another fit; give trim_and_fill(fit) of this one"
            )
        panels.append(_after(trim_and_fill))
    if groups is not None:
        panels = [in_groups(panel, fit, groups) for panel in panels]
    scene = _scene(panels, contours=contours, labels=labels, title=title or "")
    return Figure(
        pages=(scene,),
        title=title or "Funnel plot",
        alt_text=_alt_text(fit, trim_and_fill),
        description=_description(fit, trim_and_fill, contours),
        data=_data(panels[-1], fit, groups),
    )


def _before(fit: PooledFit, *, with_heading: bool) -> Panel:
    good = fit.effects.estimable
    heading = f"Before trim and fill (k = {fit.k})" if with_heading else ""
    return Panel(
        heading,
        fit,
        tuple(np.asarray(fit.effects.labels, dtype=object)[good]),
        fit.effects.estimates[good],
        fit.effects.standard_errors[good],
        0,
        None,
        (f"Pooled {_short(fit)}",),
    )


def _after(result: TrimAndFill) -> Panel:
    before = _before(result.fit, with_heading=False)
    if result.k0:
        added = f"{plural(result.k0, 'study', 'studies')} filled on the {result.side}"
    else:
        added = "No study filled"
    added += f" (k0 = {result.k0}, estimator {result.estimator}"
    if math.isfinite(result.p_value):
        added += f", {format_p(result.p_value, symbol=True)}"
    names = tuple(f"Filled {number + 1}" for number in range(result.k0))
    return Panel(
        f"After trim and fill (k = {result.filled.k})",
        result.filled,
        (*before.labels, *names),
        np.concatenate([before.estimates, np.asarray(result.filled_estimates)]),
        np.concatenate([before.errors, np.sqrt(np.asarray(result.filled_variances))]),
        result.k0,
        result.fit.estimate if result.k0 else None,
        (f"Pooled {_short(result.filled)}", f"{added})"),
    )


def _short(fit: PooledFit) -> str:
    scale = fit.effects.scale
    digits = digits_of(fit.effects)
    shown = estimate_text(scale, fit.estimate, fit.ci_lower, fit.ci_upper, digits)
    return f"{lower_first(scale.short)} {shown}"


# ---- words ------------------------------------------------------------------------------------


def _alt_text(fit: PooledFit, result: TrimAndFill | None) -> str:
    text = (
        f"Funnel plot of {plural(fit.k, 'study', 'studies')}, {measure(fit)} against standard "
        f"error: pooled effect {pooled_text(fit, digits_of(fit.effects))}."
    )
    if result is None:
        return text
    if not result.k0:
        return f"{text} Trim and fill ({result.estimator}) added no study."
    return (
        f"{text} Trim and fill ({result.estimator}) added "
        f"{plural(result.k0, 'study', 'studies')} on the {result.side}, after which the pooled "
        f"effect is {pooled_text(result.filled, digits_of(fit.effects))}."
    )


def _description(fit: PooledFit, result: TrimAndFill | None, contours: bool) -> str:
    scale = fit.effects.scale
    digits = digits_of(fit.effects)
    out = [_alt_text(fit, result)]
    if contours:
        out.append("Shaded zones mark P values of 0.10, 0.05 and 0.01 about no effect.")
    out.append("Dashed lines are pseudo 95% limits about the pooled effect.")
    rows = zip(fit.effects.labels, fit.effects.estimates, fit.effects.standard_errors, strict=True)
    for label, estimate, error in rows:
        if math.isfinite(estimate) and math.isfinite(error):
            out.append(
                f"{label}: {format_number(scale.shown(float(estimate)), digits)}, standard error "
                f"{format_number(float(error), digits + 1)}."
            )
        else:
            out.append(f"{label}: not estimable, not drawn.")
    if result is not None:
        added = zip(result.filled_estimates, result.filled_variances, strict=True)
        for number, (estimate, variance) in enumerate(added, start=1):
            out.append(
                f"Filled {number}: {format_number(scale.shown(float(estimate)), digits)}, "
                f"standard error {format_number(math.sqrt(variance), digits + 1)}."
            )
        out.append(
            f"Tau² after trim and fill {format_number(result.filled.tau2)}, I² "
            f"{format_percent(result.filled.i2)}."
        )
    return "\n".join(out)


def _data(panel: Panel, fit: PooledFit, groups: str | None) -> tuple[dict[str, object], ...]:
    scale = panel.fit.effects.scale
    first_filled = len(panel.labels) - panel.filled
    levels = levels_of(fit, groups) if groups else ()
    return tuple(
        {
            "label": label,
            scale.short: scale.shown(float(estimate)),
            "estimate": float(estimate),
            "se": float(error),
            "filled": index >= first_filled,
            **({str(groups): levels[index]} if index < len(levels) else {}),
        }
        for index, (label, estimate, error) in enumerate(
            zip(panel.labels, panel.estimates, panel.errors, strict=True)
        )
    )


# ---- layout -----------------------------------------------------------------------------------


def _scene(panels: Sequence[Panel], *, contours: bool, labels: bool, title: str) -> Scene:
    wide = SINGLE if len(panels) == 1 else DOUBLE
    scale = panels[0].fit.effects.scale
    depth, down = _depth(panels)
    low, high = _reach(panels, depth)
    side = max(width(tick.label, SIZE) for tick in down) + 22
    items: list[Primitive] = []
    y = MARGIN
    left = MARGIN + side
    step = wide + side + 14
    right = left + (len(panels) - 1) * step + wide
    for line in wrap(title, right - MARGIN, SIZE + 1.5, "bold") if title else ():
        y += LINE + 1.5
        items.append(Text(MARGIN, y, line, SIZE + 1.5, "bold"))
    y += 5 if title else 0
    head = 0.0
    for number, panel in enumerate(panels):
        lines = (panel.heading, *panel.notes) if panel.heading else panel.notes
        at = y
        for index, text in enumerate(lines):
            for piece in wrap(
                text, wide, SIZE, "bold" if panel.heading and not index else "normal"
            ):
                at += LINE + 0.4
                bold = bool(panel.heading) and not index
                items.append(
                    Text(left + number * step, at, piece, SIZE, "bold" if bold else "normal")
                )
        head = max(head, at)
    top = head + 6
    bottom = top
    unlabelled: list[str] = []
    for number, panel in enumerate(panels):
        axis = fitted_axis(
            scale, low, high, left + number * step, left + number * step + wide, SIZE
        )
        frame = Frame(axis, top, top + HEIGHT, depth, down)
        drawn, missed = frame.draw(panel, contours=contours, labels=labels)
        items.extend(drawn)
        unlabelled.extend(name for name in missed if name not in unlabelled)
        bottom = max(bottom, frame.bottom)
    keys, bottom = legend(panels, MARGIN, right, bottom + 6, contours)
    items.extend(keys)
    if unlabelled:
        text = f"No room for the names of: {', '.join(unlabelled)}"
        for line in wrap(text, right - MARGIN, SIZE):
            bottom += LINE
            items.append(Text(MARGIN, bottom, line, SIZE))
        bottom += 2
    beyond = width(fitted_axis(scale, low, high, left, left + wide, SIZE).ticks[-1].label, SIZE) / 2
    return Scene(right + max(MARGIN + 4, beyond + 3), bottom + MARGIN, tuple(items))


def _depth(panels: Sequence[Panel]) -> tuple[float, tuple[Tick, ...]]:
    """Largest standard error of the axis, and its ticks."""
    largest = max(float(panel.errors.max()) for panel in panels)
    _, depth, ticks = linear_ticks(0.0, largest * 1.04, HEIGHT, SIZE, most=6)
    return depth, ticks


def _reach(panels: Sequence[Panel], depth: float) -> tuple[float, float]:
    """Range of x: every point, no effect, and the pseudo limits as far as they are of use."""
    estimates = np.concatenate([panel.estimates for panel in panels])
    scale = panels[0].fit.effects.scale
    null = [scale.null] if scale.compares else []
    pooled = [panel.fit.estimate for panel in panels]
    low = min(float(estimates.min()), *null, *(value - NORMAL * depth for value in pooled))
    high = max(float(estimates.max()), *null, *(value + NORMAL * depth for value in pooled))
    pad = 0.03 * (high - low)
    return low - pad, high + pad
