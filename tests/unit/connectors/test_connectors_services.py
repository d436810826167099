"""What is special to each service: walls, cursors that die, budgets, spans of dates."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evisynth.connectors import Client, Keys, Query, SearchRun, connector_for, pubmed, run_search
from evisynth.errors import InputError, ServiceError
from evisynth.records import read_records

Make = Callable[..., Client]
Search = Callable[..., SearchRun]
PATHS = {"pubmed": "pubmed", "europepmc": "epmc", "openalex": "openalex", "crossref": "crossref",
         "clinicaltrials": "ctgov", "scopus": "scopus", "wos": "wos"}  # fmt: skip


@pytest.fixture
def search(replay: Any, make_client: Make, tmp_path: Path) -> Search:
    def run(name: str, text: str = "walking", folder: str = "search", **kwargs: Any) -> SearchRun:
        given = {key: kwargs.pop(key) for key in ("since", "until", "options") if key in kwargs}
        return run_search(
            connector_for(name),
            Query(text, **given),
            tmp_path / folder,
            client=make_client(),
            keys=kwargs.pop("keys", Keys({"scopus": "scopus-secret", "wos": "wos-secret"})),
            base_url=replay.base(PATHS[name]),
            **kwargs,
        )

    return run


class TestPubMed:
    """History, batches, the wall."""

    def test_everything_is_posted(self, search: Search, replay: Any) -> None:
        long = " OR ".join(f'"walking {number}"[tiab]' for number in range(400))
        search("pubmed", long, keys=Keys({"ncbi": "sesame"}, "reviewer@example.org"))
        assert {each.method for each in replay.asked} == {"POST"}
        assert replay.asked[0].params["term"] == long
        assert replay.asked[0].params["tool"] == "evisynth"
        assert replay.asked[0].params["email"] == "reviewer@example.org"
        assert replay.asked[0].params["usehistory"] == "y"

    def test_translation_and_warnings_are_kept(self, search: Search) -> None:
        run = search("pubmed", '"walkng"')
        assert run.query_translation == '"walking"[MeSH Terms]'
        assert run.facts["term_mapping"] == ['walking -> "walking"[MeSH Terms]']
        assert run.warnings == ('QuotedPhraseNotFound: "walkng"',)

    def test_nothing_found(self, search: Search) -> None:
        assert search("pubmed", "nothing").reported == 0

    def test_a_refusal_is_told(self, search: Search) -> None:
        with pytest.raises(ServiceError, match="refused: Search Backend failed: bad query"):
            search("pubmed", "refuse me")

    def test_a_search_beyond_the_wall_is_sliced_by_entry_date(
        self, search: Search, replay: Any, world: Any
    ) -> None:
        """10,500 records: the real wall, on both sides."""
        replay.world = world(size=10_500, per_day=1_000)
        run = search("pubmed")
        assert (run.reported, run.fetched, run.records) == (10_500, 10_500, 10_500)
        assert run.warnings == ()
        slices = run.facts["slices"]
        assert sum(int(each.rsplit(": ")[1]) for each in slices) == 10_500
        assert all(int(each.rsplit(": ")[1]) <= 9_999 for each in slices)
        fetched = [each.params for each in replay.asked if each.path.endswith("efetch.fcgi")]
        assert all(int(each["retstart"]) < 9_999 for each in fetched)

    def test_slices_come_in_the_order_of_days(
        self, search: Search, replay: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pubmed, "WALL", 10)
        replay.world.size = 45
        run = search("pubmed")
        assert run.fetched == 45
        records, _ = read_records(run.folder / run.export)
        assert [record.pmid for record in records] == [
            replay.world.pmid(number) for number in range(1, 46)
        ]
        assert any(each.startswith("entered 2020-01-01 to 2020-01-01: 10") for each in
                   run.facts["slices"])  # fmt: skip

    def test_a_day_too_full_is_sliced_by_publication(
        self, search: Search, replay: Any, world: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pubmed, "WALL", 10)
        replay.world = world(size=25, per_day=25)
        run = search("pubmed")
        assert run.fetched == 25
        assert any("published" in each for each in run.facts["slices"])

    def test_what_cannot_be_reached_is_told(
        self, search: Search, replay: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A day whose records all have one day of publication."""
        monkeypatch.setattr(pubmed, "WALL", 5)
        real = replay._esearch

        def one_day(asked: Any) -> Any:
            if "[pdat]" in asked.params["term"]:
                first = asked.params["term"].rsplit("AND ", 1)[1].split(":")[0].replace("/", "-")
                last = asked.params["term"].rsplit(":", 1)[1].removesuffix("[pdat]")
                inside = first <= "2010-06-15" <= last.replace("/", "-")
                asked.params["term"] = "walking" if inside else "nothing"
            return real(asked)

        monkeypatch.setattr(replay, "_esearch", one_day)
        replay.world.size, replay.world.per_day = 9, 9
        run = search("pubmed")
        assert run.fetched == 5
        assert any("9 records, of which 5 can be reached; cut the query" in each
                   for each in run.warnings)  # fmt: skip

    def test_a_service_that_heeds_no_dates(
        self, search: Search, replay: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pubmed, "WALL", 10)
        monkeypatch.setattr(type(replay.world), "numbers", lambda *_: list(range(1, 26)))
        with pytest.raises(ServiceError, match="does not heed dates"):
            search("pubmed")
        assert len(replay.asked) == 3

    def test_a_forgotten_history_is_replaced_by_ids(
        self, search: Search, replay: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pubmed, "BATCH", 10)
        whole = search("pubmed", folder="whole")
        replay.lost_environments = {"MCID_1"}
        run = search("pubmed")
        assert run.fetched == 25
        assert run.warnings == ("the service forgot the search: fetched by ids",)
        assert len(replay.paths("efetch")) == 3 + 1 + 3  # asked by history once only
        assert (run.folder / run.export).read_bytes() == (whole.folder / whole.export).read_bytes()

    def test_records_listed_and_not_sent(self, search: Search, replay: Any) -> None:
        replay.withheld = {replay.world.pmid(7), replay.world.pmid(3)}
        run = search("pubmed")
        assert run.missing == (replay.world.pmid(3), replay.world.pmid(7))
        assert (run.reported, run.fetched) == (25, 23)
        assert "PubMed reported 25 records, 23 came" in run.warnings
        again = [each.params["id"] for each in replay.asked if "id" in each.params]
        assert again == [f"{replay.world.pmid(3)},{replay.world.pmid(7)}"]

    def test_an_update_asks_for_entry_dates(self, search: Search, replay: Any) -> None:
        run = search("pubmed", since="2020-01-03", update_of="x")
        first = replay.asked[0].params
        assert (first["datetype"], first["mindate"]) == ("edat", "2020/01/03")
        assert run.fetched == 5


