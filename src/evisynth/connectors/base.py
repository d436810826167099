"""What a connector is: how a database is asked, paged through, and put together again."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from evisynth.connectors.journal import Journal
from evisynth.connectors.keys import Keys
from evisynth.connectors.requests import Answer, Expect, Request
from evisynth.errors import InputError, OptionError, Problem, ServiceError
from evisynth.records import SourceKind

__all__ = [
    "Connector",
    "Harvest",
    "Item",
    "Progress",
    "Query",
    "Session",
    "counted",
    "query_parts",
]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a database is asked.

    Attributes
    ----------
    text : str
        The query in the database's own language, exactly as it is sent.
    since : str
        Only what was entered from this day on, ISO; ``""`` for everything.
    until : str
        The last day of that span; ``""`` leaves it open.
    options : dict of str to str
        Options of the connector, by name.
    """

    text: str
    since: str = ""
    until: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Item:
    """One record as a service sent it: its id there, and its text or object."""

    id: str
    value: Any


@dataclass(frozen=True, slots=True)
class Harvest:
    """One page of records.

    Attributes
    ----------
    items : tuple of Item
        The records on it.
    reported : int
        How many records the service says there are in all.
    pass_number : int
        Which time the list is gone through.
    """

    items: tuple[Item, ...]
    reported: int
    pass_number: int = 1


@dataclass(slots=True)
class Session:
    """One run of a connector: asks through the journal and collects facts.

    Attributes
    ----------
    journal : Journal
        Answers of this run.
    keys : Keys
        Keys at hand.
    base_url : str
        Address of the service, without a slash at the end.
    service, interval : str, float
        Its name in messages, and the seconds between two questions.
    facts : dict
        What the search is reported with (PRISMA-S): translation of the query, slices, warnings.
    budget : dict of str to float
        What the last answer said of the money or requests that are left.
    """

    journal: Journal
    keys: Keys
    base_url: str
    service: str
    interval: float
    facts: dict[str, Any] = field(default_factory=dict)
    budget: dict[str, float] = field(default_factory=dict)

    def note(self, name: str, text: str) -> None:
        """Add a text to a list of facts, once."""
        held = self.facts.setdefault(name, [])
        if text not in held:
            held.append(text)

    def ask(
        self,
        path: str,
        params: Mapping[str, str],
        label: str,
        *,
        method: Literal["GET", "POST"] = "GET",
        expect: Expect = "json",
        headers: Mapping[str, str] | None = None,
        secret_params: Mapping[str, str] | None = None,
        secret_headers: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (),
        turn: str = "",
        refuse: Callable[[Answer], None] | None = None,
    ) -> Answer:
        """Ask the service; empty secrets are left out."""

        def filled(values: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
            return tuple((name, value) for name, value in (values or {}).items() if value)

        request = Request(
            service=self.service,
            url=f"{self.base_url}{path}",
            params=tuple(params.items()),
            method=method,
            expect=expect,
            headers=filled(headers),
            secret_params=filled(secret_params),
            secret_headers=filled(secret_headers),
            interval=self.interval,
            accept=accept,
            turn=turn,
        )
        return self.journal.ask(request, label, refuse=refuse)


class Connector(ABC):
    """A database that can be searched from here; one subclass each, listed in `CONNECTORS`.

    Attributes
    ----------
    name : str
        Word by which it is switched on, ``"pubmed"``.
    title, platform : str
        Database and platform as a review reports them.
    kind : SourceKind
        Box of the flow diagram.
    url : str
        Address of the service.
    interval : float
        Seconds between two requests.
    ending : str
        Ending of the export.
    new_by : {"entry dates", "ids"}
        How an update finds what is new: the service can be asked for a span of entry dates, or the
        whole list is fetched and compared. Ids are compared in both cases.
    overlap : int
        Days by which a span of entry dates begins before the last search.
    needs_key : str
        Name of the key that it does not work without.
    options : dict of str to tuple of str
        Options and their allowed values, the first is taken if none is given; an empty tuple
        allows any text.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    platform: ClassVar[str]
    kind: ClassVar[SourceKind] = "database"
    url: ClassVar[str]
    interval: ClassVar[float]
    ending: ClassVar[str]
    new_by: ClassVar[Literal["entry dates", "ids"]]
    overlap: ClassVar[int] = 1
    needs_key: ClassVar[str] = ""
    options: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def chosen(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return every option with its value.

        Raises
        ------
        OptionError
            An option or its value is not known.
        """
        for name, value in given.items():
            if name not in self.options:
                raise OptionError(f"option of {self.name}", name, self.options or ("none",))
            allowed = self.options[name]
            if allowed and value not in allowed:
                raise OptionError(f"{self.name}, {name}", value, allowed)
        return {
            name: given.get(name, allowed[0] if allowed else "")
            for name, allowed in self.options.items()
        }

    @abstractmethod
    def pages(self, session: Session, query: Query) -> Iterator[Harvest]:
        """Ask for page after page; facts of the search go to the session."""

    @abstractmethod
    def export(self, items: Iterator[Item]) -> Iterator[str]:
        """Give the text of one export that `evisynth.records.read_records` reads."""


def query_parts(text: str, plain: str, allowed: tuple[str, ...], service: str) -> dict[str, str]:
    r"""Read a query that may name parameters of a service, one a line: ``filter: type:article``.

    Parameters
    ----------
    text
        The query. Lines that begin with no parameter belong to the one before.
    plain
        Parameter of a text that begins with none.
    allowed
        Parameters that may be named.
    service
        For messages.

    Raises
    ------
    InputError
        A parameter stands twice, or the query is empty.

    Examples
    --------
    >>> query_parts("walking", "search", ("search", "filter"), "OpenAlex")
    {'search': 'walking'}
    >>> query_parts("search: walking\nfilter: type:article", "search", ("search", "filter"), "")
    {'search': 'walking', 'filter': 'type:article'}
    """
    marks = "|".join(re.escape(name) for name in sorted(allowed, key=len, reverse=True))
    found: dict[str, list[str]] = {}
    current = plain
    for line in text.strip().splitlines():
        match = re.match(rf"({marks}):\s*(.*)", line)
        if match:
            current = match[1]
            if current in found:
                raise InputError(
                    Problem("query", "", f"{service}: {current!r} stands twice", allowed)
                )
            found[current] = [match[2]]
        else:
            found.setdefault(current, []).append(line)
    parts = {name: " ".join(" ".join(lines).split()) for name, lines in found.items()}
    if not any(parts.values()):
        raise InputError(Problem("query", "", f"{service}: the query is empty"))
    return {name: value for name, value in parts.items() if value}


def counted(value: Any, service: str) -> int:
    """Return a count that a service reports.

    Raises
    ------
    ServiceError
        It is no number.
    """
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise ServiceError(service, f"the answer has no count of records ({value!r})") from error
