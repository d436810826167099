"""The rows of a forest plot, from any of the results that have one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal, Protocol, TypeGuard, cast

import numpy as np

from evisynth.display import format_percent
from evisynth.errors import DataError, OptionError
from evisynth.figures.fits import AnyFit, level_of, prediction_of
from evisynth.figures.forest import words
from evisynth.figures.forest.columns import Column, Table
from evisynth.figures.profiles import Profile
from evisynth.figures.shown import level_text
from evisynth.synthesis import CountFit, PooledFit, SubgroupAnalysis

if TYPE_CHECKING:
    from evisynth.effects import EffectEstimates, Scale

__all__ = [
    "Block",
    "Extras",
    "HasFit",
    "Row",
    "RowKind",
    "Source",
    "blocks_of",
    "data_of",
    "effect_text",
    "rows_of",
    "source_of",
]

RowKind = Literal[
    "heading", "study", "refit", "subtotal", "total", "sums", "prediction", "note", "empty"
]


class HasFit(Protocol):
    """What a result of an analysis offers to a forest plot."""

    @property
    def fit(self) -> PooledFit:
        """The fit over all rows."""
        ...

    @property
    def by_format(self) -> SubgroupAnalysis | None:
        """The rows by format of data."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its texts, and what stands in the graph (pooled scale, NaN for nothing).

    ``cells`` holds the texts by column; ``block`` the heading that the row stands under.
    """

    kind: RowKind
    label: str
    cells: Mapping[str, str] = field(default_factory=dict)
    estimate: float = float("nan")
    lower: float = float("nan")
    upper: float = float("nan")
    weight: float = float("nan")
    block: str = ""
    study: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """Studies that stand together; ``fit`` is None where they have no total of their own.

    ``level`` is the level of the subgroup, ``""`` without one.
    """

    heading: str
    fit: AnyFit | None
    indices: tuple[int, ...]
    level: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A result, brought to one form: the fit over all, and the analysis by levels if any."""

    fit: AnyFit
    levels: SubgroupAnalysis | None


def _has_fit(result: object) -> TypeGuard[HasFit]:
    return hasattr(result, "fit") and hasattr(result, "by_format")


def source_of(result: AnyFit | SubgroupAnalysis | HasFit) -> Source:
    """Bring a result to one form.

    Raises
    ------
    DataError
        When it is none of those that have a forest plot.
    """
    if isinstance(result, PooledFit | CountFit):
        return Source(result, None)
    if isinstance(result, SubgroupAnalysis):
        return Source(result.fit, result)
    if _has_fit(result):
        return Source(result.fit, result.by_format)
    raise DataError(
        f"forest: a {type(result).__name__} has no forest plot; give a PooledFit, a "
        "CountFit, a SubgroupAnalysis, a LeaveOneOut, a Cumulative or an AnalysisResult"
    )


def blocks_of(source: Source, sort: str | None, by_label: str) -> tuple[Block, ...]:
    """Sort the studies and cut them into blocks, every row of the effects in exactly one."""
    effects = source.fit.effects
    order = _order(source.fit, sort)
    levels = source.levels
    if levels is None:
        return (Block("", None, tuple(order)),)
    level_of: dict[str, str] = {}
    for group in levels.groups:
        level_of |= dict.fromkeys(group.fit.effects.labels, group.level)
    given = _texts(effects, levels.by)
    names = [group.level for group in levels.groups]
    for index, label in enumerate(effects.labels):
        if label not in level_of and label not in levels.not_coded and given[index] in names:
            level_of[label] = given[index]  # not estimable: shown where it belongs
    out = []
    prefix = f"{by_label}: " if by_label else ""
    for group in levels.groups:
        indices = tuple(i for i in order if level_of.get(effects.labels[i]) == group.level)
        heading = words.block_heading(prefix, group.level, _of(effects, "kind", indices))
        out.append(Block(heading, group.fit, indices, group.level))
    rest = tuple(i for i in order if effects.labels[i] not in level_of)
    if rest:
        out.append(Block(words.not_coded_heading(prefix), None, rest))
    return tuple(out)


def _of(effects: EffectEstimates, name: str, indices: Iterable[int]) -> set[str]:
    texts = _texts(effects, name)
    return {texts[index] for index in indices}


