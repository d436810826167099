"""What every connector does: all pages, each record once, kept, gone on with, and read back."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from evisynth.connectors import (
    CONNECTORS,
    Client,
    Keys,
    Query,
    SearchRun,
    connector_for,
    pubmed,
    run_search,
)
from evisynth.errors import InputError, OptionError, ServiceError, SetupError
from evisynth.records import read_records

Make = Callable[..., Client]
PATHS = {
    "pubmed": "pubmed",
    "europepmc": "epmc",
    "openalex": "openalex",
    "crossref": "crossref",
    "clinicaltrials": "ctgov",
    "scopus": "scopus",
    "wos": "wos",
}
KEYS = Keys({"scopus": "scopus-secret", "wos": "wos-secret", "openalex": "oa-secret",
             "ncbi": "ncbi-secret"}, "reviewer@example.org")  # fmt: skip


@dataclass
class Searching:
    """Runs searches of the services on this machine."""

    replay: Any
    make_client: Make
    place: Path
    clients: list[Client] = field(default_factory=list)

    def __call__(self, name: str, folder: str = "search", **kwargs: Any) -> SearchRun:
        client = self.make_client()
        query = kwargs.pop("query", Query("walking"))
        return run_search(
            connector_for(name),
            query,
            self.place / folder,
            client=client,
            keys=kwargs.pop("keys", KEYS),
            base_url=self.replay.base(PATHS[name]),
            **kwargs,
        )


@pytest.fixture
def searching(replay: Any, make_client: Make, tmp_path: Path) -> Searching:
    return Searching(replay, make_client, tmp_path)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_every_connector_is_tried_here() -> None:
    assert set(PATHS) == set(CONNECTORS)


@pytest.mark.parametrize("name", PATHS)
class TestConnector:
    """The battery that all of them pass."""

    def test_brings_every_record_once(self, name: str, searching: Searching) -> None:
        run = searching(name)
        assert (run.reported, run.fetched, run.records) == (25, 25, 25)
        assert (run.unreadable, run.repeated, run.missing) == (0, 0, ())
        assert run.warnings == ()
        records, problems = read_records(run.folder / run.export)
        assert problems == ()
        assert [record.title for record in records] == [
            searching.replay.world.title(number) for number in range(1, 26)
        ]

    def test_keeps_facts_and_pages(self, name: str, searching: Searching) -> None:
        run = searching(name)
        facts = tomllib.loads((run.folder / "search.toml").read_text("utf-8"))
        assert facts["found"] == 25
        assert facts["date"] == "2026-03-02"
        assert facts["run"]["query"] == "walking"
        assert facts["run"]["service"] == CONNECTORS[name].url
        assert (run.folder / "query.txt").read_text("utf-8") == "walking\n"
        lines = (run.folder / "raw" / "pages.jsonl").read_text("utf-8").splitlines()
        pages = [json.loads(line) for line in lines[1:]]
        assert len(pages) == run.pages == len(list((run.folder / "raw").glob("0*")))
        assert all(page["time"] == "2026-03-02T10:00:00Z" for page in pages)
        assert len((run.folder / "raw" / "ids.txt").read_text("utf-8").split()) == 25

    def test_tells_no_key(self, name: str, searching: Searching) -> None:
        run = searching(name)
        told = b"".join(files(run.folder).values()) + repr(run).encode()
        for secret in (*KEYS.values.values(), KEYS.email):
            assert secret.encode() not in told
        sent = repr([(asked.params, asked.headers) for asked in searching.replay.asked])
        wanted = {"pubmed": "ncbi-secret", "openalex": "oa-secret", "scopus": "scopus-secret",
                  "wos": "wos-secret"}.get(name, "Evisynth/")  # fmt: skip
        assert wanted in sent

    def test_interrupted_and_resumed_gives_the_same_bytes(
        self, name: str, searching: Searching, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pubmed, "BATCH", 10)
        searching.replay.world.size = 130 if name == "wos" else 35
        whole = searching(name, "whole")
        total = len(searching.replay.asked)
        for stop_after in range(1, total):
            folder = f"broken{stop_after}"
            searching.replay.trouble(PATHS[name], "403", skip=stop_after)
            searching.replay.scrolls.clear()
            searching.replay.environments.clear()
            with pytest.raises(ServiceError):
                searching(name, folder)
            assert not (searching.place / folder / "search.toml").exists()
            asked = len(searching.replay.asked)
            made = searching(name, folder)
            assert made.pages_kept > 0
            assert made.fetched == whole.fetched
            if name != "crossref":
                assert len(searching.replay.asked) - asked == total - stop_after
                assert files(made.folder) == files(whole.folder)
            else:
                export = (made.folder / made.export).read_bytes()
                assert export == (whole.folder / whole.export).read_bytes()

    def test_a_second_run_asks_nothing(self, name: str, searching: Searching) -> None:
        first = files(searching(name).folder)
        asked = len(searching.replay.asked)
        again = searching(name)
        assert len(searching.replay.asked) == asked
        assert again.requests == 0
        assert files(again.folder) == first

    @pytest.mark.parametrize("kind", ["429", "500", "cut", "truncated", "html"])
    def test_misbehaviour_changes_nothing(self, name: str, kind: str, searching: Searching) -> None:
        plain = searching(name, "plain")
        searching.replay.scrolls.clear()
        searching.replay.trouble(PATHS[name], kind, times=2, skip=1)
        made = searching(name, "troubled")
        assert made.fetched == plain.fetched
        if name != "crossref":  # a page that got lost is fetched in a second pass there
            assert (made.folder / made.export).read_bytes() == (
                plain.folder / plain.export
            ).read_bytes()

    def test_finds_nothing(self, name: str, searching: Searching) -> None:
        searching.replay.world.size = 0
        run = searching(name)
        assert (run.reported, run.fetched, run.export) == (0, 0, "")
        assert not list(run.folder.glob("*export*"))
        assert tomllib.loads((run.folder / "search.toml").read_text())["found"] == 0

    def test_leaves_out_what_is_known(self, name: str, searching: Searching) -> None:
        first = searching(name)
        known = frozenset((first.folder / "raw" / "ids.txt").read_text().split())
        searching.replay.world.size = 28
        run = searching(name, "update", known=known, update_of="search")
        assert (run.fetched, run.already_known, run.records) == (28, 25, 3)
        facts = tomllib.loads((run.folder / "search.toml").read_text())
        assert (facts["found"], facts["removed_at_source"]) == (28, 25)

    def test_refuses_another_search_in_its_folder(self, name: str, searching: Searching) -> None:
        searching(name)
        with pytest.raises(InputError, match="pages of another search"):
            searching(name, query=Query("running"))

    def test_refuses_a_page_that_was_changed(self, name: str, searching: Searching) -> None:
        run = searching(name)
        page = next((run.folder / "raw").glob("0*"))
        page.write_bytes(page.read_bytes() + b" ")
        with pytest.raises(InputError, match="was changed since it came"):
            searching(name)

    def test_progress_ends_at_the_whole(self, name: str, searching: Searching) -> None:
        told: list[tuple[str, int, int]] = []
        searching(name, progress=lambda *each: told.append(each))
        assert told[-1][1:] == (25, 25)
        assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


def test_a_line_that_was_not_written_to_its_end(searching: Searching) -> None:
    whole = files(searching("europepmc").folder)
    folder = searching.place / "search"
    path = folder / "raw" / "pages.jsonl"
    text = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(text[:3]) + text[3][:40], encoding="utf-8")
    for name in ("search.toml", "export.ris"):
        (folder / name).unlink()
    run = searching("europepmc")
    assert run.pages_kept == 2
    assert files(folder) == whole


def test_a_missing_page_is_told(searching: Searching) -> None:
    run = searching("europepmc")
    next((run.folder / "raw").glob("00002*")).unlink()
    with pytest.raises(InputError, match="this page of an answer is not there"):
        searching("europepmc")


def test_the_count_moves_between_pages(searching: Searching) -> None:
    searching.replay.count_moves = {10: 1, 20: 1}
    run = searching("europepmc")
    assert run.count_changes == ("page 2: 25 -> 26", "page 4: 26 -> 25")
    assert run.fetched == 25
    searching.replay.count_moves = {10: 1, 20: 1, 30: 1}
    run = searching("europepmc", "another")
    assert "reported 26 records, 25 came" in run.warnings[0]


def test_a_key_that_is_wrong(searching: Searching) -> None:
    with pytest.raises(ServiceError, match="it answers 401") as caught:
        searching("scopus", keys=Keys({"scopus": "sesame"}))
    assert "Is the key right" in str(caught.value)
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("name", ["scopus", "wos"])
def test_a_key_that_is_not_there(name: str, searching: Searching) -> None:
    with pytest.raises(SetupError, match=f"EVISYNTH_{name.upper()}_API_KEY"):
        searching(name, keys=Keys())
    assert searching.replay.asked == []


def test_options_are_checked() -> None:
    scopus = connector_for("scopus")
    assert scopus.chosen({}) == {"view": "STANDARD"}
    with pytest.raises(OptionError, match="allowed: STANDARD, COMPLETE"):
        scopus.chosen({"view": "SHORT"})
    with pytest.raises(OptionError, match="option of scopus: 'views' is not known; allowed: view"):
        scopus.chosen({"views": "STANDARD"})
    with pytest.raises(OptionError, match="Embase, Ovid"):
        connector_for("embase")


def test_the_export_has_its_own_name_only_when_it_is_whole(searching: Searching) -> None:
    searching.replay.trouble("epmc", "400", skip=1)
    with pytest.raises(ServiceError):
        searching("europepmc")
    assert not (searching.place / "search" / "export.ris").exists()
    shutil.rmtree(searching.place / "search")


def test_a_keyboard_interrupt_leaves_pages_to_go_on_with(searching: Searching) -> None:
    def stop(text: str, done: int, total: int) -> None:
        if done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        searching("openalex", progress=stop)
    run = searching("openalex")
    assert run.pages_kept == 2
    assert run.requests == 1
    assert run.fetched == 25
