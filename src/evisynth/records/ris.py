"""RIS, the export format of most databases, in the dialects that they write.

The format has two-letter tags, ``TY  - `` opens an entry and ``ER  - `` closes it. What exports do
beyond that and what is done about it:

- tags come twice and more (authors, keywords, addresses): all values are kept;
- long values go on in untagged lines (Web of Science, EndNote): joined, for keywords one each;
- an ``ER`` is missing, or the ``TY`` is: the entry is kept and the repair reported;
- an ``ER`` stands at the beginning of a wrapped line of text: read as text and reported;
- text stands around the entries (Ovid's numbers and links, Cochrane's headings): reported once;
- tags have one blank or an indent before the dash: read in entries whose ``TY`` has it too;
- line ends are CR, LF, CRLF or a mixture; UTF-8 with a mark, UTF-16, Windows-1252.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from evisynth.errors import InputError, Problem
from evisynth.records.exports import Export, open_export
from evisynth.records.reading import Reading, go_on, joined, last_line
from evisynth.records.record import Record
from evisynth.records.ris_dialects import dialect_of, type_of
from evisynth.records.values import (
    clean,
    distinct,
    find_doi,
    find_isbns,
    find_issns,
    find_registry_ids,
    find_year,
    full_doi,
    join_pages,
    person,
    pubmed_id,
    pubmed_id_in_url,
)

__all__ = ["looks_like_ris", "read_ris", "stream_ris"]

VERSION = "2"
NO_ENTRY = "there is no entry in this file (no line begins with 'TY  - ')"

_LOOSE = re.compile(r"\s*([A-Z][A-Z0-9]) {0,4}-(?:\s+(.*))?$")
_LONG = re.compile(r"(PMID|PMCID|DOI|ISSN) {1,2}-(?:\s+(.*))?$")
_TAG = re.compile(r"[A-Z][A-Z0-9]")
_DIALECT_SEARCHED = 20
"""Entries among which one is looked for that tells who wrote the file."""
_CONTINUED = "\0"
"""Key that says that a value of the entry stands on several lines."""
_OPENING = frozenset({"TI", "T1", "AU", "A1", "ID", "DO", "PY", "Y1", "JO", "JF", "AB", "N2"})
"""Tags that show that an entry without ``TY`` has begun; others outside entries are remarks."""
_LISTS = frozenset({"KW", "DB", "UR", "AU", "A1", "SN"})
_TYPES = re.compile(
    r"(?:JOUR|JFULL|ABST|ADVS|AGGR|ANCIENT|ART|BILL|BLOG|BOOK|CASE|CHAP|CHART|CLSWK|COMP|CONF"
    r"|CPAPER|CTLG|DATA|DBASE|DICT|EBOOK|ECHAP|EDBOOK|EJOUR|ELEC|ENCYC|EQUA|FIGURE|GEN|GOVDOC"
    r"|GRANT|GRNT|HEAR|ICOMM|INPR|INTV|LEGAL|MANSCPT|MAP|MGZN|MPCT|MULTI|MUSIC|NEWS|PAMP|PAT"
    r"|PCOMM|POD|PRESS|RPRT|SER|SLIDE|SOUND|STAND|STAT|STD|THES|UNBILL|UNPB|UNPD|VIDEO|WEB)\s*",
)
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
_ACCESSION = re.compile(r"Accession Number: ([^;.\s]+)")

Fields = dict[str, list[str]]


def looks_like_ris(export: Export) -> bool:
    """Return whether lines of the file open or close an entry of RIS."""
    return (
        re.search(r"^[ \t]*(?:TY {0,4}-\s|ER {0,4}-[ \t]*$)", export.head, re.MULTILINE) is not None
    )


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
        Encoding as declared by a person; ``""`` detects it.
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
    export = open_export(source, where=where, encoding=encoding)
    reading = Reading(export.where, search_source, first_number, "RIS", VERSION)
    records = tuple(stream_ris(export, reading))
    if not records:
        raise InputError(Problem(export.where, "", NO_ENTRY, hint="Is it an export in RIS format?"))
    return records, (*export.problems, *reading.problems)


def stream_ris(export: Export, reading: Reading) -> Iterator[Record]:
    """Give the records of a RIS export one by one."""
    if not looks_like_ris(export):
        return  # another format whose lines look alike, e.g. PubMed's
    fields: Fields | None = None
    raw: list[str] = []
    first = number = held = 0
    current = ""
    loose = False
    outside: list[int] = []
    sound: dict[str, bool] = {}

    for block in export.blocks():
        lines = iter(block)
        for line in lines:
            number += 1
            if fields is None and line[:6] == "TY  - ":
                # An entry as it should be, which nearly all are: tag after tag until the ER.
                first, entry = number, [line]
                ordinary: Fields = {}
                for line in lines:
                    entry.append(line)
                    if line[2:6] == "  - ":
                        tag = line[:2]
                        if tag in ordinary:
                            ordinary[tag].append(line[6:])
                            continue
                        if tag not in sound:
                            sound[tag] = _TAG.fullmatch(tag) is not None
                        if sound[tag] and tag != "TY" and tag != "ER":
                            ordinary[tag] = [line[6:]]
                            continue
                    unusual = True
                    break
                else:
                    unusual = False  # the block ends within the entry
                number = first + len(entry) - 1
                fields = {"TY": [entry[0][6:]], **ordinary}
                if line.rstrip() == "ER  -":
                    yield _plain_record(fields, entry, first, number, export, reading)
                    fields = None
                    continue
                raw = entry[:-1] if unusual else entry
                current = raw[-1][:2]
                _strip(fields)
                if not unusual:
                    continue
            if held and fields is not None:  # an ER with text after it: the next line decides
                if not line.strip():
                    raw.append(line)
                    continue
                if _begins(line):
                    yield _record(fields, raw[: 1 + held - first], first, held, reading)
                    fields = None
                    loose = False
                else:
                    _go_on(fields, current, raw[held - first])
                    reading.report(
                        held, held, "an ER with text after it inside an entry", "read as text"
                    )
                held = 0
            if not loose and line[2:5] == "  -":
                tag, value = line[:2], line[5:].strip()
                if tag not in sound:
                    sound[tag] = _TAG.fullmatch(tag) is not None
                if not sound[tag]:
                    tag = ""
            else:
                tag, value = _unusual_tag(line, loose, fields is None)
                if tag == "TY":
                    loose = line[2:5] != "  -"
            if fields is not None and tag != "TY" and tag != "ER":
                raw.append(line)
                if tag:
                    current = tag
                    if tag in fields:
                        fields[tag].append(value)
                    else:
                        fields[tag] = [value]
                elif line and not line.isspace():
                    _go_on(fields, current, line)
            elif tag == "TY":
                if fields is not None:
                    last = last_line(first, raw)
                    reading.report(
                        first,
                        last,
                        f"no ER before the next entry begins (line {number})",
                        "the entry was kept",
                        at=f"line {first}",
                    )
                    yield _record(fields, raw, first, last, reading)
                fields, raw, first, current = {tag: [value]}, [line], number, tag
            elif tag == "ER":
                if fields is None:
                    reading.report(number, number, "an ER that closes no entry", "left unread")
                else:
                    raw.append(line)
                    if value:
                        held = number
                        continue
                    yield _record(fields, raw, first, number, reading)
                fields = None
                loose = False
            elif tag in _OPENING:
                reading.report(
                    number, number, "an entry that does not begin with TY", "the entry was kept"
                )
                fields, raw, first, current = {tag: [value]}, [line], number, tag
            elif line.strip():
                outside.append(number)
    if fields is not None:
        last = last_line(first, raw)
        if held:
            raw, last = raw[: 1 + held - first], held
        else:
            reading.report(
                first, last, "the file ends without ER", "the entry was kept", at=f"line {first}"
            )
        yield _record(fields, raw, first, last, reading)
    reading.outside(outside)


def _strip(fields: Fields) -> None:
    """Take blanks off the ends of all values."""
    for values in fields.values():
        values[:] = [value.strip() for value in values]


def _plain_record(
    fields: Fields, raw: list[str], first: int, last: int, export: Export, reading: Reading
) -> Record:
    """Make the record of an entry whose lines all have a tag."""
    text = "\n".join(raw)
    # No entity, nothing to normalize, single blanks within the values:
    simple = (
        not export.controls
        and text.isascii()
        and "&" not in text
        and " \n" not in text
        and text.count("  ") == len(raw)
    )
    if not simple:
        _strip(fields)
    return _record(fields, raw, first, last, reading, text=text, simple=simple)


def _unusual_tag(line: str, loose: bool, outside: bool) -> tuple[str, str]:
    """Read a tag that is not written as it should be; ``""`` if the line has none."""
    if "-" not in line[:12]:
        return "", ""
    found = _LOOSE.match(line)
    if found:
        tag, value = found[1], (found[2] or "").strip()
        if loose or (tag == "TY" and _TYPES.fullmatch(value)) or (tag == "ER" and outside):
            return tag, value
    found = _LONG.match(line)
    return (found[1], (found[2] or "").strip()) if found else ("", "")


def _begins(line: str) -> bool:
    """Return whether a line stands before or at the beginning of an entry."""
    return re.match(r"\s*TY {0,4}-\s|\d+\.\s*$|Record #\d+|Link to |https?://", line) is not None


def _go_on(fields: Fields, tag: str, line: str) -> None:
    """Take an untagged line as part of the value before it."""
    values = fields[tag]
    text = line.strip()
    if tag in _LISTS and values[-1] and not line[0].isspace():
        values.append(text)
    else:
        go_on(values, text)
        fields[_CONTINUED] = []


def _one(fields: Fields, *tags: str) -> str:
    """Return the first value that is not empty, tags in the order of preference."""
    for tag in tags:
        if tag in fields:
            for value in fields[tag]:
                if value:
                    return clean(value)
    return ""


def _joined(fields: Fields, tag: str) -> str:
    """Return the values of a tag, each once, in one text."""
    values = fields.get(tag)
    if values is None:
        return ""
    return clean(values[0]) if len(values) == 1 else "; ".join(distinct(map(clean, values)))


def _first(fields: Fields, *tags: str) -> str:
    """Return what `_one` does for values that need no cleaning."""
    for tag in tags:
        if tag in fields:
            return fields[tag][0]
    return ""


def _record(
    fields: Fields,
    raw: list[str],
    first: int,
    last: int,
    reading: Reading,
    *,
    text: str = "",
    simple: bool = False,
) -> Record:
    """Make the record of one entry; of a simple one the values need no cleaning."""
    one = _first if simple else _one
    if _CONTINUED in fields:
        del fields[_CONTINUED]
        joined(fields)
    get = fields.get
    ident = reading.ident(one(fields, "ID"), first)
    if not reading.dialect and reading.entries <= _DIALECT_SEARCHED:
        reading.dialect = dialect_of(fields)
    title = one(fields, "TI", "T1", "CT", "BT")
    if not title:
        kept = ", ".join(tag for tag in fields if tag != "TY") or "no other tag"
        reading.no_title(first, last, ident, kept)
    year = None
    written = ""
    for tag in ("PY", "Y1", "DA"):
        for value in get(tag, ()):
            written = written or value
            year = year or find_year(value)
        if year:
            break
    if written and year is None:
        reading.no_year(first, last, written)
    journal = one(fields, "JF", "T2", "JO", "JA", "J1", "J2")
    short = ""
    for tag in ("JA", "J2", "JI", "J9", "JO"):
        if tag in fields:
            short = short or next((v for v in fields[tag] if v and v != journal), "")
    numbers = get("SN")
    url = one(fields, "UR", "LK", "L2", "L1")
    if url.startswith("<Go to ISI>"):
        url = next((value for value in get("UR", ()) if value.startswith("http")), "")
    database = _joined(fields, "DB")
    accession = _accession(fields, url)
    return Record(
        id=ident,
        title=title,
        authors=tuple([name for value in get("AU") or get("A1") or () if (name := person(value))]),
        year=year,
        journal=journal,
        volume=one(fields, "VL"),
        issue=one(fields, "IS"),
        pages=join_pages(one(fields, "SP"), one(fields, "EP"), one(fields, "C7")),
        doi=_doi(fields),
        pmid=_pmid(fields, database, accession),
        url=url.split(" ", 1)[0] if url.startswith("http") else url,
        abstract=fields["AB"][0]
        if simple and "AB" in fields and len(fields["AB"]) == 1
        else _abstract(fields),
        keywords=tuple(get("KW", ()))
        if simple
        else tuple([word for value in get("KW", ()) if (word := clean(value))]),
        source=reading.source,
        file=reading.where,
        first_line=first,
        last_line=last,
        type=type_of(fields),
        language=_joined(fields, "LA"),
        journal_short=clean(short) if short else "",
        original_title=one(fields, "TT"),
        database=database,
        accession=accession,
        pmcid=next(
            (v for tag in ("PMCID", "C2") for v in get(tag, ()) if v[:3].upper() == "PMC"), ""
        )
        if "C2" in fields or "PMCID" in fields
        else "",
        registry_ids=_registry_ids(fields, url),
        issns=find_issns(numbers) if numbers else (),
        isbns=find_isbns(numbers) if numbers and max(map(len, numbers)) > 9 else (),
        notes=tuple([note for value in get("N1", ()) if (note := clean(value))]),
        raw=text or "\n".join(raw),
        reader="RIS",
        reader_version=VERSION,
    )


def _abstract(fields: Fields) -> str:
    """Return the abstract; EBSCOhost's notice of copyright in a second field is left out."""
    values = [value for value in fields.get("AB") or fields.get("N2") or () if value]
    if not values:
        values = [value for value in fields.get("N2", ()) if value]
    if len(values) > 1:
        values = list(distinct(v for v in values if not _COPYRIGHT.match(v))) or values[:1]
    return clean(" ".join(values)) if values else ""