def _texts(effects: EffectEstimates, name: str) -> list[str]:
    """Return a column as text, ``""`` where it is empty or absent."""
    if name not in effects.data.columns:
        return [""] * len(effects)
    column = effects.data[name]
    return [
        "" if missing else str(value) for value, missing in zip(column, column.isna(), strict=True)
    ]


def _order(fit: AnyFit, sort: str | None) -> list[int]:
    effects = fit.effects
    size = len(effects)
    if sort is None:
        return list(range(size))
    name = sort.removeprefix("-")
    if name == "label":
        order = sorted(range(size), key=lambda i: effects.labels[i].casefold())
        return order[::-1] if sort.startswith("-") else order
    known = {
        "estimate": effects.estimates,
        "weight": np.asarray(fit.weights, dtype=float),
        "precision": 1 / effects.variances,
    }
    if name in known:
        keys: Sequence[object] = list(known[name])
    elif name in effects.data.columns:
        keys = list(effects.data[name])
    else:
        allowed = [*known, "label", *(str(column) for column in effects.data.columns)]
        raise OptionError("sort", sort, allowed, "A minus in front reverses the order.")
    missing = [key is None or key != key for key in keys]  # NaN is not itself
    numeric = all(
        isinstance(key, int | float | np.integer | np.floating)
        for key, gone in zip(keys, missing, strict=True)
        if not gone
    )
    present = [i for i in range(size) if not missing[i]]
    present.sort(
        key=(lambda i: cast(float, keys[i])) if numeric else (lambda i: str(keys[i])),
        reverse=sort.startswith("-"),
    )
    return present + [i for i in range(size) if missing[i]]


@dataclass(frozen=True, slots=True)
class Extras:
    """What stands in the rows beside the studies.

    ``totals`` are further pooled effects by their words; ``certainty`` is in words, ``""`` for the
    total and otherwise by the level of the subgroup; ``overall`` is False without a total.
    """

    totals: Mapping[str, AnyFit] = field(default_factory=dict)
    certainty: Mapping[str, str] = field(default_factory=dict)
    overall: bool = True


def rows_of(
    source: Source, blocks: Sequence[Block], table: Table, look: Profile, extras: Extras
) -> tuple[Row, ...]:
    """Build the rows in order, the totals included."""
    fit = source.fit
    rows: list[Row] = []
    for block in blocks:
        if block.heading:
            rows.append(Row("heading", block.heading, block=block.heading))
        mark = not block.heading or not table.marks.issuperset(block.indices)
        rows.extend(_study(fit, index, table, block.heading, mark, look) for index in block.indices)
        if block.fit is not None:
            rows.extend(_block_end(fit, block, table, look, extras))
        if block.heading:
            rows.append(Row("empty", "", block=block.heading))
    everything = range(len(fit.effects))
    if extras.overall:
        certainty = extras.certainty.get("", "")
        label = f"Total ({_level(fit)} CI)"
        all_ = 100.0 if np.isfinite(fit.weights).any() else np.nan
        rows.append(_pooled("total", label, fit, all_, table, everything, look, "", certainty))
        rows.extend(_sums(table, everything, ""))
        rows.extend(_prediction(fit, table, look))
    for words_, other in extras.totals.items():
        label = f"{words_} ({_level(other)} CI)"
        rows.append(_pooled("total", label, other, np.nan, table, (), look))
        rows.extend(_prediction(other, table, look))
    return tuple(rows)


def _prediction(fit: AnyFit, table: Table, look: Profile) -> list[Row]:
    """Return the row of the prediction interval, where there is one."""
    low, high = prediction_of(fit)
    if not (isinstance(fit, PooledFit) and np.isfinite(low) and np.isfinite(high)):
        return []
    lower, upper = _within(fit.effects.scale, low, high)
    opening, closing = look.brackets[0], look.brackets[1]
    limits = look.limits(*fit.effects.scale.shown_limits(lower, upper), table.digits)
    label = f"{_level(fit)} prediction interval ({words.prediction_method(fit)})"
    cells = {"effect": f"{opening}{limits}{closing}"}
    return [Row("prediction", label, cells, lower=lower, upper=upper)]


def _level(fit: AnyFit) -> str:
    return level_text(level_of(fit))


