"""A tree to the text of a platform."""

from __future__ import annotations

import re
from itertools import groupby

from evisynth.errors import DataError
from evisynth.searches.dates import format_date
from evisynth.searches.platforms import SYNTAX, tags_for
from evisynth.searches.special import COCHRANE_PLACES, LANGUAGES
from evisynth.searches.subheadings import subheading_name
from evisynth.searches.syntax import Platform, Syntax
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
    Piece,
    Term,
    Wildcard,
    canonical,
    fields_of,
)

__all__ = ["query_text", "written"]

_RESERVED = re.compile(
    r"(?<!\S)(and|or|not|near|next|same|pre|adj\d*|[nwp]\d+|exp|limit|with|in|s\d+)(?!\S)",
    re.IGNORECASE,
)
_PLAIN_WORD = re.compile(r"[\w-]*")
_ALWAYS_CODED = frozenset({"wos", "scopus", "ovid", "proquest"})
"""Platforms whose default fields are named all the same when a query is written."""


def query_text(node: Node, platform: Platform) -> str:
    """Write a tree in the syntax of a platform, as one line.

    Parameters
    ----------
    node
        The tree; what the platform cannot say has to be taken out before.
    platform
        Whose syntax is wanted.

    Raises
    ------
    DataError
        The platform cannot say it; names what, and the way out.

    Examples
    --------
    >>> from evisynth.searches.parsing import parse_query
    >>> tree = parse_query("exp Walking/ or (walk* adj3 speed).ti,ab.", "ovid")
    >>> query_text(tree, "embase")
    "'Walking'/exp OR (walk* NEAR/3 speed):ti,ab"
    >>> query_text(tree, "wos")
    Traceback (most recent call last):
        ...
    evisynth.errors.DataError: Web of Science cannot say the heading 'Walking'; use translate_text,
    which puts the nearest thing and names the loss
    """
    return _Writer(SYNTAX[platform]).line(canonical(node))


def written(pieces: tuple[Piece, ...], syntax: Syntax) -> str:
    """Write a text with the wildcards of a platform."""
    found = []
    for piece in pieces:
        if isinstance(piece, str):
            found.append(piece)
            continue
        sign = syntax.wildcards.get(piece.kind)
        if sign is None or (piece.limit and not syntax.limited):
            raise _cannot(syntax, f"the wildcard {piece.kind!r}")
        found.append(sign + (str(piece.limit) if piece.limit else ""))
    return "".join(found)


def _cannot(syntax: Syntax, what: str) -> DataError:
    return DataError(
        f"{syntax.title} cannot say {what}; use translate_text, which puts the nearest thing and"
        " names the loss"
    )


