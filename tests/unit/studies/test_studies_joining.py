"""Reports joined into studies, moved and split again; retrieval."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evisynth.errors import DataError, Problem
from evisynth.studies import (
    Retrieval,
    Study,
    check_reports,
    choose_main_report,
    join_reports,
    read_retrievals,
    read_studies,
    retrieval_states,
    same_as,
    split_reports,
)

ZHU = Study("Zhu 2018", ("12", "40"), {"country": "China"}, main_report="40")
LEE = Study("Lee 2019", ("7",), {"country": "Korea"})


def reports(studies: Any) -> Any:
    return {study.id: study.reports for study in studies}


def test_one_study_many_reports() -> None:
    made = join_reports((), ["1", "2", "1"], "New 2020")
    assert reports(made.studies) == {"New 2020": ("1", "2")}
    assert (made.created, made.emptied) == (("New 2020",), ())
    more = join_reports(made.studies, ["3"], "New 2020", main_report="3")
    assert (more.created, more.studies[0].main) == ((), "3")


def test_a_report_moves_and_what_was_typed_is_kept() -> None:
    moved = join_reports((ZHU, LEE), ["40"], "Lee 2019")
    assert reports(moved.studies) == {"Zhu 2018": ("12",), "Lee 2019": ("7", "40")}
    # the main report left: the first is the main one now
    assert moved.studies[0].main == "12"
    gone = join_reports((ZHU, LEE), ["7"], "Zhu 2018")
    assert reports(gone.studies) == {"Zhu 2018": ("12", "40", "7")}
    assert gone.emptied == ("Lee 2019",)
    assert gone.kept["Lee 2019"].characteristics == {"country": "Korea"}


def test_split_again() -> None:
    made = split_reports((ZHU, LEE), ["40"], "Zhu 2020")
    assert reports(made.studies) == {"Zhu 2018": ("12",), "Lee 2019": ("7",), "Zhu 2020": ("40",)}
    assert made.studies[0].characteristics == {"country": "China"}
    back = join_reports(made.studies, ["40"], "Zhu 2018")
    assert reports(back.studies) == {"Zhu 2018": ("12", "40"), "Lee 2019": ("7",)}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: split_reports((ZHU,), ["12"], "Zhu 2018"), "already"),
        (lambda: split_reports((ZHU,), ["99"], "X"), "in no study"),
        (lambda: split_reports((ZHU, LEE), ["12", "7"], "X"), "2 studies"),
        (lambda: split_reports((ZHU,), [], "X"), "0 studies"),
        (lambda: split_reports((ZHU,), ["12", "40"], "X"), "all reports"),
        (lambda: join_reports((ZHU,), [], "X"), "at least one report"),
        (lambda: join_reports((ZHU,), ["1"], " "), "name the study"),
        (lambda: join_reports((ZHU,), ["1"], "X", main_report="12"), "none of the reports of 'X'"),
        (lambda: choose_main_report((ZHU,), "Zhu 2019", "12"), "did you mean 'Zhu 2018'"),
    ],
)
def test_refusals(wrong: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        wrong()


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from("123456"), min_size=1, max_size=3), st.sampled_from("ABC")
        ),
        max_size=12,
    )
)
def test_each_report_is_in_one_study_and_none_is_lost(steps: Any) -> None:
    studies: tuple[Study, ...] = tuple(Study(f"S{ident}", (ident,)) for ident in "123456")
    for moved, study in steps:
        studies = join_reports(studies, moved, study).studies
        there = [report for made in studies for report in made.reports]
        assert sorted(there) == list("123456")
        assert all(made.main in made.reports for made in studies)


def test_same_record_report_study() -> None:
    duplicates = {"13": "12", "41": "40"}
    for first, second, words in (
        ("12", "12", "same record"),
        ("12", "13", "same report"),
        ("13", "41", "same study"),
        ("7", "12", "different"),
    ):
        for one, two in ((first, second), (second, first)):
            assert same_as(one, two, duplicates=duplicates, studies=(ZHU, LEE)) == words


def test_retrieval() -> None:
    noted = [
        Retrieval("1", "sought"),
        Retrieval("2", "not_retrieved", "no answer"),
        Retrieval("1", "retrieved"),
    ]
    states = retrieval_states("1234", noted, assessed=["3"])
    assert [(made.status, made.reason) for made in states.values()] == [
        ("retrieved", ""), ("not_retrieved", "no answer"), ("retrieved", ""), ("sought", ""),
    ]  # fmt: skip


def test_tables(tmp_path: Path) -> None:
    problems: list[Problem] = []
    path = tmp_path / "studies.csv"
    path.write_text("study_id,record_ids,main_report\nA,1;2,2\nB,3,\nC,4,9\n", encoding="utf-8")
    warnings: list[str] = []
    found = read_studies(path, [], where="studies.csv", problems=problems, warnings=warnings)
    assert [study.main for study in found[:2]] == ["2", "3"]
    assert [str(problem) for problem in problems] == [
        "studies.csv, line 4, column main_report: '9' is none of the reports of 'C'; allowed: 4."
        " Leave the cell empty where it is the first"
    ]
    assert warnings == []
    path = tmp_path / "retrieval.csv"
    path.write_text("record_id,status\n1,sought\n", encoding="utf-8")
    assert read_retrievals(path, where="r", records="1", problems=[])[0].status == "sought"


def test_studies_of_the_previous_version_need_no_report_here() -> None:
    problems: list[Problem] = []
    old = Study("Old 2010", ())
    check_reports(
        [old, LEE], records={"7"}, included=["7"], problems=problems, previous=["Old 2010"]
    )
    assert problems == []
    check_reports([old, LEE], records={"7"}, included=["7"], problems=problems)
    assert "'Old 2010' has no report" in str(problems[0])