def _study(fit: AnyFit, index: int, table: Table, block: str, mark: bool, look: Profile) -> Row:
    effects = fit.effects
    label = effects.labels[index]
    shown_label = table.marked(index, label) if mark else label
    cells = dict(table.cells[index])
    if not effects.estimable[index]:
        cells |= {"weight": "", "effect": "Not estimable"}
        return Row("study", shown_label, cells, block=block, study=label)
    estimate = float(effects.estimates[index])
    half = NormalDist().inv_cdf(0.5 + level_of(fit) / 2) * float(np.sqrt(effects.variances[index]))
    scale = effects.scale_of(index)
    lower, upper = _within(scale, estimate - half, estimate + half)
    weight = float(fit.weights[index])
    cells["weight"] = format_percent(weight, 1) if np.isfinite(weight) else ""
    cells["effect"] = effect_text(scale, estimate, lower, upper, table.digits, look)
    return Row(
        "study",
        shown_label,
        cells,
        estimate=estimate,
        lower=lower,
        upper=upper,
        weight=weight,
        block=block,
        study=label,
    )


def effect_text(
    scale: Scale, estimate: float, lower: float, upper: float, digits: int, look: Profile
) -> str:
    """Return an estimate with its interval, given on the pooled scale, as a journal prints it."""
    return look.estimate(scale.shown(estimate), *scale.shown_limits(lower, upper), digits)


def _within(scale: Scale, lower: float, upper: float) -> tuple[float, float]:
    """Cut an interval at what the measure can be, as its text is."""
    low, high = scale.pooled_range
    return max(lower, low), min(upper, high)


def _pooled(
    kind: Literal["subtotal", "total"],
    label: str,
    fit: AnyFit,
    weight: float,
    table: Table,
    indices: Iterable[int],
    look: Profile,
    block: str = "",
    certainty: str = "",
) -> Row:
    scale = fit.effects.scale
    lower, upper = _within(scale, fit.ci_lower, fit.ci_upper)
    cells = dict(table.totals(indices))
    cells["weight"] = format_percent(weight, 1) if np.isfinite(weight) else ""
    cells["certainty"] = certainty
    if np.isfinite(fit.estimate):
        limits = (fit.ci_lower, fit.ci_upper)
        cells["effect"] = effect_text(scale, fit.estimate, *limits, table.digits, look)
    else:
        cells |= {"effect": "Not estimable", "weight": ""}
    return Row(
        kind,
        label,
        cells,
        estimate=fit.estimate,
        lower=lower,
        upper=upper,
        weight=weight,
        block=block,
    )


def _sums(table: Table, indices: Iterable[int], block: str) -> list[Row]:
    """Return the row of events, which stand apart from the totals of participants."""
    cells = table.events(indices)
    return [Row("sums", "Total events:", cells, block=block)] if cells else []


def _block_end(fit: AnyFit, block: Block, table: Table, look: Profile, extras: Extras) -> list[Row]:
    own = block.fit
    if own is None:
        return []
    weight = float(np.asarray(fit.weights)[list(block.indices)].sum())
    heading = block.heading
    label = f"Subtotal ({_level(own)} CI)"
    certainty = extras.certainty.get(block.level, "")
    rows = [_pooled("subtotal", label, own, weight, table, block.indices, look, heading, certainty)]
    rows.extend(_sums(table, block.indices, heading))
    line = words.heterogeneity(own, with_tau2=look.tau2)
    rows.append(Row("note", look.statement(line), block=heading))
    if own.effects.scale.compares:
        rows.append(Row("note", look.statement(words.overall_test(own)), block=heading))
    return rows


def data_of(
    rows: Sequence[Row], fit: AnyFit, columns: Sequence[Column]
) -> tuple[Mapping[str, object], ...]:
    """Return the numbers drawn as a table: one mapping a row, on the shown scale."""
    out = []
    places = {label: index for index, label in enumerate(fit.effects.labels)}
    for row in rows:
        if row.kind not in ("study", "refit", "subtotal", "total", "prediction"):
            continue
        entry: dict[str, object] = {"row": row.kind, "label": row.study or row.label}
        entry["block"] = row.block
        for column in columns:
            if column.key not in ("weight", "effect"):
                entry[column.title] = row.cells.get(column.key, "")
        scale = fit.effects.scale_of(places[row.study]) if row.study else fit.effects.scale
        lower, upper = scale.shown_limits(row.lower, row.upper)
        entry |= {
            scale.short: scale.shown(row.estimate),
            "ci_lower": lower,
            "ci_upper": upper,
            "weight_percent": row.weight,
        }
        out.append(entry)
    return tuple(out)
