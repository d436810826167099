"""Pages and API of extraction and risk of bias, in one process."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.actions_team.extraction_world import make_review

from evisynth.actions.thaw import thaw_review

KIM = "Kim 2018"
ROW = "sleep @ 12 weeks"
VALUES = {"n1": "57", "mean1": "9.93", "sd1": "2.72", "n2": "57", "mean2": "10.28", "sd2": "2.46"}
LOW = {"1.1": "Y", "1.2": "Y", "1.3": "N", "2.1": "N", "2.2": "N", "2.6": "Y", "3.1": "Y",
       "4.1": "N", "4.2": "N", "4.3": "N", "5.1": "Y", "5.2": "N", "5.3": "N"}  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, site: Callable[..., Any]) -> Any:
    folder = make_review(tmp_path / "review")
    thaw_review(folder)
    made = site(folder)
    made.people = {who: made.client(who) for who in ("lia", "ann", "ben", "obs")}
    answer = made.people["lia"].post(
        f"{made.base}/forms/", {"template": "means", "title": "Scores", "request_id": "a"}
    )
    assert answer.headers["Location"] == f"{made.base}/forms/scores/"
    return made


def ask(place: Any, who: str, path: str, body: dict[str, Any], method: str = "post") -> Any:
    client = place.people[who]
    call = client.put if method == "put" else client.post
    return call(f"{place.api}/{path}", json.dumps(body), content_type="application/json")


def save(place: Any, who: str, cell: str, text: str, **more: Any) -> Any:
    body = {"study": KIM, "row": ROW, "cell": cell, "entry": {"value": text, "page": "3"},
            "version": 0, **more}  # fmt: skip
    return ask(place, who, "extraction/scores/values", body)


def extract(place: Any) -> None:
    for who, other in (("ann", {}), ("ben", {"sd2": "2.64"})):
        for cell, text in (VALUES | other).items():
            assert save(place, who, cell, text).status_code == 200
        answer = place.people[who].post(
            f"{place.base}/extraction/sheet/", {"form": "scores", "study": KIM}
        )
        assert answer.status_code == 302


def compare(place: Any, who: str, **values: str) -> Any:
    return place.people[who].post(
        f"{place.base}/extraction/compare/", {"form": "scores", "study": KIM, **values}
    )


def test_two_people_extract_and_agree(place: Any) -> None:
    shut = f"{place.base}/extraction/compare/?form=scores&study=Kim+2018"
    assert place.people["ann"].get(shut).status_code == 404
    extract(place)
    text = place.people["ann"].get(shut).content.decode()
    assert "Agree on 5 equal values" in text
    assert "Ben Name" not in text
    assert place.people["obs"].get(shut).status_code == 403
    assert compare(place, "ann", act="equal").status_code == 302
    taken = compare(place, "ann", row=ROW, cell="sd2", take="2", version="0", request_id="t")
    assert taken.status_code == 302
    # somebody else, whose page is older, gets both values and nothing is overwritten
    late = compare(place, "ben", row=ROW, cell="sd2", value="2.46", version="0")
    text = late.content.decode()
    assert late.status_code == 409
    assert "Stands there now" in text
    assert "2.64" in text
    assert "2.46" in text
    found = place.people["ann"].get(f"{place.api}/extraction/scores/comparison?study=Kim+2018")
    line = next(made for made in found.json()["cells"] if made["cell"] == "sd2")
    assert (line["agreed"], found.json()["left"]) == ("2.64", 0)


def test_saving_is_safe_to_repeat_and_tells_of_conflicts(place: Any) -> None:
    one = save(place, "ann", "n1", "57", request_id="r1")
    assert one.json() == save(place, "ann", "n1", "57", request_id="r1").json()
    assert save(place, "ann", "n1", "58", request_id="r1").json() == one.json()
    clash = save(place, "ann", "n1", "59", request_id="r2")
    assert clash.status_code == 409
    assert clash.json()["conflicts"][0]["theirs"]["value"] == "57"
    for body, status in (
        ({"cell": "n1", "text": "many"}, 422), ({"cell": "zz", "text": "1"}, 422),
        ({"cell": "n1", "text": "1", "study": "Nobody"}, 404),
        ({"cell": "n1", "text": "1", "row": "x" * 400}, 422),
        ({"cell": "n1", "text": "1", "version": -1}, 422),
    ):  # fmt: skip
        assert (
            save(place, "ann", str(body.pop("cell")), str(body.pop("text")), **body).status_code
            == status
        )
    assert save(place, "lia", "n1", "1").status_code == 403
    assert (
        ask(
            place,
            "ann",
            "extraction/none/values",
            {"study": KIM, "cell": "n1", "entry": {}, "version": 0},
        ).status_code
        == 404
    )


def test_checks_and_conversions_by_the_api(place: Any) -> None:
    body = {"study": KIM, "row": ROW, "values": {"n1": "25", "se1": "0.5", "sd2": "-1"}}
    found = ask(place, "ann", "extraction/scores/check", body).json()
    assert found["offers"][0]["values"] == {"sd1": "2.5"}
    assert found["findings"][0]["cells"] == ["sd2"]


def test_nothing_of_ben_shows_before_both_have_finished(place: Any) -> None:
    addresses = [
        f"{place.base}/extraction/", f"{place.base}/extraction/?form=scores",
        f"{place.base}/extraction/sheet/?form=scores&study=Kim+2018",
        f"{place.base}/extraction/compare/?form=scores&study=Kim+2018",
        f"{place.base}/assessment/", f"{place.base}/assessment/sheet/?study=Kim+2018&outcome=sleep",
        f"{place.base}/assessment/compare/?study=Kim+2018&outcome=sleep",
        f"{place.base}/forms/", f"{place.base}/forms/scores/",
        f"{place.api}/extraction/scores/studies", f"{place.api}/assessment/results",
        f"{place.api}/extraction/scores/comparison?study=Kim+2018",
        f"{place.api}/assessment/comparison?study=Kim+2018&outcome=sleep",
        f"{place.api}/extraction/forms",
    ]  # fmt: skip

    def seen() -> list[tuple[int, str]]:
        found = []
        for address in addresses:
            answer = place.people["ann"].get(address)
            text = re.sub(r'name="(csrfmiddlewaretoken|request_id)" value="[^"]*"', "",
                          answer.content.decode())  # fmt: skip
            found.append((answer.status_code, text))
        return found

    save(place, "ann", "n1", "57")
    before = seen()
    for cell, text in VALUES.items():
        save(place, "ben", cell, text)
    ask(place, "ben", "extraction/scores/finish", {"study": KIM})
    for number, answer in LOW.items():
        body = {
            "study": KIM,
            "outcome": "sleep",
            "question": number,
            "answer": answer,
            "version": 0,
        }
        assert ask(place, "ben", "assessment/answers", body).status_code == 200
    ask(place, "ben", "assessment/finish", {"study": KIM, "outcome": "sleep"})
    assert seen() == before


def test_the_designer_asks_before_it_changes_columns_and_keeps_what_was_typed(place: Any) -> None:
    address = f"{place.base}/forms/scores/"
    lia = place.people["lia"]
    text = lia.get(address).content.decode()
    assert text.count('placeholder="new field"') > 3
    posted = {
        "version": "1", "title": "Scores", "kind": "means", "format": "end score", "people": "2",
        "arms": "Walking; Nothing", "repeats": ["outcome"], "group": ["0"], "g0-title": "Numbers",
        "g0-by_arm": "1", "g0-field": ["0", "1"],
        "g0-f0-label": "People", "g0-f0-type": "whole number", "g0-f0-id": "n", "g0-f0-role": "n",
        "g0-f0-minimum": "1", "g0-f1-label": "", "g0-f1-type": "text",
    }  # fmt: skip
    first = lia.post(address, posted)
    assert first.status_code == 200
    assert "I mean this change" in first.content.decode()
    bad = lia.post(address, posted | {"g0-f0-minimum": "few", "confirmed": "yes"})
    assert bad.status_code == 422
    assert 'value="few"' in bad.content.decode()
    assert lia.post(address, posted | {"confirmed": "yes"}).status_code == 302
    assert "Saved as version 2" in lia.get(address).content.decode()
    late = lia.post(address, posted | {"confirmed": "yes", "title": "Old page"})
    assert late.status_code == 409
    assert "Old page" in late.content.decode()
    assert place.people["obs"].post(address, posted).status_code in (302, 403)
    assert "<fieldset disabled>" in place.people["obs"].get(address).content.decode()


def test_risk_of_bias_by_two_people(place: Any) -> None:
    result = {"study": KIM, "outcome": "sleep"}
    for who in ("ann", "ben"):
        for number, answer in LOW.items():
            given = "NI" if (who, number) == ("ben", "1.2") else answer
            body = {**result, "question": number, "answer": given, "quote": "by lot", "version": 0}
            assert ask(place, who, "assessment/answers", body).status_code == 200
        answer = place.people[who].post(f"{place.base}/assessment/sheet/", result)
        assert answer.status_code == 302
    shown = place.people["ann"].get(
        f"{place.base}/assessment/compare/?study=Kim+2018&outcome=sleep"
    )
    text = shown.content.decode()
    assert "1 answer differs" in text
    assert "by lot" in text
    chosen = {f"q:{number}": answer for number, answer in LOW.items()} | result | {"version": "0"}
    address = f"{place.base}/assessment/compare/"
    assert place.people["ann"].post(address, chosen).status_code == 302
    late = place.people["ben"].post(address, chosen | {"q:1.2": "N"})
    assert late.status_code == 409
    assert "in the meantime" in late.content.decode()
    line = place.people["obs"].get(f"{place.api}/assessment/results").json()[0]
    assert (line["stage"], line["overall"]) == ("agreed", "low")
    proposed = ask(place, "ann", "assessment/propose", {"answers": {"1.2": "N", "1.1": "Y"}}).json()
    assert proposed["domains"][0]["missing"] == ["1.3"]
    assert ask(place, "obs", "assessment/propose", {"answers": {}}).status_code == 403
    assert ask(place, "ann", "assessment/propose", {"answers": {"x": "Y"}}).status_code == 422


def test_the_workbook_goes_out_and_comes_in(place: Any) -> None:
    import openpyxl

    save(place, "ann", "n1", "57")
    ann = place.people["ann"]
    out = ann.get(f"{place.base}/extraction/workbook/download/?form=scores")
    book = openpyxl.load_workbook(io.BytesIO(out.content))
    names: dict[Any, Any] = {cell.value: cell.column for cell in book["scores"][1]}
    book["scores"].cell(3, names["n1"]).value = 58
    changed = io.BytesIO()
    book.save(changed)
    changed.seek(0)
    changed.name = "back.xlsx"
    address = f"{place.base}/extraction/workbook/"
    text = ann.post(address, {"workbook": changed}).content.decode()
    assert "What it changes" in text
    signed = re.search(r'name="changes" value="([^"]+)"', text)
    assert signed is not None
    body = {"changes": signed[1], "request_id": "w"}
    assert ann.post(address, body).headers["Location"].endswith("/extraction/")
    assert (
        place.store.get("extraction_value", ("scores", KIM, ROW, "n1", "ann")).value["value"]
        == "58"
    )
    refused = place.people["ben"].post(address, body)
    assert refused.status_code == 302
    assert len(place.store.history("extraction_value")) == 2
    # the same changes later, when the value is another one again: both are shown
    save(place, "ann", "n1", "60", version=2)
    answer = ann.post(address, {**body, "request_id": "later"})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Changed here and in the workbook" in text
    again = re.search(r'name="changes" value="([^"]+)"', text)
    assert again is not None
    ticked = {"changes": again[1], "over": f"scores|{KIM}|{ROW}|n1", "request_id": "over"}
    assert ann.post(address, ticked).status_code == 302
    assert len(place.store.history("extraction_value")) == 4
    assert place.people["obs"].get(address).status_code == 403


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_what_people_type_is_shown_as_text(place: Any, words: str) -> None:
    body = {"entry": {"value": words, "quote": words, "note": words}}
    assert save(place, "ann", "instrument", "", **body).status_code == 200
    address = f"{place.base}/extraction/sheet/?form=scores&study=Kim+2018"
    text = place.people["ann"].get(address).content.decode()
    assert words not in text


def test_requests_beyond_the_limits_are_refused_not_failed(place: Any) -> None:
    for address in ("extraction/sheet/", "extraction/compare/", "assessment/sheet/",
                    "assessment/compare/", "forms/none/"):  # fmt: skip
        for query in ("", "?study=x", "?form=scores", "?form=scores&study=%00", "?outcome=zz"):
            answer = place.people["ann"].get(f"{place.base}/{address}{query}")
            assert answer.status_code < 500, (address, query)
    assert (
        ask(
            place, "lia", "extraction/forms/new", {"definition": "[" * 9000, "version": 0}, "put"
        ).status_code
        == 422
    )
