"""PubMed's text format (MEDLINE, .nbib) and Ovid's text with names of fields.

PubMed writes ``TAG - value`` with tags of two to four letters padded to four, long values on lines
that begin with six blanks, and a blank line between entries; every entry begins with ``PMID-``.
Ovid writes ``<7>`` before an entry, the name of a field on a line of its own, its value indented.
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
    find_doi,
    find_isbns,
    find_issns,
    find_pmcid,
    find_registry_ids,
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

__all__ = ["looks_like_medline", "looks_like_ovid_text", "stream_medline", "stream_ovid_text"]

_TAG = re.compile(r"([A-Z][A-Z0-9]{1,3}) {0,2}- ?(.*)")
_READ = frozenset(
    {"PMID", "EVID", "TI", "BTI", "DP", "DEP", "DA", "EDAT", "CRDT", "LID", "AID", "DOI", "SO",
     "FAU", "AU", "CN", "JT", "TA", "VI", "IP", "PG", "URL", "AB", "MH", "OT", "PT", "LA", "TT",
     "DB", "AN", "PMC", "SI", "IS", "ISBN", "GN"}
)  # fmt: skip
"""Tags whose values are used."""
_NUMBER = re.compile(r"<\s*(\d+)\s*>\s*")

Fields = dict[str, list[str]]


def looks_like_medline(export: Export) -> bool:
    """Return whether entries begin with ``PMID-``, or have the tags of MEDLINE."""
    head = export.head
    return re.search(r"^PMID- ?|^PMID - \d", head, re.MULTILINE) is not None or (
        re.search(r"^(?:OWN|STAT) ?- ", head, re.MULTILINE) is not None
        and re.search(r"^TI  - ", head, re.MULTILINE) is not None
    )


def looks_like_ovid_text(export: Export) -> bool:
    """Return whether entries begin with ``<1>`` and a line with the name of a field."""
    return re.search(r"^<[ ]?\d+[ ]?>[ \t]*\n(?:[A-Z][A-Za-z ./]+\n[ \t]+\S|VN|UI|AN)", export.head,
                     re.MULTILINE) is not None  # fmt: skip


def stream_medline(export: Export, reading: Reading) -> Iterator[Record]:
    """Give the records of PubMed's text format one by one."""
    fields: Fields | None = None
    raw: list[str] = []
    first = number = 0
    current = ""
    outside = Outside()
    padded: dict[str, str] = {}
    for block in reading.blocks(export, outside):
        for line in block:
            number += 1
            if line[4:6] == "- " and (known := padded.get(line[:4])):
                tag, value = known, line[6:]
            else:
                found = None if line[:1] in ("", " ") else _TAG.match(line)
                tag, value = (found[1], found[2]) if found else ("", "")
                if line[4:6] == "- " and tag == line[:4].rstrip():
                    padded[line[:4]] = tag
            if tag == "PMID" and raw != [line]:
                if fields is not None:
                    yield _medline_record(fields, raw, first, reading)
                fields, raw, first, current = {tag: [value.strip()]}, [line], number, tag
            elif fields is not None:
                raw.append(line)
                if tag:
                    current = tag
                    if tag in fields:
                        fields[tag].append(value)
                    else:
                        fields[tag] = [value]
                elif line and not line.isspace():
                    go_on(fields[current], line.strip())
            elif tag in ("TI", "OWN", "STAT", "FAU", "AU", "AB"):
                reading.report(
                    number, number, "an entry that does not begin with PMID", "the entry was kept"
                )
                fields, raw, first, current = {tag: [value.strip()]}, [line], number, tag
            elif line.strip():
                outside.append(number)
    if fields is not None:
        yield _medline_record(fields, raw, first, reading)
    reading.outside(outside)


