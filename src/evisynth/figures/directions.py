"""Figures for synthesis without meta-analysis: directions of effect, and the harvest plot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

import numpy as np

from evisynth.display import format_count, format_p, plural
from evisynth.errors import DataError
from evisynth.figures.figure import Figure
from evisynth.figures.fonts import width, wrap
from evisynth.figures.plane import GREY, LINE, MARGIN, SIZE
from evisynth.figures.scene import Line, Polygon, Primitive, Rect, Scene, Text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evisynth.figures.fits import AnyFit

__all__ = [
    "HATCH",
    "Finding",
    "effect_direction_plot",
    "findings_of_fit",
    "harvest_plot",
    "people_of",
]

Direction = Literal["better", "worse", "unclear"]
DIRECTIONS: tuple[Direction, ...] = ("better", "unclear", "worse")
UP, DOWN, BOTH = "#00694f", "#a33200", "#6b6b6b"
PAGE_HEIGHT = 720.0
RULE = "#d9d9d9"
CLEAR = 0.05


@dataclass(frozen=True, slots=True)
class Finding:
    """What a study found on an outcome, without its size.

    Attributes
    ----------
    study : str
        Name of the study.
    outcome : str
        Name of the outcome (or outcome domain).
    direction : {"better", "worse", "unclear"}
        Whether the effect favours the intervention, speaks against it, or neither.
    size : float
        Number of people; NaN where not known.
    p_value : float
        P value; NaN where not known.
    group : str
        Group of the study (design, risk of bias), ``""`` for none.
    """

    study: str
    outcome: str
    direction: Direction
    size: float = math.nan
    p_value: float = math.nan
    group: str = ""

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            raise DataError(
                f"finding of {self.study!r}: direction {self.direction!r} is none of "
                f"{', '.join(DIRECTIONS)}"
            )


def findings_of_fit(
    fit: AnyFit, outcome: str, *, lower_is_better: bool, group: str = ""
) -> tuple[Finding, ...]:
    """Return the direction of each study of a fit; rows without an estimate are unclear.

    Parameters
    ----------
    fit
        A pooled effect; only its studies' own estimates count.
    outcome
        Name of the outcome.
    lower_is_better
        Whether a lower value is the better one.
    group
        Column of the data that gives the group, ``""`` for none.

    Examples
    --------
    >>> import evisynth as es
    >>> fit = es.pool(es.effects(es.datasets.load("bcg"), "RR"))
    >>> findings_of_fit(fit, "Tuberculosis", lower_is_better=True)[0].direction
    'better'
    """
    effects = fit.effects
    null = effects.scale.null
    sizes = people_of(fit)
    out = []
    for index, label in enumerate(effects.labels):
        estimate, error = float(effects.estimates[index]), float(effects.standard_errors[index])
        direction: Direction = "unclear"
        p = math.nan
        if effects.estimable[index] and estimate != null:
            direction = "better" if (estimate < null) == lower_is_better else "worse"
        if effects.estimable[index] and error > 0:
            p = 2 * NormalDist().cdf(-abs(estimate - null) / error)
        level = str(effects.data[group].iloc[index]) if group in effects.data.columns else ""
        out.append(Finding(label, outcome, direction, float(sizes[index]), p, level))
    return tuple(out)


def people_of(fit: AnyFit) -> NDArray[np.float64]:
    """Return how many people each row has; NaN where the data do not say."""
    import pandas as pd

    data, columns = fit.effects.data, fit.effects.columns
    total = np.zeros(len(fit.effects))
    found = False
    for role in ("n1", "n2", "n"):
        name = columns.get(role, role)
        if name in data.columns:
            total = total + np.asarray(pd.to_numeric(data[name], errors="coerce"), dtype=float)
            found = True
    return total if found else np.full(len(fit.effects), np.nan)


def _arrow(x: float, y: float, direction: Direction, reach: float) -> list[Primitive]:
    """Return an arrow up or down, or one to both sides; shape carries the direction, not colour."""
    if direction == "unclear":
        half = 0.55 * reach
        left = Polygon(
            ((x - reach, y), (x - 0.1 * reach, y - half), (x - 0.1 * reach, y + half)), BOTH
        )
        right = Polygon(
            ((x + reach, y), (x + 0.1 * reach, y - half), (x + 0.1 * reach, y + half)), BOTH
        )
        return [left, right]
    up = -1.0 if direction == "better" else 1.0
    colour = UP if direction == "better" else DOWN
    stem = 0.24 * reach
    points = (
        (x, y + up * reach),
        (x + 0.72 * reach, y + up * 0.1 * reach),
        (x + stem, y + up * 0.1 * reach),
        (x + stem, y - up * reach),
        (x - stem, y - up * reach),
        (x - stem, y + up * 0.1 * reach),
        (x - 0.72 * reach, y + up * 0.1 * reach),
    )
    return [Polygon(points, colour)]


def _reach(size: float) -> float:
    """Half the height of an arrow by the number of people (Thomson and Thomas 2013)."""
    if not math.isfinite(size):
        return 4.2
    return 7.0 if size > 300 else 5.4 if size > 50 else 3.8


def _counted(findings: Sequence[Finding]) -> str:
    count = {way: sum(one.direction == way for one in findings) for way in DIRECTIONS}
    return f"{count['better']} better, {count['worse']} worse, {count['unclear']} unclear"


def _sign_test(findings: Sequence[Finding]) -> float:
    """Two-sided P of the sign test on studies with a direction; NaN without any."""
    better = sum(one.direction == "better" for one in findings)
    total = sum(one.direction != "unclear" for one in findings)
    if not total:
        return math.nan
    fewer = min(better, total - better)
    tail = sum(math.comb(total, number) for number in range(fewer + 1)) / 2**total
    return min(1.0, 2.0 * float(tail))


def effect_direction_plot(
    findings: Sequence[Finding], *, title: str = "", page_height: float = PAGE_HEIGHT
) -> Figure:
    """Draw the direction of effect of each study on each outcome.

    Up is better for the intervention, down worse, sideways unclear; large arrows stand for more
    than 300 people, medium ones for 51 to 300. The last row has the sign test of each outcome.

    Parameters
    ----------
    findings
        One a study and outcome.
    title
        Bold line over the table.
    page_height
        Tallest page, in points; the header is repeated.

    References
    ----------
    Thomson and Thomas 2013, doi:10.1002/jrsm.1060; Boon and Thomson 2021, doi:10.1002/jrsm.1458.

    Examples
    --------
    >>> found = [Finding("A 2001", "Pain", "better", 120), Finding("B 2002", "Pain", "worse", 40)]
    >>> effect_direction_plot(found).alt_text
    'Effect direction plot of 2 studies. Pain: 1 better, 1 worse, 0 unclear.'
    """
    _once(findings)
    studies = list(dict.fromkeys(one.study for one in findings))
    outcomes = list(dict.fromkeys(one.outcome for one in findings))
    by = {(one.study, one.outcome): one for one in findings}
    label = min(max([width(study, SIZE) for study in studies] + [60.0]), 190.0)
    head = [wrap(outcome, 74.0, SIZE, "bold") for outcome in outcomes]
    pitch = max([40.0, *(width(line, SIZE, "bold") + 10 for lines in head for line in lines)])
    left = MARGIN + label + 10
    across = max(left + pitch * len(outcomes) + MARGIN, 300.0)
    deep = max((len(lines) for lines in head), default=1)
    pages: list[Scene] = []
    items: list[Primitive] = []

    def header(y: float) -> float:
        for line in wrap(title, across - 2 * MARGIN, SIZE + 1.5, "bold") if title else ():
            y += LINE + 1.5
            items.append(Text(MARGIN, y, line, SIZE + 1.5, "bold"))
        base = y + (6 if title else 0) + deep * LINE
        items.append(Text(MARGIN, base, "Study", SIZE, "bold"))
        for number, lines in enumerate(head):
            x = left + (number + 0.5) * pitch
            for back, line in enumerate(reversed(lines)):
                items.append(Text(x, base - back * LINE, line, SIZE, "bold", align="center"))
        items.append(Line(MARGIN, base + 4, across - MARGIN, base + 4, "#000000", 0.75))
        return base + 5

    y = header(MARGIN)
    for study in studies:
        lines = wrap(study, label + 0.1, SIZE)
        high = max(18.0, len(lines) * LINE + 6)
        if y + high > page_height - 90:
            pages.append(_foot(items, across, y, ()))
            items = []
            y = header(MARGIN)
        middle = y + high / 2
        for number, line in enumerate(lines):
            down = middle + (number - (len(lines) - 1) / 2) * LINE
            items.append(Text(MARGIN, down, line, SIZE, baseline="middle"))
        for number, outcome in enumerate(outcomes):
            x = left + (number + 0.5) * pitch
            here = by.get((study, outcome))
            if here is not None:
                items.extend(_arrow(x, middle, here.direction, _reach(here.size)))
            else:
                items.append(
                    Text(x, middle, "–", SIZE, colour=GREY, align="center", baseline="middle")
                )
        y += high
        items.append(Line(MARGIN, y, across - MARGIN, y, RULE, 0.5))
    tests = [_sign_test([one for one in findings if one.outcome == name]) for name in outcomes]
    items.append(Text(MARGIN, y + 12, "Sign test, P", SIZE, "bold"))
    for number, p in enumerate(tests):
        x = left + (number + 0.5) * pitch
        items.append(Text(x, y + 12, format_p(p), SIZE, align="center"))
    pages.append(_foot(items, across, y + 16, DIRECTIONS))
    parts = [f"{n}: {_counted([one for one in findings if one.outcome == n])}." for n in outcomes]
    alt = f"Effect direction plot of {plural(len(studies), 'study', 'studies')}. {' '.join(parts)}"
    lines_ = [
        f"{one.study}, {one.outcome}: {one.direction}{_people_words(one)}." for one in findings
    ]
    told = [
        f"Sign test, {name}: {format_p(p, symbol=True)}."
        for name, p in zip(outcomes, tests, strict=True)
        if math.isfinite(p)
    ]
    return Figure(
        tuple(pages),
        title or "Effect direction plot",
        alt,
        "\n".join([alt, *told, *lines_]),
        _data(findings),
    )


def _people_words(one: Finding) -> str:
    return f", {format_count(int(one.size))} people" if math.isfinite(one.size) else ""


def _once(findings: Sequence[Finding]) -> None:
    seen: set[tuple[str, str]] = set()
    for one in findings:
        if (one.study, one.outcome) in seen:
            raise DataError(
                f"study {one.study!r} has two findings on {one.outcome!r}; give the one that counts"
            )
        seen.add((one.study, one.outcome))
    if not findings:
        raise DataError("there is no finding to draw; give one a study and outcome")


def _data(findings: Sequence[Finding]) -> tuple[Mapping[str, object], ...]:
    names = ("study", "outcome", "direction", "size", "p_value", "group")
    return tuple({name: getattr(one, name) for name in names} for one in findings)


def _foot(items: list[Primitive], across: float, y: float, shown: Sequence[Direction]) -> Scene:
    words = {"better": "Favours the intervention", "worse": "Against it", "unclear": "Unclear"}
    x, base = MARGIN, y + 16
    for way in shown:
        wide = 18 + width(words[way], SIZE)
        if x > MARGIN and x + wide > across - MARGIN:
            x, base = MARGIN, base + LINE + 4
        items.extend(_arrow(x + 6, base - 3, way, 5.4))
        items.append(Text(x + 16, base, words[way], SIZE))
        x += wide + 12
    if not shown:
        return Scene(across, y + MARGIN, tuple(items))
    for line in wrap("Large arrow: more than 300 people; medium: 51 to 300; small: up to 50.",
                     across - 2 * MARGIN, SIZE - 0.5):  # fmt: skip
        base += LINE + 2
        items.append(Text(MARGIN, base, line, SIZE - 0.5, colour=GREY))
    return Scene(across, base + MARGIN, tuple(items))


_HARVEST: tuple[tuple[Direction, str], ...] = (
    ("worse", "Against"),
    ("unclear", "No clear effect"),
    ("better", "In favour"),
)
HATCH = ("#2f6f9f", "#c9782b", "#5f8d4e", "#8d6a9f", "#8a8a8a", "#333333")


def harvest_plot(findings: Sequence[Finding], *, title: str = "") -> Figure:
    """Draw a harvest plot: for each outcome a bar a study under what it found.

    The height of a bar is the number of people (three steps), its colour and letter the group of
    the study; a filled bar has P < 0.05.

    Parameters
    ----------
    findings
        One a study and outcome.
    title
        Bold line over the plot.

    References
    ----------
    Ogilvie et al. 2008, doi:10.1186/1471-2288-8-8.

    Examples
    --------
    >>> found = [Finding("A 2001", "Pain", "better", 120, 0.01), Finding("B", "Pain", "worse", 40)]
    >>> harvest_plot(found).title
    'Harvest plot'
    """
    _once(findings)
    outcomes = list(dict.fromkeys(one.outcome for one in findings))
    groups = list(dict.fromkeys(one.group for one in findings))
    numbers = {study: n + 1 for n, study in enumerate(dict.fromkeys(f.study for f in findings))}
    bar = 9.0
    most = {
        way: max(
            sum(f.direction == way and f.outcome == name for f in findings) for name in outcomes
        )
        for way, _ in _HARVEST
    }
    widths = {
        way: max(most[way] * (bar + 2) + 14, width(words, SIZE, "bold") + 14)
        for way, words in _HARVEST
    }
    label = min(max([width(name, SIZE, "bold") for name in outcomes] + [50.0]), 120.0)
    left = MARGIN + label + 10
    across = left + sum(widths.values()) + MARGIN
    items: list[Primitive] = []
    y = MARGIN
    for line in wrap(title, across - 2 * MARGIN, SIZE + 1.5, "bold") if title else ():
        y += LINE + 1.5
        items.append(Text(MARGIN, y, line, SIZE + 1.5, "bold"))
    y += LINE + 4
    x = left
    for way, words in _HARVEST:
        items.append(Text(x + widths[way] / 2, y, words, SIZE, "bold", align="center"))
        x += widths[way]
    y += 4
    for name in outcomes:
        y += 62
        lines = wrap(name, label + 0.1, SIZE, "bold")
        for number, line in enumerate(lines):
            down = y - 24 + (number - (len(lines) - 1) / 2) * LINE
            items.append(Text(MARGIN, down, line, SIZE, "bold", baseline="middle"))
        x = left
        for way, _ in _HARVEST:
            found = [f for f in findings if f.outcome == name and f.direction == way]
            found.sort(key=lambda f: (groups.index(f.group), -_reach(f.size)))
            start = x + (widths[way] - len(found) * (bar + 2)) / 2
            for number, one in enumerate(found):
                items.extend(_bar(one, start + number * (bar + 2), y - 10, bar, groups, numbers))
            items.append(Line(x + 3, y - 10, x + widths[way] - 3, y - 10, "#000000", 0.7))
            x += widths[way]
    y += 10
    items, y = _harvest_key(items, groups, across, y)
    told = [f"{number} {study}" for study, number in numbers.items()]
    for line in wrap("; ".join(told), across - 2 * MARGIN, SIZE - 0.5):
        y += LINE
        items.append(Text(MARGIN, y, line, SIZE - 0.5))
    parts = [f"{n}: {_counted([f for f in findings if f.outcome == n])}." for n in outcomes]
    alt = f"Harvest plot of {plural(len(numbers), 'study', 'studies')}. {' '.join(parts)}"
    described = [
        f"{f.study}, {f.outcome}: {f.direction}{_people_words(f)}"
        + (f", {format_p(f.p_value, symbol=True)}" if math.isfinite(f.p_value) else "")
        + (f" ({f.group})" if f.group else "")
        + "."
        for f in findings
    ]
    return Figure(
        (Scene(across, y + MARGIN, tuple(items)),),
        title or "Harvest plot",
        alt,
        "\n".join([alt, *described]),
        _data(findings),
    )


def _bar(
    one: Finding,
    x: float,
    base: float,
    wide: float,
    groups: Sequence[str],
    numbers: Mapping[str, int],
) -> list[Primitive]:
    high = {7.0: 40.0, 5.4: 28.0, 4.2: 22.0, 3.8: 17.0}[_reach(one.size)]
    colour = HATCH[groups.index(one.group) % len(HATCH)]
    clear = math.isfinite(one.p_value) and one.p_value < CLEAR
    fill = colour if clear else "#ffffff"
    return [
        Rect(x, base - high, wide, high, fill, colour, 0.9, group="bar"),
        Text(x + wide / 2, base - high - 2.5, str(numbers[one.study]), 6.0, align="center"),
    ]


def _harvest_key(
    items: list[Primitive], groups: Sequence[str], across: float, y: float
) -> tuple[list[Primitive], float]:
    entries = [(name, HATCH[n % len(HATCH)], True) for n, name in enumerate(groups) if name]
    entries += [("P < 0.05", "#333333", True), ("P ≥ 0.05 or not known", "#333333", False)]
    entries.append(("Height: up to 50, 51 to 300, more than 300 people", "", False))
    x, base = MARGIN, y + LINE
    for words, colour, full in entries:
        wide = (14 if colour else 0) + width(words, SIZE)
        if x > MARGIN and x + wide > across - MARGIN:
            x, base = MARGIN, base + LINE + 3
        if colour:
            fill = colour if full else "#ffffff"
            items.append(Rect(x, base - 7, 9, 8, fill, colour, 0.9))
        lines = wrap(words, across - 2 * MARGIN - 14, SIZE)
        for number, line in enumerate(lines):
            items.append(Text(x + (14 if colour else 0), base + number * LINE, line, SIZE))
        base += (len(lines) - 1) * LINE
        x += wide + 12
    return items, base + 4
