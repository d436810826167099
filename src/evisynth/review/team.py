"""Who may do what: roles and acts as a table, and the people of a team.

The table is data (`PERMISSIONS`); docs/team.md prints it, and a test holds the two equal. What a
person may see of others' decisions is decided apart, by `evisynth.screening.visible`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, get_args

from evisynth.errors import OptionError, PermissionDeniedError
from evisynth.review.parts import Person
from evisynth.screening import Sight, Stage, Viewer

__all__ = [
    "ACTS",
    "PERMISSIONS",
    "ROLES",
    "Act",
    "Role",
    "ignored_people",
    "may",
    "permission_table",
    "permit",
    "pseudonyms",
    "reviewers_of",
    "viewer_of",
]

Role = Literal[
    "owner",
    "lead",
    "reviewer",
    "adjudicator",
    "extractor",
    "assessor",
    "statistician",
    "librarian",
    "observer",
    "auditor",
]

ROLES: dict[Role, str] = {
    "owner": "looks after the review as a whole: people, settings, deletion",
    "lead": "protocol, plan and team; settles conflicts where nobody else is named",
    "reviewer": "decides on records and reports",
    "adjudicator": "settles conflicts",
    "extractor": "extracts data from reports",
    "assessor": "assesses the risk of bias",
    "statistician": "plans and runs analyses; no votes",
    "librarian": "searches, imports, deduplicates, gets reports",
    "observer": "reads what is settled",
    "auditor": "reads the history",
}

Act = Literal[
    "read",
    "import",
    "deduplicate",
    "remove records",
    "decide",
    "undo own decision",
    "adjudicate",
    "discuss",
    "see conflicts",
    "see agreement",
    "note",
    "tag",
    "pilot",
    "assign",
    "stop screening",
    "retrieve",
    "attach",
    "join reports",
    "design forms",
    "extract",
    "agree on extraction",
    "assess",
    "agree on assessment",
    "plan change",
    "analysis change",
    "run analysis",
    "people",
    "unblind",
    "export",
    "history",
    "settings",
    "delete",
]

_RUN: tuple[Role, ...] = ("owner", "lead")

PERMISSIONS: dict[Act, tuple[Role, ...]] = {
    "read": tuple(ROLES),
    "import": (*_RUN, "librarian"),
    "deduplicate": (*_RUN, "librarian"),
    "remove records": (*_RUN, "librarian"),
    "decide": ("reviewer",),
    "undo own decision": ("reviewer", "adjudicator", "lead"),
    "adjudicate": ("lead", "adjudicator"),
    "discuss": ("lead", "reviewer", "adjudicator"),
    "see conflicts": (*_RUN, "reviewer", "adjudicator", "auditor"),
    "see agreement": (*_RUN, "adjudicator", "statistician", "auditor"),
    "note": (
        *_RUN, "reviewer", "adjudicator", "extractor", "assessor", "statistician", "librarian",
    ),
    "tag": (*_RUN, "reviewer", "adjudicator", "extractor", "assessor", "librarian"),
    "pilot": _RUN,
    "assign": _RUN,
    "stop screening": _RUN,
    "retrieve": (*_RUN, "reviewer", "librarian"),
    "attach": (*_RUN, "reviewer", "extractor", "assessor", "librarian"),
    "join reports": (*_RUN, "reviewer", "extractor", "librarian"),
    "design forms": (*_RUN, "extractor", "statistician"),
    "extract": ("extractor",),
    "agree on extraction": ("lead", "adjudicator", "extractor"),
    "assess": ("extractor", "assessor"),
    "agree on assessment": ("lead", "adjudicator", "extractor", "assessor"),
    "plan change": _RUN,
    "analysis change": (*_RUN, "statistician"),
    "run analysis": (*_RUN, "statistician"),
    "people": _RUN,
    "unblind": _RUN,
    "export": (*_RUN, "statistician", "librarian"),
    "history": (*_RUN, "auditor"),
    "settings": ("owner",),
    "delete": ("owner",),
}  # fmt: skip
"""The roles that may do each act."""

ACTS: tuple[Act, ...] = tuple(PERMISSIONS)


def _allowed(act: Act) -> tuple[Role, ...]:
    if act not in PERMISSIONS:
        raise OptionError("act", act, ACTS)
    return PERMISSIONS[act]


def _hindrance(person: Person, act: Act, stage: Stage | None) -> str:
    """Say what stands against an act beside the roles."""
    if not person.active:
        return f"left the team on {person.left}"
    if stage is not None:
        named = {"decide": stage.reviewers, "adjudicate": stage.adjudicators}.get(act, ())
        if named and person.id not in named:
            return f"the plan names others for {stage.name} ({', '.join(named)})"
    return ""


def may(person: Person, act: Act, stage: Stage | None = None) -> bool:
    """Tell whether a person may do an act.

    Parameters
    ----------
    person
        Somebody of the team.
    act
        One of `ACTS`.
    stage
        The stage, where the plan names who decides or settles at it.

    Raises
    ------
    OptionError
        An unknown act.

    Examples
    --------
    >>> lee = Person("A. Lee", "R1", ("reviewer",))
    >>> may(lee, "decide"), may(lee, "adjudicate")
    (True, False)
    """
    return not set(_allowed(act)).isdisjoint(person.roles) and not _hindrance(person, act, stage)


def permit(person: Person, act: Act, stage: Stage | None = None) -> None:
    """Let an act pass, or refuse it.

    Parameters
    ----------
    person, act, stage
        As for `may`.

    Raises
    ------
    PermissionDeniedError
        Naming the act, the person's roles and the roles that may.
    OptionError
        An unknown act.

    Examples
    --------
    >>> permit(Person("A. Lee", "R1", ("reviewer",)), "unblind")
    Traceback (most recent call last):
    ...
    evisynth.errors.PermissionDeniedError: A. Lee may not 'unblind': the roles are reviewer; \
