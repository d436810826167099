"""Which review an account may open, and who it is there."""

from __future__ import annotations

import threading

from django.conf import settings
from django.http import HttpRequest

from evisynth.actions import open_store
from evisynth.actions.hosting import (
    AccountPlace,
    HostedReview,
    hosted_reviews,
    place_of_account,
    reviews_of_account,
)
from evisynth.actions.team import Desk, seated
from evisynth.storage import Store
from evisynth.web.reviews import account_of

__all__ = ["hosted_store", "open_desks", "own_reviews", "seat"]

_stores: dict[tuple[str, int], Store] = {}
_guard = threading.Lock()


def hosted_store(review: HostedReview | AccountPlace) -> Store:
    """Return the store of a review of the server, one in this process."""
    name = review.name if isinstance(review, HostedReview) else review.review
    key = (name, review.number)
    with _guard:
        if key not in _stores:
            place = settings.EVISYNTH_SERVER.database
            _stores[key] = open_store(place, review=name, create=False)
        return _stores[key]


def _sit(review: HostedReview | AccountPlace, person: str) -> Desk | None:
    desk = seated(hosted_store(review), review.folder, person)
    return desk if desk is not None and desk.person.active else None


def seat(request: HttpRequest, review_id: str) -> Desk | None:
    """Return the place of whoever asks at a review.

    None for a review that is not there or is being deleted, an account that is nobody there, and a
    person whom the plan does not name or who left.
    """
    account = account_of(request)
    place = place_of_account(account, review_id) if account else None
    return _sit(place, place.person) if place is not None else None


def own_reviews(request: HttpRequest) -> tuple[tuple[HostedReview, Desk], ...]:
    """Return the reviews of the account with its place in each; those being deleted too."""
    mine = dict(reviews_of_account(account_of(request)))
    found = []
    for review in hosted_reviews(list(mine)):
        desk = _sit(review, mine[review.name])
        if desk is not None:
            found.append((review, desk))
    return tuple(found)


def open_desks(request: HttpRequest) -> tuple[Desk, ...]:
    """Return the places of whoever asks; with a token for one review the one there."""
    token = getattr(request, "api_token", None)
    only = token.review if token is not None else ""
    return tuple(
        desk
        for review, desk in own_reviews(request)
        if not review.deleted and (not only or review.name == only)
    )
