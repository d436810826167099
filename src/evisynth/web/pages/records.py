"""All records as a table, work on many of them at once, and one record with all that is known."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from evisynth.actions import team
from evisynth.actions.team import Desk, RecordFilter, RefusedError
from evisynth.records import Record
from evisynth.review import may
from evisynth.storage import VersionConflict
from evisynth.web.pages.overview import act_words
from evisynth.web.pages.screening import (
    number_of_page,
    reasons_of,
    stage_values,
    verdict_words,
)
from evisynth.web.visit import page, show

__all__ = ["urlpatterns"]

SIZE = 50
TEXTS = ("words", "stage", "status", "own", "source", "tag", "abstract", "box", "detail", "order")
LONGEST = 1000


def _year(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= 4 else None


def filter_of(query: QueryDict) -> RecordFilter:
    """Return the filter of an address; what is no filter counts as none."""
    given = {name: query.get(name, "")[:LONGEST] for name in TEXTS}
    given["words"] = given["words"] or query.get("q", "")[:LONGEST]
    return RecordFilter(
        **{**given, "order": given["order"] or "position"},
        year_from=_year(query.get("year_from", "")),
        year_to=_year(query.get("year_to", "")),
    )


def address_of(wanted: RecordFilter, **more: object) -> str:
    """Return a filter as the query of an address."""
    given = {**asdict(wanted), **more}
    if given["order"] == "position":
        del given["order"]
    return urlencode({name: value for name, value in given.items() if value})


def _headings(wanted: RecordFilter) -> dict[str, dict[str, str]]:
    """Return for each column that sorts where its heading leads, and how it is sorted now."""
    other = {"year": "-year", "-year": "year"}
    sorts = {"ascending": "ascending", "descending": "descending"}
    found = {}
    for name in ("title", "year"):
        now = wanted.order.removeprefix("-") == name
        onward = other.get(wanted.order, "-year") if name == "year" else name
        if wanted.order == "title" and name == "title":
            onward = "position"
        found[name] = {
            "query": address_of(wanted, order=onward),
            "sorted": sorts["descending" if wanted.order.startswith("-") else "ascending"]
            if now
            else "",
        }
    return found


def _rows(desk: Desk, found: team.RecordTable) -> list[dict[str, object]]:
    words = verdict_words()
    sources = {source.id: source.name for source in team.search_sources(desk)}
    chips = {"included": "include", "excluded": "exclude", "conflict": "maybe"}
    return [
        {
            "record": row.record,
            "source": sources.get(row.record.source, row.record.source),
            "state": words[row.state.status] if row.state else "",
            "chip": chips.get(row.state.status, "") if row.state else "",
            "own": row.own.verdict if row.own else "",
            "own_words": words[row.own.verdict] if row.own else "",
            "tags": row.tags,
        }
        for row in found.rows
    ]


@page
def records(request: HttpRequest, desk: Desk) -> HttpResponse:
    """List the records; nothing of what others decided shows but what a whole record came to."""
    wanted = filter_of(request.GET)
    number = number_of_page(request)
    found = team.find_records(desk, wanted, page=number, size=SIZE)
    last = max(1, -(-found.total // SIZE))
    stages = desk.board.plan.stages or ()
    stage = desk.stage(wanted.stage) if wanted.stage else (stages[0] if stages else None)
    decides = stage is not None and may(desk.person, "decide", stage)
    words = verdict_words()
    box = next(iter(team.live_flow(desk).box(wanted.box, wanted.detail)), None)
    asked = asdict(wanted)
    values = {
        "rows": _rows(desk, found),
        "found": found,
        "last": last,
        "wanted": wanted,
        "filtered": any(value for name, value in asked.items() if name not in ("order", "stage")),
        "more": any(asked[name] for name in ("abstract", "year_from", "year_to", "tag")),
        "query": address_of(wanted),
        "before": address_of(wanted, page=number - 1) if number > 1 else "",
        "after": address_of(wanted, page=number + 1) if number < last else "",
        "headings": _headings(wanted),
        "box": _(box.label) if box is not None and wanted.box else "",
        "stage": stage_values(stage) if stage else None,
        "stages": [stage_values(each) for each in stages],
        "statuses": [(name, words[name]) for name in ("open", "conflict", "included", "excluded")],
        "owns": [
            ("waiting", _("Waits for me")),
            ("none", _("Not decided by me")),
            *((name, words[name]) for name in ("include", "exclude", "maybe")),
        ],
        "sources": [s for s in team.search_sources(desk) if s.records],
        "tags": team.own_tags(desk),
        "decides": decides,
        "may_tag": may(desk.person, "tag"),
        "may_export": may(desk.person, "export"),
        "reasons": reasons_of(stage) if stage and decides else [],
        "plain_exclude": stage is not None and (stage.name != "full_text" or not stage.reasons),
    }
    return show(request, "evisynth/records.html", values)


def _chosen(desk: Desk, given: QueryDict) -> tuple[str, ...]:
    """Return the records of a form: those ticked, or all of the list that it came from."""
    if given.get("scope") == "all":
        return team.chosen_records(desk, wanted=filter_of(QueryDict(given.get("query", ""))))
    return team.chosen_records(desk, given.getlist("record"))


@page
def many(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Tag or decide on many records: what it would do is shown first, and done when confirmed."""
    listed = reverse("records", args=[desk.store.name])
    given = request.POST
    if request.method != "POST":
        return redirect(listed)
    query = given.get("query", "")
    back = f"{listed}?{query}" if query else listed
    what, tag = given.get("what", ""), given.get("tag", "").strip()
    ids = _chosen(desk, given)
    number = given.get("request_id", "")[:100] or secrets.token_hex(16)
    if what in ("tag", "untag"):
        changed = team.bulk_tag(desk, ids, tag, remove=what == "untag", request_id=number)
        text = ngettext("%(n)s record changed", "%(n)s records changed", changed)
        messages.success(request, f"{tag}: {text % {'n': changed}}")
        return redirect(back)
    name = given.get("stage", "")
    verdict, _sign, reason = what.removeprefix("decide:").partition(":")
    if not what.startswith("decide:"):
        raise RefusedError(_("Choose what is to be done."))
    plan = team.plan_bulk(desk, name, ids, verdict, reason=reason)
    if given.get("confirmed"):
        expected = given.get("expected", "")
        team.bulk_decide(
            desk, name, ids, verdict, reason=reason, request_id=number,
            expected=int(expected) if expected.isdecimal() and len(expected) < 7 else -1,
        )  # fmt: skip
        text = ngettext("%(n)s decision saved", "%(n)s decisions saved", int(expected))
        messages.success(request, text % {"n": expected})
        return redirect(back)
    rules = desk.stage(name)
    values = {
        "plan": plan,
        "number": len(plan.decided),
        "stage": stage_values(rules),
        "verdict": verdict,
        "words": verdict_words()[verdict],
        "reason": rules.reasons.get(reason, reason),
        "what": what,
        "query": query,
        "back": back,
        "request_id": number,
        "sample": team.find_records(desk, ids=plan.decided[:10]).rows,
    }
    return show(request, "evisynth/records_many.html", values)


