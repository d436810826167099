"""Studies by the API: the list, joining and parting reports, characteristics."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from evisynth.actions import team
from evisynth.web.api.root import ErrorAnswer, desk_of

__all__ = ["router"]

router = Router(tags=["studies"])
ERRORS = {403: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer}
BASE = "/reviews/{review_id}/studies"
Long = Annotated[str, Query(max_length=1000)]
Ident = Annotated[str, Field(max_length=1000)]


class WorkAnswer(Schema):
    """How far a study is in a form, as far as the person may know."""

    form: str
    title: str
    stage: str
    own: str


class StudyAnswer(Schema):
    """A study: its reports, the main one first, and how far it is."""

    study: str
    reports: list[str]
    filled: int
    fields: int
    extraction: list[WorkAnswer]
    assessed: int
    results: int
    not_included: list[str]


class LonelyAnswer(Schema):
    """A report that is of no study, and the id suggested for one."""

    record: str
    title: str
    suggested: str


class StudiesAnswer(Schema):
    """The studies, and the reports that are of none."""

    studies: list[StudyAnswer]
    reports_without_study: list[LonelyAnswer]


class OneStudyAnswer(StudyAnswer):
    """A study with its characteristics; ``version`` is to change them."""

    main_report: str
    characteristics: dict[str, str]
    further: dict[str, str]
    version: int


class ReportsBody(Schema):
    """Reports and the study that they are put into, or that is made of them."""

    records: list[Ident] = Field(min_length=1, max_length=500)
    study: str = Field(max_length=200)
    request_id: str = Field("", max_length=100)


class MainBody(Schema):
    """A study and its main report."""

    study: str = Field(max_length=1000)
    report: str = Field(max_length=1000)
    request_id: str = Field("", max_length=100)


class RenameBody(Schema):
    """A study and its new id."""

    study: str = Field(max_length=1000)
    name: str = Field(max_length=200)
    request_id: str = Field("", max_length=100)


class DropBody(Schema):
    """A study without reports that is taken away."""

    study: str = Field(max_length=1000)
    request_id: str = Field("", max_length=100)


class DescribeBody(Schema):
    """Characteristics by the names of their fields; ``version`` is the one that was read."""

    study: str = Field(max_length=1000)
    characteristics: dict[str, Annotated[str, Field(max_length=2000)]] = Field(max_length=500)
    version: int | None = Field(None, ge=0, le=1_000_000_000)
    request_id: str = Field("", max_length=100)


class DoneAnswer(Schema):
    """It is done."""

    done: bool = True


def _row(row: team.StudyRow) -> dict[str, object]:
    return {
        "study": row.study, "reports": [line.id for line in row.reports], "filled": row.filled,
        "fields": row.fields,
        "extraction": [
            WorkAnswer(form=made.form, title=made.title, stage=made.stage, own=made.own)
            for made in row.extraction
        ],
        "assessed": row.assessment.done if row.assessment else 0,
        "results": row.assessment.of if row.assessment else 0, "not_included": list(row.stray),
    }  # fmt: skip


@router.get(BASE, response={200: StudiesAnswer, **ERRORS})
def studies(request: HttpRequest, review_id: str) -> StudiesAnswer:
    """List the studies, and the reports that are of none."""
    found = team.studies_list(desk_of(request, review_id))
    return StudiesAnswer(
        studies=[StudyAnswer(**_row(row)) for row in found.rows],  # type: ignore[arg-type]
        reports_without_study=[
            LonelyAnswer(record=line.id, title=line.title, suggested=name)
            for line, name in found.lonely
        ],
    )


@router.get(BASE + "/one", response={200: OneStudyAnswer, **ERRORS})
def study(request: HttpRequest, review_id: str, study: Long) -> OneStudyAnswer:
    """Return one study with its characteristics."""
    found = team.study_page(desk_of(request, review_id), study)
    return OneStudyAnswer(
        **_row(found.row),  # type: ignore[arg-type]
        main_report=found.main, characteristics=found.values, further=found.further,
        version=found.version,
    )  # fmt: skip


@router.post(BASE + "/join", response={200: DoneAnswer, **ERRORS})
def join(request: HttpRequest, review_id: str, body: ReportsBody) -> DoneAnswer:
    """Put reports into a study, new or there already."""
    team.put_reports(desk_of(request, review_id), **body.dict())
    return DoneAnswer()


@router.post(BASE + "/split", response={200: DoneAnswer, **ERRORS})
def split(request: HttpRequest, review_id: str, body: ReportsBody) -> DoneAnswer:
    """Make a new study of some reports of one."""
    team.split_study(desk_of(request, review_id), **body.dict())
    return DoneAnswer()


@router.post(BASE + "/main-report", response={200: DoneAnswer, **ERRORS})
def main_report(request: HttpRequest, review_id: str, body: MainBody) -> DoneAnswer:
    """Choose the main report of a study."""
    team.set_main_report(desk_of(request, review_id), **body.dict())
    return DoneAnswer()


@router.post(BASE + "/rename", response={200: DoneAnswer, **ERRORS})
def rename(request: HttpRequest, review_id: str, body: RenameBody) -> DoneAnswer:
    """Give a study another id; its data go along."""
    team.rename_study(desk_of(request, review_id), **body.dict())
    return DoneAnswer()


@router.post(BASE + "/drop", response={200: DoneAnswer, **ERRORS})
def drop(request: HttpRequest, review_id: str, body: DropBody) -> DoneAnswer:
    """Take a study without reports and data away."""
    team.drop_study(desk_of(request, review_id), **body.dict())
    return DoneAnswer()


@router.put(BASE + "/characteristics", response={200: DoneAnswer, **ERRORS})
def describe(request: HttpRequest, review_id: str, body: DescribeBody) -> DoneAnswer:
    """Keep characteristics of a study; those that are not named stay."""
    team.set_characteristics(
        desk_of(request, review_id), body.study, body.characteristics, version=body.version,
        request_id=body.request_id,
    )  # fmt: skip
    return DoneAnswer()
