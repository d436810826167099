"""The record of one entry of RIS: which field stands in which tag, whoever wrote the file."""

from __future__ import annotations

import re

from evisynth.records.reading import Reading
from evisynth.records.record import Record
from evisynth.records.ris_dialects import dialect_of, type_of
from evisynth.records.values import (
    clean,
    distinct,
    find_doi,
    find_isbns,
    find_issns,
    find_pmcid,
    find_registry_ids,
    find_year,
    full_doi,
    join_pages,
    link,
    part_name,
    pubmed_id,
    pubmed_id_in_url,
)

__all__ = ["VERSION", "Fields", "clean_fields", "ris_record"]

VERSION = "3"

_DIALECT_SEARCHED = 20
"""Entries among which one is looked for that tells who wrote the file."""
_READ = frozenset({
    "TY", "ID", "TI", "T1", "CT", "BT", "AU", "A1", "PY", "Y1", "DA", "JF", "T2", "JO", "JA",
    "J1", "J2", "JI", "J9", "VL", "IS", "SP", "EP", "C7", "SN", "DO", "DI", "DOI", "M3", "UR",
    "LK", "L1", "L2", "L3", "N1", "N2", "AB", "KW", "LA", "TT", "DB", "AN", "CN", "RN", "C2",
    "C3", "C5", "M1", "U1", "U2", "PMID", "PMCID", "PT", "DP",
})  # fmt: skip
"""Tags whose values are used here or tell the dialect."""
_COPYRIGHT = re.compile(r"Copyright of .{1,300} is the property of ", re.DOTALL)
_OVID_MEDLINE = re.compile(r"[?&]D=(?:med|prem|pmnm|mesz)\w*&.*?\bAN=(\d{5,9})\b")
_OVID_DATABASES = (
    "Ovid",
    "EBM Reviews",
    "APA Psyc",
    "Embase <",
    "Embase Weekly",
    "Global Health <",
)
_PUBMED_WORDS = frozenset({"PMID", "pmid", "PUBM", "PubM", "Pubm", "pubm", "MEDL", "Medl", "medl"})
_EBSCO_MEDLINE = frozenset({"cmedm", "mnh", "mdc", "mdl"})
_OVID_NUMBER = re.compile(r"L?\d{5,}|\d{4}-\d{5}-\d{3}|(?:CN|CD|\d+)-[\d-]+")
_PSYCINFO = re.compile(r"(?:19|20)\d\d-\d{5}-\d{3}")
_TWO_NUMBERS = re.compile(r"^(\d+); \d+$")
"""ProQuest's, with that of the database after its own."""
_EMBASE = re.compile(r"(L\d{7,10})(?: \d{4}-\d\d-\d\d)*$")
"""Number of Embase as EndNote keeps it, with the days of entry."""
_ACCESSION = re.compile(r"Accession Number: ([^;.\s]+)")


Fields = dict[str, list[str]]
"""Values by tag: clean, those that are empty left out; ``[""]`` where all are."""
_NONE = [""]


def clean_fields(fields: Fields) -> Fields:
    """Make all values of an entry that are used clean, in place.

    Examples
    --------
    >>> clean_fields({"TY": ["JOUR"], "TI": ["", " A &amp;  B"], "AB": [""]})
    {'TY': ['JOUR'], 'TI': ['A & B'], 'AB': ['']}
    """
    for tag in _READ.intersection(fields):
        fields[tag] = [text for value in fields[tag] if (text := clean(value))] or [""]
    return fields


def ris_record(fields: Fields, raw: str, first: int, last: int, reading: Reading) -> Record:
    """Make the record of an entry from its clean values."""
    get = fields.get
    ident = reading.ident(get("ID", _NONE)[0], first)
    if not reading.dialect and reading.entries <= _DIALECT_SEARCHED:
        reading.dialect = dialect_of(fields)
    title = get("TI", _NONE)[0] or _one(fields, "T1", "CT", "BT")
    if not title:
        kept = ", ".join(tag for tag in fields if tag != "TY") or "no other tag"
        reading.no_title(first, last, ident, kept)
    journal = get("JF", _NONE)[0] or _one(fields, "T2", "JO", "JA", "J1", "J2")
    short = ""
    for tag in ("JA", "J2", "JI", "J9", "JO"):
        if tag in fields and not short:
            for short in fields[tag]:
                if short != journal:
                    break
            else:
                short = ""
    numbers = get("SN", ())
    url = get("UR", _NONE)[0] or _one(fields, "LK", "L2", "L1")
    if url.startswith("<Go to ISI>"):
        url = next((value for value in get("UR", ()) if value.startswith("http")), "")
    database = _joined(fields, "DB")
    accession = _accession(fields, url)
    names = get("AU", _NONE)
    return Record(
        id=ident,
        title=title,
        authors=tuple(
            [name for v in (names if names[0] else get("A1", ())) if (name := part_name(v))]
        ),
        year=_year(fields, first, last, reading),
        journal=journal,
        volume=get("VL", _NONE)[0],
        issue=get("IS", _NONE)[0],
        pages=join_pages(get("SP", _NONE)[0], get("EP", _NONE)[0], get("C7", _NONE)[0]),
        doi=_doi(fields),
        pmid=_pmid(fields, database, accession),
        url=link(url),
        abstract=_abstract(fields),
        keywords=_all(fields, "KW"),
        source=reading.source,
        file=reading.where,
        first_line=first,
        last_line=last,
        type=type_of(fields),
        language=_joined(fields, "LA"),
        journal_short=short,
        original_title=get("TT", _NONE)[0],
        database=database,
        accession=accession,
        pmcid=next(
            (
                found
                for t in ("PMCID", "C2")
                for v in get(t, ())
                if "PMC" in v.upper() and (found := find_pmcid(v))
            ),
            "",
        )
        if "C2" in fields or "PMCID" in fields
        else "",
        registry_ids=_registry_ids(fields, url),
        issns=find_issns(numbers) if numbers else (),
        isbns=find_isbns(numbers) if numbers and max(map(len, numbers)) > 9 else (),
        notes=_all(fields, "N1"),
        raw=raw,
        reader="RIS",
        reader_version=VERSION,
    )


