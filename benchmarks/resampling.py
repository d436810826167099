"""Speed of resampling beside metafor, in one run: ``python benchmarks/resampling.py``.

The same simulated data go to both; metafor gets fewer repetitions, since it is slower. Times are
the best of several runs in one process each, start-up not counted; without Rscript only our own
are shown. ``--quick`` leaves out the million meta-analyses.
"""

from __future__ import annotations

import json
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

SEED = 20261122
K = 20
MANY = 1_000_000

R = """
suppressMessages({library(metafor); library(jsonlite)})
one <- read.csv("one.csv")
took <- function(f) {t <- proc.time()[3]; f(); unname(proc.time()[3] - t)}
often <- list(maxiter=10000, stepadj=0.5)
fit <- rma(yi, vi, data=one, test="knha", control=often)
k <- nrow(one)
spread <- sqrt(one$vi + fit$tau2)
each <- function(f) took(function() for (i in 1:200) f()) / 200
line <- rma(yi, vi, mods=~x, data=one, test="knha", control=often)
cat(toJSON(list(
  gosh = took(function() suppressWarnings(gosh(fit, subsets=300, progbar=FALSE))) / 300,
  flips = took(function() permutest(fit, iter=200, progbar=FALSE)) / 200,
  rows = took(function() permutest(line, iter=200, progbar=FALSE)) / 200,
  parametric = each(function() rma(rnorm(k, coef(fit), spread), vi, data=one, control=often)),
  nonparametric = each(function() rma(yi, vi, data=one[sample(k, replace=TRUE),], control=often)),
  many = each(function() rma(yi, vi, data=one, test="knha", control=often))
), auto_unbox=TRUE, digits=NA))
"""


def best(call: Callable[[], object], repeat: int = 3) -> float:
    """Return the shortest time of one call in seconds."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def ours(table: pd.DataFrame, quick: bool) -> dict[str, float]:
    """Return our times in seconds a refit."""
    fit = es.pool(table)
    line = es.meta_regression(table, "x")
    found = {
        "gosh": best(lambda: es.gosh(fit, 100_000)) / 100_000,
        "flips": best(lambda: es.permutation_test(fit, 100_000)) / 100_000,
        "rows": best(lambda: es.permutation_test(line, 100_000)) / 100_000,
        "parametric": best(lambda: es.bootstrap(fit, 100_000)) / 100_000,
        "nonparametric": best(lambda: es.bootstrap(fit, 100_000, kind="nonparametric")) / 100_000,
    }
    many = 100_000 if quick else MANY
    generator = np.random.default_rng(SEED)
    sizes = generator.integers(10, 31, many)
    groups = np.repeat(np.arange(many), sizes)
    v = generator.uniform(0.01, 0.5, len(groups))
    y = generator.normal(0.2, np.sqrt(v + 0.05))
    found["many"] = best(lambda: es.pool_many(y, v, groups), 1 if many == MANY else 3) / many
    found["many_one"] = best(lambda: es.pool_many(y, v, groups, workers=1), 1) / many
    found["many_dask"] = best(lambda: es.pool_many(y, v, groups, backend="dask"), 1) / many
    return found


def metafor(table: pd.DataFrame) -> dict[str, float]:
    """Return metafor's times in seconds a refit; empty without Rscript."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        table.to_csv(Path(folder) / "one.csv", index=False)
        (Path(folder) / "time.R").write_text(R, encoding="utf-8")
        done = subprocess.run([rscript, "time.R"], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"metafor could not be timed: {done.stderr.strip()}")
        return {}
    return dict(json.loads(done.stdout))


LABELS = {
    "gosh": "GOSH, REML, k = 20, a subset of 100,000",
    "flips": "permutation test of the pooled effect, REML, Hartung-Knapp, a draw of 100,000",
    "rows": "the same of a moderator",
    "parametric": "parametric bootstrap, 4 quantities, 5 intervals, a draw of 100,000",
    "nonparametric": "nonparametric bootstrap, the same",
    "many": "pool_many, REML, Hartung-Knapp, k 10 to 30, all cores, a meta-analysis",
    "many_one": "the same in one thread",
    "many_dask": "the same by a Dask cluster in this process, its start included",
}


def main() -> None:
    """Print a table of times and ratios."""
    generator = np.random.default_rng(SEED)
    v = generator.uniform(0.02, 0.2, K)
    y = generator.normal(0.3, np.sqrt(v + 0.1))
    table = pd.DataFrame({"yi": y, "vi": v, "x": generator.normal(size=K)})
    mine, theirs = ours(table, "--quick" in sys.argv), metafor(table)
    theirs |= {name: theirs["many"] for name in ("many_one", "many_dask") if "many" in theirs}
    print(f"{'':80}{'Evisynth':>12}{'metafor':>12}{'ratio':>8}")
    for name, words in LABELS.items():
        line = f"{words:<80}{1e6 * mine[name]:>9.2f} us"
        if name in theirs:
            line += f"{1e6 * theirs[name]:>9.0f} us{theirs[name] / mine[name]:>8.0f}"
        print(line)


if __name__ == "__main__":
    main()
