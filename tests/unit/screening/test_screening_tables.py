"""Decisions read from tables: roles, who was present, dates with the time."""

from pathlib import Path
from typing import Any

import pytest

from evisynth.errors import Problem
from evisynth.screening import Stage, read_decisions

STAGE = Stage("title_abstract", 2, {"design": "Not randomized"})
HEAD = "record_id,reviewer,decision,reason,role,date,present\n"


def read(tmp_path: Path, rows: str) -> tuple[Any, list[str]]:
    path = tmp_path / "t.csv"
    path.write_text(HEAD + rows, encoding="utf-8")
    problems: list[Problem] = []
    found = read_decisions(
        path, STAGE, where="t.csv", records="123", reviewers="abc", problems=problems
    )
    return found, [str(problem) for problem in problems]


def test_roles_and_those_present(tmp_path: Path) -> None:
    found, problems = read(
        tmp_path,
        "1,a,include,,,2026-03-31,\n"
        "1,b,exclude,design,reviewer,2026-03-31T14:05:00Z,\n"
        "1,a,exclude,design,discussion,,\n"
        "1,a,exclude,design,consensus,,a; b;a\n",
    )
    assert problems == []
    assert [made.role for made in found] == ["reviewer", "reviewer", "discussion", "consensus"]
    assert found[3].present == ("a", "b")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,a,include,,consensus,,a", "a consensus is of at least two people"),
        ("1,a,include,,consensus,,", "a consensus is of at least two people"),
        ("1,a,include,,consensus,,a;x", "unknown reviewer 'x'; allowed: a, b, c"),
        ("1,a,include,,,,a;b", "names people who came to a consensus, the role is 'reviewer'"),
        ("1,a,include,,,2026-13-01,", "'2026-13-01' is no date"),
        ("1,a,include,,umpire,,", "unknown role 'umpire'; allowed: reviewer, adjudicator"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, row: str, message: str) -> None:
    found, problems = read(tmp_path, row + "\n")
    assert found == ()
    assert any(message in text for text in problems)
