"""The review as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from evisynth.appraisal import Assessment, PublishedJudgement
from evisynth.certainty import FindingPlan, Step
from evisynth.extraction import OutcomeRow
from evisynth.records import Record, SearchSource
from evisynth.review.deviations import Deviation, PlanChange
from evisynth.review.parts import (
    FigureOptions,
    FlowCounts,
    Person,
    Protocol,
    PublishedResult,
    Removal,
)
from evisynth.review.reading import read_folder
from evisynth.review.stopping import KeptStopping
from evisynth.screening import Decision, RecordState
from evisynth.searches import Strategy
from evisynth.studies import Retrieval, Study

__all__ = ["Review", "read_review"]


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
    strategies : dict of str to Strategy
        Search strategies with their versions, by name of the search's folder.
    states : dict of (record id, stage) to RecordState
        Computed.
    flow : FlowCounts
        Computed.
    fingerprint : str
        SHA-256 over the input files (names and bytes).
    warnings : tuple of str
        What a reviewer should look at: numbers that contradict each other, repairs of exports,
        files and columns left unread.
    deviations : tuple of Deviation
        Changes against registration or protocol, as stated.
    plan_changes : tuple of PlanChange
        Keys of the plan that stand otherwise than on the day of registration, by the history.
    stopping : tuple of KeptStopping
        Statements on when screening may stop, and what was done.
    removals : tuple of Removal
        Records removed before screening for other reasons than being duplicates.
    published_citation : str
        The publication that `published_results` are taken from; ``""`` if none is named.
    summary_of_findings : tuple of FindingPlan
        Rows of the summary of findings as planned; `findings_of` computes them.
    ratings : dict of str to tuple of Step
        What people decided on the certainty, by id of the analysis.
    figure_options : FigureOptions
        Look of the figures.
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
    published_citation: str = ""
    strategies: dict[str, Strategy] = field(default_factory=dict)
    removals: tuple[Removal, ...] = ()
    stopping: tuple[KeptStopping, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    plan_changes: tuple[PlanChange, ...] = ()
    summary_of_findings: tuple[FindingPlan, ...] = ()
    ratings: dict[str, tuple[Step, ...]] = field(default_factory=dict)
    figure_options: FigureOptions = field(default_factory=FigureOptions)

    @classmethod
    def read(cls, folder: Path | str) -> Review:
        """Read a review from its folder.

        Parameters
        ----------
        folder
            The folder with ``review.toml``.

        Returns
        -------
        Review

        Raises
        ------
        InputError
            With every problem of every file: file, line, column or key, bad value, allowed values.

        Examples
        --------
        >>> Review.read("examples/digital-interventions-cancer").flow.records_screened
        217
        """
        folder = Path(folder)
        held = read_folder(folder)
        plan = held.plan
        if plan.review is None or plan.question is None:  # pragma: no cover - refused before
            raise AssertionError("a plan with problems was not refused")
        head = plan.review
        return cls(
            folder=folder,
            id=head.id,
            title=head.title,
            short_title=head.short_title or head.title,
            date=head.date,
            version=head.version,
            licence=head.licence,
            kind=head.kind,
            statement=head.statement,
            people=plan.people,
            funding=head.funding,
            conflicts_of_interest=head.conflicts_of_interest,
            protocol=Protocol(
                question=plan.question,
                criteria_include=plan.include,
                criteria_exclude=plan.exclude,
                registration=plan.registration,
                stages=plan.stages or (),
                outcomes=plan.outcomes,
                fields=plan.fields,
                rob_instrument=held.rob_instrument,
                analyses=held.analyses,
            ),
            limits=plan.limits,
            texts=held.texts,
            sources=held.sources,
            records=held.records,
            duplicates=held.duplicates,
            decisions=held.decisions,
            retrievals=held.retrievals,
            studies=held.studies,
            outcome_rows=held.outcome_rows,
            assessments=held.assessments,
            published_judgements=held.published_judgements,
            published_results=held.published_results,
            states=held.states,
            flow=held.flow,
            fingerprint=held.fingerprint,
            warnings=held.warnings,
            published_citation=plan.published.citation if plan.published else "",
            strategies=held.strategies,
            removals=held.removals,
            stopping=held.stopping,
            deviations=plan.deviations,
            plan_changes=held.plan_changes,
            summary_of_findings=held.summary_of_findings,
            ratings=held.ratings,
            figure_options=plan.figure_options,
        )


def read_review(folder: Path | str) -> Review:
    """Read a review from its folder; the same as `Review.read`."""
    return Review.read(folder)
