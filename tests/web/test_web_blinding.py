"""The adversary: whoever looks sees the same, whatever a reviewer did on records still open."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.web.adversary import Visitor, differences, filled, operations, routes
from tests.web.worlds import make_folder, make_world

# what was seen is kept for the tests that come later: one process for all
pytestmark = pytest.mark.xdist_group("adversary")

NOT_THERE = {
    "/api/v1/": "the root of the API shows nothing",
    "/api/v1/tokens": "tokens are those of accounts: on a server (tests/server)",
    "/api/v1/tokens/<token_id>": "the same",
    "/r/<review_id>/analysis/figure/": "no data are agreed on here, so that nothing is drawn",
    "/r/<review_id>/document/<build>/view/": "nothing is built here; what a document is built of"
    " is looked at in tests/unit/actions_team/test_team_document.py",
    "/r/<review_id>/document/<build>/all/": "the same",
    "/r/<review_id>/document/<build>/file/<name>": "the same",
}
"""Routes that have nothing to show in these worlds, each with the reason."""

NOT_DONE: dict[str, str] = {
    "/document": "a document is built in a process of its own, which ends at any moment",
}
"""Parts of addresses at which nobody acts here, each with the reason."""

NOT_CALLED = {
    ("post", "/api/v1/tokens"): "tokens are those of accounts: on a server (tests/server)",
    ("delete", "/api/v1/tokens/<token_id>"): "the same",
    ("post", "/api/v1/reviews/<review_id>/documents"): NOT_DONE["/document"],
    ("post", "/api/v1/reviews/<review_id>/documents/stop"): NOT_DONE["/document"],
}
"""Calls of the API that find nothing to act on in these worlds, each with the reason."""

PLANS = {
    "two votes": (2, "votes_needed = 2", "votes_needed = 2"),
    "three votes": (3, "votes_needed = 3", "votes_needed = 3"),
    "ranked": (2, 'votes_needed = 2\norder = "ranked"', "votes_needed = 2"),
    "discussion": (2, 'votes_needed = 2\nconflicts = "discussion"\nmaybe = "include"',
                   'votes_needed = 2\nconflicts = "discussion"'),
}  # fmt: skip


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes a world: (plan, secret) to its folder; `own` gives one that may be changed."""
    made: dict[tuple[str, str], tuple[Path, Path]] = {}

    def world(plan: str, secret: str, *, own: bool = False) -> Path:
        if (plan, secret) not in made:
            votes, title_abstract, full_text = PLANS[plan]
            folder = tmp_path_factory.mktemp("world")
            make_folder(folder / "first", title_abstract=title_abstract, full_text=full_text)
            make_world(folder / "first", secret, votes=votes)
            shutil.copytree(folder / "first", folder / "looked-at")
            made[plan, secret] = folder / "first", folder / "looked-at"
        first, looked_at = made[plan, secret]
        if not own:
            return looked_at
        return Path(shutil.copytree(first, tmp_path_factory.mktemp("own") / "review"))

    return world


@pytest.fixture(scope="module")
def looks() -> dict[tuple[Path, str], Visitor]:
    """What was seen already: by folder and person."""
    return {}


@pytest.fixture
def look(site: Any, looks: dict[tuple[Path, str], Visitor]) -> Callable[[Path, str], Visitor]:
    """Looks round in a folder as a person; who looked already is not asked to look again."""

    def looked(folder: Path, person: str) -> Visitor:
        if (folder, person) not in looks:
            visitor = looks[folder, person] = Visitor(site(folder), person)
            visitor.look_round()
        return looks[folder, person]

    return looked


LOOKING = [
    ("two votes", "ann"), ("two votes", "cleo"), ("two votes", "eve"), ("two votes", "hal"),
    ("two votes", "finn"), ("two votes", "gus"), ("three votes", "ann"), ("discussion", "ann"),
]  # fmt: skip


@pytest.mark.parametrize(("plan", "person"), LOOKING)
def test_nothing_that_anybody_sees_depends_on_what_another_did(
    plan: str, person: str, look: Callable[[Path, str], Visitor], worlds: Callable[..., Path]
) -> None:
    plain = look(worlds(plan, "plain"), person)
    busy = look(worlds(plan, "busy"), person)
    assert not differences(plain, busy), "\n".join(differences(plain, busy)[:20])
    assert len(plain.seen) > 300
    echoes = [address for address in busy.seen if "SECRET" in address]
    assert "SECRET" not in str({at: said for at, said in busy.seen.items() if at not in echoes})


