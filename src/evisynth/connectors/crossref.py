"""Crossref: works with a cursor, at the pace that its headers tell of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from evisynth.connectors.base import (
    Connector,
    Harvest,
    Item,
    Query,
    Session,
    counted,
    query_parts,
)
from evisynth.connectors.bodies import parse_json
from evisynth.connectors.json_pages import (
    CursorLostError,
    Turn,
    go_through,
    json_list,
    objects,
    word,
)
from evisynth.connectors.requests import Answer
from evisynth.errors import ServiceError

__all__ = ["Crossref", "crossref_works"]

PAGE = 500


class Crossref(Connector):
    """Crossref."""

    name = "crossref"
    title = "Crossref"
    platform = "Crossref REST API"
    url = "https://api.crossref.org"
    interval = 0.25
    ending = ".json"
    new_by: ClassVar[Literal["entry dates", "ids"]] = "entry dates"

    def pages(self, session: Session, query: Query) -> Iterator[Harvest]:
        """Go through the cursor; a cursor lives minutes only, the list is begun anew if it dies."""
        parts = query_parts(
            query.text,
            "query",
            ("query", "query.bibliographic", "query.title", "query.author", "filter"),
            self.title,
        )
        if query.since:
            limit = f"from-created-date:{query.since}"
            if query.until:
                limit += f",until-created-date:{query.until}"
            parts["filter"] = ",".join(part for part in (parts.get("filter", ""), limit) if part)

        def page_at(cursor: str, turn: Turn) -> tuple[Harvest, str]:
            message = crossref_works(
                session,
                {**parts, "rows": str(PAGE), "cursor": cursor},
                "works",
                turn=str(turn),
            )
            results = objects(message.get("items"))
            reported = counted(message.get("total-results"), self.title)
            items = tuple(Item(word(each, "DOI").lower(), each) for each in results)
            return Harvest(items, reported, turn.pass_number), word(message, "next-cursor")

        # its cursor is the number of a scroll: it stays the same and moves on with each question
        yield from go_through(session, page_at, stateful=True)

    def export(self, items: Iterator[Item]) -> Iterator[str]:
        """Put the works of all pages into one list."""
        yield from json_list(items, '{"message": {"items": [', "]}}")


def crossref_works(
    session: Session, params: Mapping[str, str], label: str, *, turn: str = ""
) -> dict[str, Any]:
    """Ask for one page of works and keep to the pace that the answer tells."""
    answer = session.ask(
        "/works",
        params,
        label,
        secret_params={"mailto": session.keys.email},
        accept=(400, 404),
        turn=turn,
        refuse=_refuse,
    )
    _keep_pace(session, answer)
    message = parse_json(answer.body, session.service).get("message")
    if not isinstance(message, dict):
        raise ServiceError(session.service, "the answer has no message")
    return message


def one_doi(session: Session, doi: str) -> dict[str, Any] | None:
    """Ask for one work; None if Crossref does not know the DOI."""
    answer = session.ask(
        f"/works/{quote(doi, safe='')}",
        {},
        "work",
        secret_params={"mailto": session.keys.email},
        accept=(404,),
    )
    _keep_pace(session, answer)
    if answer.status == 404:
        return None
    message = parse_json(answer.body, session.service).get("message")
    return message if isinstance(message, dict) else None


def _refuse(answer: Answer) -> None:
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = {}
    if answer.status == 200 and isinstance(found.get("message"), dict):
        return
    told = objects(found.get("message"))
    if any(word(each, "type") == "cursor-invalid" for each in told):
        raise CursorLostError(
            Crossref.title, "the cursor is not valid any more", status=answer.status
        )
    said = "; ".join(f"{word(each, 'type')}: {word(each, 'message')}" for each in told)
    raise ServiceError(
        Crossref.title,
        f"it answers {answer.status}{': ' + said if said else ''}",
        status=answer.status,
    )


def _keep_pace(session: Session, answer: Answer) -> None:
    limit = re.fullmatch(r"\d+", answer.headers.get("x-rate-limit-limit", "").strip())
    span = re.fullmatch(r"(\d+)s?", answer.headers.get("x-rate-limit-interval", "").strip())
    if limit and span and int(limit[0]):
        session.journal.client.set_pace(session.base_url, int(span[1]) / int(limit[0]))
    if answer.headers.get("x-api-pool"):
        session.facts["api_pool"] = answer.headers["x-api-pool"]
