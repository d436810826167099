"""An outcome measured several times: an analysis says which rows go in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evisynth.analysis import AnalysisPlan, select_rows
from evisynth.errors import InputError, Problem
from evisynth.extraction import OutcomeRow, check_duplicate_rows

PLAN = AnalysisPlan(id="pain", title="Pain", outcome="pain", measure="MD")


def row(study: str, timepoint: str, mean: float = 9.0, *, form: str = "end score") -> OutcomeRow:
    values = {"n1": 40.0, "mean1": mean, "sd1": 2.5, "n2": 42.0, "mean2": 10.0, "sd2": 2.8}
    return OutcomeRow(
        study, "pain", "means", form, values, timepoint=timepoint, file="a.csv", line=2
    )


ROWS = (row("A", "3 months", 1), row("A", "6 months", 2), row("B", "12 weeks", 3),
        row("B", "6 Months ", 4), row("C", "6 months", 5))  # fmt: skip


def chosen(*timepoints: str) -> list[float]:
    return [
        made.values["mean1"] for made in select_rows(replace(PLAN, timepoints=timepoints), ROWS)
    ]


@pytest.mark.parametrize(
    ("timepoints", "wanted"),
    [
        pytest.param(("6 months",), [2, 4, 5], id="one"),
        pytest.param(("3 months", "12 weeks"), [1, 3], id="two-names-of-one"),
        pytest.param(("3 MONTHS", "6  months"), [1, 4, 5], id="preferred-first"),
        pytest.param(("6 months", "3 months"), [2, 4, 5], id="other-order"),
    ],
)
def test_the_first_time_point_that_a_study_has_goes_in(
    timepoints: tuple[str, ...], wanted: list[float]
) -> None:
    assert chosen(*timepoints) == wanted
    backwards = select_rows(replace(PLAN, timepoints=timepoints), reversed(ROWS))
    assert sorted(made.values["mean1"] for made in backwards) == wanted


def test_without_a_choice_one_row_is_wanted() -> None:
    with pytest.raises(InputError, match="choose a time point"):
        chosen()
    assert select_rows(PLAN, [ROWS[0], ROWS[2]]) == (ROWS[0], ROWS[2])


def test_a_format_outranks_a_time_point() -> None:
    rows = [*ROWS[:2], row("A", "3 months", 7, form="change score")]
    plan = replace(PLAN, formats=("change score", "end score"), timepoints=("6 months", "3 months"))
    assert [made.values["mean1"] for made in select_rows(plan, rows)] == [7]


def test_rows_of_different_time_points_are_no_duplicates() -> None:
    problems: list[Problem] = []
    check_duplicate_rows(ROWS, problems)
    assert problems == []
    check_duplicate_rows([*ROWS, ROWS[0], replace(ROWS[0], line=9)], problems)
    assert len(problems) == 1
