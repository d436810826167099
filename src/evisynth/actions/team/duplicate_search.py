"""Comparing all records of a running review, in the background where there are many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from evisynth.actions.dedupe import PAIRS, PairDecision, PairVerdict, compare_records, pairs_table
from evisynth.actions.dedupe_files import DUPLICATES, PERSON
from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, RefusedError
from evisynth.actions.team.duplicates import KINDS, groups_of, pair_key, settled
from evisynth.actions.team.jobs import Job, Teller, job_at, jobs_of, start_job, stop_job
from evisynth.errors import InputError
from evisynth.review import ItemKey
from evisynth.storage import VersionConflict

if TYPE_CHECKING:
    from evisynth.actions.dedupe import DoubtfulPair

__all__ = ["duplicate_job", "duplicate_jobs", "find_duplicates", "stop_duplicates"]

JOB = "duplicates"
TEXT_MOST = 900_000
"""Bytes that the table of pairs may have; a longer one is no text of the review any more."""

AT_ONCE = 2000
"""Records up to which they are compared while the person waits."""

TRIES = 3

Put = tuple[str, tuple[str, ...], dict[str, object] | None, int]


def duplicate_jobs(desk: Desk) -> tuple[Job, ...]:
    """Return the comparisons that were made, the newest first."""
    desk.permit("deduplicate")
    return jobs_of(desk, JOB)


def duplicate_job(desk: Desk, ident: str) -> Job:
    """Return how far a comparison is."""
    desk.permit("deduplicate")
    return job_at(desk, JOB, ident)


def stop_duplicates(desk: Desk, ident: str) -> None:
    """Stop a comparison; nothing is changed then."""
    desk.permit("deduplicate")
    stop_job(desk, JOB, ident)


def find_duplicates(desk: Desk, *, request_id: str = "") -> Job:
    """Compare all records of the review, in the background where there are many.

    What people decided stands. Of two records that have all their decisions in screening neither is
    set aside by a rule: they become a pair for a person.
    """
    desk.permit("deduplicate")
    if not desk.board.records:
        raise RefusedError("there are no records yet; import the exports of the searches first")

    def work(_place: Path, tell: Teller) -> tuple[tuple[str, ...], dict[str, Any]]:
        return _compare(desk, tell)

    few = len(desk.board.records) <= AT_ONCE
    return start_job(desk, JOB, work, request_id=request_id, wait=few)


def _compare(desk: Desk, tell: Teller) -> tuple[tuple[str, ...], dict[str, Any]]:
    from evisynth.review import read_searches

    tell("Reading the records", 0, 4)
    problems: list[Any] = []
    warnings: list[str] = []
    _, records = read_searches(desk.folder, problems, warnings)
    if problems:
        raise InputError(problems)
    for left in reversed(range(TRIES)):
        board = desk.board
        past = _past(board)
        before = len(board.duplicates)
        tell("Comparing", 1, 4)
        made = compare_records(
            records, past, frozenset(groups_of(board.duplicates)),
            frozenset(record.id for record in records if settled(board, record.id)),
        )  # fmt: skip
        tell("Saving", 3, 4)
        texts = made.texts()
        shown, cut = _fitting(made.pairs)
        del texts[DUPLICATES]
        wanted = {
            copy.record: {
                "duplicate_of": copy.stays, "reason": copy.merge.sentence,
                "made_by": PERSON if copy.merge.reason.name == "PERSON" else "rules",
            }
            for copy in made.copies
        }  # fmt: skip
        puts = _changes(board, wanted, {**texts, PAIRS: shown})
        try:
            if puts:
                desk.store.put_many(puts, actor=desk.person.id, act="find duplicates")
            break
        except VersionConflict:
            if not left:
                raise
    said = [*made.warnings]
    if cut:
        said.append(f"{cut} less likely pairs are not listed; decide on these and compare again")
    result = {
        "records": made.result.record_count, "copies": len(wanted), "before": before,
        "groups": len(made.result.groups), "pairs": len(made.pairs) - cut,
    }  # fmt: skip
    return tuple(said), result


def _past(board: Board) -> list[PairDecision]:
    """Return what people decided; rows that somebody wrote by hand count as decisions."""
    past = [
        PairDecision(
            key[0], key[1], cast("PairVerdict", str(value["decision"])), str(value.get("by", "")),
            str(value.get("date", "")), str(value.get("note", "")),
        )
        for key, value in board.values("duplicate_decision").items()
    ]  # fmt: skip
    decided = {(made.first, made.second) for made in past}
    for (record,), value in board.values("duplicate").items():
        pair = pair_key(record, str(value["duplicate_of"]))
        if not value.get("made_by") and pair not in decided:
            past.append(PairDecision(*pair, "report"))
    return past


def _fitting(pairs: Sequence[DoubtfulPair]) -> tuple[str, int]:
    """Return the table of pairs, the least likely left out until it is a text of the review."""
    left = len(pairs)
    ranked = sorted(pairs, key=lambda pair: (KINDS.index(pair.kind), -pair.score))
    shown = list(pairs)
    text = pairs_table(shown)
    while (size := len(text.encode())) > TEXT_MOST:
        left = min(left - 1, int(left * TEXT_MOST / size))
        keep = {(pair.first, pair.second, pair.kind) for pair in ranked[:left]}
        shown = [pair for pair in pairs if (pair.first, pair.second, pair.kind) in keep]
        text = pairs_table(shown)
    return text, len(pairs) - left


def _changes(
    board: Board, wanted: Mapping[str, Mapping[str, object]], texts: Mapping[str, str]
) -> list[Put]:
    """Return what makes the duplicates and tables of the review those wanted."""
    puts: list[Put] = []
    there = {key[0]: dict(value) for key, value in board.values("duplicate").items()}
    for name in sorted({*there, *wanted}):
        new = dict(wanted[name]) if name in wanted else None
        if there.get(name) != new:
            puts.append(("duplicate", (name,), new, board.version("duplicate", (name,))))
    for path, text in texts.items():
        key: ItemKey = (path,)
        if str(board.values("text").get(key, {}).get("text", "")) != text:
            puts.append(("text", key, {"text": text}, board.version("text", key)))
        if key in board.values("file"):
            puts.append(("file", key, None, board.version("file", key)))
    return puts
