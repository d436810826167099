"""Figures of curves: drapery, albatross, profile likelihood, and the bubbles of a regression."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from evisynth.display import format_number, format_p, plural
from evisynth.errors import DataError, NotEstimableError, OptionError
from evisynth.figures.axis import Tick
from evisynth.figures.figure import Figure
from evisynth.figures.fonts import width
from evisynth.figures.plane import (
    HEIGHT,
    INK,
    PALE,
    PALETTE,
    SIZE,
    WIDTH,
    Key,
    Plane,
    Span,
    effect_span,
    linear_span,
    one_panel,
)
from evisynth.figures.scatter import rows_of, told
from evisynth.figures.shown import digits_of, level_text, limits_text, measure, pooled_text
from evisynth.synthesis import Albatross, Drapery, LikelihoodProfile, MetaRegression, PooledFit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.effects import EffectEstimates

__all__ = ["albatross_plot", "bubble_plot", "drapery_plot", "profile_plot"]

BLUE = "#0072b2"
DEPTH = 4.0
"""How far below its maximum a likelihood is drawn, in distances of the cut."""

NAMED = 25
"""Studies up to which points have their names unless asked otherwise."""

STUDY_LINE = "#a7b1bd"
PREDICTION_FILL, CI_FILL = "#eef2f6", "#cfdcea"


def drapery_plot(fit: PooledFit, result: Drapery | None = None, *, title: str = "") -> Figure:
    """Draw the P value functions of the studies, of the pooled effect and of the prediction.

    Parameters
    ----------
    fit
        A pooled effect.
    result
        What `evisynth.drapery` returned for it; made unless given.
    title
        Bold line over the plot.

    References
    ----------
    Rücker and Schwarzer 2021, doi:10.1002/jrsm.1410.

    Examples
    --------
    >>> import evisynth as es
    >>> fit = es.pool(es.effects(es.datasets.load("bcg"), "RR"))
    >>> drapery_plot(fit).alt_text.startswith("Drapery plot of 13 studies")
    True
    """
    if result is None:
        from evisynth.synthesis import drapery

        result = drapery(fit)
    found = result
    scale = fit.effects.scale
    x = effect_span(found.effects, scale)
    marks = [Tick(value, format_number(value, 1)) for value in (0.2, 0.4, 0.6, 0.8)]
    ticks = (Tick(0.0, "0"), *marks, Tick(1.0, "1"))
    y = Span(0.0, 1.03, ticks, "P value")

    def draw(plane: Plane) -> Sequence[str]:
        plane.upright(scale.null if scale.compares else math.nan)
        for level in (0.05, 0.01):
            plane.level(level, PALE, 0.5, (2.0, 2.0))
        for curve in found.studies:
            plane.curve(found.effects, curve, STUDY_LINE, 0.6)
        plane.curve(found.effects, found.prediction, BLUE, 1.2, (4.0, 2.0))
        plane.curve(found.effects, found.pooled, INK, 1.6)
        return ()

    keys = [
        Key("Study", "line", STUDY_LINE, width=0.6),
        Key("Pooled effect", "line", INK, width=1.6),
    ]
    if np.isfinite(found.prediction).any():
        keys.append(Key("Effect of a new study", "line", BLUE, dash=(4.0, 2.0), width=1.2))
    keys.append(Key("P = 0.05 and 0.01", "line", PALE, dash=(2.0, 2.0), width=0.5))
    if scale.compares:
        keys.append(Key("No effect", "line", PALE, width=0.7))
    digits = digits_of(fit.effects)
    alt = (
        f"Drapery plot of {plural(len(found.labels), 'study', 'studies')}: P value functions peak "
        f"at the estimates; pooled {measure(fit)} {pooled_text(fit, digits)}."
    )
    lines = [alt]
    for level in found.levels:
        inside = found.effects[found.pooled > level]
        if inside.size:
            limits = limits_text(scale, float(inside.min()), float(inside.max()), digits)
            lines.append(f"P of the pooled effect is above {level:g} from {limits}.")
    data = tuple(
        {
            scale.short: scale.shown(float(effect)),
            "p_pooled": float(found.pooled[i]),
            "p_prediction": float(found.prediction[i]),
            **{label: float(found.studies[n, i]) for n, label in enumerate(found.labels)},
        }
        for i, effect in enumerate(found.effects)
    )
    page = one_panel(x, y, draw, keys=keys, title=title)
    return Figure((page,), title or "Drapery plot", alt, "\n".join(lines), data)


_P_TICKS = (1.0, 0.5, 0.1, 0.05, 0.01, 0.001, 1e-4, 1e-6, 1e-9, 1e-15, 1e-30)


def albatross_plot(
    result: PooledFit | Albatross, *, labels: bool | None = None, title: str = ""
) -> Figure:
    """Draw P values, with the side that they speak for, against numbers of people.

    Contours show which effect a P value means at a size.

    Parameters
    ----------
    result
        What `evisynth.albatross` returned, or a fit whose data have numbers of people.
    labels
        Whether points have the names of their studies; by default up to 25.
    title
        Bold line over the plot.

    References
    ----------
    Harrison et al. 2017, doi:10.1002/jrsm.1239.

    Examples
    --------
    >>> import evisynth as es
    >>> fit = es.pool(es.effects(es.datasets.load("bcg"), "OR"))
    >>> albatross_plot(fit).alt_text.startswith("Albatross plot of 13 studies")
    True
    """
    if not isinstance(result, Albatross):
        from evisynth.synthesis import albatross

        result = albatross(result)
    found = result
    small = float(np.nanmin(found.p_values)) if np.isfinite(found.p_values).any() else 0.05
    deepest = -1.06 * math.log10(max(min(small, 0.001), 1e-40))
    places = [
        (sign * -math.log10(p), _p_words(p))
        for sign in (-1, 1)
        for p in _P_TICKS
        if -math.log10(p) <= deepest and (p < 1 or sign > 0)
    ]
    kept: list[Tick] = []
    for value, words in sorted(places, key=lambda place: (abs(place[0]), place[0])):
        wide = width(words, SIZE)
        if all(
            abs(value - tick.value) / (2 * deepest) * WIDTH
            > (wide + width(tick.label, SIZE)) / 2 + 0.7 * SIZE
            for tick in kept
        ):
            kept.append(Tick(value, words))
    kept.sort(key=lambda tick: tick.value)
    x = Span(-deepest, deepest, tuple(kept), "P value: negative association | positive association")
    logs = np.log10(np.asarray(found.sizes, dtype=float))
    low, high = float(np.nanmin(logs)) - 0.15, float(np.nanmax(logs)) + 0.15
    rounds = [
        base * 10.0**power for power in range(9) for base in (1, 2, 5)
        if low <= math.log10(base * 10.0**power) <= high
    ]  # fmt: skip
    y = Span(low, high, tuple(Tick(math.log10(n), f"{n:,.0f}") for n in rounds), "Number of people")
    named = len(found.labels) <= NAMED if labels is None else labels
    across = np.asarray(found.signs) * -np.log10(np.clip(found.p_values, 1e-300, 1.0))
    grid = -np.log10(np.clip(found.grid, 1e-300, 1.0))

    def draw(plane: Plane) -> Sequence[str]:
        plane.upright(0.0, INK, 0.8)
        for number, contour in enumerate(found.contours):
            with np.errstate(divide="ignore", invalid="ignore"):
                up = np.log10(contour)
            dash = ((), (4.0, 2.0), (1.2, 1.8), (6.0, 2.0, 1.2, 2.0))[number % 4]
            for side in (-1.0, 1.0):
                plane.curve(side * grid, up, "#8795a5", 0.8, dash)
        for one, other in zip(across, logs, strict=True):
            plane.dot(float(one), float(other))
        return plane.names(found.labels, across, logs) if named else ()

    keys = [Key("Study", "marker", "#ffffff")]
    for number, effect in enumerate(found.effects):
        dash = ((), (4.0, 2.0), (1.2, 1.8), (6.0, 2.0, 1.2, 2.0))[number % 4]
        keys.append(Key(f"{found.measure} {effect:g}", "line", "#8795a5", dash=dash, width=0.8))
    strong = int((np.asarray(found.p_values) < 0.05).sum())
    alt = (
        f"Albatross plot of {plural(len(found.labels), 'study', 'studies')}: "
        f"{int((np.asarray(found.signs) > 0).sum())} on the positive side, {strong} with P < 0.05."
    )
    lines = [
        f"{label}: {format_p(float(p), symbol=True)}, {'positive' if s > 0 else 'negative'}, "
        f"{format_number(float(n), 0)} people."
        for label, p, s, n in zip(
            found.labels, found.p_values, found.signs, found.sizes, strict=True
        )
    ]
    page = one_panel(x, y, draw, keys=keys, title=title)
    return Figure((page,), title or "Albatross plot", alt, "\n".join([alt, *lines]), rows_of(found))


def _p_words(p: float) -> str:
    if p >= 0.001:
        return f"{p:g}"
    power = round(math.log10(p))
    digits = str(abs(power)).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10⁻{digits}"


def profile_plot(
    result: PooledFit | MetaRegression | LikelihoodProfile, *, title: str = ""
) -> Figure:
    """Draw the (restricted) log-likelihood over tau², with its maximum and interval.

    Parameters
    ----------
    result
        What `evisynth.profile` returned, or a random-effects fit that it is made of.
    title
        Bold line over the plot.

    Examples
    --------
    >>> import evisynth as es
    >>> fit = es.pool(es.effects(es.datasets.load("bcg"), "RR"))
    >>> profile_plot(fit).title
    'Profile likelihood of tau²'
    """
    if not isinstance(result, LikelihoodProfile):
        from evisynth.synthesis import profile

        result = profile(result)
    found = result
    x = linear_span([*found.tau2, found.best], "Tau²")
    word = "Restricted log-likelihood" if found.restricted else "Log-likelihood"
    top = found.best_log_likelihood
    least = top - DEPTH * (top - found.cut)  # far below the cut nothing is to be seen
    y = linear_span([*np.maximum(found.log_likelihood, least), top, found.cut], word)
    percent = f"{100 * found.level:g}%"

    def draw(plane: Plane) -> Sequence[str]:
        plane.level(found.cut, PALE, 0.8, (3.6, 2.4))
        for limit in (found.lower, found.upper):
            plane.upright(limit, PALE, 0.8, (3.6, 2.4))
        plane.upright(found.best, BLUE, 0.8)
        plane.curve(found.tau2, found.log_likelihood, INK, 1.3)
        plane.dot(found.best, found.best_log_likelihood, 2.7, fill=BLUE)
        return ()

    keys = [
        Key(word, "line", INK, width=1.3),
        Key("Highest", "marker", "#ffffff", BLUE),
        Key(f"{percent} interval", "line", PALE, dash=(3.6, 2.4), width=0.8),
    ]
    limits = f"{format_number(found.lower, 4)} to {format_number(found.upper, 4)}"
    alt = (
        f"{word} over tau²: highest at {format_number(found.best, 4)}, {percent} profile interval "
        f"{limits}."
    )
    page = one_panel(x, y, draw, keys=keys, title=title)
    return Figure((page,), title or "Profile likelihood of tau²", alt, alt, rows_of(found))


def bubble_plot(
    regression: MetaRegression,
    moderator: str | None = None,
    *,
    at: Mapping[str, object] | None = None,
    groups: str | None = None,
    prediction: bool = True,
    labels: bool = False,
    title: str = "",
) -> Figure:
    """Draw a meta-regression on one number: bubbles, the line, its confidence and prediction bands.

    Areas of the bubbles follow the weights of the studies.

    Parameters
    ----------
    regression
        A meta-regression.
    moderator
        The column of numbers on the x axis; the only one of the formula unless named.
    at
        Values of the other moderators along the line; unless given the mean of a number and the
        first level of a category.
    groups
        Column whose levels have shapes and colours of their own.
    prediction
        Whether the prediction band is drawn.
    labels
        Whether bubbles have the names of their studies.
    title
        Bold line over the plot.

    Raises
    ------
    OptionError
        A column that the data do not hold.
    DataError
        A moderator that is no number, or several and none named.

    Examples
    --------
    >>> import evisynth as es
    >>> fit = es.meta_regression(es.effects(es.datasets.load("bcg"), "RR"), "ablat")
    >>> bubble_plot(fit).alt_text.startswith("Bubble plot of 13 studies: risk ratio by ablat")
    True
    """
    from evisynth.synthesis import predict

    effects, fitted = regression.effects, np.asarray(regression.rows)
    data = effects.data.loc[fitted]
    used = [name for name in map(str, effects.data.columns) if _named(name, regression.formula)]
    name = moderator or _only_number(data, used)
    if name not in data.columns:
        raise OptionError("moderator", name, [str(column) for column in effects.data.columns])
    values = _numbers(data, name)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    scale = effects.scale
    x = linear_span(values, name[:1].upper() + name[1:].replace("_", " "))
    grid = np.linspace(max(x.low, low - 0.02 * (high - low)), min(x.high, high), 101)
    new: dict[str, object] = {
        other: _usual(data, other, dict(at or {})) for other in used if other != name
    }
    line = predict(regression, {**new, name: grid})
    estimates = effects.estimates[fitted]
    errors = effects.standard_errors[fitted]
    drawn_pi = prediction and bool(np.isfinite(line.prediction_lower).any())
    reach = [*estimates, *line.ci_lower, *line.ci_upper]
    if drawn_pi:
        reach += [*line.prediction_lower, *line.prediction_upper]
    y = effect_span(reach, scale, HEIGHT)
    tau2 = regression.tau2 if math.isfinite(regression.tau2) else 0.0
    weights = 1 / (errors**2 + tau2)
    radii = 1.8 + 6.0 * np.sqrt(weights / weights.max())
    order = np.argsort(-radii, kind="stable")
    levels = _levels(effects, fitted, groups)
    kinds = list(dict.fromkeys(levels))
    names = [label for label, here in zip(effects.labels, fitted, strict=True) if here]

    def draw(plane: Plane) -> Sequence[str]:
        if drawn_pi:
            plane.band(grid, line.prediction_lower, line.prediction_upper, PREDICTION_FILL)
        plane.band(grid, line.ci_lower, line.ci_upper, CI_FILL)
        plane.level(scale.null if scale.compares else math.nan)
        for index in order:
            shape, colour = PALETTE[kinds.index(levels[index]) % len(PALETTE)]
            plane.dot(
                float(values[index]),
                float(estimates[index]),
                float(radii[index]),
                fill=colour if groups else "#5b6b7b",
                shape=shape if groups else "circle",
            )
        plane.curve(grid, line.estimates, INK, 1.3)
        if not labels:
            return ()
        return plane.names(names, values, estimates, [float(radius) for radius in radii])

    keys = [Key("Study (area by weight)", "marker", "#ffffff", "#5b6b7b")]
    if groups:
        keys = [
            Key(kind or "not coded", "marker", "#ffffff", colour, shape)
            for kind, (shape, colour) in zip(kinds, PALETTE * 9, strict=False)
        ]
    percent = level_text(line.level)
    keys += [
        Key("Predicted mean effect", "line", INK, width=1.3),
        Key(f"{percent} confidence band", "area", fill=CI_FILL),
    ]
    if drawn_pi:
        keys.append(Key(f"{percent} prediction band", "area", fill=PREDICTION_FILL))
    if scale.compares:
        keys.append(Key("No effect", "line", PALE, width=0.7))
    notes = []
    if new:
        fixed = ", ".join(f"{other} = {_words(value)}" for other, value in new.items())
        notes.append(f"The line holds for {fixed}.")
    if regression.left_out:
        notes.append(f"Not in the model: {', '.join(regression.left_out)}.")
    digits = digits_of(effects)
    ends = [format_number(scale.shown(float(line.estimates[i])), digits) for i in (0, -1)]
    alt = (
        f"Bubble plot of {plural(regression.k, 'study', 'studies')}: {scale.label.lower()} by "
        f"{name}; the predicted mean goes from {ends[0]} at {name} {_words(float(grid[0]))} to "
        f"{ends[1]} at {_words(float(grid[-1]))}."
    )
    test = regression.moderators
    extra = []
    if math.isfinite(test.statistic):
        extra.append(f"Test of moderators: {format_p(test.p_value, symbol=True)}.")
    shown = np.array([scale.shown(float(value)) for value in estimates])
    lines = told(names, (name, values), (scale.short, shown), digits=digits)
    data_rows = tuple(
        {
            "label": label,
            name: float(values[i]),
            scale.short: float(shown[i]),
            "se": float(errors[i]),
            **({groups: levels[i]} if groups else {}),
        }
        for i, label in enumerate(names)
    )
    page = one_panel(x, y, draw, keys=keys, title=title, notes=notes)
    description = "\n".join([alt, *extra, *notes, *lines])
    return Figure((page,), title or f"Bubble plot by {name}", alt, description, data_rows)


def _named(column: str, formula: str) -> bool:
    import re

    return re.search(rf"(?<![\w.]){re.escape(column)}(?![\w.])", formula) is not None


def _numbers(data: pd.DataFrame, name: str) -> NDArray[np.float64]:
    import pandas as pd

    values = np.asarray(pd.to_numeric(data[name], errors="coerce"), dtype=float)
    if not np.isfinite(values).any() or data[name].dtype.kind not in "iufb":
        raise DataError(
            f"bubble plot: {name!r} is no column of numbers; give a number on the x axis"
        )
    return values


def _only_number(data: pd.DataFrame, used: Sequence[str]) -> str:
    numbers = [name for name in used if data[name].dtype.kind in "iuf"]
    if len(numbers) == 1:
        return numbers[0]
    if not numbers:
        raise NotEstimableError(
            "bubble plot: the regression has no moderator that is a column of numbers"
        )
    raise DataError(
        f"bubble plot: the formula has {', '.join(numbers)}; say which one stands on the x axis, "
        f"moderator={numbers[0]!r}"
    )


def _usual(data: pd.DataFrame, name: str, given: dict[str, object]) -> object:
    """Return the value of another moderator along the line."""
    if name in given:
        return given[name]
    column = data[name]
    if column.dtype.kind in "iuf":
        return float(column.mean())
    return next(iter(column.dropna()))


def _words(value: object) -> str:
    return format(value, ".4g") if isinstance(value, float) else str(value)


def _levels(effects: EffectEstimates, fitted: NDArray[np.bool_], groups: str | None) -> list[str]:
    if groups is None:
        return [""] * int(fitted.sum())
    if groups not in effects.data.columns:
        raise OptionError("groups", groups, [str(column) for column in effects.data.columns])
    column = effects.data.loc[fitted, groups]
    return ["" if gone else str(value) for value, gone in zip(column, column.isna(), strict=True)]