def _doi(fields: Fields) -> str:
    """Find the DOI: its own tag first, then tags that hold one beside other things."""
    for tag in ("DO", "DI", "DOI"):
        for value in fields.get(tag, ()):
            if value and (found := full_doi(clean(value))):
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
    given = _one(fields, "AN")
    if given:
        return given.split(";", 1)[0].strip()
    for value in fields.get("U2", ()):
        if value[:1] == "L" and value[1:].isdigit():
            return value
    if "eid=2-s2.0-" in url:
        return url.split("eid=", 1)[1].split("&", 1)[0]
    if _is_ovid(fields) and _OVID_NUMBER.fullmatch(ident := _one(fields, "ID")):
        return ident
    for value in fields.get("UR", ()):
        if value.startswith("<Go to ISI>://"):
            return value.removeprefix("<Go to ISI>://")
    for value in fields.get("N1", ()):
        found = _ACCESSION.search(value)
        if found:
            return found[1]
    return ""


def _is_ovid(fields: Fields) -> bool:
    """Return whether Ovid wrote the entry; its ``ID`` is then the number in the database."""
    return (
        any("ovidsp" in value for tag in ("L2", "UR") for value in fields.get(tag, ()))
        or any(value.startswith(_OVID_DATABASES) for value in fields.get("DB", ()))
        or ("T1" in fields and any(value.endswith("//") for value in fields.get("Y1", ())))
    )


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
