"""Diagnostic figures with a point a study: Baujat, radial, L'Abbé, normal quantiles, influence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from evisynth.display import format_number, plural
from evisynth.figures.figure import Figure
from evisynth.figures.plane import (
    INK,
    PALE,
    Key,
    Plane,
    linear_span,
    one_panel,
    panels,
)
from evisynth.synthesis import Baujat, Influence, Labbe, NormalQuantiles, PooledFit, Radial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from evisynth.figures.fits import AnyFit
    from evisynth.synthesis import MetaRegression

__all__ = ["baujat_plot", "influence_plot", "labbe_plot", "qq_plot", "radial_plot"]

FAINT = "#e3e9f0"
BLUE = "#0072b2"
NAMED = 40
"""Studies up to which points have their names."""


def told(
    labels: Sequence[str], *columns: tuple[str, NDArray[np.float64]], digits: int = 2
) -> list[str]:
    """Return a sentence a study with its numbers."""
    lines = []
    for index, label in enumerate(labels):
        parts = [
            f"{name} {format_number(float(values[index]), digits)}" for name, values in columns
        ]
        lines.append(f"{label}: {', '.join(parts)}.")
    return lines


def rows_of(found: Any) -> tuple[dict[str, object], ...]:
    """Return the table of a result as rows of plain values."""
    return tuple(dict(row) for row in found.to_frame().to_dict("records"))


def _most(labels: Sequence[str], values: NDArray[np.float64]) -> str:
    return labels[int(np.nanargmax(values))] if np.isfinite(values).any() else "none"


def baujat_plot(
    result: AnyFit | MetaRegression | Baujat, *, labels: bool = True, title: str = ""
) -> Figure:
    """Draw a Baujat plot: contribution to heterogeneity against influence on the pooled effect.

    Parameters
    ----------
    result
        What `evisynth.baujat` returned, or a fit that it is made of.
    labels
        Whether points have the names of their studies (of the 40 most influential at most).
    title
        Bold line over the plot.

    References
    ----------
    Baujat et al. 2002, doi:10.1002/sim.1221.

    Examples
    --------
    >>> import evisynth as es
    >>> fit = es.pool(es.effects(es.datasets.load("bcg"), "RR"))
    >>> baujat_plot(fit).alt_text.startswith("Baujat plot of 13 studies")
    True
    """
    if not isinstance(result, Baujat):
        from evisynth.synthesis import baujat

        result = baujat(result)
    across, up = result.heterogeneity, result.influence
    x = linear_span([0.0, *across], "Contribution to heterogeneity (squared Pearson residual)")
    y = linear_span([0.0, *up], "Influence on the pooled effect")
    order = np.argsort(-np.nan_to_num(across + up), kind="stable")[:NAMED]

    def draw(plane: Plane) -> Sequence[str]:
        for one, other in zip(across, up, strict=True):
            plane.dot(float(one), float(other))
        if not labels:
            return ()
        names = [result.labels[index] for index in order]
        plane.names(names, across[order], up[order])
        return ()

    alt = (
        f"Baujat plot of {plural(len(result.labels), 'study', 'studies')}: "
        f"{_most(result.labels, across)} contributes most to heterogeneity, "
        f"{_most(result.labels, up)} influences the pooled effect most."
    )
    lines = told(result.labels, ("heterogeneity", across), ("influence", up), digits=3)
    return Figure(
        (one_panel(x, y, draw, title=title),),
        title or "Baujat plot",
        alt,
        "\n".join([alt, *lines]),
        rows_of(result),
    )


def radial_plot(result: AnyFit | Radial, *, labels: bool = False, title: str = "") -> Figure:
    """Draw a radial (Galbraith) plot: standardized effect against precision.

    The slope of the line from the origin to a point is the estimate of that study; the band holds
    95% of the studies when they share one effect.

    Parameters
    ----------
    result
        What `evisynth.radial` returned, or a fit that it is made of.
    labels
        Whether points have the names of their studies.
    title
        Bold line over the plot.

    References
    ----------
    Galbraith 1988, doi:10.1080/00401706.1988.10488400.

    Examples
    --------
    >>> import evisynth as es
    >>> fit = es.pool(es.effects(es.datasets.load("bcg"), "RR"))
    >>> radial_plot(fit).title
    'Radial plot'
    """
    if not isinstance(result, Radial):
        from evisynth.synthesis import radial

        result = radial(result)
    found = result
    most = float(np.max(found.x)) * 1.04
    reach = found.half_width
    x = linear_span([0.0, most], "Precision (1 / standard error)", pad=0.0)
    ends = [found.slope * x.high - reach, found.slope * x.high + reach, -reach, reach]
    y = linear_span([*found.z, *ends], "Standardized effect")
    grid = np.array([0.0, x.high])

    def draw(plane: Plane) -> Sequence[str]:
        plane.band(grid, found.slope * grid - reach, found.slope * grid + reach, FAINT)
        plane.level(0.0)
        plane.curve(grid, found.slope * grid, INK, 1.0)
        for one, other in zip(found.x, found.z, strict=True):
            plane.dot(float(one), float(other))
        return plane.names(found.labels, found.x, found.z) if labels else ()

    percent = f"{100 * found.level:g}%"
    keys = [
        Key("Study", "marker", "#ffffff"),
        Key("Pooled effect (slope)", "line"),
        Key(f"{percent} limits", "area", fill=FAINT),
    ]
    beyond = [
        label
        for label, one, other in zip(found.labels, found.x, found.z, strict=True)
        if abs(other - found.slope * one) > reach
    ]
    alt = (
        f"Radial plot of {plural(len(found.labels), 'study', 'studies')}: "
        f"{plural(len(beyond), 'study', 'studies')} outside the {percent} limits about the pooled "
        "effect."
    )
    out = [alt, f"Outside: {', '.join(beyond)}."] if beyond else [alt]
    lines = told(found.labels, ("precision", found.x), ("standardized effect", found.z))
    return Figure(
        (one_panel(x, y, draw, keys=keys, title=title),),
        title or "Radial plot",
        alt,
        "\n".join([*out, *lines]),
        rows_of(found),
    )


def labbe_plot(result: AnyFit | Labbe, *, labels: bool = False, title: str = "") -> Figure:
    """Draw a L'Abbé plot: the risk (or rate) of one arm against that of the other.

    Areas follow the weights; the line is the pooled effect, dashed its confidence limits.

    Parameters
    ----------
    result
        What `evisynth.labbe` returned, or a fit of 2x2 tables or person-time.
    labels
        Whether points have the names of their studies.
    title
        Bold line over the plot.

    References
    ----------
    L'Abbé et al. 1987, doi:10.7326/0003-4819-107-2-224.

    Examples
    --------
    >>> import evisynth as es
    >>> fit = es.pool(es.effects(es.datasets.load("bcg"), "RR"))
    >>> labbe_plot(fit).alt_text.startswith("L'Abbé plot of 13 studies")
    True
    """
    if not isinstance(result, Labbe):
        from evisynth.synthesis import labbe

        result = labbe(result)
    found = result
    noun = "rate" if found.measure.startswith("IR") else "risk"
    both = [0.0, *found.raw_x, *found.raw_y]
    x = linear_span(both, f"{noun.capitalize()} in the comparator arm", pad=0.02)
    y = linear_span(both, f"{noun.capitalize()} in the experimental arm", pad=0.02)
    radii = 1.6 + 5.0 * np.sqrt(np.clip(np.nan_to_num(found.sizes), 0.0, 1.0))
    order = np.argsort(-radii, kind="stable")

    def draw(plane: Plane) -> Sequence[str]:
        ends = [max(x.low, y.low), min(x.high, y.high)]
        plane.curve(ends, ends, PALE, 0.7)
        plane.curve(found.line_x, found.line_y, BLUE, 1.1)
        for limit in found.limits_y:
            plane.curve(found.line_x, limit, BLUE, 0.8, (3.6, 2.4))
        for index in order:
            one, other = float(found.raw_x[index]), float(found.raw_y[index])
            plane.dot(one, other, float(radii[index]), fill=INK)
        if not labels:
            return ()
        return plane.names(found.labels, found.raw_x, found.raw_y, [float(r) for r in radii])

    keys = [
        Key("Study (area by weight)", "marker", "#ffffff"),
        Key("No difference", "line", PALE, width=0.7),
        Key("Pooled effect", "line", BLUE),
        Key("Its confidence limits", "line", BLUE, dash=(3.6, 2.4), width=0.8),
    ]
    lower = int((found.raw_y < found.raw_x).sum())
    alt = (
        f"L'Abbé plot of {plural(len(found.labels), 'study', 'studies')}: the {noun} is lower in "
        f"the experimental arm in {lower}, higher in {int((found.raw_y > found.raw_x).sum())}."
    )
    lines = told(found.labels, ("experimental", found.raw_y), ("comparator", found.raw_x), digits=4)
    return Figure(
        (one_panel(x, y, draw, keys=keys, title=title, wide=250.0, high=250.0),),
        title or "L'Abbé plot",
        alt,
        "\n".join([alt, *lines]),
        rows_of(found),
    )


def qq_plot(
    result: PooledFit | MetaRegression | NormalQuantiles, *, labels: bool = True, title: str = ""
) -> Figure:
    """Draw standardized residuals against normal quantiles, with their simulated envelope.

    Parameters
    ----------
    result
        What `evisynth.qq_normal` returned, or a fit that it is made of.
    labels
        Whether points outside the envelope have the names of their studies.
    title
        Bold line over the plot.

    Examples
    --------
    >>> import evisynth as es
    >>> fit = es.pool(es.effects(es.datasets.load("bcg"), "RR"))
    >>> len(qq_plot(fit).data)
    13
    """
    if not isinstance(result, NormalQuantiles):
        from evisynth.synthesis import qq_normal

        result = qq_normal(result)
    found = result
    x = linear_span(found.quantiles, "Normal quantile")
    y = linear_span([*found.residuals, *found.lower, *found.upper], "Standardized residual")
    outside = (found.residuals < found.lower) | (found.residuals > found.upper)

    def draw(plane: Plane) -> Sequence[str]:
        plane.band(found.quantiles, found.lower, found.upper, FAINT)
        ends = [max(x.low, y.low), min(x.high, y.high)]
        plane.curve(ends, ends, PALE, 0.8)
        for one, other in zip(found.quantiles, found.residuals, strict=True):
            plane.dot(float(one), float(other))
        if not labels:
            return ()
        keep = np.flatnonzero(outside)
        names = [found.labels[index] for index in keep]
        return plane.names(names, found.quantiles[keep], found.residuals[keep])

    percent = f"{100 * found.level:g}%"
    keys = [
        Key("Study", "marker", "#ffffff"),
        Key("Normal distribution", "line", PALE, width=0.8),
    ]
    if np.isfinite(found.lower).any():
        keys.append(Key(f"Pointwise {percent} envelope", "area", fill=FAINT))
    names = [label for label, here in zip(found.labels, outside, strict=True) if here]
    alt = (
        f"Normal quantile plot of the residuals of "
        f"{plural(len(found.labels), 'study', 'studies')}: {len(names)} outside the envelope."
    )
    lines = told(found.labels, ("quantile", found.quantiles), ("residual", found.residuals))
    listed = [f"Outside: {', '.join(names)}."] if names else []
    return Figure(
        (one_panel(x, y, draw, keys=keys, title=title),),
        title or "Normal quantile plot",
        alt,
        "\n".join([alt, *listed, *lines]),
        rows_of(found),
    )


_PANELS = (
    ("rstudent", "Studentized deleted residual"),
    ("dffits", "DFFITS"),
    ("cooks_distance", "Cook's distance"),
    ("cov_ratio", "Covariance ratio"),
    ("tau2_deleted", "Tau² without the study"),
    ("q_deleted", "Q without the study"),
    ("hat", "Hat value"),
    ("dfbetas", "DFBETAS"),
)
INFLUENTIAL = "#b3350f"
LEAST_FOR_LIMITS = 3


def influence_plot(result: PooledFit | Influence, *, title: str = "") -> Figure:
    """Draw eight diagnostics of influence, a point a study in the order of the data.

    Lines mark the limits beyond which a study counts as an outlier or as influential (Viechtbauer
    and Cheung 2010, doi:10.1002/jrsm.11); such studies have triangles and are named below.

    Parameters
    ----------
    result
        What `evisynth.influence` returned, or a fit that it is made of.
    title
        Bold line over the panels.

    Examples
    --------
    >>> import evisynth as es
    >>> fit = es.pool(es.effects(es.datasets.load("bcg"), "RR"))
    >>> influence_plot(fit).title
    'Influence of each study'
    """
    if not isinstance(result, Influence):
        from evisynth.synthesis import influence

        result = influence(result)
    found = result
    k = len(found.labels)
    flagged = np.asarray(found.outlier) | np.asarray(found.influential)
    numbers = np.arange(1.0, k + 1)

    def panel(name: str, words: str) -> Callable[[float, float], Plane]:
        values = np.asarray(getattr(found, name), dtype=float)
        limits = _limits(name, k, found)
        y = linear_span([*values, *limits], "", 78.0, most=4)
        x = linear_span([1.0, float(max(k, 2))], "", 150.0, pad=0.02, most=6)

        def make(left: float, top: float) -> Plane:
            plane = Plane(x, y, left, top, 168.0, 78.0, heading=words)
            for limit in limits:
                plane.level(limit, PALE, 0.7, (3.0, 2.0))
            plane.curve(numbers, values, "#9aa5b1", 0.6)
            for number, value, here in zip(numbers, values, flagged, strict=True):
                shape, fill = ("triangle", INFLUENTIAL) if here else ("circle", INK)
                plane.dot(float(number), float(value), 2.2, fill=fill, shape=shape)  # type: ignore[arg-type]
            return plane

        return make

    names = [f"{n + 1} {label}" for n, label in enumerate(found.labels) if flagged[n]]
    keys = [
        Key("Study, by its number in the data", "marker", "#ffffff"),
        Key("Outlier or influential", "marker", "#ffffff", INFLUENTIAL, "triangle"),
        Key("Limit", "line", PALE, dash=(3.0, 2.0), width=0.7),
    ]
    verdict = f"Outlier or influential: {', '.join(names) or 'none'}"
    page = panels(
        [panel(name, words) for name, words in _PANELS],
        columns=2,
        keys=keys,
        title=title,
        notes=[verdict],
    )
    alt = (
        f"Influence of each of {plural(k, 'study', 'studies')} in eight panels: "
        f"{int(flagged.sum())} outlying or influential"
        + (f" ({', '.join(label for label, f in zip(found.labels, flagged, strict=True) if f)})"
           if flagged.any() else "")
        + "."
    )  # fmt: skip
    columns = [(words.lower(), np.asarray(getattr(found, name))) for name, words in _PANELS]
    return Figure(
        (page,),
        title or "Influence of each study",
        alt,
        "\n".join([alt, *told(found.labels, *columns, digits=3)]),
        rows_of(found),
    )


def _limits(name: str, k: int, found: Influence) -> list[float]:
    """Return the limits of one diagnostic by its rules; those without any have the whole fit's."""
    if name == "rstudent":
        return [-1.96, 1.96]
    if name == "dffits":
        reach = 3 * math.sqrt(1 / (k - 1)) if k >= LEAST_FOR_LIMITS else math.nan
        return [reach, -reach] if math.isfinite(reach) else []
    if name == "cooks_distance":
        return [0.454936]  # chi² of one degree of freedom, lower tail 0.5
    if name == "hat":
        return [3 / k]
    if name == "dfbetas":
        return [-1.0, 1.0]
    whole = {"cov_ratio": 1.0, "tau2_deleted": found.fit.tau2, "q_deleted": found.fit.q}[name]
    return [whole] if math.isfinite(whole) else []
