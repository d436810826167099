"""Prioritized screening: the order of reading, and what can be said of the recall reached."""

from evisynth.prioritization.language_model import (
    Confusion,
    LocalModel,
    ModelAnswer,
    confusion_matrix,
    rank_by_answers,
)
from evisynth.prioritization.metrics import OrderMetrics, order_metrics
from evisynth.prioritization.prioritizer import Corpus, Prioritizer, Ranking
from evisynth.prioritization.registry import GROUP, Part, part, parts_of, registered
from evisynth.prioritization.safe import SafeCheck, SafeItem, safe_check
from evisynth.prioritization.sample import SampleLimit, draw_sample, sample_limit, sample_size
from evisynth.prioritization.simulation import (
    Replay,
    Simulation,
    draw_priors,
    replay_stopping,
    simulate,
)
from evisynth.prioritization.statement import AiUseStatement, RankingFacts, ai_use_statement
from evisynth.prioritization.stopping import (
    Consecutive,
    Hypergeometric,
    RecallCurve,
    StoppingStatement,
    first_met,
    recall_curve,
    stopping_statement,
)
from evisynth.prioritization.training import Label, VoteLike, training_labels

__all__ = [
    "GROUP",
    "AiUseStatement",
    "Confusion",
    "Consecutive",
    "Corpus",
    "Hypergeometric",
    "Label",
    "LocalModel",
    "ModelAnswer",
    "OrderMetrics",
    "Part",
    "Prioritizer",
    "Ranking",
    "RankingFacts",
    "RecallCurve",
    "Replay",
    "SafeCheck",
    "SafeItem",
    "SampleLimit",
    "Simulation",
    "StoppingStatement",
    "VoteLike",
    "ai_use_statement",
    "confusion_matrix",
    "draw_priors",
    "draw_sample",
    "first_met",
    "order_metrics",
    "part",
    "parts_of",
    "rank_by_answers",
    "recall_curve",
    "registered",
    "replay_stopping",
    "safe_check",
    "sample_limit",
    "sample_size",
    "simulate",
    "stopping_statement",
    "training_labels",
]
