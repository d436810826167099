"""The overview of a review: what is mine to do, how far everybody is, the flow diagram."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, path, reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from evisynth.actions import team
from evisynth.actions.team import Desk
from evisynth.review import Entry, FlowBox
from evisynth.web.pages.checking import check_values
from evisynth.web.pages.screening import stage_values
from evisynth.web.reviews import STAGE_TITLES
from evisynth.web.visit import page, show

__all__ = ["urlpatterns"]

PLACES = {"extract": ("extraction", "extract"), "assess": ("assessment", "risk_of_bias")}
"""Names that the pages of some work go by."""

BESIDE = {
    "records_identified": ("duplicates_removed", "removed_by_automation", "removed_other"),
    "records_screened": ("records_excluded",),
    "reports_sought": ("reports_not_retrieved",),
    "reports_assessed": ("reports_excluded",),
    "reports_included": (),
}
"""Boxes of the diagram from above to below, each with those beside it."""


def _place(desk: Desk, work: str) -> str:
    for name in PLACES[work]:
        try:
            return reverse(name, args=[desk.store.name])
        except NoReverseMatch:
            continue
    return ""


def _to_do(desk: Desk, line: team.ToDo) -> dict[str, object]:
    title = _(STAGE_TITLES[line.stage]) if line.stage else ""
    review = desk.store.name
    if line.work == "screen":
        words = ngettext("record waits for you", "records wait for you", line.left)
        url = reverse("screening", args=[review, line.stage])
    elif line.work == "settle":
        title = _("Conflicts: %(stage)s") % {"stage": title}
        words = ngettext("conflict to settle", "conflicts to settle", line.left)
        url = f"{reverse('conflicts', args=[review])}?stage={line.stage}"
    elif line.work == "extract":
        title, url = _("Extraction"), _place(desk, "extract")
        words = ngettext("study to extract", "studies to extract", line.left)
    else:
        title, url = _("Risk of bias"), _place(desk, "assess")
        words = ngettext("result to assess", "results to assess", line.left)
    every = line.left + (line.done or 0)
    return {
        "title": title, "left": line.left, "words": words, "url": url, "note": line.note,
        "done": line.done, "all": every,
    }  # fmt: skip


def _stage(line: team.StageLine) -> dict[str, object]:
    """Return a stage with the bar of its records, in hundredths."""
    parts, start = [], 0.0
    words = {
        "included": _("Included"), "excluded": _("Excluded"), "conflict": _("Conflict"),
        "open": _("Open"),
    }  # fmt: skip
    for name, title in words.items():
        number = getattr(line, name)
        width = 100 * number / line.all if line.all else 0.0
        parts.append(
            {
                "name": name, "title": title, "count": number,
                "start": f"{start:.3f}", "width": f"{width:.3f}",
                "query": urlencode({"stage": line.stage.name, "status": name}),
            }
        )  # fmt: skip
        start += width
    return {**stage_values(line.stage), "parts": parts, "all": line.all}


def _box(box: FlowBox) -> dict[str, object]:
    def query(detail: str = "") -> str:
        known = box.column in ("databases", "other") or box.name == "reports_included"
        return urlencode({"box": box.name, "detail": detail}) if known else ""

    return {
        "label": _(box.label),
        "count": box.count,
        "query": query() if box.records else "",
        "details": [
            {"label": line.label, "count": line.count, "query": query(line.label)}
            if line.records
            else {"label": line.label, "count": line.count, "query": ""}
            for line in box.details
        ],
    }


def _flow(desk: Desk) -> dict[str, object]:
    live = team.live_flow(desk)
    columns = []
    for column in live.diagram.columns:
        boxes = {box.name: box for box in column.boxes}
        identified = boxes["records_identified"]
        if len(live.diagram.columns) > 1 and not (identified.count or identified.details):
            continue
        steps = [
            {
                "main": _box(boxes[name]),
                "beside": [
                    _box(boxes[other])
                    for other in beside
                    if boxes[other].count or not other.startswith("removed_")
                ],
            }
            for name, beside in BESIDE.items()
        ]  # fmt: skip
        columns.append({"heading": _(column.heading), "steps": steps})
    waiting = [
        {"title": _(STAGE_TITLES[name]), "count": number}
        for name, number in live.waiting.items()
        if number
    ]
    return {
        "previous": [_box(box) for box in live.diagram.previous],
        "columns": columns,
        "included": [_box(box) for box in live.diagram.included],
        "waiting": waiting,
    }


DRAWN = (
    "records_identified", "duplicates_removed", "records_screened", "records_excluded",
    "reports_sought", "reports_not_retrieved", "reports_assessed", "reports_excluded",
    "reports_included",
)  # fmt: skip
"""Boxes of the drawn diagram in their order."""

_figures: dict[tuple[str, int, str], tuple[object, str]] = {}
"""The diagram drawn last, by review and language."""


def flow_svg(desk: Desk) -> str:
    """Draw the flow diagram as the document has it, each box with a link to its records."""
    from evisynth.figures import FigureLink, flow_diagram, inline_svg

    live = team.live_flow(desk)
    place = (desk.store.alias, desk.store.review, get_language() or "")
    there = _figures.get(place)
    if there is not None and there[0] is live:
        return there[1]
    records = reverse("records", args=[desk.store.name])
    links = []
    for name in DRAWN:
        boxes = live.box(name)
        number = sum(box.count for box in boxes)
        listed = any(box.records for box in boxes)
        label = _(boxes[0].label) if boxes else name
        links.append(
            FigureLink(
                f"{records}?{urlencode({'box': name})}" if listed else "", f"{label}: {number}"
            )
        )
    made = inline_svg(flow_diagram(live.numbers), ident="flow-figure", links=links)
    _figures[place] = (live, made)
    return made


def act_words(entry: Entry, desk: Desk) -> str:
    """Say in words what an entry of the history did."""
    kind = {
        "vote": _("Decision"), "tag": _("Tag"), "note": _("Note"), "plan": _("Plan"),
        "setting": _("Setting"), "abstract": _("Abstract filled in"), "study": _("Study"),
        "retrieval": _("Retrieval"), "attachment": _("File"), "duplicate": _("Duplicate"),
        "removal": _("Removal"), "duplicate_decision": _("Duplicate decided"),
        "extraction_value": _("Extracted value"), "extraction_consensus": _("Agreed value"),
        "assessment_answer": _("Answer"), "assessment_judgement": _("Judgement"),
    }.get(entry.kind, entry.act)  # fmt: skip
    value = entry.after or {}
    if entry.after is None:
        kind = _("%(what)s taken back") % {"what": kind}
    said = str(value.get("verdict", "") or value.get("status", ""))
    if entry.kind == "tag":
        said = entry.key[2]
    elif entry.kind == "vote" and said:
        rules = desk.board.stage(entry.key[0])
        words = {"include": _("Include"), "exclude": _("Exclude"), "maybe": _("Maybe")}
        reason = str(value.get("reason", ""))
        said = words.get(said, said)
        if reason:
            said += f" ({rules.reasons.get(reason, reason) if rules else reason})"
    return f"{kind}: {said}" if said else kind


def _act(entry: Entry, desk: Desk) -> dict[str, str]:
    record = {"vote": 1, "tag": 0, "abstract": 0, "retrieval": 0}.get(entry.kind)
    ident = entry.key[record] if record is not None else ""
    return {
        "words": act_words(entry, desk),
        "record": ident,
        "at": entry.at[:16].replace("T", " "),
    }


@page
def dashboard(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the overview."""
    found = team.overview_of(desk)
    values = {
        "to_do": [_to_do(desk, line) for line in found.to_do if line.left or line.done is not None],
        "stages": [_stage(line) for line in found.stages],
        "people": found.people,
        "titles": [_(STAGE_TITLES[line.stage.name]) for line in found.stages],
        "flow": _flow(desk),
        "acts": [_act(entry, desk) for entry in found.acts],
        "warnings": found.warnings,
        "figure": flow_svg(desk),
        "check": check_values(desk),
    }
    return show(request, "evisynth/dashboard.html", values)


urlpatterns = [path("", dashboard, name="dashboard")]
