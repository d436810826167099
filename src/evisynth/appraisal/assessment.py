"""Assessments of risk of bias: answers, what the algorithm proposes, what people decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Assessment", "DomainJudgement", "Judgement", "PublishedJudgement"]

Judgement = Literal["low", "some concerns", "high", "incomplete", "not assessed"]
"""``incomplete``: questions that apply are not answered; ``not assessed``: nobody has looked."""


@dataclass(frozen=True, slots=True)
class DomainJudgement:
    """One domain of one assessment.

    Attributes
    ----------
    domain : str
        Domain id of the instrument, e.g. ``"D1"``, or ``"overall"``.
    proposed : Judgement
        What the algorithm makes of the answers.
    final : Judgement
        What the assessors decided; equal to `proposed` unless they overrode it.
    overridden : bool
        Whether the two differ by decision; also where the proposal is ``"incomplete"``. False where
        nothing was proposed, because no answers were recorded.
    reason : str
        Reason given for an override; ``""`` if none was recorded.
    missing : tuple of str
        Questions that apply and have no answer.
    """

    domain: str
    proposed: Judgement
    final: Judgement
    overridden: bool = False
    reason: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """Risk of bias in one result, by one instrument.

    Attributes
    ----------
    study : str
        Study id.
    outcome : str
        The result assessed: an outcome id, or ``""`` when it was given for the study's results
        together.
    instrument : str
        Instrument id, e.g. ``"rob2-parallel-assignment"``.
    answers : dict of str to str
        Answer (Y, PY, PN, N, NI, NA) by question id; unanswered questions are absent.
    domains : tuple of DomainJudgement
        In the instrument's order, without the overall one.
    overall : DomainJudgement
        Overall judgement.
    assessor : str
        Who, or ``"consensus"``.
    file, line : str, int
        Where it stands.
    flags : tuple of str
        What a reader should know, e.g. an overall judgement below the worst domain.
    """

    study: str
    outcome: str
    instrument: str
    answers: dict[str, str]
    domains: tuple[DomainJudgement, ...]
    overall: DomainJudgement
    assessor: str = ""
    file: str = ""
    line: int = 0
    flags: tuple[str, ...] = ()

    def judgement(self, domain: str = "overall") -> Judgement:
        """Return the final judgement of a domain; ``"not assessed"`` if there is no such domain."""
        for entry in (*self.domains, self.overall):
            if entry.domain == domain:
                return entry.final
        return "not assessed"


@dataclass(frozen=True, slots=True)
class PublishedJudgement:
    """A judgement that others published, by another tool; shown apart from our own."""

    study: str
    outcome: str
    tool: str
    judgement: str
    source: str
    note: str = ""
    extra: dict[str, str] = field(default_factory=dict)
