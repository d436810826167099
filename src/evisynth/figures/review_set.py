"""The figures of a review, in the order of its document, with captions made of the results."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from evisynth.display import format_p, format_percent, plural
from evisynth.figures.bars import field_bars
from evisynth.figures.figure import Figure
from evisynth.figures.flow import flow_diagram
from evisynth.figures.forest import forest
from evisynth.figures.funnel import funnel
from evisynth.figures.profiles import Profile
from evisynth.figures.profiles import profile as look_of
from evisynth.figures.risk_of_bias import summary, traffic_light
from evisynth.figures.shown import digits_of, limits_text, lower_first, measure, pooled_text

if TYPE_CHECKING:
    from evisynth.analysis import AnalysisResult, SubgroupPlan
    from evisynth.appraisal import Assessment
    from evisynth.review import Review
    from evisynth.synthesis import PooledFit, SubgroupAnalysis

__all__ = ["ReviewFigure", "review_figures"]

LEAST_FOR_FUNNEL = 3
"""Studies below which a funnel plot shows nothing."""


@dataclass(frozen=True, slots=True)
class ReviewFigure:
    """A figure in its place in the review.

    Attributes
    ----------
    id : str
        Name of its files, e.g. ``"figure-05-forest-anxiety"``.
    number : str
        Number printed: ``"1"``, ``"2a"``, ``"S1"`` (supplementary).
    title, caption : str
        Title (a sentence without verb) and what a reader must know beside it, with the numbers.
    figure : Figure
        The figure.
    section : str
        Part of the document that it belongs to: ``"flow"``, ``"risk-of-bias"``,
        ``"characteristics"``, or ``"funnel-ID"``, ``"forest-ID"``, ``"subgroups-ID"``,
        ``"sensitivity-ID"`` with the id of the main analysis.
    """

    id: str
    number: str
    title: str
    caption: str
    figure: Figure
    section: str


@dataclass(slots=True)
class _Numbers:
    """Counts figures of the article and of its supplement, and gives each the review's look."""

    look: Profile
    article: int = 0
    supplement: int = 0
    made: list[ReviewFigure] = field(default_factory=list)

    def add(
        self,
        name: str,
        title: str,
        caption: str,
        figure: Figure,
        section: str,
        *,
        supplementary: bool = False,
    ) -> None:
        """Give the next number to a figure."""
        if supplementary:
            self.supplement += 1
            number = short = f"S{self.supplement}"
        else:
            self.article += 1
            number, short = str(self.article), f"{self.article:02d}"
        self._put(f"figure-{short}-{name}", number, title, caption, figure, section)

    def add_parts(self, section: str, parts: Sequence[tuple[str, str, str, Figure]]) -> None:
        """Give one number to several figures, told apart by letters."""
        self.article += 1
        for letter, (name, title, caption, figure) in zip("abcdefgh", parts, strict=False):
            end = letter if len(parts) > 1 else ""
            self._put(
                f"figure-{self.article:02d}{end}-{name}",
                f"{self.article}{end}",
                title,
                caption,
                figure,
                section,
            )

    def _put(
        self, name: str, number: str, title: str, caption: str, figure: Figure, section: str
    ) -> None:
        figure = replace(_in_look(figure, self.look), title=f"Figure {number}. {title}")
        self.made.append(ReviewFigure(name, number, f"{title}.", caption, figure, section))


def review_figures(review: Review, results: Sequence[AnalysisResult]) -> tuple[ReviewFigure, ...]:
    """Make all figures of a review.

    In order: the flow diagram; risk of bias (by domain, and the summary); for each main analysis
    its funnel plot before and after trim and fill, then its forest plots, then those by each
    subgroup; in the supplement, bars of the studies by each category that no subgroup analysis
    uses, and forest plots of the sensitivity analyses. What the review does not have gives no
    figure: one without records has no flow diagram, one without analyses no plots.

    Parameters
    ----------
    review
        The review.
    results
        What its analyses came to, in the order of the plan.

    Returns
    -------
    tuple of ReviewFigure
        In the order of their numbers, the supplement last.
    """
    numbers = _Numbers(look_of(review.figure_options.profile))
    if review.flow.records_found or review.decisions:
        caption = _flow_caption(review)
        figure = flow_diagram(review.flow)
        numbers.add("flow", "PRISMA 2020 flow diagram", caption, figure, "flow")
    if review.protocol.rob_instrument and review.studies:
        numbers.add_parts("risk-of-bias", list(_risk_of_bias(review)))
    main = _main(results)
    for result in main:
        if result.fit.k >= LEAST_FOR_FUNNEL:
            _add_funnel(numbers, result)
    rated = _rated(review, results)
    for result in main:
        _add_forest(numbers, review, result, rated.get(result.plan.id))
    for result in main:
        for by, analysis in result.subgroups.items():
            _add_subgroups(numbers, result, by, analysis)
    _add_characteristics(numbers, review)
    for result in main:
        _add_sensitivity(numbers, review, result, results)
    return tuple(numbers.made)


