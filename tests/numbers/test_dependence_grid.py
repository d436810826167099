"""Covariances of dependent estimates and aggregation against metafor, through the front door."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.effects import EffectEstimates

FOLDER = Path(__file__).parents[2] / "validation" / "metafor"
PINNED: dict[str, Any] = json.loads((FOLDER / "dependence.json").read_text(encoding="utf-8"))

CLOSED = 1e-12
"""Relative to the largest cell: both evaluate the same closed formula."""

NEAREST = 1e-7
"""Absolute, for a correlation: R's nearPD stops at a relative change of 1e-7."""

NAMES = PINNED["R"]["names"]
R = pd.DataFrame(np.reshape(PINNED["R"]["cells"], (8, 8)), index=NAMES, columns=NAMES)
GROUPS: dict[str, Any] = {"group1": "arm1", "group2": "arm2"}
SIZES: dict[str, Any] = {"weight1": "n1", "weight2": "n2"}
TIMES: dict[str, Any] = {"time1": "t1", "time2": "t2"}

CALLS: dict[tuple[str, str], dict[str, Any]] = {
    ("assink", "obs-0.3"): {"obs": "esid", "rho": 0.3},
    ("assink", "obs-0.6"): {"obs": "esid", "rho": 0.6},
    ("assink", "obs-0.9"): {"obs": "esid", "rho": 0.9},
    ("assink", "type-obs-0.2"): {"type": "deltype", "obs": "esid", "rho": (0.7, 0.2)},
    ("assink", "type-obs-0.5"): {"type": "deltype", "obs": "esid", "rho": (0.7, 0.5)},
    ("assink", "subgroup"): {"subgroup": "deltype", "obs": "esid", "rho": 0.6},
    ("berkey", "type-0.4"): {"type": "outcome", "rho": 0.4},
    ("berkey", "type--0.3"): {"type": "outcome", "rho": -0.3},
    ("berkey", "rvars"): {"correlations": ["r1", "r2"]},
    ("ishak", "phi-0.5"): {"time1": "time", "phi": 0.5},
    ("ishak", "phi-0.9"): {"time1": "time", "phi": 0.9},
    ("ishak", "phi-0.97"): {"time1": "time", "phi": 0.97},
    ("knapp", "groups-weights-R"): {
        "group1": "group1", "group2": "group2", "weight1": "n_sz", "weight2": "n_hc",
        "obs": "task.diff", "rho": R,
    },
    ("knapp", "groups-R"): {"group1": "group1", "group2": "group2", "obs": "task.diff", "rho": R},
    ("contrasts", "groups"): GROUPS,
    ("contrasts", "groups-weights"): GROUPS | SIZES,
    ("contrasts", "groups-obs"): GROUPS | {"obs": "scale", "rho": 0.5},
    ("contrasts", "groups-weights-time"): GROUPS | SIZES | TIMES | {"phi": 0.7},
    ("contrasts", "groups-time"): GROUPS | TIMES | {"phi": 0.6},
    ("contrasts", "groups-time-obs"): GROUPS | TIMES | {"phi": 0.6, "obs": "scale", "rho": 0.5},
    ("contrasts", "everything"): GROUPS | SIZES | TIMES | {
        "subgroup": "half", "type": "kind", "obs": "scale", "rho": (0.6, 0.4), "phi": 0.8,
    },
    ("contrasts", "time-obs"): {"time1": "t1", "phi": 0.8, "obs": "scale", "rho": 0.5},
    ("near", "nearest"): {"correlations": ["r1", "r2", "r3"], "nearest": True},
}  # fmt: skip
"""Our arguments for each of metafor's matrices."""


def table_of(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / "data" / f"dependence_{name}.csv")


def matrix_of(row: dict[str, Any]) -> Any:
    matrix = np.zeros((row["k"], row["k"]))
    matrix[row["row"], row["col"]] = row["value"]
    matrix[row["col"], row["row"]] = row["value"]
    return matrix


def estimates_of(table: pd.DataFrame) -> EffectEstimates:
    named = table.assign(row_name=[f"row {row}" for row in range(len(table))])
    return es.effects(named, "GEN", study="row_name", estimate="yi", variance="vi")


def close(ours: Any, theirs: Any, tolerance: float) -> None:
    theirs = np.asarray(theirs, dtype=np.float64)
    assert np.shape(ours) == theirs.shape
    assert np.abs(ours - theirs).max() <= tolerance * np.abs(theirs).max()


