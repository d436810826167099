"""Methods up to the data: question, criteria, registration, sources, selection, risk of bias."""

from __future__ import annotations

from evisynth.reporting.blocks import (
    Block,
    BulletList,
    Column,
    Paragraph,
    Row,
    Table,
    cells,
    cite,
    link,
    runs,
    see,
    strong,
)
from evisynth.reporting.content.ai_use import screening_order
from evisynth.reporting.content.context import (
    Context,
    date_words,
    heading,
    paragraph,
    sentence,
)
from evisynth.reporting.content.deviations import deviations
from evisynth.reporting.content.front import registration_sentence
from evisynth.reporting.content.rob_words import instrument_name, known_instrument
from evisynth.reporting.content.words import (
    are,
    count_first,
    join_words,
    lower_first,
    series,
    spelled,
    upper_first,
)

__all__ = ["methods_before_synthesis"]

KIND_WORDS = {
    "means": "mean, standard deviation and number of participants of each arm",
    "changes": "mean change from baseline, its standard deviation and number of participants of "
    "each arm",
    "difference": "difference between the arms with its precision, and the numbers of participants",
    "events": "number of events and of participants of each arm",
    "estimate": "effect estimate with its standard error",
}
"""Kinds of outcome data in words."""

SOURCE_WORDS = {
    "database": "database",
    "register": "register",
    "website": "website",
    "organisation": "organisation",
    "citation": "citation search",
    "other": "other",
}


def _question(context: Context) -> list[Block]:
    question = context.review.protocol.question
    parts = [
        ("Population", question.population),
        ("Intervention", question.intervention),
        ("Comparator", question.comparator),
        ("Outcomes", question.outcomes),
        ("Study design", question.study_design),
    ]
    blocks: list[Block] = [heading(2, "Question and eligibility criteria", "eligibility")]
    stated = [runs(strong(f"{name}: "), sentence(text)) for name, text in parts if text]
    if stated:
        blocks.append(BulletList(tuple(stated)))
    protocol = context.review.protocol
    if protocol.criteria_include:
        blocks.append(paragraph("Studies were eligible with all of the following:"))
        blocks.append(BulletList(tuple(runs(sentence(text)) for text in protocol.criteria_include)))
    if protocol.criteria_exclude:
        blocks.append(paragraph("Studies were excluded for any of the following:"))
        blocks.append(BulletList(tuple(runs(sentence(text)) for text in protocol.criteria_exclude)))
    return blocks


def _registration(context: Context) -> list[Block]:
    entry = context.review.protocol.registration
    blocks: list[Block] = [heading(2, "Protocol and registration", "registration")]
    text = registration_sentence(context)
    address = runs(" ", link(entry.url, entry.url)) if entry.url else ()
    blocks.append(Paragraph(runs(text, address)))
    if entry.fields:
        blocks.append(
            Table(
                id="tab-registration",
                caption="Fields of the registration, as they stand in the plan",
                columns=(Column("Field", share=0.34), Column("Text", share=0.66)),
                rows=tuple(Row(cells(name, text)) for name, text in entry.fields.items()),
            )
        )
    return blocks


def _sources(context: Context) -> list[Block]:
    sources = context.review.sources
    blocks: list[Block] = [heading(2, "Information sources and search", "sources")]
    if not sources:
        return [*blocks, paragraph("No search source is recorded.")]
    searched = [source for source in sources if source.searched]
    planned = [source for source in sources if not source.searched]
    sentences = []
    if searched:
        sentences.append(f"Searched: {join_words(source.name for source in searched)}.")
    if planned:
        sentences.append(
            f"Named in the plan and not searched: {join_words(source.name for source in planned)}."
        )
    blocks.append(
        Paragraph(
            runs(
                " ".join(sentences),
                " ",
                see("tab-sources"),
                " lists the sources with their dates; the strategies are under ",
                see("search-strategies"),
                ".",
            )
        )
    )
    rows = []
    for source in sources:
        place = " on ".join(part for part in (source.name, source.platform) if part)
        if source.searched:
            found = source.records + source.removed_at_source
            count = f"{source.found if source.found is not None else found:,}"
            date = date_words(source.date) or "not recorded"
        else:
            count, date = "–", "not searched"
        rows.append(
            Row(cells(place, SOURCE_WORDS.get(source.kind, source.kind), date, count, source.note))
        )
    blocks.append(
        Table(
            id="tab-sources",
            caption="Information sources",
            columns=(
                Column("Source", share=0.3),
                Column("Kind", share=0.13),
                Column("Date of search", share=0.17),
                Column("Records", "right", share=0.1),
                Column("Note", share=0.3),
            ),
            rows=tuple(rows),
        )
    )
    return blocks


