"""The command ``audit``: the history of a review."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evisynth.cli.errors import Code
from evisynth.cli.folder import DatabaseOption, FolderArgument, ReviewOption
from evisynth.cli.options import DebugOption, JsonOption, QuietOption
from evisynth.cli.shell import Shell

__all__ = ["audit_app"]

audit_app = typer.Typer(
    name="audit",
    help="The history of a review.\n\nExample:  evisynth audit verify my-review",
    no_args_is_help=True,
)


@audit_app.callback()
def audit() -> None:
    """Take options that stand before the command."""


@audit_app.command("verify")
def verify_command(
    folder: FolderArgument = Path(),
    database: DatabaseOption = "",
    review: ReviewOption = "",
    head: Annotated[
        str,
        typer.Option(
            "--head",
            help="Hash of an entry that was noted earlier; the history must have it.",
            show_default=False,
            metavar="HASH",
        ),
    ] = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Check that no entry of the history was changed, left out or added in between.

    Also checked: that the rows of the database and the states of the records are what the history
    gives, and that the files kept as they came are the same. The exit code is 1 when something was
    found.

    Example:  evisynth audit verify my-review
    """
    from evisynth.actions import verify_history
    from evisynth.cli.show_folder import show_audit

    shell = Shell("audit verify", as_json, quiet)
    report = verify_history(folder, database=database, review=review, head=head)
    shell.answer(
        {
            "folder": report.folder,
            "looked_at": report.looked_at,
            "entries": report.entries,
            "head": report.head,
            "errors": report.findings,
            "warnings": report.warnings,
        },
        lambda: show_audit(report),
        ok=report.ok,
    )
    if not report.ok:
        raise typer.Exit(Code.FAILED_CHECK)
