"""Leaves that each platform writes in its own way: headings, line references, dates, limits."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from evisynth.searches.dates import read_date, read_range, shift
from evisynth.searches.platforms import SYNTAX
from evisynth.searches.subheadings import subheading_codes
from evisynth.searches.syntax import Platform, Syntax
from evisynth.searches.tree import (
    And,
    DateRange,
    Heading,
    Limit,
    LineRef,
    Node,
    Or,
    Span,
    Term,
)

__all__ = [
    "COCHRANE_PLACES",
    "LANGUAGES",
    "heading_from",
    "ovid_limit",
    "special_leaf",
    "split_cochrane_limits",
]

_LANGUAGE_NAMES = """
arabic chinese croatian czech danish dutch english finnish french german greek hebrew
hungarian italian japanese korean norwegian persian polish portuguese romanian russian
serbian slovak slovenian spanish swedish turkish ukrainian
"""
LANGUAGES = frozenset(_LANGUAGE_NAMES.split())
COCHRANE_PLACES = (
    "in trials",
    "in cochrane reviews",
    "in cochrane protocols",
    "in clinical answers",
)
"""Parts of the Cochrane Library that a line may be limited to."""

Found = tuple[int, Node] | None

_OVID_HEADING = re.compile(
    r"(?:(exp)\s+)?(\*)?"
    r"(?:\"([^\"]+)\"|((?:(?!\b(?:and|or|not|adj\d*)\b)[^()\"/\[\].]){1,150}?))"
    r"/(?:([a-z]{2}(?:\s?,\s?[a-z]{2})*)(?=$|[\s)\]\[,]))?(?=$|[\s)\]\[,])"
    r"(?:\s*\[[^\]]*\])?",
    re.IGNORECASE,
)
_OVID_LINES = re.compile(r"(or|and)/([\d,\-\s]*\d)", re.IGNORECASE)
_HASH = re.compile(r"#(\d+)(?=$|[\s),}])")
_S = re.compile(r"\[?[Ss](\d+)\]?(?=$|[\s),])")
_COCHRANE_LINES = re.compile(r"\{(or|and)\s+([#\d,\-\s]+)\}", re.IGNORECASE)
_COCHRANE_MH = re.compile(
    r"\[mh\s*(\^)?\s*(?:\"([^\"]+)\"|([^\]\"/]+?))\s*(?:/\s*([A-Za-z, ]+?))?\s*\]", re.IGNORECASE
)
_COCHRANE_MESH = re.compile(
    r"MeSH descriptor:\s*\[([^\]]+)\]\s*(explode all trees|this term only|explode tree \d+)?"
    r"(?:\s*and with qualifier\(s\):\s*\[([^\]]+)\])?",
    re.IGNORECASE,
)
_EMBASE_LIMIT = re.compile(r"\[([^\]]+)\]/(lim|py|sd)(?=$|[\s)])", re.IGNORECASE)
_EBSCO_HEADING = re.compile(r"(MH|MM|DE)\s+\"([^\"]+)\"")
_PUBMED_DATES = re.compile(
    r"\"?([\d/]{4,10})\"?\s*(?:\[([^\]]+)\])?\s*:\s*\"?([\d/]{4,10})\"?\s*\[([^\]]+)\]"
)
_SCOPUS_YEAR = re.compile(r"PUBYEAR\s*(=|>|<|\bIS\b|\bAFT\b|\bBEF\b)\s*(\d{4})", re.IGNORECASE)
_SCOPUS_LOAD = re.compile(r"(?:ORIG-)?LOAD-DATE\s*(>|<|AFT|BEF)\s*(\d{8})", re.IGNORECASE)
_SCOPUS_LIMIT = re.compile(r"LIMIT-TO\s*\(\s*([A-Z]+)\s*,\s*\"([^\"]+)\"\s*\)", re.IGNORECASE)
_SCOPUS_OTHER = re.compile(r"(EXCLUDE|INDEX)\s*\(([^()]*)\)", re.IGNORECASE)
_SCOPUS_WORDS = {"exclude": "without", "index": "index"}
_OVID_LIMIT = re.compile(r"\s*limit\s+(\d+)\s+to\s+(.+?)\s*", re.IGNORECASE)
_COCHRANE_IN = re.compile(
    r",?\s*\bin (Trials|Cochrane Reviews|Cochrane Protocols|Clinical Answers)\s*$", re.IGNORECASE
)
_COCHRANE_DATE = re.compile(
    r",?\s+with (Publication Year|Cochrane Library publication date) (?:from|between)"
    r" (.+?) (?:to|and) (.+?)\s*$",
    re.IGNORECASE,
)


def _numbers(text: str) -> list[int]:
    """Numbers of lines: ``1-3,5``."""
    found: list[int] = []
    for first, last in re.findall(r"(\d+)\s*(?:-\s*#?(\d+))?", text):
        found.extend(range(int(first), int(last or first) + 1))
    return found


def _lines(operator: str, text: str, span: Span) -> Node:
    refs = tuple(LineRef(number, span) for number in _numbers(text))
    if len(refs) == 1:
        return refs[0]
    return Or(refs, span) if operator.casefold() == "or" else And(refs, span)


def heading_from(text: str, explode: bool, major: bool, platform: Platform, span: Span) -> Heading:
    """Make a heading of its text, with the platform's signs for explosion and subheadings."""
    name, subheadings = " ".join(text.split()), ""
    if platform == "ebsco":
        name, _, subheadings = name.partition("/")
        explode = name.endswith("+")
        name = name.rstrip("+")
    elif platform == "pubmed":
        name, _, subheadings = name.partition("/")
    elif platform == "proquest":
        name, _, subheadings = name.partition(" -- ")
    codes = subheading_codes(subheadings.replace("/", ","))
    return Heading(name.strip(), explode, major, codes, span)