class TestCursors:
    """Lists with a cursor."""

    def test_europepmc_switches_synonyms_off_and_says_so(self, search: Search, replay: Any) -> None:
        run = search("europepmc")
        assert {each.params["synonym"] for each in replay.asked} == {"false"}
        assert run.facts["synonym_expansion"] is False
        run = search("europepmc", folder="on", options={"synonym": "true"})
        assert replay.asked[-1].params["synonym"] == "true"
        assert run.facts["synonym_expansion"] is True

    def test_europepmc_posts_long_queries(self, search: Search, replay: Any) -> None:
        search("europepmc", "walking OR " * 300 + "sleep")
        assert {(each.method, each.path) for each in replay.asked} == {("POST", "/epmc/searchPOST")}

    def test_europepmc_updates_by_day_of_index(self, search: Search, replay: Any) -> None:
        assert search("europepmc", since="2020-01-03").fetched == 5
        assert replay.asked[0].params["query"] == (
            "(walking) AND FIRST_IDATE:[2020-01-03 TO 3000-12-31]"
        )

    def test_crossref_has_one_cursor_for_all_pages(self, search: Search, replay: Any) -> None:
        run = search("crossref")
        cursors = [each.params["cursor"] for each in replay.asked]
        assert cursors == ["*", "DnF1ZXJ50==", "DnF1ZXJ50=="]
        assert run.fetched == 25
        assert run.facts["api_pool"] == "polite"

    def test_crossref_keeps_the_pace_it_is_told(
        self, search: Search, replay: Any, slept: list[float]
    ) -> None:
        replay.routes["/crossref"] = lambda asked: _slowed(replay, asked)
        search("crossref")
        assert slept
        assert all(seconds == pytest.approx(2.0) for seconds in slept[1:])

    def test_crossref_begins_anew_when_the_cursor_died(self, search: Search, replay: Any) -> None:
        replay.trouble("/crossref/works", "403", skip=2)
        with pytest.raises(ServiceError):
            search("crossref")
        replay.scrolls.clear()
        run = search("crossref")
        assert run.fetched == 25
        assert run.repeated == 0  # what comes again in a second pass is no repetition
        assert "cursor is not valid any more; the list was gone through again" in run.warnings[0]

    def test_crossref_fetches_a_page_that_got_lost_in_a_second_pass(
        self, search: Search, replay: Any
    ) -> None:
        """Behind its cursor the place moves on with each question, answered or not."""
        replay.trouble("/crossref/works", "truncated", skip=1)
        run = search("crossref")
        assert run.fetched == 25
        assert run.warnings[0].startswith("15 of 25 records came; the list was gone through again")
        dois = (run.folder / "raw" / "ids.txt").read_text().split()
        assert sorted(dois) == sorted(replay.world.doi(number) for number in range(1, 26))

    def test_crossref_gives_up_on_a_cursor_that_dies_each_time(
        self, search: Search, replay: Any
    ) -> None:
        real = replay._crossref

        def dying(asked: Any) -> Any:
            replay.scrolls.clear() if asked.params.get("cursor") != "*" else None
            return real(asked)

        replay.routes["/crossref"] = dying
        with pytest.raises(ServiceError, match="the cursor is not valid any more"):
            search("crossref")
        assert len(replay.asked) == 6

    def test_crossref_updates_by_day_of_creation(self, search: Search, replay: Any) -> None:
        text = "query.bibliographic: walking\nfilter: type:journal-article"
        assert search("crossref", text, since="2020-01-03").fetched == 5
        assert replay.asked[0].params["filter"] == (
            "type:journal-article,from-created-date:2020-01-03"
        )
        assert replay.asked[0].params["query.bibliographic"] == "walking"

    def test_clinicaltrials_begins_anew_when_the_token_died(
        self, search: Search, replay: Any
    ) -> None:
        replay.withheld = {"expired"}
        run = search("clinicaltrials", "query.cond: insomnia\nquery.intr: walking")
        assert run.fetched == 25
        assert "page token is not valid any more" in run.warnings[0]
        assert replay.asked[0].params["query.cond"] == "insomnia"

    def test_clinicaltrials_updates_by_first_posting(self, search: Search, replay: Any) -> None:
        run = search("clinicaltrials", "filter.advanced: AREA[Phase]PHASE3", since="2020-01-03")
        assert run.fetched == 5
        assert replay.asked[0].params["filter.advanced"] == (
            "(AREA[Phase]PHASE3) AND AREA[StudyFirstPostDate]RANGE[2020-01-03,MAX]"
        )

    def test_scopus_uses_a_cursor_beyond_its_reach(
        self, search: Search, replay: Any, world: Any
    ) -> None:
        replay.world, replay.page = world(size=5_200), 200
        run = search("scopus")
        assert run.fetched == 5_200
        assert "more than 5000 records" in run.warnings[0]
        assert "cursor" in replay.asked[-1].params

    def test_scopus_and_wos_updates(self, search: Search, replay: Any) -> None:
        search("scopus", since="2026-01-05")
        assert replay.asked[-1].params["query"] == "(walking) AND ORIG-LOAD-DATE AFT 20260105"
        search("wos", folder="w", since="2026-01-05", until="2026-02-01")
        assert replay.asked[-1].params["modifiedTimeSpan"] == "2026-01-05+2026-02-01"
        run = search("wos", folder="all", since="2026-01-05", options={"db": "WOK"})
        assert "modifiedTimeSpan" not in replay.asked[-1].params
        assert "takes no span of dates" in run.warnings[0]

    def test_a_parameter_that_stands_twice(self, search: Search) -> None:
        with pytest.raises(InputError, match="'filter' stands twice"):
            search("openalex", "filter: type:article\nfilter: is_oa:true")


