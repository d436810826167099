"""What was changed between the plan as registered and the plan as run."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evisynth.review.history import LOG_FILE

__all__ = ["Deviation", "PlanChange", "plan_changes"]

METHODS = (
    "question", "criteria", "stages", "outcomes", "risk_of_bias", "defaults", "analyses",
    "summary_of_findings",
)  # fmt: skip
"""Sections of the plan that say what will be done; others say who, when and where."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """A change against registration or protocol, as its people state it."""

    what: str
    why: str
    date: str = ""


@dataclass(frozen=True, slots=True)
class PlanChange:
    """A key of the plan that stands otherwise than when it was registered.

    Attributes
    ----------
    key : str
        Where it stands, e.g. ``"analyses.anxiety.tau2"``.
    before, after : str
        As written then and now; ``""`` where it was or is not there.
    """

    key: str
    before: str
    after: str


def plan_changes(folder: Path, plan: str, registered: str) -> tuple[PlanChange, ...]:
    """Compare the plan with the one that stood on the day of registration, by the history.

    Parameters
    ----------
    folder
        The review's folder.
    plan
        Text of ``review.toml`` as it is.
    registered
        Day of the registration (ISO); ``""`` compares nothing.

    Returns
    -------
    tuple of PlanChange
        In the order of the keys; empty where there is no history as old as that.
    """
    if not registered:
        return ()
    then = None
    for time, text in _plans(folder / LOG_FILE):
        if time[:10] > registered:
            break
        then = text
    if then is None:
        return ()
    before, after = _keys(then), _keys(plan)
    return tuple(
        PlanChange(key, before.get(key, ""), after.get(key, ""))
        for key in dict.fromkeys((*before, *after))
        if before.get(key, "") != after.get(key, "")
    )


def _plans(path: Path) -> Iterator[tuple[str, str]]:
    """Give time and text of each version of the plan, the oldest first."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if '"kind":"plan"' not in line:
                continue
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # `evisynth audit verify` names broken lines
            after = entry.get("after") if isinstance(entry, dict) else None
            if isinstance(after, dict):
                yield str(entry.get("at", "")), str(after.get("text", ""))


def _keys(text: str) -> dict[str, str]:
    """Return the keys of the methods' sections with their values as text."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
    found: dict[str, str] = {}
    for name in METHODS:
        if name in data:
            _flatten(data[name], name, found)
    return found


def _flatten(value: Any, key: str, found: dict[str, str]) -> None:
    if isinstance(value, Mapping):
        for name, each in value.items():
            _flatten(each, f"{key}.{name}", found)
    elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        for number, each in enumerate(value, 1):
            _flatten(each, f"{key}.{each.get('id') or each.get('analysis') or number}", found)
    elif isinstance(value, list):
        found[key] = "; ".join(map(_shown, value))
    else:
        found[key] = _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).split())
