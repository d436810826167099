"""A line of a query to its tree, by the precedence of its platform."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from evisynth.searches.commands import ovid_command, split_settings
from evisynth.searches.dates import read_prefix, read_range
from evisynth.searches.lexing import Token, lex, pieces_of
from evisynth.searches.platforms import SYNTAX
from evisynth.searches.problems import QuerySyntaxError, Severity, SyntaxProblem
from evisynth.searches.signatures import foreign, plain_signs
from evisynth.searches.special import heading_from
from evisynth.searches.syntax import VALUED, Platform, Tag
from evisynth.searches.tree import (
    And,
    Limit,
    LineRef,
    Near,
    Node,
    Not,
    Or,
    Span,
    Term,
    Wildcard,
    canonical,
    fields_of,
    leaves,
    rewrite_leaves,
)

__all__ = ["Mark", "Parsed", "parse_line", "parse_query"]


MOST_NESTED = 50
"""Parentheses within each other: far beyond any strategy, well within Python's stack."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place that lint has something to say about: what, where, and a word of it."""

    name: str
    start: int
    end: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A line that was read.

    Attributes
    ----------
    tree : Node or None
        The tree as written, with places; None where nothing could be read.
    problems : tuple of SyntaxProblem
        What is wrong.
    marks : tuple of Mark
        Places that are legal and may be unintended.
    """

    tree: Node | None
    problems: tuple[SyntaxProblem, ...] = ()
    marks: tuple[Mark, ...] = ()


def parse_query(text: str, platform: Platform, *, line: int = 1) -> Node:
    """Read one line; refuse what cannot be read.

    Parameters
    ----------
    text
        The line as it stands on the platform.
    platform
        Whose syntax it is in.
    line
        Its number, for messages.

    Returns
    -------
    Node
        The tree in canonical form.

    Raises
    ------
    QuerySyntaxError
        The line is no query of this platform; names column, what was expected and a repair.

    Examples
    --------
    >>> parse_query("(walk* adj3 speed).ti.", "ovid").between
    2
    >>> parse_query("walk* AND", "pubmed")
    Traceback (most recent call last):
        ...
    evisynth.searches.problems.QuerySyntaxError: PubMed, line 1, column 7: nothing follows AND;
    expected a term. Write what is to be combined, or take AND out
    """
    parsed = parse_line(text, platform, line=line)
    errors = [problem for problem in parsed.problems if problem.severity == "error"]
    if errors or parsed.tree is None:
        raise QuerySyntaxError(errors, SYNTAX[platform].title)
    return canonical(parsed.tree)


def parse_line(text: str, platform: Platform, *, line: int = 1) -> Parsed:
    """Read one line as far as it can be read, with all its problems.

    Examples
    --------
    >>> parsed = parse_line("(walk*[tiab] OR gait[tiab]", "pubmed")
    >>> parsed.problems[0].code, parsed.tree is None
    ('unbalanced-parenthesis', False)
    """
    return _Parser(text, platform, line).run()


class _Parser:
    """Recursive descent over the tokens of one line."""

    def __init__(self, text: str, platform: Platform, line: int) -> None:
        self.text = plain_signs(text)
        self.syntax = SYNTAX[platform]
        self.line = line
        self.problems: list[SyntaxProblem] = []
        self.marks: list[Mark] = []
        self.tokens: list[Token] = []
        self.at = 0
        self.groups: list[set[str]] = []
        self.valued = False

    def report(
        self,
        code: str,
        start: int,
        end: int,
        message: str,
        *,
        expected: str = "",
        repair: str = "",
        severity: Severity = "error",
    ) -> None:
        """Note a problem."""
        self.problems.append(
            SyntaxProblem(
                code, severity, self.line, start + 1, max(end, start + 1), message, expected, repair
            )
        )

    def mark(self, name: str, span: Span) -> None:
        self.marks.append(Mark(name, *span, self.text[span[0] : span[1]]))

    def run(self) -> Parsed:
        """Read the line."""
        text, extra = self.text, list[Node]()
        platform = self.syntax.platform
        for start, end, name in foreign(text, platform):
            self.report(
                "wrong-platform",
                start,
                end,
                f"{text[start:end].strip()!r} is {name}, not of {self.syntax.title}",
                expected=f"syntax of {self.syntax.title}",
                repair="Translate the line, or name the platform that it was written for.",
            )
        if platform == "ovid":
            command = ovid_command(text)
            if command:
                return Parsed(command)
        text, extra = split_settings(text, platform)
        if any(problem.code == "wrong-platform" for problem in self.problems):
            return Parsed(None, tuple(self.problems))
        self.tokens = list(lex(text, platform, self.report))
        tree = self.group(0) if self.tokens else None
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            self.report(
                "unbalanced-parenthesis",
                token.start,
                token.end,
                "this parenthesis closes nothing",
                expected="the end of the line",
                repair="Take it out, or open one where the group begins.",
            )
            if self.at < len(self.tokens):
                more = self.group(0)
                tree = And((tree, more)) if tree and more else tree or more
        if tree is None and not extra:
            if not self.problems:
                self.report(
                    "empty",
                    0,
                    len(text),
                    "the line is empty",
                    expected="a query",
                    repair="Write it, or leave the line out.",
                )
            return Parsed(None, tuple(self.problems), tuple(self.marks))
        if tree is not None and len(self.tokens) > 1 and self.whole_in_parentheses():
            self.mark("needless-parentheses", (0, len(text)))
        tree = self.finish(tree) if tree is not None else None
        parts = [node for node in (tree, *extra) if node is not None]
        whole = parts[0] if len(parts) == 1 else And(tuple(parts))
        return Parsed(whole, tuple(self.problems), tuple(self.marks))

    def whole_in_parentheses(self) -> bool:
        """Whether one pair of parentheses holds the whole line."""
        depth = 0
        for place, token in enumerate(self.tokens):
            depth += (token.kind == "(") - (token.kind == ")")
            if depth == 0:
                return place == len(self.tokens) - 1 and token.kind == ")"
        return False

    def peek(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def group(self, start: int) -> Node | None:
        """Everything up to the parenthesis that closes, or the end."""
        self.groups.append(set())
        node = self.level(0)
        used = self.groups.pop()
        if "or" in used and used & {"and", "not"}:
            last = self.tokens[self.at - 1].end if self.at else 0
            self.mark("mixed-operators", (start, last))
        return node

    def level(self, depth: int) -> Node | None:
        """Operators of one strength, from left to right."""
        if depth == len(self.syntax.levels):
            return self.unit()
        operators = self.syntax.levels[depth]
        left = self.level(depth + 1)
        grown: Node | None = None
        while True:
            token = self.peek()
            operator = self.operator(token)
            if token is None or operator not in operators:
                return left
            if left is None:
                self.missing(token, "before")
            implicit = token.kind not in ("op", "near")
            if not implicit:
                self.at += 1
            self.note_operator(operator, token, implicit)
            right = self.level(depth + 1)
            if right is None:
                self.missing(token, "after")
            elif left is None:
                left = right
            else:
                left = grown = self.combine(operator, token, left, right, left is grown)

    def note_operator(self, operator: str, token: Token, implicit: bool) -> None:
        if operator != "near" and self.groups:
            self.groups[-1].add(operator)
        span = (token.start, token.end)
        if implicit:
            self.mark("implicit-and", span)
        elif operator == "not":
            self.mark("not-operator", span)
        if token.kind == "op" and token.text != token.text.upper():
            self.mark("lower-operator", span)
        if token.kind == "op" and " " in token.text and self.syntax.platform != "scopus":
            self.mark("and-not", span)
        if (
            token.kind == "op"
            and token.text.casefold() == "not"
            and self.syntax.platform == "scopus"
        ):
            self.mark("bare-not", span)

    def operator(self, token: Token | None) -> str:
        """Operator that stands here; ``"and"`` between two operands side by side."""
        if token is None or token.kind == ")":
            return ""
        if token.kind == "op":
            word = token.text.casefold()
            return "not" if word.startswith("and ") else word
        return "near" if token.kind == "near" else "and"

    def missing(self, token: Token, side: str) -> None:
        word = token.text.upper() if token.kind == "op" else token.text
        verb = "follows" if side == "after" else "stands before"
        self.report(
            "missing-operand",
            token.start,
            token.end,
            f"nothing {verb} {word}",
            expected="a term",
            repair=f"Write what is to be combined, or take {word} out.",
        )

    def combine(self, operator: str, token: Token, left: Node, right: Node, grown: bool) -> Node:
        """Join two operands; a chain of one operator without parentheses becomes one node."""
        span = (left.span[0], right.span[1])
        if operator == "not":
            return Not(left, right, span)
        if operator == "near":
            return self.near(token, left, right, grown)
        kind = And if operator == "and" else Or
        if grown and isinstance(left, And | Or) and type(left) is kind:
            return kind((*left.items, right), span)
        return kind((left, right), span)

    def near(self, token: Token, left: Node, right: Node, grown: bool) -> Node:
        between, ordered = token.near
        span = (left.span[0], right.span[1])
        if self.syntax.platform == "ovid" and isinstance(right, Term) and right.fields:
            # The code behind the last word of a proximity is that of all its words.
            left = rewrite_leaves(left, lambda leaf: _tagged(leaf, frozenset(right.fields)))
        for side in (left, right):
            bad = next((leaf for leaf in leaves(side) if not isinstance(leaf, Term)), None)
            if bad is None and isinstance(side, And | Not):
                bad = side
            if bad is not None:
                self.report(
                    "proximity-operand",
                    *bad.span,
                    f"{token.text} takes words, phrases and alternatives of them only",
                    expected="a term, or terms joined by OR",
                    repair="Combine headings, lines and AND outside the proximity.",
                )
        same = isinstance(left, Near) and (left.between, left.ordered) == (between, ordered)
        if grown and same and isinstance(left, Near):
            return Near((*left.items, right), between, ordered, span)
        return Near((left, right), between, ordered, span)

    def unit(self) -> Node | None:
        """Read a term, a leaf or a group, with the field codes before and behind it."""
        token = self.peek()
        if token is None or token.kind in (")", "op", "near"):
            return None
        if token.kind == "prefix":
            return self.prefixed(token)
        self.at += 1
        if token.kind == "(":
            node = self.parenthesis(token)
        elif token.kind == "leaf":
            node = token.node
        elif token.kind == "suffix":
            self.report(
                "missing-operand",
                token.start,
                token.end,
                f"the field code {token.text!r} has no term before it",
                expected="a term",
                repair="Put the code directly behind the term.",
            )
            return None
        else:
            node = self.words(token)
        while node is not None and (mark := self.peek()) and mark.kind == "suffix":
            self.at += 1
            if token.kind == "(" and self.syntax.platform == "pubmed":
                self.report(
                    "field-on-group",
                    mark.start,
                    mark.end,
                    f"PubMed takes [{mark.text}] for a single term, not for a group",
                    expected="a field code behind each term",
                    repair=f"Write [{mark.text}] behind each term in the parentheses.",
                )
            node = self.apply(node, mark.tags, mark)
        return node

    def prefixed(self, token: Token) -> Node | None:
        """Read a field code and what it applies to."""
        self.at += 1
        following = self.peek()
        if following is None or following.kind in (")", "op"):
            self.report(
                "missing-operand",
                token.start,
                token.end,
                f"the field code {token.text!r} has no term behind it",
                expected="a term or a group",
                repair="Write what is to be searched in the field.",
            )
            return None
        outer = self.valued
        self.valued = any(tag.fields & VALUED for tag in token.tags)
        node = self.level(
            len(self.syntax.levels) - 1
            if self.syntax.platform == "ebsco"
            else len(self.syntax.levels)
        )
        self.valued = outer
        return self.apply(node, token.tags, token) if node is not None else None

    def parenthesis(self, token: Token) -> Node | None:
        opener = self.tokens[self.at - 2] if self.at >= 2 else None
        if len(self.groups) > MOST_NESTED:
            self.at = len(self.tokens)
            self.report(
                "nesting",
                token.start,
                token.end,
                f"more than {MOST_NESTED} parentheses within each other",
                expected="a query that people can read",
                repair="Split it into lines, and combine the lines.",
            )
            return None
        node = self.group(token.start)
        closing = self.peek()
        if closing is None:
            if any(problem.code == "nesting" for problem in self.problems):
                return node
            self.report(
                "unbalanced-parenthesis",
                token.start,
                token.end,
                "this parenthesis is not closed",
                expected="')'",
                repair="Close it where the group ends.",
            )
            return node
        self.at += 1
        if node is None:
            self.report(
                "empty-group",
                token.start,
                closing.end,
                "there is nothing in the parentheses",
                expected="a term",
                repair="Take the parentheses out, or fill them.",
            )
            return None
        follows = self.peek()
        fielded = (follows and follows.kind == "suffix") or (opener and opener.kind == "prefix")
        if not fielded and not isinstance(node, And | Or | Near | Not):
            self.mark("needless-parentheses", (token.start, closing.end))
        return node

    def words(self, token: Token) -> Node:
        """Read a word, or a run of words where the platform takes them as a phrase."""
        if token.kind == "braces":
            exact = self.syntax.platform == "scopus"
            pieces = (token.text,) if exact else pieces_of(token.text, self.syntax)
            return Term(pieces, exact=exact, quoted=True, span=(token.start, token.end))
        if token.kind == "quoted":
            pieces = pieces_of(token.text, self.syntax)
            if not token.text.strip():
                self.report(
                    "empty-group",
                    token.start,
                    token.end,
                    "there is nothing in the quotes",
                    expected="a phrase",
                    repair="Take the quotes out, or fill them.",
                )
            return Term(pieces, quoted=True, span=(token.start, token.end))
        run = [token]
        if self.syntax.implicit != "and" or self.valued:
            while (following := self.peek()) and following.kind == "word":
                run.append(following)
                self.at += 1
        span = (run[0].start, run[-1].end)
        text = " ".join(word.text for word in run)
        following = self.peek()
        tagged = following is not None and following.kind == "suffix"
        if self.syntax.platform == "ovid" and text.isdigit() and len(text) < 4 and not tagged:
            return LineRef(int(text), span)
        return Term(pieces_of(text, self.syntax), span=span)

    def apply(self, node: Node, tags: Iterable[Tag], token: Token) -> Node:
        """Put a node into fields; several codes are alternatives."""
        often = next((tag.often for tag in tags if tag.often), 0)
        if often:
            return And(
                (node, Limit(f"at least {often} times", (token.start, token.end))), node.span
            )
        fields = frozenset[str]().union(*(tag.fields for tag in tags))
        found = [
            self.apply_one(node, tag, token) for tag in tags if not tag.fields or tag.near >= 0
        ]
        plain = [tag for tag in tags if tag.fields and tag.near < 0]
        if plain:
            found.insert(0, rewrite_leaves(node, lambda leaf: _tagged(leaf, fields)))
        return found[0] if len(found) == 1 else Or(tuple(found), node.span)

    def apply_one(self, node: Node, tag: Tag, token: Token) -> Node:
        """Apply a code that is for headings, for dates, or holds a proximity."""
        platform = self.syntax.platform
        if tag.near >= 0:
            terms = [
                Term(word, tuple(tag.fields), span=node.span)
                for leaf in leaves(node)
                if isinstance(leaf, Term)
                for word in leaf.words
            ]
            if len(terms) < 2 or not isinstance(node, Term):
                self.report(
                    "proximity-operand",
                    *node.span,
                    "proximity of PubMed needs two or more words in quotes",
                    expected='"word word"[tiab:~2]',
                    repair="Put the words in one pair of quotes.",
                )
                return node
            if any(isinstance(piece, Wildcard) for word in terms for piece in word.pieces):
                self.report(
                    "truncation-in-proximity",
                    *node.span,
                    "proximity of PubMed cannot hold truncation",
                    expected="whole words",
                    repair="Write a proximity for each form of the word, joined by OR.",
                )
            return Near(tuple(terms), tag.near, False, node.span)

        def change(leaf: Node) -> Node:
            if isinstance(leaf, LineRef) and platform == "ovid":
                leaf = Term((str(leaf.number),), span=leaf.span)
            if not isinstance(leaf, Term) or leaf.fields:
                return leaf
            text = self.text[leaf.span[0] : leaf.span[1]].strip("\"'")
            if tag.heading is not None:
                heading = heading_from(text, *tag.heading, platform, leaf.span)
                if platform == "pubmed" and heading.name.endswith("+"):
                    self.report(
                        "wrong-platform",
                        *leaf.span,
                        f"{heading.name!r}: the plus sign is of EBSCOhost; PubMed finds nothing",
                        expected="the heading without a sign; [mh] explodes by itself",
                        repair=f'Write "{heading.name.rstrip("+")}"[mh].',
                    )
                subheadings = token.text if platform == "embase" and token.kind == "suffix" else ""
                return replace(
                    heading,
                    subheadings=tuple(filter(None, subheadings.split(","))) or heading.subheadings,
                )
            date = read_range(text, tag.date) if tag.date else None
            if date is None and tag.date and platform == "ovid":
                date = read_prefix(text, tag.date)
            if date is not None:
                return replace(date, span=leaf.span)
            self.report(
                "date",
                *leaf.span,
                f"{text!r} is no date or range of dates",
                expected="a year, a day, or a range of them",
                repair="Write dates in full; a limit such as 'last 5 years' cannot be repeated.",
            )
            return replace(leaf, fields=("unread date",))

        return rewrite_leaves(node, change)

    def finish(self, node: Node) -> Node:
        """Put what has no field into the fields that the platform takes."""
        syntax = self.syntax

        def change(leaf: Node) -> Node:
            if not isinstance(leaf, Term) or leaf.fields:
                return leaf
            self.mark("untagged", leaf.span)
            wild = any(isinstance(piece, Wildcard) for piece in leaf.pieces)
            mapped = syntax.implicit == "mapping" and not leaf.quoted and not wild
            return replace(leaf, fields=tuple(sorted(syntax.untagged)), mapped=mapped)

        node = rewrite_leaves(node, change)
        self.check_near(node)
        return node

    def check_near(self, node: Node) -> None:
        """Check that the words of a proximity have to be in the same fields."""
        if isinstance(node, Near) and fields_of(node) is None:
            if all(isinstance(leaf, Term) for leaf in leaves(node)):
                self.report(
                    "proximity-fields",
                    *node.span,
                    "the words of a proximity are in different fields",
                    expected="one field for all of them",
                    repair="Put the field code behind the closing parenthesis.",
                )
        elif isinstance(node, And | Or | Near):
            for item in node.items:
                self.check_near(item)
        elif isinstance(node, Not):
            self.check_near(node.left)
            self.check_near(node.right)


def _tagged(leaf: Node, fields: frozenset[str]) -> Node:
    if isinstance(leaf, LineRef):
        leaf = Term((str(leaf.number),), span=leaf.span)
    if isinstance(leaf, Term) and not leaf.fields:
        return replace(leaf, fields=tuple(sorted(fields)))
    return leaf
