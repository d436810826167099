"""Methods of the synthesis, generated from the plan of each analysis."""

from __future__ import annotations

from collections.abc import Sequence

from evisynth.analysis import AnalysisPlan, AnalysisResult
from evisynth.reporting.blocks import (
    Block,
    BulletList,
    Paragraph,
    Runs,
    Text,
    cite,
    emphasis,
    runs,
    strong,
)
from evisynth.reporting.content.context import Context, heading, paragraph, sentence
from evisynth.reporting.content.references import ASYMMETRY, EFFECT_MEASURES, TAU2
from evisynth.reporting.content.words import (
    are,
    join_words,
    level_words,
    lower_first,
    outcome_words,
    series,
    upper_first,
    with_article,
)

__all__ = ["OUTLIER_RULE_WORDS", "methods_of_synthesis"]

MEASURE_FORMULAS = {
    "SMD": runs(
        "The standardized mean difference is Hedges’ ",
        emphasis("g"),
        " = J(m) · (mean₁ − mean₂) / SD",
        ", with the pooled SD of both arms, m = n₁ + n₂ − 2 and the exact correction J(m) = "
        "Γ(m/2) / [√(m/2) · Γ((m − 1)/2)] ",
        cite("hedges1981"),
        ".",
    ),
    "MD": runs("The mean difference is mean₁ − mean₂, on the scale of the instrument."),
    "OR": runs(
        "The odds ratio is (a · d) / (b · c) of the 2 × 2 table of each study, analysed as its "
        "natural logarithm."
    ),
    "RR": runs(
        "The risk ratio is the risk in the first arm over that in the second, analysed as its "
        "natural logarithm."
    ),
    "RD": runs("The risk difference is the risk in the first arm minus that in the second."),
}
"""Formulas of the effect measures; arm 1 is the experimental arm."""

OUTLIER_RULE_WORDS = {
    "rstudent": "every study whose studentized deleted residual lies beyond ±1.96 was left out",
    "lowest tau2": "the one study without which tau² is lowest was left out",
    "none": "no study was left out",
}
"""Rules of the analysis without outliers."""

SAFEGUARD_WORDS = {
    "wider": "; where this interval would be narrower than the one by the normal distribution, the "
    "wider one was taken",
    "truncate": "; the factor by which it scales the variance was not allowed below one",
    "none": "",
}


def _measure_paragraph(results: Sequence[AnalysisResult]) -> list[Block]:
    blocks: list[Block] = []
    for measure in dict.fromkeys(result.plan.measure for result in results):
        of_measure = [result for result in results if result.plan.measure == measure]
        outcomes = dict.fromkeys(outcome_words(result.outcome) for result in of_measure)
        label = lower_first(of_measure[0].fit.effects.scale.label)
        parts: list[Text] = [f"The effect measure for {series(outcomes)} is the {label}. "]
        if measure in MEASURE_FORMULAS:
            parts += [MEASURE_FORMULAS[measure], " "]
        elif measure in EFFECT_MEASURES:
            parts += [cite(EFFECT_MEASURES[measure]), " "]
        used = dict.fromkeys(
            sentence(result.fit.effects.method)
            for result in of_measure
            if result.fit.effects.method
        )
        parts.append(" ".join(upper_first(words) for words in used))
        directions = []
        for better in dict.fromkeys(result.outcome.lower_is_better for result in of_measure):
            names = series(
                dict.fromkeys(
                    outcome_words(result.outcome)
                    for result in of_measure
                    if result.outcome.lower_is_better == better
                )
            )
            scale = of_measure[0].fit.effects.scale
            edge = "one" if scale.is_ratio else "zero"
            side = "below" if better else "above"
            favours = dict.fromkeys(with_article(result.plan.favours[0]) for result in of_measure)
            directions.append(
                f"For {names} {'lower' if better else 'higher'} is better: values {side} {edge} "
                f"favour {series(favours)}."
            )
        parts.append(" " + " ".join(directions))
        blocks.append(Paragraph(runs(*parts)))
    return blocks


