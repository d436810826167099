"""Risk of bias: the results to assess, signalling questions, assessments side by side."""

from __future__ import annotations

import secrets

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext as _

from evisynth.actions import team
from evisynth.actions.team import Desk
from evisynth.appraisal import INSTRUMENTS, JUDGED, Instrument
from evisynth.review import may
from evisynth.storage import VersionConflict
from evisynth.web.pages.extraction import address, own_words, readers_of, stage_words
from evisynth.web.visit import page, show

__all__ = ["urlpatterns"]


def judgement_words() -> dict[str, str]:
    """Return judgements in words."""
    return {
        "low": _("Low risk"), "some concerns": _("Some concerns"), "high": _("High risk"),
        "incomplete": _("Not complete"), "not assessed": _("Not assessed"),
        "missing": _("Without an answer:"),
    }  # fmt: skip


def answer_words() -> dict[str, str]:
    """Return answers in words."""
    return {"Y": _("Yes"), "PY": _("Probably yes"), "PN": _("Probably no"), "N": _("No"),
            "NI": _("No information"), "NA": _("Not applicable")}  # fmt: skip


def _outcome(desk: Desk, outcome: str) -> str:
    labels = {made.id: made.label for made in desk.board.plan.outcomes}
    return labels.get(outcome, outcome) or _("all results of the study")


def _key(judgement: str) -> str:
    return judgement.replace(" ", "-")


@page
def assessment(request: HttpRequest, desk: Desk) -> HttpResponse:
    """List the results to assess; say how many people assess each."""
    if request.method == "POST":
        text = request.POST.get("people", "")
        team.set_assessors(
            desk, int(text) if text.isdigit() else 0,
            request_id=request.POST.get("request_id", "")[:100],
        )  # fmt: skip
        messages.success(request, _("Saved."))
        return redirect(address(desk, "assessment"))
    desk.permit("read")
    tool = team.instrument_of(desk, request.GET.get("instrument", ""))
    stages, own, words = stage_words(), own_words(), judgement_words()
    agrees = may(desk.person, "agree on assessment")
    lines = []
    for line in team.result_lines(desk, tool.id):
        query = {"study": line.study, "outcome": line.outcome, "instrument": tool.id}
        name = "assessment_compare" if line.stage != "open" and agrees else "assessment_sheet"
        lines.append({
            "study": line.study, "outcome": _outcome(desk, line.outcome),
            "state": line.stage, "stage": stages[line.stage], "own": own[line.own],
            "answered": line.answered, "overall": words.get(line.overall, ""),
            "key": _key(line.overall), "to_do": line.to_do,
            "url": address(desk, name, **query)
            if agrees or may(desk.person, "assess") else "",
        })  # fmt: skip
    values = {
        "tool": tool, "lines": lines, "people": team.assessors_needed(desk.board),
        "sets": may(desk.person, "plan change"), "request_id": secrets.token_hex(16),
        "tools": [(each, INSTRUMENTS[each].title, address(desk, "assessment", instrument=each))
                  for each in INSTRUMENTS],
        "agreed": sum(line["state"] == "agreed" for line in lines),
    }  # fmt: skip
    return show(request, "evisynth/assessment.html", values)


def _data(desk: Desk, tool: Instrument, study: str, outcome: str, **more: object) -> object:
    return {
        "api": f"/api/v1/reviews/{desk.store.name}/assessment",
        "review": desk.store.name, "person": desk.person.id, "study": study, "outcome": outcome,
        "instrument": tool.id, "words": judgement_words(), **more,
    }  # fmt: skip


