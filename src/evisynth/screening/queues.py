"""Who is asked to decide on what, in which order, and what happens when somebody leaves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b

from evisynth.errors import DataError, OptionError
from evisynth.screening.decisions import Decision, RecordState, Stage, StageName, grouped
from evisynth.screening.settling import may_vote, voters

__all__ = [
    "Assignment",
    "Lease",
    "Reassignment",
    "asked_by",
    "assign_pairs",
    "assign_shares",
    "own_order",
    "queue",
    "reassign",
    "take_lease",
]

LEASE_MINUTES = 10.0
"""How long a record is kept for one person; renewed while it is on the screen."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who is asked to decide on which records of a stage.

    ``asked`` maps a record to the ids of the people asked; a record that is not in it is for
    everybody of the stage.
    """

    stage: StageName
    asked: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Lease:
    """A record kept for one person until a moment (with its time zone)."""

    record: str
    stage: StageName
    person: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Reassignment:
    """Open work handed on.

    Attributes
    ----------
    assignment : Assignment
        As it is now.
    moved : tuple of (record, person)
        Records with the person who is asked instead.
    unasked : tuple of str
        Records for which nobody is left who has not decided on them.
    """

    assignment: Assignment
    moved: tuple[tuple[str, str], ...]
    unasked: tuple[str, ...]


def _hash(*parts: object) -> bytes:
    """Return a number that depends on all parts, the same on every machine."""
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()


def asked_by(assignments: Iterable[Assignment]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the people asked by record and stage, as `settle` and its neighbours take them.

    Examples
    --------
    >>> asked_by([Assignment("title_abstract", {"7": ("a", "b")})])
    {('7', 'title_abstract'): ('a', 'b')}
    """
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for assignment in assignments:
        for record, people in assignment.asked.items():
            key = (record, assignment.stage)
            found[key] = tuple(dict.fromkeys((*found.get(key, ()), *people)))
    return found


def own_order(person: str, stage: Stage, records: Iterable[str]) -> tuple[str, ...]:
    """Return records in the own order of a person: mixed by the seed, another for each person.

    A record that is added later takes its place among the others, whose order stays.

    Examples
    --------
    >>> stage = Stage("title_abstract", 2, {}, seed=5)
    >>> few = own_order("a", stage, "1234")
    >>> tuple(made for made in own_order("a", stage, "123456") if made in "1234") == few
    True
    """
    head = f"order\x1f{stage.seed}\x1f{stage.name}\x1f{person}\x1f"
    return tuple(
        sorted(
            records,
            key=lambda made: (blake2b((head + made).encode(), digest_size=8).digest(), made),
        )
    )


