"""Deduplication: which records are of the same report, why, and where a person must look."""

from evisynth.deduplication.index import DeduplicationIndex, deduplicate
from evisynth.deduplication.linkage import splink_settings
from evisynth.deduplication.match import Reason, Weights
from evisynth.deduplication.merge import Work, separate, works
from evisynth.deduplication.result import DeduplicationResult, PairEvidence, Relation
from evisynth.deduplication.vetoes import Veto

__all__ = [
    "DeduplicationIndex",
    "DeduplicationResult",
    "PairEvidence",
    "Reason",
    "Relation",
    "Veto",
    "Weights",
    "Work",
    "deduplicate",
    "separate",
    "splink_settings",
    "works",
]
