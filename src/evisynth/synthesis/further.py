"""What a single fit can be asked for beyond the options that every analysis shares.

Weights of one's own, estimators of tau² with weights, a given tau², Kenward and Roger's interval,
and intervals of tau² and predictions by name. `evisynth.synthesis.fitting` comes here only when one
of them is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from evisynth.errors import DataError, OptionError
from evisynth.stats import (
    REASONS,
    PooledBatch,
    check_number,
    estimate_tau2_weighted,
    fit_weighted,
    inconsistency,
    kenward_roger,
    nagashima_distribution,
    pool_batch,
    shrunken_quantiles,
    t_quantile,
    tau2_interval,
    two_sided_p,
)
from evisynth.synthesis.options import FitOptions, FurtherOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evisynth.effects import EffectEstimates

    Floats = NDArray[np.float64]

__all__ = [
    "GENQ_NEEDS_WEIGHTS",
    "WEIGHT_WORDS",
    "OwnWeights",
    "known_tau2",
    "needs_common_options",
    "needs_inverse_variance",
    "pool_further",
    "prediction_basis",
    "prediction_limits",
    "read_weights",
]

WEIGHT_WORDS = ("1/v", "1/se", "equal")
GENQ_NEEDS_WEIGHTS = "The estimator {} needs weights; Jackson (2013) takes '1/se'."


@dataclass(frozen=True, slots=True)
class OwnWeights:
    """Weights of one's own and a given tau², over the estimable rows; None where not given."""

    pooled: Floats | None = None
    tau2: Floats | None = None
    value: float | None = None


def read_weights(weights: object, effects: EffectEstimates, option: str) -> Floats | None:
    """Return weights for every row: numbers, a column's name, or a word for a formula.

    Raises
    ------
    OptionError
        If the word is neither a column nor a formula.
    DataError
        If their number is not that of the rows, or one that counts is not above 0.
    """
    if weights is None:
        return None
    if isinstance(weights, str):
        values = _by_name(weights, effects, option)
    else:
        values = np.asarray(cast(Any, weights), dtype=np.float64)
    if values.shape != (len(effects),):
        raise DataError(
            f"{option}: shape {values.shape}; one weight for each of {len(effects)} rows is needed"
        )
    here = effects.estimable
    bad = here & ~(np.isfinite(values) & (values > 0))
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"{option}: {effects.labels[row]} has {values[row]}; weights must be finite and above 0"
        )
    return values[here]


def _by_name(word: str, effects: EffectEstimates, option: str) -> Floats:
    """Return the weights that a formula or a column gives."""
    if word == "equal":
        return np.ones(len(effects))
    if word in ("1/v", "1/se"):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(effects.variances ** (-1.0 if word == "1/v" else -0.5))
    if word in effects.data.columns:
        return effects.data[word].to_numpy(dtype=np.float64)
    columns = [str(name) for name in effects.data.columns]
    raise OptionError(option, word, [*WEIGHT_WORDS, *columns], hint="Or give numbers, one a row.")


def known_tau2(tau2: object) -> float:
    """Return a given tau², refusing what it cannot be.

    Raises
    ------
    OptionError
        If it is not a number of at least 0.
    """
    words = ["the name of an estimator", "a number of at least 0"]
    return check_number("tau2", tau2, least=0, words=words)


def needs_common_options(options: FitOptions, analysis: str) -> None:
    """Refuse options that do not carry over to fits with other studies.

    Raises
    ------
    OptionError
        Naming the option; fit again with common ones.
    """
    if not isinstance(options, FurtherOptions) or options.carries_over:
        return
    hint = (
        f"The {analysis} fits other models too, to which weights of one's own, a given tau² and "
        "Kenward and Roger's interval do not carry over; pool again without them."
    )
    if options.weighting != "inverse variance":
        raise OptionError("weights", options.weighting, ["inverse variance"], hint=hint)
    if options.ci == "KR":
        raise OptionError("ci", options.ci, ["HKSJ", "t", "z"], hint=hint)
    raise OptionError("tau2", options.tau2, ["REML", "DL", "PM", "..."], hint=hint)


def needs_inverse_variance(options: FitOptions, analysis: str) -> None:
    """Refuse weights of one's own.

    Raises
    ------
    OptionError
        If the fit has them.
    """
    if isinstance(options, FurtherOptions) and options.weighting != "inverse variance":
        raise OptionError(
            "weights",
            options.weighting,
            ["inverse variance"],
            hint=f"The {analysis} is for inverse-variance weights; pool again without others.",
        )


def pool_further(
    y: Floats, v: Floats, options: FurtherOptions, own: OwnWeights, null: float
) -> tuple[PooledBatch, str]:
    """Pool one meta-analysis; return a batch of one, and why tau² has no limits (or "")."""
    k = len(y)
    equal = options.model == "equal"
    tau2: Any = options.tau2
    tau2_se = float("nan")
    if options.tau2 == "given":
        tau2 = np.array([own.value])
    elif options.tau2 in ("GENQ", "GENQM") and not equal:
        if own.tau2 is None:
            raise OptionError(
                "tau2_weights",
                None,
                [*WEIGHT_WORDS, "a column's name", "numbers"],
                hint=GENQ_NEEDS_WEIGHTS.format(options.tau2),
            )
        method: Any = options.tau2
        found = estimate_tau2_weighted(y, v, own.tau2, method=method)
        tau2, tau2_se = found.tau2, float(found.se[0])
    by_word = isinstance(tau2, str)
    one = pool_batch(
        y,
        v,
        model=options.model,
        tau2="REML" if equal else tau2,
        ci="z" if options.ci == "KR" else cast(Any, options.ci),
        safeguard=options.safeguard,
        level=options.level,
        null=null,
        tau2_details=by_word,
    )
    if not by_word and not equal:
        one = replace(one, tau2_se=np.array([tau2_se]))
    if own.pooled is not None:
        one = _with_weights(one, y, v, own.pooled, options, null)
    if options.ci == "KR" and not equal and k > 1:
        adjusted = kenward_roger(v, float(one.tau2[0]))
        one = _with_interval(one, float(one.estimate[0]), adjusted.se, adjusted.df, options, null)
    return _with_limits(one, y, v, options, own)


