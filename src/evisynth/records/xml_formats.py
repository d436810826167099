"""PubMed XML, EndNote XML and the XML of WHO ICTRP.

The text is cut at the marks of the entries and each is parsed by itself, so that one broken entry
does not take the others with it, memory is bounded, and the lines of each are known. Declarations
of entities and references to other files are refused; nothing is fetched.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from evisynth.errors import InputError, Problem
from evisynth.records.exports import LONGEST_LINE, Export
from evisynth.records.reading import Reading
from evisynth.records.record import Record
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
    group_name,
    join_pages,
    link,
    part_name,
    pubmed_id,
    pubmed_id_in_url,
)

if TYPE_CHECKING:
    from lxml.etree import XMLParser, _Element

__all__ = [
    "looks_like_endnote_xml",
    "looks_like_ictrp",
    "looks_like_pubmed_xml",
    "stream_endnote_xml",
    "stream_ictrp",
    "stream_pubmed_xml",
]

_PREDEFINED = frozenset({"amp", "lt", "gt", "quot", "apos"})
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_REFERENCE = re.compile(r"&#([xX][0-9a-fA-F]{1,8}|\d{1,9});")
_NO_SIGN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_DOCTYPE = re.compile(
    r"<!DOCTYPE\s+[^\[>]*?(?:(?:PUBLIC|SYSTEM)\s+(?P<ids>[^\[>]*))?(?P<end>[\[>])"
)

Make = Callable[["_Element", str, int, int, Reading], Record]


def _has(export: Export, mark: str) -> bool:
    return re.search(rf"<{mark}[\s>]", export.head) is not None


def looks_like_pubmed_xml(export: Export) -> bool:
    """Return whether the file has elements of PubMed."""
    return _has(export, "PubmedArticle") or _has(export, "PubmedBookArticle") or (
        _has(export, "MedlineCitation")
    )  # fmt: skip


def looks_like_endnote_xml(export: Export) -> bool:
    """Return whether the file has EndNote's records."""
    return _has(export, "record") and (
        _has(export, "records") or _has(export, "ref-type") or _has(export, "contributors")
    )


def looks_like_ictrp(export: Export) -> bool:
    """Return whether the file has trials of the WHO's platform."""
    return _has(export, "Trial") and (_has(export, "TrialID") or "ICTRP" in export.head[:2000])


def stream_pubmed_xml(export: Export, reading: Reading) -> Iterator[Record]:
    """Give the records of PubMed XML one by one."""
    reading.dialect = "PubMed"
    marks = ("PubmedArticle", "PubmedBookArticle")
    if not any(_has(export, mark) for mark in marks):
        marks = ("MedlineCitation", "MedlineCitation")
    yield from _stream(export, reading, marks, _pubmed)


def stream_endnote_xml(export: Export, reading: Reading) -> Iterator[Record]:
    """Give the records of EndNote XML one by one."""
    found = re.search(r"<source-app[^>]*name=\"([^\"]+)\"", export.head)
    reading.dialect = found[1] if found else "EndNote"
    yield from _stream(export, reading, ("record",), _endnote)


def stream_ictrp(export: Export, reading: Reading) -> Iterator[Record]:
    """Give the trials of an export of WHO ICTRP one by one."""
    reading.dialect = "WHO ICTRP"
    yield from _stream(export, reading, ("Trial",), _ictrp)


def _refuse(export: Export, message: str) -> InputError:
    return InputError(
        Problem(
            export.where,
            "",
            f"{message}; such files are not read, they can make a program fetch or fill anything",
            hint="Export it again from the database; no database writes this",
        )
    )


def _check(export: Export, text: str) -> None:
    """Refuse declarations of entities and references to other files."""
    if re.search(r"<!(?:ENTITY|ELEMENT|ATTLIST|NOTATION)\b", text):
        raise _refuse(export, "the XML declares entities or a document type of its own")
    if "http://www.w3.org/2001/XInclude" in text:
        raise _refuse(export, "the XML includes other files (XInclude)")
    declared = list(_DOCTYPE.finditer(text))
    if len(declared) != text.count("<!DOCTYPE"):
        raise _refuse(export, "the XML declares a document type that cannot be understood")
    for found in declared:
        if found["end"] == "[":
            raise _refuse(export, "the XML declares a document type of its own")
        names = re.findall(r"\"([^\"]*)\"|'([^']*)'", found["ids"] or "")
        system = (names[-1][0] or names[-1][1]) if names else ""
        known = re.match(r"https?://(?:[\w.-]+\.)?(?:ncbi\.)?nlm\.nih\.gov/", system)
        if system and not known and re.search(r"[:/\\]", system):
            raise _refuse(export, f"the XML refers to another file, {system[:80]!r}")


