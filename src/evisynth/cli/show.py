"""What the commands print for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evisynth.display import format_columns, format_count, format_p, format_percent, plural

if TYPE_CHECKING:
    from evisynth.actions import AnalyzeResult, CheckReport, NewReview, RunSummary, Status

__all__ = ["show_analysis", "show_check", "show_new", "show_run", "show_status"]

MANY = 40
"""Moved values named one by one; more are counted."""


def show_run(summary: RunSummary) -> str:
    """Say what a run built."""
    lines = [
        summary.title,
        f"{plural(summary.records, 'record')}, {plural(summary.studies, 'study', 'studies')}, "
        f"{plural(len(summary.analyses), 'analysis', 'analyses')}",
        "",
    ]
    lines += format_columns(
        [
            [
                line.title,
                f"{line.measure} {line.text}",
                format_p(line.p_value, symbol=True),
                f"I² {format_percent(line.i2)}",
                plural(line.k, "study", "studies"),
            ]
            for line in summary.analyses
        ]
    )
    for line in summary.analyses:
        lines += [f"  {line.title}, {what}: {why}" for what, why in line.not_done.items()]
    lines.append("")
    lines += [f"Note: {warning}" for warning in summary.warnings]
    lines.append(f"Built {plural(len(summary.files), 'file')} in {summary.out}")
    lines += [f"  {path}" for path in summary.documents]
    return "\n".join(lines)


def show_check(report: CheckReport) -> str:
    """Say what a check found."""
    lines = [f"Note: {warning}" for warning in report.warnings]
    if report.ok:
        lines.append(
            f"{report.folder}: fine; {format_count(report.compared)} values of out/results.json "
            "computed anew, none moved."
        )
        return "\n".join(lines)
    count = len(report.findings)
    lines.append(f"{report.folder}: {plural(count, 'finding')}")
    lines += [f"  - {finding}" for finding in report.findings[:MANY]]
    if count > MANY:
        lines.append(f"  ... and {format_count(count - MANY)} more (all of them with --json)")
    return "\n".join(lines)


def _state_words(state: str) -> str:
    return {
        "fresh": "fresh: built from the files that are here now",
        "stale": "stale: the input changed since it was built; evisynth run builds it anew",
        "edited": "edited by hand since it was built; evisynth check names the files",
        "missing": "not built yet; evisynth run builds it",
        "not ours": "was not built by Evisynth",
    }[state]


STAGE_WORDS = {"title_abstract": "Titles and abstracts", "full_text": "Full texts"}


def show_status(status: Status) -> str:
    """Say where a review stands."""
    searched = sum(source.searched for source in status.sources)
    waiting = status.retrieval.waiting
    rows = [
        [
            "Records",
            f"{format_count(status.records)} from {plural(searched, 'source')}, "
            f"{plural(status.duplicates, 'duplicate')}",
        ]
    ]
    for stage in status.stages:
        parts = [
            f"{format_count(stage.included)} included",
            f"{format_count(stage.excluded)} excluded",
        ]
        if stage.conflicts:
            parts.append(plural(stage.conflicts, "conflict"))
        parts.append(f"{format_count(stage.open)} open")
        if len(stage.decisions_by) > 1:
            by = ", ".join(f"{name} {format_count(n)}" for name, n in stage.decisions_by.items())
            parts.append(f"decisions: {by}")
        rows.append([STAGE_WORDS.get(stage.name, stage.name), "; ".join(parts)])
    rows += [
        [
            "Reports",
            f"{format_count(status.retrieval.sought)} sought, "
            f"{format_count(status.retrieval.retrieved)} retrieved, "
            f"{format_count(status.retrieval.not_retrieved)} not retrieved"
            + (f", {format_count(waiting)} waiting" if waiting else ""),
        ],
        ["Studies", format_count(status.studies)],
    ]
    for outcome in status.extraction:
        formats = ", ".join(f"{name} {n}" for name, n in outcome.formats.items())
        text = plural(outcome.studies, "study", "studies")
        rows.append([f"Data, {outcome.label}", f"{text} ({formats})" if formats else "none yet"])
    bias = status.risk_of_bias
    text = (
        f"{plural(bias.assessed, 'result')} assessed of "
        f"{plural(bias.studies_assessed, 'study', 'studies')}; "
        f"{plural(bias.studies_not_assessed, 'study', 'studies')} without"
    )
    rows.append(
        ["Risk of bias", text + (f"; {bias.incomplete} incomplete" if bias.incomplete else "")]
    )
    rows += [
        [
            f"Analysis, {analysis.title}",
            analysis.problem or plural(analysis.k, "study", "studies"),
        ]
        for analysis in status.analyses
    ]
    rows.append(["out/", _state_words(status.out)])
    lines = [status.title, *format_columns(rows)]
    lines += [f"Note: {warning}" for warning in status.warnings]
    return "\n".join(lines)


def show_new(made: NewReview) -> str:
    """Say what was made and what comes next."""
    return "\n".join(
        [
            f"Made {made.folder} with {plural(len(made.files), 'file')}.",
            "Its trials are made up and say so: replace them by your own.",
            "",
            "Next:",
            f"  evisynth run {made.folder}      builds {made.folder / 'out' / 'review.html'}",
            f"  {made.folder / 'review.toml'}   the plan; every key is explained there",
        ]
    )


def show_analysis(result: AnalyzeResult) -> str:
    """Say what came of a table, and where the files are."""
    pictures = [name for name in result.files if name.endswith(".png")]
    shown = [f"  {result.out / name}" for name in (*pictures, "summary.txt", "results.json")]
    return "\n".join(
        [result.summary, "", f"Written {plural(len(result.files), 'file')} to {result.out}", *shown]
    )
