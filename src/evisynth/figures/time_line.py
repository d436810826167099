"""When studies appeared: a block a study over its year."""

from __future__ import annotations

import math
from collections.abc import Mapping

from evisynth.display import plural
from evisynth.errors import DataError
from evisynth.figures.directions import HATCH
from evisynth.figures.figure import Figure
from evisynth.figures.fonts import width, wrap
from evisynth.figures.plane import LINE, MARGIN, SIZE
from evisynth.figures.scene import Line, Primitive, Rect, Scene, Text

__all__ = ["timeline"]


def timeline(
    years: Mapping[str, int | float],
    *,
    groups: Mapping[str, str] | None = None,
    title: str = "",
    noun: tuple[str, str] = ("study", "studies"),
) -> Figure:
    """Draw when studies appeared: a block a study, stacked over its year.

    Parameters
    ----------
    years
        Year of each study.
    groups
        Group of each study, shown by colour and named in the legend.
    title
        Bold line over the plot.
    noun
        What is counted, singular and plural.

    Raises
    ------
    DataError
        No study, or a year that is no whole number.

    Examples
    --------
    >>> timeline({"Wu": 2019, "Zhu": 2021, "Sui": 2021}).alt_text
    'Time line of 3 studies, 2019 to 2021; most in 2021 (2).'
    """
    if not years:
        raise DataError("time line: there is no study; give its year by its name")
    whole: dict[str, int] = {}
    for study, year in years.items():
        if not math.isfinite(year) or int(year) != year or not 1000 <= year <= 9999:
            raise DataError(f"time line: the year of {study!r} is {year!r}; give a whole number")
        whole[study] = int(year)
    first, last = min(whole.values()), max(whole.values())
    kinds = list(dict.fromkeys((groups or {}).get(study, "") for study in whole))
    count = {year: sum(y == year for y in whole.values()) for year in range(first, last + 1)}
    span = last - first + 1
    block = min(18.0, 440.0 / span)
    most = max(count.values())
    high = min(11.0, 200.0 / most)
    left = MARGIN + 10
    across = max(left + span * block + MARGIN + 10, 240.0)
    items: list[Primitive] = []
    y = MARGIN
    for line in wrap(title, across - 2 * MARGIN, SIZE + 1.5, "bold") if title else ():
        y += LINE + 1.5
        items.append(Text(MARGIN, y, line, SIZE + 1.5, "bold"))
    base = y + 14 + most * high
    for year in range(first, last + 1):
        here = [study for study, when in whole.items() if when == year]
        here.sort(key=lambda study: kinds.index((groups or {}).get(study, "")))
        x = left + (year - first) * block
        for number, study in enumerate(here):
            colour = HATCH[kinds.index((groups or {}).get(study, "")) % len(HATCH)]
            gap = min(1.0, 0.12 * high)
            top = base - (number + 1) * high
            items.append(
                Rect(x + 0.06 * block, top, 0.88 * block, high - gap, colour, group="study")
            )
        if here and block >= 9:
            words = str(len(here))
            items.append(Text(x + block / 2, base - len(here) * high - 3, words, 7, align="center"))
    items.append(Line(left, base, left + span * block, base, "#000000", 0.8))
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 1000) if s * block >= width("2020", 7) + 5)
    for year in range(first, last + 1):
        if year % step == 0 or span == 1:
            x = left + (year - first + 0.5) * block
            items.append(Line(x, base, x, base + 3, "#000000", 0.7))
            items.append(Text(x, base + 11, str(year), 7, align="center"))
    y = base + 14
    named = [kind for kind in kinds if kind]
    if named:
        x, y = MARGIN, y + LINE + 2
        for kind in named:
            wide = 14 + width(kind, SIZE)
            if x > MARGIN and x + wide > across - MARGIN:
                x, y = MARGIN, y + LINE + 3
            items.append(Rect(x, y - 7, 9, 8, HATCH[kinds.index(kind) % len(HATCH)]))
            for number, line in enumerate(wrap(kind, across - 2 * MARGIN - 14, SIZE)):
                items.append(Text(x + 14, y + number * LINE, line, SIZE))
            y += (len(wrap(kind, across - 2 * MARGIN - 14, SIZE)) - 1) * LINE
            x += wide + 12
    peak = max(count, key=lambda year: (count[year], -year))
    when = f"{first} to {last}" if span > 1 else str(first)
    alt = f"Time line of {plural(len(whole), *noun)}, {when}; most in {peak} ({count[peak]})."
    told = [
        f"{year}: {', '.join(study for study, y_ in whole.items() if y_ == year)}."
        for year in count
        if count[year]
    ]
    data = tuple(
        {"study": study, "year": year, "group": (groups or {}).get(study, "")}
        for study, year in whole.items()
    )
    page = Scene(across, y + MARGIN, tuple(items))
    return Figure((page,), title or "Time line", alt, "\n".join([alt, *told]), data)
