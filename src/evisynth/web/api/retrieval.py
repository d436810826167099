"""Retrieval by the API: the reports sought, notes on them, and files that are given."""

from __future__ import annotations

from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Field, File, Form, Query, Router, Schema
from ninja.files import UploadedFile

from evisynth.actions import team
from evisynth.web.api.root import ErrorAnswer, desk_of

__all__ = ["router"]

router = Router(tags=["reports"])
ERRORS = {403: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer}
BASE = "/reviews/{review_id}/retrieval"
Word = Annotated[str, Query(max_length=500)]
Ident = Annotated[str, Field(max_length=1000)]
Version = Annotated[int, Field(ge=0, le=1_000_000_000)]


class RetrievalLine(Schema):
    """A report sought: where its retrieval stands."""

    record: str
    title: str
    authors: str
    year: int | None
    doi: str
    status: str
    reason: str
    date: str
    files: int
    version: int


class RetrievalAnswer(Schema):
    """A page of reports, and how many there are of each status."""

    reports: list[RetrievalLine]
    counts: dict[str, int]
    total: int
    page: int


class NoteBody(Schema):
    """Where reports stand: ``to_get``, ``sought``, ``retrieved`` or ``not_retrieved``."""

    records: list[Ident] = Field(min_length=1, max_length=500)
    status: Literal["to_get", "sought", "retrieved", "not_retrieved"]
    reason: str = Field("", max_length=500)
    versions: dict[str, Version] = Field(default_factory=dict, max_length=500)
    request_id: str = Field("", max_length=100)


class NotedAnswer(Schema):
    """How many were noted."""

    number: int


class UploadLineAnswer(Schema):
    """What became of a file: ``attached``, ``already``, ``choose``, ``refused`` or ``dropped``."""

    number: int
    name: str
    size: int
    sha256: str
    status: str
    record: str
    by: str
    why: str
    candidates: list[str]


class UploadAnswer(Schema):
    """Files that were given at once; ``token`` names the upload for the choices that are left."""

    token: str
    files: list[UploadLineAnswer]


class ChoiceBody(Schema):
    """The report that a file is of; an empty one throws the file away."""

    number: int = Field(ge=1, le=1000)
    record: str = Field("", max_length=1000)


class CopyBody(Schema):
    """A report whose open copy is looked for."""

    record: str = Field(max_length=1000)


class CopyAnswer(Schema):
    """What came of it: ``attached``, ``found`` (an address), or ``not found``."""

    record: str
    status: str
    url: str
    licence: str
    reason: str


def upload_answer(made: team.Upload) -> UploadAnswer:
    """Return an upload as the API tells of it."""
    return UploadAnswer(
        token=made.token,
        files=[
            UploadLineAnswer(
                number=line.number, name=line.name, size=line.size, sha256=line.sha256,
                status=line.status, record=line.record, by=line.by, why=line.why,
                candidates=list(line.candidates),
            )
            for line in made.lines
        ],
    )  # fmt: skip


@router.get(BASE, response={200: RetrievalAnswer, **ERRORS})
def retrieval(
    request: HttpRequest, review_id: str, status: Word = "", words: Word = "", page: int = 1
) -> RetrievalAnswer:
    """List the reports sought with where their retrieval stands."""
    found = team.retrieval_list(
        desk_of(request, review_id), status=status, words=words, page=min(page, 1_000_000), size=100
    )
    return RetrievalAnswer(
        reports=[
            RetrievalLine(
                record=row.record.id, title=row.record.title, authors=row.record.authors,
                year=row.record.year, doi=row.record.doi, status=row.status, reason=row.reason,
                date=row.date, files=row.files, version=row.version,
            )
            for row in found.rows
        ],
        counts=found.counts, total=found.total, page=found.page,
    )  # fmt: skip


@router.post(BASE, response={200: NotedAnswer, **ERRORS})
def note(request: HttpRequest, review_id: str, body: NoteBody) -> NotedAnswer:
    """Note where reports stand; giving one up needs a reason."""
    number = team.note_retrieval(
        desk_of(request, review_id), body.records, body.status, reason=body.reason,
        versions=body.versions, request_id=body.request_id,
    )  # fmt: skip
    return NotedAnswer(number=number)


@router.post(BASE + "/files", response={200: UploadAnswer, **ERRORS})
def give(
    request: HttpRequest,
    review_id: str,
    files: Annotated[list[UploadedFile], File()],
    record: Annotated[str, Form(max_length=1000)] = "",
    source: Annotated[str, Form(max_length=500)] = "",
    licence: Annotated[str, Form(max_length=500)] = "",
    request_id: Annotated[str, Form(max_length=100)] = "",
) -> UploadAnswer:
    """Give PDFs, of one report or to be matched; each is checked by its content."""
    made = team.take_files(
        desk_of(request, review_id),
        [(each.name or "report.pdf", each.chunks()) for each in files],
        record=record, source=source, licence=licence, request_id=request_id,
    )  # fmt: skip
    return upload_answer(made)


@router.get(BASE + "/uploads/{token}", response={200: UploadAnswer, **ERRORS})
def uploaded(request: HttpRequest, review_id: str, token: str) -> UploadAnswer:
    """Tell what became of an own upload."""
    return upload_answer(team.upload_of(desk_of(request, review_id), token))


@router.post(BASE + "/uploads/{token}", response={200: UploadAnswer, **ERRORS})
def choose(request: HttpRequest, review_id: str, token: str, body: ChoiceBody) -> UploadAnswer:
    """Say which report a file is that could not be matched."""
    desk = desk_of(request, review_id)
    if not body.record:
        return upload_answer(team.drop_waiting(desk, token, body.number))
    return upload_answer(team.choose_report(desk, token, body.number, body.record))


@router.post(BASE + "/open-copy", response={200: CopyAnswer, **ERRORS})
def open_copy(request: HttpRequest, review_id: str, body: CopyBody) -> CopyAnswer:
    """Look for an open copy; only where the plan switches a service on."""
    made = team.fetch_open_copy(desk_of(request, review_id), body.record)
    return CopyAnswer(
        record=made.record, status=made.status, url=made.url, licence=made.licence,
        reason=made.reason,
    )  # fmt: skip
