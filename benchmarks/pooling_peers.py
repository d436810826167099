"""Times of other Python libraries, as JSON; run by pooling.py with ``--peers``.

PyMARE, statsmodels, PyMetaAnalysis and PythonMeta are timed where they are installed: what each
offers of one random-effects fit, a batch, and the rest; a part that fails is left out with a line
on stderr. The interpreter needs nothing of Evisynth.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROWS = 200
"""Fits of a batch timed one after the other."""


def best(call: Callable[[], object], number: int, repeat: int = 3) -> float:
    """Return the shortest time of one call in seconds."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        for _ in range(number):
            call()
        times.append((time.perf_counter() - start) / number)
    return min(times)


def pymare(data: dict[str, np.ndarray]) -> dict[str, Callable[[], float]]:
    """PyMARE fits data sets of one length together: columns of a matrix."""
    from pymare import Dataset, meta_regression
    from pymare.estimators import DerSimonianLaird, VarianceBasedLikelihoodEstimator

    y, v, x = data["y"][:, None], data["v"][:, None], data["x"][:, None]
    wide = np.random.default_rng(1)
    many_v = wide.uniform(0.01, 0.5, (30, ROWS))
    many_y = wide.normal(0, np.sqrt(many_v + 0.05))
    shuffled_y = np.column_stack([wide.permutation(data["y"]) for _ in range(ROWS)])
    same_v = np.repeat(v, ROWS, axis=1)

    def fit(estimator: Any, *arrays: np.ndarray, design: np.ndarray | None = None) -> object:
        kind = Dataset(*arrays, X=design, add_intercept=True)
        return estimator.fit_dataset(kind).summary()

    def reml() -> Any:
        return VarianceBasedLikelihoodEstimator(method="reml")

    return {
        "fit": lambda: best(lambda: meta_regression(y, v, method="reml").to_df(), 10),
        "reml": lambda: best(lambda: fit(reml(), many_y, many_v), 1) / ROWS,
        "dl": lambda: best(lambda: fit(DerSimonianLaird(), many_y, many_v), 1) / ROWS,
        "permutation": lambda: best(lambda: fit(reml(), shuffled_y, same_v, design=x), 1) / ROWS,
    }


def statsmodels(data: dict[str, np.ndarray]) -> dict[str, Callable[[], float]]:
    """Of statsmodels, ``combine_effects``: Paule-Mandel iterations and DerSimonian-Laird."""
    from statsmodels.stats.meta_analysis import combine_effects

    def pool(method: str) -> Callable[[], object]:
        return lambda: combine_effects(data["y"], data["v"], method_re=method)

    return {
        "fit": lambda: best(pool("iterated"), 20),
        "pm": lambda: best(pool("iterated"), 20),
        "dl": lambda: best(pool("chi2"), 20),
    }


def pymetaanalysis(data: dict[str, np.ndarray]) -> dict[str, Callable[[], float]]:
    """PyMetaAnalysis: one analysis, its sensitivity analyses, one meta-regression."""
    import meta_analyze
    import pandas as pd

    table = pd.DataFrame({"y": data["y"], "v": data["v"], "x": data["x"]})

    def pool(method: str = "REML") -> Any:
        return meta_analyze.meta_analysis(table, effect="y", variance="v", tau2_method=method)

    def regress() -> Any:
        return meta_analyze.meta_regression(table, effect="y", variance="v", moderators=["x"])

    fit = pool()
    return {
        "table": lambda: best(pool, 10),
        "fit": lambda: best(pool, 10),
        "dl": lambda: best(lambda: pool("DL"), 10),
        "pm": lambda: best(lambda: pool("PM"), 10),
        "regression": lambda: best(regress, 10),
        "leave_one_out": lambda: best(fit.leave_one_out, 5),
        "trim_and_fill": lambda: best(fit.trim_and_fill, 5),
    }


def pythonmeta(data: dict[str, np.ndarray]) -> dict[str, Callable[[], float]]:
    """PythonMeta reads lines of text and pools event counts; random effects are DL."""
    import PythonMeta

    rng = np.random.default_rng(3)
    counts = rng.integers(5, 40, (len(data["y"]), 2))
    lines = [f"S{i},{a},100,{b},100" for i, (a, b) in enumerate(counts.tolist())]

    def pool() -> object:
        reader, meta = PythonMeta.Data(), PythonMeta.Meta()
        reader.datatype = meta.datatype = "CATE"
        studies = reader.getdata(lines)
        meta.subgroup = reader.subgroup
        meta.models, meta.effect, meta.algorithm = "Random", "OR", "IV"
        return meta.meta(studies)

    return {"dl": lambda: best(pool, 20)}


def main() -> None:
    """Print the times by library and part."""
    warnings.simplefilter("ignore")
    data = dict(np.load(Path(sys.argv[1])))
    times: dict[str, dict[str, float]] = {}
    for name, make in {
        "PyMARE": pymare,
        "statsmodels": statsmodels,
        "PyMetaAnalysis": pymetaanalysis,
        "PythonMeta": pythonmeta,
    }.items():
        try:
            parts = make(data)
        except ImportError as missing:
            print(f"{name}: {missing}", file=sys.stderr)
            continue
        times[name] = {}
        for part, run in parts.items():
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    times[name][part] = run()
            except Exception as failed:  # noqa: BLE001 - a peer's failure is a result of its own
                print(f"{name}, {part}: {type(failed).__name__}: {failed}", file=sys.stderr)
    print(json.dumps(times))


if __name__ == "__main__":
    main()