def _medline_record(fields: Fields, raw: list[str], first: int, reading: Reading) -> Record:
    last = last_line(first, raw)
    fields = joined(fields)

    for tag in _READ.intersection(fields):
        fields[tag] = [text for value in fields[tag] if (text := clean(value))]

    def one(*tags: str) -> str:
        for tag in tags:
            if fields.get(tag):
                return fields[tag][0]
        return ""

    def many(tag: str) -> tuple[str, ...]:
        return tuple(fields.get(tag, ()))

    if not reading.dialect and "OWN" in fields:
        reading.dialect = "PubMed"
    pmid = pubmed_id(one("PMID"))
    ident = reading.ident(one("EVID") or pmid or one("PMID"), first, "PMID")
    title = one("TI", "BTI")
    if not title:
        reading.no_title(first, last, ident, ", ".join(fields))
    year = find_year(one("DP")) or find_year(one("DEP", "DA", "EDAT", "CRDT"))
    if year is None and one("DP"):
        reading.no_year(first, last, one("DP"))
    doi = next(
        (
            found
            for tag in ("LID", "AID", "DOI", "SO")
            for value in fields.get(tag, ())
            if ("[doi]" in value or tag == "DOI" or (tag == "SO" and "doi:" in value))
            and (found := find_doi(value) if tag == "SO" else full_doi(value.split(" [", 1)[0]))
        ),
        "",
    )
    places = many("LID")
    article = next((value.split(" [", 1)[0] for value in places if "[doi]" not in value), "")
    authors = many("FAU") or many("AU")
    journal = one("JT", "TA", "BTI")
    return Record(
        id=ident,
        title=title,
        authors=(*map(part_name, authors), *map(group_name, many("CN"))),
        year=year,
        journal=journal,
        volume=one("VI"),
        issue=one("IP"),
        pages=join_pages(one("PG"), "", article if "[pii]" not in " ".join(places) else ""),
        doi=doi or doi_in_link(one("URL")),
        pmid=pmid or pubmed_id_in_url(one("URL")),
        url=link(one("URL")),
        abstract=" ".join(many("AB")),
        keywords=(*many("MH"), *many("OT")),
        source=reading.source,
        file=reading.where,
        first_line=first,
        last_line=last,
        type="; ".join(distinct(many("PT"))),
        language="; ".join(distinct(many("LA"))),
        journal_short=one("TA") if one("TA") != journal else "",
        original_title=one("TT"),
        database=one("DB"),
        accession=one("AN"),
        pmcid=find_pmcid(one("PMC")),
        registry_ids=find_registry_ids(many("SI")),
        issns=find_issns(many("IS")),
        isbns=find_isbns(many("ISBN")),
        notes=many("GN"),
        raw="\n".join(raw),
        reader=reading.reader,
        reader_version=reading.version,
    )


_OVID_CODES = {
    "VN": "Database", "DB": "Database", "UI": "Unique Identifier", "AN": "Accession Number",
    "AU": "Author", "FA": "Authors Full Name", "TI": "Title", "OT": "Original Title",
    "TT": "Original Title", "SO": "Source", "AB": "Abstract", "JN": "Journal Name", "YR": "Year",
    "DP": "Date of Publication", "KW": "Keyword Heading", "MH": "MeSH Subject Headings",
    "SH": "Subject Headings", "PT": "Publication Type", "LG": "Language", "IS": "ISSN Print",
    "DO": "Digital Object Identifier", "VO": "Volume", "IP": "Issue/Part", "PG": "Page",
}  # fmt: skip


def stream_ovid_text(export: Export, reading: Reading) -> Iterator[Record]:
    """Give the records of Ovid's text with names of fields one by one."""
    fields: Fields | None = None
    raw: list[str] = []
    first = number = 0
    current = ""
    outside = Outside()
    reading.dialect = "Ovid"
    for block in reading.blocks(export, outside):
        for line in block:
            number += 1
            opening = _NUMBER.fullmatch(line) if line[:1] == "<" else None
            if opening:
                if fields is not None:
                    yield _ovid_record(fields, raw, first, reading)
                fields, raw, first, current = {}, [line], number, ""
            elif fields is None:
                if line.strip():
                    outside.append(number)
            else:
                raw.append(line)
                code = re.match(r"([A-Z]{2})  - ?(.*)", line)
                if code and code[1] in _OVID_CODES:
                    current = _OVID_CODES[code[1]]
                    fields.setdefault(current, []).append(code[2].strip())
                elif line[:1] not in ("", " ", "\t"):
                    current = line.strip()
                    fields.setdefault(current, [])
                elif line.strip() and current:
                    fields[current].append(line.strip())
    if fields is not None:
        yield _ovid_record(fields, raw, first, reading)
    reading.outside(outside)