@page
def sheet(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the signalling questions of a result; finish, or go on with it."""
    query = request.POST if request.method == "POST" else request.GET
    study, outcome, name = (query.get(part, "") for part in ("study", "outcome", "instrument"))
    if request.method == "POST":
        number = query.get("request_id", "")[:100]
        if query.get("act") == "reopen":
            team.reopen_assessment(desk, study, outcome, name, request_id=number)
            return redirect(
                address(desk, "assessment_sheet", study=study, outcome=outcome, instrument=name)
            )
        team.finish_assessment(desk, study, outcome, name, request_id=number)
        messages.success(request, _("%(study)s is finished.") % {"study": study})
        return redirect(address(desk, "assessment", instrument=name))
    found = team.assessment_sheet(desk, study, outcome, name)
    tool, words, answers = found.instrument, judgement_words(), answer_words()
    judged = {each.domain: each for each in (*found.made.domains, found.made.overall)}
    domains = []
    for domain in tool.domains:
        questions = [
            {
                "question": each, "given": found.answers.get(each.id, {}),
                "asked": found.asked[each.id],
                "answers": [(made, answers[made]) for made in each.answers],
            }
            for each in domain.questions
        ]  # fmt: skip
        domains.append(_domain(domain.id, domain.title, questions, judged[domain.id].proposed,
                               judged[domain.id].final,
                               found.judgements.get(domain.id, {})))  # fmt: skip
    overall = judged["overall"]
    domains.append(_domain("overall", _("Overall"), [], overall.proposed, overall.final,
                           found.judgements.get("overall", {})))  # fmt: skip
    values = {
        "found": found, "tool": tool, "study": study, "outcome": outcome,
        "outcome_words": _outcome(desk, outcome), "domains": domains,
        "judged": [(each, words[each]) for each in JUDGED],
        "readers": readers_of(desk, found.reports), "request_id": secrets.token_hex(16),
        "sheet": _data(desk, tool, study, outcome, versions=found.versions, saves=found.may_edit),
        "back": address(desk, "assessment", instrument=tool.id),
        "compare": address(desk, "assessment_compare", study=study, outcome=outcome,
                           instrument=tool.id) if found.may_compare else "",
    }  # fmt: skip
    return show(request, "evisynth/assessment_sheet.html", values)


def _domain(
    name: str, title: str, questions: list[dict[str, object]], proposed: str, final: str,
    own: object,
) -> dict[str, object]:  # fmt: skip
    words = judgement_words()
    return {
        "id": name, "title": title, "questions": questions, "own": own,
        "proposed": words[proposed], "proposed_key": _key(proposed),
        "final": words[final], "final_key": _key(final),
    }  # fmt: skip


def _given(given: QueryDict, tool: Instrument) -> tuple[dict[str, str], ...]:
    """Return answers, judgements and reasons of a posted form."""
    places = [*(each.id for each in tool.domains), "overall"]
    return (
        {each.id: given.get(f"q:{each.id}", "") for each in tool.questions},
        {place: given.get(f"j:{place}", "") for place in places},
        {place: given.get(f"r:{place}", "")[:20_000] for place in places},
    )


@page
def compare(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show assessments of a result side by side, and agree on one."""
    query = request.POST if request.method == "POST" else request.GET
    study, outcome, name = (query.get(part, "") for part in ("study", "outcome", "instrument"))
    tool = team.instrument_of(desk, name)
    mine: tuple[dict[str, str], ...] | None = None
    if request.method == "POST":
        mine = _given(query, tool)
        version = int(query["version"]) if query.get("version", "").isdigit() else 0
        try:
            team.agree_on_assessment(
                desk, study, outcome, *mine, instrument=tool.id, version=version,
                request_id=query.get("request_id", "")[:100],
            )  # fmt: skip
        except VersionConflict:
            pass
        else:
            messages.success(request, _("The assessment of %(study)s is agreed on.")
                             % {"study": study})  # fmt: skip
            return redirect(address(desk, "assessment", instrument=tool.id))
    found = team.assessment_comparison(desk, study, outcome, tool.id)
    words, answers = judgement_words(), answer_words()
    by_question = {made.question: made for made in found.answers}
    agreed = found.agreed
    domains = []
    for domain in tool.domains:
        questions = []
        for each in domain.questions:
            made = by_question[each.id]
            value = mine[0][each.id] if mine else made.proposal
            questions.append({
                "question": each, "same": made.same, "value": value,
                "answers": [(one, answers[one]) for one in each.answers],
                "given": [(found.people[who], answers.get(str(item.get("answer", "")), "–"), item)
                          for who, item in made.answers],
                "theirs": answers.get(made.agreed, "") if mine else "",
            })  # fmt: skip
        domains.append({**_comparing(found, domain.id, mine), "title": domain.title,
                        "questions": questions})  # fmt: skip
    domains.append({**_comparing(found, "overall", mine), "title": _("Overall"), "questions": []})
    values = {
        "found": found, "tool": tool, "study": study, "outcome": outcome, "domains": domains,
        "outcome_words": _outcome(desk, outcome), "agreed": agreed, "conflict": mine is not None,
        "judged": [(each, words[each]) for each in JUDGED],
        "differ": sum(not made.same for made in found.answers),
        "request_id": secrets.token_hex(16), "readers": readers_of(desk, found.reports),
        "sheet": _data(desk, tool, study, outcome, versions={}, saves=False),
        "back": address(desk, "assessment", instrument=tool.id),
    }  # fmt: skip
    return show(request, "evisynth/assessment_compare.html", values, 409 if mine else 200)


def _comparing(
    found: team.AssessmentComparison, domain: str, mine: tuple[dict[str, str], ...] | None
) -> dict[str, object]:
    words = judgement_words()
    finals = {who: made.judgement(domain) for who, made in found.each.items()}
    reasons = {who: str(made.get(domain, {}).get("reason", ""))
               for who, made in found.judgements.items()}  # fmt: skip
    judgement = reason = ""
    if found.agreed is not None:
        each = next(made for made in (*found.agreed.domains, found.agreed.overall)
                    if made.domain == domain)  # fmt: skip
        judgement, reason = (each.final, each.reason) if each.overridden else ("", "")
    if mine:
        judgement, reason = mine[1][domain], mine[2][domain]
    return {
        "id": domain, "judgement": judgement, "reason": reason,
        "people": [(found.people[who], words[final], _key(final), reasons[who])
                   for who, final in finals.items()],
        "differ": len(set(finals.values())) > 1,
    }  # fmt: skip


urlpatterns = [
    path("assessment/", assessment, name="assessment"),
    path("assessment/sheet/", sheet, name="assessment_sheet"),
    path("assessment/compare/", compare, name="assessment_compare"),
]
