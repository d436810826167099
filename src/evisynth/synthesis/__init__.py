"""Models over effect estimates."""

from evisynth.synthesis.bootstrapping import Bootstrap, bootstrap
from evisynth.synthesis.collinearity import VarianceInflation, vif
from evisynth.synthesis.comparisons import ModelComparison, compare, likelihood_ratio_test
from evisynth.synthesis.contrasts import Contrasts, contrasts
from evisynth.synthesis.copas_fitting import copas
from evisynth.synthesis.copas_results import CopasModel
from evisynth.synthesis.counts import mantel_haenszel
from evisynth.synthesis.counts_glmm import glmm
from evisynth.synthesis.counts_peto import peto
from evisynth.synthesis.counts_regression_results import CountRegression
from evisynth.synthesis.counts_results import CountFit, NamedTest
from evisynth.synthesis.curve_results import Albatross, Drapery, FunnelContours, LikelihoodProfile
from evisynth.synthesis.diagnostic_curves import albatross, drapery, funnel_contours, profile
from evisynth.synthesis.diagnostic_results import Baujat, Labbe, NormalQuantiles, Radial
from evisynth.synthesis.diagnostics import baujat, labbe, qq_normal, radial
from evisynth.synthesis.fitting import pool
from evisynth.synthesis.gosh_fits import Gosh, gosh
from evisynth.synthesis.heterogeneity_table import (
    Heterogeneity,
    HeterogeneityMeasure,
    heterogeneity,
)
from evisynth.synthesis.influence_regression import RegressionInfluence
from evisynth.synthesis.likelihood_limits import ProfileLimits, profile_limits
from evisynth.synthesis.limit_fitting import LimitMetaAnalysis, limit_meta_analysis
from evisynth.synthesis.location_scale import location_scale
from evisynth.synthesis.location_scale_results import LocationScale, LocationScaleOptions
from evisynth.synthesis.many import pool_many
from evisynth.synthesis.many_results import PooledMany
from evisynth.synthesis.missing_evidence import asymmetry_test, trim_and_fill
from evisynth.synthesis.model_search import ModelSearch, model_search
from evisynth.synthesis.multilevel_covariances import impute_covariances, read_covariances
from evisynth.synthesis.multilevel_fitting import multilevel
from evisynth.synthesis.multilevel_results import (
    MultilevelFit,
    MultilevelOptions,
    RandomEffects,
    VarianceComponent,
)
from evisynth.synthesis.multiverse_fitting import multiverse, specification_test
from evisynth.synthesis.multiverse_results import Multiverse, SpecificationCurve, SpecificationTest
from evisynth.synthesis.options import FitOptions, FurtherOptions, fit_options
from evisynth.synthesis.p_value_methods import p_curve, p_uniform, read_statistic
from evisynth.synthesis.p_value_results import PCurve, PUniformResult
from evisynth.synthesis.permutation import permutation_test
from evisynth.synthesis.permutation_results import PermutationTest
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.power_information import diversity, information_size
from evisynth.synthesis.power_planning import (
    conditional_power,
    planned_variance,
    power,
    required_studies,
)
from evisynth.synthesis.power_results import (
    ConditionalPower,
    InformationSize,
    PowerResult,
    RequiredStudies,
)
from evisynth.synthesis.predictions import Predictions, predict
from evisynth.synthesis.predictive import (
    HenmiCopas,
    PredictionInterval,
    PredictionIntervals,
    PredictiveProbability,
    henmi_copas,
    prediction_intervals,
    predictive_probability,
)
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
from evisynth.synthesis.selection import selection_model
from evisynth.synthesis.selection_results import SelectionModel
from evisynth.synthesis.sensitivity import cumulative, influence, leave_one_out
from evisynth.synthesis.sequential_analysis import sequential
from evisynth.synthesis.sequential_results import SequentialAnalysis
from evisynth.synthesis.serialization import from_json, to_json
from evisynth.synthesis.small_study import PetPeese, pet_peese, small_study_test
from evisynth.synthesis.small_study_excess import (
    EValue,
    ExcessResult,
    FailSafeResult,
    e_values,
    excess_test,
    fail_safe,
)
from evisynth.synthesis.study_estimates import (
    FitStatistics,
    ModelMatrices,
    StudyEffects,
    StudyResiduals,
    fit_statistics,
    model_matrices,
    residuals,
    study_effects,
)
from evisynth.synthesis.subgroup_analysis import subgroups

__all__ = [
    "Albatross",
    "AsymmetryTest",
    "Baujat",
    "Bootstrap",
    "ConditionalPower",
    "Contrasts",
    "CopasModel",
    "CountFit",
    "CountRegression",
    "Cumulative",
    "Drapery",
    "EValue",
    "ExcessResult",
    "FailSafeResult",
    "FitOptions",
    "FitStatistics",
    "FunnelContours",
    "FurtherOptions",
    "Gosh",
    "HenmiCopas",
    "Heterogeneity",
    "HeterogeneityMeasure",
    "HeterogeneityTest",
    "Influence",
    "InformationSize",
    "Labbe",
    "LeaveOneOut",
    "LikelihoodProfile",
    "LimitMetaAnalysis",
    "LocationScale",
    "LocationScaleOptions",
    "MetaRegression",
    "ModelComparison",
    "ModelMatrices",
    "ModelSearch",
    "MultilevelFit",
    "MultilevelOptions",
    "Multiverse",
    "NamedTest",
    "NormalQuantiles",
    "PCurve",
    "PUniformResult",
    "PermutationTest",
    "PetPeese",
    "PooledFit",
    "PooledMany",
    "PowerResult",
    "PredictionInterval",
    "PredictionIntervals",
    "Predictions",
    "PredictiveProbability",
    "ProfileLimits",
    "Radial",
    "RandomEffects",
    "RegressionInfluence",
    "RequiredStudies",
    "RobustFit",
    "SelectionModel",
    "SequentialAnalysis",
    "SpecificationCurve",
    "SpecificationTest",
    "StudyEffects",
    "StudyResiduals",
    "Subgroup",
    "SubgroupAnalysis",
    "TrimAndFill",
    "VarianceComponent",
    "VarianceInflation",
    "WorkingModel",
    "albatross",
    "asymmetry_test",
    "baujat",
    "bootstrap",
    "compare",
    "conditional_power",
    "contrasts",
    "copas",
    "cumulative",
    "diversity",
    "drapery",
    "e_values",
    "excess_test",
    "fail_safe",
    "fit_options",
    "fit_statistics",
    "from_json",
    "funnel_contours",
    "glmm",
    "gosh",
    "henmi_copas",
    "heterogeneity",
    "impute_covariances",
    "influence",
    "information_size",
    "labbe",
    "leave_one_out",
    "likelihood_ratio_test",
    "limit_meta_analysis",
    "location_scale",
    "mantel_haenszel",
    "meta_regression",
    "model_matrices",
    "model_search",
    "multilevel",
    "multiverse",
    "p_curve",
    "p_uniform",
    "permutation_test",
    "pet_peese",
    "peto",
    "planned_variance",
    "pool",
    "pool_many",
    "power",
    "predict",
    "prediction_intervals",
    "predictive_probability",
    "profile",
    "profile_limits",
    "qq_normal",
    "radial",
    "read_covariances",
    "read_statistic",
    "required_studies",
    "residuals",
    "robust",
    "robust_regression",
    "selection_model",
    "sequential",
    "small_study_test",
    "specification_test",
    "study_effects",
    "subgroups",
    "to_json",
    "trim_and_fill",
    "vif",
]
