"""The examples of metafor's manual, call by call, against what R makes of them.

The calls stand in the tables of validation/metafor/MANUAL_EXAMPLES.md: R ran the first cell of
each line, this test runs the second.
"""

import json
import math
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth import synthesis as results
from evisynth.effects import EffectEstimates
from evisynth.errors import EvisynthError

FOLDER = Path(__file__).parents[2] / "validation" / "metafor"
PINNED: dict[str, Any] = json.loads((FOLDER / "manual_examples.json").read_text(encoding="utf-8"))
PAGE = (FOLDER / "MANUAL_EXAMPLES.md").read_text(encoding="utf-8")

EQUAL = 1e-8
"""Relative, for lines that say "yes"."""

TAIL = 100.0
"""How much less exact a P value is than its statistic: a tail magnifies the error."""

P_VALUES = ("p", "QEp", "QMp", "pval", "pvals", "Qp", "LRTp")

SMALLEST_P = 1e-290
"""P values below this are as good as 0 in double precision."""

LEAST = 120
"""The calls that are compared, at the least."""


class Call(NamedTuple):
    """One line of the tables."""

    theirs: str
    ours: str
    tolerance: float | None


def read_calls() -> dict[str, list[Call]]:
    """Return the lines of the tables by heading."""
    pages: dict[str, list[Call]] = {}
    heading = ""
    for line in PAGE.split("\n## What ")[0].splitlines():
        if line.startswith("### "):
            heading = line.removeprefix("### ").replace("`", "")
        if not line.startswith("| `") or not heading:
            continue
        theirs, ours = (cell.replace("\\|", "|") for cell in re.findall(r"`([^`]+)`", line)[:2])
        said = re.split(r"(?<!\\)\|", line)[-2].strip()
        assert re.fullmatch(r"yes|-|to 1e-\d", said), line
        tolerance = {"yes": EQUAL, "-": None}.get(said, None if said == "-" else said[3:])
        call = Call(theirs, ours, None if tolerance is None else float(tolerance))
        pages.setdefault(heading, []).append(call)
    return pages


CALLS = read_calls()


def table(name: str) -> pd.DataFrame:
    file = FOLDER / "data" / "manual" / f"{name}.csv"
    return pd.read_csv(file, dtype={"table": str} if name == "yusuf1985" else None)


def coefficients(fit: Any) -> dict[str, Any]:
    return {
        "b": fit.coefficients, "se": fit.se, "stat": fit.statistics, "p": fit.p_values,
        "lb": fit.ci_lower, "ub": fit.ci_upper,
    }  # fmt: skip


def moderators(fit: Any) -> dict[str, Any]:
    return {"QM": fit.moderators.statistic, "QMp": fit.moderators.p_value}


def pooled(fit: Any) -> dict[str, Any]:
    return {
        "b": fit.estimate, "se": fit.se, "stat": fit.statistic, "p": fit.p_value,
        "lb": fit.ci_lower, "ub": fit.ci_upper, "tau2": fit.tau2, "I2": fit.i2, "H2": fit.h2,
    }  # fmt: skip


def pooled_like(made: Any) -> dict[str, Any]:
    return {
        "b": made.estimate, "se": made.se, "stat": made.estimate / made.se,
        "p": getattr(made, "p_value", None), "lb": made.ci_lower, "ub": made.ci_upper,
    }  # fmt: skip


