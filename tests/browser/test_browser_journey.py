"""One review from the first title to the document, by four people and the keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.browser.test_browser_extraction import LOW

from evisynth.actions import open_store, team
from evisynth.actions.team import Desk
from evisynth.actions.thaw import thaw_review
from evisynth.review import read_plan

Enter = Callable[..., Any]
WAIT = 25_000
"""Milliseconds that a page may take on a busy machine."""
BUILD = 240_000

PEOPLE = {
    "lia": ("owner", "lead"),
    "ann": ("reviewer", "extractor", "assessor"),
    "ben": ("reviewer", "extractor", "assessor"),
    "dora": ("adjudicator",),
}
PLAN = """
[review]
id = "journey"
title = "Walking and sleep: a systematic review"
date = "2026-01-01"
kind = "demonstration"
statement = "Made up."
[question]
text = "Does walking improve sleep?"
population = "Adults"
intervention = "Walking"
comparator = "None"
outcomes = "Sleep"
[criteria]
include = ["Randomized trial"]
exclude = ["Animals"]
[stages.title_abstract]
votes_needed = 2
[stages.title_abstract.reasons]
design = "Not randomized"
[stages.full_text]
votes_needed = 2
[stages.full_text.reasons]
numbers = "No numbers"
[[outcomes]]
id = "sleep"
label = "Sleep"
type = "continuous"
lower_is_better = true
[risk_of_bias]
instrument = "rob2-parallel-assignment"
[[analyses]]
id = "sleep"
title = "Sleep"
outcome = "sleep"
measure = "SMD"
"""
VOTES = {"ann": {"r1": "i", "r2": "i", "r3": "1"}, "ben": {"r1": "i", "r2": "1", "r3": "1"}}
VALUES = {"n1": "57", "mean1": "9.93", "sd1": "2.5", "n2": "57", "mean2": "10.28", "sd2": "2.64"}


@pytest.fixture
def review(tmp_path: Path, chromium: Any, serve: Callable[[Path], Any]) -> Any:
    folder = tmp_path / "review"
    search = folder / "searches" / "pubmed"
    search.mkdir(parents=True)
    people = "".join(
        f'[[people]]\nid = "{who}"\nname = "{who.title()} Name"\nroles = {list(roles)!r}\n'
        for who, roles in PEOPLE.items()
    ).replace("'", '"')
    (folder / "review.toml").write_text(PLAN + people, encoding="utf-8")
    (search / "search.toml").write_text(
        'name = "PubMed"\nkind = "database"\ndate = "2026-01-02"\n', encoding="utf-8"
    )
    (search / "export.ris").write_text(
        "\n".join(
            f"TY  - JOUR\nID  - r{number}\nAU  - Kim, A\nTI  - {title}\nAB  - A trial.\n"
            f"PY  - 201{number}\nJO  - Sleep\nER  - \n"
            for number, title in enumerate(("Walking at dusk", "Mice on a wheel", "Tea"), 1)
        ),
        encoding="utf-8",
    )
    thaw_review(folder)
    with open_store(folder / ".evisynth" / "review.db") as store:
        lead = next(each for each in read_plan(folder, []).people if each.id == "lia")
        team.make_form(Desk(store, folder, lead), "means", "scores")
    server = serve(folder)
    server.folder = folder
    return server


def press(page: Any, role: str, name: str) -> None:
    """Go to a link or button as the tabulator does, and press it."""
    page.get_by_role(role, name=name).first.focus()
    page.keyboard.press("Enter")


def all_sent(page: Any) -> None:
    page.evaluate("() => window.dispatchEvent(new Event('pagehide'))")
    page.wait_for_function(
        "() => Object.keys(localStorage).every((key) => !key.startsWith('evisynth.outbox'))"
    )


def screen(page: Any, base: str, stage: str, keys: dict[str, str]) -> None:
    page.goto(f"{base}screen/{stage}/")
    for _ in keys:
        page.wait_for_selector("#card:not([hidden])")
        record = str(page.text_content("#links .id")).strip()
        page.keyboard.press(keys[record])
        page.wait_for_function(
            "(old) => document.getElementById('card').hidden"
            " || document.querySelector('#links .id').textContent.trim() !== old",
            arg=record,
        )
    all_sent(page)


def extract(page: Any, base: str) -> None:
    page.goto(f"{base}extraction/?form=scores")
    press(page, "link", "Kim 2011")
    page.wait_for_selector("#timepoint")
    page.focus("#timepoint")
    page.keyboard.type("12 weeks")
    page.keyboard.press("Enter")
    page.wait_for_selector("#c-n1")
    page.wait_for_selector("#saving:has-text('All saved')")
    for cell, value in VALUES.items():
        page.focus(f"#c-{cell}")
        page.keyboard.type(value)
    page.keyboard.press("Tab")
    all_sent(page)
    page.focus("#finish button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/extraction/?form=scores")


def assess(page: Any, base: str) -> None:
    page.goto(f"{base}assessment/sheet/?study=Kim+2011&outcome=sleep")
    keys = {"Y": "1", "PY": "2", "PN": "3", "N": "4", "NI": "5"}
    for number, answer in LOW.items():
        box = page.locator(f'[data-question="{number}"] input[type=radio]').first
        box.wait_for(state="visible")
        box.focus()
        page.keyboard.press(keys[answer])
    page.wait_for_selector('[data-domain="overall"] [data-part=final]:has-text("Low risk")')
    all_sent(page)
    page.focus("#finish button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/assessment/?instrument=*")


def test_from_the_first_title_to_the_document(review: Any, enter: Enter) -> None:
    pages = {who: enter(review, f"{who.title()} Name") for who in PEOPLE}
    for page in pages.values():
        page.set_default_timeout(WAIT)
    base = pages["ann"].url.split("/r/")[0] + "/r/" + pages["ann"].url.split("/r/")[1].split("/")[0]
    base += "/"
    for who, keys in VOTES.items():
        screen(pages[who], base, "title_abstract", keys)
    # they differ on one record, which a third person settles
    page = pages["dora"]
    page.goto(f"{base}conflicts/one/?stage=title_abstract&record=r2")
    with page.expect_navigation():
        page.keyboard.press("1")
    for who in ("ann", "ben"):
        screen(pages[who], base, "full_text", {"r1": "i"})
    page = pages["lia"]
    page.goto(f"{base}studies/")
    press(page, "button", "Make each chosen a study of its own")
    page.wait_for_selector("a:has-text('Kim 2011')")
    for who in ("ann", "ben"):
        extract(pages[who], base)
        assess(pages[who], base)
    page = pages["ann"]
    page.goto(f"{base}extraction/compare/?form=scores&study=Kim+2011")
    press(page, "button", "Agree on 6 equal values")
    page.wait_for_selector(".head:has-text('all agreed')")
    page.goto(f"{base}assessment/compare/?study=Kim+2011&outcome=sleep")
    page.locator("#assessment button.primary").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/assessment/?instrument=*")
    # the document, as a web page only
    page = pages["lia"]
    page.goto(f"{base}document/")
    for name in ("Word", "PDF"):
        page.get_by_role("checkbox", name=name).focus()
        page.keyboard.press("Space")
    press(page, "button", "Build the document")
    page.wait_for_selector(".chip.include:has-text('up to date')", timeout=BUILD)
    text = page.frame_locator("iframe").locator("body").inner_text()
    for part in ("Walking and sleep", "Kim 2011", "−0.14 (95% CI", "Records excluded"):
        assert part in text, part
