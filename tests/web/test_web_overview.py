"""The overview, the records and the import, through the application as a browser has it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.web.worlds import desk, make_folder

from evisynth.actions import team
from evisynth.actions.thaw import thaw_review
from evisynth.storage import record_ids

NASTY = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
EXPORT = "".join(
    f"TY  - JOUR\nTI  - Late {number} <script>alert(2)</script>\nPY  - 2021\nER  - \n\n"
    for number in range(3)
)


@pytest.fixture
def made(site: Any, tmp_path: Path) -> Callable[..., Any]:
    def make() -> Any:
        folder = make_folder(
            tmp_path / "review",
            title_abstract='votes_needed = 2\nconflicts = "adjudicator"',
            full_text="votes_needed = 2",
        )
        served = site(folder)
        thaw_review(folder)
        return served

    return make


def decide(site: Any, who: str, record: str, verdict: str, **more: Any) -> None:
    team.decide(desk(site.store, site.folder, who), "title_abstract", record, verdict, **more)


def post(client: Any, path: str, **body: object) -> Any:
    return client.post(path, json.dumps(body), content_type="application/json")


def test_the_overview_shows_what_waits_and_links_to_it(made: Callable[..., Any]) -> None:
    site = made()
    for who in ("ann", "ben"):
        decide(site, who, "r01", "exclude", reason="animals")
    decide(site, "ann", "r02", "include")
    text = site.client("ann").get(f"{site.base}/").content.decode()
    assert "<b>12</b> records wait for you" in text
    assert "box=records_excluded&amp;detail=Animals" in text
    assert "13 still wait" in text
    assert 'style="' not in text
    listed = site.client("hal").get(f"{site.base}/records/?box=records_excluded&detail=Animals")
    assert re.findall(r"records/one/\?id=(\w+)", listed.content.decode()) == ["r01"]
    answer = site.client("ann").get(f"{site.api}/overview").json()
    assert answer["to_do"][0] == {
        "work": "screen", "stage": "title_abstract", "left": 12, "done": 2, "note": "",
    }  # fmt: skip
    flow = site.client("hal").get(f"{site.api}/flow").json()
    assert flow["waiting"]["title_abstract"] == 13
    assert {box["name"]: box["count"] for box in flow["boxes"]}["records_excluded"] == 1


def test_records_are_filtered_tagged_and_decided_with_confirmation(
    made: Callable[..., Any],
) -> None:
    site = made()
    ann = site.client("ann")
    page = ann.get(f"{site.base}/records/", {"own": "waiting", "order": "-year"})
    assert page.status_code == 200
    found = re.findall(r"records/one/\?id=(\w+)", page.content.decode())
    assert (found[0], len(found)) == ("r14", 14)
    many = f"{site.base}/records/many/"
    form = {"what": "tag", "tag": NASTY, "record": ["r03", "r04"]}
    assert ann.post(many, form).status_code == 302
    text = ann.get(f"{site.base}/records/", {"tag": NASTY}).content.decode()
    assert re.findall(r"records/one/\?id=(\w+)", text) == ["r03", "r04"]
    assert "<script>alert" not in text
    # what it would do is shown first; nothing is written yet
    head = site.store.head()
    form = {
        "what": "decide:exclude:design", "stage": "title_abstract", "scope": "all",
        "query": "year_from=2010",
    }  # fmt: skip
    shown = ann.post(many, form)
    assert (shown.status_code, site.store.head()) == (200, head)
    text = shown.content.decode()
    assert "Save 4 decisions" in text
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text))
    sent = {
        **fields, "record": re.findall(r'name="record" value="(\w+)"', text), "confirmed": "yes",
    }  # fmt: skip
    for _ in range(2):
        assert ann.post(many, sent).status_code == 302
        assert site.store.head().number == head.number + 4
    stale = {**sent, "expected": "3", "request_id": "f" * 32}
    assert ann.post(many, stale, headers={"accept": "text/html"}).status_code == 302
    assert site.store.head().number == head.number + 4
    mistakes: tuple[dict[str, Any], ...] = (
        {"what": "x"}, {"what": "decide:keep"}, {"record": []}, {"record": ["none"]},
    )  # fmt: skip
    for wrong in mistakes:
        bad = {"stage": "title_abstract", "record": ["r01"], "what": "tag", "tag": "t", **wrong}
        assert ann.post(many, bad).status_code == 302
        assert site.store.head().number == head.number + 4
    hal = site.client("hal")
    assert "records/many" not in hal.get(f"{site.base}/records/?page=999999999").content.decode()
    for nonsense in ("order=x", "status=x", "own=x"):
        assert hal.get(f"{site.base}/records/?{nonsense}").status_code == 422
    assert hal.get(f"{site.base}/records/?year_from=abc&page=-1").status_code == 200


def test_a_record_shows_its_origin_and_takes_notes(made: Callable[..., Any]) -> None:
    site = made()
    ann, ben = site.client("ann"), site.client("ben")
    one = f"{site.base}/records/one/"
    assert ann.get(one, {"id": "r05"}).status_code == 200
    assert ann.get(one, {"id": "nothing"}).status_code == 404
    origin = f"{site.base}/records/origin/"
    part = ann.get(origin, {"id": "r05"}, headers={"hx-request": "true"}).content.decode()
    assert "TI  - Title r05" in part
    assert "<html" not in part
    assert "<html" in ann.get(origin, {"id": "r05"}).content.decode()
    note = {"id": "r05", "what": "note", "text": NASTY, "request_id": "1" * 32}
    head = site.store.head()
    for _ in range(2):
        assert ann.post(one, note).status_code == 302
        assert site.store.head().number == head.number + 1
    assert "&lt;script&gt;alert(1)" in ann.get(one, {"id": "r05"}).content.decode()
    assert "alert(1)" not in ben.get(one, {"id": "r05"}).content.decode()
    fill = {"id": "r05", "what": "abstract", "text": "x", "source": "y"}
    assert ann.post(one, fill).status_code == 302
    assert site.store.head().number == head.number + 1  # the export has one
    answer = ben.get(f"{site.api}/record", {"id": "r05"}).json()
    assert (answer["notes"], answer["stages"][0]["state"]) == ([], "open")
    assert post(ann, f"{site.api}/records/note", record="r05", text="b").status_code == 200
    assert (
        post(site.client("hal"), f"{site.api}/records/note", record="r05", text="b").status_code
        == 403
    )
    tags = post(ann, f"{site.api}/records/tag", records=["r05", "r06"], tag="t")
    assert tags.json() == {"changed": 2}
    many = f"{site.api}/stages/title_abstract/records"
    plan = post(ann, f"{many}/plan", records=["r05"], verdict="include").json()
    assert plan["fresh"] == ["r05"]
    body = {"records": ["r05"], "verdict": "include", "expected": 1, "request_id": "m"}
    assert post(ann, f"{many}/decide", **body).status_code == 200
    assert (
        post(ann, f"{many}/decide", **{**body, "expected": 0, "request_id": "n"}).status_code == 409
    )
    rows = ann.get(f"{site.api}/records", {"own": "include"}).json()
    assert "records" in rows, rows
    assert [row["id"] for row in rows["records"]] == ["r05"]


def test_files_are_looked_into_then_imported(made: Callable[..., Any]) -> None:
    site = made()
    gus = site.client("gus")
    files = f"{site.base}/import/"
    assert "PubMed" in gus.get(files).content.decode()
    sent = gus.post(files, {"files": [SimpleUploadedFile(f"{NASTY}.ris", EXPORT.encode())]})
    assert sent.status_code == 302
    there = sent["Location"]
    text = gus.get(there).content.decode()
    assert "Late 0 &lt;script&gt;" in text
    assert "<script>alert" not in text
    assert "Import 3 records" in text
    wrong = gus.post(there, {"what": "import", "count": "4"})
    assert wrong.status_code == 422
    assert "the files hold 3" in wrong.content.decode()
    for bad in ({"count": "x"}, {"kind": "x"}, {"date": "x"}):
        assert gus.post(there, {"what": "import", **bad}).status_code == 302
    assert len(record_ids(site.store)) == 14
    done = gus.post(there, {"what": "import", "count": "3", "source": "Embase"})
    assert (done.status_code, done["Location"]) == (302, files)
    assert "3 records imported" in gus.get(files).content.decode()
    assert len(record_ids(site.store)) == 17
    head = site.store.head()
    assert gus.post(there, {"what": "import", "source": "Embase"}).status_code == 302
    assert gus.get(there).status_code == 302
    assert site.store.head() == head
    # not for others, and not without a file
    ann = site.client("ann")
    assert 'type="file"' not in ann.get(files).content.decode()
    assert ann.get(there).status_code == 403
    assert site.client("ada").get(there).status_code == 404
    assert gus.post(files, {}).status_code == 302
    more = gus.post(files, {"files": [SimpleUploadedFile("b.ris", b"nothing")]})["Location"]
    assert "This file cannot be read." in gus.get(more).content.decode()
    assert gus.post(more, {"what": "drop"}).status_code == 302
    assert gus.get(more).status_code == 404
