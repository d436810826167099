"""Mantel-Haenszel, Peto and GLMMs against metafor, through the front door."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evisynth.synthesis.counts import mantel_haenszel
from evisynth.synthesis.counts_glmm import glmm
from evisynth.synthesis.counts_peto import peto
from evisynth.synthesis.counts_results import CountFit

FOLDER = Path(__file__).parents[2] / "validation" / "metafor"
PINNED: dict[str, Any] = json.loads((FOLDER / "counts.json").read_text(encoding="utf-8"))

CLOSED = 1e-9
"""Relative, for what both programs compute in closed form."""

TAIL = 1e-7
"""Relative, for P values, which magnify the error of their statistic."""

ITERATED = 1e-5
"""Relative (to the standard error where an estimate is near 0), for the maxima of likelihoods:
lme4's optimizer, tightened as counts.R says, leaves about 1e-6."""

CURVATURE = 3e-4
"""Relative, for standard errors of mixed models: lme4's are from differences of second order."""

NUMERICAL = 4e-3
"""Relative, for standard errors in metafor's exact conditional model: from numerical differences of
a likelihood that is integrated numerically."""

SEARCHED = 3e-5
"""Relative, for estimates in that model: where nlminb stops."""

WALD = 1e-5
"""Relative, for Wald tests of saturated models, whose standard errors come from glm's last step."""

NO_SE = "egger2001-OR-CM.EL-EE-7"
"""metafor cannot invert its Hessian there."""

LIKELIHOOD = 2e-8
"""Absolute, for log-likelihoods."""

TABLES = (
    "bcg", "nielweise2007", "collins1985a_bleeding", "collins1985a_death",
    "collins1985b_eclampsia", "collins1985b_perinatal", "egger2001", "lee2004", "linde2005",
    "yusuf1985", "lau1992", "viechtbauer2021", "edges", "pair",
)  # fmt: skip
PERSON_TIME = ("hart1999", "nielweise2008", "edges_time")
OWN = ("edges", "pair", *PERSON_TIME, "pritz1997", "debruin2009", "edges_groups")
FAILED = [{"set": "pair", "measure": "OR", "model": "CM.EL", "method": "ML", "nAGQ": 7}]
"""Two studies whose tau² is 0: metafor's search does not end."""


def table(name: str, measure: str) -> pd.DataFrame:
    rates = "_rates" if measure == "IRLN" else ""
    file = f"counts_{name}{rates}.csv" if name in OWN else f"{name}.csv"
    return pd.read_csv(FOLDER / "data" / file)


def close(ours: float, theirs: float | None, relative: float, floor: float, where: str) -> None:
    if theirs is None:
        assert math.isnan(ours), f"{where}: {ours} for nothing"
        return
    off = abs(ours - theirs) / max(abs(theirs), floor)
    assert off <= relative, f"{where}: {ours!r} for {theirs!r}, {off:.1e} relative"


def name_of(row: dict[str, Any]) -> str:
    names = ("set", "measure", "model", "method", "nAGQ", "correct", "level")
    return "-".join(str(row[name]) for name in names if name in row)


def expected_glmm() -> set[tuple[Any, ...]]:
    wanted = set()
    for name in ("bcg", "nielweise2007", "collins1985a_bleeding", "collins1985b_eclampsia",
                 "egger2001", "pair"):  # fmt: skip
        for model in ("UM.FS", "UM.RS", "CM.AL", "CM.EL"):
            for method in ("EE", "ML"):
                several = name == "bcg" and model in ("UM.FS", "CM.AL") and method == "ML"
                for points in (7, 1, 15) if several else (7,):
                    if not (name == "pair" and model == "UM.RS"):
                        wanted.add((name, "OR", model, method, points))
    for name in ("hart1999", "nielweise2008"):
        for model in ("UM.FS", "UM.RS", "CM.EL"):
            wanted |= {(name, "IRR", model, method, 7) for method in ("EE", "ML")}
    groups = [(n, "PLO") for n in ("pritz1997", "debruin2009", "edges_groups")]
    groups += [(n, "IRLN") for n in ("hart1999", "nielweise2008")]
    for name, measure in groups:
        wanted.add((name, measure, "UM.FS", "EE", 7))
        wanted |= {(name, measure, "UM.FS", "ML", points) for points in (7, 1, 25)}
    keys = ("set", "measure", "model", "method", "nAGQ")
    return wanted - {tuple(row[key] for key in keys) for row in FAILED}