allowed: owner, lead. Ask somebody who may, or the owner or a lead for the role
    """
    allowed = _allowed(act)
    if may(person, act, stage):
        return
    why = _hindrance(person, act, stage)
    raise PermissionDeniedError(act, person.roles, allowed, who=person.name, why=why)


def viewer_of(person: Person) -> Viewer:
    """Return how a person looks at others' decisions.

    Those who settle conflicts, look after the team or audit it see the decisions of records that
    have them all; reviewers theirs, and those of others on such records that they decided on; the
    others what records came to.

    Examples
    --------
    >>> viewer_of(Person("C. Roth", "R3", ("statistician",))).sight
    'results'
    """
    roles = set(person.roles) if person.active else set()
    sight: Sight = "results"
    if roles & {"owner", "lead", "adjudicator", "auditor"}:
        sight = "complete"
    elif "reviewer" in roles:
        sight = "own"
    return Viewer(person.id, sight)


def reviewers_of(people: Iterable[Person], stage: Stage) -> tuple[str, ...]:
    """Return the ids of those who decide at a stage now."""
    return tuple(person.id for person in people if may(person, "decide", stage))


def ignored_people(people: Iterable[Person]) -> frozenset[str]:
    """Return the ids of those who left and whose decisions do not count by the plan."""
    return frozenset(
        person.id for person in people if not person.active and not person.decisions_count
    )


def pseudonyms(people: Sequence[Person]) -> dict[str, str]:
    """Return a pseudonym for each person: the one of the plan, else the next free ``"R1"`` ....

    Examples
    --------
    >>> pseudonyms([Person("A. Lee", "lee"), Person("B. Diaz", "diaz", pseudonym="R1")])
    {'lee': 'R2', 'diaz': 'R1'}
    """
    taken = {person.pseudonym for person in people if person.pseudonym}
    free = (f"R{number}" for number in range(1, len(people) + len(taken) + 1))
    unused = (name for name in free if name not in taken)
    return {person.id: person.pseudonym or next(unused) for person in people}


def permission_table() -> str:
    """Return the table of acts and roles as Markdown, as docs/team.md prints it."""
    roles = get_args(Role)
    lines = [
        f"| act | {' | '.join(roles)} |",
        f"| --- |{' :-: |' * len(roles)}",
    ]
    lines += [
        f"| {act} | {' | '.join('●' if role in allowed else '' for role in roles)} |"
        for act, allowed in PERMISSIONS.items()
    ]
    return "\n".join(lines) + "\n"
