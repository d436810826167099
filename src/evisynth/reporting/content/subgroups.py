"""Subgroup analyses and meta-regressions in prose and table."""

from __future__ import annotations

import math

from evisynth.analysis import AnalysisResult
from evisynth.display import (
    DASH,
    format_count,
    format_number,
    format_p,
    format_percent,
    format_statistic,
)
from evisynth.reporting.blocks import Block, Column, Paragraph, Row, Table, cells, runs, see
from evisynth.reporting.content.context import Context, heading, paragraph, slug
from evisynth.reporting.content.estimates import (
    Footnotes,
    group_row,
    pooled_columns,
    pooled_row,
)
from evisynth.reporting.content.words import (
    are,
    ci_name,
    degrees,
    includes_no_effect,
    lower_first,
    series,
    shown,
    shown_ci,
    studies,
    upper_first,
)
from evisynth.synthesis import HeterogeneityTest, MetaRegression, SubgroupAnalysis

__all__ = ["difference_words", "regression_blocks", "subgroup_blocks"]


def difference_words(test: HeterogeneityTest) -> str:
    """Return a test as ``Q = 3.34, df = 2, P = 0.19`` or ``F = 1.2 on 2 and 6 df, P = 0.36``."""
    if math.isnan(test.p_value):
        return ""
    statistic, p = format_statistic(test.statistic), format_p(test.p_value, symbol=True)
    if test.distribution == "F":
        return f"F = {statistic} on {degrees(test.df1)} and {degrees(test.df2)} df, {p}"
    return f"Q = {statistic}, df = {degrees(test.df1)}, {p}"


def _label(context: Context, result: AnalysisResult, by: str) -> str:
    for group in result.plan.subgroups:
        if group.by == by and group.label:
            return group.label
    for item in context.review.protocol.fields:
        if item.name == by:
            return item.label
    return by


def _sentences(context: Context, result: AnalysisResult, found: SubgroupAnalysis) -> str:
    scale = result.fit.effects.scale
    label = lower_first(_label(context, result, found.by))
    parts = []
    for group in found.groups:
        fit = group.fit
        words = (
            f"{group.level} {shown(scale, fit.estimate)} "
            f"({ci_name(fit.options.level)} {shown_ci(scale, fit.ci_lower, fit.ci_upper)}; "
            f"{studies(fit.k)})"
        )
        parts.append(words)
    text = f"By {label}: {series(parts)}."
    if len(found.groups) < 2:
        return f"{text} With one subgroup there is no difference to test."
    test = difference_words(found.test)
    if test:
        text += f" Test for subgroup differences: {test}"
        other = found.test_separate if found.tau2 == "common" else found.test_common
        second = difference_words(other)
        own = "with a common tau²" if found.tau2 == "common" else "with separate tau²"
        contrary = "with separate tau²" if found.tau2 == "common" else "with a common tau²"
        text += f" ({own})"
        text += f"; {contrary} {second}." if second else "."
    elif found.test.reason:
        text += f" No test for subgroup differences: {found.test.reason.rstrip('.')}."
    outside = [
        group.level
        for group in found.groups
        if not includes_no_effect(scale, group.fit.ci_lower, group.fit.ci_upper)
    ]
    if outside:
        text += (
            f" The {are(len(outside), 'interval', 'intervals')} of {series(outside)} "
            f"{are(len(outside), 'excludes', 'exclude')} no effect; that an interval does so in "
            "one subgroup and not in another is no evidence of a difference between them."
        )
    if any(group.fit.k == 2 and group.fit.options.ci == "HKSJ" for group in found.groups):
        text += " Intervals of two studies rest on one degree of freedom and are wide by right."
    if found.not_coded:
        text += f" Not coded, in the overall result only: {series(found.not_coded)}."
    return text


