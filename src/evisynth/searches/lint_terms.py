"""Lint of terms, headings and proximities."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from evisynth.searches.platforms import SYNTAX
from evisynth.searches.problems import Severity
from evisynth.searches.spellings import other_number, other_spelling
from evisynth.searches.syntax import Platform
from evisynth.searches.tree import (
    Heading,
    Limit,
    Near,
    Node,
    Or,
    Piece,
    Span,
    Term,
    Wildcard,
    leaves,
)

__all__ = ["Row", "term_findings"]

Row: TypeAlias = tuple[str, Severity, int, Span, str, str]
"""Code, severity, line, place, message, way out."""

FAR = 10
"""Words between from which a proximity is hardly narrower than AND."""

_CONTENT = frozenset(
    {
        "title",
        "abstract",
        "author keywords",
        "heading words",
        "keywords plus",
        "any field",
        "multi-purpose",
        "text word",
        "text word and headings",
        "full text",
    }
)
_SHORTEST = {"pubmed": 4, "wos": 3}


def term_findings(trees: Iterable[tuple[int, Node]], platform: Platform) -> Iterator[Row]:
    """Yield what is doubtful in the terms, headings and proximities of a strategy."""
    given = list(trees)
    terms = [
        (number, leaf)
        for number, tree in given
        for leaf in leaves(tree)
        if isinstance(leaf, Term) and set(leaf.fields) <= _CONTENT
    ]
    patterns = _Patterns([term for _, term in terms])
    for number, term in terms:
        yield from _truncation(number, term, platform)
        yield from _variants(number, term, patterns)
    yield from _repeated(terms)
    for number, tree in given:
        for node in _nodes(tree):
            if isinstance(node, Or):
                yield from _covered(number, node)
            elif isinstance(node, Near):
                yield from _near(number, node, platform)
            elif isinstance(node, Heading):
                yield from _heading(number, node)
            elif isinstance(node, Limit) or (
                isinstance(node, Term) and node.fields == ("language",)
            ):
                yield (
                    "limit",
                    "hint",
                    number,
                    node.span,
                    "a limit by language or check box also removes records that lack the field",
                    "Give its reason (PRISMA-S item 9), or leave it out.",
                )


def _nodes(node: Node) -> Iterator[Node]:
    """Every node of a tree."""
    yield node
    if isinstance(node, Term | Heading | Limit):
        return
    for name in ("items", "left", "right"):
        part = getattr(node, name, None)
        for child in part if isinstance(part, tuple) else (part,):
            if child is not None:
                yield from _nodes(child)


def _truncation(number: int, term: Term, platform: Platform) -> Iterator[Row]:
    """Yield truncation at the front, in the middle, behind too few letters, in a quoted phrase."""
    title = SYNTAX[platform].title
    shortest = _SHORTEST.get(platform, 3)
    for word in term.words:
        place = next((n for n, piece in enumerate(word) if isinstance(piece, Wildcard)), None)
        if place is None:
            continue
        shown = Term(word).text
        if place == 0:
            severity: Severity = "warning" if platform in ("wos", "scopus", "embase") else "error"
            yield (
                "truncation-front",
                severity,
                number,
                term.span,
                f"{shown!r}: {title} does not truncate at the front of a word"
                if severity == "error"
                else f"{shown!r} is truncated at its front",
                "Write the forms of the word out.",
            )
            continue
        sign = word[place]
        stem = "".join(str(piece) for piece in word[:place])
        unlimited = isinstance(sign, Wildcard) and sign.kind == "any" and not sign.limit
        last = place == len(word) - 1
        if unlimited and last and len(stem) < shortest:
            code_severity: Severity = "error" if platform in _SHORTEST else "warning"
            yield (
                "truncation-short",
                code_severity,
                number,
                term.span,
                f"{shown!r} is truncated behind {len(stem)} letters"
                + (f"; {title} wants {shortest}" if platform in _SHORTEST else ""),
                "Use a longer stem, or write the forms of the word out.",
            )
        if platform == "pubmed" and not last:
            yield (
                "truncation-place",
                "error",
                number,
                term.span,
                f"{shown!r}: PubMed truncates at the end of a word only",
                "Write the forms of the word out.",
            )
    signs = "".join(piece for piece in term.pieces if isinstance(piece, str))
    strange = sorted(set(re.findall(r"(?<=\w)[?#$]|[?#$](?=\w)", signs)))
    if strange and not term.exact:
        taken = ", ".join(SYNTAX[platform].wildcards.values())
        yield (
            "wildcard",
            "error",
            number,
            term.span,
            f"{' and '.join(map(repr, strange))} in {signs!r}: {title} has other wildcards"
            f" ({taken})",
            "Write the wildcard of the platform, or the forms of the word.",
        )
    wild = any(isinstance(piece, Wildcard) for piece in term.pieces)
    if wild and term.quoted and len(term.words) > 1:
        if platform == "cochrane":
            yield (
                "phrase-truncation",
                "error",
                number,
                term.span,
                f"{term.text!r}: the Cochrane Library takes no wildcards in a phrase",
                "Write the words with NEXT between them.",
            )
        elif platform == "scopus":
            yield (
                "phrase-truncation",
                "hint",
                number,
                term.span,
                f"{term.text!r}: wildcards in a phrase of Scopus need double quotes, and were"
                " once ignored",
                "Check the hits, or use PRE/0.",
            )
    if wild and term.exact:
        yield (
            "phrase-truncation",
            "error",
            number,
            term.span,
            "braces of Scopus take wildcards as letters",
            "Use double quotes.",
        )
    if "*" in "".join(piece for piece in term.pieces if isinstance(piece, str)) and term.exact:
        yield (
            "phrase-truncation",
            "error",
            number,
            term.span,
            f"{term.text!r}: braces of Scopus take wildcards as letters",
            "Use double quotes.",
        )


def _regex(word: tuple[Piece, ...]) -> str:
    forms = {"any": r"\w*", "one": r"\w", "optional": r"\w?"}
    parts = []
    for piece in word:
        if isinstance(piece, str):
            parts.append(re.escape(piece.casefold()))
        else:
            parts.append(rf"\w{{0,{piece.limit}}}" if piece.limit else forms[piece.kind])
    return "".join(parts)


class _Patterns:
    """Which texts the terms of a strategy would find."""

    def __init__(self, terms: list[Term]) -> None:
        self.plain = {term.text.casefold() for term in terms}
        wild = {
            r"[\s-]+".join(_regex(word) for word in term.words)
            for term in terms
            if any(isinstance(piece, Wildcard) for piece in term.pieces) and _stem(term)
        }
        self.wild = re.compile("|".join(f"(?:{one})" for one in sorted(wild))) if wild else None

    def find(self, text: str) -> bool:
        """Whether a term finds this text."""
        if text in self.plain or text.replace("-", " ") in self.plain:
            return True
        return bool(self.wild and self.wild.fullmatch(text))


def _stem(term: Term) -> bool:
    return any(isinstance(piece, str) and piece.strip() for piece in term.pieces)


def _variants(number: int, term: Term, patterns: _Patterns) -> Iterator[Row]:
    """Yield the other spelling, and the other number of the last word."""
    if len(term.words) == 0 or term.exact:
        return
    for place, word in enumerate(term.words):
        wild = [piece for piece in word if isinstance(piece, Wildcard)]
        if wild and (word[-1] is not wild[0] or len(wild) > 1):
            continue
        stem = "".join(piece for piece in word if isinstance(piece, str))
        other = other_spelling(stem)
        if not other:
            continue
        words = [Term(each).text.rstrip("*") for each in term.words]
        words[place] = other
        text = " ".join(words).casefold()
        if not (patterns.find(text) or patterns.find(text + "s") or (wild and _same(stem, other))):
            shown = other + ("*" if wild else "")
            yield (
                "spelling-variant",
                "warning",
                number,
                term.span,
                f"{term.text!r} without its other spelling {shown!r}",
                f"Add {shown}, joined by OR.",
            )
    last = term.words[-1]
    if any(isinstance(piece, Wildcard) for piece in term.pieces) or len(last) != 1:
        return
    other = other_number(str(last[0]))
    if other:
        text = " ".join([*(Term(word).text for word in term.words[:-1]), other]).casefold()
        if not patterns.find(text):
            yield (
                "singular-plural",
                "hint",
                number,
                term.span,
                f"{term.text!r} without {text!r}",
                "Truncate, or add the other form.",
            )


def _same(stem: str, other: str) -> bool:
    """Whether a stem is the beginning of both spellings."""
    return other.startswith(stem.casefold())


def _repeated(terms: list[tuple[int, Term]]) -> Iterator[Row]:
    """Yield the same term in the same field twice."""
    first: dict[tuple[str, str], tuple[int, Span]] = {}
    for number, term in terms:
        shown = "".join(
            piece if isinstance(piece, str) else f"<{piece.kind}{piece.limit}>"
            for piece in term.pieces
        )
        for name in term.fields:
            key = (shown.casefold(), name)
            if key in first and first[key] != (number, term.span):
                yield (
                    "repeated-term",
                    "warning",
                    number,
                    term.span,
                    f"{term.text!r} stands in line {first[key][0]} already, in the same field",
                    "Leave one of them out.",
                )
                break
            first.setdefault(key, (number, term.span))


def _covered(number: int, node: Or) -> Iterator[Row]:
    """Yield a term that a truncated term beside it finds anyway."""
    terms = [item for item in node.items if isinstance(item, Term)]
    wide = [
        (term, re.compile(_regex(term.words[0])))
        for term in terms
        if len(term.words) == 1 and any(isinstance(piece, Wildcard) for piece in term.pieces)
    ]
    for term in terms:
        if any(isinstance(piece, Wildcard) for piece in term.pieces) or len(term.words) != 1:
            continue
        for other, pattern in wide:
            if set(term.fields) <= set(other.fields) and pattern.fullmatch(term.text.casefold()):
                yield (
                    "covered-term",
                    "hint",
                    number,
                    term.span,
                    f"{term.text!r} is found by {other.text!r} beside it",
                    "Leave it out.",
                )
                break


def _near(number: int, node: Near, platform: Platform) -> Iterator[Row]:
    if node.between >= FAR:
        yield (
            "proximity-far",
            "warning",
            number,
            node.span,
            f"{node.between} words between is hardly narrower than AND",
            "Three to five words hold most phrases.",
        )
    if platform == "scopus" and any(isinstance(item, Or | Near) for item in node.items):
        yield (
            "proximity-operand",
            "warning",
            number,
            node.span,
            "Scopus documents words and phrases only in a proximity",
            "Write a proximity for each alternative, joined by OR.",
        )
    if platform == "ovid" and node.between == 0 and not node.ordered:
        yield (
            "proximity-number",
            "hint",
            number,
            node.span,
            "adj1 allows no word between, in either order",
            "adj2 allows one, adj3 two.",
        )


def _heading(number: int, node: Heading) -> Iterator[Row]:
    if not node.explode:
        yield (
            "heading-not-exploded",
            "hint",
            number,
            node.span,
            f"the heading {node.name!r} is searched without those below it",
            "Explode it, or say why not.",
        )
    if node.major:
        yield (
            "heading-major",
            "hint",
            number,
            node.span,
            f"only records with {node.name!r} as a main topic are found",
            "Search all uses of the heading where no record may be missed.",
        )
    if node.subheadings:
        yield (
            "heading-subheadings",
            "hint",
            number,
            node.span,
            f"subheadings restrict {node.name!r} to how indexers used them",
            "Leave them out where no record may be missed.",
        )
