"""Models of counts with moderators against metafor, through the front door."""

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
PINNED: dict[str, Any] = json.loads((FOLDER / "glmm_moderators.json").read_text(encoding="utf-8"))

ITERATED = 1e-4
"""Relative, for tau², sigma² and likelihood ratio tests: where lme4's optimizer stops when
tightened (UM.RS of bcg; 3e-6 elsewhere)."""

COEFFICIENT = 1e-4
"""To the standard error, for coefficients: the same."""

CURVATURE = 1e-4
"""Relative, for standard errors of mixed models: lme4's are from differences of second order."""

TWO_EFFECTS = 5e-3
"""The same where both studies and effects are random and tau² is near 0."""

NUMERICAL = 6e-3
"""Relative, for standard errors in metafor's exact conditional model: numerical differences."""

LIKELIHOOD = 1e-6
"""Absolute, for log-likelihoods."""

WALD = 1e-5
"""Relative, for Wald tests of saturated models; 1e-2 where the studies are random."""

ROUGH = {
    "bcg-OR-ablat + year-CM.EL-EE-z", "bcg-OR-alloc + ablat-CM.EL-EE-z",
    "nielweise2007-OR-part-CM.EL-EE-z", "egger2001-OR-part-CM.EL-EE-z",
    "egger2001-OR-dose + part-CM.EL-EE-z",
}  # fmt: skip
"""Where metafor's numerical differences give standard errors that are off by up to 40%, which the
test below shows from the hypergeometric distribution itself."""

EXACT = 1e-6
"""Relative, against the hypergeometric information, by scipy's sums."""

MODELS = ("UM.FS", "UM.RS", "CM.AL", "CM.EL")
KEYS = ("set", "measure", "formula", "model", "method", "test")


def table(name: str) -> pd.DataFrame:
    """Return a set with the made-up columns that the script adds."""
    data = pd.read_csv(FOLDER / "data" / f"{name}.csv")
    number = np.arange(1, len(data) + 1)
    return data.assign(part=np.array(["a", "b", "c"])[number % 3], dose=(7 * number) % 5)


def name_of(row: dict[str, Any]) -> str:
    return "-".join(str(row[name]) for name in KEYS)


def close(ours: Any, theirs: Any, relative: float, floor: Any, where: str) -> None:
    a = np.atleast_1d(np.asarray(ours, dtype=np.float64)).ravel()
    b = np.atleast_1d(np.asarray(theirs, dtype=np.float64)).ravel()
    assert a.shape == b.shape, where
    off = np.abs(a - b) / np.maximum(np.abs(b), floor)
    assert (off <= relative).all(), f"{where}: {a} for {b}, {off.max():.1e} relative"


def expected() -> set[tuple[str, ...]]:
    wanted: set[tuple[str, ...]] = set()
    odds = [("bcg", ("ablat", "ablat + year", "alloc", "alloc + ablat")),
            ("nielweise2007", ("dose", "part")), ("collins1985b_eclampsia", ("dose",)),
            ("egger2001", ("part", "dose + part"))]  # fmt: skip
    for name, formulas in odds:
        for formula in formulas:
            test = "t" if formula in ("alloc", "dose") else "z"
            for model in MODELS:
                for method in ("EE", "ML"):
                    slow = name != "bcg" or "+" in formula
                    if not (model == "CM.EL" and method == "ML" and slow):
                        wanted.add((name, "OR", formula, model, method, test))
    for name in ("counts_hart1999", "counts_nielweise2008"):
        for formula, test in (("dose", "t"), ("part", "z")):
            for model in ("UM.FS", "UM.RS", "CM.EL"):
                wanted |= {(name, "IRR", formula, model, m, test) for m in ("EE", "ML")}
    single = [("counts_debruin2009", "PLO", ("scq", "dose + part")),
              ("counts_pritz1997", "PLO", ("dose", "part - 1")),
              ("counts_hart1999_rates", "IRLN", ("dose", "part")),
              ("counts_nielweise2008_rates", "IRLN", ("dose", "part"))]  # fmt: skip
    for name, measure, formulas in single:
        for formula in formulas:
            test = "t" if formula == "dose" else "z"
            wanted |= {(name, measure, formula, "UM.FS", m, test) for m in ("EE", "ML")}
    return wanted


def test_the_grid_is_whole() -> None:
    source = PINNED["source"]
    assert (source["metafor"], source["lme4"]) == ("3.8.1", "1.1.31")
    assert PINNED["failed"] == []
    found = Counter(tuple(row[key] for key in KEYS) for row in PINNED["glmm"])
    assert set(found) == expected()
    assert max(found.values()) == 1


