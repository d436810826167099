"""Meta-regressions with weights of one's own, given tau², GENQ and Kenward-Roger against R."""

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es

FOLDER = Path(__file__).parents[2] / "validation" / "metafor"
PINNED: dict[str, Any] = json.loads(
    (FOLDER / "regression_further.json").read_text(encoding="utf-8")
)

MODEL = 1e-8
"""Relative, the promise of the docs; metafor's iterations are tightened in the script."""

TAIL = 1e-6
"""Relative, for P values: in a tail they magnify the relative error of the statistic."""

TESTS: dict[str, dict[str, Any]] = {
    "z": {"ci": "z"},
    "t": {"ci": "t"},
    "knha": {"ci": "HKSJ", "safeguard": "none"},
    "adhoc": {"ci": "HKSJ", "safeguard": "truncate"},
}
FORMULAS = [
    ("bcg-RR", "ablat + alloc"), ("bcg-RR", "ablat"), ("bcg-RR", "alloc - 1"),
    ("bangertdrowns2004-GEN", "length + C(grade)"),
    ("bangertdrowns2004-GEN", "poly(length, 2) + feedback"),
    ("raudenbush1985-GEN", "weeks * tester"), ("hackshaw1998-GEN", "design + year"),
]  # fmt: skip
SETTINGS = [("REML", "z"), ("REML", "knha"), ("REML", "adhoc"), ("REML", "t"), ("DL", "knha"),
            ("PM", "z"), ("ML", "t"), ("EE", "z"), ("EE", "t")]  # fmt: skip
KEYS = ("analysis", "formula", "weights", "method", "test", "both", "tau2_given")


@cache
def effects(analysis: str) -> Any:
    name, measure = analysis.rsplit("-", 1)
    return es.effects(pd.read_csv(FOLDER / "data" / f"{name}.csv"), measure)


def name_of(row: dict[str, Any]) -> str:
    return "-".join(str(row[name]) for name in KEYS if name in row)


def own(words: str, analysis: str, formula: str) -> Any:
    """Return weights for `weights=`: a word, or numbers by the place among the rows fitted."""
    if words != "root":
        return words
    made = effects(analysis)
    rows = es.meta_regression(made, formula, tau2="DL").rows
    values = np.ones(len(made))
    values[rows] = np.sqrt(np.arange(1, rows.sum() + 1))
    return values


def close(ours: Any, theirs: Any, where: str, relative: float = MODEL, floor: Any = 0.0) -> None:
    """Compare numbers or lists; where R has none, ours is NaN."""
    there = np.array(np.nan if theirs is None else theirs, dtype=np.float64)
    here = np.asarray(ours, dtype=np.float64)
    assert here.shape == there.shape, where
    assert (np.isnan(here) == np.isnan(there)).all(), f"{where}: {here} and {there}"
    allowed = relative * np.maximum(np.abs(there), floor)
    assert (np.abs(here - there) <= allowed)[~np.isnan(there)].all(), f"{where}: {here}, {there}"


def compare(fit: Any, row: dict[str, Any]) -> None:
    where = name_of(row)
    se = np.array(row["se"])
    assert fit.k == row["k"]
    for field in ("coefficients", "ci_lower", "ci_upper"):
        close(getattr(fit, field), row[field], f"{where} {field}", floor=se)
    close(fit.se, row["se"], f"{where} se")
    close(fit.statistics, row["statistics"], f"{where} statistics", floor=1)
    close(fit.p_values, row["p_values"], f"{where} p", TAIL)
    if fit.options.model == "random":
        close(fit.tau2, row["tau2"], f"{where} tau2", floor=row["tau2"] + 1e-3)
    close(fit.qe, row["qe"], f"{where} qe")
    close(fit.qe_p, row["qe_p"], f"{where} qe_p", TAIL)
    close(fit.i2, row["i2"], f"{where} i2", floor=1)
    close(fit.h2, row["h2"], f"{where} h2")
    close(fit.moderators.statistic, row["qm"], f"{where} qm")
    close(fit.moderators.p_value, row["qm_p"], f"{where} qm_p", TAIL)
    if "r2" in row:
        close(fit.r2, row["r2"], f"{where} r2", floor=1)
    if "covariance" in row:
        size = np.outer(se, se).ravel()
        close(fit.covariance.ravel(), row["covariance"], f"{where} covariance", floor=size)
        found = es.residuals(fit)
        close(found.hat, row["hat"], f"{where} hat", floor=1)
        close(found.standardized, row["residuals"], f"{where} residuals", floor=1)


