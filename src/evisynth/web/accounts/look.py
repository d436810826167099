"""What every page of a server shows besides the review: the account."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

__all__ = ["context"]


def context(request: HttpRequest) -> dict[str, Any]:
    """Give every template the account that is signed in, and whether anybody can sign up."""
    user = getattr(request, "user", None)
    config = settings.EVISYNTH_SERVER
    return {
        "on_server": True,
        "account": user if user is not None and user.is_authenticated else None,
        "open_signup": config.signup == "open",
        "mail_works": bool(config.mail.host),
        "institutions": config.oidc,
    }
