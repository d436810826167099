"""The history as a person may see it: filtered, with what was before and after each act.

Whoever may read the history (owner, lead, auditor) sees the acts of others as far as nothing can
follow from it: a decision when its record is settled, notes and tags when every stage of the record
is, values and judgements when all have finished. What is not to be seen is not there: no line, no
count, no page. Everybody else sees the own acts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evisynth.actions.audit import verify_store
from evisynth.actions.team.assessment import assessors_needed
from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, RefusedError
from evisynth.actions.team.finishing import Piece, finished_people, may_look
from evisynth.actions.team.forms import forms_of
from evisynth.actions.team.jobs import Job, Teller, jobs_of, start_job
from evisynth.actions.team.seeing import unblindings
from evisynth.errors import OptionError
from evisynth.review import KINDS, Entry, ItemKey, may, viewer_of
from evisynth.screening import Stage, sees
from evisynth.storage import TrailFilter, TrailLine, entries_at, has_hash, trail_lines

__all__ = [
    "FieldChange", "HistoryLine", "HistoryPage", "Visibility", "history_of", "last_verification",
    "verify_in_background",
]  # fmt: skip

SIZE, MOST = 50, 200
SHARED = frozenset({"abstract", "duplicate", "removal", "retrieval", "attachment"})
"""Kinds about a record that say nothing of anybody's decision."""

OF_ALL = frozenset({"assignment", "member"})
"""Kinds that name a person and are no secret of theirs."""

VERIFY = "verify"
AT_ONCE = 5000
"""Entries up to which a verification is waited for."""


class Visibility:
    """Which items a person may see now; for the history and for exports.

    Parameters
    ----------
    desk
        Whose.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk, self.board = desk, desk.board
        self.me = desk.person.id
        self.viewer = viewer_of(desk.person)
        self._events = unblindings(self.board)
        self._stages = {stage.name: stage for stage in self.board.plan.stages or ()}
        self._settled: dict[tuple[str, str], bool] = {}
        self._pieces: dict[tuple[str, str, str, str], frozenset[str]] = {}
        self._forms: dict[str, int] | None = None
        self._own: frozenset[tuple[str, str, str, str]] | None = None

    def shows(self, kind: str, key: ItemKey) -> bool:
        """Tell whether this person may see an item, and what was done to it."""
        known = KINDS.get(kind)
        if known is None:
            return False
        if kind == "setting":
            return key[0] in ("review", self.me)
        person = known.key_part(key, "person")
        if not person or kind in OF_ALL or person == self.me:
            return True
        if kind == "vote":
            return self.settled(key[0], key[1])
        if kind in ("note", "tag"):
            return self._record(key[0])
        if kind == "extraction_value":
            return self._piece("extraction", key[0], key[1], "", person)
        if kind in ("assessment_answer", "assessment_judgement"):
            return self._piece("assessment", key[0], key[1], key[2], person)
        if kind == "finished":
            return self._piece(key[0], key[1], key[2], key[3], person)
        return False  # a kind that this rule does not know of is nobody else's

    def settled(self, name: str, record: str) -> bool:
        """Tell whether others' decisions on a record at a stage lie open, with their names."""
        place = (name, record)
        if place not in self._settled:
            stage = self._stages.get(name)  # type: ignore[call-overload]
            self._settled[place] = stage is not None and self._is_settled(stage, record)
        return self._settled[place]

    def _is_settled(self, stage: Stage, record: str) -> bool:
        board = self.board
        if not sees(
            self.viewer, stage, board.votes(stage.name, record), record=record,
            asked=board.asked(stage.name, record), ignored=board.ignored, unblinded=self._events,
        ):  # fmt: skip
            return False
        opened = not stage.blind or any(
            made.stage == stage.name and (not made.records or record in made.records)
            for made in self._events
        )
        state = board.state(stage.name, record)
        # whose vote is whose must not be known to somebody who may have to settle the conflict
        return opened or state is None or not state.waiting

    def _record(self, record: str) -> bool:
        """Tell whether every stage that a record has come to lies open."""
        come = [name for name in self._stages if self.board.state(name, record) is not None]
        return bool(come) and all(self.settled(name, record) for name in come)

    def _piece(self, work: str, form: str, study: str, outcome: str, person: str) -> bool:
        """Tell whether what a person did on a piece of work lies open: once they finished it."""
        place = (work, form, study, outcome)
        if place not in self._pieces:
            self._pieces[place] = self._open_to(*place)
        return person in self._pieces[place]

    def _open_to(self, work: str, form: str, study: str, outcome: str) -> frozenset[str]:
        """Return whose part of a piece of work lies open."""
        nobody: frozenset[str] = frozenset()
        if self.viewer.sight == "results" and not may(self.desk.person, "agree on extraction"):
            return nobody
        if work == "assessment":
            piece = Piece("assessment", form, study, outcome, assessors_needed(self.board))
        else:
            if self._forms is None:
                self._forms = {made.id: made.people for made in forms_of(self.board)}
            if form not in self._forms:
                return nobody
            piece = Piece("extraction", form, study, "", self._forms[form])
        own = (work, form, study, outcome) in self._own_work()
        if not may_look(self.desk, self.board, piece, own=own):
            return nobody
        return finished_people(self.board, piece)

    def _own_work(self) -> frozenset[tuple[str, str, str, str]]:
        if self._own is None:
            board: Board = self.board
            mine = {("extraction", key[0], key[1], "")
                    for key in board.values("extraction_value") if key[4] == self.me}  # fmt: skip
            mine |= {("assessment", key[0], key[1], key[2])
                     for key in board.values("assessment_answer") if key[3] == self.me}  # fmt: skip
            self._own = frozenset(mine)
        return self._own


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of an item before and after; None where there was, or is, none."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """An entry as a person may see it.

    Attributes
    ----------
    entry : Entry
        The entry.
    who : str
        Name of who did it.
    own : bool
        Whether it is whoever looks.
    changes : tuple of FieldChange
        The fields that differ.
    """

    entry: Entry
    who: str
    own: bool
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A part of the history, the newest first.

    Attributes
    ----------
    lines : tuple of HistoryLine
        At most as many as were asked for.
    older : int
        What to give as ``before`` to go on; 0 where it ends.
    whole : bool
        Whether it is the history of all; else only of the own acts.
    """

    lines: tuple[HistoryLine, ...]
    older: int
    whole: bool


