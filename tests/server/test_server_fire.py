"""The API under fire: whatever is sent, no answer is a fault of the server."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from tests.server.conftest import Server

EXAMPLES = 3
"""For each call; the same on each run."""


def _sendable(text: object) -> str:
    """What can be written into an address: lone surrogates cannot."""
    return str(text).encode("utf-8", "replace").decode("utf-8")


def fire(browser: Any, case: Any) -> Any:
    """Send one made-up request."""
    path = case.path
    for name, value in (case.path_parameters or {}).items():
        path = path.replace(f"{{{name}}}", quote(_sendable(value), safe=""))
    path = path.replace("\x00", "")
    query = urlencode({k: _sendable(v) for k, v in (case.query or {}).items()}, doseq=True)
    address = f"{path}?{query}" if query else path
    method = getattr(browser, case.method.lower())
    if case.method == "GET":
        return method(address)
    kind = case.media_type or "application/json"
    body = case.body
    if kind == "application/json":
        missing = type(body).__name__ == "NotSet"
        return method(address, "" if missing else json.dumps(body), content_type=kind)
    return method(address, "x", content_type=f"{kind}; boundary=b")


def test_no_request_ends_in_a_fault(team_server: Server) -> None:
    from evisynth.web.api import api

    # as programs get it
    document = json.loads(json.dumps(api.get_openapi_schema(), default=str))
    browser = team_server.signed_in("ada@example.org")
    browser.raise_request_exception = False
    faults: list[str] = []
    sent = 0
    for result in schemathesis.openapi.from_dict(document).get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]

        def shoot(case: Any) -> None:
            nonlocal sent
            sent += 1
            case.path_parameters = {
                **(case.path_parameters or {}),
                # half of them at the review that is there
                **({"review_id": "sleep"} if sent % 2 and "review_id" in case.path else {}),
            }
            answer = fire(browser, case)
            if answer.streaming:
                answer.close()
            if answer.status_code >= 500:
                error = answer.exc_info[1] if getattr(answer, "exc_info", None) else ""
                faults.append(f"{case.method} {case.path} {case.body!r:.200}: {error!r}")

        run = given(case=operation.as_strategy())(shoot)
        settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )(run)()
    assert faults == []
    assert sent > 300
