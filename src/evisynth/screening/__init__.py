"""Decisions at each stage, the states they come to, and agreement."""

from evisynth.screening.decisions import (
    Decision,
    RecordState,
    Stage,
    StageName,
    Verdict,
)
from evisynth.screening.reading import check_full_text, read_decisions
from evisynth.screening.resolving import Agreement, agreement, resolve

__all__ = [
    "Agreement",
    "Decision",
    "RecordState",
    "Stage",
    "StageName",
    "Verdict",
    "agreement",
    "check_full_text",
    "read_decisions",
    "resolve",
]
