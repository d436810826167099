"""The adversary: whoever looks sees the same, whatever a reviewer did on records still open.

Every page, link, form and call of the API is found by itself (the URL resolver, the OpenAPI
document, the links of what was answered), so that a new one is looked at too.
"""

from __future__ import annotations

import io
import itertools
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from tests.web.worlds import make_folder, make_world

MOST = 350
"""Addresses called for one person in one world."""

VALUES: dict[str, tuple[str, ...]] = {
    "stage": ("title_abstract", "full_text"),
    "record": ("r01", "r05", "r11"),
    "record_id": ("r01", "r05", "r11"),
    "id": ("r01", "r05", "r11"),
    "study": ("S1", "S2"),
    "study_id": ("S1", "S2"),
    "form": ("data",),
    "name": ("data",),
    "form_id": ("data",),
    "outcome": ("sleep",),
}
"""What the parts of addresses may be."""

ELSE = ("r05", "1", "x")

QUERIES = [
    *({"status": word, "state": word} for word in ("open", "included", "excluded", "conflict")),
    {"stage": "full_text", "status": "excluded", "state": "excluded"},
    {"q": "SECRET", "search": "SECRET", "words": "SECRET"}, {"tag": "SECRETbusy"},
    {"reason": "design"}, {"order": "status", "sort": "state"}, {"order": "-year", "sort": "-year"},
    {"person": "ben", "reviewer": "ben", "actor": "ben"}, {"verdict": "maybe"}, {"kind": "vote"},
    {"stage": "full_text", "record": "r01"}, {"stage": "title_abstract", "record": "r05"},
    {"limit": "100", "size": "100", "format": "csv"},
    {"id": "r01", "record": "r01"}, {"id": "r05", "record": "r05"},
    {"form": "data", "study": "S1", "outcome": "sleep"},
    {"form": "data", "study": "S2", "outcome": "sleep", "row": "sleep"},
]  # fmt: skip
"""What every page is asked for besides its own filters."""

NOT_THERE: set[str] = {"/api/v1/"}
"""Routes that have nothing to show in these worlds, such as a file that nobody uploaded."""

CHANGING = re.compile(
    r"[0-9a-f]{32}(-\w+)?(?=[\"'&])"  # ids of requests
    r"|(?<=csrfmiddlewaretoken\" value=\")\w+"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
    r"|\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?"
)


