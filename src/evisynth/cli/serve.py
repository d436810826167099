"""`evisynth serve`: the review in the browser, on one's own machine."""

from __future__ import annotations

import contextlib
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from evisynth.cli.options import DebugOption, JsonOption, QuietOption
from evisynth.cli.shell import Shell
from evisynth.display import plural

__all__ = ["serve"]


def serve(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Folder of the review. Default: the folder you are in.",
            show_default=False,
            metavar="FOLDER",
        ),
    ] = Path(),
    port: Annotated[int, typer.Option("--port", help="Port; 0 takes a free one.")] = 8750,
    person: Annotated[
        str,
        typer.Option("--as", help="Id of the person who sits here. Without it the page asks."),
    ] = "",
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the browser.")
    ] = True,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Open the review in the browser, on this machine only, without an account.

    The address ends with a token, as a notebook's does. What people do is kept in
    .evisynth/review.db; 'evisynth freeze' writes it into the text files of the folder.

    Example:  evisynth serve my-review --as ada
    """
    from evisynth.actions import database_place, freeze_review, thaw_review
    from evisynth.web import Served, prepare, serve_review

    shell = Shell("serve", json=as_json, quiet=quiet)
    token = prepare(folder, database_place(folder), person=person)
    read = thaw_review(folder)

    def opened(served: Served) -> None:
        shell.answer(
            {"url": served.url, "folder": str(folder), "database": read.database},
            lambda: f"{folder.resolve().name} is open at\n  {served.url}\nCtrl-C ends it.",
        )
        if browser and not as_json:
            webbrowser.open(served.url)

    with contextlib.suppress(KeyboardInterrupt):  # the usual way to end it
        serve_review(token, port=port, ready=opened)
    if not (folder / ".evisynth").is_dir():
        return  # deleted in the browser: it lies in the trash beside
    made = freeze_review(folder)
    if not as_json and not quiet:
        typer.echo(f"Written to the folder: {plural(len(made.written), 'file')}")
