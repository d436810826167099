"""Rules of the stages, criteria, words to mark: edited as forms, what follows said before."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, RefusedError
from evisynth.actions.team.plan import Path, PlanPart, change_plan, plan_data, planned
from evisynth.errors import OptionError
from evisynth.review import reviewers_of
from evisynth.screening import Stage, complete, settle, voters

__all__ = [
    "CRITERIA", "Follows", "change_criteria", "change_stage", "criteria_fields", "follows_from",
    "stage_fields", "stage_part",
]  # fmt: skip

LISTS = {
    "include": ("criteria", "include"),
    "exclude": ("criteria", "exclude"),
    "mark_include": ("highlight", "include"),
    "mark_exclude": ("highlight", "exclude"),
}
"""Lists of words, with where they stand in the plan."""

DEFAULTS: dict[str, object] = {
    "votes_needed": 2, "maybe": "discuss", "conflicts": "adjudicator",
    "adjudicator_may_vote": False, "pilot": 0, "kappa_min": None, "order": "own",
    "training": "own_and_agreed", "stop_recall": 0.95, "stop_confidence": 0.95,
    "reviewers": (), "adjudicators": (), "reasons": {},
}  # fmt: skip
"""Fields of a stage with what holds where the plan says nothing."""

NUMBERS = {"votes_needed": (1, 10), "pilot": (0, 10_000)}
SHARES = {
    "kappa_min": (-1.0, 1.0), "stop_recall": (0.5, 0.999), "stop_confidence": (0.5, 0.999),
}  # fmt: skip
WORDS = {
    "maybe": ("discuss", "include"), "conflicts": ("adjudicator", "discussion"),
    "order": ("own", "ranked"), "training": ("own_and_agreed", "all"),
}  # fmt: skip
MOST, LONGEST = 200, 1000
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")


# criteria and words


def _lines(value: object, name: str) -> tuple[str, ...]:
    given = value if isinstance(value, (list, tuple)) else str(value).splitlines()
    found = tuple(dict.fromkeys(re.sub(r"\s+", " ", str(line)).strip() for line in given))
    lines = tuple(line for line in found if line)
    if len(lines) > MOST or any(len(line) > LONGEST for line in lines):
        raise RefusedError(
            f"{name}: give up to {MOST} lines of up to {LONGEST} letters; this is more"
        )
    return lines


def _read_lists(data: Mapping[str, Any]) -> dict[str, object]:
    return {
        name: tuple(data.get(section, {}).get(key, ())) for name, (section, key) in LISTS.items()
    }


def _write_list(_: Mapping[str, Any], name: str, value: object) -> list[tuple[Path, object]]:
    lines = list(value) if isinstance(value, tuple) else []
    # the criteria stay as empty lists, so that the plan shows where they go
    return [(LISTS[name], lines if lines or LISTS[name][0] == "criteria" else None)]


CRITERIA = PlanPart(_read_lists, _write_list)
"""Criteria of inclusion and exclusion, and the words that are marked while screening."""


def criteria_fields(desk: Desk) -> dict[str, object]:
    """Return the criteria and the words to mark as a form shows them."""
    desk.permit("read")
    return CRITERIA.read(plan_data(desk))


def change_criteria(
    desk: Desk, values: Mapping[str, object], *, version: int, request_id: str = ""
) -> bool:
    """Change criteria or words to mark; return whether anything was written.

    Parameters
    ----------
    desk
        An owner or a lead.
    values
        ``include``, ``exclude``, ``mark_include``, ``mark_exclude``: lists, or text with a line
        each; what is not named stays.
    version, request_id
        As for `evisynth.actions.team.change_plan`.
    """
    desk.permit("plan change")
    for name in values:
        if name not in LISTS:
            raise OptionError("field of the criteria", name, LISTS)
    wanted = {name: _lines(value, name) for name, value in values.items()}
    return change_plan(
        desk, CRITERIA, wanted, version=version, act="change the criteria", request_id=request_id
    )


# stages


def stage_part(name: str) -> PlanPart:
    """Return the rules of a stage as a part of the plan."""

    def read(data: Mapping[str, Any]) -> dict[str, object]:
        there = data.get("stages", {}).get(name, {})
        values = {}
        for field, default in DEFAULTS.items():
            value = there.get(field, default)
            values[field] = tuple(value) if isinstance(value, list) else value
        return values

    def write(data: Mapping[str, Any], field: str, value: object) -> list[tuple[Path, object]]:
        place: Path = ("stages", name, field)
        if field != "reasons":
            plain = list(value) if isinstance(value, tuple) else value
            there = data.get("stages", {}).get(name, {})
            # what is as if it were not there is not written where it was not written
            return [(place, None if plain in ([], None) or
                     (value == DEFAULTS[field] and field not in there) else plain)]  # fmt: skip
        old = data.get("stages", {}).get(name, {}).get("reasons", {})
        new = dict(value) if isinstance(value, Mapping) else {}
        kept = [code for code in old if code in new]
        if [code for code in new if code in old] != kept or list(new)[: len(kept)] != kept:
            return [(place, None), (place, new)]  # in another order: as a whole
        changes: list[tuple[Path, object]] = [
            ((*place, code), None) for code in old if code not in new
        ]
        return changes + [
            ((*place, code), words) for code, words in new.items() if old.get(code) != words
        ]

    return PlanPart(read, write)


def stage_fields(desk: Desk, stage: str) -> dict[str, object]:
    """Return the rules of a stage as a form shows them."""
    desk.permit("read")
    return stage_part(desk.stage(stage).name).read(plan_data(desk))


def _clean(desk: Desk, stage: Stage, values: Mapping[str, object]) -> dict[str, object]:
    """Check the fields of a form; refuse what is none."""
    made: dict[str, object] = {}
    for name, value in values.items():
        if name in NUMBERS:
            made[name] = _number(name, value)
        elif name in SHARES:
            made[name] = _share(name, value)
        elif name in WORDS:
            if value not in WORDS[name]:
                raise OptionError(name, value, WORDS[name])
            made[name] = value
        elif name == "adjudicator_may_vote":
            made[name] = bool(value)
        elif name in ("reviewers", "adjudicators"):
            people = _lines(value, name)
            known = {made.id for made in desk.board.plan.people}
            for who in people:
                if who not in known:
                    raise OptionError("person", who, sorted(known))
            made[name] = people
        elif name == "reasons" and isinstance(value, Mapping):
            made[name] = _reasons(value)
        else:
            raise OptionError("field of a stage", name, DEFAULTS)
    if stage.name == "full_text" and made.get("maybe") == "include":
        raise RefusedError(
            "at full text a maybe has to be settled; it cannot count as an inclusion"
        )
    return made


def _number(name: str, value: object) -> int:
    low, high = NUMBERS[name]
    text = str(value).strip()
    if not text.isdecimal() or len(text) > 6 or not low <= int(text) <= high:
        raise RefusedError(f"{name} is {text!r}; give a whole number from {low} to {high}")
    return int(text)


def _share(name: str, value: object) -> float | None:
    low, high = SHARES[name]
    text = str("" if value is None else value).strip().replace(",", ".")
    if not text and name == "kappa_min":
        return None
    try:
        found = float(text)
    except ValueError:
        found = float("nan")
    if not low <= found <= high:
        raise RefusedError(f"{name} is {text!r}; give a number from {low:g} to {high:g}")
    return found


def _reasons(value: Mapping[str, object]) -> dict[str, str]:
    made = {}
    for code, words in value.items():
        text = re.sub(r"\s+", " ", str(words)).strip()
        if not _CODE.fullmatch(str(code)):
            raise RefusedError(
                f"{code!r} is no code of a reason; use letters, digits, dots, hyphens and"
                " underscores"
            )
        if not text or len(text) > LONGEST:
            raise RefusedError(f"the reason {code!r} needs words, of up to {LONGEST} letters")
        made[str(code)] = text
    if len(made) > MOST:
        raise RefusedError(f"{len(made)} reasons are too many; give up to {MOST}")
    words_of = list(made.values())
    if len(set(map(str.casefold, words_of))) < len(words_of):
        raise RefusedError("two reasons have the same words; nobody could tell them apart")
    return made


@dataclass(frozen=True, slots=True)
class Follows:
    """What follows from new rules of a stage.

    Attributes
    ----------
    moved : tuple of (before, after, int)
        Records with all their decisions that would stand elsewhere.
    completed : int
        Records that would have all their decisions with those made so far; these would be opened.
    words : tuple of str
        What else a person should know.
    refused : tuple of str
        Why the rules refuse the change.
    """

    moved: tuple[tuple[str, str, int], ...] = ()
    completed: int = 0
    words: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether nothing follows that would have to be confirmed."""
        return not (self.moved or self.completed or self.words or self.refused)


