"""Risk of bias by the API: answers, proposals, judgements, being finished, consensus."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from evisynth.actions import team
from evisynth.appraisal import Assessment
from evisynth.web.api.root import ErrorAnswer, desk_of

__all__ = ["router"]

router = Router(tags=["assessment"])
ERRORS = {403: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer}
Word = Annotated[str, Query(max_length=300)]
Short = Annotated[str, Field(max_length=40)]
Long = Annotated[str, Field(max_length=20_000)]
BASE = "/reviews/{review_id}/assessment"


class ResultAnswer(Schema):
    """A result to assess, as far as the person may know."""

    study: str
    outcome: str
    stage: str
    own: str
    answered: int
    to_do: bool
    overall: str


class ResultBody(Schema):
    """A result by an instrument; the plan's where none is named."""

    study: str = Field(max_length=1000)
    outcome: str = Field("", max_length=200)
    instrument: str = Field("", max_length=100)
    request_id: str = Field("", max_length=100)


class AnswerBody(ResultBody):
    """An answer to a signalling question with the quote it rests on."""

    question: str = Field(max_length=40)
    answer: str = Field("", max_length=10)
    report: str = Field("", max_length=1000)
    page: str = Field("", max_length=100)
    quote: str = Field("", max_length=20_000)
    place: str = Field("", max_length=2000)
    note: str = Field("", max_length=20_000)
    version: int = Field(ge=0, le=2_000_000_000)


class JudgementBody(ResultBody):
    """A judgement that is another than the proposal, with its reason; empty: the proposal."""

    domain: str = Field(max_length=40)
    judgement: str = Field("", max_length=40)
    reason: str = Field("", max_length=20_000)
    version: int = Field(ge=0, le=2_000_000_000)


class PlaceAnswer(Schema):
    """What is safe, with its version."""

    place: str
    value: str
    version: int


class ProposeBody(Schema):
    """Answers and judgements as they stand on the screen."""

    instrument: str = Field("", max_length=100)
    answers: dict[Short, Short] = Field(max_length=100)
    final: dict[Short, Short] = Field(default_factory=dict, max_length=20)


class DomainAnswer(Schema):
    """A domain: proposal, judgement, and what is not answered."""

    domain: str
    proposed: str
    final: str
    missing: list[str]


class ProposalAnswer(Schema):
    """What follows from the answers."""

    domains: list[DomainAnswer]
    asked: dict[str, bool]


class AgreeBody(ResultBody):
    """The assessment that was agreed on."""

    answers: dict[Short, Short] = Field(max_length=100)
    final: dict[Short, Short] = Field(default_factory=dict, max_length=20)
    reasons: dict[Short, Long] = Field(default_factory=dict, max_length=20)
    version: int = Field(ge=0, le=2_000_000_000)


class DoneAnswer(Schema):
    """It is done."""

    done: bool = True


class GivenAnswer(Schema):
    """What one person answered; the person stands under a pseudonym."""

    who: str
    answer: str
    quote: str
    note: str


class QuestionAnswer(Schema):
    """A question with what each person answered."""

    question: str
    same: bool
    answers: list[GivenAnswer]


class ComparisonAnswer(Schema):
    """Assessments of a result side by side, and the one agreed on."""

    questions: list[QuestionAnswer]
    each: dict[str, list[DomainAnswer]]
    agreed: list[DomainAnswer] | None
    version: int


def _domains(made: Assessment) -> list[DomainAnswer]:
    return [
        DomainAnswer(
            domain=each.domain, proposed=each.proposed, final=each.final,
            missing=list(each.missing),
        )
        for each in (*made.domains, made.overall)
    ]  # fmt: skip


@router.get(f"{BASE}/results", response={200: list[ResultAnswer], **ERRORS})
def results(request: HttpRequest, review_id: str, instrument: Word = "") -> list[ResultAnswer]:
    """List the results to assess."""
    desk = desk_of(request, review_id)
    desk.permit("read")
    return [
        ResultAnswer(
            study=line.study, outcome=line.outcome, stage=line.stage, own=line.own,
            answered=line.answered, to_do=line.to_do, overall=line.overall,
        )
        for line in team.result_lines(desk, instrument)
    ]  # fmt: skip


@router.post(f"{BASE}/propose", response={200: ProposalAnswer, **ERRORS})
def propose(request: HttpRequest, review_id: str, body: ProposeBody) -> ProposalAnswer:
    """Say what follows from answers; nothing is kept."""
    made, asked, _ = team.propose_judgements(
        desk_of(request, review_id), body.answers, body.final, body.instrument
    )
    return ProposalAnswer(domains=_domains(made), asked=asked)


@router.post(f"{BASE}/answers", response={200: PlaceAnswer, **ERRORS})
def answers(request: HttpRequest, review_id: str, body: AnswerBody) -> PlaceAnswer:
    """Keep an answer."""
    given = body.dict()
    found_at = {name: given.pop(name) for name in ("report", "page", "quote", "place", "note")}
    saved = team.save_answer(desk_of(request, review_id), found_at=found_at, **given)
    return PlaceAnswer(place=saved.place, value=saved.value, version=saved.version)


@router.post(f"{BASE}/judgements", response={200: PlaceAnswer, **ERRORS})
def judgements(request: HttpRequest, review_id: str, body: JudgementBody) -> PlaceAnswer:
    """Keep a judgement that is another than the proposal."""
    saved = team.save_judgement(desk_of(request, review_id), **body.dict())
    return PlaceAnswer(place=saved.place, value=saved.value, version=saved.version)


@router.post(f"{BASE}/finish", response={200: DoneAnswer, **ERRORS})
def finish(request: HttpRequest, review_id: str, body: ResultBody) -> DoneAnswer:
    """Say that the person has assessed a result."""
    team.finish_assessment(desk_of(request, review_id), **body.dict())
    return DoneAnswer()


@router.post(f"{BASE}/reopen", response={200: DoneAnswer, **ERRORS})
def reopen(request: HttpRequest, review_id: str, body: ResultBody) -> DoneAnswer:
    """Go on with an assessment, as long as the others have not all finished."""
    team.reopen_assessment(desk_of(request, review_id), **body.dict())
    return DoneAnswer()


@router.get(f"{BASE}/comparison", response={200: ComparisonAnswer, **ERRORS})
def comparison(
    request: HttpRequest, review_id: str, study: Word, outcome: Word = "", instrument: Word = ""
) -> ComparisonAnswer:
    """Return assessments of a result side by side, once all have finished."""
    found = team.assessment_comparison(desk_of(request, review_id), study, outcome, instrument)
    return ComparisonAnswer(
        questions=[
            QuestionAnswer(
                question=made.question, same=made.same,
                answers=[
                    GivenAnswer(
                        who=found.people[who], answer=str(value.get("answer", "")),
                        quote=str(value.get("quote", "")), note=str(value.get("note", "")),
                    )
                    for who, value in made.answers
                ],
            )
            for made in found.answers
        ],
        each={found.people[who]: _domains(made) for who, made in found.each.items()},
        agreed=_domains(found.agreed) if found.agreed else None,
        version=found.version,
    )  # fmt: skip


@router.post(f"{BASE}/agree", response={200: DoneAnswer, **ERRORS})
def agree(request: HttpRequest, review_id: str, body: AgreeBody) -> DoneAnswer:
    """Keep the assessment that was agreed on."""
    team.agree_on_assessment(desk_of(request, review_id), **body.dict())
    return DoneAnswer()
