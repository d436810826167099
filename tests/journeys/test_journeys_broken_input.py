"""Every broken input is answered with its place, and nothing is written over."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from evisynth.actions import new_review, run_review
from evisynth.cli import run_command

Capture = pytest.CaptureFixture[str]


@dataclass(frozen=True)
class Broken:
    """A file of the small review with one text replaced; what the message must name."""

    name: str
    file: str
    old: str
    new: str
    where: str
    at: str
    message: str
    allowed: str = ""


CASES = (
    Broken(
        "missing column", "extraction/sleep.csv", "mean1,sd1", "mean1,sd",
        "extraction/sleep.csv", "line 1", "'sd1'",
    ),
    Broken(
        "text in a number cell", "extraction/sleep.csv", "62,5.8", "62,about 5",
        "extraction/sleep.csv", "line 3, column mean1", "'about 5'",
    ),
    Broken(
        "negative SD", "extraction/sleep.csv", "5.8,2.6", "5.8,-2.6",
        "extraction/sleep.csv", "line 3, column sd1", "-2.6",
    ),
    Broken(
        "n = 0", "extraction/sleep.csv", "62,5.8", "0,5.8",
        "extraction/sleep.csv", "line 3, column n1", "0",
    ),
    Broken(
        "unknown measure", "review.toml", 'measure = "SMD"', 'measure = "SDM"',
        "review.toml", "measure", "'SDM'", "SMD",
    ),
    Broken(
        "duplicate study row", "extraction/sleep.csv", "Cole 2021,sleep", "Brook 2020,sleep",
        "extraction/sleep.csv", "line 4", "Brook 2020",
    ),
    Broken(
        "duplicate study", "studies/studies.csv", "Cole 2021,Cole2021", "Brook 2020,Cole2021",
        "studies/studies.csv", "line 4", "Brook 2020",
    ),
    Broken(
        "unknown decision", "decisions/title_abstract.csv", "Ames2019,r2,include",
        "Ames2019,r2,included", "decisions/title_abstract.csv", "line 3, column decision",
        "'included'", "include",
    ),
    Broken(
        "unknown reviewer", "decisions/title_abstract.csv", "Ames2019,r2", "Ames2019,r9",
        "decisions/title_abstract.csv", "line 3, column reviewer", "'r9'", "r2",
    ),
    Broken(
        "unknown reason", "decisions/full_text.csv", "Hale2023,r1,exclude,no_numbers",
        "Hale2023,r1,exclude,no_nmbers", "decisions/full_text.csv", "column reason",
        "'no_nmbers'", "no_numbers",
    ),
    Broken(
        "decision on a record that is not there", "decisions/title_abstract.csv", "Ives2017,r2",
        "Ives2018,r2", "decisions/title_abstract.csv", "column record_id", "'Ives2018'",
    ),
    Broken(
        "RoB answer outside the allowed set", "rob/rob2.csv", "consensus,Y,PY,N",
        "consensus,Y,YES?,N", "rob/rob2.csv", "line 3, column 1.2", "YES?", "PY",
    ),
    Broken(
        "TOML typo", "review.toml", 'id = "r1" ', 'id = "r1 ',
        "review.toml", "line", "",
    ),
    Broken(
        "misspelt key", "review.toml", "lower_is_better = true", "lower_is_beter = true",
        "review.toml", "lower_is_beter", "lower_is_beter", "lower_is_better",
    ),
    Broken(
        "wrong type", "review.toml", "votes_needed = 2", 'votes_needed = "two"',
        "review.toml", "votes_needed", "two",
    ),
    Broken(
        "an analysis that selects no study", "review.toml", 'formats = ["end score"]',
        'formats = ["change score"]', "review.toml", "formats", "change score",
    ),
    Broken(
        "unknown outcome of an analysis", "review.toml", 'outcome = "sleep"\nmeasure',
        'outcome = "slep"\nmeasure', "review.toml", "outcome", "'slep'", "sleep",
    ),
    Broken(
        "study that is not included", "extraction/sleep.csv", "Cole 2021,sleep", "Cole 2022,sleep",
        "extraction/sleep.csv", "line 4, column study", "'Cole 2022'",
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = new_review(tmp_path_factory.mktemp("broken") / "review").folder
    run_review(folder, formats=["html"])
    return folder


@pytest.fixture
def review(built: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(built, tmp_path / "review"))


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file of out/, with its bytes and when it was written."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted((folder / "out").rglob("*"))
        if path.is_file()
    }


def run_broken(folder: Path, capsys: Capture) -> list[dict[str, str]]:
    """Run and check a broken review; return the errors told, out/ being what it was."""
    before = state(folder)
    capsys.readouterr()
    for command in ("run", "check", "status"):
        assert run_command([command, str(folder), "--json"]) == 2
        shown = capsys.readouterr()
        told = json.loads(shown.out)
        assert told["ok"] is False
        assert run_command([command, str(folder)]) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        assert "Traceback" not in shown.err
        assert all(error["message"] in shown.err for error in told["errors"])
    assert state(folder) == before
    errors: list[dict[str, str]] = told["errors"]
    return errors


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_broken_input(case: Broken, review: Path, capsys: Capture) -> None:
    path = review / case.file
    text = path.read_text(encoding="utf-8")
    assert text.count(case.old) >= 1, "the case does not break anything"
    path.write_text(text.replace(case.old, case.new, 1), encoding="utf-8")
    errors = run_broken(review, capsys)
    fitting = [
        error
        for error in errors
        if error["where"] == case.where
        and case.at in error["at"]
        and case.message in error["message"] + error["at"]
    ]
    assert fitting, errors
    assert case.allowed in " ".join([*fitting[0]["allowed"], fitting[0]["hint"], ""])


def test_several_mistakes_are_told_at_once(review: Path, capsys: Capture) -> None:
    for case in CASES:
        if case.name in ("negative SD", "unknown decision", "RoB answer outside the allowed set"):
            path = review / case.file
            text = path.read_text(encoding="utf-8").replace(case.old, case.new, 1)
            path.write_text(text, encoding="utf-8")
    assert {error["where"] for error in run_broken(review, capsys)} >= {
        "extraction/sleep.csv",
        "decisions/title_abstract.csv",
        "rob/rob2.csv",
    }


@pytest.mark.parametrize(
    "file", ["review.toml", "extraction/sleep.csv", "studies/studies.csv", "rob/rob2.csv"]
)
def test_unreadable_encoding(file: str, review: Path, capsys: Capture) -> None:
    path = review / file
    path.write_bytes(
        path.read_bytes().replace(b"made up", b"K\xf6ln").replace(b"2019", b"2019\xe9")
    )
    errors = run_broken(review, capsys)
    assert [error["where"] for error in errors if "line" in error["at"]][:1] == [file]


@pytest.mark.parametrize(
    ("file", "keep"),
    [("extraction/sleep.csv", 0), ("extraction/sleep.csv", 1), ("rob/rob2.csv", 0)],
)
def test_empty_table(file: str, keep: int, review: Path, capsys: Capture) -> None:
    """Without anything, and with its header alone (which is fine where nobody has assessed yet)."""
    path = review / file
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:keep]), encoding="utf-8")
    assert file in [error["where"] for error in run_broken(review, capsys)]


@pytest.mark.parametrize("file", ["review.toml", "extraction/sleep.csv", "rob/rob2.csv"])
def test_missing_file(file: str, review: Path, capsys: Capture) -> None:
    (review / file).unlink()
    errors = run_broken(review, capsys)
    name = Path(file).name
    assert any(name in " ".join([error["where"], error["message"]]) for error in errors)


def test_no_folder(tmp_path: Path, capsys: Capture) -> None:
    for command in ("run", "check", "status"):
        assert run_command([command, str(tmp_path / "nowhere")]) == 2
        assert "nowhere" in capsys.readouterr().err


def test_one_study_only_is_no_error(review: Path, capsys: Capture) -> None:
    """An analysis of one study shows its own result and names what cannot be computed."""
    path = review / "extraction" / "sleep.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:2]), encoding="utf-8")
    capsys.readouterr()
    assert run_command(["run", str(review), "--format", "html", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    line = next(line for line in told["analyses"] if line["id"] == "sleep")
    assert line["k"] == 1
    assert line["not_done"]
    stored = json.loads((review / "out" / "results.json").read_text(encoding="utf-8"))
    overall = stored["analyses"]["sleep"]["overall"]
    assert overall["tau2"] is None
    assert overall["reasons"]["tau2"]


def test_out_of_others_is_never_touched(
    copy_example: Callable[[str, Path], Path], tmp_path: Path, capsys: Capture
) -> None:
    folder = copy_example("digital-interventions-cancer", tmp_path / "review")
    (folder / "out").mkdir()
    (folder / "out" / "thesis.txt").write_text("years of work", encoding="utf-8")
    assert run_command(["run", str(folder), "--format", "html"]) == 2
    assert "thesis.txt" in capsys.readouterr().err
    assert (folder / "out" / "thesis.txt").read_text(encoding="utf-8") == "years of work"
    assert [path.name for path in (folder / "out").iterdir()] == ["thesis.txt"]
