"""API tokens: made once, shown once, kept as a hash, within scopes and for a time."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from evisynth.actions.team.desk import NotThereError, RefusedError
from evisynth.errors import OptionError

__all__ = [
    "LONGEST_DAYS",
    "SCOPES",
    "MadeToken",
    "Scope",
    "TokenLine",
    "TokenPass",
    "allows",
    "check_token",
    "make_token",
    "revoke_token",
    "tokens_of",
]

Scope = Literal["read", "screen", "extract", "admin"]

SCOPES: dict[Scope, str] = {
    "read": "see what the person may see",
    "screen": "decide on records and reports, notes, tags, conflicts",
    "extract": "extract data, assess risk of bias, agree on both",
    "admin": "everything else that the person may do: import, plan, people, analyses",
}
"""What a token can be for. Each lets a program read; none lets it do what the person may not."""

START = "evs_"
LONGEST_DAYS = 366
MOST_TOKENS = 50
NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A token as its owner sees it later; its word is not kept.

    ``hint`` is how the word begins; ``review`` is empty where it is for all of the account.
    """

    id: int
    name: str
    scopes: tuple[str, ...]
    review: str
    hint: str
    created: datetime
    expires: datetime
    last_used: str
    state: Literal["valid", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A token just made, with its word: the only time that it is there."""

    line: TokenLine
    word: str


@dataclass(frozen=True, slots=True)
class TokenPass:
    """Whom a token stands for, and for what."""

    account: int
    scopes: frozenset[str]
    review: str
    token: int


def _hash(word: str) -> str:
    # the word has 256 random bits: one round is enough, nothing can be guessed
    return hashlib.sha256(word.encode()).hexdigest()


def make_token(
    account: int, name: str, scopes: Iterable[str], *, days: int = 90, review: str = ""
) -> MadeToken:
    """Make a token for an account.

    Parameters
    ----------
    account
        Number of the account.
    name
        What the owner knows it by.
    scopes
        Of `SCOPES`; "read" is part of each.
    days
        Days until it ends, at most `LONGEST_DAYS`.
    review
        Only for this review; all of the account's if empty.

    Raises
    ------
    OptionError
        An unknown scope.
    RefusedError
        No name, no scope, too long, too many tokens, or a review that is not the account's.
    """
    from evisynth.storage import ApiToken, Membership

    wanted = tuple(scope for scope in SCOPES if scope in set(scopes))
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise OptionError("scopes", unknown[0], get_args(Scope))
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH:
        raise RefusedError(f"a token wants a name of at most {NAME_LENGTH} letters")
    if not wanted:
        raise RefusedError(f"a token wants a scope: {', '.join(SCOPES)}")
    if not 1 <= days <= LONGEST_DAYS:
        raise RefusedError(f"a token ends after 1 to {LONGEST_DAYS} days, not {days}")
    there = ApiToken.objects.filter(account_id=account, revoked_at=None, expires__gt=_now())
    if there.count() >= MOST_TOKENS:
        raise RefusedError(f"there are {MOST_TOKENS} tokens; revoke one first")
    row = None
    if review:
        found = Membership.objects.filter(
            account_id=account, review__name=review, review__deleted_at=None
        ).select_related("review").first()  # fmt: skip
        if found is None:
            raise NotThereError(f"there is no review {review!r} of yours")
        row = found.review
    word = START + secrets.token_urlsafe(32)
    made = ApiToken.objects.create(
        account_id=account,
        review=row,
        name=name,
        scopes=" ".join(wanted),
        hint=word[: len(START) + 4],
        hash=_hash(word),
        expires=_now() + timedelta(days=days),
    )
    return MadeToken(_line(made), word)


def _now() -> datetime:
    return datetime.now(tz=UTC)


def _line(row: object) -> TokenLine:
    from evisynth.storage import ApiToken

    assert isinstance(row, ApiToken)  # noqa: S101 - for the type
    state: Literal["valid", "expired", "revoked"] = "valid"
    if row.revoked_at is not None:
        state = "revoked"
    elif row.expires <= _now():
        state = "expired"
    return TokenLine(
        row.pk, row.name, tuple(row.scopes.split()), row.review.name if row.review else "",
        row.hint, row.created, row.expires, str(row.last_used or ""), state,
    )  # fmt: skip


def tokens_of(account: int) -> tuple[TokenLine, ...]:
    """Return the tokens of an account, the newest first; revoked ones too."""
    from evisynth.storage import ApiToken

    rows = ApiToken.objects.filter(account_id=account).select_related("review")
    return tuple(_line(row) for row in rows.order_by("-pk"))


def revoke_token(account: int, token: int) -> TokenLine:
    """End a token of the account at once; a second time changes nothing.

    Raises
    ------
    NotThereError
        The account has no such token.
    """
    from evisynth.storage import ApiToken

    row = ApiToken.objects.filter(account_id=account, pk=token).select_related("review").first()
    if row is None:
        raise NotThereError("there is no such token of yours")
    if row.revoked_at is None:
        row.revoked_at = _now()
        row.save(update_fields=["revoked_at"])
    return _line(row)


def check_token(word: str) -> TokenPass | None:
    """Return whom a word stands for; None for one that is unknown, ended or revoked."""
    from evisynth.storage import ApiToken

    if not word.startswith(START) or len(word) > 200:
        return None
    row = (
        ApiToken.objects.filter(hash=_hash(word), revoked_at=None, expires__gt=_now())
        .select_related("review", "account")
        .first()
    )
    if row is None or not row.account.is_active:
        return None
    today = _now().date()
    if row.last_used != today:  # by day: no diary of what a person does
        ApiToken.objects.filter(pk=row.pk).update(last_used=today)
    return TokenPass(
        row.account.pk, frozenset(row.scopes.split()), row.review.name if row.review else "", row.pk
    )


def allows(scopes: Iterable[str], needed: str) -> bool:
    """Tell whether scopes reach for what an endpoint needs.

    Examples
    --------
    >>> allows({"screen"}, "read"), allows({"read"}, "screen"), allows({"admin"}, "extract")
    (True, False, True)
    """
    given = set(scopes)
    return needed in given or "admin" in given or (needed == "read" and bool(given))
