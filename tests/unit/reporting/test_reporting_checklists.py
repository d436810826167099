"""Check lists: whole, each item answered or said to be missing, places that exist."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest

from evisynth.errors import OptionError
from evisynth.reporting import render_html
from evisynth.reporting.blocks import Heading, ReviewDocument
from evisynth.reporting.checklists import (
    CHECKLISTS,
    checklist,
    checklists_document,
    fill_checklist,
)
from evisynth.reporting.checklists.facts import CHECKS
from evisynth.reporting.content import build_document
from evisynth.reporting.protocol import protocol_document
from evisynth.review import Deviation, PlanChange, Review

LETTERED = {"10": "ab", "13": "abcdef", "16": "ab", "20": "abcd", "23": "abcd", "24": "abc"}
PRISMA_2020 = [
    f"{number}{letter}" for number in range(1, 28) for letter in LETTERED.get(str(number), [""])
]
LETTERED_P = {"1": "ab", "3": "ab", "5": "abc", "11": "abc", "15": "abcd"}
PRISMA_P = [
    f"{number}{letter}" for number in range(1, 18) for letter in LETTERED_P.get(str(number), [""])
]
EVERYWHERE = {"title"}


def anchors(*documents: ReviewDocument) -> set[str]:
    return {
        block.anchor
        for document in documents
        for block in document.blocks
        if isinstance(block, Heading)
    }


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("prisma-2020", PRISMA_2020),
        ("prisma-2020-abstracts", [str(number) for number in range(1, 13)]),
        ("prisma-s", [str(number) for number in range(1, 17)]),
        ("prisma-p", PRISMA_P),
    ],
)
def test_the_lists_are_whole(name: str, ids: list[str]) -> None:
    made = checklist(name)
    assert [item.id for item in made.items] == ids
    assert re.fullmatch(r"10\.\d{4,}/\S+", made.doi)
    for item in made.items:
        assert bool(item.check) != bool(item.fact)
        assert not item.check or item.check in CHECKS
        assert item.at
        assert item.asks.endswith(".")


def test_every_check_is_used() -> None:
    used = {item.check for name in CHECKLISTS for item in checklist(name).items}
    assert set(CHECKS) == used - {""}


def test_places_of_the_protocol_exist(empty_review: Review) -> None:
    there = anchors(protocol_document(empty_review)) | EVERYWHERE
    for item in checklist("prisma-p").items:
        assert set(item.at) <= there, item


def test_an_unknown_list_is_refused() -> None:
    with pytest.raises(OptionError, match="prisma-2020"):
        checklist("prisma-1999")


def test_nothing_done_is_said_to_be_to_do(empty_review: Review) -> None:
    document = build_document(empty_review, ())
    filled = fill_checklist("prisma-2020", empty_review, document)
    assert filled.count("to do") > 25
    for made in filled.items:
        assert (made.status in ("to do", "not applicable")) == (not made.where)
        assert made.missing or made.status != "to do"
    assert "42 items" in str(filled)


def test_what_is_reported_has_its_place_and_page(review, results, figures) -> None:
    document = build_document(review, results, figures)
    pages = {anchor: number for number, anchor in enumerate(sorted(anchors(document)), 2)}
    filled = fill_checklist("prisma-2020", review, document, results, pages=pages)
    found = {made.item.id: made for made in filled.items}
    assert found["20b"].status == "reported"
    assert found["20b"].pages == (pages["pooled-effects"],)
    assert found["20b"].where == f"Results, Pooled effects (page {pages['pooled-effects']})"
    assert found["1"].pages in ((1,), ())
    there = anchors(document) | EVERYWHERE
    assert all(anchor in there for made in filled.items for anchor, _ in made.places)
    without = fill_checklist("prisma-2020", review, document, results)
    assert all(made.pages == () for made in without.items)


def test_rows_are_read_back(review, results) -> None:
    document = build_document(review, results)
    filled = fill_checklist("prisma-2020", review, document, results)
    rows = list(csv.DictReader(io.StringIO(filled.to_csv())))
    assert rows == filled.rows()
    assert len(filled.to_frame()) == 42


def test_the_document_links_into_the_review(review, results, figures) -> None:
    document = build_document(review, results, figures)
    filled = [fill_checklist(name, review, document, results) for name in CHECKLISTS[:3]]
    html = render_html(checklists_document(filled, document))
    targets = set(re.findall(r'href="review\.html#([^"]+)"', html))
    assert targets
    assert targets <= anchors(document)
    assert "To do" in html
    assert 'href="review.html' not in render_html(checklists_document(filled, document, href=""))


def test_amendments_need_words_where_the_plan_was_changed(review: Review) -> None:
    def item(made: Review) -> tuple[str, str]:
        filled = fill_checklist("prisma-2020", made, build_document(made, ()))
        (found,) = [each for each in filled.items if each.item.id == "24c"]
        return found.status, found.missing

    changed = (PlanChange("analyses.anxiety.tau2", "DL", "REML"),)
    assert item(review)[0] == "to do"
    status, missing = item(replace(review, plan_changes=changed))
    assert status == "partly"
    assert "1 key of the plan changed" in missing
    stated = (Deviation("REML in place of DL.", "It is less biased."),)
    assert item(replace(review, plan_changes=changed, deviations=stated)) == ("reported", "")
    text = render_html(build_document(replace(review, plan_changes=changed, deviations=stated), ()))
    assert "analyses.anxiety.tau2" in text
    assert "It is less biased." in text
