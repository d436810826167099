"""Where title, authors and journal are all that is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evisynth.deduplication import Reason, deduplicate
from evisynth.deduplication.journals import other_journal_title
from evisynth.deduplication.places import by_group, same_people
from evisynth.deduplication.prepare import JournalTable
from evisynth.errors import OptionError
from evisynth.records import Record

BARE = Record(
    "a",
    "Evening light and sleep quality in shift nurses: a randomized crossover trial",
    ("Ahlgren, Mia", "Okafor, Ben T.", "Tan, Wei"),
    2014,
    "Journal of Occupational Sleep",
)


def merged(**other: object) -> tuple[tuple[str, ...], ...]:
    return deduplicate([BARE, replace(BARE, id="b", **other)]).groups  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "other",
    [
        {"year": 2015},
        {"year": 2016},
        {"title": "Evening light and sleep quality in shift nurses"},
        {"title": BARE.title + " in two hospitals"},
        {"authors": ("Mia, Ahlgren", "Ben T, Okafor", "Wei, Tan"), "year": None},
        {"journal": "Journal of Occupational Sleep [Electronic Resource]"},
        {"journal": "Arbets somn [Journal of Occupational Sleep]"},
        {"journal": "Journal of Occupational Sleep:The Official Journal of the Society"},
        {"authors": ("Night Work Study Group",), "year": None},
    ],
)
def test_what_is_merged_with_nothing_else_to_compare(other: dict[str, object]) -> None:
    assert merged(**other) == (("a", "b"),)


@pytest.mark.parametrize(
    "other",
    [
        {"year": 2017},
        {"year": 2015, "authors": ("Ahlgren, Mia", "Okafor, Ben T.")},
        {"year": 2015, "journal": "Sleep"},
        {"title": BARE.title + ": Part II"},
        {"title": BARE.title + " 2019"},
        {"title": "Evening light and sleep quality in shift porters: a randomized crossover trial"},
        {"journal": "Night Care"},
    ],
)
def test_what_is_left_to_people(other: dict[str, object]) -> None:
    assert merged(**other) == ()


def test_what_is_renewed_under_one_title_stays_apart() -> None:
    guideline = replace(BARE, title="Consensus guidelines on light for shift nurses in hospitals")
    assert deduplicate([guideline, replace(guideline, id="b", year=2015)]).groups == ()
    review = replace(BARE, journal="Cochrane Database of Systematic Reviews")
    assert deduplicate([review, replace(review, id="b", year=2016)]).groups == ()


def test_years_apart_beside_a_record_that_says_its_place_are_left_to_people() -> None:
    placed = replace(BARE, id="b", year=2016, volume="12", issue="3", pages="211-219")
    assert deduplicate([BARE, placed]).groups == ()


def test_merges_on_little_are_told_or_asked_about() -> None:
    records = [BARE, replace(BARE, id="b", year=2015)]
    result = deduplicate(records)
    assert [(pair.first, pair.second) for pair in result.to_check] == [("a", "b")]
    assert result.to_check[0].reason is Reason.BARE
    asked = deduplicate(records, bare="ask")
    assert asked.groups == ()
    assert [(pair.first, pair.second) for pair in asked.doubtful] == [("a", "b")]
    with pytest.raises(OptionError, match="perhaps"):
        deduplicate(records, bare="perhaps")  # type: ignore[arg-type]


def test_a_place_that_differs_outweighs() -> None:
    placed = replace(BARE, volume="12", issue="3", pages="211-219")
    other = replace(placed, id="b", year=2015, volume="13", issue="1", pages="S40")
    assert deduplicate([placed, other]).groups == ()


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("berg,anna;moe,t", "anna,berg;t,moe", True),
        ("berg,anna;moe,t", "berg,anna;lie,k", False),
        ("srodon,m;parry,dilworth h;ronnett,b", "srodon,m;dilworth,h p;ronnett,b", True),
        ("viswanathan,s;kim,k", "visawanathan,s;keongtae,kim", True),
        ("moe,t", "lie,k", False),
        ("alts study group,", "alts group,study", True),
        ("berg,a;dahl,s;moe,t;lie,k", "moe,t", True),
        ("berg,a;dahl,s;moe,t;lie,k", "moe,k", False),
    ],
)
def test_people_under_exchanged_names(first: str, second: str, same: bool) -> None:
    assert same_people(first, second) is same
    assert same_people(second, first) is same


def test_groups_as_authors() -> None:
    assert by_group("diabetes prevention trial,")
    assert not by_group("trialova,j")


def test_a_journal_is_known_by_the_title_in_brackets() -> None:
    assert other_journal_title("Stroke") == ""
    table = JournalTable()
    one = table.number("Xianggang yi xue za zhi [Hong Kong medical journal]")
    two = table.number("Hong Kong Medical Journal")
    three = table.number("Xianggang yixue zazhi")
    first, second = np.array([one, one, two], np.int32), np.array([two, three, three], np.int32)
    levels = table.agreement(first, second).tolist()
    assert levels[0] == 0
    assert levels[1] == 0
    assert levels[2] == 3
