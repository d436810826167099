"""What stands nearest to a field that a platform does not have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from evisynth.searches.platforms import SYNTAX, tags_for
from evisynth.searches.syntax import (
    ABSTRACT,
    ANY_FIELD,
    HEADING_WORDS,
    ISSN,
    KEY_CONCEPTS,
    KEYWORDS,
    KEYWORDS_PLUS,
    MULTI_PURPOSE,
    ORIGINAL_TITLE,
    SUBSTANCE,
    TEXT_WORD_PUBMED,
    TITLE,
    Platform,
)

__all__ = ["FALLBACKS", "Effect", "sayable"]

Effect: TypeAlias = Literal["none", "broader", "narrower", "different", "removed"]
"""What a translation did to the records found: ``"none"`` is another form of the same."""

_TOPICS: tuple[tuple[frozenset[str], Effect], ...] = (
    (frozenset({TITLE, ABSTRACT, KEYWORDS, KEYWORDS_PLUS}), "different"),
    (frozenset({TITLE, ABSTRACT, KEYWORDS, HEADING_WORDS}), "different"),
    (frozenset({TITLE, ABSTRACT, KEYWORDS}), "narrower"),
    (frozenset({TITLE, ABSTRACT, HEADING_WORDS}), "narrower"),
    (frozenset({TITLE, ABSTRACT}), "narrower"),
)

FALLBACKS: Mapping[str, tuple[tuple[frozenset[str], Effect], ...]] = {
    "text word": ((frozenset({TITLE, ABSTRACT}), "different"),),
    TEXT_WORD_PUBMED: ((frozenset({MULTI_PURPOSE}), "different"), *_TOPICS),
    MULTI_PURPOSE: ((frozenset({TEXT_WORD_PUBMED}), "different"), *_TOPICS),
    ANY_FIELD: _TOPICS,
    "full text": ((frozenset({ANY_FIELD}), "narrower"),),
    KEYWORDS: (
        (frozenset({KEYWORDS, HEADING_WORDS}), "broader"),
        (frozenset({"keyword headings"}), "different"),
        (frozenset({KEY_CONCEPTS}), "different"),
    ),
    HEADING_WORDS: (
        (frozenset({KEYWORDS, HEADING_WORDS}), "broader"),
        (frozenset({KEYWORDS_PLUS}), "different"),
        (frozenset({TEXT_WORD_PUBMED}), "broader"),
        (frozenset({MULTI_PURPOSE}), "broader"),
    ),
    "keyword headings": (
        (frozenset({KEYWORDS}), "different"),
        (frozenset({KEYWORDS, HEADING_WORDS}), "broader"),
    ),
    KEY_CONCEPTS: (
        (frozenset({KEYWORDS}), "different"),
        (frozenset({KEYWORDS, HEADING_WORDS}), "different"),
    ),
    ORIGINAL_TITLE: ((frozenset({TITLE}), "different"),),
    SUBSTANCE: ((frozenset({HEADING_WORDS}), "different"), (frozenset({ANY_FIELD}), "broader")),
    "trade name": ((frozenset({ANY_FIELD}), "broader"),),
    "device trade name": ((frozenset({ANY_FIELD}), "broader"),),
    "registry number": ((frozenset({ANY_FIELD}), "broader"),),
    "affiliation": ((frozenset({ANY_FIELD}), "broader"),),
    "corporate author": ((frozenset({"author"}), "different"),),
    "pharmacological action": (
        (frozenset({HEADING_WORDS}), "different"),
        (frozenset({ANY_FIELD}), "broader"),
    ),
    ISSN: ((frozenset({ANY_FIELD}), "broader"),),
    "first author": ((frozenset({"author"}), "broader"),),
    "last author": ((frozenset({"author"}), "broader"),),
    "registry of the record": ((frozenset({ANY_FIELD}), "broader"),),
    "country of affiliation": ((frozenset({"affiliation"}), "broader"),),
    "candidate terms": ((frozenset({KEYWORDS}), "different"),),
    "doi": ((frozenset({ANY_FIELD}), "broader"),),
    "accession number": ((frozenset({ANY_FIELD}), "broader"),),
}


def sayable(fields: frozenset[str] | tuple[str, ...], platform: Platform) -> bool:
    """Whether a platform can search exactly these fields.

    Examples
    --------
    >>> sayable(("author keywords",), "cochrane"), sayable(("title",), "cochrane")
    (False, True)
    """
    if platform not in ("wos", "scopus") and frozenset(fields) == SYNTAX[platform].untagged:
        return True
    return tags_for(tuple(sorted(fields)), platform) is not None
