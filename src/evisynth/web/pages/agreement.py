"""Agreement, the pilot round, and what can be said of the records not read."""

from __future__ import annotations

import secrets

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from evisynth.actions import team
from evisynth.actions.team import Desk
from evisynth.display import format_number, format_percent
from evisynth.review import may
from evisynth.screening import Coefficient
from evisynth.web.pages.screening import stage_values, verdict_words
from evisynth.web.visit import page, show

__all__ = ["urlpatterns"]


def _stage(request: HttpRequest, desk: Desk) -> str:
    stages = desk.board.plan.stages or ()
    return request.GET.get("stage", "") or (stages[0].name if stages else "")


def _tabs(desk: Desk) -> list[dict[str, str]]:
    return [stage_values(rules) for rules in desk.board.plan.stages or ()]


def _cells(made: Coefficient) -> dict[str, object]:
    """Return a coefficient as the cells of a table."""
    percent = made.name == "percent"
    name = _("Percent agreement") if percent else made.name
    if made.value != made.value:
        return {"name": name, "value": "–", "interval": "", "reason": made.reason}
    write = format_percent if percent else format_number
    interval = ""
    if made.ci_lower == made.ci_lower:
        interval = _("%(low)s to %(high)s") % {
            "low": write(made.ci_lower),
            "high": write(made.ci_upper),
        }
    return {"name": name, "value": write(made.value), "interval": interval, "reason": made.reason}


@page
def agreement(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the agreement at a stage."""
    name = _stage(request, desk)
    rules = desk.stage(name)
    found = team.agreement_at(desk, name)
    report = found.report
    words = verdict_words()
    pairs = [
        {
            "first": found.names.get(pair.first, pair.first),
            "second": found.names.get(pair.second, pair.second),
            "records": pair.records,
            "differ": pair.records - pair.agreed,
            "cells": [_cells(each) for each in (pair.percent, pair.kappa, pair.pabak, pair.ac1)],
            "rows": [
                {
                    "words": words[one],
                    "cells": [pair.table.get((one, two), 0) for two in report.categories],
                }
                for one in report.categories
            ],
        }
        for pair in report.pairs
    ]
    values = {
        "stage": stage_values(rules),
        "tabs": _tabs(desk),
        "found": found,
        "report": report,
        "coefficients": [_cells(each) for each in report.coefficients],
        "pairs": pairs,
        "categories": [words[made] for made in report.categories],
        "method": report.method_sentence(),
    }
    return show(request, "evisynth/agreement.html", values)


@page
def pilot(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the pilot rounds of a stage; draw one, and keep what it came to."""
    stage = request.POST.get("stage", "") or _stage(request, desk)
    rules = desk.stage(stage)
    if request.method == "POST":
        number = request.POST.get("request_id", "")
        if request.POST.get("act") == "draw":
            made = team.draw_pilot(desk, stage, request_id=number)
            messages.success(
                request,
                _("Round %(number)s is drawn: %(records)s records.")
                % {"number": made.number, "records": len(made.records)},
            )
        else:
            team.close_pilot(desk, stage, note=request.POST.get("note", ""), request_id=number)
            messages.success(request, _("The result of the round is kept."))
        return redirect(f"{reverse('pilot', args=[desk.store.name])}?stage={rules.name}")
    rounds = team.pilot_rounds(desk, stage)
    names = {made.id: made.name for made in desk.board.plan.people}
    shown = []
    for made in rounds:
        outcome = made.outcome
        shown.append(
            {
                "round": made,
                "status": _status(outcome.status),
                "reason": outcome.reason if outcome.status != "open" else "",
                "kappa": _cells(outcome.kappa) if outcome.status != "open" else None,
                "people": [
                    {
                        "name": names.get(who, who),
                        "done": len(made.records) - len(outcome.waiting.get(who, ())),
                    }
                    for who in made.people
                ],
                "discuss": outcome.discuss,
            }
        )
    last = rounds[0].outcome.status if rounds else ""
    leads = may(desk.person, "pilot")
    values = {
        "stage": stage_values(rules),
        "tabs": [stage_values(each) for each in desk.board.plan.stages or () if each.pilot],
        "rules": rules,
        "rounds": shown,
        "may_draw": leads and bool(rules.pilot) and last in ("", "failed"),
        "may_close": leads and last in ("passed", "failed") and not rounds[0].kept,
        "may_decide": may(desk.person, "decide", rules),
        "kappa_min": None if rules.kappa_min is None else format_number(rules.kappa_min),
        "request_id": secrets.token_hex(16),
    }
    return show(request, "evisynth/pilot.html", values)


def _status(status: str) -> str:
    return {"open": _("Open"), "passed": _("Passed"), "failed": _("Not reached")}[status]


def _share(text: str, without: float) -> float:
    """Return a percentage typed by a person as a share; what is no such number is as not given."""
    try:
        value = float(text.replace(",", ".")) / 100
    except ValueError:
        return without
    return value if 0 < value < 1 else without


@page
def stopping(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Say what is known of the recall reached; keep the statement."""
    given = request.POST if request.method == "POST" else request.GET
    stage = given.get("stage", "") or _stage(request, desk)
    rules = desk.stage(stage)
    rule = given.get("rule", "hypergeometric")
    target, confidence = (
        _share(given.get("target", ""), rules.stop_recall),
        _share(given.get("confidence", ""), rules.stop_confidence),
    )
    typed = given.get("run", "100")
    run = int(typed) if typed.isdecimal() and 0 < len(typed) < 7 and int(typed) else 100
    if request.method == "POST":
        act, number = given.get("act", ""), given.get("request_id", "")
        if act == "resume":
            team.resume_screening(desk, stage, given.get("id", ""))
            messages.success(request, _("Screening goes on: the records are to be read again."))
        elif act == "stop":
            made = team.stop_screening(
                desk, stage, rule=rule, target=target, confidence=confidence, run=run,
                reason=given.get("reason", ""), request_id=number,
            )  # fmt: skip
            messages.success(
                request,
                ngettext(
                    "Screening is stopped; %(count)d record is set aside unread.",
                    "Screening is stopped; %(count)d records are set aside unread.",
                    made.set_aside,
                )
                % {"count": made.set_aside},
            )
        else:
            team.keep_stopping(
                desk, stage, rule=rule, target=target, confidence=confidence, run=run,
                request_id=number,
            )  # fmt: skip
            messages.success(
                request, _("The statement is kept with the review. Screening goes on.")
            )
        return redirect(f"{reverse('stopping', args=[desk.store.name])}?stage={rules.name}")
    found = team.stopping_at(desk, stage, rule=rule, target=target, confidence=confidence, run=run)
    values = {
        "stage": stage_values(rules),
        "tabs": _tabs(desk),
        "found": found,
        "rule": rule,
        "target": f"{100 * target:g}",
        "confidence": f"{100 * confidence:g}",
        "run": run,
        "recall": format_percent(100 * found.statement.recall_lower)
        if found.statement.recall_lower == found.statement.recall_lower
        else "",
        "may_stop": rules.name == "title_abstract" and found.unread > 0,
        "unread": found.unread,
        "request_id": secrets.token_hex(16),
    }
    return show(request, "evisynth/stopping.html", values)


urlpatterns = [
    path("agreement/", agreement, name="agreement"),
    path("pilot/", pilot, name="pilot"),
    path("stopping/", stopping, name="stopping"),
]
