"""Stage 1: records to columns of comparable values, with the keys that they are found by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evisynth.deduplication.journals import (
    EDITIONS,
    LIVING,
    PREPRINT,
    other_journal_title,
    prepare_journal,
)
from evisynth.deduplication.places import (
    Authors,
    prepare_authors,
    prepare_pages,
    prepare_volume,
)
from evisynth.deduplication.text import Title, prepare_title, words_of
from evisynth.errors import DataError
from evisynth.records import Record

__all__ = ["KEY_COUNT", "SHORT_TITLE", "Columns", "JournalTable", "prepare", "prepare_doi"]

SHORT_TITLE = 28
"""Letters below which a title may be a heading ("Editor's comments") that many works share."""

KEY_COUNT = 13
_ABSTRACT_LETTERS = 240
_DOI = re.compile(r"10\.\d{4,9}/\S+", re.IGNORECASE)
_PREPRINT_DOI = re.compile(
    r"10\.(?:1101/(?:19|20)\d\d\.|21203/rs|31234/|31219/|2139/ssrn|20944/preprints|48550/arxiv|"
    r"26434/chemrxiv|36227/techrxiv|22541/au)"
)
_EDITION_PAGE = re.compile(r"\s*CD\d{6}\b", re.IGNORECASE)  # number of a Cochrane review
_DOI_TAIL = re.compile(r"[\s.,;:/)\]}>\"']+$")
_TRIAL = re.compile(
    r"\b(NCT\d{8}|ISRCTN\d{8}|ACTRN\d{14}|ChiCTR[\w-]{6,16}|DRKS\d{8}|CTRI/\d{4}/\d\d/\d{6}|"
    r"EUCTR\d{4}-\d{6}-\d\d|IRCT\d{11,16}N?\d*|UMIN\d{9}|PACTR\d{15,16}|JPRN-\w+)\b",
    re.IGNORECASE,
)
_TRIAL_HINTS = ("NCT0", "ISRCTN", "ACTRN", "CHICTR", "DRKS0", "CTRI/", "EUCTR", "IRCT", "UMIN0",
                "PACTR", "JPRN")  # fmt: skip
_ABSTRACT_HEAD = re.compile(
    r"^\W*(?:abstract|background|introduction|objectives?|aims?|purpose|importance|context|summary)"
    r"(?: and (?:objectives?|aims?|purpose))?\W+",
    re.IGNORECASE,
)


def prepare_doi(doi: str) -> str:
    """Return the bare DOI in lower case; ``""`` if the text holds none.

    Examples
    --------
    >>> prepare_doi("https://doi.org/10.25300/MISQ/2020/14911/")
    '10.25300/misq/2020/14911'
    """
    hit = _DOI.search(doi)
    if hit is None:
        return ""
    found = _DOI_TAIL.sub("", hit.group(0).lower())
    return found.replace("%2f", "/").replace("%28", "(").replace("%29", ")")


class JournalTable:
    """The different journal titles of a set, numbered; comparing numbers is comparing titles."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.others: list[str] = []
        self.marks: list[int] = []
        self._of_raw: dict[str, int] = {"": -1}
        self._of_title: dict[str, int] = {}
        self._agreement: dict[int, int] = {}

    def number(self, journal: str) -> int:
        """Return the number of a journal title as a record writes it; -1 for none."""
        known = self._of_raw.get(journal)
        if known is not None:
            return known
        title, marks = prepare_journal(journal)
        number = self.take(title, other_journal_title(journal), marks) if title else -1
        self._of_raw[journal] = number
        return number

    def take(self, title: str, other: str = "", marks: int = 0) -> int:
        """Return the number of a folded title, with that in brackets behind it and its marks."""
        key = f"{title}|{other}|{marks}"
        number = self._of_title.get(key)
        if number is None:
            number = len(self.titles)
            self._of_title[key] = number
            self.titles.append(title)
            self.others.append(other)
            self.marks.append(marks)
        return number

    def agreement(self, first: NDArray[np.int32], second: NDArray[np.int32]) -> NDArray[np.int8]:
        """Compare pairs of known journals; each different pair is compared once."""
        low = np.minimum(first, second).astype(np.int64)
        high = np.maximum(first, second).astype(np.int64)
        codes, inverse = np.unique((low << 32) | high, return_inverse=True)
        memory = self._agreement
        found = np.empty(codes.size, dtype=np.int8)
        for place, code in enumerate(codes.tolist()):
            level = memory.get(code)
            if level is None:
                level = self._compare(code >> 32, code & 0xFFFFFFFF)
                memory[code] = level
            found[place] = level
        return found[inverse]

    def _compare(self, first: int, second: int) -> int:
        """Compare two journals, each by its title and by that in brackets behind it."""
        from evisynth.deduplication.journals import journal_agreement

        titles = [self.titles[first], self.others[first]]
        against = [self.titles[second], self.others[second]]
        pairs = [sorted((one, two)) for one in titles for two in against if one and two]
        return min(journal_agreement(one, two) for one, two in pairs)


