"""What a title says of itself: a notice, a reply, a part, a heading."""

from __future__ import annotations

import re

__all__ = [
    "ADDENDUM",
    "ERRATUM",
    "HEADING",
    "PROTOCOL",
    "RENEWED",
    "REPLY",
    "RETRACTION",
    "UPDATE",
    "is_notice",
    "part_of",
    "title_marks",
]

# Marks of a title, as bits: what makes it another report although the rest reads the same.
ERRATUM = 1
REPLY = 2
RETRACTION = 4
ADDENDUM = 8
PROTOCOL = 16
UPDATE = 32
HEADING = 64  # a standing heading, which many works of one journal bear
RENEWED = 128  # of a kind that is published anew under one title: statistics, guidelines

_MARKS = re.compile(
    r"^\W*(?:published |author |publisher )?(?P<erratum>errat(?:um|a)\b|corrigend(?:um|a)\b|"
    r"corrections?(?:\s*(?:to\b|[:.\-–—(]|$)|\s+notice))|"
    r"^\W*(?P<retraction>retractions?\b(?:\s*(?:to|of|notice|note|[:.\-–—]|$))|"
    r"expression of concern|notice of retraction|withdrawal notice)|"
    r"^\W*(?P<reply>(?:in |the )?(?:authors?\W{0,2}s?\W{0,2} )?"
    r"(?:repl(?:y|ies)|respon(?:se|ds?|ses))"
    r"\s*(?:to\b|from\b|by\b|[:.\-–—]|$)|re\s*:|comments? (?:on|to)\b|"
    r"commentary (?:on|to)\b|"
    r"(?:invited |editorial |guest )?comment(?:ary)?\s*[:.]|discussion\s*:|"
    r"letter to the editors?\s*[:.]\s*\w|letters? (?:re|regarding)\b|rebuttal\b|response to\b|"
    r"discussion of\b)|"
    r"(?P<addendum>\baddendum\b)",
    re.IGNORECASE,
)
_MARKS_INSIDE = re.compile(
    r"[:.?\-–—(\[]\s*(?:(?P<reply>an? (?:comment|reply|response|rebuttal)\b|"
    r"(?:the )?(?:authors?\W{0,2}s?\W{0,2} )?(?:reply|response|rejoinder|rebuttal)\b|"
    r"(?:comments?|commentary|reply|response)(?:\s+(?:on|to|by)\b|\W*$))|"
    r"(?P<place>vol\W{1,2}\d+,? (?:pg|pp?|pages?)\W{1,2}\w+,? (?:19|20)\d\d)|"
    r"(?P<erratum>errat(?:um|a)|corrigend(?:um|a)|correction)\s*(?:to\b|[\])(]|\W*$|\(vol)|"
    r"(?P<retraction>retraction(?: notice)?\W*$)|"
    r"(?P<protocol>(?:[\w\s,]{0,60}\b)?protocols?\b)|"
    r"(?P<update>(?:an? |the |\d{4} )?(?:[\w\s]{0,20} )?updated?\b(?: \d{4})?))",
    re.IGNORECASE,
)
# A search for plain letters is far cheaper than the patterns; most titles end there.
_MARK_HINTS = (
    "err", "corr", "retr", "repl", "respon", "re:", "re :", "comment", "letter", "rebut", "rejoin",
    "adden", "protocol", "updat", "concern", "withdraw", "discussion", "(vol", "[vol",
)  # fmt: skip
_HEADING_HINTS = (
    "edit", "letter", "correspond", "news", "announc", "abstract", "review", "content", "index",
    "issue", "matter", "masthead", "volume", "contribut", "about", "acknowl", "call for",
    "calendar", "obituary", "preface", "foreword", "introduction", "comment", "repl", "respon",
    "errat", "corr", "viewpoint", "case report", "poster", "oral pres", "proceeding", "special",
    "track", "annual", "scientific", "message", "image", "highlights", "journal watch",
)  # fmt: skip
_RENEWED_HINTS = (
    "annual", "yearly", "statistics", "guideline", "recommendation", "consensus", "update",
    "report", "in review", "position ",
)  # fmt: skip
_PART_HINTS = (
    "part ",
    "chapter ",
    "section ",
    "volume ",
    "paper ",
    "report ",
    "article ",
    "lesson ",
)
_RENEWED = re.compile(
    r"\bannual\b|\byearly\b|\bstatistics\b|\bguidelines?\b|\brecommendations?\b|\bconsensus\b|"
    r"\bregist(?:ry|er) report\b|\byear in review\b|\bposition (?:paper|statement)\b",
    re.IGNORECASE,
)
_UPDATE = re.compile(r"\bupdated?\b")
_BROAD = 60  # letters; an "update on ..." that is renewed has a broad subject and a short title
_HEADING = re.compile(
    r"\beditors?\W{0,2}s?\b(?!\w)|\beditorials?\b|^\W*(?:the )?(?:letters?|correspondence|news|"
    r"announcements?|abstracts?|book reviews?|contents|table of contents|index|in this issue|"
    r"(?:front|back) matter|masthead|volume information|contributors|about (?:the|our) |"
    r"acknowledge?ments?|call for papers|calendar|obituary|preface|foreword|introduction|"
    r"(?:research|original|review|methods) (?:articles?|notes?|essays?|research|papers?)|"
    r"issues and opinions|short communications?|brief (?:reports?|communications?)|"
    r"commentary|comments?|reply|response|erratum|corrigendum|correction|viewpoints?|"
    r"case reports?|posters?|oral presentations?|proceedings)\b"
    r"(?=\W*(?:$|(?:to|from|by) the (?:editors?|special|mini|issue|section|authors?)|special\b|"
    r"\d))|"
    r"^\W*abstracts? (?:of|from) |"
    r"^\W*(?:the )?(?:president|chair(?:man|person)?|director)\W{0,2}s? "
    r"(?:message|page|column)\W*$|"
    r"^\W*(?:clinical images?|images? in \w+|research highlights|journal watch)\W*$|"
    r"special (?:issue|section)\b|\bmini-?track\b|"
    r"\b(?:annual|scientific) (?:meeting|report|conference)\b",
    re.IGNORECASE,
)
_BITS = {
    "erratum": ERRATUM,
    "place": ERRATUM,  # "Sleep in nurses (vol 3, pg 1, 2010)": so Web of Science names a correction
    "reply": REPLY,
    "retraction": RETRACTION,
    "addendum": ADDENDUM,
    "protocol": PROTOCOL,
    "update": UPDATE,
}
_NUMERALS = {
    "i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "first": 1, "second": 2, "third": 3, "fourth": 4, "a": 1, "b": 2, "c": 3,
}  # fmt: skip
_PART = re.compile(
    r"\b(?:part|chapter|section|volume|paper|report|article|lesson)\s+(?:no\.?\s*)?"
    r"(\d{1,3}|[ivx]{1,4}|one|two|three|four|five|six|seven|eight|nine|ten|[abc])\b|"
    r"(?:[:.\-–—(]\s*|\s)([ivx]{1,4}|\d)\s*[.)]?\s*$|^\s*(\d{1,2}|[ivx]{1,4})[.:]\s",
    re.IGNORECASE,
)


