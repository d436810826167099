"""Duplicates by the API: pairs that wait, deciding, taking back, groups, comparing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from evisynth.actions import team
from evisynth.web.api.root import ErrorAnswer, desk_of

__all__ = ["JobAnswer", "job_answer", "router"]

router = Router(tags=["duplicates"])
ERRORS = {403: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer}
Kind = Literal["doubtful", "screened", "check", "study"]
Verdict = Literal["same", "report", "different", "study"]
Long = Annotated[str, Query(max_length=1000)]
Number = Annotated[int, Query(ge=1, le=100_000)]


class PairAnswer(Schema):
    """Two records that a person should look at, with the evidence."""

    kind: str
    first: str
    second: str
    first_title: str
    second_title: str
    first_citation: str
    second_citation: str
    score: float | None
    why: str
    agreement: dict[str, str]


class PairsAnswer(Schema):
    """Pairs that wait for a decision, and the numbers of the review."""

    pairs: list[PairAnswer]
    total: int
    page: int
    size: int
    counts: dict[str, int]
    records: int
    copies: int
    groups: int
    compared: bool


class SidesAnswer(Schema):
    """Two records side by side with what was decided."""

    pair: PairAnswer
    records: list[dict[str, Any]]
    decision: str
    by: str
    note: str
    version: int
    merged: bool
    group: list[str]
    stays: str
    settled: list[bool]


class DecideBody(Schema):
    """What two records are to each other. The same ``request_id`` again changes nothing."""

    first: str = Field(max_length=1000)
    second: str = Field(max_length=1000)
    decision: Verdict
    stays: str = Field("", max_length=1000)
    note: str = Field("", max_length=5000)
    version: int | None = Field(None, ge=0, le=1_000_000)
    request_id: str = Field("", max_length=100)


class DecidedAnswer(Schema):
    """What a decision came to."""

    first: str
    second: str
    decision: str
    stays: str
    version: int
    request: str


class OutBody(Schema):
    """A record that is taken out of its group."""

    record: str = Field(max_length=1000)
    note: str = Field("", max_length=5000)
    request_id: str = Field("", max_length=100)


class OutAnswer(Schema):
    """The records that it stood with."""

    others: list[str]


class UndoBody(Schema):
    """The request of a decision that is taken back."""

    request: str = Field(max_length=100)
    request_id: str = Field("", max_length=100)


class UndoAnswer(Schema):
    """How many things were put back."""

    changed: int


class HistoryAnswer(Schema):
    """A decision, and whether it can be taken back."""

    first: str
    second: str
    decision: str
    by: str
    at: str
    act: str
    request: str
    undoable: bool
    others: int


class GroupAnswer(Schema):
    """Records of one report."""

    stays: str
    title: str
    copies: list[str]
    reasons: list[str]
    made_by: list[str]


class GroupsAnswer(Schema):
    """A page of groups, and how many there are."""

    groups: list[GroupAnswer]
    total: int


class FindBody(Schema):
    """A comparison. The same ``request_id`` again gives the same one."""

    request_id: str = Field("", max_length=100)


class JobAnswer(Schema):
    """How work in the background stands."""

    id: str
    kind: str
    person: str
    at: str
    status: str
    words: str
    done: int
    total: int
    log: list[str]
    messages: list[str]
    ended: str
    result: dict[str, Any]


def job_answer(job: team.Job) -> JobAnswer:
    """Return a job as the API tells it."""
    return JobAnswer(**{name: getattr(job, name) for name in JobAnswer.model_fields})


def _pair(pair: team.DuplicatePair) -> PairAnswer:
    return PairAnswer(**{**asdict(pair), "agreement": dict(pair.agreement)})


@router.get("/reviews/{review_id}/duplicates", response={200: PairsAnswer, **ERRORS})
def pairs(
    request: HttpRequest, review_id: str, kind: Kind = "doubtful", page: Number = 1
) -> PairsAnswer:
    """List the pairs of a kind that wait for a decision, the most likely first."""
    found = team.duplicate_pairs(desk_of(request, review_id), kind, page=page)
    given = {name: getattr(found, name) for name in PairsAnswer.model_fields if name != "pairs"}
    return PairsAnswer(pairs=[_pair(pair) for pair in found.pairs], **given)


@router.get("/reviews/{review_id}/duplicates/pair", response={200: SidesAnswer, **ERRORS})
def sides(request: HttpRequest, review_id: str, first: Long, second: Long) -> SidesAnswer:
    """Return two records side by side."""
    found = team.pair_sides(desk_of(request, review_id), first, second)
    return SidesAnswer(
        pair=_pair(found.pair),
        records=[asdict(record) for record in found.records],
        decision=found.decision, by=found.by, note=found.note, version=found.version,
        merged=found.merged, group=list(found.group), stays=found.stays,
        settled=list(found.settled),
    )  # fmt: skip


@router.post("/reviews/{review_id}/duplicates/decide", response={200: DecidedAnswer, **ERRORS})
def decide(request: HttpRequest, review_id: str, body: DecideBody) -> DecidedAnswer:
    """Say what two records are to each other; it outranks every rule."""
    given = body.dict()
    first, second, verdict = given.pop("first"), given.pop("second"), given.pop("decision")
    made = team.decide_pair(desk_of(request, review_id), first, second, verdict, **given)
    return DecidedAnswer(**asdict(made))


@router.post("/reviews/{review_id}/duplicates/separate", response={200: OutAnswer, **ERRORS})
def separate(request: HttpRequest, review_id: str, body: OutBody) -> OutAnswer:
    """Take a record out of its group."""
    return OutAnswer(others=list(team.separate_record(desk_of(request, review_id), **body.dict())))


@router.get(
    "/reviews/{review_id}/duplicates/decisions", response={200: list[HistoryAnswer], **ERRORS}
)
def decisions(request: HttpRequest, review_id: str) -> list[HistoryAnswer]:
    """List what people decided on pairs, the newest first."""
    found = team.duplicate_decisions(desk_of(request, review_id))
    return [HistoryAnswer(**asdict(made)) for made in found]


@router.post("/reviews/{review_id}/duplicates/undo", response={200: UndoAnswer, **ERRORS})
def undo(request: HttpRequest, review_id: str, body: UndoBody) -> UndoAnswer:
    """Take a decision back, or bring back one that was taken back."""
    return UndoAnswer(changed=team.undo_duplicates(desk_of(request, review_id), **body.dict()))


@router.get("/reviews/{review_id}/duplicates/groups", response={200: GroupsAnswer, **ERRORS})
def groups(request: HttpRequest, review_id: str, page: Number = 1) -> GroupsAnswer:
    """List the groups of records of one report."""
    found, total = team.duplicate_groups(desk_of(request, review_id), page=page)
    return GroupsAnswer(
        groups=[
            GroupAnswer(
                stays=made.stays.id, title=made.stays.title, reasons=list(made.reasons),
                copies=[copy.id for copy in made.copies], made_by=list(made.made_by),
            )
            for made in found
        ],
        total=total,
    )  # fmt: skip


@router.post("/reviews/{review_id}/duplicates/find", response={200: JobAnswer, **ERRORS})
def find(request: HttpRequest, review_id: str, body: FindBody) -> JobAnswer:
    """Compare all records; of many in the background."""
    return job_answer(team.find_duplicates(desk_of(request, review_id), request_id=body.request_id))


@router.get("/reviews/{review_id}/duplicates/jobs", response={200: list[JobAnswer], **ERRORS})
def jobs(request: HttpRequest, review_id: str) -> list[JobAnswer]:
    """List the comparisons, the newest first."""
    return [job_answer(job) for job in team.duplicate_jobs(desk_of(request, review_id))]
