"""The tables of README.md out of results.json and hypotheses.json: python table.py > tables.md"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from common import HERE, SETS

SHOWN = {
    "recall_10": "recall@10 %",
    "wss_95": "WSS@95",
    "atd": "ATD",
    "loss": "loss",
    "ndcg": "NDCG",
}


def mean(runs: list[dict[str, Any]], key: str) -> float:
    return float(np.mean([run[key] for run in runs]))


def row(words: str, values: list[float]) -> str:
    return f"| {words} | " + " | ".join(f"{value:.3f}" for value in values) + " |"


def comparison(results: dict[str, Any], ours: str, theirs: str) -> list[str]:
    """Ours beside theirs by set, and the means of the sets."""
    lines = ["| set | " + " | ".join(f"{w}: u4 | Evisynth" for w in SHOWN.values()) + " |",
             "| --- |" + " --- |" * (2 * len(SHOWN))]  # fmt: skip
    sums: list[list[float]] = []
    for name in SETS:
        a, b = results["asreview"][name][theirs], results["evisynth"][name][ours]["runs"]
        if theirs == "priors":
            seeds = {str(run["seed"]) for run in b}
            a = [run for run in a if run["seed"] in seeds]
        values = [mean(runs, key) for key in SHOWN for runs in (a, b)]
        sums.append(values)
        lines.append(row(name, values))
    lines.append(row("**mean**", np.mean(sums, axis=0).tolist()))
    return lines


def stopping(results: dict[str, Any]) -> list[str]:
    lines = ["| set | runs | statement true | read when met | lowest recall when met |",
             "| --- | --- | --- | --- | --- |"]  # fmt: skip
    every: list[dict[str, Any]] = []
    for name in SETS:
        runs = [run for how in results["evisynth"][name].values() for run in how["runs"]]
        every += runs
        lines.append(_stopping_row(name, runs))
    return [*lines, _stopping_row("**all**", every)]


def _stopping_row(words: str, runs: list[dict[str, Any]]) -> str:
    lowest = min(run["recall_at_stop"] for run in runs)
    return (
        f"| {words} | {len(runs)} | {100 * mean(runs, 'held'):.1f} % | "
        f"{100 * mean(runs, 'stopped_at_share'):.0f} % | {lowest:.3f} |"
    )


def hypotheses(found: dict[str, Any]) -> list[str]:
    table = found["table"]
    names = " | ".join(f"{name} loss / WSS@95" for name in SETS)
    lines = [f"| hypothesis | {names} | mean | NDCG |",
             "| --- |" + " --- |" * (len(SETS) + 2)]  # fmt: skip
    for words, sets in table.items():
        cells = [f"{sets[s]['loss']:.4f} / {sets[s]['wss_95']:.3f}" for s in SETS]
        loss, saved, gain = (
            np.mean([sets[s][key] for s in SETS]) for key in ("loss", "wss_95", "ndcg")
        )
        cells += [f"{loss:.4f} / {saved:.3f}", f"{gain:.3f}"]
        lines.append(f"| {words} | " + " | ".join(cells) + " |")
    lines += ["", "| held out | chosen by the others | loss: u4 | chosen | WSS@95: u4 | chosen |",
              "| --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    for name, out in found["held_out"].items():
        lines.append(
            f"| {name} | {out['chosen']} | {out['loss_u4']:.4f} | {out['loss_chosen']:.4f} | "
            f"{out['wss_95_u4']:.3f} | {out['wss_95_chosen']:.3f} |"
        )
    return lines


def main() -> None:
    results = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    found = json.loads((HERE / "hypotheses.json").read_text(encoding="utf-8"))
    for title, lines in {
        "1 + 1 priors": comparison(results, "priors", "priors"),
        "1 + 1 priors, the title as question": comparison(results, "priors_question", "priors"),
        "no priors": comparison(results, "cold", "cold"),
        "stopping": stopping(results),
        "hypotheses": hypotheses(found),
    }.items():
        print(f"### {title}\n", *lines, "", sep="\n")


if __name__ == "__main__":
    main()
