"""The shell of a server: forged forms, headers, cookies, names, guessing, sizes, what is logged."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from tests.server.conftest import PASSWORD, Server
from tests.server.permissions import address_of
from tests.web.adversary import routes

from evisynth.actions import hosting
from evisynth.storage import Account

LOGIN = {"login": "ada@example.org", "password": PASSWORD}


def pages() -> list[str]:
    return [address_of(route) for route in sorted(set(routes()))
            if "/static/" not in route and not route.startswith("/api/")]  # fmt: skip


def test_a_post_without_the_token_of_the_form_is_refused_everywhere(team_server: Server) -> None:
    from django.test import Client

    forger = Client(enforce_csrf_checks=True, SERVER_NAME="reviews.example.org")
    ada = Account.objects.get(email="ada@example.org")
    forger.force_login(ada, "django.contrib.auth.backends.ModelBackend")
    wrong = {}
    for address in pages():
        status = forger.post(address, {"what": "x", "person": "ann"}).status_code
        if status != 403:
            wrong[address] = status
    assert wrong == {}
    body = json.dumps({"record": "r08", "verdict": "include"})
    address = "/api/v1/reviews/sleep/stages/title_abstract/decisions"
    assert forger.post(address, body, content_type="application/json").status_code == 401
    # the same with what the page gave is taken
    page = forger.get("/account/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    form = {"what": "name", "name": "Ada N.", "csrfmiddlewaretoken": token[1]}
    assert forger.post("/account/", form).status_code == 302


def test_every_answer_has_the_headers(team_server: Server) -> None:
    ada, anyone = team_server.signed_in("ada@example.org"), team_server.browser()
    odd = ["/health/", "/there/is/nothing", "/static/evisynth/css/evisynth.css", "/api/v1/nothing"]
    for browser in (ada, anyone):
        for address in (*pages(), *odd, "/api/v1/me", "/api/v1/docs"):
            answer = browser.get(address)
            policy = answer.headers["Content-Security-Policy"]
            text = "" if answer.streaming else answer.content.decode("utf-8", "replace")
            answer.close()
            assert "default-src 'none';" in policy, address
            scripts = re.search(r"script-src ([^;]*)", policy)
            assert scripts is None or scripts[1] in ("'self'", "'none'"), address
            assert "frame-ancestors" in policy, address
            assert "unsafe" not in policy, address
            assert answer.headers["X-Content-Type-Options"] == "nosniff", address
            if not address.startswith("/static/"):
                assert "no-store" in answer.headers["Cache-Control"], address
            if "html" in answer.headers.get("Content-Type", ""):
                assert "<style" not in text, address
                assert ' style="' not in text, address
                assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", text)
                assert not re.search(r'\son\w+="', text), address
    too_large = anyone.post("/", b"x", content_type="text/plain", CONTENT_LENGTH="999999999")
    assert too_large.status_code == 413
    assert "Content-Security-Policy" in too_large.headers
    # a form of the sign-in page leads to the institution
    login = anyone.get("/account/login/").headers["Content-Security-Policy"]
    assert "form-action 'self' https://login.example.edu;" in login


def test_cookies_are_kept_to_https_and_from_scripts(server_with: Callable[..., Server]) -> None:
    server = server_with(tls=True)
    server.member("ada@example.org")
    plain = server.browser()
    answer = plain.get("/account/login/")
    assert (answer.status_code, answer.headers["Location"]) == (
        301, "https://reviews.example.org/account/login/",
    )  # fmt: skip
    assert plain.get("/health/").content == b"ok\n"
    browser = server.browser(headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"})
    page = browser.get("/account/login/")
    assert page.status_code == 200
    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    before = browser.cookies.get("__Host-evisynth")
    answer = browser.post("/account/login/", LOGIN)
    assert answer.status_code == 302
    session, csrf = browser.cookies["__Host-evisynth"], browser.cookies["csrftoken"]
    assert (session["secure"], session["httponly"], session["samesite"], session["path"]) == (
        True, True, "Lax", "/",
    )  # fmt: skip
    assert not session["domain"]
    assert (csrf["secure"], csrf["samesite"]) == (True, "Lax")
    assert before is None or before.value != session.value
    # a new session and a new token at each sign-in
    was, token = session.value, csrf.value
    browser.post("/account/logout/")
    assert browser.get("/").headers["Location"].startswith("/account/login/")
    browser.post("/account/login/", LOGIN)
    assert browser.cookies["__Host-evisynth"].value != was
    assert browser.cookies["csrftoken"].value != token


def test_a_session_that_somebody_planted_is_not_the_one_after_sign_in(server: Server) -> None:
    server.member("ada@example.org")
    browser = server.browser()
    browser.get("/invitation/planted/")
    planted = browser.session.session_key
    assert browser.post("/account/login/", LOGIN).status_code == 302
    assert browser.session.session_key != planted
    other = server.browser()
    other.cookies["evisynth"] = planted
    assert other.get("/").status_code == 302


def test_another_name_is_refused(server: Server) -> None:
    browser = server.browser()
    for name in ("evil.example", "reviews.example.org.evil.example", "127.0.0.1"):
        assert browser.get("/account/login/", headers={"host": name}).status_code == 400
    answer = browser.get("/account/login/", headers={"X-Forwarded-Host": "evil.example"})
    assert b"evil" not in answer.content
    # where one goes on to stays on the server
    server.member("ada@example.org")
    answer = browser.post("/account/login/?next=https://evil.example/", LOGIN)
    assert answer.headers["Location"] == "/"


def test_guessing_passwords_is_stopped(server: Server) -> None:
    server.member("ada@example.org")
    server.member("ben@example.org")
    browser = server.browser()
    wrong = {**LOGIN, "password": "guess"}
    said = [browser.post("/account/login/", wrong).content.decode() for _ in range(6)]
    assert "Too many failed login attempts" in said[-1]
    assert not any("Too many" in each for each in said[:4])
    # the right one does not help either, nor another browser
    assert "Too many" in server.browser().post("/account/login/", LOGIN).content.decode()
    # and an unknown address is answered like a known one
    known = server.browser().post("/account/login/", {**wrong, "login": "ben@example.org"})
    nobody = server.browser().post("/account/login/", {**wrong, "login": "who@example.org"})
    cut = re.compile(r'value="[^"]*"|\w+@example.org')
    assert cut.sub("", known.content.decode()) == cut.sub("", nobody.content.decode())


def test_large_requests_are_refused_before_they_are_read(team_server: Server) -> None:
    ada = team_server.signed_in("ada@example.org")
    most = 3 * 1024 * 1024
    answer = ada.post("/api/v1/tokens", b"x" * (most + 1), content_type="application/json")
    assert (answer.status_code, answer.json()) == (
        413, {"message": "the request is larger than 3 MB"},
    )  # fmt: skip
    assert (
        ada.post("/r/sleep/import/", b"x" * (most + 1), content_type="text/plain").status_code
        == 413
    )
    odd = ada.post("/", b"", content_type="text/plain", CONTENT_LENGTH="many")
    assert odd.status_code == 400


def test_the_log_does_not_say_who_did_what(
    team_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    ada = team_server.signed_in("ada@example.org")
    with caplog.at_level(logging.INFO, "evisynth"):
        ada.get("/r/sleep/records/?q=secret+word", REMOTE_ADDR="192.0.2.7")
        ada.get("/r/sleep/records/one/?id=r01")
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("evisynth")]
    assert len(lines) == 2
    assert re.fullmatch(r"GET records 200 \d+ ms", lines[0])
    for word in ("secret", "ada", "192.0.2.7", "r01", "sleep"):
        assert not any(word in line for line in lines)


def test_a_second_factor_can_be_wanted_of_everybody(server_with: Callable[..., Server]) -> None:
    server = server_with(factor="required")
    server.member("ada@example.org")
    ada = server.signed_in("ada@example.org")
    assert ada.get("/").headers["Location"] == "/account/2fa/totp/activate/"
    assert ada.get("/api/v1/me").status_code == 403
    account = Account.objects.get(email="ada@example.org").pk
    program = server.program(hosting.make_token(account, "x", ["read"]).word)
    assert program.get("/api/v1/me").status_code == 403
    assert ada.get("/account/2fa/").status_code == 200


def test_everybody_can_make_an_account_where_that_is_said(
    server_with: Callable[..., Server],
) -> None:
    server = server_with(signup="open")
    browser = server.browser()
    form = {"email": "new@example.org", "name": "New", "password1": PASSWORD, "password2": PASSWORD}
    assert browser.post("/account/signup/", form).status_code == 302
    page: Any = browser.get("/")
    assert "of no review" in page.content.decode()


def test_sign_in_by_an_institution_begins_by_post_and_with_proof(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter

    monkeypatch.setattr(
        OpenIDConnectOAuth2Adapter,
        "openid_config",
        {"authorization_endpoint": "https://login.example.edu/auth", "issuer": "x",
         "token_endpoint": "https://login.example.edu/token",
         "userinfo_endpoint": "https://login.example.edu/me"},
    )  # fmt: skip
    browser = server.browser()
    assert "Example University" in browser.get("/account/login/").content.decode()
    address = "/account/oidc/uni/login/"
    assert browser.get(address).status_code == 200  # asks first: a link must not sign one in
    leads = browser.post(address).headers["Location"]
    assert leads.startswith("https://login.example.edu/auth?")
    for part in ("state=", "code_challenge=", "code_challenge_method=S256"):
        assert part in leads
    assert "callback" in leads
    # an answer that nobody asked for
    odd = browser.get("/account/oidc/uni/login/callback/?code=x&state=forged")
    assert odd.status_code in (200, 401)
    assert browser.get("/").status_code == 302
