"""The fields that are compared and the levels of agreement of each: codes and words.

A pair of records is one row of small integers, one column a field. Level 0 of every field means "at
least one of the two has nothing there" and weighs nothing.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = [
    "FIELDS",
    "LEVELS",
    "Abstract",
    "Authors",
    "Doi",
    "Initial",
    "Issue",
    "Journal",
    "Pages",
    "Title",
    "Volume",
    "Year",
    "level_phrases",
    "level_words",
]


class Title(IntEnum):
    """Agreement of the titles."""

    MISSING = 0
    SAME = 1
    SAME_SHORT = 2  # the same, but short
    SPELLING = 3  # slips, hyphens and spellings only
    SUBTITLE = 4  # one lacks the subtitle
    CONTAINED = 5  # one has more words at one end
    OTHER_WORDS = 6
    OTHER_NUMBERS = 7
    LIKE = 8
    UNLIKE = 9
    HEADING = 10  # the same, but a standing heading or only a word or two


class Authors(IntEnum):
    """Agreement of the family names."""

    MISSING = 0
    SAME = 1
    PART = 2  # one list is part of the other, same first author
    LIKE = 3
    FIRST = 4  # the first author only
    OTHER = 5


class Initial(IntEnum):
    """Agreement of the first author's initial, where the family name is the same."""

    MISSING = 0
    SAME = 1
    OTHER = 2


class Year(IntEnum):
    """Agreement of the years."""

    MISSING = 0
    SAME = 1
    NEAR = 2  # one year apart
    FAR = 3
    AHEAD = 4  # one year apart, and one was indexed before it had volume and pages


class Journal(IntEnum):
    """Agreement of the journals."""

    MISSING = 0
    SAME = 1
    SHORT = 2  # one abbreviates the other
    LIKE = 3
    OTHER = 4


class Volume(IntEnum):
    """Agreement of the volumes."""

    MISSING = 0
    SAME = 1
    CROSSED = 2  # one database writes the issue or the year there
    OTHER = 3


class Issue(IntEnum):
    """Agreement of the issues."""

    MISSING = 0
    SAME = 1
    OTHER = 2


class Pages(IntEnum):
    """Agreement of the pages."""

    MISSING = 0
    SAME = 1  # same first page
    NEAR = 2  # they overlap, or what is left of a damaged statement fits
    KINDS = 3  # an electronic number against printed pages
    OTHER = 4


class Doi(IntEnum):
    """Agreement of the DOIs."""

    MISSING = 0
    SAME = 1
    OTHER_REGISTRANT = 2
    OTHER = 3


class Abstract(IntEnum):
    """Agreement of the first 240 letters of the abstracts."""

    MISSING = 0
    SAME = 1
    LIKE = 2
    OTHER = 3


LEVELS: tuple[type[IntEnum], ...] = (
    Title,
    Authors,
    Initial,
    Year,
    Journal,
    Volume,
    Issue,
    Pages,
    Doi,
    Abstract,
)
FIELDS: tuple[str, ...] = tuple(level.__name__.lower() for level in LEVELS)


def level_words(levels: bytes) -> dict[str, str]:
    """Return the agreement of each compared field in words.

    Examples
    --------
    >>> level_words(bytes([1, 2, 0, 1, 0, 0, 0, 0, 0, 0]))["authors"]
    'part'
    """
    return {
        field: kind(code).name.lower().replace("_", " ")
        for field, kind, code in zip(FIELDS, LEVELS, levels, strict=True)
    }


_PHRASES: dict[str, tuple[str, ...]] = {
    "title": ("a title is missing", "same title", "same short title", "title spelled otherwise",
              "one lacks the subtitle", "one title has more words", "other words in the title",
              "other numbers in the title", "titles alike", "unlike titles", "same heading"),
    "authors": ("authors missing", "same authors", "authors of one among the other's",
                "authors alike", "same first author only", "other authors"),
    "initial": ("", "", "other initial"),
    "year": ("a year is missing", "same year", "a year apart", "years apart",
             "a year apart, one without volume and pages"),
    "journal": ("a journal is missing", "same journal", "same journal, shortened",
                "journals alike", "other journal"),
    "volume": ("", "same volume", "volume against issue or year", "other volume"),
    "issue": ("", "same issue", "other issue"),
    "pages": ("", "same first page", "overlapping pages", "electronic against printed page",
              "other pages"),
    "doi": ("", "same DOI", "DOIs of two registrants", "other DOI"),
    "abstract": ("", "same abstract", "abstracts alike", "other abstract"),
}  # fmt: skip
_PLACE = ("volume", "issue", "pages")


def level_phrases(levels: bytes) -> str:
    """Return for a person what agrees, what differs and what is missing.

    Examples
    --------
    >>> level_phrases(bytes([1, 1, 1, 4, 0, 0, 0, 0, 0, 0]))
    'same title, same authors, a year apart, one without volume and pages, a journal is missing,\
 no volume, issue or page to compare'
    """
    codes = dict(zip(FIELDS, levels, strict=True))
    said = [phrase for field, code in codes.items() if (phrase := _PHRASES[field][code])]
    if not any(codes[field] for field in _PLACE):
        said.append("no volume, issue or page to compare")
    return ", ".join(said)
