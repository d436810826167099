"""Checks over many numbers: last digits, and groups that are too alike at baseline."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from evisynth.display import format_p, format_percent, plural
from evisynth.exchange.audit.data import DataRow, DataSet, decimals, significant
from evisynth.exchange.audit.values import Remark
from evisynth.stats import chi2_tail, two_sided_p

__all__ = ["baseline_too_alike", "digit_preference"]

ENOUGH_DIGITS = 60
"""Numbers below which the distribution of last digits tells nothing."""

ENOUGH_P = 5
"""P values below which their distribution tells nothing."""

NEAREST = 0.01
"""Least 1 - P that counts: means are rounded, so that a P of exactly 1 is not rare."""

SUSPECT = 0.001
TOO_GOOD = 0.01

_BASELINE = re.compile(r"\bbase ?line\b|\bpre-?treatment\b|\bpretest\b", re.IGNORECASE)


def digit_preference(sets: Sequence[DataSet]) -> Iterator[Remark]:
    """Last digits of means and SDs that are not spread evenly.

    Programs drop zeros at the end, so that only the digits 1 to 9 are counted; a number counts once
    for each study.
    """
    seen: set[tuple[str, str]] = set()
    counts: Counter[int] = Counter()
    for data in sets:
        if data.kind != "continuous":
            continue
        for row in data.rows:
            for name in ("mean1", "mean2", "sd1", "sd2"):
                text = row.text(name)
                # numbers with many decimals were computed, not reported
                if not text or not 1 <= decimals(text) <= 3 or significant(text) < 2:
                    continue
                if (row.key, text) in seen:
                    continue
                seen.add((row.key, text))
                digit = int(text.rstrip("0")[-1]) if text.rstrip("0")[-1].isdigit() else 0
                if digit:
                    counts[digit] += 1
    total = sum(counts.values())
    if total < ENOUGH_DIGITS:
        return
    expected = total / 9
    statistic = sum((counts[digit] - expected) ** 2 / expected for digit in range(1, 10))
    p = float(chi2_tail(statistic, 8))
    if p < SUSPECT:
        most, often = counts.most_common(1)[0]
        yield Remark(
            "digit preference", "note", "", (),
            f"The last digits of {plural(total, 'mean or SD', 'means and SDs')} are not spread "
            f"evenly ({format_p(p, symbol=True)}): {format_percent(100 * often / total)} end in "
            f"{most}.",
            "Numbers read from figures, rounded to halves, or made up have that.",
        )  # fmt: skip


def _p_value(row: DataRow, data: DataSet) -> float:
    """Return the P value of the difference between the arms, NaN where there is none."""
    if data.kind == "continuous":
        spread = row.sd1**2 / row.n1 + row.sd2**2 / row.n2 if row.n1 > 1 and row.n2 > 1 else 0.0
        if not spread > 0:
            return math.nan
        return float(two_sided_p((row.mean1 - row.mean2) / math.sqrt(spread), row.n1 + row.n2 - 2))
    if data.kind == "dichotomous" and row.n1 > 0 and row.n2 > 0:
        share = (row.events1 + row.events2) / (row.n1 + row.n2)
        spread = share * (1 - share) * (1 / row.n1 + 1 / row.n2)
        if not spread > 0:
            return math.nan
        difference = row.events1 / row.n1 - row.events2 / row.n2
        return float(two_sided_p(difference / math.sqrt(spread), math.inf))
    if data.kind == "generic" and row.se > 0:
        return float(two_sided_p(row.estimate / row.se, math.inf))
    return math.nan


def baseline_too_alike(sets: Sequence[DataSet]) -> Iterator[Remark]:
    """Differences at baseline that are smaller than chance leaves them (Carlisle's test).

    Under randomization P values are spread evenly; Fisher's method on 1 - P asks whether they are
    too near to 1. Reference: Carlisle 2017, doi:10.1111/anae.13938.
    """
    values: list[float] = []
    by_study: dict[str, list[float]] = defaultdict(list)
    for data in sets:
        if not _BASELINE.search(data.name):
            continue
        for row in data.rows:
            p = _p_value(row, data)
            if math.isfinite(p):
                values.append(p)
                by_study[row.study].append(p)
    for study, found in by_study.items():
        yield from _too_good(found, study, (study,))
    if len(by_study) > 1:
        yield from _too_good(values, "All studies together", tuple(by_study))


def _too_good(values: Sequence[float], who: str, studies: tuple[str, ...]) -> Iterator[Remark]:
    if len(values) < ENOUGH_P:
        return
    statistic = -2 * sum(math.log(max(1 - p, NEAREST)) for p in values)
    p = float(chi2_tail(statistic, 2 * len(values)))
    if p < TOO_GOOD:
        yield Remark(
            "baseline too alike", "warning", "", studies,
            f"{who}: {plural(len(values), 'difference')} at baseline "
            f"{'is' if len(values) == 1 else 'are'} smaller than chance leaves them "
            f"({format_p(p, symbol=True)}).",
            "Are the standard errors entered as SDs, or were the groups not made by chance?",
        )  # fmt: skip
