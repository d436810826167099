"""Everything computed, as plain values for machines: ``out/results.json``.

The shape is described by ``results.schema.json`` beside this module. Numbers keep their full
precision; a number that could not be computed is null, and the object that holds it says why under
``"reasons"`` or ``"reason"``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evisynth.analysis import AnalysisPlan, AnalysisResult
from evisynth.appraisal import Assessment
from evisynth.effects import EffectEstimates, Scale
from evisynth.reporting.certainty_rows import certainty_to_dict
from evisynth.reporting.content.appendices import software_versions
from evisynth.reporting.content.comparison import Compared, compared
from evisynth.reporting.content.context import Context
from evisynth.reporting.content.summary_of_findings import findings
from evisynth.review import FlowCounts, Review
from evisynth.synthesis import (
    AsymmetryTest,
    Cumulative,
    HeterogeneityTest,
    Influence,
    LeaveOneOut,
    MetaRegression,
    PooledFit,
    SubgroupAnalysis,
    TrimAndFill,
)

if TYPE_CHECKING:
    from evisynth.figures import ReviewFigure

__all__ = [
    "SCHEMA_VERSION",
    "analysis_to_dict",
    "results_schema",
    "results_to_dict",
    "write_results",
]

SCHEMA_VERSION = "1.0"
"""Version of the shape of ``results.json``; what breaks readers raises the first number."""

NO_VALUE = "not estimable"


def number(value: float | None) -> float | None:
    """Return a number for JSON: null for NaN and infinity.

    Examples
    --------
    >>> number(0.1), number(float("nan"))
    (0.1, None)
    """
    if value is None or not math.isfinite(value):
        return None
    return float(value)


def _numbers(values: Iterable[float]) -> list[float | None]:
    return [number(float(value)) for value in values]


def _explained(
    values: Mapping[str, float], reasons: Mapping[str, str], otherwise: str
) -> dict[str, Any]:
    """Numbers with the reason of each that is null under ``"reasons"``."""
    found: dict[str, Any] = {name: number(value) for name, value in values.items()}
    found["reasons"] = {
        name: reasons.get(name) or otherwise for name, value in found.items() if value is None
    }
    return found


def _shown(scale: Scale, **values: float) -> dict[str, float | None]:
    """Return values on the scale that is shown: ratios after the exponential."""
    return {
        name: number(scale.shown(value)) if math.isfinite(value) else None
        for name, value in values.items()
    }


def effect_rows(effects: EffectEstimates, fit: PooledFit) -> list[dict[str, Any]]:
    """Return one object a row: estimate, variance, limits, weight, form of data, reason."""
    from scipy.special import ndtri

    half = float(ndtri(0.5 + fit.options.level / 2))
    formats = effects.data["format"] if "format" in effects.data.columns else None
    rows = []
    for place, label in enumerate(effects.labels):
        value = float(effects.estimates[place])
        se = float(effects.standard_errors[place])
        lower, upper = value - half * se, value + half * se
        rows.append(
            {
                "study": label,
                "estimate": number(value),
                "variance": number(float(effects.variances[place])),
                "se": number(se),
                "ci_lower": number(lower),
                "ci_upper": number(upper),
                "shown": _shown(
                    effects.scale_of(place), estimate=value, ci_lower=lower, ci_upper=upper
                ),
                "weight": number(float(fit.weights[place])),
                "format": "" if formats is None else str(formats.iloc[place]),
                "reason": effects.reasons[place],
            }
        )
    return rows


def fit_to_dict(fit: PooledFit) -> dict[str, Any]:
    """Return a pooled effect with heterogeneity, prediction interval and words of the method."""
    scale, options = fit.effects.scale, fit.options
    single = "not defined for a single study" if fit.k == 1 else ""
    none = "no study has an effect estimate" if fit.k == 0 else ""
    tau2_why = fit.tau2_reason or single or none
    reasons = {
        "df": "the test is by the normal distribution" if fit.test == "z" and fit.k else none,
        "prediction_lower": fit.prediction_reason or single,
        "prediction_upper": fit.prediction_reason or single,
        **dict.fromkeys(
            ("tau2", "tau2_lower", "tau2_upper", "tau2_se", "i2", "i2_lower", "i2_upper", "h2"),
            tau2_why,
        ),
    }
    names = (
        "estimate", "se", "ci_lower", "ci_upper", "statistic", "df", "p_value", "tau2",
        "tau2_lower", "tau2_upper", "tau2_se", "q", "q_df", "q_p", "i2", "i2_lower", "i2_upper",
        "h2", "prediction_lower", "prediction_upper",
    )  # fmt: skip
    return {
        "k": fit.k,
        "studies": [
            label
            for label, fine in zip(fit.effects.labels, fit.effects.estimable, strict=True)
            if fine
        ],
        **_explained(
            {name: float(getattr(fit, name)) for name in names}, reasons, single or none or NO_VALUE
        ),
        "test": fit.test,
        "wald": {name: number(value) for name, value in fit.wald._asdict().items()},
        "shown": _shown(
            scale,
            estimate=fit.estimate,
            ci_lower=fit.ci_lower,
            ci_upper=fit.ci_upper,
            prediction_lower=fit.prediction_lower,
            prediction_upper=fit.prediction_upper,
        ),
        "method": {
            "model": options.model,
            "tau2": options.tau2,
            "ci": options.ci,
            "safeguard": options.safeguard,
            "safeguard_applied": fit.safeguard_applied,
            "prediction": options.prediction,
            "level": options.level,
            "effect_measure": fit.effects.method,
        },
        "notes": list(fit.notes),
    }


def _test(test: HeterogeneityTest) -> dict[str, Any]:
    infinite = {"df2": "the statistic follows a chi² distribution"}
    found = _explained(
        {
            "statistic": test.statistic,
            "df1": test.df1,
            "df2": test.df2,
            "p_value": test.p_value,
        },
        infinite if test.distribution == "chi2" else {},
        test.reason or NO_VALUE,
    )
    return {**found, "distribution": test.distribution, "model": test.model, "reason": test.reason}


def subgroups_to_dict(found: SubgroupAnalysis) -> dict[str, Any]:
    """Return a subgroup analysis with both tests between its groups."""
    return {
        "by": found.by,
        "tau2": found.tau2,
        "groups": [{"level": group.level, **fit_to_dict(group.fit)} for group in found.groups],
        "not_coded": list(found.not_coded),
        "test_separate": _test(found.test_separate),
        "test_common": _test(found.test_common),
    }


def _leave_one_out(found: LeaveOneOut) -> list[dict[str, Any]]:
    arrays = {
        "estimate": found.estimates, "se": found.se, "ci_lower": found.ci_lower,
        "ci_upper": found.ci_upper, "p_value": found.p_values, "tau2": found.tau2, "i2": found.i2,
        "q": found.q, "q_p": found.q_p,
    }  # fmt: skip
    return _by_row("left_out", found.left_out, arrays)


def _influence(found: Influence) -> dict[str, Any]:
    arrays = {
        name: getattr(found, name)
        for name in ("rstudent", "dffits", "cooks_distance", "cov_ratio", "tau2_deleted",
                     "q_deleted", "hat", "weight", "dfbetas")
    }  # fmt: skip
    rows = _by_row("study", found.labels, arrays)
    for row, outlier, influential in zip(rows, found.outlier, found.influential, strict=True):
        row |= {"outlier": bool(outlier), "influential": bool(influential)}
    return {"rows": rows, "rules": list(found.rules)}


def _by_row(key: str, labels: Sequence[str], arrays: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One object a label; a null in it is explained beside it."""
    return [
        {
            key: label,
            **_explained(
                {name: float(values[place]) for name, values in arrays.items()}, {}, NO_VALUE
            ),
        }
        for place, label in enumerate(labels)
    ]


