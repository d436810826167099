"""The pooled effect: from effect estimates and options to a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from evisynth.display import format_count, plural
from evisynth.effects import EffectEstimates
from evisynth.errors import NotEstimableError
from evisynth.stats import (
    REASONS,
    PooledBatch,
    inconsistency,
    pool_batch,
    prediction_interval,
    weights_percent,
)
from evisynth.synthesis.inputs import as_effects
from evisynth.synthesis.options import FitOptions, fit_options
from evisynth.synthesis.pooled import PooledFit

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["GivenTau2", "fit_effects", "pool"]

EXTREME_RATIO = 1e7
"""Ratio of variances beyond which a fit is hardly one of several studies; metafor warns there."""

ONE_STUDY = "the between-study variance cannot be estimated from one study"
FEWER_THAN_THREE = "a prediction interval needs at least three studies"


def pool(
    effects: EffectEstimates | pd.DataFrame,
    *,
    model: str = "random",
    tau2: str = "REML",
    ci: str = "HKSJ",
    safeguard: str = "wider",
    prediction: str = "t k-1",
    level: float = 0.95,
    estimate: str | None = None,
    variance: str | None = None,
    se: str | None = None,
    label: str | None = None,
) -> PooledFit:
    """Pool effect estimates across studies.

    Parameters
    ----------
    effects
        Effect estimates (see `evisynth.effects`), or a table with a row a study.
    model
        ``"random"`` or ``"equal"`` (also ``"fixed"``, ``"common"``).
    tau2
        Estimator of the between-study variance: REML, DL, PM, ML, EB, HS, HE or SJ.
    ci
        ``"HKSJ"`` (Hartung-Knapp; also ``"knha"``), ``"t"`` or ``"z"`` (Wald). In the equal-effects
        model Hartung-Knapp does not apply and the Wald interval is taken.
    safeguard
        For Hartung-Knapp: ``"wider"`` takes the Wald interval and its z test where that is
        wider, ``"truncate"`` keeps the factor at 1 or above, ``"none"`` is the plain method.
    prediction
        ``"t k-1"``, ``"t k-2"``, ``"normal"`` or ``"none"``: the distribution whose quantile
        multiplies the square root of tau² + SE², with the SE of the confidence interval.
    level
        Level of all intervals.
    estimate, variance, se, label
        Columns, when a table is given and the columns are not recognized by their names.

    Returns
    -------
    PooledFit
        Prints as a summary; numbers are on the pooled scale (log for ratios).

    Raises
    ------
    OptionError
        If an option's word is not known.
    NotEstimableError
        If no row has an estimate.
    DataError
        If a variance is not above 0.

    Notes
    -----
    I² and H² come from tau² and the typical sampling variance in random-effects models and from
    Q in the equal-effects model, as in metafor; their limits are those of the Q-profile interval.

    References
    ----------
    Cochrane Handbook 6.5, chapter 10; see `PooledFit.method_sentence` for those of the
    methods chosen.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {"study": list("ABCD"), "yi": [0.1, 0.3, 0.8, 0.5], "vi": [0.02, 0.03, 0.05, 0.01]}
    ... )
    >>> fit = pool(table)
    >>> fit.k, round(fit.estimate, 4), round(fit.tau2, 4)
    (4, 0.4021, 0.0481)
    """
    options = fit_options(
        model=model, tau2=tau2, ci=ci, safeguard=safeguard, prediction=prediction, level=level
    )
    made = as_effects(effects, estimate=estimate, variance=variance, se=se, label=label)
    return fit_effects(made, options)


class GivenTau2:
    """A tau² that was estimated elsewhere, with its limits (a common one of subgroups)."""

    __slots__ = ("lower", "reason", "upper", "value", "words")

    def __init__(self, value: float, lower: float, upper: float, reason: str, words: str) -> None:
        self.value = value
        self.lower = lower
        self.upper = upper
        self.reason = reason
        self.words = words


def fit_effects(
    effects: EffectEstimates, options: FitOptions, given: GivenTau2 | None = None
) -> PooledFit:
    """Pool with checked options, or with a given tau² (see `pool`)."""
    here = effects.estimable
    k = int(here.sum())
    if k == 0:
        raise NotEstimableError(_nothing_to_pool(effects))
    y, v = effects.estimates, effects.variances
    if k < len(y):
        y, v = y[here], v[here]
    one = pool_batch(
        y,
        v,
        model=options.model,
        tau2=options.tau2 if given is None else np.array([given.value]),
        ci=options.ci,
        safeguard=options.safeguard,
        level=options.level,
        null=effects.scale.null,
        tau2_details=True,
    )
    lower, upper, reason = _tau2_limits(one, k, given)
    equal = options.model == "equal"
    tau2 = float(one.tau2[0])
    spread, _ = inconsistency(
        one.q, one.q_df, np.array([lower, upper]), one.typical_variance, equal=False
    )
    low, high, no_prediction = _prediction(one, options, k)
    weights = np.zeros(len(effects))
    weights[here] = weights_percent(v, 0.0 if np.isnan(tau2) else tau2)[0]
    infinite = bool(np.isinf(one.df[0]))
    return PooledFit(
        effects=effects,
        options=options,
        k=k,
        estimate=float(one.estimate[0]),
        se=float(one.se[0]),
        ci_lower=float(one.ci_lower[0]),
        ci_upper=float(one.ci_upper[0]),
        statistic=float(one.statistic[0]),
        df=float(one.df[0]),
        p_value=float(one.p_value[0]),
        test="z" if infinite else "t",
        tau2=tau2,
        tau2_lower=float("nan") if equal else lower,
        tau2_upper=float("nan") if equal else upper,
        tau2_se=float(one.tau2_se[0]),
        q=float(one.q[0]),
        q_df=int(one.q_df[0]),
        q_p=float(one.q_p[0]),
        i2=float(one.i2[0]),
        i2_lower=float(spread[0]),
        i2_upper=float(spread[1]),
        h2=float(one.h2[0]),
        prediction_lower=low,
        prediction_upper=high,
        prediction_reason=no_prediction,
        weights=weights,
        safeguard_applied=bool(one.safeguard_applied[0]),
        notes=_notes(effects, options, one, v, reason, given),
        wald_se=float(one.wald_se[0]),
        typical_variance=float(one.typical_variance[0]),
        tau2_reason="the equal-effects model has no between-study variance" if equal else reason,
        converged=bool(one.converged[0]),
    )


def _nothing_to_pool(effects: EffectEstimates) -> str:
    if len(effects) == 0:
        return "there is no study to pool: the table has no rows, or the selection kept none"
    reasons = "; ".join(
        f"{label}: {reason or 'no estimate'}"
        for label, reason in zip(effects.labels[:5], effects.reasons[:5], strict=True)
    )
    more = "" if len(effects) <= 5 else f"; and {len(effects) - 5} more"
    return f"none of {plural(len(effects), 'study', 'studies')} has an estimate ({reasons}{more})"


def _tau2_limits(one: PooledBatch, k: int, given: GivenTau2 | None) -> tuple[float, float, str]:
    """Return the limits of tau² and why they are missing."""
    if given is not None:
        return given.lower, given.upper, given.reason
    reason = ONE_STUDY if k < 2 else REASONS[one.limits_status[0]]
    return float(one.tau2_lower[0]), float(one.tau2_upper[0]), reason


def _prediction(one: PooledBatch, options: FitOptions, k: int) -> tuple[float, float, str]:
    """Return the prediction interval and why there is none."""
    nan = float("nan")
    if options.model == "equal":
        return nan, nan, "the equal-effects model assumes one effect for all studies"
    if options.prediction == "none":
        return nan, nan, "not asked for"
    if k < 3:
        return nan, nan, FEWER_THAN_THREE
    low, high = prediction_interval(
        one.estimate, one.se, one.tau2, k, method=options.prediction, level=options.level
    )
    return float(low[0]), float(high[0]), ""


def _notes(
    effects: EffectEstimates,
    options: FitOptions,
    one: PooledBatch,
    v: NDArray[np.float64],
    reason: str,
    given: GivenTau2 | None,
) -> tuple[str, ...]:
    """Return what a reader of the fit must know."""
    notes = []
    k = int(one.k[0])
    out = np.flatnonzero(~effects.estimable)
    if out.size:
        which = "; ".join(
            f"{effects.labels[row]} ({effects.reasons[row] or 'no estimate'})" for row in out
        )
        notes.append(
            f"{format_count(out.size)} of {plural(len(effects), 'study', 'studies')} could not be "
            f"pooled: {which}."
        )
    if k == 1:
        notes.append(
            "One study: its own estimate with normal limits; nothing was pooled and "
            "heterogeneity cannot be estimated."
        )
    if k == 2 and not np.isinf(one.df[0]):
        notes.append(
            "Two studies: the limits rest on t with one degree of freedom and are very wide."
        )
    if given is not None:
        notes.append(given.words)
    elif reason and k > 1:
        notes.append(f"No interval of tau²: {reason}.")
    if not one.converged[0]:
        notes.append(
            f"The search for tau² ({options.tau2}) did not converge; do not use this fit, choose "
            "another estimator."
        )
    if one.safeguard_applied[0]:
        notes.append(_safeguard_note(options.safeguard))
    if v.max() / v.min() > EXTREME_RATIO:
        notes.append(
            "The largest sampling variance is more than 10 million times the smallest: check the "
            "standard errors."
        )
    return tuple(notes)


def _safeguard_note(safeguard: Literal["wider", "truncate", "none"]) -> str:
    if safeguard == "wider":
        return (
            "The Hartung-Knapp interval would have been narrower than the Wald interval; the "
            "Wald interval and its z test are given."
        )
    return "The Hartung-Knapp factor was below 1 and was set to 1."
