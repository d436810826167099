"""API tokens by the API: made, listed, ended. By a session only: no token makes another."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from ninja import Field, Router, Schema

from evisynth.actions import hosting
from evisynth.actions.team import RefusedError
from evisynth.web.api.root import ErrorAnswer
from evisynth.web.reviews import account_of, on_server

__all__ = ["router"]

router = Router(tags=["tokens"])
ERRORS = {
    401: ErrorAnswer, 403: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer,
}  # fmt: skip


class TokenBody(Schema):
    """A token to make."""

    name: str = Field(max_length=100)
    scopes: list[Annotated[str, Field(max_length=20)]] = Field(max_length=10)
    days: int = Field(90, ge=1, le=hosting.LONGEST_DAYS)
    review: str = Field("", max_length=100)


class TokenAnswer(Schema):
    """A token without its word."""

    id: int
    name: str
    scopes: list[str]
    review: str
    hint: str
    created: datetime
    expires: datetime
    last_used: str
    state: str


class MadeAnswer(TokenAnswer):
    """A token with its word, which is shown this once."""

    token: str


class TokensAnswer(Schema):
    """The tokens of the account, the newest first."""

    tokens: list[TokenAnswer]


def _account(request: HttpRequest) -> int:
    if not on_server():
        raise RefusedError("tokens are for a server; on one's own machine there is none to make")
    return account_of(request)


def _line(line: hosting.TokenLine) -> TokenAnswer:
    return TokenAnswer(
        id=line.id, name=line.name, scopes=list(line.scopes), review=line.review, hint=line.hint,
        created=line.created, expires=line.expires, last_used=line.last_used, state=line.state,
    )  # fmt: skip


@router.get("/tokens", response={200: TokensAnswer, **ERRORS})
def tokens(request: HttpRequest) -> TokensAnswer:
    """List the tokens of the account; there are none on one's own machine."""
    if not on_server():
        return TokensAnswer(tokens=[])
    return TokensAnswer(tokens=[_line(line) for line in hosting.tokens_of(_account(request))])


@router.post("/tokens", response={200: MadeAnswer, **ERRORS})
def make_token(request: HttpRequest, body: TokenBody) -> MadeAnswer:
    """Make a token; its word is in this answer and nowhere else."""
    made = hosting.make_token(
        _account(request), body.name, body.scopes, days=body.days, review=body.review
    )
    return MadeAnswer(**_line(made.line).dict(), token=made.word)


@router.delete("/tokens/{token_id}", response={200: TokenAnswer, **ERRORS})
def revoke_token(request: HttpRequest, token_id: int) -> TokenAnswer:
    """End a token at once; a second time changes nothing."""
    most = 2**63 - 1  # what a database counts to
    return _line(hosting.revoke_token(_account(request), min(max(token_id, 0), most)))
