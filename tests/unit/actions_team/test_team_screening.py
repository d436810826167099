"""Deciding, taking back, own decisions, words, leases, the pilot and the ranking, on SQLite."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evisynth.actions import open_store
from evisynth.actions.team import (
    Desk,
    NotThereError,
    RefusedError,
    board_of,
    card_of,
    close_pilot,
    decide,
    draw_pilot,
    next_cards,
    own_decisions,
    own_words,
    pilot_gate,
    pilot_rounds,
    progress_of,
    renew_leases,
    seen_record,
    seen_tags,
    set_words,
    stage_status,
    wait_for_rankings,
    withdraw,
)
from evisynth.actions.team.leases import lease_records
from evisynth.errors import OptionError, PermissionDeniedError
from evisynth.records import Record
from evisynth.screening import StageName
from evisynth.storage import RequestReusedError, replace_records

RECORDS = [f"r{number}" for number in range(1, 9)]
PEOPLE = {
    "ada": ["owner", "lead"], "ann": ["reviewer"], "ben": ["reviewer"], "cleo": ["reviewer"],
    "dora": ["adjudicator"], "hal": ["observer"],
}  # fmt: skip

Make = Callable[..., dict[str, Desk]]
TA: StageName = "title_abstract"


def plan(title_abstract: str, full_text: str = "votes_needed = 2") -> str:
    people = "".join(
        f'\n[[people]]\nid = "{who}"\nname = "{who}"\nroles = {roles}\n'
        for who, roles in PEOPLE.items()
    ).replace("'", '"')
    return (
        '[review]\nid = "x"\ntitle = "x"\ndate = "2026-01-01"\nkind = "review"\n'
        f"{people}[stages.title_abstract]\n{title_abstract}\n"
        '[stages.title_abstract.reasons]\ndesign = "Design"\nanimals = "Animals"\n'
        f'[stages.full_text]\n{full_text}\n[stages.full_text.reasons]\nnumbers = "Numbers"\n'
    )


@pytest.fixture
def desks(tmp_path: Path) -> Make:
    def make(title_abstract: str = "votes_needed = 2", **more: str) -> dict[str, Desk]:
        store = open_store(tmp_path / "review.db")
        words = ("sleep", "mice")
        replace_records(
            store,
            [
                Record(
                    name, f"Trial {words[number % 2]} {name}", abstract=f"On {words[number % 2]}"
                )
                for number, name in enumerate(RECORDS)
            ],
        )
        text = plan(title_abstract, **more)
        store.put("plan", ("review.toml",), {"text": text}, actor="ada", act="plan")
        people = board_of(store, tmp_path).plan.people
        return {made.id: Desk(store, tmp_path, made) for made in people}

    return make


def ids(cards: object) -> list[str]:
    return [card.record.id for card in cards]  # type: ignore[attr-defined]


def test_a_decision_is_counted_and_leaves_the_queue(desks: Make) -> None:
    team = desks()
    before = ids(next_cards(team["ann"], TA))
    saved = decide(team["ann"], TA, before[0], "exclude", reason="design", tags=["b", "a", "a "])
    assert (saved.decided, saved.left, saved.version) == (1, 7, 1)
    assert ids(next_cards(team["ann"], TA)) == before[1:]
    assert ids(next_cards(team["ann"], TA, known=before[1:3], limit=2)) == before[3:5]
    assert sorted(ids(next_cards(team["ben"], TA))) == RECORDS
    card = card_of(team["ann"], TA, before[0])
    assert card.own is not None
    assert (card.own.verdict, card.own.reason, card.tags) == ("exclude", "design", ("a", "b"))
    # without tags they stay; with others these replace them
    decide(team["ann"], TA, before[0], "include")
    assert card_of(team["ann"], TA, before[0]).tags == ("a", "b")
    decide(team["ann"], TA, before[0], "include", tags=["b"])
    assert card_of(team["ann"], TA, before[0]).tags == ("b",)


def test_a_decision_posted_twice_changes_nothing(desks: Make) -> None:
    ann = desks()["ann"]
    first = decide(ann, TA, "r1", "include", note="x", tags=["t"], request_id="q1")
    head = ann.store.head()
    again = decide(ann, TA, "r1", "include", note="x", tags=["t"], request_id="q1")
    assert (again, ann.store.head()) == (first, head)
    withdraw(ann, TA, "r1", request_id="q2")
    # the first one arrives once more, late
    decide(ann, TA, "r1", "include", note="x", tags=["t"], request_id="q1")
    assert withdraw(ann, TA, "r1", request_id="q2").decided == 0
    with pytest.raises(RequestReusedError):
        decide(ann, TA, "r2", "exclude", request_id="q1")


def test_a_repeated_post_is_answered_after_the_record_was_closed(desks: Make) -> None:
    team = desks()
    decide(team["ann"], TA, "r1", "include", request_id="q1")
    decide(team["ben"], TA, "r1", "exclude")
    assert decide(team["ann"], TA, "r1", "include", request_id="q1").version == 1
    assert len(team["ann"].board.votes(TA, "r1")) == 2


def test_what_the_rules_refuse(desks: Make) -> None:
    team = desks()
    for who in ("hal", "dora", "ada"):
        with pytest.raises(PermissionDeniedError):
            decide(team[who], TA, "r1", "include")
        with pytest.raises(PermissionDeniedError):
            next_cards(team[who], TA)
    ann = team["ann"]
    with pytest.raises(OptionError):
        decide(ann, TA, "r1", "perhaps")
    with pytest.raises(OptionError):
        decide(ann, TA, "r1", "exclude", reason="numbers")
    with pytest.raises(RefusedError, match="reason to exclude"):
        decide(ann, TA, "r1", "include", reason="design")
    with pytest.raises(NotThereError):
        decide(ann, TA, "nothing", "include")
    with pytest.raises(NotThereError):
        decide(ann, "full_text", "r1", "include")
    with pytest.raises(NotThereError):
        decide(ann, "stage", "r1", "include")
    with pytest.raises(RefusedError, match="not decided"):
        withdraw(ann, TA, "r1")
    for who in ("ann", "ben"):
        decide(team[who], TA, "r1", "include")
    with pytest.raises(RefusedError, match="closed"):
        decide(team["cleo"], TA, "r1", "include")
    with pytest.raises(RefusedError, match="third"):
        decide(ann, TA, "r1", "exclude")
    with pytest.raises(RefusedError, match="others' are known"):
        withdraw(ann, TA, "r1")
    with pytest.raises(RefusedError, match="main reason"):
        decide(ann, "full_text", "r1", "exclude")


def test_what_is_seen_of_others(desks: Make) -> None:
    team = desks()
    decide(team["ben"], TA, "r1", "exclude", reason="design", note="secret", tags=["theirs"])
    for who in ("ann", "cleo", "hal", "dora", "ada"):
        (seen,) = seen_record(team[who], "r1")
        assert (seen.state.status, seen.state.votes, seen.votes, seen.own) == ("open", 0, (), None)
        assert seen_tags(team[who], "r1") == ()
        assert stage_status(team[who], seen.stage) == {
            "open": 8, "conflict": 0, "included": 0, "excluded": 0,
        }  # fmt: skip
    assert [(made.person, made.decided, made.left) for made in progress_of(team["ann"], seen.stage)]
    decide(team["ann"], TA, "r1", "include")
    (seen,) = seen_record(team["ann"], "r1")
    assert seen.state.status == "conflict"
    assert [made.reviewer for made in seen.votes] == ["ann", "Reviewer 1"]
    assert [(made.reviewer, made.text) for made in seen_tags(team["ann"], "r1")] == [
        ("Reviewer 1", "theirs")
    ]
    assert seen_tags(team["cleo"], "r1") == ()
    assert seen_record(team["cleo"], "r1")[0].votes == ()
    assert seen_record(team["hal"], "r1")[0].state.status == "conflict"


def test_tags_of_others_stay_hidden_while_a_later_stage_is_open(desks: Make) -> None:
    team = desks()
    for who in ("ann", "ben"):
        decide(team[who], TA, "r1", "include")
    decide(team["ben"], "full_text", "r1", "exclude", reason="numbers", tags=["no numbers"])
    assert seen_tags(team["ann"], "r1") == ()
    decide(team["ann"], "full_text", "r1", "include")
    assert len(seen_tags(team["ann"], "r1")) == 1


def test_own_decisions_are_listed_and_nobody_elses(desks: Make) -> None:
    team = desks()
    for record, verdict in (("r1", "maybe"), ("r2", "include"), ("r3", "maybe")):
        decide(team["ann"], TA, record, verdict, tags=["look"] if record == "r1" else [])
        decide(team["ben"], TA, record, "exclude")
    decide(team["ann"], TA, "r4", "exclude", reason="design")
    found = own_decisions(team["ann"], TA)
    assert {line.record.id for line in found.lines} == {"r1", "r2", "r3", "r4"}
    assert found.verdicts == {"include": 1, "exclude": 1, "maybe": 2}
    assert [line.changeable for line in found.lines if line.record.id == "r4"] == [True]
    assert [line.state.status for line in found.lines if line.record.id == "r2"] == ["conflict"]
    maybe = own_decisions(team["ann"], TA, verdict="maybe", size=1, page=2)
    assert (maybe.total, len(maybe.lines), maybe.page) == (2, 1, 2)
    assert [line.record.id for line in own_decisions(team["ann"], TA, tag="look").lines] == ["r1"]


def test_words_are_one_persons_own(desks: Make) -> None:
    team = desks()
    assert set_words(team["ann"], ["sleep*", " ", "sleep*", "a;b"], []).include == ("sleep*", "a b")
    assert own_words(team["ann"])[1].include == ("sleep*", "a b")
    assert own_words(team["ben"])[1].include == ()
    set_words(team["ann"], [], ["mice"])
    assert own_words(team["ann"])[1] == own_words(team["ann"])[1].__class__((), ("mice",))


def test_where_one_decision_is_enough_nobody_gets_a_record_that_another_has(desks: Make) -> None:
    team = desks("votes_needed = 1")
    mine = ids(next_cards(team["ann"], TA, limit=3))
    theirs = ids(next_cards(team["ben"], TA, limit=20))
    assert len(mine) == 3
    assert sorted(mine + theirs) == RECORDS
    assert ids(next_cards(team["cleo"], TA)) == []
    assert ids(next_cards(team["ann"], TA, limit=20)) == mine
    assert set(renew_leases(team["ann"], TA, [*mine, *theirs])) == set(mine)
    decide(team["ann"], TA, mine[0], "include")
    assert ids(next_cards(team["ann"], TA)) == mine[1:]
    # ten minutes later they are free again
    later = datetime.now(tz=UTC) + timedelta(minutes=11)
    rules, board = team["cleo"].stage(TA), team["cleo"].board
    waiting = board.waiting(TA, "cleo")
    assert set(waiting) == set(RECORDS) - {mine[0]}
    assert lease_records(team["cleo"], rules, board, waiting, 20, now=later) == waiting


def test_the_pilot_comes_first_and_opens_the_stage_when_it_passes(desks: Make) -> None:
    team = desks("votes_needed = 2\npilot = 3\nkappa_min = 0.6")
    ann, lead = team["ann"], team["ada"]
    assert next_cards(ann, TA) == ()
    with pytest.raises(RefusedError, match="not drawn"):
        decide(ann, TA, "r1", "include")
    with pytest.raises(PermissionDeniedError):
        draw_pilot(ann, TA)
    with pytest.raises(RefusedError, match="no pilot round"):
        close_pilot(lead, TA)
    drawn = draw_pilot(lead, TA)
    assert len(drawn.records) == 3
    assert drawn.people == ("ann", "ben", "cleo")
    with pytest.raises(RefusedError, match="open"):
        draw_pilot(lead, TA)
    assert sorted(ids(next_cards(ann, TA))) == sorted(drawn.records)
    other = next(record for record in RECORDS if record not in drawn.records)
    with pytest.raises(RefusedError, match="comes first"):
        decide(ann, TA, other, "include")
    # two of three have decided: nobody may see anything yet
    one = drawn.records[0]
    for who in ("ann", "ben"):
        for record in drawn.records:
            decide(team[who], TA, record, "include" if record == one else "exclude")
    assert pilot_rounds(ann, TA)[0].outcome.status == "open"
    assert pilot_rounds(ann, TA)[0].outcome.discuss == ()
    assert seen_record(ann, one)[0].state.status == "open"
    # the third differs on all: not reached
    for record in drawn.records:
        decide(team["cleo"], TA, record, "exclude" if record == one else "include")
    found = pilot_rounds(ann, TA)[0].outcome
    assert (found.status, set(found.discuss)) == ("failed", set(drawn.records))
    assert pilot_gate(ann.board, ann.stage(TA)).closed
    assert next_cards(ann, TA) == ()
    assert close_pilot(lead, TA, note="talked").kept
    again = draw_pilot(lead, TA)
    assert not set(again.records) & set(drawn.records)
    for who in ("ann", "ben", "cleo"):
        for record in again.records:
            decide(team[who], TA, record, "include" if record == again.records[0] else "exclude")
    assert not pilot_gate(ann.board, ann.stage(TA)).closed
    assert len(next_cards(ann, TA)) == 2
    assert close_pilot(lead, TA).outcome.status == "passed"
    with pytest.raises(PermissionDeniedError):
        pilot_rounds(team["hal"], TA)


def test_a_ranked_queue_learns_from_own_votes_and_results_alone(desks: Make) -> None:
    team = desks('votes_needed = 2\norder = "ranked"')
    ann, ben = team["ann"], team["ben"]

    def order() -> list[str]:
        next_cards(ann, TA)
        assert wait_for_rankings()
        return ids(next_cards(ann, TA))

    order()
    decide(ann, TA, "r1", "include")
    decide(ann, TA, "r2", "exclude")
    mine = order()
    # r1, r3, r5, r7 are of sleep, the others of mice
    assert set(mine[:3]) == {"r3", "r5", "r7"}
    for record in ("r4", "r6", "r8"):
        decide(ben, TA, record, "include")
    assert order() == mine
    decide(ann, TA, "r4", "include")
    decide(ann, TA, "r6", "include")
    assert order() != [record for record in mine if record not in ("r4", "r6")]
