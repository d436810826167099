"""Text of a line to tokens, by the rules of its platform."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from evisynth.errors import closest
from evisynth.searches.platforms import SYNTAX
from evisynth.searches.special import special_leaf
from evisynth.searches.syntax import Platform, Syntax, Tag
from evisynth.searches.tree import Node, Piece, Wildcard

__all__ = ["Report", "Token", "lex", "pieces_of", "read_codes"]

Kind = Literal["(", ")", "word", "quoted", "braces", "leaf", "op", "near", "suffix", "prefix"]
Report: TypeAlias = Callable[..., None]
"""``report(code, start, end, message, expected=..., repair=..., severity=...)``."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its kind, its place, its text, and what it means."""

    kind: Kind
    start: int
    end: int
    text: str = ""
    node: Node | None = None
    tags: tuple[Tag, ...] = ()
    near: tuple[int, bool] = (0, False)


_OPERATOR = re.compile(r"(and\s+not|and|or|not)(?=$|[\s()\"'\[{])", re.IGNORECASE)
_AND_OR = re.compile(r"(?:and/or|or/and)(?=$|[\s()\"'])", re.IGNORECASE)
_AFTER = r"(?=$|[\s()\"'])"
_NEAR = {
    "ovid": re.compile(rf"(adj)(\d*){_AFTER}", re.IGNORECASE),
    "embase": re.compile(rf"(near|next)(?:/(\d+))?{_AFTER}", re.IGNORECASE),
    "ebsco": re.compile(rf"([NW])(\d+){_AFTER}"),
    "proquest": re.compile(rf"(near|pre|[np](?=/))(?:/(\d+))?{_AFTER}", re.IGNORECASE),
    "wos": re.compile(rf"(near|same)(?:/(\d+))?{_AFTER}", re.IGNORECASE),
    "scopus": re.compile(rf"(w|pre)/(\d+){_AFTER}", re.IGNORECASE),
    "cochrane": re.compile(rf"(near|next)(?:/(\d+))?{_AFTER}", re.IGNORECASE),
}
_ORDERED = {"next", "pre", "p"}
_CODES = r"[A-Za-z]\w{0,11}(?:\s?,\s?[A-Za-z]\w{0,11})*"
_EMBASE_CODES = r"it|jt|la|lnk|tn|dn|rn|au|ad|ff|cn|is|an|ti|ab|kw"
_SUFFIX = {
    "ovid": re.compile(rf"\.\(?({_CODES})\)?\.(?=$|[\s)\]\[])"),
    "pubmed": re.compile(r"\s*\[([^\[\]]{1,60})\]"),
    "embase": re.compile(
        rf":({_CODES})(?=$|[\s)])|/({_EMBASE_CODES})(?=$|[\s)])|(/(?:exp/mj|exp|de|mj))(?:/([a-z_]+(?:,[a-z_]+)*))?(?=$|[\s)])",
        re.IGNORECASE,
    ),
    "cochrane": re.compile(rf":({_CODES})(?=$|[\s)])"),
}
_ADDRESS = re.compile(r"\b(?:AD|OG|OO|SG|CI)\s*=[^=]*$", re.IGNORECASE)
_OFTEN = re.compile(r"/freq\s*=\s*(\d{1,3})", re.IGNORECASE)
_OPEN_SUFFIX = re.compile(
    r"\.((?:ti|ab|tw|mp|kf|kw|af|hw)(?:,[a-z]{2})*)(?=$|[\s)])", re.IGNORECASE
)
_PREFIX = {
    "ebsco": re.compile(r"([A-Z]{2})\s+(?=[(\"\w*?#])"),
    "proquest": re.compile(
        r"((?!(?:and|or|not|near|pre)\b)[A-Za-z][A-Za-z.]*(?:,[A-Za-z.]+)*)\s*(?=\()", re.IGNORECASE
    ),
    "scopus": re.compile(r"((?!(?:and|or|not)\b)[A-Za-z][A-Za-z-]*)\s*(?=\()", re.IGNORECASE),
    "wos": re.compile(r"([A-Za-z]{2,4})\s*=\s*"),
}
_STOP = {
    "ovid": r"[^\s()\"\[\],]+",
    "pubmed": r"[^\s()\"\[\],]+",
    "embase": r"[^\s()\"\[\],]+",
    "ebsco": r"[^\s()\"\[\],]+",
    "proquest": r"(?:\[[*?]\d*\]|[^\s()\"\[\]{},])+",
    "wos": r"[^\s()\"\[\],=]+",
    "scopus": r"[^\s()\"\[\]{},]+",
    "cochrane": r"[^\s()\"\[\]{},]+",
}
_WORD = {name: re.compile(pattern) for name, pattern in _STOP.items()}


