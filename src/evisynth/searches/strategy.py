"""A search strategy: numbered lines as run, in versions that are never rewritten."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

from evisynth.display import format_columns, format_count
from evisynth.errors import DataError, OptionError
from evisynth.records import SourceKind
from evisynth.searches.press import PressReview

__all__ = [
    "FilterUsed",
    "LimitUsed",
    "PrismaFacts",
    "Strategy",
    "StrategyLine",
    "Version",
    "record_run",
    "review_strategy",
    "revise",
    "start_strategy",
]


def check_date(date: str, what: str) -> None:
    """Refuse what is no day in the form 2026-03-31; ``""`` is allowed."""
    try:
        if date and datetime.date.fromisoformat(date).isoformat() != date:
            raise ValueError
    except ValueError:
        raise DataError(f"{what}: {date!r} is no day; write it as 2026-03-31") from None


@dataclass(frozen=True, slots=True)
class StrategyLine:
    """One numbered line.

    Attributes
    ----------
    number : int
        Its number on the platform, from 1.
    text : str
        The line exactly as it was run.
    hits : int or None
        Records found; None until it was run.
    date : str
        Day of the run, ISO; ``""`` until then.
    concept : str
        The block of the question that it belongs to.
    comment : str
        A remark for readers.
    """

    number: int
    text: str
    hits: int | None = None
    date: str = ""
    concept: str = ""
    comment: str = ""

    def __post_init__(self) -> None:
        if self.number < 1:
            raise DataError(f"line {self.number}: lines are numbered from 1")
        if not self.text.strip():
            raise DataError(f"line {self.number} is empty; leave it out or write its text")
        if self.hits is not None and self.hits < 0:
            raise DataError(f"line {self.number}: {self.hits} hits cannot be")
        check_date(self.date, f"line {self.number}")
        if "\r" in self.text:
            object.__setattr__(self, "text", self.text.replace("\r\n", "\n").replace("\r", "\n"))

    @property
    def was_run(self) -> bool:
        """Whether the line was run: it has hits or a date."""
        return self.hits is not None or bool(self.date)


@dataclass(frozen=True, slots=True)
class LimitUsed:
    """A limit (PRISMA-S item 9): what, why, on which lines."""

    text: str
    reason: str = ""
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FilterUsed:
    """A published search filter (item 10): its name, its source, how it was changed, its lines."""

    name: str
    source: str = ""
    changes: str = ""
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PrismaFacts:
    """What PRISMA-S asks for beyond the lines: a sentence for each item, ``""`` if not stored.

    "None" said in words (``"No one was contacted."``) is a fact; an empty text is not.

    Attributes
    ----------
    multi_database : str
        Item 2: databases searched at once on one platform.
    registries, online_resources, citation_searching, contacts, other_methods : str
        Items 3 to 7.
    limits, filters : str
        Items 9 and 10 where there are none (``"No limits were used."``).
    prior_work, updates : str
        Items 11 and 12.
    peer_review : str
        Item 14 where no review by PRESS is stored.
    total_records, deduplication : str
        Items 15 and 16.
    """

    multi_database: str = ""
    registries: str = ""
    online_resources: str = ""
    citation_searching: str = ""
    contacts: str = ""
    other_methods: str = ""
    limits: str = ""
    filters: str = ""
    prior_work: str = ""
    updates: str = ""
    peer_review: str = ""
    total_records: str = ""
    deduplication: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the lines, with its reviews.

    Attributes
    ----------
    lines : tuple of StrategyLine
        By number.
    date, author, reason : str
        When, by whom and why it was written.
    reviews : tuple of PressReview
        Peer reviews of this version.
    """

    lines: tuple[StrategyLine, ...]
    date: str = ""
    author: str = ""
    reason: str = ""
    reviews: tuple[PressReview, ...] = ()

    def __post_init__(self) -> None:
        check_date(self.date, "version")
        numbers = [line.number for line in self.lines]
        if not numbers:
            raise DataError("a strategy needs at least one line")
        if numbers != sorted(set(numbers)):
            raise DataError(f"the lines are numbered {numbers}; each number once, in order")

    @property
    def was_run(self) -> bool:
        """Whether any of its lines was run."""
        return any(line.was_run for line in self.lines)


