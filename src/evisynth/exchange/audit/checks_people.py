"""Checks on who is counted: twice, under two names, with one control arm for two."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence

from evisynth.display import plural
from evisynth.exchange.audit.data import DataRow, DataSet
from evisynth.exchange.audit.values import Remark

__all__ = ["counted_twice", "shared_arms", "two_names", "unit_of_analysis"]

ALIKE = 88.0
"""Likeness of two authors' names, of 100, from which they may be one (Jaro-Winkler)."""

SIDES = (("arm2", "arm1", "control"), ("arm1", "arm2", "experimental"))
"""An arm, the other one, and words for the first."""

_YEAR = re.compile(r"\b((?:18|19|20)\d\d)\s*([a-z])?\b")
_PART = re.compile(
    r"\s*[\(\[].*?[\)\]]|\s+(?:arm|group|cohort|part|trial|study)\s*\w*$", re.IGNORECASE
)
_CLUSTER = re.compile(r"\bcluster[- ]?(?:random|rct|trial)\w*|\bclusters\b", re.IGNORECASE)
_CROSSOVER = re.compile(r"\bcross[- ]?over\b", re.IGNORECASE)


def _people(row: DataRow) -> float:
    numbers = [n for n in (row.n1, row.n2) if math.isfinite(n)]
    return sum(numbers)


def _folded(name: str) -> str:
    """Return a name without accents, case and signs."""
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign)).casefold()
    return " ".join(re.sub(r"[^a-z0-9]+", " ", plain).split())


def _base(name: str) -> str:
    """Return a name without the letter behind the year and without a part in brackets.

    Examples
    --------
    >>> _base("Smith 2001a"), _base("Smith 2001 (low dose)")
    ('smith 2001', 'smith 2001')
    """
    folded = _folded(_PART.sub("", name))
    return _YEAR.sub(lambda found: found[1], folded)


def counted_twice(data: DataSet) -> Iterator[Remark]:
    """Find studies with several rows in one pooled result."""
    if not data.pooled:
        sets: list[Sequence[DataRow]] = [
            list(rows)
            for _, rows in itertools.groupby(
                sorted(data.rows, key=lambda row: row.group), key=lambda row: row.group
            )
        ]
    else:
        sets = [data.rows]
    for rows in sets:
        by_study: dict[str, list[DataRow]] = defaultdict(list)
        for row in rows:
            by_study[row.key].append(row)
        same: list[str] = []
        several: list[str] = []
        people = 0.0
        for found in by_study.values():
            if len(found) < 2:
                continue
            numbers = [(row.arm1, row.arm2, row.estimate, row.se) for row in found]
            # NaN is not itself: compare as text
            alike = len({repr(each) for each in numbers}) < len(numbers)
            (same if alike else several).append(f"{found[0].study} ({len(found)} rows)")
            if alike:
                people += sum(_people(row) for row in found) - max(_people(row) for row in found)
        if same:
            yield Remark(
                "double counting", "warning", data.where,
                tuple(name.rpartition(" (")[0] for name in same),
                f"The same numbers are pooled twice: {', '.join(same)}; "
                f"{plural(int(people), 'person is', 'people are')} counted more than once.",
                "A total over subgroups takes every row as another study.",
            )  # fmt: skip
        if several:
            names = tuple(name.rpartition(" (")[0] for name in several)
            yield Remark(
                "double counting", "warning", data.where, names,
                f"{plural(len(several), 'study has', 'studies have')} several rows in one pooled "
                f"result: {', '.join(several)}.",
                "Are these other people in each row? Else their weight is counted twice.",
            )  # fmt: skip


