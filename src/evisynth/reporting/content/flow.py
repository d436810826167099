"""Results of the search and the selection, in prose beside the flow diagram."""

from __future__ import annotations

from evisynth.display import format_count, plural
from evisynth.reporting.blocks import Block, Paragraph, runs
from evisynth.reporting.content.context import Context, heading, paragraph, sentence
from evisynth.reporting.content.words import are, count_first, lower_first, series

__all__ = ["study_selection"]


def _reasons(reasons: tuple[tuple[str, int], ...]) -> str:
    return series(f"{lower_first(words)} ({format_count(count)})" for words, count in reasons)


def study_selection(context: Context) -> list[Block]:
    """Return the flow from records to studies."""
    flow = context.review.flow
    blocks: list[Block] = [heading(2, "Selection of studies", "study-selection")]
    if not flow.records_found and not flow.records_screened:
        start = ["No record has been identified yet."]
        if context.review.studies:
            start.append(
                f"The review holds {plural(len(context.review.studies), 'study', 'studies')} that "
                "were entered without records of a search."
            )
        blocks.append(paragraph(*start))
        return [*blocks, *context.placed("flow")]
    removed = flow.duplicates_removed + flow.records_removed_other
    sentences = [
        f"{count_first(flow.records_found, 'record')} "
        f"{are(flow.records_found, 'was', 'were')} identified"
        + (
            f", of which {format_count(removed)} {are(removed, 'was', 'were')} removed before "
            f"screening ({plural(flow.duplicates_removed, 'duplicate')}"
            + (
                f", {format_count(flow.records_removed_other)} for other reasons"
                if flow.records_removed_other
                else ""
            )
            + ")."
            if removed
            else "."
        ),
        f"Of {plural(flow.records_screened, 'record')} screened, "
        f"{format_count(flow.records_excluded)} {are(flow.records_excluded, 'was', 'were')} "
        "excluded" + (f": {_reasons(flow.excluded_reasons)}." if flow.excluded_reasons else "."),
        f"{count_first(flow.reports_sought, 'report')} "
        f"{are(flow.reports_sought, 'was', 'were')} sought; "
        f"{format_count(flow.reports_not_retrieved)} could not be retrieved.",
        f"Of {plural(flow.reports_assessed, 'report')} assessed in full text, "
        f"{format_count(flow.reports_excluded)} {are(flow.reports_excluded, 'was', 'were')} "
        "excluded" + (f": {_reasons(flow.full_text_reasons)}." if flow.full_text_reasons else "."),
        f"{count_first(flow.studies_included, 'study', 'studies')} in "
        f"{plural(flow.reports_included, 'report')} "
        f"{are(flow.studies_included, 'was', 'were')} included"
        + (
            f", {format_count(flow.studies_in_synthesis)} of them in at least one main analysis."
            if context.results
            else "."
        ),
    ]
    text = " ".join(sentences)
    blocks.append(Paragraph(runs(text.removesuffix("."), context.pointer("flow"), ".")))
    waiting = []
    if flow.open:
        waiting.append(
            f"{count_first(flow.open, 'record')} still "
            f"{are(flow.open, 'waits', 'wait')} for decisions."
        )
    if flow.conflicts:
        waiting.append(
            f"{count_first(flow.conflicts, 'conflict')} "
            f"{are(flow.conflicts, 'is', 'are')} not settled."
        )
    waiting += [sentence(problem) for problem in flow.problems]
    if waiting:
        blocks.append(paragraph(*waiting))
    return [*blocks, *context.placed("flow")]
