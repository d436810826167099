"""The sixteen items of PRISMA-S: which are stored, which are missing, in words.

Rethlefsen ML, Kirtley S, Waffenschmidt S, et al. PRISMA-S: an extension to the PRISMA statement for
reporting literature searches in systematic reviews. Syst Rev 2021;10:39.
doi:10.1186/s13643-020-01542-z
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields

from evisynth.display import format_columns, format_count, plural
from evisynth.errors import DataError
from evisynth.records import SourceKind
from evisynth.searches.strategy import FilterUsed, LimitUsed, PrismaFacts, Strategy

__all__ = ["PRISMA_S_ITEMS", "PrismaItem", "PrismaReport", "prisma_s"]

PRISMA_S_ITEMS = (
    "Database name",
    "Multi-database searching",
    "Study registries",
    "Online resources and browsing",
    "Citation searching",
    "Contacts",
    "Other methods",
    "Full search strategies",
    "Limits and restrictions",
    "Search filters",
    "Prior work",
    "Updates",
    "Dates of searches",
    "Peer review",
    "Total records",
    "Deduplication",
)
"""Names of the items, in their order."""


@dataclass(frozen=True, slots=True)
class PrismaItem:
    """One item.

    Attributes
    ----------
    number : int
        1 to 16.
    name : str
        As PRISMA-S has it.
    text : str
        What is stored, in sentences; ``""`` where there is nothing.
    missing : str
        What is still to be stored; ``""`` where the item is complete.
    """

    number: int
    name: str
    text: str
    missing: str

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


@dataclass(frozen=True, slots=True)
class PrismaReport:
    """All sixteen items."""

    items: tuple[PrismaItem, ...]

    @property
    def missing(self) -> tuple[PrismaItem, ...]:
        """Items that are not complete."""
        return tuple(item for item in self.items if not item.complete)

    @property
    def complete(self) -> bool:
        """Whether every item is."""
        return not self.missing

    def __str__(self) -> str:
        done = len(self.items) - len(self.missing)
        rows = [
            [
                str(item.number),
                item.name,
                item.text if item.complete else f"MISSING: {item.missing}",
            ]
            for item in self.items
        ]
        return "\n".join([f"PRISMA-S: {done} of {len(self.items)} items", *format_columns(rows)])


def prisma_s(strategies: Iterable[Strategy], facts: PrismaFacts | None = None) -> PrismaReport:
    """Say for each item of PRISMA-S what is stored and what is missing.

    Parameters
    ----------
    strategies
        The searches of a review, also those of registers, websites and citations.
    facts
        Facts of the review as a whole; those of the strategies are added.

    Returns
    -------
    PrismaReport
        The items in order, each with its text or with what is missing.

    Raises
    ------
    DataError
        There is no strategy.

    Examples
    --------
    >>> from evisynth.searches.strategy import start_strategy
    >>> report = prisma_s([start_strategy("MEDLINE", "Ovid", ["gait.ti."])])
    >>> report.items[0].text, report.items[12].missing
    ('MEDLINE (Ovid).', 'the day of the search of MEDLINE (Ovid)')
    """
    given = tuple(strategies)
    if not given:
        raise DataError("PRISMA-S is about searches, and there is none; give the strategies")
    whole = _joined([facts or PrismaFacts(), *(strategy.facts for strategy in given)])
    searched = [strategy for strategy in given if strategy.searched]
    made = (
        _databases(given),
        _said(whole.multi_database, "whether several databases were searched at once"),
        _kind(searched, "register", whole.registries, "which study registries were searched"),
        _kind(
            searched,
            ("website", "organisation"),
            whole.online_resources,
            "which websites and other online resources were searched or browsed",
        ),
        _kind(searched, "citation", whole.citation_searching, "whether citations were followed"),
        _said(whole.contacts, "whether authors, experts or makers were contacted"),
        _said(whole.other_methods, "whether other methods were used"),
        _each(
            [s for s in searched if s.kind in ("database", "register")],
            lambda s: bool(s.lines),
            "the lines of the search of",
            lambda s: f"{_name(s)}: {plural(len(s.lines), 'line')}",
        ),
        _restrictions(searched, whole.limits, "limits", "reason", lambda s: s.limits),
        _restrictions(searched, whole.filters, "search filters", "source", lambda s: s.filters),
        _said(whole.prior_work, "whether strategies of earlier reviews were used"),
        _updates(searched, whole.updates),
        _each(
            searched,
            lambda s: bool(s.date),
            "the day of the search of",
            lambda s: f"{_name(s)}: {s.date}",
        ),
        _peer_review(searched, whole.peer_review),
        _totals(searched, whole.total_records),
        _said(whole.deduplication, "how duplicates were found and removed"),
    )
    return PrismaReport(
        tuple(
            PrismaItem(number, name, text, missing)
            for number, (name, (text, missing)) in enumerate(
                zip(PRISMA_S_ITEMS, made, strict=True), 1
            )
        )
    )


Answer = tuple[str, str]


def _name(strategy: Strategy) -> str:
    """Return database and platform."""
    if not strategy.platform:
        return strategy.database
    return f"{strategy.database} ({strategy.platform})"


def _sentence(parts: Sequence[str]) -> str:
    """Join parts to a sentence."""
    text = "; ".join(parts)
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _joined(all_facts: Sequence[PrismaFacts]) -> PrismaFacts:
    """Return the facts of the review and of all searches, each said once."""
    found = {}
    for item in fields(PrismaFacts):
        said = dict.fromkeys(
            text.strip() for facts in all_facts if (text := getattr(facts, item.name)).strip()
        )
        found[item.name] = " ".join(said)
    return PrismaFacts(**found)


def _said(text: str, what: str) -> Answer:
    return (text, "") if text else ("", f"{what} (say so, also if not)")


def _databases(given: Sequence[Strategy]) -> Answer:
    bare = [s.database for s in given if s.kind == "database" and not s.platform]
    text = _sentence(
        [
            _name(s) + (f", {s.segment}" if s.segment else "")
            for s in given
            if s.kind in ("database", "register")
        ]
    )
    if not text:
        return "", "the databases that were searched"
    return text, f"the platform of {', '.join(bare)}" if bare else ""


def _kind(
    searched: Sequence[Strategy],
    kinds: SourceKind | tuple[SourceKind, ...],
    fact: str,
    what: str,
) -> Answer:
    """Return sources of a kind, or the fact that there were none."""
    names = [
        s.database for s in searched if s.kind in ((kinds,) if isinstance(kinds, str) else kinds)
    ]
    text = " ".join(part for part in (_sentence([", ".join(names)] if names else []), fact) if part)
    return _said(text, what)


def _each(
    searched: Sequence[Strategy],
    has: Callable[[Strategy], bool],
    what: str,
    say: Callable[[Strategy], str],
) -> Answer:
    """Something that every search has to have."""
    lacking = [_name(s) for s in searched if not has(s)]
    text = _sentence([say(s) for s in searched if has(s)])
    if not searched:
        return "", f"{what} any database"
    return text, f"{what} {', '.join(lacking)}" if lacking else ""


def _restrictions(
    searched: Sequence[Strategy],
    fact: str,
    noun: str,
    reason: str,
    used: Callable[[Strategy], Sequence[LimitUsed | FilterUsed]],
) -> Answer:
    """Limits with reasons, or filters with sources; none is a fact too."""
    parts, lacking = [], []
    for strategy in searched:
        for item in used(strategy):
            if isinstance(item, LimitUsed):
                shown, why = item.text, item.reason
            else:
                shown, why = item.name, item.source
            if not why:
                lacking.append(f"{shown!r} in {_name(strategy)}")
            changes = "" if isinstance(item, LimitUsed) or not item.changes else f"; {item.changes}"
            parts.append(f"{_name(strategy)}: {shown}" + (f" ({why}{changes})" if why else ""))
    text = " ".join(part for part in (_sentence(parts), fact) if part)
    if lacking:
        return text, f"the {reason} of {', '.join(lacking)}"
    return _said(text, f"which {noun} were used")


def _updates(searched: Sequence[Strategy], fact: str) -> Answer:
    """Later runs of the same lines are updates."""
    parts = []
    for strategy in searched:
        days = sorted(
            {line.date for version in strategy.versions for line in version.lines if line.date}
        )
        if len(days) > 1:
            parts.append(f"{_name(strategy)} was run on {', '.join(days)}")
    text = " ".join(part for part in (_sentence(parts), fact) if part)
    return _said(text, "whether and how searches were updated")


def _peer_review(searched: Sequence[Strategy], fact: str) -> Answer:
    """Reviews by PRESS, and what they left open."""
    parts: list[str] = []
    open_ones: list[str] = []
    for strategy in searched:
        for place, version in enumerate(strategy.versions, 1):
            parts.extend(
                f"{_name(strategy)}, version {place}: PRESS 2015 by {review.reviewer} on"
                f" {review.date} ({review.verdict})"
                for review in version.reviews
            )
        last = strategy.versions[-1] if strategy.versions else None
        if last and last.reviews and last.reviews[-1].verdict == "revisions required":
            open_ones.append(_name(strategy))
    text = " ".join(part for part in (_sentence(parts), fact) if part)
    if open_ones:
        return text, f"the revision that the last review of {', '.join(open_ones)} required"
    return _said(text, "whether the strategy was peer reviewed")


def _totals(searched: Sequence[Strategy], fact: str) -> Answer:
    """Return records of each source, and their sum."""
    lacking = [_name(s) for s in searched if s.found is None]
    counts = [(_name(s), s.found) for s in searched if s.found is not None]
    parts = [f"{name}: {format_count(count)}" for name, count in counts]
    if not lacking and len(counts) > 1:
        parts.append(f"in all: {format_count(sum(count for _, count in counts))}")
    text = " ".join(part for part in (_sentence(parts), fact) if part)
    if fact and not counts:
        return text, ""
    if not searched:
        return _said(text, "how many records were found")
    return text, f"the records found by {', '.join(lacking)}" if lacking else ""
