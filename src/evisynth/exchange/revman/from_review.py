"""A review of ours as a file of Review Manager 5."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from evisynth.exchange.exported import Exported
from evisynth.exchange.revman.values import (
    Comparison,
    Outcome,
    OutcomeKind,
    QualityEntry,
    QualityItem,
    RevManReview,
    RevManStudy,
    StudyRow,
)
from evisynth.exchange.revman.writing import encode_id, with_results, write_rm5

if TYPE_CHECKING:
    from evisynth.analysis import AnalysisResult
    from evisynth.review import Review

__all__ = ["revman_of_review", "rm5_file"]

RESULTS = {"low": "YES", "high": "NO", "some concerns": "UNKNOWN"}

EVENTS = ("events1", "n1", "events2", "n2")
MEANS = ("mean1", "sd1", "n1", "mean2", "sd2", "n2")


def rm5_file(review: Review, results: Sequence[AnalysisResult]) -> Exported:
    """Write a review as a file of Review Manager 5, with results by that program's rules.

    Parameters
    ----------
    review, results
        The review, and its analyses as computed.
    """
    made, lost = revman_of_review(review, results)
    return Exported({f"{review.id or 'review'}.rm5": write_rm5(made)}, lost)


def revman_of_review(
    review: Review, results: Sequence[AnalysisResult]
) -> tuple[RevManReview, tuple[str, ...]]:
    """Return a review in RevMan's terms, and what of it those cannot hold."""
    lost = ["searches, records, decisions and reasons", "history"]
    titles = {record.id: record for record in review.records}
    studies = []
    for study in review.studies:
        references = []
        for identity in study.reports:
            record = titles.get(identity)
            if record is not None:
                who, when = ", ".join(record.authors), str(record.year or "")
                words = (who, record.title, record.journal, when)
                references.append(". ".join(word.rstrip(".") for word in words if word))
        year = study.characteristics.get("year")
        studies.append(
            RevManStudy(
                id=encode_id(study.id),
                name=study.id,
                year=f"{year:.0f}" if isinstance(year, float) else str(year or ""),
                part="included",
                data_source="PUB",
                references=tuple(references),
            )
        )
    if any(study.characteristics for study in review.studies):
        lost.append("characteristics of studies")
    outcomes = []
    for number, result in enumerate(results, 1):
        outcome, more = _outcome(result, number)
        outcomes.append(with_results(outcome))
        lost += more
    favours = results[0].plan.favours if results else ("intervention", "control")
    items, more = _quality_items(review)
    lost += more
    comparison = Comparison("CMP-001", 1, f"{favours[0]} versus {favours[1]}", tuple(outcomes))
    made = RevManReview(
        file=f"{review.id or 'review'}.rm5",
        title=review.title,
        version=review.version,
        program="5.4.1",
        studies=tuple(studies),
        comparisons=(comparison,) if outcomes else (),
        quality_items=items,
    )
    return made, tuple(dict.fromkeys(lost))


def _outcome(result: AnalysisResult, number: int) -> tuple[Outcome, list[str]]:
    fit, plan = result.fit, result.plan
    effects = fit.effects
    lost = []
    table = effects.data
    used = [place for place in range(len(effects)) if bool(effects.estimable[place])]

    def whole(names: Sequence[str]) -> bool:
        return all(name in table.columns for name in names) and all(
            _number(table[name].iloc[place]) is not None for place in used for name in names
        )

    kind: OutcomeKind = "generic"
    measure = effects.scale.label
    names: tuple[str, ...] = ()
    if effects.measure in ("OR", "RR", "RD") and whole(EVENTS):
        kind, measure, names = "dichotomous", effects.measure, EVENTS
    elif effects.measure in ("MD", "SMD") and whole(MEANS):
        kind, measure, names = "continuous", effects.measure, MEANS
        if effects.measure == "SMD":
            lost.append(
                f"{plan.title}: Hedges' g with its exact correction; the program computes its own"
            )
    elif effects.measure in ("OR", "RR", "RD", "MD", "SMD"):
        lost.append(
            f"{plan.title}: the numbers of the arms, as some rows are estimates; every row is "
            "written as an estimate with its standard error"
        )
    if fit.options.model == "random" and (fit.options.tau2, fit.options.ci) != ("DL", "z"):
        lost.append(
            f"{plan.title}: tau² by {fit.options.tau2} and the interval {fit.options.ci}; the "
            "program has DerSimonian and Laird's with normal limits, and stores those"
        )
    if not math.isnan(fit.prediction_lower):
        lost.append("prediction intervals")
    if result.subgroups or result.meta_regressions:
        lost.append("subgroup analyses and meta-regressions")
    rows = tuple(_row(effects, table, place, kind, names) for place in used)
    if len(used) < len(effects):
        lost.append(f"{plan.title}: studies without an estimate")
    outcome = Outcome(
        id=f"CMP-001.{number:02d}",
        number=number,
        name=plan.title,
        kind=kind,
        measure=measure,
        method="IV",
        random=fit.options.model == "random",
        log_data=kind == "generic" and effects.scale.is_ratio,
        ci_total=100 * fit.options.level,
        group1=plan.favours[0],
        group2=plan.favours[1],
        sort_by="STUDY",
        scale=100.0,
        rows=rows,
    )
    return outcome, lost


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _row(effects: Any, table: Any, place: int, kind: OutcomeKind, names: Sequence[str]) -> StudyRow:
    label = str(effects.labels[place])
    named = {"n1": "total1", "n2": "total2"}
    values: dict[str, Any] = {
        named.get(name, name): float(table[name].iloc[place]) for name in names
    }
    if kind == "generic":
        values = {
            "estimate": float(effects.estimates[place]),
            "se": float(effects.standard_errors[place]),
        }
        for name, field in named.items():
            number = _number(table[name].iloc[place]) if name in table.columns else None
            values[field] = 0.0 if number is None else number
    return StudyRow(
        study_id=encode_id(label), study=label, line=0, order=float(place + 1), **values
    )


def _quality_items(review: Review) -> tuple[tuple[QualityItem, ...], list[str]]:
    """Return the domains of the first instrument, one judgement a study."""
    if not review.assessments:
        return (), []
    instrument = review.assessments[0].instrument
    chosen: dict[str, Any] = {}
    several = False
    for each in review.assessments:
        if each.instrument == instrument:
            several = several or each.study in chosen
            chosen.setdefault(each.study, each)
    lost = [
        "answers to signalling questions and reasons of risk of bias",
        "overall judgements of risk of bias",
    ]
    if several:
        lost.append("risk of bias by result: the first assessment of each study is written")
    if len({each.instrument for each in review.assessments}) > 1:
        lost.append(f"risk of bias by other instruments than {instrument}")
    first = next(iter(chosen.values()))
    items = []
    for number, domain in enumerate(first.domains, 1):
        entries = []
        for study, each in chosen.items():
            found = next((one for one in each.domains if one.domain == domain.domain), None)
            if found is not None and found.final in RESULTS:
                entries.append(QualityEntry(encode_id(study), RESULTS[found.final]))
        items.append(QualityItem(f"QIT-{number:02d}", domain.domain, "STUDY", tuple(entries)))
    return tuple(items), lost
