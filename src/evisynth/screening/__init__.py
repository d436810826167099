"""Decisions at each stage, the states they come to, and agreement."""

from evisynth.screening.decisions import (
    Decision,
    RecordState,
    Stage,
    StageName,
    Verdict,
)

__all__ = [
    "Decision",
    "RecordState",
    "Stage",
    "StageName",
    "Verdict",
]
