"""Records, search sources, and readers of exports."""

from evisynth.records.record import (
    Record,
    SearchSource,
    SourceKind,
)

__all__ = [
    "Record",
    "SearchSource",
    "SourceKind",
]
