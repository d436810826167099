"""Models over effect estimates."""

from evisynth.synthesis.results import (
    AsymmetryTest,
    Cumulative,
    FitOptions,
    HeterogeneityTest,
    Influence,
    LeaveOneOut,
    MetaRegression,
    PooledFit,
    Subgroup,
    SubgroupAnalysis,
    TrimAndFill,
)

__all__ = [
    "AsymmetryTest",
    "Cumulative",
    "FitOptions",
    "HeterogeneityTest",
    "Influence",
    "LeaveOneOut",
    "MetaRegression",
    "PooledFit",
    "Subgroup",
    "SubgroupAnalysis",
    "TrimAndFill",
]
