"""Each check finds what it is for, and stays silent on data that are fine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evisynth.exchange import DataRow, DataSet, check_data, percentage_possible
from evisynth.exchange.audit.checks import CHECKS, CHECKS_OF_ALL
from evisynth.exchange.audit.data import decimals, significant


def means(study: str, *numbers: float, **more: Any) -> DataRow:
    names = ("n1", "mean1", "sd1", "n2", "mean2", "sd2")
    texts = tuple((name, f"{value:g}") for name, value in zip(names, numbers, strict=True))
    values: dict[str, Any] = dict(zip(names, numbers, strict=True))
    return DataRow(study, more.pop("key", study), texts=texts, **values, **more)


def events(study: str, a: float, n1: float, c: float, n2: float, **more: Any) -> DataRow:
    return DataRow(study, more.pop("key", study), events1=a, n1=n1, events2=c, n2=n2, **more)


def analysis(*rows: DataRow, kind: Any = "continuous", **more: Any) -> DataSet:
    given: dict[str, Any] = {"where": "1.1 Pain", "name": "Pain", "measure": "MD", "pooled": True}
    return DataSet(kind=kind, rows=rows, **(given | more))


FINE = analysis(
    means("Ames 2001", 30, 5.1, 2.1, 32, 6.3, 2.2),
    means("Bell 2002", 45, 4.8, 1.9, 44, 5.2, 2.4),
    means("Cole 2003", 60, 6.2, 2.6, 58, 7.9, 2.5),
)
EVENTS = analysis(
    events("Ames 2001", 12, 60, 20, 58),
    events("Bell 2002", 15, 40, 11, 42),
    kind="dichotomous",
    measure="RR",
)


def found(*sets: DataSet) -> list[tuple[str, str]]:
    return [(remark.check, remark.severity) for remark in check_data(sets)]


def test_data_that_are_fine_raise_no_remark():
    assert found(FINE, EVENTS) == []


@pytest.mark.parametrize("check", [*CHECKS, *CHECKS_OF_ALL], ids=lambda check: check.__name__)
def test_every_check_takes_empty_and_unknown_data(check: Any):
    bare = analysis(DataRow("Ames 2001", "a"), DataRow("Bell 2002", "b"))
    for data in (
        analysis(),
        bare,
        replace(bare, kind="dichotomous"),
        replace(bare, kind="generic"),
    ):
        assert list(check([data] if check in CHECKS_OF_ALL else data)) == []


def test_more_events_than_people():
    remarks = check_data([analysis(events("Ames 2001", 61, 60, 20, 58), kind="dichotomous")])
    assert [(each.check, each.severity) for each in remarks] == [("events above totals", "error")]
    assert remarks[0].message == "Ames 2001, arm 1: 61 people with the event among 60."


def test_negative_numbers_and_no_spread():
    rows = (events("Ames 2001", -1, 60, 20, 58), means("Bell 2002", 45, 4.8, 0, 44, 5.2, 2.4))
    assert ("negative numbers", "error") in found(analysis(rows[0], kind="dichotomous"))
    assert ("no spread", "warning") in found(analysis(rows[1]))


def test_counts_that_are_not_whole():
    data = analysis(events("Ames 2001", 12.4, 60, 20, 58), kind="dichotomous")
    assert found(data) == [("counts not whole", "note")]


def test_a_standard_error_entered_as_sd_is_found_on_one_scale():
    rows = (*FINE.rows, means("Dunn 2004", 50, 5.5, 0.31, 52, 6.2, 0.33))
    (remark,) = check_data([analysis(*rows)])
    assert (remark.check, remark.studies) == ("SD looks like SE", ("Dunn 2004",))
    assert "median is 2.30" in remark.message


def test_a_standard_error_entered_as_sd_is_found_on_several_scales():
    rows = (
        means("Ames 2001", 30, 51, 21, 32, 60, 22),
        means("Bell 2002", 45, 4.8, 1.9, 44, 5.6, 2.4),
        means("Cole 2003", 60, 0.62, 0.26, 58, 0.75, 0.25),
        means("Dunn 2004", 50, 12, 0.7, 52, 14, 0.8),
    )
    data = analysis(*rows, measure="SMD")
    (remark,) = [each for each in check_data([data]) if each.check == "SD looks like SE"]
    assert remark.studies == ("Dunn 2004",)


def test_a_small_sd_of_a_small_study_is_not_suspected():
    rows = (*FINE.rows, means("Dunn 2004", 5, 5.5, 0.9, 5, 6.2, 0.9))
    assert ("SD looks like SE", "warning") not in found(analysis(*rows))


def test_identical_sds_and_identical_data():
    rows = (
        means("Ames 2001", 30, 5.1, 2.13, 32, 6.3, 2.2),
        means("Bell 2002", 45, 4.8, 2.13, 44, 5.2, 2.4),
        means("Cole 2003", 60, 6.27, 2.61, 58, 7.9, 2.5),
        means("Dunn 2004", 61, 6.27, 2.61, 57, 7.1, 2.4),
        means("Eyre 2005", 61, 6.1, 3.17, 57, 7.1, 3.17),
    )
    remarks = [each for each in check_data([analysis(*rows)]) if "identical" in each.check]
    assert {(each.check, each.severity, each.studies) for each in remarks} == {
        ("identical SDs", "warning", ("Ames 2001", "Bell 2002")),
        ("identical SDs", "warning", ("Cole 2003", "Dunn 2004")),
        ("identical data", "warning", ("Cole 2003", "Dunn 2004")),
        ("identical SDs", "note", ("Eyre 2005",)),
    }


def test_means_that_whole_numbers_cannot_have():
    data = analysis(means("Ames 2001", 28, 5.19, 2.1, 32, 6.3, 2.2))
    (remark,) = check_data([data])
    assert (remark.check, remark.severity) == ("GRIM", "note")
    assert "arm 1: mean 5.19 of 28 (GRIM)" in remark.message
    (surer,) = check_data([replace(data, whole_numbers=True)])
    assert (surer.severity, surer.hint) == ("warning", "")


def test_sds_that_whole_numbers_cannot_have():
    (remark,) = check_data([analysis(means("Ames 2001", 18, 3.44, 2.47, 32, 6.3, 2.2))])
    assert "SD 2.47 beside the mean 3.44 of 18 (GRIMMER)" in remark.message


def test_values_beyond_the_scale():
    limits = {"low": 1.0, "high": 5.0, "whole_numbers": True}
    rows = (
        means("Ames 2001", 28, 5.5, 1.0, 32, 3.0, 2.4),
        means("Bell 2002", 20, 4.5, 1.2, 20, 3, 1),
    )
    remarks = check_data([analysis(*rows, **limits)])
    assert [(each.check, each.severity) for each in remarks][:2] == [
        ("beyond the scale", "error"),
        ("beyond the scale", "error"),
    ]
    assert "the mean 5.50 is beyond the scale, 1 to 5" in remarks[0].message
    assert "at most 2.03" in remarks[1].message


def test_double_counting_tells_the_same_numbers_from_other_rows():
    same = events("Ames 2001", 12, 60, 20, 58, group="Women")
    twice = analysis(replace(same, group="Men"), same, *EVENTS.rows[1:], kind="dichotomous")
    (remark,) = check_data([twice])
    assert "118 people are counted more than once" in remark.message
    other = replace(same, events1=9.0, events2=14.0, n1=30.0, n2=31.0)
    (remark,) = check_data([analysis(same, other, kind="dichotomous")])
    assert "several rows in one pooled result: Ames 2001 (2 rows)" in remark.message
    apart = analysis(same, replace(other, group="Men"), kind="dichotomous", pooled=False)
    assert found(apart) == []


def test_one_control_arm_for_two():
    rows = (
        events("Ames 2001 (high dose)", 12, 60, 20, 58, key="a"),
        events("Ames 2001 (low dose)", 16, 61, 20, 58, key="b"),
        events("Bell 2002", 20, 57, 20, 58),
    )
    (remark,) = check_data([analysis(*rows, kind="dichotomous")])
    assert remark.check == "unit of analysis"
    assert "the same control arm of 58 stands in 2 rows" in remark.message


def test_words_of_clusters_and_crossovers():
    rows = (
        replace(EVENTS.rows[0], words="Cluster-randomized by ward"),
        replace(EVENTS.rows[1], words="a cross-over trial"),
    )
    assert found(replace(EVENTS, rows=rows)) == [("unit of analysis", "note")] * 2


def test_one_study_under_two_names():
    rows = (
        means("García-Sanz 2015", 30, 5.1, 2.1, 32, 6.3, 2.2, key="a"),
        means("Garcia Sanz 2015", 31, 5.4, 2.3, 33, 6.1, 2.4, key="b"),
        means("Schmidt 2010", 45, 4.8, 1.9, 44, 5.2, 2.4, key="c"),
        means("Schmitt 2010", 46, 4.1, 1.8, 43, 5.5, 2.2, key="d"),
        means("Smith 2011a", 40, 4.3, 1.6, 40, 5.9, 2.6, key="e"),
        means("Smith 2011b", 41, 4.2, 1.7, 39, 5.8, 2.7, key="f"),
        means("Hall 2011", 41, 4.2, 1.7, 39, 5.8, 2.7, key="g"),
    )
    remarks = [each for each in check_data([analysis(*rows)]) if each.check == "two names"]
    assert {(each.severity, each.studies) for each in remarks} == {
        ("warning", ("García-Sanz 2015", "Garcia Sanz 2015")),
        ("warning", ("Smith 2011b", "Hall 2011")),
        ("note", ("Schmidt 2010", "Schmitt 2010")),
    }


def test_groups_too_alike_at_baseline():
    alike = [
        analysis(means("Ames 2001", 80, 50 + i, 10, 80, 50.02 + i, 10), name=f"Baseline item {i}")
        for i in range(6)
    ]
    assert ("baseline too alike", "warning") in found(*alike)
    apart = [
        analysis(means("Ames 2001", 80, 50, 10, 80, 50 + i, 10), name=f"Baseline item {i}")
        for i in range(6)
    ]
    assert ("baseline too alike", "warning") not in found(*apart)


def test_preference_for_a_digit():
    def rows(digits: str) -> list[DataRow]:
        return [
            means(f"Study {place} 2001", 40, float(f"{place}.{a}"), float(f"2{place}.{b}"), 41,
                  float(f"3{place}.{a}"), float(f"4{place}.{b}"))
            for place, (a, b) in enumerate(zip(digits, digits[1:] + digits[0], strict=True), 10)
        ]  # fmt: skip

    assert ("digit preference", "note") in found(analysis(*rows("5" * 20 + "1")))
    assert ("digit preference", "note") not in found(analysis(*rows("123456789" * 3)))


@pytest.mark.parametrize(
    ("percent", "digits", "n", "possible"),
    [(33.3, 1, 30, True), (34.0, 1, 30, False), (33, 0, 30, True), (100.0, 1, 7, True),
     (12.5, 1, 40, True), (10.5, 1, 100, False)],
)  # fmt: skip
def test_percentages(percent, digits, n, possible):
    assert percentage_possible(percent, digits, n) is possible


def test_decimals_and_digits_as_written():
    assert [decimals(text) for text in ("5.70", "12.0", "3", "1.5E-4", "")] == [2, 0, 0, 5, 0]
    assert [significant(text) for text in ("0.050", "12.0", "-3.21", "")] == [2, 2, 3, 0]
