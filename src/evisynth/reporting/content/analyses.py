"""Results of each analysis: prose and tables from the fits."""

from __future__ import annotations

import math

from evisynth.analysis import AnalysisResult
from evisynth.display import (
    format_number,
    format_p,
    format_percent,
    format_statistic,
    plural,
)
from evisynth.reporting.blocks import Block, Note, Paragraph, Text, runs, see
from evisynth.reporting.content.context import Context, heading, paragraph, sentence
from evisynth.reporting.content.estimates import (
    estimate_table,
    heterogeneity_reason,
    pooled_table,
)
from evisynth.reporting.content.missing_evidence import small_study_blocks
from evisynth.reporting.content.sensitivity import sensitivity_blocks
from evisynth.reporting.content.subgroups import regression_blocks, subgroup_blocks
from evisynth.reporting.content.words import (
    are,
    ci_name,
    count_first,
    degrees,
    includes_no_effect,
    interval_sentence,
    lower_first,
    no_effect,
    participants_words,
    series,
    shown,
    shown_ci,
    side_words,
    spelled,
    studies,
    test_words,
    upper_first,
)
from evisynth.synthesis import PooledFit

__all__ = ["analyses"]


def overall_sentences(result: AnalysisResult) -> list[str]:
    """Return the main result in prose: size, effect, direction, interval."""
    fit, scale = result.fit, result.fit.effects.scale
    label = lower_first(scale.label)
    level = ci_name(fit.options.level)
    not_estimable = [
        (name, reason)
        for name, fine, reason in zip(
            fit.effects.labels, fit.effects.estimable, fit.effects.reasons, strict=True
        )
        if not fine
    ]
    left = (
        f"No effect could be estimated in {spelled(len(not_estimable))} "
        f"{are(len(not_estimable), 'study', 'studies')}: "
        + "; ".join(f"{name} ({reason})" for name, reason in not_estimable)
        + "."
        if not_estimable
        else ""
    )
    if fit.k == 0 or math.isnan(fit.estimate):
        return ["No study has an effect estimate, so nothing was pooled.", left]
    size = participants_words(fit.effects)
    counted = count_first(fit.k, "study", "studies")
    counted += f" with {size}" if size else ""
    estimate = (
        f"{shown(scale, fit.estimate)} ({level} {shown_ci(scale, fit.ci_lower, fit.ci_upper)}"
    )
    if fit.k == 1:
        name = next(
            label
            for label, fine in zip(fit.effects.labels, fit.effects.estimable, strict=True)
            if fine
        )
        return [
            f"Only one study has an effect estimate: {name}{f', with {size}' if size else ''}. "
            f"Its {label} is {estimate}, by the normal distribution). Nothing was pooled; tau², I² "
            "and a prediction interval are not defined for a single study.",
            interval_sentence(result, fit, "Its confidence interval"),
            left,
        ]
    test = test_words(fit)
    side = side_words(result, fit.estimate)
    text = f"{counted} were pooled. The {label} is {estimate}{f'; {test}' if test else ''})"
    crosses = includes_no_effect(scale, fit.ci_lower, fit.ci_upper)
    if side:
        text += f", with the estimate on the side of {side}" if crosses else ""
    sentences = [f"{text}.", interval_sentence(result, fit, "The confidence interval")]
    if fit.k == 2 and fit.options.ci == "HKSJ":
        sentences.append(
            "With two studies the Hartung-Knapp interval rests on one degree of freedom, so it is "
            "wide by right."
        )
    if fit.safeguard_applied and fit.options.safeguard == "wider":
        sentences.append(
            "The Hartung-Knapp interval would have been narrower than the one by the normal "
            "distribution; the wider one is given."
        )
    return [*sentences, left]


def heterogeneity_sentences(result: AnalysisResult) -> list[str]:
    """Return heterogeneity and the prediction interval in prose."""
    fit, scale = result.fit, result.fit.effects.scale
    if fit.k < 2:
        return []
    level = ci_name(fit.options.level)
    q = (
        f"Q = {format_statistic(fit.q)} on {degrees(fit.q_df)} df "
        f"({format_p(fit.q_p, symbol=True)})"
    )
    parts = []
    if math.isnan(fit.tau2):
        reason = lower_first(heterogeneity_reason(fit).rstrip("."))
        parts.append(f"tau² is not given ({reason})")
    else:
        limits = _limits(level, fit.tau2_lower, fit.tau2_upper)
        parts.append(
            f"tau² is {format_number(fit.tau2)}{limits}, so the true effects have a standard "
            f"deviation of {format_number(fit.tau)} between studies"
            + (" on the log scale" if scale.is_ratio else "")
        )
    if not math.isnan(fit.i2):
        limits = ""
        if not math.isnan(fit.i2_lower):
            limits = f" ({level} {format_percent(fit.i2_lower)} to {format_percent(fit.i2_upper)})"
        parts.append(f"I² is {format_percent(fit.i2)}{limits}")
    parts.append(q)
    sentences = [f"Heterogeneity: {'; '.join(parts)}."]
    sentences.append(_prediction_sentence(result, fit))
    return sentences


