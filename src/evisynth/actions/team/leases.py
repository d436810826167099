"""Records kept for one person for some minutes, where one decision is enough."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk
from evisynth.screening import Lease, Stage, take_lease
from evisynth.storage import VersionConflict

__all__ = ["held_by_others", "lease_records", "leased", "renew_leases"]

FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def leased(stage: Stage) -> bool:
    """Tell whether the records of a stage are given out one person each."""
    return stage.votes_needed == 1


def _leases(desk: Desk, stage: Stage) -> tuple[dict[str, Lease], dict[str, int]]:
    """Return the leases of a stage by record, and their versions."""
    leases, versions = {}, {}
    for item in desk.store.list("lease", (stage.name,)).items:
        value = item.value or {}
        until = datetime.strptime(str(value["until"]), FORMAT).replace(tzinfo=UTC)
        record = item.key[1]
        leases[record] = Lease(record, stage.name, str(value["person"]), until)
        versions[record] = item.version
    return leases, versions


def held_by_others(desk: Desk, stage: Stage, *, now: datetime | None = None) -> frozenset[str]:
    """Return the records that somebody else has before them now."""
    if not leased(stage):
        return frozenset()
    moment = now or datetime.now(tz=UTC)
    leases, _ = _leases(desk, stage)
    return frozenset(
        record
        for record, lease in leases.items()
        if lease.person != desk.person.id and lease.until > moment
    )


def lease_records(
    desk: Desk,
    stage: Stage,
    board: Board,
    wanted: Sequence[str],
    limit: int,
    *,
    now: datetime | None = None,
) -> tuple[str, ...]:
    """Take the first records that are free, and return them.

    Parameters
    ----------
    desk, stage, board
        Who, where.
    wanted
        Records in the order of this person's queue.
    limit
        How many at most.
    now
        The moment; the clock's if None.
    """
    moment = now or datetime.now(tz=UTC)
    for _ in range(5):
        leases, versions = _leases(desk, stage)
        made = (
            take_lease(
                desk.person.id, stage, record, board.votes(stage.name, record),
                [leases[record]] if record in leases else [], moment,
            )
            for record in wanted
        )  # fmt: skip
        mine = list(islice((lease for lease in made if lease is not None), limit))
        if not mine:
            return ()
        try:
            desk.store.put_many(
                [
                    (
                        "lease",
                        (stage.name, lease.record),
                        {"person": lease.person, "until": lease.until.strftime(FORMAT)},
                        versions.get(lease.record, 0),
                    )
                    for lease in mine
                ],
                actor=desk.person.id,
                act="hold",
            )
        except VersionConflict:
            continue  # somebody was faster on one of them: look again
        return tuple(lease.record for lease in mine)
    return ()


def renew_leases(desk: Desk, stage: str, records: Sequence[str]) -> tuple[str, ...]:
    """Keep records for the person that are still on the screen; return those that are."""
    rules = desk.stage(stage)
    desk.permit("decide", rules)
    if not leased(rules):
        return tuple(records)
    board = desk.board
    known = [record for record in records if board.state(rules.name, record) is not None]
    return lease_records(desk, rules, board, known, len(known))
