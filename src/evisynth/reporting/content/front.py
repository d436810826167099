"""Title, statement, people, and the structured abstract with its numbers filled in."""

from __future__ import annotations

import math
from collections.abc import Sequence

from evisynth.analysis import AnalysisResult
from evisynth.display import format_count, format_p, format_percent, plural
from evisynth.reporting.blocks import Block, Note, Paragraph, Run, runs, strong
from evisynth.reporting.content.certainty import certainty_item
from evisynth.reporting.content.context import (
    Context,
    date_words,
    heading,
    sentence,
    squeeze,
)
from evisynth.reporting.content.rob_words import instrument_name
from evisynth.reporting.content.words import (
    are,
    ci_name,
    includes_no_effect,
    join_words,
    lower_first,
    participants_words,
    series,
    shown,
    shown_ci,
    side_words,
    spelled,
    studies,
)

__all__ = ["abstract", "front_matter"]


def front_matter(context: Context) -> list[Block]:
    """Return what stands before the abstract: people, date, and what a reader must know first."""
    review = context.review
    blocks: list[Block] = []
    if review.people:
        names: list[str | Run] = []
        for person in review.people:
            if names:
                names.append(", ")
            names.append(strong(person.name))
            facts = [person.affiliation, f"ORCID {person.orcid}" if person.orcid else ""]
            extra = "; ".join(fact for fact in facts if fact)
            names.append(f" ({extra})" if extra else "")
        blocks.append(Paragraph(runs(*names), role="authors"))
    facts = [
        date_words(review.date),
        f"version {review.version}" if review.version else "",
        f"licence {review.licence}" if review.licence else "",
    ]
    blocks.append(Paragraph(runs(" · ".join(fact for fact in facts if fact)), role="small"))
    if review.statement:
        title = "A demonstration, not evidence" if context.is_demonstration else "Read this first"
        blocks.append(Note(title, runs(squeeze(review.statement)), kind="warning"))
    if review.flow.problems:
        blocks.append(
            Note(
                "The numbers of the flow do not add up",
                runs(" ".join(sentence(problem) for problem in review.flow.problems)),
                kind="warning",
            )
        )
    return blocks


def result_sentence(result: AnalysisResult) -> str:
    """Return one analysis in one sentence, as an abstract gives it."""
    fit, scale = result.fit, result.fit.effects.scale
    what = lower_first(result.plan.title)
    if fit.k == 0 or math.isnan(fit.estimate):
        return f"For {what} no effect could be estimated."
    size = participants_words(fit.effects)
    counted = f"{studies(fit.k)}{f', {size}' if size else ''}"
    name = lower_first(scale.label)
    value = (
        f"{shown(scale, fit.estimate)} ({ci_name(fit.options.level)} "
        f"{shown_ci(scale, fit.ci_lower, fit.ci_upper)}; {format_p(fit.p_value, symbol=True)})"
    )
    if fit.k == 1:
        return (
            f"For {what}, {counted} gave a {name} of {value}; with a single study nothing was "
            "pooled."
        )
    text = f"For {what} ({counted}) the pooled {name} was {value}"
    side = side_words(result, fit.estimate)
    if side:
        crosses = includes_no_effect(scale, fit.ci_lower, fit.ci_upper)
        verb = "on the side of" if crosses else "in favour of"
        text += f", {verb} {side}"
        text += "; the interval includes no effect" if crosses else ""
    if not math.isnan(fit.i2):
        text += f"; I² {format_percent(fit.i2)}"
    if not math.isnan(fit.prediction_lower):
        text += (
            f"; prediction interval {shown_ci(scale, fit.prediction_lower, fit.prediction_upper)}"
        )
    return f"{text}."


def _sensitivity_clause(context: Context, main: AnalysisResult) -> str:
    """Return what the sensitivity analyses came to, where the main one mixes forms of data."""
    if main.by_format is None:
        return ""
    parts = []
    for result in context.sensitivity_of(main):
        fit, scale = result.fit, result.fit.effects.scale
        parts.append(
            f"{shown(scale, fit.estimate)} ({shown_ci(scale, fit.ci_lower, fit.ci_upper)}; "
            f"{studies(fit.k)}) from {series([f'{name}s' for name in result.plan.formats])} alone"
        )
    if not parts:
        return ""
    return (
        " Forms of data that do not standardize alike are pooled here; the effect was "
        f"{series(parts)}."
    )


