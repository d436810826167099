"""Recall curves: the share of the relevant records found against the share read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evisynth.display import format_count, format_number, format_percent, plural
from evisynth.figures.figure import Figure
from evisynth.figures.fonts import wrap
from evisynth.figures.scene import Line, Polyline, Primitive, Rect, Scene, Text

if TYPE_CHECKING:
    from evisynth.prioritization import Replay, Simulation

__all__ = ["recall_curve"]

_SIZE = 8.0
_LINE = 10.0
_MARGIN = 8.0
_SIDE = 300.0
_LEFT = 42.0
_BLUE = "#2f6f9f"
_ORANGE = "#b35900"
_GREY = "#8c8c8c"
_FAINT = "#d9d9d9"
_STEPS = 400
"""Points of a line at most: more cannot be told apart on the page."""


def recall_curve(simulation: Simulation, *, title: str = "Recall curve") -> Figure:
    """Draw the recall curve of each run of a simulation.

    Parameters
    ----------
    simulation
        What `evisynth.prioritization.simulate` returns.
    title
        Title of the figure; it stands above the plot.

    Returns
    -------
    Figure
        A line for each run, the line of random order (dashed), and a mark where the stopping rule
        was met in each run.

    Examples
    --------
    >>> from evisynth.prioritization import simulate
    >>> from evisynth.records import Record
    >>> records = [Record(id=str(n), title="sleep trial" if n < 3 else "pigs") for n in range(9)]
    >>> labels = {str(n): n < 3 for n in range(9)}
    >>> figure = recall_curve(simulate(records, labels, question="sleep", seeds=[1]))
    >>> figure.alt_text[:36]
    'Recall curve of 1 run on 9 records: '
    """
    lines = wrap(title, _SIDE, _SIZE + 1.5, "bold")
    top = _MARGIN + len(lines) * (_LINE + 1.5) + 6
    left = _MARGIN + _LEFT
    items: list[Primitive] = [
        Text(left, _MARGIN + (number + 1) * (_LINE + 1.5), line, _SIZE + 1.5, "bold")
        for number, line in enumerate(lines)
    ]
    items += _frame(left, top)
    for run in simulation.runs:
        points = tuple((left + _SIDE * x, top + _SIDE * (1 - y)) for x, y in _points(run))
        items.append(Polyline(points, _BLUE, 1.0, group="runs"))
    for run in simulation.runs:
        x = left + _SIDE * run.stopped_at / run.metrics.records
        y = top + _SIDE * (1 - run.recall_at_stop)
        items.append(Line(x, y - 4, x, y + 4, _ORANGE, 1.5, group="stopping"))
    bottom = top + _SIDE + 34
    notes = (
        "Line: one run. Dashed: random order. Upright mark: the stopping rule was met "
        f"({format_percent(100 * simulation.target)} recall with "
        f"{format_percent(100 * simulation.confidence)} confidence)."
    )
    for line in wrap(notes, _SIDE, _SIZE):
        bottom += _LINE
        items.append(Text(left, bottom, line, _SIZE))
    return Figure(
        pages=(Scene(left + _SIDE + _MARGIN + 12, bottom + _MARGIN, tuple(items)),),
        title=title,
        alt_text=_alt_text(simulation),
        description=f"{_alt_text(simulation)}\n{simulation}",
        data=tuple(row for run in simulation.runs for row in _rows(run)),
    )


def _points(run: Replay) -> list[tuple[float, float]]:
    """Share read and share found, where something was found and at evenly spaced places."""
    found = np.cumsum(run.labels)
    count = len(found)
    at = np.unique(
        np.r_[
            np.linspace(0, count - 1, min(count, _STEPS)).astype(int),
            np.flatnonzero(run.labels)[: _STEPS // 2],
        ]
    )
    shares = [(float(place + 1) / count, float(found[place]) / float(found[-1])) for place in at]
    return [(0.0, 0.0), *shares]


def _rows(run: Replay) -> list[dict[str, object]]:
    hits = np.flatnonzero(run.labels) + 1
    return [
        {"seed": run.seed, "found": number, "read": int(read)}
        for number, read in enumerate(hits, start=1)
    ]


def _frame(left: float, top: float) -> list[Primitive]:
    """Axes from 0 to 100 percent, and the line of random order."""
    items: list[Primitive] = [
        Rect(left, top, _SIDE, _SIDE, stroke=_GREY, stroke_width=0.75),
    ]
    for tick in range(0, 101, 20):
        x, y = left + _SIDE * tick / 100, top + _SIDE * (1 - tick / 100)
        if 0 < tick < 100:
            items.append(Line(x, top, x, top + _SIDE, _FAINT, 0.5))
            items.append(Line(left, y, left + _SIDE, y, _FAINT, 0.5))
        words = format_percent(tick)
        items.append(Text(x, top + _SIDE + 4, words, _SIZE, align="center", baseline="top"))
        items.append(Text(left - 4, y, words, _SIZE, align="right", baseline="middle"))
    items.append(Line(left, top + _SIDE, left + _SIDE, top, _GREY, 0.75, (4.0, 3.0)))
    middle = top + _SIDE / 2
    items.append(
        Text(left + _SIDE / 2, top + _SIDE + 17, "Records read", _SIZE, align="center",
             baseline="top")
    )  # fmt: skip
    items.append(
        Text(_MARGIN + 4, middle, "Relevant records found", _SIZE, align="center",
             baseline="middle", rotation=90)
    )  # fmt: skip
    return items


def _alt_text(simulation: Simulation) -> str:
    runs = plural(len(simulation.runs), "run")
    return (
        f"Recall curve of {runs} on {plural(simulation.records, 'record')}: "
        f"{format_percent(100 * simulation.mean('recall_10'))} of the relevant records found in the"
        f" first 10%, 95% of them after {format_count(round(simulation.mean('read_to_95')))} "
        f"records (loss {format_number(simulation.mean('loss'), 3)})."
    )
