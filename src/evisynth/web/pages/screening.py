"""The screening card, and the list of one's own decisions."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from evisynth.actions import team
from evisynth.actions.team import Desk
from evisynth.review import may
from evisynth.screening import Stage
from evisynth.web.reviews import STAGE_TITLES
from evisynth.web.visit import page, show

__all__ = ["number_of_page", "reasons_of", "stage_values", "urlpatterns", "verdict_words"]

SIZE = 50


def reasons_of(rules: Stage) -> list[dict[str, object]]:
    """Return the reasons of a stage, the first nine with the number of their key."""
    return [
        {"code": code, "words": words, "number": number if number < 10 else ""}
        for number, (code, words) in enumerate(rules.reasons.items(), 1)
    ]


def stage_values(rules: Stage) -> dict[str, str]:
    """Return name and title of a stage for a template."""
    return {"name": rules.name, "title": _(STAGE_TITLES[rules.name])}


def verdict_words() -> dict[str, str]:
    """Return how verdicts and states are shown."""
    return {
        "include": _("Include"), "exclude": _("Exclude"), "maybe": _("Maybe"),
        "open": _("Open"), "conflict": _("Conflict"),
        "included": _("Included"), "excluded": _("Excluded"),
    }  # fmt: skip


def number_of_page(request: HttpRequest) -> int:
    """Return the page asked for; the first where none, or nonsense, is given."""
    text = request.GET.get("page", "1")
    return int(text) if text.isdecimal() and len(text) < 7 else 1


@page
def screening(request: HttpRequest, desk: Desk, stage: str) -> HttpResponse:
    """Show the card; its script fetches the records."""
    rules = desk.stage(stage)
    desk.permit("decide", rules)
    board = desk.board
    plan = board.plan
    gate = team.pilot_gate(board, rules)
    values = {
        "stage": stage_values(rules),
        "api": f"{reverse('api:api-root')}reviews/{desk.store.name}/stages/{rules.name}",
        "reasons": reasons_of(rules),
        "reason_needed": rules.name == "full_text" and bool(rules.reasons),
        "criteria": {"include": plan.include, "exclude": plan.exclude},
        "gate": gate,
        "waits": gate.closed and not gate.records,
        "pilot": gate.closed,
        "may_draw": may(desk.person, "pilot"),
        "words": {
            "no_title": _("(no title)"),
            "counts": _("{decided} of {all} decided by you"),
            "waiting": _("{n} waiting to be sent"),
            "refused": _("The decision on {record} was not taken: {why}"),
            "give_reason": _("Choose a reason"),
            "saved": _("{verdict}. Next: {next}"),
            "did_include": _("Included"),
            "did_exclude": _("Excluded"),
            "did_maybe": _("Maybe"),
            "undone": _("Taken back: {title}"),
            "words_saved": _("Words are marked"),
        },
    }
    return show(request, "evisynth/screening.html", values)


@page
def mine(request: HttpRequest, desk: Desk, stage: str) -> HttpResponse:
    """List the person's own decisions."""
    rules = desk.stage(stage)
    verdict = request.GET.get("verdict", "")
    tag = request.GET.get("tag", "")
    found = team.own_decisions(
        desk, stage, verdict=verdict, tag=tag, page=number_of_page(request), size=SIZE
    )
    words = verdict_words()
    card = reverse("screening", args=[desk.store.name, rules.name])
    lines = [
        {
            "record": line.record,
            "verdict": line.own.verdict,
            "verdict_words": words[line.own.verdict],
            "reason": rules.reasons.get(line.own.reason, line.own.reason),
            "note": line.own.note,
            "day": line.own.date[:10],
            "state": words[line.state.status],
            "card": f"{card}?{urlencode({'record': line.record.id})}" if line.changeable else "",
        }
        for line in found.lines
    ]
    tags = sorted({key[2] for key in desk.board.values("tag") if key[1] == desk.person.id})
    values = {
        "stage": stage_values(rules),
        "lines": lines,
        "found": found,
        "last": max(1, -(-found.total // SIZE)),
        "verdict": verdict,
        "verdicts": [(name, words[name], number) for name, number in found.verdicts.items()],
        "tag": tag,
        "tags": tags,
    }
    return show(request, "evisynth/own_decisions.html", values)


urlpatterns = [
    path("screen/<slug:stage>/", screening, name="screening"),
    path("screen/<slug:stage>/mine/", mine, name="own_decisions"),
]