@pytest.mark.parametrize("row", PINNED["weighted"], ids=name_of)
def test_own_weights(row: dict[str, Any]) -> None:
    model = {"model": "equal"} if row["method"] == "EE" else {"tau2": row["method"]}
    if row["weights"] == "equal":
        weighting: dict[str, Any] = {"weighted": False}
    else:
        weighting = {"weights": own(row["weights"], row["analysis"], row["formula"])}
    fit = es.meta_regression(
        effects(row["analysis"]), row["formula"], **model, **weighting, **TESTS[row["test"]]
    )
    compare(fit, row)


@pytest.mark.parametrize("row", PINNED["generalized"], ids=name_of)
def test_generalized_q(row: dict[str, Any]) -> None:
    weights = own(row["weights"], row["analysis"], row["formula"])
    fit = es.meta_regression(
        effects(row["analysis"]),
        row["formula"],
        tau2=row["method"],
        **{"weights" if row["both"] else "tau2_weights": weights},
        **TESTS[row["test"]],
    )
    compare(fit, row)


@pytest.mark.parametrize("row", PINNED["given"], ids=name_of)
def test_a_given_tau2(row: dict[str, Any]) -> None:
    weights = None if row["weights"] == "none" else row["weights"]
    fit = es.meta_regression(
        effects(row["analysis"]),
        row["formula"],
        tau2=row["tau2_given"],
        weights=weights,
        **TESTS[row["test"]],
    )
    compare(fit, row)
    assert np.isnan([fit.r2, fit.tau2_lower, fit.tau2_upper]).all()
    assert "given" in fit.tau2_reason


@pytest.mark.parametrize("row", PINNED["kenward_roger"], ids=name_of)
def test_kenward_roger(row: dict[str, Any]) -> None:
    fit = es.meta_regression(effects(row["analysis"]), row["formula"], ci="KR")
    where, se = name_of(row), np.array(row["se"])
    for field in ("coefficients", "ci_lower", "ci_upper"):
        close(getattr(fit, field), row[field], f"{where} {field}", floor=se)
    close(fit.se, row["se"], f"{where} se")
    close(fit.dfs, row["df"], f"{where} df")
    close(fit.p_values, row["p_values"], f"{where} p", TAIL)
    size = np.outer(se, se).ravel()
    close(fit.covariance.ravel(), row["covariance"], f"{where} covariance", floor=size)
    test = fit.moderators
    assert test.df1 == row["df1"]
    close(test.df2, row["df2"], f"{where} df2")
    close(test.statistic, row["statistic"], f"{where} F")
    close(test.p_value, row["statistic_p"], f"{where} F p", TAIL)


def test_the_grid_is_whole() -> None:
    counts = {part: Counter(map(name_of, PINNED[part])) for part in PINNED if part != "source"}
    assert {part: max(found.values()) for part, found in counts.items()} == dict.fromkeys(counts, 1)
    weighted = {
        f"{a}-{f}-{w}-{m}-{t}"
        for a, f in FORMULAS for w in ("1/se", "equal", "root") for m, t in SETTINGS
    }  # fmt: skip
    generalized = {
        f"{a}-{f}-{w}-{m}-{t}-{both}"
        for a, f in FORMULAS for w in ("1/se", "1/v", "root") for m in ("GENQ", "GENQM")
        for t in ("z", "knha") for both in (True, False)
    }  # fmt: skip
    given = {
        f"{a}-{f}-{w}-{t}-{value}"
        for a, f in FORMULAS for w in ("none", "1/se") for t in ("z", "t", "knha")
        for value in (0, 0.04, 0.5)
    }  # fmt: skip
    assert set(counts["weighted"]) == weighted
    assert set(counts["generalized"]) == generalized
    assert set(counts["given"]) == given
    assert set(counts["kenward_roger"]) == {f"{a}-{f}" for a, f in FORMULAS}
