"""Evisynth: systematic reviews with meta-analysis, from the protocol to the document."""

__version__ = "0.1.0"
