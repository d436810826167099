"""When screening may stop: what can be said, the statements kept, and the stop itself.

A rule advises and people stop. What was promised, when the rule was first met and what was done are
kept with the review and printed in its document.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError, today
from evisynth.actions.team.ranking import agreed_ranking
from evisynth.review import KeptStopping, kept_stopping
from evisynth.screening import Stage, StageName

if TYPE_CHECKING:
    from evisynth.prioritization import StoppingStatement

__all__ = [
    "KeptStatement",
    "Stopping",
    "keep_stopping",
    "resume_screening",
    "stop_screening",
    "stopping_at",
    "unread_records",
]


@dataclass(frozen=True, slots=True)
class KeptStatement:
    """A statement that was kept: its text, who kept it and when, and what was done.

    ``done`` is ``"stopped"``, ``"resumed"`` or ``""``; ``set_aside`` counts the records that stay
    unread by it.
    """

    id: str
    rule: str
    text: str
    person: str
    date: str
    parameters: dict[str, object]
    done: str = ""
    reason: str = ""
    set_aside: int = 0


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
    unread : int
        Records on which nobody has decided.
    """

    statement: StoppingStatement
    ranked: bool
    kept: tuple[KeptStatement, ...]
    unread: int


def _labels(board: Board, rules: Stage) -> tuple[list[bool], int]:
    """Return whether each settled record is relevant, in the order in which they were settled."""
    states = board.states(rules.name)
    settled = []
    for record, state in states.items():
        if state.status in ("included", "excluded"):
            last = max(made.date for made in board.votes(rules.name, record))
            settled.append((last, record, state.status == "included"))
    set_aside = sum(map(_stopped_by, board.values("removal").values()))
    return [relevant for _, _, relevant in sorted(settled)], len(states) + set_aside


def _stopped_by(removal: object) -> bool:
    """Return whether a record was set aside because screening was stopped."""
    return isinstance(removal, dict) and str(removal.get("made_by", "")).startswith(STOPPED)


STOPPED = "stop of screening "
"""Before the id of the statement, as who set the records aside."""


def unread_records(board: Board, stage: StageName) -> tuple[str, ...]:
    """Return the records of a stage on which nobody has decided."""
    return tuple(
        record
        for record, state in board.states(stage).items()
        if state.status not in ("included", "excluded") and not board.votes(stage, record)
    )


def stopping_at(
    desk: Desk,
    stage: str,
    *,
    rule: str = "hypergeometric",
    target: float | None = None,
    confidence: float | None = None,
    run: int = 100,
) -> Stopping:
    """Say what is known of the recall reached; nothing is ever stopped by it.

    Parameters
    ----------
    desk, stage
        A lead or owner, and the stage.
    rule
        ``"hypergeometric"`` (with ``target`` and ``confidence``, the plan's where they are not
        given) or ``"consecutive"`` (with ``run``).

    Raises
    ------
    PermissionDeniedError
        To those who may not stop the screening.
    RefusedError
        No record has come to this stage.
    OptionError
        An unknown rule, or an option out of range.
    """
    from evisynth.prioritization import stopping_statement

    rules = desk.stage(stage)
    desk.permit("stop screening", rules)
    board = desk.board
    labels, total = _labels(board, rules)
    if not total:
        raise RefusedError("no record has come to this stage; there is nothing to be said of it")
    options = _options(rules, rule, target, confidence, run)
    statement = stopping_statement(labels, total, rule=rule, **options)
    unread = len(unread_records(board, rules.name))
    return Stopping(statement, rules.order == "ranked", _kept(board, rules), unread)


def _options(
    rules: Stage, rule: str, target: float | None, confidence: float | None, run: int
) -> dict[str, Any]:
    """Return the options of a rule; what is not given stands in the plan."""
    if rule == "consecutive":
        return {"run": run}
    return {
        "target": rules.stop_recall if target is None else target,
        "confidence": rules.stop_confidence if confidence is None else confidence,
    }


def _kept(board: Board, rules: Stage) -> tuple[KeptStatement, ...]:
    names = {made.id: made.name for made in board.plan.people}
    aside: dict[str, int] = {}
    for removal in board.values("removal").values():
        if _stopped_by(removal):
            ident = str(removal["made_by"]).removeprefix(STOPPED)
            aside[ident] = aside.get(ident, 0) + 1
    found = [
        _shown(kept_stopping(stage, ident, value), names, aside)
        for (stage, ident), value in board.values("stopping").items()
        if stage == rules.name
    ]
    return tuple(sorted(found, key=lambda made: (made.date, made.id), reverse=True))


def _shown(made: KeptStopping, names: dict[str, str], aside: dict[str, int]) -> KeptStatement:
    return KeptStatement(
        made.id, made.rule, made.statement, names.get(made.person, made.person), made.date,
        dict(made.parameters), made.done, made.reason, aside.get(made.id, 0),
    )  # fmt: skip


