"""All records as a table."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from evisynth.actions.team import Desk
from evisynth.storage import list_records
from evisynth.web.visit import page, show

__all__ = ["urlpatterns"]

SIZE = 50


@page
def records(request: HttpRequest, desk: Desk) -> HttpResponse:
    """List the records; nothing of what others decided shows."""
    desk.permit("read")
    words = request.GET.get("q", "")
    number = request.GET.get("page", "1")
    found = list_records(
        desk.store, search=words, page=int(number) if number.isdigit() else 1, size=SIZE
    )
    last = max(1, -(-found.total // SIZE))
    return show(request, "evisynth/records.html", {"found": found, "words": words, "last": last})


urlpatterns = [path("records/", records, name="records")]
