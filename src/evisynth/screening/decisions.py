"""Decisions of reviewers and the states computed from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Decision", "RecordState", "Stage", "StageName", "Verdict"]

StageName = Literal["title_abstract", "full_text"]
Verdict = Literal["include", "exclude", "maybe"]


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
    """

    name: StageName
    votes_needed: int
    reasons: dict[str, str]


@dataclass(frozen=True, slots=True)
class Decision:
    """One reviewer's verdict on one record at one stage.

    ``role`` is ``"adjudicator"`` for the verdict that settles a conflict. ``file`` and ``line`` say
    where it stands.
    """

    record: str
    stage: StageName
    reviewer: str
    verdict: Verdict
    reason: str = ""
    note: str = ""
    date: str = ""
    role: Literal["reviewer", "adjudicator"] = "reviewer"
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class RecordState:
    """Where a record stands at a stage, computed from its decisions.

    ``status`` is ``"open"`` (votes missing), ``"conflict"``, ``"included"`` or ``"excluded"``; the
    reason is the main one of an exclusion.
    """

    record: str
    stage: StageName
    status: Literal["open", "conflict", "included", "excluded"]
    reason: str = ""
    votes: int = 0
