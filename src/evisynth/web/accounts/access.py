"""The page of a review on who of its team has an account, and who is invited."""

from __future__ import annotations

import logging
import secrets
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext as _

from evisynth.actions import hosting
from evisynth.actions.team import Desk, RefusedError
from evisynth.errors import EvisynthError, PermissionDeniedError
from evisynth.review import ROLES
from evisynth.web.accounts.views import link_of, told_once
from evisynth.web.visit import page, show

__all__ = ["urlpatterns"]

LOG = logging.getLogger(__name__)


@page
def access(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show accounts and invitations of a team; invite, end, remove."""
    values: dict[str, Any] = {"made": None, "given": {}, "problem": ""}
    status = 200
    if request.method == "POST":
        try:
            done = _act(request, desk)
        except PermissionDeniedError:
            raise
        except EvisynthError as error:
            values["problem"], status = str(error), 409
            values["given"] = {
                "name": request.POST.get("name", ""), "email": request.POST.get("email", ""),
                "roles": request.POST.getlist("roles"),
            }  # fmt: skip
        else:
            if done is None:
                return redirect("access", review_id=desk.store.name)
            values |= {"made": done.line, "link": link_of(request, done.word)}
            values["mailed"] = _mailed(done.line, values["link"], desk)
    people, invitations = hosting.team_access(desk)
    open_for = {line.person: line for line in invitations if line.state == "open"}
    values |= {
        "people": [(each, open_for.get(each.person.id)) for each in people],
        "invitations": invitations,
        "roles": [(name, _(words)) for name, words in ROLES.items()],
        "request_id": secrets.token_hex(16),
        "days": 14,
    }
    return show(request, "evisynth/access.html", values, status=status)


def _act(request: HttpRequest, desk: Desk) -> hosting.MadeInvitation | None:
    what = request.POST.get("what", "")
    desk.permit("people")
    if what == "remove":
        person = request.POST.get("person", "")
        email = hosting.remove_access(desk, person)
        messages.success(request, _("%(email)s has no access any more.") % {"email": email})
        return None
    if what == "revoke":
        number = request.POST.get("invitation", "")
        line = hosting.revoke_invitation(desk, int(number) if number.isdecimal() else 0)
        messages.success(request, _("The invitation of %(name)s is ended.") % {"name": line.name})
        return None
    if what != "invite":
        raise RefusedError(_("This form has nothing to do."))
    if not told_once(request):
        raise RefusedError(_("This form was sent before; nothing was made twice."))
    days = request.POST.get("days", "14")
    return hosting.invite(
        desk,
        request.POST.get("name", ""),
        request.POST.getlist("roles"),
        email=request.POST.get("email", "")[:254],
        days=int(days) if days.isdecimal() and len(days) < 6 else 0,
        person=request.POST.get("person", ""),
    )


def _mailed(line: hosting.InvitationLine, link: str, desk: Desk) -> bool:
    """Mail the link, where mail works and there is an address."""
    if not (line.email and settings.EVISYNTH_SERVER.mail.host):
        return False
    head = desk.board.plan.review
    title = head.title if head else desk.store.name
    text = _(
        '%(by)s invites you to the review "%(title)s".\n\n%(link)s\n\nThe link is for you alone'
        " and ends on %(day)s."
    ) % {"by": desk.person.name, "title": title, "link": link, "day": line.expires.date()}
    try:
        send_mail(_("Invitation to a review"), text, None, [line.email])
    except (OSError, SMTPException) as error:
        LOG.warning("a mail could not be sent: %s", type(error).__name__)
        return False
    return True


urlpatterns = [path("access/", access, name="access")]
