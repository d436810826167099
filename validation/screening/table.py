"""The tables of README.md out of results.json and hypotheses.json: python table.py > tables.md"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from common import HERE, SETS

SHOWN = {
    "loss": "loss",
    "wss_95": "WSS@95",
    "ndcg": "NDCG",
    "recall_10": "recall@10 %",
    "recall_20": "@20 %",
    "recall_50": "@50 %",
    "read_to_all": "read to the last",
}


def mean(runs: list[dict[str, Any]], key: str) -> float:
    return float(np.mean([run[key] for run in runs]))


def shown(key: str, value: float) -> str:
    return f"{value:,.0f}" if key.startswith("read") else f"{value:.3f}"


def comparison(results: dict[str, Any], start: str) -> list[str]:
    """Theirs / ours by set, and the means of the sets."""
    lines = ["| set | " + " | ".join(SHOWN.values()) + " |",
             "| --- |" + " --- |" * len(SHOWN)]  # fmt: skip
    sums: dict[str, list[tuple[float, float]]] = {key: [] for key in SHOWN}
    for name in SETS:
        theirs, ours = results["asreview"][name][start], results["evisynth"][name][start]["runs"]
        cells = []
        for key in SHOWN:
            pair = mean(theirs, key), mean(ours, key)
            sums[key].append(pair)
            cells.append(" / ".join(shown(key, value) for value in pair))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    means = {key: np.mean(pairs, axis=0).tolist() for key, pairs in sums.items()}
    cells = [" / ".join(shown(key, value) for value in pair) for key, pair in means.items()]
    lines.append("| **mean** | " + " | ".join(cells) + " |")
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
    for title, key in (("any", "held_out"), ("one table of features", "held_out_single")):
        lines += ["", f"| held out, choice of {title} | chosen by the others | loss: u4 | chosen |"
                  " WSS@95: u4 | chosen |", "| --- | --- | --- | --- | --- | --- |"]  # fmt: skip
        for name, out in found[key].items():
            lines.append(
                f"| {name} | {out['chosen']} | {out['loss_u4']:.4f} | {out['loss_chosen']:.4f} | "
                f"{out['wss_95_u4']:.3f} | {out['wss_95_chosen']:.3f} |"
            )
    return lines


def main() -> None:
    results = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    found = json.loads((HERE / "hypotheses.json").read_text(encoding="utf-8"))
    for title, lines in {
        "1 + 1 priors": comparison(results, "priors"),
        "no priors": comparison(results, "cold"),
        "stopping": stopping(results),
        "hypotheses": hypotheses(found),
    }.items():
        print(f"### {title}\n", *lines, "", sep="\n")


if __name__ == "__main__":
    main()
