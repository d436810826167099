"""Records as words: what of a record is read, how it is cut, and when there is nothing to read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from evisynth.records import Record

__all__ = ["document", "joined", "stem", "words_in", "words_of"]

_WORD = re.compile(r"\w\w+")

_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+"
)
"""Runs of Thai, Lao, Burmese, Khmer, Japanese and Chinese: written without spaces."""

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

    Scripts without spaces between words are cut into neighbouring pairs of signs, which is what
    searching them does.

    Examples
    --------
    >>> words_in("A trial of IL-6 blockers")
    ['trial', 'of', 'il', 'blockers']
    >>> words_in("ADHD 睡眠研究")
    ['adhd', '睡眠', '眠研', '研究']
    """
    if text.isascii():
        return _WORD.findall(text.lower())
    # one form for letters written in several ways: accents apart, ligatures, full width
    folded = unicodedata.normalize("NFKC", text).lower()
    if not _UNSPACED.search(folded):
        return _WORD.findall(folded)
    return [part for word in _WORD.findall(folded) for part in _cut(word)]


def _cut(word: str) -> Iterator[str]:
    """Yield a word, its runs of unspaced script in pairs of signs."""
    end = 0
    for run in _UNSPACED.finditer(word):
        if run.start() - end > 1:
            yield word[end : run.start()]
        signs = run.group()
        yield from (signs[place : place + 2] for place in range(max(len(signs) - 1, 1)))
        end = run.end()
    if len(word) - end > 1:
        yield word[end:]


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