def _trim_and_fill(found: TrimAndFill) -> dict[str, Any]:
    needs_r0 = {"p_value": "only the estimator R0 has a test"}
    return {
        "estimator": found.estimator,
        "side": found.side,
        "k0": found.k0,
        **_explained({"k0_se": found.k0_se, "p_value": found.p_value}, needs_r0, NO_VALUE),
        "filled_estimates": _numbers(found.filled_estimates),
        "filled_variances": _numbers(found.filled_variances),
        "filled": fit_to_dict(found.filled),
    }


def _asymmetry(found: AsymmetryTest) -> dict[str, Any]:
    names = ("statistic", "df", "p_value", "intercept", "slope", "slope_se")
    why = found.reason or "not part of this test"
    return {
        "name": found.name,
        "predictor": found.predictor,
        "model": found.model,
        "distribution": found.distribution,
        "k": found.k,
        **_explained({name: float(getattr(found, name)) for name in names}, {}, why),
        "caution": found.caution,
        "reason": found.reason,
    }


def _cumulative(found: Cumulative) -> dict[str, Any]:
    arrays = {
        "estimate": found.estimates, "se": found.se, "ci_lower": found.ci_lower,
        "ci_upper": found.ci_upper, "p_value": found.p_values, "tau2": found.tau2, "i2": found.i2,
    }  # fmt: skip
    return {"order": found.order, "rows": _by_row("added", found.added, arrays)}


