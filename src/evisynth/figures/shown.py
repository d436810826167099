"""Results in words, as every figure says them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from evisynth.display import decimals_for, format_ci, format_estimate, format_number
from evisynth.figures.fits import level_of

if TYPE_CHECKING:
    from evisynth.effects import EffectEstimates, Scale
    from evisynth.figures.fits import AnyFit

__all__ = [
    "digits_of",
    "estimate_text",
    "level_text",
    "limits_text",
    "lower_first",
    "measure",
    "pooled_text",
]


def lower_first(text: str) -> str:
    """Make the first letter small, as inside a sentence; abbreviations stay.

    Examples
    --------
    >>> lower_first("Odds ratio"), lower_first("HADS score")
    ('odds ratio', 'HADS score')
    """
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def level_text(level: float) -> str:
    """Return a confidence level in percent.

    Examples
    --------
    >>> level_text(0.95), level_text(0.999)
    ('95%', '99.9%')
    """
    return f"{100 * level:.4g}%"


def measure(fit: AnyFit) -> str:
    """Return the effect measure as it stands inside a sentence."""
    return lower_first(fit.effects.scale.label)


def digits_of(effects: EffectEstimates) -> int:
    """Return how many decimals the estimates need: two, but more or fewer where two say nothing.

    Ratios that compare groups always have two. Others have more where their standard errors on the
    shown scale (their median; half of it for single groups, whose values may be near 0) are below
    0.01, and fewer from 10 up.
    """
    good, scale = effects.estimable, effects.scale
    if (scale.is_ratio and scale.compares) or not good.any():
        return 2
    values, errors = effects.estimates[good], effects.standard_errors[good]
    if scale.is_transformed:
        widths = scale.shown_values(values + errors) - scale.shown_values(values - errors)
        errors = np.abs(widths) / 2
    typical = float(np.median(errors))
    return decimals_for(typical if scale.compares else typical / 2)


def estimate_text(scale: Scale, estimate: float, lower: float, upper: float, digits: int) -> str:
    """Return an estimate with its limits, given on the pooled scale and shown on the other."""
    return format_estimate(scale.shown(estimate), *scale.shown_limits(lower, upper), digits)


def limits_text(
    scale: Scale, lower: float, upper: float, digits: int, separator: str = " to "
) -> str:
    """Return two limits, given on the pooled scale and shown on the other."""
    return format_ci(*scale.shown_limits(lower, upper), digits, separator)


def pooled_text(fit: AnyFit, digits: int) -> str:
    """Return a pooled effect inside a sentence, ``−0.34 (95% CI −0.61 to −0.07)``."""
    if not math.isfinite(fit.estimate):
        return "not estimable"
    scale = fit.effects.scale
    limits = limits_text(scale, fit.ci_lower, fit.ci_upper, digits)
    estimate = format_number(scale.shown(fit.estimate), digits)
    return f"{estimate} ({level_text(level_of(fit))} CI {limits})"
