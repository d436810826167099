"""Checks of a row of values while it is typed: each number, and numbers against each other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from evisynth.extraction.consistency import disagreements
from evisynth.extraction.entries import EntryProblem, number_in, read_value
from evisynth.extraction.forms import Form
from evisynth.extraction.kinds import KINDS

__all__ = ["Finding", "check_row"]

MANY_SDS = 3.0
"""A difference of so many SDs between the arms is hardly ever one, but where an SE stands there."""
FEW = 10
"""Arms below this size are not searched for standard errors."""
NEAR = 0.15
"""Relative distance at which an SD is taken for the standard error it should not be."""
FACTOR_TO_OTHERS = 3.0
"""Times that an SD is below the usual SD of other studies before it is asked about."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about values of a row.

    ``level`` is ``"error"`` for what cannot be, ``"warning"`` for what should be looked at.
    ``cells`` are the columns it is about, the first one first.
    """

    cells: tuple[str, ...]
    message: str
    level: Literal["error", "warning"] = "error"


def check_row(
    form: Form, texts: Mapping[str, str], usual_sds: Mapping[str, Sequence[float]] | None = None
) -> tuple[Finding, ...]:
    """Check the values of one row.

    Parameters
    ----------
    form
        The form.
    texts
        What stands in each column; columns that are not there are empty.
    usual_sds
        SDs of other studies for the same outcome, by role, agreed ones only.

    Returns
    -------
    tuple of Finding
        Errors first, in the order of the columns.

    Examples
    --------
    >>> from evisynth.extraction import form_template
    >>> found = check_row(form_template("events", "e"), {"n1": "20", "events1": "21"})
    >>> found[0].message
    '21 with the event of 20'
    """
    found: list[Finding] = []
    names: dict[str, str] = {}
    values: dict[str, float] = {}
    for cell in form.cells:
        text = texts.get(cell.name, "").strip()
        try:
            read_value(cell, text)
        except EntryProblem as error:
            found.append(Finding((cell.name,), str(error)))
            continue
        number = number_in(text)
        if cell.role and text and not math.isnan(number):
            values[cell.role], names[cell.role] = number, cell.name
    row = _Row(form, values, names, dict(texts))
    for check in (_numbers, _counts, _limits, _sums, _standard_errors, _precision):
        found += check(row)
    found += _usual(row, usual_sds or {})
    order = {cell.name: place for place, cell in enumerate(form.cells)}
    return tuple(
        sorted(
            dict.fromkeys(found),
            key=lambda each: (each.level == "warning", order.get(each.cells[0], 0)),
        )
    )


@dataclass(frozen=True, slots=True)
class _Row:
    form: Form
    values: dict[str, float]
    names: dict[str, str]
    texts: dict[str, str]

    def has(self, *roles: str) -> bool:
        return all(role in self.values for role in roles)

    def cells(self, *roles: str) -> tuple[str, ...]:
        return tuple(self.names[role] for role in roles if role in self.names)

    @property
    def arms(self) -> tuple[str, ...]:
        return tuple(str(arm) for arm in range(1, len(self.form.arms) + 1))


_ABOVE_NOTHING = {"sd": "An SD", "se": "A standard error", "variance": "A variance",
                  "logrank_variance": "The variance", "hazard_ratio": "A hazard ratio",
                  "hazard_lower": "A limit of a hazard ratio"}  # fmt: skip


def _numbers(row: _Row) -> Iterator[Finding]:
    for role, value in row.values.items():
        base = role.rstrip("0123456789")
        if base in _ABOVE_NOTHING and value <= 0:
            yield Finding(row.cells(role), f"{_ABOVE_NOTHING[base]} is greater than 0")
        elif base == "p_value" and not 0 < value <= 1:
            yield Finding(row.cells(role), "A P value is above 0 and at most 1; of 'P<.001' no"
                          " exact value is known: leave the field empty and note it")  # fmt: skip


def _counts(row: _Row) -> Iterator[Finding]:
    v = row.values
    for arm in row.arms:
        n, events, others = f"n{arm}", f"events{arm}", f"nonevents{arm}"
        if row.has(n, events) and v[events] > v[n]:
            yield Finding(row.cells(events, n), f"{v[events]:g} with the event of {v[n]:g}")
        elif row.has(n, events, others) and v[events] + v[others] != v[n]:
            yield Finding(
                row.cells(n, events, others),
                f"{v[events]:g} with and {v[others]:g} without the event make"
                f" {v[events] + v[others]:g}, not {v[n]:g}",
            )
        percent = f"percent{arm}"
        if row.has(n, events, percent) and v[n] > 0:
            half = 0.5 * 10.0 ** -len(row.texts[row.names[percent]].partition(".")[2])
            if abs(100 * v[events] / v[n] - v[percent]) > half + 1e-9:
                yield Finding(
                    row.cells(percent, events, n),
                    f"{v[events]:g} of {v[n]:g} are {100 * v[events] / v[n]:.1f}%,"
                    f" not {v[percent]:g}%",
                    "warning",
                )
    sizes = [f"n{arm}" for arm in row.arms]
    if row.has("total", *sizes):
        made = sum(v[name] for name in sizes)
        if made != v["total"]:
            yield Finding(
                row.cells("total", *sizes),
                f"the arms make {made:g}, not {v['total']:g}: are some left out?",
                "warning" if made < v["total"] else "error",
            )
    table = ("tp", "fp", "fn", "tn")
    if row.has("total", *table) and sum(v[name] for name in table) != v["total"]:
        made = sum(v[name] for name in table)
        yield Finding(row.cells("total", *table), f"the four make {made:g}, not {v['total']:g}")


def _limits(row: _Row) -> Iterator[Finding]:
    v = row.values
    triples = [("ci_lower", "ci_upper", "estimate"), ("ci_lower", "ci_upper", "difference"),
               ("hazard_lower", "hazard_upper", "hazard_ratio")]  # fmt: skip
    triples += [(f"ci_lower{arm}", f"ci_upper{arm}", f"mean{arm}") for arm in row.arms]
    for low, high, middle in triples:
        if not row.has(low, high):
            continue
        if v[low] > v[high]:
            yield Finding(row.cells(low, high), f"the lower limit {v[low]:g} is above the upper"
                          f" limit {v[high]:g}: swapped, or a minus sign lost?")  # fmt: skip
        elif row.has(middle) and not v[low] <= v[middle] <= v[high]:
            yield Finding(
                row.cells(middle, low, high),
                f"{v[middle]:g} lies outside its confidence limits {v[low]:g} to {v[high]:g}",
            )
    for arm in row.arms:
        ladder = [f"{name}{arm}" for name in ("minimum", "q1", "median", "q3", "maximum")]
        given = [name for name in ladder if name in v]
        for lower, upper in pairwise(given):
            if v[lower] > v[upper]:
                yield Finding(
                    row.cells(lower, upper),
                    f"{lower.rstrip(arm)} {v[lower]:g} is above {upper.rstrip(arm)} {v[upper]:g}",
                )
        mean, smallest, largest = f"mean{arm}", f"minimum{arm}", f"maximum{arm}"
        if row.has(mean, smallest, largest) and not v[smallest] <= v[mean] <= v[largest]:
            yield Finding(row.cells(mean), f"the mean {v[mean]:g} lies outside the range")


def _sums(row: _Row) -> Iterator[Finding]:
    for group in row.form.groups:
        if group.sums_to is None:
            continue
        for arm in range(1, len(row.form.arms) + 1) if group.by_arm else (0,):
            names = [f"{each.id}{arm or ''}" for each in group.fields
                     if each.type in ("number", "whole number")]  # fmt: skip
            numbers = [number_in(row.texts.get(name, "")) for name in names]
            if not numbers or any(map(math.isnan, numbers)):
                continue
            decimals = [len(row.texts[name].strip().partition(".")[2]) for name in names]
            slack = sum(0.5 * 10.0**-places for places in decimals)
            if abs(sum(numbers) - group.sums_to) > slack + 1e-9:
                yield Finding(
                    tuple(names),
                    f"{group.title}: the parts make {sum(numbers):g}, not {group.sums_to:g}",
                    "warning",
                )


def _standard_errors(row: _Row) -> Iterator[Finding]:
    """Look for a standard error where the SD should stand."""
    v = row.values
    for arm in row.arms:
        n, sd = f"n{arm}", f"sd{arm}"
        low, high = f"ci_lower{arm}", f"ci_upper{arm}"
        if not row.has(n, sd) or v[n] < FEW or v[sd] <= 0:
            continue
        if row.has(low, high) and v[high] > v[low]:
            se = (v[high] - v[low]) / (2 * 1.96)
            if abs(v[sd] - se) <= NEAR * se:
                yield _is_se(row, sd, f"it is the standard error that the limits give ({se:.3g})")
        for other in row.arms:
            size, spread = f"n{other}", f"sd{other}"
            if other == arm or not row.has(size, spread) or v[spread] <= 0:
                continue
            if abs(v[sd] * math.sqrt(v[n]) - v[spread]) <= 2 * NEAR * v[spread]:
                yield _is_se(row, sd, "times the root of n it is the SD of the other arm")
    if row.has("n1", "n2", "mean1", "mean2", "sd1", "sd2") and min(v["n1"], v["n2"]) >= FEW:
        common = math.sqrt((v["sd1"] ** 2 + v["sd2"] ** 2) / 2)
        apart = abs(v["mean1"] - v["mean2"])
        if common > 0 and apart > MANY_SDS * common:
            yield Finding(
                row.cells("sd1", "sd2"),
                f"the arms differ by {apart / common:.1f} SDs: are these standard errors?",
                "warning",
            )


def _is_se(row: _Row, role: str, why: str) -> Finding:
    return Finding(row.cells(role), f"this SD looks like a standard error: {why}", "warning")


def _usual(row: _Row, usual: Mapping[str, Sequence[float]]) -> Iterator[Finding]:
    for arm in row.arms:
        n, sd = f"n{arm}", f"sd{arm}"
        others = sorted(usual.get(sd, ()))
        if len(others) < 3 or not row.has(n, sd) or row.values[n] < FEW:
            continue
        usually, value = others[len(others) // 2], row.values[sd]
        times_root = value * math.sqrt(row.values[n])
        if 0 < value * FACTOR_TO_OTHERS < usually and times_root < 2 * usually:
            yield _is_se(row, sd, f"SDs of other studies are about {usually:.3g}")


def _precision(row: _Row) -> Iterator[Finding]:
    """Compare SD, SE and limits that say the same thing."""
    kind = row.form.kind
    if kind not in KINDS:
        return
    texts = {role: row.texts[name].strip() for role, name in row.names.items()}
    labels = {cell.role: _label(cell.field.label, cell.arm, row.form) for cell in row.form.cells}
    named = {role: labels.get(role, role) for role in row.names}
    if any(row.values.get(f"n{arm}", 1) <= 0 for arm in row.arms):
        return
    for sentence in disagreements(kind, row.values, texts, named):
        about = [name for role, name in row.names.items() if sentence.startswith(named[role])]
        yield Finding(tuple(about[:1]) or tuple(row.names.values())[:1], sentence, "warning")


def _label(label: str, arm: int, form: Form) -> str:
    return f"{label} ({form.arms[arm - 1]})" if arm else label
