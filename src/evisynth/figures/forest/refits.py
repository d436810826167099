"""Rows of a forest plot whose rows are fits: cumulative, and leaving one study out in turn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from evisynth.display import format_p, format_percent, plural
from evisynth.figures.fits import AnyFit, is_random, level_of
from evisynth.figures.forest import words
from evisynth.figures.forest.columns import Column
from evisynth.figures.forest.rows import Row, effect_text
from evisynth.figures.profiles import Profile
from evisynth.figures.shown import digits_of, level_text, measure, pooled_text
from evisynth.synthesis import Cumulative, LeaveOneOut

__all__ = ["Refits", "data_of_refits", "rows_of_refits"]


@dataclass(frozen=True, slots=True)
class Refits:
    """What stands in the table and under it; ``told`` are the rows in words."""

    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    heading: str
    footer: tuple[str, ...]
    title: str
    alt_text: str
    told: tuple[str, ...]


def rows_of_refits(result: LeaveOneOut | Cumulative, look: Profile) -> Refits:
    """Build a row a fit, and one for the fit of all studies."""
    fit = result.fit
    scale, digits = fit.effects.scale, digits_of(fit.effects)
    leaves_out = isinstance(result, LeaveOneOut)
    names = result.left_out if isinstance(result, LeaveOneOut) else result.added
    columns = [Column("k", "Studies")]
    if is_random(fit):
        columns.append(Column("tau2", "Tau²", "", "decimal"))
    columns += [Column("i2", "I²"), Column("p", "P", "", "decimal")]
    rows = []
    for index, name in enumerate(names):
        k = fit.k - 1 if leaves_out else index + 1
        estimate = float(result.estimates[index])
        lower, upper = float(result.ci_lower[index]), float(result.ci_upper[index])
        cells = _cells(k, *(float(x[index]) for x in (result.tau2, result.i2, result.p_values)))
        cells["effect"] = (
            effect_text(scale, estimate, lower, upper, digits, look)
            if math.isfinite(estimate)
            else "Not estimable"
        )
        rows.append(
            Row("refit", name, cells, estimate=estimate, lower=lower, upper=upper, study=name)
        )
    rows.append(_whole(fit, digits, look))
    model = "random-effects" if is_random(fit) else "equal-effects"
    if isinstance(result, Cumulative):
        title, heading = "Cumulative forest plot", "Study added"
        how = f"as studies are added in the order of {result.order}"
    else:
        title, heading, how = "Leave-one-out forest plot", "Study left out", "without each in turn"
    shown = [scale.shown(row.estimate) for row in rows[:-1] if math.isfinite(row.estimate)]
    spread = ""
    if shown:
        ends = look.limits(min(shown), max(shown), digits)
        spread = f"; the estimates lie between {ends.replace(look.between, ' and ')}"
    alt = (
        f"{title} of {plural(fit.k, 'study', 'studies')}: pooled {measure(fit)} {how}{spread}. All "
        f"studies: {pooled_text(fit, digits)}, {model} model."
    )
    told = tuple(f"{row.label}: {row.cells['effect']}." for row in rows)
    return Refits(tuple(rows), tuple(columns), heading, (words.method(fit),), title, alt, told)


def _cells(k: int, tau2: float, i2: float, p: float) -> dict[str, str]:
    return {
        "k": str(k),
        "tau2": words.tau2(tau2) if math.isfinite(tau2) else "",
        "i2": format_percent(i2) if math.isfinite(i2) else "",
        "p": format_p(p) if math.isfinite(p) else "",
    }


def _whole(fit: AnyFit, digits: int, look: Profile) -> Row:
    cells = _cells(fit.k, fit.tau2, fit.i2, fit.p_value)
    limits = (fit.ci_lower, fit.ci_upper)
    cells["effect"] = effect_text(fit.effects.scale, fit.estimate, *limits, digits, look)
    label = f"All studies ({level_text(level_of(fit))} CI)"
    return Row("total", label, cells, estimate=fit.estimate, lower=limits[0], upper=limits[1])


def data_of_refits(
    result: LeaveOneOut | Cumulative, made: Refits
) -> tuple[Mapping[str, object], ...]:
    """Return the numbers drawn, on the shown scale."""
    scale = result.fit.effects.scale
    out: list[Mapping[str, object]] = []
    for row in made.rows:
        lower, upper = scale.shown_limits(row.lower, row.upper)
        cells = {column.title: row.cells[column.key] for column in made.columns}
        out.append(
            {
                "row": row.kind,
                "label": row.label,
                **cells,
                scale.short: scale.shown(row.estimate),
                "ci_lower": lower,
                "ci_upper": upper,
            }
        )
    return tuple(out)
