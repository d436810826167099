"""Accounts at a review: who is which person of the team, and how somebody comes in.

What a person may do is said by the plan of the review; here is only which account the person is.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from evisynth.actions.team.desk import Desk, NotThereError, RefusedError, board_of
from evisynth.errors import OptionError
from evisynth.review import PLAN_FILE, ROLES, Person, edit_plan, may
from evisynth.storage import Store

if TYPE_CHECKING:
    from evisynth.storage import Invitation

__all__ = [
    "LONGEST_INVITATION",
    "AccountPlace",
    "InvitationLine",
    "MadeInvitation",
    "PersonAccess",
    "accept_invitation",
    "access_of",
    "invite",
    "invite_as_server",
    "open_invitation",
    "place_of_account",
    "remove_access",
    "reviews_of_account",
    "revoke_invitation",
    "team_access",
]

LONGEST_INVITATION = 60
"""Days for which an invitation can be open."""

PERSON_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}")
SERVER = "server"
"""Who stands in the history where the administrator of the server acted."""


@dataclass(frozen=True, slots=True)
class PersonAccess:
    """A person of the plan, with the e-mail address of the account that is this person."""

    person: Person
    email: str


@dataclass(frozen=True, slots=True)
class InvitationLine:
    """An invitation as the team sees it; its link is not kept."""

    id: int
    person: str
    name: str
    roles: tuple[str, ...]
    email: str
    made_by: str
    expires: datetime
    state: Literal["open", "used", "revoked", "expired"]
    review: str


@dataclass(frozen=True, slots=True)
class MadeInvitation:
    """An invitation just made, with the word of its link: the only time that it is there."""

    line: InvitationLine
    word: str


def _now() -> datetime:
    return datetime.now(tz=UTC)


def _hash(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class AccountPlace:
    """Where an account sits: number, name and folder of the review, and the person there."""

    number: int
    review: str
    folder: Path
    person: str


def place_of_account(account: int, review: str) -> AccountPlace | None:
    """Return where an account sits at a review that is not being deleted; None for nowhere."""
    from evisynth.storage import Membership

    row = (
        Membership.objects.filter(account_id=account, review__name=review, review__deleted_at=None)
        .select_related("review")
        .first()
    )
    if row is None:
        return None
    return AccountPlace(row.review.pk, row.review.name, Path(row.review.folder), row.person)


def reviews_of_account(account: int) -> tuple[tuple[str, str], ...]:
    """Return the reviews that an account belongs to, each with the person there; by name."""
    from evisynth.storage import Membership

    rows = Membership.objects.filter(account_id=account).order_by("review__name")
    return tuple(rows.values_list("review__name", "person"))


def access_of(desk: Desk) -> dict[str, str]:
    """Return the e-mail address of each person who has an account, by id."""
    from evisynth.storage import Membership

    rows = Membership.objects.filter(review__name=desk.store.name)
    return dict(rows.values_list("person", "account__email"))


def team_access(desk: Desk) -> tuple[tuple[PersonAccess, ...], tuple[InvitationLine, ...]]:
    """Return who of the team has an account, and the invitations, the newest first.

    Raises
    ------
    PermissionDeniedError
        The person does not look after the people of the review.
    """
    from evisynth.storage import Invitation

    desk.permit("people")
    emails = access_of(desk)
    people = tuple(PersonAccess(made, emails.get(made.id, "")) for made in desk.board.plan.people)
    rows = Invitation.objects.filter(review__name=desk.store.name).select_related("review")
    return people, tuple(map(_line, rows.order_by("-pk")[:200]))


def _line(row: Invitation) -> InvitationLine:
    state: Literal["open", "used", "revoked", "expired"] = "open"
    if row.used_at is not None:
        state = "used"
    elif row.revoked_at is not None:
        state = "revoked"
    elif row.expires <= _now():
        state = "expired"
    return InvitationLine(
        row.pk, row.person, row.name, tuple(row.roles.split()), row.email, row.made_by,
        row.expires, state, row.review.name,
    )  # fmt: skip


def _free_id(name: str, taken: Iterable[str]) -> str:
    """Return an id for a person: the first word of the name, numbered where it is taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    word = str((re.findall(r"[a-z0-9]+", plain) or ["person"])[0])[:40]
    used = {made.casefold() for made in taken}
    number, found = 1, word
    while found in used or found == SERVER:
        number += 1
        found = f"{word}{number}"
    return found


