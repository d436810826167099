"""A review served by another process, and Debian's Chromium to look at it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SERVE = """
import sys
from pathlib import Path
from evisynth.web import prepare, serve_review
folder = Path(sys.argv[1])
token = prepare(folder, str(folder / ".evisynth" / "review.db"), token="t")
serve_review(token, ready=lambda served: print(served.port, flush=True))
"""


class Server:
    """A review that another process serves."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(folder)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.process.stdout.close()
        assert line, "the server did not start"
        self.origin = f"http://127.0.0.1:{int(line)}"

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


@pytest.fixture
def serve() -> Iterator[Callable[[Path], Server]]:
    """Serves a folder whose database is there: (folder) to a `Server`."""
    running: list[Server] = []

    def start(folder: Path) -> Server:
        running.append(Server(folder))
        return running[-1]

    yield start
    for each in running:
        each.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's Chromium; where it or Playwright is missing the tests are skipped and say so."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if program is None:
        pytest.skip("Chromium is not installed (Debian, Ubuntu: apt install chromium)")
    # Playwright keeps an event loop in this thread, in which Django takes every call for a mistake
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def enter(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens a review as a person: (server, name of the person, width) to a page.

    What a page writes to its console, or does against the policy, is a failure.
    """
    contexts: list[Any] = []
    faults: list[str] = []

    def heard(said: Any) -> None:
        meant = ("net::ERR_FAILED", "status of 409")  # a test cut the network; a merge view
        if said.type == "error" and not any(word in said.text for word in meant):
            faults.append(said.text)

    def open_as(server: Server, name: str, *, width: int = 1280, dark: bool = False) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(8000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", heard)
        page.goto(f"{server.origin}/?token=t")
        page.get_by_role("button", name=name).click()
        page.wait_for_url("**/r/**")
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert faults == []
