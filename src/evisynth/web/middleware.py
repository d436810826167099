"""What every request passes: headers that keep foreign code out, the token of one's own machine."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

__all__ = ["headers", "local_token"]

Answer = Callable[[HttpRequest], HttpResponse]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " font-src 'self' data:; connect-src 'self'; worker-src 'self'; frame-src 'self';"
    " manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
"""No inline script or style, nothing from elsewhere."""


def headers(get_response: Answer) -> Answer:
    """Add the headers that keep foreign code and foreign frames out."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=()"
        )
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return answer


def local_token(get_response: Answer) -> Answer:
    """Let in who came by the address that the command printed, and nobody else.

    The address has ``?token=...``; it is taken off the address at once and remembered in the
    session, so that it stands in no history and no copied link.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        token: str = settings.EVISYNTH_TOKEN
        given = request.GET.get("token", "")
        if given and hmac.compare_digest(given.encode(), token.encode()):
            request.session["local"] = token
            rest = request.GET.copy()
            del rest["token"]
            query = f"?{rest.urlencode()}" if rest else ""
            return HttpResponseRedirect(request.path + query)
        known = str(request.session.get("local", ""))
        if request.path.startswith("/static/") or hmac.compare_digest(known, token):
            return get_response(request)
        return render(request, "evisynth/no_token.html", status=403)

    return answer
