"""The four templates of PRISMA 2020: boxes with their records, which add up."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evisynth.errors import DataError, OptionError
from evisynth.figures import flow_diagram
from evisynth.records import Record, SearchSource
from evisynth.review import (
    FlowBox,
    FlowCounts,
    PreviousStudies,
    Removal,
    count_flow,
    flow,
)
from evisynth.screening import Decision, Stage, resolve
from evisynth.studies import Retrieval, Study

TA = Stage("title_abstract", 1, {"design": "Not randomized", "topic": "Off topic"})
FT = Stage("full_text", 1, {"data": "No data", "arm": "No control"})
SOURCES = [
    SearchSource("e", "Embase", "database", removed_at_source=2, records=5),
    SearchSource("c", "CENTRAL", "register", records=2),
    SearchSource("g", "Google", "website", records=2),
    SearchSource("k", "Citations", "citation", removed_at_source=1, records=3),
    SearchSource("n", "Never", "organisation", searched=False),
]
RECORDS = [
    Record(ident, "T", source=source)
    for source, ids in {"e": "12345", "c": "67", "g": "89", "k": "xyz"}.items()
    for ident in ids
]
# 8 (website) repeats 1; 9 stays although 6 (register) repeats it; z repeats y, both citations
DUPLICATES = {"8": "1", "6": "9", "z": "y"}
REMOVALS = [Removal("7", "automation", "not a trial"), Removal("5", "other", "retracted")]
TITLES = {"1": "include", "2": "exclude", "3": "include", "4": "include", "9": "include",
          "x": "include", "y": "exclude"}  # fmt: skip
TEXTS = {"1": "include", "3": "exclude", "9": "include"}
RETRIEVALS = [Retrieval("4", "not_retrieved", "no answer"), Retrieval("x", "sought")]
STUDIES = [Study("S1", ("1",)), Study("S9", ("9",))]


def counted(*, sources: Any = SOURCES, previous: Any = None, studies: Any = STUDIES) -> FlowCounts:
    ids = {source.id for source in sources}
    records = [record for record in RECORDS if record.source in ids]
    there = {record.id for record in records}
    decisions = [
        Decision(ident, "title_abstract", "r", verdict, "design" if verdict == "exclude" else "")  # type: ignore[arg-type]
        for ident, verdict in TITLES.items()
    ]
    decisions += [
        Decision(ident, "full_text", "r", verdict, "data" if verdict == "exclude" else "")  # type: ignore[arg-type]
        for ident, verdict in TEXTS.items()
    ]
    duplicates = {one: two for one, two in DUPLICATES.items() if {one, two} <= there}
    removals = [made for made in REMOVALS if made.record in there]
    states = resolve(
        records,
        decisions,
        [TA, FT],
        duplicates=duplicates,
        not_retrieved={"4"},
        removed={made.record for made in removals},
    )
    return count_flow(
        sources, records, duplicates, [TA, FT], states, RETRIEVALS, studies, 2,
        removals=removals, previous=previous,
    )  # fmt: skip


def numbers(boxes: Any) -> dict[str, int]:
    return {box.name: box.count for box in boxes}


def test_two_columns_with_their_records() -> None:
    counts = counted()
    assert counts.problems == ()
    assert counts.template == "new_all"
    made = flow(counts)
    databases, other = made.columns
    assert databases.heading == "Identification of studies via databases and registers"
    assert other.heading == "Identification of studies via other methods"
    assert numbers(databases.boxes) == {
        "records_identified": 9, "duplicates_removed": 2, "removed_by_automation": 1,
        "removed_other": 1, "records_screened": 5, "records_excluded": 1, "reports_sought": 4,
        "reports_not_retrieved": 1, "reports_assessed": 3, "reports_excluded": 1,
        "reports_included": 2,
    }  # fmt: skip
    assert numbers(other.boxes) == {
        "records_identified": 6, "duplicates_removed": 4, "removed_by_automation": 0,
        "removed_other": 0, "records_screened": 2, "records_excluded": 1, "reports_sought": 1,
        "reports_not_retrieved": 0, "reports_assessed": 0, "reports_excluded": 0,
        "reports_included": 0,
    }  # fmt: skip
    # found both ways: 9 goes on among the databases, and is a duplicate in the other column
    assert set(other.box("duplicates_removed").records) == {"8", "9", "z"}
    assert other.box("duplicates_removed").unlisted == 1
    assert databases.box("reports_assessed").records == ("1", "3", "9")
    assert databases.box("removed_by_automation").records == ("7",)
    (lost,) = databases.box("reports_not_retrieved").details
    assert (lost.label, lost.records) == ("no answer", ("4",))
    assert other.waiting_full_text == ("x",)
    assert [(line.label, line.count, line.records) for line in other.boxes[0].details] == [
        ("Google", 2, ("8", "9")), ("Citations", 4, ("x", "y", "z")),
    ]  # fmt: skip


def test_totals_are_those_of_before() -> None:
    counts = counted()
    assert (counts.records_found, counts.duplicates_removed) == (15, 6)
    assert (counts.records_removed_other, counts.records_removed_automation) == (2, 1)
    assert (counts.records_screened, counts.records_excluded) == (7, 2)
    assert counts.excluded_reasons == (("Not randomized", 2),)
    assert counts.not_retrieved_reasons == (("no answer", 1),)
    assert (counts.reports_sought, counts.reports_assessed, counts.open) == (5, 3, 1)
    assert "15 records identified" in flow_diagram(counts).alt_text


def test_databases_only() -> None:
    counts = counted(sources=SOURCES[:2], studies=STUDIES[:1])
    assert counts.template == "new_databases"
    (column,) = flow(counts).columns
    assert column.heading == "Identification of studies via databases and registers"
    assert column.box("records_identified").count == 9


def test_one_column_for_all_sources_by_wish() -> None:
    counts = counted()
    made = flow(counts, "new_databases")
    (column,) = made.columns
    assert column.heading == (
        "Identification of studies via databases, registers, websites and citation searching"
    )
    assert numbers(column.boxes)["records_screened"] == 7
    assert [line.label for line in column.boxes[0].details] == [
        "Embase", "CENTRAL", "Google", "Citations",
    ]  # fmt: skip
    (line,) = column.box("records_excluded").details
    assert (line.label, line.count, line.records) == ("Not randomized", 2, ("2", "y"))
    # and a column of other methods with nothing in it
    alone = flow(counted(sources=SOURCES[:2], studies=STUDIES[:1]), "new_all")
    assert [column.box("records_identified").count for column in alone.columns] == [9, 0]


def test_updated_review() -> None:
    previous = PreviousStudies(12, 15, citation="Old 2015")
    made = flow(counted(previous=previous))
    assert made.template == "updated_all"
    assert numbers(made.previous) == {"previous_studies": 12, "previous_reports": 15}
    assert numbers(made.included) == {
        "studies_included": 2, "reports_included": 2, "total_studies": 14, "total_reports": 17,
    }  # fmt: skip
    assert made.columns[0].heading == ("Identification of new studies via databases and registers")
    assert made.included[0].label == "New studies included in review"
    assert made.included[2].unlisted == 12
    assert flow(counted(sources=SOURCES[:2], previous=previous)).template == "updated_databases"
    new = flow(counted(previous=previous), "new_all")
    assert (new.previous, len(new.included)) == ((), 2)
    assert new.included[0].label == "Studies included in review"


def test_previous_studies_by_id() -> None:
    """A new report of a study of before makes no new study."""
    previous = PreviousStudies(2, 3, ("S9", "Old"), ("o1", "o2", "o3"))
    counts = counted(previous=previous, studies=[*STUDIES, Study("Old", ("o1",))])
    assert counts.problems == ()
    assert counts.studies_included == 1
    included = {box.name: box for box in flow(counts).included}
    assert included["total_studies"].count == 3
    assert included["total_studies"].records == ("S9", "Old", "S1")
    assert included["total_reports"].count == 5
    assert included["total_reports"].unlisted == 0


def test_what_cannot_be_drawn() -> None:
    with pytest.raises(DataError, match=r"\[update\] of review.toml"):
        flow(counted(), "updated_all")
    with pytest.raises(OptionError, match="new_databases, new_all"):
        flow(counted(), "new")  # type: ignore[arg-type]
    bare = FlowCounts((), 0, 0, 0, 0, 0, (), 0, 0, 0, 0, (), 0, 0, 0, 0, 0, "Databases")
    with pytest.raises(DataError, match="no columns"):
        flow(bare)


def test_column_that_does_not_add_up_is_named() -> None:
    """One too many here and one too few there: the whole adds up, the columns do not."""
    moved = [
        Record(record.id, "T", source="e") if record.id == "8" else record for record in RECORDS[:9]
    ]
    counts = count_flow(SOURCES[:3], moved, {}, [TA], resolve(moved, [], [TA]), [], [], 0)
    assert counts.problems == (
        "Identification of studies via databases and registers: records identified (9) minus"
        " records removed before screening (2) make 7, not records screened (0) and waiting (8)",
        "Identification of studies via other methods: records identified (2) minus records removed"
        " before screening (0) make 2, not records screened (0) and waiting (1)",
    )
    assert flow(counts).problems == counts.problems
    assert str(flow(counts)).count("Does not add up") == 2


def test_table_and_text() -> None:
    made = flow(counted(previous=PreviousStudies(12, 15)))
    frame = made.to_frame()
    assert set(frame["column"]) == {"previous", "databases", "other", "included"}
    row = frame[(frame["box"] == "records_identified") & (frame["detail"] == "Embase")].iloc[0]
    assert (row["count"], row["records"]) == (7, "1; 2; 3; 4; 5")
    assert "template updated, all" in str(made)
    assert "Total studies included in review" in str(made)


IDS = [f"r{number}" for number in range(12)]


@given(st.data())
def test_boxes_add_up(data: Any) -> None:
    """Whatever people did, every template balances and each record is where it is counted."""
    kinds = {"e": "database", "c": "register", "w": "website", "k": "citation"}
    records = [Record(made, "T", source=data.draw(st.sampled_from(list(kinds)))) for made in IDS]
    at_source = {source: data.draw(st.integers(0, 3)) for source in kinds}
    sources = [
        SearchSource(
            source,
            source,
            kind,  # type: ignore[arg-type]
            removed_at_source=at_source[source],
            records=sum(record.source == source for record in records),
        )
        for source, kind in kinds.items()
    ]
    kept = data.draw(st.lists(st.sampled_from(IDS), min_size=1, unique=True))
    duplicates: Mapping[str, str] = {
        made: data.draw(st.sampled_from(kept)) for made in IDS if made not in kept
    }
    duplicates = {one: two for one, two in duplicates.items() if data.draw(st.booleans())}
    removals = [
        Removal(made, data.draw(st.sampled_from(["automation", "other"])))
        for made in data.draw(st.lists(st.sampled_from(IDS), max_size=3, unique=True))
    ]
    stages = [TA, FT]
    decisions = [
        Decision(made, stage.name, who, verdict, next(iter(stage.reasons)))
        for stage in stages
        for who in "ab"
        for made in IDS
        for verdict in [data.draw(st.sampled_from([None, "include", "include", "exclude"]))]
        if verdict
    ]
    retrievals = [Retrieval(made, "not_retrieved") for made in IDS if data.draw(st.booleans())]
    states = resolve(
        records,
        decisions,
        stages,
        duplicates=duplicates,
        removed={made.record for made in removals},
        not_retrieved={made.record for made in retrievals},
    )
    included = [
        r for (r, s), state in states.items() if s == "full_text" if state.status == "included"
    ]
    counts = count_flow(
        sources, records, duplicates, stages, states, retrievals,
        [Study(made, (made,)) for made in included], 0,
        removals=removals, previous=data.draw(st.sampled_from([None, PreviousStudies(3, 4)])),
    )  # fmt: skip
    assert counts.problems == ()
    templates = ["new_databases", "new_all"]
    if counts.previous:
        templates += ["updated_databases", "updated_all"]
    for template in templates:
        made = flow(counts, template)  # type: ignore[arg-type]
        total: dict[str, int] = {}
        for column in made.columns:
            n = numbers(column.boxes)
            for name, count in n.items():
                total[name] = total.get(name, 0) + count
            removed = n["duplicates_removed"] + n["removed_by_automation"] + n["removed_other"]
            waiting = len(column.waiting_screening)
            assert n["records_identified"] - removed == n["records_screened"] + waiting
            assert n["records_screened"] - n["records_excluded"] == n["reports_sought"]
            assert n["reports_sought"] - n["reports_not_retrieved"] == n["reports_assessed"] + len(
                column.waiting_full_text
            )
            assert n["reports_assessed"] - n["reports_excluded"] == n["reports_included"]
            for box in column.boxes:
                check(box)
        assert total["records_identified"] == counts.records_found
        assert total["duplicates_removed"] == counts.duplicates_removed
        assert total["records_screened"] == counts.records_screened
        assert total["reports_excluded"] == counts.reports_excluded
        last = numbers(made.included)
        if made.previous:
            before = numbers(made.previous)
            assert last["total_studies"] == before["previous_studies"] + last["studies_included"]
            assert last["total_reports"] == before["previous_reports"] + last["reports_included"]


def check(box: FlowBox) -> None:
    """A box counts its records once, and its lines make the box."""
    assert len(set(box.records)) == len(box.records) <= box.count
    if box.name not in ("records_identified", "duplicates_removed"):
        assert box.unlisted == 0
    if box.details:
        assert sum(line.count for line in box.details) == box.count
        assert sorted(made for line in box.details for made in line.records) == sorted(box.records)
