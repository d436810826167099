"""Which report a file is."""

from __future__ import annotations

import pytest

from evisynth.studies import KnownReport, match_report

REPORTS = (
    KnownReport("kim", "Walking for better sleep in older adults", "10.1000/sleep.2018.1"),
    KnownReport("kim2", "Walking for better sleep: two years on", "10.1000/sleep.2018.12"),
    KnownReport("lee", "Café visits and insomnia in the city of Köln", "https://doi.org/10.2196/64754"),
    KnownReport("bare", "Short title"),
    KnownReport("same1", "A randomized trial of evening walks against insomnia"),
    KnownReport("same2", "A randomized trial of evening walks against insomnia"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "page", "record", "by"),
    [
        pytest.param("10.1000_sleep.2018.1.pdf", "", "kim", "DOI in the file's name", id="name"),
        pytest.param("10.1000-sleep-2018-12 (2).pdf", "", "kim2", "DOI in the file's name",
                     id="name-not-a-shorter-doi"),
        pytest.param("10.1000%2Fsleep.2018.1.pdf", "", "kim", "DOI in the file's name",
                     id="name-in-percent"),
        pytest.param("x.pdf", "doi:10.2196/64754.", "lee", "DOI in the text", id="text"),
        pytest.param("x.pdf", "https://doi.org/10.1000/SLEEP.2018.12)", "kim2", "DOI in the text",
                     id="text-in-brackets"),
        pytest.param("x.pdf", "CAFE VISITS AND INSOMNIA\nIN THE CITY\nOF KOLN", "lee", "title",
                     id="title-in-capitals"),
        pytest.param("x.pdf", "Walking for bet-\nter sleep in older adults", "kim", "title",
                     id="title-over-lines"),
        pytest.param("x.pdf", "Short title", "", "", id="title-too-short"),
        pytest.param("x.pdf", "A randomized trial of evening walks against insomnia", "", "",
                     id="two-of-one-title"),
        pytest.param("10.2196_64754.pdf", "Walking for better sleep in older adults", "", "",
                     id="name-and-title-differ"),
        pytest.param("x.pdf", "10.2196/64754 Walking for better sleep in older adults", "", "",
                     id="doi-and-title-differ"),
        pytest.param("x.pdf", "10.1000/sleep.2018.1 and 10.1000/sleep.2018.12 Walking for better"
                     " sleep: two years on", "kim2", "DOI in the text",
                     id="title-tells-of-two-dois"),
        pytest.param("110.1000_sleep.2018.1.pdf", "", "", "", id="digits-before"),
        pytest.param("", "", "", "", id="nothing"),
    ],
)  # fmt: skip
def test_files_are_matched_where_it_is_sure(name: str, page: str, record: str, by: str) -> None:
    found = match_report(name, [page], REPORTS)
    assert (found.record, found.by) == (record, by)


def test_likely_reports_are_offered_the_likeliest_first() -> None:
    found = match_report(
        "x.pdf", ["Walking for better sleep in old adults, A. Kim and B. Lee"], REPORTS
    )
    assert found.record == ""
    assert found.candidates[0] == "kim"
    both = match_report("x.pdf", [REPORTS[4].title], REPORTS)
    assert set(both.candidates[:2]) == {"same1", "same2"}
    second = match_report("x.pdf", ["Cover sheet", "10.2196/64754"], REPORTS)
    assert second.record == "lee"