def _ovid(text: str, at: int) -> Found:
    lines = _OVID_LINES.match(text, at)
    if lines:
        return lines.end(), _lines(lines[1], lines[2], lines.span())
    found = _OVID_HEADING.match(text, at)
    if not found:
        return None
    codes = subheading_codes(found[5] or "")
    name = " ".join((found[3] or found[4]).split())
    return found.end(), Heading(name, bool(found[1]), bool(found[2]), codes, found.span())


def _hash(text: str, at: int) -> Found:
    found = _HASH.match(text, at)
    return (found.end(), LineRef(int(found[1]), found.span())) if found else None


def _pubmed(text: str, at: int) -> Found:
    found = _PUBMED_DATES.match(text, at)
    if found:
        tag = SYNTAX["pubmed"].tags.get(" ".join(found[4].casefold().split()))
        start, end = read_date(found[1]), read_date(found[3])
        if tag and tag.date and start is not None and end is not None:
            return found.end(), DateRange(tag.date, start, end, found.span())
    return _hash(text, at)


def _embase(text: str, at: int) -> Found:
    found = _EMBASE_LIMIT.match(text, at)
    if not found:
        return _hash(text, at)
    kind, value = found[2].casefold(), found[1].strip()
    if kind == "py":
        date = read_range(value, "published")
    elif kind == "sd":
        start = read_date(value)
        date = DateRange("entered", start) if start is not None else None
    else:
        name = value.casefold()
        if name in LANGUAGES:
            return found.end(), Term((name,), ("language",), span=found.span())
        return found.end(), Limit(name, found.span())
    return (found.end(), replace(date, span=found.span())) if date else None


def _ebsco(text: str, at: int) -> Found:
    found = _EBSCO_HEADING.match(text, at)
    if found:
        heading = heading_from(found[2], False, found[1] == "MM", "ebsco", found.span())
        return found.end(), heading
    return _s(text, at)


def _s(text: str, at: int) -> Found:
    found = _S.match(text, at)
    return (found.end(), LineRef(int(found[1]), found.span())) if found else None


def _scopus(text: str, at: int) -> Found:
    year = _SCOPUS_YEAR.match(text, at)
    if year:
        sign, number = year[1].casefold(), int(year[2])
        if sign in ("=", "is"):
            date = DateRange("published", str(number), str(number), year.span())
        elif sign in (">", "aft"):
            date = DateRange("published", start=str(number + 1), span=year.span())
        else:
            date = DateRange("published", end=str(number - 1), span=year.span())
        return year.end(), date
    load = _SCOPUS_LOAD.match(text, at)
    day = read_date(load[2]) if load else None
    if load and day:
        if load[1].casefold() in (">", "aft"):
            return load.end(), DateRange("entered", start=shift(day, 1), span=load.span())
        return load.end(), DateRange("entered", end=shift(day, -1), span=load.span())
    other = _SCOPUS_OTHER.match(text, at)
    if other:
        words = " ".join(re.sub(r"[\",]", " ", other[2]).casefold().split())
        return other.end(), Limit(f"{_SCOPUS_WORDS[other[1].casefold()]} {words}", other.span())
    limit = _SCOPUS_LIMIT.match(text, at)
    if limit:
        code, value = limit[1].casefold(), limit[2]
        field = {"language": "language", "doctype": "publication type"}.get(code)
        if field:
            return limit.end(), Term((value.casefold(),), (field,), span=limit.span())
        if code == "pubyear":
            return limit.end(), DateRange("published", value, value, limit.span())
        return limit.end(), Limit(f"{code} {value}", limit.span())
    return _hash(text, at)


