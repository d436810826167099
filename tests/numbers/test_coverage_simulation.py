"""A small run of validation/coverage, and what its pinned results must show."""

import importlib.util
import json
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "validation" / "coverage"

RUNS = 300

BAND = 0.05
"""Four standard errors of a share of 0.95 in 300 runs."""


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    specification = importlib.util.spec_from_file_location(
        "coverage_simulation", FOLDER / "coverage.py"
    )
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pinned() -> dict[str, Any]:
    return dict(json.loads((FOLDER / "results.json").read_text(encoding="utf-8")))


def test_the_pinned_results_are_whole(simulation: ModuleType, pinned: dict[str, Any]) -> None:
    wanted = {
        (data, tau2, k, method)
        for data in ("equal", "unequal", "SMD")
        for tau2 in simulation.TAU2
        for k in simulation.SIZES
        for method in simulation.METHODS
    }
    found = [(r["data"], r["tau2"], r["k"], r["method"]) for r in pinned["rows"]]
    assert set(found) == wanted
    assert len(found) == len(wanted)
    assert pinned["runs"] >= 2000
    assert len(pinned["rare"]) == 3 * len(simulation.SIZES)


def test_the_default_keeps_its_level(pinned: dict[str, Any]) -> None:
    """But with heterogeneity and one very precise study, where no method does."""
    for row in pinned["rows"]:
        share, error, _ = row["effect"]
        fair = row["data"] != "unequal" or row["tau2"] == "none"
        if row["method"] == "default" and fair:
            assert share >= 0.95 - 4 * error - 0.02, row
        if "tau²" in row:
            assert row["tau²"][0] >= 0.95 - 4 * row["tau²"][1] - 0.02, row


def test_a_small_run_gives_the_same(simulation: ModuleType, pinned: dict[str, Any]) -> None:
    found = simulation.simulate(RUNS, (3, 10))
    before = {(r["data"], r["tau2"], r["k"], r["method"]): r for r in pinned["rows"]}
    for row in found["rows"]:
        old = before[row["data"], row["tau2"], row["k"], row["method"]]
        for what in ("effect", "new effect", "tau²"):
            if what in row and math.isfinite(row[what][0]):
                room = BAND + 4 * math.sqrt(old[what][0] * (1 - old[what][0]) / RUNS)
                assert abs(row[what][0] - old[what][0]) <= room, (what, row, old)
