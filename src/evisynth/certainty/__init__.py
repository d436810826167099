"""The certainty of the evidence: GRADE, computed where it can be, judged where it must be.

`evidence` computes facts and proposals for one result; a `Rating` holds what people decided;
`summarize` ties both to the rows of a summary of findings and tells which ratings are stale.
"""

from evisynth.certainty.absolute import (
    AbsoluteEffect,
    BaselineRisk,
    Relation,
    absolute_effect,
    baseline_from_studies,
    relation_of,
    risk_with,
)
from evisynth.certainty.continuous import limits_words, points_words, reexpressions
from evisynth.certainty.domains import (
    DEFINITIONS,
    DOMAIN_WORDS,
    DOMAINS,
    DOWN,
    LEVELS,
    SYMBOLS,
    UP,
    Design,
    Domain,
    Level,
    allowed_levels,
    starts_high,
)
from evisynth.certainty.facts import CertaintyEvidence, DomainEvidence, Fact, Proposal
from evisynth.certainty.findings import MOST_OUTCOMES, Finding, FindingPlan, Stale, summarize
from evisynth.certainty.fingerprint import result_fingerprint, result_words
from evisynth.certainty.front import evidence
from evisynth.certainty.inconsistency import share_of_overlaps
from evisynth.certainty.information import OptimalSize, optimal_size, optimal_size_continuous
from evisynth.certainty.rating import Rating, Step, level_words
from evisynth.certainty.ratings_file import RATINGS_COLUMNS, read_ratings
from evisynth.certainty.statements import plain_statement
from evisynth.certainty.thresholds import Ruler, Size, Thresholds, TypicalScale, make_ruler

__all__ = [
    "DEFINITIONS",
    "DOMAINS",
    "DOMAIN_WORDS",
    "DOWN",
    "LEVELS",
    "MOST_OUTCOMES",
    "RATINGS_COLUMNS",
    "SYMBOLS",
    "UP",
    "AbsoluteEffect",
    "BaselineRisk",
    "CertaintyEvidence",
    "Design",
    "Domain",
    "DomainEvidence",
    "Fact",
    "Finding",
    "FindingPlan",
    "Level",
    "OptimalSize",
    "Proposal",
    "Rating",
    "Relation",
    "Ruler",
    "Size",
    "Stale",
    "Step",
    "Thresholds",
    "TypicalScale",
    "absolute_effect",
    "allowed_levels",
    "baseline_from_studies",
    "evidence",
    "level_words",
    "limits_words",
    "make_ruler",
    "optimal_size",
    "optimal_size_continuous",
    "plain_statement",
    "points_words",
    "read_ratings",
    "reexpressions",
    "relation_of",
    "result_fingerprint",
    "result_words",
    "risk_with",
    "share_of_overlaps",
    "starts_high",
    "summarize",
]
