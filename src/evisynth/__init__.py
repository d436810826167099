"""Evisynth: systematic reviews with meta-analysis, from the protocol to the document."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evisynth import datasets as datasets
    from evisynth import figures as figures
    from evisynth.effects import effects as effects
    from evisynth.review import Review as Review
    from evisynth.synthesis import asymmetry_test as asymmetry_test
    from evisynth.synthesis import cumulative as cumulative
    from evisynth.synthesis import e_values as e_values
    from evisynth.synthesis import excess_test as excess_test
    from evisynth.synthesis import fail_safe as fail_safe
    from evisynth.synthesis import glmm as glmm
    from evisynth.synthesis import impute_covariances as impute_covariances
    from evisynth.synthesis import influence as influence
    from evisynth.synthesis import leave_one_out as leave_one_out
    from evisynth.synthesis import likelihood_ratio_test as likelihood_ratio_test
    from evisynth.synthesis import mantel_haenszel as mantel_haenszel
    from evisynth.synthesis import meta_regression as meta_regression
    from evisynth.synthesis import multilevel as multilevel
    from evisynth.synthesis import pet_peese as pet_peese
    from evisynth.synthesis import peto as peto
    from evisynth.synthesis import pool as pool
    from evisynth.synthesis import robust as robust
    from evisynth.synthesis import robust_regression as robust_regression
    from evisynth.synthesis import selection_model as selection_model
    from evisynth.synthesis import small_study_test as small_study_test
    from evisynth.synthesis import subgroups as subgroups
    from evisynth.synthesis import trim_and_fill as trim_and_fill

__version__ = "0.1.0"

_ROOMS = ("datasets", "effects", "figures")
"""Rooms that are names of the front door themselves (`evisynth.effects` can be called)."""

_NAMES = {
    "Review": "review",
    "asymmetry_test": "synthesis",
    "cumulative": "synthesis",
    "e_values": "synthesis",
    "excess_test": "synthesis",
    "fail_safe": "synthesis",
    "glmm": "synthesis",
    "impute_covariances": "synthesis",
    "influence": "synthesis",
    "leave_one_out": "synthesis",
    "likelihood_ratio_test": "synthesis",
    "mantel_haenszel": "synthesis",
    "meta_regression": "synthesis",
    "multilevel": "synthesis",
    "pet_peese": "synthesis",
    "peto": "synthesis",
    "pool": "synthesis",
    "robust": "synthesis",
    "robust_regression": "synthesis",
    "selection_model": "synthesis",
    "small_study_test": "synthesis",
    "subgroups": "synthesis",
    "trim_and_fill": "synthesis",
}
"""Names of the front door and the room that each comes from; loaded when first used."""

__all__ = [
    "Review",
    "__version__",
    "asymmetry_test",
    "cumulative",
    "datasets",
    "e_values",
    "effects",
    "excess_test",
    "fail_safe",
    "figures",
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
    "robust",
    "robust_regression",
    "selection_model",
    "small_study_test",
    "subgroups",
    "trim_and_fill",
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