def _stream(
    export: Export, reading: Reading, marks: tuple[str, ...], make: Make
) -> Iterator[Record]:
    """Cut the text at the marks and make a record of each piece."""
    names = "|".join(marks)
    opening = re.compile(rf"<({names})(?=[\s>/])")
    either = re.compile(rf"<({names})(?=[\s>/])|</({names})\s*>")
    text = ""
    place, line = 0, 1  # where to go on in the text, and the line of that sign
    prolog, ended = True, False
    blocks = export.texts()
    while True:
        found = opening.search(text, place)
        if prolog and (found or ended or len(text) > LONGEST_LINE):
            _check(export, text[: found.start()] if found else text)
            prolog = False
        end = either.search(text, found.end()) if found else None
        if found and end:
            first = line + text.count("\n", place, found.start())
            stop = end.end() if end[2] else end.start()
            yield from _piece(text[found.start() : stop], bool(end[2]), first, reading, make)
            line = first + text.count("\n", found.start(), stop)
            place = stop
            continue
        if found and len(text) - found.start() > LONGEST_LINE:
            raise InputError(
                Problem(
                    export.where,
                    f"line {line}",
                    f"an element <{found[1]}> is longer than {LONGEST_LINE:,} signs; the file is"
                    " not read",
                    hint="Export it again, or look whether it is damaged",
                )
            )
        if ended:
            break
        if not prolog:  # what was read goes, but a mark may be cut by the end of the block
            keep = found.start() if found else max(place, len(text) - 100)
            line += text.count("\n", place, keep)
            text, place = text[keep:], 0
        block = next(blocks, None)
        if block is None:
            ended = True
        else:
            text += block
    if found:
        first = line + text.count("\n", place, found.start())
        yield from _piece(text[found.start() :].rstrip(), False, first, reading, make)


def _parser(*, recover: bool) -> XMLParser:
    """Return a parser that fetches nothing and expands nothing."""
    from lxml import etree

    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
        recover=recover,
    )


def _piece(piece: str, closed: bool, first: int, reading: Reading, make: Make) -> Iterator[Record]:
    """Parse one entry; what cannot be parsed is parsed leniently, then reported as unreadable."""
    from lxml import etree

    last = first + piece.rstrip().count("\n")
    raw = piece.rstrip()

    def named(found: re.Match[str]) -> str:
        sign = found[0] if found[1] in _PREDEFINED else html.unescape(found[0])
        return found[0] if sign == found[0] else "".join(f"&#{ord(each)};" for each in sign)

    source = _NO_SIGN.sub("", _REFERENCE.sub(_sound, _ENTITY.sub(named, piece)))
    try:
        if "<!" in source.replace("<!--", "").replace("<![CDATA[", ""):
            raise ValueError("a declaration inside an entry")
        element: _Element | None = etree.fromstring(source.encode(), _parser(recover=False))
    except (etree.XMLSyntaxError, ValueError) as error:
        try:
            element = etree.fromstring(source.encode(), _parser(recover=True))
        except (etree.XMLSyntaxError, ValueError):
            element = None
        if element is None or not len(element):
            reading.unreadable(first, last, f"the XML of the entry is broken: {error}")
            return
        what = "is broken" if closed else "is not closed"
        if "Namespace prefix" not in str(error):
            reading.report(
                first, last, f"the XML of the entry {what}: {error}", "what could be read was kept"
            )
    if element is not None:
        yield make(element, raw, first, last, reading)


def _sound(reference: re.Match[str]) -> str:
    """Return a reference to a sign as it is, ``""`` where XML knows no such sign."""
    digits = reference[1]
    code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    sound = code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE
    return reference[0] if sound or 0x10000 <= code <= 0x10FFFF else ""


def _text(element: _Element | None) -> str:
    """Return the text of an element with that of the elements in it."""
    if element is None:
        return ""
    if not len(element):
        return clean(element.text or "")
    return clean("".join(element.itertext()))  # type: ignore[arg-type]


def _one(element: _Element, *paths: str) -> str:
    for path in paths:
        for found in element.iterfind(path):
            if text := _text(found):
                return text
    return ""


def _all(element: _Element, path: str) -> tuple[str, ...]:
    return tuple(text for found in element.iterfind(path) if (text := _text(found)))


