"""The part of the sign-up that is ours: a name."""

from __future__ import annotations

from typing import Any

from allauth.core import context
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

__all__ = ["NameForm"]


class NameForm(forms.Form):
    """Asks for the name; takes name and address of the invitation as a beginning."""

    name = forms.CharField(
        label=_("Name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        from evisynth.web.accounts.adapters import invitation_of

        found = invitation_of(context.request)
        if found is not None:
            begun = {"name": found.name, **({"email": found.email} if found.email else {})}
            kwargs["initial"] = {**begun, **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)

    def signup(self, request: HttpRequest, user: Any) -> None:
        """Keep the name."""
        user.name = " ".join(str(self.cleaned_data["name"]).split())
        user.save(update_fields=["name"])