def _regression(found: MetaRegression) -> dict[str, Any]:
    arrays = {
        "coefficient": found.coefficients, "se": found.se, "ci_lower": found.ci_lower,
        "ci_upper": found.ci_upper, "statistic": found.statistics, "p_value": found.p_values,
    }  # fmt: skip
    names = ("df", "qe", "qe_df", "qe_p", "tau2", "tau2_lower", "tau2_upper", "i2", "h2", "r2")
    infinite = {"df": "the tests are by the normal distribution"}
    return {
        "formula": found.formula,
        "k": found.k,
        "terms": _by_row("term", found.terms, arrays),
        "covariance": [_numbers(row) for row in np.atleast_2d(found.covariance)],
        **_explained({name: float(getattr(found, name)) for name in names}, infinite, NO_VALUE),
        "moderators": _test(found.moderators),
        "left_out": list(found.left_out),
        "notes": list(found.notes),
    }


def _plan(plan: AnalysisPlan) -> dict[str, Any]:
    found = asdict(plan)
    found.pop("source", None)
    if not plan.timepoints:
        del found["timepoints"]
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


def analysis_to_dict(result: AnalysisResult) -> dict[str, Any]:
    """Return one analysis with all that was computed for it."""
    scale, without = result.fit.effects.scale, result.without_outliers
    filled, cumulative = result.trim_and_fill, result.cumulative
    return {
        "plan": _plan(result.plan),
        "outcome": asdict(result.outcome),
        "scale": {
            "name": scale.name,
            "null": scale.null,
            "label": scale.label,
            "short": scale.short,
        },
        "k": result.fit.k,
        "effects": effect_rows(result.fit.effects, result.fit),
        "effects_notes": list(result.fit.effects.notes),
        "overall": fit_to_dict(result.fit),
        "by_format": None if result.by_format is None else subgroups_to_dict(result.by_format),
        "subgroups": {name: subgroups_to_dict(by) for name, by in result.subgroups.items()},
        "meta_regressions": {
            formula: _regression(fit) for formula, fit in result.meta_regressions.items()
        },
        "leave_one_out": None
        if result.leave_one_out is None
        else _leave_one_out(result.leave_one_out),
        "influence": None if result.influence is None else _influence(result.influence),
        "without_outliers": None
        if without is None
        else {
            "rule": without.rule,
            "left_out": list(without.left_out),
            "fit": None if without.fit is None else fit_to_dict(without.fit),
        },
        "trim_and_fill": None if filled is None else _trim_and_fill(filled),
        "asymmetry": {name: _asymmetry(test) for name, test in result.asymmetry.items()},
        "cumulative": None if cumulative is None else _cumulative(cumulative),
        "not_done": dict(result.not_done),
    }


def _flow(flow: FlowCounts) -> dict[str, Any]:
    return {
        "found": [
            {"source": source.id, "name": source.name, "kind": source.kind, "records": count}
            for source, count in flow.found
        ],
        "records_found": flow.records_found,
        "duplicates_removed": flow.duplicates_removed,
        "records_removed_other": flow.records_removed_other,
        "records_screened": flow.records_screened,
        "records_excluded": flow.records_excluded,
        "excluded_reasons": _pairs(flow.excluded_reasons),
        "reports_sought": flow.reports_sought,
        "reports_not_retrieved": flow.reports_not_retrieved,
        "reports_assessed": flow.reports_assessed,
        "reports_excluded": flow.reports_excluded,
        "full_text_reasons": _pairs(flow.full_text_reasons),
        "reports_included": flow.reports_included,
        "studies_included": flow.studies_included,
        "studies_in_synthesis": flow.studies_in_synthesis,
        "open": flow.open,
        "conflicts": flow.conflicts,
        "problems": list(flow.problems),
    }


