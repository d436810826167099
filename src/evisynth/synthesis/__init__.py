"""Models over effect estimates."""

from evisynth.synthesis.fitting import pool
from evisynth.synthesis.missing_evidence import asymmetry_test, trim_and_fill
from evisynth.synthesis.options import FitOptions, fit_options
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.regression import meta_regression
from evisynth.synthesis.results import (
    AsymmetryTest,
    Cumulative,
    HeterogeneityTest,
    Influence,
    LeaveOneOut,
    MetaRegression,
    Subgroup,
    SubgroupAnalysis,
    TrimAndFill,
)
from evisynth.synthesis.sensitivity import cumulative, influence, leave_one_out
from evisynth.synthesis.subgroup_analysis import subgroups

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
    "asymmetry_test",
    "cumulative",
    "fit_options",
    "influence",
    "leave_one_out",
    "meta_regression",
    "pool",
    "subgroups",
    "trim_and_fill",
]
