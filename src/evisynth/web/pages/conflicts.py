"""Conflicts: the list by pair and by what differs, and one of them side by side."""

from __future__ import annotations

import secrets
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _

from evisynth.actions import team
from evisynth.actions.team import Desk
from evisynth.review import may, viewer_of
from evisynth.screening import Decision, Stage
from evisynth.storage import list_records
from evisynth.web.pages.screening import reasons_of, stage_values, verdict_words
from evisynth.web.report_answers import report_address
from evisynth.web.visit import page, show

__all__ = ["seen_values", "urlpatterns"]


def _stage(desk: Desk, query: QueryDict) -> str:
    """Return the stage asked for, else the first that has conflicts for this person."""
    stages = [stage.name for stage in desk.board.plan.stages or ()]
    wanted = query.get("stage", "")
    if wanted or not stages:
        return wanted
    return next((name for name in stages if team.count_conflicts(desk, name)), stages[0])


def _kinds() -> dict[str, str]:
    return {
        "verdicts": _("Verdicts differ"),
        "reasons": _("Reasons differ"),
        "maybe": _("Maybe"),
        "reason missing": _("No reason given"),
    }


def _roles() -> dict[str, str]:
    return {
        "reviewer": "",
        "discussion": _("after talking"),
        "consensus": _("consensus"),
        "adjudicator": _("settled by a third person"),
    }


def _name(who: str, desk: Desk) -> str:
    if who == desk.person.id:
        return _("You")
    known = {person.id: person.name for person in desk.board.plan.people}
    return known.get(who, who)


def _votes(desk: Desk, rules: Stage, votes: tuple[Decision, ...]) -> list[dict[str, str]]:
    words, roles = verdict_words(), _roles()
    return [
        {
            "who": _name(made.reviewer, desk),
            "verdict": made.verdict,
            "words": words[made.verdict],
            "reason": rules.reasons.get(made.reason, made.reason),
            "note": made.note,
            "role": roles[made.role],
        }
        for made in votes
    ]


def _tabs(desk: Desk) -> list[dict[str, object]]:
    return [
        {**stage_values(rules), "count": team.count_conflicts(desk, rules.name)}
        for rules in desk.board.plan.stages or ()
    ]


@page
def conflicts(request: HttpRequest, desk: Desk) -> HttpResponse:
    """List the conflicts of a stage."""
    name = _stage(desk, request.GET)
    pair, kind = request.GET.get("pair", ""), request.GET.get("kind", "")
    rules = desk.stage(name)
    found = team.conflicts_of(desk, name, pair=pair, kind=kind)
    kinds = _kinds()
    one = reverse("conflict", args=[desk.store.name])
    filters = {"pair": pair, "kind": kind} if pair or kind else {}
    lines = [
        {
            "record": line.record,
            "votes": _votes(desk, rules, line.votes),
            "kind": kinds[line.state.waiting],
            "pair": line.pair,
            "url": f"{one}?{urlencode({'stage': rules.name, 'record': line.record.id, **filters})}",
        }
        for line in found.lines
    ]
    values = {
        "stage": stage_values(rules),
        "tabs": _tabs(desk),
        "lines": lines,
        "total": found.total,
        "pairs": list(found.pairs.items()),
        "kinds": [(made, kinds[made], number) for made, number in found.kinds.items()],
        "pair": pair,
        "kind": kind,
        "whole": viewer_of(desk.person).sight == "complete",
    }
    return show(request, "evisynth/conflicts.html", values)


