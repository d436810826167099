"""Risk of bias: our own judgements by result, and what others published, kept apart."""

from __future__ import annotations

from collections import Counter

from evisynth.appraisal import Assessment
from evisynth.display import format_count, plural
from evisynth.reporting.blocks import (
    Block,
    Cell,
    Column,
    Note,
    Paragraph,
    Row,
    Table,
    cells,
    runs,
    see,
    sup,
)
from evisynth.reporting.content.context import Context, heading, paragraph, sentence, slug
from evisynth.reporting.content.rob_words import (
    JUDGEMENT_WORDS,
    instrument_name,
    known_instrument,
)
from evisynth.reporting.content.words import are, lower_first, series, upper_first

__all__ = ["risk_of_bias"]


def _groups(context: Context) -> dict[tuple[str, str], list[Assessment]]:
    """Assessments by instrument and outcome, in the order of the plan."""
    found: dict[tuple[str, str], list[Assessment]] = {}
    for made in context.consensus():
        found.setdefault((made.instrument, made.outcome), []).append(made)
    order = {outcome.id: place for place, outcome in enumerate(context.review.protocol.outcomes)}
    return dict(sorted(found.items(), key=lambda item: (item[0][0], order.get(item[0][1], -1))))


def _cell(made: Assessment, place: int, notes: dict[str, str]) -> Cell:
    """One judgement; an override is marked and its reason kept for the footnotes."""
    domain = made.overall if place < 0 else made.domains[place]
    words = runs(JUDGEMENT_WORDS[domain.final])
    if domain.overridden:
        proposed = lower_first(JUDGEMENT_WORDS[domain.proposed])
        reason = sentence(domain.reason) or "No reason was recorded."
        label = "overall" if place < 0 else domain.domain
        notes[f"{made.study}, {label}"] = f"the algorithm proposed {proposed}. {reason}"
        words = runs(words, sup("*"))
    return words


def _table(context: Context, instrument: str, outcome: str, made: list[Assessment]) -> Table:
    known = known_instrument(instrument)
    domains = [domain.domain for domain in made[0].domains]
    notes: dict[str, str] = {}
    by_study = {item.study: item for item in made}
    with_outcome = {
        row.study for row in context.review.outcome_rows if row.outcome == outcome or not outcome
    }
    order = [study for study in context.study_ids if study in by_study or study in with_outcome]
    order += [study for study in by_study if study not in order]
    rows = []
    for study in order:
        if study in by_study:
            item = by_study[study]
            judged = [_cell(item, place, notes) for place in range(len(domains))]
            rows.append(Row((runs(study), *judged, _cell(item, -1, notes))))
        else:
            empty = [JUDGEMENT_WORDS["not assessed"]] * (len(domains) + 1)
            rows.append(Row(cells(study, *empty)))
    what = f"{lower_first(context.outcome_label(outcome))}" if outcome else "the studies’ results"
    footnotes = [runs(f"{place}: {text}") for place, text in notes.items()]
    if notes:
        footnotes.insert(0, runs("* Decided by the assessors against the proposal:"))
    if known:
        legend = "; ".join(f"{domain.id} {lower_first(domain.title)}" for domain in known.domains)
        footnotes.append(runs(f"{legend}."))
    return Table(
        id=f"tab-rob-{slug(instrument)}-{slug(outcome)}",
        caption=f"Risk of bias in {what}, {instrument_name(instrument)}",
        columns=(
            Column("Study", share=1.6),
            *(Column(domain, share=1.0) for domain in domains),
            Column("Overall", share=1.0),
        ),
        rows=tuple(rows),
        footnotes=tuple(footnotes),
    )


def _summary(context: Context, instrument: str, outcome: str, made: list[Assessment]) -> str:
    counted: Counter[str] = Counter(item.overall.final for item in made)
    named = series(
        f"{lower_first(JUDGEMENT_WORDS[judgement])} in {format_count(counted[judgement])}"
        for judgement in JUDGEMENT_WORDS
        if counted[judgement]
    )
    what = f"For {lower_first(context.outcome_label(outcome))}" if outcome else "Over all studies"
    text = (
        f"{what}, the overall risk of bias ({instrument_name(instrument)}, "
        f"{plural(len(made), 'result')}) was {named}."
    )
    overridden = sum(domain.overridden for item in made for domain in (*item.domains, item.overall))
    if overridden:
        text += (
            f" {upper_first(plural(overridden, 'judgement'))} "
            f"{are(overridden, 'differs', 'differ')} from what the algorithm proposed."
        )
    return text


def _published(context: Context) -> list[Block]:
    entries = context.review.published_judgements
    if not entries:
        return []
    covered = len({entry.study for entry in entries})
    rows = tuple(
        Row(
            cells(
                entry.study,
                context.outcome_label(entry.outcome) or "not stated",
                entry.tool,
                upper_first(entry.judgement),
                entry.source,
            )
        )
        for entry in entries
    )
    return [
        Paragraph(
            runs(
                f"Others published judgements of {plural(covered, 'study', 'studies')} with other "
                "tools; ",
                see("tab-rob-published"),
                " shows them as they stand. They are not ours and were not used.",
            )
        ),
        Table(
            id="tab-rob-published",
            caption="Risk of bias as judged by others, by other tools",
            columns=(
                Column("Study", share=1.0),
                Column("Result", share=1.0),
                Column("Tool", share=1.5),
                Column("Judgement", share=0.8),
                Column("Source", share=2.2),
            ),
            rows=rows,
        ),
    ]


def risk_of_bias(context: Context) -> list[Block]:
    """Return the judgements by result; where nobody has looked, it says so."""
    blocks: list[Block] = [heading(2, "Risk of bias in the studies", "risk-of-bias")]
    instrument = context.review.protocol.rob_instrument
    groups = _groups(context)
    if not groups:
        name = instrument_name(instrument)
        text = (
            f"No result of any study has been assessed with {name}. The risk of bias is therefore "
            "not known, and every result below must be read so"
            if name
            else "The risk of bias has not been assessed"
        )
        shown = runs(text, context.pointer("risk-of-bias"), "." if text else "")
        blocks.append(Note("Risk of bias: not assessed", shown, kind="warning"))
        blocks += context.placed("risk-of-bias")
        return [*blocks, *_published(context)]
    summaries = " ".join(_summary(context, *key, made) for key, made in groups.items())
    blocks.append(
        Paragraph(runs(summaries.removesuffix("."), context.pointer("risk-of-bias"), "."))
    )
    left = [
        study
        for study in context.study_ids
        if study not in {made.study for made in context.review.assessments}
    ]
    if left:
        blocks.append(paragraph(f"Not assessed: {series(left)}."))
    tables = [_table(context, *key, made) for key, made in groups.items()]
    blocks += context.placed("risk-of-bias", tuple(table.id for table in tables))
    return [*blocks, *tables, *_published(context)]
