"""The example as it is read: its numbers, and that its parts hang together."""

import re
from pathlib import Path
from typing import Any

import pytest

from evisynth.review import Review, read_review

EXAMPLE = Path(__file__).parents[3] / "examples" / "digital-interventions-cancer"


@pytest.fixture(scope="module")
def review() -> Review:
    return read_review(EXAMPLE)


def test_flow(review: Any) -> None:
    flow = review.flow
    assert flow.problems == ()
    assert (flow.records_found, flow.duplicates_removed, flow.records_screened) == (231, 14, 217)
    assert flow.records_excluded == 142
    assert [number for _, number in flow.excluded_reasons] == [43, 35, 21, 18, 12, 6, 4, 3]
    assert flow.excluded_reasons[0] == ("No anxiety or depression outcome", 43)
    assert (flow.reports_sought, flow.reports_not_retrieved, flow.reports_assessed) == (75, 46, 29)
    assert flow.full_text_reasons == (
        ("No usable numbers by arm", 13),
        ("No control without a digital intervention", 1),
    )
    assert (flow.reports_excluded, flow.reports_included) == (14, 15)
    assert (flow.studies_included, flow.studies_in_synthesis) == (15, 15)
    assert (flow.open, flow.conflicts) == (0, 0)
    assert flow.heading == (
        "Identification of studies via databases, websites, citation searching and other sources"
    )


def test_sources(review: Any) -> None:
    searched = {source.id: source for source in review.sources if source.searched}
    assert len(searched) == 11
    assert (searched["wijeratne-2021"].found, searched["wijeratne-2021"].records) == (18, 14)
    assert (searched["qin-2022"].found, searched["qin-2022"].records) == (30, 20)
    planned = [source for source in review.sources if not source.searched]
    assert len(planned) == 8
    assert {source.found for source in planned} == {None}
    assert {source.query for source in planned} == {""}
    assert {source.kind for source in planned} == {"database"}
    assert {source for source, _ in review.flow.found} == set(searched.values())


def test_records_and_decisions(review: Any) -> None:
    assert len(review.records) == len({record.id for record in review.records}) == 217
    assert len(review.decisions) == 217 + 29
    assert len(review.retrievals) == 75
    assert all(record.abstract == "" for record in review.records)
    zhu = next(record for record in review.records if record.id == "Zhu2018")
    lines = (EXAMPLE / zhu.file).read_text(encoding="utf-8").splitlines()
    assert lines[zhu.first_line - 1].startswith("TY  -")
    assert lines[zhu.last_line - 1].startswith("ER  -")
    assert any(zhu.title in line for line in lines[zhu.first_line - 1 : zhu.last_line])


def test_studies_and_data(review: Any) -> None:
    assert len(review.studies) == 15
    by_id = {study.id: study for study in review.studies}
    assert by_id["Zhu 2018"].characteristics["intervention_types"] == (
        "education",
        "self-management",
        "patient community communication",
    )
    assert by_id["Sui 2020"].characteristics["involvement"] is None
    assert by_id["U-CARE AdultCan"].characteristics["year"] is None
    assert by_id["Maguire 2021"].characteristics["duration_weeks"] is None
    assert len(review.outcome_rows) == 22
    by_outcome = {
        outcome: {row.study for row in review.outcome_rows if row.outcome == outcome}
        for outcome in ("anxiety", "depression")
    }
    assert (len(by_outcome["anxiety"]), len(by_outcome["depression"])) == (10, 12)
    assert all(row.source.startswith("https://") and row.note for row in review.outcome_rows)
    assert review.warnings == ()


def test_published(review: Any) -> None:
    assert len(review.published_judgements) == 8
    assert len({made.study for made in review.published_judgements}) == 7
    assert review.assessments == ()
    by_label = {made.label: made for made in review.published_results}
    assert (by_label["Depression"].k, by_label["Depression"].estimate) == (9, -0.48)
    assert (by_label["Anxiety"].ci_lower, by_label["Anxiety"].i2) == (-1.29, ">90%")
    assert by_label["Anxiety, <1 month"].level == "<1 month"
    assert by_label["Anxiety, by stakeholder involvement"].estimate is None
    assert "10.2196/64754" in review.published_citation


def test_plan(review: Any) -> None:
    plan = review.protocol
    assert [analysis.id for analysis in plan.analyses] == [
        "anxiety",
        "depression",
        "anxiety-end-scores",
        "anxiety-arm-level",
        "depression-end-scores",
        "depression-arm-level",
    ]
    main = plan.analyses[0]
    assert (main.tau2, main.ci, main.measure, main.mixed_formats) == ("REML", "HKSJ", "SMD", True)
    assert main.without_outliers == "lowest tau2"
    assert main.favours == ("digital intervention", "control")
    assert [(group.by, group.label) for group in main.subgroups] == [
        ("duration_group", "Duration"),
        ("involvement", "Stakeholder involvement"),
    ]
    assert main.subgroups[0].levels == ("<1 month", "1-2 months", "2-3 months", "longer")
    assert plan.analyses[2].sensitivity_of == "anxiety"
    assert plan.registration.id == "CRD420251058005"
    assert plan.registration.register == "PROSPERO"
    assert "Condition or domain being studied" in plan.registration.fields
    assert (review.kind, review.date) == ("demonstration", "2026-11-22")


def test_no_path_of_a_machine_in_the_example() -> None:
    for path in EXAMPLE.rglob("*"):
        inside = path.relative_to(EXAMPLE).parts
        if path.is_file() and "out" not in inside and ".evisynth" not in inside:
            text = path.read_text(encoding="utf-8")
            assert str(EXAMPLE.parents[1]) not in text, path
            assert not re.search(r"(?<![\w.:/])/(?:home|root|tmp|usr|var|Users)/", text), path
