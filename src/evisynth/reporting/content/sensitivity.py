"""What varies a main result: other data, outliers, one study less, the order of studies."""

from __future__ import annotations

import math

import numpy as np

from evisynth.analysis import AnalysisResult
from evisynth.display import (
    format_number,
    format_p,
    format_percent,
)
from evisynth.reporting.blocks import (
    Block,
    Column,
    Paragraph,
    Row,
    Runs,
    Table,
    cells,
    runs,
    see,
)
from evisynth.reporting.content.context import Context, heading
from evisynth.reporting.content.words import (
    ci_name,
    includes_no_effect,
    series,
    shown,
    shown_ci,
    side_words,
    studies,
)
from evisynth.synthesis import PooledFit

__all__ = ["change_words", "sensitivity_blocks", "sensitivity_sentences"]


def _reading(result: AnalysisResult, fit: PooledFit) -> tuple[str, bool]:
    """Return the side of an estimate and whether its interval holds no effect."""
    return (
        side_words(result, fit.estimate),
        includes_no_effect(fit.effects.scale, fit.ci_lower, fit.ci_upper),
    )


def change_words(result: AnalysisResult, fit: PooledFit) -> str:
    """Say what changes in direction and interval against the main result."""
    side, crosses = _reading(result, result.fit)
    new_side, new_crosses = _reading(result, fit)
    if new_side != side:
        return f"the estimate moves to the side of {new_side}"
    if crosses and not new_crosses:
        return "the interval then excludes no effect"
    if new_crosses and not crosses:
        return "the interval then includes no effect"
    return "direction and reading of the interval stay"


def _value(fit: PooledFit) -> str:
    scale = fit.effects.scale
    return (
        f"{shown(scale, fit.estimate)} ({ci_name(fit.options.level)} "
        f"{shown_ci(scale, fit.ci_lower, fit.ci_upper)}; {studies(fit.k)})"
    )


def sensitivity_sentences(context: Context, result: AnalysisResult) -> Runs:
    """Return the variations of a main result in prose; nothing if there are none."""
    sentences = [
        f"{other.plan.title}: {_value(other.fit)}; {change_words(result, other.fit)}."
        for other in context.sensitivity_of(result)
    ]
    without = result.without_outliers
    if without is not None:
        if without.fit is None:
            sentences.append(f"No study is an outlier by the rule of the plan ({without.rule}).")
        else:
            i2 = ""
            if not math.isnan(without.fit.i2):
                before, after = (format_percent(fit.i2) for fit in (result.fit, without.fit))
                i2 = f"; I² {after} instead of {before}"
            sentences.append(
                f"Without {series(without.left_out)} ({without.rule}): {_value(without.fit)}{i2}; "
                f"{change_words(result, without.fit)}."
            )
    if not sentences:
        return ()
    return runs(" ".join(sentences), " All of these stand in ", see(f"tab-pooled-{result.plan.id}"))


def _leave_one_out_sentence(result: AnalysisResult) -> str:
    found = result.leave_one_out
    if found is None or not len(found.left_out):
        return ""
    scale = result.fit.effects.scale
    low, high = int(np.argmin(found.estimates)), int(np.argmax(found.estimates))
    text = (
        f"Leaving out one study at a time moves the pooled effect between "
        f"{shown(scale, float(found.estimates[low]))} (without {found.left_out[low]}) and "
        f"{shown(scale, float(found.estimates[high]))} (without {found.left_out[high]})"
    )
    crosses = includes_no_effect(scale, result.fit.ci_lower, result.fit.ci_upper)
    changed = [
        name
        for name, lower, upper in zip(found.left_out, found.ci_lower, found.ci_upper, strict=True)
        if includes_no_effect(scale, float(lower), float(upper)) != crosses
    ]
    now = "excludes" if crosses else "includes"
    if not changed:
        kept = "includes" if crosses else "excludes"
        return f"{text}; the interval {kept} no effect every time."
    return f"{text}; the interval {now} no effect without {series(changed, 'or')}."


