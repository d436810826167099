"""Duplicates: pairs that a person looks at side by side, groups, decisions and taking them back."""

from __future__ import annotations

import re
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
from evisynth.storage import RecordLine, VersionConflict
from evisynth.web.pages.screening import number_of_page
from evisynth.web.visit import page, show

__all__ = ["urlpatterns"]

KINDS = ("doubtful", "screened", "check", "study")
SIZE = 50


def kind_words() -> dict[str, tuple[str, str]]:
    """Return the title of each queue, and what stands in it."""
    return {
        "doubtful": (
            _("Doubtful"),
            _("Alike, and not alike enough to be merged by a rule."),
        ),
        "screened": (
            _("Screened twice"),
            _("One report by all rules; both have their decisions, so that a person merges them."),
        ),
        "check": (
            _("Merged on little"),
            _("Merged by title, authors and journal alone, as nothing else could be compared."),
        ),
        "study": (
            _("Same study?"),
            _("Different reports that may be of one study: protocol, abstract, erratum, update."),
        ),
    }


def decision_words() -> dict[str, str]:
    """Return what a decision says."""
    return {
        "same": _("Same record"), "report": _("Same report"), "different": _("Not the same"),
        "study": _("Same study, other report"), "open": _("Open again"),
    }  # fmt: skip


def _address(desk: Desk, name: str, **query: object) -> str:
    given = {key: value for key, value in query.items() if value}
    return reverse(name, args=[desk.store.name]) + (f"?{urlencode(given)}" if given else "")


def _people(desk: Desk) -> dict[str, str]:
    names = {person.id: person.name for person in desk.board.plan.people}
    return {**names, desk.person.id: _("You")}


def _tabs(desk: Desk, counts: dict[str, int], groups: int, current: str) -> list[dict[str, object]]:
    made: list[dict[str, object]] = [
        {
            "title": words[0], "count": counts[name], "current": name == current,
            "url": _address(desk, "duplicates", kind=name),
        }
        for name, words in kind_words().items()
    ]  # fmt: skip
    made.append(
        {"title": _("Groups"), "count": groups, "current": current == "groups",
         "url": _address(desk, "duplicate_groups")}
    )  # fmt: skip
    made.append(
        {"title": _("Decided"), "count": None, "current": current == "decided",
         "url": _address(desk, "duplicate_decisions")}
    )  # fmt: skip
    return made


def _head(desk: Desk, current: str) -> dict[str, object]:
    """Return what all pages of this area show above: numbers, the comparison, the tabs."""
    found = team.duplicate_pairs(desk, current if current in KINDS else "doubtful", size=1)
    jobs = team.duplicate_jobs(desk)
    last = jobs[0] if jobs else None
    return {
        "numbers": found,
        "tabs": _tabs(desk, found.counts, found.groups, current),
        "job": last,
        "stop_url": reverse("duplicates_find", args=[desk.store.name]),
        "refresh": last is not None and last.running,
        "request_id": secrets.token_hex(16),
    }


