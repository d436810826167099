"""The schema of ``review.toml`` and ``search.toml``: every section, its keys and their types.

pydantic checks types and words; the messages are formed in `evisynth.review.schema_errors`. This
module is imported by the functions that read a folder, so that ``import evisynth`` stays fast.
Types are strict: ``"2"`` is not a number. Lists stay lists here; the frozen values of the review
hold tuples.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from evisynth.extraction import FACTS, KINDS, DataKind
from evisynth.records import SourceKind
from evisynth.review.parts import FigureLook

__all__ = [
    "ITEMS",
    "SECTIONS",
    "AnalysisSection",
    "BaselineSection",
    "ConnectorsSection",
    "CriteriaSection",
    "ExtractionSection",
    "FieldSection",
    "FiguresSection",
    "FindingSection",
    "FullTextSection",
    "LimitsSection",
    "OutcomeSection",
    "PersonSection",
    "PublishedSection",
    "QuestionSection",
    "RegistrationSection",
    "ReviewSection",
    "RiskOfBiasSection",
    "SearchSection",
    "Section",
    "StageSection",
    "StagesSection",
    "SubgroupSection",
    "ThresholdsSection",
    "TypicalScaleSection",
    "UpdateSection",
]


def _iso_text(value: object) -> object:
    """Take an unquoted TOML date as its text."""
    return value.isoformat() if type(value) is datetime.date else value


def _check_date(value: str) -> str:
    try:
        return datetime.date.fromisoformat(value).isoformat() if value else value
    except ValueError:
        raise ValueError(f"{value!r} is no date; write it as 2026-03-31") from None


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Prose = Annotated[str, StringConstraints(strip_whitespace=True)]
Ident = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
"""An id that also names files: letters, digits, dots, hyphens and underscores."""
Date = Annotated[str, BeforeValidator(_iso_text), AfterValidator(_check_date)]


class Section(BaseModel):
    """Base of all sections: unknown keys are refused, nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ReviewSection(Section):
    """``[review]``: what the document is called and dated with."""

    id: Ident
    title: Text
    short_title: Prose = ""
    date: Date
    version: Prose = "1.0"
    licence: Prose = ""
    kind: Literal["review", "demonstration"] = "review"
    statement: Prose = ""
    funding: Prose = ""
    conflicts_of_interest: Prose = ""


class QuestionSection(Section):
    """``[question]``: population, intervention, comparator, outcomes, design."""

    text: Prose = ""
    population: Text
    intervention: Text
    comparator: Text
    outcomes: Text
    study_design: Prose = ""


class CriteriaSection(Section):
    """``[criteria]``: what lets a study in and keeps it out."""

    include: list[Text] = []
    exclude: list[Text] = []


class RegistrationSection(Section):
    """``[registration]``: register, number, and the register's own fields as printed."""

    register_: Prose = Field("", alias="register")
    id: Prose = ""
    date: Date = ""
    url: Prose = ""
    note: Prose = ""
    no_deviations: bool = False
    fields: dict[str, Prose] = {}


class PersonSection(Section):
    """``[[people]]``: one member of the team."""

    id: Ident
    name: Text
    roles: list[Text] = []
    affiliation: Prose = ""
    orcid: Prose = ""
    email: Prose = ""
    left: Date = ""
    decisions_count: bool = True
    pseudonym: Prose = ""


class StageSection(Section):
    """``[stages.<name>]``: votes, reasons of exclusion (code to words), and the policies."""

    votes_needed: Annotated[int, Field(ge=1)] = 2
    reasons: dict[str, Text] = {}
    maybe: Literal["discuss", "include"] = "discuss"
    conflicts: Literal["adjudicator", "discussion"] = "adjudicator"
    adjudicator_may_vote: bool = False
    pilot: Annotated[int, Field(ge=0)] = 0
    kappa_min: Annotated[float, Field(ge=-1, le=1)] | None = None
    seed: Annotated[int, Field(ge=0)] = 1
    blind: bool = True
    training: Literal["own_and_agreed", "all"] = "own_and_agreed"
    order: Literal["own", "ranked"] = "own"
    reviewers: list[Text] = []
    adjudicators: list[Text] = []
    stop_recall: Annotated[float, Field(gt=0, lt=1)] = 0.95
    stop_confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95


