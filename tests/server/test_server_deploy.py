"""Compose file, Dockerfile and docs name what there is."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from evisynth.cli.app import app
from evisynth.web import read_config_text

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, continued lines joined."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE)
    text = re.sub(r"\\\n\s*", " ", text)
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in text.splitlines() if line]


def command_there(words: list[str]) -> bool:
    """Tell whether words after ``evisynth`` name a command with options that it has."""
    command: Any = typer.main.get_command(app)
    while words and hasattr(command, "commands"):
        if words[0] not in command.commands:
            return False
        command, words = command.commands[words[0]], words[1:]
    known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    return not hasattr(command, "commands") and all(
        word.partition("=")[0] in known for word in words if word.startswith("--")
    )


def test_the_services_are_whole() -> None:
    services = COMPOSE["services"]
    assert set(services) == {"database", "app", "proxy"}
    for name, service in services.items():
        assert set(service.get("networks", ())) <= set(COMPOSE["networks"]), name
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (DEPLOY / source).is_file(), source
            else:
                assert source in COMPOSE["volumes"], source
        needed = service.get("depends_on", [])
        assert set(needed) <= set(services)
    # only the proxy can be reached from outside, and the database only from inside
    assert [name for name, each in services.items() if "ports" in each] == ["proxy"]
    assert services["database"]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{(\w+)", text))
    offered = set(re.findall(r"^(\w+)=", (DEPLOY / "env.example").read_text(), re.MULTILINE))
    assert asked == offered


def test_the_image_is_built_of_what_is_there_and_runs_as_nobody_special() -> None:
    made = instructions()
    known = {"FROM", "RUN", "WORKDIR", "COPY", "ENV", "USER", "EXPOSE", "VOLUME", "HEALTHCHECK",
             "CMD"}  # fmt: skip
    assert {word for word, _ in made} == known
    assert made[0] == ("FROM", "python:3.11-slim-trixie")
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    for word, rest in made:
        if word == "COPY":
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists()
                assert f"!{source}" in ignored
    assert [rest for word, rest in made if word == "USER"] == ["evisynth"]
    command = yaml.safe_load(next(rest for word, rest in made if word == "CMD"))
    assert command[0] == "evisynth"
    assert command_there(command[1:])
    build = COMPOSE["services"]["app"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
    # pg_dump of a database must not be older than the database
    major = re.search(r"postgres:(\d+)", COMPOSE["services"]["database"]["image"])
    assert major
    assert f"postgresql-client-{major[1]}" in DOCKERFILE
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    assert {"psycopg[binary]", "gunicorn", "django-allauth[mfa,socialaccount]"} == {
        re.split(r"[<>=]", each)[0] for each in extras["server"]
    }


def test_the_settings_of_the_container_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVISYNTH_HOST", "reviews.example.org")
    monkeypatch.setenv("EVISYNTH_DATABASE", "postgresql://evisynth:x@database/evisynth")
    monkeypatch.setenv("EVISYNTH_MAIL_PASSWORD", "")
    file = DEPLOY / "evisynth-server.toml"
    config = read_config_text(file.read_text(encoding="utf-8"), file)
    assert (config.hosts, config.tls, config.proxies) == (("reviews.example.org",), True, 1)
    given = COMPOSE["services"]["app"]["environment"]
    assert set(re.findall(r"env:(\w+)", file.read_text(encoding="utf-8"))) <= set(given)
    port = config.listen.rpartition(":")[2]
    assert f"reverse_proxy app:{port}" in (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    assert f"EXPOSE {port}" in DOCKERFILE
    assert f":{port}/health/" in DOCKERFILE


def commands_of_docs() -> list[str]:
    text = (ROOT / "docs" / "server.md").read_text(encoding="utf-8").replace("\\\n", " ")
    text += (DEPLOY / "compose.yaml").read_text(encoding="utf-8").replace("#   ", "    ")
    found = r"^    (?:.*?[ /])?evisynth ((?:server|doctor|restore|backup)\b[^#\n]*)"
    lines = re.findall(found, text, re.MULTILINE)
    return sorted(set(lines))


def test_the_commands_of_the_docs_are_there() -> None:
    lines = commands_of_docs()
    assert len(lines) > 8
    assert [line for line in lines if not command_there(shlex.split(line))] == []
