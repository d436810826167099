"""Reading tables: spellings understood, and every kind of mistake told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from evisynth.appraisal import (
    Assessment,
    PublishedJudgement,
    check_duplicates,
    parse_answer,
    parse_judgement,
    read_assessments,
    read_published_judgements,
)
from evisynth.errors import Problem

STUDIES = ("Zhu 2018", "Lee 2020")
OUTCOMES = ("anxiety", "depression")


def read(
    folder: Path, text: str, instrument: str | None = None, encoding: str = "utf-8"
) -> tuple[tuple[Assessment, ...], list[Problem]]:
    path = folder / "rob.csv"
    path.write_bytes(text.encode(encoding))
    problems: list[Problem] = []
    found = read_assessments(
        path,
        where="rob/rob.csv",
        studies=STUDIES,
        outcomes=OUTCOMES,
        problems=problems,
        instrument=instrument,
    )
    return found, problems


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Y", "Y"),
        ("yes", "Y"),
        ("1. Yes", "Y"),
        ("2. Probably Yes", "PY"),
        ("Probably  no", "PN"),
        ("NO", "N"),
        ("No information", "NI"),
        ("-999", "NA"),
        ("Not applicable", "NA"),
        ("", ""),
        (" – ", ""),
        ("unsure", None),
        ("1", None),
    ],
)
def test_spellings_of_answers(text: str, answer: str | None) -> None:
    assert parse_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "judgement"),
    [
        ("Low", "low"),
        ("Low risk", "low"),
        ("low risk of bias", "low"),
        ("Some Concerns", "some concerns"),
        ("S", "some concerns"),
        ("HIGH", "high"),
        ("3. High", "high"),
        ("-999", ""),
        ("", ""),
        ("No information", None),
        ("Moderate", None),
    ],
)
def test_spellings_of_judgements(text: str, judgement: str | None) -> None:
    assert parse_judgement(text) == judgement


def test_names_of_columns_and_byte_order_mark(tmp_path: Path) -> None:
    found, problems = read(
        tmp_path, "\ufeffStudy,Outcome,sq_1.1,1.2,Q1.3\r\nZhu 2018,anxiety,Y,1. Yes,-\r\n"
    )
    assert problems == []
    assert found[0].outcome == "anxiety"
    assert found[0].answers == {"1.1": "Y", "1.2": "Y"}
    assert found[0].domains[0].missing == ("1.3",)
    assert (found[0].file, found[0].line) == ("rob/rob.csv", 2)


def test_domain_judgements_alone_as_robvis_keeps_them(tmp_path: Path) -> None:
    text = "Study,D1,D2,D3,D4,D5,Overall,Weight\nLee 2020,Low,Low,Some Concerns,Low,S,High risk,3\n"
    found, problems = read(tmp_path, text)
    assert problems == []
    finals = [entry.final for entry in found[0].domains]
    assert finals == ["low", "low", "some concerns", "low", "some concerns"]
    assert found[0].judgement() == "high"
    assert found[0].domains[0].proposed == "not assessed"


def test_final_judgements_reasons_and_assessor(tmp_path: Path) -> None:
    text = "study,assessor,1.1,1.2,1.3,D1,D1_reason\nLee 2020,r1,Y,Y,N,High,Envelopes were open\n"
    found, problems = read(tmp_path, text)
    assert problems == []
    domain = found[0].domains[0]
    assert (domain.proposed, domain.final, domain.overridden) == ("low", "high", True)
    assert domain.reason == "Envelopes were open"
    assert found[0].assessor == "r1"


def test_instrument_by_row_and_by_default(tmp_path: Path) -> None:
    text = "study,instrument,1.1,1a.1\nLee 2020,rob2-parallel-assignment,Y,\nZhu 2018,,NA,PY\n"
    found, problems = read(tmp_path, text, instrument="rob2-cluster")
    assert problems == []
    assert [made.instrument for made in found] == ["rob2-parallel-assignment", "rob2-cluster"]
    assert found[1].answers == {"1a.1": "PY"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "study,1.1\nZhu 2018,perhaps",
            "rob/rob.csv, line 2, column 1.1: answer 'perhaps' is not offered by question 1.1; "
            "allowed: Y, PY, PN, N, NI",
        ),
        ("study,3.1,3.2\nZhu 2018,N,NI", "answer PN when nothing shows it"),
        ("study,1.1\nZhu 2018,NA", "1.1 is always asked"),
        ("study,1.1\nZu 2018,Y", "study 'Zu 2018' is not among the studies. Did you mean 'Zhu"),
        ("study,1.1\n,Y", "column study: the study is missing"),
        ("study,outcome,1.1\nZhu 2018,anxeity,Y", "'anxeity' is not in the plan; allowed: anx"),
        ("study,1.1\nZhu 2018,Y\nZhu 2018,N", "line 3: second assessment of 'Zhu 2018'; the fi"),
        ("study,1.1,1.7\nZhu 2018,Y,Y", "line 1, column 1.7: the instruments of this file have no"),
        ("study,sq_1.1,1.1\nZhu 2018,Y,Y", "column 1.1: a second column for question 1.1"),
        ("study,1.1,D9\nZhu 2018,Y,Low", "column D9: the instruments of this file have no domain"),
        ("study,1.1,D1\nZhu 2018,Y,Unclear", "judgement 'Unclear' is not known; allowed: low, s"),
        ("study,instrument,1.1\nZhu 2018,rob3,Y", "instrument 'rob3' is not known; allowed: rob2"),
        ("trial,1.1\nZhu 2018,Y", "the column 'study' is missing. The file has: trial, 1.1"),
        ("study,1.1\nZhu 2018,Y,N\nLee 2020,Y", "line 2: 3 cells, the header has 2"),
        ("", "the file is empty"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, text: str, words: str) -> None:
    _, problems = read(tmp_path, text)
    assert len(problems) == 1
    assert words in str(problems[0])


def test_an_answer_for_a_question_of_another_instrument(tmp_path: Path) -> None:
    text = "study,instrument,1.1,1a.1\nLee 2020,,Y,\nZhu 2018,rob2-cluster,Y,Y\n"
    found, problems = read(tmp_path, text)
    assert [made.study for made in found] == ["Lee 2020"]
    assert "line 3, column 1.1: 'Y': rob2-cluster has no question 1.1" in str(problems[0])


def test_every_problem_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    text = "study,outcome,1.1,1.9,D1\nZu 2018,nausea,perhaps,Y,Bad\nLee 2020,,Y,,\n"
    found, problems = read(tmp_path, text)
    assert len(problems) == 5
    assert [made.study for made in found] == ["Lee 2020"]


def test_two_assessors_are_no_duplicate(tmp_path: Path) -> None:
    found, problems = read(tmp_path, "study,assessor,1.1\nZhu 2018,r1,Y\nZhu 2018,r2,N\n")
    assert problems == []
    assert len(found) == 2
    check_duplicates([*found, found[0]], problems)
    assert problems == []
    again, _ = read(tmp_path, "study,assessor,1.1\nZhu 2018,r1,Y\n")
    check_duplicates([*found, *again], problems)
    assert "by 'r1'; the first stands in rob/rob.csv, line 2" in str(problems[0])
    check_duplicates([*found, *again], problems)
    assert len(problems) == 1


def test_unreadable_files(tmp_path: Path) -> None:
    found, problems = read(tmp_path, "study,1.1\nZhü 2018,Y\n", encoding="latin-1")
    assert found == ()
    assert "line 2, byte 12: the byte 0xFC is not UTF-8" in str(problems[0])
    read_assessments(
        tmp_path / "none.csv", where="rob/none.csv", studies=(), outcomes=(), problems=problems
    )
    assert "rob/none.csv" in str(problems[1])
    read(tmp_path, "study\n")
    read_assessments(
        tmp_path / "rob.csv",
        where="rob/rob.csv",
        studies=(),
        outcomes=(),
        problems=problems,
        instrument="rob9",
    )
    assert "instrument 'rob9' is not known" in str(problems[2])


def test_lines_count_through_quoted_line_breaks(tmp_path: Path) -> None:
    text = 'study,1.1,D1,D1_reason\nZhu 2018,Y,Low,"two\nlines"\nLee 2020,maybe,,\n'
    _, problems = read(tmp_path, text)
    assert "line 4, column 1.1" in str(problems[0])


PUBLISHED = (
    "study,result,tool,judgement,source_url,source_note,table\n"
    "Zhu 2018,depression,JBI,10/13,https://example.org,Table 2,2\n"
)


def test_published_judgements(tmp_path: Path) -> None:
    path = tmp_path / "published.csv"
    path.write_text(PUBLISHED, encoding="utf-8")
    problems: list[Problem] = []
    found = read_published_judgements(
        path, where="rob/published.csv", studies=STUDIES, problems=problems
    )
    assert problems == []
    assert found == (
        PublishedJudgement(
            "Zhu 2018",
            "depression",
            "JBI",
            "10/13",
            "https://example.org",
            "Table 2",
            {"table": "2"},
        ),
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Zhu 2018", "Chu 2018", "study 'Chu 2018' is not among the studies. Did you mean 'Zhu"),
        ("JBI", "", "line 2, column tool: the tool is missing"),
        (",judgement,", ",verdict,", "the column 'judgement' is missing"),
    ],
)
def test_mistakes_in_published_judgements(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = tmp_path / "published.csv"
    path.write_text(PUBLISHED.replace(old, new), encoding="utf-8")
    problems: list[Problem] = []
    found = read_published_judgements(
        path, where="rob/published.csv", studies=STUDIES, problems=problems
    )
    assert found == ()
    assert words in str(problems[0])


def test_no_assessment_yet_is_in_order(tmp_path: Path) -> None:
    assert read(tmp_path, "study,1.1,1.2,1.3\n") == ((), [])