def numbers(made: Any) -> dict[str, Any]:
    """Return the numbers of a result by the names under which R's are pinned."""
    match made:
        case EffectEstimates():
            return {"yi": made.estimates, "vi": made.variances}
        case results.PooledFit():
            return pooled(made) | {"QE": made.q, "QEp": made.q_p}
        case results.MetaRegression():
            return coefficients(made) | moderators(made) | {
                "QE": made.qe, "QEp": made.qe_p, "tau2": made.tau2, "I2": made.i2, "H2": made.h2,
                "R2": made.r2,
            }  # fmt: skip
        case results.CountFit():
            test = {"QE": made.test("Q").statistic, "QEp": made.test("Q").p_value} if any(
                t.name == "Q" for t in made.tests) else {}  # fmt: skip
            return pooled(made) | test
        case results.MultilevelFit():
            parts = [part.estimate for part in made.components]
            return coefficients(made) | moderators(made) | {
                "parts": parts, "QE": made.qe, "QEp": made.qe_p, "ll": made.log_likelihood,
            }  # fmt: skip
        case results.LocationScale():
            return coefficients(made) | moderators(made) | {
                "alpha": made.scale_coefficients, "ll": made.log_likelihood,
            }  # fmt: skip
        case results.RobustFit():
            return coefficients(made) | moderators(made) | {"df": made.df}
        case results.Contrasts():
            return {
                "b": made.estimates, "se": made.se, "stat": made.statistics, "p": made.p_values,
                "QM": made.joint.statistic, "QMp": made.joint.p_value,
            }  # fmt: skip
        case results.Predictions():
            return {
                "pred": made.estimates, "se": made.se, "ci.lb": made.ci_lower,
                "ci.ub": made.ci_upper, "pi.lb": made.prediction_lower,
                "pi.ub": made.prediction_upper,
            }  # fmt: skip
        case results.SelectionModel():
            return pooled_like(made) | {
                "tau2": made.tau2, "delta": made.delta, "ll": made.log_likelihood,
                "LRT": made.lrt, "LRTp": made.lrt_p,
            }  # fmt: skip
        case results.HenmiCopas():
            return pooled_like(made) | {"tau2": made.tau2}
        case results.ExcessResult():
            return {
                "O": made.observed, "E": made.expected, "ratio": made.ratio, "p": made.p_value,
                "lim": made.limit,
            }  # fmt: skip
        case results.Influence() | results.RegressionInfluence():
            return {
                "rstudent": made.rstudent, "dffits": made.dffits, "cook.d": made.cooks_distance,
                "cov.r": made.cov_ratio, "tau2.del": made.tau2_deleted, "QE.del": made.q_deleted,
                "hat": made.hat, "weight": made.weight, "dfbs": np.transpose(made.dfbetas),
            }  # fmt: skip
        case results.LeaveOneOut():
            return {
                "estimate": made.estimates, "se": made.se, "zval": made.estimates / made.se,
                "pval": made.p_values, "ci.lb": made.ci_lower, "ci.ub": made.ci_upper,
                "Q": made.q, "Qp": made.q_p, "tau2": made.tau2, "I2": made.i2,
            }  # fmt: skip
        case dict():
            return made
        case _:
            return {"value": made}


# ---- what the calls of the page use beside `es`: the columns that metafor prints ---------------


def as_columns(made: EffectEstimates) -> dict[str, Any]:
    return {"yi": made.estimates, "vi": made.variances}


def lrt(made: Any) -> dict[str, Any]:
    return {"LRT": made.test.statistic, "p": made.test.p_value}


def shown(made: Any) -> dict[str, Any]:
    """Return predictions of ratios on their own scale; metafor keeps the SE away too."""
    values = {name: np.exp(value) for name, value in numbers(made).items()}
    return values | {"se": np.full(len(made.estimates), np.nan)}


def limits(made: Any) -> dict[str, Any]:
    found = [m for m in made.measures if m.measure in ("tau²", "tau", "I²", "H²") and m.interval]
    first = {m.measure: m for m in reversed(found) if m.interval}
    return {"random": [(m.estimate, m.lower, m.upper) for m in
                       (first[name] for name in ("tau²", "tau", "I²", "H²"))]}  # fmt: skip


def part_limits(made: Any) -> dict[str, Any]:
    return {"random": [(part.estimate, part.lower, part.upper) for part in made.components]}


def inner(made: Any) -> dict[str, Any]:
    return {"resid": made.raw, "se": made.se, "z": made.standardized}


def outer(made: Any) -> dict[str, Any]:
    return {"resid": made.deleted, "se": made.deleted_se, "z": made.studentized}


def grown(made: Any) -> dict[str, Any]:
    """Return a cumulative analysis from its second study on."""
    part = slice(1, None)
    values = {
        "estimate": made.estimates, "se": made.se, "zval": made.estimates / made.se,
        "pvals": made.p_values, "pval": made.p_values, "ci.lb": made.ci_lower,
        "ci.ub": made.ci_upper, "tau2": made.tau2,
    }  # fmt: skip
    return {name: value[part] for name, value in values.items()}


def sorted_gosh(made: Any) -> dict[str, Any]:
    """Return the subsets as metafor lists them, by size; its I² of one study is 0."""
    members = [tuple(np.flatnonzero(row)) for row in np.asarray(made.included())]
    order = sorted(range(len(members)), key=lambda row: (len(members[row]), members[row][::-1]))
    i2 = np.where(made.k == 1, 0.0, made.i2)
    found = {"k": made.k, "QE": made.q, "I2": i2, "estimate": made.estimate}
    return {name: np.asarray(values)[order] for name, values in found.items()}


def statistic(made: Any) -> list[float]:
    return [made.statistic, made.p_value]


def permuted(made: Any) -> dict[str, Any]:
    return {"p": made.p_values}