def _pubmed(root: _Element, raw: str, first: int, last: int, reading: Reading) -> Record:
    book = root.tag == "PubmedBookArticle"
    cited = root.find("BookDocument" if book else "MedlineCitation")
    cited = root if cited is None else cited
    article = cited if book else cited.find("Article")
    article = cited if article is None else article
    pmid = pubmed_id(_one(cited, "PMID"))
    ident = reading.ident(pmid, first, "PMID")
    original = _one(article, "VernacularTitle")
    title = _one(article, "ArticleTitle", "Book/BookTitle") or original
    if not title:
        reading.no_title(first, last, ident, "no ArticleTitle")
    issue = article.find("Journal/JournalIssue")
    dates = [
        text
        for path in ("Journal/JournalIssue/PubDate", "ArticleDate", "Book/PubDate", "DateCompleted",
                     "DateCreated")
        if (text := _one(article, path) or _one(cited, path))
    ]  # fmt: skip
    year = next((y for text in dates[:3] if (y := find_year(text))), None)
    if year is None and dates:
        reading.no_year(first, last, dates[0])
    ids = {
        str(each.get("IdType")): _text(each)
        for path in ("PubmedData/ArticleIdList/ArticleId", "PubmedBookData/ArticleIdList/ArticleId",
                     "BookDocument/ArticleIdList/ArticleId")
        for each in root.iterfind(path)
    }  # fmt: skip
    located = {str(each.get("EIdType")): _text(each) for each in article.iterfind("ELocationID")}
    parts = []
    for part in article.iterfind("Abstract/AbstractText"):
        label, text = str(part.get("Label") or ""), _text(part)
        parts.append(f"{clean(label)}: {text}" if label and label != "UNLABELLED" else text)
    names = []
    for author in article.iterfind("AuthorList/Author"):
        group, family = _one(author, "CollectiveName"), _one(author, "LastName")
        given = _one(author, "ForeName", "Initials")
        suffix = _one(author, "Suffix")
        name = group or ", ".join(part for part in (family, given, suffix) if part)
        if name:
            names.append(part_name(name) if name != group else group_name(name))
    headings = []
    for heading in cited.iterfind("MeshHeadingList/MeshHeading"):
        term = _one(heading, "DescriptorName")
        qualifiers = [
            ("*" if each.get("MajorTopicYN") == "Y" else "") + _text(each)
            for each in heading.iterfind("QualifierName")
        ]
        descriptor = heading.find("DescriptorName")
        major = descriptor is not None and descriptor.get("MajorTopicYN") == "Y"
        if term:
            headings.append(("*" if major else "") + "/".join([term, *qualifiers]))
    pages = _one(article, "Pagination/MedlinePgn") or join_pages(
        _one(article, "Pagination/StartPage"), _one(article, "Pagination/EndPage")
    )
    journal = _one(article, "Journal/Title", "Book/BookTitle")
    short = _one(article, "Journal/ISOAbbreviation") or _one(cited, "MedlineJournalInfo/MedlineTA")
    return Record(
        id=ident,
        title=title,
        authors=tuple(names),
        year=year,
        journal=journal or short,
        volume=_one(issue, "Volume") if issue is not None else _one(article, "Book/Volume"),
        issue=_one(issue, "Issue") if issue is not None else "",
        pages=join_pages(pages),
        doi=full_doi(located.get("doi", "") or ids.get("doi", "")),
        pmid=pmid or pubmed_id(ids.get("pubmed", "")),
        abstract=clean(" ".join(parts)),
        keywords=(*headings, *_all(cited, "KeywordList/Keyword")),
        source=reading.source,
        file=reading.where,
        first_line=first,
        last_line=last,
        type="; ".join(distinct(_all(article, "PublicationTypeList/PublicationType")))
        or "; ".join(_all(article, "PublicationType")),
        language="; ".join(distinct(_all(article, "Language"))),
        journal_short=short if short != journal and journal else "",
        original_title=original if original != title else "",
        pmcid=find_pmcid(ids.get("pmc", "")),
        registry_ids=find_registry_ids(
            _all(article, "DataBankList/DataBank/AccessionNumberList/AccessionNumber")
        ),
        issns=find_issns(
            (*_all(article, "Journal/ISSN"), _one(cited, "MedlineJournalInfo/ISSNLinking"))
        ),
        isbns=find_isbns(_all(article, "Book/Isbn")),
        raw=raw,
        reader=reading.reader,
        reader_version=reading.version,
    )  # fmt: skip


