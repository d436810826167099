"""Conflicts by the API: which there are, settling them, talking them over."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from evisynth.actions import team
from evisynth.web.api.root import ErrorAnswer, desk_of

__all__ = ["router"]

router = Router(tags=["conflicts"])
ERRORS = {403: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer}
Word = Annotated[str, Query(max_length=200)]
Long = Annotated[str, Query(max_length=1000)]


class VoteLine(Schema):
    """A decision as the person may see it; others stand under pseudonyms."""

    who: str
    own: bool
    role: str
    verdict: str
    reason: str
    note: str


class ConflictAnswer(Schema):
    """A record on which people differ."""

    record: str
    title: str
    state: str
    waiting: str
    pair: str
    votes: list[VoteLine]
    may_adjudicate: bool
    may_talk: bool


class ConflictsAnswer(Schema):
    """Conflicts that the person may see, with how many there are by pair and by what differs."""

    conflicts: list[ConflictAnswer]
    pairs: dict[str, int]
    kinds: dict[str, int]
    total: int


class SettleBody(Schema):
    """A verdict that settles a conflict. The same ``request_id`` again changes nothing."""

    record: str = Field(max_length=1000)
    verdict: str = Field(max_length=20)
    reason: str = Field("", max_length=200)
    note: str = Field("", max_length=20_000)
    request_id: str = Field("", max_length=100)


class TakeBackBody(Schema):
    """A settlement that is taken back."""

    record: str = Field(max_length=1000)
    request_id: str = Field("", max_length=100)


class SettledAnswer(Schema):
    """Where the record stands now."""

    record: str
    state: str
    reason: str
    waiting: str


def _answer(found: team.Conflict, person: str) -> ConflictAnswer:
    return ConflictAnswer(
        record=found.record.id,
        title=found.record.title,
        state=found.state.status,
        waiting=found.state.waiting,
        pair=found.pair,
        votes=[
            VoteLine(
                who=made.reviewer, own=made.reviewer == person, role=made.role,
                verdict=made.verdict, reason=made.reason, note=made.note,
            )
            for made in found.votes
        ],
        may_adjudicate=found.may_adjudicate,
        may_talk=found.may_talk,
    )  # fmt: skip


def _settled(state: team.RecordState) -> SettledAnswer:
    return SettledAnswer(
        record=state.record, state=state.status, reason=state.reason, waiting=state.waiting
    )


@router.get(
    "/reviews/{review_id}/stages/{stage}/conflicts", response={200: ConflictsAnswer, **ERRORS}
)
def conflicts(
    request: HttpRequest, review_id: str, stage: str, pair: Word = "", kind: Word = ""
) -> ConflictsAnswer:
    """List the conflicts that the person may see."""
    desk = desk_of(request, review_id)
    found = team.conflicts_of(desk, stage, pair=pair, kind=kind)
    return ConflictsAnswer(
        conflicts=[_answer(line, desk.person.id) for line in found.lines],
        pairs=found.pairs,
        kinds=found.kinds,
        total=found.total,
    )


@router.get(
    "/reviews/{review_id}/stages/{stage}/conflict", response={200: ConflictAnswer, **ERRORS}
)
def conflict(request: HttpRequest, review_id: str, stage: str, record: Long) -> ConflictAnswer:
    """Return one conflict."""
    desk = desk_of(request, review_id)
    return _answer(team.conflict_on(desk, stage, record), desk.person.id)


@router.post(
    "/reviews/{review_id}/stages/{stage}/conflicts/adjudicate",
    response={200: SettledAnswer, **ERRORS},
)
def adjudicate(request: HttpRequest, review_id: str, stage: str, body: SettleBody) -> SettledAnswer:
    """Settle a conflict as a third person."""
    return _settled(team.adjudicate(desk_of(request, review_id), stage, **body.dict()))


@router.post(
    "/reviews/{review_id}/stages/{stage}/conflicts/take-back",
    response={200: SettledAnswer, **ERRORS},
)
def take_back(
    request: HttpRequest, review_id: str, stage: str, body: TakeBackBody
) -> SettledAnswer:
    """Take an own settlement back."""
    return _settled(team.take_settlement_back(desk_of(request, review_id), stage, **body.dict()))


@router.post(
    "/reviews/{review_id}/stages/{stage}/conflicts/change", response={200: SettledAnswer, **ERRORS}
)
def change(request: HttpRequest, review_id: str, stage: str, body: SettleBody) -> SettledAnswer:
    """Change the own vote after talking it over."""
    return _settled(team.change_vote(desk_of(request, review_id), stage, **body.dict()))


@router.post(
    "/reviews/{review_id}/stages/{stage}/conflicts/agree", response={200: SettledAnswer, **ERRORS}
)
def agree(request: HttpRequest, review_id: str, stage: str, body: SettleBody) -> SettledAnswer:
    """Note what all who decided came to together."""
    return _settled(team.agree_together(desk_of(request, review_id), stage, **body.dict()))
