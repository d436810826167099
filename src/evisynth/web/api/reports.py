"""One report by the API: its files, and notes on its pages."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Field, Query, Router, Schema

from evisynth.actions import team
from evisynth.web.api.root import ErrorAnswer, desk_of
from evisynth.web.report_answers import file_answer, note_values

__all__ = ["router"]

router = Router(tags=["reports"])
ERRORS = {403: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer}
BASE = "/reviews/{review_id}/reports"
Long = Annotated[str, Query(max_length=1000)]


class FileAnswer(Schema):
    """A file of a report; ``sha256`` names it."""

    sha256: str
    name: str
    size: int
    source: str
    licence: str
    note: str
    date: str
    version: int


class PageNoteAnswer(Schema):
    """A note at a place in a report; ``id`` and ``version`` are there for own ones."""

    id: str
    who: str
    own: bool
    text: str
    quote: str
    page: int
    place: str
    stage: str
    version: int


class ReportAnswer(Schema):
    """A report with its files, where its retrieval stands, and the notes that may be seen."""

    record: str
    title: str
    status: str
    reason: str
    studies: list[str]
    files: list[FileAnswer]
    removed: list[FileAnswer]
    notes: list[PageNoteAnswer]
    may_decide: bool


class NoteBody(Schema):
    """A note: words, the quote that it is about, page from 1, and place in the file."""

    record: str = Field(max_length=1000)
    text: str = Field("", max_length=20_000)
    quote: str = Field("", max_length=20_000)
    page: int = Field(0, ge=0, le=100_000)
    place: str = Field("", max_length=200)
    request_id: str = Field("", max_length=100)


class ChangeBody(Schema):
    """An own note, written anew."""

    record: str = Field(max_length=1000)
    note: str = Field(max_length=200)
    text: str = Field("", max_length=20_000)
    version: int | None = Field(None, ge=0, le=1_000_000_000)
    request_id: str = Field("", max_length=100)


class RemoveBody(Schema):
    """An own note that is taken away."""

    record: str = Field(max_length=1000)
    note: str = Field(max_length=200)


class FileBody(Schema):
    """A file of a report."""

    record: str = Field(max_length=1000)
    sha256: str = Field(max_length=64)
    request_id: str = Field("", max_length=100)


class DescribeBody(FileBody):
    """What is said of a file; ``version`` is the one that was read."""

    source: str = Field("", max_length=500)
    licence: str = Field("", max_length=500)
    note: str = Field("", max_length=500)
    version: int | None = Field(None, ge=0, le=1_000_000_000)


class DoneAnswer(Schema):
    """It is done."""

    done: bool = True


def _file(made: team.ReportFile) -> FileAnswer:
    return FileAnswer(
        sha256=made.sha256, name=made.name, size=made.size, source=made.source,
        licence=made.licence, note=made.note, date=made.date, version=made.version,
    )  # fmt: skip


def _notes(*notes: team.PageNote) -> list[PageNoteAnswer]:
    return [PageNoteAnswer(**made) for made in note_values(notes)]  # type: ignore[arg-type]


@router.get(BASE, response={200: ReportAnswer, **ERRORS})
def report(request: HttpRequest, review_id: str, record: Long) -> ReportAnswer:
    """Return a report with its files and the notes on it that this person may see."""
    found = team.report_page(desk_of(request, review_id), record)
    return ReportAnswer(
        record=record, title=found.record.title, status=found.status, reason=found.reason,
        studies=list(found.studies), files=[_file(made) for made in found.files],
        removed=[_file(made) for made in found.removed], notes=_notes(*found.notes),
        may_decide=found.may_decide,
    )  # fmt: skip


@router.get(BASE + "/file/{sha256}", response={200: None, **ERRORS})
def file(request: HttpRequest, review_id: str, sha256: str) -> HttpResponseBase:
    """Send a file of a report: a PDF, never to be opened as a page."""
    return file_answer(desk_of(request, review_id), sha256)


@router.post(BASE + "/files/remove", response={200: DoneAnswer, **ERRORS})
def remove_file(request: HttpRequest, review_id: str, body: FileBody) -> DoneAnswer:
    """Take a file away from a report; it can be put back."""
    team.remove_file(desk_of(request, review_id), **body.dict())
    return DoneAnswer()


@router.post(BASE + "/files/restore", response={200: DoneAnswer, **ERRORS})
def restore_file(request: HttpRequest, review_id: str, body: FileBody) -> DoneAnswer:
    """Put a file back."""
    team.restore_file(desk_of(request, review_id), **body.dict())
    return DoneAnswer()


@router.post(BASE + "/files/describe", response={200: DoneAnswer, **ERRORS})
def describe_file(request: HttpRequest, review_id: str, body: DescribeBody) -> DoneAnswer:
    """Say where a file comes from, under which licence, and what it is."""
    team.describe_file(desk_of(request, review_id), **body.dict())
    return DoneAnswer()


@router.post(BASE + "/notes", response={200: PageNoteAnswer, **ERRORS})
def add_note(request: HttpRequest, review_id: str, body: NoteBody) -> PageNoteAnswer:
    """Keep a note at a place of a report."""
    return _notes(team.add_page_note(desk_of(request, review_id), **body.dict()))[0]


@router.post(BASE + "/notes/change", response={200: PageNoteAnswer, **ERRORS})
def change_note(request: HttpRequest, review_id: str, body: ChangeBody) -> PageNoteAnswer:
    """Write an own note anew."""
    return _notes(team.change_page_note(desk_of(request, review_id), **body.dict()))[0]


@router.post(BASE + "/notes/remove", response={200: DoneAnswer, **ERRORS})
def remove_note(request: HttpRequest, review_id: str, body: RemoveBody) -> DoneAnswer:
    """Take an own note away."""
    team.remove_page_note(desk_of(request, review_id), **body.dict())
    return DoneAnswer()
