"""Models over effect estimates."""

from evisynth.synthesis.counts import mantel_haenszel
from evisynth.synthesis.counts_glmm import glmm
from evisynth.synthesis.counts_peto import peto
from evisynth.synthesis.counts_results import CountFit, NamedTest
from evisynth.synthesis.fitting import pool
from evisynth.synthesis.missing_evidence import asymmetry_test, trim_and_fill
from evisynth.synthesis.multilevel_covariances import impute_covariances, read_covariances
from evisynth.synthesis.multilevel_fitting import likelihood_ratio_test, multilevel
from evisynth.synthesis.multilevel_results import (
    MultilevelFit,
    MultilevelOptions,
    RandomEffects,
    VarianceComponent,
)
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
from evisynth.synthesis.robust_fitting import robust, robust_regression
from evisynth.synthesis.robust_results import RobustFit, WorkingModel
from evisynth.synthesis.selection import SelectionModel, selection_model
from evisynth.synthesis.sensitivity import cumulative, influence, leave_one_out
from evisynth.synthesis.small_study import PetPeese, pet_peese, small_study_test
from evisynth.synthesis.small_study_excess import (
    EValue,
    ExcessResult,
    FailSafeResult,
    e_values,
    excess_test,
    fail_safe,
)
from evisynth.synthesis.subgroup_analysis import subgroups

__all__ = [
    "AsymmetryTest",
    "CountFit",
    "Cumulative",
    "EValue",
    "ExcessResult",
    "FailSafeResult",
    "FitOptions",
    "HeterogeneityTest",
    "Influence",
    "LeaveOneOut",
    "MetaRegression",
    "MultilevelFit",
    "MultilevelOptions",
    "NamedTest",
    "PetPeese",
    "PooledFit",
    "RandomEffects",
    "RobustFit",
    "SelectionModel",
    "Subgroup",
    "SubgroupAnalysis",
    "TrimAndFill",
    "VarianceComponent",
    "WorkingModel",
    "asymmetry_test",
    "cumulative",
    "e_values",
    "excess_test",
    "fail_safe",
    "fit_options",
    "glmm",
    "impute_covariances",
    "influence",
    "leave_one_out",
    "likelihood_ratio_test",
    "mantel_haenszel",
    "meta_regression",
    "multilevel",
    "pet_peese",
    "peto",
    "pool",
    "read_covariances",
    "robust",
    "robust_regression",
    "selection_model",
    "small_study_test",
    "subgroups",
    "trim_and_fill",
]
