"""What waits for a person, how far everybody is, what the person did last."""

from __future__ import annotations

from dataclasses import dataclass

from evisynth.actions.team.assessment import count_to_assess
from evisynth.actions.team.conflicts import count_conflicts
from evisynth.actions.team.desk import Desk
from evisynth.actions.team.extraction import count_to_extract
from evisynth.actions.team.flow import live_flow
from evisynth.actions.team.pilot import pilot_gate
from evisynth.actions.team.seeing import progress_of
from evisynth.review import KINDS, Entry, may
from evisynth.screening import Stage
from evisynth.storage import TrailFilter, entries_at, trail_lines

__all__ = ["Overview", "PersonLine", "StageLine", "ToDo", "overview_of"]

LAST = 8


@dataclass(frozen=True, slots=True)
class ToDo:
    """Work of one kind that waits for a person.

    Attributes
    ----------
    work : str
        ``"screen"``, ``"settle"``, ``"extract"`` or ``"assess"``.
    stage : str
        Stage, where the work is of one.
    left, done : int
        What waits, and what the person has done; ``done`` is None where it is not counted.
    note : str
        What hinders it now, as an open pilot round.
    """

    work: str
    stage: str
    left: int
    done: int | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class StageLine:
    """A stage: how many records stand where, as far as the person may know."""

    stage: Stage
    open: int
    conflict: int
    included: int
    excluded: int

    @property
    def all(self) -> int:
        """All records of the stage."""
        return self.open + self.conflict + self.included + self.excluded


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A person with the numbers of records decided and left, by stage."""

    person: str
    name: str
    own: bool
    stages: tuple[tuple[str, int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What the first page of a review shows a person."""

    to_do: tuple[ToDo, ...]
    stages: tuple[StageLine, ...]
    people: tuple[PersonLine, ...]
    acts: tuple[Entry, ...]
    warnings: tuple[str, ...]


def overview_of(desk: Desk) -> Overview:
    """Return the overview of a review for a person.

    Of others there is nothing but how many records they have decided on and how many wait.
    """
    desk.permit("read")
    board = desk.board
    stages = board.plan.stages or ()
    live = live_flow(desk)
    return Overview(
        _to_do(desk),
        tuple(StageLine(stage, **live.counts[stage.name]) for stage in stages),
        _people(desk),
        own_acts(desk),
        live.problems,
    )


def _to_do(desk: Desk) -> tuple[ToDo, ...]:
    board, person = desk.board, desk.person
    found = []
    for stage in board.plan.stages or ():
        if may(person, "decide", stage):
            decided, left = board.counts(stage.name, person.id)
            gate = pilot_gate(board, stage)
            found.append(
                ToDo("screen", stage.name, left, decided, gate.words if gate.closed else "")
            )
        own = sum(
            made.reviewer == person.id
            and made.role == "reviewer"
            and (state := board.state(stage.name, made.record)) is not None
            and state.waiting not in ("", "votes")
            for made in board.decisions(stage.name)
        )
        if may(person, "adjudicate", stage) and may(person, "see conflicts"):
            # a third person settles: what one decided on oneself is for somebody else
            left = count_conflicts(desk, stage.name) - (0 if stage.adjudicator_may_vote else own)
            found.append(ToDo("settle", stage.name, left, None))
        elif stage.conflicts == "discussion" and may(person, "discuss", stage):
            found.append(ToDo("settle", stage.name, own, None))
    if may(person, "extract"):
        found.append(ToDo("extract", "", count_to_extract(desk), None))
    if may(person, "assess"):
        found.append(ToDo("assess", "", count_to_assess(desk), None))
    return tuple(found)


def _people(desk: Desk) -> tuple[PersonLine, ...]:
    board = desk.board
    stages = board.plan.stages or ()
    by_stage = [{made.person: made for made in progress_of(desk, stage)} for stage in stages]
    lines = []
    for person in board.plan.people:
        there = [found.get(person.id) for found in by_stage]
        if person.active and any(there):
            numbers = tuple(
                (stage.name, made.decided, made.left) if made else None
                for stage, made in zip(stages, there, strict=True)
            )
            lines.append(PersonLine(person.id, person.name, person.id == desk.person.id, numbers))
    return tuple(lines)


def own_acts(desk: Desk, limit: int = LAST) -> tuple[Entry, ...]:
    """Return what a person did last, one entry an act, newest first."""
    me = desk.person.id
    found: list[int] = []
    last = ("", "")
    for line in trail_lines(desk.store, TrailFilter(actor=me)):
        # an act may have moved what others did, as with a study that gets another id
        others = KINDS[line.kind].key_part(line.key, "person") not in ("", me)
        if line.kind == "lease" or others or (line.at, line.act) == last:
            continue
        found.append(line.number)
        last = (line.at, line.act)
        if len(found) == limit:
            break
    return tuple(entries_at(desk.store, found))
