"""Formulas, predictions, contrasts, comparisons, location-scale models against metafor."""

import json
import math
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es

FOLDER = Path(__file__).parents[2] / "validation" / "metafor"
PINNED: dict[str, Any] = json.loads((FOLDER / "regression.json").read_text(encoding="utf-8"))

MODEL = 1e-8
"""Relative, the promise of the docs; metafor's iterations are tightened (see regression.R)."""

TAIL = 1e-6
"""Relative, for P values: in a tail they magnify the relative error of the statistic."""

CLIMBED = 1e-6
"""Of a standard error, for maxima that metafor climbs with numerical gradients (multilevel and
location-scale models); near a maximum an error of 1e-14 in the likelihood is one of 1e-7 there."""

CURVED = 1e-4
"""Relative, for standard errors from numerical second derivatives (location-scale models)."""

HEIGHT = 1e-9
"""Absolute, for the log-likelihoods of location-scale and multilevel models."""

RUNS_AWAY = 1e3
"""Standard errors of scale coefficients above this are those of a coefficient without a finite
maximum (a tau² of 0 has no logarithm); ours is NaN with a reason."""

TESTS: dict[str, dict[str, Any]] = {
    "z": {"ci": "z"},
    "t": {"ci": "t"},
    "knha": {"ci": "HKSJ", "safeguard": "none"},
    "adhoc": {"ci": "HKSJ", "safeguard": "truncate"},
}
SETTINGS = [("REML", "z"), ("REML", "knha"), ("REML", "adhoc"), ("ML", "t"), ("DL", "z"),
            ("PM", "knha"), ("EE", "z")]  # fmt: skip
FORMULAS = [
    ("bcg-RR", "ablat * alloc"), ("bcg-RR", "alloc / ablat"), ("bcg-RR", "alloc:ablat"),
    ("bcg-RR", "alloc - 1"), ("bcg-RR", 'C(alloc, reference="random") + ablat'),
    ("bcg-RR", "ns(ablat, 3)"), ("bcg-RR", "ns(ablat, knots=[25, 40], boundary=[10, 60])"),
    ("bcg-RR", "bs(ablat, 4)"), ("bcg-RR", "poly(ablat, 2)"), ("bcg-RR", "poly(ablat, 3) + alloc"),
    ("bcg-RR", "I((year - 1900) / 10) + I(ablat^2)"), ("bcg-OR", "scale(ablat) + scale(year)"),
    ("bcg-RD", "(ablat + I(year - 1966))^2"), ("bangertdrowns2004-GEN", "length * C(grade)"),
    ("bangertdrowns2004-GEN", "poly(length, 2, raw=True) + feedback"),
    ("bangertdrowns2004-GEN", "bs(length, 5, degree=2)"),
    ("bangertdrowns2004-GEN", "ns(log(length), 2) * feedback"),
    ("bangertdrowns2004-GEN", "sqrt(length) + log2(year)"),
    ("bangertdrowns2004-GEN", "rcs(length, [4, 10, 15, 24])"),
    ("bangertdrowns2004-GEN", "length * feedback * center(year)"),
    ("raudenbush1985-GEN", "tester * log1p(weeks)"), ("raudenbush1985-GEN", "ns(weeks, 2) + year"),
    ("hackshaw1998-GEN", "design * year"), ("hackshaw1998-GEN", "country + ns(year, 3)"),
    ("linde2005-RR", "duration + C(country)"), ("curtis1998-SMD", "rcs(time, [20, 50, 100])"),
    ("assink2016-GEN", "deltype + exp(I(-year / 10))"),
]  # fmt: skip
LINEAR = ["alloc", "ablat + year", "C(grade) + length", "design + country", "weeks * tester"]
KEYS = ("analysis", "formula", "method", "test")


def name_of(row: dict[str, Any]) -> str:
    names = (*KEYS, "small", "large", "scale", "set", "level")
    return "-".join(str(row[name]) for name in names if name in row)


@cache
def effects(analysis: str) -> Any:
    name, measure = analysis.rsplit("-", 1)
    return es.effects(pd.read_csv(FOLDER / "data" / f"{name}.csv"), measure)


