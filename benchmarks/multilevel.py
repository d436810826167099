"""Speed of multilevel models beside metafor, in one run: ``python benchmarks/multilevel.py``.

Three-level models of simulated estimates (studies of 1 to 8), with and without profile limits, and
cluster-robust inference. metafor fits the same tables, plainly at 500 estimates and with
``sparse=TRUE`` at 500 and 5,000, once each; without Rscript only our own times are shown. Ours are
the best of several runs in one process, start-up not counted.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from evisynth.synthesis.multilevel_fitting import multilevel
from evisynth.synthesis.robust_fitting import robust

SEED = 20261122
SIZES = (500, 5_000)

R = """
suppressMessages(library(metafor))
took <- function(f) {t <- proc.time()[3]; f(); proc.time()[3] - t}
out <- c()
for (n in c(500, 5000)) {
  d <- read.csv(paste0("multilevel_", n, ".csv"))
  if (n == 500) out["plain_500"] <- took(function() rma.mv(yi, vi, random=~1|lab/row, data=d))
  fit <- NULL
  out[paste0("sparse_", n)] <- took(function()
    fit <<- rma.mv(yi, vi, random=~1|lab/row, data=d, sparse=TRUE))
  out[paste0("estimate_", n)] <- coef(fit)
  if (n == 500) out["limits_500"] <- took(function() confint(fit))
  if (n == 500) out["robust_500"] <- took(function() robust(fit, cluster=d$lab))
}
cat("{", paste0("\\"", names(out), "\\": ", sprintf("%.17g", out), collapse=", "), "}")
"""


def best(call: Callable[[], object], repeat: int = 5) -> float:
    """Return the shortest time of one call in seconds."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def simulate(size: int) -> pd.DataFrame:
    """Return a table of estimates in studies of 1 to 8."""
    rng = np.random.default_rng([SEED, size])
    lab = np.repeat(np.arange(size), rng.integers(1, 9, size))[:size]
    vi = rng.uniform(0.02, 0.3, size)
    noise = rng.normal(0, 0.3, size)[lab] + rng.normal(0, np.sqrt(vi + 0.04))
    return pd.DataFrame({"lab": lab, "row": np.arange(size), "yi": 0.3 + noise, "vi": vi})


def ours(tables: dict[int, pd.DataFrame]) -> dict[str, float]:
    """Return our times in seconds, and the estimates."""
    found: dict[str, float] = {}
    for size, table in tables.items():
        repeat = 5 if size < 1_000 else 3
        fit = multilevel(table, "lab/row", limits=False)
        calls: dict[str, Callable[[], object]] = {
            "fit": partial(multilevel, table, "lab/row", limits=False),
            "limits": partial(multilevel, table, "lab/row"),
            "robust": partial(robust, fit, "lab"),
        }
        for name, call in calls.items():
            found[f"{name}_{size}"] = best(call, repeat)
        found[f"estimate_{size}"] = fit.estimate
    return found


def theirs(tables: dict[int, pd.DataFrame]) -> dict[str, float]:
    """Return metafor's times, or nothing without Rscript."""
    program = shutil.which("Rscript")
    if program is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        for size, table in tables.items():
            table.to_csv(Path(folder) / f"multilevel_{size}.csv", index=False)
        script = Path(folder) / "run.R"
        script.write_text(R, encoding="utf-8")
        run = subprocess.run(
            [program, str(script)], cwd=folder, capture_output=True, text=True, check=True
        )
        return {name: float(value) for name, value in json.loads(run.stdout).items()}


def main() -> None:
    """Print the times and their ratios."""
    tables = {size: simulate(size) for size in SIZES}
    mine = ours(tables)
    other = {} if "--ours" in sys.argv else theirs(tables)
    rows = [
        ("three levels, 500 estimates", "fit_500", "sparse_500"),
        ("  the same, metafor without sparse", "fit_500", "plain_500"),
        ("  with profile limits", "limits_500", "limits_500"),
        ("  cluster-robust (ours CR2, metafor CR1p)", "robust_500", "robust_500"),
        ("three levels, 5,000 estimates", "fit_5000", "sparse_5000"),
        ("  with profile limits", "limits_5000", ""),
        ("  cluster-robust", "robust_5000", ""),
    ]
    print(f"{'':44}{'ours':>10}{'metafor':>12}{'ratio':>8}")
    for words, a, b in rows:
        line = f"{words:44}{1000 * mine[a]:>7.1f} ms"
        if b in other:
            line += f"{1000 * other[b]:>9.0f} ms{other[b] / mine[a]:>8.0f}"
        print(line)
    for size in SIZES:
        if f"estimate_{size}" in other:
            off = abs(mine[f"estimate_{size}"] - other[f"estimate_{size}"])
            print(f"estimates at {size}: {off:.1e} apart")


if __name__ == "__main__":
    main()