@dataclass(frozen=True, slots=True)
class Strategy:
    """The search of one source: where, when, by which lines, and every fact of PRISMA-S.

    Attributes
    ----------
    database, platform : str
        E.g. ``"Embase"`` on ``"Ovid"``.
    versions : tuple of Version
        All versions, the oldest first; the last is the current one.
    segment : str
        Segment and coverage as the platform names them (``"1946 to March 02, 2026"``).
    kind : SourceKind
        Kind of source, for the flow diagram.
    searched : bool
        False for a source that is planned only.
    date : str
        Day of the search.
    found : int or None
        Records that the source reported.
    removed_at_source : int
        Of those, removed as duplicates before the export.
    encoding, id_prefix, note : str
        As in ``search.toml``.
    limits, filters : tuple
        What restricts the search, with reasons and sources.
    facts : PrismaFacts
        The other items of PRISMA-S.
    """

    database: str
    platform: str
    versions: tuple[Version, ...] = ()
    segment: str = ""
    kind: SourceKind = "database"
    searched: bool = True
    date: str = ""
    found: int | None = None
    removed_at_source: int = 0
    encoding: str = ""
    id_prefix: str = ""
    note: str = ""
    limits: tuple[LimitUsed, ...] = ()
    filters: tuple[FilterUsed, ...] = ()
    facts: PrismaFacts = field(default_factory=PrismaFacts)

    def __post_init__(self) -> None:
        if not self.database.strip():
            raise DataError("a strategy needs the name of its database")
        if self.kind not in get_args(SourceKind):
            raise OptionError("kind", self.kind, get_args(SourceKind))
        check_date(self.date, "date")
        numbers = {line.number for version in self.versions for line in version.lines}
        named = [used.lines for used in self.limits] + [used.lines for used in self.filters]
        for lines in named:
            for number in lines:
                if self.versions and number not in numbers:
                    raise DataError(
                        f"a limit or filter names line {number}, which no version has; lines:"
                        f" {', '.join(map(str, sorted(numbers)))}"
                    )

    @property
    def current(self) -> Version:
        """The last version."""
        if not self.versions:
            raise DataError(f"{self.database} has no lines yet; give them with revise")
        return self.versions[-1]

    @property
    def lines(self) -> tuple[StrategyLine, ...]:
        """Lines of the last version; empty where there is none."""
        return self.versions[-1].lines if self.versions else ()

    @property
    def text(self) -> str:
        """The lines as one text, numbered."""
        return "\n".join(f"{line.number}. {line.text}" for line in self.lines)

    def __str__(self) -> str:
        where = f"{self.database} ({self.platform})" if self.platform else self.database
        head = f"{where}, {self.date or 'not dated'}, version {len(self.versions)}"
        rows = [
            [
                str(line.number),
                " ".join(line.text.split()),
                "" if line.hits is None else format_count(line.hits),
            ]
            for line in self.lines
        ]
        return "\n".join([head, *format_columns(rows)])


def start_strategy(
    database: str, platform: str, lines: Iterable[str | StrategyLine] = (), **facts: object
) -> Strategy:
    """Make a strategy of its first lines.

    Parameters
    ----------
    database, platform
        Where it is to be run.
    lines
        Texts, numbered from 1, or lines.
    **facts
        Other fields of `Strategy`.

    Examples
    --------
    >>> print(start_strategy("MEDLINE", "Ovid", ["exp Walking/", "gait.ti,ab.", "1 or 2"]))
    MEDLINE (Ovid), not dated, version 1
      1  exp Walking/
      2  gait.ti,ab.
      3  1 or 2
    """
    made = _lines(lines)
    versions = (Version(made),) if made else ()
    return Strategy(database, platform, versions, **facts)  # type: ignore[arg-type]


def _lines(lines: Iterable[str | StrategyLine]) -> tuple[StrategyLine, ...]:
    return tuple(
        line if isinstance(line, StrategyLine) else StrategyLine(number, line)
        for number, line in enumerate(lines, 1)
    )


