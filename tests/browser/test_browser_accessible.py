"""Every page of the navigation for everybody: axe finds nothing serious, and 320 px are enough."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.web.worlds import make_folder, make_world

Enter = Callable[..., Any]

DEEPER = {
    "ada": ("records/one/?id=r01", "import/", "forms/data/", "people/one/?id=ben",
            "people/leaving/?id=ben", "stages/?stage=title_abstract", "blinding/open/",
            "history/verify/", "settings"),
    "ann": (
        "records/one/?id=r11", "extraction/sheet/?form=data&study=S1&row=sleep",
        "assessment/sheet/?study=S1&outcome=sleep", "reports/read/r01/",
        "screen/title_abstract/mine/", "studies/one/?study=S1",
    ),
    "gus": ("records/many/", "duplicates/decided/"),
    "dora": ("conflicts/one/?stage=title_abstract&record=r03",),
}  # fmt: skip
"""Pages that the navigation does not name; the rest is found in it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_folder(
        tmp_path_factory.mktemp("accessible") / "review",
        title_abstract="votes_needed = 2", full_text="votes_needed = 2",
    )  # fmt: skip
    return make_world(made, "busy", votes=2)


def serious(page: Any) -> list[str]:
    """Return what axe finds serious or critical."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    )
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['html'][:160]} ({node.get('failureSummary', '')[:200]})"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"][:3]
    ]


@pytest.mark.parametrize(("person", "dark"), [("ada", False), ("ann", True), ("gus", False),
                                              ("dora", True)])  # fmt: skip
def test_axe_finds_nothing_serious_and_nothing_overflows(
    person: str, dark: bool, folder: Path, serve: Callable[[Path], Any], enter: Enter
) -> None:
    server = serve(folder)
    page = enter(server, f"{person.title()} Name", dark=dark)
    base = page.url
    links = page.eval_on_selector_all("nav a", "(all) => all.map((each) => each.href)")
    assert len(links) > 8
    deeper = [f"{server.origin}/settings/" if path == "settings" else base + path
              for path in DEEPER[person]]  # fmt: skip
    wrong = []
    for address in dict.fromkeys([*links, *deeper]):
        page.set_viewport_size({"width": 1280, "height": 800})
        answer = page.goto(address)
        where = address.removeprefix(server.origin)
        assert answer is not None
        assert answer.status == 200, where
        if page.locator("#card").count():
            page.wait_for_selector("#card:not([hidden]), #nothing:not([hidden])")
        wrong += [f"{where} {said}" for said in serious(page)]
        page.set_viewport_size({"width": 320, "height": 640})
        wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if wide:
            wrong.append(f"{where} is {wide} px too wide at 320 px")
    assert not wrong, "\n".join(wrong)
