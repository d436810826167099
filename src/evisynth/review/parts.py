"""The parts of a review: its plan, its people and what was counted."""

from __future__ import annotations

from dataclasses import dataclass, field

from evisynth.analysis import AnalysisPlan
from evisynth.extraction import Outcome
from evisynth.records import SearchSource
from evisynth.screening import Stage
from evisynth.studies import Field

__all__ = [
    "FlowCounts",
    "Person",
    "Protocol",
    "PublishedResult",
    "Question",
    "Registration",
]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the team."""

    name: str
    id: str
    roles: tuple[str, ...] = ()
    affiliation: str = ""
    orcid: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """The question by its parts."""

    population: str
    intervention: str
    comparator: str
    outcomes: str
    study_design: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """Registration of the protocol; ``fields`` keeps PROSPERO's fields by their names."""

    register: str = ""
    id: str = ""
    date: str = ""
    url: str = ""
    note: str = ""
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Protocol:
    """What was planned."""

    question: Question
    criteria_include: tuple[str, ...]
    criteria_exclude: tuple[str, ...]
    registration: Registration
    stages: tuple[Stage, ...]
    outcomes: tuple[Outcome, ...]
    fields: tuple[Field, ...]
    rob_instrument: str
    analyses: tuple[AnalysisPlan, ...]


@dataclass(frozen=True, slots=True)
class PublishedResult:
    """A result of another publication that ours is set beside (never pooled)."""

    label: str
    outcome: str
    analysis: str
    subgroup: str
    level: str
    k: int | None
    estimate: float | None
    ci_lower: float | None
    ci_upper: float | None
    p: str
    i2: str
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class FlowCounts:
    """Numbers of the PRISMA 2020 flow diagram, counted from states.

    Attributes
    ----------
    found : tuple of (SearchSource, int)
        Records identified by source, in order, searched sources only.
    records_found, duplicates_removed, records_removed_other : int
        Identified; removed before screening.
    records_screened, records_excluded : int
        Title and abstract.
    excluded_reasons : tuple of (str, int)
        Reasons at title and abstract, most frequent first (words, not codes).
    reports_sought, reports_not_retrieved : int
        Retrieval.
    reports_assessed, reports_excluded : int
        Full text.
    full_text_reasons : tuple of (str, int)
        Main reason of each report excluded.
    reports_included, studies_included : int
        End.
    studies_in_synthesis : int
        Studies in at least one main analysis.
    open, conflicts : int
        Records that still wait for votes or for a settlement, all stages.
    heading : str
        Heading of the column, from the kinds of the sources.
    problems : tuple of str
        Identities that do not hold, each naming the boxes; empty when the diagram balances.
    """

    found: tuple[tuple[SearchSource, int], ...]
    records_found: int
    duplicates_removed: int
    records_removed_other: int
    records_screened: int
    records_excluded: int
    excluded_reasons: tuple[tuple[str, int], ...]
    reports_sought: int
    reports_not_retrieved: int
    reports_assessed: int
    reports_excluded: int
    full_text_reasons: tuple[tuple[str, int], ...]
    reports_included: int
    studies_included: int
    studies_in_synthesis: int
    open: int
    conflicts: int
    heading: str
    problems: tuple[str, ...] = ()
