"""The review as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from evisynth.analysis import AnalysisPlan
from evisynth.appraisal import Assessment, PublishedJudgement
from evisynth.extraction import Outcome, OutcomeRow
from evisynth.records import Record, SearchSource
from evisynth.screening import Decision, RecordState, Stage
from evisynth.studies import Field, Retrieval, Study

__all__ = [
    "FlowCounts",
    "Person",
    "Protocol",
    "PublishedResult",
    "Question",
    "Registration",
    "Review",
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


@dataclass(frozen=True, slots=True)
class Review:
    """A systematic review, read from its folder.

    Attributes
    ----------
    folder : Path
        Where it was read.
    id, title, short_title, date, version, licence : str
        Of the review; ``date`` (ISO) is what the document is dated with.
    kind : {"review", "demonstration"}
        A demonstration says so on its first page.
    statement : str
        What a reader must know first (e.g. that this is not a replication).
    people : tuple of Person
        Team.
    protocol : Protocol
        The plan.
    limits : tuple of str
        Known limits, printed in the document.
    texts : dict of str to str
        Author's prose by place (``introduction``, ``discussion`` ...), Markdown-free paragraphs.
    sources, records, duplicates, decisions, retrievals, studies, outcome_rows, assessments,
    published_judgements, published_results
        What was done; ``duplicates`` maps a record to the record it repeats.
    states : dict of (record id, stage) to RecordState
        Computed.
    flow : FlowCounts
        Computed.
    fingerprint : str
        SHA-256 over the input files (names and bytes).
    """

    folder: Path
    id: str
    title: str
    short_title: str
    date: str
    version: str
    licence: str
    kind: Literal["review", "demonstration"]
    statement: str
    people: tuple[Person, ...]
    funding: str
    conflicts_of_interest: str
    protocol: Protocol
    limits: tuple[str, ...]
    texts: dict[str, str]
    sources: tuple[SearchSource, ...]
    records: tuple[Record, ...]
    duplicates: dict[str, str]
    decisions: tuple[Decision, ...]
    retrievals: tuple[Retrieval, ...]
    studies: tuple[Study, ...]
    outcome_rows: tuple[OutcomeRow, ...]
    assessments: tuple[Assessment, ...]
    published_judgements: tuple[PublishedJudgement, ...]
    published_results: tuple[PublishedResult, ...]
    states: dict[tuple[str, str], RecordState]
    flow: FlowCounts
    fingerprint: str
    warnings: tuple[str, ...] = ()
