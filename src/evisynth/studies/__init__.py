"""Studies, their reports and characteristics."""

from evisynth.studies.reading import check_reports, read_retrievals, read_studies
from evisynth.studies.study import (
    Field,
    Retrieval,
    Study,
)

__all__ = [
    "Field",
    "Retrieval",
    "Study",
    "check_reports",
    "read_retrievals",
    "read_studies",
]
