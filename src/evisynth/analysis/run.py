"""Run the plan: each analysis from its outcome data to every result that it asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from evisynth.analysis.plan import AnalysisPlan
from evisynth.analysis.results import AnalysisResult, WithoutOutliers
from evisynth.analysis.table import analysis_table
from evisynth.effects import EffectEstimates, effects
from evisynth.errors import InputError, NotEstimableError, Problem
from evisynth.extraction import Outcome, OutcomeRow
from evisynth.studies import Study
from evisynth.synthesis import (
    AsymmetryTest,
    Influence,
    LeaveOneOut,
    MetaRegression,
    PooledFit,
    SubgroupAnalysis,
    asymmetry_test,
    cumulative,
    influence,
    leave_one_out,
    meta_regression,
    pool,
    subgroups,
    trim_and_fill,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OUTLIER_RULES", "run_analyses", "run_analysis"]

T = TypeVar("T")

OUTLIER_RULES: Mapping[str, str] = {
    "rstudent": "studentized deleted residual beyond ±1.96",
    "lowest tau2": "the one study without which tau² is lowest",
    "none": "no study is set aside",
}
"""The rules that call a study an outlier, in words."""


class _Attempts:
    """Runs steps that may have no answer, and keeps the reason of each that had none."""

    def __init__(self) -> None:
        self.not_done: dict[str, str] = {}

    def attempt(self, name: str, step: Callable[[], T]) -> T | None:
        """Run a step; a `NotEstimableError` becomes the reason under ``name``."""
        try:
            return step()
        except NotEstimableError as error:
            self.not_done[name] = str(error)
            return None


def _pool(plan: AnalysisPlan, estimates: EffectEstimates) -> PooledFit:
    return pool(
        estimates,
        model=plan.model,
        tau2=plan.tau2,
        ci=plan.ci,
        safeguard=plan.safeguard,
        prediction=plan.prediction,
        level=plan.level,
    )


def _without(fit: PooledFit, labels: Sequence[str], plan: AnalysisPlan) -> PooledFit:
    keep = np.array([label not in labels for label in fit.effects.labels], dtype=bool)
    return _pool(plan, fit.effects.select(keep))


def _without_outliers(
    plan: AnalysisPlan,
    fit: PooledFit,
    deleted: LeaveOneOut | None,
    diagnostics: Influence | None,
) -> WithoutOutliers | None:
    """Apply the plan's rule for outliers and fit again without them."""
    rule = plan.without_outliers
    if rule == "none" or deleted is None or diagnostics is None:
        return None
    if rule == "rstudent":
        out = tuple(np.asarray(diagnostics.labels, dtype=object)[diagnostics.outlier])
    else:
        lowest = int(np.argmin(deleted.tau2))
        lowers = bool(deleted.tau2[lowest] < fit.tau2)
        out = (deleted.left_out[lowest],) if lowers else ()
    if not out:
        return WithoutOutliers(OUTLIER_RULES[rule], (), None)
    if fit.k - len(out) < 2:
        raise NotEstimableError(
            f"without the outliers ({', '.join(out)}) fewer than two studies are left"
        )
    return WithoutOutliers(OUTLIER_RULES[rule], out, _without(fit, out, plan))


def _levels_present(column: pd.Series, levels: Sequence[str]) -> tuple[str, ...]:
    present = {value for value in column if isinstance(value, str) and value}
    ordered = [level for level in levels if level in present]
    return (*ordered, *sorted(present.difference(ordered)))


