"""BibTeX, as Scopus, Web of Science, reference managers and people write it.

Keys may hold blanks and colons or be missing, fields may come twice, an entry may not balance its
braces. An entry ends where its braces do, or where the next line begins with ``@article{``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from evisynth.records.exports import Export
from evisynth.records.latex import from_latex
from evisynth.records.reading import Reading
from evisynth.records.record import Record
from evisynth.records.values import (
    clean,
    doi_in_link,
    find_isbns,
    find_issns,
    find_pmcid,
    find_year,
    full_doi,
    group_name,
    join_pages,
    link,
    part_name,
    protect,
    pubmed_id,
    pubmed_id_in_url,
    split_cell,
)

__all__ = ["looks_like_bibtex", "stream_bibtex"]

_OPEN = re.compile(r"(?:^|(?<=[}\s]))@[ \t]*+([A-Za-z]+)\s*+([{(])", re.MULTILINE)
_AT_LINE = re.compile(r"^[ \t]*@[ \t]*[A-Za-z]+[ \t]*[{(]", re.MULTILINE)
_FIELD = re.compile(r"\s*,?\s*([A-Za-z][^\s=,{}\"#%()]*(?:[^\S\n]+\d+)?)\s*=\s*")
_SWALLOWED = re.compile(r"\}[ \t]*,?[ \t]*\n(?=[ \t]*[A-Za-z][\w -]*=[ \t]*[{\"])")
"""The end of a value and the beginning of the next field: inside a value a brace is missing."""
_NEXT_FIELD = re.compile(r"\n[ \t]*+(?=[A-Za-z][\w-]*+[ \t]*+\d*+[ \t]*+=)")
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_BRACKETS = re.compile(r"\\.|[{}()]", re.DOTALL)
_KEY = re.compile(r"\s*+([^,={}\"\n]*+)(?:,|(?=[)}])|\n)")
_BETWEEN = re.compile(r"[\s,]*")
_SYNC = re.compile(r"\n\s*(?=[A-Za-z][\w -]*=)|[{}]")
_BARE = re.compile(r"[^\s,#{}\"]+")
_BARE_IN_BRACKETS = re.compile(r"[^\s,#{}\"()]+")
_JOINT = re.compile(r"\s*#\s*")
_SKIPPED = frozenset({"comment", "preamble", "string"})
_TYPES = {
    "article": "journal article",
    "inproceedings": "conference paper",
    "conference": "conference paper",
    "proceedings": "conference proceedings",
    "incollection": "book chapter",
    "inbook": "book chapter",
    "phdthesis": "thesis",
    "mastersthesis": "thesis",
    "techreport": "report",
    "unpublished": "unpublished work",
    "online": "web page",
}


@dataclass(slots=True)
class _Entry:
    kind: str
    key: str
    first: int
    last: int
    raw: str
    values: dict[str, list[str]] = field(default_factory=dict)
    fault: str = ""


def looks_like_bibtex(export: Export) -> bool:
    """Return whether a line of the file opens an entry."""
    opening = r"^[ \t]*@[ \t]*[A-Za-z]+\s*+[{(]\s*+[^,={}@\n]*+,"
    usual = r"^[ \t]*@(?:article|book|misc|inproceedings)\s*+[{(]"
    head = export.head
    return (
        re.search(opening, head, re.MULTILINE) is not None
        or re.search(usual, head, re.MULTILINE | re.IGNORECASE) is not None
    )


def stream_bibtex(export: Export, reading: Reading) -> Iterator[Record]:
    """Give the records of a BibTeX file one by one."""
    for entry in _entries(export.whole()):
        if entry.fault:
            reading.report(entry.first, entry.last, entry.fault, "what could be read was kept")
        yield _record(entry, reading)


def _entries(text: str) -> Iterator[_Entry]:
    """Cut the text into entries."""
    line, counted = 1, 0
    starts = [found.start() for found in _AT_LINE.finditer(text)]
    macros: dict[str, str] = {}
    place = 0
    while (found := _OPEN.search(text, place)) is not None:
        begin = found.start()
        at = bisect_right(starts, found.end())
        limit = starts[at] if at < len(starts) else len(text)
        kind = found[1].lower()
        if kind == "comment" and found[2] == "{":
            place, _ = _close(text, found.end(), limit, "}")
            continue
        line, counted = line + text.count("\n", counted, begin), begin
        entry = _Entry(kind, "", line, 0, "")
        place = _parse(text, found.end(), limit, "}" if found[2] == "{" else ")", entry, macros)
        entry.raw = text[begin:place].rstrip()
        entry.last = entry.first + entry.raw.count("\n")
        if kind == "string":
            macros.update({name: values[0] for name, values in entry.values.items()})
        elif kind not in _SKIPPED:
            yield entry


def _close(text: str, place: int, limit: int, closing: str) -> tuple[int, bool]:
    """Find the end of a braced text that began before ``place``; whether it was closed."""
    depth = 1
    signs = _BRACES if closing == "}" else _BRACKETS
    for found in signs.finditer(text, place, limit):
        sign = found[0]
        if sign in "{(":
            depth += 1
        elif sign in "})":
            depth -= 1
            if depth == 0:
                return found.end(), True
    return limit, False


def _parse(
    text: str, place: int, limit: int, closing: str, entry: _Entry, macros: dict[str, str]
) -> int:
    """Read key and fields into the entry; return where it ends."""
    if entry.kind not in _SKIPPED:
        key = _KEY.match(text, place, limit)
        if key and "=" not in key[1]:
            entry.key = key[1].strip()
            place = key.end()
    while place < limit:
        rest = _BETWEEN.match(text, place, limit)
        place = rest.end() if rest else place
        if place >= limit:
            break
        if text[place] == closing:
            return place + 1
        name = _FIELD.match(text, place, limit)
        if name is None:
            entry.fault = entry.fault or "something that is no field stands in the entry"
            sync = _SYNC.search(text, place, limit)
            if sync is None:
                return limit
            if sync[0] == "{":
                place, _ = _close(text, sync.end(), limit, "}")
            elif sync[0] == "}":
                return sync.end()
            else:
                place = sync.end()
            continue
        place, value = _value(text, name.end(), limit, closing, entry, macros)
        entry.values.setdefault(name[1].lower(), []).append(value)
    entry.fault = entry.fault or "the braces of the entry do not balance"
    return limit


def _value(
    text: str, place: int, limit: int, closing: str, entry: _Entry, macros: dict[str, str]
) -> tuple[int, str]:
    """Read one value with its parts joined by ``#``."""
    parts: list[str] = []
    while place < limit:
        sign = text[place]
        if sign == "{":
            end, closed = _close(text, place + 1, limit, "}")
            if not closed:
                # Take the line alone, so that the fields that follow are not lost.
                entry.fault = "the braces of the entry do not balance"
                stop = _NEXT_FIELD.search(text, place, limit)
                end = stop.end() if stop else limit
                parts.append(text[place + 1 : stop.start() if stop else limit].rstrip("}\n\t ,"))
            elif (cut := _SWALLOWED.search(text, place, end)) is not None:
                entry.fault = "the braces of the entry do not balance"
                parts.append(text[place + 1 : cut.start()])
                end = cut.end()
            else:
                parts.append(text[place + 1 : end - 1])
            place = end
        elif sign == '"':
            depth, at = 0, place + 1
            while at < limit and not (text[at] == '"' and depth <= 0):
                at += 2 if text[at] == "\\" else 1
                if at <= limit and text[at - 1] in "{}" and text[at - 2 : at - 1] != "\\":
                    depth += 1 if text[at - 1] == "{" else -1
            if at >= limit:
                entry.fault = "a double quote of the entry is not closed"
                line_end = text.find("\n", place, limit)
                at = line_end if line_end >= 0 else limit
            parts.append(text[place + 1 : at].rstrip(","))
            place = min(at + 1, limit)
        else:
            signs = _BARE_IN_BRACKETS if closing == ")" else _BARE
            bare = signs.match(text, place, limit)
            if bare is None:
                break
            word = bare[0]
            parts.append(macros.get(word.lower(), word))
            place = bare.end()
        joint = _JOINT.match(text, place, limit)
        if joint is None:
            break
        place = joint.end()
    return place, "".join(parts)


