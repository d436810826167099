"""Records as words: what of a record is read, how it is cut, and when there is nothing to read."""

from __future__ import annotations

import re
from collections.abc import Iterable

from evisynth.records import Record

__all__ = ["document", "joined", "stem", "words_in", "words_of"]

_WORD = re.compile(r"\w\w+")

_SHORT = 4
"""Words of up to this length are not cut."""


def document(record: Record) -> str:
    """Return what is read of a record: its title twice, its abstract and its keywords.

    The title counts twice because it says in a few words what the abstract says in many.

    Examples
    --------
    >>> document(Record(id="1", title="Sleep", abstract="A trial.", keywords=("rest",)))
    'Sleep Sleep A trial. rest'
    """
    title = record.title or record.original_title
    return " ".join(part for part in (title, title, record.abstract, *record.keywords) if part)


def words_in(text: str) -> list[str]:
    """Return the words of two signs and more, in small letters.

    Examples
    --------
    >>> words_in("A trial of IL-6 blockers")
    ['trial', 'of', 'il', 'blockers']
    """
    return _WORD.findall(text.lower())


def stem(word: str) -> str:
    """Return an English noun without the ending of its plural; other words stay as they are.

    Only the plural goes: a stronger cut joins words that differ in what they mean.

    Examples
    --------
    >>> [stem(word) for word in ("studies", "viruses", "trials", "virus", "analysis", "less")]
    ['study', 'virus', 'trial', 'virus', 'analysis', 'less']
    """
    if len(word) <= _SHORT:
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith("es") and word[-3] in "sxz":
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def words_of(text: str) -> list[str]:
    """Return the words of two letters and more, in small letters, plural endings cut.

    Examples
    --------
    >>> words_of("Two Trials: a study of PTSD")
    ['two', 'trial', 'study', 'of', 'ptsd']
    """
    return [stem(word) for word in words_in(text)]


def joined(texts: Iterable[str]) -> str:
    """Join the parts of a question that say something."""
    return " ".join(part.strip() for part in texts if part and part.strip())
