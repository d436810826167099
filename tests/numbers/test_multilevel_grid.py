"""Multilevel and multivariate models and cluster-robust inference against R, pinned."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evisynth.synthesis import meta_regression, pool
from evisynth.synthesis.multilevel_covariances import impute_covariances, read_covariances
from evisynth.synthesis.multilevel_fitting import multilevel
from evisynth.synthesis.multilevel_results import MultilevelFit
from evisynth.synthesis.robust_fitting import robust

FOLDER = Path(__file__).parents[2] / "validation" / "metafor"
PINNED: dict[str, Any] = json.loads((FOLDER / "multilevel.json").read_text(encoding="utf-8"))

MODEL = 1e-8
"""Relative. The pinned optimum was polished by Newton steps on extrapolated derivatives until the
last step was below the size in ``source``, ``polished``; see MULTILEVEL.md."""

VARIANCE = 2e-7
"""Relative, for variances and correlations themselves: the polishing leaves so much."""

LIMIT = 1e-5
"""Relative, for profile limits: metafor finds them by a root search whose inner fits stop early."""

TAIL = 1e-6
"""Relative, for P values: a tail magnifies the error of its statistic."""

EXACT = 1e-9
"""Relative, for what follows from given fits by formula (sandwich matrices)."""

SMALLEST_P = 1e-290
V_OPTIONS = ("none", "rows", "rho6", "types", "time97")
CLUSTERS = {
    "konstantopoulos2011": "district", "assink2016": "study", "berkey1998": "trial",
    "ishak2007": "study", "bcg_arms": "trial", "curtis1998": "paper", "bangertdrowns2004": "id",
}  # fmt: skip
MODERATORS = {
    "konstantopoulos2011": "year", "assink2016": "pubstatus + C(deltype)", "curtis1998": "time",
}  # fmt: skip
KINDS = ("CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3")
_fits: dict[int, MultilevelFit] = {}


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / PINNED["sets"][name]["file"])


def our_formula(text: str) -> str | None:
    return None if text == "1" else text.replace("factor(", "C(")


def sampling(data: pd.DataFrame, option: str) -> Any:
    """Return our counterpart of the sampling covariance that R used."""
    if option == "rows":
        return read_covariances(data, "trial", ["v1i", "v2i"])
    if option == "rho6":
        return impute_covariances(data, "study", correlation=0.6)
    if option == "types":
        return impute_covariances(data, "study", correlation=0.6, kind="deltype", between_kinds=0.4)
    if option == "time97":
        return impute_covariances(data, "study", autocorrelation=0.97, time="time")
    return None


def fit_of(number: int, **options: Any) -> MultilevelFit:
    """Fit the model of a pinned entry through the front door."""
    row = PINNED["fits"][number]
    if options or number not in _fits:
        data = table(row["set"])
        wanted: dict[str, Any] = {"ci": "z", "limits": False} | options
        made = multilevel(
            data,
            # with a structure the combination alone is meant, without the outer intercept
            [name.replace("/", ":") for name in row["random"]] if row["struct"] else row["random"],
            our_formula(row["mods"]),
            V=sampling(data, row["V"]),
            structure=row["struct"] or "CS",
            method=row["method"],
            **wanted,
        )
        if options:
            return made
        _fits[number] = made
    return _fits[number]


def assert_close(where: str, pinned: Any, mine: Any, relative: float, floor: Any = 0.0) -> None:
    theirs = np.array(np.nan if pinned is None else pinned, dtype=np.float64).ravel()
    ours = np.asarray(mine, dtype=np.float64).ravel()
    least = np.broadcast_to(np.asarray(floor, dtype=np.float64), theirs.shape)
    assert theirs.shape == ours.shape, f"{where}: {ours} for {theirs}"
    assert np.isfinite(theirs).all(), where
    off = np.abs(ours - theirs) / np.maximum(np.maximum(np.abs(theirs), least), 1e-300)
    assert off.max() <= relative, f"{where}: {ours} for {theirs}, {off.max():.1e} relative"


def test_the_source_is_named():
    source = PINNED["source"]
    assert source["metafor"]
    assert source["R"].startswith("R version")
    assert source["polished"] < 1e-6
    for part in PINNED["sets"].values():
        assert len(pd.read_csv(FOLDER / part["file"])) == part["k"]


def test_the_grid_is_whole():
    fits = PINNED["fits"]
    keys = Counter(
        (f["set"], tuple(f["random"]), tuple(f["struct"]), f["mods"], f["method"], f["V"])
        for f in fits
    )
    assert max(keys.values()) == 1
    assert len(keys) == 2 * 36
    assert {f["method"] for f in fits} == {"REML", "ML"}
    assert {f["V"] for f in fits} == set(V_OPTIONS)
    assert {kind for f in fits for kind in f["struct"]} == {
        "CS", "HCS", "UN", "ID", "DIAG", "AR", "HAR", "CAR",
    }  # fmt: skip
    robust_keys = Counter(
        (r["source"], r.get("model"), r.get("set"), r.get("mods"), r.get("method"), r["kind"])
        for r in PINNED["robust"]
    )
    assert max(robust_keys.values()) == 1
    assert Counter(r["kind"] for r in PINNED["robust"]) == dict.fromkeys(
        KINDS, len(PINNED["robust"]) // len(KINDS)
    )
    assert len(PINNED["robust"]) >= 6 * (30 + 12)
    assert len(PINNED["limits"]) >= 12
    numbers = json.dumps(PINNED).count(",")
    assert numbers > 10_000


@pytest.mark.parametrize("number", range(len(PINNED["fits"])))
def test_fits(number):
    row = PINNED["fits"][number]
    where = f"{row['set']} {row['random']} {row['struct']} {row['mods']} {row['method']} {row['V']}"
    fit = fit_of(number)
    data = table(row["set"])
    size = float(np.median(data.vi))
    assert fit.converged
    se = np.array(row["se"])
    kinds = [part.kind for part in fit.components]
    floors = [size if kind == "variance" else 1.0 for kind in kinds]
    assert_close(f"{where} values", row["values"], [c.estimate for c in fit.components], VARIANCE,
                 floors)  # fmt: skip
    assert_close(f"{where} coefficients", row["coefficients"], fit.coefficients, MODEL, se)
    assert_close(f"{where} se", row["se"], fit.se, MODEL)
    assert_close(
        f"{where} covariance", row["covariance"], fit.covariance, MODEL, np.outer(se, se).ravel()
    )
    assert_close(f"{where} z", row["z"], fit.statistics, MODEL, 1.0)
    assert_close(f"{where} P", row["p_z"], fit.p_values, TAIL, SMALLEST_P)
    assert_close(f"{where} lower", row["ci_lower_z"], fit.ci_lower, MODEL, se)
    assert_close(f"{where} upper", row["ci_upper_z"], fit.ci_upper, MODEL, se)
    assert_close(f"{where} QE", row["qe"], fit.qe, MODEL)
    assert fit.qe_df == row["qe_df"]
    assert_close(f"{where} QE P", row["qe_p"], fit.qe_p, TAIL, SMALLEST_P)
    assert_close(f"{where} log-likelihood", row["log_likelihood"], fit.log_likelihood, MODEL, 1.0)
    assert fit.parameters == row["parms"]
    for name in ("aic", "bic", "aicc"):
        assert_close(f"{where} {name}", row[name], getattr(fit, name), MODEL, 1.0)
    if row["qm_z"] is None:
        assert math.isnan(fit.moderators.statistic)
    else:
        assert_close(f"{where} QM", row["qm_z"], fit.moderators.statistic, MODEL)
        assert_close(f"{where} QM P", row["qm_p_z"], fit.moderators.p_value, TAIL, SMALLEST_P)


@pytest.mark.parametrize("number", range(0, len(PINNED["fits"]), 2))
def test_t_tests(number):
    row = PINNED["fits"][number]
    fit = fit_of(number, ci="t")
    assert fit.df == row["df_t"]
    assert_close("t", row["t"], fit.statistics, MODEL, 1.0)
    assert_close("P", row["p_t"], fit.p_values, TAIL, SMALLEST_P)
    assert_close("lower", row["ci_lower_t"], fit.ci_lower, MODEL, np.array(row["se"]))
    assert_close("upper", row["ci_upper_t"], fit.ci_upper, MODEL, np.array(row["se"]))
    if row["qm_t"] is not None:
        assert fit.moderators.distribution == "F"
        assert_close("F", row["qm_t"], fit.moderators.statistic, MODEL)
        assert_close("F P", row["qm_p_t"], fit.moderators.p_value, TAIL, SMALLEST_P)


@pytest.mark.parametrize("number", range(len(PINNED["fits"])))
def test_predicted_random_effects(number):
    row = PINNED["fits"][number]
    fit = fit_of(number)
    scale = float(np.sqrt(max(max(row["values"]), 1e-12)))
    start = 0
    # metafor lists intercepts first, then the levels of inner | outer effects
    parts = sorted(fit.random_effects, key=lambda part: "|" in part.random)
    for part, size in zip(parts, row["blup_sizes"], strict=True):
        names = [str(name) for name in row["blup_names"][start : start + size]]
        theirs = dict(zip(names, zip(row["blup"][start : start + size],
                                     row["blup_se"][start : start + size], strict=True),
                          strict=True))  # fmt: skip
        start += size
        levels = part.levels or ("",) * len(part.groups)
        shown = [
            f"{level} | {group}" if level else group
            for group, level in zip(part.groups, levels, strict=True)
        ]
        found = dict(zip(shown, zip(part.estimates, part.se, strict=True), strict=True))
        assert set(theirs) <= set(found), (sorted(theirs)[:3], sorted(found)[:3])
        if not part.levels:
            assert len(theirs) == len(found)
        for name, (estimate, se) in theirs.items():
            assert abs(found[name][0] - estimate) <= 1e-6 * scale, name
            assert abs(found[name][1] - se) <= 1e-6 * scale, name
    assert start == len(row["blup"])


@pytest.mark.parametrize("entry", PINNED["limits"], ids=lambda entry: str(entry["model"]))
def test_profile_limits(entry):
    row = PINNED["fits"][entry["model"]]
    fit = fit_of(entry["model"], limits=True)
    size = float(np.median(table(row["set"]).vi))
    # metafor lists the variances of intercepts first
    parts = sorted(
        fit.components, key=lambda part: ("|" in part.random, part.kind == "correlation")
    )
    assert len(parts) == len(entry["lower"])
    for place, part in enumerate(parts):
        lower, upper = entry["lower"][place], entry["upper"][place]
        floor = size if part.kind == "variance" else 1.0
        if part.kind == "variance" or part.lower > -1:
            assert_close(f"{part.name} lower", lower, part.lower, LIMIT, floor)
        if part.kind == "variance" or part.upper < 1:
            assert_close(f"{part.name} upper", upper, part.upper, LIMIT, floor)


@pytest.mark.parametrize("entry", PINNED["imputed"], ids=lambda entry: entry["V"])
def test_imputed_covariances(entry):
    made = sampling(table(entry["set"]), entry["V"]).to_matrix()
    np.testing.assert_allclose(made.ravel(), entry["values"], rtol=1e-12, atol=1e-15)


def robust_counterpart(row: dict[str, Any]) -> tuple[Any, Any]:
    """Return our robust fit and, with its own degrees of freedom, metafor's variant of it."""
    if row["source"] == "multilevel":
        fit: Any = fit_of(row["model"])
    else:
        data = table(row["set"])
        options: dict[str, Any] = {"ci": "z"}
        options |= {"model": "equal"} if row["method"] == "EE" else {"tau2": "REML"}
        named = data.assign(study=[f"row {n}" for n in range(len(data))])
        named[row["cluster"]] = data[row["cluster"]].astype(str) + "c"
        if row["cluster"] == "study":
            named = named.rename(columns={"study": "cluster"}).assign(
                study=[f"row {n}" for n in range(len(data))]
            )
        fit = pool(named, **options)
        if row["mods"] != "1":
            fit = meta_regression(fit, str(our_formula(row["mods"])))
    cluster = row["cluster"]
    if row["source"] == "rma" and cluster == "study":
        cluster = "cluster"
    return robust(fit, cluster, kind=row["kind"], df="Satterthwaite"), robust(
        fit, cluster, kind=row["kind"], df="m - p"
    )


