"""The API object, who may ask, and how errors are told."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Schema
from ninja.errors import ValidationError

from evisynth import __version__
from evisynth.actions.team import Desk, NotThereError, RefusedError
from evisynth.errors import EvisynthError, PermissionDeniedError
from evisynth.storage import RequestReusedError, VersionConflict
from evisynth.web.api.described import DescribedAPI
from evisynth.web.reviews import find_desk

__all__ = ["ErrorAnswer", "api", "desk_of"]

AREAS = (
    "meta",
    "tokens",
    "access",
    "overview",
    "screening",
    "records",
    "duplicates",
    "analysis",
    "document",
    "conflicts",
    "retrieval",
    "reports",
    "studies",
    "agreement",
    "extraction",
    "assessment",
    "people",
    "stages",
    "history",
    "export",
    "checking",
)
"""Modules here, each with a ``router``; its paths begin with ``/reviews/{review_id}``."""


class ErrorAnswer(Schema):
    """An error: what is wrong, and what one can do."""

    message: str


def signed_in(request: HttpRequest) -> object:
    """Tell who asks: by session (with the CSRF token on posts) or by an API token."""
    from evisynth.web.identity import identity

    return identity(request)


api = DescribedAPI(
    title="Evisynth",
    version=__version__,
    description="Everything that the pages of a review do.",
    auth=signed_in,
    urls_namespace="api",
    docs_url=None,
)


def desk_of(request: HttpRequest, review_id: str) -> Desk:
    """Return the place of whoever asks at a review; 404 for a review that is not theirs."""
    desk = find_desk(request, review_id)
    if desk is None:
        raise Http404
    return desk


def _answer(request: HttpRequest, message: object, status: int, **more: Any) -> HttpResponse:
    return api.create_response(request, {"message": str(message), **more}, status=status)


@api.exception_handler(PermissionDeniedError)
def _denied(request: HttpRequest, error: PermissionDeniedError) -> HttpResponse:
    return _answer(request, error, 403)


@api.exception_handler(NotThereError)
def _not_there(request: HttpRequest, error: NotThereError) -> HttpResponse:
    return _answer(request, error, 404)


@api.exception_handler(Http404)
def _no_page(request: HttpRequest, error: Http404) -> HttpResponse:
    return _answer(request, "there is no such thing, or it is not yours", 404)


@api.exception_handler(RefusedError)
def _refused(request: HttpRequest, error: RefusedError) -> HttpResponse:
    return _answer(request, error, 409)


@api.exception_handler(RequestReusedError)
def _reused(request: HttpRequest, error: RequestReusedError) -> HttpResponse:
    return _answer(request, error, 409)


@api.exception_handler(VersionConflict)
def _conflict(request: HttpRequest, error: VersionConflict) -> HttpResponse:
    conflicts = [
        {
            "kind": each.kind, "key": list(each.key), "base": each.base, "mine": each.mine,
            "theirs": each.theirs, "version": each.version, "by": each.by, "at": each.at,
        }
        for each in error.conflicts
    ]  # fmt: skip
    return _answer(request, error, 409, conflicts=conflicts)


@api.exception_handler(EvisynthError)
def _other(request: HttpRequest, error: EvisynthError) -> HttpResponse:
    return _answer(request, error, 422)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    first = error.errors[0] if error.errors else {}
    place = ".".join(str(part) for part in first.get("loc", ()) if part not in ("body", "data"))
    return _answer(request, f"{place}: {first.get('msg', 'is not valid')}", 422)


for _area in AREAS:
    api.add_router("", import_module(f"evisynth.web.api.{_area}").router)
