"""Records by the API: the table, one record, tags, notes, decisions on many."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from evisynth.actions import team
from evisynth.web.api.root import ErrorAnswer, desk_of

__all__ = ["router"]

router = Router(tags=["records"])
ERRORS = {403: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer}
Word = Annotated[str, Query(max_length=500)]
Long = Annotated[str, Query(max_length=1000)]
Number = Annotated[int, Query(ge=1, le=1_000_000)]
Year = Annotated[int | None, Query(ge=0, le=9999)]
Ids = Annotated[list[Annotated[str, Field(max_length=1000)]], Field(max_length=2000)]


class RecordAnswer(Schema):
    """A record with what whoever asks knows of it; ``state`` is empty where it has not come."""

    id: str
    title: str
    authors: str
    year: int | None
    journal: str
    doi: str
    pmid: str
    source: str
    has_abstract: bool
    state: str
    own: str
    tags: list[str]


class RecordsAnswer(Schema):
    """A page of records."""

    records: list[RecordAnswer]
    total: int
    page: int
    size: int


class NoteAnswer(Schema):
    """A note; others' only once they may be seen, under the names they may have."""

    id: str
    who: str
    own: bool
    stage: str
    text: str


class VoteAnswer(Schema):
    """A decision that whoever asks may see."""

    who: str
    verdict: str
    reason: str
    note: str


class StageAnswer(Schema):
    """Where a record stands at a stage."""

    stage: str
    state: str
    reason: str
    votes: list[VoteAnswer]


class OneAnswer(Schema):
    """A record with all that whoever asks may see of it."""

    id: str
    title: str
    authors: str
    year: int | None
    journal: str
    doi: str
    pmid: str
    url: str
    abstract: str
    abstract_filled_in_by: str
    abstract_found_at: str
    keywords: str
    source: str
    stages: list[StageAnswer]
    tags: list[str]
    notes: list[NoteAnswer]
    repeats: str
    repeated_by: list[str]


class TagBody(Schema):
    """An own tag for many records, or off them. The same ``request_id`` again changes nothing."""

    records: Ids
    tag: str = Field(min_length=1, max_length=100)
    remove: bool = False
    request_id: str = Field("", max_length=100)


class ChangedAnswer(Schema):
    """How many records changed."""

    changed: int


class ManyBody(Schema):
    """One own decision on many records; ``expected`` decisions are written, or none."""

    records: Ids
    verdict: str = Field(max_length=20)
    reason: str = Field("", max_length=200)
    expected: int = Field(ge=0, le=2000)
    request_id: str = Field("", max_length=100)


class PlanBody(Schema):
    """A decision on many records, to be looked at before it is made."""

    records: Ids
    verdict: str = Field(max_length=20)
    reason: str = Field("", max_length=200)


class PlanAnswer(Schema):
    """What the decision does on which record."""

    fresh: list[str]
    changed: list[str]
    same: list[str]
    closed: list[str]


class NoteBody(Schema):
    """A note on a record. The same ``request_id`` again changes nothing."""

    record: str = Field(max_length=1000)
    text: str = Field(max_length=20_000)
    stage: str = Field("", max_length=40)
    request_id: str = Field("", max_length=100)


class AbstractBody(Schema):
    """An abstract that the export lacks, and where it was found; empty takes it away."""

    record: str = Field(max_length=1000)
    text: str = Field(max_length=50_000)
    source: str = Field("", max_length=500)
    version: int | None = Field(None, ge=0, le=2_000_000_000)
    request_id: str = Field("", max_length=100)


class DoneAnswer(Schema):
    """The record that was changed."""

    record: str


