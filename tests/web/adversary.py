"""Somebody who calls everything and keeps what was answered.

Every page, link, form and call of the API is found by itself (the URL resolver, the OpenAPI
document, the links of what was answered), so that a new one is looked at too.
"""

from __future__ import annotations

import functools
import io
import itertools
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
from django.core.handlers import wsgi
from django.http import QueryDict
from django.urls import URLPattern, URLResolver, get_resolver
from tests.web.worlds import NOTE, SHA256, TOKEN

from evisynth.actions.team.jobs import wait_for_jobs

__all__ = ["Visitor", "differences", "filled", "operations", "routes"]

MOST = 350
"""Addresses called for one person in one world, without what they are asked for."""

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
    "status": ("sought",),
    "report": ("r01",),
    "sha256": (SHA256,),
    "token": (TOKEN,),
    "note": (NOTE,),
    "first": ("r11",),
    "second": ("r12",),
}
"""What the parts of addresses may be."""

ELSE = ("r05", "1", "x")

QUERIES: list[dict[str, str]] = [
    *({"status": word, "state": word} for word in ("open", "included", "excluded", "conflict")),
    {"stage": "full_text", "status": "excluded", "state": "excluded"},
    {"q": "SECRET", "search": "SECRET", "words": "SECRET"}, {"tag": "SECRETbusy"},
    {"reason": "design"}, {"order": "status", "sort": "state"}, {"order": "-year", "sort": "-year"},
    {"person": "ben", "reviewer": "ben", "actor": "ben"}, {"verdict": "maybe"}, {"kind": "vote"},
    {"stage": "full_text", "record": "r01"}, {"stage": "title_abstract", "record": "r05"},
    {"limit": "100", "size": "100", "format": "csv"}, {"subject": "r05"},
    {"id": "r01", "record": "r01"}, {"id": "r05", "record": "r05"},
    {"form": "data", "study": "S1", "outcome": "sleep"},
    {"form": "data", "study": "S2", "outcome": "sleep", "row": "sleep"},
]  # fmt: skip
"""What every page that reads one of the names is asked for besides its own filters."""

CHANGING = re.compile(
    r"\b[a-z]?[0-9a-f]{32,64}(-\w+)?\b"  # ids of requests, hashes of the history
    r"|(?<=csrfmiddlewaretoken\" value=\")\w+"
    r"|(?<=[\">])\d\d:\d\d:\d\d(?= )"  # in the log of a job
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
    r"|\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?"
)

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
RIS = b"TY  - JOUR\nTI  - A title of the adversary\nAU  - Late, L\nPY  - 2020\nER  - \n"


def upload(kind: str) -> io.BytesIO:
    """Return a small file as a browser sends it."""
    file = io.BytesIO(PDF if kind == ".pdf" else RIS)
    file.name = f"late{kind}"
    return file


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
                 "fields": {}, "files": {}}
            )  # fmt: skip
        elif tag in ("input", "select", "textarea", "button") and self.forms and given.get("name"):
            if given.get("type") == "file":
                self.forms[-1]["files"][given["name"]] = given.get("accept", "")
            else:
                self.forms[-1]["fields"].setdefault(given["name"], given.get("value", ""))
        elif tag == "option" and self.forms and given.get("value"):
            self.forms[-1].setdefault("options", []).append(given["value"])


class Reading(QueryDict):
    """The query of a request, which keeps the names that it was asked for (``*``: for all)."""

    names: set[str] = set()  # noqa: RUF012 - of the request that is answered now

    def __getitem__(self, key: str) -> Any:
        self.names.add(key)
        return super().__getitem__(key)

    def getlist(self, key: str, default: Any = None) -> Any:
        self.names.add(key)
        return super().getlist(key, default)

    def __contains__(self, key: object) -> bool:
        self.names.add(str(key))
        return super().__contains__(key)

    def __iter__(self) -> Iterator[Any]:
        self.names.add("*")
        return super().__iter__()

    def lists(self) -> Any:
        self.names.add("*")
        return super().lists()

    def keys(self) -> Any:
        self.names.add("*")
        return super().keys()