def _interval(plan: AnalysisPlan) -> Runs:
    level = level_words(plan.level)
    if plan.ci == "HKSJ":
        return runs(
            f"Confidence intervals ({level}) of pooled effects are those of Hartung, Knapp, Sidik "
            "and Jonkman, with the t distribution on k − 1 degrees of freedom ",
            cite("hartung2001", "sidik2002"),
            SAFEGUARD_WORDS.get(plan.safeguard, ""),
            () if plan.safeguard == "none" else runs(" ", cite("jackson2017")),
            ". With two studies this interval rests on one degree of freedom and is very wide; "
            "that of a single study is by the normal distribution.",
        )
    if plan.ci == "t":
        return runs(
            f"Confidence intervals ({level}) of pooled effects use the t distribution on k − 1 "
            "degrees of freedom."
        )
    return runs(f"Confidence intervals ({level}) of pooled effects use the normal distribution.")


def _prediction(plan: AnalysisPlan) -> Runs:
    if plan.model != "random" or plan.prediction == "none":
        return ()
    with_df = {
        "t k-1": "the t distribution on k − 1 degrees of freedom",
        "t k-2": "the t distribution on k − 2 degrees of freedom",
        "normal": "the normal distribution",
    }[plan.prediction]
    return runs(
        f" Prediction intervals ({level_words(plan.level)}), for the effect in a new study of the "
        f"same kind, use {with_df} ",
        cite("inthout2016"),
        ".",
    )


def _settings(plan: AnalysisPlan) -> tuple[object, ...]:
    return (plan.model, plan.tau2, plan.ci, plan.safeguard, plan.prediction, plan.level)


def _model_paragraphs(plans: Sequence[AnalysisPlan]) -> list[Block]:
    blocks: list[Block] = []
    kinds = list(dict.fromkeys(_settings(plan) for plan in plans))
    for kind in kinds:
        of_kind = [plan for plan in plans if _settings(plan) == kind]
        plan = of_kind[0]
        which = "" if len(kinds) == 1 else f" ({join_words(lower_first(p.title) for p in of_kind)})"
        if plan.model == "random":
            words, key = TAU2.get(plan.tau2, (plan.tau2, "viechtbauer2005"))
            model = runs(
                f"Effect estimates were pooled by inverse variance in a random-effects "
                f"model{which}. The between-study variance tau² was estimated by {words} ",
                cite(key),
                ". ",
            )
        else:
            model = runs(
                f"Effect estimates were pooled by inverse variance in a fixed-effect (common "
                f"effect) model{which}. "
            )
        blocks.append(Paragraph(runs(model, _interval(plan), _prediction(plan))))
    blocks.append(
        Paragraph(
            runs(
                "Heterogeneity is described by Cochran’s Q, by tau² with the limits of the "
                "Q-profile method ",
                cite("viechtbauer2007"),
                ", and by I², the share of the variability of the estimates that is not due to "
                "sampling error ",
                cite("higgins2002"),
                ". P values are given with every test and are not read against a threshold.",
            )
        )
    )
    return blocks


def _formats(plans: Sequence[AnalysisPlan]) -> list[Block]:
    mixed = [plan for plan in plans if plan.mixed_formats and len(plan.formats) > 1]
    if not mixed:
        return []
    titles = join_words(lower_first(plan.title) for plan in mixed)
    return [
        Paragraph(
            runs(
                f"The {are(len(mixed), 'analysis', 'analyses')} of {titles} "
                f"{are(len(mixed), 'pools', 'pool')} several forms of data. These do not "
                "standardize alike, because standard deviations of changes and of adjusted "
                "differences differ from those of end scores ",
                cite("handbook"),
                "; each form is therefore shown apart as well.",
            )
        )
    ]


def _subgroups(plans: Sequence[AnalysisPlan]) -> list[Block]:
    found: dict[tuple[str, str], list[AnalysisPlan]] = {}
    levels: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {}
    for plan in plans:
        for group in plan.subgroups:
            key: tuple[str, str] = (group.by, group.tau2)
            found.setdefault(key, []).append(plan)
            levels.setdefault(key, (group.label or group.by, group.levels))
    if not found:
        return []
    parts: list[str] = []
    for key in found:
        label, names = levels[key]
        listed = f" ({join_words(names)})" if names else ""
        own = (
            "a between-study variance of its own in each subgroup"
            if key[1] == "separate"
            else "one between-study variance common to the subgroups"
        )
        parts.append(f"by {lower_first(label)}{listed}, with {own}")
    return [
        heading(2, "Subgroup analyses", "subgroup-methods"),
        Paragraph(
            runs(
                f"Subgroup analyses were planned {'; '.join(parts)}. Differences between "
                "subgroups were tested by Cochran’s Q between the pooled effects of the "
                "subgroups; the test with a common tau² is given beside it ",
                cite("borenstein2013"),
                ". Studies that could not be coded are in the overall result only and are named.",
            )
        ),
    ]


