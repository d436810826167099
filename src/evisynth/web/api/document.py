"""The document by the API: building it in the background, what was built, ending a build."""

from __future__ import annotations

from typing import Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema

from evisynth.actions import team
from evisynth.web.api.duplicates import JobAnswer, job_answer
from evisynth.web.api.root import ErrorAnswer, desk_of

__all__ = ["router"]

router = Router(tags=["document"])
ERRORS = {403: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer}
Format = Literal["html", "docx", "pdf"]


class BuildAnswer(Schema):
    """A document that was built, or is being built; files are at ``/document/{id}/file/{name}``."""

    job: JobAnswer
    formats: list[str]
    files: dict[str, int]
    stale: bool
    ready: bool


class BuildBody(Schema):
    """A build. The same ``request_id`` again gives the same one."""

    formats: list[Format] = Field(["html", "docx", "pdf"], max_length=3)
    request_id: str = Field("", max_length=100)


class StopBody(Schema):
    """A build that is to end."""

    build: str = Field(max_length=100)


def _answer(made: team.Build) -> BuildAnswer:
    return BuildAnswer(
        job=job_answer(made.job), formats=list(made.formats), files=dict(made.files),
        stale=made.stale, ready=made.ready,
    )  # fmt: skip


@router.get("/reviews/{review_id}/documents", response={200: list[BuildAnswer], **ERRORS})
def documents(request: HttpRequest, review_id: str) -> list[BuildAnswer]:
    """List what was built, the newest first."""
    return [_answer(made) for made in team.builds_of(desk_of(request, review_id))]


@router.post("/reviews/{review_id}/documents", response={200: BuildAnswer, **ERRORS})
def build(request: HttpRequest, review_id: str, body: BuildBody) -> BuildAnswer:
    """Build the document of the review as it stands now, in the background."""
    desk = desk_of(request, review_id)
    return _answer(team.start_build(desk, tuple(body.formats), request_id=body.request_id))


@router.post("/reviews/{review_id}/documents/stop", response={200: BuildAnswer, **ERRORS})
def stop(request: HttpRequest, review_id: str, body: StopBody) -> BuildAnswer:
    """End a build; the documents before stay."""
    desk = desk_of(request, review_id)
    team.stop_build(desk, body.build)
    return _answer(team.build_at(desk, body.build))
