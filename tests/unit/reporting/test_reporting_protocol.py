"""The protocol: what will be done, from the plan alone; PROSPERO's fields ready to paste."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evisynth.actions import new_review, write_protocol
from evisynth.errors import InputError, OptionError
from evisynth.reporting import render_html
from evisynth.reporting.protocol import (
    prospero_csv,
    prospero_fields,
    prospero_text,
    protocol_document,
)
from evisynth.review import Registration, Review
from evisynth.screening import Stage


def with_fields(review: Review, fields: dict[str, str]) -> Review:
    return replace(
        review, protocol=replace(review.protocol, registration=Registration(fields=fields))
    )


def test_the_form_is_whole_and_the_own_text_goes_first(review: Review) -> None:
    own = {"Review question": "Own  words?", "condition or Domain BEING studied": "Sleep", "X": "y"}
    fields = prospero_fields(with_fields(review, own))
    assert [made.number for made in fields] == [*range(1, 41), 0]
    found = {made.name: made for made in fields}
    assert (found["Review question"].text, found["Review question"].source) == (
        "Own words?", "plan",
    )  # fmt: skip
    assert found["Condition or domain being studied"].text == "Sleep"
    assert found["X"].text == "y"
    assert found["Review title"].source == "made"
    assert found["Anticipated completion date"].todo


def test_texts_are_one_line_each_to_paste(review: Review) -> None:
    fields = prospero_fields(review)
    assert all("\n" not in made.text for made in fields)
    assert "TO DO" in prospero_text(fields)
    rows = list(csv.DictReader(io.StringIO(prospero_csv(fields))))
    assert len(rows) == 40
    assert {row["status"] for row in rows} == {"to do", "filled", "empty"}


def test_the_plan_is_told_in_what_will_be_done(review: Review) -> None:
    stages = (
        Stage("title_abstract", 2, {}, order="ranked", pilot=50, kappa_min=0.6),
        Stage("full_text", 1, {}),
    )
    made = replace(review, protocol=replace(review.protocol, stages=stages))
    text = render_html(protocol_document(made))
    for part in (
        "two reviewers will judge each record independently, blind to each other",
        "A pilot of 50 records comes first, repeated until kappa is at least 0.6.",
        "People may stop reading when",
        "On the full text, one reviewer will judge each record.",
    ):
        assert part in text, part
    assert "nan" not in text.casefold().split()


def test_an_empty_plan_has_a_protocol_that_names_what_is_missing(empty_review: Review) -> None:
    text = render_html(protocol_document(empty_review))
    for part in ("[criteria]", "[[analyses]]", "[[outcomes]]", "texts/no-pooling.md"):
        assert part in text, part


def test_the_protocol_of_a_new_folder_is_written(tmp_path: Path) -> None:
    folder = new_review(tmp_path / "new").folder
    made = write_protocol(folder, formats=("html",))
    names = {path.name for path in made.files}
    assert names == {"protocol.html", "prospero.txt", "prospero.csv", "prisma-p.csv"}
    assert made.out == folder / "out-protocol"
    assert made.to_do
    # it is no input of the review
    before = Review.read(folder).fingerprint
    write_protocol(folder, formats=("docx",))
    assert Review.read(folder).fingerprint == before


def test_the_protocol_of_the_example_has_its_pages(
    copy_example: Callable[[str, Path], Path], tmp_path: Path
) -> None:
    folder = copy_example("digital-interventions-cancer", tmp_path / "review")
    made = write_protocol(folder, out=tmp_path / "there", formats=("pdf",))
    text = (tmp_path / "there" / "prisma-p.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert made.items == len(rows) == 26
    assert made.reported > 18
    (question,) = [row for row in rows if row["item"] == "7"]
    assert question["where"].startswith("Introduction, Objective (page ")
    assert (tmp_path / "there" / "protocol.pdf").read_bytes().startswith(b"%PDF")


def test_a_plan_before_any_data_has_its_analyses(
    copy_example: Callable[[str, Path], Path], tmp_path: Path
) -> None:
    folder = copy_example("digital-interventions-cancer", tmp_path / "review")
    plan = (folder / "review.toml").read_text(encoding="utf-8")
    for name in ("[[extraction]]", "[published]", "[[summary_of_findings]]"):
        while name in plan:
            start = plan.index(name)
            ends = [plan.find(f"\n{sign}", start + 1) for sign in ("[[", "[")]
            # the tables below it go with it
            end = min(place for place in ends if place > 0)
            while plan[end + 1 :].startswith((name[1:-1] + ".", name.strip("[]"))) or plan[
                end + 1 :
            ].startswith(f"[{name.strip('[]')}."):
                end = plan.find("\n[", end + 1)
            plan = plan[:start] + plan[end + 1 :]
    plan = plan.replace('published = "rob/published.csv"', "")
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "review.toml").write_text(plan, encoding="utf-8")
    made = write_protocol(alone, formats=("html",))
    text = (made.out / "protocol.html").read_text(encoding="utf-8")
    assert "will be pooled in a random-effects model" in text
    read = Review.read(alone)
    assert read.protocol.analyses
    assert any("no outcome data yet" in each for each in read.warnings)


def test_wrong_places_and_formats_are_refused(tmp_path: Path) -> None:
    folder = new_review(tmp_path / "new").folder
    (tmp_path / "file").write_text("x")
    with pytest.raises(OptionError, match="html"):
        write_protocol(folder, formats=("odt",))
    with pytest.raises(InputError, match="no folder"):
        write_protocol(folder, out=tmp_path / "file")
    with pytest.raises(InputError):
        write_protocol(tmp_path / "nothing")