def follows_from(desk: Desk, stage: str, values: Mapping[str, object], *, version: int) -> Follows:
    """Say what would follow from new rules of a stage, without writing them.

    Of records that still lack decisions nothing is said but how many would lack none any more.

    Parameters
    ----------
    desk, stage, values, version
        As for `change_stage`.
    """
    desk.permit("plan change")
    rules = desk.stage(stage)
    wanted = _clean(desk, rules, values)
    plan = planned(desk, stage_part(rules.name), wanted, version)
    new = next((made for made in plan.stages or () if made.name == rules.name), rules)
    board = desk.board
    moved, completed = _moved(board, rules, new)
    return Follows(
        tuple((*pair, number) for pair, number in sorted(moved.items())),
        completed,
        _words(board, rules, new),
        _refused(board, rules, new),
    )


def _moved(board: Board, old: Stage, new: Stage) -> tuple[Counter[tuple[str, str]], int]:
    moved: Counter[tuple[str, str]] = Counter()
    completed = 0
    for record, state in board.states(old.name).items():
        votes = board.votes(old.name, record)
        if not votes:
            continue
        asked = board.asked(old.name, record)
        if state.waiting == "votes":
            # what it would come to is nobody's to know before
            completed += complete(new, votes, asked=asked, ignored=board.ignored)
            continue
        then = settle(new, votes, record=record, asked=asked, ignored=board.ignored)
        if then.status != state.status:
            moved[state.status, then.status] += 1
    return moved, completed


