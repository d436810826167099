"""The table of records, work on many of them, one record, the overview and the flow, on SQLite."""

from __future__ import annotations

import pytest
from tests.unit.actions_team.test_team_screening import RECORDS, TA, Make, desks

from evisynth.actions.team import (
    Desk,
    NotThereError,
    RecordFilter,
    RefusedError,
    add_note,
    adjudicate,
    bulk_decide,
    bulk_tag,
    chosen_records,
    decide,
    fill_abstract,
    find_records,
    live_flow,
    next_cards,
    one_record,
    overview_of,
    own_tags,
    plan_bulk,
    record_origin,
    remove_note,
    tag_record,
)
from evisynth.errors import OptionError, PermissionDeniedError
from evisynth.storage import VersionConflict

__all__ = ["desks"]


def ids(desk: Desk, **wanted: object) -> list[str]:
    return [row.record.id for row in find_records(desk, RecordFilter(**wanted)).rows]  # type: ignore[arg-type]


def test_filters_leave_what_a_person_may_know(desks: Make) -> None:
    team = desks()
    ann, ben, cleo = team["ann"], team["ben"], team["cleo"]
    decide(ann, TA, "r1", "include", tags=["mine"])
    decide(ben, TA, "r1", "include")
    decide(ann, TA, "r2", "exclude", reason="design")
    decide(ben, TA, "r2", "include")
    decide(ben, TA, "r3", "exclude", reason="animals", tags=["theirs"])
    decide(ann, TA, "r4", "maybe")
    assert ids(ann) == RECORDS
    assert ids(ann, status="included") == ids(cleo, status="included") == ["r1"]
    assert ids(ann, status="conflict") == ["r2"]
    # ben's decision on r3 moves nothing for anybody else
    assert ids(ann, status="open") == ids(cleo, status="open") == RECORDS[2:]
    assert ids(ann, own="include") == ["r1"]
    assert ids(ann, own="exclude") == ["r2"]
    assert ids(ann, own="maybe") == ["r4"]
    assert ids(ann, own="none") == ["r3", *RECORDS[4:]]
    assert ids(ann, own="waiting") == ["r3", *RECORDS[4:]]
    assert ids(ann, tag="mine") == ["r1"]
    assert ids(ann, tag="theirs") == []
    assert own_tags(ann) == ("mine",)
    assert ids(ann, words="mice r2") == ["r2"]
    assert ids(ann, own="none", words="r3") == ["r3"]
    assert ids(ann, abstract="with") == RECORDS
    assert ids(ann, abstract="without") == ids(ann, year_from=1990) == []
    assert ids(ann, stage="full_text", status="open") == ["r1"]
    assert ids(ann, order="title")[0] == "r2"
    rows = {row.record.id: row for row in find_records(ann).rows}
    assert (rows["r1"].state.status, rows["r1"].own.verdict, rows["r1"].tags) == (  # type: ignore[union-attr]
        "included", "include", ("mine",),
    )  # fmt: skip
    assert (rows["r3"].state.status, rows["r3"].own, rows["r3"].tags) == ("open", None, ())  # type: ignore[union-attr]
    second = find_records(ann, page=2, size=3)
    assert ([row.record.id for row in second.rows], second.total) == (["r4", "r5", "r6"], 8)
    for bad in ({"status": "x"}, {"own": "x"}, {"abstract": "x"}):
        with pytest.raises(OptionError):
            RecordFilter(**bad)  # type: ignore[arg-type]
    with pytest.raises(OptionError):
        find_records(ann, RecordFilter(order="state"))
    with pytest.raises(NotThereError):
        find_records(ann, RecordFilter(stage="x", status="open"))


def test_the_flow_counts_what_is_complete_and_is_the_same_for_all(desks: Make) -> None:
    team = desks()
    ann, ben = team["ann"], team["ben"]
    for record in ("r1", "r2"):
        decide(ann, TA, record, "exclude", reason="design")
    decide(ben, TA, "r1", "exclude", reason="design")
    flow = live_flow(ann)
    assert flow.records("records_excluded") == {"r1"}
    assert flow.records("records_excluded", "Design") == {"r1"}
    assert flow.records("records_screened") == {"r1"}
    assert flow.waiting["title_abstract"] == 7
    assert live_flow(team["hal"]) == flow
    assert ids(ann, box="records_excluded", detail="Design") == ["r1"]
    assert ids(ann, box="no such box") == []
    # a decision that leaves its record open changes no number
    decide(ben, TA, "r5", "include")
    after = live_flow(team["cleo"])
    assert (after.diagram, after.waiting) == (flow.diagram, flow.waiting)


