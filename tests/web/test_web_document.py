"""The document in the browser: built, read in a closed frame, downloaded; who may."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from evisynth.actions import open_store, team
from evisynth.actions.team import document
from evisynth.actions.thaw import thaw_review


@pytest.fixture
def served(site: Any, small: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A review whose document is made by a stand-in, so that no process is started."""

    def build(place: Path, tell: Any, formats: tuple[str, ...]) -> dict[str, object]:
        tell("Figures", 20, 100)
        assert (place / "review" / "review.toml").is_file()
        out = place / "out"
        (out / "figures").mkdir(parents=True)
        (out / "review.html").write_text("<h1>Built</h1><script>alert(1)</script>", "utf-8")
        (out / "results.json").write_text("{}", "utf-8")
        (out / "figures" / "a.svg").write_text("<svg/>", "utf-8")
        return {
            "built": {"title": "Small", "files": ["review.html"], "warnings": ["Look <b>here</b>"],
                      "records": 1, "studies": 1, "analyses": [["Sleep", "MD", 3, "1.0 [0, 2]"]]}
        }  # fmt: skip

    monkeypatch.setattr(document, "_run_child", build)
    open_store(small / ".evisynth" / "review.db").close()
    thaw_review(small)
    return site(small)


def test_from_building_to_reading(served: Any) -> None:
    client, base = served.client("r1"), f"{served.base}/document"
    page = client.get(f"{base}/").content.decode()
    assert "Nothing was built yet" in page
    given = {"format": ["html", "docx"], "request_id": "one"}
    for _ in range(2):
        assert client.post(f"{base}/", given).status_code == 302
    assert team.wait_for_jobs()
    page = client.get(f"{base}/").content.decode()
    assert len(re.findall(r"<tr><td class=\"nowrap\">", page)) == 1
    assert "up to date" in page
    assert "Look &lt;b&gt;here&lt;/b&gt;" in page
    frame = re.search(r'<iframe sandbox src="([^"]+)"', page)
    assert frame
    shown = client.get(frame[1])
    assert shown.content == b"<h1>Built</h1>"
    assert "sandbox" in shown["Content-Security-Policy"]
    assert "script-src" not in shown["Content-Security-Policy"]
    assert "default-src 'none'" in shown["Content-Security-Policy"]
    file = re.search(r'href="([^"]+/file/results.json)"', page)
    assert file
    answer = client.get(file[1])
    assert answer["Content-Disposition"].startswith("attachment")
    assert b"".join(answer.streaming_content) == b"{}"
    packed = client.get(frame[1].replace("/view/", "/all/"))
    with zipfile.ZipFile(io.BytesIO(b"".join(packed.streaming_content))) as found:
        assert found.testzip() is None
        assert set(found.namelist()) == {
            "out/review.html", "out/results.json", "out/figures/a.svg",
        }  # fmt: skip
    build = frame[1].split("/")[-3]
    for name in ("../job.json", "x/../../job.json", "%2e%2e/job.json"):
        assert client.get(f"{base}/{build}/file/{name}").status_code == 404
    assert client.get(f"{base}/nothing/view/").status_code == 404
    plan = served.store.get("plan", ("review.toml",))
    served.store.put(
        "plan", plan.key, {"text": f"{plan.value['text']}\n# a remark\n"}, actor="r1", act="plan"
    )
    assert "the data changed since" in client.get(f"{base}/").content.decode()


def test_a_form_without_formats_is_told(served: Any) -> None:
    client, base = served.client("r1"), f"{served.base}/document"
    answer = client.post(f"{base}/", {"request_id": "x"}, follow=True)
    assert "at least one format" in answer.content.decode()


def test_who_may_not_run_analyses_has_no_document(served: Any) -> None:
    lead = served.client("r1")
    made = lead.post(
        f"{served.api}/documents", {"formats": ["html"]}, content_type="application/json"
    ).json()
    assert team.wait_for_jobs()
    assert lead.get(f"{served.api}/documents").json()[0]["ready"]
    ident = made["job"]["id"]
    for who in ("r2", "r3"):
        client = served.client(who)
        for page in ("", f"{ident}/view/", f"{ident}/all/", f"{ident}/file/results.json"):
            assert client.get(f"{served.base}/document/{page}").status_code == 403
        assert client.get(f"{served.api}/documents").status_code == 403
        for path, body in (("", {"formats": ["html"]}), ("/stop", {"build": ident})):
            answer = client.post(
                f"{served.api}/documents{path}", body, content_type="application/json"
            )
            assert answer.status_code == 403
    answer = lead.post(
        f"{served.api}/documents", {"formats": ["odt"]}, content_type="application/json"
    )
    assert answer.status_code == 422
