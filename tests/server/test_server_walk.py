"""Two walks through a server: somebody is invited and screens; a stranger sees nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from tests.server.conftest import PASSWORD, Server

from evisynth.actions.hosting import hosted_review, invite_as_server, place_of_account
from evisynth.storage import Account, Membership, NewerSchemaError
from evisynth.web import backup_server, bring_server_up_to_date, examine_server
from evisynth.web.accounts.seats import hosted_store


def code_of(secret: str, steps: int = 0) -> str:
    """Compute the number that an authenticator app shows (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    count = struct.pack(">Q", int(time.time()) // 30 + steps)
    made = hmac.new(key, count, hashlib.sha1).digest()
    at = made[-1] & 15
    number = struct.unpack(">I", made[at : at + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def invited(server: Server, name: str, roles: tuple[str, ...], **more: Any) -> str:
    review = hosted_review("sleep")
    made = invite_as_server(hosted_store(review), review.folder, name, roles, **more)
    return f"/invitation/{made.word}/"


def test_an_invitation_leads_to_an_account_a_second_factor_and_decisions(
    server: Server, review_folder: Path
) -> None:
    server.add("sleep", review_folder)
    link = invited(server, "Olga Owner", ("owner", "lead", "reviewer"), email="olga@example.org")
    browser = server.browser()
    # nobody makes an account without the link
    assert "By invitation" in browser.get("/account/signup/").content.decode()
    assert browser.get(link).headers["Location"] == "/invitation/"
    page = browser.get("/invitation/").content.decode()
    assert "Two worlds" in page
    assert browser.post("/invitation/").headers["Location"].startswith("/account/login/")
    form = {
        "email": "olga@example.org", "name": "Olga Owner", "password1": PASSWORD,
        "password2": PASSWORD, "next": "/invitation/",
    }  # fmt: skip
    other = browser.post("/account/signup/", {**form, "email": "mallory@example.org"})
    assert "The invitation is for olga@example.org" in other.content.decode()
    weak = browser.post("/account/signup/", {**form, "password1": "short", "password2": "short"})
    assert "at least 10 characters" in weak.content.decode()
    before = browser.session.session_key
    answer = browser.post("/account/signup/", form)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/invitation/")
    assert browser.session.session_key != before  # nobody who knew the old one is inside
    taken = browser.post("/invitation/")
    assert taken.headers["Location"] == "/r/sleep/"
    assert Membership.objects.get().person == "olga"
    assert "invitation" not in browser.session
    # the person stands in the plan, with the roles, and in the history
    desk_page = browser.get("/r/sleep/").content.decode()
    assert "Olga Owner" in desk_page
    # the second factor
    asked = browser.get("/account/2fa/totp/activate/")
    assert asked.headers["Location"].startswith("/account/reauthenticate/")
    browser.post(asked.headers["Location"], {"password": PASSWORD})
    asked = browser.get("/account/2fa/totp/activate/")
    assert asked.status_code == 200
    page = asked.content.decode()
    assert 'src="data:image/svg+xml' in page
    secret = re.search(r'id="authenticator_secret"[^>]* value="(\w+)"', page)
    assert secret, page
    wrong = browser.post("/account/2fa/totp/activate/", {"code": "000000"})
    assert wrong.status_code == 200
    # the code of the step before is taken too; the present one is for the sign-in
    done = browser.post("/account/2fa/totp/activate/", {"code": code_of(secret[1], -1)})
    assert done.headers["Location"] == "/account/2fa/recovery-codes/"
    shown = browser.get(done.headers["Location"]).content.decode()
    codes = re.findall(r"^\d{8}\b|(?<=>)\d{8}\b", shown, re.MULTILINE)
    assert len(codes) == 10
    assert browser.post("/account/logout/").status_code == 302
    assert browser.get("/r/sleep/").status_code == 302
    # signed in again: password alone does not open the door
    login = {"login": "olga@example.org", "password": PASSWORD}
    answer = browser.post("/account/login/?next=/r/sleep/", login)
    assert answer.headers["Location"].startswith("/account/2fa/authenticate/")
    assert browser.get("/r/sleep/").status_code == 302
    browser.post("/account/2fa/authenticate/", {"code": codes[0]})
    assert browser.get("/r/sleep/").status_code == 200
    # a recovery code opens once
    browser.post("/account/logout/")
    browser.post("/account/login/", login)
    assert browser.post("/account/2fa/authenticate/", {"code": codes[0]}).status_code == 200
    answer = browser.post("/account/2fa/authenticate/", {"code": code_of(secret[1])})
    assert answer.status_code == 302
    # and screens
    queue = browser.get("/api/v1/reviews/sleep/stages/title_abstract/queue").json()
    record = queue["records"][0]["id"]
    said = browser.post(
        "/api/v1/reviews/sleep/stages/title_abstract/decisions",
        json.dumps({"record": record, "verdict": "include", "request_id": "one"}),
        content_type="application/json",
    )
    assert said.status_code == 200, said.content
    store = hosted_store(hosted_review("sleep"))
    assert list(store.values("vote")) == [("title_abstract", record, "olga", "reviewer")]
    assert store.verify()[0].ok
    # the link is spent
    again = server.browser()
    again.get(link)
    assert again.get("/invitation/").status_code == 404


def test_an_account_sees_its_reviews_only_and_none_once_it_is_removed(
    server: Server, review_folder: Path, tmp_path: Path
) -> None:
    server.add("sleep", review_folder)
    server.add("other", review_folder)
    server.member("ada@example.org", "sleep", "ada")
    ben = server.member("ben@example.org", "sleep", "ben")
    server.member("cleo@example.org", "other", "cleo")
    ada, cleo = server.signed_in("ada@example.org"), server.signed_in("cleo@example.org")
    at_work = server.signed_in("ben@example.org")
    home = cleo.get("/").content.decode()
    assert "/r/other/" in home
    assert "/r/sleep/" not in home
    there, nowhere = cleo.get("/r/sleep/"), cleo.get("/r/there-is-none/")
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert there.content == nowhere.content  # nor is it told that there is such a review
    for path in ("overview", "flow", "records"):
        answer = cleo.get(f"/api/v1/reviews/sleep/{path}")
        assert (answer.status_code, answer.json()) == (
            404, {"message": "there is no such thing, or it is not yours"},
        )  # fmt: skip
    assert [each["id"] for each in cleo.get("/api/v1/reviews").json()["reviews"]] == ["other"]
    # removed by the owner: the next request is refused, the token too
    made = at_work.post(
        "/api/v1/tokens",
        json.dumps({"name": "mine", "scopes": ["read"], "review": "sleep"}),
        content_type="application/json",
    )
    program = server.program(made.json()["token"])
    assert program.get("/api/v1/reviews/sleep/overview").status_code == 200
    assert at_work.get("/r/sleep/").status_code == 200
    assert ada.post("/r/sleep/access/", {"what": "remove", "person": "ben"}).status_code == 302
    assert at_work.get("/r/sleep/").status_code == 404
    assert program.get("/api/v1/reviews/sleep/overview").status_code == 401
    assert place_of_account(ben, "sleep") is None
    assert at_work.get("/").status_code == 200
    # a person who left by the plan is out at once too, the account still being a member
    store = hosted_store(hosted_review("other"))
    key = ("review.toml",)
    plan = store.get("plan", key)
    text = str((plan.value or {})["text"]).replace(
        'name = "Cleo Name"', 'name = "Cleo Name"\nleft = "2026-02-01"'
    )
    assert cleo.get("/r/other/").status_code == 200
    store.put("plan", key, {"text": text}, actor="ada", act="plan change")
    assert cleo.get("/r/other/").status_code == 404
    assert "/r/other/" not in cleo.get("/").content.decode()
    # a closed account is nobody
    Account.objects.filter(email="ada@example.org").update(is_active=False)
    assert ada.get("/r/sleep/").status_code == 302


def test_the_account_side_works_on_postgresql(
    server_with: Callable[..., Server], postgresql: Any, review_folder: Path
) -> None:
    server = server_with(database=postgresql.new())
    assert "0001_initial" in bring_server_up_to_date(server.config)
    assert bring_server_up_to_date(server.config) == ()
    server.add("sleep", review_folder)
    link = invited(server, "Olga Owner", ("owner", "reviewer"), email="olga@example.org")
    server.member("olga@example.org")
    browser = server.signed_in("olga@example.org")
    browser.get(link)
    assert browser.post("/invitation/").headers["Location"] == "/r/sleep/"
    assert browser.get("/r/sleep/").status_code == 200
    browser.post("/reviews/sleep/delete/", {"name": "sleep"})
    assert browser.get("/r/sleep/").status_code == 404
    browser.post("/reviews/sleep/restore/")
    assert browser.get("/r/sleep/").status_code == 200
    server.config.file.touch(mode=0o600)
    found = {each.name: each for each in examine_server(server.config)}
    assert "PostgreSQL" in found["database"].words
    assert found["migrations"].state == "ok"
    file, _ = backup_server(server.config)
    assert file.suffix == ".dump"
    # a database that a newer version made is left alone
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied)"
            " VALUES ('evisynth_accounts', '9999_later', now())"
        )
    with pytest.raises(NewerSchemaError, match="9999_later"):
        bring_server_up_to_date(server.config)