@pytest.mark.parametrize(
    "row", PINNED["robust"],
    ids=lambda row: f"{row['source']}-{row.get('model', row.get('set'))}-"
    f"{row.get('mods', '')}-{row.get('method', '')}-{row['kind']}",
)  # fmt: skip
def test_robust(row):
    satterthwaite, simple = robust_counterpart(row)
    se = np.array(row["se"])
    scale = np.outer(se, se).ravel()
    # residuals inherit what the polishing of the variances left
    assert_close("covariance", row["covariance"], satterthwaite.covariance, 10 * MODEL, scale)
    assert_close("df", row["df"], satterthwaite.df, 10 * MODEL)
    assert_close("P", row["p"], satterthwaite.p_values, 10 * TAIL, SMALLEST_P)
    if "htz_f" in row:
        p = len(se)
        test = satterthwaite.joint_test(np.eye(p)[1:])
        if row["htz_df"] is not None and row["htz_df"] > 0:
            assert_close("HTZ df", row["htz_df"], test.df2, 10 * MODEL)
            assert_close("HTZ F", row["htz_f"], test.statistic, 100 * MODEL)
            assert_close("HTZ P", row["htz_p"], test.p_value, 10 * TAIL, SMALLEST_P)
        else:
            assert math.isnan(test.statistic)
            assert test.reason
    if "metafor_covariance" in row:
        assert_close("metafor", row["metafor_covariance"], simple.covariance, 10 * MODEL, scale)
        assert_close("metafor P", row["metafor_p"], simple.p_values, 10 * TAIL, SMALLEST_P)
    if "metafor_lower" in row:
        assert_close("metafor lower", row["metafor_lower"], simple.ci_lower, 10 * MODEL, se)
        assert_close("metafor upper", row["metafor_upper"], simple.ci_upper, 10 * MODEL, se)
    if "metafor_f" in row:
        assert_close("metafor F", row["metafor_f"], simple.moderators.statistic, 100 * MODEL)
        assert_close("metafor F P", row["metafor_f_p"], simple.moderators.p_value, 1e-5, SMALLEST_P)
