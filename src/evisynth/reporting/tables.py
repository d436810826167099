"""Tables with full precision for other programs: ``out/tables/*.csv``.

Every file has a header row, UTF-8 and line feeds. A number that could not be computed is an empty
cell, with the reason in the row. A text cell that a spreadsheet would run as a formula gets an
apostrophe before it.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evisynth.analysis import AnalysisResult
from evisynth.reporting.certainty_rows import CERTAINTY_HEADERS, certainty_rows
from evisynth.reporting.content.characteristics import characteristic_words
from evisynth.reporting.content.comparison import compared
from evisynth.reporting.content.context import Context
from evisynth.reporting.content.summary_of_findings import findings
from evisynth.reporting.results_json import effect_rows
from evisynth.review import Review
from evisynth.synthesis import HeterogeneityTest, PooledFit, SubgroupAnalysis

__all__ = ["safe_cell", "table_rows", "write_tables"]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""First characters by which a spreadsheet takes a text for a formula."""

POOLED = (
    "k", "estimate", "se", "ci_lower", "ci_upper", "statistic", "df", "p_value", "tau2",
    "tau2_lower", "tau2_upper", "q", "q_df", "q_p", "i2", "i2_lower", "i2_upper", "h2",
    "prediction_lower", "prediction_upper",
)  # fmt: skip
"""Numbers of a pooled effect, in the order of the columns."""

Record = dict[str, Any]