def _with_weights(
    one: PooledBatch,
    y: Floats,
    v: Floats,
    weights: Floats,
    options: FurtherOptions,
    null: float,
) -> PooledBatch:
    """Replace the pooled effect by that with weights of one's own."""
    if options.ci == "KR":
        raise OptionError(
            "ci", "KR", ["HKSJ", "t", "z"], hint="Kenward-Roger is for inverse-variance weights."
        )
    tau2 = float(one.tau2[0])
    fit = fit_weighted(
        y,
        v,
        weights,
        0.0 if np.isnan(tau2) else tau2,
        ci=cast(Any, options.ci),
        safeguard=options.safeguard,
        level=options.level,
    )
    se, wald = float(np.sqrt(fit.covariance[0, 0])), float(np.sqrt(fit.wald_covariance[0, 0]))
    changed = _with_interval(one, float(fit.coefficients[0]), se, fit.df, options, null)
    q = one.q
    if options.model == "equal":  # Cochran's Q keeps the inverse-variance weights
        q = pool_batch(y, v, model="equal", ci="z").q
    i2, h2 = (one.i2, one.h2)
    if options.model == "equal":
        i2, h2 = inconsistency(q, one.q_df, one.tau2, one.typical_variance, equal=True)
    return replace(
        changed,
        wald_se=np.array([wald]),
        safeguard_applied=np.array([fit.safeguard_applied]),
        q=q,
        i2=i2,
        h2=h2,
    )


def _with_interval(
    one: PooledBatch, estimate: float, se: float, df: float, options: FitOptions, null: float
) -> PooledBatch:
    """Replace estimate, standard error, test and limits."""
    half = float(t_quantile(df, options.level)) * se
    statistic = (estimate - null) / se
    return replace(
        one,
        estimate=np.array([estimate]),
        se=np.array([se]),
        ci_lower=np.array([estimate - half]),
        ci_upper=np.array([estimate + half]),
        statistic=np.array([statistic]),
        df=np.array([df]),
        p_value=np.atleast_1d(two_sided_p(statistic, df)),
    )


def _with_limits(
    one: PooledBatch, y: Floats, v: Floats, options: FurtherOptions, own: OwnWeights
) -> tuple[PooledBatch, str]:
    """Give tau² the limits that were asked for."""
    if options.model == "equal" or len(y) < 2:
        return one, ""
    if options.tau2 == "given":
        return one, "tau² was given, not estimated"
    if options.tau2_ci == "QP" and not np.isnan(one.tau2_upper[0]):
        return one, ""
    if options.tau2_ci == "QP" and one.limits_status[0]:
        return one, REASONS[one.limits_status[0]]
    limits = tau2_interval(
        y,
        v,
        options.tau2_ci,
        level=options.level,
        method=options.tau2,
        weights=own.tau2,
    )
    changed = replace(
        one,
        tau2_lower=np.array([limits.lower]),
        tau2_upper=np.array([limits.upper]),
        limits_status=np.zeros(1, dtype=np.int8),
    )
    return changed, limits.reason


def prediction_limits(
    method: str,
    y: Floats,
    v: Floats,
    *,
    estimate: float,
    wald_se: float,
    tau2: float,
    level: float,
) -> tuple[float, float]:
    """Return the limits of a prediction interval by one of the further definitions; k of 3 or more.

    Parameters
    ----------
    method
        One of the further words for ``prediction``.
    y, v
        Estimates and variances, shape (K,).
    estimate, wald_se, tau2, level
        Of the fit.
    """
    tails = [0.5 - level / 2, 0.5 + level / 2]
    if method == "NNF":
        distribution = nagashima_distribution(y, v)
        low, high = (distribution.quantile(tail) for tail in tails)
        return low, high
    if method == "WL":
        low, high = shrunken_quantiles(y, v, estimate, tau2, tails)
        return float(low), float(high)
    se, df = prediction_basis(method, y, v, wald_se=wald_se, tau2=tau2)
    if df <= 0:
        return float("nan"), float("nan")
    half = float(t_quantile(df, level)) * float(np.sqrt(tau2 + se * se))
    return estimate - half, estimate + half


def prediction_basis(
    method: str, y: Floats, v: Floats, *, wald_se: float, tau2: float
) -> tuple[float, float]:
    """Return the standard error and the degrees of freedom of a definition that uses t."""
    k = len(y)
    if method in ("KR", "KR-PR"):
        adjusted = kenward_roger(v, tau2)
        return adjusted.se, adjusted.df - (1 if method == "KR-PR" else 0)
    if method in ("HK", "HK-PR"):
        w = 1 / (v + tau2)
        mean = (w * y).sum() / w.sum()
        factor = float(np.sqrt((w * (y - mean) ** 2).sum() / (k - 1)))
        return wald_se * factor, k - (1.0 if method == "HK" else 2.0)
    df = {"V": k - 1.0, "HTS": k - 2.0, "S": np.inf}[method]
    return wald_se, df
