"""The viewer in a real browser: reading, searching, notes, quotes and the decision, by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.actions_team.small_pdf import small_pdf
from tests.web.worlds import PEOPLE, desk, make_folder

from evisynth.actions import open_store, team
from evisynth.actions.thaw import thaw_review

Enter = Callable[..., Any]
LONG = 25_000
"""Milliseconds that a page may take: a viewer and its worker start slowly on a busy machine."""

READ = "/r/review/reports/read/r01/"
PAGES = [
    [f"Line {number} of page {page} tells of nothing." for number in range(30)]
    for page in range(1, 5)
]
PAGES[2][10:12] = ["Mean anxiety at twelve weeks was 9.93 in the walk-", "ing group. That is less."]


@pytest.fixture
def review(tmp_path: Path, chromium: Any, serve: Callable[[Path], Any]) -> Any:
    folder = make_folder(
        tmp_path / "review", title_abstract="votes_needed = 1", full_text="votes_needed = 2"
    )
    thaw_review(folder)
    with open_store(folder / ".evisynth" / "review.db") as store:
        desks = {who: desk(store, folder, who) for who in PEOPLE}
        for record in ("r01", "r02"):
            team.decide(desks["ann"], "title_abstract", record, "include")
            body = small_pdf(PAGES, javascript="app.alert('run'); this.print()")
            team.take_files(desks["ann"], [("paper.pdf", [body])], record=record)
        team.make_form(desks["ada"], "means", "scores")
    server = serve(folder)
    server.folder = folder
    return server


def kept(server: Any, kind: str) -> dict[tuple[str, ...], Any]:
    with open_store(server.folder / ".evisynth" / "review.db") as store:
        return dict(store.values(kind))


def opened(page: Any, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("#pdf-box[data-ready] .textLayer span")


def test_a_report_is_read_noted_and_decided_on_by_keyboard(review: Any, enter: Enter) -> None:
    page = enter(review, "Ann Name")
    page.set_default_timeout(LONG)
    alerts: list[str] = []

    def alerted(dialog: Any) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", alerted)
    opened(page, review.origin + READ)
    assert page.evaluate("document.activeElement.id") == "pdf-box"
    # pages by keys
    page.keyboard.press("j")
    page.wait_for_function("() => document.getElementById('pdf-page').value === '2'")
    page.keyboard.press("g")
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.getElementById('pdf-page').value === '4'")
    # words over the end of a line are found, and noted with the sentence that they are in
    page.keyboard.press("/")
    page.keyboard.type("WALKING group")
    page.keyboard.press("Enter")
    page.wait_for_selector(".pdf-mark.hit.here")
    assert page.text_content("#pdf-hits") == "1 of 1"
    assert page.input_value("#pdf-page") == "3"
    page.keyboard.press("Escape")
    zoom = page.text_content("#pdf-zoom")
    page.keyboard.press("+")
    page.wait_for_function("(old) => document.getElementById('pdf-zoom').textContent !== old",
                           arg=zoom)  # fmt: skip
    page.keyboard.press("n")
    page.wait_for_selector("#note-form:not([hidden])")
    page.keyboard.type("the number we want")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".note.own")
    page.wait_for_selector(".pdf-mark.own")
    note = next(iter(kept(review, "note").values()))
    assert note["quote"] == "Mean anxiety at twelve weeks was 9.93 in the walking group."
    assert (note["text"], note["page"], note["stage"]) == ("the number we want", "3", "full_text")
    # it is found again when the report is opened anew
    opened(page, review.origin + READ)
    page.click(".note.own button")
    page.wait_for_selector(".pdf-mark.own")
    # the decision with its one reason, and on to the next report
    page.keyboard.press("e")
    assert page.evaluate("document.activeElement.value") == "exclude:numbers"
    with page.expect_navigation():
        page.keyboard.press("2")
    assert page.url.endswith("/reports/read/r02/?decided=r01")
    page.wait_for_selector("#pdf-box[data-ready]")
    with page.expect_navigation():
        page.keyboard.press("u")
    page.wait_for_selector("#pdf-box[data-ready]")
    with page.expect_navigation():
        page.keyboard.press("i")
    votes = {key[1:]: value for key, value in kept(review, "vote").items() if key[0] == "full_text"}
    assert {key: value["verdict"] for key, value in votes.items()} == {
        ("r01", "ann", "reviewer"): "include"
    }
    assert alerts == []


def test_a_quote_goes_to_the_value_and_pages_fit_a_small_screen(review: Any, enter: Enter) -> None:
    page = enter(review, "Ann Name")
    page.set_default_timeout(LONG)
    page.goto(f"{review.origin}/r/review/extraction/sheet/?form=scores&study=S1&row=sleep")
    frame = page.frame_locator("#reader")
    frame.locator("#pdf-box[data-ready] .textLayer span").first.wait_for()
    page.focus("#c-mean1")
    page.keyboard.type("9.93")
    page.keyboard.press("Alt+r")
    page.keyboard.press("/")
    page.keyboard.type("twelve weeks")
    page.keyboard.press("Enter")
    frame.locator(".pdf-mark.hit.here").first.wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+r")
    frame.locator("#pdf-box:focus").wait_for()
    page.keyboard.press("q")
    page.wait_for_function("() => document.getElementById('source-quote').value !== ''")
    assert page.evaluate("document.activeElement.id") == "c-mean1"
    page.wait_for_function("() => document.getElementById('saving').textContent === 'All saved'")
    value = next(iter(kept(review, "extraction_value").values()))
    assert value["quote"] == "Mean anxiety at twelve weeks was 9.93 in the walking group."
    assert (value["page"], value["report"]) == ("3", "r01")
    assert value["place"].split(" ")[1].count("-") == 1
    # the place is shown again with the value
    page.goto(f"{review.origin}/r/review/extraction/sheet/?form=scores&study=S1&row=sleep")
    frame.locator("#pdf-box[data-ready] .textLayer span").first.wait_for()
    page.focus("#c-mean1")
    frame.locator(".pdf-mark.quote").first.wait_for()
    fit_a_small_screen(review, enter(review, "Ann Name", width=320, dark=True))


def fit_a_small_screen(review: Any, page: Any) -> None:
    page.set_default_timeout(LONG)
    for path in ("reports/", "reports/read/r01/", "reports/read/r02/?frame=1", "studies/",
                 "studies/one/?study=S1"):  # fmt: skip
        page.goto(f"{review.origin}/r/review/{path}")
        if "read" in path:
            page.wait_for_selector("#pdf-box[data-ready] .textLayer span")
        wide = page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert (path, wide) == (path, 0)