@router.get("/reviews/{review_id}/records", response={200: RecordsAnswer, **ERRORS})
def records(
    request: HttpRequest,
    review_id: str,
    words: Word = "",
    stage: Word = "",
    status: Word = "",
    own: Word = "",
    source: Word = "",
    tag: Word = "",
    abstract: Word = "",
    year_from: Year = None,
    year_to: Year = None,
    box: Word = "",
    detail: Long = "",
    order: Annotated[str, Query(max_length=20)] = "position",
    page: Number = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> RecordsAnswer:
    """List records; the filters are those of the page."""
    desk = desk_of(request, review_id)
    wanted = team.RecordFilter(
        words=words, stage=stage, status=status, own=own, source=source, tag=tag,
        abstract=abstract, year_from=year_from, year_to=year_to, box=box, detail=detail,
        order=order,
    )  # fmt: skip
    found = team.find_records(desk, wanted, page=page, size=size)
    return RecordsAnswer(
        records=[
            RecordAnswer(
                id=row.record.id, title=row.record.title, authors=row.record.authors,
                year=row.record.year, journal=row.record.journal, doi=row.record.doi,
                pmid=row.record.pmid, source=row.record.source,
                has_abstract=bool(row.record.abstract),
                state=row.state.status if row.state else "",
                own=row.own.verdict if row.own else "", tags=list(row.tags),
            )
            for row in found.rows
        ],
        total=found.total,
        page=found.page,
        size=found.size,
    )  # fmt: skip


@router.get("/reviews/{review_id}/record", response={200: OneAnswer, **ERRORS})
def record(request: HttpRequest, review_id: str, id: Long) -> OneAnswer:  # noqa: A002
    """Return one record with all that whoever asks may see of it."""
    made = team.one_record(desk_of(request, review_id), id)
    line, filled = made.record, made.filled
    return OneAnswer(
        id=line.id, title=line.title, authors=line.authors, year=line.year, journal=line.journal,
        doi=line.doi, pmid=line.pmid, url=line.url, abstract=line.abstract,
        abstract_filled_in_by=filled.person if filled else "",
        abstract_found_at=filled.source if filled else "",
        keywords=line.keywords, source=line.source,
        stages=[
            StageAnswer(
                stage=seen.stage.name, state=seen.state.status, reason=seen.state.reason,
                votes=[
                    VoteAnswer(
                        who=vote.reviewer, verdict=vote.verdict, reason=vote.reason, note=vote.note
                    )
                    for vote in seen.votes
                ],
            )
            for seen in made.stages
        ],
        tags=[tag.text for tag in made.tags],
        notes=[
            NoteAnswer(id=note.id, who=note.who, own=note.own, stage=note.stage, text=note.text)
            for note in made.notes
        ],
        repeats=made.repeats,
        repeated_by=list(made.repeated_by),
    )  # fmt: skip


@router.post("/reviews/{review_id}/records/tag", response={200: ChangedAnswer, **ERRORS})
def tag(request: HttpRequest, review_id: str, body: TagBody) -> ChangedAnswer:
    """Give records an own tag, or take it off."""
    desk = desk_of(request, review_id)
    ids = team.chosen_records(desk, body.records)
    changed = team.bulk_tag(desk, ids, body.tag, remove=body.remove, request_id=body.request_id)
    return ChangedAnswer(changed=changed)


@router.post(
    "/reviews/{review_id}/stages/{stage}/records/plan", response={200: PlanAnswer, **ERRORS}
)
def plan(request: HttpRequest, review_id: str, stage: str, body: PlanBody) -> PlanAnswer:
    """Tell what one decision on many records would do."""
    desk = desk_of(request, review_id)
    ids = team.chosen_records(desk, body.records)
    made = team.plan_bulk(desk, stage, ids, body.verdict, reason=body.reason)
    return PlanAnswer(
        fresh=list(made.fresh), changed=list(made.changed), same=list(made.same),
        closed=list(made.closed),
    )  # fmt: skip


@router.post(
    "/reviews/{review_id}/stages/{stage}/records/decide", response={200: PlanAnswer, **ERRORS}
)
def decide_many(request: HttpRequest, review_id: str, stage: str, body: ManyBody) -> PlanAnswer:
    """Decide on many records at once, for oneself."""
    desk = desk_of(request, review_id)
    ids = team.chosen_records(desk, body.records)
    made = team.bulk_decide(
        desk, stage, ids, body.verdict, reason=body.reason, expected=body.expected,
        request_id=body.request_id,
    )  # fmt: skip
    return PlanAnswer(
        fresh=list(made.fresh), changed=list(made.changed), same=list(made.same),
        closed=list(made.closed),
    )  # fmt: skip


@router.post("/reviews/{review_id}/records/note", response={200: DoneAnswer, **ERRORS})
def note(request: HttpRequest, review_id: str, body: NoteBody) -> DoneAnswer:
    """Keep a note on a record."""
    team.add_note(
        desk_of(request, review_id), body.record, body.text, stage=body.stage,
        request_id=body.request_id,
    )  # fmt: skip
    return DoneAnswer(record=body.record)


@router.post("/reviews/{review_id}/records/abstract", response={200: DoneAnswer, **ERRORS})
def abstract(request: HttpRequest, review_id: str, body: AbstractBody) -> DoneAnswer:
    """Fill in a missing abstract."""
    team.fill_abstract(
        desk_of(request, review_id), body.record, body.text, body.source, version=body.version,
        request_id=body.request_id,
    )  # fmt: skip
    return DoneAnswer(record=body.record)
