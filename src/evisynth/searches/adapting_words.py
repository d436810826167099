"""Words, fields and proximities to what another platform can say, each change with its loss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import prod

from evisynth.searches.fallbacks import FALLBACKS, Effect, sayable
from evisynth.searches.platforms import SYNTAX
from evisynth.searches.syntax import (
    ABSTRACT,
    ANY_FIELD,
    HEADING_WORDS,
    KEYWORDS,
    KEYWORDS_PLUS,
    MULTI_PURPOSE,
    TEXT_WORD_PUBMED,
    TITLE,
    Platform,
)
from evisynth.searches.tree import (
    And,
    Near,
    Node,
    Or,
    Piece,
    Term,
    Wildcard,
    canonical,
    fields_of,
    leaves,
    rewrite_leaves,
    with_fields,
)

__all__ = ["Loss", "WordAdapter"]

MOST_COMBINATIONS = 40
"""Proximities that one proximity with alternatives may become."""

SHORTEST_STEM = 4
"""Letters that PubMed wants before its truncation."""

_CONTENT = frozenset(
    {
        TITLE,
        ABSTRACT,
        KEYWORDS,
        HEADING_WORDS,
        KEYWORDS_PLUS,
        TEXT_WORD_PUBMED,
        MULTI_PURPOSE,
        ANY_FIELD,
        "text word",
        "full text",
    }
)


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that a translation changed.

    Attributes
    ----------
    line : int
        Line of the strategy; 0 for all of it.
    effect : Effect
        What it does to the records found: ``"broader"``, ``"narrower"``, ``"different"``,
        ``"removed"``, or ``"none"`` where the same is said in another form.
    what, why, instead : str
        What could not be kept, the reason, and what was put.
    """

    line: int
    effect: Effect
    what: str
    why: str
    instead: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.what} ({self.effect}): {self.why}; {self.instead}"