def _record(entry: _Entry, reading: Reading) -> Record:
    values = entry.values

    def one(*names: str) -> str:
        for name in names:
            for value in values.get(name, ()):
                found = clean(from_latex(value))
                if found:
                    return found
        return ""

    def listed(*names: str) -> tuple[str, ...]:
        return tuple(
            part
            for name in names
            for value in values.get(name, ())
            for part in split_cell(from_latex(value), commas=True)
        )

    first, last = entry.first, entry.last
    ident = reading.ident(one("record_id") or clean(entry.key), first, "key")
    if not reading.dialect:
        source = one("source").casefold()
        reading.dialect = (
            "Web of Science" if "unique-id" in values or entry.key.startswith("WOS:")
            else "Scopus" if source == "scopus" or "scopus.com" in one("url")
            else ""
        )  # fmt: skip
    title = one("title")
    if not title:
        reading.no_title(first, last, ident, ", ".join(values))
    year = find_year(one("year")) or find_year(one("date", "earlyaccessdate"))
    if year is None and (written := one("year", "date")):
        reading.no_year(first, last, written)
    journal = one("journal", "journaltitle", "booktitle")
    short = one("abbrev_source_title", "shortjournal", "journal-iso", "journal_abbreviation")
    eprint = one("eprint") if one("eprinttype").casefold() == "pubmed" else ""
    url = one("url", "link")
    accession = one("unique-id", "accession_number", "accession")
    if not accession and "eid=2-s2.0-" in url:
        accession = url.split("eid=", 1)[1].split("&", 1)[0]
    return Record(
        id=ident,
        title=title,
        authors=_names(values.get("author", ()) or values.get("editor", ())),
        year=year,
        journal=journal or short,
        volume=one("volume"),
        issue=one("number", "issue"),
        pages=join_pages(
            one("pages"), "",
            one("art_number", "article-number", "articleno", "eid"),
        ),
        doi=full_doi(one("doi")) or doi_in_link(url),
        pmid=pubmed_id(one("pmid", "pubmed_id", "pubmedid")) or eprint or pubmed_id_in_url(url),
        url=link(url),
        abstract=one("abstract"),
        keywords=listed("keywords", "keyword", "author_keywords", "keywords-plus"),
        source=reading.source,
        file=reading.where,
        first_line=first,
        last_line=last,
        type=one("document_type", "type")
        or _TYPES.get(entry.kind, "" if entry.kind == "misc" else entry.kind),
        language=one("language", "langid"),
        journal_short=short if journal and short != journal else "",
        original_title=one("original_title"),
        database=one("database") or one("source"),
        accession=accession,
        pmcid=find_pmcid(one("pmcid", "pmc")),
        registry_ids=listed("registry_ids"),
        issns=find_issns((one("issn"), one("eissn"))),
        isbns=find_isbns((one("isbn"),)),
        notes=tuple(note for v in values.get("note", ()) if (note := clean(from_latex(v)))),
        raw=entry.raw,
        reader=reading.reader,
        reader_version=reading.version,
    )  # fmt: skip