def _words(board: Board, old: Stage, new: Stage) -> tuple[str, ...]:
    found = []
    people = board.plan.people
    deciders = reviewers_of(people, new)
    if len(deciders) < new.votes_needed and (len(reviewers_of(people, old)) >= old.votes_needed):
        found.append(
            f"{len(deciders)} of the team may decide here, and a record needs {new.votes_needed}"
        )
    for who in reviewers_of(people, old):
        if who in deciders:
            continue
        asked = sum(
            (name, person) == (new.name, who)
            and board.state(new.name, record) is not None
            and who not in voters(board.votes(new.name, record))
            for name, record, person in board.values("assignment")
        )
        if asked:
            found.append(f"{asked} records wait for {who} by name, who could not decide any more")
    if new.training == "all" and old.training != "all":
        found.append(
            "the ranking would learn from everybody's decisions; its order may betray them, and"
            " the methods say so"
        )
    if old.pilot and not new.pilot and _open_round(board, old):
        found.append("the pilot round would no longer hold the stage closed")
    return tuple(found)


def _open_round(board: Board, stage: Stage) -> bool:
    rounds = [value for key, value in board.values("pilot").items() if key[0] == stage.name]
    return not any(value.get("status") == "passed" for value in rounds)


def _refused(board: Board, old: Stage, new: Stage) -> tuple[str, ...]:
    """Refuse to take a reason away that decisions give, or may give."""
    gone = [code for code in old.reasons if code not in new.reasons]
    if not gone:
        return ()
    used: Counter[str] = Counter()
    unknown = False
    states = board.states(old.name)
    for made in board.decisions(old.name):
        state = states.get(made.record)
        if state is None or state.waiting == "votes":
            unknown = True  # also of a record that left the stage, and may come back
        elif made.reason in gone:
            used[made.reason] += 1
    found = [
        f"the reason {code!r} is given by {number} decisions; change its words instead"
        for code, number in sorted(used.items())
    ]
    if unknown and not found:
        found.append(
            "records that still lack decisions may have been excluded for a reason that would be"
            " gone; change its words instead, or take it away when they are settled"
        )
    return tuple(found)


def change_stage(
    desk: Desk,
    stage: str,
    values: Mapping[str, object],
    *,
    version: int,
    confirmed: bool = False,
    request_id: str = "",
) -> Follows:
    """Change the rules of a stage; return what follows where that is to be confirmed first.

    Parameters
    ----------
    desk, stage
        An owner or a lead, and the stage.
    values
        Fields of the stage, as in ``[stages.<name>]``; what is not named stays. Whether decisions
        are blind is no field: that is opened by `evisynth.actions.team.unblind`.
    version
        Of the plan that was seen.
    confirmed
        That what follows is meant.
    request_id
        A request that comes twice changes nothing.

    Returns
    -------
    Follows
        ``nothing`` where the change was written.

    Raises
    ------
    RefusedError
        A reason that decisions give, or may give, would be gone.
    VersionConflict
        Somebody changed the same fields meanwhile.
    """
    desk.permit("plan change")
    rules = desk.stage(stage)
    if request_id and any(made.request == request_id for made in desk.store.history("plan")):
        return Follows()
    follows = follows_from(desk, stage, values, version=version)
    if follows.refused:
        raise RefusedError("; ".join(follows.refused))
    if not follows.nothing and not confirmed:
        return follows
    change_plan(
        desk, stage_part(rules.name), _clean(desk, rules, values), version=version,
        act=f"change the rules of {rules.name}", request_id=request_id,
    )  # fmt: skip
    return Follows()
