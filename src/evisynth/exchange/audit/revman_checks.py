"""The checks of a RevMan file: its data, its summary of findings, its risk of bias."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from evisynth.display import format_percent, plural
from evisynth.exchange.audit.checks import ORDER, check_data
from evisynth.exchange.audit.data import DataRow, DataSet
from evisynth.exchange.audit.values import AuditedResult, Remark
from evisynth.exchange.revman.computing import pool_rows
from evisynth.exchange.revman.values import Comparison, Outcome, RevManReview, StudyRow

__all__ = ["check_revman", "data_sets"]

_CELL = re.compile(
    r"\b(RR|OR|HR|RD|MD|SMD|risk ratio|odds ratio|hazard ratio|risk difference|mean difference)\b"
    r"[\s:=]*(?P<estimate>[-−]?\d+(?:[.·]\d+)?)\s*[\[(]\s*(?:95\s*%\s*(?:CI)?[:,]?\s*)?"
    r"(?P<lower>[-−]?\d+(?:[.·]\d+)?)\s*(?:to|,|;|–|-)\s*(?P<upper>[-−]?\d+(?:[.·]\d+)?)\s*[\])]",
    re.IGNORECASE,
)
"""An effect with its limits in words: ``RR 0.68 (0.59 to 0.79)``."""

HALF = 50.0
"""Percent of the weight from studies at high risk of bias from which it is said."""


def check_revman(review: RevManReview, results: Sequence[AuditedResult]) -> tuple[Remark, ...]:
    """Run the checks of data, of summary-of-findings cells, and of risk of bias."""
    found = [*check_data(data_sets(review)), *_stale_cells(review, results)]
    found += _risk_of_bias(review)
    found += _without_data(review)
    return tuple(sorted(found, key=lambda remark: ORDER[remark.severity]))


def _where(comparison: Comparison, outcome: Outcome) -> str:
    return f"{comparison.number}.{outcome.number} {outcome.name}"


def data_sets(review: RevManReview) -> list[DataSet]:
    """Return the analyses of a review as the checks see them."""
    kinds = {"dichotomous": "dichotomous", "continuous": "continuous"}
    sets = []
    for comparison, outcome in review.outcomes():
        if outcome.kind == "other":
            continue
        rows = [_row(row, "", outcome) for row in outcome.rows]
        rows += [
            _row(row, group.name or group.id, outcome)
            for group in outcome.subgroups
            for row in group.rows
        ]
        sets.append(
            DataSet(
                where=_where(comparison, outcome),
                name=f"{comparison.name} {outcome.name}",
                kind=kinds.get(outcome.kind, "generic"),  # type: ignore[arg-type]
                measure=outcome.measure,
                pooled=outcome.totals == "YES",
                rows=tuple(rows),
            )
        )
    return sets


def _row(row: StudyRow, group: str, outcome: Outcome) -> DataRow:
    names = {"total1": "n1", "total2": "n2"}
    empty = outcome.kind == "generic" and row.total1 == 0 and row.total2 == 0
    estimate, se = row.estimate, row.se
    if outcome.kind == "o-e" and row.variance > 0:
        estimate, se = row.o_e / row.variance, 1 / math.sqrt(row.variance)
    return DataRow(
        study=row.study,
        key=row.study_id,
        group=group,
        place=f"line {row.line}",
        events1=row.events1,
        events2=row.events2,
        n1=math.nan if empty else row.total1,
        n2=math.nan if empty else row.total2,
        mean1=row.mean1,
        sd1=row.sd1,
        mean2=row.mean2,
        sd2=row.sd2,
        estimate=estimate,
        se=se,
        texts=tuple((names.get(name, name), text) for name, text in row.texts),
        words=f"{row.footnote} {outcome.footnotes}".strip(),
    )


def _number(text: str) -> tuple[float, int]:
    """Return a number of a cell and its decimals."""
    plain = text.replace("−", "-").replace("·", ".")
    return float(plain), len(plain.partition(".")[2])


def _stale_cells(review: RevManReview, results: Sequence[AuditedResult]) -> Iterator[Remark]:
    """Effects in the summary of findings that are no result of the file."""
    known = [
        tuple(result.computed[name] for name in ("estimate", "ci_lower", "ci_upper"))
        for result in results
        if result.level != "test" and result.verdict != "not computable"
    ]
    for table in review.summaries:
        for row in table.rows:
            words = " ".join(row)
            for found in _CELL.finditer(words):
                cell = [_number(found[name]) for name in ("estimate", "lower", "upper")]
                fits = any(
                    all(
                        math.isfinite(value) and abs(value - number) <= 0.5 * 10.0**-digits + 1e-9
                        for value, (number, digits) in zip(values, cell, strict=True)
                    )
                    for values in known
                )
                if not fits:
                    yield Remark(
                        "stale summary of findings", "warning",
                        f"Summary of findings: {table.title}" if table.title else
                        "Summary of findings", (),
                        f"{found[0]!r} is the result of no analysis of the file"
                        f"{f' (row {row[0][:60]!r})' if row and row[0] else ''}.",
                        "Was the analysis changed after the table was written?",
                    )  # fmt: skip


def _risk_of_bias(review: RevManReview) -> Iterator[Remark]:
    """Results that rest on studies without a judgement, or mostly on studies at high risk."""
    if not review.quality_items:
        return
    judged: dict[str, set[str]] = {}
    for item in review.quality_items:
        for entry in item.entries:
            if entry.result:
                judged.setdefault(entry.study_id, set()).add(entry.result.upper())
    if not judged:
        return
    for comparison, outcome in review.outcomes():
        if outcome.kind == "other":
            continue
        pooled = pool_rows(outcome, outcome.all_rows)
        if not math.isfinite(pooled.effect):
            continue
        used = [
            (row, weight)
            for row, weight in zip(outcome.all_rows, pooled.weights, strict=True)
            if weight > 0
        ]
        missing = {row.study_id: row.study for row, _ in used if row.study_id not in judged}
        if missing:
            yield Remark(
                "risk of bias", "warning", _where(comparison, outcome), tuple(missing.values()),
                f"{plural(len(missing), 'study', 'studies')} without a risk-of-bias judgement: "
                f"{', '.join(missing.values())}.",
            )  # fmt: skip
        high = {row.study: weight for row, weight in used if "NO" in judged.get(row.study_id, ())}
        share = sum(weight for row, weight in used if "NO" in judged.get(row.study_id, ()))
        if share >= HALF and len(used) > 1:
            yield Remark(
                "risk of bias", "note", _where(comparison, outcome), tuple(high),
                f"{format_percent(share)} of the weight is from studies at high risk of bias in at "
                "least one domain.",
                "See the result without them.",
            )  # fmt: skip


def _without_data(review: RevManReview) -> Iterator[Remark]:
    """Included studies that stand in no analysis, and rows of studies that are not included."""
    included = {study.id: study.name for study in review.studies if study.part == "included"}
    used = {row.study_id: row.study for _, outcome in review.outcomes() for row in outcome.all_rows}
    if not included or not used:
        return
    strangers = {key: name for key, name in used.items() if key not in included}
    if strangers:
        yield Remark(
            "studies", "warning", "", tuple(strangers.values()),
            "Data of studies that are not in the list of included studies: "
            f"{', '.join(strangers.values())}.",
        )  # fmt: skip
    silent = {key: name for key, name in included.items() if key not in used}
    if silent:
        yield Remark(
            "studies", "note", "", tuple(silent.values()),
            f"{len(silent)} of {plural(len(included), 'included study', 'included studies')} give "
            f"data to no analysis: {', '.join(silent.values())}.",
            "Is it said why?",
        )  # fmt: skip
