"""Kept stopping statements are read with the review, and bad rows are named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evisynth.errors import InputError
from evisynth.review import Review

HEADER = "stage,id,rule,parameters,statement,person,date,done,reason\n"
KEPT = json.dumps({"read": 200, "total": 217, "met": True, "ranking": {"seed": 3}})


def row(parameters: str = KEPT, done: str = "stopped") -> str:
    quoted = '"' + parameters.replace('"', '""') + '"'
    return f"title_abstract,ada-1,hypergeometric,{quoted},Enough.,ada,2026-01-02,{done},time\n"


@pytest.fixture
def folder(copy_example: Callable[[str, Path], Path], tmp_path: Path) -> Path:
    return copy_example("digital-interventions-cancer", tmp_path / "review")


def test_statements_are_part_of_the_review(folder: Path) -> None:
    assert Review.read(folder).stopping == ()
    path = folder / "decisions" / "stopping.csv"
    path.write_text(HEADER + row(), encoding="utf-8")
    (made,) = Review.read(folder).stopping
    assert (made.done, made.reason, made.parameters["read"]) == ("stopped", "time", 200)
    assert made.ranking == {"seed": 3}
    path.write_text("stage,id,rule\ntitle_abstract,1,consecutive\n", encoding="utf-8")
    assert Review.read(folder).stopping[0].ranking == {}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (row("{broken"), "column parameters: the parameters are no JSON object"),
        (row("[1]"), "column parameters: the parameters are no JSON object"),
        (row(done="ended"), "column done: unknown word 'ended'"),
    ],
    ids=["broken", "list", "word"],
)
def test_bad_rows_are_named(folder: Path, text: str, named: str) -> None:
    (folder / "decisions" / "stopping.csv").write_text(HEADER + text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Review.read(folder)
    assert f"decisions/stopping.csv, line 2, {named}" in str(caught.value)
