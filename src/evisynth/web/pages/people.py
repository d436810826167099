"""The people of a review: who, in what role, what a role may do, and somebody leaving."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from evisynth.actions import team
from evisynth.actions.team import Desk
from evisynth.review import ACTS, PERMISSIONS, ROLES, may
from evisynth.storage import VersionConflict
from evisynth.web.pages.plan_forms import (
    ask_first,
    chosen_fields,
    merge_view,
    new_request,
    request_of,
    version_of,
)
from evisynth.web.pages.screening import stage_values
from evisynth.web.reviews import STAGE_TITLES
from evisynth.web.visit import page, show

__all__ = ["role_words", "urlpatterns"]

TEXTS = ("name", "affiliation", "orcid", "email", "pseudonym")


def role_words() -> dict[str, tuple[str, str]]:
    """Return each role in words, and what it is for."""
    return {
        "owner": (_("Owner"), _("Looks after the review as a whole: people, settings, deletion.")),
        "lead": (_("Lead"), _("Protocol, plan and team; settles conflicts where nobody else is"
                              " named.")),
        "reviewer": (_("Reviewer"), _("Decides on records and reports.")),
        "adjudicator": (_("Adjudicator"), _("Settles conflicts.")),
        "extractor": (_("Extractor"), _("Extracts data from reports.")),
        "assessor": (_("Assessor"), _("Assesses the risk of bias.")),
        "statistician": (_("Statistician"), _("Plans and runs analyses; does not vote.")),
        "librarian": (_("Librarian"), _("Searches, imports, removes duplicates, gets reports.")),
        "observer": (_("Observer"), _("Reads what is settled.")),
        "auditor": (_("Auditor"), _("Reads the history.")),
    }  # fmt: skip


def act_words() -> dict[str, str]:
    """Return each act of the permission table in words."""
    return {
        "read": _("read the review"), "import": _("import searches"),
        "deduplicate": _("join duplicates"), "remove records": _("remove records before screening"),
        "decide": _("decide on records"), "undo own decision": _("take an own decision back"),
        "adjudicate": _("settle conflicts as a third person"),
        "discuss": _("talk conflicts over"), "see conflicts": _("see conflicts"),
        "see agreement": _("see how far people agree"), "note": _("write notes"),
        "tag": _("give tags"), "pilot": _("draw and close pilot rounds"),
        "assign": _("give records to people"), "stop screening": _("state when to stop"),
        "retrieve": _("note which reports were retrieved"), "attach": _("add files of reports"),
        "join reports": _("join reports into studies"),
        "design forms": _("design extraction forms"), "extract": _("extract data"),
        "agree on extraction": _("agree on extracted values"),
        "assess": _("assess the risk of bias"),
        "agree on assessment": _("agree on the risk of bias"),
        "plan change": _("change criteria and the rules of stages"),
        "analysis change": _("change analyses"),
        "run analysis": _("run analyses and build the document"),
        "people": _("look after the people"), "unblind": _("open decisions before all are made"),
        "export": _("export the review"), "history": _("read the history"),
        "settings": _("change the settings of the review"), "delete": _("delete the review"),
    }  # fmt: skip


def _labels() -> dict[str, str]:
    return {
        "name": _("Name"), "roles": _("Roles"), "affiliation": _("Affiliation"),
        "orcid": _("ORCID"), "email": _("E-mail"), "pseudonym": _("Pseudonym"),
        "left": _("Left on"), "decisions_count": _("Decisions count"),
    }  # fmt: skip


def _address(desk: Desk, name: str, **query: str) -> str:
    made = reverse(name, args=[desk.store.name])
    return f"{made}?{urlencode(query)}" if query else made


def _lines(desk: Desk) -> list[dict[str, object]]:
    words = role_words()
    titles = {name: _(title) for name, title in STAGE_TITLES.items()}
    stages = desk.board.plan.stages or ()
    return [
        {
            "person": line.person,
            "own": line.own,
            "roles": [words.get(role, (role, ""))[0] for role in line.person.roles],
            "stages": [
                (titles[stage.name],
                 next((made[1:] for made in line.stages if made[0] == stage.name), None))
                for stage in stages
            ],
            "settles": [titles[name] for name in line.settles],
            "url": _address(desk, "person", id=line.person.id),
        }
        for line in team.team_people(desk)
    ]  # fmt: skip


def _roles(desk: Desk) -> list[dict[str, object]]:
    words, acts = role_words(), act_words()
    return [
        {
            "name": role, "title": words[role][0], "what": words[role][1],
            "own": role in desk.person.roles,
            "acts": [acts[act] for act in ACTS if role in PERMISSIONS[act] and act != "read"],
        }
        for role in ROLES
    ]  # fmt: skip


def _posted(request: HttpRequest) -> dict[str, object]:
    given = request.POST
    values: dict[str, object] = {name: given.get(name, "") for name in TEXTS if name in given}
    if "roles" in given or "has_roles" in given:
        values["roles"] = tuple(given.getlist("roles"))
    return chosen_fields(given, values)


@page
def people(request: HttpRequest, desk: Desk) -> HttpResponse:
    """List the people and what each role may do; add a person."""
    if request.method == "POST":
        given = request.POST
        made = team.add_person(
            desk, _posted(request), ident=given.get("ident", "").strip()[:100],
            request_id=request_of(given),
        )  # fmt: skip
        messages.success(
            request, _("%(who)s is of the review now.") % {"who": given.get("name", made).strip()}
        )
        return redirect("people", review_id=desk.store.name)
    values = {
        "lines": _lines(desk),
        "stages": [stage_values(stage) for stage in desk.board.plan.stages or ()],
        "looks_after": may(desk.person, "people"),
        "roles": _roles(desk),
        "own_acts": [act_words()[act] for act in ACTS if may(desk.person, act)],
        "request_id": new_request(),
    }
    return show(request, "evisynth/people.html", values)


@page
def person(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the form of a person; save what was changed."""
    desk.permit("people")
    ident = (request.POST if request.method == "POST" else request.GET).get("id", "")
    if not ident:
        return redirect("people", review_id=desk.store.name)
    fields = team.people_data(desk, ident)
    here = _address(desk, "person", id=ident)
    if request.method == "POST":
        try:
            follows = team.change_person(
                desk, ident, _posted(request), version=version_of(request.POST),
                confirmed=bool(request.POST.get("confirmed")), request_id=request_of(request.POST),
            )  # fmt: skip
        except VersionConflict as error:
            return merge_view(request, error, _labels(), str(fields["name"]), here)
        if follows:
            title = _("Change %(who)s") % {"who": fields["name"]}
            return ask_first(request, title, follows, here)
        messages.success(request, _("Saved."))
        return redirect("people", review_id=desk.store.name)
    made = next(each for each in desk.board.plan.people if each.id == ident)
    words = role_words()
    values = {
        "one": made, "fields": fields, "version": team.plan_version(desk),
        "roles": [(role, *words[role], role in made.roles) for role in ROLES],
        "request_id": new_request(), "leave": _address(desk, "leaving", id=ident),
    }  # fmt: skip
    return show(request, "evisynth/person.html", values)


