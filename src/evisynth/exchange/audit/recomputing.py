"""The stored results of a RevMan file against what its data give."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from evisynth.exchange.audit.current import under_current_methods
from evisynth.exchange.audit.values import (
    FIELDS,
    TOLERANCE,
    AuditedResult,
    AuditedRow,
    Verdict,
    WithoutResult,
)
from evisynth.exchange.revman.computing import (
    Pooled,
    SubgroupTest,
    compare_subgroups,
    pool_rows,
)
from evisynth.exchange.revman.values import (
    Comparison,
    Outcome,
    StoredResult,
    StudyRow,
    Subgroup,
)
from evisynth.stats import chi2_tail

__all__ = ["Allowed", "OutcomeAudit", "audit_outcome", "relative_difference"]

NAN = float("nan")

FLOORS = {"p": 1e-10, "q_p": 1e-10, "subgroup_p": 1e-10}
"""Absolute differences that are the rounding of the program's P values."""

FLOOR = 1e-9

COARSE = ("i2", "subgroup_i2")
"""Numbers that a program which rounds writes with one decimal less."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What counts as equal: a relative difference, and the rounding of the stored numbers.

    ``rounding`` is half a unit of the last decimal that the program writes; 0 for one that writes
    every digit.
    """

    tolerance: float = TOLERANCE
    rounding: float = 0.0

    def floor(self, name: str = "", width: float = 1.0) -> float:
        """Return the absolute difference that is no difference, of a number by its name."""
        least = 10 * self.rounding if name in COARSE else self.rounding
        return max(FLOORS.get(name, FLOOR) * width, least)


@dataclass(frozen=True, slots=True)
class OutcomeAudit:
    """What came of one outcome: its results, places without one, and rows that differ."""

    results: tuple[AuditedResult, ...]
    without_result: tuple[WithoutResult, ...]
    rows: tuple[AuditedRow, ...]
    rows_compared: int


def relative_difference(stored: float, computed: float, floor: float = FLOOR) -> float:
    """Return how far a computed number is from a stored one, as a share of the stored one.

    Parameters
    ----------
    stored, computed
        The numbers.
    floor
        Absolute difference that is rounding.

    Examples
    --------
    >>> relative_difference(2.0, 2.002)
    0.0009999999999998899
    >>> relative_difference(0.0, 1e-16), relative_difference(0.0, 1.0)
    (0.0, inf)
    """
    if math.isnan(stored) and math.isnan(computed):
        return 0.0
    if math.isnan(stored) or math.isnan(computed):
        return math.inf
    if stored == computed or abs(stored - computed) <= floor:
        return 0.0
    return abs(stored - computed) / abs(stored) if stored else math.inf


def _stored_numbers(stored: StoredResult, total: bool) -> dict[str, float]:
    found = {
        "estimate": stored.effect, "ci_lower": stored.ci_lower, "ci_upper": stored.ci_upper,
        "z": abs(stored.z), "p": stored.p_z, "q": stored.chi2, "q_df": stored.df,
        "q_p": stored.p_chi2, "i2": stored.i2, "tau2": stored.tau2, "weight": stored.weight,
    }  # fmt: skip
    if total and not (stored.q == 0 and stored.p_q == 0):
        # Q of 0 with a P of 0 is what stands where no test was made
        found |= {
            "subgroup_q": stored.q,
            "subgroup_p": stored.p_q,
            "subgroup_i2": stored.i2_q,
        }
    return found


def _computed_numbers(pooled: Pooled, weight: float, test: SubgroupTest | None) -> dict[str, float]:
    found = {
        "estimate": pooled.effect, "ci_lower": pooled.ci_lower, "ci_upper": pooled.ci_upper,
        "z": pooled.z, "p": pooled.p_z, "q": pooled.chi2, "q_df": pooled.df, "q_p": pooled.p_chi2,
        "i2": pooled.i2, "tau2": pooled.tau2, "weight": weight,
    }  # fmt: skip
    if test is not None:
        found |= {"subgroup_q": test.q, "subgroup_p": test.p_q, "subgroup_i2": test.i2_q}
    return found


