"""Reports joined into studies, parted, described."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.web.worlds import PEOPLE, desk, make_folder

from evisynth.actions import open_store, team
from evisynth.actions.freeze import freeze_review
from evisynth.actions.thaw import thaw_review
from evisynth.errors import DataError, OptionError, PermissionDeniedError
from evisynth.extraction import ValueEntry
from evisynth.review import Review
from evisynth.storage import VersionConflict

FIELDS = """
[fields.weeks]
label = "Weeks"
type = "number"

[fields.kinds]
label = "Kinds"
type = "categories"
levels = ["app", "web", "calls"]

[fields.size]
label = "Size"
type = "category"
levels = ["small", "large"]
"""
ONE = "votes_needed = 1"
INCLUDED = ("r01", "r02", "r03", "r04", "r05")


@pytest.fixture
def desks(tmp_path: Path) -> dict[str, team.Desk]:
    folder = make_folder(tmp_path / "review", title_abstract=ONE, full_text=ONE)
    plan = folder / "review.toml"
    plan.write_text(plan.read_text(encoding="utf-8") + FIELDS, encoding="utf-8")
    thaw_review(folder)
    store = open_store(folder / ".evisynth" / "review.db")
    made = {who: desk(store, folder, who) for who in PEOPLE}
    for record in INCLUDED:
        for stage in ("title_abstract", "full_text"):
            team.decide(made["ann"], stage, record, "include")
    return made


def reports(who: team.Desk) -> dict[str, list[str]]:
    found = team.studies_list(who)
    return {row.study: [line.id for line in row.reports] for row in found.rows}


def test_reports_without_a_study_get_one_by_author_and_year(desks: dict[str, team.Desk]) -> None:
    gus = desks["gus"]
    found = team.studies_list(gus)
    assert [(line.id, name) for line, name in found.lonely] == [
        ("r03", "Author2 2002"), ("r04", "Author3 2003"), ("r05", "Author4 2004"),
    ]  # fmt: skip
    for _ in range(2):
        assert team.own_studies(gus, ["r03", "r04"], request_id="o1") == 2
    assert reports(gus) == {
        "Author2 2002": ["r03"], "Author3 2003": ["r04"], "S1": ["r01"], "S2": ["r02"],
    }  # fmt: skip
    team.put_reports(gus, ["r05"], " Author2   2002 ")
    assert reports(gus)["Author2 2002"] == ["r03", "r05"]
    assert team.studies_list(gus).lonely == ()
    with pytest.raises(team.RefusedError, match="of no study"):
        team.own_studies(gus, ["r03"])


def test_a_report_moves_and_an_empty_study_without_data_goes(desks: dict[str, team.Desk]) -> None:
    ann = desks["ann"]
    team.put_reports(ann, ["r02"], "S1", request_id="m")
    team.put_reports(ann, ["r02"], "S1", request_id="m")
    assert reports(ann) == {"S1": ["r01", "r02"]}
    team.set_main_report(ann, "S1", "r02")
    assert reports(ann) == {"S1": ["r02", "r01"]}
    team.split_study(ann, ["r02"], "Kim 2018")
    assert reports(ann) == {"Kim 2018": ["r02"], "S1": ["r01"]}
    assert team.study_page(ann, "S1").main == "r01"
    acts: list[Callable[[], Any]] = [
        lambda: team.split_study(ann, ["r01"], "Other"),
        lambda: team.split_study(ann, ["r03"], "Other"),
        lambda: team.split_study(ann, ["r02"], "S1"),
    ]
    for act in acts:
        with pytest.raises(team.RefusedError):
            act()
    with pytest.raises(DataError):
        team.set_main_report(ann, "S1", "r02")


def test_an_emptied_study_with_data_stays_and_is_shown(desks: dict[str, team.Desk]) -> None:
    ann = desks["ann"]
    team.set_characteristics(ann, "S1", {"weeks": "12"})
    team.make_form(desks["ada"], "means", "data")
    team.save_value(ann, "data", "S2", "sleep", "n1", ValueEntry("12"), version=0)
    team.put_reports(ann, ["r01", "r02"], "Both 2020")
    rows = {row.study: row for row in team.studies_list(ann).rows}
    assert set(rows) == {"Both 2020", "S1", "S2"}
    assert rows["S1"].reports == rows["S2"].reports == ()
    with pytest.raises(team.RefusedError, match="extracted or assessed"):
        team.drop_study(ann, "S2")
    with pytest.raises(team.RefusedError, match="has reports"):
        team.drop_study(ann, "Both 2020")
    for _ in range(2):
        team.drop_study(ann, "S1", request_id="d")
    team.put_reports(ann, ["r02"], "S2")
    assert rows["S2"].extraction[0].own == "begun"
    assert reports(ann) == {"Both 2020": ["r01"], "S2": ["r02"]}


def test_a_study_takes_its_data_along_to_its_new_name(desks: dict[str, team.Desk]) -> None:
    ann, ben = desks["ann"], desks["ben"]
    team.make_form(desks["ada"], "means", "data")
    for who, text in ((ann, "12"), (ben, "13")):
        team.save_value(who, "data", "S1", "sleep", "n1", ValueEntry(text), version=0)
    team.save_answer(ben, "S1", "sleep", "1.1", "Y", version=0)
    with pytest.raises(team.RefusedError, match="already"):
        team.rename_study(ann, "S1", "S2")
    for _ in range(2):
        team.rename_study(desks["gus"], "S1", "Kim 2018", request_id="n")
    assert reports(ann) == {"Kim 2018": ["r01"], "S2": ["r02"]}
    for who, text in ((ann, "12"), (ben, "13")):
        values = team.extraction_sheet(who, "data", "Kim 2018").values
        assert {place: entry.value for place, entry in values.items()} == {("sleep", "n1"): text}
    team.rename_study(ann, "Kim 2018", "Kim 2018")
    team.rename_study(ann, "Kim 2018", "S1")
    assert reports(ann) == {"S1": ["r01"], "S2": ["r02"]}
    assert team.studies_list(ben).rows[0].assessment is not None
    with pytest.raises(team.NotThereError):
        team.rename_study(ann, "Nobody", "Somebody")


@pytest.mark.parametrize(
    ("records", "name", "error"),
    [
        pytest.param([], "X", team.RefusedError, id="no-report"),
        pytest.param(["r01"], " ", team.RefusedError, id="no-name"),
        pytest.param(["r01"], "a;b", team.RefusedError, id="semicolon"),
        pytest.param(["r01"], "x" * 121, team.RefusedError, id="too-long"),
        pytest.param(["r09"], "X", team.NotThereError, id="not-included"),
        pytest.param(["../x"], "X", team.NotThereError, id="no-record"),
    ],
)
def test_what_cannot_be_joined_is_refused(
    desks: dict[str, team.Desk], records: list[str], name: str, error: type[Exception]
) -> None:
    number = desks["ann"].store.head().number
    with pytest.raises(error):
        team.put_reports(desks["ann"], records, name)
    assert desks["ann"].store.head().number == number


@pytest.mark.parametrize("who", ["finn", "hal", "ida", "dora"])
def test_who_does_not_join_reports_may_only_look(desks: dict[str, team.Desk], who: str) -> None:
    one = desks[who]
    assert set(reports(one)) == {"S1", "S2"}
    assert team.study_page(one, "S1").row.study == "S1"
    acts: list[Callable[[], Any]] = [
        lambda: team.put_reports(one, ["r03"], "X"), lambda: team.own_studies(one, ["r03"]),
        lambda: team.split_study(one, ["r01"], "X"), lambda: team.rename_study(one, "S1", "X"),
        lambda: team.set_main_report(one, "S1", "r01"), lambda: team.drop_study(one, "S1"),
        lambda: team.set_characteristics(one, "S1", {"weeks": "1"}),
    ]  # fmt: skip
    for act in acts:
        with pytest.raises(PermissionDeniedError):
            act()


def test_characteristics_are_checked_and_kept_by_their_types(desks: dict[str, team.Desk]) -> None:
    ann = desks["ann"]
    given = {"weeks": " 12.5 ", "kinds": "calls;app", "size": "large", "country": "Peru"}
    team.set_characteristics(ann, "S1", given)
    page = team.study_page(ann, "S1")
    assert page.values == {
        "weeks": "12.5", "kinds": "app;calls", "size": "large", "country": "Peru",
    }  # fmt: skip
    assert (page.row.filled, page.row.fields) == (4, 4)
    for bad, error in (
        ({"weeks": "twelve"}, DataError), ({"kinds": "app;fax"}, DataError),
        ({"size": "huge"}, DataError), ({"colour": "red"}, OptionError),
    ):  # fmt: skip
        with pytest.raises(error):
            team.set_characteristics(ann, "S1", bad)
    team.set_characteristics(ann, "S1", {"size": ""})
    assert team.study_page(ann, "S1").values["size"] == ""


def test_two_people_who_describe_one_study_are_told(desks: dict[str, team.Desk]) -> None:
    ann, ben = desks["ann"], desks["ben"]
    version = team.study_page(ann, "S1").version
    for _ in range(2):
        team.set_characteristics(ann, "S1", {"weeks": "8"}, version=version, request_id="c")
    with pytest.raises(VersionConflict) as caught:
        team.set_characteristics(ben, "S1", {"weeks": "9"}, version=version)
    assert (caught.value.conflicts[0].theirs or {})["weeks"] == "8"
    assert team.study_page(ben, "S1").values["weeks"] == "8"


def test_the_folder_reads_what_was_joined(desks: dict[str, team.Desk]) -> None:
    """The table has a column for each characteristic, also where none is known yet."""
    ann = desks["ann"]
    team.own_studies(ann, ["r03", "r04", "r05"])
    team.set_main_report(ann, "S1", "r01")
    freeze_review(ann.folder)
    head = (ann.folder / "studies" / "studies.csv").read_text().splitlines()[0]
    assert head == "study_id,record_ids,main_report,country,weeks,kinds,size"
    assert thaw_review(ann.folder).read == 0
    review = Review.read(ann.folder)
    assert {study.id: study.reports for study in review.studies}["Author2 2002"] == ("r03",)


def test_the_list_says_of_others_only_what_lies_open(desks: dict[str, team.Desk]) -> None:
    ann, ben = desks["ann"], desks["ben"]
    team.make_form(desks["ada"], "means", "data")
    for who in (ann, ben):
        for cell in ("n1", "mean1", "sd1", "n2", "mean2", "sd2"):
            team.save_value(who, "data", "S1", "sleep", cell, ValueEntry("12"), version=0)
    team.finish_extraction(ben, "data", "S1")
    row = next(row for row in team.studies_list(ann).rows if row.study == "S1")
    assert [(made.stage, made.own) for made in row.extraction] == [("open", "begun")]
    team.finish_extraction(ann, "data", "S1")
    row = next(row for row in team.studies_list(ann).rows if row.study == "S1")
    assert [(made.stage, made.own) for made in row.extraction] == [("compare", "finished")]


def test_a_report_that_is_excluded_later_is_pointed_out(desks: dict[str, team.Desk]) -> None:
    ann = desks["ann"]
    team.own_studies(ann, ["r03"])
    ann.store.put(
        "vote", ("full_text", "r03", "ann", "reviewer"),
        {"verdict": "exclude", "reason": "numbers"}, actor="ann", act="decide",
    )  # fmt: skip
    row = next(row for row in team.studies_list(ann).rows if row.study == "Author2 2002")
    assert row.stray == ("r03",)
