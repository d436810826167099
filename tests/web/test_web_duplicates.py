"""Duplicates in the browser: the queue, side by side, merge view, taking back, roles."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.unit.actions_team.test_team_duplicates import EXPORT, entry
from tests.web.worlds import make_folder

from evisynth.actions import open_store, team
from evisynth.actions.thaw import thaw_review

NASTY = '<script>alert("1")</script> Morning light for shift workers'


@pytest.fixture
def served(site: Any, tmp_path: Path) -> Any:
    folder = make_folder(tmp_path / "review", title_abstract="votes_needed = 2")
    search = folder / "searches" / "pubmed"
    bare = {"volume": "", "page": ""}
    groups = {
        "d": ("Effects of an online support group on mood and participation in women", "Klemm, P"),
        "e": ("A feasibility study of yoga at home during treatment in older men", "Roth, B"),
    }
    more = "\n\n".join(
        entry(f"{name}{end}", f"{group} {words}", author=author, abstract=group, **bare)
        for name, (group, author) in groups.items()
        for end, words in (("1", "in practice"), ("2", "with breast cancer"))
    )
    more += "\n\n" + entry("b3", NASTY, author="Ito, Ren", journal="Sleep", **bare)
    (search / "export.ris").write_text(f"{EXPORT}\n\n{more}\n", encoding="utf-8")
    (search / "search.toml").write_text('name = "PubMed"\nkind = "database"\n', encoding="utf-8")
    (folder / "studies" / "studies.csv").unlink()
    open_store(folder / ".evisynth" / "review.db").close()
    thaw_review(folder)
    return site(folder)


def hidden(page: str) -> dict[str, str]:
    """Return the hidden fields of the form with the decisions."""
    form = page[page.index('class="decision"') :]
    found = re.findall(r'name="(\w+)" value="([^"]*)"', form[: form.index("</form>")])
    return {name: value for name, value in found if name != "what"}


def test_the_queue_from_comparing_to_the_last_pair(served: Any) -> None:
    client, base = served.client("gus"), f"{served.base}/duplicates"
    page = client.get(f"{base}/").content.decode()
    assert "The records were not compared yet" in page
    answer = client.post(f"{base}/find/", {"what": "find", "request_id": "one"}, follow=True)
    assert "repeat another" in answer.content.decode()
    waiting = [
        kind for kind in ("doubtful", "screened", "check", "study")
        if team.duplicate_pairs(_desk(served, "gus"), kind).total
    ]  # fmt: skip
    assert waiting
    kind = waiting[0]
    answer = client.get(f"{base}/pair/?kind={kind}", follow=True)
    page = answer.content.decode()
    assert "Evidence:" in page
    assert "<ins>" in page or "<del>" in page
    for _ in range(20):
        fields = hidden(page)
        answer = client.post(f"{base}/pair/", {**fields, "what": "different"}, follow=True)
        page = answer.content.decode()
        again = client.post(f"{base}/pair/", {**fields, "what": "different"})
        assert again.status_code == 302, "sent again it changes nothing"
        if 'class="decision"' not in page:
            break
        undo = re.search(r'name="request" value="(\w+)"', page)
        assert undo
    assert "No pair of this kind waits any more" in page
    assert not team.duplicate_pairs(_desk(served, "gus"), kind).total


def _desk(served: Any, who: str) -> team.Desk:
    made = team.seated(served.store, served.folder, who)
    assert made is not None
    return made


def test_a_title_with_script_is_shown_as_text(served: Any) -> None:
    client = served.client("gus")
    page = client.get(f"{served.base}/duplicates/pair/?first=b1&second=b3").content.decode()
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page


def test_a_decision_made_meanwhile_is_shown_beside_the_own_one(served: Any) -> None:
    gus, base = served.client("gus"), f"{served.base}/duplicates"
    fields = hidden(gus.get(f"{base}/pair/?first=b1&second=b2").content.decode())
    team.decide_pair(_desk(served, "ada"), "b1", "b2", "study", note="a cohort")
    answer = gus.post(f"{base}/pair/", {**fields, "what": "report", "note": "mine"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody decided on these records meanwhile" in page
    assert "a cohort" in page
    assert "mine" in page
    assert team.pair_sides(_desk(served, "gus"), "b1", "b2").decision == "study"
    fields = hidden(page)
    assert gus.post(f"{base}/pair/", {**fields, "what": "report"}).status_code == 302
    assert team.pair_sides(_desk(served, "gus"), "b1", "b2").merged


def test_groups_out_and_back(served: Any) -> None:
    client, base = served.client("ada"), f"{served.base}/duplicates"
    client.post(f"{base}/find/", {"what": "find"})
    assert "Record that stays" in client.get(f"{base}/groups/").content.decode()
    page = client.get(f"{base}/group/?id=a1").content.decode()
    taken = re.findall(r'name="id" value="(\w+)"><input type="hidden" name="request_id"', page)
    given = {"id": taken[0], "request_id": "out"}
    assert client.post(f"{base}/group/", given).status_code == 302
    assert client.post(f"{base}/group/", given).status_code == 302
    page = client.get(f"{base}/decided/").content.decode()
    assert "and 1 more" in page
    client.post(f"{base}/decided/", {"request": "out", "request_id": "back"})
    assert len(_desk(served, "ada").board.duplicates) == 2
    page = client.get(f"{base}/decided/").content.decode()
    assert "Decide so again" in page
    answer = client.post(f"{base}/decided/", {"request": "out"}, follow=True)
    assert "rests on this one" in answer.content.decode()


def test_who_may_not_deduplicate_sees_nothing_of_it(served: Any) -> None:
    for who in ("ann", "finn", "hal", "ida"):
        client = served.client(who)
        assert "Duplicates" not in client.get(f"{served.base}/").content.decode()
        for page in ("", "pair/?first=b1&second=b2", "groups/", "group/?id=a1", "decided/"):
            assert client.get(f"{served.base}/duplicates/{page}").status_code == 403
        assert client.get(f"{served.api}/duplicates").status_code == 403
        body = {"first": "b1", "second": "b2", "decision": "same"}
        answer = client.post(
            f"{served.api}/duplicates/decide", body, content_type="application/json"
        )
        assert answer.status_code == 403


def test_the_api_does_the_same(served: Any) -> None:
    client, api = served.client("gus"), f"{served.api}/duplicates"

    def post(path: str, **body: object) -> Any:
        return client.post(f"{api}/{path}", body, content_type="application/json")

    job = post("find", request_id="one").json()
    assert (job["status"], job["result"]["copies"]) == ("done", 2)
    assert post("find", request_id="one").json() == job
    assert client.get(f"{api}/jobs").json() == [job]
    found = client.get(api).json()
    assert (found["records"], found["copies"], found["groups"]) == (11, 2, 1)
    sides = client.get(f"{api}/pair", {"first": "b1", "second": "b2"}).json()
    assert [record["id"] for record in sides["records"]] == ["b1", "b2"]
    body = {"first": "b1", "second": "b2", "decision": "report", "request_id": "m"}
    made = post("decide", **body, version=sides["version"]).json()
    assert post("decide", **body, version=sides["version"]).json() == made
    assert (
        post("decide", **{**body, "decision": "study", "request_id": "n"}, version=0).status_code
        == 409
    )
    assert len(client.get(f"{api}/groups").json()["groups"]) == 2
    assert post("undo", request="m", request_id="u").json() == {"changed": 2}
    assert post("undo", request="m", request_id="v").status_code == 409
    assert post("undo", request="zz").status_code == 404
    assert [line["request"] for line in client.get(f"{api}/decisions").json()] == ["u", "m"]
    assert post("separate", record="c1").status_code == 409
    assert post("decide", **{**body, "decision": "maybe"}).status_code == 422
    assert post("decide", **{**body, "first": "zz", "request_id": ""}).status_code == 404