STAGE_WORDS = {"title_abstract": "On title and abstract", "full_text": "On the full text"}


def _stage_sentence(where: str, votes: int, *, done: bool) -> str:
    if votes == 1:
        verb = "was judged" if done else "is to be judged"
        end = "; there was no second, independent decision." if done else "."
        return f"{where}, each record {verb} by one reviewer{end}"
    verb = "needed" if done else "needs"
    return (
        f"{where}, each record {verb} {spelled(votes)} independent decisions; where they "
        f"{'differed' if done else 'differ'}, a further person "
        f"{'settled' if done else 'settles'} it."
    )


def _selection(context: Context) -> list[Block]:
    review = context.review
    blocks: list[Block] = [heading(2, "Selection", "selection-process")]
    done = bool(review.decisions)
    sentences = [] if done else ["No record has been screened."]
    if review.protocol.stages and not done:
        sentences.append("The plan says:")
    sentences += [
        _stage_sentence(STAGE_WORDS.get(stage.name, stage.name), stage.votes_needed, done=done)
        for stage in review.protocol.stages
    ]
    reviewers = {made.reviewer for made in review.decisions}
    if reviewers:
        sentences.append(
            f"Decisions were made by {spelled(len(reviewers))} "
            f"{are(len(reviewers), 'reviewer', 'reviewers')}."
        )
    if review.duplicates:
        sentences.append(
            f"{count_first(len(review.duplicates), 'record')} that "
            f"{are(len(review.duplicates), 'repeats', 'repeat')} another "
            f"{are(len(review.duplicates), 'was', 'were')} set aside before screening."
        )
    if done:
        sentences += screening_order(context)
    blocks.append(paragraph(*sentences))
    return blocks


def _data_items(context: Context) -> list[Block]:
    review = context.review
    blocks: list[Block] = [heading(2, "Data collection and data items", "data-items")]
    sentences = []
    if review.protocol.fields:
        labels = [lower_first(item.label) for item in review.protocol.fields]
        sentences.append(f"From each study the following were collected: {join_words(labels)}.")
    if review.protocol.outcomes:
        names = [lower_first(outcome.label) for outcome in review.protocol.outcomes]
        sentences.append(
            f"{are(len(names), 'The outcome was', 'The outcomes were')} {series(names)}."
        )
    formats: dict[str, str] = {}
    for row in review.outcome_rows:
        formats.setdefault(row.format or row.kind, KIND_WORDS[row.kind])
    extractors = [person for person in review.people if "extractor" in person.roles]
    if extractors and (review.outcome_rows or review.protocol.fields):
        people = are(len(extractors), "person", "people")
        sentences.append(
            f"{upper_first(spelled(len(extractors)))} {people} extracted the data"
            + ("; there was no second, independent extraction." if len(extractors) == 1 else ".")
        )
    if not sentences:
        sentences.append("No data items are named in the plan.")
    blocks.append(paragraph(*sentences))
    if formats:
        blocks.append(paragraph("Outcome data were taken in these forms:"))
        blocks.append(
            BulletList(
                tuple(
                    runs(strong(f"{upper_first(name)}: "), f"{words}.")
                    for name, words in formats.items()
                )
            )
        )
    converted = _conversions(context)
    if converted:
        blocks.append(Paragraph(runs(" ".join(converted), " ", cite("handbook"))))
    return blocks


