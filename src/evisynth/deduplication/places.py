"""Names, journals, volumes and pages folded to comparable values."""

from __future__ import annotations

import re
from functools import lru_cache

from evisynth.deduplication.text import fold, words_of

__all__ = [
    "ELECTRONIC",
    "LIVING",
    "MEETING",
    "NO_PAGE",
    "ORDINARY",
    "PREPRINT",
    "SUPPLEMENT",
    "Authors",
    "Pages",
    "by_group",
    "journal_agreement",
    "journal_marks",
    "other_journal_title",
    "prepare_authors",
    "prepare_journal",
    "prepare_pages",
    "prepare_volume",
    "same_people",
]

_NOT_LETTER = re.compile(r"[\W\d_]+")
_NOBLE = frozenset(
    [
        "van",
        "von",
        "der",
        "den",
        "de",
        "la",
        "le",
        "du",
        "dos",
        "da",
        "di",
        "del",
        "della",
        "el",
        "al",
        "bin",
        "ibn",
        "ten",
        "ter",
        "st",
        "jr",
        "sr",
        "iii",
        "ii",
    ]
)
_INITIALS = re.compile(r"^(?:[^\W\d_]\.?[\s\-]*){1,5}$")
_OTHERS = re.compile(r"^\W*(?:et\.? ?al\.?|and others|others|anon(?:ymous)?)\W*$", re.IGNORECASE)


class Authors:
    """The authors of a record, prepared.

    Attributes
    ----------
    names : str
        Family names in order, folded, joined by blanks.
    first : str
        Last word of the first family name.
    initial : str
        First initial of the first author; ``""`` if unknown.
    second : str
        Last word of the second family name; ``""`` if there is none.
    count : int
        Authors named.
    people : str
        Family and given names of the first dozen, ``"berg,anna k;moe,t"``, for databases that take
        the one for the other.
    """

    __slots__ = ("count", "first", "initial", "names", "people", "second")

    def __init__(
        self, names: str, first: str, initial: str, second: str, count: int, people: str
    ) -> None:
        self.names = names
        self.people = people
        self.first = first
        self.initial = initial
        self.second = second
        self.count = count


@lru_cache(maxsize=262_144)
def _author(name: str) -> tuple[str, str, str, str]:
    """Return family name without particles, its last word, the first initial, and both names."""
    family, comma, given = name.partition(",")
    if not comma:
        parts = name.split()
        if len(parts) > 1:
            tail = parts[-1].strip(".")
            if (_INITIALS.match(parts[-1]) and "." in parts[-1]) or (
                tail.isupper() and len(tail.replace("-", "")) <= 4
            ):
                end = len(parts) - 1
                while end > 1 and parts[end - 1].isupper() and len(parts[end - 1].strip(".")) <= 2:
                    end -= 1
                family, given = " ".join(parts[:end]), " ".join(parts[end:])
            else:
                family, given = parts[-1], parts[0]
    words = _NOT_LETTER.sub(" ", fold(family)).split()
    words = [word for word in words if word not in _NOBLE] or words
    given = _NOT_LETTER.sub(" ", fold(given)).strip()
    whole = " ".join(words)
    return whole, words[-1] if words else "", given[:1], f"{whole},{given}"


def prepare_authors(authors: tuple[str, ...]) -> Authors:
    """Fold author names; particles, case and "et al." are dropped.

    Examples
    --------
    >>> authors = prepare_authors(("van den Brule, A. J.", "Snijders PJ", "et al."))
    >>> authors.names, authors.first, authors.initial, authors.count
    ('brule snijders', 'brule', 'a', 2)
    """
    names = [_author(name) for name in authors if name and not _OTHERS.match(name)]
    names = [name for name in names if name[0]]
    if not names:
        return Authors("", "", "", "", 0, "")
    return Authors(
        " ".join([name[0] for name in names[:30]]),
        names[0][1],
        names[0][2],
        names[1][1] if len(names) > 1 else "",
        len(names),
        ";".join([name[3] for name in names[:_PEOPLE]]),
    )


_PEOPLE = 12
_SHARE = 0.8
_LEAST_NAME = 3
_SEVERAL = 3
_SLIP = 6
_GROUP_WORDS = 2


_GROUP = re.compile(
    r"\b(?:group|study|trial|investigators?|collaborat\w*|consortium|committee|network|team|"
    r"initiative|society|association|organi[sz]ation)\b"
)


def by_group(people: str) -> bool:
    """Whether the first author is a group.

    Examples
    --------
    >>> by_group("group,alts study"), by_group("solomon,d")
    (True, False)
    """
    return _GROUP.search(people.partition(";")[0]) is not None


