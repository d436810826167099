"""The flow diagram: every number told once, nothing overlapping, from none to many."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evisynth.errors import DataError
from evisynth.figures import Figure
from evisynth.figures.check import box, outside, overlaps
from evisynth.figures.flow import flow_diagram
from evisynth.figures.scene import Rect
from evisynth.records import SearchSource, SourceKind
from evisynth.review import FlowCounts


def source(name: str, number: int, kind: SourceKind = "database") -> tuple[SearchSource, int]:
    return SearchSource(id=name.lower(), name=name, kind=kind), number


COUNTS = FlowCounts(
    found=(source("PubMed", 1012), source("Embase", 300), source("Experts", 2, "other")),
    records_found=1314,
    duplicates_removed=214,
    records_removed_other=0,
    records_screened=1100,
    records_excluded=1000,
    excluded_reasons=(("Not randomized", 600), ("Wrong population", 400)),
    reports_sought=100,
    reports_not_retrieved=7,
    reports_assessed=93,
    reports_excluded=80,
    full_text_reasons=(("No usable numbers", 80),),
    reports_included=13,
    studies_included=11,
    studies_in_synthesis=9,
    open=0,
    conflicts=0,
    heading="Identification of studies via databases and other sources",
)


def many(sources: int, reasons: int) -> FlowCounts:
    kinds: tuple[SourceKind, ...] = ("database", "register", "website", "organisation", "citation")
    return replace(
        COUNTS,
        found=tuple(
            source(f"Source number {n} with a name of some length", n, kinds[n % 5])
            for n in range(sources)
        ),
        excluded_reasons=tuple(
            (f"Reason {n} that takes a good many words to tell in full", n) for n in range(reasons)
        ),
        full_text_reasons=tuple(
            ("Anunbreakablewordofquiteextraordinarylength" if n % 5 == 0 else "Short", n)
            for n in range(reasons)
        ),
    )


def text_of(figure: Figure) -> str:
    return " ".join(text.text for text in figure.pages[0].texts).replace("\u00a0", " ")


def check(figure: Figure) -> None:
    """No two texts meet, no two boxes meet, and every text within the box that it starts in."""
    page = figure.pages[0]
    assert overlaps(page) == []
    assert outside(page) == []
    boxes = [box(item) for item in page.items if isinstance(item, Rect)]
    for at, one in enumerate(boxes):
        for other in boxes[at + 1 :]:
            assert not one.meets(other)
    for text in page.texts:
        around = box(text)
        for one in boxes:
            if one.left <= text.x <= one.right and one.top <= text.y <= one.bottom:
                assert one.left <= around.left
                assert around.right <= one.right


@pytest.mark.parametrize("sources", [0, 1, 8, 30])
@pytest.mark.parametrize("reasons", [0, 1, 9, 20])
def test_nothing_overlaps(sources: int, reasons: int) -> None:
    check(flow_diagram(many(sources, reasons)))
    check(flow_diagram(many(sources, reasons), per_source=False))


def test_every_count_is_told() -> None:
    text = text_of(flow_diagram(COUNTS))
    for words in (
        "Records identified (n = 1,314) from:",
        "Databases (n = 1,312)",
        "PubMed (n = 1,012)",
        "Other sources (n = 2)",
        "Records removed before screening (n = 214):",
        "Records screened (n = 1,100)",
        "Records excluded (n = 1,000):",
        "Wrong population (n = 400)",
        "Reports sought for retrieval (n = 100)",
        "Reports not retrieved (n = 7)",
        "Reports assessed for eligibility (n = 93)",
        "Reports excluded (n = 80):",
        "Studies included in review (n = 11)",
        "Reports of included studies (n = 13)",
        "Studies in meta-analysis (n = 9)",
    ):
        assert words in text
    assert "Identification" in text
    assert "Removed for other reasons" not in text


def test_sources_may_be_summed_by_kind() -> None:
    text = text_of(flow_diagram(COUNTS, per_source=False))
    assert "Databases (n = 1,312)" in text
    assert "PubMed" not in text


def test_many_reasons_stand_in_two_columns() -> None:
    few = flow_diagram(replace(COUNTS, excluded_reasons=tuple((f"R{n}", n) for n in range(8))))
    more = flow_diagram(replace(COUNTS, excluded_reasons=tuple((f"R{n}", n) for n in range(16))))
    assert few.pages[0].height == more.pages[0].height


def test_what_is_open_and_what_does_not_add_up_is_told() -> None:
    figure = flow_diagram(replace(COUNTS, open=3, conflicts=1, problems=("13 is not 12",)))
    check(figure)
    text = text_of(figure)
    assert "Not finished: records and reports 3 waiting for decisions and 1 in conflict." in text
    assert "Does not add up: 13 is not 12." in text
    assert "Does not add up: 13 is not 12." in figure.description


def test_data_and_words_come_from_the_counts() -> None:
    figure = flow_diagram(COUNTS)
    table = {row["box"]: row["n"] for row in figure.data}
    assert table["identified: Embase"] == 300
    assert table["reports excluded: No usable numbers"] == 80
    assert table["studies in meta-analysis"] == 9
    assert "1,314 records identified" in figure.alt_text
    assert "Reports sought: 100; not retrieved: 7." in figure.description


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(DataError, match="records screened is -1"):
        flow_diagram(replace(COUNTS, records_screened=-1))


def test_the_same_bytes_each_time() -> None:
    assert flow_diagram(COUNTS).to_bytes("svg") == flow_diagram(COUNTS).to_bytes("svg")
