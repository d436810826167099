"""The results of the example against R's metafor, through `out/results.json`.

The reference is written by tests/data/dmhi_expected_metafor.R from the files of the example.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("cancer")  # one process builds the example for all of them

TOLERANCE = 1e-8
"""Relative (absolute below 1): both searches for tau² end within 1e-12 of the solution."""

REFERENCE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "dmhi_expected_metafor.json").read_text(encoding="utf-8")
)["results"]
ANALYSES = [
    f"{outcome}{end}"
    for outcome in ("anxiety", "depression")
    for end in ("", "-end-scores", "-arm-level")
]


@pytest.fixture(scope="module")
def analyses(built_cancer: Path) -> dict[str, Any]:
    text = (built_cancer / "out" / "results.json").read_text(encoding="utf-8")
    return dict(json.loads(text)["analyses"])


def same(ours: float | None, theirs: float) -> None:
    assert ours is not None
    assert ours == pytest.approx(theirs, rel=TOLERANCE, abs=TOLERANCE)


def check_interval(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Compare limits: Hartung-Knapp, or the normal ones where the safeguard took them."""
    limits = theirs["ci_normal" if ours["method"]["safeguard_applied"] else "ci_knha"]
    same(ours["ci_lower"], limits[0])
    same(ours["ci_upper"], limits[1])
    if ours["method"]["safeguard_applied"]:
        assert limits[1] - limits[0] >= theirs["ci_knha"][1] - theirs["ci_knha"][0]


def check_fit(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours["k"] == theirs["k"]
    assert sorted(ours["studies"]) == sorted(theirs["studies"])
    same(ours["estimate"], theirs["estimate"])
    if theirs["k"] == 1:
        same(ours["ci_lower"], theirs["ci_normal"][0])
        same(ours["ci_upper"], theirs["ci_normal"][1])
        assert ours["tau2"] is None
        assert ours["reasons"]["tau2"]
        return
    check_interval(ours, theirs)
    same(ours["tau2"], theirs["tau2"])
    same(ours["i2"], theirs["I2"])
    same(ours["q"], theirs["Q"])
    assert ours["q_df"] == theirs["Q_df"]
    same(ours["q_p"], theirs["Q_p"])
    if not ours["method"]["safeguard_applied"]:
        same(ours["se"], theirs["se_knha"])
        same(ours["p_value"], theirs["p_knha"])
        if theirs["k"] > 2:
            same(ours["prediction_lower"], theirs["prediction_knha"][0])
            same(ours["prediction_upper"], theirs["prediction_knha"][1])


def test_the_reference_is_whole(analyses: dict[str, Any]) -> None:
    assert sorted(REFERENCE) == sorted(ANALYSES) == sorted(analyses)
    assert [REFERENCE[name]["overall"]["k"] for name in ANALYSES] == [10, 4, 6, 12, 7, 8]


@pytest.mark.parametrize("name", ANALYSES)
def test_pooled_effect(analyses: dict[str, Any], name: str) -> None:
    check_fit(analyses[name]["overall"], REFERENCE[name]["overall"])


@pytest.mark.parametrize("name", ANALYSES)
@pytest.mark.parametrize("by", ["duration_group", "involvement"])
def test_subgroups(analyses: dict[str, Any], name: str, by: str) -> None:
    ours, theirs = analyses[name]["subgroups"][by], REFERENCE[name][by]
    assert [group["level"] for group in ours["groups"]] == list(theirs["groups"])
    for group in ours["groups"]:
        check_fit(group, theirs["groups"][group["level"]])
    assert sorted(ours["not_coded"]) == sorted(theirs["not_coded"])
    if "test_common" in theirs:
        same(ours["test_common"]["statistic"], theirs["test_common"]["F"])
        assert [ours["test_common"]["df1"], ours["test_common"]["df2"]] == theirs["test_common"][
            "df"
        ]
        same(ours["test_common"]["p_value"], theirs["test_common"]["p"])
    else:
        assert ours["test_common"]["reason"]


@pytest.mark.parametrize("name", ANALYSES)
def test_trim_and_fill(analyses: dict[str, Any], name: str) -> None:
    ours, theirs = analyses[name]["trim_and_fill"], REFERENCE[name]["trim_and_fill"]
    assert (ours["k0"], ours["side"]) == (theirs["k0"], theirs["side"])
    filled = ours["filled"]
    assert filled["k"] == theirs["k"]
    for key, other in (("estimate", "estimate"), ("tau2", "tau2"), ("i2", "I2")):
        same(filled[key], theirs[other])
    if not filled["method"]["safeguard_applied"]:
        same(filled["ci_lower"], theirs["ci_knha"][0])
        same(filled["ci_upper"], theirs["ci_knha"][1])
        same(filled["p_value"], theirs["p_knha"])


@pytest.mark.parametrize("name", ANALYSES)
def test_without_the_study_that_leaves_the_lowest_tau2(analyses: dict[str, Any], name: str) -> None:
    theirs = REFERENCE[name]["lowest_tau2"]
    rows = {row["left_out"]: row for row in analyses[name]["leave_one_out"]}
    ours = rows[theirs["left_out"]]
    assert ours["tau2"] == pytest.approx(min(row["tau2"] for row in rows.values()), abs=TOLERANCE)
    for key, other in (("estimate", "estimate"), ("tau2", "tau2"), ("i2", "I2")):
        same(ours[key], theirs[other])


@pytest.mark.parametrize("name", ANALYSES)
def test_egger(analyses: dict[str, Any], name: str) -> None:
    ours, theirs = analyses[name]["asymmetry"]["egger"], REFERENCE[name]["egger"]
    same(ours["statistic"], theirs["t"])
    same(ours["p_value"], theirs["p"])
