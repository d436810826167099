"""Pages outside a review: which one, who one is, own settings."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from evisynth.actions.team import (
    NotThereError,
    RefusedError,
    board_of,
    note_restored,
    restore_from_trash,
)
from evisynth.web.reviews import deleted_review, find_desk, forget_store, local_store
from evisynth.web.settings import LANGUAGES
from evisynth.web.visit import show

__all__ = ["home", "own_settings", "restore", "who"]


def home(request: HttpRequest) -> HttpResponse:
    """Go to the review that runs here; where it was deleted, say how to have it back."""
    made = deleted_review()
    if made is not None:
        return show(request, "evisynth/deleted.html", {"made": made})
    return redirect("dashboard", review_id=local_store().name)


def restore(request: HttpRequest) -> HttpResponse:
    """Move a deleted review back to where it was."""
    if request.method != "POST" or deleted_review() is None:
        return redirect("home")
    try:
        restore_from_trash(Path(settings.EVISYNTH_FOLDER))
    except (NotThereError, RefusedError) as error:
        messages.error(request, str(error))
        return redirect("home")
    forget_store()
    store = local_store()
    desk = find_desk(request, store.name)
    if desk is not None:
        note_restored(desk)
    messages.success(request, _("The review is back, with everything in it."))
    return redirect("home")


def who(request: HttpRequest) -> HttpResponse:
    """Ask who of the team sits at this machine."""
    if deleted_review() is not None:
        return redirect("home")
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
