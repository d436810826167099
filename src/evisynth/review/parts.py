"""The parts of a review: its plan, its people and what was counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from evisynth.analysis import AnalysisPlan
from evisynth.extraction import Outcome
from evisynth.records import SearchSource
from evisynth.screening import Stage
from evisynth.studies import Field

__all__ = [
    "FigureLook",
    "FigureOptions",
    "FlowBox",
    "FlowColumn",
    "FlowCounts",
    "FlowTemplate",
    "Person",
    "PreviousStudies",
    "Protocol",
    "PublishedResult",
    "Question",
    "Registration",
    "Removal",
]

FlowTemplate = Literal["new_databases", "new_all", "updated_databases", "updated_all"]
"""PRISMA 2020's four: a new or an updated review; databases and registers only, or all sources."""


FigureLook = Literal["cochrane", "bmj", "jama", "lancet", "plain"]
"""Looks of figures that the plan may name; `evisynth.figures.PROFILES` has their values."""


@dataclass(frozen=True, slots=True)
class FigureOptions:
    """How the figures are made: their look, and whether they are written as TIFF, too."""

    profile: FigureLook = "cochrane"
    tiff: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the team.

    ``left`` is the day on which the person left, ``""`` while active; ``decisions_count`` says
    whether the decisions made until then count. ``pseudonym`` stands for the name in exports.
    """

    name: str
    id: str
    roles: tuple[str, ...] = ()
    affiliation: str = ""
    orcid: str = ""
    email: str = ""
    left: str = ""
    decisions_count: bool = True
    pseudonym: str = ""

    @property
    def active(self) -> bool:
        """Whether the person is still of the team."""
        return not self.left


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
    """Registration of the protocol; ``fields`` keeps PROSPERO's fields by their names.

    ``no_deviations`` is the team's statement that nothing was changed since.
    """

    register: str = ""
    id: str = ""
    date: str = ""
    url: str = ""
    note: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    no_deviations: bool = False


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
class Removal:
    """A record removed before screening for another reason than being a duplicate.

    ``kind`` is ``"automation"`` for records that a tool marked as ineligible.
    """

    record: str
    kind: Literal["automation", "other"]
    reason: str = ""
    made_by: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class PreviousStudies:
    """Studies of the previous version of the review, and their reports.

    The ids are empty where the plan gives numbers only.
    """

    studies: int
    reports: int
    study_ids: tuple[str, ...] = ()
    report_ids: tuple[str, ...] = ()
    citation: str = ""


@dataclass(frozen=True, slots=True)
class FlowBox:
    """A box of the flow diagram, or a line in it.

    Attributes
    ----------
    name : str
        E.g. ``"records_screened"``.
    column : {"previous", "databases", "other", "included"}
        Where it stands.
    label : str
        Words shown.
    count : int
        Number shown.
    records : tuple of str
        Ids of what is counted: records, or studies in the boxes of studies.
    details : tuple of FlowBox
        Lines below: sources, reasons.
    """

    name: str
    column: Literal["previous", "databases", "other", "included"]
    label: str
    count: int
    records: tuple[str, ...] = ()
    details: tuple[FlowBox, ...] = ()

    @property
    def unlisted(self) -> int:
        """How many are counted without an id, as those that a database removed itself."""
        return self.count - len(self.records)


@dataclass(frozen=True, slots=True)
class FlowColumn:
    """A column of the flow diagram.

    Attributes
    ----------
    name : {"databases", "other"}
        Databases and registers, or other methods.
    heading : str
        Words above.
    boxes : tuple of FlowBox
        From above to below.
    waiting_screening, waiting_full_text : tuple of str
        Ids of records and reports that stand in no box yet, as decisions are missing.
    """

    name: Literal["databases", "other"]
    heading: str
    boxes: tuple[FlowBox, ...]
    waiting_screening: tuple[str, ...] = ()
    waiting_full_text: tuple[str, ...] = ()

    def box(self, name: str) -> FlowBox:
        """Return a box by its name."""
        return next(box for box in self.boxes if box.name == name)


@dataclass(frozen=True, slots=True)
class FlowCounts:
    """Numbers of the PRISMA 2020 flow diagram, counted from states.

    Attributes
    ----------
    found : tuple of (SearchSource, int)
        Records identified by source, in order, searched sources only.
    records_found, duplicates_removed, records_removed_other : int
        Identified; removed before screening as duplicates, and for other reasons.
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
    records_removed_automation : int
        Of ``records_removed_other``, those that an automation tool marked as ineligible.
    not_retrieved_reasons : tuple of (str, int)
        Why reports were not retrieved, most frequent first.
    columns : tuple of FlowColumn
        The numbers parted: databases and registers, other methods; every box with its records.
    included : tuple of FlowBox
        New studies and their reports; studies and reports in all.
    previous : PreviousStudies or None
        The previous version of the review; None for a new one.
    template : FlowTemplate
        The template of PRISMA 2020 that fits: updated where there is a previous version, with all
        sources where one that is no database or register was searched.
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
    records_removed_automation: int = 0
    not_retrieved_reasons: tuple[tuple[str, int], ...] = ()
    columns: tuple[FlowColumn, ...] = ()
    included: tuple[FlowBox, ...] = ()
    previous: PreviousStudies | None = None
    template: FlowTemplate = "new_databases"
