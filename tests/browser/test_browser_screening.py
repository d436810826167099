"""Screening in a real browser, by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.web.worlds import make_folder

from evisynth.actions import open_store
from evisynth.actions.thaw import thaw_review

Enter = Callable[..., Any]


@pytest.fixture
def review(tmp_path: Path, chromium: Any, serve: Callable[[Path], Any]) -> Any:
    folder = make_folder(
        tmp_path / "review", title_abstract="votes_needed = 2", full_text="votes_needed = 2"
    )
    thaw_review(folder)
    server = serve(folder)
    server.folder = folder
    return server


def votes(server: Any) -> dict[tuple[str, ...], str]:
    with open_store(server.folder / ".evisynth" / "review.db") as store:
        return {key: str(value["verdict"]) for key, value in store.values("vote").items()}


def sent(page: Any) -> None:
    """Wait until all is sent; the newest decision is held for undo until the page is left."""
    page.evaluate("() => window.dispatchEvent(new Event('pagehide'))")
    page.wait_for_function(
        "() => Object.keys(localStorage).every((key) => !key.startsWith('evisynth.outbox'))",
        timeout=12_000,
    )


def test_two_people_screen_and_a_third_settles_by_keyboard(review: Any, enter: Enter) -> None:
    made: dict[str, dict[str, str]] = {}
    for name, keys in (("Ann", "ie1mi"), ("Ben", "eieie")):
        page = enter(review, f"{name} Name")
        page.goto(f"{review.origin}/r/review/screen/title_abstract/")
        page.wait_for_selector("#card:not([hidden])")
        for key in keys:
            title = page.text_content("#title")
            record = str(page.text_content("#links .id"))
            page.keyboard.press(key)
            page.wait_for_function(
                "(old) => document.getElementById('title').textContent !== old", arg=title
            )
            made.setdefault(name.lower(), {})[record] = key
        # undo takes the last one back before it was sent, and it can be made otherwise
        page.keyboard.press("u")
        page.wait_for_function(
            "(old) => document.getElementById('title').textContent === old", arg=title
        )
        page.keyboard.press("2")
        made[name.lower()][record] = "2"
        sent(page)
        page.close()
    there = votes(review)
    words = {"i": "include", "e": "exclude", "m": "maybe", "1": "exclude", "2": "exclude"}
    assert there == {
        ("title_abstract", record, who, "reviewer"): words[key]
        for who, keys in made.items()
        for record, key in keys.items()
    }

    # make one conflict that is sure, then settle it
    with open_store(review.folder / ".evisynth" / "review.db") as store:
        for who, verdict in (("ann", "include"), ("ben", "exclude")):
            for record in ("r13", "r14"):
                store.put(
                    "vote", ("title_abstract", record, who, "reviewer"), {"verdict": verdict},
                    actor=who, act="decide",
                )  # fmt: skip
    page = enter(review, "Dora Name")
    page.goto(f"{review.origin}/r/review/conflicts/one/?stage=title_abstract&record=r13")
    page.keyboard.press("n")
    page.keyboard.type("include it")
    page.keyboard.press("Escape")
    with page.expect_navigation():
        page.keyboard.press("i")
    assert "record=r14" in page.url
    with page.expect_navigation():
        page.keyboard.press("2")
    assert "/conflicts/" in page.url
    there = votes(review)
    assert there["title_abstract", "r13", "dora", "adjudicator"] == "include"
    assert there["title_abstract", "r14", "dora", "adjudicator"] == "exclude"


def test_a_decision_made_without_network_is_sent_later(review: Any, enter: Enter) -> None:
    page = enter(review, "Ann Name")
    page.goto(f"{review.origin}/r/review/screen/title_abstract/")
    page.wait_for_selector("#card:not([hidden])")
    page.route("**/decisions", lambda route: route.abort())
    for _ in range(3):
        page.keyboard.press("i")
    page.wait_for_selector("#offline:not([hidden])")
    assert votes(review) == {}
    page.unroute("**/decisions")
    page.reload()
    page.wait_for_selector("#card:not([hidden])")
    sent(page)
    assert len(votes(review)) == 3


@pytest.mark.parametrize("path", ["conflicts/", "agreement/", "stopping/", "pilot/"])
def test_pages_fit_a_small_screen(review: Any, enter: Enter, path: str) -> None:
    page = enter(review, "Ada Name", width=320, dark=True)
    page.goto(f"{review.origin}/r/review/{path}")
    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide == 0
