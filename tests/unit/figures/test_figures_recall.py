"""The recall curve: what it draws is what was found."""

from __future__ import annotations

import numpy as np

from evisynth.figures import recall_curve
from evisynth.figures.scene import Line, Polyline
from evisynth.prioritization import Simulation, simulate
from evisynth.records import Record


def replayed() -> Simulation:
    records = [Record(id=str(n), title="sleep trial" if n % 4 == 0 else "pigs") for n in range(40)]
    labels = {str(n): n % 4 == 0 for n in range(40)}
    return simulate(records, labels, question="sleep", seeds=[1, 2])


def test_lines_marks_and_words() -> None:
    found = replayed()
    figure = recall_curve(found, title="Recall curve: sleep")
    items = figure.pages[0].items
    lines = [item for item in items if isinstance(item, Polyline)]
    marks = [item for item in items if isinstance(item, Line) and item.group == "stopping"]
    assert (len(lines), len(marks)) == (2, 2)
    for line in lines:
        xs, ys = np.array(line.points).T
        assert (np.diff(xs) > 0).all(), "reading goes on"
        assert (np.diff(ys) <= 0).all(), "recall never falls; y grows downwards"
    assert "95% of them after 10 records (loss 0.000)" in figure.alt_text
    assert list(figure.to_frame()["read"]) == [*range(1, 11), *range(1, 11)]


def test_drawn_the_same_each_time_and_called_twice() -> None:
    from evisynth import figures

    found = replayed()
    assert figures.recall_curve(found).to_bytes("svg") == figures.recall_curve(found).to_bytes(
        "svg"
    )
