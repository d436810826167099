"""Pooled results by the rules of Review Manager 5, through the models of `evisynth.synthesis`.

The rules (Deeks and Higgins, Statistical algorithms in Review Manager 5, 2010, and what its files
show): 0.5 is added to the four cells of a table with a zero cell, inside the Mantel-Haenszel sums
too; tables without events, or without non-events, in both arms tell nothing of OR and RR; Q is
taken around the Mantel-Haenszel estimate with inverse-variance weights, and tau² is DerSimonian and
Laird's from that Q; every subgroup has its own tau²; subgroups are compared by the inverse-variance
heterogeneity of their estimates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from evisynth.effects import EffectEstimates, effects
from evisynth.errors import DataError, EvisynthError
from evisynth.exchange.revman.values import DATA_NAMES, Outcome, StudyRow
from evisynth.stats import chi2_tail
from evisynth.synthesis import CountFit, PooledFit, mantel_haenszel, peto, pool

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Pooled", "SubgroupTest", "compare_subgroups", "estimates_of", "pool_rows"]

Floats = NDArray[np.float64]
RiskDifferenceRule = Literal["any zero", "both arms"]

NAN = float("nan")

MEASURES = {"OR": "OR", "RR": "RR", "RD": "RD", "PETO_OR": "OR"}
"""Measures of events by their names in the file."""


@dataclass(frozen=True, slots=True)
class Pooled:
    """A pooled effect with all that Review Manager stores beside it.

    Attributes
    ----------
    k : int
        Number of rows pooled.
    effect, ci_lower, ci_upper : float
        On the shown scale.
    estimate, se : float
        On the pooled scale (log for ratios).
    chi2, df, p_chi2, i2, tau2 : float
        Heterogeneity; ``tau2`` is NaN in fixed-effect analyses.
    z, p_z : float
        Test of no effect; z without its sign, as the program stores it.
    weights : tuple of float
        Weights of the rows in percent, 0 for those not used, in the order of the rows.
    estimates, standard_errors : tuple of float
        Each row's own estimate and standard error, pooled scale; NaN where there is none.
    reasons : tuple of str
        Why a row is not used, or ``""``.
    effects : EffectEstimates or None
        The estimates of the rows used, for other models.
    reason : str
        Why there is no pooled effect, or ``""``.
    """

    k: int = 0
    effect: float = NAN
    ci_lower: float = NAN
    ci_upper: float = NAN
    estimate: float = NAN
    se: float = NAN
    chi2: float = NAN
    df: float = NAN
    p_chi2: float = NAN
    i2: float = NAN
    tau2: float = NAN
    z: float = NAN
    p_z: float = NAN
    weights: tuple[float, ...] = ()
    estimates: tuple[float, ...] = ()
    standard_errors: tuple[float, ...] = ()
    reasons: tuple[str, ...] = ()
    effects: EffectEstimates | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SubgroupTest:
    """The test between subgroups: Q, degrees of freedom, P value and I²; NaN without two groups."""

    q: float = NAN
    df: float = NAN
    p_q: float = NAN
    i2_q: float = NAN


def _unusable(row: StudyRow, outcome: Outcome) -> str:
    """Return why a row has no estimate, ``""`` where it has one."""
    if _absurd(row):
        return "a number is too large or too small to be one"
    if outcome.kind == "dichotomous":
        return _unusable_table(row, outcome)
    if outcome.kind == "continuous":
        numbers = (row.mean1, row.sd1, row.total1, row.mean2, row.sd2, row.total2)
        if not all(math.isfinite(value) for value in numbers):
            return "a mean, SD or number of people is missing"
        if row.sd1 < 0 or row.sd2 < 0:
            return "an SD is negative"
        if row.total1 <= 0 or row.total2 <= 0:
            return "an arm has no people"
        if row.sd1 == 0 and row.sd2 == 0:
            return "both SDs are 0"
        if outcome.measure == "SMD" and row.total1 + row.total2 <= 3:
            return "there are too few people to standardize"
        return ""
    if outcome.kind == "generic":
        if not (math.isfinite(row.estimate) and math.isfinite(row.se)):
            return "the estimate or its standard error is missing"
        return "" if row.se > 0 else "the standard error is not above 0"
    if not (math.isfinite(row.o_e) and math.isfinite(row.variance)):
        return "O - E or its variance is missing"
    return "" if row.variance > 0 else "the variance of O - E is not above 0"


def _unusable_table(row: StudyRow, outcome: Outcome) -> str:
    numbers = (row.events1, row.total1, row.events2, row.total2)
    if not all(math.isfinite(value) for value in numbers):
        return "events or numbers of people are missing"
    if min(numbers) < 0:
        return "a count is negative"
    if row.events1 > row.total1 or row.events2 > row.total2:
        return "there are more events than people"
    if row.total1 == 0 or row.total2 == 0:
        return "an arm has no people"
    if outcome.measure != "RD" or outcome.method == "PETO":
        if row.events1 == 0 and row.events2 == 0:
            return "no events in both arms"
        if row.events1 == row.total1 and row.events2 == row.total2:
            return "everybody has the event in both arms"
    return ""


LARGEST, SMALLEST = 1e50, 1e-50
"""Numbers beyond these are slips of the file; products of several would overflow."""


def _absurd(row: StudyRow) -> bool:
    values = (getattr(row, name) for name in DATA_NAMES)
    return any(
        math.isfinite(value) and value != 0 and not SMALLEST < abs(value) < LARGEST
        for value in values
    )


def _wrong(row: StudyRow, outcome: Outcome) -> bool:
    """Whether the row's numbers are impossible, so that no program could have pooled them."""
    if _absurd(row):
        return True
    if outcome.kind == "dichotomous":
        numbers = (row.events1, row.total1, row.events2, row.total2)
        return (
            not all(math.isfinite(value) for value in numbers)
            or min(numbers) < 0
            or row.events1 > row.total1
            or row.events2 > row.total2
        )
    return False