class Links(HTMLParser):
    """Addresses in a page, and its forms with what they would send."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[dict[str, Any]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        for name in ("href", "src", "hx-get", "data-src"):
            if given.get(name):
                self.links.append(given[name])
        if given.get("data-api"):
            self.links.append(given["data-api"])
        if tag == "form":
            self.forms.append(
                {"action": given.get("action", ""), "method": given.get("method", "get").lower(),
                 "fields": {}}
            )  # fmt: skip
        elif tag in ("input", "select", "textarea", "button") and self.forms and given.get("name"):
            fields = self.forms[-1]["fields"]
            if given.get("type") not in ("file",):
                fields.setdefault(given["name"], given.get("value", ""))
        elif tag == "option" and self.forms and given.get("value"):
            self.forms[-1].setdefault("options", []).append(given["value"])


def routes(patterns: list[Any] | None = None, before: str = "/") -> Iterator[str]:
    """Yield the addresses of all pages, with ``<name>`` for their parts."""
    for each in patterns if patterns is not None else get_resolver().url_patterns:
        text = str(each.pattern).replace("^", "").replace("$", "").replace("\\Z", "")
        text = re.sub(r"<(?:\w+:)?(\w+)>", r"<\1>", text)
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, before + text)
        elif isinstance(each, URLPattern):
            yield before + text


def filled(route: str, review: str) -> list[str]:
    """Return addresses of a route, with every value that its parts may have."""
    names = re.findall(r"<(\w+)>", route)
    made = []
    pools = [(review,) if name == "review_id" else VALUES.get(name, ELSE) for name in names]
    for values in itertools.product(*pools):
        address = route
        for name, value in zip(names, values, strict=True):
            address = address.replace(f"<{name}>", value)
        made.append(address)
    return made


def body_of(content: bytes, kind: str) -> object:
    """Return what an answer says, without what differs from moment to moment."""
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return {name: body_of(packed.read(name), "") for name in sorted(packed.namelist())}
    text = content.decode("utf-8", "replace")
    if "pdf" in kind or "image/png" in kind:
        return len(content) > 0
    return CHANGING.sub("·", text)


def described(review: str) -> list[str]:
    """Return the calls of the OpenAPI document that change nothing, with each allowed word."""
    from evisynth.web.api import api

    made = []
    for path, operations in api.get_openapi_schema()["paths"].items():
        if "get" not in operations:
            continue
        route = re.sub(r"{(\w+)}", r"<\1>", path)
        given = operations["get"].get("parameters", [])
        words = {
            each["name"]: each["schema"].get("enum")
            or VALUES.get(each["name"], {"boolean": ["true"]}.get(each["schema"].get("type"), ()))
            for each in given
            if each["in"] == "query"
        }
        for address in filled(route, review):
            made += [
                f"{address}?{urlencode({name: word})}" for name in words for word in words[name]
            ]
    return made


def bodies(review: str) -> Iterator[tuple[str, str, list[dict[str, object]]]]:
    """Yield method, address and bodies of the calls that may change something."""
    from evisynth.web.api import api

    schema = api.get_openapi_schema()

    def value(name: str, described: dict[str, Any], at: int) -> object:
        if "$ref" in described:
            return example(described, at)
        for choice in described.get("anyOf", ()):
            return value(name, choice, at)
        if "enum" in described:
            return described["enum"][at % len(described["enum"])]
        kind = described.get("type")
        if kind == "array":
            return [value(name.removesuffix("s"), described.get("items", {}), at)]
        if kind == "object":
            return {}
        if kind in ("integer", "number"):
            return described.get("default", 1)
        if kind == "boolean":
            return bool(at % 2)
        words = {"verdict": ("include", "exclude"), "request_id": (f"adversary{at}",)}
        return (*words.get(name, ()), *VALUES.get(name, ()), *ELSE)[
            at % len(words.get(name, VALUES.get(name, ELSE)))
        ]

    def example(described: dict[str, Any], at: int) -> dict[str, object]:
        named = schema["components"]["schemas"][described["$ref"].rsplit("/", 1)[1]]
        wanted = set(named.get("required", ())) | {"record", "verdict"}
        return {
            name: value(name, each, at)
            for name, each in named.get("properties", {}).items()
            if name in wanted
        }

    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            if method == "get":
                continue
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            for address in filled(re.sub(r"{(\w+)}", r"<\1>", path), review):
                some: list[dict[str, object]] = [{}]
                if content and "$ref" in content["schema"]:
                    some += [example(content["schema"], at) for at in range(3)]
                yield method, address, some


class Visitor:
    """Somebody who calls everything and keeps what was answered, in order."""

    def __init__(self, site: Any, person: str) -> None:
        self.site, self.client = site, site.client(person)
        self.seen: dict[str, object] = {}
        self.forms: dict[str, dict[str, Any]] = {}
        self.answered: set[str] = set()

    def call(self, address: str) -> None:
        """Get one address and keep the answer."""
        answer = self.client.get(address)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        kind = answer.headers.get("Content-Type", "")
        headers = {
            name: CHANGING.sub("·", value)
            for name, value in answer.headers.items()
            if name not in ("Set-Cookie", "Date", "Last-Modified") and content[:2] != b"PK"
        }
        self.seen[address] = (answer.status_code, headers, body_of(content, kind))
        if answer.status_code != 404:
            self.answered.add(address.partition("?")[0])
        if "html" in kind:
            found = Links(content.decode())
            self.links = [urljoin(address, link) for link in found.links]
            for form in found.forms:
                action = urljoin(address, form["action"]) if form["action"] else address
                if form["method"] == "post":
                    name = action + json.dumps(sorted(form["fields"]))
                    self.forms.setdefault(name, {**form, "action": action})
                else:
                    for value in form.get("options", ()):
                        for field in form["fields"]:
                            given = {**form["fields"], field: value}
                            self.links.append(f"{action.partition('?')[0]}?{urlencode(given)}")
        else:
            self.links = []

    def look_round(self) -> None:
        """Call all that can be found without changing anything."""
        review = self.site.store.name
        todo = []
        for route in routes():
            if "/static/" in route or "i18n" in route:
                continue
            some = filled(route, review)
            todo += some
            if "<review_id>" in route:
                # the first addresses of a route stand for it: they differ by the stage, if at all
                todo += [
                    f"{address}?{urlencode(query)}" for address in some[:2] for query in QUERIES
                ]
        todo += described(review)
        plain = [address for address in todo if "?" not in address]
        asked = [address for address in todo if "?" in address]
        for address in plain:
            self.call(address)
            for link in self.links:
                parts = urlsplit(link)
                local = parts.path + (f"?{parts.query}" if parts.query else "")
                ours = not parts.netloc and parts.path.startswith(("/r/", "/api/"))
                if ours and local not in self.seen and local not in plain and len(plain) < MOST:
                    plain.append(local)
        for address in asked:
            base, _, query = address.partition("?")
            status = self.seen[base]
            assert isinstance(status, tuple)
            named = any(
                f"{part}=" in query for part in ("record", "id", "study")
            )  # a page of one thing
            if status[0] not in (403, 405) and (status[0] != 404 or named):
                self.call(address)

    def act(self) -> None:
        """Do whatever can be done: every call, then every form that was seen."""
        for method, address, some in bodies(self.site.store.name):
            for number, body in enumerate(some):
                answer = getattr(self.client, method)(
                    address, json.dumps(body), content_type="application/json"
                )
                kept = body_of(answer.content, answer.headers.get("Content-Type", ""))
                self.seen[f"{method} {address} {number}"] = (answer.status_code, kept)
        for name in sorted(self.forms):
            form = self.forms[name]
            if not form["action"].startswith("/r/"):
                continue
            answer = self.client.post(form["action"], form["fields"])
            kept = (answer.status_code, answer.headers.get("Location", ""))
            self.seen[f"form {name}"] = (kept, body_of(answer.content, ""))


def differences(one: Visitor, two: Visitor) -> list[str]:
    """Name the addresses whose answers differ, with where."""
    found = []
    for address in sorted(one.seen.keys() | two.seen.keys()):
        left, right = one.seen.get(address), two.seen.get(address)
        if left == right:
            continue
        a, b = str(left), str(right)
        at = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), 0)
        found.append(
            f"{address}\n   {a[max(0, at - 80) : at + 120]}\n   {b[max(0, at - 80) : at + 120]}"
        )
    return found


PLANS = {
    "two votes": (2, "votes_needed = 2", "votes_needed = 2"),
    "three votes": (3, "votes_needed = 3", "votes_needed = 3"),
    "ranked": (2, 'votes_needed = 2\norder = "ranked"', "votes_needed = 2"),
    "discussion": (2, 'votes_needed = 2\nconflicts = "discussion"\nmaybe = "include"',
                   'votes_needed = 2\nconflicts = "discussion"'),
}  # fmt: skip


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    made: dict[tuple[str, str], Path] = {}

    def world(plan: str, secret: str) -> Path:
        if (plan, secret) not in made:
            votes, title_abstract, full_text = PLANS[plan]
            folder = tmp_path_factory.mktemp("world") / "review"
            make_folder(folder, title_abstract=title_abstract, full_text=full_text)
            made[plan, secret] = make_world(folder, secret, votes=votes)
        return made[plan, secret]

    return world


def visited(site: Any, folder: Path, person: str) -> Visitor:
    served = site(folder)
    visitor = Visitor(served, person)
    visitor.look_round()
    return visitor


WHO = [
    ("two votes", "ann"), ("two votes", "cleo"), ("two votes", "eve"), ("two votes", "hal"),
    ("two votes", "finn"), ("two votes", "gus"), ("three votes", "ann"), ("discussion", "ann"),
]  # fmt: skip


@pytest.mark.parametrize(("plan", "person"), WHO)
def test_nothing_that_anybody_sees_depends_on_what_another_did(
    plan: str, person: str, site: Any, worlds: Callable[[str, str], Path]
) -> None:
    plain = visited(site, worlds(plan, "plain"), person)
    busy = visited(site, worlds(plan, "busy"), person)
    assert not differences(plain, busy), "\n".join(differences(plain, busy)[:20])
    assert len(plain.seen) > 40
    echoes = [address for address in busy.seen if "SECRET" in address]
    assert "SECRET" not in str({at: said for at, said in busy.seen.items() if at not in echoes})


@pytest.mark.parametrize("person", ["ada", "dora", "ida"])
def test_those_who_see_complete_records_see_nothing_of_the_others(
    person: str, site: Any, worlds: Callable[[str, str], Path]
) -> None:
    """The history tells them that something was done; so the number of acts is the same here."""
    busy = visited(site, worlds("two votes", "busy"), person)
    mirror = visited(site, worlds("two votes", "mirror"), person)
    assert not differences(busy, mirror), "\n".join(differences(busy, mirror)[:20])


def test_whatever_one_does_the_answer_tells_nothing_of_another(site: Any, tmp_path: Path) -> None:
    """With three votes needed nothing that one person does completes a record."""
    made = []
    for secret in ("plain", "busy"):
        folder = tmp_path / secret / "review"
        make_folder(folder, title_abstract="votes_needed = 3", full_text="votes_needed = 3")
        make_world(folder, secret, votes=3)
        visitor = visited(site, folder, "ann")
        visitor.act()
        visitor.look_round()
        made.append(visitor)
    plain, busy = made
    assert not differences(plain, busy), "\n".join(differences(plain, busy)[:20])
    assert any(
        name.startswith("post ") and "(200," in str(said) for name, said in busy.seen.items()
    )


def test_a_ranked_queue_tells_nothing_of_another(
    site: Any, worlds: Callable[[str, str], Path]
) -> None:
    from evisynth.actions.team import wait_for_rankings

    orders = []
    for secret in ("plain", "busy"):
        served = site(worlds("ranked", secret))
        client = served.client("ann")
        for _ in range(2):
            answer = client.get(f"{served.api}/stages/title_abstract/queue")
            assert wait_for_rankings()
        orders.append(answer.json())
    assert orders[0] == orders[1]
    assert len(orders[0]["records"]) == 10
    # learned from Ann's one exclusion (animals) and what is settled: not the mixed order
    served = site(worlds("two votes", "plain"))
    mixed = served.client("ann").get(f"{served.api}/stages/title_abstract/queue").json()
    assert {made["id"] for made in mixed["records"]} == {
        made["id"] for made in answer.json()["records"]
    }
    assert mixed["records"] != answer.json()["records"]


def test_every_page_of_a_review_is_answered_for_somebody(
    site: Any, worlds: Callable[[str, str], Path]
) -> None:
    """A page that the adversary cannot open it cannot look at: give `VALUES` its parts."""
    folder = worlds("two votes", "busy")
    review = site(folder).store.name
    open_routes = set()
    for person in ("ada", "ann", "gus"):
        visitor = visited(site, folder, person)
        for route in routes():
            if any(address in visitor.answered for address in filled(route, review)):
                open_routes.add(route)
    ours = {route for route in routes() if route.startswith(("/r/", "/api/"))}
    assert ours - open_routes - NOT_THERE == set()


def test_the_adversary_sees_a_counter_that_betrays(
    site: Any, worlds: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def betrays(desk: Any) -> int:
        return sum(made.verdict == "exclude" for made in desk.board.decisions("title_abstract"))

    monkeypatch.setattr("evisynth.web.reviews.count_conflicts", betrays)
    made = []
    for secret in ("plain", "busy"):
        served = site(worlds("two votes", secret))
        visitor = Visitor(served, "ann")
        visitor.call(f"{served.base}/")
        made.append(visitor)
    assert len(differences(*made)) == 1
