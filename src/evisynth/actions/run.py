"""Run a review: from its folder to the document, figures, tables and numbers in ``out/``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from evisynth.actions.output import MANIFEST, building, locked, read_manifest
from evisynth.actions.progress import Progress, part_of
from evisynth.display import format_estimate
from evisynth.errors import OptionError

if TYPE_CHECKING:
    from evisynth.analysis import AnalysisResult
    from evisynth.figures import ReviewFigure
    from evisynth.review import FigureLook, Review

__all__ = ["FORMATS", "AnalysisLine", "RunSummary", "run_review"]

DocumentFormat = Literal["html", "docx", "pdf"]
FORMATS: tuple[DocumentFormat, ...] = ("html", "docx", "pdf")
"""Formats of the document."""

OUT = "out"
WORK = ".evisynth"


@dataclass(frozen=True, slots=True)
class AnalysisLine:
    """One analysis in a line: what was pooled and what came of it.

    Attributes
    ----------
    id, title, role : str
        As in the plan.
    measure : str
        Short name of the effect measure.
    k : int
        Studies pooled.
    estimate, ci_lower, ci_upper, p_value : float
        Pooled effect with its limits, on the scale shown (ratios, not their logarithms), and the P
        value of the test of no effect.
    i2 : float
        Inconsistency in percent.
    text : str
        Estimate and interval as they are shown.
    not_done : dict of str to str
        What was planned and could not be computed, with the reason.
    """

    id: str
    title: str
    role: str
    measure: str
    k: int
    estimate: float
    ci_lower: float
    ci_upper: float
    p_value: float
    i2: float
    text: str
    not_done: dict[str, str]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run built.

    Attributes
    ----------
    folder, out : Path
        The review and its folder of things built.
    title : str
        Title of the review.
    documents : tuple of Path
        The document in each format.
    files : tuple of str
        Everything in ``out``, relative to it.
    records, studies : int
        Records identified and studies included.
    analyses : tuple of AnalysisLine
        One a planned analysis, in the plan's order.
    warnings : tuple of str
        What the person should look at.
    """

    folder: Path
    out: Path
    title: str
    documents: tuple[Path, ...]
    files: tuple[str, ...]
    records: int
    studies: int
    analyses: tuple[AnalysisLine, ...]
    warnings: tuple[str, ...]


def analysis_line(result: AnalysisResult) -> AnalysisLine:
    """Put a result into a line."""
    fit = result.fit
    shown = fit.effects.scale.shown
    estimate, lower, upper = shown(fit.estimate), shown(fit.ci_lower), shown(fit.ci_upper)
    return AnalysisLine(
        id=result.plan.id,
        title=result.plan.title,
        role=result.plan.role,
        measure=fit.effects.scale.short,
        k=fit.k,
        estimate=estimate,
        ci_lower=lower,
        ci_upper=upper,
        p_value=fit.p_value,
        i2=fit.i2,
        text=format_estimate(estimate, lower, upper),
        not_done=dict(result.not_done),
    )


def compute(review: Review, progress: Progress | None = None) -> tuple[AnalysisResult, ...]:
    """Run the analyses that a review plans; none where there are no outcome data yet."""
    from evisynth.analysis import run_analyses

    if not review.outcome_rows:
        return ()
    return run_analyses(
        review.protocol.analyses,
        outcomes=review.protocol.outcomes,
        rows=review.outcome_rows,
        studies=review.studies,
        progress=progress,
    )


def _check_formats(formats: Sequence[str]) -> tuple[DocumentFormat, ...]:
    for name in formats:
        if name not in FORMATS:
            raise OptionError("format", name, FORMATS)
    return tuple(name for name in FORMATS if name in formats)


def _frozen_first(folder: Path) -> tuple[str, ...]:
    """Write what the embedded database has and the folder has not, and say so."""
    from evisynth.storage import embedded_head

    if embedded_head(folder) is None:
        return ()
    from evisynth.actions.freeze import freeze_review
    from evisynth.actions.history_check import check_history

    ahead = check_history(folder).ahead
    if not ahead:
        return ()
    freeze_review(folder)
    what = "entry" if ahead == 1 else "entries"
    return (f"{ahead} {what} of the database were written into the folder first (evisynth freeze)",)


