"""Effect measures: outcome data to effect estimates.

The room is also its own front door: ``evisynth.effects(table, measure="SMD")`` calls
`evisynth.effects.effects`.
"""

import inspect
import sys
from types import ModuleType

from evisynth.effects.aggregation import aggregate
from evisynth.effects.clusters import adjust_for_clusters
from evisynth.effects.columns import is_tabular
from evisynth.effects.continuous import hedges_correction
from evisynth.effects.converting import (
    ConvertedValues,
    convert,
    convert_values,
)
from evisynth.effects.correlated_correlations import DependentCorrelations, dependent_correlations
from evisynth.effects.covariance_blocks import Covariances, nearest_positive_definite
from evisynth.effects.delta_method import transform_effects
from evisynth.effects.dependence import covariances
from evisynth.effects.dispersion import (
    Distribution,
    sd_from_ci,
    sd_from_p,
    sd_from_se,
    sd_from_t,
    sd_of_difference,
    se_from_ci,
    se_from_p,
    se_from_t,
)
from evisynth.effects.estimates import EffectEstimates, Scale
from evisynth.effects.filling import fill_statistics
from evisynth.effects.front import effects
from evisynth.effects.measures import MEASURES, Measure, find_measure
from evisynth.effects.missing_statistics import (
    cells_from_margins,
    combine_groups,
    correlation_from_sds,
    pooled_sd,
    sd_from_adjusted_se,
    sd_from_f,
    sd_of_change,
    se_from_chi2,
    se_from_z,
)
from evisynth.effects.multi_arm import combine_arms, split_shared_arm
from evisynth.effects.numbers_needed import NumbersNeeded, number_needed_to_treat
from evisynth.effects.paired import paired_differences
from evisynth.effects.prepared import PreparedTable
from evisynth.effects.quantile_estimates import QuantileEstimates, mean_sd_from_quantiles
from evisynth.effects.recovering import fill_cells, fill_variances
from evisynth.effects.role_type import Role
from evisynth.effects.roles import ROLES
from evisynth.effects.shared_arms import shared_arm_covariances
from evisynth.effects.transformations import TRANSFORMATIONS, Transformation

__all__ = [
    "MEASURES",
    "ROLES",
    "TRANSFORMATIONS",
    "ConvertedValues",
    "Covariances",
    "DependentCorrelations",
    "Distribution",
    "EffectEstimates",
    "Measure",
    "NumbersNeeded",
    "PreparedTable",
    "QuantileEstimates",
    "Role",
    "Scale",
    "Transformation",
    "adjust_for_clusters",
    "aggregate",
    "cells_from_margins",
    "combine_arms",
    "combine_groups",
    "convert",
    "convert_values",
    "correlation_from_sds",
    "covariances",
    "dependent_correlations",
    "effects",
    "fill_cells",
    "fill_statistics",
    "fill_variances",
    "find_measure",
    "hedges_correction",
    "is_tabular",
    "mean_sd_from_quantiles",
    "nearest_positive_definite",
    "number_needed_to_treat",
    "paired_differences",
    "pooled_sd",
    "sd_from_adjusted_se",
    "sd_from_ci",
    "sd_from_f",
    "sd_from_p",
    "sd_from_se",
    "sd_from_t",
    "sd_of_change",
    "sd_of_difference",
    "se_from_chi2",
    "se_from_ci",
    "se_from_p",
    "se_from_t",
    "se_from_z",
    "shared_arm_covariances",
    "split_shared_arm",
    "transform_effects",
]


class _Room(ModuleType):
    """A module that can be called, so that `evisynth.effects` is both the room and its door."""

    __call__ = staticmethod(effects)


sys.modules[__name__].__class__ = _Room
__signature__ = inspect.signature(effects)
