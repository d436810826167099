"""Seconds of CPU from a decision to the refreshed ranking, and memory; one core.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/screening/refit.py records.csv 3000
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 ASREVIEW/bin/python refit.py records.csv 3000 asreview

The table is one of made.py. The second line runs ASReview 3's ELAS u4 in its own environment on the
same labels: its ActiveLearningCycle fits and ranks from scratch, as it does after each decision.
"""

from __future__ import annotations

import csv
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

REPEATS = 15


def labels_of(rows: list[dict[str, str]], count: int) -> tuple[list[int], np.ndarray[Any, Any]]:
    """Rows labelled at the start (three quarters of the relevant), and rows labelled one by one."""
    relevant = [n for n, row in enumerate(rows) if row["label_included"] == "1"]
    rest = [n for n, row in enumerate(rows) if row["label_included"] != "1"]
    drawn = np.random.default_rng(0).permutation(rest)
    start = relevant[: min(len(relevant) * 3 // 4, count // 3)]
    used = count - len(start)
    return [*start, *drawn[:used].tolist()], drawn[used : used + REPEATS]


def evisynth(rows: list[dict[str, str]]) -> Callable[[list[int]], object]:
    from evisynth.prioritization import Prioritizer
    from evisynth.records import Record

    prioritizer = Prioritizer()
    corpus = prioritizer.prepare(
        Record(id=row["record_id"], title=row["title"], abstract=row["abstract"]) for row in rows
    )
    return lambda known: prioritizer.rank(
        corpus, {rows[n]["record_id"]: rows[n]["label_included"] == "1" for n in known}
    )


def asreview(rows: list[dict[str, str]]) -> Callable[[list[int]], object]:
    import pandas as pd
    from asreview.learner import ActiveLearningCycle
    from asreview.models.models import get_ai_config

    cycle = ActiveLearningCycle.from_meta(get_ai_config("elas_u4")["value"])
    frame = pd.DataFrame(rows)
    features = cycle.transform(frame[["title", "abstract"]])
    labels = (frame["label_included"] == "1").to_numpy().astype(int)

    def rank(known: list[int]) -> object:
        left = np.setdiff1d(np.arange(len(rows)), known)
        cycle.fit(features[known], labels[known])
        return cycle.rank(features[left])

    return rank


def main() -> None:
    path, count = sys.argv[1], int(sys.argv[2])
    with open(path, newline="", encoding="utf-8") as file:  # noqa: PTH123 - also run by ASReview's
        rows = list(csv.DictReader(file))
    begin = time.process_time()
    rank = (asreview if sys.argv[3:] == ["asreview"] else evisynth)(rows)
    print(f"{len(rows)} records made ready in {time.process_time() - begin:.2f} s CPU")
    known, coming = labels_of(rows, count)
    seconds = []
    for number in coming:
        known.append(int(number))
        begin = time.process_time()
        rank(known)
        seconds.append(time.process_time() - begin)
    took = np.array(seconds) * 1e3
    print(
        f"{count} labels: fastest {took.min():.1f} ms, median {np.median(took):.1f} ms, slowest "
        f"{took.max():.1f} ms"
    )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
