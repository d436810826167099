"""Selection models and small-study effects against metafor and R's lm, through the front door."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.synthesis.selection import selection_model
from evisynth.synthesis.small_study import pet_peese, small_study_test
from evisynth.synthesis.small_study_excess import excess_test, fail_safe

FOLDER = Path(__file__).parents[2] / "validation" / "metafor"
PINNED: dict[str, Any] = json.loads((FOLDER / "selection.json").read_text(encoding="utf-8"))

CLOSED = 1e-9
"""Relative, for what both programs compute in closed form."""

ANALYSES = [
    ("hackshaw1998", "GEN", "greater"), ("bangertdrowns2004", "GEN", "greater"),
    ("raudenbush1985", "GEN", "greater"), ("assink2016", "GEN", "greater"), ("bcg", "OR", "less"),
    ("lee2004", "RR", "less"), ("linde2005", "RR", "greater"),
]  # fmt: skip


def fitted(row: dict[str, Any], **options: Any) -> Any:
    table = pd.read_csv(FOLDER / "data" / f"{row['set']}.csv")
    return es.pool(es.effects(table, row["measure"]), ci="z", **options)


def close(ours: float, theirs: float | None, relative: float, floor: float, where: str) -> None:
    if theirs is None:
        assert math.isnan(ours), f"{where}: {ours} for nothing"
        return
    off = abs(ours - theirs) / max(abs(theirs), floor)
    assert off <= relative, f"{where}: {ours!r} for {theirs!r}, {off:.1e} relative"


def name_of(row: dict[str, Any]) -> str:
    words = [str(row[n]) for n in ("set", "method", "type", "alternative", "prec", "test", "way")
             if row.get(n)]  # fmt: skip
    words += [str(len(row[n])) for n in ("steps", "fixed") if row.get(n)]
    words += [str(row[n]) for n in ("alpha", "weighted", "goal", "random") if n in row]
    return "-".join(words)


@pytest.mark.parametrize("row", PINNED["fail_safe"], ids=name_of)
def test_fail_safe_n_agrees(row: dict[str, Any]) -> None:
    fit = fitted(row, model="equal")
    target = row["goal"]
    found = fail_safe(fit, row["type"], alpha=row["alpha"], target=target, weighted=row["weighted"])
    assert found.n == row["n"]
    for name in ("p_value", "mean", "target"):
        close(getattr(found, name), row[name], CLOSED, 0.0, name)


@pytest.mark.parametrize("row", PINNED["excess"], ids=name_of)
def test_excess_significance_agrees(row: dict[str, Any]) -> None:
    fit = fitted(row, **({"tau2": "DL"} if row["random"] else {"model": "equal"}))
    found = excess_test(fit, row["test"], alternative=row["alternative"], direction=row["way"])
    assert found.observed == row["observed"]
    expected = INTEGRATED if row["random"] else CLOSED
    for name in ("expected", "ratio", "p_value"):
        close(getattr(found, name), row[name], expected, 1e-12, name)
    if row["limit"] is not None:
        size = float(np.sqrt(np.median(fit.effects.variances[fit.effects.estimable])))
        close(found.limit, row["limit"], LIMIT, size, "limit")


INTEGRATED = 1e-4
"""Relative, for power with heterogeneity: metafor integrates with a relative tolerance of 1e-4;
the integral has a closed form, which is used here."""

LIMIT = 1e-3
"""Relative to a typical standard error, for the limit estimate: metafor's root finder stops at
1.2e-4 of its unit, and rests on that integral."""


@pytest.mark.parametrize("row", PINNED["regression"], ids=name_of)
def test_regressions_agree_with_lm(row: dict[str, Any]) -> None:
    fit = fitted(row)
    if row["test"] in ("pet", "peese"):
        found = pet_peese(fit)
        line: Any = found.pet if row["test"] == "pet" else found.peese
        ours = {name: getattr(line, name) for name in ("intercept_se", "intercept_p")}
    else:
        line = small_study_test(fit, row["test"])
        ours = {}
    names = ("intercept", "slope", "slope_se", "statistic", "p_value", "df")
    ours |= {name: getattr(line, name) for name in names}
    for name, value in ours.items():
        floor = {"intercept": row["intercept_se"], "slope": row["slope_se"], "statistic": 1.0}
        close(value, row[name], CLOSED, floor.get(name, 0.0), f"{name_of(row)} {name}")


SHORT = 5e-5
"""Log-likelihood above metafor's that is more than rounding."""

ELSEWHERE = {
    "bangertdrowns2004-ML-beta-greater": 0.92,
    "raudenbush1985-ML-halfnorm-greater-1": 1e-4,
    "raudenbush1985-ML-negexp-greater-1": 0.009,
    "raudenbush1985-ML-logistic-greater-1": 0.007,
    "raudenbush1985-ML-power-greater-1": 0.006,
}
"""Where our maximum is higher, and by how much: metafor stops at a lower one of two maxima (first),
or integrates across the jump at the threshold with an error of that size (the others; the densities
are shown to integrate to 1 in tests/unit/stats/test_stats_selection.py)."""

ESTIMATE = 2e-3
"""Relative to the standard error, for maxima of likelihoods that metafor integrates to 1e-7 (1e-6
for the beta function) and climbs with numerical gradients."""

ERROR = {"stepfun": 1e-3, "beta": 0.05, "negexppow": 0.15}
"""Relative, for standard errors (0.02 where not named): metafor's are second differences of a
likelihood that is integrated numerically but for the step function; two selection parameters leave
flat directions, which magnify the error."""

