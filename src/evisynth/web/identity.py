"""Who asks the API."""

from __future__ import annotations

from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware

__all__ = ["identity"]


class _Csrf(CsrfViewMiddleware):
    """Django's check, with the reason as the answer."""

    def _reject(self, request: HttpRequest, reason: str) -> str:
        return reason


def csrf_problem(request: HttpRequest) -> str:
    """Return why a post of the session may be forged; ``""`` if it is not."""
    check = _Csrf(lambda _: None)  # type: ignore[arg-type]
    check.process_request(request)
    found = check.process_view(request, None, (), {})  # type: ignore[arg-type]
    return str(found) if found else ""


def identity(request: HttpRequest) -> object:
    """Return something true for a request that may go on.

    A post must carry the CSRF token of the session. What came with an API token has no session to
    forge; its scope was looked at before (`evisynth.web.accounts.gate`).
    """
    token: object = getattr(request, "api_token", None)
    if token is not None:
        return token
    return None if csrf_problem(request) else request.session
