"""Reporting check lists filled from the document: where each item stands, or what is to do."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from evisynth.analysis import AnalysisResult
from evisynth.errors import OptionError
from evisynth.reporting.blocks import Heading, ReviewDocument
from evisynth.reporting.checklists.facts import CHECKS, Held, Status, prisma_s_finding
from evisynth.review import Review

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CHECKLISTS",
    "Checklist",
    "ChecklistItem",
    "FilledChecklist",
    "FilledItem",
    "checklist",
    "fill_checklist",
]

CHECKLISTS = ("prisma-2020", "prisma-2020-abstracts", "prisma-s", "prisma-p")
"""Ids of the check lists."""


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """An item of a check list.

    Attributes
    ----------
    id, section, topic : str
        Its number and where it stands in the list.
    asks : str
        What it asks for, in our words.
    at : tuple of str
        Anchors of the document where it is answered.
    check : str
        Name of what is looked at; ``""`` for an item of PRISMA-S that the strategies answer.
    fact : int
        Number of that item of PRISMA-S.
    """

    id: str
    section: str
    topic: str
    asks: str
    at: tuple[str, ...]
    check: str = ""
    fact: int = 0


@dataclass(frozen=True, slots=True)
class Checklist:
    """A check list: its name, source and items."""

    id: str
    name: str
    title: str
    citation: str
    doi: str
    link: str
    items: tuple[ChecklistItem, ...]


@dataclass(frozen=True, slots=True)
class FilledItem:
    """An item with its answer.

    Attributes
    ----------
    item : ChecklistItem
        The item.
    status : {"reported", "partly", "to do", "not applicable"}
        Whether the review has what is asked for.
    places : tuple of (anchor, words)
        Where it is reported: sections of the document.
    pages : tuple of int
        Pages of the PDF, where they are known.
    missing : str
        What is missing, and where it is written.
    """

    item: ChecklistItem
    status: Status
    places: tuple[tuple[str, str], ...] = ()
    pages: tuple[int, ...] = ()
    missing: str = ""

    @property
    def where(self) -> str:
        """The places and pages in words; ``""`` where nothing is reported."""
        words = "; ".join(name for _, name in self.places)
        if not words or not self.pages:
            return words
        label = "page" if len(self.pages) == 1 else "pages"
        return f"{words} ({label} {', '.join(map(str, self.pages))})"


@dataclass(frozen=True, slots=True)
class FilledChecklist:
    """A check list with its answers."""

    checklist: Checklist
    items: tuple[FilledItem, ...]

    def count(self, status: Status) -> int:
        """Return how many items have a status."""
        return sum(made.status == status for made in self.items)

    def __str__(self) -> str:
        parts = [
            f"{self.count(status)} {status}"
            for status in ("reported", "partly", "to do", "not applicable")
            if self.count(status)
        ]
        return f"{self.checklist.name}: {', '.join(parts)} of {len(self.items)} items"

    def rows(self) -> list[dict[str, str]]:
        """Return the rows of the table."""
        return [
            {
                "item": made.item.id,
                "section": made.item.section,
                "topic": made.item.topic,
                "asks": made.item.asks,
                "status": made.status,
                "where": made.where,
                "missing": made.missing,
            }
            for made in self.items
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return the items as a table, one row each."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def to_csv(self) -> str:
        """Return the items as CSV."""
        text = io.StringIO()
        rows = self.rows()
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()


@cache
def checklist(name: str) -> Checklist:
    """Return a check list by its id.

    Raises
    ------
    OptionError
        There is no such check list.

    Examples
    --------
    >>> len(checklist("prisma-2020").items), checklist("prisma-2020").items[21].id
    (42, '16a')
    """
    if name not in CHECKLISTS:
        raise OptionError("checklist", name, CHECKLISTS)
    file = resources.files("evisynth.reporting.checklists").joinpath(
        f"data/{name.replace('-', '_')}.toml"
    )
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    items = tuple(ChecklistItem(**{**each, "at": tuple(each["at"])}) for each in data.pop("items"))
    return Checklist(**data, items=items)


def fill_checklist(
    name: str,
    review: Review,
    document: ReviewDocument,
    results: Sequence[AnalysisResult] = (),
    *,
    pages: Mapping[str, int] | None = None,
) -> FilledChecklist:
    """Fill a check list from a review and its document.

    Parameters
    ----------
    name
        One of `CHECKLISTS`.
    review, results
        The review and the results of its analyses.
    document
        The document whose sections are pointed to.
    pages
        Page of each anchor in the PDF, from 1.

    Returns
    -------
    FilledChecklist

    Raises
    ------
    OptionError
        There is no such check list.
    """
    made = checklist(name)
    held = Held(review, results)
    sections = _sections(document)
    return FilledChecklist(
        made, tuple(_filled(item, held, sections, pages or {}) for item in made.items)
    )


def _sections(document: ReviewDocument) -> dict[str, str]:
    """Return the words for each place of a document: section, and heading within it."""
    found = {"title": "Title"}
    section = ""
    for block in document.blocks:
        if isinstance(block, Heading):
            if block.level == 1:
                section = block.text
                found[block.anchor] = block.text
            else:
                found[block.anchor] = f"{section}, {block.text}" if section else block.text
    return found


def _filled(
    item: ChecklistItem, held: Held, sections: Mapping[str, str], pages: Mapping[str, int]
) -> FilledItem:
    finding = prisma_s_finding(held, item.fact) if item.fact else CHECKS[item.check](held)
    if finding.status in ("to do", "not applicable"):
        return FilledItem(item, finding.status, missing=finding.missing)
    there = tuple((anchor, sections[anchor]) for anchor in item.at if anchor in sections)
    if not there:
        missing = finding.missing or "the document has no section for it yet"
        return FilledItem(item, "to do", missing=missing)
    shown = {1 if anchor == "title" else pages.get(anchor, 0) for anchor, _ in there} - {0}
    if not pages:
        shown = set()
    return FilledItem(item, finding.status, there, tuple(sorted(shown)), finding.missing)
