"""Extraction and risk of bias in a real browser, by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.actions_team.extraction_world import open_world

from evisynth.actions import open_store, team
from evisynth.extraction import ValueEntry

Enter = Callable[..., Any]
KIM, ROW = "Kim 2018", "sleep @ 12 weeks"
SHEET = "/r/review/extraction/sheet/?form=scores&study=Kim+2018&row=sleep+%40+12+weeks"
LOW = {"1.1": "Y", "1.2": "Y", "1.3": "N", "2.1": "N", "2.2": "N", "2.6": "Y", "3.1": "Y",
       "4.1": "N", "4.2": "N", "4.3": "N", "5.1": "Y", "5.2": "N", "5.3": "N"}  # fmt: skip


@pytest.fixture
def review(tmp_path: Path, chromium: Any, serve: Callable[[Path], Any]) -> Any:
    folder = tmp_path / "review"
    desks = open_world(folder)
    team.make_form(desks["lia"], "means", "scores")
    for cell, text in {"n1": "57", "mean1": "9.93", "sd1": "2.5", "n2": "57", "mean2": "10.28",
                       "sd2": "2.64"}.items():  # fmt: skip
        team.save_value(desks["ben"], "scores", KIM, ROW, cell, ValueEntry(text), version=0)
    team.finish_extraction(desks["ben"], "scores", KIM)
    for number, answer in LOW.items():
        team.save_answer(desks["ben"], KIM, "sleep", number, answer, version=0)
    team.finish_assessment(desks["ben"], KIM, "sleep")
    server = serve(folder)
    server.folder = folder
    return server


def kept(server: Any, kind: str) -> dict[tuple[str, ...], Any]:
    with open_store(server.folder / ".evisynth" / "review.db") as store:
        return dict(store.values(kind))


def test_extraction_by_keyboard_offline_and_to_the_consensus(review: Any, enter: Enter) -> None:
    page = enter(review, "Ann Name")
    page.goto(review.origin + SHEET)
    page.wait_for_selector("#saving:has-text('All saved')")
    page.focus("#c-n1")
    for text in ("57", "9.93"):
        page.keyboard.type(text)
        page.keyboard.press("Tab" if text == "57" else "Alt+q")
        if text == "57":  # the grid goes by rows: control beside intervention
            page.focus("#c-mean1")
    page.keyboard.type("mean 9.93 (table 2)")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "c-mean1"
    # no network: nothing is lost, and it goes on when the page is loaded again
    page.context.route("**/api/**", lambda route: route.abort())
    page.focus("#c-n2")
    page.keyboard.type("57")
    page.focus("#c-mean2")
    page.keyboard.type("10.28")
    page.focus("#c-sd2")
    page.wait_for_selector("#saving.waiting")
    page.context.unroute("**/api/**")
    page.goto(review.origin + SHEET)
    page.wait_for_function(
        "() => Object.keys(localStorage).every((key) => !key.startsWith('evisynth.outbox'))"
    )
    assert page.input_value("#c-mean2") == "10.28"
    # a check while typing, and a conversion that is taken
    page.focus("#c-sd2")
    page.keyboard.type("-1")
    page.wait_for_selector("#findings .error:has-text('greater than 0')")
    page.keyboard.press("Control+a")
    page.keyboard.type("2.46")
    page.focus("#c-se1")
    page.keyboard.type("0.5")
    page.wait_for_selector("#offers button")
    page.focus("#offers button")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.getElementById('c-sd1').value.startsWith('3.77')")
    page.focus("#finish button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/extraction/?form=scores")
    values = kept(review, "extraction_value")
    assert values["scores", KIM, ROW, "mean1", "ann"]["quote"] == "mean 9.93 (table 2)"
    assert "√n" in values["scores", KIM, ROW, "sd1", "ann"]["how"]
    # side by side: equal ones at once, then 1 and 2, and a third
    page.goto(f"{review.origin}/r/review/extraction/compare/?form=scores&study=Kim+2018")
    page.get_by_role("button", name="Agree on 4 equal values").focus()
    page.keyboard.press("Enter")
    for key in ("2", "1"):
        page.wait_for_selector("[data-line][data-next]")
        before = page.locator(".chip.include").count()
        page.locator("[data-line][data-next]").focus()
        page.keyboard.press(key)
        page.wait_for_function(
            "(n) => document.querySelectorAll('.chip.include').length > n", arg=before
        )
    page.wait_for_selector("[data-line][data-next]")
    page.keyboard.press("e")
    page.keyboard.press("Control+a")
    page.keyboard.type("2.5")
    page.keyboard.press("Enter")
    page.wait_for_selector(".head:has-text('all agreed')")
    agreed = {
        key[3]: value.get("value", "")
        for key, value in kept(review, "extraction_consensus").items()
    }
    assert (agreed["mean2"], agreed["n1"]) == ("10.28", "57")
    assert "Kim 2018,sleep,12 weeks" in kept(review, "text")["extraction/scores.csv",]["text"]


def test_two_windows_of_one_person_get_a_merge_view(review: Any, enter: Enter) -> None:
    page = enter(review, "Ann Name")
    page.goto(review.origin + SHEET)
    other = page.context.new_page()
    other.goto(review.origin + SHEET)
    other.fill("#c-n1", "60")
    other.keyboard.press("Tab")
    other.wait_for_selector("#saving:has-text('All saved')")
    other.wait_for_function(
        "() => Object.keys(localStorage).every((key) => !key.startsWith('evisynth.outbox'))"
    )
    page.bring_to_front()
    page.focus("#c-n1")
    page.keyboard.type("61")
    page.keyboard.press("Tab")
    page.wait_for_selector("#merge[open]")
    assert page.text_content("#merge [data-part=theirs]") == "60"
    assert page.text_content("#merge [data-part=mine]") == "61"
    page.keyboard.press("Enter")
    page.wait_for_function(
        "() => Object.keys(localStorage).every((key) => !key.startsWith('evisynth.outbox'))"
    )
    assert kept(review, "extraction_value")["scores", KIM, ROW, "n1", "ann"]["value"] == "61"


def test_signalling_questions_by_keyboard(review: Any, enter: Enter) -> None:
    page = enter(review, "Ann Name")
    page.goto(f"{review.origin}/r/review/assessment/sheet/?study=Kim+2018&outcome=sleep")
    keys = {"Y": "1", "PY": "2", "PN": "3", "N": "4", "NI": "5"}
    for number, answer in LOW.items():
        given = "NI" if number == "1.2" else answer
        box = page.locator(f'[data-question="{number}"]')
        box.locator("input[type=radio]").first.wait_for(state="visible")
        box.locator("input[type=radio]").first.focus()
        page.keyboard.press(keys[given])
    page.wait_for_selector('[data-domain="overall"] [data-part=final]:has-text("Some concerns")')
    page.wait_for_function(
        "() => Object.keys(localStorage).every((key) => !key.startsWith('evisynth.outbox'))"
    )
    assert page.locator('[data-question="2.3"].not-asked').count() == 1
    page.focus("#finish button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/assessment/?instrument=*")
    page.goto(f"{review.origin}/r/review/assessment/compare/?study=Kim+2018&outcome=sleep")
    page.locator('[data-question="1.2"] input[type=radio]').first.focus()
    page.keyboard.press("1")
    page.wait_for_selector('[data-domain="overall"] [data-part=final]:has-text("Low risk")')
    page.locator("#assessment button.primary").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/assessment/?instrument=*")
    (agreed,) = kept(review, "assessment").values()
    assert (agreed["1.2"], agreed["assessor"]) == ("Y", "consensus")


@pytest.mark.parametrize("width", [1280, 320])
def test_no_page_is_wider_than_the_screen(review: Any, enter: Enter, width: int) -> None:
    page = enter(review, "Ann Name", width=width, dark=width == 320)
    for address in (
        "extraction/?form=scores", SHEET.removeprefix("/r/review/"), "forms/", "forms/scores/",
        "assessment/", "assessment/sheet/?study=Lee+2020&outcome=sleep", "extraction/workbook/",
    ):  # fmt: skip
        page.goto(f"{review.origin}/r/review/{address}")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 1, address
