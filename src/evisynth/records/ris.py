"""RIS, the export format of most databases, in the dialects that they write.

The format has two-letter tags, ``TY  - `` opens an entry and ``ER  - `` closes it. What exports do
beyond that and what is done about it:

- tags come twice and more (authors, keywords, addresses): all values are kept;
- long values go on in untagged lines (Web of Science, EndNote): joined, for keywords one each;
- an ``ER`` is missing, or the ``TY`` is: the entry is kept and the repair reported;
- text stands around the entries (Ovid's numbers and links, Cochrane's headings): reported once;
- tags have one blank or an indent before the dash: read when no tag of the file is regular;
- line ends are CR, LF, CRLF or a mixture; UTF-8 with a mark, UTF-16, Windows-1252.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from evisynth.errors import InputError, Problem
from evisynth.records.record import Record
from evisynth.records.text import decode_export, read_bytes, split_lines

__all__ = ["read_ris"]

_REGULAR = re.compile(r"([A-Z][A-Z0-9]) {2}-(?:\s+(.*))?$")
_LOOSE = re.compile(r"\s*([A-Z][A-Z0-9])\s{0,4}-(?:\s+(.*))?$")
_OPENING = frozenset({"TI", "T1", "AU", "A1", "ID", "DO", "PY", "Y1", "JO", "JF", "AB", "N2"})
"""Tags that show that an entry without ``TY`` has begun; others outside entries are remarks."""
_LISTS = frozenset({"KW", "DB", "UR", "AU", "A1"})
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")


@dataclass(slots=True)
class _Entry:
    """Lines of one entry, in the order read."""

    first: int
    last: int
    values: dict[str, list[str]] = field(default_factory=dict)
    current: str = ""

    def add(self, tag: str, value: str) -> None:
        self.values.setdefault(tag, []).append(value)
        self.current = tag

    def go_on(self, text: str) -> None:
        """Take an untagged line as part of the value before it."""
        values = self.values[self.current]
        if self.current in _LISTS and values[-1]:
            values.append(text)
        else:
            values[-1] = f"{values[-1]} {text}".strip()

    def one(self, *tags: str) -> str:
        """Return the first value that is not empty, tags in the order of preference."""
        for tag in tags:
            for value in self.values.get(tag, ()):
                if value:
                    return value
        return ""

    def all(self, *tags: str) -> tuple[str, ...]:
        """Return all values of the first tag that has any."""
        for tag in tags:
            found = tuple(value for value in self.values.get(tag, ()) if value)
            if found:
                return found
        return ()


def read_ris(
    source: Path | str,
    search_source: str = "",
    *,
    where: str = "",
    encoding: str = "",
    first_number: int = 1,
) -> tuple[tuple[Record, ...], tuple[Problem, ...]]:
    r"""Read the records of a RIS export.

    Parameters
    ----------
    source
        Path of the file, or the text itself.
    search_source
        Id of the search source that the records belong to.
    where
        Name of the file in records and messages; the path's name if it is ``""``.
    encoding
        Encoding as declared by a person; ``""`` detects it (see `decode_export`).
    first_number
        Number of the first entry in identifiers that are made here, for exports in several parts.

    Returns
    -------
    records : tuple of Record
        One a entry, in their order; an entry that could be read only in part is there with what it
        has. The id is the ``ID`` tag, or the source with the running number.
    problems : tuple of Problem
        Repairs and oddities. No record is lost by any of them.

    Raises
    ------
    InputError
        The file cannot be read or decoded, or there is no entry in it.

    Examples
    --------
    >>> records, problems = read_ris("TY  - JOUR\nID  - 7\nTI  - A trial\nER  - \n", "embase")
    >>> records[0].id, records[0].title, records[0].last_line, problems
    ('7', 'A trial', 4, ())
    """
    problems: list[Problem] = []
    if isinstance(source, Path):
        where = where or source.name
        text, _, found = decode_export(
            read_bytes(source, where=where), where=where, declared=encoding
        )
        problems.extend(found)
    else:
        text = source
    entries = _split_entries(text.removeprefix("\ufeff"), where, problems)
    if not entries:
        raise InputError(
            Problem(
                where,
                "",
                "there is no entry in this file (no line begins with 'TY  - ')",
                hint="Is it an export in RIS format?",
            )
        )
    records: list[Record] = []
    taken: set[str] = set()
    for number, entry in enumerate(entries, start=first_number):
        made = f"{search_source or Path(where).stem or 'record'}-{number:05d}"
        ident = entry.one("ID")
        if ident in taken:
            problems.append(
                Problem(
                    where,
                    f"line {entry.first}",
                    f"the ID {ident!r} stands in an earlier entry; this one is called {made!r}",
                )
            )
            ident = ""
        record = _to_record(entry, ident or made, search_source, where, problems)
        taken.add(record.id)
        records.append(record)
    return tuple(records), tuple(problems)


def _split_entries(text: str, where: str, problems: list[Problem]) -> list[_Entry]:
    """Cut the text into entries."""
    lines = split_lines(text)
    regular = any(line.startswith("TY  -") for line in lines)
    pattern = _REGULAR if regular else _LOOSE
    if not any((found := pattern.match(line)) and found[1] in ("TY", "ER") for line in lines):
        return []  # another format whose lines look alike, e.g. PubMed's
    entries: list[_Entry] = []
    entry: _Entry | None = None
    outside: list[int] = []

    def close(number: int, reason: str) -> None:
        problems.append(Problem(where, f"line {number}", f"{reason}; the entry was kept"))

    for number, line in enumerate(lines, start=1):
        found = pattern.match(line)
        tag, value = (found[1], (found[2] or "").strip()) if found else ("", line.strip())
        if tag == "ER":
            if entry is None:
                problems.append(Problem(where, f"line {number}", "an ER that closes no entry"))
            else:
                entry.last = number
            entry = None
        elif tag == "TY":
            if entry is not None:
                close(entry.first, f"no ER before the next entry begins (line {number})")
            entry = _Entry(number, number)
            entry.add(tag, value)
            entries.append(entry)
        elif entry is None and tag in _OPENING:
            close(number, "an entry that does not begin with TY")
            entry = _Entry(number, number)
            entry.add(tag, value)
            entries.append(entry)
        elif not value and not tag:
            continue
        elif entry is None:
            outside.append(number)
        elif tag:
            entry.add(tag, value)
            entry.last = number
        else:
            entry.go_on(value)
            entry.last = number
    if entry is not None:
        close(entry.first, "the file ends without ER")
    if outside:
        count = "1 line" if len(outside) == 1 else f"{len(outside)} lines"
        problems.append(
            Problem(where, f"line {outside[0]}", f"{count} outside the entries left unread")
        )
    return entries


def _to_record(
    entry: _Entry, ident: str, source: str, where: str, problems: list[Problem]
) -> Record:
    """Make the record of one entry."""
    title = entry.one("TI", "T1", "CT", "BT")
    if not title:
        kept = ", ".join(tag for tag in entry.values if tag != "TY") or "no other tag"
        problems.append(
            Problem(
                where,
                f"lines {entry.first} to {entry.last}",
                f"the entry has no title (it has {kept}); it was kept as {ident!r}",
                hint="Look it up in the database",
            )
        )
    pages = "-".join(dict.fromkeys(part for part in (entry.one("SP"), entry.one("EP")) if part))
    return Record(
        id=ident,
        title=title,
        authors=entry.all("AU", "A1"),
        year=_year(entry, where, problems),
        journal=entry.one("JF", "T2", "JO", "JA", "J1", "J2"),
        volume=entry.one("VL"),
        issue=entry.one("IS"),
        pages=pages or entry.one("C7"),
        doi=_doi(entry),
        pmid=_pmid(entry),
        url=entry.one("UR", "LK", "L2", "L1"),
        abstract=entry.one("AB", "N2"),
        keywords=entry.all("KW"),
        source=source,
        file=where,
        first_line=entry.first,
        last_line=entry.last,
    )


def _year(entry: _Entry, where: str, problems: list[Problem]) -> int | None:
    """Read the year of publication; one that cannot be read is reported."""
    written = [value for tag in ("PY", "Y1", "DA") for value in entry.values.get(tag, ()) if value]
    for value in written:
        found = _YEAR.search(value)
        if found:
            return int(found[1])
    if written:
        problems.append(
            Problem(where, f"line {entry.first}", f"no year can be read from {written[0]!r}")
        )
    return None


def _doi(entry: _Entry) -> str:
    """Find the DOI: its own tag first, then tags that hold one beside other things."""
    for tag in ("DO", "DI", "M3", "UR", "LK", "L3", "N1"):
        for value in entry.values.get(tag, ()):
            # Elsewhere than in DO a number is taken only with the word or resolver before it.
            if tag != "DO" and "doi" not in value.casefold():
                continue
            found = _DOI.search(value)
            if found:
                return found[0].rstrip(".,;)").lower()
    return ""


def _pmid(entry: _Entry) -> str:
    """Find the PubMed identifier where the databases put it."""
    for tag in ("AN", "C3", "M1", "N1", "U1"):
        for value in entry.values.get(tag, ()):
            found = re.match(r"(?:PMID|PUBMED|MEDLINE)[:\s]+(\d{1,8})\b", value, re.IGNORECASE)
            if found:
                return found[1]
    for value in entry.values.get("UR", ()):
        found = re.search(
            r"(?:pubmed\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pubmed)/(\d+)", value
        )
        if found:
            return found[1]
    databases = " ".join(entry.values.get("DB", ())).casefold()
    if "medline" in databases or "pubmed" in databases:
        for tag in ("C5", "AN", "ID"):
            value = entry.one(tag)
            if re.fullmatch(r"\d{5,8}", value):
                return value
    return ""
