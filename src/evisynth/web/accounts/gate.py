"""What every request to a server passes: limits, the log, sign-in, tokens and their scopes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from evisynth.actions.hosting import allows, check_token
from evisynth.web.api.scopes import needed_scope
from evisynth.web.middleware import POLICY

__all__ = ["OPEN", "gate", "outer"]

LOG = logging.getLogger("evisynth.web.requests")
Answer = Callable[[HttpRequest], HttpResponse]

OPEN = frozenset({"invitation", "invitation_open", "set_language", "favicon"})
"""Names of pages that nobody has to sign in for, besides those below `ACCOUNT`."""

ACCOUNT = "/account/"
"""Pages of django-allauth; each asks for a sign-in itself where it wants one."""

OWN_ACCOUNT = frozenset({"account", "tokens"})
"""Pages below `ACCOUNT` that are ours."""

HEALTH = "/health/"
NO_SNIFFING = {"X-Content-Type-Options": "nosniff"}


def outer(get_response: Answer) -> Answer:
    """Answer the health check, refuse what is too large, and log the request.

    The log has method, page, status and time: no address, no account, nothing that was searched.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if request.path == HEALTH:
            return HttpResponse("ok\n", content_type="text/plain", headers=NO_SNIFFING)
        begin = time.monotonic()
        response = _too_large(request) or get_response(request)
        if not request.path.startswith("/static/"):
            match = request.resolver_match
            LOG.info(
                "%s %s %d %d ms",
                request.method if request.method in METHODS else "?",
                (match.view_name or match.route) if match else "-",
                response.status_code,
                round((time.monotonic() - begin) * 1000),
            )
        return response

    return answer


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def _too_large(request: HttpRequest) -> HttpResponse | None:
    """Refuse a body above the limit before anything of it is read."""
    try:
        size = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return _json(request, "the length of the request is no number", 400)
    most = settings.EVISYNTH_SERVER.upload_mb * 1024 * 1024
    if (request.content_type or "").startswith("application/json"):
        most = min(most, settings.EVISYNTH_API_BODY)
    if 0 <= size <= most:
        return None
    return _json(request, f"the request is larger than {most // 1024 // 1024} MB", 413)


def _json(request: HttpRequest, message: str, status: int) -> HttpResponse:
    return JsonResponse({"message": message}, status=status, headers=NO_SNIFFING)


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


class gate:  # noqa: N801 - named like the other middleware
    """Let nobody in who did not sign in, and a token no further than its scopes.

    Whatever is not in `OPEN` or below `ACCOUNT` is closed: a new page has nothing to remember.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Take a token in the place of a session, where one came along."""
        way, _sign, word = request.headers.get("Authorization", "").partition(" ")
        if way.casefold() == "bearer":
            refused = self._by_token(request, word.strip())
            if refused is not None:
                return refused
        response = self.get_response(request)
        origins = settings.EVISYNTH_FORM_ORIGINS
        if origins and request.path.startswith(ACCOUNT):
            wider = f"form-action 'self' {' '.join(origins)}"
            response["Content-Security-Policy"] = POLICY.replace("form-action 'self'", wider)
        return response

    def _by_token(self, request: HttpRequest, word: str) -> HttpResponse | None:
        if not _is_api(request):
            return _json(request, "a token opens the API only", 403)
        found = check_token(word)
        if found is None:
            answer = _json(request, "this token is unknown, ended or revoked", 401)
            answer["WWW-Authenticate"] = 'Bearer error="invalid_token"'
            return answer
        from evisynth.storage import Account

        request.user = Account.objects.get(pk=found.account)
        request.api_token = found  # type: ignore[attr-defined]
        return None

    def process_view(
        self, request: HttpRequest, _view: object, _args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Decide once it is known what the address leads to."""
        match = request.resolver_match
        name = match.view_name if match else None  # with its namespace: no call is taken for a page
        token = getattr(request, "api_token", None)
        if token is not None:
            refused = self._token_may(request, token, str(kwargs.get("review_id", "")))
            return refused or self._second_factor(request)
        if name in OPEN or (request.path.startswith(ACCOUNT) and name not in OWN_ACCOUNT):
            return None
        if not request.user.is_authenticated:
            if _is_api(request):
                answer = _json(request, "sign in, or send a token: Authorization: Bearer ...", 401)
                answer["WWW-Authenticate"] = "Bearer"
                return answer
            onward = urlencode({"next": request.get_full_path()})
            return HttpResponseRedirect(f"{reverse('account_login')}?{onward}")
        return self._second_factor(request)

    @staticmethod
    def _token_may(request: HttpRequest, token: Any, review: str) -> HttpResponse | None:
        needed = needed_scope(request)
        if needed is None:
            return _json(request, "a token cannot do this; sign in", 403)
        if not allows(token.scopes, needed):
            return _json(request, f"the token lacks the scope {needed!r}", 403)
        if token.review and review and review != token.review:
            return _json(request, "the token is for another review", 403)
        return None

    @staticmethod
    def _second_factor(request: HttpRequest) -> HttpResponse | None:
        """Send an account without a second factor to its making, where the server wants one."""
        if settings.EVISYNTH_SERVER.second_factor != "required":
            return None
        from allauth.mfa.utils import is_mfa_enabled

        if is_mfa_enabled(request.user):
            return None
        if _is_api(request):
            return _json(request, "this server wants a second factor; sign in and set it up", 403)
        messages.info(request, _("This server wants a second factor. Set it up to go on."))
        return HttpResponseRedirect(reverse("mfa_activate_totp"))
