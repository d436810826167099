"""Audit a review of ours: its stored numbers against its data, its counts, its risk of bias."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evisynth.actions.check import CheckReport, check_review
from evisynth.actions.progress import Progress, part_of
from evisynth.actions.run import OUT
from evisynth.display import format_percent, plural
from evisynth.errors import InputError, Problem

if TYPE_CHECKING:
    from evisynth.exchange import Audit, AuditedResult, Current, DataSet, Remark
    from evisynth.review import Review

__all__ = ["audit_review"]

NAMES = {
    "estimate": "estimate", "ci_lower": "ci_lower", "ci_upper": "ci_upper", "z": "statistic",
    "p": "p_value", "q": "q", "q_df": "q_df", "q_p": "q_p", "i2": "i2", "tau2": "tau2",
}  # fmt: skip
"""Numbers of an audit by the names that they have in ``results.json``."""

CHECKS = {
    "counts": "flow", "out": "stale results", "stale": "stale results", "edited": "edited results",
    "numbers": "stale results", "history": "history",
}  # fmt: skip
"""Names of the checks of `check_review` in an audit."""

HALF = 50.0
"""Percent of the weight from studies at high risk of bias from which it is said."""


def audit_review(folder: Path | str, *, progress: Progress | None = None) -> Audit:
    """Audit the folder of a review.

    Its results are computed anew and compared with ``out/results.json``; flow counts must add up;
    every study with weight in a result must have its risk of bias assessed; and the outcome data
    pass the checks that published data do.

    Parameters
    ----------
    folder
        The folder with ``review.toml``.
    progress
        Called with what is being done and how far it is, in percent.

    Raises
    ------
    InputError
        When the folder holds something that cannot be used.
    """
    from evisynth.exchange import Audit, check_data
    from evisynth.review import read_review

    folder = Path(folder)
    if not (folder / "review.toml").is_file():
        raise InputError(
            Problem(
                str(folder), "", "holds no review.toml",
                ("a .rm5 file", "a folder with review.toml", "a table (.csv, .tsv, .xlsx)"),
            )
        )  # fmt: skip
    report = check_review(folder, progress=part_of(progress, 5, 70))
    review = read_review(folder)
    if progress is not None:
        progress("Looking at the data", 75, 100)
    stored = _stored(folder)
    sets = _data_sets(review)
    remarks = [
        *_findings(report),
        *_risk_of_bias(review, stored),
        *check_data(sets),
    ]
    order = {"error": 0, "warning": 1, "note": 2}
    results = tuple(_results(stored, report))
    return Audit(
        source=folder.resolve().name,
        kind="review",
        title=review.title,
        program="Evisynth",
        results=results,
        remarks=tuple(sorted(remarks, key=lambda remark: order[remark.severity])),
        facts={
            "outcomes": len({row.outcome for row in review.outcome_rows}),
            "studies": len(review.studies),
            "data_rows": len(review.outcome_rows),
            "values_compared": report.compared,
        },
        tolerance=1e-8,
    )


def _stored(folder: Path) -> dict[str, Any]:
    """Return what ``out/results.json`` holds of the analyses; empty where there is none."""
    try:
        content = json.loads((folder / OUT / "results.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    analyses = content.get("analyses") if isinstance(content, dict) else None
    if isinstance(analyses, list):
        return {str(item.get("id", place)): item for place, item in enumerate(analyses)}
    return analyses if isinstance(analyses, dict) else {}


def _findings(report: CheckReport) -> list[Remark]:
    """Say what the check of the review found, numbers that moved joined by analysis."""
    from evisynth.exchange import Remark

    found = []
    moved: dict[str, list[str]] = {}
    for finding in report.findings:
        if finding.check == "numbers" and finding.at:
            key = ".".join(re.split(r"[.\[\]]+", finding.at)[:2])
            moved.setdefault(key, []).append(str(finding))
            continue
        found.append(
            Remark(
                CHECKS.get(finding.check, finding.check), "error", finding.where, (),
                f"{finding.message.rstrip('.')}.", finding.hint,
            )
        )  # fmt: skip
    for key, texts in moved.items():
        found.append(
            Remark(
                "stale results", "error", f"{OUT}/results.json, {key}", (),
                f"{plural(len(texts), 'value')} moved, the first: {texts[0].rstrip('.')}.",
                "Run `evisynth run` and look at what changes.",
            )
        )  # fmt: skip
    found += [Remark("review", "note", "", (), text) for text in report.warnings]
    return found


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _results(stored: dict[str, Any], report: CheckReport) -> list[AuditedResult]:
    """Compare each stored pooled effect with what the folder gives now."""
    from evisynth.exchange import FIELDS, AuditedResult, relative_difference

    now = {item.path: item for item in report.moved}
    found: list[AuditedResult] = []
    for name, analysis in stored.items():
        overall = analysis.get("overall") or {}
        shown = overall.get("shown") or {}
        before: dict[str, float] = {}
        after: dict[str, float] = {}
        for field, key in NAMES.items():
            on_scale = field in ("estimate", "ci_lower", "ci_upper") and key in shown
            paths = (
                f"analyses.{name}.overall.{'shown.' if on_scale else ''}{key}",
                f"analyses[{name}].overall.{'shown.' if on_scale else ''}{key}",
            )
            value = _number((shown if on_scale else overall).get(key))
            before[field] = value
            after[field] = next((_number(now[path].now) for path in paths if path in now), value)
        gone = any(
            item.kind == "removed" and item.path.rstrip("]").endswith(name) for item in report.moved
        )
        differences = {
            field: relative_difference(before[field], after[field], 1e-12)
            for field in NAMES
            if not math.isnan(before[field])
        }
        apart = [field for field, value in differences.items() if value > 1e-8]
        plan = analysis.get("plan") or {}
        found.append(
            AuditedResult(
                id=name,
                level="total",
                comparison="",
                outcome=str(plan.get("title") or name),
                subgroup=None,
                kind="generic",
                measure=str(plan.get("measure", "")),
                method="",
                model="fixed" if plan.get("model") == "equal" else "random",
                ci_level=100 * float(plan.get("level", 0.95)),
                k=int(_number(overall.get("k")) if overall.get("k") is not None else 0),
                stored=before,
                computed={} if gone else after,
                differences={} if gone else differences,
                relative_difference=math.nan if gone else max(differences.values(), default=0.0),
                verdict="not computable" if gone else "different" if apart else "equal",
                current=_current(analysis, overall),
                reason="the plan has no such analysis any more"
                if gone
                else f"different: {', '.join(FIELDS[field] for field in apart)}"
                if apart
                else "",
            )
        )
    return found


def _current(analysis: dict[str, Any], overall: dict[str, Any]) -> Current | None:
    """Pool the stored estimates of an analysis by current methods."""
    from evisynth.effects import effects
    from evisynth.exchange import under_current_methods

    rows = [
        row
        for row in analysis.get("effects") or []
        if math.isfinite(_number(row.get("estimate"))) and _number(row.get("variance")) > 0
    ]
    if not rows:
        return None
    scale = str((analysis.get("scale") or {}).get("name", "identity"))
    made = effects(
        {
            "study": [str(row.get("study", "")) for row in rows],
            "estimate": [float(row["estimate"]) for row in rows],
            "variance": [float(row["variance"]) for row in rows],
        },
        "GEN",
        scale=scale if scale in ("identity", "log") else "identity",
    )
    plan = analysis.get("plan") or {}
    return under_current_methods(
        made,
        level=float(plan.get("level", 0.95)),
        model="fixed" if plan.get("model") == "equal" else "random",
        estimate=_number(overall.get("estimate")),
        ci_lower=_number(overall.get("ci_lower")),
        ci_upper=_number(overall.get("ci_upper")),
    )


def _risk_of_bias(review: Review, stored: dict[str, Any]) -> list[Remark]:
    """Name studies with weight in a result whose risk of bias was not assessed, or is high."""
    from evisynth.exchange import Remark

    judged: dict[tuple[str, str], str] = {}
    for assessment in review.assessments:
        judged[assessment.study, assessment.outcome] = assessment.overall.final
    for published in review.published_judgements:
        key = published.study, published.outcome
        judged.setdefault(key, published.judgement.casefold())
    found = []
    for name, analysis in stored.items():
        plan = analysis.get("plan") or {}
        outcome = str(plan.get("outcome", ""))
        where = str(plan.get("title") or name)
        rows = [row for row in analysis.get("effects") or [] if _number(row.get("weight")) > 0]
        missing, high, share = [], [], 0.0
        for row in rows:
            study = str(row.get("study", ""))
            judgement = judged.get((study, outcome), judged.get((study, ""), "not assessed"))
            if judgement in ("not assessed", "incomplete"):
                missing.append(study)
            elif judgement == "high":
                high.append(study)
                share += _number(row.get("weight"))
        if missing:
            found.append(
                Remark(
                    "risk of bias", "warning", where, tuple(missing),
                    f"{plural(len(missing), 'study', 'studies')} without a complete assessment of "
                    f"risk of bias for this result: {', '.join(missing)}.",
                )
            )  # fmt: skip
        if share >= HALF and len(rows) > 1:
            found.append(
                Remark(
                    "risk of bias", "note", where, tuple(high),
                    f"{format_percent(share)} of the weight is from studies at high risk of bias.",
                    "See the result without them.",
                )
            )  # fmt: skip
    return found


def _data_sets(review: Review) -> list[DataSet]:
    """Return the outcome data as the checks see them, one set for each outcome."""
    from evisynth.exchange import DataRow, DataSet

    names = ("n1", "n2", "mean1", "sd1", "mean2", "sd2", "events1", "events2", "estimate", "se")
    grouped: dict[tuple[str, str], list[DataRow]] = {}
    for row in review.outcome_rows:
        kind = {"events": "dichotomous", "estimate": "generic"}.get(row.kind, "continuous")
        values = {name: row.values[name] for name in names if name in row.values}
        grouped.setdefault((row.outcome, kind), []).append(
            DataRow(
                study=row.study,
                key=row.study,
                group=" ".join((row.timepoint, row.instrument, row.format)).strip(),
                place=f"{row.file}, line {row.line}" if row.line else row.file,
                texts=tuple((name, f"{value:.12g}") for name, value in values.items()),
                words=row.note,
                **values,
            )
        )
    return [
        DataSet(
            where=outcome,
            name=outcome,
            kind=kind,  # type: ignore[arg-type] # one of the three above
            measure="SMD" if kind == "continuous" else "",
            pooled=False,
            rows=tuple(rows),
        )
        for (outcome, kind), rows in grouped.items()
    ]
