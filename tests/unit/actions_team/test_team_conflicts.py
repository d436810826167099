"""Conflicts, adjudication, discussion, agreement and the stopping statement, on SQLite."""

from __future__ import annotations

import pytest
from tests.unit.actions_team.test_team_screening import TA, Make, desks

from evisynth.actions.team import (
    Desk,
    NotThereError,
    RefusedError,
    adjudicate,
    agree_together,
    agreement_at,
    change_vote,
    conflict_on,
    conflicts_of,
    count_conflicts,
    decide,
    keep_stopping,
    resume_screening,
    stop_screening,
    stopping_at,
    take_settlement_back,
)
from evisynth.errors import OptionError, PermissionDeniedError

__all__ = ["desks"]


def disagree(team: dict[str, Desk], record: str = "r1") -> None:
    decide(team["ann"], TA, record, "include", note="mine")
    decide(team["ben"], TA, record, "exclude", reason="design", note="theirs")


def test_conflicts_show_when_complete_and_to_those_who_may(desks: Make) -> None:
    team = desks()
    decide(team["ben"], TA, "r2", "exclude")
    disagree(team)
    decide(team["ann"], TA, "r3", "maybe")
    decide(team["cleo"], TA, "r3", "maybe")
    found = conflicts_of(team["dora"], TA)
    assert [line.record.id for line in found.lines] == ["r1", "r3"]
    assert found.pairs == {"R2 – R3": 1, "R2 – R4": 1}
    assert found.kinds == {"verdicts": 1, "maybe": 1}
    assert {made.reviewer for made in found.lines[0].votes} == {"Reviewer 1", "Reviewer 2"}
    assert [line.record.id for line in conflicts_of(team["dora"], TA, kind="maybe").lines] == ["r3"]
    assert [line.record.id for line in conflicts_of(team["dora"], TA, pair="R2 – R4").lines] == [
        "r3"
    ]
    assert [line.record.id for line in conflicts_of(team["ben"], TA).lines] == ["r1"]
    assert count_conflicts(team["cleo"], TA) == 1
    with pytest.raises(PermissionDeniedError):
        conflicts_of(team["hal"], TA)
    with pytest.raises(NotThereError):
        conflict_on(team["cleo"], TA, "r1")
    with pytest.raises(NotThereError):
        conflict_on(team["dora"], TA, "r2")


def test_a_third_person_settles_and_takes_it_back(desks: Make) -> None:
    team = desks()
    disagree(team)
    dora = team["dora"]
    with pytest.raises(OptionError):
        adjudicate(dora, TA, "r1", "maybe")
    with pytest.raises(OptionError):
        adjudicate(dora, TA, "r1", "exclude", reason="none")
    with pytest.raises(PermissionDeniedError):
        adjudicate(team["ann"], TA, "r1", "include")
    state = adjudicate(dora, TA, "r1", "exclude", reason="animals", note="why", request_id="a1")
    assert (state.status, state.reason) == ("excluded", "animals")
    head = dora.store.head()
    assert (
        adjudicate(dora, TA, "r1", "exclude", reason="animals", note="why", request_id="a1")
        == state
    )
    assert dora.store.head() == head
    assert count_conflicts(dora) == 0
    # a lead comes too late, the adjudicator may change
    with pytest.raises(RefusedError, match="settled already"):
        adjudicate(team["ada"], TA, "r1", "include")
    assert adjudicate(dora, TA, "r1", "include").status == "included"
    assert take_settlement_back(dora, TA, "r1").status == "conflict"
    with pytest.raises(RefusedError, match="not settled"):
        take_settlement_back(dora, TA, "r1")


def test_one_who_decided_does_not_settle(desks: Make) -> None:
    team = desks()
    both = team["ada"].person.__class__("Both", "ann", ("reviewer", "adjudicator"))
    disagree(team)
    ann = Desk(team["ann"].store, team["ann"].folder, both)
    assert conflict_on(ann, TA, "r1").why_not
    with pytest.raises(RefusedError, match="third person"):
        adjudicate(ann, TA, "r1", "include")


def test_discussion_ends_by_changed_votes_or_a_consensus(desks: Make) -> None:
    team = desks('votes_needed = 2\nconflicts = "discussion"')
    ann, ben = team["ann"], team["ben"]
    disagree(team)
    found = conflict_on(ann, TA, "r1")
    assert found.may_talk
    assert {made.reviewer for made in found.votes} == {"ann", "ben"}
    assert change_vote(ann, TA, "r1", "exclude", reason="design").status == "excluded"
    # the independent vote stays, and agreement is counted from it
    assert len(ann.board.votes(TA, "r1")) == 3
    assert agreement_at(team["ada"], TA).report.pairs[0].agreed == 0
    assert change_vote(ann, TA, "r1", "include").status == "conflict"
    assert (
        agree_together(ben, TA, "r1", "include", note="both", request_id="c").status == "included"
    )
    assert (
        agree_together(ben, TA, "r1", "include", note="both", request_id="c").status == "included"
    )
    with pytest.raises(NotThereError):
        change_vote(team["cleo"], TA, "r1", "include")
    with pytest.raises(RefusedError, match="did not decide"):
        agree_together(team["dora"], TA, "r1", "include")


def test_no_talk_where_a_third_person_settles(desks: Make) -> None:
    team = desks()
    disagree(team)
    with pytest.raises(RefusedError, match="third person"):
        change_vote(team["ann"], TA, "r1", "exclude")
    with pytest.raises(RefusedError, match="third person"):
        agree_together(team["ben"], TA, "r1", "exclude")


