"""Pairs of records that look alike: deciding, taking back, comparing again, votes said before."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.web.worlds import PEOPLE, desk, make_folder

from evisynth.actions import dedupe_records, open_store, team, verify_store
from evisynth.actions.freeze import freeze_review
from evisynth.actions.team import duplicate_search
from evisynth.actions.thaw import thaw_review
from evisynth.errors import OptionError, PermissionDeniedError
from evisynth.review import Review
from evisynth.storage import VersionConflict

Desks = dict[str, team.Desk]

ENTRY = """TY  - JOUR
ID  - {id}
AU  - {author}
TI  - {title}
AB  - {abstract}
PY  - {year}
JO  - {journal}
VL  - {volume}
SP  - {page}
DO  - {doi}
ER  -
"""
LONG = "Adults with insomnia were randomized to evening walks or to nothing for twelve weeks."


def entry(ident: str, title: str, **more: str) -> str:
    given = {
        "author": "Berg, Kari", "abstract": LONG, "year": "2015", "journal": "J Sleep Res",
        "volume": "24", "page": "100", "doi": "",
    } | more  # fmt: skip
    text = ENTRY.format(id=ident, title=title, **given)
    return "\n".join(line for line in text.splitlines() if not line.endswith("-  - "))


WALK = "Evening walks for insomnia in adults: a randomized trial"
EXPORT = "\n\n".join(
    [
        entry("a1", WALK, doi="10.1000/walk.1"),
        entry("a2", WALK + ".", doi="10.1000/walk.1"),
        entry("a3", WALK.replace(":", "").replace("ized", "ised"), doi="10.1000/walk.1"),
        entry("b1", "Morning light for shift workers", author="Ito, Ren", doi="10.1000/light.1"),
        entry("b2", "Morning light therapy for shift workers", author="Ito, R", year="2016",
              journal="Sleep", volume="", page=""),
        entry("c1", "Warm baths before bed", author="Sole, Ana", abstract="Baths were taken."),
    ]
)  # fmt: skip


@pytest.fixture
def desks(tmp_path: Path) -> Desks:
    folder = make_folder(tmp_path / "review", title_abstract="votes_needed = 2")
    (folder / "searches" / "pubmed" / "export.ris").write_text(EXPORT + "\n", encoding="utf-8")
    (folder / "searches" / "pubmed" / "search.toml").write_text(
        'name = "PubMed"\nkind = "database"\nsearched = true\ndate = "2026-01-02"\n',
        encoding="utf-8",
    )
    (folder / "studies" / "studies.csv").unlink()
    thaw_review(folder)
    store = open_store(folder / ".evisynth" / "review.db")
    return {who: desk(store, folder, who) for who in PEOPLE}


def copies(made: team.Desk) -> dict[str, str]:
    return made.board.duplicates


def test_comparing_gives_groups_and_pairs_as_the_command_does(desks: Desks, tmp_path: Path) -> None:
    gus = desks["gus"]
    assert not team.duplicate_pairs(gus).compared
    job = team.find_duplicates(gus, request_id="one")
    assert (job.status, job.result["records"], job.result["copies"]) == ("done", 6, 2)
    assert set(copies(gus)) | set(copies(gus).values()) == {"a1", "a2", "a3"}
    head = gus.store.head()
    assert team.find_duplicates(gus, request_id="one") == job
    assert team.find_duplicates(gus, request_id="two").status == "done"
    assert gus.store.head() == head, "the same comparison changes nothing"
    groups, number = team.duplicate_groups(gus)
    assert number == 1
    assert len(groups[0].copies) == 2
    assert all(groups[0].reasons)
    # what the browser found is what the command finds, and neither changes the other
    freeze_review(gus.folder)
    before = (gus.folder / "records" / "duplicates.csv").read_text(encoding="utf-8")
    pairs = (gus.folder / "records" / "duplicate_pairs.csv").read_text(encoding="utf-8")
    dedupe_records(gus.folder)
    assert (gus.folder / "records" / "duplicates.csv").read_text(encoding="utf-8") == before
    assert (gus.folder / "records" / "duplicate_pairs.csv").read_text(encoding="utf-8") == pairs
    thaw_review(gus.folder)
    assert verify_store(gus.store, gus.folder) == []


def test_a_pair_is_merged_taken_back_and_merged_again(desks: Desks) -> None:
    gus = desks["gus"]
    team.find_duplicates(gus)
    before = dict(gus.board.values("duplicate"))
    made = team.decide_pair(gus, "b2", "b1", "same", request_id="merge", version=0)
    assert (made.first, made.second, made.stays) == ("b1", "b2", "b1")
    assert copies(gus)["b2"] == "b1"
    head = gus.store.head()
    assert team.decide_pair(gus, "b2", "b1", "same", request_id="merge", version=0) == made
    assert gus.store.head() == head
    sides = team.pair_sides(gus, "b1", "b2")
    assert (sides.merged, sides.decision, sides.by, sides.group) == (
        True, "same", "gus", ("b1", "b2"),
    )  # fmt: skip
    assert team.undo_duplicates(gus, "merge", request_id="undo") == 2
    head = gus.store.head()
    assert team.undo_duplicates(gus, "merge", request_id="undo") == 2
    assert gus.store.head() == head, "asked again, nothing more"
    assert dict(gus.board.values("duplicate")) == before
    assert team.pair_sides(gus, "b1", "b2").decision == ""
    team.undo_duplicates(gus, "undo", request_id="redo")
    assert copies(gus)["b2"] == "b1"
    assert team.pair_sides(gus, "b1", "b2").decision == "same"
    lines = team.duplicate_decisions(gus)
    assert [line.undoable for line in lines] == [True, False, False] or lines[0].undoable
    with pytest.raises(team.NotThereError):
        team.undo_duplicates(gus, "never")


def test_what_a_person_said_outranks_the_rules_ever_after(desks: Desks) -> None:
    gus = desks["gus"]
    team.find_duplicates(gus)
    others = team.separate_record(gus, "a3", note="another trial", request_id="out")
    assert set(others) == {"a1", "a2"}
    assert "a3" not in copies(gus)
    assert "a3" not in copies(gus).values()
    assert team.separate_record(gus, "a3", request_id="out") == ()
    team.decide_pair(gus, "b1", "b2", "report", stays="b2")
    team.find_duplicates(gus)
    assert "a3" not in {*copies(gus), *copies(gus).values()}
    assert copies(gus)["b1"] == "b2", "the one that was chosen stays"
    with pytest.raises(team.RefusedError, match="decided not to be one report"):
        team.decide_pair(gus, "a3", "a1", "same")
    team.undo_duplicates(gus, "out")
    team.find_duplicates(gus)
    assert len({*copies(gus), *copies(gus).values()} & {"a1", "a2", "a3"}) == 3
    with pytest.raises(team.RefusedError, match="in no group"):
        team.separate_record(gus, "c1")


def test_the_record_that_stays_leaves_its_group(desks: Desks) -> None:
    gus = desks["gus"]
    team.find_duplicates(gus)
    stays = next(iter(set(copies(gus).values())))
    team.separate_record(gus, stays, request_id="out")
    left = copies(gus)
    assert len(left) == 1
    assert stays not in {*left, *left.values()}
    team.undo_duplicates(gus, "out")
    assert set(copies(gus).values()) == {stays}


def test_a_later_decision_is_taken_back_first(desks: Desks) -> None:
    gus = desks["gus"]
    team.decide_pair(gus, "b1", "b2", "same", request_id="one")
    team.decide_pair(gus, "b1", "c1", "same", stays="c1", request_id="two")
    with pytest.raises(team.RefusedError, match="rests on this one"):
        team.undo_duplicates(gus, "one")
    team.undo_duplicates(gus, "two")
    team.undo_duplicates(gus, "one")
    assert copies(gus) == {}


def test_two_people_who_decide_on_one_pair(desks: Desks) -> None:
    ada, gus = desks["ada"], desks["gus"]
    seen = team.pair_sides(gus, "b1", "b2").version
    team.decide_pair(ada, "b1", "b2", "different", version=seen)
    with pytest.raises(VersionConflict) as told:
        team.decide_pair(gus, "b1", "b2", "same", version=seen)
    assert (told.value.conflicts[0].theirs or {})["decision"] == "different"
    assert copies(gus) == {}
    again = team.pair_sides(gus, "b1", "b2").version
    team.decide_pair(gus, "b1", "b2", "same", version=again)
    assert copies(gus) == {"b2": "b1"}


def test_decisions_of_screening_are_kept_and_come_back(desks: Desks) -> None:
    gus, ann, ben = desks["gus"], desks["ann"], desks["ben"]
    for who in (ann, ben):
        team.decide(who, "title_abstract", "b2", "exclude", reason="design")
    team.decide(ann, "title_abstract", "c1", "include")
    sides = team.pair_sides(gus, "b1", "b2")
    assert sides.settled == (False, True)
    assert sides.stays == "b2", "the one with all its decisions"
    waits = ann.board.counts("title_abstract", "ann")
    # whichever is set aside: its decisions are kept, count no more, and count again later
    team.decide_pair(gus, "b1", "b2", "same", stays="b1", request_id="merge")
    assert ann.board.state("title_abstract", "b2") is None
    assert len(ann.board.votes("title_abstract", "b2")) == 2
    assert ann.board.states("title_abstract")["b1"].status == "open"
    team.undo_duplicates(gus, "merge")
    assert ann.board.states("title_abstract")["b2"].status == "excluded"
    assert ann.board.counts("title_abstract", "ann") == waits
    fresh = team.Board(gus.store, gus.folder).refresh()
    for name in ("title_abstract", "full_text"):
        assert fresh.states(name) == gus.board.states(name)


def test_open_decisions_of_others_play_no_part(desks: Desks) -> None:
    """Whether somebody has decided on an open record shows in nothing here."""
    gus, ann = desks["gus"], desks["ann"]
    before = team.pair_sides(gus, "b1", "b2")
    team.decide(ann, "title_abstract", "b2", "exclude", reason="design")
    assert team.pair_sides(gus, "b1", "b2") == before
    team.decide(ann, "title_abstract", "a2", "include")
    team.decide(ann, "title_abstract", "a3", "include")
    team.find_duplicates(gus)
    assert not team.duplicate_pairs(gus, "screened").total
    assert len(copies(gus)) == 2


def test_two_that_were_screened_become_a_pair(desks: Desks) -> None:
    gus = desks["gus"]
    for record in ("a1", "a2"):
        for who in ("ann", "ben"):
            team.decide(desks[who], "title_abstract", record, "include")
    team.find_duplicates(gus)
    found = team.duplicate_pairs(gus, "screened")
    assert [(pair.first, pair.second) for pair in found.pairs] == [("a1", "a2")]
    assert team.count_doubtful(gus) >= 1
    assert team.next_pair(gus, "screened") == found.pairs[0]
    team.decide_pair(gus, "a1", "a2", "same")
    assert team.next_pair(gus, "screened") is None


def test_reports_of_studies_are_not_set_aside(desks: Desks) -> None:
    gus = desks["gus"]
    gus.store.put("study", ("S1",), {"record_ids": "b2"}, actor="ada", act="join")
    assert team.pair_sides(gus, "b1", "b2").stays == "b2"
    with pytest.raises(team.RefusedError, match="must stay"):
        team.decide_pair(gus, "b1", "b2", "same", stays="b1")
    gus.store.put("study", ("S2",), {"record_ids": "b1"}, actor="ada", act="join")
    with pytest.raises(team.RefusedError, match="reports of studies"):
        team.decide_pair(gus, "b1", "b2", "same")


def test_wrong_roles_and_bad_input(desks: Desks) -> None:
    gus = desks["gus"]
    for who in sorted(PEOPLE.keys() - {"ada", "gus"}):
        with pytest.raises(PermissionDeniedError):
            team.duplicate_pairs(desks[who])
        with pytest.raises(PermissionDeniedError):
            team.decide_pair(desks[who], "b1", "b2", "same")
        with pytest.raises(PermissionDeniedError):
            team.find_duplicates(desks[who])
    with pytest.raises(OptionError):
        team.decide_pair(gus, "b1", "b2", "maybe")
    with pytest.raises(OptionError):
        team.duplicate_pairs(gus, "any")
    with pytest.raises(team.NotThereError):
        team.decide_pair(gus, "b1", "b9", "same")
    with pytest.raises(team.NotThereError):
        team.pair_sides(gus, "b1", "b1")
    with pytest.raises(OptionError):
        team.decide_pair(gus, "b1", "b2", "same", stays="a1")
    with pytest.raises(team.NotThereError):
        team.duplicate_group(gus, "c1")
    team.decide_pair(gus, "b1", "b2", "same", request_id="once")
    with pytest.raises(team.RefusedError, match="sent before"):
        team.decide_pair(gus, "b1", "c1", "same", request_id="once")


def test_a_long_list_of_pairs_keeps_the_likeliest(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    gus = desks["gus"]
    for record in ("a1", "a2", "a3"):
        for who in ("ann", "ben"):
            team.decide(desks[who], "title_abstract", record, "include")
    monkeypatch.setattr(duplicate_search, "TEXT_MOST", 900)
    job = team.find_duplicates(gus)
    text = gus.board.values("text")["records/duplicate_pairs.csv",]["text"]
    assert len(str(text)) <= 900
    assert any("less likely pairs are not listed" in line for line in job.messages)


def test_the_folder_of_a_merge_reads_as_the_browser_shows_it(desks: Desks) -> None:
    gus = desks["gus"]
    team.find_duplicates(gus)
    team.decide_pair(gus, "b1", "b2", "same", request_id="m")
    team.undo_duplicates(gus, "m")
    team.decide_pair(gus, "b1", "b2", "report", note="the same trial")
    freeze_review(gus.folder)
    review = Review.read(gus.folder)
    assert review.duplicates == copies(gus)
    assert review.flow.duplicates_removed == len(copies(gus)) == 3
