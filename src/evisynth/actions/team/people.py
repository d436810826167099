"""The people of a review: who is of it, in what role, what becomes of the work of who leaves."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError, today
from evisynth.actions.team.plan import PlanPart, Put, change_plan, plan_data, planned
from evisynth.actions.team.seeing import progress_of
from evisynth.errors import OptionError
from evisynth.review import ROLES, Person, Plan, may, permit, reviewers_of
from evisynth.screening import Assignment, Decision, Stage, complete, reassign, voters

__all__ = [
    "Handover", "Leaving", "TeamPerson", "add_person", "change_person", "leave_team", "people_data",
    "person_part", "plan_leaving", "return_to_team", "team_people", "team_warnings",
]  # fmt: skip

OWN_FIELDS = ("name", "roles", "affiliation", "orcid", "email", "pseudonym")
"""What a form of a person holds; ``left`` and ``decisions_count`` belong to leaving."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]")
LONGEST = 300


@dataclass(frozen=True, slots=True)
class TeamPerson:
    """A person as the list of people shows them.

    Attributes
    ----------
    person : Person
        Without e-mail and pseudonym for those who do not look after the people.
    own : bool
        Whether it is whoever looks.
    stages : tuple of (stage, decided, left)
        Records decided on and left, at each stage where the person decides.
    settles : tuple of str
        Stages whose conflicts the person may settle.
    """

    person: Person
    own: bool
    stages: tuple[tuple[str, int, int], ...]
    settles: tuple[str, ...]


def team_people(desk: Desk) -> tuple[TeamPerson, ...]:
    """List the people of the review; who left comes last."""
    desk.permit("read")
    board = desk.board
    stages = board.plan.stages or ()
    looks_after = may(desk.person, "people")
    numbers = {
        stage.name: {line.person: (line.decided, line.left) for line in progress_of(desk, stage)}
        for stage in stages
    }
    found = []
    for made in board.plan.people:
        own = made.id == desk.person.id
        shown = made if looks_after or own else _public(made)
        there = tuple(
            (stage.name, *numbers[stage.name][made.id])
            for stage in stages
            if made.id in numbers[stage.name]
        )
        settles = tuple(stage.name for stage in stages if may(made, "adjudicate", stage))
        found.append(TeamPerson(shown, own, there, settles))
    return tuple(sorted(found, key=lambda line: not line.person.active))


def _public(person: Person) -> Person:
    return Person(
        person.name, person.id, person.roles, person.affiliation, person.orcid, "", person.left,
        person.decisions_count, "",
    )  # fmt: skip


# the plan's section


def _place(data: Mapping[str, Any], ident: str) -> int:
    for number, made in enumerate(data.get("people", ())):
        if isinstance(made, dict) and made.get("id") == ident:
            return number
    raise NotThereError(f"there is no person {ident!r} in the plan")


def _in_order(roles: Sequence[str]) -> tuple[str, ...]:
    known = list(ROLES)
    return tuple(sorted(set(roles), key=lambda role: (role not in known, known.index(role)
                                                      if role in known else 0, role)))  # fmt: skip


def person_part(ident: str) -> PlanPart:
    """Return the fields of one person as a part of the plan."""

    def read(data: Mapping[str, Any]) -> dict[str, object]:
        made = data["people"][_place(data, ident)]
        values: dict[str, object] = {name: str(made.get(name, "")) for name in OWN_FIELDS}
        values["roles"] = _in_order(made.get("roles", ()))
        values["left"] = str(made.get("left", ""))
        values["decisions_count"] = bool(made.get("decisions_count", True))
        return values

    def write(
        data: Mapping[str, Any], name: str, value: object
    ) -> list[tuple[tuple[str | int, ...], object]]:
        path = ("people", _place(data, ident), name)
        plain = list(value) if isinstance(value, tuple) else value
        # what is as if it were not there is taken out
        keep = plain not in ("", [], None) and not (name == "decisions_count" and plain is True)
        return [(path, plain if keep or name == "roles" else None)]

    return PlanPart(read, write)


