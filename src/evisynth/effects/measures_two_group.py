"""Effect measures of two arms, of 2x2 tables and of person-time; and estimates as given."""

from __future__ import annotations

from evisynth.effects.estimates import Scale
from evisynth.effects.measure_type import Measure
from evisynth.effects.measures_means import MEANS
from evisynth.effects.measures_tables import TABLES

__all__ = ["TWO_GROUP"]

TWO_GROUP: tuple[Measure, ...] = (
    *MEANS,
    *TABLES,
    Measure(
        name="GEN",
        scale=Scale("identity", 0.0, "Effect", "Effect"),
        sources=("estimate",),
        kernel=None,
        formulas={"given": "precision as given"},
        words="effect estimates as given",
    ),
)
"""Entries of `evisynth.effects.measures.MEASURES`."""
