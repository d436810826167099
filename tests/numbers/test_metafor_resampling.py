"""Subsets, permutation tests and bootstrap intervals against metafor and boot."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.stats import bootstrap_limits, estimate_tau2, jackknife_acceleration, subset_batch

FOLDER = Path(__file__).parents[2] / "validation" / "metafor"
PINNED: dict[str, Any] = json.loads((FOLDER / "resampling.json").read_text(encoding="utf-8"))

SAME = 1e-8
"""Relative, for all that rests on a model (metafor's search for tau² is tightened)."""

LIMIT = 1e-7
"""Of a standard error, for permutation limits: both programs search a step function until the
bracket is that narrow."""

QUANTILE = 1e-9
"""Relative, for an interval from given draws: sorting and interpolation."""


def effects_of(row: dict[str, Any], **columns: Any) -> Any:
    table = pd.read_csv(FOLDER / "data" / f"{row['set']}.csv")
    made = es.effects(table, row["measure"])
    if "rows" not in row:
        return made
    keep = np.zeros(len(made), dtype=bool)
    keep[np.array(row["rows"]) - 1] = True
    assert (np.diff(row["rows"]) > 0).all()
    return made.select(keep)


def fit_options(row: dict[str, Any]) -> dict[str, Any]:
    equal = row["method"] == "EE"
    options = {"model": "equal"} if equal else {"tau2": row["method"]}
    return {**options, "ci": row.get("test", "z"), "safeguard": "none"}


def close(ours: Any, theirs: Any, floor: Any, where: str, relative: float = SAME) -> None:
    mine = np.asarray(ours, dtype=float)
    other = np.array([np.nan if one is None else one for one in np.atleast_1d(theirs)], dtype=float)
    off = np.abs(mine - other) / np.maximum(np.abs(other), floor)
    worst = float(np.nanmax(off))
    assert not np.isnan(off).any(), where
    assert worst <= relative, f"{where}: {worst:.1e} relative"


def name_of(row: dict[str, Any]) -> str:
    return "-".join(str(row[name]) for name in ("set", "formula", "method", "test") if name in row)


@pytest.mark.parametrize("row", PINNED["subsets"], ids=name_of)
def test_all_subsets_agree(row: dict[str, Any]) -> None:
    made = effects_of(row)
    found = es.gosh(es.pool(made, **fit_options(row)))
    assert found.complete
    code = found.included() @ (2 ** np.arange(len(made)))
    order = np.argsort(code)
    assert code[order].tolist() == row["members"]
    assert found.k[order].tolist() == row["k"]
    unit = float(np.median(made.variances))
    several = found.k[order] > 1
    floors = {"estimate": np.sqrt(unit), "q": 1.0, "tau2": unit, "i2": 1.0, "h2": 1.0}
    for name, floor in floors.items():
        ours, theirs = getattr(found, name)[order], np.array(row[name], dtype=float)
        if name in ("tau2", "i2", "h2"):  # of one study: NaN here, 0 or 1 there
            assert np.isnan(ours[~several]).all()
            ours, theirs = ours[several], theirs[several]
        if name == "tau2" and row["method"] == "EE":
            assert np.isnan(ours).all()
            assert (theirs == 0).all()
            continue
        close(ours, theirs, floor, name)


@pytest.mark.parametrize("row", PINNED["flips"], ids=name_of)
def test_exact_sign_flips_agree(row: dict[str, Any]) -> None:
    fit = es.pool(effects_of(row), **fit_options(row))
    found = es.permutation_test(fit, exact=True, ci=row["limits"])
    assert found.draws == row["draws"] == 2**fit.k
    assert found.p_value == row["p"]
    close(np.sort(found.drawn[:, 0]), row["statistics"], 1.0, "statistics")
    if row["limits"]:
        for ours, theirs in ((found.ci_lower, row["lower"]), (found.ci_upper, row["upper"])):
            if theirs is None:
                assert np.isnan(ours[0])
            else:
                close(ours, theirs, fit.se, "limit", LIMIT)


@pytest.mark.parametrize("row", PINNED["rows"], ids=name_of)
def test_exact_permutations_of_moderators_agree(row: dict[str, Any]) -> None:
    options = fit_options(row)
    fit = es.meta_regression(effects_of(row), np.array(row["design"], dtype=float), **options)
    found = es.permutation_test(fit, exact=True)
    assert found.draws == row["draws"]
    assert found.p_values.tolist() == pytest.approx(row["p"], rel=1e-12)
    assert found.omnibus_p == pytest.approx(row["omnibus_p"], rel=1e-12)
    # a row a rank, a column a coefficient
    for at, theirs in enumerate(zip(*row["statistics"], strict=True)):
        close(np.sort(found.drawn[:, at]), theirs, 1.0, found.terms[at])
    close(np.sort(found.omnibus_drawn), row["omnibus"], 1.0, "omnibus")


@pytest.mark.parametrize("row", PINNED["bootstrap"], ids=name_of)
def test_draws_of_studies_agree(row: dict[str, Any]) -> None:
    made = effects_of(row)
    rows = np.array(row["indices"], dtype=np.int64)
    fits = subset_batch(made.estimates, made.variances, rows, ci="z")
    tau2 = estimate_tau2(made.estimates[rows], made.variances[rows])
    unit = float(np.median(made.variances))
    estimate, se2, theirs_tau2, theirs_se2 = row["draws"]
    close(fits.estimate, estimate, np.sqrt(unit), "estimate")
    close(fits.se**2, se2, unit, "squared standard error")
    close(fits.tau2, theirs_tau2, unit, "tau²")
    close(tau2.se**2, theirs_se2, unit**2, "squared standard error of tau²")


@pytest.mark.parametrize("row", PINNED["bootstrap"], ids=name_of)
def test_five_intervals_from_given_draws_agree(row: dict[str, Any]) -> None:
    fit = es.pool(effects_of(row), ci="z")
    without = es.leave_one_out(fit)
    for one in row["limits"]:
        first = {"estimate": 0, "tau2": 2}[one["quantity"]]
        draws, squared = (np.array(row["draws"][place]) for place in (first, first + 1))
        observed = row["observed"][first]
        jackknife = without.estimates if first == 0 else without.tau2
        for method in ("percentile", "basic", "normal", "studentized", "bca"):
            found = bootstrap_limits(
                draws,
                observed,
                method,
                level=one["level"],
                draw_se=np.sqrt(squared),
                observed_se=float(np.sqrt(row["observed"][first + 1])),
                acceleration=jackknife_acceleration(jackknife),
            )
            tolerance = SAME if method == "bca" else QUANTILE  # the jackknife is our own
            where = f"{one['quantity']} {method} {one['level']}"
            close([found.lower, found.upper], one[method], fit.se, where, tolerance)


def test_the_grid_is_whole() -> None:
    assert PINNED["source"]["metafor"] == "3.8.1"
    methods = {"REML", "DL", "PM", "ML", "EE"}
    sets = {"bcg", "hackshaw1998", "raudenbush1985"}
    assert {(row["set"], row["method"]) for row in PINNED["subsets"]} == {
        (name, method) for name in sets for method in methods
    }
    assert [len(row["k"]) for row in PINNED["subsets"]] == [127] * 5 + [63] * 10
    assert len(PINNED["flips"]) == 4 * 8
    assert sum(row["limits"] for row in PINNED["flips"]) == 2
    assert len(PINNED["rows"]) == 8 * 5
    assert {len(row["design"]) for row in PINNED["rows"]} == {5, 6, 7, 8}
    assert [len(row["indices"]) for row in PINNED["bootstrap"]] == [299, 299]
    assert all(len(row["limits"]) == 4 for row in PINNED["bootstrap"])