def _names(rows: Sequence[StudyRow]) -> list[str]:
    return [f"{row.study or row.study_id} #{place}" for place, row in enumerate(rows)]


def _cells(rows: Sequence[StudyRow], swap: bool) -> dict[str, Any]:
    first = np.array([row.events1 for row in rows])
    second = np.array([row.events2 for row in rows])
    n1 = np.array([row.total1 for row in rows])
    n2 = np.array([row.total2 for row in rows])
    return {
        "study": _names(rows),
        "events1": n1 - first if swap else first,
        "n1": n1,
        "events2": n2 - second if swap else second,
        "n2": n2,
    }


def _risk_differences(
    rows: Sequence[StudyRow], swap: bool, rule: RiskDifferenceRule
) -> EffectEstimates:
    """Risk differences from the raw cells; where cells are zero 0.5 is in the variance alone."""
    cells = _cells(rows, swap)
    a, c = cells["events1"], cells["events2"]
    b, d = cells["n1"] - a, cells["n2"] - c
    if rule == "any zero":
        zero = (a == 0) | (b == 0) | (c == 0) | (d == 0)
    else:
        zero = ((a == 0) | (b == 0)) & ((c == 0) | (d == 0))
    add = np.where(zero, 0.5, 0.0)
    a, b, c, d = a + add, b + add, c + add, d + add
    variance = a * b / (a + b) ** 3 + c * d / (c + d) ** 3
    y = cells["events1"] / cells["n1"] - cells["events2"] / cells["n2"]
    made = effects(
        {"study": cells["study"], "estimate": y, "variance": variance}, "GEN",
        label="Risk difference", short="RD",
    )  # fmt: skip
    return replace(made, measure="RD")


def estimates_of(
    outcome: Outcome, rows: Sequence[StudyRow], rule: RiskDifferenceRule = "any zero"
) -> EffectEstimates:
    """Return the rows' own estimates by inverse variance, with Review Manager's corrections.

    Parameters
    ----------
    outcome
        How they are analysed.
    rows
        Rows that have an estimate.
    rule
        Where 0.5 enters the variance of a risk difference.
    """
    if outcome.kind == "dichotomous":
        if outcome.measure == "RD":
            return _risk_differences(rows, outcome.swap_events, rule)
        cells: Mapping[str, Any] = _cells(rows, outcome.swap_events)
        if outcome.method == "PETO":
            return peto(cells).effects
        return effects(cells, MEASURES.get(outcome.measure, outcome.measure), continuity=0.5)
    if outcome.kind == "continuous":
        table = {
            "study": _names(rows),
            **{
                name: [getattr(row, field) for row in rows]
                for name, field in (
                    ("n1", "total1"), ("mean1", "mean1"), ("sd1", "sd1"),
                    ("n2", "total2"), ("mean2", "mean2"), ("sd2", "sd2"),
                )
            },
        }  # fmt: skip
        if outcome.measure == "SMD":
            return effects(table, "SMD", variance_formula="RevMan")
        y = np.array(table["mean1"]) - np.array(table["mean2"])
        v = np.array(table["sd1"]) ** 2 / np.array(table["n1"])
        v = v + np.array(table["sd2"]) ** 2 / np.array(table["n2"])
        found = effects(
            {"study": table["study"], "estimate": y, "variance": v}, "GEN",
            label="Mean difference", short="MD",
        )  # fmt: skip
        return replace(found, measure="MD")
    if outcome.kind == "generic":
        y = np.array([row.estimate for row in rows])
        v = np.array([row.se for row in rows]) ** 2
    else:
        v = 1 / np.array([row.variance for row in rows])
        y = np.array([row.o_e for row in rows]) * v
    return effects(
        {"study": _names(rows), "estimate": y, "variance": v}, "GEN",
        scale="log" if outcome.is_ratio else "identity",
        label=outcome.measure or "Estimate", short="Estimate",
    )  # fmt: skip


