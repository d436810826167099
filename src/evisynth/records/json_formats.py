"""CSL-JSON, and the JSON of OpenAlex and ClinicalTrials.gov.

Objects stand in a list, one after the other, or in a page of an API (``results``, ``studies``,
``items``). Each is parsed by itself: one that is broken is reported with its lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Iterator
from typing import Any

from evisynth.errors import InputError, Problem
from evisynth.records.exports import Export
from evisynth.records.reading import Reading
from evisynth.records.record import Record
from evisynth.records.values import (
    clean,
    distinct,
    doi_in_link,
    family_first,
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
    split_cell,
)

__all__ = [
    "looks_like_clinicaltrials",
    "looks_like_csl",
    "looks_like_openalex",
    "stream_clinicaltrials",
    "stream_csl",
    "stream_openalex",
]

_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[\s,]*")
_LISTS = frozenset({"results", "studies", "items", "references", "records", "message"})

_Piece = tuple[int, int, Any, str]
"""Start, end, value (None where it is broken, ... for a remark) and fault."""

Make = Callable[[dict[str, Any], str, int, int, Reading], Record]


def _is_json(export: Export) -> bool:
    return export.head.lstrip()[:1] in ("[", "{")


def looks_like_clinicaltrials(export: Export) -> bool:
    """Return whether the file holds studies of ClinicalTrials.gov (version 2 of its API)."""
    return _is_json(export) and '"protocolSection"' in export.head


def looks_like_openalex(export: Export) -> bool:
    """Return whether the file holds works of OpenAlex."""
    head = export.head
    named = re.search(r'"id"\s*:\s*"https?://(?:api\.)?openalex\.org/(?:works/)?W\d', head)
    return _is_json(export) and (
        '"abstract_inverted_index"' in head
        or '"authorships"' in head
        or (named is not None and ('"display_name"' in head or '"publication_year"' in head))
    )


def looks_like_csl(export: Export) -> bool:
    """Return whether the file is JSON with fields of the Citation Style Language."""
    return _is_json(export) and (
        re.search(r'"(?:title|container-title|issued|DOI|type|id|author)"\s*:', export.head)
        is not None
        or re.fullmatch(r"\s*\[\s*\]\s*", export.head) is not None
    )


def stream_clinicaltrials(export: Export, reading: Reading) -> Iterator[Record]:
    """Give the records of studies of ClinicalTrials.gov one by one."""
    reading.dialect = "ClinicalTrials.gov"
    yield from _stream(export, reading, _trial)


def stream_openalex(export: Export, reading: Reading) -> Iterator[Record]:
    """Give the records of works of OpenAlex one by one."""
    reading.dialect = "OpenAlex"
    yield from _stream(export, reading, _work)


def stream_csl(export: Export, reading: Reading) -> Iterator[Record]:
    """Give the records of CSL-JSON one by one."""
    yield from _stream(export, reading, _item)


def _stream(export: Export, reading: Reading, make: Make) -> Iterator[Record]:
    text = export.whole()
    line, counted = 1, 0
    for start, end, value, fault in _objects(text, _BLANK.match(text, 0).end(), export):  # type: ignore[union-attr]
        first = line + text.count("\n", counted, start)
        last = first + text.count("\n", start, max(start, end - 1))
        line, counted = first, start
        if isinstance(value, dict):
            yield make(value, text[start:end], first, last, reading)
        elif value is ...:
            reading.report(first, last, fault, hint="Export it again and compare the counts")
        else:
            reading.unreadable(first, last, fault or "the item of the list is no object")


def _objects(text: str, place: int, export: Export) -> Iterator[_Piece]:
    """Give start, end, value and fault of each object in a text."""
    while place < len(text):
        sign = text[place]
        if sign == "[":
            place = yield from _items(text, place + 1, export)
        elif sign == "{":
            inner = _inner_list(text, place, export)
            if inner is not None:
                yield from _items(text, inner + 1, export)
                return
            place = yield from _one(text, place, export, None)
        else:
            end = text.find("\n", place)
            end = len(text) if end < 0 else end
            yield place, end, None, "what stands here is no JSON object"
            place = end
        place = _BLANK.match(text, place).end()  # type: ignore[union-attr]


def _items(text: str, place: int, export: Export) -> Generator[_Piece, None, int]:
    """Give the items of a list that was opened before ``place``; returns its end."""
    place = _BLANK.match(text, place).end()  # type: ignore[union-attr]
    line_start = text.rfind("\n", 0, place) + 1
    indent = text[line_start:place] if not text[line_start:place].strip() else None
    while place < len(text) and text[place] != "]":
        place = yield from _one(text, place, export, indent)
        place = _BLANK.match(text, place).end()  # type: ignore[union-attr]
    if place >= len(text):
        yield place - 1, place, ..., "the list breaks off, the file is not complete"
    return place + 1


def _one(text: str, place: int, export: Export, indent: str | None) -> Generator[_Piece, None, int]:
    """Give one value; returns where the next begins."""
    try:
        value, end = _DECODER.raw_decode(text, place)
    except RecursionError as error:
        raise InputError(
            Problem(
                export.where,
                f"line {text.count(chr(10), 0, place) + 1}",
                "objects stand in one another too deep to be read",
                hint="No database writes such a file; export it again",
            )
        ) from error
    except ValueError as error:
        end = _resume(text, place, indent)
        yield place, end, None, f"the JSON is broken: {getattr(error, 'msg', error)}"
        return end
    yield place, end, value, ""
    return end


def _resume(text: str, place: int, indent: str | None) -> int:
    """Find where to go on after a broken object: the next item at the same indent, or its end."""
    following = len(text)
    if indent is not None:
        found = re.compile(rf"\n{re.escape(indent)}(?=[{{\]])").search(text, place + 1)
        if found:
            following = found.end()
    else:
        found = re.compile(r"\}\s*,?\s*\n?(?=\{\s*\")").search(text, place + 1)
        if found:
            following = found.end()
    return max(following, place + 1)


def _inner_list(text: str, place: int, export: Export) -> int | None:
    """Return where the list of objects begins in the page of an API, or None."""
    place += 1
    while True:
        place = _BLANK.match(text, place).end()  # type: ignore[union-attr]
        if text[place : place + 1] != '"':
            return None
        try:
            key, place = _DECODER.raw_decode(text, place)
            colon = re.compile(r"\s*:\s*").match(text, place)
            if colon is None:
                return None
            place = colon.end()
            if key in _LISTS and text[place : place + 1] == "[":
                return place
            if key == "message" and text[place : place + 1] == "{":
                return _inner_list(text, place, export)
            if key in _LISTS and re.compile(r"\[\s*\{").match(text, place):
                return place
            _, place = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            return None


def _word(value: Any) -> str:
    """Return a value of JSON as clean text; a list as its first value."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, (int, float)):
        return clean(str(value))
    if isinstance(value, list):
        return next((text for each in value if (text := _word(each))), "")
    return ""