def title_marks(title: str, lower: str) -> int:
    """Return the marks of a title, as bits; ``lower`` is the title in lower case."""
    found = 0
    if any(hint in lower for hint in _MARK_HINTS):
        for pattern in (_MARKS, _MARKS_INSIDE):
            for hit in pattern.finditer(title):
                if hit.lastgroup is not None:
                    found |= _BITS[hit.lastgroup]
    if (
        len(title) < 120
        and any(hint in lower for hint in _HEADING_HINTS)
        and _HEADING.search(title)
    ):
        found |= HEADING
    if any(hint in lower for hint in _RENEWED_HINTS) and (
        _RENEWED.search(lower) or (_UPDATE.search(lower) and sum(map(str.isalpha, lower)) < _BROAD)
    ):
        found |= RENEWED
    return found


def _is_numeral(word: str) -> bool:
    return word.isdigit() or (len(word) <= 4 and word in _NUMERALS)


def part_of(title: str, lower: str, words: list[str]) -> int:
    """Return the number of the part that a title (``words``: folded) names; 0 if none."""
    if not words or not (
        _is_numeral(words[0])
        or _is_numeral(words[-1])
        or any(hint in lower for hint in _PART_HINTS)
    ):
        return 0
    hit = _PART.search(title)
    if hit is None:
        return 0
    numeral = (hit.group(1) or hit.group(2) or hit.group(3)).lower()
    return int(numeral) if numeral.isdigit() else _NUMERALS.get(numeral, 0)


def is_notice(title: str) -> bool:
    """Whether a title begins as that of a notice, reply or comment."""
    return _MARKS.match(title) is not None
