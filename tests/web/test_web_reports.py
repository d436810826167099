"""Reports and studies: pages, files, notes and the API, in one process."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.unit.actions_team.small_pdf import small_pdf
from tests.web.worlds import make_folder

from evisynth.actions.thaw import thaw_review

PEOPLE = ("ada", "ann", "ben", "gus", "eve", "hal")
EVIL = b"<!doctype html><script>alert(1)</script>"


@pytest.fixture
def place(tmp_path: Path, site: Callable[..., Any]) -> Any:
    folder = make_folder(
        tmp_path / "review", title_abstract="votes_needed = 1", full_text="votes_needed = 2"
    )
    export = folder / "searches" / "pubmed" / "export.ris"
    text = export.read_text(encoding="utf-8").replace(
        "TI  - Title r01", "DO  - 10.1000/one.1\nTI  - <b>Evening</b> walks and the sleep of adults"
    )
    export.write_text(text, encoding="utf-8")
    thaw_review(folder)
    made = site(folder)
    made.people = {who: made.client(who) for who in PEOPLE}
    for record in ("r01", "r02", "r03", "r04"):
        vote(made, "ann", "title_abstract", record, "include")
    return made


def ask(place: Any, who: str, path: str, body: dict[str, Any], method: str = "post") -> Any:
    call = getattr(place.people[who], method)
    return call(f"{place.api}/{path}", json.dumps(body), content_type="application/json")


def vote(place: Any, who: str, stage: str, record: str, verdict: str, **more: str) -> None:
    body = {"record": record, "verdict": verdict, **more}
    assert ask(place, who, f"stages/{stage}/decisions", body).status_code == 200


def give(place: Any, who: str, *files: tuple[str, bytes], **more: str) -> Any:
    given = [SimpleUploadedFile(name, body, "application/pdf") for name, body in files]
    return place.people[who].post(f"{place.base}/reports/upload/", {"files": given, **more})


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def attached(place: Any, who: str = "gus", record: str = "r01", **more: Any) -> str:
    """Attach a small PDF; return its fingerprint."""
    answer = give(place, who, ("paper.pdf", small_pdf([["One"], ["Two"]], **more)), record=record)
    assert answer.headers["Location"] == f"{place.base}/reports/read/{record}/"
    found = place.people[who].get(f"{place.api}/reports?record={record}").json()
    return str(found["files"][0]["sha256"])


def test_files_are_given_matched_and_chosen(place: Any) -> None:
    gus = place.people["gus"]
    answer = give(
        place, "gus", ("10.1000_one.1.pdf", small_pdf([["One"]])), ("evil.pdf", EVIL),
        ("../../../etc/passwd.pdf", small_pdf([["<script>alert(2)</script>"]])),
        ("<img src=x onerror=alert(3)>.pdf", small_pdf([["Three"]])), source="library",
    )  # fmt: skip
    there = answer.headers["Location"]
    text = text_of(gus.get(there))
    assert "DOI in the file" in text
    assert "This is no PDF, whatever its name says." in text
    assert "2 for you to choose" in text
    assert "<img src=x" not in text
    assert "passwd.pdf" in text
    assert "etc/passwd" not in text
    assert "<b>Evening" not in text
    assert gus.post(there, {"number": "3", "record": "r02", "what": "choose"}).status_code == 302
    assert gus.post(there, {"number": "4", "what": "drop"}).status_code == 302
    text = text_of(gus.get(there))
    assert (text.count("chip include"), text.count("Thrown away")) == (2, 1)
    assert place.people["ann"].get(there).status_code == 404
    counts = gus.get(f"{place.api}/retrieval").json()["counts"]
    assert counts == {"to_get": 2, "sought": 0, "retrieved": 2, "not_retrieved": 0}


def test_a_file_is_sent_so_that_nothing_in_it_runs(place: Any) -> None:
    sha = attached(place, javascript="app.alert('run')")
    for address in (f"{place.base}/reports/file/{sha}/", f"{place.api}/reports/file/{sha}"):
        answer = place.people["hal"].get(address)
        body = b"".join(answer.streaming_content)
        assert body.startswith(b"%PDF-1.7")
        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="paper.pdf"')
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    page = place.people["ann"].get(f"{place.base}/reports/read/r01/")
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    for bad in ("0" * 64, "x", sha.upper(), f"{sha}a"):
        assert place.people["ann"].get(f"{place.base}/reports/file/{bad}/").status_code == 404


@pytest.mark.parametrize(
    ("name", "kind"),
    [("pdf.min.mjs", "text/javascript"), ("pdf.worker.min.mjs", "text/javascript"),
     ("wasm/jbig2.wasm", "application/wasm"), ("cmaps/78-H.bcmap", None)],
)  # fmt: skip
def test_the_viewer_is_served_with_a_policy_of_its_own(
    place: Any, name: str, kind: str | None
) -> None:
    answer = place.people["ann"].get(f"/static/evisynth/vendor/pdfjs/{name}")
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content)
    answer.close()
    policy = answer.headers.get("Content-Security-Policy", "")
    if name.endswith(".mjs"):
        assert "script-src 'self' 'wasm-unsafe-eval'" in policy
        assert "'unsafe-eval'" not in policy
    if kind:
        assert answer.headers["Content-Type"].split(";")[0] == kind


def test_a_report_is_decided_on_beside_its_file(place: Any) -> None:
    attached(place)
    ann, here = place.people["ann"], f"{place.base}/reports/read/r01/"
    text = text_of(ann.get(here))
    assert 'value="exclude:numbers"' in text
    assert 'value="exclude"' not in text
    bare = ann.post(here, {"choice": "exclude", "request_id": "d0"}, HTTP_REFERER=here)
    assert bare.headers["Location"] == here
    assert "main reason" in text_of(ann.get(here))
    for _ in range(2):
        answer = ann.post(here, {"choice": "exclude:numbers", "note": "n", "request_id": "d1"})
        assert re.search(r"/reports/read/r0\d/\?decided=r01$", answer.headers["Location"])
    after = text_of(ann.get(answer.headers["Location"]))
    assert "No numbers" in after
    assert 'data-press="undo"' in after
    # nobody else learns of it
    for who in ("ben", "gus", "eve", "hal"):
        shown = text_of(place.people[who].get(here))
        assert "You decided" not in shown
        assert "Excluded" not in shown
    assert ann.post(here, {"what": "undo", "request_id": "d2"}).headers["Location"] == here
    assert "You decided" not in text_of(ann.get(here))
    assert (
        place.people["gus"].post(here, {"choice": "include"}, HTTP_REFERER=here).status_code == 302
    )
    assert ask(place, "gus", "stages/full_text/decisions",
               {"record": "r01", "verdict": "include"}).status_code == 403  # fmt: skip


def test_notes_on_pages_open_with_the_decisions(place: Any) -> None:
    sha = attached(place)
    body = {"record": "r01", "text": "SECRET <script>", "quote": "One", "page": 1,
            "place": f"{sha[:12]} 0-3", "request_id": "n1"}  # fmt: skip
    made = ask(place, "ann", "reports/notes", body).json()
    assert ask(place, "ann", "reports/notes", body).json() == made
    here, api = f"{place.base}/reports/read/r01/", f"{place.api}/reports?record=r01"
    vote(place, "ann", "full_text", "r01", "include")
    for who in ("ada", "ben", "gus", "eve", "hal"):
        assert "SECRET" not in text_of(place.people[who].get(here))
        assert place.people[who].get(api).json()["notes"] == []
    vote(place, "ben", "full_text", "r01", "include")
    page = text_of(place.people["ben"].get(here))
    assert "SECRET" in page
    assert '<script>"' not in page
    assert place.people["ben"].get(api).json()["notes"][0]["who"] == "Reviewer 1"
    change = {"record": "r01", "note": made["id"], "text": "new", "version": made["version"]}
    assert ask(place, "ben", "reports/notes/change", change).status_code == 404
    newer = ask(place, "ann", "reports/notes/change", {**change, "request_id": "c"}).json()
    assert newer["text"] == "new"
    clash = ask(place, "ann", "reports/notes/change", {**change, "text": "newest"})
    assert (clash.status_code, clash.json()["conflicts"][0]["theirs"]["text"]) == (409, "new")
    remove = {"record": "r01", "note": made["id"]}
    assert ask(place, "ben", "reports/notes/remove", remove).status_code == 404
    assert ask(place, "ann", "reports/notes/remove", remove).json() == {"done": True}
    for bad in ({"page": -1}, {"place": "x" * 201}, {"text": "", "quote": ""}, {"place": "<b>"}):
        answer = ask(place, "ann", "reports/notes", {**body, "request_id": "", **bad})
        assert answer.status_code in (409, 422)
    assert ask(place, "hal", "reports/notes", body).status_code == 403


def test_retrieval_is_noted_for_many_and_merged(place: Any) -> None:
    gus, listed = place.people["gus"], f"{place.base}/reports/"
    given = {"record": ["r02", "r03"], "what": "sought", "reason": "library",
             "version:r02": "0", "version:r03": "0", "request_id": "a"}  # fmt: skip
    for _ in range(2):
        assert gus.post(listed, given).status_code == 302
    assert "library" in text_of(gus.get(f"{listed}?status=sought"))
    late = place.people["ada"].post(
        listed, {**given, "what": "not_retrieved", "reason": "lost", "request_id": "b"}
    )
    text = text_of(late)
    assert late.status_code == 409
    assert "Gus Name" in text
    assert 'name="version:r02" value="1"' in text
    again = {"record": ["r02", "r03"], "what": "not_retrieved", "reason": "lost",
             "version:r02": "1", "version:r03": "1", "request_id": "c"}  # fmt: skip
    assert place.people["ada"].post(listed, again).status_code == 302
    counts = gus.get(f"{place.api}/retrieval?status=not_retrieved").json()
    assert (counts["total"], counts["reports"][0]["reason"]) == (2, "lost")
    assert "not retrieved" in text_of(gus.get(listed)).casefold()
    one = ask(place, "gus", "retrieval", {"records": ["r04"], "status": "not_retrieved"})
    assert one.status_code == 409
    bad = ask(place, "gus", "retrieval", {"records": ["r04"], "status": "eaten"})
    assert bad.status_code == 422
    assert (
        ask(place, "eve", "retrieval", {"records": ["r04"], "status": "sought"}).status_code == 403
    )
    assert (
        ask(place, "gus", "retrieval", {"records": ["r09"], "status": "sought"}).status_code == 404
    )
    assert gus.get(f"{listed}?status=eaten").status_code == 422


def test_a_file_is_taken_away_and_put_back(place: Any) -> None:
    sha = attached(place)
    gus, files = place.people["gus"], f"{place.base}/reports/files/"
    said = {"record": "r01", "sha256": sha}
    assert gus.post(files, {**said, "what": "describe", "licence": "CC BY"}).status_code == 302
    assert "CC BY" in text_of(gus.get(f"{place.base}/reports/read/r01/"))
    assert gus.post(files, {**said, "what": "remove"}).status_code == 302
    assert "Put back" in text_of(gus.get(f"{place.base}/reports/read/r01/"))
    assert gus.get(f"{place.base}/reports/file/{sha}/").status_code == 404
    assert gus.post(files, {**said, "what": "restore"}).status_code == 302
    sent = gus.get(f"{place.base}/reports/file/{sha}/")
    assert sent.status_code == 200
    sent.close()
    assert ask(place, "hal", "reports/files/remove", said).status_code == 403
    assert ask(place, "gus", "reports/files/remove", {**said, "sha256": "../x"}).status_code == 404
    assert ask(place, "gus", "reports/files/remove", said).status_code == 200
    assert ask(place, "gus", "reports/files/restore", said).status_code == 200


def test_files_by_the_api(place: Any) -> None:
    gus = place.people["gus"]
    body = small_pdf([["Three"]])
    given = {"files": SimpleUploadedFile("x.pdf", body), "request_id": "u"}
    made = gus.post(f"{place.api}/retrieval/files", given).json()
    assert made["files"][0]["status"] == "choose"
    path = f"retrieval/uploads/{made['token']}"
    assert ask(place, "gus", path, {"number": 1, "record": "r03"}).json()["files"][0][
        "status"] == "attached"  # fmt: skip
    assert gus.get(f"{place.api}/{path}").json()["files"][0]["record"] == "r03"
    refused = gus.post(f"{place.api}/retrieval/files", {"files": SimpleUploadedFile("x.pdf", EVIL)})
    assert refused.json()["files"][0]["why"] == "no PDF"
    hal = place.people["hal"].post(
        f"{place.api}/retrieval/files", {"files": SimpleUploadedFile("x.pdf", body)}
    )
    assert hal.status_code == 403
    assert ask(place, "gus", "retrieval/open-copy", {"record": "r01"}).status_code == 409


def test_the_viewer_in_a_frame_has_no_decision(place: Any) -> None:
    attached(place)
    text = text_of(place.people["ann"].get(f"{place.base}/reports/read/r01/?frame=1"))
    assert 'data-pdf="quote"' in text
    assert 'id="decide"' not in text
    assert "<nav" not in text


# studies


def make_studies(place: Any) -> None:
    for record in ("r01", "r02", "r03", "r04"):
        for who in ("ann", "ben"):
            vote(place, who, "full_text", record, "include")


def test_studies_are_made_joined_and_described(place: Any) -> None:
    make_studies(place)
    gus, listed = place.people["gus"], f"{place.base}/studies/"
    assert "2 reports without a study" in text_of(gus.get(listed))
    own = {"record": ["r03"], "what": "own", "request_id": "o"}
    for _ in range(2):
        assert gus.post(listed, own).status_code == 302
    put = {"record": ["r04"], "what": "join", "study": "S1", "request_id": "j"}
    assert gus.post(listed, put).status_code == 302
    text = text_of(gus.get(f"{place.base}/studies/one/?study=S1"))
    assert "main report" in text
    one = f"{place.base}/studies/one/"
    split = {"study": "S1", "what": "move", "to": ";new", "new": "New 2003", "record": ["r04"]}
    assert gus.post(one, split).status_code == 302
    back = {"study": "New 2003", "what": "move", "to": "S2", "record": ["r04"]}
    assert gus.post(one, back).headers["Location"] == f"{one}?study=S2"
    main = {"study": "S2", "what": "main", "record": ["r04"]}
    assert gus.post(one, main).status_code == 302
    found = gus.get(f"{place.api}/studies/one?study=S2").json()
    assert (found["reports"], found["main_report"]) == (["r04", "r02"], "r04")
    renamed = gus.post(one, {"study": "S2", "what": "rename", "name": "Lee & Kim 2004"})
    assert renamed.headers["Location"].endswith("?study=Lee+%26+Kim+2004")
    assert gus.get(renamed.headers["Location"]).status_code == 200
    assert gus.get(f"{one}?study=S2").status_code == 404


def test_two_who_describe_a_study_get_a_merge_view(place: Any) -> None:
    one = f"{place.base}/studies/one/"
    form = {"study": "S1", "what": "describe", "version": "1"}
    first = place.people["gus"].post(one, {**form, "field:country": "Peru"})
    assert first.status_code == 302
    late = place.people["ann"].post(one, {**form, "field:country": "<Chile>"})
    text = text_of(late)
    assert late.status_code == 409
    assert "Gus Name changed this study" in text
    assert "Peru" in text
    assert "&lt;Chile&gt;" in text
    assert 'name="version" value="2"' in text
    again = place.people["ann"].post(one, {**form, "version": "2", "field:country": "Chile"})
    assert again.status_code == 302
    found = place.people["ann"].get(f"{place.api}/studies/one?study=S1").json()
    assert found["characteristics"] == {"country": "Chile"}


@pytest.mark.parametrize(
    ("path", "body", "method"),
    [
        pytest.param("studies/join", {"records": ["r01"], "study": "X"}, "post", id="join"),
        pytest.param("studies/split", {"records": ["r01"], "study": "X"}, "post", id="split"),
        pytest.param("studies/main-report", {"study": "S1", "report": "r01"}, "post", id="main"),
        pytest.param("studies/rename", {"study": "S1", "name": "X"}, "post", id="rename"),
        pytest.param("studies/drop", {"study": "S1"}, "post", id="drop"),
        pytest.param("studies/characteristics", {"study": "S1", "characteristics": {}}, "put",
                     id="describe"),
    ],
)  # fmt: skip
def test_an_observer_changes_no_study(
    place: Any, path: str, body: dict[str, Any], method: str
) -> None:
    assert ask(place, "hal", path, body, method).status_code == 403
    assert place.people["hal"].get(f"{place.api}/studies").status_code == 200
    assert 'name="what"' not in text_of(
        place.people["hal"].get(f"{place.base}/studies/one/?study=S1")
    )


def test_bad_words_to_the_api_of_studies_are_told(place: Any) -> None:
    make_studies(place)
    for path, body, status in (
        ("studies/join", {"records": ["r09"], "study": "X"}, 404),
        ("studies/join", {"records": [], "study": "X"}, 422),
        ("studies/join", {"records": ["r01"], "study": "a;b"}, 409),
        ("studies/split", {"records": ["r01"], "study": "New"}, 409),
        ("studies/main-report", {"study": "S1", "report": "r02"}, 422),
        ("studies/rename", {"study": "S1", "name": "S2"}, 409),
        ("studies/drop", {"study": "S1"}, 409),
        ("studies/drop", {"study": "none"}, 404),
    ):
        assert ask(place, "ann", path, body).status_code == status, (path, body)
    bad = {"study": "S1", "characteristics": {"colour": "red"}}
    assert ask(place, "ann", "studies/characteristics", bad, "put").status_code == 422
