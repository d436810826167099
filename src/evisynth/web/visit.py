"""A request at a review: who it is, which review, and what every page shows around its content."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from evisynth.actions.team import Desk, NotThereError, RefusedError
from evisynth.errors import EvisynthError, PermissionDeniedError
from evisynth.review import may
from evisynth.web.reviews import ReviewPlace, find_desk, on_server, places_of

__all__ = ["context", "page", "places", "show"]

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Desk, P], HttpResponse]


def page(view: View[P]) -> Callable[Concatenate[HttpRequest, str, P], HttpResponse]:
    """Turn a function of (request, desk, ...) into a view of (request, review_id, ...).

    A person who is not of the review's team gets the same answer as for a review that is not there.
    Errors of the rules are shown as a page with their message, not as a fault.
    """

    @wraps(view)
    def answer(
        request: HttpRequest, /, review_id: str, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        desk = find_desk(request, review_id)
        if desk is None:
            if request_needs_person(request):
                return redirect(f"{reverse('who')}?next={request.path}")
            raise Http404
        request.desk = desk  # type: ignore[attr-defined]
        try:
            return view(request, desk, *args, **kwargs)
        except PermissionDeniedError as error:
            return _problem(request, str(error), 403)
        except NotThereError as error:
            return _problem(request, str(error), 404)
        except RefusedError as error:
            return _problem(request, str(error), 409)
        except EvisynthError as error:
            return _problem(request, str(error), 422)

    return answer  # type: ignore[return-value]  # the first two are given by position


def request_needs_person(request: HttpRequest) -> bool:
    """Tell whether somebody on their own machine has not said yet who they are."""
    return not on_server() and not request.session.get("person")


def _problem(request: HttpRequest, message: str, status: int) -> HttpResponse:
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"message": message}, status=status)
    if request.method == "POST" and request.headers.get("HX-Request") is None:
        messages.error(request, message)
        return redirect(request.headers.get("Referer") or reverse("home"))
    return show(request, "evisynth/problem.html", {"message": message}, status=status)


def show(
    request: HttpRequest, template: str, values: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """Render a page."""
    return render(request, template, values or {}, status=status)


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation."""

    title: str
    url: str
    count: int | None
    current: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Entries of the navigation under a heading."""

    title: str
    places: tuple[Place, ...]


def places(request: HttpRequest, desk: Desk) -> tuple[Group, ...]:
    """Return the navigation of a review for a person: what they may open, with what waits."""
    groups: list[Group] = []
    for heading, entries in places_of(desk):
        shown = []
        for entry in entries:
            if entry.act and not may(desk.person, entry.act, entry.stage):
                continue
            url = _url(entry, desk)
            current = request.path == url or (url.count("/") > 3 and request.path.startswith(url))
            shown.append(Place(_(entry.title), url, entry.count, current))
        if shown:
            groups.append(Group(_(heading), tuple(shown)))
    return tuple(groups)


def _url(entry: ReviewPlace, desk: Desk) -> str:
    return reverse(entry.name, args=[desk.store.name, *entry.args])


def context(request: HttpRequest) -> dict[str, Any]:
    """Give every template the person, the review and the navigation."""
    desk: Desk | None = getattr(request, "desk", None)
    values: dict[str, Any] = {
        "theme": request.COOKIES.get("theme", "")
        if request.COOKIES.get("theme") in ("dark", "light")
        else "",
        "person": desk.person if desk else None,
        "review": None,
    }
    if desk is not None:
        head = desk.board.plan.review
        title = head.title if head else desk.store.name
        values["review"] = {
            "id": desk.store.name,
            "title": title,
            "short_title": (head.short_title if head else "") or title,
        }
        values["places"] = places(request, desk)
    return values


def body_of(request: HttpRequest) -> dict[str, Any]:
    """Return the JSON object of a request."""
    try:
        data = json.loads(request.body or b"{}")
    except ValueError as error:
        raise RefusedError(f"the request is no JSON: {error}") from error
    if not isinstance(data, dict):
        raise RefusedError("the request must be a JSON object")
    return data
