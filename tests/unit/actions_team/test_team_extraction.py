"""Extraction by two people: forms, values, blindness, consensus, and what the analysis gets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.actions_team.extraction_world import open_world

from evisynth.actions.store import freeze_into
from evisynth.actions.team import consensus, extraction, forms
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError
from evisynth.errors import DataError, EvisynthError, InputError, PermissionDeniedError
from evisynth.extraction import ValueEntry, form_template
from evisynth.review import Review
from evisynth.storage import VersionConflict

KIM, ROW = "Kim 2018", "sleep @ 12 weeks"
VALUES = {"n1": "57", "mean1": "9.93", "sd1": "2.72", "n2": "57", "mean2": "10.28", "sd2": "2.46"}
Desks = dict[str, Desk]


@pytest.fixture
def desks(tmp_path: Path) -> Desks:
    made = open_world(tmp_path / "review")
    forms.make_form(made["lia"], "means", "scores")
    return made


def fill(desk: Desk, values: Mapping[str, str] = VALUES, row: str = ROW, study: str = KIM) -> None:
    for cell, text in values.items():
        entry = ValueEntry(text, report="r1", page="3", quote=f"was {text}")
        extraction.save_value(desk, "scores", study, row, cell, entry, version=None)


def both_finish(desks: Desks, **differs: str) -> None:
    fill(desks["ann"])
    fill(desks["ben"], {**VALUES, **differs})
    for who in ("ann", "ben"):
        consensus.finish_extraction(desks[who], "scores", KIM)


def agree(desk: Desk, cell: str, text: str, version: int | None = 0, request: str = "") -> int:
    return consensus.agree_on_value(
        desk, "scores", KIM, ROW, cell, ValueEntry(text), version=version, request_id=request
    ).version


def test_a_value_keeps_its_place_and_a_repeated_request_changes_nothing(desks: Desks) -> None:
    ann = desks["ann"]
    entry = ValueEntry("9.930", report="r1", page="3", quote="9.93 (2.72)", place="p3:10,20",
                       note="table 2", how="read")  # fmt: skip
    saved = extraction.save_value(
        ann, "scores", KIM, ROW, "mean1", entry, version=0, request_id="one"
    )
    again = extraction.save_value(
        ann, "scores", KIM, ROW, "mean1", entry, version=0, request_id="one"
    )
    assert saved == again
    assert extraction.extraction_sheet(ann, "scores", KIM).values == {(ROW, "mean1"): entry}
    assert len(ann.store.history("extraction_value")) == 1


def test_two_windows_get_both_values(desks: Desks) -> None:
    ann = desks["ann"]
    for text, version in (("9", 0), ("10", 1)):
        extraction.save_value(ann, "scores", KIM, ROW, "mean1", ValueEntry(text), version=version)
    with pytest.raises(VersionConflict) as caught:
        extraction.save_value(ann, "scores", KIM, ROW, "mean1", ValueEntry("11"), version=1)
    found = caught.value.conflicts[0]
    assert [(each or {}).get("value") for each in (found.base, found.mine, found.theirs)] == [
        "9", "11", "10",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "cell", "entry", "message"),
    [
        (ROW, "mean1", ValueEntry("9,93 or so"), "not a number"),
        (ROW, "n1", ValueEntry("57.5"), "whole number"),
        (ROW, "p_value", ValueEntry("1.5"), "above 1"),
        (ROW, "nothing", ValueEntry("1"), "no such field"),
        ("mood", "n1", ValueEntry("1"), "no outcome of the plan"),
        (ROW, "n1", ValueEntry("1", unit="kg"), "no unit"),
    ],
)
def test_what_cannot_be_is_refused(
    desks: Desks, row: str, cell: str, entry: ValueEntry, message: str
) -> None:
    with pytest.raises(EvisynthError, match=message):
        extraction.save_value(desks["ann"], "scores", KIM, row, cell, entry, version=0)
    assert not desks["ann"].store.history("extraction_value")


@pytest.mark.parametrize("who", ["lia", "ada", "obs", "rev"])
def test_only_extractors_extract(desks: Desks, who: str) -> None:
    with pytest.raises(PermissionDeniedError):
        extraction.save_value(desks[who], "scores", KIM, ROW, "n1", ValueEntry("1"), version=0)


def seen_by(desk: Desk) -> list[object]:
    """All that a person can get to know of a study."""
    form = forms.form_at(desk, "scores")
    seen: list[object] = [
        extraction.study_lines(desk, form),
        extraction.extraction_sheet(desk, "scores", KIM),
        extraction.count_to_extract(desk),
        extraction.check_values(desk, "scores", KIM, ROW, VALUES),
        forms.touched_by(desk, form, form_template("events", "scores")),
    ]
    for act in (
        lambda: consensus.comparison_of(desk, "scores", KIM),
        lambda: agree(desk, "n1", "3"),
        lambda: consensus.agree_on_equal(desk, "scores", KIM),
    ):
        with pytest.raises(EvisynthError) as caught:
            act()
        seen.append((type(caught.value), str(caught.value)))
    return seen


@pytest.mark.parametrize("done", ["nothing", "begun", "finished"])
def test_what_ben_does_changes_nothing_that_ann_sees(desks: Desks, done: str) -> None:
    ann, ben = desks["ann"], desks["ben"]
    fill(ann)
    before = seen_by(ann)
    if done != "nothing":
        fill(ben, {**VALUES, "n1": "60", "sd1": "0.3"})
        fill(ben, {"n1": "3"}, row="deaths")
    if done == "finished":
        fill(ben, {"n1": ""}, row="deaths")
        for cell in ("n1", "n2", "mean1", "mean2"):
            extraction.save_value(
                ben, "scores", KIM, "deaths", cell, ValueEntry(note="not told"), version=None
            )
        consensus.finish_extraction(ben, "scores", KIM)
    assert seen_by(ann) == before
    # and when Ann has finished and Ben has not, she still sees nothing
    if done != "finished":
        consensus.finish_extraction(ann, "scores", KIM)
        with pytest.raises(NotThereError):
            consensus.comparison_of(ann, "scores", KIM)


def test_a_third_person_who_has_begun_stays_blind(desks: Desks) -> None:
    fill(desks["cyd"], {"n1": "5"})
    both_finish(desks)
    with pytest.raises(NotThereError):
        consensus.comparison_of(desks["cyd"], "scores", KIM)
    assert consensus.comparison_of(desks["ada"], "scores", KIM).left == 6
    with pytest.raises(PermissionDeniedError):
        consensus.comparison_of(desks["obs"], "scores", KIM)


def test_equal_cells_are_agreed_at_once_and_the_rest_one_by_one(desks: Desks) -> None:
    both_finish(desks, sd2="2.64", n1="57.0")
    ann = desks["ann"]
    found = consensus.comparison_of(ann, "scores", KIM)
    assert (found.left, found.differ) == (6, 1)
    assert set(found.people.values()).isdisjoint({"Ann Name", "Ben Name"})
    assert consensus.agree_on_equal(ann, "scores", KIM) == 5
    assert ("extraction/scores.csv",) not in ann.board.values("text")
    assert agree(ann, "sd2", "2.46", request="r") == agree(ann, "sd2", "2.46", request="r") == 1
    assert extraction.study_lines(ann, found.form)[0].stage == "agreed"
    with pytest.raises(VersionConflict):
        agree(desks["ada"], "sd2", "2.64", version=0)
    assert agree(desks["ada"], "sd2", "2.64", version=1) == 2


def test_the_analysis_reads_what_was_agreed(desks: Desks) -> None:
    both_finish(desks)
    ann = desks["ann"]
    consensus.agree_on_equal(ann, "scores", KIM)
    freeze_into(ann.store, ann.folder)
    row = Review.read(ann.folder).outcome_rows[0]
    assert (row.study, row.outcome, row.timepoint, row.format) == (
        KIM, "sleep", "12 weeks", "end score",
    )  # fmt: skip
    assert row.values == {name: float(text) for name, text in VALUES.items()}


def test_finished_work_is_not_changed_and_can_be_reopened_until_all_have(desks: Desks) -> None:
    ann, ben = desks["ann"], desks["ben"]
    fill(ann)
    consensus.finish_extraction(ann, "scores", KIM)
    with pytest.raises(RefusedError, match="finished"):
        fill(ann, {"n1": "3"})
    extraction.reopen_extraction(ann, "scores", KIM)
    fill(ann, {"n1": "58"})
    consensus.finish_extraction(ann, "scores", KIM)
    fill(ben)
    consensus.finish_extraction(ben, "scores", KIM)
    with pytest.raises(RefusedError, match="consensus"):
        extraction.reopen_extraction(ann, "scores", KIM)
    with pytest.raises(RefusedError, match="extracted already"):
        fill(desks["cyd"])


def test_required_fields_want_a_value_or_a_note(desks: Desks) -> None:
    ann = desks["ann"]
    fill(ann, {"n1": "57"})
    with pytest.raises(RefusedError, match="Mean"):
        consensus.finish_extraction(ann, "scores", KIM)
    fill(
        ann,
        {"n1": "57", "mean1": "1", "mean2": "1", "n2": "57", "ci_lower1": "2", "ci_upper1": "3"},
    )
    with pytest.raises(RefusedError, match="outside its confidence limits"):
        consensus.finish_extraction(ann, "scores", KIM)


def test_one_person_is_enough_where_the_form_says_so(desks: Desks) -> None:
    lia, ann = desks["lia"], desks["ann"]
    form = forms.form_at(lia, "scores")
    forms.save_form(lia, "scores", replace(form, people=1).definition(), version=1)
    fill(ann)
    consensus.finish_extraction(ann, "scores", KIM)
    assert str(ann.board.values("text")["extraction/scores.csv",]["text"]).count("\n") == 2
    assert 'file = "extraction/scores.csv"' in ann.board.plan_text


def test_a_change_of_a_form_says_what_it_touches_and_keeps_the_values(desks: Desks) -> None:
    lia, ann = desks["lia"], desks["ann"]
    fill(ann)
    form = forms.form_at(lia, "scores")
    fewer = replace(form, groups=tuple(
        replace(group, fields=tuple(each for each in group.fields if each.id != "sd"))
        for group in form.groups
    ))  # fmt: skip
    touch = forms.touched_by(ann, form, fewer)
    assert touch.change.removed == ("sd1", "sd2")
    assert touch.own == {"sd1": 1, "sd2": 1}
    assert forms.touched_by(lia, form, fewer).own == {}
    with pytest.raises(RefusedError, match="sd1, sd2"):
        forms.save_form(lia, "scores", fewer.definition(), version=1)
    assert forms.save_form(
        lia, "scores", fewer.definition(), version=1, confirmed=True
    ).version == 2  # fmt: skip
    assert extraction.extraction_sheet(ann, "scores", KIM).hidden == 2
    with pytest.raises(VersionConflict):
        forms.save_form(lia, "scores", form.definition(), version=1, confirmed=True)
    forms.save_form(lia, "scores", form.definition(), version=2)
    assert extraction.extraction_sheet(ann, "scores", KIM).values[ROW, "sd1"].value == "2.72"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"groups": 3}', '{"groups":[{"id":"a"}]}', "[" * 9999]
)
def test_a_broken_definition_is_refused(desks: Desks, text: str) -> None:
    with pytest.raises(InputError):
        forms.save_form(desks["lia"], "bad", text, version=0)


def test_names_of_other_files_are_taken(desks: Desks) -> None:
    with pytest.raises(InputError, match="another file"):
        forms.make_form(desks["lia"], "means", "values")
    with pytest.raises(PermissionDeniedError):
        forms.make_form(desks["rev"], "means", "more")


def test_conversions_carry_formula_source_and_inputs(desks: Desks) -> None:
    row = {"n1": "25", "mean1": "4", "se1": "0.5"}
    offer = extraction.check_values(desks["ann"], "scores", KIM, ROW, row).offers[0]
    assert offer.values == {"sd1": "2.5"}
    how = json.loads(offer.how)
    assert how["inputs"] == {"n": 25.0, "se": 0.5}
    assert "√n" in how["formula"]
    assert "6.5.2" in how["source"]


def test_a_table_of_the_folder_becomes_agreed_values(tmp_path: Path) -> None:
    plan = (
        '\n[[extraction]]\nfile = "extraction/old.csv"\nkind = "means"\nformat = "end score"\n'
        '[extraction.columns]\nn1 = "n_e"\nmean1 = "m_e"\nsd1 = "s_e"\nn2 = "n_c"\nmean2 = "m_c"\n'
        'sd2 = "s_c"\n'
    )
    table = "study,outcome,n_e,m_e,s_e,n_c,m_c,s_c\nKim 2018,sleep,20,1.50,2,21,3,4\n"
    from tests.unit.actions_team.extraction_world import make_review

    from evisynth.actions import open_store, team
    from evisynth.actions.thaw import thaw_review

    folder = make_review(tmp_path / "review", plan)
    (folder / "extraction").mkdir()
    (folder / "extraction" / "old.csv").write_text(table, encoding="utf-8")
    thaw_review(folder)
    store = open_store(folder)
    people = {made.id: made for made in team.board_of(store, folder).plan.people}
    lia, ann = (Desk(store, folder, people[who]) for who in ("lia", "ann"))
    assert [made.rows for made in forms.tables_of_folder(lia)] == [1]
    with pytest.raises(PermissionDeniedError):
        forms.adopt_table(Desk(store, folder, people["obs"]), "extraction/old.csv")
    form = forms.adopt_table(lia, "extraction/old.csv", request_id="once")
    assert forms.adopt_table(lia, "extraction/old.csv", request_id="once") == form
    found = consensus.comparison_of(ann, "old", KIM)
    assert [made.agreed.value for made in found.cells if made.agreed] == [
        "20", "1.50", "2", "21", "3", "4",
    ]  # fmt: skip
    consensus.agree_on_value(ann, "old", KIM, "sleep", "n_e", ValueEntry("22"), version=1)
    assert ann.board.values("text")["extraction/old.csv",]["text"] == table.replace(",20,", ",22,")


def test_rows_without_enough_numbers_are_named_and_left_out(desks: Desks) -> None:
    few = {name: text for name, text in VALUES.items() if not name.startswith("sd")}
    for who in ("ann", "ben"):
        fill(desks[who], few)
        consensus.finish_extraction(desks[who], "scores", KIM)
    consensus.agree_on_equal(desks["ann"], "scores", KIM)
    assert consensus.comparison_of(desks["ann"], "scores", KIM).left_out == (ROW,)
    assert "[[extraction]]" not in desks["ann"].board.plan_text


def test_data_errors_name_the_field(desks: Desks) -> None:
    with pytest.raises(DataError, match="Participants analysed"):
        extraction.save_value(desks["ann"], "scores", KIM, ROW, "n1", ValueEntry("x"), version=0)