def _names(values: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Part the names of authors and write each family name first."""
    names: list[str] = []
    for value in values:
        depth, start = 0, 0
        text = re.sub(r"\s+", " ", value).strip()
        parts = []
        for found in re.finditer(r"\\.|[{}]| and ", text, re.IGNORECASE):
            sign = found[0]
            if sign == "{":
                depth += 1
            elif sign == "}":
                depth -= 1
            elif depth <= 0 and len(sign) == 5 and found.start() >= start - 1:
                parts.append(text[start : found.start()])
                start = found.end()
        parts.append(text[start:])
        cleaned = (clean(protect(_name(part.strip()))) for part in parts)
        names.extend(group_name(name) for name in cleaned if name)
    return tuple(name for name in names if name != "others")


def _name(text: str) -> str:
    if text.startswith("{") and _close(text, 1, len(text), "}")[0] == len(text):
        name = clean(from_latex(text))
        return part_name(name) if "," in name else name
    parts = [clean(from_latex(part)) for part in _outside_braces(text, ",")]
    if len(parts) >= 3:
        return f"{parts[0]}, {' '.join(parts[2:])}, {parts[1]}".strip(", ")
    if len(parts) == 2:
        return f"{parts[0]}, {parts[1]}".strip(", ")
    words = [clean(from_latex(word)) for word in _outside_braces(text, " ")]
    words = [word for word in words if word]
    if len(words) < 2:
        return "".join(words)
    at = next((i for i, word in enumerate(words[:-1]) if i and word[:1].islower()), len(words) - 1)
    if re.fullmatch(r"(?:[A-Z]\.?-?){1,3}", words[-1]) and not re.fullmatch(
        r"(?:[A-Z]\.?-?){1,3}", words[0]
    ):
        return f"{' '.join(words[:-1])}, {words[-1]}"
    return f"{' '.join(words[at:])}, {' '.join(words[:at])}"


def _outside_braces(text: str, separator: str) -> list[str]:
    """Split at a sign where it does not stand in braces."""
    parts, depth, start = [], 0, 0
    for found in re.finditer(r"\\.|[{}]|" + re.escape(separator), text):
        if found[0] == "{":
            depth += 1
        elif found[0] == "}":
            depth -= 1
        elif found[0] == separator and depth <= 0:
            parts.append(text[start : found.start()])
            start = found.end()
    parts.append(text[start:])
    return parts
