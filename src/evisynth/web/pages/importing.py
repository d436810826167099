"""Import: the searches that are there, files to add, what is in them, taking them in."""

from __future__ import annotations

from typing import get_args

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from evisynth.actions import ImportOptions, team
from evisynth.actions.team import Desk
from evisynth.records import SourceKind
from evisynth.review import may
from evisynth.web.visit import page, show

__all__ = ["urlpatterns"]

COLUMNS = ("title", "authors", "year", "journal", "abstract", "doi", "pmid")


def _columns(given: QueryDict) -> dict[str, str]:
    return {name: given.get(f"column_{name}", "")[:200] for name in COLUMNS}


def _kind_words() -> dict[str, str]:
    return {
        "database": _("Database"), "register": _("Register"), "website": _("Website"),
        "organisation": _("Organisation"), "citation": _("Citation searching"),
        "other": _("Other"),
    }  # fmt: skip


def _size(number: int) -> str:
    return f"{number / 1024**2:.1f} MB" if number >= 1024**2 else f"{max(1, number // 1024)} kB"


@page
def searches(request: HttpRequest, desk: Desk) -> HttpResponse:
    """List the searches; take files to look into."""
    desk.permit("read")
    if request.method == "POST":
        files = [
            (made.name or "export", made.size or 0, made.chunks())
            for made in request.FILES.getlist("files")
        ]
        token = team.upload_exports(desk, files)
        return redirect("import_preview", review_id=desk.store.name, token=token)
    words = _kind_words()
    values = {
        "sources": [
            {"source": source, "kind": words[source.kind]} for source in team.search_sources(desk)
        ],
        "total": len(desk.board.records),
        "may_import": may(desk.person, "import"),
    }
    return show(request, "evisynth/import.html", values)


@page
def preview(request: HttpRequest, desk: Desk, token: str) -> HttpResponse:
    """Show what is in an upload; take it in."""
    there = reverse("searches", args=[desk.store.name])
    given = request.POST if request.method == "POST" else request.GET
    if given.get("what") == "drop" and request.method == "POST":
        team.drop_upload(desk, token)
        messages.success(request, _("The files are thrown away; nothing was changed."))
        return redirect(there)
    job = team.import_job(desk, token)
    if job is not None and job.status == "running":
        return show(request, "evisynth/import_running.html", {"job": job})
    if job is not None and job.status == "done":
        return _done(request, desk, token, job)
    columns = _columns(given)
    found = team.preview_import(desk, token, columns)
    problems = job.messages if job is not None and request.method != "POST" else ()
    if request.method == "POST" and given.get("what") == "import":
        count = given.get("count", "").strip()
        if count and not (count.isdecimal() and len(count) < 9):
            raise team.RefusedError(_("The count is a whole number."))
        options = ImportOptions(
            source=given.get("source", "").strip()[:200],
            platform=given.get("platform", "").strip()[:200],
            kind=given.get("kind", ""),
            date=given.get("date", "").strip(),
            count=int(count) if count else None,
            anyway=bool(given.get("anyway")),
            columns=dict(found.columns),
        )
        job = team.start_import(desk, token, options, records=found.records)
        if job.status == "done":
            return _done(request, desk, token, job)
        if job.status == "running":
            return redirect("import_preview", review_id=desk.store.name, token=token)
        problems = job.messages
    words = _kind_words()
    values = {
        "found": found,
        "files": [
            {
                "file": made,
                "size": _size(made.size),
                "problems": [
                    {"at": each.at, "message": each.message, "repair": team.repair_of(each)}
                    for each in made.problems
                ],
                "refused": made.refused,
            }
            for made in found.files
        ],
        "tables": any(made.table for made in found.files),
        "header": next((made.header for made in found.files if made.header), ()),
        "columns": [(name, columns[name]) for name in COLUMNS],
        "kinds": [(name, words[name]) for name in get_args(SourceKind)],
        "given": {name: given.get(name, "") for name in
                  ("source", "platform", "kind", "date", "count")},
        "problems": problems,
        "there": there,
    }  # fmt: skip
    return show(request, "evisynth/import_preview.html", values, status=422 if problems else 200)


def _done(request: HttpRequest, desk: Desk, token: str, job: team.ImportJob) -> HttpResponse:
    text = ngettext("%(n)s record imported", "%(n)s records imported", job.records)
    messages.success(request, text % {"n": job.records})
    for line in job.messages:
        messages.warning(request, line)
    return redirect("searches", review_id=desk.store.name)


urlpatterns = [
    path("import/", searches, name="searches"),
    path("import/<slug:token>/", preview, name="import_preview"),
]
