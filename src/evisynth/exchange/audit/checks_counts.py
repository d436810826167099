"""Checks of counts: events and people."""

from __future__ import annotations

import math
from collections.abc import Iterator

from evisynth.display import format_number, plural
from evisynth.exchange.audit.data import DataRow, DataSet
from evisynth.exchange.audit.values import Remark

__all__ = ["broken_counts", "events_above_totals", "negative_numbers", "percentage_possible"]


def _place(data: DataSet, row: DataRow) -> str:
    return ", ".join(part for part in (data.where, row.place) if part)


def _plain(value: float) -> str:
    return format_number(value, 0 if float(value).is_integer() else 2)


def events_above_totals(data: DataSet) -> Iterator[Remark]:
    """Find arms with more people with the event than people."""
    for row in data.rows:
        for arm, events, n in ((1, row.events1, row.n1), (2, row.events2, row.n2)):
            if math.isfinite(events) and math.isfinite(n) and events > n:
                yield Remark(
                    "events above totals", "error", _place(data, row), (row.study,),
                    f"{row.study}, arm {arm}: {_plain(events)} people with the event among "
                    f"{_plain(n)}.",
                    "Are events counted instead of people, or are two numbers swapped?",
                )  # fmt: skip


def negative_numbers(data: DataSet) -> Iterator[Remark]:
    """Find counts, SDs and standard errors below zero, and SDs of zero."""
    names = {
        "events1": "events of arm 1", "events2": "events of arm 2", "n1": "people of arm 1",
        "n2": "people of arm 2", "sd1": "SD of arm 1", "sd2": "SD of arm 2", "se": "standard error",
    }  # fmt: skip
    for row in data.rows:
        for field, words in names.items():
            value = getattr(row, field)
            if value < 0:
                yield Remark(
                    "negative numbers", "error", _place(data, row), (row.study,),
                    f"{row.study}: {words} {format_number(value, 2)}.", "It cannot be below zero.",
                )  # fmt: skip
        for arm, n, sd in ((1, row.n1, row.sd1), (2, row.n2, row.sd2)):
            if sd == 0 and n > 1:
                yield Remark(
                    "no spread", "warning", _place(data, row), (row.study,),
                    f"{row.study}, arm {arm}: the SD of {plural(int(n), 'person', 'people')} is 0.",
                    "Everybody would have the same value.",
                )  # fmt: skip


def broken_counts(data: DataSet) -> Iterator[Remark]:
    """Find counts of people that are no whole numbers."""
    found: dict[str, list[str]] = {}
    for row in data.rows:
        for words, value in (
            ("events", row.events1), ("events", row.events2), ("people", row.n1),
            ("people", row.n2),
        ):  # fmt: skip
            if math.isfinite(value) and abs(value - round(value)) > 1e-9:
                found.setdefault(row.study, []).append(f"{format_number(value, 2)} {words}")
    if found:
        listed = "; ".join(f"{study}: {', '.join(values)}" for study, values in found.items())
        yield Remark(
            "counts not whole",
            "note",
            data.where,
            tuple(found),
            f"Counts that are not whole numbers: {listed}.",
            "They may be adjusted for clusters or a shared arm; or computed from percentages.",
        )


def percentage_possible(percent: float, digits: int, n: float) -> bool:
    """Return whether some count among n people is a percentage that is written so.

    Parameters
    ----------
    percent
        Percentage, 0 to 100.
    digits
        Decimals it is written with.
    n
        People.

    Examples
    --------
    >>> percentage_possible(33.3, 1, 30), percentage_possible(34.0, 1, 30)
    (True, False)
    """
    if not (math.isfinite(percent) and math.isfinite(n)) or n <= 0:
        return True
    half = 0.5 * 10.0**-digits
    first = math.ceil((percent - half) / 100 * n - 1e-9)
    last = math.floor((percent + half) / 100 * n + 1e-9)
    return last >= max(first, 0) and first <= n
