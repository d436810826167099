"""Studies, their reports and characteristics."""

from evisynth.studies.study import (
    Field,
    Retrieval,
    Study,
)

__all__ = [
    "Field",
    "Retrieval",
    "Study",
]
