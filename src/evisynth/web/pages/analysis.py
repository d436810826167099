"""Analyses: chosen, looked at as forest plot and numbers, saved into the plan."""

from __future__ import annotations

import math
import secrets
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _

from evisynth.actions import team
from evisynth.actions.team import Desk
from evisynth.analysis import AnalysisResult
from evisynth.display import (
    format_ci,
    format_estimate,
    format_number,
    format_p,
    format_percent,
    format_statistic,
)
from evisynth.review import may
from evisynth.storage import VersionConflict
from evisynth.synthesis import PooledFit
from evisynth.web.visit import page, show

__all__ = ["choice_of", "urlpatterns"]

TEXTS = ("title", "outcome", "measure", "model", "tau2", "ci", "prediction", "level",
         "without_outliers", "trim_and_fill", "sensitivity_of")  # fmt: skip
SEVERAL = ("formats", "subgroups", "timepoints")
TYPES = {"svg": "image/svg+xml", "pdf": "application/pdf", "png": "image/png"}


def choice_of(query: QueryDict) -> dict[str, object]:
    """Return what a form chooses; nothing where it was not sent."""
    if not query.get("chosen"):
        return {}
    made: dict[str, object] = {
        name: query.get(name, "").strip() for name in TEXTS if name in query
    }  # fmt: skip
    for name in SEVERAL:
        made[name] = tuple(query.getlist(name))
    made["meta_regression"] = tuple(
        part.strip() for part in query.get("meta_regression", "").split(";") if part.strip()
    )
    made["mixed_formats"] = bool(query.get("mixed_formats"))
    made["role"] = "sensitivity" if made.get("sensitivity_of") else "main"
    return made


def _words() -> dict[str, dict[str, str]]:
    """Return options in words where their names do not say enough."""
    return {
        "model": {"random": _("Random-effects"), "equal": _("Equal-effects (fixed-effect)")},
        "ci": {"HKSJ": _("Hartung-Knapp"), "t": _("t distribution"), "z": _("Normal (Wald)")},
        "without_outliers": {
            "rstudent": _("All with a deleted residual beyond ±1.96"),
            "lowest tau2": _("The one without which tau² is lowest"),
            "none": _("No study"),
        },
        "trim_and_fill": {"L0": "L0", "R0": "R0", "none": _("No trim and fill")},
        "prediction": {
            "t k-1": "t, k − 1", "t k-2": "t, k − 2", "normal": _("Normal"),
            "none": _("No interval"),
        },
    }  # fmt: skip


def _options(names: tuple[str, ...], words: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, words.get(name, name)) for name in names]


def _address(desk: Desk, name: str, query: str = "") -> str:
    return reverse(name, args=[desk.store.name]) + (f"?{query}" if query else "")


def _pooled(fit: PooledFit) -> str:
    shown = fit.effects.scale.shown
    return format_estimate(shown(fit.estimate), shown(fit.ci_lower), shown(fit.ci_upper))


def _facts(result: AnalysisResult) -> list[tuple[str, str]]:
    fit = result.fit
    shown, level = fit.effects.scale.shown, format_percent(100 * fit.options.level)
    facts = [
        (_("%(measure)s [%(level)s CI]") % {"measure": fit.effects.scale.short, "level": level},
         _pooled(fit)),
        (_("P value"), format_p(fit.p_value)),
        (_("Studies"), str(fit.k)),
        (_("tau²"), format_number(fit.tau2, 3)),
        (_("I²"), format_percent(fit.i2)),
        (_("Q"), f"{format_statistic(fit.q)}, df {fit.q_df}, {format_p(fit.q_p, symbol=True)}"),
    ]  # fmt: skip
    if math.isnan(fit.prediction_lower):
        if fit.prediction_reason:
            facts.append((_("Prediction interval"), fit.prediction_reason))
    else:
        limits = shown(fit.prediction_lower), shown(fit.prediction_upper)
        facts.append((_("Prediction interval"), format_ci(*limits)))
    return facts