def _facts(desk: Desk, made: team.OneRecord) -> list[tuple[str, str]]:
    line = made.record
    source = next((s.name for s in team.search_sources(desk) if s.id == line.source), line.source)
    facts = [
        (_("Authors"), line.authors), (_("Journal"), line.journal),
        (_("Year"), str(line.year or "")), (_("Keywords"), line.keywords),
        (_("Search"), source), (_("Record id"), line.id),
        (_("Removed before screening"), made.removed),
        (_("Studies"), "; ".join(made.studies)),
    ]  # fmt: skip
    status = {
        "retrieved": _("Retrieved"), "not_retrieved": _("Not retrieved"), "sought": _("Sought"),
    }.get(made.retrieval[0], "")  # fmt: skip
    said = f"{status}: {made.retrieval[1]}" if made.retrieval[1] else status
    facts.append((_("Report"), said))
    return [(name, value) for name, value in facts if value]


def _stages(desk: Desk, made: team.OneRecord) -> list[dict[str, object]]:
    words = verdict_words()
    people = {person.id: person.name for person in desk.board.plan.people}
    chips = {"included": "include", "excluded": "exclude", "conflict": "maybe"}
    return [
        {
            **stage_values(seen.stage),
            "state": words[seen.state.status],
            "chip": chips.get(seen.state.status, ""),
            "reason": seen.stage.reasons.get(seen.state.reason, seen.state.reason),
            "votes": [
                {
                    "who": _("You")
                    if vote.reviewer == desk.person.id
                    else people.get(vote.reviewer, vote.reviewer),
                    "verdict": vote.verdict,
                    "words": words[vote.verdict],
                    "reason": seen.stage.reasons.get(vote.reason, vote.reason),
                    "note": vote.note,
                }
                for vote in seen.votes
            ],
            "decide": may(desk.person, "decide", seen.stage) and seen.state.waiting == "votes",
        }
        for seen in made.stages
    ]


