"""Invitations, memberships, tokens and deletion by their rules, through pages and API."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.server.conftest import PASSWORD, ROLES, Server

from evisynth.actions import hosting, team
from evisynth.actions.hosting import hosted_review
from evisynth.actions.team import RefusedError
from evisynth.errors import EvisynthError, OptionError, PermissionDeniedError
from evisynth.storage import Account, ApiToken, Invitation, Membership, ReviewFolder
from evisynth.web.accounts.seats import hosted_store
from evisynth.web.api.scopes import BY_SESSION_ONLY, SCOPE_OF_AREA, scope_of


@pytest.fixture
def sleep(server: Server, review_folder: Path) -> Server:
    """A server with a review and its owner."""
    server.add("sleep", review_folder)
    server.member("ada@example.org", "sleep", "ada")
    return server


def desk(person: str) -> team.Desk:
    review = hosted_review("sleep")
    found = team.seated(hosted_store(review), review.folder, person)
    assert found is not None
    return found


def take(word: str, account: int, *emails: str) -> hosting.InvitationLine:
    review = hosted_review("sleep")
    return hosting.accept_invitation(account, emails, word, hosted_store(review), review.folder)


def post(browser: Any, address: str, body: object) -> Any:
    return browser.post(address, json.dumps(body), content_type="application/json")


# invitations


def test_an_invitation_is_refused_with_the_reason(sleep: Server) -> None:
    new = sleep.member("new@example.org")
    made = hosting.invite(desk("ada"), "Nora New", ["reviewer"], email="Nora@Example.org")
    assert made.line.person == "nora"
    assert Invitation.objects.get().hash == hashlib.sha256(made.word.encode()).hexdigest()
    with pytest.raises(RefusedError, match=r"for nora@example\.org"):
        take(made.word, new, "new@example.org")
    # a second link for the same person ends the first
    again = hosting.invite(desk("ada"), "Nora New", ["reviewer"], person="nora")
    with pytest.raises(RefusedError, match="revoked"):
        take(made.word, new, "nora@example.org")
    Invitation.objects.filter(pk=again.line.id).update(
        expires=datetime.now(tz=UTC) - timedelta(seconds=1)
    )
    assert hosting.open_invitation(again.word) is None
    with pytest.raises(RefusedError, match="expired"):
        take(again.word, new)
    third = hosting.invite(desk("ada"), "Nora New", ["reviewer"], person="nora")
    assert hosting.revoke_invitation(desk("ada"), third.line.id).state == "revoked"
    with pytest.raises(RefusedError, match="revoked"):
        take(third.word, new)
    with pytest.raises(EvisynthError, match="no such invitation"):
        take("another word", new)
    assert Membership.objects.count() == 1
    head = hosted_store(hosted_review("sleep")).head()
    fourth = hosting.invite(desk("ada"), "Nora New", ["reviewer", "extractor"])
    assert take(fourth.word, new).state == "used"
    assert take(fourth.word, new).state == "used"  # again changes nothing
    assert hosted_store(hosted_review("sleep")).head().number == head.number + 1
    person = next(made for made in desk("ada").board.plan.people if made.id == fourth.line.person)
    assert (person.name, person.roles) == ("Nora New", ("reviewer", "extractor"))
    other = sleep.member("other@example.org")
    with pytest.raises(RefusedError, match="used"):
        take(fourth.word, other)
    with pytest.raises(RefusedError, match="has taken it already"):
        hosting.revoke_invitation(desk("ada"), fourth.line.id)
    fifth = hosting.invite(desk("ada"), "Somebody", ["observer"])
    with pytest.raises(RefusedError, match="of this team already"):
        take(fifth.word, new)


@pytest.mark.parametrize(
    ("name", "roles", "more", "said"),
    [
        ("", ["reviewer"], {}, "wants the name"),
        ("x" * 201, ["reviewer"], {}, "wants the name"),
        ("A\u202eB", ["reviewer"], {}, "wants the name"),
        ("Nora", [], {}, "at least one role"),
        ("Nora", ["king"], {}, "king"),
        ("Nora", ["reviewer"], {"days": 0}, "1 to 60 days"),
        ("Nora", ["reviewer"], {"days": 61}, "1 to 60 days"),
        ("Nora", ["reviewer"], {"email": "nora"}, "no e-mail address"),
        ("Nora", ["reviewer"], {"person": "a b"}, "is no id"),
        ("Nora", ["reviewer"], {"person": "ada"}, "has an account here"),
    ],
    ids=["no-name", "long-name", "hidden-sign", "no-role", "unknown-role", "no-days", "many-days",
         "bad-mail", "bad-id", "taken"],
)  # fmt: skip
def test_bad_invitations(
    sleep: Server, name: str, roles: list[str], more: dict[str, Any], said: str
) -> None:
    with pytest.raises((RefusedError, OptionError), match=said):
        hosting.invite(desk("ada"), name, roles, **more)
    assert not Invitation.objects.exists()


def test_only_an_owner_invites_an_owner_and_rights_are_looked_at_when_it_is_taken(
    sleep: Server,
) -> None:
    store = hosted_store(hosted_review("sleep"))
    key = ("review.toml",)

    def roles(person: str, words: str) -> None:
        text = str((store.get("plan", key).value or {})["text"])
        changed = re.sub(rf'(id = "{person}"\nname = .*\n)roles = .*', rf"\1roles = {words}", text)
        store.put("plan", key, {"text": changed}, actor="ada", act="plan change")

    roles("ann", '["lead"]')
    with pytest.raises(RefusedError, match="only an owner"):
        hosting.invite(desk("ann"), "Nora", ["owner"])
    with pytest.raises(RefusedError, match="only an owner"):
        hosting.remove_access(desk("ann"), "ada")
    with pytest.raises(RefusedError, match="only owner with an account"):
        hosting.remove_access(desk("ada"), "ada")
    made = hosting.invite(desk("ann"), "Nora", ["observer"])
    roles("ann", '["reviewer"]')
    with pytest.raises(PermissionDeniedError):
        hosting.invite(desk("ann"), "Nora", ["observer"])
    with pytest.raises(RefusedError, match="may not invite any more"):
        take(made.word, sleep.member("nora@example.org"))


def test_the_page_invites_once_mails_nothing_and_takes_access_away(sleep: Server) -> None:
    ada = sleep.signed_in("ada@example.org")
    page = ada.get("/r/sleep/access/").content.decode()
    given = re.search(r'name="request_id" value="(\w{32})"', page)
    assert given
    form = {
        "what": "invite", "name": "<b>Nora</b>", "roles": ["reviewer"], "days": "14",
        "request_id": given[1],
    }  # fmt: skip
    made = ada.post("/r/sleep/access/", form).content.decode()
    link = re.search(r"http://reviews\.example\.org(/invitation/[\w-]+/)", made)
    assert link
    assert "&lt;b&gt;Nora" in made
    assert "<b>Nora" not in made
    again = ada.post("/r/sleep/access/", form)
    assert (again.status_code, Invitation.objects.count()) == (409, 1)
    assert link[1] not in ada.get("/r/sleep/access/").content.decode()  # shown once
    assert sleep.mails == []
    nonsense: tuple[dict[str, Any], ...] = (
        {"what": "x"}, {"what": "revoke", "invitation": "x"}, {"what": "remove", "person": "x"},
        {**form, "request_id": "2", "days": "many"}, {**form, "request_id": ""},
    )  # fmt: skip
    for wrong in nonsense:
        assert ada.post("/r/sleep/access/", wrong).status_code == 409, wrong
    sleep.member("ben@example.org", "sleep", "ben")
    ben = sleep.signed_in("ben@example.org")
    assert ben.get("/r/sleep/access/").status_code == 403
    before = Invitation.objects.count()
    ben.post("/r/sleep/access/", {**form, "request_id": "3"})
    assert Invitation.objects.count() == before
    number = str(Invitation.objects.get().pk)
    assert ada.post("/r/sleep/access/", {"what": "revoke", "invitation": number}).status_code == 302
    assert sleep.browser().get(link[1], follow=True).status_code == 404


def test_the_api_invites_ends_and_takes_away(sleep: Server) -> None:
    ada = sleep.signed_in("ada@example.org")
    at = "/api/v1/reviews/sleep/access"
    made = post(ada, f"{at}/invite", {"name": "Nora", "roles": ["observer"]}).json()
    assert made["state"] == "open"
    assert sleep.browser().get(made["link"], follow=True).status_code == 200
    assert ada.get(at).json()["invitations"][0]["name"] == "Nora"
    assert "link" not in ada.get(at).json()["invitations"][0]
    assert post(ada, f"{at}/end", {"invitation": made["id"]}).json()["state"] == "revoked"
    assert post(ada, f"{at}/end", {"invitation": 99}).status_code == 404
    assert post(ada, f"{at}/end", {"invitation": -1}).status_code == 422
    assert post(ada, f"{at}/invite", {"name": "", "roles": ["observer"]}).status_code == 409
    assert post(ada, f"{at}/invite", {"name": "N", "roles": ["king"]}).status_code == 422
    sleep.member("ben@example.org", "sleep", "ben")
    answer = post(ada, f"{at}/take-away", {"person": "ben"})
    assert answer.json() == {"person": "ben", "email": "ben@example.org"}
    assert post(ada, f"{at}/take-away", {"person": "ben"}).status_code == 404


# tokens


def test_a_token_is_shown_once_and_kept_as_a_hash(sleep: Server) -> None:
    ada = sleep.signed_in("ada@example.org")
    form = {"what": "make", "name": "R", "scopes": ["read"], "days": "30", "request_id": "1"}
    page = ada.post("/account/tokens/", form).content.decode()
    found = re.search(r"evs_[\w-]{43}", page)
    assert found
    word = found[0]
    assert ada.post("/account/tokens/", form).status_code == 409
    assert ApiToken.objects.count() == 1
    assert word not in ada.get("/account/tokens/").content.decode()
    row = ApiToken.objects.get()
    assert row.hash == hashlib.sha256(word.encode()).hexdigest()
    assert word not in str(ApiToken.objects.values())
    program = sleep.program(word)
    assert program.get("/api/v1/me").json()["scopes"] == ["read"]
    assert [each["id"] for each in program.get("/api/v1/reviews").json()["reviews"]] == ["sleep"]
    assert str(ApiToken.objects.get().last_used) == str(datetime.now(tz=UTC).date())
    # it opens the API and no page, and makes no other token
    for address in ("/", "/r/sleep/", "/account/", "/account/tokens/"):
        assert program.get(address).status_code == 403
    assert program.get("/api/v1/tokens").status_code == 403
    assert post(program, "/api/v1/tokens", {"name": "x", "scopes": ["read"]}).status_code == 403
    other = sleep.browser(headers={"Authorization": f"Bearer {word[:-1]}"})
    refused = other.get("/api/v1/me")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (
        401, 'Bearer error="invalid_token"',
    )  # fmt: skip
    # another's token is not to be seen or ended
    sleep.member("ben@example.org", "sleep", "ben")
    ben = sleep.signed_in("ben@example.org")
    assert ben.get("/api/v1/tokens").json() == {"tokens": []}
    assert ben.delete(f"/api/v1/tokens/{row.pk}").status_code == 404
    assert program.get("/api/v1/me").status_code == 200
    for _ in range(2):
        assert ada.delete(f"/api/v1/tokens/{row.pk}").json()["state"] == "revoked"
    assert program.get("/api/v1/me").status_code == 401


def test_a_token_ends_by_itself_and_with_its_account(sleep: Server) -> None:
    account = Account.objects.get(email="ada@example.org")
    made = hosting.make_token(account.pk, "short", ["read"], days=1)
    program = sleep.program(made.word)
    assert program.get("/api/v1/me").status_code == 200
    Account.objects.filter(pk=account.pk).update(is_active=False)
    assert program.get("/api/v1/me").status_code == 401
    Account.objects.filter(pk=account.pk).update(is_active=True)
    ApiToken.objects.update(expires=datetime.now(tz=UTC) - timedelta(seconds=1))
    assert program.get("/api/v1/me").status_code == 401
    assert hosting.tokens_of(account.pk)[0].state == "expired"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "", "scopes": ["read"]}, 409),
        ({"name": "x", "scopes": []}, 409),
        ({"name": "x", "scopes": ["all"]}, 422),
        ({"name": "x", "scopes": ["read"], "days": 0}, 422),
        ({"name": "x", "scopes": ["read"], "days": 367}, 422),
        ({"name": "x", "scopes": ["read"], "review": "other"}, 404),
        ({"name": "x" * 101, "scopes": ["read"]}, 422),
        ({"scopes": "read"}, 422),
        ({}, 422),
    ],
    ids=["no-name", "no-scope", "unknown-scope", "no-days", "too-long", "foreign-review",
         "long-name", "no-list", "empty"],
)  # fmt: skip
def test_bad_tokens(sleep: Server, body: dict[str, Any], status: int) -> None:
    ada = sleep.signed_in("ada@example.org")
    assert post(ada, "/api/v1/tokens", body).status_code == status
    assert not ApiToken.objects.exists()


def test_a_token_for_one_review_opens_no_other(sleep: Server, review_folder: Path) -> None:
    sleep.add("other", review_folder)
    account = Account.objects.get(email="ada@example.org")
    row = ReviewFolder.objects.get(name="other")
    Membership.objects.create(account=account, review=row, person="ada")
    program = sleep.program(hosting.make_token(account.pk, "x", ["admin"], review="other").word)
    assert program.get("/api/v1/reviews/other/flow").status_code == 200
    assert program.get("/api/v1/reviews/sleep/flow").status_code == 403
    assert [each["id"] for each in program.get("/api/v1/reviews").json()["reviews"]] == ["other"]


def calls() -> list[tuple[str, str, str]]:
    from evisynth.web.api import api

    return [
        (method.upper(), path, (operation.get("tags") or [""])[0])
        for path, operations in api.get_openapi_schema()["paths"].items()
        for method, operation in operations.items()
    ]


def test_every_area_of_the_api_has_its_scope(team_server: Server) -> None:
    areas = {area for _method, _path, area in calls()}
    assert areas - set(SCOPE_OF_AREA) - BY_SESSION_ONLY == set(), (
        "add the area to SCOPE_OF_AREA in evisynth/web/tokens.py"
    )


@pytest.mark.parametrize("scope", ["read", "screen", "extract", "admin"])
def test_scopes_open_what_they_say_and_no_more(team_server: Server, scope: str) -> None:
    """The owner may do nearly everything; the scope is what holds the program back."""
    account = Account.objects.get(email="ada@example.org").pk
    program = team_server.program(hosting.make_token(account, scope, [scope]).word)
    store = hosted_store(hosted_review("sleep"))
    wrong = []
    for method, path, area in calls():
        needed = scope_of(method, path, area)
        opens = needed is not None and (scope == "admin" or needed in ("read", scope))
        address = path.replace("{review_id}", "sleep").replace("{stage}", "title_abstract")
        address = re.sub(r"{\w+}", "x", address)
        if opens and method != "GET":
            continue  # what it may do is looked at by role
        before = store.head()
        answer = getattr(program, method.lower())(
            address, "{}" if method != "GET" else None,
            **({"content_type": "application/json"} if method != "GET" else {}),
        )  # fmt: skip
        said = answer.json().get("message", "") if answer.status_code == 403 else ""
        refused = "lacks the scope" in said or "a token cannot" in said
        if refused == opens or store.head() != before:
            wrong.append((method, path, needed, answer.status_code, said))
    assert wrong == []


# reviews


def test_a_deleted_review_can_be_had_back_for_thirty_days(sleep: Server) -> None:
    ada = sleep.signed_in("ada@example.org")
    sleep.member("ben@example.org", "sleep", "ben")
    ben = sleep.signed_in("ben@example.org")
    folder = hosted_review("sleep").folder
    assert ben.post("/reviews/sleep/delete/", {"name": "sleep"}).status_code == 404
    ada.post("/reviews/sleep/delete/", {"name": "slept"})
    assert ada.get("/r/sleep/").status_code == 200
    ada.post("/reviews/sleep/delete/", {"name": "sleep"})
    for browser in (ada, ben):
        assert browser.get("/r/sleep/").status_code == 404
        assert browser.get("/api/v1/reviews").json() == {"reviews": []}
    assert "Have it back" in ada.get("/").content.decode()
    assert "Have it back" not in ben.get("/").content.decode()
    assert ben.post("/reviews/sleep/restore/").status_code == 404
    assert hosting.sweep(now=datetime.now(tz=UTC) + timedelta(days=29)) == ()
    for _ in range(2):
        assert ada.post("/reviews/sleep/restore/").status_code == 302
    assert ben.get("/r/sleep/").status_code == 200
    ada.post("/reviews/sleep/delete/", {"name": "sleep"})
    assert hosting.sweep(now=datetime.now(tz=UTC) + timedelta(days=31)) == ("sleep",)
    assert not folder.exists()
    assert not Membership.objects.exists()
    assert ada.post("/reviews/sleep/restore/").status_code == 404
    assert hosting.hosted_reviews() == ()


def test_a_review_that_cannot_be_read_leaves_nothing_behind(
    server: Server, review_folder: Path, tmp_path: Path
) -> None:
    for name in ("", "A b", "../up", "x" * 90, "-a"):
        with pytest.raises(RefusedError, match="no short name"):
            server.add(name, review_folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(EvisynthError, match=r"review\.toml"):
        server.add("sleep", empty)
    assert hosting.hosted_reviews() == ()
    assert list(server.config.reviews.iterdir()) == []
    server.add("sleep", review_folder)
    with pytest.raises(RefusedError, match="already"):
        server.add("sleep", review_folder)
    assert (review_folder / "review.toml").is_file()


def test_the_account_pages_answer(team_server: Server) -> None:
    ada = team_server.signed_in("ada@example.org")
    assert "ada@example.org" in ada.get("/account/").content.decode()
    assert ada.post("/account/", {"what": "name", "name": " "}).status_code == 302
    assert Account.objects.get(email="ada@example.org").name != ""
    page = ada.get("/api/v1/docs").content.decode()
    assert "/api/v1/reviews/{review_id}/stages/{stage}/decisions" in page
    document = ada.get("/api/v1/openapi.json").json()
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    text = json.dumps(document)
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert named <= set(document["components"]["schemas"])
    assert len(ROLES) == 10
    assert PASSWORD not in text
