"""Speed of pooling beside metafor and the Python peers, in one run.

    python benchmarks/pooling.py [--peers /path/to/python]

The same simulated data go to all; slower ones get fewer repetitions. Times are the best of several
runs in one process each, start-up not counted; what start-up costs stands in a table of its own,
and another holds our targets. Without Rscript or ``--peers`` only our own times are shown;
``--peers`` names one that has some of pymare, statsmodels, PyMetaAnalysis and PythonMeta. In a
peer's column "the same" is what it offers: a data set at a time where it has no batch.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import evisynth as es
from evisynth.stats import (
    Tau2Method,
    estimate_tau2,
    leave_one_out_batch,
    pool_batch,
    pool_ragged,
    q_profile,
    regress_batch,
    regress_permutations,
    subset_batch,
)

SEED = 20261122
SIZE, WIDTH = 10_000, 50
SUBSETS, DRAWS = 100_000, 10_000
HERE = Path(__file__).parent


def best(call: Callable[[], object], number: int, repeat: int = 7) -> float:
    """Return the shortest time of one call in seconds."""
    call()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        for _ in range(number):
            call()
        times.append((time.perf_counter() - start) / number)
    return min(times)


class Numbers:
    """One meta-analysis of 13 studies with a moderator, one of 500, and 10,000 of 10 to 50."""

    def __init__(self) -> None:
        rng = np.random.default_rng(SEED)
        variances = rng.uniform(0.02, 0.2, 13)
        self.one = pd.DataFrame(
            {
                "yi": rng.normal(0.3, np.sqrt(variances + 0.2)),
                "vi": variances,
                "x": rng.normal(0, 1, 13),
            }
        )
        self.present = np.arange(WIDTH) < rng.integers(10, WIDTH + 1, SIZE)[:, None]
        self.v = rng.uniform(0.01, 0.5, (SIZE, WIDTH))
        self.y = rng.normal(0, np.sqrt(self.v + rng.choice([0, 0.05, 0.2], (SIZE, 1))))
        self.many = pd.DataFrame({"yi": rng.normal(0, 0.5, 500), "vi": rng.uniform(0.01, 0.3, 500)})
        self.masks = rng.random((SUBSETS, 13)) < 0.5
        self.masks[:, :2] |= ~self.masks.any(axis=1)[:, None]
        self.orders = np.argsort(rng.random((DRAWS, 13)), axis=1)


def ours(data: Numbers) -> dict[str, float]:
    """Return our times in seconds a fit."""
    effects = es.effects(data.one, measure="GEN")
    fit = es.pool(effects)
    y, v, here = data.y, data.v, data.present
    one_y, one_v = effects.estimates, effects.variances
    design = np.column_stack([np.ones(13), data.one["x"]])
    many_y, many_v = data.many["yi"].to_numpy(), data.many["vi"].to_numpy()
    offsets = np.concatenate([[0], here.sum(axis=1).cumsum()])
    flat_y, flat_v = y[here], v[here]

    def each(method: Tau2Method) -> float:
        return (
            best(lambda: estimate_tau2(y, v, here, method=method, standard_error=False), 1) / SIZE
        )

    return {
        "fit": best(lambda: es.pool(effects), 50),
        "table": best(lambda: es.pool(data.one), 20),
        "regression": best(lambda: regress_batch(one_y, one_v, design), 20),
        "reml": each("REML"),
        "dl": each("DL"),
        "pm": each("PM"),
        "batch_pool": best(lambda: pool_batch(y, v, here), 1) / SIZE,
        "ragged": best(lambda: pool_ragged(flat_y, flat_v, offsets), 1) / SIZE,
        "batch_limits": best(lambda: q_profile(y, v, here), 1) / SIZE,
        "limits": best(lambda: q_profile(one_y, one_v), 50),
        "leave_one_out": best(lambda: es.leave_one_out(fit), 20),
        "influence": best(lambda: es.influence(fit), 20),
        "trim_and_fill": best(lambda: es.trim_and_fill(fit), 20),
        "gosh": best(lambda: subset_batch(one_y, one_v, data.masks), 1, 5) / SUBSETS,
        "permutation": best(lambda: regress_permutations(one_y, one_v, design, data.orders), 1, 5)
        / DRAWS,
        "leave_one_out_500": best(lambda: leave_one_out_batch(many_y, many_v), 1),
    }


def by_length() -> dict[int, float]:
    """Return seconds a study of one REML fit, by the number of studies."""
    rng = np.random.default_rng(SEED)
    times = {}
    for k in (100, 1_000, 10_000, 100_000, 1_000_000):
        v = rng.uniform(0.01, 0.5, k)
        y = rng.normal(0, np.sqrt(v + 0.1))
        times[k] = best(lambda y=y, v=v: pool_batch(y, v), 1, 5) / k  # type: ignore[misc]
    return times


COLD = {
    "import evisynth": "import evisynth",
    "import evisynth, first fit of 13 studies": (
        "import numpy as np, evisynth.stats as s; s.pool_batch(np.arange(13.0), np.ones(13))"
    ),
    "the same in arrays, 5,000 fits (no Numba)": (
        "import numpy as np, evisynth.stats as s; r = np.random.default_rng(1);"
        "s.pool_batch(r.normal(size=(5000, 30)), r.uniform(0.1, 1, (5000, 30)))"
    ),
    "the same compiled, 20,000 fits": (
        "import numpy as np, evisynth.stats as s; r = np.random.default_rng(1);"
        "s.pool_batch(r.normal(size=(20000, 30)), r.uniform(0.1, 1, (20000, 30)))"
    ),
}


def cold() -> dict[str, float]:
    """Return seconds of whole processes, the empty one taken off."""

    def run(code: str, **further: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, **further})
        return time.perf_counter() - start

    empty = min(run("pass") for _ in range(3))
    times = {}
    for words, code in COLD.items():
        run(code)
        times[words] = min(run(code) for _ in range(3)) - empty
    with tempfile.TemporaryDirectory() as folder:  # nothing compiled before
        code = COLD["the same compiled, 20,000 fits"]
        times["the same, the loops compiled anew"] = run(code, NUMBA_CACHE_DIR=folder) - empty
    return times


def metafor(data: Numbers) -> dict[str, float]:
    """Return metafor's times in seconds a fit; empty without Rscript."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        data.one.to_csv(Path(folder) / "one.csv", index=False)
        data.many.to_csv(Path(folder) / "many.csv", index=False)
        rows = [
            pd.DataFrame(
                {"set": n, "yi": data.y[n, data.present[n]], "vi": data.v[n, data.present[n]]}
            )
            for n in range(100)
        ]
        pd.concat(rows).to_csv(Path(folder) / "batch.csv", index=False)
        script = str(HERE / "pooling.R")
        done = subprocess.run([rscript, script], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"metafor could not be timed: {done.stderr.strip()}")
        return {}
    return dict(json.loads(done.stdout))