def _sources_sentence(context: Context) -> str:
    searched = [source.name for source in context.review.sources if source.searched]
    planned = [source.name for source in context.review.sources if not source.searched]
    if not searched and not planned:
        return "No search source is recorded."
    text = f"Searched: {join_words(searched)}." if searched else ""
    if planned:
        text += f" Named in the plan and not searched: {join_words(planned)}."
    return text.strip()


def _bias_sentence(context: Context) -> str:
    name = instrument_name(context.review.protocol.rob_instrument)
    if not name:
        return "The plan names no tool for risk of bias."
    made = context.consensus()
    if not made:
        return f"Risk of bias was planned with {name}; no result has been assessed with it."
    return f"Risk of bias was assessed with {name} in {plural(len(made), 'result')}."


def _synthesis_sentence(context: Context) -> str:
    mains = context.main
    if not mains:
        return "No meta-analysis was done."
    models = {result.plan.model for result in mains}
    model = f"{series(sorted(models))}-effects" if len(models) == 1 else "fixed and random-effects"
    labels = dict.fromkeys(lower_first(result.fit.effects.scale.label) for result in mains)
    measures = series(f"{label}s" for label in labels)
    return f"{measures[:1].upper()}{measures[1:]} were pooled by {model} meta-analysis."


def _included_sentence(context: Context) -> str:
    flow = context.review.flow
    if not context.review.studies:
        return "No study has been included."
    pooled = {
        label
        for result in context.main
        for label, fine in zip(result.fit.effects.labels, result.fit.effects.estimable, strict=True)
        if fine
    }
    count = len(context.review.studies)
    text = f"{studies(count)} {are(count, 'was', 'were')} included"
    if flow.records_screened:
        text = (
            f"Of {plural(flow.records_screened, 'record')} screened, "
            f"{format_count(flow.reports_sought)} led to a report that was sought and "
            f"{format_count(flow.reports_assessed)} to one that was assessed; {text}"
        )
    if context.main:
        text += f", {spelled(len(pooled))} of them in the main analyses"
    return f"{text}."


def abstract(context: Context) -> list[Block]:
    """Return the abstract by the items of PRISMA 2020 for Abstracts."""
    review, protocol = context.review, context.review.protocol
    blocks: list[Block] = [heading(1, "Abstract")]

    def item(label: str, text: str) -> None:
        if text:
            blocks.append(Paragraph(runs(strong(f"{label}. "), text)))

    question = protocol.question
    item("Objective", sentence(question.text or question.intervention))
    item(
        "Eligibility criteria",
        sentence(join_words(_inside(protocol.criteria_include))),
    )
    item("Information sources", _sources_sentence(context))
    item("Risk of bias", _bias_sentence(context))
    item("Synthesis of results", _synthesis_sentence(context))
    item("Included studies", _included_sentence(context))
    item(
        "Results",
        " ".join(
            f"{result_sentence(result)}{_sensitivity_clause(context, result)}"
            for result in context.main
        ),
    )
    item("Certainty of the evidence", certainty_item(context))
    item("Limits", " ".join(sentence(limit) for limit in review.limits))
    item("Interpretation", " ".join(context.text("interpretation")))
    item("Funding", sentence(review.funding) or "Not stated.")
    item("Registration", registration_sentence(context))
    return blocks


def _inside(criteria: Sequence[str]) -> list[str]:
    """Criteria as parts of one sentence: only the first keeps its capital."""
    return [lower_first(text) if place else text for place, text in enumerate(criteria)]


def registration_sentence(context: Context) -> str:
    """Return register, number, date and note of the registration."""
    entry = context.review.protocol.registration
    if not entry.id and not entry.register:
        return sentence(entry.note) or "No registration is recorded."
    place = " ".join(part for part in (entry.register, entry.id) if part)
    text = f"{place}, {date_words(entry.date)}." if entry.date else f"{place}."
    return f"{text} {sentence(entry.note)}".strip()
