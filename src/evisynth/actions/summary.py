"""The results of a table in words: what ``summary.txt`` and the command line show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from evisynth.display import (
    format_ci,
    format_columns,
    format_estimate,
    format_number,
    format_p,
    format_percent,
    format_statistic,
    plural,
)

if TYPE_CHECKING:
    from evisynth.analysis import AnalysisResult
    from evisynth.synthesis import (
        AsymmetryTest,
        HeterogeneityTest,
        LeaveOneOut,
        MetaRegression,
        PooledFit,
        SubgroupAnalysis,
        TrimAndFill,
    )

__all__ = ["summary_text"]

WIDTH = 100
"""Signs in a line of running text."""


def _shown(fit: PooledFit) -> str:
    shown = fit.effects.scale.shown
    return format_estimate(shown(fit.estimate), shown(fit.ci_lower), shown(fit.ci_upper))


def _studies(fit: PooledFit) -> list[str]:
    """One line a study: estimate with its interval and weight, or why it has none."""
    effects = fit.effects
    table = effects.to_frame()
    rows = []
    for place, label in enumerate(effects.labels):
        if effects.reasons[place]:
            rows.append([label, f"not estimable: {effects.reasons[place]}", ""])
            continue
        row, scale = table.iloc[place], effects.scale_of(place)
        limits = scale.shown_limits(row["ci_lower"], row["ci_upper"])
        text = format_estimate(scale.shown(row["estimate"]), *limits)
        rows.append([label, text, f"weight {format_percent(float(fit.weights[place]), 1)}"])
    return format_columns(rows)


def _test(test: HeterogeneityTest) -> str:
    if math.isnan(test.statistic):
        return f"no test between the subgroups: {test.reason}"
    statistic = format_statistic(test.statistic)
    first = format_number(test.df1, 0)
    p = format_p(test.p_value, symbol=True)
    if test.distribution == "F":
        degrees = f"{first}, {format_number(test.df2, 0)}"
        return f"test between the subgroups: F({degrees}) = {statistic}, {p}"
    return f"test between the subgroups: chi² = {statistic}, df = {first}, {p}"


def _subgroups(by: str, found: SubgroupAnalysis) -> Iterator[str]:
    yield f"Subgroups by {by} (tau² {found.tau2})"
    yield from format_columns(
        [
            [
                group.level,
                plural(group.fit.k, "study", "studies"),
                _shown(group.fit),
                f"I² {format_percent(group.fit.i2)}",
            ]
            for group in found.groups
        ]
    )
    yield f"  {_test(found.test)}"
    if found.not_coded:
        yield f"  no level known: {', '.join(found.not_coded)}"


def _regression(formula: str, found: MetaRegression) -> Iterator[str]:
    yield f"Meta-regression on {formula} ({plural(found.k, 'study', 'studies')})"
    rows = [
        [
            term,
            format_number(float(found.coefficients[place]), 4),
            f"[{format_ci(float(found.ci_lower[place]), float(found.ci_upper[place]), 4)}]",
            format_p(float(found.p_values[place]), symbol=True),
        ]
        for place, term in enumerate(found.terms)
    ]
    yield from format_columns(rows)
    share = format_percent(found.r2)
    residual = format_percent(found.i2)
    yield f"  share of tau² explained {share}; residual I² {residual}"
    if found.left_out:
        yield f"  left out, a value is missing: {', '.join(found.left_out)}"


def _leave_one_out(found: LeaveOneOut) -> str:
    shown = found.fit.effects.scale.shown
    low, high = int(found.estimates.argmin()), int(found.estimates.argmax())
    return (
        f"Leaving out one study: from {format_number(shown(float(found.estimates[low])))} "
        f"(without {found.left_out[low]}) to {format_number(shown(float(found.estimates[high])))} "
        f"(without {found.left_out[high]})"
    )


def _trim_and_fill(found: TrimAndFill) -> str:
    if not found.k0:
        return f"Trim and fill ({found.estimator}): no study added"
    added = plural(found.k0, "study", "studies")
    return (
        f"Trim and fill ({found.estimator}): {added} added on the {found.side}, then "
        f"{_shown(found.filled)}"
    )


def _egger(found: AsymmetryTest) -> str:
    if math.isnan(found.p_value):
        return f"Egger's test: {found.reason}"
    text = (
        f"Egger's test: t = {format_statistic(found.statistic)}, "
        f"df = {format_number(found.df, 0)}, {format_p(found.p_value, symbol=True)}"
    )
    return f"{text} ({found.caution})" if found.caution else text


def summary_text(result: AnalysisResult, source: str, notes: Sequence[str]) -> str:
    """Write the results of a table for people.

    Parameters
    ----------
    result
        What was computed.
    source
        Name of the table.
    notes
        What the reader should know; those of the fit are in its own summary already.

    Returns
    -------
    str
        Plain text, several paragraphs.
    """
    fit = result.fit
    parts: list[list[str]] = [
        [f"{result.plan.title} ({source})"],
        _studies(fit),
        fit.summary().splitlines(),
    ]
    parts += [list(_subgroups(by, found)) for by, found in result.subgroups.items()]
    parts += [list(_regression(name, found)) for name, found in result.meta_regressions.items()]
    small = []
    if result.leave_one_out is not None:
        small.append(_leave_one_out(result.leave_one_out))
    small += [_egger(test) for test in result.asymmetry.values()]
    if result.trim_and_fill is not None:
        small.append(_trim_and_fill(result.trim_and_fill))
    small += [f"Not done, {what}: {why}" for what, why in result.not_done.items()]
    parts.append(small)
    parts += [[*wrap(f"Note: {note}", WIDTH)] for note in notes if note not in fit.notes]
    method = f"{fit.effects.scale.label}: {fit.effects.method}. {fit.method_sentence()}"
    parts.append(wrap(method, WIDTH, break_on_hyphens=False))
    return "\n\n".join("\n".join(lines) for lines in parts if lines)