def _subgroups(result: AnalysisResult) -> list[dict[str, object]]:
    labels = {made.by: made.label for made in result.plan.subgroups}
    return [
        {
            "label": labels.get(by) or by,
            "rows": [
                {
                    "level": group.level,
                    "k": group.fit.k,
                    "pooled": _pooled(group.fit),
                    "i2": format_percent(group.fit.i2),
                }
                for group in found.groups
            ],
            "p": format_p(found.test.p_value, symbol=True)
            if not math.isnan(found.test.p_value)
            else found.test.reason,
            "not_coded": found.not_coded,
        }
        for by, found in result.subgroups.items()
    ]


def _sensitivity(result: AnalysisResult) -> list[tuple[str, str]]:
    lines = []
    without, filled, deleted = result.without_outliers, result.trim_and_fill, result.leave_one_out
    if without is not None and without.fit is not None:
        lines.append(
            (_("Without %(studies)s") % {"studies": ", ".join(without.left_out)},
             _pooled(without.fit))
        )  # fmt: skip
    elif without is not None:
        lines.append((_("Outliers"), _("no study is one by the rule")))
    if deleted is not None:
        shown = result.fit.effects.scale.shown
        low, high = float(deleted.estimates.min()), float(deleted.estimates.max())
        lines.append(
            (_("Leaving out one study"),
             _("from %(low)s to %(high)s")
             % {"low": format_number(shown(low)), "high": format_number(shown(high))})
        )  # fmt: skip
    if filled is not None:
        lines.append(
            (_("Trim and fill (%(number)s added)") % {"number": filled.k0}, _pooled(filled.filled))
        )
    for name, test in result.asymmetry.items():
        said = test.reason if math.isnan(test.p_value) else format_p(test.p_value, symbol=True)
        lines.append((_("Asymmetry test (%(name)s)") % {"name": name.title()}, said))
    for formula, regression in result.meta_regressions.items():
        lines.append(
            (_("Meta-regression on %(formula)s") % {"formula": formula},
             _("share of tau² explained %(share)s") % {"share": format_percent(regression.r2)})
        )  # fmt: skip
    return lines


def _result(desk: Desk, preview: team.AnalysisPreview, query: str) -> dict[str, object]:
    result = preview.result
    if result is None:
        return {}
    drawn = []
    places = ("forest", "subgroups", "funnel")
    order = sorted(preview.figures, key=lambda made: places.index(made.section.partition("-")[0]))
    for made in order:
        for number, scene in enumerate(made.figure.pages):
            name = urlencode({"figure": made.id, "page": number})
            pdf = urlencode({"figure": made.id, "format": "pdf"})
            drawn.append(
                {
                    "title": made.title.rstrip("."),
                    "caption": made.caption if number == len(made.figure.pages) - 1 else "",
                    "alt": made.figure.alt_text,
                    "description": made.figure.description,
                    "url": _address(desk, "analysis_figure", f"{query}&{name}" if query else name),
                    "pdf": _address(desk, "analysis_figure", f"{query}&{pdf}" if query else pdf),
                    "width": round(scene.width),
                    "height": round(scene.height),
                }
            )
    fit = result.fit
    return {
        "result": result,
        "facts": _facts(result),
        "groups": _subgroups(result),
        "sensitivity": _sensitivity(result),
        "not_done": result.not_done.items(),
        "method": f"{fit.effects.scale.label}: {fit.effects.method}. {fit.method_sentence()}",
        "figures": drawn,
    }