def _handover(desk: Desk, line: team.Handover) -> dict[str, object]:
    names = {made.id: made.name for made in desk.board.plan.people}
    said = [ngettext("%(n)s record decided on; the decision is kept.",
                     "%(n)s records decided on; the decisions are kept.", line.decided)
            % {"n": line.decided}]  # fmt: skip
    for who, number in line.moved.items():
        said.append(
            ngettext("%(n)s record that waits by name goes to %(who)s.",
                     "%(n)s records that wait by name go to %(who)s.", number)
            % {"n": number, "who": names.get(who, who)}
        )  # fmt: skip
    if not line.moved and not line.nobody:
        said.append(_("Nothing waits by name; open records are in everybody's queue."))
    bad = []
    if line.nobody:
        bad.append(
            ngettext("%(n)s record has nobody left to decide on it.",
                     "%(n)s records have nobody left to decide on them.", line.nobody)
            % {"n": line.nobody}
        )  # fmt: skip
    if line.lacking:
        bad.append(
            ngettext("%(n)s record that has all its decisions would lack one.",
                     "%(n)s records that have all their decisions would lack one.", line.lacking)
            % {"n": line.lacking}
        )  # fmt: skip
    if line.deciders < line.needed:
        bad.append(
            _("A record needs %(needed)s decisions and %(left)s of the team may decide then.")
            % {"needed": line.needed, "left": line.deciders}
        )
    return {"title": _(STAGE_TITLES[line.stage]), "said": said, "bad": bad}


@page
def leaving(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show what becomes of a person's work; note that the person left, or is back."""
    desk.permit("people")
    given = request.POST if request.method == "POST" else request.GET
    ident = given.get("id", "")
    made = next((each for each in desk.board.plan.people if each.id == ident), None)
    if made is None:
        return redirect("people", review_id=desk.store.name)
    here = _address(desk, "leaving", id=ident)
    if request.method == "POST":
        try:
            if given.get("what") == "return":
                team.return_to_team(
                    desk, ident, version=version_of(given), request_id=request_of(given)
                )
                messages.success(request, _("%(who)s is back.") % {"who": made.name})
            else:
                team.leave_team(
                    desk, ident, version=version_of(given), date=given.get("date", ""),
                    decisions_count=given.get("count", "yes") != "no",
                    takers=given.getlist("taker"), reason=given.get("reason", "")[:2000],
                    request_id=request_of(given),
                )  # fmt: skip
                messages.success(
                    request, _("%(who)s has left; the decisions are kept.") % {"who": made.name}
                )
        except VersionConflict as error:
            return merge_view(request, error, _labels(), made.name, here)
        return redirect("people", review_id=desk.store.name)
    if not made.active:
        return redirect(_address(desk, "person", id=ident))
    count = given.get("count", "yes") != "no"
    chosen = given.getlist("taker")
    plan = team.plan_leaving(desk, ident, decisions_count=count, takers=chosen)
    able = {who for there in plan.takers.values() for who in there}
    values = {
        "one": made, "plan": plan, "count": count,
        "handovers": [_handover(desk, line) for line in plan.stages],
        "takers": [(each.id, each.name, not chosen or each.id in chosen)
                   for each in desk.board.plan.people if each.id in able],
        "chosen": chosen, "version": team.plan_version(desk), "request_id": new_request(),
    }  # fmt: skip
    return show(request, "evisynth/leaving.html", values)


urlpatterns = [
    path("people/", people, name="people"),
    path("people/one/", person, name="person"),
    path("people/leaving/", leaving, name="leaving"),
]