@contextmanager
def reading() -> Iterator[set[str]]:
    """Keep what the pages that are called within ask of their queries."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wsgi, "QueryDict", Reading)
        Reading.names.clear()
        yield Reading.names


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
            # lines of a table stand by their ids, some of which are drawn
            return {
                name: sorted(str(body_of(packed.read(name), "")).splitlines())
                for name in sorted(packed.namelist())
            }
    text = content.decode("utf-8", "replace")
    if "pdf" in kind or "image/png" in kind:
        return len(content) > 0
    # a check of the history runs while others write: how many entries it saw is a matter of moment
    text = re.sub(r'("entries": |<dt>Entries</dt><dd>)\d+', r"\1·", text)
    return CHANGING.sub("·", text)


def of_exports(said: object) -> object:
    """Return what a list of exports says: in order of the alphabet, as files of one second are in
    none, and without the size of what is packed, which goes with the time written in it."""
    if not isinstance(said, str):
        return said
    return sorted(re.findall(r"[\w.:-]+", re.sub(r'"size": \d+', "", said)))


@functools.cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    from evisynth.web.api import api

    made: dict[str, Any] = api.get_openapi_schema()
    return made


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield method, route and description of every call of the API."""
    for path, described in document()["paths"].items():
        for method, operation in described.items():
            yield method, re.sub(r"{(\w+)}", r"<\1>", path), operation


