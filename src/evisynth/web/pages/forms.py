"""Forms for extraction: the list, the designer, tables that came with the folder."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext as _

from evisynth.actions import team
from evisynth.actions.team import Desk
from evisynth.errors import EvisynthError, InputError
from evisynth.extraction import FIELD_TYPES, KINDS, TEMPLATES
from evisynth.review import may
from evisynth.storage import VersionConflict
from evisynth.web.pages.extraction import address
from evisynth.web.visit import page, show

__all__ = ["urlpatterns"]

ROLES = tuple(dict.fromkeys(
    ("n", "mean", "sd", "se", "ci_lower", "ci_upper", "median", "q1", "q3", "minimum", "maximum",
     "events", "nonevents", "percent", "total", "t_value", "p_value", "instrument", "source",
     "note", *(name for rules in KINDS.values() for name in rules.numbers))
))  # fmt: skip


def type_words() -> dict[str, str]:
    """Return the types of fields in words."""
    words = {
        "text": _("Text"), "long text": _("Long text"), "whole number": _("Whole number"),
        "number": _("Number"), "yes/no": _("Yes or no"), "choice": _("One of a list"),
        "several choices": _("Several of a list"), "date": _("Date"),
    }  # fmt: skip
    return {name: words[name] for name in FIELD_TYPES}


@page
def forms(request: HttpRequest, desk: Desk) -> HttpResponse:
    """List the forms; make one of a template; take in a table of the folder."""
    if request.method == "POST":
        given = request.POST
        number = given.get("request_id", "")[:100]
        if given.get("act") == "adopt":
            form = team.adopt_table(desk, given.get("file", ""), request_id=number)
            messages.success(request, _("%(title)s is taken in; its values are agreed on.")
                             % {"title": form.title})  # fmt: skip
            return redirect(address(desk, "extraction", form=form.id))
        title = given.get("title", "").strip()[:200]
        name = given.get("name", "").strip() or _name_of(title or given.get("template", ""))
        form = team.make_form(desk, given.get("template", ""), name, title, request_id=number)
        return redirect(_design(desk, form.id))
    desk.permit("read")
    values = {
        "forms": [(form, len(form.cells), _design(desk, form.id))
                  for form in team.forms_of(desk.board)],
        "templates": [(name, made.title) for name, made in TEMPLATES.items()],
        "designs": may(desk.person, "design forms"), "tables": team.tables_of_folder(desk),
        "request_id": secrets.token_hex(16),
    }  # fmt: skip
    return show(request, "evisynth/forms.html", values)


def _name_of(title: str) -> str:
    made = re.sub(r"[^a-z0-9]+", "_", title.casefold()).strip("_")[:50]
    return made if made[:1].isalpha() else f"form_{made}".strip("_")


def _design(desk: Desk, name: str) -> str:
    return address(desk, "forms") + f"{name}/"


def _posted(given: QueryDict, facts: dict[str, str]) -> str:
    """Return the definition that a posted designer holds; empty lines are left out."""
    groups = []
    for place in given.getlist("group"):
        start = f"g{place}-"
        fields = []
        for line in given.getlist(f"{start}field"):
            at = f"{start}f{line}-"
            label = given.get(f"{at}label", "").strip()
            if not label or given.get(f"{at}remove"):
                continue
            units = _words(given.get(f"{at}unit", ""))
            fields.append({
                "id": given.get(f"{at}id", "").strip() or _name_of(label), "label": label,
                "type": given.get(f"{at}type", "text"), "role": given.get(f"{at}role", ""),
                "unit": "".join(units[:1]), "units": units[1:],
                "minimum": given.get(f"{at}minimum", "").strip() or None,
                "maximum": given.get(f"{at}maximum", "").strip() or None,
                "choices": _words(given.get(f"{at}choices", "")),
                "required": bool(given.get(f"{at}required")),
                "help": given.get(f"{at}help", "").strip(),
            })  # fmt: skip
        title = given.get(f"{start}title", "").strip()
        if fields:
            groups.append({
                "id": given.get(f"{start}id", "") or _name_of(title or "group") + place,
                "title": title, "fields": fields, "by_arm": bool(given.get(f"{start}by_arm")),
                "sums_to": 100 if given.get(f"{start}sums") else None,
            })  # fmt: skip
    people = given.get("people", "2")
    return json.dumps({
        "title": given.get("title", "").strip(), "kind": given.get("kind", ""),
        "format": given.get("format", "").strip(), "repeats": given.getlist("repeats"),
        "arms": _words(given.get("arms", "")), "people": int(people) if people.isdigit() else 0,
        "facts": facts, "groups": groups,
    })  # fmt: skip


def _words(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


@page
def design(request: HttpRequest, desk: Desk, name: str) -> HttpResponse:
    """Show a form's fields; save them as a new version."""
    form = team.form_at(desk, name)
    version = team.form_version(desk, name)
    designs = may(desk.person, "design forms")
    problem, touch, status = "", None, 200
    data: dict[str, Any] = json.loads(form.definition())
    if request.method == "POST":
        desk.permit("design forms")
        given = request.POST
        seen = given.get("version", "")
        definition = _posted(given, dict(form.facts))
        data = json.loads(definition)  # what was typed stays, also where it cannot be saved
        try:
            new = team.read_form(name, {"definition": definition})
            touch = team.touched_by(desk, form, new)
            needs = bool(touch.change.removed or touch.change.changed)
            if not needs or given.get("confirmed"):
                saved = team.save_form(
                    desk, name, definition, version=int(seen) if seen.isdigit() else 0,
                    confirmed=bool(given.get("confirmed")),
                    request_id=given.get("request_id", "")[:100],
                )  # fmt: skip
                messages.success(
                    request, _("Saved as version %(number)s.") % {"number": saved.version}
                )
                return redirect(_design(desk, name))
            version = int(seen) if seen.isdigit() else 0
        except VersionConflict as error:
            problem, status = str(error), 409  # beside it: how theirs and this one differ
        except InputError as error:
            problem, status, touch = str(error), 422, None
        except EvisynthError as error:
            problem, status, touch = str(error), 409, None
    values = {
        "form": form, "version": version, "designs": designs, "problem": problem,
        "touch": touch, "types": list(type_words().items()),
        "roles": ROLES, "kinds": list(KINDS), "groups": _groups(data, designs),
        "data": data, "arms": "; ".join(data["arms"]), "request_id": secrets.token_hex(16),
    }  # fmt: skip
    return show(request, "evisynth/form_design.html", values, status)


def _figure(value: object) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else str(value or "")


def _groups(data: dict[str, Any], designs: bool) -> list[dict[str, object]]:
    """Return the groups with their fields, and empty lines to add more."""
    found: list[dict[str, object]] = []
    for place, group in enumerate(data["groups"]):
        lines: list[dict[str, object]] = [
            {
                "n": number, "field": field,
                "unit": "; ".join(filter(None, (field.get("unit"), *field.get("units", ())))),
                "choices": "; ".join(field.get("choices", ())),
                "minimum": _figure(field.get("minimum")), "maximum": _figure(field.get("maximum")),
            }
            for number, field in enumerate(group["fields"])
        ]  # fmt: skip
        if designs:
            lines.append({"n": len(lines), "field": None})
        found.append({"n": place, "group": group, "lines": lines})
    if designs:
        empty: list[dict[str, object]] = [{"n": number, "field": None} for number in range(3)]
        found.append({"n": len(found), "group": None, "lines": empty})
    return found


urlpatterns = [
    path("forms/", forms, name="forms"),
    path("forms/<slug:name>/", design, name="form_design"),
]
