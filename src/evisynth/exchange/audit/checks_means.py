"""Checks of means and standard deviations."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from evisynth.display import format_number, plural
from evisynth.exchange.audit.data import DataRow, DataSet, decimals, significant
from evisynth.exchange.audit.granularity import grim, grimmer, sample_exists, sd_limits
from evisynth.exchange.audit.values import Remark

__all__ = ["identical_spread", "impossible_means", "spread_like_error"]

FAR = 3.0
"""How many times smaller than the others' an SD is before it is suspected."""

FEWEST = 8
"""People in an arm below which SD and standard error are too near to tell apart."""

MOST_DIGITS = 3
"""Decimals of an SD beyond which it was computed, not reported."""

LARGE_EFFECT = 1.5
"""Standardized mean difference from which an SD is suspected, where scales differ."""


def _arms(row: DataRow) -> tuple[tuple[int, float, float, float], ...]:
    """Return arm, people, mean and SD of the arms that have all three."""
    arms = ((1, row.n1, row.mean1, row.sd1), (2, row.n2, row.mean2, row.sd2))
    return tuple(arm for arm in arms if all(math.isfinite(value) for value in arm[1:]))


def spread_like_error(data: DataSet) -> Iterator[Remark]:
    """Find standard deviations that look like standard errors.

    On one scale: an SD that is far below the other studies' and becomes like them when multiplied
    by the root of the number of people. On several scales: a huge standardized difference that
    becomes like the others' in that way.
    """
    if data.kind != "continuous":
        return
    if data.measure == "SMD":
        yield from _large_effects(data)
        return
    spreads: dict[str, list[float]] = defaultdict(list)
    for row in data.rows:
        spreads[row.key] += [sd for _, _, _, sd in _arms(row) if sd > 0]
    for row in data.rows:
        others = [sd for key, values in spreads.items() if key != row.key for sd in values]
        if len(others) < 4:
            continue
        usual = float(np.median(others))
        suspects = [
            (arm, sd, n)
            for arm, n, _, sd in _arms(row)
            if n >= FEWEST and 0 < sd < usual / FAR and 0.5 < sd * math.sqrt(n) / usual < 2
        ]
        if suspects:
            listed = ", ".join(
                f"arm {arm}: {format_number(sd, 2)} (times √{n:.0f}: "
                f"{format_number(sd * math.sqrt(n), 2)})"
                for arm, sd, n in suspects
            )
            yield Remark(
                "SD looks like SE", "warning", data.where, (row.study,),
                f"{row.study}: the SD is far below the other studies', whose median is "
                f"{format_number(usual, 2)}; {listed}.",
                "Was a standard error entered as a standard deviation?",
            )  # fmt: skip