def pool_rows(
    outcome: Outcome, rows: Sequence[StudyRow], rule: RiskDifferenceRule = "any zero"
) -> Pooled:
    """Pool rows of an outcome as Review Manager does.

    Parameters
    ----------
    outcome
        Kind of data, measure, method, model and level of the limits.
    rows
        The rows: those of a subgroup, or all of the outcome.
    rule
        Where 0.5 enters the variance of a risk difference: where any cell is zero, or where both
        arms have one.

    Returns
    -------
    Pooled
        Without an effect, and with the reason, where there is none.
    """
    if outcome.kind == "other":
        return Pooled(reason="the data are words, not numbers")
    reasons = tuple(_unusable(row, outcome) for row in rows)
    wrong = [row.study for row in rows if _wrong(row, outcome)]
    used = [row for row, reason in zip(rows, reasons, strict=True) if not reason]
    nothing = Pooled(
        reasons=reasons,
        weights=(0.0,) * len(rows),
        estimates=(NAN,) * len(rows),
        standard_errors=(NAN,) * len(rows),
    )
    if wrong:
        why = next(
            reason for row, reason in zip(rows, reasons, strict=True) if _wrong(row, outcome)
        )
        return replace(nothing, reason=f"{why} ({', '.join(dict.fromkeys(wrong))})")
    if not used:
        text = "no study" if not rows else next((reason for reason in reasons if reason), "")
        return replace(nothing, reason=f"no row can be pooled: {text}")
    try:
        fit = _fit(outcome, used, rule)
    except EvisynthError as error:
        return replace(nothing, reason=" ".join(str(error).split()))
    return _spread(_result(outcome, fit), reasons)


def _fit(
    outcome: Outcome, rows: Sequence[StudyRow], rule: RiskDifferenceRule
) -> CountFit | PooledFit:
    level = outcome.ci_total / 100
    if outcome.kind == "dichotomous" and outcome.method == "PETO":
        return peto(_cells(rows, outcome.swap_events), level=level)
    if outcome.kind == "dichotomous" and outcome.method == "MH":
        measure = MEASURES.get(outcome.measure)
        if measure is None:
            raise DataError(f"the effect measure {outcome.measure!r} is not known for events")
        if measure == "RD" and rule == "both arms":
            return _risk_difference_both(outcome, rows, level)
        return mantel_haenszel(
            _cells(rows, False),
            measure,
            model="random" if outcome.random else "equal",
            rules="revman",
            level=level,
            swap_events=outcome.swap_events,
        )
    if outcome.kind == "continuous" and outcome.measure not in ("MD", "SMD"):
        raise DataError(f"the effect measure {outcome.measure!r} is not known for means")
    made = estimates_of(outcome, rows, rule)
    model = "random" if outcome.random else "equal"
    return pool(made, model=model, tau2="DL", ci="z", level=level, prediction="none")