def _slowed(replay: Any, asked: Any) -> Any:
    reply = replay._crossref(asked)
    reply.headers |= {"x-rate-limit-limit": "1", "x-rate-limit-interval": "2s"}
    return reply


class TestBudget:
    """OpenAlex tells what is left of the day's budget."""

    def test_stops_before_the_budget_is_overdrawn(self, search: Search, replay: Any) -> None:
        replay.budget = 0.002
        with pytest.raises(ServiceError, match="the budget of the day is spent") as caught:
            search("openalex")
        assert "renewed in 2.0 hours" in str(caught.value)
        assert "A free key gives a larger budget" in str(caught.value)
        assert len(replay.asked) == 2

    def test_goes_on_when_it_is_renewed(self, search: Search, replay: Any) -> None:
        replay.budget = 0.001
        with pytest.raises(ServiceError):
            search("openalex", keys=Keys({"openalex": "sesame"}))
        assert len(replay.asked) == 1
        replay.budget = 1.0
        run = search("openalex", keys=Keys({"openalex": "sesame"}))
        assert (run.fetched, run.pages_kept, run.requests) == (25, 1, 2)

    def test_scopus_stops_when_the_week_is_used_up(self, search: Search, replay: Any) -> None:
        real = replay._scopus

        def used_up(asked: Any) -> Any:
            reply = real(asked)
            reply.headers = {"X-RateLimit-Remaining": "0"}
            return reply

        replay.routes["/scopus"] = used_up
        with pytest.raises(ServiceError, match="requests of the week are used up"):
            search("scopus")
        assert len(replay.asked) == 1


def test_fields_of_the_records(search: Search, replay: Any) -> None:
    """One record of each, field by field."""
    for name in PATHS:
        run = search(name, folder=name)
        record = read_records(run.folder / run.export).records[6]
        assert record.title == replay.world.title(7), name
        if name != "clinicaltrials":
            assert record.doi == "10.5555/walk.7", name
            assert record.authors[0].startswith("Ames"), name
            assert record.year == 2020, name
        if name not in ("clinicaltrials", "openalex"):
            assert record.journal == "J Walk", name
        if name in ("pubmed", "europepmc", "openalex", "wos"):
            assert record.pmid == "30000007", name
    assert tomllib.loads((run.folder / "search.toml").read_text("utf-8"))["run"]["db"] == "WOS"
