"""What a person may see of others' decisions: pure functions of decisions, viewer and stage.

A decision of somebody else is seen only when nothing can follow from seeing it: the record has all
its decisions, and the viewer has made theirs or makes none. The functions here are the only way
from decisions to a page, a list, a counter, an export or a ranking of a person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Literal

from evisynth.screening.decisions import Decision, RecordState, Stage, StageName, grouped
from evisynth.screening.settling import complete, voters

__all__ = [
    "Progress",
    "Remark",
    "Sight",
    "Unblinding",
    "Viewer",
    "hidden",
    "progress",
    "sees",
    "training_votes",
    "visible",
    "visible_remarks",
    "visible_states",
]

Sight = Literal["own", "complete", "results"]
"""What a role opens: own decisions and, having voted, those of complete records; those of all
complete records; only what records came to."""

Asked = Mapping[tuple[str, str], Collection[str]]


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person who looks at decisions.

    Attributes
    ----------
    id : str
        The person; ``""`` for somebody who is no member.
    sight : {"own", "complete", "results"}
        ``"complete"`` for those who settle conflicts, look after the team or audit it;
        ``"results"`` for those who neither vote nor settle.
    """

    id: str
    sight: Sight = "own"


@dataclass(frozen=True, slots=True)
class Unblinding:
    """The event that opens decisions before they are complete, with who, when and why.

    Attributes
    ----------
    stage : StageName
        Stage.
    by, at, reason : str
        Who did it, when (UTC), and why; the reason is not empty.
    records : tuple of str
        The records opened; empty: all of the stage.
    """

    stage: StageName
    by: str
    at: str
    reason: str
    records: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """A note, tag or highlight of one person on one record at one stage."""

    record: str
    stage: StageName
    reviewer: str
    kind: Literal["note", "tag", "highlight"]
    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a person is: counts that say nothing of any verdict."""

    person: str
    decided: int
    left: int


def _opened(stage: Stage, record: str, unblinded: Iterable[Unblinding]) -> bool:
    """Tell whether the decisions of a record lie open to all."""
    return not stage.blind or any(
        event.stage == stage.name and (not event.records or record in event.records)
        for event in unblinded
    )


def sees(
    viewer: Viewer,
    stage: Stage,
    votes: Sequence[Decision],
    *,
    record: str = "",
    asked: Collection[str] = (),
    ignored: Collection[str] = (),
    unblinded: Iterable[Unblinding] = (),
) -> bool:
    """Tell whether a person may see others' decisions on one record at one stage.

    Parameters
    ----------
    viewer
        Who looks.
    stage
        The stage.
    votes
        All decisions on the record at the stage.
    record
        The record, where there are no decisions.
    asked, ignored
        As for `evisynth.screening.settle`.
    unblinded
        Unblinding events.

    Examples
    --------
    >>> stage = Stage("title_abstract", 2, {})
    >>> votes = [Decision("7", "title_abstract", who, "include") for who in "ab"]
    >>> sees(Viewer("a"), stage, votes), sees(Viewer("a"), stage, votes[:1])
    (True, False)
    >>> sees(Viewer("c"), stage, votes), sees(Viewer("c", "complete"), stage, votes)
    (False, True)
    """
    ident = votes[0].record if votes else record
    if _opened(stage, ident, unblinded):
        return viewer.sight != "results"
    if not complete(stage, votes, asked=asked, ignored=ignored):
        return False
    return viewer.sight == "complete" or (viewer.sight == "own" and viewer.id in voters(votes))


def visible(
    decisions: Iterable[Decision],
    viewer: Viewer,
    stage: Stage,
    *,
    asked: Asked | None = None,
    ignored: Collection[str] = (),
    unblinded: Iterable[Unblinding] = (),
) -> tuple[Decision, ...]:
    """Return the decisions of a stage that a person may see, without what betrays others.

    Own decisions always, as they are. Others' where `sees` says so. Unless the stage was opened,
    or the voters have to talk to each other (`Stage.conflicts` ``"discussion"``), others stand
    under a pseudonym (``"Reviewer 1"``), numbered anew on each record in an order that comes from
    the seed, without date and place in a file.

    Parameters
    ----------
    decisions
        Decisions of all stages, oldest first.
    viewer, stage, unblinded
        As for `sees`.
    asked
        People whose vote a record waits for, by record and stage.
    ignored
        Ids of people whose votes do not count.

    Returns
    -------
    tuple of Decision
        By record in the order of their ids; on a record the own one first.

    Examples
    --------
    >>> stage = Stage("title_abstract", 2, {})
    >>> votes = [Decision("7", "title_abstract", who, "include") for who in "ab"]
    >>> votes.append(Decision("8", "title_abstract", "b", "include"))
    >>> [(made.record, made.reviewer) for made in visible(votes, Viewer("a"), stage)]
    [('7', 'a'), ('7', 'Reviewer 1')]
    """
    events = tuple(unblinded)
    found: list[Decision] = []
    for record, votes, seen in _looked_at(decisions, viewer, stage, asked, ignored, events):
        found += [made for made in votes if made.reviewer == viewer.id]
        if not seen:
            continue
        talk = stage.conflicts == "discussion" and viewer.id in voters(votes)
        if _opened(stage, record, events) or talk:
            others = [made for made in votes if made.reviewer != viewer.id]
            found += sorted(others, key=lambda made: (made.reviewer, made.role))
        else:
            found += _masked(votes, viewer, stage, record)
    return tuple(found)


def hidden(
    decisions: Iterable[Decision],
    viewer: Viewer,
    stage: Stage,
    *,
    asked: Asked | None = None,
    ignored: Collection[str] = (),
    unblinded: Iterable[Unblinding] = (),
) -> frozenset[tuple[str, str, str]]:
    """Return which decisions a person may not see, by record, person and role.

    For the history, where an entry of such a decision is shown without what was decided, and by
    whom.

    Parameters
    ----------
    decisions, viewer, stage, asked, ignored, unblinded
        As for `visible`.
    """
    return frozenset(
        (record, made.reviewer, made.role)
        for record, votes, seen in _looked_at(
            decisions, viewer, stage, asked, ignored, tuple(unblinded)
        )
        if not seen
        for made in votes
        if made.reviewer != viewer.id
    )


def _looked_at(
    decisions: Iterable[Decision],
    viewer: Viewer,
    stage: Stage,
    asked: Asked | None,
    ignored: Collection[str],
    unblinded: tuple[Unblinding, ...],
) -> Iterator[tuple[str, list[Decision], bool]]:
    """Go through the records of a stage by id, and say whether others' decisions are seen."""
    wanted = asked or {}
    by_place = grouped(made for made in decisions if made.stage == stage.name)
    for (record, name), votes in sorted(by_place.items(), key=lambda item: item[0]):
        seen = sees(
            viewer,
            stage,
            votes,
            asked=wanted.get((record, name), ()),
            ignored=ignored,
            unblinded=unblinded,
        )
        yield record, votes, seen


