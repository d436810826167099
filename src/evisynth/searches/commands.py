"""Commands and settings that stand on a line beside the query, or in its place."""

from __future__ import annotations

import re
from collections.abc import Callable

from evisynth.searches.dates import read_date, read_range
from evisynth.searches.special import LANGUAGES, ovid_limit, split_cochrane_limits
from evisynth.searches.syntax import LANGUAGE, Platform
from evisynth.searches.tree import And, DateRange, Limit, LineRef, Node, Span, Term

__all__ = ["ovid_command", "split_settings"]

_DEDUPLICATED = re.compile(r"\s*(?:remove\s+duplicates\s+from|\.\.dedup)\s+(\d+)\s*", re.IGNORECASE)
_SHORT_LIMIT = re.compile(r"\s*\.\.l/?\s*(\d+)\s+(.+?)\s*", re.IGNORECASE)
_USE = re.compile(r"(?P<query>.*(?:\d|[).]))?\s*(?<!\S)use\s+(?P<base>[a-z]{3,8}\d{0,4})\s*", re.I)
_EBSCO = re.compile(
    r"[\s;,]*\b(Limiters?|Expanders?|Narrow by \w+:?|Search modes?|Interface)\s*-\s*", re.IGNORECASE
)
_WOS = re.compile(r"[\s,]*\b(Indexes|Timespan|Databases|Editions)\s*[=:]\s*", re.IGNORECASE)
_SPAN = re.compile(r"(?:published date|publication date|publication year|date of publication)\s*:?")


def ovid_command(text: str) -> Node | None:
    """Read a line of Ovid that is a command: ``limit 5 to``, ``..l/ 5``, ``remove duplicates``.

    Examples
    --------
    >>> ovid_command("remove duplicates from 35").items[1].name
    'duplicates removed'
    >>> ovid_command("27 use medall").items
    (LineRef(number=27), Limit(name='database medall'))
    """
    limited = ovid_limit(text)
    if limited:
        return limited
    span = (0, len(text))
    without = _DEDUPLICATED.fullmatch(text)
    if without:
        return And((LineRef(int(without[1]), span), Limit("duplicates removed", span)), span)
    short = _SHORT_LIMIT.fullmatch(text)
    if short:
        return ovid_limit(f"limit {short[1]} to {short[2]}")
    used = _USE.fullmatch(text)
    if used and (used["query"] or "").strip().isdigit():
        number = int(used["query"])
        return And((LineRef(number, span), Limit(f"database {used['base'].lower()}", span)), span)
    return None


def _use(text: str) -> tuple[str, list[Node]]:
    used = _USE.fullmatch(text)
    if not used:
        return text, []
    return used["query"] or "", [Limit(f"database {used['base'].lower()}", used.span("base"))]


def _parts(text: str, heads: re.Pattern[str]) -> tuple[str, list[tuple[str, str, Span]]]:
    """Cut a line at the names of its settings: the query, and name and value of each."""
    found = list(heads.finditer(text))
    if not found:
        return text, []
    ends = [each.start() for each in found[1:]] + [len(text)]
    parts = [
        (each[1].casefold(), text[each.end() : end].strip(" ;,"), (each.start(1), end))
        for each, end in zip(found, ends, strict=True)
    ]
    return text[: found[0].start()], parts


def _ebsco(text: str) -> tuple[str, list[Node]]:
    query, parts = _parts(text, _EBSCO)
    limits: list[Node] = []
    for name, value, span in parts:
        for item in filter(None, (each.strip() for each in value.split(";"))):
            word = " ".join(item.casefold().split())
            dated = _SPAN.match(word)
            date = read_range(word[dated.end() :].strip(), "published") if dated else None
            language = word.removeprefix("language:").removesuffix("language").strip()
            if date:
                limits.append(DateRange(date.kind, date.start, date.end, span))
            elif name.startswith("search mode") and word == "boolean/phrase":
                continue  # what the lines are written for
            elif language in LANGUAGES:
                limits.append(Term((language,), (LANGUAGE,), span=span))
            elif name != "interface":
                kind = "" if name.startswith(("limiter", "narrow")) else name.rstrip("s") + " "
                limits.append(Limit(kind + word, span))
    return query, limits


def _wos(text: str) -> tuple[str, list[Node]]:
    query, parts = _parts(text, _WOS)
    limits: list[Node] = []
    for name, value, span in parts:
        if name != "timespan":
            limits.append(Limit(f"{name} {value.casefold()}", span))
        elif value.casefold() not in ("all years", "all"):
            ends = re.split(r"\s+to\s+", re.sub(r"\s*\(.*\)$", "", value), maxsplit=1)
            start, end = (read_date(each) for each in ends) if len(ends) == 2 else (None, None)
            date = (
                DateRange("published", start, end)
                if start is not None and end is not None
                else read_range(value, "published")
            )
            if date:
                limits.append(DateRange("published", date.start, date.end, span))
            else:
                limits.append(Limit(f"timespan {value.casefold()}", span))
    return query, limits


_SPLITTERS: dict[str, Callable[[str], tuple[str, list[Node]]]] = {
    "ovid": _use,
    "ebsco": _ebsco,
    "wos": _wos,
    "cochrane": split_cochrane_limits,
}


def split_settings(text: str, platform: Platform) -> tuple[str, list[Node]]:
    """Take off a line what the platform set beside the query: limits, databases, time spans.

    Examples
    --------
    >>> query, limits = split_settings("S9 Limiters - English Language; Peer Reviewed", "ebsco")
    >>> query, limits[1].name
    ('S9', 'peer reviewed')
    >>> split_settings("TS=gait Indexes=SCI-EXPANDED Timespan=2010-2024", "wos")[1][1].start
    '2010'
    """
    split = _SPLITTERS.get(platform)
    return split(text) if split else (text, [])
