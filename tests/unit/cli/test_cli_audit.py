"""The command `audit`: a path, or the subcommand `verify`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evisynth.cli import run_command

RM5 = (
    '<COCHRANE_REVIEW ID="1"><COVER_SHEET><TITLE>Drugs</TITLE></COVER_SHEET><ANALYSES_AND_DATA>'
    '<COMPARISON ID="CMP-001" NO="1"><NAME>Drug</NAME><IV_OUTCOME ID="CMP-001.01" NO="1" '
    'RANDOM="NO" TOTALS="YES" ESTIMABLE="YES" EFFECT_SIZE="{effect}" CI_START="0.1040036015402" '
    'CI_END="0.8959963984598" DF="0"><NAME>Score</NAME><EFFECT_MEASURE>Score</EFFECT_MEASURE>'
    '<IV_DATA STUDY_ID="STD-A-2001" ESTIMATE="0.5" SE="0.2020408163265"/></IV_OUTCOME>'
    "</COMPARISON></ANALYSES_AND_DATA></COCHRANE_REVIEW>"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "review.rm5"
    path.write_text(RM5.format(effect="0.5"), encoding="utf-8")
    return path


def test_a_file_is_audited(file, capsys):
    assert run_command(["audit", str(file)]) == 0
    assert "1 stored result: equal when computed anew." in capsys.readouterr().out


@pytest.mark.parametrize("place", [0, 1], ids=["options first", "options last"])
def test_json_and_report(place, file, tmp_path, capsys):
    report = tmp_path / "report.html"
    options = ["--json", "--out", str(report)]
    words = [*options, str(file)] if place == 0 else [str(file), *options]
    assert run_command(["audit", *words]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["ok"], answer["command"], answer["report"]) == (True, "audit", report.as_posix())
    assert answer["results"][0]["verdict"] == "equal"
    assert report.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_result_that_differs_is_shown_and_ends_with_1(file, capsys):
    file.write_text(RM5.format(effect="0.6"), encoding="utf-8")
    assert run_command(["audit", str(file)]) == 1
    out = capsys.readouterr().out
    assert "CMP-001.01 Score: different" in out
    assert "0.6000" in out
    assert "0.5000" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["audit", "nowhere.rm5"], "is not there"),
        (["audit", "--json", "nowhere.rm5"], "is not there"),
        (["audit", "source"], "Missing argument"),
        (["audit", "verify", "nowhere"], "there is no history"),
        (["audit", "a.csv", "--column", "n1"], "a role and a column"),
    ],
    ids=["missing", "missing as json", "no path", "verify", "column"],
)
def test_bad_input_ends_with_2(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_command(words) == 2
    shown = capsys.readouterr()
    assert message in shown.out + shown.err


def test_a_file_called_verify_can_be_audited(file, capsys, monkeypatch):
    place = file.with_name("verify")
    place.mkdir()
    monkeypatch.chdir(file.parent)
    assert run_command(["audit", "./verify"]) == 2
    assert "holds no review.toml" in capsys.readouterr().err
