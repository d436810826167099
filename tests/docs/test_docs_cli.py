"""Every command and option has its place in docs/cli.md, and its help says how to use it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from evisynth.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
GROUP: Any = typer.main.get_command(app)
COMMANDS: dict[str, Any] = GROUP.commands


def section(name: str) -> str:
    match = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert match, f"docs/cli.md has no section {name!r}"
    return match[1]


def test_commands_of_the_first_release_are_there() -> None:
    assert set(COMMANDS) == {
        "new",
        "import",
        "dedupe",
        "run",
        "protocol",
        "check",
        "grade",
        "status",
        "thaw",
        "freeze",
        "audit",
        "convert",
        "export",
        "backup",
        "restore",
        "analyze",
        "serve",
        "server",
        "doctor",
        "simulate",
        "fulltext",
        "search",
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_command_is_documented(name: str) -> None:
    assert f"[`{name}`](#{name})" in PAGE
    assert f"evisynth {name}" in section(name)


def parts(command: Any) -> list[Any]:
    """A command, and all that stand under it."""
    below = getattr(command, "commands", {}).values()
    return [command, *(part for each in below for part in parts(each))]


def options() -> list[tuple[str, str]]:
    return [
        (name, option)
        for name, command in COMMANDS.items()
        for part in parts(command)
        for parameter in part.params
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("-")
    ]


@pytest.mark.parametrize(("name", "option"), options())
def test_option_is_documented(name: str, option: str) -> None:
    shared = PAGE.split("## Exit codes")[0]
    assert f"`{option}`" in section(name) or f"`{option}`" in shared


def test_documented_options_exist() -> None:
    """The page names no option that the program does not have."""
    known = {option for _, option in options()} | {"--help", "--version"}
    named = set(re.findall(r"`(--[a-z0-9-]+)`", PAGE))
    assert named - known == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_has_an_example(name: str) -> None:
    assert f"Example:  evisynth {name}" in (COMMANDS[name].help or "")


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        (name, parameter)
        for name, command in COMMANDS.items()
        for part in parts(command)
        for parameter in part.params
    ],
)
def test_every_parameter_has_help(name: str, parameter: Any) -> None:
    assert getattr(parameter, "help", None), f"{name} {parameter.name}"
