"""The ranking of a person's queue: learned in the background from what this person may know."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk
from evisynth.errors import DataError
from evisynth.review import viewer_of
from evisynth.screening import RecordState, Stage, StageName, training_votes

if TYPE_CHECKING:
    from evisynth.prioritization import Corpus, Label, Prioritizer, Ranking
    from evisynth.storage import Store

__all__ = ["agreed_ranking", "last_ranking", "ranking_for", "ranking_labels", "wait_for_rankings"]

ANEW = 10
"""After so many further labels a ranking is learned anew (sooner while there are few)."""

Place = tuple[str, int, StageName, str]


@dataclass(slots=True)
class _Kept:
    """The last ranking of a person, and the labels it was learned from."""

    ranking: Ranking | None = None
    labels: Mapping[str, Label] = field(default_factory=dict)
    records: tuple[str, ...] = ()
    busy: bool = False


_kept: dict[Place, _Kept] = {}
_corpora: dict[tuple[str, int, str], tuple[tuple[str, ...], str, Corpus]] = {}
_guard = threading.Lock()
_one = threading.Semaphore(1)


def ranking_labels(desk: Desk, stage: Stage, board: Board) -> dict[str, Label]:
    """Return what the ranking of a person learns from: own votes, and results that are settled.

    Where the plan says ``training = "all"`` everybody's votes are in it.
    """
    from evisynth.prioritization import training_labels

    states: dict[tuple[str, str], RecordState] = {
        (record, stage.name): state for record, state in board.states(stage.name).items()
    }
    own, agreed = training_votes(board.decisions(stage.name), viewer_of(desk.person), stage, states)
    here = {
        record: label
        for record, label in training_labels(own, agreed, reviewer=desk.person.id).items()
        if (record, stage.name) in states
    }
    return here


def ranking_for(desk: Desk, stage: Stage, board: Board) -> tuple[str, ...]:
    """Return the order of a person's queue as it was learned last; empty while there is none.

    Nobody waits for it: where there is something new to learn from, that is done in the background
    and shows in a later call. The same labels always give the same order.
    """
    if stage.order != "ranked":
        return ()
    place = (desk.store.alias, desk.store.review, stage.name, desk.person.id)
    labels = ranking_labels(desk, stage, board)
    with _guard:
        kept = _kept.setdefault(place, _Kept())
        if not kept.busy and _stale(kept, labels, board.records):
            kept.busy = True
            threading.Thread(
                target=_learn, args=(kept, desk.store, board, stage, labels), daemon=True
            ).start()
        return kept.ranking.records if kept.ranking is not None else ()


def _stale(kept: _Kept, labels: Mapping[str, Label], records: tuple[str, ...]) -> bool:
    if kept.records != records:
        return True
    changed = sum(kept.labels.get(record) != label for record, label in labels.items())
    changed += len(kept.labels.keys() - labels.keys())
    return changed >= min(ANEW, max(1, len(kept.labels) // 10))


def _learn(
    kept: _Kept,
    store: Store,
    board: Board,
    stage: Stage,
    labels: Mapping[str, Label],
) -> None:
    """Learn one ranking; one at a time in this process."""
    from evisynth.prioritization import Prioritizer

    records = board.records
    ranking = None
    try:
        with _one:
            model = Prioritizer(seed=stage.seed)
            corpus = _corpus(store, board, records, model)
            known = {record: label for record, label in labels.items() if record in corpus.place}
            ranking = model.rank(corpus, known)
    except DataError:
        pass  # nothing to learn from, as records without a word; everybody reads in the own order
    finally:
        with _guard:
            if ranking is not None:
                kept.ranking = ranking
            kept.labels, kept.records, kept.busy = labels, records, False
        store.close()


def _corpus(store: Store, board: Board, records: tuple[str, ...], model: Prioritizer) -> Corpus:
    """Return the records made ready, once for all people of a review."""
    from evisynth.records import Record
    from evisynth.storage import list_records

    plan = board.plan
    question = plan.question.text if plan.question else ""
    asked = "\x1f".join((question, *plan.include))
    place = (store.alias, store.review, "")
    there = _corpora.get(place)
    if there is not None and there[:2] == (records, asked):
        return there[2]
    lines = list_records(store, size=max(len(records), 1)).lines
    made = model.prepare(
        [
            Record(
                line.id,
                line.title,
                abstract=line.abstract,
                keywords=tuple(word for word in line.keywords.split("; ") if word),
            )
            for line in lines
        ],
        question=question,
        criteria=plan.include,
    )
    _corpora[place] = (records, asked, made)
    return made


def last_ranking(desk: Desk, stage: Stage) -> Ranking | None:
    """Return the ranking of this person as it stands."""
    with _guard:
        kept = _kept.get((desk.store.alias, desk.store.review, stage.name, desk.person.id))
        return kept.ranking if kept else None


def agreed_ranking(desk: Desk, stage: Stage) -> Ranking | None:
    """Return the ranking that the settled results give at this moment, which tells nobody's votes.

    None where nothing can be learned, as from records without a word.
    """
    from evisynth.prioritization import Prioritizer

    board = desk.board
    model = Prioritizer(seed=stage.seed)
    settled = {
        record: state.status == "included"
        for record, state in board.states(stage.name).items()
        if state.status in ("included", "excluded")
    }
    try:
        with _one:
            corpus = _corpus(desk.store, board, board.records, model)
            known = {record: label for record, label in settled.items() if record in corpus.place}
            return model.rank(corpus, known)
    except DataError:
        return None  # nothing to learn from; nobody had a ranked queue either


def wait_for_rankings(seconds: float = 60.0) -> bool:
    """Wait until nothing is being learned; False if that takes longer."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with _guard:
            if not any(kept.busy for kept in _kept.values()):
                return True
        time.sleep(0.02)
    return False
