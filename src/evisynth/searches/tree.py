"""One tree for the queries of all platforms, and its canonical form.

A query of Ovid and one of PubMed that find the same records by the same words have equal trees:
fields have one name everywhere, proximity counts the words between, and what only looks different
(quotes around a phrase, needless parentheses, ``TI x OR AB x`` for ``x.ti,ab.``) is no difference.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

__all__ = [
    "And",
    "DateKind",
    "DateRange",
    "Heading",
    "Limit",
    "LineRef",
    "Near",
    "Node",
    "Not",
    "Or",
    "Span",
    "Term",
    "Wildcard",
    "canonical",
    "fields_of",
    "leaves",
    "line_refs",
    "rewrite_leaves",
    "term",
    "with_fields",
]

Span: TypeAlias = tuple[int, int]
"""First place and the place after the last, counted from 0 in the text of the line."""

DateKind = Literal["published", "entered", "created", "indexed", "revised"]
"""What a date limit counts by; publication dates and dates of entry are never mixed."""


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A sign that stands for letters.

    Attributes
    ----------
    kind : str
        ``"any"`` (none or more letters), ``"one"`` (exactly one), ``"optional"`` (none or one).
    limit : int
        Most letters that ``"any"`` stands for; 0 is no limit.
    """

    kind: Literal["any", "one", "optional"]
    limit: int = 0


Piece: TypeAlias = str | Wildcard


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase in fields.

    Attributes
    ----------
    pieces : tuple of str and Wildcard
        The text, with the wildcards where they stand; words are separated by one blank.
    fields : tuple of str
        Names of fields, the same for all platforms, sorted.
    exact : bool
        Punctuation and plural count (braces of Scopus).
    mapped : bool
        The platform looks for headings and synonyms by itself (an untagged term of PubMed).
    quoted : bool
        Written in quotes; no part of the comparison.
    span : Span
        Where it stands; no part of the comparison.
    """

    pieces: tuple[Piece, ...]
    fields: tuple[str, ...] = ()
    exact: bool = False
    mapped: bool = False
    quoted: bool = field(default=False, compare=False)
    span: Span = field(default=(0, 0), compare=False, repr=False)

    @property
    def text(self) -> str:
        """Text with ``*`` for any wildcard, for messages."""
        return "".join(piece if isinstance(piece, str) else "*" for piece in self.pieces)

    @property
    def words(self) -> tuple[tuple[Piece, ...], ...]:
        """Pieces of each word."""
        found: list[list[Piece]] = [[]]
        for piece in self.pieces:
            if isinstance(piece, Wildcard):
                found[-1].append(piece)
                continue
            first, *rest = piece.split(" ")
            if first:
                found[-1].append(first)
            found.extend([[part] if part else [] for part in rest])
        return tuple(tuple(word) for word in found if word)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a controlled vocabulary.

    Attributes
    ----------
    name : str
        The heading as written.
    explode : bool
        With the narrower headings below it.
    major : bool
        Only where it is a main topic.
    subheadings : tuple of str
        Codes in lower case (``"dt"``), sorted.
    """

    name: str
    explode: bool = True
    major: bool = False
    subheadings: tuple[str, ...] = ()
    span: Span = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class DateRange:
    """A limit by date: ``2010``, ``2010-03`` or ``2010-03-15``; ``""`` is open."""

    kind: DateKind = "published"
    start: str = ""
    end: str = ""
    span: Span = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Limit:
    """A check box of the platform that is no field (``humans``)."""

    name: str
    span: Span = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LineRef:
    """The result of another line."""

    number: int
    span: Span = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Near:
    """Words close to each other in one field.

    Attributes
    ----------
    items : tuple of Node
        Terms, alternatives of terms, or a nested proximity.
    between : int
        Most words that may stand between two neighbours.
    ordered : bool
        In the order written.
    """

    items: tuple[Node, ...]
    between: int
    ordered: bool = False
    span: Span = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class And:
    """All of the items."""

    items: tuple[Node, ...]
    span: Span = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Or:
    """Any of the items."""

    items: tuple[Node, ...]
    span: Span = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The left without the right."""

    left: Node
    right: Node
    span: Span = field(default=(0, 0), compare=False, repr=False)


Node: TypeAlias = Term | Heading | DateRange | Limit | LineRef | Near | And | Or | Not


def term(text: str, *fields: str) -> Term:
    """Make a term; ``*`` in the text is unlimited truncation.

    Examples
    --------
    >>> term("step count*", "title").words
    (('step',), ('count', Wildcard(kind='any', limit=0)))
    """
    pieces: list[Piece] = []
    for number, part in enumerate(text.split("*")):
        if number:
            pieces.append(Wildcard("any"))
        if part:
            pieces.append(part)
    return Term(tuple(pieces), tuple(sorted(fields)))


def leaves(node: Node) -> Iterator[Node]:
    """Yield the leaves from left to right: terms, headings, dates, limits, line references."""
    if isinstance(node, And | Or | Near):
        for item in node.items:
            yield from leaves(item)
    elif isinstance(node, Not):
        yield from leaves(node.left)
        yield from leaves(node.right)
    else:
        yield node


def line_refs(node: Node) -> tuple[int, ...]:
    """Return the lines that a query takes up, in the order named."""
    return tuple(leaf.number for leaf in leaves(node) if isinstance(leaf, LineRef))


def rewrite_leaves(node: Node, change: Callable[[Node], Node]) -> Node:
    """Return the tree with every leaf replaced by what the function makes of it."""
    if isinstance(node, And | Or | Near):
        return replace(node, items=tuple(rewrite_leaves(item, change) for item in node.items))
    if isinstance(node, Not):
        return replace(
            node,
            left=rewrite_leaves(node.left, change),
            right=rewrite_leaves(node.right, change),
        )
    return change(node)


def fields_of(node: Node) -> tuple[str, ...] | None:
    """Return the fields of a term, or those that all words of a proximity share; else None."""
    if isinstance(node, Term):
        return None if node.mapped else node.fields
    if isinstance(node, Near | Or):
        found = {fields_of(item) for item in node.items}
        return found.pop() if len(found) == 1 else None
    return None


def with_fields(node: Node, fields: tuple[str, ...]) -> Node:
    """Return the node with all its terms in these fields."""
    return rewrite_leaves(
        node, lambda leaf: replace(leaf, fields=fields) if isinstance(leaf, Term) else leaf
    )


def canonical(node: Node) -> Node:
    """Return the form in which equal queries are equal trees.

    Nested AND and OR are flattened; a phrase and words that follow each other are the same;
    ``x`` in one field or in another is ``x`` in both; two halves of a date range are one.

    Examples
    --------
    >>> canonical(Or((term("walk*", "title"), term("walk*", "abstract")))).fields
    ('abstract', 'title')
    """
    if isinstance(node, And):
        items = _join_dates(_flat(node, And))
        return items[0] if len(items) == 1 else replace(node, items=tuple(items))
    if isinstance(node, Or):
        items = _join_fields(_flat(node, Or))
        return items[0] if len(items) == 1 else replace(node, items=tuple(items))
    if isinstance(node, Near):
        return _near(replace(node, items=tuple(canonical(item) for item in node.items)))
    if isinstance(node, Not):
        return _not(replace(node, left=canonical(node.left), right=canonical(node.right)))
    if isinstance(node, Term):
        return replace(node, pieces=_tidy(node.pieces), fields=tuple(sorted(set(node.fields))))
    if isinstance(node, Heading):
        return replace(node, subheadings=tuple(sorted(set(node.subheadings))))
    return node


def _flat(node: And | Or, kind: type[And] | type[Or]) -> list[Node]:
    """Items in canonical form, nested ones of the same kind taken up."""
    found: list[Node] = []
    for item in map(canonical, node.items):
        found.extend(item.items if isinstance(item, And | Or) and type(item) is kind else (item,))
    return found


def _tidy(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Join neighbouring texts and collapse blanks."""
    found: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        elif piece != "":
            found.append(piece)
    tidy: list[Piece] = []
    for place, piece in enumerate(found):
        if isinstance(piece, str):
            text = " ".join(piece.split())
            lead = " " if place > 0 and piece[:1].isspace() else ""
            tail = " " if place < len(found) - 1 and piece[-1:].isspace() and text else ""
            piece = lead + text + tail
        if piece != "":
            tidy.append(piece)
    return tuple(tidy)


