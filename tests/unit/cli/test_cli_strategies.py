"""`search lint` and `search translate`."""

import json
from pathlib import Path

from typer.testing import CliRunner

from evisynth.cli.app import app
from evisynth.cli.main import run_command

STRATEGY = """1. exp Neoplasms/
2. (cancer* or tumo?r*).ti,ab.
3. 1 or 2
4. (digital adj3 intervention*).ti,ab.
5. 3 and 4{more}
"""


def call(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(arguments))
    return done.exit_code, done.output


def strategy(folder: Path, more: str = "") -> str:
    path = folder / "query.txt"
    path.write_text(STRATEGY.format(more=more), encoding="utf-8")
    return str(path)


def test_a_sound_strategy_passes_and_a_dangling_reference_fails(tmp_path: Path) -> None:
    code, text = call("search", "lint", strategy(tmp_path), "-p", "ovid", "--no-hints")
    assert (code, text.splitlines()[0]) == (0, "Ovid: 0 errors, 0 warnings, 0 hints")
    code, text = call("search", "lint", strategy(tmp_path, " and 9"), "-p", "ovid", "--json")
    found = json.loads(text)
    assert (code, found["ok"]) == (1, False)
    assert [row["code"] for row in found["findings"]] == ["dangling-reference"]
    assert found["findings"][0]["line"] == 5


def test_what_a_translation_loses_is_listed(tmp_path: Path) -> None:
    code, text = call("search", "translate", strategy(tmp_path), "--from", "ovid", "--to", "wos")
    assert code == 0
    assert "TI=(digital NEAR/2 intervention*)" in text
    assert "no controlled vocabulary" in text
    platforms = ("--from", "pubmed", "--to", "ovid")
    code, text = call("search", "translate", "--query", "walk*[tiab]", *platforms, "--json")
    assert json.loads(text)["text"] == "walk*.ti,ab."


def test_bad_calls_name_what_is_allowed(tmp_path: Path, capsys) -> None:
    for arguments, words in (
        (["search", "lint", strategy(tmp_path)], "allowed: ovid, pubmed"),
        (["search", "lint", strategy(tmp_path), "-p", "google"], "'google' is not known"),
        (["search", "translate", "--from", "ovid", "--to", "wos"], "query"),
        (["search", "lint", str(tmp_path / "none.txt"), "-p", "ovid"], "none.txt"),
    ):
        assert run_command(arguments) == 2
        assert words in capsys.readouterr().err
