"""Extraction by the API: forms, values with their places, checks, being finished, consensus."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from evisynth.actions import team
from evisynth.extraction import Form, ValueEntry
from evisynth.web.api.root import ErrorAnswer, desk_of

__all__ = ["router"]

router = Router(tags=["extraction"])
ERRORS = {403: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer}
Word = Annotated[str, Query(max_length=300)]
BASE = "/reviews/{review_id}/extraction"


class FormAnswer(Schema):
    """A form for extraction with its definition as JSON, and the version to save it with."""

    form: str
    title: str
    version: int
    definition: str


class FormBody(Schema):
    """A form to be saved; ``version`` is the one that was read, 0 for a new form."""

    definition: str = Field(max_length=500_000)
    version: int = Field(ge=0, le=2_000_000_000)
    confirmed: bool = False
    request_id: str = Field("", max_length=100)


class TouchAnswer(Schema):
    """What a change of a form touches; values are kept in any case."""

    added: list[str]
    removed: list[str]
    changed: list[str]
    other: list[str]
    own: dict[str, int]
    agreed: dict[str, int]
    unfit: list[str]


class StudyAnswer(Schema):
    """A study in the list of a form, as far as the person may know."""

    study: str
    stage: str
    own: str
    values: int
    to_do: bool


class EntryBody(Schema):
    """A value with the place it came from; nothing at all takes it away."""

    value: str = Field("", max_length=20_000)
    unit: str = Field("", max_length=100)
    report: str = Field("", max_length=1000)
    page: str = Field("", max_length=100)
    quote: str = Field("", max_length=20_000)
    place: str = Field("", max_length=2000)
    note: str = Field("", max_length=20_000)
    how: str = Field("", max_length=20_000)

    def entry(self) -> ValueEntry:
        """Return it as the rules know it."""
        return ValueEntry(**{name: getattr(self, name) for name in EntryBody.model_fields})


class ValueBody(Schema):
    """One field of a study. The same ``request_id`` again changes nothing."""

    study: str = Field(max_length=1000)
    row: str = Field("", max_length=300)
    cell: str = Field(max_length=100)
    entry: EntryBody
    version: int = Field(ge=0, le=2_000_000_000)
    request_id: str = Field("", max_length=100)


class ValueAnswer(Schema):
    """A value that is safe, with its version."""

    row: str
    cell: str
    value: str
    version: int


class CheckBody(Schema):
    """A row as it stands on the screen."""

    study: str = Field(max_length=1000)
    row: str = Field("", max_length=300)
    values: dict[str, Annotated[str, Field(max_length=2000)]] = Field(max_length=500)


class FindingAnswer(Schema):
    """Something about values of a row."""

    cells: list[str]
    message: str
    level: str


class OfferAnswer(Schema):
    """A conversion that can be taken, with formula and source."""

    id: str
    title: str
    arm: int
    values: dict[str, str]
    formula: str
    source: str
    how: str
    note: str


class CheckAnswer(Schema):
    """What is to be said of a row while it is typed."""

    findings: list[FindingAnswer]
    offers: list[OfferAnswer]


class StudyBody(Schema):
    """A study that is finished, reopened, or agreed on where all say the same."""

    study: str = Field(max_length=1000)
    request_id: str = Field("", max_length=100)


class DoneAnswer(Schema):
    """How many values were written."""

    number: int = 0


class PersonValue(Schema):
    """What one person has in a cell; the person stands under a pseudonym."""

    who: str
    value: str
    unit: str
    quote: str
    page: str
    note: str


class ComparedAnswer(Schema):
    """A cell with what each person has there, and what is agreed on."""

    row: str
    cell: str
    same: bool
    values: list[PersonValue]
    agreed: str | None
    version: int


class ComparisonAnswer(Schema):
    """Values of several people side by side."""

    study: str
    left: int
    differ: int
    cells: list[ComparedAnswer]
    left_out: list[str]


def _form(desk: team.Desk, form: Form) -> FormAnswer:
    return FormAnswer(
        form=form.id, title=form.title, version=team.form_version(desk, form.id),
        definition=form.definition(),
    )  # fmt: skip


@router.get(f"{BASE}/forms", response={200: list[FormAnswer], **ERRORS})
def forms(request: HttpRequest, review_id: str) -> list[FormAnswer]:
    """List the forms."""
    desk = desk_of(request, review_id)
    desk.permit("read")
    return [_form(desk, form) for form in team.forms_of(desk.board)]


@router.get(BASE + "/forms/{form}", response={200: FormAnswer, **ERRORS})
def one_form(request: HttpRequest, review_id: str, form: str) -> FormAnswer:
    """Return a form."""
    desk = desk_of(request, review_id)
    desk.permit("read")
    return _form(desk, team.form_at(desk, form))


@router.put(BASE + "/forms/{form}", response={200: FormAnswer, **ERRORS})
def save_form(request: HttpRequest, review_id: str, form: str, body: FormBody) -> FormAnswer:
    """Save a form."""
    desk = desk_of(request, review_id)
    return _form(desk, team.save_form(desk, form, **body.dict()))


@router.post(BASE + "/forms/{form}/touched", response={200: TouchAnswer, **ERRORS})
def touched(request: HttpRequest, review_id: str, form: str, body: FormBody) -> TouchAnswer:
    """Say what a change of a form would touch; nothing is kept."""
    desk = desk_of(request, review_id)
    desk.permit("design forms")
    old = team.form_at(desk, form)
    made = team.touched_by(desk, old, team.read_form(form, {"definition": body.definition}))
    return TouchAnswer(
        added=list(made.change.added), removed=list(made.change.removed),
        changed=list(made.change.changed), other=list(made.change.other),
        own=made.own, agreed=made.agreed, unfit=list(made.unfit),
    )  # fmt: skip


@router.get(BASE + "/{form}/studies", response={200: list[StudyAnswer], **ERRORS})
def studies(request: HttpRequest, review_id: str, form: str) -> list[StudyAnswer]:
    """List the studies of a form with what the person has extracted."""
    desk = desk_of(request, review_id)
    desk.permit("read")
    lines = team.study_lines(desk, team.form_at(desk, form))
    return [
        StudyAnswer(
            study=line.study, stage=line.stage, own=line.own, values=line.values, to_do=line.to_do
        )
        for line in lines
    ]


@router.post(BASE + "/{form}/values", response={200: ValueAnswer, **ERRORS})
def save_value(request: HttpRequest, review_id: str, form: str, body: ValueBody) -> ValueAnswer:
    """Keep a value."""
    saved = team.save_value(
        desk_of(request, review_id), form, body.study, body.row, body.cell, body.entry.entry(),
        version=body.version, request_id=body.request_id,
    )  # fmt: skip
    return ValueAnswer(
        row=saved.row, cell=saved.cell, value=saved.entry.value, version=saved.version
    )


@router.post(BASE + "/{form}/check", response={200: CheckAnswer, **ERRORS})
def check(request: HttpRequest, review_id: str, form: str, body: CheckBody) -> CheckAnswer:
    """Check a row and offer conversions; nothing is kept."""
    desk = desk_of(request, review_id)
    found = team.check_values(desk, form, body.study, body.row, body.values)
    return CheckAnswer(
        findings=[
            FindingAnswer(cells=list(each.cells), message=each.message, level=each.level)
            for each in found.findings
        ],
        offers=[
            OfferAnswer(
                id=each.id, title=each.title, arm=each.arm, values=each.values,
                formula=each.formula, source=each.source, how=each.how, note=each.note,
            )
            for each in found.offers
        ],
    )  # fmt: skip


@router.post(BASE + "/{form}/finish", response={200: DoneAnswer, **ERRORS})
def finish(request: HttpRequest, review_id: str, form: str, body: StudyBody) -> DoneAnswer:
    """Say that the person has extracted a study."""
    team.finish_extraction(desk_of(request, review_id), form, **body.dict())
    return DoneAnswer()


@router.post(BASE + "/{form}/reopen", response={200: DoneAnswer, **ERRORS})
def reopen(request: HttpRequest, review_id: str, form: str, body: StudyBody) -> DoneAnswer:
    """Go on with a study, as long as the others have not all finished."""
    team.reopen_extraction(desk_of(request, review_id), form, **body.dict())
    return DoneAnswer()


@router.get(BASE + "/{form}/comparison", response={200: ComparisonAnswer, **ERRORS})
def comparison(request: HttpRequest, review_id: str, form: str, study: Word) -> ComparisonAnswer:
    """Return the values of several people side by side, once all have finished."""
    found = team.comparison_of(desk_of(request, review_id), form, study)
    return ComparisonAnswer(
        study=study, left=found.left, differ=found.differ, left_out=list(found.left_out),
        cells=[
            ComparedAnswer(
                row=made.row, cell=made.cell.name, same=made.same,
                values=[
                    PersonValue(
                        who=found.people[who], value=entry.value, unit=entry.unit,
                        quote=entry.quote, page=entry.page, note=entry.note,
                    )
                    for who, entry in made.entries
                ],
                agreed=made.agreed.value if made.agreed else None,
                version=found.versions[made.row, made.cell.name],
            )
            for made in found.cells
        ],
    )  # fmt: skip


@router.post(BASE + "/{form}/agree", response={200: ValueAnswer, **ERRORS})
def agree(request: HttpRequest, review_id: str, form: str, body: ValueBody) -> ValueAnswer:
    """Note what a cell was agreed to be."""
    saved = team.agree_on_value(
        desk_of(request, review_id), form, body.study, body.row, body.cell, body.entry.entry(),
        version=body.version, request_id=body.request_id,
    )  # fmt: skip
    return ValueAnswer(
        row=saved.row, cell=saved.cell, value=saved.entry.value, version=saved.version
    )


@router.post(BASE + "/{form}/agree-equal", response={200: DoneAnswer, **ERRORS})
def agree_equal(request: HttpRequest, review_id: str, form: str, body: StudyBody) -> DoneAnswer:
    """Agree on all cells that everybody filled in alike."""
    desk = desk_of(request, review_id)
    return DoneAnswer(number=team.agree_on_equal(desk, form, **body.dict()))
