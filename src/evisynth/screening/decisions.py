"""Decisions of reviewers, the rules that they stand under, and the states computed from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from evisynth.errors import DataError, OptionError

__all__ = [
    "Decision",
    "DecisionRole",
    "RecordState",
    "Stage",
    "StageName",
    "Verdict",
    "Waiting",
]

StageName = Literal["title_abstract", "full_text"]
Verdict = Literal["include", "exclude", "maybe"]
DecisionRole = Literal["reviewer", "discussion", "consensus", "adjudicator"]
Waiting = Literal["", "votes", "verdicts", "reasons", "maybe", "reason missing"]


@dataclass(frozen=True, slots=True)
class Stage:
    """The rules of one stage.

    Attributes
    ----------
    name : StageName
        Stage.
    votes_needed : int
        Independent decisions that a record needs.
    reasons : dict of str to str
        Allowed exclusion reasons: code to the words shown.
    maybe : {"discuss", "include"}
        ``"discuss"``: a ``maybe`` keeps the record open until people settle it. ``"include"``: it
        counts as an inclusion at title and abstract, where doubt lets a record through.
    conflicts : {"adjudicator", "discussion"}
        Who settles a conflict: a third person; or those who voted, by changing their own votes or
        by a consensus, and the third person where they do not agree.
    adjudicator_may_vote : bool
        Whether somebody who voted on a record may settle its conflict too.
    pilot : int
        Records of a pilot round; 0: none.
    kappa_min : float or None
        Agreement that the pilot must reach before the stage is open; None: any.
    seed : int
        Of the orders, the sample and the splitting.
    blind : bool
        Whether decisions of others are hidden until all are made.
    training : {"own_and_agreed", "all"}
        What the ranking of a person's queue learns from. ``"all"`` lets others' votes show in the
        order; the methods say so.
    order : {"own", "ranked"}
        What a person's queue is read in: mixed by the seed, or ranked by what was decided so far.
    reviewers, adjudicators : tuple of str
        Ids of the people who may do so at this stage; empty: all who have the role.
    stop_recall, stop_confidence : float
        What the statement on when to stop asks for, if nothing else is said: share of the relevant
        records found, and how sure one wants to be of it.
    """

    name: StageName
    votes_needed: int
    reasons: dict[str, str]
    maybe: Literal["discuss", "include"] = "discuss"
    conflicts: Literal["adjudicator", "discussion"] = "adjudicator"
    adjudicator_may_vote: bool = False
    pilot: int = 0
    kappa_min: float | None = None
    seed: int = 1
    blind: bool = True
    training: Literal["own_and_agreed", "all"] = "own_and_agreed"
    order: Literal["own", "ranked"] = "own"
    reviewers: tuple[str, ...] = ()
    adjudicators: tuple[str, ...] = ()
    stop_recall: float = 0.95
    stop_confidence: float = 0.95

    def __post_init__(self) -> None:
        for option, value, allowed in (
            ("name of a stage", self.name, ("title_abstract", "full_text")),
            ("maybe", self.maybe, ("discuss", "include")),
            ("conflicts", self.conflicts, ("adjudicator", "discussion")),
            ("training", self.training, ("own_and_agreed", "all")),
            ("order", self.order, ("own", "ranked")),
        ):
            if value not in allowed:
                raise OptionError(option, value, allowed)
        if self.votes_needed < 1:
            raise DataError(
                f"votes_needed is {self.votes_needed} at {self.name}; a record needs at least one"
                " decision"
            )
        if self.pilot < 0:
            raise DataError(f"pilot is {self.pilot} at {self.name}; give a number of records")
        if self.kappa_min is not None and not -1 <= self.kappa_min <= 1:
            raise DataError(f"kappa_min is {self.kappa_min} at {self.name}; kappa is -1 to 1")
        for name in ("stop_recall", "stop_confidence"):
            if not 0 < getattr(self, name) < 1:
                raise DataError(f"{name} is {getattr(self, name)} at {self.name}; give 0.95 or so")

    def counted(self, verdict: Verdict) -> Verdict:
        """Return what a verdict counts as under the policy on ``maybe``.

        Examples
        --------
        >>> Stage("title_abstract", 2, {}, maybe="include").counted("maybe")
        'include'
        """
        if verdict == "maybe" and self.maybe == "include" and self.name == "title_abstract":
            return "include"
        return verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """One verdict on one record at one stage.

    ``role`` is ``"reviewer"`` for an independent vote; ``"discussion"`` for the vote of the same
    person as it was changed once the votes of all were known (the independent one stays, and
    agreement is counted from it); ``"consensus"`` for the verdict that those in ``present`` came to
    together; ``"adjudicator"`` for the verdict of a third person. ``file`` and ``line`` say where
    it stands; ``date`` is a day or a moment in ISO form.
    """

    record: str
    stage: StageName
    reviewer: str
    verdict: Verdict
    reason: str = ""
    note: str = ""
    date: str = ""
    role: DecisionRole = "reviewer"
    file: str = ""
    line: int = 0
    present: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordState:
    """Where a record stands at a stage, computed from its decisions.

    ``status`` is ``"open"`` (votes missing), ``"conflict"``, ``"included"`` or ``"excluded"``; the
    reason is the main one of an exclusion. ``waiting`` says what an open record or a conflict waits
    for: ``"votes"``; a settlement because the ``"verdicts"`` or the ``"reasons"`` differ or because
    of a ``"maybe"``; or a ``"reason missing"`` at full text.
    """

    record: str
    stage: StageName
    status: Literal["open", "conflict", "included", "excluded"]
    reason: str = ""
    votes: int = 0
    waiting: Waiting = ""


def grouped(decisions: Iterable[Decision]) -> dict[tuple[str, str], list[Decision]]:
    """Return the decisions by record and stage, each in the order given."""
    found: dict[tuple[str, str], list[Decision]] = {}
    for made in decisions:
        key = (made.record, made.stage)
        there = found.get(key)
        if there is None:
            found[key] = [made]
        else:
            there.append(made)
    return found
