"""The summary of findings of a review, computed from its results."""

from __future__ import annotations

from collections.abc import Sequence

from evisynth.analysis import AnalysisResult
from evisynth.certainty import Finding, summarize
from evisynth.review.review import Review

__all__ = ["findings_of"]


def findings_of(review: Review, results: Sequence[AnalysisResult]) -> tuple[Finding, ...]:
    """Compute the rows of a review's summary of findings.

    Parameters
    ----------
    review
        The review.
    results
        Results of its analyses.

    Returns
    -------
    tuple of Finding
        In the plan's order; empty where the plan has no summary of findings.
    """
    return summarize(
        review.summary_of_findings,
        results,
        outcomes=review.protocol.outcomes,
        assessments=review.assessments,
        steps=review.ratings,
        instrument=review.protocol.rob_instrument,
    )
