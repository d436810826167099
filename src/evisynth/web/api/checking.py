"""The check of a review by the API."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Field, Router, Schema

from evisynth.actions import team
from evisynth.actions.team import Desk
from evisynth.web.api.root import ErrorAnswer, desk_of

__all__ = ["router"]

router = Router(tags=["check"])
ERRORS = {403: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer}


class FindingAnswer(Schema):
    """Something that is not as it should be, with the way out."""

    check: str
    where: str
    at: str
    message: str
    hint: str


class CheckAnswer(Schema):
    """How the last check stands; ``moved`` where something was done since."""

    status: str
    at: str
    moved: bool
    findings: list[FindingAnswer]
    warnings: list[str]


class CheckBody(Schema):
    """The same ``request_id`` again starts nothing anew."""

    request_id: str = Field("", max_length=100)


def _answer(desk: Desk) -> CheckAnswer:
    found = team.last_check(desk)
    if found is None:
        return CheckAnswer(status="never", at="", moved=False, findings=[], warnings=[])
    return CheckAnswer(
        status=found.job.status, at=found.job.at, moved=found.moved,
        findings=[
            FindingAnswer(
                check=each.check, where=each.where, at=each.at, message=each.message,
                hint=each.hint,
            )
            for each in found.findings
        ],
        warnings=[*found.warnings, *found.job.messages],
    )  # fmt: skip


@router.get("/reviews/{review_id}/check", response={200: CheckAnswer, **ERRORS})
def last(request: HttpRequest, review_id: str) -> CheckAnswer:
    """Return what the last check found."""
    desk = desk_of(request, review_id)
    desk.permit("run analysis")
    return _answer(desk)


@router.post("/reviews/{review_id}/check", response={200: CheckAnswer, **ERRORS})
def check(request: HttpRequest, review_id: str, body: CheckBody) -> CheckAnswer:
    """Check the review in the background."""
    desk = desk_of(request, review_id)
    team.check_in_background(desk, request_id=body.request_id)
    return _answer(desk)
