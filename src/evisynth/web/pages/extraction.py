"""Extraction: what is to be done, the form beside the report, values side by side."""

from __future__ import annotations

import secrets
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, path, reverse
from django.utils.translation import gettext as _

from evisynth.actions import team
from evisynth.actions.team import Desk
from evisynth.extraction import Cell, Form, ValueEntry, row_key, split_row
from evisynth.review import may
from evisynth.storage import VersionConflict
from evisynth.web.visit import page, show

__all__ = ["address", "readers_of", "urlpatterns"]


def address(desk: Desk, name: str, **query: str) -> str:
    """Return the address of a page of this review with what it is about."""
    given = {key: text for key, text in query.items() if text}
    return f"{reverse(name, args=[desk.store.name])}{'?' + urlencode(given) if given else ''}"


def readers_of(desk: Desk, reports: tuple[team.StudyReport, ...]) -> list[dict[str, str]]:
    """Return the reports whose file can be read beside a form, with the viewer's address."""
    found = []
    for report in reports:
        try:
            url = reverse("report_pdf", args=[desk.store.name, report.record])
        except NoReverseMatch:
            return []
        if report.has_file:
            found.append({"record": report.record, "title": report.title, "url": url})
    return found


def stage_words() -> dict[str, str]:
    """Return where a study stands, in words."""
    return {"open": _("Open"), "compare": _("To agree on"), "agreed": _("Agreed")}


def own_words() -> dict[str, str]:
    """Return what this person did with a study, in words."""
    return {"": _("Not begun"), "begun": _("Begun"), "finished": _("Finished")}


@page
def extraction(request: HttpRequest, desk: Desk) -> HttpResponse:
    """List the studies of a form."""
    desk.permit("read")
    forms = team.forms_of(desk.board)
    wanted = request.GET.get("form", "")
    form = team.form_at(desk, wanted) if wanted else next(iter(forms), None)
    lines = []
    stages, own = stage_words(), own_words()
    agrees = may(desk.person, "agree on extraction")
    opens = agrees or may(desk.person, "extract")
    for line in team.study_lines(desk, form) if form else ():
        query = {"form": form.id if form else "", "study": line.study}
        name = "extraction_compare" if line.stage != "open" and agrees else "extraction_sheet"
        lines.append({
            "study": line.study, "stage": stages[line.stage], "own": own[line.own],
            "state": line.stage, "values": line.values, "to_do": line.to_do,
            "url": address(desk, name, **query) if opens else "",
        })  # fmt: skip
    tabs = [
        {"form": each, "url": address(desk, "extraction", form=each.id),
         "count": sum(line.to_do for line in team.study_lines(desk, each))}
        for each in forms
    ]  # fmt: skip
    values = {
        "form": form, "tabs": tabs, "lines": lines, "designs": may(desk.person, "design forms"),
        "extracts": may(desk.person, "extract"),
        "agreed": sum(line["state"] == "agreed" for line in lines),
    }  # fmt: skip
    return show(request, "evisynth/extraction.html", values)


def cell_values(cell: Cell, entry: ValueEntry) -> dict[str, object]:
    """Return a field as the template shows it."""
    field = cell.field
    kinds = {"whole number": "number", "number": "number", "yes/no": "choice", "choice": "choice",
             "several choices": "several", "long text": "long", "date": "date"}  # fmt: skip
    choices = field.choices or (("yes", "no") if field.type == "yes/no" else ())
    words = {"yes": _("yes"), "no": _("no")} if field.type == "yes/no" else {}
    chosen = entry.value.split(";")
    return {
        "name": cell.name, "label": field.label, "kind": kinds.get(field.type, "text"),
        "whole": field.type == "whole number", "entry": entry, "field": field,
        "choices": [(each, words.get(each, each), each in chosen) for each in choices],
        "units": [each for each in (field.unit, *field.units) if each],
    }  # fmt: skip


