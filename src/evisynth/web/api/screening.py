"""Screening by the API: the next records, decisions, words to mark."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from evisynth.actions import team
from evisynth.web.api.root import ErrorAnswer, desk_of
from evisynth.web.report_answers import report_address

__all__ = ["router"]

router = Router(tags=["screening"])
SEPARATOR = "\x1f"
ERRORS = {403: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer}
MOST = 100
MOST_PAGES = 1_000_000
KEPT_MINUTES = 10
Word = Annotated[str, Query(max_length=200)]
Long = Annotated[str, Query(max_length=1000)]


Tag = Annotated[str, Field(max_length=100)]


class OwnDecision(Schema):
    """The own decision on a record."""

    verdict: str
    reason: str
    note: str
    tags: list[str]


class CardAnswer(Schema):
    """A record to decide on."""

    id: str
    title: str
    authors: str
    journal: str
    year: int | None
    abstract: str
    keywords: list[str]
    links: list[tuple[str, str]]
    mine: OwnDecision | None


class QueueAnswer(Schema):
    """The next records, how many the person has decided on, and of how many.

    ``closed`` says why nothing but a pilot round may be decided on; ``kept_minutes`` is above 0
    where a record is kept for one person so long.
    """

    records: list[CardAnswer]
    decided: int
    all: int
    closed: str = ""
    kept_minutes: int = 0


class DecisionBody(Schema):
    """A decision. The same ``request_id`` again changes nothing."""

    record: str = Field(max_length=1000)
    verdict: str = Field(max_length=20)
    reason: str = Field("", max_length=200)
    note: str = Field("", max_length=20_000)
    tags: list[Tag] | None = Field(None, max_length=50)
    request_id: str = Field("", max_length=100)


class WithdrawBody(Schema):
    """A decision that is taken back."""

    record: str = Field(max_length=1000)
    request_id: str = Field("", max_length=100)


class SavedAnswer(Schema):
    """What is safe now."""

    record: str
    verdict: str
    version: int
    decided: int
    all: int


class HoldBody(Schema):
    """Records that are still on the person's screen."""

    records: list[Annotated[str, Field(max_length=1000)]] = Field(max_length=MOST)


class HoldAnswer(Schema):
    """Records that are kept for the person."""

    records: list[str]


class OwnLine(Schema):
    """An own decision: the record, what was decided, where the record stands as far as known."""

    record: str
    title: str
    verdict: str
    reason: str
    note: str
    date: str
    state: str
    changeable: bool


class OwnAnswer(Schema):
    """A page of own decisions, and how many there are of each verdict."""

    decisions: list[OwnLine]
    total: int
    page: int
    verdicts: dict[str, int]


class WordsBody(Schema):
    """Words that the person wants marked."""

    include: list[Tag] = Field(default_factory=list, max_length=200)
    exclude: list[Tag] = Field(default_factory=list, max_length=200)
    request_id: str = Field("", max_length=100)


class WordList(Schema):
    """Words by what they speak for."""

    include: list[str]
    exclude: list[str]


class WordsAnswer(Schema):
    """The review's words and the person's own."""

    review: WordList
    own: WordList


def _links(line: team.RecordLine, report: str = "") -> list[tuple[str, str]]:
    found = [("PDF", report)] if report else []
    if line.doi:
        found.append(("DOI", f"https://doi.org/{line.doi}"))
    if line.pmid:
        found.append(("PubMed", f"https://pubmed.ncbi.nlm.nih.gov/{line.pmid}/"))
    if not found and line.url.startswith(("http://", "https://")):
        found.append(("Link", line.url))
    return found


def _card(desk: team.Desk, stage: str, card: team.Card) -> CardAnswer:
    line, own = card.record, card.own
    report = report_address(desk, line.id) if stage == "full_text" else ""
    return CardAnswer(
        id=line.id,
        title=line.title,
        authors=line.authors,
        journal=line.journal,
        year=line.year,
        abstract=line.abstract,
        keywords=[word for word in line.keywords.split("; ") if word],
        links=_links(line, report),
        mine=OwnDecision(
            verdict=own.verdict if own else "",
            reason=own.reason if own else "",
            note=own.note if own else "",
            tags=list(card.tags),
        )
        if own or card.tags
        else None,
    )


