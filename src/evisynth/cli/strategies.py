"""The commands ``search lint`` and ``search translate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evisynth.cli.errors import Code
from evisynth.cli.options import DebugOption, JsonOption, QuietOption
from evisynth.cli.search import search_app
from evisynth.cli.shell import Shell

__all__ = ["lint", "translate"]

PLATFORMS = "ovid, pubmed, embase, ebsco, proquest, wos, scopus or cochrane"

FileArgument = Annotated[
    Path | None,
    typer.Argument(
        help="File with the strategy: one query, or numbered lines.",
        show_default=False,
        metavar="FILE",
    ),
]
QueryOption = Annotated[
    str, typer.Option("--query", help="The query itself, instead of a file.", show_default=False)
]


@search_app.command()
def lint(
    file: FileArgument = None,
    platform: Annotated[
        str, typer.Option("--platform", "-p", help=f"Where it is run: {PLATFORMS}.")
    ] = "",
    query: QueryOption = "",
    hints: Annotated[
        bool, typer.Option("--hints/--no-hints", help="With what is only worth a thought.")
    ] = True,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Look a search strategy over: brackets, fields, operators, line references, spelling.

    Example:  evisynth search lint query.txt --platform ovid
    """
    from evisynth.actions import check_strategy

    shell = Shell("search lint", as_json, quiet)
    report = check_strategy(platform, query=query, query_file=file, hints=hints)
    shell.answer(
        {"platform": report.platform, "findings": report.rows()},
        lambda: str(report),
        ok=not report.errors,
    )
    if report.errors:
        raise typer.Exit(Code.FAILED_CHECK)


@search_app.command()
def translate(
    file: FileArgument = None,
    source: Annotated[
        str, typer.Option("--from", help=f"Platform it was written for: {PLATFORMS}.")
    ] = "",
    target: Annotated[str, typer.Option("--to", help="Platform to write it for.")] = "",
    query: QueryOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Write a strategy for another platform, with a list of everything that was lost.

    Example:  evisynth search translate query.txt --from pubmed --to ovid
    """
    from evisynth.actions import translate_strategy

    shell = Shell("search translate", as_json, quiet)
    made = translate_strategy(source, target, query=query, query_file=file)

    def text() -> str:
        lost = [f"  {loss}" for loss in made.losses] or ["  nothing"]
        notes = ["", "Notes", *(f"  {note}" for note in made.notes)] if made.notes else []
        return "\n".join([made.text, "", "Changed or lost", *lost, *notes])

    shell.answer(
        {
            "from": made.source,
            "to": made.target,
            "text": made.text,
            "same_meaning": made.same_meaning,
            "losses": made.rows(),
            "notes": list(made.notes),
        },
        text,
    )