def _checked(wanted: TrailFilter) -> TrailFilter:
    if wanted.kind and wanted.kind not in KINDS:
        raise OptionError("kind", wanted.kind, KINDS)
    for name in ("since", "until"):
        day = getattr(wanted, name)
        if day and (len(day) != 10 or day[4] + day[7] != "--"):
            raise RefusedError(f"{day!r} is no day; write it as 2026-03-31")
    return wanted


def _seen(desk: Desk, wanted: TrailFilter, whole: bool, before: int) -> Iterator[TrailLine]:
    """Yield the lines that a person may see."""
    me, sight = desk.person.id, Visibility(desk)
    if whole:
        yield from (
            line
            for line in trail_lines(desk.store, wanted, before=before)
            if sight.shows(line.kind, line.key)
        )
        return
    if wanted.actor not in ("", me):
        return
    for line in trail_lines(desk.store, wanted):
        if line.actor == me:
            # an own act may have moved what others did, as with a study that gets another id
            if sight.shows(line.kind, line.key):
                yield line
        elif wanted.subject and line.kind in SHARED:
            yield line


def history_of(
    desk: Desk, wanted: TrailFilter | None = None, *, before: int = 0, size: int = SIZE
) -> HistoryPage:
    """Return a part of the history as a person may see it, the newest first.

    Parameters
    ----------
    desk
        Who looks: the history of all with the right to read it, else the own acts.
    wanted
        Which entries.
    before
        Where to go on, as the page before says.
    size
        Lines, up to 200.
    """
    desk.permit("read")
    chosen = _checked(wanted or TrailFilter())
    size = min(max(size, 1), MOST)
    whole = may(desk.person, "history")
    skip = 0 if whole else max(before, 0)
    found: list[TrailLine] = []
    for place, line in enumerate(_seen(desk, chosen, whole, before if whole else 0)):
        if place < skip:
            continue
        found.append(line)
        if len(found) > size:
            break
    older = 0
    if len(found) > size:
        found.pop()
        # the number of an entry tells how much others did; without the right it is a mere place
        older = found[-1].number if whole else skip + size
    names = {made.id: made.name for made in desk.board.plan.people}
    lines = tuple(
        HistoryLine(
            entry, names.get(entry.actor, entry.actor), entry.actor == desk.person.id,
            _changes(entry),
        )
        for entry in entries_at(desk.store, [line.number for line in found])
    )  # fmt: skip
    return HistoryPage(lines, older, whole)


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _changes(entry: Entry) -> tuple[FieldChange, ...]:
    before, after = entry.before or {}, entry.after or {}
    return tuple(
        FieldChange(name, _text(before.get(name)), _text(after.get(name)))
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    )


# whether it is whole


def verify_in_background(desk: Desk, *, head: str = "", request_id: str = "") -> Job:
    """Verify the history: every entry, and that items, states and files are what it gives.

    Parameters
    ----------
    desk
        Somebody who may read the history.
    head
        A hash that was noted earlier; some entry must have it.
    request_id
        The same request again gives the same work.
    """
    desk.permit("history")
    noted = head.strip().casefold()
    if noted and (len(noted) != 64 or set(noted) - set("0123456789abcdef")):
        raise RefusedError("a hash is 64 letters of 0-9 and a-f; copy it whole")
    store = desk.store

    def work(_: Path, tell: Teller) -> tuple[tuple[str, ...], dict[str, Any]]:
        tell("Verifying", 0, 1)
        problems = [str(each) for each in verify_store(store, desk.folder)]
        if noted and not has_hash(store, noted):
            problems.append(
                f"no entry has the hash {noted[:12]}..., which was noted earlier: the history was"
                " rewritten, or it is that of another review"
            )
        end = store.head()
        return (), {
            "entries": end.number, "head": end.hash, "noted": noted, "problems": problems,
        }  # fmt: skip

    few = store.head().number <= AT_ONCE
    return start_job(desk, VERIFY, work, request_id=request_id, wait=few)


def last_verification(desk: Desk) -> Job | None:
    """Return how the last verification stands; None where there was none."""
    desk.permit("history")
    return next(iter(jobs_of(desk, VERIFY)), None)
