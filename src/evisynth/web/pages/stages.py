"""Criteria, words to mark and the rules of the stages; who sees what, and opening it."""

from __future__ import annotations

import re

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from evisynth.actions import team
from evisynth.actions.team import Desk, RefusedError
from evisynth.review import may
from evisynth.storage import VersionConflict
from evisynth.web.pages.plan_forms import (
    ask_first,
    chosen_fields,
    merge_view,
    new_request,
    request_of,
    version_of,
)
from evisynth.web.pages.screening import stage_values, verdict_words
from evisynth.web.reviews import STAGE_TITLES
from evisynth.web.visit import page, show

__all__ = ["urlpatterns"]

LISTS = ("include", "exclude", "mark_include", "mark_exclude")
EMPTY = 3
"""Empty lines for further reasons."""


def _labels() -> dict[str, str]:
    return {
        "include": _("Included are"), "exclude": _("Excluded are"),
        "mark_include": _("Words for inclusion"), "mark_exclude": _("Words for exclusion"),
        "votes_needed": _("Decisions that a record needs"), "maybe": _("A maybe"),
        "conflicts": _("Conflicts"), "adjudicator_may_vote": _("Settles own records too"),
        "pilot": _("Records of the pilot round"), "kappa_min": _("Kappa wanted"),
        "order": _("Order"), "training": _("The ranking learns from"),
        "stop_recall": _("Recall wanted"), "stop_confidence": _("Confidence wanted"),
        "reviewers": _("Who decides"), "adjudicators": _("Who settles conflicts"),
        "reasons": _("Reasons to exclude"),
    }  # fmt: skip


def _here(desk: Desk, stage: str = "") -> str:
    made = reverse("stages", args=[desk.store.name])
    return f"{made}?stage={stage}" if stage else made


def _tabs(desk: Desk, stage: str) -> list[tuple[str, str, bool]]:
    return [
        (_("Criteria and words"), _here(desk), not stage),
        *(
            (_(STAGE_TITLES[each.name]), _here(desk, each.name), each.name == stage)
            for each in desk.board.plan.stages or ()
        ),
    ]


