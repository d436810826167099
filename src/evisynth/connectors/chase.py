"""Citation chasing: what the seeds cite and what cites them, by rounds, from several services."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from evisynth.connectors.base import Progress, Session
from evisynth.connectors.chase_sources import CHASERS, Chaser, Seed
from evisynth.connectors.client import Client
from evisynth.connectors.facts import made_by, toml_text
from evisynth.connectors.journal import Journal, write_file
from evisynth.connectors.keys import Keys
from evisynth.connectors.run import RAW
from evisynth.errors import DataError, OptionError
from evisynth.records import Record, format_records

__all__ = ["Chase", "ChasePlan", "ChaseRound", "Link", "chase_citations"]

Direction = Literal["backward", "forward"]
_WORDS = {"backward": "cited by", "forward": "cites"}


@dataclass(frozen=True, slots=True)
class ChasePlan:
    """How citations are chased.

    Attributes
    ----------
    directions : tuple of {"backward", "forward"}
        Backward: what the seeds cite. Forward: what cites them.
    services : tuple of str
        ``"openalex"``, ``"crossref"`` (backward only), ``"europepmc"``.
    rounds : int
        Rounds at most; the new records of a round are the seeds of the next.
    stop_below : int
        No further round after one with fewer new records than this.
    most : int
        No further round when there are this many new records in all.
    """

    directions: tuple[Direction, ...] = ("backward", "forward")
    services: tuple[str, ...] = ("openalex", "crossref", "europepmc")
    rounds: int = 1
    stop_below: int = 1
    most: int = 10_000

    def __post_init__(self) -> None:
        """Check the words and numbers."""
        for each in self.directions:
            if each not in _WORDS:
                raise OptionError("direction", each, _WORDS)
        for name in self.services:
            if name not in CHASERS:
                raise OptionError("service", name, CHASERS)
        if not self.directions or not self.services:
            raise OptionError("service", "", CHASERS, "At least one is wanted.")
        for name, value in (("rounds", self.rounds), ("stop_below", self.stop_below),
                            ("most", self.most)):  # fmt: skip
            if value < 1:
                raise DataError(f"{name}: {value} cannot be used; it must be at least 1")


@dataclass(frozen=True, slots=True)
class Link:
    """One citation: the record found, from which seed, in which round, by which services."""

    record: str
    round: int
    direction: Direction
    seed: str
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChaseRound:
    """Counts of one round.

    Attributes
    ----------
    round, seeds : int
        Its number, and how many records were chased.
    links : int
        Citations found, those that several services gave counted once each.
    found : int
        Different records among them.
    in_library, earlier : int
        Of those, in the library already, and found in an earlier round.
    new : int
        The others.
    without_record : int
        References that a service gives without a title, so that no record can be made.
    """

    round: int
    seeds: int
    links: int
    found: int
    in_library: int
    earlier: int
    new: int
    without_record: int


@dataclass(frozen=True, slots=True)
class Chase:
    """What citation chasing brought.

    Attributes
    ----------
    folder : Path
        Folder of the search.
    date : str
        Day, ISO.
    records : tuple of Record
        New records, in the order in which they were found.
    links : tuple of Link
        Every citation, also to records of the library.
    rounds : tuple of ChaseRound
        Counts by round.
    stopped : str
        Which rule ended it.
    not_known : dict of str to tuple of str
        Seeds that a service does not know, by service.
    warnings : tuple of str
        What a reader should know.
    requests, pages_kept : int
        Questions sent in this run, and pages that an earlier run had left.
    """

    folder: Path
    date: str
    records: tuple[Record, ...]
    links: tuple[Link, ...]
    rounds: tuple[ChaseRound, ...]
    stopped: str
    not_known: Mapping[str, tuple[str, ...]]
    warnings: tuple[str, ...]
    requests: int
    pages_kept: int


def keys_of(record: Record) -> tuple[str, ...]:
    """Return what a record is known by across services, the surest first.

    Examples
    --------
    >>> keys_of(Record("1", "A trial", doi="10.5555/A", pmid="7"))
    ('doi:10.5555/a', 'pmid:7')
    """
    found = []
    if record.doi:
        found.append(f"doi:{record.doi.lower()}")
    if record.pmid:
        found.append(f"pmid:{record.pmid}")
    if record.database == "OpenAlex" and record.accession:
        found.append(f"openalex:{record.accession}")
    if record.database == "Europe PMC" and record.accession and not record.pmid:
        found.append(f"europepmc:{record.accession}")
    if not found:
        title = "".join(sign for sign in record.title.casefold() if sign.isalnum())
        found.append(f"title:{title}:{record.year or ''}")
    return tuple(found)


@dataclass(slots=True)
class _Pool:
    """Records by what they are known by; the same report from several services is one."""

    records: list[Record] = field(default_factory=list)
    where: dict[str, int] = field(default_factory=dict)

    def add(self, record: Record) -> int:
        """Add a record, or fill the gaps of the one that is it; returns its place."""
        keys = keys_of(record)
        place = next((self.where[key] for key in keys if key in self.where), None)
        if place is not None and _differ(self.records[place], record):
            place = None
            keys = tuple(key for key in keys if key not in self.where) or (f"#{len(self.records)}",)
        if place is None:
            place = len(self.records)
            self.records.append(record)
        else:
            self.records[place] = _filled(self.records[place], record)
            keys = (*keys, *keys_of(self.records[place]))
        for key in keys:
            self.where.setdefault(key, place)
        return place


def _differ(one: Record, other: Record) -> bool:
    """Return whether two records with one id in common have another that differs."""
    return bool(
        (one.doi and other.doi and one.doi.lower() != other.doi.lower())
        or (one.pmid and other.pmid and one.pmid != other.pmid)
    )


def _filled(record: Record, other: Record) -> Record:
    """Fill what a record lacks from another of the same report."""
    names = ("authors", "year", "journal", "volume", "issue", "pages", "doi", "pmid", "abstract",
             "pmcid", "url", "type", "language", "issns")  # fmt: skip
    changes: dict[str, Any] = {
        name: getattr(other, name)
        for name in names
        if not getattr(record, name) and getattr(other, name)
    }
    return replace(record, **changes) if changes else record


def chase_citations(
    seeds: Sequence[Seed],
    folder: Path,
    *,
    client: Client,
    library: Iterable[Record] = (),
    plan: ChasePlan | None = None,
    keys: Keys | None = None,
    addresses: Mapping[str, str] | None = None,
    first_round: int = 1,
    id_prefix: str = "",
    progress: Progress | None = None,
) -> Chase:
    """Chase citations and write ``search.toml``, ``export.ris`` and ``raw/`` with every link.

    Parameters
    ----------
    seeds
        Reports to start from, with a DOI or a PubMed id.
    folder
        Folder of the search; an unfinished run in it is gone on with.
    client
        Asks the services.
    library
        Records that are there already: links to them are kept, they are not new.
    plan
        Directions, services, rounds and when to stop.
    keys, addresses
        Keys at hand, and other addresses of services.
    first_round
        Number of the first round, where earlier ones were chased before.
    id_prefix
        Put before the ids of the records when the review is read.
    progress
        Told how far it is.

    Raises
    ------
    ServiceError
        A service does not answer; what came is kept, and the next run goes on.
    DataError
        There is no seed.
    """
    chosen = plan or ChasePlan()
    if not seeds:
        raise DataError("there is no seed to chase citations from")
    run = {
        "connector": "citations",
        "seeds": [seed.id for seed in seeds],
        "directions": list(chosen.directions),
        "services": list(chosen.services),
        "first_round": first_round,
    }
    journal = Journal(folder / RAW, run, client)
    asked = client.asked
    given = addresses or {}
    sessions = {
        name: Session(
            journal,
            keys or Keys(),
            (given.get(name) or CHASERS[name].url).rstrip("/"),
            CHASERS[name].title,
            CHASERS[name].interval,
        )
        for name in chosen.services
    }
    work = _Work(chosen, sessions, progress, id_prefix)
    for record in library:
        work.pool.add(record)
    for seed in seeds:
        work.pool.add(seed.record)
    work.known = len(work.pool.records)
    stopped = work.go(list(seeds), first_round)
    return work.write(folder, journal, run, stopped, client.asked - asked)


class _Work:
    """One chasing: its pool of records, its links and counts."""

    def __init__(
        self,
        plan: ChasePlan,
        sessions: dict[str, Session],
        progress: Progress | None,
        prefix: str,
    ) -> None:
        self.plan, self.sessions, self.progress = plan, sessions, progress
        self.prefix = prefix
        self.pool = _Pool()
        self.known = 0
        self.links: dict[tuple[int, int, Direction, str], list[str]] = {}
        self.rounds: list[ChaseRound] = []
        self.not_known: dict[str, list[str]] = {}

    def go(self, seeds: list[Seed], number: int) -> str:
        """Chase round after round; says which rule ended it."""
        last = number + self.plan.rounds - 1
        while True:
            new = self._round(seeds, number)
            total = len(self.pool.records) - self.known
            if not new:
                return "nothing new in the last round"
            if number == last:
                return f"the rounds asked for ({self.plan.rounds}) are done"
            if len(new) < self.plan.stop_below:
                return f"fewer than {self.plan.stop_below} new records in a round"
            if total >= self.plan.most:
                return f"{self.plan.most} new records are reached"
            number += 1
            seeds = [Seed(self.ident(place), self.pool.records[place]) for place in new]

    def _round(self, seeds: list[Seed], number: int) -> list[int]:
        """Chase one round; returns the places of the new records."""
        before = len(self.pool.records)
        touched: set[int] = set()
        links = without = 0
        chasers: list[tuple[str, Chaser]] = [(name, CHASERS[name]) for name in self.sessions]
        for done, seed in enumerate(seeds):
            if self.progress is not None:
                self.progress(f"Round {number}: {done} of {len(seeds)} seeds", done, len(seeds))
            for name, chaser in chasers:
                for direction in self.plan.directions:
                    if direction not in chaser.directions:
                        continue
                    found = chaser.chase(self.sessions[name], seed, direction)
                    if not found.known:
                        self._note_unknown(name, seed.id)
                    without += found.without_record
                    for record in found.records:
                        place = self.pool.add(record)
                        touched.add(place)
                        links += self._link(place, number, direction, seed.id, name)
        new = [place for place in sorted(touched) if place >= before]
        self.rounds.append(
            ChaseRound(
                round=number,
                seeds=len(seeds),
                links=links,
                found=len(touched),
                in_library=sum(place < self.known for place in touched),
                earlier=sum(self.known <= place < before for place in touched),
                new=len(new),
                without_record=without,
            )
        )
        return new

    def _note_unknown(self, service: str, seed: str) -> None:
        held = self.not_known.setdefault(service, [])
        if seed not in held:
            held.append(seed)

    def _link(self, place: int, number: int, direction: Direction, seed: str, service: str) -> int:
        key = (place, number, direction, seed)
        held = self.links.setdefault(key, [])
        if service not in held:
            held.append(service)
        return int(len(held) == 1)

    def ident(self, place: int) -> str:
        """Return the id of a record in the review: its own, or that of a new one by its place."""
        if place < self.known:
            return self.pool.records[place].id
        return f"{self.prefix}c{place - self.known + 1}"

    def write(
        self,
        folder: Path,
        journal: Journal,
        run: Mapping[str, Any],
        stopped: str,
        requests: int,
    ) -> Chase:
        """Write what came of it."""
        links: list[Link] = []
        notes: dict[int, list[str]] = {}
        for (place, number, direction, seed), services in self.links.items():
            links.append(Link(self.ident(place), number, direction, seed, tuple(services)))
            titles = ", ".join(CHASERS[name].title for name in services)
            notes.setdefault(place, []).append(
                f"Citation searching, round {number}: {_WORDS[direction]} {seed} ({titles})"
            )
        records = tuple(
            replace(
                self.pool.records[place],
                id=self.ident(place),
                notes=tuple(notes[place]),
                file="",
                raw="",
            )
            for place in range(self.known, len(self.pool.records))
        )
        pages = journal.pages
        date = journal.started[:10]
        warnings = tuple(
            text for session in self.sessions.values() for text in session.facts.get("warnings", ())
        )
        if records:
            bare = (replace(each, id=each.id.removeprefix(self.prefix)) for each in records)
            write_file(folder / "export.ris", format_records(bare, "RIS").encode())
        write_file(folder / RAW / "links.csv", _links_csv(links).encode())
        facts = {
            **run,
            "started": journal.started,
            "ended": max((page.time for page in pages), default=journal.started),
            "rounds": [
                {name: getattr(each, name) for name in ChaseRound.__slots__} for each in self.rounds
            ],
            "stop_rule": f"{self.plan.rounds} rounds, fewer than {self.plan.stop_below} new,"
            f" or {self.plan.most} in all",
            "stopped": stopped,
            "new": len(records),
            "links": len(links),
            "pages": len(pages),
            "not_known": [f"{name}: {', '.join(ids)}" for name, ids in self.not_known.items()],
            "warnings": list(warnings),
            "made_by": made_by(),
        }
        head = {
            "name": "Citation searching",
            "platform": ", ".join(CHASERS[name].title for name in self.plan.services),
            "kind": "citation",
            "date": date,
            "found": len(notes),
            "removed_at_source": len(notes) - len(records),
            **({"id_prefix": self.prefix} if self.prefix else {}),
            "note": f"{' and '.join(self.plan.directions)} citations of"
            f" {len(run['seeds'])} reports; what the library has is removed at source",
        }
        write_file(folder / "search.toml", toml_text(head, facts).encode())
        return Chase(
            folder=folder,
            date=date,
            records=records,
            links=tuple(links),
            rounds=tuple(self.rounds),
            stopped=stopped,
            not_known={name: tuple(ids) for name, ids in self.not_known.items()},
            warnings=warnings,
            requests=requests,
            pages_kept=journal.left,
        )


def _links_csv(links: Sequence[Link]) -> str:
    """Write every link as a table."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["record_id", "round", "direction", "seed", "services"])
    for link in links:
        row = [link.record, link.round, link.direction, link.seed, ";".join(link.services)]
        writer.writerow(row)
    return text.getvalue()