def _in_look(figure: Figure, look: Profile) -> Figure:
    """Return a figure as a journal prints it: no wider than its page."""
    if figure.profile or look.natural:
        return figure
    return figure.in_profile(look.name)


def _main(results: Sequence[AnalysisResult]) -> list[AnalysisResult]:
    """Return main analyses, and sensitivity analyses whose main one is not there."""
    ids = {result.plan.id for result in results}
    return [
        result
        for result in results
        if result.plan.role == "main" or result.plan.sensitivity_of not in ids
    ]


def _slug(text: str) -> str:
    return re.sub(r"[^\w]+", "-", text.casefold().replace("_", "-")).strip("-") or "figure"


# ---- numbers in words -------------------------------------------------------------------------


def _studies(fit: PooledFit) -> str:
    return plural(fit.k, "study", "studies")


def _model(fit: PooledFit) -> str:
    return "random-effects model" if fit.options.model == "random" else "equal-effects model"


def _result_sentence(fit: PooledFit) -> str:
    pooled = pooled_text(fit, digits_of(fit.effects))
    text = f"{_studies(fit)}; pooled {measure(fit)} {pooled}, {_model(fit)}"
    if fit.k > 1:
        text += f"; I² = {format_percent(fit.i2)}"
    if math.isfinite(fit.prediction_lower):
        limits = limits_text(
            fit.effects.scale, fit.prediction_lower, fit.prediction_upper, digits_of(fit.effects)
        )
        text += f"; prediction interval {limits}"
    return f"{text}."


def _test_sentence(analysis: SubgroupAnalysis) -> str:
    test = analysis.test
    if not math.isfinite(test.statistic):
        return "Test for subgroup differences: not applicable."
    p = format_p(test.p_value, symbol=True)
    kind = "one tau² for all" if analysis.tau2 == "common" else "a separate tau² in each"
    return f"Test for subgroup differences ({kind}): {p}."


# ---- the figures ------------------------------------------------------------------------------


def _flow_caption(review: Review) -> str:
    flow = review.flow
    return (
        f"{plural(flow.records_found, 'record')} identified, "
        f"{plural(flow.records_screened, 'record')} screened, "
        f"{plural(flow.reports_assessed, 'report')} assessed in full text, "
        f"{plural(flow.studies_included, 'study', 'studies')} included."
    )


def _risk_of_bias(review: Review) -> Iterator[tuple[str, str, str, Figure]]:
    studies = [study.id for study in review.studies]
    outcomes = {outcome.id: outcome.label for outcome in review.protocol.outcomes}
    instrument = review.protocol.rob_instrument
    assessed = {made.study for made in review.assessments}
    left = [study for study in studies if study not in assessed]
    caption = f"{plural(len(studies) - len(left), 'study', 'studies')} assessed"
    caption += f"; {_left(len(left))}." if left else "."
    lights = traffic_light(
        review.assessments,
        studies=studies,
        outcomes=outcomes,
        instrument=instrument,
        published=review.published_judgements,
    )
    yield "risk-of-bias", "Risk of bias by domain", caption, lights
    if assessed:
        bars = summary(
            review.assessments, studies=studies, outcomes=outcomes, instrument=instrument
        )
        title = "Risk of bias, share of each judgement"
        yield "risk-of-bias-summary", title, "Every result counts once.", bars


def _left(count: int) -> str:
    """Return how many studies were not assessed."""
    verb = "was" if count == 1 else "were"
    return f"{plural(count, 'study', 'studies')} {verb} not assessed"


def _add_funnel(numbers: _Numbers, result: AnalysisResult) -> None:
    fit, filled = result.fit, result.trim_and_fill
    title = f"Funnel plot of {lower_first(result.plan.title)}"
    caption = f"{_studies(fit)}; pooled {measure(fit)} {pooled_text(fit, digits_of(fit.effects))}."
    if filled is not None:
        title += " before and after trim and fill"
        if filled.k0:
            caption += (
                f" Trim and fill ({filled.estimator}) added "
                f"{plural(filled.k0, 'study', 'studies')} on the {filled.side} (hollow): "
                f"{pooled_text(filled.filled, digits_of(fit.effects))}."
            )
        else:
            caption += f" Trim and fill ({filled.estimator}) added no study."
    caption += " Shaded: P values about no effect."
    plot = funnel(fit, trim_and_fill=filled)
    name = f"funnel-{_slug(result.plan.id)}"
    numbers.add(name, title, caption, plot, f"funnel-{result.plan.id}")