def _regressions(plans: Sequence[AnalysisPlan]) -> list[Block]:
    formulas = dict.fromkeys(formula for plan in plans for formula in plan.meta_regression)
    if not formulas:
        return []
    return [
        heading(2, "Meta-regression", "meta-regression-methods"),
        Paragraph(
            runs(
                "Mixed-effects meta-regression was planned on ",
                join_words(formulas),
                ", with the adjustment of Knapp and Hartung where the interval of the main "
                "analysis has it ",
                cite("knapp2003"),
                ".",
            )
        ),
    ]


def _sensitivity(context: Context, plans: Sequence[AnalysisPlan]) -> list[Block]:
    points: list[Runs] = [
        runs(
            strong("Leave one out. "),
            "Each analysis was repeated without each study in turn, with diagnostics of outliers "
            "and of influence ",
            cite("viechtbauer2010"),
            ".",
        )
    ]
    points += [
        runs(
            strong("Without the outlier. "),
            f"{upper_first(OUTLIER_RULE_WORDS[rule])}, and the analysis was repeated.",
        )
        for rule in dict.fromkeys(plan.without_outliers for plan in plans)
        if rule != "none"
    ]
    for result in context.results:
        if result.plan.role == "sensitivity":
            formats = f" ({join_words(result.plan.formats)})" if result.plan.formats else ""
            points.append(runs(strong("Other data. "), f"{result.plan.title}{formats}."))
    return [
        heading(2, "Sensitivity analyses", "sensitivity-methods"),
        BulletList(tuple(points)),
    ]


def _small_studies(plans: Sequence[AnalysisPlan]) -> list[Block]:
    points: list[Runs] = []
    estimators = dict.fromkeys(plan.trim_and_fill for plan in plans if plan.trim_and_fill != "none")
    if estimators:
        sides = dict.fromkeys(plan.trim_and_fill_side for plan in plans)
        side = (
            "the side of the missing studies was found from the data"
            if "auto" in sides
            else f"studies were taken to be missing on the {series(sides)}"
        )
        points.append(
            runs(
                f"Funnel plots are shown before and after trim and fill (estimator "
                f"{series(estimators)}; {side}) ",
                cite("duval2000"),
                ".",
            )
        )
    for name in dict.fromkeys(name for plan in plans for name in plan.asymmetry_tests):
        words, key = ASYMMETRY.get(name, (name, "sterne2011"))
        points.append(runs(f"{words} ", cite(key), "."))
    if not points:
        return []
    return [
        heading(2, "Missing evidence", "missing-evidence-methods"),
        BulletList(tuple(points)),
        Paragraph(
            runs(
                "Tests for funnel plot asymmetry have little power with fewer than ten studies and "
                "asymmetry has causes other than missing evidence ",
                cite("sterne2011"),
                "; they are read with that caution.",
            )
        ),
    ]


def methods_of_synthesis(context: Context) -> list[Block]:
    """Return effect measures, models, subgroups, sensitivity and small-study methods."""
    blocks: list[Block] = [heading(2, "Effect measures and synthesis", "synthesis-methods")]
    if not context.results:
        planned = len(context.review.protocol.analyses)
        text = (
            f"The {are(planned, 'analysis', 'analyses')} planned {are(planned, 'was', 'were')} not "
            "run: there are no outcome data yet."
            if planned
            else "No meta-analysis was planned or could be run."
        )
        return [*blocks, paragraph(text)]
    plans = [result.plan for result in context.results]
    return [
        *blocks,
        *_measure_paragraph(context.results),
        *_model_paragraphs(plans),
        *_formats([result.plan for result in context.main]),
        *_subgroups(plans),
        *_regressions(plans),
        *_sensitivity(context, plans),
        *_small_studies(plans),
    ]
