"""Bodies that live services sent, kept outside the project, served by the server here.

They are looked for in ``EVISYNTH_SHARED``, or in a folder ``shared`` beside a folder above the
checkout; without them these tests are skipped.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evisynth.connectors import Client, Query, connector_for, run_search
from evisynth.connectors.chase_sources import records_of
from evisynth.connectors.crossref import _refuse
from evisynth.connectors.json_pages import CursorLostError
from evisynth.connectors.pubmed import items_of
from evisynth.connectors.requests import Answer
from evisynth.records import read_records


def _folder() -> Path | None:
    given = os.environ.get("EVISYNTH_SHARED")
    places = [Path(given)] if given else [each / "shared" for each in Path(__file__).parents]
    return next((place / "data/api" for place in places if (place / "data/api").is_dir()), None)


RECORDED = _folder()
Make = Callable[..., Client]

pytestmark = pytest.mark.skipif(
    RECORDED is None, reason="no folder shared/data/api; set EVISYNTH_SHARED to have these tests"
)


def reply(body: bytes | str, kind: str, status: int = 200) -> Any:
    made: dict[str, Any] = {"body": body, "status": status, "kind": kind, "headers": {}}
    return type("Reply", (), made)()


def recorded(name: str) -> bytes:
    assert RECORDED is not None
    return (RECORDED / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "pmids"),
    [
        ("pubmed1.xml", ["12091962", "9997"]),
        ("pubmed2.xml", ["11748933", "11700088"]),
        ("efetch_summary.xml", None),
        ("pubmed5.xml", None),
    ],
)
def test_articles_of_pubmed(
    replay: Any, make_client: Make, tmp_path: Path, name: str, pmids: list[str] | None
) -> None:
    body = recorded(f"eutils/{name}")
    items = list(items_of(body))
    found = [item.id for item in items]
    assert len(found) == len(re.findall(rb"<Pubmed(?:Book)?Article>", body)) > 0
    assert pmids is None or found == pmids
    ids = "".join(f"<Id>{each}</Id>" for each in found)
    search = re.sub(
        rb"<Count>\d+</Count>.*?</IdList>",
        f"<Count>{len(found)}</Count><QueryKey>1</QueryKey><WebEnv>M</WebEnv>"
        f"<IdList>{ids}</IdList>".encode(),
        recorded("eutils/esearch2.xml"),
        count=1,
        flags=re.DOTALL,
    )
    replay.routes["/pubmed/esearch"] = lambda _: reply(search, "text/xml")
    replay.routes["/pubmed/efetch"] = lambda _: reply(body, "text/xml")
    run = run_search(
        connector_for("pubmed"),
        Query("cancer"),
        tmp_path / "search",
        client=make_client(),
        base_url=replay.base("pubmed"),
    )
    assert (run.fetched, run.records, run.unreadable) == (len(found), len(found), 0)
    assert "2025/09/27:2025/11/26[Date - Entry]" in run.query_translation
    records, _ = read_records(run.folder / run.export)
    assert [record.pmid for record in records] == found
    assert all(record.title for record in records)


def test_a_search_that_finds_nothing(replay: Any, make_client: Make, tmp_path: Path) -> None:
    body = recorded("eutils/esearch8.xml")
    replay.routes["/pubmed/esearch"] = lambda _: reply(body, "text/xml")
    run = run_search(
        connector_for("pubmed"), Query("abcXYZ"), tmp_path / "search", client=make_client(),
        base_url=replay.base("pubmed"),
    )  # fmt: skip
    assert run.reported == 0
    assert run.query_translation == "(abcXYZ[All Fields])"
    assert run.warnings == ("PhraseNotFound: abcXYZ",)


def crossref_page() -> bytes:
    text = recorded("crossref/works_cursor.yaml").decode()
    found = re.search(r"!!binary \|\n((?:\s{8}.*\n)+)", text)
    assert found is not None
    return gzip.decompress(base64.b64decode("".join(found[1].split())))


def test_a_page_of_crossref(replay: Any, make_client: Make, tmp_path: Path) -> None:
    page = json.loads(crossref_page())
    page["message"]["total-results"] = len(page["message"]["items"])
    replay.routes["/crossref"] = lambda _: reply(json.dumps(page), "application/json")
    run = run_search(
        connector_for("crossref"), Query("widget"), tmp_path / "search", client=make_client(),
        base_url=replay.base("crossref"),
    )  # fmt: skip
    assert (run.reported, run.records, run.unreadable) == (20, 20, 0)
    records, _ = read_records(run.folder / run.export)
    assert all(record.title and record.doi for record in records)


def test_the_refusal_of_crossref() -> None:
    text = recorded("crossref/works_cursor_bad.yaml").decode()
    found = re.search(r"string: '(.*?)'\n", text, re.DOTALL)
    assert found is not None
    body = " ".join(found[1].split()).encode()
    with pytest.raises(CursorLostError):
        _refuse(Answer(404, {}, body, "", ""))


@pytest.mark.parametrize("name", ["10.1177_02683962211048201", "10.17705_1cais.04607",
                                  "10.2196_22081"])  # fmt: skip
def test_works_of_crossref(name: str) -> None:
    found = json.loads(recorded(f"crossref/{name}.json"))
    work = found.get("message", found)
    record = records_of([work], '{"message": {"items": [', "]}}")[0]
    assert record.doi == name.replace("_", "/", 1)
    assert record.title


def test_a_work_of_openalex() -> None:
    record = records_of([json.loads(recorded("openalex/work.json"))], '{"results": [', "]}")[0]
    assert record.doi == "10.7717/peerj.4375"
    assert record.accession == "W2741809807"
    assert record.pmid == "29456894"


def test_studies_of_clinicaltrials(replay: Any, make_client: Make, tmp_path: Path) -> None:
    studies = json.loads(recorded("clinicaltrials_gov/studies.json"))
    page = {"studies": studies, "totalCount": len(studies)}
    replay.routes["/ctgov"] = lambda _: reply(json.dumps(page), "application/json")
    run = run_search(
        connector_for("clinicaltrials"), Query("breast cancer"), tmp_path / "search",
        client=make_client(), base_url=replay.base("ctgov"),
    )  # fmt: skip
    assert run.records == len(studies) > 0
    records, _ = read_records(run.folder / run.export)
    assert records[0].accession == "NCT02663973"
