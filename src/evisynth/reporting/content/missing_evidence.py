"""Missing evidence: trim and fill, tests for funnel plot asymmetry, and the funnel plots."""

from __future__ import annotations

import math

from evisynth.analysis import AnalysisResult
from evisynth.display import format_p, format_statistic
from evisynth.reporting.blocks import Block, Paragraph, runs
from evisynth.reporting.content.context import Context, heading
from evisynth.reporting.content.references import ASYMMETRY
from evisynth.reporting.content.sensitivity import change_words
from evisynth.reporting.content.words import (
    are,
    ci_name,
    degrees,
    shown,
    shown_ci,
    spelled,
    studies,
    upper_first,
)
from evisynth.synthesis import AsymmetryTest

__all__ = ["small_study_blocks"]


def _trim_and_fill_sentence(result: AnalysisResult) -> str:
    found = result.trim_and_fill
    if found is None:
        return ""
    if found.k0 == 0:
        return (
            f"Trim and fill (estimator {found.estimator}) found no study to be missing on the "
            f"{found.side}."
        )
    scale, filled = result.fit.effects.scale, found.filled
    return (
        f"Trim and fill (estimator {found.estimator}) added {spelled(found.k0)} "
        f"{are(found.k0, 'study', 'studies')} on the {found.side}; the pooled effect becomes "
        f"{shown(scale, filled.estimate)} ({ci_name(filled.options.level)} "
        f"{shown_ci(scale, filled.ci_lower, filled.ci_upper)}), and "
        f"{change_words(result, filled)}. The filled studies are not observed; the method shows "
        "how the result depends on symmetry and does not correct it."
    )


def _asymmetry_sentence(name: str, test: AsymmetryTest) -> str:
    words = ASYMMETRY.get(name, (test.name, ""))[0]
    if math.isnan(test.p_value):
        return f"{upper_first(words)} was not possible ({test.reason or 'not estimable'})."
    symbol = {"t": "t", "z": "z", "kendall": "Kendall’s tau"}[test.distribution]
    df = f", df = {degrees(test.df)}" if test.distribution == "t" else ""
    return (
        f"{upper_first(words)}: {symbol} = {format_statistic(test.statistic)}{df}, "
        f"{format_p(test.p_value, symbol=True)} ({studies(test.k)})."
    )


def small_study_blocks(context: Context, result: AnalysisResult) -> list[Block]:
    """Return trim and fill, asymmetry tests and the funnel plots of one analysis."""
    plan = result.plan
    section = f"funnel-{plan.id}"
    sentences = [_trim_and_fill_sentence(result)]
    sentences += [_asymmetry_sentence(name, test) for name, test in result.asymmetry.items()]
    cautions = dict.fromkeys(test.caution for test in result.asymmetry.values() if test.caution)
    sentences += [f"{upper_first(caution.rstrip('.'))}." for caution in cautions]
    text = " ".join(part for part in sentences if part)
    placed = context.placed(section)
    if not text and not placed:
        return []
    blocks: list[Block] = [heading(3, plan.title, section)]
    if text:
        blocks.append(Paragraph(runs(text.removesuffix("."), context.pointer(section), ".")))
    return [*blocks, *placed]
