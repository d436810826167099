"""Records of the searches as rows: for lists, for searching in them, with their states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from evisynth.errors import OptionError
from evisynth.records import Record
from evisynth.screening import RecordState
from evisynth.storage.store import Store
from evisynth.storage.words import matching, plain_words, search_terms

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from evisynth.storage import models

__all__ = [
    "RecordFacts",
    "RecordLine",
    "RecordPage",
    "list_records",
    "read_states",
    "record_facts",
    "record_ids",
    "replace_records",
    "replace_states",
    "search_ids",
]

Order = Literal["position", "title", "year", "-year", "record"]
ORDERS: tuple[Order, ...] = ("position", "title", "year", "-year", "record")


@dataclass(frozen=True, slots=True)
class RecordLine:
    """A record in a list.

    Attributes
    ----------
    id, title, authors, journal, doi, pmid, url, abstract, keywords, source : str
        As in `evisynth.records.Record`; several authors or keywords separated by ``"; "``.
    year : int or None
        Year of publication.
    position : int
        Place among all records, from 1.
    """

    id: str
    title: str
    authors: str
    year: int | None
    journal: str
    doi: str
    pmid: str
    url: str
    abstract: str
    keywords: str
    source: str
    position: int


@dataclass(frozen=True, slots=True)
class RecordPage:
    """A part of a list of records: lines, how many there are in all, page from 1, and its size."""

    lines: tuple[RecordLine, ...]
    total: int
    page: int
    size: int


def _row(review: int, position: int, record: Record) -> models.Record:
    from evisynth.storage import models

    def plain(text: str) -> str:
        return text.replace("\x00", " ")

    authors, keywords = "; ".join(record.authors), "; ".join(record.keywords)
    searched = "\n".join(
        (record.id, record.title, authors, record.journal, record.doi, record.pmid,
         record.abstract, keywords)
    )  # fmt: skip
    return models.Record(
        review_id=review,
        record=record.id,
        position=position,
        source=plain(record.source),
        title=plain(record.title),
        authors=plain(authors),
        year=record.year,
        journal=plain(record.journal),
        doi=plain(record.doi),
        pmid=plain(record.pmid),
        url=plain(record.url),
        abstract=plain(record.abstract),
        keywords=plain(keywords),
        search=plain_words(plain(searched)),
    )


def replace_records(store: Store, records: Sequence[Record]) -> None:
    """Put the records of the exports in the place of those that are there."""
    from evisynth.storage import models

    rows = [_row(store.review, number, record) for number, record in enumerate(records, 1)]
    with store.locked():
        models.Record.objects.using(store.alias).filter(review_id=store.review).delete()
        models.Record.objects.using(store.alias).bulk_create(rows, batch_size=1000)


def record_ids(store: Store) -> tuple[str, ...]:
    """Return the ids of all records, in the order of the searches."""
    from evisynth.storage import models

    rows = models.Record.objects.using(store.alias).filter(review_id=store.review)
    return tuple(rows.order_by("position").values_list("record", flat=True))


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """What lists sort and filter by: columns of all records, in the order of the searches."""

    ids: tuple[str, ...]
    sources: tuple[str, ...]
    years: tuple[int | None, ...]
    titles: tuple[str, ...]
    bare: tuple[bool, ...]


def record_facts(store: Store) -> RecordFacts:
    """Return id, search, year, title and whether the abstract is missing, of all records."""
    from django.db.models import BooleanField, ExpressionWrapper, Q

    from evisynth.storage import models

    rows = models.Record.objects.using(store.alias).filter(review_id=store.review)
    bare = ExpressionWrapper(Q(abstract=""), output_field=BooleanField())
    found = rows.order_by("position").values_list("record", "source", "year", "title", bare)
    columns = list(zip(*found, strict=True)) or [(), (), (), (), ()]
    return RecordFacts(*columns)


def search_ids(store: Store, terms: Sequence[str]) -> frozenset[str]:
    """Return the ids of the records that hold all of some terms of `search_terms`."""
    from evisynth.storage import models

    rows = models.Record.objects.using(store.alias).filter(review_id=store.review)
    return frozenset(matching(rows, terms).values_list("record", flat=True).iterator())


def replace_states(store: Store, states: Mapping[tuple[str, str], RecordState]) -> None:
    """Put computed states in the place of those that are there; only what differs is written."""
    from evisynth.storage import models

    with store.locked() as unit:
        there = read_states(store)
        for (record, stage), state in states.items():
            if there.get((record, stage)) != state:
                unit.set_states(record, {stage: state})
        gone = there.keys() - states.keys()
        if len(gone) == len(there):
            rows = models.StageState.objects.using(store.alias)
            rows.filter(review_id=store.review).delete()
        else:
            for record, stage in gone:
                unit.set_states(record, {stage: None})


def read_states(store: Store) -> dict[tuple[str, str], RecordState]:
    """Return the states that are kept, by record and stage."""
    from evisynth.storage import models

    rows = models.StageState.objects.using(store.alias).filter(review_id=store.review)
    fields = ("record", "stage", "status", "reason", "votes", "waiting")
    return {
        (made[0], made[1]): RecordState(*made)
        for made in rows.order_by("record", "stage").values_list(*fields)
    }


def list_records(
    store: Store,
    *,
    search: str = "",
    stage: str = "",
    status: str = "",
    source: str = "",
    ids: Sequence[str] | None = None,
    order: Order = "position",
    page: int = 1,
    size: int = 50,
) -> RecordPage:
    """List records.

    Nothing of what people decided shows but through ``status``, the state of the record as a whole:
    whoever calls this for a person who must not know it leaves ``status`` out.

    Parameters
    ----------
    store
        The review.
    search
        Words that title, abstract, authors, journal, keywords, DOI, PMID or id must hold, all of
        them, or begin a word of; words in quotes stand one after the other.
    stage, status
        Only records that stand so at a stage.
    source
        Only of a search.
    ids
        Only these; they keep their own order when ``order`` is ``"position"``.
    order
        What they are sorted by.
    page, size
        Number of the page from 1, and lines on one.
    """
    if order not in ORDERS:
        raise OptionError("order", order, ORDERS)
    rows = _filtered(store, search, stage, status, source)
    start = (max(page, 1) - 1) * size
    if ids is not None and order == "position":
        chosen = set(rows.values_list("record", flat=True)) if (search or stage or source) else None
        wanted = [name for name in ids if chosen is None or name in chosen]
        by_id = {row.record: row for row in rows.filter(record__in=wanted[start : start + size])}
        some = [by_id[name] for name in wanted[start : start + size] if name in by_id]
        return RecordPage(tuple(map(_line, some)), len(wanted), page, size)
    if ids is not None:
        rows = rows.filter(record__in=list(ids))
    names = {"-year": ("-year", "position"), "year": ("year", "position"), "title": ("title",)}
    ordered = rows.order_by(*names.get(order, (order,)))
    if search or stage or ids is not None:
        # one pass gives the number and the page
        found = list(ordered.values_list("pk", flat=True))
        wanted_rows = found[start : start + size]
        by_pk = {
            row.pk: row for row in rows.model.objects.using(store.alias).filter(pk__in=wanted_rows)
        }
        some = [by_pk[pk] for pk in wanted_rows if pk in by_pk]
        return RecordPage(tuple(map(_line, some)), len(found), page, size)
    return RecordPage(tuple(map(_line, ordered[start : start + size])), rows.count(), page, size)


def _filtered(
    store: Store, search: str, stage: str, status: str, source: str
) -> QuerySet[models.Record]:
    from django.db.models import Exists, OuterRef

    from evisynth.storage import models

    rows = models.Record.objects.using(store.alias).filter(review_id=store.review)
    rows = matching(rows, search_terms(search))
    if source:
        rows = rows.filter(source=source)
    if stage:
        states = models.StageState.objects.filter(
            review_id=store.review, record=OuterRef("record"), stage=stage
        )
        rows = rows.filter(Exists(states.filter(status=status) if status else states))
    return rows


def _line(row: models.Record) -> RecordLine:
    return RecordLine(
        row.record, row.title, row.authors, row.year, row.journal, row.doi, row.pmid, row.url,
        row.abstract, row.keywords, row.source, row.position,
    )  # fmt: skip
