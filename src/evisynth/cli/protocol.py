"""The command ``protocol``: the protocol document, the register's fields, the check list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evisynth.cli.options import DebugOption, JsonOption, QuietOption
from evisynth.cli.shell import Shell

if TYPE_CHECKING:
    from evisynth.actions import ProtocolSummary

__all__ = ["protocol"]

SHOWN = 12


def protocol(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Folder of the review, with review.toml in it. Default: the folder you are in.",
            show_default=False,
            metavar="FOLDER",
        ),
    ] = Path(),
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder to write into. Default: out-protocol in the review's folder.",
            metavar="FOLDER",
            show_default=False,
        ),
    ] = None,
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
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Write the protocol of a review: the document, PROSPERO's fields to paste, PRISMA-P filled.

    It is made from review.toml; what is missing is named with the place where it is written.

    Example:  evisynth protocol my-review
    """
    from evisynth.actions import FORMATS, write_protocol

    shell = Shell("protocol", as_json, quiet)
    with shell.progress() as progress:
        summary = write_protocol(folder, out=out, formats=formats or FORMATS, progress=progress)
    shell.answer(
        {
            "folder": summary.folder,
            "out": summary.out,
            "title": summary.title,
            "files": summary.files,
            "items": summary.items,
            "reported": summary.reported,
            "to_do": summary.to_do,
        },
        lambda: _shown(summary),
    )


def _shown(summary: ProtocolSummary) -> str:
    lines = [summary.title, f"{summary.reported} of {summary.items} items of PRISMA-P answered", ""]
    if summary.to_do:
        lines += ["To do:", *(f"  {text}" for text in summary.to_do[:SHOWN])]
        if len(summary.to_do) > SHOWN:
            lines.append(f"  and {len(summary.to_do) - SHOWN} more in prisma-p.csv, prospero.csv")
        lines.append("")
    return "\n".join([*lines, "Written:", *(f"  {path}" for path in summary.files)])
