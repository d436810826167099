"""The audit of a file of Review Manager 5."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from evisynth.exchange.audit.recomputing import Allowed, audit_outcome
from evisynth.exchange.audit.values import TOLERANCE, Audit
from evisynth.exchange.revman.reading import read_rm5

if TYPE_CHECKING:
    from evisynth.exchange.revman.values import RevManReview

__all__ = ["audit_package", "audit_revman_review", "audit_rm5"]

WEB_ROUNDING = 5.1e-7
"""Half a unit of the sixth decimal."""


def audit_rm5(path: Path | str, *, tolerance: float = TOLERANCE) -> Audit:
    """Compute every stored result of a RevMan 5 file anew, and look at its data.

    Parameters
    ----------
    path
        The file.
    tolerance
        Relative difference that counts as equal.

    Raises
    ------
    InputError
        The file cannot be used.
    """
    return audit_revman_review(read_rm5(path), tolerance=tolerance)


def audit_package(path: Path | str, *, tolerance: float = TOLERANCE) -> Audit:
    """Audit a data package of RevMan Web: a zip file or a folder; see `audit_rm5`.

    Raises
    ------
    InputError
        The package cannot be used.
    """
    from evisynth.exchange.revman.web import read_package

    return audit_revman_review(read_package(path), tolerance=tolerance)


def audit_revman_review(review: RevManReview, *, tolerance: float = TOLERANCE) -> Audit:
    """Audit a review that was read already; see `audit_rm5`.

    Numbers of a package of RevMan Web are rounded to six decimals (I² to five): that is allowed.
    """
    from evisynth.exchange.audit.revman_checks import check_revman

    web = review.program == "Web"
    allowed = Allowed(tolerance, WEB_ROUNDING if web else 0.0)
    parts = [
        audit_outcome(comparison, outcome, allowed) for comparison, outcome in review.outcomes()
    ]
    outcomes = [outcome for _, outcome in review.outcomes()]
    results = tuple(result for part in parts for result in part.results)
    return Audit(
        source=review.file,
        kind="revman",
        title=review.title,
        program="RevMan Web" if web else f"Review Manager {review.program}".strip(),
        results=results,
        without_result=tuple(item for part in parts for item in part.without_result),
        rows=tuple(row for part in parts for row in part.rows),
        rows_compared=sum(part.rows_compared for part in parts),
        remarks=check_revman(review, results),
        problems=review.problems,
        not_read=tuple((item.path, item.count, item.characters) for item in review.not_read),
        facts={
            "comparisons": len(review.comparisons),
            "outcomes": len(outcomes),
            "subgroups": sum(len(outcome.subgroups) for outcome in outcomes),
            "data_rows": sum(len(outcome.all_rows) for outcome in outcomes),
            "studies": len({row.study_id for outcome in outcomes for row in outcome.all_rows}),
            "risk_of_bias_items": len(review.quality_items),
        },
        tolerance=tolerance,
    )