def test_the_grid_is_whole() -> None:
    source = PINNED["source"]
    assert (source["metafor"], source["lme4"]) == ("3.8.1", "1.1.31")
    assert PINNED["failed"] == FAILED
    keys = ("set", "measure", "model", "method", "nAGQ")
    found = Counter(tuple(row[key] for key in keys) for row in PINNED["glmm"])
    assert set(found) == expected_glmm()
    assert max(found.values()) == 1
    mh = {(name, m, correct, level)
          for name in TABLES for m in ("OR", "RR", "RD") for level in (95, 90)
          for correct in ((True, False) if m == "OR" else (True,))}  # fmt: skip
    mh |= {(name, m, correct, level)
           for name in PERSON_TIME for m in ("IRR", "IRD") for level in (95, 90)
           for correct in ((True, False) if m == "IRR" else (True,))}  # fmt: skip
    names = ("set", "measure", "correct", "level")
    assert {tuple(row[key] for key in names) for row in PINNED["mantel_haenszel"]} == mh
    assert len(PINNED["mantel_haenszel"]) == len(mh)
    pairs = {(row["set"], row["level"]) for row in PINNED["peto"]}
    assert pairs == {(name, level) for name in TABLES for level in (95, 90)}
    numbers = sum(isinstance(v, (int, float)) and not isinstance(v, bool)
                  for s in ("mantel_haenszel", "peto", "glmm") for row in PINNED[s]
                  for v in row.values())  # fmt: skip
    assert numbers > 3_400


def shared(fit: CountFit) -> dict[str, float]:
    return {
        "estimate": fit.estimate, "se": fit.se, "statistic": fit.statistic,
        "p_value": fit.p_value, "ci_lower": fit.ci_lower, "ci_upper": fit.ci_upper,
        "i2": fit.i2, "h2": fit.h2,
    }  # fmt: skip


def compare_closed(fit: CountFit, row: dict[str, Any], tests: dict[str, str]) -> None:
    ours = shared(fit)
    for name, test in tests.items():
        found = fit.test(test)
        ours[name], ours[f"{name}_p"] = found.statistic, found.p_value
    for name, value in ours.items():
        floor = {"i2": 1.0, "statistic": 1.0}.get(name, row["se"] or 1.0)
        tail = name.endswith("_p") or name == "p_value"
        where = f"{name_of(row)} {name}"
        close(value, row[name], TAIL if tail else CLOSED, 1e-290 if tail else floor, where)


@pytest.mark.parametrize("row", PINNED["mantel_haenszel"], ids=name_of)
def test_mantel_haenszel_agrees(row: dict[str, Any]) -> None:
    measure = row["measure"]
    fit = mantel_haenszel(
        table(row["set"], measure), measure, correct=row["correct"], level=row["level"] / 100
    )
    tests = {"q": "Q"}
    if measure in ("OR", "IRR"):
        tests["cmh"] = "CMH"
    if measure == "OR":
        tests |= {"breslow_day": "Breslow-Day", "tarone": "Tarone"}
    compare_closed(fit, row, tests)


@pytest.mark.parametrize("row", PINNED["peto"], ids=name_of)
def test_peto_agrees(row: dict[str, Any]) -> None:
    compare_closed(peto(table(row["set"], "OR"), level=row["level"] / 100), row, {"q": "Q"})


