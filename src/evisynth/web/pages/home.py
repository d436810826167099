"""Pages outside a review: which one, who one is, own settings."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from evisynth.actions.team import board_of
from evisynth.web.reviews import local_store
from evisynth.web.settings import LANGUAGES
from evisynth.web.visit import show

__all__ = ["home", "own_settings", "who"]


def home(request: HttpRequest) -> HttpResponse:
    """Go to the review that runs here."""
    return redirect("dashboard", review_id=local_store().name)


def who(request: HttpRequest) -> HttpResponse:
    """Ask who of the team sits at this machine."""
    store = local_store()
    people = [made for made in board_of(store, settings.EVISYNTH_FOLDER).plan.people if made.active]
    onward = request.POST.get("next") or request.GET.get("next") or "/"
    if not url_has_allowed_host_and_scheme(onward, allowed_hosts=None):
        onward = "/"
    if request.method == "POST":
        wanted = request.POST.get("person", "")
        if any(made.id == wanted for made in people):
            request.session["person"] = wanted
            return redirect(onward)
    return show(request, "evisynth/who.html", {"people": people, "next": onward})


def own_settings(request: HttpRequest) -> HttpResponse:
    """Language, light or dark, keys."""
    if request.method == "POST":
        answer = redirect("settings")
        theme = request.POST.get("theme", "")
        if theme in ("dark", "light"):
            answer.set_cookie("theme", theme, max_age=365 * 86400, samesite="Lax")
        else:
            answer.delete_cookie("theme")
        return answer
    return show(request, "evisynth/settings.html", {"languages": LANGUAGES})