def _free(
    existing: Assignment | None, stage: Stage, records: Iterable[str]
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Return what is assigned already, and the other records mixed by the seed."""
    asked = dict(existing.asked) if existing else {}
    if existing and existing.stage != stage.name:
        raise OptionError("stage of the assignment", existing.stage, [stage.name])
    new = sorted(
        {made for made in records if made not in asked},
        key=lambda made: (_hash("deal", stage.seed, stage.name, made), made),
    )
    return asked, new


def assign_shares(
    stage: Stage,
    records: Iterable[str],
    shares: Mapping[str, float],
    *,
    existing: Assignment | None = None,
) -> Assignment:
    """Split the work of a stage by shares: each record gets `Stage.votes_needed` people.

    Records are mixed by the seed. Who has 50 percent of a stage with two votes decides on one
    decision in two; nobody gets a record twice, so that a share above one over the votes needed is
    cut and the rest shared out.

    Parameters
    ----------
    stage
        The stage.
    records
        Ids; those in ``existing`` stay as they are, so that a search added late deals out only its
        own records.
    shares
        Percent (or any weights) by person.
    existing
        What is assigned already.

    Raises
    ------
    DataError
        Fewer people with a share than votes are needed, or a share that is no number from 0 on.

    Examples
    --------
    >>> stage = Stage("title_abstract", 1, {})
    >>> dealt = assign_shares(stage, map(str, range(10)), {"a": 70, "b": 30})
    >>> sorted(people[0] for people in dealt.asked.values()).count("a")
    7
    """
    people = _with_share(stage, shares)
    asked, new = _free(existing, stage, records)
    quotas = _quotas(len(new), stage.votes_needed, {who: shares[who] for who in people})
    # Laid end to end over as many rounds through the records as votes are needed; a quota is never
    # longer than one round, so that nobody meets a record twice (McNaughton's wrap-around rule).
    slots = [who for who in people for _ in range(quotas[who])]
    for place, made in enumerate(new):
        asked[made] = tuple(slots[place :: len(new)])
    return Assignment(stage.name, asked)


def _with_share(stage: Stage, shares: Mapping[str, float]) -> list[str]:
    """Return those with a share, sorted."""
    for who, share in shares.items():
        if not 0 <= share < float("inf"):
            raise DataError(f"the share of {who!r} is {share}; give a number from 0 on")
    people = sorted(who for who, share in shares.items() if share > 0)
    if len(people) < stage.votes_needed:
        raise DataError(
            f"{len(people)} people have a share of {stage.name} and a record needs"
            f" {stage.votes_needed} decisions; add people or lower votes_needed"
        )
    return people


def _quotas(number: int, votes: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Return how many records each person gets: by share, at most all, whole numbers."""
    quotas: dict[str, int] = {}
    slots = number * votes
    weights = dict(shares)
    while weights:
        total = sum(weights.values())
        full = [who for who, share in weights.items() if share / total * slots >= number]
        if not full:
            break
        for who in full:
            quotas[who] = number
            slots -= number
            del weights[who]
        if slots <= 0:
            break
    slots = max(0, slots)
    total = sum(weights.values())
    exact = {who: share / total * slots for who, share in weights.items()}
    whole = {who: int(part) for who, part in exact.items()}
    rest = sorted(exact, key=lambda who: (whole[who] - exact[who], who))
    for who in rest[: slots - sum(whole.values())]:
        whole[who] += 1
    return quotas | whole


def assign_pairs(
    stage: Stage,
    records: Iterable[str],
    pairs: Sequence[Sequence[str]],
    *,
    existing: Assignment | None = None,
) -> Assignment:
    """Deal the records of a stage out to pairs of people (or groups), each about as many.

    Parameters
    ----------
    stage
        The stage.
    records
        Ids; those in ``existing`` stay as they are.
    pairs
        The groups, each of `Stage.votes_needed` people.
    existing
        What is assigned already.

    Raises
    ------
    DataError
        A group of another size, or with somebody twice.

    Examples
    --------
    >>> stage = Stage("title_abstract", 2, {})
    >>> dealt = assign_pairs(stage, "1234", [("a", "b"), ("a", "c")])
    >>> sorted(dealt.asked.values())
    [('a', 'b'), ('a', 'b'), ('a', 'c'), ('a', 'c')]
    """
    groups = [tuple(pair) for pair in pairs]
    if not groups:
        raise DataError(f"no pairs are given for {stage.name}; name at least one")
    for group in groups:
        if len(set(group)) != stage.votes_needed or len(set(group)) != len(group):
            raise DataError(
                f"the group {', '.join(group) or '()'} has not {stage.votes_needed} different"
                f" people, as a record of {stage.name} needs"
            )
    asked, new = _free(existing, stage, records)
    for place, made in enumerate(new):
        asked[made] = groups[place % len(groups)]
    return Assignment(stage.name, asked)


def queue(
    person: str,
    stage: Stage,
    records: Iterable[str],
    decisions: Iterable[Decision],
    *,
    states: Mapping[tuple[str, str], RecordState] | None = None,
    asked: Mapping[tuple[str, str], Collection[str]] | None = None,
    ranking: Sequence[str] | None = None,
    first: Sequence[str] = (),
    only_first: bool = False,
    leases: Iterable[Lease] = (),
    now: datetime | None = None,
    ignored: Collection[str] = (),
) -> tuple[str, ...]:
    """Return the records that wait for one person, in this person's own order.

    A record is in it while the person has not decided on it, may (`may_vote`), and it still lacks a
    decision that nobody else holds a lease for. It is computed from what is there now: a record
    added late enters, a duplicate leaves, and enters again when the merge is undone.

    Parameters
    ----------
    person
        Id.
    stage
        The stage.
    records
        Ids of the records of the review (or those ready, as at full text the reports that were
        retrieved).
    decisions
        Decisions of all stages.
    states
        Of `evisynth.screening.resolve`: only records with a state at this stage have come so far;
        None when ``records`` holds none but these.
    asked
        People asked, by record and stage (`asked_by`); a record without them is for everybody.
    ranking
        Records in the order of a ranking made for this person; those that it does not hold follow
        in the own order. None: own order (`own_order`).
    first
        Records put in front in the order given, as those of a pilot round.
    only_first
        Whether only they are offered, as while the pilot holds the stage closed.
    leases, now
        Leases, and the moment that tells which are alive; a lease needs a ``now``.
    ignored
        Ids of people whose votes do not count.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> stage = Stage("title_abstract", 2, {})
    >>> votes = [Decision("1", "title_abstract", "a", "include")]
    >>> queue("a", stage, ["1", "2"], votes), sorted(queue("b", stage, ["1", "2"], votes))
    (('2',), ['1', '2'])
    """
    name = stage.name
    if stage.reviewers and person not in stage.reviewers:
        return ()
    by_place = grouped(made for made in decisions if made.stage == name)
    held = _held(leases, name, person, now)
    wanted = asked or {}
    front = dict.fromkeys(first)
    waiting = set()
    for made in records:
        key = (made, name)
        if (states is not None and key not in states) or (only_first and made not in front):
            continue
        votes = by_place.get(key, ())
        people = voters(votes)
        if person in people:
            continue
        named = wanted.get(key, ())
        if not may_vote(stage, votes, person, asked=named, ignored=ignored):
            continue
        kept = held.get(made, set()) - people
        counting = len([who for who in people if who not in ignored])
        if kept and not named and counting + len(kept) >= stage.votes_needed:
            continue
        waiting.add(made)
    before = [made for made in front if made in waiting]
    ranked = [made for made in dict.fromkeys(ranking or ()) if made in waiting]
    rest = waiting.difference(before, ranked)
    return tuple(dict.fromkeys((*before, *ranked, *own_order(person, stage, rest))))


def _held(
    leases: Iterable[Lease], stage: StageName, person: str, now: datetime | None
) -> dict[str, set[str]]:
    """Return who else holds a living lease on each record."""
    held: dict[str, set[str]] = {}
    for lease in leases:
        if now is None:
            raise DataError("leases were given without the moment 'now' that tells which are alive")
        if lease.stage == stage and lease.person != person and lease.until > now:
            held.setdefault(lease.record, set()).add(lease.person)
    return held


def take_lease(
    person: str,
    stage: Stage,
    record: str,
    votes: Sequence[Decision],
    leases: Iterable[Lease],
    now: datetime,
    *,
    minutes: float = LEASE_MINUTES,
) -> Lease | None:
    """Return the lease that a person takes (or renews) on a record, None when it is not free.

    It is not free when the decisions and the living leases of others are as many as are needed.

    Parameters
    ----------
    person, stage, record
        Who takes which record.
    votes
        Decisions on the record at the stage.
    leases
        Leases of the stage.
    now
        The moment, with its time zone.
    minutes
        How long it holds.

    Examples
    --------
    >>> from datetime import UTC
    >>> now, stage = datetime(2026, 3, 2, 9, tzinfo=UTC), Stage("title_abstract", 1, {})
    >>> mine = take_lease("a", stage, "7", [], [], now)
    >>> mine.until.minute, take_lease("b", stage, "7", [], [mine], now)
    (10, None)
    """
    people = voters(votes)
    if person in people or not may_vote(stage, votes, person):
        return None
    others = _held(leases, stage.name, person, now).get(record, set()) - people
    if len(people) + len(others) >= stage.votes_needed:
        return None
    return Lease(record, stage.name, person, now + timedelta(minutes=minutes))


def reassign(
    assignment: Assignment,
    person: str,
    shares: Mapping[str, float],
    decisions: Iterable[Decision],
    stage: Stage,
    *,
    votes_count: bool = True,
) -> Reassignment:
    """Hand the open work of a person who leaves on to others; what was decided stays.

    Parameters
    ----------
    assignment
        What is assigned.
    person
        Who leaves.
    shares
        Weights of those who take over; the person who leaves and those asked already are left out
        record by record.
    decisions
        Decisions of all stages.
    stage
        The stage.
    votes_count
        Whether the decisions of the person still count; else the records decided on are handed on
        too.

    Returns
    -------
    Reassignment

    Examples
    --------
    >>> stage = Stage("title_abstract", 1, {})
    >>> dealt = Assignment("title_abstract", {"1": ("a",), "2": ("a",), "3": ("b",)})
    >>> votes = [Decision("1", "title_abstract", "a", "include")]
    >>> handed = reassign(dealt, "a", {"b": 1}, votes, stage)
    >>> handed.assignment.asked, handed.moved
    ({'1': ('a',), '2': ('b',), '3': ('b',)}, (('2', 'b'),))
    """
    people = [who for who in sorted(shares) if who != person and shares[who] > 0]
    by_place = grouped(made for made in decisions if made.stage == stage.name)
    asked = dict(assignment.asked)
    load = dict.fromkeys(people, 0)
    moved: list[tuple[str, str]] = []
    unasked: list[str] = []
    mine = [made for made, there in asked.items() if person in there]
    for made in sorted(mine, key=lambda one: (_hash("deal", stage.seed, stage.name, one), one)):
        done = voters(by_place.get((made, stage.name), ()))
        if person in done and votes_count:
            continue
        others = tuple(who for who in asked[made] if who != person)
        able = [who for who in people if who not in others and who not in done]
        if not able:
            asked[made] = others
            unasked.append(made)
            continue
        # The one whose load, with this record, is least for the share.
        new = min(able, key=lambda who: ((load[who] + 1) / shares[who], who))
        load[new] += 1
        asked[made] = (*others, new)
        moved.append((made, new))
    return Reassignment(replace(assignment, asked=asked), tuple(moved), tuple(unasked))
