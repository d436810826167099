"""The command ``audit``: published results computed anew, data looked at, a history verified."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from evisynth.cli.errors import Code
from evisynth.cli.folder import DatabaseOption, FolderArgument, ReviewOption
from evisynth.cli.options import DebugOption, JsonOption, QuietOption
from evisynth.cli.shell import Shell

__all__ = ["audit_app"]

HELP = """Compute published results anew and look at the data, or verify a history.

A RevMan 5 file, a data package of RevMan Web, a table of studies or the folder of a review: every
stored result is computed anew and called equal, different or not computable; what current methods
would change; warnings about the data. `evisynth audit SOURCE` is short for `evisynth audit source
SOURCE`.

Example:  evisynth audit review.rm5 --out report.html
"""


class _WithSource(TyperGroup):
    """A group that takes whatever is no command of it for the source of an audit."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command ``source`` before a path."""
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = ["source", *args]
        rest: list[str] = super().parse_args(ctx, args)
        return rest


audit_app = typer.Typer(
    name="audit",
    help=HELP,
    no_args_is_help=True,
    cls=_WithSource,
    context_settings={"help_option_names": ["--help", "-h"]},
)


@audit_app.callback()
def audit() -> None:
    """Take options that stand before the command."""


@audit_app.command("source")
def source_command(
    source: Annotated[
        Path,
        typer.Argument(
            help="RevMan 5 file (.rm5), data package of RevMan Web (.zip), table of studies (.csv, "
            ".tsv, .xlsx), or folder of a review.",
            metavar="SOURCE",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            show_default=False,
            help="Write the report to this HTML file.",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="ROLE=COLUMN",
            show_default=False,
            help='Column of a table by its role: "mean1=mean_treated". May be repeated.',
        ),
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Compute every stored result anew, and look at the data under it.

    The exit code is 1 when a result is not what its data give, or numbers are impossible; warnings
    alone leave it 0.

    Example:  evisynth audit review.rm5 --out report.html
    """
    from evisynth.actions import audit_source
    from evisynth.cli.show_audit import show_audited
    from evisynth.errors import OptionError
    from evisynth.exchange import audit_to_dict

    shell = Shell("audit", as_json, quiet)
    columns = {}
    for text in column or []:
        role, sign, name = (part.strip() for part in text.partition("="))
        if not (role and sign and name):
            raise OptionError("column", text, ["a role and a column: mean1=mean_treated"])
        columns[role] = name
    with shell.progress() as progress:
        found = audit_source(source, report=out, columns=columns, progress=progress)
    shell.answer(
        {"report": found.report, **audit_to_dict(found.audit)},
        lambda: show_audited(found),
        ok=found.audit.ok,
    )
    if not found.audit.ok:
        raise typer.Exit(Code.FAILED_CHECK)


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