def _words(value: Any) -> tuple[str, ...]:
    """Return a value of JSON as texts."""
    if isinstance(value, list):
        return tuple(text for each in value if (text := _word(each)))
    text = _word(value)
    return (text,) if text else ()


def _get(value: Any, *path: str) -> Any:
    """Go down objects; None where there is nothing."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _objects_in(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _item(value: dict[str, Any], raw: str, first: int, last: int, reading: Reading) -> Record:
    """Make the record of an item of CSL-JSON."""

    def one(*names: str) -> str:
        return next((text for name in names if (text := _word(value.get(name)))), "")

    key = one("id", "citation-key")
    ident = reading.ident(key, first, "id")
    title = one("title")
    if not title:
        reading.no_title(first, last, ident, ", ".join(str(name) for name in value)[:200])
    written = ""
    year = None
    for name in ("issued", "published", "published-print", "published-online", "event-date"):
        date = value.get(name)
        parts = _get(date, "date-parts")
        text = _word(parts[0]) if isinstance(parts, list) and parts else ""
        text = text or _word(_get(date, "raw")) or _word(_get(date, "literal")) or _word(date)
        written = written or text
        year = year or find_year(text)
    if year is None and written:
        reading.no_year(first, last, written)
    names = []
    people = _objects_in(value.get("author")) or _objects_in(value.get("editor"))
    for each in people:
        family = " ".join(
            text
            for part in ("dropping-particle", "non-dropping-particle", "family")
            if (text := _word(each.get(part)))
        )
        parts = (family, _word(each.get("given")), _word(each.get("suffix")))
        name = _word(each.get("literal")) or _word(each.get("name")) if not family else ""
        name = group_name(name) or part_name(", ".join(part for part in parts if part))
        if name:
            names.append(name)
    url = one("URL", "url")
    written_doi = one("DOI", "doi")
    doi = full_doi(written_doi) or doi_in_link(url)
    notes = (*_words(value.get("note")), *_words(_get(value, "custom", "notes")))
    if written_doi and not doi:
        reading.report(first, last, f"{written_doi!r} is no full DOI", "kept as a note")
        notes = (*notes, f"DOI: {written_doi}")
    note = " ".join(notes)
    in_note = re.search(r"\bPMID:\s*(\d{1,9})", note)
    journal = one("container-title")
    short = one("container-title-short", "journalAbbreviation", "short-container-title")
    keywords = value.get("keyword")
    return Record(
        id=ident,
        title=title,
        authors=tuple(names),
        year=year,
        journal=journal or short,
        volume=one("volume"),
        issue=one("issue", "journal-issue"),
        pages=join_pages(one("page"), "", one("article-number", "number")),
        doi=doi,
        pmid=pubmed_id(one("PMID", "pmid")) or (in_note[1].lstrip("0") if in_note else "")
        or pubmed_id_in_url(url),
        url=link(url),
        abstract=_without_jats(one("abstract")),
        keywords=_words(keywords)
        if isinstance(keywords, list)
        else split_cell(str(keywords or ""), commas=True),
        source=reading.source,
        file=reading.where,
        first_line=first,
        last_line=last,
        type=one("genre") or one("type").removesuffix("document"),
        language=one("language"),
        journal_short=short if journal and short != journal else "",
        original_title=one("original-title"),
        database=one("archive", "source"),
        accession=one("archive_location", "accession"),
        pmcid=find_pmcid(one("PMCID", "pmcid")),
        registry_ids=find_registry_ids(_words(_get(value, "custom", "registry_ids"))),
        issns=find_issns(_words(value.get("ISSN"))),
        isbns=find_isbns(_words(value.get("ISBN"))),
        notes=notes,
        raw=raw,
        reader=reading.reader,
        reader_version=reading.version,
    )  # fmt: skip


def _without_jats(text: str) -> str:
    """Take the tags of JATS off an abstract as Crossref gives it."""
    if "<jats:" not in text:
        return text
    return clean(re.sub(r"</?jats:[^>]*>", " ", text))


def _work(value: dict[str, Any], raw: str, first: int, last: int, reading: Reading) -> Record:
    """Make the record of a work of OpenAlex."""
    number = _word(value.get("id")).rsplit("/", 1)[-1]
    ident = reading.ident(number, first, "id")
    title = _word(value.get("title")) or _word(value.get("display_name"))
    if not title:
        reading.no_title(first, last, ident, ", ".join(map(str, value))[:200])
    year = find_year(_word(value.get("publication_year"))) or find_year(
        _word(value.get("publication_date"))
    )
    names = []
    for each in _objects_in(value.get("authorships")):
        name = _word(_get(each, "author", "display_name")) or _word(each.get("raw_author_name"))
        if name:
            names.append(family_first(name))
    words: dict[int, str] = {}
    index = value.get("abstract_inverted_index")
    if isinstance(index, dict):
        for word, places in index.items():
            for at in places if isinstance(places, list) else ():
                if isinstance(at, int) and 0 <= at < 1_000_000:
                    words[at] = str(word)
    place = value.get("primary_location") or value.get("host_venue") or {}
    source = place.get("source") if isinstance(place, dict) else None
    source = source if isinstance(source, dict) else place if isinstance(place, dict) else {}
    biblio = value.get("biblio")
    ids = value.get("ids")
    mesh = [
        "/".join(part for part in (_word(m.get("descriptor_name")), _word(m.get("qualifier_name")))
                 if part)
        for m in _objects_in(value.get("mesh"))
    ]  # fmt: skip
    terms = [_word(each.get("display_name")) for each in _objects_in(value.get("keywords"))]
    pmcid = _word(_get(ids, "pmcid")).rstrip("/").rsplit("/", 1)[-1]
    return Record(
        id=ident,
        title=title,
        authors=tuple(names),
        year=year,
        journal=_word(source.get("display_name")),
        volume=_word(_get(biblio, "volume")),
        issue=_word(_get(biblio, "issue")),
        pages=join_pages(_word(_get(biblio, "first_page")), _word(_get(biblio, "last_page"))),
        doi=full_doi(_word(value.get("doi")) or _word(_get(ids, "doi"))),
        pmid=pubmed_id(_word(_get(ids, "pmid"))),
        url=link(_word(_get(place, "landing_page_url")) or _word(value.get("id"))),
        abstract=clean(" ".join(words[at] for at in sorted(words))) or _word(value.get("abstract")),
        keywords=distinct((*mesh, *terms)),
        source=reading.source,
        file=reading.where,
        first_line=first,
        last_line=last,
        type=_word(value.get("type")),
        language=_word(value.get("language")),
        database="OpenAlex",
        accession=number,
        pmcid=find_pmcid(pmcid),
        issns=find_issns((*_words(source.get("issn")), _word(source.get("issn_l")))),
        raw=raw,
        reader=reading.reader,
        reader_version=reading.version,
    )


def _trial(value: dict[str, Any], raw: str, first: int, last: int, reading: Reading) -> Record:
    """Make the record of a study of ClinicalTrials.gov."""
    section = value.get("protocolSection")
    known = _get(section, "identificationModule")
    number = _word(_get(known, "nctId"))
    ident = reading.ident(number, first, "nctId")
    brief = _word(_get(known, "briefTitle"))
    title = _word(_get(known, "officialTitle")) or brief
    if not title:
        reading.no_title(first, last, ident, ", ".join(map(str, value))[:200])
    status = _get(section, "statusModule")
    dates = [
        _word(_get(status, "studyFirstPostDateStruct", "date")),
        _word(_get(status, "studyFirstSubmitDate")),
        _word(_get(status, "startDateStruct", "date")),
    ]
    conditions = _get(section, "conditionsModule")
    others = [
        _word(each.get("id"))
        for each in _objects_in(_get(known, "secondaryIdInfos"))
        if "GRANT" not in _word(each.get("type")) and "NIH" not in _word(each.get("type"))
    ]
    officials = _objects_in(_get(section, "contactsLocationsModule", "overallOfficials"))
    kind = _word(_get(section, "designModule", "studyType")).casefold()
    treated = _objects_in(_get(section, "armsInterventionsModule", "interventions"))
    interventions = [_word(each.get("name")) for each in treated]
    return Record(
        id=ident,
        title=title,
        authors=distinct(
            family_first(_word(each.get("name")).split(",", 1)[0]) for each in officials
        ),
        year=next((year for date in dates if (year := find_year(date))), None),
        journal="ClinicalTrials.gov",
        url=f"https://clinicaltrials.gov/study/{number}" if number else "",
        abstract=_word(_get(section, "descriptionModule", "briefSummary"))
        or _word(_get(section, "descriptionModule", "detailedDescription")),
        keywords=distinct((*_words(_get(conditions, "conditions")),
                           *_words(_get(conditions, "keywords")), *interventions)),
        source=reading.source,
        file=reading.where,
        first_line=first,
        last_line=last,
        type=f"trial registration; {kind}" if kind else "trial registration",
        original_title=brief if brief != title else "",
        database="ClinicalTrials.gov",
        accession=number,
        registry_ids=distinct((number, *find_registry_ids(others))),
        raw=raw,
        reader=reading.reader,
        reader_version=reading.version,
    )  # fmt: skip
