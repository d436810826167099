"""How long figures take: layout and drawing of a forest plot by number of studies.

Run with ``python benchmarks/figures.py``; prints the best of three runs in milliseconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd

import evisynth as es
from evisynth.figures import Figure, forest
from evisynth.synthesis import PooledFit

STUDIES = (10, 50, 200, 500)
RUNS = 3


def trials(k: int) -> pd.DataFrame:
    """Arm means of k studies."""
    draw = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "study": [f"Müller-Østergård and others {1900 + number}" for number in range(k)],
            "n1": draw.integers(15, 300, k),
            "mean1": draw.normal(20, 1.2, k).round(2),
            "sd1": draw.uniform(3, 6, k).round(2),
            "n2": draw.integers(15, 300, k),
            "mean2": draw.normal(21, 1.2, k).round(2),
            "sd2": draw.uniform(3, 6, k).round(2),
        }
    )


def best(act: Callable[[], object]) -> float:
    """Return the shortest of several runs in milliseconds of processor time."""
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        act()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def main() -> None:
    """Print a table: studies, look, layout, SVG, PDF."""
    print(f"{'studies':>8}  {'look':<9}{'layout':>8}{'SVG':>8}{'PDF':>8}   (ms)")
    for k in STUDIES:
        fit = es.pool(es.effects(trials(k), measure="SMD"))
        for look in ("cochrane", "jama"):

            def make(look: str = look, fit: PooledFit = fit) -> Figure:
                return forest(fit, profile=look)

            figure = make()
            layout = best(make)
            svg = best(lambda figure=figure: figure.to_bytes("svg"))  # type: ignore[misc]
            pdf = best(lambda figure=figure: figure.to_bytes("pdf"))  # type: ignore[misc]
            print(f"{k:>8}  {look:<9}{layout:>8.0f}{svg:>8.0f}{pdf:>8.0f}")


if __name__ == "__main__":
    main()
