"""The pooled effect: from effect estimates and options to a fit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from evisynth.display import format_count, plural
from evisynth.effects import EffectEstimates
from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import (
    REASONS,
    PooledBatch,
    check_flag,
    pool_batch,
    prediction_interval,
    weights_percent,
)
from evisynth.synthesis.further import (
    OwnWeights,
    known_tau2,
    needs_common_options,
    pool_further,
    prediction_limits,
    read_weights,
)
from evisynth.synthesis.inputs import as_effects, repeated_words
from evisynth.synthesis.options import (
    ALLOWED,
    FURTHER,
    FitOptions,
    FurtherOptions,
    fit_options,
)
from evisynth.synthesis.pooled import PooledFit

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["GivenTau2", "fit_effects", "pool"]

EXTREME_RATIO = 1e7
"""Ratio of variances beyond which a fit is hardly one of several studies; metafor warns there."""

ONE_STUDY = "the between-study variance cannot be estimated from one study"
NO_PREDICTION_DF = "this definition of the prediction interval leaves no degrees of freedom"
FEWER_THAN_THREE = "a prediction interval needs at least three studies"


def pool(
    effects: EffectEstimates | pd.DataFrame,
    *,
    model: str = "random",
    tau2: str | float = "REML",
    ci: str = "HKSJ",
    safeguard: str = "wider",
    prediction: str = "t k-1",
    level: float = 0.95,
    tau2_ci: str | None = None,
    weights: ArrayLike | str | None = None,
    weighted: bool = True,
    tau2_weights: ArrayLike | str | None = None,
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
        Estimator of the between-study variance: REML, DL, PM, ML, EB, HS, HE or SJ; HSk, PMM,
        SJIT, DLIT, DL2 or CA2 (variants of these); GENQ or GENQM with ``tau2_weights``; or a
        number, which is then taken as known.
    ci
        ``"HKSJ"`` (Hartung-Knapp; also ``"knha"``), ``"t"`` or ``"z"`` (Wald), ``"KR"``
        (Kenward-Roger, with REML). In the equal-effects model Hartung-Knapp does not apply and the
        Wald interval is taken.
    safeguard
        For Hartung-Knapp: ``"wider"`` takes the Wald interval and its z test where that is
        wider, ``"truncate"`` keeps the factor at 1 or above, ``"none"`` is the plain method.
    prediction
        ``"t k-1"``, ``"t k-2"``, ``"normal"`` or ``"none"``: the distribution whose quantile
        multiplies the square root of tau² + SE², with the SE of the confidence interval. Or a
        definition that names its own standard error or distribution: ``"V"``, ``"HTS"``, ``"HK"``,
        ``"HK-PR"``, ``"KR"``, ``"KR-PR"``, ``"NNF"``, ``"S"``, ``"WL"`` (see
        `evisynth.synthesis.prediction_intervals`).
    level
        Level of all intervals.
    tau2_ci
        Interval of tau²: ``"QP"`` (Q-profile, the default but for GENQ and GENQM), ``"PL"``,
        ``"J"``, ``"BJ"``, ``"BT"``, ``"GENQ"``, ``"Wald"``, ``"SJ"``, ``"bootstrap"`` ... (see
        `evisynth.synthesis.heterogeneity`).
    weights
        Weights of one's own for the pooled effect: numbers, one a row, the name of a column, or
        ``"1/v"``, ``"1/se"``, ``"equal"``. tau² is estimated as ever; with GENQ and GENQM they
        serve for it too, unless ``tau2_weights`` is given.
    weighted
        False gives every study the same weight.
    tau2_weights
        Weights of the generalized Q statistic (GENQ, GENQM, and the interval GENQ).
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
    weighted = check_flag("weighted", weighted)
    if (
        isinstance(tau2, str)
        and tau2_ci in (None, "QP")
        and weighted
        and weights is None
        and tau2_weights is None
    ):
        options = fit_options(
            model=model, tau2=tau2, ci=ci, safeguard=safeguard, prediction=prediction, level=level
        )
        made = as_effects(effects, estimate=estimate, variance=variance, se=se, label=label)
        return fit_effects(made, options)
    known = None if isinstance(tau2, str) else known_tau2(tau2)
    if not weighted:
        if weights is not None:
            raise OptionError(
                "weighted", weighted, [True], hint="Weights are given; leave one of both out."
            )
        weights = "equal"
    options = fit_options(
        model=model,
        tau2=tau2 if isinstance(tau2, str) else "given",
        ci=ci,
        safeguard=safeguard,
        prediction=prediction,
        level=level,
        tau2_ci="QP" if tau2_ci is None else tau2_ci,
        weighting="inverse variance" if weights is None else "given" if weighted else "equal",
    )
    if tau2_ci is None and isinstance(options, FurtherOptions):
        options = replace(options, tau2_ci="GENQ" if options.tau2 in ("GENQ", "GENQM") else "QP")
    made = as_effects(effects, estimate=estimate, variance=variance, se=se, label=label)
    own = read_weights(weights, made, "weights")
    for_tau2 = read_weights(tau2_weights, made, "tau2_weights")
    return fit_effects(
        made, options, own=OwnWeights(own, own if for_tau2 is None else for_tau2, known)
    )


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
    effects: EffectEstimates,
    options: FitOptions,
    given: GivenTau2 | None = None,
    own: OwnWeights | None = None,
) -> PooledFit:
    """Pool with checked options, or with a given tau² or weights of one's own (see `pool`)."""
    here = effects.estimable
    k = int(here.sum())
    if k == 0:
        raise NotEstimableError(_nothing_to_pool(effects))
    y, v = effects.estimates, effects.variances
    if k < len(y):
        y, v = y[here], v[here]
    if isinstance(options, FurtherOptions):
        return _fit_further(effects, options, given, own or OwnWeights(), y, v)
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
    limits = _tau2_limits(one, k, given)
    return _made(effects, options, one, limits, _prediction(one, options, k), given, v, None)