def _assessments(review: Review, result: AnalysisResult) -> list[Assessment]:
    """Return the assessment that holds for each study of a result."""
    from evisynth.appraisal import assessment_for

    found = (
        assessment_for(review.assessments, study, result.outcome.id)
        for study in result.fit.effects.labels
    )
    made = [one for one in found if one is not None]
    instrument = review.protocol.rob_instrument
    return [one for one in made if one.instrument == instrument]


def _rated(review: Review, results: Sequence[AnalysisResult]) -> dict[str, str]:
    """Return the certainty by id of the analysis, where all of it is rated, and for this result."""
    if not (review.ratings and review.summary_of_findings):
        return {}
    from evisynth.review import findings_of

    return {
        row.result.plan.id: row.rating.level
        for row in findings_of(review, results)
        if row.result is not None and row.rating is not None
        if row.rating.is_complete and not row.stale
    }


def _add_forest(
    numbers: _Numbers, review: Review, result: AnalysisResult, certainty: str | None
) -> None:
    plot = forest(
        result,
        risk_of_bias=_assessments(review, result) or None,
        certainty=certainty,
        profile=numbers.look,
    )
    name = f"forest-{_slug(result.plan.id)}"
    title = f"Forest plot of {lower_first(result.plan.title)}"
    if result.by_format is not None:
        title += " by format of data"
    section = f"forest-{result.plan.id}"
    numbers.add(name, title, _result_sentence(result.fit), plot, section)


def _add_subgroups(
    numbers: _Numbers, result: AnalysisResult, by: str, analysis: SubgroupAnalysis
) -> None:
    label = _label(result.plan.subgroups, by)
    plot = forest(
        analysis,
        favours=result.plan.favours,
        lower_is_better=result.outcome.lower_is_better,
        by_label=label,
        profile=numbers.look,
    )
    digits = digits_of(result.fit.effects)
    parts = "; ".join(
        f"{group.level} {pooled_text(group.fit, digits)}, {_studies(group.fit)}"
        for group in analysis.groups
    )
    caption = f"{result.fit.effects.scale.label}: {parts}. "
    caption += _test_sentence(analysis)
    if analysis.not_coded:
        caption += f" {plural(len(analysis.not_coded), 'study', 'studies')} not coded."
    numbers.add(
        f"forest-{_slug(result.plan.id)}-{_slug(by)}",
        f"Forest plot of {lower_first(result.plan.title)} by {lower_first(label)}",
        caption,
        plot,
        f"subgroups-{result.plan.id}",
    )


def _label(plans: Iterable[SubgroupPlan], by: str) -> str:
    return next((plan.label for plan in plans if plan.by == by and plan.label), by)


def _add_characteristics(numbers: _Numbers, review: Review) -> None:
    used = {plan.by for analysis in review.protocol.analyses for plan in analysis.subgroups}
    for known in review.protocol.fields:
        if known.type not in ("category", "categories") or known.name in used or not review.studies:
            continue
        caption = plural(len(review.studies), "study", "studies")
        if known.type == "categories":
            caption += "; a study may count in several rows"
        numbers.add(
            _slug(known.name),
            f"Studies by {lower_first(known.label)}",
            f"{caption}.",
            field_bars(review.studies, known),
            "characteristics",
            supplementary=True,
        )


def _add_sensitivity(
    numbers: _Numbers,
    review: Review,
    result: AnalysisResult,
    results: Sequence[AnalysisResult],
) -> None:
    section = f"sensitivity-{result.plan.id}"
    without = result.without_outliers
    if without is not None and without.fit is not None:
        plot = forest(
            without.fit,
            favours=result.plan.favours,
            lower_is_better=result.outcome.lower_is_better,
            profile=numbers.look,
        )
        numbers.add(
            f"forest-{_slug(result.plan.id)}-without-outliers",
            f"Forest plot of {lower_first(result.plan.title)} without outliers",
            f"Left out: {', '.join(without.left_out)}. {_result_sentence(without.fit)}",
            plot,
            section,
            supplementary=True,
        )
    for other in results:
        if other.plan.role == "sensitivity" and other.plan.sensitivity_of == result.plan.id:
            numbers.add(
                f"forest-{_slug(other.plan.id)}",
                f"Forest plot of the sensitivity analysis: {lower_first(other.plan.title)}",
                _result_sentence(other.fit),
                forest(
                    other,
                    risk_of_bias=_assessments(review, other) or None,
                    profile=numbers.look,
                ),
                section,
                supplementary=True,
            )
