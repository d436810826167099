"""The commands ``freeze``, ``thaw``, ``backup`` and ``restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evisynth.cli.options import DebugOption, JsonOption, QuietOption
from evisynth.cli.shell import Shell

__all__ = [
    "DatabaseOption",
    "FolderArgument",
    "ReviewOption",
    "backup",
    "freeze",
    "restore",
    "thaw",
]

FolderArgument = Annotated[
    Path,
    typer.Argument(
        help="Folder of the review, with review.toml in it. Default: the folder you are in.",
        show_default=False,
        metavar="FOLDER",
    ),
]
DatabaseOption = Annotated[
    str,
    typer.Option(
        "--database",
        help="Address of the database, sqlite:///FILE or postgresql://USER@HOST/NAME. "
        "Default: .evisynth/review.db in the folder.",
        show_default=False,
        metavar="ADDRESS",
    ),
]
ReviewOption = Annotated[
    str,
    typer.Option(
        "--review",
        help="Name of the review, where the database holds several.",
        show_default=False,
        metavar="NAME",
    ),
]


def freeze(
    folder: FolderArgument = Path(),
    database: DatabaseOption = "",
    into: Annotated[
        Path | None,
        typer.Option(
            "--into",
            help="Write a complete copy into another folder instead.",
            show_default=False,
            metavar="FOLDER",
        ),
    ] = None,
    review: ReviewOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Write what the database holds as text into the folder of the review.

    The same state gives the same bytes. What you edited in the folder is never written over: read
    it in first (evisynth thaw).

    Example:  evisynth freeze my-review
    """
    from evisynth.actions import freeze_review
    from evisynth.cli.show_folder import show_frozen

    shell = Shell("freeze", as_json, quiet)
    made = freeze_review(folder, database=database, into=into, review=review)
    shell.answer(
        {
            "folder": made.folder,
            "database": made.database,
            "entries": made.entries,
            "written": made.written,
            "removed": made.removed,
            "copied": made.copied,
        },
        lambda: show_frozen(made),
    )


def thaw(
    folder: FolderArgument = Path(),
    database: DatabaseOption = "",
    review: ReviewOption = "",
    actor: Annotated[
        str,
        typer.Option("--by", help="Who edited the files, for the history.", metavar="PERSON"),
    ] = "folder",
    no_backup: Annotated[
        bool,
        typer.Option("--no-backup", help="Migrate the database without a backup before it."),
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Read the folder of a review into its database, which is made when it is not there.

    What was edited in the files becomes entries of the history. A broken history is refused.

    Example:  evisynth thaw my-review
    """
    from evisynth.actions import thaw_review
    from evisynth.cli.show_folder import show_thawed

    shell = Shell("thaw", as_json, quiet)
    made = thaw_review(folder, database=database, review=review, actor=actor, backup=not no_backup)
    shell.answer(
        {
            "folder": made.folder,
            "database": made.database,
            "entries": made.entries,
            "first": made.first,
            "read": made.read,
            "edited": made.edited,
            "migrated": made.migrated,
            "warnings": made.warnings,
        },
        lambda: show_thawed(made),
    )


def backup(
    folder: FolderArgument = Path(),
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            help="File to write; it must not be there. Default: a new one in .evisynth/backups/.",
            show_default=False,
            metavar="FILE",
        ),
    ] = None,
    database: DatabaseOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Back the database of a review up, while people work in it.

    PostgreSQL is backed up by pg_dump.

    Example:  evisynth backup my-review --to review-2026-03-31.db
    """
    from evisynth.actions import backup_review
    from evisynth.cli.show_folder import show_backup

    shell = Shell("backup", as_json, quiet)
    made = backup_review(folder, to, database=database)
    shell.answer(
        {"file": made.file, "size": made.size, "database": made.database},
        lambda: show_backup(made),
    )


def restore(
    file: Annotated[Path, typer.Argument(help="The backup.", metavar="FILE")],
    place: Annotated[
        str,
        typer.Argument(
            help="Where to: a file that is not there yet, a folder of a review without a database, "
            "or the address of an empty PostgreSQL database.",
            metavar="PLACE",
        ),
    ],
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Restore a backup into a new place. It counts only when its history verifies.

    Example:  evisynth restore review-2026-03-31.db my-review-restored
    """
    from evisynth.actions import restore_review
    from evisynth.cli.show_folder import show_restored

    shell = Shell("restore", as_json, quiet)
    made = restore_review(file, place)
    shell.answer(
        {
            "database": made.database,
            "reviews": [{"name": name, "entries": count} for name, count in made.reviews],
        },
        lambda: show_restored(made),
    )
