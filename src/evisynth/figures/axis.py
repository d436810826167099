"""Axes of effect estimates: a range that the studies choose, and ticks that read well."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from evisynth.display import format_number
from evisynth.figures.fonts import width

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evisynth.effects import Scale

__all__ = ["Axis", "Tick", "effect_axis", "fitted_axis", "linear_ticks", "shown_ticks"]

SHARE = 0.3
"""Least share of the axis on either side of no effect, so that both directions have words."""

REACH = 1.5
"""How far the interval of a study may reach beyond the bulk of the estimates, in its widths."""

POOLED_REACH = 1.0
"""The same for the interval of a pooled effect, whose limits can be far off with few studies."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick: its value on the pooled scale and its label on the shown one."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """A horizontal axis of effect estimates.

    Attributes
    ----------
    low, high : float
        Ends, pooled scale.
    left, right : float
        The ends on the page, in points.
    null : float
        No effect, pooled scale; NaN where there is no such value.
    ticks : tuple of Tick
        With the one at no effect, where there is one.
    """

    low: float
    high: float
    left: float
    right: float
    null: float
    ticks: tuple[Tick, ...]

    def x(self, value: float) -> float:
        """Place of a value on the page; values beyond the ends lie beyond them."""
        share = (value - self.low) / (self.high - self.low)
        return self.left + share * (self.right - self.left)

    def holds(self, value: float) -> bool:
        """Whether a value lies on the axis."""
        return self.low <= value <= self.high


def effect_axis(
    scale: Scale,
    estimates: NDArray[np.float64],
    errors: NDArray[np.float64],
    pooled: Sequence[tuple[float, float, float]],
    left: float,
    right: float,
    size: float,
    *,
    margins: bool = True,
) -> Axis:
    """Choose an axis from the studies; pooled effects widen it only as far as studies could.

    Parameters
    ----------
    scale
        Pooled and shown scale.
    estimates, errors
        Estimates and their standard errors on the pooled scale, finite, shape (K,).
    pooled
        Pooled effects: estimate and limits, NaN for none.
    left, right
        Ends of the axis on the page.
    size
        Font size of the tick labels.
    margins
        Whether both sides of no effect need room for words.
    """
    null = scale.null
    low, high = _range(estimates, errors, pooled, null if scale.compares else None)
    if not scale.is_transformed:
        low, high = max(low, scale.lowest), min(high, scale.highest)
    if margins and scale.compares:
        span = high - low
        least = SHARE * span / (1 - SHARE)
        low = min(low, null - min(least, SHARE / (1 - SHARE) * (high - null)))
        high = max(high, null + SHARE / (1 - SHARE) * (null - low))
    return fitted_axis(scale, low, high, left, right, size)


def fitted_axis(
    scale: Scale, low: float, high: float, left: float, right: float, size: float
) -> Axis:
    """Return the axis that holds a range (pooled scale), its ends moved outward to round values."""
    choose = _ratio_ticks if scale.is_ratio else linear_ticks
    room = right - left
    if not scale.is_transformed or (scale.is_ratio and scale.compares):
        low, high, ticks = choose(low, high, room, size)
    else:
        low, high, ticks = shown_ticks(scale, low, high, room, size)
    if not scale.is_transformed:
        least, most = scale.range
        ticks = tuple(tick for tick in ticks if least <= round(tick.value, 12) <= most)
    return Axis(low, high, left, right, scale.null if scale.compares else math.nan, ticks)


def _range(
    estimates: NDArray[np.float64],
    errors: NDArray[np.float64],
    pooled: Sequence[tuple[float, float, float]],
    none: float | None,
) -> tuple[float, float]:
    centres = [value[0] for value in pooled if math.isfinite(value[0])]
    kept = centres if none is None else [*centres, none]
    if not estimates.size:
        null = none or 0.0
        reach = max((abs(value - null) for value in centres), default=0.0) or 1.0
        return null - 1.3 * reach, null + 1.3 * reach
    half = 1.96 * errors
    inner, outer = np.quantile(estimates, [0.1, 0.9])
    bulk = max(float(outer - inner), 2 * float(np.median(half)))
    if bulk == 0:
        bulk = max(abs(float(inner)), 1.0)
    near, far = float(inner), float(outer)
    low = max(float((estimates - half).min()), near - REACH * bulk)
    high = min(float((estimates + half).max()), far + REACH * bulk)
    for _, lower, upper in pooled:
        if math.isfinite(lower) and math.isfinite(upper):
            low = min(low, max(lower, near - POOLED_REACH * bulk))
            high = max(high, min(upper, far + POOLED_REACH * bulk))
    return min([low, *kept]), max([high, *kept])


def _spacing(labels: Iterable[str], places: Sequence[float], size: float) -> bool:
    """Whether labels centred at places keep a gap between them."""
    edges = [
        (place - width(label, size) / 2, place + width(label, size) / 2)
        for place, label in zip(places, labels, strict=True)
    ]
    return all(after[0] - before[1] >= 0.6 * size for before, after in pairwise(edges))


def linear_ticks(
    low: float, high: float, room: float, size: float, most: int = 7
) -> tuple[float, float, tuple[Tick, ...]]:
    """Choose ticks at round values and move the ends outward to them.

    Examples
    --------
    >>> low, high, ticks = linear_ticks(-1.13, 0.42, 200.0, 8.0)
    >>> (low, high), [tick.label for tick in ticks]
    ((-1.5, 0.5), ['−1.5', '−1.0', '−0.5', '0.0', '0.5'])
    """
    span = high - low
    power = math.floor(math.log10(span / most)) if span > 0 else 0
    steps = [base * 10.0**exponent for exponent in range(power, power + 4) for base in (1, 2, 5)]
    for step in steps:
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first > most:
            continue
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        values = [number * step for number in range(first, last + 1)]
        labels = [format_number(value, digits) for value in values]
        start, end = values[0], values[-1]
        places = [(value - start) / (end - start) * room for value in values]
        if _spacing(labels, places, size):
            break
    else:
        # Numbers of very many digits: the ends alone.
        start, end, values = low, high, [low, high]
        labels = [f"{value:.0e}" for value in values]
    ticks = tuple(Tick(value, label) for value, label in zip(values, labels, strict=True))
    return start, end, ticks


