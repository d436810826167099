"""One function for each act of a reviewer. Nothing here prints: progress goes to a callback."""

from evisynth.actions.analyze import AnalyzeOptions, AnalyzeResult, analyze_table
from evisynth.actions.check import CheckReport, Finding, Moved, check_review
from evisynth.actions.new import NewReview, new_review
from evisynth.actions.progress import Progress
from evisynth.actions.run import FORMATS, AnalysisLine, RunSummary, run_review
from evisynth.actions.status import Status, review_status

__all__ = [
    "FORMATS",
    "AnalysisLine",
    "AnalyzeOptions",
    "AnalyzeResult",
    "CheckReport",
    "Finding",
    "Moved",
    "NewReview",
    "Progress",
    "RunSummary",
    "Status",
    "analyze_table",
    "check_review",
    "new_review",
    "review_status",
    "run_review",
]
