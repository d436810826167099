"""Statistics on arrays: kernels that take a batch of meta-analyses and return frozen results."""

from evisynth.stats.asymmetry import (
    LineFit,
    RankCorrelation,
    egger_line,
    kendall,
    rank_correlation,
)
from evisynth.stats.batch import Batch, as_batch
from evisynth.stats.covariances import (
    STRUCTURES,
    SamplingCovariance,
    Structure,
    StructureKind,
    correlated_errors,
)
from evisynth.stats.distributions import (
    chi2_cdf,
    chi2_quantile,
    chi2_tail,
    f_tail,
    normal_log_tail,
    normal_quantile,
    t_quantile,
    two_sided_p,
)
from evisynth.stats.glmm_models import CountLikelihood, CountModel, fit_count_model
from evisynth.stats.heterogeneity import (
    Tau2Estimate,
    Tau2Method,
    estimate_tau2,
    generalized_q,
)
from evisynth.stats.influence import InfluenceMeasures, influence_measures, leave_one_out_batch
from evisynth.stats.intervals import REASONS, Tau2Interval, q_profile
from evisynth.stats.mantel_haenszel import (
    CountTest,
    association_test,
    homogeneity_tests,
    mantel_haenszel_batch,
    q_around,
)
from evisynth.stats.multilevel import MultilevelModel, VarianceParameter, fit_multilevel
from evisynth.stats.multilevel_blocks import Marginal, independent_blocks
from evisynth.stats.multilevel_parts import Component, Intercepts, Structured
from evisynth.stats.peto import observed_minus_expected, peto_batch
from evisynth.stats.pooling import (
    PooledBatch,
    inconsistency,
    pool_batch,
    prediction_interval,
    weights_percent,
)
from evisynth.stats.regression import (
    CoefficientTest,
    RegressionBatch,
    check_rank,
    regress_batch,
    wald_test,
)
from evisynth.stats.robust import ROBUST_KINDS, RobustCovariance, RobustKind, robust_covariance
from evisynth.stats.robust_working import fit_correlated, fit_hierarchical
from evisynth.stats.selection import (
    SELECTION_TYPES,
    SelectionProblem,
    SelectionType,
    interval_counts,
    selection_log_likelihood,
)
from evisynth.stats.selection_fit import SelectionFit, fit_selection
from evisynth.stats.small_study import (
    Alternative,
    ExcessTest,
    FailSafeMethod,
    WeightedLine,
    e_value,
    excess_significance,
    fail_safe_n,
    limit_effect,
    score_and_information,
    weighted_line,
)
from evisynth.stats.trim_and_fill import MissingStudies, trim_and_fill_rank

__all__ = [
    "REASONS",
    "ROBUST_KINDS",
    "SELECTION_TYPES",
    "STRUCTURES",
    "Alternative",
    "Batch",
    "CoefficientTest",
    "Component",
    "CountLikelihood",
    "CountModel",
    "CountTest",
    "ExcessTest",
    "FailSafeMethod",
    "InfluenceMeasures",
    "Intercepts",
    "LineFit",
    "Marginal",
    "MissingStudies",
    "MultilevelModel",
    "PooledBatch",
    "RankCorrelation",
    "RegressionBatch",
    "RobustCovariance",
    "RobustKind",
    "SamplingCovariance",
    "SelectionFit",
    "SelectionProblem",
    "SelectionType",
    "Structure",
    "StructureKind",
    "Structured",
    "Tau2Estimate",
    "Tau2Interval",
    "Tau2Method",
    "VarianceParameter",
    "WeightedLine",
    "as_batch",
    "association_test",
    "check_rank",
    "chi2_cdf",
    "chi2_quantile",
    "chi2_tail",
    "correlated_errors",
    "e_value",
    "egger_line",
    "estimate_tau2",
    "excess_significance",
    "f_tail",
    "fail_safe_n",
    "fit_correlated",
    "fit_count_model",
    "fit_hierarchical",
    "fit_multilevel",
    "fit_selection",
    "generalized_q",
    "homogeneity_tests",
    "inconsistency",
    "independent_blocks",
    "influence_measures",
    "interval_counts",
    "kendall",
    "leave_one_out_batch",
    "limit_effect",
    "mantel_haenszel_batch",
    "normal_log_tail",
    "normal_quantile",
    "observed_minus_expected",
    "peto_batch",
    "pool_batch",
    "prediction_interval",
    "q_around",
    "q_profile",
    "rank_correlation",
    "regress_batch",
    "robust_covariance",
    "score_and_information",
    "selection_log_likelihood",
    "t_quantile",
    "trim_and_fill_rank",
    "two_sided_p",
    "wald_test",
    "weighted_line",
    "weights_percent",
]
