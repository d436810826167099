"""Every page and call, found by the URL resolver and the OpenAPI document, and every role."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.server.conftest import ROLES, Server
from tests.server.permissions import (
    ACCOUNT,
    BODIES,
    CALLS,
    FILES,
    OPEN,
    PAGES,
    Need,
    address_of,
)
from tests.web.adversary import Links, bodies, filled, routes

from evisynth.actions.hosting import hosted_review
from evisynth.review import PERMISSIONS
from evisynth.web.accounts.seats import hosted_store

WAY_OUT = "add a line to tests/server/permissions.py"


def allowed(need: Need) -> set[str]:
    """The people of the server's review who may do one of the acts."""
    acts = (need,) if isinstance(need, str) else need
    roles = {role for act in acts for role in PERMISSIONS[act]}  # type: ignore[index]
    return {person for person, role in ROLES.items() if role in roles}


def shut(answer: Any) -> None:
    """Close the file that an answer would be read from."""
    if answer.streaming:
        answer.close()


def every_route() -> set[str]:
    return {route for route in routes() if "/static/" not in route}


def calls() -> dict[str, tuple[str, dict[str, object]]]:
    """One address and body for each call of the API about a review."""
    from evisynth.web.api import api

    found: dict[str, tuple[str, dict[str, object]]] = {}
    some = {(method, address): body for method, *_, address, body in bodies("sleep")}
    for path, operations in api.get_openapi_schema()["paths"].items():
        if "{review_id}" not in path:
            continue
        address = filled(re.sub(r"{(\w+)}", r"<\1>", path), "sleep")[0]
        for method, operation in operations.items():
            name = f"{method.upper()} {path}"
            query = "&".join(
                f"{each['name']}=r01"
                for each in operation.get("parameters", ())
                if each["in"] == "query" and each.get("required")
            )
            body = BODIES.get(name) or some.get((method, address), [{}])[-1]
            found[name] = (f"{address}?{query}" if query else address, body)
    return found


@pytest.fixture
def people(team_server: Server) -> dict[str, Any]:
    return {who: team_server.signed_in(f"{who}@example.org") for who in ROLES}


def test_every_page_and_call_has_its_line(team_server: Server) -> None:
    inside = {route for route in every_route() if route.startswith("/r/")}
    assert inside ^ set(PAGES) == set(), WAY_OUT
    assert set(calls()) ^ set(CALLS) == set(), WAY_OUT
    rest = {route for route in every_route() - inside if "<review_id>" not in route
            or not route.startswith("/api/")}  # fmt: skip
    assert rest ^ (OPEN | ACCOUNT) == set(), WAY_OUT


def test_pages_are_open_to_the_roles_of_the_table_and_their_forms_to_those_who_see_them(
    people: dict[str, Any], team_server: Server
) -> None:
    """Each form is sent by everybody who was not shown it; it must write nothing."""
    wrong = []
    seen: dict[str, set[str]] = {}
    forms: dict[str, dict[str, Any]] = {}
    for route, need in PAGES.items():
        address = filled(route, "sleep")[0]
        for who, browser in people.items():
            answer = browser.get(address)
            status = answer.status_code
            shut(answer)
            if (status != 403) != (who in allowed(need)) or status >= 500:
                wrong.append(f"{route} {ROLES[who]}: {status}, {need!r} is wanted")
            if "html" not in answer.headers.get("Content-Type", ""):
                continue
            for form in Links(answer.content.decode()).forms:
                action = form["action"] or address
                if form["method"] == "post" and action.startswith("/r/"):
                    key = json.dumps([action, sorted(form["fields"]), form["fields"].get("what")])
                    forms[key] = {"action": action, "fields": form["fields"]}
                    seen.setdefault(key, set()).add(who)
    assert wrong == []
    assert len(forms) > 15
    store = hosted_store(hosted_review("sleep"))
    for number, (key, form) in enumerate(forms.items()):
        for who in sorted(set(people) - seen[key]):
            before = store.head()
            sent = {**form["fields"], "request_id": f"{number}-{who}"}
            status = people[who].post(form["action"], sent).status_code
            if store.head() != before or status >= 500:
                wrong.append(f"{key} by {ROLES[who]}: {status}")
    assert wrong == []


def test_calls_are_open_to_the_roles_of_the_table_and_no_other(
    people: dict[str, Any], team_server: Server
) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    store = hosted_store(hosted_review("sleep"))
    wrong = []
    for name, (address, body) in calls().items():
        method = name.partition(" ")[0].lower()
        # those who may not come first: what the others do must not hide them
        for who in sorted(people, key=lambda each: each in allowed(CALLS[name])):
            before = store.head()
            if method == "get":
                answer = people[who].get(address)
            elif name in FILES:
                answer = people[who].post(address, {"files": SimpleUploadedFile("a.pdf", b"%PDF")})
            else:
                answer = getattr(people[who], method)(
                    address, json.dumps(body), content_type="application/json"
                )
            status = answer.status_code
            shut(answer)
            told = f"{name} {ROLES[who]}: {status}, {CALLS[name]!r} is wanted"
            if (status != 403) != (who in allowed(CALLS[name])) or status in (405, 500):
                wrong.append(told)
            if who not in allowed(CALLS[name]) and store.head() != before:
                wrong.append(f"{told}, and something was written")
    assert wrong == []


def test_who_is_not_of_the_team_finds_nothing(team_server: Server) -> None:
    stranger = team_server.signed_in("nobody@example.org")
    for route in PAGES:
        assert stranger.get(filled(route, "sleep")[0]).status_code == 404, route
        assert stranger.post(filled(route, "sleep")[0]).status_code == 404, route
    for name, (address, body) in calls().items():
        method = name.partition(" ")[0].lower()
        kind = {"content_type": "application/json"} if method != "get" else {}
        sent = json.dumps(body) if method != "get" else None
        answer = getattr(stranger, method)(address, sent, **kind)
        # a body that is none of this call's is refused before anybody is asked for
        assert answer.status_code == 404 or (answer.status_code == 422 and name in FILES), (
            name,
            answer.content,
        )
    for what in ("delete", "restore"):
        assert stranger.post(f"/reviews/sleep/{what}/", {"name": "sleep"}).status_code == 404


def test_nobody_comes_in_without_signing_in(team_server: Server) -> None:
    anyone = team_server.browser()
    for route in sorted(every_route() - OPEN):
        address = address_of(route)
        for answer in (anyone.get(address), anyone.post(address)):
            if address.startswith("/api/"):
                assert answer.status_code in (401, 404), (route, answer.status_code)
            else:
                leads = answer.headers.get("Location", "")
                assert answer.status_code in (302, 404), route
                assert leads.startswith("/account/") or answer.status_code == 404, route
    for route in sorted(OPEN):
        assert b"Two worlds" not in anyone.get(address_of(route)).content, route