def _standardized(row: DataRow) -> tuple[float, float]:
    """Return the standardized mean difference, and the people of an arm (harmonic mean)."""
    arms = _arms(row)
    if len(arms) < 2:
        return math.nan, math.nan
    (_, n1, mean1, sd1), (_, n2, mean2, sd2) = arms
    if n1 + n2 <= 2 or n1 <= 0 or n2 <= 0:
        return math.nan, math.nan
    pooled = ((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (n1 + n2 - 2)
    if pooled <= 0:
        return math.nan, math.nan
    return (mean1 - mean2) / math.sqrt(pooled), 2 / (1 / n1 + 1 / n2)


def _large_effects(data: DataSet) -> Iterator[Remark]:
    found = {row.key: (row, *_standardized(row)) for row in data.rows}
    for key, (row, value, n) in found.items():
        others = [abs(v) for k, (_, v, _) in found.items() if k != key and math.isfinite(v)]
        if len(others) < 2 or not math.isfinite(value) or n < FEWEST:
            continue
        usual = float(np.median(others))
        divided = abs(value) / math.sqrt(n)
        if abs(value) > LARGE_EFFECT and abs(value) > FAR * usual and divided < 2 * usual + 0.2:
            yield Remark(
                "SD looks like SE", "warning", data.where, (row.study,),
                f"{row.study}: a standardized mean difference of {format_number(value, 2)}; the "
                f"other studies' median is {format_number(usual, 2)}. With the SDs taken for "
                f"standard errors it is {format_number(value / math.sqrt(n), 2)}.",
                "Was a standard error entered as a standard deviation?",
            )  # fmt: skip


def identical_spread(data: DataSet) -> Iterator[Remark]:
    """Find the same SD in several studies or in both arms, written with three digits or more."""
    if data.kind != "continuous":
        return
    studies: dict[str, dict[str, str]] = defaultdict(dict)
    both: dict[str, str] = {}
    pairs: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for row in data.rows:
        for arm in ("1", "2"):
            text, mean = row.text(f"sd{arm}"), row.text(f"mean{arm}")
            if significant(text) >= 3:
                studies[text][row.key] = row.study
                if mean:
                    pairs[mean, text][row.key] = row.study
        if significant(row.text("sd1")) >= 3 and row.text("sd1") == row.text("sd2"):
            both[row.key] = row.study
    for text, named in studies.items():
        if len(named) > 1:
            yield Remark(
                "identical SDs", "warning", data.where, tuple(named.values()),
                f"The same SD, {text}, in {plural(len(named), 'study', 'studies')}: "
                f"{', '.join(named.values())}.",
                "Was it borrowed? Then say so, and try the analysis without it.",
            )  # fmt: skip
    for (mean, text), named in pairs.items():
        if len(named) > 1:
            yield Remark(
                "identical data", "warning", data.where, tuple(named.values()),
                f"The same mean and SD, {mean} and {text}, in {', '.join(named.values())}.",
                "Are these reports of one study, or is a row copied?",
            )  # fmt: skip
    if both:
        yield Remark(
            "identical SDs", "note", data.where, tuple(both.values()),
            f"Both arms have the same SD in {', '.join(both.values())}.",
            "It may be computed from one standard error or P value for both.",
        )  # fmt: skip


def impossible_means(data: DataSet) -> Iterator[Remark]:
    """Find means and SDs that whole numbers cannot have, or that are beyond the scale."""
    if data.kind != "continuous":
        return
    yield from _beyond_limits(data)
    tested = 0
    failed: list[tuple[DataRow, str]] = []
    for row in data.rows:
        for arm, n, mean, sd in _arms(row):
            if n < 2 or not float(n).is_integer():
                continue
            mean_digits = decimals(row.text(f"mean{arm}"))
            sd_digits = decimals(row.text(f"sd{arm}"))
            people = int(n)
            answer = grim(mean, mean_digits, people)
            if answer is not None:
                tested += 1
            if answer is False:
                failed.append(
                    (row, f"{row.study}, arm {arm}: mean {row.text(f'mean{arm}')} of {people}"
                     " (GRIM)")
                )  # fmt: skip
            elif (
                answer is True
                and sd_digits <= MOST_DIGITS
                and grimmer(mean, mean_digits, sd, sd_digits, people) is False
            ):
                failed.append(
                    (row, f"{row.study}, arm {arm}: SD {row.text(f'sd{arm}')} beside the mean "
                     f"{row.text(f'mean{arm}')} of {people} (GRIMMER)")
                )  # fmt: skip
    if failed:
        names = tuple(dict.fromkeys(row.study for row, _ in failed))
        yield Remark(
            "GRIM", "warning" if data.whole_numbers else "note", data.where, names,
            f"{len(failed)} of {plural(tested, 'mean')} that can be tested cannot come from whole "
            f"numbers: {'; '.join(words for _, words in failed)}.",
            "" if data.whole_numbers else "It matters only where each person's value is a whole "
            "number, as the sum of a questionnaire is.",
        )  # fmt: skip


def _beyond_limits(data: DataSet) -> Iterator[Remark]:
    if not (math.isfinite(data.low) and math.isfinite(data.high)):
        return
    for row in data.rows:
        for arm, n, mean, sd in _arms(row):
            here = f"{row.study}, arm {arm}"
            if not data.low <= mean <= data.high:
                yield Remark(
                    "beyond the scale", "error", data.where, (row.study,),
                    f"{here}: the mean {format_number(mean, 2)} is beyond the scale, "
                    f"{format_number(data.low, 0)} to {format_number(data.high, 0)}.",
                )  # fmt: skip
                continue
            if n < 2 or not float(n).is_integer():
                continue
            most = sd_limits(mean, int(n), data.low, data.high)[1]
            slack = 0.5 * 10.0 ** -decimals(row.text(f"sd{arm}"))
            if sd > most + slack:
                yield Remark(
                    "beyond the scale", "error", data.where, (row.study,),
                    f"{here}: an SD of {format_number(sd, 2)} with a mean of "
                    f"{format_number(mean, 2)} cannot be on a scale of "
                    f"{format_number(data.low, 0)} to {format_number(data.high, 0)}; at most "
                    f"{format_number(most, 2)}.",
                )  # fmt: skip
            elif data.whole_numbers and data.low.is_integer() and data.high.is_integer():
                digits = decimals(row.text(f"mean{arm}")), decimals(row.text(f"sd{arm}"))
                found = sample_exists(
                    mean, digits[0], sd, digits[1], int(n), int(data.low), int(data.high)
                )
                if found is False and grim(mean, digits[0], int(n)) is not False:
                    yield Remark(
                        "SPRITE", "warning", data.where, (row.study,),
                        f"{here}: no {int(n)} whole numbers between {data.low:g} and "
                        f"{data.high:g} have the mean {row.text(f'mean{arm}')} and the SD "
                        f"{row.text(f'sd{arm}')}.",
                    )  # fmt: skip
