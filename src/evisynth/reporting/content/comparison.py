"""Own results beside those of another publication; nothing is pooled across."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evisynth.analysis import AnalysisResult
from evisynth.display import (
    DASH,
    MINUS,
    format_ci,
    format_count,
    format_number,
    format_p,
    format_percent,
)
from evisynth.reporting.blocks import (
    Block,
    Column,
    Note,
    Paragraph,
    Row,
    Table,
    cells,
    runs,
    see,
)
from evisynth.reporting.content.context import Context, heading, sentence
from evisynth.reporting.content.words import ci_name, join_words, shown, shown_ci, upper_first
from evisynth.review import PublishedResult
from evisynth.synthesis import HeterogeneityTest, PooledFit

__all__ = ["Compared", "compared", "comparison"]

NOT_PUBLISHED = "not published"


@dataclass(frozen=True, slots=True)
class Compared:
    """One published result and what stands beside it.

    ``why`` says why ours has no pooled effect; a row on a difference between subgroups has our
    ``test`` of it.
    """

    published: PublishedResult
    result: AnalysisResult | None
    fit: PooledFit | None
    why: str
    test: HeterogeneityTest | None = None

    @property
    def difference(self) -> float:
        """Own estimate minus the published one on the pooled scale; NaN without both."""
        if self.fit is None or self.published.estimate is None:
            return math.nan
        published = self.published.estimate
        if self.fit.effects.scale.is_ratio:
            published = math.log(published) if published > 0 else math.nan
        return self.fit.estimate - published


def _own(context: Context, entry: PublishedResult) -> Compared:
    found = next((r for r in context.results if r.plan.id == entry.analysis), None)
    if found is None:
        found = next((r for r in context.main if r.outcome.id == entry.outcome), None)
    if found is None:
        return Compared(entry, None, None, "not analysed here")
    if not entry.subgroup:
        return Compared(entry, found, found.fit, "")
    analysis = found.subgroups.get(entry.subgroup)
    if analysis is None:
        return Compared(entry, found, None, "no such subgroup analysis")
    if not entry.level:
        return Compared(entry, found, None, "test between subgroups", analysis.test)
    for group in analysis.groups:
        if group.level == entry.level:
            return Compared(entry, found, group.fit, "")
    return Compared(entry, found, None, "no study in this subgroup")


def compared(context: Context) -> tuple[Compared, ...]:
    """Pair each published result with ours."""
    return tuple(_own(context, entry) for entry in context.review.published_results)


def _as_published(text: str) -> str:
    """Return a number with the digits that it was published with, and a true minus sign."""
    return text.strip().replace("-", MINUS) or NOT_PUBLISHED


def _row(pair: Compared) -> Row:
    entry, fit = pair.published, pair.fit
    if fit is None:
        p = DASH if pair.test is None else format_p(pair.test.p_value)
        ours = [DASH, pair.why or DASH, p, DASH]
        difference = DASH
    else:
        scale = fit.effects.scale
        ours = [
            format_count(fit.k),
            f"{shown(scale, fit.estimate)} ({shown_ci(scale, fit.ci_lower, fit.ci_upper)})",
            format_p(fit.p_value),
            format_percent(fit.i2),
        ]
        difference = DASH
        if not math.isnan(pair.difference):
            value = math.exp(pair.difference) if scale.is_ratio else pair.difference
            difference = format_number(value)
    theirs_estimate = NOT_PUBLISHED
    if entry.estimate is not None:
        theirs_estimate = format_number(entry.estimate)
        if entry.ci_lower is not None and entry.ci_upper is not None:
            theirs_estimate += f" ({format_ci(entry.ci_lower, entry.ci_upper, separator=' to ')})"
    theirs = [
        NOT_PUBLISHED if entry.k is None else format_count(entry.k),
        theirs_estimate,
        _as_published(entry.p),
        _as_published(entry.i2),
    ]
    if entry.estimate is None and entry.k is None:
        theirs = [DASH, NOT_PUBLISHED, DASH, DASH]
    return Row(cells(entry.label, *ours, *theirs, difference))


def comparison(context: Context) -> list[Block]:
    """Return the table of own and published results, with what it is not."""
    pairs = compared(context)
    if not pairs:
        return []
    citation = context.review.published_citation
    sources = dict.fromkeys(pair.published.source for pair in pairs if pair.published.source)
    named = citation.rstrip(".") or join_words(sources)
    with_fit = next((pair for pair in pairs if pair.fit is not None), None)
    short, level, is_ratio = "Estimate", "95% CI", False
    if with_fit is not None and with_fit.fit is not None:
        fit = with_fit.fit
        short, level = fit.effects.scale.short, ci_name(fit.options.level)
        is_ratio = fit.effects.scale.is_ratio
    ours, theirs = "This review", "As published"
    notes = [
        runs(f"{upper_first(NOT_PUBLISHED)}: not stated in what was seen of the publication."),
        runs(
            "Ratio: own estimate over the published one."
            if is_ratio
            else "Difference: own estimate minus the published one."
        ),
    ]
    notes += [
        runs(f"{pair.published.label}: {sentence(pair.published.note)}")
        for pair in pairs
        if pair.published.note
    ]
    table = Table(
        id="tab-comparison",
        caption="Own results beside published results",
        columns=(
            Column("Result", share=2.0),
            Column("Studies", "right", ours, 0.8),
            Column(f"{short} ({level})", "right", ours, 2.0),
            Column("P", "right", ours, 0.8),
            Column("I²", "right", ours, 0.7),
            Column("Studies", "right", theirs, 0.9),
            Column(f"{short} ({level})", "right", theirs, 2.0),
            Column("P", "right", theirs, 0.9),
            Column("I²", "right", theirs, 0.9),
            Column("Ratio" if is_ratio else "Difference", "right", share=1.0),
        ),
        rows=tuple(_row(pair) for pair in pairs),
        footnotes=tuple(notes),
        wide=True,
    )
    blocks: list[Block] = [
        heading(2, "Beside published results", "published-results"),
        Paragraph(
            runs(
                see("tab-comparison"),
                " sets the results of this review beside published ones",
                f" ({named})." if named else ".",
                " The studies differ, so the two need not agree.",
            )
        ),
        Note(
            "Not a replication",
            runs(
                "The results stand side by side for orientation only. This is not a replication, "
                "and agreement or difference is no evidence for or against the published results."
            ),
        ),
        table,
    ]
    return blocks
