"""Criteria, rules of the stages, who sees what and opening it, by the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from evisynth.actions import team
from evisynth.web.api.root import ErrorAnswer, desk_of

__all__ = ["router"]

router = Router(tags=["stages"])
ERRORS = {403: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer}


class CriteriaAnswer(Schema):
    """Criteria and words to mark, with the version of the plan."""

    version: int
    include: list[str]
    exclude: list[str]
    mark_include: list[str]
    mark_exclude: list[str]


class ChangedCriteria(Schema):
    """Lists as they are to be; what is not given stays."""

    version: int = Field(ge=0, le=10**9)
    include: list[str] | None = Field(None, max_length=200)
    exclude: list[str] | None = Field(None, max_length=200)
    mark_include: list[str] | None = Field(None, max_length=200)
    mark_exclude: list[str] | None = Field(None, max_length=200)
    request_id: str = Field("", max_length=100)


class RulesAnswer(Schema):
    """The rules of a stage, with the version of the plan."""

    version: int
    stage: str
    votes_needed: int
    maybe: str
    conflicts: str
    adjudicator_may_vote: bool
    pilot: int
    kappa_min: float | None
    order: str
    training: str
    stop_recall: float
    stop_confidence: float
    blind: bool
    reviewers: list[str]
    adjudicators: list[str]
    reasons: dict[str, str]


class ChangedRules(Schema):
    """Rules as they are to be; what is not given stays."""

    version: int = Field(ge=0, le=10**9)
    votes_needed: int | None = Field(None, ge=1, le=10)
    maybe: str | None = Field(None, max_length=20)
    conflicts: str | None = Field(None, max_length=20)
    adjudicator_may_vote: bool | None = None
    pilot: int | None = Field(None, ge=0, le=10_000)
    kappa_min: float | None = Field(None, ge=-1, le=1)
    order: str | None = Field(None, max_length=20)
    training: str | None = Field(None, max_length=20)
    stop_recall: float | None = Field(None, gt=0, lt=1)
    stop_confidence: float | None = Field(None, gt=0, lt=1)
    reviewers: list[str] | None = Field(None, max_length=200)
    adjudicators: list[str] | None = Field(None, max_length=200)
    reasons: dict[str, str] | None = Field(None, max_length=200)
    confirmed: bool = False
    request_id: str = Field("", max_length=100)


class Moved(Schema):
    """Records that would stand elsewhere."""

    before: str
    after: str
    count: int


class RulesFollow(Schema):
    """Whether it is saved; if not, what would follow and is to be confirmed."""

    saved: bool
    moved: list[Moved]
    completed: int
    words: list[str]


class EventAnswer(Schema):
    """An event by which decisions were opened; no records: the whole stage."""

    by: str
    at: str
    reason: str
    records: list[str]


class SightAnswer(Schema):
    """Who sees what of others' decisions at a stage."""

    stage: str
    opened: bool
    waiting: int
    own: list[str]
    complete: list[str]
    results: list[str]
    events: list[EventAnswer]


class OpeningAnswer(Schema):
    """What an unblinding opens."""

    stage: str
    records: list[str]
    hidden: int
    waiting: int
    people: list[str]


class UnblindBody(Schema):
    """Decisions to be opened for good: of the whole stage, or on some records."""

    stage: str = Field(max_length=40)
    reason: str = Field(max_length=2000)
    records: list[str] = Field(default_factory=list, max_length=2000)
    confirmed: bool = False
    request_id: str = Field("", max_length=40)


@router.get("/reviews/{review_id}/criteria", response={200: CriteriaAnswer, **ERRORS})
def criteria(request: HttpRequest, review_id: str) -> dict[str, Any]:
    """Return criteria and words to mark."""
    desk = desk_of(request, review_id)
    return {"version": team.plan_version(desk), **team.criteria_fields(desk)}


@router.post("/reviews/{review_id}/criteria", response={200: CriteriaAnswer, **ERRORS})
def change_criteria(request: HttpRequest, review_id: str, body: ChangedCriteria) -> dict[str, Any]:
    """Change the lists that are given."""
    desk = desk_of(request, review_id)
    lists = body.model_dump(exclude={"version", "request_id"})
    values = {name: value for name, value in lists.items() if value is not None}
    team.change_criteria(desk, values, version=body.version, request_id=body.request_id)
    return {"version": team.plan_version(desk), **team.criteria_fields(desk)}


@router.get("/reviews/{review_id}/stages/{stage}/rules", response={200: RulesAnswer, **ERRORS})
def rules(request: HttpRequest, review_id: str, stage: str) -> dict[str, Any]:
    """Return the rules of a stage."""
    desk = desk_of(request, review_id)
    made = desk.stage(stage)
    return {
        "version": team.plan_version(desk), "stage": made.name, "blind": made.blind,
        **team.stage_fields(desk, stage),
    }  # fmt: skip


@router.post("/reviews/{review_id}/stages/{stage}/rules", response={200: RulesFollow, **ERRORS})
def change_rules(
    request: HttpRequest, review_id: str, stage: str, body: ChangedRules
) -> RulesFollow:
    """Change the rules that are given; where something follows, only once it is confirmed."""
    given = body.model_dump(exclude={"version", "confirmed", "request_id"})
    values = {name: value for name, value in given.items() if value is not None}
    found = team.change_stage(
        desk_of(request, review_id), stage, values, version=body.version,
        confirmed=body.confirmed, request_id=body.request_id,
    )  # fmt: skip
    return RulesFollow(
        saved=found.nothing,
        moved=[Moved(before=a, after=b, count=n) for a, b, n in found.moved],
        completed=found.completed,
        words=list(found.words),
    )


@router.get("/reviews/{review_id}/blinding", response={200: list[SightAnswer], **ERRORS})
def blinding(request: HttpRequest, review_id: str) -> list[SightAnswer]:
    """Say who sees what of others' decisions at each stage."""
    return [
        SightAnswer(
            stage=line.stage.name, opened=line.opened, waiting=line.waiting, own=list(line.own),
            complete=list(line.complete), results=list(line.results),
            events=[
                EventAnswer(by=made.by, at=made.at, reason=made.reason, records=list(made.records))
                for made in line.events
            ],
        )
        for line in team.sightlines(desk_of(request, review_id))
    ]  # fmt: skip


def _opening(made: team.Opening) -> OpeningAnswer:
    return OpeningAnswer(
        stage=made.stage.name, records=list(made.records), hidden=made.hidden,
        waiting=made.waiting, people=list(made.people),
    )  # fmt: skip


@router.get("/reviews/{review_id}/unblinding", response={200: OpeningAnswer, **ERRORS})
def preview(request: HttpRequest, review_id: str, stage: str, record: str = "") -> OpeningAnswer:
    """Say what opening a stage, or one record of it, would open."""
    desk = desk_of(request, review_id)
    return _opening(team.plan_unblinding(desk, stage, [record] if record else []))


@router.post("/reviews/{review_id}/unblinding", response={200: OpeningAnswer, **ERRORS})
def unblind(request: HttpRequest, review_id: str, body: UnblindBody) -> OpeningAnswer:
    """Open decisions before all are made, for good; the reason is kept."""
    made = team.unblind(
        desk_of(request, review_id), body.stage, reason=body.reason, records=body.records,
        confirmed=body.confirmed, request_id=body.request_id,
    )  # fmt: skip
    return _opening(made)
