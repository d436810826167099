"""Selection models with moderators against metafor, through the front door."""

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
FILE = FOLDER / "selection_moderators.json"
PINNED: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))

ESTIMATE = 1e-4
"""Relative to the standard error, for maxima of likelihoods that metafor integrates to 1e-7 (1e-6
for the beta function) and climbs with numerical gradients."""

ERROR = {"stepfun": 1e-4, "beta": 0.02, "negexppow": 0.01}
"""Relative, for standard errors (1e-4 where not named): metafor's are second differences of a
likelihood that is integrated numerically but for the step function."""

LOG_LIKELIHOOD = 1e-8
"""Absolute: how far ours may lie below metafor's."""

SHORT = 5e-5
"""Log-likelihood above metafor's that is more than rounding."""

ELSEWHERE = {
    "raudenbush1985-weeks-ML-power-greater-0-": 2.0e-4,
    "raudenbush1985-weeks-ML-beta-greater-0-": 8.9e-4,
}
"""Where our log-likelihood is higher, and by how much: the integrals of functions that are infinite
or 0 at P values of 0 or 1 have errors of that size in metafor."""

KEYS = ("set", "measure", "formula", "method", "type", "alternative", "steps", "prec")


def key_of(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(tuple(v) if isinstance(v, list) else v for v in (row[n] for n in KEYS))


def name_of(row: dict[str, Any]) -> str:
    words = [str(row[n]) for n in ("set", "formula", "method", "type", "alternative")]
    return "-".join([*words, str(len(row["steps"])), row["prec"]])


def expected() -> set[tuple[Any, ...]]:
    wanted: set[tuple[Any, ...]] = set()
    formulas = {
        ("hackshaw1998", "GEN", "greater"): ("decade", "design", "decade + design", "design - 1"),
        ("bangertdrowns2004", "GEN", "greater"): ("length", "feedback", "factor(grade)"),
        ("raudenbush1985", "GEN", "greater"): ("weeks",),
        ("bcg", "OR", "less"): ("ablat", "ablat + decade"),
        ("assink2016", "GEN", "greater"): ("year", "deltype"),
    }
    for method in ("ML", "EE"):
        for steps in ((0.025,), (0.025, 0.5)):
            wanted |= {
                (name, measure, formula, method, "stepfun", side, steps, "")
                for (name, measure, side), found in formulas.items() for formula in found
            }  # fmt: skip
        for name, formula in (("hackshaw1998", "decade"), ("bangertdrowns2004",
                                                           "length + feedback")):  # fmt: skip
            wanted.add((name, "GEN", formula, method, "stepfun", "two.sided", (0.05,), ""))
    for kind in ("halfnorm", "negexp", "logistic", "power", "beta", "negexppow"):
        wanted.add(("hackshaw1998", "GEN", "decade", "ML", kind, "greater", (), ""))
        if kind != "negexppow":
            wanted.add(("raudenbush1985", "GEN", "weeks", "ML", kind, "greater", (), ""))
    for kind in ("halfnorm", "logistic"):
        head = ("raudenbush1985", "GEN", "weeks")
        wanted.add((*head, "ML", kind, "greater", (), "sei"))
        wanted.add((*head, "EE", kind, "greater", (), ""))
    return wanted


def test_the_grid_is_whole() -> None:
    assert PINNED["source"]["metafor"] == "3.8.1"
    assert PINNED["failed"] == []
    found = Counter(key_of(row) for row in PINNED["selection"])
    assert set(found) == expected()
    assert max(found.values()) == 1


def fitted(row: dict[str, Any]) -> Any:
    table = pd.read_csv(FOLDER / "data" / f"{row['set']}.csv")
    if "year" in table.columns:
        table = table.assign(decade=(table["year"] - 1960) / 10)
    options: dict[str, Any] = {"model": "equal"} if row["method"] == "EE" else {"tau2": "ML"}
    return es.selection_model(
        es.pool(es.effects(table, row["measure"]), ci="z", **options),
        row["type"],
        moderators=row["formula"].replace("factor(", "C("),
        alternative=row["alternative"],
        steps=row["steps"] or None,
        precision={"sei": "se"}.get(row["prec"], row["prec"]),
    )


@pytest.mark.parametrize("row", PINNED["selection"], ids=name_of)
def test_selection_models_with_moderators_agree(row: dict[str, Any]) -> None:
    found = fitted(row)
    where = name_of(row)
    assert (found.k, found.reason) == (row["k"], "")
    # never below metafor's maximum; above it where its search stopped short
    gain = found.log_likelihood - row["log_likelihood"]
    assert gain > -LOG_LIKELIHOOD, where
    if where in ELSEWHERE or gain > SHORT:
        assert 0.9 * ELSEWHERE[where] < gain < 1.1 * ELSEWHERE[where]
        return
    se, edge = np.array(row["se"], dtype=float), any("at the edge" in n for n in found.notes)
    assert (
        np.abs(found.coefficients - row["coefficients"]) <= ESTIMATE * found.coefficient_se
    ).all()
    assert found.lrt == pytest.approx(row["lrt"], abs=1e-4), where
    if row["log_likelihood_small"] is not None:
        test = 2 * (row["log_likelihood"] - row["log_likelihood_small"])
        assert found.moderators_lrt.statistic == pytest.approx(test, abs=2e-4), where
    if row["method"] == "ML":
        variances = found.fit.effects.variances[found.rows]
        size = max(row["tau2"], 0.1 * float(np.median(variances)))
        assert abs(found.tau2 - row["tau2"]) <= ESTIMATE * size, where
    off = np.abs(found.delta - row["delta"]) / np.maximum(np.abs(row["delta"]), 1.0)
    assert (off <= ESTIMATE).all(), where
    if np.isfinite(se).all() and not edge:
        rough = ERROR.get(row["type"], 1e-4)
        assert found.coefficient_se == pytest.approx(se, rel=rough), where
        if row["qm"] is not None:
            assert found.moderators.statistic == pytest.approx(row["qm"], rel=4 * rough, abs=1e-3)
    assert math.isnan(found.estimate)