def _hash(*parts: object) -> bytes:
    """Return a number that depends on all parts and betrays none."""
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()


def _names(
    votes: Sequence[Decision],
    viewer: Viewer,
    stage: Stage,
    record: str,
    more: Iterable[str] = (),
) -> dict[str, str]:
    """Give others a number, anew on each record: those of its decisions, then more people."""
    deciders = {made.reviewer for made in votes} | {who for made in votes for who in made.present}
    mixed = sorted(
        (deciders | set(more)) - {viewer.id},
        key=lambda who: (
            who not in deciders,
            _hash("names", stage.seed, stage.name, record, viewer.id, who),
            who,
        ),
    )
    return {who: f"Reviewer {number}" for number, who in enumerate(mixed, 1)}


def _masked(votes: Sequence[Decision], viewer: Viewer, stage: Stage, record: str) -> list[Decision]:
    """Take from the decisions of others what tells whose they are."""
    names = _names(votes, viewer, stage, record)
    masked = [
        replace(
            made,
            reviewer=names[made.reviewer],
            present=tuple(sorted(names.get(who, who) for who in made.present)),
            date="",
            file="",
            line=0,
        )
        for made in votes
        if made.reviewer != viewer.id
    ]
    return sorted(masked, key=lambda made: (int(made.reviewer.split()[1]), made.role))


def visible_states(
    states: Mapping[tuple[str, str], RecordState],
    decisions: Iterable[Decision],
    viewer: Viewer,
    stage: Stage,
    *,
    asked: Asked | None = None,
    ignored: Collection[str] = (),
    unblinded: Iterable[Unblinding] = (),
) -> dict[str, RecordState]:
    """Return where the records of a stage stand, as far as a person may know.

    What a record with all its decisions came to is known to everybody who can no longer vote on it.
    A record that still waits for decisions is ``open``, with the viewer's own vote counted alone.

    Parameters
    ----------
    states
        Of `evisynth.screening.resolve`.
    decisions, viewer, stage, asked, ignored, unblinded
        As for `visible`.

    Returns
    -------
    dict of record id to RecordState
    """
    events = tuple(unblinded)
    wanted = asked or {}
    by_place = grouped(made for made in decisions if made.stage == stage.name)
    found = {}
    for (record, name), state in states.items():
        if name != stage.name:
            continue
        votes = by_place.get((record, name), [])
        known = complete(stage, votes, asked=wanted.get((record, name), ()), ignored=ignored)
        if not known and not _opened(stage, record, events):
            own = int(viewer.id in voters(votes))
            state = RecordState(record, stage.name, "open", votes=own, waiting="votes")
        found[record] = state
    return found


