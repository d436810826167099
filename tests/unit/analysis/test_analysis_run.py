"""The joint of the two wings: outcome data and studies in, results out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evisynth.analysis import AnalysisPlan, SubgroupPlan, run_analyses, select_rows
from evisynth.errors import InputError
from evisynth.extraction import Outcome, OutcomeRow
from evisynth.studies import Study
from evisynth.synthesis import leave_one_out, pool

PAIN = Outcome("pain", "Pain")
PLAN = AnalysisPlan(
    id="pain",
    title="Pain",
    outcome="pain",
    measure="SMD",
    formats=("end score", "change score", "mean difference"),
    mixed_formats=True,
    subgroups=(SubgroupPlan("setting", "Setting", ("clinic", "home"), "separate"),),
    cumulative="year",
)


def end_score(study: str, mean: float, *, line: int = 2) -> OutcomeRow:
    values = {"n1": 40.0, "mean1": mean, "sd1": 2.5, "n2": 42.0, "mean2": 10.0, "sd2": 2.8}
    return OutcomeRow(study, "pain", "means", "end score", values, file="a.csv", line=line)


def change_score(study: str, mean: float) -> OutcomeRow:
    values = {"n1": 30.0, "mean1": mean, "sd1": 3.5, "n2": 31.0, "mean2": -0.5, "sd2": 3.1}
    return OutcomeRow(study, "pain", "changes", "change score", values, file="b.csv", line=2)


def difference(study: str, value: float) -> OutcomeRow:
    values = {"n1": 80.0, "n2": 80.0, "difference": value, "se": 0.4}
    return OutcomeRow(study, "pain", "difference", "mean difference", values, file="c.csv", line=2)


def study(name: str, year: float | None, setting: str | None) -> Study:
    return Study(name, (), {"year": year, "setting": setting, "kinds": ("a", "b")})


STUDIES = (
    study("A 2001", 2001.0, "clinic"),
    study("B 2005", 2005.0, "home"),
    study("C 2009", 2009.0, "clinic"),
    study("D 2012", 2012.0, None),
    study("E 2015", None, "home"),
)
ROWS = (
    change_score("D 2012", -1.9),
    end_score("A 2001", 9.0, line=2),
    end_score("B 2005", 9.6, line=3),
    end_score("C 2009", 7.0, line=4),
    difference("E 2015", -0.8),
    change_score("A 2001", -0.9),
)


def test_each_study_gives_its_preferred_format_once_in_the_order_of_the_plan():
    chosen = select_rows(PLAN, ROWS)
    assert [(row.study, row.format) for row in chosen] == [
        ("A 2001", "end score"),
        ("B 2005", "end score"),
        ("C 2009", "end score"),
        ("D 2012", "change score"),
        ("E 2015", "mean difference"),
    ]
    only = select_rows(replace(PLAN, formats=("change score",)), ROWS)
    assert [row.study for row in only] == ["D 2012", "A 2001"]


def test_a_second_row_of_the_same_format_is_named_with_both_places():
    with pytest.raises(InputError, match=r"a\.csv, line 9.*'A 2001'.*line 2"):
        select_rows(PLAN, (*ROWS, end_score("A 2001", 8.0, line=9)))


def test_a_plan_that_selects_no_study_says_what_there_is():
    plan = replace(PLAN, formats=("events",))
    with pytest.raises(InputError, match=r"selects no study.*end score"):
        run_analyses((plan,), outcomes=(PAIN,), rows=ROWS, studies=STUDIES)


def test_everything_planned_is_there_or_says_why_not():
    seen: list[tuple[str, int, int]] = []
    (result,) = run_analyses(
        (PLAN,),
        outcomes=(PAIN,),
        rows=ROWS,
        studies=STUDIES,
        progress=lambda *step: seen.append(step),
    )
    assert seen == [("Pain", 0, 1), ("", 1, 1)]
    assert result.fit.k == 5
    assert result.fit.effects.labels == ("A 2001", "B 2005", "C 2009", "D 2012", "E 2015")
    assert list(result.fit.effects.data["kinds"]) == ["a; b"] * 5
    assert result.by_format is not None
    assert [group.fit.k for group in result.by_format.groups] == [3, 1, 1]
    setting = result.subgroups["setting"]
    assert [(group.level, group.fit.k) for group in setting.groups] == [("clinic", 2), ("home", 2)]
    assert setting.not_coded == ("D 2012",)
    assert result.leave_one_out is not None
    assert result.trim_and_fill is not None
    assert result.cumulative is not None
    assert result.cumulative.added[-1] == "E 2015"
    assert set(result.asymmetry) == {"egger", "begg"}
    assert result.not_done == {}


def test_without_the_outlier_is_the_fit_without_the_study_that_lowers_tau2_most():
    plan = replace(PLAN, without_outliers="lowest tau2")
    (result,) = run_analyses((plan,), outcomes=(PAIN,), rows=ROWS, studies=STUDIES)
    deleted = leave_one_out(result.fit)
    lowest = int(np.argmin(deleted.tau2))
    outliers = result.without_outliers
    assert outliers is not None
    assert outliers.fit is not None
    assert outliers.left_out == (deleted.left_out[lowest],) == ("C 2009",)
    assert outliers.fit.estimate == pytest.approx(deleted.estimates[lowest], rel=1e-10)
    keep = np.array([label != "C 2009" for label in result.fit.effects.labels])
    again = pool(result.fit.effects.select(keep))
    assert again.estimate == pytest.approx(outliers.fit.estimate, rel=1e-12)


def test_one_study_gives_its_own_estimate_and_reasons_for_the_rest():
    (result,) = run_analyses((PLAN,), outcomes=(PAIN,), rows=ROWS[1:2], studies=STUDIES)
    assert result.fit.k == 1
    assert np.isfinite(result.fit.estimate)
    assert np.isnan(result.fit.tau2)
    assert result.leave_one_out is None
    assert result.trim_and_fill is None
    assert {"leave-one-out", "trim and fill"} <= set(result.not_done)
    assert all(result.not_done.values())


def test_every_plan_that_cannot_run_is_named():
    plans = (replace(PLAN, id="x", formats=("nothing",)), replace(PLAN, id="y", outcome="sleep"))
    with pytest.raises(InputError) as caught:
        run_analyses(plans, outcomes=(PAIN,), rows=ROWS, studies=STUDIES)
    assert [problem.at for problem in caught.value.problems] == [
        "analyses, id 'x'",
        "analyses, id 'y', outcome",
    ]


def test_a_study_without_an_estimate_stays_in_with_its_reason():
    row = replace(ROWS[1], values={"n1": 40.0, "n2": 42.0, "mean1": 9.0, "mean2": 10.0})
    (result,) = run_analyses((PLAN,), outcomes=(PAIN,), rows=(row, *ROWS[2:5]), studies=STUDIES)
    place = result.fit.effects.labels.index("A 2001")
    assert result.fit.effects.reasons[place]
    assert np.isnan(result.fit.effects.estimates[place])
    assert result.fit.weights[place] == 0
    assert result.fit.k == 3
