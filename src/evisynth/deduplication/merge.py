"""Stage 6: groups to works. Nothing is deleted: a work keeps all its records as they came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from evisynth.deduplication.result import DeduplicationResult, PairEvidence
from evisynth.errors import DataError
from evisynth.records import Record

__all__ = ["Work", "separate", "works"]

_DESCRIBES = ("title", "authors", "year", "journal", "volume", "issue", "pages", "doi", "pmid",
              "abstract")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Work:
    """One report with all its records.

    Attributes
    ----------
    records : tuple of Record
        As they were read, with their sources, in the order of their ids.
    merges : tuple of PairEvidence
        Why they are one; empty for a record that stands alone.
    """

    records: tuple[Record, ...]
    merges: tuple[PairEvidence, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the records."""
        return tuple(record.id for record in self.records)

    @property
    def sources(self) -> tuple[str, ...]:
        """Search sources that found it, each once."""
        return tuple(sorted({record.source for record in self.records if record.source}))

    @property
    def lead(self) -> Record:
        """The record that says most, to be shown for the work: most fields, then longest text."""

        def said(record: Record) -> tuple[int, int]:
            values = [getattr(record, name) for name in _DESCRIBES]
            return sum(map(bool, values)), len(record.abstract) + len(record.title)

        return max(self.records, key=said)

    def values(self, field: str) -> dict[object, tuple[str, ...]]:
        """Return each value that a field has in the records, with the ids that have it.

        Parameters
        ----------
        field
            Name of a field of `Record`.

        Raises
        ------
        DataError
            If a record has no such field.
        """
        names = [known.name for known in fields(Record)]
        if field not in names:
            raise DataError(f"a record has no field {field!r}; its fields: {', '.join(names)}")
        found: dict[object, tuple[str, ...]] = {}
        for record in self.records:
            value = getattr(record, field)
            if value not in ("", (), None):
                found[value] = (*found.get(value, ()), record.id)
        return found


def works(records: Iterable[Record], result: DeduplicationResult) -> tuple[Work, ...]:
    """Return the works of a set, sorted by the id of their first record.

    Parameters
    ----------
    records
        The records that were deduplicated.
    result
        What came out.

    Raises
    ------
    DataError
        If the records are not those of the result.

    Examples
    --------
    >>> from evisynth.deduplication import deduplicate
    >>> records = [
    ...     Record("b", "Walking after stroke in rural Norway.", ("Berg K",), 2001),
    ...     Record("a", "Walking after stroke in rural Norway", ("Berg, K",), 2001),
    ... ]
    >>> [work.ids for work in works(records, deduplicate(records))]
    [('a', 'b')]
    """
    by_id = {record.id: record for record in records}
    known = set(result.singles).union(*result.groups)
    if known != by_id.keys():
        odd = sorted(known ^ by_id.keys())
        raise DataError(
            f"{len(odd)} records are not in both the records and the result, for example "
            f"{odd[0]!r}; deduplicate these records again"
        )
    merges: dict[tuple[str, ...], list[PairEvidence]] = {}
    for merge in result.merges:
        merges.setdefault(result.group_of(merge.first), []).append(merge)
    found = [
        Work(tuple(by_id[name] for name in group), tuple(merges.get(group, ())))
        for group in (*result.groups, *((name,) for name in result.singles))
    ]
    return tuple(sorted(found, key=lambda work: work.ids[0]))


def separate(result: DeduplicationResult, record: str) -> tuple[tuple[str, str], ...]:
    """Return the decisions that take a record out of its group, to be given as ``apart``.

    Examples
    --------
    >>> from evisynth.deduplication import deduplicate
    >>> records = [
    ...     Record("b", "Walking after stroke in rural Norway.", ("Berg K",), 2001),
    ...     Record("a", "Walking after stroke in rural Norway", ("Berg, K",), 2001),
    ... ]
    >>> apart = separate(deduplicate(records), "b")
    >>> deduplicate(records, apart=apart).groups
    ()
    """
    return tuple((other, record) for other in result.group_of(record) if other != record)
