"""The plan of analyses, and what it came to."""

from evisynth.analysis.plan import (
    AnalysisPlan,
    SubgroupPlan,
)
from evisynth.analysis.results import (
    AnalysisResult,
    WithoutOutliers,
)

__all__ = [
    "AnalysisPlan",
    "AnalysisResult",
    "SubgroupPlan",
    "WithoutOutliers",
]
