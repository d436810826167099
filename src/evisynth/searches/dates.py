"""Dates as platforms write them, and as fine as each platform takes them."""

from __future__ import annotations

import calendar
import datetime
import re
from dataclasses import replace

from evisynth.searches.platforms import SYNTAX
from evisynth.searches.syntax import Platform
from evisynth.searches.tree import DateKind, DateRange

__all__ = [
    "fit_date",
    "format_date",
    "grain_of",
    "last_day",
    "read_date",
    "read_prefix",
    "read_range",
    "shift",
]

_MONTHS = {name.casefold(): number for number, name in enumerate(calendar.month_abbr) if name}
_FORMS = (
    re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"),
    re.compile(r"(?P<d>\d{1,2})[-/.](?P<m>\d{1,2})[-/.](?P<y>\d{4})"),
    re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})"),
    re.compile(r"(?P<y>\d{4})[-/](?P<m>\d{1,2})"),
    re.compile(r"(?P<y>\d{4})(?P<m>0[1-9]|1[0-2])"),
    re.compile(r"(?P<name>[A-Za-z]{3})[a-z]* (?P<y>\d{4})"),
    re.compile(r"(?P<y>\d{4})"),
)
_FIRST, _LAST = 1800, 3000
_OPEN = ("", "current", "present", "<1966", "inception")


def read_date(text: str) -> str | None:
    """Read a date as far as it is given; ``""`` for an open end, None for no date.

    Examples
    --------
    >>> read_date("2024/03/01"), read_date("20240301"), read_date("3000"), read_date("soon")
    ('2024-03-01', '2024-03-01', '', None)
    """
    text = text.strip().strip("\"'").strip()
    if text.casefold() in _OPEN:
        return ""
    for form in _FORMS:
        found = form.fullmatch(text)
        if not found:
            continue
        parts = found.groupdict()
        year = int(parts["y"])
        if not _FIRST < year < _LAST:
            return ""
        month = _MONTHS.get(parts["name"].casefold(), 0) if parts.get("name") else parts.get("m")
        day = parts.get("d")
        try:
            datetime.date(year, int(month or 1), int(day or 1))
        except ValueError:
            return None
        found_text = f"{year:04}"
        if month:
            found_text += f"-{int(month):02}"
        if day:
            found_text += f"-{int(day):02}"
        return found_text
    return None


def read_range(text: str, kind: DateKind) -> DateRange | None:
    """Read ``2010:2024``, ``2010-2024``, ``20100101-20241231``, ``2010`` or ``2010-``.

    Examples
    --------
    >>> read_range("2010 -Current", "published")
    DateRange(kind='published', start='2010', end='')
    >>> read_range("2010", "published").end
    '2010'
    """
    text = text.strip()
    single = read_date(text)
    if single:
        return DateRange(kind, single, single)
    for divider in (":", " - ", " -", "- ", "-", "/"):
        for place in [found.start() for found in re.finditer(re.escape(divider), text)]:
            start, end = read_date(text[:place]), read_date(text[place + len(divider) :])
            if start is not None and end is not None and text[:place].strip():
                return DateRange(kind, start, end)
    return None


def read_prefix(text: str, kind: DateKind) -> DateRange | None:
    """Read a date of Ovid that is truncated: ``2019*``, ``202*``, ``202303*``.

    Examples
    --------
    >>> read_prefix("2019*", "created")
    DateRange(kind='created', start='2019', end='2019')
    >>> read_prefix("202$", "created").end, read_prefix("202303:", "created").start
    ('2029', '2023-03')
    """
    found = re.fullmatch(r"(\d{3,6})[*$:]", text.strip())
    if not found:
        return None
    digits = found[1]
    if len(digits) == 3:
        return DateRange(kind, f"{digits}0", f"{digits}9")
    date = read_date(digits) if len(digits) in (4, 6) else None
    return DateRange(kind, date, date) if date else None


def grain_of(date: DateRange) -> str:
    """Say how finely a range is given: ``"year"``, ``"month"`` or ``"day"``.

    Examples
    --------
    >>> grain_of(DateRange("published", "2010", "2012-03"))
    'month'
    """
    return {0: "year", 4: "year", 7: "month", 10: "day"}[max(len(date.start), len(date.end))]


def last_day(date: str) -> str:
    """Return the last day of a year or month; a day is its own.

    Examples
    --------
    >>> last_day("2024-02"), last_day("2024")
    ('2024-02-29', '2024-12-31')
    """
    if len(date) == 4:
        return f"{date}-12-31"
    if len(date) == 7:
        year, month = map(int, date.split("-"))
        return f"{date}-{calendar.monthrange(year, month)[1]:02}"
    return date


def shift(date: str, days: int) -> str:
    """Move a day.

    Examples
    --------
    >>> shift("2024-12-31", 1)
    '2025-01-01'
    """
    return (datetime.date.fromisoformat(date) + datetime.timedelta(days=days)).isoformat()


def _exact(date: DateRange, grain: str) -> DateRange:
    """Write both ends with the same fineness; years and months become days where needed."""
    size = {"year": 4, "month": 7, "day": 10}[grain]
    start = date.start and (date.start + "-01-01"[: 0 if len(date.start) > 4 else 6])
    start = start + "-01" if len(start) == 7 else start
    return replace(date, start=start[:size], end=date.end and last_day(date.end)[:size])


