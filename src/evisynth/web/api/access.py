"""Who of a team has an account, and who is invited; on a server."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from django.urls import reverse
from ninja import Field, Router, Schema

from evisynth.actions import hosting
from evisynth.actions.team import Desk, RefusedError
from evisynth.web.api.root import ErrorAnswer, desk_of
from evisynth.web.reviews import on_server

__all__ = ["router"]

router = Router(tags=["access"])
ERRORS = {403: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer}
BASE = "/reviews/{review_id}/access"
MOST = 2**63 - 1
"""What a database counts to."""


class PersonAccessAnswer(Schema):
    """A person of the plan, and the address of the account; empty where there is none."""

    person: str
    name: str
    roles: list[str]
    email: str


class InvitationAnswer(Schema):
    """An invitation; ``state`` is open, used, revoked or expired."""

    id: int
    person: str
    name: str
    roles: list[str]
    email: str
    made_by: str
    expires: datetime
    state: str


class AccessAnswer(Schema):
    """Accounts and invitations of a team."""

    people: list[PersonAccessAnswer]
    invitations: list[InvitationAnswer]


class InviteBody(Schema):
    """Somebody to invite: by ``person`` somebody of the plan, else a new one."""

    name: str = Field("", max_length=200)
    roles: list[Annotated[str, Field(max_length=40)]] = Field(default_factory=list, max_length=20)
    email: str = Field("", max_length=254)
    person: str = Field("", max_length=100)
    days: int = Field(14, ge=1, le=hosting.LONGEST_INVITATION)


class InvitedAnswer(InvitationAnswer):
    """An invitation with the path of its link, which is shown this once."""

    link: str


class EndBody(Schema):
    """An invitation to end."""

    invitation: int = Field(ge=0, le=MOST)


class TakeAwayBody(Schema):
    """A person whose access is taken away."""

    person: str = Field(max_length=100)


class TakenAwayAnswer(Schema):
    """The account that has no access any more."""

    person: str
    email: str


def _desk(request: HttpRequest, review_id: str) -> Desk:
    desk = desk_of(request, review_id)
    desk.permit("people")
    if not on_server():
        raise RefusedError("accounts are for a server; on one's own machine there are none")
    return desk


def _line(line: hosting.InvitationLine) -> InvitationAnswer:
    return InvitationAnswer(
        id=line.id, person=line.person, name=line.name, roles=list(line.roles), email=line.email,
        made_by=line.made_by, expires=line.expires, state=line.state,
    )  # fmt: skip


@router.get(BASE, response={200: AccessAnswer, **ERRORS})
def access(request: HttpRequest, review_id: str) -> AccessAnswer:
    """Return who of the team has an account, and the invitations."""
    people, invitations = hosting.team_access(_desk(request, review_id))
    return AccessAnswer(
        people=[
            PersonAccessAnswer(
                person=each.person.id, name=each.person.name, roles=list(each.person.roles),
                email=each.email,
            )
            for each in people
        ],
        invitations=[_line(line) for line in invitations],
    )  # fmt: skip


@router.post(f"{BASE}/invite", response={200: InvitedAnswer, **ERRORS})
def invite(request: HttpRequest, review_id: str, body: InviteBody) -> InvitedAnswer:
    """Invite somebody; a second invitation of the same person ends the first."""
    made = hosting.invite(
        _desk(request, review_id), body.name, body.roles, email=body.email, days=body.days,
        person=body.person,
    )  # fmt: skip
    link = reverse("invitation_open", args=[made.word])
    return InvitedAnswer(**_line(made.line).dict(), link=link)


@router.post(f"{BASE}/end", response={200: InvitationAnswer, **ERRORS})
def end(request: HttpRequest, review_id: str, body: EndBody) -> InvitationAnswer:
    """End an invitation that was not taken."""
    return _line(hosting.revoke_invitation(_desk(request, review_id), body.invitation))


@router.post(f"{BASE}/take-away", response={200: TakenAwayAnswer, **ERRORS})
def take_away(request: HttpRequest, review_id: str, body: TakeAwayBody) -> TakenAwayAnswer:
    """Take the access of a person's account away at once."""
    email = hosting.remove_access(_desk(request, review_id), body.person)
    return TakenAwayAnswer(person=body.person, email=email)
