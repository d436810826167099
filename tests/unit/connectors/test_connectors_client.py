"""The client: patience with what passes, a message for what does not, and nothing secret told."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from evisynth.connectors import Client, Patience, own_hosts
from evisynth.connectors.requests import Request
from evisynth.errors import ServiceError

Make = Callable[..., Client]


def question(replay: Any, **kwargs: Any) -> Request:
    given = {"params": (("query", "walking"), ("cursorMark", "*"), ("pageSize", "5")), **kwargs}
    return Request("Europe PMC", replay.base("epmc") + "/search", **given)


def test_tells_who_asks(replay: Any, make_client: Make) -> None:
    make_client(contact="reviewer@example.org").send(question(replay))
    assert replay.asked[0].headers["user-agent"].startswith("Evisynth/")
    assert "mailto:reviewer@example.org" in replay.asked[0].headers["user-agent"]


@pytest.mark.parametrize("kind", ["429", "500", "503", "truncated", "cut", "html"])
def test_asks_again_when_the_fault_passes(
    replay: Any, make_client: Make, slept: list[float], kind: str
) -> None:
    replay.trouble("/search", kind, times=2)
    client = make_client()
    assert len(json.loads(client.send(question(replay)).body)["resultList"]["result"]) == 5
    assert len(replay.asked) == 3
    assert slept == [0.5, 1.0]  # doubled each time
    assert len(client.notes) == 2


def test_heeds_retry_after_in_seconds(replay: Any, make_client: Make, slept: list[float]) -> None:
    replay.trouble("/search", "429", wait="7")
    make_client().send(question(replay))
    assert slept == [7.0]


def test_heeds_retry_after_as_a_date(replay: Any, make_client: Make, slept: list[float]) -> None:
    now = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    replay.trouble("/search", "503", wait=format_datetime(now + timedelta(seconds=11), usegmt=True))
    make_client(now=lambda: now).send(question(replay))
    assert slept == [11.0]


def test_does_not_wait_for_hours(replay: Any, make_client: Make, slept: list[float]) -> None:
    replay.trouble("/search", "429", wait="7200")
    with pytest.raises(ServiceError, match="left alone for 7200 seconds") as caught:
        make_client().send(question(replay))
    assert caught.value.status == 429
    assert "run the same command again" in str(caught.value)
    assert slept == []


def test_gives_up_with_a_message(replay: Any, make_client: Make) -> None:
    replay.trouble("/search", "html", times=9)
    with pytest.raises(ServiceError, match=r"after 4 tries: a web page came where JSON was asked"):
        make_client().send(question(replay))
    assert len(replay.asked) == 4


def test_a_slow_body_is_given_up(replay: Any, make_client: Make) -> None:
    replay.trouble("/search", "slow", times=2, wait="0.8")
    client = make_client(patience=Patience(tries=2, first_wait=0.0, timeout=0.2))
    with pytest.raises(ServiceError, match=r"no answer within 0\.2 seconds"):
        client.send(question(replay))


def test_a_body_that_drips_has_an_end(replay: Any) -> None:
    ticks = iter(range(0, 100_000, 40))
    client = Client(
        own_hosts=own_hosts({"x": replay.url}),
        patience=Patience(tries=1, whole=30.0),
        sleep=lambda _: None,
        clock=lambda: float(next(ticks)),
    )
    with client, pytest.raises(ServiceError, match="not whole after 30 seconds"):
        client.send(question(replay))


def test_a_body_too_large_is_refused(replay: Any, make_client: Make) -> None:
    with pytest.raises(ServiceError, match="larger than 200 bytes"):
        make_client(patience=Patience(largest=200)).send(question(replay))
    assert len(replay.asked) == 1


def test_a_refusal_is_told_at_once(replay: Any, make_client: Make) -> None:
    request = Request("X", replay.base("nowhere"), params=(("q", "x"),))
    with pytest.raises(ServiceError, match=r"it answers 404: .*no such service") as caught:
        make_client().send(request)
    assert caught.value.status == 404
    assert len(replay.asked) == 1


def test_a_host_that_is_not_there(make_client: Make) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = make_client(patience=Patience(tries=2, first_wait=0.1))
    with pytest.raises(ServiceError, match=r"after 2 tries: .* cannot be reached"):
        client.send(Request("X", f"http://127.0.0.1:{port}/"))


def test_keeps_the_pace_of_a_host(replay: Any, make_client: Make, slept: list[float]) -> None:
    client = make_client()
    for _ in range(3):
        client.send(question(replay, interval=0.4))
    assert slept == [0.4, 0.4]
    client.set_pace(replay.url, 2.0)
    client.send(question(replay, interval=0.4))
    client.send(question(replay, interval=0.4))
    assert slept[-1] == 2.0


def test_follows_a_redirect_on_the_same_host(replay: Any, make_client: Make) -> None:
    target = f"{replay.url}/epmc/search?query=walking&cursorMark=*&pageSize=3"
    replay.trouble("/search", "redirect", wait=target)
    answer = make_client().send(question(replay))
    assert len(json.loads(answer.body)["resultList"]["result"]) == 3


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("http://elsewhere.example/login", "redirects to another host, elsewhere.example"),
        ("ftp://elsewhere.example/x", "redirects to ftp://elsewhere.example"),
        ("file:///etc/passwd", "redirects to file://"),
    ],
)
def test_does_not_follow_elsewhere(
    replay: Any, make_client: Make, target: str, message: str
) -> None:
    replay.trouble("/search", "redirect", wait=target)
    with pytest.raises(ServiceError, match=message):
        make_client().send(question(replay, secret_params=(("api_key", "sesame"),)))


def test_what_was_posted_is_not_sent_on(replay: Any, make_client: Make) -> None:
    replay.trouble("/search", "redirect", wait="/epmc/other")
    with pytest.raises(ServiceError, match="it is not sent there"):
        make_client().send(question(replay, method="POST"))


def test_redirects_have_an_end(replay: Any, make_client: Make) -> None:
    replay.trouble("/search", "redirect", times=99, wait="/epmc/search")
    with pytest.raises(ServiceError, match="more than 5 times"):
        make_client().send(question(replay))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/x.pdf", "http://localhost:9/x.pdf", "http://[::1]:9/x.pdf",
            "http://10.0.0.7/x.pdf", "http://169.254.169.254/latest/meta-data"],
)  # fmt: skip
def test_files_are_not_fetched_on_this_network(make_client: Make, url: str) -> None:
    """A service, or a redirect, must not make us read what only this machine can reach."""
    with pytest.raises(ServiceError, match="on this machine or its network"):
        make_client().send(Request("Unpaywall", url, expect="file", other_hosts=True))


def test_keys_are_in_no_log_error_or_address(
    replay: Any, make_client: Make, caplog: pytest.LogCaptureFixture
) -> None:
    replay.routes["/mirror"] = _mirror
    request = Request(
        "Mirror",
        replay.base("mirror"),
        params=(("q", "walking"),),
        secret_params=(("api_key", "sesame-1"),),
        secret_headers=(("X-ApiKey", "sesame-2"),),
    )
    with caplog.at_level(logging.DEBUG), pytest.raises(ServiceError) as caught:
        make_client().send(request)
    assert replay.asked[0].params["api_key"] == "sesame-1"
    assert replay.asked[0].headers["x-apikey"] == "sesame-2"
    told = caplog.text + str(caught.value) + repr(request) + request.shown
    assert "Mirror" in told
    assert "sesame" not in told


def _mirror(asked: Any) -> Any:
    """Answer with the keys that came, as some services do."""
    text = f"bad key {asked.params['api_key']} or {asked.headers['x-apikey']}"
    return type("Reply", (), {"body": text, "status": 403, "kind": "text/plain", "headers": {}})()