@cache
def fitted(analysis: str, formula: str, method: str, test: str) -> Any:
    model = {"model": "equal"} if method == "EE" else {"tau2": method}
    # metafor drops redundant columns always, with a warning (assink2016: deltype * year)
    return es.meta_regression(
        effects(analysis), formula, drop_redundant=True, **(model | TESTS[test])
    )


def close(ours: Any, theirs: Any, where: str, relative: float = MODEL, floor: Any = 0.0) -> None:
    """Compare numbers or lists; where metafor has none, ours is NaN."""
    mine = np.asarray(ours, dtype=np.float64).ravel()
    pinned = np.array(np.nan if theirs is None else theirs, dtype=np.float64).ravel()
    least = np.broadcast_to(np.asarray(floor, dtype=np.float64), pinned.shape)
    assert mine.shape == pinned.shape, f"{where}: {mine} for {pinned}"
    for place, (a, b) in enumerate(zip(mine, pinned, strict=True)):
        if math.isnan(b):
            assert math.isnan(a), f"{where}[{place}]: {a} for nothing"
            continue
        off = abs(a - b) / max(abs(b), float(least[place]), 1e-290)
        assert off <= relative, f"{where}[{place}]: {a!r} for {b!r}, {off:.1e} relative"


def distribution(row: dict[str, Any]) -> str:
    """Return our word for metafor's distribution of the prediction interval."""
    return "normal" if row["test"] == "z" else "t k-1"


def test_the_grid_is_whole() -> None:
    wanted = {(*case, *setting) for case in FORMULAS for setting in SETTINGS}
    keys = Counter(tuple(row[name] for name in KEYS) for row in PINNED["fits"])
    assert set(keys) == wanted
    assert max(keys.values()) == 1
    with_new = {case for case in FORMULAS if case[0] != "linde2005-RR"}
    keys = Counter((*(row[name] for name in KEYS), row["level"]) for row in PINNED["predictions"])
    assert set(keys) == {
        (*case, *setting, level)
        for case in with_new
        for setting in SETTINGS
        for level in (0.95, 0.9)
    }
    for section, least in (
        ("means", 56), ("contrasts", 70), ("subsets", 140), ("inflation", 80), ("comparisons", 18),
        ("multilevel", 2), ("location_scale", 40),
    ):  # fmt: skip
        assert len(PINNED[section]) >= least, section
    assert {row["formula"] for row in PINNED["contrasts"]} == set(LINEAR)
    assert {(row["method"], row["test"]) for row in PINNED["location_scale"]} == {
        ("REML", "z"), ("REML", "t"), ("REML", "knha"), ("ML", "z"),
    }  # fmt: skip
    numbers = json.dumps({name: PINNED[name] for name in PINNED if name != "source"})
    assert numbers.count(".") > 12_000


@pytest.mark.parametrize("row", PINNED["fits"], ids=name_of)
def test_formulas_agree(row: dict[str, Any]) -> None:
    fit = fitted(*(row[name] for name in KEYS))
    where, se = name_of(row), row["se"]
    assert fit.k == row["k"]
    close(fit.coefficients, row["coefficients"], f"{where} coefficients", floor=se)
    close(fit.se, row["se"], f"{where} se")
    close(fit.ci_lower, row["ci_lower"], f"{where} ci_lower", floor=se)
    close(fit.ci_upper, row["ci_upper"], f"{where} ci_upper", floor=se)
    close(fit.p_values, row["p_values"], f"{where} p_values", TAIL)
    close(fit.qe, row["qe"], f"{where} qe")
    close(fit.moderators.statistic, row["qm"], f"{where} qm", floor=1.0)
    close(fit.moderators.p_value, row["qm_p"], f"{where} qm_p", TAIL)
    if row["method"] != "EE":
        typical = float(np.median(fit.effects.variances[fit.rows]))
        close(fit.tau2, row["tau2"], f"{where} tau2", floor=typical)


@pytest.mark.parametrize(
    "row", [row for row in PINNED["fits"] if row["method"] in ("REML", "ML", "EE")], ids=name_of
)
def test_likelihoods_and_criteria_agree(row: dict[str, Any]) -> None:
    fit = fitted(*(row[name] for name in KEYS))
    found = es.compare(fit, fit, names=("a", "b"))
    for name in ("log_likelihood", "aic", "bic", "aicc"):
        close(getattr(found, name)[0], row[name], f"{name_of(row)} {name}", floor=1.0)


