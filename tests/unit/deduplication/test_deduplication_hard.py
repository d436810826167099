"""What databases write of one report in many ways, and what only looks like one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evisynth.deduplication import Reason, deduplicate
from evisynth.deduplication.journals import JOURNAL_OTHER, JOURNAL_SHORT, journal_agreement
from evisynth.deduplication.levels import level_phrases
from evisynth.deduplication.marks import ERRATUM, HEADING, RENEWED, REPLY, RETRACTION
from evisynth.deduplication.text import (
    OTHER_NUMBERS,
    OTHER_WORDS,
    SPELLING,
    prepare_title,
    title_difference,
)
from evisynth.records import Record

PAPER = Record(
    "a",
    "Evening light and sleep quality in shift nurses: a randomized crossover trial",
    ("Ahlgren, Mia", "Okafor, Ben T.", "Tan, Wei"),
    2014,
    "Journal of Occupational Sleep",
    "12",
    "3",
    "211-219",
    "10.1000/jos.2014.7",
)
COCHRANE = replace(
    PAPER,
    journal="Cochrane Database of Systematic Reviews",
    volume="2014",
    issue="3",
    pages="CD001234",
    doi="",
)


def one_report(first: Record, **other: object) -> bool:
    """Whether a record and its copy with other values become one report."""
    second = replace(first, id="b", **other)  # type: ignore[arg-type]
    there, back = deduplicate([first, second]), deduplicate([second, first])
    assert there.groups == back.groups
    return there.groups == (("a", "b"),)


@pytest.mark.parametrize(
    "other",
    [
        {
            "title": "{Evening} light and sleep quality in shift {NURSES}: A Randomized Cross-over"
            " Trial"
        },
        {
            "title": "[Evening light and sleep quality in shift nurses: a randomized crossover"
            " trial].."
        },
        {"title": f"Kveldslys og sovn hos sykepleiere [{PAPER.title}]", "doi": ""},
        {"title": f"Kveldslys og sovn [{PAPER.title.replace('quality', 'qualitty')}]", "doi": ""},
        {"title": "Kveldslys og sovnkvalitet hos sykepleiere i turnus"},
        {"title": "Kveldslys og sovnkvalitet hos sykepleiere i turnus", "doi": ""},
        {"volume": "12(3)", "issue": "", "doi": ""},
        {"issue": "3 Pt 1", "doi": ""},
        {"volume": "12 Pt 2", "issue": "", "doi": ""},
        {"pages": "e104233", "doi": "", "issue": ""},
    ],
)
def test_one_report_written_otherwise(other: dict[str, object]) -> None:
    assert one_report(PAPER, **other)


@pytest.mark.parametrize(
    "other",
    [
        {"title": PAPER.title + " [Erratum]", "pages": "411"},
        {"title": PAPER.title + " (vol 12, pg 211, 2014)", "pages": "e104233"},
        {"title": "Retraction Note: " + PAPER.title, "pages": "411"},
        {"title": "Errata Note: " + PAPER.title, "pages": ""},
        {"title": "Comment: " + PAPER.title, "pages": ""},
        {"title": "Invited commentary: " + PAPER.title, "pages": ""},
        {"title": "Letter to the editor: " + PAPER.title, "pages": ""},
        {"issue": "Suppl 1", "pages": "e104233", "year": 2013},
        {"issue": "S1", "pages": "S80-S242"},
        {"issue": "S1", "pages": "A312", "volume": "11", "year": 2013},
        {"journal": "", "volume": "", "issue": "", "pages": "", "doi": "10.1101/2014.03.01.123456"},
        {"title": "Morning light and sleep quality in shift porters: a cohort", "pages": "214"},
    ],
)
def test_another_report_that_looks_like_it(other: dict[str, object]) -> None:
    assert not one_report(PAPER, **{"doi": "", **other})


def test_a_translation_needs_the_whole_place_of_a_paper() -> None:
    other = "Kveldslys og sovnkvalitet hos sykepleiere i turnus"
    assert one_report(PAPER, title=other, doi="")
    assert not one_report(PAPER, title=other, doi="", authors=("Ahlgren, Mia",))
    assert not one_report(PAPER, title=other, doi="", year=2013)
    page = replace(PAPER, pages="S211", doi="")
    assert not one_report(page, title=other)


def test_versions_of_a_cochrane_review_stay_apart() -> None:
    assert one_report(COCHRANE, doi="10.1002/14651858.cd001234.pub2")
    assert one_report(COCHRANE, year=2013)  # the volume says the edition
    assert not one_report(COCHRANE, volume="2016", year=2016)
    assert not one_report(COCHRANE, issue="9")
    assert not one_report(COCHRANE, journal="", issue="9")
    result = deduplicate([COCHRANE, replace(COCHRANE, id="b", volume="2016", year=2016)])
    assert [pair.relation for pair in result.links] == ["same study"]


def test_the_abbreviation_of_a_server_or_thesis_series_is_no_other_place() -> None:
    preprint = replace(PAPER, journal="medRxiv", volume="", issue="", pages="", doi="")
    assert one_report(preprint, journal="medRxiv : the preprint server for health sciences")
    thesis = replace(
        PAPER,
        authors=("Ahlgren, Mia",),
        journal="Dissertation Abstracts International Section B",
        doi="",
    )
    assert one_report(thesis, journal="Diss Abst Int Sect B")


@pytest.mark.parametrize("heading", ["Letter to the Editor", "Preface", "President's message"])
def test_a_heading_is_one_piece_only_in_one_place(heading: str) -> None:
    note = replace(PAPER, title=heading, pages="211-212", doi="")
    assert one_report(note, issue="Jul-Aug")
    assert one_report(note, authors=("Ahlgren, Mia",))
    assert not one_report(note, pages="214-215")
    assert not one_report(note, volume="13")
    assert not one_report(note, authors=("Lie, Kari",))


def test_a_heading_and_what_follows_it() -> None:
    note = replace(PAPER, title="Editor's comments", pages="3-4", doi="")
    assert one_report(note, title="Editor's comments: on writing for journals")
    assert not one_report(note, title="Editor's comments: on writing for journals", pages="")


def test_one_text_is_one_report_however_it_is_punctuated() -> None:
    first = replace(
        PAPER, title="Adherence to study protocol in trials of light for nurses", doi=""
    )
    assert one_report(first, title="[Adherence to study protocol in trials of light for nurses]..")
    assert one_report(
        replace(first, title="Divided by light? A response to the shift of all nurses"),
        title="Divided by light: a response to the shift of all nurses",
        pages="",
    )


def test_journals_of_two_names() -> None:
    assert (
        journal_agreement("archives internal medicine", "jama internal medicine") == JOURNAL_SHORT
    )
    assert journal_agreement("zhonghua wai ke za zhi", "chin j surg") == JOURNAL_SHORT
    assert journal_agreement("zhonghua wai ke za zhi", "chinese journal cancer") == JOURNAL_OTHER
    bare = replace(PAPER, volume="", issue="", pages="", doi="")
    cytometry = replace(bare, journal="Cytometry")
    assert one_report(cytometry, journal="Communications in Clinical Cytometry")
    assert not one_report(replace(bare, journal="Surgery"), journal="British Journal of Surgery")


@pytest.mark.parametrize(
    ("first", "second", "difference"),
    [
        ("p16 ink4a in nurses", "p6ink4a in nurses", SPELLING),
        ("cyp2c9 in nurses", "cyp2c19 in nurses", OTHER_NUMBERS),
        ("h3k4me3 in nurses", "h3k27me3 in nurses", OTHER_NUMBERS),
        ("p15 ink4b in nurses", "p16 ink4a in nurses", OTHER_NUMBERS),
        ("il2 in nurses", "il12 in nurses", OTHER_NUMBERS),
        ("type 1 diabetes in nurses", "type 11 diabetes in nurses", OTHER_NUMBERS),
    ],
)
def test_a_digit_lost_from_a_name_that_says_itself_twice(
    first: str, second: str, difference: int
) -> None:
    assert title_difference(first, second) == difference
    assert title_difference(second, first) == difference


def test_other_words_are_not_the_same_name() -> None:
    assert title_difference("p16 ink4a in nurses", "p16 ink4a in porters") == OTHER_WORDS


@pytest.mark.parametrize(
    ("title", "marks"),
    [
        ("Sleep in nurses on shift (vol 3, pg 1, 2010)", ERRATUM),
        ("Sleep in nurses on shift [Erratum]", ERRATUM),
        ("Sleep in nurses on shift [Erratum appears in J Sleep 2010]", 0),
        ("Errata note: sleep in nurses on shift", ERRATUM),
        ("Retraction Note: sleep in nurses on shift", RETRACTION),
        ("Comment. Sleep in nurses on shift", REPLY),
        ("Images in medicine", HEADING),
        ("Update on sleep", RENEWED),
        ("Update on the diagnosis and the treatment of poor sleep in nurses who work shifts", 0),
    ],
)
def test_marks(title: str, marks: int) -> None:
    assert prepare_title(title).marks == marks


def test_a_lost_year_does_not_renew_an_update_on_a_narrow_subject() -> None:
    title = "Update on the diagnosis and the treatment of poor sleep in nurses who work shifts"
    bare = replace(PAPER, title=title, volume="", issue="", pages="", doi="")
    result = deduplicate([bare, replace(bare, id="b", year=2015)])
    assert [merge.reason for merge in result.merges] == [Reason.BARE]
    broad = replace(bare, title="Update on the care of sleep")
    assert deduplicate([broad, replace(broad, id="b", year=2015)]).groups == ()


def test_doubtful_pairs_say_why_in_words() -> None:
    bare = replace(PAPER, journal="", volume="", issue="", pages="", doi="")
    result = deduplicate([PAPER, replace(bare, id="b", year=2013)])
    assert result.doubtful[0].sentence == (
        "a and b: doubtful (same title, same authors, a year apart, one without volume and pages,"
        " a journal is missing, no volume, issue or page to compare)"
    )
    assert level_phrases(bytes([9, 5, 0, 3, 4, 3, 2, 4, 3, 3])) == (
        "unlike titles, other authors, years apart, other journal, other volume, other issue,"
        " other pages, other DOI, other abstract"
    )
