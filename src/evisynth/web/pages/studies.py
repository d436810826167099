"""Studies: the list with reports and how far each is, joining and parting, characteristics."""

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
from evisynth.storage import VersionConflict
from evisynth.studies import Field
from evisynth.web.pages.extraction import address, own_words, stage_words
from evisynth.web.visit import page, show

__all__ = ["urlpatterns"]

CHIPS = {"open": "", "compare": "maybe", "agreed": "include"}
LONG = 24
NEW = ";new"
"""Stands for "a new study" in a choice; no id can be this."""


def _work(desk: Desk, row: team.StudyRow) -> list[dict[str, object]]:
    """Return how far a study is, with addresses where the person may go there."""
    stages, own = stage_words(), own_words()
    extracts = may(desk.person, "extract") or may(desk.person, "agree on extraction")
    agrees = may(desk.person, "agree on extraction")
    found: list[dict[str, object]] = []
    for made in row.extraction:
        name = "extraction_compare" if made.stage != "open" and agrees else "extraction_sheet"
        found.append(
            {
                "title": made.title or made.form, "words": stages[made.stage],
                "chip": CHIPS[made.stage], "own": own[made.own] if extracts and made.own else "",
                "url": address(desk, name, form=made.form, study=row.study) if extracts else "",
            }
        )  # fmt: skip
    if row.assessment is not None:
        made = row.assessment
        assesses = may(desk.person, "assess") or may(desk.person, "agree on assessment")
        found.append(
            {
                "title": _("Risk of bias"),
                "words": stages[made.stage] if made.of == 1
                else _("%(done)s of %(of)s agreed") % {"done": made.done, "of": made.of},
                "chip": CHIPS[made.stage], "own": own[made.own] if assesses and made.own else "",
                "url": f"{reverse('assessment', args=[desk.store.name])}" if assesses else "",
            }
        )  # fmt: skip
    return found


def _one(desk: Desk, study: str) -> str:
    return f"{reverse('study', args=[desk.store.name])}?{urlencode({'study': study})}"


@page
def studies(request: HttpRequest, desk: Desk) -> HttpResponse:
    """List the studies; put reports that are of none into one."""
    if request.method == "POST":
        return _join(request, desk)
    found = team.studies_list(desk)
    words = request.GET.get("words", "")[:500]
    asked = words.casefold().split()

    def fits(row: team.StudyRow) -> bool:
        text = " ".join([row.study, *(line.title + line.authors for line in row.reports)])
        return all(word in text.casefold() for word in asked)

    values = {
        "rows": [
            {"row": row, "work": _work(desk, row), "url": _one(desk, row.study)}
            for row in found.rows
            if fits(row)
        ],
        "total": len(found.rows),
        "empty": sum(not row.reports for row in found.rows),
        "lonely": found.lonely,
        "names": [row.study for row in found.rows],
        "words": words,
        "joins": may(desk.person, "join reports"),
        "request_id": secrets.token_hex(16),
    }
    return show(request, "evisynth/studies.html", values)


def _join(request: HttpRequest, desk: Desk) -> HttpResponse:
    given = request.POST
    records = given.getlist("record")[:1000]
    number = given.get("request_id", "")[:100]
    if given.get("what") == "own":
        made = team.own_studies(desk, records, request_id=number)
        text = ngettext("%(n)s study made", "%(n)s studies made", made)
        messages.success(request, text % {"n": made})
        return redirect("studies", review_id=desk.store.name)
    name = given.get("new", "") if given.get("study") == NEW else given.get("study", "")
    team.put_reports(desk, records, name, request_id=number)
    messages.success(
        request, _("The reports are of the study %(study)s now.") % {"study": name.strip()}
    )
    return redirect("studies", review_id=desk.store.name)


