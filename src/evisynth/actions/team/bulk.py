"""What a person does to many records at once: own decisions, confirmed by number, and own tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evisynth.actions.team.abstracts import line_of
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError, today
from evisynth.actions.team.pilot import pilot_gate
from evisynth.actions.team.records import RecordFilter, chosen_ids
from evisynth.actions.team.seeing import own_vote
from evisynth.actions.team.voting import TAG_LENGTH, check_verdict
from evisynth.screening import may_vote, role_of_vote
from evisynth.storage import RequestReusedError

__all__ = [
    "BulkPlan",
    "bulk_decide",
    "bulk_tag",
    "chosen_records",
    "plan_bulk",
    "tag_record",
]

MANY = 2000
"""Records that one act of a person may be about."""

Put = tuple[str, tuple[str, ...], dict[str, object] | None]


@dataclass(frozen=True, slots=True)
class BulkPlan:
    """What deciding on many records at once would do.

    Attributes
    ----------
    records : tuple of str
        Those chosen.
    fresh, changed, same : tuple of str
        Those without a decision of the person yet; those with another one; those with this one.
    closed : tuple of str
        Those that are not open to this person, or not at the stage; they stay as they are.
    """

    records: tuple[str, ...]
    fresh: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()

    @property
    def decided(self) -> tuple[str, ...]:
        """Those on which a decision would be written."""
        return (*self.fresh, *self.changed)


def chosen_records(
    desk: Desk, records: Sequence[str] = (), wanted: RecordFilter | None = None
) -> tuple[str, ...]:
    """Return the ids named, or all that a filter leaves.

    Raises
    ------
    RefusedError
        None, or more than may be done at once.
    NotThereError
        There is no such record.
    """
    desk.permit("read")
    if wanted is None:
        known = set(desk.board.records)
        found = tuple(dict.fromkeys(records))
        gone = [name for name in found if name not in known]
        if gone:
            raise NotThereError(f"there is no record {gone[0]!r}")
    else:
        found = tuple(chosen_ids(desk, wanted))
        if len(found) > MANY:
            raise RefusedError(
                f"{len(found)} records are too many for one act; filter down to {MANY} or fewer"
            )
    if not found:
        raise RefusedError("no record is chosen")
    if len(found) > MANY:
        raise RefusedError(f"{len(found)} records are too many for one act; choose up to {MANY}")
    return found


def plan_bulk(
    desk: Desk, stage: str, records: Sequence[str], verdict: str, *, reason: str = ""
) -> BulkPlan:
    """Tell what one decision on many records would do, without doing it.

    Raises
    ------
    OptionError, RefusedError
        The verdict or reason is not one of the stage.
    """
    rules = desk.stage(stage)
    desk.permit("decide", rules)
    check_verdict(rules, verdict, reason)
    board, person = desk.board, desk.person.id
    gate = pilot_gate(board, rules)
    sorted_out: dict[str, list[str]] = {name: [] for name in ("fresh", "changed", "same", "closed")}
    for record in records:
        votes = board.votes(rules.name, record)
        asked, ignored = board.asked(rules.name, record), board.ignored
        if (
            board.state(rules.name, record) is None
            or (gate.closed and record not in gate.records)
            or not may_vote(rules, votes, person, asked=asked, ignored=ignored)
            or role_of_vote(rules, votes, person, asked=asked, ignored=ignored) != "reviewer"
        ):
            sorted_out["closed"].append(record)
            continue
        own = own_vote(board, rules.name, record, person)
        if own is None:
            sorted_out["fresh"].append(record)
        else:
            equal = (own.verdict, own.reason) == (verdict, reason)
            sorted_out["same" if equal else "changed"].append(record)
    return BulkPlan(tuple(records), **{name: tuple(ids) for name, ids in sorted_out.items()})


def bulk_decide(
    desk: Desk,
    stage: str,
    records: Sequence[str],
    verdict: str,
    *,
    reason: str = "",
    expected: int,
    request_id: str = "",
) -> BulkPlan:
    """Write one decision of a person on many records.

    Parameters
    ----------
    desk, stage, records
        Whose, and on what.
    verdict, reason
        As for `evisynth.actions.team.decide`.
    expected
        How many decisions the person confirmed; another number refuses the act as a whole.
    request_id
        A request that comes twice changes nothing.
    """
    plan = plan_bulk(desk, stage, records, verdict, reason=reason)
    if request_id and any(
        entry.request == request_id
        for entry in desk.store.history(actor=desk.person.id, newest_first=True, limit=2 * MANY)
    ):
        return plan
    if len(plan.decided) != expected:
        raise RefusedError(
            f"{expected} decisions were confirmed and {len(plan.decided)} records are open to you"
            " now; look at the list again"
        )
    if not plan.decided:
        raise RefusedError("none of these records is open to you")
    value: dict[str, object] = {"verdict": verdict, "date": today()}
    if reason:
        value["reason"] = reason
    puts: list[Put] = []
    for record in plan.decided:
        own = own_vote(desk.board, desk.stage(stage).name, record, desk.person.id)
        kept = {"note": own.note} if own is not None and own.note else {}
        puts.append(("vote", (stage, record, desk.person.id, "reviewer"), {**value, **kept}))
    desk.store.put_many(
        puts, actor=desk.person.id, act="decide on many", request_id=request_id or None
    )
    return plan


def bulk_tag(
    desk: Desk,
    records: Sequence[str],
    tag: str,
    *,
    remove: bool = False,
    request_id: str = "",
) -> int:
    """Give many records a tag of the person's own, or take it off; return how many changed."""
    desk.permit("tag")
    name = tag.strip()[:TAG_LENGTH]
    if not name:
        raise RefusedError("the tag has no name")
    there = {key[0] for key in desk.board.values("tag") if key[1:] == (desk.person.id, name)}
    puts: list[Put] = [
        ("tag", (record, desk.person.id, name), None if remove else {"date": today()})
        for record in records
        if (record in there) == remove
    ]
    if puts:
        try:
            desk.store.put_many(
                puts, actor=desk.person.id, act="tag", request_id=request_id or None
            )
        except RequestReusedError:
            return 0
    return len(puts)


def tag_record(desk: Desk, record: str, tags: Sequence[str], *, request_id: str = "") -> None:
    """Make the person's own tags of a record those given."""
    desk.permit("tag")
    line_of(desk, record)
    there = {key[2] for key in desk.board.values("tag") if key[:2] == (record, desk.person.id)}
    wanted = {tag.strip()[:TAG_LENGTH] for tag in tags if tag.strip()}
    puts: list[Put] = [
        ("tag", (record, desk.person.id, tag), {"date": today()}) for tag in sorted(wanted - there)
    ]
    puts += [("tag", (record, desk.person.id, tag), None) for tag in sorted(there - wanted)]
    if puts:
        desk.store.put_many(puts, actor=desk.person.id, act="tag", request_id=request_id or None)
