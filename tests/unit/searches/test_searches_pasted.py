"""Strategies as people paste them."""

from __future__ import annotations

import pytest

from evisynth.errors import InputError
from evisynth.searches import read_pasted

OVID = """Database: Ovid MEDLINE(R) ALL <1946 to January 15, 2026>
Search Strategy:
--------------------------------------------------------------------------------
1     exp Walking/ (34567)
2     (walk* or step count*).ti,ab. (123456)
3     1 or 2 (140001)
4     limit 3 to yr="2010 -Current" (99000)
***************************
"""
OVID_TABLE = (
    "#\tSearches\tResults\tType\n1\texp Walking/\t34567\tAdvanced\n2\t1 or 3.ti.\t12\tAdvanced\n"
)
PUBMED = (
    "#3\tSearch: #1 AND #2\tSort by: Most Recent\t1,234\t10:01:02\n"
    '#2\tSearch: "Gait"[mh]\tSort by: Most Recent\t56,789\t10:00:02\n'
    "#1\tSearch: walk*[tiab]\tSort by: Most Recent\t98,765\t10:00:00\n"
)
PUBMED_CSV = (
    "Search number,Query,Filters,Search Details,Results,Time\n"
    '2,#1 AND sleep[tiab],,"(walk*[Title/Abstract])","1,204",10:01:02\n'
    '1,"walk*[tiab] OR ""gait speed""[tiab]",,x,98765,10:00:00\n'
)
MODES = "Expanders - Apply equivalent subjects\tSearch modes - Boolean/Phrase"
EBSCO = f'S2\tS1 AND TI sleep*\t{MODES}\t812\nS1\t(MH "Walking+") OR TI walk*\t{MODES}\t4,321\n'
EMBASE = """#3 #1 AND #2 1,204 15 Jan 2026
#2 sleep*:ti,ab 250,001 15 Jan 2026
#1 'walking'/exp OR walk*:ti,ab 98,765 15 Jan 2026
"""
COCHRANE = """Search Name: walking
Date Run: 15/01/2026 10:00:00
Comment:

ID\tSearch\tHits
#1\t[mh Walking]\t1234
#2\t(walk* OR gait):ti,ab,kw\t34567
#3\t#1 OR #2\t35001
"""
WOS_OLD = "# 2\t1,234\t#1 AND TS=(sleep*)\n# 1\t98,765\tTS=(walk*)\n"
WOS_NEW = "1: TS=(walk*)\tResults: 98765\n2: #1 AND TS=(sleep*)\tResults: 1234\n"
SCOPUS = """1 TITLE-ABS-KEY(walk*) 98,765 document results
2 #1 AND PUBYEAR > 2009 1,234 document results
"""
PROQUEST = "S1 TI,AB(walk*) (98765)\nS2 S1 AND YR(2010-2024) (1234)\n"
PLAIN = "1. exp Walking/\n2. walk*.ti,ab.\n3. 1 or 2"
ONE_BLANK = "1 exp walking/ 120\n2 walk*.ti,ab. 3400\n3 1 or 2 3500"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (OVID, [("exp Walking/", 34567), ("(walk* or step count*).ti,ab.", 123456),
                ("1 or 2", 140001), ('limit 3 to yr="2010 -Current"', 99000)]),
        (OVID_TABLE, [("exp Walking/", 34567), ("1 or 3.ti.", 12)]),
        (PUBMED, [("walk*[tiab]", 98765), ('"Gait"[mh]', 56789), ("#1 AND #2", 1234)]),
        (PUBMED_CSV, [('walk*[tiab] OR "gait speed"[tiab]', 98765), ("#1 AND sleep[tiab]", 1204)]),
        (EBSCO, [('(MH "Walking+") OR TI walk*', 4321), ("S1 AND TI sleep*", 812)]),
        (EMBASE, [("'walking'/exp OR walk*:ti,ab", 98765), ("sleep*:ti,ab", 250001),
                  ("#1 AND #2", 1204)]),
        (COCHRANE, [("[mh Walking]", 1234), ("(walk* OR gait):ti,ab,kw", 34567),
                    ("#1 OR #2", 35001)]),
        (WOS_OLD, [("TS=(walk*)", 98765), ("#1 AND TS=(sleep*)", 1234)]),
        (WOS_NEW, [("TS=(walk*)", 98765), ("#1 AND TS=(sleep*)", 1234)]),
        (SCOPUS, [("TITLE-ABS-KEY(walk*)", 98765), ("#1 AND PUBYEAR > 2009", 1234)]),
        (PROQUEST, [("TI,AB(walk*)", 98765), ("S1 AND YR(2010-2024)", 1234)]),
        (PLAIN, [("exp Walking/", None), ("walk*.ti,ab.", None), ("1 or 2", None)]),
        (ONE_BLANK, [("exp walking/", 120), ("walk*.ti,ab.", 3400), ("1 or 2", 3500)]),
        ("1 and (2 or 3)", [("1 and (2 or 3)", None)]),
        ("#1 AND #2", [("#1 AND #2", None)]),
        ("1. 1 or 2\n2. or/1-5\n3. 1 and 2", [("1 or 2", None), ("or/1-5", None),
                                              ("1 and 2", None)]),
    ],
    ids=["ovid", "ovid-table", "pubmed", "pubmed-csv", "ebsco", "embase", "cochrane", "wos-old",
         "wos-new", "scopus", "proquest", "plain", "one-blank", "query", "references", "combined"],
)  # fmt: skip
def test_lines_and_hits_are_read_as_pasted(
    text: str, expected: list[tuple[str, int | None]]
) -> None:
    for ends in ("\n", "\r\n", "\r"):
        lines = read_pasted(text.replace("\n", ends))
        assert [(line.text, line.hits) for line in lines] == expected
        assert [line.number for line in lines] == list(range(1, len(expected) + 1))


def test_the_date_of_a_run_is_kept() -> None:
    assert {line.date for line in read_pasted(EMBASE)} == {"2026-01-15"}


def test_a_line_that_runs_over_several_rows_stays_one_line() -> None:
    lines = read_pasted("1. (walk* OR\n   gait):ti\n2. #1 AND\nsleep:ti")
    assert [line.text for line in lines] == ["(walk* OR\ngait):ti", "#1 AND\nsleep:ti"]


def test_a_query_over_several_rows_without_numbers_is_one_line() -> None:
    text = "(walk*[tiab] OR\ngait[tiab])\nAND 2010:2024[dp]"
    assert [line.text for line in read_pasted(text)] == [text]


def test_a_year_at_the_end_is_not_taken_for_hits() -> None:
    lines = read_pasted("1. TITLE(gait)\n2. #1 AND PUBYEAR > 2009\n3. #1 AND PUBYEAR < 2025")
    assert {line.hits for line in lines} == {None}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the strategy is empty"),
        (" \n\t\n", "the strategy is empty"),
        ("1. gait.ti.\n1. walk*.ti.", "line 2: the number 1 stands in line 1 already"),
        ("1. gait.ti.\n2. \n3. 1 or 2", "line 2 of the strategy has no text"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_row(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_pasted(text, where="query.txt")
