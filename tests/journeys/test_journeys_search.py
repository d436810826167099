"""Searching over the network, by the command line, against services on this machine."""

from __future__ import annotations

import csv
import importlib.util
import json
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evisynth.cli import run_command
from evisynth.connectors import Client
from evisynth.review import read_review

Capture = pytest.CaptureFixture[str]
Answer = Callable[..., tuple[int, dict[str, Any]]]
REPLAY = Path(__file__).parents[1] / "unit" / "connectors" / "replay.py"


def load_replay() -> ModuleType:
    name = "connectors_replay"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, REPLAY)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("NCBI_API_KEY", "OPENALEX_API_KEY", "SCOPUS_API_KEY", "SCOPUS_INSTTOKEN",
                 "WOS_API_KEY", "EMAIL"):  # fmt: skip
        monkeypatch.delenv(f"EVISYNTH_{name}", raising=False)
    monkeypatch.setenv("EVISYNTH_KEYS", str(tmp_path / "keys.toml"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def replay() -> Iterator[Any]:
    with load_replay().serving() as made:
        yield made


@pytest.fixture
def answer(capsys: Capture) -> Answer:
    """Runs a command with --json and returns its code and answer."""

    def run(*arguments: str) -> tuple[int, dict[str, Any]]:
        code = run_command([*arguments, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def base(replay: Any, *names: str) -> list[str]:
    paths = {"europepmc": "epmc", "clinicaltrials": "ctgov"}
    return [
        part
        for name in names
        for part in ("--base-url", f"{name}={replay.base(paths.get(name, name))}")
    ]


def switch_on(folder: Path, *names: str) -> None:
    path = folder / "review.toml"
    listed = ", ".join(f'"{name}"' for name in names)
    path.write_text(
        path.read_text("utf-8")
        + f'\n[connectors]\nenabled = [{listed}]\nemail = "r@example.org"\n',
        encoding="utf-8",
    )


def search_folder(folder: Path, ending: str) -> Path:
    return next((folder / "searches").glob(f"*_{ending}"))


def test_run_update_and_read(small: Path, replay: Any, answer: Answer) -> None:
    before = read_review(small)
    switch_on(small, "pubmed", "openalex")
    (small / "query.txt").write_text("walking[tiab]\n  AND sleep[mh]\n", encoding="utf-8")
    run = ["search", "run", str(small), "--database", "pubmed", *base(replay, "pubmed")]
    code, told = answer(*run, "--query-file", str(small / "query.txt"))
    assert code == 0
    assert told["ok"] is True
    assert told["command"] == "search run"
    assert (told["search"]["reported"], told["search"]["records"]) == (25, 25)
    made = search_folder(small, "pubmed")
    assert told["search"]["folder"] == made.as_posix()
    assert (made / "query.txt").read_text("utf-8") == "walking[tiab]\n  AND sleep[mh]\n"
    assert replay.asked[0].params["term"] == "walking[tiab]\n  AND sleep[mh]"
    assert replay.asked[0].params["email"] == "r@example.org"

    review = read_review(small)
    assert len(review.records) == len(before.records) + 25
    assert "pubmed-30000001" in {record.id for record in review.records}
    source = next(each for each in review.sources if each.id == made.name)
    assert (source.found, source.records, source.kind) == (25, 25, "database")
    assert source.query == "walking[tiab]\n  AND sleep[mh]"
    assert [each for each in review.warnings if "raw" in each] == []

    replay.world.size = 31
    code, told = answer("search", "update", str(small), *base(replay, "pubmed"))
    assert code == 0
    update = told["runs"][0]
    assert (update["records"], update["update_of"]) == (0, made.name)
    assert update["since"]  # entered in 2020: a span of days from yesterday on has none of them

    code, told = answer("search", "update", str(small), "--by", "ids", *base(replay, "pubmed"))
    update = told["runs"][0]
    assert (code, update["fetched"], update["already_known"], update["records"]) == (0, 31, 25, 6)
    facts = tomllib.loads((Path(update["folder"]) / "search.toml").read_text("utf-8"))
    assert (facts["found"], facts["removed_at_source"]) == (31, 25)
    review = read_review(small)
    assert len(review.records) == len(before.records) + 31
    assert review.flow.problems == before.flow.problems
    assert run_command(["run", str(small), "--format", "html", "--quiet"]) == 0
    assert run_command(["check", str(small), "--quiet"]) == 0

    code, told = answer("search", "update", str(small), "--by", "ids", *base(replay, "pubmed"))
    assert (code, told["runs"][0]["already_known"], told["runs"][0]["records"]) == (0, 31, 0)


def test_an_update_by_entry_dates(small: Path, replay: Any, answer: Answer) -> None:
    """The last search is dated back, so that records were entered since."""
    switch_on(small, "europepmc")
    query = ["--database", "europepmc", "--query", "walking"]
    assert answer("search", "run", str(small), *query, *base(replay, "europepmc"))[0] == 0
    made = search_folder(small, "europepmc")
    path = made / "search.toml"
    text = path.read_text("utf-8")
    day = tomllib.loads(text)["date"]
    path.write_text(text.replace(f'date = "{day}"', 'date = "2020-01-03"'), encoding="utf-8")
    replay.world.size = 31
    _, told = answer("search", "update", str(small), *base(replay, "europepmc"))
    update = told["runs"][0]
    assert update["since"] == "2020-01-02"  # a day before, for what was entered late that day
    assert (update["fetched"], update["already_known"], update["records"]) == (21, 15, 6)


def test_a_search_that_broke_off_goes_on(small: Path, replay: Any, answer: Answer) -> None:
    command = ["search", "run", str(small), "--database", "openalex", "--query", "walking",
               "--online", *base(replay, "openalex")]  # fmt: skip
    replay.trouble("/works", "403", skip=2)
    code, told = answer(*command)
    assert (code, told["ok"]) == (5, False)
    assert "it answers 403" in told["errors"][0]["message"]
    assert not list((small / "searches").glob("*openalex"))
    read_review(small)  # what is unfinished is not seen
    code, told = answer(*command)
    assert (code, told["search"]["pages_kept"], told["search"]["requests"]) == (0, 2, 1)
    assert told["search"]["records"] == 25
    assert not list((small / ".evisynth" / "searches").iterdir())


def test_restart_begins_anew(small: Path, replay: Any, answer: Answer) -> None:
    command = ["search", "run", str(small), "--database", "openalex", "--query", "walking",
               "--online", *base(replay, "openalex")]  # fmt: skip
    replay.trouble("/works", "403", skip=2)
    assert answer(*command)[0] == 5
    code, told = answer(*command, "--restart")
    assert (code, told["search"]["pages_kept"], told["search"]["requests"]) == (0, 0, 3)


def test_chase_goes_on_from_what_was_included(small: Path, replay: Any, answer: Answer) -> None:
    replay.world.size = 9
    replay.world.cites = {1: (2, 3), 4: (1,), 2: (6,)}
    services = ("openalex", "crossref", "europepmc")
    switch_on(small, *services, "pubmed")
    assert answer("search", "run", str(small), "--database", "pubmed", "--query", "x",
                  *base(replay, "pubmed"))[0] == 0  # fmt: skip
    shutil.rmtree(search_folder(small, "pubmed") / "raw")
    chase = ["search", "chase", str(small), *base(replay, *services)]
    code, told = answer(*chase, "--seed", "pubmed-30000001")
    assert code == 0
    assert told["seeds"] == ["pubmed-30000001"]
    assert told["rounds"][0]["in_library"] == 3  # PubMed brought them
    assert told["new"] == 2  # a book and a report that no database has
    made = search_folder(small, "citations")
    with (made / "raw" / "links.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["seed"] for row in rows} == {"pubmed-30000001"}
    ids = {record.id for record in read_review(small).records}
    assert {row["record_id"] for row in rows} <= ids

    code, told = answer(*chase, "--seed", "pubmed-30000001")
    assert code == 2
    assert "was chased before" in told["errors"][0]["message"]
    code, told = answer(*chase, "--seed", "pubmed-30000001", "--seed", "pubmed-30000002")
    assert (code, told["seeds"], told["rounds"][0]["round"]) == (0, ["pubmed-30000002"], 2)
    assert told["skipped"] == {"pubmed-30000001": "was chased before"}


def test_full_texts(small: Path, replay: Any, answer: Answer, capsys: Capture) -> None:
    replay.open_copies = {
        replay.world.doi(1): [(f"{replay.url}/files/one.pdf", "cc-by")],
        replay.world.doi(2): [],
    }
    replay.open_access = {3}
    services = ("unpaywall", "europepmc", "pmc")
    assert answer("search", "run", str(small), "--database", "pubmed", "--query", "x", "--online",
                  *base(replay, "pubmed"))[0] == 0  # fmt: skip
    switch_on(small, *services)
    wanted = [part for number in (1, 2, 3) for part in ("--record", f"pubmed-3000000{number}")]
    command = ["fulltext", str(small), *base(replay, *services), *wanted]
    code, told = answer(*command, "--store")
    assert (code, told["counts"]) == (0, {"stored": 2, "not found": 1})
    with (small / "fulltext" / "fulltext.csv").open(encoding="utf-8") as file:
        rows = {row["record"]: row for row in csv.DictReader(file)}
    assert rows["pubmed-30000001"]["licence"] == "cc-by"
    assert rows["pubmed-30000001"]["version"] == "publishedVersion"
    assert (small / "fulltext" / rows["pubmed-30000001"]["file"]).read_bytes()[:4] == b"%PDF"
    assert "closed, no open copy" in rows["pubmed-30000002"]["reason"]
    asked = len(replay.asked)
    code, told = answer(*command, "--store")
    assert (told["kept"], len(told["found"])) == (2, 1)
    assert {path.split("/")[1] for path in replay.paths()[asked:]} == {"unpaywall", "epmc"}
    assert run_command([*command, "--again"]) == 0
    assert "Written to" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "--database", "pubmed", "--query", "x"], 2,
         ["switched off; nothing was sent", 'enabled = ["pubmed"]', "--online"]),
        (["run", "--database", "embase", "--query", "x", "--online"], 2,
         ["'embase'", "pubmed", "exported files"]),
        (["run", "--query", "x"], 2, ["--database", "europepmc"]),
        (["run", "--database", "pubmed", "--online"], 2, ["there is no query", "--query-file"]),
        (["run", "--database", "pubmed", "--query", "x", "--query-file", "q", "--online"], 2,
         ["one query is wanted"]),
        (["run", "--database", "pubmed", "--query-file", "none.txt", "--online"], 2,
         ["none.txt", "cannot be read"]),
        (["run", "--database", "scopus", "--query", "x", "--online"], 3,
         ["EVISYNTH_SCOPUS_API_KEY", "dev.elsevier.com", "Do not write it into the review"]),
        (["run", "--database", "wos", "--query", "x", "--online"], 3, ["EVISYNTH_WOS_API_KEY"]),
        (["run", "--database", "pubmed", "--query", "x", "--online", "--option", "a"], 2,
         ["view=COMPLETE"]),
        (["run", "--database", "pubmed", "--query", "x", "--online", "--option", "a=b"], 2,
         ["'a' is not known"]),
        (["run", "--database", "pubmed", "--query", "x", "--online", "--base-url",
          "medline=http://x"], 2, ["'medline'", "pubmed"]),
        (["run", "--database", "pubmed", "--query", "x", "--online", "--base-url",
          "pubmed=file:///etc"], 2, ["file:///etc", "https://"]),
        (["update", "--online"], 2, ["no search that a connector ran", "evisynth search run"]),
        (["update", "--online", "--search", "2020_x"], 2, ["'2020_x'"]),
        (["update", "--online", "--by", "luck"], 2, ["'luck'", "dates, ids"]),
        (["chase", "--online", "--service", "lens"], 2, ["'lens'", "openalex, europepmc"]),
        (["chase", "--online", "--seed", "nobody"], 2, ["'nobody'"]),
        (["chase", "--online", "--rounds", "0"], 2, ["rounds: 0"]),
        (["chase"], 2, ["switched off"]),
    ],
)  # fmt: skip
def test_bad_input_is_answered_with_the_way_out(
    small: Path, answer: Answer, arguments: list[str], code: int, message: list[str]
) -> None:
    name, *rest = arguments
    found, told = answer("search", name, str(small), *rest)
    assert found == code
    text = json.dumps(told["errors"], ensure_ascii=False).replace('\\"', '"')
    assert [part for part in message if part not in text] == []
    assert not (small / ".evisynth" / "searches").exists()


def test_fulltext_is_off_too(small: Path, answer: Answer) -> None:
    code, told = answer("fulltext", str(small))
    assert code == 2
    assert "unpaywall, europepmc, pmc: switched off" in told["errors"][0]["message"]
    code, told = answer("fulltext", str(small), "--record", "nobody", "--online")
    assert (code, told["errors"][0]["at"]) == (2, "record")


def test_offline_is_told(small: Path, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection: a message with the way out, and nothing half-made in the review."""
    usual: Any = Client.__init__.__kwdefaults__
    monkeypatch.setitem(usual, "sleep", lambda _: None)
    code, told = answer("search", "run", str(small), "--database", "pubmed", "--query", "x",
                        "--online", "--base-url", "pubmed=http://127.0.0.1:9/x")  # fmt: skip
    assert code == 5
    assert "127.0.0.1:9 cannot be reached" in told["errors"][0]["message"]
    assert not list((small / "searches").glob("*pubmed*pubmed"))


def test_an_unknown_word_in_the_plan(small: Path, answer: Answer) -> None:
    switch_on(small, "pubmd")
    code, told = answer("search", "run", str(small), "--database", "pubmed", "--query", "x")
    assert (code, told["errors"][0]["message"]) == (2, "unknown connector 'pubmd'")


def test_keys_never_reach_the_review(
    small: Path, replay: Any, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVISYNTH_SCOPUS_API_KEY", "scopus-secret")
    code, told = answer("search", "run", str(small), "--database", "scopus", "--query", "walking",
                        "--online", "--email", "person@example.org",
                        *base(replay, "scopus"))  # fmt: skip
    assert (code, told["search"]["records"]) == (0, 25)
    held = b"".join(path.read_bytes() for path in small.rglob("*") if path.is_file())
    assert b"scopus-secret" not in held
    assert b"person@example.org" not in held
    assert "scopus-secret" not in json.dumps(told)


def test_what_people_are_shown(small: Path, replay: Any, capsys: Capture) -> None:
    arguments = ["search", "run", str(small), "-d", "pubmed", "--query", '"walkng"', "--online",
                 *base(replay, "pubmed")]  # fmt: skip
    assert run_command(arguments) == 0
    shown = capsys.readouterr().out
    assert "PubMed (NCBI E-utilities)" in shown
    assert "Reported       25 records" in shown
    assert 'Note: QuotedPhraseNotFound: "walkng"' in shown
    assert "export.xml" in shown
    assert run_command(["search", "update", str(small), "--by", "ids", "--online",
                        *base(replay, "pubmed")]) == 0  # fmt: skip
    assert "0 new records from 1 search." in capsys.readouterr().out
    assert run_command(["search", "chase", str(small), "--online", "--seed", "pubmed-30000001",
                        *base(replay, "openalex", "crossref", "europepmc")]) == 0  # fmt: skip
    shown = capsys.readouterr().out
    assert "Round  Seeds  Citations" in shown
    assert "Stopped: the rounds asked for (1) are done." in shown


def test_one_failed_update_does_not_stop_the_others(
    small: Path, replay: Any, answer: Answer
) -> None:
    for name in ("openalex", "europepmc"):
        assert answer("search", "run", str(small), "--database", name, "--query", "x", "--online",
                      *base(replay, name))[0] == 0  # fmt: skip
    replay.trouble("/openalex", "403", times=9)
    code, told = answer("search", "update", str(small), "--by", "ids", "--online",
                        *base(replay, "openalex", "europepmc"))  # fmt: skip
    assert (code, told["ok"], len(told["runs"])) == (5, False, 1)
    assert next(iter(told["failed"])).endswith("openalex")
