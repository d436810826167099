"""Known items, and what each source and line brought."""

from __future__ import annotations

import pytest

from evisynth.deduplication import DeduplicationResult, Work, deduplicate, works
from evisynth.errors import DataError
from evisynth.records import Record
from evisynth.searches import (
    StrategyLine,
    identifiers,
    known_items,
    yield_by_line,
    yield_by_source,
)


def record(ident: str, title: str, source: str, **facts: str) -> Record:
    return Record(ident, title, ("Berg, K",), 2001, source=source, **facts)  # type: ignore[arg-type]


RECORDS = [
    record("e1", "Walking after stroke in rural Norway", "embase", doi="10.1/a"),
    record("p1", "Walking after stroke in rural Norway", "pubmed", doi="10.1/a", pmid="11"),
    record("p2", "Sleep of nurses on night shifts in Bergen", "pubmed", pmid="12"),
    record("s1", "Gait speed of older drivers in Trondheim", "scopus", doi="10.1/c"),
    record("s2", "Walking after stroke in rural Norway", "scopus", doi="10.1/a"),
]


def test_yield_counts_records_reports_and_unique_finds() -> None:
    result = deduplicate(RECORDS)
    assert result.groups == (("e1", "p1", "s2"),)
    counted = yield_by_source(result, RECORDS, included=["e1", "p2"])
    assert counted == yield_by_source(works(RECORDS, result), included=["s2", "p2"])
    assert counted.reports == 3
    assert [(row.label, row.records, row.reports, row.unique) for row in counted.rows] == [
        ("embase", 1, 1, 0), ("pubmed", 2, 2, 1), ("scopus", 2, 2, 1)
    ]  # fmt: skip
    assert [(row.included, row.unique_included) for row in counted.rows] == [(1, 0), (2, 1), (1, 0)]
    assert counted.overlap["pubmed", "scopus"] == counted.overlap["scopus", "pubmed"] == 1
    assert counted.overlap["pubmed", "pubmed"] == 2
    assert counted.overlap_rows()[0] == {
        "label": "embase", "embase": "1", "pubmed": "1", "scopus": "1"
    }  # fmt: skip
    frame = counted.to_frame()
    assert frame.loc["pubmed", "unique"] == 1
    assert "3 reports" in str(counted)


def test_two_records_of_one_source_are_one_report_of_it() -> None:
    counted = yield_by_source([Work((RECORDS[1], record("p9", "Walking", "pubmed")))])
    assert [(row.records, row.reports, row.unique) for row in counted.rows] == [(2, 1, 1)]


def test_yield_by_line_after_deduplication() -> None:
    result = DeduplicationResult((("a", "c"),), ("b",), (), (), ())
    counted = yield_by_line({1: ["a", "b", "b"], 2: ["c"]}, result, included=["c"])
    assert [(row.label, row.records, row.reports, row.unique) for row in counted.rows] == [
        ("1", 2, 2, 1), ("2", 1, 1, 0)
    ]  # fmt: skip
    assert [row.included for row in counted.rows] == [1, 1]
    assert counted.reports == 2


def test_a_line_that_found_nothing_has_a_row() -> None:
    counted = yield_by_line({1: ["a"], 2: []})
    assert [(row.label, row.reports) for row in counted.rows] == [("1", 1), ("2", 0)]
    assert counted.table()[1]["unique share"] == "–"


def test_an_included_record_that_nobody_found_is_refused() -> None:
    with pytest.raises(DataError, match="'x9'"):
        yield_by_line({1: ["a"]}, included=["x9"])


def test_identifiers_are_compared_without_resolver_and_case() -> None:
    export = [record("r1", "Gait", "embase", doi="10.1/abc", pmid="77")]
    wanted = ["https://doi.org/10.1/ABC", "doi:10.1/abc", "PMID: 77", "r1",
              "https://pubmed.ncbi.nlm.nih.gov/77/", "10.1/abd"]  # fmt: skip
    checked = known_items(wanted, export)
    assert checked.missing == ("10.1/abd",)
    assert "10.1/abc" in identifiers(export[0])


def test_a_known_item_counts_by_any_record_of_its_report() -> None:
    groups = works(RECORDS, deduplicate(RECORDS))
    assert known_items(["11"], [RECORDS[0]]).missing == ("11",)
    assert known_items(["11"], [RECORDS[0]], works=groups).missing == ()


def test_the_line_that_loses_an_item_is_named() -> None:
    lines = [
        StrategyLine(1, "walk*.ti,ab."),
        StrategyLine(2, "stroke.ti,ab."),
        StrategyLine(3, "rat.ti."),
        StrategyLine(4, "1 and 2"),
        StrategyLine(5, "4 not 3"),
    ]
    found = {1: ["11", "12", "13"], 2: ["12", "13"], 3: ["13"]}
    checked = known_items(["11", "12", "13", "14"], found, lines=lines, platform="ovid")
    assert checked.checked == (1, 2, 3, 4, 5)
    assert [(item.id, item.lines, item.lost, item.found) for item in checked.items] == [
        ("11", (1,), (4,), False),
        ("12", (1, 2, 4, 5), (), True),
        ("13", (1, 2, 3, 4), (5,), False),
        ("14", (), (), False),
    ]
    assert checked.missing == ("11", "13", "14")
    assert checked.rows()[0] == {"id": "11", "found": "no", "lines": "1", "lost in": "4"}
    assert "1 of 4 known items found" in str(checked)


def test_no_known_item_is_no_check() -> None:
    with pytest.raises(DataError, match="no known item"):
        known_items([], ["1"])
