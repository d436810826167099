"""Models of a known covariance without random effects against metafor, through the front door."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.synthesis import read_covariances

FOLDER = Path(__file__).parents[2] / "validation" / "metafor"
PINNED: dict[str, Any] = json.loads((FOLDER / "multilevel_fixed.json").read_text(encoding="utf-8"))

MODEL = 1e-8
"""Relative: both programs compute these in closed form; blocks of correlations near 1 magnify
rounding."""

TAIL = 1e-6
"""Relative, for P values: a tail magnifies the error of its statistic."""

SMALLEST_P = 1e-290

CASES = {
    ("berkey1998", "rows"): ("1", "factor(outcome) - 1", "factor(outcome)",
                             "year * factor(outcome)"),
    ("assink2016", "rho6"): ("1", "year", "factor(deltype)", "year + pubstatus"),
    ("assink2016", "none"): ("1", "year"),
    ("ishak2007", "time97"): ("1", "factor(time)", "factor(time) + mdur"),
    ("ishak2007", "rho6"): ("1", "factor(time) - 1"),
    ("konstantopoulos2011", "none"): ("1", "year"),
}  # fmt: skip


def name_of(row: dict[str, Any]) -> str:
    return "-".join(str(row[n]) for n in ("set", "V", "formula", "method", "test", "level"))


def close(ours: Any, theirs: Any, relative: float, floor: Any, where: str) -> None:
    a = np.atleast_1d(np.asarray(ours, dtype=np.float64)).ravel()
    b = np.atleast_1d(np.asarray(theirs, dtype=np.float64)).ravel()
    assert a.shape == b.shape, where
    off = np.abs(a - b) / np.maximum(np.abs(b), floor)
    assert (off <= relative).all(), f"{where}: {a} for {b}, {off.max():.1e} relative"


def fitted(row: dict[str, Any]) -> Any:
    data = pd.read_csv(FOLDER / "data" / f"multilevel_{row['set']}.csv")
    options: dict[str, Any] = {}
    if row["V"] == "rows":
        options["V"] = read_covariances(data, "trial", ["v1i", "v2i"])
    elif row["V"] == "rho6":
        options["rho"] = 0.6
    elif row["V"] == "time97":
        options["V"] = es.impute_covariances(data, "study", autocorrelation=0.97, time="time")
    return es.multilevel(
        data,
        "none",
        row["formula"].replace("factor(", "C("),
        method=row["method"],
        ci=row["test"],
        level=row["level"] / 100,
        **options,
    )


def test_the_grid_is_whole() -> None:
    assert PINNED["source"]["metafor"] == "3.8.1"
    keys = ("set", "V", "formula", "method", "test", "level")
    wanted = {
        (*case, formula, method, test, level)
        for case, formulas in CASES.items() for formula in formulas
        for method in ("REML", "ML") for test in ("z", "t") for level in (95, 80)
    }  # fmt: skip
    found = Counter(tuple(row[key] for key in keys) for row in PINNED["fits"])
    assert set(found) == wanted
    assert max(found.values()) == 1


@pytest.mark.parametrize("row", PINNED["fits"], ids=name_of)
def test_models_without_random_effects_agree(row: dict[str, Any]) -> None:
    fit = fitted(row)
    where = name_of(row)
    assert (fit.k, fit.components, math.isnan(fit.i2)) == (row["k"], (), True)
    for name in ("coefficients", "se", "ci_lower", "ci_upper"):
        close(getattr(fit, name), row[name], MODEL, np.array(row["se"]), f"{where} {name}")
    close(fit.statistics, row["statistics"], MODEL, 1.0, f"{where} statistics")
    close(fit.p_values, row["p_values"], TAIL, SMALLEST_P, f"{where} p_values")
    size = np.outer(row["se"], row["se"]).ravel()
    close(fit.covariance, row["covariance"], MODEL, size, f"{where} covariance")
    close(fit.qe, row["qe"], MODEL, 1.0, f"{where} qe")
    close(fit.qe_p, row["qe_p"], TAIL, SMALLEST_P, f"{where} qe_p")
    if row["qm"] is None:
        assert math.isnan(fit.moderators.statistic)
    else:
        close(fit.moderators.statistic, row["qm"], MODEL, 1.0, f"{where} qm")
    for name in ("log_likelihood", "aic", "bic", "aicc"):
        close(getattr(fit, name), row[name], MODEL, 1.0, f"{where} {name}")