class FullTextSection(StageSection):
    """``[stages.full_text]``: the last stage, where a ``maybe`` has to be settled."""

    maybe: Literal["discuss"] = "discuss"


class StagesSection(Section):
    """``[stages]``: both stages; two votes where nothing is said (Cochrane Handbook 4.6.4)."""

    title_abstract: StageSection = StageSection()
    full_text: FullTextSection = FullTextSection()


class UpdateSection(Section):
    """``[update]``: the previous version of the review, for the flow diagram's first column."""

    citation: Prose = ""
    studies: Annotated[int, Field(ge=0)] | None = None
    reports: Annotated[int, Field(ge=0)] | None = None
    study_ids: list[Text] = []
    report_ids: list[Text] = []


class FieldSection(Section):
    """``[fields.<name>]``: a characteristic of studies, a column of studies.csv."""

    label: Text
    type: Literal["text", "number", "category", "categories"] = "text"
    levels: list[Text] = []
    unknown: Text = "not stated"


class OutcomeSection(Section):
    """``[[outcomes]]``: what is measured."""

    id: Ident
    label: Text
    type: Literal["continuous", "dichotomous"] = "continuous"
    lower_is_better: bool = True


class ExtractionSection(Section):
    """``[[extraction]]``: a table of outcome data, and which column is which."""

    file: Text
    kind: DataKind
    format: Text
    columns: dict[str, Text] = {}


class RiskOfBiasSection(Section):
    """``[risk_of_bias]``: the instrument, own assessments, judgements of others."""

    instrument: Text = "rob2-parallel-assignment"
    files: list[Text] | None = None
    published: Prose = ""


class PublishedSection(Section):
    """``[published]``: results of another publication, shown beside ours."""

    file: Text = "published_results.csv"
    citation: Prose = ""


class SubgroupSection(Section):
    """``[[analyses.subgroups]]``: by which characteristic."""

    by: Text
    label: Prose = ""
    levels: list[Text] = []
    tau2: Literal["separate", "common"] = "separate"


class AnalysisSection(Section):
    """``[defaults]`` and ``[[analyses]]``; what an analysis must have is checked after merging."""

    id: Ident | None = None
    title: Text | None = None
    outcome: Text | None = None
    measure: Text | None = None
    variance: Prose = ""
    formats: list[Text] = []
    mixed_formats: bool = False
    timepoints: list[Text] = []
    model: Text = "random"
    tau2: Text = "REML"
    ci: Text = "HKSJ"
    safeguard: Text = "wider"
    prediction: Text = "t k-1"
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    role: Literal["main", "sensitivity"] = "main"
    sensitivity_of: Prose = ""
    subgroups: list[SubgroupSection] = []
    meta_regression: list[Text] = []
    without_outliers: Literal["rstudent", "lowest tau2", "none"] = "rstudent"
    trim_and_fill: Literal["L0", "R0", "none"] = "L0"
    trim_and_fill_side: Literal["auto", "left", "right"] = "auto"
    asymmetry_tests: list[Text] = ["egger", "begg"]
    cumulative: Prose | None = None
    favours: Annotated[list[Text], Field(min_length=2, max_length=2)] = ["intervention", "control"]


class BaselineSection(Section):
    """``summary_of_findings.baseline``: a risk without the intervention, with its source."""

    name: Prose = ""
    risk: Annotated[float, Field(gt=0)]
    source: Text