def _join_fields(items: list[Node]) -> list[Node]:
    """Join items that differ in their fields only, at the place of the first."""
    found: list[Node] = []
    place: dict[Node, int] = {}
    for item in items:
        fields = fields_of(item)
        if isinstance(item, Heading) and item.subheadings:
            core: Node = replace(item, subheadings=())
            old = found[place[core]] if core in place else None
            if isinstance(old, Heading):
                union = tuple(sorted({*old.subheadings, *item.subheadings}))
                found[place[core]] = replace(old, subheadings=union)
                continue
            place[core] = len(found)
            found.append(item)
            continue
        if fields is None:
            if item not in found:
                found.append(item)
            continue
        core = with_fields(item, ())
        if core in place:
            before = found[place[core]]
            union = tuple(sorted({*(fields_of(before) or ()), *fields}))
            found[place[core]] = with_fields(before, union)
        else:
            place[core] = len(found)
            found.append(item)
    return found


def _join_dates(items: list[Node]) -> list[Node]:
    """Join a start and the end that follows it; leave out repeated items."""
    found: list[Node] = []
    for item in items:
        last = found[-1] if found else None
        if (
            isinstance(item, DateRange)
            and isinstance(last, DateRange)
            and item.kind == last.kind
            and last.start
            and not last.end
            and item.end
            and not item.start
        ):
            found[-1] = replace(last, end=item.end)
        elif item not in found:
            found.append(item)
    return found


def _near(node: Near) -> Node:
    """Take up a chain of equal proximities; words that follow each other are a phrase."""
    first = node.items[0]
    if isinstance(first, Near) and first.between == node.between and first.ordered == node.ordered:
        node = replace(node, items=(*first.items, *node.items[1:]))
    terms = [item for item in node.items if isinstance(item, Term)]
    if (
        node.ordered
        and node.between == 0
        and len(terms) == len(node.items)
        and len({(item.fields, item.exact) for item in terms}) == 1
        and not any(item.mapped for item in terms)
    ):
        pieces: list[Piece] = []
        for item in terms:
            pieces.extend([" ", *item.pieces] if pieces else item.pieces)
        return replace(terms[0], pieces=_tidy(tuple(pieces)), quoted=True, span=node.span)
    return node


def _not(node: Not) -> Node:
    """``from a NOT from b`` is ``a`` to the day before ``b`` (Embase.com writes it so)."""
    right = node.right
    if not isinstance(right, DateRange) or right.end or len(right.start) != len("2026-01-31"):
        return node
    end = (datetime.date.fromisoformat(right.start) - datetime.timedelta(days=1)).isoformat()
    left = node.left
    if isinstance(left, DateRange) and left.kind == right.kind and not left.end:
        return replace(left, end=end)
    if isinstance(left, And):
        last = left.items[-1]
        if isinstance(last, DateRange) and last.kind == right.kind and not last.end:
            return replace(left, items=(*left.items[:-1], replace(last, end=end)))
    return node