def full_likelihood(row: dict[str, Any]) -> bool:
    """Whether metafor gives the log-likelihood of the model itself.

    For random effects it gives (but for two of them, and the exact conditional model of odds
    ratios) that of the counts at the modes of the random effects; for one quadrature with
    several points, lme4 leaves constants out.
    """
    if row["model"] == "UM.RS":
        return bool(row["method"] == "ML")
    if row["method"] == "EE":
        return True
    return bool(row["measure"] == "OR" and row["model"] == "CM.EL")


@pytest.mark.parametrize("row", PINNED["glmm"], ids=name_of)
def test_glmm_agrees(row: dict[str, Any]) -> None:
    two_arms = row["measure"] in ("OR", "IRR")
    fit = glmm(
        table(row["set"], row["measure"]),
        row["measure"],
        likelihood=row["model"] if two_arms else "",
        model="equal" if row["method"] == "EE" else "random",
        points=row["nAGQ"] if row["nAGQ"] != 7 else None,
    )
    where = name_of(row)
    exact = row["measure"] == "OR" and row["model"] == "CM.EL"
    rough = NUMERICAL if exact else CURVATURE
    assert (fit.k, fit.parameters, fit.reason) == (row["k"], row["parameters"], "")
    size = fit.se
    near = SEARCHED if exact else ITERATED
    close(fit.estimate, row["estimate"], near, size, f"{where} estimate")
    assert (row["se"] is None) == (where == NO_SE)
    if where != NO_SE:
        close(fit.se, row["se"], rough, size, f"{where} se")
        for name in ("ci_lower", "ci_upper"):
            close(getattr(fit, name), row[name], rough, size, f"{where} {name}")
    if row["method"] == "ML":
        variances = fit.effects.variances[fit.effects.estimable]
        typical = 0.1 * float(np.median(variances))
        close(fit.tau2, row["tau2"], ITERATED, typical, f"{where} tau2")
        close(fit.i2, row["i2"], ITERATED, 1.0, f"{where} i2")
        close(fit.h2, row["h2"], ITERATED, 1.0, f"{where} h2")
    if row["sigma2"] is not None:
        close(fit.sigma2, row["sigma2"], ITERATED, 0.0, f"{where} sigma2")
    close(fit.test("LRT").statistic, row["lrt"], ITERATED, 1.0, f"{where} lrt")
    close(fit.test("LRT").p_value, row["lrt_p"], 1e-4, 1e-290, f"{where} lrt_p")
    if not exact:  # metafor's is from differences that fail where cells are empty or large
        rough = 5e-3 if row["model"] == "UM.RS" else WALD
        close(fit.test("Wald").statistic, row["wald"], rough, 1.0, f"{where} wald")
    if full_likelihood(row):
        assert abs(fit.log_likelihood - row["log_likelihood"]) < LIKELIHOOD, where


def test_wald_in_the_exact_model_has_the_information_of_each_study() -> None:
    """Where metafor's differences fail, the hypergeometric distribution itself is asked."""
    from scipy import optimize, stats

    data = table("bcg", "OR")
    theta, weight = [], []
    for row in data.itertuples():
        a, b, c, d = (int(getattr(row, name)) for name in ("tpos", "tneg", "cpos", "cneg"))

        def at(t: float, cells: tuple[int, ...] = (a, b, c, d)) -> Any:
            a, b, c, d = cells
            return stats.nchypergeom_fisher(a + b + c + d, a + b, a + c, np.exp(t))

        best = optimize.brentq(lambda t, f=at, n=a: f(t).mean() - n, -6, 6, xtol=1e-12)
        theta.append(best)
        weight.append(float(at(best).var()))
    w, y = np.array(weight), np.array(theta)
    wald = float(w @ (y - w @ y / w.sum()) ** 2)
    fit = glmm(data, "OR", likelihood="CM.EL", model="equal")
    assert fit.test("Wald").statistic == pytest.approx(wald, rel=1e-6)
    (row,) = (r for r in PINNED["glmm"]
              if (r["set"], r["model"], r["method"]) == ("bcg", "CM.EL", "EE"))  # fmt: skip
    assert row["wald"] > 1.3 * wald  # what metafor prints