def invite(
    desk: Desk,
    name: str,
    roles: Iterable[str],
    *,
    email: str = "",
    days: int = 14,
    person: str = "",
) -> MadeInvitation:
    """Invite somebody to the team of a review.

    Parameters
    ----------
    desk
        Who invites; the invitation counts as long as this person may invite.
    name, roles
        As they will stand in the plan, where the person is not there yet.
    email
        Only an account with this address can take it; anybody with the link if empty.
    days
        Days for which the link is open.
    person
        Id of somebody of the plan who has no account yet; a new person if empty.

    Raises
    ------
    PermissionDeniedError, RefusedError, OptionError
        Who may not; a person with an account; an unknown role; an owner made by somebody else.
    """
    desk.permit("people")
    wanted = tuple(dict.fromkeys(roles))
    known = {made.id: made for made in desk.board.plan.people}
    given = known[person].roles if person in known else wanted
    if "owner" in given and "owner" not in desk.person.roles:
        raise RefusedError("only an owner can invite an owner")
    return _invite(
        desk.store.name, tuple(known.values()), name, wanted, email=email, days=days,
        person=person, by=desk.person.id,
    )  # fmt: skip


def invite_as_server(
    store: Store, folder: Path, name: str, roles: Iterable[str], *, email: str = "",
    days: int = 14, person: str = "",
) -> MadeInvitation:  # fmt: skip
    """Invite somebody in the name of the server's administrator, as the first owner.

    Parameters and errors as those of `invite`.
    """
    people = board_of(store, folder).plan.people
    return _invite(
        store.name, people, name, tuple(dict.fromkeys(roles)), email=email, days=days,
        person=person, by=SERVER,
    )  # fmt: skip


def _invite(
    review: str, people: tuple[Person, ...], name: str, roles: tuple[str, ...], *, email: str,
    days: int, person: str, by: str,
) -> MadeInvitation:  # fmt: skip
    from evisynth.storage import Invitation, Membership, ReviewFolder

    known = {made.id: made for made in people}
    if person and person in known:
        there = known[person]
        name, roles = there.name, there.roles
        if not there.active:
            raise RefusedError(f"{name} left the team on {there.left}")
    name = " ".join(name.split())
    unknown = [role for role in roles if role not in ROLES]
    if unknown:
        raise OptionError("roles", unknown[0], tuple(ROLES))
    if not name or len(name) > 200 or not name.isprintable():
        raise RefusedError("an invitation wants the name of the person, at most 200 letters")
    if not roles:
        raise RefusedError(f"choose at least one role: {', '.join(ROLES)}")
    if not 1 <= days <= LONGEST_INVITATION:
        raise RefusedError(f"an invitation is open for 1 to {LONGEST_INVITATION} days, not {days}")
    email = email.strip().casefold()
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+|[^@\s]+@localhost", email):
        raise RefusedError(f"{email!r} is no e-mail address")
    row = ReviewFolder.objects.filter(name=review).first()
    if row is None:
        raise NotThereError(f"the server has no review {review!r}")
    if person and not PERSON_ID.fullmatch(person):
        raise RefusedError(f"{person!r} is no id: use letters, digits, -, _ and .")
    waiting = Invitation.objects.filter(
        review=row, used_at=None, revoked_at=None, expires__gt=_now()
    )
    person = person or _free_id(name, (*known, *waiting.values_list("person", flat=True)))
    if Membership.objects.filter(review=row, person=person).exists():
        raise RefusedError(f"{name} has an account here already")
    # a second link for the same person ends the first
    waiting.filter(person=person).update(revoked_at=_now())
    word = secrets.token_urlsafe(32)
    made = Invitation.objects.create(
        review=row, person=person, name=name, roles=" ".join(roles), email=email,
        hash=_hash(word), made_by=by, expires=_now() + timedelta(days=days),
    )  # fmt: skip
    return MadeInvitation(_line(made), word)


def revoke_invitation(desk: Desk, invitation: int) -> InvitationLine:
    """End an invitation that was not taken yet; a second time changes nothing."""
    from evisynth.storage import Invitation

    desk.permit("people")
    row = Invitation.objects.filter(pk=invitation, review__name=desk.store.name).first()
    if row is None:
        raise NotThereError("there is no such invitation to this review")
    if row.used_at is not None:
        raise RefusedError(f"{row.name} has taken it already; remove the access instead")
    if row.revoked_at is None:
        row.revoked_at = _now()
        row.save(update_fields=["revoked_at"])
    return _line(row)


def open_invitation(word: str) -> InvitationLine | None:
    """Return the invitation of a link while it can be taken; None for all others."""
    from evisynth.storage import Invitation

    if not word or len(word) > 200:
        return None
    row = (
        Invitation.objects.filter(hash=_hash(word), review__deleted_at=None)
        .select_related("review")
        .first()
    )
    line = _line(row) if row is not None else None
    return line if line is not None and line.state == "open" else None


