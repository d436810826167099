"""Edits of the plan from forms: only what a person changed is written, and nobody's edit is lost.

The plan is one text. A form edits some fields of it and carries the version that the person saw.
Where somebody else changed other fields meanwhile, both changes stand; where they changed the same
field to something else, the person is shown both and decides.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evisynth.actions.store_states import plan_of
from evisynth.actions.team.desk import Desk, RefusedError
from evisynth.errors import InputError, Problem
from evisynth.review import PLAN_FILE, Plan, edit_plan, parse_plan
from evisynth.storage import Conflict, VersionConflict

__all__ = ["PlanPart", "Put", "change_plan", "plan_data", "plan_version", "planned"]

KEY = (PLAN_FILE,)
TRIES = 5

Path = tuple[str | int, ...]
Data = Mapping[str, Any]
Put = tuple[str, tuple[str, ...], dict[str, object] | None, int | None]


@dataclass(frozen=True, slots=True)
class PlanPart:
    """A part of the plan that a form edits.

    Attributes
    ----------
    read : callable
        From the plan's data to the fields: text, numbers, truth values, tuples or None.
    write : callable
        From the plan's data, a field and its new value to changes of the file.
    """

    read: Callable[[Data], dict[str, object]]
    write: Callable[[Data, str, object], Sequence[tuple[Path, object]]]


def plan_version(desk: Desk) -> int:
    """Return the version of the plan, to be named when a part of it is changed."""
    return desk.board.version("plan", KEY)


def plan_data(desk: Desk) -> dict[str, Any]:
    """Return what ``review.toml`` holds, as plain values."""
    return _data(desk.board.plan_text)


def _data(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            Problem(PLAN_FILE, "", f"not valid TOML: {error}", hint="Mend it in the folder first")
        ) from error


def _text_at(desk: Desk, version: int) -> str:
    """Return the plan as it was at a version."""
    entries = desk.store.history("plan", KEY)
    if not 0 < version <= len(entries):
        raise RefusedError("this page is out of date; load it again")
    return str((entries[version - 1].after or {}).get("text", ""))


def _repeated(desk: Desk, request_id: str) -> bool:
    """Tell whether a request changed the plan when it came first."""
    return bool(request_id) and any(
        entry.request == request_id and entry.actor == desk.person.id
        for entry in desk.store.history("plan", KEY)
    )


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "\n".join(f"{code}: {words}" for code, words in value.items())
    if isinstance(value, (tuple, list)):
        return "\n".join(map(str, value))
    return str(value)


def _merged(
    part: PlanPart, base: str, text: str, wanted: Mapping[str, object]
) -> dict[str, object]:
    """Return the fields to write; refuse those that two people changed to different values."""
    before, now = part.read(_data(base)), part.read(_data(text))
    mine = {name: value for name, value in wanted.items() if value != before.get(name)}
    fresh = {name: value for name, value in mine.items() if value != now.get(name)}
    clash = [name for name in fresh if now.get(name) != before.get(name)]
    if clash:
        raise _Clash(*({name: _shown(each.get(name)) for name in clash}
                       for each in (before, mine, now)))  # fmt: skip
    return fresh


class _Clash(Exception):  # noqa: N818 - becomes a `VersionConflict` at once
    """Fields that two people changed: before, mine, theirs."""

    def __init__(self, base: dict[str, str], mine: dict[str, str], theirs: dict[str, str]) -> None:
        super().__init__()
        self.parts = base, mine, theirs


def planned(desk: Desk, part: PlanPart, wanted: Mapping[str, object], version: int) -> Plan:
    """Return the plan as it would be; for saying what follows before it is saved.

    Raises
    ------
    VersionConflict, InputError, RefusedError
        As `change_plan`.
    """
    item = desk.store.get("plan", KEY)
    text = str((item.value or {}).get("text", ""))
    return plan_of(_new_text(desk, part, wanted, version, text, item.version))


def _new_text(
    desk: Desk,
    part: PlanPart,
    wanted: Mapping[str, object],
    version: int,
    text: str,
    now: int,
) -> str:
    base = text if version == now else _text_at(desk, version)
    try:
        fresh = _merged(part, base, text, wanted)
    except _Clash as clash:
        item = desk.store.get("plan", KEY)
        before, mine, theirs = clash.parts
        raise VersionConflict(
            [Conflict("plan", KEY, before, mine, theirs, now, item.actor, item.at)]
        ) from None
    data = _data(text)
    changes = [change for name, value in fresh.items() for change in part.write(data, name, value)]
    if not changes:
        return text
    new = edit_plan(text, changes)
    check_sound(text, new)
    return new


def check_sound(old: str, new: str) -> None:
    """Refuse a plan with problems that the one before did not have."""
    before: list[Problem] = []
    problems: list[Problem] = []
    parse_plan(old, before)
    parse_plan(new, problems)
    known = {problem.message for problem in before}
    fresh = [problem for problem in problems if problem.message not in known]
    if fresh:
        raise InputError(fresh)


def change_plan(
    desk: Desk,
    part: PlanPart,
    wanted: Mapping[str, object],
    *,
    version: int,
    act: str,
    reason: str = "",
    request_id: str = "",
    check: Callable[[Plan, Plan], None] | None = None,
    more: Sequence[Put] = (),
) -> bool:
    """Write the fields of a part that a person changed; return whether anything was written.

    Parameters
    ----------
    desk, part, wanted
        Who, what, and the fields as the person wants them.
    version
        Of the plan that the person saw.
    act, reason, request_id
        For the history; a request that comes twice changes nothing.
    check
        Called with the plan before and after; raises what the rules refuse.
    more
        What is written with it, in the same act.

    Raises
    ------
    VersionConflict
        Somebody changed the same fields meanwhile: ``base``, ``mine`` and ``theirs`` hold these
        fields as text.
    InputError
        The plan would not be sound.
    """
    if _repeated(desk, request_id):
        return False
    for left in reversed(range(TRIES)):
        item = desk.store.get("plan", KEY)
        text = str((item.value or {}).get("text", ""))
        new = _new_text(desk, part, wanted, version, text, item.version)
        if new == text and not more:
            return False
        if check is not None:
            check(plan_of(text), plan_of(new))
        plan: Put = ("plan", KEY, {"text": new}, item.version)
        try:
            desk.store.put_many(
                [plan, *more], actor=desk.person.id, act=act, reason=reason,
                request_id=request_id or None,
            )  # fmt: skip
        except VersionConflict:
            if not left or desk.store.get("plan", KEY).version == item.version:
                raise
            continue  # the plan was written in the same moment: merge with that
        return True
    return False
