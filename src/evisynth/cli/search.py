"""The commands ``search run``, ``search update`` and ``search chase``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evisynth.cli.errors import Code
from evisynth.cli.network_options import (
    AddressOption,
    EmailOption,
    OnlineOption,
    RestartOption,
    pairs,
)
from evisynth.cli.options import DebugOption, JsonOption, QuietOption
from evisynth.cli.shell import Shell

__all__ = ["search_app"]

search_app = typer.Typer(
    name="search",
    help=(
        "Search databases over the network, bring searches up to date, chase citations.\n\n"
        "Nothing is sent unless review.toml switches a connector on, or --online is given.\n\n"
        "Example:  evisynth search run my-review --database pubmed --query-file query.txt"
    ),
    no_args_is_help=True,
    rich_markup_mode="rich",
)

FolderArgument = Annotated[
    Path,
    typer.Argument(
        help="Folder of the review, with review.toml in it. Default: the folder you are in.",
        show_default=False,
        metavar="FOLDER",
    ),
]


@search_app.command()
def run(
    folder: FolderArgument = Path(),
    database: Annotated[
        str,
        typer.Option(
            "--database",
            "-d",
            help="pubmed, europepmc, openalex, crossref, clinicaltrials, scopus or wos.",
        ),
    ] = "",
    query: Annotated[
        str,
        typer.Option(
            "--query", help="The query in the database's own language.", show_default=False
        ),
    ] = "",
    query_file: Annotated[
        Path | None,
        typer.Option("--query-file", help="File that holds the query.", show_default=False),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            help="Option of the connector: view=COMPLETE. Give it again for several.",
            metavar="NAME=VALUE",
            show_default=False,
        ),
    ] = None,
    online: OnlineOption = False,
    email: EmailOption = "",
    base_url: AddressOption = None,
    restart: RestartOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Search a database and keep records, raw answers and facts under searches/.

    A search that broke off is gone on with when the same command is given again.

    Example:  evisynth search run my-review --database pubmed --query "walking[tiab] AND sleep"
    """
    from evisynth.actions import Network, read_query, search_database
    from evisynth.cli.show_search import show_search
    from evisynth.errors import OptionError

    shell = Shell("search run", as_json, quiet)
    if not database:
        from evisynth.connectors import CONNECTORS

        raise OptionError("database", database, CONNECTORS, "Name it with --database.")
    net = Network(online, email, pairs("base-url", base_url, "pubmed=https://..."))
    text = read_query(query, query_file)
    with shell.progress() as progress:
        made = search_database(
            folder,
            database,
            text,
            options=pairs("option", option, "view=COMPLETE"),
            network=net,
            restart=restart,
            progress=progress,
        )
    shell.answer({"search": made}, lambda: show_search(made))


@search_app.command()
def update(
    folder: FolderArgument = Path(),
    search: Annotated[
        list[str] | None,
        typer.Option(
            "--search",
            help="Search to bring up to date, by its folder's name. Default: all that a connector "
            "ran.",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            help="dates: ask for what was entered since the last run. ids: fetch all and compare.",
            show_default=False,
        ),
    ] = "",
    online: OnlineOption = False,
    email: EmailOption = "",
    base_url: AddressOption = None,
    restart: RestartOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Run searches again and keep only what is new, in dated folders of their own.

    The exit code is 5 when a service did not answer for some of them.

    Example:  evisynth search update my-review
    """
    from evisynth.actions import Network, update_searches
    from evisynth.cli.show_search import show_update

    shell = Shell("search update", as_json, quiet)
    with shell.progress() as progress:
        made = update_searches(
            folder,
            searches=tuple(search or ()),
            by=by,
            network=Network(online, email, pairs("base-url", base_url, "pubmed=https://...")),
            restart=restart,
            progress=progress,
        )
    shell.answer(
        {"runs": made.runs, "failed": made.failed},
        lambda: show_update(made),
        ok=not made.failed,
    )
    if made.failed:
        raise typer.Exit(Code.SERVICE)


@search_app.command()
def chase(
    folder: FolderArgument = Path(),
    seed: Annotated[
        list[str] | None,
        typer.Option(
            "--seed",
            help="Record to start from. Default: the reports of the included studies.",
            show_default=False,
        ),
    ] = None,
    direction: Annotated[
        list[str] | None,
        typer.Option(
            "--direction",
            help="backward: what the seeds cite. forward: what cites them. Default: both.",
            show_default=False,
        ),
    ] = None,
    service: Annotated[
        list[str] | None,
        typer.Option(
            "--service", help="openalex, crossref, europepmc. Default: all.", show_default=False
        ),
    ] = None,
    rounds: Annotated[
        int, typer.Option("--rounds", help="Rounds at most; new records are the next seeds.")
    ] = 1,
    stop_below: Annotated[
        int,
        typer.Option("--stop-below", help="Stop after a round with fewer new records than this."),
    ] = 1,
    most: Annotated[
        int, typer.Option("--most", help="No further round when there are this many new records.")
    ] = 10_000,
    again: Annotated[
        bool, typer.Option("--again", help="Chase also what was chased before.")
    ] = False,
    online: OnlineOption = False,
    email: EmailOption = "",
    base_url: AddressOption = None,
    restart: RestartOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Chase citations: what included reports cite, and what cites them.

    Records that the review has already are not kept again. After screening the new ones, give the
    command again: it goes on from the reports that were included since.

    Example:  evisynth search chase my-review --rounds 2
    """
    from evisynth.actions import Network, chase_review
    from evisynth.cli.show_search import show_chase
    from evisynth.connectors import ChasePlan

    shell = Shell("search chase", as_json, quiet)
    usual = ChasePlan()
    plan = ChasePlan(
        directions=tuple(direction) if direction else usual.directions,  # type: ignore[arg-type]
        services=tuple(service) if service else usual.services,
        rounds=rounds,
        stop_below=stop_below,
        most=most,
    )
    with shell.progress() as progress:
        made = chase_review(
            folder,
            seeds=tuple(seed or ()),
            plan=plan,
            again=again,
            network=Network(online, email, pairs("base-url", base_url, "openalex=https://...")),
            restart=restart,
            progress=progress,
        )
    chased = made.chase
    shell.answer(
        {
            "folder": chased.folder,
            "date": chased.date,
            "seeds": made.seeds,
            "skipped": made.skipped,
            "rounds": chased.rounds,
            "stopped": chased.stopped,
            "new": len(chased.records),
            "records": [record.id for record in chased.records],
            "links": chased.links,
            "not_known": chased.not_known,
            "warnings": chased.warnings,
            "requests": chased.requests,
            "pages_kept": chased.pages_kept,
        },
        lambda: show_chase(made),
    )
