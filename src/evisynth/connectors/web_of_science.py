"""Web of Science by Clarivate's Starter API, with the person's own key."""

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
from evisynth.records import Record

__all__ = ["WebOfScience"]

PAGE = 50


class WebOfScience(Connector):
    """Web of Science; its Starter API has no abstracts."""

    name = "wos"
    title = "Web of Science"
    platform = "Clarivate Web of Science Starter API"
    url = "https://api.clarivate.com/apis/wos-starter/v1"
    interval = 1.0
    ending = ".ris"
    new_by: ClassVar[Literal["entry dates", "ids"]] = "entry dates"
    needs_key = "wos"
    options: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "db": ("WOS", "MEDLINE", "BIOSIS", "BCI", "CCC", "ZOOREC", "PPRN", "WOK")
    }

    def pages(self, session: Session, query: Query) -> Iterator[Harvest]:
        """Go through the pages, the record loaded first on the first."""
        params = {
            "q": query.text,
            "db": query.options.get("db", "WOS"),
            "limit": str(PAGE),
            "sortField": "LD+A",
        }
        session.facts["db"] = params["db"]
        if query.since and params["db"] == "WOK":
            session.note("warnings", "WOK takes no span of dates: all was fetched and compared")
        elif query.since:
            params["modifiedTimeSpan"] = f"{query.since}+{query.until or '3000-12-31'}"

        def page_at(page: str, turn: Turn) -> tuple[Harvest, str]:
            answer = session.ask(
                "/documents",
                {**params, "page": page},
                "documents",
                headers={"Accept": "application/json"},
                secret_headers={"X-ApiKey": session.keys.need("wos", self.title)},
                turn=str(turn),
                refuse=refuse_without("hits", service=self.title),
            )
            found = parse_json(answer.body, self.title)
            hits = objects(found.get("hits"))
            reported = counted((found.get("metadata") or {}).get("total"), self.title)
            items = tuple(Item(word(each, "uid"), each) for each in hits)
            more = bool(hits) and int(page) * PAGE < reported
            return Harvest(items, reported, turn.pass_number), str(int(page) + 1) if more else ""

        yield from go_through(session, page_at, "1")

    def export(self, items: Iterator[Item]) -> Iterator[str]:
        """Write the records as RIS; the JSON itself stays in the pages."""
        yield from ris_of(items, web_of_science_record)


def web_of_science_record(hit: dict[str, Any]) -> Record:
    """Make the record of one hit.

    Examples
    --------
    >>> hit = {"uid": "WOS:1", "title": "A trial", "source": {"publishYear": 2020}}
    >>> web_of_science_record(hit)
    Record(id='WOS:1', title='A trial', ... year=2020, ...)
    """
    source = hit.get("source") or {}
    known = hit.get("identifiers") or {}
    authors = objects((hit.get("names") or {}).get("authors"))
    terms = (hit.get("keywords") or {}).get("authorKeywords") or []
    kinds = hit.get("types") or []
    issns = (word(known, "issn"), word(known, "eissn"))
    isbn = word(known, "isbn").replace("-", "")
    return Record(
        id=word(hit, "uid"),
        title=plain_text(word(hit, "title")),
        authors=tuple(
            name
            for each in authors
            if (name := word(each, "displayName") or word(each, "wosStandard"))
        ),
        year=whole_number(word(source, "publishYear")),
        journal=word(source, "sourceTitle"),
        volume=word(source, "volume"),
        issue=word(source, "issue"),
        pages=word(source, "pages", "range") or word(source, "articleNumber"),
        doi=word(known, "doi").lower(),
        pmid=word(known, "pmid").removeprefix("MEDLINE:"),
        url=word(hit, "links", "record"),
        keywords=tuple(word(each) for each in terms if word(each)),
        type="; ".join(word(each) for each in kinds if word(each)),
        database="Web of Science",
        accession=word(hit, "uid"),
        issns=tuple(dict.fromkeys(each for each in issns if each)),
        isbns=(isbn,) if isbn else (),
    )