def _differences(
    stored: Mapping[str, float], computed: Mapping[str, float], allowed: Allowed
) -> dict[str, float]:
    """Compare what both sides have; what the program stores as noise is left out."""
    found = {}
    single = computed["q_df"] < 1
    width = abs(computed["ci_upper"] - computed["ci_lower"])
    for name in FIELDS:
        if name not in stored or name not in computed or math.isnan(stored[name]):
            continue
        if math.isnan(computed[name]):
            # no test between fewer than two subgroups, no tau² in a fixed-effect analysis
            continue
        if single and name in ("q", "q_p", "i2", "tau2"):
            # with one study the program divides rounding by rounding: I² of 0 or of 100
            continue
        floor = allowed.floor(name)
        if name in ("estimate", "ci_lower", "ci_upper") and math.isfinite(width):
            floor = allowed.floor(name, width)
        found[name] = relative_difference(stored[name], computed[name], floor)
    return found


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to compute an outcome: totals, subgroups, and what must be said of it."""

    total: Pooled
    groups: tuple[Pooled, ...]
    test: SubgroupTest
    note: str = ""


def _rows_of_total(outcome: Outcome) -> tuple[StudyRow, ...]:
    return outcome.all_rows


def _ways(outcome: Outcome) -> Iterator[_Way]:
    """Give the ways in which versions of the program compute an outcome, the usual one first."""
    rows = _rows_of_total(outcome)
    total = pool_rows(outcome, rows)
    groups = tuple(pool_rows(outcome, group.rows) for group in outcome.subgroups)
    usual = _Way(total, groups, compare_subgroups(groups))
    yield usual
    there = [group for group in groups if math.isfinite(group.estimate)]
    if len(there) > 1 and not outcome.random and math.isfinite(total.chi2):
        # before version 5.1: what Q of all has beyond the Qs of the subgroups
        q = max(0.0, total.chi2 - sum(group.chi2 for group in there))
        df = len(there) - 1
        i2 = max(0.0, 100 * (q - df) / q) if q > 0 else 0.0
        older = SubgroupTest(q, float(df), float(chi2_tail(q, df)), i2)
        yield replace(
            usual, test=older,
            note="the test between subgroups is that of versions before 5.1: Q of all rows less "
            "the Qs of the subgroups",
        )  # fmt: skip
    if outcome.kind == "dichotomous" and outcome.measure == "RD":
        groups = tuple(pool_rows(outcome, group.rows, "both arms") for group in outcome.subgroups)
        yield _Way(
            pool_rows(outcome, rows, "both arms"), groups, compare_subgroups(groups),
            "0.5 is in the variance of a risk difference only where both arms have a zero cell",
        )  # fmt: skip
    flagged = [row for row in rows if not row.stored.estimable]
    if any(
        not reason and not row.stored.estimable
        for row, reason in zip(rows, total.reasons, strict=False)
    ):
        kept = replace(
            outcome,
            rows=_estimable(outcome.rows),
            subgroups=tuple(
                replace(group, rows=_estimable(group.rows)) for group in outcome.subgroups
            ),
        )
        groups = tuple(pool_rows(kept, group.rows) for group in kept.subgroups)
        names = ", ".join(dict.fromkeys(row.study for row in flagged))
        yield _Way(
            _padded(pool_rows(kept, kept.all_rows), rows), groups, compare_subgroups(groups),
            f"left out, as the file marks them not estimable: {names}",
        )  # fmt: skip


def _estimable(rows: tuple[StudyRow, ...]) -> tuple[StudyRow, ...]:
    return tuple(row for row in rows if row.stored.estimable)


def _padded(pooled: Pooled, rows: tuple[StudyRow, ...]) -> Pooled:
    """Put a result of the rows marked estimable back among all rows."""
    weights, estimates, errors, reasons = (
        iter(values)
        for values in (pooled.weights, pooled.estimates, pooled.standard_errors, pooled.reasons)
    )
    filled = [
        (next(weights, 0.0), next(estimates, NAN), next(errors, NAN), next(reasons, ""))
        if row.stored.estimable
        else (0.0, NAN, NAN, "marked not estimable")
        for row in rows
    ]
    columns = list(zip(*filled, strict=True)) or [(), (), (), ()]
    return replace(
        pooled, weights=columns[0], estimates=columns[1], standard_errors=columns[2],
        reasons=columns[3],
    )  # fmt: skip


def audit_outcome(
    comparison: Comparison, outcome: Outcome, allowed: Allowed = Allowed()
) -> OutcomeAudit:
    """Compute every stored result of an outcome anew and compare.

    Parameters
    ----------
    comparison, outcome
        The outcome, and the comparison it stands in.
    allowed
        What counts as equal.
    """
    if outcome.kind == "other":
        return OutcomeAudit((), (), (), 0)
    best: tuple[int, OutcomeAudit] | None = None
    for way in _ways(outcome):
        found = _audit_way(comparison, outcome, way, allowed)
        wrong = sum(result.verdict != "equal" for result in found.results) + len(found.rows)
        if best is None or wrong < best[0]:
            best = (wrong, found)
        if wrong == 0:
            break
    assert best is not None  # noqa: S101 - there is at least the usual way
    return _with_current(outcome, best[1])


def _with_current(outcome: Outcome, found: OutcomeAudit) -> OutcomeAudit:
    """Add what current methods give to each result."""
    sets = {outcome.id: outcome.all_rows, **{group.id: group.rows for group in outcome.subgroups}}
    results = []
    for result in found.results:
        if result.level == "test":
            results.append(result)
            continue
        pooled = pool_rows(outcome, sets[result.id])
        shown = math.log if outcome.is_ratio else float
        values = [result.stored[name] for name in ("estimate", "ci_lower", "ci_upper")]
        usable = all(math.isfinite(v) and (v > 0 or not outcome.is_ratio) for v in values)
        estimate, lower, upper = (shown(v) for v in values) if usable else (NAN, NAN, NAN)
        current = under_current_methods(
            pooled.effects, level=outcome.ci_total / 100, model=result.model, estimate=estimate,
            ci_lower=lower, ci_upper=upper,
        )  # fmt: skip
        results.append(replace(result, current=current))
    return replace(found, results=tuple(results))


def _audit_way(
    comparison: Comparison, outcome: Outcome, way: _Way, allowed: Allowed
) -> OutcomeAudit:
    results: list[AuditedResult] = []
    without: list[WithoutResult] = []
    places: list[tuple[Subgroup | None, StoredResult, Pooled]] = []
    if outcome.totals == "YES" or outcome.stored.is_there:
        places.append((None, outcome.stored, way.total))
    if outcome.totals != "NO" or any(group.stored.is_there for group in outcome.subgroups):
        places += [
            (group, group.stored, pooled)
            for group, pooled in zip(outcome.subgroups, way.groups, strict=True)
        ]
    weights = _group_weights(outcome, way)
    for group, stored, pooled in places:
        if not stored.is_there:
            without.append(_without(comparison, outcome, group, stored, pooled))
            continue
        test = way.test if group is None and outcome.subgroup_test else None
        weight = weights.get(outcome.id if group is None else group.id, NAN)
        found = _result(comparison, outcome, group, pooled, weight, test, way.note, allowed)
        if group is None and outcome.totals != "YES" and found.verdict != "equal":
            # what stands for a total that the program does not show is not always one
            if outcome.totals == "SUB":
                results += _only_test(comparison, outcome, way, allowed)
            continue
        results.append(found)
    if outcome.totals == "SUB" and not outcome.stored.is_there:
        results += _only_test(comparison, outcome, way, allowed)
    rows = tuple(_differing_rows(outcome, way, allowed))
    compared = sum(not reason for reason in way.total.reasons)
    return OutcomeAudit(tuple(results), tuple(without), rows, compared)


def _group_weights(outcome: Outcome, way: _Way) -> dict[str, float]:
    """Return the weights of total and subgroups: those of their rows in the total."""
    if outcome.totals != "YES":
        return {}
    start = len(outcome.rows)
    found = {outcome.id: sum(way.total.weights)}
    for group in outcome.subgroups:
        end = start + len(group.rows)
        found[group.id] = sum(way.total.weights[start:end])
        start = end
    return found


def _without(
    comparison: Comparison,
    outcome: Outcome,
    group: Subgroup | None,
    stored: StoredResult,
    pooled: Pooled,
) -> WithoutResult:
    return WithoutResult(
        id=outcome.id if group is None else group.id,
        comparison=comparison.name,
        outcome=outcome.name,
        subgroup=None if group is None else group.name,
        stored="empty" if stored.estimable else "not estimable",
        estimate=pooled.effect,
        ci_lower=pooled.ci_lower,
        ci_upper=pooled.ci_upper,
        reason=pooled.reason,
    )


def _result(
    comparison: Comparison,
    outcome: Outcome,
    group: Subgroup | None,
    pooled: Pooled,
    weight: float,
    test: SubgroupTest | None,
    note: str,
    allowed: Allowed,
) -> AuditedResult:
    level: Literal["total", "subgroup"] = "total" if group is None else "subgroup"
    stored = _stored_numbers((group or outcome).stored, group is None)
    if not outcome.random:
        # what stands for tau² in a fixed-effect analysis is filler
        stored.pop("tau2")
    if test is None or math.isnan(test.q):
        # and so is a test between fewer than two subgroups
        stored = {name: value for name, value in stored.items() if "subgroup" not in name}
        test = None
    computed = _computed_numbers(pooled, weight, test)
    if not outcome.random:
        computed.pop("tau2")
    differences: dict[str, float] = {}
    verdict: Verdict = "equal"
    reason = pooled.reason
    worst = NAN
    if reason or not math.isfinite(pooled.effect):
        verdict = "not computable"
        reason = reason or "the data give no estimate"
    else:
        differences = _differences(stored, computed, allowed)
        worst = max(differences.values(), default=0.0)
        apart = [name for name, value in differences.items() if not value <= allowed.tolerance]
        if apart:
            verdict = "different"
            reason = f"different: {', '.join(FIELDS[name] for name in apart)}"
    return AuditedResult(
        id=outcome.id if group is None else group.id,
        level=level,
        comparison=comparison.name,
        outcome=outcome.name,
        subgroup=None if group is None else group.name,
        kind=outcome.kind,
        measure=outcome.measure,
        method=outcome.method,
        model="random" if outcome.random else "fixed",
        ci_level=outcome.ci_total,
        k=pooled.k,
        stored=stored,
        computed=computed,
        differences=differences,
        relative_difference=worst,
        verdict=verdict,
        reason=reason,
        notes=(note,) if note else (),
        comparison_number=comparison.number,
        outcome_number=outcome.number,
        subgroup_number=None if group is None else group.number,
    )


def _only_test(
    comparison: Comparison, outcome: Outcome, way: _Way, allowed: Allowed
) -> list[AuditedResult]:
    """Return the test between subgroups of an outcome that has no total."""
    stored = _stored_numbers(outcome.stored, True)
    names = ("subgroup_q", "subgroup_p", "subgroup_i2")
    kept = {name: stored[name] for name in names if math.isfinite(stored.get(name, NAN))}
    if not outcome.subgroup_test or not kept or math.isnan(way.test.q):
        return []
    computed = dict(zip(names, (way.test.q, way.test.p_q, way.test.i2_q), strict=True))
    differences = {
        name: relative_difference(value, computed[name], allowed.floor(name))
        for name, value in kept.items()
    }
    apart = [FIELDS[name] for name, value in differences.items() if not value <= allowed.tolerance]
    blank = _result(comparison, outcome, None, way.total, NAN, way.test, way.note, allowed)
    return [
        replace(
            blank, level="test", stored=kept, computed=computed, differences=differences,
            relative_difference=max(differences.values()),
            verdict="different" if apart else "equal",
            reason=f"different: {', '.join(apart)}" if apart else "",
        )
    ]  # fmt: skip


def _differing_rows(outcome: Outcome, way: _Way, allowed: Allowed) -> Iterator[AuditedRow]:
    """Give the study rows whose stored numbers are not what their data give."""
    from evisynth.stats import normal_quantile

    half = normal_quantile(outcome.ci_study / 100)
    shown = math.exp if outcome.is_ratio else float
    rows = _rows_of_total(outcome)
    within = [weight for group in way.groups for weight in group.weights]
    within = [*way.total.weights[: len(outcome.rows)], *within]
    ids = [outcome.id] * len(outcome.rows)
    ids += [group.id for group in outcome.subgroups for _ in group.rows]
    for place, row in enumerate(rows):
        if place >= len(way.total.estimates) or not math.isfinite(way.total.estimates[place]):
            continue
        if not row.stored.estimable:
            continue
        value, se = way.total.estimates[place], way.total.standard_errors[place]
        lower, upper = value - half * se, value + half * se
        pairs = {
            "effect": (row.stored.effect, shown(value)),
            "lower limit": (row.stored.ci_lower, shown(lower)),
            "upper limit": (row.stored.ci_upper, shown(upper)),
        }
        if outcome.kind in ("dichotomous", "continuous"):
            pairs["standard error"] = (row.stored.se, se)
        floor = allowed.floor(width=abs(shown(upper) - shown(lower)))
        weights = [way.total.weights[place]]
        if outcome.totals != "YES" and place < len(within):
            weights.append(within[place])
        for what, (stored, computed) in pairs.items():
            if math.isnan(stored):
                continue
            found = relative_difference(stored, computed, max(floor, 1e-12))
            if found > allowed.tolerance:
                yield AuditedRow(ids[place], row.study, row.line, what, stored, computed, found)
        stored = row.stored.weight
        if math.isfinite(stored) and not (stored == 0 and outcome.totals == "NO"):
            computed = min(weights, key=lambda weight: abs(weight - stored))
            found = relative_difference(stored, computed, allowed.floor())
            if found > allowed.tolerance:
                yield AuditedRow(ids[place], row.study, row.line, "weight", stored, computed, found)