@page
def conflict(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show one conflict side by side; settle it, or note what the talk came to."""
    query = request.POST if request.method == "POST" else request.GET
    name, record = query.get("stage", ""), query.get("record", "")
    rules = desk.stage(name)
    pair, kind = query.get("pair", ""), query.get("kind", "")
    if request.method == "POST":
        return _settle(request, desk, rules, record, pair, kind)
    found = team.conflict_on(desk, name, record)
    before, after = _neighbours(desk, rules, record, pair, kind)
    waiting = found.state.waiting
    words = verdict_words()
    values = {
        "stage": stage_values(rules),
        "found": found,
        "votes": _votes(desk, rules, found.votes),
        "kind_words": _kinds().get(waiting, ""),
        "state_words": words[found.state.status],
        "state_reason": rules.reasons.get(found.state.reason, found.state.reason),
        "open": bool(waiting),
        "reasons": reasons_of(rules),
        "plain_exclude": rules.name != "full_text" or not rules.reasons,
        "request_id": secrets.token_hex(16),
        "pair": pair,
        "kind": kind,
        "report": report_address(desk, record),
        "before": before,
        "after": after,
        "criteria": {"include": desk.board.plan.include, "exclude": desk.board.plan.exclude},
    }
    return show(request, "evisynth/adjudicate.html", values)


def _address(desk: Desk, rules: Stage, record: str, pair: str, kind: str) -> str:
    query = {"stage": rules.name, "record": record, "pair": pair, "kind": kind}
    given = {name: text for name, text in query.items() if text}
    return f"{reverse('conflict', args=[desk.store.name])}?{urlencode(given)}"


def _neighbours(desk: Desk, rules: Stage, record: str, pair: str, kind: str) -> tuple[str, str]:
    """Return the addresses of the conflicts before and after one, in the order of the list."""
    ids = [
        line.record.id for line in team.conflicts_of(desk, rules.name, pair=pair, kind=kind).lines
    ]
    earlier = [made for made in ids if made < record]
    later = [made for made in ids if made > record]
    return (
        _address(desk, rules, earlier[-1], pair, kind) if earlier else "",
        _address(desk, rules, later[0], pair, kind) if later else "",
    )


def _settle(
    request: HttpRequest, desk: Desk, rules: Stage, record: str, pair: str, kind: str
) -> HttpResponse:
    given = request.POST
    verdict, _sign, reason = given.get("choice", "").partition(":")
    how, number = given.get("how", ""), given.get("request_id", "")
    if how == "take back":
        team.take_settlement_back(desk, rules.name, record, request_id=number)
        messages.success(request, _("Your settlement is taken back."))
        return redirect(_address(desk, rules, record, pair, kind))
    acts = {
        "adjudicate": team.adjudicate,
        "change": team.change_vote,
        "agree": team.agree_together,
    }
    if how not in acts:
        raise team.RefusedError(_("Say how the conflict is settled."))
    state = acts[how](
        desk, rules.name, record, verdict,
        reason=reason, note=given.get("note", ""), request_id=number,
    )  # fmt: skip
    if state.waiting:
        messages.success(request, _("Your vote is changed; the others' still differ."))
        return redirect(_address(desk, rules, record, pair, kind))
    messages.success(
        request,
        _("Settled: %(verdict)s. %(title)s")
        % {"verdict": verdict_words()[state.status], "title": _title(desk, rules, record)},
    )
    after = _neighbours(desk, rules, record, pair, kind)[1]
    return redirect(after or f"{reverse('conflicts', args=[desk.store.name])}?stage={rules.name}")


def _title(desk: Desk, rules: Stage, record: str) -> str:
    return team.conflict_on(desk, rules.name, record).record.title[:120]


def seen_values(desk: Desk, record: str) -> dict[str, object]:
    """Return what `seen_stages.html` shows: each stage of a record as this person may see it."""
    words = verdict_words()
    stages = []
    for made in team.seen_record(desk, record):
        rules = made.stage
        card = reverse("screening", args=[desk.store.name, rules.name])
        mine = made.own is not None and (
            made.state.waiting == "votes" or rules.conflicts == "discussion"
        )
        waits = made.state.waiting not in ("", "votes")
        stages.append(
            {
                **stage_values(rules),
                "state": made.state.status,
                "words": words[made.state.status],
                "reason": rules.reasons.get(made.state.reason, made.state.reason),
                "votes": _votes(desk, rules, made.votes),
                "change": f"{card}?{urlencode({'record': record})}"
                if mine and may(desk.person, "decide", rules)
                else "",
                "settle": _address(desk, rules, record, "", "") if waits and made.opened else "",
            }
        )
    remarks = [
        {"who": _name(made.reviewer, desk), "text": made.text, "kind": made.kind}
        for made in (*team.seen_notes(desk, record), *team.seen_tags(desk, record))
    ]
    return {
        "stages": stages,
        "notes": [made for made in remarks if made["kind"] == "note"],
        "tags": [made for made in remarks if made["kind"] == "tag"],
    }


@page
def record(request: HttpRequest, desk: Desk, record: str) -> HttpResponse:
    """Show one record: what it is, and of the decisions what this person may see."""
    desk.permit("read")
    lines = list_records(desk.store, ids=[record], size=1).lines
    if not lines:
        raise team.NotThereError(_("There is no such record."))
    values = {
        "record": lines[0],
        "seen": seen_values(desk, record),
        "report": report_address(desk, record),
    }
    return show(request, "evisynth/seen_record.html", values)


urlpatterns = [
    path("records/<path:record>/", record, name="seen_record"),
    path("conflicts/", conflicts, name="conflicts"),
    path("conflicts/one/", conflict, name="conflict"),
]
