"""Risk of bias: signalling questions answered apart, what follows from them, the consensus."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError
from evisynth.actions.team.finishing import (
    Piece,
    StudyReport,
    finished_people,
    may_look,
    reopen,
    reports_of,
    study_ids,
)
from evisynth.appraisal import (
    JUDGED,
    Assessment,
    Instrument,
    applicable,
    assess,
    effective_answers,
    instrument_by_id,
)
from evisynth.errors import OptionError
from evisynth.review import Value, may
from evisynth.storage import RequestReusedError

__all__ = [
    "AssessmentSheet",
    "ResultLine",
    "SavedAnswer",
    "assessment_sheet",
    "assessors_needed",
    "count_to_assess",
    "instrument_of",
    "propose_judgements",
    "reopen_assessment",
    "result_lines",
    "save_answer",
    "save_judgement",
    "set_assessors",
]

LONGEST = 20_000
SCOPE = ("review", "assessment.people")
FOUND_AT = ("report", "page", "quote", "place", "note")


def instrument_of(desk: Desk, name: str = "") -> Instrument:
    """Return an instrument: the one named, else the plan's."""
    section = desk.board.plan.risk_of_bias
    default = section.instrument if section else "rob2-parallel-assignment"
    return instrument_by_id(name or default)


def assessors_needed(board: Board) -> int:
    """Return how many people assess each result: two, unless the review says otherwise."""
    value = board.values("setting").get(SCOPE)
    text = str((value or {}).get("value", "2"))
    return int(text) if text in ("1", "2", "3") else 2


def set_assessors(desk: Desk, people: int, *, request_id: str = "") -> None:
    """Say how many people assess each result independently.

    Raises
    ------
    OptionError
        Not 1, 2 or 3.
    """
    desk.permit("plan change")
    if people not in (1, 2, 3):
        raise OptionError("people", people, (1, 2, 3))
    desk.store.put(
        "setting", SCOPE, {"value": str(people)}, actor=desk.person.id,
        act="set the number of assessors", request_id=request_id or None,
    )  # fmt: skip


def assessment_piece(board: Board, instrument: Instrument, study: str, outcome: str) -> Piece:
    return Piece("assessment", instrument.id, study, outcome, assessors_needed(board))


def check_result(board: Board, study: str, outcome: str) -> None:
    if study not in study_ids(board):
        raise NotThereError(f"there is no study {study!r}")
    if outcome and outcome not in (board.plan.outcome_ids or ()):
        raise NotThereError(f"{outcome!r} is no outcome of the plan")


def answers_of(board: Board, piece: Piece, person: str) -> dict[str, Value]:
    return {
        key[4]: value
        for key, value in board.values("assessment_answer").items()
        if key[:4] == (piece.form, piece.study, piece.outcome, person)
    }


def judgements_of(board: Board, piece: Piece, person: str) -> dict[str, Value]:
    return {
        key[4]: value
        for key, value in board.values("assessment_judgement").items()
        if key[:4] == (piece.form, piece.study, piece.outcome, person)
    }


def assessment_of(
    instrument: Instrument,
    piece: Piece,
    answers: Mapping[str, Value],
    judgements: Mapping[str, Value],
    assessor: str = "",
) -> Assessment:
    return assess(
        instrument,
        {number: str(value.get("answer", "")) for number, value in answers.items()},
        {place: str(value["judgement"]) for place, value in judgements.items()
         if value.get("judgement")},
        {place: str(value["reason"]) for place, value in judgements.items()
         if value.get("reason")},
        study=piece.study, outcome=piece.outcome, assessor=assessor,
    )  # fmt: skip