def pieces_of(text: str, syntax: Syntax) -> tuple[Piece, ...]:
    """Split a text at its wildcards.

    Examples
    --------
    >>> pieces_of("dog$1", SYNTAX["ovid"])
    ('dog', Wildcard(kind='any', limit=1))
    """
    kinds: dict[str, Literal["any", "one", "optional"]] = {
        sign: kind  # type: ignore[misc]
        for kind, sign in syntax.wildcards.items()
    }
    if syntax.platform == "ovid":
        kinds |= {"$": "any", ":": "any"}
    if re.fullmatch(r"\s*[\d/-]+\s*:\s*[\d/-]+\s*", text):
        return (text.strip(),)
    signs = "".join(re.escape(sign) for sign in kinds)
    number = r"(?:(\d+))?" if syntax.limited else "()"
    found: list[Piece] = []
    last = 0
    for sign in re.finditer(
        rf"\[?([{signs}]){number}\]?" if syntax.platform == "proquest" else rf"([{signs}]){number}",
        text,
    ):
        if sign.start() > last:
            found.append(text[last : sign.start()])
        kind = kinds[sign[1]]
        if kind != "any" and sign[2]:
            found.extend((Wildcard(kind), sign[2]))
        else:
            found.append(Wildcard(kind, int(sign[2] or 0)))
        last = sign.end()
    if last < len(text):
        found.append(text[last:])
    return tuple(found)


def read_codes(codes: str, syntax: Syntax, start: int, report: Report) -> tuple[Tag, ...]:
    """Read field codes, each of which must be known."""
    found = []
    for code in re.split(r"\s*,\s*", codes.strip()):
        name = " ".join(code.casefold().split())
        tag = syntax.tags.get(name)
        if tag is None and syntax.platform == "proquest":
            tag = syntax.tags.get(name.removesuffix(".exact"))
        if tag is None and syntax.platform == "pubmed" and ":~" in name:
            field, _, number = name.partition(":~")
            known = syntax.tags.get(field)
            if known and number.isdigit():
                tag = Tag(known.fields, near=int(number))
        if tag is None:
            near = closest(name, syntax.tags)
            report(
                "unknown-field",
                start,
                start + len(codes),
                f"{syntax.title} has no field {code!r}",
                expected="a field code such as " + ", ".join(syntax.codes[:4]),
                repair=f"Did you mean {near!r}?" if near else "Look the code up, or leave it out.",
            )
            tag = Tag(frozenset({f"unknown {name}"}))
        found.append(tag)
    return tuple(found)


def lex(text: str, platform: Platform, report: Report) -> Iterator[Token]:
    """Yield the tokens of a line; typographic signs must have been made plain.

    Parameters
    ----------
    text, platform
        The line and what it is written for.
    report
        Takes each problem: code, start, end, message, and ``expected``, ``repair``, ``severity``.
    """
    syntax = SYNTAX[platform]
    at = 0
    glued = False
    operand = False
    while at < len(text):
        sign = text[at]
        if sign in " ,":
            at, glued = at + 1, False
            if platform != "pubmed" or not text[at:].lstrip().startswith("["):
                continue
            glued = True
            continue
        token = _token(text, at, syntax, report, glued, operand)
        glued = token.kind in (")", "word", "quoted", "braces", "leaf", "suffix")
        operand = glued
        at = token.end
        yield token


def _token(text: str, at: int, syntax: Syntax, report: Report, glued: bool, operand: bool) -> Token:
    """Read the token that begins here."""
    platform = syntax.platform
    often = _OFTEN.match(text, at) if platform == "ovid" else None
    if often:
        return Token("suffix", at, often.end(), often[0], tags=(Tag(often=int(often[1])),))
    if glued and platform in _SUFFIX:
        token = _suffix(text, at, syntax, report)
        if token:
            return token
    leaf = special_leaf(text, at, syntax)
    if leaf:
        return Token("leaf", at, leaf[0], text[at : leaf[0]], node=leaf[1])
    if text[at] in "()":
        return Token("(" if text[at] == "(" else ")", at, at + 1, text[at])
    if text[at] == '"' or (text[at] == "'" and platform == "embase"):
        return _quoted(text, at, report)
    if text[at] == "{" and platform in ("scopus", "proquest"):
        end = text.find("}", at)
        if end > 0:
            return Token("braces", at, end + 1, text[at + 1 : end])
    both = _AND_OR.match(text, at)
    if both:
        report(
            "operator-form",
            *both.span(),
            f"{both[0]!r} is no operator",
            expected="AND or OR",
            repair="Decide which of the two is meant: OR finds both.",
        )
        return Token("op", at, both.end(), "or")
    operator = _OPERATOR.match(text, at)
    if operator:
        return Token("op", at, operator.end(), " ".join(operator[1].split()))
    near = _NEAR[platform].match(text, at) if platform in _NEAR else None
    if near and (operand or platform != "ebsco"):
        return _proximity(near, syntax, report)
    prefix = _PREFIX[platform].match(text, at) if platform in _PREFIX else None
    if prefix and (
        platform != "ebsco" or prefix[1].casefold() in syntax.tags or text[prefix.end()] in '("'
    ):
        tags = read_codes(prefix[1], syntax, at, report)
        return Token("prefix", at, prefix.end(), prefix[1], tags=tags)
    return _word(text, at, syntax, report)