@dataclass(slots=True)
class Columns:
    """Prepared records, one row a record; every array has the same first axis.

    Texts are object arrays of str; -1 stands for an unknown number and 0 for an unknown key.
    """

    id: NDArray[np.object_]
    title: NDArray[np.object_]
    title_key: NDArray[np.uint64]
    main: NDArray[np.object_]
    other_title: NDArray[np.object_]
    letters: NDArray[np.int32]
    title_marks: NDArray[np.int16]
    part: NDArray[np.int16]
    authors: NDArray[np.object_]
    people: NDArray[np.object_]
    first_author: NDArray[np.uint64]
    initial: NDArray[np.int32]
    author_count: NDArray[np.int16]
    year: NDArray[np.int16]
    journal: NDArray[np.int32]
    place_marks: NDArray[np.int8]
    volume: NDArray[np.int32]
    issue: NDArray[np.int32]
    page: NDArray[np.int64]
    last_page: NDArray[np.int64]
    page_tail: NDArray[np.int64]
    page_kind: NDArray[np.int8]
    doi: NDArray[np.object_]
    doi_key: NDArray[np.uint64]
    registrant: NDArray[np.uint64]
    pmid: NDArray[np.int64]
    trial: NDArray[np.uint64]
    abstract: NDArray[np.object_]
    source: NDArray[np.object_]
    entry: NDArray[np.uint64]
    keys: NDArray[np.uint64]

    def __len__(self) -> int:
        return int(self.id.size)

    def joined(self, more: Columns) -> Columns:
        """Return these rows followed by those of ``more``."""
        return Columns(
            *(
                np.concatenate((getattr(self, field.name), getattr(more, field.name)))
                for field in fields(self)
            )
        )


def _key(text: str) -> int:
    """Return a number for a text that is the same on every machine and in every run."""
    return (
        int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little")
        | 1
    )


def _trial_of(record: Record) -> int:
    """Return the key of the one registration number that is named; 0 for none or several."""
    found = {number.upper() for number in record.registry_ids}
    for text in (record.title, record.abstract):
        upper = text.upper()
        if any(hint in upper for hint in _TRIAL_HINTS):
            found.update(_TRIAL.findall(upper))
    return _key(found.pop()) if len(found) == 1 else 0


def _row(record: Record, journals: JournalTable) -> tuple[object, ...]:
    title = prepare_title(record.title)
    compact = "".join(title.words)
    authors = prepare_authors(record.authors)
    year = record.year or 0
    journal = journals.number(record.journal)
    volume, volume_marks = prepare_volume(record.volume)
    issue, issue_marks = prepare_volume(record.issue)
    pages = prepare_pages(record.pages)
    marks = (journals.marks[journal] if journal >= 0 else 0) | volume_marks | issue_marks
    doi = prepare_doi(record.doi) if record.doi else ""
    if _PREPRINT_DOI.match(doi):
        marks |= PREPRINT
    if "14651858.cd" in doi or _EDITION_PAGE.match(record.pages):
        marks |= EDITIONS | LIVING
    pmid = int(record.pmid) if record.pmid.isdecimal() else 0
    abstract = ""
    if record.abstract:
        head = _ABSTRACT_HEAD.sub("", record.abstract[:600])
        abstract = "".join(words_of(head))[:_ABSTRACT_LETTERS]
    doi_key = _key(doi) if doi else 0
    title_key = _key("t" + compact) if compact else 0
    other = title.other or " ".join(words_of(record.original_title))
    entry = _key(f"c{record.accession}|{record.database}") if record.accession else 0
    first = _key(authors.first) if authors.first else 0
    return (
        record.id,
        " ".join(title.words),
        title_key,
        title.main,
        other if other.replace(" ", "") != compact else "",
        len(compact),
        title.marks,
        title.part,
        authors.names,
        authors.people,
        first,
        ord(authors.initial) if authors.initial else 0,
        min(authors.count, 30_000),
        year if 0 < year < 10_000 else 0,
        journal,
        marks,
        volume,
        issue,
        pages.start,
        pages.end,
        pages.tail,
        pages.kind,
        doi,
        doi_key,
        _key(doi.partition("/")[0]) if doi else 0,
        pmid,
        _trial_of(record),
        abstract,
        record.source,
        entry,
        [
            *_keys(title, compact, other, authors, year, volume, issue, pages.start),
            doi_key,
            _key(f"p{pmid}") if pmid else 0,
            entry,
        ],
    )