@pytest.mark.parametrize("row", PINNED["glmm"], ids=name_of)
def test_models_of_counts_with_moderators_agree(row: dict[str, Any]) -> None:
    two_arms = row["measure"] in ("OR", "IRR")
    fit = es.glmm(
        table(row["set"]),
        row["measure"],
        moderators=row["formula"],
        likelihood=row["model"] if two_arms else "",
        model="equal" if row["method"] == "EE" else "random",
        ci=row["test"],
    )
    where = name_of(row)
    exact = row["measure"] == "OR" and row["model"] == "CM.EL"
    both = row["model"] == "UM.RS" and row["method"] == "ML"
    assert (fit.k, fit.parameters, fit.reason) == (row["k"], row["parameters"], "")
    se = np.array(row["se"])
    assert (np.abs(fit.coefficients - row["coefficients"]) <= COEFFICIENT * fit.se).all(), where
    if where not in ROUGH:
        rough = NUMERICAL if exact else TWO_EFFECTS if both else CURVATURE
        close(fit.se, se, rough, 0.0, f"{where} se")
        for name in ("ci_lower", "ci_upper"):
            assert (np.abs(getattr(fit, name) - row[name]) <= 4 * rough * se).all(), where
        close(fit.moderators.statistic, row["qm"], 3 * rough, 1.0, f"{where} qm")
    if row["method"] == "ML":
        variances = fit.effects.variances[fit.rows]
        close(fit.tau2, row["tau2"], ITERATED, 0.1 * float(np.median(variances)), f"{where} tau2")
        close(fit.i2, row["i2"], 3 * ITERATED, 1.0, f"{where} i2")
        close(fit.h2, row["h2"], ITERATED, 1.0, f"{where} h2")
    if row["sigma2"] is not None:
        close(fit.sigma2, row["sigma2"], ITERATED, 0.0, f"{where} sigma2")
    lrt, wald = fit.test("LRT"), fit.test("Wald")
    assert lrt.df == row["df"]
    close(lrt.statistic, row["lrt"], ITERATED, 1.0, f"{where} lrt")
    close(lrt.p_value, row["lrt_p"], 3 * ITERATED, 1e-290, f"{where} lrt_p")
    studies = row["model"] == "UM.RS"
    # metafor's is from differences that fail where cells are empty or large (exact model); in the
    # saturated model of bcg with random studies its two fits of it differ
    if not exact and not (studies and row["set"] == "bcg"):
        close(wald.statistic, row["wald"], 1e-2 if studies else WALD, 1.0, f"{where} wald")
    full = both or (row["method"] == "EE" and row["model"] != "UM.RS")
    if full or exact:  # else not the marginal likelihood, see COUNTS.md
        assert abs(fit.log_likelihood - row["log_likelihood"]) < LIKELIHOOD, where
    assert not math.isnan(fit.aic)


@pytest.mark.parametrize(
    "row",
    [r for r in PINNED["glmm"] if r["model"] == "CM.EL" and r["measure"] == "OR"
     and r["method"] == "EE"],
    ids=name_of,
)  # fmt: skip
def test_the_exact_model_has_the_hypergeometric_information(row: dict[str, Any]) -> None:
    from scipy.special import gammaln

    data = table(row["set"])
    fit = es.glmm(data, "OR", moderators=row["formula"], likelihood="CM.EL", model="equal")
    x, p = fit.design.matrix, len(fit.terms)
    score, information = np.zeros(p), np.zeros((p, p))
    if "tpos" in data.columns:
        data = data.assign(ai=data["tpos"], n1i=data["tpos"] + data["tneg"], ci=data["cpos"],
                           n2i=data["cpos"] + data["cneg"])  # fmt: skip
    for place in np.flatnonzero(fit.rows):
        a, n1, c, n2 = (int(data[name].iloc[place]) for name in ("ai", "n1i", "ci", "n2i"))
        values = np.arange(max(0, a + c - n2), min(n1, a + c) + 1)
        others = a + c - values
        logs = values * float(x[place] @ fit.coefficients)
        for count in (values, n1 - values, others, n2 - others):
            logs = logs - gammaln(count + 1)
        share = np.exp(logs - logs.max())
        share /= share.sum()
        mean = float(share @ values)
        score = score + (a - mean) * x[place]
        information = information + float(share @ (values - mean) ** 2) * np.outer(
            x[place], x[place]
        )
    covariance = np.linalg.inv(information)
    assert np.abs(score * fit.se).max() < EXACT
    close(fit.covariance, covariance, EXACT, np.outer(fit.se, fit.se).ravel(), name_of(row))
