"""The history, exports and deletion: the pages and the API of it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.web.test_web_people import fields_of
from tests.web.worlds import desk, make_folder

from evisynth.actions import team
from evisynth.actions.thaw import thaw_review

NASTY = "<script>alert(1)</script>"


@pytest.fixture
def made(site: Any, tmp_path: Path) -> Callable[..., Any]:
    def make() -> Any:
        folder = make_folder(tmp_path / "review", title_abstract="votes_needed = 2")
        served = site(folder)
        thaw_review(folder)
        return served

    return make


def sent(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


def test_the_history_is_filtered_paged_and_verified(made: Callable[..., Any]) -> None:
    site = made()
    for who in ("ann", "ben"):
        team.decide(desk(site.store, site.folder, who), "title_abstract", "r01", "exclude",
                    reason="animals", note=NASTY)  # fmt: skip
    team.decide(desk(site.store, site.folder, "ben"), "title_abstract", "r05", "exclude",
                note="SECRET")  # fmt: skip
    ida, ann = site.client("ida"), site.client("ann")
    here = f"{site.base}/history/"
    text = ida.get(here, {"kind": "vote"}).content.decode()
    assert "Exclude (Animals)" in text
    assert "SECRET" not in text
    assert NASTY not in text
    assert "&lt;script&gt;" in text
    assert 'style="' not in text
    mine = ann.get(here, {"kind": "vote"}).content.decode()
    assert "What you did" in mine
    assert "Ben Name" not in mine
    assert "Nothing fits" in ann.get(here, {"actor": "ben"}).content.decode()
    assert ida.get(here, {"kind": "x"}).status_code == 422
    assert ida.get(here, {"since": "2026"}).status_code == 409
    assert ida.get(here, {"before": "-1x"}).status_code == 200
    api = f"{site.api}/history"
    page = ida.get(api, {"kind": "vote", "size": 1}).json()
    assert (len(page["entries"]), page["whole"], page["older"] > 0) == (1, True, True)
    rest = ida.get(api, {"kind": "vote", "before": page["older"]}).json()
    assert [made["key"][1] for made in rest["entries"]] == ["r01"]
    assert {made["number"] for made in ann.get(api).json()["entries"]} == {0}
    verify = f"{here}verify/"
    form = fields_of(ida.get(verify).content.decode())
    for _ in range(2):
        assert ida.post(verify, form).status_code == 302
    assert "The history is whole" in ida.get(verify).content.decode()
    assert ann.get(verify).status_code == 403
    body = json.dumps({"head": "f" * 64})
    found = ida.post(f"{api}/verification", body, content_type="application/json").json()
    assert (found["status"], len(found["problems"])) == ("done", 1)
    assert ann.get(f"{api}/verification").status_code == 403


def test_exports_are_made_and_fetched_by_their_person(made: Callable[..., Any]) -> None:
    site = made()
    team.decide(desk(site.store, site.folder, "ben"), "title_abstract", "r05", "exclude",
                note="SECRET")  # fmt: skip
    ada, gus, ann = site.client("ada"), site.client("gus"), site.client("ann")
    here = f"{site.base}/export/"
    assert ann.get(here).status_code == 403
    assert "Export this list" not in ann.get(f"{site.base}/records/").content.decode()
    assert "Export this list" in gus.get(f"{site.base}/records/").content.decode()
    text = ada.get(here, {"words": "insomnia"}).content.decode()
    assert "records of the filtered list" in text
    for number in (0, 1):
        form = fields_of(text, number + 1)
        for _ in range(2):
            assert ada.post(here, form).status_code == 302
    jobs = ada.get(f"{site.api}/export").json()["exports"]
    assert sorted(job["name"] for job in jobs) == ["worlds-public.zip", "worlds.zip"]
    for job in jobs:
        data = sent(ada.get(f"{here}file/", {"made": job["id"]}))
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            assert not any(b"SECRET" in packed.read(name) for name in packed.namelist())
        assert gus.get(f"{here}file/", {"made": job["id"]}).status_code == 404
        assert gus.get(f"{site.api}/export/file", {"made": job["id"]}).status_code == 404
    assert sent(ada.get(f"{here}file/", {"public": "1"}))[:2] == b"PK"
    answer = gus.post(here, {"what": "records-csv", "query": "words=insomnia"})
    assert answer.status_code == 302
    listed = gus.get(answer["Location"])
    assert listed["Content-Disposition"] == 'attachment; filename="records.csv"'
    rows = sent(listed).decode("utf-8-sig").strip().splitlines()
    assert 1 < len(rows) < 15
    assert gus.post(here, {"what": "x"}, headers={"accept": "text/html"}).status_code == 302
    body = {"what": "decisions", "format": "ris"}
    wrong = gus.post(f"{site.api}/export", json.dumps(body), content_type="application/json")
    assert wrong.status_code == 409
    body = {"what": "records", "format": "ris", "words": "insomnia", "request_id": "x"}
    job = gus.post(f"{site.api}/export", json.dumps(body), content_type="application/json").json()
    assert job["status"] == "done"
    assert b"TY  - " in sent(gus.get(f"{site.api}/export/file", {"made": job["id"]}))


def test_the_review_is_deleted_and_had_back(made: Callable[..., Any]) -> None:
    site = made()
    ada, ann = site.client("ada"), site.client("ann")
    here = f"{site.base}/delete/"
    assert ann.get(here).status_code == 403
    assert "Type worlds" in ada.get(here).content.decode()
    for wrong in ({"typed": "x", "confirmed": "yes"}, {"typed": "worlds"}):
        assert ada.post(here, wrong).status_code == 302
        assert site.folder.is_dir()
    form = {"typed": "worlds", "confirmed": "yes", "reason": NASTY}
    assert ada.post(here, form)["Location"] == "/"
    assert not site.folder.exists()
    text = ada.get("/").content.decode()
    assert "Have it back" in text
    assert NASTY not in text
    assert ada.get(f"{site.base}/").status_code == 404
    assert ada.get(f"{site.api}/overview").status_code == 404
    assert ada.get("/who/")["Location"] == "/"
    assert ada.get("/restore/").status_code == 302
    assert not site.folder.exists()
    for _ in range(2):
        assert ada.post("/restore/").status_code == 302
    assert ada.get(f"{site.base}/").status_code == 200
    acts = [entry.act for entry in site.store.history("setting")]
    assert acts == ["delete the review", "have the review back"]


def test_the_old_name_of_a_review_leads_to_it(made: Callable[..., Any]) -> None:
    site = made()
    client = site.client("ada")
    assert client.get("/")["Location"] == "/r/worlds/"
    assert client.get("/r/review/people/").status_code == 200
    assert client.get("/r/other/people/").status_code == 404


def test_the_flow_diagram_leads_to_its_records(made: Callable[..., Any]) -> None:
    site = made()
    for who in ("ann", "ben"):
        team.decide(desk(site.store, site.folder, who), "title_abstract", "r01", "exclude",
                    reason="animals")  # fmt: skip
    text = site.client("hal").get(f"{site.base}/").content.decode()
    assert 'aria-label="Records excluded: 1"' in text
    assert "box=records_excluded" in text
    drawn = text[text.index("<svg xmlns") : text.rindex("</svg>")]
    assert "style=" not in drawn
    assert "(n\u00a0=\u00a014)" in drawn


def test_the_check_is_shown_with_the_way_out(made: Callable[..., Any]) -> None:
    site = made()
    finn, ann = site.client("finn"), site.client("ann")
    here = f"{site.base}/check/"
    assert ann.get(here).status_code == 403
    text = finn.get(here).content.decode()
    assert "Not checked yet" in text
    form = fields_of(text)
    for _ in range(2):
        assert finn.post(here, form).status_code == 302
    assert team.wait_for_jobs()
    text = finn.get(here).content.decode()
    assert "the column &#x27;country&#x27; is missing" in text
    assert "1 thing to look at" in text
    assert "The last check found" in finn.get(f"{site.base}/").content.decode()
    assert "The last check found" not in ann.get(f"{site.base}/").content.decode()
    api = f"{site.api}/check"
    found = finn.get(api).json()
    assert (found["status"], len(found["findings"])) == ("done", 1)
    assert ann.get(api).status_code == 403
    assert ann.post(api, "{}", content_type="application/json").status_code == 403
    assert finn.post(api, "{}", content_type="application/json").status_code == 200
    assert team.wait_for_jobs()
