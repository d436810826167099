"""Effect measures: outcome data to effect estimates.

The room is also its own front door: ``evisynth.effects(table, measure="SMD")`` calls
`evisynth.effects.effects`.
"""

import inspect
import sys
from types import ModuleType

from evisynth.effects.continuous import hedges_correction
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
from evisynth.effects.front import effects
from evisynth.effects.measures import MEASURES, Measure, find_measure

__all__ = [
    "MEASURES",
    "Distribution",
    "EffectEstimates",
    "Measure",
    "Scale",
    "effects",
    "find_measure",
    "hedges_correction",
    "sd_from_ci",
    "sd_from_p",
    "sd_from_se",
    "sd_from_t",
    "sd_of_difference",
    "se_from_ci",
    "se_from_p",
    "se_from_t",
]


class _Room(ModuleType):
    """A module that can be called, so that `evisynth.effects` is both the room and its door."""

    __call__ = staticmethod(effects)


sys.modules[__name__].__class__ = _Room
__signature__ = inspect.signature(effects)