def _one(fields: Fields, *tags: str) -> str:
    """Return the first value that is not empty, tags in the order of preference."""
    for tag in tags:
        if tag in fields and (value := fields[tag][0]):
            return value
    return ""


def _all(fields: Fields, tag: str) -> tuple[str, ...]:
    """Return the values of a tag."""
    values = fields.get(tag, _NONE)
    return tuple(values) if values[0] else ()


def _joined(fields: Fields, tag: str) -> str:
    """Return the values of a tag, each once, in one text."""
    if tag not in fields:
        return ""
    values = fields[tag]
    return values[0] if len(values) == 1 else "; ".join(distinct(values))


def _year(fields: Fields, first: int, last: int, reading: Reading) -> int | None:
    """Find the year; report one that is written and cannot be read."""
    written = ""
    for tag in ("PY", "Y1", "DA"):
        for value in fields.get(tag, ()):
            year = find_year(value)
            if year is not None:
                return year
            written = written or value
    if written:
        reading.no_year(first, last, written)
    return None


def _abstract(fields: Fields) -> str:
    """Return the abstract; EBSCOhost's notice of copyright in a second field is left out."""
    values = fields.get("AB", _NONE)
    if not values[0]:
        values = fields.get("N2", _NONE)
    if len(values) > 1:
        values = list(distinct(v for v in values if not _COPYRIGHT.match(v))) or values[:1]
        return " ".join(values)
    return values[0]


def _doi(fields: Fields) -> str:
    """Find the DOI: its own tag first, then tags that hold one beside other things."""
    for tag in ("DO", "DI", "DOI"):
        for value in fields.get(tag, ()):
            if value and (found := full_doi(value)):
                return found
    for tag in ("M3", "UR", "LK", "L3", "L2", "N1"):
        for value in fields.get(tag, ()):
            # Elsewhere a number is taken only with the word or resolver before it.
            if (
                (tag == "L3" or "doi" in value.casefold())
                and ("10." in value)
                and (found := find_doi(value))
            ):
                return found
    return ""


def _accession(fields: Fields, url: str) -> str:
    """Find the number of the record in its database."""
    given = fields.get("AN", _NONE)[0]
    if given:
        return _TWO_NUMBERS.sub(r"\1", given)
    for value in fields.get("U2", ()):
        if value[:1] == "L" and value[1:].isdigit():
            return value
    if "eid=2-s2.0-" in url:
        return url.split("eid=", 1)[1].split("&", 1)[0]
    ident = fields.get("ID", _NONE)[0]
    if ident and _OVID_NUMBER.fullmatch(ident) and _is_ovid(fields):
        return ident
    if len(ident) == 14 and _PSYCINFO.fullmatch(ident):
        return ident
    for value in fields.get("UR", ()):
        if value.startswith("<Go to ISI>://"):
            return value.removeprefix("<Go to ISI>://")
    for value in fields.get("N1", ()):
        found = _ACCESSION.search(value) or _EMBASE.match(value)
        if found:
            return found[1]
    return ""


def _is_ovid(fields: Fields) -> bool:
    """Return whether Ovid wrote the entry; its ``ID`` is then the number in the database."""
    for tag in ("L2", "UR"):
        for value in fields.get(tag, ()):
            if "ovidsp" in value:
                return True
    for value in fields.get("DB", ()):
        if value.startswith(_OVID_DATABASES):
            return True
    return "T1" in fields and any(value.endswith("//") for value in fields.get("Y1", ()))


def _pmid(fields: Fields, database: str, accession: str) -> str:
    """Find the PubMed identifier where the databases put it."""
    for tag in ("PMID", "AN", "C3", "M1", "N1", "U1"):
        if tag in fields:
            for value in fields[tag]:
                if (tag == "PMID" or value[:4] in _PUBMED_WORDS) and (found := pubmed_id(value)):
                    return found
    for tag in ("UR", "L2"):
        for value in fields.get(tag, ()):
            if "ncbi.nlm.nih.gov" in value and (found := pubmed_id_in_url(value)):
                return found
            if "ovidsp" in value and (ovid := _OVID_MEDLINE.search(value)):
                return str(ovid[1])
    named = database.casefold()
    if named == "scopus":
        return next((found for value in fields.get("C2", ()) if (found := pubmed_id(value))), "")
    if "medline" in named or "pubmed" in named or named in _EBSCO_MEDLINE:
        for value in (*fields.get("C5", ()), *fields.get("AN", ())):
            if value.isascii() and value.isdigit() and 5 <= len(value) <= 8:
                return str(value)
        if (
            ("ovid" in named or named in _EBSCO_MEDLINE)
            and accession.isascii()
            and accession.isdigit()
            and 5 <= len(accession) <= 8
        ):
            return accession
    return ""


def _registry_ids(fields: Fields, url: str) -> tuple[str, ...]:
    """Find trial numbers in the fields that are meant for them."""
    values = [value for tag in ("CN", "AN", "RN") if tag in fields for value in fields[tag]]
    if "trial" in url:
        values.append(url)
    return find_registry_ids(values) if values else ()
