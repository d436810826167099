"""Taking a review out: as a folder, as a copy for the public, as lists of records."""

from __future__ import annotations

import io
from typing import IO, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    QueryDict,
    StreamingHttpResponse,
)
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from evisynth.actions import team
from evisynth.actions.team import Desk, RefusedError
from evisynth.web.pages.plan_forms import new_request, request_of
from evisynth.web.pages.records import address_of, filter_of
from evisynth.web.visit import page, show

__all__ = ["urlpatterns"]

AT_ONCE = 5000
"""Records of a list up to which it is sent while the person waits."""

LISTS = ("records-csv", "records-ris", "decisions-csv")


def _here(desk: Desk) -> str:
    return reverse("export", args=[desk.store.name])


def _start(request: HttpRequest, desk: Desk) -> HttpResponse:
    given = request.POST
    what, number = given.get("what", ""), request_of(given)
    if what in LISTS:
        kind, form = what.split("-")
        wanted = filter_of(QueryDict(given.get("query", "")[:5000]))
        if team.find_records(desk, wanted, size=1).total <= AT_ONCE:
            query = address_of(wanted, kind=kind, form=form)
            return redirect(f"{reverse('export_list', args=[desk.store.name])}?{query}")
        team.list_in_background(desk, wanted, _format(form), _kind(kind), request_id=number)
    elif what in ("all", "public"):
        team.export_in_background(
            desk, public=what == "public", pdfs=bool(given.get("pdfs")), request_id=number
        )
    else:
        raise RefusedError(_("There is nothing to do."))
    messages.success(request, _("The export is being made; it is listed below."))
    return redirect(f"{_here(desk)}#made")


def _format(text: str) -> team.ExportFormat:
    return "ris" if text == "ris" else "csv"


def _kind(text: str) -> team.ExportWhat:
    return "decisions" if text == "decisions" else "records"


@page
def export(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show what can be taken out, and what was made."""
    desk.permit("export")
    if request.method == "POST":
        return _start(request, desk)
    wanted = filter_of(request.GET)
    query = address_of(wanted)
    size = team.export_size(desk)
    values = {
        "size": size, "megabytes": f"{size.bytes / 1024**2:.1f}", "query": query,
        "total": team.find_records(desk, wanted, size=1).total, "filtered": bool(query),
        "jobs": [
            {
                "job": job, "at": job.at[:16].replace("T", " "),
                "url": f"{reverse('export_file', args=[desk.store.name])}?"
                       f"{urlencode({'made': job.id})}",
                "size": f"{job.result.get('size', 0) / 1024**2:.1f}",
            }
            for job in team.exports_of(desk)
        ],
        "request_id": new_request(),
    }  # fmt: skip
    values["running"] = any(made["job"].running for made in values["jobs"])  # type: ignore[attr-defined]
    return show(request, "evisynth/export.html", values)


@page
@require_safe
def export_list(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Send a list of records as a file."""
    wanted = filter_of(request.GET)
    form, kind = _format(request.GET.get("form", "csv")), _kind(request.GET.get("kind", "records"))
    parts = team.list_text(desk, wanted, form, kind)
    if team.find_records(desk, wanted, size=1).total > AT_ONCE:
        raise RefusedError(_("This list is long; make the file on the page of exports."))
    types = {"csv": "text/csv; charset=utf-8", "ris": "application/x-research-info-systems"}
    answer = StreamingHttpResponse(
        (part.encode("utf-8") for part in parts), content_type=types[form]
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="{kind}.{form}"'
    return cast("HttpResponse", answer)  # a stream is answered like a page


def _file(content: IO[bytes], name: str, kind: str) -> HttpResponse:
    made = FileResponse(content, as_attachment=True, filename=name, content_type=kind)
    return cast("HttpResponse", made)


@page
@require_safe
def export_file(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Send an export that was made; or, where it is small, make it now."""
    ident = request.GET.get("made", "")
    if ident:
        job, place = team.export_file(desk, ident)
        return _file(place.open("rb"), str(job.result["name"]), str(job.result["type"]))
    desk.permit("export")
    public = request.GET.get("public", "") == "1"
    if team.export_size(desk).large:
        raise RefusedError(_("This review is large; make the file on the page of exports."))
    made = io.BytesIO()
    team.review_zip(desk, made, public=public, pdfs=request.GET.get("pdfs", "1") == "1")
    made.seek(0)
    name = f"{desk.store.name}{'-public' if public else ''}.zip"
    return _file(made, name, "application/zip")


urlpatterns = [
    path("export/", export, name="export"),
    path("export/list/", export_list, name="export_list"),
    path("export/file/", export_file, name="export_file"),
]
