"""One report: the viewer with notes, the decision beside it, and its files."""

from __future__ import annotations

import secrets
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _

from evisynth.actions import team
from evisynth.actions.team import Desk
from evisynth.review import may
from evisynth.storage import VersionConflict
from evisynth.web.pages.retrieval import retrieval_words, size_words
from evisynth.web.pages.screening import reasons_of, verdict_words
from evisynth.web.report_answers import file_answer, note_values
from evisynth.web.visit import page, show

__all__ = ["urlpatterns"]


def _words() -> dict[str, str]:
    return {
        "page": _("Page {n}"), "hits": _("{n} of {all}"), "none": _("not found"),
        "searching": _("searching …"), "you": _("You"), "saved": _("The note is saved"),
        "removed": _("The note is taken away"), "edit": _("Change"), "remove": _("Take away"),
        "keep": _("Save"), "go": _("Page {n}: to this place"), "whole": _("On the whole report"),
        "taken": _("The quote is taken over"), "nothing": _("Mark words in the report first"),
        "damaged": _("The file cannot be shown: {why}"), "loading": _("The report is on its way …"),
        "scan": _("This page has no text, as a scan; it cannot be searched."),
        "changed": _("The note was changed in another window; it is shown as it stands there."),
        "no_notes": _("No notes yet."), "zoom": _("{n} %"), "other_file": _("in another file"),
        "quote_found": _("Page {n}: the quote is shown"),
        "quote_gone": _("The quote was not found in this file"),
    }  # fmt: skip


@page
def report(request: HttpRequest, desk: Desk, record: str) -> HttpResponse:
    """Show a report with its notes and the decision on it; take the decision."""
    if request.method == "POST":
        return _decide(request, desk, record)
    found = team.report_page(desk, record)
    frame = request.GET.get("frame") == "1"
    rules = found.stage
    data = {
        "api": f"{reverse('api:api-root')}reviews/{desk.store.name}/reports",
        "record": record, "frame": frame, "words": _words(),
        "files": [
            {"sha256": made.sha256, "name": made.name,
             "url": reverse("report_file", args=[desk.store.name, made.sha256])}
            for made in found.files
        ],
        "notes": note_values(found.notes), "may_note": may(desk.person, "note") and found.sought,
    }  # fmt: skip
    values = {
        "found": found, "frame": frame, "data": data,
        "base": "evisynth/frame.html" if frame else "evisynth/base.html",
        "retrieval": retrieval_words()[found.status],
        "files": [
            {"file": made, "size": size_words(made.size), "who": _person(desk, made.person),
             "url": reverse("report_file", args=[desk.store.name, made.sha256])}
            for made in found.files
        ],
        "may_attach": may(desk.person, "attach") and found.sought,
        "may_retrieve": may(desk.person, "retrieve") and found.sought,
        "services": team.open_copy_services(desk),
        "limit": team.FILE_LIMIT // 1024**2,
        "request_id": secrets.token_hex(16),
        "may_note": data["may_note"],
        "hint": _note_hint(found),
    }  # fmt: skip
    if not frame:
        values |= _decision(request, desk, found)
    if rules is not None:
        plan = desk.board.plan
        values["criteria"] = {"include": plan.include, "exclude": plan.exclude}
    return show(request, "evisynth/report.html", values)


def _person(desk: Desk, ident: str) -> str:
    return next((made.name for made in desk.board.plan.people if made.id == ident), ident)


def _note_hint(found: team.ReportPage) -> str:
    """Say when others see a note written now."""
    if found.state is not None and found.state.status != "included":
        return _("Others see it after all have decided.")
    return _("Others see it when what was extracted and assessed lies open.")


