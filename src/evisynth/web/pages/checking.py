"""What the check of a review finds, with the way out of each finding."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext as _

from evisynth.actions import team
from evisynth.actions.team import Desk
from evisynth.web.pages.plan_forms import new_request, request_of
from evisynth.web.visit import page, show

__all__ = ["check_values", "urlpatterns"]


def _words() -> dict[str, str]:
    return {
        "counts": _("Numbers of the flow diagram"), "out": _("The document"),
        "stale": _("The document is out of date"), "edited": _("The document was edited"),
        "numbers": _("A number moved"), "history": _("The history"),
        "input": _("The plan or a table"),
    }  # fmt: skip


def check_values(desk: Desk) -> dict[str, object] | None:
    """Return the last check for a template; None where there is none to show."""
    found = team.last_check(desk)
    if found is None:
        return None
    words = _words()
    return {
        "checked": found, "at": found.job.at[:16].replace("T", " "),
        "findings": [
            {"finding": each, "words": words.get(each.check, each.check)}
            for each in found.findings
        ],
    }  # fmt: skip


@page
def check(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show what the last check found; start one."""
    desk.permit("run analysis")
    if request.method == "POST":
        team.check_in_background(desk, request_id=request_of(request.POST))
        return redirect("check", review_id=desk.store.name)
    values = {"check": check_values(desk), "request_id": new_request()}
    return show(request, "evisynth/check.html", values)


urlpatterns = [path("check/", check, name="check")]
