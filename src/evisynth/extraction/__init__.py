"""Outcome data as extracted from reports."""

from evisynth.extraction.kinds import FACTS, KINDS, KindRules, OutcomeTable, enough
from evisynth.extraction.outcome_data import (
    DataKind,
    Outcome,
    OutcomeRow,
)
from evisynth.extraction.reading import check_duplicate_rows, read_outcome_rows

__all__ = [
    "FACTS",
    "KINDS",
    "DataKind",
    "KindRules",
    "Outcome",
    "OutcomeRow",
    "OutcomeTable",
    "check_duplicate_rows",
    "enough",
    "read_outcome_rows",
]