@functools.cache
def parameters(review: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return what the calls that change nothing may be asked for: address, name, words."""
    made: dict[str, dict[str, tuple[str, ...]]] = {}
    for method, route, operation in operations():
        if method != "get":
            continue
        words = {
            each["name"]: tuple(
                each["schema"].get("enum")
                or VALUES.get(
                    each["name"], {"boolean": ("true",)}.get(each["schema"].get("type"), ())
                )
            )
            for each in operation.get("parameters", [])
            if each["in"] == "query"
        }
        for address in filled(route, review):
            made[address] = words
    return made


def wants_files(operation: dict[str, Any]) -> list[str]:
    """Return the names under which a call takes files."""
    content = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data", {})
    fields = content.get("schema", {}).get("properties", {})
    return [name for name, each in fields.items() if "binary" in json.dumps(each)]


def bodies(
    review: str,
) -> Iterator[tuple[str, str, dict[str, Any], str, list[dict[str, object]]]]:
    """Yield method, route, description, address and bodies of the calls that change something."""

    def value(name: str, described: dict[str, Any], at: int, request: str) -> object:
        if "$ref" in described:
            return example(described, at, request)
        for choice in described.get("anyOf", ()):
            return value(name, choice, at, request)
        if "enum" in described:
            return described["enum"][at % len(described["enum"])]
        kind = described.get("type")
        if kind == "array":
            return [value(name.removesuffix("s"), described.get("items", {}), at, request)]
        if kind == "object":
            return {}
        if kind in ("integer", "number"):
            return described.get("default", 1)
        if kind == "boolean":
            return bool(at % 2)
        if name == "request_id":
            return request
        words = {"verdict": ("include", "exclude")}.get(name) or VALUES.get(name, ELSE)
        return words[at % len(words)]

    def example(described: dict[str, Any], at: int, request: str) -> dict[str, object]:
        named = document()["components"]["schemas"][described["$ref"].rsplit("/", 1)[1]]
        wanted = set(named.get("required", ())) | {"record", "verdict", "request_id"}
        return {
            name: value(name, each, at, request)
            for name, each in named.get("properties", {}).items()
            if name in wanted
        }

    for method, route, operation in operations():
        if method == "get":
            continue
        content = operation.get("requestBody", {}).get("content", {})
        for address in filled(route, review):
            some: list[dict[str, object]] = [{}]
            made = content.get("application/json", {}).get("schema", {})
            if "$ref" in made:
                request = f"adversary{zlib.crc32(address.encode())}"
                some += [example(made, at, f"{request}-{at}") for at in range(3)]
            yield method, route, operation, address, some


class Visitor:
    """Somebody who calls everything and keeps what was answered, in order.

    Attributes
    ----------
    seen
        What was answered, by address (after a change: with the method and a number).
    answered
        Addresses at which there is something.
    reached
        Calls of the API, as (method, route), that got as far as the rules of the act.
    """

    def __init__(self, site: Any, person: str) -> None:
        self.site, self.client = site, site.client(person)
        self.review: str = site.store.name
        self.seen: dict[str, tuple[object, ...]] = {}
        self.forms: dict[str, dict[str, Any]] = {}
        self.answered: set[str] = set()
        self.reached: set[tuple[str, str]] = set()
        self.links: list[str] = []

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
        named = CHANGING.sub("·", address)
        said = body_of(content, kind)
        if "/export" in address and "/file" not in address:
            said = of_exports(said)
            headers.pop("Content-Length", None)
        self.seen[named] = (answer.status_code, headers, said)
        if answer.status_code != 404:
            self.answered.add(address.partition("?")[0])
        self.links = []
        if "html" not in kind:
            return
        found = Links(content.decode())
        self.links = [urljoin(address, link) for link in found.links]
        for form in found.forms:
            action = urljoin(address, form["action"]) if form["action"] else address
            if form["method"] == "post":
                name = action + json.dumps(sorted(form["fields"]))
                self.forms.setdefault(name, {**form, "action": action})
            else:
                for word in form.get("options", ()):
                    for field in form["fields"]:
                        given = {**form["fields"], field: word}
                        self.links.append(f"{action.partition('?')[0]}?{urlencode(given)}")

    def look_round(self, *, asking: bool = True) -> None:
        """Call all that can be found without changing anything.

        Parameters
        ----------
        asking
            Whether the pages are also asked for one thing and another (`QUERIES`).
        """
        wide = [
            route for route in routes() if "/static/" not in route and "i18n" not in route
        ]  # fmt: skip
        todo = [address for route in wide for address in filled(route, self.review)]
        there = set(todo)
        read: dict[str, set[str]] = {}
        with reading() as names:
            for address in todo:
                names.clear()
                self.call(address)
                read.setdefault(address.partition("?")[0], set()).update(names)
                for link in self.links:
                    parts = urlsplit(link)
                    local = parts.path + (f"?{parts.query}" if parts.query else "")
                    ours = not parts.netloc and parts.path.startswith(("/r/", "/api/"))
                    if ours and local not in there and len(todo) < MOST:
                        todo.append(local)
                        there.add(local)
            if asking:
                # the first addresses of a route stand for it: they differ by the stage, if at all
                some = [at for route in wide for at in filled(route, self.review)[:2]]
                for address in dict.fromkeys([*some, *parameters(self.review)]):
                    self._ask(address, names, read[address])

    def _ask(self, address: str, names: set[str], read: set[str]) -> None:
        """Ask a page for everything that it may be asked for."""
        status = self.seen[CHANGING.sub("·", address)][0]
        if status in (403, 405):
            return
        words = parameters(self.review).get(address, {})
        questions = [f"{name}={word}" for name in words for word in words[name]]
        api = "/api/" in address  # its calls take what they describe, and nothing else
        if api:
            read |= set(words)
        questions += [urlencode(query) for query in QUERIES]
        asked = True
        while asked:
            asked = False  # an answer may have read a name that no answer before did
            for question in questions:
                given = {name for name, _ in parse_qsl(question)}
                whole = f"{address}?{question}"
                if whole in self.seen or not (given & read or ("*" in read and not api)):
                    continue
                # a page of one thing is not there until it is named
                if status == 404 and not given & {"record", "id", "study"}:
                    continue
                names.clear()
                self.call(whole)
                read |= names
                asked = True

    def act(self, but: Iterable[str] = ()) -> None:
        """Do whatever can be done: every call, then every form that was seen.

        Parameters
        ----------
        but
            Parts of the addresses that are left out.
        """
        for method, route, operation, address, some in bodies(self.review):
            if any(word in address for word in but):
                continue
            for number, body in enumerate(some):
                if names := wants_files(operation):
                    answer = self.client.post(address, {name: upload(".pdf") for name in names})
                else:
                    answer = getattr(self.client, method)(
                        address, json.dumps(body), content_type="application/json"
                    )
                self._keep(f"{method} {address} {number}", answer, (method, route))
        for route in routes():  # what no form on a page sends
            for address in filled(route, self.review)[:1]:
                if address.startswith("/r/") and not any(word in address for word in but):
                    self._keep(f"post {address}", self.client.post(address), ("post", route))
        for name in sorted(self.forms):
            form = self.forms[name]
            # the form of exports is one, whatever its page was asked for; twenty are kept
            left_out = any(word in form["action"] for word in (*but, "/export/?"))
            if not form["action"].startswith("/r/") or left_out:
                continue
            files = {
                field: upload(".pdf" if "pdf" in accept else ".ris")
                for field, accept in form["files"].items()
            }
            answer = self.client.post(form["action"], {**form["fields"], **files})
            self._keep(f"form {name}", answer, None)

    def _keep(self, name: str, answer: Any, route: tuple[str, str] | None) -> None:
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert wait_for_jobs(), name  # two at once of a kind are refused
        kept = body_of(content, answer.headers.get("Content-Type", ""))
        if "/export" in name:
            kept = of_exports(kept)
        if name.endswith(("/check/", *(f"/check {at}" for at in range(9)))):
            kept = ""  # under way or done, as fast as it was; what it found is looked at later
        where = CHANGING.sub("·", answer.headers.get("Location", ""))
        self.seen[CHANGING.sub("·", name)] = (answer.status_code, where, kept)
        if route and (answer.status_code < 400 or answer.status_code in (403, 409)):
            self.reached.add(route)


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
