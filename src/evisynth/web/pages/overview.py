"""The overview of a review: what is mine to do, how far everybody is."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _

from evisynth.actions.team import Desk
from evisynth.web.reviews import STAGE_TITLES
from evisynth.web.visit import page, show

__all__ = ["urlpatterns"]


@page
def dashboard(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the overview."""
    board = desk.board
    mine = []
    for stage in board.plan.stages or ():
        decided, left = board.counts(stage.name, desk.person.id)
        mine.append(
            {
                "name": stage.name,
                "title": _(STAGE_TITLES[stage.name]),
                "decided": decided,
                "left": left,
                "all": decided + left,
            }
        )
    return show(request, "evisynth/dashboard.html", {"mine": mine})


urlpatterns = [path("", dashboard, name="dashboard")]
