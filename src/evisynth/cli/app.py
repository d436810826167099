"""The commands: each parses, calls one action, and shows the answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evisynth import __version__
from evisynth.cli import strategies as _strategies  # noqa: F401 - adds to `search`
from evisynth.cli.analyze import analyze
from evisynth.cli.audit import audit_app
from evisynth.cli.doctor import doctor
from evisynth.cli.errors import Code
from evisynth.cli.export import convert, export
from evisynth.cli.folder import backup, freeze, restore, thaw
from evisynth.cli.fulltext import fulltext
from evisynth.cli.grade import grade
from evisynth.cli.options import DebugOption, JsonOption, QuietOption
from evisynth.cli.protocol import protocol
from evisynth.cli.records import dedupe, import_exports
from evisynth.cli.search import search_app
from evisynth.cli.serve import serve
from evisynth.cli.server import server_app
from evisynth.cli.shell import Shell
from evisynth.cli.simulate import simulate

__all__ = ["app"]

app = typer.Typer(
    name="evisynth",
    help=(
        "Systematic reviews with meta-analysis, from the protocol to the published document.\n\n"
        "A review is one folder of text files. Begin with: evisynth new my-review"
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)

FolderArgument = Annotated[
    Path,
    typer.Argument(
        help="Folder of the review, with review.toml in it. Default: the folder you are in.",
        show_default=False,
        metavar="FOLDER",
    ),
]


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"evisynth {__version__}")
        raise typer.Exit


@app.callback()
def evisynth(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and end.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Take options that stand before the command."""


@app.command()
def new(
    folder: Annotated[
        Path, typer.Argument(help="Folder to make; it must not hold anything.", metavar="FOLDER")
    ],
    title: Annotated[
        str, typer.Option("--title", help="Title of the review.", show_default=False)
    ] = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Make a new review: a folder that runs at once, with a small made-up example to replace.

    Example:  evisynth new my-review --title "Exercise for low back pain"
    """
    from evisynth.actions import new_review
    from evisynth.cli.show import show_new

    shell = Shell("new", as_json, quiet)
    made = new_review(folder, title=title)
    shell.answer({"folder": made.folder, "files": made.files}, lambda: show_new(made))


@app.command()
def run(
    folder: FolderArgument = Path(),
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            help="Format of the document: html, docx or pdf. Give it again for several. "
            "Default: all three.",
            metavar="FORMAT",
            show_default=False,
        ),
    ] = None,
    figures: Annotated[
        str | None,
        typer.Option(
            "--figures",
            help="Look of the figures: cochrane, bmj, jama, lancet or plain. Default: as the plan "
            "says ([figures] in review.toml).",
            metavar="LOOK",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Build the document, figures, tables and numbers of a review into its folder out/.

    Nothing in out/ changes unless everything could be built.

    Example:  evisynth run my-review
    """
    from evisynth.actions import FORMATS, run_review
    from evisynth.cli.show import show_run

    shell = Shell("run", as_json, quiet)
    with shell.progress() as progress:
        summary = run_review(folder, formats=formats or FORMATS, figures=figures, progress=progress)
    shell.answer(
        {
            "folder": summary.folder,
            "out": summary.out,
            "title": summary.title,
            "documents": summary.documents,
            "files": summary.files,
            "records": summary.records,
            "studies": summary.studies,
            "analyses": summary.analyses,
            "warnings": summary.warnings,
        },
        lambda: show_run(summary),
    )


@app.command()
def check(
    folder: FolderArgument = Path(),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Check a review: every file reads, the counts add up, and no number in out/ has moved.

    Nothing is written. The exit code is 0 when all is well and 1 when something was found, so that
    a script or a server can ask.

    Example:  evisynth check my-review
    """
    from evisynth.actions import check_review
    from evisynth.cli.show import show_check

    shell = Shell("check", as_json, quiet)
    with shell.progress() as progress:
        report = check_review(folder, progress=progress)
    shell.answer(
        {
            "folder": report.folder,
            "compared": report.compared,
            "moved": report.moved,
            "errors": [
                {
                    "where": finding.where,
                    "at": finding.at,
                    "message": finding.message,
                    "allowed": [],
                    "hint": finding.hint,
                    "check": finding.check,
                }
                for finding in report.findings
            ],
            "warnings": report.warnings,
        },
        lambda: show_check(report),
        ok=report.ok,
    )
    if not report.ok:
        raise typer.Exit(Code.FAILED_CHECK)


@app.command()
def status(
    folder: FolderArgument = Path(),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Say where a review stands: records by stage, conflicts, reports, data, analyses, out/.

    Example:  evisynth status my-review
    """
    from evisynth.actions import review_status
    from evisynth.cli.plain import plain
    from evisynth.cli.show import show_status

    shell = Shell("status", as_json, quiet)
    found = review_status(folder)
    shell.answer(plain(found), lambda: show_status(found))


app.command(name="import")(import_exports)
app.command()(dedupe)
app.command()(grade)
app.command()(protocol)
app.command()(analyze)
app.command()(convert)
app.command()(export)
app.command()(serve)
app.command()(simulate)
app.command()(fulltext)
app.command()(freeze)
app.command()(thaw)
app.command()(backup)
app.command()(restore)
app.command()(doctor)
app.add_typer(audit_app)
app.add_typer(search_app)
app.add_typer(server_app)
