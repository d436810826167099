"""The protocol as a document, in the order of PRISMA-P."""

from __future__ import annotations

from evisynth import __version__
from evisynth.reporting.assembly import assemble
from evisynth.reporting.blocks import (
    Block,
    BulletList,
    Column,
    DocumentMeta,
    Note,
    Paragraph,
    Preformatted,
    ReviewDocument,
    Row,
    Runs,
    Table,
    cells,
    link,
    runs,
    strong,
)
from evisynth.reporting.content.context import (
    Context,
    date_words,
    heading,
    sentence,
    squeeze,
)
from evisynth.reporting.content.deviations import deviations
from evisynth.reporting.content.references import LIBRARY
from evisynth.reporting.protocol.words import (
    collection_words,
    exploration_words,
    missing_evidence_words,
    outcome_names,
    risk_of_bias_words,
    selection_words,
    sensitivity_words,
    sources_words,
    synthesis_words,
)
from evisynth.review import Review

__all__ = ["protocol_document"]


def protocol_document(review: Review) -> ReviewDocument:
    """Write the protocol of a review from its plan; nothing that was found is in it.

    Parameters
    ----------
    review
        The review; a folder with nothing but ``review.toml`` is enough.

    Returns
    -------
    ReviewDocument
        To be rendered as the document of the review is.
    """
    context = Context(review, ())
    title = f"Protocol: {review.title}"
    meta = DocumentMeta(
        title=title,
        short_title=f"Protocol: {review.short_title}",
        authors=tuple(person.name for person in review.people),
        date=review.date,
        version=review.version,
        licence=review.licence,
        subject="Protocol of a systematic review",
        keywords=("systematic review", "protocol"),
        generator=f"evisynth {__version__}",
        identifier=review.fingerprint,
        date_words=date_words(review.date),
    )
    blocks: list[Block] = [
        *_front(context),
        *_people(context),
        *_introduction(context),
        heading(1, "Methods"),
        *_eligibility(context),
        *_searches(context),
        *_records(context),
        *_data(context),
        *_synthesis(context),
        *_certainty(context),
        *deviations(context),
        *_statements(context),
    ]
    return assemble(meta, blocks, LIBRARY)


def _said(text: str, otherwise: str) -> Paragraph:
    """Return a paragraph; a placeholder that says what belongs there where there is no text."""
    if text:
        return Paragraph(runs(text))
    return Paragraph(runs(f"[{otherwise}]"), role="placeholder")


def _front(context: Context) -> list[Block]:
    review = context.review
    facts = [date_words(review.date), f"version {review.version}" if review.version else ""]
    blocks: list[Block] = [
        Paragraph(runs(" · ".join(fact for fact in facts if fact)), role="small")
    ]
    if review.statement:
        blocks.append(Note("Read this first", runs(squeeze(review.statement)), kind="warning"))
    entry = review.protocol.registration
    known = " ".join(part for part in (entry.register, entry.id) if part)
    day = f", {date_words(entry.date)}" if entry.date else ""
    text: Runs = runs(f"Registered: {known}{day}. " if known else "", sentence(entry.note))
    blocks.append(heading(1, "Registration", "registration"))
    if not text and not entry.url:
        blocks.append(_said("", "Register and number, once there is one: [registration]"))
    else:
        address = (link(entry.url, entry.url),) if entry.url else ()
        blocks.append(Paragraph(runs(text, " " if text else "", address)))
    return blocks


def _people(context: Context) -> list[Block]:
    people = context.review.people
    blocks: list[Block] = [heading(1, "People", "people")]
    if not people:
        return [*blocks, _said("", "Authors with affiliation and e-mail: [[people]]")]
    rows = tuple(
        Row(
            cells(
                made.name,
                made.affiliation,
                made.email,
                f"ORCID {made.orcid}" if made.orcid else "",
                ", ".join(made.roles),
            )
        )
        for made in people
    )
    columns = ("Name", "Affiliation", "E-mail", "ORCID", "Roles")
    return [
        *blocks,
        Table("tab-people", "People of the review", tuple(map(Column, columns)), rows),
    ]


def _introduction(context: Context) -> list[Block]:
    question = context.review.protocol.question
    parts = (
        ("Population", question.population),
        ("Intervention", question.intervention),
        ("Comparator", question.comparator),
        ("Outcomes", question.outcomes),
        ("Study design", question.study_design),
    )
    return [
        heading(1, "Introduction"),
        *context.own_text("introduction", "The rationale, in the light of what is known."),
        heading(2, "Objective"),
        _said(sentence(question.text), "The question in a sentence: [question] text"),
        BulletList(
            tuple(runs(strong(f"{name}: "), sentence(text)) for name, text in parts if text)
        ),
    ]


