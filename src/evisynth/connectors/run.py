"""One search from the query to the export: pages kept, counts compared, facts written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evisynth.connectors.base import Connector, Harvest, Item, Progress, Query, Session
from evisynth.connectors.client import Client
from evisynth.connectors.facts import made_by, toml_text
from evisynth.connectors.journal import Journal, write_file
from evisynth.connectors.keys import Keys
from evisynth.errors import Problem, ServiceError
from evisynth.records import RecordProblem, iter_records

__all__ = ["RAW", "SearchRun", "run_search"]

RAW = "raw"
"""Folder of the pages within the folder of a search."""

IDS = "ids.txt"


@dataclass(frozen=True, slots=True)
class SearchRun:
    """What came of one search.

    Attributes
    ----------
    connector, title, platform : str
        Word, database and platform.
    folder : Path
        Folder of the search.
    export : str
        Name of the export in it, ``""`` when there is nothing new.
    date, started, ended : str
        Day, and moments in UTC.
    query, query_translation : str
        As given, and as the service understood it.
    since, update_of, new_by : str
        Of an update: from which day on was asked, the search it updates, how new ones are known.
    reported : int
        Records that the service reported last.
    fetched : int
        Different records that came.
    already_known : int
        Of those, records that an earlier search has; they are not in the export.
    repeated : int
        Records that came twice within one pass (the list moved).
    records : int
        Records that the export holds, read back.
    unreadable : int
        Entries of the export that could not be read.
    missing : tuple of str
        Ids that the service listed and did not send.
    count_changes : tuple of str
        Pages at which the count reported changed.
    warnings : tuple of str
        What a reader should know.
    pages, requests, pages_kept : int
        Pages in all, questions sent in this run, pages that an earlier run had left.
    facts : dict
        Everything that ``[run]`` of ``search.toml`` holds.
    """

    connector: str
    title: str
    platform: str
    folder: Path
    export: str
    date: str
    started: str
    ended: str
    query: str
    query_translation: str
    since: str
    update_of: str
    new_by: str
    reported: int
    fetched: int
    already_known: int
    repeated: int
    records: int
    unreadable: int
    missing: tuple[str, ...]
    count_changes: tuple[str, ...]
    warnings: tuple[str, ...]
    pages: int
    requests: int
    pages_kept: int
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(slots=True)
class _Tally:
    """Counts while the pages go by."""

    reported: int | None = None
    fetched: int = 0
    already_known: int = 0
    repeated: int = 0
    passed: dict[str, int] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)

    def take(
        self,
        pages: Iterator[Harvest],
        known: frozenset[str],
        title: str,
        progress: Progress | None,
    ) -> Iterator[Item]:
        """Give each record once, and count."""
        for number, page in enumerate(pages, start=1):
            if self.reported is not None and page.reported != self.reported:
                self.changes.append(f"page {number}: {self.reported} -> {page.reported}")
            self.reported = page.reported
            for item in page.items:
                before = self.passed.get(item.id) if item.id else None
                if before is not None:
                    self.repeated += before == page.pass_number
                    continue
                if item.id:
                    self.passed[item.id] = page.pass_number
                self.fetched += 1
                if item.id in known:
                    self.already_known += 1
                else:
                    yield item
            if progress is not None:
                done = min(self.fetched, page.reported)
                progress(f"{title}: {self.fetched} of {page.reported}", done, page.reported or 1)


def run_search(
    connector: Connector,
    query: Query,
    folder: Path,
    *,
    client: Client,
    keys: Keys | None = None,
    base_url: str = "",
    known: frozenset[str] = frozenset(),
    id_prefix: str = "",
    update_of: str = "",
    progress: Progress | None = None,
) -> SearchRun:
    """Search a database and write ``search.toml``, ``query.txt``, the export and the raw pages.

    A folder in which an earlier run broke off is gone on with: what was answered is not asked
    again, and the files come out as if nothing had happened.

    Parameters
    ----------
    connector
        The database.
    query
        What is asked.
    folder
        Folder of the search; made when it is not there.
    client
        Asks the service.
    keys
        Keys at hand.
    base_url
        Address instead of the service's own.
    known
        Ids (of the service) that earlier searches have; left out of the export.
    id_prefix
        Put before the ids of the records when the review is read.
    update_of
        Search that this one updates.
    progress
        Told how far it is.

    Raises
    ------
    ServiceError
        The service does not answer or refuses; what came is kept in the folder.
    SetupError
        A key is needed and not there.
    InputError
        The folder holds another search, or pages in it were changed.
    """
    held = keys or Keys()
    if connector.needs_key:
        held.need(connector.needs_key, connector.title)
    address = (base_url or connector.url).rstrip("/")
    run = {
        "connector": connector.name,
        "query": query.text,
        "since": query.since,
        "until": query.until,
        "options": dict(query.options),
        "update_of": update_of,
    }
    journal = Journal(folder / RAW, run, client)
    session = Session(journal, held, address, connector.title, connector.interval)
    tally = _Tally()
    asked = client.asked
    items = tally.take(connector.pages(session, query), known, connector.title, progress)
    export = _write_export(connector, items, folder)
    found = list(tally.passed)
    write_file(folder / RAW / IDS, "".join(f"{ident}\n" for ident in found).encode())
    records, unreadable, problems = _read_back(export) if export else (0, 0, ())
    if tally.fetched - tally.already_known != records + unreadable:
        session.note(
            "warnings",
            f"{tally.fetched - tally.already_known} records came, and the export has"
            f" {records + unreadable} entries",
        )
    for problem in problems:
        session.note("warnings", str(problem))
    reported = tally.reported or 0
    missing = tuple(session.facts.get("missing", ()))
    if tally.fetched != reported:
        session.note(
            "warnings", f"{connector.title} reported {reported} records, {tally.fetched} came"
        )
    pages = journal.pages
    ended = max((page.time for page in pages), default=journal.started)
    facts = {
        "connector": connector.name,
        "service": connector.url,
        **({"address": address} if address != connector.url else {}),
        "started": journal.started,
        "ended": ended,
        "query": query.text,
        "query_translation": "",
        **({"since": query.since} if query.since else {}),
        **({"until": query.until} if query.until else {}),
        **({"update_of": update_of, "new_by": connector.new_by} if update_of else {}),
        **({"options": dict(query.options)} if query.options else {}),
        "reported": reported,
        "fetched": tally.fetched,
        "already_known": tally.already_known,
        "repeated": tally.repeated,
        "records": records,
        "unreadable": unreadable,
        "pages": len(pages),
        "count_changes": tally.changes,
        **{name: value for name, value in sorted(session.facts.items()) if value != []},
        "export": export.name if export else "",
        "export_sha256": hashlib.sha256(export.read_bytes()).hexdigest() if export else "",
        "made_by": made_by(),
    }
    head = {
        "name": connector.title,
        "platform": connector.platform,
        "kind": connector.kind,
        "date": journal.started[:10],
        "found": reported,
        **({"removed_at_source": tally.already_known} if tally.already_known else {}),
        **({"id_prefix": id_prefix} if id_prefix else {}),
        **({"note": f"Update of {update_of}: entered since {query.since}" if query.since
            else f"Update of {update_of}: what it does not have"} if update_of else {}),
    }  # fmt: skip
    write_file(folder / "query.txt", f"{query.text.strip()}\n".encode())
    write_file(folder / "search.toml", toml_text(head, facts).encode())
    return SearchRun(
        connector=connector.name,
        title=connector.title,
        platform=connector.platform,
        folder=folder,
        export=export.name if export else "",
        date=journal.started[:10],
        started=journal.started,
        ended=ended,
        query=query.text,
        query_translation=str(facts["query_translation"]),
        since=query.since,
        update_of=update_of,
        new_by=connector.new_by if update_of else "",
        reported=reported,
        fetched=tally.fetched,
        already_known=tally.already_known,
        repeated=tally.repeated,
        records=records,
        unreadable=unreadable,
        missing=missing,
        count_changes=tuple(tally.changes),
        warnings=tuple(session.facts.get("warnings", ())),
        pages=len(pages),
        requests=client.asked - asked,
        pages_kept=journal.left,
        facts=facts,
    )


def _write_export(connector: Connector, items: Iterator[Item], folder: Path) -> Path | None:
    """Write the export while the pages come; it gets its name when it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".export{connector.ending}.part"
    count = 0

    def counting() -> Iterator[Item]:
        nonlocal count
        for item in items:
            count += 1
            yield item

    with part.open("w", encoding="utf-8", newline="\n") as file:
        for text in connector.export(counting()):
            file.write(text)
    if not count:
        part.unlink()
        return None
    return part.replace(folder / f"export{connector.ending}")


def _read_back(export: Path) -> tuple[int, int, tuple[Problem, ...]]:
    """Read the export as a review reads it: records, entries not read, and why."""
    stream = iter_records(export)
    records = sum(1 for _ in stream)
    unread = tuple(
        each for each in stream.problems if isinstance(each, RecordProblem) and each.unreadable
    )
    if stream.entries < records:
        raise ServiceError(stream.format, "the export cannot be counted")  # pragma: no cover
    return records, stream.entries - records, unread
