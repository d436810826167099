"""How well people agree, over records that have all their decisions; and when one may stop."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, RefusedError, today
from evisynth.actions.team.ranking import last_ranking
from evisynth.review import may, pseudonyms
from evisynth.screening import AgreementReport, Stage, agreement_report

if TYPE_CHECKING:
    from evisynth.prioritization import StoppingStatement

__all__ = [
    "Agreeing",
    "KeptStatement",
    "Stopping",
    "agreement_at",
    "keep_stopping",
    "stopping_at",
]

RULES = ("hypergeometric", "consecutive")

_reports: dict[tuple[str, int, str], tuple[int, AgreementReport]] = {}


@dataclass(frozen=True, slots=True)
class Agreeing:
    """Agreement at a stage.

    Attributes
    ----------
    report : AgreementReport
        Over records with all their decisions.
    complete, waiting : int
        Records with all their decisions, and those that lack some.
    names : dict of str to str
        How each person is named to whoever looks: the name for those who look after the team, a
        pseudonym for others.
    """

    report: AgreementReport
    complete: int
    waiting: int
    names: dict[str, str]


def agreement_at(desk: Desk, stage: str) -> Agreeing:
    """Compute the agreement at a stage, from records with all their decisions alone.

    Raises
    ------
    PermissionDeniedError
        To those who may not see it.
    """
    rules = desk.stage(stage)
    desk.permit("see agreement", rules)
    board = desk.board
    states = board.states(rules.name)
    whole = {record for record, state in states.items() if state.waiting != "votes"}
    people = board.plan.people
    names = pseudonyms(people)
    if may(desk.person, "people"):
        names |= {made.id: made.name for made in people}
    return Agreeing(_report(board, rules, whole), len(whole), len(states) - len(whole), names)


def _report(board: Board, rules: Stage, whole: set[str]) -> AgreementReport:
    """Compute the report, once for each state of the review."""
    place = (board.store.alias, board.store.review, rules.name)
    number = board.number
    there = _reports.get(place)
    if there is not None and there[0] == number:
        return there[1]
    report = agreement_report(board.decisions(rules.name), rules, records=whole)
    _reports[place] = (number, report)
    return report


@dataclass(frozen=True, slots=True)
class KeptStatement:
    """A statement that was kept: its text, who kept it and when."""

    id: str
    rule: str
    text: str
    person: str
    date: str
    parameters: dict[str, object]


@dataclass(frozen=True, slots=True)
class Stopping:
    """What can be said of the records not read yet.

    Attributes
    ----------
    statement : StoppingStatement
        Of the rule asked for, over records with all their decisions in the order in which they got
        them.
    ranked : bool
        Whether the order was a ranking; else the statement errs further on the safe side.
    kept : tuple of KeptStatement
        Statements kept before, the newest first.
    fingerprint : str
        Of the last ranking of whoever looks; ``""`` where there is none.
    """

    statement: StoppingStatement
    ranked: bool
    kept: tuple[KeptStatement, ...]
    fingerprint: str


def _labels(board: Board, rules: Stage) -> tuple[list[bool], int]:
    """Return whether each settled record is relevant, in the order in which they were settled."""
    states = board.states(rules.name)
    settled = []
    for record, state in states.items():
        if state.status in ("included", "excluded"):
            last = max(made.date for made in board.votes(rules.name, record))
            settled.append((last, record, state.status == "included"))
    return [relevant for _, _, relevant in sorted(settled)], len(states)


def stopping_at(
    desk: Desk,
    stage: str,
    *,
    rule: str = "hypergeometric",
    target: float = 0.95,
    confidence: float = 0.95,
    run: int = 100,
) -> Stopping:
    """Say what is known of the recall reached; nothing is ever stopped by it.

    Parameters
    ----------
    desk, stage
        A lead or owner, and the stage.
    rule
        ``"hypergeometric"`` (with ``target`` and ``confidence``) or ``"consecutive"`` (with
        ``run``).
    """
    from evisynth.prioritization import stopping_statement

    rules = desk.stage(stage)
    desk.permit("stop screening", rules)
    board = desk.board
    labels, total = _labels(board, rules)
    if not total:
        raise RefusedError("no record has come to this stage; there is nothing to be said of it")
    options: dict[str, object] = (
        {"run": run} if rule == "consecutive" else {"target": target, "confidence": confidence}
    )
    statement = stopping_statement(labels, total, rule=rule, **options)
    ranking = last_ranking(desk, rules)
    return Stopping(
        statement,
        rules.order == "ranked",
        _kept(board, rules),
        ranking.fingerprint if ranking else "",
    )


def _kept(board: Board, rules: Stage) -> tuple[KeptStatement, ...]:
    names = {made.id: made.name for made in board.plan.people}
    found = []
    for (stage, ident), value in board.values("stopping").items():
        if stage == rules.name:
            who = str(value.get("person", ""))
            found.append(
                KeptStatement(
                    ident,
                    str(value.get("rule", "")),
                    str(value.get("statement", "")),
                    names.get(who, who),
                    str(value.get("date", "")),
                    json.loads(str(value.get("parameters", "")) or "{}"),
                )
            )
    return tuple(sorted(found, key=lambda made: (made.date, made.id), reverse=True))


def keep_stopping(
    desk: Desk,
    stage: str,
    *,
    rule: str = "hypergeometric",
    target: float = 0.95,
    confidence: float = 0.95,
    run: int = 100,
    request_id: str = "",
) -> KeptStatement:
    """Keep the statement of this moment in the review. Screening goes on until people stop."""
    made = stopping_at(desk, stage, rule=rule, target=target, confidence=confidence, run=run)
    said = made.statement
    parameters: dict[str, object] = {"read": said.read, "total": said.total, "met": said.met}
    parameters |= (
        {"run": run} if rule == "consecutive" else {"target": target, "confidence": confidence}
    )
    if made.fingerprint:
        parameters["ranking"] = made.fingerprint
    moment = today()
    ident = f"{moment}-{desk.person.id}"
    there = {kept.id for kept in made.kept}
    if request_id:
        ident = f"{desk.person.id}-{request_id[:32]}"
        if ident in there:
            return next(kept for kept in made.kept if kept.id == ident)
    value = {
        "rule": rule,
        "parameters": json.dumps(parameters, sort_keys=True),
        "statement": said.text,
        "person": desk.person.id,
        "date": moment,
    }
    desk.store.put(
        "stopping", (desk.stage(stage).name, ident), value, actor=desk.person.id,
        act="keep a stopping statement",
    )  # fmt: skip
    return next(kept for kept in _kept(desk.board, desk.stage(stage)) if kept.id == ident)
