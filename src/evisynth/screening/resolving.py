"""From decisions to states: a pure function, and how well two reviewers agree."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from evisynth.records import Record
from evisynth.screening.decisions import Decision, RecordState, Stage, StageName, grouped
from evisynth.screening.settling import settle

__all__ = ["Agreement", "agreement", "resolve"]


def resolve(
    records: Iterable[Record],
    decisions: Iterable[Decision],
    stages: Sequence[Stage],
    *,
    duplicates: Collection[str] = (),
    not_retrieved: Collection[str] = (),
    removed: Collection[str] = (),
    asked: Mapping[tuple[str, str], Collection[str]] | None = None,
    ignored: Collection[str] = (),
) -> dict[tuple[str, str], RecordState]:
    """Compute where each record stands at each stage.

    A record enters the first stage unless it is a duplicate or was removed before screening, and a
    later stage when it is included at the one before and its report was not lost at retrieval.
    What it comes to at a stage is computed by `settle`. At title and abstract two reviewers may
    exclude for different reasons; the one that stands first in `Stage.reasons` is kept.

    Decisions on records that do not enter are left alone: when a merge of duplicates is undone they
    count again.

    Parameters
    ----------
    records
        All records, duplicates included.
    decisions
        Decisions of all stages, each person's oldest first.
    stages
        Stages in their order.
    duplicates
        Ids of records that repeat another one; they are not screened.
    not_retrieved
        Ids of records whose report could not be had; they have no state at full text.
    removed
        Ids of records removed before screening for other reasons.
    asked
        People whose vote a record waits for, by record and stage (`evisynth.screening.asked_by`).
    ignored
        Ids of people whose votes do not count.

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
    by_place = grouped(decisions)
    wanted = asked or {}
    entering = [
        record.id for record in records if record.id not in duplicates and record.id not in removed
    ]
    states: dict[tuple[str, str], RecordState] = {}
    for stage in stages:
        if stage.name == "full_text":
            entering = [ident for ident in entering if ident not in not_retrieved]
        passed = []
        for ident in entering:
            key = (ident, stage.name)
            state = settle(
                stage,
                by_place.get(key, ()),
                record=ident,
                asked=wanted.get(key, ()),
                ignored=ignored,
            )
            states[key] = state
            if state.status == "included":
                passed.append(ident)
        entering = passed
    return states


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
