"""The commands ``export`` and ``convert``: files for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evisynth.cli.folder import FolderArgument
from evisynth.cli.options import DebugOption, JsonOption, QuietOption
from evisynth.cli.shell import Shell

if TYPE_CHECKING:
    from evisynth.actions import ExportResult

__all__ = ["convert", "export"]

OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Write over files that are there.")
]


def _shown(found: ExportResult) -> str:
    lines = [f"Written: {path}" for path in found.files]
    if found.cannot_hold:
        lines.append("Not held there:")
        lines += [f"  - {item}" for item in found.cannot_hold]
    return "\n".join(lines)


def export(
    folder: FolderArgument = Path(),
    to: Annotated[
        str,
        typer.Option(
            "--to",
            "-t",
            metavar="FORMAT",
            help="metafor (R script with data that gives the same numbers), jasp (CSV), rm5 "
            "(Review Manager 5), robvis (CSV of risk of bias), prisma2020 (CSV of the flow "
            "diagram), deposit (all files with RO-Crate, Frictionless and Zenodo metadata).",
        ),
    ] = "metafor",
    analysis: Annotated[
        str,
        typer.Option(
            "--analysis",
            metavar="ID",
            show_default=False,
            help="One analysis of the plan. Default: all.",
        ),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FOLDER",
            show_default=False,
            help="Folder for the files. Default: export/FORMAT in the review.",
        ),
    ] = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Write a review for another program, and say what that program cannot hold.

    Example:  evisynth export my-review --to metafor
    """
    from evisynth.actions import export_review

    shell = Shell("export", as_json, quiet)
    with shell.progress() as progress:
        found = export_review(
            folder, to, into=out, analysis=analysis, overwrite=overwrite, progress=progress
        )
    shell.answer(
        {"to": found.target, "files": found.files, "cannot_hold": found.cannot_hold},
        lambda: _shown(found),
    )


def convert(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="IN",
            help="Export of records (RIS, nbib, BibTeX, CSV, XML ...), RevMan 5 file, data "
            "package of RevMan Web (.zip), or project "
            "of ASReview (.asreview).",
        ),
    ],
    target: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="File to write; its ending says the format: .ris .nbib .bib .json .csv .xml; of "
            "an .rm5 or .zip: .zip (data package of RevMan Web), .csv (its rows) or .rm5 (results "
            "computed anew); of an .asreview: .csv (decisions).",
        ),
    ],
    decisions: Annotated[
        bool,
        typer.Option(
            "--decisions",
            help="Write the decisions that an export of Rayyan holds, not its records.",
        ),
    ] = False,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Convert a file of one program into another's, and say what is lost on the way.

    Example:  evisynth convert export.ris records.csv
    """
    from evisynth.actions import convert_file

    shell = Shell("convert", as_json, quiet)
    found = convert_file(source, target, decisions=decisions, overwrite=overwrite)
    shell.answer(
        {"to": found.target, "files": found.files, "cannot_hold": found.cannot_hold},
        lambda: _shown(found),
    )
