"""People, criteria and stages, who sees what: the pages and the API of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.web.worlds import desk, make_folder

from evisynth.actions import team
from evisynth.actions.thaw import thaw_review

NASTY = '<script>alert(1)</script>"><img src=x>'


@pytest.fixture
def made(site: Any, tmp_path: Path) -> Callable[..., Any]:
    def make() -> Any:
        folder = make_folder(tmp_path / "review", title_abstract="votes_needed = 2")
        served = site(folder)
        thaw_review(folder)
        return served

    return make


def fields_of(text: str, form: int = -1) -> dict[str, str]:
    """Return the hidden fields of a form in the main part of a page."""
    main = text.partition("<main")[2].partition("</main>")[0]
    return dict(
        re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', main.split("<form")[form])
    )


def post(client: Any, path: str, **body: object) -> Any:
    return client.post(path, json.dumps(body), content_type="application/json")


def plan_of(site: Any) -> str:
    return str(site.store.get("plan", ("review.toml",)).value["text"])


def test_people_are_added_changed_and_leave(made: Callable[..., Any]) -> None:
    site = made()
    ada, ann = site.client("ada"), site.client("ann")
    people = f"{site.base}/people/"
    text = ada.get(people).content.decode()
    assert "change criteria and the rules of stages" in text
    assert "Add a person" in text
    assert "Add a person" not in ann.get(people).content.decode()
    form = {**fields_of(text), "name": NASTY, "roles": ["reviewer"]}
    for _ in range(2):
        assert ada.post(people, form).status_code == 302
    assert plan_of(site).count("alert(1)") == 1
    text = ada.get(people).content.decode()
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text
    one = f"{people}one/?id=ben"
    form = {**fields_of(ada.get(one).content.decode()), "name": "Ben Two", "roles": ["observer"],
            "email": ""}  # fmt: skip
    assert ada.post(f"{people}one/", form).status_code == 302
    assert 'name = "Ben Two"' in plan_of(site)
    # fewer who decide than needed: said first, saved when meant
    form = {**fields_of(ada.get(f"{people}one/?id=cleo").content.decode()), "name": "Cleo Name"}
    ada.post(f"{people}one/", {**form, "roles": []})
    form = {**fields_of(ada.get(f"{people}one/?id=ann").content.decode()), "name": "Ann Name"}
    shown = ada.post(f"{people}one/", {**form, "roles": ["extractor"]})
    assert shown.status_code == 200
    assert "Nothing is saved yet" in shown.content.decode()
    again = {**fields_of(shown.content.decode()), "confirmed": "yes"}
    assert ada.post(f"{people}one/", again).status_code == 302
    leaving = f"{people}leaving/"
    text = ada.get(leaving, {"id": "dora"}).content.decode()
    assert "Dora Name leaves" in text
    form = {**fields_of(text), "date": "2026-05-01"}
    for _ in range(2):
        assert ada.post(leaving, form).status_code == 302
    assert plan_of(site).count("2026-05-01") == 1
    assert "left on 2026-05-01" in ada.get(people).content.decode()
    back = fields_of(ada.get(f"{people}one/?id=dora").content.decode(), 1)
    assert ada.post(leaving, back).status_code == 302
    assert "2026-05-01" not in plan_of(site)
    for address in (f"{people}one/?id=ann", f"{people}leaving/?id=ann"):
        assert ann.get(address).status_code == 403
    head = site.store.head()
    assert ann.post(people, {"name": "x"}, headers={"accept": "text/html"}).status_code == 302
    assert ada.get(f"{people}one/?id=nobody").status_code == 404
    assert ada.post(f"{people}one/", {"id": "ann", "version": "x", "name": "y"}).status_code == 302
    assert site.store.head() == head


def test_two_edits_of_one_field_are_shown_side_by_side(made: Callable[..., Any]) -> None:
    site = made()
    ada = site.client("ada")
    here = f"{site.base}/stages/"
    first = fields_of(ada.get(here).content.decode())
    second = fields_of(ada.get(here).content.decode())
    both = {"include": "One", "exclude": "Animals", "mark_include": "", "mark_exclude": ""}
    assert ada.post(here, {**first, **both}).status_code == 302
    asked = ada.post(here, {**second, **both, "include": "Two", "mark_exclude": "mice"})
    text = asked.content.decode()
    assert asked.status_code == 409
    assert "What stands there" in text
    merge = fields_of(text)
    assert ada.post(here, {**merge, "keep:include": "theirs"}).status_code == 302
    assert 'include = ["One"]' in plan_of(site)
    assert '"mice"' in plan_of(site)
    answer = post(ada, f"{site.api}/criteria", version=1, include=["Three"])
    assert answer.status_code == 409
    assert answer.json()["conflicts"][0]["theirs"] == {"include": "One"}
    version = ada.get(f"{site.api}/criteria").json()["version"]
    saved = post(ada, f"{site.api}/criteria", version=version, include=["Three"]).json()
    assert saved["include"] == ["Three"]


def test_rules_of_a_stage_are_edited_as_a_form(made: Callable[..., Any]) -> None:
    site = made()
    for who in ("ann", "ben"):
        team.decide(desk(site.store, site.folder, who), "title_abstract", "r01", "exclude",
                    reason="animals")  # fmt: skip
    ada, ann = site.client("ada"), site.client("ann")
    here = f"{site.base}/stages/?stage=title_abstract"
    text = ada.get(here).content.decode()
    form: dict[str, Any] = {
        **fields_of(text), "votes_needed": "2", "maybe": "discuss", "order": "ranked",
        "conflicts": "adjudicator", "training": "own_and_agreed", "pilot": "0", "kappa_min": "",
        "stop_recall": "90", "stop_confidence": "95", "reviewers_all": "no",
        "reviewers": ["ann", "ben"], "adjudicators_all": "yes",
        "code": ["design", "animals", "", ""], "place": ["2", "1", "3", ""],
        "words": ["Not randomized", "Animals", "In vitro only", ""],
    }  # fmt: skip
    assert ada.post(here, form).status_code == 302
    rules = desk(site.store, site.folder, "ada").stage("title_abstract")
    assert list(rules.reasons.values()) == ["Animals", "Not randomized", "In vitro only"]
    assert "in_vitro_only" in rules.reasons
    assert (rules.order, rules.stop_recall, rules.reviewers) == ("ranked", 0.9, ("ann", "ben"))
    head = site.store.head()
    version = fields_of(ada.get(here).content.decode())["version"]
    form = {**form, "version": version, "request_id": "2" * 32}
    mistakes: tuple[dict[str, Any], ...] = (
        {"gone": ["animals"]}, {"votes_needed": "none"}, {"reviewers": []},
        {"words": ["", "Animals", "In vitro only", ""]},
    )  # fmt: skip
    for wrong in mistakes:
        assert ada.post(here, {**form, **wrong}).status_code == 302
        assert site.store.head() == head
    shown = ada.post(here, {**form, "votes_needed": "3"})
    assert "1 record that is “Excluded” now would be “Open”" in shown.content.decode()
    assert site.store.head() == head
    text = ann.get(here).content.decode()
    assert "An owner or a lead can change this" in text
    assert ann.post(here, form).status_code == 302
    assert site.store.head() == head
    api = f"{site.api}/stages/title_abstract/rules"
    version = ada.get(api).json()["version"]
    answer = post(ada, api, version=version, votes_needed=1).json()
    assert (answer["saved"], answer["completed"]) == (True, 0)
    assert post(ada, api, version=version, votes_needed=99).status_code == 422
    assert post(ann, api, version=version, pilot=3).status_code == 403
    assert post(ada, f"{site.api}/stages/x/rules", version=1).status_code == 404


def test_opening_asks_twice(made: Callable[..., Any]) -> None:
    site = made()
    team.decide(desk(site.store, site.folder, "ben"), "title_abstract", "r05", "include")
    ada, cleo = site.client("ada"), site.client("cleo")
    page, opening = f"{site.base}/blinding/", f"{site.base}/blinding/open/"
    assert "14 records lack decisions" in cleo.get(page).content.decode()
    assert cleo.get(opening).status_code == 403
    first = {"stage": "title_abstract", "records": "r05, r06", "reason": f"Ben fell ill {NASTY}"}
    shown = ada.post(opening, first)
    text = shown.content.decode()
    assert "1 record whose decisions are hidden now" in text
    assert "<script>alert" not in text
    assert not site.store.history("unblinding")
    assert ada.post(opening, {**first, "reason": "short"}).status_code == 302
    sent = fields_of(text)
    assert ada.post(opening, sent).status_code == 302  # not ticked
    assert not site.store.history("unblinding")
    for _ in range(2):
        assert ada.post(opening, {**sent, "meant": "yes"}).status_code == 302
    assert len(site.store.history("unblinding")) == 1
    text = cleo.get(page).content.decode()
    assert "Ben fell ill" in text
    assert "<script>alert" not in text
    assert "ben" in str(cleo.get(f"{site.api}/record", {"id": "r05"}).json()).casefold()
    body = {"stage": "title_abstract", "reason": "The stage has ended", "confirmed": False}
    assert post(ada, f"{site.api}/unblinding", **body).status_code == 409
    assert post(cleo, f"{site.api}/unblinding", **body).status_code == 403
    answer = ada.get(f"{site.api}/unblinding", {"stage": "title_abstract", "record": "r07"})
    assert answer.json()["records"] == ["r07"]
    assert [line["opened"] for line in ada.get(f"{site.api}/blinding").json()] == [False, False]


def test_people_by_the_api(made: Callable[..., Any]) -> None:
    site = made()
    ada, hal = site.client("ada"), site.client("hal")
    api = f"{site.api}/people"
    for _ in range(2):
        answer = post(ada, api, name="Nora Ek", roles=["librarian"], request_id="n")
        assert answer.json() == {"person": "nora"}
    found = hal.get(api).json()
    assert found["people"][-1]["roles"] == ["librarian"]
    assert "librarian" in found["permissions"]["import"]
    change = {"person": "nora", "version": found["version"], "affiliation": "Bern"}
    assert post(ada, f"{api}/change", **change).json() == {"saved": True, "follows": []}
    assert post(hal, f"{api}/change", **change).status_code == 403
    assert hal.get(f"{api}/leaving", {"person": "ann"}).status_code == 403
    preview = ada.get(f"{api}/leaving", {"person": "ann"}).json()
    assert preview["stages"][0]["needed"] == 2
    version = ada.get(api).json()["version"]
    left = post(ada, f"{api}/leaving", person="nora", version=version, date="2026-01-09")
    assert left.status_code == 200
    back = {"person": "nora", "version": version + 1}
    assert post(ada, f"{api}/return", **back).status_code == 200
    assert post(ada, f"{api}/leaving", person="nora", version=1, date="x").status_code == 409
    assert post(ada, api, name="").status_code == 409
    assert post(ada, api, roles=["x"]).status_code == 422
