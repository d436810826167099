"""What forms of the plan share: the merge view, and saying what follows before it is saved."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from django.http import HttpRequest, HttpResponse, QueryDict

from evisynth.storage import VersionConflict
from evisynth.web.visit import show

__all__ = ["ask_first", "chosen_fields", "merge_view", "new_request", "request_of", "version_of"]

OWN = ("csrfmiddlewaretoken", "version", "confirmed", "request_id")
KEEP = "keep:"


def version_of(given: QueryDict) -> int:
    """Return the version of the plan that a form was made from; 0 for nonsense."""
    text = given.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 9 else 0


def request_of(given: QueryDict) -> str:
    """Return the id of a form's request."""
    return given.get("request_id", "")[:100]


def new_request() -> str:
    """Return an id for the request that a form will make."""
    return secrets.token_hex(16)


def chosen_fields(given: QueryDict, values: Mapping[str, object]) -> dict[str, object]:
    """Leave out the fields of which a merge view took what stands there."""
    return {name: value for name, value in values.items()
            if given.get(f"{KEEP}{name}") != "theirs"}  # fmt: skip


def _hidden(given: QueryDict) -> list[tuple[str, str]]:
    """Return what a form sent, to be sent again."""
    return [
        (name, value)
        for name, values in given.lists()
        if name not in OWN and not name.startswith(KEEP)
        for value in values
    ]


def merge_view(
    request: HttpRequest, error: VersionConflict, words: Mapping[str, str], title: str, back: str
) -> HttpResponse:
    """Show the fields that two people changed, each with both values, to decide."""
    found = error.conflicts[0]
    base, mine, theirs = found.base or {}, found.mine or {}, found.theirs or {}
    people = request.desk.board.plan.people  # type: ignore[attr-defined]
    values = {
        "title": title,
        "back": back,
        "by": next((made.name for made in people if made.id == found.by), found.by),
        "at": found.at[:16].replace("T", " "),
        "version": found.version,
        "hidden": _hidden(request.POST),
        "request_id": new_request(),
        "lines": [
            {
                "name": name, "words": words.get(name, name), "base": base.get(name, ""),
                "mine": mine.get(name, ""), "theirs": theirs.get(name, ""),
            }
            for name in theirs
        ],
    }  # fmt: skip
    return show(request, "evisynth/plan_merge.html", values, 409)


def ask_first(
    request: HttpRequest, title: str, lines: Sequence[str], back: str, *, asks: str = ""
) -> HttpResponse:
    """Show what follows from a form, to be confirmed."""
    values = {
        "title": title, "lines": lines, "back": back, "asks": asks,
        "hidden": _hidden(request.POST), "version": request.POST.get("version", ""),
        "request_id": request_of(request.POST) or new_request(),
        "keeps": [(name, value) for name, value in request.POST.items() if name.startswith(KEEP)],
    }  # fmt: skip
    return show(request, "evisynth/plan_confirm.html", values)