def _limits(level: str, lower: float, upper: float) -> str:
    if math.isnan(lower) or math.isnan(upper):
        return ""
    return f" ({level} {format_number(lower)} to {format_number(upper)})"


def _prediction_sentence(result: AnalysisResult, fit: PooledFit) -> str:
    scale = fit.effects.scale
    if math.isnan(fit.prediction_lower):
        why = fit.prediction_reason.rstrip(".")
        return f"A prediction interval is not given: {why}." if why else ""
    limits = shown_ci(scale, fit.prediction_lower, fit.prediction_upper)
    text = (
        f"The effect in a new study of this kind may lie between {limits.replace(' to ', ' and ')} "
        "(prediction interval)"
    )
    if includes_no_effect(scale, fit.prediction_lower, fit.prediction_upper):
        return f"{text}, on either side of {no_effect(scale)}."
    return f"{text}, all of it on the side of {side_words(result, fit.estimate)}."


def _formats_sentence(result: AnalysisResult) -> str:
    by_format = result.by_format
    if by_format is None:
        return ""
    scale = result.fit.effects.scale
    parts = [
        f"{group.level} {shown(scale, group.fit.estimate)} "
        f"({shown_ci(scale, group.fit.ci_lower, group.fit.ci_upper)}; {studies(group.fit.k)})"
        for group in by_format.groups
    ]
    return (
        "The forms of data do not standardize alike and must not be taken for one: "
        f"{series(parts)}."
    )


def _not_done(result: AnalysisResult) -> str:
    if not result.not_done:
        return ""
    parts = [f"{what} ({reason.rstrip('.')})" for what, reason in result.not_done.items()]
    return f"Planned and not computed: {'; '.join(parts)}."


def _notes(result: AnalysisResult) -> list[str]:
    notes = dict.fromkeys((*result.fit.effects.notes, *result.fit.notes))
    return [upper_first(sentence(note)) for note in notes]


def _pooled(context: Context, result: AnalysisResult) -> list[Block]:
    """One main result: prose, forest plot, data of the studies, pooled effects."""
    plan = result.plan
    effects, pooled = estimate_table(result), pooled_table(context, result)
    pointers: list[Text] = [see(effects.id), " has the data of each study"]
    if result.fit.k > 1:
        pointers = [
            see(pooled.id), " has the pooled effects, ", see(effects.id), " the data of each study",
        ]  # fmt: skip
    section = f"forest-{plan.id}"
    lead = [text for text in overall_sentences(result) if text]
    blocks: list[Block] = [
        heading(3, plan.title, f"analysis-{plan.id}"),
        Paragraph(runs(" ".join(lead), " ", *pointers, context.pointer(section), ".")),
    ]
    varied = [*heterogeneity_sentences(result), _formats_sentence(result)]
    notes = [*_notes(result), _not_done(result)]
    blocks += [paragraph(*texts) for texts in (varied, notes) if any(texts)]
    if result.fit.k > 1:
        blocks.append(pooled)
    blocks += context.placed(section, (effects.id,))
    return [*blocks, effects]


def _part(title: str, anchor: str, blocks: list[Block]) -> list[Block]:
    """Return a part with its heading; nothing if it is empty."""
    return [heading(2, title, anchor), *blocks] if blocks else []


def analyses(context: Context) -> list[Block]:
    """Return missing evidence, pooled effects, subgroups, regressions and sensitivity analyses.

    The parts follow the order in which the figures are numbered; in each, one main analysis after
    the other.
    """
    if not context.results:
        count = plural(len({row.study for row in context.review.outcome_rows}), "study", "studies")
        planned = len(context.review.protocol.analyses)
        text = (
            f"There are no outcome data yet; {plural(planned, 'analysis', 'analyses')} "
            f"{'is' if planned == 1 else 'are'} planned."
            if planned
            else f"No analysis was planned. The review holds outcome data of {count}."
        )
        return [
            heading(2, "Pooled effects", "pooled-effects"),
            Note("No meta-analysis", runs(text)),
        ]
    main = context.main
    parts = (
        ("Missing evidence", "missing-evidence", [small_study_blocks(context, r) for r in main]),
        ("Pooled effects", "pooled-effects", [_pooled(context, r) for r in main]),
        ("Subgroup analyses", "subgroups", [subgroup_blocks(context, r) for r in main]),
        ("Meta-regression", "meta-regression", [regression_blocks(r) for r in main]),
        ("Sensitivity analyses", "sensitivity", [sensitivity_blocks(context, r) for r in main]),
    )
    blocks: list[Block] = []
    for title, anchor, found in parts:
        blocks += _part(title, anchor, [block for one in found for block in one])
    return blocks
