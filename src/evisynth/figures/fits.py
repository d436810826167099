"""What figures ask of a pooled effect, whichever model it comes from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

from evisynth.synthesis import CountFit, PooledFit

if TYPE_CHECKING:
    from evisynth.effects import EffectEstimates

__all__ = ["AnyFit", "good_rows", "is_random", "level_of", "prediction_of", "q_of"]

AnyFit: TypeAlias = PooledFit | CountFit
"""A pooled effect: by inverse variance, or from counts (Mantel-Haenszel, Peto, GLMM)."""


def level_of(fit: AnyFit) -> float:
    """Return the level of the confidence interval."""
    return fit.level if isinstance(fit, CountFit) else fit.options.level


def is_random(fit: AnyFit) -> bool:
    """Whether the model has random effects."""
    return (fit.model if isinstance(fit, CountFit) else fit.options.model) == "random"


def prediction_of(fit: AnyFit) -> tuple[float, float]:
    """Return the prediction interval, NaN where there is none."""
    if isinstance(fit, CountFit):
        return math.nan, math.nan
    return fit.prediction_lower, fit.prediction_upper


def q_of(fit: AnyFit) -> tuple[float, int, float]:
    """Return the test for heterogeneity: Chi², degrees of freedom, P; NaN where there is none."""
    if isinstance(fit, PooledFit):
        return fit.q, fit.q_df, fit.q_p
    found = [test for test in fit.tests if test.question == "heterogeneity"]
    if not found:
        return math.nan, 0, math.nan
    first = found[0]
    return first.statistic, first.df, first.p_value


def good_rows(effects: EffectEstimates) -> tuple[int, ...]:
    """Return the rows that have an estimate with a standard error."""
    return tuple(index for index, good in enumerate(effects.estimable) if good)