def _with_look(review: Review, name: str) -> Review:
    """Return the review with another look of its figures."""
    from evisynth.figures import PROFILES

    if name not in PROFILES:
        raise OptionError("figures", name, PROFILES)
    look = cast("FigureLook", name)
    return replace(review, figure_options=replace(review.figure_options, profile=look))


def _of_figures(made: Sequence[ReviewFigure]) -> tuple[str, ...]:
    """Return what a person must know of the figures: missing fonts, rules of the look not kept."""
    from evisynth.figures import check_profile

    told: list[str] = []
    for each in made:
        told.extend(each.figure.missing_scripts())
        if each.figure.profile not in ("", "cochrane"):
            told.extend(
                f"Figure {each.number} ({each.figure.profile}), {found.rule}: {found.message}"
                for found in check_profile(each.figure, each.figure.profile).violations
                if found.rule != "script"
            )
    return tuple(dict.fromkeys(told))


def run_review(
    folder: Path | str,
    *,
    formats: Sequence[str] = FORMATS,
    figures: str | None = None,
    progress: Progress | None = None,
) -> RunSummary:
    """Build ``out/`` of a review: document, figures, tables and results.

    Everything is built beside ``out/`` and put in its place when all of it is there: with input
    that cannot be used, the old ``out/`` stays as it was. The same input gives the same bytes.

    Parameters
    ----------
    folder
        Folder of the review, with ``review.toml``.
    formats
        Formats of the document: any of ``"html"``, ``"docx"``, ``"pdf"``.
    figures
        Look of the figures, one of `evisynth.figures.PROFILES`; None for that of the plan.
    progress
        Called with what is being done and how far it is, in percent.

    Returns
    -------
    RunSummary
        What was built.

    Raises
    ------
    InputError
        When the folder holds something that cannot be used (every problem is named), another run is
        at work in it, or ``out/`` holds files that Evisynth did not write.
    OptionError
        When a format is not known.
    SetupError
        When this machine lacks a library that a format needs.

    Examples
    --------
    >>> import tempfile
    >>> from evisynth.actions import new_review, run_review
    >>> place = tempfile.TemporaryDirectory()
    >>> folder = Path(place.name) / "my-review"
    >>> _ = new_review(folder, title="My review")
    >>> summary = run_review(folder, formats=["html"])
    >>> [path.name for path in summary.documents]
    ['review.html']
    >>> place.cleanup()
    """
    folder, wanted = Path(folder), _check_formats(formats)
    from evisynth.figures import review_figures
    from evisynth.reporting import build_outputs
    from evisynth.review import read_review

    if progress is not None:
        progress("Reading the review", 0, 100)
    frozen = _frozen_first(folder)
    review = read_review(folder)
    if figures is not None:
        review = _with_look(review, figures)
    results = compute(review, part_of(progress, 5, 20))
    with (
        locked(folder / WORK, f"{WORK}/run.lock"),
        building(folder / OUT, inputs=review.fingerprint, work=folder / WORK) as place,
    ):
        if progress is not None:
            progress("Figures", 20, 100)
        made = review_figures(review, results)
        build_outputs(
            review,
            results,
            made,
            place,
            progress=part_of(progress, 30, 99),
            formats=wanted,
            kept=folder / WORK / "drawings",
        )
    if progress is not None:
        progress("Done", 100, 100)
    out = folder / OUT
    manifest = read_manifest(out)
    names = (*manifest.files, MANIFEST) if manifest else ()
    return RunSummary(
        folder=folder,
        out=out,
        title=review.title,
        documents=tuple(out / f"review.{name}" for name in wanted),
        files=tuple(sorted(names)),
        records=review.flow.records_found,
        studies=len(review.studies),
        analyses=tuple(analysis_line(result) for result in results),
        warnings=(*frozen, *review.warnings, *review.flow.problems, *_of_figures(made)),
    )
