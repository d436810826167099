"""Where records stand, computed in the transaction of the act that moves them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from evisynth.records import Record
from evisynth.review import (
    PLAN_FILE,
    Entry,
    Item,
    ItemKey,
    Plan,
    Value,
    ignored_people,
    parse_plan,
)
from evisynth.screening import (
    Decision,
    DecisionRole,
    RecordState,
    Stage,
    StageName,
    Verdict,
    resolve,
)

if TYPE_CHECKING:
    from evisynth.storage import Store, Unit

__all__ = [
    "all_states", "decision_of_item", "not_counted", "plan_of", "recompute_states",
    "refresh_states",
]  # fmt: skip

_ABOUT_RECORDS = ("vote", "retrieval", "duplicate", "removal", "assignment")
_ABOUT_ALL = ("plan", "member")


@lru_cache(maxsize=32)
def plan_of(text: str) -> Plan:
    """Read a plan from its text; parts with problems are left out."""
    return parse_plan(text)


def _text(value: Value | None) -> str:
    return str((value or {}).get("text", ""))


def decision_of_item(item: Item) -> Decision:
    """Return the decision that an item of the kind ``vote`` keeps."""
    stage, record, person, role = item.key
    value = item.value or {}
    present = (part.strip() for part in str(value.get("present", "")).split(";"))
    return Decision(
        record=record,
        stage=cast("StageName", stage),
        reviewer=person,
        verdict=cast("Verdict", value["verdict"]),
        reason=str(value.get("reason", "")),
        note=str(value.get("note", "")),
        date=str(value.get("date", "")),
        role=cast("DecisionRole", role),
        present=tuple(part for part in present if part),
    )


def _states(
    records: Iterable[str],
    items: Iterable[Item],
    stages: Sequence[Stage],
    ignored: frozenset[str],
) -> dict[tuple[str, str], RecordState]:
    """Compute states from the items about some records."""
    decisions: list[Decision] = []
    duplicates: set[str] = set()
    lost: set[str] = set()
    removed: set[str] = set()
    asked: dict[tuple[str, str], list[str]] = {}
    for item in sorted(items, key=lambda each: each.number):
        if item.kind == "vote":
            decisions.append(decision_of_item(item))
        elif item.kind == "duplicate":
            duplicates.add(item.key[0])
        elif item.kind == "removal":
            removed.add(item.key[0])
        elif item.kind == "retrieval" and (item.value or {}).get("status") == "not_retrieved":
            lost.add(item.key[0])
        elif item.kind == "assignment":
            asked.setdefault((item.key[1], item.key[0]), []).append(item.key[2])
    return resolve(
        [Record(name, "") for name in records],
        decisions,
        stages,
        duplicates=duplicates,
        not_retrieved=lost,
        removed=removed,
        asked=asked,
        ignored=ignored,
    )


def _rules(unit: Unit) -> tuple[tuple[Stage, ...], frozenset[str]]:
    """Return the stages, and the people whose votes do not count."""
    plan = plan_of(_text(unit.get("plan", (PLAN_FILE,)).value))
    members = {item.key: item.value or {} for item in unit.every("member")}
    return plan.stages or (), not_counted(plan, members)


def not_counted(plan: Plan, members: Mapping[ItemKey, Value]) -> frozenset[str]:
    """Return the ids of those whose votes do not count, by the plan or by the list of people."""
    out = {key[0] for key, value in members.items() if value.get("ignored")}
    return ignored_people(plan.people) | out


def recompute_states(unit: Unit, entries: Sequence[Entry]) -> None:
    """Compute anew where the records stand that an act was about; the hook of every store.

    A new plan, or a person whose votes no longer count, moves all records.
    """
    if any(entry.kind in _ABOUT_ALL and _moves_all(entry) for entry in entries):
        states = all_states(unit)
        for record, stage_states in _by_record(unit.record_ids(), states).items():
            unit.set_states(record, stage_states)
        return
    touched = _touched(entries)
    if not touched:
        return
    stages, ignored = _rules(unit)
    known = unit.known_records(touched)
    items = [item for name in known for item in unit.about(name)]
    states = _states(known, items, stages, ignored)
    for record, stage_states in _by_record(known, states).items():
        unit.set_states(record, stage_states)


def _touched(entries: Iterable[Entry]) -> list[str]:
    places: dict[str, None] = {}
    for entry in entries:
        if entry.kind in _ABOUT_RECORDS:
            places[entry.key[1] if entry.kind in ("vote", "assignment") else entry.key[0]] = None
    return list(places)


def _moves_all(entry: Entry) -> bool:
    """Tell whether a new plan or member changes the rules by which records stand."""
    if entry.kind == "member":
        return bool((entry.before or {}).get("ignored")) != bool((entry.after or {}).get("ignored"))
    before, after = plan_of(_text(entry.before)), plan_of(_text(entry.after))
    if before.stages != after.stages:
        return True
    return ignored_people(before.people) != ignored_people(after.people)


def _by_record(
    records: Iterable[str], states: Mapping[tuple[str, str], RecordState]
) -> dict[str, dict[str, RecordState | None]]:
    """Return for each record its state at every stage, None where it does not come that far."""
    names = ("title_abstract", "full_text")
    return {record: {name: states.get((record, name)) for name in names} for record in records}


def all_states(unit: Unit) -> dict[tuple[str, str], RecordState]:
    """Compute where every record stands."""
    stages, ignored = _rules(unit)
    items = [item for kind in _ABOUT_RECORDS for item in unit.every(kind)]
    return _states(unit.record_ids(), items, stages, ignored)


def refresh_states(store: Store) -> None:
    """Compute the states of all records anew and keep them."""
    from evisynth.storage import replace_states

    with store.locked() as unit:
        states = all_states(unit)
    replace_states(store, states)
