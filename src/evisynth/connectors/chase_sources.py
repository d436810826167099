"""The services that know who cites whom."""

from __future__ import annotations

import json
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

from evisynth.connectors import crossref, europepmc, openalex
from evisynth.connectors.base import Session, counted
from evisynth.connectors.bodies import parse_json
from evisynth.connectors.json_pages import objects, plain_text, whole_number, word
from evisynth.records import Record, read_records

__all__ = ["CHASERS", "Chaser", "Found", "Seed"]

T = TypeVar("T")

BATCH = 50
LINKS = 1_000


@dataclass(frozen=True, slots=True)
class Seed:
    """A report to start from: its id in the review, and its record."""

    id: str
    record: Record


@dataclass(frozen=True, slots=True)
class Found:
    """What a service gave for a seed: records, and references without enough for one.

    ``known`` is False where the service does not know the seed.
    """

    records: tuple[Record, ...] = ()
    without_record: int = 0
    known: bool = True


class Chaser(ABC):
    """A service that knows citations."""

    name: ClassVar[str]
    title: ClassVar[str]
    url: ClassVar[str]
    interval: ClassVar[float]
    directions: ClassVar[tuple[str, ...]] = ("backward", "forward")

    @abstractmethod
    def chase(
        self, session: Session, seed: Seed, direction: Literal["backward", "forward"]
    ) -> Found:
        """Ask for one seed in one direction."""


class OpenAlexCitations(Chaser):
    """OpenAlex: referenced works, and works that cite."""

    name, title = "openalex", "OpenAlex"
    url, interval = openalex.OpenAlex.url, openalex.OpenAlex.interval

    def chase(
        self, session: Session, seed: Seed, direction: Literal["backward", "forward"]
    ) -> Found:
        """Ask for one seed in one direction."""
        work = self._work(session, seed.record)
        if work is None:
            return Found(known=False)
        if direction == "forward":
            parts = {"filter": f"cites:{openalex.number_of(work)}"}
            works = [
                item.value
                for page in openalex.works(session, parts, "cited-by")
                for item in page.items
            ]
            return Found(records_of(works, '{"results": [', "]}"))
        named = [str(each).rsplit("/", 1)[-1] for each in work.get("referenced_works") or []]
        works = []
        for batch in _batches(named):
            parts = {"filter": f"ids.openalex:{'|'.join(batch)}"}
            works += [
                item.value
                for page in openalex.works(session, parts, "references")
                for item in page.items
            ]
        gone = len(set(named) - {openalex.number_of(each) for each in works})
        return Found(records_of(works, '{"results": [', "]}"), gone)

    def _work(self, session: Session, record: Record) -> dict[str, Any] | None:
        if record.database == "OpenAlex" and record.accession:
            return openalex.one_work(session, record.accession)
        for ident in (
            f"doi:{record.doi}" if record.doi else "",
            f"pmid:{record.pmid}" if record.pmid else "",
        ):
            if ident and (work := openalex.one_work(session, ident)) is not None:
                return work
        return None


class CrossrefCitations(Chaser):
    """Crossref: the references that publishers deposit."""

    name, title = "crossref", "Crossref"
    url, interval = crossref.Crossref.url, crossref.Crossref.interval
    directions = ("backward",)

    def chase(
        self,
        session: Session,
        seed: Seed,
        direction: Literal["backward", "forward"],  # noqa: ARG002 - backward is all there is
    ) -> Found:
        """Ask for the references of one seed."""
        work = crossref.one_doi(session, seed.record.doi) if seed.record.doi else None
        if work is None:
            return Found(known=False)
        references = objects(work.get("reference"))
        dois = list(dict.fromkeys(word(each, "DOI").lower() for each in references))
        dois = [doi for doi in dois if doi]
        items: list[dict[str, Any]] = []
        # a comma would end a DOI in a filter
        alone = (crossref.one_doi(session, doi) for doi in dois if "," in doi)
        items += [each for each in alone if each is not None]
        for batch in _batches([doi for doi in dois if "," not in doi]):
            params = {"filter": ",".join(f"doi:{doi}" for doi in batch), "rows": str(BATCH)}
            message = crossref.crossref_works(session, params, "references")
            items += objects(message.get("items"))
        records = list(records_of(items, '{"message": {"items": [', "]}}"))
        came = {word(each, "DOI").lower() for each in items}
        without = 0
        for each in references:
            if word(each, "DOI").lower() in came:
                continue
            record = _reference(each)
            if record is None:
                without += 1
            else:
                records.append(record)
        return Found(tuple(records), without)


