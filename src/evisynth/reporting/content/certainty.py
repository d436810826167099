"""Certainty of the evidence in prose: methods, abstract, and the section with its tables."""

from __future__ import annotations

from collections.abc import Sequence

from evisynth.certainty import MOST_OUTCOMES, Finding
from evisynth.display import plural
from evisynth.reporting.blocks import Block, BulletList, Note, Paragraph, Text, cite, runs, see
from evisynth.reporting.content.context import Context, heading
from evisynth.reporting.content.summary_of_findings import (
    evidence_profile,
    facts_table,
    findings,
    stale_sentences,
    summary_table,
)
from evisynth.reporting.content.words import join_words, lower_first, series, upper_first
from evisynth.review import RATINGS_FILE

__all__ = ["certainty", "certainty_item", "certainty_methods"]


def _warnings(context: Context, found: Sequence[Finding]) -> list[Block]:
    blocks: list[Block] = []
    stale = [finding for finding in found if finding.stale]
    if stale:
        what = " ".join(
            f"{upper_first(finding.label)} ({RATINGS_FILE}, "
            f"{'lines' if len(finding.stale) > 1 else 'line'} "
            f"{', '.join(str(each.line) for each in finding.stale)}): "
            f"{' '.join(stale_sentences(finding))}"
            for finding in stale
        )
        text = f"{what} These ratings do not hold for the result shown."
        blocks.append(Note("Ratings of the certainty are out of date", runs(text), kind="warning"))
    if context.is_demonstration and any(finding.rating is not None for finding in found):
        blocks.append(
            Note(
                "Ratings of a demonstration",
                runs(
                    "The ratings below show how the table is made. They belong to this worked "
                    "example and are no judgement on the interventions."
                ),
            )
        )
    unusual = [
        f"{upper_first(finding.label)}: {warning}."
        for finding in found
        if finding.rating is not None
        for warning in finding.rating.warnings
    ]
    if unusual:
        blocks.append(Note("Unusual steps", runs(" ".join(unusual)), kind="warning"))
    return blocks


def certainty(context: Context) -> list[Block]:
    """Return the certainty of the evidence; nothing where the plan has no summary of findings."""
    found = findings(context)
    if not found:
        return []
    rated = [finding for finding in found if finding.is_rated]
    with_data = [finding for finding in found if finding.result is not None]
    text: list[Text] = [
        see("tab-summary-of-findings"),
        f" summarizes {plural(len(found), 'outcome')}",
    ]
    if with_data:
        text += [", ", see("tab-evidence-profile"), " has the rating of each domain and ",
                 see("tab-certainty-facts"), " what was computed for it"]  # fmt: skip
    text.append(".")
    if len(rated) < len(with_data):
        left = [finding.label for finding in with_data if not finding.is_rated]
        text.append(f" Without a rating that holds: {series(lower_first(each) for each in left)}.")
    blocks: list[Block] = [
        heading(2, "Certainty of the evidence", "certainty"),
        Paragraph(runs(*text)),
        *_warnings(context, found),
        BulletList(tuple(runs(finding.statement()) for finding in found)),
    ]
    if len(found) > MOST_OUTCOMES:
        words = f"The table has {len(found)} outcomes; {MOST_OUTCOMES} at most serve its readers."
        blocks.append(Note("Many outcomes", runs(words), kind="warning"))
    blocks.append(summary_table(context, found))
    if with_data:
        blocks += [evidence_profile(found), facts_table(found)]
    return blocks


def certainty_item(context: Context) -> str:
    """Return what the abstract says of the certainty."""
    return " ".join(finding.statement() for finding in findings(context))


def certainty_methods(context: Context) -> list[Block]:
    """Return how the certainty was rated; nothing where the plan has no summary of findings."""
    review = context.review
    rows = review.summary_of_findings
    if not rows:
        return []
    names = {person.id: person.name for person in review.people}
    people = dict.fromkeys(
        names.get(name.strip(), name.strip())
        for steps in review.ratings.values()
        for step in steps
        for name in step.by.split(";")
        if name.strip()
    )
    by = f" by {series(people)}" if people else ", which nobody has done yet"
    sources = dict.fromkeys(row.thresholds.source for row in rows if row.thresholds is not None)
    parts: list[Text] = [
        "The certainty of the evidence for each outcome was rated with GRADE ",
        cite("guyatt2011", "balshem2011"),
        f"{by}. For each domain what can be computed was computed first: the weight of the studies "
        "by the risk of bias of the result, the prediction interval and the confidence interval of "
        "the effect against the thresholds ",
        cite("zeng2022", "guyatt2023"),
        ", the optimal information size, and signs of missing evidence. These made a proposal; "
        "people decided and gave a reason for each step. Absolute effects come from the relative "
        "effect and a baseline risk taken as known ",
        cite("guyatt2013"),
        "; the statements join size and certainty of the effect ",
        cite("santesso2020"),
        ".",
    ]
    if sources:
        parts.append(f" Thresholds: {join_words(sources)}.")
    if any(row.thresholds is None and row.analysis for row in rows):
        parts.append(
            " Where no thresholds are stated, standardized differences are held against 0.2, 0.5 "
            "and 0.8 standard deviations, by convention, and other measures against no effect."
        )
    return [
        heading(2, "Certainty of the evidence", "certainty-methods"),
        Paragraph(runs(*parts)),
    ]
