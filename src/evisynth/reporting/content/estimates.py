"""Tables of effect estimates and pooled effects: the cells formed in one place."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import TYPE_CHECKING

from evisynth.analysis import AnalysisResult
from evisynth.display import (
    DASH,
    format_count,
    format_number,
    format_p,
    format_percent,
)
from evisynth.reporting.blocks import Cell, Column, Row, Runs, Table, runs, sup
from evisynth.reporting.content.context import Context, sentence
from evisynth.reporting.content.words import (
    ci_name,
    participants,
    shown_ci,
    shown_estimate,
    studies,
    upper_first,
)
from evisynth.synthesis import PooledFit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Footnotes", "estimate_table", "pooled_columns", "pooled_row", "pooled_table"]


def _letter(place: int) -> str:
    """Return the letter of a note: a to z, then aa, ab and on."""
    more, letter = divmod(place, len(ascii_lowercase))
    return (ascii_lowercase[more - 1] if more else "") + ascii_lowercase[letter]


@dataclass(slots=True)
class Footnotes:
    """Letters for the notes of one table; the same note keeps its letter."""

    notes: dict[str, str] = field(default_factory=dict)

    def mark(self, *notes: str) -> Runs:
        """Return the raised letters of notes; nothing for empty ones."""
        letters = [self.notes.setdefault(note, _letter(len(self.notes))) for note in notes if note]
        return (sup(",".join(letters)),) if letters else ()

    def lines(self) -> tuple[Runs, ...]:
        """Return the notes in the order of their letters."""
        return tuple(runs(sup(letter), " ", note) for note, letter in self.notes.items())


def _float(row: pd.Series, name: str) -> float:
    value = row.get(name, math.nan)
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _count(value: float) -> str:
    return DASH if math.isnan(value) else format_count(round(value))


def _mean_sd(row: pd.Series, arm: int) -> str:
    mean, sd = _float(row, f"mean{arm}"), _float(row, f"sd{arm}")
    if math.isnan(mean):
        return DASH
    return f"{format_number(mean)} ({format_number(sd)})"


def _events(row: pd.Series, arm: int) -> str:
    events, size = _float(row, f"events{arm}"), _float(row, f"n{arm}")
    if math.isnan(events):
        return DASH
    return f"{_count(events)}/{_count(size)}"


def _difference(row: pd.Series) -> str:
    value, se = _float(row, "difference"), _float(row, "se")
    if math.isnan(value):
        return DASH
    return (
        f"{format_number(value)} ({format_number(se)})"
        if not math.isnan(se)
        else (format_number(value))
    )


def estimate_table(result: AnalysisResult) -> Table:
    """Return one row a study: the data of the arms, the effect estimate and its weight.

    Studies stand under the form of their data when there are several; a study that is not estimable
    keeps its row, with the reason in a footnote.
    """
    fit, effects = result.fit, result.fit.effects
    data, scale = effects.data, effects.scale
    names = set(data.columns)
    first, second = (upper_first(words) for words in result.plan.favours)
    columns = [Column("Study", share=1.5)]
    makers: list[Callable[[pd.Series], str]] = []
    if {"events1", "events2"} <= names:
        columns += [
            Column("Events/total", "right", first, 1.0),
            Column("Events/total", "right", second, 1.0),
        ]
        makers += [lambda row: _events(row, 1), lambda row: _events(row, 2)]
    else:
        means = {"mean1", "mean2"} <= names
        for arm, words in ((1, first), (2, second)):
            if f"n{arm}" in names:
                columns.append(Column("n", "right", words, 0.5))
                makers.append(lambda row, arm=arm: _count(_float(row, f"n{arm}")))  # type: ignore[misc]
            if means:
                columns.append(Column("Mean (SD)", "right", words, 1.2))
                makers.append(lambda row, arm=arm: _mean_sd(row, arm))  # type: ignore[misc]
    if "difference" in names:
        columns.append(Column("Difference (SE)", "right", share=1.2))
        makers.append(_difference)
    columns += [
        Column(f"{scale.short} ({ci_name(fit.options.level)})", "right", share=1.9),
        Column("Weight", "right", share=0.8),
    ]
    notes = Footnotes()
    formats = [str(value) for value in data["format"]] if "format" in names else []
    grouped = len(set(formats)) > 1
    half = _quantile(fit.options.level)
    rows: list[Row] = []
    previous = ""
    for place, label in enumerate(effects.labels):
        if grouped and formats[place] != previous:
            previous = formats[place]
            rows.append(Row((runs(upper_first(previous)),), "group"))
        entry = data.iloc[place]
        value, se = float(effects.estimates[place]), float(effects.standard_errors[place])
        estimate: Cell = runs(shown_estimate(scale, value, value - half * se, value + half * se))
        weight = format_percent(float(fit.weights[place]), 1)
        if not effects.estimable[place]:
            reason = effects.reasons[place] or "not estimable"
            estimate = runs("not estimable", notes.mark(f"{upper_first(reason)}."))
            weight = DASH
        rows.append(
            Row((runs(label), *(runs(make(entry)) for make in makers), estimate, runs(weight)))
        )
    if fit.k > 1:
        empty = [runs("")] * len(makers)
        total = shown_estimate(scale, fit.estimate, fit.ci_lower, fit.ci_upper)
        rows.append(
            Row(
                (
                    runs(f"Pooled ({studies(fit.k)})"),
                    *empty,
                    runs(total),
                    runs(format_percent(100.0, 1)),
                ),
                "total",
            )
        )
    return Table(
        id=f"tab-effects-{result.plan.id}",
        caption=f"{result.plan.title}: data and effect estimate of each study",
        columns=tuple(columns),
        rows=tuple(rows),
        footnotes=(
            *notes.lines(),
            runs(
                f"{scale.short}: {scale.label[:1].lower()}{scale.label[1:]}; CI: confidence "
                "interval, of single studies by the normal distribution"
                + ("; SD: standard deviation" if "mean1" in names else "")
                + ("; SE: standard error" if "difference" in names else "")
                + f". {DASH}: not stated in this form."
            ),
        ),
    )


def _quantile(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(0.5 + level / 2))


def pooled_columns(result: AnalysisResult) -> tuple[Column, ...]:
    """Return the columns of a table of pooled effects."""
    scale, level = result.fit.effects.scale, ci_name(result.fit.options.level)
    return (
        Column("Analysis", share=1.75),
        Column("Studies", "right", share=0.7),
        Column("Participants", "right", share=1.0),
        Column(f"{scale.short} ({level})", "right", share=1.9),
        Column("P", "right", share=0.65),
        Column(f"tau² ({level})", "right", share=1.85),
        Column("I²", "right", share=0.5),
        Column("Prediction interval", "right", share=1.3),
    )


def heterogeneity_reason(fit: PooledFit) -> str:
    """Say why a fit has no tau² or I²; ``""`` if it has."""
    if not math.isnan(fit.tau2):
        return ""
    if fit.tau2_reason:
        return upper_first(sentence(fit.tau2_reason))
    if fit.k < 2:
        return "Not defined for a single study."
    if fit.options.model == "equal":
        return "Not part of a fixed-effect model."
    return "Not estimable."


def pooled_row(name: str, fit: PooledFit | None, notes: Footnotes, reason: str = "") -> Row:
    """Return one pooled effect as the cells of `pooled_columns`.

    Parameters
    ----------
    name
        First cell.
    fit
        The fit; None gives dashes.
    notes
        Collects why a cell is empty.
    reason
        Why there is no fit.
    """
    if fit is None:
        empty = [runs(DASH)] * 6
        return Row((runs(name), runs(DASH, notes.mark(reason)), *empty))
    scale = fit.effects.scale
    counted, unknown = participants(fit.effects)
    size = runs(format_count(counted) if counted else DASH)
    if counted and unknown:
        size = runs(size, notes.mark(f"Not counting {studies(unknown)} without stated numbers."))
    tau2 = runs(DASH, notes.mark(heterogeneity_reason(fit)))
    if not math.isnan(fit.tau2):
        limits = shown_limits(fit.tau2_lower, fit.tau2_upper)
        tau2 = runs(f"{format_number(fit.tau2)}{limits}")
    i2 = runs(format_percent(fit.i2))
    if math.isnan(fit.i2):
        i2 = runs(DASH, notes.mark(heterogeneity_reason(fit)))
    prediction = runs(shown_ci(scale, fit.prediction_lower, fit.prediction_upper))
    if math.isnan(fit.prediction_lower):
        why = fit.prediction_reason
        if fit.k < 2:
            why = "not defined for a single study"
        prediction = runs(DASH, notes.mark(f"{upper_first(why.rstrip('.'))}." if why else ""))
    caveats = []
    if fit.k == 2 and fit.options.ci == "HKSJ":
        caveats.append(
            "Two studies: the interval rests on one degree of freedom and is wide by right."
        )
    elif fit.k == 1:
        caveats.append("One study: its own estimate, nothing pooled.")
    if fit.safeguard_applied:
        caveats.append(_safeguard_note(fit))
    return Row(
        (
            runs(name),
            runs(format_count(fit.k)),
            size,
            runs(
                shown_estimate(scale, fit.estimate, fit.ci_lower, fit.ci_upper),
                notes.mark(*caveats),
            ),
            runs(format_p(fit.p_value)),
            tau2,
            i2,
            prediction,
        )
    )


def _safeguard_note(fit: PooledFit) -> str:
    if fit.options.safeguard == "truncate":
        return "The factor of the Hartung-Knapp interval was held at one."
    return (
        "The Hartung-Knapp interval would be narrower than the one by the normal distribution; "
        "the wider one is shown."
    )


def shown_limits(lower: float, upper: float) -> str:
    """Return limits in brackets with a blank before, or nothing."""
    if math.isnan(lower) or math.isnan(upper):
        return ""
    return f" ({format_number(lower)} to {format_number(upper)})"


def group_row(text: str) -> Row:
    """Return a heading row inside a table."""
    return Row((runs(text),), "group")


def pooled_table(context: Context, result: AnalysisResult) -> Table:
    """Return the main result with everything that varies it: forms of data, outliers, filling."""
    notes = Footnotes()
    rows: list[Row] = [pooled_row("All studies", result.fit, notes)]
    by_format = result.by_format
    if by_format is not None:
        rows.append(group_row("By form of data"))
        rows += [
            pooled_row(upper_first(group.level), group.fit, notes) for group in by_format.groups
        ]
    variations: list[Row] = []
    for other in context.sensitivity_of(result):
        name = other.plan.title.removeprefix(result.plan.title).lstrip(" ,:") or other.plan.title
        variations.append(pooled_row(upper_first(name), other.fit, notes))
    without = result.without_outliers
    if without is not None and without.fit is not None:
        variations.append(pooled_row(f"Without {_names(without.left_out)}", without.fit, notes))
    filled = result.trim_and_fill
    if filled is not None and filled.k0 > 0:
        name = f"After trim and fill ({format_count(filled.k0)} added)"
        row = pooled_row(name, filled.filled, notes)
        dash = runs(DASH, notes.mark("Filled rows have no participants."))
        variations.append(Row((*row.cells[:2], dash, *row.cells[3:])))
    if variations:
        rows.append(group_row("Sensitivity and small-study analyses"))
        rows += variations
    return Table(
        id=f"tab-pooled-{result.plan.id}",
        caption=f"{result.plan.title}: pooled effects",
        columns=pooled_columns(result),
        rows=tuple(rows),
        footnotes=notes.lines(),
    )


def _names(labels: Sequence[str]) -> str:
    return labels[0] if len(labels) == 1 else f"{len(labels)} outliers"
