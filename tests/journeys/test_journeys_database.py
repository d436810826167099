"""A review between folder and database, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evisynth.actions import open_store
from evisynth.cli.main import run_command


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, object]]:
    capsys.readouterr()
    code = run_command([*arguments, "--json"])
    made: dict[str, object] = json.loads(capsys.readouterr().out)
    return code, made


def tag(folder: Path, name: str) -> None:
    with open_store(folder) as store:
        store.put("tag", ("Adams2018", "ada", name), {}, actor="ada", act="tag")


def test_from_the_folder_to_the_database_and_back(
    small: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    place = str(small)
    code, made = answer(capsys, "audit", "verify", place)
    assert code == 2
    assert "there is no history" in str(made["errors"])
    code, made = answer(capsys, "freeze", place)
    assert code == 2
    assert "evisynth thaw" in str(made["errors"])
    code, made = answer(capsys, "thaw", place, "--by", "ada")
    assert code == 0
    assert made["first"] is True
    assert answer(capsys, "freeze", place)[1]["written"] == ["audit/log.jsonl"]
    assert answer(capsys, "freeze", place)[1]["written"] == []
    code, made = answer(capsys, "audit", "verify", place)
    assert (code, made["warnings"]) == (0, [])
    head = str(made["head"])
    tag(small, "children")
    assert answer(capsys, "audit", "verify", place, "--head", head)[0] == 1, "the text is behind"
    answer(capsys, "freeze", place)
    assert answer(capsys, "audit", "verify", place, "--head", head)[0] == 0
    code, made = answer(capsys, "audit", "verify", place, "--head", "f" * 64)
    assert code == 1
    assert "noted earlier" in str(made["errors"])
    copy = tmp_path / "copy"
    assert answer(capsys, "freeze", place, "--into", str(copy))[0] == 0
    assert (copy / "audit" / "log.jsonl").read_bytes() == (
        small / "audit" / "log.jsonl"
    ).read_bytes()
    code, made = answer(capsys, "thaw", str(copy))
    assert (code, made["edited"], made["first"]) == (0, [], False)


def test_check_and_run_know_that_the_database_is_ahead(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = str(small)
    answer(capsys, "thaw", place)
    answer(capsys, "freeze", place)
    assert answer(capsys, "run", place, "--format", "html")[1]["warnings"] == []
    assert answer(capsys, "check", place)[0] == 0
    tag(small, "one")
    code, made = answer(capsys, "check", place)
    assert code == 1
    assert "the database is 1 entry ahead" in str(made["errors"])
    code, made = answer(capsys, "run", place, "--format", "html")
    assert code == 0
    assert "1 entry of the database" in str(made["warnings"])
    assert (small / "notes" / "tags.csv").is_file()
    assert answer(capsys, "check", place)[0] == 0
    notes = small / "notes" / "tags.csv"
    notes.write_text(notes.read_text(encoding="utf-8") + "Baker2019,ben,two,\n", encoding="utf-8")
    _, made = answer(capsys, "check", place)
    assert "edited in the folder and in no history yet: 1 of tag" in str(made["warnings"])
    tag(small, "three")
    code, made = answer(capsys, "run", place, "--format", "html")
    assert code == 2
    assert "was edited in the folder and is not in the database" in str(made["errors"])
    code, made = answer(capsys, "thaw", place)
    assert made["edited"] == [{"kind": "tag", "key": ["Baker2019", "ben", "two"], "what": "added"}]
    assert answer(capsys, "run", place, "--format", "html")[0] == 0


def test_check_fails_on_a_broken_chain(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = str(small)
    answer(capsys, "thaw", place)
    answer(capsys, "freeze", place)
    answer(capsys, "run", place, "--format", "html")
    log = small / "audit" / "log.jsonl"
    text = log.read_text(encoding="utf-8")
    log.write_text(text.replace('"act":"read from the folder"', '"act":"decide"', 1))
    for command in (["check", place], ["audit", "verify", place]):
        code, made = answer(capsys, *command)
        assert code == 1
        assert "line 1" in str(made["errors"])
        assert "changed after it was written" in str(made["errors"])
    assert answer(capsys, "thaw", place)[0] == 2


def test_backup_and_restore(
    small: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    answer(capsys, "thaw", str(small))
    code, made = answer(capsys, "backup", str(small))
    assert code == 0
    file = Path(str(made["file"]))
    assert file.parent == small / ".evisynth" / "backups"
    code, made = answer(capsys, "restore", str(file), str(tmp_path / "new.db"))
    assert code == 0
    assert (tmp_path / "new.db").is_file()
    code, made = answer(capsys, "restore", str(file), str(small))
    assert code == 2
    assert "is there already" in str(made["errors"])


def test_what_the_commands_say_to_people(
    small: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    place = str(small)
    for command in (
        ["thaw", place], ["freeze", place], ["freeze", place], ["thaw", place],
        ["audit", "verify", place], ["backup", place, "--to", str(tmp_path / "a.db")],
        ["restore", str(tmp_path / "a.db"), str(tmp_path / "b.db")],
    ):  # fmt: skip
        assert run_command(command) == 0
    text = capsys.readouterr().out
    for words in (
        "A history was begun:", "Written: audit/log.jsonl", "Every file was as it should be.",
        "Nothing was edited in the folder.", "The history is whole", "every history verifies",
    ):  # fmt: skip
        assert words in text
