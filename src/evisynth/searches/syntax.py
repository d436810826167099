"""What the syntax of a platform consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from evisynth.searches.tree import DateKind

__all__ = [
    "ABSTRACT",
    "ACCESSION",
    "AFFILIATION",
    "ANY_FIELD",
    "AUTHOR",
    "HEADING_WORDS",
    "ISSN",
    "JOURNAL",
    "KEYWORDS",
    "KEYWORDS_PLUS",
    "KEY_CONCEPTS",
    "LANGUAGE",
    "MULTI_PURPOSE",
    "ORIGINAL_TITLE",
    "PLATFORMS",
    "PUBLICATION_TYPE",
    "SUBHEADING",
    "SUBSTANCE",
    "TEXT_WORD_PUBMED",
    "TITLE",
    "VALUED",
    "Grain",
    "Platform",
    "Syntax",
    "Tag",
    "date_tags",
    "field_tags",
]

Platform = Literal["ovid", "pubmed", "embase", "ebsco", "proquest", "wos", "scopus", "cochrane"]
PLATFORMS: tuple[Platform, ...] = get_args(Platform)
Grain = Literal["year", "month", "day"]

TITLE = "title"
ABSTRACT = "abstract"
KEYWORDS = "author keywords"
HEADING_WORDS = "heading words"
KEYWORDS_PLUS = "keywords plus"
ANY_FIELD = "any field"
MULTI_PURPOSE = "multi-purpose"
PUBLICATION_TYPE = "publication type"
LANGUAGE = "language"
AUTHOR = "author"
JOURNAL = "journal"
AFFILIATION = "affiliation"
SUBSTANCE = "substance"
ACCESSION = "accession number"
TEXT_WORD_PUBMED = "text word and headings"
SUBHEADING = "floating subheading"
ORIGINAL_TITLE = "original title"
KEY_CONCEPTS = "key concepts"
ISSN = "issn"
VALUED = frozenset({AUTHOR, JOURNAL, PUBLICATION_TYPE, LANGUAGE, AFFILIATION})
"""Fields that hold names: words side by side in them are one name."""


@dataclass(frozen=True, slots=True)
class Tag:
    """What a field code means.

    Attributes
    ----------
    fields : frozenset of str
        Fields searched; empty for headings and dates.
    heading : tuple of (bool, bool) or None
        Exploded and major, where the code is for headings.
    date : DateKind or None
        Where the code is for dates.
    near : int
        Words between, where the code holds a proximity (PubMed); -1 otherwise.
    often : int
        How often the word has to stand there (``/freq=`` of Ovid); 0 where that is not said.
    """

    fields: frozenset[str] = frozenset()
    heading: tuple[bool, bool] | None = None
    date: DateKind | None = None
    near: int = -1
    often: int = 0


@dataclass(frozen=True, slots=True)
class Syntax:
    """The syntax of a platform.

    Attributes
    ----------
    platform, title : str
        Key and the name shown.
    levels : tuple of tuple of str
        Operators that bind alike, the weakest first; within a level from left to right.
    offset : int
        Number written less the words between: ``adj3`` allows two words between, so 1.
    near, next : str
        Proximity in either order and in order, ``{n}`` for the number; ``""`` if there is none.
    next_adjacent : str
        In order with no word between, where `next` cannot say it.
    near_default : int
        Words between where no number is given; -1 where a number is needed.
    wildcards : Mapping of str to str
        Kind of wildcard to its sign.
    limited : bool
        Truncation may be limited to a number of letters.
    quote : str
        Sign around a phrase.
    implicit : str
        What words side by side are: ``"phrase"``, ``"and"`` or ``"mapping"``.
    untagged : frozenset of str
        Fields searched where no field is named.
    tags : Mapping of str to Tag
        Field codes in lower case.
    printed : str
        Codes for printing, as written; those that cover more fields first.
    headings : bool
        Whether headings can be searched.
    major : bool
        Whether headings can be restricted to main topics.
    dates : Mapping of DateKind to tuple of str
        Kinds of dates and how finely each can be given.
    reference : str
        How a line is referred to.
    notes : tuple of str
        What the platform does by itself, told with each translation to it.
    """

    platform: Platform
    title: str
    levels: tuple[tuple[str, ...], ...]
    offset: int
    near: str
    wildcards: Mapping[str, str]
    tags: Mapping[str, Tag]
    printed: str
    implicit: Literal["phrase", "and", "mapping"]
    untagged: frozenset[str]
    dates: Mapping[DateKind, tuple[Grain, ...]]
    next: str = ""
    next_adjacent: str = ""
    near_default: int = -1
    limited: bool = False
    quote: str = '"'
    headings: bool = True
    major: bool = True
    reference: str = "#{n}"
    lower: bool = False
    notes: tuple[str, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes for printing."""
        return tuple(self.printed.split())


def field_tags(table: str) -> dict[str, Tag]:
    """Read ``code code = field + field`` lines."""
    found: dict[str, Tag] = {}
    for row in table.strip().splitlines():
        codes, _, names = row.partition("=")
        tag = Tag(frozenset(name.strip() for name in names.split("+")))
        found.update({code.strip(): tag for code in codes.split(";")})
    return found


def date_tags(**codes: str) -> dict[str, Tag]:
    """Codes of date fields by kind."""
    return {
        code.strip(): Tag(date=kind)  # type: ignore[arg-type]
        for kind, names in codes.items()
        for code in names.split(";")
    }
