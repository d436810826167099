"""`evisynth doctor`: does this machine, this review, this server have what it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evisynth.cli.errors import Code
from evisynth.cli.options import DebugOption, JsonOption, QuietOption
from evisynth.cli.shell import Shell

__all__ = ["doctor"]

SIGNS = {"ok": "ok  ", "warning": "look", "bad": "BAD "}


def doctor(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of a review to look at as well.", show_default=False, metavar="FOLDER"
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="Settings of a server to look at as well.",
            envvar="EVISYNTH_SERVER",
            show_default=False,
            metavar="FILE",
        ),
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Look whether everything is there: Python, libraries, fonts, disk, database, backups.

    With --config also the server: database version, migrations, mail, names, TLS, sign-in by
    institutions. Nothing is changed. The exit code is 1 when something is bad.

    Example:  evisynth doctor --config /srv/evisynth/evisynth-server.toml
    """
    from evisynth.actions import examine_machine
    from evisynth.web import examine_server, prepare_server, read_config

    shell = Shell("doctor", as_json, quiet)
    found = []
    if config is not None:
        settings = read_config(config)
        prepare_server(settings)
        found = list(examine_server(settings))
    checks = (*examine_machine(folder), *found)
    ok = not any(each.state == "bad" for each in checks)
    width = max(len(each.name) for each in checks)

    def text() -> str:
        lines = []
        for each in checks:
            lines.append(f"{SIGNS[each.state]}  {each.name:<{width}}  {each.words}")
            if each.hint:
                lines.append(f"{'':{width + 8}}{each.hint}")
        return "\n".join(lines)

    shell.answer({"checks": checks}, text, ok=ok)
    if not ok:
        raise typer.Exit(Code.FAILED_CHECK)
