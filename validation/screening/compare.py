"""Evisynth's default ranking on the labelled sets, beside ASReview's; writes results.json.

    python validation/screening/compare.py --data DATA [--asreview METRICS.csv] [--seeds 5]
                                           [--start cold] [--out results.json]

DATA holds one folder a set with records.csv. METRICS.csv has one row for each run of `asreview
simulate` (columns set, run, loss, wss95, recall10, ndcg, k95 ...): see README.md for the commands.
Each set is written as soon as it is done, so that a run can be taken up again.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

from common import HERE, QUESTIONS, SETS, labels_of, records_of, rows_of

from evisynth.prioritization import Prioritizer, Replay, Simulation, simulate

KEPT = ("recall_10", "recall_20", "recall_50", "wss_95", "atd", "loss", "ndcg", "read_to_95",
        "read_to_all")  # fmt: skip


THEIRS = {"recall_10": "recall10", "recall_20": "recall20", "recall_50": "recall50",
          "wss_95": "wss95", "atd": "atd", "loss": "loss", "ndcg": "ndcg", "read_to_95": "k95",
          "read_to_all": "k100"}  # fmt: skip


STARTS: dict[str, dict[str, Any]] = {
    "priors": {"priors": 1},
    "cold": {"priors": 0, "ask": True},
}


def result_of(found: Simulation) -> dict[str, Any]:
    return {"runs": [run_of(run) for run in found.runs], "model": found.model}


def run_of(run: Replay) -> dict[str, Any]:
    return {
        "seed": run.seed,
        "records": run.metrics.records,
        **{name: round(float(getattr(run.metrics, name)), 5) for name in KEPT},
        "stopped_at_share": round(run.stopped_at / run.metrics.records, 5),
        "recall_at_stop": round(run.recall_at_stop, 5),
        "held": run.held,
        # one string a run, so that the file stays readable: places of the relevant in the order
        "found_at": " ".join(str(place + 1) for place in run.labels.nonzero()[0]),
    }


def asreview_runs(path: Path) -> dict[str, Any]:
    out: dict[str, Any] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            start = "cold" if row["run"] == "default" else "priors"
            found = out.setdefault(row["set"], {}).setdefault(start, [])
            found.append(
                {
                    "seed": row["run"],
                    **{ours: float(row[theirs]) for ours, theirs in THEIRS.items()},
                }
            )
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--asreview", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--start", choices=list(STARTS), action="append")
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    given = parser.parse_args()
    results: dict[str, Any] = {"evisynth": {}, "asreview": {}}
    if given.out.exists():
        results = json.loads(given.out.read_text(encoding="utf-8"))
    if given.asreview:
        results["asreview"] = asreview_runs(given.asreview)
        write(given.out, results)
    seeds = range(1, given.seeds + 1)
    for start in given.start or STARTS:
        how = STARTS[start]
        for name in SETS:
            done = results["evisynth"].setdefault(name, {})
            if len(done.get(start, {}).get("runs", ())) >= given.seeds:
                continue
            rows = rows_of(given.data, name)
            found = simulate(
                records_of(rows),
                labels_of(rows),
                prioritizer=Prioritizer(),
                question=QUESTIONS[name] if how.get("ask") else "",
                priors=how["priors"],
                seeds=seeds,
            )
            done[start] = result_of(found)
            print(start, name, round(found.mean("loss"), 4), round(found.mean("wss_95"), 3),
                  "held", found.held, "read", round(found.read_at_stop, 3), flush=True)  # fmt: skip
            write(given.out, results)


def write(path: Path, results: dict[str, Any]) -> None:
    text = json.dumps(results, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
