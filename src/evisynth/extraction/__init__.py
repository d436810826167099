"""Outcome data as extracted from reports."""

from evisynth.extraction.outcome_data import (
    DataKind,
    Outcome,
    OutcomeRow,
)

__all__ = [
    "DataKind",
    "Outcome",
    "OutcomeRow",
]