@pytest.mark.parametrize("person", ["ada", "dora", "ida"])
def test_those_who_see_complete_records_see_nothing_of_the_others(
    person: str, look: Callable[[Path, str], Visitor], worlds: Callable[..., Path]
) -> None:
    """The history tells them that something was done; so the number of acts is the same here."""
    busy = look(worlds("two votes", "busy"), person)
    mirror = look(worlds("two votes", "mirror"), person)
    assert not differences(busy, mirror), "\n".join(differences(busy, mirror)[:20])


MODEST = ("/documents", "/document/")
"""What only the statistician does here, since the document of a review takes seconds to build."""

ACTING = [
    ("three votes", "ann"), ("two votes", "eve"), ("two votes", "hal"), ("two votes", "finn"),
    ("two votes", "gus"), ("two votes", "dora"), ("two votes", "ida"), ("two votes", "ada"),
]  # fmt: skip
"""One who has each role acts; with three votes needed nothing that Ann does completes a record."""


@pytest.fixture(scope="module")
def acts() -> dict[str, Visitor]:
    """Who did what they could: by name."""
    return {}


@pytest.mark.parametrize(("plan", "person"), ACTING)
def test_whatever_one_does_the_answer_tells_nothing_of_another(
    plan: str, person: str, site: Any, look: Callable[[Path, str], Visitor],
    worlds: Callable[..., Path], acts: dict[str, Visitor],
) -> None:  # fmt: skip
    # who may read the history sees how often somebody acted, so that has to be the same
    secrets = ("busy", "mirror") if person in ("ada", "dora", "ida") else ("plain", "busy")
    made = []
    for secret in secrets:
        forms = look(worlds(plan, secret), person).forms
        visitor = acts[person] = Visitor(site(worlds(plan, secret, own=True)), person)
        visitor.forms |= forms
        visitor.act(but=NOT_DONE if person == "finn" else (*NOT_DONE, *MODEST))
        visitor.look_round(asking=False)
        made.append(visitor)
    assert not differences(*made), "\n".join(differences(*made)[:20])
    done = [
        name for name, said in made[1].seen.items() if name.startswith("post ") and said[0] == 200
    ]
    assert len(done) > 5 or person in ("hal", "ida")


def test_a_ranked_queue_tells_nothing_of_another(site: Any, worlds: Callable[..., Path]) -> None:
    from evisynth.actions.team import wait_for_rankings

    orders = []
    for secret in ("plain", "busy"):
        served = site(worlds("ranked", secret))
        client = served.client("ann")
        for _ in range(2):
            answer = client.get(f"{served.api}/stages/title_abstract/queue")
            assert wait_for_rankings()
        orders.append(answer.json())
    assert orders[0] == orders[1]
    assert len(orders[0]["records"]) == 10
    # learned from Ann's one exclusion (animals) and what is settled: not the mixed order
    served = site(worlds("two votes", "plain"))
    mixed = served.client("ann").get(f"{served.api}/stages/title_abstract/queue").json()
    assert {made["id"] for made in mixed["records"]} == {
        made["id"] for made in answer.json()["records"]
    }
    assert mixed["records"] != answer.json()["records"]


def test_every_page_of_a_review_is_answered_for_somebody(
    look: Callable[[Path, str], Visitor], worlds: Callable[..., Path], acts: dict[str, Visitor]
) -> None:
    """A page that the adversary cannot open it cannot look at: give `VALUES` its parts."""
    seen = [look(worlds("two votes", "busy"), person) for person in ("ada", "ann", "gus")]
    seen += acts.values()
    answered = set().union(*(visitor.answered for visitor in seen))
    ours = {route for route in routes() if route.startswith(("/r/", "/api/"))}
    open_routes = {route for route in ours if answered & set(filled(route, seen[0].review))}
    assert ours - open_routes - set(NOT_THERE) == set()


def test_every_call_of_the_api_is_made_by_somebody(acts: dict[str, Visitor]) -> None:
    """A call that does not get as far as its act tells nothing of it: give `VALUES` its words."""
    if len(acts) < len(ACTING):
        pytest.skip("only together with the tests of what people do")
    reached = set().union(*(visitor.reached for visitor in acts.values()))
    calls = {(method, route) for method, route, _ in operations() if method != "get"}
    assert calls - reached - set(NOT_CALLED) == set()
    assert set(NOT_CALLED) <= calls


def test_the_adversary_sees_a_counter_that_betrays(
    site: Any, worlds: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def betrays(desk: Any) -> int:
        return sum(made.verdict == "exclude" for made in desk.board.decisions("title_abstract"))

    monkeypatch.setattr("evisynth.web.reviews.count_conflicts", betrays)
    made = []
    for secret in ("plain", "busy"):
        served = site(worlds("two votes", secret))
        visitor = Visitor(served, "ann")
        visitor.call(f"{served.base}/")
        made.append(visitor)
    assert len(differences(*made)) == 1
