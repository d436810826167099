"""Agreement, the pilot round and the stopping statement by the API."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from evisynth.actions import team
from evisynth.screening import Coefficient
from evisynth.web.api.root import ErrorAnswer, desk_of

__all__ = ["router"]

router = Router(tags=["agreement"])
ERRORS = {403: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer}
Share = Annotated[float | None, Query(gt=0, lt=1)]
Run = Annotated[int, Query(ge=1, le=1_000_000)]
Rule = Literal["hypergeometric", "consecutive"]


class CoefficientAnswer(Schema):
    """A coefficient with its interval; null with the reason where it cannot be computed."""

    name: str
    value: float | None
    ci_lower: float | None
    ci_upper: float | None
    records: int
    reason: str


class PairAnswer(Schema):
    """Agreement of two people."""

    first: str
    second: str
    records: int
    agreed: int
    coefficients: list[CoefficientAnswer]


class AgreementAnswer(Schema):
    """Agreement at a stage, over records with all their decisions."""

    complete: int
    waiting: int
    coefficients: list[CoefficientAnswer]
    pairs: list[PairAnswer]
    method: str


class PilotAnswer(Schema):
    """A pilot round; what it came to is there when everybody has decided."""

    number: int
    records: int
    status: str
    reason: str
    kappa: float | None
    discuss: list[str]
    waiting: dict[str, int]


class PilotBody(Schema):
    """A pilot round that is drawn or closed."""

    note: str = Field("", max_length=5000)
    request_id: str = Field("", max_length=100)


class StoppingAnswer(Schema):
    """What can be said of the recall reached."""

    rule: str
    met: bool
    text: str
    read: int
    total: int
    relevant: int
    recall_lower: float | None
    missed_upper: int | None
    ranked: bool


class StoppingBody(Schema):
    """A statement that is to be kept; shares that are not given are those of the plan."""

    rule: Rule = "hypergeometric"
    target: float | None = Field(None, gt=0, lt=1)
    confidence: float | None = Field(None, gt=0, lt=1)
    run: int = Field(100, ge=1, le=1_000_000)
    request_id: str = Field("", max_length=100)


class KeptAnswer(Schema):
    """A statement that was kept."""

    id: str
    rule: str
    text: str
    person: str
    date: str
    done: str
    reason: str
    set_aside: int


class StopBody(StoppingBody):
    """A stop: why the team stops here. Shares that are not given are those of the plan."""

    reason: str = Field(min_length=1, max_length=1000)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _coefficient(made: Coefficient) -> CoefficientAnswer:
    return CoefficientAnswer(
        name=made.name,
        value=_number(made.value),
        ci_lower=_number(made.ci_lower),
        ci_upper=_number(made.ci_upper),
        records=made.items,
        reason=made.reason,
    )


@router.get(
    "/reviews/{review_id}/stages/{stage}/agreement", response={200: AgreementAnswer, **ERRORS}
)
def agreement(request: HttpRequest, review_id: str, stage: str) -> AgreementAnswer:
    """Return how well people agree, from records with all their decisions."""
    found = team.agreement_at(desk_of(request, review_id), stage)
    report = found.report
    return AgreementAnswer(
        complete=found.complete,
        waiting=found.waiting,
        coefficients=[_coefficient(made) for made in report.coefficients],
        pairs=[
            PairAnswer(
                first=found.names.get(pair.first, pair.first),
                second=found.names.get(pair.second, pair.second),
                records=pair.records,
                agreed=pair.agreed,
                coefficients=[
                    _coefficient(made) for made in (pair.percent, pair.kappa, pair.pabak, pair.ac1)
                ],
            )
            for pair in report.pairs
        ],
        method=report.method_sentence(),
    )


def _pilot(made: team.PilotRound) -> PilotAnswer:
    found = made.outcome
    return PilotAnswer(
        number=made.number,
        records=len(made.records),
        status=found.status,
        reason=found.reason,
        kappa=_number(found.kappa.value),
        discuss=list(found.discuss),
        waiting={who: len(missing) for who, missing in found.waiting.items()},
    )


@router.get(
    "/reviews/{review_id}/stages/{stage}/pilot", response={200: list[PilotAnswer], **ERRORS}
)
def pilot(request: HttpRequest, review_id: str, stage: str) -> list[PilotAnswer]:
    """Return the pilot rounds, the last first."""
    return [_pilot(made) for made in team.pilot_rounds(desk_of(request, review_id), stage)]


@router.post("/reviews/{review_id}/stages/{stage}/pilot", response={200: PilotAnswer, **ERRORS})
def draw_pilot(request: HttpRequest, review_id: str, stage: str, body: PilotBody) -> PilotAnswer:
    """Draw a pilot round."""
    desk = desk_of(request, review_id)
    return _pilot(team.draw_pilot(desk, stage, request_id=body.request_id))


@router.post(
    "/reviews/{review_id}/stages/{stage}/pilot/close", response={200: PilotAnswer, **ERRORS}
)
def close_pilot(request: HttpRequest, review_id: str, stage: str, body: PilotBody) -> PilotAnswer:
    """Keep what the last round came to."""
    desk = desk_of(request, review_id)
    return _pilot(team.close_pilot(desk, stage, note=body.note, request_id=body.request_id))


@router.get(
    "/reviews/{review_id}/stages/{stage}/stopping", response={200: StoppingAnswer, **ERRORS}
)
def stopping(
    request: HttpRequest,
    review_id: str,
    stage: str,
    rule: Rule = "hypergeometric",
    target: Share = None,
    confidence: Share = None,
    run: Run = 100,
) -> StoppingAnswer:
    """Say what is known of the recall reached; nothing is ever stopped by it."""
    found = team.stopping_at(
        desk_of(request, review_id), stage,
        rule=rule, target=target, confidence=confidence, run=run,
    )  # fmt: skip
    said = found.statement
    return StoppingAnswer(
        rule=said.rule, met=said.met, text=said.text, read=said.read, total=said.total,
        relevant=said.relevant, recall_lower=_number(said.recall_lower),
        missed_upper=said.missed_upper, ranked=found.ranked,
    )  # fmt: skip


@router.post("/reviews/{review_id}/stages/{stage}/stopping", response={200: KeptAnswer, **ERRORS})
def keep_stopping(
    request: HttpRequest, review_id: str, stage: str, body: StoppingBody
) -> KeptAnswer:
    """Keep the statement of this moment."""
    return _kept(team.keep_stopping(desk_of(request, review_id), stage, **body.dict()))


def _kept(made: team.KeptStatement) -> KeptAnswer:
    return KeptAnswer(
        id=made.id, rule=made.rule, text=made.text, person=made.person, date=made.date,
        done=made.done, reason=made.reason, set_aside=made.set_aside,
    )  # fmt: skip


@router.post(
    "/reviews/{review_id}/stages/{stage}/stopping/stop", response={200: KeptAnswer, **ERRORS}
)
def stop_screening(request: HttpRequest, review_id: str, stage: str, body: StopBody) -> KeptAnswer:
    """Stop reading: records on which nobody has decided are set aside."""
    return _kept(team.stop_screening(desk_of(request, review_id), stage, **body.dict()))


@router.post(
    "/reviews/{review_id}/stages/{stage}/stopping/{statement_id}/resume",
    response={200: KeptAnswer, **ERRORS},
)
def resume_screening(
    request: HttpRequest, review_id: str, stage: str, statement_id: str
) -> KeptAnswer:
    """Take a stop back."""
    return _kept(team.resume_screening(desk_of(request, review_id), stage, statement_id))
