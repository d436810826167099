"""Refer, EndNote's tagged form (.enw, .ref), and the Cochrane Library's plain text.

Refer has ``%A``-like tags and ``%0`` before an entry, in older files a blank line alone. Cochrane
writes ``Record #3 of 18`` before an entry and ``TI: value``, in some files with bare CR.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from evisynth.records.exports import Export
from evisynth.records.reading import Outside, Reading, go_on, joined, last_line
from evisynth.records.record import Record
from evisynth.records.values import (
    clean,
    distinct,
    doi_in_link,
    find_isbns,
    find_issns,
    find_registry_ids,
    find_year,
    full_doi,
    join_pages,
    link,
    part_name,
    person,
    pubmed_id,
    pubmed_id_in_url,
    split_list,
)

__all__ = ["looks_like_cochrane", "looks_like_refer", "stream_cochrane", "stream_refer"]

_REFER = re.compile(r"%([0-9A-Za-z@!#$^&*()\[\]{}<>=+?~:;|,._\\/'\"-])(?:\s+(.*))?$")
_RECORD = re.compile(r"Record #(\d+)\s+of\s+\d+\s*$", re.IGNORECASE)
_COCHRANE = re.compile(
    r"(ID|AU|TI|SO|YR|VL|NO|PG|PB|KY|CC|DOI|DO|AB|US|PM|XR|PT|SN|LA|EM|CT|AN|ST|BT|ED|VN|DE|MH)"
    r": ?(.*)"
)

Fields = dict[str, list[str]]


def looks_like_refer(export: Export) -> bool:
    """Return whether the file has the tags of Refer."""
    head = export.head
    return re.search(r"^%0 \S", head, re.MULTILINE) is not None or (
        re.search(r"^%T \S", head, re.MULTILINE) is not None
        and re.search(r"^%[ADJ] \S", head, re.MULTILINE) is not None
    )


def stream_refer(export: Export, reading: Reading) -> Iterator[Record]:
    """Give the records of a Refer file one by one."""
    fields: Fields | None = None
    raw: list[str] = []
    first = number = 0
    current = ""
    blank = False
    outside = Outside()
    numbered = re.search(r"^%0 ", export.head, re.MULTILINE) is not None
    for block in reading.blocks(export, outside):
        for line in block:
            number += 1
            found = _REFER.match(line)
            if found and (found[1] == "0" or fields is None or (blank and not numbered)):
                if fields is not None:
                    yield _refer_record(fields, raw, first, reading)
                if numbered and found[1] != "0":
                    reading.report(
                        number, number, "an entry that does not begin with %0",
                        "the entry was kept",
                    )  # fmt: skip
                fields, raw, first = {}, [], number
            blank = not line.strip()
            if fields is None:
                if not blank:
                    outside.append(number)
                continue
            raw.append(line)
            if found:
                current = found[1]
                fields.setdefault(current, []).append((found[2] or "").strip())
            elif not blank:
                values = fields[current]
                if current == "K" and values[-1]:
                    values.append(line.strip())
                else:
                    go_on(values, line.strip())
    if fields is not None:
        yield _refer_record(fields, raw, first, reading)
    reading.outside(outside)


def _refer_record(fields: Fields, raw: list[str], first: int, reading: Reading) -> Record:
    last = last_line(first, raw)
    fields = joined(fields)

    def one(*tags: str) -> str:
        return next((clean(v) for tag in tags for v in fields.get(tag, ()) if v), "")

    ident = reading.ident(one("F"), first, "label")
    title = one("T")
    if not title:
        reading.no_title(first, last, ident, ", ".join(f"%{tag}" for tag in fields))
    dates = [value for tag in ("D", "8") for value in fields.get(tag, ()) if value]
    year = next((year for value in dates if (year := find_year(value))), None)
    if year is None and dates:
        reading.no_year(first, last, dates[0])
    numbers = fields.get("@", [])
    issns = find_issns(numbers)
    urls = fields.get("U", [])
    return Record(
        id=ident,
        title=title,
        authors=tuple(person(name) for name in fields.get("A", ()) if name),
        year=year,
        journal=one("J", "B"),
        volume=one("V"),
        issue=one("N"),
        pages=join_pages(one("P")),
        doi=next((doi for v in (*fields.get("R", ()), *urls) if (doi := full_doi(v))), ""),
        pmid=next((found for value in urls if (found := pubmed_id_in_url(value))), ""),
        url=link(one("U")),
        abstract=one("X"),
        keywords=tuple(word for value in fields.get("K", ()) for word in split_list(value)),
        source=reading.source,
        file=reading.where,
        first_line=first,
        last_line=last,
        type=one("0"),
        language=one("G"),
        accession=one("M"),
        database=one("~"),
        issns=issns,
        isbns=() if issns else find_isbns(numbers),
        notes=tuple(note for value in fields.get("Z", ()) if (note := clean(value))),
        raw="\n".join(raw),
        reader=reading.reader,
        reader_version=reading.version,
    )


def looks_like_cochrane(export: Export) -> bool:
    """Return whether entries begin with ``Record #1 of 9`` and have tags with a colon."""
    return re.search(
        r"^Record #\d+ of \d+[ \t]*\n(?:[ \t]*\n)*(?:ID|AN|AU|TI): ?", export.head, re.MULTILINE
    ) is not None  # fmt: skip


