"""What the certainty of each outcome rests on, and the questions that people must answer."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evisynth.actions.progress import Progress
from evisynth.actions.run import compute
from evisynth.errors import InputError, Problem

if TYPE_CHECKING:
    from evisynth.certainty import Domain, Finding

__all__ = ["Grading", "grade_review"]


@dataclass(frozen=True, slots=True)
class Grading:
    """What was found for the certainty of a review's outcomes.

    Attributes
    ----------
    folder : Path
        The review.
    findings : tuple of Finding
        Rows of the summary of findings: facts, proposals, ratings, and which of them are stale.
    written : tuple of (str, Domain)
        Analysis and domain of the questions written into the file of ratings.
    """

    folder: Path
    findings: tuple[Finding, ...]
    written: tuple[tuple[str, Domain], ...] = ()


def grade_review(
    folder: Path | str, *, write: bool = False, progress: Progress | None = None
) -> Grading:
    """Compute what the rating of the certainty rests on; nothing is decided.

    Parameters
    ----------
    folder
        Folder of the review.
    write
        Whether to add a row to ``grade/ratings.csv`` for each domain that nobody has decided on:
        without levels, with the fingerprint of the result as it is. Rows that are there stay.
    progress
        Called with what is being done and how far it is, in percent.

    Returns
    -------
    Grading

    Raises
    ------
    InputError
        When the folder holds something that cannot be used, or the plan has no summary of findings.

    Examples
    --------
    >>> found = grade_review("examples/digital-interventions-cancer")
    >>> [finding.rating.level for finding in found.findings if finding.rating]
    ['Very low', 'Low']
    """
    from evisynth.review import findings_of, read_review

    folder = Path(folder)
    review = read_review(folder)
    if not review.summary_of_findings:
        raise InputError(
            Problem(
                "review.toml",
                "",
                "the plan has no [[summary_of_findings]], so that there is nothing to rate",
                hint='Write one for each outcome: [[summary_of_findings]] and analysis = "its id"; '
                "the keys are in docs/review-folder.md",
            )
        )
    found = findings_of(review, compute(review, progress))
    written = _ask(folder, found) if write else ()
    return Grading(folder, found, written)


def _ask(folder: Path, found: tuple[Finding, ...]) -> tuple[tuple[str, Domain], ...]:
    """Add a row without levels for each domain that has none in the file."""
    from evisynth.certainty import DOWN, RATINGS_COLUMNS, UP
    from evisynth.review import RATINGS_FILE

    path = folder / RATINGS_FILE
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    rows = list(csv.reader(io.StringIO(text)))
    header = [name.strip().lstrip("\ufeff") for name in rows[0]] if rows else list(RATINGS_COLUMNS)
    there = {
        (row[header.index("analysis")], row[header.index("domain")])
        for row in rows[1:]
        if len(row) >= len(header)
    }
    asked: list[tuple[str, Domain]] = []
    added = io.StringIO()
    writer = csv.writer(added, lineterminator="\n")
    if not rows:
        writer.writerow(header)
    for finding in found:
        if finding.result is None:
            continue
        analysis = finding.plan.analysis
        for domain in (*DOWN, *(UP if finding.plan.design == "non-randomized" else ())):
            if (analysis, domain) in there:
                continue
            cells = {
                "analysis": analysis,
                "domain": domain,
                "fingerprint": finding.fingerprint,
                "result": finding.result_words,
            }
            writer.writerow([cells.get(name, "") for name in header])
            asked.append((analysis, domain))
    if asked:
        start = f"{text}\n" if text and not text.endswith("\n") else text
        path.parent.mkdir(exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_text(start + added.getvalue(), encoding="utf-8", newline="")
        new.replace(path)
    return tuple(asked)
