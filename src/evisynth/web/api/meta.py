"""Who asks, and which reviews there are for them."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router, Schema

from evisynth import __version__
from evisynth.actions.team import Desk
from evisynth.web.api.root import ErrorAnswer
from evisynth.web.reviews import open_desks

__all__ = ["router"]

router = Router(tags=["meta"])
ERRORS = {401: ErrorAnswer, 403: ErrorAnswer}


class MeAnswer(Schema):
    """Who asks: the account and the scopes of the token; both empty on one's own machine.

    ``scopes`` is null where no token came along: then the person's roles alone count.
    """

    version: str
    email: str
    name: str
    scopes: list[str] | None


class ReviewAnswer(Schema):
    """A review and who one is there."""

    id: str
    title: str
    person: str
    roles: list[str]


class ReviewsAnswer(Schema):
    """The reviews that are open to whoever asks."""

    reviews: list[ReviewAnswer]


@router.get("/me", response={200: MeAnswer, **ERRORS})
def me(request: HttpRequest) -> MeAnswer:
    """Tell who asks."""
    token = getattr(request, "api_token", None)
    user = getattr(request, "user", None)
    return MeAnswer(
        version=__version__,
        email=str(getattr(user, "email", "")),
        name=str(getattr(user, "name", "")),
        scopes=None if token is None else sorted(token.scopes),
    )


def _answer(desk: Desk) -> ReviewAnswer:
    head = desk.board.plan.review
    return ReviewAnswer(
        id=desk.store.name,
        title=head.title if head else desk.store.name,
        person=desk.person.id,
        roles=list(desk.person.roles),
    )


@router.get("/reviews", response={200: ReviewsAnswer, **ERRORS})
def reviews(request: HttpRequest) -> ReviewsAnswer:
    """List the reviews of whoever asks; a token for one review sees that one."""
    return ReviewsAnswer(reviews=[_answer(desk) for desk in open_desks(request)])
