"""Simulate how often the intervals hold what they should, and write results.json and the tables.

Run from the root of the checkout: .venv/bin/python validation/coverage/coverage.py [runs]
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import evisynth as es
from evisynth.stats import mantel_haenszel_batch, normal_quantile, peto_batch, pool_batch

Floats = NDArray[np.float64]

HERE = Path(__file__).parent
SEED = 20240607
RUNS = 5000
SIZES = (2, 3, 5, 10, 20, 50)
TAU2 = {"none": 0.0, "small": 0.05, "large": 0.5}
EFFECT = 0.3
LEVEL = 0.95

METHODS: dict[str, dict[str, Any]] = {
    "default": {},
    "HKSJ plain": {"safeguard": "none"},
    "HKSJ truncated": {"safeguard": "truncate"},
    "PM HKSJ": {"tau2": "PM", "safeguard": "none"},
    "DL Wald": {"tau2": "DL", "ci": "z"},
}
"""The default is REML, Hartung-Knapp, the Wald interval where it is wider."""


def sampling_variances(rng: np.random.Generator, kind: str, runs: int, k: int) -> Floats:
    """Return known variances: all 0.1, or one study a hundred times as precise as the others."""
    found = np.full((runs, k), 0.1)
    if kind == "unequal":
        found *= rng.uniform(0.5, 2.0, (runs, k))
        found[:, 0] = 0.001
    return found


def normal_data(rng: np.random.Generator, kind: str, runs: int, k: int, tau2: float) -> Any:
    """Draw normal estimates with known variances."""
    v = sampling_variances(rng, kind, runs, k)
    return EFFECT + rng.normal(size=(runs, k)) * np.sqrt(v + tau2), v


def standardized_data(rng: np.random.Generator, runs: int, k: int, tau2: float) -> Any:
    """Draw Hedges' g of trials with 15 to 60 people an arm, and its estimated variance."""
    n = rng.integers(15, 61, (runs, k))
    true = EFFECT + rng.normal(size=(runs, k)) * np.sqrt(tau2)
    df = 2.0 * n - 2
    difference = true + rng.normal(size=(runs, k)) * np.sqrt(2 / n)
    g = (1 - 3 / (4 * df - 1)) * difference / np.sqrt(rng.chisquare(df) / df)
    return g, 2 / n + g**2 / (4 * n)


def share(inside: Any, known: Any) -> tuple[float, float, float]:
    """Return the share inside among the known, its standard error, and the share not known."""
    count = int(np.sum(known))
    if count == 0:
        return float("nan"), float("nan"), 1.0
    held = float(np.mean(inside[known]))
    return held, float(np.sqrt(held * (1 - held) / count)), 1 - count / len(known)


def measure(
    rng: np.random.Generator, y: Floats, v: Floats, tau2: float, options: dict[str, Any]
) -> dict[str, Any]:
    """Return the coverage of the pooled effect, a new effect, and tau²."""
    runs, k = y.shape
    found = es.pool_many(y.ravel(), v.ravel(), np.repeat(np.arange(runs), k), **options)
    new = EFFECT + rng.normal(size=runs) * np.sqrt(tau2)
    lower, upper = found.ci_lower, found.ci_upper
    low, high = found.prediction_lower, found.prediction_upper
    row: dict[str, Any] = {}
    row["effect"] = share((lower <= EFFECT) & (upper >= EFFECT), np.isfinite(lower))
    row["new effect"] = share((low <= new) & (new <= high), np.isfinite(low))
    row["width"] = float(np.median((upper - lower)[np.isfinite(lower)]))
    if not options:
        limits = pool_batch(y, v, tau2_details=True)
        known = np.isfinite(limits.tau2_lower)
        inside = (limits.tau2_lower <= tau2 + 1e-12) & (tau2 <= limits.tau2_upper)
        row["tau²"] = share(inside, known)
    return row