def visible_remarks(
    remarks: Iterable[Remark],
    decisions: Iterable[Decision],
    viewer: Viewer,
    stage: Stage,
    *,
    asked: Asked | None = None,
    ignored: Collection[str] = (),
    unblinded: Iterable[Unblinding] = (),
) -> tuple[Remark, ...]:
    """Return the notes, tags and highlights of a stage that a person may see.

    The rule is that of `visible`: own ones always, others' with their decisions.

    Parameters
    ----------
    remarks
        Remarks of all stages.
    decisions, viewer, stage, asked, ignored, unblinded
        As for `visible`.

    Returns
    -------
    tuple of Remark
        By record, own ones first, others' under the pseudonyms that `visible` gives them.
    """
    events = tuple(unblinded)
    wanted = asked or {}
    by_place = grouped(made for made in decisions if made.stage == stage.name)
    by_record: dict[str, list[Remark]] = {}
    for made in remarks:
        if made.stage == stage.name:
            by_record.setdefault(made.record, []).append(made)
    found: list[Remark] = []
    for record, there in sorted(by_record.items()):
        votes = by_place.get((record, stage.name), [])
        found += [made for made in there if made.reviewer == viewer.id]
        if not sees(
            viewer,
            stage,
            votes,
            record=record,
            asked=wanted.get((record, stage.name), ()),
            ignored=ignored,
            unblinded=events,
        ):
            continue
        others = [made for made in there if made.reviewer != viewer.id]
        talk = stage.conflicts == "discussion" and viewer.id in voters(votes)
        if not (_opened(stage, record, events) or talk):
            makers = {made.reviewer for made in others}
            names = _names(votes, viewer, stage, record, makers)
            others = [replace(made, reviewer=names[made.reviewer]) for made in others]
        found += sorted(others, key=lambda made: (made.reviewer, made.kind, made.text))
    return tuple(found)


def progress(
    decisions: Iterable[Decision],
    stage: Stage,
    left: Mapping[str, int],
) -> tuple[Progress, ...]:
    """Count how many records each person has decided on: a number, whatever was decided.

    Parameters
    ----------
    decisions
        Decisions of all stages.
    stage
        The stage.
    left
        Length of each person's queue; the people counted are its keys.

    Examples
    --------
    >>> votes = [Decision("7", "title_abstract", "a", "include")]
    >>> progress(votes, Stage("title_abstract", 2, {}), {"a": 4, "b": 5})
    (Progress(person='a', decided=1, left=4), Progress(person='b', decided=0, left=5))
    """
    done: dict[str, set[str]] = {who: set() for who in left}
    for made in decisions:
        if made.stage == stage.name and made.role == "reviewer" and made.reviewer in done:
            done[made.reviewer].add(made.record)
    return tuple(Progress(who, len(done[who]), left[who]) for who in sorted(left))


def training_votes(
    decisions: Iterable[Decision],
    viewer: Viewer,
    stage: Stage,
    states: Mapping[tuple[str, str], RecordState],
) -> tuple[tuple[Decision, ...], dict[str, str]]:
    """Return what the ranking of a person's queue may learn from.

    Under ``training = "own_and_agreed"`` that is the person's own votes and the results of records
    that are settled; it can then tell nothing of a vote on a record that still waits for this
    person. Under ``"all"`` everybody's votes go in as if they were results, the last one of each
    record counting; the order may then betray others, which the plan has accepted.

    Parameters
    ----------
    decisions, viewer, stage
        As for `visible`.
    states
        Of `evisynth.screening.resolve`, or of `visible_states` by its keys.

    Returns
    -------
    own : tuple of Decision
        Own votes, oldest first.
    agreed : dict of record id to ``"include"`` or ``"exclude"``
        The two arguments of `evisynth.prioritization.training_labels`.
    """
    own: list[Decision] = []
    agreed: dict[str, str] = {}
    for made in decisions:
        if made.stage != stage.name or made.role != "reviewer":
            continue
        if made.reviewer == viewer.id:
            own.append(made)
        elif stage.training == "all":
            agreed[made.record] = "exclude" if made.verdict == "exclude" else "include"
    words = {"included": "include", "excluded": "exclude"}
    for (record, name), state in states.items():
        if name == stage.name and state.status in words:
            agreed[record] = words[state.status]
    return tuple(own), agreed
