"""Statistics on arrays: kernels that take a batch of meta-analyses and return frozen results."""

from evisynth.stats.asymmetry import (
    LineFit,
    RankCorrelation,
    egger_line,
    kendall,
    rank_correlation,
)
from evisynth.stats.batch import Batch, as_batch
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
from evisynth.stats.heterogeneity import (
    Tau2Estimate,
    Tau2Method,
    estimate_tau2,
    generalized_q,
)
from evisynth.stats.influence import InfluenceMeasures, influence_measures, leave_one_out_batch
from evisynth.stats.intervals import REASONS, Tau2Interval, q_profile
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
from evisynth.stats.trim_and_fill import MissingStudies, trim_and_fill_rank

__all__ = [
    "REASONS",
    "Batch",
    "CoefficientTest",
    "InfluenceMeasures",
    "LineFit",
    "MissingStudies",
    "PooledBatch",
    "RankCorrelation",
    "RegressionBatch",
    "Tau2Estimate",
    "Tau2Interval",
    "Tau2Method",
    "as_batch",
    "check_rank",
    "chi2_cdf",
    "chi2_quantile",
    "chi2_tail",
    "egger_line",
    "estimate_tau2",
    "f_tail",
    "generalized_q",
    "inconsistency",
    "influence_measures",
    "kendall",
    "leave_one_out_batch",
    "normal_log_tail",
    "normal_quantile",
    "pool_batch",
    "prediction_interval",
    "q_profile",
    "rank_correlation",
    "regress_batch",
    "t_quantile",
    "trim_and_fill_rank",
    "two_sided_p",
    "wald_test",
    "weights_percent",
]
