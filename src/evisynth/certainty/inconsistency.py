"""Inconsistency: heterogeneity, the prediction interval, how far the intervals overlap."""

from __future__ import annotations

import math

import numpy as np

from evisynth.certainty.case import Case
from evisynth.certainty.facts import DomainEvidence, Fact, Proposal
from evisynth.display import format_level, format_number, format_p, format_percent

__all__ = ["inconsistency", "share_of_overlaps"]

SOURCE = "Guyatt et al. 2023, doi:10.1016/j.jclinepi.2023.03.003"
I2_SOURCE = "Higgins et al. 2002, doi:10.1002/sim.1186"
PREDICTION_SOURCE = "IntHout et al. 2016, doi:10.1136/bmjopen-2015-010247"
LITTLE = 40.0
"""I² below which heterogeneity might not be important (Cochrane Handbook 10.10.2), percent."""


def share_of_overlaps(lower: np.ndarray, upper: np.ndarray) -> float:
    """Return the share of pairs of intervals that overlap, between 0 and 1; NaN below two.

    Parameters
    ----------
    lower, upper : ndarray, shape (k,)
        Limits.

    Examples
    --------
    >>> import numpy as np
    >>> share_of_overlaps(np.array([0.0, 1.0, 3.0]), np.array([2.0, 4.0, 5.0]))
    0.6666666666666666
    """
    k = len(lower)
    if k < 2:
        return float("nan")
    first, second = np.triu_indices(k, 1)
    overlap = (lower[first] <= upper[second]) & (lower[second] <= upper[first])
    return float(np.mean(overlap))


def inconsistency(case: Case) -> DomainEvidence:
    """Compute heterogeneity with limits, the prediction interval against the thresholds."""
    fit, ruler = case.fit, case.ruler
    if fit.k < 2:
        proposal = Proposal(0, "one study cannot be inconsistent with others")
        return DomainEvidence("inconsistency", (), proposal)
    level = format_level(fit.options.level)
    facts = []
    if math.isfinite(fit.i2):
        limits = ""
        if math.isfinite(fit.i2_lower):
            least, most = format_percent(fit.i2_lower), format_percent(fit.i2_upper)
            limits = f" ({level} CI {least} to {most})"
        facts.append(Fact("i2", fit.i2, f"I² {format_percent(fit.i2)}{limits}", I2_SOURCE))
    if math.isfinite(fit.tau2):
        limits = ""
        if math.isfinite(fit.tau2_lower):
            least, most = format_number(fit.tau2_lower), format_number(fit.tau2_upper)
            limits = f" ({level} CI {least} to {most})"
        facts.append(Fact("tau2", fit.tau2, f"tau² {format_number(fit.tau2)}{limits}", SOURCE))
    if math.isfinite(fit.q_p):
        words = f"test of heterogeneity: {format_p(fit.q_p, symbol=True)}"
        facts.append(Fact("heterogeneity_p", fit.q_p, words, I2_SOURCE))
    effects = fit.effects
    fine = effects.estimable
    half = 1.959963984540054 * effects.standard_errors[fine]
    share = share_of_overlaps(effects.estimates[fine] - half, effects.estimates[fine] + half)
    facts.append(
        Fact(
            "overlap",
            share,
            f"{format_percent(100 * share)} of the pairs of studies have overlapping 95% "
            "confidence intervals",
            SOURCE,
        )
    )
    predicted = math.isfinite(fit.prediction_lower) and math.isfinite(fit.prediction_upper)
    if predicted:
        low, high = fit.prediction_lower, fit.prediction_upper
        inside = ruler.crossed(low, high)
        holds = ruler.holds_null(low, high)
        parts = [f"prediction interval {ruler.interval(low, high)}"]
        parts.append("includes no effect" if holds else "excludes no effect")
        if inside:
            parts.append(f"crosses the thresholds {ruler.mark_words(inside)}")
        facts.append(Fact("prediction_interval", len(inside), ", ".join(parts), PREDICTION_SOURCE))
    return DomainEvidence("inconsistency", tuple(facts), _proposal(case, predicted))


def _proposal(case: Case, predicted: bool) -> Proposal:
    """Propose by what the prediction interval holds that the confidence interval does not."""
    fit, ruler = case.fit, case.ruler
    if math.isfinite(fit.i2) and fit.i2 < LITTLE:
        return Proposal(0, f"I² is {format_percent(fit.i2)}, which might not be important")
    if not predicted:
        return Proposal(
            None, "there is no prediction interval; how far the studies differ must be judged"
        )
    sides = {math.copysign(1, value) for _, value in ruler.crossed(*_prediction(case))}
    own = set(ruler.crossed(fit.ci_lower, fit.ci_upper))
    further = [mark for mark in ruler.crossed(*_prediction(case)) if mark not in own]
    null = ruler.holds_null(*_prediction(case)) and not ruler.holds_null(fit.ci_lower, fit.ci_upper)
    if len(sides) == 2 and further:
        return Proposal(
            -2,
            "a new study may find an important benefit or an important harm (prediction interval "
            f"{ruler.interval(*_prediction(case))}){ruler.caveat}",
        )
    if further or null:
        what = "no effect"
        if further:
            many = "thresholds" if len(further) > 1 else "threshold"
            what = f"the {many} {ruler.mark_words(tuple(further))}"
        return Proposal(
            -1,
            f"the prediction interval ({ruler.interval(*_prediction(case))}) holds {what}, the "
            f"confidence interval does not{ruler.caveat if further else ''}",
        )
    if fit.i2 >= 75:
        return Proposal(
            None,
            f"I² is {format_percent(fit.i2)}, but the confidence interval holds all that the "
            "prediction interval does",
        )
    return Proposal(0, "confidence and prediction interval lead to the same conclusion")


def _prediction(case: Case) -> tuple[float, float]:
    return case.fit.prediction_lower, case.fit.prediction_upper