def accept_invitation(
    account: int, emails: Collection[str], word: str, store: Store, folder: Path
) -> InvitationLine:
    """Make an account a person of the team; taken again by the same account nothing changes.

    Parameters
    ----------
    account, emails
        Number of the account, and its addresses that are known to be its own.
    word
        Of the link.
    store, folder
        Of the review that the invitation is to.

    Raises
    ------
    RefusedError
        It was taken, ended, is for another address, or who made it may not invite any more.
    """
    from django.db import IntegrityError, transaction

    from evisynth.storage import Invitation, Membership

    def found() -> Invitation:
        """Read the invitation anew and refuse what cannot be taken."""
        row = (
            Invitation.objects.filter(hash=_hash(word), review__name=store.name)
            .select_related("review")
            .first()
        )
        if row is None:
            raise NotThereError("there is no such invitation")
        return row

    row = found()
    place = place_of_account(account, store.name)
    mine = place.person if place is not None else ""
    if row.used_at is not None and mine == row.person:
        return _line(row)
    _refuse_taking(row, emails, mine, store, folder)
    # first the plan: the store has a transaction of its own and must not wait for this one
    _join_plan(store, folder, _line(row))
    try:
        with transaction.atomic():
            taken = Invitation.objects.filter(pk=row.pk, used_at=None, revoked_at=None)
            if not taken.update(used_at=_now()):
                raise RefusedError(f"this invitation is {_line(found()).state}; ask for a new one")
            Membership.objects.create(account_id=account, review=row.review, person=row.person)
    except IntegrityError as error:
        raise RefusedError(f"{row.name} has an account here already") from error
    return _line(found())


def _refuse_taking(
    row: Invitation, emails: Collection[str], mine: str, store: Store, folder: Path
) -> None:
    """Refuse an invitation that this account cannot take, and say why."""
    line = _line(row)
    if line.state != "open":
        raise RefusedError(f"this invitation is {line.state}; ask for a new one")
    if row.email and row.email not in {each.casefold() for each in emails}:
        raise RefusedError(
            f"this invitation is for {row.email}; sign in with that address, confirmed, or ask for"
            " another one"
        )
    if mine:
        raise RefusedError(f"you are of this team already, as {mine}")
    people = {made.id: made for made in board_of(store, folder).plan.people}
    if row.made_by != SERVER and (
        row.made_by not in people or not may(people[row.made_by], "people")
    ):
        raise RefusedError("who invited you may not invite any more; ask for a new one")
    if row.person in people and not people[row.person].active:
        raise RefusedError(f"{row.name} left the team on {people[row.person].left}")


def _join_plan(store: Store, folder: Path, line: InvitationLine) -> None:
    """Write a person into the plan, once; where somebody edits it meanwhile, try on theirs."""
    from evisynth.storage import VersionConflict

    for left in (3, 2, 1, 0):
        board = board_of(store, folder)
        if any(made.id == line.person for made in board.plan.people):
            return
        key = (PLAN_FILE,)
        entry = {"id": line.person, "name": line.name, "roles": list(line.roles)}
        text = edit_plan(board.plan_text, [(("people", len(board.plan.people)), entry)])
        try:
            store.put(
                "plan", key, {"text": text}, actor=line.made_by, act="invitation taken",
                reason=f"{line.name} as {', '.join(line.roles)}",
                expected_version=board.version("plan", key),
            )  # fmt: skip
        except VersionConflict:
            if not left:
                raise
        else:
            return


def remove_access(desk: Desk, person: str) -> str:
    """Take a person's account away from the review at once; decisions and plan stay.

    Returns
    -------
    str
        The e-mail address of the account.
    """
    from evisynth.storage import ApiToken, Membership

    desk.permit("people")
    row = (
        Membership.objects.filter(review__name=desk.store.name, person=person)
        .select_related("account", "review")
        .first()
    )
    if row is None:
        raise NotThereError(f"{person!r} has no account here")
    people = {made.id: made for made in desk.board.plan.people}
    roles = people[person].roles if person in people else ()
    if "owner" in roles and "owner" not in desk.person.roles:
        raise RefusedError("only an owner can take an owner's access away")
    if person == desk.person.id and "owner" in roles:
        owners = [each for each in access_of(desk) if "owner" in people[each].roles]
        if len(owners) == 1:
            raise RefusedError("you are the only owner with an account; invite another one first")
    ApiToken.objects.filter(account=row.account, review=row.review).update(revoked_at=_now())
    email = str(row.account.email)
    row.delete()
    return email
