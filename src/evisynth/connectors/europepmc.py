"""Europe PMC by its REST service: search with a cursor, full records as JSON."""

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

__all__ = ["EuropePMC", "europepmc_record"]

PAGE = 500
LONG = 1_500
"""Signs of a query from which on it is posted."""


class EuropePMC(Connector):
    """Europe PMC."""

    name = "europepmc"
    title = "Europe PMC"
    platform = "Europe PMC RESTful Web Service"
    url = "https://www.ebi.ac.uk/europepmc/webservices/rest"
    interval = 0.15
    ending = ".ris"
    new_by: ClassVar[Literal["entry dates", "ids"]] = "entry dates"
    options: ClassVar[Mapping[str, tuple[str, ...]]] = {"synonym": ("false", "true")}

    def pages(self, session: Session, query: Query) -> Iterator[Harvest]:
        """Go through the cursor; expansion by synonyms is off unless it is asked for."""
        text = query.text
        if query.since:
            end = query.until or "3000-12-31"
            text = f"({text}) AND FIRST_IDATE:[{query.since} TO {end}]"
        synonym = query.options.get("synonym", "false")
        session.facts["synonym_expansion"] = synonym == "true"

        def page_at(cursor: str, turn: Turn) -> tuple[Harvest, str]:
            found = search_page(session, text, cursor, synonym=synonym, turn=str(turn))
            results = objects(found["resultList"].get("result"))
            told = word(found, "request", "queryString")
            if told:
                session.facts["query_translation"] = told
            items = tuple(Item(ident_of(each), each) for each in results)
            after = word(found, "nextCursorMark") if results else ""
            return Harvest(
                items, counted(found.get("hitCount"), self.title), turn.pass_number
            ), after

        yield from go_through(session, page_at)

    def export(self, items: Iterator[Item]) -> Iterator[str]:
        """Write the records as RIS; the JSON itself stays in the pages."""
        yield from ris_of(items, europepmc_record)


def search_page(
    session: Session,
    text: str,
    cursor: str,
    *,
    synonym: str = "false",
    turn: str = "",
    size: int = PAGE,
    label: str = "search",
) -> dict[str, Any]:
    """Ask for one page of a search."""
    params = {
        "query": text,
        "format": "json",
        "resultType": "core",
        "synonym": synonym,
        "pageSize": str(size),
        "cursorMark": cursor,
    }
    answer = session.ask(
        "/searchPOST" if len(text) > LONG else "/search",
        params,
        label,
        method="POST" if len(text) > LONG else "GET",
        secret_params={"email": session.keys.email},
        turn=turn,
        refuse=refuse_without("resultList", service=session.service),
    )
    return parse_json(answer.body, session.service)


def ident_of(result: Mapping[str, Any]) -> str:
    """Return the id of a result within Europe PMC, ``"MED-31415926"``."""
    source, number = word(result, "source"), word(result, "id")
    return f"{source}-{number}" if source and number else ""


def europepmc_record(result: dict[str, Any]) -> Record:
    """Make the record of one result.

    Examples
    --------
    >>> europepmc_record({"id": "7", "source": "MED", "title": "A trial.", "pubYear": "2020"}).title
    'A trial'
    """
    names = []
    for author in objects((result.get("authorList") or {}).get("author")):
        given = word(author, "firstName") or word(author, "initials")
        parts = [part for part in (word(author, "lastName"), given) if part]
        name = ", ".join(parts) or word(author, "collectiveName") or word(author, "fullName")
        if name:
            names.append(name)
    if not names:
        listed = word(result, "authorString").rstrip(".").split(", ")
        names = [_family_first(each) for each in listed if each]
    journal = result.get("journalInfo") or {}
    headings = []
    for heading in objects((result.get("meshHeadingList") or {}).get("meshHeading")):
        major = "*" if word(heading, "majorTopic_YN") == "Y" else ""
        headings.append(major + word(heading, "descriptorName"))
    keywords = (result.get("keywordList") or {}).get("keyword") or []
    kinds = (result.get("pubTypeList") or {}).get("pubType") or []
    book = result.get("bookOrReportDetails") or {}
    year = word(result, "pubYear") or word(journal, "yearOfPublication")
    source, number = word(result, "source"), word(result, "id")
    issns = (word(journal, "journal", "issn"), word(journal, "journal", "essn"))
    title = plain_text(word(result, "title"))
    return Record(
        id=ident_of(result),
        title=title.removesuffix(".") if not title.endswith("..") else title,
        authors=tuple(names),
        year=whole_number(year),
        journal=word(journal, "journal", "title")
        or word(result, "journalTitle")
        or word(result, "journalAbbreviation")
        or word(book, "publisher"),
        volume=word(journal, "volume") or word(result, "journalVolume") or word(result, "volume"),
        issue=word(journal, "issue") or word(result, "issue"),
        pages=word(result, "pageInfo"),
        doi=word(result, "doi").lower(),
        pmid=word(result, "pmid") or (number if source == "MED" else ""),
        url=f"https://europepmc.org/article/{source}/{number}" if source and number else "",
        abstract=plain_text(word(result, "abstractText")),
        keywords=(*headings, *(plain_text(word(each)) for each in keywords if word(each))),
        type="; ".join(word(each) for each in kinds if word(each)),
        language=word(result, "language"),
        journal_short=word(journal, "journal", "medlineAbbreviation"),
        database="Europe PMC",
        accession=f"{source}:{number}" if source and number else "",
        pmcid=word(result, "pmcid"),
        issns=tuple(dict.fromkeys(each for each in issns if each)),
    )


def _family_first(name: str) -> str:
    """Turn ``"Kim CD"`` into ``"Kim, CD"``."""
    family, _, initials = name.rpartition(" ")
    return f"{family}, {initials}" if family and initials.isupper() else name