@page
def analysis(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show what can be chosen, and what it comes to."""
    return _page(request, desk, request.GET)


def _page(
    request: HttpRequest,
    desk: Desk,
    query: QueryDict,
    *,
    merge: dict[str, object] | None = None,
    problems: tuple[str, ...] = (),
    status: int = 200,
) -> HttpResponse:
    planned = team.planned_analyses(desk)
    ident = query.get("id", "")[:200]
    choice = choice_of(query)
    new = bool(query.get("new")) or (not ident and bool(choice))
    if not ident and not new and planned:
        ident = planned[0].id
    options, words = team.analysis_options(desk), _words()
    asked = bool(ident or choice.get("outcome"))
    preview = team.preview_analysis(desk, choice, ident=ident) if asked else None
    address = query.urlencode() if choice else urlencode({"id": ident} if ident else {})
    data = preview.values if preview is not None else team.new_analysis_values(desk)
    values = {
        "planned": [(made.id, str(made.values["title"]), made.values["role"]) for made in planned],
        "ident": ident,
        "new": new or not ident,
        "values": data,
        "regression": "; ".join(str(each) for each in _listed(data["meta_regression"])),
        "outcomes": options.outcomes,
        "formats": [
            (name, numbers.get(str(data["outcome"]), 0)) for name, numbers in options.formats
        ],
        "measures": options.measures,
        "times": list(dict.fromkeys((*_listed(data["timepoints"]), *options.timepoints))),
        "models": _options(options.model, words["model"]),
        "estimators": options.tau2,
        "intervals": _options(options.ci, words["ci"]),
        "predictions": _options(options.prediction, words["prediction"]),
        "outliers": list(words["without_outliers"].items()),
        "trims": list(words["trim_and_fill"].items()),
        "by": options.subgroups,
        "moderators": ", ".join(name for name, _label in options.moderators),
        "mains": [(name, title) for name, title in options.mains if name != ident],
        "preview": preview,
        "problems": problems or (preview.problems if preview else ()),
        "changed": bool(choice),
        "query": address,
        "version": team.analysis_version(desk),
        "may_save": may(desk.person, "analysis change"),
        "merge": merge,
        "request_id": secrets.token_hex(16),
        **(_result(desk, preview, address) if preview is not None else {}),
    }
    if preview is not None and preview.problems:
        status = 422 if status == 200 and problems else status
    return show(request, "evisynth/analysis.html", values, status=status)


def _listed(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else ()


@page
def figure(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Draw a figure of what is chosen."""
    query = request.GET
    form, number = query.get("format", "svg"), query.get("page", "0")
    kind = form if form in TYPES else "svg"
    drawn = team.analysis_figure(
        desk, choice_of(query), ident=query.get("id", "")[:200],
        figure=query.get("figure", "")[:200],
        page=int(number) if number.isdecimal() and len(number) < 4 else 0,
        form="pdf" if kind == "pdf" else "png" if kind == "png" else "svg",
    )  # fmt: skip
    answer = HttpResponse(drawn, content_type=TYPES[kind])
    # as a picture it has styles of its own; nothing else may come with it
    answer["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    if kind != "svg":
        answer["Content-Disposition"] = f'attachment; filename="figure.{kind}"'
    return answer


@page
def save(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Write what is shown into the plan."""
    if request.method != "POST":
        return redirect(_address(desk, "analysis"))
    given = request.POST
    query = QueryDict(given.get("query", "")[:20_000])
    version = given.get("version", "")
    try:
        name = team.save_analysis(
            desk, choice_of(query), ident=query.get("id", "")[:200],
            version=int(version) if version.isdecimal() and len(version) < 9 else -1,
            reason=given.get("reason", "")[:5000], request_id=given.get("request_id", "")[:100],
        )  # fmt: skip
    except VersionConflict as error:
        made = error.conflicts[0]
        merge: dict[str, object] = {
            "who": next(
                (each.name for each in desk.board.plan.people if each.id == made.by), made.by
            ),
            "reason": given.get("reason", ""),
            "rows": [
                (key, (made.base or {}).get(key, ""), (made.theirs or {}).get(key, ""), mine)
                for key, mine in (made.mine or {}).items()
            ],
        }
        return _page(request, desk, query, merge=merge, status=409)
    messages.success(request, _("The plan has the analysis as it is shown."))
    return redirect(_address(desk, "analysis", urlencode({"id": name})))


@page
def remove(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Take an analysis out of the plan."""
    if request.method == "POST":
        given, version = request.POST, request.POST.get("version", "")
        team.remove_analysis(
            desk, given.get("id", "")[:200], reason=given.get("reason", "")[:5000],
            version=int(version) if version.isdecimal() and len(version) < 9 else -1,
            request_id=given.get("request_id", "")[:100],
        )  # fmt: skip
        messages.success(request, _("The analysis is no longer planned; the history keeps it."))
    return redirect(_address(desk, "analysis"))


urlpatterns = [
    path("analysis/", analysis, name="analysis"),
    path("analysis/figure/", figure, name="analysis_figure"),
    path("analysis/save/", save, name="analysis_save"),
    path("analysis/remove/", remove, name="analysis_remove"),
]
