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
    from evisynth.synthesis import influence as influence
    from evisynth.synthesis import leave_one_out as leave_one_out
    from evisynth.synthesis import meta_regression as meta_regression
    from evisynth.synthesis import pool as pool
    from evisynth.synthesis import subgroups as subgroups
    from evisynth.synthesis import trim_and_fill as trim_and_fill

__version__ = "0.1.0"

_ROOMS = ("datasets", "effects", "figures")
"""Rooms that are names of the front door themselves (`evisynth.effects` can be called)."""

_NAMES = {
    "Review": "review",
    "asymmetry_test": "synthesis",
    "cumulative": "synthesis",
    "influence": "synthesis",
    "leave_one_out": "synthesis",
    "meta_regression": "synthesis",
    "pool": "synthesis",
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
    "effects",
    "figures",
    "influence",
    "leave_one_out",
    "meta_regression",
    "pool",
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
