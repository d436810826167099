"""Extraction offline: the workbook out, and in again after a look at what it changes."""

from __future__ import annotations

import secrets
from dataclasses import asdict

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext as _

from evisynth.actions import team
from evisynth.actions.team import Desk
from evisynth.storage import VersionConflict
from evisynth.web.pages.extraction import address
from evisynth.web.visit import page, show

__all__ = ["urlpatterns"]

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HOURS = 12 * 3600


@page
def workbook(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show how to work offline; read a workbook and say what it changes; take it in."""
    desk.permit("extract")
    values: dict[str, object] = {
        "request_id": secrets.token_hex(16), "form": request.GET.get("form", ""),
        "back": address(desk, "extraction", form=request.GET.get("form", "")),
        "download": address(desk, "extraction_download", form=request.GET.get("form", "")),
    }  # fmt: skip
    if request.method != "POST":
        return show(request, "evisynth/workbook.html", values)
    if request.POST.get("changes"):
        return _take_in(request, desk)
    upload = request.FILES.get("workbook")
    if upload is None:
        raise team.RefusedError(_("Choose the workbook first."))
    if (upload.size or 0) > team.LARGEST_WORKBOOK:
        raise team.RefusedError(_("The workbook is too large."))
    found = team.read_workbook(desk, upload.read())
    return show(request, "evisynth/workbook.html", {**values, **_shown(desk, found)})


def _shown(desk: Desk, found: team.WorkbookRead) -> dict[str, object]:
    """Return what a workbook changes, kept on the page under a signature."""
    changes = [asdict(made) for made in found.changes]
    signed = signing.dumps({"who": desk.person.id, "review": desk.store.name, "changes": changes},
                           salt="workbook", compress=True)  # fmt: skip
    return {"found": found, "changes": signed,
            "plain": [made for made in found.changes if not made.conflict],
            "conflicts": [made for made in found.changes if made.conflict]}  # fmt: skip


def _take_in(request: HttpRequest, desk: Desk) -> HttpResponse:
    try:
        data = signing.loads(request.POST["changes"], salt="workbook", max_age=HOURS)
    except signing.BadSignature:
        raise team.RefusedError(_("Read the workbook again; this page is too old.")) from None
    if (data["who"], data["review"]) != (desk.person.id, desk.store.name):
        raise team.RefusedError(_("Read the workbook again; this page is somebody else's."))
    every = [team.CellChange(**made) for made in data["changes"]]
    over = set(request.POST.getlist("over"))
    chosen = [
        made
        for made in every
        if not made.conflict
        or f"{made.form}|{made.study}|{made.row}|{made.field}" in over
    ]  # fmt: skip
    try:
        number = team.take_in(desk, chosen, request_id=request.POST.get("request_id", "")[:80])
    except VersionConflict:
        # somebody (this person in another window, mostly) wrote one of them just now
        left = team.WorkbookRead(team.compare_again(desk, every), ())
        values = {
            "request_id": secrets.token_hex(16), "again": True, "form": "",
            "back": address(desk, "extraction"),
            "download": address(desk, "extraction_download"), **_shown(desk, left),
        }  # fmt: skip
        return show(request, "evisynth/workbook.html", values, status=409)
    messages.success(request, _("%(number)s values are taken in.") % {"number": number})
    return redirect(address(desk, "extraction"))


@page
def download(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Give the workbook with own values."""
    data = team.workbook_of(desk, request.GET.get("form", ""))
    answer = HttpResponse(data, content_type=SHEET)
    answer["Content-Disposition"] = 'attachment; filename="extraction.xlsx"'
    return answer


urlpatterns = [
    path("extraction/workbook/", workbook, name="extraction_workbook"),
    path("extraction/workbook/download/", download, name="extraction_download"),
]