@pytest.mark.parametrize("row", PINNED["predictions"], ids=name_of)
def test_predictions_agree(row: dict[str, Any]) -> None:
    fit = fitted(*(row[name] for name in KEYS))
    found = es.predict(fit, row["new"], level=row["level"], prediction=distribution(row))
    where, se = name_of(row), row["se"]
    close(found.design, row["design"], f"{where} design", floor=1e-3)
    for name in ("estimates", "ci_lower", "ci_upper", "prediction_lower", "prediction_upper"):
        if name.startswith("prediction") and fit.k - len(fit.terms) < 2:
            continue
        close(getattr(found, name), row[name], f"{where} {name}", floor=se)
    close(found.se, row["se"], f"{where} se")


@pytest.mark.parametrize("row", PINNED["means"], ids=name_of)
def test_predictions_of_a_mean_agree(row: dict[str, Any]) -> None:
    model = {"model": "equal"} if row["method"] == "EE" else {"tau2": row["method"]}
    fit = es.pool(effects(row["analysis"]), **(model | TESTS[row["test"]]))
    found = es.predict(fit, level=row["level"], prediction=distribution(row))
    for ours, theirs in (
        ("estimates", "estimate"), ("ci_lower", "ci_lower"), ("ci_upper", "ci_upper"),
        ("prediction_lower", "prediction_lower"), ("prediction_upper", "prediction_upper"),
    ):  # fmt: skip
        close(getattr(found, ours), row[theirs], f"{name_of(row)} {ours}", floor=row["se"])


@pytest.mark.parametrize("row", PINNED["contrasts"], ids=name_of)
def test_contrasts_agree(row: dict[str, Any]) -> None:
    fit = fitted(*(row[name] for name in KEYS))
    found = es.contrasts(fit, np.array(row["matrix"]))
    where = name_of(row)
    close(found.estimates, row["estimates"], f"{where} estimates", floor=row["se"])
    close(found.se, row["se"], f"{where} se")
    close(found.statistics, row["statistics"], f"{where} statistics", floor=1.0)
    close(found.p_values, row["p_values"], f"{where} p_values", TAIL)
    if len(found.names) > 1:
        close(found.joint.statistic, row["joint"], f"{where} joint", floor=1.0)
        close(found.joint.p_value, row["joint_p"], f"{where} joint_p", TAIL)


@pytest.mark.parametrize("row", PINNED["subsets"], ids=name_of)
def test_tests_of_some_coefficients_agree(row: dict[str, Any]) -> None:
    fit = fitted(*(row[name] for name in KEYS))
    places = [int(place) for place in np.atleast_1d(row["places"])]
    found = es.contrasts(fit, terms=[fit.terms[place] for place in places])
    close(found.joint.statistic, row["statistic"], f"{name_of(row)} {places}", floor=1.0)
    close(found.joint.p_value, row["p_value"], f"{name_of(row)} {places} p", TAIL)


@pytest.mark.parametrize("row", PINNED["inflation"], ids=name_of)
def test_variance_inflation_agrees(row: dict[str, Any]) -> None:
    fit = fitted(*(row[name] for name in KEYS))
    if not row["places"]:
        close(es.vif(fit).factors, row["factors"], name_of(row))
        return
    from evisynth.stats import variance_inflation

    places = [int(place) - 1 for place in row["places"]]
    close(variance_inflation(fit.covariance[1:, 1:], [places]), row["factors"], name_of(row))


