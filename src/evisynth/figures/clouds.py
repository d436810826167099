"""The cloud of a GOSH plot: pooled effects of subsets against their heterogeneity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from evisynth.display import format_number, format_percent, plural
from evisynth.figures.figure import Figure
from evisynth.figures.plane import HEIGHT, INK, WIDTH, Key, Plane, Shape, effect_span, linear_span
from evisynth.figures.plane import one_panel as one
from evisynth.figures.scene import Rect
from evisynth.figures.shown import digits_of, measure
from evisynth.synthesis import Gosh

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from evisynth.synthesis import PooledFit

__all__ = ["gosh_plot"]

CELLS = (110, 76)
"""Cells across and up that subsets are counted in, so that 10⁶ of them make a small file."""

SHADES = ("#dbe4ee", "#b9cbdd", "#90abc7", "#6488ae", "#3a638e", "#17416b")
WITH = ("#f3d9c4", "#e8b88f", "#da935a", "#c56d2d", "#a34e12", "#7a3505")


def gosh_plot(result: PooledFit | Gosh, *, study: str | None = None, title: str = "") -> Figure:
    """Draw a GOSH plot: the pooled effect of each subset of studies against its I².

    Parameters
    ----------
    result
        What `evisynth.gosh` returned, or a fit that it is made of.
    study
        Name of a study: subsets that hold it are drawn in another colour, in a panel of their own
        hue, to see whether it splits the cloud.
    title
        Bold line over the plot.

    References
    ----------
    Olkin et al. 2012, doi:10.1002/jrsm.1053.

    Examples
    --------
    >>> import evisynth as es
    >>> fit = es.pool(es.effects(es.datasets.load("bcg"), "RR"))
    >>> gosh_plot(fit).alt_text.startswith("GOSH plot of")
    True
    """
    if not isinstance(result, Gosh):
        from evisynth.synthesis import gosh

        result = gosh(result)
    found = result
    fit = found.fit
    scale = fit.effects.scale
    known = np.isfinite(found.estimate) & np.isfinite(found.i2)
    across, up = found.estimate[known], found.i2[known]
    x = effect_span([*_ends(across), fit.estimate], scale)
    y = linear_span([0.0, 100.0], "I² (%)", pad=0.0)
    parts = [(np.ones(len(across), dtype=bool), SHADES)]
    if study is not None:
        holds = found.included(study)[known]
        parts = [(~holds, SHADES), (holds, WITH)]

    def draw(plane: Plane) -> Sequence[str]:
        for here, shades in parts:
            _cells(plane, across[here], up[here], shades)
        plane.upright(scale.null if scale.compares else math.nan)
        plane.dot(fit.estimate, fit.i2, 3.2, fill="#ffffff", stroke=INK, shape="diamond")
        return ()

    few, many = "Fewer subsets", "More subsets"
    if study is None:
        keys = [Key(few, "area", fill=SHADES[0]), Key(many, "area", fill=SHADES[-1])]
    else:
        keys = [
            Key(f"Subsets without {study}", "area", fill=SHADES[-2]),
            Key(f"Subsets with {study}", "area", fill=WITH[-2]),
        ]
    shape: Shape = "diamond"
    keys.append(Key("All studies", "marker", INK, "#ffffff", shape))
    digits = digits_of(fit.effects)
    low, _, middle, _, high = found.spread()
    ends = [format_number(scale.shown(value), digits) for value in (low, high, middle)]
    alt = (
        f"GOSH plot of {plural(len(found), 'subset')} of "
        f"{plural(len(found.labels), 'study', 'studies')}: "
        f"pooled {measure(fit)} between {ends[0]} and {ends[1]}, median {ends[2]}."
    )
    lines = [alt]
    if len(found.labels) > 1 and len(across) > 1:
        table = found.by_study()
        for row in table.to_dict("records"):
            share = row["explained"]
            if math.isfinite(share):
                lines.append(
                    f"{row['study']}: its inclusion explains {format_percent(share)} of the "
                    "variation of the pooled effect."
                )
    data = _counted(across, up, x.low, x.high, scale.short, scale.shown)
    page = one(x, y, draw, keys=keys, title=title)
    return Figure((page,), title or "GOSH plot", alt, "\n".join(lines), data)


def _ends(values: NDArray[np.float64]) -> list[float]:
    return [float(values.min()), float(values.max())] if values.size else []


def _counts(
    across: NDArray[np.float64], up: NDArray[np.float64], low: float, high: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    counts, xs, ys = np.histogram2d(across, up, bins=CELLS, range=((low, high), (0.0, 100.0)))
    return counts, xs, ys


def _cells(
    plane: Plane, across: NDArray[np.float64], up: NDArray[np.float64], shades: Sequence[str]
) -> None:
    """Fill cells by how many subsets lie in them, on a logarithmic scale."""
    if not across.size:
        return
    counts, xs, ys = _counts(across, up, plane.x.low, plane.x.high)
    most = math.log1p(float(counts.max()))
    wide, high = WIDTH / CELLS[0], HEIGHT / CELLS[1]
    for row, column in np.argwhere(counts > 0):
        share = math.log1p(float(counts[row, column])) / most
        shade = shades[min(int(share * len(shades)), len(shades) - 1)]
        left, top = plane.px(float(xs[row])), plane.py(float(ys[column + 1]))
        plane.under.append(Rect(left, max(top, plane.top), wide, high, fill=shade))


def _counted(
    across: NDArray[np.float64],
    up: NDArray[np.float64],
    low: float,
    high: float,
    short: str,
    shown: object,
) -> tuple[dict[str, object], ...]:
    """Return how many subsets lie in each cell, by the middle of the cell."""
    if not across.size or not callable(shown):
        return ()
    counts, xs, ys = _counts(across, up, low, high)
    return tuple(
        {
            short: shown(float((xs[row] + xs[row + 1]) / 2)),
            "i2": float((ys[column] + ys[column + 1]) / 2),
            "subsets": int(counts[row, column]),
        }
        for row, column in np.argwhere(counts > 0)
    )
