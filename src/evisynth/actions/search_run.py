"""Search a database over the network and put what came into the review folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from evisynth.actions.connections import (
    WORK,
    Network,
    free_folder,
    past_searches,
    publish,
    throw_away,
)
from evisynth.actions.output import locked
from evisynth.actions.progress import Progress
from evisynth.errors import InputError, Problem

if TYPE_CHECKING:
    from evisynth.connectors import Query, SearchRun

__all__ = ["LOCK", "read_query", "run_in_review", "search_database"]

LOCK = ".evisynth/network"
"""Folder of the lock: one search at a time, and a document can be built meanwhile."""


def read_query(text: str, file: Path | None) -> str:
    """Return the query that was given as a text or a file.

    Raises
    ------
    InputError
        Neither or both are given, the file cannot be read, or there is nothing in it.
    """
    if bool(text.strip()) == (file is not None):
        raise InputError(
            Problem(
                "query",
                "",
                "one query is wanted" if text.strip() else "there is no query",
                hint="Give it with --query, or the file that holds it with --query-file",
            )
        )
    if file is None:
        return text.strip()
    try:
        found = file.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(Problem(str(file), "", f"cannot be read as UTF-8: {error}")) from error
    if not found:
        raise InputError(Problem(str(file), "", "the file is empty"))
    return found


def search_database(
    folder: Path | str,
    database: str,
    query: str,
    *,
    options: Mapping[str, str] | None = None,
    network: Network | None = None,
    restart: bool = False,
    progress: Progress | None = None,
) -> SearchRun:
    """Run a search and keep it as ``searches/<date>_<database>/``.

    A search that broke off is gone on with when the same one is asked for again; until it is whole
    it lies under ``.evisynth/`` and the review does not see it.

    Parameters
    ----------
    folder
        Folder of the review.
    database
        Word of the connector.
    query
        The query in the database's own language.
    options
        Options of the connector.
    network
        Whether services may be asked, and how; as ``review.toml`` says if None.
    restart
        Throw away what an unfinished run of this search left.
    progress
        Told how far it is.

    Raises
    ------
    InputError
        The connector is switched off, or the folder or the query cannot be used.
    OptionError
        There is no such database or option.
    SetupError
        A key is needed and not there.
    ServiceError
        The service does not answer or refuses; what came is kept.
    """
    from evisynth.connectors import Query, connector_for

    folder = Path(folder)
    connector = connector_for(database)
    chosen = connector.chosen(options or {})
    if not query.strip():
        raise InputError(Problem("query", "", "the query is empty"))
    net = network or Network()
    net.check(folder, [database])
    return run_in_review(
        folder, database, Query(query.strip(), options=chosen), net, restart=restart,
        progress=progress,
    )  # fmt: skip


def run_in_review(
    folder: Path,
    database: str,
    query: Query,
    network: Network,
    *,
    known: frozenset[str] = frozenset(),
    update_of: str = "",
    restart: bool = False,
    progress: Progress | None = None,
) -> SearchRun:
    """Run a search in the work folder and put it into its place when it is whole."""
    from dataclasses import replace

    from evisynth.connectors import connector_for, run_search

    connector = connector_for(database)
    with locked(folder / LOCK, f"{LOCK}/run.lock"), network.opened(folder) as (client, keys):
        if connector.needs_key:
            keys.need(connector.needs_key, connector.title)
        name = _unfinished(folder, database, query, update_of)
        if name and restart:
            throw_away(folder, name)
            name = ""
        ending = "_update" if update_of else ""
        name = name or free_folder(folder, f"{client.today()}_{database}{ending}")
        taken = {str(each.run.get("connector")) for each in past_searches(folder)}
        prefix = f"{name}-" if database in taken else f"{database}-"
        made = run_search(
            connector,
            query,
            folder / WORK / name,
            client=client,
            keys=keys,
            base_url=network.address(database),
            known=known,
            id_prefix=prefix,
            update_of=update_of,
            progress=progress,
        )
        return replace(made, folder=publish(folder, name))


def _unfinished(folder: Path, database: str, query: Query, update_of: str) -> str:
    """Return the name of an unfinished run of the same search, ``""`` if there is none."""
    for path in sorted((folder / WORK).glob("*/raw/pages.jsonl")):
        try:
            run = json.loads(path.read_text(encoding="utf-8").split("\n", 1)[0])["run"]
            same = (
                run["connector"] == database
                and run["query"] == query.text
                and run["options"] == dict(query.options)
                and run["update_of"] == update_of
                and run["since"] == query.since
            )
        except (ValueError, KeyError, TypeError):
            continue
        if same:
            return path.parts[-3]
    return ""