def _groups(
    form: Form, values: dict[tuple[str, str], ValueEntry], row: str
) -> list[dict[str, object]]:
    found = []
    cells = form.cells
    for group in form.groups:
        mine = [cell for cell in cells if cell.group == group.id]
        made = [cell_values(cell, values.get((row, cell.name), ValueEntry())) for cell in mine]
        lines = []
        size = len(group.fields)
        if group.by_arm:
            for place, field in enumerate(group.fields):
                lines.append((field, [made[place + arm * size] for arm in range(len(form.arms))]))
        found.append({"group": group, "cells": made, "lines": lines})
    return found


@page
def sheet(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show a form of a study to be filled in; finish it, or go on with it."""
    query = request.POST if request.method == "POST" else request.GET
    name, study = query.get("form", ""), query.get("study", "")
    if request.method == "POST":
        number = query.get("request_id", "")[:100]
        if query.get("act") == "reopen":
            team.reopen_extraction(desk, name, study, request_id=number)
            return redirect(address(desk, "extraction_sheet", form=name, study=study))
        team.finish_extraction(desk, name, study, request_id=number)
        messages.success(request, _("%(study)s is finished.") % {"study": study})
        return redirect(address(desk, "extraction", form=name))
    found = team.extraction_sheet(desk, name, study)
    form = found.form
    outcomes = desk.board.plan.outcomes
    row, rows = _rows(desk, found, query.get("row", ""))
    if query.get("outcome"):
        row = row_key(query["outcome"], " ".join(query.get("timepoint", "").split())[:200])
        return redirect(address(desk, "extraction_sheet", form=name, study=study, row=row))
    readers = readers_of(desk, found.reports)
    data = {
        "api": f"/api/v1/reviews/{desk.store.name}/extraction/{form.id}",
        "review": desk.store.name, "person": desk.person.id, "study": study, "row": row,
        "report": found.reports[0].record if found.reports else "",
        "may_edit": found.may_edit,
        "entries": {cell: entry.kept() for (at, cell), entry in found.values.items() if at == row},
        "versions": {cell: number for (at, cell), number in found.versions.items() if at == row},
    }  # fmt: skip
    values = {
        "found": found, "form": form, "study": study, "row": row, "rows": rows,
        "groups": _groups(form, found.values, row) if row or "outcome" not in form.repeats else [],
        "outcomes": outcomes if "outcome" in form.repeats else (),
        "timepoints": "timepoint" in form.repeats, "readers": readers, "sheet": data,
        "request_id": secrets.token_hex(16),
        "back": address(desk, "extraction", form=form.id),
        "compare": address(desk, "extraction_compare", form=form.id, study=study)
        if found.may_compare else "",
    }  # fmt: skip
    return show(request, "evisynth/extraction_sheet.html", values)


def row_words(desk: Desk, row: str) -> str:
    """Return outcome and time point of a row in the words of the plan."""
    outcome, timepoint = split_row(row)
    labels = {made.id: made.label for made in desk.board.plan.outcomes}
    return ", ".join(part for part in (labels.get(outcome, outcome), timepoint) if part)


def _rows(
    desk: Desk, found: team.ExtractionSheet, wanted: str
) -> tuple[str, list[dict[str, object]]]:
    """Return the row that is shown, and all rows as tabs; outcomes without values come too."""
    if "outcome" not in found.form.repeats:
        return "", []
    rows = list(found.rows)
    have = {split_row(row)[0] for row in rows}
    if "timepoint" not in found.form.repeats:
        rows += [made.id for made in desk.board.plan.outcomes if made.id not in have]
    if wanted and wanted not in rows:
        rows.append(wanted)
    row = wanted or (rows[0] if rows else "")
    tabs: list[dict[str, object]] = [
        {
            "row": each, "words": row_words(desk, each), "current": each == row,
            "url": address(desk, "extraction_sheet", form=found.form.id, study=found.study,
                           row=each),
        }
        for each in rows
    ]  # fmt: skip
    return row, tabs


@page
def compare(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show what several people extracted side by side, and agree on it cell by cell."""
    query = request.POST if request.method == "POST" else request.GET
    name, study = query.get("form", ""), query.get("study", "")
    merge = None
    if request.method == "POST":
        try:
            return _agree(request, desk, name, study)
        except VersionConflict as error:
            merge = _merge(desk, error)
    found = team.comparison_of(desk, name, study)
    people = list(found.people.items())
    lines, next_given = [], False
    for made in found.cells:
        entries = dict(made.entries)
        is_open = made.agreed is None
        shown = made.proposal
        given = [(str(number), entries.get(who, ValueEntry()))
                  for number, (who, _name) in enumerate(people, 1)]  # fmt: skip
        lines.append({
            "made": made, "row": row_words(desk, made.row), "cell": cell_values(
                made.cell, shown or ValueEntry()),
            "arm": found.form.arms[made.cell.arm - 1] if made.cell.arm else "",
            "values": given, "version": found.versions[made.row, made.cell.name],
            "open": is_open, "differ": not made.same, "next": is_open and not next_given,
            "agreed": made.agreed,
        })  # fmt: skip
        next_given = next_given or is_open
    values = {
        "found": found, "form": found.form, "study": study, "people": people, "lines": lines,
        "equal": found.left - found.differ, "merge": merge,
        "readers": readers_of(desk, found.reports), "request_id": secrets.token_hex(16),
        "back": address(desk, "extraction", form=found.form.id),
        "left_out": [row_words(desk, row) for row in found.left_out],
    }  # fmt: skip
    return show(request, "evisynth/extraction_compare.html", values, 409 if merge else 200)


def _merge(desk: Desk, error: VersionConflict) -> dict[str, object]:
    """Return the values of a merge view: mine, theirs, and what was there before."""
    each = next(
        (made for made in error.conflicts if made.kind == "extraction_consensus"),
        error.conflicts[0],
    )
    parts = {"mine": each.mine, "theirs": each.theirs, "base": each.base}
    texts = {name: str((value or {}).get("value", "")) for name, value in parts.items()}
    return {**texts, "row": each.key[2] if len(each.key) > 2 else "", "cell": each.key[-1],
            "version": each.version}  # fmt: skip


def _agree(request: HttpRequest, desk: Desk, name: str, study: str) -> HttpResponse:
    given = request.POST
    number = given.get("request_id", "")[:100]
    back = address(desk, "extraction_compare", form=name, study=study)
    if given.get("act") == "equal":
        made = team.agree_on_equal(desk, name, study, request_id=number)
        messages.success(request, _("%(number)s equal values are agreed on.") % {"number": made})
        return redirect(back)
    row, cell, take = given.get("row", ""), given.get("cell", ""), given.get("take", "")
    version = int(given["version"]) if given.get("version", "").isdigit() else 0
    entry = ValueEntry(
        ";".join(given.getlist("value")), unit=given.get("unit", ""), note=given.get("note", "")
    )
    if take:
        found = team.comparison_of(desk, name, study)
        line = next(
            (each for each in found.cells if (each.row, each.cell.name) == (row, cell)), None
        )
        place = int(take) - 1 if take.isdigit() else -1
        if line is None or not 0 <= place < len(line.entries):
            raise team.NotThereError(_("There is no such value."))
        entry = line.entries[place][1]
    else:
        found = team.comparison_of(desk, name, study)
        line = next(
            (each for each in found.cells if (each.row, each.cell.name) == (row, cell)), None
        )
        if line and line.proposal and line.proposal.value == entry.value.strip():
            entry = line.proposal
    team.agree_on_value(desk, name, study, row, cell, entry, version=version, request_id=number)
    return redirect(back)


urlpatterns = [
    path("extraction/", extraction, name="extraction"),
    path("extraction/sheet/", sheet, name="extraction_sheet"),
    path("extraction/compare/", compare, name="extraction_compare"),
]
