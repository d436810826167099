"""Who may do what: the table, its page, people who left, named people of a stage."""

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from evisynth.errors import EvisynthError, OptionError, PermissionDeniedError
from evisynth.review import (
    ACTS,
    PERMISSIONS,
    ROLES,
    Act,
    Person,
    Role,
    ignored_people,
    may,
    permission_table,
    permit,
    pseudonyms,
    reviewers_of,
    viewer_of,
)
from evisynth.screening import Stage

PAGE = (Path(__file__).parents[3] / "docs" / "team.md").read_text("utf-8")
STAGE = Stage("title_abstract", 2, {})


def person(*roles: str, **more: Any) -> Person:
    return Person("A. Lee", more.pop("id", "lee"), roles, **more)


def test_table_is_whole_and_printed() -> None:
    assert set(PERMISSIONS) == set(get_args(Act)) == set(ACTS)
    assert set(ROLES) == set(get_args(Role))
    assert all(set(roles) <= set(ROLES) for roles in PERMISSIONS.values())
    assert all(len(set(roles)) == len(roles) > 0 for roles in PERMISSIONS.values())
    assert permission_table() in PAGE
    for role, words in ROLES.items():
        assert f"| {role} | {words} |" in PAGE


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", ROLES)
def test_each_role_and_act(role: Any, act: Any) -> None:
    one = person(role)
    assert may(one, act) == (role in PERMISSIONS[act])
    if may(one, act):
        permit(one, act)
        permit(person("observer", role), act)
    else:
        with pytest.raises(PermissionDeniedError) as caught:
            permit(one, act)
        text = str(caught.value)
        assert repr(act) in text
        assert role in text
        assert all(other in text for other in PERMISSIONS[act])
        assert caught.value.allowed == PERMISSIONS[act]


@pytest.mark.parametrize(
    ("role", "acts"),
    [
        ("observer", {"read"}),
        ("auditor", {"read", "history", "see conflicts", "see agreement"}),
    ],
)
def test_roles_that_only_look(role: str, acts: set[str]) -> None:
    assert {act for act in ACTS if may(person(role), act)} == acts


def test_statistician_and_owner_have_no_votes() -> None:
    for role in ("statistician", "owner", "lead", "librarian"):
        assert not may(person(role), "decide")
    assert {act for act in ACTS if may(person("owner"), act)} >= {"delete", "settings", "people"}


def test_nobody_without_a_role_and_nobody_who_left() -> None:
    assert not any(may(person(), act) for act in ACTS)
    gone = person(*ROLES, left="2026-05-01")
    assert not any(may(gone, act) for act in ACTS)
    with pytest.raises(PermissionDeniedError, match="left the team on 2026-05-01"):
        permit(gone, "decide")
    assert issubclass(PermissionDeniedError, EvisynthError)


def test_stage_names_its_people() -> None:
    stage = replace(STAGE, reviewers=("lee",), adjudicators=("roth",))
    assert may(person("reviewer"), "decide", stage)
    other = person("reviewer", "adjudicator", id="diaz")
    assert not may(other, "decide", stage)
    assert not may(other, "adjudicate", stage)
    assert may(other, "adjudicate")
    with pytest.raises(PermissionDeniedError, match=r"names others for title_abstract \(roth\)"):
        permit(other, "adjudicate", stage)
    people = [person("reviewer"), other, person("reviewer", id="x", left="2026-01-01")]
    assert reviewers_of(people, stage) == ("lee",)
    assert reviewers_of(people, STAGE) == ("lee", "diaz")


def test_unknown_act() -> None:
    with pytest.raises(OptionError, match="Did you mean 'decide'"):
        may(person("reviewer"), "decied")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("roles", "sight"),
    [
        (("reviewer",), "own"),
        (("reviewer", "statistician"), "own"),
        (("reviewer", "adjudicator"), "complete"),
        (("lead",), "complete"),
        (("auditor",), "complete"),
        (("observer",), "results"),
        (("extractor", "librarian"), "results"),
        ((), "results"),
    ],
)
def test_how_each_looks_at_others(roles: Any, sight: str) -> None:
    assert viewer_of(person(*roles)).sight == sight
    assert viewer_of(person(*roles, left="2026-01-01")).sight == "results"


def test_pseudonyms_and_those_whose_votes_do_not_count() -> None:
    people = [
        person("reviewer", id="a"),
        person("reviewer", id="b", pseudonym="R1"),
        person("reviewer", id="c", left="2026-01-01", decisions_count=False),
        person("reviewer", id="d", left="2026-01-01"),
        person("reviewer", id="e", decisions_count=False),
    ]
    assert pseudonyms(people) == {"a": "R2", "b": "R1", "c": "R3", "d": "R4", "e": "R5"}
    assert ignored_people(people) == {"c"}
