"""The people of a review by the API."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Field, Router, Schema

from evisynth.actions import team
from evisynth.review import PERMISSIONS
from evisynth.web.api.root import ErrorAnswer, desk_of

__all__ = ["router"]

router = Router(tags=["people"])
ERRORS = {403: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer}


class StageWork(Schema):
    """How many records a person has decided on at a stage, and how many wait."""

    stage: str
    decided: int
    left: int


class PersonAnswer(Schema):
    """A person; e-mail and pseudonym are empty for those who do not look after the people."""

    id: str
    name: str
    roles: list[str]
    affiliation: str
    orcid: str
    email: str
    pseudonym: str
    left: str
    decisions_count: bool
    stages: list[StageWork]
    settles: list[str]


class PeopleAnswer(Schema):
    """The people of a review, and the version of the plan to be named with changes."""

    version: int
    people: list[PersonAnswer]
    permissions: dict[str, list[str]]


class NewPerson(Schema):
    """Somebody to be added; the id is made of the name if empty."""

    name: str = Field(max_length=300)
    id: str = Field("", max_length=60)
    roles: list[str] = Field(default_factory=list, max_length=20)
    affiliation: str = Field("", max_length=300)
    orcid: str = Field("", max_length=30)
    email: str = Field("", max_length=300)
    pseudonym: str = Field("", max_length=300)
    request_id: str = Field("", max_length=100)


class ChangedPerson(Schema):
    """What is to be changed of a person; what is not given stays."""

    person: str = Field(max_length=60)
    version: int = Field(ge=0, le=10**9)
    name: str | None = Field(None, max_length=300)
    roles: list[str] | None = Field(None, max_length=20)
    affiliation: str | None = Field(None, max_length=300)
    orcid: str | None = Field(None, max_length=30)
    email: str | None = Field(None, max_length=300)
    pseudonym: str | None = Field(None, max_length=300)
    confirmed: bool = False
    request_id: str = Field("", max_length=100)


class LeavingPerson(Schema):
    """Somebody who left."""

    person: str = Field(max_length=60)
    version: int = Field(ge=0, le=10**9)
    date: str = Field("", max_length=10)
    decisions_count: bool = True
    takers: list[str] = Field(default_factory=list, max_length=200)
    reason: str = Field("", max_length=2000)
    request_id: str = Field("", max_length=100)


class ReturningPerson(Schema):
    """Somebody who is back."""

    person: str = Field(max_length=60)
    version: int = Field(ge=0, le=10**9)
    request_id: str = Field("", max_length=100)


class AddedAnswer(Schema):
    """The id of whom was added."""

    person: str


class FollowsAnswer(Schema):
    """Whether it is saved; if not, what would follow and is to be confirmed."""

    saved: bool
    follows: list[str]


class HandoverAnswer(Schema):
    """What becomes of a leaving person's work at a stage."""

    stage: str
    decided: int
    moved: dict[str, int]
    nobody: int
    lacking: int
    deciders: int
    needed: int


class LeavingAnswer(Schema):
    """What would follow when a person leaves."""

    person: str
    stages: list[HandoverAnswer]
    begun: int


@router.get("/reviews/{review_id}/people", response={200: PeopleAnswer, **ERRORS})
def people(request: HttpRequest, review_id: str) -> PeopleAnswer:
    """Return the people of a review, and which roles may do what."""
    desk = desk_of(request, review_id)
    return PeopleAnswer(
        version=team.plan_version(desk),
        people=[
            PersonAnswer(
                id=line.person.id, name=line.person.name, roles=list(line.person.roles),
                affiliation=line.person.affiliation, orcid=line.person.orcid,
                email=line.person.email, pseudonym=line.person.pseudonym, left=line.person.left,
                decisions_count=line.person.decisions_count,
                stages=[StageWork(stage=a, decided=b, left=c) for a, b, c in line.stages],
                settles=list(line.settles),
            )
            for line in team.team_people(desk)
        ],
        permissions={act: list(roles) for act, roles in PERMISSIONS.items()},
    )  # fmt: skip


@router.post("/reviews/{review_id}/people", response={200: AddedAnswer, **ERRORS})
def add(request: HttpRequest, review_id: str, body: NewPerson) -> AddedAnswer:
    """Add a person to the review."""
    values = body.model_dump(exclude={"id", "request_id"})
    made = team.add_person(
        desk_of(request, review_id), values, ident=body.id, request_id=body.request_id
    )
    return AddedAnswer(person=made)


@router.post("/reviews/{review_id}/people/change", response={200: FollowsAnswer, **ERRORS})
def change(request: HttpRequest, review_id: str, body: ChangedPerson) -> FollowsAnswer:
    """Change what is given of a person; where something follows, only once it is confirmed."""
    fields = {"person", "version", "confirmed", "request_id"}
    values = {name: value for name, value in body.model_dump(exclude=fields).items()
              if value is not None}  # fmt: skip
    follows = team.change_person(
        desk_of(request, review_id), body.person, values, version=body.version,
        confirmed=body.confirmed, request_id=body.request_id,
    )  # fmt: skip
    return FollowsAnswer(saved=not follows, follows=list(follows))


@router.get("/reviews/{review_id}/people/leaving", response={200: LeavingAnswer, **ERRORS})
def preview(
    request: HttpRequest, review_id: str, person: str, decisions_count: bool = True
) -> LeavingAnswer:
    """Say what follows when a person leaves, without doing it."""
    found = team.plan_leaving(desk_of(request, review_id), person, decisions_count=decisions_count)
    return LeavingAnswer(
        person=found.person.id,
        stages=[
            HandoverAnswer(
                stage=line.stage, decided=line.decided, moved=line.moved, nobody=line.nobody,
                lacking=line.lacking, deciders=line.deciders, needed=line.needed,
            )
            for line in found.stages
        ],
        begun=found.begun,
    )  # fmt: skip


@router.post("/reviews/{review_id}/people/leaving", response={200: FollowsAnswer, **ERRORS})
def leave(request: HttpRequest, review_id: str, body: LeavingPerson) -> FollowsAnswer:
    """Note that a person has left; what waits for them by name is handed on."""
    team.leave_team(
        desk_of(request, review_id), body.person, version=body.version, date=body.date,
        decisions_count=body.decisions_count, takers=body.takers, reason=body.reason,
        request_id=body.request_id,
    )  # fmt: skip
    return FollowsAnswer(saved=True, follows=[])


@router.post("/reviews/{review_id}/people/return", response={200: FollowsAnswer, **ERRORS})
def come_back(request: HttpRequest, review_id: str, body: ReturningPerson) -> FollowsAnswer:
    """Note that a person who left is of the team again."""
    team.return_to_team(
        desk_of(request, review_id), body.person, version=body.version, request_id=body.request_id
    )
    return FollowsAnswer(saved=True, follows=[])
