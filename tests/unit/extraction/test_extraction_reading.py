"""Outcome data: each number is checked where it stands."""

from typing import Any, get_args

import pytest

from evisynth.effects import MEASURES
from evisynth.errors import Problem
from evisynth.extraction import (
    KINDS,
    DataKind,
    OutcomeTable,
    check_duplicate_rows,
    enough,
    read_outcome_rows,
)

MEANS = "study,outcome,n1,mean1,sd1,se1,ci_lower1,ci_upper1,n2,mean2,sd2,se2,ci_lower2,ci_upper2\n"
EVENTS = "study,outcome,n1,events1,nonevents1,n2,events2,nonevents2\n"
DIFFERENCE = "study,outcome,n1,n2,difference,sd,se,ci_lower,ci_upper,t_value,p_value\n"
GOOD = "A,anxiety,57,9.93,2.72,,,,57,10.28,2.46,,,"


def read(tmp_path: Any, text: Any, kind: Any = "means", columns: Any = None) -> Any:
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8")
    problems: list[Problem] = []
    warnings: list[str] = []
    spec = OutcomeTable("e/x.csv", kind, "end score", columns or {})
    found = read_outcome_rows(
        path,
        spec,
        where="e/x.csv",
        studies=["A", "Bee"],
        outcomes=["anxiety", "depression"],
        problems=problems,
        warnings=warnings,
    )
    return found, [str(problem) for problem in problems], warnings


def test_a_row(tmp_path: Any) -> None:
    text = "study,outcome,scale,n_e,m,s,n2,mean2,sd2,src\nA,anxiety,HADS,57,−1,2,50,3,4,Table 2\n"
    names = {"n1": "n_e", "mean1": "m", "sd1": "s", "instrument": "scale", "source": "src"}
    (row,), problems, warnings = read(tmp_path, text, columns=names)
    assert (problems, warnings) == ([], [])
    assert row.values == {"n1": 57, "mean1": -1, "sd1": 2, "n2": 50, "mean2": 3, "sd2": 4}
    assert (row.instrument, row.source, row.timepoint) == ("HADS", "Table 2", "")
    assert (row.columns["n1"], row.columns["n2"]) == ("n_e", "n2")
    assert (row.file, row.line, row.format, row.kind) == ("e/x.csv", 2, "end score", "means")


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("means", MEANS + GOOD.replace("2.72", "abc"), "line 2, column sd1: 'abc' is not a number"),
        ("means", MEANS + GOOD.replace("2.72", "2,72"), "line 2: 15 cells, the header has 14"),
        ("means", MEANS + GOOD.replace("2.72", "-2.72"), "column sd1: the SD is -2.72; it must be"),
        ("means", MEANS + GOOD.replace("2.72", "0"), "line 2, column sd1: the SD is 0"),
        ("means", MEANS + GOOD.replace("57", "0", 1), "line 2, column n1: n is 0; it must be a"),
        ("means", MEANS + GOOD.replace("57", "57.5", 1), "line 2, column n1: n is 57.5"),
        ("means", MEANS + GOOD.replace("A,", "B,"), "column study: the study 'B' is not in"),
        ("means", MEANS + GOOD.replace("A,", ","), "line 2, column study: the study is missing"),
        (
            "means",
            MEANS + GOOD.replace("anxiety", "anxeity"),
            "column outcome: the outcome 'anxeity' is not in review.toml; allowed: anxiety,"
            " depression. Did you mean 'anxiety'?",
        ),
        (
            "means",
            MEANS.replace("mean1", "meen1") + GOOD,
            "e/x.csv, line 1: the column 'mean1' is missing",
        ),
        ("means", MEANS, "e/x.csv: the table has a header and no rows"),
        (
            "means",
            MEANS + GOOD.replace("2.72", ""),
            "line 2: not enough numbers for an effect estimate of 'A', 'anxiety' (it has n1, mean1,"
            " n2, mean2, sd2). Wanted are n1, mean1, n2, mean2, and one of: sd1, sd2; or se1, se2;",
        ),
        (
            "means",
            MEANS + "A,anxiety,9,1,,,2,0,9,1,1,,,",
            "column ci_lower1: the lower limit 2 is above the upper limit 0",
        ),
        (
            "means",
            MEANS + "A,anxiety,9,5,,,0,2,9,1,1,,,",
            "column mean1: 5 lies outside its confidence limits 0 to 2",
        ),
        (
            "means",
            MEANS + "A,anxiety,9,1,1,,0,,9,1,1,,,",
            "column ci_lower1: one confidence limit stands alone (ci_upper1 is empty)",
        ),
        ("events", EVENTS + "A,anxiety,10,11,,10,1,", "column events1: 11 events in 10 particip"),
        ("events", EVENTS + "A,anxiety,10,1.5,,10,1,", "column events1: 1.5 is not a count"),
        ("events", EVENTS + "A,anxiety,10,-1,,10,1,", "column events1: -1 is not a count"),
        ("events", EVENTS + "A,anxiety,10,4,7,10,1,", "nonevents1: 4 events and 7 without make 11"),
        ("events", EVENTS + "A,anxiety,,4,,10,1,", "not enough numbers"),
        (
            "difference",
            DIFFERENCE + "A,anxiety,9,9,-1,,,,,,0",
            "line 2, column p_value: the P value is 0; it must be greater than 0",
        ),
        ("difference", DIFFERENCE + "A,anxiety,9,9,-1,,-1,,,,", "column se: the SE is -1"),
        (
            "difference",
            DIFFERENCE + "A,anxiety,9,9,3,,,-1,1,,",
            "column difference: 3 lies outside its confidence limits -1 to 1",
        ),
        ("difference", DIFFERENCE + "A,anxiety,9,9,3,,,,,,", "not enough numbers"),
        (
            "estimate",
            "study,outcome,estimate,note\nA,anxiety,1,x\n",
            "line 1: the columns hold no measure of precision",
        ),
    ],
)
def test_broken_rows(tmp_path: Any, kind: Any, text: Any, message: Any) -> None:
    found, problems, _ = read(tmp_path, text, kind)
    assert found == ()
    assert len(problems) == 1
    assert message in problems[0]
    assert problems[0].startswith("e/x.csv")


