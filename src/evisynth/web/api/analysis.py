"""Analyses by the API: what can be chosen, what it comes to, saving it into the plan."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema

from evisynth.actions import team
from evisynth.reporting import analysis_to_dict
from evisynth.web.api.root import ErrorAnswer, desk_of

__all__ = ["router"]

router = Router(tags=["analysis"])
ERRORS = {403: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer}
Word = Annotated[str, Field(max_length=300)]
Words = Annotated[list[Word], Field(max_length=40)]


class ChoiceBody(Schema):
    """What differs from the plan; what is not given is as the plan has it."""

    title: Word | None = None
    outcome: Word | None = None
    measure: Word | None = None
    formats: Words | None = None
    mixed_formats: bool | None = None
    timepoints: Words | None = None
    model: Word | None = None
    tau2: Word | None = None
    ci: Word | None = None
    prediction: Word | None = None
    level: float | None = Field(None, ge=0.5, lt=1)
    role: Literal["main", "sensitivity"] | None = None
    sensitivity_of: Word | None = None
    subgroups: Words | None = None
    meta_regression: Words | None = None
    without_outliers: Word | None = None
    trim_and_fill: Word | None = None
    asymmetry_tests: Words | None = None
    favours: Words | None = None


class PreviewBody(Schema):
    """An analysis of the plan (or a new one) with what differs."""

    analysis: Word = ""
    choice: ChoiceBody | None = None


class PlannedAnswer(Schema):
    """An analysis of the plan with every key."""

    id: str
    values: dict[str, Any]


class PlanAnswer(Schema):
    """The analyses of the plan, and its version."""

    analyses: list[PlannedAnswer]
    version: int
    outcomes: dict[str, int]
    formats: list[str]
    measures: list[str]
    subgroups: list[str]


class FigureAnswer(Schema):
    """A figure of a preview."""

    id: str
    title: str
    caption: str
    alt_text: str
    pages: int


class PreviewAnswer(Schema):
    """What an analysis comes to: as in results.json, or what stands in its way."""

    id: str
    values: dict[str, Any]
    result: dict[str, Any] | None
    figures: list[FigureAnswer]
    problems: list[str]
    warnings: list[str]


class SaveBody(PreviewBody):
    """An analysis that is written into the plan. The same ``request_id`` changes nothing."""

    version: int = Field(ge=0, le=1_000_000)
    reason: str = Field("", max_length=5000)
    request_id: str = Field("", max_length=100)


class SavedAnswer(Schema):
    """The analysis that was saved, and the version of the plan."""

    id: str
    version: int


class RemoveBody(Schema):
    """An analysis that is taken out of the plan."""

    analysis: Word
    reason: str = Field(max_length=5000)
    version: int = Field(ge=0, le=1_000_000)
    request_id: str = Field("", max_length=100)


def _given(choice: ChoiceBody | None) -> dict[str, object]:
    given = choice.dict() if choice is not None else {}
    return {name: value for name, value in given.items() if value is not None}


@router.get("/reviews/{review_id}/analyses", response={200: PlanAnswer, **ERRORS})
def analyses(request: HttpRequest, review_id: str) -> PlanAnswer:
    """List the analyses of the plan, and what can be chosen."""
    desk = desk_of(request, review_id)
    options = team.analysis_options(desk)
    return PlanAnswer(
        analyses=[
            PlannedAnswer(id=made.id, values=made.values) for made in team.planned_analyses(desk)
        ],
        version=team.analysis_version(desk),
        outcomes={name: number for name, _, number in options.outcomes},
        formats=[name for name, _ in options.formats],
        measures=list(options.measures),
        subgroups=[name for name, _ in options.subgroups],
    )


@router.post("/reviews/{review_id}/analyses/preview", response={200: PreviewAnswer, **ERRORS})
def preview(request: HttpRequest, review_id: str, body: PreviewBody) -> PreviewAnswer:
    """Compute an analysis of the data agreed on; nothing is saved."""
    desk = desk_of(request, review_id)
    made = team.preview_analysis(desk, _given(body.choice), ident=body.analysis)
    return PreviewAnswer(
        id=made.id,
        values=made.values,
        result=analysis_to_dict(made.result) if made.result is not None else None,
        figures=[
            FigureAnswer(
                id=each.id, title=each.title, caption=each.caption,
                alt_text=each.figure.alt_text, pages=len(each.figure.pages),
            )
            for each in made.figures
        ],
        problems=list(made.problems),
        warnings=list(made.warnings),
    )  # fmt: skip


@router.post("/reviews/{review_id}/analyses/save", response={200: SavedAnswer, **ERRORS})
def save(request: HttpRequest, review_id: str, body: SaveBody) -> SavedAnswer:
    """Write an analysis into the plan."""
    desk = desk_of(request, review_id)
    name = team.save_analysis(
        desk, _given(body.choice), ident=body.analysis, version=body.version, reason=body.reason,
        request_id=body.request_id,
    )  # fmt: skip
    return SavedAnswer(id=name, version=team.analysis_version(desk))


@router.post("/reviews/{review_id}/analyses/remove", response={200: SavedAnswer, **ERRORS})
def remove(request: HttpRequest, review_id: str, body: RemoveBody) -> SavedAnswer:
    """Take an analysis out of the plan."""
    desk = desk_of(request, review_id)
    team.remove_analysis(
        desk, body.analysis, version=body.version, reason=body.reason, request_id=body.request_id
    )
    return SavedAnswer(id=body.analysis, version=team.analysis_version(desk))
