"""The stages one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evisynth.deduplication import DeduplicationIndex, Reason, deduplicate, separate, works
from evisynth.deduplication.block import KeyIndex, candidate_pairs
from evisynth.deduplication.cluster import cluster
from evisynth.deduplication.journals import (
    JOURNAL_OTHER,
    JOURNAL_SAME,
    JOURNAL_SHORT,
    journal_agreement,
    prepare_journal,
)
from evisynth.deduplication.levels import FIELDS, LEVELS
from evisynth.deduplication.marks import ADDENDUM, ERRATUM, HEADING, REPLY, RETRACTION
from evisynth.deduplication.match import shipped_weights
from evisynth.deduplication.places import (
    ELECTRONIC,
    prepare_authors,
    prepare_pages,
    prepare_volume,
)
from evisynth.deduplication.prepare import JournalTable, prepare, prepare_doi
from evisynth.deduplication.text import (
    CONTAINED,
    OTHER_NUMBERS,
    OTHER_WORDS,
    SAME_WORDS,
    SPELLING,
    prepare_title,
    title_difference,
)
from evisynth.errors import DataError
from evisynth.records import Record


@pytest.mark.parametrize(
    ("title", "marks", "part"),
    [
        ("Corrigendum to “Sleep in nurses” [J Sleep 3 (2010) 1-9]", ERRATUM, 0),
        ("Sleep in nurses (vol 3, pg 1, 2010): correction", ERRATUM, 0),
        ("Retraction: Sleep in nurses", RETRACTION, 0),
        ("RETRACTED: Sleep in nurses", 0, 0),
        ("In reply to Smith", REPLY, 0),
        ("Sleep in nurses: a comment", REPLY, 0),
        ("Sleep in nurses - An addendum", ADDENDUM, 0),
        ("Sleep in nurses. Part II: results", 0, 2),
        ("Sleep in nurses III", 0, 3),
        ("Editor's comments", HEADING, 0),
        ("Introduction to the special issue", HEADING, 0),
        ("Introduction of the plough", 0, 0),
        ("Correction of scoliosis by traction", 0, 0),
        ("Response of the pupil to light in nurses", 0, 0),
        ("A partial account of sleep", 0, 0),
    ],
)
def test_marks_of_titles(title, marks, part):
    prepared = prepare_title(title)
    assert (prepared.marks, prepared.part) == (marks, part)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("[Sleep in nurses: a review] [German]", "Sleep in nurses: A review."),
        ("Sleep &amp; light", "Sleep and light"),
        ("The β<sub>2</sub>-agonist in Ménière’s disease", "The beta2 agonist in Menieres disease"),
        ("Phase II trial", "Phase 2 trial"),
        ("Sleep in nurses aged >= 50 years", "Sleep in nurses aged > or = 50 years"),
        ("Sleep in nurses (Structured abstract)", "Sleep in nurses. [Review] [21 refs]"),
        ("Sleep in nurses.[Erratum appears in J Sleep. 2013;2(3):7]", "Sleep in nurses"),
        ("Research note: sleep in nurses on shift", "Sleep in nurses on shift"),
    ],
)
def test_one_title_written_twice(first, second):
    one, two = (" ".join(prepare_title(title).words) for title in (first, second))
    assert one.replace(" ", "") == two.replace(" ", "")


@pytest.mark.parametrize(
    ("first", "second", "difference"),
    [
        ("follow up of nurses", "followup of nurses", SAME_WORDS),
        ("randomised trial of anaemia care", "randomized trial of anemia care", SPELLING),
        ("developing a measure of sleep", "development of a measure of sleep", SPELLING),
        ("light for nurses", "light for nurses on shift work", CONTAINED),
        ("hypotension in dialysis", "hypertension in dialysis", OTHER_WORDS),
        ("light for nurses in adults", "light for nurses in children", OTHER_WORDS),
        ("typical depression in nurses", "atypical depression in nurses", OTHER_WORDS),
        ("sleep report 2019 of nurses", "sleep report 2021 of nurses", OTHER_NUMBERS),
    ],
)
def test_how_titles_differ(first, second, difference):
    assert title_difference(first, second) == difference


@pytest.mark.parametrize(
    ("pages", "start", "end"),
    [
        ("1679-85", 1679, 1685),
        ("1679--1685", 1679, 1685),
        ("S12-S14", 12, 14),
        ("pp. 12–14", 12, 14),
        ("215 p", -1, -1),
        ("No Pagination Specified", -1, -1),
        ("", -1, -1),
    ],
)
def test_pages(pages, start, end):
    prepared = prepare_pages(pages)
    assert (prepared.start, prepared.end) == (start, end)


def test_electronic_pages_and_volumes():
    assert prepare_pages("e1024").kind == ELECTRONIC
    assert prepare_volume("35 Suppl 1")[0] == 35
    assert prepare_volume("SUPPL.1")[0] == -1


@pytest.mark.parametrize(
    ("first", "second", "agreement"),
    [
        ("The Lancet", "Lancet (London, England)", JOURNAL_SAME),
        ("J Natl Cancer Inst", "Journal of the National Cancer Institute", JOURNAL_SHORT),
        ("Obstetrics & Gynecology", "Obstetrics and Gynecology", JOURNAL_SAME),
        ("AMCIS 2017 Proceedings", "Americas Conference on Information Systems", JOURNAL_SHORT),
        ("Brain Injury", "Brain Impairment", JOURNAL_OTHER),
        ("Stroke", "Topics in Stroke Rehabilitation", JOURNAL_OTHER),
    ],
)
def test_journals(first, second, agreement):
    one, two = prepare_journal(first)[0], prepare_journal(second)[0]
    assert journal_agreement(one, two) == agreement
    assert journal_agreement(two, one) == agreement


def test_authors_are_read_in_every_order_of_name():
    styles = (
        "van den Berg, Anna K.",
        "van den Berg AK",
        "van den Berg A.K.",
        "Berg, A. K. van den",
    )
    read = {
        (prepare_authors((style,)).first, prepare_authors((style,)).initial) for style in styles
    }
    assert read == {("berg", "a")}


def test_dois():
    assert prepare_doi("doi:10.1000/ABC.") == "10.1000/abc"
    assert prepare_doi("not a doi") == ""


def test_a_crowded_key_is_compared_whole():
    title = "Abstracts of the meeting of the society for the study of rural sleep"
    records = [Record(f"r{n:04d}", title, ("Berg, K",), 2000 + n % 7) for n in range(2100)]
    columns = prepare(records, JournalTable())
    first, _ = candidate_pairs(columns, KeyIndex(), 0)
    assert first.size == 2100 * 2099 // 2


def test_a_component_with_a_refused_pair_is_taken_apart_at_its_weakest_merge():
    ids = np.array(["a", "b", "c", "d"], dtype=object)
    first, second = np.array([0, 1, 2]), np.array([1, 2, 3])

    def refused(one, two):
        return (one == 0) & (two == 3)

    groups = cluster(ids, first, second, np.array([9.0, 1.0, 5.0]), refused)
    assert groups.label[0] == groups.label[1]
    assert groups.label[2] == groups.label[3]
    assert groups.label[0] != groups.label[2]
    assert groups.refused.tolist() == [1]
    assert sorted(groups.made.tolist()) == [0, 2]


def test_shipped_weights_are_whole_and_signed():
    weights = shipped_weights()
    assert weights.table.shape == (len(FIELDS), max(map(len, LEVELS)))
    assert np.all(weights.table[:, 0] == 0)
    assert weights.doubt_from < weights.merge_from
    for field in ("year", "volume", "issue", "pages", "doi", "journal"):
        row = weights.table[FIELDS.index(field)]
        assert row[1] > 0
        kind = LEVELS[FIELDS.index(field)]
        assert row[kind["FAR" if field == "year" else "OTHER"]] < 0


def test_a_merge_can_be_undone_and_made_again(library):
    before = deduplicate(library.records)
    apart = separate(before, "paper.3")
    after = deduplicate(library.records, apart=apart)
    assert after.group_of("paper.3") == ("paper.3",)
    assert set(after.group_of("paper.0")) == set(before.group_of("paper.0")) - {"paper.3"}
    assert deduplicate(library.records) == before


def test_a_person_may_join_what_the_rules_keep_apart(library):
    pair = ("erratum.0", "paper.0")
    result = deduplicate(library.records, together=[pair])
    assert "erratum.0" in result.group_of("paper.0")
    assert any(merge.reason is Reason.PERSON for merge in result.reasons_for("erratum.0"))


def test_mistakes_are_named(library):
    records = library.records
    with pytest.raises(DataError, match=r"two records have the id 'paper\.0'"):
        deduplicate([*records, records[0]])
    with pytest.raises(DataError, match="has no id"):
        deduplicate([replace(records[0], id="")])
    with pytest.raises(DataError, match="'nobody', which is not among"):
        deduplicate(records, apart=[("paper.0", "nobody")])
    with pytest.raises(DataError, match="twice"):
        deduplicate(records, apart=[("paper.0", "paper.0")])
    pair = ("paper.0", "paper.1")
    with pytest.raises(DataError, match=r"one report and to be two"):
        deduplicate(records, apart=[pair], together=[pair])
    result = deduplicate(records)
    with pytest.raises(DataError, match="deduplicate these records again"):
        works(records[1:], result)
    with pytest.raises(DataError, match="no field 'colour'"):
        works(records, result)[0].values("colour")


def test_a_refused_portion_leaves_the_index_as_it_was(library):
    index = DeduplicationIndex()
    index.add(library.records)
    before = index.result()
    with pytest.raises(DataError):
        index.add([library.records[0]])
    assert len(index) == len(library.records)
    assert index.result() == before
