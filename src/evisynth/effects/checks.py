"""Checks across several columns of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evisynth.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from evisynth.effects.columns import Table

__all__ = ["check_intervals", "check_ratio_scale", "double_zero_reasons"]

OFF_CENTRE = 0.10
"""Distance of an estimate from the middle of its interval, in half widths, above which the interval
is not symmetric on that scale; rounding to two or three digits stays well below."""

CENTRED = 0.04
"""The same, below which an interval is symmetric."""

INTERVALS = (
    ("mean1", "ci_lower1", "ci_upper1"),
    ("mean2", "ci_lower2", "ci_upper2"),
    ("difference", "ci_lower", "ci_upper"),
    ("estimate", "ci_lower", "ci_upper"),
)


def check_intervals(table: Table) -> None:
    """Note limits that are the wrong way round, and estimates outside their limits."""
    done: set[str] = set()
    for centre, low, high in INTERVALS:
        if low not in table.values or high not in table.values:
            continue
        lower, upper = table.values[low], table.values[high]
        if low not in done:
            for row in np.flatnonzero(lower >= upper):
                table.report(
                    int(row),
                    low,
                    f"the lower limit {lower[row]:g} is not below the upper one {upper[row]:g}",
                )
        done.add(low)
        if centre in table.values:
            value = table.values[centre]
            outside = (lower < upper) & ((value < lower) | (value > upper))
            for row in np.flatnonzero(outside):
                table.report(
                    int(row),
                    centre,
                    f"{value[row]:g} lies outside its interval {lower[row]:g} to {upper[row]:g}",
                )


def check_ratio_scale(table: Table, given: str) -> None:
    """Note ratios that are given on another scale than the one named.

    Intervals of ratios are symmetric on the log scale; the scale on which those of the table are
    symmetric tells which it is.
    """
    names = ("estimate", "ci_lower", "ci_upper")
    if any(name not in table.values for name in names):
        return
    estimate, lower, upper = (table.values[name] for name in names)
    with np.errstate(invalid="ignore"):
        rows = (lower > 0) & (estimate > 0) & (upper > lower)
    if not rows.any():
        return
    plain = _off_centre(estimate[rows], lower[rows], upper[rows])
    logs = _off_centre(np.log(estimate[rows]), np.log(lower[rows]), np.log(upper[rows]))
    if given == "log" and rows.sum() == np.sum(upper > lower) and plain > OFF_CENTRE > logs:
        message = "all are above 0 and the intervals are symmetric after the logarithm only"
        hint = "These look like ratios on the natural scale: pass given='natural'."
    elif given == "natural" and logs > OFF_CENTRE and plain < CENTRED:
        message = "the intervals are symmetric as they stand, not after the logarithm"
        hint = "These look like logarithms (or differences): pass given='log'."
    else:
        return
    column = table.columns["estimate"]
    table.problems.append(Problem(table.where, f"column {column}", message, hint=hint))


def _off_centre(
    estimate: NDArray[np.float64], lower: NDArray[np.float64], upper: NDArray[np.float64]
) -> float:
    """Median distance of estimates from the middle of their intervals, in half widths."""
    return float(np.median(np.abs(2 * estimate - lower - upper) / (upper - lower)))


def double_zero_reasons(values: Mapping[str, NDArray[np.float64]]) -> list[str]:
    """Say of each row whether it has no event, or no non-event, in both arms; shape (K,).

    Person-time has no non-events; rows of other data are never set aside.
    """
    size = len(next(iter(values.values())))
    if "events1" not in values:
        return [""] * size
    none = (values["events1"] == 0) & (values["events2"] == 0)
    everybody = np.zeros(size, dtype=np.bool_)
    if "nonevents1" in values:
        everybody = (values["nonevents1"] == 0) & (values["nonevents2"] == 0)
    return [
        "no event in either arm" if a else "an event in everyone of both arms" if b else ""
        for a, b in zip(none, everybody, strict=True)
    ]
