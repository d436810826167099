"""Journals folded to comparable values, and what is known of them."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from evisynth.deduplication.text import fold, words_of

__all__ = [
    "EDITIONS",
    "JOURNAL_LIKE",
    "JOURNAL_OTHER",
    "JOURNAL_SAME",
    "JOURNAL_SHORT",
    "LIVING",
    "MEETING",
    "PREPRINT",
    "SUPPLEMENT",
    "journal_agreement",
    "journal_marks",
    "other_journal_title",
    "prepare_journal",
]

# Marks of a journal or volume, as bits.
MEETING = 1
PREPRINT = 2
SUPPLEMENT = 4
LIVING = 8  # brings out new versions of one work, under one title
EDITIONS = 16  # and each has a year and issue of its own, but keeps the number of the work
_EDITIONS = re.compile(r"\bcochra\w* (?:database|databa|data|db)\b")
_LIVING = re.compile(r"\bcochrane (?:database|db)\b|\byear ?book\b|\bstatistics\b|\bannual report")
_MEETING = re.compile(
    r"\bconf\w*|\bmeeting\b|\babst\w*|\bcongress\b|\bsymposium\b|\bproc(?:eedings)?\b"
)
_NO_MEETING = (
    "dissertation",
    "diss abst",
    "proceedings of the na",
    "proc natl",
    "mayo",
    "proceedings of the roy",
)
_PREPRINT = re.compile(
    r"\b(?:medrxiv|biorxiv|arxiv|psyarxiv|socarxiv|preprints?|research square|ssrn|osf)\b"
)
_JOURNAL_TAIL = re.compile(
    r"\s*(?:\.\s*conference\s*(?::|start|publication).*|\(\d[\dxX\- ]*\)|\([^)]*\)|\[[^\]]*\]|"
    r"\s[:=]\s.*|:\s*(?=(?:an? |the |official|journal|bulletin|publication|proceedings)).*|;.*)$",
    re.IGNORECASE | re.DOTALL,
)
_JOURNAL_SMALL = frozenset(
    [
        "the",
        "of",
        "and",
        "in",
        "for",
        "de",
        "la",
        "le",
        "et",
        "der",
        "die",
        "das",
        "und",
        "fur",
        "des",
        "du",
        "del",
        "di",
        "a",
        "an",
        "y",
        "e",
        "on",
        "to",
    ]
)


def journal_marks(journal: str) -> int:
    """Read the marks of a folded journal title.

    Examples
    --------
    >>> journal_marks("blood conference abstracts") == MEETING
    True
    """
    marks = 0
    if _MEETING.search(journal) and not journal.startswith(_NO_MEETING):
        marks |= MEETING
    if _PREPRINT.search(journal):
        marks |= PREPRINT
    if _LIVING.search(journal):
        marks |= LIVING
    if _EDITIONS.search(journal):
        marks |= EDITIONS | LIVING
    return marks


def prepare_journal(journal: str) -> tuple[str, int]:
    """Fold a journal title to its main words, and read its marks.

    Examples
    --------
    >>> prepare_journal("Stroke; a journal of cerebral circulation")
    ('stroke', 0)
    >>> prepare_journal("The Journal of Sleep & Dreams (Oxford)")
    ('journal sleep dreams', 0)
    """
    marks = journal_marks(fold(journal))
    stripped = _JOURNAL_TAIL.sub("", journal)
    words = words_of(stripped if len(stripped) > 2 else journal)
    kept = [word for word in words if word not in _JOURNAL_SMALL] or words
    return " ".join(kept), marks


_BRACKETED = re.compile(r"\[([^\]]{8,})\]\s*$")


def other_journal_title(journal: str) -> str:
    """Return the title in brackets after a transliterated one, folded; ``""`` if there is none.

    Examples
    --------
    >>> other_journal_title("Xianggang yi xue za zhi [Hong Kong medical journal]")
    'hong kong medical journal'
    """
    hit = _BRACKETED.search(journal)
    return prepare_journal(hit.group(1))[0] if hit else ""


# How two journal titles agree: codes of the level "journal" in evisynth.deduplication.levels.
JOURNAL_SAME, JOURNAL_SHORT, JOURNAL_LIKE, JOURNAL_OTHER = range(4)


def _abbreviates(short: list[str], long: list[str]) -> bool:
    """Whether each word of ``short`` begins (and ends within) the next fitting one of ``long``."""
    place = 0
    for word in short:
        while place < len(long) and not _short_of(word, long[place]):
            place += 1
            if place > 0 and word == short[0] and place > 1:
                return False
        if place >= len(long):
            return False
        place += 1
    return len(long) - len(short) <= max(1, len(long) // 2)


def _short_of(word: str, full: str) -> bool:
    if full.startswith(word):
        return True
    # "natl" of "national", "intl" of "international": same first letter, letters in order
    if word[0] != full[0] or len(word) < 3 or len(word) > len(full):
        return False
    letters = iter(full)
    return all(letter in letters for letter in word) and len(word) <= 5


def _acronym(word: str, words: list[str]) -> bool:
    """Whether ``word`` is made of the first letters of ``words`` (a few more letters allowed)."""
    if not 3 <= len(word) <= 8 or len(words) < 3:
        return False
    place = 0
    used = 0
    for name in words:
        if place < len(word) and name[0] == word[place]:
            place += 1
            used += 1
            inside = 1
            while (
                place < len(word)
                and inside < min(3, len(name))
                and name[inside] == word[place]
                and len(word) - place > len(words) - used
            ):
                place += 1
                inside += 1
    return place == len(word) and used >= 3


@cache
def _second_names() -> dict[str, tuple[str, ...]]:
    """Return the other names of each journal that has several, all folded."""
    text = files("evisynth.deduplication").joinpath("journals.txt").read_text(encoding="utf-8")
    found: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            names = [prepare_journal(name)[0] for name in line.split("|")]
            for name in names:
                found[name] = tuple(other for other in names if other != name)
    return found


def journal_agreement(first: str, second: str) -> int:
    """Compare two folded journal titles.

    Examples
    --------
    >>> journal_agreement("j sleep res", "journal sleep research") == JOURNAL_SHORT
    True
    >>> journal_agreement("brain injury", "brain impairment") == JOURNAL_OTHER
    True
    >>> journal_agreement("arch intern med", "jama internal medicine") == JOURNAL_SHORT
    True
    """
    level = _titles_agree(first, second)
    if level in (JOURNAL_SAME, JOURNAL_SHORT):
        return level
    for name, against in ((first, second), (second, first)):
        for other in _second_names().get(name, ()):
            if _titles_agree(other, against) in (JOURNAL_SAME, JOURNAL_SHORT):
                return JOURNAL_SHORT
    return level


def _titles_agree(first: str, second: str) -> int:
    """Compare two folded journal titles, each as it stands."""
    from rapidfuzz import fuzz

    if first == second:
        return JOURNAL_SAME
    one, two = first.split(), second.split()
    plain_one = [word for word in one if not word.isdigit()] or one
    plain_two = [word for word in two if not word.isdigit()] or two
    if "".join(plain_one) == "".join(plain_two):
        return JOURNAL_SAME
    if _abbreviates(plain_one, plain_two) or _abbreviates(plain_two, plain_one):
        if len(plain_one) == len(plain_two) or min(len(plain_one), len(plain_two)) > 1:
            return JOURNAL_SHORT
        return JOURNAL_LIKE
    shared = min(len(plain_one), len(plain_two))
    if shared >= 3 and all(
        a.startswith(b) or b.startswith(a) for a, b in zip(plain_one, plain_two, strict=False)
    ):
        return JOURNAL_SHORT
    for word in plain_one:
        if _acronym(word, plain_two):
            return JOURNAL_SHORT
    for word in plain_two:
        if _acronym(word, plain_one):
            return JOURNAL_SHORT
    ratio = fuzz.ratio(first, second)
    if ratio >= 90:
        return JOURNAL_SHORT
    several = min(len(plain_one), len(plain_two)) > 1
    if ratio >= 75 or (several and fuzz.token_set_ratio(first, second) >= 95):
        return JOURNAL_LIKE
    return JOURNAL_OTHER
