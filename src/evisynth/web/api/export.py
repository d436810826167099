"""Exports by the API: what one would hold, making one, lists of records."""

from __future__ import annotations

from typing import Literal

from django.http import FileResponse, HttpRequest, HttpResponseBase
from ninja import Field, Router, Schema

from evisynth.actions import team
from evisynth.web.api.root import ErrorAnswer, desk_of

__all__ = ["router"]

router = Router(tags=["export"])
ERRORS = {403: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer}


class ExportAnswer(Schema):
    """An export that was made, or is being made."""

    id: str
    name: str
    at: str
    status: str
    percent: int
    messages: list[str]


class SizeAnswer(Schema):
    """What an export of the whole review would hold, and what was made."""

    items: int
    files: int
    bytes: int
    pdfs: int
    hidden: bool
    large: bool
    exports: list[ExportAnswer]


class ExportBody(Schema):
    """What is to be made."""

    what: Literal["all", "public", "records", "decisions"] = "all"
    format: Literal["csv", "ris"] = "csv"
    pdfs: bool = True
    words: str = Field("", max_length=500)
    stage: str = Field("", max_length=40)
    status: str = Field("", max_length=20)
    source: str = Field("", max_length=200)
    request_id: str = Field("", max_length=100)


def _answer(job: team.Job) -> ExportAnswer:
    return ExportAnswer(
        id=job.id, name=str(job.result.get("name", "")), at=job.at, status=job.status,
        percent=100 if job.status == "done" else job.percent,
        messages=list(job.messages),
    )  # fmt: skip


@router.get("/reviews/{review_id}/export", response={200: SizeAnswer, **ERRORS})
def size(request: HttpRequest, review_id: str) -> SizeAnswer:
    """Return what an export of the whole review would hold, and the exports that were made."""
    desk = desk_of(request, review_id)
    made = team.export_size(desk)
    return SizeAnswer(
        items=made.items, files=made.files, bytes=made.bytes, pdfs=made.pdfs, hidden=made.hidden,
        large=made.large, exports=[_answer(job) for job in team.exports_of(desk)],
    )  # fmt: skip


@router.post("/reviews/{review_id}/export", response={200: ExportAnswer, **ERRORS})
def make(request: HttpRequest, review_id: str, body: ExportBody) -> ExportAnswer:
    """Make an export; a large one in the background."""
    desk = desk_of(request, review_id)
    if body.what in ("all", "public"):
        job = team.export_in_background(
            desk, public=body.what == "public", pdfs=body.pdfs, request_id=body.request_id
        )
    else:
        wanted = team.RecordFilter(
            words=body.words, stage=body.stage, status=body.status, source=body.source
        )
        what: team.ExportWhat = "decisions" if body.what == "decisions" else "records"
        job = team.list_in_background(desk, wanted, body.format, what, request_id=body.request_id)
    return _answer(job)


@router.get("/reviews/{review_id}/export/file", response={200: None, **ERRORS})
def fetch(request: HttpRequest, review_id: str, made: str) -> HttpResponseBase:
    """Return the file of an export that was made by whoever asks."""
    job, place = team.export_file(desk_of(request, review_id), made)
    return FileResponse(
        place.open("rb"), as_attachment=True, filename=str(job.result["name"]),
        content_type=str(job.result["type"]),
    )  # fmt: skip