@page
def duplicates(request: HttpRequest, desk: Desk) -> HttpResponse:
    """List the pairs of a kind that wait for a decision."""
    kind = request.GET.get("kind", "doubtful")
    kind = kind if kind in KINDS else "doubtful"
    number = number_of_page(request)
    found = team.duplicate_pairs(desk, kind, page=number, size=SIZE)
    last = max(1, -(-found.total // SIZE))
    values = {
        **_head(desk, kind),
        "found": found,
        "lead": kind_words()[kind][1],
        "pairs": [
            {
                "pair": pair,
                "why": _why(pair),
                "url": _address(
                    desk, "duplicate_pair", first=pair.first, second=pair.second, kind=kind
                ),
            }
            for pair in found.pairs
        ],
        "before": _address(desk, "duplicates", kind=kind, page=number - 1) if number > 1 else "",
        "after": _address(desk, "duplicates", kind=kind, page=number + 1) if number < last else "",
        "last": last,
        "start": _address(desk, "duplicate_pair", kind=kind),
    }
    return show(request, "evisynth/duplicates.html", values)


@page
def find(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Compare all records, or stop the comparison that is under way."""
    there = _address(desk, "duplicates")
    if request.method != "POST":
        return redirect(there)
    if request.POST.get("what") == "stop":
        team.stop_duplicates(desk, request.POST.get("job", ""))
        messages.success(request, _("It stops at its next step; nothing is changed."))
        return redirect(there)
    job = team.find_duplicates(desk, request_id=request.POST.get("request_id", "")[:100])
    if job.status == "done":
        number = int(job.result.get("copies", 0))
        text = ngettext(
            "Compared: %(n)s record repeats another",
            "Compared: %(n)s records repeat another", number,
        )  # fmt: skip
        messages.success(request, text % {"n": number})
        for line in job.messages:
            messages.warning(request, line)
    return redirect(there)


def compared_rows(
    one: RecordLine, two: RecordLine, cited: tuple[str, str] = ("", "")
) -> list[dict[str, object]]:
    """Return the fields of two records with their words marked that only one of them has."""
    fields = [
        (_("Title"), one.title, two.title), (_("Authors"), one.authors, two.authors),
        (_("Year"), str(one.year or ""), str(two.year or "")),
        (_("Journal"), one.journal, two.journal), (_("Cited as"), *cited),
        (_("DOI"), one.doi, two.doi), (_("PubMed"), one.pmid, two.pmid),
        (_("Abstract"), one.abstract, two.abstract), (_("Keywords"), one.keywords, two.keywords),
        (_("Search"), one.source, two.source), (_("Record"), one.id, two.id),
    ]  # fmt: skip
    rows = []
    for name, left, right in fields:
        if not left and not right:
            continue
        pieces = team.word_differences(left, right)
        if name in (_("Search"), _("Record")):
            pieces = ((left, True),), ((right, True),)
        rows.append(
            {
                "name": name,
                "left": pieces[0] if left else (),
                "right": pieces[1] if right else (),
                "same": left == right,
                "one_only": bool(left) != bool(right),
            }
        )
    return rows


def _citation(text: str) -> str:
    """Return a citation without the search that it ends with; that has a row of its own."""
    return re.sub(r" ?\[[^\[\]]*\]$", "", text)


def _why(pair: team.DuplicatePair) -> str:
    """Return the evidence without the word that the queue says already."""
    found = re.fullmatch(r"[\w ]+ \((.*)\)", pair.why, re.DOTALL)
    return found[1] if found else pair.why


def _pair_values(desk: Desk, sides: team.PairSides, kind: str) -> dict[str, object]:
    one, two = sides.records
    people = _people(desk)
    pair = sides.pair
    words = decision_words()
    return {
        "sides": sides,
        "one": one,
        "two": two,
        "rows": compared_rows(
            one, two, (_citation(pair.first_citation), _citation(pair.second_citation))
        ),
        "why": _why(pair),
        "kind": kind,
        "kind_words": kind_words().get(kind, ("", ""))[0],
        "decision": words.get(sides.decision, ""),
        "by": people.get(sides.by, sides.by),
        "studies": any(sides.studies),
        "stays_known": sides.stays if sides.stays in (one.id, two.id) else "",
        "others": [name for name in sides.group if name not in (one.id, two.id)],
        "group_url": _address(desk, "duplicate_group", id=one.id) if sides.merged else "",
        "back": _address(desk, "duplicates", kind=kind),
        "skip": _address(
            desk, "duplicate_pair", kind=kind, after=one.id, after_second=two.id
        ) if kind else "",
        "request_id": secrets.token_hex(16),
    }  # fmt: skip


def _decide(request: HttpRequest, desk: Desk, given: QueryDict, kind: str) -> HttpResponse:
    first, second = given.get("first", ""), given.get("second", "")
    number = given.get("request_id", "")[:100] or secrets.token_hex(16)
    version = given.get("version", "")
    try:
        made = team.decide_pair(
            desk, first, second, given.get("what", "")[:20], stays=given.get("stays", ""),
            note=given.get("note", "")[:5000], request_id=number,
            version=int(version) if version.isdecimal() and len(version) < 9 else None,
        )  # fmt: skip
    except VersionConflict as error:
        return _conflict(request, desk, given, kind, error)
    said = decision_words()[made.decision]
    if made.stays:
        gone = made.second if made.stays == made.first else made.first
        said = _("%(said)s: %(stays)s stays, %(gone)s is set aside") % {
            "said": said, "stays": made.stays, "gone": gone,
        }  # fmt: skip
    messages.success(request, said)
    follow = team.next_pair(desk, kind, (made.first, made.second)) if kind else None
    if follow is None:
        if kind:
            messages.success(request, _("No pair of this kind waits any more."))
        return redirect(_address(desk, "duplicate_decisions"))
    return redirect(
        _address(
            desk, "duplicate_pair", first=follow.first, second=follow.second, kind=kind, undo=number
        )
    )


def _conflict(
    request: HttpRequest, desk: Desk, given: QueryDict, kind: str, error: VersionConflict
) -> HttpResponse:
    """Show what somebody else decided meanwhile beside what this person wants."""
    theirs = next(
        (made for made in error.conflicts if made.kind == "duplicate_decision"), error.conflicts[0]
    )
    words, value = decision_words(), theirs.theirs or {}
    sides = team.pair_sides(desk, given.get("first", ""), given.get("second", ""))
    merge = {
        "who": _("You, in another window")
        if theirs.by == desk.person.id
        else _people(desk).get(theirs.by, theirs.by),
        "theirs": words.get(
            str(value.get("decision", "")), _("something else about these records")
        ),
        "theirs_note": value.get("note", ""),
        "mine": words.get(given.get("what", ""), ""),
        "what": given.get("what", ""),
        "note": given.get("note", ""),
        "stays": given.get("stays", ""),
    }
    values = {**_pair_values(desk, sides, kind), "merge": merge}
    return show(request, "evisynth/duplicate_pair.html", values, status=409)


def _next_of(desk: Desk, kind: str, query: QueryDict) -> HttpResponse:
    """Go to the first pair of a queue, or to the one after another."""
    after = (query.get("after", ""), query.get("after_second", ""))
    follow = team.next_pair(desk, kind, after if all(after) else None)
    if follow is None:
        return redirect(_address(desk, "duplicates", kind=kind))
    return redirect(
        _address(desk, "duplicate_pair", first=follow.first, second=follow.second, kind=kind)
    )


@page
def pair(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show two records side by side; keep what a person decides."""
    given = request.POST if request.method == "POST" else request.GET
    kind = given.get("kind", "")
    kind = kind if kind in KINDS else ""
    if request.method == "POST":
        return _decide(request, desk, given, kind)
    if not given.get("first"):
        return _next_of(desk, kind or "doubtful", given)
    sides = team.pair_sides(desk, given.get("first", ""), given.get("second", ""))
    left = team.duplicate_pairs(desk, kind or "doubtful", size=1).total if kind else 0
    values = {
        **_pair_values(desk, sides, kind),
        "left": left,
        "undo": given.get("undo", "")[:100],
    }
    return show(request, "evisynth/duplicate_pair.html", values)


@page
def groups(request: HttpRequest, desk: Desk) -> HttpResponse:
    """List the records of one report, group by group."""
    number = number_of_page(request)
    found, total = team.duplicate_groups(desk, page=number, size=30)
    last = max(1, -(-total // 30))
    values = {
        **_head(desk, "groups"),
        "groups": [
            {"group": made, "url": _address(desk, "duplicate_group", id=made.stays.id)}
            for made in found
        ],
        "page": number,
        "last": last,
        "total": total,
        "before": _address(desk, "duplicate_groups", page=number - 1) if number > 1 else "",
        "after": _address(desk, "duplicate_groups", page=number + 1) if number < last else "",
    }
    return show(request, "evisynth/duplicate_groups.html", values)


@page
def group(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show a group, each copy beside the record that stays; take a record out."""
    given = request.POST if request.method == "POST" else request.GET
    ident = given.get("id", "")
    if request.method == "POST":
        number = given.get("request_id", "")[:100] or secrets.token_hex(16)
        team.separate_record(desk, ident, note=given.get("note", "")[:5000], request_id=number)
        messages.success(request, _("%(record)s stands alone again.") % {"record": ident})
        return redirect(_address(desk, "duplicate_decisions"))
    if not ident:
        desk.permit("deduplicate")
        return redirect(_address(desk, "duplicate_groups"))
    made = team.duplicate_group(desk, ident)
    values = {
        "group": made,
        "copies": [
            {
                "record": copy,
                "reason": reason,
                "person": by == "person",
                "rows": compared_rows(made.stays, copy),
            }
            for copy, reason, by in zip(made.copies, made.reasons, made.made_by, strict=True)
        ],
        "back": _address(desk, "duplicate_groups"),
        "request_id": secrets.token_hex(16),
    }
    return show(request, "evisynth/duplicate_group.html", values)


@page
def decisions(request: HttpRequest, desk: Desk) -> HttpResponse:
    """List what was decided; take a decision back, or bring it back."""
    if request.method == "POST":
        team.undo_duplicates(
            desk, request.POST.get("request", "")[:100],
            request_id=request.POST.get("request_id", "")[:100] or secrets.token_hex(16),
        )  # fmt: skip
        messages.success(request, _("Taken back; everything it changed is as it was before."))
        kind, request_id = request.POST.get("kind", ""), request.POST.get("request", "")
        lines = team.duplicate_decisions(desk) if kind in KINDS else ()
        for made in lines:
            if made.request == request_id:
                return redirect(
                    _address(
                        desk, "duplicate_pair", first=made.first, second=made.second, kind=kind
                    )
                )
        return redirect(_address(desk, "duplicate_decisions"))
    people, words = _people(desk), decision_words()
    values = {
        **_head(desk, "decided"),
        "lines": [
            {
                "line": line,
                "who": people.get(line.by, line.by),
                "words": words.get(line.decision, line.decision),
                "at": line.at[:16].replace("T", " "),
                "again": line.act == "take back",
                "request_id": secrets.token_hex(16),
                "url": _address(desk, "duplicate_pair", first=line.first, second=line.second),
            }
            for line in team.duplicate_decisions(desk)
        ],
    }
    return show(request, "evisynth/duplicate_decisions.html", values)


urlpatterns = [
    path("duplicates/", duplicates, name="duplicates"),
    path("duplicates/find/", find, name="duplicates_find"),
    path("duplicates/pair/", pair, name="duplicate_pair"),
    path("duplicates/groups/", groups, name="duplicate_groups"),
    path("duplicates/group/", group, name="duplicate_group"),
    path("duplicates/decided/", decisions, name="duplicate_decisions"),
]