def run_analysis(
    plan: AnalysisPlan,
    *,
    outcome: Outcome,
    rows: Iterable[OutcomeRow],
    studies: Sequence[Study],
) -> AnalysisResult:
    """Run one analysis of the plan.

    Parameters
    ----------
    plan
        The analysis.
    outcome
        Its outcome.
    rows
        Outcome data of the review.
    studies
        Included studies.

    Returns
    -------
    AnalysisResult
        All results; what could not be computed is named in ``not_done`` with its reason.

    Raises
    ------
    InputError
        When no study is selected, or no selected study has an effect estimate.
    """
    table = analysis_table(plan, rows, studies)
    estimates = effects(
        table,
        measure=plan.measure,
        study="study",
        variance_formula=plan.variance,
        format="format",
        repeated="refuse",
    )
    if not estimates.estimable.any():
        reasons = "; ".join(
            f"{label}: {reason}"
            for label, reason in zip(estimates.labels, estimates.reasons, strict=True)
        )
        raise InputError(
            Problem(
                "review.toml",
                f"analyses, id {plan.id!r}",
                f"no study has an effect estimate ({reasons})",
                hint="Check the measure and the outcome data.",
            )
        )
    fit = _pool(plan, estimates)
    tries = _Attempts()
    formats = tuple(dict.fromkeys(str(name) for name in table["format"]))
    by_format: SubgroupAnalysis | None = None
    if len(formats) > 1:
        by_format = tries.attempt(
            "by format", lambda: subgroups(fit, by="format", levels=formats, tau2="separate")
        )
    by_variable: dict[str, SubgroupAnalysis] = {}
    for group in plan.subgroups:
        levels = _levels_present(table[group.by], group.levels) if group.by in table else ()
        if not levels:
            tries.not_done[f"subgroups by {group.label}"] = "no study of the analysis has a level"
            continue
        found = tries.attempt(
            f"subgroups by {group.label}",
            partial(subgroups, fit, by=group.by, levels=levels, tau2=group.tau2),
        )
        if found is not None:
            by_variable[group.by] = found
    regressions: dict[str, MetaRegression] = {}
    for formula in plan.meta_regression:
        regression = tries.attempt(
            f"meta-regression on {formula}",
            partial(meta_regression, fit, formula),
        )
        if regression is not None:
            regressions[formula] = regression
    tests: dict[str, AsymmetryTest] = {}
    for name in plan.asymmetry_tests:
        test = tries.attempt(
            f"asymmetry test {name}",
            partial(asymmetry_test, fit, name),
        )
        if test is not None:
            tests[name] = test
    deleted = tries.attempt("leave-one-out", lambda: leave_one_out(fit))
    diagnostics = tries.attempt("influence", lambda: influence(fit))
    filled = None
    if plan.trim_and_fill != "none":
        filled = tries.attempt(
            "trim and fill",
            lambda: trim_and_fill(fit, estimator=plan.trim_and_fill, side=plan.trim_and_fill_side),
        )
    return AnalysisResult(
        plan=plan,
        outcome=outcome,
        fit=fit,
        by_format=by_format,
        subgroups=by_variable,
        meta_regressions=regressions,
        leave_one_out=deleted,
        influence=diagnostics,
        without_outliers=tries.attempt(
            "without outliers", lambda: _without_outliers(plan, fit, deleted, diagnostics)
        ),
        trim_and_fill=filled,
        asymmetry=tests,
        cumulative=tries.attempt("cumulative", lambda: cumulative(fit, order=plan.cumulative))
        if plan.cumulative
        else None,
        not_done=tries.not_done,
    )


def run_analyses(
    plans: Iterable[AnalysisPlan],
    *,
    outcomes: Iterable[Outcome],
    rows: Iterable[OutcomeRow],
    studies: Sequence[Study],
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[AnalysisResult, ...]:
    """Run every analysis of the plan.

    Parameters
    ----------
    plans
        Analyses in the plan's order.
    outcomes, rows, studies
        Outcomes of the plan, outcome data, included studies.
    progress
        Called with (title, number done, number of all) before each analysis and once at the end.

    Returns
    -------
    tuple of AnalysisResult
        One for each plan, in its order.

    Raises
    ------
    InputError
        When an analysis cannot be run at all (see `run_analysis`); all such are named together.
    """
    by_id = {outcome.id: outcome for outcome in outcomes}
    todo, data = tuple(plans), tuple(rows)
    results: list[AnalysisResult] = []
    problems: list[Problem] = []
    for done, plan in enumerate(todo):
        if progress is not None:
            progress(plan.title, done, len(todo))
        if plan.outcome not in by_id:
            problems.append(
                Problem(
                    "review.toml",
                    f"analyses, id {plan.id!r}, outcome",
                    f"{plan.outcome!r} is not an outcome of the plan",
                    allowed=tuple(by_id),
                )
            )
            continue
        try:
            results.append(
                run_analysis(plan, outcome=by_id[plan.outcome], rows=data, studies=studies)
            )
        except InputError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    if progress is not None:
        progress("", len(todo), len(todo))
    return tuple(results)