LOG_LIKELIHOOD = 2e-5
"""Absolute."""

SELECTION_KEYS = ("set", "measure", "method", "type", "alternative", "steps", "prec", "fixed")
PRECISION = {"": "", "sei": "se", "vi": "variance", "ninv": "1/n", "sqrtninv": "1/sqrt(n)"}


def key_of(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(tuple(v) if isinstance(v, list) else v for v in (row[n] for n in SELECTION_KEYS))


def expected_selection() -> list[tuple[Any, ...]]:
    steps = (0.005, 0.01, 0.05, 0.10, 0.25, 0.35, 0.50, 0.65, 0.75, 0.90, 0.95, 0.99, 0.995, 1)
    vevea = [
        (1, 0.99, 0.95, 0.80, 0.75, 0.65, 0.60, 0.55, 0.50, 0.50, 0.50, 0.50, 0.50, 0.50),
        (1, 0.99, 0.90, 0.75, 0.60, 0.50, 0.40, 0.35, 0.30, 0.25, 0.10, 0.10, 0.10, 0.10),
        (1, 0.99, 0.95, 0.90, 0.80, 0.75, 0.60, 0.60, 0.75, 0.80, 0.90, 0.95, 0.99, 1.00),
        (1, 0.99, 0.90, 0.75, 0.60, 0.50, 0.25, 0.25, 0.50, 0.60, 0.75, 0.90, 0.99, 1.00),
    ]
    smooth = ("beta", "halfnorm", "negexp", "logistic", "power")
    wanted: list[tuple[Any, ...]] = []
    for name, measure, side in ANALYSES:
        for method in ("ML", "EE"):
            head = (name, measure, method)
            wanted.append((*head, "stepfun", side, (0.025,), "", ()))
            wanted.append((*head, "stepfun", "two.sided", (0.05,), "", ()))
            wanted.append((*head, "stepfun", side, (0.025, 0.5), "", ()))
            if name in ("assink2016", "bcg", "linde2005"):
                continue
            kinds = smooth if method == "ML" else ("halfnorm",)
            wanted += [(*head, kind, side, (), "", ()) for kind in kinds]
            if method == "ML" and name == "hackshaw1998":
                wanted.append((*head, "negexppow", side, (), "", ()))
        wanted += [
            (name, measure, "ML", "stepfun", side, steps, "", tuple(map(float, d))) for d in vevea
        ]
    for kind in smooth[1:]:
        whole = ("raudenbush1985", "GEN", "ML", kind)
        wanted.append(("hackshaw1998", "GEN", "ML", kind, "greater", (), "sei", ()))
        wanted += [(*whole, "greater", (), p, ()) for p in ("sei", "vi", "ninv", "sqrtninv")]
        wanted.append((*whole, "greater", (0.025,), "", ()))
        wanted.append((*whole, "two.sided", (), "", ()))
    wanted.append(("hackshaw1998", "GEN", "ML", "stepfun", "greater", (0.025, 0.1, 0.5), "", ()))
    return wanted


def test_the_grid_is_whole() -> None:
    assert PINNED["source"]["metafor"] == "3.8.1"
    assert PINNED["failed"] == []
    found = Counter(key_of(row) for row in PINNED["selection"])
    assert found == Counter(expected_selection())
    assert len(PINNED["fail_safe"]) == 7 * 2 * (1 + 4 + 1)
    assert {(row["set"], row["test"]) for row in PINNED["regression"]} >= {
        (name, test)
        for name in ("bcg", "egger2001", "lau1992", "yusuf1985")
        for test in ("harbord", "peters", "macaskill", "macaskill-variance", "debray", "pet")
    }
    assert len(PINNED["excess"]) == 180


def model_of(row: dict[str, Any]) -> Any:
    options = {"model": "equal"} if row["method"] == "EE" else {"tau2": "ML"}
    return selection_model(
        fitted(row, **options),
        row["type"],
        alternative=row["alternative"],
        steps=row["steps"] or None,
        precision=PRECISION[row["prec"]],
        delta=row["fixed"] or None,
    )


@pytest.mark.parametrize("row", PINNED["selection"], ids=name_of)
def test_selection_models_agree(row: dict[str, Any]) -> None:
    found = model_of(row)
    where = name_of(row)
    assert (found.k, found.reason) == (row["k"], "")
    # never below metafor's maximum; above it where its search stopped short
    assert found.log_likelihood > row["log_likelihood"] - LOG_LIKELIHOOD, where
    if found.log_likelihood > row["log_likelihood"] + SHORT:
        assert found.log_likelihood - row["log_likelihood"] < 1.1 * ELSEWHERE[where]
        return
    size = found.se
    close(found.estimate, row["estimate"], ESTIMATE, size, f"{where} estimate")
    if row["method"] == "ML":
        floor = 0.1 * float(np.median(found.fit.effects.variances[found.fit.effects.estimable]))
        close(found.tau2, row["tau2"], ESTIMATE, floor, f"{where} tau2")
    for ours, theirs in zip(found.delta, row["delta"], strict=True):
        close(ours, theirs, 10 * ESTIMATE, 1.0, f"{where} delta")
    if row["se"] is not None and not any("at the edge" in note for note in found.notes):
        rough = ERROR.get(row["type"], 0.02)
        if found.tau2 == 0:  # metafor's search stops near 0
            rough = 0.02
        close(found.se, row["se"], rough, 0.0, f"{where} se")