def same_people(first: str, second: str) -> bool:
    """Whether two lists of ``people`` are one, with given and family names exchanged in some.

    Place by place: a family name of the one stands somewhere in the name of the other (typed with a
    slip at most), or the initials are crossed. Two single names (of groups) must share two words. A
    single person may be one of several.

    Examples
    --------
    >>> same_people("tong,h;shen,r;wang,z", "hua,t;rong,s;wang,z")
    True
    >>> same_people("ronco,g;rossi,p g", "ronco,g;giorgi,rossi p")
    True
    >>> same_people("moe,tor", "berg,a;dahl,s;moe,tor")
    True
    >>> same_people("tong,h;shen,r", "berg,a;moe,t")
    False
    """
    one, two = first.split(";"), second.split(";")
    shorter = min(len(one), len(two))
    if shorter == 1 and max(len(one), len(two)) >= _SEVERAL:
        few, many = sorted((one, two), key=len)
        return few[0] in many
    if abs(len(one) - len(two)) > max(1, shorter // 5):
        return False
    if shorter == 1:
        words = [set(re.split("[ ,]", name)) for name in (one[0], two[0])]
        shared = [word for word in words[0] & words[1] if len(word) > _LEAST_NAME]
        return len(shared) >= _GROUP_WORDS
    met = sum(map(_same_person, one, two))
    return met >= max(2, _SHARE * shorter)


def _same_person(first: str, second: str) -> bool:
    (family_one, _, given_one), (family_two, _, given_two) = (
        first.partition(","),
        second.partition(","),
    )
    one, two = family_one.split(), family_two.split()
    both_one, both_two = {*one, *given_one.split()}, {*two, *given_two.split()}
    if any(len(word) >= _LEAST_NAME and word in both_two for word in one):
        return True
    if any(len(word) >= _LEAST_NAME and word in both_one for word in two):
        return True
    if family_one[:3] == family_two[:3] and min(len(family_one), len(family_two)) > _SLIP:
        from rapidfuzz.distance import OSA

        if OSA.distance(family_one, family_two) == 1:
            return True
    crossed = family_one[:1] == given_two[:1] and family_two[:1] == given_one[:1]
    return crossed and given_one != "" and given_two != ""


# Marks of a journal or volume, as bits.
MEETING = 1
PREPRINT = 2
SUPPLEMENT = 4
LIVING = 8  # brings out new versions of one work, under one title
_LIVING = re.compile(r"\bcochrane (?:database|db)\b|\byear ?book\b|\bstatistics\b|\bannual report")
_MEETING = re.compile(
    r"\bconf\w*|\bmeeting\b|\babst\w*|\bcongress\b|\bsymposium\b|\bproc(?:eedings)?\b"
)
_NO_MEETING = (
    "dissertation",
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


def journal_agreement(first: str, second: str) -> int:
    """Compare two folded journal titles.

    Examples
    --------
    >>> journal_agreement("j sleep res", "journal sleep research") == JOURNAL_SHORT
    True
    >>> journal_agreement("brain injury", "brain impairment") == JOURNAL_OTHER
    True
    """
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


# Kinds of a page statement.
NO_PAGE, ORDINARY, SUPPLEMENT_PAGE, ELECTRONIC = range(4)
_RANGE = re.compile(
    r"([a-z]*)\.?\s*(\d+)?[a-z]?(?:\s*(?:-{1,2}|–|—|to|,|;|/)\s*([a-z]*)\.?\s*(\d+))?"
)
_PAGE_WORDS = re.compile(
    r"\b(?:pp?|pages?|art(?:icle)?|no|id)\b\.?|[()]|\bspecified\b|\bpagination\b"
)
_TOTAL = re.compile(r"^\s*\d+\s*(?:p|pp|pages|s)\.?\s*$")


class Pages:
    """First and last page: numbers (-1 where unknown) and the kind of the statement."""

    __slots__ = ("end", "kind", "start", "tail")

    def __init__(self, start: int, end: int, kind: int, tail: int) -> None:
        self.start = start
        self.end = end
        self.kind = kind
        self.tail = tail


@lru_cache(maxsize=65_536)
def prepare_pages(pages: str) -> Pages:
    """Read a page statement; a shortened last page is completed.

    Examples
    --------
    >>> pages = prepare_pages("1679-85")
    >>> pages.start, pages.end, pages.kind == ORDINARY
    (1679, 1685, True)
    >>> pages = prepare_pages("t-51")
    >>> pages.start, pages.tail
    (-1, 51)
    """
    text = pages.lower().strip()
    if not text or _TOTAL.match(text):
        return Pages(-1, -1, NO_PAGE, -1)
    text = _PAGE_WORDS.sub(" ", text).replace("suppl", "s").strip()
    hit = _RANGE.match(text)
    if hit is None or (hit.group(2) is None and hit.group(4) is None):
        return Pages(-1, -1, NO_PAGE, -1)
    letters, first, letters_last, last = hit.groups()
    if first is None:
        return Pages(-1, -1, NO_PAGE, int(last[-9:]))
    start = int(first[-12:])
    end = -1
    if last is not None:
        if len(last) < len(first):
            last = first[: len(first) - len(last)] + last
        end = int(last[-12:])
        if end < start:
            end = -1
    kind = ORDINARY
    if letters == "s" or letters_last == "s":
        kind = SUPPLEMENT_PAGE
    elif letters or start > 99_999 or (first.startswith("0") and len(first) > 3):
        kind = ELECTRONIC
    return Pages(start, end, kind, end if end >= 0 else -1)


_NUMBER = re.compile(r"\d+")


@lru_cache(maxsize=65_536)
def prepare_volume(volume: str) -> tuple[int, int]:
    """Return the number of a volume or issue (-1 if it has none) and its marks.

    Examples
    --------
    >>> prepare_volume("24 Suppl 3") == (24, SUPPLEMENT)
    True
    >>> prepare_volume("(Jul)")
    (-1, 0)
    """
    hit = _NUMBER.search(volume)
    text = volume.lower()
    marks = SUPPLEMENT if "sup" in text else 0
    if hit is None or (marks and text.find("sup") < hit.start()):
        return -1, marks
    return int(hit.group(0)[-9:]), marks
