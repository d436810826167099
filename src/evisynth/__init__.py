"""Evisynth: systematic reviews with meta-analysis, from the protocol to the document."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evisynth import certainty as certainty
    from evisynth import datasets as datasets
    from evisynth import figures as figures
    from evisynth.effects import adjust_for_clusters as adjust_for_clusters
    from evisynth.effects import aggregate as aggregate
    from evisynth.effects import combine_arms as combine_arms
    from evisynth.effects import convert as convert
    from evisynth.effects import covariances as covariances
    from evisynth.effects import dependent_correlations as dependent_correlations
    from evisynth.effects import effects as effects
    from evisynth.effects import fill_cells as fill_cells
    from evisynth.effects import fill_statistics as fill_statistics
    from evisynth.effects import fill_variances as fill_variances
    from evisynth.effects import number_needed_to_treat as number_needed_to_treat
    from evisynth.effects import paired_differences as paired_differences
    from evisynth.effects import shared_arm_covariances as shared_arm_covariances
    from evisynth.effects import split_shared_arm as split_shared_arm
    from evisynth.effects import transform_effects as transform_effects
    from evisynth.review import Review as Review
    from evisynth.synthesis import albatross as albatross
    from evisynth.synthesis import asymmetry_test as asymmetry_test
    from evisynth.synthesis import baujat as baujat
    from evisynth.synthesis import bootstrap as bootstrap
    from evisynth.synthesis import compare as compare
    from evisynth.synthesis import conditional_power as conditional_power
    from evisynth.synthesis import contrasts as contrasts
    from evisynth.synthesis import copas as copas
    from evisynth.synthesis import cumulative as cumulative
    from evisynth.synthesis import diversity as diversity
    from evisynth.synthesis import drapery as drapery
    from evisynth.synthesis import e_values as e_values
    from evisynth.synthesis import excess_test as excess_test
    from evisynth.synthesis import fail_safe as fail_safe
    from evisynth.synthesis import fit_statistics as fit_statistics
    from evisynth.synthesis import from_json as from_json
    from evisynth.synthesis import funnel_contours as funnel_contours
    from evisynth.synthesis import glmm as glmm
    from evisynth.synthesis import gosh as gosh
    from evisynth.synthesis import henmi_copas as henmi_copas
    from evisynth.synthesis import heterogeneity as heterogeneity
    from evisynth.synthesis import impute_covariances as impute_covariances
    from evisynth.synthesis import influence as influence
    from evisynth.synthesis import information_size as information_size
    from evisynth.synthesis import labbe as labbe
    from evisynth.synthesis import leave_one_out as leave_one_out
    from evisynth.synthesis import likelihood_ratio_test as likelihood_ratio_test
    from evisynth.synthesis import limit_meta_analysis as limit_meta_analysis
    from evisynth.synthesis import location_scale as location_scale
    from evisynth.synthesis import mantel_haenszel as mantel_haenszel
    from evisynth.synthesis import meta_regression as meta_regression
    from evisynth.synthesis import model_matrices as model_matrices
    from evisynth.synthesis import model_search as model_search
    from evisynth.synthesis import multilevel as multilevel
    from evisynth.synthesis import multiverse as multiverse
    from evisynth.synthesis import p_curve as p_curve
    from evisynth.synthesis import p_uniform as p_uniform
    from evisynth.synthesis import permutation_test as permutation_test
    from evisynth.synthesis import pet_peese as pet_peese
    from evisynth.synthesis import peto as peto
    from evisynth.synthesis import planned_variance as planned_variance
    from evisynth.synthesis import pool as pool
    from evisynth.synthesis import pool_many as pool_many
    from evisynth.synthesis import power as power
    from evisynth.synthesis import predict as predict
    from evisynth.synthesis import prediction_intervals as prediction_intervals
    from evisynth.synthesis import predictive_probability as predictive_probability
    from evisynth.synthesis import profile as profile
    from evisynth.synthesis import profile_limits as profile_limits
    from evisynth.synthesis import qq_normal as qq_normal
    from evisynth.synthesis import radial as radial
    from evisynth.synthesis import required_studies as required_studies
    from evisynth.synthesis import residuals as residuals
    from evisynth.synthesis import robust as robust
    from evisynth.synthesis import robust_regression as robust_regression
    from evisynth.synthesis import selection_model as selection_model
    from evisynth.synthesis import sequential as sequential
    from evisynth.synthesis import small_study_test as small_study_test
    from evisynth.synthesis import specification_test as specification_test
    from evisynth.synthesis import study_effects as study_effects
    from evisynth.synthesis import subgroups as subgroups
    from evisynth.synthesis import to_json as to_json
    from evisynth.synthesis import trim_and_fill as trim_and_fill
    from evisynth.synthesis import vif as vif

__version__ = "0.1.0"

_ROOMS = ("certainty", "datasets", "effects", "figures")
"""Rooms that are names of the front door themselves (`evisynth.effects` can be called)."""

_NAMES = {
    "Review": "review",
    "adjust_for_clusters": "effects",
    "aggregate": "effects",
    "albatross": "synthesis",
    "asymmetry_test": "synthesis",
    "baujat": "synthesis",
    "bootstrap": "synthesis",
    "combine_arms": "effects",
    "compare": "synthesis",
    "conditional_power": "synthesis",
    "contrasts": "synthesis",
    "convert": "effects",
    "copas": "synthesis",
    "covariances": "effects",
    "cumulative": "synthesis",
    "dependent_correlations": "effects",
    "diversity": "synthesis",
    "drapery": "synthesis",
    "e_values": "synthesis",
    "excess_test": "synthesis",
    "fail_safe": "synthesis",
    "fill_cells": "effects",
    "fill_statistics": "effects",
    "fill_variances": "effects",
    "fit_statistics": "synthesis",
    "from_json": "synthesis",
    "funnel_contours": "synthesis",
    "glmm": "synthesis",
    "gosh": "synthesis",
    "henmi_copas": "synthesis",
    "heterogeneity": "synthesis",
    "impute_covariances": "synthesis",
    "influence": "synthesis",
    "information_size": "synthesis",
    "labbe": "synthesis",
    "leave_one_out": "synthesis",
    "likelihood_ratio_test": "synthesis",
    "limit_meta_analysis": "synthesis",
    "location_scale": "synthesis",
    "mantel_haenszel": "synthesis",
    "meta_regression": "synthesis",
    "model_matrices": "synthesis",
    "model_search": "synthesis",
    "multilevel": "synthesis",
    "multiverse": "synthesis",
    "number_needed_to_treat": "effects",
    "p_curve": "synthesis",
    "p_uniform": "synthesis",
    "paired_differences": "effects",
    "permutation_test": "synthesis",
    "pet_peese": "synthesis",
    "peto": "synthesis",
    "planned_variance": "synthesis",
    "pool": "synthesis",
    "pool_many": "synthesis",
    "power": "synthesis",
    "predict": "synthesis",
    "prediction_intervals": "synthesis",
    "predictive_probability": "synthesis",
    "profile": "synthesis",
    "profile_limits": "synthesis",
    "qq_normal": "synthesis",
    "radial": "synthesis",
    "required_studies": "synthesis",
    "residuals": "synthesis",
    "robust": "synthesis",
    "robust_regression": "synthesis",
    "selection_model": "synthesis",
    "sequential": "synthesis",
    "shared_arm_covariances": "effects",
    "small_study_test": "synthesis",
    "specification_test": "synthesis",
    "split_shared_arm": "effects",
    "study_effects": "synthesis",
    "subgroups": "synthesis",
    "to_json": "synthesis",
    "transform_effects": "effects",
    "trim_and_fill": "synthesis",
    "vif": "synthesis",
}
"""Names of the front door and the room that each comes from; loaded when first used."""

__all__ = [
    "Review",
    "__version__",
    "adjust_for_clusters",
    "aggregate",
    "albatross",
    "asymmetry_test",
    "baujat",
    "bootstrap",
    "certainty",
    "combine_arms",
    "compare",
    "conditional_power",
    "contrasts",
    "convert",
    "copas",
    "covariances",
    "cumulative",
    "datasets",
    "dependent_correlations",
    "diversity",
    "drapery",
    "e_values",
    "effects",
    "excess_test",
    "fail_safe",
    "figures",
    "fill_cells",
    "fill_statistics",
    "fill_variances",
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
    "number_needed_to_treat",
    "p_curve",
    "p_uniform",
    "paired_differences",
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
    "required_studies",
    "residuals",
    "robust",
    "robust_regression",
    "selection_model",
    "sequential",
    "shared_arm_covariances",
    "small_study_test",
    "specification_test",
    "split_shared_arm",
    "study_effects",
    "subgroups",
    "to_json",
    "transform_effects",
    "trim_and_fill",
    "vif",
]


def __getattr__(name: str) -> Any:
    """Load a name of the front door when it is first used."""
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    if name in _NAMES:
        value = getattr(import_module(f"{__name__}.{_NAMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