def agreed_assessment(
    board: Board, instrument: Instrument, study: str, outcome: str
) -> Assessment | None:
    value = board.values("assessment").get((study, outcome, instrument.id))
    if value is None:
        return None
    places = [*(domain.id for domain in instrument.domains), "overall"]
    return assess(
        instrument,
        {each.id: str(value[each.id]) for each in instrument.questions if value.get(each.id)},
        {place: str(value[place]) for place in places if value.get(place)},
        {place: str(value[f"{place}_reason"]) for place in places if value.get(f"{place}_reason")},
        study=study, outcome=outcome, assessor=str(value.get("assessor", "")),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ResultLine:
    """A result in the list: a study and an outcome.

    Attributes
    ----------
    study, outcome : str
        Ids; ``outcome=""``: the study's results together.
    stage : str
        ``"open"``, ``"compare"``, ``"agreed"``, as far as this person may know.
    own : str
        ``""``, ``"begun"``, ``"finished"``.
    answered : int
        How many questions this person has answered.
    to_do : bool
        Whether it waits for this person.
    overall : str
        The judgement agreed on; ``""`` before.
    """

    study: str
    outcome: str
    stage: str
    own: str
    answered: int
    to_do: bool
    overall: str = ""


def _seen_stage(me: str, piece: Piece, done: Collection[str], agreed: bool, own: bool) -> str:
    if not done and agreed:
        return "agreed"  # came with the folder
    if len(done) < piece.needed or (own and me not in done):
        return "open"
    return "agreed" if agreed else "compare"


def result_lines(desk: Desk, instrument: str = "") -> tuple[ResultLine, ...]:
    """List the results to assess: each study with each outcome, and with what was begun."""
    board = desk.board
    made = instrument_of(desk, instrument)
    me = desk.person.id
    counts: dict[tuple[str, str], int] = {}
    for key in board.values("assessment_answer"):
        if key[0] == made.id and key[3] == me:
            counts[key[1], key[2]] = counts.get((key[1], key[2]), 0) + 1
    judged = {
        (key[1], key[2])
        for key in board.values("assessment_judgement")
        if key[0] == made.id and key[3] == me
    }
    finished: dict[tuple[str, str], set[str]] = {}
    for key in board.values("finished"):
        if key[:2] == ("assessment", made.id):
            finished.setdefault((key[2], key[3]), set()).add(key[4])
    together = {key[0] for key in board.values("assessment") if key[1:] == ("", made.id)}
    able = may(desk.person, "assess")
    found = []
    for study in study_ids(board):
        outcomes = list(board.plan.outcome_ids or ())
        if not outcomes or study in together or (study, "") in counts:
            outcomes = ["", *outcomes] if (study, "") in counts else [""]
        for outcome in outcomes:
            piece = assessment_piece(board, made, study, outcome)
            agreed = agreed_assessment(board, made, study, outcome)
            done = finished.get((study, outcome), set())
            mine = (study, outcome) in counts or (study, outcome) in judged
            own = "finished" if me in done else "begun" if mine else ""
            stage = _seen_stage(me, piece, done, agreed is not None, mine)
            found.append(
                ResultLine(
                    study, outcome, stage, own, counts.get((study, outcome), 0),
                    able and own != "finished" and stage == "open",
                    agreed.overall.final if agreed and stage == "agreed" else "",
                )
            )  # fmt: skip
    return tuple(found)


def count_to_assess(desk: Desk) -> int:
    """Count the results that wait for this person's assessment."""
    return sum(line.to_do for line in result_lines(desk))


@dataclass(frozen=True, slots=True)
class AssessmentSheet:
    """A result as one person assesses it.

    Attributes
    ----------
    instrument, study, outcome, reports
        What.
    answers, judgements : dict
        Own ones, with quote and place, by question and by domain.
    versions : dict of str to int
        Version of each by question or domain.
    made : Assessment
        What follows: proposals and final judgements.
    asked : dict of str to bool
        Which questions apply.
    finished, may_edit, may_compare : bool
        As in `ExtractionSheet`.
    stage : str
        As in `ResultLine`.
    """

    instrument: Instrument
    study: str
    outcome: str
    reports: tuple[StudyReport, ...]
    answers: dict[str, Value]
    judgements: dict[str, Value]
    versions: dict[str, int]
    made: Assessment
    asked: dict[str, bool]
    finished: bool
    may_edit: bool
    may_compare: bool
    stage: str


def assessment_sheet(
    desk: Desk, study: str, outcome: str = "", instrument: str = ""
) -> AssessmentSheet:
    """Return what one person has answered about a result.

    Raises
    ------
    NotThereError
        There is no such study or outcome.
    """
    if not may(desk.person, "agree on assessment"):
        desk.permit("assess")
    board = desk.board
    tool = instrument_of(desk, instrument)
    check_result(board, study, outcome)
    piece = assessment_piece(board, tool, study, outcome)
    me = desk.person.id
    answers, judgements = answers_of(board, piece, me), judgements_of(board, piece, me)
    start = (tool.id, study, outcome, me)
    versions = {
        place: board.version(kind, (*start, place))
        for kind, places in (
            ("assessment_answer", [each.id for each in tool.questions]),
            ("assessment_judgement", [*(each.id for each in tool.domains), "overall"]),
        )
        for place in places
    }
    done = finished_people(board, piece)
    agreed = agreed_assessment(board, tool, study, outcome) is not None
    stage = _seen_stage(me, piece, done, agreed, bool(answers or judgements))
    given = {number: str(value.get("answer", "")) for number, value in answers.items()}
    return AssessmentSheet(
        tool, study, outcome, reports_of(desk, study), answers, judgements, versions,
        assessment_of(tool, piece, answers, judgements, me), applicable(tool, given),
        me in done, may(desk.person, "assess") and me not in done and stage == "open",
        stage == "agreed" or may_look(desk, board, piece, own=bool(answers or judgements)), stage,
    )  # fmt: skip


def propose_judgements(
    desk: Desk, answers: Mapping[str, str], final: Mapping[str, str], instrument: str = ""
) -> tuple[Assessment, dict[str, bool], dict[str, str]]:
    """Return what follows from answers as they stand on the screen; nothing is kept.

    Returns
    -------
    assessment, asked, seen
        Proposals and judgements; whether each question is asked; each answer as it counts.
    """
    if not may(desk.person, "agree on assessment"):
        desk.permit("assess")
    tool = instrument_of(desk, instrument)
    given = {number: text for number, text in answers.items() if text}
    made = assess(tool, given, {place: text for place, text in final.items() if text})
    return made, applicable(tool, given), effective_answers(tool, given)


@dataclass(frozen=True, slots=True)
class SavedAnswer:
    """An answer or judgement that is safe."""

    place: str
    value: str
    version: int


def _edit(
    desk: Desk,
    kind: str,
    tool: Instrument,
    study: str,
    outcome: str,
    place: str,
    value: Mapping[str, str],
    version: int | None,
    request_id: str,
) -> SavedAnswer:
    """Write an own answer or judgement."""
    key = (tool.id, study, outcome, desk.person.id, place)
    name = "answer" if kind == "assessment_answer" else "judgement"

    def before() -> SavedAnswer | None:
        for number, entry in enumerate(desk.store.history(kind, key), 1):
            if request_id and entry.request == request_id:
                return SavedAnswer(place, str((entry.after or {}).get(name, "")), number)
        return None

    if (known := before()) is not None:
        return known
    sheet = assessment_sheet(desk, study, outcome, tool.id)
    if sheet.finished:
        raise RefusedError("you have finished this assessment; go on with it before you change it")
    if not sheet.may_edit:
        raise RefusedError(f"{study!r} is assessed already; what is agreed on can be changed")
    kept = {part: text.strip() for part, text in value.items() if text.strip()}
    if any(len(text) > LONGEST for text in kept.values()):
        raise OptionError("length of a text", "too long", (f"at most {LONGEST} letters",))
    try:
        written = desk.store.put(
            kind, key, kept or None, actor=desk.person.id, act="assess",
            expected_version=version, request_id=request_id or None,
        )  # fmt: skip
    except RequestReusedError:
        if (known := before()) is None:
            raise
        return known
    return SavedAnswer(place, kept.get(name, ""), written.version)


def save_answer(
    desk: Desk,
    study: str,
    outcome: str,
    question: str,
    answer: str,
    *,
    found_at: Mapping[str, str] | None = None,
    instrument: str = "",
    version: int | None,
    request_id: str = "",
) -> SavedAnswer:
    """Keep the answer to a signalling question with the quote it rests on.

    Raises
    ------
    OptionError
        The instrument has no such question, or does not offer the answer.
    RefusedError
        This person has finished, or as many as needed have.
    VersionConflict
        It was changed in the meantime, in another window.
    """
    desk.permit("assess")
    tool = instrument_of(desk, instrument)
    asked = tool.question(question)
    if answer and answer not in asked.answers:
        raise OptionError(f"answer to {question}", answer, asked.answers)
    found = {name: text for name, text in (found_at or {}).items() if name in FOUND_AT}
    value = {"answer": answer, **found}
    return _edit(
        desk, "assessment_answer", tool, study, outcome, question, value, version, request_id
    )


def save_judgement(
    desk: Desk,
    study: str,
    outcome: str,
    domain: str,
    judgement: str,
    reason: str,
    *,
    instrument: str = "",
    version: int | None,
    request_id: str = "",
) -> SavedAnswer:
    """Keep a judgement that is another than the proposal, with its reason; none: the proposal.

    Raises
    ------
    OptionError
        The instrument has no such domain or judgement.
    RefusedError
        There is no reason.
    """
    desk.permit("assess")
    tool = instrument_of(desk, instrument)
    check_judgement(tool, domain, judgement, reason)
    value = {"judgement": judgement, "reason": reason}
    return _edit(
        desk, "assessment_judgement", tool, study, outcome, domain, value, version, request_id
    )


def check_judgement(tool: Instrument, domain: str, judgement: str, reason: str) -> None:
    places = [*(each.id for each in tool.domains), "overall"]
    if domain not in places:
        raise OptionError(f"domain of {tool.id}", domain, places)
    if judgement and judgement not in JUDGED:
        raise OptionError(f"judgement of {domain}", judgement, JUDGED)
    if judgement and not reason.strip():
        raise RefusedError("say why you judge otherwise than the answers do")


def reopen_assessment(
    desk: Desk, study: str, outcome: str = "", instrument: str = "", *, request_id: str = ""
) -> None:
    """Go on with an assessment that one has finished, as long as the others have not all."""
    desk.permit("assess")
    check_result(desk.board, study, outcome)
    piece = assessment_piece(desk.board, instrument_of(desk, instrument), study, outcome)
    reopen(desk, piece, request_id=request_id)