def _keys(
    title: Title,
    compact: str,
    other: str,
    authors: Authors,
    year: int,
    volume: int,
    issue: int,
    page: int,
) -> list[int]:
    """Return the keys of one record; two records that share a key are compared.

    A key is a property of the record alone, never of the set: so a record added later meets the
    same partners as in a run over everything.
    """
    words, main = title.words, title.main
    first, second = authors.first, authors.second
    keys: list[int] = []
    if len(compact) < SHORT_TITLE:
        keys += [_key(f"s{compact}|{first or year}"), 0] if compact else [0, 0]
    else:
        keys += [_key("t" + compact[:40]), _key(f"e{compact[-24:]}|{first}")]
    if len(main) >= SHORT_TITLE:
        keys.append(_key("m" + main))
    else:
        keys.append(_key(f"m{main}|{first}|{year // 2}") if main and first else 0)
    translation = other.replace(" ", "")
    keys.append(_key("t" + translation[:40]) if len(translation) >= SHORT_TITLE else 0)
    if len(words) >= 7:
        keys.append(_key("i" + "".join([word[0] for word in words[:11]]) + first[:1]))
    else:
        keys.append(0)
    keys.append(_key(f"v{volume}|{page}|{year}") if volume >= 0 and page >= 0 and year else 0)
    keys.append(_key(f"a{volume}|{page}|{first}") if volume >= 0 and page >= 0 and first else 0)
    keys.append(_key(f"y{year}|{page}|{first}") if year and page >= 0 and first else 0)
    keys.append(
        _key(f"n{first}|{second}|{year}|{volume}") if second and year and volume >= 0 else 0
    )
    keys.append(_key(f"b{first}|{volume}|{issue}") if first and volume >= 0 and issue >= 0 else 0)
    return keys


_TYPES = {
    "title_key": np.uint64, "letters": np.int32, "title_marks": np.int16, "part": np.int16,
    "first_author": np.uint64, "initial": np.int32, "author_count": np.int16, "year": np.int16,
    "journal": np.int32, "place_marks": np.int8, "volume": np.int32, "issue": np.int32,
    "page": np.int64, "last_page": np.int64, "page_tail": np.int64, "page_kind": np.int8,
    "doi_key": np.uint64, "registrant": np.uint64, "pmid": np.int64, "trial": np.uint64,
    "entry": np.uint64, "keys": np.uint64,
}  # fmt: skip
_BATCH = 50_000


def prepare(records: Iterable[Record], journals: JournalTable) -> Columns:
    """Prepare records for comparison.

    Parameters
    ----------
    records
        The records; read once.
    journals
        The table of journal titles; new titles are added.

    Returns
    -------
    Columns
        One row a record, in the order given.

    Raises
    ------
    DataError
        If a record has no id.
    """
    parts: list[Columns] = []
    batch: list[tuple[object, ...]] = []
    for record in records:
        if not record.id:
            raise DataError(
                f"the record {record.title[:60]!r} has no id; give every record an id that is "
                "unique in the review"
            )
        batch.append(_row(record, journals))
        if len(batch) == _BATCH:
            parts.append(_columns(batch))
            batch = []
    if batch or not parts:
        parts.append(_columns(batch))
    if len(parts) == 1:
        return parts[0]
    return Columns(
        *(
            np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(Columns)
        )
    )


def _columns(rows: Sequence[tuple[object, ...]]) -> Columns:
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in fields(Columns)]
    arrays: list[NDArray[Any]] = []
    for field, values in zip(fields(Columns), columns, strict=True):
        if field.name == "keys":
            arrays.append(np.array(values, dtype=np.uint64).reshape(len(rows), KEY_COUNT))
        elif field.name in _TYPES:
            arrays.append(np.array(values, dtype=_TYPES[field.name]))
        else:
            texts = np.empty(len(rows), dtype=object)
            texts[:] = values
            arrays.append(texts)
    return Columns(*arrays)