def _pairs(pairs: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"reason": words, "count": count} for words, count in pairs]


def _assessment(made: Assessment) -> dict[str, Any]:
    return {
        "study": made.study,
        "outcome": made.outcome,
        "instrument": made.instrument,
        "assessor": made.assessor,
        "answers": dict(sorted(made.answers.items())),
        "domains": [_plain(asdict(domain)) for domain in made.domains],
        "overall": _plain(asdict(made.overall)),
    }


def _compared(pair: Compared) -> dict[str, Any]:
    entry, fit = pair.published, pair.fit
    return {
        "label": entry.label,
        "outcome": entry.outcome,
        "analysis": "" if pair.result is None else pair.result.plan.id,
        "subgroup": entry.subgroup,
        "level": entry.level,
        "own": None
        if fit is None
        else {
            "k": fit.k,
            **_shown(
                fit.effects.scale,
                estimate=fit.estimate,
                ci_lower=fit.ci_lower,
                ci_upper=fit.ci_upper,
            ),
            "p_value": number(fit.p_value),
            "i2": number(fit.i2),
        },
        "own_missing": pair.why,
        "published": {
            "k": entry.k,
            "estimate": entry.estimate,
            "ci_lower": entry.ci_lower,
            "ci_upper": entry.ci_upper,
            "p": entry.p,
            "i2": entry.i2,
            "source": entry.source,
            "note": entry.note,
        },
        "difference": number(pair.difference),
    }


def results_to_dict(
    review: Review,
    results: Sequence[AnalysisResult],
    figures: Sequence[ReviewFigure] = (),
) -> dict[str, Any]:
    """Return everything computed for a review as plain values.

    Parameters
    ----------
    review
        The review.
    results
        Results of its analyses.
    figures
        Its figures, named with their words.

    Returns
    -------
    dict
        Only dict, list, str, int, float, bool and None; NaN and infinity are None.
    """
    context = Context(review, tuple(results), tuple(figures))
    return {
        "schema_version": SCHEMA_VERSION,
        "software": dict(software_versions()),
        "review": {
            "id": review.id,
            "title": review.title,
            "date": review.date,
            "version": review.version,
            "kind": review.kind,
            "fingerprint": review.fingerprint,
        },
        "flow": _flow(review.flow),
        "studies": [study.id for study in review.studies],
        "risk_of_bias": {
            "instrument": review.protocol.rob_instrument,
            "assessments": [_assessment(made) for made in review.assessments],
            "published": [_plain(asdict(entry)) for entry in review.published_judgements],
        },
        "analyses": {result.plan.id: analysis_to_dict(result) for result in results},
        "comparison": [_compared(pair) for pair in compared(context)],
        "certainty": [certainty_to_dict(finding) for finding in findings(context)],
        "figures": [
            {
                "id": figure.id,
                "number": figure.number,
                "title": figure.title,
                "caption": figure.caption,
                "alt_text": figure.figure.alt_text,
                "pages": len(figure.figure.pages),
            }
            for figure in figures
        ],
    }


def write_results(
    path: Path,
    review: Review,
    results: Sequence[AnalysisResult],
    figures: Sequence[ReviewFigure] = (),
) -> None:
    """Write `results_to_dict` as UTF-8 JSON with one value a line."""
    values = results_to_dict(review, results, figures)
    text = json.dumps(values, ensure_ascii=False, allow_nan=False, indent=1)
    path.write_text(f"{text}\n", encoding="utf-8", newline="\n")


def results_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) that ``results.json`` follows.

    Examples
    --------
    >>> results_schema()["$schema"]
    'https://json-schema.org/draft/2020-12/schema'
    """
    text = resources.files("evisynth.reporting").joinpath("results.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