def _clean(values: Mapping[str, object]) -> dict[str, object]:
    """Check the fields of a form; refuse what is none."""
    made: dict[str, object] = {}
    for name, value in values.items():
        if name not in OWN_FIELDS:
            raise OptionError("field of a person", name, OWN_FIELDS)
        if name == "roles":
            roles = tuple(str(role) for role in value) if isinstance(value, (list, tuple)) else ()
            for role in roles:
                if role not in ROLES:
                    raise OptionError("role", role, ROLES)
            made[name] = _in_order(roles)
            continue
        text = re.sub(r"\s+", " ", str(value)).strip()
        if len(text) > LONGEST:
            raise RefusedError(f"{name} is longer than {LONGEST} letters; shorten it")
        made[name] = text
    if "name" in made and not made["name"]:
        raise RefusedError("a person needs a name")
    email, orcid = str(made.get("email", "")), str(made.get("orcid", ""))
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise RefusedError(f"{email!r} is no e-mail address; write it as name@example.org")
    if orcid and not _ORCID.fullmatch(orcid):
        raise RefusedError(f"{orcid!r} is no ORCID; write it as 0000-0002-1825-0097")
    return made


def _check_team(desk: Desk, old: Plan, new: Plan) -> None:
    """Refuse a team that nobody can look after, or that its own act would raise."""

    def owners(plan: Plan) -> set[str]:
        return {made.id for made in plan.people if made.active and "owner" in made.roles}

    permit(next((made for made in old.people if made.id == desk.person.id), desk.person), "people")
    before, after = owners(old), owners(new)
    if before != after and before and desk.person.id not in before:
        raise RefusedError("only an owner makes somebody an owner, or an owner something else")
    if before and not after:
        raise RefusedError("a review needs an owner; make somebody else one first")
    if not any(may(made, "people") for made in new.people):
        raise RefusedError("nobody would be left to look after the people; name an owner or a lead")
    names: dict[str, str] = {}
    for made in new.people:
        if made.pseudonym and names.setdefault(made.pseudonym, made.id) != made.id:
            raise RefusedError(
                f"the pseudonym {made.pseudonym!r} is that of {names[made.pseudonym]} already"
            )


