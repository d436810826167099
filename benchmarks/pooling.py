"""Speed of pooling beside metafor, in one run: ``python benchmarks/pooling.py``.

The same simulated data go to both; metafor gets fewer repetitions, since it is slower, and half
steps, since its Fisher scoring goes in circles on some of them. Times are the best of several runs
in one process each, start-up not counted; without Rscript only our own are shown.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import evisynth as es
from evisynth.stats import (
    estimate_tau2,
    leave_one_out_batch,
    pool_batch,
    q_profile,
)

SEED = 20261122
SIZE, WIDTH = 10_000, 50

R = """
suppressMessages({library(metafor); library(jsonlite)})
one <- read.csv("one.csv"); batch <- read.csv("batch.csv")
took <- function(n, f) {t <- proc.time()[3]; for (i in 1:n) f(); proc.time()[3] - t}
best <- function(n, f) min(replicate(3, took(n, f))) / n
sets <- split(batch, batch$set)
often <- list(maxiter=10000, stepadj=0.5)
fit <- rma(yi, vi, data=one, test="knha", control=often)
all <- function(m) for (s in sets) try(rma(yi, vi, data=s, method=m, control=often), silent=TRUE)
each <- function(m) best(1, function() all(m)) / length(sets)
cat(toJSON(list(
  fit = best(50, function() rma(yi, vi, data=one, test="knha", control=often)),
  reml = each("REML"), dl = each("DL"), pm = each("PM"),
  limits = best(50, function() confint(fit)),
  leave_one_out = best(5, function() leave1out(fit)),
  influence = best(3, function() influence(fit)),
  trim_and_fill = best(5, function() suppressWarnings(trimfill(fit)))
), auto_unbox=TRUE, digits=NA))
"""


def best(call: Callable[[], object], number: int, repeat: int = 7) -> float:
    """Return the shortest time of one call in seconds."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        for _ in range(number):
            call()
        times.append((time.perf_counter() - start) / number)
    return min(times)


def simulate() -> tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray]:
    """Return one meta-analysis of 13 studies and a batch of 10 to 50 each."""
    rng = np.random.default_rng(SEED)
    variances = rng.uniform(0.02, 0.2, 13)
    one = pd.DataFrame({"yi": rng.normal(0.3, np.sqrt(variances + 0.2)), "vi": variances})
    present = np.arange(WIDTH) < rng.integers(10, WIDTH + 1, SIZE)[:, None]
    v = rng.uniform(0.01, 0.5, (SIZE, WIDTH))
    y = rng.normal(0, np.sqrt(v + rng.choice([0, 0.05, 0.2], (SIZE, 1))))
    return one, y, v, present


def ours(one: pd.DataFrame, y: np.ndarray, v: np.ndarray, present: np.ndarray) -> dict[str, float]:
    """Return our times in seconds a fit."""
    effects = es.effects(one, measure="GEN")
    fit = es.pool(effects)

    def each(method: str) -> float:
        def call() -> object:
            return estimate_tau2(y, v, present, method=method, standard_error=False)  # type: ignore[arg-type]

        return best(call, 1) / SIZE

    many_v = np.random.default_rng(1).uniform(0.01, 0.3, 500)
    many_y = np.random.default_rng(2).normal(0, 0.5, 500)
    return {
        "fit": best(lambda: es.pool(effects), 50),
        "reml": each("REML"),
        "dl": each("DL"),
        "pm": each("PM"),
        "batch_pool": best(lambda: pool_batch(y, v, present), 1) / SIZE,
        "batch_limits": best(lambda: q_profile(y, v, present), 1) / SIZE,
        "limits": best(lambda: q_profile(effects.estimates, effects.variances), 50),
        "leave_one_out": best(lambda: es.leave_one_out(fit), 20),
        "influence": best(lambda: es.influence(fit), 20),
        "trim_and_fill": best(lambda: es.trim_and_fill(fit), 20),
        "leave_one_out_500": best(lambda: leave_one_out_batch(many_y, many_v), 1),
    }


def metafor(
    one: pd.DataFrame, y: np.ndarray, v: np.ndarray, present: np.ndarray
) -> dict[str, float]:
    """Return metafor's times in seconds a fit; empty without Rscript."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        one.to_csv(Path(folder) / "one.csv", index=False)
        rows = [
            pd.DataFrame({"set": n, "yi": y[n, present[n]], "vi": v[n, present[n]]})
            for n in range(100)
        ]
        pd.concat(rows).to_csv(Path(folder) / "batch.csv", index=False)
        (Path(folder) / "time.R").write_text(R, encoding="utf-8")
        done = subprocess.run([rscript, "time.R"], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"metafor could not be timed: {done.stderr.strip()}")
        return {}
    return dict(json.loads(done.stdout))


LABELS = {
    "fit": "one REML fit, k = 13, Hartung-Knapp, tau² limits (ours) through the front door",
    "limits": "Q-profile interval, k = 13",
    "leave_one_out": "leave-one-out, k = 13",
    "influence": "influence diagnostics, k = 13",
    "trim_and_fill": "trim and fill, k = 13",
    "reml": "tau² by REML, a fit of a batch of 10,000, k 10 to 50",
    "pm": "tau² by PM, the same",
    "dl": "tau² by DL, the same",
    "batch_pool": "REML, Hartung-Knapp, Q, I², P values, the same",
    "batch_limits": "Q-profile interval, the same",
    "leave_one_out_500": "leave-one-out, k = 500, all 500 fits",
}


def main() -> None:
    """Print a table of times and ratios."""
    data = simulate()
    mine, theirs = ours(*data), metafor(*data)
    print(f"{'':84}{'Evisynth':>12}{'metafor':>12}{'ratio':>8}")
    for name, words in LABELS.items():
        line = f"{words:<84}{1e6 * mine[name]:>9.1f} us"
        if name in theirs:
            line += f"{1e6 * theirs[name]:>9.0f} us{theirs[name] / mine[name]:>8.0f}"
        print(line)


if __name__ == "__main__":
    main()
