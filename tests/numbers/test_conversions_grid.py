"""Conversions between measures and missing statistics against R, through the front door."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.effects import convert_values, mean_sd_from_quantiles

FOLDER = Path(__file__).parents[2] / "validation" / "metafor"
PINNED: dict[str, Any] = json.loads((FOLDER / "conversions.json").read_text(encoding="utf-8"))

CLOSED = 1e-10
"""Relative, for values: both evaluate the same formula; Pearson's inverse loses some digits."""

NUMERIC = 1e-7
"""Relative, for variances: R's derivatives are numerical (numDeriv, six extrapolations)."""

SEARCHED = 1e-5
"""Relative, for quantile estimation: R's optim (Nelder-Mead) stops before the minimum."""

INTEGRAL = 1e-7
"""Relative, for the Box-Cox method: R's root and integrals."""

FIVE = PINNED["five"]
QUANTILES = ("min", "q1", "median", "q3", "max")
KINDS = {"S1": ("min", "median", "max"), "S2": ("q1", "median", "q3"), "S3": QUANTILES}
ARGUMENTS = {"min": "minimum", "q1": "q1", "median": "median", "q3": "q3", "max": "maximum"}

METAFOR_4 = {
    7: ((15.021544795358952, 14.29106691143328), (10.889285714285714, 10.103962147784886)),
    30: ((11.972897250696676, 9.5575055212413016), (10.782500000000001, 8.5626224066574625)),
    100: ((10.403596372036779, 7.804399930371213), (10.75975, 8.2742542328822122)),
}
"""By n: mean and SD of S1 and S2 for 2, 6, 9, 17, 41 by conv.fivenum of metafor 4.4, as another
project's tests report them (3.8, which computed the rest, has no such function)."""

METAFOR_4_S3 = {7: 14.361220613598714, 30: 12.3038216208361, 100: 11.420082492316839}
"""The mean of S3, likewise."""


def close(ours: Any, theirs: Any, relative: float) -> None:
    theirs = np.asarray(theirs, dtype=np.float64)
    off = np.abs(np.asarray(ours) - theirs) / np.maximum(np.abs(theirs), 1e-3)
    assert off.max() <= relative, off


def test_the_grid_is_whole() -> None:
    assert PINNED["source"]["metafor"] == "3.8.1"
    pairs = {(row["source"], row["to"]) for row in PINNED["conversions"]}
    assert len(PINNED["conversions"]) == 60
    assert len(pairs) == 18
    assert set(PINNED["quantiles"]) == {"luo/wan/shi", "wan", "hozo", "bland", "skewness"}
    assert {(row["row"], row["kind"]) for row in PINNED["qe"]} == {
        (place, kind) for place in range(7) for kind in KINDS
    }
    assert len(PINNED["bc"]) == 6
    numbers = sum(2 * len(row["y"]) for row in PINNED["conversions"])
    assert numbers > 700


def name_of(row: dict[str, Any]) -> str:
    beside = [str(row[name]) for name in ("baseline_risk", "n1", "n2") if name in row]
    return "-".join([row["source"], row["to"], row["method"], *beside])


@pytest.mark.parametrize("row", PINNED["conversions"], ids=name_of)
def test_conversions_agree(row: dict[str, Any]) -> None:
    beside = {name: row[name] for name in ("baseline_risk", "n1", "n2", "sd") if name in row}
    found = convert_values(
        row["y"], row["v"], row["source"], row["to"], method=row["method"], **beside
    )
    x = np.array(row["x"], dtype=np.float64)
    w = np.array(row["w"], dtype=np.float64)
    there = np.isfinite(x) & np.isfinite(w)
    assert there.sum() >= 3
    close(found.estimates[there], x[there], CLOSED)
    close(found.variances[there], w[there], NUMERIC)
    assert np.isnan(found.estimates[~np.isfinite(x)]).all()


@pytest.mark.parametrize("measure", ["OR2DN", "OR2DL"])
def test_standardized_differences_of_tables_agree_with_escalc(measure: str) -> None:
    method = {"OR2DL": "hasselblad-hedges", "OR2DN": "cox"}[measure]
    odds = es.effects(pd.DataFrame(PINNED["tables"]), "OR")
    found = es.convert(odds, "SMD", method=method)
    close(found.estimates, PINNED["escalc"][measure]["x"], CLOSED)
    close(found.variances, PINNED["escalc"][measure]["w"], CLOSED)


@pytest.mark.parametrize(
    ("method", "kind"),
    [(m, k) for m in ("luo/wan/shi", "wan", "hozo", "bland") for k in PINNED["quantiles"][m]],
)
def test_means_and_sds_from_quantiles_agree(method: str, kind: str) -> None:
    given = {ARGUMENTS[name]: FIVE[name] for name in KINDS[kind]}
    found = mean_sd_from_quantiles(FIVE["n"], **given, method=method)
    pinned = PINNED["quantiles"][method][kind]
    close(found.means, pinned["mean"], CLOSED)
    close(found.sds, pinned["sd"], CLOSED)
    close(found.statistics, PINNED["quantiles"]["skewness"][kind]["statistic"], CLOSED)
    close(found.critical, PINNED["quantiles"]["skewness"][kind]["critical"], CLOSED)
    # the same through a table of one group a row
    table = pd.DataFrame({name: FIVE[name] for name in ("n", *KINDS[kind])})
    filled = es.fill_statistics(table, method=method).table
    assert np.allclose(filled["mean"], found.means, rtol=1e-14)
    assert np.allclose(filled["sd"], found.sds, rtol=1e-14)


def test_metafor_4_is_met() -> None:
    for n, (first, second) in METAFOR_4.items():
        outer = mean_sd_from_quantiles(n, minimum=2, median=9, maximum=41)
        inner = mean_sd_from_quantiles(n, q1=6, median=9, q3=17)
        every = mean_sd_from_quantiles(n, minimum=2, q1=6, median=9, q3=17, maximum=41)
        close([outer.means[0], outer.sds[0]], first, CLOSED)
        close([inner.means[0], inner.sds[0]], second, CLOSED)
        close(every.means, [METAFOR_4_S3[n]], CLOSED)


@pytest.mark.parametrize("row", PINNED["qe"], ids=lambda r: f"{r['row']}-{r['kind']}")
def test_quantile_estimation_agrees(row: dict[str, Any]) -> None:
    given = {ARGUMENTS[name]: FIVE[name][row["row"]] for name in KINDS[row["kind"]]}
    found = mean_sd_from_quantiles(FIVE["n"][row["row"]], **given, method="qe")
    assert found.distributions[0] == row["distribution"]
    close([found.means[0], found.sds[0]], [row["mean"], row["sd"]], SEARCHED)


@pytest.mark.parametrize("row", PINNED["bc"], ids=lambda r: f"{r['row']}-{r['kind']}")
def test_box_cox_agrees(row: dict[str, Any]) -> None:
    given = {ARGUMENTS[name]: FIVE[name][row["row"]] for name in KINDS[row["kind"]]}
    found = mean_sd_from_quantiles(FIVE["n"][row["row"]], **given, method="bc")
    close([found.means[0], found.sds[0]], [row["mean"], row["sd"]], INTEGRAL)