def _free_id(desk: Desk, name: str) -> str:
    """Make an id of a name that nobody has."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    first = re.sub(r"[^a-z0-9]+", "-", plain.casefold()).strip("-").split("-")[0] or "person"
    taken = {made.id for made in desk.board.plan.people}
    number, made = 1, first
    while made in taken:
        number += 1
        made = f"{first}{number}"
    return made


def add_person(
    desk: Desk, values: Mapping[str, object], *, ident: str = "", request_id: str = ""
) -> str:
    """Add a person to the review; return the id.

    Parameters
    ----------
    desk
        An owner or a lead.
    values
        ``name``, ``roles``, ``affiliation``, ``orcid``, ``email``, ``pseudonym``.
    ident
        Id in all files; made of the name if empty.
    request_id
        A request that comes twice adds one person.
    """
    desk.permit("people")
    clean = _clean({"name": "", **values})
    for entry in desk.store.history("plan") if request_id else ():
        if entry.request == request_id and entry.reason.startswith("adds "):
            return entry.reason.removeprefix("adds ")
    made = ident.strip() or _free_id(desk, str(clean["name"]))
    if not _ID.fullmatch(made) or len(made) > 60:
        raise RefusedError(f"{made!r} is no id; use letters, digits, dots, hyphens and underscores")
    if any(person.id.casefold() == made.casefold() for person in desk.board.plan.people):
        raise RefusedError(f"there is a person {made!r} already; take another id")

    def write(
        data: Mapping[str, Any], _name: str, value: object
    ) -> list[tuple[tuple[str | int, ...], object]]:
        return [(("people", len(data.get("people", ()))), value)]

    fields = {name: list(value) if isinstance(value, tuple) else value
              for name, value in clean.items() if value}  # fmt: skip
    part = PlanPart(lambda _: {}, write)
    change_plan(
        desk, part, {"person": {"id": made, **fields}},
        version=desk.board.version("plan", ("review.toml",)), act="add a person",
        reason=f"adds {made}", request_id=request_id,
        check=lambda old, new: _check_team(desk, old, new),
    )  # fmt: skip
    return made


def team_warnings(desk: Desk, plan: Plan, ident: str = "") -> tuple[str, ...]:
    """Say what would not go on well with a plan: nobody to decide, settle, or do asked work.

    Parameters
    ----------
    desk
        The review as it is.
    plan
        As it would be.
    ident
        Somebody whose asked work is looked at.
    """
    found = []
    for stage in plan.stages or ():
        deciders = reviewers_of(plan.people, stage)
        if len(deciders) < stage.votes_needed:
            found.append(
                f"{stage.name}: a record needs {stage.votes_needed} decisions and"
                f" {len(deciders)} of the team may decide; give more people the role 'reviewer'"
            )
        third = [made.id for made in plan.people if may(made, "adjudicate", stage)]
        if not third and stage.conflicts == "adjudicator" and stage.votes_needed > 1:
            found.append(f"{stage.name}: nobody may settle conflicts; name an adjudicator")
        asked = len(_asked_open(desk.board, stage, ident)) if ident else 0
        if asked and ident not in deciders:
            found.append(
                f"{stage.name}: {asked} records wait for {ident} by name, who could not decide any"
                " more; let the person leave, or hand the records on"
            )
    return tuple(found)


def change_person(
    desk: Desk,
    ident: str,
    values: Mapping[str, object],
    *,
    version: int,
    confirmed: bool = False,
    request_id: str = "",
) -> tuple[str, ...]:
    """Change fields of a person; return what follows where that is to be confirmed first.

    Parameters
    ----------
    desk, ident, values
        An owner or a lead; whom; the fields as they are to be.
    version
        Of the plan that was seen.
    confirmed
        That what follows is meant.
    request_id
        A request that comes twice changes nothing.

    Returns
    -------
    tuple of str
        Empty where the change was written.
    """
    desk.permit("people")
    part, clean = person_part(ident), _clean(values)
    plan = planned(desk, part, clean, version)
    _check_team(desk, desk.board.plan, plan)
    before = set(team_warnings(desk, desk.board.plan, ident))
    fresh = [line for line in team_warnings(desk, plan, ident) if line not in before]
    me = next((made for made in plan.people if made.id == desk.person.id), None)
    if me is not None and not may(me, "people"):
        fresh.append("you could not look after the people of this review any more")
    if fresh and not confirmed:
        return tuple(fresh)
    change_plan(
        desk, part, clean, version=version, act="change a person", request_id=request_id,
        check=lambda old, new: _check_team(desk, old, new),
    )  # fmt: skip
    return ()


# leaving


@dataclass(frozen=True, slots=True)
class Handover:
    """What becomes of a leaving person's work at a stage.

    Attributes
    ----------
    stage : str
        Stage.
    decided : int
        Records decided on; these decisions are kept.
    moved : dict of str to int
        How many of the records that wait for the person by name go to whom.
    nobody : int
        Records for which nobody is left who has not decided on them or was asked.
    lacking : int
        Records with all their decisions that would lack one, where the person's do not count.
    deciders, needed : int
        People who decide there afterwards, and decisions that a record needs.
    """

    stage: str
    decided: int
    moved: dict[str, int]
    nobody: int
    lacking: int
    deciders: int
    needed: int


@dataclass(frozen=True, slots=True)
class Leaving:
    """What follows when a person leaves.

    Attributes
    ----------
    person : Person
        Who.
    stages : tuple of Handover
        By stage.
    begun : int
        Studies and results begun and not finished in extraction and risk of bias; the values stay.
    takers : dict of str to tuple of str
        Who can take over, by stage.
    """

    person: Person
    stages: tuple[Handover, ...]
    begun: int
    takers: dict[str, tuple[str, ...]]


def _asked_open(board: Board, stage: Stage, ident: str) -> list[str]:
    """Return the records that a person was asked for by name and has not decided on."""
    found = []
    for name, record, person in board.values("assignment"):
        if (name, person) != (stage.name, ident) or board.state(stage.name, record) is None:
            continue
        if ident not in voters(board.votes(stage.name, record)):
            found.append(record)
    return sorted(found)


def _assignment(board: Board, stage: Stage, ident: str) -> Assignment:
    """Return who is asked for the records of a stage that name a person."""
    records = [
        record
        for name, record, person in board.values("assignment")
        if (name, person) == (stage.name, ident) and board.state(stage.name, record) is not None
    ]
    return Assignment(
        stage.name, {record: board.asked(stage.name, record) for record in sorted(records)}
    )


def _takers(board: Board, stage: Stage, ident: str, wanted: Sequence[str]) -> tuple[str, ...]:
    able = tuple(who for who in board.voters_of(stage) if who != ident)
    for who in wanted:
        if not any(made.id == who for made in board.plan.people):
            raise NotThereError(f"there is no person {who!r} in the plan")
    return tuple(who for who in able if not wanted or who in wanted)


def plan_leaving(
    desk: Desk, ident: str, *, decisions_count: bool = True, takers: Sequence[str] = ()
) -> Leaving:
    """Say what follows when a person leaves, without doing it.

    Parameters
    ----------
    desk, ident
        An owner or a lead, and who leaves.
    decisions_count
        Whether what the person decided goes on counting.
    takers
        Who takes over what waits for the person by name; empty: everybody of the stage.

    Raises
    ------
    NotThereError
        There is no such person.
    RefusedError
        The person left before.
    """
    desk.permit("people")
    return _leaving(desk, ident, decisions_count, takers)[0]


def _leaving(
    desk: Desk, ident: str, count: bool, wanted: Sequence[str]
) -> tuple[Leaving, list[Put]]:
    board = desk.board
    person = next((made for made in board.plan.people if made.id == ident), None)
    if person is None:
        raise NotThereError(f"there is no person {ident!r} in the plan")
    if not person.active:
        raise RefusedError(f"{person.name} left on {person.left}")
    lines: list[Handover] = []
    puts: list[Put] = []
    able: dict[str, tuple[str, ...]] = {}
    date = today()
    for stage in board.plan.stages or ():
        able[stage.name] = _takers(board, stage, ident, ())
        takers = _takers(board, stage, ident, wanted)
        every: dict[str, list[Decision]] = {}
        for made in board.decisions(stage.name):
            every.setdefault(made.record, []).append(made)
        given = _assignment(board, stage, ident)
        handed = reassign(
            given, ident, dict.fromkeys(takers, 1.0),
            [made for record in given.asked for made in every.get(record, ())], stage,
            votes_count=count,
        )  # fmt: skip
        moved: dict[str, int] = {}
        for record, who in handed.moved:
            moved[who] = moved.get(who, 0) + 1
            puts.append(("assignment", (stage.name, record, who),
                         {"rule": f"handed on from {ident}", "date": date}, None))  # fmt: skip
        gone = (*(made for made, _ in handed.moved), *handed.unasked)
        puts += [("assignment", (stage.name, record, ident), None, None) for record in gone]
        lines.append(
            Handover(
                stage.name,
                sum(ident in voters(votes) for votes in every.values()),
                dict(sorted(moved.items())),
                len(handed.unasked),
                0 if count else _lacking(board, stage, ident, every),
                len(able[stage.name]),
                stage.votes_needed,
            )
        )
    return Leaving(person, tuple(lines), _begun(board, ident), able), puts


def _lacking(
    board: Board, stage: Stage, ident: str, every: Mapping[str, Sequence[Decision]]
) -> int:
    """Count the records that have all their decisions now and would not without a person's."""
    found = 0
    for record, votes in every.items():
        if ident not in voters(votes) or board.state(stage.name, record) is None:
            continue
        asked = board.asked(stage.name, record)
        now = complete(stage, votes, asked=asked, ignored=board.ignored)
        then = complete(stage, votes, asked=asked, ignored={*board.ignored, ident})
        found += now and not then
    return found


