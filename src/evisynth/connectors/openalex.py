"""OpenAlex: works with a cursor, under a budget that its headers tell of."""

from __future__ import annotations

import json
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
    Turn,
    go_through,
    json_list,
    objects,
    refuse_without,
    word,
)
from evisynth.connectors.requests import Answer
from evisynth.errors import ServiceError

__all__ = ["OpenAlex", "works_page"]

PAGE = 100


class OpenAlex(Connector):
    """OpenAlex."""

    name = "openalex"
    title = "OpenAlex"
    platform = "OpenAlex API"
    url = "https://api.openalex.org"
    interval = 0.1
    ending = ".json"
    new_by: ClassVar[Literal["entry dates", "ids"]] = "ids"
    # dates of creation can be filtered by paying customers only

    def pages(self, session: Session, query: Query) -> Iterator[Harvest]:
        """Go through the cursor while the budget of the day lasts."""
        parts = query_parts(
            query.text, "search", ("search", "filter", "search.exact", "sort"), self.title
        )
        yield from works(session, parts, "works")

    def export(self, items: Iterator[Item]) -> Iterator[str]:
        """Put the works of all pages into one list."""
        yield from json_list(items, '{"results": [', "]}")


def works(session: Session, parts: Mapping[str, str], label: str) -> Iterator[Harvest]:
    """Go through a list of works."""

    def page_at(cursor: str, turn: Turn) -> tuple[Harvest, str]:
        found = works_page(session, {**parts, "cursor": cursor}, label, turn=str(turn))
        results = objects(found.get("results"))
        items = tuple(Item(number_of(each), each) for each in results)
        after = word(found, "meta", "next_cursor") if results else ""
        reported = counted((found.get("meta") or {}).get("count"), session.service)
        return Harvest(items, reported, turn.pass_number), after

    yield from go_through(session, page_at)


def works_page(
    session: Session, params: Mapping[str, str], label: str, *, turn: str = ""
) -> dict[str, Any]:
    """Ask for one page of works; heeds the budget.

    Raises
    ------
    ServiceError
        The budget of the day is spent.
    """
    _check_budget(session)
    answer = session.ask(
        "/works",
        {**params, "per_page": str(PAGE)},
        label,
        secret_params={"api_key": session.keys.get("openalex"), "mailto": session.keys.email},
        turn=turn,
        refuse=refuse_without("results", service=session.service),
    )
    _note_budget(session, answer)
    return parse_json(answer.body, session.service)


def one_work(session: Session, ident: str) -> dict[str, Any] | None:
    """Ask for one work by ``doi:...``, ``pmid:...`` or ``W...``; None if it is not known."""
    answer = session.ask(
        f"/works/{quote(ident, safe=':/')}",
        {},
        "work",
        secret_params={"api_key": session.keys.get("openalex"), "mailto": session.keys.email},
        accept=(404,),
    )
    if answer.status == 404:
        return None
    return json.loads(answer.body) if answer.body else None


def number_of(work: Mapping[str, Any]) -> str:
    """Return the number of a work, ``"W2741809807"``."""
    return word(work, "id").rsplit("/", 1)[-1]


def _note_budget(session: Session, answer: Answer) -> None:
    """Keep what the headers of a fresh answer say; those of a kept one are out of date."""
    if answer.kept:
        return
    names = ("remaining-usd", "cost-usd", "reset", "prepaid-remaining-usd", "limit-usd")
    told: dict[str, float] = {}
    for name in names:
        try:
            told[name] = float(answer.headers[f"x-ratelimit-{name}"])
        except (KeyError, ValueError):
            continue
    session.budget = told


def _check_budget(session: Session) -> None:
    told = session.budget
    left = told.get("remaining-usd")
    if left is None:
        return
    left += told.get("prepaid-remaining-usd", 0.0)
    if left <= 0 or left < told.get("cost-usd", 0.0):
        hours = told.get("reset", 0.0) / 3600
        when = f"It is renewed in {hours:.1f} hours. " if hours else ""
        key = "" if session.keys.get("openalex") else (
            "A free key gives a larger budget: https://openalex.org/settings/api. "
        )  # fmt: skip
        raise ServiceError(
            session.service,
            "the budget of the day is spent",
            hint=f"{when}{key}What was fetched is kept: run the same command again then",
            status=429,
        )