_OVID_SOURCE = re.compile(
    r"(?P<journal>.+?)\.\s+(?:vol\.?\s*)?(?P<volume>[\w-]+)?\s*(?:\((?P<issue>[^)]*)\))?"
    r"(?:\s*\(pp?\.?\s*(?P<pp>[^)]+)\)|:\s*(?P<pages>[\w.-]+(?:-[\w.]+)?))?",
    re.IGNORECASE,
)


def _ovid_record(fields: Fields, raw: list[str], first: int, reading: Reading) -> Record:
    last = last_line(first, raw)

    def one(*names: str) -> str:
        return next((text for n in names if (text := clean(" ".join(fields.get(n, ()))))), "")

    def many(*names: str) -> tuple[str, ...]:
        for name in names:
            lines = fields.get(name, ())
            values = tuple(
                value.rstrip(".")
                for line in lines
                for value in split_list(line.replace("\u00a0", " "))
            )
            if values:
                return values
        return ()

    accession = one("Accession Number", "Unique Identifier").rstrip(".")
    ident = reading.ident(accession, first, "accession number")
    title = re.sub(r"\.?\[(?:Article|Review|Report|Miscellaneous|Letter|Editorial)[^\]]*\]\.?$", "",
                   one("Title")).strip()  # fmt: skip
    if not title:
        reading.no_title(first, last, ident, ", ".join(fields))
    place = one("Source")
    found = _OVID_SOURCE.match(place)
    year = find_year(one("Year", "Year of Publication", "Publication Year"))
    if year is None:
        years = re.findall(r"(?<!\d)(?:1[5-9]\d\d|20\d\d)(?!\d)", place)
        year = int(years[-1]) if years else find_year(one("Date of Publication"))
    names = many("Authors Full Name", "Author", "Authors")
    database = one("Database")
    return Record(
        id=ident,
        title=title,
        authors=tuple(part_name(re.sub(r"(?:\s+\d+)+$|\s*\[\w+\]$", "", name)) for name in names),
        year=year,
        journal=one("Journal Name", "Journal") or (found["journal"].strip() if found else ""),
        volume=one("Volume") or (found["volume"] or "" if found else ""),
        issue=one("Issue/Part", "Issue") or ((found["issue"] or "").strip() if found else ""),
        pages=join_pages(
            one("Page", "Pages")
            or ((found["pages"] or found["pp"] or "").strip(". ") if found else "")
        ),
        doi=full_doi(one("Digital Object Identifier", "DOI")) or find_doi(place),
        pmid=accession if "medline" in database.casefold() and accession.isdigit() else "",
        url=link(one("Link to the Ovid Full Text or citation", "URL")),
        abstract=one("Abstract"),
        keywords=many(
            "Keyword Heading",
            "Author Keywords",
            "Keywords",
            "MeSH Subject Headings",
            "Subject Headings",
        ),
        source=reading.source,
        file=reading.where,
        first_line=first,
        last_line=last,
        type="; ".join(many("Publication Type", "Document Type")),
        language="; ".join(many("Language")),
        original_title=one("Original Title"),
        database=database,
        accession=accession,
        registry_ids=find_registry_ids((one("Clinical Trial Number"),)),
        issns=find_issns((one("ISSN Print"), one("ISSN Electronic"), one("ISSN"))),
        raw="\n".join(raw),
        reader=reading.reader,
        reader_version=reading.version,
    )