def shared_arms(data: DataSet) -> Iterator[Remark]:
    """Find one control arm, entered whole beside two or more other arms of the same study."""
    groups = {"": data.rows} if data.pooled else _by_group(data.rows)
    for rows in groups.values():
        by_base: dict[str, list[DataRow]] = defaultdict(list)
        for row in rows:
            by_base[_base(row.study)].append(row)
        for found in by_base.values():
            for arm, other, words in SIDES:
                same: dict[tuple[float, ...], list[DataRow]] = defaultdict(list)
                for row in found:
                    numbers = getattr(row, arm)
                    if len(numbers) > 1:
                        same[numbers].append(row)
                for shared in same.values():
                    if len(shared) < 2 or len({getattr(row, other) for row in shared}) < 2:
                        continue
                    names = tuple(dict.fromkeys(row.study for row in shared))
                    n = shared[0].n2 if arm == "arm2" else shared[0].n1
                    yield Remark(
                        "unit of analysis", "warning", data.where, names,
                        f"{', '.join(names)}: the same {words} arm"
                        f"{f' of {n:.0f}' if math.isfinite(n) else ''} stands in "
                        f"{plural(len(shared), 'row')}.",
                        "Its people are counted more than once: split the arm, or combine the "
                        "others (Cochrane Handbook 23.3.4).",
                    )  # fmt: skip


def _by_group(rows: Sequence[DataRow]) -> dict[str, list[DataRow]]:
    found: dict[str, list[DataRow]] = defaultdict(list)
    for row in rows:
        found[row.group].append(row)
    return found


def unit_of_analysis(data: DataSet) -> Iterator[Remark]:
    """Find rows whose words speak of clusters or of a crossover."""
    for words, pattern, hint in (
        ("clusters", _CLUSTER, "Are the numbers adjusted for the clusters (design effect)?"),
        ("a crossover", _CROSSOVER, "Is the estimate that of a paired analysis?"),
    ):
        names = tuple(
            dict.fromkeys(
                row.study for row in data.rows if pattern.search(f"{row.study} {row.words}")
            )
        )
        if names:
            yield Remark(
                "unit of analysis", "note", data.where, names,
                f"The words beside {', '.join(names)} speak of {words}.", hint,
            )  # fmt: skip


def two_names(sets: Sequence[DataSet]) -> Iterator[Remark]:
    """Find one study under two names: names that are nearly the same, or the same data."""
    names = {row.key: row.study for data in sets for row in data.rows}
    yield from _alike_names(names)
    seen: set[tuple[str, str]] = set()
    for data in sets:
        same: dict[str, dict[str, str]] = defaultdict(dict)
        for row in data.rows:
            if len(row.arm1) > 1 and len(row.arm2) > 1 and _telling(row):
                same[repr((row.arm1, row.arm2))][row.key] = row.study
            elif math.isfinite(row.estimate) and math.isfinite(row.se):
                same[repr((row.estimate, row.se))][row.key] = row.study
        for named in same.values():
            if len(named) < 2:
                continue
            pair = tuple(sorted(named))[:2]
            if (pair[0], pair[1]) in seen:
                continue
            seen.add((pair[0], pair[1]))
            listed = " and ".join(named.values())
            yield Remark(
                "two names",
                "warning",
                data.where,
                tuple(named.values()),
                f"{listed} have the same numbers in both arms.",
                "Are these two reports of one study?",
            )


def _telling(row: DataRow) -> bool:
    """Whether numbers would hardly be the same by chance: means, or at least some events."""
    if math.isfinite(row.mean1):
        return True
    return row.events1 + row.events2 >= 5 and row.n1 + row.n2 >= 20


def _alike_names(names: dict[str, str]) -> Iterator[Remark]:
    from rapidfuzz.distance import JaroWinkler

    folded: dict[str, dict[str, str]] = defaultdict(dict)
    for key, name in names.items():
        folded[_folded(name)][key] = name
    for named in folded.values():
        if len(named) > 1:
            listed = " and ".join(f"{name!r}" for name in named.values())
            yield Remark(
                "two names", "warning", "", tuple(named.values()),
                f"{listed} are spelled alike and stand as two studies.",
                "Are they one?",
            )  # fmt: skip
    years: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for text, named in folded.items():
        found = _YEAR.search(text)
        if found:
            author = text[: found.start()].strip()
            years[found[1]].append((author, next(iter(named.values()))))
    for entries in years.values():
        for (first, one), (second, other) in itertools.combinations(entries, 2):
            if min(len(first), len(second)) < 4 or first == second:
                continue
            likeness = 100 * JaroWinkler.similarity(first, second)
            if likeness >= ALIKE and abs(len(first) - len(second)) <= 2:
                yield Remark(
                    "two names", "note", "", (one, other),
                    f"{one!r} and {other!r} are of one year and nearly spelled alike.",
                    "Are they one study?",
                )  # fmt: skip
