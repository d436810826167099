"""Risk of bias: assessments of several people side by side, and the one agreed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evisynth.actions.team.assessment import (
    agreed_assessment,
    answers_of,
    assessment_of,
    assessment_piece,
    assessment_sheet,
    check_judgement,
    check_result,
    instrument_of,
    judgements_of,
)
from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError
from evisynth.actions.team.finishing import (
    StudyReport,
    finish,
    finished_people,
    may_look,
    reports_of,
)
from evisynth.appraisal import (
    CONSENSUS,
    JUDGED,
    Assessment,
    Instrument,
    assess,
    effective_answers,
)
from evisynth.review import PLAN_FILE, Value, edit_plan, pseudonyms

__all__ = [
    "AssessmentComparison",
    "ComparedAnswer",
    "agree_on_assessment",
    "assessment_comparison",
    "finish_assessment",
]


@dataclass(frozen=True, slots=True)
class ComparedAnswer:
    """What each person answered to a question; ``same`` as the algorithm sees the answers."""

    question: str
    answers: tuple[tuple[str, Value], ...]
    same: bool
    agreed: str

    @property
    def proposal(self) -> str:
        """The answer to begin with: the one agreed on, else the one that all gave."""
        if self.agreed or not self.same or not self.answers:
            return self.agreed
        return str(self.answers[0][1].get("answer", ""))


@dataclass(frozen=True, slots=True)
class AssessmentComparison:
    """Assessments of a result side by side.

    Attributes
    ----------
    instrument, study, outcome, reports
        What.
    people : dict of str to str
        Who has assessed it, with the name shown.
    answers : tuple of ComparedAnswer
        In the instrument's order.
    each : dict of str to Assessment
        What each person came to.
    judgements : dict of str to dict
        Overrides of each, by domain.
    agreed : Assessment or None
        What was agreed on.
    version : int
        Of it.
    """

    instrument: Instrument
    study: str
    outcome: str
    reports: tuple[StudyReport, ...]
    people: dict[str, str]
    answers: tuple[ComparedAnswer, ...]
    each: dict[str, Assessment]
    judgements: dict[str, dict[str, Value]]
    agreed: Assessment | None
    version: int


def assessment_comparison(
    desk: Desk, study: str, outcome: str = "", instrument: str = ""
) -> AssessmentComparison:
    """Return the comparison, for those who may see it.

    Raises
    ------
    NotThereError
        There is none: not all have finished, or this person has not.
    """
    desk.permit("agree on assessment")
    board = desk.board
    tool = instrument_of(desk, instrument)
    check_result(board, study, outcome)
    piece = assessment_piece(board, tool, study, outcome)
    me = desk.person.id
    done = finished_people(board, piece)
    agreed = agreed_assessment(board, tool, study, outcome)
    own = bool(answers_of(board, piece, me) or judgements_of(board, piece, me))
    if not may_look(desk, board, piece, own=own) and not (agreed is not None and not done):
        raise NotThereError(
            f"there is nothing to compare of {study!r}: {piece.needed} people must have finished"
            " it, and you, where you have begun"
        )
    names = pseudonyms(board.plan.people)
    given = {who: answers_of(board, piece, who) for who in sorted(done)}
    seen = {
        who: effective_answers(tool, {n: str(v.get("answer", "")) for n, v in made.items()})
        for who, made in given.items()
    }
    answers = tuple(
        ComparedAnswer(
            each.id,
            tuple((who, made.get(each.id, {})) for who, made in given.items()),
            len({made[each.id] for made in seen.values()}) <= 1,
            agreed.answers.get(each.id, "") if agreed else "",
        )
        for each in tool.questions
    )
    judgements = {who: judgements_of(board, piece, who) for who in given}
    return AssessmentComparison(
        tool, study, outcome, reports_of(desk, study),
        {who: names.get(who, who) for who in given}, answers,
        {who: assessment_of(tool, piece, given[who], judgements[who], who) for who in given},
        judgements, agreed, board.version("assessment", (study, outcome, tool.id)),
    )  # fmt: skip


def agree_on_assessment(
    desk: Desk,
    study: str,
    outcome: str,
    answers: Mapping[str, str],
    final: Mapping[str, str],
    reasons: Mapping[str, str],
    *,
    instrument: str = "",
    version: int | None,
    request_id: str = "",
) -> Assessment:
    """Keep the assessment of a result that was agreed on; the document and figures show it.

    Raises
    ------
    OptionError
        An answer or judgement that the instrument does not have.
    RefusedError
        A domain has no judgement, or an override no reason.
    VersionConflict
        Somebody agreed on it in the meantime; both stand in the error.
    """
    desk.permit("agree on assessment")
    tool = instrument_of(desk, instrument)
    key = (study, outcome, tool.id)
    if request_id and any(
        entry.request == request_id for entry in desk.store.history("assessment", key)
    ):
        before = agreed_assessment(desk.board, tool, study, outcome)
        if before is not None:
            return before
    assessment_comparison(desk, study, outcome, tool.id)  # refuses whoever may not see it
    final = {place: text for place, text in final.items() if text}
    for place, judgement in final.items():
        check_judgement(tool, place, judgement, "-")
    given = {number: text for number, text in answers.items() if text}
    made = assess(tool, given, final, {p: t for p, t in reasons.items() if t.strip()},
                  study=study, outcome=outcome, assessor=CONSENSUS)  # fmt: skip
    for each in (*made.domains, made.overall):
        if each.final not in JUDGED:
            raise RefusedError(
                f"{each.domain} has no judgement yet; without an answer: {', '.join(each.missing)}"
            )
        if each.overridden and not each.reason:
            raise RefusedError(f"say why {each.domain} is judged otherwise than the answers do")
    value: dict[str, object] = {"assessor": CONSENSUS, **made.answers}
    for each in (*made.domains, made.overall):
        if each.overridden:
            value[each.domain] = each.final
            value[f"{each.domain}_reason"] = each.reason
    puts: list[tuple[str, tuple[str, ...], dict[str, object] | None, int | None]] = [
        ("assessment", key, value, version)
    ]
    puts += _plan_puts(desk.board, tool)
    desk.store.put_many(
        puts, actor=desk.person.id, act="agree on an assessment", request_id=request_id or None
    )
    return made


def _plan_puts(
    board: Board, tool: Instrument
) -> list[tuple[str, tuple[str, ...], dict[str, object] | None, int | None]]:
    """Name the instrument in a plan that has none; without it the document has no risk of bias."""
    if board.plan.risk_of_bias is not None:
        return []
    text = edit_plan(board.plan_text, [(("risk_of_bias", "instrument"), tool.id)])
    key = (PLAN_FILE,)
    return [("plan", key, {"text": text}, board.version("plan", key))]


def finish_assessment(
    desk: Desk, study: str, outcome: str = "", instrument: str = "", *, request_id: str = ""
) -> None:
    """Say that this person has assessed a result.

    Raises
    ------
    RefusedError
        Questions that apply have no answer and the domain no judgement.
    """
    desk.permit("assess")
    sheet = assessment_sheet(desk, study, outcome, instrument)
    if sheet.finished:
        return
    if not sheet.may_edit:
        raise RefusedError(f"{study!r} is assessed already")
    open_domains = [each.domain for each in sheet.made.domains if each.final not in JUDGED]
    if open_domains:
        missing = [number for each in sheet.made.domains for number in each.missing]
        raise RefusedError(
            f"without a judgement: {', '.join(open_domains)}; without an answer:"
            f" {', '.join(missing) or 'all'}"
        )
    piece = assessment_piece(desk.board, sheet.instrument, study, outcome)
    finish(desk, piece, request_id=request_id)
    if piece.needed == 1:
        answers = {number: str(value.get("answer", "")) for number, value in sheet.answers.items()}
        final = {place: str(value.get("judgement", "")) for place, value in
                 sheet.judgements.items()}  # fmt: skip
        reasons = {place: str(value.get("reason", "")) for place, value in
                   sheet.judgements.items()}  # fmt: skip
        version = desk.board.version("assessment", (study, outcome, sheet.instrument.id))
        agree_on_assessment(
            desk, study, outcome, answers, final, reasons,
            instrument=sheet.instrument.id, version=version,
        )  # fmt: skip
