"""Profile-likelihood limits of selection and location-scale models against metafor."""

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
FILE = FOLDER / "likelihood_limits.json"
PINNED: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))

LIMIT = 1e-5
"""Relative to the parameter (tau²: at least a tenth of a sampling variance), for selection models:
where tau² is 0 metafor's inner searches stop near it (6e-6; 1e-6 elsewhere)."""

DIRECT = 1e-7
"""Relative to the distance from the estimate, for location-scale models against the search written
down in likelihood_limits.R."""

OWN = 1e-7
"""The same for metafor's own limits, where it gives them."""

LOW = {
    "bangertdrowns2004-1-length-REML-95 0 upper", "bangertdrowns2004-1-length-ML-95 0 upper",
    "bangertdrowns2004-length-feedback-REML-95 1 lower",
    "bangertdrowns2004-length-feedback-REML-80 1 lower",
    "bangertdrowns2004-length-feedback-REML-80 1 upper",
    "bangertdrowns2004-1-length + feedback-REML-95 0 upper",
    "bangertdrowns2004-1-length + feedback-ML-95 0 upper",
}  # fmt: skip
"""Where metafor's inner search stops below the profile likelihood, so that its limits are nearer
than they should be; the direct search agrees with ours."""


def name_of(row: dict[str, Any]) -> str:
    names = ("set", "formula", "scale", "method", "type", "level")
    words = [str(row[name]) for name in names if name in row]
    return "-".join([*words, *([str(len(row["steps"]))] if "steps" in row else [])])


def test_the_grid_is_whole() -> None:
    assert PINNED["source"]["metafor"] == "3.8.1"
    sets = {
        ("hackshaw1998", "1"): 95, ("hackshaw1998", "design"): 90, ("bangertdrowns2004", "1"): 95,
        ("bangertdrowns2004", "feedback"): 95, ("bcg", "1"): 95, ("bcg", "ablat"): 95,
        ("raudenbush1985", "1"): 95, ("raudenbush1985", "weeks"): 95,
    }  # fmt: skip
    wanted: set[tuple[Any, ...]] = {
        (*case, method, "stepfun", steps, level)
        for case, level in sets.items() for method in ("ML", "EE")
        for steps in ((0.025,), (0.025, 0.5))
    }  # fmt: skip
    wanted |= {
        ("hackshaw1998", "1", "ML", "stepfun", (0.05,), 95),
        ("hackshaw1998", "1", "EE", "halfnorm", (), 95),
        ("raudenbush1985", "1", "ML", "halfnorm", (), 95),
        ("raudenbush1985", "1", "ML", "negexp", (), 95),
        ("raudenbush1985", "weeks", "ML", "logistic", (), 95),
    }
    found = Counter(
        (row["set"], row["formula"], row["method"], row["type"], tuple(row["steps"]), row["level"])
        for row in PINNED["selection"]
    )
    assert set(found) == wanted
    assert max(found.values()) == 1
    cases = [
        ("hackshaw1998", "1", "1"), ("hackshaw1998", "1", "I((year - 1990) / 10)"),
        ("bangertdrowns2004", "1", "1"), ("bangertdrowns2004", "1", "length"),
        ("bangertdrowns2004", "length", "feedback"),
        ("bangertdrowns2004", "1", "length + feedback"), ("raudenbush1985", "weeks", "1"),
        ("assink2016", "1", "year"), ("assink2016", "deltype", "year"),
    ]  # fmt: skip
    settings = (("REML", 95), ("REML", 80), ("ML", 95))
    keys = ("set", "formula", "scale", "method", "level")
    here = Counter(tuple(row[key] for key in keys) for row in PINNED["location_scale"])
    assert set(here) == {(*case, *setting) for case in cases for setting in settings}


@pytest.mark.parametrize("row", PINNED["selection"], ids=name_of)
def test_limits_of_selection_models_agree(row: dict[str, Any]) -> None:
    table = pd.read_csv(FOLDER / "data" / f"{row['set']}.csv")
    options: dict[str, Any] = {"model": "equal"} if row["method"] == "EE" else {"tau2": "ML"}
    fit = es.selection_model(
        es.pool(es.effects(table, row["measure"]), ci="z", **options),
        row["type"],
        moderators=row["formula"],
        alternative=row["alternative"],
        steps=row["steps"] or None,
    )
    found = es.profile_limits(fit, level=row["level"] / 100)
    where = name_of(row)
    variances = fit.fit.effects.variances[fit.rows]
    for name, low, high, beyond in zip(
        row["parameters"], row["lower"], row["upper"], row["beyond"], strict=True
    ):
        ours = found.limits_of("tau²" if name == "tau2" else name)
        floor = 0.1 * float(np.median(variances)) if name == "tau2" else 0.01
        for mine, theirs, sign in ((ours[0], low, "<"), (ours[1], high, ">")):
            if theirs is None:
                continue
            if sign in beyond:  # beyond what metafor looked at
                assert mine <= theirs if sign == "<" else mine >= theirs, f"{where} {name}"
                continue
            assert abs(mine - theirs) <= LIMIT * max(theirs, floor), f"{where} {name} {mine}"


@pytest.mark.parametrize("row", PINNED["location_scale"], ids=name_of)
def test_limits_of_scale_coefficients_agree(row: dict[str, Any]) -> None:
    table = pd.read_csv(FOLDER / "data" / f"{row['set']}.csv")
    fit = es.location_scale(table, row["formula"], scale=row["scale"], method=row["method"])
    found = es.profile_limits(fit, level=row["level"] / 100)
    where = name_of(row)
    for place, alpha in enumerate(row["alpha"]):
        for side in ("lower", "upper"):
            ours = float(getattr(found, side)[place])
            direct, theirs = row[f"direct_{side}"][place], row[side][place]
            if direct is None:
                assert math.isinf(ours), f"{where} {place} {side}"
                continue
            size = abs(direct - alpha)
            assert abs(ours - direct) <= DIRECT * size, f"{where} {place} {side}: {ours} {direct}"
            key = f"{where} {place} {side}"
            if theirs is not None and key not in LOW:
                assert abs(ours - theirs) <= OWN * size, f"{key}: {ours} {theirs}"
            if key in LOW:
                assert abs(theirs - alpha) < size * (1 - OWN), key