def _decision(request: HttpRequest, desk: Desk, found: team.ReportPage) -> dict[str, object]:
    """Return what the decision bar shows."""
    rules = found.stage
    if rules is None:
        return {}
    words = verdict_words()
    own = found.own
    values: dict[str, object] = {
        "decides": may(desk.person, "decide", rules) and found.state is not None,
        "reasons": reasons_of(rules),
        "reason_needed": bool(rules.reasons),
        "own_words": words[own.verdict] if own else "",
        "own_choice": f"{own.verdict}:{own.reason}" if own and own.reason
        else own.verdict if own else "",
        "own_reason": rules.reasons.get(own.reason, own.reason) if own else "",
        "state_words": words[found.state.status] if found.state else "",
        "state_reason": rules.reasons.get(found.state.reason, found.state.reason)
        if found.state else "",
        "left": desk.board.counts(rules.name, desk.person.id)[1],
    }  # fmt: skip
    just = request.GET.get("decided", "")[:1000]
    if just and just != found.record.id:
        before = team.report_page(desk, just)
        if before.own is not None:
            values["just"] = {
                "record": just, "title": before.record.title, "verdict": before.own.verdict,
                "words": words[before.own.verdict],
                "reason": rules.reasons.get(before.own.reason, before.own.reason),
                "undo": before.may_decide,
            }  # fmt: skip
    return values


def _decide(request: HttpRequest, desk: Desk, record: str) -> HttpResponse:
    """Take a decision, or take one back; go on with the next report."""
    given = request.POST
    number = given.get("request_id", "")[:100]
    here = reverse("report_pdf", args=[desk.store.name, record])
    if given.get("what") == "undo":
        team.withdraw(desk, "full_text", record, request_id=number)
        messages.success(request, _("Your decision is taken back."))
        return redirect(here)
    verdict, _sign, reason = given.get("choice", "").partition(":")
    saved = team.decide(
        desk, "full_text", record, verdict, reason=reason, note=given.get("note", ""),
        request_id=number,
    )  # fmt: skip
    following = team.next_report(desk, after=record)
    if following:
        after = reverse("report_pdf", args=[desk.store.name, following])
        return redirect(f"{after}?{urlencode({'decided': record})}")
    messages.success(
        request,
        _("%(verdict)s. No other report waits for you.")
        % {"verdict": verdict_words()[saved.verdict]},
    )  # fmt: skip
    return redirect(here)


@page
def following(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Go to the next report that waits for this person."""
    found = team.next_report(desk, after=request.GET.get("after", "")[:1000])
    if found:
        return redirect("report_pdf", review_id=desk.store.name, record=found)
    messages.info(request, _("No other report waits for you."))
    return redirect("retrieval", review_id=desk.store.name)


@page
def files(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Take a file away, put it back, or say more about it."""
    desk.permit("attach")
    given = request.POST
    if request.method != "POST":
        return redirect("retrieval", review_id=desk.store.name)
    record, sha256 = given.get("record", ""), given.get("sha256", "")
    what = given.get("what", "")
    if what == "remove":
        team.remove_file(desk, record, sha256)
        messages.success(request, _("The file is taken away; it can be put back."))
    elif what == "restore":
        team.restore_file(desk, record, sha256)
        messages.success(request, _("The file is put back."))
    elif what == "fetch":
        made = team.fetch_open_copy(desk, record)
        if made.status == "attached":
            messages.success(request, _("An open copy is attached."))
        else:
            messages.warning(
                request, f"{_('No open copy was attached.')} {made.url or made.reason}"
            )
    elif what == "describe":
        version = given.get("version", "")
        try:
            team.describe_file(
                desk, record, sha256, licence=given.get("licence", ""),
                source=given.get("source", ""), note=given.get("note", ""),
                version=int(version) if version.isdecimal() and len(version) < 9 else None,
            )  # fmt: skip
            messages.success(request, _("Saved."))
        except VersionConflict:
            messages.warning(
                request,
                _("Somebody wrote about this file in the meantime; look at it and save again."),
            )
    else:
        raise team.RefusedError(_("Choose what is to be done."))
    return redirect("report_pdf", review_id=desk.store.name, record=record)


@page
def file(request: HttpRequest, desk: Desk, sha256: str) -> HttpResponse:
    """Send a report's file."""
    return file_answer(desk, sha256)  # type: ignore[return-value]


urlpatterns = [
    path("reports/next/", following, name="next_report"),
    path("reports/files/", files, name="report_files"),
    path("reports/file/<slug:sha256>/", file, name="report_file"),
    path("reports/read/<path:record>/", report, name="report_pdf"),
]