def _one_values(desk: Desk, record: str) -> dict[str, object]:
    made = team.one_record(desk, record)
    people = {person.id: person.name for person in desk.board.plan.people}
    stages = {stage["name"]: stage["title"] for stage in _stages(desk, made)}
    filled = made.filled
    own_tags = [tag.text for tag in made.tags if tag.reviewer == desk.person.id]
    return {
        "one": made,
        "facts": _facts(desk, made),
        "stages": _stages(desk, made),
        "filled_by": people.get(filled.person, filled.person) if filled else "",
        "own_tags": own_tags,
        "other_tags": [tag for tag in made.tags if tag.reviewer != desk.person.id],
        "tags_text": ", ".join(own_tags),
        "notes": [
            {
                "line": note,
                "who": _("You") if note.own else people.get(note.who, note.who),
                "stage": stages.get(note.stage, ""),
                "day": note.date[:10],
            }
            for note in made.notes
        ],
        "history": [
            {
                "at": entry.at[:16].replace("T", " "),
                "who": _("You")
                if entry.actor == desk.person.id
                else people.get(entry.actor, entry.actor),
                "words": act_words(entry, desk),
                "reason": entry.reason,
            }
            for entry in made.history
        ],
        "may_note": may(desk.person, "note"),
        "may_tag": may(desk.person, "tag"),
        "may_fill": may(desk.person, "attach") and (not made.record.abstract or bool(filled)),
        "version": desk.board.version("abstract", (record,)),
        "request_id": secrets.token_hex(16),
        "report": reverse("report_pdf", args=[desk.store.name, record])
        if record in team.reports_to_get(desk.board)
        else "",
    }


def _do(desk: Desk, given: QueryDict, record: str) -> str:
    """Do what a form of the record's page asks for; return what to say."""
    what, number = given.get("what", ""), given.get("request_id", "")[:100]
    if what == "note":
        team.add_note(
            desk, record, given.get("text", ""), stage=given.get("stage", ""), request_id=number
        )
        return _("The note is kept.")
    if what == "remove note":
        team.remove_note(desk, record, given.get("note", ""))
        return _("The note is taken away.")
    if what == "tags":
        team.tag_record(desk, record, given.get("tags", "").split(","), request_id=number)
        return _("The tags are kept.")
    if what == "abstract":
        version = given.get("version", "")
        team.fill_abstract(
            desk, record, given.get("text", ""), given.get("source", ""), request_id=number,
            version=int(version) if version.isdecimal() and len(version) < 9 else None,
        )  # fmt: skip
        return _("The abstract is kept, and shown as filled in.")
    raise RefusedError(_("There is nothing to do."))


@page
def record(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show one record; keep notes, tags and a missing abstract."""
    ident = (request.POST if request.method == "POST" else request.GET).get("id", "")
    if request.method != "POST":
        return show(request, "evisynth/record.html", _one_values(desk, ident))
    try:
        said = _do(desk, request.POST, ident)
    except VersionConflict as error:
        theirs: Mapping[str, object] = error.conflicts[0].theirs or {}
        values = {
            **_one_values(desk, ident),
            "mine": {"text": request.POST.get("text", ""), "source": request.POST.get("source")},
            "theirs": theirs,
            "base": error.conflicts[0].base or {},
        }
        return show(request, "evisynth/record.html", values, status=409)
    messages.success(request, said)
    return redirect(f"{reverse('record', args=[desk.store.name])}?{urlencode({'id': ident})}")


def _fields(made: Record) -> list[tuple[str, str]]:
    """Return every field of a record that holds something but those the page shows already."""
    shown = ("id", "title", "abstract", "raw", "source", "reader", "reader_version")
    found = []
    for name, value in asdict(made).items():
        if name in shown or not value:
            continue
        text = "; ".join(value) if isinstance(value, (tuple, list)) else str(value)
        found.append((name.replace("_", " "), text))
    return found


@page
def origin(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show a record as its export has it; alone, or as a part of the record's page."""
    ident = request.GET.get("id", "")
    made = team.record_origin(desk, ident)
    values = {"made": made, "fields": _fields(made) if made else [], "id": ident}
    whole = request.headers.get("HX-Request") is None
    template = "evisynth/record_origin_page.html" if whole else "evisynth/record_origin.html"
    return show(request, template, values)


urlpatterns = [
    path("records/", records, name="records"),
    path("records/many/", many, name="records_many"),
    path("records/one/", record, name="record"),
    path("records/origin/", origin, name="record_origin"),
]
