"""What changed between the registered plan and the one run, by the history."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evisynth.review import PlanChange, plan_changes

FIRST = """
[review]
title = "A"
[criteria]
include = ["adults", "trials"]
[[analyses]]
id = "pain"
tau2 = "DL"
[stages.title_abstract]
votes_needed = 2
"""
LAST = FIRST.replace('"DL"', '"REML"').replace('"A"', '"B"').replace(', "trials"', "") + (
    "blind = false\n"
)


def log(folder: Path, *versions: tuple[str, str]) -> None:
    path = folder / "audit" / "log.jsonl"
    path.parent.mkdir()
    lines = [
        json.dumps({"at": at, "kind": "plan", "after": {"text": text}}, separators=(",", ":"))
        for at, text in versions
    ]
    path.write_text("\n".join([*lines[:1], '{"kind":"plan" broken', *lines[1:]]) + "\n")


def test_keys_of_the_methods_are_compared(tmp_path: Path) -> None:
    log(tmp_path, ("2026-01-01T00:00:00Z", FIRST), ("2026-03-01T00:00:00Z", LAST))
    assert plan_changes(tmp_path, LAST, "2026-01-31") == (
        PlanChange("criteria.include", "adults; trials", "adults"),
        PlanChange("analyses.pain.tau2", "DL", "REML"),
        PlanChange("stages.title_abstract.blind", "", "no"),
    )


@pytest.mark.parametrize(
    "registered", ["", "2025-12-31", "2026-03-01"], ids=["none", "before", "after"]
)
def test_nothing_is_said_without_a_plan_of_that_day(tmp_path: Path, registered: str) -> None:
    log(tmp_path, ("2026-01-01T00:00:00Z", FIRST), ("2026-03-01T00:00:00Z", LAST))
    assert plan_changes(tmp_path, LAST, registered) == ()


def test_no_history_is_no_change(tmp_path: Path) -> None:
    assert plan_changes(tmp_path, LAST, "2026-01-31") == ()
    log(tmp_path, ("2026-01-01T00:00:00Z", "no [toml"))
    assert plan_changes(tmp_path, "neither [this", "2026-01-31") == ()
