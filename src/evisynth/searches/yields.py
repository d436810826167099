"""What each source and each line brought, after deduplication."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evisynth.deduplication import DeduplicationResult, Work
from evisynth.display import format_columns, format_count, format_percent
from evisynth.errors import DataError
from evisynth.records import Record

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Yield", "YieldRow", "yield_by_line", "yield_by_source"]


@dataclass(frozen=True, slots=True)
class YieldRow:
    """What one source or line brought.

    Attributes
    ----------
    label : str
        The source, or the number of the line.
    records : int
        Records found.
    reports : int
        Different reports among them.
    unique : int
        Reports that nothing else found.
    included, unique_included : int
        Of these, reports that were included in the end; 0 where none were named.
    """

    label: str
    records: int
    reports: int
    unique: int
    included: int = 0
    unique_included: int = 0


@dataclass(frozen=True, slots=True)
class Yield:
    """Yield of all sources or lines, and how they overlap.

    Attributes
    ----------
    rows : tuple of YieldRow
        In the order of the labels.
    overlap : dict of (str, str) to int
        Reports that both found; of a label with itself, its reports.
    reports : int
        Different reports in all.
    """

    rows: tuple[YieldRow, ...]
    overlap: Mapping[tuple[str, str], int] = field(repr=False)
    reports: int

    def table(self) -> list[dict[str, str]]:
        """Return the rows as they are shown."""
        return [
            {
                "label": row.label,
                "records": format_count(row.records),
                "reports": format_count(row.reports),
                "unique": format_count(row.unique),
                "unique share": format_percent(100 * row.unique / row.reports)
                if row.reports
                else format_percent(float("nan")),
                "included": format_count(row.included),
                "unique included": format_count(row.unique_included),
            }
            for row in self.rows
        ]

    def overlap_rows(self) -> list[dict[str, str]]:
        """Return the overlap matrix: a row and a column for each label."""
        labels = [row.label for row in self.rows]
        return [
            {"label": one} | {other: format_count(self.overlap[one, other]) for other in labels}
            for one in labels
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a table of numbers, indexed by label."""
        import pandas as pd

        names = ("records", "reports", "unique", "included", "unique_included")
        return pd.DataFrame(
            {name: [getattr(row, name) for row in self.rows] for name in names},
            index=pd.Index([row.label for row in self.rows], name="label"),
        )

    def __str__(self) -> str:
        table = self.table()
        head = list(table[0]) if table else []
        rows = [head, *([row[name] for name in head] for row in table)]
        return "\n".join([f"{format_count(self.reports)} reports", *format_columns(rows)])


def yield_by_source(
    found: Iterable[Work] | DeduplicationResult,
    records: Iterable[Record] = (),
    *,
    included: Collection[str] = (),
) -> Yield:
    """Count what each search source brought, after deduplication.

    Parameters
    ----------
    found
        The works of the review, or the result of the deduplication.
    records
        The records that were deduplicated; needed with a result.
    included
        Ids of records of the reports that were included.

    Raises
    ------
    DataError
        The records are not those of the result, or an included id is of none.

    Examples
    --------
    >>> from evisynth.records import Record
    >>> works = [
    ...     Work((Record("a", "Gait", source="embase"), Record("b", "Gait", source="pubmed"))),
    ...     Work((Record("c", "Sleep", source="pubmed"),)),
    ... ]
    >>> print(yield_by_source(works))
    2 reports
      label   records  reports  unique  unique share  included  unique included
      embase  1        1        0       0%            0         0
      pubmed  2        2        1       50%           0         0
    """
    if isinstance(found, DeduplicationResult):
        from evisynth.deduplication import works

        found = works(records, found)
    groups = [
        ([record.id for record in work.records], [record.source or "" for record in work.records])
        for work in found
    ]
    labels = sorted({label for _, sources in groups for label in sources})
    return _count(labels, groups, included)


def yield_by_line(
    found: Mapping[int, Iterable[str]],
    groups: DeduplicationResult | Iterable[Iterable[str]] = (),
    *,
    included: Collection[str] = (),
) -> Yield:
    """Count what each line of a strategy brought, after deduplication.

    Parameters
    ----------
    found
        Ids of the records that each line found, by number of line.
    groups
        Groups of ids of the same report, or the result of the deduplication; an id in no group is
        a report of its own.
    included
        Ids of records of the reports that were included.

    Raises
    ------
    DataError
        An included id is found by no line.

    Examples
    --------
    >>> counted = yield_by_line({1: ["a", "b"], 2: ["b", "c"]}, [["a", "c"]])
    >>> [(row.label, row.reports, row.unique) for row in counted.rows]
    [('1', 2, 0), ('2', 2, 0)]
    """
    given = groups.groups if isinstance(groups, DeduplicationResult) else groups
    lead = {ident: place for place, group in enumerate(given) for ident in group}
    members: dict[object, tuple[list[str], list[str]]] = {}
    for number in sorted(found):
        for ident in dict.fromkeys(found[number]):
            idents, labels = members.setdefault(lead.get(ident, ident), ([], []))
            idents.append(ident)
            labels.append(str(number))
    return _count([str(number) for number in sorted(found)], list(members.values()), included)


def _count(
    labels: list[str], groups: list[tuple[list[str], list[str]]], included: Collection[str]
) -> Yield:
    """Count reports by the set of labels that found them."""
    known = {ident for idents, _ in groups for ident in idents}
    unknown = sorted(set(included) - known)
    if unknown:
        raise DataError(
            f"{len(unknown)} included ids are of no record found, for example {unknown[0]!r};"
            " give ids of the records that were deduplicated"
        )
    wanted = frozenset(included)
    counts = {label: [0, 0, 0, 0, 0] for label in labels}
    overlap = {(one, other): 0 for one in labels for other in labels}
    for idents, places in groups:
        in_review = not wanted.isdisjoint(idents)
        for label in places:
            counts[label][0] += 1
        different = sorted(set(places))
        for label in different:
            row = counts[label]
            row[1] += 1
            row[2] += len(different) == 1
            row[3] += in_review
            row[4] += in_review and len(different) == 1
            for other in different:
                overlap[label, other] += 1
    return Yield(tuple(YieldRow(label, *counts[label]) for label in labels), overlap, len(groups))
