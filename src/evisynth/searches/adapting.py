"""A tree to what another platform can say, with a loss for everything that changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from evisynth.searches.adapting_words import Loss, WordAdapter
from evisynth.searches.dates import fit_date
from evisynth.searches.fallbacks import sayable
from evisynth.searches.platforms import vocabulary
from evisynth.searches.special import COCHRANE_PLACES, LANGUAGES
from evisynth.searches.syntax import (
    ABSTRACT,
    ACCESSION,
    ANY_FIELD,
    AUTHOR,
    HEADING_WORDS,
    JOURNAL,
    KEYWORDS,
    KEYWORDS_PLUS,
    LANGUAGE,
    MULTI_PURPOSE,
    SUBHEADING,
    TEXT_WORD_PUBMED,
    TITLE,
    Platform,
)
from evisynth.searches.tree import (
    And,
    DateRange,
    Heading,
    Limit,
    LineRef,
    Near,
    Node,
    Not,
    Or,
    Term,
    canonical,
)

__all__ = ["Loss", "adapt"]

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
_OWN_VALUES = (
    (ACCESSION, "the number", "numbers are of a database", "the same number; look it up"),
    (JOURNAL, "the journal", "platforms index full or short names", "the same name; look it up"),
    (AUTHOR, "the author", "platforms write initials otherwise", "the same name; look it up"),
    ("subset", "the subset", "subsets and filters are of a platform", "the same word; look it up"),
)
"""Fields whose values are written in the way of a platform."""
_SHARED_LIMITS = frozenset({"humans", "animals", "human", "animal"})
_SAME_TYPES: tuple[frozenset[Platform], ...] = (frozenset({"ovid", "pubmed", "cochrane"}),)


def adapt(
    node: Node,
    source: Platform,
    target: Platform,
    *,
    line: int = 1,
    source_database: str = "",
    target_database: str = "",
    removed: frozenset[int] = frozenset(),
) -> tuple[Node | None, tuple[Loss, ...]]:
    """Return the tree as the target can say it, and what was lost on the way.

    Parameters
    ----------
    node
        ABSTRACT tree of the source platform.
    source, target
        The platforms.
    line
        Number of the line, for the losses.
    source_database, target_database
        Databases on them; they decide the controlled vocabulary.
    removed
        Lines that could not be translated at all: references to them go too.

    Returns
    -------
    tree : Node or None
        In canonical form; None where nothing is left.
    losses : tuple of Loss
        Never empty where the tree is another.

    Examples
    --------
    >>> from evisynth.searches.parsing import parse_query
    >>> tree, losses = adapt(parse_query("exp Walking/", "ovid"), "ovid", "wos")
    >>> tree.pieces, losses[0].effect
    (('Walking',), 'different')
    """
    before = canonical(node)
    names = vocabulary(source, source_database), vocabulary(target, target_database)
    adapter = _Adapter(source, target, names, line, removed)
    after = adapter.line_of(before)
    if after is not None:
        after = canonical(after)
    if after != before and not adapter.losses:
        adapter.lose(
            "none",
            "the form of the line",
            "the target writes it otherwise",
            "the same in another form",
        )
    return after, tuple(dict.fromkeys(adapter.losses))


class _Adapter(WordAdapter):
    """Rewrites the tree of one line."""

    def line_of(self, node: Node) -> Node | None:
        """Adapt a whole line; limits keep their place where the target has one for them."""
        found = self.node(node)
        if found is None:
            return None
        found = canonical(found)
        if self.target == "cochrane":
            return self.ends(found)
        if self.target == "ovid":
            return self.ovid_limits(found)
        return found

    def ends(self, node: Node) -> Node | None:
        """Dates and limits of the Cochrane Library stand at the end of a line only."""
        items = node.items if isinstance(node, And) else (node,)
        dates = [item for item in items if isinstance(item, DateRange)]
        limits = [item for item in items if isinstance(item, Limit)]
        rest = [
            self.without(item, (DateRange, Limit))
            for item in items
            if not isinstance(item, DateRange | Limit)
        ]
        kept = [item for item in rest if item is not None]
        if not kept:
            self.gone("a line of limits only", "limits end a line of search terms")
            return None
        extras: list[Node] = [*dates[1:], *limits[1:]]
        for extra in extras:
            self.gone(_name(extra), "a line takes one date and one limit")
        return And((*kept, *dates[:1], *limits[:1]))

    def without(self, node: Node, kinds: tuple[type, ...]) -> Node | None:
        """Take dates and limits out of the inside of a line."""

        def check(item: Node) -> Node | None:
            if isinstance(item, kinds):
                self.gone(_name(item), f"{self.syntax.title} has it at the end of a line only")
                return None
            return item

        return self.walk(node, check)

    def ovid_limits(self, node: Node) -> Node | None:
        """Limits of Ovid are a command on one line: everything else has to be a limit too."""
        if isinstance(node, And) and isinstance(node.items[0], LineRef):
            rest = node.items[1:]
            if all(
                isinstance(item, DateRange | Limit)
                or (isinstance(item, Term) and item.fields == ("language",))
                for item in rest
            ):
                return node
        return self.without(node, (Limit,))

    def walk(self, node: Node, change: Callable[[Node], Node | None]) -> Node | None:
        """Change every leaf; what becomes nothing is left out of its group."""
        if isinstance(node, And | Or):
            found = [self.walk(item, change) for item in node.items]
            kept = tuple(item for item in found if item is not None)
            return None if not kept else kept[0] if len(kept) == 1 else replace(node, items=kept)
        if isinstance(node, Not):
            left, right = self.walk(node.left, change), self.walk(node.right, change)
            return left if left is None or right is None else replace(node, left=left, right=right)
        return change(node)

    def node(self, node: Node) -> Node | None:
        return self.walk(node, self.leaf)

    def leaf(self, node: Node) -> Node | None:
        """Adapt a term, heading, date, limit, reference or proximity."""
        if isinstance(node, Term):
            return self.term(node)
        if isinstance(node, Near):
            return self.near(node)
        if isinstance(node, Heading):
            return self.heading(node)
        if isinstance(node, DateRange):
            return self.date(node)
        if isinstance(node, Limit):
            return self.limit(node)
        if isinstance(node, LineRef) and node.number in self.removed:
            self.gone(f"the reference to line {node.number}", "that line could not be translated")
            return None
        return node

    def term(self, node: Term) -> Node | None:
        if node.mapped and self.target != "pubmed":
            self.lose(
                "different",
                f"{node.text!r} without a field",
                "PubMed adds headings and synonyms by itself (see its Search details)",
                "its words only; add headings and synonyms by hand",
            )
            words = tuple(Term(word, node.fields) for word in node.words)
            return self.node(words[0] if len(words) == 1 else And(words))
        if node.exact and self.target != "scopus":
            self.lose(
                "broader",
                f"the exact text {{{node.text}}}",
                f"{self.syntax.title} ignores punctuation",
                "a phrase",
            )
            node = replace(node, exact=False, quoted=True)
        if node.fields == ("subset",) and node.text.casefold() in LANGUAGES:
            node = replace(node, fields=(LANGUAGE,))
        fields = self.fields(node.fields)
        if fields is None:
            self.gone(f"{node.text!r}", "no field of the target holds it")
            return None
        if self.source != self.target:
            self.names(node, fields)
        if "publication type" in fields and not self.same_types():
            self.lose(
                "different",
                f"the publication type {node.text!r}",
                f"{self.syntax.title} names its types otherwise",
                "the same word; look the type up",
            )
        if SUBHEADING in fields and self.vocabularies[0] != self.vocabularies[1]:
            self.lose(
                "different",
                f"the subheading {node.text!r}",
                f"it is of {self.vocabularies[0]}, the target has {self.vocabularies[1]}",
                "the same word; look the subheading up",
            )
        return self.wildcards(replace(node, fields=fields))

    def names(self, node: Term, fields: tuple[str, ...]) -> None:
        """Fields whose values each platform writes in its own way."""
        for field, what, why, instead in _OWN_VALUES:
            if field in fields:
                self.lose("different", f"{what} {node.text!r}", why, instead)

    def same_types(self) -> bool:
        return self.source == self.target or any(
            {self.source, self.target} <= group for group in _SAME_TYPES
        )

    def heading(self, node: Heading) -> Node | None:
        """Put a heading into the vocabulary of the target."""
        source, target = self.vocabularies
        if not self.syntax.headings:
            wanted = (
                {HEADING_WORDS}
                if sayable((HEADING_WORDS,), self.target)
                else {TITLE, ABSTRACT, KEYWORDS, KEYWORDS_PLUS}
            )
            extent = " with the narrower headings" if node.explode else ""
            self.lose(
                "different",
                f"the heading {node.name!r}{extent}",
                f"{self.syntax.title} has no controlled vocabulary",
                "its words; add synonyms and narrower terms by hand",
            )
            return Term((node.name,), tuple(sorted(wanted)), quoted=True)
        if source != target:
            self.lose(
                "different",
                f"the heading {node.name!r}",
                f"it is of {source}, the target has {target}",
                "the same words: look up the heading that stands for it",
            )
            if node.subheadings:
                self.lose(
                    "broader",
                    f"the subheadings of {node.name!r}",
                    f"{target} has others than {source}",
                    "left out",
                )
                node = replace(node, subheadings=())
        if node.major and not self.syntax.major:
            self.lose(
                "broader",
                f"main topic {node.name!r}",
                f"{self.syntax.title} cannot restrict to main topics",
                "the heading",
            )
            node = replace(node, major=False)
        return node

    def date(self, node: DateRange) -> Node | None:
        if not node.start and not node.end:
            self.gone("a range of dates without ends", "it holds every record")
            return None
        fitted, change = fit_date(node, self.target)
        if fitted is None:
            self.gone(_name(node), f"{self.syntax.title} cannot search this date")
            return None
        shown = _name(fitted)
        if change == "kind":
            self.lose("different", _name(node), f"{self.syntax.title} has no such date", shown)
        elif change == "rounded":
            self.lose("broader", _name(node), f"{self.syntax.title} takes no finer dates", shown)
        elif change == "form":
            self.lose("none", _name(node), f"{self.syntax.title} writes full dates", shown)
        return fitted

    def limit(self, node: Limit) -> Node | None:
        same = self.source == self.target or node.name in _SHARED_LIMITS
        kept = same and self.target in ("embase", "ovid")
        place = self.source == self.target == "cochrane" and node.name in COCHRANE_PLACES
        if kept or place:
            return node
        self.gone(f"the limit {node.name!r}", f"{self.syntax.title} has no such limit in a query")
        return None


def _name(node: Node) -> str:
    """Return a date or limit in words."""
    if isinstance(node, DateRange):
        ends = " to ".join((node.start or "the beginning", node.end or "now"))
        return f"date {node.kind} {ends}"
    return f"limit {node.name!r}" if isinstance(node, Limit) else "the group"
