"""One record at one stage: who may still vote, what settles a conflict, where it stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from evisynth.screening.decisions import Decision, DecisionRole, RecordState, Stage

__all__ = ["complete", "may_vote", "role_of_vote", "settle", "voters"]


def settle(
    stage: Stage,
    votes: Sequence[Decision],
    *,
    record: str = "",
    asked: Collection[str] = (),
    ignored: Collection[str] = (),
) -> RecordState:
    """Compute where one record stands at one stage.

    - Fewer independent decisions than `Stage.votes_needed`, or none yet from somebody who was
      asked: ``open``.
    - Else a verdict of an adjudicator decides; else a consensus; else the votes, each as its person
      changed it in a discussion.
    - Verdicts that differ: ``conflict``; at full text a different reason is a conflict too, since a
      report is excluded for one main reason. A ``maybe`` (where the policy is to discuss it) and an
      exclusion without a reason at full text stay ``open``.

    The order of different people's decisions does not matter; when one person decided twice in the
    same role the later counts. Of several adjudicators the one with the latest date decides; those
    of one date must agree. Not counted: an adjudicator who voted on the record (unless
    `Stage.adjudicator_may_vote`), votes changed in a discussion and consensus verdicts where
    `Stage.conflicts` is ``"adjudicator"``, and a consensus at which a voter was not present.

    Parameters
    ----------
    stage
        The stage.
    votes
        Decisions on this record at this stage, each person's oldest first.
    record
        Id for the state when there are no decisions.
    asked
        Ids of people whose vote the record waits for beyond the number, as in a pilot round.
    ignored
        Ids of people whose votes do not count (somebody left, and the plan says so).

    Returns
    -------
    RecordState

    Examples
    --------
    >>> stage = Stage("title_abstract", 2, {"design": "Not randomized"})
    >>> one = Decision("7", "title_abstract", "a", "include")
    >>> two = Decision("7", "title_abstract", "b", "exclude", "design")
    >>> settle(stage, [one, two])
    RecordState(record='7', stage='title_abstract', status='conflict', reason='', votes=2, \
waiting='verdicts')
    >>> third = Decision("7", "title_abstract", "c", "include", role="adjudicator")
    >>> settle(stage, [one, third, two]).status
    'included'
    """
    name = stage.name
    own: dict[str, Decision] = {}
    others = False
    for made in votes:
        if made.role != "reviewer":
            others = True
        elif made.reviewer not in ignored:
            own[made.reviewer] = made
    ident = votes[0].record if votes else record
    count = len(own)
    if count < stage.votes_needed or (
        asked and any(who not in own for who in asked if who not in ignored)
    ):
        return RecordState(ident, name, "open", "", count, "votes")
    deciding: Collection[Decision] = own.values()
    if others:
        deciding = _settlement(stage, votes, own)
    verdicts = {made.verdict for made in deciding}
    if "maybe" in verdicts and stage.counted("maybe") == "include":
        verdicts = verdicts - {"maybe"} | {"include"}
    if "include" in verdicts and "exclude" in verdicts:
        return RecordState(ident, name, "conflict", "", count, "verdicts")
    if "maybe" in verdicts:
        return RecordState(ident, name, "open", "", count, "maybe")
    if "include" in verdicts:
        return RecordState(ident, name, "included", "", count)
    given = {made.reason for made in deciding if made.reason}
    if name == "full_text":
        if len(given) > 1:
            return RecordState(ident, name, "conflict", "", count, "reasons")
        if not given:
            return RecordState(ident, name, "open", "", count, "reason missing")
    if len(given) > 1:
        # In the plan's order, so that the same decisions always give the same reason.
        ordered = [code for code in stage.reasons if code in given] or sorted(given)
        return RecordState(ident, name, "excluded", ordered[0], count)
    return RecordState(ident, name, "excluded", given.pop() if given else "", count)


def _settlement(
    stage: Stage, votes: Iterable[Decision], own: Mapping[str, Decision]
) -> Collection[Decision]:
    """Return the decisions that decide where some were made after the votes."""
    # One of each person in each role: the later counts.
    last = {(made.role, made.reviewer): made for made in votes}
    third = [
        made
        for (role, who), made in last.items()
        if role == "adjudicator" and (stage.adjudicator_may_vote or who not in own)
    ]
    if third:
        return _latest(third)
    if stage.conflicts != "discussion":
        return own.values()
    joint = [
        made
        for (role, _), made in last.items()
        if role == "consensus" and own.keys() <= set(made.present)
    ]
    return _latest(joint) or [last.get(("discussion", who), vote) for who, vote in own.items()]


def _latest(settlements: Sequence[Decision]) -> list[Decision]:
    """Return the settlements of the latest date; they are one verdict or they differ."""
    last = max((made.date for made in settlements), default="")
    return [made for made in settlements if made.date == last]


def voters(votes: Iterable[Decision], *, ignored: Collection[str] = ()) -> frozenset[str]:
    """Return the ids of those whose independent vote on one record counts."""
    return frozenset(
        made.reviewer for made in votes if made.role == "reviewer" and made.reviewer not in ignored
    )


def complete(
    stage: Stage,
    votes: Iterable[Decision],
    *,
    asked: Collection[str] = (),
    ignored: Collection[str] = (),
) -> bool:
    """Tell whether one record has all the independent decisions that it needs.

    Parameters
    ----------
    stage, votes, asked, ignored
        As for `settle`.

    Examples
    --------
    >>> stage = Stage("title_abstract", 1, {})
    >>> votes = [Decision("7", "title_abstract", "a", "include")]
    >>> complete(stage, votes), complete(stage, votes, asked=["a", "b"])
    (True, False)
    """
    people = voters(votes, ignored=ignored)
    return len(people) >= stage.votes_needed and all(
        who in people for who in asked if who not in ignored
    )


def may_vote(
    stage: Stage,
    votes: Sequence[Decision],
    person: str,
    *,
    asked: Collection[str] = (),
    ignored: Collection[str] = (),
) -> bool:
    """Tell whether one person may vote on one record now.

    A record with all its decisions is closed to those who have not voted: what they see of its
    state could sway them. Where people were asked by name (splitting, pilot round), only they vote.

    Parameters
    ----------
    stage, votes, asked, ignored
        As for `settle`.
    person
        Id of the person.

    Examples
    --------
    >>> stage = Stage("title_abstract", 1, {})
    >>> votes = [Decision("7", "title_abstract", "a", "include")]
    >>> may_vote(stage, votes, "a"), may_vote(stage, votes, "b")
    (True, False)
    """
    if stage.reviewers and person not in stage.reviewers:
        return False
    people = voters(votes)
    if person in people:
        return True
    if asked:
        return person in asked
    return not complete(stage, votes, ignored=ignored)


def role_of_vote(
    stage: Stage,
    votes: Sequence[Decision],
    person: str,
    *,
    asked: Collection[str] = (),
    ignored: Collection[str] = (),
    seen: bool = True,
) -> DecisionRole:
    """Return the role under which a vote that a person casts now is to be kept.

    ``"reviewer"`` while it is independent; ``"discussion"`` once the person has voted and all
    decisions are made, as the others' votes are visible then. `Stage.conflicts` decides whether
    such a change counts.

    Parameters
    ----------
    stage, votes, asked, ignored
        As for `settle`.
    person
        Id of the person.
    seen
        False when the others' decisions have not been shown to this person yet, as when a slip of
        the key is undone at once.

    Examples
    --------
    >>> stage = Stage("title_abstract", 2, {})
    >>> votes = [Decision("7", "title_abstract", who, "include") for who in "ab"]
    >>> role_of_vote(stage, votes[:1], "a"), role_of_vote(stage, votes, "a")
    ('reviewer', 'discussion')
    """
    people = voters(votes)
    known = person in people and len(people) > 1
    if seen and known and complete(stage, votes, asked=asked, ignored=ignored):
        return "discussion"
    return "reviewer"
