"""The labelled library: groups found, hard negatives kept apart, merges explained."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evisynth.deduplication import Reason, Veto, deduplicate, works
from evisynth.records import Record


def test_groups_are_those_of_the_labels(library):
    result = deduplicate(library.records)
    assert {frozenset(group) for group in result.groups} == library.groups


@pytest.mark.parametrize(
    ("name", "veto"),
    [
        ("erratum", Veto.NOTICE),
        ("reply", Veto.REPLY),
        ("abstract", Veto.MEETING),
        ("preprint", Veto.PREPRINT),
    ],
)
def test_another_report_of_the_study_is_linked_with_its_reason(library, name, veto):
    result = deduplicate(library.records)
    links = [link for link in result.links if f"{name}.0" in (link.first, link.second)]
    assert links
    assert all(link.veto & veto for link in links)
    assert all(link.relation == "same study" for link in links)


def test_versions_of_a_cochrane_review_are_linked_not_merged(library):
    result = deduplicate(library.records)
    link = next(link for link in result.links if link.first == "review2.0")
    assert link.second == "review3.0"
    assert Veto.VERSION in link.veto


def test_update_with_the_same_title_is_left_to_a_person(library):
    result = deduplicate(library.records)
    assert any("update.0" in (pair.first, pair.second) for pair in result.doubtful)
    assert all(pair.sentence and pair.agreement for pair in result.doubtful)


def test_every_group_is_held_by_one_merge_fewer_than_members_each_with_a_reason(library):
    result = deduplicate(library.records)
    assert len(result.merges) == result.duplicate_count
    for merge in result.merges:
        assert merge.reason is not Reason.NONE
        assert merge.veto is Veto.NONE
        assert merge.second in result.group_of(merge.first)
        assert merge.agreement["title"] in {"same", "heading", "spelling", "subtitle"}
        assert merge.first in merge.sentence
        assert "(" in merge.sentence


def test_nothing_is_deleted(library):
    result = deduplicate(library.records)
    made = works(library.records, result)
    kept = [record for work in made for record in work.records]
    assert sorted(kept, key=lambda record: record.id) == sorted(
        library.records, key=lambda record: record.id
    )
    assert len(made) == result.report_count
    paper = next(work for work in made if "paper.0" in work.ids)
    assert paper.sources == ("pubmed", "scopus")
    assert paper.values("pmid") == {"91000001": ("paper.1",)}
    assert set(paper.values("pages")) == {"211-219", "211-9"}
    assert paper.lead.doi or paper.lead.pmid
    assert len(paper.merges) == len(paper.records) - 1


def test_counts_add_up(library):
    result = deduplicate(library.records)
    assert result.record_count == len(library.records)
    assert result.record_count - result.duplicate_count == result.report_count
    assert str(result).startswith(f"{len(library.records)} records, ")


def test_same_entry_of_one_database_is_a_same_record(library):
    first = library.records[0]
    again = replace(first, id="again", file="second.ris")
    result = deduplicate([first, again])
    assert [merge.relation for merge in result.merges] == ["same record"]
    entry = replace(first, id="entry", accession="S1", database="Scopus", title=first.title + ".")
    other = replace(entry, id="other", source="elsewhere", year=2015)
    assert [merge.relation for merge in deduplicate([entry, other]).merges] == ["same record"]


def test_no_records_give_an_empty_result():
    result = deduplicate([])
    assert result.groups == ()
    assert result.record_count == 0


def test_records_without_anything_to_say_stand_alone():
    result = deduplicate([Record("a", ""), Record("b", ""), Record("c", "Editorial")])
    assert result.singles == ("a", "b", "c")


def test_abstracts_of_one_meeting_stay_apart():
    """Same group, same supplement: on one page, on consecutive pages, under one DOI."""
    first = Record(
        "a", "Evening light improves sleep in shift nurses", ("Ahlgren M", "Okafor B"), 2014,
        "Journal of Occupational Sleep", "12 Suppl 1", "1", "S44", "10.5555/supplement",
    )  # fmt: skip
    same_page = replace(first, id="b", title="Evening light improves mood in shift nurses")
    next_page = replace(first, id="c", title="Evening light and diet in shift nurses", pages="S45")
    result = deduplicate([first, same_page, replace(next_page)])
    assert result.groups == ()


def test_a_paper_is_not_the_abstract_in_a_supplement_of_the_same_volume():
    paper = Record(
        "a", "Evening light improves sleep in shift nurses", ("Ahlgren M", "Okafor B"), 2014,
        "Journal of Occupational Sleep", "12", "3", "211-219",
    )  # fmt: skip
    abstract = replace(paper, id="b", volume="12", issue="1", pages="S44")
    assert deduplicate([paper, abstract]).groups == ()


def test_wrong_identifiers_are_left_to_a_person():
    """Embase may carry another abstract's DOI; a typing error may exchange two digits."""
    first = Record(
        "a", "Evening light improves sleep in shift nurses", ("Ahlgren M",), 2014, "J Sleep", "12",
        "3", "211-219", "10.5555/jos.1234",
    )  # fmt: skip
    other = replace(first, id="b", title="Noise and the hearing of miners", authors=("Roe, C",),
                    pages="300-310")  # fmt: skip
    result = deduplicate([first, other])
    assert result.groups == ()
    assert [pair.veto & Veto.TITLE for pair in result.doubtful] == [Veto.TITLE]
    typed = replace(first, id="c", doi="10.5555/jos.1243", pages="")
    assert deduplicate([first, typed]).groups == (("a", "c"),)