@page
def stages(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the criteria, or the rules of a stage; save what was changed."""
    stage = (request.POST if request.method == "POST" else request.GET).get("stage", "")
    return _stage(request, desk, stage) if stage else _criteria(request, desk)


def _criteria(request: HttpRequest, desk: Desk) -> HttpResponse:
    if request.method == "POST":
        given = request.POST
        values = chosen_fields(given, {name: given[name] for name in LISTS if name in given})
        try:
            team.change_criteria(
                desk, values, version=version_of(given), request_id=request_of(given)
            )
        except VersionConflict as error:
            return merge_view(request, error, _labels(), _("Criteria and words"), _here(desk))
        messages.success(request, _("Saved."))
        return redirect(_here(desk))
    labels = _labels()
    values = {
        "tabs": _tabs(desk, ""),
        "lists": [
            {"name": name, "label": labels[name], "text": "\n".join(map(str, lines))}
            for name, lines in team.criteria_fields(desk).items()
            if isinstance(lines, tuple)
        ],
        "changes": may(desk.person, "plan change"),
        "version": team.plan_version(desk), "request_id": new_request(),
    }  # fmt: skip
    return show(request, "evisynth/criteria.html", values)


def _code_of(words: str, taken: set[str]) -> str:
    made = re.sub(r"[^a-z0-9]+", "_", words.casefold()).strip("_")[:30].strip("_") or "reason"
    code, number = made, 1
    while code in taken:
        number += 1
        code = f"{made}_{number}"
    return code


def _place(text: str) -> float:
    try:
        return float(text) if text.strip() and len(text) < 9 else 1e6
    except ValueError:
        return 1e6


def _posted_reasons(given: QueryDict) -> dict[str, str]:
    """Return the reasons of a form, in the order that its numbers say."""
    lines = list(zip(given.getlist("code"), given.getlist("words"), given.getlist("place"),
                     strict=False))  # fmt: skip
    gone = set(given.getlist("gone"))
    found: dict[str, str] = {}
    for code, words, _number in sorted(lines, key=lambda line: _place(line[2])):
        if words.strip() and code not in gone:
            found[code.strip() or _code_of(words, {*found, *given.getlist("code")})] = words
        elif code.strip() and code not in gone:
            raise RefusedError(
                _("The reason %(code)s has no words; tick it to take it away.") % {"code": code}
            )
    return found


def _posted(given: QueryDict) -> dict[str, object]:
    """Return the fields of a stage that a form holds."""
    values: dict[str, object] = {}
    for name in ("votes_needed", "maybe", "conflicts", "pilot", "kappa_min", "order", "training"):
        if name in given:
            values[name] = given[name]
    for name in ("stop_recall", "stop_confidence"):
        if name in given:
            values[name] = _percent(given.get(name, ""))
    if "has_flags" in given:
        values["adjudicator_may_vote"] = bool(given.get("adjudicator_may_vote"))
        for name in ("reviewers", "adjudicators"):
            everybody = given.get(f"{name}_all", "yes") == "yes"
            values[name] = () if everybody else tuple(given.getlist(name))
            if not everybody and not values[name]:
                raise RefusedError(_("Choose somebody, or everybody who has the role."))
    if "code" in given:
        values["reasons"] = _posted_reasons(given)
    return chosen_fields(given, values)


def _percent(text: str) -> str:
    try:
        return f"{float(text.replace(',', '.')) / 100:.12g}"
    except ValueError:
        return text


def _follows(found: team.Follows) -> list[str]:
    words = verdict_words()
    lines = [
        ngettext("%(n)s record that is “%(before)s” now would be “%(after)s”.",
                 "%(n)s records that are “%(before)s” now would be “%(after)s”.", number)
        % {"n": number, "before": words[before], "after": words[after]}
        for before, after, number in found.moved
    ]  # fmt: skip
    if found.completed:
        lines.append(
            ngettext(
                "%(n)s record would have all its decisions with those made so far, and be opened.",
                "%(n)s records would have all their decisions with those made so far, and be"
                " opened.",
                found.completed,
            )
            % {"n": found.completed}
        )
    return [*lines, *found.words]


def _stage(request: HttpRequest, desk: Desk, stage: str) -> HttpResponse:
    rules = desk.stage(stage)
    title = _(STAGE_TITLES[rules.name])
    here = _here(desk, rules.name)
    if request.method == "POST":
        given = request.POST
        try:
            found = team.change_stage(
                desk, stage, _posted(given), version=version_of(given),
                confirmed=bool(given.get("confirmed")), request_id=request_of(given),
            )  # fmt: skip
        except VersionConflict as error:
            return merge_view(request, error, _labels(), title, here)
        if not found.nothing:
            return ask_first(request, title, _follows(found), here)
        messages.success(request, _("Saved."))
        return redirect(here)
    fields = team.stage_fields(desk, stage)
    reasons = fields["reasons"] if isinstance(fields["reasons"], dict) else {}
    lines = [(code, words, number) for number, (code, words) in enumerate(reasons.items(), 1)]
    active = [made for made in desk.board.plan.people if made.active]
    values = {
        "tabs": _tabs(desk, rules.name), "stage": stage_values(rules), "fields": fields,
        "reasons": lines, "empty": range(EMPTY),
        "recall": f"{100 * rules.stop_recall:g}",
        "confidence": f"{100 * rules.stop_confidence:g}",
        "kappa": "" if rules.kappa_min is None else f"{rules.kappa_min:g}",
        "deciders": [(made.id, made.name, made.id in rules.reviewers) for made in active
                     if "reviewer" in made.roles],
        "settlers": [(made.id, made.name, made.id in rules.adjudicators) for made in active
                     if {"lead", "adjudicator"} & set(made.roles)],
        "changes": may(desk.person, "plan change"),
        "version": team.plan_version(desk), "request_id": new_request(),
    }  # fmt: skip
    return show(request, "evisynth/stage_rules.html", values)


# who sees what


@page
def blinding(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Say who sees what of others' decisions at each stage, and what was opened."""
    values = {
        "lines": [
            {"line": line, "title": _(STAGE_TITLES[line.stage.name])}
            for line in team.sightlines(desk)
        ],
        "may_open": may(desk.person, "unblind"),
    }
    return show(request, "evisynth/blinding.html", values)


def _named(given: QueryDict) -> list[str]:
    return [name for name in re.split(r"[\s;,]+", given.get("records", "")[:100_000]) if name]


@page
def opening(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Ask for the reason, say what would be opened, ask again, open."""
    desk.permit("unblind")
    given = request.POST if request.method == "POST" else request.GET
    stage = given.get("stage", "")
    plan_stages = desk.board.plan.stages or ()
    if not stage and not plan_stages:
        return redirect("blinding", review_id=desk.store.name)
    if request.method == "POST" and given.get("confirmed"):
        team.unblind(
            desk, stage, reason=given.get("reason", ""), records=_named(given),
            confirmed=given.get("meant") == "yes", request_id=request_of(given),
        )  # fmt: skip
        messages.success(request, _("The decisions are open; the event is in the history."))
        return redirect("blinding", review_id=desk.store.name)
    rules = desk.stage(stage or plan_stages[0].name)
    plan = None
    if request.method == "POST":
        plan = team.plan_unblinding(desk, rules.name, _named(given))
        if len(given.get("reason", "").strip()) < 10:
            raise RefusedError(_("Say why, in ten letters or more; it is kept with the event."))
    values = {
        "stage": stage_values(rules), "stages": [stage_values(each) for each in plan_stages],
        "reason": given.get("reason", ""), "records": "\n".join(_named(given)), "plan": plan,
        "request_id": new_request(),
    }  # fmt: skip
    return show(request, "evisynth/opening.html", values)


urlpatterns = [
    path("stages/", stages, name="stages"),
    path("blinding/", blinding, name="blinding"),
    path("blinding/open/", opening, name="opening"),
]