SHOWN_STEPS = tuple((base, power) for power in range(8, -9, -1) for base in (5, 2, 1))
"""Steps between round values, 5, 2 or 1 times a power of ten, wide ones first."""

NEAR_END = 20
"""Multiples of a step tried from either end of the axis; wider steps fill the middle."""

FEW = 3
"""Ticks below which values that are less round are taken as well."""

APART = 0.09
"""Least share of a transformed axis between two ticks, so that they spread over all of it."""


def shown_ticks(
    scale: Scale, low: float, high: float, room: float, size: float
) -> tuple[float, float, tuple[Tick, ...]]:
    """Choose round values of the shown scale as ticks of a transformed one, wide steps first.

    Examples
    --------
    >>> from evisynth.effects import Scale
    >>> logit = Scale("logit", 0.0, "Proportion", "Proportion", compares=False)
    >>> [tick.label for tick in shown_ticks(logit, -3.0, 1.0, 200.0, 8.0)[2]]
    ['0.05', '0.1', '0.2', '0.3', '0.4', '0.5', '0.6', '0.7']
    """
    pad = 0.02 * (high - low)
    low, high = low - pad, high + pad
    found: list[Tick] = []
    for round_only in (True, False):
        for number in _round_values(scale, low, high, round_only=round_only):
            value = scale.pooled(number)
            if not low <= value <= high:
                continue
            new = Tick(value, _round_label(number))
            ticks = sorted([*found, new], key=lambda tick: tick.value)
            places = [(tick.value - low) / (high - low) * room for tick in ticks]
            apart = all(after - before >= APART * room for before, after in pairwise(places))
            if apart and _spacing([tick.label for tick in ticks], places, size):
                found = ticks
        if len(found) >= FEW:
            break
    return low, high, tuple(found)


def _round_values(scale: Scale, low: float, high: float, *, round_only: bool) -> Iterator[float]:
    """Multiples of round steps on the shown scale, wide steps first, near the ends of the axis.

    Round are those of one digit that counts, seen from 0 or from the end of the range.
    """
    first, last = scale.shown_limits(low, high)
    top = scale.range[1]
    for base, power in SHOWN_STEPS:
        step, most = base * 10.0**power, {5: 3, 2: 5, 1: 10}[base]
        start, end = math.ceil(first / step - 1e-9), math.floor(last / step + 1e-9)
        near = range(start, min(start + NEAR_END, end) + 1)
        far = range(max(end - NEAR_END, near.stop), end + 1)
        for number in (*near, *far):
            from_top = (top - number * step) / step if math.isfinite(top) else math.inf
            if not round_only or abs(number) <= most or abs(from_top) <= most:
                yield number * step


_RATIOS: tuple[tuple[float, ...], ...] = (
    (0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0),
    (0.25, 0.5, 1.0, 2.0, 4.0),
    tuple(base * 10.0**power for power in range(-12, 13) for base in (1, 2, 5)),
    *(tuple(base**power for power in range(-15, 16)) for base in (10.0, 100.0, 1e4, 1e8)),
)
"""Round ratios from close to wide; 1 is in each."""

NARROW = 1.6
"""Ratio of the ends below which the ticks of a ratio are evenly spaced numbers."""

COVERED = 0.65
"""Share of an axis between its outer ticks that is enough to stop looking for wider ones."""


def _round_label(value: float) -> str:
    digits = 0
    while digits < 12 and abs(round(value, digits) - value) > 1e-9 * abs(value):
        digits += 1
    return format_number(value, digits)


def _ratio_ticks(
    low: float, high: float, room: float, size: float
) -> tuple[float, float, tuple[Tick, ...]]:
    """Choose round ratios within a range of logarithms; 1 is always one of them."""
    pad = 0.02 * (high - low)
    low, high = low - pad, high + pad
    best: tuple[Tick, ...] = (Tick(0.0, "1"),)
    most = 0.0
    for values in (*_even_ratios(low, high), *_RATIOS):
        ticks = tuple(
            Tick(math.log(value), _round_label(value))
            for value in values
            if low <= math.log(value) <= high
        )
        if not 1 < len(ticks) <= 9:
            continue
        places = [(tick.value - low) / (high - low) * room for tick in ticks]
        covered = (places[-1] - places[0]) / room
        if covered > most and _spacing([tick.label for tick in ticks], places, size):
            best, most = ticks, covered
        if most >= COVERED:
            break
    return low, high, best


def _even_ratios(low: float, high: float) -> list[list[float]]:
    """Return evenly spaced ratios for a narrow range, fine before coarse."""
    first, last = math.exp(max(low, -50.0)), math.exp(min(high, 50.0))
    if last / first >= NARROW:
        return []
    power = math.floor(math.log10(last - first)) - 1
    out = []
    for base, exponent in ((b, e) for e in (power, power + 1) for b in (1, 2, 5)):
        step = base * 10.0**exponent
        below, above = math.floor((1 - first) / step), math.floor((last - 1) / step)
        if below + above <= 8:
            out.append([1 + number * step for number in range(-below, above + 1)])
    return out