def _cochrane(text: str, at: int) -> Found:
    lines = _COCHRANE_LINES.match(text, at)
    if lines:
        return lines.end(), _lines(lines[1], lines[2], lines.span())
    short = _COCHRANE_MH.match(text, at)
    if short:
        name = " ".join((short[2] or short[3]).split())
        codes = subheading_codes(short[4] or "")
        return short.end(), Heading(name, not short[1], False, codes, short.span())
    long = _COCHRANE_MESH.match(text, at)
    if long:
        explode = (long[2] or "").casefold() != "this term only"
        codes = subheading_codes(
            ",".join(part.split("-")[-1] for part in (long[3] or "").split(","))
        )
        return long.end(), Heading(long[1].strip(), explode, False, codes, long.span())
    return _hash(text, at)


_READERS: dict[str, Callable[[str, int], Found]] = {
    "ovid": _ovid,
    "pubmed": _pubmed,
    "embase": _embase,
    "ebsco": _ebsco,
    "proquest": _s,
    "wos": _hash,
    "scopus": _scopus,
    "cochrane": _cochrane,
}


def special_leaf(text: str, at: int, syntax: Syntax) -> Found:
    """Return the end and the leaf, where a leaf in the platform's own writing begins here.

    Examples
    --------
    >>> from evisynth.searches.platforms import SYNTAX
    >>> special_leaf("exp *Depression/dt, th", 0, SYNTAX["ovid"])[1].subheadings
    ('dt', 'th')
    """
    return _READERS[syntax.platform](text, at)


def ovid_limit(text: str) -> Node | None:
    """Read ``limit 5 to (english language and yr="2010-2024")``.

    Examples
    --------
    >>> ovid_limit('limit 5 to yr="2010 -Current"').items[1].start
    '2010'
    """
    found = _OVID_LIMIT.fullmatch(text)
    if not found:
        return None
    span = (0, len(text))
    items: list[Node] = [LineRef(int(found[1]), span)]
    rest = found[2].strip()
    if rest.startswith("(") and rest.endswith(")"):
        rest = rest[1:-1]
    for part in re.split(r"\s+and\s+", rest, flags=re.IGNORECASE):
        choices = [_ovid_choice(name, span) for name in re.split(r"\s+or\s+", part.strip(" ()"))]
        items.append(choices[0] if len(choices) == 1 else Or(tuple(choices), span))
    return And(tuple(items), span)


def _ovid_choice(name: str, span: Span) -> Node:
    """One limit of Ovid."""
    code, sign, value = name.partition("=")
    tag = SYNTAX["ovid"].tags.get(code.strip().casefold()) if sign else None
    if tag and tag.date:
        date = read_range(value.strip().strip('"'), tag.date)
        if date:
            return DateRange(date.kind, date.start, date.end, span)
    word = " ".join(name.split()).casefold()
    language = word.removesuffix(" language")
    if language in LANGUAGES:
        return Term((language,), ("language",), span=span)
    return Limit(word, span)


def split_cochrane_limits(text: str) -> tuple[str, list[Node]]:
    """Take the limits off the end of a line of the Cochrane Library.

    Examples
    --------
    >>> split_cochrane_limits("#3 with Publication Year from 2010 to 2024, in Trials")[0]
    '#3'
    """
    text = re.sub(r"\s*\(Word variations have been searched\)\s*$", "", text, flags=re.IGNORECASE)
    limits: list[Node] = []
    place = _COCHRANE_IN.search(text)
    if place:
        limits.append(Limit(f"in {place[1].casefold()}", place.span()))
        text = text[: place.start()]
    date = _COCHRANE_DATE.search(text)
    if date:
        start, end = read_date(date[2]), read_date(date[3])
        if start is not None and end is not None:
            kind = "published" if date[1].casefold().startswith("publication") else "entered"
            limits.insert(
                0,
                DateRange(
                    "published" if kind == "published" else "entered", start, end, date.span()
                ),
            )
            text = text[: date.start()]
    return text, limits
