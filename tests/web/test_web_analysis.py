"""Analyses in the browser: choosing, looking, saving, the merge view, roles."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.unit.actions_team.test_team_analysis import PEOPLE

from evisynth.actions import open_store, team
from evisynth.actions.thaw import thaw_review

CHOICE = {
    "chosen": "1", "id": "anxiety", "title": "Anxiety", "outcome": "anxiety", "measure": "SMD",
    "formats": ["end score"], "model": "random", "tau2": "DL", "ci": "HKSJ",
    "prediction": "t k-1", "level": "0.95", "subgroups": ["continent"],
    "without_outliers": "rstudent", "trim_and_fill": "L0", "sensitivity_of": "",
    "meta_regression": "",
}  # fmt: skip


@pytest.fixture
def served(site: Any, tmp_path: Path, copy_example: Callable[[str, Path], Path]) -> Any:
    folder = copy_example("digital-interventions-cancer", tmp_path / "review")
    plan = folder / "review.toml"
    text = plan.read_text(encoding="utf-8")
    at = text.index("[stages.title_abstract]")
    plan.write_text(f"{text[:at].rstrip()}\n{PEOPLE}\n{text[at:]}", encoding="utf-8")
    open_store(folder / ".evisynth" / "review.db").close()
    thaw_review(folder)
    return site(folder)


def fields(page: str, action: str) -> dict[str, str]:
    """Return the hidden fields of the form with an action."""
    form = page[page.index(f'action="{action}"') :]
    found = re.findall(r'name="(\w+)" value="([^"]*)"', form[: form.index("</form>")])
    return {name: value.replace("&amp;", "&") for name, value in found}


def test_from_looking_to_the_plan(served: Any) -> None:
    client, base = served.client("finn"), f"{served.base}/analysis"
    page = client.get(f"{base}/").content.decode()
    assert "Depression, end scores only" in page
    assert "Change the plan" not in page, "nothing was chosen yet"
    answer = client.get(f"{base}/", CHOICE)
    page = answer.content.decode()
    assert "not saved" in page
    assert "style=" not in page
    image = re.search(r'<img src="([^"]+)"', page)
    assert image
    drawn = client.get(image[1].replace("&amp;", "&"))
    assert drawn["Content-Type"] == "image/svg+xml"
    assert "sandbox" in drawn["Content-Security-Policy"]
    assert b"<script" not in drawn.content
    given = fields(page, f"{base}/save/")
    for _ in range(2):  # sent again it changes nothing
        answer = client.post(f"{base}/save/", {**given, "reason": "as in the protocol"})
        assert answer.status_code == 302
        assert parse_qs(urlsplit(answer["Location"]).query) == {"id": ["anxiety"]}
    desk = team.seated(served.store, served.folder, "finn")
    assert desk is not None
    values = {made.id: made.values for made in team.planned_analyses(desk)}["anxiety"]
    assert (values["tau2"], values["formats"], values["subgroups"]) == (
        "DL", ("end score",), ("continent",),
    )  # fmt: skip
    assert len(served.store.history("plan")) == 2


def test_a_change_made_meanwhile_is_shown_beside_the_own_one(served: Any) -> None:
    client, base = served.client("finn"), f"{served.base}/analysis"
    given = fields(client.get(f"{base}/", CHOICE).content.decode(), f"{base}/save/")
    lead = team.seated(served.store, served.folder, "r1")
    assert lead is not None
    team.save_analysis(lead, {"tau2": "PM"}, ident="anxiety", version=team.analysis_version(lead))
    answer = client.post(f"{base}/save/", given)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Reviewer 1 changed this analysis meanwhile" in page
    assert "PM" in page
    again = fields(page, f"{base}/save/")
    assert client.post(f"{base}/save/", again).status_code == 302
    assert 'tau2 = "DL"' in str(served.store.get("plan", ("review.toml",)).value)


def test_what_is_wrong_is_told_on_the_page(served: Any) -> None:
    client, base = served.client("finn"), f"{served.base}/analysis"
    bad = {**CHOICE, "formats": ["end score", "change score"], "measure": '<script>"'}
    page = client.get(f"{base}/", bad).content.decode()
    assert "This cannot be computed" in page
    assert "<script>&quot;" not in page
    assert "Change the plan" not in page
    assert client.get(f"{base}/", {**CHOICE, "level": "2"}).status_code == 409
    assert client.get(f"{base}/?id=none").status_code == 404
    assert client.get(f"{base}/figure/?id=anxiety&figure=none").status_code == 404
    assert client.get(f"{base}/?new=1").status_code == 200
    answer = client.post(f"{base}/remove/", {"id": "anxiety", "version": "1"}, follow=True)
    assert "say why" in answer.content.decode()


def test_who_does_not_run_analyses_sees_none(served: Any) -> None:
    client = served.client("ben")
    assert "Results" not in client.get(f"{served.base}/").content.decode()
    for page in ("", "?id=anxiety", "figure/?id=anxiety&figure=figure-03-forest-anxiety"):
        assert client.get(f"{served.base}/analysis/{page}").status_code == 403
    assert client.get(f"{served.api}/analyses").status_code == 403
    answer = client.post(
        f"{served.api}/analyses/preview", {"analysis": "anxiety"}, content_type="application/json"
    )
    assert answer.status_code == 403


def test_the_api_does_the_same(served: Any) -> None:
    client, api = served.client("finn"), f"{served.api}/analyses"

    def post(path: str, **body: object) -> Any:
        return client.post(f"{api}/{path}", body, content_type="application/json")

    plan = client.get(api).json()
    assert plan["outcomes"] == {"anxiety": 10, "depression": 12}
    seen = post("preview", analysis="anxiety", choice={"tau2": "PM"}).json()
    assert seen["result"]["k"] == 10
    assert seen["figures"]
    bad = post("preview", choice={"outcome": "anxiety", "measure": "XX"}).json()
    assert bad["result"] is None
    assert bad["problems"]
    body = {"analysis": "anxiety", "choice": {"tau2": "PM"}, "request_id": "r"}
    made = post("save", **body, version=plan["version"]).json()
    assert made == {"id": "anxiety", "version": plan["version"] + 1}
    assert post("save", **body, version=plan["version"]).json() == made
    answer = post("save", **{**body, "choice": {"tau2": "ML"}, "request_id": ""}, version=1)
    assert answer.status_code == 409
    assert answer.json()["conflicts"][0]["theirs"] == {"tau2": "PM"}
    assert post("preview", choice={"level": 7}).status_code == 422
    assert post("remove", analysis="anxiety", version=2, reason="x").status_code == 409
    assert post("remove", analysis="none", version=2, reason="x").status_code == 404
