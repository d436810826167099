"""Pages outside a review on a server: own reviews, invitations, the account, tokens."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from evisynth.actions import hosting
from evisynth.actions.team import NotThereError, RefusedError
from evisynth.errors import EvisynthError
from evisynth.review import may
from evisynth.web.accounts.adapters import invitation_of
from evisynth.web.accounts.seats import hosted_store, own_reviews
from evisynth.web.reviews import account_of
from evisynth.web.visit import show

__all__ = [
    "account",
    "delete",
    "home",
    "invitation",
    "invitation_open",
    "restore",
    "tokens",
    "told_once",
]  # fmt: skip

REMEMBERED = 30


def told_once(request: HttpRequest) -> bool:
    """Tell whether the posted form is new to this session; the same one again is not."""
    given = request.POST.get("request_id", "")[:100]
    seen = list(request.session.get("requests", ()))
    if not given or given in seen:
        return False
    request.session["requests"] = [*seen, given][-REMEMBERED:]
    return True


def home(request: HttpRequest) -> HttpResponse:
    """List the reviews of the account."""
    lines = []
    gone = []
    for review, desk in own_reviews(request):
        owner = may(desk.person, "delete")
        if review.deleted:
            if owner:
                gone.append(review)
            continue
        head = desk.board.plan.review
        lines.append(
            {"review": review, "person": desk.person, "owner": owner,
             "title": head.title if head else review.name}
        )  # fmt: skip
    return show(request, "evisynth/reviews.html", {"lines": lines, "gone": gone})


def invitation_open(request: HttpRequest, word: str) -> HttpResponse:
    """Take the word off the address, so that it stands in no history, and go on."""
    request.session["invitation"] = word[:200]
    return redirect("invitation")


def _known_addresses(request: HttpRequest) -> tuple[str, ...]:
    """Return the addresses that the account was shown to have, by a mail or an invitation."""
    from allauth.account.models import EmailAddress

    rows = EmailAddress.objects.filter(user_id=account_of(request), verified=True)
    return tuple(rows.values_list("email", flat=True))


def invitation(request: HttpRequest) -> HttpResponse:
    """Show what the invitation is to; take it."""
    found = invitation_of(request)
    if found is None:
        return show(request, "evisynth/invitation.html", {"found": None}, status=404)
    review = hosting.hosted_review(found.review)
    problem = ""
    if request.method == "POST":
        if not account_of(request):
            return redirect(f"{reverse('account_login')}?next={reverse('invitation')}")
        try:
            hosting.accept_invitation(
                account_of(request),
                _known_addresses(request),
                str(request.session.get("invitation", "")),
                hosted_store(review),
                review.folder,
            )
        except EvisynthError as error:
            problem = str(error)
        else:
            del request.session["invitation"]
            messages.success(request, _("You are of the team now."))
            return redirect("dashboard", review_id=review.name)
    values = {"found": found, "title": review.title, "problem": problem}
    return show(request, "evisynth/invitation.html", values, status=409 if problem else 200)


def account(request: HttpRequest) -> HttpResponse:
    """Show the account: name, sign-in, second factor, tokens."""
    from allauth.mfa.utils import is_mfa_enabled

    if request.method == "POST" and request.POST.get("what") == "name":
        name = " ".join(request.POST.get("name", "").split())[:200]
        if name and name.isprintable():
            request.user.name = name  # type: ignore[union-attr]
            request.user.save(update_fields=["name"])  # type: ignore[call-arg]
            messages.success(request, _("Kept."))
        else:
            messages.error(request, _("Give a name."))
        return redirect("account")
    return show(request, "evisynth/account.html", {"second_factor": is_mfa_enabled(request.user)})


def tokens(request: HttpRequest) -> HttpResponse:
    """Make API tokens, show each once, end them."""
    mine = account_of(request)
    values: dict[str, Any] = {"made": None, "given": {}, "problem": ""}
    status = 200
    if request.method == "POST":
        try:
            if request.POST.get("what") == "revoke":
                number = request.POST.get("token", "")
                line = hosting.revoke_token(mine, int(number) if number.isdecimal() else 0)
                messages.success(request, _("The token %(name)s is ended.") % {"name": line.name})
                return redirect("tokens")
            if not told_once(request):
                raise RefusedError(_("This form was sent before; nothing was made twice."))
            days = request.POST.get("days", "")
            values["made"] = hosting.make_token(
                mine,
                request.POST.get("name", ""),
                request.POST.getlist("scopes"),
                days=int(days) if days.isdecimal() and len(days) < 6 else 0,
                review=request.POST.get("review", ""),
            )
        except EvisynthError as error:
            values["problem"] = str(error)
            values["given"] = {"name": request.POST.get("name", ""),
                               "scopes": request.POST.getlist("scopes")}  # fmt: skip
            status = 404 if isinstance(error, NotThereError) else 409
    values |= {
        "tokens": hosting.tokens_of(mine),
        "scopes": [(name, _(words)) for name, words in hosting.SCOPES.items()],
        "reviews": [review for review, _desk in own_reviews(request) if not review.deleted],
        "days": (30, 90, 180, 366),
        "request_id": secrets.token_hex(16),
    }
    return show(request, "evisynth/tokens.html", values, status=status)


def _owned(request: HttpRequest, review_id: str) -> Any:
    """Return a review that the account owns, deleted or not; refuse all others alike."""
    from django.http import Http404

    for review, desk in own_reviews(request):
        if review.name == review_id and may(desk.person, "delete"):
            return review
    raise Http404


@require_POST
def delete(request: HttpRequest, review_id: str) -> HttpResponse:
    """Delete a review whose name was typed; it can be had back for a time."""
    review = _owned(request, review_id)
    if request.POST.get("name", "").strip() != review.name:
        messages.error(
            request, _("Type the short name %(name)s to delete the review.") % {"name": review.name}
        )
        return redirect("home")
    found = hosting.delete_review(review.name, by=request.user.email)  # type: ignore[union-attr]
    text = _("%(title)s is deleted. Until %(day)s you can have it back here.")
    messages.success(request, text % {"title": found.title, "day": found.erased_on})
    return redirect("home")


@require_POST
def restore(request: HttpRequest, review_id: str) -> HttpResponse:
    """Give a deleted review back to its team."""
    found = hosting.restore_deleted_review(_owned(request, review_id).name)
    messages.success(request, _("%(title)s is back.") % {"title": found.title})
    return redirect("home")


def link_of(request: HttpRequest, word: str) -> str:
    """Return the address of an invitation."""
    config = settings.EVISYNTH_SERVER
    scheme = "https" if config.tls else "http"
    return f"{scheme}://{request.get_host()}{reverse('invitation_open', args=[word])}"
