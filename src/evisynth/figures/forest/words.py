"""The words of a forest plot: lines under the table, headings, alternative texts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

from evisynth.display import (
    format_number,
    format_p,
    format_percent,
    format_statistic,
    plural,
)
from evisynth.figures.fits import AnyFit, is_random, level_of, prediction_of, q_of
from evisynth.figures.shown import (
    digits_of,
    estimate_text,
    level_text,
    limits_text,
    lower_first,
    measure,
    pooled_text,
)
from evisynth.synthesis import CountFit, PooledFit

if TYPE_CHECKING:
    from evisynth.synthesis import HeterogeneityTest, SubgroupAnalysis

__all__ = [
    "alt_text",
    "block_heading",
    "effect_heading",
    "footer",
    "heterogeneity",
    "method",
    "not_coded_heading",
    "overall_test",
    "prediction_method",
    "subgroup_test",
    "weight_text",
]

_CI = {
    "HKSJ": "Hartung-Knapp confidence interval",
    "t": "confidence interval by the t distribution",
    "z": "confidence interval by the normal distribution",
    "KR": "Kenward-Roger confidence interval",
}

_WEIGHTS = {
    "inverse variance": "inverse variance",
    "equal": "equal weights",
    "given": "own weights",
}


def degrees(value: float) -> str:
    """Return degrees of freedom without needless decimals."""
    return format_number(value, 0 if float(value).is_integer() or math.isinf(value) else 1)


def tau2(value: float) -> str:
    """Return a between-study variance; small ones keep two digits that say something."""
    if value and 0 < value < 0.005:
        return format_number(value, 4) if value >= 0.00005 else "<0.0001"
    return format_number(value)


def heterogeneity(fit: AnyFit, *, with_tau2: bool = True) -> str:
    """Return the line on heterogeneity of one fit."""
    if fit.k < 2:
        return "Heterogeneity: not applicable"
    parts = []
    if with_tau2 and is_random(fit) and math.isfinite(fit.tau2):
        text = f"Tau² = {tau2(fit.tau2)}"
        if isinstance(fit, PooledFit) and math.isfinite(fit.tau2_lower + fit.tau2_upper):
            limits = f"{tau2(fit.tau2_lower)} to {tau2(fit.tau2_upper)}"
            text += f" ({level_text(level_of(fit))} CI {limits})"
        parts.append(text)
    q, df, p = q_of(fit)
    if math.isfinite(q):
        parts.append(f"Chi² = {format_statistic(q)}, df = {df} ({format_p(p, symbol=True)})")
    if math.isfinite(fit.i2):
        parts.append(f"I² = {format_percent(fit.i2)}")
    return "Heterogeneity: " + ("; ".join(parts) or "not estimable")


def overall_test(fit: AnyFit) -> str:
    """Return the line on the test of no effect."""
    if not math.isfinite(fit.statistic):
        return "Test for overall effect: not applicable"
    p = format_p(fit.p_value, symbol=True)
    if math.isinf(fit.df):
        return f"Test for overall effect: Z = {format_statistic(fit.statistic)} ({p})"
    return (
        f"Test for overall effect: t = {format_statistic(fit.statistic)}, "
        f"df = {degrees(fit.df)} ({p})"
    )


def subgroup_test(analysis: SubgroupAnalysis, name: str) -> str:
    """Return the line on the test for differences between subgroups."""
    test: HeterogeneityTest = analysis.test
    head = f"Test for {name}: "
    if not math.isfinite(test.statistic):
        return head + "not applicable" + (f" ({test.reason})" if test.reason else "")
    p = format_p(test.p_value, symbol=True)
    value = format_statistic(test.statistic)
    if test.distribution == "F":
        numbers = f"F = {value}, df = {degrees(test.df1)}, {degrees(test.df2)} ({p})"
    else:
        numbers = f"Chi² = {value}, df = {degrees(test.df1)} ({p})"
        if test.df1 > 0:
            share = max(0.0, (test.statistic - test.df1) / test.statistic) if test.statistic else 0
            numbers += f", I² = {format_percent(100 * share)}"
    if analysis.fit.options.model == "equal":
        how = "equal-effects model"
    elif analysis.tau2 == "common":
        how = "meta-regression, one Tau² for all"
    else:
        how = "a separate Tau² in each"
    return f"{head}{numbers}; {how}"


def prediction_method(fit: PooledFit) -> str:
    """Return how the prediction interval is defined."""
    option = fit.options.prediction
    if option == "normal":
        return "normal"
    if option not in ("t k-1", "t k-2"):  # a definition with a name of its own
        return option
    less = 1 if option == "t k-1" else 2
    return f"t, df = {fit.k - less}"


def method(fit: AnyFit) -> str:
    """Return the line that names model, estimator and confidence interval."""
    if isinstance(fit, CountFit):
        return fit.words[:1].upper() + fit.words[1:]
    options = fit.options
    weights = _WEIGHTS[getattr(options, "weighting", "inverse variance")]
    if options.model == "equal":
        parts = ["Equal-effects model", weights, _CI[options.ci]]
    else:
        parts = ["Random-effects model", weights, f"Tau² by {options.tau2}"]
        ci = _CI[options.ci] if fit.k > 1 else _CI["z"]
        if fit.safeguard_applied:
            ci += " (widened by the safeguard)"
        parts.append(ci)
    return "; ".join(parts)


_COUNTS = {"Mantel-Haenszel": "M-H", "Peto": "Peto", "GLMM": "GLMM"}


def effect_heading(fit: AnyFit) -> tuple[str, str]:
    """Return the two lines over the effect estimates."""
    how = _COUNTS[fit.method] if isinstance(fit, CountFit) else "IV"
    model = "Random" if is_random(fit) else "Equal effects"
    if isinstance(fit, CountFit) and not is_random(fit):
        model = "Fixed"
    return fit.effects.scale.label, f"{how}, {model}, {level_text(level_of(fit))} CI"


def block_heading(prefix: str, name: str, kinds: set[str]) -> str:
    """Return the heading of a block; one of changes only says what its means are."""
    if not prefix and name:
        name = name[0].upper() + name[1:]
    if kinds == {"changes"}:
        return f"{prefix}{name} (mean and SD of the change)"
    return f"{prefix}{name}"


def not_coded_heading(prefix: str) -> str:
    """Return the heading of the studies without a level."""
    return f"{prefix}not coded (in the total only)" if prefix else "Not coded (in the total only)"


def footer(
    fit: AnyFit,
    levels: SubgroupAnalysis | None,
    marks: Sequence[str],
    between: str,
    *,
    overall: bool = True,
    with_tau2: bool = True,
    subgroup_line: bool = False,
    totals: Mapping[str, AnyFit] | None = None,
) -> tuple[str, ...]:
    """Return the lines under the table, in order."""
    lines = [heterogeneity(fit, with_tau2=with_tau2)] if overall else []
    if overall and fit.effects.scale.compares:
        lines.append(overall_test(fit))
    if levels is not None:
        lines.append(subgroup_test(levels, between))
    elif subgroup_line and fit.effects.scale.compares:
        lines.append("Test for subgroup differences: not applicable")
    if overall and isinstance(fit, PooledFit) and is_random(fit) and fit.prediction_reason:
        lines.append(f"Prediction interval: not estimated ({fit.prediction_reason})")
    lines.append(method(fit))
    for label, other in (totals or {}).items():
        lines.append(f"{label}: {lower_first(method(other))}; {overall_test(other)}")
    effects = fit.effects
    for label, reason, good in zip(effects.labels, effects.reasons, effects.estimable, strict=True):
        if not good:
            lines.append(f"Not estimable: {label}" + (f" ({reason})" if reason else ""))
    lines.extend(marks)
    return tuple(lines)


def alt_text(fit: AnyFit, levels: SubgroupAnalysis | None, direction: str, by_label: str) -> str:
    """Return one or two sentences with the main numbers."""
    digits = digits_of(fit.effects)
    model = "random-effects" if is_random(fit) else "equal-effects"
    first = (
        f"Forest plot of {plural(fit.k, 'study', 'studies')}: pooled "
        f"{measure(fit)} {pooled_text(fit, digits)}, {model} model"
    )
    if fit.k > 1 and math.isfinite(fit.i2):
        first += f", I² {format_percent(fit.i2)}"
    second = ""
    if levels is not None:
        by = f" by {lower_first(by_label)}" if by_label else ""
        groups = "; ".join(
            f"{group.level} {pooled_text(group.fit, digits)}" for group in levels.groups
        )
        second = f" Subgroups{by}: {groups}."
    elif direction:
        second = f" {direction}"
    return f"{first}.{second}"


def weight_text(fit: AnyFit, index: int) -> str:
    """Return the weight of a row in percent; an en dash where the model has none."""
    return format_percent(float(fit.weights[index]), 1)


def description(
    fit: AnyFit,
    levels: SubgroupAnalysis | None,
    direction: str,
    lines: Sequence[str],
) -> str:
    """Return the long description: every study, every total, and the lines under the table."""
    effects = fit.effects
    digits = digits_of(effects)
    out = [f"Effect measure: {effects.scale.label}. {direction}".strip()]
    reach = NormalDist().inv_cdf(0.5 + level_of(fit) / 2)
    for index, label in enumerate(effects.labels):
        if not effects.estimable[index]:
            out.append(f"{label}: not estimable.")
            continue
        estimate = float(effects.estimates[index])
        half = reach * math.sqrt(float(effects.variances[index]))
        scale = effects.scale_of(index)
        shown = estimate_text(scale, estimate, estimate - half, estimate + half, digits)
        out.append(f"{label}: {shown}, weight {weight_text(fit, index)}.")
    if levels is not None:
        for group in levels.groups:
            size = plural(group.fit.k, "study", "studies")
            out.append(f"Subtotal {group.level} ({size}): {pooled_text(group.fit, digits)}.")
        if levels.not_coded:
            out.append(f"Not coded, in the total only: {', '.join(levels.not_coded)}.")
    out.append(f"Total ({plural(fit.k, 'study', 'studies')}): {pooled_text(fit, digits)}.")
    lower, upper = prediction_of(fit)
    if math.isfinite(lower):
        limits = limits_text(effects.scale, lower, upper, digits)
        out.append(f"Prediction interval: {limits}.")
    out.extend(f"{line}." for line in lines)
    return "\n".join(out)
