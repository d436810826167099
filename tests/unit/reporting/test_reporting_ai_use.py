"""The statement on the use of artificial intelligence says what was promised, met and done."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evisynth.reporting.blocks import Heading, Paragraph, plain
from evisynth.reporting.content import build_document
from evisynth.review import KeptStopping, Review
from evisynth.review.parts import Removal

FACTS = {
    "model": "TF-IDF of words and a linear support vector machine",
    "versions": {"evisynth": "0.9", "classifier": "svm 1"},
    "seed": 7,
    "fingerprint": "f" * 64,
    "relevant": 40,
    "irrelevant": 1160,
}
PARAMETERS: dict[str, Any] = {
    "read": 1200, "total": 2000, "relevant": 40, "met": True, "target": 0.95, "confidence": 0.9,
    "first_met": 1150, "step": 6, "ranking": FACTS,
}  # fmt: skip
KEPT = KeptStopping(
    "title_abstract", "ada-1", "hypergeometric", "With 90% confidence at least 95% are found.",
    "r1", "2026-02-03T10:00:00Z", "stopped", "the rule was met twice", PARAMETERS,
)  # fmt: skip


def said(review: Review) -> str:
    """The text under the heading."""
    found: list[str] = []
    here = False
    for block in build_document(review, ()).blocks:
        if isinstance(block, Heading):
            here = block.anchor == "ai-use"
        elif here and isinstance(block, Paragraph):
            found.append(plain(block.text))
    assert found
    return "\n".join(found)


def selection(review: Review) -> str:
    here, found = False, []
    for block in build_document(review, ()).blocks:
        if isinstance(block, Heading):
            here = block.anchor == "selection-process"
        elif here and isinstance(block, Paragraph):
            found.append(plain(block.text))
    return " ".join(found)


def ranked(review: Review, *kept: KeptStopping, removals: int = 0) -> Review:
    stages = tuple(
        replace(stage, order="ranked", stop_confidence=0.9)
        if stage.name == "title_abstract"
        else stage
        for stage in review.protocol.stages
    )
    return replace(
        review,
        protocol=replace(review.protocol, stages=stages),
        stopping=kept,
        removals=tuple(
            Removal(f"x{number}", "automation", "not read", "stop of screening ada-1")
            for number in range(removals)
        ),
    )


def test_no_use_is_said_too(review: Review) -> None:
    assert "No model ranked records" in said(review)
    assert "No automation tool took part in a decision." in selection(review)


def test_promised_met_and_done_are_in_the_document(review: Review) -> None:
    made = ranked(review, KEPT, removals=800)
    text = said(made)
    for part in (
        "TF-IDF of words and a linear support vector machine (Evisynth 0.9, seed 7, trained on 40 "
        "relevant and 1,160 irrelevant records",
        "fingerprint of training data ffffffffffffffff",
        "hypergeometric test of recall below 95% at 90% confidence",
        "first met after 1,150 records",
        "After 1,200 of 2,000 records: With 90% confidence",
        "stopped the screening on 3 February 2026: the rule was met twice.",
        "By that, 800 records were not read.",
        "looked at after every 6 records",
        "no language model wrote them",
    ):
        assert part in text, part
    assert "although the rule was not met" not in text
    methods = selection(made)
    assert "95% of the relevant records were found, with 90% confidence" in methods
    assert "No automation tool" not in methods


def test_a_stop_before_the_rule_was_met_is_told(review: Review) -> None:
    early = replace(KEPT, parameters=PARAMETERS | {"met": False, "first_met": None})
    text = said(ranked(review, early, removals=1))
    assert "although the rule was not met: the rule was met twice. By that, 1 record was" in text
    assert "first met after" not in text


def test_the_stop_that_holds_counts_not_a_later_look(review: Review) -> None:
    later = replace(KEPT, id="ada-2", date="2026-03-01", done="", statement="Later.")
    assert "Later." not in said(ranked(review, KEPT, later))
    resumed = replace(KEPT, done="resumed")
    text = said(ranked(review, resumed, later))
    assert "Later." in text
    assert "Screening went on" in text
    assert "taken up again" in said(ranked(review, resumed))


@pytest.mark.parametrize(
    "parameters",
    [{}, {"ranking": {}}, {"ranking": "abc", "read": None}, {"ranking": {"model": 3, "seed": "x"}}],
    ids=["nothing", "empty", "text", "other types"],
)
def test_what_was_not_kept_is_said_and_breaks_nothing(
    review: Review, parameters: dict[str, Any]
) -> None:
    text = said(ranked(review, replace(KEPT, parameters=parameters)))
    assert "nan" not in text
    assert "None" not in text.replace("None.", "")


def test_a_ranking_without_a_kept_statement_is_admitted(review: Review) -> None:
    assert "was not kept with the review" in said(ranked(review))
