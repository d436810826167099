"""Retrieval: the reports sought, where each stands, and files that are given for them."""

from __future__ import annotations

import secrets
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from evisynth.actions import team
from evisynth.actions.team import Desk
from evisynth.review import may
from evisynth.storage import VersionConflict, list_records
from evisynth.web.pages.screening import number_of_page
from evisynth.web.visit import page, show

__all__ = ["retrieval_words", "size_words", "upload_words", "urlpatterns"]

SIZE = 50
MOST_FETCHED = 10
"""Open copies that are looked for in one request."""


def retrieval_words() -> dict[str, str]:
    """Return where a report stands, in words."""
    return {
        "to_get": _("To get"), "sought": _("Asked for"), "retrieved": _("Retrieved"),
        "not_retrieved": _("Not retrieved"),
    }  # fmt: skip


def upload_words() -> dict[str, str]:
    """Return why a file was refused, in words."""
    limit = team.FILE_LIMIT // 1024**2
    return {
        "no PDF": _("This is no PDF, whatever its name says."),
        "too large": _("The file is larger than %(limit)s MB.") % {"limit": limit},
        "password": _("The PDF asks for a password; save a copy without one."),
        "damaged": _("The PDF is damaged and cannot be read; get it again."),
        "empty": _("The file is empty."),
    }


def size_words(number: int) -> str:
    """Return the size of a file in words."""
    return f"{number / 1024**2:.1f} MB" if number >= 1024**2 else f"{max(1, number // 1024)} kB"


def _usual_reasons(used: tuple[str, ...]) -> list[str]:
    usual = [
        _("No access through libraries"), _("No answer from the authors"),
        _("Not published in full"), _("Journal or publisher not found"),
    ]  # fmt: skip
    return list(dict.fromkeys([*used, *usual]))


def _rows(found: team.RetrievalList) -> list[dict[str, object]]:
    words = retrieval_words()
    chips = {"retrieved": "include", "not_retrieved": "exclude", "sought": "maybe"}
    return [
        {
            "record": row.record, "status": row.status, "words": words[row.status],
            "chip": chips.get(row.status, ""), "reason": row.reason, "person": row.person,
            "day": row.date[:10], "files": row.files, "version": row.version,
        }
        for row in found.rows
    ]  # fmt: skip


