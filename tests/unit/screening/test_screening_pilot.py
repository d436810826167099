"""The pilot round, and agreement by pair and over all."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evisynth.errors import DataError
from evisynth.records import Record
from evisynth.screening import (
    Decision,
    Stage,
    agreement,
    agreement_report,
    asked_by,
    pilot_assignment,
    pilot_outcome,
    pilot_sample,
    queue,
    settle,
)

TA = Stage("title_abstract", 2, {}, pilot=4, kappa_min=0.6)
WORDS = {"i": "include", "e": "exclude", "m": "maybe"}


def votes(people: str, **records: str) -> Any:
    """Letters of each record's verdicts by person, a blank for none."""
    return [
        Decision(record[1:], "title_abstract", who, WORDS[letter])  # type: ignore[arg-type]
        for record, letters in records.items()
        for who, letter in zip(people, letters, strict=True)
        if letter != "_"
    ]


def test_sample_is_drawn_by_seed_and_not_by_order() -> None:
    ids = [str(number) for number in range(100)]
    sample = pilot_sample(TA, ids)
    assert len(set(sample)) == 4
    assert sample == pilot_sample(TA, [Record(ident, "T") for ident in reversed(ids)])
    assert sample != pilot_sample(replace(TA, seed=2), ids)
    assert not set(sample) & set(pilot_sample(TA, ids, before=sample))
    assert len(pilot_sample(TA, "ab")) == 2
    assert pilot_sample(replace(TA, pilot=0), ids) == ()


def test_everybody_decides_on_every_record() -> None:
    sample = ("1", "2")
    asked = asked_by([pilot_assignment(TA, sample, ["c", "a", "b"])])
    made = votes("ab", r1="ii")
    assert queue("c", TA, ["1", "2", "3"], made, asked=asked, first=sample, only_first=True) == (
        "1", "2",
    )  # fmt: skip
    # a third vote is waited for, so that nobody is swayed by what the record came to
    assert settle(TA, made, asked=asked["1", "title_abstract"]).status == "open"
    with pytest.raises(DataError, match="at least 2 people"):
        pilot_assignment(TA, sample, ["a", "a"])


def test_open_round_tells_who_is_missing_and_no_verdict() -> None:
    made = votes("ab", r1="ie", r2="i_")
    found = pilot_outcome(TA, "12", made, "ab")
    assert (found.status, found.unlocked, found.discuss) == ("open", False, ())
    assert found.waiting == {"b": ("2",)}
    assert found.reason == "decisions are missing: b (1)"
    assert math.isnan(found.kappa.value)
    other = votes("ab", r1="ii", r2="e_")
    assert repr(pilot_outcome(TA, "12", other, "ab")) == repr(found)
    assert pilot_outcome(TA, "", made, "ab").reason == "no records are drawn"
    assert "two people" in pilot_outcome(TA, "12", made, "a").reason


def test_passed_and_failed() -> None:
    good = pilot_outcome(TA, "1234", votes("ab", r1="ii", r2="ee", r3="ee", r4="ii"), "ab")
    assert (good.status, good.unlocked, good.kappa.value, good.discuss) == ("passed", True, 1, ())
    bad = pilot_outcome(TA, "1234", votes("ab", r1="ii", r2="ee", r3="ie", r4="ei"), "ab")
    assert (bad.status, bad.discuss) == ("failed", ("3", "4"))
    assert bad.kappa.value == pytest.approx(0)
    assert "below 0.60" in bad.reason
    assert "To discuss: 3, 4" in str(bad)
    free = pilot_outcome(replace(TA, kappa_min=None), "12", votes("ab", r1="ie", r2="ei"), "ab")
    assert free.unlocked
    same = pilot_outcome(TA, "12", votes("ab", r1="ee", r2="ee"), "ab")
    assert same.unlocked
    assert "0/0" in same.reason


def test_three_people_go_by_fleiss() -> None:
    found = pilot_outcome(TA, "123", votes("abc", r1="iii", r2="eee", r3="iie"), "abc")
    assert found.kappa.name == "Fleiss' kappa"
    # people outside the round and records outside it say nothing
    more = votes("abcx", r1="iiie", r2="eeei", r3="iiee", r9="ieie")
    assert pilot_outcome(TA, "123", more, "abc").kappa == found.kappa


def test_report_of_partly_overlapping_pairs() -> None:
    made = votes("abc", r1="ii_", r2="ee_", r3="ie_", r4="_ee", r5="_ei", r6="i__", r7="eee")
    report = agreement_report(made, TA)
    assert (report.people, report.records, report.single) == (("a", "b", "c"), 6, 1)
    assert [(pair.first, pair.second, pair.records, pair.agreed) for pair in report.pairs] == [
        ("a", "b", 4, 3), ("a", "c", 1, 1), ("b", "c", 3, 2),
    ]  # fmt: skip
    assert report.pairs[0].disagreed == ("3",)
    assert report.pairs[2].disagreed == ("5",)
    assert report.percent.value == pytest.approx(100 * 4 / 6)
    assert math.isnan(report.kappa.value)
    assert "see the pairs" in report.kappa.reason
    frame = report.to_frame()
    assert len(frame) == 6 + 3 * 4
    assert set(frame["people"]) == {"all", "a – b", "a – c", "b – c"}
    assert "6 records decided on by at least two of 3 people" in str(report)
    assert report.method_sentence().count("doi:") == 6
    some = agreement_report(made, TA, records={"1", "2"})
    assert some.records == 2
    none = agreement_report([], TA)
    assert (none.records, none.pairs) == (0, ())
    assert "no record has two" in none.kappa.reason


def test_maybe_is_told_apart_unless_it_counts_as_include() -> None:
    made = votes("ab", r1="mi", r2="ee", r3="ii", r4="ee")
    report = agreement_report(made, TA)
    assert report.categories == ("include", "exclude", "maybe")
    assert report.percent.value == 75
    lenient = agreement_report(made, replace(TA, maybe="include"))
    assert lenient.categories == ("include", "exclude")
    assert lenient.percent.value == 100
    only = agreement_report(made, TA, categories=["include", "exclude"])
    assert only.records == 3


@given(st.lists(st.tuples(*[st.sampled_from("iem_")] * 2), min_size=1, max_size=25))
def test_of_two_people_it_is_the_agreement_of_before(pairs: Any) -> None:
    made = votes("ab", **{f"r{number}": "".join(pair) for number, pair in enumerate(pairs)})
    report, before = agreement_report(made, TA, draws=10), agreement(made, "title_abstract")
    assert report.records == before.records
    assert report.percent.value == pytest.approx(before.percent, nan_ok=True)
    assert report.kappa.value == pytest.approx(before.kappa, nan_ok=True, abs=1e-12)
    if report.pairs:
        assert report.pairs[0].table == before.table