def test_reasons_at_full_text_are_settled_too(desks: Make) -> None:
    team = desks(full_text='votes_needed = 2\nmaybe = "discuss"')
    for who in ("ann", "ben"):
        decide(team[who], TA, "r1", "include")
    decide(team["ann"], "full_text", "r1", "exclude", reason="numbers")
    decide(team["ben"], "full_text", "r1", "maybe")
    assert conflicts_of(team["dora"], "full_text").kinds == {"maybe": 1}
    with pytest.raises(RefusedError, match="main reason"):
        adjudicate(team["dora"], "full_text", "r1", "exclude")
    state = adjudicate(team["dora"], "full_text", "r1", "exclude", reason="numbers")
    assert (state.status, state.reason) == ("excluded", "numbers")


def test_agreement_is_of_complete_records_and_for_those_who_may(desks: Make) -> None:
    team = desks()
    disagree(team)
    for record in ("r2", "r3", "r4"):
        for who in ("ann", "ben"):
            decide(team[who], TA, record, "exclude" if record != "r4" else "include")
    decide(team["ann"], TA, "r5", "include")
    found = agreement_at(team["ada"], TA)
    assert (found.complete, found.waiting, found.report.records) == (4, 4, 4)
    assert found.report.percent.value == pytest.approx(75)
    assert found.report.kappa.value == pytest.approx(0.5)
    assert found.names["ann"] == "ann"
    assert agreement_at(team["dora"], TA).names["ann"] == "R2"
    # a decision on a record that waits changes nothing
    decide(team["ben"], TA, "r6", "exclude")
    assert agreement_at(team["ada"], TA).report == found.report
    for who in ("ann", "hal"):
        with pytest.raises(PermissionDeniedError):
            agreement_at(team[who], TA)


def test_the_stopping_statement_is_kept_and_stops_nothing(desks: Make) -> None:
    team = desks()
    lead = team["ada"]
    disagree(team)
    for record in ("r2", "r3"):
        for who in ("ann", "ben"):
            decide(team[who], TA, record, "include" if record == "r2" else "exclude")
    found = stopping_at(lead, TA)
    assert (found.statement.read, found.statement.total, found.statement.relevant) == (2, 8, 1)
    assert not found.kept
    kept = keep_stopping(lead, TA, rule="consecutive", run=1, request_id="s1")
    assert kept.parameters["met"] is True
    assert keep_stopping(lead, TA, rule="consecutive", run=1, request_id="s1") == kept
    assert [made.id for made in stopping_at(lead, TA).kept] == [kept.id]
    assert decide(team["cleo"], TA, "r5", "include").left == 4
    with pytest.raises(OptionError):
        stopping_at(lead, TA, rule="never")
    with pytest.raises(PermissionDeniedError):
        stopping_at(team["ann"], TA)


def test_people_stop_the_screening_and_take_it_back(desks: Make) -> None:
    team = desks('votes_needed = 2\norder = "ranked"\nstop_recall = 0.9')
    lead = team["ada"]
    disagree(team)
    for record in ("r2", "r3"):
        for who in ("ann", "ben"):
            decide(team[who], TA, record, "include" if record == "r2" else "exclude")
    decide(team["ann"], TA, "r4", "exclude")
    assert stopping_at(lead, TA).unread == 4
    with pytest.raises(RefusedError, match="say why"):
        stop_screening(lead, TA, reason=" ")
    with pytest.raises(RefusedError, match="read in full"):
        stop_screening(lead, "full_text", reason="enough")
    with pytest.raises(PermissionDeniedError):
        stop_screening(team["ann"], TA, reason="enough")
    made = stop_screening(lead, TA, reason="the budget is spent", request_id="s1")
    assert stop_screening(lead, TA, reason="the budget is spent", request_id="s1") == made
    assert (made.done, made.set_aside, made.parameters["target"]) == ("stopped", 4, 0.9)
    assert made.parameters["met"] is False
    assert made.parameters["first_met"] is None
    ranking = made.parameters["ranking"]
    assert isinstance(ranking, dict)
    assert (ranking["relevant"], ranking["irrelevant"]) == (1, 1)
    assert len(ranking["fingerprint"]) == 64
    removed = lead.board.values("removal")
    assert {key[0] for key in removed} == {"r5", "r6", "r7", "r8"}
    assert {value["kind"] for value in removed.values()} == {"automation"}
    # what is said of the records counts those set aside as unread
    assert stopping_at(lead, TA).statement.total == 8
    with pytest.raises(RefusedError, match="nothing left to stop"):
        stop_screening(lead, TA, reason="again")
    # what has a decision is still settled
    decide(team["ben"], TA, "r4", "exclude")
    assert lead.board.states(TA)["r4"].status == "excluded"
    with pytest.raises(NotThereError):
        resume_screening(lead, TA, "nothing")
    back = resume_screening(lead, TA, made.id)
    assert (back.done, back.set_aside) == ("resumed", 0)
    assert not lead.board.values("removal")
    assert stopping_at(lead, TA).unread == 4
    with pytest.raises(RefusedError, match="goes on already"):
        resume_screening(lead, TA, made.id)


def test_pairs_that_are_no_ascii(desks: Make) -> None:
    """The filter of the address takes what the list gives."""
    team = desks()
    disagree(team)
    (pair,) = conflicts_of(team["dora"], TA).pairs
    assert conflicts_of(team["dora"], TA, pair=pair).total == 1
    assert conflicts_of(team["dora"], TA, pair="nobody").lines == ()