@page
def retrieval(request: HttpRequest, desk: Desk) -> HttpResponse:
    """List the reports sought; note where those chosen stand."""
    merge = None
    if request.method == "POST":
        try:
            return _note(request, desk)
        except VersionConflict as error:
            merge = _merge(desk, error, request.POST)
    query = request.GET
    status, words = query.get("status", ""), query.get("words", "")[:500]
    number = number_of_page(request)
    found = team.retrieval_list(desk, status=status, words=words, page=number, size=SIZE)
    asked = {"status": status, "words": words}
    titles = retrieval_words()
    values = {
        "found": found,
        "rows": _rows(found),
        "status": status,
        "words": words,
        "tabs": [
            {"name": name, "title": titles[name], "count": found.counts[name],
             "query": urlencode({"status": name, **({"words": words} if words else {})})}
            for name in team.RETRIEVAL_STATUSES
        ],
        "all": sum(found.counts.values()),
        "query": urlencode({name: text for name, text in asked.items() if text}),
        "last": max(1, -(-found.total // SIZE)),
        "before": urlencode({**asked, "page": number - 1}) if number > 1 else "",
        "after": urlencode({**asked, "page": number + 1}) if number * SIZE < found.total else "",
        "may_retrieve": may(desk.person, "retrieve"),
        "may_attach": may(desk.person, "attach"),
        "reasons": _usual_reasons(found.reasons),
        "services": team.open_copy_services(desk),
        "limit": team.FILE_LIMIT // 1024**2,
        "most": team.MOST_FILES,
        "request_id": secrets.token_hex(16),
        "merge": merge,
    }  # fmt: skip
    return show(request, "evisynth/retrieval.html", values, 409 if merge else 200)


def _versions(given: QueryDict, records: list[str]) -> dict[str, int]:
    found = {}
    for record in records:
        text = given.get(f"version:{record}", "")
        if text.isdecimal() and len(text) < 9:
            found[record] = int(text)
    return found


def _back(desk: Desk, query: str) -> str:
    listed = reverse("retrieval", args=[desk.store.name])
    return f"{listed}?{query}" if query else listed


def _note(request: HttpRequest, desk: Desk) -> HttpResponse:
    given = request.POST
    records = given.getlist("record")[:1000]
    back = _back(desk, given.get("query", "")[:2000])
    if given.get("what") == "fetch":
        return _fetch(request, desk, records, back)
    status = given.get("what", "")
    done = team.note_retrieval(
        desk, records, status, reason=given.get("reason", ""), versions=_versions(given, records),
        request_id=given.get("request_id", "")[:100],
    )  # fmt: skip
    text = ngettext("%(n)s report: %(words)s", "%(n)s reports: %(words)s", done)
    messages.success(request, text % {"n": done, "words": retrieval_words()[status]})
    if given.get("then") == "report":
        return redirect("report_pdf", review_id=desk.store.name, record=records[0])
    return redirect(back)


def _fetch(request: HttpRequest, desk: Desk, records: list[str], back: str) -> HttpResponse:
    """Look for open copies of a few reports."""
    if not records:
        raise team.RefusedError(_("Choose at least one report."))
    had = 0
    for record in records[:MOST_FETCHED]:
        made = team.fetch_open_copy(desk, record)
        had += made.status == "attached"
        if made.status == "found":
            messages.info(request, f"{record}: {made.url}")
    looked = min(len(records), MOST_FETCHED)
    messages.success(
        request,
        _("Open copies: %(had)s attached of %(n)s reports looked for.")
        % {"had": had, "n": looked},
    )  # fmt: skip
    return redirect(back)


def _merge(desk: Desk, error: VersionConflict, given: QueryDict) -> dict[str, object]:
    """Return what somebody else noted in the meantime, beside what was to be noted."""
    words = retrieval_words()
    people = {person.id: person.name for person in desk.board.plan.people}
    titles = {
        line.id: line.title
        for line in list_records(
            desk.store, ids=[each.key[0] for each in error.conflicts], size=1000
        ).lines
    }

    def said(value: object) -> str:
        made = value if isinstance(value, dict) else {}
        status = words.get(str(made.get("status", "to_get")), "")
        reason = str(made.get("reason", ""))
        return f"{status}: {reason}" if reason else status

    lines = [
        {
            "record": each.key[0], "title": titles.get(each.key[0], each.key[0]),
            "mine": said(each.mine), "theirs": said(each.theirs), "base": said(each.base),
            "by": people.get(each.by, each.by), "version": each.version,
        }
        for each in error.conflicts
    ]  # fmt: skip
    there = {str(line["record"]) for line in lines}
    kept = _versions(given, given.getlist("record")[:1000])
    return {
        "lines": lines,
        "others": [
            {"record": record, "version": kept.get(record, "")}
            for record in given.getlist("record")[:1000]
            if record not in there
        ],
        "what": given.get("what", ""),
        "reason": given.get("reason", ""),
        "query": given.get("query", "")[:2000],
    }


@page
def upload(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Take files in, and show what became of them."""
    desk.permit("attach")
    if request.method != "POST":
        return redirect("retrieval", review_id=desk.store.name)
    given = request.POST
    record = given.get("record", "")
    made = team.take_files(
        desk,
        [(each.name or "report.pdf", each.chunks()) for each in request.FILES.getlist("files")],
        record=record,
        source=given.get("source", ""),
        licence=given.get("licence", ""),
        request_id=given.get("request_id", "")[:100],
    )
    if record and all(line.status in ("attached", "already") for line in made.lines):
        messages.success(request, _("The file is attached."))
        return redirect("report_pdf", review_id=desk.store.name, record=record)
    return redirect("upload", review_id=desk.store.name, token=made.token)


@page
def uploaded(request: HttpRequest, desk: Desk, token: str) -> HttpResponse:
    """Show what became of files; let a person choose where it is not known which report one is."""
    if request.method == "POST":
        given = request.POST
        number = given.get("number", "")
        at = int(number) if number.isdecimal() and len(number) < 6 else 0
        if given.get("what") == "drop":
            team.drop_waiting(desk, token, at)
        else:
            team.choose_report(desk, token, at, given.get("record", "").strip())
        return redirect("upload", review_id=desk.store.name, token=token)
    made = team.upload_of(desk, token)
    ids = team.reports_to_get(desk.board)
    lines = {line.id: line for line in list_records(desk.store, ids=ids, size=len(ids) or 1).lines}
    why = upload_words()
    evidence = {
        "DOI in the file's name": _("DOI in the file's name"),
        "DOI in the text": _("DOI in the text"),
        "title": _("title on the first page"), "chosen": _("chosen by you"),
    }  # fmt: skip
    waiting = [line for line in made.lines if line.status == "choose"]
    bare = [
        line for line in lines.values()
        if team.retrieval_of(desk.board, line.id)[0] != "retrieved"
    ]  # fmt: skip
    values = {
        "lines": [
            {
                "line": line, "size": size_words(line.size), "why": why.get(line.why, line.why),
                "report": lines.get(line.record), "by": evidence.get(line.by, ""),
                "candidates": [lines[each] for each in line.candidates if each in lines],
            }
            for line in made.lines
        ],
        "attached": sum(line.status == "attached" for line in made.lines),
        "waiting": len(waiting),
        "refused": sum(line.status == "refused" for line in made.lines),
        "bare": bare if waiting else [],
        "had": [line for line in lines.values() if line not in bare] if waiting else [],
    }  # fmt: skip
    return show(request, "evisynth/upload.html", values)


urlpatterns = [
    path("reports/", retrieval, name="retrieval"),
    path("reports/upload/", upload, name="reports_upload"),
    path("reports/upload/<slug:token>/", uploaded, name="upload"),
]
