"""The history: who did what when, with what was before and after; and whether it is whole."""

from __future__ import annotations

import difflib
from dataclasses import asdict
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _

from evisynth.actions import team
from evisynth.actions.team import Desk
from evisynth.review import KINDS, Entry, may
from evisynth.storage import TrailFilter
from evisynth.web.pages.overview import act_words
from evisynth.web.pages.plan_forms import new_request, request_of
from evisynth.web.visit import page, show

__all__ = ["filter_of", "urlpatterns"]

FIELDS = ("actor", "kind", "act", "subject", "since", "until", "words")
SHORT, MOST_LINES, CONTEXT = 240, 200, 1
ACTS = (
    "decide", "take a decision back", "settle", "note", "tag", "import", "save a value",
    "agree on a value", "finish extraction", "finish assessment", "draw a pilot round",
    "change the criteria", "add a person", "change a person", "leave the team", "unblind",
    "read from the folder", "edited in the folder",
)  # fmt: skip
"""Acts that are offered; any other can be typed."""


def kind_words() -> dict[str, str]:
    """Return the kinds of items in words."""
    return {
        "vote": _("Decisions"), "note": _("Notes"), "tag": _("Tags"), "plan": _("Plan"),
        "retrieval": _("Retrieval"), "attachment": _("Files of reports"),
        "duplicate": _("Duplicates"), "duplicate_decision": _("Decisions on duplicates"),
        "removal": _("Removals"), "abstract": _("Abstracts filled in"), "study": _("Studies"),
        "extraction_form": _("Extraction forms"), "extraction_value": _("Extracted values"),
        "extraction_consensus": _("Agreed values"), "assessment_answer": _("Answers"),
        "assessment_judgement": _("Judgements"), "assessment": _("Agreed risk of bias"),
        "finished": _("Finished work"), "assignment": _("Records given to people"),
        "pilot": _("Pilot rounds"), "unblinding": _("Opened decisions"),
        "stopping": _("Stopping statements"), "member": _("People beyond the plan"),
        "setting": _("Settings"), "text": _("Text files"), "file": _("Files kept as they came"),
    }  # fmt: skip


def filter_of(given: QueryDict) -> TrailFilter:
    """Return the filter of an address."""
    return TrailFilter(**{name: given.get(name, "").strip()[:500] for name in FIELDS})


def _lines(before: str, after: str) -> list[tuple[str, str]]:
    """Return the lines of two texts that differ, with their sign."""
    found = [
        (line[:1], line[1:])
        for line in difflib.unified_diff(
            before.splitlines(), after.splitlines(), lineterm="", n=CONTEXT
        )
        if not line.startswith(("---", "+++"))
    ]
    if len(found) > MOST_LINES:
        return [*found[:MOST_LINES], (" ", _("… and more"))]
    return found


def _change(made: team.FieldChange) -> dict[str, object]:
    before, after = made.before, made.after
    long = max(len(before or ""), len(after or "")) > SHORT or "\n" in f"{before}{after}"
    return {
        "name": made.name.replace("_", " "),
        "before": None if long else before,
        "after": None if long else after,
        "lines": _lines(before or "", after or "") if long else (),
    }


def _about(entry: Entry, desk: Desk) -> dict[str, str]:
    """Return what an entry is about, with where it can be seen."""
    kind = KINDS.get(entry.kind)
    if kind is None:
        return {"words": ", ".join(part for part in entry.key if part), "url": ""}
    subject = kind.key_part(entry.key, kind.subject) if kind.subject else ""
    rest = [part for part in entry.key if part and part not in (subject, entry.actor, "reviewer")]
    url = ""
    if subject and desk.board.knows(subject):
        url = f"{reverse('record', args=[desk.store.name])}?{urlencode({'id': subject})}"
    return {"subject": subject, "words": ", ".join(rest), "url": url}


def _line(line: team.HistoryLine, desk: Desk, whole: bool) -> dict[str, object]:
    entry = line.entry
    what = act_words(entry, desk)
    return {
        "number": entry.number if whole else "",
        "at": entry.at[:19].replace("T", " "),
        "who": _("You") if line.own else line.who,
        "what": kind_words().get(entry.kind, what) if what == entry.act else what,
        "act": entry.act,
        "reason": entry.reason,
        "about": _about(entry, desk),
        "changes": [_change(made) for made in line.changes],
    }


@page
def history(request: HttpRequest, desk: Desk) -> HttpResponse:
    """List what was done, as far as this person may see it."""
    wanted = filter_of(request.GET)
    text = request.GET.get("before", "")
    before = int(text) if text.isdecimal() and len(text) < 16 else 0
    found = team.history_of(desk, wanted, before=before)
    given = {name: value for name, value in asdict(wanted).items() if value}
    words = kind_words()
    values = {
        "lines": [_line(line, desk, found.whole) for line in found.lines],
        "whole": found.whole, "wanted": wanted, "filtered": bool(given), "before": before,
        "newest": urlencode(given),
        "older": urlencode({**given, "before": found.older}) if found.older else "",
        "people": [(made.id, made.name) for made in desk.board.plan.people],
        "kinds": [(name, words.get(name, name)) for name, kind in KINDS.items()
                  if kind.kept and name != "table"],
        "acts": ACTS, "may_verify": may(desk.person, "history"),
    }  # fmt: skip
    return show(request, "evisynth/history.html", values)


@page
def verify(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Verify the history, and show what the last verification found."""
    desk.permit("history")
    if request.method == "POST":
        team.verify_in_background(
            desk, head=request.POST.get("head", "")[:100], request_id=request_of(request.POST)
        )
        return redirect("verify", review_id=desk.store.name)
    job = team.last_verification(desk)
    names = {made.id: made.name for made in desk.board.plan.people}
    values = {
        "job": job, "request_id": new_request(),
        "at": job.at[:16].replace("T", " ") if job else "",
        "who": names.get(job.person, job.person) if job else "",
        "moved": bool(job and job.status == "done"
                      and job.result.get("entries") != desk.store.head().number),
    }  # fmt: skip
    return show(request, "evisynth/verify.html", values)


urlpatterns = [
    path("history/", history, name="history"),
    path("history/verify/", verify, name="verify"),
]
