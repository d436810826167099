"""The form of the sign-in page."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from django.conf import settings

__all__ = ["SignInForm"]


class SignInForm(LoginForm):  # type: ignore[misc, unused-ignore]
    """Offers a new password only where it can be mailed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not settings.EVISYNTH_SERVER.mail.host and "password" in self.fields:
            self.fields["password"].help_text = ""