def _begun(board: Board, ident: str) -> int:
    """Count what a person has begun to extract or assess and not finished."""
    begun = {("extraction", key[0], key[1], "") for key in board.values("extraction_value")
             if key[4] == ident}  # fmt: skip
    begun |= {("assessment", key[0], key[1], key[2]) for key in board.values("assessment_answer")
              if key[3] == ident}  # fmt: skip
    done = {key[:4] for key in board.values("finished") if key[4] == ident}
    return len(begun - done)


def leave_team(
    desk: Desk,
    ident: str,
    *,
    version: int,
    date: str = "",
    decisions_count: bool = True,
    takers: Sequence[str] = (),
    reason: str = "",
    request_id: str = "",
) -> None:
    """Note that a person has left: decisions are kept, what waits by name is handed on.

    Parameters
    ----------
    desk, ident
        An owner or a lead, and who leaves.
    version
        Of the plan that was seen.
    date
        Day of leaving; today if empty.
    decisions_count, takers
        As for `plan_leaving`.
    reason
        For the history.
    request_id
        A request that comes twice changes nothing.
    """
    desk.permit("people")
    if request_id and any(made.request == request_id for made in desk.store.history("plan")):
        return
    day = date.strip() or today()[:10]
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
        raise RefusedError(f"{day!r} is no date; write it as 2026-03-31")
    _, puts = _leaving(desk, ident, decisions_count, takers)
    change_plan(
        desk, person_part(ident), {"left": day, "decisions_count": decisions_count},
        version=version, act="leave the team", reason=reason.strip(), request_id=request_id,
        check=lambda old, new: _check_team(desk, old, new), more=puts,
    )  # fmt: skip


def return_to_team(desk: Desk, ident: str, *, version: int, request_id: str = "") -> None:
    """Note that a person who left is of the team again; what was handed on stays where it is."""
    desk.permit("people")
    change_plan(
        desk, person_part(ident), {"left": "", "decisions_count": True}, version=version,
        act="come back to the team", request_id=request_id,
        check=lambda old, new: _check_team(desk, old, new),
    )  # fmt: skip


def people_data(desk: Desk, ident: str) -> dict[str, object]:
    """Return the fields of a person as a form shows them."""
    desk.permit("people")
    return person_part(ident).read(plan_data(desk))
