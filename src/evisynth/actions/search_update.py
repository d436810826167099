"""Bring searches up to date: only what is new since the last run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from evisynth.actions.connections import Network, PastSearch, past_searches
from evisynth.actions.progress import Progress, part_of
from evisynth.actions.search_run import run_in_review
from evisynth.errors import InputError, OptionError, Problem, ServiceError

if TYPE_CHECKING:
    from evisynth.connectors import SearchRun

__all__ = ["SearchUpdate", "update_searches"]


@dataclass(frozen=True, slots=True)
class SearchUpdate:
    """What came of an update.

    Attributes
    ----------
    runs : tuple of SearchRun
        One a search that was brought up to date.
    failed : dict of str to str
        Searches that could not be, and why; the others were all the same.
    """

    runs: tuple[SearchRun, ...]
    failed: dict[str, str]


def update_searches(
    folder: Path | str,
    *,
    searches: tuple[str, ...] = (),
    by: str = "",
    network: Network | None = None,
    restart: bool = False,
    progress: Progress | None = None,
) -> SearchUpdate:
    """Run the searches of a review again and keep what is new in dated folders of their own.

    A service that can be asked for a span of entry dates is asked from a day before its last
    search on; records that earlier runs brought are left out by their ids in any case.

    Parameters
    ----------
    folder
        Folder of the review.
    searches
        Searches to bring up to date (their folder's name); all that a connector ran if none.
    by
        ``"ids"`` fetches everything again and compares, also where entry dates could be asked for.
    network
        Whether services may be asked, and how.
    restart
        Throw away what an unfinished update left.
    progress
        Told how far it is.

    Raises
    ------
    InputError
        There is no search to update, a connector is switched off, or a search's ids are lost.
    OptionError
        A search that is not there.
    ServiceError
        No search could be brought up to date.
    """
    from evisynth.connectors import CONNECTORS

    folder = Path(folder)
    net = network or Network()
    if by not in ("", "ids", "dates"):
        raise OptionError("by", by, ("dates", "ids"))
    past = tuple(each for each in past_searches(folder) if each.run["connector"] in CONNECTORS)
    roots = {each.root: each for each in reversed(past) if each.root == each.id}
    for name in searches:
        if name not in roots:
            raise OptionError("search", name, sorted(roots) or ("none that a connector ran",))
    wanted = sorted(searches or roots)
    if not wanted:
        raise InputError(
            Problem(
                "searches/",
                "",
                "there is no search that a connector ran, so none can be brought up to date",
                hint="Run one with 'evisynth search run'; searches whose files were put there by"
                " hand are updated by hand",
            )
        )
    net.check(folder, sorted({str(roots[name].run["connector"]) for name in wanted}))
    runs: list[SearchRun] = []
    failed: dict[str, str] = {}
    for number, name in enumerate(wanted):
        share = 100 // len(wanted)
        tell = part_of(progress, number * share, (number + 1) * share)
        chain = [each for each in past if each.root == name]
        try:
            runs.append(_update(folder, roots[name], chain, by, net, restart, tell))
        except ServiceError as error:
            failed[name] = str(error)
            last = error
    if failed and not runs:
        raise last
    return SearchUpdate(tuple(runs), failed)


def _update(
    folder: Path,
    root: PastSearch,
    chain: list[PastSearch],
    by: str,
    network: Network,
    restart: bool,
    progress: Progress | None,
) -> SearchRun:
    """Bring one search up to date."""
    from evisynth.connectors import Query, connector_for

    connector = connector_for(str(root.run["connector"]))
    known = frozenset().union(*(each.ids() for each in chain))
    since = ""
    if connector.new_by == "entry dates" and by != "ids":
        day = date.fromisoformat(chain[-1].date) - timedelta(days=connector.overlap)
        since = day.isoformat()
    options = root.run.get("options")
    return run_in_review(
        folder,
        connector.name,
        Query(root.query, since=since, options=options if isinstance(options, dict) else {}),
        network,
        known=known,
        update_of=root.id,
        restart=restart,
        progress=progress,
    )
