"""Searching for words in records: what counts as a word, and how each database finds it.

Both databases search in the same words, made here: letters and digits, in small letters, without
accents. Signs of Chinese, Japanese and Korean are a word each, so that what stands within a line of
them is found too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from evisynth.storage import models

__all__ = ["TABLE", "matching", "plain_words", "search_terms"]

TABLE = "evisynth_record_words"
"""SQLite's table of words; PostgreSQL has an index instead."""

LONGEST = 60
"""Signs of a word that count."""

VECTOR = "array_to_tsvector(string_to_array(search, ' '))"
"""What PostgreSQL's index is of; the migration writes the same."""

_EACH = re.compile("([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ffff])")
_ODD = re.compile(r"[^\x00-\x7f]+")
_BETWEEN = re.compile(r"[\W_]+")
_TERM = re.compile(r'"([^"]*)"?|(\S+)')


def plain_words(text: str) -> str:
    """Return the words of a text with one space between them.

    Examples
    --------
    >>> plain_words("Café-based COPING; 10.1000/xyz_7")
    'cafe based coping 10 1000 xyz 7'
    """
    bare = _ODD.sub(_bare, text.casefold())
    return " ".join(word[:LONGEST] for word in _BETWEEN.sub(" ", bare).split())


def _bare(found: re.Match[str]) -> str:
    """Return signs beyond ASCII without marks; most of a text needs none of this."""
    apart = unicodedata.normalize("NFKD", found[0]).casefold()
    kept = "".join(sign for sign in apart if unicodedata.category(sign) != "Mn")
    return _EACH.sub(r" \1 ", kept)


def search_terms(text: str) -> tuple[str, ...]:
    r"""Return what a person searches for, each term in plain words.

    A word finds all that begin so (its term ends with ``*``); words in quotes are found one after
    the other as they stand, the last one as a beginning where it ends with ``*``.

    Examples
    --------
    >>> search_terms('insom "Breast cancer" "digital ther*" 10.1000/x')
    ('insom*', 'breast cancer', 'digital ther*', '10 1000 x*')
    """
    found: dict[str, None] = {}
    for quoted, word in _TERM.findall(text):
        given = quoted or word
        words = plain_words(given)
        if words:
            begins = not quoted or quoted.rstrip().endswith("*")
            found[f"{words}*" if begins else words] = None
    return tuple(found)


def matching(rows: QuerySet[models.Record], terms: Sequence[str]) -> QuerySet[models.Record]:
    """Return the rows that hold all of some terms of `search_terms`."""
    from django.db import connections
    from django.db.models.expressions import RawSQL

    if not terms:
        return rows
    alias = rows.db
    if connections[alias].vendor == "postgresql":
        tests, given = [f"{VECTOR} @@ %s::tsquery"], [" & ".join(map(_tsquery, terms))]
        # the index knows which words there are, not where they stand
        tests += [_PLACED for term in terms if " " in term]
        given += [_pattern(term) for term in terms if " " in term]
        statement = f"SELECT id FROM evisynth_record WHERE {' AND '.join(tests)}"  # noqa: S608
    elif _has_table(alias):
        statement = f"SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s"  # noqa: S608
        given = [" AND ".join(map(_phrase, terms))]
    else:
        tests = [_PLACED for _ in terms]
        statement = f"SELECT id FROM evisynth_record WHERE {' AND '.join(tests)}"  # noqa: S608
        given = [_pattern(term) for term in terms]
    return rows.filter(pk__in=RawSQL(statement, given))  # noqa: S611 - our words, given apart


_PLACED = "(' ' || search || ' ') LIKE %s"


def _phrase(term: str) -> str:
    return f'"{term[:-1]}"*' if term.endswith("*") else f'"{term}"'


def _tsquery(term: str) -> str:
    parts = " & ".join(f"'{part}'" for part in term.removesuffix("*").split())
    return f"{parts}:*" if term.endswith("*") else parts


def _pattern(term: str) -> str:
    """Return a term as a pattern; words have no signs that mean something in one."""
    return f"% {term[:-1]}%" if term.endswith("*") else f"% {term} %"


@cache
def _has_table(alias: str) -> bool:
    """Tell whether this SQLite can search for words (it was made with FTS5)."""
    from django.db import connections

    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT 1 FROM sqlite_master WHERE name = %s", [TABLE])
        return cursor.fetchone() is not None
