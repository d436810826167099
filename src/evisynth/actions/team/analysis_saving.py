"""Analyses written into the plan, changed and taken out; the rest of the plan stays as it is."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from evisynth.actions.team.analysis import (
    Choice,
    clean_choice,
    effective,
    entries_of,
    entry_of,
    place_of,
    preview_analysis,
    written_value,
)
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError
from evisynth.actions.team.plan import PlanPart, change_plan, plan_data
from evisynth.errors import InputError, Problem
from evisynth.review import PLAN_FILE

__all__ = ["remove_analysis", "save_analysis"]


def save_analysis(
    desk: Desk,
    choice: Choice,
    *,
    ident: str = "",
    version: int,
    reason: str = "",
    request_id: str = "",
) -> str:
    """Write an analysis into the plan; everything else of the plan stays, comments too.

    Parameters
    ----------
    desk
        Who plans.
    choice
        What differs from the plan.
    ident
        The analysis that is changed; a new one is added if empty.
    version
        Of the plan that the person saw.
    reason
        Why it is changed, for the history; data may have been seen by then.
    request_id
        A request that comes twice changes nothing.

    Returns
    -------
    str
        Id of the analysis.

    Raises
    ------
    PermissionDeniedError
        Somebody who may not change analyses.
    VersionConflict
        Somebody changed the same keys meanwhile.
    InputError
        The analysis cannot be computed, so that the plan would be of no use.
    """
    desk.permit("analysis change")
    made = clean_choice(choice)
    if not ident:
        repeated = _repeated(desk, request_id)
        if repeated:
            return repeated
        if not made.get("title"):
            raise RefusedError("give the analysis a title")
    preview = preview_analysis(desk, made, ident=ident)
    if preview.problems:
        raise InputError(
            Problem("analysis", "", problem, hint="It was not saved")
            for problem in preview.problems
        )
    name = preview.id

    def read(data: Mapping[str, Any]) -> dict[str, object]:
        place = place_of(data, name)
        if place < 0:
            return {"analysis": None}
        return effective(data, entries_of(data)[place])

    def write(
        data: Mapping[str, Any], key: str, value: object
    ) -> Sequence[tuple[tuple[str | int, ...], object]]:
        place = place_of(data, name)
        if key == "analysis":
            return [(("analyses", len(entries_of(data))), value)]
        if place < 0:
            raise RefusedError(f"the analysis {name!r} was removed meanwhile")
        written = written_value(data, entries_of(data)[place], key, value)
        return [(("analyses", place, key), written)]

    wanted: dict[str, object] = dict(made)
    if not ident:
        wanted = {"analysis": entry_of(plan_data(desk), name, made)}
    change_plan(
        desk, PlanPart(read, write), wanted, version=version,
        act="plan an analysis" if not ident else "change an analysis", reason=reason.strip(),
        request_id=request_id,
    )  # fmt: skip
    return name


def _repeated(desk: Desk, request_id: str) -> str:
    """Return the analysis that a request added when it came first."""
    if not request_id:
        return ""
    for entry in desk.store.history("plan", (PLAN_FILE,), actor=desk.person.id):
        if entry.request == request_id:
            before, after = (
                {
                    each.get("id")
                    for each in entries_of(tomllib.loads(str((value or {}).get("text"))))
                }
                if value
                else set()
                for value in (entry.before, entry.after)
            )
            return str(next(iter(after - before), ""))
    return ""


def remove_analysis(
    desk: Desk, ident: str, *, version: int, reason: str = "", request_id: str = ""
) -> None:
    """Take an analysis out of the plan; the history keeps it.

    Raises
    ------
    RefusedError
        A sensitivity analysis belongs to it, or no reason is given.
    """
    desk.permit("analysis change")
    data = plan_data(desk)
    if place_of(data, ident) < 0:
        raise NotThereError(f"the plan has no analysis {ident!r}")
    if not reason.strip():
        raise RefusedError("say why it is not planned any more")
    hangs = [
        str(each.get("id")) for each in entries_of(data) if each.get("sensitivity_of") == ident
    ]
    if hangs:
        raise RefusedError(
            f"these sensitivity analyses belong to it: {', '.join(hangs)}; remove them first"
        )

    def read(found: Mapping[str, Any]) -> dict[str, object]:
        place = place_of(found, ident)
        entry = json.dumps(entries_of(found)[place], sort_keys=True) if place >= 0 else None
        return {"analysis": entry}

    def write(
        found: Mapping[str, Any], _key: str, _value: object
    ) -> Sequence[tuple[tuple[str | int, ...], object]]:
        return [(("analyses", place_of(found, ident)), None)]

    change_plan(
        desk, PlanPart(read, write), {"analysis": None}, version=version,
        act="remove an analysis", reason=reason.strip(), request_id=request_id,
    )  # fmt: skip