def _risk_difference_both(outcome: Outcome, rows: Sequence[StudyRow], level: float) -> CountFit:
    """Mantel-Haenszel risk differences, 0.5 in the variance only where both arms have a zero."""
    ours = mantel_haenszel(
        _cells(rows, False), "RD", model="equal", rules="revman", level=level,
        swap_events=outcome.swap_events,
    )  # fmt: skip
    own = _risk_differences(rows, outcome.swap_events, "both arms")
    w = ours.weights / 100
    spread = float(np.sqrt((w * w) @ own.variances))
    estimate = float(w @ own.estimates)
    q = float(((own.estimates - estimate) ** 2 / own.variances).sum())
    k = len(rows)
    tau2, weights = NAN, ours.weights
    if outcome.random:
        v = 1 / own.variances
        scale = float(v.sum() - (v * v).sum() / v.sum()) if k > 1 else 1.0
        tau2 = max(0.0, (q - (k - 1)) / scale)
        v = 1 / (own.variances + tau2)
        estimate, spread = float(v @ own.estimates / v.sum()), float(1 / np.sqrt(v.sum()))
        weights = 100 * v / v.sum()
    half = (ours.ci_upper - ours.ci_lower) / 2 / ours.se * spread
    test = replace(ours.tests[0], statistic=q, p_value=float(chi2_tail(q, k - 1)) if k > 1 else 1.0)
    return replace(
        ours, effects=own, estimate=estimate, se=spread, ci_lower=estimate - half,
        ci_upper=estimate + half, statistic=estimate / spread, tau2=tau2, weights=weights,
        p_value=float(chi2_tail((estimate / spread) ** 2, 1)), tests=(test, *ours.tests[1:]),
        i2=max(0.0, 100 * (q - k + 1) / q) if k > 1 and q > 0 else 0.0,
    )  # fmt: skip


def _result(outcome: Outcome, fit: CountFit | PooledFit) -> Pooled:
    """Bring a fit of the rows used to the numbers that the file has."""
    if isinstance(fit, CountFit):
        q, df, p = fit.tests[0].statistic, fit.tests[0].df, fit.tests[0].p_value
        reason = fit.reason
    else:
        q, df, p = fit.q, fit.q_df, fit.q_p
        reason = "" if math.isfinite(fit.estimate) else " ".join(fit.notes) or "no estimate"
    scale = np.exp if outcome.is_ratio else float
    k = int(fit.effects.estimable.sum())
    single = k < 2
    return Pooled(
        k=k,
        effect=float(scale(fit.estimate)),
        ci_lower=float(scale(fit.ci_lower)),
        ci_upper=float(scale(fit.ci_upper)),
        estimate=fit.estimate,
        se=fit.se,
        chi2=0.0 if single else q,
        df=float(df),
        p_chi2=NAN if single else p,
        i2=0.0 if single or math.isnan(fit.i2) else fit.i2,
        tau2=(0.0 if single else fit.tau2) if outcome.random else NAN,
        z=abs(fit.statistic),
        p_z=fit.p_value,
        weights=tuple(float(weight) for weight in fit.weights),
        estimates=tuple(float(value) for value in fit.effects.estimates),
        standard_errors=tuple(float(value) for value in fit.effects.standard_errors),
        effects=fit.effects,
        reason=reason,
    )


def _spread(found: Pooled, reasons: tuple[str, ...]) -> Pooled:
    """Put the numbers of the rows used back in their places among all rows."""
    used = [place for place, reason in enumerate(reasons) if not reason]

    def placed(values: tuple[float, ...], empty: float) -> tuple[float, ...]:
        whole = [empty] * len(reasons)
        for place, value in zip(used, values, strict=True):
            whole[place] = value
        return tuple(whole)

    return replace(
        found,
        weights=placed(found.weights, 0.0),
        estimates=placed(found.estimates, NAN),
        standard_errors=placed(found.standard_errors, NAN),
        reasons=reasons,
    )


def compare_subgroups(groups: Sequence[Pooled]) -> SubgroupTest:
    """Compare subgroups by the inverse-variance heterogeneity of their pooled effects.

    Parameters
    ----------
    groups
        Pooled results of the subgroups; those without an effect are left out.

    Examples
    --------
    >>> found = compare_subgroups([Pooled(estimate=0.1, se=0.1), Pooled(estimate=0.5, se=0.2)])
    >>> round(found.q, 2), found.df
    (3.2, 1.0)
    """
    there = [group for group in groups if math.isfinite(group.estimate) and group.se > 0]
    if len(there) < 2:
        return SubgroupTest()
    y = np.array([group.estimate for group in there])
    w = 1 / np.array([group.se for group in there]) ** 2
    middle = float(w @ y / w.sum())
    q = float((w * (y - middle) ** 2).sum())
    df = len(there) - 1
    i2 = max(0.0, 100 * (q - df) / q) if q > 0 else 0.0
    return SubgroupTest(q, float(df), float(chi2_tail(q, df)), i2)
