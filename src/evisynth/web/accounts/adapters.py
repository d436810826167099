"""What django-allauth asks us: who may make an account, and with which name and address."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from evisynth.actions.hosting import InvitationLine, open_invitation

__all__ = ["AccountAdapter", "InstitutionAdapter", "invitation_of"]


def invitation_of(request: HttpRequest | None) -> InvitationLine | None:
    """Return the invitation that this browser came by, while it can be taken."""
    if request is None:
        return None
    return open_invitation(str(request.session.get("invitation", "")))


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc, unused-ignore]
    """Accounts by e-mail and password."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Let those make an account who hold an invitation; everybody where that is allowed."""
        return settings.EVISYNTH_SERVER.signup == "open" or invitation_of(request) is not None

    def is_email_verified(self, request: HttpRequest, email: str) -> bool:
        """Believe an address that the invitation was made for."""
        found = invitation_of(request)
        return bool(found and found.email and found.email == email.casefold())

    def clean_email(self, email: str) -> str:
        """Take only the address that the invitation is for, where it names one."""
        request = context.request
        found = invitation_of(request)
        signing_up = request is not None and not request.user.is_authenticated
        if signing_up and found and found.email and found.email != email.casefold():
            raise ValidationError(_("The invitation is for %(email)s.") % {"email": found.email})
        return email.casefold()


class InstitutionAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc, unused-ignore]
    """Accounts by an institution's sign-in."""

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> Any:
        """Take the name that the institution gives."""
        user = super().populate_user(request, sociallogin, data)
        parts = (data.get("first_name") or "", data.get("last_name") or "")
        user.name = str(data.get("name") or " ".join(part for part in parts if part))[:200]
        return user
