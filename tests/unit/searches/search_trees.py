"""Random trees, as hypothesis draws them."""

from __future__ import annotations

from hypothesis import strategies as st

from evisynth.searches import (
    And,
    DateKind,
    DateRange,
    Heading,
    Limit,
    LineRef,
    Near,
    Node,
    Not,
    Or,
    Platform,
    Term,
    Wildcard,
    canonical,
)

WORDS = st.sampled_from(
    ["walk", "gait", "speed", "step-count", "mood", "state", "CD4", "or", "and", "near", "with",
     "adj3", "N3", "TI", "s1", "12", "2010", "Parkinson's", "24/7", "p.o", "exp", "in", "limit"]
)  # fmt: skip
WILD = st.one_of(
    st.just(Wildcard("any")),
    st.builds(Wildcard, st.just("any"), st.integers(1, 5)),
    st.just(Wildcard("one")),
    st.just(Wildcard("optional")),
)
FIELDS = st.sampled_from(
    [("title",), ("abstract", "title"), ("abstract", "author keywords", "title"),
     ("heading words",), ("any field",), ("multi-purpose",), ("text word",), ("full text",),
     ("text word and headings",), ("author keywords",), ("keywords plus",), ("substance",),
     ("abstract", "author keywords", "heading words", "title"),
     ("abstract", "author keywords", "keywords plus", "title"), ("multi-purpose", "title"),
     ("original title",), ("doi",), ("affiliation",), ("floating subheading",)]
)  # fmt: skip


@st.composite
def pieces(draw: st.DrawFn) -> tuple[str | Wildcard, ...]:
    """One to three words, some with a wildcard."""
    found: list[str | Wildcard] = []
    for number in range(draw(st.integers(1, 3))):
        if number:
            found.append(" ")
        found.append(draw(WORDS))
        if draw(st.integers(0, 3)) == 0:
            found.append(draw(WILD))
            if draw(st.booleans()):
                found.append(draw(st.sampled_from(["n", "rs", "ed"])))
    return tuple(found)


@st.composite
def terms(draw: st.DrawFn, fields: tuple[str, ...] | None = None) -> Term:
    """A term, in given fields or any."""
    return Term(draw(pieces()), fields or draw(FIELDS))


@st.composite
def nears(draw: st.DrawFn, depth: int = 1) -> Near:
    """A proximity of terms, alternatives and at times another proximity."""
    fields = draw(FIELDS)

    def item(level: int) -> Node:
        kind = draw(st.integers(0, 5))
        if kind == 0:
            return Or(tuple(draw(st.lists(terms(fields), min_size=2, max_size=3))))
        if kind == 1 and level:
            return Near((item(0), item(0)), draw(st.integers(0, 4)), draw(st.booleans()))
        return draw(terms(fields))

    items = tuple(item(depth) for _ in range(draw(st.integers(2, 3))))
    return Near(items, draw(st.integers(0, 6)), draw(st.booleans()))


YEAR = st.integers(1950, 2030).map(str)
MONTH = st.builds("{}-{:02}".format, YEAR, st.integers(1, 12))
DAY = st.builds("{}-{:02}-{:02}".format, YEAR, st.integers(1, 12), st.integers(1, 28))


@st.composite
def dates(draw: st.DrawFn) -> DateRange:
    """A range of dates, open at an end at times."""
    form = draw(st.sampled_from([YEAR, YEAR, MONTH, DAY]))
    start, end = sorted((draw(form), draw(form)))
    kinds: list[DateKind] = ["published", "entered", "created", "indexed", "revised"]
    opening = draw(st.integers(0, 3))
    return DateRange(
        draw(st.sampled_from(kinds)), "" if opening == 1 else start, "" if opening == 2 else end
    )


HEADINGS = st.builds(
    Heading,
    st.sampled_from(["Depression", "Wounds and Injuries", "Neoplasms, Second Primary",
                     "Alzheimer's Disease", "Quality of Life"]),
    st.booleans(),
    st.booleans(),
    st.lists(st.sampled_from(["dt", "th", "px"]), max_size=2, unique=True).map(tuple),
)  # fmt: skip


@st.composite
def other_leaves(draw: st.DrawFn) -> Node:
    """A heading, date, limit, reference, language or publication type."""
    kind = draw(st.integers(0, 6))
    if kind <= 1:
        return draw(HEADINGS)
    if kind == 2:
        return draw(dates())
    if kind == 3:
        return LineRef(draw(st.integers(1, 40)))
    if kind == 4:
        return Limit(draw(st.sampled_from(["humans", "in trials", "full text"])))
    if kind == 5:
        return Term((draw(st.sampled_from(["english", "french"])),), ("language",))
    return Term(("clinical trial",), ("publication type",))


def _grow(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    groups = st.lists(children, min_size=2, max_size=4).map(tuple)
    return st.one_of(
        st.builds(And, groups), st.builds(Or, groups), st.builds(Not, children, children)
    )


TREES: st.SearchStrategy[Node] = st.recursive(
    st.one_of(terms(), terms(), nears(), other_leaves()), _grow, max_leaves=8
).map(canonical)
PLATFORM: st.SearchStrategy[Platform] = st.sampled_from(
    ["ovid", "pubmed", "embase", "ebsco", "proquest", "wos", "scopus", "cochrane"]
)