def _endnote(root: _Element, raw: str, first: int, last: int, reading: Reading) -> Record:
    label = _one(root, "label")
    ident = reading.ident(label or _one(root, "rec-number"), first, "rec-number")
    title = _one(root, "titles/title")
    if not title:
        reading.no_title(first, last, ident, ", ".join(str(each.tag) for each in root))
    written = _one(root, "dates/year") or _one(root, "dates/pub-dates/date")
    year = find_year(written)
    if year is None and written:
        reading.no_year(first, last, written)
    journal = _one(root, "periodical/full-title", "titles/secondary-title")
    shorts = (_one(root, "periodical/abbr-1"), _one(root, "titles/alt-title"))
    short = next((each for each in shorts if each and each != journal), "")
    urls = _all(root, "urls/related-urls/url") or _all(root, "urls/web-urls/url")
    numbers = _numbers(root, "isbn")
    kind = root.find("ref-type")
    names = _all(root, "contributors/authors/author") or _all(
        root, "contributors/secondary-authors/author"
    )
    accession = _one(root, "accession-num")
    database = _one(root, "remote-database-name")
    given = _one(root, "custom5")
    pmid = pubmed_id(given) if given[:4] == "PMID" or "medline" in database.casefold() else ""
    provider = f"{database} {_one(root, 'remote-database-provider')}".casefold()
    if (
        not pmid
        and accession.isdigit()
        and ("medline" in provider or "nlm" in provider or "pubmed" in provider)
    ):
        pmid = pubmed_id(accession)
    issns = find_issns(numbers)
    return Record(
        id=ident,
        title=title,
        authors=tuple(part_name(name) for name in names),
        year=year,
        journal=journal or short,
        volume=_one(root, "volume"),
        issue=_one(root, "number", "issue"),
        pages=join_pages(_one(root, "pages"), "", _one(root, "custom7")),
        doi=full_doi(_one(root, "electronic-resource-num"))
        or next((doi for url in urls if "doi" in url and (doi := find_doi(url))), ""),
        pmid=pmid or next((found for url in urls if (found := pubmed_id_in_url(url))), ""),
        url=link(next((url for url in urls if "<Go to ISI>" not in url), "")),
        abstract=_one(root, "abstract"),
        keywords=tuple(
            word
            for each in root.iterfind("keywords/keyword")
            for part in "".join(each.itertext()).splitlines()  # type: ignore[arg-type]
            if (word := clean(part))
        )
        if "&#xD;" in raw
        else _all(root, "keywords/keyword"),
        source=reading.source,
        file=reading.where,
        first_line=first,
        last_line=last,
        type=_one(root, "work-type")
        or clean(str(kind.get("name") or "" if kind is not None else "")).removesuffix("Generic"),
        language=_one(root, "language"),
        journal_short=short if journal else "",
        original_title=_one(root, "titles/translated-title", "orig-pub"),
        database=database,
        accession=accession,
        pmcid=find_pmcid(_one(root, "custom2")) if "PMC" in _one(root, "custom2").upper() else "",
        registry_ids=find_registry_ids(_all(root, "custom3")),
        issns=issns,
        isbns=find_isbns(numbers),
        notes=(*_all(root, "notes"), *_all(root, "research-notes")),
        raw=raw,
        reader=reading.reader,
        reader_version=reading.version,
    )


def _numbers(root: _Element, path: str) -> tuple[str, ...]:
    """Return numbers that stand on lines of one element."""
    return tuple(
        line.strip()
        for each in root.iterfind(path)
        for line in re.split(r"[\r\n;]+", "".join(each.itertext()))  # type: ignore[arg-type]
        if line.strip()
    )


def _ictrp(root: _Element, raw: str, first: int, last: int, reading: Reading) -> Record:
    def one(*names: str) -> str:
        for name in names:
            text = _one(root, name)
            if text:
                return clean(re.sub(r"<\s*/?\s*(?:br|p)\s*/?\s*>", " ", clean(text)))
        return ""

    trial = one("TrialID", "Main_ID", "trial_id")
    ident = reading.ident(trial, first, "TrialID")
    title = one("Scientific_title", "scientific_title") or one("Public_title", "public_title")
    if not title:
        reading.no_title(first, last, ident, ", ".join(str(each.tag) for each in root)[:200])
    written = one("Date_registration3", "Date_registration", "date_registration")
    year = find_year(written) or find_year(written[:4])
    if year is None and written:
        reading.no_year(first, last, written)
    public = one("Public_title", "public_title")
    others = find_registry_ids(
        part for part in re.split(r"[;,\s]+", one("Secondary_ID", "Secondary_IDs", "SecondaryIDs"))
    )
    name = " ".join(part for part in (one("Contact_Firstname"), one("Contact_Lastname")) if part)
    fields = (("Intervention", one("Intervention")), ("Primary outcome", one("Primary_outcome")),
              ("Inclusion criteria", one("Inclusion_Criteria")),
              ("Study design", one("Study_design")))  # fmt: skip
    return Record(
        id=ident,
        title=title,
        authors=(name,) if name else (),
        year=year,
        journal=one("Source_Register"),
        url=link(one("web_address", "url")),
        abstract=" ".join(f"{label}: {text}" for label, text in fields if text),
        keywords=distinct(part.strip() for part in re.split(r"[;|]", one("Condition"))),
        source=reading.source,
        file=reading.where,
        first_line=first,
        last_line=last,
        type=one("Study_type") and f"trial registration; {one('Study_type')}",
        original_title=public if public != title else "",
        database="WHO ICTRP",
        accession=trial,
        registry_ids=distinct((trial, *others)),
        raw=raw,
        reader=reading.reader,
        reader_version=reading.version,
    )
