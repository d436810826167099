"""The pages and calls of screening together, through the application as a browser has it."""

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

NASTY = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


@pytest.fixture
def made(site: Any, tmp_path: Path) -> Callable[..., Any]:
    def make(title_abstract: str = "votes_needed = 2", full_text: str = "votes_needed = 2") -> Any:
        folder = make_folder(
            tmp_path / "review", title_abstract=title_abstract, full_text=full_text
        )
        served = site(folder)
        thaw_review(folder)
        return served

    return make


def decide(site: Any, who: str, record: str, verdict: str, **more: Any) -> None:
    stage = more.pop("stage", "title_abstract")
    team.decide(desk(site.store, site.folder, who), stage, record, verdict, **more)


def post(client: Any, path: str, **body: object) -> Any:
    return client.post(path, json.dumps(body), content_type="application/json")


def test_a_conflict_is_settled_by_a_form_and_the_next_one_shows(made: Callable[..., Any]) -> None:
    site = made()
    for record in ("r01", "r02"):
        decide(site, "ann", record, "include", note=NASTY)
        decide(site, "ben", record, "exclude", reason="design")
    dora = site.client("dora")
    page = dora.get(f"{site.base}/conflicts/")
    assert page.status_code == 200
    text = page.content.decode()
    assert text.count("Reviewer 1") == 2
    assert "Ann Name" not in text
    one = f"{site.base}/conflicts/one/"
    shown = dora.get(one, {"stage": "title_abstract", "record": "r01"}).content.decode()
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)" in shown
    number = re.search(r'name="request_id" value="(\w+)"', shown)
    assert number is not None
    form = {
        "stage": "title_abstract", "record": "r01", "how": "adjudicate",
        "choice": "exclude:animals", "note": "n", "request_id": number[1],
    }  # fmt: skip
    answer = dora.post(one, form)
    assert (answer.status_code, "record=r02" in answer["Location"]) == (302, True)
    head = site.store.head()
    assert dora.post(one, form).status_code == 302
    assert site.store.head() == head
    after = dora.get(answer["Location"]).content.decode()
    assert "Settled: Excluded" in after
    settled = dora.get(one, {"stage": "title_abstract", "record": "r01"}).content.decode()
    assert "Take my settlement back" in settled
    back = dora.post(one, {**form, "how": "take back", "request_id": "b1"})
    assert back.status_code == 302
    assert "1 – 2" not in settled
    # nonsense does nothing and says so
    for wrong in ({"how": "x"}, {"choice": "maybe"}, {"choice": "exclude:none"}, {"record": "r09"}):
        head = site.store.head()
        assert dora.post(one, {**form, "request_id": "w", **wrong}).status_code == 302
        assert site.store.head() == head
    assert site.client("hal").get(f"{site.base}/conflicts/").status_code == 403
    assert (
        site.client("cleo").get(one, {"stage": "title_abstract", "record": "r01"}).status_code
        == 404
    )


def test_own_decisions_can_be_looked_at_and_opened_again(made: Callable[..., Any]) -> None:
    site = made()
    decide(site, "ann", "r01", "maybe", note=NASTY, tags=[NASTY[:30]])
    decide(site, "ben", "r02", "maybe")
    ann = site.client("ann")
    page = ann.get(f"{site.base}/screen/title_abstract/mine/", {"verdict": "maybe"})
    text = page.content.decode()
    assert "Title r01" in text
    assert "Title r02" not in text
    assert "<script>alert" not in text
    assert "?record=r01" in text
    card = ann.get(f"{site.api}/stages/title_abstract/card", {"record": "r01"}).json()
    assert card["mine"]["verdict"] == "maybe"
    assert (
        ann.get(f"{site.base}/screen/title_abstract/mine/", {"page": "9999999"}).status_code == 200
    )
    listed = ann.get(f"{site.api}/stages/title_abstract/decisions").json()
    assert [line["record"] for line in listed["decisions"]] == ["r01"]
    assert site.client("hal").get(f"{site.base}/screen/title_abstract/mine/").status_code == 403
    assert ann.get(f"{site.base}/screen/nothing/").status_code == 404