@router.get("/reviews/{review_id}/stages/{stage}/queue", response={200: QueueAnswer, **ERRORS})
def queue(
    request: HttpRequest,
    review_id: str,
    stage: str,
    limit: int = 20,
    known: Annotated[str, Query(max_length=120_000)] = "",
) -> QueueAnswer:
    """Return the next records in the person's own order, without those that are known already."""
    desk = desk_of(request, review_id)
    cards = team.next_cards(
        desk, stage, limit=min(max(limit, 1), MOST), known=known.split(SEPARATOR) if known else ()
    )
    board = desk.board
    rules = desk.stage(stage)
    decided, left = board.counts(rules.name, desk.person.id)
    gate = team.pilot_gate(board, rules)
    return QueueAnswer(
        records=[_card(desk, stage, card) for card in cards],
        decided=decided,
        all=decided + left,
        closed=gate.words,
        kept_minutes=KEPT_MINUTES if rules.votes_needed == 1 else 0,
    )


@router.get("/reviews/{review_id}/stages/{stage}/card", response={200: CardAnswer, **ERRORS})
def card(request: HttpRequest, review_id: str, stage: str, record: Long) -> CardAnswer:
    """Return one record as a card, to decide on it or to change the own decision."""
    desk = desk_of(request, review_id)
    return _card(desk, stage, team.card_of(desk, stage, record))


@router.post("/reviews/{review_id}/stages/{stage}/hold", response={200: HoldAnswer, **ERRORS})
def hold(request: HttpRequest, review_id: str, stage: str, body: HoldBody) -> HoldAnswer:
    """Keep records for the person that are on the screen, where one decision is enough."""
    kept = team.renew_leases(desk_of(request, review_id), stage, body.records)
    return HoldAnswer(records=list(kept))


@router.get("/reviews/{review_id}/stages/{stage}/decisions", response={200: OwnAnswer, **ERRORS})
def own_decisions(
    request: HttpRequest,
    review_id: str,
    stage: str,
    verdict: Word = "",
    tag: Word = "",
    page: int = 1,
) -> OwnAnswer:
    """List the person's own decisions, the newest first; nobody else's."""
    found = team.own_decisions(
        desk_of(request, review_id), stage, verdict=verdict, tag=tag, page=min(page, MOST_PAGES)
    )
    return OwnAnswer(
        decisions=[
            OwnLine(
                record=line.record.id, title=line.record.title, verdict=line.own.verdict,
                reason=line.own.reason, note=line.own.note, date=line.own.date,
                state=line.state.status, changeable=line.changeable,
            )
            for line in found.lines
        ],
        total=found.total,
        page=found.page,
        verdicts=found.verdicts,
    )  # fmt: skip


def _saved(saved: team.Saved) -> SavedAnswer:
    return SavedAnswer(
        record=saved.record,
        verdict=saved.verdict,
        version=saved.version,
        decided=saved.decided,
        all=saved.decided + saved.left,
    )


@router.post("/reviews/{review_id}/stages/{stage}/decisions", response={200: SavedAnswer, **ERRORS})
def decide(request: HttpRequest, review_id: str, stage: str, body: DecisionBody) -> SavedAnswer:
    """Record a decision."""
    saved = team.decide(
        desk_of(request, review_id),
        stage,
        body.record,
        body.verdict,
        reason=body.reason,
        note=body.note,
        tags=body.tags,
        request_id=body.request_id,
    )
    return _saved(saved)


@router.post(
    "/reviews/{review_id}/stages/{stage}/decisions/withdraw", response={200: SavedAnswer, **ERRORS}
)
def withdraw(request: HttpRequest, review_id: str, stage: str, body: WithdrawBody) -> SavedAnswer:
    """Take an own decision back while nothing hangs on it."""
    desk = desk_of(request, review_id)
    return _saved(team.withdraw(desk, stage, body.record, request_id=body.request_id))


@router.get("/reviews/{review_id}/stages/{stage}/words", response={200: WordsAnswer, **ERRORS})
def words(request: HttpRequest, review_id: str, stage: str) -> WordsAnswer:
    """Return the words that are marked in titles and abstracts."""
    review, own = team.own_words(desk_of(request, review_id))
    return WordsAnswer(
        review=WordList(include=list(review.include), exclude=list(review.exclude)),
        own=WordList(include=list(own.include), exclude=list(own.exclude)),
    )


@router.post("/reviews/{review_id}/stages/{stage}/words", response={200: WordList, **ERRORS})
def set_words(request: HttpRequest, review_id: str, stage: str, body: WordsBody) -> WordList:
    """Keep the person's own words."""
    own = team.set_words(
        desk_of(request, review_id), body.include, body.exclude, request_id=body.request_id
    )
    return WordList(include=list(own.include), exclude=list(own.exclude))