def _suffix(text: str, at: int, syntax: Syntax, report: Report) -> Token | None:
    """Read a field code behind a term."""
    found = _SUFFIX[syntax.platform].match(text, at)
    if found is None and syntax.platform == "ovid":
        found = _OPEN_SUFFIX.match(text, at)
        if found:
            report(
                "missing-period",
                at,
                found.end(),
                f"the field code {found[0]!r} has no period at its end",
                expected="'.'",
                repair=f"Write {found[0]}.",
                severity="warning",
            )
    if found is None:
        return None
    if syntax.platform == "embase" and found[3]:
        tag = syntax.tags[found[3].casefold()]
        text_of = found[4] or ""
        return Token("suffix", at, found.end(), text_of, tags=(tag,))
    group = 2 if syntax.platform == "embase" and found[2] else 1
    tags = read_codes(found[group], syntax, found.start(group), report)
    return Token("suffix", at, found.end(), found[group], tags=tags)


def _quoted(text: str, at: int, report: Report) -> Token:
    end = text.find(text[at], at + 1)
    if end < 0:
        report(
            "unbalanced-quote",
            at,
            len(text),
            f"the quote {text[at]} is not closed",
            expected=text[at],
            repair="Close the quote behind the last word of the phrase.",
        )
        return Token("quoted", at, len(text), text[at + 1 :])
    return Token("quoted", at, end + 1, text[at + 1 : end])


def _proximity(found: re.Match[str], syntax: Syntax, report: Report) -> Token:
    name, number = found[1].casefold(), found[2] or ""
    start, end = found.span()
    ordered = name in _ORDERED or (name == "w" and syntax.platform == "ebsco")
    if name == "adj" and not number:
        return Token("near", start, end, found[0], near=(0, True))
    if name == "next" and syntax.platform == "cochrane" and not number:
        return Token("near", start, end, found[0], near=(0, True))
    if name == "same":
        report(
            "proximity-number",
            start,
            end,
            "SAME joins words of one address, and is read as NEAR/15",
            expected="NEAR/n outside addresses",
            repair="Outside AD= write NEAR/n with the number of words between.",
            severity="warning" if _ADDRESS.search(found.string, 0, start) else "error",
        )
        number = "15"
    if not number and syntax.near_default < 0:
        report(
            "proximity-number",
            start,
            end,
            f"{found[0]} needs a number on {syntax.title}",
            expected=f"{found[0]}/n",
            repair=f"Write {found[0]}/3 for at most {3 - syntax.offset} words between.",
        )
    between = int(number) - syntax.offset if number else max(syntax.near_default, 0)
    if between < 0:
        report(
            "proximity-number",
            start,
            end,
            f"{found[0]} cannot be: {syntax.title} counts from 1",
            expected="a number from 1 up",
            repair="Neighbouring words are 1 apart.",
        )
        between = 0
    return Token("near", start, end, found[0], near=(between, ordered))


def _word(text: str, at: int, syntax: Syntax, report: Report) -> Token:
    """Read a word, up to a field code that follows without a blank."""
    found = _WORD[syntax.platform].match(text, at)
    if found is None:
        report(
            "unexpected-sign",
            at,
            at + 1,
            f"the sign {text[at]!r} has no meaning here on {syntax.title}",
            expected="a term, a heading, an operator or a parenthesis",
            repair="Take it out, or put the phrase in quotes.",
        )
        return Token("word", at, at + 1, "")
    end = found.end()
    if syntax.platform in ("ovid", "embase", "cochrane"):
        pattern = _SUFFIX[syntax.platform]
        for place in range(at + 1, end):
            if text[place] in ".:/" and (
                pattern.match(text, place)
                or (syntax.platform == "ovid" and _OPEN_SUFFIX.match(text, place))
            ):
                end = place
                break
    return Token("word", at, end, text[at:end])