def fit_date(date: DateRange, platform: Platform) -> tuple[DateRange | None, str]:
    """Return the range as a platform can say it, and what became of it.

    Returns
    -------
    date : DateRange or None
        None where the platform has no such date at all.
    change : str
        ``""``, ``"form"`` (the same days), ``"rounded"`` (outward) or ``"kind"``.

    Examples
    --------
    >>> fit_date(DateRange("published", "2010-03-02", ""), "scopus")
    (DateRange(kind='published', start='2010', end=''), 'rounded')
    """
    grains = SYNTAX[platform].dates
    kinds: tuple[DateKind, ...] = (date.kind,)
    if date.kind != "published":
        kinds = (date.kind, "entered", "created")
    kind = next((name for name in kinds if name in grains), None)
    if kind is None:
        return None, "kind"
    change = "kind" if kind != date.kind else ""
    allowed = grains[kind]
    ends = [end for end in (date.start, date.end) if end]
    sizes = {{4: "year", 7: "month", 10: "day"}[len(end)] for end in ends}
    if sizes <= set(allowed) and (len(sizes) <= 1 or platform == "pubmed"):
        return replace(date, kind=kind), change
    wanted = grain_of(date)
    finer = {"year": ("year", "month", "day"), "month": ("month", "day"), "day": ("day",)}[wanted]
    grain = next((name for name in finer if name in allowed), allowed[-1])
    fitted = _exact(replace(date, kind=kind), grain)
    if not change:
        change = "form" if _exact(date, "day") == _exact(fitted, "day") else "rounded"
    return fitted, change


def format_date(date: DateRange, platform: Platform) -> str:
    """Write a range that fits the platform.

    Examples
    --------
    >>> format_date(DateRange("published", "2010", "2024"), "pubmed")
    '2010:2024[dp]'
    >>> format_date(DateRange("entered", "2024-01-01", ""), "embase")
    '[01-01-2024]/sd'
    >>> format_date(DateRange("published", "2010", ""), "scopus")
    'PUBYEAR > 2009'
    """
    return _WRITERS[platform](date)


def _ends(date: DateRange, sign: str = "") -> tuple[str, str]:
    """Both ends with another divider; an open end as a year out of reach."""
    size = len(date.start) or len(date.end) or 4
    low, high = (
        {4: str(_FIRST), 7: f"{_FIRST}-01", 10: f"{_FIRST}-01-01"}[size],
        {4: str(_LAST), 7: f"{_LAST}-12", 10: f"{_LAST}-12-31"}[size],
    )
    return (date.start or low).replace("-", sign), (date.end or high).replace("-", sign)


def _ovid(date: DateRange) -> str:
    start, end = _ends(date)
    code = {"published": "yr", "created": "dt", "entered": "ed", "revised": "rd", "indexed": "da"}
    return f"{start}:{end}.{code[date.kind]}."


def _pubmed(date: DateRange) -> str:
    start = date.start.replace("-", "/") or str(_FIRST)
    end = date.end.replace("-", "/") or str(_LAST)
    code = {
        "published": "dp",
        "created": "crdt",
        "entered": "edat",
        "revised": "lr",
        "indexed": "mhda",
    }[date.kind]
    return f"{start}[{code}]" if start == end else f"{start}:{end}[{code}]"


def _embase(date: DateRange) -> str:
    if date.kind == "published":
        start, end = _ends(date)
        return f"[{start}-{end}]/py"

    def turned(day: str) -> str:
        return "-".join(reversed(day.split("-")))

    start = turned(date.start or f"{_FIRST}-01-01")
    if not date.end:
        return f"[{start}]/sd"
    return f"([{start}]/sd NOT [{turned(shift(date.end, 1))}]/sd)"


def _ebsco(date: DateRange) -> str:
    start, end = _ends(date)
    code = "EM" if date.kind == "entered" else "PY" if grain_of(date) == "year" else "DT"
    return f"{code} {start}-{end}"


def _proquest(date: DateRange) -> str:
    start, end = _ends(date)
    return f"{'YR' if grain_of(date) == 'year' else 'PD'}({start}-{end})"


def _wos(date: DateRange) -> str:
    if date.kind == "published" and grain_of(date) == "year":
        return "PY=({}-{})".format(*_ends(date))
    return "{}=({}/{})".format("LD" if date.kind == "entered" else "DOP", *_ends(date, "-"))


def _scopus(date: DateRange) -> str:
    parts = []
    if date.kind == "published":
        if date.start and date.start == date.end:
            return f"PUBYEAR = {date.start}"
        if date.start:
            parts.append(f"PUBYEAR > {int(date.start) - 1}")
        if date.end:
            parts.append(f"PUBYEAR < {int(date.end) + 1}")
    else:
        if date.start:
            parts.append(f"ORIG-LOAD-DATE AFT {shift(date.start, -1).replace('-', '')}")
        if date.end:
            parts.append(f"ORIG-LOAD-DATE BEF {shift(date.end, 1).replace('-', '')}")
    return parts[0] if len(parts) == 1 else f"({' AND '.join(parts)})"


def _cochrane(date: DateRange) -> str:
    if date.kind == "published":
        return " with Publication Year from {} to {}".format(*_ends(date))
    low, high = date.start or f"{_FIRST}-01", date.end or f"{_LAST}-12"
    names = [f"{calendar.month_abbr[int(end[5:])]} {end[:4]}" for end in (low, high)]
    return " with Cochrane Library publication date Between {} and {}".format(*names)


_WRITERS = {
    "ovid": _ovid,
    "pubmed": _pubmed,
    "embase": _embase,
    "ebsco": _ebsco,
    "proquest": _proquest,
    "wos": _wos,
    "scopus": _scopus,
    "cochrane": _cochrane,
}
