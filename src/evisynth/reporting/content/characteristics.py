"""Characteristics of the included studies: the table, and counts by category."""

from __future__ import annotations

from collections import Counter

from evisynth.display import format_count, format_number
from evisynth.reporting.blocks import Block, Column, Paragraph, Row, Table, cells, runs, see
from evisynth.reporting.content.context import Context, heading, paragraph
from evisynth.reporting.content.words import are, count_first, series, studies, upper_first
from evisynth.studies import Field, Study

__all__ = ["characteristic_words", "study_characteristics"]


def characteristic_words(field: Field, study: Study) -> str:
    """Return a characteristic as a table shows it; unknown ones in the words of the plan."""
    value = study.characteristics.get(field.name)
    if value is None or value == "" or value == ():
        return field.unknown
    if isinstance(value, tuple):
        return "; ".join(value)
    if isinstance(value, float):
        if value != value:  # NaN
            return field.unknown
        return format_number(value, 0 if value.is_integer() else 1)
    return str(value)


def _outcomes(context: Context, study: Study) -> str:
    found: dict[str, list[str]] = {}
    for row in context.review.outcome_rows:
        if row.study == study.id:
            names = found.setdefault(context.outcome_label(row.outcome), [])
            if row.instrument and row.instrument not in names:
                names.append(row.instrument)
    return "; ".join(
        f"{label} ({', '.join(names)})" if names else label for label, names in found.items()
    )


def _table(context: Context) -> Table:
    fields = context.review.protocol.fields
    columns = [Column("Study", share=0.9)]
    for item in fields:
        numeric = item.type == "number"
        share = {"text": 1.0, "number": 0.6, "category": 0.9, "categories": 1.3}[item.type]
        longest = max(
            (len(characteristic_words(item, study)) for study in context.review.studies), default=0
        )
        if item.type == "text" and longest > 60:
            share = 2.4
        columns.append(Column(item.label, "right" if numeric else "left", share=share))
    rows = [
        [study.id, *(characteristic_words(item, study) for item in fields)]
        for study in context.review.studies
    ]
    if context.review.outcome_rows:
        columns.append(Column("Outcomes (instrument)", share=1.5))
        for row, study in zip(rows, context.review.studies, strict=True):
            row.append(_outcomes(context, study))
    return Table(
        id="tab-characteristics",
        caption="Characteristics of the included studies",
        columns=tuple(columns),
        rows=tuple(Row(cells(*row)) for row in rows),
        wide=len(columns) > 5,
    )


def _counts(context: Context, field: Field) -> tuple[Counter[str], int]:
    counted: Counter[str] = Counter()
    unknown = 0
    for study in context.review.studies:
        value = study.characteristics.get(field.name)
        if isinstance(value, tuple) and value:
            counted.update(value)
        elif isinstance(value, str) and value:
            counted[value] += 1
        else:
            unknown += 1
    return counted, unknown


def _ordered(counted: Counter[str], levels: tuple[str, ...]) -> list[tuple[str, int]]:
    known = [(level, counted[level]) for level in levels if counted[level]]
    return known + sorted((name, n) for name, n in counted.items() if name not in levels)


def _count_sentences(context: Context) -> list[str]:
    sentences = []
    for item in context.review.protocol.fields:
        if item.type not in ("category", "categories"):
            continue
        counted, unknown = _counts(context, item)
        if not counted:
            continue
        many = item.type == "categories"
        named = series(f"{name} ({format_count(n)})" for name, n in _ordered(counted, item.levels))
        text = f"{item.label}: {named}"
        if many:
            text += "; a study may count more than once"
        empty = [level for level in item.levels if not counted[level]]
        if empty:
            text += f"; no study: {series(empty)}"
        if unknown:
            text += f"; {studies(unknown)} {item.unknown}"
        sentences.append(f"{upper_first(text)}.")
    return sentences


def count_table(context: Context) -> Table | None:
    """Return the counts of studies by every category, unknown ones included."""
    rows: list[Row] = []
    notes = []
    for item in context.review.protocol.fields:
        if item.type not in ("category", "categories"):
            continue
        counted, unknown = _counts(context, item)
        if not counted and not unknown:
            continue
        title = item.label
        if item.type == "categories":
            title += " (not exclusive)"
            notes.append(runs(f"{item.label}: a study may count in several rows."))
        rows.append(Row(cells(title), "group"))
        listed = _ordered(counted, item.levels)
        listed += [(level, 0) for level in item.levels if not counted[level]]
        listed.sort(
            key=lambda pair: (
                item.levels.index(pair[0]) if pair[0] in item.levels else len(item.levels),
                pair[0],
            )
        )
        rows += [Row(cells(name, format_count(n))) for name, n in listed]
        if unknown:
            rows.append(Row(cells(upper_first(item.unknown), format_count(unknown))))
    if not rows:
        return None
    return Table(
        id="tab-counts",
        caption="Number of studies by category",
        columns=(Column("Category", share=0.7), Column("Studies", "right", share=0.3)),
        rows=tuple(rows),
        footnotes=tuple(notes),
    )


def study_characteristics(context: Context) -> list[Block]:
    """Return the characteristics of the included studies."""
    blocks: list[Block] = [heading(2, "Characteristics of the studies", "characteristics")]
    all_studies = context.review.studies
    if not all_studies:
        return [*blocks, paragraph("No study has been included.")]
    blocks.append(
        Paragraph(
            runs(
                f"{count_first(len(all_studies), 'study', 'studies')} "
                f"{are(len(all_studies), 'was', 'were')} included; ",
                see("tab-characteristics"),
                " has one row for each",
                context.pointer("characteristics"),
                f". {' '.join(_count_sentences(context))}",
            )
        )
    )
    counts = count_table(context)
    if counts is not None:
        blocks.append(counts)
    blocks += context.placed("characteristics", () if counts is None else ("tab-counts",))
    blocks.append(_table(context))
    return blocks
