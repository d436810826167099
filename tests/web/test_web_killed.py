"""The server of one's own machine, killed in the middle of work: nothing acknowledged is lost."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from tests.web.worlds import RECORDS, make_folder

from evisynth.actions import open_store
from evisynth.storage import Store

WHO = ("ann", "ben", "cleo")
ROUNDS = 3
GONE = (urllib.error.URLError, http.client.HTTPException, ConnectionError)
"""What a browser sees of a server that is killed."""


class Browser:
    """A browser with its cookies, at a server."""

    def __init__(self, url: str, person: str) -> None:
        self.origin = url.partition("/?")[0]
        self.cookies = CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies)
        )
        self.opener.open(url, timeout=60).read()
        self.opener.open(f"{self.origin}/who/", timeout=60).read()
        sent = urllib.parse.urlencode({"person": person, "csrfmiddlewaretoken": self.token})
        self.opener.open(f"{self.origin}/who/", sent.encode(), timeout=60).read()

    @property
    def token(self) -> str:
        return next(each.value or "" for each in self.cookies if each.name == "csrftoken")

    def post(self, path: str, body: dict[str, object]) -> Any:
        request = urllib.request.Request(
            self.origin + path, json.dumps(body).encode(),
            {"Content-Type": "application/json", "X-CSRFToken": self.token},
        )  # fmt: skip
        with self.opener.open(request, timeout=60) as answer:
            return json.loads(answer.read())


def start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Start the command as a person does; return the process and its address."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from evisynth.cli import main; main()", "serve", str(folder),
         "--port", "0", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        try:
            return process, str(json.loads(said)["url"])
        except ValueError:
            continue
    raise AssertionError(f"the server did not start: {said}")


def written(store: Store, sent: Iterable[str]) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return what was written of the acts that were sent: request, kind and key.

    One act may write more than one item, but nothing of an act may be there twice.
    """
    found = []
    for entry in store.history():
        request = entry.key[2] if entry.kind == "note" else entry.request
        if request in sent:
            found.append((str(request), entry.kind, tuple(entry.key)))
    return found


def test_kill_9_of_the_server_loses_nothing_acknowledged(tmp_path: Path) -> None:
    folder = make_folder(
        tmp_path / "review", title_abstract="votes_needed = 3", full_text="votes_needed = 3"
    )
    rng = random.Random(11)
    acknowledged: dict[str, dict[str, object]] = {}
    sent: dict[str, tuple[str, str, dict[str, object]]] = {}
    lock = threading.Lock()

    def work(url: str, who: str, turn: int) -> None:
        try:
            browser = Browser(url, who)
            for number in range(10_000):
                record = RECORDS[number % len(RECORDS)]
                request = f"{who}-{turn}-{number}"
                if number < len(RECORDS):
                    path = "stages/title_abstract/decisions"
                    body: dict[str, object] = {
                        "record": record, "verdict": "exclude" if turn % 2 else "include",
                    }  # fmt: skip
                else:
                    path, body = "records/note", {"record": record, "text": f"note {request}"}
                body["request_id"] = request
                with lock:
                    sent[request] = (who, path, body)
                try:
                    browser.post(f"/api/v1/reviews/worlds/{path}", body)
                except urllib.error.HTTPError as error:
                    assert error.code == 409  # noqa: PT017 - all have decided on the record
                    continue
                with lock:
                    acknowledged[request] = body
        except urllib.error.HTTPError:
            raise  # it is a kind of URLError, and no sign of a server that is gone
        except GONE:
            return

    for turn in range(ROUNDS):
        process, url = start(folder)
        before = len(acknowledged)
        threads = [threading.Thread(target=work, args=(url, who, turn)) for who in WHO]
        for thread in threads:
            thread.start()
        # a place in the work that no two runs share, not a moment
        enough = before + rng.randrange(4, 40)
        while len(acknowledged) < enough and any(thread.is_alive() for thread in threads):
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for thread in threads:
            thread.join()
        assert process.stdout is not None
        process.stdout.close()
        assert len(acknowledged) >= enough

    place = folder / ".evisynth" / "review.db"
    with open_store(place) as store:
        items = written(store, sent)
        assert set(acknowledged) <= {request for request, _, _ in items}
        assert len(items) == len(set(items))
        verification, apart = store.verify()
        assert verification.ok
        assert apart == ()

    # what was not acknowledged may be there or not; sent again, all is there once
    process, url = start(folder)
    browsers = {who: Browser(url, who) for who in WHO}
    for request in sorted(set(sent) - set(acknowledged))[:3] + sorted(acknowledged)[-3:]:
        who, path, body = sent[request]
        try:
            browsers[who].post(f"/api/v1/reviews/worlds/{path}", body)
        except urllib.error.HTTPError as error:
            assert error.code == 409  # noqa: PT017 - all have decided on the record by now
    process.terminate()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    with open_store(place) as store:
        again = written(store, sent)
        assert len(again) == len(set(again))
        assert set(items) <= set(again)
        assert store.verify()[0].ok