class WordAdapter:
    """Rewrites terms and proximities; notes what is lost."""

    def __init__(
        self,
        source: Platform,
        target: Platform,
        vocabularies: tuple[str, str],
        line: int,
        removed: frozenset[int],
    ) -> None:
        self.source, self.target = source, target
        self.syntax = SYNTAX[target]
        self.vocabularies = vocabularies
        self.line = line
        self.removed = removed
        self.losses: list[Loss] = []

    def lose(self, effect: Effect, what: str, why: str, instead: str) -> None:
        """Note a loss."""
        self.losses.append(Loss(self.line, effect, what, why, instead))

    def gone(self, what: str, why: str) -> None:
        """Note that something is left out."""
        self.lose("removed", what, why, "left out")

    def fields(self, fields: tuple[str, ...]) -> tuple[str, ...] | None:
        """Fields of the target that stand nearest; None where none does."""
        other = self.source != self.target
        if other and self.target == "pubmed" and {TITLE, ABSTRACT, KEYWORDS} <= set(fields):
            self.lose(
                "none",
                "the field 'author keywords'",
                "[tiab] of PubMed holds it",
                "searched with title and abstract",
            )
            fields = tuple(name for name in fields if name != KEYWORDS)
        if sayable(fields, self.target):
            return fields
        found: set[str] = set()
        for name in fields:
            if sayable((name,), self.target):
                found.add(name)
                continue
            options = FALLBACKS.get(name, ())
            option = next(((o, e) for o, e in options if sayable(o, self.target)), None)
            if option is None:
                if len(fields) > 1:
                    self.gone(f"the field {name!r}", f"{self.syntax.title} has none like it")
                continue
            found |= option[0]
            self.lose(
                option[1],
                f"the field {name!r}",
                f"{self.syntax.title} has none like it",
                "searched in " + ", ".join(sorted(option[0])),
            )
        if TEXT_WORD_PUBMED in found:
            found -= {TITLE, ABSTRACT, KEYWORDS, HEADING_WORDS}
        if found and not sayable(frozenset(found), self.target):
            extra = found & self.syntax.untagged
            found = (found - extra) | {TITLE, ABSTRACT, HEADING_WORDS}
            self.lose(
                "different",
                f"the fields {', '.join(fields)} together",
                f"{self.syntax.title} cannot join its default fields with others",
                "searched in " + ", ".join(sorted(found)),
            )
        return tuple(sorted(found)) or None

    def wildcards(self, node: Term) -> Node:
        """Wildcards that the target does not have."""
        syntax = self.syntax
        wild = [piece for piece in node.pieces if isinstance(piece, Wildcard)]
        if self.target == "pubmed":
            return self.pubmed_truncation(node) if wild else node
        lacking = [
            piece
            for piece in wild
            if piece.kind not in syntax.wildcards or (piece.limit and not syntax.limited)
        ]
        if not lacking:
            return node
        if len(lacking) == 1 and lacking[0].kind == "optional" and "one" in syntax.wildcards:
            place = node.pieces.index(lacking[0])
            short = (*node.pieces[:place], *node.pieces[place + 1 :])
            longer = (*node.pieces[:place], Wildcard("one"), *node.pieces[place + 1 :])
            self.lose(
                "none",
                f"the wildcard for none or one letter in {node.text!r}",
                f"{syntax.title} has none",
                "both forms, joined by OR",
            )
            return Or((replace(node, pieces=short), replace(node, pieces=longer)))
        self.lose(
            "broader",
            f"the wildcard in {node.text!r}",
            f"{syntax.title} cannot count the letters",
            "unlimited truncation",
        )
        pieces = tuple(Wildcard("any") if piece in lacking else piece for piece in node.pieces)
        return replace(node, pieces=pieces)

    def pubmed_truncation(self, node: Term) -> Term:
        """PubMed truncates at the end of a word, behind four letters or more."""
        words: list[tuple[Piece, ...]] = []
        for word in node.words:
            place = next((n for n, piece in enumerate(word) if isinstance(piece, Wildcard)), None)
            if place is None:
                words.append(word)
                continue
            shown = Term(word).text
            if place == 0:
                rest = tuple(piece for piece in word if isinstance(piece, str))
                self.lose(
                    "narrower",
                    f"the truncation at the front of {shown!r}",
                    "PubMed truncates at the end only",
                    "the letters without it",
                )
                words.append(rest or ("",))
                continue
            stem = word[:place]
            if len(word) > place + 1 or word[place] != Wildcard("any"):
                self.lose(
                    "broader",
                    f"the wildcard in {shown!r}",
                    "PubMed has unlimited truncation at the end of a word only",
                    "truncated there; write the forms out if they are few",
                )
            if len("".join(map(str, stem))) < SHORTEST_STEM and self.source != "pubmed":
                self.lose(
                    "different",
                    f"the short stem of {shown!r}",
                    f"PubMed wants {SHORTEST_STEM} letters before truncation",
                    "left as it is: write the forms out",
                )
            words.append((*stem, Wildcard("any")))
        pieces: list[Piece] = []
        for word in words:
            pieces.extend([" ", *word] if pieces else word)
        return replace(node, pieces=tuple(pieces))

    def near(self, node: Near) -> Node | None:
        """Proximity, in one field or several."""
        shared = fields_of(node)
        if shared and self.target == "pubmed":
            shared = self.pubmed_fields(shared)
        fields = self.fields(shared) if shared else None
        if fields is None:
            self.gone("a proximity", "no field of the target holds it")
            return None
        found = with_fields(node, fields)
        if any(isinstance(leaf, Term) and leaf.exact for leaf in leaves(found)):
            self.lose(
                "broader",
                "exact words in a proximity",
                "proximity takes loose words",
                "loose words",
            )
            found = rewrite_leaves(
                found, lambda leaf: replace(leaf, exact=False) if isinstance(leaf, Term) else leaf
            )
        assert isinstance(found, Near)  # noqa: S101 - with_fields keeps the kind
        if self.target == "pubmed":
            return self.pubmed_near(found)
        found = self.order(found)
        items = tuple(self.inside(item) for item in found.items)
        found = replace(found, items=items)
        return self.scopus_near(found) if self.target == "scopus" else found

    def inside(self, node: Node) -> Node:
        """Adapt an operand of a proximity, whose field is settled."""
        if isinstance(node, Near):
            node = self.order(node)
        if isinstance(node, Near | Or):
            return replace(node, items=tuple(self.inside(item) for item in node.items))
        return self.wildcards(node) if isinstance(node, Term) else node

    def order(self, node: Near) -> Near:
        """Give the order of words up where the target cannot ask for it."""
        syntax = self.syntax
        can = syntax.next or (syntax.next_adjacent and node.between == 0)
        if not node.ordered or can:
            return node
        self.lose(
            "broader",
            "the order of the words in a proximity",
            f"{syntax.title} has no proximity in order",
            "the same distance in any order",
        )
        return replace(node, ordered=False)

    def expanded(self, node: Near) -> list[Near] | None:
        """All combinations of the alternatives in a proximity; None if too many or nested."""
        choices = [item.items if isinstance(item, Or) else (item,) for item in node.items]
        if any(not isinstance(word, Term) for choice in choices for word in choice):
            return None
        if prod(map(len, choices)) > MOST_COMBINATIONS:
            return None
        return [replace(node, items=combination) for combination in product(*choices)]

    def scopus_near(self, node: Near) -> Node:
        """Scopus takes no OR and no second proximity inside a proximity."""
        if all(isinstance(item, Term) for item in node.items):
            return node
        found = self.expanded(node)
        if found is None:
            return self.loosened(node, "Scopus takes words and phrases only in a proximity")
        self.lose(
            "none",
            "alternatives inside a proximity",
            "Scopus takes no OR there",
            f"{len(found)} proximities joined by OR",
        )
        return Or(tuple(found))

    def loosened(self, node: Near, why: str) -> Node:
        """Replace a proximity by AND."""
        self.lose("broader", "a proximity", why, "its words joined by AND")
        items = [self.loosened_item(item) for item in node.items]
        return And(tuple(items))

    def loosened_item(self, node: Node) -> Node:
        """Replace proximities in an operand by AND."""
        if isinstance(node, Near):
            return And(tuple(self.loosened_item(item) for item in node.items))
        if isinstance(node, Or):
            return Or(tuple(self.loosened_item(item) for item in node.items))
        return self.wildcards(node) if isinstance(node, Term) else node

    def pubmed_fields(self, fields: tuple[str, ...]) -> tuple[str, ...]:
        """Fields of a proximity: titles, or titles and abstracts."""
        wanted = (ABSTRACT, TITLE)
        if fields in ((TITLE,), wanted, ("affiliation",)) or not set(fields) & _CONTENT:
            return fields
        effect: Effect = "broader" if fields == (ABSTRACT,) else "narrower"
        self.lose(
            effect,
            f"the fields {', '.join(fields)} of a proximity",
            "PubMed has proximity in titles and abstracts only",
            "searched in " + ", ".join(wanted),
        )
        return wanted

    def pubmed_near(self, node: Near) -> Node:
        """PubMed has proximity of whole words in title, title/abstract or affiliation."""
        fields = fields_of(node) or ()
        found = self.expanded(node)
        ordered_phrases = node.ordered and node.between == 0
        if found is None:
            return self.loosened(node, "PubMed has proximity for single words only")
        if ordered_phrases:
            self.lose(
                "none",
                "alternatives that follow each other",
                "PubMed has phrases only",
                f"{len(found)} phrases joined by OR",
            )
            phrases = [canonical(each) for each in found]
            return Or(tuple(self.wildcards(p) if isinstance(p, Term) else p for p in phrases))
        if fields not in ((TITLE,), (ABSTRACT, TITLE), ("affiliation",)):
            return self.loosened(node, "PubMed has proximity in titles and abstracts only")
        words = [leaf for leaf in leaves(node) if isinstance(leaf, Term)]
        if any(isinstance(piece, Wildcard) for word in words for piece in word.pieces):
            return self.loosened(node, "proximity of PubMed cannot hold truncation")
        if any(len(word.words) > 1 for word in words):
            return self.loosened(node, "proximity of PubMed cannot hold a phrase")
        if node.ordered:
            self.lose(
                "broader",
                "the order of the words in a proximity",
                "PubMed has no proximity in order",
                "the same distance in any order",
            )
        if len(found) > 1:
            self.lose(
                "none",
                "alternatives inside a proximity",
                "PubMed takes words only",
                f"{len(found)} proximities joined by OR",
            )
        return Or(tuple(replace(each, ordered=False) for each in found))
