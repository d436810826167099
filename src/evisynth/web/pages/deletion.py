"""Deleting the review of this machine, with thirty days of grace."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext as _

from evisynth.actions import team
from evisynth.actions.team import Desk
from evisynth.web.reviews import forget_store, on_server
from evisynth.web.visit import page, show

__all__ = ["urlpatterns"]


@page
def deletion(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Ask whether it is meant; move the review to the trash."""
    desk.permit("delete")
    if on_server():  # the list of the account's reviews has it there
        return redirect("home")
    if request.method == "POST":
        given = request.POST
        made = team.move_to_trash(
            desk, given.get("typed", ""), reason=given.get("reason", ""),
            confirmed=given.get("confirmed") == "yes",
        )  # fmt: skip
        forget_store()
        del request.desk  # type: ignore[attr-defined]  # there is no review around the page any more
        messages.success(request, _("The review is deleted. It is kept until %(day)s.")
                         % {"day": made.until})  # fmt: skip
        return redirect("home")
    board = desk.board
    values = {
        "records": len(board.records), "decisions": len(board.values("vote")),
        "studies": len(board.values("study")), "name": desk.store.name,
        "folder": desk.folder.resolve().name,
    }  # fmt: skip
    return show(request, "evisynth/deletion.html", values)


urlpatterns = [path("delete/", deletion, name="deletion")]
