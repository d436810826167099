"""Statistics on arrays: kernels that take a batch of meta-analyses and return frozen results."""

from evisynth.stats.absolute_deviations import (
    AbsoluteHeterogeneity,
    absolute_heterogeneity,
    weighted_median,
)
from evisynth.stats.asymmetry import (
    LineFit,
    RankCorrelation,
    egger_line,
    kendall,
    rank_correlation,
)
from evisynth.stats.batch import Batch, as_batch
from evisynth.stats.copas import RHO_BOUND, CopasFits, copas_log_likelihood, fit_copas
from evisynth.stats.covariances import (
    STRUCTURES,
    SamplingCovariance,
    Structure,
    StructureKind,
    correlated_errors,
)
from evisynth.stats.custom_weights import WeightedFit, fit_weighted
from evisynth.stats.distributions import (
    chi2_cdf,
    chi2_quantile,
    chi2_tail,
    f_tail,
    normal_log_tail,
    normal_quantile,
    t_cdf,
    t_quantile,
    two_sided_p,
)
from evisynth.stats.glmm_models import CountLikelihood, CountModel, fit_count_model
from evisynth.stats.henmi_copas import HenmiCopasInterval, henmi_copas_interval
from evisynth.stats.heterogeneity import (
    Tau2Estimate,
    Tau2Method,
    estimate_tau2,
    generalized_q,
)
from evisynth.stats.influence import InfluenceMeasures, influence_measures, leave_one_out_batch
from evisynth.stats.influence_regression import RegressionInfluenceMeasures, regression_influence
from evisynth.stats.intervals import REASONS, Tau2Interval, q_profile
from evisynth.stats.kenward_roger import KenwardRogerCovariance, kenward_roger_regression
from evisynth.stats.kernel import (
    PermutedRegressions,
    flip_batch,
    pool_ragged,
    regress_permutations,
    subset_batch,
)
from evisynth.stats.likelihood import FitCriteria, fit_criteria, log_likelihood
from evisynth.stats.limit_analysis import LimitLines, limit_lines
from evisynth.stats.location_scale import LocationScaleModel, ScaleLink, fit_location_scale
from evisynth.stats.location_scale_limits import ScaleLimits, scale_limits
from evisynth.stats.mantel_haenszel import (
    CountTest,
    association_test,
    homogeneity_tests,
    mantel_haenszel_batch,
    q_around,
)
from evisynth.stats.many import (
    COMPILED_CELLS,
    GROUP_REASONS,
    GroupFits,
    compiled_pays,
    join_groups,
    pool_groups,
)
from evisynth.stats.multilevel import MultilevelModel, VarianceParameter, fit_multilevel
from evisynth.stats.multilevel_blocks import Marginal, independent_blocks
from evisynth.stats.multilevel_parts import Component, Intercepts, Structured
from evisynth.stats.multilevel_stored import multilevel_parts_of, multilevel_restored
from evisynth.stats.option_checks import (
    check_count,
    check_flag,
    check_level,
    check_name,
    check_number,
    check_share,
    is_number,
)
from evisynth.stats.p_curve import PCurveTests, Statistic, p_curve_tests
from evisynth.stats.p_uniform import PUniform, PUniformStar, p_uniform_fit, p_uniform_star_fit
from evisynth.stats.peto import observed_minus_expected, peto_batch
from evisynth.stats.pooling import (
    PooledBatch,
    inconsistency,
    pool_batch,
    prediction_interval,
    weights_percent,
)
from evisynth.stats.power import (
    conditional_power_of,
    heterogeneity_power,
    mean_power,
    noncentral_power,
    weighted_chi2_tail,
)
from evisynth.stats.predictive import (
    KenwardRoger,
    NagashimaDistribution,
    kenward_roger,
    nagashima_distribution,
    shrunken_quantiles,
)
from evisynth.stats.redundancy import independent_columns, variance_inflation
from evisynth.stats.regression import (
    CoefficientTest,
    RegressionBatch,
    check_rank,
    regress_batch,
    wald_test,
)
from evisynth.stats.resampling import (
    arrangements,
    count_arrangements,
    draw_subsets,
    membership_of,
    resampling_blocks,
    sign_flips,
)
from evisynth.stats.resampling_intervals import (
    BootstrapLimits,
    BootstrapMethod,
    bootstrap_limits,
    jackknife_acceleration,
    permutation_limits,
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
from evisynth.stats.selection_limits import SelectionLimits, selection_limits
from evisynth.stats.sequential import (
    SPENDING,
    SequentialBounds,
    Spending,
    crossing_probabilities,
    sequential_bounds,
    spent,
)
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
from evisynth.stats.splines import (
    bspline_basis,
    harrell_knots,
    natural_spline_basis,
    orthogonal_polynomial,
    polynomial_basis,
    quantile_knots,
    restricted_cubic_basis,
)
from evisynth.stats.study_effects import (
    Residuals,
    Shrunken,
    coefficient_form,
    residuals_of,
    shrink,
)
from evisynth.stats.tau2_intervals import (
    INTERVAL_KINDS,
    IntervalKind,
    Tau2Limits,
    tau2_interval,
)
from evisynth.stats.tau2_moments import (
    GeneralizedQ,
    estimate_tau2_weighted,
    generalized_q_of,
)
from evisynth.stats.tau2_quadratic import FormTails, quadratic_form_tails
from evisynth.stats.trim_and_fill import MissingStudies, trim_and_fill_rank

__all__ = [
    "COMPILED_CELLS",
    "GROUP_REASONS",
    "INTERVAL_KINDS",
    "REASONS",
    "RHO_BOUND",
    "ROBUST_KINDS",
    "SELECTION_TYPES",
    "SPENDING",
    "STRUCTURES",
    "AbsoluteHeterogeneity",
    "Alternative",
    "Batch",
    "BootstrapLimits",
    "BootstrapMethod",
    "CoefficientTest",
    "Component",
    "CopasFits",
    "CountLikelihood",
    "CountModel",
    "CountTest",
    "ExcessTest",
    "FailSafeMethod",
    "FitCriteria",
    "FormTails",
    "GeneralizedQ",
    "GroupFits",
    "HenmiCopasInterval",
    "InfluenceMeasures",
    "Intercepts",
    "IntervalKind",
    "KenwardRoger",
    "KenwardRogerCovariance",
    "LimitLines",
    "LineFit",
    "LocationScaleModel",
    "Marginal",
    "MissingStudies",
    "MultilevelModel",
    "NagashimaDistribution",
    "PCurveTests",
    "PUniform",
    "PUniformStar",
    "PermutedRegressions",
    "PooledBatch",
    "RankCorrelation",
    "RegressionBatch",
    "RegressionInfluenceMeasures",
    "Residuals",
    "RobustCovariance",
    "RobustKind",
    "SamplingCovariance",
    "ScaleLimits",
    "ScaleLink",
    "SelectionFit",
    "SelectionLimits",
    "SelectionProblem",
    "SelectionType",
    "SequentialBounds",
    "Shrunken",
    "Spending",
    "Statistic",
    "Structure",
    "StructureKind",
    "Structured",
    "Tau2Estimate",
    "Tau2Interval",
    "Tau2Limits",
    "Tau2Method",
    "VarianceParameter",
    "WeightedFit",
    "WeightedLine",
    "absolute_heterogeneity",
    "arrangements",
    "as_batch",
    "association_test",
    "bootstrap_limits",
    "bspline_basis",
    "check_count",
    "check_flag",
    "check_level",
    "check_name",
    "check_number",
    "check_rank",
    "check_share",
    "chi2_cdf",
    "chi2_quantile",
    "chi2_tail",
    "coefficient_form",
    "compiled_pays",
    "conditional_power_of",
    "copas_log_likelihood",
    "correlated_errors",
    "count_arrangements",
    "crossing_probabilities",
    "draw_subsets",
    "e_value",
    "egger_line",
    "estimate_tau2",
    "estimate_tau2_weighted",
    "excess_significance",
    "f_tail",
    "fail_safe_n",
    "fit_copas",
    "fit_correlated",
    "fit_count_model",
    "fit_criteria",
    "fit_hierarchical",
    "fit_location_scale",
    "fit_multilevel",
    "fit_selection",
    "fit_weighted",
    "flip_batch",
    "generalized_q",
    "generalized_q_of",
    "harrell_knots",
    "henmi_copas_interval",
    "heterogeneity_power",
    "homogeneity_tests",
    "inconsistency",
    "independent_blocks",
    "independent_columns",
    "influence_measures",
    "interval_counts",
    "is_number",
    "jackknife_acceleration",
    "join_groups",
    "kendall",
    "kenward_roger",
    "kenward_roger_regression",
    "leave_one_out_batch",
    "limit_effect",
    "limit_lines",
    "log_likelihood",
    "mantel_haenszel_batch",
    "mean_power",
    "membership_of",
    "multilevel_parts_of",
    "multilevel_restored",
    "nagashima_distribution",
    "natural_spline_basis",
    "noncentral_power",
    "normal_log_tail",
    "normal_quantile",
    "observed_minus_expected",
    "orthogonal_polynomial",
    "p_curve_tests",
    "p_uniform_fit",
    "p_uniform_star_fit",
    "permutation_limits",
    "peto_batch",
    "polynomial_basis",
    "pool_batch",
    "pool_groups",
    "pool_ragged",
    "prediction_interval",
    "q_around",
    "q_profile",
    "quadratic_form_tails",
    "quantile_knots",
    "rank_correlation",
    "regress_batch",
    "regress_permutations",
    "regression_influence",
    "resampling_blocks",
    "residuals_of",
    "restricted_cubic_basis",
    "robust_covariance",
    "scale_limits",
    "score_and_information",
    "selection_limits",
    "selection_log_likelihood",
    "sequential_bounds",
    "shrink",
    "shrunken_quantiles",
    "sign_flips",
    "spent",
    "subset_batch",
    "t_cdf",
    "t_quantile",
    "tau2_interval",
    "trim_and_fill_rank",
    "two_sided_p",
    "variance_inflation",
    "wald_test",
    "weighted_chi2_tail",
    "weighted_line",
    "weighted_median",
    "weights_percent",
]