def _influence_sentence(result: AnalysisResult) -> str:
    found = result.influence
    if found is None:
        return ""
    outliers = [name for name, yes in zip(found.labels, found.outlier, strict=True) if yes]
    influential = [name for name, yes in zip(found.labels, found.influential, strict=True) if yes]
    parts = [
        f"Outliers by the studentized deleted residual: {series(outliers) or 'none'}.",
        f"Influential: {series(influential) or 'none'}.",
    ]
    return " ".join(parts)


def _leave_one_out_table(result: AnalysisResult) -> Table | None:
    found = result.leave_one_out
    if found is None or not len(found.left_out):
        return None
    scale = result.fit.effects.scale
    influence = result.influence
    columns = [
        Column("Study left out", share=1.7),
        Column(f"{scale.short} ({ci_name(result.fit.options.level)})", "right", share=1.9),
        Column("P", "right", share=0.8),
        Column("tau²", "right", share=0.7),
        Column("I²", "right", share=0.7),
    ]
    if influence is not None:
        columns += [
            Column("Residual", "right", share=0.9),
            Column("DFFITS", "right", share=0.9),
            Column("Cook’s D", "right", share=0.9),
            Column("Flag", "left", share=1.2),
        ]
    rows = []
    for place, name in enumerate(found.left_out):
        lower, upper = float(found.ci_lower[place]), float(found.ci_upper[place])
        row = [
            name,
            f"{shown(scale, float(found.estimates[place]))} ({shown_ci(scale, lower, upper)})",
            format_p(float(found.p_values[place])),
            format_number(float(found.tau2[place])),
            format_percent(float(found.i2[place])),
        ]
        if influence is not None:
            at = influence.labels.index(name)
            flags = ["outlier"] if influence.outlier[at] else []
            flags += ["influential"] if influence.influential[at] else []
            row += [
                format_number(float(influence.rstudent[at])),
                format_number(float(influence.dffits[at])),
                format_number(float(influence.cooks_distance[at])),
                ", ".join(flags),
            ]
        rows.append(Row(cells(*row)))
    notes: tuple[Runs, ...] = ()
    if influence is not None:
        notes = (
            runs(f"Residual: studentized deleted residual. {' '.join(_rules(result))}".strip()),
        )
    return Table(
        id=f"tab-leave-one-out-{result.plan.id}",
        caption=f"{result.plan.title}: pooled effect without each study, and its influence",
        columns=tuple(columns),
        rows=tuple(rows),
        footnotes=notes,
    )


def _rules(result: AnalysisResult) -> list[str]:
    found = result.influence
    if found is None or not found.rules:
        return []
    return [f"Flags: {'; '.join(rule.rstrip('.') for rule in found.rules)}."]


def _cumulative_sentence(result: AnalysisResult) -> str:
    found = result.cumulative
    if found is None or len(found.added) < 2:
        return ""
    scale = result.fit.effects.scale
    first, last = found.added[0], found.added[-1]
    return (
        f"Adding the studies in the order of {found.order} moves the pooled effect from "
        f"{shown(scale, float(found.estimates[0]))} ({first}) to "
        f"{shown(scale, float(found.estimates[-1]))} ({last})."
    )


def sensitivity_blocks(context: Context, result: AnalysisResult) -> list[Block]:
    """Return what varies one main result: other data, outliers, one study less, an order."""
    if result.fit.k < 2:
        return []
    plan = result.plan
    section = f"sensitivity-{plan.id}"
    varied = sensitivity_sentences(context, result)
    table = _leave_one_out_table(result)
    sentences = [
        _leave_one_out_sentence(result),
        _influence_sentence(result),
        _cumulative_sentence(result),
    ]
    text = " ".join(part for part in sentences if part)
    blocks: list[Block] = []
    if varied:
        blocks.append(Paragraph(runs(varied, context.pointer(section), ".")))
    if text:
        pointer: Runs = runs(" See ", see(table.id), ".") if table is not None else ()
        blocks.append(Paragraph(runs(text, pointer)))
    if table is not None:
        blocks.append(table)
    blocks += context.placed(section, (f"tab-pooled-{plan.id}",))
    return [heading(3, plan.title, section), *blocks] if blocks else []
