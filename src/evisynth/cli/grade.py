"""The command ``grade``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evisynth.cli.folder import FolderArgument
from evisynth.cli.options import DebugOption, JsonOption, QuietOption
from evisynth.cli.shell import Shell

if TYPE_CHECKING:
    from evisynth.actions import Grading
    from evisynth.certainty import Finding

__all__ = ["grade"]


def grade(
    folder: FolderArgument = Path(),
    write: Annotated[
        bool,
        typer.Option(
            "--write",
            help="Add a row to grade/ratings.csv for each domain that nobody has decided on.",
        ),
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Show what the certainty of each outcome rests on (GRADE), and what is left to be judged.

    Facts and proposals are computed; people decide, in grade/ratings.csv, with a reason.

    Example:  evisynth grade my-review --write
    """
    from evisynth.actions import grade_review

    shell = Shell("grade", as_json, quiet)
    with shell.progress() as progress:
        made = grade_review(folder, write=write, progress=progress)
    shell.answer(
        {
            "folder": made.folder,
            "outcomes": [_content(finding) for finding in made.findings],
            "written": [
                {"analysis": analysis, "domain": domain} for analysis, domain in made.written
            ],
        },
        lambda: _shown(made),
    )


def _content(finding: Finding) -> dict[str, Any]:
    evidence, rating = finding.evidence, finding.rating
    return {
        "label": finding.label,
        "analysis": finding.plan.analysis,
        "result": finding.result_words,
        "fingerprint": finding.fingerprint,
        "certainty": rating.level if rating is not None and rating.is_complete else "",
        "stale": [stale.message for stale in finding.stale],
        "statement": finding.statement(),
        "domains": []
        if evidence is None
        else [
            {
                "domain": domain.domain,
                "proposed": domain.proposal.levels,
                "because": domain.proposal.reason,
                "rated": None
                if rating is None or rating.step(domain.domain) is None
                else rating.levels(domain.domain),
                "facts": [
                    {"name": fact.name, "value": fact.value, "words": fact.words}
                    for fact in domain.facts
                ],
            }
            for domain in evidence.domains
        ],
    }


def _shown(made: Grading) -> str:
    parts = []
    for finding in made.findings:
        if finding.evidence is None:
            parts.append(f"{finding.label}: no data")
            continue
        lines = [str(finding.evidence), "", f"Result: {finding.result_words}"]
        lines.append(f"Fingerprint for grade/ratings.csv: {finding.fingerprint}")
        lines.append(str(finding.rating) if finding.rating is not None else "Not rated yet")
        lines += [f"OUT OF DATE: {stale.message}" for stale in finding.stale]
        lines.append(finding.statement())
        parts.append("\n".join(lines))
    if made.written:
        parts.append(
            f"{len(made.written)} questions were written into grade/ratings.csv: fill in levels, "
            "reason, by and date."
        )
    return "\n\n\n".join(parts)
