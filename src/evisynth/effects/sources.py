"""The ways in which a row of a table may give its numbers, by name.

The registry joins the tuples of several modules (see `evisynth.effects.measures`).
"""

from __future__ import annotations

from evisynth.effects.source_type import (
    Reading,
    Source,
    computed_words,
    need_words,
    remark_words,
)
from evisynth.effects.sources_one_group import ONE_GROUP
from evisynth.effects.sources_two_group import TWO_GROUP

__all__ = [
    "SOURCES",
    "Reading",
    "Source",
    "computed_words",
    "need_words",
    "remark_words",
]

SOURCES: dict[str, Source] = {source.name: source for source in (*TWO_GROUP, *ONE_GROUP)}
"""Ways to give the numbers of a row, by name."""

if len(SOURCES) != len(TWO_GROUP) + len(ONE_GROUP):  # pragma: no cover - a mistake in code
    raise AssertionError("two sources have the same name")
