"""Web of Science: tagged text (.txt, .ciw, .isi) and the tab-separated file with the same tags.

``PT`` opens an entry and ``ER`` closes it; long values go on after three blanks, names one a line.
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
    find_year,
    full_doi,
    group_name,
    join_pages,
    link,
    part_name,
    pubmed_id,
    pubmed_id_in_url,
    split_list,
)

__all__ = ["looks_like_web_of_science", "stream_web_of_science", "web_of_science_record"]

_TAG = re.compile(r"([A-Z][A-Z0-9])(?: (.*))?$")
_LISTS = frozenset({"AU", "AF", "BA", "BF", "CA", "GP", "BE", "ED", "CR"})
_TYPES = {"J": "journal article", "B": "book", "S": "series", "P": "patent", "C": "conference"}

Fields = dict[str, list[str]]


def looks_like_web_of_science(export: Export) -> bool:
    """Return whether lines with ``PT`` open entries."""
    head = export.head
    return re.search(r"^PT [A-Z]\b", head, re.MULTILINE) is not None and (
        re.search(r"^(?:FN |VR |UT |ER\s*$|SO )", head, re.MULTILINE) is not None
    )


def stream_web_of_science(export: Export, reading: Reading) -> Iterator[Record]:
    """Give the records of a tagged file of Web of Science one by one."""
    fields: Fields | None = None
    raw: list[str] = []
    first = number = 0
    current = ""
    outside = Outside()
    reading.dialect = "Web of Science"
    for block in reading.blocks(export, outside):
        for line in block:
            number += 1
            found = _TAG.match(line)
            tag, value = (found[1], (found[2] or "").strip()) if found else ("", line.strip())
            if tag == "ER" and value:
                tag, value = "", line.strip()
            if tag == "PT":
                if fields is not None:
                    last = last_line(first, raw)
                    reading.report(
                        first,
                        last,
                        f"no ER before the next entry begins (line {number})",
                        "the entry was kept",
                    )
                    yield _tagged_record(fields, raw, first, reading)
                fields, raw, first, current = {tag: [value]}, [line], number, tag
            elif tag == "ER":
                if fields is None:
                    reading.report(number, number, "an ER that closes no entry", "left unread")
                else:
                    raw.append(line)
                    yield _tagged_record(fields, raw, first, reading)
                fields = None
            elif fields is None:
                if tag in ("AU", "TI", "AF"):
                    reading.report(
                        number, number, "an entry that does not begin with PT",
                        "the entry was kept",
                    )  # fmt: skip
                    fields, raw, first, current = {tag: [value]}, [line], number, tag
                elif value and tag not in ("FN", "VR", "EF"):
                    outside.append(number)
            else:
                raw.append(line)
                if tag:
                    current = tag
                    fields.setdefault(tag, []).append(value)
                elif value:
                    values = fields[current]
                    if current in _LISTS and values[-1]:
                        values.append(value)
                    else:
                        go_on(values, value)
    if fields is not None:
        last = last_line(first, raw)
        reading.report(first, last, "the file ends without ER", "the entry was kept")
        yield _tagged_record(fields, raw, first, reading)
    reading.outside(outside)


def _tagged_record(fields: Fields, raw: list[str], first: int, reading: Reading) -> Record:
    last = last_line(first, raw)
    fields = joined(fields)
    return web_of_science_record(fields, "\n".join(raw), first, last, reading)


def web_of_science_record(
    fields: Fields, raw: str, first: int, last: int, reading: Reading
) -> Record:
    """Make the record of one entry from its values by tag."""

    def one(*tags: str) -> str:
        return next((clean(v) for tag in tags for v in fields.get(tag, ()) if v.strip()), "")

    def many(*tags: str) -> tuple[str, ...]:
        for tag in tags:
            found = tuple(part for value in fields.get(tag, ()) for part in split_list(value))
            if found:
                return found
        return ()

    accession = one("UT")
    ident = reading.ident(accession, first, "UT")
    title = one("TI")
    if not title:
        reading.no_title(first, last, ident, ", ".join(tag for tag in fields if fields[tag]))
    year = find_year(one("PY")) or find_year(one("PD", "EA", "Y1"))
    if year is None and one("PY"):
        reading.no_year(first, last, one("PY"))
    pmid = pubmed_id(one("PM"))
    if not pmid and accession.startswith("MEDLINE:"):
        pmid = accession.removeprefix("MEDLINE:")
    names = many("AU", "BA", "BE", "ED") or many("AF", "BF")
    groups = tuple(group_name(name) for name in many("CA", "GP") if name not in names)
    journal = one("SO", "SE")
    short = one("JI", "J9")
    return Record(
        id=ident,
        title=title,
        authors=(*(part_name(name) for name in names), *groups),
        year=year,
        journal=journal or short,
        volume=one("VL"),
        issue=one("IS"),
        pages=join_pages(
            one("BP"),
            one("EP"),
            one("PS") or re.sub(r"^(?:UNSP|ARTN|ART\.? NO\.?)\s+", "", one("AR")),
        ),
        doi=full_doi(one("DI", "D2")) or doi_in_link(one("DL", "UR")),
        pmid=pmid or pubmed_id_in_url(one("DL", "UR")),
        url=link(one("DL", "UR")),
        abstract=one("AB"),
        keywords=(*many("DE"), *many("ID"), *many("MH", "MQ")),
        source=reading.source,
        file=reading.where,
        first_line=first,
        last_line=last,
        type=one("DT") or _TYPES.get(one("PT"), ""),
        language="; ".join(distinct(many("LA"))),
        journal_short=short if journal and short != journal else "",
        original_title=one("FT"),
        database=one("DB"),
        accession=accession,
        issns=find_issns((one("SN"), one("EI"))),
        isbns=find_isbns(fields.get("BN", ())),
        raw=raw,
        reader=reading.reader,
        reader_version=reading.version,
    )
