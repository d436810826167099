"""Forest plots."""

from evisynth.figures.forest.front import forest

__all__ = ["forest"]