def peers(data: Numbers, python: str | None) -> dict[str, dict[str, float]]:
    """Return the times of Python's other libraries; empty without an interpreter that has them."""
    if python is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "one.npz"
        one = data.one
        np.savez(file, y=one["yi"].to_numpy(), v=one["vi"].to_numpy(), x=one["x"].to_numpy())
        call = [python, str(HERE / "pooling_peers.py"), str(file)]
        done = subprocess.run(call, capture_output=True, text=True)
    if done.stderr.strip():
        print(done.stderr.strip())
    return dict(json.loads(done.stdout)) if done.returncode == 0 else {}


LABELS = {
    "fit": "one REML fit, k = 13, through the front door (with tau² limits)",
    "table": "the same, from a table",
    "regression": "one meta-regression, k = 13",
    "limits": "Q-profile interval, k = 13",
    "leave_one_out": "leave-one-out, k = 13",
    "influence": "influence diagnostics, k = 13",
    "trim_and_fill": "trim and fill, k = 13",
    "reml": "tau² by REML, a fit of 10,000, k 10 to 50",
    "pm": "tau² by PM, the same",
    "dl": "tau² by DL, the same",
    "batch_pool": "REML, Hartung-Knapp, Q, I², P values, the same",
    "ragged": "the same from flat arrays",
    "batch_limits": "Q-profile interval, the same",
    "gosh": "all subsets: a REML fit of 100,000, k = 13",
    "permutation": "permutation: a REML meta-regression of 10,000",
    "leave_one_out_500": "leave-one-out, k = 500, all 500 fits",
}

TARGETS = {
    "fit": ("one warm REML fit, k = 13", 1e3, 0.3, "ms"),
    "batch_pool": ("10,000 REML fits, k 10 to 50, each", 1e6, 2.0, "us"),
    "gosh": ("100,000 subsets by REML, all", SUBSETS, 0.5, "s"),
    "permutation": ("permutation, a draw", 1e6, 5.0, "us"),
    "leave_one_out_500": ("leave-one-out, k = 500", 1.0, 0.1, "s"),
    "trim_and_fill": ("trim and fill", 1e3, 2.0, "ms"),
}


def main() -> None:
    """Print times, ratios, targets and what start-up costs."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--peers", help="a Python interpreter that has the peers installed")
    asked = options.parse_args()
    data = Numbers()
    mine = ours(data)
    others = {"metafor": metafor(data), **peers(data, asked.peers)}
    others = {name: times for name, times in others.items() if times}
    print("Time a fit, and the others' time over ours")
    print(f"{'':66}{'Evisynth':>12}" + "".join(f"{name:>24}" for name in others))
    for part, words in LABELS.items():
        line = f"{words:<66}{1e6 * mine[part]:>9.2f} us"
        for times in others.values():
            cell = ""
            if part in times:
                cell = f"{1e6 * times[part]:.0f} us{times[part] / mine[part]:>8.0f} x"
            line += f"{cell:>24}"
        print(line.rstrip())
    print("\nTargets")
    for part, (words, unit, target, name) in TARGETS.items():
        measured = unit * mine[part]
        verdict = "met" if measured <= target else "MISSED"
        print(f"{words:<40}{target:>8g} {name:<4}{measured:>10.3f} {name:<4}{verdict}")
    print("\nOne REML fit by the number of studies, time a study")
    for k, seconds in by_length().items():
        print(f"{k:>12,}{1e9 * seconds:>12.1f} ns")
    print("\nWhole processes, the empty one taken off")
    for words, seconds in cold().items():
        print(f"{words:<50}{seconds:>8.2f} s")


if __name__ == "__main__":
    main()