def test_the_overview_counts_and_names_no_verdict(desks: Make) -> None:
    team = desks()
    decide(team["ann"], TA, "r1", "include")
    decide(team["ben"], TA, "r1", "exclude", reason="design")
    decide(team["ben"], TA, "r2", "exclude", reason="design")
    found = overview_of(team["ann"])
    assert [(line.work, line.stage, line.left, line.done) for line in found.to_do] == [
        ("screen", TA, 7, 1), ("screen", "full_text", 0, 0),
    ]  # fmt: skip
    assert (found.stages[0].open, found.stages[0].conflict, found.stages[0].all) == (7, 1, 8)
    lines = {line.person: line for line in found.people}
    assert lines["ben"].stages[0] == (TA, 2, 6)
    assert [entry.key[1] for entry in found.acts] == ["r1"]
    dora = overview_of(team["dora"])
    assert [(line.work, line.left) for line in dora.to_do if line.stage == TA] == [("settle", 1)]
    adjudicate(team["dora"], TA, "r1", "include")
    assert [line.left for line in overview_of(team["dora"]).to_do if line.stage == TA] == [0]


def test_many_decisions_are_shown_first_and_confirmed_by_their_number(desks: Make) -> None:
    team = desks()
    ann, ben, cleo = team["ann"], team["ben"], team["cleo"]
    for who in (ben, cleo):
        decide(who, TA, "r1", "include")
    decide(ann, TA, "r2", "include", note="look again")
    decide(ann, TA, "r3", "exclude", reason="design")
    chosen = ("r1", "r2", "r3", "r4", "r5")
    plan = plan_bulk(ann, TA, chosen, "exclude", reason="design")
    assert (plan.fresh, plan.changed, plan.same, plan.closed) == (
        ("r4", "r5"), ("r2",), ("r3",), ("r1",),
    )  # fmt: skip
    head = ann.store.head()
    with pytest.raises(RefusedError, match="4 decisions were confirmed and 3"):
        bulk_decide(ann, TA, chosen, "exclude", reason="design", expected=4)
    assert ann.store.head() == head
    for _ in range(2):
        bulk_decide(ann, TA, chosen, "exclude", reason="design", expected=3, request_id="q1")
    assert ann.store.head().number == head.number + 3
    assert ids(ann, own="exclude") == ["r2", "r3", "r4", "r5"]
    assert ids(ben, status="open") == RECORDS[1:]
    kept = ann.store.get("vote", (TA, "r2", "ann", "reviewer")).value
    assert kept is not None
    assert kept["note"] == "look again"
    with pytest.raises(RefusedError, match="none of these"):
        bulk_decide(ann, TA, ("r1",), "include", expected=0)
    with pytest.raises(OptionError):
        plan_bulk(ann, TA, chosen, "keep")
    with pytest.raises(OptionError):
        plan_bulk(ann, TA, chosen, "exclude", reason="x")
    with pytest.raises(PermissionDeniedError):
        plan_bulk(team["hal"], TA, chosen, "include")
    assert chosen_records(ann, wanted=RecordFilter(own="none")) == ("r1", "r6", "r7", "r8")
    assert chosen_records(ann, ["r2", "r2"]) == ("r2",)
    with pytest.raises(NotThereError):
        chosen_records(ann, ["nobody"])
    with pytest.raises(RefusedError):
        chosen_records(ann, [])


