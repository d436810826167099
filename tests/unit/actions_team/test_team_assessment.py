"""Risk of bias by two people: answers, proposals, overrides, blindness, consensus."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.actions_team.extraction_world import open_world

from evisynth.actions import team as rob
from evisynth.actions.store import freeze_into
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError
from evisynth.appraisal import INSTRUMENTS, applicable
from evisynth.errors import EvisynthError, OptionError, PermissionDeniedError
from evisynth.review import Review
from evisynth.storage import VersionConflict

KIM = "Kim 2018"
TOOL = INSTRUMENTS["rob2-parallel-assignment"]
Desks = dict[str, Desk]


@pytest.fixture
def desks(tmp_path: Path) -> Desks:
    return open_world(tmp_path / "review")


def all_low(**other: str) -> dict[str, str]:
    """Answers that make every domain low, or as told."""
    good = {"1.1": "Y", "1.2": "Y", "1.3": "N", "2.1": "N", "2.2": "N", "2.6": "Y", "3.1": "Y",
            "4.1": "N", "4.2": "N", "4.3": "N", "5.1": "Y", "5.2": "N", "5.3": "N"}  # fmt: skip
    return {
        **good,
        **{name.replace("q", "").replace("_", "."): text for name, text in other.items()},
    }


def answer(desk: Desk, answers: dict[str, str], outcome: str = "sleep") -> None:
    for number, text in answers.items():
        rob.save_answer(
            desk, KIM, outcome, number, text, found_at={"quote": "by lot", "page": "2"},
            version=None,
        )  # fmt: skip


def both(desks: Desks, **other: str) -> None:
    answer(desks["ann"], all_low())
    answer(desks["ben"], all_low(**other))
    for who in ("ann", "ben"):
        rob.finish_assessment(desks[who], KIM, "sleep")


def test_the_good_answers_are_those_that_apply() -> None:
    asked = applicable(TOOL, all_low())
    assert set(all_low()) == {number for number, applies in asked.items() if applies}


def test_answers_keep_quote_and_version(desks: Desks) -> None:
    ann = desks["ann"]
    place = {"quote": "by lot", "page": "2", "report": "r1", "place": "p2", "note": "clear"}
    one = rob.save_answer(ann, KIM, "sleep", "1.1", "PY", found_at=place, version=0, request_id="x")
    assert one == rob.save_answer(
        ann, KIM, "sleep", "1.1", "PY", found_at=place, version=0, request_id="x"
    )
    sheet = rob.assessment_sheet(ann, KIM, "sleep")
    assert sheet.answers["1.1"] == {"answer": "PY", **place}
    assert sheet.versions["1.1"] == 1
    with pytest.raises(VersionConflict):
        rob.save_answer(ann, KIM, "sleep", "1.1", "N", version=0)
    with pytest.raises(OptionError):
        rob.save_answer(ann, KIM, "sleep", "3.2", "NI", version=0)
    with pytest.raises(OptionError):
        rob.save_answer(ann, KIM, "sleep", "9.9", "Y", version=0)
    with pytest.raises(NotThereError):
        rob.save_answer(ann, KIM, "mood", "1.1", "Y", version=0)
    with pytest.raises(PermissionDeniedError):
        rob.save_answer(desks["obs"], KIM, "sleep", "1.1", "Y", version=0)


def test_an_override_wants_a_reason(desks: Desks) -> None:
    ann = desks["ann"]
    answer(ann, all_low())
    with pytest.raises(RefusedError, match="why"):
        rob.save_judgement(ann, KIM, "sleep", "D1", "high", " ", version=0)
    rob.save_judgement(ann, KIM, "sleep", "D1", "high", "Envelopes opened", version=0)
    made = rob.assessment_sheet(ann, KIM, "sleep").made
    assert (made.judgement("D1"), made.judgement()) == ("high", "high")
    rob.save_judgement(ann, KIM, "sleep", "D1", "", "", version=1)
    assert rob.assessment_sheet(ann, KIM, "sleep").made.judgement() == "low"


def test_proposals_follow_what_is_on_the_screen(desks: Desks) -> None:
    made, asked, seen = rob.propose_judgements(desks["ann"], {"1.2": "N", "3.1": "N"}, {})
    assert made.domains[0].proposed == "incomplete"
    assert asked["3.2"]
    assert not asked["3.3"]
    assert seen["3.3"] == "NA"
    made, _, _ = rob.propose_judgements(desks["ann"], all_low(q1_2="N"), {})
    assert made.judgement() == "high"


def seen_by(desk: Desk) -> list[object]:
    seen: list[object] = [
        rob.result_lines(desk),
        rob.assessment_sheet(desk, KIM, "sleep"),
        rob.count_to_assess(desk),
    ]
    for act in (
        lambda: rob.assessment_comparison(desk, KIM, "sleep"),
        lambda: rob.agree_on_assessment(desk, KIM, "sleep", all_low(), {}, {}, version=0),
    ):
        with pytest.raises(EvisynthError) as caught:
            act()
        seen.append((type(caught.value), str(caught.value)))
    return seen


@pytest.mark.parametrize("finished", [False, True])
def test_what_ben_does_changes_nothing_that_ann_sees(desks: Desks, finished: bool) -> None:
    ann, ben = desks["ann"], desks["ben"]
    answer(ann, {"1.1": "Y"})
    before = seen_by(ann)
    answer(ben, all_low(q1_2="N"))
    rob.save_judgement(ben, KIM, "sleep", "D3", "high", "so", version=0)
    answer(ben, {"1.1": "N"}, outcome="")
    if finished:
        rob.finish_assessment(ben, KIM, "sleep")
    assert seen_by(ann) == before


def test_the_agreed_assessment_is_read_with_the_review(desks: Desks) -> None:
    both(desks, q1_2="NI")
    ann = desks["ann"]
    found = rob.assessment_comparison(ann, KIM, "sleep")
    assert [made.question for made in found.answers if not made.same] == ["1.2"]
    proposals = {made.question: made.proposal for made in found.answers}
    assert proposals["1.1"] == "Y"
    assert proposals["1.2"] == ""
    with pytest.raises(RefusedError, match=r"1\.2"):
        rob.agree_on_assessment(ann, KIM, "sleep", proposals, {}, {}, version=0)
    answers = proposals | {"1.2": "NI"}
    with pytest.raises(RefusedError, match="why D2"):
        rob.agree_on_assessment(ann, KIM, "sleep", answers, {"D2": "high"}, {}, version=0)
    for _ in range(2):
        made = rob.agree_on_assessment(
            ann, KIM, "sleep", answers, {"D2": "some concerns"}, {"D2": "Open label"},
            version=0, request_id="same",
        )  # fmt: skip
    assert made.judgement() == "some concerns"
    with pytest.raises(VersionConflict):
        rob.agree_on_assessment(desks["ben"], KIM, "sleep", answers, {}, {}, version=0)
    freeze_into(ann.store, ann.folder)
    read = Review.read(ann.folder).assessments
    assert [(each.study, each.outcome, each.assessor, each.judgement("D1"), each.judgement())
            for each in read] == [
        (KIM, "sleep", "consensus", "some concerns", "some concerns")
    ]  # fmt: skip
    line = next(each for each in rob.result_lines(ann) if each.outcome == "sleep")
    assert (line.stage, line.overall) == ("agreed", "some concerns")


def test_unanswered_questions_keep_it_open(desks: Desks) -> None:
    ann = desks["ann"]
    answer(ann, {"1.1": "Y"})
    with pytest.raises(RefusedError, match="D1, D2"):
        rob.finish_assessment(ann, KIM, "sleep")
    answer(ann, all_low())
    rob.finish_assessment(ann, KIM, "sleep")
    rob.finish_assessment(ann, KIM, "sleep")
    with pytest.raises(RefusedError, match="finished"):
        answer(ann, {"1.1": "N"})
    rob.reopen_assessment(ann, KIM, "sleep")
    answer(ann, {"1.1": "PY"})


def test_one_assessor_is_enough_where_the_review_says_so(desks: Desks) -> None:
    with pytest.raises(PermissionDeniedError):
        rob.set_assessors(desks["ann"], 1)
    rob.set_assessors(desks["lia"], 1)
    answer(desks["ann"], all_low())
    rob.finish_assessment(desks["ann"], KIM, "sleep")
    assert rob.assessment_comparison(desks["ada"], KIM, "sleep").agreed is not None


def test_cluster_trials_have_their_own_questions(desks: Desks) -> None:
    saved = rob.save_answer(
        desks["ann"], KIM, "sleep", "1a.1", "Y", instrument="rob2-cluster", version=0
    )
    assert saved.version == 1
    assert rob.assessment_sheet(desks["ann"], KIM, "sleep").answers == {}
