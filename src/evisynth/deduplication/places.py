"""Names, volumes and pages folded to comparable values."""

from __future__ import annotations

import re
from functools import lru_cache

from evisynth.deduplication.journals import SUPPLEMENT
from evisynth.deduplication.text import fold

__all__ = [
    "ELECTRONIC",
    "NO_PAGE",
    "ORDINARY",
    "SUPPLEMENT_PAGE",
    "Authors",
    "Pages",
    "by_group",
    "prepare_authors",
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
_PART_OF_VOLUME = re.compile(r"\b(?:pt|part)\.? ?\d+")
_SUPPLEMENT_NUMBER = re.compile(r"\bs ?\d{1,2}\b")


@lru_cache(maxsize=65_536)
def prepare_volume(volume: str) -> tuple[int, int]:
    """Return the number of a volume or issue (-1 if it has none) and its marks.

    Examples
    --------
    >>> prepare_volume("24 Suppl 3") == (24, SUPPLEMENT)
    True
    >>> prepare_volume("(Jul)")
    (-1, 0)
    >>> prepare_volume("S1") == (-1, SUPPLEMENT), prepare_volume("11 Pt 2")
    (True, (11, 0))
    """
    text = _PART_OF_VOLUME.sub("", volume.lower())
    text, supplements = _SUPPLEMENT_NUMBER.subn("", text)
    hit = _NUMBER.search(text)
    marks = SUPPLEMENT if supplements or "sup" in text else 0
    if hit is None or (marks and text.find("sup") < hit.start()):
        return -1, marks
    return int(hit.group(0)[-9:]), marks
