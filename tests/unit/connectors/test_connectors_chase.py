"""Citation chasing: both ways, by rounds, each record once with the seed that brought it."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evisynth.connectors import Chase, ChasePlan, Client, Seed, chase_citations
from evisynth.errors import DataError, OptionError, ServiceError
from evisynth.records import Record, read_records

Make = Callable[..., Client]
Go = Callable[..., Chase]

CITES = {1: (2, 3), 4: (1,), 5: (1, 2), 3: (6,), 6: (7,)}
"""Who cites whom: 1 cites 2 and 3; 4 and 5 cite 1; and so on."""


@pytest.fixture
def chase(replay: Any, make_client: Make, tmp_path: Path) -> Go:
    replay.world.size = 9
    replay.world.cites = dict(CITES)

    def go(numbers: tuple[int, ...] = (1,), folder: str = "chase", **kwargs: Any) -> Chase:
        plan = kwargs.pop("plan", {})
        return chase_citations(
            [Seed(f"seed{each}", record(replay, each)) for each in numbers],
            tmp_path / folder,
            client=make_client(),
            plan=ChasePlan(**plan),
            addresses={
                "openalex": replay.base("openalex"),
                "crossref": replay.base("crossref"),
                "europepmc": replay.base("epmc"),
            },
            **kwargs,
        )

    return go


def record(replay: Any, number: int) -> Record:
    return Record(f"seed{number}", replay.world.title(number), doi=replay.world.doi(number),
                  pmid=replay.world.pmid(number))  # fmt: skip


def numbers(replay: Any, made: Chase) -> set[int]:
    return {int(each.doi.rsplit(".", 1)[1]) for each in made.records if each.doi}


def test_both_ways_from_all_services(chase: Go, replay: Any) -> None:
    made = chase()
    assert numbers(replay, made) == {2, 3, 4, 5}
    links = {(each.record, each.direction): each.services for each in made.links}
    by_doi = {each.doi: each.id for each in made.records}
    assert links[by_doi[replay.world.doi(2)], "backward"] == ("openalex", "crossref", "europepmc")
    assert links[by_doi[replay.world.doi(4)], "forward"] == ("openalex", "europepmc")
    assert made.rounds[0].links == 6  # four, a book of Europe PMC and a report of Crossref
    assert made.stopped == "the rounds asked for (1) are done"


def test_a_reference_without_identifiers_is_kept(chase: Go) -> None:
    made = chase()
    bare = [each for each in made.records if not each.doi]
    assert sorted(each.title for each in bare) == [
        "A book that nobody indexed",
        "A report without a DOI",
    ]
    assert made.rounds[0].without_record == 1  # "Something else, 1988." has no title


def test_records_are_filled_up_between_services(chase: Go, replay: Any) -> None:
    two = next(each for each in chase().records if each.doi == replay.world.doi(2))
    assert two.pmid == replay.world.pmid(2)
    assert two.abstract == "To walk."
    assert two.journal == "J Walk"  # OpenAlex has none here


def test_each_record_says_what_brought_it(chase: Go, tmp_path: Path) -> None:
    made = chase(id_prefix="cit-")
    records, problems = read_records(tmp_path / "chase" / "export.ris")
    assert problems == ()
    assert len(records) == len(made.records) == 6
    assert {f"cit-{each.id}" for each in records} == {each.id for each in made.records}
    notes = {each.doi: each.notes for each in records}
    assert notes["10.5555/walk.4"] == (
        "Citation searching, round 1: cites seed1 (OpenAlex, Europe PMC)",
    )
    with (tmp_path / "chase" / "raw" / "links.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["record_id"] for row in rows} == {each.id for each in made.records}
    assert {row["seed"] for row in rows} == {"seed1"}


def test_rounds_go_on_from_what_is_new(chase: Go, replay: Any) -> None:
    made = chase(plan={"rounds": 5, "services": ("openalex",)})
    assert numbers(replay, made) == {2, 3, 4, 5, 6, 7}
    assert [each.new for each in made.rounds] == [4, 1, 1, 0]
    assert made.stopped == "nothing new in the last round"
    found = {each.record: each.round for each in made.links if each.direction == "backward"}
    seven = next(each.id for each in made.records if each.doi == replay.world.doi(7))
    assert found[seven] == 3


@pytest.mark.parametrize(
    ("plan", "rounds", "stopped"),
    [
        ({"rounds": 5, "stop_below": 2}, 2, "fewer than 2 new records in a round"),
        ({"rounds": 5, "most": 4}, 1, "4 new records are reached"),
        ({"rounds": 2}, 2, "the rounds asked for (2) are done"),
    ],
)
def test_stop_rules(chase: Go, plan: dict[str, int], rounds: int, stopped: str) -> None:
    made = chase(plan={**plan, "services": ("openalex",)})
    assert len(made.rounds) == rounds
    assert made.stopped == stopped


def test_the_library_is_not_new(chase: Go, replay: Any, tmp_path: Path) -> None:
    library = [Record("mine", "Another title", doi=replay.world.doi(2).upper())]
    made = chase(library=library)
    assert numbers(replay, made) == {3, 4, 5}
    assert "mine" in {each.record for each in made.links}
    assert made.rounds[0].in_library == 1
    facts = tomllib.loads((tmp_path / "chase" / "search.toml").read_text("utf-8"))
    assert facts["kind"] == "citation"
    assert facts["found"] - facts["removed_at_source"] == len(made.records)
    assert facts["run"]["rounds"][0]["in_library"] == 1


def test_two_reports_with_one_id_in_common_stay_two(chase: Go, replay: Any) -> None:
    """A PubMed id that two services give to different DOIs joins nothing."""
    real = replay.epmc
    replay.epmc = lambda number: {**real(number), "doi": f"10.5555/other.{number}"}
    made = chase(plan={"directions": ("backward",), "services": ("openalex", "europepmc")})
    assert {each.doi for each in made.records if each.doi} == {
        "10.5555/walk.2", "10.5555/walk.3", "10.5555/other.2", "10.5555/other.3",
    }  # fmt: skip


def test_seeds_that_a_service_does_not_know(chase: Go, replay: Any) -> None:
    made = chase((1, 50))
    assert made.not_known["openalex"] == ("seed50",)
    assert made.not_known["crossref"] == ("seed50",)


def test_a_work_that_openalex_lists_and_does_not_send(chase: Go, replay: Any) -> None:
    replay.world.cites = {1: (2, 77)}
    made = chase(plan={"directions": ("backward",), "services": ("openalex",)})
    assert made.rounds[0].without_record == 1


def test_interrupted_and_resumed_gives_the_same_bytes(
    chase: Go, replay: Any, tmp_path: Path
) -> None:
    whole = chase(folder="whole", plan={"rounds": 2})
    total = len(replay.asked)
    for stop_after in (1, 4, total // 2, total - 1):
        folder = f"broken{stop_after}"
        replay.trouble("/", "403", skip=stop_after)
        with pytest.raises(ServiceError):
            chase(folder=folder, plan={"rounds": 2})
        asked = len(replay.asked)
        made = chase(folder=folder, plan={"rounds": 2})
        assert len(replay.asked) - asked == total - stop_after
        assert made.records == whole.records
        for name in ("export.ris", "search.toml", "raw/links.csv", "raw/pages.jsonl"):
            assert (tmp_path / folder / name).read_bytes() == (
                tmp_path / "whole" / name
            ).read_bytes()


def test_plans_are_checked(chase: Go) -> None:
    with pytest.raises(OptionError, match="service: 'lens' is not known; allowed: openalex"):
        ChasePlan(services=("lens",))
    with pytest.raises(OptionError, match="direction"):
        ChasePlan(directions=("sideways",))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="rounds: 0"):
        ChasePlan(rounds=0)
    with pytest.raises(DataError, match="no seed"):
        chase(())