def keep_stopping(
    desk: Desk,
    stage: str,
    *,
    rule: str = "hypergeometric",
    target: float | None = None,
    confidence: float | None = None,
    run: int = 100,
    request_id: str = "",
) -> KeptStatement:
    """Keep the statement of this moment in the review. Screening goes on until people stop."""
    options = _options(desk.stage(stage), rule, target, confidence, run)
    return _keep(desk, stage, rule, options, request_id)


def stop_screening(
    desk: Desk,
    stage: str,
    *,
    reason: str,
    rule: str = "hypergeometric",
    target: float | None = None,
    confidence: float | None = None,
    run: int = 100,
    request_id: str = "",
) -> KeptStatement:
    """Stop reading: records on which nobody has decided are set aside, the statement is kept.

    Records with a decision are still settled. `resume_screening` takes it back.

    Parameters
    ----------
    desk, stage
        A lead or owner, and the stage of titles and abstracts.
    reason
        Why the team stops here; it stands in the document.
    rule, target, confidence, run
        As in `stopping_at`. The rule need not be met: people decide, and the document says so.
    request_id
        By it a repeated request is known.

    Raises
    ------
    RefusedError
        At the full text, where every report is read; without a reason; where nothing is unread.
    """
    rules = desk.stage(stage)
    desk.permit("stop screening", rules)
    if rules.name != "title_abstract":
        raise RefusedError("every report sought is read in full; there is nothing to stop here")
    if not reason.strip():
        raise RefusedError("say why the team stops here; it stands in the document")
    options = _options(rules, rule, target, confidence, run)
    return _keep(desk, stage, rule, options, request_id, reason=reason.strip())


def resume_screening(desk: Desk, stage: str, ident: str) -> KeptStatement:
    """Take a stop back: the records that it set aside are read again.

    Raises
    ------
    NotThereError
        No such statement is kept.
    RefusedError
        Screening was not stopped by it, or goes on already.
    """
    rules = desk.stage(stage)
    desk.permit("stop screening", rules)
    board = desk.board
    value = board.values("stopping").get((rules.name, ident))
    if value is None:
        raise NotThereError(f"no statement {ident!r} is kept")
    if value.get("done") != "stopped":
        raise RefusedError("screening was not stopped by this statement, or goes on already")
    puts: list[tuple[str, tuple[str, ...], dict[str, object] | None]] = [
        ("stopping", (rules.name, ident), {**value, "done": "resumed"})
    ]
    puts += [
        ("removal", key, None)
        for key, removal in board.values("removal").items()
        if removal.get("made_by") == STOPPED + ident
    ]
    desk.store.put_many(puts, actor=desk.person.id, act="resume screening")
    return next(kept for kept in _kept(desk.board, rules) if kept.id == ident)


def _keep(
    desk: Desk,
    stage: str,
    rule: str,
    options: dict[str, Any],
    request_id: str,
    *,
    reason: str = "",
) -> KeptStatement:
    from evisynth.prioritization import first_met

    rules = desk.stage(stage)
    made = stopping_at(desk, stage, rule=rule, **options)
    moment = today()
    there = {kept.id: kept for kept in made.kept}
    ident = f"{desk.person.id}-{'stop-' if reason else ''}{request_id[:32] or moment}"
    if ident in there:
        if request_id:
            return there[ident]
        ident = next(f"{ident}-{n}" for n in count(2) if f"{ident}-{n}" not in there)
    if reason and not made.unread:
        raise RefusedError("somebody has decided on every record; there is nothing left to stop")
    said = made.statement
    board = desk.board
    labels, total = _labels(board, rules)
    fired, step = first_met(labels, total, rule=rule, **options)
    parameters: dict[str, object] = {
        "read": said.read, "total": said.total, "relevant": said.relevant, "met": said.met,
        "first_met": fired, "step": step, **options,
    }  # fmt: skip
    ranking = agreed_ranking(desk, rules) if made.ranked else None
    if ranking is not None:
        parameters["ranking"] = ranking.facts()
    value: dict[str, object] = {
        "rule": rule,
        "parameters": json.dumps(parameters, sort_keys=True),
        "statement": said.text,
        "person": desk.person.id,
        "date": moment,
        "done": "stopped" if reason else "",
        "reason": reason,
    }
    puts: list[tuple[str, tuple[str, ...], dict[str, object] | None]] = [
        ("stopping", (rules.name, ident), value)
    ]
    if reason:
        aside: dict[str, object] = {
            "kind": "automation" if made.ranked else "other",
            "reason": f"not read: screening was stopped ({reason})",
            "made_by": STOPPED + ident,
        }
        puts += [("removal", (record,), aside) for record in unread_records(board, rules.name)]
    act = "stop screening" if reason else "keep a stopping statement"
    desk.store.put_many(puts, actor=desk.person.id, act=act, reason=reason)
    return next(kept for kept in _kept(desk.board, rules) if kept.id == ident)
