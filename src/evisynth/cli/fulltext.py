"""The command ``fulltext``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evisynth.cli.network_options import AddressOption, EmailOption, OnlineOption, pairs
from evisynth.cli.options import DebugOption, JsonOption, QuietOption
from evisynth.cli.shell import Shell

__all__ = ["fulltext"]


def fulltext(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Folder of the review, with review.toml in it. Default: the folder you are in.",
            show_default=False,
            metavar="FOLDER",
        ),
    ] = Path(),
    record: Annotated[
        list[str] | None,
        typer.Option(
            "--record",
            help="Record whose report is sought. Default: all included at title and abstract.",
            show_default=False,
        ),
    ] = None,
    service: Annotated[
        list[str] | None,
        typer.Option(
            "--service", help="unpaywall, europepmc, pmc. Default: all.", show_default=False
        ),
    ] = None,
    store: Annotated[
        bool,
        typer.Option(
            "--store", help="Keep copies where the licence allows it (CC, public domain)."
        ),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Look also for what was found before.")
    ] = False,
    online: OnlineOption = False,
    email: EmailOption = "",
    base_url: AddressOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Find open full texts of reports: address, version, licence, or why there is none.

    Nothing behind a log-in is tried. What was found is in fulltext/fulltext.csv; whether a report
    counts as retrieved stays your decision.

    Example:  evisynth fulltext my-review --store
    """
    from evisynth.actions import Network, find_full_texts
    from evisynth.cli.show_search import show_full_texts

    shell = Shell("fulltext", as_json, quiet)
    with shell.progress() as progress:
        made = find_full_texts(
            folder,
            records=tuple(record or ()),
            services=tuple(service or ()),
            store=store,
            again=again,
            network=Network(online, email, pairs("base-url", base_url, "unpaywall=https://...")),
            progress=progress,
        )
    shell.answer(
        {
            "folder": made.folder,
            "found": made.found,
            "kept": made.kept,
            "counts": made.counts,
        },
        lambda: show_full_texts(made),
    )