def stream_cochrane(export: Export, reading: Reading) -> Iterator[Record]:
    """Give the records of the Cochrane Library's plain text one by one."""
    fields: Fields | None = None
    raw: list[str] = []
    first = number = 0
    current = ""
    outside = Outside()
    reading.dialect = "Cochrane Library"
    for block in reading.blocks(export, outside):
        for line in block:
            number += 1
            if _RECORD.match(line):
                if fields is not None:
                    yield _cochrane_record(fields, raw, first, reading)
                fields, raw, first, current = {}, [line], number, ""
            elif fields is None:
                if line.strip():
                    outside.append(number)
            else:
                raw.append(line)
                found = _COCHRANE.match(line)
                if found:
                    current = found[1]
                    fields.setdefault(current, []).append(found[2].strip())
                elif line.strip() and current:
                    go_on(fields[current], line.strip())
    if fields is not None:
        yield _cochrane_record(fields, raw, first, reading)
    reading.outside(outside)


def _cochrane_record(fields: Fields, raw: list[str], first: int, reading: Reading) -> Record:
    last = last_line(first, raw)
    fields = joined(fields)

    def one(*tags: str) -> str:
        return next((clean(v) for tag in tags for v in fields.get(tag, ()) if v), "")

    number = one("ID", "AN")
    ident = reading.ident(number, first)
    title = one("TI")
    if not title:
        reading.no_title(first, last, ident, ", ".join(fields))
    year = find_year(one("YR"))
    if year is None and one("YR"):
        reading.no_year(first, last, one("YR"))
    return Record(
        id=ident,
        title=title,
        authors=_cochrane_names(fields.get("AU", [])),
        year=year,
        journal=one("SO"),
        volume=one("VL"),
        issue=one("NO"),
        pages=join_pages(one("PG")),
        doi=full_doi(one("DOI", "DO")) or doi_in_link(one("US")),
        pmid=next((p for tag in ("PM", "XR") for v in fields.get(tag, ()) if (p := _pmid(v))), "")
        or pubmed_id_in_url(one("US")),
        url=link(one("US")),
        abstract=one("AB"),
        keywords=tuple(word for value in fields.get("KY", ()) for word in split_list(value)),
        source=reading.source,
        file=reading.where,
        first_line=first,
        last_line=last,
        type="; ".join(distinct(map(clean, fields.get("PT", ())))),
        language=one("LA"),
        accession=number,
        registry_ids=find_registry_ids((one("CT"), one("US"))),
        issns=find_issns(fields.get("SN", ())),
        raw="\n".join(raw),
        reader=reading.reader,
        reader_version=reading.version,
    )


def _pmid(value: str) -> str:
    return pubmed_id(value) if "PUBMED" in value.upper() or value.isdigit() else ""


def _cochrane_names(values: list[str]) -> tuple[str, ...]:
    """Part names written without a comma, family first: ``Van Ryswyk Emer``, ``Van Ryswyk E``."""
    names = [name for value in values if (name := clean(value))]
    whole = any(len(name.split()[-1].rstrip(".")) > 1 and not name.isupper()
                and not name.split()[-1].isupper() for name in names)  # fmt: skip
    return tuple(_cochrane_name(name, whole) for name in names)


def _cochrane_name(name: str, whole: bool) -> str:
    """Part a name; ``whole`` says that given names are written out in this entry."""
    words = name.split()
    if "," in name or len(words) < 2:
        return part_name(name)
    if not whole and (parted := part_name(name)) != name:
        return parted
    given = 2 if len(words) > 2 and len(words[-1].rstrip(".")) == 1 else 1
    return f"{' '.join(words[:-given])}, {' '.join(words[-given:])}"
