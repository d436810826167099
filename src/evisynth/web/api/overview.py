"""The overview by the API: what waits, how far everybody is, the flow diagram."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router, Schema

from evisynth.actions import team
from evisynth.review import FlowBox
from evisynth.web.api.root import ErrorAnswer, desk_of

__all__ = ["router"]

router = Router(tags=["overview"])
ERRORS = {403: ErrorAnswer, 404: ErrorAnswer}


class ToDoAnswer(Schema):
    """Work that waits for whoever asks; ``done`` is null where it is not counted."""

    work: str
    stage: str
    left: int
    done: int | None
    note: str


class StageCounts(Schema):
    """Records of a stage by where they stand; open until they have all their decisions."""

    stage: str
    open: int
    conflict: int
    included: int
    excluded: int


class PersonStage(Schema):
    """How many records a person has decided on at a stage, and how many wait."""

    person: str
    name: str
    stage: str
    decided: int
    left: int


class OverviewAnswer(Schema):
    """The overview of a review for whoever asks."""

    to_do: list[ToDoAnswer]
    stages: list[StageCounts]
    progress: list[PersonStage]
    warnings: list[str]


class FlowLine(Schema):
    """A line in a box: words and number."""

    label: str
    count: int


class FlowBoxAnswer(Schema):
    """A box of the flow diagram."""

    name: str
    column: str
    label: str
    count: int
    details: list[FlowLine]


class FlowAnswer(Schema):
    """The flow diagram as the review stands, with what still waits at each stage."""

    template: str
    boxes: list[FlowBoxAnswer]
    waiting: dict[str, int]
    problems: list[str]


@router.get("/reviews/{review_id}/overview", response={200: OverviewAnswer, **ERRORS})
def overview(request: HttpRequest, review_id: str) -> OverviewAnswer:
    """Return what waits for whoever asks, and how far everybody is."""
    found = team.overview_of(desk_of(request, review_id))
    return OverviewAnswer(
        to_do=[
            ToDoAnswer(
                work=line.work, stage=line.stage, left=line.left, done=line.done, note=line.note
            )
            for line in found.to_do
        ],
        stages=[
            StageCounts(
                stage=line.stage.name, open=line.open, conflict=line.conflict,
                included=line.included, excluded=line.excluded,
            )
            for line in found.stages
        ],
        progress=[
            PersonStage(
                person=line.person, name=line.name, stage=made[0], decided=made[1], left=made[2]
            )
            for line in found.people
            for made in line.stages
            if made is not None
        ],
        warnings=list(found.warnings),
    )  # fmt: skip


def _box(box: FlowBox) -> FlowBoxAnswer:
    return FlowBoxAnswer(
        name=box.name,
        column=box.column,
        label=box.label,
        count=box.count,
        details=[FlowLine(label=line.label, count=line.count) for line in box.details],
    )


@router.get("/reviews/{review_id}/flow", response={200: FlowAnswer, **ERRORS})
def flow(request: HttpRequest, review_id: str) -> FlowAnswer:
    """Return the numbers of the flow diagram; the same for everybody."""
    live = team.live_flow(desk_of(request, review_id))
    return FlowAnswer(
        template=live.diagram.template,
        boxes=[_box(box) for box in live.diagram.boxes()],
        waiting=live.waiting,
        problems=list(live.problems),
    )
