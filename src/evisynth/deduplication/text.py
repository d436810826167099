"""Titles and names folded to what two databases would both write."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from functools import lru_cache

from evisynth.deduplication.marks import ERRATUM, is_notice, part_of, title_marks

__all__ = [
    "Title",
    "fold",
    "numbered_apart",
    "prepare_title",
    "title_difference",
    "words_of",
]

_TAGS = re.compile(r"</?[a-z][^<>]{0,40}>", re.IGNORECASE)
_NOT_WORD = re.compile(r"[\W_]+")
_GREEK = {
    "α": " alpha ", "β": " beta ", "γ": " gamma ", "δ": " delta ", "ε": " epsilon ",
    "κ": " kappa ", "λ": " lambda ", "μ": " mu ", "µ": " mu ", "π": " pi ", "σ": " sigma ",
    "τ": " tau ", "χ": " chi ", "ω": " omega ", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o",
    "đ": "d", "ł": "l", "ı": "i",
    "'": "", "’": "", "‘": "", "`": "", "´": "", "ʼ": "", "′": "",
}  # fmt: skip
_GREEK_TABLE = str.maketrans(_GREEK)
_APOSTROPHE = str.maketrans({"'": None, "`": None})

# "[Chinese]", "[Review] [32 refs]", "(Review)" and the like at the end say nothing of the work.
_TRAILER = re.compile(
    r"\s*[\[(](?:in )?(?:chinese|german|french|spanish|russian|japanese|italian|portuguese|polish|"
    r"turkish|korean|dutch|danish|swedish|norwegian|czech|hungarian|hebrew|persian|arabic|greek|"
    r"croatian|serbian|romanian|ukrainian|english|review|reviews|article|abstract only|"
    r"summary for patients in[^\])]*|see comments?|\d+ refs?|erratum appears in[^\]]*|"
    r"structured abstract|provisional abstract|brief record|abstract|corrected|"
    r"comment in[^\]]*|published erratum[^\]]*|republished[^\]]*)\.?[\])]\.?\s*$|"
    r"\s*\((?:structured|provisional) ?a?b?s?t?r?a?c?t?$",  # cut off at a length
    re.IGNORECASE,
)
_REMARK = re.compile(
    r"\.{0,3}\s*\[\s*(?:(?:published )?errat(?:um|a)\s+(?:appears?|in)\b|corrected|comment|"
    r"see comment|republish|updated).*$"
    r"|\s*[:.]\s*original article\.?$",
    re.IGNORECASE | re.DOTALL,
)
_LABEL = re.compile(
    r"^(?:[\w-]+ ){0,4}(?:papers?|note|article|review|competition|report|communication|essay)"
    r"\s*(?::|\s[-–—])\s+(?=\S{2})",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(r"[<>]\s?(?:or)?\s?=")
_RETRACTED = re.compile(
    r"^\W*(?:retracted(?: article| paper)?|withdrawn(?: article)?|removed)\s*[:.\-–—]\s*", re.I
)
_ROMAN = {
    "ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9",
}  # fmt: skip
_BRACKETED = re.compile(r"^\s*\[(.*)\][\s.]*$", re.DOTALL)
_BILINGUAL = re.compile(r"^(.{12,}?)\s*[\[=]\s*([^\[\]=]{12,}?)\s*\]?[\s.]*$", re.DOTALL)
_MAIN_END = re.compile(r"\s*(?::\s|\s[-–—]{1,2}\s|[?!]\s|\.\s(?=[A-Z]))")


def fold(text: str) -> str:
    """Fold case, accents, Greek letters and apostrophes; keep other scripts.

    Examples
    --------
    >>> fold("Ménière’s β-blocker")
    'menieres  beta -blocker'
    """
    if text.isascii():
        return text.translate(_APOSTROPHE).lower()
    decomposed = unicodedata.normalize("NFKD", text.lower())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return bare.translate(_GREEK_TABLE)


def words_of(text: str) -> list[str]:
    """Return the folded words of a text.

    Examples
    --------
    >>> words_of("Yoga & sleep: a trial.")
    ['yoga', 'and', 'sleep', 'a', 'trial']
    """
    if "&" in text:
        text = html.unescape(text).replace("&", " and ")
    return _NOT_WORD.sub(" ", fold(text)).split()


class Title:
    """A title, prepared.

    Attributes
    ----------
    words : list of str
        Folded words.
    main : str
        Words before the first colon, dash or full stop, without blanks.
    other : str
        Words of the second title of a bilingual one, joined by blanks; ``""`` if there is one only.
    marks : int
        Bits: erratum, reply, retraction notice, addendum, protocol, update, standing heading,
        renewed under one title.
    part : int
        Number of the part that it names; 0 if none.
    """

    __slots__ = ("main", "marks", "other", "part", "words")

    def __init__(self, words: list[str], main: str, other: str, marks: int, part: int) -> None:
        self.words = words
        self.main = main
        self.other = other
        self.marks = marks
        self.part = part


def prepare_title(title: str) -> Title:
    """Fold a title and read the marks in it.

    Examples
    --------
    >>> title = prepare_title("Erratum: Walking after stroke: Part II [Chinese].")
    >>> " ".join(title.words), title.marks == ERRATUM, title.part
    ('erratum walking after stroke part 2', True, 2)
    """
    if "<" in title or ">" in title:
        title = _AT_LEAST.sub(" ", _TAGS.sub("", title))
    if "{" in title:  # braces of BibTeX
        title = title.replace("{", "").replace("}", "")
    other = ""
    if "[" in title or "(" in title or "=" in title:
        title = _REMARK.sub("", title) or title
        while (cut := _TRAILER.sub("", title)) != title:
            title = cut
        bracketed = _BRACKETED.match(title)
        if bracketed:
            title = bracketed.group(1)
        elif "[" in title or " = " in title:
            two = _BILINGUAL.match(title)
            if two:
                title, other = two.groups()
    title, other = _unlabelled(_RETRACTED.sub("", title)), _unlabelled(other)
    words = [_ROMAN.get(word, word) for word in words_of(title)]
    cut_at = _MAIN_END.search(title, 3)
    main = "".join(words_of(title[: cut_at.start()])) if cut_at else "".join(words)
    lower = title.lower()
    marks, part = title_marks(title, lower), part_of(title, lower, words)
    if other:
        words_other = [_ROMAN.get(word, word) for word in words_of(other)]
        lower = other.lower()
        marks |= title_marks(other, lower)
        if not marks & ERRATUM:  # there it is where the paper stands: "[J Sleep 3 (2010) 1-9]"
            part = part or part_of(other, lower, words_other)
        other = " ".join(words_other)
    return Title(words, main, other, marks, part)


def _unlabelled(title: str) -> str:
    """Drop a label such as "Original article:"; keep one that makes it another report."""
    label = _LABEL.match(title) if ":" in title or " - " in title else None
    if label is None or len(title) - label.end() <= _LABELLED or is_notice(title):
        return title
    return title[label.end() :]


# How two titles that are nearly alike differ.
SAME_WORDS, SPELLING, CONTAINED, OTHER_WORDS, OTHER_NUMBERS = range(5)
_FEW_WORDS = 2
_LABELLED = 20  # letters that a title must keep when its label is dropped
_NEGATIONS = frozenset({"a", "an", "un", "in", "im", "ir", "non", "dis", "anti", "sub", "de"})
# "p16ink4a": a name whose second part names the same thing again
_TWICE_NAMED = re.compile(r"^([a-z]+)(\d+)([a-z]{3,}\d+[a-z]*)$")
_LIGHT = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "in",
        "on",
        "for",
        "and",
        "to",
        "with",
        "by",
        "at",
        "from",
        "as",
        "or",
        "its",
        "is",
        "are",
        "after",
    ]
)
_OPPOSITES = (
    frozenset({"hypo", "hyper"}),
    frozenset({"pre", "post"}),
    frozenset({"intra", "inter"}),
    frozenset({"men", "women"}),
    frozenset({"male", "female"}),
    frozenset({"males", "females"}),
    frozenset({"mothers", "fathers"}),
)


@lru_cache(maxsize=65_536)
def _spelling(first: str, second: str) -> bool:
    """Whether two words are one, spelled or typed otherwise."""
    from rapidfuzz.distance import OSA, Prefix

    longer = max(len(first), len(second))
    if longer < 4 or abs(len(first) - len(second)) > 3:
        return False
    if first[:4].isdigit() or second[:4].isdigit():
        return False
    for pair in _OPPOSITES:
        one, two = tuple(pair)
        if (first.startswith(one) and second.startswith(two)) or (
            first.startswith(two) and second.startswith(one)
        ):
            return False
    short, long_ = sorted((first, second), key=len)
    if long_.endswith(short) and long_[: -len(short)] in _NEGATIONS:
        return False  # "typical", "atypical"
    stem = Prefix.similarity(first, second)
    if stem >= 6 and 2 * stem >= longer:  # "developing", "development"
        return True
    allowed = 1 if longer < 6 else 2 if longer < 12 else 3
    return OSA.distance(first, second) <= allowed


def title_difference(first: str, second: str) -> int:
    """Say how two prepared titles (words joined by blanks) differ.

    Returns
    -------
    int
        ``SAME_WORDS`` (0), ``SPELLING`` (1: slips and spellings only), ``CONTAINED`` (2: one has
        words more, at its ends or few), ``OTHER_WORDS`` (3) or ``OTHER_NUMBERS`` (4).

    Examples
    --------
    >>> title_difference("tumour growth in mice", "tumor growth in mice")
    1
    >>> title_difference("tumor growth in mice", "tumor growth in women")
    3
    >>> title_difference("annual report 2019 of the register", "annual report 2020 of the register")
    4
    """
    from rapidfuzz.distance import Indel

    if first.replace(" ", "") == second.replace(" ", ""):
        return SAME_WORDS
    one, two = first.split(), second.split()
    digits_one = "".join(letter for letter in first if letter.isdigit())
    digits_two = "".join(letter for letter in second if letter.isdigit())
    only_one: list[str] = []
    only_two: list[str] = []
    edits = [block for block in Indel.opcodes(one, two) if block.tag != "equal"]
    worst = SAME_WORDS
    at_end = True
    k = 0
    while k < len(edits):
        block = edits[k]
        left = one[block.src_start : block.src_end]
        right = two[block.dest_start : block.dest_end]
        if (
            k + 1 < len(edits)
            and edits[k + 1].src_start == block.src_end
            and edits[k + 1].dest_start == block.dest_end
        ):
            k += 1
            left = left + one[edits[k].src_start : edits[k].src_end]
            right = right + two[edits[k].dest_start : edits[k].dest_end]
        k += 1
        if not _same_text(left, right):
            only_one += left
            only_two += right
            if left and right:
                worst = OTHER_WORDS
            last = block.src_end >= len(one) or block.dest_end >= len(two)
            start = block.src_start == 0 or block.dest_start == 0
            at_end = at_end and (last or start)
        else:
            worst = max(worst, SPELLING)
    heavy_one = [word for word in only_one if word not in _LIGHT]
    heavy_two = [word for word in only_two if word not in _LIGHT]
    if not heavy_one and not heavy_two:
        return SPELLING
    if digits_one != digits_two and digits_one and digits_two:
        shorter, longer = sorted((digits_one, digits_two), key=len)
        if not (worst != OTHER_WORDS and longer.startswith(shorter)):
            return OTHER_NUMBERS
    if heavy_one and heavy_two:
        return OTHER_WORDS
    return CONTAINED if at_end or len(heavy_one) + len(heavy_two) <= _FEW_WORDS else OTHER_WORDS


def numbered_apart(first: str, second: str) -> bool:
    """Whether two prepared titles differ by a number or by the word "part".

    Examples
    --------
    >>> numbered_apart("walking after stroke", "walking after stroke part 2")
    True
    >>> numbered_apart("walking after stroke", "walking after stroke a trial")
    False
    """
    odd = Counter(first.split())
    odd.subtract(second.split())
    return any(count and (word.isdigit() or word == "part") for word, count in odd.items())


def _one_name(first: str, second: str) -> bool:
    """Whether two names that name a thing twice are one, with a digit lost from one of them.

    "p16(INK4a)" and "p6INK4a": the second part says which protein it is. "CYP2C9" and "CYP2C19"
    say so only once.
    """
    one, two = _TWICE_NAMED.match(first), _TWICE_NAMED.match(second)
    if one is None or two is None or one.group(1, 3) != two.group(1, 3):
        return False
    from rapidfuzz.distance import Indel

    return Indel.distance(one.group(2), two.group(2)) == 1


def _same_text(left: list[str], right: list[str]) -> bool:
    """Whether two runs of words are the same text, spelled or divided otherwise."""
    left = [word for word in left if word not in _LIGHT] or left
    right = [word for word in right if word not in _LIGHT] or right
    one, two = "".join(left), "".join(right)
    if one == two:
        return True
    if not one or not two:
        return (one or two) in _LIGHT
    digits_one = [letter for letter in one if letter.isdigit()]
    if digits_one != [letter for letter in two if letter.isdigit()]:
        return _one_name(one, two)
    if len(left) == len(right):
        return all(a == b or _spelling(a, b) for a, b in zip(left, right, strict=True))
    return _spelling(one, two)