def test_tags_are_of_the_person(desks: Make) -> None:
    team = desks()
    ann, ben = team["ann"], team["ben"]
    assert bulk_tag(ann, ["r1", "r2"], " later ") == 2
    assert bulk_tag(ann, ["r1", "r2", "r3"], "later") == 1
    assert bulk_tag(ben, ["r1"], "later", remove=True) == 0
    assert bulk_tag(ann, ["r1"], "later", remove=True) == 1
    assert ids(ann, tag="later") == ["r2", "r3"]
    tag_record(ann, "r2", ["a", " b ", ""])
    assert [tag.text for tag in one_record(ann, "r2").tags] == ["a", "b"]
    assert one_record(ben, "r2").tags == ()
    with pytest.raises(RefusedError):
        bulk_tag(ann, ["r1"], " ")
    with pytest.raises(PermissionDeniedError):
        bulk_tag(team["hal"], ["r1"], "x")


def test_notes_open_with_the_decisions(desks: Make) -> None:
    team = desks()
    ann, ben = team["ann"], team["ben"]
    add_note(ann, "r1", "about title", stage=TA, request_id="n1")
    add_note(ann, "r1", "about title", stage=TA, request_id="n1")
    add_note(ann, "r1", "about all")
    assert len(one_record(ann, "r1").notes) == 2
    decide(ann, TA, "r1", "exclude", reason="design")
    assert one_record(ben, "r1").notes == ()
    assert one_record(team["ada"], "r1").notes == ()
    decide(ben, TA, "r1", "exclude", reason="design")
    seen = one_record(ben, "r1").notes
    assert {(note.who, note.text) for note in seen} == {
        ("Reviewer 1", "about title"), ("Reviewer 1", "about all"),
    }  # fmt: skip
    assert one_record(team["cleo"], "r1").notes == ()
    assert {entry.kind for entry in one_record(ben, "r1").history} == {"vote"}
    assert all(entry.actor == "ben" for entry in one_record(ben, "r1").history)
    remove_note(ann, "r1", "n1")
    assert len(one_record(ann, "r1").notes) == 1
    with pytest.raises(NotThereError):
        remove_note(ben, "r1", "n1")
    for wrong in ({"text": " "}, {"text": "x", "stage": "no"}):
        with pytest.raises((RefusedError, NotThereError)):
            add_note(ann, "r1", **wrong)
    with pytest.raises(NotThereError):
        add_note(ann, "r99", "x")
    with pytest.raises(PermissionDeniedError):
        add_note(team["hal"], "r1", "x")


def test_a_missing_abstract_is_filled_in_and_shown_as_such(desks: Make) -> None:
    from evisynth.records import Record
    from evisynth.storage import replace_records

    team = desks()
    ann, ben = team["ann"], team["ben"]
    replace_records(ann.store, [Record(name, f"Trial {name}") for name in RECORDS])
    assert ids(ann, abstract="without") == RECORDS
    fill_abstract(ann, "r1", "Walking helps.", "the journal's page", version=0, request_id="f")
    fill_abstract(ann, "r1", "Walking helps.", "the journal's page", version=0, request_id="f")
    one = one_record(ben, "r1")
    assert (one.record.abstract, one.filled.person) == ("Walking helps.", "ann")  # type: ignore[union-attr]
    assert ids(ben, abstract="with") == ["r1"]
    assert ids(ben, abstract="without") == RECORDS[1:]
    card = next(made for made in next_cards(ben, TA) if made.record.id == "r1")
    assert card.record.abstract == "Walking helps."
    with pytest.raises(VersionConflict):
        fill_abstract(ben, "r1", "Other.", "a book", version=0)
    fill_abstract(ben, "r1", "Other.", "a book", version=1)
    assert one_record(ann, "r1").record.abstract == "Other."
    fill_abstract(ben, "r1", "", "")
    assert one_record(ann, "r1").filled is None
    with pytest.raises(RefusedError, match="where"):
        fill_abstract(ann, "r2", "Text", " ")
    with pytest.raises(RefusedError, match="empty"):
        fill_abstract(ann, "r2", "", "")
    with pytest.raises(PermissionDeniedError):
        fill_abstract(team["hal"], "r2", "Text", "x")
    with pytest.raises(NotThereError):
        one_record(ann, "r99")
    assert record_origin(ann, "r1") is None


def test_an_abstract_of_the_export_is_not_overwritten(desks: Make) -> None:
    team = desks()
    with pytest.raises(RefusedError, match="not overwritten"):
        fill_abstract(team["ann"], "r1", "Text", "x")
