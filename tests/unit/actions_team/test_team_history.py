"""The history as people may see it; a review's name; exports; deletion with a time of grace."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.unit.actions_team.test_team_people import Review

from evisynth.actions import freeze_review, open_store, team
from evisynth.actions.thaw import thaw_review
from evisynth.errors import EvisynthError, PermissionDeniedError
from evisynth.storage import TrailFilter


@pytest.fixture
def review(tmp_path: Path) -> Iterator[Review]:
    made = Review(tmp_path / "review")
    yield made
    made.store.close()


def votes(review: Review, who: str, **wanted: str) -> list[tuple[str, str]]:
    """Return record and person of the votes that somebody finds in the history."""
    found = team.history_of(review.desk(who), TrailFilter(kind="vote", **wanted), size=200)
    return [(line.entry.key[1], line.entry.key[2]) for line in found.lines]


def test_acts_of_others_show_when_their_record_is_settled(review: Review) -> None:
    review.decide("ben", "r05", "exclude", "design")
    for who in ("ann", "ben"):
        review.decide(who, "r01", "include")
    review.decide("ann", "r02", "include")
    review.decide("ben", "r02", "exclude", "design")
    settled = [("r01", "ben"), ("r01", "ann")]
    for who in ("ada", "ida"):
        assert votes(review, who) == settled  # r02 is in conflict: nobody says yet whose is which
        assert votes(review, who, actor="ben") == settled[:1]
        assert votes(review, who, words="exclude") == []
        assert votes(review, who, subject="r05") == []
    # everybody else sees the own acts, without numbers that would tell of others'
    assert votes(review, "ben") == [("r02", "ben"), ("r01", "ben"), ("r05", "ben")]
    assert votes(review, "ben", actor="ann") == []
    assert votes(review, "hal") == []
    team.adjudicate(review.desk("dora"), "title_abstract", "r02", "include")
    assert ("r02", "ben") in votes(review, "ada")
    # a record that needs one more decision is closed again
    team.change_stage(
        review.desk("ada"), "title_abstract", {"votes_needed": 3}, version=review.version,
        confirmed=True,
    )  # fmt: skip
    assert votes(review, "ida") == []
    team.unblind(review.desk("ada"), "title_abstract", reason="The stage has ended", confirmed=True)
    assert ("r05", "ben") in votes(review, "ida")


def test_notes_tags_and_own_settings_are_not_for_others(review: Review) -> None:
    ben, ada = review.desk("ben"), review.desk("ada")
    team.decide(ben, "title_abstract", "r01", "include", tags=["SECRET"])
    team.add_note(ben, "r01", "SECRET", stage="title_abstract")
    team.set_words(ben, ["SECRET"], [])
    assert not team.history_of(ada, TrailFilter(words="secret")).lines
    assert len(team.history_of(ben, TrailFilter(words="SECRET")).lines) == 3
    review.decide("ann", "r01", "include")
    seen = team.history_of(ada, TrailFilter(words="SECRET")).lines
    # the report is at full text now, where nobody has decided yet
    assert [line.entry.kind for line in seen] == []
    for who in ("ann", "ben"):
        team.decide(review.desk(who), "full_text", "r01", "include")
    seen = team.history_of(ada, TrailFilter(words="SECRET")).lines
    assert sorted(line.entry.kind for line in seen) == ["note", "tag"]


def test_values_show_when_all_have_finished(review: Review) -> None:
    from evisynth.actions.team import extraction, forms
    from evisynth.extraction import ValueEntry

    forms.make_form(review.desk("ada"), "means", "data")
    for who in ("ann", "ben"):
        extraction.save_value(
            review.desk(who), "data", "S1", "sleep", "n1", ValueEntry("10"), version=None
        )
    wanted = TrailFilter(kind="extraction_value")
    assert team.history_of(review.desk("ida"), wanted).lines == ()
    for who in ("ann", "ben"):
        review.store.put(
            "finished", ("extraction", "data", "S1", "", who), {"date": "2026-01-01"}, actor=who,
            act="finish extraction",
        )  # fmt: skip
    assert len(team.history_of(review.desk("ida"), wanted).lines) == 2
    assert len(team.history_of(review.desk("ben"), wanted).lines) == 1


def test_filters_and_pages(review: Review) -> None:
    ada = review.desk("ada")
    for number in range(7):
        team.change_criteria(ada, {"include": f"Line {number}"}, version=review.version)
    first = team.history_of(ada, TrailFilter(actor="ada", kind="plan"), size=3)
    assert [len(first.lines), first.whole] == [3, True]
    assert [made.name for made in first.lines[0].changes] == ["text"]
    second = team.history_of(ada, TrailFilter(actor="ada", kind="plan"), before=first.older, size=3)
    last = team.history_of(ada, TrailFilter(actor="ada", kind="plan"), before=second.older, size=3)
    numbers = [line.entry.number for page in (first, second, last) for line in page.lines]
    assert (len(numbers), last.older) == (7, 0)
    assert numbers == sorted(numbers, reverse=True)
    assert len(team.history_of(ada, TrailFilter(act="change the criteria")).lines) == 7
    day = first.lines[0].entry.at[:10]
    assert team.history_of(ada, TrailFilter(since=day, until=day)).lines
    assert not team.history_of(ada, TrailFilter(until="2001-01-01")).lines
    for number in range(5):
        review.decide("ann", f"r{number + 1:02d}", "include")
    ann = review.desk("ann")
    page = team.history_of(ann, size=2)
    assert (len(page.lines), page.older, page.whole) == (2, 2, False)
    assert len(team.history_of(ann, before=4, size=2).lines) == 1
    for wrong in (TrailFilter(kind="x"), TrailFilter(since="soon")):
        with pytest.raises(EvisynthError):
            team.history_of(ada, wrong)
    # the record's own time line, also where it is the second of two
    review.store.put("duplicate_decision", ("r03", "r04"), {"decision": "different", "by": "gus"},
                     actor="gus", act="decide on a duplicate")  # fmt: skip
    for record in ("r03", "r04", "R04"):
        kinds = [line.entry.kind for line in
                 team.history_of(ada, TrailFilter(subject=record)).lines]  # fmt: skip
        assert kinds == (["duplicate_decision"] if record != "R04" else [])
    assert [line.entry.kind for line in team.history_of(ann, TrailFilter(subject="r03")).lines] == [
        "vote"
    ]


def test_the_history_is_verified_with_its_result(review: Review) -> None:
    ada = review.desk("ada")
    head = review.store.head()
    job = team.verify_in_background(ada, head=head.hash, request_id="v")
    assert (job.status, job.result["problems"], job.result["head"]) == ("done", [], head.hash)
    assert team.verify_in_background(ada, request_id="v").id == job.id
    wrong = team.verify_in_background(ada, head="0" * 64)
    assert "rewritten" in wrong.result["problems"][0]
    from evisynth.storage import models

    models.Entry.objects.using(review.store.alias).filter(number=2).update(actor="nobody")
    broken = team.verify_in_background(ada)
    assert "entry 2 was changed" in str(broken.result["problems"])
    last = team.last_verification(review.desk("ida"))
    assert last is not None
    assert last.id in {broken.id, wrong.id, job.id}
    with pytest.raises(PermissionDeniedError):
        team.verify_in_background(review.desk("ann"))
    with pytest.raises(team.RefusedError, match="64"):
        team.verify_in_background(ada, head="abc")


def test_a_review_without_a_name_gets_the_id_of_its_plan(tmp_path: Path) -> None:
    from tests.web.worlds import make_folder

    folder = make_folder(tmp_path / "r")
    place = folder / ".evisynth" / "review.db"
    with open_store(place) as old:
        assert old.name == "review"
        thaw_review(folder)
        assert old.name == "worlds"  # also where it was open before
        assert not old.give_name("other")
    with open_store(place, review="worlds", create=False) as again:
        assert again.name == "worlds"
    # a name that somebody chose stays
    other = tmp_path / "chosen.db"
    thaw_review(folder, database=str(other), review="mine")
    with open_store(other) as chosen:
        assert chosen.name == "mine"


# exports


def packed(review: Review, who: str, *, public: bool = False) -> dict[str, bytes]:
    target = io.BytesIO()
    team.review_zip(review.desk(who), target, public=public)
    with zipfile.ZipFile(target) as found:
        return {name: found.read(name) for name in found.namelist()}


def test_the_whole_review_comes_out_as_freeze_writes_it(review: Review, tmp_path: Path) -> None:
    for who in ("ann", "ben"):
        review.decide(who, "r01", "exclude", "design")
    found = packed(review, "ada")
    assert found == packed(review, "ada")
    frozen = tmp_path / "frozen"
    freeze_review(review.folder, into=frozen)
    there = {path.relative_to(frozen).as_posix(): path.read_bytes() for path in
             frozen.rglob("*") if path.is_file() and ".evisynth" not in path.parts}  # fmt: skip
    assert found == there
    assert "audit/log.jsonl" in found
    # with the history: only whoever may read it
    assert "audit/log.jsonl" not in packed(review, "gus")
    for who in ("ann", "dora", "ida", "hal"):
        with pytest.raises(PermissionDeniedError):
            packed(review, who)


def test_an_export_holds_nothing_of_open_decisions(review: Review) -> None:
    ben = review.desk("ben")
    team.decide(ben, "title_abstract", "r05", "exclude", reason="design", note="SECRET",
                tags=["SECRET"])  # fmt: skip
    team.add_note(ben, "r05", "SECRET", stage="title_abstract")
    for who in ("ann", "ben"):
        review.decide(who, "r01", "exclude", "animals")
    for public in (False, True):
        found = packed(review, "ada", public=public)
        assert b"SECRET" not in b"".join(found.values())
        table = found["decisions/title_abstract.csv"].decode()
        assert "r05" not in table
        assert table.count("r01") == 2
        assert "audit/log.jsonl" not in found
        assert b"left" in found["EXPORT.txt"]
    # who sees no votes takes none out
    assert "decisions/title_abstract.csv" not in packed(review, "finn")
    assert team.export_size(review.desk("ada")).hidden


def test_a_public_copy_names_nobody_and_opens_again(review: Review, tmp_path: Path) -> None:
    ada = review.desk("ada")
    team.change_person(
        ada, "ben", {"email": "ben@x.org", "affiliation": "Bern", "pseudonym": "Q 7"},
        version=review.version,
    )  # fmt: skip
    for who in ("ann", "ben"):
        review.decide(who, "r01", "exclude", "animals")
    team.unblind(ada, "full_text", reason="For the sake of it", confirmed=True)
    review.store.put(
        "duplicate", ("r14",), {"duplicate_of": "r13", "reason": "=cmd()", "made_by": "gus"},
        actor="gus", act="deduplicate",
    )  # fmt: skip
    found = packed(review, "ada", public=True)
    text = b"\n".join(found.values()).decode()
    for name in ("Ben Name", "ben@x.org", "Bern", "ann", "Ada Name", "Abstract on", "gus"):
        assert not re.search(rf"\b{name}\b", text), name
    assert "'=cmd()" in text
    assert "Q-7" in found["decisions/title_abstract.csv"].decode()
    folder = tmp_path / "public"
    for name, data in found.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    with open_store(folder / ".evisynth" / "review.db") as opened:
        thaw_review(folder)
        board = team.board_of(opened, folder)
        assert len(board.records) == 14
        state = board.state("title_abstract", "r01")
        assert state is not None
        assert state.status == "excluded"
        assert len(board.plan.people) == 10


def test_lists_are_formula_safe_and_blind(review: Review) -> None:
    ada, ann = review.desk("ada"), review.desk("ann")
    team.add_person(ada, {"name": "Lib", "roles": ("librarian", "reviewer")}, ident="lib")
    lib = review.desk("lib")
    team.decide(lib, "title_abstract", "r05", "exclude", reason="design", note="=1+1")
    team.decide(ann, "title_abstract", "r06", "exclude", reason="design", note="SECRET")
    text = "".join(team.list_text(lib, team.RecordFilter(), "csv"))
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == 14
    by_id = {row["id"]: row for row in rows}
    assert (by_id["r05"]["title_abstract own"], by_id["r05"]["title_abstract state"]) == (
        "exclude", "open",
    )  # fmt: skip
    other = by_id["r06"]
    assert (other["title_abstract own"], other["title_abstract state"]) == ("", "open")
    made = "".join(team.list_text(lib, team.RecordFilter(), "csv", "decisions"))
    assert "'=1+1" in made
    assert "SECRET" not in made
    only = team.RecordFilter(words="insomnia")
    ris = "".join(team.list_text(lib, only, "ris"))
    assert 0 < ris.count("TY  - ") < 14
    with pytest.raises(team.RefusedError):
        team.list_text(lib, only, "ris", "decisions")
    with pytest.raises(PermissionDeniedError):
        team.list_text(ann, only, "csv")
    job = team.list_in_background(lib, only, "ris", request_id="l")
    again = team.list_in_background(lib, only, "ris", request_id="l")
    assert (job.status, again.id) == ("done", job.id)
    assert team.export_file(lib, job.id)[1].read_text(encoding="utf-8") == ris
    with pytest.raises(team.NotThereError):
        team.export_file(ada, job.id)  # what one may see another may not
    assert team.exports_of(ada) == ()
    whole = team.export_in_background(ada, request_id="w")
    assert zipfile.is_zipfile(team.export_file(ada, whole.id)[1])


# deletion


def test_a_deleted_review_lies_beside_and_comes_back(review: Review) -> None:
    review.decide("ann", "r01", "include")
    ada, folder = review.desk("ada"), review.folder.resolve()
    for who in ("ann", "ida", "dora"):
        with pytest.raises(PermissionDeniedError):
            team.move_to_trash(review.desk(who), "worlds", confirmed=True)
    for typed, meant in (("other", True), ("worlds", False)):
        with pytest.raises(team.RefusedError):
            team.move_to_trash(ada, typed, confirmed=meant)
    assert team.find_in_trash(folder) is None
    made = team.move_to_trash(ada, "worlds", reason="Made for a course", confirmed=True)
    assert not folder.exists()
    assert "Made for a course" in made.note.read_text(encoding="utf-8")
    assert "r01" in (made.place / "decisions" / "title_abstract.csv").read_text(encoding="utf-8")
    assert team.find_in_trash(folder) == made
    assert team.empty_trash(folder.parent) == ()
    assert team.restore_from_trash(folder) == made
    assert not made.note.exists()
    with pytest.raises(team.NotThereError):
        team.restore_from_trash(folder)
    with open_store(folder, create=False) as store:
        acts = [entry.act for entry in store.history("setting")]
        assert acts == ["delete the review"]
        assert store.verify()[0].ok
    again = team.move_to_trash(review.desk("ada"), "worlds", confirmed=True)
    assert team.empty_trash(folder.parent, day=date.fromisoformat(again.until)) == ()
    last = date.fromisoformat(again.until) + timedelta(days=1)
    assert team.empty_trash(folder.parent, day=last) == (again.place,)
    assert team.find_in_trash(folder) is None
