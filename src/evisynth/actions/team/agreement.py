"""How well people agree, over records that have all their decisions."""

from __future__ import annotations

from dataclasses import dataclass

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk
from evisynth.review import may, pseudonyms
from evisynth.screening import AgreementReport, Stage, agreement_report

__all__ = ["Agreeing", "agreement_at"]

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
