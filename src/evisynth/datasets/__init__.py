"""Data sets that come with Evisynth: real numbers, each with its source."""

from evisynth.datasets.loading import DatasetCard, describe, list_names, load

__all__ = ["DatasetCard", "describe", "list_names", "load"]