def revise(
    strategy: Strategy,
    lines: Sequence[str | StrategyLine],
    *,
    date: str = "",
    author: str = "",
    reason: str = "",
) -> Strategy:
    """Change the lines: a new version, once the last was run or reviewed; what was run stays.

    Parameters
    ----------
    strategy
        The strategy.
    lines
        All lines of the new version. A line whose text and number stay keeps its concept and
        comment; hits are those of the new run.
    date, author, reason
        When, by whom, why.

    Returns
    -------
    Strategy
        A draft that was neither run nor reviewed is replaced; otherwise a version is added.

    Raises
    ------
    DataError
        A given line carries the hits of an earlier version with another text.

    Examples
    --------
    >>> first = start_strategy("MEDLINE", "Ovid", [StrategyLine(1, "gait.ti.", hits=12)])
    >>> second = revise(first, ["gait.ti,ab."], reason="abstracts were missing")
    >>> len(second.versions), second.versions[0].lines[0].text, second.lines[0].hits
    (2, 'gait.ti.', None)
    """
    made = _lines(lines)
    old = {line.number: line for line in strategy.lines}
    kept = []
    for line in made:
        before = old.get(line.number)
        if (
            before is not None
            and before.was_run
            and line.text != before.text
            and line.hits is not None
            and (line.hits, line.date) == (before.hits, before.date)
        ):
            raise DataError(
                f"line {line.number} has another text and still the hits of the old one;"
                " leave hits and date out until it was run"
            )
        if before is not None and line.text == before.text and not (line.concept or line.comment):
            line = replace(line, concept=before.concept, comment=before.comment)
        kept.append(line)
    version = Version(tuple(kept), date, author, reason)
    last = strategy.versions[-1] if strategy.versions else None
    draft = last is not None and not last.was_run and not last.reviews
    history = strategy.versions[:-1] if draft else strategy.versions
    return replace(strategy, versions=(*history, version))


def record_run(strategy: Strategy, hits: Mapping[int, int], date: str) -> Strategy:
    """Store what a run found; a version that was run before is kept and a new one added.

    Parameters
    ----------
    strategy
        The strategy.
    hits
        Records found by number of line.
    date
        Day of the run.

    Raises
    ------
    DataError
        A line is not in the strategy, or the date is none.

    Examples
    --------
    >>> drafted = start_strategy("MEDLINE", "Ovid", ["gait.ti."])
    >>> run = record_run(drafted, {1: 12}, "2026-01-15")
    >>> again = record_run(run, {1: 15}, "2026-07-15")
    >>> [version.lines[0].hits for version in again.versions], again.date
    ([12, 15], '2026-07-15')
    """
    check_date(date, "date of the run")
    if not date:
        raise DataError("the run needs its date, e.g. 2026-01-15")
    unknown = sorted(hits.keys() - {line.number for line in strategy.lines})
    if unknown:
        raise DataError(f"there is no line {unknown[0]}; lines: 1 to {len(strategy.lines)}")
    last = strategy.current
    lines = tuple(
        replace(line, hits=hits[line.number], date=date)
        if line.number in hits
        else replace(line, hits=None, date="")
        if last.was_run
        else line
        for line in last.lines
    )
    if last.was_run:
        version = Version(lines, date, last.author, "run again")
        return replace(strategy, versions=(*strategy.versions, version), date=date)
    versions = (*strategy.versions[:-1], replace(last, lines=lines))
    return replace(strategy, versions=versions, date=date)


def review_strategy(strategy: Strategy, review: PressReview) -> Strategy:
    """Add a peer review to the current version.

    Examples
    --------
    >>> from evisynth.searches.press import press_form
    >>> drafted = start_strategy("MEDLINE", "Ovid", ["gait.ti."])
    >>> form = press_form("R. Librarian", "2026-01-10")
    >>> review_strategy(drafted, form).current.reviews[0].verdict
    'no revisions'
    """
    last = strategy.current
    versions = (*strategy.versions[:-1], replace(last, reviews=(*last.reviews, review)))
    return replace(strategy, versions=versions)