def _eligibility(context: Context) -> list[Block]:
    protocol = context.review.protocol
    blocks: list[Block] = [heading(2, "Eligibility criteria", "eligibility")]
    if not protocol.criteria_include:
        blocks.append(_said("", "What lets a study in and keeps it out: [criteria]"))
    for words, texts in (
        ("Studies are eligible with all of the following:", protocol.criteria_include),
        ("Studies are excluded for any of the following:", protocol.criteria_exclude),
    ):
        if texts:
            blocks += [
                Paragraph(runs(words)),
                BulletList(tuple(runs(sentence(text)) for text in texts)),
            ]
    return blocks


def _searches(context: Context) -> list[Block]:
    review = context.review
    blocks: list[Block] = [
        heading(2, "Information sources", "sources"),
        _said(sources_words(review), "Databases, registers and other sources: searches/"),
        heading(2, "Search strategy", "search-strategies"),
    ]
    drafts: list[Block] = []
    for source in review.sources:
        strategy = review.strategies.get(source.id)
        if strategy is not None and strategy.lines:
            text = "\n".join(f"{line.number}  {line.text}" for line in strategy.lines)
            drafts.append(Preformatted(text, source.name))
        elif source.query.strip():
            drafts.append(Preformatted(source.query.strip("\n"), source.name))
    return blocks + (drafts or [_said("", "A draft of one strategy: evisynth search")])


def _records(context: Context) -> list[Block]:
    review = context.review
    return [
        heading(2, "Management of records and data", "management"),
        Paragraph(
            runs(
                "Records, decisions and data are kept in one folder of text files with Evisynth; "
                "each act is written with its person and time into a history that shows every "
                "later change. Records of several sources are deduplicated by stated rules, "
                "doubtful pairs by people."
            )
        ),
        heading(2, "Selection", "selection-process"),
        _said(selection_words(review), "How many people decide at each stage: [stages]"),
    ]


def _data(context: Context) -> list[Block]:
    review = context.review
    outcomes = outcome_names(review)
    return [
        heading(2, "Data collection, data items and outcomes", "data-items"),
        _said(collection_words(review), "Who extracts what: [[people]], [fields.<name>]"),
        _said(
            f"The outcomes, the main ones first, are {outcomes}." if outcomes else "",
            "The outcomes in their order: [[outcomes]]",
        ),
        heading(2, "Risk of bias", "risk-of-bias-methods"),
        _said(risk_of_bias_words(review), "The instrument: [risk_of_bias]"),
    ]


def _synthesis(context: Context) -> list[Block]:
    review = context.review
    blocks: list[Block] = [heading(2, "Synthesis", "synthesis-methods")]
    said = synthesis_words(review)
    blocks += [Paragraph(runs(text)) for text in said] or [
        _said("", "Measure and model of each analysis: [[analyses]]")
    ]
    blocks += [
        heading(2, "Where results cannot be pooled", "no-pooling"),
        *context.own_text("no-pooling", "How results are then told: texts/no-pooling.md"),
        heading(2, "Subgroups and meta-regression", "subgroup-methods"),
        _said(exploration_words(review), "None is planned."),
        heading(2, "Sensitivity analyses", "sensitivity-methods"),
        _said(sensitivity_words(review), "None is planned."),
        heading(2, "Missing evidence", "missing-evidence-methods"),
        _said(missing_evidence_words(review), "None is planned."),
    ]
    return blocks


def _certainty(context: Context) -> list[Block]:
    blocks: list[Block] = [heading(2, "Certainty of the evidence", "certainty-methods")]
    if not context.review.summary_of_findings:
        return [*blocks, _said("", "GRADE for which outcomes: [[summary_of_findings]]")]
    return [
        *blocks,
        Paragraph(
            runs(
                "Certainty in the evidence will be rated with GRADE for "
                f"{len(context.review.summary_of_findings)} of the analyses: risk of bias, "
                "inconsistency, indirectness, imprecision and publication bias, each step with its "
                "reason."
            )
        ),
    ]


def _statements(context: Context) -> list[Block]:
    review = context.review
    return [
        heading(1, "Statements"),
        BulletList(
            (
                runs(strong("Funding: "), sentence(review.funding) or "Not stated."),
                runs(
                    strong("Conflicts of interest: "),
                    sentence(review.conflicts_of_interest) or "Not stated.",
                ),
            )
        ),
    ]
