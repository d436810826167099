"""Effect measures: outcome data to effect estimates."""

from evisynth.effects.estimates import (
    EffectEstimates,
    Scale,
)

__all__ = [
    "EffectEstimates",
    "Scale",
]
