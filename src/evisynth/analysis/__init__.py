"""The plan of analyses, and what it came to."""

from evisynth.analysis.plan import AnalysisPlan, SubgroupPlan
from evisynth.analysis.results import AnalysisResult, WithoutOutliers
from evisynth.analysis.run import OUTLIER_RULES, run_analyses, run_analysis
from evisynth.analysis.table import analysis_table, at_timepoint, select_rows

__all__ = [
    "OUTLIER_RULES",
    "AnalysisPlan",
    "AnalysisResult",
    "SubgroupPlan",
    "WithoutOutliers",
    "analysis_table",
    "at_timepoint",
    "run_analyses",
    "run_analysis",
    "select_rows",
]
