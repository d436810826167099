"""Random states of a review: items of all kinds, with histories of several acts."""

from __future__ import annotations

from hypothesis import strategies as st

from evisynth.review import KINDS, Column, Kind

__all__ = ["ACTS", "PUT"]

NASTY = st.sampled_from(
    ["", "a", "A", "é", "e\u0301", "x,y", 'say "no"', "two\nlines", "a\r\nb", " edge ", "=1+1", "0",
     "1e5", "NaN", "true", "null", "'", "\\", "%s", "\u202e", "医師", "🧪", "a\x00b", "\ufeffb",
     "line\u2028sep", "-", "#", "x" * 300, "a;b", "\t"]
)  # fmt: skip
TEXT = NASTY | st.text(max_size=12)
PART = st.sampled_from(
    ["r1", "r2", "R1", "é", "a b", "x,y", 'q"q', "10", "9", "ada", "=1", "#", "医"]
)


def cell(column: Column) -> st.SearchStrategy[object]:
    if column.allowed:
        return st.sampled_from(column.allowed)
    if column.type == "integer":
        return st.integers(-(10**12), 10**12)
    if column.type == "number":
        return st.floats(allow_nan=False, allow_infinity=False)
    if column.type == "boolean":
        return st.booleans()
    return PART if column.required else TEXT


def key(kind: Kind) -> st.SearchStrategy[tuple[str, ...]]:
    if kind.name == "text":
        return st.sampled_from([("texts/discussion.md",), ("README.md",), ("extraction/end.csv",)])
    if kind.name == "plan":
        return st.just(("review.toml",))
    parts = [
        st.sampled_from(made.allowed) if made.allowed
        else PART if made.required
        else st.just("") | PART
        for made in kind.key
    ]  # fmt: skip
    return st.tuples(*parts)


def value(kind: Kind) -> st.SearchStrategy[dict[str, object]]:
    needed = {made.name: cell(made) for made in kind.value if made.required}
    others = {made.name: cell(made) for made in kind.value if not made.required}
    made = st.fixed_dictionaries(needed, optional=others)
    if not kind.open:
        return made
    further = st.dictionaries(
        st.sampled_from(["year", "country", "1.1", "D1_reason", "a,b", 'c"d', "Ä"]),
        TEXT,
        max_size=3,
    )
    return st.builds(lambda one, two: one | two, made, further)


# `file` and `table` follow from files: they are not written by themselves
WRITTEN = [kind for kind in KINDS.values() if kind.name not in ("file", "table")]

PUT = st.sampled_from(WRITTEN).flatmap(
    lambda kind: st.tuples(st.just(kind.name), key(kind), st.none() | value(kind))
)
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["ada", "ben", "Çelik"]), st.text(max_size=6), st.lists(PUT, max_size=6)
    ),
    max_size=8,
)
