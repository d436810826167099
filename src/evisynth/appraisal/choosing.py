"""Which judgement belongs to a result."""

from __future__ import annotations

from collections.abc import Iterable

from evisynth.appraisal.assessment import Assessment, Judgement

__all__ = ["CONSENSUS", "assessment_for", "judgement_for"]

CONSENSUS = "consensus"
"""The assessor's name for what several assessors agreed on."""


def assessment_for(
    assessments: Iterable[Assessment], study: str, outcome: str = ""
) -> Assessment | None:
    """Return the assessment that holds for a result.

    The one of the result itself comes first, then the one given for the study's results together.
    Of several assessors the consensus counts; without one, the first counts if all judge alike.

    Parameters
    ----------
    assessments
        All there are.
    study, outcome
        Ids; ``outcome=""`` asks for the study's results together.

    Returns
    -------
    Assessment or None
        None if there is none, or if assessors differ and have no consensus.

    Examples
    --------
    >>> assessment_for([], "Zhu 2018", "anxiety") is None
    True
    """
    return _settle(_candidates(assessments, study, outcome))


def judgement_for(
    assessments: Iterable[Assessment], study: str, outcome: str = "", domain: str = "overall"
) -> Judgement:
    """Return the final judgement that holds for a result.

    Parameters
    ----------
    assessments, study, outcome
        As for `assessment_for`.
    domain
        Domain id, or ``"overall"``.

    Returns
    -------
    Judgement
        ``"not assessed"`` if nobody assessed it; ``"incomplete"`` while assessors differ.

    Examples
    --------
    >>> judgement_for([], "Zhu 2018", "anxiety")
    'not assessed'
    """
    found = _candidates(assessments, study, outcome)
    settled = _settle(found)
    if settled is not None:
        return settled.judgement(domain)
    return "incomplete" if found else "not assessed"


def _candidates(assessments: Iterable[Assessment], study: str, outcome: str) -> list[Assessment]:
    of_study = [made for made in assessments if made.study == study]
    of_result = [made for made in of_study if made.outcome == outcome]
    return of_result or [made for made in of_study if not made.outcome]


def _settle(found: list[Assessment]) -> Assessment | None:
    agreed = [made for made in found if made.assessor.casefold() == CONSENSUS]
    if agreed:
        return agreed[0]
    finals = {
        tuple((entry.domain, entry.final) for entry in (*made.domains, made.overall))
        for made in found
    }
    return found[0] if len(finals) == 1 else None
