"""Cluster-robust inference against clubSandwich and robumeta, pinned."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es

FOLDER = Path(__file__).parents[2] / "validation" / "metafor"
PINNED: dict[str, Any] = json.loads((FOLDER / "robust.json").read_text(encoding="utf-8"))
SANDWICH, WORKING = PINNED["sandwich"], PINNED["working"]

EXACT = 1e-8
"""Relative (coefficients: to their standard error): closed formulas on given weights."""

SEARCHED = 1e-6
"""The same where metafor's search for the variances of a multilevel model ends the digits."""

TAIL = 10
"""P values: a tail magnifies the error of its statistic by up to this."""

CANCELLED = 1e-15
"""Absolute: robumeta's P values are 1 minus a distribution function, so the tail has this error."""

KINDS = ("CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3")


def table(name: str) -> pd.DataFrame:
    """Return a table in which the rows have labels and the clusters words."""
    data = pd.read_csv(FOLDER / "data" / f"multilevel_{name}.csv")
    return data.assign(slab=[f"row {number}" for number in range(1, len(data) + 1)])


def close(pinned: Any, found: Any, tolerance: float, scale: Any = None) -> None:
    expected = np.asarray(pinned, dtype=np.float64).ravel()
    size = np.abs(expected) if scale is None else np.asarray(scale, dtype=np.float64).ravel()
    got = np.asarray(found, dtype=np.float64).ravel()
    assert got.shape == expected.shape
    assert (np.abs(got - expected) <= tolerance * size).all(), (expected, got)


def test_the_grid_is_whole():
    kinds = Counter((row["data"], row["random"], row["mods"]) for row in SANDWICH)
    assert len(kinds) == 11
    # where one cluster alone decides a coefficient clubSandwich has no CR3
    assert sorted(Counter(kinds.values()).items()) == [(5, 2), (6, 9)]
    assert {row["kind"] for row in SANDWICH} == set(KINDS)
    assert len(WORKING) == 8 * (3 + 1) * 2
    assert sum("joint" in row for row in SANDWICH) >= 20
    truncated = [row for row in WORKING if row["model"] == "HIER" and row["omega2"] == 0]
    assert truncated, "a working model whose omega² is truncated at 0"


@pytest.mark.parametrize(
    "row", SANDWICH, ids=lambda r: f"{r['data']}-{r['random']}-{r['mods']}-{r['kind']}"
)
def test_sandwich(row):
    data = table(row["data"])
    moderators = row["mods"].replace("factor(", "C(") or None
    fit: Any
    if row["random"]:
        fit = es.multilevel(data, row["random"], moderators)
    else:
        data = data.assign(cluster=data[row["cluster"]])
        fit = es.pool(data.drop(columns="study", errors="ignore"), label="slab", ci="z")
        if moderators:
            fit = es.meta_regression(fit, moderators)
    cluster = row["cluster"] if row["random"] else "cluster"
    made = es.robust(fit, cluster, kind=row["kind"], df="Satterthwaite")
    tolerance = SEARCHED if row["random"] else EXACT
    assert made.k == row["k"]
    close(row["coefficients"], made.coefficients, tolerance, row["se"])
    close(row["se"], made.se, tolerance)
    close(row["df"], made.df, tolerance)
    close(row["p"], made.p_values, TAIL * tolerance)
    close(row["covariance"], made.covariance, tolerance, np.outer(row["se"], row["se"]))
    if "joint" in row:
        test = made.joint_test(np.eye(len(row["se"]))[1:])
        if row["joint"]["F"] is None:
            assert math.isnan(test.statistic)
        else:
            close(row["joint"]["F"], test.statistic, tolerance)
            close(row["joint"]["df2"], test.df2, tolerance)
            close(row["joint"]["p"], test.p_value, TAIL * tolerance)


@pytest.mark.parametrize(
    "row", WORKING, ids=lambda r: f"{r['data']}-{r['mods']}-{r['model']}-{r['small']}-{r['rho']}"
)
def test_working_models(row):
    correlated = row["model"] == "CORR"
    made = es.robust_regression(
        table(row["data"]),
        row["cluster"],
        row["mods"] or None,
        working="correlated" if correlated else "hierarchical",
        kind="CR2" if row["small"] == "yes" else "CR1p",
        **({"correlation": row["rho"]} if correlated else {}),
    )
    close(row["tau2"], made.tau2, EXACT, max(row["tau2"], 1e-3))
    if correlated:
        assert math.isnan(made.omega2)
    else:
        close(row["omega2"], made.omega2, EXACT, max(row["omega2"], 1e-3))
    close(row["coefficients"], made.coefficients, EXACT, row["se"])
    close(row["se"], made.se, EXACT)
    close(row["df"], made.df, EXACT)
    size = np.asarray(row["p"]) + CANCELLED / (TAIL * EXACT)
    close(row["p"], made.p_values, TAIL * EXACT, size)
