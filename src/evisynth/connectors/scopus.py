"""Scopus by Elsevier's search API, with the person's own key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from evisynth.connectors.base import Connector, Harvest, Item, Query, Session, counted
from evisynth.connectors.bodies import parse_json
from evisynth.connectors.json_pages import (
    Turn,
    go_through,
    objects,
    plain_text,
    refuse_without,
    ris_of,
    whole_number,
    word,
)
from evisynth.errors import ServiceError
from evisynth.records import Record

__all__ = ["Scopus"]

REACH = 5_000
"""Records that can be reached by their position; beyond, an entitled key needs a cursor."""
_COUNTS = {"STANDARD": 200, "COMPLETE": 25}


class Scopus(Connector):
    """Scopus; abstracts come with ``view = COMPLETE`` and an entitled key only."""

    name = "scopus"
    title = "Scopus"
    platform = "Elsevier Scopus Search API"
    url = "https://api.elsevier.com/content"
    interval = 0.15
    ending = ".ris"
    new_by: ClassVar[Literal["entry dates", "ids"]] = "entry dates"
    needs_key = "scopus"
    options: ClassVar[Mapping[str, tuple[str, ...]]] = {"view": ("STANDARD", "COMPLETE")}

    def pages(self, session: Session, query: Query) -> Iterator[Harvest]:
        """Go through positions; through a cursor where the search is larger than 5,000."""
        text = query.text
        if query.since:
            text = f"({text}) AND ORIG-LOAD-DATE AFT {query.since.replace('-', '')}"
        view = query.options.get("view", "STANDARD")
        session.facts["view"] = view
        size = _COUNTS[view]

        def ask(place: Mapping[str, str], turn: Turn) -> dict[str, Any]:
            _check_quota(session)
            answer = session.ask(
                "/search/scopus",
                {"query": text, "view": view, "count": str(size), **place},
                "search",
                headers={"Accept": "application/json"},
                secret_headers={
                    "X-ELS-APIKey": session.keys.need("scopus", self.title),
                    "X-ELS-Insttoken": session.keys.get("scopus_token"),
                },
                turn=str(turn),
                refuse=refuse_without("search-results", service=self.title),
            )
            if not answer.kept:
                for name in ("remaining", "reset"):
                    told = answer.headers.get(f"x-ratelimit-{name}", "")
                    if told.isdigit():
                        session.budget[name] = float(told)
            found = parse_json(answer.body, self.title)["search-results"]
            return found if isinstance(found, dict) else {}

        def harvest(found: dict[str, Any], turn: Turn) -> Harvest:
            results = [each for each in objects(found.get("entry")) if "error" not in each]
            items = tuple(Item(word(each, "eid"), each) for each in results)
            reported = counted(found.get("opensearch:totalResults"), self.title)
            return Harvest(items, reported, turn.pass_number)

        def by_position(start: str, turn: Turn) -> tuple[Harvest, str]:
            made = harvest(ask({"start": start}, turn), turn)
            after = int(start) + len(made.items)
            return made, str(after) if made.items and after < made.reported else ""

        def by_cursor(cursor: str, turn: Turn) -> tuple[Harvest, str]:
            found = ask({"cursor": cursor}, turn)
            made = harvest(found, turn)
            return made, word(found, "cursor", "@next") if made.items else ""

        first, _ = by_position("0", Turn(0, 1))
        if first.reported > REACH:
            session.note("warnings", f"more than {REACH} records: fetched with a cursor")
            yield from go_through(session, by_cursor)
        else:
            yield first
            if first.items and first.reported > len(first.items):
                yield from go_through(session, by_position, str(len(first.items)))

    def export(self, items: Iterator[Item]) -> Iterator[str]:
        """Write the records as RIS; the JSON itself stays in the pages."""
        yield from ris_of(items, scopus_record)


def scopus_record(entry: dict[str, Any]) -> Record:
    """Make the record of one entry.

    Examples
    --------
    >>> scopus_record({"eid": "2-s2.0-1", "dc:title": "A trial", "prism:coverDate": "2020-05-01"})
    Record(id='2-s2.0-1', title='A trial', ... year=2020, ...)
    """
    names = [
        ", ".join(part for part in (word(each, "surname"), word(each, "given-name")) if part)
        or word(each, "authname")
        for each in objects(entry.get("author"))
    ]
    creator = word(entry, "dc:creator")
    terms = word(entry, "authkeywords")
    issns = [word(entry, "prism:issn"), word(entry, "prism:eIssn")]
    links = {word(each, "@ref"): word(each, "@href") for each in objects(entry.get("link"))}
    article = word(entry, "article-number")
    return Record(
        id=word(entry, "eid"),
        title=plain_text(word(entry, "dc:title")),
        authors=tuple(name for name in names if name) or ((creator,) if creator else ()),
        year=whole_number(word(entry, "prism:coverDate")),
        journal=word(entry, "prism:publicationName"),
        volume=word(entry, "prism:volume"),
        issue=word(entry, "prism:issueIdentifier"),
        pages=word(entry, "prism:pageRange") or article,
        doi=word(entry, "prism:doi").lower(),
        pmid=word(entry, "pubmed-id"),
        url=links.get("scopus", ""),
        abstract=plain_text(word(entry, "dc:description")),
        keywords=tuple(part.strip() for part in terms.split("|") if part.strip()),
        type=word(entry, "subtypeDescription"),
        database="Scopus",
        accession=word(entry, "eid"),
        issns=tuple(dict.fromkeys(_hyphen(each) for each in issns if each)),
    )


def _hyphen(issn: str) -> str:
    return f"{issn[:4]}-{issn[4:]}" if len(issn) == 8 else issn


def _check_quota(session: Session) -> None:
    if session.budget.get("remaining", 1.0) <= 0:
        raise ServiceError(
            session.service,
            "the requests of the week are used up",
            hint="What was fetched is kept: run the same command again when they are renewed",
            status=429,
        )
