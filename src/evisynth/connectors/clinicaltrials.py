"""ClinicalTrials.gov by version 2 of its API: studies with a page token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

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
    refuse_without,
    word,
)
from evisynth.errors import ServiceError
from evisynth.records import SourceKind

__all__ = ["ClinicalTrials"]

PAGE = 200
_PARTS = (
    "query.cond", "query.term", "query.intr", "query.titles", "query.outc", "query.spons",
    "query.lead", "query.id", "query.locn", "filter.overallStatus", "filter.advanced", "filter.ids",
)  # fmt: skip


class ClinicalTrials(Connector):
    """ClinicalTrials.gov."""

    name = "clinicaltrials"
    title = "ClinicalTrials.gov"
    platform = "ClinicalTrials.gov API v2"
    kind: ClassVar[SourceKind] = "register"
    url = "https://clinicaltrials.gov/api/v2"
    interval = 1.2
    ending = ".json"
    new_by: ClassVar[Literal["entry dates", "ids"]] = "entry dates"

    def pages(self, session: Session, query: Query) -> Iterator[Harvest]:
        """Go through the page tokens."""
        parts = query_parts(query.text, "query.term", _PARTS, self.title)
        if query.since:
            span = f"AREA[StudyFirstPostDate]RANGE[{query.since},{query.until or 'MAX'}]"
            old = parts.get("filter.advanced", "")
            parts["filter.advanced"] = f"({old}) AND {span}" if old else span
        total = 0

        def page_at(token: str, turn: Turn) -> tuple[Harvest, str]:
            nonlocal total
            params = {**parts, "format": "json", "countTotal": "true", "pageSize": str(PAGE)}
            if token:
                params["pageToken"] = token
            try:
                answer = session.ask(
                    "/studies",
                    params,
                    "studies",
                    turn=str(turn),
                    refuse=refuse_without("studies", service=self.title),
                )
            except ServiceError as error:
                if token and error.status == 400 and "token" in str(error).casefold():
                    raise CursorLostError(
                        self.title, "the page token is not valid any more", status=400
                    ) from error
                raise
            found = parse_json(answer.body, self.title)
            if "totalCount" in found:
                total = counted(found["totalCount"], self.title)
            studies = objects(found.get("studies"))
            items = tuple(
                Item(word(each, "protocolSection", "identificationModule", "nctId"), each)
                for each in studies
            )
            return Harvest(items, total, turn.pass_number), word(found, "nextPageToken")

        yield from go_through(session, page_at, "")

    def export(self, items: Iterator[Item]) -> Iterator[str]:
        """Put the studies of all pages into one list."""
        yield from json_list(items, '{"studies": [', "]}")