def test_good_rows_beside_broken_ones_are_told_apart(tmp_path: Any) -> None:
    text = MEANS + GOOD + "\n" + GOOD.replace("57", "0") + "\n"
    found, problems, _ = read(tmp_path, text)
    assert [row.line for row in found] == [2]
    assert len(problems) == 2  # both arms


def test_duplicates_by_study_outcome_and_format(tmp_path: Any) -> None:
    found, problems, _ = read(tmp_path, MEANS + GOOD + "\n" + GOOD + "\n")
    assert problems == []
    double: list[Problem] = []
    check_duplicate_rows(found, double)
    assert [str(problem) for problem in double] == [
        "e/x.csv, line 3, column study: a second row of 'A' for 'anxiety' (end score); the first is"
        " e/x.csv, line 2. Keep one, name their time points, or make outcomes of instruments"
    ]


@pytest.mark.parametrize(
    ("kind", "text", "warning"),
    [
        # SE 1.3 (1.25 to 1.35) x sqrt(37): 7.6 to 8.2
        ("means", MEANS + "A,anxiety,37,44.7,7.9076,1.3,,,31,44.9,6.6813,1.2,,", ""),
        (
            "means",
            MEANS + "A,anxiety,37,44.7,8.5,1.3,,,31,44.9,6.6813,1.2,,",
            "sd1 is 8.5 and 7.908",
        ),
        # (2.40 - 0.92) / (2 t[46, .975]) x sqrt(47) = 2.5203
        ("means", MEANS + "A,anxiety,47,1.66,2.5203,,0.92,2.40,48,0.46,3.0478,,-0.43,1.34", ""),
        (
            "means",
            MEANS + "A,anxiety,47,1.66,3.5,,0.92,2.40,48,0.46,3.0478,,-0.43,1.34",
            "sd1 is 3.5 and 2.52 or 2.588 by ci_lower1 and ci_upper1",
        ),
        ("difference", DIFFERENCE + "A,anxiety,136,137,-0.9,2.5712,0.3112,-1.51,-0.29,,", ""),
        (
            "difference",
            DIFFERENCE + "A,anxiety,136,137,-0.9,2.5712,0.5,-1.51,-0.29,,",
            "se is 0.5 and",
        ),
    ],
)
def test_numbers_that_disagree_are_warned_about(
    tmp_path: Any, kind: Any, text: Any, warning: Any
) -> None:
    found, problems, warnings = read(tmp_path, text, kind)
    assert problems == []
    assert len(found) == 1
    if warning:
        assert any(text.startswith("e/x.csv, line 2 (A, anxiety): ") for text in warnings)
        assert any(warning in text for text in warnings)
    else:
        assert warnings == []


def test_kinds_are_whole() -> None:
    assert tuple(KINDS) == get_args(DataKind)
    ways = {way for measure in MEASURES.values() for way in measure.sources}
    # Changes are read as means; person-time, pairs and single groups have no kind in a plan yet.
    assert set(KINDS) - {"changes"} <= ways
    for kind, rules in KINDS.items():
        assert enough(kind, rules.numbers)
        assert not enough(kind, rules.needed)
        for names in rules.suffices:
            assert set(names) <= set(rules.numbers)
            assert enough(kind, {*rules.needed, *names})
