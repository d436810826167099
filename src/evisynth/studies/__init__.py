"""Studies, their reports and characteristics."""

from evisynth.studies.joining import (
    RetrievalState,
    SameAs,
    StudyChange,
    choose_main_report,
    join_reports,
    retrieval_states,
    same_as,
    split_reports,
)
from evisynth.studies.reading import check_reports, read_retrievals, read_studies
from evisynth.studies.report_matching import KnownReport, ReportMatch, match_report
from evisynth.studies.study import (
    Field,
    Retrieval,
    RetrievalStatus,
    Study,
)

__all__ = [
    "Field",
    "KnownReport",
    "ReportMatch",
    "Retrieval",
    "RetrievalState",
    "RetrievalStatus",
    "SameAs",
    "Study",
    "StudyChange",
    "check_reports",
    "choose_main_report",
    "join_reports",
    "match_report",
    "read_retrievals",
    "read_studies",
    "retrieval_states",
    "same_as",
    "split_reports",
]