def subgroup_blocks(context: Context, result: AnalysisResult) -> list[Block]:
    """Return the subgroup analyses of one analysis: sentences, figures, one table."""
    if not result.subgroups:
        return []
    plan = result.plan
    table_id = f"tab-subgroups-{plan.id}"
    section = f"subgroups-{plan.id}"
    blocks: list[Block] = [heading(3, plan.title, section)]
    blocks += [
        Paragraph(runs(_sentences(context, result, found))) for found in result.subgroups.values()
    ]
    blocks.append(Paragraph(runs(see(table_id), " has all numbers", context.pointer(section), ".")))
    notes = Footnotes()
    rows: list[Row] = []
    columns = pooled_columns(result)
    for by, found in result.subgroups.items():
        own = "own tau² in each" if found.tau2 == "separate" else "one tau² in all"
        rows.append(group_row(f"{_label(context, result, by)} ({own})"))
        rows += [pooled_row(upper_first(group.level), group.fit, notes) for group in found.groups]
        test = difference_words(found.test) or found.test.reason
        if test:
            rows.append(Row((runs(f"Test for subgroup differences: {test}"),), "note"))
        if found.not_coded:
            rows.append(Row((runs(f"Not coded: {series(found.not_coded)}"),), "note"))
    table = Table(
        id=table_id,
        caption=f"{plan.title}: pooled effects by subgroup",
        columns=(Column("Subgroup", share=columns[0].share), *columns[1:]),
        rows=tuple(rows),
        footnotes=notes.lines(),
    )
    return [*blocks, table, *context.placed(section, (table_id,))]


def _regression_table(result: AnalysisResult, formula: str, fit: MetaRegression) -> Table:
    rows = tuple(
        Row(
            cells(
                fit.terms[place],
                format_number(float(fit.coefficients[place]), 3),
                format_number(float(fit.se[place]), 3),
                f"{format_number(float(fit.ci_lower[place]), 3)} to "
                f"{format_number(float(fit.ci_upper[place]), 3)}",
                format_statistic(float(fit.statistics[place])),
                format_p(float(fit.p_values[place])),
            )
        )
        for place in range(len(fit.terms))
    )
    scale = fit.effects.scale
    unit = f"log {lower_first(scale.label)}" if scale.is_ratio else lower_first(scale.label)
    return Table(
        id=f"tab-regression-{result.plan.id}-{slug(formula)}",
        caption=f"{result.plan.title}: meta-regression on {formula}",
        columns=(
            Column("Term", share=1.6),
            Column("Coefficient", "right"),
            Column("SE", "right", share=0.8),
            Column(ci_name(fit.options.level), "right", share=1.6),
            Column("z" if math.isinf(fit.df) else "t", "right", share=0.7),
            Column("P", "right", share=0.7),
        ),
        rows=rows,
        footnotes=(runs(f"Coefficients are differences in the {unit} for one unit of the term."),),
    )


def regression_blocks(result: AnalysisResult) -> list[Block]:
    """Return the meta-regressions of one analysis."""
    if not result.meta_regressions:
        return []
    blocks: list[Block] = [heading(3, result.plan.title, f"regression-{result.plan.id}")]
    for formula, fit in result.meta_regressions.items():
        table = _regression_table(result, formula, fit)
        omnibus = difference_words(fit.moderators)
        sentences = [f"On {formula} ({studies(fit.k)}):"]
        sentences.append(
            f"test of moderators {omnibus}."
            if omnibus
            else f"no test of moderators ({fit.moderators.reason})."
        )
        explained = DASH if math.isnan(fit.r2) else format_percent(fit.r2)
        sentences.append(
            f"Residual tau² is {format_number(fit.tau2)}; {explained} of the between-study "
            f"variance is accounted for. Residual Q = {format_statistic(fit.qe)} on "
            f"{format_count(fit.qe_df)} df ({format_p(fit.qe_p, symbol=True)})."
        )
        if fit.left_out:
            sentences.append(f"Without a value of the moderators: {series(fit.left_out)}.")
        blocks += [
            Paragraph(runs(" ".join(sentences), " See ", see(table.id), ".")),
            table,
        ]
    blocks.append(
        paragraph(
            "Associations across studies are observational and need not hold for persons within "
            "studies."
        )
    )
    return blocks
