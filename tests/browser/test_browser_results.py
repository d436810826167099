"""Duplicates by keyboard, an analysis looked at and saved, a document read, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.actions_team.test_team_duplicates import entry
from tests.web.worlds import make_folder

from evisynth.actions import open_store
from evisynth.actions.thaw import thaw_review

Enter = Callable[..., Any]


@pytest.fixture
def pairs(tmp_path: Path, chromium: Any, serve: Callable[[Path], Any]) -> Any:
    folder = make_folder(tmp_path / "review", title_abstract="votes_needed = 2")
    search = folder / "searches" / "pubmed"
    bare = {"volume": "", "page": ""}
    titles = {
        "d": ("Effects of an online support group on mood and participation in women", "Klemm, P"),
        "e": ("A feasibility study of yoga at home during treatment in older men", "Roth, B"),
    }
    text = "\n\n".join(
        entry(f"{name}{end}", f"{title} {words}", author=author, abstract=title, **bare)
        for name, (title, author) in titles.items()
        for end, words in (("1", "in practice"), ("2", "with breast cancer"))
    )
    (search / "export.ris").write_text(f"{text}\n", encoding="utf-8")
    (search / "search.toml").write_text('name = "PubMed"\nkind = "database"\n', encoding="utf-8")
    (folder / "studies" / "studies.csv").unlink()
    open_store(folder / ".evisynth" / "review.db").close()
    thaw_review(folder)
    server = serve(folder)
    server.folder = folder
    return server


def test_pairs_are_decided_on_by_keyboard(pairs: Any, enter: Enter) -> None:
    page = enter(pairs, "Gus Name")
    page.get_by_role("link", name="Duplicates").click()
    page.get_by_role("button", name="Compare all records").click()
    page.get_by_role("link", name="Start with the first").click()
    page.wait_for_selector("ins, del")
    first = page.url
    page.keyboard.press("k")
    page.wait_for_function("(old) => location.href !== old", arg=first)
    page.keyboard.press("k")
    page.wait_for_url(first)
    page.keyboard.press("y")
    page.wait_for_selector("[data-press-key=u]")
    page.keyboard.press("u")
    page.wait_for_url(first)
    page.keyboard.press("y")
    page.wait_for_selector("[data-press-key=u]")
    page.keyboard.press("n")
    page.wait_for_url("**/duplicates/decided/")
    with open_store(pairs.folder / ".evisynth" / "review.db") as store:
        said = {key: value["decision"] for key, value in store.values("duplicate_decision").items()}
        assert sorted(said.values()) == ["different", "report"]
        assert len(store.values("duplicate")) == 1


def test_an_analysis_is_looked_at_and_saved(
    small: Path, chromium: Any, serve: Callable[[Path], Any], enter: Enter
) -> None:
    open_store(small / ".evisynth" / "review.db").close()
    thaw_review(small)
    server = serve(small)
    page = enter(server, "Reviewer 1", width=320, dark=True)
    page.goto(page.url.split("/r/")[0] + "/r/" + page.url.split("/r/")[1].split("/")[0]
              + "/analysis/")  # fmt: skip
    page.select_option("#tau2", "DL")
    page.get_by_role("button", name="Show").click()
    page.wait_for_function(
        "() => { const made = document.querySelector('.plot img');"
        " return made && made.complete && made.naturalWidth > 0 }"
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.fill("#reason", "the protocol says so")
    page.get_by_role("button", name="Change the plan").click()
    page.wait_for_selector("text=The plan has the analysis as it is shown")
    with open_store(small / ".evisynth" / "review.db") as store:
        assert 'tau2 = "DL"' in str(store.get("plan", ("review.toml",)).value)