class ThresholdsSection(Section):
    """``[summary_of_findings.thresholds]``: where effects are small, moderate and large."""

    unit: Literal["per 1000", "SMD", "points", "ratio"]
    small: Annotated[float, Field(gt=0)]
    moderate: Annotated[float, Field(gt=0)] | None = None
    large: Annotated[float, Field(gt=0)] | None = None
    source: Text


class TypicalScaleSection(Section):
    """``[summary_of_findings.typical_scale]``: a well-known scale with its typical SD."""

    name: Text
    sd: Annotated[float, Field(gt=0)]
    source: Text
    mid: Annotated[float, Field(gt=0)] | None = None
    lowest: float | None = None
    highest: float | None = None


class FindingSection(Section):
    """``[[summary_of_findings]]``: a row; an analysis, or an outcome without data."""

    analysis: Prose = ""
    outcome: Prose = ""
    label: Prose = ""
    follow_up: Prose = ""
    comment: Prose = ""
    importance: Literal["critical", "important", ""] = ""
    design: Literal["randomized", "non-randomized"] = "randomized"
    baseline: list[BaselineSection] = []
    baseline_from: Literal["median", "pooled"] = "median"
    thresholds: ThresholdsSection | None = None
    typical_scale: TypicalScaleSection | None = None
    not_reported: Annotated[int, Field(ge=0)] | None = None
    registered: Annotated[int, Field(ge=0)] | None = None
    relative_reduction: Annotated[float, Field(gt=0, lt=1)] = 0.25


class LimitsSection(Section):
    """``[limits]``: known limits, printed in the document."""

    statements: list[Text] = []


class DeviationSection(Section):
    """``[[deviations]]``: a change against registration or protocol, with its reason."""

    what: Text
    why: Text
    date: Date = ""


class FiguresSection(Section):
    """``[figures]``: look of the figures, and whether they are written as TIFF, too."""

    profile: FigureLook = "cochrane"
    tiff: bool = False


class HighlightSection(Section):
    """``[highlight]``: words marked while screening; ``randomi*`` finds all that begin so."""

    include: list[Text] = []
    exclude: list[Text] = []


class ConnectorsSection(Section):
    """``[connectors]``: services that may be asked over the network, none if it is not there."""

    enabled: list[Text] = []
    email: Prose = ""


class SearchSection(Section):
    """``searches/<id>/search.toml``: one source and its search."""

    name: Text
    kind: SourceKind
    platform: Prose = ""
    searched: bool = True
    date: Date = ""
    found: Annotated[int, Field(ge=0)] | None = None
    removed_at_source: Annotated[int, Field(ge=0)] = 0
    encoding: Prose = ""
    columns: dict[str, Text] = {}
    id_prefix: Prose = ""
    note: Prose = ""
    run: dict[str, Any] = {}
    strategy: dict[str, Any] = {}


SECTIONS: dict[str, type[Section]] = {
    "review": ReviewSection,
    "question": QuestionSection,
    "criteria": CriteriaSection,
    "registration": RegistrationSection,
    "stages": StagesSection,
    "update": UpdateSection,
    "risk_of_bias": RiskOfBiasSection,
    "published": PublishedSection,
    "defaults": AnalysisSection,
    "limits": LimitsSection,
    "figures": FiguresSection,
    "highlight": HighlightSection,
    "connectors": ConnectorsSection,
}
"""Sections that are one table."""

ITEMS: dict[str, type[Section]] = {
    "people": PersonSection,
    "fields": FieldSection,
    "outcomes": OutcomeSection,
    "extraction": ExtractionSection,
    "analyses": AnalysisSection,
    "summary_of_findings": FindingSection,
    "deviations": DeviationSection,
}
"""Sections of several: ``[[people]]`` and so on, and ``[fields.<name>]``; checked one by one."""


def column_names(kind: DataKind) -> tuple[str, ...]:
    """Return the standard names that ``[extraction.columns]`` may give a column to."""
    return (*FACTS, *KINDS[kind].numbers)