def safe_cell(value: object) -> str:
    """Write one cell: numbers with all their digits, texts that cannot run as formulas.

    Examples
    --------
    >>> (
    ...     safe_cell("=1+1"),
    ...     safe_cell(-0.1),
    ...     safe_cell(None),
    ...     safe_cell(float("nan")),
    ...     safe_cell(True),
    ... )
    ("'=1+1", '-0.1', '', '', 'true')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(float(value)) if math.isfinite(value) else ""
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _pooled(fit: PooledFit) -> Record:
    scale = fit.effects.scale
    found: Record = {name: getattr(fit, name) for name in POOLED}
    found |= {
        "shown_estimate": scale.shown(fit.estimate),
        "shown_ci_lower": scale.shown(fit.ci_lower),
        "shown_ci_upper": scale.shown(fit.ci_upper),
        "scale": scale.name,
        "reason": fit.prediction_reason or fit.tau2_reason,
    }
    return found


def _effects(results: Sequence[AnalysisResult]) -> Iterator[Record]:
    for result in results:
        data = result.fit.effects.data
        known = [
            name
            for name in ("n1", "mean1", "sd1", "events1", "n2", "mean2", "sd2", "events2",
                         "difference", "instrument", "timepoint", "source")
            if name in data.columns
        ]  # fmt: skip
        for place, row in enumerate(effect_rows(result.fit.effects, result.fit)):
            shown = row.pop("shown")
            yield {
                "analysis": result.plan.id,
                "outcome": result.outcome.id,
                "measure": result.plan.measure,
                **row,
                **{f"shown_{name}": value for name, value in shown.items()},
                **{name: _native(data[name].iloc[place]) for name in known},
            }


def _native(value: Any) -> object:
    """Return a cell of a data frame as a plain value."""
    return value.item() if hasattr(value, "item") else value


def _fits(result: AnalysisResult) -> Iterator[tuple[str, str, PooledFit]]:
    yield "overall", "", result.fit
    if result.by_format is not None:
        for group in result.by_format.groups:
            yield "form of data", group.level, group.fit
    without = result.without_outliers
    if without is not None and without.fit is not None:
        yield "without outliers", "; ".join(without.left_out), without.fit
    if result.trim_and_fill is not None:
        yield "trim and fill", f"{result.trim_and_fill.k0} added", result.trim_and_fill.filled


def _pooled_rows(results: Sequence[AnalysisResult]) -> Iterator[Record]:
    for result in results:
        for what, detail, fit in _fits(result):
            yield {
                "analysis": result.plan.id,
                "role": result.plan.role,
                "outcome": result.outcome.id,
                "measure": result.plan.measure,
                "what": what,
                "detail": detail,
                **_pooled(fit),
            }


def _test(prefix: str, test: HeterogeneityTest) -> Record:
    return {
        f"{prefix}_statistic": test.statistic,
        f"{prefix}_df1": test.df1,
        f"{prefix}_df2": test.df2,
        f"{prefix}_p": test.p_value,
    }


def _subgroup_rows(results: Sequence[AnalysisResult]) -> Iterator[Record]:
    for result in results:
        for name, found in result.subgroups.items():
            yield from _group_rows(result, name, found)


def _group_rows(result: AnalysisResult, name: str, found: SubgroupAnalysis) -> Iterator[Record]:
    for group in found.groups:
        effects = group.fit.effects
        yield {
            "analysis": result.plan.id,
            "by": name,
            "level": group.level,
            "tau2_in_groups": found.tau2,
            **_pooled(group.fit),
            "studies": "; ".join(
                label for label, fine in zip(effects.labels, effects.estimable, strict=True) if fine
            ),
            "not_coded": "; ".join(found.not_coded),
            **_test("test_separate", found.test_separate),
            **_test("test_common", found.test_common),
        }


def _leave_one_out_rows(results: Sequence[AnalysisResult]) -> Iterator[Record]:
    for result in results:
        found = result.leave_one_out
        if found is None:
            continue
        for place, label in enumerate(found.left_out):
            yield {
                "analysis": result.plan.id,
                "left_out": label,
                "estimate": float(found.estimates[place]),
                "se": float(found.se[place]),
                "ci_lower": float(found.ci_lower[place]),
                "ci_upper": float(found.ci_upper[place]),
                "p_value": float(found.p_values[place]),
                "tau2": float(found.tau2[place]),
                "i2": float(found.i2[place]),
                "q": float(found.q[place]),
                "q_p": float(found.q_p[place]),
            }


def _influence_rows(results: Sequence[AnalysisResult]) -> Iterator[Record]:
    names = ("rstudent", "dffits", "cooks_distance", "cov_ratio", "tau2_deleted", "q_deleted",
             "hat", "weight", "dfbetas")  # fmt: skip
    for result in results:
        found = result.influence
        if found is None:
            continue
        for place, label in enumerate(found.labels):
            yield {
                "analysis": result.plan.id,
                "study": label,
                **{name: float(getattr(found, name)[place]) for name in names},
                "outlier": bool(found.outlier[place]),
                "influential": bool(found.influential[place]),
            }


def _trim_and_fill_rows(results: Sequence[AnalysisResult]) -> Iterator[Record]:
    for result in results:
        found = result.trim_and_fill
        if found is None:
            continue
        effects, options = found.filled.effects, found.filled
        before = len(result.fit.effects)
        for place, row in enumerate(effect_rows(effects, options)):
            row.pop("shown")
            row.pop("format")
            yield {
                "analysis": result.plan.id,
                "estimator": found.estimator,
                "side": found.side,
                "k0": found.k0,
                **row,
                "filled": place >= before or str(row["study"]).startswith("Filled "),
            }


def _characteristic_rows(review: Review) -> Iterator[Record]:
    for study in review.studies:
        yield {
            "study": study.id,
            "reports": "; ".join(study.reports),
            **{field.name: characteristic_words(field, study) for field in review.protocol.fields},
        }


def _bias_rows(review: Review) -> Iterator[Record]:
    for made in review.assessments:
        for domain in (*made.domains, made.overall):
            yield {
                "study": made.study,
                "outcome": made.outcome,
                "tool": made.instrument,
                "by": "this review",
                "assessor": made.assessor,
                "domain": domain.domain,
                "proposed": domain.proposed,
                "final": domain.final,
                "overridden": domain.overridden,
                "reason": domain.reason,
                "missing": "; ".join(domain.missing),
                "source": f"{made.file}, line {made.line}" if made.file else "",
            }
    for entry in review.published_judgements:
        yield {
            "study": entry.study,
            "outcome": entry.outcome,
            "tool": entry.tool,
            "by": "published by others",
            "domain": "overall",
            "final": entry.judgement,
            "source": entry.source,
            "reason": entry.note,
        }


def _flow_rows(review: Review) -> Iterator[Record]:
    flow = review.flow
    for source, count in flow.found:
        yield {"box": "identified", "detail": source.name, "count": count}
    boxes: tuple[tuple[str, int], ...] = (
        ("records_found", flow.records_found), ("duplicates_removed", flow.duplicates_removed),
        ("records_removed_other", flow.records_removed_other),
        ("records_screened", flow.records_screened), ("records_excluded", flow.records_excluded),
    )  # fmt: skip
    for name, count in boxes:
        yield {"box": name, "detail": "", "count": count}
    for words, count in flow.excluded_reasons:
        yield {"box": "records_excluded", "detail": words, "count": count}
    boxes = (
        ("reports_sought", flow.reports_sought),
        ("reports_not_retrieved", flow.reports_not_retrieved),
        ("reports_assessed", flow.reports_assessed), ("reports_excluded", flow.reports_excluded),
    )  # fmt: skip
    for name, count in boxes:
        yield {"box": name, "detail": "", "count": count}
    for words, count in flow.full_text_reasons:
        yield {"box": "reports_excluded", "detail": words, "count": count}
    boxes = (
        ("reports_included", flow.reports_included), ("studies_included", flow.studies_included),
        ("studies_in_synthesis", flow.studies_in_synthesis), ("open", flow.open),
        ("conflicts", flow.conflicts),
    )  # fmt: skip
    for name, count in boxes:
        yield {"box": name, "detail": "", "count": count}


def record_state(review: Review, record_id: str) -> tuple[str, str, str]:
    """Return where a record ended: stage, state and reason in words.

    Parameters
    ----------
    review
        The review.
    record_id
        A record.

    Returns
    -------
    tuple of str
        Stage (``"identification"``, ``"title_abstract"``, ``"retrieval"``, ``"full_text"``), state
        (``"duplicate"``, ``"open"``, ``"conflict"``, ``"excluded"``, ``"not retrieved"``,
        ``"included"``), and the reason.
    """
    if record_id in review.duplicates:
        return "identification", "duplicate", f"repeats {review.duplicates[record_id]}"
    reasons = {stage.name: stage.reasons for stage in review.protocol.stages}
    missing = {
        entry.record: entry.reason for entry in review.retrievals if entry.status == "not_retrieved"
    }
    first = review.states.get((record_id, "title_abstract"))
    last = review.states.get((record_id, "full_text"))
    if first is not None and first.status != "included":
        words = reasons.get("title_abstract", {}).get(first.reason, first.reason)
        return "title_abstract", first.status, words
    if record_id in missing:
        return "retrieval", "not retrieved", missing[record_id]
    if last is not None:
        words = reasons.get("full_text", {}).get(last.reason, last.reason)
        return "full_text", last.status, words
    if first is not None:
        return "title_abstract", first.status, ""
    return "title_abstract", "open", ""


def _record_rows(review: Review) -> Iterator[Record]:
    studies: dict[str, list[str]] = {}
    for study in review.studies:
        for report in study.reports:
            studies.setdefault(report, []).append(study.id)
    for record in review.records:
        stage, state, reason = record_state(review, record.id)
        yield {
            "id": record.id,
            "title": record.title,
            "authors": "; ".join(record.authors),
            "year": record.year,
            "journal": record.journal,
            "doi": record.doi,
            "pmid": record.pmid,
            "url": record.url,
            "source": record.source,
            "stage": stage,
            "state": state,
            "reason": reason,
            "study": "; ".join(studies.get(record.id, [])),
            "file": record.file,
            "line": record.first_line or None,
        }


def _comparison_rows(context: Context) -> Iterator[Record]:
    for pair in compared(context):
        entry, fit = pair.published, pair.fit
        yield {
            "label": entry.label,
            "outcome": entry.outcome,
            "analysis": "" if pair.result is None else pair.result.plan.id,
            "subgroup": entry.subgroup,
            "level": entry.level,
            "own_k": None if fit is None else fit.k,
            "own_estimate": None if fit is None else fit.effects.scale.shown(fit.estimate),
            "own_ci_lower": None if fit is None else fit.effects.scale.shown(fit.ci_lower),
            "own_ci_upper": None if fit is None else fit.effects.scale.shown(fit.ci_upper),
            "own_p": None if fit is None else fit.p_value,
            "own_i2": None if fit is None else fit.i2,
            "own_missing": pair.why,
            "published_k": entry.k,
            "published_estimate": entry.estimate,
            "published_ci_lower": entry.ci_lower,
            "published_ci_upper": entry.ci_upper,
            "published_p": entry.p,
            "published_i2": entry.i2,
            "difference": pair.difference,
            "source": entry.source,
            "note": entry.note,
        }


HEADERS: Mapping[str, tuple[str, ...]] = {
    "effects": ("analysis", "outcome", "measure", "study", "estimate", "variance", "se"),
    "pooled": ("analysis", "role", "outcome", "measure", "what", "detail", *POOLED),
    "subgroups": ("analysis", "by", "level", "tau2_in_groups", *POOLED),
    "leave_one_out": ("analysis", "left_out", "estimate", "se", "ci_lower", "ci_upper"),
    "influence": ("analysis", "study", "rstudent", "dffits", "cooks_distance"),
    "trim_and_fill": ("analysis", "estimator", "side", "k0", "study", "estimate", "variance"),
    "characteristics": ("study", "reports"),
    "risk_of_bias": ("study", "outcome", "tool", "by", "assessor", "domain", "proposed", "final",
                     "overridden", "reason", "missing", "source"),
    "flow": ("box", "detail", "count"),
    "records": ("id", "title", "authors", "year", "journal", "doi", "pmid", "url", "source",
                "stage", "state", "reason", "study"),
    "comparison": ("label", "outcome", "analysis", "subgroup", "level"),
    **CERTAINTY_HEADERS,
}  # fmt: skip
"""The first columns of each table; those of an empty table."""


def table_rows(review: Review, results: Sequence[AnalysisResult]) -> dict[str, list[Record]]:
    """Return the rows of every table by its name.

    Parameters
    ----------
    review
        The review.
    results
        Results of its analyses.

    Returns
    -------
    dict of str to list of dict
        One dict a row, column to value; a table without rows is there and empty.
    """
    context = Context(review, tuple(results))
    return {
        "effects": list(_effects(results)),
        "pooled": list(_pooled_rows(results)),
        "subgroups": list(_subgroup_rows(results)),
        "leave_one_out": list(_leave_one_out_rows(results)),
        "influence": list(_influence_rows(results)),
        "trim_and_fill": list(_trim_and_fill_rows(results)),
        "characteristics": list(_characteristic_rows(review)),
        "risk_of_bias": list(_bias_rows(review)),
        "flow": list(_flow_rows(review)),
        "records": list(_record_rows(review)),
        "comparison": list(_comparison_rows(context)),
        **certainty_rows(findings(context)),
    }


def _csv(name: str, rows: Sequence[Record]) -> str:
    columns = list(dict.fromkeys([*HEADERS[name], *(key for row in rows for key in row)]))
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([safe_cell(row.get(column)) for column in columns])
    return written.getvalue()


def write_tables(
    folder: Path, review: Review, results: Sequence[AnalysisResult]
) -> tuple[Path, ...]:
    """Write every table as CSV into a folder that exists.

    Returns
    -------
    tuple of Path
        The files written, by name.
    """
    written = []
    for name, rows in sorted(table_rows(review, results).items()):
        path = folder / f"{name}.csv"
        path.write_text(_csv(name, rows), encoding="utf-8", newline="\n")
        written.append(path)
    return tuple(written)