def _fit_further(
    effects: EffectEstimates,
    options: FurtherOptions,
    given: GivenTau2 | None,
    own: OwnWeights,
    y: NDArray[np.float64],
    v: NDArray[np.float64],
) -> PooledFit:
    """Pool with options that only a single fit can use."""
    if given is not None:  # a tau² common to several fits: the others must be common too
        needs_common_options(options, "common tau²")
        options = replace(options, tau2="given", tau2_ci="QP")
        own = OwnWeights(value=given.value)
    one, reason = pool_further(y, v, options, own, effects.scale.null)
    k = len(y)
    limits = _tau2_limits(one, k, given)
    if given is None and k > 1:
        limits = (limits[0], limits[1], reason)
    prediction = _prediction(one, options, k)
    if options.prediction in FURTHER["prediction"] and options.model == "random" and k >= 3:
        low, high = prediction_limits(
            options.prediction,
            y,
            v,
            estimate=float(one.estimate[0]),
            wald_se=float(one.wald_se[0]),
            tau2=float(one.tau2[0]),
            level=options.level,
        )
        prediction = (low, high, NO_PREDICTION_DF if np.isnan(low) else "")
    return _made(effects, options, one, limits, prediction, given, v, own.pooled)


def _made(
    effects: EffectEstimates,
    options: FitOptions,
    one: PooledBatch,
    limits: tuple[float, float, str],
    prediction: tuple[float, float, str],
    given: GivenTau2 | None,
    v: NDArray[np.float64],
    own: NDArray[np.float64] | None,
) -> PooledFit:
    """Make the fit of a batch of one."""
    k = len(v)
    here = effects.estimable
    lower, upper, reason = limits
    equal = options.model == "equal"
    tau2 = float(one.tau2[0])
    typical = float(one.typical_variance[0])
    low, high, no_prediction = prediction
    weights = np.zeros(len(effects))
    if own is None:
        weights[here] = weights_percent(v, 0.0 if np.isnan(tau2) else tau2)[0]
    else:
        weights[here] = 100 * own / own.sum()
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
        i2_lower=100 * lower / (typical + lower),
        i2_upper=100 * upper / (typical + upper),
        h2=float(one.h2[0]),
        prediction_lower=low,
        prediction_upper=high,
        prediction_reason=no_prediction,
        weights=weights,
        safeguard_applied=bool(one.safeguard_applied[0]),
        notes=_notes(effects, options, one, v, reason, given),
        wald_se=float(one.wald_se[0]),
        typical_variance=typical,
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
    if options.prediction not in ALLOWED["prediction"]:
        return nan, nan, FEWER_THAN_THREE
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
    if effects.repeated:
        notes.append(repeated_words(effects))
    if k < len(effects):
        out = np.flatnonzero(~effects.estimable)
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
