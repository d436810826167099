"""RevMan's own stored results, computed again by its rules; needs data that are not ours to keep.

The RevMan files are looked for in ``shared/data/rm5`` beside the checkout, or in the folder that
the environment variable EVISYNTH_SHARED names; without them the tests are skipped.
"""

import csv
import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evisynth.synthesis.counts import mantel_haenszel

SHARED = Path(os.environ.get("EVISYNTH_SHARED", Path(__file__).parents[4] / "shared"))
FOLDER = SHARED / "data" / "rm5"
STORED = FOLDER / "stored_pooled_results.csv"

pytestmark = pytest.mark.skipif(
    not STORED.is_file(), reason=f"RevMan's files are not in {FOLDER} (set EVISYNTH_SHARED)"
)

SINGLE = 1e-4
"""RevMan stores 15 digits, but counts I² and P with its own rounding in a few places."""


def stored() -> list[dict[str, str]]:
    if not STORED.is_file():
        return []
    with STORED.open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["type"] == "DICH"]


def node(name: str, identifier: str) -> tuple[Any, Any]:
    """Return the outcome and the node (itself or a subgroup) of an identifier."""
    tree = ElementTree.parse(FOLDER / name)
    for outcome in tree.iter("DICH_OUTCOME"):
        if outcome.get("ID") == identifier:
            return outcome, outcome
        for subgroup in outcome.iter("DICH_SUBGROUP"):
            if subgroup.get("ID") == identifier:
                return outcome, subgroup
    raise AssertionError(f"{identifier} is not in {name}")


def rows_of(part: Any) -> Iterator[dict[str, Any]]:
    for place, row in enumerate(part.iter("DICH_DATA")):
        yield {
            "study": f"{row.get('STUDY_ID')} ({place})",
            "events1": int(row.get("EVENTS_1")),
            "n1": int(row.get("TOTAL_1")),
            "events2": int(row.get("EVENTS_2")),
            "n2": int(row.get("TOTAL_2")),
        }


def number(text: str) -> float:
    return float(text) if text else float("nan")


def test_there_are_results_to_check() -> None:
    assert len(stored()) > 100


@pytest.mark.parametrize("row", stored(), ids=lambda row: f"{row['file'][:8]}-{row['id']}")
def test_pooled_results_are_revmans(row: dict[str, str]) -> None:
    import pandas as pd

    outcome, part = node(row["file"], row["id"])
    table = pd.DataFrame(list(rows_of(part)))
    if not int(row["k_estimable"]):
        pytest.skip("nothing is estimable")
    fit = mantel_haenszel(
        table,
        row["effect_measure"],
        rules="revman",
        model=row["model"],
        level=float(row["ci_total"]) / 100,
        swap_events=outcome.get("SWAP_EVENTS") == "YES",
    )
    shown = fit.effects.scale.shown
    assert fit.k == int(row["k_estimable"])
    pairs = [
        (shown(fit.estimate), row["effect_size"]),
        (shown(fit.ci_lower), row["ci_start"]),
        (shown(fit.ci_upper), row["ci_end"]),
        (abs(fit.statistic), row["z"]),
    ]
    if fit.k > 1:
        pairs += [(fit.test("Q").statistic, row["chi2"]), (fit.i2, row["i2"])]
        if row["model"] == "random":
            pairs.append((fit.tau2, row["tau2"]))
    for ours, theirs in pairs:
        assert ours == pytest.approx(number(theirs), rel=SINGLE, abs=1e-6)
    assert np.isclose(fit.weights.sum(), 100)
