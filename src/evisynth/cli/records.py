"""The commands about records: take exports in, find duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from evisynth.cli.options import DebugOption, JsonOption, QuietOption
from evisynth.cli.shell import Shell

__all__ = ["dedupe", "import_exports"]

FolderOption = Annotated[
    Path,
    typer.Option(
        "--folder",
        help="Folder of the review. Default: the folder you are in.",
        show_default=False,
        metavar="FOLDER",
    ),
]


def import_exports(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Exports of databases, in any format; parts of one search together.",
            metavar="FILE...",
            show_default=False,
        ),
    ],
    folder: FolderOption = Path(),
    source: Annotated[
        str,
        typer.Option(
            "--source",
            help="Name of the database, or of a folder under searches/ to add to. Default: as the"
            " files say.",
            show_default=False,
        ),
    ] = "",
    platform: Annotated[
        str,
        typer.Option("--platform", help="Where it was searched, e.g. Ovid.", show_default=False),
    ] = "",
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            help="Kind of source: database, register, website, organisation, citation, other.",
            show_default=False,
        ),
    ] = "",
    date: Annotated[
        str, typer.Option("--date", help="Day of the search, 2026-03-31.", show_default=False)
    ] = "",
    count: Annotated[
        int | None,
        typer.Option(
            "--count",
            help="Records that the database reported; the files must hold as many.",
            show_default=False,
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            help="For tables: the column of a field, title=Titel. May be repeated; kept with the"
            " search.",
            metavar="FIELD=COLUMN",
            show_default=False,
        ),
    ] = None,
    anyway: Annotated[
        bool,
        typer.Option(
            "--anyway", help="Take them in though the count differs or a file is there already."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done and write nothing.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Take exports of databases into a review, as they came.

    The format is found by content (RIS of every platform, PubMed, EndNote, Web of Science, Scopus,
    BibTeX, CSV, XLSX ...). Each file is copied unchanged into searches/, and every repair and every
    entry that cannot be read is told with its lines.

    Example:  evisynth import embase-1.ris embase-2.ris --source Embase --count 1432

    Example:  evisynth import registry.xlsx --source Registry --column title=Titel
    """
    from evisynth.actions import ImportOptions, import_records
    from evisynth.cli.plain import plain
    from evisynth.cli.show_records import show_import

    shell = Shell("import", as_json, quiet)
    options = ImportOptions(
        source, platform, kind, date, count, anyway, dry_run, _columns(column or ())
    )
    with shell.progress() as progress:
        done = import_records(files, folder, options=options, progress=progress)
    shell.answer(plain(done), lambda: show_import(done))


def _columns(given: Sequence[str]) -> dict[str, str]:
    """Part ``title=Titel``."""
    from evisynth.errors import OptionError

    found: dict[str, str] = {}
    for each in given:
        name, sign, column = (part.strip() for part in each.partition("="))
        if not (name and sign and column):
            raise OptionError("--column", each, ("a field and its column, as in title=Titel",))
        if name in found:
            raise OptionError("--column", each, (f"one column for {name}",))
        found[name] = column
    return found


def dedupe(
    folder: FolderOption = Path(),
    decide: Annotated[
        list[str] | None,
        typer.Option(
            "--decide",
            help="What two records are: ID,ID=same (or report, different, study; open takes a"
            " decision back). May be repeated.",
            metavar="ID,ID=WORD",
            show_default=False,
        ),
    ] = None,
    undo: Annotated[
        list[str] | None,
        typer.Option(
            "--undo",
            help="Take this record out of its group, now and in later runs. May be repeated.",
            metavar="ID",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        str, typer.Option("--by", help="Who decides; kept with the decision.", show_default=False)
    ] = "",
    note: Annotated[
        str, typer.Option("--note", help="Why; kept with the decision.", show_default=False)
    ] = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Find the records of the same report; nothing is deleted, and every merge can be undone.

    Writes records/duplicates.csv (with the reason of each), duplicate_pairs.csv (pairs for a
    person), sources.csv and overlap.csv. Decisions are appended to decisions/duplicates.jsonl and
    outrank every rule.

    Example:  evisynth dedupe --decide pubmed-00012,embase-00407=different --by r1
    """
    from evisynth.actions import dedupe_records
    from evisynth.cli.plain import plain
    from evisynth.cli.show_records import show_dedupe

    shell = Shell("dedupe", as_json, quiet)
    with shell.progress() as progress:
        done = dedupe_records(
            folder, decide=decide or (), undo=undo or (), by=by, note=note, progress=progress
        )
    content = {name: getattr(done, name) for name in done.__dataclass_fields__ if name != "sources"}
    content["sources"] = [plain(row) for row in done.sources.rows]
    content["overlap"] = {
        one.label: {other.label: done.sources.overlap[one.label, other.label]
                    for other in done.sources.rows}
        for one in done.sources.rows
    }  # fmt: skip
    shell.answer(plain(content), lambda: show_dedupe(done))
