"""Which scope each part of the API wants of a token: the one place where it is said."""

from __future__ import annotations

import re
from functools import cache

from django.http import HttpRequest

from evisynth.actions.hosting import Scope

__all__ = ["BY_SESSION_ONLY", "SCOPE_OF_AREA", "SCOPE_OF_PATH", "needed_scope", "scope_of"]

SCOPE_OF_AREA: dict[str, Scope] = {
    "meta": "read",
    "overview": "read",
    "screening": "screen",
    "records": "screen",
    "conflicts": "screen",
    "duplicates": "screen",
    "retrieval": "screen",
    "reports": "screen",
    "studies": "extract",
    "extraction": "extract",
    "assessment": "extract",
    "access": "admin",
    "agreement": "admin",
    "people": "admin",
    "stages": "admin",
    "history": "admin",
    "check": "admin",
    "export": "admin",
    "analysis": "admin",
    "document": "admin",
}
"""Scope that a call of an area wants where it changes something; reading wants "read" only."""

SCOPE_OF_PATH: dict[tuple[str, str], Scope] = {}
"""Calls that want another scope than their area: (method, path of the OpenAPI document)."""

BY_SESSION_ONLY = frozenset({"tokens"})
"""Areas that no token opens: a token must not make another."""


@cache
def _areas() -> dict[tuple[str, str], str]:
    """Return the area of each call, as the OpenAPI document has it."""
    from evisynth.web.api import api

    return {
        (method.upper(), path): (operation.get("tags") or [""])[0]
        for path, operations in api.get_openapi_schema()["paths"].items()
        for method, operation in operations.items()
    }


def scope_of(method: str, path: str, area: str) -> Scope | None:
    """Return the scope that a call wants; None where no token may make it.

    Examples
    --------
    >>> scope_of("GET", "/reviews", "meta"), scope_of("POST", "/x", "screening")
    ('read', 'screen')
    """
    if area in BY_SESSION_ONLY:
        return None
    if (method, path) in SCOPE_OF_PATH:
        return SCOPE_OF_PATH[method, path]
    if method in ("GET", "HEAD", "OPTIONS"):
        return "read"
    return SCOPE_OF_AREA.get(area, "admin")


def needed_scope(request: HttpRequest) -> Scope | None:
    """Return the scope that a request to the API wants of a token."""
    route = request.resolver_match.route if request.resolver_match else ""
    path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
    method = "GET" if request.method == "HEAD" else str(request.method)
    area = _areas().get((method, path), "")
    if not area and method != "GET":
        return "admin"
    return scope_of(method, path, area)
