"""The flow diagram as the review stands now, counted from what everybody may know."""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast, get_args

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk
from evisynth.records import Record, SearchSource, SourceKind
from evisynth.review import FlowBox, FlowCounts, PrismaFlow, Removal, count_flow, flow
from evisynth.screening import RecordState, Stage
from evisynth.storage import RecordFacts, Store, record_facts
from evisynth.studies import Retrieval, RetrievalStatus, Study

__all__ = ["STATUSES", "LiveFlow", "facts_of", "live_flow", "search_sources", "stamp_of"]

SEARCH_FILE = "search.toml"
STATUSES = ("open", "conflict", "included", "excluded")


@dataclass(frozen=True, slots=True)
class LiveFlow:
    """The diagram with how many records still wait at each stage.

    Attributes
    ----------
    diagram : PrismaFlow
        By the template that fits.
    waiting : dict of str to int
        Records and reports without a result, by stage.
    counts : dict of str to dict of str to int
        By stage how many are open, in conflict, included and excluded.
    problems : tuple of str
        Numbers that contradict each other.
    numbers : FlowCounts
        What the diagram is drawn from.
    """

    diagram: PrismaFlow
    waiting: dict[str, int]
    counts: dict[str, dict[str, int]]
    problems: tuple[str, ...]
    numbers: FlowCounts

    def box(self, name: str, detail: str = "") -> tuple[FlowBox, ...]:
        """Return the boxes of a name, or their lines with some words, of all columns."""
        boxes = [box for box in self.diagram.boxes() if box.name == name]
        if not detail:
            return tuple(boxes)
        return tuple(line for box in boxes for line in box.details if line.label == detail)

    def records(self, name: str, detail: str = "") -> frozenset[str]:
        """Return the ids counted in the boxes of a name."""
        return frozenset(made for box in self.box(name, detail) for made in box.records)


_kept: dict[tuple[str, int], tuple[int, LiveFlow]] = {}
_facts_of: dict[tuple[str, int], tuple[tuple[object, ...], RecordFacts]] = {}
_guard = threading.Lock()


def stamp_of(board: Board) -> tuple[object, ...]:
    """Return what changes with the records: the files of the searches, and the last import."""
    files = (value.get("sha256") for value in board.values("file").values())
    last = board.values("setting").get(("review", "records"), {}).get("value")
    return (board.records, last, *files)


def facts_of(store: Store, board: Board) -> RecordFacts:
    """Return what lists sort and filter by; read once for each list of records."""
    place, stamp = (store.alias, store.review), stamp_of(board)
    kept = _facts_of.get(place)
    if kept is None or kept[0] != stamp:
        kept = _facts_of[place] = (stamp, record_facts(store))
    return kept[1]


@lru_cache(maxsize=256)
def _facts(text: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def search_sources(desk: Desk, board: Board | None = None) -> tuple[SearchSource, ...]:
    """Return the searches of a review, by kind and name, with the number of their records."""
    known = board or desk.board
    counts: dict[str, int] = {}
    for source in facts_of(desk.store, known).sources:
        counts[source] = counts.get(source, 0) + 1
    texts = {key[0]: str(value.get("text", "")) for key, value in known.values("text").items()}
    kinds = get_args(SourceKind)
    found = []
    for path, text in texts.items():
        parts = path.split("/")
        if len(parts) != 3 or parts[0] != "searches" or parts[2] != SEARCH_FILE:
            continue
        facts, ident = _facts(text), parts[1]
        kind = str(facts.get("kind", "database"))
        number = facts.get("found")
        removed = facts.get("removed_at_source")
        found.append(
            SearchSource(
                id=ident,
                name=str(facts.get("name", ident)),
                kind=cast("SourceKind", kind if kind in kinds else "other"),
                platform=str(facts.get("platform", "")),
                searched=facts.get("searched") is not False,
                date=str(facts.get("date", "")),
                query=texts.get(f"searches/{ident}/query.txt", "").strip(),
                found=number if isinstance(number, int) else None,
                removed_at_source=removed if isinstance(removed, int) else 0,
                records=counts.get(ident, 0),
                note=str(facts.get("note", "")),
            )
        )
    found.sort(key=lambda source: (kinds.index(source.kind), source.id))
    return tuple(found)


def _known_states(board: Board, stage: Stage) -> dict[tuple[str, str], RecordState]:
    """Return where records stand as everybody may know: what waits for decisions is open.

    The rule is that of `evisynth.screening.visible_states` for somebody without a vote.
    """
    return {
        (record, stage.name): state
        if state.waiting != "votes"
        else RecordState(record, stage.name, "open", waiting="votes")
        for record, state in board.states(stage.name).items()
    }


def live_flow(desk: Desk) -> LiveFlow:
    """Count the flow diagram as it stands: the same numbers for everybody.

    A record that lacks decisions is counted as waiting, whatever was decided on it so far.
    """
    desk.permit("read")
    board = desk.board
    place = (desk.store.alias, desk.store.review)
    with _guard:
        kept = _kept.get(place)
        if kept is not None and kept[0] == board.number:
            return kept[1]
    number = board.number
    made = _counted(desk, board)
    with _guard:
        _kept[place] = (number, made)
    return made


def _counted(desk: Desk, board: Board) -> LiveFlow:
    stages = board.plan.stages or ()
    states: dict[tuple[str, str], RecordState] = {}
    by_stage: dict[str, dict[str, int]] = {}
    for stage in stages:
        here = _known_states(board, stage)
        number = by_stage[stage.name] = dict.fromkeys(STATUSES, 0)
        for state in here.values():
            number[state.status] += 1
        states |= here
    waiting = {name: number["open"] + number["conflict"] for name, number in by_stage.items()}
    studies = []
    for key, value in board.values("study").items():
        reports = (part.strip() for part in str(value.get("record_ids", "")).split(";"))
        studies.append(Study(key[0], tuple(part for part in reports if part)))
    facts = facts_of(desk.store, board)
    counts = count_flow(
        search_sources(desk, board),
        [
            Record(ident, "", source=source)
            for ident, source in zip(facts.ids, facts.sources, strict=True)
        ],
        board.duplicates,
        stages,
        states,
        [
            Retrieval(
                key[0],
                cast("RetrievalStatus", str(value["status"])),
                str(value.get("reason", "")),
            )
            for key, value in board.values("retrieval").items()
        ],
        studies,
        0,
        removals=[
            Removal(
                key[0],
                cast(Literal["automation", "other"], str(value["kind"])),
                str(value.get("reason", "")),
            )
            for key, value in board.values("removal").items()
        ],
        previous=board.plan.previous,
    )
    return LiveFlow(flow(counts), waiting, by_stage, counts.problems, counts)