def test_the_grid_is_whole() -> None:
    assert PINNED["source"]["metafor"] == "3.8.1"
    assert {(row["set"], row["name"]) for row in PINNED["covariances"]} == set(CALLS)
    assert len(PINNED["covariances"]) == len(CALLS) == 23
    assert len(PINNED["correlations"]) == 6
    assert [row["measure"] for row in PINNED["shared"]] == ["MD", "SMD", "OR", "RR", "RD"]
    kinds = {(row["struct"], row["weighted"]) for row in PINNED["aggregated"]}
    structures = ("ID", "CS", "CAR", "CS+CAR", "CS*CAR", "V")
    assert kinds == {(name, way) for name in structures for way in (True, False)}
    assert len(PINNED["aggregated"]) == 24
    cells = sum(len(row["value"]) for row in PINNED["covariances"])
    assert cells > 2500


@pytest.mark.parametrize("row", PINNED["covariances"], ids=lambda r: f"{r['set']}-{r['name']}")
def test_covariances_agree_with_vcalc(row: dict[str, Any]) -> None:
    table = table_of(row["set"])
    if "rows" in row:
        table = table.iloc[row["rows"]]
    cluster = "trial" if row["set"] == "berkey" else "study"
    options = CALLS[row["set"], row["name"]]
    theirs = matrix_of(row)
    from_table = es.covariances(table, cluster, **options)
    close(from_table.to_matrix(), theirs, NEAREST if row["name"] == "nearest" else CLOSED)
    assert bool(from_table.notes) == (row["name"] == "nearest")
    from_estimates = es.covariances(estimates_of(table), cluster, **options)
    assert (from_estimates.to_matrix() == from_table.to_matrix()).all()


@pytest.mark.parametrize("row", PINNED["correlations"], ids=lambda r: f"{r['rtoz']}-{r['nfun']}")
def test_correlations_agree_with_rcalc(row: dict[str, Any]) -> None:
    table = table_of("craft")
    found = es.dependent_correlations(table, to_z=row["rtoz"], common_n=row["nfun"])
    own = [f"{s}: {a}.{b}" for s, a, b in zip(table.study, table.var1, table.var2, strict=True)]
    order = [own.index(f"{s}: {p}") for s, p in zip(row["study"], row["pair"], strict=True)]
    close(found.covariances.to_matrix()[np.ix_(order, order)], matrix_of(row), CLOSED)
    close(found.effects.estimates[order], row["yi"], CLOSED)


@pytest.mark.parametrize("row", PINNED["shared"], ids=lambda r: r["measure"])
def test_shared_arms_agree_with_the_formula(row: dict[str, Any]) -> None:
    table = table_of("arms")
    table["comparison"] = [f"comparison {number}" for number in range(len(table))]
    effects = es.effects(table, row["measure"], study="comparison")
    close(effects.estimates, row["yi"], CLOSED)
    close(es.shared_arm_covariances(effects, "study").to_matrix(), matrix_of(row), CLOSED)


@pytest.mark.parametrize(
    "row",
    PINNED["aggregated"],
    ids=lambda r: f"{r['set']}-{r['struct']}-{r['rho']}-{r['phi']}-{r['weighted']}",
)
def test_aggregation_agrees(row: dict[str, Any]) -> None:
    table = table_of(row["set"])
    options: dict[str, Any] = {
        "structure": row["struct"],
        "correlation": row["rho"],
        "autocorrelation": row["phi"],
        "time": "time" if "CAR" in row["struct"] else None,
        "obs": "scale" if "*" in row["struct"] else None,
    }
    if row["struct"] == "V":
        known = CALLS["assink", row["name"]]
        options = {"covariances": es.covariances(table, "study", **known)}
    found = es.aggregate(estimates_of(table), row["by"], weighted=row["weighted"], **options)
    assert list(found.labels) == row["cluster"]
    assert found.data["k_estimates"].tolist() == row["ki"]
    close(found.estimates, row["yi"], CLOSED)
    close(found.variances, row["vi"], CLOSED)
    for name, values in row["numbers"].items():
        close(found.data[name].to_numpy(), values, CLOSED)
    for name, values in row["words"].items():
        assert found.data[name].tolist() == values
    assert row["numbers"] or row["words"]