class _Writer:
    """Writes nodes of one platform; every nested group gets its parentheses."""

    def __init__(self, syntax: Syntax) -> None:
        self.syntax = syntax
        self.platform = syntax.platform

    def line(self, node: Node) -> str:
        """Write a whole line, with what can stand at its end or as a command only."""
        if isinstance(node, And) and self.platform == "ovid":
            command = self.ovid_limit(node)
            if command:
                return command
        if self.platform == "cochrane":
            return self.cochrane(node)
        return self.node(node)

    def ovid_limit(self, node: And) -> str:
        """``limit 5 to ...``, where everything but the first item is a limit."""
        first, *rest = node.items
        if not isinstance(first, LineRef) or not any(
            isinstance(i, DateRange | Limit) for i in rest
        ):
            return ""
        if len(rest) == 1 and isinstance(rest[0], Limit):
            if rest[0].name == "duplicates removed":
                return f"remove duplicates from {first.number}"
            if rest[0].name.startswith("database "):
                return f"{first.number} use {rest[0].name.removeprefix('database ')}"
        parts = []
        for item in rest:
            language = isinstance(item, Term) and item.fields == ("language",) and item.text
            if isinstance(item, DateRange):
                code = {
                    "published": "yr",
                    "created": "dt",
                    "entered": "ed",
                    "revised": "rd",
                    "indexed": "da",
                }[item.kind]
                start, end = item.start.replace("-", ""), item.end.replace("-", "")
                if code == "yr":
                    parts.append(f'yr="{start or 1800} -{end or "Current"}"')
                else:
                    parts.append(f"{code}={start or 18000101}-{end or 30001231}")
            elif isinstance(item, Limit):
                parts.append(item.name)
            elif language and language in LANGUAGES:
                parts.append(f"{language} language")
            else:
                return ""
        text = parts[0] if len(parts) == 1 else f"({' and '.join(parts)})"
        return f"limit {first.number} to {text}"

    def cochrane(self, node: Node) -> str:
        """Put the limits of the Cochrane Library where they stand: at the end of the line."""
        items = list(node.items) if isinstance(node, And) else [node]
        tail = ""
        if len(items) > 1 and isinstance(items[-1], Limit):
            name = items.pop()
            tail = f", {self.limit(name)}" if isinstance(name, Limit) else ""
        if len(items) > 1 and isinstance(items[-1], DateRange):
            date = items.pop()
            tail = (format_date(date, "cochrane") if isinstance(date, DateRange) else "") + tail
        if len(items) == 1:
            return self.node(items[0]) + tail
        return self.joined("AND", And(tuple(items)).items) + tail

    def node(self, node: Node, nested: bool = False) -> str:
        """Any node; in parentheses where it stands within another."""
        text, compound = self.text(node)
        return f"({text})" if nested and compound else text

    def text(self, node: Node) -> tuple[str, bool]:
        """Text of a node, and whether it needs parentheses within another."""
        if isinstance(node, Or):
            return self.alternatives(node)
        if isinstance(node, And):
            return self.joined("AND", node.items), True
        if isinstance(node, Not):
            word = "AND NOT" if self.platform == "scopus" else self.word("NOT")
            return f"{self.node(node.left, True)} {word} {self.node(node.right, True)}", True
        if isinstance(node, Term | Near):
            return self.fielded([node])
        if isinstance(node, Heading):
            return self.heading(node), False
        if isinstance(node, LineRef):
            return self.syntax.reference.format(n=node.number), False
        if isinstance(node, DateRange):
            return self.date(node), False
        return self.limit(node), False

    def word(self, operator: str) -> str:
        return operator.lower() if self.syntax.lower else operator

    def joined(self, operator: str, items: tuple[Node, ...]) -> str:
        return f" {self.word(operator)} ".join(self.node(item, True) for item in items)

    def alternatives(self, node: Or) -> tuple[str, bool]:
        """Neighbouring terms in the same fields share one code, lines in a row one reference."""
        refs = [item.number for item in node.items if isinstance(item, LineRef)]
        if len(refs) == len(node.items) > 2 and refs == list(range(refs[0], refs[-1] + 1)):
            if self.platform == "ovid":
                return f"or/{refs[0]}-{refs[-1]}", False
            if self.platform == "cochrane":
                return f"{{or #{refs[0]}-#{refs[-1]}}}", False
        parts: list[str] = []
        runs = [
            (fields, list(run)) for fields, run in groupby(node.items, key=lambda i: _shared(i))
        ]
        for fields, run in runs:
            if fields is None or len(run) == 1 or self.platform == "pubmed":
                parts.extend(self.node(item, len(node.items) > 1) for item in run)
            else:
                text, compound = self.fielded(run)
                parts.append(f"({text})" if compound and len(runs) > 1 else text)
        if len(parts) == 1 and len(runs) == 1 and runs[0][0] is not None:
            return self.fielded(runs[0][1]) if self.platform != "pubmed" else (parts[0], False)
        return f" {self.word('OR')} ".join(parts), True

    def fielded(self, items: list[Node]) -> tuple[str, bool]:
        """Terms and proximities that share their fields, with the codes of the fields."""
        first = items[0]
        if self.platform == "pubmed":
            return self.pubmed(first), False
        fields = fields_of(first)
        if fields is None:
            if isinstance(first, Term) and first.mapped:
                raise _cannot(self.syntax, f"the term {first.text!r} with automatic mapping")
            raise _cannot(self.syntax, "words of different fields in one proximity")
        bare = f" {self.word('OR')} ".join(self.bare(item, len(items) > 1) for item in items)
        compound = len(items) > 1 or isinstance(first, Near) or self.chain(first)
        if frozenset(fields) == self.syntax.untagged and self.platform not in _ALWAYS_CODED:
            return bare, compound
        tags = tags_for(fields, self.platform)
        if tags is None:
            raise _cannot(self.syntax, f"the field {', '.join(fields)}")
        group = f"({bare})" if compound else bare
        if self.platform == "ovid":
            return f"{group}.{','.join(tags)}.", False
        if self.platform in ("embase", "cochrane"):
            return f"{group}:{','.join(tags)}", False
        if self.platform == "proquest":
            return f"{','.join(tags)}({bare})", False
        forms = {
            "ebsco": "{tag} {group}",
            "wos": "{tag}=({bare})",
            "scopus": "{tag}({bare})",
        }
        parts = [forms[self.platform].format(tag=tag, group=group, bare=bare) for tag in tags]
        return f" {self.word('OR')} ".join(parts), len(parts) > 1

    def chain(self, node: Node) -> bool:
        """Whether a phrase is written with an operator, for want of wildcards in quotes."""
        return (
            self.platform == "cochrane"
            and isinstance(node, Term)
            and len(node.words) > 1
            and any(isinstance(piece, Wildcard) for piece in node.pieces)
        )

    def bare(self, node: Node, nested: bool = False) -> str:
        """Terms without fields."""
        if isinstance(node, Term):
            text = self.phrase(node)
            return f"({text})" if nested and self.chain(node) else text
        if isinstance(node, Near):
            text = f" {self.proximity(node)} ".join(self.bare(item, True) for item in node.items)
        elif isinstance(node, Or):
            word = self.word("OR")
            text = f" {word} ".join(self.bare(item, True) for item in node.items)
        else:
            raise _cannot(self.syntax, f"{type(node).__name__.upper()} in a proximity")
        return f"({text})" if nested else text

    def proximity(self, node: Near) -> str:
        syntax = self.syntax
        if node.ordered and node.between == 0 and syntax.next_adjacent:
            return syntax.next_adjacent
        form = syntax.next if node.ordered else syntax.near
        if not form:
            raise _cannot(syntax, "words in this order with others between")
        return form.format(n=node.between + syntax.offset)

    def phrase(self, node: Term) -> str:
        syntax = self.syntax
        if self.chain(node):
            words = [self.quoted(word, written(word, syntax)) for word in node.words]
            return f" {syntax.next_adjacent} ".join(words)
        if node.exact:
            if self.platform != "scopus":
                raise _cannot(syntax, f"the exact text {node.text!r}")
            return "{" + node.text + "}"
        return self.quoted(node.pieces, written(node.pieces, syntax))

    def quoted(self, pieces: tuple[Piece, ...], text: str) -> str:
        """Quotes where the platform needs them."""
        letters = "".join(piece for piece in pieces if isinstance(piece, str))
        odd = not all(_PLAIN_WORD.fullmatch(word) for word in letters.split())
        need = odd or bool(_RESERVED.search(text))
        if self.platform == "ovid":
            need = need or letters.isdigit()
        else:
            need = need or len(text.split()) > 1
        if self.platform == "ebsco":
            need = need or bool(re.fullmatch(r"[A-Z]{2}", text))
        if not need:
            return text
        sign = _quote(self.syntax, text)
        return f"{sign}{text}{sign}"

    def pubmed(self, node: Node) -> str:
        """PubMed names the field behind each term."""
        if isinstance(node, Near):
            fields = fields_of(node)
            words = [item for item in node.items if isinstance(item, Term)]
            single = all(len(word.words) == 1 for word in words)
            if node.ordered or len(words) < len(node.items) or fields is None or not single:
                raise _cannot(self.syntax, "this proximity")
            tags = tags_for(fields, "pubmed")
            if tags not in (("ti",), ("tiab",), ("ad",)) or any(
                isinstance(piece, Wildcard) for word in words for piece in word.pieces
            ):
                raise _cannot(self.syntax, "this proximity")
            text = " ".join(word.text for word in words)
            return f'"{text}"[{tags[0]}:~{node.between}]'
        if not isinstance(node, Term):
            raise _cannot(self.syntax, type(node).__name__)
        if node.exact:
            raise _cannot(self.syntax, f"the exact text {node.text!r}")
        text = written(node.pieces, self.syntax)
        if node.mapped:
            return text
        tags = tags_for(node.fields, "pubmed")
        if tags is None:
            raise _cannot(self.syntax, f"the field {', '.join(node.fields)}")
        shown = self.quoted(node.pieces, text)
        if len(tags) == 1:
            return f"{shown}[{tags[0]}]"
        return "(" + " OR ".join(f"{shown}[{tag}]" for tag in tags) + ")"

    def heading(self, node: Heading) -> str:
        """Write a heading, with explosion, main topic and subheadings in the platform's signs."""
        syntax, name, codes = self.syntax, node.name, node.subheadings
        if not syntax.headings or (node.major and not syntax.major):
            raise _cannot(syntax, f"the heading {name!r}")
        if self.platform == "ovid":
            plain = not _RESERVED.search(name) and re.fullmatch(r"[\w ,'-]+", name)
            shown = name if plain else f'"{name}"'
            start = ("exp " if node.explode else "") + ("*" if node.major else "")
            return f"{start}{shown}/{','.join(codes)}"
        if self.platform in ("pubmed", "proquest") and len(codes) > 1:
            each = [Heading(name, node.explode, node.major, (code,)) for code in codes]
            return "(" + " OR ".join(map(self.heading, each)) + ")"
        if self.platform == "pubmed":
            shown = f"{name}/{subheading_name(codes[0])}" if codes else name
            tag = ("majr" if node.major else "mh") + ("" if node.explode else ":noexp")
            return f'"{shown}"[{tag}]'
        if self.platform == "embase":
            tag = "/exp/mj" if node.explode and node.major else "/exp" if node.explode else "/de"
            tag = "/mj" if node.major and not node.explode else tag
            quote = _quote(syntax, name)
            return f"{quote}{name}{quote}{tag}" + (f"/{','.join(codes)}" if codes else "")
        if self.platform == "ebsco":
            shown = name + ("+" if node.explode else "") + "".join(f"/{c.upper()}" for c in codes)
            return f'{"MM" if node.major else "MH"} "{shown}"'
        if self.platform == "cochrane":
            shown = f'"{name}"' + (f"/{','.join(codes).upper()}" if codes else "")
            return f"[mh {'' if node.explode else '^'}{shown}]"
        shown = name + (f" -- {subheading_name(codes[0])}" if codes else "")
        tag = "MJMAINSUBJECT" if node.major else "MAINSUBJECT"
        return f'{tag}.EXACT{".EXPLODE" if node.explode else ""}("{shown}")'

    def date(self, node: DateRange) -> str:
        if node.kind not in self.syntax.dates or self.platform == "cochrane":
            raise _cannot(self.syntax, f"a date ({node.kind}) here")
        return format_date(node, self.platform)

    def limit(self, node: Limit) -> str:
        if self.platform == "embase":
            return f"[{node.name}]/lim"
        if self.platform == "cochrane" and node.name in COCHRANE_PLACES:
            return "in " + node.name[3:].title()
        raise _cannot(self.syntax, f"the limit {node.name!r}")


def _quote(syntax: Syntax, text: str) -> str:
    """Return the sign around a phrase; the other one where the text holds it."""
    return '"' if "'" in text else syntax.quote


def _shared(node: Node) -> tuple[str, ...] | None:
    """Fields by which a node may share a code with its neighbours."""
    if isinstance(node, Term | Near):
        return fields_of(node)
    return None
