"""From decisions to states: a pure function, and how well reviewers agree."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from evisynth.records import Record
from evisynth.screening.decisions import Decision, RecordState, Stage, StageName

__all__ = ["Agreement", "agreement", "resolve"]


def resolve(
    records: Iterable[Record],
    decisions: Iterable[Decision],
    stages: Sequence[Stage],
    *,
    duplicates: Collection[str] = (),
    not_retrieved: Collection[str] = (),
) -> dict[tuple[str, str], RecordState]:
    """Compute where each record stands at each stage.

    A record enters the first stage unless it is a duplicate, and a later stage when it is included
    at the one before and its report was not lost at retrieval. At each stage:

    - fewer independent decisions than `Stage.votes_needed`, or a ``maybe`` among them: ``open``;
    - decisions that differ: ``conflict``; at full text a different reason is a conflict too, since
      a report is excluded for one main reason, and an exclusion without a reason stays ``open``;
    - an adjudicator's verdict settles conflicts and ``maybe``.

    When a reviewer decided twice the later decision counts. At title and abstract two reviewers may
    exclude for different reasons; the one that stands first in `Stage.reasons` is kept.

    Parameters
    ----------
    records
        All records, duplicates included.
    decisions
        Decisions of all stages, oldest first.
    stages
        Stages in their order.
    duplicates
        Ids of records that repeat another one; they are not screened.
    not_retrieved
        Ids of records whose report could not be had; they have no state at full text.

    Returns
    -------
    dict of (record id, stage name) to RecordState
        In the order of stages, then records.

    Examples
    --------
    >>> stage = Stage("title_abstract", 2, {"design": "Not randomized"})
    >>> votes = [
    ...     Decision("7", "title_abstract", "a", "include"),
    ...     Decision("7", "title_abstract", "b", "exclude", "design"),
    ... ]
    >>> resolve([Record("7", "A trial")], votes, [stage])["7", "title_abstract"].status
    'conflict'
    """
    by_place: dict[tuple[str, str], list[Decision]] = {}
    for made in decisions:
        by_place.setdefault((made.record, made.stage), []).append(made)
    entering = [record.id for record in records if record.id not in duplicates]
    states: dict[tuple[str, str], RecordState] = {}
    for stage in stages:
        if stage.name == "full_text":
            entering = [ident for ident in entering if ident not in not_retrieved]
        passed = []
        for ident in entering:
            state = _settle(ident, stage, by_place.get((ident, stage.name), []))
            states[ident, stage.name] = state
            if state.status == "included":
                passed.append(ident)
        entering = passed
    return states


def _settle(ident: str, stage: Stage, decisions: Sequence[Decision]) -> RecordState:
    """Compute the state of one record at one stage."""
    votes = list({made.reviewer: made for made in decisions if made.role == "reviewer"}.values())
    settled = [made for made in decisions if made.role == "adjudicator"]
    count = len(votes)
    if count < stage.votes_needed:
        return RecordState(ident, stage.name, "open", votes=count)
    deciding = settled[-1:] or votes
    verdicts = {made.verdict for made in deciding}
    if len(verdicts - {"maybe"}) > 1:
        return RecordState(ident, stage.name, "conflict", votes=count)
    if "maybe" in verdicts:
        return RecordState(ident, stage.name, "open", votes=count)
    if verdicts == {"include"}:
        return RecordState(ident, stage.name, "included", votes=count)
    given = {made.reason for made in deciding if made.reason}
    if stage.name == "full_text":
        if len(given) > 1:
            return RecordState(ident, stage.name, "conflict", votes=count)
        if not given:
            return RecordState(ident, stage.name, "open", votes=count)
    # In the plan's order, so that the same decisions always give the same reason.
    ordered = [code for code in stage.reasons if code in given] or sorted(given)
    return RecordState(ident, stage.name, "excluded", ordered[0] if ordered else "", votes=count)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well two reviewers agree at one stage.

    Attributes
    ----------
    stage : StageName
        Stage.
    records : int
        Records with exactly two independent decisions.
    agreed : int
        Of these, records with the same verdict twice.
    percent : float
        Agreement in percent (0 to 100); NaN without records.
    kappa : float
        Cohen's kappa over the verdicts; NaN where `reason` says why.
    reason : str
        Why kappa (or both) cannot be computed, or ``""``.
    table : dict of (str, str) to int
        Verdicts of the two reviewers, the one whose id sorts first in front.
    """

    stage: StageName
    records: int
    agreed: int
    percent: float
    kappa: float
    reason: str
    table: dict[tuple[str, str], int]


def agreement(decisions: Iterable[Decision], stage: StageName) -> Agreement:
    """Compute percent agreement and Cohen's kappa of independent decisions.

    Only records with exactly two decisions by two reviewers count; adjudications are left out. With
    several pairs of reviewers their records are put together, the reviewer whose id sorts first
    taken as the first of each pair.

    Parameters
    ----------
    decisions
        Decisions of all stages.
    stage
        The stage asked for.

    References
    ----------
    Cohen 1960, doi:10.1177/001316446002000104.

    Examples
    --------
    >>> votes = [
    ...     Decision(record, "title_abstract", reviewer, verdict)
    ...     for record, pair in {"1": "ii", "2": "ee", "3": "ie", "4": "ee"}.items()
    ...     for reviewer, verdict in zip(
    ...         "ab", [{"i": "include", "e": "exclude"}[v] for v in pair], strict=True
    ...     )
    ... ]
    >>> found = agreement(votes, "title_abstract")
    >>> found.percent, found.kappa
    (75.0, 0.5)
    """
    by_record: dict[str, dict[str, Decision]] = {}
    for made in decisions:
        if made.stage == stage and made.role == "reviewer":
            by_record.setdefault(made.record, {})[made.reviewer] = made
    pairs: list[tuple[str, str]] = [
        (votes[first].verdict, votes[second].verdict)
        for votes in by_record.values()
        if len(votes) == 2
        for first, second in [sorted(votes)]
    ]
    table: dict[tuple[str, str], int] = dict(sorted(Counter(pairs).items()))
    count = len(pairs)
    agreed = sum(first == second for first, second in pairs)
    if not count:
        reason = "no record has two independent decisions"
        return Agreement(stage, 0, 0, math.nan, math.nan, reason, {})
    left, right = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    # Whole numbers up to the division: two reviewers with one verdict give chance 1 exactly.
    chance = sum(left[verdict] * right[verdict] for verdict in left)
    if chance == count * count:
        reason = "both reviewers gave the same verdict on every record; kappa is 0/0"
        return Agreement(stage, count, agreed, 100 * agreed / count, math.nan, reason, table)
    kappa = (count * agreed - chance) / (count * count - chance)
    return Agreement(stage, count, agreed, 100 * agreed / count, kappa, "", table)