def rare_events(rng: np.random.Generator, runs: int, k: int, odds_ratio: float) -> dict[str, Any]:
    """Return the coverage of a common odds ratio with a control risk of 1%."""
    n = rng.integers(100, 501, (runs, k))
    risk = odds_ratio * 0.01 / 0.99
    a = rng.binomial(n, risk / (1 + risk)).astype(float)
    c = rng.binomial(n, 0.01).astype(float)
    tables = (a, n - a, c, n - c)
    half = np.where((np.minimum(*tables[::2]) == 0), 0.5, 0.0)
    cells = [cell + half for cell in tables]
    y = np.log(cells[0] * cells[3] / (cells[1] * cells[2]))
    v = sum(1 / cell for cell in cells)
    inverse = pool_batch(y, v, (a + c) > 0, model="equal", ci="z")
    z = normal_quantile((1 + LEVEL) / 2)
    true = np.log(odds_ratio)
    rows: dict[str, Any] = {
        "inverse variance, 0.5 added": (inverse.estimate, inverse.se),
        "Mantel-Haenszel": mantel_haenszel_batch("OR", *tables),
        "Peto": peto_batch(*tables),
    }
    result: dict[str, Any] = {}
    for name, row in rows.items():
        estimate, se = row if isinstance(row, tuple) else (row.estimate, row.se)
        held = np.abs(estimate - true) <= z * se
        known = np.isfinite(se) & np.isfinite(estimate)
        result[name] = {
            "effect": share(held, known), "bias": float(np.mean((estimate - true)[known])),
        }  # fmt: skip
    return result


def simulate(runs: int = RUNS, sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Run all scenarios."""
    rng = np.random.default_rng(SEED)
    rows = []
    for kind in ("equal", "unequal", "SMD"):
        for name, tau2 in TAU2.items():
            for k in sizes:
                if kind == "SMD":
                    y, v = standardized_data(rng, runs, k, tau2)
                else:
                    y, v = normal_data(rng, kind, runs, k, tau2)
                for method, options in METHODS.items():
                    row = measure(rng, y, v, tau2, options)
                    rows.append({"data": kind, "tau2": name, "k": k, "method": method, **row})
    rare = [
        {"k": k, "odds_ratio": ratio, "methods": rare_events(rng, runs, k, ratio)}
        for k in sizes
        for ratio in (1.0, 0.5, 3.0)
    ]
    return {"runs": runs, "seed": SEED, "level": LEVEL, "rows": rows, "rare": rare}


def tables_of(found: dict[str, Any]) -> str:
    """Return the tables of the README."""
    sizes = sorted({row["k"] for row in found["rows"]})
    columns = " | ".join(f"k = {k}" for k in sizes)
    rule = " --- |" * len(sizes)
    lines = []
    for what in ("effect", "new effect", "tau²"):
        lines += [
            f"\n### {what}\n",
            f"| data | tau² | method | {columns} |",
            f"|{' --- |' * 3}{rule}",
        ]
        keys = dict.fromkeys(
            (r["data"], r["tau2"], r["method"]) for r in found["rows"] if what in r
        )
        for key in keys:
            cells = {
                r["k"]: f"{100 * r[what][0]:.1f}"
                for r in found["rows"]
                if (r["data"], r["tau2"], r["method"]) == key and np.isfinite(r[what][0])
            }
            lines.append("| " + " | ".join([*key, *(cells.get(k, "-") for k in sizes)]) + " |")
    lines += ["\n### common odds ratio, control risk 1%\n", f"| odds ratio | method | {columns} |"]
    lines.append(f"|{' --- |' * 2}{rule}")
    for ratio in dict.fromkeys(row["odds_ratio"] for row in found["rare"]):
        rows = [row["methods"] for row in found["rare"] if row["odds_ratio"] == ratio]
        for method in rows[0]:
            shares = [f"{100 * row[method]['effect'][0]:.1f}" for row in rows]
            lines.append(f"| {ratio} | {method} | " + " | ".join(shares) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    outcome = simulate(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS)
    (HERE / "results.json").write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")
    page = (HERE / "README.md").read_text(encoding="utf-8").split("<!-- tables -->")[0]
    (HERE / "README.md").write_text(
        page + "<!-- tables -->\n" + tables_of(outcome), encoding="utf-8"
    )
