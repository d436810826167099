"""studies.csv and retrieval.csv."""

from typing import Any

import pytest

from evisynth.errors import Problem
from evisynth.studies import Field, Study, check_reports, read_retrievals, read_studies

FIELDS = (
    Field("year", "Year", "number"),
    Field("country", "Country"),
    Field("continent", "Continent", "category", ("Asia", "Europe")),
    Field("types", "Types", "categories", ("education", "exercise")),
)
HEADER = "study_id,record_ids,year,country,continent,types\n"


def read(tmp_path: Any, text: Any, fields: Any = FIELDS) -> Any:
    path = tmp_path / "studies.csv"
    path.write_text(text, encoding="utf-8")
    problems: list[Problem] = []
    warnings: list[str] = []
    found = read_studies(
        path, fields, where="studies/studies.csv", problems=problems, warnings=warnings
    )
    return found, [str(problem) for problem in problems], warnings


def test_types_and_empty_cells(tmp_path: Any) -> None:
    found, problems, warnings = read(
        tmp_path,
        HEADER + "Zhu 2018,r1; r2,2018,China,Asia,education;exercise;education\nSui 2020,r3,,,,\n",
    )
    assert (problems, warnings) == ([], [])
    assert found[0].reports == ("r1", "r2")
    assert found[0].characteristics == {
        "year": 2018.0,
        "country": "China",
        "continent": "Asia",
        "types": ("education", "exercise"),
    }
    assert set(found[1].characteristics.values()) == {None}
    assert (found[1].file, found[1].line) == ("studies/studies.csv", 3)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("A,r1,abc,,,", "line 2, column year: 'abc' is not a number"),
        (
            "A,r1,,,Asai,",
            "line 2, column continent: 'Asai' is not a level of 'continent'; allowed: Asia, Europe."
            " Did you mean 'Asia'?",
        ),
        ("A,r1,,,,education;excercise", "column types: 'excercise' is not a level of 'types'"),
        (",r1,,,,", "line 2, column study_id: the study's id is missing"),
        ("A,r1,,,,\nA,r2,,,,", "line 3, column study_id: the study 'A' stands in line 2 already"),
    ],
)
def test_broken_rows(tmp_path: Any, row: Any, message: Any) -> None:
    _, problems, _ = read(tmp_path, HEADER + row + "\n")
    assert len(problems) == 1
    assert message in problems[0]


def test_columns(tmp_path: Any) -> None:
    _, problems, _ = read(tmp_path, HEADER.replace("country", "contry") + "A,r1,,,,\n")
    assert "the column 'country' is missing" in problems[0]
    assert "Is it 'contry'?" in problems[0]
    _, problems, warnings = read(tmp_path, HEADER.strip() + ",doi\nA,r1,,,,,10.1/x\n")
    assert problems == []
    assert warnings == [
        "studies/studies.csv: not read, because [fields] in review.toml does not name them: the"
        " columns doi"
    ]


def test_reports_and_records() -> None:
    studies = [
        Study("A", ("r1", "rX"), {}, "s.csv", 2),
        Study("B", ("r2", "r1"), {}, "s.csv", 3),
        Study("C", (), {}, "s.csv", 4),
    ]
    problems: list[Problem] = []
    check_reports(studies, records=["r1", "r2", "r3"], included=["r1", "r3"], problems=problems)
    texts = [str(problem) for problem in problems]
    assert len(texts) == 5
    assert "line 2, column record_ids: the report 'rX' of 'A' is not a record" in texts[0]
    assert "line 3, column record_ids: the report 'r2' of 'B' is not included" in texts[1]
    assert "line 3, column record_ids: the report 'r1' is one of 'A' already" in texts[2]
    assert "line 4, column record_ids: the study 'C' has no report" in texts[3]
    assert "included at full text and in no study: r3" in texts[4]


def test_retrievals(tmp_path: Any) -> None:
    path = tmp_path / "retrieval.csv"
    path.write_text(
        "record_id,status,reason\nr1,retrieved,\nr2,not_retrieved,no copy\nr2,retrieved,\n"
        "r9,lost,\n"
    )
    problems: list[Problem] = []
    found = read_retrievals(path, where="d/r.csv", records=["r1", "r2"], problems=problems)
    assert [(made.record, made.status, made.reason) for made in found] == [
        ("r1", "retrieved", ""),
        ("r2", "not_retrieved", "no copy"),
    ]
    texts = [str(problem) for problem in problems]
    assert "line 4, column record_id: the record 'r2' stands in line 3 already" in texts[0]
    assert "line 5, column record_id: there is no record 'r9'" in texts[1]
    assert "unknown status 'lost'; allowed: retrieved, not_retrieved" in texts[2]