def test_the_pilot_is_drawn_and_holds_the_card_closed(made: Callable[..., Any]) -> None:
    site = made("votes_needed = 2\npilot = 2")
    ann, ada = site.client("ann"), site.client("ada")
    card = ann.get(f"{site.base}/screen/title_abstract/").content.decode()
    assert "not drawn yet" in card
    queue = ann.get(f"{site.api}/stages/title_abstract/queue").json()
    assert (queue["records"], "not drawn" in queue["closed"]) == ([], True)
    page = ada.get(f"{site.base}/pilot/").content.decode()
    assert "Draw the round" in page
    assert "Draw the round" not in ann.get(f"{site.base}/pilot/").content.decode()
    assert post(ann, f"{site.api}/stages/title_abstract/pilot").status_code == 403
    form = {"stage": "title_abstract", "act": "draw", "request_id": "p1"}
    assert ada.post(f"{site.base}/pilot/", form).status_code == 302
    assert len(ann.get(f"{site.api}/stages/title_abstract/queue").json()["records"]) == 2
    for who in ("ann", "ben", "cleo"):
        for made_ in team.pilot_rounds(desk(site.store, site.folder, "ada"), "title_abstract")[
            0
        ].records:
            decide(site, who, made_, "include")
    assert "Keep the result" in ada.get(f"{site.base}/pilot/").content.decode()
    close = {"stage": "title_abstract", "act": "close", "note": NASTY}
    assert ada.post(f"{site.base}/pilot/", close).status_code == 302
    shown = ada.get(f"{site.base}/pilot/").content.decode()
    assert "Passed" in shown
    assert "<script>alert" not in shown
    assert len(ann.get(f"{site.api}/stages/title_abstract/queue").json()["records"]) == 12


def test_agreement_and_the_stopping_statement(made: Callable[..., Any]) -> None:
    site = made()
    for record in ("r01", "r02", "r03"):
        decide(site, "ann", record, "include" if record == "r01" else "exclude")
        decide(site, "ben", record, "exclude" if record == "r03" else "include")
    ada = site.client("ada")
    page = ada.get(f"{site.base}/agreement/").content.decode()
    assert "From 3 records" in page
    assert "Ann Name – Ben Name" in page
    assert "Ann Name" not in site.client("finn").get(f"{site.base}/agreement/").content.decode()
    found = ada.get(f"{site.api}/stages/title_abstract/agreement").json()
    assert (found["complete"], found["waiting"]) == (3, 11)
    stop = f"{site.base}/stopping/"
    assert (
        "rule is not met" in ada.get(stop, {"rule": "consecutive", "run": "abc"}).content.decode()
    )
    for wrong in ("nan", "1e9", "-4", "x"):
        assert ada.get(stop, {"target": wrong}).status_code == 200
    assert ada.get(stop, {"rule": "x"}).status_code == 422
    form = {"stage": "title_abstract", "rule": "consecutive", "run": "1", "request_id": "k1"}
    for _ in range(2):
        assert ada.post(stop, form).status_code == 302
    assert ada.get(stop).content.decode().count("in a row, the rule asks for") == 1
    ann = site.client("ann")
    for page in ("agreement", "stopping"):
        assert ann.get(f"{site.base}/{page}/").status_code == 403
    assert ann.get(f"{site.api}/stages/title_abstract/stopping").status_code == 403


