"""Where a review stands: counts by stage, what is open, what was built."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from evisynth.actions.output import changed_files, read_manifest
from evisynth.actions.run import OUT
from evisynth.errors import InputError

if TYPE_CHECKING:
    from evisynth.review import Review

__all__ = [
    "AnalysisStatus",
    "ExtractionStatus",
    "RetrievalStatus",
    "RiskOfBiasStatus",
    "SourceStatus",
    "StageStatus",
    "Status",
    "review_status",
]

OutState = Literal["fresh", "stale", "edited", "missing", "not ours"]


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A search source: whether it was searched, and the records in its export."""

    name: str
    searched: bool
    records: int
    date: str


@dataclass(frozen=True, slots=True)
class StageStatus:
    """A stage of screening: how many records are in each state, and who decided on how many."""

    name: str
    votes_needed: int
    included: int
    excluded: int
    conflicts: int
    open: int
    decisions_by: dict[str, int]


@dataclass(frozen=True, slots=True)
class RetrievalStatus:
    """Reports sought, retrieved, not retrieved, and without an entry yet."""

    sought: int
    retrieved: int
    not_retrieved: int
    waiting: int


@dataclass(frozen=True, slots=True)
class ExtractionStatus:
    """Outcome data of one outcome: studies with numbers, and rows by format."""

    outcome: str
    label: str
    studies: int
    formats: dict[str, int]


@dataclass(frozen=True, slots=True)
class RiskOfBiasStatus:
    """Assessments of results, and the studies that have none."""

    instrument: str
    assessed: int
    incomplete: int
    studies_assessed: int
    studies_not_assessed: int


@dataclass(frozen=True, slots=True)
class AnalysisStatus:
    """A planned analysis: studies that it selects, or why it selects none."""

    id: str
    title: str
    role: str
    k: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """Where a review stands.

    Attributes
    ----------
    folder : Path
        The review.
    title : str
        Title.
    sources : tuple of SourceStatus
        Search sources.
    records, duplicates : int
        Records read, and those of them that repeat another.
    stages : tuple of StageStatus
        Stages of screening in their order.
    retrieval : RetrievalStatus
        Reports.
    studies : int
        Studies included.
    extraction : tuple of ExtractionStatus
        One an outcome of the plan.
    risk_of_bias : RiskOfBiasStatus
        Assessments.
    analyses : tuple of AnalysisStatus
        One a planned analysis.
    out : {"fresh", "stale", "edited", "missing", "not ours"}
        Whether ``out/`` is what the input gives: stale when the input changed since.
    warnings : tuple of str
        What the person should look at.
    """

    folder: Path
    title: str
    sources: tuple[SourceStatus, ...]
    records: int
    duplicates: int
    stages: tuple[StageStatus, ...]
    retrieval: RetrievalStatus
    studies: int
    extraction: tuple[ExtractionStatus, ...]
    risk_of_bias: RiskOfBiasStatus
    analyses: tuple[AnalysisStatus, ...]
    out: OutState
    warnings: tuple[str, ...]


def _stages(review: Review) -> tuple[StageStatus, ...]:
    stages = []
    for stage in review.protocol.stages:
        states = Counter(
            state.status for (_, name), state in review.states.items() if name == stage.name
        )
        by = Counter(item.reviewer for item in review.decisions if item.stage == stage.name)
        stages.append(
            StageStatus(
                name=stage.name,
                votes_needed=stage.votes_needed,
                included=states["included"],
                excluded=states["excluded"],
                conflicts=states["conflict"],
                open=states["open"],
                decisions_by=dict(sorted(by.items())),
            )
        )
    return tuple(stages)


def _retrieval(review: Review) -> RetrievalStatus:
    status = Counter(entry.status for entry in review.retrievals)
    sought = review.flow.reports_sought
    known = status["retrieved"] + status["not_retrieved"]
    return RetrievalStatus(
        sought=sought,
        retrieved=status["retrieved"],
        not_retrieved=status["not_retrieved"],
        waiting=max(0, sought - known),
    )


def _extraction(review: Review) -> tuple[ExtractionStatus, ...]:
    found = []
    for outcome in review.protocol.outcomes:
        rows = [row for row in review.outcome_rows if row.outcome == outcome.id]
        found.append(
            ExtractionStatus(
                outcome=outcome.id,
                label=outcome.label,
                studies=len({row.study for row in rows}),
                formats=dict(Counter(row.format for row in rows)),
            )
        )
    return tuple(found)


def _risk_of_bias(review: Review) -> RiskOfBiasStatus:
    overall = [(item.study, item.overall.final) for item in review.assessments]
    open_states = ("incomplete", "not assessed")
    done = {study for study, judgement in overall if judgement not in open_states}
    return RiskOfBiasStatus(
        instrument=review.protocol.rob_instrument,
        assessed=sum(judgement not in open_states for _, judgement in overall),
        incomplete=sum(judgement == "incomplete" for _, judgement in overall),
        studies_assessed=len(done),
        studies_not_assessed=len({study.id for study in review.studies} - done),
    )


def _analyses(review: Review) -> tuple[AnalysisStatus, ...]:
    from evisynth.analysis import select_rows

    found = []
    for plan in review.protocol.analyses:
        k, problem = 0, ""
        try:
            k = len(select_rows(plan, review.outcome_rows))
        except InputError as error:
            problem = str(error)
        found.append(AnalysisStatus(plan.id, plan.title, plan.role, k, problem))
    return tuple(found)


def _out_state(out: Path, fingerprint: str) -> OutState:
    if not out.is_dir():
        return "missing"
    manifest = read_manifest(out)
    if manifest is None:
        return "not ours"
    if manifest.inputs != fingerprint:
        return "stale"
    return "edited" if any(changed_files(out, manifest)) else "fresh"


def review_status(folder: Path | str) -> Status:
    """Say where a review stands.

    Parameters
    ----------
    folder
        Folder of the review.

    Returns
    -------
    Status
        Counts by stage, what is open, and whether ``out/`` is fresh.

    Raises
    ------
    InputError
        When the folder holds something that cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> from evisynth.actions import new_review, review_status
    >>> place = tempfile.TemporaryDirectory()
    >>> _ = new_review(Path(place.name) / "my-review")
    >>> review_status(Path(place.name) / "my-review").out
    'missing'
    >>> place.cleanup()
    """
    from evisynth.review import read_review

    folder = Path(folder)
    review = read_review(folder)
    return Status(
        folder=folder,
        title=review.title,
        sources=tuple(
            SourceStatus(source.name, source.searched, source.records, source.date)
            for source in review.sources
        ),
        records=len(review.records),
        duplicates=len(review.duplicates),
        stages=_stages(review),
        retrieval=_retrieval(review),
        studies=len(review.studies),
        extraction=_extraction(review),
        risk_of_bias=_risk_of_bias(review),
        analyses=_analyses(review),
        out=_out_state(folder / OUT, review.fingerprint),
        warnings=tuple(review.warnings) + tuple(review.flow.problems),
    )