class EuropePMCCitations(Chaser):
    """Europe PMC: references and citations of what it indexes."""

    name, title = "europepmc", "Europe PMC"
    url, interval = europepmc.EuropePMC.url, europepmc.EuropePMC.interval

    def chase(
        self, session: Session, seed: Seed, direction: Literal["backward", "forward"]
    ) -> Found:
        """Ask for one seed in one direction."""
        place = self._place(session, seed.record)
        if place is None:
            return Found(known=False)
        lists = {"backward": ("references", "referenceList", "reference"),
                 "forward": ("citations", "citationList", "citation")}  # fmt: skip
        path, outer, inner = lists[direction]
        entries: list[dict[str, Any]] = []
        page = 1
        while True:
            answer = session.ask(
                f"/{place}/{path}",
                {"page": str(page), "pageSize": str(LINKS), "format": "json"},
                path,
                accept=(404,),
            )
            if answer.status == 404:
                return Found(known=False)
            found = parse_json(answer.body, self.title)
            listed = objects((found.get(outer) or {}).get(inner))
            entries += listed
            if not listed or len(entries) >= counted(found.get("hitCount") or 0, self.title):
                break
            page += 1
        return self._records(session, entries)

    def _place(self, session: Session, record: Record) -> str | None:
        """Find a report's place, ``MED/31415926``."""
        if record.pmid:
            return f"MED/{record.pmid}"
        if not record.doi:
            return None
        found = europepmc.search_page(session, f'DOI:"{record.doi}"', "*", size=25, label="find")
        for each in objects(found["resultList"].get("result")):
            if word(each, "doi").lower() == record.doi.lower():
                return f"{word(each, 'source')}/{word(each, 'id')}"
        return None

    def _records(self, session: Session, entries: list[dict[str, Any]]) -> Found:
        """Fetch the full records of what is indexed; make the others of the entry."""
        indexed = [
            (word(each, "source"), word(each, "id"))
            for each in entries
            if word(each, "source") and word(each, "id")
        ]
        full: dict[str, Record] = {}
        for batch in _batches(list(dict.fromkeys(indexed))):
            text = " OR ".join(f"(EXT_ID:{number} AND SRC:{source})" for source, number in batch)
            page = europepmc.search_page(session, text, "*", size=100, label="records")
            for result in objects(page["resultList"].get("result")):
                full[europepmc.ident_of(result)] = europepmc.europepmc_record(result)
        records: list[Record] = []
        without = 0
        for each in entries:
            record = full.get(europepmc.ident_of(each)) or europepmc.europepmc_record(each)
            if record.title:
                records.append(record)
            else:
                without += 1
        return Found(tuple(records), without)


CHASERS: dict[str, Chaser] = {
    each.name: each for each in (OpenAlexCitations(), EuropePMCCitations(), CrossrefCitations())
}
"""Services by their words; the records of the first are filled up by the others."""


def _batches(items: Sequence[T]) -> Iterable[Sequence[T]]:
    return (items[at : at + BATCH] for at in range(0, len(items), BATCH))


def records_of(items: Sequence[dict[str, Any]], opening: str, closing: str) -> tuple[Record, ...]:
    """Make records of objects with the readers of exports.

    Examples
    --------
    >>> work = {"id": "https://openalex.org/W7", "title": "A trial", "authorships": []}
    >>> [record.title for record in records_of([work], '{"results": [', "]}")]
    ['A trial']
    """
    if not items:
        return ()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.json"
        lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in items)
        path.write_text(f"{opening}\n{lines}\n{closing}\n", encoding="utf-8")
        return read_records(path).records


def _reference(entry: dict[str, Any]) -> Record | None:
    """Make a record of a reference without a DOI; None where it has no title."""
    title = plain_text(
        word(entry, "article-title") or word(entry, "volume-title") or word(entry, "series-title")
    )
    if not title:
        return None
    author = word(entry, "author")
    return Record(
        id="",
        title=title,
        authors=(author,) if author else (),
        year=whole_number(word(entry, "year")),
        journal=word(entry, "journal-title"),
        volume=word(entry, "volume"),
        pages=word(entry, "first-page"),
        doi=word(entry, "DOI").lower(),
        database="Crossref",
    )