@page
def study(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show one study: its reports, what is known of it, how far it is."""
    query = request.POST if request.method == "POST" else request.GET
    name = query.get("study", "")[:1000]
    merge = None
    if request.method == "POST":
        try:
            return _change(request, desk, name)
        except VersionConflict as error:
            merge = _merge(desk, error, query)
    found = team.study_page(desk, name)
    given = merge["values"] if merge else found.values
    values = {
        "found": found, "row": found.row, "study": name, "work": _work(desk, found.row),
        "fields": [_field(field, str(given.get(field.name, ""))) for field in found.fields],
        "joins": may(desk.person, "join reports"), "new": NEW,
        "request_id": secrets.token_hex(16), "merge": merge,
        "suggested": team.suggested_study(
            found.row.reports[-1], [name, *found.others]
        ) if found.row.reports else "",
        "stray": found.row.stray,
    }  # fmt: skip
    return show(request, "evisynth/study.html", values, 409 if merge else 200)


def _field(field: Field, text: str) -> dict[str, object]:
    parts = [part for part in text.split(";") if part]
    levels = [*field.levels, *(part for part in parts if field.levels and part not in field.levels)]
    kind = field.type if field.levels or field.type in ("text", "number") else "text"
    return {
        "field": field, "kind": kind, "value": text, "name": f"field:{field.name}",
        "long": len(text) > LONG,
        "levels": [(level, level in parts) for level in levels],
    }  # fmt: skip


def _given(desk: Desk, given: QueryDict) -> dict[str, str]:
    """Return the characteristics of a form; a field that is not in it is left as it is."""
    return {
        field.name: ";".join(part for part in given.getlist(f"field:{field.name}") if part)
        for field in desk.board.plan.fields
        if f"field:{field.name}" in given
    }


def _change(request: HttpRequest, desk: Desk, name: str) -> HttpResponse:
    """Do what a form of the page asks for."""
    given = request.POST
    what, number = given.get("what", ""), given.get("request_id", "")[:100]
    records = given.getlist("record")[:1000]
    there = _one(desk, name)
    if what == "describe":
        version = given.get("version", "")
        team.set_characteristics(
            desk, name, _given(desk, given), request_id=number,
            version=int(version) if version.isdecimal() and len(version) < 9 else None,
        )  # fmt: skip
        messages.success(request, _("Saved."))
    elif what == "main":
        team.set_main_report(desk, name, records[0] if records else "", request_id=number)
        messages.success(request, _("The main report is chosen."))
    elif what == "add":
        team.put_reports(desk, records, name, request_id=number)
        messages.success(request, _("The reports are of this study now."))
    elif what == "move":
        to = given.get("to", "")
        if to == NEW:
            to = given.get("new", "").strip()
            team.split_study(desk, records, to, request_id=number)
        else:
            team.put_reports(desk, records, to, request_id=number)
        messages.success(request, _("The reports are of the study %(study)s now.") % {"study": to})
        if not any(key[0] == name for key in desk.board.values("study")):
            return redirect(_one(desk, to))
    elif what == "rename":
        to = " ".join(given.get("name", "").split())
        team.rename_study(desk, name, to, request_id=number)
        messages.success(request, _("The study is named %(study)s now.") % {"study": to})
        there = _one(desk, to)
    elif what == "drop":
        team.drop_study(desk, name, request_id=number)
        messages.success(request, _("The study is taken away; the history keeps it."))
        return redirect("studies", review_id=desk.store.name)
    else:
        raise team.RefusedError(_("Choose what is to be done."))
    return redirect(there)


def _merge(desk: Desk, error: VersionConflict, given: QueryDict) -> dict[str, dict[str, object]]:
    """Put two people's characteristics together; where both wrote a field, show all three."""
    each = next(made for made in error.conflicts if made.kind == "study")
    base, theirs = dict(each.base or {}), dict(each.theirs or {})
    mine = _given(desk, given) if given.get("what") == "describe" else {}
    people = {person.id: person.name for person in desk.board.plan.people}
    values: dict[str, object] = {}
    lines: dict[str, object] = {}
    for field in desk.board.plan.fields:
        old, their = str(base.get(field.name, "")), str(theirs.get(field.name, ""))
        my = mine.get(field.name, their)
        values[field.name] = their if my == old else my
        if my not in (old, their) and their != old:
            lines[field.name] = {"label": field.label, "base": old, "mine": my, "theirs": their}
    return {
        "values": values, "lines": lines, "about": {"by": people.get(each.by, each.by)},
    }  # fmt: skip


urlpatterns = [
    path("studies/", studies, name="studies"),
    path("studies/one/", study, name="study"),
]