def test_a_lead_stops_the_screening_and_reads_on(made: Callable[..., Any]) -> None:
    site = made()
    decide(site, "ann", "r01", "include")
    decide(site, "ben", "r01", "include")
    ada = site.client("ada")
    stop = f"{site.base}/stopping/"
    assert "Stop reading here" in ada.get(stop).content.decode()
    form = {
        "stage": "title_abstract", "act": "stop", "reason": "<b>enough</b>", "request_id": "k2",
    }  # fmt: skip
    for _ in range(2):
        assert ada.post(stop, form).status_code == 302
    shown = ada.get(stop).content.decode()
    assert "&lt;b&gt;enough&lt;/b&gt;" in shown
    assert "(13 records set aside)" in shown
    assert "Stop reading here" not in shown
    again = ada.post(stop, form | {"request_id": "k3"}, follow=True).content.decode()
    assert "nothing left to stop" in again
    back = {"stage": "title_abstract", "act": "resume", "id": "ada-stop-k2"}
    assert ada.post(stop, back).status_code == 302
    assert "goes on already" in ada.post(stop, back, follow=True).content.decode()
    address = f"{site.api}/stages/title_abstract/stopping/"
    body = {"reason": "enough", "rule": "consecutive", "run": 1}
    kwargs = {"content_type": "application/json"}
    assert site.client("ann").post(address + "stop", body, **kwargs).status_code == 403
    assert ada.post(address + "stop", {}, **kwargs).status_code == 422
    made_ = ada.post(address + "stop", body, **kwargs).json()
    assert (made_["done"], made_["set_aside"]) == ("stopped", 13)
    again = ada.post(f"{address}{made_['id']}/resume", {}, **kwargs)
    assert again.json()["done"] == "resumed"
    assert ada.post(address + "nothing/resume", {}, **kwargs).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {}, {"record": "r01"}, {"record": "r01", "verdict": "perhaps"},
        {"record": "r01", "verdict": "include", "reason": "design"},
        {"record": "r01", "verdict": "exclude", "reason": "\x00"},
        {"record": "\x00", "verdict": "include"}, {"record": "x" * 2000, "verdict": "include"},
        {"record": "r01", "verdict": "include", "tags": ["x" * 5000]},
        {"record": "r01", "verdict": "include", "note": 7},
        {"record": ["r01"], "verdict": "include"},
        {"record": "r01", "verdict": "include", "request_id": "y" * 101},
    ],
)  # fmt: skip
def test_what_is_no_decision_is_refused_in_words(
    made: Callable[..., Any], body: dict[str, object]
) -> None:
    site = made()
    answer = post(site.client("ann"), f"{site.api}/stages/title_abstract/decisions", **body)
    assert answer.status_code in (404, 409, 422)
    assert answer.json()["message"]
    assert not site.store.values("vote")


def test_a_review_that_is_not_there_is_not_told_from_one_that_is_not_yours(
    made: Callable[..., Any],
) -> None:
    site = made()
    ann = site.client("ann")
    for path in ("/r/other/conflicts/", "/api/v1/reviews/other/stages/title_abstract/queue"):
        assert ann.get(path).status_code == 404


def test_words_go_by_the_person(made: Callable[..., Any]) -> None:
    site = made()
    path = f"{site.api}/stages/title_abstract/words"
    ann, ben = site.client("ann"), site.client("ben")
    assert post(ann, path, include=["sleep*"], exclude=[]).json()["include"] == ["sleep*"]
    assert ann.get(path).json()["own"]["include"] == ["sleep*"]
    assert ben.get(path).json()["own"]["include"] == []


def test_a_post_without_the_token_of_the_form_is_refused(made: Callable[..., Any]) -> None:
    from django.test import Client
    from tests.web.conftest import TOKEN

    site = made()
    client = Client(enforce_csrf_checks=True, SERVER_NAME="localhost")
    client.get(f"/?token={TOKEN}")
    assert client.post("/who/", {"person": "ann"}).status_code == 403
    answer = post(
        client, f"{site.api}/stages/title_abstract/decisions", record="r01", verdict="include"
    )
    assert answer.status_code in (401, 403)
    assert not site.store.values("vote")


def test_a_record_shows_what_the_person_may_see(made: Callable[..., Any]) -> None:
    site = made()
    decide(site, "ben", "r01", "exclude", reason="design", note=NASTY, tags=["theirs"])
    page = f"{site.base}/records/r01/"
    before = site.client("ann").get(page).content.decode()
    assert "Waits for decisions" in before
    assert "theirs" not in before
    decide(site, "ann", "r01", "include")
    after = site.client("ann").get(page).content.decode()
    assert "Reviewer 1" in after
    assert "<script>alert" not in after
    hal = site.client("hal").get(page).content.decode()
    assert "Conflict" in hal
    assert "Reviewer 1" not in hal
    assert site.client("hal").get(f"{site.base}/records/nothing/").status_code == 404
