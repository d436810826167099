"""The history by the API, and whether it is whole."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from evisynth.actions import team
from evisynth.storage import TrailFilter
from evisynth.web.api.root import ErrorAnswer, desk_of

__all__ = ["router"]

router = Router(tags=["history"])
ERRORS = {403: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer}
Word = Annotated[str, Query(max_length=500)]
Day = Annotated[str, Query(max_length=10)]


class EntryAnswer(Schema):
    """What was done: the item, and its fields that differ, before and after.

    ``number`` is 0 for those who see only their own acts.
    """

    number: int
    at: str
    actor: str
    act: str
    kind: str
    key: list[str]
    reason: str
    before: dict[str, str | None]
    after: dict[str, str | None]


class HistoryAnswer(Schema):
    """A part of the history, the newest first; ``older`` is 0 where it ends."""

    entries: list[EntryAnswer]
    older: int
    whole: bool


class VerifyBody(Schema):
    """A hash noted earlier, if there is one."""

    head: str = Field("", max_length=64)
    request_id: str = Field("", max_length=100)


class VerificationAnswer(Schema):
    """How a verification stands; with problems once it is done."""

    status: str
    at: str
    entries: int
    head: str
    problems: list[str]


@router.get("/reviews/{review_id}/history", response={200: HistoryAnswer, **ERRORS})
def history(
    request: HttpRequest,
    review_id: str,
    actor: Word = "",
    kind: Word = "",
    act: Word = "",
    subject: Word = "",
    since: Day = "",
    until: Day = "",
    words: Word = "",
    before: Annotated[int, Query(ge=0, le=10**15)] = 0,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> HistoryAnswer:
    """Return what was done, as far as whoever asks may see it."""
    wanted = TrailFilter(actor, kind, act, subject, since, until, words)
    found = team.history_of(desk_of(request, review_id), wanted, before=before, size=size)
    return HistoryAnswer(
        entries=[
            EntryAnswer(
                number=line.entry.number if found.whole else 0, at=line.entry.at,
                actor=line.entry.actor, act=line.entry.act, kind=line.entry.kind,
                key=list(line.entry.key), reason=line.entry.reason,
                before={made.name: made.before for made in line.changes},
                after={made.name: made.after for made in line.changes},
            )
            for line in found.lines
        ],
        older=found.older,
        whole=found.whole,
    )  # fmt: skip


def _answer(job: Any) -> VerificationAnswer:
    result = job.result if job else {}
    return VerificationAnswer(
        status=job.status if job else "never", at=job.at if job else "",
        entries=result.get("entries", 0), head=result.get("head", ""),
        problems=[*result.get("problems", ()), *(job.messages if job else ())],
    )  # fmt: skip


@router.get(
    "/reviews/{review_id}/history/verification", response={200: VerificationAnswer, **ERRORS}
)
def verification(request: HttpRequest, review_id: str) -> VerificationAnswer:
    """Return what the last verification found."""
    return _answer(team.last_verification(desk_of(request, review_id)))


@router.post(
    "/reviews/{review_id}/history/verification", response={200: VerificationAnswer, **ERRORS}
)
def verify(request: HttpRequest, review_id: str, body: VerifyBody) -> VerificationAnswer:
    """Verify the history; a long one in the background."""
    desk = desk_of(request, review_id)
    return _answer(team.verify_in_background(desk, head=body.head, request_id=body.request_id))