def _conversions(context: Context) -> list[str]:
    """Say which numbers had to be computed from others, going by what the sources print."""
    rows = context.review.outcome_rows
    arms = [row for row in rows if row.kind in ("means", "changes")]
    sentences = []
    if any("se1" in row.values or "se2" in row.values for row in arms):
        sentences.append(
            "Where a source prints standard errors of the arms, the standard deviation is the "
            "standard error times the square root of the number of participants."
        )
    if any("ci_lower1" in row.values for row in arms):
        sentences.append(
            "Where it prints confidence limits of the arms, the standard deviation follows from "
            "their width by the t distribution."
        )
    between = [row for row in rows if row.kind == "difference"]
    if any("ci_lower" in row.values for row in between):
        sentences.append(
            "The standard error of a difference between arms follows from the width of its "
            "confidence interval, by the normal distribution."
        )
    if any("p_value" in row.values for row in between):
        sentences.append(
            "Where only an exact P value is printed, it follows from the t statistic that belongs "
            "to P."
        )
    if between and any(result.plan.measure == "SMD" for result in context.results):
        sentences.append(
            "A difference is standardized by the standard deviation that its standard error and "
            "the numbers of participants imply."
        )
    return sentences


def _risk_of_bias(context: Context) -> list[Block]:
    review = context.review
    blocks: list[Block] = [heading(2, "Risk of bias", "risk-of-bias-methods")]
    instrument = review.protocol.rob_instrument
    if not instrument:
        return [*blocks, paragraph("The plan names no tool for risk of bias.")]
    known = known_instrument(instrument)
    key = cite("sterne2019") if instrument.startswith("rob2") else ()
    title = known.title if known else instrument_name(instrument)
    sentences: list[str] = []
    if known:
        sentences.append(
            f"It judges {spelled(len(known.domains))} domains: "
            f"{series(lower_first(domain.label) for domain in known.domains)}."
        )
        sentences.append(
            "Each judgement belongs to a result, not to a study: answers to signalling questions "
            "lead to a proposed judgement, which assessors may override with a reason."
        )
    others = dict.fromkeys(made.instrument for made in review.assessments)
    used = [instrument_name(name) for name in others if name != instrument]
    if used:
        sentences.append(f"Results that it does not fit were assessed with {series(used)}.")
    assessors = {made.assessor for made in review.assessments if made.assessor}
    if not review.assessments:
        sentences.append(
            "No result has been assessed with it so far, and no judgement was made up."
        )
    elif assessors == {"consensus"}:
        sentences.append("The judgements shown are the consensus of the assessors.")
    elif len(assessors) == 1:
        sentences.append("One person assessed each result.")
    elif assessors:
        sentences.append(f"{upper_first(spelled(len(assessors)))} assessors took part.")
    if review.published_judgements:
        tools = dict.fromkeys(entry.tool for entry in review.published_judgements)
        sentences.append(
            "Judgements that others published with other tools "
            f"({join_words(tools)}) are shown in their own table and enter nothing."
        )
    blocks.append(
        Paragraph(runs(f"The plan names {title} ", key, ". " if key else "", " ".join(sentences)))
    )
    return blocks


def methods_before_synthesis(context: Context) -> list[Block]:
    """Return the methods from the question to the risk of bias."""
    reporting = Paragraph(
        runs(
            "This document follows the items of PRISMA 2020 ",
            cite("page2021"),
            ". Methods are written from the plan of the review, results from the computed values.",
        )
    )
    return [
        heading(1, "Methods"),
        reporting,
        *_registration(context),
        *deviations(context),
        *_question(context),
        *_sources(context),
        *_selection(context),
        *_data_items(context),
        *_risk_of_bias(context),
    ]