@pytest.mark.parametrize("row", PINNED["comparisons"], ids=name_of)
def test_comparisons_agree(row: dict[str, Any]) -> None:
    by_random = row["analysis"].startswith("multilevel")
    if by_random:
        table = pd.read_csv(FOLDER / "data" / f"{row['analysis']}.csv")
        fits = [
            es.multilevel(table, row[side], method=row["method"], limits=False)
            for side in ("small", "large")
        ]
    else:
        fits = [fitted(row["analysis"], row[side], row["method"], "z")
                for side in ("small", "large")]  # fmt: skip
    found = es.compare(*fits)
    relative = CLIMBED if by_random else MODEL
    where = name_of(row)
    assert found.test.df1 == row["df"]
    close(found.test.statistic, row["statistic"], f"{where} statistic", relative, 1.0)
    close(found.test.p_value, row["p_value"], f"{where} p_value", max(TAIL, 10 * relative))
    for name in ("log_likelihood", "aic", "bic", "aicc"):
        close(getattr(found, name), row[name], f"{where} {name}", relative, 1.0)
    if not by_random and row["method"] != "EE":
        close(found.r2_change, row["r2"], f"{where} r2", floor=1.0)
        typical = float(np.median(fits[0].effects.variances[fits[0].rows]))
        close(found.tau2, row["tau2"], f"{where} tau2", floor=typical)


@pytest.mark.parametrize("row", PINNED["multilevel"], ids=name_of)
def test_multilevel_predictions_agree(row: dict[str, Any]) -> None:
    table = pd.read_csv(FOLDER / "data" / "multilevel_konstantopoulos2011.csv")
    fit = es.multilevel(
        table.assign(year=table.year - 1990), "district/school", "year", ci=row["test"]
    )
    found = es.predict(fit, {"year": [-10, 5]})
    for name in ("estimates", "ci_lower", "ci_upper", "prediction_lower", "prediction_upper"):
        close(getattr(found, name), row[name], f"{row['test']} {name}", CLIMBED, row["se"])
    close(found.se, row["se"], f"{row['test']} se", CLIMBED)
    joint = es.contrasts(fit, found.design).joint
    close(joint.statistic, row["joint"], f"{row['test']} joint", CLIMBED, 1.0)
    close(joint.p_value, row["joint_p"], f"{row['test']} joint_p", 10 * CLIMBED)


@pytest.mark.parametrize("row", PINNED["location_scale"], ids=name_of)
def test_location_scale_models_agree(row: dict[str, Any]) -> None:
    test = {"knha": "HKSJ"}.get(row["test"], row["test"])
    fit = es.location_scale(
        effects(row["analysis"]), row["formula"], scale=row["scale"], method=row["method"], ci=test
    )
    where = name_of(row)
    assert fit.k == row["k"]
    assert fit.log_likelihood >= row["log_likelihood"] - HEIGHT
    for name in ("log_likelihood", "aic", "bic", "aicc"):
        close(getattr(fit, name), row[name], f"{where} {name}", HEIGHT, 1.0)
    runs = np.array(row["scale_se"]) > RUNS_AWAY
    assert (np.isnan(fit.scale_se) == runs).all()
    assert bool(fit.scale_reason) == runs.any()
    for part in ("", "scale_"):
        kept = ~runs if part else np.ones(len(fit.terms), dtype=bool)
        pinned = {
            name: np.array(row[f"{part}{name}"], dtype=float, ndmin=1)[kept]
            for name in ("coefficients", "se", "p_values")
        }
        mine = {name: getattr(fit, f"{part}{name}")[kept] for name in pinned}
        error = CURVED if part else CLIMBED
        close(mine["coefficients"], pinned["coefficients"], where, CLIMBED, pinned["se"])
        close(mine["se"], pinned["se"], f"{where} se", error)
        close(mine["p_values"], pinned["p_values"], f"{where} p", 10 * error)
    close(fit.qe, row["qe"], f"{where} qe")
    close(fit.moderators.statistic, row["qm"], f"{where} qm", 10 * CLIMBED, 1.0)
    if not runs.any():
        close(fit.scale_moderators.statistic, row["qs"], f"{where} qs", 10 * CURVED, 1.0)
    typical = float(np.median(fit.effects.variances[fit.rows]))
    close(fit.tau2[fit.rows], row["tau2"], f"{where} tau2", 10 * CLIMBED, typical)
    if "new" in row:
        found = es.predict(fit, row["new"], prediction="normal")
        close(found.estimates, row["estimates"], f"{where} estimates", CLIMBED, row["pred_se"])
        for name in ("prediction_lower", "prediction_upper"):
            ours = getattr(found, name)
            close(ours, row[name], f"{where} {name}", CLIMBED, 1.0)
