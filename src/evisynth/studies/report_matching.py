"""Which report a file is: by DOI in its name or text, else by the title on its first page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

__all__ = ["KnownReport", "ReportMatch", "match_report"]

MatchedBy = Literal["", "DOI in the file's name", "DOI in the text", "title"]

SURE = 98.0
"""Part of a title that must stand on the first page, in per cent, to be taken for it."""

WHOLE = 100.0
LIKELY = 75.0
"""The same, to be offered for choice."""

SHORTEST = 25
"""Letters and digits below which a title stands on too many pages."""

OFFERED = 5
PAGE = 8000
"""Letters of the first page that are searched for a title."""

_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>|]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class KnownReport:
    """A report that a file may be: id, title, DOI without address, year."""

    id: str
    title: str
    doi: str = ""
    year: int | None = None


@dataclass(frozen=True, slots=True)
class ReportMatch:
    """What a file was taken for.

    Attributes
    ----------
    record : str
        The report; ``""`` where a person has to choose.
    by : str
        What said so.
    candidates : tuple of str
        Reports that it may be, the likeliest first.
    """

    record: str = ""
    by: MatchedBy = ""
    candidates: tuple[str, ...] = ()


def _plain(text: str) -> str:
    """Return letters and digits only, without marks, in small letters."""
    parts = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in parts if letter.isalnum())


def _doi_of(text: str) -> str:
    found = text.strip().casefold()
    return re.sub(r"^(?:https?://(?:dx\.)?doi\.org/|doi:\s*)", "", found)


def _named(name: str, doi: str) -> bool:
    """Tell whether a file's name holds a DOI, with any signs for those that names cannot have."""
    parts = re.split(r"[^0-9a-z]+", doi)
    if len(doi) < 7 or len(parts) < 3:
        return False
    joined = r"[\W_]+".join(re.escape(part) for part in parts if part)
    return re.search(rf"(?<![0-9a-z.]){joined}(?![0-9])(?!\.\d)", name) is not None


def _dois_in(text: str) -> list[str]:
    found = []
    for made in _DOI.findall(text):
        doi = made.casefold().rstrip(".,;:)]}'’”")
        found.append(doi)
    return found


def _is_doi(doi: str, found: Iterable[str]) -> bool:
    """Tell whether a DOI is among those found, also with words set close behind it."""
    return any(
        made == doi or (made.startswith(doi) and re.match(r"[^0-9a-z]|[a-z]{3}", made[len(doi) :]))
        for made in found
    )


def _scores(page: str, reports: Sequence[KnownReport]) -> dict[str, float]:
    """Return how much of each title stands on a page, in per cent."""
    from rapidfuzz import fuzz

    text = _plain(page[:PAGE])
    found: dict[str, float] = {}
    for made in reports:
        title = _plain(made.title)
        if len(title) < SHORTEST or len(text) < len(title):
            continue
        score = WHOLE if title in text else fuzz.partial_ratio(title, text, score_cutoff=LIKELY)
        if score:
            found[made.id] = float(score)
    return found


def match_report(name: str, pages: Sequence[str], reports: Sequence[KnownReport]) -> ReportMatch:
    r"""Say which report a file is, or that a person has to choose.

    A DOI in the file's name or on its first page decides unless another report speaks against it;
    a title decides when it stands on the first page and no other report's does.

    Parameters
    ----------
    name
        Name of the file.
    pages
        Text of the first pages.
    reports
        Reports that it may be.

    Returns
    -------
    ReportMatch

    Examples
    --------
    >>> reports = [KnownReport("12", "Walking for sleep in older adults", "10.1000/abc.12")]
    >>> match_report("10.1000_abc.12.pdf", [], reports).by
    "DOI in the file's name"
    >>> match_report("scan.pdf", ["WALKING FOR SLEEP\nIN OLDER ADULTS\nA. Kim"], reports).record
    '12'
    >>> match_report("scan.pdf", ["Another text"], reports)
    ReportMatch(record='', by='', candidates=())
    """
    page = pages[0] if pages else ""
    label = unquote(name).casefold().removesuffix(".pdf")
    dois = {made.id: _doi_of(made.doi) for made in reports if made.doi}
    by_name = [ident for ident, doi in dois.items() if _named(label, doi)]
    there = _dois_in(page) or [doi for each in pages[1:2] for doi in _dois_in(each)]
    by_text = [ident for ident, doi in dois.items() if _is_doi(doi, there)]
    scores = _scores(page, reports)
    exact = [ident for ident, score in scores.items() if score == WHOLE]
    by_title = exact or [ident for ident, score in scores.items() if score >= SURE]
    likely = sorted(scores, key=lambda ident: -scores[ident])
    every = tuple(dict.fromkeys([*by_name, *by_text, *likely]))[:OFFERED]
    words: tuple[tuple[list[str], MatchedBy], ...] = (
        (by_name, "DOI in the file's name"),
        (by_text, "DOI in the text"),
        (by_title, "title"),
    )
    for found, by in words:
        if not found:
            continue
        sure = found if len(found) == 1 else [made for made in found if made in by_title]
        if len(sure) == 1 and all(sure[0] in each for each in (by_name, by_title) if each):
            return ReportMatch(sure[0], by, every)
        return ReportMatch("", "", every)
    return ReportMatch("", "", every)