def shrunken(made: Any) -> dict[str, Any]:
    return {"pred": made.effects, "se": made.se, "pi.lb": made.lower, "pi.ub": made.upper}


def deviations(made: Any) -> dict[str, Any]:
    return {
        "pred": made.deviations, "se": made.deviation_se, "pi.lb": made.deviation_lower,
        "pi.ub": made.deviation_upper,
    }  # fmt: skip


def criteria(made: Any) -> Any:
    """Return the criteria by the likelihood of the fit (the first)."""
    names = ("log_likelihood", "deviance", "aic", "bic", "aicc")
    return [np.atleast_1d(getattr(made, name))[0] for name in names]


WORDS = (
    as_columns, lrt, shown, limits, part_limits, inner, outer, grown, sorted_gosh, statistic,
    permuted, shrunken, deviations, criteria,
)  # fmt: skip


def compare(mine: Any, pinned: list[Any], tolerance: float, size: Any) -> str:
    """Say how two lists of numbers differ, or nothing."""
    ours = np.asarray(mine, dtype=np.float64).ravel()
    theirs = np.array([math.nan if v is None else v for v in pinned], dtype=np.float64)
    if ours.shape != theirs.shape:
        return f"{ours} for {theirs}"
    if (np.isnan(ours) != np.isnan(theirs)).any():
        return f"NaN in one only: {ours} for {theirs}"
    known = ~np.isnan(theirs)
    floor = np.maximum(np.abs(theirs), size)[known]
    off = np.abs(ours - theirs)[known] / np.maximum(floor, 1e-300)
    if len(off) and not off.max() <= tolerance:
        return f"{off.max():.1e} relative: {ours[known]} for {theirs[known]}"
    return ""


def sizes(values: dict[str, list[Any]], name: str) -> Any:
    """Return the size below which a difference counts absolutely."""
    if name in ("b", "lb", "ub") and "se" in values and len(values["se"]) == len(values["b"]):
        return np.array([0.0 if v is None else v for v in values["se"]])
    if name in P_VALUES:
        return SMALLEST_P
    if name == "yi" and len(values.get("vi", [])) == len(values["yi"]):
        return np.sqrt([0.0 if v is None else v for v in values["vi"]])
    if name in ("tau2", "parts") and "se" in values:
        return float(min(values["se"])) ** 2
    return {
        "stat": 1.0,
        "dfbs": 1.0,
        "dffits": 1.0,
        "rstudent": 1.0,
        "I2": 1.0,
        "R2": 1.0,
        "ll": 1.0,
    }.get(name, 0.0)


def differences(values: dict[str, list[Any]], made: Any, tolerance: float) -> list[str]:
    ours = numbers(made)
    found = []
    for name, pinned in values.items():
        if name not in ours:
            found.append(f"no {name}")
            continue
        allowed = tolerance * (TAIL if name in P_VALUES else 1.0)
        told = compare(ours[name], pinned, allowed, sizes(values, name))
        if told:
            found.append(f"{name}: {told}")
    return found


def test_the_grid_is_whole() -> None:
    assert PINNED["source"]["metafor"] == "3.8.1"
    compared = [(page, call.theirs) for page, calls in CALLS.items() for call in calls
                if call.tolerance is not None]  # fmt: skip
    assert [(row["page"], row["call"]) for row in PINNED["calls"]] == compared
    assert len(compared) >= LEAST
    assert all(row["values"] for row in PINNED["calls"])
    for name, rows in PINNED["sets"].items():
        assert [len(table(name.removeprefix("dat.")))] == rows


@pytest.mark.parametrize("page", CALLS)
def test_the_calls_of_a_page_agree(page: str) -> None:
    names: dict[str, Any] = {"es": es, "np": np, "pd": pd} | {w.__name__: w for w in WORDS}
    for name in set(re.findall(r"\bdat_(\w+)", " ".join(call.ours for call in CALLS[page]))):
        names[f"dat_{name}"] = table(name)
    pinned = iter([row for row in PINNED["calls"] if row["page"] == page])
    wrong = []
    for call in CALLS[page]:
        target = re.match(r"([\w.]+(?:\[[^=]*\])?) = (?!=)(.*)", call.ours)
        values = next(pinned)["values"] if call.tolerance is not None else {}
        try:
            made = eval(target[2] if target else call.ours, names)
        except EvisynthError as error:
            wrong.append(f"{call.ours}\n    {type(error).__name__}: {error}")
            continue
        if target:
            names["_made"] = made
            exec(f"{target[1]} = _made", names)
        if call.tolerance is not None:
            told = differences(values, made, call.tolerance)
            wrong += [f"{call.ours}\n    {line}" for line in told]
    assert not wrong, "\n".join(wrong)
