"""People, criteria and rules of stages: edits of the plan, what follows, what the rules refuse."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.web.worlds import desk, make_folder

from evisynth.actions import open_store, team
from evisynth.actions.thaw import thaw_review
from evisynth.errors import EvisynthError, InputError, OptionError, PermissionDeniedError
from evisynth.storage import Store, VersionConflict


class Review:
    """A review with what its people do."""

    def __init__(self, folder: Path) -> None:
        self.folder = make_folder(
            folder, title_abstract="votes_needed = 2  # as in the protocol\n# nobody else",
            full_text="votes_needed = 2",
        )  # fmt: skip
        self.store: Store = open_store(folder / ".evisynth" / "review.db")
        thaw_review(folder)

    def desk(self, who: str) -> team.Desk:
        return desk(self.store, self.folder, who)

    @property
    def plan(self) -> str:
        return str((self.store.get("plan", ("review.toml",)).value or {})["text"])

    @property
    def version(self) -> int:
        return team.plan_version(self.desk("ada"))

    def person(self, who: str) -> dict[str, Any]:
        people = tomllib.loads(self.plan)["people"]
        return next(made for made in people if made["id"] == who)

    def decide(self, who: str, record: str, verdict: str, reason: str = "") -> None:
        team.decide(self.desk(who), "title_abstract", record, verdict, reason=reason)


@pytest.fixture
def review(tmp_path: Path) -> Iterator[Review]:
    made = Review(tmp_path / "review")
    yield made
    made.store.close()


def test_a_person_is_added_once_and_comments_stay(review: Review) -> None:
    ada = review.desk("ada")
    values: dict[str, object] = {
        "name": "Åsa  Berg",
        "roles": ("extractor", "reviewer"),
        "email": "a@b.org",
    }
    for _ in range(2):
        assert team.add_person(ada, values, request_id="1") == "asa"
    assert team.add_person(ada, {"name": "Asa Other"}) == "asa2"
    assert review.person("asa") == {
        "id": "asa", "name": "Åsa Berg", "roles": ["reviewer", "extractor"], "email": "a@b.org",
    }  # fmt: skip
    assert "# as in the protocol" in review.plan
    assert "# nobody else" in review.plan
    with pytest.raises(team.RefusedError, match="already"):
        team.add_person(ada, {"name": "X"}, ident="Asa")
    wrong: tuple[tuple[dict[str, object], type[EvisynthError]], ...] = (
        ({"name": ""}, team.RefusedError), ({"name": "x", "roles": ("king",)}, OptionError),
        ({"name": "x", "email": "nobody"}, team.RefusedError),
        ({"name": "x", "orcid": "12"}, team.RefusedError),
        ({"name": "x" * 301}, team.RefusedError), ({"name": "x", "left": "now"}, OptionError),
    )  # fmt: skip
    head = review.store.head()
    for values, error in wrong:
        with pytest.raises(error):
            team.add_person(ada, values)
    with pytest.raises(team.RefusedError, match="no id"):
        team.add_person(ada, {"name": "x"}, ident="../x")
    for who in ("ann", "dora", "ida"):
        with pytest.raises(PermissionDeniedError):
            team.add_person(review.desk(who), {"name": "x"})
    assert review.store.head() == head


def test_two_people_edit_the_plan_and_neither_is_lost(review: Review) -> None:
    ada, seen = review.desk("ada"), review.version
    team.change_person(ada, "ann", {"name": "Ann Lee"}, version=seen)
    # another field, another part of the plan: both stand
    team.change_person(ada, "ann", {"affiliation": "Bern"}, version=seen)
    team.change_criteria(ada, {"include": "Randomized trial\nWalking\nAdults"}, version=seen)
    ann = review.person("ann")
    assert (ann["name"], ann["affiliation"]) == ("Ann Lee", "Bern")
    # the same field: shown, not written over
    with pytest.raises(VersionConflict) as caught:
        team.change_person(ada, "ann", {"name": "A. Lee", "orcid": ""}, version=seen)
    found = caught.value.conflicts[0]
    assert (found.base, found.mine, found.theirs) == (
        {"name": "Ann Name"}, {"name": "A. Lee"}, {"name": "Ann Lee"},
    )  # fmt: skip
    team.change_person(ada, "ann", {"name": "A. Lee"}, version=found.version)
    assert review.person("ann")["name"] == "A. Lee"
    head = review.store.head()
    # what stands there already is no conflict
    team.change_person(ada, "ann", {"name": "A. Lee"}, version=seen)
    for nonsense in (0, 99):
        with pytest.raises(team.RefusedError, match="out of date"):
            team.change_person(ada, "ann", {"name": "B"}, version=nonsense)
    assert review.store.head() == head


def test_an_owner_stays_and_only_owners_make_owners(review: Review) -> None:
    ada, version = review.desk("ada"), review.version
    with pytest.raises(team.RefusedError, match="needs an owner"):
        team.change_person(ada, "ada", {"roles": ("lead",)}, version=version)
    with pytest.raises(team.RefusedError, match="needs an owner"):
        team.leave_team(ada, "ada", version=version)
    follows = team.change_person(ada, "dora", {"roles": ("lead",)}, version=version)
    assert follows == ()
    with pytest.raises(team.RefusedError, match="only an owner"):
        team.change_person(
            review.desk("dora"), "dora", {"roles": ("lead", "owner")}, version=review.version
        )
    team.change_person(ada, "dora", {"roles": ("owner",)}, version=review.version)
    said = team.change_person(ada, "ada", {"roles": ()}, version=review.version)
    assert any("you could not" in line for line in said)
    team.change_person(ada, "ada", {"roles": ()}, version=review.version, confirmed=True)
    assert review.person("ada")["roles"] == []


def test_fewer_reviewers_than_decisions_is_said_first(review: Review) -> None:
    ada = review.desk("ada")
    for who in ("ann", "ben"):
        said = team.change_person(ada, who, {"roles": ("extractor",)}, version=review.version)
        if who == "ben":
            assert any("1 of the team may decide" in line for line in said)
    assert "reviewer" in review.person("ben")["roles"]


def test_who_leaves_keeps_decisions_and_hands_on_what_waits(review: Review) -> None:
    ada = review.desk("ada")
    asked = {"r01": ("ann", "ben"), "r02": ("ann", "ben"), "r03": ("ann", "ben"),
             "r04": ("ben", "cleo")}  # fmt: skip
    review.store.put_many(
        [("assignment", ("title_abstract", record, who), {"rule": "split"})
         for record, people in asked.items() for who in people],
        actor="ada", act="assign",
    )  # fmt: skip
    for record in ("r01", "r02"):
        review.decide("ann", record, "include")
    review.decide("ben", "r01", "include")
    plan = team.plan_leaving(ada, "ben")
    line = plan.stages[0]
    assert (line.decided, line.moved, line.nobody, line.lacking) == (1, {"ann": 1, "cleo": 2}, 0, 0)
    away = team.plan_leaving(ada, "ben", decisions_count=False).stages[0]
    assert away.lacking == 1
    assert team.plan_leaving(ada, "ben", takers=["ann"]).stages[0].nobody == 2
    head = review.store.head()
    for _ in range(2):
        team.leave_team(ada, "ben", version=review.version, date="2026-02-01", request_id="7")
    entries = review.store.history(after=head.number)
    assert {made.act for made in entries} == {"leave the team"}
    assert sum(made.kind == "plan" for made in entries) == 1
    board = review.desk("ada").board
    assert board.asked("title_abstract", "r01") == ("ann", "ben")  # decided: stays
    assert board.asked("title_abstract", "r02") == ("ann", "cleo")
    assert board.asked("title_abstract", "r04") == ("ann", "cleo")
    assert review.person("ben")["left"] == "2026-02-01"
    with pytest.raises(PermissionDeniedError, match="left the team"):
        review.decide("ben", "r05", "include")
    with pytest.raises(team.RefusedError, match="left on"):
        team.plan_leaving(ada, "ben")
    team.return_to_team(ada, "ben", version=review.version)
    assert "left" not in review.person("ben")
    for mistake in ({"date": "soon"}, {"takers": ("nobody",)}):
        with pytest.raises(EvisynthError):
            team.leave_team(ada, "cleo", version=review.version, **mistake)
    with pytest.raises(team.NotThereError):
        team.plan_leaving(ada, "nobody")


def test_others_see_no_addresses_and_no_pseudonyms(review: Review) -> None:
    ada = review.desk("ada")
    team.change_person(
        ada, "ben", {"email": "ben@x.org", "pseudonym": "R7"}, version=review.version
    )
    for who, seen in (("ada", "ben@x.org"), ("ann", ""), ("ida", ""), ("ben", "ben@x.org")):
        line = next(made for made in team.team_people(review.desk(who)) if made.person.id == "ben")
        assert line.person.email == seen
        assert bool(line.person.pseudonym) == bool(seen)
    with pytest.raises(team.RefusedError, match="pseudonym"):
        team.change_person(ada, "ann", {"pseudonym": "R7"}, version=review.version)


# stages


def test_lists_and_rules_are_written_where_they_stand(review: Review) -> None:
    ada = review.desk("ada")
    for _ in range(2):
        team.change_criteria(
            ada, {"exclude": ["Animals", " In  vitro ", ""], "mark_include": "randomi*"},
            version=review.version, request_id="c",
        )  # fmt: skip
    data = tomllib.loads(review.plan)
    assert data["criteria"]["exclude"] == ["Animals", "In vitro"]
    assert data["highlight"] == {"include": ["randomi*"]}
    found = team.change_stage(
        ada, "title_abstract",
        {"order": "ranked", "pilot": "20", "kappa_min": "0,6", "stop_recall": 0.9,
         "maybe": "discuss", "reviewers": ("ann", "ben")},
        version=review.version,
    )  # fmt: skip
    assert found.nothing
    there = tomllib.loads(review.plan)["stages"]["title_abstract"]
    assert there["pilot"] == 20
    assert (there["kappa_min"], there["stop_recall"], there["order"]) == (0.6, 0.9, "ranked")
    assert "maybe" not in there  # as without it
    assert "# as in the protocol" in review.plan
    rules = review.desk("ada").stage("title_abstract")
    assert (rules.reviewers, rules.stop_recall) == (("ann", "ben"), 0.9)
    wrong: tuple[dict[str, object], ...] = (
        {"votes_needed": 0}, {"votes_needed": "x"}, {"pilot": -1}, {"kappa_min": 3},
        {"maybe": "often"}, {"blind": False}, {"reviewers": ("king",)}, {"stop_recall": "nan"},
        {"reasons": {"a b": "x"}}, {"reasons": {"a": ""}}, {"reasons": {"a": "X", "b": "x"}},
    )  # fmt: skip
    head = review.store.head()
    for values in wrong:
        with pytest.raises(EvisynthError):
            team.change_stage(ada, "title_abstract", values, version=review.version)
    with pytest.raises(EvisynthError):
        team.change_stage(ada, "full_text", {"maybe": "include"}, version=review.version)
    with pytest.raises(OptionError):
        team.change_criteria(ada, {"title": "x"}, version=review.version)
    for who in ("ann", "dora", "finn"):
        with pytest.raises(PermissionDeniedError):
            team.change_stage(review.desk(who), "full_text", {"pilot": 1}, version=review.version)
    assert review.store.head() == head


def test_what_new_rules_move_is_said_and_nothing_of_open_records(review: Review) -> None:
    ada = review.desk("ada")
    for who in ("ann", "ben"):
        review.decide(who, "r01", "exclude", "design")
    review.decide("ann", "r02", "exclude", "animals")
    review.decide("ann", "r03", "maybe")
    review.decide("ben", "r03", "include")
    more = team.follows_from(ada, "title_abstract", {"votes_needed": 3}, version=review.version)
    assert more.moved == (("excluded", "open", 1),)
    fewer = team.change_stage(ada, "title_abstract", {"votes_needed": 1}, version=review.version)
    assert (fewer.moved, fewer.completed, fewer.nothing) == ((), 1, False)
    maybe = team.follows_from(ada, "title_abstract", {"maybe": "include"}, version=review.version)
    assert maybe.moved == (("open", "included", 1),)
    assert "votes_needed = 2" in review.plan
    team.change_stage(
        ada, "title_abstract", {"votes_needed": 1}, version=review.version, confirmed=True
    )
    assert "votes_needed = 1  # as in the protocol" in review.plan
    state = review.desk("ada").board.state("title_abstract", "r02")
    assert state is not None
    assert state.status == "excluded"


def test_a_reason_in_use_or_perhaps_in_use_stays(review: Review) -> None:
    ada = review.desk("ada")
    both = {"design": "Not randomized", "animals": "Animals"}
    review.decide("ann", "r02", "include")
    # whether or not the hidden decision gives it, the answer is the same
    for gone in both:
        left = {code: words for code, words in both.items() if code != gone}
        with pytest.raises(team.RefusedError, match="still lack decisions"):
            team.change_stage(ada, "title_abstract", {"reasons": left}, version=review.version)
    review.decide("ben", "r02", "include")
    for who in ("ann", "ben"):
        review.decide(who, "r01", "exclude", "design")
    with pytest.raises(team.RefusedError, match="given by 2 decisions"):
        team.change_stage(
            ada, "title_abstract", {"reasons": {"animals": "Animals"}}, version=review.version
        )
    new = {"wrong": "Wrong population", "design": "No randomization"}
    team.change_stage(ada, "title_abstract", {"reasons": new}, version=review.version)
    rules = review.desk("ada").stage("title_abstract")
    assert list(rules.reasons.items()) == list(new.items())


def test_a_plan_that_would_not_be_sound_is_not_written(review: Review) -> None:
    text = review.plan.replace("[criteria]", "[criteria]\nodd = 1")
    review.store.put("plan", ("review.toml",), {"text": text}, actor="ada", act="edit")
    ada = review.desk("ada")
    # an old problem is no hindrance to mending something else
    team.change_criteria(ada, {"include": "One"}, version=review.version)
    assert 'include = ["One"]' in review.plan
    review.store.put("plan", ("review.toml",), {"text": "not = = toml"}, actor="ada", act="edit")
    with pytest.raises(InputError, match="not valid TOML"):
        team.change_criteria(ada, {"include": "Two"}, version=team.plan_version(ada))


# opening


def test_opening_is_reasoned_confirmed_once_and_for_good(review: Review) -> None:
    ada = review.desk("ada")
    review.decide("ben", "r05", "exclude", "design")
    cleo = review.desk("cleo")
    rules = cleo.stage("title_abstract")
    assert team.seen_votes(cleo, rules, "r05") == ()
    plan = team.plan_unblinding(ada, "title_abstract", ["r05", "r06"])
    assert (plan.hidden, plan.waiting, plan.records) == (1, 2, ("r05", "r06"))
    assert "Finn Name" not in plan.people
    with pytest.raises(team.RefusedError, match="say why"):
        team.unblind(ada, "title_abstract", reason="because", confirmed=True)
    with pytest.raises(team.RefusedError, match="confirm"):
        team.unblind(ada, "title_abstract", reason="Ben will not come back")
    for who in ("ann", "dora", "ida", "finn"):
        with pytest.raises(PermissionDeniedError):
            team.plan_unblinding(review.desk(who), "title_abstract")
    with pytest.raises(team.NotThereError):
        team.plan_unblinding(ada, "title_abstract", ["nothing"])
    for _ in range(2):
        team.unblind(
            ada, "title_abstract", reason="Ben will not come back", records=["r05"],
            confirmed=True, request_id="u",
        )  # fmt: skip
    assert len(review.store.history("unblinding")) == 1
    assert [made.reviewer for made in team.seen_votes(cleo, rules, "r05")] == ["ben"]
    assert team.seen_votes(review.desk("finn"), rules, "r05") == ()
    with pytest.raises(team.RefusedError, match="already"):
        team.unblind(
            ada, "title_abstract", reason="once more, please", records=["r05"], confirmed=True
        )
    team.unblind(ada, "title_abstract", reason="The stage has ended", confirmed=True)
    line = team.sightlines(cleo)[0]
    assert line.opened
    assert {made.reason for made in line.events} == {
        "The stage has ended", "Ben will not come back",
    }  # fmt: skip
    with pytest.raises(team.RefusedError, match="lie open"):
        team.plan_unblinding(ada, "title_abstract")
